#!/usr/bin/env bash
# Make the environment with torch: `engine.sh FOLDER`.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh
uv=$(command -v uv || echo .cache/uv/bin/uv)
say "setting up $1 with torch (several gigabytes the first time)"
[ -x "$1/bin/python" ] || "$uv" venv --quiet --python '>=3.11' "$1"
"$uv" pip install --quiet --python "$1/bin/python" --editable '.[engine]' --group bench-shm
touch "$1/.ready"
