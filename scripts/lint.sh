#!/usr/bin/env bash
# Looks through the shell and Python of the project: shellcheck, and ruff where pip can get it.
set -euo pipefail
cd "$(dirname "$0")/.."
RUFF=0.16.9

mapfile -t shell < <(git ls-files '*.sh' bin/invp .ci/run)
shellcheck "${shell[@]}"

ruff=$(command -v ruff || echo .deps/lint/bin/ruff)
if ! [ -x "$ruff" ] && ! { python3 -m venv .deps/lint && .deps/lint/bin/pip -q install --no-deps "ruff==$RUFF"; } >/dev/null 2>&1; then
  echo "lint: ruff $RUFF could not be installed; Python is not looked through" >&2
  exit 0
fi
mapfile -t python < <(git ls-files '*.py')
"$ruff" check --quiet "${python[@]}"
