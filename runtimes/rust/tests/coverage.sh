#!/bin/sh
# Line coverage of the crate foundation by its tests, doctests excluded, with rustc's own instrumentation.
# It needs llvm-profdata and llvm-cov of the LLVM version that rustc was built with (rustup component add llvm-tools), found
# through LLVM_TOOLS, in rustc's own directory or on PATH.
set -eu
cd "$(dirname "$0")/.."
tools=${LLVM_TOOLS:-$(rustc --print target-libdir)/../bin}
profdata=$tools/llvm-profdata cov=$tools/llvm-cov
[ -x "$profdata" ] || { profdata=llvm-profdata cov=llvm-cov; }
command -v "$profdata" >/dev/null || { echo "coverage.sh: llvm-profdata not found; install rustc's llvm-tools and set LLVM_TOOLS" >&2; exit 2; }
target=${CARGO_TARGET_DIR:-target}/coverage
profiles=$(mktemp -d)
trap 'rm -rf "$profiles"' EXIT
RUSTFLAGS="-C instrument-coverage" CARGO_TARGET_DIR="$target" LLVM_PROFILE_FILE="$profiles/%p-%m.profraw" \
    cargo test -p foundation --features tokio --test suite --quiet
binary=$(ls -t "$target"/debug/deps/suite-* | grep -v '\.d$' | head -1)
"$profdata" merge --sparse --failure-mode=all "$profiles"/*.profraw -o "$profiles/all.profdata"
"$cov" report "$binary" -instr-profile="$profiles/all.profdata" --ignore-filename-regex='(registry|rustc|tests/suite)'
