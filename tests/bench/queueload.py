"""queueload.py STORE HUB TOKEN ROW: what tests/bench/queue.sh measures, as lines of a name and a value.

    events    150,000 events of 50 builds into the hub: a second, until they are in the store's rows
    trigger   builds accepted by one client, one after the other, and 100 at a time: milliseconds each
    rows DB   puts a million builds into a store that does not run
    page      pages of 50 of them, each way that has an index: milliseconds, with the way to the store and back
    drain     500 builds claimed, ended by an event, and ended; with 500 waiting and with 10,000: milliseconds each
"""
import json
import socket
import sqlite3
import sys
import time

TIME = "2026-11-23T18:00:00.000Z"


class Link:
    def __init__(self, path):
        self.socket = socket.socket(socket.AF_UNIX)
        self.socket.connect(path)
        self.file = self.socket.makefile("rb")

    def send(self, method, **params):
        line = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        self.socket.sendall(json.dumps(line).encode() + b"\n")

    def reply(self):
        reply = json.loads(self.file.readline())
        if "error" in reply:
            sys.exit("queueload.py: %s" % reply["error"]["message"])
        return reply["result"]

    def call(self, method, **params):
        self.send(method, **params)
        return self.reply()


def settle(store, hub):
    """Until all that the hub has is in the rows, and all files are on the disk."""
    while store.call("build/status")["changes"] > 0:
        time.sleep(0.01)
    tail = hub.call("event/status")["tail"]
    while store.call("build/status")["next"] <= tail:
        time.sleep(0.001)


def accept(store, n):
    names = []
    for _ in range(0, n, 100):
        for _ in range(100):
            store.send("build/trigger", repo="o/r")
        names += [store.reply()["build"] for _ in range(100)]
    return names


def said(build, jobs):
    """What mci-build says of so many trivial jobs."""
    yield {"type": "build/start", "schema": 1, "folder": "/b", "logs": "/b/logs", "dir": "/d", "definition": "-", "pid": 1}
    for i in range(jobs):
        job = {"job": "job%d" % i}
        attempt = dict(job, attempt=1)
        yield dict(job, type="job/pending")
        yield dict(job, type="job/queued")
        yield dict(attempt, type="job/initializing")
        yield dict(attempt, type="job/start", pid=17, runner="host")
        over = dict(attempt, reason="exit", exit=0, elapsed=1.5, user=0.2, system=0.1, maxrss=18350080, bytes=5120)
        yield dict(over, type="job/executed")
        yield dict(over, type="job/end", status="success")
    yield {"type": "build/end", "status": "success", "elapsed": 2, "exit": 0}


def named(build, run, events):
    return [dict(e, build=build, run=run, seq=i + 1, time=TIME) for i, e in enumerate(events)]


def events(store, hub):
    builds = accept(store, 100)[:50]
    settle(store, hub)
    lines = [named(b, 1, said(b, 500)) for b in builds]
    batches = [one[at:at + 1000] for one in lines for at in range(0, len(one), 1000)]
    start = time.monotonic()
    for batch in batches:
        hub.call("event/publish", events=batch)
    settle(store, hub)
    print("events", sum(map(len, batches)) / (time.monotonic() - start))


def trigger(store, hub):
    start = time.monotonic()
    for _ in range(200):
        store.call("build/trigger", repo="o/r")
    print("one", (time.monotonic() - start) / 200 * 1000)
    start = time.monotonic()
    accept(store, 2000)
    print("many", (time.monotonic() - start) / 2000 * 1000)


def drain(store, hub, token, name):
    took = []
    start = time.monotonic()
    for i in range(500):
        before = time.monotonic()
        got = store.call("build/claim", token=token, id="%s-%d" % (name, i))
        took.append(time.monotonic() - before)
        held = {"build": got["build"], "run": got["run"], "lease": got["lease"]}
        hub.call("event/publish", events=named(got["build"], got["run"], said(got["build"], 1)), sync="disk")
        store.call("build/end", **held)
    each = (time.monotonic() - start) / 500 * 1000
    took.sort()
    print(name, each)
    print(name + "-claim", took[250] * 1000)


def rows(path):
    db = sqlite3.connect(path)
    n = range(1, 1000001)
    status = ["success"] * 8 + ["failure"]
    db.executemany(
        "INSERT INTO build (id, repo, number, name, created, state, priority, run, trust, event, ref, branch, rev, "
        "message, rerun_failed) VALUES (?1, 1, ?1, 'o/r/' || ?1, 1, 'ended', 0, 1, 'trusted', 'push', "
        "'refs/heads/b' || ?2, 'b' || ?2, '0123456789abcdef0123456789abcdef01234567', 'Mend what was broken', 0)",
        ((i, i % 50) for i in n))
    db.executemany(
        "INSERT INTO result (build, repo, status, run, ended_run, started, ended, elapsed, exit, jobs) "
        "VALUES (?, 1, ?, 1, 1, 1, 2, 1, 0, '{\"success\":3}')", ((i, status[i % 9]) for i in n))
    db.commit()


def page(store):
    for name, way in (("all", {}), ("repo", {"repo": "o/r"}), ("middle", {"repo": "o/r", "before": "o/r/500000"}),
                      ("branch", {"repo": "o/r", "branch": "b7"}), ("status", {"repo": "o/r", "status": "failure"})):
        took = []
        for _ in range(100):
            start = time.monotonic()
            got = store.call("build/list", limit=50, **way)
            took.append(time.monotonic() - start)
        if len(got["builds"]) != 50:
            sys.exit("queueload.py: %s: %d builds" % (name, len(got["builds"])))
        print(name, sorted(took)[50] * 1000)


def main(store, hub, token, row):
    if row == "rows":
        return rows(store)
    store, hub = Link(store), Link(hub)
    if row == "events":
        events(store, hub)
    elif row == "trigger":
        trigger(store, hub)
    elif row == "page":
        page(store)
    elif row == "drain":
        accept(store, 500)
        settle(store, hub)
        time.sleep(3)
        drain(store, hub, token, "few")
        accept(store, 10000)
        settle(store, hub)
        time.sleep(3)
        drain(store, hub, token, "many")


main(*sys.argv[1:])
