#!/usr/bin/env bash
# Generates the Java bindings of our own C headers with jextract (JEXTRACT=/path, else the
# one on PATH) and records what they were generated from in bindings.properties; with a CUDA
# toolkit (CUDA_HOME, else /usr/local/cuda) also those of the functions of the CUDA runtime that
# are called, and with cublas_v2.h (in the toolkit, else CUBLAS_INCLUDE) those of cuBLAS. Without
# the headers their committed bindings stay.
# The output is committed, so that only who changes a header needs jextract.
set -euo pipefail
cd "$(dirname "$0")/.."

revision=0b89a46 # of openjdk/jextract
include=native/include
properties=bindings/bindings.properties

jextract=${JEXTRACT:-$(command -v jextract || true)}
if [ -z "$jextract" ] || ! command -v "$jextract" >/dev/null; then
  echo "bindings: no jextract; set JEXTRACT=/path/to/jextract (revision $revision of openjdk/jextract)" >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

generate() { # header, package, name of the header class
  local header=$include/invp/$1.h
  "$jextract" -I "$include" --dump-includes "$work/$1.all" "$header" 2>"$work/$1.log" ||
    { cat "$work/$1.log" >&2; return 1; }
  # Only what the room's own header declares; an opaque struct has no layout to generate.
  local opaque
  opaque=$(sed -n 's/.*Skipping \([a-z_0-9]*\) (.*/\1/p' "$work/$1.log" | paste -sd'|')
  grep "/invp/$1\.h\$" "$work/$1.all" | grep '^--include' | sed 's/ *#.*//' |
    grep -vxE -e "--include-struct (${opaque:-none})" >"$work/$1.includes"
  "$jextract" -I "$include" --output "$work/out" --target-package "org.invp.bindings.$2" \
    --header-class-name "$3" "@$work/$1.includes" "$header" 2>"$work/$1.log" ||
    { cat "$work/$1.log" >&2; return 1; }
  grep -v 'Skipping' "$work/$1.log" >&2 || true
}

# Of a header of CUDA only what the list beside this script names.
generate_some() { # folder of the header, header, package, name of the header class
  if [ ! -f "$1/$2" ]; then
    echo "bindings: no $2 here, its bindings stay as they are" >&2
    mkdir -p "$work/out/org/invp/bindings"
    cp -r "bindings/org/invp/bindings/$3" "$work/out/org/invp/bindings/"
    return
  fi
  grep -v '^#' "bindings/$3.includes" >"$work/$3.includes"
  "$jextract" -I "$1" -I "$cuda/include" --output "$work/out" --target-package "org.invp.bindings.$3" \
    --header-class-name "$4" "@$work/$3.includes" "$1/$2" 2>"$work/$3.log" ||
    { cat "$work/$3.log" >&2; return 1; }
  grep -v 'Skipping' "$work/$3.log" >&2 || true
}

generate bank bank InvpBank
generate bank_cuda cuda InvpCuda
generate image image InvpImage
generate nn nn InvpNn
generate group group InvpGroup

cuda=${CUDA_HOME:-/usr/local/cuda}
cublas=${CUBLAS_INCLUDE:-$cuda/include}
generate_some "$cuda/include" cuda_runtime_api.h cudart CudaRuntimeApi
generate_some "$cublas" cublas_v2.h cublas Cublas

{
  echo "# Written by generate.sh; BindingsTest compares it with the headers."
  echo "jextract.revision=$revision"
  (cd "$include/invp" && sha256sum -- *.h) | sed 's/^\([0-9a-f]*\)  \(.*\)$/sha256.\2=\1/'
  echo "sha256.generated=$(cd "$work/out" && find org -name '*.java' | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d' ' -f1)"
} >"$work/bindings.properties"

if ! diff -rq "$work/out/org" bindings/org >/dev/null 2>&1; then
  rm -rf bindings/org
  mv "$work/out/org" bindings/org
fi
cmp -s "$work/bindings.properties" "$properties" || cp "$work/bindings.properties" "$properties"
