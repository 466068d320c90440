#!/bin/sh
# Help of every program and verb: in the terminal of the classic width, and what a wrong word is answered with.
. "${0%/*}/lib.sh"

# each program, and each verb of it
for program in "$MCI_BIN"/*; do
	"${program##*/}" --list-options | cut -f 1 | uniq
done | sort -u >commands
while read -r command; do
	# shellcheck disable=SC2086 # words
	run $command --help
	is "$status,$(awk 'length($0) > 80' "$out")" 0, "$command --help fits into 80 columns"
	has "$out" '^usage: mci' "$command --help has a usage line"
done <commands
ok "there are some" test "$(wc -l <commands)" -gt 30
finish
