#!/bin/sh
# mci-build --events: a build's events at a hub, whatever becomes of the hub.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"
need jq nc

mkdir -p p/.mci
cat >p/.mci/build <<'END'
#!/bin/sh
for i in $(seq 100); do echo "{\"id\":\"j$i\",\"argv\":[\"true\"]}"; done
[ "$1" = quick ] || echo '{"id":"last","script":["while ! [ -e ../go ]; do sleep 0.02; done"]}'
END
chmod +x p/.mci/build
cd p || exit 1

# ---- a hub that is there, is killed, and comes back
start_hub
background mci-build -q --events "$hub"
build=$pid
wait_until "events come" sh -c 'grep -q "\"job\":\"j2\"" "$1"/log/*.ndjson' - "$T"
stop_hub -KILL
wait_for_line "$err" 'published when the hub is there' &
start_hub
touch ../go
wait_end "$build"
wait_until "the end of the build is there" sh -c 'grep -q "\"type\":\"build/end\"" "$1"/log/*.ndjson' - "$T"
is "$status" 0 "a build ends well, though the hub was killed meanwhile"
is "$(cat "$T"/log/*.ndjson | jq .seq | awk '$1 != NR { print "wrong" } END { print NR }')" "$(wc -l <"$(mci path)/events.ndjson")" \
	"and the hub has every event once, in order"
exits 0 "its log is the build's" mci-events diff @ "$T/log"

# ---- no hub at all
stop_hub
exits 0 "without a hub a build is a build" env MCI_EVENTS="$hub" mci-build -q
has "$err" 'hub: .*: events are published when the hub is there' "of which it is said that there is none"
has "$err" "[0-9]+ events were not published; to do it later: mci-events replay local/p/2 \| mci-events pub" \
	"and how to go on"
is "$(wc -l <"$err")" 2 "once"
start_hub
mci-events replay local/p/2 | mci-events pub -a "$hub"
is "$(cat "$T"/log/*.ndjson | jq -c 'select(.build=="local/p/2")' | wc -l)" "$(wc -l <"$(mci path 2)/events.ndjson")" "which works"

# ---- a hub that goes for good
rm ../go
background mci-build -q --events "$hub"
build=$pid
wait_until "events come" sh -c 'grep -q "local/p/3" "$1"/log/*.ndjson' - "$T"
stop_hub
touch ../go
wait_until "the build ends" sh -c 'grep -q build/end "$1"' - "$(dirname "$(mci path 1)")/3/events.ndjson"
kill "$build"
wait_end "$build"
is "$status" 0 "whoever does not want to wait for it need not"
has "$err" '[0-9]+ events were not published' "and is told what is missing"

# ---- what the hub refuses, and addresses that are none
start_hub --read-only "unix:$T/look"
exits 0 "a hub that refuses fails no build" mci-build -q --events "unix:$T/look"
has "$err" 'event 1 is not published: .*read-only' "but it is said"
is "$(grep -c 'is not published' "$err")" 3 "of the first ones"
is "$(sed -n 's/^mci-build: the hub refused \([0-9]*\) more events$/\1/p' "$err")" \
	"$(($(wc -l <"$(mci path)/events.ndjson") - 3))" "and how many more there were"
stop_hub
# nothing that a job may post is refused by a hub of ours; this one has a taste of its own
cat >picky.py <<'END'
import json, socket, sys
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[1])
server.listen()
connection = server.accept()[0]
for line in connection.makefile():
    request = json.loads(line)
    events = request["params"]["events"]
    reply = {"jsonrpc": "2.0", "id": request["id"]}
    if any(e["type"] == "note/made" for e in events):
        reply["error"] = {"code": -32602, "message": "no notes"}
    else:
        reply["result"] = {"offset": 1, "repeats": 0}
        for e in events:
            print(e["seq"], flush=True)
    connection.sendall((json.dumps(reply) + "\n").encode())
END
python3 picky.py "$T/picky" >taken &
started="$started $!"
wait_until "the hub listens" test -S "$T/picky"
echo '{"id":"post","script":["mci post note/made x=1"]}' >post
exits 0 "an event that the hub refuses" mci-build -q --events "unix:$T/picky" - <post
n=$(jq -r 'select(.type=="note/made").seq' "$(mci path)/events.ndjson")
is "$(grep -c "event $n is not published: .*no notes" "$err") $(grep -c . "$err")" "1 1" \
	"is named with its number and the reason"
is "$(cat taken)" "$(jq -c "select(.seq!=$n).seq" "$(mci path)/events.ndjson")" "and costs no other"

# ---- what jobs and scripts say is in the log, and at the hub, with the build's envelope
start_hub
cat >outside.py <<'END'
import json, os, socket
def post(line):
    s = socket.socket(socket.AF_UNIX)
    s.connect(os.environ["MCI_BUILD"])
    s.sendall(line.encode() + b'\n{"jsonrpc":"2.0","id":1,"method":"job/list"}\n')
    for answer in s.makefile():
        m = json.loads(answer)
        if "id" in m: return None
        print(m["text"])
refused = [
    '{"type":"x/y","seq":7}', '{"type":"x/y","run":2}', '{"type":"x/y","build":"a/b/1"}',
    '{"type":"x/y","offset":5}', '{"type":"x/y","received":"now"}', r'{"type":"x/y","o\u0066fset":5}',
    r'{"type":"x/y","s\u0065q":7}', '{"type":"x/y","job":"nobody"}', '{"type":"x/y","a":1,"a":2}',
    r'{"type":"x/y","a":1,"\u0061":2}', r'{"type":"x/y","a\"b":2}', r'{"type":"x/y","a":"\u0000"}',
    r'{"type":"x/y","a":[{"\u0000":1}]}', '{"type":"x/y","a":' + "[" * 49 + "]" * 49 + "}",
    '{"type":"x/y","time":"yesterday"}', '{"type":"job/end","job":"post"}', '{"type":"script/busy","for":"1s"}',
    '{"type":"x/y",' + ",".join('"m%d":0' % i for i in range(128)) + "}",
    '{"type":"x/y","a":"' + "x" * 1047600 + '"}',
]
for line in refused: post(line)
taken = [
    r'{"type":"x/y","\u00e9":"\ud83d\ude00","job":"post","time":"2026-11-23T20:00:00+02:00"}',
    '{"type":"x/y","a":' + "[" * 48 + "]" * 48 + "}",
    '{"type":"x/y",' + ",".join('"m%d":0' % i for i in range(127)) + "}",
    '{"type":"x/y","a":"' + "x" * 1047000 + '"}', '{"type":"log/annotated","job":"post","attempt":1,"at":0,"text":"t"}',
]
for line in taken: post(line)
END
cat >notes.sh <<'END'
echo note >"$MCI_NOTES"
printf 'a\000b\n' >"$MCI_NOTES"
echo '{"n":"\u0000"}' >"$MCI_NOTES"
END
cat >outside <<'END'
#!/bin/sh
echo '{"type":"script/busy","for":"1s","why":"thinking"}'
echo '{"id":"post","script":["python3 outside.py","sh notes.sh"]}'
END
chmod +x outside
exits 0 "a build with all that may come from outside" mci-build -q --events "$hub" ./outside
is "$(cat "$err")" "" "is published whole"
events=$(mci path)/events.ndjson
is "$(jq -c .seq "$events")" "$(seq "$(wc -l <"$events")")" "its events are numbered without gaps"
is "$(cat "$log"/*.ndjson | jq -c --arg b "$(mci ls -q | head -n 1)" 'select(.build==$b)|.seq')" "$(jq -c .seq "$events")" \
	"and are all at the hub"
ok "each is one object without doubled keys or U+0000" python3 -c '
import json, sys
def once(pairs):
    assert len(dict(pairs)) == len(pairs), pairs
    return dict(pairs)
for line in open(sys.argv[1]):
    e = json.loads(line, object_pairs_hook=once)
    assert "\\u0000" not in json.dumps(e).replace("\\\\", ""), e
    assert e["run"] == 1 and e["build"].startswith("local/p/") and e["time"].endswith("Z"), e
' "$events"
is "$(mci log @/post | sed 's/^\([^ ]*\) .*/\1/' | tr '\n' ' ')" \
	"seq: run: build: offset: received: offset: seq: job: a: a: the a: a: a: time: type: type: an an " \
	"what is not theirs to say is answered with an error that names the member"
like "$(mci log @/post)" '^offset: is set by the hub; leave it out' "and the way out"
is "$(jq -c 'select(.type=="x/y" and .time < "2026-11-24") | [.time,.job,."é"]' "$events")" \
	'["2026-11-23T18:00:00.000Z","post","😀"]' "a given time is put into UTC"
is "$(jq -r 'select(.type=="script/busy") | [.for,.why] | join(" ")' "$events")" "1s thinking" \
	"other members stay"
is "$(jq -c 'select(.type=="log/annotated") | .note // .text' "$events")" \
	'"t"
"note"
"a�b"
"{\"n\":\"\\u0000\"}"' "a note that no text can hold is shown as one that can"
exits 0 "and all read it" mci show
cat >seq <<'END'
#!/bin/sh
echo '{"type":"script/busy","for":"1s","seq":7}'
END
chmod +x seq
exits 125 "a script that sets what is not its own" mci-build -q ./seq
has "$err" '^mci-build: ./seq: line 1: seq: is set by mci-build; leave it out' "is told so with its line"
exits 0 "and its build can be read" mci show

exits 2 "an address that is none" mci-build -q --events nowhere
rm -rf "$T/state"
exits 0 "a build whose name was used before" mci-build -q --events "$hub"
has "$err" 'the hub had [0-9]+ events of a build local/p/1 before' "is told so"
finish
