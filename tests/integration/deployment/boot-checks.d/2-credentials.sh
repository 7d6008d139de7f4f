# Secrets by LoadCredential=. One half of a key stands in .env: without the other, configuration is refused (code 2).
readonly TOKEN=a-token-for-the-page WATCHDOG=15
install -d -m 0700 /etc/guardian-bot /etc/systemd/system/guardian-bot.service.d
printf '%s\n' "$TOKEN" > /etc/guardian-bot/DASHBOARD_TOKEN
printf 'the-other-half-of-the-key\n' > /etc/guardian-bot/EXCHANGE_API_SECRET
chmod 0600 /etc/guardian-bot/*
chmod 0755 /etc/systemd/system/guardian-bot.service.d
printf 'EXCHANGE_API_KEY=one-half-of-the-key\n' >> "$HOME_DIR/.env"
told systemctl start "$UNIT"
expect 'without its secret the bot ends with' 2 "$(property ExecMainStatus)"
printf '[Service]\nLoadCredential=%s\nLoadCredential=%s\n' DASHBOARD_TOKEN:/etc/guardian-bot/DASHBOARD_TOKEN EXCHANGE_API_SECRET:/etc/guardian-bot/EXCHANGE_API_SECRET > /etc/systemd/system/guardian-bot.service.d/credentials.conf
# For the next part: a bot that looks every five seconds feeds it three times, with some room for a slow machine.
printf '[Service]\nWatchdogSec=%s\nRestartSec=1\n' "$WATCHDOG" > /etc/systemd/system/guardian-bot.service.d/watchdog.conf
systemctl daemon-reload
start 'with the credential it starts'
started="$SECONDS"
expect 'the page without the token' 401 "$(curl --silent --output /dev/null --write-out '%{http_code}' "$PAGE/api/chat/messages")"
PAGE_TOKEN=(-H "authorization: Bearer $TOKEN")
expect 'the page with the token of the credential' 200 "$(page --output /dev/null --write-out '%{http_code}' "$PAGE/api/chat/messages")"
expect 'what the user of the bot can read of the files' '' "$(runuser -u guardian-bot -- cat /etc/guardian-bot/DASHBOARD_TOKEN 2>/dev/null || true)"
# They get no credentials from systemd, and need none.
for command in 'ctl status' backup 'replay --verify'; do
  told guardian $command
  [ "$code" = 0 ] && ok "guardian $command works beside it" || fail "guardian $command ended with $code"
done
told systemctl start "$BACKUP"
[ "$code" = 0 ] && ok 'so does the backup service' || fail 'the backup service'
# They try the keys, and get the credentials from the wrapper.
told guardian doctor
expect 'guardian doctor ends with' 0 "$code"
says 'nothing to fix'
