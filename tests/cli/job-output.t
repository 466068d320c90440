#!/bin/sh
# What a job prints, reads and finds around it.
. "${0%/*}/lib.sh"
need jq python3 bash

job() {
	mci-job --log-dir logs "$@"
}
field() {
	jq -rs "$1" "$out"
}

cat >bytes.py <<'E'
import sys
out = sys.stdout.buffer
out.write(b"nul \0 bad \xff\xfe\xc3 end\n")
out.write(b"x" * 10_000_000 + b"\nno newline")
E
python3 bytes.py >expected
run job <<'E'
{"id":"bytes","argv":["python3","bytes.py"]}
E
ok 'NUL, invalid UTF-8 and a 10 MB line are kept byte for byte' cmp expected logs/bytes.log
is "$(field 'last | .bytes')" "$(wc -c <expected | tr -d ' ')" 'job/executed says their number'
ok 'an output of several chunks has an index' test -s logs/bytes.idx

run job <<'E'
{"id":"one","script":"echo once"}
E
ok 'an output of one chunk has none' test ! -e logs/one.idx

run job <<'E'
{"id":"split","split":true,"script":"echo out; sleep 0.1; echo err >&2"}
E
is "$(cat logs/split.log)" "$(printf 'out\nerr')" 'split: both streams are in the log'
# the streams of its records: bytes 17 to 20 of each 24
is "$(od -An -v -tu4 -w24 logs/split.idx | awk 'NR > 1 { print $5 }' | head -n 2 | tr '\n' ' ')" '1 2 ' \
	'split: the index tells them apart'

run job <<'E'
{"id":"none","script":"test ! -t 0 && test ! -t 1 && ! (: </dev/tty) 2>/dev/null && wc -c"}
E
is "$(cat logs/none.log)" 0 'a job has no terminal and an empty standard input'
run job <<'E'
{"id":"pty","pty":true,"script":["test -t 0 && test -t 1 && test -t 2 && : </dev/tty && stty size"]}
E
is "$(od -An -c logs/pty.log | tr -d ' \n')" '2480\r\n' 'pty: a controlling terminal of 24 lines'
run job <<'E'
{"id":"term","pty":true,"script":"echo $TERM"}
{"id":"own","pty":true,"env":{"TERM":"vt100"},"script":"echo $TERM"}
{"id":"pipe","script":"echo ${TERM-none}"}
E
is "$(cat logs/term.log logs/own.log logs/pipe.log | tr -d '\r' | tr '\n' ' ')" 'xterm-256color vt100 none ' \
	'pty: TERM says which, unless the spec does; a pipe has none'
run job <<'E'
{"id":"in","stdin":"line\nlast","script":"cat"}
E
is "$(cat logs/in.log)" "$(printf 'line\nlast')" 'stdin is given as it is'

exec 7<bytes.py
run job <<'E'
{"id":"fds","argv":["sh","-c","exec ls /proc/self/fd"]}
E
exec 7<&-
is "$(sort -n logs/fds.log | tr '\n' ' ')" '0 1 2 3 19 ' \
	'a job has descriptors 0, 1, 2 and that of its notes (3 is that of ls)'

env -i PATH="$PATH" HOME=/h LANG=C TZ=UTC USER=u TMPDIR="$TMPDIR" http_proxy=p NO_PROXY=n SECRET=s LC_ALL=C \
	MCI_BUILD=/b.sock MCI_BUILD_ID=local/x/1 MCI_SOURCE=server GIVEN=g \
	mci-job --log-dir logs -e GIVEN -e PLAIN=v -e MISSING >"$out" <<'E'
{"id":"env","argv":["env"],"env":{"OWN":"o","USER":"me","GIVEN":"lost"}}
E
sed 's,^MCI_OUTPUT=.*/,MCI_OUTPUT=,; /^PATH=/d' logs/env.log | sort >got
cat >expected <<'E'
CI=true
GIVEN=g
HOME=/h
LANG=C
MCI_ATTEMPT=1
MCI_BUILD=/b.sock
MCI_BUILD_ID=local/x/1
MCI_JOB_ID=env
MCI_NOTES=/dev/fd/19
MCI_OUTPUT=env@1
MCI_SOURCE=server
NO_PROXY=n
OWN=o
PLAIN=v
TZ=UTC
USER=me
http_proxy=p
E
echo "TMPDIR=$TMPDIR" >>expected
is "$(cat got)" "$(sort expected)" 'the environment is exactly what is promised'
run job <<'E'
{"id":"p","params":["V"],"env":{"V":"1.2"},"script":"echo $V"}
E
is "$(cat logs/p.log)" 1.2 'a param is in the environment'

mkdir -p sub/deep
run job <<'E'
{"id":"dir","dir":"sub/deep","script":"pwd"}
{"id":"bare","dir":"sub","script":"env"}
E
is "$(cat logs/dir.log)" "$PWD/sub/deep" 'dir is where it runs'
has logs/bare.log "^PWD=$PWD/sub\$" 'PWD is there as from a shell, also where none ran'

run job <<'E'
{"id":"o","script":["test ! -e \"$MCI_OUTPUT\"","echo A=1 >>$MCI_OUTPUT; echo B=x=y >>$MCI_OUTPUT","echo A=2 >>$MCI_OUTPUT"]}
E
is "$(field 'last | .outputs | tojson')" '{"A":"2","B":"x=y"}' 'outputs; a later line wins'
run job <<'E'
{"id":"o","script":"head -c 70000 /dev/zero | tr '\\0' x >$MCI_OUTPUT"}
E
is "$status $(field 'last | .reason')" '1 limit:outputs' 'more than 64 KiB of them are limit:outputs'
run job <<'E'
{"id":"o","script":"echo 'not a pair' >$MCI_OUTPUT"}
E
like "$(field 'last | .error')" 'line 1: expected NAME=VALUE' 'a line that is no pair is named'
run job <<'E'
{"id":"o","script":"mkfifo $MCI_OUTPUT"}
E
like "$(field 'last | .error')" 'no file' 'something else than a file does not hold us up'

run job <<E
{"id":"note","script":["echo before","echo '{\"section\":\"s\"}' >\$MCI_NOTES; echo text >\$MCI_NOTES","until grep -q annotate[d].*text '$out'; do sleep 0.01; done; echo after"]}
E
is "$(field 'map(select(.type == "log/annotated")) | map([.at, (.note // .text)]) | tojson')" \
	'[[7,{"section":"s"}],[7,"text"]]' 'notes become events with the offset of the log'
run job -j1 <<'E'
{"id":"n1","script":"printf '{\"half' >$MCI_NOTES"}
{"id":"n2","script":"echo '{\"whole\":1}' >$MCI_NOTES"}
E
is "$(field 'map(select(.type == "log/annotated")) | map([.job, .note.whole]) | tojson')" '[["n2",1]]' \
	'half a note does not reach the next job'
run job <<'E'
{"id":"fake","script":["echo 'command 5 0' >$MCI_NOTES","true"]}
E
is "$(field 'map(select(.type == "command/start")) | map(.command) | tojson')" '[0,1]' \
	'a job cannot invent entries'

# stalled FORM SPEC: peak memory in KiB of a worker that can write nothing while its job writes for a second
stalled() {
	mkfifo events
	sh -c 'exec sleep 300' <events &
	reader=$!
	printf '%s\n' "$2" >specs
	mci-job --log-dir logs --progress "$1" --timeout 1s <specs >events 2>"$err" &
	pid=$!
	started="$started $reader $pid"
	job_is() {
		worker=$(pgrep -P "$pid") && { pgrep -P "$worker" >/dev/null; [ "$?" = "$1" ]; }
	}
	wait_until 'the job runs' job_is 0
	wait_until 'the job is over' job_is 1
	sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$worker/status"
	kill "$reader"
	wait_end "$pid"
	rm -f events
}
if sanitized mci-job; then
	skip 2 'memory is not measured with a sanitizer'
else
	ok 'notes without end cost no memory when nobody reads events' \
		test "$(stalled json '{"id":"y","script":"yes >$MCI_NOTES"}')" -lt 16000
	ok 'nor does output that is shown' test "$(stalled plain '{"id":"y","script":"yes"}')" -lt 16000
fi

run job <<'E'
{"id":"pipe","shell":"bash","script":["set +e; yes | head -1 >/dev/null; echo ${PIPESTATUS[0]}"]}
E
is "$(cat logs/pipe.log)" 141 'SIGPIPE kills in a job as it does at home'
# whatever the text's length, and whatever memory it lies in
seq 60 300 | jq -c '{id: "j\(.)", script: [": " + "x" * .]}' | mci-job --progress json --log-dir logs >"$out" 2>"$err"
is "$(jq -r 'select(.type == "command/start").text' "$out" | awk '{ print length($0) - 2 }' | sort -n | tr '\n' ' ')" "$(seq 60 300 | tr '\n' ' ')" \
	"command/start has the entry, of any length"
finish
