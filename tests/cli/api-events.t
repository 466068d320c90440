#!/bin/sh
# Events over HTTP: lines or Server-Sent Events of what a token may see, from where the client was, whatever happens to
# the hub meanwhile; a slow reader holds up nobody.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need jq git curl python3

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
url=http://127.0.0.1:$port/api/v1/events
UP="-l 127.0.0.1:$port"
up || exit 1
hub="unix:$XDG_RUNTIME_DIR/mci/events.sock"
mci call -a "$api" org/put name=acme >/dev/null
mci call -a "$api" org/put name=other >/dev/null
all=$(mci call -a "$api" token/create scopes:='["admin"]' | jq -r .token)
theirs=$(mci call -a "$api" token/create scopes:='["read"]' org=acme | jq -r .token)
agents=$(mci call -a "$api" token/create scopes:='["agent"]' agent=far | jq -r .token)

# event TYPE BUILD SEQ: one of a build, as a line
event() {
	jq -nc --arg type "$1" --arg build "$2" --argjson seq "$3" \
		'{type:$type,time:"2026-11-27T00:00:00.000Z",build:$build,run:1,seq:$seq}'
}
# get TOKEN QUERY CURL-OPTION...: what comes within a moment
get() {
	token=$1 query=$2
	shift 2
	curl -sN --max-time 0.5 -H "Authorization: Bearer $token" "$@" "$url?$query"
}
# first N TOKEN QUERY CURL-OPTION...: the first N lines, as soon as they are there
first() {
	lines=$1 token=$2 query=$3
	shift 3
	rm -f "$T/first" && mkfifo "$T/first"
	curl -sN --max-time 20 -H "Authorization: Bearer $token" "$@" "$url?$query" >"$T/first" 2>/dev/null &
	head -n "$lines" <"$T/first"
	kill $! 2>/dev/null
}
{
	event build/start acme/zlib/1 1
	event job/start acme/zlib/1 2
	event build/start other/gzip/1 1
	event job/end acme/zlib/1 3
	event build/start acme/zlib/10 1
	event build/start acme2/zlib/1 1
} | mci-events pub -a "$hub"

# --- what comes ---
is "$(first 3 "$all" "from=start&type=build/start" | jq -r .build | tr '\n' ' ')" \
	"acme/zlib/1 other/gzip/1 acme/zlib/10 " "lines of the types that were asked for, from the start"
is "$(first 2 "$all" "from=start&build=acme/zlib/1&type=job/*" | jq -r .type | tr '\n' ' ')" "job/start job/end " \
	"of a build"
is "$(get "$all" "from=start&build=acme/zlib/1" | jq -r .build | sort -u)" acme/zlib/1 "and not of one whose name begins so"
is "$(get "$all" "from=start&org=acme" | jq -r .build | sort -u | tr '\n' ' ')" "acme/zlib/1 acme/zlib/10 " "of an organisation"
is "$(first 1 "$all" "from=start&repo=other/gzip" | jq -r .build)" other/gzip/1 "of a repository"
is "$(get "$theirs" "from=start" | jq -r .build | sort -u | tr '\n' ' ')" "acme/zlib/1 acme/zlib/10 " \
	"a token of an organisation sees that alone"
is "$(get "$theirs" "from=start&org=other")" "$(get "$theirs" "from=start&org=none")" "and another is as one that is not there"
hasnt "$T/server.err" . "the server has nothing to say"
is "$(get wrong "" | jq -r .status)" 401 "nobody sees nothing"
is "$(get "$all" "from=yesterday" | jq -r .field)" from "a wrong parameter is named"
is "$(first 1 "$all" "from=start&type=job/end&format=cloudevents" | jq -r '[.specversion,.id,.data.type] | join(" ")')" \
	"1.0 acme/zlib/1/1/3 job/end" "as CloudEvents"

# --- Server-Sent Events ---
first 5 "$all" "from=start&type=job/*" -H 'Accept: text/event-stream' >"$T/sse"
like "$(sed -n 1p "$T/sse")" '^id: 1-[0-9]+$' "an event has an id"
is "$(sed -n '2s/^data: //p' "$T/sse" | jq -r .type)" job/start "and its line as data"
is "$(sed -n 3p "$T/sse")" "" "and ends with an empty line"
id=$(sed -n '1s/id: //p' "$T/sse")
is "$(first 2 "$all" "type=job/*" -H 'Accept: text/event-stream' -H "Last-Event-ID: $id" | sed -n '2s/^data: //p' | jq -r .type)" \
	job/end "a client that comes back goes on behind what it saw"
like "$(first 2 "$all" "" -H 'Accept: text/event-stream' -H "Last-Event-ID: 1-100000")" '"type":"gap","reason":"lost"' \
	"what it saw and is no more is told"

# --- as they come ---
for n in 1 2 3; do
	curl -sN -H "Authorization: Bearer $all" "$url?type=live/*" >"$T/live.$n" &
	started="$started $!"
done
curl -sN -H "Authorization: Bearer $all" "$url?from=start" | { read -r _; while [ ! -e "$T/read" ]; do sleep 0.05; done; wc -l >"$T/slow"; } &
slow=$!
started="$started $slow"
wait_until "events come to those who wait" sh -c "mci-events pub -a '$hub' live/early && [ -s '$T/live.1' ] && [ -s '$T/live.2' ] && [ -s '$T/live.3' ]"
seq 60000 | jq -c '{type:"live/event",time:"2026-11-27T00:00:00.000Z",n:.,pad:"0123456789012345678901234567890123456789"}' >"$T/many"
mci-events pub -a "$hub" <"$T/many"
mci-events pub -a "$hub" live/last
for n in 1 2 3; do
	wait_for_line "$T/live.$n" live/last
	is "$(jq -r 'select(.n) | .n' "$T/live.$n" | uniq | wc -l)" 60000 "reader $n has each event once"
done
api_process=$(pgrep -P "$server" -x mci-api)
ok "one that does not read costs the server little" test "$(awk '/^RssAnon/ { print $2 }' "/proc/$api_process/status")" -lt 16000
touch "$T/read"
wait_until "what it did not read it gets" sh -c "sleep 0.2; kill $(pgrep -f "Bearer $all $url.from=start" | head -n 1) 2>/dev/null; [ -s '$T/slow' ]"

# --- the hub is started anew ---
hub_process=$(pgrep -P "$server" -x mci-events)
kill -KILL "$hub_process"
wait_until "events go on when the hub is there again" sh -c "mci-events pub -a '$hub' live/again 2>/dev/null; grep -q live/again '$T/live.1'"

# --- posting ---
event deploy/done acme/zlib/1 4 | curl -s -T- -H "Authorization: Bearer $agents" "$url" >"$T/posted"
is "$(first 1 "$all" "from=start&type=deploy/done" | jq -r .build)" acme/zlib/1 "curl -T- posts events"
event deploy/done acme/zlib/1 5 | curl -s -T- -H "Authorization: Bearer $theirs" "$url" >"$T/refused"
is "$(jq -r .status "$T/refused")" 403 "for who may"

# --- without an end ---
mkfifo "$T/feed"
curl -s -T- -H "Authorization: Bearer $agents" "$url" <"$T/feed" >"$T/fed" 2>"$T/fed.err" &
feeds=$!
started="$started $feeds"
exec 7>"$T/feed"
event feed/one acme/zlib/20 1 >&7
is "$(first 1 "$all" "from=start&type=feed/*" | jq -r .type)" feed/one "an event is published while the next ones are still to come"
seq 3 30000 | jq -c '{type:"feed/more",time:"2026-11-27T00:00:00.000Z",n:.,pad:"0123456789012345678901234567890123456789"}' >&7
event feed/one acme/zlib/20 1 >&7
event feed/last acme/zlib/20 2 | tr -d '\n' >&7
exec 7>&-
wait_end "$feeds"
is "$(jq -c '[.repeats, .offset > 30000]' "$T/fed")" '[1,true]' "all of them, and their end is answered"
is "$(first 1 "$all" "from=start&type=feed/last" | jq -r .build)" acme/zlib/20 "the last line needs no end"
is "$(get "$all" "from=start&type=feed/more" --max-time 3 | jq -c .n | uniq | wc -l)" 29998 "none is lost, none comes twice"
printf '{"type":"feed/bad","time":"2026-11-27T00:00:00.000Z"}\n\nnone\n' | curl -s -T- -H "Authorization: Bearer $agents" "$url" >"$T/bad"
is "$(jq -c '[.status, .detail]' "$T/bad")" '[400,"line 3: not JSON: an object was expected at byte 1"]' "a line that is none is told"
is "$(curl -s -T- -H "Authorization: Bearer wrong" "$url" <"$T/bad" | jq .status),$(curl -s -T- "$url" <"$T/bad" | jq .status)" 401,401 "who is nobody puts nothing"
is "$(curl -s -X PUT -H "Authorization: Bearer $agents" "$url" | jq .repeats)" 0 "none at all are no error"
mkfifo "$T/cut"
curl -s -T- -H "Authorization: Bearer $agents" "$url" <"$T/cut" >"$T/fed" 2>"$T/fed.err" &
feeds=$!
started="$started $feeds"
exec 7>"$T/cut"
event feed/now acme/zlib/21 1 >&7
wait_until "one is there" sh -c 'curl -sN --max-time 1 -H "Authorization: Bearer $1" "$2?from=start&type=feed/now" | grep -q now' - "$all" "$url"
mci call -a "$api" agent/remove id=far >/dev/null
wait_until "it is cut" sh -c 'printf "\n" >&7; sleep 0.2; ! kill -0 "$1" 2>/dev/null || grep -q "^State:.Z" "/proc/$1/status"' - "$feeds"
pass "it is cut when its token is revoked"
exec 7>&-
down
finish
