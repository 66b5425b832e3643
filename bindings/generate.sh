#!/usr/bin/env bash
# Generates the Java bindings of our own C headers with jextract (JEXTRACT=/path, else the
# one on PATH) and records what they were generated from in bindings.properties.
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

generate() { # room, name of the header class
  local header=$include/invp/$1.h
  [ -f "$header" ] || return 0
  "$jextract" -I "$include" --dump-includes "$work/$1.all" "$header" 2>"$work/$1.log" ||
    { cat "$work/$1.log" >&2; return 1; }
  # Only what the room's own header declares; an opaque struct has no layout to generate.
  local opaque
  opaque=$(sed -n 's/.*Skipping \([a-z_0-9]*\) (.*/\1/p' "$work/$1.log" | paste -sd'|')
  grep "/invp/$1\.h\$" "$work/$1.all" | grep '^--include' | sed 's/ *#.*//' |
    grep -vxE -e "--include-struct (${opaque:-none})" >"$work/$1.includes"
  "$jextract" -I "$include" --output "$work/out" --target-package "org.invp.bindings.$1" \
    --header-class-name "$2" "@$work/$1.includes" "$header" 2>"$work/$1.log" ||
    { cat "$work/$1.log" >&2; return 1; }
  grep -v 'Skipping' "$work/$1.log" >&2 || true
}

generate bank InvpBank
generate bank_cuda InvpBankCuda
generate image InvpImage
generate nn InvpNn

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
