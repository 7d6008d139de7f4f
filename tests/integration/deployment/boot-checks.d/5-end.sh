# A configuration that is refused waits for a person; uninstall leaves the data and nothing else.
systemctl stop "$UNIT"
cp -a "$HOME_DIR/.env" /srv/env.before
# No limit: with a position open, limits that are wrong are replaced by the standard ones, and the bot starts halted.
printf 'LOG_LEVEL=loud\n' >> "$HOME_DIR/.env"
told systemctl start "$UNIT"
[ "$code" != 0 ] || fail 'a wrong configuration was taken'
expect 'a wrong configuration ends with' 2 "$(property ExecMainStatus)"
expect 'and waits for a person: no next try' 'failed failed' "$(property ActiveState) $(property SubState)"
log_has 'LOG_LEVEL=loud' && ok 'the journal names the key' || fail 'the journal does not name the key'
systemctl start "$BACKUP" 2>/dev/null && fail 'a backup of a wrong configuration' || true
cp -a /srv/env.before "$HOME_DIR/.env"
start 'with the configuration as it was'

closed="$(trades)"
told "$PREFIX/current/deployment/install.sh" uninstall
expect 'install.sh uninstall ends with' 0 "$code"
says 'Kept: /var/lib/guardian-bot'
expect 'processes of the bot' '' "$(pgrep -u guardian-bot || true)"
expect 'units that systemd knows of' '' "$(systemctl --no-pager --plain --no-legend --all list-units 'guardian-bot*'; systemctl --no-pager --no-legend list-unit-files 'guardian-bot*'; systemctl --no-pager --no-legend list-timers --all 'guardian-bot*')"
expect 'what is left beside data, secrets and drop-ins' '' "$(find /opt /usr/local /etc /var/cache -name '*guardian*' -not -path '/etc/guardian-bot*' -not -name guardian-bot.service.d)"
expect 'data' 'backups demo-exchange.db demo.db' "$(cd "$HOME_DIR/data" && ls -d backups demo-exchange.db demo.db | tr '\n' ' ' | sed 's/ $//')"
told /srv/fourth/deployment/install.sh install --offline
[ "$code" = 0 ] || fail 'install.sh install'
start 'installed again, it starts on the data'
has_traded "$closed" && ok "the trades are there: $(trades)" || fail "$(trades) closed trades, $closed before"
