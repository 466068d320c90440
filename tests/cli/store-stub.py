#!/usr/bin/env python3
"""Stands in for the store: answers build/events from a hub's log. SOCKET LOG-FOLDER"""
import glob
import json
import os
import socket
import sys
import threading
import time


def lines(folder, build):
    for name in sorted(glob.glob(folder + '/*.ndjson')):
        with open(name, 'rb') as segment:
            for line in segment:
                if line.endswith(b'\n') and json.loads(line).get('build') == build:
                    yield line


def serve(connection, folder):
    with connection, connection.makefile('rwb') as stream:
        for text in stream:
            request = json.loads(text)
            build, had = request['params']['build'], request['params'].get('from', 0)
            stream.write(b'{"jsonrpc":"2.0","id":%d,"result":{}}\n' % request['id'])
            while True:
                found = list(lines(folder, build))
                for line in found[had:]:
                    stream.write(line)
                had = max(had, len(found))
                over = bool(found) and json.loads(found[-1])['type'] == 'build/end'
                if over:
                    stream.write(b'{"type":"eof"}\n')
                try:
                    stream.flush()
                except OSError:
                    return
                if over:
                    break
                time.sleep(0.01)


def main():
    path, folder = sys.argv[1:]
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(path)
    listener.listen(64)
    print('ready', flush=True)
    while True:
        connection, _ = listener.accept()
        threading.Thread(target=serve, args=(connection, folder), daemon=True).start()


main()
