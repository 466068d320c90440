#!/bin/sh
# A build whose jobs' logs are kept by a log server.
. "${0%/*}/lib.sh"
need jq perl

mkfifo ready
mci-log serve -l ./log.sock --dir logs --ready-fd 3 3>ready &
serving=$!
started="$started $serving"
read -r _ <ready
cat >specs <<'JOBS'
{"id":"one","script":["echo hello; printf 'no newline'"]}
{"id":"much","argv":["perl","-e","print \"line $_\\n\" for 1 .. 200000"]}
{"id":"split","script":["echo out; sleep 0.05; echo err >&2"],"split":true}
{"id":"none","argv":["true"]}
{"id":"again","script":["echo $MCI_ATTEMPT; false"],"retry":1}
JOBS
exits 1 "a build with --log" mci-build --json --log ./log.sock - <specs
build=$(jq -r 'select(.type=="build/end").build' "$out")
like "$build" '^local/' "it has a name"
mci-log cat -a ./log.sock "$build/one" >one
is "$(cat one)" "hello
no newline" "a job's bytes are at the server"
perl -e 'print "line $_\n" for 1 .. 200000' >much
ok "... all of them" sh -c "mci-log cat -a ./log.sock '$build/much' | cmp - much"
is "$(mci-log cat -a ./log.sock --json "$build/split" | jq -r '.stream + " " + .text')" "stdout out
stderr err" "... with their streams"
is "$(mci-log cat -a ./log.sock "$build/again")" 2 "... of the last attempt"
is "$(mci-log cat -a ./log.sock --attempt 1 "$build/again")" 1 "... and of the first"
is "$(mci call -a ./log.sock log/list build="$build" | jq -c '[.logs[] | [.job,.open,.truncated]] | unique')" \
	'[["again",false,false],["much",false,false],["none",false,false],["one",false,false],["split",false,false]]' \
	"... and all logs are whole"
is "$(find "$XDG_STATE_HOME" -name '*.log' -path '*/logs/*')" "" "none is beside the build"
is "$(jq -r 'select(.type=="job/end" and .job=="much").bytes' "$out")" "$(wc -c <much)" "job/end knows the length"

# the job's runner is killed while the job prints
cat >specs <<'JOBS'
{"id":"cut","script":["echo printed; exec sleep 60"]}
JOBS
background sh -c 'exec mci-build --json --log ./log.sock - <specs'
wait_for_line "$out" job/start
build=$(jq -r 'select(.type=="build/start").build' "$out")
log=logs/$build/logs/cut.log
wait_for_line "$log" printed
for worker in $(pgrep -P "$pid") $(pgrep -P "$(pgrep -P "$pid" | head -n 1)"); do
	[ "$(cat "/proc/$worker/comm" 2>&1)" = mci-job ] && kill -KILL "$worker"
done
wait_end "$pid"
is "$status" 125 "mci-job is killed"
cut() {
	mci call -a ./log.sock log/get build="$build" job=cut | jq -e '.truncated and (.open | not)'
}
wait_until "the log is closed" cut
is "$(mci-log cat -a ./log.sock "$build/cut" 2>"$err")" printed "what was read from the job's pipe is there"
has "$err" truncated "... and it says that it was cut"

kill "$serving"
wait_end "$serving"
exits 125 "no server, no build" mci-build --json --log ./log.sock - <specs
has "$out" '"reason":"start","error":"open the log of cut: ' "... and it says why"
finish
