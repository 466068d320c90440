#!/bin/sh
# A short run of tests/proof/server-kill: whatever part of a server dies, what it accepted comes to its end.
. "${0%/*}/lib.sh"
need python3 git jq
exits 0 "25 hits of parts lose no build, no end and no byte" \
	timeout 300 "$ROOT/tests/proof/server-kill" 25 "${SEED:-$$}"
has "$out" ': 0 wrong$' "and the judge has looked"
has "$out" '^25 hits' "at all of it"
exits 0 "10 hits neither where the services are one process" \
	timeout 300 "$ROOT/tests/proof/server-kill" -s 10 "${SEED:-$$}"
has "$out" '^10 hits .*: 0 wrong$' "which was looked at too"
finish
