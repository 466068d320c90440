#!/bin/sh
# The contract of the services over HTTP: the same lines go to a server at its socket and through mci-relay over HTTP,
# and the same lines come back.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need jq git python3 nc

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
UP="-l 127.0.0.1:$port"
request() {
	printf '{"jsonrpc":"2.0","id":%s,"method":"%s","params":%s}\n' "$@"
}
{
	# what is answered, of each service, with ids of other kinds, no params, data, and a notification
	printf '{"type":"a/b","time":"2026-11-27T00:00:00.000Z"}\n'
	request 1 event/publish '{"event":{"type":"a/b","time":"2026-11-27T00:00:00.000Z"}}' | jq -c .
	request '"a \u00e9 \"b\""' org/put '{"id":"acme","name":"acme"}'
	request -7.5e1 org/get '{"id":"none"}'
	printf '{"jsonrpc":"2.0","method":"org/list","id":3}\n'
	printf '{"jsonrpc":"2.0","method":"org/remove","params":{"id":"none"}}\n'
	request 4 log/open '{"build":"o/r/1","job":"a"}'
	request 5 log/append '{"build":"o/r/1","job":"a","offset":0,"data":6}'
	printf 'a\nb\n{\n'
	request 6 log/close '{"build":"o/r/1","job":"a"}'
	request 7 log/append '{"build":"o/r/1","job":"b","offset":0,"data":2}'
	printf 'x\n'
	request 8 event/forget '{"name":"mail"}'
	request 9 log/get '{"build":"o/r/1","job":"a"}'
	# what is refused: methods, params
	request 10 param/none '{}'
	request 11 nothing/here '{}'
	request 12 org/get '{}'
	request 13 org/get '{"id":1}'
	request 14 org/get '{"id":"acme","nam":"x"}'
	request 15 org/get '{"id":"acme","id":"acme"}'
	request 16 org/get '["acme"]'
	request 17 event/subscribe '{"from":-1}'
	request 18 build/get '{"build":"acme/none/1"}'
	# lines that are no messages
	printf 'make all\n[]\n{"id":"a","script":["true"]}\n{"jsonrpc":"2.0","id":19,"result":{}}\n'
	printf '{"jsonrpc":"2.0","id":22,"method":7}\n{"jsonrpc":"2.0","id":[],"method":"org/list"}\n'
	printf '{"jsonrpc":"2.0","id":21,"id":2,"method":"org/list"}\n{"type":"a b"}\n{"type":7}\n'
	request 20 org/list '{}'
} >say

# talk WAY COMMAND...: to a fresh server; its lines in the file WAY, without what is a time or the number of a line
talk() {
	way=$1
	shift
	rm -rf "$T/data"
	up || exit 1
	MCI_TOKEN=$(mci call -a "$api" token/create scopes:='["agent","admin"]' agent=far | jq -r .token)
	export MCI_TOKEN
	# what is asked behind a change, without waiting for its reply, may be answered before it
	mci call -a "$api" org/put id=acme name=acme >"$way.put"
	wait_until "the hub has what comes of a start" sh -c "[ \$(mci call -a '$api' event/status | jq .tail) -ge 8 ]"
	timeout 20 "$@" <say >"$way.all"
	down
	jq -c 'del(.time, .line) | if .result then .result |= del(.offset) else . end' "$way.all" |
		sed 's/"\(created\|changed\)":"[^"]*"/"\1":""/g' | sort >"$way"
}
talk socket nc -NU "$XDG_RUNTIME_DIR/mci/mci.sock"
talk http mci-relay "http://127.0.0.1:$port"
is "$(wc -l <http)" "$(wc -l <socket)" "as many lines come back over HTTP as over a socket"
ok "and the same" diff socket http
is "$(jq -c 'select(.id == 5) | .result' http.all)" '{"offset":6}' "data went with its line"
finish
