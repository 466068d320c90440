#!/bin/sh
# No file is longer than 700 lines, no function than 120 (tables are none), no line than 110 columns; aim at 100.
. "${0%/*}/../cli/lib.sh"
cd "$ROOT" || exit 1

awk '
	FNR == 1 { name = "" }
	/^[a-z_A-Z][a-zA-Z_0-9]*\(/ { name = $0; sub(/\(.*/, "", name); start = FNR }
	/^}/ && name != "" {
		if (FNR - start + 1 > 120) print FILENAME ":" start ": " name " has " FNR - start + 1 " lines"
		name = ""
	}
	FNR == 701 { print FILENAME ": more than 700 lines" }
	{
		line = $0
		gsub(/\t/, "        ", line)
		if (length(line) > 110) print FILENAME ":" FNR ": " length(line) " columns"
	}' lib/*.[ch] cmd/*/*.[ch] >"$T/long"
ok "files, functions and lines are short enough to be read" sh -c 'cat "$1"; ! [ -s "$1" ]' - "$T/long"
finish
