#!/usr/bin/env bash
# Makes a root of its own in ROOT, an empty directory in a mount namespace of the caller's: a tmpfs, the host's /usr
# read-only, the checkout at /srv/checkout, and nothing else of the host. Sourced; needs ROOT, CHECKOUT, NODE_MODULES.
mount --make-rprivate /
mount -t tmpfs -o mode=0755 tmpfs "$ROOT"
cd "$ROOT"
mkdir -p usr etc/systemd/system etc/default etc/pam.d var/lib var/log var/cache opt run tmp proc sys dev root srv/checkout srv/node_modules home
chmod 1777 tmp
for link in bin sbin lib lib64; do [ -L "/$link" ] && ln -s "usr/$link" "$link"; done
mount --bind /usr usr
mount -o remount,bind,ro usr
mount -t tmpfs -o mode=0755 tmpfs usr/local
mkdir -p usr/local/bin usr/local/sbin
printf 'root:x:0:0:root:/root:/bin/bash\nnobody:x:65534:65534:nobody:/nonexistent:/usr/sbin/nologin\n' > etc/passwd
printf 'root:x:0:\nnogroup:x:65534:\n' > etc/group
printf 'root:*:19000:0:99999:7:::\n' > etc/shadow
printf 'root:*::\n' > etc/gshadow
chmod 0600 etc/shadow etc/gshadow
printf '127.0.0.1 localhost\n' > etc/hosts
printf 'passwd: files\ngroup: files\nshadow: files\nhosts: files dns\n' > etc/nsswitch.conf
for file in ld.so.cache login.defs; do [ ! -e "/etc/$file" ] || cp "/etc/$file" etc/; done
for directory in alternatives ssl/certs; do [ ! -d "/etc/$directory" ] || { mkdir -p "etc/$directory"; cp -a "/etc/$directory/." "etc/$directory/"; }; done
for service in runuser other; do printf 'auth sufficient pam_permit.so\naccount sufficient pam_permit.so\nsession sufficient pam_permit.so\npassword sufficient pam_permit.so\n' > "etc/pam.d/$service"; done
mount --bind "$NODE_MODULES" srv/node_modules
mount -o remount,bind,ro srv/node_modules
for part in src commands models deployment package.json package-lock.json .npmrc .env.example; do cp -a "$CHECKOUT/$part" srv/checkout/; done
chown -R root:root srv/checkout
ln -s /srv/node_modules srv/checkout/node_modules
