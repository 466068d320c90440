# shellcheck shell=sh
# For the tests of the hub's trouble, behind lib.sh: a hub at $hub with its log in $log.

hub="unix:$T/hub" log=$T/log

# start_hub OPTION...: until it serves; $hub_pid. $under: what it runs under
start_hub() {
	[ -p "$T/ready" ] || mkfifo "$T/ready"
	# shellcheck disable=SC2086 # words
	$under mci-events serve -l "$hub" --dir "$log" --ready-fd 3 "$@" 3>"$T/ready" >"$T/hub.out" 2>>"$T/hub.err" &
	hub_pid=$!
	started="$started $hub_pid"
	read -r _ <"$T/ready"
}
under=''

stop_hub() {
	kill "${1:--TERM}" "$hub_pid" 2>/dev/null
	wait_end "$hub_pid"
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
