#!/bin/sh
# mci-events sub: what comes out of a hub, where it begins, how it ends.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"
need jq python3

exits 75 "without a hub it says try again" mci-events sub -a "$hub"
start_hub --segment-size 4k
export MCI_EVENTS="$hub"
events 5 | mci-events pub
mci-events pub note/made n:=6 text=hello
mci-events pub late/one n:=7

# ---- places and filters
numbers() {
	jq -r '.seq // .n' | tr '\n' ' '
}
# got COUNT ARGUMENT...: the so many events that it gets, and whether any more come
got() {
	count=$1
	shift
	[ "$count" = 0 ] || mci-events sub --count "$count" "$@" 2>"$err" | numbers
	mci-events sub --count $((count + 1)) --timeout 100ms "$@" >/dev/null 2>&1 && echo and more
}
is "$(got 7 --from start)" "1 2 3 4 5 6 7 " "from the start"
is "$(got 2 --from 6)" "6 7 " "from an offset"
is "$(got 7 --from 1m)" "1 2 3 4 5 6 7 " "from a minute ago"
moment=$(jq -r 'select(.offset==6).received' "$T"/log/*.ndjson)
is "$(got "$(jq --arg m "$moment" 'select(.received >= $m).offset' "$T"/log/*.ndjson | wc -l)" --from "$moment" |
	sed 's/.*6 7/6 7/')" "6 7 " "from a moment"
is "$(got 0)" "" "from now"
is "$(got 2 --from 1 'note/*' late/one)" "6 7 " "only these types"
is "$(got 5 --from 1 --build o/r/)" "1 2 3 4 5 " "only builds that begin so"
is "$(got 1 --from 1 --where text=hello --where n:=6)" "6 " "only with these members"
is "$(mci-events sub --from start --count 7)" "$(cat "$T"/log/*.ndjson)" "what is printed is what is stored"
exits 0 "--count ends well" mci-events sub --from start --count 7
# a machine that others use may need longer for the same
for limit in 100ms 1s 10s; do
	run mci-events sub --from start --count 8 --timeout "$limit"
	[ "$(numbers <"$out")" != "1 2 3 4 5 6 7 " ] || break
done
is "$status" 1 "a --timeout before the --count does not"
is "$(numbers <"$out")" "1 2 3 4 5 6 7 " "though everything was printed"
for limit in 100ms 1s 10s; do
	run mci-events sub --from start --timeout "$limit"
	[ "$status" != 0 ] || break
done
is "$status" 0 "without --count some events are enough"
exits 1 "and none are not" mci-events sub --timeout 100ms
for bad in '--from noon' '--where x' '--count 0' '--timeout 5' '--retry 2' 'a/b --' '--format x' '-- no-such-command'; do
	# shellcheck disable=SC2086
	exits 2 "sub $bad" mci-events sub $bad
done
exits 2 "a glob that is none" mci-events sub '--where' 'x:={'

# ---- live, in a pipe
mkfifo pipe
mci-events sub 'job/end' >pipe 2>/dev/null &
started="$started $!"
(while read -r event; do echo "$event" | jq .seq; done <pipe) >reacted 2>/dev/null &
started="$started $!"
wait_until "it subscribes" sh -c 'mci-events status --json | jq -e ".events.subscribers|length==1"'
events 1 6 | mci-events pub
wait_for_line reacted '^6$'
pass "a loop of the shell reacts to one event"
mci-events sub | head -n 1 >first &
head=$!
started="$started $head"
wait_until "another one subscribes" sh -c 'mci-events status --json | jq -e ".events.subscribers|length==2"'
mci-events pub a/b n:=8
wait_end "$head"
has first '"n":8' "head gets the one line that it wants"
wait_until "and its sub ends, though nothing more comes" sh -c 'mci-events status --json | jq -e ".events.subscribers|length==1"'
bash -c 'mci-events sub --from start --format cloudevents | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}' 2>"$err"
is "$? $(cat "$err")" "141 " "a reader that leaves is status 141, and no message"
background mci-events sub
wait_until "it subscribes" sh -c 'mci-events status --json | jq -e ".events.subscribers|length==2"'
kill -INT "$pid"
kill -TERM "$pid"
wait_end "$pid"
is "$(cat "$err")" "" "a signal ends it without a word"

# ---- the hub goes away and comes back
background mci-events sub --from start
wait_for_line "$out" '"n":8'
stop_hub -KILL
wait_for_line "$err" 'trying again'
start_hub --segment-size 4k
wait_for_line "$err" 'is back: going on at offset 10'
events 100 7 | mci-events pub
wait_for_line "$out" '"seq":106,?'
stop_hub
start_hub --segment-size 4k --keep-size 8k
mci-events pub a/b n:=9
wait_for_line "$out" '"n":9'
kill "$pid"
wait_end "$pid"
is "$(jq .offset "$out" | awk '$1 != NR { print "wrong at " NR } END { print NR }')" 110 "nothing came twice and nothing is missing"
for i in 0 1 2 3 4 5 6 7 8 9; do events 50 $((107 + i * 50)) | mci-events pub; done
# segments are removed once what stands behind them is on the disk
small() {
	mci-events status --json | jq -e '.events | .bytes <= 8192 or .segments == 1' >/dev/null
}
wait_until "a log is cut" small
first=$(mci-events status --json | jq .events.first)
ok "and begins later" [ "$first" -gt 100 ]
mci-events sub --from 5 --count 1 >"$out" 2>"$err"
is "$(jq .offset "$out")" "$first" "who asks for what is gone gets the first that is left"
has "$err" 'events before [0-9]+ are gone' "and is told"

# ---- durable subscribers
mci-events pub mail/me n:=1 && mci-events pub mail/me n:=2 && mci-events pub mail/me n:=3
is "$(mci-events sub --durable mail --from start 'mail/*' --count 2 | numbers)" "1 2 " "a durable subscriber begins where it says"
is "$(mci-events sub --durable mail 'mail/*' --count 1 | numbers)" "3 " "and goes on where it left off"
exits 1 "and has then seen everything" mci-events sub --durable mail 'mail/*' --timeout 100ms
background mci-events sub --durable mail
wait_until "one reads" sh -c 'mci-events status --json | jq -e ".events.durables[0].connected"'
exits 75 "another one cannot" mci-events sub --durable mail
stop_hub
start_hub
wait_for_line "$err" 'is back'
mci-events pub mail/me n:=4
wait_for_line "$out" '"n":4'
wait_until "it is acknowledged" sh -c 'mci-events status --json | jq -e ".events.durables[0].lag==0"'
kill "$pid"
wait_end "$pid"
is "$(numbers <"$out")" "4 " "a durable subscriber comes back, and gets nothing twice"

# ---- commands
for n in 5 6 7 8; do mci-events pub mail/me n:=$n; done
cat >handle <<'END'
#!/bin/sh
n=$(jq .n)
echo "$n" >>handled
[ "$n" != 6 ] || [ -e fixed ] || { touch fixed; exit 3; }
END
chmod +x handle
exits 0 "a command is run once an event" mci-events sub --durable mail 'mail/*' --count 3 -- ./handle
is "$(tr '\n' ' ' <handled)" "5 6 6 7 " "in order, and again when it failed"
has "$err" 'event [0-9]+: ./handle: exit 3: again in 100ms' "which is said"
exits 1 "a command that fails for good" mci-events sub --durable mail 'mail/*' --retry 1 --count 1 -- sh -c 'exit 9'
has "$err" 'exit 9: not acknowledged' "leaves the event"
exits 0 "so that it is there for the next" mci-events sub --durable mail 'mail/*' --count 1 -- ./handle
is "$(tail -n 1 handled)" 8 "who gets it"
exits 0 "without a name it is passed over" mci-events sub --from start 'mail/*' --count 2 -- sh -c 'exit 9'
is "$(grep -c 'exit 9$' "$err")" 2 "with a message"
background mci-events sub --from start 'mail/*' -- sh -c 'echo $$ >>children; sleep 1000 & echo $! >>children; wait'
wait_until "a command runs" sh -c '[ "$(wc -l <children)" = 2 ]'
kill "$pid"
wait_end "$pid"
is "$status" 143 "a signal ends it"
for child in $(cat children); do wait_until "its children die with it" is_gone "$child"; done
pass "and the command with its children"

# ---- formats
mci-events pub job/end build=o/r/9 run:=1 seq:=1 job=unit status=failure
mci-events pub build/end build=o/r/9 run:=1 seq:=2 status=canceled
mci-events pub job/queued build=o/r/9 run:=1 seq:=3 job=unit
for format in cloudevents cdevents; do
	mci-events sub --from start --count "$(mci-events status --json | jq '.events | .tail - .first + 1')" --format "$format" >"$out"
	ok "$format: every line has the attributes that it must have" jq -es 'length > 3 and all(.[];
		.specversion == "1.0" and ([.id, .source, .type] | all(type == "string" and length > 0)) and
		(.time | test("^[0-9]{4}-[0-9-]+T[0-9:.]+Z$")) and (.data | type == "object"))' "$out"
	is "$(jq -r '.source + " " + .id' "$out" | sort | uniq -d)" "" "$format: source and id are unique"
done
is "$(jq -c 'select(.source=="/mci/o/r/9") | [.type, .subject, .data.subject.id, .data.subject.content]' "$out")" \
'["dev.cdevents.taskrun.finished.0.3.0","unit","o/r/9/unit",{"taskName":"unit","pipelineRun":{"id":"o/r/9"},"outcome":"failure"}]
["dev.cdevents.pipelinerun.finished.0.3.0",null,"o/r/9",{"pipelineName":"o/r","outcome":"cancel"}]
["dev.cdeventsx.mci-job.queued.0.1.0","unit","o/r/9/unit",{}]' "cdevents: types and subjects are theirs where they exist"
ok "cdevents: the context repeats the attributes" jq -es 'all(.[]; .data.context.id == .id and
	.data.context.source == .source and .data.context.type == .type and .data.customData.type != null)' "$out"
finish
