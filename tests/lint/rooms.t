#!/bin/sh
. "${0%/*}/../cli/lib.sh"
ok "rooms include lower floors only, programs nothing of each other" "$ROOT/tests/lint/rooms"

# Services may be linked into one process: no two programs with a server call anything by one name.
for server in "$ROOT"/cmd/*/serve.c; do
	program=$(basename "$(dirname "$server")")
	nm -g --defined-only "$MCI_BIN/../cmd/$program"/*.o | awk 'NF == 3 && $3 != "main" { print $3 }' | sort -u
done | sort | uniq -d >"$T/twice"
is "$(cat "$T/twice")" "" "no name of one server is also another's"
finish
