#!/bin/sh
# A short run of tests/proof/blob-powercut: what was answered as saved survives a power cut.
. "${0%/*}/lib.sh"
need bash mountpoint
PROOF_BIN=${MCI_BIN%/bin}/tests/proof
export PROOF_BIN
run timeout 120 "$ROOT/tests/proof/blob-powercut" 2 "${SEED:-$$}"
if [ "$status" = 77 ]; then
	skip 2 "no power can be cut here: $(tail -n 1 "$out")"
	finish
fi
is "$status" 0 "what was answered as saved is there, whole, and what was removed is not"
[ "$status" = 0 ] || cat "$out" "$err" >&2
has "$out" '^2 cuts, .* 0 wrong' "in 2 power cuts"
finish
