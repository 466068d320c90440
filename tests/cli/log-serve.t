#!/bin/sh
# The log service: what is put into it comes out byte for byte, on every way in and out, whoever is killed.
. "${0%/*}/lib.sh"
need nc perl jq python3

server=$T/run/log.sock
bridge="exec:nc -NU $server" # a link that carries no descriptors

# serve [OPTION...]: a server of the folder d, ready
serve() {
	mkfifo "$T/ready"
	mci-log serve -l "unix:$server" --dir d --ready-fd 3 "$@" 3>"$T/ready" 4>&- 5>&- 2>"$T/served" &
	serving=$!
	started="$started $serving"
	read -r _ <"$T/ready"
	rm "$T/ready"
}

stored() {
	cmp -s "$1" "d/o/r/1/logs/$2.log"
}

state() {
	mci call -a "$server" log/get build=o/r/1 job="$1" | jq -c '[.bytes,.open,.truncated]'
}

# awkward bytes, and lines that no buffer holds
perl -e 'print "plain\n", "\0nul\0\n", "\xff\xfe\xc0\x80\n", "over\rwritten\r\n", "\e[31mred\e[0m\n", "\n\n",
	"x" x 3000000, "\n", map({ chr($_ % 256) } 1 .. 300000), "no newline"' >awkward
perl -e 'print "l" x 100000000' >long
: >empty

serve
for input in awkward empty; do
	exits 0 "$input: put on a socket" mci-log put -a "$server" "o/r/1/$input" <$input
	ok "... is stored as it is" stored $input $input
	exits 0 "... and read back on it" mci-log cat -a "$server" "o/r/1/$input"
	ok "... byte for byte" cmp "$out" $input
	exits 0 "$input: put on a link without descriptors" mci-log put -a "$bridge" "o/r/1/$input.b" <$input
	ok "... is stored as it is" stored $input $input.b
	exits 0 "... and read back on it" mci-log cat -a "$bridge" "o/r/1/$input.b"
	ok "... byte for byte" cmp "$out" $input
	is "$(state "$input.b")" "[$(wc -c <$input),false,false]" "... and closed, whole"
	# shellcheck disable=SC2002
	cat $input | mci-log put --dir folder "o/r/1/$input"
	ok "$input: put into a folder without a server" cmp "folder/o/r/1/logs/$input.log" $input
done
exits 0 "a line of 100 MB" mci-log put -a "$server" o/r/1/long <long
ok "... byte for byte" sh -c "mci-log cat -a '$server' o/r/1/long | cmp - long"
rm long
memory=$(awk '/^VmHWM/ { print $2 }' "/proc/$serving/status")
if sanitized mci-log; then
	skip 1 "memory is not measured with a sanitizer"
else
	ok "... and the server stayed below 6 MB ($memory KiB)" test "$memory" -lt 6144
fi
is "$(mci-log cat -a "$server" --bytes 2-4 o/r/1/awkward)" "ain" "a range of bytes"

exits 1 "a log is not written twice" mci-log put -a "$server" o/r/1/awkward <empty
has "$err" "o/r/1/awkward is there already" "... it says"
exits 1 "a whole log is not resumed" mci-log put -a "$server" --resume o/r/1/awkward <empty
exits 1 "a log that is not there" mci-log cat -a "$server" o/r/1/none
has "$err" "there is no log o/r/1/none" "... it says"
exits 2 "a name that leads elsewhere" mci-log put -a "$server" ../../etc/1/x <empty
exits 2 "a build is no job" mci-log put -a "$server" o/r/1 <empty
exits 75 "nobody serves there" mci-log put -a "$T/run/none" o/r/1/x <empty
exits 75 "... nor there" mci-log follow -a "exec:false" o/r/1/x
exits 75 "one folder has one server" mci-log serve -l "unix:$T/run/other" --dir d
has "$err" "d: another server has this folder" "... it says"

# a cap keeps the first bytes and says that others are missing
exits 0 "a cap" mci-log put -a "$server" --cap 6 o/r/1/capped <awkward
is "$(state capped)" '[6,false,true]' "... cuts the log and says so"
mci-log cat -a "$server" o/r/1/capped >"$out" 2>"$err"
has "$err" "o/r/1/capped: the log is truncated: 6 bytes were kept" "... to who reads it"

# bad requests cost themselves only
printf '%s\n' 'garbage' '{"jsonrpc":"2.0","id":1,"method":"log/append","params":{"build":"o/r/1","job":"none","offset":0,"data":8}}' >bad
printf 'a\n{"b":\n' >>bad
printf '%s\n' '{"jsonrpc":"2.0","id":2,"method":"log/append","params":{"build":"../x/1","offset":0,"data":0}}' \
	'{"jsonrpc":"2.0","id":3,"method":"log/append","params":{"build":"o/r/1","offset":0,"data":-1}}' \
	'{"jsonrpc":"2.0","id":4,"method":"log/append","params":{"build":"o/r/1","offset":0,"data":9000000}}' >>bad
head -c 9000000 /dev/zero >>bad
printf '%s\n' '{"jsonrpc":"2.0","method":"log/append","params":{"build":"o/r/1","offset":0,"data":2}}' >>bad
printf '\n\n%s\n' '{"jsonrpc":"2.0","id":5,"method":"log/follow","params":{"build":"o/r/1","from":-1}}' >>bad
printf '%s\n' '{"jsonrpc":"2.0","id":6,"method":"log/remove","params":{"build":"o/r/9"}}' \
	'{"jsonrpc":"2.0","id":7,"method":"log/status"}' >>bad
nc -NU "$server" <bad >"$out"
is "$(jq -c '[.id // .type, (.error | if type == "object" then .code else . end)]' "$out" | sort | tr '\n' ' ')" \
	'["error","invalid-request"] ["error","not-json"] [1,-32000] [2,-32602] [3,-32602] [4,-32602] [5,-32602] [6,-32000] [7,null] ' \
	"bad requests and their data are answered, each by itself"
head -c 300000 /dev/urandom | timeout 5 nc -NU "$server" >"$out" 2>&1
ok "garbage does not end the server" mci call -a "$server" log/status

# the server is killed under a writer with descriptors, one without, and a follower of each
mkfifo feed1 feed2
mci-log put -a "$server" o/r/1/direct <feed1 2>"$T/put1" &
direct=$!
mci-log put -a "$bridge" o/r/1/spooled <feed2 2>"$T/put2" &
spooled=$!
mci-log follow -a "$server" o/r/1/direct >seen1 2>"$T/follow1" &
follow1=$!
mci-log follow -a "$bridge" o/r/1/spooled >seen2 2>"$T/follow2" &
follow2=$!
started="$started $direct $spooled $follow1 $follow2"
exec 4>feed1 5>feed2
for i in 1 2 3; do
	echo "before $i" >&4
	echo "before $i" >&5
done
wait_for_line seen1 'before 3'
wait_for_line seen2 'before 3'
is "$(mci-log status -a "$server" | grep -E '^(open|followers|closed)	' | cut -f 1,2,4 | sort | tr '\n\t' ' :')" \
	"closed:6 followers:2 open:o/r/1:direct open:o/r/1:spooled " "status tells who writes and reads"
kill -KILL "$serving"
wait_end "$serving"
echo "while it was gone" | tee /dev/fd/4 >&5
serve
echo "after" | tee /dev/fd/4 >&5
wait_for_line seen1 '^after'
wait_for_line seen2 '^after'
exec 4>&- 5>&-
for pid in $direct $spooled $follow1 $follow2; do
	wait_end "$pid"
	is "$status" 0 "it went on over a restart of the server"
done
printf 'before 1\nbefore 2\nbefore 3\nwhile it was gone\nafter\n' >expected
ok "a follower has all once" cmp seen1 expected
ok "... also over the spool" cmp seen2 expected
ok "and so has the log" stored expected direct
ok "... also over the spool" stored expected spooled
has "$T/follow1" "lost .* trying again" "the follower says that it tries again"

# the writer is killed
mkfifo feed3
mci-log put -a "$server" o/r/1/killed <feed3 &
writer=$!
mci-log follow -a "$server" o/r/1/killed >seen3 2>"$T/follow3" &
follower=$!
started="$started $writer $follower"
exec 4>feed3
echo "read from the pipe" >&4
wait_for_line seen3 'read from the pipe'
is "$(state killed)" '[19,true,false]' "a log that is written is open"
kill -KILL "$writer"
wait_end "$follower"
has "$T/follow3" "the log is truncated: 19 bytes were kept" "when its writer is killed, the follower is told"
is "$(state killed)" '[19,false,true]' "... and the log says so"
exec 4>&-
exits 0 "it can be gone on with" sh -c "echo more | mci-log put --resume -a '$server' o/r/1/killed"
is "$(cat d/o/r/1/logs/killed.log)" "read from the pipe
more" "... behind what was there"
is "$(state killed)" '[24,false,false]' "... and is whole then"

# killed together: the next server finds it
mkfifo feed4
mci-log put -a "$server" o/r/1/both <feed4 &
writer=$!
started="$started $writer"
exec 4>feed4
echo "both" >&4
wait_until "the byte is there" test -s d/o/r/1/logs/both.log
kill -KILL "$serving" "$writer"
wait_end "$serving"
wait_end "$writer"
exec 4>&-
serve --lost-after 100ms
cut() {
	[ "$(state both)" = '[5,false,true]' ]
}
wait_until "the new server closes it" cut
is "$(state both)" '[5,false,true]' "writer and server killed at once: the log is cut where it was"

# the link is lost when the log was closed: before that came there, and before the reply came back
cat >lossy.py <<'LOSSY'
import os, select, socket, sys
server, way, flag = sys.argv[1:]
s = socket.socket(socket.AF_UNIX)
s.connect(server)
closing = False
while True:
    for fd in select.select([0, s], [], [])[0]:
        data = os.read(0, 65536) if fd == 0 else s.recv(65536)
        closing = closing or (fd == 0 and b'log/close' in data)
        if not data or (closing and (fd == 0) == (way == 'there') and not os.path.exists(flag)):
            open(flag, 'w').close()
            sys.exit()
        if fd == 0:
            s.sendall(data)
        else:
            os.write(1, data)
LOSSY
for way in there back; do
	exits 0 "put whose link is lost on the way $way of log/close" \
		mci-log put -a "exec:python3 $PWD/lossy.py $server $way $PWD/lost-$way" "o/r/1/lossy-$way" <awkward
	ok "... when it was" test -e "lost-$way"
	ok "... stores all" stored awkward "lossy-$way"
	is "$(state "lossy-$way")" "[$(wc -c <awkward),false,false]" "... and the log is whole"
	mci call -q -a "$server" log/remove build=o/r/1 job="lossy-$way" >"$out"
done

# what is shown otherwise than byte for byte is that of the folder; times come in milliseconds, so lines of two
# jobs in one of these may have another order
for options in '--json' '--merge' '--lines 2-3' '--tail 2'; do
	for what in o/r/1 o/r/1/spooled; do
		# shellcheck disable=SC2086
		mci-log cat --dir d $options $what >folder.out 2>/dev/null
		# shellcheck disable=SC2086
		exits 0 "cat -a $options $what" mci-log cat -a "$server" $options $what
		sort folder.out >expected
		sort "$out" >sorted
		ok "... is as of the folder" cmp sorted expected
	done
done
is "$(find "$TMPDIR" -name 'mci-log-*')" "" "... and nothing is left of it"
exits 2 "follow -a of a whole build" mci-log follow -a "$server" o/r/1

# removal
is "$(mci call -a "$server" log/list build=o/r/1 | jq '.logs | length')" 10 "the logs of a build"
ok "one log is removed" mci call -a "$server" log/remove build=o/r/1 job=long
ok "... and its file" test ! -e d/o/r/1/logs/long.log
ok "all logs of a build" mci call -a "$server" log/remove build=o/r/1
is "$(find d/o/r/1 -type f)" "" "... and their files"

kill -TERM "$serving"
wait_end "$serving"
is "$status" 0 "it stops when it is told to"
ok "... and takes its socket along" test ! -e "$server"
is "$(ls -A d/.open)" "" "... and the marks of builds whose logs have all ended"

# a disk that takes its time to remove holds up nobody: answers come as they are ready
request() { printf '{"jsonrpc":"2.0","id":%d,"method":"log/%s","params":%s}\n' "$@"; }
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
	for job in a b c; do
		echo "$job" | mci-log put -a "exec:mci-log serve -l - --dir slow" "o/r/4/$job"
	done
	# the leak checker cannot work below strace
	{
		request 1 remove '{"build":"o/r/4"}'
		until [ ! -e slow/o/r/4/logs/a.log ]; do sleep 0.01; done
		request 2 status '{}'
		request 3 open '{"build":"o/r/4","job":"b"}'
		request 4 open '{"build":"o/r/4","job":"d"}'
		request 5 list '{"build":"o/r/4"}'
	} | ASAN_OPTIONS=detect_leaks=0 strace -f -qq -o /dev/null -e trace=unlinkat \
		-e inject=unlinkat:delay_enter=100000 mci-log serve -l - --dir slow >"$out"
	is "$(jq -r '[.id, .error.message] | join(" ")' "$out" | head -n 3)" "2 
3 that log is being removed
4 " "others are answered while a build's logs are removed, one of which is not to be opened"
	is "$(jq -c 'select(.id == 1).result' "$out")" '{}' "... and so is who removes them"
	is "$(jq -c 'select(.id == 5).result.logs | map([.job,.open])' "$out")" '[["d",true]]' \
		"what is listed behind it is what is left"
	is "$(find slow/o -name '*.log')" slow/o/r/4/logs/d.log "only what was asked for is removed"
else
	skip 4 "strace may not trace here"
fi

# the names of a log are on the disk before its end, for which only its files are left
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
	: >"$T/syncs"
	{
		request 1 open '{"build":"o/r/1","job":"a"}'
		until [ "$(grep -c 'fsync(.*= 0' "$T/syncs")" -ge 5 ]; do sleep 0.01; done
		: >"$T/syncs"
		request 2 close '{"build":"o/r/1","job":"a"}'
	} | ASAN_OPTIONS=detect_leaks=0 strace -f -qq -A -o "$T/syncs" -e trace=fsync,fdatasync \
		mci-log serve -l - --dir names >"$out" 2>"$err"
	is "$(jq -r .id "$out" | tr '\n' ' ')" "1 2 " "a log is opened and closed"
	is "$(sed 's/^[0-9 ]*\([a-z]*\)(.*/\1/' "$T/syncs" | tr '\n' ' ')" "fdatasync fdatasync " \
		"its close syncs what is in it; where it stands is on the disk already"
else
	skip 2 "strace may not trace here"
fi

# a full disk: the writer is told, or goes on; the log says where it was cut
cat >full.sh <<'FULL'
mkdir small && mount -t tmpfs -o size=1m tmpfs small || exit 9
head -c 3000000 /dev/zero | mci-log put --dir small o/r/1/stop 2>told; echo $?
rm -r small/o
{ head -c 3000000 /dev/zero && echo "went on" >&2; } 2>end | mci-log put --dir small --full drop o/r/1/drop; echo $?
mci-log cat --dir small o/r/1/drop 2>said | wc -c
FULL
if unshare -rm true 2>/dev/null && unshare -rm sh full.sh >"$out" 2>"$err"; then
	is "$(sed -n '1p;2p' "$out" | tr '\n' ' ')" "125 0 " "on a full disk put fails, or drops what does not fit"
	has told "write .*: No space left on device" "... and says why"
	has end "went on" "the writer goes on where that was asked for"
	has said "the log is truncated: $(sed -n 3p "$out" | tr -d ' ') bytes were kept" "the log says where it was cut"
else
	skip 4 "no tmpfs can be mounted here"
fi

# a server whose disk was full tells who asks, and recovers by itself
cat >full.sh <<'FULL'
mkdir full && mount -t tmpfs -o size=2m tmpfs full || exit 9
mkfifo up printed
mci-log serve -l ./full.sock --dir full/logs --lost-after 100ms --ready-fd 3 3>up 2>served &
serving=$!
read -r _ <up
dd if=/dev/zero of=full/fill bs=64k 2>/dev/null
state() {
	mci call -a ./full.sock log/get build=o/r/1 job="$1" | jq -r '"\(.open) \(.truncated)"'
	mci-log cat -q --dir full/logs "o/r/1/$1" | wc -c
}
sh -c 'yes >printed' 2>/dev/null &
printer=$!
mci-log put -a ./full.sock o/r/1/stop <printed 2>told
echo "stop: $?, $(state stop)"
wait "$printer"
echo "what prints: $?"
seq 1 100000 | mci-log put -a ./full.sock --full drop o/r/1/drop 2>told.drop
echo "drop: $?, $(state drop), $(wc -c <told.drop)"
seq 1 1000 | mci-log put -a 'exec:mci-relay ./full.sock' o/r/1/wait 2>told.wait &
waiting=$!
until grep -q 'trying again' told.wait; do sleep 0.05; done
echo "written: $(mci-log status -a ./full.sock --json | jq -r '.log.open[0].job')"
rm full/fill
wait "$waiting"
echo "wait: $?, $(mci-log cat -a ./full.sock o/r/1/wait | tail -n 1)"
echo more | mci-log put -a ./full.sock o/r/1/after
echo "after: $?"
for job in stop drop; do
	until tail -c 8 "full/logs/o/r/1/logs/$job.idx" | od -An -tx1 | grep -q 'ff ff ff ff 01'; do sleep 0.05; done
	echo "$job has its end"
done
kill "$serving"
wait "$serving"
echo "the server: $?, $(wc -c <served)"
FULL
if unshare -rm true 2>/dev/null && { timeout 120 unshare -rm sh full.sh >"$out" 2>"$err"; [ $? != 9 ]; }; then
	cat >expected <<'EXPECTED'
stop: 125, false true
0
what prints: 141
drop: 0, false true
0, 0
written: wait
wait: 0, 1000
after: 0
stop has its end
drop has its end
the server: 0, 0
EXPECTED
	ok "a server whose disk is full, and has room again" diff expected "$out"
	has told "write .*: No space left on device" "who puts a log is told why that is cut"
	has told.wait "write .*: No space left on device.*trying again" "... or why it waits"
	is "$(grep -c 'trying again' told.wait)" 1 "... once"
else
	skip 4 "no tmpfs can be mounted here"
fi

# a limit for files is as a full disk: the write fails, and everything else goes on
printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"log/open","params":{"build":"o/r/3","job":"x"}}' \
	'{"jsonrpc":"2.0","id":2,"method":"log/append","params":{"build":"o/r/3","job":"x","offset":0,"data":300000}}' >much
head -c 300000 /dev/zero >>much
echo '{"jsonrpc":"2.0","id":3,"method":"log/status"}' >>much
(ulimit -f 100 && mci-log serve -l - --dir limited <much >"$out")
is "$(jq -r '.error.message // (.result | keys[0])' "$out" | tr '\n' ';')" \
	"offset;write o/r/3/x.log: File too large;bytes;" "a file over its limit is a failed write of a server"

# one connection on standard input and output
is "$(echo '{"jsonrpc":"2.0","id":1,"method":"log/status"}' | mci-log serve -l - --dir d | jq -c .result.open)" '[]' \
	"a server on standard input and output ends with it"
exits 0 "a server as a child" sh -c "echo hello | mci-log put -a 'exec:mci-log serve -l - --dir d' o/r/2/x"
is "$(cat d/o/r/2/logs/x.log)" hello "... stores as well"
# a file is no descriptor that a loop watches, and this is more than is given in one turn
mkfifo asked
exec 9<>asked
yes abcdefghijklmno | head -n 200000 | mci-log put --dir asking o/r/1/long
mci-log serve -l - --dir asking <asked >given 9>&- &
started="$started $!"
echo '{"jsonrpc":"2.0","id":1,"method":"log/follow","params":{"build":"o/r/1","job":"long"}}' >&9
wait_for_line given '"eof"'
is "$(grep -ac '^abcdefghijklmno$' given)" 200000 "a reader on a file is given everything"
kill $! 2>/dev/null
wait_end $!
exec 9>&-
finish
