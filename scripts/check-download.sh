#!/usr/bin/env bash
# Compares files with scripts/downloads.sha256: check-download.sh FILE... Of a .gz that has no sum of its own the
# content is compared. The first that differs, or that the list does not know, is named and ends it.
set -euo pipefail
list=$(dirname "$0")/downloads.sha256

wanted() { # name
  awk -v name="$1" '$2 == name { print $1 }' "$list"
}

for file in "$@"; do
  name=$(basename "$file")
  sum=$(wanted "$name")
  if [ -n "$sum" ]; then
    found=$(sha256sum "$file" | cut -d' ' -f1)
  elif sum=$(wanted "${name%.gz}") && [ -n "$sum" ]; then
    found=$(gzip -dc "$file" 2>/dev/null | sha256sum | cut -d' ' -f1) || found=unreadable
  else
    echo "check-download: $list has no checksum for $name" >&2
    exit 1
  fi
  if [ "$found" != "$sum" ]; then
    echo "check-download: $file is damaged or another's (SHA-256 $found instead of $sum)" >&2
    exit 1
  fi
done
