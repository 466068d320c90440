"""A small database: a line is a command, "set KEY VALUE", "add KEY", "get KEY" or "keys", and has a line as its answer."""
import socketserver
import sys

values = {}


class Client(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            word, *rest = line.decode().split()
            if word == "set":
                values[rest[0]] = rest[1]
            elif word == "add":
                values[rest[0]] = str(int(values.get(rest[0], 0)) + 1)
            answer = " ".join(sorted(values)) if word == "keys" else values.get(rest[0], "")
            self.wfile.write(answer.encode() + b"\n")


socketserver.ThreadingTCPServer.allow_reuse_address = True
with socketserver.ThreadingTCPServer(("127.0.0.1", int(sys.argv[1])), Client) as server:
    print("store: ready", flush=True)
    server.serve_forever()
