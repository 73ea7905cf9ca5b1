#!/usr/bin/env bash
# Make .venv with everything that the tool and its Python tests need. A second run takes well under a second.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh

stamp=.venv/.ready
inputs=(pyproject.toml constraints.txt runtimes/python/pyproject.toml scripts/bootstrap.sh)
if [ -f "$stamp" ]; then
  stale=0
  for input in "${inputs[@]}"; do [ "$input" -nt "$stamp" ] && stale=1; done
  [ "$stale" = 0 ] && exit 0
fi

find_uv() {
  if command -v uv >/dev/null 2>&1; then command -v uv; return; fi
  if [ -x .cache/uv/bin/uv ]; then echo .cache/uv/bin/uv; return; fi
  return 1
}

if ! uv=$(find_uv); then
  say "uv is not installed; fetching it with pip into .cache/uv"
  if ! python3 -m venv .cache/uv >/dev/null 2>&1; then
    rm -rf .cache/uv
    if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
      say "python3-venv is missing; installing it with apt-get"
      apt-get update -qq && apt-get install -y -qq --no-install-recommends python3-venv >/dev/null
      python3 -m venv .cache/uv
    else
      echo "bootstrap: python3 cannot make a virtual environment. Run: sudo apt-get install python3-venv" >&2
      exit 2
    fi
  fi
  .cache/uv/bin/python -m pip install --quiet --disable-pip-version-check uv
  uv=.cache/uv/bin/uv
fi

say "setting up .venv"
[ -x .venv/bin/python ] || "$uv" venv --quiet --python '>=3.11' .venv
"$uv" pip install --quiet --python .venv/bin/python --constraint constraints.txt --group dev --editable . --editable runtimes/python
touch "$stamp"
