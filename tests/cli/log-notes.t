#!/bin/sh
# What is noted beside logs: listed, folded, and found in logs of other systems; and the list of logs, and
# removing them.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/log-lib.sh"
need jq zstd perl flock

# noted MS OFFSET NOTE: what a job wrote to MCI_NOTES when its log had come to OFFSET
noted() {
	event log/annotated "$1" "\"job\":\"unit\",\"attempt\":1,\"at\":$2,$3"
}

build n
started unit 100
printf 'start\ncc a.c\ncc b.c\nbetween\nld\n' >n/logs/unit.log
noted 200 6 '"note":{"section":"compile"}'
noted 1700 20 '"note":{"section":"compile","end":true}'
noted 1800 28 '"note":{"error":"no ;","file":"a.c","line":3}'
noted 1810 28 '"note":{"test":"t1","result":"fail","message":"\u001b[2Jbad"}'
noted 1820 28 '"note":{"odd":[1]}'
noted 1830 28 '"text":"plain text"'
noted 1900 28 '"note":{"section":"link"}'
ended unit 2000 31
started quiet 100
: >n/logs/quiet.log
ended quiet 200 0
build_end 2100
run mci-log annotate ./n/unit
is "$(cat "$out")" "unit	2	section	compile
unit	4	section	compile (end)
unit	5	error	a.c:3: no ;
unit	5	test	t1: fail: ^[[2Jbad
unit	5	note	{\"odd\":[1]}
unit	5	text	plain text
unit	5	section	link" "annotations are listed with the line they stand before"
run mci-log annotate --json ./n
is "$(sed -n '1p;3p;6p' "$out")" \
	'{"time":"2026-11-23T18:00:00.200Z","job":"unit","attempt":1,"offset":6,"line":2,"note":{"section":"compile"}}
{"time":"2026-11-23T18:00:01.800Z","job":"unit","attempt":1,"offset":28,"line":5,"note":{"error":"no ;","file":"a.c","line":3}}
{"time":"2026-11-23T18:00:01.830Z","job":"unit","attempt":1,"offset":28,"line":5,"text":"plain text"}' "and as JSON"
exits 1 "a job that noted nothing has none" mci-log annotate ./n/quiet
run mci-log cat --sections ./n/unit
is "$(cat "$out")" "start
▸ compile (2 lines, 1.5s)
between
▾ link
ld" "a section that has ended is folded, an open one shown"
run mci-log --sections ./n
is "$(cat "$out")" "unit | start
unit | ▸ compile (2 lines, 1.5s)
unit | between
unit | ▾ link
unit | ld" "a whole build is folded log by log"
run mci-log --sections --time ./n/unit
has "$out" '^2026-11-23T18:00:00.200Z ▸ compile' "with the time when the section began"
exits 2 "sections are not for JSON" mci-log --sections --json ./n

# a job writes them
mkdir -p p/.mci && cd p || exit 1
cat >spec <<'EOS'
{"id":"j","script":["echo out; echo '{\"warning\":\"w\"}' >$MCI_NOTES"]}
EOS
mci-build -q - <spec
is "$(mci-log annotate --json @/j | jq -c .note)" '{"warning":"w"}' "a job notes by writing to MCI_NOTES"
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
# as those systems store them and hand them out
# notes_of STYLE: line, section or message, title and end of each
notes_of() {
	mci-log annotate "--$1" | jq -c '[.line, .note.section // .note.error // .note.warning, .note.title, .note.end]'
}
t=2025-08-27T10:15:58.1609151Z
printf '\357\273\277%s Current runner version\n%s ##[group]Run \033[1mmake\033[0m\r\n%s ##[endgroup]\n%s ##[error]100%%25 \033[31mbad\033[0m\n' $t $t $t $t >stored
is "$(notes_of github <stored)" '[2,"Run make",null,null]
[3,"Run make",null,true]
[4,"100%25 bad",null,null]' "--github reads the log that the site hands out: times in front, a byte order mark, colours"
# gh run view --log: job and step in front; a step's first line has a byte order mark there
sed "s/^\(\xef\xbb\xbf\)\{0,1\}/build (a, b)\tSet up job\t\1/" stored >viewed
is "$(notes_of github <viewed)" "$(notes_of github <stored)" "... and what gh shows of it"
printf '%s ::group::by Forgejo\n%s ::endgroup::\nbuild\tgroup\t::group::none\nx %s ::group::none\n' $t $t $t >forgejo
is "$(notes_of github <forgejo)" '[1,"by Forgejo",null,null]
[2,"by Forgejo",null,true]' "... and of systems that keep the commands; what is elsewhere in a line is none"

printf '\033[0KRunning with gitlab-runner\033[0;m\nsection_start:1:prepare\r\033[0K\033[0K\033[36;1mPreparing the "docker" executor\033[0;m\033[0;m\nx\nsection_end:2:prepare\r\033[0Ksection_start:3:step\r\033[0K\033[0K\033[36;1mExecuting\033[0;m\nsection_end:4:step\r\033[0K\n' >raw
is "$(notes_of gitlab <raw)" '[2,"prepare","Preparing the \"docker\" executor",null]
[4,"prepare",null,true]
[4,"step","Executing",null]
[5,"step",null,true]' "--gitlab reads a runner's own sections; their titles are text"
# with times each write of the runner has a line, and + says that it goes on
t=2024-05-22T12:43:46.962646Z
printf '%s\n' "$t 00O Running with gitlab-runner" "$t 00O section_start:1:prepare~^[0K" \
	"$t 00O+^[0K^[36;1mPreparing the \"docker\" executor^[0;m^[0;m" "$t 00O x" "$t 00O section_end:2:prepare~^[0K" \
	"$t 00O+section_start:3:step~^[0K" "$t 00O+^[0KExecuting^[0;m" "$t 01E section_start:5:mine[collapsed=true]~^[0KMine" \
	"$t 01O section_end:6:mine~^[0K" "$t 00O+section_end:4:step~^[0K" "$t 00O section_start:7:last~^[0K" |
	tr '~^' '\r\033' >timed
is "$(notes_of gitlab <timed)" '[2,"prepare","Preparing the \"docker\" executor",null]
[5,"prepare",null,true]
[6,"step","Executing",null]
[8,"mine","Mine",null]
[9,"mine",null,true]
[10,"step",null,true]
[11,"last",null,null]' "... and those of one that writes times, whose titles are in the next line"

printf '\033_bk;t=1745322209921\a~~~ Running global \033[33menvironment\033[0m hook\r\n\033_bk;t=1745322209922\a\033[90m$ make\033[0m\r\n\033_bk;t=1745322209923\a\033[0m+++ :docker: Tests\r\n[2024-05-22T12:43:46Z] --- Upload\n' >bk
is "$(notes_of buildkite <bk)" '[1,"Running global environment hook",null,null]
[3,"Running global environment hook",null,true]
[3,":docker: Tests",null,null]
[4,":docker: Tests",null,true]
[4,"Upload",null,null]' "--buildkite reads stored logs: its times, and those of the agent, colours"

exits 2 "a log has one kind of markers" mci-log annotate --github --gitlab
exits 2 "and comes on standard input" mci-log annotate --github @
exits 125 "a full disk is an error" sh -c 'mci-log annotate --github <github >/dev/full'

build b
for name in github gitlab buildkite timed; do
	started "$name" 100
	cp "$name" "b/logs/$name.log"
	ended "$name" 200 "$(wc -c <"$name")"
done
build_end 300
squash b/logs/buildkite.log
fold() {
	is "$(mci-log cat --markers "$1" "./b/$1" | sed 's/, [0-9.]*s)/)/' | tr '\n' '|')" "$2" "--markers $1 folds"
}
is "$(mci-log cat --markers gitlab ./b/timed | sed "s/, [0-9.]*s)/)/; s/^$t //" | head -n 3)" '00O Running with gitlab-runner
▸ Preparing the "docker" executor (4 lines)
▸ Executing (2 lines)' "--markers gitlab folds lines with times"
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
run mci-log rm -fn ./s/o/r/1
is "$(wc -l <"$out")" 6 "rm -n says what would go"
ok "and removes nothing" diff -r s before
run mci-log rm -fq ./s/o/r/1/moved
is "$(ls s/o/r/1/logs | tr '\n' ' ')$(ls archive/o/r/1/logs)" "cut.log packed.log.zst plain.log " \
	"rm removes all attempts of a job, from the archive too"
background sh -c 'exec 9<s/o/r/1 && flock 9 && echo locked && exec sleep 1000'
builder=$pid
wait_for_line "$out" locked
out=$T/out2
exits 75 "logs of a build that runs stay" mci-log rm -f ./s/o/r/1
like "$(cat "$err")" 'is running' "which is said"
kill "$builder"
wait_end "$builder"
run mci-log rm -f ./s/o/r/1
is "$(ls s/o/r/1/logs)$(ls s/o/r/1)" "events.ndjson
logs" "rm of a build leaves its events"
exits 1 "nothing is listed then" mci-log ls ./s/o/r/1

finish
