#!/bin/bash
# Intel's Vulkan compiler without a card, for `npm run bench -- compilers`: Debian 13 in a folder, with Mesa's library
# that stands in for the kernel's driver built there. As root on Debian; some minutes, 2 GB.
# usage: bench/compilers/intel.sh [FOLDER]     default: /var/tmp/intel-compiler; else TASTESPACE_INTEL_COMPILER=FOLDER
set -euo pipefail
root=${1:-/var/tmp/intel-compiler}
mirror=http://deb.debian.org/debian
apt-get install -y --no-install-recommends debootstrap
[ -d "$root" ] || debootstrap --variant=minbase --include=ca-certificates,libvulkan1,mesa-vulkan-drivers trixie "$root" $mirror
printf 'deb %s trixie main\ndeb-src %s trixie main\n' $mirror $mirror >"$root/etc/apt/sources.list"
mkdir -p "$root/build" "$root/work"
chroot "$root" bash -euo pipefail <<'INSIDE'
apt-get update
apt-get install -y --no-install-recommends dpkg-dev meson ninja-build gcc g++ pkgconf libdrm-dev libvulkan-dev \
  python3-mako python3-yaml python3-packaging bison flex zlib1g-dev libzstd-dev libexpat1-dev glslang-tools libxml2-dev
cd /build
apt-get source --download-only mesa
mkdir -p mesa && tar xf mesa_*.orig.tar.xz -C mesa --strip-components 1
meson setup shim mesa -Dtools=drm-shim,intel -Dgallium-drivers=crocus -Dvulkan-drivers= -Dllvm=disabled -Dplatforms= \
  -Dglx=disabled -Degl=disabled -Dgbm=disabled -Dgles1=disabled -Dgles2=disabled -Dbuildtype=release -Dvideo-codecs= \
  -Dxmlconfig=disabled -Dvulkan-layers= -Dbuild-tests=false -Dlmsensors=disabled -Dvalgrind=disabled -Dlibunwind=disabled
ninja -C shim src/intel/tools/libintel_noop_drm_shim.so
cp shim/src/intel/tools/libintel_noop_drm_shim.so /work
INSIDE
