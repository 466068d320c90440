#!/bin/bash
# events.sh O [ROW...]: the event hub beside the plain C that does the least, and beside other hubs, each with the
# same light client (hubload.c) and the same bytes. Rows: fanout acked latency memory flat catchup idle. Only the
# hub, JetStream and redis streams keep what they are given; NATS core, redis pub/sub and mosquitto do not.
set -u
O=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
tools=$O/tests/bench
work=$(mktemp -d "${BENCH_DIR:-$O}/events-XXXXXX") || exit 1
run=$(mktemp -d /dev/shm/mci-events-XXXXXX 2>/dev/null) || run=$work
export PATH="$O/bin:$PATH:/usr/sbin" LC_ALL=C
declare -A pid=() address=()
trap 'kill "${pid[@]}" 2>/dev/null; wait; cd /; rm -rf "$work" "$run"' EXIT
trap 'exit 130' INT TERM
# shellcheck source=tests/bench/lib.sh
. "$here/lib.sh"
cd "$work" || exit 1

# free PORT-LIST: ports that nobody has, one a name
ports() {
	for name; do
		port=$((port + 1))
		while (exec 3<>"/dev/tcp/127.0.0.1/$port") 2>/dev/null; do port=$((port + 1)); done
		address[$name]=$port
	done
}
port=$((20000 + $$ % 20000))
ports nats js redis stream mqtt

# started NAME COMMAND...: in the background, until it answers
started() {
	local name=$1 tries=200
	shift
	have "$1" || { note "$1" "skipped: it is not installed"; return 1; }
	"$@" >"$work/$name.out" 2>&1 &
	pid[$name]=$!
	case ${address[$name]} in
	/*) until [ -S "${address[$name]}" ]; do sleep 0.05; done ;;
	*) until (exec 3<>"/dev/tcp/127.0.0.1/${address[$name]}") 2>/dev/null; do
		tries=$((tries - 1))
		[ $tries -gt 0 ] || { note "$name" "skipped: $(tail -n 1 "$work/$name.out")"; return 1; }
		sleep 0.05
	done ;;
	esac
}

ended() {
	for name; do
		[ -n "${pid[$name]:-}" ] || continue
		kill "${pid[$name]}" 2>/dev/null
		wait "${pid[$name]}" 2>/dev/null
		unset "pid[$name]"
	done
}

# hub: ours, with an empty log
hub() {
	ended mci
	rm -rf "$work/log"
	address[mci]=$run/mci
	started mci mci-events serve -l "unix:$run/mci" --dir "$work/log" "$@"
}

limit() {
	ended fan
	rm -f "$run/fan"
	address[fan]=$run/fan
	started fan "$tools/limit-fan" "$run/fan"
}

peers() {
	started nats nats-server -a 127.0.0.1 -p "${address[nats]}"
	started redis redis-server --bind 127.0.0.1 --port "${address[redis]}" --save '' --appendonly no \
		--client-output-buffer-limit 'pubsub 0 0 0' --dir "$work"
	printf 'listener %s 127.0.0.1\nallow_anonymous true\nmax_queued_messages 0\nset_tcp_nodelay true\n' \
		"${address[mqtt]}" >mosquitto.conf
	started mqtt mosquitto -c mosquitto.conf
}

load() {
	timeout 120 "$tools/hubload" "$@" 2>"$work/load.err" || { cat "$work/load.err" >&2; echo "0	0"; }
}

# best NAME SUBSCRIBERS SIZE EVENTS: events delivered a second, the best of three
best() {
	for _ in 1 2 3; do
		[ "$1" != mci ] || hub
		load "$1" "${address[$1]}" "$2" "$3" "$4" 0
	done | sort -n | tail -n 1 >"$work/figure"
	awk '$2 < 1 { print "not all came" >"/dev/stderr" } { print $1 }' "$work/figure"
}

million() {
	awk -v n="$1" 'BEGIN { print n / 1e6 }'
}

fanout() {
	heading "Events delivered (million a second), 1 publisher; beside the plain fan-out, NATS core, redis pub/sub"
	limit
	peers
	for size in 200 2000; do
		for n in 1 10 100; do
			events=$((n == 1 ? 1000000 : n == 10 ? 300000 : 60000))
			[ $size = 200 ] || events=$((events / 5))
			wanted=0.5
			[ $n != 1 ] || wanted=0.25
			mine=$(million "$(best mci $n $size $events)")
			row "$size bytes to $n: beside plain C" "$mine" "$(million "$(best fan $n $size $events)")" M/s '>' $wanted
			for peer in nats redis mqtt; do
				[ -n "${pid[$peer]:-}" ] || continue
				case $peer in
				nats) some=$events ;;
				redis) some=$((events / 3)) ;;
				mqtt) some=$((events / 30)) ;;
				esac
				row "  beside $peer" "$mine" "$(million "$(best $peer $n $size $some)")" M/s '>' 1
			done
		done
	done
	ended fan mci nats redis mqtt
}

acked() {
	heading "Published and on the disk, batches of 100 (thousand events a second)"
	for size in 200 2000; do
		events=30000
		least=$(for _ in 1 2 3; do "$tools/limit-append" "$work/append" $events $size 100; done | sort -n | tail -n 1)
		hub
		mine=$(for _ in 1 2 3; do load ack mci "${address[mci]}" $size $events 100; done | sort -n | tail -n 1)
		row "$size bytes: beside write and fdatasync a batch" "$(awk "BEGIN { print $mine / 1e3 }")" \
			"$(awk "BEGIN { print $least / 1e3 }")" k/s '>' 0.5
		rm -rf "$work/append" appendonlydir
		started stream redis-server --bind 127.0.0.1 --port "${address[stream]}" --save '' --appendonly yes \
			--appendfsync always --dir "$work" && {
			theirs=$(load ack stream "${address[stream]}" $size $events 100)
			row "  beside redis streams, appendfsync always" "$(awk "BEGIN { print $mine / 1e3 }")" \
				"$(awk "BEGIN { print $theirs / 1e3 }")" k/s '>' 3
		}
		ended stream
		jetstream $size && row "  beside JetStream (answers before it syncs)" "$(awk "BEGIN { print $mine / 1e3 }")" \
			"$(awk "BEGIN { print $theirs / 1e3 }")" k/s '>' 0
		ended js
	done
	ended mci
}

# jetstream SIZE: its figure in $theirs. Its file store syncs every two minutes unless told otherwise.
jetstream() {
	rm -rf "$work/js"
	started js nats-server -a 127.0.0.1 -p "${address[js]}" -js -sd "$work/js" || return
	request='{"name":"S","subjects":["x"],"storage":"file"}'
	exec 5<>"/dev/tcp/127.0.0.1/${address[js]}" || return
	printf 'CONNECT {"verbose":false}\r\nSUB r 1\r\nPUB $JS.API.STREAM.CREATE.S r %d\r\n%s\r\n' \
		${#request} "$request" >&5
	while read -r -t 10 -u 5 line; do
		case $line in *'"type":'*) break ;; esac
	done
	exec 5>&-
	theirs=$(load ack js "${address[js]}" "$1" $events 100)
}

latency() {
	heading "Time to a subscriber at 1,000 events a second, 200 bytes (us), median and 99th percentile"
	limit
	hub
	peers
	for n in 1 10 100; do
		for name in fan mci nats redis mqtt; do
			[ -z "${pid[$name]:-}" ] || load $name "${address[$name]}" $n 200 5000 1000 >"$work/$name.time"
		done
		row "to $n: median, beside plain C" "$(cut -f 1 mci.time)" "$(cut -f 1 fan.time)" us '<' 1.3
		[ $n = 100 ] || bound "  99th percentile" "$(cut -f 2 mci.time)" us 300
		[ $n = 100 ] && note "  99th percentile" "$(cut -f 2 mci.time) us"
		note "  plain C, NATS, redis, mosquitto" "$(for name in fan nats redis mqtt; do tr '\t\n' '/ ' <$name.time; done)"
		# one that does not end before it is killed: starting clients would cost more than they publish
		timeout 60 "$tools/hubload" ack mci "${address[mci]}" 200 100000000 100 >/dev/null &
		beside=$!
		load mci-own "${address[mci]}" $n 200 5000 1000 >"$work/mci.time"
		{ kill $beside; wait $beside; } 2>/dev/null
		[ $n = 100 ] || bound "  99th percentile while others publish to disk" "$(cut -f 2 mci.time)" us 300
		[ $n = 100 ] && note "  99th percentile while others publish to disk" "$(cut -f 2 mci.time) us"
	done
	ended fan mci nats redis mqtt
}

# pss NAME: KiB of its own
pss() {
	awk '/^Pss:/ { print $2 }' "/proc/${pid[$1]}/smaps_rollup"
}

rss() {
	awk '/^VmRSS:/ { print $2 }' "/proc/${pid[$1]}/status"
}

memory() {
	heading "Memory with 1,000 subscribers of which 100 are stalled, 20,000 events of 200 bytes"
	hub
	load mci "${address[mci]}" 1000 200 20000 0 100 >"$work/stalled" &
	wait_for=$!
	most=0
	while kill -0 $wait_for 2>/dev/null; do
		now=$(rss mci)
		[ "${now:-0}" -gt $most ] && most=$now && own=$(pss mci)
		sleep 0.05
	done
	bound "most resident" "$(awk "BEGIN { print $most / 1024 }")" MiB 8
	note "  of it its own (PSS)" "$own KiB"
	note "  delivered a second, and the part that came" "$(tr '\t' ' ' <"$work/stalled")"
	ended mci
}

flat() {
	heading "Memory over 10 million events of 200 bytes"
	hub --keep-size 1G
	load mci "${address[mci]}" 1 200 1000000 0 >/dev/null
	first=$(rss mci)
	load mci "${address[mci]}" 1 200 9000000 0 >/dev/null
	row "resident after all, beside after a tenth" "$(rss mci)" "$first" KiB '<' 1.1
	ended mci
}

catchup() {
	heading "Reading a log of 1 GB from its start (MB a second)"
	hub
	events=3900000
	load mci "${address[mci]}" 1 200 $events 0 >/dev/null
	cat log/*.ndjson >/dev/null
	mine=$(for _ in 1 2 3; do load catch mci "${address[mci]}" $events; done | sort -n | tail -n 1)
	plain=$(for _ in 1 2 3; do cat log/*.ndjson | load catch - - $events; done | sort -n | tail -n 1)
	note "bytes" "$(cat log/*.ndjson | wc -c)"
	row "a subscriber, beside cat through a pipe" "$mine" "$plain" MB/s '>' 0.5
	ended mci
}

switches() {
	cat "/proc/${pid[mci]}/task"/*/status | awk '/ctxt_switches/ { n += $2 } END { print n }'
}

idle() {
	heading "Wake-ups when nothing happens, 10 subscribers, 10 s"
	hub
	load mci "${address[mci]}" 10 200 1 0.05 >/dev/null &
	quiet=$!
	sleep 3
	before=$(switches)
	sleep 10
	bound "wake-ups" "$(($(switches) - before))" '' 0
	wait $quiet
	ended mci
}

# shellcheck disable=SC2068
for name in ${@:-fanout acked latency memory flat catchup idle}; do
	$name
done
