#!/bin/bash
# Mesa's Vulkan compiler for NVIDIA's cards (NVK) without a card, for `npm run bench -- compilers`: Debian unstable in a
# folder, whose compiler says what it spills, and Mesa's library that stands in for the kernel's driver, built there from
# Debian 13's Mesa, which is taught Hopper. As root on Debian; some minutes, 2 GB.
# usage: bench/compilers/nvidia.sh [FOLDER]     default: /var/tmp/nvidia-compiler; else TASTESPACE_NVIDIA_COMPILER=FOLDER
set -euo pipefail
root=${1:-/var/tmp/nvidia-compiler}
mirror=http://deb.debian.org/debian
apt-get install -y --no-install-recommends debootstrap
[ -d "$root" ] || debootstrap --variant=minbase --include=ca-certificates,libvulkan1,mesa-vulkan-drivers sid "$root" $mirror
printf 'deb %s sid main\ndeb-src %s trixie main\n' $mirror $mirror >"$root/etc/apt/sources.list"
mkdir -p "$root/build" "$root/work"
chroot "$root" bash -euo pipefail <<'INSIDE'
apt-get update -o Acquire::Check-Valid-Until=false # a mirror may lag
apt-get install -y --no-install-recommends dpkg-dev meson ninja-build gcc g++ pkgconf libdrm-dev \
  python3-mako python3-yaml python3-packaging bison flex zlib1g-dev libzstd-dev libexpat1-dev
cd /build
apt-get source --download-only mesa
mkdir -p mesa && tar xf mesa_*.orig.tar.xz -C mesa --strip-components 1
# Hopper (0x180) goes with Ampere, but for its classes of copies, graphics and computing.
sed -i -e 's/case 0x170:/case 0x180: &/' -e 's/= AMPERE_DMA_COPY_A;/= HOPPER ? 0xc8b5 : AMPERE_DMA_COPY_A;/' \
  -e 's/= GA102_3D_CLASS;/= HOPPER ? 0xcb97 : GA102_3D_CLASS;/' \
  -e 's/= GA102_COMPUTE_CLASS;/= HOPPER ? 0xcbc0 : GA102_COMPUTE_CLASS;/' \
  -e '0,/^$/s//\n#define HOPPER ((device_info.chip_id \& ~0xf) == 0x180)\n/' mesa/src/nouveau/drm-shim/nouveau_noop.c
meson setup shim mesa -Dtools=drm-shim -Dgallium-drivers=nouveau -Dvulkan-drivers= -Dllvm=disabled -Dplatforms= \
  -Dglx=disabled -Degl=disabled -Dgbm=disabled -Dgles1=disabled -Dgles2=disabled -Dbuildtype=release -Dvideo-codecs= \
  -Dxmlconfig=disabled -Dvulkan-layers= -Dbuild-tests=false -Dlmsensors=disabled -Dvalgrind=disabled -Dlibunwind=disabled
ninja -C shim src/nouveau/drm-shim/libnouveau_noop_drm_shim.so
cp shim/src/nouveau/drm-shim/libnouveau_noop_drm_shim.so /work
INSIDE
