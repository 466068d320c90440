#!/bin/sh
# An entry of a script is what 'sh -e' makes of that text alone, wherever it stands: the same status, the same
# output, and nothing of another entry or of ours in it. The shell is the judge of its own language.
# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
need jq

# records parted by lines of %%
jq -Rs 'split("\n%%\n")' "$ROOT/tests/fixtures/entries" >entries
count=$(jq length entries)
mkdir d text
awk -v RS='\n%%\n' '{ printf "%s", $0 >("text/" NR - 1); close("text/" NR - 1) }' "$ROOT/tests/fixtures/entries"

# specs SHELL: each entry alone, as the last of two, and as the first of two
specs() {
	jq -c --arg shell "$1" '
		to_entries[] | .key as $n | .value as $text |
		([$text] | {id: "alone-\($n)"} + {script: .}),
		{id: "last-\($n)", script: ["true", $text]},
		{id: "first-\($n)", script: [$text, "echo next"]} |
		. + {timeout: "60s", dir: "d"} + if $shell == "sh" then {} else {shell: $shell} end' entries
}

# ask NAME TEXT: what the shell makes of a text, in an argument or a file as mci-job gives it: NAME.status, NAME.out
ask() {
	set -- "$1" "$2" -c -- "$2"
	if [ "$shell" != sh ]; then
		printf %s "$2" >script
		set -- "$1" "$2" ../script
	fi
	name=$1
	shift 2
	(cd d && env -i HOME="$HOME" PATH="$PATH" LANG=C.UTF-8 LC_ALL=C.UTF-8 "$shell" -e "$@" </dev/null \
		>"../$name.out" 2>&1)
	echo $? >"$name.status"
}

# A text that cannot be read to its end: nothing may come behind it.
unreadable() {
	[ "$(cat "$1.status")" != 0 ] &&
		grep -Eq "^($shell|[./]*script):.*(Syntax error|[Uu]nterminated|unexpected|[Bb]ad substitution)" "$1.out"
}

# What is right for a text in front of 'echo next': first.out and first.status. A status that -e lets pass, of
# a text that is whole, ends nothing; an unfinished here-document ends with its text.
expect_first() {
	cp alone.out first.out
	cp alone.status first.status
	ask both "$1

echo next"
	if unreadable alone; then
		return
	elif [ "$(cat alone.status)" = 0 ] && grep -q '<<' "text/$n" && ! grep -q '^next$' both.out; then
		echo next >>first.out
	else
		mv both.out first.out
		mv both.status first.status
	fi
}

# Without the shell's own messages, whose line numbers differ.
printed() {
	sed -E -e "s/^/$(printf '\001')/" -e '/^.(sh|bash|[^ ]*script|environment): /d' "$1"
}

# compare PLACE: an entry there with what is expected
compare() {
	got=$(cat "ends/$1-$n") right=$(cat "$1.status")
	printed "logs/$1-$n.log" >got
	printed "$1.out" >right
	[ "$got" = "$right" ] && cmp -s got right ||
		printf '%s-%s: status %s, not %s, of: %s\nprinted:\n%s\ninstead of:\n%s\n' "$1" "$n" "$got" \
			"$right" "$text" "$(cat got)" "$(cat right)" >>"wrong.$1"
}

for shell in sh bash; do
	if ! command -v "$shell" >/dev/null; then
		skip 4 "$shell is not installed"
		continue
	fi
	rm -rf logs ends
	mkdir ends
	: >wrong.alone
	: >wrong.last
	: >wrong.first
	specs "$shell" | env -i HOME="$HOME" PATH="$PATH" TMPDIR="$TMPDIR" LANG=C.UTF-8 \
		mci-job -j2 --log-dir logs -e LC_ALL=C.UTF-8 >events 2>err
	jq -r 'select(.type == "job/executed") | .job + " " +
		(if .reason == "signal" then 128 + .signal else .exit end | tostring)' events |
		awk '{ print $2 >("ends/" $1); close("ends/" $1) }'
	n=0
	while [ "$n" -lt "$count" ]; do
		text=$(cat "text/$n"; echo x)
		text=${text%x}
		ask alone "$text" 2>>killed
		cp alone.out last.out
		cp alone.status last.status
		expect_first "$text" 2>>killed
		compare alone
		compare last
		compare first
		n=$((n + 1))
	done
	for place in alone last first; do
		is "$(cat "wrong.$place")" '' "$shell: $count entries end as the shell ends them, $place"
	done
	ok "$shell: nothing of what is put around entries is printed" sh -c '! grep -l _mci logs/*.log'
done
finish
