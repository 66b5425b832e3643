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
flags=(-std=c++20 -O2 -g0 -fPIC -ffp-contract=off -fvisibility=hidden -Wno-unknown-pragmas -Inative/bank -Inative/bank/cuda
  -Inative/bank/simt -Inative/include -Inative/common '-DINVP_VERSION="mutant"')
# name number tests
mutants=$(sed -nE 's/^ *k([A-Za-z]+) = ([0-9]+),.*/\1 \2/p' $cuda/mutants.cuh | grep -v '^None')
# The test that is there to notice each; a defect that other tests notice first is none the worse.
filter_of() { # number
  case $1 in
    1 | 2 | 3 | 4 | 5 | 6 | 20) echo 'CudaSimilar.*' ;;
    7 | 11) echo 'CudaNearest.repairs_every_query_when_the_lists_are_too_short' ;;
    8) echo 'CudaNearest.certifies_that_no_row_below_the_threshold_could_rank' ;;
    9) echo 'CudaNearest.is_exact_when_half_precision_cannot_tell_the_rows_apart' ;;
    10 | 21) echo 'CudaNearest.gives_the_same_bits_on_every_schedule' ;;
    12) echo 'CudaNearest.returns_every_row_when_asked_for_all' ;;
    13) echo 'CudaNearest.is_exact_where_every_value_is_a_subnormal_half' ;;
    14) echo 'CudaNearest.is_exact_where_all_rounding_errors_point_the_same_way' ;;
    15) echo 'CudaStages.take_a_graph_of_zeros_where_no_positive_is_left' ;;
    18) echo 'CudaStages.equal_the_cpu_engine_where_the_sums_are_long_and_inexact' ;;
    16 | 17) echo 'CudaStages.give_the_same_bits_on_every_schedule' ;;
    19) echo 'CudaNearest.leaves_rows_of_nan_out_and_says_when_too_few_are_left' ;;
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
  fresh='' skip=''
  for source in $sources; do
    object=$work/$(basename "$source").o
    ${CXX:-g++} "${flags[@]}" -DINVP_MUTANT="$number" -x c++ -c "$source" -o "$object"
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
  if LD_LIBRARY_PATH=$work timeout 300 "$tests" --gtest_fail_fast --gtest_filter="$(filter_of "$number")" >"$work/$number.log" 2>&1; then
    echo "mutant $number ($name, $file): NOT caught"
    failures=$((failures + 1))
  else
    caught=$(sed -n 's/.*FAILED.* \(Cuda[A-Za-z]*\.[a-z_]*\).*/\1/p' "$work/$number.log" | head -1)
    echo "mutant $number ($name, $file): caught by ${caught:-a crash}"
  fi
done <<<"$mutants"
echo "$tried mutants, $failures not caught"
[ "$tried" -gt 0 ] && [ "$failures" -eq 0 ]
