#!/bin/sh
# mci-log grep: what grep -E finds, across logs and builds, plain and compressed, in order.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/log-lib.sh"
need zstd perl jq

# two builds: the second has one log compressed
one() {
	build "$1"
	started unit 100
	printf 'first\nan error here\nmiddle\nAn ERROR there\nlast\n' >"$folder/logs/unit.log"
	index unit 0:250:1 6:350:2 20:450:1 54:0:end
	ended unit 500 47
	started other 200
	printf 'error: \303\251 1+1\n\000\377 error bytes\nno newline error' >"$folder/logs/other.log"
	ended other 600 52
	started again 300
	echo 'error once' >"$folder/logs/again.log"
	executed again 350 11
	started again 400 2
	echo 'fine' >"$folder/logs/again@2.log"
	ended again 450 5 '' 2
	echo 'the script says error' >"$folder/script.log"
	build_end 900
}
one b
one c
squash c/logs/unit.log
squash c/logs/other.log
here=$(pwd -P)

run mci-log grep error ./b
is "$status" 0 "a match is success"
is "$(sed "s|$here/||" "$out" | tr -d '\000\377')" "b/script:the script says error
b/unit:an error here
b/other:error: é 1+1
b/other: error bytes
b/other:no newline error
b/again:error once" "a whole build is searched, in order, with the log in front"
cp "$out" of-b
run mci-log grep error ./c
is "$(sed 's|/c/|/b/|' "$out" | cksum)" "$(cksum <of-b)" "compressed logs give the same"
run mci-log grep error ./c ./b
sed 's|/b/|/c/|' of-b | cat - of-b >both
ok "several builds come one behind the other" cmp "$out" both
run mci-log grep error ./b/unit
is "$(cat "$out")" "an error here" "lines of one job have nothing in front"
exits 1 "the last attempt of a job is searched" mci-log grep error ./b/again
exits 0 "another one with --attempt" mci-log grep --attempt 1 error ./b/again

# the flags are grep's
for flags in '-i' '-v' '-c' '-n' '-A 1' '-B 1' '-C 1' '-in -A1' '-vc' '-ci'; do
	for b in b c; do
		# shellcheck disable=SC2086
		run mci-log grep $flags 'error' "./$b/unit"
		# shellcheck disable=SC2086
		is "$(cat "$out")" "$(grep -E $flags error b/logs/unit.log)" "$flags in $b"
	done
done
is "$(mci-log grep -F 1+1 ./b/other)" "error: é 1+1" "-F takes a text"
exits 1 "which is an expression else" mci-log grep 1+1 ./b/other
is "$(mci-log grep 'é [[:digit:]]|ERROR' ./b | wc -l)" 2 "expressions are extended ones"
is "$(mci-log grep -l error ./b | sed 's|.*/||' | tr '\n' ' ')" "script unit other again " "-l names logs"
is "$(mci-log grep -C 1 ERROR ./b ./c | sed 's|.*/||')" "unit-middle
unit:An ERROR there
unit-last
--
unit-middle
unit:An ERROR there
unit-last" "groups of lines of two logs are kept apart"
run mci-log grep -q error ./b
is "$status,$(cat "$out")" "0," "-q only says whether"
is "$(mci-log grep -- -x ./b; echo $?)" 1 "a pattern may begin with -"

run mci-log grep --json -n error ./b ./c/unit
is "$(head -n 2 "$out" | tail -n 1 | sed "s|$here/||")" \
	'{"time":"2026-11-23T18:00:00.350Z","build":"b","job":"unit","attempt":1,"line":2,"stream":"stderr","text":"an error here"}' \
	"--json says build, time, job, line and stream"
is "$(jq -r 'select(.job=="other") | [.line, .text, .b64] | @csv' "$out")" '1,"error: é 1+1",
2,,"AP8gZXJyb3IgYnl0ZXM="
3,"no newline error",' "and carries bytes that are no text"
is "$(tail -n 1 "$out" | jq -r .time)" 2026-11-23T18:00:00.350Z "also of a compressed log"
is "$(mci-log grep --json -C1 ERROR ./b/unit | jq -c '[.line, .context]' | tr -d '\n')" \
	'[3,true][4,null][5,true]' "and says which lines stand around a match"
is "$(mci-log grep --json -c error ./b | jq -c '[.job, .script, .count]' | tr -d '\n')" \
	'[null,true,1]["unit",null,1]["other",null,3]["again",null,1]["again",null,0]' "-c counts in it"
is "$(mci-log grep --json -l error ./b | jq -r '.job // "script"' | tr '\n' ' ')" \
	"script unit other again " "-l names in it"

exits 1 "nothing found is 1" mci-log grep nowhere ./b
exits 2 "a wrong expression is 2" mci-log grep '(' ./b
like "$(cat "$err")" 'Unmatched' "and told once"
is "$(wc -l <"$err")" 1 "not for each log"
exits 2 "a build that is not there is 2" mci-log grep error ./nowhere ./b/unit
is "$(cat "$out" | sed 's|.*/||')" "unit:an error here" "and the others are searched"
exits 2 "no pattern is a wrong command line" mci-log grep
exits 2 "a full disk is 2" sh -c 'mci-log grep error ./b >/dev/full'
is "$(mci-log grep . ./b | head -n 1 | sed 's|.*/||')" "script:the script says error" \
	"a reader that leaves early ends it quietly"
mkdir empty
exits 2 "without grep it says so" env PATH="$MCI_BIN:$T/work/empty" mci-log grep error ./b
like "$(cat "$err")" 'mci-log: grep: No such file' "by its name"

# more logs than may be open, with more found than pipes hold
build many
i=100
while [ "$i" -lt 140 ]; do
	started "j$i" "$i"
	yes "line of $i" | head -n 3000 >"many/logs/j$i.log"
	[ $((i % 20)) != 0 ] || squash "many/logs/j$i.log"
	ended "j$i" "$((i + 1))" 36000
	i=$((i + 1))
done
build_end 999
run sh -c 'ulimit -n 24; mci-log grep line ./many'
is "$status,$(wc -l <"$out")" 0,120000 "many logs with many matches come whole"
is "$(sed 's|.*/||;s/:.*//' "$out" | uniq | wc -l)" 40 "each in one piece"

# by way of mci ls
mkdir -p p/.mci && cd p || exit 1
echo '{"id":"bad","script":["echo the reason; exit 1"]}' | mci-build -q - >/dev/null 2>&1
echo '{"id":"good","script":["echo no reason"]}' | mci-build -q - >/dev/null 2>&1
run sh -c 'mci ls --status failure --since 1d -q | xargs mci-log grep reason'
is "$(cat "$out")" "local/p/1/bad:the reason" "mci ls names the builds to search"
is "$(mci log grep -c reason)" "local/p/2/good:1" "the latest is the default"
cd .. || exit 1

if command -v script >/dev/null 2>&1; then
	build t
	started t 100
	printf 'x \033[31merror\033[0m \033]0;title\007\033[2J\r\n' >t/logs/t.log
	ended t 200 36
	build_end 300
	TERM=xterm script -qec 'mci-log grep -n error ./t/t' /dev/null </dev/null | tr -d '\r' >"$out"
	# shellcheck disable=SC1003
	like "$(sed 's/\x1b/ESC/g' "$out")" 'ESC.*error.*\^\[\]0;title\^G\^\[\[2J$' \
		"a terminal obeys colours only"
	hasnt "$out" "$(printf '\033\\[K')" "and is not told to erase"
else
	skip 2 "script is not installed"
fi

finish
