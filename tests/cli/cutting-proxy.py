#!/usr/bin/env python3
"""cutting-proxy PORT CUT...: passes TCP connections on to 127.0.0.1:PORT, and cuts all that are open when so many
bytes went there since the last time as the next CUT says. Prints its own port, and for each line on standard input how
many bytes went there until now."""
import select
import socket
import sys

to, cuts = int(sys.argv[1]), [int(n) for n in sys.argv[2:]]
listener = socket.socket()
listener.bind(("127.0.0.1", 0))
listener.listen(64)
print(listener.getsockname()[1], flush=True)
other, clients, total, since = {}, set(), 0, 0


def end(s):
    for one in (s, other.pop(s, None)):
        if one is not None:
            other.pop(one, None)
            clients.discard(one)
            one.close()


def accept():
    client, server = listener.accept()[0], socket.socket()
    try:
        server.connect(("127.0.0.1", to))
    except OSError:
        client.close()
        return
    other[client], other[server] = server, client
    clients.add(client)


def move(s):
    global total, since
    try:
        data = s.recv(65536)
        if data:
            other[s].sendall(data)
    except OSError:
        data = b""
    if not data:
        end(s)
    elif s in clients:
        total, since = total + len(data), since + len(data)
        if cuts and since >= cuts[0]:
            since = 0
            cuts.pop(0)
            for one in list(clients):
                end(one)


while True:
    ready, _, _ = select.select([listener, sys.stdin] + list(other), [], [])
    for s in ready:
        if s is sys.stdin:
            if not sys.stdin.readline():
                sys.exit(0)
            print(total, flush=True)
        elif s is listener:
            accept()
        elif s in other:
            move(s)
