#!/usr/bin/env bash
# Tries the README's commands on a machine that has what the README asks for and nothing else: a Debian in a folder, with Node 20, npm, Java 17 and
# Maven, an empty environment and an empty home.
#
#   as an ordinary user: `npm run demo`; then tests that bring MySQL 8.0 and MariaDB, and the image's tests, which end by saying why they were skipped
#   as root:             the image's tests, which bring buildah
#
# Of this machine it takes over only how the package registries are reached: certificates, proxies, ~/.npmrc, ~/.m2/settings.xml. The Debian is kept
# in ~/.cache/binlog-relay for the next time, all else is removed. Needs root on Debian, and npm.
# usage: fresh-machine.sh [COMMAND]      COMMAND: run that instead, as root; `bash` to look around
set -euo pipefail
checkout=$(cd "$(dirname "$0")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/binlog-relay/fresh-machine
base=$cache/node-20

[ "$(id -u)" = 0 ] || { echo "fresh-machine.sh needs root, to make a Debian in a folder." >&2; exit 77; }
command -v debootstrap > /dev/null || { apt-get -qq update; DEBIAN_FRONTEND=noninteractive apt-get -qq -y install debootstrap > /dev/null; }

environment=(PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LANG=C.UTF-8)
[ -z "${NODE_EXTRA_CA_CERTS:-}" ] || environment+=(NODE_EXTRA_CA_CERTS=/etc/ssl/certs/ca-certificates.crt)
for name in http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY; do
  [ -z "${!name:-}" ] || environment+=("$name=${!name}")
done

# Runs a command in the Debian at ROOT, with mounts and process ids of its own: whatever it leaves behind ends with it. Its root is a mount, which
# buildah wants of every machine.
inside() { # ROOT, variables and command
  local root=$1
  shift
  root=$root unshare --mount --pid --fork --kill-child --propagation private sh -c '
    mount --bind "$root" "$root" && mount --rbind /dev "$root/dev" && mount -t proc proc "$root/proc" && mount -t sysfs -o ro sysfs "$root/sys" &&
    exec chroot "$root" env -i "$@"' sh "${environment[@]}" "$@"
}
mkdir -p "$cache"
work=$(mktemp -d "$cache/run.XXXXXX")
trap 'rm -rf --one-file-system "$work"' EXIT
if [ ! -d "$base" ]; then
  echo "fresh machine: making a Debian with Node 20, Java 17 and Maven" >&2
  "$checkout/dev/image/debian-with-node.sh" "$work/base" 20
  mkdir -p "$work/base/usr/local/share/ca-certificates"
  cp /usr/local/share/ca-certificates/*.crt "$work/base/usr/local/share/ca-certificates/" 2> /dev/null || true
  apt-config dump | grep -i '^Acquire::.*proxy' > "$work/base/etc/apt/apt.conf.d/proxy" || true
  inside "$work/base" HOME=/root DEBIAN_FRONTEND=noninteractive sh -c 'apt-get -qq update &&
    apt-get -qq -y --no-install-recommends install ca-certificates openjdk-17-jre-headless maven && apt-get clean' \
    > "$work/apt.log" 2>&1 || { tail -n 20 "$work/apt.log" >&2; exit 1; }
  mv -T "$work/base" "$base" 2> /dev/null || true # another run was first
fi

root=$work/root
cp -a --reflink=auto "$base" "$root"
cp /etc/resolv.conf /etc/hosts "$root/etc/"
for home in root home/node; do
  [ ! -e ~/.npmrc ] || install -m 644 ~/.npmrc "$root/$home/.npmrc"
  [ ! -e ~/.m2/settings.xml ] || install -D -m 644 ~/.m2/settings.xml "$root/$home/.m2/settings.xml"
done
mkdir "$root/home/node/binlog-relay"
git -C "$checkout" ls-files -z --cached --others --exclude-standard | tar -C "$checkout" --null -T - -c --ignore-failed-read | tar -C "$root/home/node/binlog-relay" -x
chroot "$root" chown -R node:node /home/node

as_user='cd ~/binlog-relay && exec setpriv --reuid node --regid node --init-groups'

if [ $# -gt 0 ]; then
  inside "$root" HOME=/root bash -c 'cd /home/node/binlog-relay && exec "$@"' bash "$@"
  exit
fi
echo "fresh machine: the demo, as an ordinary user" >&2
inside "$root" HOME=/home/node USER=node bash -c "$as_user npm run demo"
echo "fresh machine: tests that bring the other servers, as an ordinary user" >&2
inside "$root" HOME=/home/node USER=node bash -c "$as_user npx vitest run --project integration test/e2e/image.test.ts test/integration/source/{preflight,mariadb}.test.ts" | tee "$work/user.log"
grep -q 'tests skipped: the image: no Docker engine answers' "$work/user.log" || { echo "fresh machine: the image's tests did not say that they were skipped." >&2; exit 1; }
echo "fresh machine: the image, as root" >&2
inside "$root" HOME=/root BINLOG_RELAY_SERVERS_CACHE=/home/node/.cache/binlog-relay/servers \
  bash -c 'cd /home/node/binlog-relay && exec npx vitest run --project integration test/e2e/image.test.ts'
