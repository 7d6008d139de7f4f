#!/usr/bin/env bash
# The units, judged by systemd itself: `verify` has nothing to say, `security` rates each 1.5 or better.
# Touches no unit of this machine; the program is not installed here, so its place is taken by /bin/true.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../../../deployment"
work="$(mktemp -d)"
trap 'rm -rf "$work"' EXIT
for unit in *.service *.timer; do sed 's#^ExecStart=.*#ExecStart=/bin/true#' "$unit" > "$work/$unit"; done
said="$(systemd-analyze verify "$work"/*.service "$work"/*.timer 2>&1)" || true
[ -z "$said" ] || { printf 'systemd-analyze verify is not silent:\n%s\n' "$said"; exit 1; }
for unit in *.service; do
  systemd-analyze security --offline=true --threshold=15 --no-pager "$unit" | tail -n 1
done
