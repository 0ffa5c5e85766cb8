#!/usr/bin/env bash
# bare-root.sh COMMAND…: runs each command in a fresh copy of what HEAD holds, on a bare machine: a minimal Debian with
# Node, npm and nothing else, without git, fonts, Vulkan, a browser or Python. The machine is a folder (debootstrap,
# chroot) that is made anew and removed. It takes root on Debian. Where no such machine can be made it says why in a
# sentence and exits with 75; else it exits as the first command that fails does.
#   .ci/bare-root.sh 'npm ci && npm start' 'npm ci && npm test'
set -euo pipefail
cd "$(dirname "$0")/.."

NO_ROOT=75
LOG_LINES=5

no_root() {
  echo "No bare Debian root can be made here: $1."
  exit "$NO_ROOT"
}

[ "$(id -u)" = 0 ] || no_root "this is not the root user"
codename=$(. /etc/os-release 2>/dev/null && [ "${ID:-}" = debian ] && echo "${VERSION_CODENAME:-}") || true
[ -n "$codename" ] || no_root "this is not a release of Debian"
unshare --mount --pid --fork --mount-proc true 2>/dev/null || no_root "this user may not mount"

root=$(mktemp -d /var/tmp/bare-root.XXXXXX)
# mktemp keeps others out, and a server that a test runs as another user could not read its own programs.
chmod 755 "$root"
log=$root.log
child=
# Mounts live in a namespace of the commands' own, so they are gone as soon as the commands are, and the folder can be
# removed.
finish() {
  [ -z "$child" ] || { kill -KILL "$child" && wait "$child"; } 2>/dev/null || true
  rm -rf --one-file-system "$root" "$log"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

if ! command -v debootstrap >/dev/null; then
  { timeout 180 apt-get update -q && DEBIAN_FRONTEND=noninteractive timeout 180 apt-get install -y -q debootstrap; } >"$log" 2>&1 ||
    no_root "debootstrap cannot be installed"
fi
mirror=$(cat /etc/apt/sources.list /etc/apt/sources.list.d/*.sources 2>/dev/null | grep -oE 'https?://[^ ]+/debian/?( |$)' | head -n 1 | tr -d ' ') || true
timeout 600 debootstrap --variant=minbase "$codename" "$root" "${mirror:-http://deb.debian.org/debian}" >"$log" 2>&1 ||
  { tail -n "$LOG_LINES" "$log"; no_root "debootstrap failed"; }

# Node and npm as they are here.
mkdir -p "$root/usr/lib/node_modules" "$root/usr/etc" "$root/etc/ssl/certs"
cp -L "$(command -v node)" "$root/usr/bin/node"
cp -aL "$(npm root -g)/npm" "$root/usr/lib/node_modules/"
ln -sf ../lib/node_modules/npm/bin/npm-cli.js "$root/usr/bin/npm"
ln -sf ../lib/node_modules/npm/bin/npx-cli.js "$root/usr/bin/npx"
chroot "$root" node --version >"$log" 2>&1 || { tail -n "$LOG_LINES" "$log"; no_root "Node of this machine does not run on a minimal Debian"; }

# What this machine's network needs: names, proxies, certificates, and where npm's registry is.
settings=(HOME=/root PATH=/usr/local/bin:/usr/bin:/bin TERM=dumb npm_config_globalconfig=/usr/etc/npmrc)
for name in CI http_proxy https_proxy no_proxy HTTP_PROXY HTTPS_PROXY NO_PROXY npm_config_registry NPM_CONFIG_REGISTRY TASTESPACE_TEST_POSTGRES; do
  [ -z "${!name:-}" ] || settings+=("$name=${!name}")
done
cp -L /etc/resolv.conf "$root/etc/resolv.conf" 2>/dev/null || true
certificates=/etc/ssl/certs/ca-certificates.crt
cat "$certificates" "${NODE_EXTRA_CA_CERTS:-/dev/null}" "${npm_config_cafile:-/dev/null}" >"$root$certificates" 2>/dev/null || true
[ ! -s "$root$certificates" ] || settings+=("NODE_EXTRA_CA_CERTS=$certificates" "npm_config_cafile=$certificates")
for file in "$(npm config get globalconfig)" "$(npm config get userconfig)"; do
  # nodedir names headers that the bare machine lacks, cafile a file of this one.
  [ ! -f "$file" ] || sed -E '/^(nodedir|cafile)/d' "$file" >>"$root/usr/etc/npmrc"
done

mkdir "$root/root/copy"
git archive HEAD | tar -x -C "$root/root/copy"
[ -z "$(git status --porcelain --untracked-files=no)" ] || echo "What is not committed is left out of the bare root."

for command in "$@"; do
  echo "In a bare Debian ($codename): $command"
  unshare --mount --pid --fork --kill-child --mount-proc="$root/proc" \
    chroot "$root" /usr/bin/env -i "${settings[@]}" bash -c "cd /root/copy && $command" &
  child=$!
  code=0
  wait "$child" || code=$?
  child=
  [ "$code" = 0 ] || exit "$code"
done
