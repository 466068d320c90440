# For tests of HTTP in Python: a client at a Unix socket, and TAP.
import http.client, json, socket, sys


class Unix(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=30)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(30)
        self.sock.connect(self.path)

    def send(self, data):
        # whoever is refused by its head is told so, and need not send the rest
        try:
            super().send(data)
        except BrokenPipeError:
            pass


class Peer:
    """Asks over one connection, which is made anew when it was closed."""

    def __init__(self, path):
        self.connection = Unix(path)
        self.asked = 0

    def live(self, answer):
        """What is there now of an answer that may go on for ever."""
        text = b""
        was = self.connection.sock.gettimeout() if self.connection.sock else None
        sock = self.connection.sock
        try:
            if sock:
                sock.settimeout(0.2)
            while True:
                piece = answer.read1(65536)
                if not piece:
                    break
                text += piece
            if sock:
                sock.settimeout(was)
        except OSError:
            self.connection.close()
        return text.decode("utf-8", "replace")

    def ask(self, method, path, token=None, body=None, headers=None):
        """The status, the body as text, the headers."""
        send = dict(headers or {})
        self.asked += 1
        if token:
            send["Authorization"] = "Bearer " + token
        if body is not None and not isinstance(body, (bytes, str)):
            body = json.dumps(body)
            send.setdefault("Content-Type", "application/json")
        for again in (True, False):
            try:
                self.connection.request(method, path, body=body, headers=send)
                answer = self.connection.getresponse()
                if answer.headers.get("X-Accel-Buffering") == "no":
                    return answer.status, self.live(answer), answer.headers
                return answer.status, answer.read().decode("utf-8", "replace"), answer.headers
            except (ConnectionError, http.client.HTTPException):
                self.connection.close()
                if not again:
                    raise


count = 0
failed = 0


def check(ok, text, *why):
    global count, failed
    count += 1
    failed += not ok
    print(("ok %d - %s" if ok else "not ok %d - %s") % (count, text))
    if not ok:
        for line in why:
            for part in str(line).split("\n")[:40]:
                print("#  ", part[:300], file=sys.stderr)


def finish():
    print("1..%d" % count)
    sys.exit(1 if failed else 0)
