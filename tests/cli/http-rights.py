# The whole table of routes, asked by each role, for what is its own, another's, and not there at all.
# usage: http-rights.py SOCKET ROUTES   (ROUTES: what "mci api routes" prints)
# The admin's token is in the environment, as ADMIN.
import json, os, re, sys
sys.path.insert(0, os.path.dirname(sys.argv[0]))
from httppeer import Peer, check, finish

peer = Peer(sys.argv[1])
admin = os.environ["ADMIN"]
routes = [line.rstrip("\n").split("\t") for line in open(sys.argv[2])]
MARK = "zq7"  # in everything of the other organisation, and nowhere else
KEY = os.environ["KEY"]

PLACES = {
    "own": dict(org="acme", repo="app", number="1", job="build", param="par", key="deploy", token="own-token", agent="one"),
    "foreign": dict(org=MARK, repo=MARK + "-repo", number="1", job=MARK, param=MARK + "par", key=MARK + "-key",
                    token=MARK + "-token", agent="one"),
    "missing": dict(org="nowhere", repo="nothing", number="1", job="none", param="none", key="none", token="none",
                    agent="one"),
}
BODIES = {
    "org/put": {}, "repo/put": {}, "param/put": {"plain": True, "value": "v"}, "key/put": {"private": KEY},
    "param/replace": {"params": []}, "key/replace": {"keys": []}, "token/create": {"scopes": ["read"], "name": "made"},
    "build/trigger": {}, "build/cancel": {}, "job/unblock": {}, "agent/put": {}, "store/rotate": {},
}
POSTS = {"org/put": {"id": "made"}, "repo/put": {"id": "made"}, "param/put": {"name": "made", "plain": True, "value": "x"},
         "key/put": {"name": "made", "private": KEY}}
ORDER = ["read", "trigger", "write", "admin"]


def must(method, path, body=None):
    status, text, _ = peer.ask(method, path, admin, body)
    if status >= 300:
        raise SystemExit("%s %s: %d %s" % (method, path, status, text))
    return json.loads(text) if text else None


def fixtures():
    """What is there before each request that may have changed it."""
    for place in ("own", "foreign"):
        p = PLACES[place]
        base = "/api/v1/orgs/" + p["org"]
        must("PUT", base, {"name": p["org"]})
        must("PUT", base + "/repos/" + p["repo"], {"url": "https://example.org/" + p["repo"]})
        must("PUT", base + "/params/" + p["param"], {"plain": True, "value": p["param"]})
        must("PUT", base + "/keys/" + p["key"], {"private": KEY, "description": p["key"]})
        if peer.ask("GET", base + "/tokens/" + p["token"], admin)[0] == 404:
            must("POST", base + "/tokens", {"scopes": ["read"], "name": p["token"]})
    must("PUT", "/api/v1/agents/one", {})


def token(name, scopes, org=None, repo=None, agent=None):
    body = {"name": name, "scopes": scopes}
    for key, value in (("org", org), ("repo", repo), ("agent", agent)):
        if value:
            body[key] = value
    return must("POST", "/api/v1/tokens", body)["token"]


def target(route, place):
    verb, path, scope, call, _ = route
    p = PLACES[place]
    path = re.sub(r"{(\w+)\*?}", lambda m: p.get(m.group(1), "x"), path)
    if call == "build/events":  # these builds have no end
        path += "?follow=false"
    body = BODIES.get(call)
    if verb == "POST" and call in POSTS and "{" not in route[1].rsplit("/", 1)[1]:
        body = POSTS[call]
    return path, body if verb in ("POST", "PUT") else None


def has(scopes, scope):
    if scope == "agent":
        return "agent" in scopes
    if scope == "read" and "agent" in scopes:
        return True
    return any(ORDER.index(s) >= ORDER.index(scope) for s in scopes if s in ORDER)


fixtures()
for p in (PLACES["own"], PLACES["foreign"]):
    must("POST", "/api/v1/orgs/%s/repos/%s/builds" % (p["org"], p["repo"]),
         {"message": p["repo"], "actor": p["org"], "ref": "refs/heads/" + p["repo"]})

ROLES = [("nobody", None, [], None, None), ("a wrong token", "mci_" + "x" * 43, [], None, None)]
for scope in ORDER:
    ROLES.append((scope + " of all", token(scope + "-all", [scope]), [scope], None, None))
    ROLES.append((scope + " of an organisation", token(scope + "-org", [scope], "acme"), [scope], "acme", None))
    ROLES.append((scope + " of a repository", token(scope + "-repo", [scope], "acme", "app"), [scope], "acme", "app"))
ROLES.append(("an agent", token("agent-all", ["agent"], agent="one"), ["agent"], None, None))
ROLES.append(("an agent of an organisation", token("agent-org", ["agent"], "acme", agent="two"), ["agent"], "acme", None))

# What is for who may touch all; and, of an organisation, for who has all of that.
ALL = {"agent/get", "agent/list", "agent/put", "agent/remove", "store/rotate", "store/rebuild", "store/status",
       "build/status", "event/status", "log/status", "part/status"}
ORGWIDE = {"param/get", "param/list", "param/put", "param/replace", "param/remove", "key/get", "key/list", "key/put",
           "key/replace", "key/remove", "org/put", "org/remove", "build/latest", "token/get", "token/remove"}
# What a role may not have done to it: its own ground goes.
LEAVE = {"token/remove", "org/remove", "repo/remove", "agent/remove"}


def expected(route, role, place):
    """The statuses that are right: a set, or what is not."""
    verb, path, scope, call, _ = route
    name, _, scopes, org, repo = role
    if scope == "anybody":
        return "seen"
    if name in ("nobody", "a wrong token"):
        return {401}
    if call == "-" and verb != "GET":  # of the caller itself: a session, lines with rights of their own
        return {200, 204, 400, 401, 403, 409, 410}
    if call == "-":
        return "seen" if has(scopes, scope) else {403, 409, 410, 400, 200, 204}
    if call in ALL:
        return ("seen" if org is None and has(scopes, scope) else {403})
    if "{org}" not in path:
        if call == "org/put":
            return {404} if org is not None else "seen" if has(scopes, scope) else {403}
        if call in ("token/get", "token/remove"):
            foreign = org is not None and place != "own" or repo is not None
            return {403, 404} if not has(scopes, scope) else {404} if foreign or place == "missing" else "seen"
        if call == "build/latest" or call in ORGWIDE and repo is not None:
            return {404}
        return "seen" if has(scopes, scope) else {403}
    if org is not None and place != "own":
        return {404}
    if repo is not None and "{repo}" not in path and call in ORGWIDE:
        return {404}
    if repo is not None and call == "repo/put":
        return {404} if verb == "POST" else "seen" if has(scopes, scope) else {403}
    if not has(scopes, scope):
        return {403}
    return "missing" if place == "missing" else "seen"


def fits(status, want):
    if want == "seen":
        return status not in (401, 403) and status < 500
    if want == "missing":
        return status in (404, 200, 201, 409, 400)
    return status in want


for role in ROLES:
    name, secret, scopes, org, repo = role
    wrong, leaks, told = [], [], []
    for route in routes:
        verb, path, scope, call, _ = route
        if path == "/api/v1/call":
            continue
        answers = {}
        # what streams and names nothing is the same in each place
        for place in ("own",) if path == "/api/v1/events" else ("own", "foreign", "missing"):
            where, body = target(route, place)
            want = expected(route, role, place)
            if want in ("seen", "missing") and call in LEAVE or want == "missing" and verb in ("PUT", "POST"):
                continue
            if place != "own" and org is None and want == "seen" and verb in ("PUT", "POST", "DELETE"):
                continue
            status, text, headers = peer.ask(verb, where, secret, body)
            if status == 429 and name == "a wrong token":
                continue
            if not fits(status, want):
                wrong.append("%s %s: %d, and not %s: %s" % (verb, where, status, want, text))
            if org is not None and place != "foreign" and MARK in text + str(headers):
                leaks.append("%s %s: %s" % (verb, where, text))
            answers[place] = (status, text.replace(PLACES[place]["org"], "*"))
            if want == "seen" and verb != "GET" and status < 300:
                fixtures()
        if org is not None and "foreign" in answers and "missing" in answers and answers["foreign"] != answers["missing"] and \
                not (answers["foreign"][0] == answers["missing"][0] < 300):
            told.append("%s %s: %s, and where there is nothing %s" % (verb, path, answers["foreign"], answers["missing"]))
        for query in ("before=%s/%s-repo/1" % (MARK, MARK), "org=" + MARK, "repo=%s/%s-repo" % (MARK, MARK), "actor=" + MARK,
                      "branch=%s-repo" % MARK, "id=" + MARK, "after=" + MARK, "since=2001-01-01T00:00:00Z", "from=start"):
            if org is None or verb != "GET" or "{" in path and "{org}" not in path:
                continue
            where, _ = target(route, "own")
            status, text, headers = peer.ask(verb, where + "?" + query, secret)
            shown = text + str(headers.get("Link"))
            other, there, _ = peer.ask(verb, where + "?" + query.replace(MARK, "zq8"), secret) if MARK in query else (status, text, 0)
            if MARK in shown.replace(query, "").replace(query.replace("/", "%2F"), ""):
                leaks.append("%s %s?%s: %s" % (verb, where, query, shown))
            if (status, text.replace(MARK, "*")) != (other, there.replace("zq8", "*")):
                told.append("%s %s?%s: %d %s, and where there is nothing %d %s" % (verb, where, query, status, text, other, there))
    check(not wrong, name + ": may do what its scope says, and nothing else", *wrong)
    if org is not None:
        check(not leaks, name + ": sees nothing of another organisation", *leaks)
        check(not told, name + ": is told the same of what is another's and of what is not there", *told)

# the same by the lines of the kit
def lines(p):
    repo, build = "%(org)s/%(repo)s" % p, "%(org)s/%(repo)s/1" % p
    yield from (("org/get", {"id": p["org"]}), ("org/list", {"id": p["org"]}), ("repo/get", {"org": p["org"], "id": p["repo"]}),
                ("repo/list", {"org": p["org"]}), ("repo/params", {"org": p["org"], "id": p["repo"]}),
                ("param/list", {"org": p["org"]}), ("param/get", {"org": p["org"], "id": p["param"]}),
                ("key/list", {"org": p["org"]}), ("token/list", {"org": p["org"]}),
                ("token/get", {"id": p["token"], "org": p["org"]}), ("token/create", {"scopes": ["read"], "org": p["org"]}),
                ("build/list", {"org": p["org"]}), ("build/list", {"repo": repo}), ("build/list", {"before": build}),
                ("build/latest", {"org": p["org"]}), ("build/get", {"build": build}), ("build/cancel", {"build": build}),
                ("build/events", {"build": build, "follow": False}), ("build/trigger", {"repo": repo}),
                ("build/trigger", {"repo": "acme/app", "rerun": {"of": build}}), ("job/list", {"build": build}),
                ("job/get", {"build": build, "job": "x"}), ("job/unblock", {"build": build, "job": "x"}),
                ("log/get", {"build": build, "job": "x"}), ("log/list", {"build": build}),
                ("log/read", {"build": build, "job": "x"}), ("log/open", {"build": build, "job": "x"}),
                ("log/remove", {"build": build}), ("event/subscribe", {"build": build, "from": "start"}),
                ("event/subscribe", {"build": p["org"] + "/", "from": "start"}),
                ("event/publish", {"event": {"type": "x/y", "build": build}}),
                ("event/publish", {"events": [{"type": "x/y", "build": "acme/app/1"}, {"type": "x/y", "build": build}]}),
                ("build/renew", {"build": build, "run": 1, "lease": "x"}))


leaks, told, done = [], [], 0
for name, secret, scopes, org, repo in ROLES:
    if org is None:
        continue
    for (method, foreign), (_, missing) in zip(lines(PLACES["foreign"]), lines(PLACES["missing"])):
        answers = []
        for params in (foreign, missing):
            line = json.dumps({"jsonrpc": "2.0", "id": 1, "method": method, "params": params}) + "\n"
            status, text, _ = peer.ask("POST", "/api/v1/call", secret, line.encode(), {"Content-Type": "application/json"})
            answers.append((status, re.sub("zq7-repo|zq7|nowhere|nothing", "*", text)))
            done += 1
            if MARK in text:
                leaks.append("%s: %s %s: %s" % (name, method, params, text))
        if answers[0] != answers[1] or '"result"' in answers[0][1]:
            told.append("%s: %s: %s, and where there is nothing %s" % (name, method, *answers))
check(done > 400 and not leaks, "lines of the kit tell nothing of another organisation", *leaks)
check(not told, "and the same of what is another's and of what is not there", *told)

# a build of another repository is not run again, nor asked about by what stands beside
for body in ({"rerun": {"of": "%s/%s-repo/1" % (MARK, MARK)}}, {"rerun": {"of": "nowhere/nothing/1"}}):
    status, text, _ = peer.ask("POST", "/api/v1/orgs/acme/repos/app/builds", [r for r in ROLES if r[0] == "trigger of all"][0][1], body)
    check(status == 404, "a build of another repository is not run again here", status, text)

# what everybody may see
must("PUT", "/api/v1/orgs/%s/repos/%s-repo" % (MARK, MARK), {"public": True})
base = "/api/v1/orgs/%s/repos/%s-repo" % (MARK, MARK)
for secret in (None, [r for r in ROLES if r[0] == "read of an organisation"][0][1]):
    seen = [peer.ask("GET", base + p, secret)[0] for p in ("", "/builds", "/builds/1", "/builds/1/jobs", "/builds/latest")]
    check(seen == [200] * 5, "a public repository's builds are everybody's to look at", seen)
    kept = [peer.ask("POST", base + "/builds", secret, {})[0], peer.ask("PUT", base, secret, {})[0],
            peer.ask("GET", "/api/v1/orgs/" + MARK, secret)[0]]
    check(all(k in (401, 404) for k in kept), "and nothing else", kept)
finish()
