#!/bin/sh
# mci-log shows the same of a log that is plain, compressed, or in the archive: exact bytes, ranges, lines.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/log-lib.sh"
need zstd perl

# one log of each awkward kind
build plain/o/r/1
started bytes 100
perl -e 'srand 7; print join "", map { chr int rand 256 } 1 .. 300_000' >"$folder/logs/bytes.log"
ended bytes 150 300000
started nul 200
perl -e 'print "a\0b\r\nno\xffutf8\xc3\n\n\r\rlast" x 30_000' >"$folder/logs/nul.log"
index nul 0:250:1 40000:350:2 300000:550:1 630000:0:end
ended nul 700 630000
started long 800
perl -e 'print "x" x 400_000, "\n", "\xc3\xa9" x 200_000, "\n", "end"' >"$folder/logs/long.log"
ended long 900 800005
started none 950
: >"$folder/logs/none.log"
ended none 960 0
started edge 970
perl -e 'print "y" x 131071, "\n", "z" x 131072, "\n"' >"$folder/logs/edge.log"
ended edge 980 262145
echo 'of the script' >"$folder/script.log"
build_end 990

mkdir -p packed live archive/o/r/1
cp -a plain/o packed/
for log in packed/o/r/1/logs/*.log packed/o/r/1/script.log; do
	squash "$log"
done
cp -a packed/o live/
mv live/o/r/1/script.log.zst archive/o/r/1/
mv live/o/r/1/logs archive/o/r/1/

# same TEXT ARGUMENTS: mci-log says the same of the three; the last argument is the job, or empty
same() {
	text=$1
	shift
	job='' arguments=''
	for word; do
		arguments="$arguments $job"
		job=$word
	done
	# shellcheck disable=SC2086
	mci-log $arguments "./plain/o/r/1$job" >expected
	# shellcheck disable=SC2086
	mci-log $arguments "./packed/o/r/1$job" >got
	ok "$text, compressed" cmp got expected
	# shellcheck disable=SC2086
	MCI_LOG_ARCHIVE=file:archive mci-log $arguments "./live/o/r/1$job" | cat >got
	ok "$text, archived" cmp got expected
}
for job in bytes nul long none edge; do
	zstdcat "packed/o/r/1/logs/$job.log.zst" | cmp - "plain/o/r/1/logs/$job.log" || echo "# $job" >&2
	mci-log "./plain/o/r/1/$job" | cmp - "plain/o/r/1/logs/$job.log" || echo "# $job" >&2
	same "$job is whole" cat "/$job"
done
same "times and streams" cat --json /nul
same "long lines as JSON" cat --json /long
same "the build" cat --time ''
same "lines" cat --lines 29999-60001 /nul
same "a line over frames" cat --lines 2 /edge
same "lines behind the end" cat --lines 9000000- /nul
same "bytes" cat --bytes 131070-262145 /bytes
same "a tail" cat --tail 7 /nul
same "a tail as JSON" cat --json --tail 3 /nul
same "since" cat --since 2026-11-23T18:00:00.500Z /nul
same "follow" follow /bytes

for job in bytes nul long edge; do
	grep -aEn 'a.b|x$|z|é' "plain/o/r/1/logs/$job.log" >expected
	mci-log grep -n 'a.b|x$|z|é' "./packed/o/r/1/$job" >got
	ok "grep finds the same in $job, compressed" cmp got expected
done

# a server keeps no events: the files tell
cp -a plain/o server
rm server/r/1/events.ndjson
mv server/r/1/logs/edge.log 'server/r/1/logs/edge@2.log'
squash server/r/1/logs/nul.log
is "$(mci-log ls ./server/r/1 | cut -f 1,2,5 | sort | tr '\t\n' '. ')" \
	"bytes.1.open edge.2.open long.1.open none.1.open nul.1.compressed script.1.open " \
	"logs without events are found by their files"
is "$(mci-log ls ./server/r/1 | cut -f 1 | head -n 1)" script "the script's in front, as it began before its jobs"
for job in bytes nul edge; do
	mci-log "./server/r/1/$job" >got
	ok "and shown: $job" cmp got "plain/o/r/1/logs/$job.log"
done
is "$(mci-log grep -c 'of the' ./server/r/1 | grep -c ':1$')" 1 "and searched"
exits 1 "what was not kept is not found" mci-log ./server/r/1/other
exits 1 "they are followed at the server" mci-log follow ./server/r/1
like "$(cat "$err")" 'no events.ndjson' "which is said"

# a log of a server's folder that lost its end says so wherever it is shown
{ seq 1 3000 && seq 1 3000; } | mci-log put --dir lost o/r/1/cut
length=$(wc -c <lost/o/r/1/logs/cut.log)
truncate -s 100 lost/o/r/1/logs/cut.log
for how in 'cat' 'follow' 'cat --json' 'cat --merge'; do
	# shellcheck disable=SC2086
	mci-log $how --dir lost o/r/1/cut >got 2>said
	has said "cut: the log is truncated: 100 of $length bytes are there" "$how says what is missing"
done
is "$(mci-log ls --dir lost o/r/1 | cut -f 1,3,5)" "cut	100	truncated" "and so does ls"
mkfifo up
mci-log serve -l ./lost.sock --dir lost --ready-fd 3 3>up &
serving=$!
started="$started $serving"
read -r _ <up
for how in 'cat' 'follow' 'cat --json' 'cat --tail 3'; do
	# shellcheck disable=SC2086
	mci-log $how -a ./lost.sock o/r/1/cut >got 2>said
	has said "cut: the log is truncated: 100 bytes were kept" "$how at a server says it"
done
is "$(mci call -a ./lost.sock log/get build=o/r/1 job=cut | jq -c .)" \
	'{"run":1,"attempt":1,"bytes":100,"open":false,"truncated":true}' "and the server"
kill "$serving"
wait_end "$serving"

# memory does not grow with lines or logs
build huge
i=100
while [ "$i" -lt 200 ]; do
	started "j$i" 100
	yes "a line of job $i" | head -n 2000 >"huge/logs/j$i.log"
	i=$((i + 1))
done
perl -e 'print "x" x 20_000_000, "\n", "y\n"' >huge/logs/j100.log
squash huge/logs/j101.log
build_end 900
run mci-log ./huge
is "$(wc -c <"$out")" 24950017 "many logs and a huge line are merged whole"
# peak ARGUMENTS: the most memory that mci-log had, in KiB, when it had written its last byte
peak() {
	python3 -c 'import subprocess, sys
p = subprocess.Popen(sys.argv[1:], stdout=subprocess.PIPE)
most = 0
while p.stdout.read(1 << 20):
    lines = open("/proc/%d/status" % p.pid).read().split("\n")
    most = max([most] + [int(l.split()[1]) for l in lines if l.startswith("VmHWM")])
print(most)' mci-log "$@"
}
if sanitized mci-log; then
	skip 2 'memory is not measured with a sanitizer'
else
	ok "in 6 MB" test "$(peak ./huge)" -lt 6144
	ok "also as JSON" test "$(peak --json ./huge)" -lt 6144
fi
rm -rf huge

exits 0 "a log that was moved on is missed without the archive" mci-log ./live/o/r/1/nul
like "$(cat "$err")" '0 of 630000 bytes are there' "and that is said"
exits 2 "an archive is a folder" mci-log --archive s3://bucket ./live/o/r/1/nul
like "$(cat "$err")" 'expected file:DIR' "which the message says"

# damage is named by file and byte, what stands in front of it is shown
cp packed/o/r/1/logs/bytes.log.zst keep
printf '\0\0\0\0' | dd of=packed/o/r/1/logs/bytes.log.zst bs=1 seek=150000 conv=notrunc 2>/dev/null
run sh -c 'mci-log ./packed/o/r/1/bytes | wc -c'
is "$(cat "$out")" 131072 "a damaged log is shown as far as it is whole"
like "$(cat "$err")" 'bytes.log.zst: damaged at byte 131' "and the damage is named"
exits 2 "and is an error for grep" mci-log grep -q ZZZZZZ ./packed/o/r/1/bytes
for cut in 0 5 1000 300000; do
	head -c "$cut" keep >packed/o/r/1/logs/bytes.log.zst
	exits 2 "one cut at $cut is an error" mci-log ./packed/o/r/1/bytes
	like "$(cat "$err")" 'bytes.log.zst: damaged at byte' "that says so"
done

finish
