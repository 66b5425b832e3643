#!/usr/bin/env bash
# Checks (or with --fix, repairs) the format of our native code; --find only looks for the tool. Other major versions of
# clang-format lay code out differently, so only the one below counts.
set -euo pipefail
cd "$(dirname "$0")/.."

version=14

for candidate in "clang-format-$version" clang-format; do
  if command -v "$candidate" >/dev/null && "$candidate" --version | grep "version $version\." >/dev/null; then
    tool=$candidate
    break
  fi
done

case ${1:-} in
  --find) [ -n "${tool:-}" ] && exit 0 || exit 1 ;;
  --fix) mode=(-i) ;;
  *) mode=(--dry-run --Werror) ;;
esac
if [ -z "${tool:-}" ]; then
  echo "clang-format $version not found: the format of the native code is not checked"
  exit 0
fi
find native \( -name '*.h' -o -name '*.cpp' -o -name '*.c' -o -name '*.cu' \) -print0 |
  xargs -0 -r "$tool" "${mode[@]}"
