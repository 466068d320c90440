#!/bin/sh
# A short run of tests/proof/events-kill: nothing acknowledged is lost when the hub is killed again and again.
. "${0%/*}/lib.sh"
need bash
PROOF_BIN=${MCI_BIN%/bin}/tests/proof
export PROOF_BIN
exits 0 "40 kills of the hub lose, double and disorder nothing" \
	timeout 120 "$ROOT/tests/proof/events-kill" 40 "${SEED:-$$}"
has "$out" ' 0 wrong' "and the judge has looked"
has "$out" '^40 kills' "at all of it"
finish
