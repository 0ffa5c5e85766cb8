#!/bin/bash
# Mesa's Vulkan compiler for NVIDIA's cards (NVK) without a card, for `npm run bench -- compilers`: that of Debian
# unstable in a folder, since Debian 13's does not say what it spills. Mesa's library that stands in for the kernel's
# driver is built, and taught Hopper, in the folder that intel.sh has made before. As root on Debian; a minute or two,
# 1 GB.
# usage: bench/compilers/nvidia.sh [FOLDER [INTEL_FOLDER]]
# default: /var/tmp/nvidia-compiler /var/tmp/intel-compiler; else TASTESPACE_NVIDIA_COMPILER=FOLDER
set -euo pipefail
root=${1:-/var/tmp/nvidia-compiler}
intel=${2:-/var/tmp/intel-compiler}
[ -d "$root" ] || debootstrap --variant=minbase --include=ca-certificates,libvulkan1,mesa-vulkan-drivers sid "$root" http://deb.debian.org/debian
chroot "$intel" bash -euo pipefail <<'INSIDE'
cd /build
source=mesa/src/nouveau/drm-shim/nouveau_noop.c
# Hopper (0x180) goes with Ampere, but for its classes of copies, graphics and computing.
grep -q HOPPER $source || sed -i -e 's/case 0x170:/case 0x180: &/' \
  -e 's/= AMPERE_DMA_COPY_A;/= HOPPER ? 0xc8b5 : AMPERE_DMA_COPY_A;/' -e 's/= GA102_3D_CLASS;/= HOPPER ? 0xcb97 : GA102_3D_CLASS;/' \
  -e 's/= GA102_COMPUTE_CLASS;/= HOPPER ? 0xcbc0 : GA102_COMPUTE_CLASS;/' \
  -e '0,/^$/s//\n#define HOPPER ((device_info.chip_id \& ~0xf) == 0x180)\n/' $source
[ -d nouveau ] || meson setup nouveau mesa -Dtools=drm-shim -Dgallium-drivers=nouveau -Dvulkan-drivers= -Dllvm=disabled \
  -Dplatforms= -Dglx=disabled -Degl=disabled -Dgbm=disabled -Dgles1=disabled -Dgles2=disabled -Dbuildtype=release \
  -Dvideo-codecs= -Dxmlconfig=disabled -Dvulkan-layers= -Dbuild-tests=false -Dlmsensors=disabled -Dvalgrind=disabled \
  -Dlibunwind=disabled
ninja -C nouveau src/nouveau/drm-shim/libnouveau_noop_drm_shim.so
INSIDE
mkdir -p "$root/work"
cp "$intel/build/nouveau/src/nouveau/drm-shim/libnouveau_noop_drm_shim.so" "$root/work"
