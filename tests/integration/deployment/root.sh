#!/usr/bin/env bash
# Runs a script in a root of its own: a mount and process namespace, a tmpfs, the host's /usr read-only and
# nothing else of the host. Called by unshare; everything is gone when it ends.
#   root.sh ROOT CHECKOUT NODE_MODULES SCRIPT
set -euo pipefail
ROOT="$1" CHECKOUT="$2" NODE_MODULES="$3" script="$4"
. "$CHECKOUT/tests/integration/deployment/make-root.sh"
mkdir -p run/stub
mount -t proc proc proc
for device in null zero full random urandom tty; do touch "dev/$device"; mount --bind "/dev/$device" "dev/$device"; done
ln -s /proc/self/fd dev/fd
install -m 0755 "$CHECKOUT/tests/integration/deployment/systemctl.sh" usr/local/sbin/systemctl
install -m 0755 "$CHECKOUT/tests/integration/deployment/sudo.sh" usr/local/bin/sudo
install -m 0755 "$CHECKOUT/tests/integration/deployment/journalctl.sh" usr/local/bin/journalctl
install -m 0755 "$CHECKOUT/tests/integration/deployment/notify-receiver.pl" usr/local/bin/notify-receiver
cp "$script" tmp/script.sh
exec chroot "$ROOT" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
  STUB_ENVIRONMENT="${STUB_ENVIRONMENT:-}" /bin/bash -euo pipefail /tmp/script.sh
