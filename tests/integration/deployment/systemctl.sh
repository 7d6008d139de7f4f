#!/usr/bin/env bash
# As much of systemd as the tests need, in a root without one: starts what the unit says, as the user it says,
# waits for READY=1 as Type=notify does, starts again as Restart=always does.
set -euo pipefail
state=/run/stub
unit_file() { echo "/etc/systemd/system/$1"; }
value() { sed -n "s/^$2=//p" "$(unit_file "$1")" | tail -n 1; }
name() { case "$1" in *.service | *.timer) echo "$1" ;; *) echo "$1.service" ;; esac; }
log() { echo "systemctl $*" >> "$state/calls"; }

command_of() {
  local unit="$1"
  printf 'cd %q && umask %s && exec ' "$(value "$unit" WorkingDirectory)" "$(value "$unit" UMask)"
  value "$unit" ExecStart
}
as_service() {
  local unit="$1"
  shift
  mapfile -t environment < <(sed -n 's/^Environment=//p' "$(unit_file "$unit")")
  install -d -o "$(value "$unit" User)" "/var/cache/$(value "$unit" CacheDirectory)"
  # shellcheck disable=SC2086
  runuser -u "$(value "$unit" User)" -- env -i PATH=/usr/local/bin:/usr/bin:/bin "${environment[@]}" $STUB_ENVIRONMENT "$@" sh -c "$(command_of "$unit")"
}
# What was said so far is not about what comes.
not_ready() { wc -l < "$state/messages" > "$state/$1.heard.new" && mv "$state/$1.heard.new" "$state/$1.heard"; }
state_of() {
  if [ ! -e "$state/$1.running" ]; then echo inactive
  elif [ ! -e "$state/$1.heard" ] || tail -n +"$(($(cat "$state/$1.heard") + 1))" "$state/messages" | grep '^READY=1' >/dev/null; then echo active
  else echo activating; fi
}
supervise() {
  local unit="$1" code
  while [ ! -e "$state/$unit.stop" ]; do
    code=0
    not_ready "$unit"
    as_service "$unit" "NOTIFY_SOCKET=$state/notify" "WATCHDOG_USEC=$(($(value "$unit" WatchdogSec) * 1000000))" >> /var/log/guardian-bot.log 2>&1 || code=$?
    echo "$code" > "$state/$unit.code"
    not_ready "$unit"
    case " $(value "$unit" RestartPreventExitStatus) " in *" $code "*) break ;; esac
    [ -e "$state/$unit.stop" ] || sleep 1
  done
  rm -f "$state/$unit.running"
}
start_service() {
  local unit="$1"
  if [ "$(value "$unit" Type)" = oneshot ]; then as_service "$unit"; return; fi
  rm -f "$state/$unit.code"
  if [ ! -e "$state/$unit.running" ]; then
    rm -f "$state/$unit.stop" "$state/messages"
    # In groups of their own: whoever ends this command, as a time limit does, does not end the service.
    set -m
    notify-receiver "$state/notify" "$state/messages" & echo $! > "$state/receiver"
    until grep -qs LISTENING "$state/messages"; do sleep 0.05; done
    not_ready "$unit"
    touch "$state/$unit.running"
    supervise "$unit" &
    echo $! > "$state/$unit.supervisor"
    set +m
  fi
  # One that is starting already is waited for, too.
  until [ "$(state_of "$unit")" = active ]; do
    # The start job fails with the first process that ends before READY, whatever is tried after it.
    [ ! -e "$state/$unit.code" ] || { echo "Job for $unit failed (code $(cat "$state/$unit.code")). See journalctl." >&2; return 1; }
    sleep 0.1
  done
}
stop_service() {
  local unit="$1"
  [ -e "$state/$unit.running" ] || return 0
  touch "$state/$unit.stop"
  pkill -TERM -u "$(value "$unit" User)" -f 'guardian.ts start' || true
  for _ in $(seq 200); do [ -e "$state/$unit.running" ] || break; sleep 0.1; done
  [ ! -e "$state/$unit.running" ] || pkill -KILL -u "$(value "$unit" User)" || true
  kill "$(cat "$state/receiver")" 2>/dev/null || true
}

log "$@"
command="$1"
shift
now=no quiet=no
units=()
for argument in "$@"; do
  case "$argument" in
    --now) now=yes ;;
    --quiet) quiet=yes ;;
    -*) ;;
    *) units+=("$(name "$argument")") ;;
  esac
done
case "$command" in
  daemon-reload) ;;
  enable) for unit in "${units[@]}"; do [ -e "$(unit_file "$unit")" ]; touch "$state/$unit.enabled"; done ;;
  disable) for unit in "${units[@]}"; do rm -f "$state/$unit.enabled"; [ "$now" = no ] || case "$unit" in *.service) stop_service "$unit" ;; esac; done ;;
  start) for unit in "${units[@]}"; do case "$unit" in *.timer) touch "$state/$unit.running" ;; *) start_service "$unit" ;; esac; done ;;
  stop) for unit in "${units[@]}"; do stop_service "$unit"; done ;;
  restart) for unit in "${units[@]}"; do stop_service "$unit"; start_service "$unit"; done ;;
  is-active)
    is="$(state_of "${units[0]}")"
    [ "$quiet" = yes ] || echo "$is"
    [ "$is" = active ] || exit 3
    ;;
  status | list-timers) for unit in "${units[@]}"; do [ -e "$state/$unit.running" ] && echo "$unit: active" || echo "$unit: inactive"; done ;;
  *) echo "systemctl stub: $command?" >&2; exit 1 ;;
esac
