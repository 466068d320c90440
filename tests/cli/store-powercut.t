#!/bin/sh
# A short run of tests/proof/store-powercut: what the store has answered survives a power cut.
. "${0%/*}/lib.sh"
need bash mountpoint jq
PROOF_BIN=${MCI_BIN%/bin}/tests/proof
export PROOF_BIN
run timeout 120 "$ROOT/tests/proof/store-powercut" 4 "${SEED:-$$}"
if [ "$status" = 77 ]; then
	skip 2 "no power can be cut here: $(tail -n 1 "$out")"
	finish
fi
is "$status" 0 "no build and no parameter is lost that was answered"
[ "$status" = 0 ] || cat "$out" >&2
has "$out" '^4 cuts, .* 0 wrong' "in 4 power cuts"
finish
