#!/usr/bin/env bash
# Installs, upgrades and uninstalls Guardian Bot as a systemd service. Running it again changes nothing.
#
#   install.sh install    user, directories, program, units; starts nothing
#   install.sh upgrade    backup, switch, start; rolls back when the new version does not come up
#   install.sh uninstall  removes program and units, keeps data, configuration and the user
#
#   --from DIR   checkout to install from (default: the one that this script is in)
#   --offline    take node_modules of the checkout as they are, instead of `npm ci --omit=dev --ignore-scripts`
set -euo pipefail

readonly USER_NAME=guardian-bot
readonly PREFIX=/opt/guardian-bot
readonly HOME_DIR=/var/lib/guardian-bot
readonly CACHE_DIR=/var/cache/guardian-bot
readonly UNIT_DIR=/etc/systemd/system
# While an upgrade is under way: what it began from. One that is broken off leaves it for the next.
readonly UNFINISHED="$PREFIX/upgrade.unfinished"
readonly WRAPPER=/usr/local/bin/guardian
readonly SERVICE=guardian-bot.service
readonly TIMER=guardian-bot-backup.timer
readonly UNITS=(guardian-bot.service guardian-bot-backup.service guardian-bot-backup.timer)
readonly PARTS=(src commands models deployment package.json package-lock.json .npmrc .env.example)
# Seconds that a new version has to report READY.
readonly START_LIMIT=180
readonly RELEASES_KEPT=3

say() { printf '%s\n' "$*"; }
die() { printf 'install.sh: %s\n' "$*" >&2; exit 1; }
usage() { sed -n '2,10s/^# \{0,1\}//p' "$0"; }

action="${1:-}"
[ $# -gt 0 ] && shift
from="$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)"
offline=no
while [ $# -gt 0 ]; do
  case "$1" in
    --from) from="$(cd "${2:?--from needs a directory}" && pwd)"; shift 2 ;;
    --offline) offline=yes; shift ;;
    *) usage >&2; exit 2 ;;
  esac
done

need_root() { [ "$(id -u)" = 0 ] || die 'needs root: run it with sudo'; }

as_user() { (cd "$HOME_DIR" && runuser -u "$USER_NAME" -- "$@"); }

# guardian of a given release: program RELEASE ARGUMENTS...
program() {
  local release="$1"
  shift
  as_user "$release/node_modules/.bin/node" "$release/src/cli/guardian.ts" "$@"
}

# The same content is the same release, whatever it is called.
release_name() {
  local version hash
  version="$(sed -n 's/^ *"version": *"\([^"]*\)".*/\1/p' "$from/package.json" | head -n 1)"
  hash="$(cd "$from" && find "${PARTS[@]}" -type f -print0 2>/dev/null | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-12)"
  printf '%s-%s' "$version" "$hash"
}

check_source() {
  [ -f "$from/src/cli/guardian.ts" ] && [ -f "$from/package-lock.json" ] || die "$from is no checkout of Guardian Bot"
  [ "$offline" = no ] || [ -e "$from/node_modules/.bin/node" ] || die "$from/node_modules is missing or has no Node: run npm ci there first"
}

make_user() {
  getent passwd "$USER_NAME" >/dev/null && return 0
  useradd --system --user-group --home-dir "$HOME_DIR" --no-create-home --shell /usr/sbin/nologin "$USER_NAME"
  say "user $USER_NAME made"
}

make_directories() {
  install -d -m 0755 -o root -g root "$PREFIX" "$PREFIX/releases"
  install -d -m 0700 -o "$USER_NAME" -g "$USER_NAME" "$HOME_DIR"
  # In a directory that is the user's nothing is made as root: a link that was put there would lead it to any other place.
  as_user install -d -m 0700 data data/backups ||
    die "what is in $HOME_DIR already has to belong to $USER_NAME: if it is meant for the bot, such as a disk of its own, run chown -h $USER_NAME: $HOME_DIR/data, and this again"
}

# Puts the program under its own name; sets `release`. A half-made one is never left under that name.
make_release() {
  local name
  name="$(release_name)"
  release="$PREFIX/releases/$name"
  [ -d "$release" ] && return 0
  local unfinished="$release.unfinished"
  rm -rf "$unfinished"
  install -d -m 0755 "$unfinished"
  local part
  for part in "${PARTS[@]}"; do
    [ ! -e "$from/$part" ] || cp -a "$from/$part" "$unfinished/"
  done
  if [ "$offline" = yes ]; then cp -a "$from/node_modules" "$unfinished/node_modules"
  # No package's script runs as root, and none is needed; the one that is the program's own makes the link to its Node.
  else (cd "$unfinished" && npm ci --omit=dev --ignore-scripts && node deployment/link-node.mjs); fi
  chown -R -h root:root "$unfinished"
  chmod -R go-w,a+rX "$unfinished"
  mv "$unfinished" "$release"
  say "release $name installed"
}

switch_to() { ln -sfn "$1" "$PREFIX/current.new" && mv -T "$PREFIX/current.new" "$PREFIX/current"; }

put_units() {
  local unit
  for unit in "${UNITS[@]}"; do install -m 0644 -o root -g root "$1/deployment/$unit" "$UNIT_DIR/$unit"; done
  install -m 0755 -o root -g root "$1/deployment/guardian" "$WRAPPER"
  systemctl daemon-reload
}

make_configuration() {
  [ -e "$HOME_DIR/.env" ] && return 0
  as_user install -m 0600 "$release/.env.example" .env
  say "$HOME_DIR/.env made: every key is explained in it"
}

drop_old_releases() {
  local current old
  current="$(readlink -f "$PREFIX/current")"
  find "$PREFIX/releases" -mindepth 1 -maxdepth 1 -type d -printf '%T@ %p\n' | sort -rn | cut -d' ' -f2- | tail -n +"$((RELEASES_KEPT + 1))" | while read -r old; do
    [ "$old" = "$current" ] || rm -rf "$old"
  done
}

do_install() {
  need_root
  check_source
  make_user
  make_directories
  make_release
  if [ -e "$PREFIX/current" ] && [ "$(readlink -f "$PREFIX/current")" != "$release" ]; then
    die "another release is installed ($(basename "$(readlink -f "$PREFIX/current")")): use install.sh upgrade"
  fi
  switch_to "$release"
  make_configuration
  put_units "$release"
  systemctl enable "$SERVICE" "$TIMER"
  say "installed. Next: set MODE and the rest in $HOME_DIR/.env, run \`guardian doctor\`, then \`systemctl start $SERVICE $TIMER\`."
}

# Whether a release takes the configuration as it stands; if not, the lines are printed. Secrets may be the service's alone.
takes_configuration() {
  local said
  said="$(program "$1" doctor --configuration 2>&1)" && return 0
  # A version from before this question; its start says it.
  case "$said" in *'unknown option'*) return 0 ;; esac
  sed 's/^/  /' <<<"$said"
  return 1
}

# Whether the service has reported READY and stays up.
comes_up() {
  timeout "$START_LIMIT" systemctl start "$SERVICE" || return 1
  sleep 2
  systemctl is-active --quiet "$SERVICE"
}

roll_back() {
  local previous="$1" backup="$2" database="$3"
  say 'the new version did not come up: rolling back'
  systemctl stop "$SERVICE" || true
  switch_to "$previous"
  put_units "$previous"
  # A newer version may have brought the schema forward; there is no way back but the backup.
  if [ -n "$backup" ] && ! program "$previous" restore --verify "$database" >/dev/null 2>&1; then
    program "$previous" restore "$backup"
    say 'the database was restored from the backup: the bot starts halted, send /reconcile and /unlock'
  fi
  rm -f "$UNFINISHED"
  comes_up || die "the previous version does not come up either: see journalctl -u $SERVICE"
  die "rolled back to $(basename "$previous"); the new version is in $release, its log in journalctl -u $SERVICE"
}

# Sets `backup` and `database`, both as the program names them. A mode that has not run yet has nothing to lose.
make_backup() {
  local made
  if made="$(program "$1" backup 2>&1)"; then
    backup="$(sed -n 's/: copy of .*//p' <<<"$made" | head -n 1)"
    database="$(sed -n 's/.*: copy of \(.*\), [0-9]* bytes.*/\1/p' <<<"$made" | head -n 1)"
    say "backup: $HOME_DIR/$backup"
    return 0
  fi
  say "$made"
  if ! grep -q 'there is nothing to back up' <<<"$made" && [ -n "$(find "$HOME_DIR" -name '*.db' -not -path '*/backups/*' -print -quit)" ]; then
    die 'no backup could be made, and without one nothing is changed'
  fi
}

# However the script ends in the middle (no room on the disk, Ctrl-C): nobody should believe that the bot runs.
broken_off() {
  [ ! -e "$UNFINISHED" ] || printf 'install.sh: the upgrade was broken off and the bot may be stopped: run install.sh upgrade again\n' >&2
}

do_upgrade() {
  need_root
  check_source
  [ -e "$PREFIX/current" ] || die 'nothing is installed: use install.sh install'
  local current previous backup='' database='' running=no resumed=no
  current="$(readlink -f "$PREFIX/current")"
  previous="$current"
  trap broken_off EXIT
  make_release
  if [ -s "$UNFINISHED" ]; then
    # The bot that ran then is to run again, and the way back is the version and the backup from before.
    { IFS= read -r previous; IFS= read -r running; IFS= read -r backup; IFS= read -r database; } <"$UNFINISHED"
    resumed=yes
    if [ "$current" != "$previous" ] && systemctl is-active --quiet "$SERVICE"; then
      # Somebody has started what was switched to, and it is up: its books have gone on, so the way back is this version with a backup of now.
      previous="$current" backup='' database=''
    fi
    say "going on with an upgrade that was broken off; the way back is $(basename "$previous")"
  elif [ "$release" = "$previous" ]; then
    say 'this release is installed already: nothing to do'
    return 0
  fi
  program "$release" --version >/dev/null || die 'the new version does not run on this machine: nothing was changed'
  # Between two tries, or while it waits for the exchange, it is "activating": meant to run as well.
  case "$(systemctl is-active "$SERVICE" || true)" in active | activating | reloading) running=yes ;; esac
  if ! takes_configuration "$release"; then
    # One that is stopped already has the version before to go back to, and starts again all the same.
    [ "$running" = no ] || [ "$resumed" = yes ] || die "the new version does not take these lines of the configuration: nothing was changed, and the bot runs on. Put them right in $HOME_DIR/.env and run install.sh upgrade again"
    say "the new version does not take these lines of the configuration: put them right in $HOME_DIR/.env before it is started"
  fi
  # Once the other version may have touched the database, the backup from before it is the one to go back to.
  [ "$current" != "$previous" ] || make_backup "$previous"
  printf '%s\n' "$previous" "$running" "$backup" "$database" >"$UNFINISHED.new"
  sync "$UNFINISHED.new"
  mv "$UNFINISHED.new" "$UNFINISHED"
  systemctl stop "$SERVICE"
  switch_to "$release"
  put_units "$release"
  if [ "$running" = no ]; then
    rm -f "$UNFINISHED"
    say 'upgraded; the service was not running and is not started'
    drop_old_releases
    return 0
  fi
  comes_up || roll_back "$previous" "$backup" "$database"
  rm -f "$UNFINISHED"
  drop_old_releases
  say "upgraded to $(basename "$release")"
}

do_uninstall() {
  need_root
  systemctl disable --now "$TIMER" "$SERVICE" 2>/dev/null || true
  local unit
  for unit in "${UNITS[@]}"; do rm -f "$UNIT_DIR/$unit"; done
  rm -f "$WRAPPER"
  rm -rf "$PREFIX" "$CACHE_DIR"
  systemctl daemon-reload
  # One that had failed would be listed until the next boot.
  systemctl reset-failed "${UNITS[@]}" 2>/dev/null || true
  say "uninstalled. Kept: $HOME_DIR (databases, backups, .env) and the user $USER_NAME. Protective stops stay on the exchange."
}

case "$action" in
  install) do_install ;;
  upgrade) do_upgrade ;;
  uninstall) do_uninstall ;;
  -h | --help) usage ;;
  *) usage >&2; exit 2 ;;
esac
