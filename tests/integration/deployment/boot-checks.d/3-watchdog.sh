# A bot that hangs: systemd kills it when the watchdog is not fed.
while [ $((SECONDS - started)) -le $((WATCHDOG + 1)) ]; do sleep 1; done
expect "after $((SECONDS - started)) s with a watchdog of $WATCHDOG s: restarts, state" '0 active' "$(property NRestarts) $(property ActiveState)"
before="$(recoveries)"
hung="$(property MainPID)"
kill -STOP "$hung"
eventually 'stopped by a signal, it is started again' 90 started_again 1
log_has 'Watchdog timeout' && ok 'the watchdog did it' || fail 'it was not the watchdog'
[ ! -e "/proc/$hung" ] && ok 'nothing is left of the process that hung' || fail "process $hung is still there"
eventually 'and says that the last run did not end in good order' 30 recovered_since "$before"
rm /etc/systemd/system/guardian-bot.service.d/watchdog.conf
systemctl daemon-reload
