#!/bin/bash
# run.sh O [ROW...]: figures of the programs in O/bin beside plain C programs that do the least (the limits) and
# the tools that one would use instead, all in one run. What counts are the ratios; each has what is wanted of it
# beside it. ROW is a name in the table of rows at the end; without any all are run. Times are the least of
# several rounds. What is written goes below BENCH_DIR, else O. Run it on a quiet machine, and not in the
# minute after many files were removed from that disk: ext4 makes new ones several times slower then.
set -u
O=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
tools=$O/tests/bench
work=$(mktemp -d "${BENCH_DIR:-$O}/bench-XXXXXX") || exit 1
# sockets are where a login puts them: in memory
run=$(mktemp -d /dev/shm/mci-bench-XXXXXX 2>/dev/null) || run=$work/run
trap 'cd /; rm -rf "$work" "$run"' EXIT
trap 'exit 130' INT TERM
export PATH="$O/bin:$PATH" LC_ALL=C
export XDG_STATE_HOME="$work/state" XDG_RUNTIME_DIR="$run" XDG_CONFIG_HOME="$work/config" HOME="$work"
mkdir -p "$run" && chmod 700 "$run"

# shellcheck source=tests/bench/lib.sh
. "$here/lib.sh"

# figure NAME COLUMN: of the last measure; columns: 2 median ms, 3 least ms, 4 processor ms, 5 KiB
figure() {
	awk -F'\t' -v name="$1" -v column="$2" '$1 == name { print $column }' "$work/figures"
}

# Processor time, which tells more than the clock when the machine is busy with other things.
cpu() {
	note "  processor time of both" "$(figure "$1" 4) $(figure "$2" 4) ms"
}

# Nothing is removed between the rounds, for the reason above.
measure() {
	"$tools/measure" "$@" >"$work/figures" || { echo "  measuring failed" >&2; : >"$work/figures"; return 1; }
}

# 2,000 trivial jobs, two at a time, logs and events kept
dispatch() {
	heading "2,000 jobs '/bin/true' at -j2 (ms)"
	"$here/graph" wide 2000 "$work/wide2000"
	cd "$work/wide2000" || return
	mkdir -p logs
	measure -n 5 -i jobs.ndjson \
		mci mci-build --progress none -j2 - \
		--- json mci-build --json -j2 - \
		--- limit "$tools/limit-spawn" 2000 2 logs /bin/true \
		--- make make -s -j2 all \
		--- ninja ninja -j2 || return
	row "mci-build, beside spawn+pipe+log+journal in C" "$(figure mci 3)" "$(figure limit 3)" ms '<' 1.15
	row "mci-build --json, beside the same" "$(figure json 3)" "$(figure limit 3)" ms '<' 1.15
	cpu mci limit
	row "mci-build, beside ninja -j2 (keeps no logs)" "$(figure mci 3)" "$(figure ninja 3)" ms '<' 0.75
	note "make -j2 (keeps no logs)" "$(figure make 3) ms"
}

# scripts that need a shell
shells() {
	heading "1,000 jobs of two commands at -j2 (ms)"
	mkdir -p "$work/shells/logs"
	cd "$work/shells" || return
	awk 'BEGIN { for (i = 0; i < 1000; i++) printf "{\"id\":\"j%d\",\"script\":[\"X=1; /bin/true $X\"]}\n", i }' >jobs.ndjson
	measure -n 5 -i jobs.ndjson \
		mci mci-build --progress none -j2 - \
		--- limit "$tools/limit-spawn" 1000 2 logs /bin/sh -c 'X=1; /bin/true $X' || return
	row "mci-build, beside sh -c spawned in C" "$(figure mci 3)" "$(figure limit 3)" ms '<' 1.1
	cpu mci limit
}

# reading, checking and planning graphs
plan() {
	heading "Plans of 10,000 jobs (ms)"
	for shape in chain wide layered; do
		"$here/graph" $shape 10000 "$work/$shape"
		cd "$work/$shape" || return
		measure -n 5 -i jobs.ndjson \
			mci mci-build --plan - --- make make -n -s all --- ninja ninja -n || return
		row "$shape: mci-build --plan, beside make -n" "$(figure mci 3)" "$(figure make 3)" ms '<' 1
		row "$shape: mci-build --plan, beside ninja -n" "$(figure mci 3)" "$(figure ninja 3)" ms '<' 1
		big=$(figure mci 5)
		"$tools/measure" -n 1 one mci-build --plan "$here/one.yaml" >"$work/small"
		bound "$shape: memory a job" \
			"$(awk -F'\t' -v big="$big" '{ print (big - $5) / 10000 }' "$work/small")" KiB 1.5
	done
}

# the cost of a job by the number of jobs
scale() {
	heading "Cost of a job by how many there are, -j2 (ms a job)"
	for n in 100 1000 10000 100000; do
		"$here/graph" wide $n "$work/scale$n"
		cd "$work/scale$n" || return
		rounds=$((n < 5000 ? 3 : 1))
		measure -n $rounds -i jobs.ndjson mci mci-build --progress none -j2 - || return
		cost=$(awk -v ms="$(figure mci 3)" -v n=$n 'BEGIN { print ms / n }')
		[ $n = 100 ] && first=$cost
		row "$n jobs, beside 100 jobs" "$cost" "$first" ms '<' 1.1
		note "  its memory" "$(figure mci 5) KiB"
	done
}

# one build of one job
single() {
	heading "One build of one job 'true' (ms)"
	mkdir -p "$work/one/.mci"
	cd "$work/one" || return
	cp "$here/one.yaml" .mci/build.yaml
	printf 'all:\n\t@/bin/true\n' >Makefile
	measure -n 50 mci mci-build -q --- make make -s || return
	row "mci-build, beside make" "$(figure mci 3)" "$(figure make 3)" ms '<' 2
	cpu mci make
	peer=$O/peers/node_modules/.bin/gitlab-ci-local
	if ! [ -x "$peer" ] && have npm; then
		npm install --silent --no-audit --no-fund --prefix "$O/peers" 'gitlab-ci-local@<=4.56' >"$work/npm" 2>&1
	fi
	if [ -x "$peer" ]; then
		printf 'one:\n  script:\n    - "true"\n' >.gitlab-ci.yml
		git init -q . && git -c user.name=a -c user.email=a@localhost commit -q --allow-empty -m one
		git remote add origin git@localhost:group/project.git
		ours=$(figure mci 3)
		measure -n 3 peer "$peer" --shell-executor-no-image 2>/dev/null && theirs=$(figure peer 3) &&
			row "gitlab-ci-local, beside mci-build" "$theirs" "$ours" ms '>' 100
	else
		note "gitlab-ci-local" "skipped: npm could not install it"
	fi
}

# memory while a job sleeps
resident() {
	heading "Resident while a job sleeps (KiB)"
	cd "$work" || return
	echo '{"id":"sleep","argv":["sleep","30"]}' >sleep.ndjson
	mci-build --json - <sleep.ndjson >events &
	build=$!
	until grep -q '"type":"job/start"' events; do sleep 0.05; done
	for pid in $build $(pgrep -P $build) $(pgrep -P "$(pgrep -P $build | head -n 1)"); do
		name=$(cat /proc/"$pid"/comm)
		case $name in
		mci-*)
			bound "$name" "$(awk '/^VmRSS/ { print $2 }' /proc/"$pid"/status)" KiB 4096
			note "  of it its own (PSS)" "$(awk '/^Pss:/ { print $2 }' /proc/"$pid"/smaps_rollup) KiB"
			;;
		esac
	done
	kill -TERM $build
	wait $build 2>/dev/null
	return 0
}

# a job that prints a lot
output() {
	heading "A job that prints 750 MB in short lines (MB/s)"
	cd "$work" || return
	printf '{"id":"much","argv":["%s","750000000"]}\n' "$tools/lines" >much.ndjson
	cat >cat.sh <<END
'$tools/lines' 750000000 | cat >'$work/copy'
END
	measure -n 3 -i much.ndjson -b "rm -rf '$work/copy' $XDG_STATE_HOME; sync" \
		mci mci-build --progress none - --- cat sh cat.sh || return
	rate() { awk -v ms="$1" 'BEGIN { print 750000 / ms }'; }
	row "mci-build with log and index, beside cat >file" "$(rate "$(figure mci 3)")" "$(rate "$(figure cat 3)")" MB/s '>' 0.8
	rm -f copy
	for script in "$here"/ingest*.sh; do
		[ -x "$script" ] && "$script" "$O"
	done
}

# reading logs back
reading() {
	heading "Reading a log of 1 GB"
	"$here/reading.sh" "$O"
}

# a reader that stops
stopped() {
	heading "A reader of the events that stops for 5 s (2,000 jobs)"
	"$here/graph" wide 2000 "$work/stop"
	cd "$work/stop" || return
	rounds=0
	elapsed() { sed -n 's/.*"type":"build\/end".*"elapsed":\([0-9.]*\).*/\1/p' "$XDG_STATE_HOME/mci/builds/local/stop/$rounds/events.ndjson"; }
	for reader in cat 'sleep 5; cat'; do
		rounds=$((rounds + 1))
		"$tools/measure" -n 1 -i jobs.ndjson mci \
			sh -c "mci-build --json -j2 - | ($reader) >'$work/read'" >"$work/figures" || return
		cmp -s "$work/read" "$XDG_STATE_HOME/mci/builds/local/stop/$rounds/events.ndjson" || note "$reader" "MISSED events"
		[ "$reader" = cat ] && plain=$(elapsed) memory=$(figure mci 5)
	done
	row "elapsed of the build, beside a reader that reads" "$(elapsed)" "$plain" s '<' 1.1
	row "memory" "$(figure mci 5)" "$memory" KiB '<' 1.1
}

# jobs kept from the machine
sandbox() {
	"$here/sandbox.sh" "$O"
}

# secrets taken out of a log
mask() {
	"$here/mask.sh" "$O"
}

# jobs with an image
containers() {
	"$here/containers.sh" "$O"
}

# jobs on another machine
ssh() {
	"$here/ssh.sh" "$O"
}

# the event hub beside others
events() {
	"$here/events.sh" "$O"
}

# files kept and fetched, beside archivers and other stores
blob() {
	"$here/blob.sh" "$O"
}

# files of a server over HTTP
remote() {
	"$here/remote.sh" "$O"
}

# the store's queue of builds
queue() {
	"$here/queue.sh" "$O"
}

# a whole server
server() {
	"$here/server.sh" "$O"
}

# HTTP beside nginx
api() {
	"$here/api.sh" "$O"
}

# streams over HTTP
stream() {
	"$here/stream.sh" "$O"
}

rows='dispatch shells plan scale single resident output reading mask containers ssh stopped events queue blob remote server api stream'
printf '%s, %s processors, %s\n' "$(mci-build --version)" "$(nproc)" "$(uname -sr)"
# shellcheck disable=SC2068,SC2086
for name in ${@:-$rows}; do
	$name || note "$name" "FAILED"
done
