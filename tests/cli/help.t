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

for command in 'mci help' 'mci -C / help' 'mci-log help'; do
	# shellcheck disable=SC2086 # words
	run $command
	is "$status,$(head -n 1 "$out")" "0,usage: ${command%% *} [OPTION...] VERB [OPERAND...]" "$command"
done
is "$(mci help show)" "$(mci show --help)" "mci help VERB"
is "$(mci help run)" "$(mci-build --help)" "mci help of a program"
is "$(mci help lint)" "$(mci lint --help)" "mci help lint"
is "$(mci-log help put)" "$(mci-log put --help)" "the same of other programs"
is "$(mci version)" "$(mci --version)" "mci version"
run mci lint --help
has "$out" '--json +one JSON object a problem$' "lint has options of its own"
hasnt "$out" '--fail-fast' "and no others"
exits 2 "others are refused" mci lint --fail-fast
run mci ls --help
has "$out" 'only those, may be given again: pending, queued,$' "statuses are listed where they are asked for"

# a wrong word, and what is suggested
while IFS='	' read -r words near; do
	# shellcheck disable=SC2086 # words
	exits 2 "mci $words is refused" mci $words
	is "$(sed -n 's/.*did you mean \(.*\)?$/\1/p' "$err")" "$near" "what is suggested for $words"
done <<'END'
list	'ls'
lnit	'lint'
bild	'build'
unbl	'unblock'
remove	'rm'
stop	'cancel'
statu	'status'
elephant	
test	
ls --lim 3	--limit
ls --staus failure	--status
ls --elephant	
END

ok "there are some" test "$(wc -l <commands)" -gt 30
finish
