"""relay-peer.py SOCKET BEHAVIOUR [FILE...]: a server of one connection at a Unix socket that behaves as tests of
mci-relay need it. It makes the file SOCKET.ready when it listens, and ends with the connection.

    both UP DOWN     takes all into UP while it sends DOWN, each to its end
    slow UP DOWN     the same, in small pieces with pauses, each direction at its own pace
    answer           reads to the end of file, then says how many bytes came and their digest
    first UP         says "first" and ends its sending half, then takes all into UP
    stall GO UP      sends a line a moment while it reads nothing until the file GO is there, then takes all into UP
    leave            reads one byte and leaves without a word
    echo N           N connections, each sends back what comes
"""
import hashlib
import os
import random
import socket
import sys
import threading
import time


def take(connection, path, pause=None):
    with open(path, "wb", buffering=0) as up:
        while True:
            data = connection.recv(pause() if pause else 1 << 16)
            if not data:
                return
            up.write(data)


def give(connection, path, pause=None):
    with open(path, "rb") as down:
        while data := down.read(pause() if pause else 1 << 16):
            connection.sendall(data)
    connection.shutdown(socket.SHUT_WR)


def both(connection, up, down, pause=None):
    giver = threading.Thread(target=give, args=(connection, down, pause))
    giver.start()
    take(connection, up, pause)
    giver.join()


def slow(connection, up, down):
    pieces = random.Random(7)

    def pause():
        time.sleep(pieces.random() / 500)
        return pieces.choice((1, 3, 4095, 4096, 4097, 70000))

    both(connection, up, down, pause)


def answer(connection):
    digest, count = hashlib.sha256(), 0
    while data := connection.recv(1 << 16):
        digest.update(data)
        count += len(data)
    connection.sendall(f"{count} {digest.hexdigest()}\n".encode())


def first(connection, up):
    connection.sendall(b"first\n")
    connection.shutdown(socket.SHUT_WR)
    take(connection, up)


def stall(connection, go, up):
    while not os.path.exists(go):
        connection.sendall(b"still here\n")
        time.sleep(0.01)
    take(connection, up)


def leave(connection):
    connection.recv(1)


def echo(connection):
    while data := connection.recv(1 << 16):
        connection.sendall(data)


path, behaviour, *rest = sys.argv[1:]
listener = socket.socket(socket.AF_UNIX)
listener.bind(path)
listener.listen(64)
open(path + ".ready", "w").close()
times = int(rest.pop()) if behaviour == "echo" else 1
for _ in range(times):
    one, _ = listener.accept()
    try:
        globals()[behaviour](one, *rest)
    except (BrokenPipeError, ConnectionResetError) as error:
        print(behaviour, error, file=sys.stderr)
    one.close()
