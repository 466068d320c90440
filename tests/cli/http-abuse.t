#!/bin/sh
# mci-api and who means it harm: malformed and smuggled requests, bodies without end, readers and writers that take
# their time, connections in great number.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need python3 jq

wiring | sed 's/^api: mci-api /&--patience 1s /' >"$T/wiring"
# what holds them back is to be something else
export MCI_API_RATE=0
up "$T/wiring" || exit 1
mci org put acme
ADMIN=$(mci token create --scope admin --name admin)
export ADMIN
# shellcheck disable=SC3045 # each sh of ours has it
{
	[ "$(id -u)" != 0 ] || ulimit -Hn 20000
	ulimit -n "$(ulimit -Hn)"
}
python3 "$ROOT/tests/cli/http-abuse.py" "${MCI_SUPERVISE_LISTEN#unix:}" \
	"$(mci status --json | jq -r 'select(.part == "api").pid')"
result=$?
down
exit "$result"
