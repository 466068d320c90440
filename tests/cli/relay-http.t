#!/bin/sh
# mci-relay over HTTP: requests go by POST to one server and nowhere else, with the token from the environment or the
# login; whatever that answers, no line comes out that was not asked for, and no request waits for ever.
. "${0%/*}/lib.sh"
need python3 jq
python=$(python3 -c 'import sys; print(sys.executable)')

background "$python" "$ROOT/tests/cli/relay-http.py" "$T/port" "$T/seen"
wait_until "the server listens" test -s "$T/port"
port=$(cat "$T/port")
url=http://127.0.0.1:$port
echo '{"jsonrpc":"2.0","id":1,"method":"org/list"}' >"$T/one"
echo '{"jsonrpc":"2.0","id":"s","method":"event/subscribe"}' >"$T/follow"

# relayed BEHAVIOUR [FILE]: what comes of the request
relayed() {
	run timeout 20 mci-relay "$url/$1" <"${2:-$T/one}"
}

# refuses BEHAVIOUR STATUS REPLY WHAT: the reply (an error of the request's) or line that is to come
refuses() {
	relayed "$1"
	is "$status" "$2" "$4: status $2"
	is "$(wc -l <"$out")" 1 "$4: one line"
	has "$out" "$3" "$4: it says why"
}

# --- requests ---
printf '%s\n%sabc{"jsonrpc":"2.0","id":"x","method":"org/get"}\n' \
	'{"jsonrpc":"2.0","id":7,"method":"log/append","params":{"data":4}}' '
' >"$T/data"
relayed good "$T/data"
is "$status" 0 "requests are answered"
is "$(jq -c '[.id,.result.method,.result.data]' "$out")" '[7,"log/append",4]
["x","org/get",0]' "each once, and data goes with its request"
relayed pieces "$T/data"
is "$(jq -c .id "$out")" '7
"x"' "an answer that comes byte for byte is the same"
relayed stream "$T/follow"
is "$status $(wc -l <"$out")" '0 3' "what streams streams to its end"
relayed stream-cut "$T/follow"
is "$status" 75 "a stream that is cut is no end"
is "$(tail -n 1 "$out")" '{"type":"jo' "and nothing is put into its middle"
relayed good /dev/null
is "$status $(cat "$out")" '0 ' "nothing to ask is nothing to say"
is "$(yes '{"jsonrpc":"2.0","id":1,"method":"org/list"}' | head -n 3000 | mci-relay "$url/good" | wc -l)" 3000 \
	"3000 requests at once"
is "$(mci call -a "$url/good" org/list | jq -r .method)" org/list "an address with http:// is one like the others"

is "$(seq 3 | jq -c '{jsonrpc:"2.0",id:.,method:"org/list"}' | mci-relay "$url/slower" | jq -c .id | tr '\n' ' ')" "1 2 3 " \
	"what a server asks to be asked slower is asked again"
is "$(grep -c '^POST /slower' "$T/seen"),$(grep '^POST /slower' "$T/seen" | grep -o 'Mci-Session=[^ ]*' | sort -u | wc -l)" \
	"3,1" "as the same POST"
echo '{"jsonrpc":"2.0","id":1,"method":"blob/read"}' >"$T/read"
relayed bytes "$T/read"
is "$status $(sha256sum <"$out")" "0 $(printf '%s\n%s\n\n\n' '{"jsonrpc":"2.0","id":1,"result":{"data":20}}' '{"jsonrpc":"2.0"}' | sha256sum)" \
	"bytes behind a reply come as they are"
relayed bytes-cut "$T/read"
is "$status" 75 "and are cut when they are"

# --- the token ---
rm "$T/seen"
relayed good
hasnt "$T/seen" Authorization "without a token none is sent"
MCI_TOKEN=mci_secret0 mci-relay "$url/good" <"$T/one" >/dev/null
has "$T/seen" '^POST .*Authorization=Bearer mci_secret0' "MCI_TOKEN is"
has "$T/seen" '^DELETE .*Mci-Session=[0-9a-f]{32}/1' "the session ends with the link"
mkdir -p "$XDG_CONFIG_HOME/mci"
jq -nc --arg url "$url/good" '{url:$url,name:"here",token:"mci_secret1"}' >"$XDG_CONFIG_HOME/mci/login"
chmod 644 "$XDG_CONFIG_HOME/mci/login"
exits 1 "a login that others can read is not used" mci-relay "$url/good"
has "$err" 'chmod 600' "and it says what to do"
hasnt "$err" mci_secret "without telling the token"
chmod 600 "$XDG_CONFIG_HOME/mci/login"
relayed good
has "$T/seen" 'Bearer mci_secret1' "that of the login is sent"
rm "$T/seen"
relayed pieces
hasnt "$T/seen" mci_secret1 "to its server alone"
exits 2 "bytes that no header may have are no token" env MCI_TOKEN="a
Host: b" mci-relay "$url/good"
hasnt "$err" 'Host' "and are not shown"
exits 2 "a URL has no password in it" mci-relay 'http://me:mci_secret2@127.0.0.1/'
hasnt "$err" mci_secret "which is not shown"

# --- answers that are none ---
refuses html 75 '"error":"disconnected".*no answer of an mci-api' "a page of somebody's network"
refuses redirect 0 '"id":1,"error".*redirects to http://127.0.0.1:1/elsewhere' "a redirect is told, not followed"
refuses problem 0 '"id":1,"error":.-*.*the token .\[31mis for another org' "a problem is told, in one line"
refuses gateway 75 '"disconnected".*HTTP 502' "a front whose server is away"
refuses busy 0 '"code":-32002' "a server that has too much to do"
refuses gone 75 'the session is over' "a session that is over"
refuses giant 75 'longer than 1048576 bytes' "a line without an end"
refuses nothing 75 '1 of 1 requests open' "an answer without the reply"
refuses foreign 75 'not asked, with the id 4711' "a reply to nobody"
refuses event 75 'expected a reply, found an event' "an event that nobody subscribed to"
refuses garbage 75 'not JSON' "bytes"
refuses headers 75 'headers' "a head without an end"
refuses drop 75 'disconnected' "no answer at all"
refuses bomb 75 'cut in the middle' "bytes that say that they are compressed"
for cut in truncated short; do
	relayed "$cut"
	is "$status" 75 "an answer that is $cut is a lost link"
done
relayed twice
is "$status" 75 "a reply that comes twice"
is "$(head -n 1 "$out" | jq -c .id)" 1 "counts once"

# --- nobody ---
exits 75 "nobody listens" mci-relay http://127.0.0.1:1 <"$T/one"
finish
