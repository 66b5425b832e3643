#!/usr/bin/env bash
# Prints a folder that holds Fashion-MNIST; fetches it, without root where possible.
set -euo pipefail
cd "$(dirname "$0")/.."

site=http://fashion-mnist.s3-website.eu-central-1.amazonaws.com
package=dataset-fashion-mnist
target=$PWD/.deps/data/fashion-mnist
files=(train-images-idx3-ubyte.gz train-labels-idx1-ubyte.gz t10k-images-idx3-ubyte.gz t10k-labels-idx1-ubyte.gz)

# Whether a folder holds the data set; what is there and differs is named.
holds_it() { # folder
  local file
  for file in "${files[@]}"; do
    [ -f "$1/$file" ] || return 1
  done
  scripts/check-download.sh "${files[@]/#/$1/}"
}

for folder in /usr/share/datasets/fashion-mnist "$target"; do
  if holds_it "$folder"; then
    echo "$folder"
    exit 0
  fi
done

work=$PWD/.deps/data/partial
rm -rf "$work"
mkdir -p "$work"
trap 'rm -rf "$work"' EXIT

from_apt() {
  command -v apt-get >/dev/null && command -v dpkg-deb >/dev/null || return 1
  if ! (cd "$work" && apt-get -qq download "$package") >/dev/null 2>&1; then
    # The list of packages may be missing; only root can fetch it.
    local as_root=
    [ "$(id -u)" = 0 ] || as_root="sudo -n"
    $as_root apt-get -qq update >/dev/null 2>&1 || return 1
    (cd "$work" && apt-get -qq download "$package") >/dev/null 2>&1 || return 1
  fi
  dpkg-deb -x "$work"/"$package"_*.deb "$work/package" &&
    mv "$work"/package/usr/share/datasets/fashion-mnist "$work/data" && holds_it "$work/data"
}

from_site() {
  command -v curl >/dev/null || return 1
  rm -rf "$work/data"
  mkdir -p "$work/data"
  local file
  for file in "${files[@]}"; do
    curl -fsL --retry 2 -o "$work/data/$file" "$site/$file" || return 1
  done
  holds_it "$work/data"
}

if ! from_apt && ! from_site; then
  echo "fetch-fashion-mnist: neither apt (package $package) nor $site could be reached; put the four .gz files into $target" >&2
  exit 1
fi
rm -rf "$target"
mv "$work/data" "$target"
echo "$target"
