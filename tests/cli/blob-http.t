#!/bin/sh
# The store of files of a server that is reached over HTTP: with nothing but a URL and a token mci-blob does what it
# does beside it, and the jobs of an agent elsewhere hand files to each other, to later builds, and find results.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need jq git python3 curl

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
UP="-l 127.0.0.1:$port"
up || exit 1
project app <<'JOBS'
{"id":"make","depends-on":["send"],"script":["mkdir -p out && seq 100000 >out/x"],"save-artifacts":[{"id":"out","path":"out"}]}
{"id":"use","script":["md5sum <out/x; cat deps/d; mkdir -p deps; echo kept >deps/d"],"depends-on":["make"],"shell-per":"line","restore-artifacts":[{"id":"out","path":"out"}],"caches":[{"id":"deps","key":"k","path":"deps"}]}
{"id":"once","depends-on":["send"],"script":["wc -l <.mci/specs"],"inputs":[".mci"]}
{"id":"send","script":["mci call workspace/save >/dev/null"]}
{"id":"away","script":["mkdir there; mci call workspace/restore dir=there job=away >/dev/null; ls -A there"],"depends-on":["send"]}
JOBS
all=$(mci call -a "$api" token/create scopes:='["admin"]' | jq -r .token)
far=$(mci call -a "$api" token/create scopes:='["agent"]' agent=far | jq -r .token)
reader=$(mci call -a "$api" token/create scopes:='["read"]' | jq -r .token)
unset MCI_API
export MCI_BLOB="$url"
as() { token=$1 && shift && MCI_TOKEN=$token "$@"; }

# --- a tree ---
mkdir -p tree/sub tree/empty
seq 10000 >tree/sub/a
head -c 9000000 /dev/urandom >tree/large
ln tree/large tree/same
ln -s sub/a tree/link
truncate -s 3M tree/holes
exits 0 "a tree is saved over HTTP" as "$all" mci-blob save cache/acme/lib/k tree --json
digest=$(jq -r .digest "$out")
mkdir back
exits 0 "and restored" as "$all" mci-blob -C back restore cache/acme/lib/k --json
ok "as it was" diff -r --no-dereference tree back/tree
is "$(stat -c %h back/tree/large)" 2 "hard links are ones again"
exits 0 "a second time" as "$all" mci-blob -C back restore cache/acme/lib/k --json
is "$(jq .written "$out")" 0 "nothing is written"
exits 0 "a second name" as "$all" mci-blob save cache/acme/lib/k2 tree --json
is "$(jq .stored "$out")" 0 "stores nothing"
is "$(as "$all" mci-blob ls --json cache/ | jq -r .name | tr '\n' ' ')" "cache/acme/lib/k cache/acme/lib/k2 " "names are listed"
is "$(as "$all" mci-blob stat cache/acme/lib/k --json | jq -r .digest)" "$digest" "and one is shown"
is "$(as "$all" mci-blob get cache/acme/lib/k tree/sub/a | md5sum)" "$(md5sum <tree/sub/a)" "a file is printed"
is "$(as "$all" mci-blob get --tar cache/acme/lib/k | tar -xOf - tree/sub/a | md5sum)" "$(md5sum <tree/sub/a)" \
	"or all of it as an archive"
exits 0 "a stream is stored" sh -c 'seq 100 | MCI_TOKEN=$1 mci-blob put notes/acme/app/today' - "$all"
is "$(as "$all" mci-blob get notes/acme/app/today | tail -n 1)" 100 "and printed"
exits 0 "a name is removed" as "$all" mci-blob rm cache/acme/lib/k2
exits 1 "and is a miss then" as "$all" mci-blob restore cache/acme/lib/k2

# --- a connection that is cut ---
head -c 30000000 /dev/urandom >large
mkfifo "$T/ask"
python3 "$ROOT/tests/cli/cutting-proxy.py" "$port" 9000000 2000000 6000000 <"$T/ask" >"$T/told" &
proxy=$!
started="$started $proxy"
exec 9>"$T/ask"
wait_for_line "$T/told" '^[0-9]'
cut=http://127.0.0.1:$(head -n 1 "$T/told")
exits 0 "an upload whose connection is cut three times goes on" as "$all" mci-blob save --blob "$cut" cache/acme/lib/large large
echo >&9
wait_for_line "$T/told" '^[0-9]{8}'
ok "where it was: no more than what was on its way is sent again" test "$(tail -n 1 "$T/told")" -lt 46000000
kill -TERM $proxy
exec 9>&-
exits 0 "what it stored is whole" as "$all" mci-blob get cache/acme/lib/large -o large.back
ok "byte for byte" cmp large large.back
exits 75 "without a server one is told to try again" as "$all" mci-blob ls --blob "$cut"

# --- who may ---
exits 1 "without a token nothing is read" as "" mci-blob ls
exits 0 "who may read, reads" as "$reader" mci-blob -C back restore cache/acme/lib/k
exits 1 "and does not write" as "$reader" mci-blob save cache/acme/lib/k3 tree/sub
like "$(cat "$err")" "scope write" "which is said"
exits 1 "nor remove" as "$reader" mci-blob rm cache/acme/lib/k

# --- an agent elsewhere ---
mkdir -m 700 far
(umask 077 && echo "$far" >far.token)
env -u MCI_BLOB HOME="$PWD/far" XDG_RUNTIME_DIR="$PWD/far" XDG_CONFIG_HOME="$PWD/far/config" XDG_STATE_HOME="$PWD/far/state" \
	mci-agent -a "$url" --token-file far.token --workdir far/work --name far >"$T/agent.out" 2>"$T/agent.err" &
agent=$!
started="$started $agent"
export MCI_API="$url" MCI_TOKEN="$all"
figures() { curl -s -H "Authorization: Bearer $all" "$url/metrics" | sed '/^# /d'; }
figures >before
exits 0 "a build runs there" timeout 60 mci trigger --wait acme/app
is "$(mci log acme/app/1/use | head -n 1)" "$(seq 100000 | md5sum)" "a job has the files of the one before it"
like "$(mci log acme/app/1/away)" '^\.mci$' "or the sources as they were checked out"
exits 0 "and another one" timeout 60 mci trigger --wait acme/app
like "$(mci log acme/app/2/use)" "^kept$" "has what the first has kept"
is "$(mci show --json acme/app/2 | jq -r 'select(.job == "once") | .cached')" true "and takes a result of it"
is "$(mci artifact get -o - acme/app/1/make out --tar | tar -xOf - out/x | md5sum)" "$(seq 100000 | md5sum)" \
	"its artifacts are had over HTTP"
figures >after
is "$(paste before after | awk '/^mci_(cache|result)_(hits|misses)_total/ { print $4 - $2 }' | tr '\n' ' ')" "1 1 1 1 " \
	"hits and misses of caches and results are figures"
like "$(cat after)" '^mci_up\{service="blob"\} 1$' "as is whether the store is there"
hasnt "$T/agent.err" . "the agent has nothing to complain of"
ok "the server's store verifies" mci-blob verify --blob "file:$T/data/blobs/store"
kill -TERM $agent
wait_end $agent
hasnt "$T/server.err" mci_ "no token is in the server's log"
down
finish
