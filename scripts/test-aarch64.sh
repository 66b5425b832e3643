#!/usr/bin/env bash
# Compiles the bank engine and its tests for aarch64 and runs them under user-mode emulation: the NEON path must give
# the very bits that the x86-64 paths give. Debian's cross compiler, GoogleTest's sources and Highway for arm64.
set -euo pipefail
cd "$(dirname "$0")/.."

for tool in aarch64-linux-gnu-g++ qemu-aarch64 dpkg-deb; do
  command -v $tool >/dev/null || {
    echo "test-aarch64: no $tool; apt-get install g++-aarch64-linux-gnu qemu-user libgtest-dev libhwy-dev" >&2
    exit 1
  }
done
[ -d /usr/src/googletest ] || { echo "test-aarch64: no /usr/src/googletest; apt-get install libgtest-dev" >&2; exit 1; }

# Highway's run-time library of the same release as the installed headers, without touching the system's packages.
highway=$PWD/.deps/aarch64
if [ ! -f "$highway/usr/lib/aarch64-linux-gnu/libhwy.so" ]; then
  mkdir -p "$highway"
  version=$(dpkg-query -W -f '${source:Upstream-Version} ${Version} ${source:Package}' libhwy-dev)
  read -r _ full source <<<"$version"
  packages=$(sed -nE 's/^Types: deb.*//; s/^deb (\[[^]]*\] )?(http[^ ]+) .*/\2/p; s/^URIs: *(http[^ ]+).*/\1/p' \
    /etc/apt/sources.list /etc/apt/sources.list.d/* 2>/dev/null | sort -u || true)
  for mirror in $packages; do
    url=${mirror%/}/pool/main/${source:0:1}/$source/libhwy1_${full}_arm64.deb
    curl -fsSL -o "$highway/libhwy.deb" "$url" 2>/dev/null && break
  done
  [ -s "$highway/libhwy.deb" ] || { echo "test-aarch64: no libhwy1 $full for arm64 at: $packages" >&2; exit 1; }
  dpkg-deb -x "$highway/libhwy.deb" "$highway"
  ln -sf libhwy.so.1 "$highway/usr/lib/aarch64-linux-gnu/libhwy.so"
fi

build=build/aarch64
mkdir -p $build
sources="native/bank/cpu/kernels.cpp native/bank/nearest.cpp native/bank/objective.cpp native/bank/rows.cpp
  native/bank/select.cpp native/bank/thread_pool.cpp native/bank/walk.cpp
  native/tests/bank/nearest_test.cpp native/tests/bank/stages_test.cpp native/tests/bank/threads_test.cpp
  /usr/src/googletest/googletest/src/gtest-all.cc /usr/src/googletest/googletest/src/gtest_main.cc"
mkdir -p $build/include
ln -sfn /usr/include/hwy $build/include/hwy
objects=
for source in $sources; do
  object=$build/$(basename "$source").o
  objects="$objects $object"
  if [ ! -f "$object" ] || [ -n "$(find native "$source" -newer "$object" -print -quit)" ]; then
    aarch64-linux-gnu-g++ -std=c++20 -O2 -ffp-contract=off -Inative/bank -Inative/include -Inative/common -I$build/include \
      -I/usr/src/googletest/googletest/include -I/usr/src/googletest/googletest -c "$source" -o "$object"
  fi
done
# shellcheck disable=SC2086
aarch64-linux-gnu-g++ $objects -L"$highway/usr/lib/aarch64-linux-gnu" -lhwy -pthread -o $build/bank_tests
qemu-aarch64 -L /usr/aarch64-linux-gnu -E LD_LIBRARY_PATH="$highway/usr/lib/aarch64-linux-gnu" $build/bank_tests "$@"
