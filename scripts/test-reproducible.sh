#!/usr/bin/env bash
# The same sources give the same bits in any folder. Compares what `make package` built here with a second build elsewhere:
# a source file of each native library, one library as a whole, and both jars. What javac makes is taken from here, and
# the rest of the native sources are not compiled again; no library may name the folder that it was built in.
set -euo pipefail
cd "$(dirname "$0")/.."
here=$PWD

fail() {
  echo "test-reproducible: $*" >&2
  exit 1
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
there=$work/another/folder
mkdir -p "$there/build/native" "$there/target"

libraries=$(sed -n 's/.*<include>\(lib.*\.so[.0-9]*\)<\/include>.*/\1/p' pom.xml)
for library in $libraries; do
  [ ! -f "build/native/lib/$library" ] || ! grep -qF "$here" "build/native/lib/$library" ||
    fail "build/native/lib/$library names $here: compile with INVP_ANYWHERE (native/CMakeLists.txt)"
done

cp -r native pom.xml LICENSE NOTICE licenses scripts .mvn "$there/"
ln -s "$here/.deps" "$there/.deps"

natives() {
  cmake -S "$there/native" -B "$there/build/native" -DCMAKE_BUILD_TYPE=Release -DBUILD_TESTING=OFF \
    >"$work/configure.log" 2>&1 || { cat "$work/configure.log" >&2; fail "it cannot be configured elsewhere"; }
  local object objects="bank/CMakeFiles/invp_bank_core.dir/select.cpp.o nn/CMakeFiles/invp_nn_objects.dir/tensors.cpp.o"
  for object in $objects; do
    make -s -C "$there/build/native/${object%%/*}" "$(basename "$object")" >"$work/build.log" 2>&1 ||
      { cat "$work/build.log" >&2; fail "$object cannot be built elsewhere"; }
    cmp "build/native/$object" "$there/build/native/$object" || fail "$object differs when built in another folder"
  done
  cmake --build "$there/build/native" --parallel "$(nproc)" --target invp_image >"$work/build.log" 2>&1 ||
    { cat "$work/build.log" >&2; fail "libinvp_image.so cannot be built elsewhere"; }
  cmp build/native/lib/libinvp_image.so "$there/build/native/lib/libinvp_image.so" ||
    fail "libinvp_image.so differs when built in another folder"
  echo "natives: the same bits in another folder"
}

# ccache answers with what it has, and may change paths.
if grep -q '^CMAKE_CXX_COMPILER_LAUNCHER:[A-Z]*=.' build/native/CMakeCache.txt; then
  echo "natives: not compared, build/native was compiled through a launcher"
else
  unset CMAKE_C_COMPILER_LAUNCHER CMAKE_CXX_COMPILER_LAUNCHER
  natives
fi

mkdir -p "$there/src" "$there/build/native/lib"
cp -r src/main src/launcher "$there/src/"
cp -r target/classes "$there/target/"
for library in $libraries; do
  [ ! -f "build/native/lib/$library" ] || cp "build/native/lib/$library" "$there/build/native/lib/"
done
"$there/scripts/mvn.sh" -q package -Dmaven.main.skip -Dmaven.test.skip -Dforbiddenapis.skip >"$work/package.log" 2>&1 ||
  { cat "$work/package.log" >&2; fail "it cannot be packaged elsewhere"; }
for jar in target/invp-[0-9]*.jar target/invp-trainer.jar; do
  cmp "$jar" "$there/$jar" || fail "$jar differs when packaged in another folder"
done
echo "jars: the same bits in another folder"
