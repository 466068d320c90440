# shellcheck shell=sh
# For tests of mci-build --order, behind lib.sh and events-lib.sh: the test is the agent.

# order BUILD RUN MEMBERS: what is ordered next; $MEMBERS is an object
order() {
	order=$(printf '%s' "$3" | jq -c --arg build "$1" --argjson run "$2" --arg dir "$PWD/checkout" --arg folder "$PWD/b" \
		--arg events "$hub" '{version:1,build:$build,run:$run,source:"server",trust:"trusted",dir:$dir,folder:$folder,events:$events,future:1} + .')
	[ "$2" != 1 ] || rm -rf b
}

# ordered: starts it; $builder, and descriptor 8 is our hold on it
ordered() {
	rm -f line
	mkfifo line
	(cd checkout && exec mci-build --order fd:7 7<../line 8>&- >/dev/null 2>../build.err) &
	builder=$!
	started="$started $builder"
	exec 8>line
	printf '%s\n' "$order" >&8
}

let_go() {
	exec 8>&-
}

# descendants PID
descendants() {
	for child in $(cat "/proc/$1/task/"*/children 2>/dev/null); do
		echo "$child"
		descendants "$child"
	done
}

# hub_events BUILD: what the hub has of it
hub_events() {
	cat "$log"/*.ndjson | jq -c --arg build "$1" 'select(.build == $build)'
}

# start_logs: a log server at $logs; stop_logs: kills it
logs=$T/logs
start_logs() {
	rm -f "$T/ready-logs"
	mkfifo "$T/ready-logs"
	mci-log serve -l "$logs" --dir "$T/kept" --ready-fd 3 3>"$T/ready-logs" 8>&- 2>>"$T/logs.err" &
	logs_pid=$!
	started="$started $logs_pid"
	read -r _ <"$T/ready-logs"
}
stop_logs() {
	kill -KILL "$logs_pid"
	wait_end "$logs_pid"
}
