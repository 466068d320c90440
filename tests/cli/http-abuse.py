# What is sent by who means harm: it is told what is wrong, or the connection ends; the server goes on, and stays small.
# usage: http-abuse.py SOCKET PID   (the token is in the environment, as ADMIN; PID is of mci-api)
import os, resource, select, socket, sys, time
sys.path.insert(0, os.path.dirname(sys.argv[0]))
from httppeer import Peer, check, finish

path, pid, token = sys.argv[1], sys.argv[2], os.environ["ADMIN"]
auth = b"Authorization: Bearer " + token.encode() + b"\r\nHost: localhost\r\n"
peer = Peer(path)


def connect():
    s = socket.socket(socket.AF_UNIX)
    s.settimeout(20)
    s.connect(path)
    return s


def raw(data, shut=True):
    """All that is answered until the connection ends."""
    s = connect()
    got = b""
    try:
        for i in range(0, len(data), 65536):
            s.sendall(data[i:i + 65536])
        if shut:
            s.shutdown(socket.SHUT_WR)
    except OSError:
        pass
    try:
        while piece := s.recv(65536):
            got += piece
    except OSError:
        pass
    s.close()
    return got


def memory():
    for line in open("/proc/%s/status" % pid):
        if line.startswith("VmRSS"):
            return int(line.split()[1])


def well():
    return peer.ask("GET", "/api/v1/version")[0] == 200


def refused(text, data, statuses=range(400, 500)):
    got = raw(data)
    head = got.split(b"\r\n", 1)[0]
    status = int(head.split()[1]) if head.startswith(b"HTTP/1.1 ") else 0
    # what libmicrohttpd refuses before we see it has its head twice: one answer all the same
    again = got.split(b"\r\n\r\n")
    answers = got.count(b"HTTP/1.1 ") - (len(again) > 2 and again[0] == again[1])
    check((got == b"" or status in statuses) and answers <= 1 and well(), text, got[:400])


before = memory()
# what the sanitizers keep of freed memory is theirs
sanitized = "libasan" in open("/proc/%s/maps" % pid).read()
GET = b"GET /api/v1/orgs HTTP/1.1\r\n" + auth
POST = b"POST /api/v1/orgs HTTP/1.1\r\n" + auth + b"Content-Type: application/json\r\n"
SECOND = b"DELETE /api/v1/orgs/acme HTTP/1.1\r\n" + auth + b"\r\n"

# ---- malformed and smuggled
refused("two lengths", POST + b"Content-Length: 2\r\nContent-Length: 4\r\n\r\n{}" + SECOND)
refused("two lengths that are the same", POST + b"Content-Length: 2\r\nContent-Length: 2\r\n\r\n{}" + SECOND)
refused("both framings", POST + b"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + SECOND)
refused("an encoding that is none", POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + SECOND)
refused("an encoding twice", POST + b"Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n" + SECOND)
refused("a length that is no number", POST + b"Content-Length: +2\r\n\r\n{}" + SECOND)
refused("a length below nothing", POST + b"Content-Length: -1\r\n\r\n{}" + SECOND)
refused("a length past all bounds", POST + b"Content-Length: 99999999999999999999999\r\n\r\n{}" + SECOND)
refused("a bad chunk", POST + b"Transfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n0\r\n\r\n" + SECOND)
refused("a chunk past all bounds", POST + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n{}\r\n0\r\n\r\n" + SECOND)
refused("two hosts", GET + b"Host: other\r\n\r\n")
refused("two tokens", GET + b"Authorization: Bearer x\r\n\r\n")
refused("no host", b"GET /api/v1/version HTTP/1.1\r\n\r\n")
refused("100,000 headers", GET + b"".join(b"X-%d: y\r\n" % i for i in range(100000)) + b"\r\n")
refused("200 headers", GET + b"".join(b"X-%d: y\r\n" % i for i in range(200)) + b"\r\n")
refused("a header of a megabyte", GET + b"X: " + b"y" * 1000000 + b"\r\n\r\n")
refused("a path of a megabyte", b"GET /" + b"a" * 1000000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
refused("NUL in the path", b"GET /api/v1/\0orgs HTTP/1.1\r\n" + auth + b"\r\n")
refused("an absolute address", b"GET http://evil/api/v1/orgs HTTP/1.1\r\n" + auth + b"\r\n")
refused("no path at all", b"GET orgs HTTP/1.1\r\n" + auth + b"\r\n")
refused("no such protocol", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 20)
refused("lines of the kit", b'{"jsonrpc":"2.0","id":1,"method":"org/list"}\n')
refused("a method of a kilobyte", b"A" * 1000 + b" / HTTP/1.1\r\nHost: x\r\n\r\n")
refused("noise", os.urandom(200000))
for path_of in ("..", "%2e%2e", "%2E%2E%2Facme", "..%2f..%2fetc", "%252e%252e", "acme%00", "%c0%ae%c0%ae", ".", "a%2fb", "%", "%g1",
                "x" * 129):
    refused("as an organisation: " + path_of[:20],
            b"GET /api/v1/orgs/" + path_of.encode() + b"/repos HTTP/1.1\r\n" + auth + b"\r\n", (400, 404))
    refused("as a job: " + path_of[:20], b"GET /api/v1/orgs/acme/repos/app/builds/1/jobs/" + path_of.encode() +
            b" HTTP/1.1\r\n" + auth + b"\r\n", (400, 404))

# ---- bodies
def body(text, content, statuses=(400,), kind="application/json"):
    status, answer, _ = peer.ask("POST", "/api/v1/orgs", token, content, {"Content-Type": kind})
    check(status in statuses and well(), text, status, answer)


body("JSON of a million levels", b"[" * 1000000)
body("... which it ends again", b"[" * 500000 + b"]" * 500000)
body("... in a member", b'{"name":' + b"[" * 520000 + b"]" * 520000 + b"}")
body("... of objects", b'{"name":' * 100000 + b"1" + b"}" * 100000)
body("what is no UTF-8", b'{"name":"\xff\xfe"}')
body("U+0000", b'{"name":"a\\u0000b"}')
body("a member twice", b'{"name":"a","name":"b"}')
body("a number past all bounds", b'{"name":"a","max-builds":1e400}')
body("more behind it", b'{"name":"a"} {}')
body("nothing", b"")
started = time.monotonic()
got = raw(POST + b"Content-Length: 1073741824\r\n\r\n" + b"x" * 1000000, shut=False)
check(b" 413 " in got.split(b"\r\n")[0] and time.monotonic() - started < 10, "a gigabyte is refused before it comes", got[:200])
s = connect()
s.sendall(POST + b"Transfer-Encoding: chunked\r\n\r\n")
sent = 0
try:
    while sent < 64 << 20:
        s.sendall(b"10000\r\n" + b"x" * 65536 + b"\r\n")
        sent += 65536
except OSError:
    pass
s.close()
check(sent < 64 << 20 and well(), "one that says no length is cut off", sent)

# ---- those that take their time: the server's patience is a second
most = resource.getrlimit(resource.RLIMIT_NOFILE)[0] - 100
slow = [connect() for _ in range(min(2000, most))]
for i, s in enumerate(slow):
    s.sendall([b"GET /api/v1/ver", POST + b"Content-Length: 100\r\n\r\n{", b"", b"G"][i % 4])
check(len(slow) == min(2000, most) and well(), "2,000 that take their time keep nobody from an answer", len(slow))
left = {s.fileno(): s for s in slow}
poll = select.poll()
for fd in left:
    poll.register(fd, select.POLLIN)
until = time.monotonic() + 20
while left and time.monotonic() < until:
    for fd, _ in poll.poll(1000):
        try:
            over = left[fd].recv(4096) == b""
        except OSError:
            over = True
        if over:
            poll.unregister(fd)
            del left[fd]
check(not left, "and are cut off", len(left))
for s in slow:
    s.close()

# ---- those that do not read
peer.ask("PUT", "/api/v1/orgs/large", token, {"name": "x" * 60000})
big = [connect() for _ in range(min(2000, most))]
for i, s in enumerate(big):
    s.sendall((b"GET /api/v1/openapi.json HTTP/1.1\r\nHost: localhost\r\n\r\n" if i % 2 else
               b"GET /api/v1/orgs/large HTTP/1.1\r\n" + auth + b"\r\n") * 20)
check(well(), "who does not read keeps nobody from an answer")
held = memory() - before
check(held < 96 * 1024 or sanitized, "nor much memory", "%d KiB" % held)
for s in big:
    s.close()

# ---- many
many = []
try:
    for _ in range(min(10000, most)):
        s = socket.socket(socket.AF_UNIX)
        s.connect(path)
        many.append(s)
except OSError as e:
    print("#", e, file=sys.stderr)
check(len(many) == min(10000, most), "10,000 connections are taken, or closed", len(many))


def is_open(s):
    try:
        return s.recv(1, socket.MSG_DONTWAIT) != b""
    except BlockingIOError:
        return True
    except OSError:
        return False


# it takes what waits in the kernel's queue as it comes to it
until, kept = time.monotonic() + 20, len(many)
while kept > 4096 and time.monotonic() < until:
    kept = sum(is_open(s) for s in many)
check(0 < kept <= 4096, "of which no more are kept than are to be", kept)
held = memory() - before
check(held < 128 * 1024 or sanitized, "in bounded memory", "%d KiB" % held)
for s in many:
    s.close()
until = time.monotonic() + 20
while time.monotonic() < until:
    try:
        if well():
            break
    except OSError:
        time.sleep(0.1)
grown = memory() - before
check(grown < 64 * 1024 or sanitized, "all of that is held in bounded memory", "%d KiB more" % grown)
check(well(), "and the server is well")
finish()
