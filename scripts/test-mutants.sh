#!/usr/bin/env bash
# Builds the kernels with one defect at a time (native/bank/cuda/mutants.cuh) and demands that the tests fail:
# test-mutants.sh [BUILD] [NUMBER...]. Only what a defect touches is compiled anew.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$PWD/${1:-build/native}
shift || true
cuda=native/bank/cuda
objects=$build/bank/simt/CMakeFiles/invp_bank_simt.dir
tests=$build/tests/bank_cuda/bank_cuda_tests
work=$build/mutants
mkdir -p "$work"
flags="-std=c++20 -O2 -g0 -fPIC -ffp-contract=off -fvisibility=hidden -Wno-unknown-pragmas -Inative/bank -Inative/bank/cuda
  -Inative/bank/simt -Inative/include -Inative/common -DINVP_VERSION=\"mutant\""

# name number tests
mutants=$(sed -nE 's/^ *k([A-Za-z]+) = ([0-9]+),.*/\1 \2/p' $cuda/mutants.cuh | grep -v '^None')
filter_of() { # file
  case $1 in
    similarity.cu | select.cu | filter.cu | shadow.cu | repair.cu) echo 'CudaNearest*:CudaSimilar*' ;;
    *) echo 'Cuda*' ;;
  esac
}

failures=0 tried=0
while read -r name number; do
  if [ $# -gt 0 ] && ! printf '%s\n' "$@" | grep -qx "$number"; then continue; fi
  place=$(grep -l "mutant(k$name)" $cuda/*.cu $cuda/*.cuh | grep -v mutants.cuh | head -1)
  file=$(basename "$place")
  case $file in
    *.cu) sources=$place ;;
    *)    # whatever includes the header, at one remove
      sources=$(grep -lE "\"($file|$(grep -l "\"$file\"" $cuda/*.cuh | xargs -rn1 basename | paste -sd'|'))\"" $cuda/*.cu) ;;
  esac
  fresh= skip=
  for source in $sources; do
    object=$work/$(basename "$source").o
    # shellcheck disable=SC2086
    ${CXX:-ccache g++} $flags -DINVP_MUTANT="$number" -x c++ -c "$source" -o "$object"
    fresh="$fresh $object"
    skip="$skip $(basename "$source").o"
  done
  others=
  for object in "$objects"/__/cuda/*.o; do
    case " $skip " in *" $(basename "$object") "*) ;; *) others="$others $object" ;; esac
  done
  # shellcheck disable=SC2086
  g++ -shared -Wl,-soname,libinvp_bank_simt.so -o "$work/libinvp_bank_simt.so" $fresh $others "$build"/bank/simt/CMakeFiles/invp_simt_runtime.dir/*.o
  tried=$((tried + 1))
  if LD_LIBRARY_PATH=$work INVP_SCHEDULES=40 timeout 300 "$tests" --gtest_fail_fast --gtest_filter="$(filter_of "$file")" >"$work/$number.log" 2>&1; then
    echo "mutant $number ($name, $file): NOT caught"
    failures=$((failures + 1))
  else
    echo "mutant $number ($name, $file): caught by $(sed -n 's/.*FAILED.* \(Cuda[A-Za-z]*\.[a-z_]*\).*/\1/p' "$work/$number.log" | head -1)"
  fi
done <<<"$mutants"
echo "$tried mutants, $failures not caught"
[ "$tried" -gt 0 ] && [ "$failures" -eq 0 ]
