#!/bin/sh
# A server elsewhere, behind nginx with TLS: the kit and an agent reach it with a URL and a token, by the authorities and
# the proxy that the environment names; a server that those do not vouch for gets no token.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
. "$ROOT/tests/cli/front-lib.sh"
need nginx jq git python3 openssl
python=$(python3 -c 'import sys; print(sys.executable)')
unset http_proxy https_proxy all_proxy no_proxy HTTPS_PROXY ALL_PROXY NO_PROXY CURL_CA_BUNDLE SSL_CERT_FILE SSL_CERT_DIR

port=$(free_port) public=$(free_port)
url=https://localhost:$public
wiring | sed 's/^api: mci-api /&--proxy 127.0.0.1 /' >"$T/wiring"
UP="-l 127.0.0.1:$port"
up "$T/wiring" || exit 1
project app <<'END'
{"id":"print","script":["echo before; while ! [ -e $GATE ]; do sleep 0.05; done; seq 20000"],"env":{"GATE":"/nonexistent"}}
END
sed -i "s|/nonexistent|$T/gate|" app/.mci/specs && git -C app commit -qam gate
mci call -a "$api" token/create scopes:='["admin"]' | jq -r .token >"$T/given"
agents=$(mci call -a "$api" token/create scopes:='["agent"]' agent=far | jq -r .token)
authority ours && authority theirs && certificate ours localhost ci.example.org
front "$public" "$port"
front_up
# from here on there is nothing of the server's but its URL
unset MCI_API
mkdir -m 700 "$T/far" && XDG_RUNTIME_DIR=$T/far
wait_until "nginx is there" python3 -c "import socket; socket.create_connection((\"127.0.0.1\", $public))"

# --- authorities ---
exits 1 "a certificate of an authority that nobody knows is refused" mci login "$url" <"$T/given"
has "$err" "localhost:$public: .*certificate.*SSL_CERT_FILE" "which is told, and how others are named"
exits 1 "as is one of another than is named" env CURL_CA_BUNDLE="$T/theirs.pem" mci login "$url" <"$T/given"
exits 1 "and one for another host" env CURL_CA_BUNDLE="$T/ours.pem" mci login "https://127.0.0.1:$public" <"$T/given"
has "$err" '127\.0\.0\.1' "with its name"
exits 1 "a file of authorities that is not there is told" env SSL_CERT_FILE="$T/none.pem" mci login "$url" <"$T/given"
has "$err" "none\.pem" "by its name"
ok "none of them is a login" test ! -e "$XDG_CONFIG_HOME/mci/login"
ok "and nobody was sent a token" test ! -s "$T/nginx/access"
exits 0 "with the authority in CURL_CA_BUNDLE there is one" env CURL_CA_BUNDLE="$T/ours.pem" mci login "$url" <"$T/given"
export SSL_CERT_FILE="$T/ours.pem"
exits 0 "or in SSL_CERT_FILE" mci org ls
has "$out" '^acme' "and what is asked comes back"
has "$T/nginx/access" '"POST /api/v1/call HTTP/2' "by HTTP/2, which nginx offers"

# --- the kit and an agent ---
mci events sub build/end --count 1 >"$T/events" 2>"$T/events.err" &
events=$!
started="$started $events"
is "$(mci trigger acme/app)" acme/app/1 "trigger"
is "$(mci ls acme/app | cut -f 1,2)" "acme/app/1	queued" "ls"
mkfifo "$T/agent.up"
cd "$T" || exit 1
env MCI_API="$url" MCI_TOKEN="$agents" XDG_CONFIG_HOME="$T/none" mci-agent --workdir "$T/agent" --runner host --ready-fd 3 \
	3>"$T/agent.up" >"$T/agent.out" 2>"$T/agent.err" &
started="$started $!"
ok "an agent needs a URL and a token" read -r _ <"$T/agent.up"
cd "$T/work" || exit 1
mci log -f acme/app/1/print >"$T/followed" 2>"$T/followed.err" &
follows=$!
started="$started $follows"
wait_for_line "$T/followed" before
pass "log -f: a line comes through while the job runs"
touch "$T/gate"
exits 0 "wait" mci wait acme/app/1
wait_end "$follows"
is "$(sha256sum <"$T/followed")" "$({ echo before; seq 20000; } | sha256sum)" "and so does all the rest, once"
wait_end "$events"
is "$(jq -c '[.type,.build]' "$T/events")" '["build/end","acme/app/1"]' "events sub"
exits 1 "another authority is refused in the middle of all too" env SSL_CERT_FILE="$T/theirs.pem" mci ls acme/app
has "$err" 'certificate' "and told"

# --- a proxy ---
background "$python" "$ROOT/tests/cli/connect-proxy.py" "$T/proxy" "$T/seen" "127.0.0.1:$public"
# shellcheck disable=SC2154 # pid is of background
proxy=$pid
wait_until "the proxy listens" test -s "$T/proxy"
MCI_TOKEN=$(cat "$T/given") MCI_API=https://ci.example.org https_proxy=http://127.0.0.1:$(cat "$T/proxy")
export MCI_TOKEN MCI_API https_proxy
exits 0 "https_proxy is gone through, to a host that only the proxy knows" mci ls acme/app
has "$out" '^acme/app/1' "and brings the answer"
has "$T/seen" '^CONNECT ci.example.org:443 ' "by its name"
hasnt "$T/seen" "Authorization|Bearer|$MCI_TOKEN" "it sees no token"
is "$(mci log acme/app/1/print | sha256sum)" "$({ echo before; seq 20000; } | sha256sum)" "streams go through it"
: >"$T/seen"
exits 0 "no_proxy names who is reached without" env no_proxy=localhost MCI_API="$url" mci ls acme/app
is "$(cat "$T/seen")" "" "and it is not asked"
kill "$proxy"
wait_end "$proxy"
exits 75 "a proxy that is away is told" mci ls acme/app
has "$err" "ci\.example\.org: .*127\.0\.0\.1" "with the server's name and its own"
kill "$nginx"
wait_end "$nginx"
down
finish
