#!/usr/bin/env bash
# Puts LibTorch into .deps/libtorch/{include,lib}: headers from the torch wheel,
# libraries from Maven. LIBTORCH=/path (a folder with include/ and lib/) replaces both.
# The distribution's own LibTorch is never used: its version differs.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD

version=2.13.0
pytorch=org.bytedeco:pytorch:2.13.0-1.5.14:jar:linux-x86_64
openblas=org.bytedeco:openblas:0.3.31-1.5.13:jar:linux-x86_64
dependency_plugin=org.apache.maven.plugins:maven-dependency-plugin:3.8.1
libraries=(libquadmath.so.0 libgfortran.so.5 libopenblas.so.0 libgomp.so.1 libc10.so libtorch_cpu.so libtorch.so)

target=$root/.deps/libtorch
stamp=$target/STAMP

fail() {
  echo "fetch-libtorch: $*" >&2
  exit 1
}

header_version() {
  local header=$1/torch/headeronly/version.h part
  [ -f "$header" ] || return 0
  for part in MAJOR MINOR PATCH; do
    sed -n "s/^#define TORCH_VERSION_$part \([0-9]*\).*/\1/p" "$header" | head -n 1
  done | paste -sd.
}

wanted="version=$version libraries=$pytorch,$openblas path=${LIBTORCH:-}"
if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && [ -e "$target/lib/libtorch_cpu.so" ]; then
  exit 0
fi

if [ -n "${LIBTORCH:-}" ]; then
  case $(realpath -m "$LIBTORCH") in
    /usr | /usr/*) fail "LIBTORCH=$LIBTORCH is the distribution's; unset LIBTORCH to have $version fetched" ;;
  esac
  [ -e "$LIBTORCH/lib/libtorch_cpu.so" ] || fail "LIBTORCH=$LIBTORCH has no lib/libtorch_cpu.so; name a folder with LibTorch $version's include/ and lib/"
  found=$(header_version "$LIBTORCH/include")
  [ "$found" = "$version" ] || fail "LIBTORCH=$LIBTORCH is version ${found:-unknown}; invp needs $version"
  rm -rf "$target"
  mkdir -p "$target"
  ln -s "$(realpath "$LIBTORCH/include")" "$target/include"
  ln -s "$(realpath "$LIBTORCH/lib")" "$target/lib"
  echo "$wanted" >"$stamp"
  exit 0
fi

[ "$(uname -sm)" = "Linux x86_64" ] ||
  fail "no packaged LibTorch for $(uname -sm); set LIBTORCH=/path to a LibTorch $version with include/ and lib/"
command -v python3 >/dev/null || fail "python3 is missing; install it (apt-get install python3 python3-pip)"
command -v mvn >/dev/null || fail "mvn is missing; install it (apt-get install maven)"
if python3 -m pip --version >/dev/null 2>&1; then
  pip=(python3 -m pip)
elif command -v pip3 >/dev/null; then
  pip=(pip3)
else
  fail "pip is missing; install it (apt-get install python3-pip), or set LIBTORCH=/path to a LibTorch $version"
fi

work=$root/.deps/libtorch.partial
rm -rf "$work"
mkdir -p "$work/download" "$work/lib"
trap 'rm -rf "$work"' EXIT

# One wheel, whatever Python is here: only its headers are used. Not every index has the CPU build.
download_wheel() {
  PIP_RETRIES=0 "${pip[@]}" download --quiet --no-deps --dest "$work/download" --only-binary=:all: --python-version 3.11 \
    --platform manylinux_2_28_x86_64 "$@" "torch==$version+cpu" >>"$work/pip.log" 2>&1
}

check() { # file...
  local message
  message=$(scripts/check-download.sh "$@" 2>&1) || fail "${message#check-download: }"
}

echo "LibTorch $version: headers from the torch wheel"
download_wheel || download_wheel --extra-index-url https://download.pytorch.org/whl/cpu ||
  fail "pip could not download torch==$version+cpu ($(grep -m1 ERROR "$work/pip.log" || tail -n 1 "$work/pip.log")); give pip access to https://download.pytorch.org/whl/cpu, or set LIBTORCH=/path to a LibTorch $version"
check "$work"/download/*.whl

echo "LibTorch $version: libraries from Maven"
for artifact in "$pytorch" "$openblas"; do
  (cd "$work/download" && mvn -q -B "$dependency_plugin:copy" "-Dartifact=$artifact" \
    "-DoutputDirectory=$work/download" >"$work/mvn.log" 2>&1) ||
    fail "Maven could not fetch $artifact ($(grep -m1 ERROR "$work/mvn.log" || tail -n 1 "$work/mvn.log")); check its access to Maven Central, or set LIBTORCH=/path"
done
check "$work"/download/*.jar

python3 - "$work" "${libraries[@]}" <<'PY'
import pathlib, shutil, sys, zipfile

work, wanted = pathlib.Path(sys.argv[1]), set(sys.argv[2:])
for wheel in (work / "download").glob("torch-*.whl"):
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(work, [n for n in archive.namelist() if n.startswith("torch/include/")])
(work / "torch" / "include").rename(work / "include")
for jar in (work / "download").glob("*.jar"):
    with zipfile.ZipFile(jar) as archive:
        for name in archive.namelist():
            file = pathlib.PurePosixPath(name).name
            if file in wanted:
                with archive.open(name) as source, open(work / "lib" / file, "wb") as sink:
                    shutil.copyfileobj(source, sink, 1 << 20)
                (work / "lib" / file).chmod(0o755)
PY

for library in "${libraries[@]}"; do
  [ -s "$work/lib/$library" ] || fail "$library is in neither $pytorch nor $openblas"
done
found=$(header_version "$work/include")
[ "$found" = "$version" ] || fail "the wheel's headers are version ${found:-unknown}, not $version"

rm -rf "$work/download" "$work/torch" "$work"/*.log "$target"
mkdir -p "$target"
mv "$work/include" "$work/lib" "$target/"
echo "$wanted" >"$stamp"
