"""queue-peer.py COMMAND...: clients of a store's queue and the judge of what they were told, for tests that kill the
store meanwhile. All go on over a new connection when theirs is lost, with the same request, as clients do.

    triggers STORE COUNT SEED HISTORY
        accepts COUNT builds of o/r, each with a key of its own
    agent STORE HUB TOKEN NAME COUNT SEED HISTORY
        claims builds until COUNT have ended for it or the file HISTORY.stop is there: publishes what mci-build
        says of them, and ends them or gives them back
    claims STORE TOKEN NAME COUNT HISTORY
        claims so many builds, some at once, and gives them back
    twice HISTORY...
        how many claims of claims, and which runs of builds were given out twice
    judge STORED HISTORY...
        holds what they were told against the store's folder, and says what is wrong
"""
import collections
import json
import os
import random
import socket
import sqlite3
import sys
import time


class Link:
    """One connection, made again when it is lost."""

    def __init__(self, path):
        self.path = path
        self.file = None
        self.number = 0

    def connect(self):
        while True:
            s = socket.socket(socket.AF_UNIX)
            try:
                s.connect(self.path)
            except OSError:
                s.close()
                time.sleep(0.01)
                continue
            self.socket = s
            self.file = s.makefile("rb")
            return

    def send(self, method, params):
        self.number += 1
        line = {"jsonrpc": "2.0", "id": self.number, "method": method, "params": params}
        self.socket.sendall(json.dumps(line).encode() + b"\n")

    def call(self, method, **params):
        """The result, or an error's message as text."""
        while True:
            try:
                if self.file is None:
                    self.connect()
                self.send(method, params)
                line = self.file.readline()
                if not line:
                    raise OSError("lost")
            except OSError:
                self.file = None
                continue
            reply = json.loads(line)
            if "error" not in reply:
                return reply["result"]
            if reply["error"]["code"] not in (-32002, -32005):
                return reply["error"]["message"]
            time.sleep(0.01)


def note(history, **what):
    history.write(json.dumps(what) + "\n")
    history.flush()


def triggers(path, count, seed, history):
    link, chance = Link(path), random.Random(seed)
    for i in range(count):
        key = "%s-%d" % (seed, i)
        got = link.call("build/trigger", repo="o/r", key=key, priority=chance.randrange(3))
        note(history, did="trigger", key=key, build=got["build"])


def agent(store, hub, token, name, count, seed, history):
    link, hub, chance = Link(store), Link(hub), random.Random(seed)
    ended = tried = 0
    while ended < count and not os.path.exists(history.name + ".stop"):
        tried += 1
        ident = "%s-%d" % (name, tried)
        got = link.call("build/claim", token=token, id=ident, name=name)
        if not got:
            time.sleep(0.02)
            continue
        build, run = got["build"], got["run"]
        held = {"build": build, "run": run, "lease": got["lease"]}
        note(history, did="claim", id=ident, build=build, run=run, lease=got["lease"])
        way, status = chance.randrange(4), chance.choice(["success", "failure"])
        common = {"build": build, "run": run, "time": "2026-11-23T18:00:00.000Z"}
        first = run * 10
        events = [dict(common, type="build/start", seq=first, schema=1),
                  dict(common, type="job/end", job="x", status=status, seq=first + 1)]
        if run > 1:
            events.insert(0, dict(common, type="build/initializing"))
        if way < 2:
            events.append(dict(common, type="build/end", status=status, seq=first + 2))
        hub.call("event/publish", events=events, sync="disk")
        if way < 2:
            note(history, did="said", build=build, run=run, status=status)
        link.call("build/renew", **held)
        if way == 3:
            said = link.call("build/release", reason="test", **held)
            note(history, did="release", build=build, run=run, answer=said)
            continue
        said = link.call("build/end", status="error", reason="test", **held)
        note(history, did="end", build=build, run=run, way=way, answer=said)
        ended += isinstance(said, dict)


def claims(store, token, name, count, history):
    link = Link(store)
    link.connect()
    at_once = 50
    for at in range(0, count, at_once):
        for i in range(at_once):
            link.send("build/claim", {"token": token, "id": "%s-%d" % (name, at + i)})
        given = [json.loads(link.file.readline())["result"] for _ in range(at_once)]
        for got in given:
            note(history, did="claim", build=got["build"], run=got["run"], lease=got["lease"])
            link.send("build/release", {k: got[k] for k in ("build", "run", "lease")} | {"reason": "test"})
        for _ in range(at_once):
            reply = json.loads(link.file.readline())
            assert reply.get("result") == {}, reply


def read(paths):
    for path in paths:
        with open(path) as f:
            for line in f:
                yield json.loads(line)


def twice(paths):
    seen = collections.Counter((h["build"], h["run"]) for h in read(paths) if h["did"] == "claim")
    print(sum(seen.values()), [what for what, n in seen.items() if n > 1])


def lines_of(stored, build):
    with open("%s/builds/%s.ndjson" % (stored, build)) as f:
        return [json.loads(line) for line in f]


def wrong_in_file(build, lines):
    """What its events contradict, each by itself."""
    changes = [e["change"] for e in lines if "change" in e]
    said = [(e["run"], e["seq"]) for e in lines if "seq" in e]
    if changes != sorted(set(changes)):
        yield "%s: changes come twice or out of order: %s" % (build, changes)
    begun = [e["run"] for e in lines if e["type"] == "build/initializing"]
    if begun != sorted(set(begun)):
        yield "%s: runs begin twice or out of order: %s" % (build, begun)
    if said != sorted(set(said)):
        yield "%s: events come twice or out of order: %s" % (build, said)
    if [e["type"] for e in lines if "change" in e][:2] != ["build/triggered", "build/queued"]:
        yield "%s: does not begin with its trigger" % build


def wrong_in_end(build, row, lines, claimed, said):
    state, run, status, ended_run = row
    ends = [e for e in lines if e["type"] == "build/end" and e["run"] == run]
    if state != "ended" or ended_run != run:
        yield "%s: state %s, run %s, and the end of run %s" % (build, state, run, ended_run)
    elif not ends:
        yield "%s: run %s has no end" % (build, run)
    elif ends[0]["status"] != status:
        yield "%s: is %s, its events say %s" % (build, status, ends[0]["status"])
    elif (build, run) in said and said[build, run] != status:
        yield "%s: is %s, mci-build said %s" % (build, status, said[build, run])
    if claimed and run != max(claimed):
        yield "%s: run %s was given out, the store has run %s" % (build, max(claimed), run)


def judge(stored, paths):
    history = list(read(paths))
    db = sqlite3.connect("file:%s/store.db?mode=ro" % stored, uri=True)
    rows = {r[0]: r[1:] for r in db.execute(
        "SELECT build.name, build.state, build.run, result.status, result.ended_run "
        "FROM build LEFT JOIN result ON result.build = build.id")}
    accepted, given, said = {}, {}, {}
    runs = collections.defaultdict(set)
    for h in history:
        if h["did"] == "trigger":
            if h["build"] not in rows:
                print("%s: was accepted, and is not there" % h["build"])
            if accepted.setdefault(h["build"], h["key"]) != h["key"]:
                print("%s: was told to two triggers" % h["build"])
        elif h["did"] == "claim":
            runs[h["build"]].add(h["run"])
            if given.setdefault((h["build"], h["run"]), h["lease"]) != h["lease"]:
                print("%s: run %s was given to two" % (h["build"], h["run"]))
        elif h["did"] == "said":
            said[h["build"], h["run"]] = h["status"]
    numbers = sorted(int(name.split("/")[2]) for name in rows)
    if numbers != list(range(1, len(numbers) + 1)):
        print("numbers: %s" % numbers)
    if len(rows) != len(accepted):
        print("%d builds for %d triggers" % (len(rows), len(accepted)))
    for build, row in rows.items():
        lines = lines_of(stored, build)
        for wrong in wrong_in_file(build, lines):
            print(wrong)
        for wrong in wrong_in_end(build, row, lines, runs[build], said):
            print(wrong)


def main(command, *rest):
    if command == "triggers":
        with open(rest[3], "a") as history:
            triggers(rest[0], int(rest[1]), rest[2], history)
    elif command == "agent":
        with open(rest[6], "a") as history:
            agent(rest[0], rest[1], rest[2], rest[3], int(rest[4]), rest[5], history)
    elif command == "claims":
        with open(rest[4], "a") as history:
            claims(rest[0], rest[1], rest[2], int(rest[3]), history)
    elif command == "twice":
        twice(rest)
    elif command == "judge":
        judge(rest[0], rest[1:])


main(*sys.argv[1:])
