#!/usr/bin/env bash
# Run a command with the toolchains on PATH and their build caches inside the checkout, so that a second run is quick.
set -euo pipefail
root="$(cd "$(dirname "$0")/.." && pwd)"
export PATH="$root/.venv/bin:$PATH:/usr/local/go/bin:$HOME/.cargo/bin"
export CARGO_TARGET_DIR="${CARGO_TARGET_DIR:-$root/.cache/cargo-target}"
export GOTOOLCHAIN="${GOTOOLCHAIN:-local}"
exec "$@"
