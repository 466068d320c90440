#!/bin/sh
. "${0%/*}/../cli/lib.sh"
need mandoc
cd "$ROOT" || exit 1
for page in man/*.[1-9]; do
	[ -f "$page" ] && ok "mandoc finds nothing in $page" mandoc -T lint -W warning "$page"
done
finish
