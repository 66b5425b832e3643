#!/usr/bin/env bash
# Prints the home of a JDK >= 22: JAVA_HOME if it is one, else the newest one found.
# With --runtime a Java without a compiler will do.
set -euo pipefail

needed=22
program=bin/javac
[ "${1:-}" = --runtime ] && program=bin/java

# The feature version of a Java home, or nothing.
feature() {
  local version
  [ -x "$1/$program" ] && [ -x "$1/bin/java" ] || return 0
  if [ -r "$1/release" ]; then
    version=$(sed -n 's/^JAVA_VERSION="\([^"]*\)".*/\1/p' "$1/release")
  else
    version=$("$1/bin/java" -version 2>&1 | sed -n 's/.* version "\([^"]*\)".*/\1/p' | head -n 1)
  fi
  version=${version#1.}
  version=${version%%[!0-9]*}
  echo "$version"
}

usable() {
  local version
  version=$(feature "$1")
  [ -n "$version" ] && [ "$version" -ge "$needed" ]
}

if [ -n "${JAVA_HOME:-}" ] && usable "$JAVA_HOME"; then
  echo "$JAVA_HOME"
  exit 0
fi

best='' best_version=0
on_path=$(command -v java || true)
[ -n "$on_path" ] && on_path=$(dirname "$(dirname "$(readlink -f "$on_path")")")
for home in "$on_path" /usr/lib/jvm/* /usr/java/* /usr/local/java* /opt/java/* /opt/jdk* /opt/*-jdk* \
  "${HOME:-/nowhere}"/.sdkman/candidates/java/* "${HOME:-/nowhere}"/.jdks/*; do
  version=$(feature "$home")
  if [ -n "$version" ] && [ "$version" -ge "$needed" ] && [ "$version" -gt "$best_version" ]; then
    best=$home best_version=$version
  fi
done

if [ -z "$best" ]; then
  echo "invp: no JDK >= $needed found (looked at JAVA_HOME=${JAVA_HOME:-unset}, PATH, /usr/lib/jvm, /opt, ~/.sdkman, ~/.jdks); install one or set JAVA_HOME to it. Debian 12 and Ubuntu 22.04 have none; Eclipse Temurin has:" >&2
  echo "  mkdir -p ~/.jdks && curl -fsSL https://api.adoptium.net/v3/binary/latest/25/ga/linux/$(uname -m | sed 's/x86_64/x64/')/jdk/hotspot/normal/eclipse | tar xz -C ~/.jdks" >&2
  exit 1
fi
echo "$best"
