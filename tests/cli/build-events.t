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
start_hub --build-only "local/=unix:$T/bound"
cat >post <<'END'
{"id":"post","script":["echo '{\"type\":\"note/made\",\"x\":1,\"x\":2}' | nc -NU $MCI_BUILD"]}
END
exits 0 "an event that the hub refuses" mci-build -q --events "unix:$T/bound" - <post
n=$(jq -r 'select(.type=="note/made").seq' "$(mci path)/events.ndjson")
is "$(grep -c "event $n is not published: .*x: the key comes twice" "$err") $(grep -c . "$err")" "1 1" \
	"is named with its number and the reason"
is "$(cat "$T"/log/*.ndjson | jq -c --arg b "$(mci ls -q | head -n 1)" 'select(.build==$b)|.seq')" \
	"$(jq -c "select(.seq!=$n).seq" "$(mci path)/events.ndjson")" "and costs no other"
exits 2 "an address that is none" mci-build -q --events nowhere:1
rm -rf "$T/state"
exits 0 "a build whose name was used before" mci-build -q --events "$hub"
has "$err" 'the hub had [0-9]+ events of a build local/p/1 before' "is told so"
finish
