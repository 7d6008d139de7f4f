#!/usr/bin/env bash
# The installed service under a real systemd, in a container with a root of its own (see make-root.sh) and no network
# but its loopback: boot-checks.sh is run there. Nothing of this machine is booted, and nothing is left.
# Says why, and succeeds, where this machine cannot have such a container.
set -euo pipefail
here="$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)"

skip() { printf 'skipped: %s\n' "$1"; exit 0; }

if [ "${1:-}" != inside ]; then
  [ "$(id -u)" = 0 ] || skip 'a container with systemd needs root'
  command -v systemd-nspawn >/dev/null || skip 'needs systemd-nspawn, from the package systemd-container'
  work="$(mktemp -d)"
  mkdir "$work/root"
  # A cgroup of its own in every hierarchy that systemd uses, so that none of its groups is left behind.
  groups=()
  for hierarchy in /sys/fs/cgroup/systemd /sys/fs/cgroup/unified /sys/fs/cgroup; do
    [ -e "$hierarchy/cgroup.procs" ] && mkdir "$hierarchy/guardian-boot-$$" 2>/dev/null && groups+=("$hierarchy/guardian-boot-$$")
  done
  cleanup() {
    for group in "${groups[@]}"; do find "$group" -depth -type d -exec rmdir {} + 2>/dev/null || true; done
    rm -rf "$work"
  }
  trap cleanup EXIT
  unshare --mount true 2>/dev/null || skip 'this machine permits no mount namespaces'
  code=0
  (
    for group in "${groups[@]}"; do echo "$BASHPID" > "$group/cgroup.procs"; done
    exec unshare --mount bash "$here/boot.sh" inside "$work/root"
  ) || code=$?
  exit "$code"
fi

ROOT="$2" CHECKOUT="$(cd "$here/../../.." && pwd)"
NODE_MODULES="$(realpath "$CHECKOUT/node_modules")"
. "$here/make-root.sh"
# What nspawn keeps beside the container goes with this namespace.
mkdir -p /run/systemd/nspawn && mount -t tmpfs tmpfs /run/systemd/nspawn
mkdir -p var/log/journal etc/systemd/system/multi-user.target.wants
printf '%032d\n' 1 > etc/machine-id
ln -s /usr/lib/systemd/system/multi-user.target etc/systemd/system/default.target
for unit in console-getty.service systemd-logind.service systemd-networkd.service systemd-resolved.service systemd-timesyncd.service; do ln -s /dev/null "etc/systemd/system/$unit"; done
install -m 0755 "$here/boot-checks.sh" srv/boot-checks.sh
cp -r "$here/boot-checks.d" srv/boot-checks.d
cat > etc/systemd/system/checks.service <<'UNIT'
[Unit]
Description=The checks of the installed service
After=basic.target
SuccessAction=exit
FailureAction=exit
FailureActionExitStatus=1
[Service]
Type=oneshot
ExecStart=/srv/boot-checks.sh
StandardOutput=file:/srv/checks.txt
StandardError=inherit
TimeoutStartSec=10min
[Install]
WantedBy=multi-user.target
UNIT
ln -s ../checks.service etc/systemd/system/multi-user.target.wants/checks.service
code=0
timeout --kill-after=10 660 systemd-nspawn --quiet --directory="$ROOT" --register=no --keep-unit --private-network --boot --console=pipe < /dev/null > srv/console.txt 2>&1 || code=$?
if [ ! -e srv/checks.txt ]; then
  tail -n 20 srv/console.txt
  skip 'systemd did not come up in a container here'
fi
cat srv/checks.txt
[ "$code" = 0 ] || { printf 'the container ended with %s\n' "$code"; tail -n 20 srv/console.txt; }
exit "$code"
