#!/usr/bin/env bash
# Tests or measures the bank on a CUDA device: with-cuda.sh test|bench. INVP_DEVICE names the device
# (default: cuda). Without one it ends with the line that says what is missing.
set -euo pipefail
cd "$(dirname "$0")/.."

device=${INVP_DEVICE:-cuda}
java=$(scripts/find-jdk.sh)/bin/java
info=$("$java" --enable-native-access=ALL-UNNAMED -jar target/invp-trainer.jar info || true)
name=$device
[ "$name" != cuda ] || name=cuda:0
line=$(grep "^device $name " <<<"$info" || true)
if [ -z "$line" ]; then
  echo "no device $name; $(grep '^cuda ' <<<"$info" | sed 's/^cuda  *//')" >&2
  exit 1
fi
echo "$line"

run_tests() {
  local tests=GoldenTest,ObjectivePropertyTest options=()
  if [ -f build/native/lib/libinvp_nn_cuda.so ]; then
    tests+=,DeviceNetworkTest
    options=("-Dlibtorch.libraries=$PWD/build/native/libtorch-cuda")
  else
    echo "no libinvp_nn_cuda.so (make cuda-link): the network is not tested" >&2
  fi
  INVP_DEVICE=$device scripts/mvn.sh -q test -Dtest="$tests" "${options[@]}"
  if command -v compute-sanitizer >/dev/null; then
    INVP_DEVICE=$device compute-sanitizer --target-processes all --error-exitcode 1 \
      scripts/mvn.sh -q test -Dtest=GoldenTest
  else
    echo "compute-sanitizer is not installed: not run" >&2
  fi
}

run_benchmarks() {
  local work gpu way part
  work=$(mktemp -d)
  gpu=$(sed -E 's/^device +[^ ]+ +[^ ]+ +(.*) \(sm_[0-9]+\)$/\1/' <<<"$line" |
    tr '[:upper:]' '[:lower:]' | sed -E 's/[^a-z0-9]+/-/g; s/^-|-$//g')
  "$java" --enable-native-access=ALL-UNNAMED -jar bench/target/benchmarks.jar \
    'Nearest|Objective|Walk' -p "device=$device" -p rows=1281167 -p batch=256 \
    -rf json -rff "$work/jmh.json"
  for way in own cublas; do
    for part in nearest bank; do
      "$java" --enable-native-access=ALL-UNNAMED "-Dinvp.cuda.search=$way" \
        -jar target/invp-trainer.jar bench "$part" --device "$device" --batch 256 --repeats 20 --json \
        >"$work/$way-$part.json"
    done
  done
  python3 scripts/collect-cuda.py "$work" "bench/results/cuda-$gpu.json" "$info" "$line"
  rm -rf "$work"
}

case ${1:-} in
  test) run_tests ;;
  bench) run_benchmarks ;;
  *) echo "with-cuda.sh test|bench" >&2; exit 2 ;;
esac
