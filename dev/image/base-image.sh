#!/usr/bin/env bash
# Makes a stand-in for the image that the Dockerfile starts from (node on Debian, slim), on machines that reach no image registry:
# Debian by debootstrap, node and npm from their npm packages. It goes into a store of its own below CACHE, so that it is made once
# and that no other build of this machine can take it for the real image.
# Prints the name for `--build-arg BASE=`. Build with: buildah --root CACHE/store --runroot CACHE/run --storage-driver vfs build …
# Needs root on Debian (amd64 or arm64), buildah, debootstrap (buildah-tools.ts brings both), and npm.
# usage: base-image.sh CACHE [NODE_MAJOR]
set -euo pipefail
cache=${1:?the folder to keep the image in}
major=${2:-24}
name=localhost/binlog-relay-base:node-$major

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
"$(dirname "$0")/debian-with-node.sh" "$work/root" "$major"
# What the slim image leaves out as well.
rm -rf "$work"/root/var/cache/apt/archives/*.deb "$work"/root/var/lib/apt/lists/* "$work"/root/usr/share/{doc,man,locale}/*

printf '%s\n' 'FROM scratch' 'COPY root/ /' 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' 'CMD ["node"]' > "$work/Containerfile"
buildah "${store[@]}" build --quiet --file "$work/Containerfile" --tag "$name" "$work" >&2
echo "$name"
