#!/bin/sh
# mci-events pub: what goes into a hub, and what is said of what does not.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"
need jq nc python3

exits 75 "without a hub it says try again" mci-events pub -a "$hub" a/b
has "$err" "hub: No such file" "and names the address"
start_hub
export MCI_EVENTS="$hub"

exits 0 "an event from the command line" mci-events pub deploy/done host=web1 n:=3 'list:=[1,2]' 'text=a"b'
is "$(jq -c '[.offset,.type,.host,.n,.list,.text]' "$T"/log/*.ndjson)" '[1,"deploy/done","web1",3,[1,2],"a\"b"]' \
	"has its type and members"
exits 2 "a type that is none" mci-events pub deploy
exits 2 "a member that is none" mci-events pub a/b word
exits 2 "JSON that is none" mci-events pub a/b 'n:=x'
exits 2 "a member that is the hub's to set" mci-events pub a/b offset:=5
has "$err" "offset: set by the hub" "is named"

printf '%s\n' '{"type":"a/b","n":2}' 'garbage' '{"n":1}' '{"type":"a/b","n":3,"n2":"é"}' '{"type":7}' '[1]' '' \
	'{"type":"a/b","n":4,"type":"c/d"}' '{"type":"a/b","n":5}' >lines
exits 2 "bad lines" sh -c 'mci-events pub <lines'
has "$err" "line 2: not JSON" "are named by number"
has "$err" "line 3: type: missing" "with the field"
has "$err" "line 5: type: expected a string, found a number" "and what was expected"
has "$err" "line 8: type: the key comes twice" "of each"
is "$(grep -c . "$err")" 6 "and nothing else is said"
is "$(stored)" "3 2 3 5 " "the others go on, in their order"
printf '{"type":"a/b","n":6}\n{"type":"a/b","n":7}' >half
exits 2 "half a line at the end is an error" sh -c 'mci-events pub <half'
has "$err" "ended inside line 2: 20 bytes" "that says so"
python3 -c 'print("{\"type\":\"a/b\",\"n\":8,\"x\":\"" + "x" * 2000000 + "\"}")
print("{\"type\":\"a/b\",\"n\":9,\"x\":\"" + "x" * 1048400 + "\"}")
print("{\"type\":\"a/b\",\"n\":10,\"x\":\"" + "x" * 1048000 + "\"}")
print("{\"type\":\"a/b\",\"n\":11}")' >long
exits 2 "lines that are too long" sh -c 'mci-events pub <long'
has "$err" "line 1: longer than 1048576 bytes" "are named"
has "$err" "line 2: the event has .* bytes, at most" "also when only the envelope makes them so"
is "$(stored)" "3 2 3 5 6 10 11 " "and the longest goes through"

exits 0 "an empty time" sh -c 'echo "{\"type\":\"x/y\",\"n\":0,\"time\":\"\"}" | mci-events pub -a "exec:mci-events serve -l - --dir $1/empty"' - "$T"
is "$(jq -c '[.n, (.time | length)]' "$T"/empty/*.ndjson)" '[0,24]' "is none: the present comes in its place"
mci-events pub <<'END'
{"offset":77,"received":"2020-01-01T00:00:00.000Z","type":"x/y","n":12,"time":"2020-01-01T00:00:00.000Z"}
{ "n" : 13 , "offset" : 1 , "type" : "x/y" }
END
is "$(tail -n 2 "$T"/log/*.ndjson | jq -c '[.offset, .n, (.time|.[0:4]) == "2020", has("time")]' | tr '\n' ' ')" \
	'[8,12,true,true] [9,13,false,true] ' "offset and received of another hub go, a missing time comes"
has "$T"/log/00000000000000000001.ndjson '"n" : 13,"type" : "x/y"' "and all else stays as it was"

# ---- a line in a pipe goes at once
mkfifo pipe
background sh -c 'exec mci-events pub <pipe'
pub=$pid
exec 5>pipe
echo '{"type":"a/b","n":14}' >&5
wait_until "a line that comes alone goes out at once" sh -c 'tail -n 1 "$1"/log/*.ndjson | grep -q "\"n\":14"' - "$T"
echo '{"type":"a/b","n":15}' >&5
exec 5>&-
wait_end "$pub"
is "$status $(stored | grep -o '14 15 ')" "0 14 15 " "and the end of input is the end"

# ---- events of a build are never doubled, an older run is refused
events 2000 | mci-events pub
events 2500 | mci-events pub --sync disk
is "$(cat "$T"/log/*.ndjson | jq -r 'select(.seq).seq' | awk '$1 != NR { print "wrong" } END { print NR }')" 2500 \
	"sending again doubles nothing"
printf '%s\n' '{"type":"job/end","build":"o/r/2","run":2,"seq":1}' '{"type":"job/end","build":"o/r/2","run":1,"seq":2}' \
	'{"type":"job/end","build":"o/r/2","run":2,"seq":2}' '{"type":"job/end","build":"o/r/2","run":2,"seq":3}' >runs
exits 1 "an event that the hub refuses" sh -c 'mci-events pub <runs'
has "$err" "line 2: .*run: a newer run of build o/r/2" "is named"
is "$(cat "$T"/log/*.ndjson | jq -r 'select(.build=="o/r/2").seq' | tr '\n' ' ')" "1 2 3 " "and costs no other"
mci-events pub build/initializing build=o/r/2 run:=3 resume=fresh
exits 1 "a run that begins" mci-events pub job/end build=o/r/2 run:=2 seq:=4
has "$err" "run: a newer run of build o/r/2" "ends the one before it"
stop_hub -KILL
start_hub
exits 1 "also for the next hub" mci-events pub job/end build=o/r/2 run:=2 seq:=4
mci-events pub build/initializing build=o/r/2 run:=3 resume=fresh
exits 0 "whose events go on" mci-events pub job/end build=o/r/2 run:=3 seq:=4
is "$(cat "$T"/log/*.ndjson | jq -r 'select(.build=="o/r/2" and .run==3).seq' | tr '\n' ' ')" "null 4 " "and which begins but once"

# ---- the hub goes away and comes back
background sh -c 'exec mci-events pub --sync disk <pipe'
pub=$pid
exec 5>pipe
events 1000 2501 >&5
wait_until "events go out" sh -c 'tail -n 1 "$1"/log/*.ndjson | grep -q "\"seq\":3500"' - "$T"
stop_hub -KILL
events 1000 3501 >&5
wait_for_line "$err" 'trying again'
start_hub
wait_for_line "$err" 'the hub is back'
events 1000 4501 >&5
exec 5>&-
wait_end "$pub"
is "$status" 0 "an outage ends well"
is "$(cat "$T"/log/*.ndjson | jq -r 'select(.build=="o/r/1").seq' | awk '$1 != NR { print "wrong" } END { print NR }')" 5500 \
	"with every event once, in order"
is "$(grep -c 'trying again' "$err")" 1 "and it is said once"
background sh -c 'exec mci-events pub --timeout 200ms <pipe'
pub=$pid
exec 5>pipe
echo '{"type":"a/b","n":16}' >&5
wait_until "it goes out" sh -c 'tail -n 1 "$1"/log/*.ndjson | grep -q "\"n\":16"' - "$T"
stop_hub
echo '{"type":"a/b"}' >&5
wait_end "$pub"
exec 5>&-
is "$status" 75 "--timeout bounds an outage"
start_hub --read-only "unix:$T/look"
exits 1 "nothing is published where one may only look" mci-events pub -a "unix:$T/look" a/b
has "$err" "read-only" "and that is said"
exits 75 "a command that does not reach a hub is a connect that failed" mci-events pub -a 'exec:false' a/b
ok "a hub that is a child of its own" sh -c 'mci-events pub -a "exec:mci-events serve -l - --dir $1/own" a/b && grep -q a/b "$1"/own/*.ndjson' - "$T"

# ---- from another hub, and from CloudEvents
mci-events sub --from start --count 20 | mci-events pub -a "exec:mci-events serve -l - --dir '$T/copy'"
is "$(cat "$T"/copy/*.ndjson | jq -c 'del(.offset,.received)' | head -n 20)" \
	"$(cat "$T"/log/*.ndjson | jq -c 'del(.offset,.received)' | head -n 20)" "a hub's events go into another one"
rm -r "$T/copy"
mci-events sub --from start --count 20 --format cloudevents |
	mci-events pub --format cloudevents -a "exec:mci-events serve -l - --dir '$T/copy'"
is "$(cat "$T"/copy/*.ndjson | jq -c 'del(.offset,.received)' | head -n 20)" \
	"$(cat "$T"/log/*.ndjson | jq -c 'del(.offset,.received)' | head -n 20)" "also as CloudEvents"
# read_cloud EVENT: as the hub has it
read_cloud() {
	printf '%s\n' "$1" | mci-events pub --format cloudevents 2>"$err"
	status=$?
	tail -q -n 1 "$T"/log/*.ndjson | jq -cS 'del(.offset,.received)'
}
is "$(read_cloud '{"specversion":"1.0","id":"1","source":"/x","type":"com.x.y","time":"2026-01-01T00:00:00Z","datacontenttype":"application/json","data":{"a":1,"b":[2]}}')" \
	'{"a":1,"b":[2],"id":"1","source":"/x","time":"2026-01-01T00:00:00Z","type":"com.x.y"}' "members of data lie beside the attributes"
is "$(read_cloud '{"specversion":"1.0","id":"2","source":"/x","type":"com.x.y","time":"2026-01-01T00:00:00Z","ext":"e","data":{"seq":"own"}}')" \
	'{"data":{"seq":"own"},"ext":"e","id":"2","source":"/x","time":"2026-01-01T00:00:00Z","type":"com.x.y"}' "unless one has a meaning here"
is "$(read_cloud '{"specversion":"1.0","id":"3","source":"/x","type":"com.x.y","time":"2026-01-01T00:00:00Z","data":"text"}')" \
	'{"data":"text","id":"3","source":"/x","time":"2026-01-01T00:00:00Z","type":"com.x.y"}' "or data is no object"
printf '%s\n' '{"id":"1","source":"/x","type":"t"}' '{"specversion":"0.3","id":"1","source":"/x","type":"t"}' \
	'{"specversion":"1.0","id":1,"source":"/x","type":"t"}' '{"specversion":"1.0","id":"1","source":"/x"}' \
	'{"specversion":"1.0","id":"1","source":"/x","type":"t","time":"noon"}' '[]' 'x' >bad
exits 2 "CloudEvents that are none" sh -c 'mci-events pub --format cloudevents <bad'
is "$(sed -n 's/^mci-events: \(line [0-9]: [a-z]*\).*/\1/p' "$err" | tr '\n' ',')" \
	"line 1: specversion,line 2: specversion,line 3: id,line 4: type,line 5: time,line 6: expected,line 7: not," \
	"are named with the attribute"

exits 0 "an event from the command line with its time" mci-events pub deploy/old time=2026-01-01T00:00:00Z
is "$(tail -q -n 1 "$T"/log/*.ndjson | jq -c '[.type,.time]')" '["deploy/old","2026-01-01T00:00:00Z"]' "keeps it"
exits 2 "one whose time is none" mci-events pub deploy/old time=noon
has "$err" "mci-events: time: " "is refused"
finish
