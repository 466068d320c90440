#!/bin/sh
# mci-api: what is asked at its socket is asked of the service that it is for, whatever goes with it.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"
need jq nc

api="unix:$T/mci.sock" logs="unix:$T/log.sock"

# start NAME COMMAND...: returns when it serves; its process in $NAME_pid
start() {
	name=$1
	shift
	rm -f "$T/ready.$name"
	mkfifo "$T/ready.$name"
	"$@" --ready-fd 3 3>"$T/ready.$name" >"$T/$name.out" 2>"$T/$name.err" &
	eval "${name}_pid=$!"
	started="$started $!"
	read -r _ <"$T/ready.$name"
}
start_api() {
	start api mci-api -l "$api" --events "$hub" --log "$logs" --store "unix:$T/nobody"
}
start_log() {
	start log mci-log serve -l "$logs" --dir "$T/logs"
}
start_hub && start_log && start_api || exit 1

is "$(mci call -a "$api" server/status | jq -r '.server | has("pid")')" true "it says how it is itself"
is "$(mci call -a "$api" event/status | jq -r .tail)" 0 "a service is asked by the noun of the method"
is "$(mci call -a "$api" log/status | jq -r .followers)" 0 "another one by another noun"
exits 2 "what no service has is refused" mci call -a "$api" nothing/here
has "$err" "no method of the services events, log, blob, store, queue" "with what there is"
exits 2 "parameters are looked at here" mci call -a "$api" log/get job=x
exits 75 "a service that is away is said to be" mci call -a "$api" build/list

# events: a call, a stream, what is posted
background mci-events sub -a "$api" --from start --count 3
subscriber=$pid
mci-events pub -a "$api" a/one n:=1 && mci-events pub -a "$api" a/two n:=2
printf '{"type":"a/three","time":"2026-11-23T18:00:00.000Z"}\n' | nc -NU "$T/mci.sock"
wait_end "$subscriber"
is "$(jq -r .type "$out" | tr '\n' ' ')" "a/one a/two a/three " "a stream goes through, and posted events"
events 20000 | mci-events pub -a "$api"
is "$(mci-events sub -a "$api" --from start --count 20003 | tail -n 1 | jq .seq)" 20000 "a long one too"
is "$(mci-events sub -a "$api" --from start | head -n 2 | wc -l | tr -d ' ')" 2 "whose reader may leave"

# logs: descriptors, data, a stream with data in it
seq 200000 >expected
ok "a log is written with its descriptors" mci-log put -a "$api" o/r/1/a <expected
mci-log cat -a "$api" o/r/1/a >got
ok "and read" cmp expected got
jq -cn '{jsonrpc:"2.0",id:1,method:"log/open",params:{build:"o/r/2",job:"a"}}' >request
printf '{"jsonrpc":"2.0","id":2,"method":"log/append","params":{"build":"o/r/2","job":"a","offset":0,"data":6}}\nhello\n' >>request
jq -cn '{jsonrpc:"2.0",id:3,method:"log/close",params:{build:"o/r/2",job:"a"}}' >>request
nc -NU "$T/mci.sock" <request >replies
is "$(jq -c '[.id,.result.offset,.result.bytes]' replies | tr '\n' ' ')" '[1,0,null] [2,6,null] [3,null,6] ' \
	"bytes behind a line go along"
is "$(mci-log cat -a "$api" o/r/2/a)" hello "and are stored"

# one that is started again
background mci-log follow -a "$api" o/r/5/a
follower=$pid
wait_until "somebody waits for a log" sh -c 'mci call -a "$1" log/status | jq -e ".followers > 0"' - "$logs"
kill -KILL "$log_pid"
wait_end "$log_pid"
exits 75 "while one is away, others are not" mci call -a "$api" log/status
is "$(mci call -a "$api" event/status | jq -r '.tail > 3')" true "they answer"
start_log
wait_until "its followers come back" sh -c 'mci call -a "$1" log/status | jq -e ".followers > 0"' - "$logs"
echo again | mci-log put -a "$api" o/r/5/a
wait_end "$follower"
is "$(cat "$out")" again "and miss nothing"

# bad input
printf 'garbage\n{"jsonrpc":"2.0","id":7,"method":"event/status"}\n' | nc -NU "$T/mci.sock" >replies
is "$(jq -r '.error // .id' replies | tr '\n' ' ')" "not-json 7 " "a bad line is told of, and the next one answered"
head -c 300000 /dev/urandom | nc -NU -w 5 "$T/mci.sock" >/dev/null 2>&1
is "$(mci call -a "$api" event/status | jq -r '.tail > 3')" true "noise leaves it well"

# one service that does not read keeps nobody from another
kill -STOP "$hub_pid"
printf '{"jsonrpc":"2.0","id":8,"method":"event/subscribe","params":{"types":["%s"]}}\n{"jsonrpc":"2.0","id":9,"method":"log/status"}\n' \
	"$(head -c 900000 /dev/zero | tr '\0' a)" | timeout 10 nc -NU "$T/mci.sock" >replies
kill -CONT "$hub_pid"
is "$(jq -r 'if .error then .error.message else .id end' replies)" "a request for a stream has at most 65536 bytes
9" "a service that is stopped keeps nobody from another"

# what it holds for one caller goes with it
i=0
while [ $i -lt 50 ]; do
	mci call -a "$api" log/status >/dev/null
	i=$((i + 1))
done
wait_until "connections do not pile up" sh -c 'mci call -a "$1" server/status | jq -e ".server.connections < 5"' - "$logs"
kill -TERM "$api_pid"
wait_end "$api_pid"
is "$status" 0 "it stops when it is told to"
ok "and removes its socket" test ! -e "$T/mci.sock"

finish
