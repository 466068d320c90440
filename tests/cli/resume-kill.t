#!/bin/sh
# Builds whose parts are killed again and again, at any event: each ends once, with all its jobs, and no job that had
# ended runs again. ROUNDS builds, of SEED.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"
. "$ROOT/tests/cli/order-lib.sh"
need jq nc python3

ROUNDS=${ROUNDS:-4} SEED=${SEED:-1}
start_hub
start_logs
store=$T/store
python3 "$ROOT/tests/cli/store-stub.py" "$store" "$log" >"$T/store.out" 2>"$T/store.err" &
started="$started $!"
wait_for_line "$T/store.out" ready

mkdir -p checkout/.mci
cat >checkout/.mci/build <<'SCRIPT'
#!/bin/sh
job() { printf '{"id":"%s","script":["echo $MCI_ATTEMPT >>../ran.%s","sleep 0.02"]%s}\n' "$1" "$1" "$2"; }
job a
job b ',"depends-on":["a"]'
job c ',"depends-on":["b"]'
job d
printf '{"id":"e","script":["echo $MCI_ATTEMPT >>../ran.e","mci add g --after d -- sh -c \\"echo x >>../ran.g; sleep 0.02\\""]}\n'
job f ',"depends-on":["c","d","e"]'
SCRIPT
chmod +x checkout/.mci/build

# pick N: a number from 1 to N, of the seed
pick() {
	SEED=$(((SEED * 1103515245 + 12345) % 2147483648))
	picked=$((SEED / 65536 % $1 + 1))
}
reached() { is_gone "$builder" || [ "$(wc -l <b/events.ndjson 2>/dev/null || echo 0)" -ge "$1" ]; }
in_checkout() {
	for process in /proc/[0-9]*; do
		case $(readlink "$process/cwd" 2>/dev/null) in
		"$PWD/checkout"*) echo "${process#/proc/}" ;;
		esac
	done
}
nobody() { [ -z "$(in_checkout)" ]; }

# cut KIND: what happens to the run
cut() {
	# shellcheck disable=SC2046 # words
	case $1 in
	1) kill -KILL "$builder" ;;
	2) let_go ;;
	3) kill -KILL "$builder" $(descendants "$builder") ;;
	esac 2>/dev/null
	wait_end "$builder"
}

# judge BUILD: what is wrong with what the hub has of it
judge() {
	hub_events "$1" | jq -n -r '[inputs] as $all | [$all[] | select(.seq)] as $own
		| (if [$own[].seq] == [range(1; ($own | length) + 1)] then empty else "seq: \([$own[].seq])" end),
		(if ([$own[] | select(.type == "build/end") | .status] | unique) == ["success"] then empty else "ends: \([$own[] | select(.type == "build/end") | .status])" end),
		(if ([$own[] | select(.type == "job/end") | .job] | sort) == ["a","b","c","d","e","f","g"] then empty else "job ends: \([$own[] | select(.type == "job/end") | .job])" end),
		($own[] | select(.type == "job/end") | . as $x | $own[] | select(.job == $x.job and .seq > $x.seq) | "behind the end: \(.job) \(.type)"),
		($own[] | select(.type == "job/end" and .status != "success") | "\(.job): \(.status) \(.reason)")'
	hub_events "$1" | jq -r 'select(.type == "job/end" and .job != "g") | "\(.job) \(.attempt)"' |
		while read -r job attempt; do
			[ "$(tail -n 1 "ran.$job")" = "$attempt" ] || echo "$job ran behind its end: $(tr '\n' ' ' <"ran.$job") of $attempt"
		done
	# a log is of the run in which its attempt was; a later one may have said what came of it
	hub_events "$1" | jq -n -r '[inputs | select(.type == "job/executed")] | group_by(.job)[] | last | "\(.job) \(.run) \(.attempt)"' |
		while read -r job run attempt; do
			whole=$(mci call -a "$logs" log/get "build=$1" "job=$job" "run:=$run" "attempt:=$attempt" 2>&1 | jq -c '[.open, .truncated]')
			[ "$whole" = '[false,false]' ] || echo "the log of $job@$run/$attempt: $whole"
		done
}

round=0
while [ "$round" -lt "$ROUNDS" ]; do
	round=$((round + 1)) run=1 seed=$SEED told=''
	rm -rf ran.* b
	while :; do
		resume=workspace
		order "o/c/$round" "$run" "{\"store\":\"$store\",\"log\":\"$logs\",\"jobs\":3,\"resume\":\"$resume\"}"
		ordered
		pick 70
		[ "$run" -lt 5 ] || picked=1000
		events=$picked
		wait_until "an event comes" reached "$events"
		is_gone "$builder" && break
		pick 3
		told="$told $run:$events:$picked"
		cut "$picked"
		[ "$picked" = 2 ] || let_go
		run=$((run + 1))
	done
	wait_end "$builder"
	let_go
	printf '%s' "$status" | grep -qx 0 || echo "exit $status" >wrong
	judge "o/c/$round" >>wrong
	wait_until "no process is left" nobody
	if [ -s wrong ]; then
		cat build.err >>wrong
		fail "round $round, seed $seed, killed at run:event:kind$told" wrong
	fi
	rm -f wrong
done
pass "$ROUNDS builds whose parts were killed"

# ---- the same in a terminal
cd checkout || exit 1
told_of() { is_gone "$pid" || [ "$(wc -l <"$(mci path "$1" 2>/dev/null)/events.ndjson" 2>/dev/null || echo 0)" -ge "$2" ]; }
round=0
while [ "$round" -lt $((ROUNDS / 2)) ]; do
	round=$((round + 1)) run=1 seed=$SEED told=''
	rm -f ../ran.*
	background mci-build -j3 -q
	while :; do
		pick 70
		[ "$run" -lt 5 ] || picked=1000
		wait_until "an event comes" told_of "$round" "$picked"
		if is_gone "$pid"; then
			wait_end "$pid"
			break
		fi
		kill -KILL "$pid" 2>/dev/null
		wait_end "$pid"
		told="$told $run:$picked"
		# killed behind its end it has ended
		status=0
		grep -q build/end "$(mci path "$round")/events.ndjson" && break
		run=$((run + 1))
		background mci-build -q --resume "$round"
	done
	jq -n -r '[inputs] as $own
		| (if [$own[].seq] == [range(1; ($own | length) + 1)] then empty else "seq: \([$own[].seq])" end),
		(if ([$own[] | select(.type == "job/end") | .job] | sort) == ["a","b","c","d","e","f","g"] then empty else "job ends: \([$own[] | select(.type == "job/end") | .job])" end),
		($own[] | select(.type == "job/end") | . as $x | $own[] | select(.job == $x.job and .seq > $x.seq) | "behind the end: \(.job) \(.type)")' \
		"$(mci path "$round")/events.ndjson" >../wrong
	[ "$status" = 0 ] || echo "exit $status" >>../wrong
	if [ -s ../wrong ]; then
		cat "$err" >>../wrong
		fail "round $round here, seed $seed, killed at run:event$told" ../wrong
	fi
	rm -f ../wrong
done
pass "$((ROUNDS / 2)) builds in a terminal that were killed"
cd ..
stop_logs
stop_hub
finish
