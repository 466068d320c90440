#!/bin/sh
# The OpenAPI document of a server: a client that knows nothing else asks all that it has, rightly and wrongly.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need python3

# it asks faster than anybody may
export MCI_API_RATE=0
up || exit 1
mci org put acme && mci repo put acme/app url=https://example.org/app
mci call -a "$api" build/trigger repo=acme/app >/dev/null
ADMIN=$(mci token create --scope admin --name admin)
export ADMIN
python3 "$ROOT/tests/cli/http-openapi.py" "${MCI_SUPERVISE_LISTEN#unix:}"
result=$?
down
exit "$result"
