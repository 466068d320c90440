#!/bin/sh
# No SQL is put together from what somebody gave: all of it stands in the store's files of SQL, but for what is made
# of the tables of entities, and what is asked of a file before it is known what is in it.
. "${0%/*}/../cli/lib.sh"
cd "$ROOT" || exit 1

is "$(grep -nE 'sqlite3_(prepare|exec|get_table)' lib/*.c cmd/*/*.c |
	grep -vE '^cmd/mci-store/(database|schema|copies)\.c:')" "" \
	"nothing but the rooms of the store's file has SQL run that is no prepared statement"
is "$(grep -nE '"[^"]*\<(SELECT|INSERT INTO|UPDATE|DELETE FROM|CREATE TABLE|PRAGMA)\>' lib/*.c cmd/*/*.c |
	grep -vE '^cmd/mci-store/(backup|copies|database|entity|schema)\.c:')" "" "nothing else holds SQL"
is "$(grep -nE 'SQLITE_(STATIC|TRANSIENT)' cmd/*/*.c | grep -vE '^cmd/mci-store/(query|schema)\.c:')" "" \
	"parameters are bound by query alone"
finish
