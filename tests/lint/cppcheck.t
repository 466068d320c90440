#!/bin/sh
. "${0%/*}/../cli/lib.sh"
need cppcheck
cd "$ROOT" || exit 1
# uninitvar: it takes the address of a variable for its use; gcc warns about real ones
ok "cppcheck finds nothing in the sources" \
	cppcheck -q --std=c11 --enable=warning,portability,performance --inline-suppr -Ilib -DMCI_VERSION='""' \
	--suppress=missingInclude --suppress=uninitvar --suppress=ctuuninitvar --error-exitcode=1 lib cmd
finish
