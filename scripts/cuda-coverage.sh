#!/usr/bin/env bash
# Which lines of the kernels the tests run: the emulated device's sources compiled with gcov, the tests of the kernels, and
# a table. Fails below 95 %.
set -euo pipefail
cd "$(dirname "$0")/.."
build=$PWD/build/coverage
mkdir -p "$build"
cmake -S native -B "$build" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_CXX_FLAGS="-O1 --coverage" -DINVP_ROOMS=bank >"$build/configure.log"
cmake --build "$build" --parallel "${JOBS:-$(nproc)}" --target bank_cuda_tests >"$build/build.log"
find "$build" -name '*.gcda' -delete
"$build/tests/bank_cuda/bank_cuda_tests" --gtest_brief=1
# From the folder that the compiler ran in, so that gcov finds the sources.
cd "$build/bank/simt"
gcov --stdout CMakeFiles/invp_bank_simt.dir/__/cuda/*.gcno 2>/dev/null |
  awk -v wanted=95 '
    / *-: *0:Source:/ { sub(/.*Source:/, ""); file = $0; next }
    file !~ /bank\/cuda\/[a-z_]*\.cuh?$/ { next }
    {
      split($0, part, ":"); count = part[1]; line = part[2] + 0; gsub(/[ *]/, "", count)
      if (line == 0 || count == "-" || count == "") next
      key = file ":" line; known[key] = file
      if (count !~ /^#/ && count !~ /^=/) run[key] = 1; else text[key] = $0
    }
    END {
      for (key in known) { lines[known[key]]++; total++; if (key in run) { hit[known[key]]++; all++ } else missed[key] = text[key] }
      if (total == 0) { print "cuda-coverage: gcov saw no line of the kernels"; exit 1 }
      for (file in lines) { name = file; sub(/.*\//, "", name); printf "%-20s %4d of %4d lines\n", name, hit[file], lines[file] | "sort" }
      close("sort")
      for (key in missed) print "not run: " missed[key] " (" key ")"
      printf "all: %.1f %% of %d lines\n", 100 * all / total, total
      exit 100 * all / total < wanted
    }'
