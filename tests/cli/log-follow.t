#!/bin/sh
# mci-log follow: what comes, as it comes, to the end of the job or build, and no further.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/log-lib.sh"
need flock

# live FOLDER: a build whose folder is locked by a process, as mci-build does; kill $builder to end that
live() {
	mkdir -p "$1"
	background sh -c 'exec 9<"$1" && flock 9 && echo locked && exec sleep 1000' sh "$1"
	builder=$pid
	wait_for_line "$out" locked
	rm -f "$1/events.ndjson"
	mkdir -p "$1/logs"
	rm -f "$1/logs/"* "$1/script.log"
	folder=$1 seq=0
	event build/start 0 "\"schema\":1,\"pid\":$builder"
}

# follow ARGUMENTS: in the background, to $T/seen
follow() {
	background sh -c 'exec mci-log follow "$@" >seen 2>errors' sh "$@"
	follower=$pid
}

live b
started one 100
printf 'from before\n' >b/logs/one.log
follow ./b
wait_for_line seen '^one \| from before$'
pass "what was there is shown at once"
printf 'half a ' >>b/logs/one.log
echo 'for the build' >>b/script.log
wait_for_line seen '^script \| for the build$'
pass "the script's log is followed from its first byte"
hasnt seen half "a line waits for its end"
printf 'line\n' >>b/logs/one.log
wait_for_line seen '^one \| half a line$'
pass "and comes when it has it"
started two 200
echo 'hello' >b/logs/two.log
wait_for_line seen '^two \| hello$'
pass "a job that starts later is followed"
printf 'more\nno newline' >>b/logs/two.log
ended two 300 21
wait_for_line seen '^two \| no newline$'
pass "a job's end brings its last line"
started three 400
i=0
while [ "$i" -lt 1000 ]; do
	echo "last words $i"
	i=$((i + 1))
done >b/logs/three.log
ended three 400 "$(wc -c <b/logs/three.log)"
ended one 500 24
echo 'goodbye' >>b/script.log
build_end 600
wait_end "$follower"
is "$status" 0 "the end of the build ends it"
is "$(grep -c '^three | last words' seen),$(grep -c goodbye seen)" 1000,1 \
	"with every line that was printed before"
is "$(cat errors)" "" "and without a complaint"
mci-log ./b | sort >all
sort seen >sorted
ok "it has shown what cat shows" cmp sorted all
is "$(mci-log follow ./b | sort | cmp - all && echo same)" same "and shows it again of the ended build"
kill "$builder"

live b
follow ./b/late
event job/queued 100 '"job":"late"'
started late 200
printf '\001\377 raw' >b/logs/late.log
wait_until "waited for raw bytes" cmp seen b/logs/late.log
pass "of one job bytes come as they are, lines or not"
executed late 300 6
started late 400 2
printf 'second' >b/logs/late@2.log
wait_for_line seen 'second'
pass "its next attempt follows"
ended late 500 6 '' 2
wait_end "$follower"
is "$status" 0 "the end of the job ends it, not that of the build"
follow --attempt 1 --json ./b/late
wait_end "$follower"
is "$(jq -r .b64 seen)" "Af8gcmF3" "a single attempt can be had as NDJSON"
follow ./b/never
build_end 900
wait_end "$follower"
is "$status" 1 "a job that never came was not found"
has errors "no job 'never'" "and that is said"
kill "$builder"

live b
started x 100
yes 'old line' | head -n 5000 >b/logs/x.log
follow --tail 1 --time ./b
wait_for_line seen ' x \| old line$'
echo 'new line' >>b/logs/x.log
wait_for_line seen ' x \| new line$'
is "$(grep -c . seen)" 2 "--tail leaves out what is older"
kill -KILL "$builder"
wait_end "$follower"
is "$status" 0 "when mci-build was killed, following ends"
has errors 'has no end: its mci-build is gone' "and says why"
exits 0 "a build that was killed can be followed later" mci-log follow ./b
is "$(wc -l <"$out")" 5001 "to where it came"

# what mci-build started may outlive it for a moment, and with it the lock
mkdir -p late/logs && mkfifo go
background sh -c 'exec 9<late && flock 9 && { sh -c "echo held && read go <go" & } && exec 9<&- && exec sleep 1000'
builder=$pid
wait_for_line "$out" held
folder=late seq=0
event build/start 0 "\"schema\":1,\"pid\":$builder"
started x 100
echo 'one line' >late/logs/x.log
follow ./late
wait_for_line seen '^x \| one line$'
kill -KILL "$builder"
wait_until "mci-build is gone" is_gone "$builder"
ok "while somebody else holds its lock, following goes on" kill -0 "$follower"
echo go >go
wait_end "$follower"
is "$status" 0 "and ends when that is let go"
has errors 'has no end: its mci-build is gone' "with the reason"

live b
started x 100
echo line >b/logs/x.log
background sh -c 'mci-log follow ./b | head -n 1 >seen'
wait_end "$pid"
is "$(cat seen)" "x | line" "a reader that has seen enough ends it, also when nothing comes"
echo line >b/logs/x.log
follow ./b
wait_for_line seen line
rm -rf b
wait_end "$follower"
is "$status" 1 "a build that is removed is gone"
kill "$builder"

build c
build_end 100
started late 200
echo line >c/logs/late.log
exits 0 "in a damaged log a job may start behind the build's end" timeout 20 mci-log follow ./c
is "$(cat "$out")" "late | line" "and is shown as far as it went"

# a folder that mci-log put fills, followed before there is a log in it
mkdir -p later/o/r/1
background sh -c 'exec mci-log follow --dir later o/r/1/j >seen 2>errors'
follower=$pid
watches() {
	grep -q '^inotify' "/proc/$follower/fdinfo/"*
}
wait_until "waited for the watches of a follower" watches
{ echo one && wait_for_line seen one && echo two; } | mci-log put --dir later o/r/1/j
wait_end "$follower"
is "$status,$(xargs <seen),$(cat errors)" "0,one two," "a log that is opened later is followed to its end"

finish
