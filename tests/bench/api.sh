#!/bin/bash
# api.sh O [ROW...]: the HTTP of a server: a build and a list of builds beside nginx with a file of that size, and what
# an idle server takes. Rows: get list busy idle. Needs wrk and nginx. Two cores are wrk's too.
set -u
O=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${BENCH_DIR:-$O}/api-XXXXXX") || exit 1
run=$(mktemp -d /dev/shm/mci-api-XXXXXX 2>/dev/null) || run=$work/run
export PATH="$O/bin:$PATH:/usr/sbin" LC_ALL=C HOME="$work" XDG_RUNTIME_DIR="$run" XDG_STATE_HOME="$work/state"
mkdir -p "$run" && chmod 700 "$run"
# one client is all of the load
export MCI_API_RATE=0
unset MCI_API MCI_EVENTS MCI_STORE MCI_LOG
server='' front=''
trap '[ -z "$server" ] || kill $server; [ -z "$front" ] || kill $front; wait; cd /; rm -rf "$work" "$run"' EXIT
trap 'exit 130' INT TERM
# shellcheck source=tests/bench/lib.sh
. "$here/lib.sh"
cd "$work" || exit 1
if ! have wrk || ! have nginx || ! have curl; then
	note "api" "skipped: wrk, nginx or curl is missing"
	exit 0
fi

free_port() {
	python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])'
}
port=$(free_port) nginx_port=$(free_port)
mkfifo ready
mci-supervise -l "127.0.0.1:$port" --ready-fd 3 3>ready >server.out 2>server.err &
server=$!
read -r _ <ready
token=$(cat "$XDG_STATE_HOME/mci/server/admin.token")
mci org put b && mci repo put b/r || exit 1
mci down -q 2>/dev/null || kill "$server"
wait "$server"
# builds that nobody takes: without the agent
mci-supervise --print-wiring | sed '/^agent:/,$d' >wiring
mci-supervise -l "127.0.0.1:$port" --ready-fd 3 wiring 3>ready >server.out 2>>server.err &
server=$!
read -r _ <ready
for n in $(seq 100); do
	printf '{"jsonrpc":"2.0","id":%d,"method":"build/trigger","params":{"repo":"b/r","actor":"somebody","message":"A commit of some length, as people write them","new":"0123456789012345678901234567890123456789"}}\n' "$n"
done | mci relay "unix:$run/mci/mci.sock" >replies

ask() {
	curl -s -H "Authorization: Bearer $token" "http://127.0.0.1:$port$1"
}
mkdir -p www logs
ask /api/v1/orgs/b/repos/r/builds/50 >www/build
ask '/api/v1/orgs/b/repos/r/builds?limit=50' >www/list
cat >nginx.conf <<END
worker_processes 1; daemon off; $([ "$(id -u)" != 0 ] || echo "user root;") pid $work/nginx.pid; error_log /dev/null;
events { worker_connections 1024; }
http { access_log off; sendfile on; keepalive_requests 1000000;
	client_body_temp_path $work/logs; proxy_temp_path $work/logs; fastcgi_temp_path $work/logs;
	uwsgi_temp_path $work/logs; scgi_temp_path $work/logs;
	server { listen 127.0.0.1:$nginx_port; root $work/www; } }
END
nginx -c "$work/nginx.conf" -p "$work" 2>nginx.err &
front=$!
for _ in $(seq 100); do
	curl -s "http://127.0.0.1:$nginx_port/build" >/dev/null && break
	sleep 0.05
done

# load NAME URL: requests a second and the 99th percentile (ms) of 32 connections, into files of that name
load() {
	wrk -t1 -c32 -d"${SECONDS_EACH:-5}s" --latency -H "Authorization: Bearer $token" "$2" >"$1.wrk"
	awk '/Requests\/sec/ { print $2 }' "$1.wrk" >"$1"
	awk '/ 99%/ { v = $2; if (v ~ /us$/) v = v / 1000; else if (v ~ /ms$/) v = v + 0; else v = v * 1000; print v + 0 }' \
		"$1.wrk" >"$1.p99"
	! grep -q 'Non-2xx' "$1.wrk" || note "$1" "$(grep Non-2xx "$1.wrk")"
}

get() {
	heading "GET of a build ($(wc -c <www/build) bytes), 32 connections (requests a second)"
	load ours "http://127.0.0.1:$port/api/v1/orgs/b/repos/r/builds/50"
	load peer "http://127.0.0.1:$nginx_port/build"
	row "mci, beside nginx with a file of that size" "$(cat ours)" "$(cat peer)" /s '>' 0.25
	bound "99 of 100 within" "$(cat ours.p99)" ms 10
}

list() {
	heading "A list of 50 builds ($(wc -c <www/list) bytes), 32 connections (requests a second)"
	load ours "http://127.0.0.1:$port/api/v1/orgs/b/repos/r/builds?limit=50"
	load peer "http://127.0.0.1:$nginx_port/list"
	row "mci, beside 5,000" "$(cat ours)" 5000 /s '>' 1
	note "nginx with a file of that size" "$(cat peer) /s"
	note "99 of 100 within" "$(cat ours.p99) ms"
}

# while two builds keep two processors busy, and print now and then
busy() {
	heading "GET of a build while two builds run, 32 connections"
	mci repo put b/r 'agents:={"none":"there"}' || exit 1
	for name in one two; do mci repo put b/$name; done
	(umask 077 && mci token create -q --agent local >token)
	mkfifo claims
	mci-agent --token-file token --workdir agent --runner host -j 2 --ready-fd 3 3>claims >agent.out 2>&1 &
	agent=$!
	read -r _ <claims
	cat >busy.ndjson <<-'END'
		{"id":"busy","script":["while [ ! -e \"$OVER\" ]; do echo on; seq 400000 | sort -R --random-source=/dev/zero >/dev/null; done"],"env":{"OVER":"@OVER@"}}
	END
	sed -i "s|@OVER@|$work/over|" busy.ndjson
	for name in one two; do mci trigger -q --wait b/$name - <busy.ndjson & builds="${builds-} $!"; done
	until [ "$(mci call -a "unix:$run/mci/mci.sock" build/status | sed 's/.*"running":\([0-9]*\).*/\1/')" = 2 ]; do sleep 0.1; done
	load busy "http://127.0.0.1:$port/api/v1/orgs/b/repos/r/builds/50"
	bound "99 of 100 within" "$(cat busy.p99)" ms 10
	note "requests a second" "$(cat busy) /s"
	: >over
	# shellcheck disable=SC2086 # two of them
	wait $builds
	kill "$agent"
	wait "$agent"
}

# idle_of TEXT OPTION...: what an idle server takes
idle_of() {
	text=$1
	shift
	mci-supervise "$@" -l "127.0.0.1:$port" --ready-fd 3 3>ready >server.out 2>>server.err &
	server=$!
	read -r _ <ready
	ask /api/v1/version >/dev/null
	sleep 1
	total=0
	for pid in $server $(pgrep -P "$server") $(pgrep -P "$(pgrep -d , -P "$server")"); do
		pss=$(awk '/^Pss:/ { n += $2 } END { print n + 0 }' "/proc/$pid/smaps_rollup" 2>/dev/null)
		note "$(tr '\0' ' ' <"/proc/$pid/cmdline" | cut -c 1-40)" "${pss:-0} KiB"
		total=$((total + ${pss:-0}))
	done
	bound "$text" "$(awk -v n=$total 'BEGIN { print n / 1024 }')" MiB 8
}

idle() {
	heading "An idle server with HTTP (MiB of PSS)"
	kill "$server"
	wait "$server"
	"$O/tests/bench/limit-idle" "$work/limit.db" >ready.limit &
	limit=$!
	until [ -s ready.limit ]; do sleep 0.1; done
	note "limit: it has opened the same libraries" \
		"$(awk '/^Pss:/ { print $2 }' "/proc/$limit/smaps_rollup") KiB"
	kill "$limit"
	wait "$limit"
	idle_of "all of it"
	kill "$server"
	wait "$server"
	idle_of "all of it, --single" --single
}

for row in "${@:-get list busy idle}"; do
	for one in $row; do
		$one
	done
done
