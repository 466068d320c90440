#!/bin/sh
# mci doctor says what the machine lacks, and for what.
. "${0%/*}/lib.sh"
need git jq

exits 0 "a machine that can run the tests has what is needed" mci doctor
has "$out" "^ok	git	/.*/git	checkouts" "each with where it is and what it is for"
is "$(mci doctor --json | jq -r 'select(.name=="sh").found')" ok "--json"
mkdir few && ln -s "$(command -v sh)" "$(command -v grep)" few
exits 1 "what nothing goes without is missed" env PATH="$PWD/few" "$MCI_BIN/mci" doctor
has "$out" "^missing	git	not on the PATH: apt install git	" "by its name, and how it is had"
has "$out" "^optional	jq	" "what some things need is said too"
exits 1 "-q says only what is missing" env PATH="$PWD/few" "$MCI_BIN/mci" doctor -q
is "$(cut -f 2 "$out")" git "and nothing else"
exits 0 "and nothing when all is there" mci doctor -q
is "$(cat "$out")" "" "at all"
finish
