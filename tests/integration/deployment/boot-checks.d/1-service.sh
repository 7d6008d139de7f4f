# The installed service as its unit says: READY, sandbox, trade, picture, backup, timer, SIGKILL, stop.
cd /srv/checkout
told deployment/install.sh install --offline
[ "$code" = 0 ] || fail 'install.sh install'
printf 'DEMO_HOUR_SECONDS=0.5\n' >> "$HOME_DIR/.env"

start 'the bot has said READY=1'
expect 'state' active "$(property ActiveState)"
expect 'user' guardian-bot "$(ps -o user= -p "$(property MainPID)" | tr -d ' ')"
expect 'system call filter in force (2 = filter)' 2 "$(status_of Seccomp)"
expect 'no new privileges' 1 "$(status_of NoNewPrivs)"
expect 'effective capabilities' 0000000000000000 "$(status_of CapEff)"

eventually 'it trades: a round trip is closed' 90 has_traded 1
page -H 'content-type: application/json' --data '{"text":"/pnl"}' "$PAGE/api/chat/send" >/dev/null || fail 'the chat takes /pnl'
eventually 'it draws: /pnl comes with its picture' 30 messages_have '"photo"'
expect 'health' 200 "$(curl --silent --output /dev/null --write-out '%{http_code}' "$PAGE/healthz")"
told systemctl start "$BACKUP"
[ "$code" = 0 ] || fail 'the backup service'
ok "a backup under its own sandbox: $(ls "$HOME_DIR/data/backups" | head -n 1)"
expect 'the service starts with the host' enabled "$(systemctl is-enabled "$UNIT")"
expect 'the timer of the backup, too' enabled "$(systemctl is-enabled "$TIMER")"
systemctl start "$TIMER" || fail 'the timer'
next="$(property NextElapseUSecRealtime "$TIMER")"
expect 'it elapses within a day and its random delay' yes "$([ -n "$next" ] && [ $(($(date -d "$next" +%s) - $(date +%s))) -le 86700 ] && [ "$(date -d "$next" +%s)" -ge "$(date +%s)" ] && echo yes)"
systemctl --no-pager --full list-timers | grep "$TIMER .*$BACKUP" >/dev/null && ok "it is listed: $next" || fail 'the timer is not listed'

# The same sandbox around commands that try what the bot has no business with.
sed -e 's/^Type=notify/Type=oneshot/' -e 's#^ExecStart=.*#ExecStart=/bin/sh /srv/probe.sh#' -e '/^Restart=/d; /^WatchdogSec/d; /^\[Install\]/,$d' /etc/systemd/system/guardian-bot.service > /etc/systemd/system/probe.service
cat > /srv/probe.sh <<'PROBE'
try() { "$@" >/dev/null 2>&1 && echo "possible: $*"; }
try unshare --user true
try mount -t tmpfs tmpfs /mnt
for place in /etc /usr/local/bin /opt/guardian-bot/current/src /srv /var/log; do try touch "$place/x"; done
try chmod u+s /var/lib/guardian-bot/.env
try renice -n -5 $$
try chrt --fifo 1 true
try cat /etc/shadow
exit 0
PROBE
systemctl daemon-reload
systemctl start probe.service || fail 'the probe'
expect 'what the sandbox lets through of it' '' "$(journalctl --no-pager --output=cat --unit probe.service | grep '^possible' || true)"

before="$(recoveries)"
kill -KILL "$(property MainPID)"
eventually 'killed, it is started again' 60 started_again 1
eventually 'and says that the last run did not end in good order' 30 recovered_since "$before"

began_stop="$(date +%s%N)"
systemctl stop "$UNIT"
took=$((($(date +%s%N) - began_stop) / 1000000))
[ "$took" -lt 10000 ] && ok "systemctl stop: $took ms, below 10 s" || fail "systemctl stop took $took ms"
expect 'result of the stop' success "$(property Result)"
log_has 'protective stops' && ok 'it names the protective stops that stay' || ok 'no position was open at the stop'
