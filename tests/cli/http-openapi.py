# The server held against its own document, and driven by that alone: every operation, asked rightly and wrongly.
# usage: http-openapi.py SOCKET   (the token is in the environment, as ADMIN)
import json, os, random, sys
sys.path.insert(0, os.path.dirname(sys.argv[0]))
from httppeer import Peer, check, finish

peer, token = Peer(sys.argv[1]), os.environ["ADMIN"]
document = json.loads(peer.ask("GET", "/api/v1/openapi.json")[1])
random.seed(20)
# What names in paths may be: some are there, some are not. (What would take our own ground away stays.)
NAMES = {"org": ["acme", "nobody"], "repo": ["app", "none"], "number": ["1", "77"]}
KEEP = {("delete", "/api/v1/orgs/{org}"), ("delete", "/api/v1/orgs/{org}/repos/{repo}"), ("post", "/api/v1/call"),
        ("delete", "/api/v1/call"), ("post", "/api/v1/events"), ("put", "/api/v1/events"),
        ("post", "/api/v1/admin/store/rotate")}
WRONG = {"string": [1, True, [], {}, None], "integer": ["x", 1.5, True, [], None], "boolean": ["yes", 1, None, {}],
         "array": [{}, "x", 1], "object": [[], "x", 1], "number": ["x", [], {}]}


def resolve(schema):
    while "$ref" in schema:
        at = document
        for part in schema["$ref"].removeprefix("#/").split("/"):
            at = at[part]
        schema = at
    return schema


def problems(value, schema, where="$"):
    """What of a value is not as its schema says."""
    schema = resolve(schema)
    kinds = {"string": str, "integer": int, "boolean": bool, "array": list, "object": dict, "number": (int, float)}
    kind = schema.get("type")
    if kind and (not isinstance(value, kinds[kind]) or (kind in ("integer", "number") and isinstance(value, bool))):
        return ["%s: %r is no %s" % (where, value, kind)]
    found = []
    if isinstance(value, dict):
        known = schema.get("properties", {})
        found += ["%s: %s is missing" % (where, n) for n in schema.get("required", []) if n not in value]
        for name, one in value.items():
            if name in known:
                found += problems(one, known[name], where + "." + name)
            elif schema.get("additionalProperties") is False:
                found.append("%s: %s is not in the document" % (where, name))
    if isinstance(value, list) and "items" in schema:
        for one in value[:5]:
            found += problems(one, schema["items"], where + "[]")
    return found


def example(schema, name=""):
    schema = resolve(schema)
    kind = schema.get("type")
    if kind == "object":
        return {}
    if kind == "array":
        return ["read"] if name == "scopes" else []
    return {"string": "made-%d" % random.randrange(3), "integer": 1, "boolean": False, "number": 1.5}.get(kind, "x")


def fill(path, operation, there):
    for p in operation.get("parameters", []):
        if p["in"] == "path":
            name = p["name"]
            value = NAMES[name][0 if there else 1] if name in NAMES else \
                random.choice(["made-1", "none"]) if p["schema"]["type"] == "string" else "1"
            path = path.replace("{%s}" % name, value)
    return path


def judge(method, path, operation, answer, where, body=None):
    """What is wrong with an answer, as the document goes."""
    status, text, headers = answer
    responses = operation["responses"]
    if status >= 500 and not (status == 503 and "ready" in path):
        return ["%s %s %s: %d %s" % (method, where, body, status, text)]
    kind = (headers.get("Content-Type") or "").split(";")[0]
    documented = responses.get(str(status))
    if status == 204:
        return [] if text == "" else ["%s %s: 204 with a body" % (method, where)]
    if documented is None and status < 400:
        return ["%s %s: %d is not in the document" % (method, where, status)]
    if documented is None:
        if kind == "text/plain":
            return []
        if kind != "application/problem+json":
            return ["%s %s: a problem is told as %s" % (method, where, kind)]
        documented = {"content": {kind: {"schema": {"$ref": "#/components/schemas/problem"}}}}
    content = resolve(documented).get("content", {})
    if kind not in content and "*/*" not in content:
        return ["%s %s: %s is not in the document" % (method, where, kind)]
    schema = content.get(kind, {}).get("schema")
    if schema is None:
        return []
    return ["%s %s: %d: %s" % (method, where, status, p) for p in problems(json.loads(text), schema)]


operations = [(m, p, o) for p, item in document["paths"].items() for m, o in item.items() if (m, p) not in KEEP]
check(len(operations) > 50, "the document has operations: %d" % len(operations))
check(len({o["operationId"] for _, _, o in operations}) == len(operations), "each has a name of its own")
wrong, loose, told, open_ones = [], [], [], []
for method, path, operation in sorted(operations, key=lambda o: (o[0] == "delete", o[1])):
    verb = method.upper()
    has_body = "requestBody" in operation
    schema = resolve(operation["requestBody"]["content"]["application/json"]["schema"]) if has_body else {}
    query = [p for p in operation.get("parameters", []) if p["in"] == "query"]
    for there in (True, False):
        where = fill(path, operation, there)
        body = {n: example(s, n) for n, s in schema.get("properties", {}).items() if n in schema.get("required", [])} \
            if has_body else None
        wrong += judge(verb, path, operation, peer.ask(verb, where, token, body), where, body)
        # each parameter, each member: rightly and wrongly
        for p in query:
            value = str(example(p["schema"])).lower()
            wrong += judge(verb, path, operation, peer.ask(verb, "%s?%s=%s" % (where, p["name"], value), token), where)
            if p["schema"].get("type") == "integer":
                answer = peer.ask(verb, "%s?%s=x" % (where, p["name"]), token)
                if answer[0] != 400 or (answer[2].get_content_type() == "application/problem+json" and
                                        json.loads(answer[1]).get("field") != p["name"]):
                    told.append("%s %s?%s=x: %s" % (verb, where, p["name"], answer[:2]))
        for name, s in schema.get("properties", {}).items():
            wrong += judge(verb, path, operation, peer.ask(verb, where, token, dict(body, **{name: example(s, name)})), where)
            for value in WRONG.get(resolve(s).get("type"), []):
                answer = peer.ask(verb, where, token, dict(body, **{name: value}))
                if answer[0] != 400 or json.loads(answer[1]).get("field") != name:
                    told.append("%s %s {%r: %r}: %s" % (verb, where, name, value, answer[:2]))
        if there:
            for more in ("?nothing-like-this=1",):
                if peer.ask(verb, where + more, token, body)[0] != 400:
                    loose.append("%s %s%s" % (verb, where, more))
            if has_body and peer.ask(verb, where, token, dict(body, nothing=1))[0] != 400:
                loose.append("%s %s with a member that is none" % (verb, where))
        if operation.get("security") != []:
            status = peer.ask(verb, where, None, body)[0]
            if status != 401:
                open_ones.append("%s %s: %d" % (verb, where, status))
for item in sorted({p for _, p, _ in operations}):
    where = fill(item, document["paths"][item][sorted(document["paths"][item])[0]], True)
    verbs = set(document["paths"][item])
    for verb in ("get", "put", "post", "delete"):
        if verb not in verbs and (verb, item) not in KEEP:
            status, _, headers = peer.ask(verb.upper(), where, token)
            if status != 405 or verb.upper() in headers.get("Allow", ""):
                loose.append("%s %s: %d" % (verb, where, status))
check(peer.asked > 1000, "a thousand requests come of it: %d" % peer.asked)
check(not wrong, "each answer is one that the document has", *wrong)
check(not loose, "what is not in the document is refused", *loose)
check(not told, "a wrong type is told with the field that has it", *told)
check(not open_ones, "what needs a token gets nowhere without one", *open_ones)
finish()
