#!/bin/sh
# A hub's log that the disk or a person has changed: serve, verify, ls and replay say the same of it, what was never
# taken in is given to nobody, and repair writes anew what can be proven.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"
need jq nc python3

# fill: a hub's log in several files, behind an orderly end; copies of it are changed
fill() {
	start_hub --segment-size 4k
	for i in 0 1 2 3 4 5; do
		events 20 $((i * 20 + 1)) | mci-events pub -q -a "$hub" --sync disk
	done
	mci-events sub -q -a "$hub" --durable mail --from start --count 50 >/dev/null
	stop_hub
}
fill
mv "$log" "$T/whole"
last=$(ls "$T"/whole/*.ndjson | tail -n 1) last=${last##*/}
second=$(ls "$T"/whole/*.ndjson | sed -n 2p) second=${second##*/}

# again: the log as it was
again() {
	rm -rf "$log" "$log".damaged*
	cp -r "$T/whole" "$log"
}
# change FILE N: another digit in line N, so that it still is an event
change() {
	sed -i "$2s/18:00:00/18:00:01/" "$log/$1"
}
# refused: the hub does not start, and why
refused() {
	timeout 20 mci-events serve -l "$hub" --dir "$log" >"$out" 2>"$err"
	status=$?
}

# ---- the newest file
again
change "$last" 2
exits 1 "verify finds an event that has changed in the newest file" mci-events verify "$log"
said=$(sed 's|^[^ ]*/||' "$out")
like "$said" "^$last: byte 0, offset [0-9]*: the checksum of [0-9]* bytes differs$" "and says where"
refused
is "$status" 2 "the hub does not start"
like "$(cat "$err")" "log: $said: nothing is cut off; mci-events repair" "says the same, and the way out"
exits 1 "ls says it of what it lists" mci-events ls "$log"
like "$(cat "$err")" "$said" "with the same words"
exits 2 "replay ends there" mci-events replay "$log"
like "$(cat "$err")" "$said" "and says the same"
is "$(wc -l <"$out")" "$(cat "$T"/whole/*.ndjson | wc -l | awk -v n="$(wc -l <"$T/whole/$last")" '{ print $1 - n }')" \
	"behind all that is good"
exits 2 "diff has trouble with it" mci-events diff "$log" "$T/whole"
is "$(cat "$T"/whole/*.ndjson | cksum)" "$(sed 's/18:00:01/18:00:00/' "$log"/*.ndjson | cksum)" "and nothing is cut off"

# ---- a file that was written long ago
again
change "$second" 3
first=$(echo "${second%.ndjson}" | sed 's/^0*//')
exits 1 "verify finds it in an older file" mci-events verify "$log"
said=$(sed 's|^[^ ]*/||' "$out")
start_hub --segment-size 4k
exits 1 "whoever would be given it gets an error" timeout 20 mci-events sub -a "$hub" --from start --timeout 10s
like "$(cat "$err")" "$said" "that says what verify says"
is "$(jq -r .offset "$out" | awk '$1 != NR { print "wrong" } END { print NR }')" "$((first - 1))" "behind all before it"
like "$(cat "$T/hub.err")" "$said" "the hub says it as well"
exits 1 "nor is it given when it is asked for" timeout 20 mci-events sub -a "$hub" --from "$((first + 2))" --count 1
like "$(cat "$err")" "$said" "with the same words"
is "$(timeout 20 mci-events sub -a "$hub" --from 115 --count 2 | jq -r .offset | tr '\n' ' ')" "115 116 " \
	"what lies in other files is"
is "$(mci-events pub -a "$hub" a/b && mci call -a "$hub" event/status | jq .tail)" 121 "and the log goes on"
stop_hub

# ---- repair
exits 0 "repair" mci-events repair "$log"
lost=$(sed -n 's/.* to \([0-9]*\) are lost.*/\1/p' "$out")
like "$(cat "$out")" "^$log: offsets $first to [0-9]* are lost: the checksum of [0-9]* bytes differs$" "says what is lost"
like "$(cat "$out")" "^$log: the log as it was is kept beside it as log.damaged$" "and where the old log is"
is "$(wc -l <"$out")" 2 "and nothing else"
exits 0 "what it writes is good" mci-events verify "$log"
exits 1 "what it keeps is as it was" mci-events verify "$log.damaged"
mci-events replay "$log" >replayed
is "$(jq -r .offset replayed | awk '$1 != NR { print "wrong" } END { print NR }')" 121 "every offset is there"
is "$(jq -r 'select(.type == "event/lost").offset' replayed | sed -n '1p;$p' | tr '\n' ' ')" \
	"$first $lost " "in the place of what is lost stands that it is"
is "$(jq -c 'select(.type == "job/end")' replayed | cksum)" "$(cat "$T"/whole/*.ndjson |
	jq -c --slurpfile l replayed 'select(.offset as $o | $l[$o - 1].type == "job/end")' | cksum)" "all else is as it was"
exits 0 "a log that is good" mci-events repair "$log"
is "$(cat "$out" "$err")" "" "needs no repair"
start_hub --segment-size 4k
is "$(mci call -a "$hub" event/status | jq -c '[.tail, .durables[0].offset]')" '[121,51]' \
	"the hub starts with it, and knows its subscribers"
exits 75 "while it runs nothing is repaired" mci-events repair "$log"
has "$err" "log: another server has this folder" "and why"
is "$(mci-events pub -a "$hub" a/b && mci call -a "$hub" event/status | jq .tail)" 122 "and the log goes on"
stop_hub
exits 0 "and stays good" mci-events verify "$log"

# ---- into another folder
again
change "$second" 3
exits 0 "a new log may be written elsewhere" mci-events repair "$log" "$T/work/anew"
exits 0 "which is good" mci-events verify anew
exits 1 "and the old one stays where it was" mci-events verify "$log"
exits 125 "a folder that is there is left alone" mci-events repair "$log" "$T/work/anew"
has "$err" "anew: File exists" "and named"

# ---- a file that is not there any more, and an end that was cut off
again
rm "$log/$second"
exits 1 "verify misses a file" mci-events verify "$log"
said=$(sed 's|^[^ ]*/||' "$out")
like "$said" "the events from $first to [0-9]* are missing: a file is not there any more" "and says which events"
refused
like "$(cat "$err")" "$said" "the hub says the same"
exits 1 "ls as well" mci-events ls "$log"
like "$(cat "$err")" "$said" "of what it lists"
exits 2 "and replay" mci-events replay "$log"
like "$(cat "$err")" "$said" "too"
exits 0 "repair tells them as lost" mci-events repair "$log"
exits 0 "in a log that is good" mci-events verify "$log"
is "$(mci-events replay "$log" | jq -r .offset | awk '$1 != NR { print "wrong" } END { print NR }')" 120 "with every offset"
again
truncate -s -10 "$log/$last"
exits 1 "an end that was cut off behind an orderly end is damage" mci-events verify "$log"
refused
like "$(cat "$err")" "$(sed 's|^[^ ]*/||' "$out"): nothing is cut off" "of which the hub says the same"
exits 0 "repair keeps what is before it" mci-events repair "$log"
like "$(cat "$out")" "what was behind offset 119 is lost" "and says so"
start_hub --segment-size 4k
is "$(mci call -a "$hub" event/status | jq -c '[.tail, .epoch]')" '[119,2]' "others come in its place, in a new epoch"
stop_hub

# ---- any bit of the sidecar
again
cat >flip.py <<'END2'
import os, random, subprocess, sys
log, name = sys.argv[1], sys.argv[2]
r = random.Random(7)
path = os.path.join(log, name)
good = open(path, "rb").read()
for _ in range(40):
    b = bytearray(good)
    b[r.randrange(len(b))] ^= 1 << r.randrange(8)
    open(path, "wb").write(b)
    v = subprocess.run(["mci-events", "verify", log], capture_output=True, text=True)
    s = subprocess.run(["mci-events", "serve", "-l", "-", "--dir", log], stdin=subprocess.DEVNULL, capture_output=True, text=True)
    p = subprocess.run(["mci-events", "replay", log], capture_output=True)
    assert (v.returncode, s.returncode, p.returncode) == (0, 0, 0), (v, s, p.returncode)
    assert p.stdout.count(b"\n") == 120
END2
exits 0 "a bit of the sidecar that changes costs nothing" python3 flip.py "$log" "${last%.ndjson}.sum"
again
printf X | dd of="$log/${last%.ndjson}.sum" bs=1 seek=3 conv=notrunc 2>/dev/null
exits 0 "verify goes by the lines" mci-events verify "$log"
has "$err" "${last%.ndjson}.sum: 1 checksums cannot be read" "and says so"
exits 0 "repair writes the sidecar anew" mci-events repair "$log"
exits 0 "it is good" mci-events verify "$log"
is "$(cat "$out" "$err")" "" "and nothing is said of it any more"

# ---- what a crash leaves is no damage
again
rm "$log/clean"
printf '{"offset":121,"received":"2026' >>"$log/$last"
: >"$log/00000000000000000999.ndjson"
exits 0 "a torn end is none" mci-events verify "$log"
has "$err" "offset 121: a line without its end: the next start of the hub cuts it off" "but is told"
exits 0 "nor is it in the way of replay" mci-events replay "$log"
is "$(wc -l <"$out")" 120 "of all that is whole"
exits 0 "or of ls" mci-events ls "$log"
exits 0 "repair has nothing to do" mci-events repair "$log"
start_hub --segment-size 4k
is "$(mci call -a "$hub" event/status | jq .tail)" 120 "and the hub starts"
stop_hub
ok "without what was half made" test ! -e "$log/00000000000000000999.ndjson"
exits 0 "and says nothing any more" mci-events verify "$log"
is "$(cat "$out" "$err")" "" "nor does verify"
exits 1 "a folder without a log" mci-events repair "$T/work"
finish
