#!/bin/sh
# The SQL of the store is PostgreSQL's too: its migrations make the tables there, and every statement is prepared.
. "${0%/*}/lib.sh"
sql=${MCI_BIN%/bin}/tests/unit/store
need psql "$sql"
for bin in /usr/lib/postgresql/*/bin /usr/local/bin /usr/bin; do
	[ -x "$bin/initdb" ] && [ -x "$bin/postgres" ] && break
done
PATH=$bin:$PATH
need initdb postgres

# it refuses to be root's
as=
[ "$(id -u)" = 0 ] && as='setpriv --reuid nobody --regid nogroup --clear-groups'
place=$(mktemp -d /tmp/mci-test-XXXXXX)
trap 'rm -rf "$place"; clean_up' EXIT
[ "$(id -u)" = 0 ] && chown nobody "$place"
cd "$place" || exit 1
# shellcheck disable=SC2086 # words
if ! $as initdb -D "$place/data" -A trust -U mci -N >"$T/init" 2>&1; then
	skip 2 "PostgreSQL does not start here"
	finish
fi
# shellcheck disable=SC2086
$as postgres -D "$place/data" -c listen_addresses= -k "$place" >"$T/log" 2>&1 &
server=$!
started="$started $server"
wait_until "waited for PostgreSQL" psql -q -h "$place" -U mci -c 'SELECT 1' postgres
"$sql" --sql >"$T/all.sql"
run psql -q -v ON_ERROR_STOP=1 -h "$place" -U mci -f "$T/all.sql" postgres
is "$status,$(grep -v '^psql:.*NOTICE' "$err")" "0," "all of it is taken"
ok "there are statements" test "$(grep -c '^PREPARE' "$T/all.sql")" -gt 80
kill -INT "$server"
wait_end "$server"
finish
