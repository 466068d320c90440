#!/bin/sh
# Random builds, run and held against the rules of mci-script(5) as a program of its own reads them: which jobs
# run, in what order, how the build ends, and that a plan runs the same.
. "${0%/*}/lib.sh"
need python3

cat >model.py <<'END'
import json, os, random, subprocess, sys

seed, rounds = int(sys.argv[1]), int(sys.argv[2])
dice = random.Random(seed)


def specs():
    """Jobs in an order that is not that of their dependencies; some of them are matrices."""
    out = []
    for i in range(dice.randint(1, 8)):
        job = {"id": "j%d" % i, "script": ["exit %d" % (dice.random() < 0.25)]}
        on = [o["id"] for o in out if dice.random() < 0.35]
        if on:
            job["depends-on"] = on
        if dice.random() < 0.15:
            job["allow-failure"] = True
        if dice.random() < 0.1:
            job["blocked"] = True
        when = dice.choice(["success"] * 4 + ["always", "failure"])
        if when == "failure" and not on:
            when = "always"
        if dice.random() < 0.15:
            job["when"] = {"event": "nothing", "status": when}
        elif when != "success":
            job["when"] = when
        if dice.random() < 0.15:
            job["matrix"] = {"X": ["1", "2"]}
            if dice.random() < 0.5:
                job["script"] = ["test $X = 1"]
        out.append(job)
    dice.shuffle(out)
    return out


def options(jobs):
    ids = [j["id"] for j in jobs] + [j["id"] + ".2" for j in jobs if "matrix" in j]
    args = []
    if dice.random() < 0.4:
        args += ["--skip", dice.choice(ids)]
    if dice.random() < 0.4:
        if dice.random() < 0.4:
            args.append("--no-deps")
        args += ["-"] + dice.sample(ids, dice.randint(1, min(2, len(ids))))
    else:
        args.append("-")
    return args


class Model:
    def __init__(self, jobs, args):
        skip = [args[i + 1] for i, a in enumerate(args) if a == "--skip"]
        no_deps = "--no-deps" in args
        wanted = args[args.index("-") + 1:]
        self.jobs, groups = {}, {}
        for j in jobs:
            values = j.get("matrix", {}).get("X")
            names = [j["id"] + "." + v for v in values] if values else [j["id"]]
            groups[j["id"]] = names
            for n in names:
                self.jobs[n] = dict(j, matrix_id=j["id"], value=n[-1])
        for n, j in self.jobs.items():
            j["on"] = set(m for d in j.get("depends-on", []) for m in groups[d])
            j["skip"] = n in skip or j["matrix_id"] in skip
            j["asked"] = not wanted or n in wanted or j["matrix_id"] in wanted
        self.before = {}
        for n in self.jobs:
            self.closure(n)
        self.part = set(n for n, j in self.jobs.items() if j["asked"])
        if not no_deps:
            for n in list(self.part):
                self.part |= self.before[n]
        self.end, self.reason = {}, {}
        for n in self.jobs:
            self.decide(n)

    def closure(self, n):
        if n not in self.before:
            self.before[n] = set()
            for m in self.jobs[n]["on"]:
                self.before[n] |= {m} | self.closure(m)
        return self.before[n]

    def decide(self, n):
        """What the page says, of one job and all that came before it."""
        if n in self.end or n not in self.part:
            return
        j = self.jobs[n]
        before = self.before[n] & self.part
        for m in before:
            self.decide(m)
        bad = any(self.end[m] == "failure" and not self.jobs[m].get("allow-failure") for m in before)
        left = any(self.reason.get(m) == "blocked" for m in before)
        when = j.get("when", "success")
        status = when if isinstance(when, str) else when["status"]
        if j["skip"]:
            self.end[n], self.reason[n] = "skipped", "--skip"
        elif not isinstance(when, str):
            self.end[n], self.reason[n] = "skipped", "when: event"
        elif left:
            self.end[n], self.reason[n] = "skipped", "was not let go"
        elif status == "success" and bad:
            self.end[n], self.reason[n] = "skipped", "did not succeed"
        elif status == "failure" and not bad:
            self.end[n], self.reason[n] = "skipped", "when: nothing failed"
        elif j.get("blocked"):
            self.end[n], self.reason[n] = "skipped", "blocked"
        else:
            works = "exit 0" in j["script"] or (j["script"][0].startswith("test") and j["value"] == "1")
            self.end[n] = "success" if works else "failure"

    def exit(self):
        return int(any(e == "failure" and not self.jobs[n].get("allow-failure") for n, e in self.end.items()))


def build(args, text):
    p = subprocess.run(["mci-build", "--json"] + args, input=text, capture_output=True, text=True,
                       timeout=60)
    return p.returncode, [json.loads(line) for line in p.stdout.splitlines()], p.stderr


def check(args, text, model):
    status, events, err = build(args, text)
    ends = {e["job"]: e["status"] for e in events if e["type"] == "job/end"}
    if ends != model.end:
        return "ends %s instead of %s\n%s" % (ends, model.end, err)
    if status != model.exit():
        return "exit %d instead of %d\n%s" % (status, model.exit(), err)
    for e in events:
        if e["type"] == "job/end" and e["status"] == "skipped":
            if not e["reason"].endswith(model.reason[e["job"]]):
                return "%s: %s instead of %s" % (e["job"], e["reason"], model.reason[e["job"]])
            if e["reason"].endswith("did not succeed"):
                who = e["reason"].split()[0]
                if who not in model.before[e["job"]] or model.end[who] != "failure":
                    return "%s: %s" % (e["job"], e["reason"])
    done = set()
    for e in events:
        if e["type"] == "job/start" or (e["type"] == "job/end" and e["status"] == "skipped"):
            early = (model.before[e["job"]] & model.part) - done
            if early:
                return "%s begins or is skipped before %s" % (e["job"], early)
        if e["type"] == "job/end":
            done.add(e["job"])
    return None


def check_plan(args, text, model):
    p = subprocess.run(["mci-build", "--plan"] + args, input=text, capture_output=True, text=True, timeout=60)
    if p.returncode != 0:
        return "plan: exit %d\n%s" % (p.returncode, p.stderr)
    status, events, err = build(["-"], p.stdout)
    ends = {e["job"]: e["status"] for e in events if e["type"] == "job/end"}
    told = {n: s for n, s in model.end.items() if s != "skipped"}
    ran = {n: s for n, s in ends.items() if s != "skipped"}
    if ran != told or not set(ends) <= set(model.end):
        return "the plan %s\nends %s instead of %s\n%s" % (p.stdout, ends, model.end, err)
    if status != model.exit():
        return "the plan %s\nends with %d instead of %d\n%s" % (p.stdout, status, model.exit(), err)
    again = subprocess.run(["mci-build", "--plan", "-"], input=p.stdout, capture_output=True, text=True)
    if again.stdout != p.stdout:
        return "the plan of a plan differs:\n%s%s" % (p.stdout, again.stdout)
    done = set()
    for e in events:
        if e["type"] == "job/start":
            early = (model.before[e["job"]] & set(told)) - done
            if early:
                return "in the plan %s\n%s begins before %s" % (p.stdout, e["job"], early)
        if e["type"] == "job/end":
            done.add(e["job"])
    return None


for _ in range(rounds):
    jobs = specs()
    args = options(jobs)
    text = "".join(json.dumps(j) + "\n" for j in jobs)
    model = Model(jobs, args)
    wrong = check(args, text, model) or check_plan(args, text, model)
    if wrong:
        print(" ".join(args) + "\n" + text + wrong)
        sys.exit(1)
END

for seed in 1 2 3 4; do
	ok "30 random builds, seed $seed" python3 model.py "$seed" 30
done
finish
