#!/bin/sh
# A server of the web in front of mci, as the example has it: who asks, what streams, what is large.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
. "$ROOT/tests/cli/front-lib.sh"
need nginx caddy curl jq python3 openssl

port=$(free_port) public=$(free_port)
wiring | sed 's/^api: mci-api /&--host ci.example.org --proxy 127.0.0.1 /' >"$T/wiring"
UP="-l 127.0.0.1:$port"
up "$T/wiring" || exit 1
token=$(mci token create --scope admin --name admin) admin=$token

authority ca
certificate ca ci.example.org
front "$public" "$port"
ok "nginx takes the example" nginx -t -c "$T/nginx/conf" -p "$T/nginx" -e "$T/nginx/error"
front_up
ask() {
	path=$1
	shift
	curl -s -m 10 --cacert "$T/ca.pem" --resolve "ci.example.org:$public:127.0.0.1" -H "Authorization: Bearer $token" "$@" \
		"https://ci.example.org:$public$path"
}
wait_until "nginx is there" ask /api/v1/version
is "$(ask /api/v1/version | jq -r .name)" mci "a request goes through"
is "$(curl -s -o /dev/null -w '%{http_code}' -H 'Host: evil.example' "http://127.0.0.1:$port/api/v1/version")" 200 \
	"what comes from an address of a proxy may have any name"
ask '/api/v1/events?type=test/*' -N -m 20 >"$T/events" 2>/dev/null &
reader=$!
started="$started $reader"
wait_until "somebody reads events" sh -c 'mci call -a "$1" event/status | jq -e ".subscribers | map(select(.lag == 0)) | length > 1"' - "$api"
mci post -a "$api" test/one n:=1
wait_for_line "$T/events" '"test/one"'
pass "an event comes through at once"
kill "$reader"
printf '{"name":"%s"}' "$(head -c 60000 /dev/zero | tr '\0' x)" >large
is "$(ask /api/v1/orgs/big -X PUT -H 'Content-Type: application/json' -d @large | jq .created)" true "what is large too"
token=wrong
i=0
while [ $i -lt 25 ]; do
	ask /api/v1/orgs -H 'X-Forwarded-For: 10.1.1.1' -o /dev/null
	i=$((i + 1))
done
is "$(ask /api/v1/orgs | jq .status)" 429 "who tries many tokens is told to wait"
is "$(curl -s -H 'Authorization: Bearer wrong' -H 'X-Forwarded-For: 10.1.1.1' "http://127.0.0.1:$port/api/v1/orgs" | jq .status)" 401 \
	"who it is said to be by a client that nginx does not believe is nobody else"
kill "$nginx"
wait_end "$nginx"

# ---- Caddy, whose certificate is left away
public=$(free_port)
{
	printf '{\nadmin off\nauto_https off\ngrace_period 1s\n}\n'
	sed "s|^ci.example.org|http://ci.example.org:$public|; s|^\([[:blank:]]\)reverse_proxy|\1bind 127.0.0.1\n&|
		s|127.0.0.1:3000|127.0.0.1:$port|" "$ROOT/examples/front/Caddyfile"
} >Caddyfile
background caddy run --adapter caddyfile --config Caddyfile
# shellcheck disable=SC2154 # pid is of background
caddy=$pid
token=$admin
through() {
	path=$1
	shift
	curl -s -m 10 --resolve "ci.example.org:$public:127.0.0.1" -H "Authorization: Bearer $token" "$@" \
		"http://ci.example.org:$public$path"
}
wait_until "Caddy is there" through /api/v1/version
is "$(through /api/v1/orgs | jq -c '[.orgs[].id]')" '["big"]' "a request goes through Caddy"
through '/api/v1/events?type=test/*' -N -m 20 >"$T/events2" 2>/dev/null &
reader=$!
started="$started $reader"
wait_until "somebody reads events" sh -c 'mci call -a "$1" event/status | jq -e ".subscribers | map(select(.lag == 0)) | length > 1"' - "$api"
mci post -a "$api" test/two n:=1
wait_for_line "$T/events2" '"test/two"'
pass "an event comes through it at once"
kill "$reader" "$caddy"
wait_end "$caddy"
down

# ---- by which names it is asked
request() { printf '%s\r\n' "$@" '' | timeout 10 mci-api --stdin; }
background mci-api -l "$T/x.sock" --http 127.0.0.1:0 --origin https://pages.example.org
wait_until "it listens" sh -c 'mci call -a "$1" server/status' - "$T/x.sock"
# shellcheck disable=SC2154 # pid is of background
port=$(ss -Htlnp | sed -n "s/.*127.0.0.1:\([0-9]*\) .*pid=$pid,.*/\1/p")
at() { curl -s -o "$T/body" -D "$T/head" -w '%{http_code}' "$@" "http://127.0.0.1:$port/api/v1/version"; }
is "$(at),$(at -H 'Host: localhost:1'),$(at -H 'Host: evil.example')" "200,200,421" "at a local address only names of this machine are answered"
at -H 'Origin: https://other.example' >/dev/null
hasnt "$T/head" '^Access-Control' "no page of elsewhere may ask"
at -H 'Origin: https://pages.example.org' -X OPTIONS >/dev/null
has "$T/head" '^Access-Control-Allow-Origin: https://pages.example.org' "but where it is said"
has "$T/head" '^Access-Control-Allow-Methods: GET, HEAD, POST, PUT, DELETE' "... with all it may do"
kill "$pid"
wait_end "$pid"
finish
