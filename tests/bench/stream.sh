#!/bin/bash
# stream.sh O [ROW...]: what streams over HTTP. Rows: sse (1,000 readers of 10 events a second), builds (how much those
# slow two builds), log (a log of 1 GB beside nginx with sendfile), ls (the kit as a client). Needs curl, and nginx for
# log.
set -u
O=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${BENCH_DIR:-$O}/stream-XXXXXX") || exit 1
run=$(mktemp -d /dev/shm/mci-stream-XXXXXX 2>/dev/null) || run=$work/run
export PATH="$O/bin:$PATH:/usr/sbin" LC_ALL=C HOME="$work" XDG_RUNTIME_DIR="$run" XDG_STATE_HOME="$work/state"
export XDG_CONFIG_HOME="$work/config"
mkdir -p "$run" && chmod 700 "$run"
# one client is all of the load
export MCI_API_RATE=0
unset MCI_API MCI_EVENTS MCI_STORE MCI_LOG MCI_TOKEN
server='' front=''
trap '[ -z "$server" ] || kill $server; [ -z "$front" ] || kill $front; wait; cd /; rm -rf "$work" "$run"' EXIT
trap 'exit 130' INT TERM
# shellcheck source=tests/bench/lib.sh
. "$here/lib.sh"
cd "$work" || exit 1

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
port=$(free_port)
mkfifo ready
mci-supervise --print-wiring | sed '/^# What the store knows/,$d' >wiring
mci-supervise -l "127.0.0.1:$port" --ready-fd 3 wiring 3>ready >server.out 2>server.err &
server=$!
read -r _ <ready
api="unix:$run/mci/mci.sock"
TOKEN=$(mci call -a "$api" token/create scopes:='["admin"]' | sed 's/.*"token":"\([^"]*\)".*/\1/')
export TOKEN
process=$(pgrep -P "$server" -x mci-api)
memory() {
	awk '/^RssAnon/ { print $2 }' "/proc/$process/status"
}

sse() {
	heading "1,000 readers of Server-Sent Events, 10 events a second for 10 s"
	was=$(memory)
	"$O/tests/bench/readers" "$port" /api/v1/events 1000 100 >readers &
	readers=$!
	until grep -q ready readers; do sleep 0.05; done
	python3 -c '
import json, time
for i in range(100):
    print(json.dumps({"type": "bench/tick", "time": "2026-11-27T00:00:00.000Z", "t": time.monotonic_ns()},
                     separators=(",", ":")), flush=True)
    time.sleep(0.1)' | mci-events pub -a "unix:$run/mci/events.sock"
	is=$(memory)
	wait "$readers"
	read -r events lacking median most greatest < <(tail -n 1 readers)
	note "events that came, readers that lack some" "$events $lacking"
	note "half of them within" "$median ms"
	note "99 of 100 within" "$most ms"
	bound "each within" "$greatest" ms 50
	bound "memory of a reader" "$(awk -v a="$was" -v b="$is" 'BEGIN { print (b - a) / 1000 }')" KiB 8
}

# two FILE: adds to it how long two builds took that keep two processors busy and print a line now and then, in ms
two() {
	began=$(date +%s%N)
	MCI_API=$api mci trigger -q --wait b/one - <busy.ndjson & first=$!
	MCI_API=$api mci trigger -q --wait b/two - <busy.ndjson & wait "$first" $! || note builds "FAILED"
	echo $((($(date +%s%N) - began) / 1000000)) >>"$1"
}
# processor PID: time that a process used so far, in ms
processor() {
	awk -v tick="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) * 1000 / tick }' "/proc/$1/stat"
}
# share MS FILE: of all processors for as long as the lines of FILE say
share() {
	awk -v ms="$1" -v cores="$(nproc)" '{ wall += $1 } END { printf "%.1f", 100 * ms / wall / cores }' "$2"
}
least() {
	sort -n "$1" | head -n 1
}

builds() {
	heading "Two builds, and 1,000 readers of 10 events a second (ms)"
	mci call -a "$api" org/put name=b >reply
	for name in one two; do mci call -a "$api" repo/put org=b name=$name main=main >reply; done
	mci call -a "$api" token/create agent=local | sed 's/.*"token":"\([^"]*\)".*/\1/' >token
	chmod 600 token
	mkfifo claims
	mci-agent -a "$api" --token-file token --workdir agent --runner host -j 2 --ready-fd 3 3>claims >agent.out 2>&1 &
	agent=$!
	read -r _ <claims
	cat >busy.ndjson <<-'END'
		{"id":"busy","script":["for n in 1 2 3 4 5; do echo $n; seq 400000 | sort -R --random-source=/dev/zero >/dev/null; done"]}
	END
	used=0 theirs=0
	for _ in 1 2 3; do
		two without
		"$O/tests/bench/readers" "$port" /api/v1/events 1000 10000 >readers &
		readers=$!
		until grep -q ready readers; do sleep 0.05; done
		(while :; do
			printf '{"type":"bench/tick","time":"2026-11-27T00:00:00.000Z","t":0}\n'
			sleep 0.1
		done) | mci-events pub -a "unix:$run/mci/events.sock" &
		events=$!
		was=$(processor "$process") them=$(processor "$readers")
		two with
		used=$((used + $(processor "$process") - was)) theirs=$((theirs + $(processor "$readers") - them))
		kill "$readers" "$events"
		wait "$readers" "$events" 2>/dev/null
	done
	kill "$agent"
	wait "$agent"
	row "least of three, beside none" "$(least with)" "$(least without)" ms '<' 1.05
	bound "of all processors, mci-api" "$(share "$used" with)" % 5
	note "of all processors, the readers themselves" "$(share "$theirs" with) %"
}

# seconds FILE URL OPTION...: the least of three
seconds() {
	file=$1 url=$2
	shift 2
	for _ in 1 2 3; do
		curl -s -o /dev/null -w '%{time_total}\n' "$@" "$url"
	done | sort -n | head -n 1 >"$file"
}

log() {
	heading "A log of 1 GB to curl (MB a second)"
	have nginx || { note "log" "skipped: nginx is missing"; return; }
	mci call -a "$api" org/put name=b >/dev/null && mci call -a "$api" repo/put org=b name=r url=/ >/dev/null
	yes 'A line of a log, as long as they mostly are: compiling this file, and then the next one' | head -c 1000000000 >big
	mci-log put -a "unix:$run/mci/log.sock" b/r/1/j <big
	nginx_port=$(free_port)
	mkdir -p logs
	cat >nginx.conf <<-END
	worker_processes 1; daemon off; $([ "$(id -u)" != 0 ] || echo "user root;") pid $work/nginx.pid; error_log /dev/null;
	events { worker_connections 64; }
	http { access_log off; sendfile on; client_body_temp_path $work/logs; proxy_temp_path $work/logs;
		fastcgi_temp_path $work/logs; uwsgi_temp_path $work/logs; scgi_temp_path $work/logs;
		server { listen 127.0.0.1:$nginx_port; root $work; } }
	END
	nginx -c "$work/nginx.conf" -p "$work" 2>nginx.err &
	front=$!
	until curl -s -o /dev/null -r 0-0 "http://127.0.0.1:$nginx_port/big"; do sleep 0.05; done
	seconds ours "http://127.0.0.1:$port/api/v1/orgs/b/repos/r/builds/1/jobs/j/log" -H "Authorization: Bearer $TOKEN" \
		-H 'Accept: text/plain'
	seconds peer "http://127.0.0.1:$nginx_port/big"
	row "mci-api, beside nginx with sendfile" "$(awk '{ print 1000 / $1 }' ours)" "$(awk '{ print 1000 / $1 }' peer)" \
		MB/s '>' 0.5
}

ls() {
	heading "mci ls of a server over HTTP (ms)"
	mci call -a "$api" org/put name=b >/dev/null && mci call -a "$api" repo/put org=b name=r url=/ >/dev/null
	for _ in $(seq 20); do
		began=$(date +%s%N)
		MCI_API="http://127.0.0.1:$port" MCI_TOKEN=$TOKEN mci ls b/r >/dev/null
		echo $((($(date +%s%N) - began) / 1000))
	done | sort -n >taken
	bound "half of twenty within" "$(awk 'NR == 10 { print $1 / 1000 }' taken)" ms 15
}

for row in "${@:-sse builds log ls}"; do
	for one in $row; do
		$one
	done
done
