#!/bin/sh
# The kit as a client of a server that is reached over HTTP: with nothing but a URL and a token its verbs do what they
# do beside it, and an agent builds; a server that is started anew meanwhile is waited for, and nothing is lost.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need jq git python3

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port
UP="-l 127.0.0.1:$port"
up || exit 1
project zlib <<'END'
{"id":"compile","script":["for i in 1 2 3; do echo line $i; done; while ! [ -e $GATE ]; do sleep 0.05; done; echo over"],"env":{"GATE":"/nonexistent"}}
{"id":"deploy","script":["echo deployed"],"depends-on":["compile"],"blocked":true}
END
sed -i "s|/nonexistent|$T/gate|" zlib/.mci/specs && git -C zlib commit -qam gate
all=$(mci call -a "$api" token/create scopes:='["admin"]' | jq -r .token)
theirs=$(mci call -a "$api" token/create scopes:='["read"]' org=acme | jq -r .token)
agents=$(mci call -a "$api" token/create scopes:='["agent","read"]' agent=far | jq -r .token)
mci call -a "$api" org/put name=other >/dev/null
unset MCI_API

# --- login ---
exits 75 "before a login it is this machine's server that is asked" env XDG_RUNTIME_DIR="$T/none" mci ls acme/zlib
echo mci_nobodys >"$T/given"
exits 1 "a token that is nobody's is no login" mci login "$url" <"$T/given"
hasnt "$err" nobodys "and not shown"
ok "nor kept" test ! -e "$XDG_CONFIG_HOME/mci/login"
echo "$all" >"$T/given"
exits 0 "a token makes a login" mci login "$url/" --name far <"$T/given"
is "$(stat -c %a "$XDG_CONFIG_HOME/mci/login")" 600 "that is this user's alone"
is "$(mci login)" "far	$url	*" "and the one that is used now"
hasnt "$T/server.err" mci_ "the server's log has no token"

# from here on there is no socket of the server's
beside=$XDG_RUNTIME_DIR
mkdir -m 700 "$T/far" && XDG_RUNTIME_DIR=$T/far
exits 0 "org" mci org ls
has "$out" '^acme' "lists"
echo 1.2.13.4 >"$T/given"
exits 0 "param put" mci param put acme/VERSION <"$T/given"
exits 0 "param" mci param ls acme
has "$out" VERSION "is there"
exits 0 "key" mci key ls acme
exits 0 "token" mci token ls
exits 0 "repo" mci repo get acme/zlib
like "$(jq -r .url "$out" 2>/dev/null || cat "$out")" zlib "says where it is"

# --- builds ---
mci events sub build/end --count 1 >"$T/events" 2>/dev/null &
events=$!
started="$started $events"
is "$(mci trigger acme/zlib)" acme/zlib/1 "trigger"
is "$(mci ls acme/zlib | cut -f 1,2)" "acme/zlib/1	queued" "ls"

mkfifo "$T/agent.up"
cd "$T" || exit 1
env MCI_API="$url" MCI_TOKEN="$agents" XDG_CONFIG_HOME="$T/none" mci-agent --workdir "$T/agent" --runner host --ready-fd 3 \
	3>"$T/agent.up" >"$T/agent.out" 2>"$T/agent.err" &
agent=$!
started="$started $agent"
ok "an agent needs a URL and a token" read -r _ <"$T/agent.up"
cd "$T/work" || exit 1
mci log -f acme/zlib/1/compile >"$T/followed" 2>"$T/followed.err" &
follows=$!
mci show -f acme/zlib/1 >"$T/shown" 2>"$T/shown.err" &
shows=$!
mci wait acme/zlib/1 >"$T/waited" 2>"$T/waited.err" &
waits=$!
started="$started $follows $shows $waits"
wait_for_line "$T/followed" 'line 3'

# --- the server is started anew ---
down
exits 75 "a server that is away is said to be" mci ls acme/zlib
has "$err" "$url: " "by its URL"
hasnt "$err" "mci up" "and not looked for here"
XDG_RUNTIME_DIR=$beside
up || exit 1
XDG_RUNTIME_DIR=$T/far
touch "$T/gate"
wait_until "unblock" mci unblock acme/zlib/1/deploy
wait "$waits"
is "$?" 0 "wait waits for a server that comes back, and exits as the build"
wait "$follows"
is "$(cat "$T/followed")" "line 1
line 2
line 3
over" "log -f goes on at its offset: no line is missing, none comes twice"
wait "$shows"
is "$?" 0 "show -f too"
wait_end "$events"
is "$(jq -c '[.type,.build]' "$T/events")" '["build/end","acme/zlib/1"]' "events sub goes on where it was"
is "$(mci log acme/zlib/1/deploy)" deployed "log"
exits 0 "show" mci show acme/zlib/1
has "$out" compile "has the jobs"
is "$(mci rerun acme/zlib/1)" acme/zlib/2 "rerun"
exits 0 "cancel" mci cancel acme/zlib/2
exits 143 "and wait says so" mci wait acme/zlib/2
ok "the agent has nothing to complain of but the server that was away" \
	sh -c "! grep -v 'http://127\|again' '$T/agent.err'"

# --- what is public ---
mci repo put acme/zlib public=true >/dev/null
# anybody COMMAND...: without a login
anybody() { env MCI_API="$url" XDG_CONFIG_HOME="$T/none" "$@"; }
is "$(anybody mci ls acme/zlib | wc -l)" 2 "who has no token reads what is public: its builds"
is "$(anybody mci log acme/zlib/1/deploy)" deployed "its logs"
exits 0 "a build" anybody mci show acme/zlib/1
is "$(anybody mci events sub -a "$url" build/end --build acme/zlib/ --from start --count 1 | jq -r .build)" acme/zlib/1 "its events"
exits 1 "and nothing else" anybody mci org ls
has "$err" "a token is needed: 'mci login URL', or MCI_TOKEN" "which is told"
exits 1 "nor does anybody run it" anybody mci trigger acme/zlib
mci repo put acme/zlib public=false >/dev/null
exits 1 "what is not public any more" anybody mci ls acme/zlib
has "$err" "a token is needed" "is told as what never was"

# --- contexts, and what a token may ---
echo "$theirs" >"$T/given"
exits 0 "a second login" mci login "$url/" --name theirs <"$T/given"
is "$(mci login | cut -f 1)" theirs "takes the place of that of the same URL"
is "$(mci org ls --json | jq -r .id)" acme "one of an organisation sees that alone"
exits 1 "and may do what its scope says alone" mci trigger acme/zlib
has "$err" 'scope trigger' "which is told"
exits 1 "what is not theirs is not there" mci org get other
is "$(MCI_TOKEN=$all mci org ls --json | jq -r .id | tr '\n' ' ')" "acme other " "MCI_TOKEN goes before the login"
exits 0 "login --local" mci login --local
exits 75 "goes back to this machine" mci ls acme/zlib
exits 0 "login NAME" mci login theirs
exits 0 "goes there again" mci ls acme/zlib
exits 0 "login --remove" mci login --remove theirs
is "$(mci login)" "" "forgets it"
finish
