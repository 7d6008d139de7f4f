# install.sh upgrade under a running bot: forwards, back from a version that does not start, and out of a crash loop.
closed="$(trades)"
expect 'closed trades before the upgrade, at least one' yes "$([ "$closed" -ge 1 ] && echo yes)"
release second 0.2.0
told /srv/second/deployment/install.sh upgrade --offline
expect 'install.sh upgrade ends with' 0 "$code"
says 'upgraded to 0.2.0-'
expect 'state' active "$(property ActiveState)"
expect 'the version that is installed, and the one that runs' '0.2.0 0.2.0' "$(installed_version) $(running_version)"
has_traded "$closed" && ok "the database is carried on: $(trades) closed trades, $closed before" || fail "$(trades) closed trades, $closed before"
copy="$(sed -n 's/^backup: //p' "$SAID")"
told guardian restore --verify "$copy"
expect "the backup that it made, $copy, is verified with" 0 "$code"
told guardian replay --verify
expect 'the journal of both versions replays with' 0 "$code"
expect 'the timer of the backup waits on' 'active waiting' "$(property ActiveState "$TIMER") $(property SubState "$TIMER")"

# Brings the schema forward and fails then, with code 1: systemd tries it again and again.
release third 0.3.0
sed -i "s/{ name: '0002-chat-memory', sql: chatMemory },/&\n  { name: 'next', sql: 'CREATE TABLE next (x)' },/" /srv/third/src/adapters/sqlite/migrations/index.ts
sed -i "s/^export const runBot = async.*/&\n  throw new Error('this version is broken');/" /srv/third/src/cli/compose/run-bot.ts
told /srv/third/deployment/install.sh upgrade --offline
expect 'an upgrade to a version that does not start ends with' 1 "$code"
says 'rolling back'
says 'the database was restored from the backup'
says 'rolled back to 0.2.0-'
log_has 'this version is broken' && ok 'the journal has why' || fail 'the journal does not say why'
expect 'state' active "$(property ActiveState)"
expect 'the version that is installed, and the one that runs' '0.2.0 0.2.0' "$(installed_version) $(running_version)"
expect 'the mark of an upgrade under way' '' "$(ls "$PREFIX" | grep unfinished || true)"
has_traded "$closed" && ok "the trades are there: $(trades)" || fail "$(trades) closed trades, $closed before"
told guardian ctl locks
says 'restored copy'

# Between two tries systemd calls a service "activating", and it is meant to run.
printf '[Service]\nExecStartPre=/bin/grep version.*0.4.0 %s/current/package.json\n' "$PREFIX" > /etc/systemd/system/guardian-bot.service.d/broken.conf
systemctl daemon-reload
told systemctl restart "$UNIT"
expect 'a bot that ends before it is up' activating "$(property ActiveState)"
release fourth 0.4.0
told /srv/fourth/deployment/install.sh upgrade --offline
expect 'the upgrade that mends it ends with' 0 "$code"
says 'upgraded to 0.4.0-'
expect 'state, and the version that runs' 'active 0.4.0' "$(property ActiveState) $(running_version)"
rm /etc/systemd/system/guardian-bot.service.d/broken.conf
systemctl daemon-reload
