"""A server for mci-relay over HTTP: relay-http.py PORTFILE HEADERS. Writes its port to PORTFILE when it listens, and
what it is asked, a line each, to HEADERS. How it answers is named by the first part of the path: /html/api/v1/call."""
import http.server, json, os, socketserver, sys, time

portfile, seen = sys.argv[1:3]


def replies(body):
    """The replies to the request lines of a body, data skipped."""
    out = b""
    while body:
        line, _, body = body.partition(b"\n")
        request = json.loads(line)
        if "id" not in request:
            continue
        data = request.get("params", {}).get("data", 0) if request["method"] == "log/append" else 0
        body = body[data:]
        out += json.dumps({"jsonrpc": "2.0", "id": request["id"],
                           "result": {"method": request["method"], "data": data}}).encode() + b"\n"
    return out


asked = {}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *args):
        pass

    def note(self):
        with open(seen, "a") as f:
            f.write(" ".join([self.command, self.path] + [f"{k}={v}" for k, v in self.headers.items()]) + "\n")

    def head(self, status=200, kind="application/x-ndjson", length=None, **more):
        self.send_response(status)
        self.send_header("Content-Type", kind)
        for key, value in more.items():
            self.send_header(key.replace("_", "-"), value)
        if length is None:
            self.send_header("Transfer-Encoding", "chunked")
        else:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def chunk(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))

    def cut(self):
        self.wfile.flush()
        self.close_connection = True

    def whole(self, data, status=200, kind="application/x-ndjson", **more):
        self.head(status, kind, len(data), **more)
        self.wfile.write(data)

    def do_DELETE(self):
        self.note()
        self.whole(b"", 204)

    def do_POST(self):
        self.note()
        body = self.rfile.read(int(self.headers["Content-Length"]))
        good = replies(body)
        b = self.path.split("/")[1]
        if b == "good":
            self.whole(good)
        elif b == "pieces":
            self.head()
            for i in range(len(good)):
                self.chunk(good[i:i + 1])
            self.chunk(b"")
        elif b == "stream":
            self.head()
            self.chunk(good + b'{"type":"job/end","offset":1}\n')
            self.chunk(b'{"type":"eof","reason":"end"}\n')
            self.chunk(b"")
        elif b == "stream-cut":
            self.head()
            self.chunk(good + b'{"type":"job/end","offset":1}\n{"type":"jo')
            self.cut()
        elif b == "html":
            self.whole(b"<html>Welcome to the cafe's network</html>", kind="text/html")
        elif b == "redirect":
            self.whole(b"", 302, Location="http://127.0.0.1:1/elsewhere")
        elif b == "problem":
            self.whole(json.dumps({"title": "no", "detail": "the\ntoken \x1b[31mis for another org"}).encode(), 403,
                       "application/problem+json")
        elif b == "gateway":
            self.whole(b"<html>502</html>", 502, "text/html")
        elif b == "busy":
            self.whole(b"", 503)
        elif b == "slower":  # what was not looked at comes again, under its number
            number = self.headers["Mci-Session"].split("/")[1]
            asked[number] = asked.get(number, 0) + 1
            if asked[number] < 3:
                self.whole(b'{"title":"slower"}', 429, "application/problem+json")
            else:
                self.whole(good)
        elif b == "bytes":  # behind the reply, as lines would be
            self.whole(b'{"jsonrpc":"2.0","id":1,"result":{"data":20}}\n{"jsonrpc":"2.0"}\n\n\n')
        elif b == "bytes-cut":
            self.whole(b'{"jsonrpc":"2.0","id":1,"result":{"data":20}}\n{"json')
        elif b == "gone":
            self.whole(b"", 410)
        elif b == "giant":
            self.head()
            for _ in range(4096):
                self.chunk(b"x" * 65536)
            self.chunk(b"")
        elif b == "truncated":
            self.head()
            self.wfile.write(b"ff\r\n" + good)
            self.cut()
        elif b == "short":
            self.head(length=len(good) + 10)
            self.wfile.write(good)
            self.cut()
        elif b == "nothing":
            self.whole(b"")
        elif b == "foreign":
            self.whole(b'{"jsonrpc":"2.0","id":4711,"result":{}}\n')
        elif b == "twice":
            self.whole(good + good)
        elif b == "event":
            self.whole(b'{"type":"job/end","offset":1}\n')
        elif b == "garbage":
            self.whole(b"\x00\xff not json\n")
        elif b == "headers":
            self.head(**{f"x{i}": "y" * 1000 for i in range(1000)})
        elif b == "drop":
            self.close_connection = True
        elif b == "bomb":
            self.head(Content_Encoding="gzip")
            self.chunk(b"\x1f\x8b" + b"\x00" * 1000)
            self.chunk(b"")


class Server(socketserver.ThreadingMixIn, http.server.HTTPServer):
    daemon_threads = True


server = Server(("127.0.0.1", 0), Handler)
with open(portfile + ".new", "w") as f:
    f.write(str(server.server_address[1]))
os.rename(portfile + ".new", portfile)
server.serve_forever()
