#!/usr/bin/env bash
# Runs a script in a root of its own: a mount and process namespace, a tmpfs, the host's /usr read-only and
# nothing else of the host. Called by unshare; everything is gone when it ends.
#   root.sh ROOT CHECKOUT NODE_MODULES SCRIPT
set -euo pipefail
root="$1" checkout="$2" modules="$3" script="$4"
mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs "$root"
cd "$root"
mkdir -p usr etc/systemd/system etc/default etc/pam.d var/lib var/log var/cache opt run/stub tmp proc dev root srv/checkout srv/node_modules home
chmod 1777 tmp
for link in bin sbin lib lib64; do [ -L "/$link" ] && ln -s "usr/$link" "$link"; done
mount --bind /usr usr
mount -o remount,bind,ro usr
mount -t tmpfs -o mode=0755 tmpfs usr/local
mkdir -p usr/local/bin usr/local/sbin
mount -t proc proc proc
for device in null zero full random urandom tty; do touch "dev/$device"; mount --bind "/dev/$device" "dev/$device"; done
ln -s /proc/self/fd dev/fd
printf 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n' > etc/passwd
printf 'root:x:0:\nnogroup:x:65534:\n' > etc/group
printf 'root:*:19000:0:99999:7:::\n' > etc/shadow
printf 'root:*::\n' > etc/gshadow
printf '127.0.0.1 localhost\n' > etc/hosts
printf 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n' > etc/nsswitch.conf
for file in ld.so.cache login.defs; do [ ! -e "/etc/$file" ] || cp "/etc/$file" etc/; done
for directory in alternatives ssl/certs; do [ ! -d "/etc/$directory" ] || { mkdir -p "etc/$directory"; cp -a "/etc/$directory/." "etc/$directory/"; }; done
for service in runuser other; do printf 'auth sufficient pam_permit.so\naccount sufficient pam_permit.so\nsession sufficient pam_permit.so\npassword sufficient pam_permit.so\n' > "etc/pam.d/$service"; done
mount --bind "$modules" srv/node_modules
mount -o remount,bind,ro srv/node_modules
for part in src commands models deployment package.json package-lock.json .npmrc .env.example; do cp -a "$checkout/$part" srv/checkout/; done
chown -R root:root srv/checkout
ln -s /srv/node_modules srv/checkout/node_modules
install -m 0755 "$checkout/tests/integration/deployment/systemctl.sh" usr/local/sbin/systemctl
install -m 0755 "$checkout/tests/integration/deployment/sudo.sh" usr/local/bin/sudo
install -m 0755 "$checkout/tests/integration/deployment/journalctl.sh" usr/local/bin/journalctl
install -m 0755 "$checkout/tests/integration/deployment/notify-receiver.pl" usr/local/bin/notify-receiver
cp "$script" tmp/script.sh
exec chroot "$root" /usr/bin/env -i PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 \
  STUB_ENVIRONMENT="${STUB_ENVIRONMENT:-}" /bin/bash -euo pipefail /tmp/script.sh
