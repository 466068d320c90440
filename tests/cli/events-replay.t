#!/bin/sh
# mci-events replay and diff: stored events printed, sent again, and compared.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"
need jq python3

# ---- replay
cp -R "$ROOT/tests/fixtures/sample" project
cd project || exit 1
mci-build -q >/dev/null 2>&1
record=$(mci path)/events.ndjson
is "$(mci-events replay)" "$(cat "$record")" "the latest build"
is "$(mci-events replay 1)" "$(cat "$record")" "a build by its number"
is "$(mci-events replay local/project/1)" "$(cat "$record")" "by its name"
is "$(mci-events replay "$(mci path)")" "$(cat "$record")" "by its folder"
is "$(mci-events replay "$record")" "$(cat "$record")" "a file"
is "$(mci-events replay - <"$record")" "$(cat "$record")" "standard input"
exits 1 "a build that there is not" mci-events replay 77
exits 1 "a folder without a log" mci-events replay .
printf '{"type":"a/b"}\n{"type":"a/' >torn
exits 2 "a file with a torn end" mci-events replay torn
is "$(cat "$out")" '{"type":"a/b"}' "is shown as far as it goes"
has "$err" "torn: the end is torn: 11 bytes behind line 1" "and the rest is reported"
start_hub --segment-size 4k
export MCI_EVENTS="$hub"
mci-events replay | mci-events pub
for i in 0 1 2 3; do events 50 $((1 + i * 50)) | mci-events pub; done
is "$(mci-events replay "$T/log" | jq .offset | awk '$1 != NR { print "wrong" } END { print (NR > 200) }')" 1 \
	"the segments of a hub's folder, in order"
tail=$(mci-events status --json | jq .events.tail)
mci-events replay | mci-events pub
is "$(mci-events status --json | jq .events.tail)" "$tail" "sending again doubles nothing"
cat >paced <<'END'
{"type":"a/b","time":"2026-11-23T18:00:00.000Z"}
{"type":"a/b","time":"2026-11-23T18:00:01.000Z"}
{"type":"a/b","time":"2026-11-23T18:00:03.000Z"}
END
cat >slow <<'END'
{"type":"a/b","time":"2026-11-23T18:00:00.000Z"}
{"type":"a/b","time":"2026-12-23T18:00:00.000Z"}
END
# elapsed COMMAND...: in milliseconds
elapsed() {
	python3 -c 'import subprocess, sys, time
t = time.monotonic()
subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL, check=True)
print(int((time.monotonic() - t) * 1000))' "$@"
}
ok "--speed keeps the pace" [ "$(elapsed mci-events replay --speed 10 paced)" -ge 300 ]
exits 0 "as many times as fast" timeout 60 mci-events replay --speed 1e8 slow
for bad in 0 -1 x ''; do
	exits 2 "--speed '$bad'" mci-events replay --speed "$bad" paced
done
bash -c 'mci-events replay --speed 0.001 paced | head -n 1 >/dev/null; exit ${PIPESTATUS[0]}'
is "$?" 141 "a reader that leaves ends a wait"

# ---- diff
exits 0 "a log is equal to itself" mci-events diff @ "$record"
is "$(cat "$out" "$err")" "" "without a word"
exits 0 "and to what a hub has of it" sh -c 'mci-events sub --from start --build local/ --count "$(mci-events replay @ | wc -l)" |
	mci-events diff - @'
mci-build -q -j1 >/dev/null 2>&1
exits 0 "two runs of one build are equal" mci-events diff 1 2
jq -c 'if .type == "job/end" and .job == "unit" then .status = "failure" else . end' "$record" >changed
exits 1 "another status is a difference" mci-events diff "$record" changed
is "$(sed -n '1p;3p' "$out" | sed 's/:[0-9]*$//')" "--- $record
+++ changed" "shown with both places"
ok "which are the lines" sh -c 'sed -n "$(sed -n "s/^--- .*:\([0-9]*\)$/\1/p" "$1")p" "$2" | jq -e ".type==\"job/end\" and .job==\"unit\""' - "$out" "$record"
has "$out" '^\+\{.*"status":"failure"' "and what stands there"
grep -v '"job":"pack"' "$record" >shorter
exits 1 "a job that is missing is one" mci-events diff "$record" shorter
has "$out" '^\+\+\+ shorter: no more of this job' "which is said"
jq -c 'to_entries|reverse|from_entries' "$record" >turned
exits 0 "the order of members is none" mci-events diff "$record" turned
printf '%s\n' '{"type":"a/b","job":"x"}' '{"type":"a/c","job":"y"}' '{"type":"a/d","job":"x"}' >one
printf '%s\n' '{"type":"a/c","job":"y"}' '{"type":"a/b","job":"x"}' '{"type":"a/d","job":"x"}' >two
printf '%s\n' '{"type":"a/d","job":"x"}' '{"type":"a/c","job":"y"}' '{"type":"a/b","job":"x"}' >three
exits 0 "the order between jobs is none" mci-events diff one two
exits 1 "that within a job is" mci-events diff one three
echo garbage >>two
exits 2 "a line that is no event" mci-events diff one two
has "$err" "two:4: not JSON" "is named"
exits 2 "a log that is not there" mci-events diff one nowhere
finish
