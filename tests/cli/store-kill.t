#!/bin/sh
# What the queue has accepted outlives any end of the store and of the hub, and no run of a build is given to two.
#
# KILLS=N how often the store is killed, SEED=S what the clients do.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"
. "$ROOT/tests/cli/queue-lib.sh"
need jq python3
peer() {
	python3 "$ROOT/tests/cli/queue-peer.py" "$@"
}
hub_path=$T/hub store_path=$T/store
KILLS=${KILLS:-10} SEED=${SEED:-1}

# ---- the hub is away while builds are accepted, and while they end

start_hub && start_store && has_org || exit 1
ask build/trigger repo=o/r >"$out"
wait_until "waited for the events of o/r/1" status_is o/r/1 queued
claim a
stop_hub -KILL
for _ in 1 2 3; do
	ask build/trigger repo=o/r >>"$out"
done
is "$(jq -r .build "$out" | tr '\n' ' ')" "o/r/1 o/r/2 o/r/3 o/r/4 " "builds are accepted without the hub"
is "$(say build/renew)" '{"seconds":10}' "and leases renewed"
run timeout 20 mci call -a "$store" build/end "build=$build" "run:=$run" "lease=$lease" status=success
like "$status $(cat "$err")" "^75 .*hub is away" "whether a build has ended cannot be told without it: try again"
is "$(say build/renew)" '{"seconds":10}' "who has it keeps it"
stop_store -KILL
start_hub && start_store
is "$(say build/end status=success)" '{"status":"success"}' "with the hub it can"
wait_until "waited for the end of o/r/1" status_is o/r/1 success
for n in 2 3 4; do
	wait_until "waited for the events of o/r/$n" test -s "$stored/builds/o/r/$n.ndjson"
done
is "$(cat "$log"/*.ndjson | jq -r 'select(.type=="build/triggered").build' | tr '\n' ' ')" "o/r/1 o/r/2 o/r/3 o/r/4 " \
	"and hears of all that was accepted, in its order"

# ---- the store is away while builds end

claim b
stop_store -KILL
publish_build o/r/2 1 1 build/start '"schema":1,"folder":"/b","logs":"/l","dir":"/d","definition":"-","pid":1'
publish_build o/r/2 1 2 build/end '"status":"failure"'
start_store
wait_until "waited for the end of o/r/2" status_is o/r/2 failure
pass "a store that was away learns what ended"
is "$(say build/end status=error)" '{"status":"failure"}' "and that counts"
claim c
claim d
is "$build $(ask build/list status=queued | jq '.builds|length')" "o/r/4 0" "the others were not lost"
claim c && say build/end status=success >"$out"
claim d && say build/end status=success >"$out"

# ---- two agents ask at once

i=0
while [ "$i" -lt 200 ]; do
	i=$((i + 1))
	printf '{"jsonrpc":"2.0","id":%d,"method":"build/trigger","params":{"repo":"o/r"}}\n' "$i"
done | mci relay "$store" >"$T/replies"
is "$(jq -c '.result.created' "$T/replies" | sort | uniq -c | tr -s ' ')" " 200 true" "many triggers at once are as many builds"
peer claims "$store_path" "$token" one 5000 one & one=$!
peer claims "$store_path" "$token" two 5000 two & two=$!
started="$started $one $two"
wait "$one" && wait "$two"
is "$? $(peer twice one two)" "0 10000 []" "of 10000 claims by two agents no run of a build is given twice"

# ---- the disk is full

cat >full.sh <<'SCRIPT'
# full.sh FOLDER HUB SOCKET: what is accepted and what comes while the store's disk is full
mount -t tmpfs -o size=3m none "$1" || exit 99
ask() {
	mci call -a "$socket" "$@"
}
socket=unix:$3
mkfifo "$1/ready"
mci-store serve -l "unix:$3" --dir "$1/store" --events "$2" --ready-fd 3 3<>"$1/ready" 2>"$1.err" &
read -r _ <"$1/ready"
ask org/put id=o >&2 && ask repo/put org=o id=f url=/f >&2
token=$(ask token/create agent=full | jq -r .token)
ask build/trigger repo=o/f >&2
ask build/claim "token=$token" id=full >&2
n=1
message=$(printf '%016000d' 0)
while [ "$n" -lt 500 ] && ask build/trigger repo=o/f "message=$message" >&2; do
	n=$((n + 1))
done
dd if=/dev/zero of="$1/rest" bs=1k 2>/dev/null
echo "listed $(ask build/list repo=o/f limit:=1000 | jq '.builds|length')"
printf '{"type":"build/end","time":"2026-11-23T18:00:00.000Z","build":"o/f/1","run":1,"seq":1,"status":"success"}\n' |
	mci-events pub -a "$2" --sync disk -q
tries=200
until grep -q 'events of builds wait' "$1.err"; do
	tries=$((tries - 1))
	[ "$tries" -gt 0 ] || break
	sleep 0.05
done
rm "$1/rest"
mount -o remount,size=64m "$1"
tries=400
until [ "$(ask build/get build=o/f/1 | jq -r .status) $(cat "$1"/store/builds/o/f/*.ndjson | grep -c build/queued)" = "success $n" ]; do
	tries=$((tries - 1))
	[ "$tries" -gt 0 ] || break
	sleep 0.05
done
echo "accepted $n"
echo "ended $(ask build/get build=o/f/1 | jq -r .status)"
echo "told $(cat "$1"/store/builds/o/f/*.ndjson | jq -r 'select(.type=="build/triggered").build' | sort -u | wc -l)"
kill $!
wait $!
SCRIPT
if unshare -m true 2>/dev/null; then
	mkdir disk
	timeout 120 unshare -m sh full.sh "$PWD/disk" "$hub" "$T/full" >"$out" 2>"$err"
	accepted=$(sed -n 's/^accepted //p' "$out")
	has "$err" "No space left on device" "a full disk accepts no more, and says why"
	is "$(grep -v accepted "$out" | tr '\n' ' ')" "listed $accepted ended success told $accepted " \
		"what was accepted is there, and what came meanwhile is known when there is room"
else
	skip 2 "may not mount"
fi

# ---- killed at any moment

stop_store
rm -rf "$stored" "$T/log" && stop_hub && start_hub && start_store && has_org || exit 1
peer triggers "$store_path" 150 "$SEED" accepted &
clients=$!
for agent in 1 2 3; do
	peer agent "$store_path" "$hub_path" "$token" "agent$agent" 1000 "$SEED$agent" "agent$agent" &
	clients="$clients $!"
done
started="$started $clients"
for i in $(seq "$KILLS"); do
	sleep "0.$(printf %03d $(((i * 7919 + SEED * 104729) % 400)))" # a moment of no promise, not a wait
	stop_store -KILL
	[ $((i % 4)) != 0 ] || { stop_hub -KILL && start_hub; }
	start_store || break
done
all_ended() {
	ask build/status | jq -e '.waiting + .held + .changes == 0' && [ "$(grep -c . accepted)" = 150 ]
}
PATIENCE=60 wait_until "waited for the end of all builds" all_ended
touch agent1.stop agent2.stop agent3.stop
for pid in $clients; do
	wait_end "$pid"
done
stop_store
is "$(peer judge "$stored" accepted agent1 agent2 agent3)" '' \
	"a store that is killed loses nothing that it accepted, and every build ends once (SEED=$SEED)"
start_store
ask store/rebuild >"$out"
stop_store
is "$(peer judge "$stored" accepted agent1 agent2 agent3)" '' "and its rows made anew say the same"
finish
