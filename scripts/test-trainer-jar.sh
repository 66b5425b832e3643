#!/usr/bin/env bash
# The trainer jar must need a JDK and nothing else: runs "invp info" from a copy of the jar alone, in
# an empty environment, and looks at every library the process loads. Those of LibTorch (OpenBLAS,
# libgfortran, OpenMP included) must come from the jar, and from the system only the C and C++ runtime.
set -euo pipefail
cd "$(dirname "$0")/.."
jar=$PWD/target/invp-trainer.jar
java_home=$(scripts/find-jdk.sh --runtime)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
cp "$jar" "$work/invp-trainer.jar"
mkdir "$work/home"

fail() {
  echo "test-trainer-jar: $*" >&2
  exit 1
}

# What is in the jar comes with its license.
mkdir "$work/content"
jar_tool=$(scripts/find-jdk.sh)/bin/jar
(cd "$work/content" && "$jar_tool" --extract --file "$jar" META-INF/LICENSE META-INF/NOTICE META-INF/licenses)
cmp LICENSE "$work/content/META-INF/LICENSE" || fail "the jar has another LICENSE"
diff -r licenses "$work/content/META-INF/licenses" >&2 || fail "the jar lacks licenses"
grep -q 'META-INF/licenses' "$work/content/META-INF/NOTICE" || fail "the jar has another NOTICE"
echo "trainer jar: LICENSE, NOTICE and $(find licenses -name '*.txt' | wc -l) licenses of others"

(cd "$work" && env -i HOME="$work/home" XDG_CACHE_HOME="$work/home/.cache" \
  LD_DEBUG=files LD_DEBUG_OUTPUT="$work/loaded" \
  "$java_home/bin/java" -jar invp-trainer.jar info) >"$work/info" 2>"$work/errors" ||
  fail "invp info failed: $(cat "$work/errors")"
cat "$work"/loaded.* | sed -n 's/.*calling init: //p' | sort -u >"$work/libraries"

for library in libquadmath libgfortran libopenblas libgomp libc10 libtorch_cpu \
  libinvp_bank libinvp_image libinvp_nn; do
  grep -q "^$work/home/.cache/invp/.*/$library\.so" "$work/libraries" ||
    fail "$library was not loaded from the jar; loaded: $(grep "$library" "$work/libraries" || echo no copy of it)"
done

# The JDK's own libraries may also bring in zlib, where a distribution packages it.
strangers=$(grep -v -e "^$work/" -e "^$java_home/" -e "^$(readlink -f "$java_home")/" "$work/libraries" |
  grep -vE '/(libc|libm|libdl|libpthread|librt|libstdc\+\+|libgcc_s|libz)\.so[.0-9]*$|/ld-linux[^/]*$' || true)
[ -z "$strangers" ] || fail "the system's libraries were used: $strangers"

[ -s "$work/errors" ] && fail "invp info printed to standard error: $(cat "$work/errors")"

echo "trainer jar: $(grep -c "^$work/" "$work/libraries") libraries, all from the jar"

mkdir -p "$work/pictures/train/one"
cp src/test/resources/data/lossy.webp src/test/resources/data/colour.webp "$work/pictures/train/one"
"$java_home/bin/java" -jar "$work/invp-trainer.jar" bench loader --data "$work/pictures" --images 2 --batch 2 --repeats 1 \
  --json >"$work/loader" 2>&1 || fail "WebP is not read: $(cat "$work/loader")"
echo "trainer jar: WebP is read"

mkdir -p "$work/wörter/train/café"
cp src/test/resources/data/colour.webp "$work/wörter/train/café/é.webp"
cp src/test/resources/data/colour.webp "$work/wörter/train/café/ü.webp"
words=(bench loader --data "$work/wörter" --images 2 --batch 2 --repeats 1 --json)
env -i PATH="$PATH" HOME="$work/home" JAVA_HOME="$java_home" bin/invp "${words[@]}" >"$work/loader" 2>&1 ||
  fail "without a locale: $(cat "$work/loader")"
if message=$(LC_ALL=C "$java_home/bin/java" -jar "$work/invp-trainer.jar" "${words[@]}" 2>&1); then
  fail "names that are no ASCII were read as ASCII: $message"
fi
{ [ "$(wc -l <<<"$message")" = 1 ] && grep -q "LC_ALL=C.UTF-8" <<<"$message"; } ||
  fail "names that are no ASCII end with: $message"
echo "trainer jar: names in UTF-8 are read without a locale, or the error says what to set"

mkdir "$work/empty"
if message=$(cd "$work" && "$java_home/bin/java" "-Dinvp.native.dir=$work/empty" -jar invp-trainer.jar \
  bench bank --rows 64 --dim 8 --batch 4 --top 8 --repeats 1 --json 2>&1); then
  fail "a missing native library went unnoticed: $message"
fi
{ [ "$(wc -l <<<"$message")" = 1 ] && grep -q "libinvp_bank.so; tried $work/empty" <<<"$message"; } ||
  fail "a missing native library ends with: $message"
echo "trainer jar: a missing native library ends in one line that names the place"

# The memory bank alone, in an empty environment, by a command that may come before java's: its library comes from the jar.
bank() { # [command...] -- [option of java...]
  local before=()
  while [ "$1" != -- ]; do before+=("$1") && shift; done
  shift
  (cd "$work" && env -i PATH="$PATH" "${before[@]}" "$java_home/bin/java" "$@" -jar invp-trainer.jar bench bank \
    --rows 64 --dim 8 --batch 4 --top 8 --repeats 1 --json 2>&1)
}

fails_with() { # message, words that it has
  if [ "$(wc -l <<<"$1")" != 1 ] || ! grep -qF -- "$2" <<<"$1"; then fail "without '$2': $1"; fi
}

mkdir -m 777 "$work/everybody"
chmod 777 "$work/everybody"
if message=$(bank env -- -Dinvp.cache.dir="$work/everybody"); then
  fail "libraries were loaded from where others can write: $message"
fi
fails_with "$message" "$work/everybody can be written by other users (mode 777); name another folder with -Dinvp.cache.dir=DIR"
echo "trainer jar: nothing is loaded from where other users can write"

bank env -- -Dinvp.cache.dir="$work/cache" >"$work/out" || fail "$(cat "$work/out")"
library=$(ls "$work"/cache/libinvp_bank-*/libinvp_bank.so)
cp "$library" "$work/right"
overwrite() { printf evil | dd of="$1" bs=1 seek=4096 conv=notrunc status=none; }
cut_short() { truncate -s 5000 "$1"; }
for damage in overwrite cut_short; do
  $damage "$library"
  bank env -- -Dinvp.cache.dir="$work/cache" >"$work/out" || fail "$(cat "$work/out")"
  cmp "$work/right" "$library" || fail "a damaged library was not extracted anew"
done
echo "trainer jar: a damaged library in the cache is extracted anew"

if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
  chmod 711 "$work"
  nobody=(setpriv --reuid=54321 --regid=54321 --clear-groups)
  if message=$(bank "${nobody[@]}" --); then
    fail "a user without a home folder has a cache somewhere: $message"
  fi
  fails_with "$message" "-Dinvp.cache.dir=DIR"
  mkdir "$work/nobodys"
  chown 54321:54321 "$work/nobodys"
  bank "${nobody[@]}" -- -Dinvp.cache.dir="$work/nobodys" >"$work/out" || fail "$(cat "$work/out")"
  echo "trainer jar: a user without a name or home is told what to set"
fi

mkdir "$work/mounted"
if unshare -rm mount -t tmpfs -o noexec none "$work/mounted" 2>/dev/null; then
  for options in noexec ro; do
    # shellcheck disable=SC2016
    if message=$(bank unshare -rm sh -c 'mount -t tmpfs -o "$1" none "$2" && shift 2 && exec "$@"' sh $options "$work/mounted" -- \
      -Dinvp.cache.dir="$work/mounted"); then
      fail "a cache on a file system mounted $options: $message"
    fi
    fails_with "$message" "-Dinvp.cache.dir=DIR"
  done
  echo "trainer jar: a cache without the right to execute or to write ends in one line that names the setting"
fi

old_java=$(for home in /usr/lib/jvm/*; do
  version=$(sed -n 's/^JAVA_VERSION="\(1\.\)\{0,1\}\([0-9]*\).*/\2/p' "$home/release" 2>/dev/null)
  [ -n "$version" ] && [ "$version" -lt 22 ] && echo "$home/bin/java" && break
done || true)
if [ -n "$old_java" ]; then
  if message=$("$old_java" -jar "$jar" info 2>&1); then
    fail "an old Java ran the jar"
  fi
  { [ "$(wc -l <<<"$message")" = 1 ] && grep -q 'needs Java 22' <<<"$message"; } ||
    fail "an old Java ends with: $message"
  echo "trainer jar: an old Java ends in one clear line"
fi
