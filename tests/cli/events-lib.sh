# shellcheck shell=sh
# For tests with a hub: it serves at $hub with its log in $T/log.
hub="unix:$T/hub"

# start_hub OPTION...: returns when it serves; $hub_pid. Descriptor 5 is the test's own
start_hub() {
	mkfifo "$T/ready" 2>/dev/null
	mci-events serve -l "$hub" --dir "$T/log" --ready-fd 3 "$@" 3>"$T/ready" 5>&- >"$T/hub.out" 2>"$T/hub.err" &
	hub_pid=$!
	started="$started $hub_pid"
	# shellcheck disable=SC2034 # the byte itself says nothing
	if ! read -r line <"$T/ready"; then
		cat "$T/hub.err" >&2
		return 1
	fi
}
# stop_hub [SIGNAL]
stop_hub() {
	kill "${1:--TERM}" "$hub_pid"
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
