#!/usr/bin/env bash
# Fuzzes every reader of outside bytes and the C interfaces for some seconds each: fuzz.sh SECONDS [TARGET...]. Java
# readers by Jazzer, the native decoder by libFuzzer; what makes one fail is kept as a seed that `make test` reads from
# then on. The C interfaces (abi-bank, abi-cuda, abi-image, abi-nn) get drawn arguments under ASan and UBSan; a finding
# names the seed that repeats it. Needs what `make native` builds.
set -euo pipefail
cd "$(dirname "$0")/.."
seconds=${1:?seconds per target}
shift
only=("$@")
status=0

wanted() {
  [ ${#only[@]} -eq 0 ] && return 0
  local target
  for target in "${only[@]}"; do
    [ "$target" = "$1" ] && return 0
  done
  return 1
}

# One line a target: its name, how often it ran, and how it ended.
report() {
  local name=$1 log=$2 rc=$3
  local runs
  runs=$(grep -a -oE 'Done [0-9]+ runs' "$log" | grep -oE '[0-9]+' | tail -1 || true)
  [ -n "$runs" ] || rc=1
  if [ "$rc" -eq 0 ]; then
    echo "$name: ${runs} runs, no finding"
  else
    echo "$name: FAILED after ${runs:-no} runs; see $log"
    status=1
  fi
}

mkdir -p build/fuzz
java_targets() {
  grep -A2 -E '@FuzzTest' -r src/test/java --include='*FuzzTest.java' |
    sed -nE 's/.*\/([A-Za-z]+)\.java-  void ([A-Za-z]+)\(.*/\1#\2/p'
}

compiled=
for target in $(java_targets); do
  name=${target#*#}
  wanted "$name" || continue
  [ -n "$compiled" ] || scripts/mvn.sh -q test-compile
  compiled=1
  log=build/fuzz/$name.log
  rc=0
  JAZZER_FUZZ=1 scripts/mvn.sh surefire:test@fuzz -Dtest="$target" -Dfuzz.skip=false -Djazzer.max_duration="${seconds}s" \
    -Dsurefire.reportsDirectory=build/fuzz/reports >"$log" 2>&1 || rc=$?
  report "$name" "$log" "$rc"
done

if wanted jpeg; then
  scripts/setup.sh fuzz
  clang=$(compgen -G '/usr/bin/clang-[0-9]*' | grep -E 'clang-[0-9]+$' | sort -V | tail -1)
  cmake -S native -B build/native-fuzz -DCMAKE_BUILD_TYPE=Release -DINVP_ROOMS=image -DBUILD_TESTING=OFF \
    -DINVP_FUZZ=ON -DINVP_SANITIZE=address,undefined,fuzzer-no-link \
    -DCMAKE_C_COMPILER="$clang" -DCMAKE_CXX_COMPILER="${clang/clang/clang++}" >build/fuzz/cmake.log
  cmake --build build/native-fuzz --target image_fuzz >>build/fuzz/cmake.log
  # The seeds, each once for every setting of the first byte.
  mkdir -p build/fuzz/jpeg-corpus build/fuzz/jpeg-seeds
  for seed in src/test/resources/data/*.{jpg,webp} src/test/resources/data/encoded/*.{jpg,webp}; do
    for choice in 0 1 2 3; do
      { printf '%b' "\\x0$choice"; cat "$seed"; } >"build/fuzz/jpeg-seeds/$choice-$(basename "$seed")"
    done
  done
  rc=0
  build/native-fuzz/fuzz/image_fuzz -max_total_time="$seconds" -timeout=20 -rss_limit_mb=2048 -max_len=16384 \
    -artifact_prefix=build/fuzz/ build/fuzz/jpeg-corpus build/fuzz/jpeg-seeds >build/fuzz/jpeg.log 2>&1 || rc=$?
  report jpeg build/fuzz/jpeg.log "$rc"
fi
# Where the fuzzers of the C interfaces are built; what is there already is kept.
sanitized=build/native-address-undefined
abi() { # target, its program, the rooms it needs; ABI_SEED draws the same arguments every time
  wanted "$1" || return 0
  local rc=0
  make -s native SANITIZE=address,undefined ROOMS="$3" >build/fuzz/sanitized.log 2>&1 || rc=$?
  if [ "$rc" -ne 0 ]; then
    cp build/fuzz/sanitized.log "build/fuzz/$1.log"
  else
    # The networks' library lies apart from LibTorch here. A size that no memory has ends in a status, as it does without the sanitizer.
    LD_LIBRARY_PATH="${LIBTORCH:-$PWD/.deps/libtorch}/lib" ASAN_OPTIONS=allocator_may_return_null=1:max_allocation_size_mb=4096 \
      "$sanitized/fuzz/$2" "$seconds" ${ABI_SEED:+"$ABI_SEED"} >"build/fuzz/$1.log" 2>&1 || rc=$?
  fi
  report "$1" "build/fuzz/$1.log" "$rc"
}
abi abi-bank bank_abi_fuzz "bank image"
abi abi-cuda bank_cuda_abi_fuzz "bank image"
abi abi-image image_abi_fuzz "bank image"
abi abi-nn nn_abi_fuzz "bank image nn"
exit "$status"
