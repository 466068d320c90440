"""A whole server with two agents, somebody who triggers builds, and who judges what became of them: for server-kill
and server-powercut."""
import json, os, subprocess, sys, threading, time

BIN = os.environ.get("MCI_BIN", os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../build/bin"))
# behind what mci up starts
AGENTS = """
one: mci-agent -j 2 --name one --token-file $DIR/token --workdir $DIR/one
	after api

two: mci-agent -j 1 --name two --token-file $DIR/token --workdir $DIR/two
	after api
"""
# what a job prints, in bytes, is told by its log; the marks are where it was
JOB = 'i=0; while [ $i -lt %d ]; do echo "$MCI_JOB_ID $MCI_ATTEMPT line $i of the log"; i=$((i + 1)); sleep %s; done'
KINDS = {"good": "success", "bad": "failure"}


class Server:
    def __init__(self, folder, data=None, single=False):
        self.folder, self.data, self.single = folder, data or folder + "/data", single
        self.env = {"PATH": BIN + ":" + os.environ["PATH"], "HOME": folder, "TMPDIR": folder, "LC_ALL": "C.UTF-8",
                    "XDG_RUNTIME_DIR": folder + "/run", "XDG_STATE_HOME": folder + "/state",
                    "MCI_SUPERVISE_LISTEN": "unix:" + folder + "/run/http.sock",
                    "MCI_API": "unix:" + folder + "/run/mci/mci.sock"}
        for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS"):
            if name in os.environ:
                self.env[name] = os.environ[name]
        self.process = None

    def start(self):
        self.process = subprocess.Popen(
            ["mci-supervise", *(["--single"] if self.single else []), "--dir", self.data, self.folder + "/wiring"],
            env=self.env,
            stdin=subprocess.DEVNULL, stdout=open(self.folder + "/server.out", "ab"),
            stderr=open(self.folder + "/server.err", "ab"))

    def call(self, *words, timeout=20):
        got = subprocess.run(["mci", "call", "-a", self.env["MCI_API"], *words], env=self.env, capture_output=True,
                             timeout=timeout)
        return json.loads(got.stdout) if got.returncode == 0 else None

    def insist(self, *words):
        for _ in range(2000):
            try:
                answer = self.call(*words)
            except subprocess.TimeoutExpired:
                answer = None
            if answer is not None:
                return answer
            time.sleep(0.05)
        sys.exit("no answer to " + " ".join(words))


def make_project(server, name, specs):
    path = server.folder + "/" + name
    os.makedirs(path + "/.mci")
    with open(path + "/.mci/build", "w") as f:
        f.write("#!/bin/sh\ncat <<'END'\n" + "\n".join(json.dumps(s) for s in specs) + "\nEND\n")
    os.chmod(path + "/.mci/build", 0o755)
    for words in (["init", "-q"], ["add", "-A"], ["-c", "user.name=t", "-c", "user.email=t@e", "commit", "-qm", "x"]):
        subprocess.run(["git", "-C", path, *words], env=server.env, check=True)
    server.insist("repo/put", "org=acme", "name=" + name, "url=" + path, "main=master")


def set_up(folder, data=None, single=False):
    server = Server(folder, data, single)
    os.makedirs(folder + "/run", 0o700)
    os.makedirs(server.data, 0o700, exist_ok=True)
    services = subprocess.run([BIN + "/mci-supervise", "--print-wiring"], capture_output=True, text=True, check=True)
    open(folder + "/wiring", "w").write(services.stdout.split("# What the store knows")[0] + AGENTS)
    open(server.data + "/token", "w").write("not yet\n")
    server.start()
    server.insist("org/put", "name=acme")
    token = server.insist("token/create", "agent=all")["token"]
    with open(server.data + "/token", "w") as f:
        f.write(token + "\n")
        f.flush()
        os.fsync(f.fileno())
    make_project(server, "good", [
        {"id": "a", "script": [JOB % (20, "0.02")]}, {"id": "b", "script": [JOB % (200, "0")], "depends-on": ["a"]},
        {"id": "c", "script": [JOB % (10, "0.05")]}, {"id": "d", "script": ["true"], "depends-on": ["b", "c"]}])
    make_project(server, "bad", [{"id": "a", "script": [JOB % (10, "0.02"), "exit 3"]}, {"id": "b", "script": ["true"]}])
    # agents that failed too often with the first token are started again
    subprocess.run(["mci", "reload", "one", "two"], env=server.env, capture_output=True)
    return server


class Pusher(threading.Thread):
    """triggers builds, one after the other, each until it is accepted"""
    def __init__(self, server, chance):
        super().__init__(daemon=True)
        self.server, self.chance, self.accepted, self.on, self.n = server, chance, {}, True, 0
        self.times = {}  # when it was accepted, time.monotonic_ns()

    def run(self):
        while self.on:
            kind = self.chance.choice(["good", "good", "bad"])
            self.n += 1
            answer = self.server.insist("build/trigger", "repo=acme/" + kind, "key=%d" % self.n, "event=manual")
            self.times.setdefault(answer["build"], time.monotonic_ns())
            self.accepted[answer["build"]] = kind
            waiting = len(self.accepted) - self.ended()
            time.sleep(0.05 if waiting < 6 else 1)

    def ended(self):
        try:
            got = self.server.call("build/list", "limit:=1000")
        except subprocess.TimeoutExpired:
            got = None
        return sum(b["status"] in ("success", "failure", "error", "canceled") for b in got["builds"]) if got else 0


class Judge:
    def __init__(self, server, accepted, hit_builds):
        self.server, self.accepted, self.hit_builds, self.wrong = server, accepted, hit_builds, []
        self.statuses = {}

    def say(self, build, text):
        self.wrong.append("%s: %s" % (build, text))

    def events(self, build):
        got = subprocess.run(["mci", "call", "-a", self.server.env["MCI_API"], "build/events", "build=" + build],
                             env=self.server.env, capture_output=True, timeout=30)
        return [json.loads(line) for line in got.stdout.splitlines()]

    def judge_end(self, build, kind, events):
        status = self.server.insist("build/get", "build=" + build)["status"]
        last = max((e.get("run", 0) for e in events), default=0)
        ends = [e for e in events if e["type"] == "build/end" and e.get("run", last) == last]
        allowed = {KINDS[kind]} | ({"error", "failure"} if build in self.hit_builds else set())
        self.statuses[status] = self.statuses.get(status, 0) + 1
        if status not in allowed:
            self.say(build, "%s ended as %s" % (kind, status))
        if len(ends) != 1:
            self.say(build, "%d ends of run %d" % (len(ends), last))

    def judge_numbers(self, build, events):
        numbers = [e["seq"] for e in events if "seq" in e]
        if numbers != list(range(1, len(numbers) + 1)):
            self.say(build, "its events are numbered %s..." % numbers[:50])

    def judge_again(self, build, events):
        """no job that had ended begins once more, unless a run says that it began anew"""
        ended = set()
        for e in events:
            if e["type"] == "build/initializing" and e.get("resume") != "workspace":
                ended = set()
            elif e["type"] == "job/end":
                ended.add(e["job"])
            elif e["type"] == "job/initializing" and e["job"] in ended:
                self.say(build, "job %s ran again" % e["job"])

    def judge_logs(self, build, events):
        began = {}
        for e in events:
            if e["type"] == "job/start":
                began[e["job"]] = (e["run"], e["attempt"])
            if e["type"] != "job/end" or e.get("bytes", 0) == 0 or e["status"] not in ("success", "failure"):
                continue
            run, attempt = began[e["job"]]
            got = subprocess.run(["mci-log", "cat", "-a", self.server.env["MCI_API"],
                                  "%s@%d/%s@%d" % (build, run, e["job"], attempt)],
                                 env=self.server.env, capture_output=True, timeout=30)
            if len(got.stdout) != e["bytes"]:
                self.say(build, "log of %s has %d bytes of %d: %s" % (e["job"], len(got.stdout), e["bytes"], got.stderr[:200]))

    def judge(self):
        for build, kind in sorted(self.accepted.items()):
            events = self.events(build)
            self.judge_end(build, kind, events)
            self.judge_numbers(build, events)
            self.judge_again(build, events)
            self.judge_logs(build, events)


def wait_for_ends(server, pusher, limit):
    until = time.time() + limit
    while time.time() < until:
        open_ = [b for b in pusher.accepted
                 if server.insist("build/get", "build=" + b)["status"] not in ("success", "failure", "error", "canceled")]
        if not open_:
            return []
        time.sleep(0.5)
    return open_
