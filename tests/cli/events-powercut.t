#!/bin/sh
# A short run of tests/proof/events-powercut: what was acknowledged at level disk survives a power cut.
. "${0%/*}/lib.sh"
need bash mountpoint
PROOF_BIN=${MCI_BIN%/bin}/tests/proof
export PROOF_BIN
run timeout 120 "$ROOT/tests/proof/events-powercut" 4 "${SEED:-$$}"
if [ "$status" = 77 ]; then
	skip 2 "no power can be cut here: $(tail -n 1 "$out")"
	finish
fi
is "$status" 0 "nothing acknowledged at level disk is lost, and nothing that a synced subscriber saw"
[ "$status" = 0 ] || cat "$out" >&2
has "$out" '^4 cuts, .* 0 wrong' "in 4 power cuts"
finish
