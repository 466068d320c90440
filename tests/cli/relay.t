#!/bin/sh
# mci-relay: what goes in at one end comes out at the other, both ways, byte for byte, at the pace of the slower
# side, and each direction ends by itself. Everything that takes an address takes exec: with a relay in it.
. "${0%/*}/lib.sh"
need python3 jq nc
# itself, where python3 is a script that looks for it
python=$(python3 -c 'import sys; print(sys.executable)')

# peer BEHAVIOUR [FILE...]: a server at ./s, see relay-peer.py
peer() {
	rm -f s s.ready
	background "$python" "$ROOT/tests/cli/relay-peer.py" s "$@"
	peer=$pid
	wait_until "the server listens" test -e s.ready
}

same() {
	cmp "$1" "$2"
}

# every byte, a line of 4 MB, no newline at the end
python3 -c '
import random, sys
r = random.Random(1)
out = sys.stdout.buffer
out.write(bytes(range(256)) * 4 + b"x" * 4000000 + b"\n" + r.randbytes(3000000))' >up
python3 -c '
import random, sys
sys.stdout.buffer.write(b"\n\0\r\n{" + random.Random(2).randbytes(4000000))' >down

# --- byte for byte ---
peer both got-up down
ok "pipes: all goes up while all comes down" sh -c 'cat up | mci-relay ./s | cat >got-down'
wait_end "$peer"
ok "up" same up got-up
ok "down" same down got-down

peer both got-up down
ok "files: the same" sh -c 'mci-relay "unix:$PWD/s" <up >got-down'
wait_end "$peer"
ok "up" same up got-up
ok "down" same down got-down

printf kept >got-down
peer both got-up down
ok "to the end of a file" sh -c 'mci-relay ./s <up >>got-down'
ok "down, behind what was there" sh -c '(printf kept; cat down) | cmp - got-down'

head -c 300000 up >little-up
tail -c 200000 down >little-down
peer slow got-up little-down
ok "a slow server" sh -c 'cat little-up | mci-relay ./s | cat >got-down'
wait_end "$peer"
ok "up" same little-up got-up
ok "down" same little-down got-down

cat >socketpair.py <<'END'
"""Runs its arguments with one socket as standard input and output, as sshd does; speaks like 'both' of
relay-peer.py."""
import socket, subprocess, sys, threading
ours, theirs = socket.socketpair()
child = subprocess.Popen(sys.argv[1:], stdin=theirs, stdout=theirs)
theirs.close()
def give():
    with open("up", "rb") as up:
        ours.sendall(up.read())
    ours.shutdown(socket.SHUT_WR)
giver = threading.Thread(target=give)
giver.start()
with open("got-down", "wb") as down:
    while data := ours.recv(65536):
        down.write(data)
giver.join()
sys.exit(child.wait())
END
peer both got-up down
ok "one socket is standard input and output" "$python" socketpair.py mci-relay ./s
wait_end "$peer"
ok "up" same up got-up
ok "down" same down got-down

mkfifo pipe
background cat pipe
cat=$pid
# shellcheck disable=SC2094
wait_until "the fifo has a reader" mci-relay fifo:pipe <little-up
wait_end "$cat"
ok "a fifo takes what comes" same little-up "$out"

# --- halves ---
peer answer
is "$(mci-relay ./s <up)" "$(wc -c <up) $(sha256sum up | cut -d ' ' -f 1)" "the end of input goes through; the answer comes"
peer answer
is "$(mci-relay ./s </dev/null)" "0 $(sha256sum </dev/null | cut -d ' ' -f 1)" "also when there is no input"

peer first got-up
mkfifo held
background sh -c 'mci-relay ./s <held | { cat; echo over; }'
exec 9>held
wait_for_line "$out" over
is "$(cat "$out")" "first
over" "the end of output goes through while input stays open"
cat little-up >&9
exec 9>&-
wait_end "$peer"
ok "and what comes later still goes up" same little-up got-up
wait_end "$pid"

# --- backpressure ---
# anonymous PID: its memory that is no file's, in KiB
anonymous() {
	awk '/^RssAnon/ { print $2 }' "/proc/$1/status"
}

peer stall go got-up
cat >count.py <<'END'
"""Writes the file over and over to standard output and says in the file counted how much was taken."""
import os, sys
data = open(sys.argv[1], "rb").read(65536)
total = 0
with open("counted", "w") as counted:
    while total < 16 << 20:
        total += os.write(1, data)
        counted.seek(0)
        counted.write(str(total))
        counted.flush()
END
background sh -c 'python3 count.py up | sh -c "echo \$\$ >relay.pid; exec mci-relay ./s" >got-down'
run=$pid
wait_for_line got-down 'still here'
relay=$(cat relay.pid)
counted=none since=0
# shellcheck disable=SC2317 # called by wait_until: ten more lines came down while no more was taken
is_stalled() {
	[ -s counted ] || return 1
	lines=$(wc -l <got-down)
	[ "$(cat counted)" = "$counted" ] || since=$lines
	counted=$(cat counted)
	[ "$lines" -gt $((since + 10)) ]
}
wait_until "a server that reads nothing stops who writes, and the other direction goes on" is_stalled
ok "a server that reads nothing stops who writes after less than a megabyte" test "$counted" -lt 1000000
ok "the other direction goes on" test "$(wc -l <got-down)" -gt 10
if sanitized mci-relay; then
	skip 1 "the address sanitizer needs memory of its own"
else
	# its libraries have some for themselves, as in one that nothing ever went through
	mkfifo nothing && nc -lU idle.s >/dev/null &
	started="$started $!"
	wait_until "somebody listens" test -S idle.s
	mci-relay ./idle.s <nothing >/dev/null 2>&1 &
	idle=$!
	started="$started $idle"
	exec 8>nothing
	wait_until "the idle relay waits" grep -q "^State:.S" "/proc/$idle/status"
	ok "which is not in the relay's memory" test "$(anonymous "$relay")" -lt $(($(anonymous "$idle") + 900))
	exec 8>&-
fi
touch go
wait_end "$peer"
wait_end "$run"
is "$(wc -c <got-up)" "$(cat counted)" "when it reads again all of it comes"

peer both got-up down
mkfifo plug
background sh -c 'mci-relay ./s <up >plug'
run=$pid
exec 8<plug
wait_until "all goes up" cmp up got-up
ok "output that nobody takes stops nothing but itself" kill -0 "$run"
cat <&8 >got-down
exec 8<&-
wait_end "$run"
ok "and comes when it is taken" same down got-down

# --- ends ---
exits 75 "nobody there" mci-relay ./nowhere
has "$err" '^mci-relay: ./nowhere: No such file' "is said"
python3 -c 'import socket; socket.socket(socket.AF_UNIX).bind("dead")'
exits 75 "a socket that was left behind" mci-relay ./dead
exits 75 "no running server" mci-relay
has "$err" "^mci-relay: unix:$XDG_RUNTIME_DIR/mci/mci.sock: " "is named"
peer answer
mkdir -p "$XDG_RUNTIME_DIR/mci" && mv s "$XDG_RUNTIME_DIR/mci/mci.sock"
is "$(printf abc | mci relay)" "3 $(printf abc | sha256sum | cut -d ' ' -f 1)" "mci relay goes to the running server"
for address in - inproc:x http:// nonsense unix: "unix:$(printf '%0200d' 0)" "exec:'"; do
	mci-relay "$address" >"$out" 2>"$err"
	is "$? $(wc -l <"$err")" "$([ "${#address}" -gt 100 ] && echo 125 || echo 2) 1" \
		"$(printf %.30s "$address") is answered with a line"
done
exits 2 "one address only" mci-relay ./s ./s
exits 125 "a command that is not there" mci-relay exec:./nothing
exits 3 "a command's status is passed on" mci-relay "exec:sh -c 'exit 3'"
is "$(echo words | mci-relay "exec:sed s/w/s/")" sords "and its input and output are ours"

mkfifo open
peer leave
background sh -c 'exec mci-relay ./s <open'
relay=$pid
exec 7>open
printf x >&7
wait_end "$relay"
exec 7>&-
is "$status" 0 "a server that leaves ends the relay although input is open"
peer leave
mci-relay ./s <up >"$out" 2>"$err"
is "$?" 75 "when something was it is one"
has "$err" '^mci-relay: ./s: the other end left before it had taken all$' "and said"

peer both got-up down
background sh -c 'exec mci-relay ./s <open'
relay=$pid
exec 7>open
wait_until "bytes come" test -s "$out"
kill -KILL "$peer"
wait_end "$relay"
is "$status" 0 "kill -9 of the server ends the relay"
exec 7>&-

peer both got-up down
cat >client.py <<'END'
import os, subprocess, sys
child = subprocess.Popen(["mci-relay", "./s"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
child.stdin.write(b"posted\n" * 1000)
child.stdin.flush()
print(child.pid, flush=True)
os.kill(os.getpid(), 9)
END
background "$python" client.py
wait_end "$pid"
relay=$(cat "$out")
wait_until "the relay of a killed client ends" is_gone "$relay"
wait_end "$peer"
is "$(grep -c '^posted$' got-up)" 1000 "kill -9 of the client: what it had written was delivered"

peer both got-up down
background sh -c '(echo word; exec sleep 60) | { mci-relay ./s 2>said; echo $? >status; } | head -c 10 >ten'
wait_end "$peer"
wait_for_line status .
is "$(cat status)" 141 "without a reader it ends as SIGPIPE ends a filter"
ok "and quietly" test ! -s said
kill "$pid" 2>/dev/null

for signal in TERM HUP; do
	peer answer
	background sh -c 'exec mci-relay ./s <open'
	relay=$pid
	exec 7>open
	wait_until "it is connected" sh -c 'ls -l "/proc/$1/fd" | grep -q socket:' sh "$relay"
	kill -$signal "$relay"
	wait_end "$relay"
	exec 7>&-
	ok "$signal ends it" test "$status" -gt 128
done

# --- many ---
peer echo 100
n=0
while [ $n -lt 100 ]; do
	echo "$n" | mci-relay ./s || break
	n=$((n + 1))
done >echoed
is "$(tail -n 1 echoed) $(wc -l <echoed)" "99 100" "100 connections one behind the other"
wait_end "$peer"

# --- in an address ---
mkdir -p project/.mci && cd project || exit 1
cat >.mci/build <<'END'
#!/bin/sh
echo '{"id":"ask","script":["mci param get NAME; mci call -a \"exec:mci-relay unix:$MCI_BUILD\" param/get name=NAME; mci post -a \"exec:mci relay $MCI_BUILD\" note/made text=through"]}'
END
chmod +x .mci/build
ok "a job calls and posts through a relay" mci-build -q -p NAME=value
is "$(mci log @/ask)" 'value
{"value":"value"}' "the answer comes back"
has "$(mci path)/events.ndjson" '"type":"note/made".*"text":"through"' "the event is in the log"
cd ..
finish
