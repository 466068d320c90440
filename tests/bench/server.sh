#!/bin/bash
# server.sh O [ROW...]: a whole server: from a trigger to a stored result, with and without a checkout, how fast a
# queue drains, what a build of many jobs takes, and the server itself when nothing happens. Rows: one checkout
# drain many idle.
set -u
O=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
tools=$O/tests/bench
work=$(mktemp -d "${BENCH_DIR:-$O}/server-XXXXXX") || exit 1
run=$(mktemp -d /dev/shm/mci-server-XXXXXX 2>/dev/null) || run=$work/run
export PATH="$O/bin:$PATH" LC_ALL=C HOME="$work" XDG_RUNTIME_DIR="$run" XDG_STATE_HOME="$work/state"
mkdir -p "$run" && chmod 700 "$run"
unset MCI_API MCI_EVENTS MCI_STORE MCI_LOG
server=''
trap '[ -z "$server" ] || kill $server; wait; cd /; rm -rf "$work" "$run"' EXIT
trap 'exit 130' INT TERM
# shellcheck source=tests/bench/lib.sh
. "$here/lib.sh"
cd "$work" || exit 1
api=unix:$run/mci/mci.sock

# up OPTION...: returns when it is ready
up() {
	mkfifo "$work/ready" 2>/dev/null
	mci-supervise -l 127.0.0.1:0 --ready-fd 3 "$@" 3>"$work/ready" >server.out 2>server.err &
	server=$!
	read -r _ <"$work/ready"
}
down() {
	kill $server
	wait $server
	server=''
}
repo() {
	mci call -a "$api" org/put id=b >reply 2>&1
	mci call -a "$api" repo/put org=b id="$1" ${2:+url="$2"} main=main >reply || exit 1
}
figure() {
	awk -F'\t' -v name="$1" -v column="$2" '$1 == name { print $column }' figures
}
echo '{"id":"t","argv":["true"]}' >one.ndjson

one() {
	heading "From mci trigger to the stored result of one 'true', no checkout (ms)"
	repo one
	for _ in 1 2 3 4 5; do
		mci trigger -q --wait b/one - <one.ndjson || exit 1
	done
	"$tools/measure" -n 60 -i one.ndjson ours mci trigger -q --wait b/one - \
		--- limit "$tools/limit-sequence" "$work/limit" 8 mci-build mci-job true >figures || exit 1
	row "median, beside two starts, a spawn, 8 syncs" "$(figure ours 2)" "$(figure limit 2)" ms '<' 1.3
	row "least, beside the same" "$(figure ours 3)" "$(figure limit 3)" ms '<' 1.3
	row "median, beside Laminar's 16 ms" "$(figure ours 2)" 16 ms '<' 1
}

checkout() {
	heading "The same with a checkout of a small repository (ms)"
	git -c init.defaultBranch=main init -q small
	mkdir small/.mci && printf '#!/bin/sh\ncat "${0%%/*}/specs"\n' >small/.mci/build && chmod +x small/.mci/build
	cp one.ndjson small/.mci/specs
	seq 1000 >small/file
	git -C small add -A && git -C small -c user.name=b -c user.email=b@b commit -qm b
	repo small "$work/small"
	mci trigger -q --wait b/small || exit 1
	git init -q --bare mirror
	cat >sequence <<-'END'
		#!/bin/sh
		# what git and a spawn take, and nothing else
		git -C mirror fetch -q "$1" +refs/heads/main:refs/heads/m &&
		git init -q "c$$" && echo "$PWD/mirror/objects" >"c$$/.git/objects/info/alternates" &&
		git -C "c$$" checkout -q --detach "$(git -C mirror rev-parse refs/heads/m)" && true
	END
	chmod +x sequence
	"$tools/measure" -n 40 ours mci trigger -q --wait b/small --- limit ./sequence "$work/small" >figures
	row "median, beside git's fetch, checkout and a spawn" "$(figure ours 2)" "$(figure limit 2)" ms '<' 1.3
}

drain() {
	heading "500 queued builds of one 'true' (ms a build)"
	down
	up "$work/wiring-without"
	repo many
	seq 500 | xargs -P 4 -I N sh -c 'mci trigger -q --key N b/many - <one.ndjson'
	mci call -a "$api" token/create agent=local | sed 's/.*"token":"\([^"]*\)".*/\1/' >token
	"$tools/measure" -n 1 drain sh -c '
		mci-agent -j 2 -a "$0" --token-file token --workdir agent >agent.out 2>&1 &
		until [ "$(mci ls -q --status queued --limit 1 b/many | wc -l)" = 0 ]; do sleep 0.1; done
		kill $!; wait' "$api" \
		--- local sh -c 'seq 500 | xargs -P 2 -I N sh -c "mci-build -q - <one.ndjson"' >figures
	row "a build, beside mci-build alone on both cores" "$(awk "BEGIN { print $(figure drain 3) / 500 }")" \
		"$(awk "BEGIN { print $(figure local 3) / 500 }")" ms '<' 1
	down
	up
}

# An agent of our own, whose jobs run by that runner.
agent() {
	mci-agent --runner "$1" -a "$api" --token-file token --workdir agent >agent.out 2>&1 &
	agent=$!
}

many() {
	heading "One build of 1,000 jobs 'true' (jobs a second)"
	seq 1000 | sed 's/.*/{"id":"j&","argv":["true"]}/' >many.ndjson
	down
	up "$work/wiring-without"
	repo thousand
	mci call -a "$api" token/create agent=many | sed 's/.*"token":"\([^"]*\)".*/\1/' >token
	for runner in host sandbox; do
		agent $runner
		mci trigger -q --wait b/thousand - <one.ndjson || exit 1
		"$tools/measure" -n 3 server sh -c 'mci trigger -q --wait b/thousand - <many.ndjson' \
			--- local sh -c "mci-build -q --runner $runner - <many.ndjson" >figures || exit 1
		kill $agent
		wait $agent
		row "a server's build, on $runner, beside mci-build" "$(awk "BEGIN { print 1e6 / $(figure server 3) }")" \
			"$(awk "BEGIN { print 1e6 / $(figure local 3) }")" /s '>' "$([ $runner = host ] && echo 0.25 || echo 0.75)"
	done
	down
	up
}

idle() {
	heading "A server that has nothing to do"
	pss=0
	for pid in $server $(pgrep -P $server); do
		pss=$((pss + $(awk '/^Pss:/ { n += $2 } END { print n }' "/proc/$pid/smaps_rollup")))
	done
	bound "memory of all its processes (PSS)" "$(awk "BEGIN { print $pss / 1024 }")" MiB 8
	if have strace; then
		traced=''
		for pid in $server $(pgrep -P $server); do
			traced="$traced -p $pid"
		done
		# shellcheck disable=SC2086 # words
		timeout 10 strace -f -qq -c -o calls $traced 2>/dev/null
		bound "system calls in ten seconds" "$(awk '$NF == "total" { print $(NF - 1) } END { if (!NR) print 0 }' calls)" "" 4
	fi
}

mci-supervise --print-wiring | sed '/^token:/,$d' >wiring-without
up
[ $# -gt 0 ] || set -- one checkout drain many idle
for r; do
	"$r"
done
