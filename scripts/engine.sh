#!/usr/bin/env bash
# Make the environment with torch: `engine.sh FOLDER`.
set -euo pipefail
cd "$(dirname "$0")/.."
# Trust what the system trusts: behind a company proxy the bundled certificates do not do (two names, for old and new uv).
export UV_SYSTEM_CERTS=1 UV_NATIVE_TLS=1
uv=$(command -v uv || echo .cache/uv/bin/uv)
printf '\033[2m==> setting up %s with torch (several gigabytes the first time)\033[0m\n' "$1" >&2
[ -x "$1/bin/python" ] || "$uv" venv --quiet --python '>=3.11' "$1"
"$uv" pip install --quiet --python "$1/bin/python" --editable '.[engine]' --group bench-shm
touch "$1/.ready"
