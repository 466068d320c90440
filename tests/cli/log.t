#!/bin/sh
# mci-log cat on the folder of a build: exact bytes, order by time, ranges, forms, and what is missing.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/log-lib.sh"

build b
started a 100
started b 200
printf 'one\ntwo\nthree\nfour\n' >b/logs/a.log
index a 0:300:0 4:500:0 18:900:0 19:0:end
printf 'x\ny\n' >b/logs/b.log
index b 0:400:1 2:600:2 4:0:end
ended a 1000 19
ended b 1000 4
started raw 1100
head -c 3000000 /dev/urandom >b/logs/raw.log
ended raw 1200 3000000 ',"first-output":"2026-11-23T18:00:01.150Z"'
echo 'a note' >b/script.log
build_end 1300

mci-log ./b/raw | cmp - b/logs/raw.log
is $? 0 "what goes into a pipe is the log byte for byte"
mci-log cat ./b/raw >copy
ok "and what goes into a file" cmp copy b/logs/raw.log
mci-log ./b/raw >>copy
cat b/logs/raw.log b/logs/raw.log >twice
ok "and what is appended to one" cmp copy twice
mci-log cat ./b/raw ./b/a | cat >copy
cat b/logs/raw.log b/logs/a.log >both
ok "several logs come one behind the other" cmp copy both

like "$(mci-log -C. --no-settings --color=never ls ./b)" "raw" "what every program takes may stand in front of a verb"
is "$(mci-log -C. --no-settings --tail 1 ./b/a)" four "and of none, which is cat"
is "$(mci-log version)" "$(mci-log --version)" "a word that asks is no build"
run mci-log --merge ./b/b ./b/a
is "$(cat "$out")" "a | one
b | x
a | two
a | three
b | y
a | four" "--merge orders lines by the time of their end"
rm b/logs/raw.log
: >b/logs/raw.log
run mci-log -q ./b
is "$(grep -c . "$out"),$(grep -c '^script | a note$' "$out")" "7,1" \
	"a whole build is merged, with the script's own log"
run mci-log --time ./b/b
is "$(cat "$out")" "2026-11-23T18:00:00.400Z x
2026-11-23T18:00:00.600Z y" "--time puts the time in front"

run mci-log --json ./b/b
is "$(cat "$out")" '{"time":"2026-11-23T18:00:00.400Z","job":"b","attempt":1,"line":1,"stream":"stdout","text":"x"}
{"time":"2026-11-23T18:00:00.600Z","job":"b","attempt":1,"line":2,"stream":"stderr","text":"y"}' \
	"--json says time, job, attempt, line and stream"

range() {
	expected=$1
	shift
	is "$(mci-log "$@" ./b/a | tr '\n' ' ')" "$expected" "$*"
}
range 'three four ' --tail 2
range '' --tail 0
range 'one two three four ' --tail 9
range 'two three ' --lines 2-3
range 'two ' --lines 2
range 'three four ' --lines 3-
range 'one two ' --lines -2
range '' --lines 8-9
range 'ne t' --bytes 1-4
range 'ur ' --bytes 16-
range 'four ' --since 2026-11-23T18:00:00.900Z
range '' --since 5m
range 'three ' --lines 2-3 --tail 1
is "$(mci-log --json --tail 1 ./b/a | jq .line)" 4 "line numbers are those of the log"

build b
started bin 100
printf 'ok\n\377\000\nlast' >b/logs/bin.log
ended bin 200 10
started long 300
perl -e 'print "a" x 65534, "\xc3\xa9" x 40000, "\n"' >b/logs/long.log
ended long 400 145535
started empty 500
: >b/logs/empty.log
ended empty 600 0
build_end 700
run mci-log --json ./b/bin
is "$(jq -r '[.line, .text, .b64] | @csv' "$out")" '1,"ok",
2,,"/wA="
3,"last",' "what is no UTF-8 travels as b64"
run mci-log --json ./b/long
is "$(jq -sc '[length, (map(.more)), (map(.line) | unique)]' "$out")" \
	'[3,[true,true,null],[1]]' "a long line travels in pieces of one number"
jq -j .text "$out" >whole
echo >>whole
ok "which are the line when they are put together" cmp whole b/logs/long.log
run mci-log ./b
is "$(cut -c 1-14 "$out" | sed -n '1,2p;$p' | tr -d '\377\000')" "bin | ok
bin | 
long | aaaaaaa" "long lines and bytes that are no text are merged as they are"
is "$(tail -n 1 "$out" | wc -c)" 145542 "to their last byte"
exits 0 "an empty log is shown" mci-log ./b/empty
is "$(wc -c <"$out")" 0 "as nothing"

build b
started a 100
echo first >b/logs/a.log
executed a 200 6
started a 300 2
echo second >b/logs/a@2.log
ended a 400 7 '' 2
build_end 500
is "$(mci-log ./b/a)" second "the last attempt is shown"
is "$(mci-log --attempt 1 ./b/a)" first "another one with --attempt"
is "$(mci-log ./b)" "a | first
a@2 | second" "all of them with the build"
exits 1 "an attempt that never was is not found" mci-log --attempt 3 ./b/a
like "$(cat "$err")" 'no attempt 3; the last is 2' "and said so"

build b
started cut 100
echo 12345 >b/logs/cut.log
ended cut 200 600
event job/end 300 '"job":"never","status":"skipped","reason":"when"'
build_end 300
exits 0 "a log that lost its end is shown" mci-log ./b/cut
is "$(cat "$out")" 12345 "as far as it goes"
like "$(cat "$err")" 'cut: the log is truncated: 6 of 600 bytes' "with a message"
run mci-log -q ./b/cut
is "$(cat "$err")" "" "that -q leaves out"
exits 1 "a job that did not run has no log" mci-log ./b/never
like "$(cat "$err")" 'skipped: when$' "and it is said why"
exits 1 "a job that is not there is not found" mci-log ./b/cat
like "$(cat "$err")" "no job 'cat'; did you mean 'cut'" "and the nearest named"
exits 1 "nor is a build" mci-log ./nowhere
exits 2 "a wrong range is a wrong command line" mci-log --lines 3-2 ./b/cut
exits 2 "and so is a wrong time" mci-log --since tomorrow ./b/cut
exits 2 "and a range of what is not there yet" mci-log -f --lines 1-2 ./b/cut
exits 2 "and an unknown option" mci-log --line 1 ./b/cut
printf 'garbage that is no index at all.' >b/logs/cut.idx
run mci-log --time ./b/cut
like "$(cat "$out")" 'Z 12345$' "a damaged index does not hide the log"
like "$(cat "$err")" 'cut.idx: damaged at byte 0' "and is told of"

exits 125 "a full disk is an error" sh -c 'mci-log ./b/cut >/dev/full'
like "$(cat "$err")" 'write standard output: No space left' "and told of"
exits 125 "also when lines are merged" sh -c 'mci-log ./b >/dev/full'

build b
started big 100
yes 'a line of some length' | head -n 100000 >b/logs/big.log
ended big 200 2200000
build_end 300
is "$(mci-log ./b | head -n 1; mci-log ./b/big 2>&1 | head -n 1)" "big | a line of some length
a line of some length" "a reader that leaves early ends it quietly"

build b
i=100
while [ "$i" -lt 400 ]; do
	started "j$i" "$i"
	echo "job $i" >"b/logs/j$i.log"
	ended "j$i" "$((i + 1))" 8 ",\"first-output\":\"2026-11-23T18:00:00.${i}Z\""
	i=$((i + 1))
done
build_end 999
run sh -c 'ulimit -n 24; mci-log ./b'
is "$status,$(grep -c '^j[0-9]* | job' "$out")" 0,300 "many jobs need few descriptors"
ok "and come in order" sort -C "$out"

if command -v script >/dev/null 2>&1; then
	build b
	started t 100
	printf '\033[31mred\033[0m \033]0;title\007\033[2J bell\a\303\251 50%%\r100%%\r\n' >b/logs/t.log
	ended t 200 46
	build_end 300
	terminal() {
		TERM=xterm script -qec "$1" /dev/null </dev/null | tr -d '\r' >"$out"
	}
	terminal 'mci-log ./b/t'
	is "$(sed 's/\x1b/ESC/g' "$out" | head -n 1)" \
		"ESC[31mredESC[0m ^[]0;title^G^[[2J bell^Gé 50%^M100%" \
		"a terminal gets colours and is shown the other escapes"
	terminal 'NO_COLOR=1 mci-log ./b'
	is "$(cat "$out")" "t | red ^[]0;title^G^[[2J bell^Gé 50%^M100%" "and no colours with NO_COLOR"
else
	skip 2 "script is not installed"
fi

finish
