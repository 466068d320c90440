#!/bin/sh
# What is noted beside logs: listed, folded, and found in logs of other systems; and the list of logs, and
# removing them.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/log-lib.sh"
need jq zstd perl flock

mkdir -p p/.mci && cd p || exit 1
cat >spec <<'EOS'
{"id":"unit","script":["echo start; sync_note() { echo \"$1\" >$MCI_NOTES; sleep 0.2; }; sync_note '{\"section\":\"compile\"}'; echo cc a.c; echo cc b.c; sleep 0.2; sync_note '{\"section\":\"compile\",\"end\":true}'; echo between; sleep 0.2; sync_note '{\"error\":\"no ;\",\"file\":\"a.c\",\"line\":3}'; sync_note 'plain text'; sync_note '{\"section\":\"link\"}'; echo ld"]}
{"id":"quiet","script":["true"]}
EOS
mci-build -q - <spec
run mci-log annotate @/unit
is "$(cat "$out")" "unit	2	section	compile
unit	4	section	compile (end)
unit	5	error	a.c:3: no ;
unit	5	text	plain text
unit	5	section	link" "annotations are listed with the line they stand before"
run mci-log annotate --json
is "$(jq -c '[.job, .attempt, .offset, .line, .note, .text]' "$out" | sed -n '1p;3,4p')" \
	'["unit",1,6,2,{"section":"compile"},null]
["unit",1,28,5,{"error":"no ;","file":"a.c","line":3},null]
["unit",1,28,5,null,"plain text"]' "and as JSON"
exits 1 "a job that noted nothing has none" mci-log annotate @/quiet
run mci-log cat --sections @/unit
is "$(sed 's/, [0-9.]*s)/, Ts)/' "$out")" "start
▸ compile (2 lines, Ts)
between
▾ link
ld" "a section that has ended is folded, an open one shown"
run mci-log --sections
is "$(sed -n '1p;$p' "$out")" "unit | start
unit | ld" "a whole build is folded log by log"
run mci-log --sections --time @/unit
like "$(sed -n 2p "$out")" '^20[0-9T:.-]*Z ▸ compile' "with the time when the section began"
exits 2 "sections are not for JSON" mci-log --sections --json @
cd .. || exit 1

# other systems' markers
cat >github <<'EOS'
x
::group::Build it
one
::endgroup::
::error file=a%2C.c,line=3,col=5,title=T::bad%0Athing
##[warning]w
::stop-commands::tok
::error::no
::tok::
::set-output name=a::b
::add-mask::secret
::notice::yes
EOS
run mci-log annotate --github <github
is "$(cat "$out")" '{"offset":2,"line":2,"note":{"section":"Build it"}}
{"offset":24,"line":4,"note":{"section":"Build it","end":true}}
{"offset":37,"line":5,"note":{"error":"bad\nthing","file":"a,.c","line":3,"column":5,"title":"T"}}
{"offset":91,"line":6,"note":{"warning":"w"}}
{"offset":187,"line":12,"note":{"notice":"yes"}}' "--github reads groups and messages, and nothing else"
printf 'a\n\033[0Ksection_start:15:one[collapsed=true]\r\033[0KHeader of one\nin\n\033[0Ksection_end:16:one\r\033[0K\033[0Ksection_start:17:two\r\033[0KSecond\nin two\n\033[0Ksection_end:18:two\r\033[0K\nout\n' >gitlab
run mci-log annotate --gitlab <gitlab
is "$(jq -c '[.line, .note.section, .note.title, .note.end]' "$out")" '[2,"one","Header of one",null]
[4,"one",null,true]
[4,"two","Second",null]
[6,"two",null,true]' "--gitlab reads sections, two on a line"
printf -- 'a\n--- one\nx\ny\n+++ two\nz\n~~~ three\nw\n^^^ +++\n--- four\nq\n' >buildkite
run mci-log annotate --buildkite <buildkite
is "$(jq -c '[.line, .note.section, .note.end, .note.open, .note.reopen]' "$out")" '[2,"one",null,null,null]
[5,"one",true,null,null]
[5,"two",null,true,null]
[7,"two",true,null,null]
[7,"three",null,null,null]
[9,"three",null,null,true]
[10,"three",true,null,null]
[10,"four",null,null,null]' "--buildkite reads headings"
exits 2 "a log has one kind of markers" mci-log annotate --github --gitlab
exits 2 "and comes on standard input" mci-log annotate --github @
exits 125 "a full disk is an error" sh -c 'mci-log annotate --github <github >/dev/full'

build b
for name in github gitlab buildkite; do
	started "$name" 100
	cp "$name" "b/logs/$name.log"
	ended "$name" 200 "$(wc -c <"$name")"
done
build_end 300
squash b/logs/buildkite.log
fold() {
	is "$(mci-log cat --markers "$1" "./b/$1" | sed 's/, [0-9.]*s)/)/' | tr '\n' '|')" "$2" "--markers $1 folds"
}
fold gitlab 'a|▸ Header of one (2 lines)|▸ Second (3 lines)|out|'
fold buildkite 'a|▸ one (3 lines)|▾ two|+++ two|z|▾ three|~~~ three|w|^^^ +++|▾ four|--- four|q|'
is "$(mci-log cat --markers github ./b/github | sed -n 2p | cut -d, -f1)" "▸ Build it (3 lines" \
	"--markers github folds"

# ls and rm
build s/o/r/1
started plain 100
echo one >"$folder/logs/plain.log"
ended plain 200 4
started packed 100
echo two >"$folder/logs/packed.log"
ended packed 200 4
squash "$folder/logs/packed.log"
started cut 100
echo three >"$folder/logs/cut.log"
ended cut 200 600
started moved 100
echo four >"$folder/logs/moved.log"
executed moved 150 5
started moved 200 2
echo fourth >"$folder/logs/moved@2.log"
ended moved 250 7 '' 2
echo note >"$folder/script.log"
mkdir -p archive/o/r/1/logs
mv "$folder/logs/moved.log" archive/o/r/1/logs/
export MCI_LOG_ARCHIVE=file:archive
run mci-log ls ./s/o/r/1
is "$(cut -f1-3,5 "$out")" "script	1	5	open
plain	1	4	plain
packed	1	4	compressed
cut	1	6	truncated
moved	1	5	archived
moved	2	7	plain" "ls says of each log where and how it is"
is "$(mci-log ls --json ./s/o/r/1/packed | jq -c '[.job, .attempt, .bytes, .compressed, .open]')" \
	'["packed",1,4,true,false]' "also as JSON"
is "$(mci-log ls -q ./s/o/r/1/moved | sed 's|.*/||' | uniq)" "moved" "-q names them"
cp -a s before
run mci-log rm -n ./s/o/r/1
is "$(wc -l <"$out")" 6 "rm -n says what would go"
ok "and removes nothing" diff -r s before
run mci-log rm -q ./s/o/r/1/moved
is "$(ls s/o/r/1/logs | tr '\n' ' ')$(ls archive/o/r/1/logs)" "cut.log packed.log.zst plain.log " \
	"rm removes all attempts of a job, from the archive too"
background sh -c 'exec 9<s/o/r/1 && flock 9 && echo locked && exec sleep 1000'
builder=$pid
wait_for_line "$out" locked
out=$T/out2
exits 75 "logs of a build that runs stay" mci-log rm ./s/o/r/1
like "$(cat "$err")" 'is running' "which is said"
kill "$builder"
wait_end "$builder"
run mci-log rm ./s/o/r/1
is "$(ls s/o/r/1/logs)$(ls s/o/r/1)" "events.ndjson
logs" "rm of a build leaves its events"
exits 1 "nothing is listed then" mci-log ls ./s/o/r/1

finish
