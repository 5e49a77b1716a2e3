#!/usr/bin/env bash
# Makes a Debian (bookworm, no more than apt needs) with node, npm and npx from their npm packages, and a user `node`, in the new folder ROOT.
# BINLOG_RELAY_DEBIAN_MIRROR names the mirror. Needs root, debootstrap and npm.
# usage: debian-with-node.sh ROOT NODE_MAJOR
set -euo pipefail
root=${1:?the folder to make}
major=${2:?the major version of node}
mirror=${BINLOG_RELAY_DEBIAN_MIRROR:-}
[[ $mirror == http* ]] || mirror= # debootstrap reads no list of mirrors

npm=$(mktemp -d)
trap 'rm -rf "$npm"' EXIT
mkdir -p "$root"
debootstrap --variant=minbase bookworm "$root" $mirror > "$npm/debootstrap.log" || { tail -n 20 "$npm/debootstrap.log" >&2; exit 1; }
# The package `node` fetches one of these by a script, and npm may be told to run none.
platform=node-linux-$(node -p process.arch)
npm install --silent --no-save --prefix "$npm" "$platform@$major" npm >&2

install -m 755 "$npm/node_modules/$platform/bin/node" "$root/usr/local/bin/node"
mkdir -p "$root/usr/local/lib/node_modules"
cp -r "$npm/node_modules/npm" "$root/usr/local/lib/node_modules/npm"
ln -s ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/local/bin/npm"
ln -s ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/local/bin/npx"
chroot "$root" useradd --create-home --uid 1000 --shell /bin/bash node
