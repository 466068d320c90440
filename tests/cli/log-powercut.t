#!/bin/sh
# A short run of tests/proof/logs-powercut: a log that a server has closed survives a power cut, in whatever form.
. "${0%/*}/lib.sh"
need bash mountpoint nc
PROOF_BIN=${MCI_BIN%/bin}/tests/proof
export PROOF_BIN
run timeout 120 "$ROOT/tests/proof/logs-powercut" 4 "${SEED:-$$}"
if [ "$status" = 77 ]; then
	skip 2 "no power can be cut here: $(tail -n 1 "$out")"
	finish
fi
is "$status" 0 "no log is lost, or cut, whose put had ended"
[ "$status" = 0 ] || cat "$out" >&2
has "$out" '^4 cuts, .* 0 wrong' "in 4 power cuts"
finish
