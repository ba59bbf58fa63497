#!/usr/bin/env bash
# Where the binary will lie, and a digest of everything it is built from.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/../.."

# git's hashing, because macOS has no sha256sum.
digest=$(find .cargo Cargo.toml Cargo.lock crates -type f |
    LC_ALL=C sort | while read -r file; do
        echo "$file $(git hash-object --no-filters "$file")"
    done | git hash-object --stdin)
{
    echo "digest=$digest"
    echo "binary=$RUNNER_TEMP/jeton/jeton"
} >>"$GITHUB_OUTPUT"
