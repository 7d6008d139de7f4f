#!/usr/bin/env bash
# Run by a real systemd as a unit of its container: installs the service, starts it, and looks at it from outside.
# A line for each check; the first that fails ends it.
set -euo pipefail
export SYSTEMD_COLORS=0 LC_ALL=C.UTF-8
readonly UNIT=guardian-bot.service
readonly HOME_DIR=/var/lib/guardian-bot
readonly PAGE=http://127.0.0.1:8787

ok() { printf 'ok: %s\n' "$1"; }
fail() {
  printf 'FAILED: %s\n' "$1"
  systemctl --no-pager --lines=0 status "$UNIT" || true
  journalctl --no-pager --unit "$UNIT" | tail -n 15
  exit 1
}
property() { systemctl show "$UNIT" --property "$1" --value; }
# expect WHAT WANTED FOUND
expect() { [ "$2" = "$3" ] && ok "$1: $3" || fail "$1: $3, expected $2"; }
# eventually WHAT SECONDS COMMAND...: until the command succeeds
eventually() {
  local what="$1" left="$2"
  shift 2
  until "$@" >/dev/null 2>&1; do
    left=$((left - 1))
    [ "$left" -gt 0 ] || fail "$what"
    sleep 1
  done
  ok "$what"
}
status_of() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$(property MainPID)/status" | cut -f1; }
# Reads to the end: a grep that stops at the first hit would break the pipe.
log_has() { journalctl --no-pager --unit "$UNIT" | grep -- "$1" >/dev/null; }
chat() { curl --silent --fail --max-time 10 -H "origin: $PAGE" -H 'content-type: application/json' "$@"; }

cd /srv/checkout
deployment/install.sh install --offline >/dev/null 2>&1 || fail 'install.sh'
printf 'DEMO_HOUR_SECONDS=0.5\n' >> "$HOME_DIR/.env"

# A start whose READY=1 is lost would never come back.
timeout 60 systemctl start "$UNIT" || fail 'systemctl start'
ok 'systemctl start came back: the bot has said READY=1'
expect 'state' active "$(property ActiveState)"
expect 'user' guardian-bot "$(ps -o user= -p "$(property MainPID)" | tr -d ' ')"
expect 'system call filter in force (2 = filter)' 2 "$(status_of Seccomp)"
expect 'no new privileges' 1 "$(status_of NoNewPrivs)"
expect 'effective capabilities' 0000000000000000 "$(status_of CapEff)"

eventually 'it trades: a round trip is closed' 90 sh -c "guardian ctl trades | grep -q '^Trades 1'"
chat --data '{"text":"/pnl"}' "$PAGE/api/chat/send" >/dev/null || fail 'the chat takes /pnl'
eventually 'it draws: /pnl comes with its picture' 30 sh -c "curl --silent --fail -H 'origin: $PAGE' $PAGE/api/chat/messages | grep -q '\"photo\"'"
expect 'health' 200 "$(curl --silent --output /dev/null --write-out '%{http_code}' "$PAGE/healthz")"
systemctl start guardian-bot-backup.service || fail 'the backup service'
ok "a backup under its own sandbox: $(ls "$HOME_DIR"/data/backups | head -n 1)"

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

kill -KILL "$(property MainPID)"
eventually 'killed, it is started again' 40 sh -c "[ \"\$(systemctl show $UNIT --property NRestarts --value)\" = 1 ] && [ \"\$(systemctl show $UNIT --property SubState --value)\" = running ]"
eventually 'and says that the last run did not end in good order' 20 sh -c "curl --silent --fail -H 'origin: $PAGE' $PAGE/api/chat/messages | grep -q 'recovered after a crash'"

began="$(date +%s%N)"
systemctl stop "$UNIT"
took=$((($(date +%s%N) - began) / 1000000))
[ "$took" -lt 10000 ] && ok "systemctl stop: $took ms, below 10 s" || fail "systemctl stop took $took ms"
expect 'result of the stop' success "$(property Result)"
log_has 'protective stops' && ok 'it names the protective stops that stay' || ok 'no position was open at the stop'

printf 'MAX_DAILY_DRAWDOWN=0.05\n' >> "$HOME_DIR/.env"
systemctl start "$UNIT" && fail 'a limit beyond its ceiling was taken' || true
expect 'a wrong configuration ends with' 2 "$(property ExecMainStatus)"
sleep 12
expect 'and waits for a person' failed "$(property ActiveState)"
log_has 'MAX_DAILY_DRAWDOWN' || fail 'the journal does not name the key'
ok 'the journal names the key'
