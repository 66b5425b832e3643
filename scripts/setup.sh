#!/usr/bin/env bash
# Makes sure that the tools and libraries of the build are there: through apt where it may,
# else it says what to install. Does nothing when nothing is missing.
# "setup.sh format" also gets the clang-format that the format check wants, if apt has it;
# "setup.sh lint" shellcheck, "setup.sh fuzz" clang with libFuzzer; "setup.sh browser" the Chromium that looks at the report (without it that test is skipped).
set -euo pipefail
cd "$(dirname "$0")/.."

missing=()

need_command() { # command, package
  command -v "$1" >/dev/null || missing+=("$2")
}

need_header() { # header, package
  echo "#include <$1>" | g++ -E -x c++ - >/dev/null 2>&1 || missing+=("$2")
}

need_command g++ g++
need_command cmake cmake
need_command mvn maven
need_command python3 python3
[ -n "${LIBTORCH:-}" ] || [ -f .deps/libtorch/STAMP ] || python3 -m pip --version >/dev/null 2>&1 ||
  need_command pip3 python3-pip
need_header hwy/highway.h libhwy-dev
need_header gtest/gtest.h libgtest-dev
need_header jpeglib.h libjpeg-dev
need_header webp/demux.h libwebp-dev
need_header gloo/context.h libgloo-dev

as_root=()
[ "$(id -u)" = 0 ] || as_root=(sudo -n)
may_install() {
  command -v apt-get >/dev/null && { [ "$(id -u)" = 0 ] || sudo -n true 2>/dev/null; }
}
apt_get() {
  "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=120 "$@"
}

jdk_found() {
  scripts/find-jdk.sh >/dev/null 2>&1
}

in_apt() {
  apt-cache policy "$1" 2>/dev/null | grep 'Candidate: [0-9]' >/dev/null
}

if [ "${1:-}" = format ] && ! scripts/format-native.sh --find >/dev/null && may_install; then
  in_apt clang-format-14 || [ -n "$(ls /var/lib/apt/lists/*_Packages* 2>/dev/null)" ] || apt_get update
  ! in_apt clang-format-14 || missing+=(clang-format-14)
fi

browser_found() {
  [ -n "${INVP_CHROMIUM:-}" ] || command -v chromium google-chrome chromium-browser >/dev/null
}
if [ "${1:-}" = browser ] && ! browser_found && may_install; then
  in_apt chromium || apt_get update || true
  if in_apt chromium; then
    echo "Installing: chromium"
    apt_get install -y --no-install-recommends chromium >/dev/null ||
      echo "setup: chromium could not be installed; the test of the report's page is skipped" >&2
  fi
fi

if [ "${1:-}" = lint ]; then
  need_command shellcheck shellcheck
fi
if [ "${1:-}" = fuzz ]; then
  ls /usr/lib/llvm-*/lib/clang/*/lib/linux/libclang_rt.fuzzer-*.a >/dev/null 2>&1 || missing+=(clang)
fi

if [ ${#missing[@]} = 0 ] && jdk_found; then
  exit 0
fi
if may_install; then
  echo "Installing: ${missing[*]:-a JDK}"
  apt_get update
  if ! jdk_found; then
    for version in 25 24 23 22; do
      if in_apt "openjdk-$version-jdk-headless"; then
        missing+=("openjdk-$version-jdk-headless")
        break
      fi
    done
  fi
  [ ${#missing[@]} = 0 ] || apt_get install -y --no-install-recommends "${missing[@]}" >/dev/null
elif [ ${#missing[@]} != 0 ]; then
  echo "setup: missing ${missing[*]}; install them (on Debian or Ubuntu: sudo apt-get install ${missing[*]})" >&2
  exit 1
fi
scripts/find-jdk.sh >/dev/null
