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

# whoever looks at the build is shown what the server keeps
ok "a log of that build is its server's" sh -c "mci-log '$build/much' | cmp - much"
is "$(mci-log "$build/again")" 2 "... the last attempt"
is "$(mci-log "$build" | grep -v '^much' | sort | tr '\n' ';')" \
	"again | 1;again@2 | 2;one | hello;one | no newline;split | err;split | out;" "... of all jobs"
is "$(mci-log --json "$build/split" | jq -r '.stream + " " + .text')" "stdout out
stderr err" "... with their streams"
is "$(mci-log grep -c 'line 1' "$build/much" | tail -n 1)" "$(grep -c 'line 1' much)" "... and searched"
is "$(mci-log follow "$build/one")" "$(cat one)" "... and followed to its end"
is "$(mci-log ls "$build" | cut -f 1,2,3,5 | sort | tr '\t\n' ' ;')" \
	"again 1 2 server;again 2 2 server;much 1 $(wc -c <much) server;none 1 0 server;one 1 16 server;split 1 8 server;" \
	"... and listed"
exits 1 "... and not removed" mci-log rm "$build"
has "$err" "the jobs' logs are kept by the log server .*/log.sock: mci call -a .*log/remove build=$build" "... which is said"
exits 1 "... and its path is not ours to tell" mci path "$build/one"
has "$err" "the log of job 'one' of $build is kept by the log server .*/log.sock" "... but whose it is"
echo '{"id":"live","script":["echo begins; until [ -e on ]; do sleep 0.05; done; echo ends"]}' >live
mci-build -q --log ./log.sock - <live &
builder=$!
started="$started $builder"
wait_until "the job runs" sh -c "[ -e '$XDG_STATE_HOME/mci/builds/local/work/2/events.ndjson' ]"
mci-log follow "local/work/2/live" >followed &
one=$!
mci-log follow "local/work/2" >lines &
all=$!
started="$started $one $all"
wait_for_line followed begins
wait_for_line lines 'live \| begins'
touch on
for pid in $one $all $builder; do
	wait_end "$pid"
	is "$status" 0 "a log at a server is followed as it grows"
done
is "$(cat followed lines)" "begins
ends
live | begins
live | ends" "... to its end"
is "$(find "$TMPDIR" -name 'mci-log-*')" "" "and nothing is left of it"

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

# a server that hangs holds up nothing but the start of those whose log it does not open
export MCI_BUILD_ID=o/r/7
began() { jq -r 'select(.type=="job/start").job' "$out" | grep -qx "$1"; }
mkfifo specs.pipe
background sh -c 'exec mci-job -j4 --log ./log.sock <specs.pipe'
worker=$pid
exec 4>specs.pipe
echo '{"id":"before","script":["until [ -e now ]; do sleep 0.01; done; echo went"]}' >&4
wait_until "a job runs" began before
kill -STOP "$serving"
printf '{"id":"%s","script":["echo hi"]}\n' held dropped >&4
wait_until "two wait for their logs" sh -c "[ \"\$(grep -c job/initializing '$out')\" = 3 ]"
echo '{"jsonrpc":"2.0","id":1,"method":"job/cancel","params":{"job":"dropped"}}' >&4
wait_for_line "$out" '"id":1,"result"'
touch now
wait_until "the one that runs ends meanwhile" sh -c "[ \"\$(grep -c job/executed '$out')\" = 2 ]"
kill -CONT "$serving"
exec 4>&-
wait_end "$worker"
is "$(jq -r 'select(.type=="job/start" or .type=="job/executed") | .type + " " + .job + " " + (.reason // "")' "$out")" \
	"job/start before 
job/executed dropped canceled
job/executed before exit
job/start held 
job/executed held exit" "one is canceled at once, one starts when its log is open"
is "$(mci-log cat -a ./log.sock o/r/7/before) $(mci-log cat -a ./log.sock o/r/7/held)" "went hi" "their logs are whole"
kill -STOP "$serving"
printf '{"id":"%s","argv":["true"]}\n' a b c >three
for signal in TERM HUP; do
	background sh -c 'exec mci-job -j2 --log ./log.sock <three'
	wait_until "jobs wait for their logs" sh -c "[ \"\$(grep -c job/initializing '$out')\" = 2 ]"
	kill -$signal "$pid"
	wait_end "$pid"
	is "$(jq -r 'select(.type=="job/executed") | .job + "=" + .reason' "$out" | sort | tr '\n' ' ')" \
		"a=canceled b=canceled c=canceled " "$signal does not wait for them"
done
exits 125 "a log that is not open within five seconds" mci-job --log ./log.sock <<'JOBS'
{"id":"mute","argv":["touch","started"]}
JOBS
is "$(jq -r 'select(.type=="job/executed") | .reason + " " + .error' "$out")" \
	"start open the log of mute: ./log.sock: no reply in time" "is the reason why its job does not start"
ok "... which never ran" [ ! -e started ]
kill -CONT "$serving"

# what the system is short of comes back when a job ends; the log that is open already is kept
perl -e 'printf "{\"id\":\"j%d\",\"script\":[\"echo %d; sleep 0.0%d\"],\"split\":true}\n", $_, $_, $_ % 10 for 1 .. 60' >many
exits 0 "many jobs with few descriptors" sh -c 'ulimit -n 60; exec mci-job -j40 --log ./log.sock <many'
is "$(jq -r 'select(.type=="job/start").job' "$out" | sort -u | wc -l)" 60 "... all run"
is "$(jq -r 'select(.type=="job/initializing").job' "$out" | wc -l)" 60 "... once"
is "$(mci call -a ./log.sock log/list build=o/r/7 | jq '[.logs[] | select(.job|startswith("j"))
	| select(.open or .truncated or .bytes < 2)] | length')" 0 "... and their logs are whole"
unset MCI_BUILD_ID

# a server that was started anew meanwhile opens the next log
export MCI_BUILD_ID=o/r/8
background sh -c 'exec mci-job --log ./log.sock <specs.pipe'
worker=$pid
exec 4>specs.pipe
echo '{"id":"first","script":["echo first"]}' >&4
wait_for_line "$out" job/executed
kill "$serving"
wait_end "$serving"
mci-log serve -l ./log.sock --dir logs --ready-fd 3 3>ready 4>&- &
serving=$!
started="$started $serving"
read -r _ <ready
echo '{"id":"second","script":["echo second"]}' >&4
exec 4>&-
wait_end "$worker"
is "$(mci-log cat -a ./log.sock o/r/8/first) $(mci-log cat -a ./log.sock o/r/8/second)" "first second" \
	"a server that was started anew keeps the next log"
unset MCI_BUILD_ID

kill "$serving"
wait_end "$serving"
exits 75 "no server, no logs" mci-log "$build"
has "$err" "cut is kept by the log server .*log.sock: " "... and it says whose they are"
exits 125 "no server, no build" mci-build --json --log ./log.sock - <specs
has "$out" '"reason":"start","error":"open the log of cut: ' "... and it says why"
# whoever wrote a build's events has no say in what is started
mkdir given
cat >given/events.ndjson <<END
{"seq":1,"type":"build/start","time":"2026-11-23T18:00:00.000Z","build":"local/x/1","run":1,"log":"exec:touch $PWD/started"}
{"seq":2,"type":"job/start","time":"2026-11-23T18:00:00.000Z","build":"local/x/1","run":1,"job":"a","attempt":1}
{"seq":3,"type":"job/executed","time":"2026-11-23T18:00:00.000Z","build":"local/x/1","run":1,"job":"a","attempt":1,"exit":0,"bytes":4}
{"seq":4,"type":"build/end","time":"2026-11-23T18:00:00.000Z","build":"local/x/1","run":1,"status":"success"}
END
exits 1 "a log server that is a program is not started" mci-log ./given
has "$err" "is no socket: set MCI_LOG" "which says how it would be"
ok "and indeed it was not" test ! -e started
run env MCI_LOG="exec:touch $PWD/started" mci-log ./given
ok "one that the user names is" test -e started

finish
