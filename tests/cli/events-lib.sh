# shellcheck shell=sh
# For tests with a hub, behind lib.sh: it serves at $hub with its log in $log.

hub="unix:$T/hub" log=$T/log

# start_hub OPTION...: returns when it serves; $hub_pid. $under: what it runs under. Descriptor 5 is the
# test's own
start_hub() {
	[ -p "$T/ready" ] || mkfifo "$T/ready"
	# shellcheck disable=SC2086 # words
	$under mci-events serve -l "$hub" --dir "$log" --ready-fd 3 "$@" 3>"$T/ready" 5>&- >"$T/hub.out" 2>>"$T/hub.err" &
	hub_pid=$!
	started="$started $hub_pid"
	if ! read -r _ <"$T/ready"; then
		cat "$T/hub.err" >&2
		return 1
	fi
}
under=''

# stop_hub [SIGNAL]
stop_hub() {
	kill "${1:--TERM}" "$hub_pid" 2>/dev/null
	wait_end "$hub_pid"
}

# events N [M]: N events of build o/r/1 from seq M on
events() {
	seq "${2:-1}" $((${2:-1} + $1 - 1)) |
		sed 's|.*|{"type":"job/end","time":"2026-11-23T18:00:00.000Z","build":"o/r/1","run":1,"seq":&}|'
}
# stored: the numbers (seq, or n) of the events in the log
stored() {
	cat "$T"/log/*.ndjson | jq -r '.seq // .n' | tr '\n' ' '
}

# publish LEVEL COUNT: events of one build whose numbers go on, in one request; $next is the first number
publish() {
	seq "$next" $((next + $2 - 1)) |
		jq -cn --arg sync "$1" '{sync:$sync,events:[inputs|{type:"job/end",build:"o/r/1",run:1,seq:.,text:("x"*500)}]}' |
		sed 's/.*/{"jsonrpc":"2.0","id":1,"method":"event\/publish","params":&}/' | timeout 10 nc -NU "$T/hub" >"$T/reply"
	if jq -e '.result' "$T/reply" >/dev/null 2>&1; then
		next=$((next + $2)) acked=$((next - 1))
	else
		return 1
	fi
}
next=1 acked=0

# kept: what is in the log of that build; "whole" when it is 1 2 3 ... up to at least what was acknowledged
kept() {
	cat "$log"/*.ndjson | jq -n --argjson acked "$acked" '[inputs|.seq] |
		if . == [range(1; length + 1)] and length >= $acked then "whole" else . end' -c
}
