#!/usr/bin/env bash
# Maven on a JDK that is new enough for the formatter, without progress noise.
set -euo pipefail
cd "$(dirname "$0")/.."
JAVA_HOME=$(scripts/find-jdk.sh)
export JAVA_HOME
# Maven's own libraries use what newer JDKs warn about.
export MAVEN_OPTS="--enable-native-access=ALL-UNNAMED --sun-misc-unsafe-memory-access=allow ${MAVEN_OPTS:-}"
"$JAVA_HOME/bin/java" --sun-misc-unsafe-memory-access=allow --version >/dev/null 2>&1 ||
  MAVEN_OPTS=${MAVEN_OPTS/--sun-misc-unsafe-memory-access=allow/}
exec mvn -B -ntp "$@"
