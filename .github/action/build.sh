#!/usr/bin/env bash
# Builds the command at $BINARY.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

if ! command -v cargo >/dev/null; then
    echo '::error::Rust is needed to build Jeton: install it first, or set the input binary'
    exit 1
fi
export CARGO_TARGET_DIR="$RUNNER_TEMP/jeton/target"
cargo build --locked --release --package jeton-cli
cp "$CARGO_TARGET_DIR/release/jeton" "$BINARY"
