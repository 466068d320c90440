#!/bin/sh
# The store of files of a server, asked by who has one organisation alone: its names, what stands on them and nothing
# of others, although others' files lie in the same packs and frames, and the same content is stored once.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need jq git python3 zstd

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
UP="-l 127.0.0.1:$port"
up || exit 1
for org in acme other; do
	mci call -a "$api" org/put name=$org >/dev/null
done
token_of() { mci call -a "$api" token/create scopes:="[\"$2\"]" org="$1" ${3:+agent="$3"} | jq -r .token; }
all=$(mci call -a "$api" token/create scopes:='["admin"]' | jq -r .token)
acme=$(token_of acme write)
other=$(token_of other write)
far=$(token_of other agent far)
reader=$(token_of other read)
unset MCI_API
export MCI_BLOB="$url"
as() { token=$1 && shift && MCI_TOKEN=$token "$@"; }

# acme's tree has a file that both have, beside one that is its own, in one frame
mkdir -p acme other back
seq 1000 >acme/common && cp acme/common other/common
echo "the secret of acme" >acme/secret
seq 2000 3000 >acme/shared
echo "what is other's" >other/own
exits 0 "who may touch all saves a tree of acme" as "$all" mci-blob save cache/acme/app/k acme
exits 0 "other saves a tree, in which a file is the same" as "$other" mci-blob save cache/other/app/k other --json
exits 0 "and restores it" as "$other" mci-blob -C back restore cache/other/app/k
ok "whole" diff -r other back/other
exits 0 "acme restores its own" as "$acme" mci-blob -C back restore cache/acme/app/k
ok "which another has stored" diff -r acme back/acme

# --- names ---
is "$(as "$other" mci-blob ls --json | jq -r .name)" cache/other/app/k "a list has the names of one's own"
exits 1 "another's name is not there" as "$other" mci-blob restore cache/acme/app/k
exits 1 "nor as what a fallback begins with" as "$other" mci-blob restore cache/other/none cache/acme/
exits 1 "nor one that begins alike" as "$other" mci-blob restore cache/other/none cache/
exits 1 "it is not shown" as "$other" mci-blob stat cache/acme/app/k
exits 1 "nor written" as "$other" mci-blob save cache/acme/app/k other
like "$(cat "$err")" "names of other alone" "which is said"
exits 1 "nor removed" as "$other" mci-blob rm cache/acme/app/k
exits 0 "it is there" as "$acme" mci-blob stat cache/acme/app/k
exits 1 "a run of another's build is not taken over" as "$other" mci-blob save cache/other/app/b other --build acme/app/1 --run 9
exits 1 "who may read alone writes nothing" as "$reader" mci-blob save cache/other/app/r other
exits 0 "and reads" as "$reader" mci-blob -C back restore cache/other/app/k
exits 0 "an agent of other may both" as "$far" mci-blob save artifact/other/app/1/j/x other
exits 1 "in its own names" as "$far" mci-blob save artifact/acme/app/1/j/x other

# --- content ---
# talk TOKEN: requests of one session, from standard input
talk() { MCI_TOKEN=$1 timeout 20 mci relay "$url"; }
request() { printf '{"jsonrpc":"2.0","id":%d,"method":"%s","params":%s}\n' "$1" "$2" "$3"; }
common=$(sha256sum <acme/common | cut -c1-64)
secret=$(sha256sum <acme/secret | cut -c1-64)
root=$(as "$all" mci-blob stat --json cache/acme/app/k | jq -r .digest)
place() { request 1 blob/locate "{\"digests\":[\"$1\"]}" | talk "$2" | jq -c '.result.places[0]'; }
secret_at=$(place "$secret" "$all")
like "$secret_at" '^\["[0-9a-f]{64}' "who may see all is told where a chunk is"
is "$(place "$secret" "$other")" null "others are not, although they know its digest"
is "$(place "$common" "$other")" null "nor where what they have themselves is of another"
pack=$(echo "$secret_at" | jq -r '.[0]')
at=$(echo "$secret_at" | jq '.[2]')
size=$(echo "$secret_at" | jq '.[3]')
like "$(request 1 blob/read "{\"pack\":\"$pack\",\"offset\":$at,\"length\":$size}" | talk "$other")" "nothing of that pack" \
	"a pack of another is not read"
like "$(request 1 blob/open "{\"pack\":\"$pack\"}" | talk "$other")" '"error"' "nor opened"
like "$(request 1 blob/commit "{\"name\":\"cache/other/app/s\",\"digest\":\"$root\",\"bytes\":1,\"files\":1}" | talk "$other")" \
	"neither stored nor found" "a name does not come to stand on what another has stored"
like "$(request 1 blob/list '{"within":"acme"}' | talk "$other")" "nothing of that name" "who asks within is held to be there"

# one name of acme's tree without the secret: its chunks lie in frames of the whole one
shared=$(sha256sum <acme/shared | cut -c1-64)
mkdir given && cp acme/shared given/
exits 0 "a tree of other that stands in a frame of acme" as "$all" mci-blob save cache/other/app/given given
frame=$(
	{
		request 1 blob/find '{"names":["cache/other/app/given"],"session":"'"$(printf %032d 7)"'"}'
		request 2 blob/locate '{"digests":["'"$shared"'"],"session":"'"$(printf %032d 7)"'"}'
		request 3 blob/read "{\"pack\":\"$pack\",\"offset\":$at,\"length\":$size,\"session\":\"$(printf %032d 7)\"}"
	} | talk "$other" >answer
	python3 - <<'P'
import json
data = open("answer", "rb").read()
lines = {}
while data:
    line, _, data = data.partition(b"\n")
    reply = json.loads(line)
    lines[reply["id"]] = reply
    n = reply.get("result", {}).get("data", 0)
    if n:
        open("frame", "wb").write(data[:n])
        data = data[n:]
print(lines[2]["result"]["places"][0][2], "data" in lines[3]["result"])
P
)
is "$frame" "$at True" "it reads that frame"
unlike "$(zstd -dc <frame 2>/dev/null || cat frame)" "secret of acme" "and in it nothing of the other's"
ok "but its own" sh -c 'zstd -dc <frame | tr -d "\000" | cmp - acme/shared'
exits 0 "so it restores it" as "$other" mci-blob -C back restore cache/other/app/given
ok "whole" diff -r given back/given

# --- a pack that lies ---
# whoever saved what has this digest would stand on the other content: both chunks are of 4 bytes
mkdir lie && echo one >lie/a
mci-blob save --blob "file:$T/lies" cache/other/app/lie lie
python3 - "$T"/lies/packs/* >pack <<'P'
import hashlib, sys
for name in sys.argv[1:]:
    data = open(name, "rb").read()
    old, new = hashlib.sha256(b"one\n").digest(), hashlib.sha256(b"two\n").digest()
    if old in data:
        sys.stdout.buffer.write(data.replace(old, new))
P
id=$(sha256sum <pack | cut -c1-64)
size=$(wc -c <pack)
is "$({ request 1 blob/put "{\"pack\":\"$id\",\"size\":$size,\"data\":$size}" && cat pack; } | talk "$other" |
	jq -r .error.message)" "a chunk of the pack is not what it says" "a chunk is held against its digest"
is "$(find "$T/data/blobs/store/packs" -name "$id" | wc -l)" 0 "and such a pack not kept"
ok "the store verifies" mci-blob verify --blob "file:$T/data/blobs/store"

# --- an agent of one organisation ---
MCI_API="$api" project app <<'JOBS'
{"id":"make","script":["mkdir -p out && seq 100000 >out/x"],"save-artifacts":[{"id":"out","path":"out"}]}
{"id":"use","script":["md5sum <out/x; cat deps/d; mkdir -p deps; echo kept >deps/d"],"depends-on":["make"],"shell-per":"line","restore-artifacts":[{"id":"out","path":"out"}],"caches":[{"id":"deps","key":"k","path":"deps"}]}
{"id":"once","script":["wc -l <.mci/specs"],"inputs":[".mci"]}
JOBS
token_of acme agent near >near.token && chmod 600 near.token
mkdir -m 700 near
env -u MCI_BLOB HOME="$PWD/near" XDG_RUNTIME_DIR="$PWD/near" XDG_CONFIG_HOME="$PWD/near/config" XDG_STATE_HOME="$PWD/near/state" \
	mci-agent -a "$url" --token-file near.token --workdir near/work --name near >"$T/agent.out" 2>"$T/agent.err" &
agent=$!
started="$started $agent"
export MCI_API="$url" MCI_TOKEN="$all"
exits 0 "it runs a build" timeout 60 mci trigger --wait acme/app
is "$(mci log acme/app/1/use | head -n 1)" "$(seq 100000 | md5sum)" "whose jobs hand files to each other"
exits 0 "and another one" timeout 60 mci trigger --wait acme/app
like "$(mci log acme/app/2/use)" "^kept$" "with what the first has kept"
is "$(mci show --json acme/app/2 | jq -r 'select(.job == "once") | .cached')" true "and results of it"
kill -TERM $agent
wait_end $agent
ok "the store still verifies" mci-blob verify --blob "file:$T/data/blobs/store"
down
finish
