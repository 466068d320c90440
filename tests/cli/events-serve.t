#!/bin/sh
# The hub: its addresses, what it keeps, and what it says to whom.
. "${0%/*}/lib.sh"
need jq nc python3
. "$ROOT/tests/cli/events-lib.sh"

call() {
	mci call -a "$hub" "$@"
}

# ---- publishing and subscribing
ok "the hub says when it is ready" start_hub -l "fifo:$T/fifo" --segment-size 4k
is "$(stat -c %a "$T/hub")" 600 "its socket is this user's alone"
background mci call -a "$hub" event/subscribe from=start
events 3 | nc -NU "$T/hub"
echo '{"type":"note/made","text":"from a FIFO"}' >"$T/fifo"
wait_for_line "$out" 'from a FIFO'
is "$(jq -c '[.offset,.type,.seq]' "$out" | tr -d '\n')" \
	'[1,"job/end",1][2,"job/end",2][3,"job/end",3][4,"note/made",null]' "every event has its offset"
ok "and the moment when it came" sh -c 'jq -e "select(.received|test(\"^[0-9-]+T[0-9:.]+Z$\")|not)" <"$1"; [ $? = 4 ]' - "$out"
is "$(cat "$T"/log/*.ndjson)" "$(cat "$out")" "what is on the disk is what went over the wire"
kill "$pid"
wait_end "$pid"

is "$(events 3 2 | nc -NU "$T/hub")" "" "events that are there already are no error"
is "$(call event/status | jq -c '[.tail,.repeats,.builds]')" '[5,2,1]' "and are dropped"
like "$(printf '%s\n' garbage '{"type":"a/b","offset":1}' '{"type":"late/one"}' | nc -NU "$T/hub")" \
	'"line":2,"error":"invalid-params","text":"offset: set by the hub' "a bad line is named, others go on"
is "$(call event/status | jq .tail)" 6 "the line behind it was taken"

# ---- subscriptions at their places
# what a subscription is given until the hub has no more for it: the offsets
subscribed() {
	next=$(($(call event/status | jq .tail) + 1))
	timeout 20 mci call -a "$hub" event/subscribe heartbeat:=0.05 "$@" 2>/dev/null |
		sed "/\"type\":\"heartbeat\".*\"next\":$next/Q" | jq .offset | tr '\n' ' '
}
sub() {
	subscribed "from:=$1"
}
is "$(sub 5)" "5 6 " "from an offset"
is "$(sub 7)" "" "from the next one"
moment=$(jq -r 'select(.offset==5).received' "$T"/log/*.ndjson)
is "$(sub "\"$moment\"" | sed 's/.*5 6/5 6/')" "5 6 " "from a moment"
filtered() {
	subscribed from=start "$@"
}
is "$(filtered 'types:=["note/*","late"]')" "4 6 " "only some types"
is "$(filtered 'where:={"seq":3}')" "3 " "only with this member"
is "$(filtered 'build=o/r/' 'types:=["job/*"]')" "1 2 3 5 " "only of these builds"
is "$(filtered build=p/)" "" "of builds that there are not"
timeout 20 mci call -a "$hub" event/subscribe heartbeat:=0.05 2>/dev/null | head -n 4 >"$out"
ok "a heartbeat, when it is asked for" jq -es 'length == 4 and all(.[]; .type=="heartbeat" and .next==7)' "$out"

# ---- durable subscribers
background mci call -a "$hub" event/subscribe durable=mail from:=3
wait_for_line "$out" '"offset":6'
run mci call -a "$hub" event/subscribe durable=mail
is "$status" 75 "a durable subscriber reads once at a time"
has "$err" "somebody else reads as mail"
exits 75 "and is not forgotten while it reads" mci call -a "$hub" event/forget name=mail
call event/acknowledge name=mail offset:=4 >/dev/null
kill "$pid"
wait_end "$pid"
stop_hub -KILL
ok "a killed hub starts again" start_hub --segment-size 4k
has "$T/hub.err" "recovered: 0 bytes .* behind offset 6 in epoch 2" "and says what it found"
is "$(subscribed durable=mail)" "5 6 " \
	"it goes on behind what was acknowledged"
is "$(call event/status | jq -c '.durables')" '[{"name":"mail","offset":5,"lag":2,"connected":false}]' "the status shows it"
call event/acknowledge name=mail offset:=3 >/dev/null
is "$(call event/status | jq '.durables[0].offset')" 5 "an older acknowledgement takes nothing back"
exits 2 "what was never published cannot be acknowledged" mci call -a "$hub" event/acknowledge name=mail offset:=99
exits 0 "it is forgotten on request" mci call -a "$hub" event/forget name=mail
exits 1 "and is then not there" mci call -a "$hub" event/forget name=mail

# ---- offsets that are no more
first_reply() {
	printf '{"jsonrpc":"2.0","id":1,"method":"event/subscribe","params":%s}\n' "$1" >"$T/request"
	: >"$T/reply"
	nc -U "$T/hub" <"$T/request" >"$T/reply" &
	wait_for_line "$T/reply" '"id":1'
	kill $!
	head -n 1 "$T/reply" | jq -c '.result|[.epoch,.offset,.first,.tail,.gone]'
}
is "$(first_reply '{"from":9}')" '[2,7,1,6,true]' "an offset past the tail is answered with epoch and tail"
is "$(first_reply '{"from":7}')" '[2,7,1,6,false]' "the next one is not past it"
is "$(first_reply '{"from":7,"epoch":1}')" '[2,7,1,6,false]' "what an older epoch has seen is still there"

# ---- files
events 400 10 | nc -NU "$T/hub"
call event/publish 'event:={"type":"a/b"}' sync=disk >/dev/null
is "$(call event/status | jq -c '[.tail,.synced]')" '[407,407]' "at level disk everything is on the disk"
exits 0 "the log is good" mci-events verify "$T/log"
is "$(cat "$out" "$err")" "" "and nothing is said of it"
exits 0 "its files are listed" mci-events ls "$T/log"
is "$(cut -f 1 "$out" | head -n 1)" 1 "from the first offset"
is "$(mci-events ls --json "$T/log" | jq -s 'map(.last-.first+1)|add')" 407 "to the last"
exits 75 "a second hub keeps away from the folder" mci-events serve -l "unix:$T/other" --dir "$T/log"
has "$err" "log: another server has this folder"
exits 75 "and from the socket" mci-events serve -l "$hub" --dir "$T/log2"
stop_hub
is "$status" 0 "a hub that is told to stop ends well"
ok "and leaves no socket" test ! -e "$T/hub"
file=$(ls "$T"/log/*.ndjson | head -n 1)
cp -r "$T/log" "$T/broken"
printf X | dd of="$T/broken/${file##*/}" bs=1 seek=30 conv=notrunc 2>/dev/null
exits 1 "damage is found" mci-events verify "$T/broken"
like "$(cat "$out")" "${file##*/}: byte 0, offset 1: the checksum" "and the first bad record named"
exits 1 "a folder without a log" mci-events verify "$T/work"
exits 125 "a folder that is not there" mci-events verify "$T/nowhere"

# ---- retention
rm -r "$log"
start_hub --segment-size 4k --keep-size 20k
for i in 0 1 2 3 4 5 6 7 8 9; do
	events 50 $((i * 50 + 1)) | nc -NU "$T/hub"
	call event/publish 'event:={"type":"a/b"}' sync=disk >/dev/null
done
kept=$(call event/status)
ok "a log is cut at its size" jq -en --argjson k "$kept" '$k.bytes <= 24576 and $k.first > 1 and $k.tail == 510'
first=$(printf '%s' "$kept" | jq .first)
is "$(first_reply '{"from":1}')" "[1,$first,$first,510,true]" "who asks for what is gone is told the first that is left"
is "$(sub 1 | cut -d ' ' -f 1)" "$first" "and gets it"
is "$(events 1 500 | nc -NU "$T/hub"; call event/status | jq .repeats)" 1 "builds whose events are kept are remembered"
events 20000 501 | nc -NU "$T/hub"
# the file that is being written stays, however large its last batch was
small() { call event/status | jq -e '.bytes <= 24576 or .segments == 1'; }
wait_until "the log is cut behind a burst" small &&
	pass "a log is cut at its size behind a burst, although nothing more comes"
stop_hub

# ---- ways in
start_hub --read-only "unix:$T/look" --build-only "o/r/=unix:$T/agent" --mode 660
is "$(stat -c %a "$T/hub" "$T/look" "$T/agent" | tr '\n' ' ')" "660 660 660 " "sockets have the mode that was asked for"
exits 1 "nothing is published through a read-only address" mci call -a "unix:$T/look" event/publish 'event:={"type":"a/b"}'
exits 1 "and no durable subscriber made" mci call -a "unix:$T/look" event/subscribe durable=x
like "$(echo '{"type":"a/b"}' | nc -NU "$T/look")" '"error":"refused","text":"this address is read-only"' "nor posted"
exits 0 "the status may be read" mci call -a "unix:$T/look" event/status
exits 0 "a bound publisher publishes its builds" mci call -a "unix:$T/agent" event/publish 'event:={"type":"a/b","build":"o/r/9"}'
exits 1 "no others" mci call -a "unix:$T/agent" event/publish 'event:={"type":"a/b","build":"o/s/9"}'
exits 1 "and reads nothing" mci call -a "unix:$T/agent" event/subscribe
for build in o/r/../../x/1 o/r/..  o/r/ 'o/r/\u0000' 'o/r/\u0031' o/r/1/2 o/r/01; do
	like "$(printf '%s\n' "{\"type\":\"a/b\",\"build\":\"$build\"}" | nc -NU "$T/agent")" 'build: .* is no build: expected ORG/REPO/N' \
		"none named $build"
done
like "$(echo '{"type":"a/b","build":"o/r/9","job":"../x"}' | nc -NU "$T/agent")" "job: '../x' is no job's id" "no job that is none"
for build in .. o/../r 'o/r/1/' '\u0000'; do
	printf '%s\n' "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"event/subscribe\",\"params\":{\"build\":\"$build\"}}" |
		timeout 5 nc -NU "$T/look" >"$out"
	has "$out" '"error":' "nobody subscribes to builds that begin with $build"
done
like "$(echo '{"type":"a/b","build":"o/r/9","x":1,"x":2}' | nc -NU "$T/agent")" 'x: the key comes twice' "its lines are read in full"
stop_hub

# ---- sockets that were handed over, and standard input and output
cat >handed.py <<'PY'
import os, socket, sys
s = socket.socket(socket.AF_UNIX)
s.bind(sys.argv[1])
s.listen(5)
os.dup2(s.fileno(), 3)
os.set_inheritable(3, True)
os.environ["LISTEN_PID"], os.environ["LISTEN_FDS"] = str(os.getpid()), "1"
os.execvp(sys.argv[2], sys.argv[2:])
PY
python3 handed.py "$T/handed" mci-events serve --dir "$T/log3" &
handed=$!
started="$started $handed"
wait_until "a hub takes the socket that it was handed" test -S "$T/handed"
exits 0 "and serves there" mci call -a "unix:$T/handed" event/status
kill "$handed"
wait_end "$handed"
is "$(printf '{"type":"a/b"}\n{"jsonrpc":"2.0","id":1,"method":"event/publish","params":{"event":{"type":"a/b"}}}\n' |
	mci-events serve -l - --dir "$T/log4" | jq -c .result)" '{"offset":2,"repeats":0}' "a hub at - ends with its connection"
is "$(mci call -a "exec:mci-events serve -l - --dir '$T/log4'" event/status | jq .tail)" 2 "and its log is there for the next"
# a file is no descriptor that a loop watches, and this is more than is given in one turn
mkfifo "$T/asked"
exec 9<>"$T/asked"
mci-events serve -l - --dir "$T/log4" <"$T/asked" >"$T/given" 9>&- 5>&- &
started="$started $!"
{
	seq 30000 | sed 's|.*|{"type":"a/b","n":&}|'
	echo '{"jsonrpc":"2.0","id":1,"method":"event/subscribe","params":{"from":3}}'
} >&9
wait_for_line "$T/given" '"n":30000[,}]'
is "$(sed 1d "$T/given" | jq .offset | tr '\n' ' ')" "$(seq 3 30002 | tr '\n' ' ')" "a subscriber on a file is given everything"
kill $!
wait_end $!
exec 9>&-

# ---- bad command lines
for bad in '--segment-size 1' '--keep-size x' '--memory 1k' '--mode 999' '--build-only x' '--build-only ../=/tmp/x' '-l nowhere:x' '--keep-age 7' 'operand'; do
	# shellcheck disable=SC2086
	exits 2 "serve $bad" mci-events serve --dir "$T/log5" $bad
done

# ---- a FIFO answers nobody: what is wrong there is said by the hub
log=$T/log6
: >"$T/hub.err"
start_hub -l "fifo:$T/fifo"
printf '%s\n' '{"type":"a/b","n":1}' 'garbage' '{"type":"a/b","offset":5}' '{"n":1}' '{"type":"a/b","n":2}' >"$T/fifo"
wait_for_line "$T/hub.err" 'fifo'
has "$T/hub.err" "^mci-events: fifo:$T/fifo: line 2: not JSON" "a bad line of a FIFO is told, with its number and why"
wait_until "the others are taken" sh -c 'mci-events sub -a "$1" --from 1 --count 2 --timeout 5s' - "$hub"
is "$(mci-events sub -a "$hub" --from 1 --count 2 | jq .n | tr '\n' ' ')" "1 2 " "and costs no other"
is "$(grep -c fifo "$T/hub.err")" 1 "garbage fills no log"
wait_until "later ones are counted" sh -c 'echo "{}" >"$1/fifo"; grep -q "and [0-9]* more lines before it were wrong" "$1/hub.err"' - "$T"
has "$T/hub.err" "line [0-9]*: expected a request or an event, found a spec .and [0-9]* more lines before it" "later ones are counted"
stop_hub
finish
