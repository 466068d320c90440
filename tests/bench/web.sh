#!/bin/bash
# web.sh O [ROW...]: the page in Chromium: the dashboard of 100 repositories, a build of 1,000 jobs, a log of 100 MB and
# one that grows by 10,000 lines a second. Rows: dashboard jobs log live. Needs chromium, node and what 'make tests'
# installs for it.
set -u
O=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${BENCH_DIR:-$O}/web-XXXXXX") || exit 1
run=$(mktemp -d /dev/shm/mci-web-XXXXXX 2>/dev/null) || run=$work/run
export PATH="$O/bin:$PATH" LC_ALL=C HOME="$work" XDG_RUNTIME_DIR="$run" XDG_STATE_HOME="$work/state"
export MODULES="$O/web/node_modules"
mkdir -p "$run" && chmod 700 "$run"
unset MCI_API MCI_EVENTS MCI_STORE MCI_LOG
server='' agent=''
# shellcheck disable=SC2086 # there may be none
trap 'kill $agent $server 2>/dev/null; wait; cd /; rm -rf "$work" "$run"' EXIT
trap 'exit 130' INT TERM
# shellcheck source=tests/bench/lib.sh
. "$here/lib.sh"
cd "$work" || exit 1
if ! have jq || ! have node || ! have python3 || ! [ -d "$MODULES/playwright-core" ] || ! [ -x "${CHROMIUM:-/usr/bin/chromium}" ]; then
	note "web" "skipped: jq, node, python3, chromium or playwright-core is missing"
	exit 0
fi

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export MCI_API="unix:$run/mci/mci.sock"
mkfifo ready
mci-supervise --print-wiring | sed '/^# What the store knows/,$d' >wiring
mci-supervise -l "127.0.0.1:$port" --dir data --ready-fd 3 wiring 3>ready >server.out 2>server.err &
server=$!
read -r _ <ready
(umask 077 && mci call -a "$MCI_API" token/create agent=local | jq -r .token >agent.token)
mci-agent --token-file agent.token --workdir agent --runner host -j 2 --ready-fd 3 3>ready >agent.out 2>&1 &
agent=$!
read -r _ <ready
token=$(mci call -a "$MCI_API" token/create name=person 'scopes:=["write"]' | jq -r .token)
mci call -a "$MCI_API" org/put id=b >reply

# browse WHAT [BUILD]: its figures, a name and a value a line
browse() {
	timeout 300 node "$here/web.mjs" "http://127.0.0.1:$port" "$token" "$@" >figures || {
		echo "  measuring failed" >&2
		: >figures
	}
}
# what could not be measured is as bad as can be
figure() {
	awk -v name="$1" '$1 == name { print $2; found = 1 } END { if (!found) print 1e9 }' figures
}
repo() {
	mci call -a "$MCI_API" repo/put org=b id="$1" main=main >reply || exit 1
}

dashboard() {
	heading "The dashboard of 100 repositories with 20 builds each (ms)"
	echo '{"id":"t","argv":["true"]}' >one.ndjson
	for i in $(seq 100); do
		repo "repo$i"
	done
	# shellcheck disable=SC2016 # for the shells
	seq 2000 | xargs -P 4 -I N sh -c 'mci trigger -q --key N b/repo$((N % 100 + 1)) - <one.ndjson'
	until [ "$(mci call -a "$MCI_API" build/status | jq '.waiting + .held')" = 0 ]; do
		sleep 0.5
	done
	browse dashboard
	bound "largest contentful paint, first visit" "$(figure paint)" ms 300
	bound "until all cards are there" "$(figure cards)" ms 300
}

jobs() {
	heading "A build of 1,000 jobs (ms)"
	repo jobs
	awk 'BEGIN {
		for (i = 0; i < 1000; i++)
			printf "{\"id\":\"job%d\",\"argv\":[\"true\"]%s}\n", i,
				i < 27 ? "" : sprintf(",\"depends-on\":[\"job%d\",\"job%d\"]", i - 20, i - 20 - i % 7)
	}' | mci trigger -q --wait b/jobs - || exit 1
	browse jobs b/jobs/1
	bound "until its list is drawn" "$(figure list)" ms 500
	bound "until its graph is, from the list" "$(figure graph)" ms 500
	bound "a frame, scrolling the list" "$(figure list-frame)" ms 20
	bound "a frame, scrolling the graph" "$(figure graph-frame)" ms 20
}

log() {
	heading "A log of 100 MB (ms)"
	repo log
	cat >job <<'END'
awk 'BEGIN { for (i = 1; i <= 1900000; i++) printf "\033[3%dmline %010d\033[0m of a long log, %d words\n", i % 8, i, i; print "error: at last" }'
END
	jq -Rsc '{id: "long", script: [.]}' job | mci trigger -q --wait b/log - || exit 1
	browse log b/log/1/long
	note "its size" "$(figure megabytes) MB"
	bound "until its first lines" "$(figure first)" ms 300
	bound "until its end" "$(figure end)" ms 1000
	bound "until a line is found" "$(figure search)" ms 2000
	bound "memory of the tab (PSS)" "$(figure memory)" MB 150
}

live() {
	heading "A log that grows by 10,000 lines a second, for 20 seconds (ms)"
	repo live
	# each line says when it was written
	cat >job <<'END'
python3 -c '
import sys, time
begin = time.time()
for n in range(2000):
    time.sleep(max(0, begin + n * 0.01 - time.time()))
    sys.stdout.write("".join("%d line %d of many\n" % (time.time() * 1000, n * 100 + i) for i in range(100)))
    sys.stdout.flush()
'
END
	build=$(jq -Rsc '{id: "talk", script: [.]}' job | mci trigger b/live - | head -n 1)
	browse live "$build/talk"
	bound "how far behind it is, at most" "$(figure behind)" ms 1000
	bound "a key until it is seen, at most" "$(figure key)" ms 200
	note "frames a second" "$(figure frames)"
	mci wait -q "$build"
}

[ $# -gt 0 ] || set -- dashboard jobs log live
for r; do
	"$r"
done
