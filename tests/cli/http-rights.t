#!/bin/sh
# Who may do what over HTTP: the whole table of routes, by each role, for what is its own and what is another's.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need python3 git ssh-keygen

# it asks faster than anybody may
export MCI_API_RATE=0
up || exit 1
ssh-keygen -q -t ed25519 -N '' -f key </dev/null
ADMIN=$(mci token create --scope admin --name admin) KEY=$(cat key)
export ADMIN KEY
mci-api routes >routes
python3 "$ROOT/tests/cli/http-rights.py" "${MCI_SUPERVISE_LISTEN#unix:}" routes
result=$?
down
exit "$result"
