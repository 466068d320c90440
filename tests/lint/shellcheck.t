#!/bin/sh
. "${0%/*}/../cli/lib.sh"
need shellcheck git
cd "$ROOT" || exit 1

# every file of ours that begins with a shell's name, and the completions for bash
for file in .ci/* .mci/* tests/check tests/tap tests/*/* completions/* examples/*/.mci/*; do
	case $file in *.c | *.o | *.md) continue ;; esac
	[ -f "$file" ] && head -n 1 "$file" | grep -Eaq '^#! ?/.*(sh|bash)( |$)|^# shellcheck shell' && echo "$file"
done >"$T/files"
while read -r file; do
	# lib.sh is read on its own; what it sets for the tests is used in them
	ok "shellcheck finds nothing in $file" shellcheck -S warning -e SC1091,SC2154,SC2034 "$file"
done <"$T/files"
finish
