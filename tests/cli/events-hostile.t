#!/bin/sh
# The hub among clients that send garbage, giant and half lines, that read or write slowly or not at all, that come
# and go: what is right is kept, what is wrong is answered, and neither memory nor descriptors grow.
. "${0%/*}/lib.sh"
need jq nc python3
. "$ROOT/tests/cli/events-lib.sh"

cat >hostile.py <<'END'
import json, os, random, socket, sys, time
path, hub = sys.argv[1], int(sys.argv[2])
r = random.Random(5)
published = wrong = 0

def dial(timeout=20, address=None):
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(timeout)
    s.connect(address or path)
    return s

def rest(s):
    """What comes until the other end closes."""
    s.shutdown(socket.SHUT_WR)
    got = b""
    try:
        while data := s.recv(65536):
            got += data
    except ConnectionResetError:
        pass
    s.close()
    return got.splitlines()

def lines(s, n):
    got, count = [], 0
    while count < n:
        data = s.recv(65536)
        if not data:
            raise EOFError(got[-1:])
        count += data.count(b"\n")
        got.append(data)
    return b"".join(got).splitlines()

def event(text="x"):
    global published
    published += 1
    return b'{"type":"note/made","n":%d,"text":"%s"}\n' % (published, text.encode())

def resident():
    with open(f"/proc/{hub}/status") as status:
        return int(next(l for l in status if l.startswith("VmRSS")).split()[1])

def descriptors():
    return len(os.listdir(f"/proc/{hub}/fd"))

def answers():
    s = dial()
    s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"event/status"}\n')
    return "result" in json.loads(lines(s, 1)[0])

def garbage():
    for _ in range(50):
        s = dial()
        s.sendall(r.randbytes(r.randrange(1, 5000)) + b"\n" + event())
        assert any(b'"error"' in l for l in rest(s)), "garbage is answered"

def giant():
    s = dial()
    s.sendall(event()[:-3] + b"y" * 3000000 + b'"}\n' + event("behind"))
    said = rest(s)
    assert len(said) == 1 and b'"error"' in said[0], said
    global wrong
    wrong += 1

def largest():
    s = dial()
    s.sendall(event("z" * 1000000))
    assert rest(s) == []

def halves():
    global wrong
    for n in range(1, 36):
        s = dial()
        s.sendall(event()[:n])
        wrong += 1
        s.close()

def crowd(address):
    """Half lines of a megabyte on many connections: what the oldest sent goes, and they are told."""
    before, crowd = resident(), []
    for i in range(150):
        s = dial(address=address)
        s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"' + b"x" * 1000000)
        crowd.append(s)
    assert b'"error":"limit","text":"the line was dropped' in crowd[0].recv(65536)
    crowd[0].sendall(b'x"}\n{"jsonrpc":"2.0","id":2,"method":"event/status"}\n')
    assert b'"result"' in lines(crowd[0], 1)[0]
    crowd[-1].sendall(b'"}\n')
    assert b'no method' in lines(crowd[-1], 1)[0]
    cost = resident() - before
    for s in crowd:
        s.close()
    return cost

def nested():
    s = dial()
    s.sendall(b'{"type":"a/b","x":' + b"[" * 400000 + b"]" * 400000 + b"}\n" + event())
    rest(s)

def words():
    """Requests that are none."""
    s = dial()
    wrong = [b"[]", b"{}", b'""', b'{"type":1}', b'{"type":"a/b","type":"c/d"}', b'{"jsonrpc":"2.0","id":1}',
        b'{"jsonrpc":"2.0","id":2,"method":"event/publish","params":{"events":[{"type":"a/b"},7]}}',
        b'{"jsonrpc":"2.0","id":3,"method":"event/publish","params":{}}',
        b'{"jsonrpc":"2.0","id":4,"method":"event/subscribe","params":{"from":-1}}',
        b'{"jsonrpc":"2.0","id":5,"method":"event/subscribe","params":{"from":{}}}',
        b'{"jsonrpc":"2.0","id":6,"method":"event/acknowledge","params":{"name":"../x","offset":1}}',
        b'{"jsonrpc":"2.0","id":7,"method":"no/such"}']
    s.sendall(b"\n".join(wrong) + b"\n")
    said = rest(s)
    assert len(said) == len(wrong) and all(b'"error"' in l for l in said), said

def slow_writer():
    s, other = dial(), dial()
    for byte in event("slow"):
        s.sendall(bytes([byte]))
    other.sendall(event("meanwhile"))
    assert rest(other) == [] and rest(s) == []

stalled = []
def slow_readers():
    """They subscribe and do not read while much is published; another one gets it all."""
    for _ in range(20):
        s = dial()
        s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"event/subscribe","params":{"from":"start"}}\n')
        stalled.append(s)
    reader, writer = dial(), dial()
    reader.sendall(b'{"jsonrpc":"2.0","id":1,"method":"event/subscribe"}\n')
    lines(reader, 1)
    before = resident()
    for _ in range(20):
        writer.sendall(b"".join(event("w" * 1000) for _ in range(500)))
    assert len(lines(reader, 10000)) >= 10000
    return resident() - before

def come_and_go(n):
    for i in range(n):
        s = dial()
        kind = i % 5
        if kind == 1:
            s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"event/subscribe","params":{"from":"start"}}\n')
        elif kind == 2:
            s.sendall(b'{"type":"half')
        elif kind == 3:
            s.sendall(b'{"jsonrpc":"2.0","id":1,"method":"event/status"}\n')
        elif kind == 4:
            s.sendall(event())
            if i % 50 == 4:
                assert rest(s) == []
        s.close()

def settle(before):
    for _ in range(400):
        if descriptors() <= before:
            return
        time.sleep(0.05)

checks = [garbage, giant, largest, halves, nested, words, slow_writer]
for check in checks:
    check()
    assert answers(), check
    print(check.__name__, "ok", flush=True)
idle = descriptors()
print("half lines cost", crowd(path), crowd(path + ".look"), "KiB")
settle(idle)
print("stalled readers cost", slow_readers(), "KiB")
for s in stalled:
    s.close()
settle(idle)
come_and_go(1000)
assert answers()
settle(idle)
memory, fds = resident(), descriptors()
come_and_go(10000)
assert answers()
settle(fds)
print("connections cost", resident() - memory, "KiB and", descriptors() - fds, "descriptors")
print("published", published - wrong)
END

start_hub --read-only "unix:$T/hub.look" --memory 16M
run timeout 100 python3 hostile.py "$T/hub" "$hub_pid"
is "$status" 0 "the hub goes on among hostile clients"
[ "$status" = 0 ] || cat "$out" "$err" >&2
for name in garbage giant largest halves nested words slow_writer; do
	has "$out" "^$name ok" "$(echo "$name" | tr _ ' ')"
done
if sanitized mci-events; then
	skip 3 "the address sanitizer keeps what was freed"
else
	ok "150 half lines of a megabyte cost what was allowed, also where only subscribers may come" \
		awk '/^half lines cost/ { few = $4 < 20480 && $5 < 20480 } END { exit !few }' "$out"
	ok "20 readers that do not read cost less than a megabyte" \
		test "$(sed -n 's/^stalled readers cost \(.*\) KiB/\1/p' "$out")" -lt 1024
	ok "10,000 connections leave nothing in memory" \
		test "$(sed -n 's/^connections cost \(.*\) KiB.*/\1/p' "$out")" -lt 512
fi
has "$out" ' and 0 descriptors$' "and no descriptor"
sed -n 's/.*"type":"note\/made","n":\([0-9]*\),.*/\1/p' "$log"/*.ndjson | sort -n >numbers
is "$(uniq -d numbers | wc -l)" 0 "nothing that was right is in the log twice"
is "$(wc -l <numbers)" "$(sed -n 's/^published //p' "$out")" "all of it is"
exits 0 "the log is valid" mci-events verify "$log"
stop_hub
is "$status" 0 "and the hub ends well"
finish
