#!/usr/bin/env bash
# Makes a stand-in for the image that the Dockerfile starts from (node on Debian, slim), on machines that reach no image registry:
# Debian by debootstrap, node and npm from their npm packages. It goes into a store of its own below CACHE, so that it is made once
# and that no other build of this machine can take it for the real image.
# Prints the name for `--build-arg BASE=`. Build with: buildah --root CACHE/store --runroot CACHE/run --storage-driver vfs build …
# Needs root on Debian (amd64 or arm64), buildah, debootstrap, npm.
# usage: base-image.sh CACHE [NODE_MAJOR]
set -euo pipefail
cache=${1:?the folder to keep the image in}
major=${2:-24}
name=localhost/binlog-relay-base:node-$major

remedy="Start a Docker engine; or, as root on Debian: apt-get install -y buildah debootstrap npm"
for tool in buildah debootstrap npm; do
  command -v "$tool" > /dev/null || { echo "No Docker engine answers, and $tool is not installed. $remedy" >&2; exit 69; }
done
[ "$(id -u)" = 0 ] || { echo "No Docker engine answers, and debootstrap needs root. $remedy" >&2; exit 77; }

mkdir -p "$cache"
cache=$(realpath "$cache")
export BUILDAH_ISOLATION=chroot
store=(--root "$cache/store" --runroot "$cache/run" --storage-driver vfs)
if buildah "${store[@]}" inspect --type image "$name" > /dev/null 2>&1; then
  echo "$name"
  exit 0
fi

work=$(mktemp -d "$cache/base.XXXXXX")
trap 'rm -rf "$work"' EXIT
debootstrap --variant=minbase bookworm "$work/root" > "$work/debootstrap.log" || { tail -n 20 "$work/debootstrap.log" >&2; exit 1; }
npm install --silent --no-save --prefix "$work/npm" "node@$major" npm >&2

node=$(find "$work/npm/node_modules" -path '*/bin/node' -type f -size +10M -print -quit)
install -m 755 "$node" "$work/root/usr/local/bin/node"
mkdir -p "$work/root/usr/local/lib/node_modules"
cp -r "$work/npm/node_modules/npm" "$work/root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$work/root/usr/local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$work/root/usr/local/bin/npx"
chroot "$work/root" useradd --create-home --uid 1000 node
# What the slim image leaves out as well.
rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/* "$work"/root/usr/share/{doc,man,locale}/*

printf '%s\n' 'FROM scratch' 'COPY root/ /' 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' 'CMD ["node"]' > "$work/Containerfile"
buildah "${store[@]}" build --quiet --file "$work/Containerfile" --tag "$name" "$work" >&2
echo "$name"
