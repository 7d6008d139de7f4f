#!/usr/bin/env bash
# Run by a real systemd as a unit of its container: installs the service, starts it, and looks at it from outside.
# A line for each check; the first that fails ends it. The checks are in boot-checks.d, in order: each part goes on
# from what the one before it has left.
set -euo pipefail
export SYSTEMD_COLORS=0 LC_ALL=C.UTF-8
readonly UNIT=guardian-bot.service
readonly BACKUP=guardian-bot-backup.service
readonly TIMER=guardian-bot-backup.timer
readonly HOME_DIR=/var/lib/guardian-bot
readonly PREFIX=/opt/guardian-bot
readonly PAGE=http://127.0.0.1:8787
# What the last command that was `told` had to say.
readonly SAID=/srv/said.txt
# Seconds for a start to report READY: a start whose READY=1 is lost would never come back.
readonly START_WAIT=60

ok() { printf 'ok: %s\n' "$1"; }
fail() {
  printf 'FAILED: %s\n' "$1"
  [ ! -s "$SAID" ] || { echo '--- the last command said'; tail -n 15 "$SAID"; }
  echo '--- units'
  systemctl --no-pager --lines=0 status "$UNIT" "$BACKUP" "$TIMER" || true
  systemctl --no-pager list-jobs || true
  ls -l "$PREFIX" "$PREFIX/releases" "$HOME_DIR/data" "$HOME_DIR/data/backups" || true
  echo '--- journal'
  journalctl --no-pager --unit "$UNIT" --unit "$BACKUP" | tail -n 30
  exit 1
}
property() { systemctl show "${2:-$UNIT}" --property "$1" --value; }
# expect WHAT WANTED FOUND
expect() { [ "$2" = "$3" ] && ok "$1: $3" || fail "$1: $3, expected $2"; }
# eventually WHAT SECONDS COMMAND...: until the command succeeds
eventually() {
  local what="$1" until="$((SECONDS + $2))"
  shift 2
  until "$@" >/dev/null 2>&1; do
    [ "$SECONDS" -lt "$until" ] || fail "$what"
    sleep 0.5
  done
  ok "$what"
}
# told COMMAND...: sets `code`, and keeps what the command says
told() {
  code=0
  "$@" >"$SAID" 2>&1 || code=$?
}
# Each reads to the end: a grep that stops at the first hit would break the pipe.
says() { grep -- "$1" "$SAID" >/dev/null && ok "it says: $1" || fail "it does not say: $1"; }
log_has() { journalctl --no-pager --unit "$UNIT" | grep -- "$1" >/dev/null; }
page() { curl --silent --fail --max-time 10 -H "origin: $PAGE" "${PAGE_TOKEN[@]}" "$@"; }
PAGE_TOKEN=()
messages_have() { page "$PAGE/api/chat/messages" | grep -- "$1" >/dev/null; }
recoveries() { { page "$PAGE/api/chat/messages" || true; } | { grep -o 'recovered after a crash' || true; } | wc -l; }
recovered_since() { [ "$(recoveries)" -gt "$1" ]; }
status_of() { sed -n "s/^$1:[[:space:]]*//p" "/proc/$(property MainPID)/status" | cut -f1; }
trades() { guardian ctl trades | sed -n 's/^Trades \([0-9]*\).*/\1/p'; }
has_traded() { [ "$(trades)" -ge "$1" ]; }
# started_again TIMES: by systemd, since the last start that somebody asked for
started_again() { [ "$(property NRestarts)" -ge "$1" ] && [ "$(property SubState)" = running ]; }
# The version in the files, and the one that the running bot states of itself.
installed_version() { sed -n 's/^ *"version": *"\([^"]*\)".*/\1/p' "$PREFIX/current/package.json"; }
running_version() { guardian ctl version | sed -n 's/^Guardian Bot \([0-9.]*\).*/\1/p'; }
# release NAME VERSION: a checkout at /srv/NAME of another version
release() {
  cp -a /srv/checkout "/srv/$1"
  sed -i "0,/\"version\"/s/\"version\": \"[^\"]*\"/\"version\": \"$2\"/" "/srv/$1/package.json"
}
start() {
  told timeout "$START_WAIT" systemctl start "$UNIT"
  [ "$code" = 0 ] || fail "systemctl start: $1"
  ok "systemctl start came back: $1"
}

for part in /srv/boot-checks.d/*.sh; do
  began="$SECONDS"
  . "$part"
  printf -- '--- %s: %s s\n' "$(basename "$part" .sh)" "$((SECONDS - began))"
done
