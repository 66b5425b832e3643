#!/usr/bin/env bash
# Checks (or with --fix, repairs) the format of our native code. Other major versions of
# clang-format lay code out differently, so only the one below counts.
set -euo pipefail
cd "$(dirname "$0")/.."

version=14
mode=(--dry-run --Werror)
[ "${1:-}" = --fix ] && mode=(-i)

for tool in "clang-format-$version" clang-format; do
  if command -v "$tool" >/dev/null && "$tool" --version | grep -q "version $version\."; then
    find native \( -name '*.h' -o -name '*.cpp' -o -name '*.c' -o -name '*.cu' \) -print0 |
      xargs -0 -r "$tool" "${mode[@]}"
    exit 0
  fi
done
echo "clang-format $version not found: the format of the native code is not checked"
