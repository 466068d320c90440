#!/bin/sh
# A short run of tests/proof/server-powercut: what a server accepted survives a power cut, and comes to its end.
. "${0%/*}/lib.sh"
need python3 git jq
PROOF_BIN=${MCI_BIN%/bin}/tests/proof
export PROOF_BIN
run timeout 300 "$ROOT/tests/proof/server-powercut" 2 "${SEED:-$$}"
if [ "$status" = 77 ]; then
	skip 2 "no power can be cut here: $(tail -n 1 "$out")"
	finish
fi
is "$status" 0 "no build that was accepted is lost"
[ "$status" = 0 ] || cat "$out" >&2
has "$out" '^2 cuts, .* 0 wrong$' "in 2 power cuts"
finish
