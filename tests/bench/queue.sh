#!/bin/bash
# queue.sh O [ROW...]: the queue of builds: how fast what the hub says is in the store's rows, how long a trigger, a
# page of a million builds and a claim take. Rows: events page trigger drain.
set -u
O=$(cd "$1" && pwd)
shift
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${BENCH_DIR:-$O}/queue-XXXXXX") || exit 1
run=$(mktemp -d /dev/shm/mci-queue-XXXXXX 2>/dev/null) || run=$work
export PATH="$O/bin:$PATH" LC_ALL=C
hub='' store=''
# shellcheck disable=SC2086 # none, or one
trap 'kill $hub $store 2>/dev/null; wait; cd /; rm -rf "$work" "$run"' EXIT
trap 'exit 130' INT TERM
# shellcheck source=tests/bench/lib.sh
. "$here/lib.sh"
cd "$work" || exit 1

ended() {
	# shellcheck disable=SC2086 # none, or one
	kill $store $hub 2>/dev/null
	wait
	store='' hub=''
}

# serves: a hub and a store, with what is in the work folder
serves() {
	mci-events serve -l "unix:$run/hub" --dir "$work/log" &
	hub=$!
	mci-store serve -l "unix:$run/store" --dir "$work/store" --events "unix:$run/hub" 2>>"$work/errors" &
	store=$!
	until mci call -a "unix:$run/store" build/status >status 2>&1; do sleep 0.05; done
}

# fresh: the same with nothing in it but a repository
fresh() {
	ended
	rm -rf "$work/log" "$work/store"
	serves
	mci call -a "unix:$run/store" org/put id=o >reply
	mci call -a "unix:$run/store" repo/put org=o id=r url=/x >reply
	token=$(mci call -a "unix:$run/store" token/create agent=a | sed 's/.*"token":"\([^"]*\)".*/\1/')
}

load() {
	python3 "$here/queueload.py" "$run/store" "$run/hub" "$token" "$1" >figures || exit 1
}

# got NAME: what the load says of it
got() {
	awk -v name="$1" '$1 == name { print $2 }' figures
}

events() {
	heading "What the hub says, in the store's rows (thousand events a second)"
	fresh
	load events
	row "events of 50 builds, beside 50" "$(awk '{ print $2 / 1000 }' figures)" 50 k/s '>' 1
}

page() {
	heading "A page of 50 of a million builds (ms, with the way there and back)"
	fresh
	ended
	python3 "$here/queueload.py" "$work/store/store.db" - - rows
	serves
	load page
	for way in all repo middle branch status; do
		bound "$way" "$(got $way)" ms 1
	done
}

trigger() {
	heading "A build accepted, on the disk (ms)"
	fresh
	load trigger
	bound "one after the other" "$(got one)" ms 16
	bound "100 at a time" "$(got many)" ms 2
}

drain() {
	heading "Builds claimed, said to have ended, and ended (ms each)"
	fresh
	load drain
	row "with 10,000 waiting, beside 500" "$(got many)" "$(got few)" ms '<' 1.2
	bound "a claim with 10,000 waiting" "$(got many-claim)" ms 5
}

# shellcheck disable=SC2068
for name in ${@:-events page trigger drain}; do
	$name
done
