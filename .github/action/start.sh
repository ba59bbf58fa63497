#!/usr/bin/env bash
# Starts $BINARY on $PORT with $CONFIG and $STRICT, waits until it answers, and says where.
set -euo pipefail

fail() {
    echo "::error::$1"
    [ ! -f "${log-}" ] || cat "$log"
    exit 1
}

case $STRICT in
true) arguments=(mock --strict) ;;
false) arguments=(mock) ;;
*) fail "strict: expected true or false, got $STRICT" ;;
esac
[ -z "$CONFIG" ] || arguments+=(--config "$CONFIG")

# Its output must not be the step's: a step ends when that is closed.
log=$(mktemp "$RUNNER_TEMP/jeton-mock-XXXXXX")
# The issuer and the port of an earlier use of this action, or of whatever else the job runs; and what
# a mock refuses because it is a deployment's, as of a `jeton serve` beside it.
env -u JETON_ISSUER -u JETON_PORT -u PORT -u SERVER_PORT -u SERVER_HOSTNAME \
    -u JETON_SECRET -u JETON_PAIRWISE_SALT -u JETON_SIGNING_JWKS -u JETON_KEY_SERIAL -u JETON_DATA -u JETON_TABLE \
    "$BINARY" "${arguments[@]}" --host 127.0.0.1 --port "$PORT" </dev/null >"$log" 2>&1 &
process=$!

for _ in {1..100}; do
    # The first line: jeton mock: ISSUER on http://ADDRESS
    read -r _ _ issuer _ address <"$log" || true
    if [ -n "${address-}" ] && "$BINARY" health "$address/health" 2>/dev/null; then
        echo "$issuer on $address"
        printf '%s\n' "issuer=$issuer" "log=$log" "process=$process" >>"$GITHUB_OUTPUT"
        echo "JETON_ISSUER=$issuer" >>"$GITHUB_ENV"
        disown
        exit 0
    fi
    kill -0 "$process" 2>/dev/null || fail 'the mock ended'
    sleep 0.1
done
kill "$process"
fail 'the mock did not answer within 10 s'
