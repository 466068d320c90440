#!/bin/sh
# The hub without room, without descriptors, and on a disk that fails: publishers get errors, the log stays valid,
# nothing acknowledged is lost, and service resumes.
. "${0%/*}/lib.sh"
need jq nc strace python3
. "$ROOT/tests/cli/events-lib.sh"

# --- a full disk ---
mkdir "$T/small"
if mount -t tmpfs -o size=1m tmpfs "$T/small" 2>/dev/null; then
	log=$T/small/log
	start_hub --segment-size 256k
	ok "there is room" publish disk 100
	dd if=/dev/zero of="$T/small/fill" bs=4k 2>/dev/null
	tries=0
	while publish os 20 && [ $tries -lt 40 ]; do tries=$((tries + 1)); done
	is "$(jq -r '.error.message' "$T/reply" | grep -c 'No space left on device')" 1 "without room publishing is refused, and why"
	ok "again" sh -c '! grep -q result "$1"' - "$T/reply"
	ok "the hub goes on" kill -0 "$hub_pid"
	is "$(mci call -a "$hub" event/status | jq ".tail >= $acked")" true "and answers"
	exits 0 "its log is valid" mci-events verify "$log"
	rm "$T/small/fill"
	wait_until "with room again publishing goes on" publish disk 50
	ok "with room again publishing goes on" grep -q result "$T/reply"
	is "$(kept)" '"whole"' "nothing acknowledged is lost, nothing there twice"
	stop_hub -KILL
	dd if=/dev/zero of="$T/small/fill" bs=4k 2>/dev/null
	mci-events serve -l "$hub" --dir "$log" >"$T/full.out" 2>&1 &
	full=$! started="$started $!"
	wait_until "a hub on a full disk serves" mci call -a "$hub" event/status
	has "$T/full.out" "no room: events are refused" "a hub that is started without room says that it takes nothing"
	exits 0 "and gives what it has" mci-events sub -a "$hub" --from start --count 100
	ok "but takes nothing" sh -c '! mci-events pub -a "$1" --timeout 100ms a/b' - "$hub"
	kill -KILL "$full" 2>/dev/null
	wait_end "$full"
	rm "$T/small/fill"
	start_hub --segment-size 256k
	exits 0 "what it leaves is valid" mci-events verify "$log"
	ok "and goes on" publish disk 10
	is "$(kept)" '"whole"' "with all of it"
	stop_hub
	umount "$T/small"
else
	skip 14 "a tmpfs cannot be mounted here"
fi

# --- no descriptors ---
log=$T/log2 next=1 acked=0
start_hub --segment-size 64k
publish os 50
cat >few.py <<'END'
"""Takes the hub's descriptors away while one connection is open, and gives them back."""
import json, os, resource, socket, sys
path, hub = sys.argv[1], int(sys.argv[2])
def dial():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(10)
    s.connect(path)
    return s
def call(s, method, **params):
    s.sendall((json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) + "\n").encode())
    line = b""
    while not line.endswith(b"\n"):
        got = s.recv(65536)
        if not got:
            return None
        line += got
    return json.loads(line)
seq = 50
def publish(s, n):
    global seq
    reply = call(s, "event/publish", sync="disk", events=[
        {"type": "job/end", "build": "o/r/1", "run": 1, "seq": seq + 1 + i, "text": "x" * 500} for i in range(n)])
    if reply and "result" in reply:
        seq += n
    return reply
first = dial()
assert "result" in call(first, "event/status")
n = max(int(fd) for fd in os.listdir(f"/proc/{hub}/fd")) + 1
before = resource.prlimit(hub, resource.RLIMIT_NOFILE)
resource.prlimit(hub, resource.RLIMIT_NOFILE, (n, before[1]))
waiting = [dial() for _ in range(20)]
refused = 0
for _ in range(30):  # several segments
    reply = publish(first, 20)
    if reply is None or "error" in reply:
        refused += 1
        said = reply
print("while it has none: refused", refused > 0, said["error"]["message"] if refused and said else "")
assert "result" in call(first, "event/status")
resource.prlimit(hub, resource.RLIMIT_NOFILE, before)
for s in waiting:
    assert "result" in call(s, "event/status")
assert "result" in publish(first, 20)
print("seq", seq)
END
run timeout 60 python3 few.py "$T/hub" "$hub_pid"
is "$status" 0 "without descriptors who is connected is answered, and others when there are some again"
[ "$status" = 0 ] || cat "$out" "$err" >&2
acked=$(sed -n 's/^seq //p' "$out") next=$((acked + 1))
ok "a publisher is served or told" grep -Eq 'refused False|Too many open files' "$out"
ok "a new connection publishes" publish disk 10
is "$(kept)" '"whole"' "nothing acknowledged is lost, nothing there twice"
exits 0 "the log is valid" mci-events verify "$log"
stop_hub

# --- a power cut that takes what a subscriber has acknowledged ---
log=$T/log3
numbered() {
	seq "$1" "$2" | sed "s|.*|{\"type\":\"a/b\",\"n\":\"$3-&\"}|" | mci-events pub -q -a "$hub" --sync "$4"
}
start_hub
numbered 1 80 old disk
mci-events sub -q -a "$hub" --durable mail --from start --count 80 >/dev/null
cp -a "$log" "$T/synced"
numbered 81 100 old os
mci-events sub -q -a "$hub" --durable mail --count 20 >/dev/null
has "$log/subscribers/mail" '^{"epoch":1 *,"offset":100 *}$' "an acknowledgement is of epoch and offset"
stop_hub -KILL
cp -a "$log/subscribers/mail" "$T/synced/subscribers/mail"
rm -r "$log" && mv "$T/synced" "$log"
start_hub
numbered 81 110 new disk
exits 0 "an acknowledgement of what was lost" mci call -a "$hub" event/acknowledge name=mail epoch:=1 offset:=95
exits 2 "none of an epoch that has not begun" mci call -a "$hub" event/acknowledge name=mail epoch:=3 offset:=95
stop_hub
start_hub
mci-events sub -q -a "$hub" --durable mail --count 30 --timeout 20s >"$T/got"
is "$(jq -r .n "$T/got" | tr '\n' ' ')" "$(seq -f new-%g 81 110 | tr '\n' ' ')" \
	"passes over nothing that came in its place, also behind another start"
is "$(mci call -a "$hub" event/status | jq -c '.durables[0].lag')" 0 "and the new ones are acknowledged in their epoch"
stop_hub

# --- a disk that fails ---
# the leak checker cannot work below strace
export ASAN_OPTIONS=detect_leaks=0
for at in 3 5 8; do
	log=$T/eio$at next=1 acked=0
	under="strace -f -qq -o $T/trace -e trace=fdatasync -e inject=fdatasync:error=EIO:when=$at"
	start_hub
	tries=0
	while publish disk 10 && [ $tries -lt 20 ]; do tries=$((tries + 1)); done
	ok "fdatasync $at fails" grep -q INJECTED "$T/trace"
	ok "a publisher that waits for it gets an error or is cut off" test "$tries" -lt 20
	unlike "$(cat "$T/reply")" '"result"' "and no acknowledgement"
	like "$(cat "$T/reply" "$T/hub.err")" 'Input/output error' "why is said"
	kill "$hub_pid" 2>/dev/null
	wait_end "$hub_pid"
	under=''
	start_hub
	ok "service resumes" publish disk 10
	is "$(kept)" '"whole"' "with all that was acknowledged, once"
	exits 0 "the log is valid" mci-events verify "$log"
	stop_hub
done

# --- readers of what is on the disk ---
# events, each in a request of its own that waits for no disk, and then all of them read from there
cat >"$T/apart.py" <<'END'
import json, socket, sys, time
path, count = sys.argv[1], int(sys.argv[2])
def call(s, **request):
    s.sendall(json.dumps(dict(jsonrpc="2.0", **request)).encode() + b"\n")
reader = socket.socket(socket.AF_UNIX)
reader.connect(path)
got = reader.makefile()
call(reader, id=1, method="event/subscribe", params=dict(synced=True))
got.readline()
writer = socket.socket(socket.AF_UNIX)
writer.connect(path)
answers = writer.makefile()
begun = time.monotonic()
for n in range(count):
    call(writer, id=n, method="event/publish", params=dict(sync="os", events=[dict(type="a/b", n=n)]))
    answers.readline()
seen = [json.loads(got.readline())["n"] for n in range(count)]
# so many turns of 5 ms, one that began before and one that ends behind
print(seen == list(range(count)), int((time.monotonic() - begun) * 200) + 2)
END
log=$T/apart
under="strace -D -f -qq -o $T/trace -e trace=fdatasync" # beside the hub, which is the one to stop
start_hub
: >"$T/trace"
python3 "$T/apart.py" "$T/hub" 200 >"$out"
like "$(cat "$out")" '^True ' "who reads what is on the disk gets events for which nobody waits"
ok "... that were brought there together, every 5 ms at most" \
	test "$(grep -c '= 0' "$T/trace")" -le "$(cut -d ' ' -f 2 "$out")"
stop_hub
under=''

# a FIFO in the place of a stored file
background mci-events serve -l "$T/fifo-hub" --dir "$T/whole"
wait_until 'the hub of the FIFOs is there' mci-events pub -a "$T/fifo-hub" a/b
kill "$pid"
wait_end "$pid"
stuck=
for file in .lock epochs 00000000000000000001.ndjson 00000000000000000001.sum; do
	for verb in verify ls replay repair serve; do
		rm -rf "$T"/held*
		cp -R "$T/whole" "$T/held"
		rm -f "$T/held/$file" && mkfifo "$T/held/$file"
		case $verb in
		serve) timeout 10 mci-events serve -l - --dir "$T/held" </dev/null >/dev/null 2>"$err" ;;
		repair) timeout 10 mci-events repair "$T/held" "$T/held.new" >/dev/null 2>"$err" ;;
		*) timeout 10 mci-events "$verb" "$T/held" >/dev/null 2>"$err" ;;
		esac
		[ $? != 124 ] || stuck="$stuck $verb:$file"
	done
done
is "$stuck" '' 'a FIFO in the place of a file of the hub holds nobody up'
finish
