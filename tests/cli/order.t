#!/bin/sh
# mci-build --order: what an agent has claimed, over a pipe that is the agent's hold on it.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"
. "$ROOT/tests/cli/order-lib.sh"
need jq nc git

mkdir -p checkout/.mci
cat >checkout/.mci/build.yaml <<'JOBS'
- id: unit
  script:
    - echo "commit $MCI_COMMIT branch $MCI_BRANCH event $MCI_EVENT repo $MCI_REPO source $MCI_SOURCE build $MCI_BUILD_ID"
    - echo "color $COLOR secret $TOKEN"
    - env | grep -E '^MCI_(EVENTS|LOG|STORE|BLOB|API|SUPERVISE)=' || echo none
  params: [COLOR, TOKEN]
- id: pushed
  script: "true"
  when: { branch: "topic/*", event: push }
- id: others
  script: "true"
  when: { branch: main }
JOBS
start_hub

# ---- one build from its first event to its last
order o/r/7 1 '{"rev":"1111111111111111111111111111111111111111","branch":"topic/x","event":"push","repo":"o/r",
	"params":{"COLOR":"blue","not-asked.for":"x"},"secrets":{"TOKEN":"5tr0ng-token"}}'
MCI_EVENTS=/nowhere MCI_STORE=/nowhere MCI_LOG=/nowhere MCI_API=/nowhere ordered
wait_end "$builder"
is "$status" 0 "a build that is ordered runs"
is "$(hub_events o/r/7 | jq -r .seq | tr '\n' ' ')" "$(jq -r .seq b/events.ndjson | tr '\n' ' ')" "the hub has its whole log"
is "$(hub_events o/r/7 | jq -r 'select(.type=="build/end")|.status+" \(.run)"')" "success 1" "up to its end, with its run"
is "$(hub_events o/r/7 | jq -r 'select(.type=="build/start")|.source+" "+.rev')" \
	"server 1111111111111111111111111111111111111111" "and where it came from"
is "$(sed 's/^commit [1]* //' b/logs/unit.log)" "branch topic/x event push repo o/r source server build o/r/7
color blue secret ***
none" "jobs have its facts, params and secrets, and none of the services"
is "$(hub_events o/r/7 | jq -r 'select(.type=="job/end")|.job+" "+.status' | sort | tr '\n' ';')" \
	"others skipped;pushed success;unit success;" "conditions ask its facts"

# ---- a push: what changed is between the two revisions
git -C checkout init -q
commit() { git -C checkout -c user.name=x -c user.email=x@x commit -q --allow-empty -m x; git -C checkout rev-parse HEAD; }
mkdir checkout/src checkout/doc
echo a >checkout/src/a
git -C checkout add .
old=$(commit)
echo b >checkout/doc/b
git -C checkout add .
new=$(commit)
echo c >checkout/src/made
cp checkout/.mci/build.yaml pushed.yaml
cat >checkout/.mci/build.yaml <<'JOBS'
- { id: doc, script: "true", when: { path: "doc/**" } }
- { id: src, script: "true", when: { path: "src/**" } }
JOBS
pushed() { hub_events "$1" | jq -r 'select(.type=="job/end")|.job+" "+.status' | sort | tr '\n' ';'; }
order o/r/30 1 "{\"rev\":\"$new\",\"base\":\"$old\"}"
ordered
wait_end "$builder"
is "$(pushed o/r/30)" "doc success;src skipped;" "conditions ask the range of a push, and not what lies in the checkout besides"
order o/r/31 1 "{\"rev\":\"$new\",\"base\":\"0000000000000000000000000000000000000000\"}"
ordered
wait_end "$builder"
is "$(pushed o/r/31)" "doc success;src success;" "a push from nowhere changes everything"
order o/r/32 1 "{\"rev\":\"$new\",\"base\":\"1111111111111111111111111111111111111111\"}"
ordered
wait_end "$builder"
is "$(pushed o/r/32)" "doc success;src success;" "and so does one from what is not there any more"
mv pushed.yaml checkout/.mci/build.yaml

# ---- nothing of it can be seen
order o/r/8 1 '{"specs":"{\"id\":\"wait\",\"script\":[\"cat wait\"],\"params\":[\"TOKEN\"]}\n","params":{"COLOR":"ultramarine"},
	"secrets":{"TOKEN":"5tr0ng-token"}}'
mkfifo checkout/wait
ordered
wait_for_line b/events.ndjson job/start
everywhere() {
	for process in "$builder" $(descendants "$builder"); do
		tr '\0' '\n' <"/proc/$process/cmdline"
		[ "$process" = "$(cat job.pid 2>/dev/null)" ] || tr '\0' '\n' <"/proc/$process/environ"
	done
}
jq -r 'select(.type=="job/start").pid' b/events.ndjson >job.pid
everywhere >seen 2>/dev/null
hasnt seen 'ultramarine|5tr0ng' "no argument and no variable of ours holds params or secrets"
hasnt seen 'cat wait.*id' "nor the jobs that stand in the order"
ok "and no file" sh -c '! grep -rqE "ultramarine|5tr0ng" b'
: >checkout/wait
wait_end "$builder"
is "$status" 0 "jobs may stand in the order instead of a definition"

# ---- the end of the pipe
order o/r/9 1 '{"specs":"{\"id\":\"long\",\"script\":[\"trap \\\"\\\" TERM; echo $$ >../pid; setsid sleep 1000 & while :; do sleep 1000; done\"]}\n"}'
ordered
wait_for_line pid .
wait_until "the hub has the start" sh -c 'mci-events sub -a "$1" --from start --build o/r/9 --count 6 --timeout 5s | grep -q job/start' - "$hub"
everyone="$builder $(descendants "$builder")"
let_go
before=$(date +%s%N)
wait_end "$builder"
after=$(date +%s%N)
is "$status" 125 "whose build loses it ends in error"
ok "within a second" test $((after - before)) -lt 1000000000
left=
for process in $everyone; do
	is_gone "$process" || left="$left $process"
done
is "$left" "" "with all its processes"
hasnt b/events.ndjson 'job/end|build/end|canceled' "nothing more is written"
is "$(hub_events o/r/9 | grep -cE 'job/end|build/end|canceled')" 0 "or published"

# ---- a newer run has begun elsewhere
order o/r/10 1 '{"specs":"{\"id\":\"a\",\"script\":[\"cat wait\"]}\n{\"id\":\"b\",\"script\":[\"true\"],\"depends-on\":[\"a\"]}\n"}'
ordered
wait_for_line b/events.ndjson job/start
mci-events pub -a "$hub" build/initializing build=o/r/10 run:=2 resume=fresh
: >checkout/wait
wait_end "$builder"
is "$status" 125 "the hub's refusal of an older run ends it"
has build.err 'run: a newer run of build o/r/10 has begun: the build is let go' "... it says"
is "$(hub_events o/r/10 | grep -c 'build/end')" 0 "nothing more of it is taken"

# ---- mci-job dies
order o/r/14 1 '{"specs":"{\"id\":\"a\",\"script\":[\"cat wait\"]}\n"}'
ordered
wait_for_line b/events.ndjson job/start
everyone="$builder $(descendants "$builder")"
# shellcheck disable=SC2046 # one word
kill -KILL $(descendants "$builder" | head -n 1)
wait_end "$builder"
is "$status" 125 "a build whose mci-job is killed ends in error"
is "$(hub_events o/r/14 | jq -r 'select(.type=="job/end" or .type=="build/end")|.status+" "+(.reason // "")' | tr '\n' ';')" \
	"error lost;error ;" "which the hub has"
left=
for process in $everyone; do
	is_gone "$process" || left="$left $process"
done
is "$left" "" "and nothing is left"

# ---- it stays until the hub has all
order o/r/11 1 '{"specs":"{\"id\":\"a\",\"script\":[\"cat wait\"]}\n"}'
ordered
wait_for_line b/events.ndjson job/start
stop_hub -KILL
: >checkout/wait
wait_for_line b/events.ndjson build/end
kill -TERM "$builder"
ok "a build whose end the hub has not acknowledged is there" kill -0 "$builder"
start_hub
wait_end "$builder"
is "$status" 0 "and ends when the hub has it"
is "$(hub_events o/r/11 | jq -r .seq | tr '\n' ' ')" "$(jq -r .seq b/events.ndjson | tr '\n' ' ')" "with everything"

# ---- a log server keeps its logs
start_logs
cat >checkout/.mci/build <<'SCRIPT'
#!/bin/sh
echo "the script says 5tr0ng-token" >&2
echo '{"id":"a","script":["echo one","cat wait","echo two"]}'
echo '{"id":"b","script":["true"],"depends-on":["a"]}'
SCRIPT
chmod +x checkout/.mci/build
mv checkout/.mci/build.yaml .
order o/r/20 1 '{"log":"'"$logs"'","secrets":{"TOKEN":"5tr0ng-token"}}'
ordered
wait_for_line b/events.ndjson job/start
wait_until "the job prints" sh -c 'mci-log cat -a "$1" o/r/20/a | grep -q one' - "$logs"
stop_logs
: >checkout/wait
wait_until "the job ends" is_gone "$(jq -r 'select(.type=="job/start").pid' b/events.ndjson)"
hasnt b/events.ndjson 'job/executed' "a job whose log is not known to be kept has not ended"
hasnt b/events.ndjson 'job/queued.*"b"' "and what depends on it does not start"
start_logs
wait_end "$builder"
is "$status" 0 "until the log server is back"
is "$(mci-log cat -a "$logs" o/r/20/a)" "one
two" "its log is whole"
is "$(mci call -a "$logs" log/get build=o/r/20 job=a | jq -c '[.open,.truncated]')" '[false,false]' "and has its end"
is "$(cat "$T/kept/o/r/20/script.log")" "the script says ***" "the script's log is there as well"
ok "and not here" [ ! -e b/script.log ]

(cd checkout && exec mci-build --json) >here.ndjson 2>"$err" &
started="$started $!"
wait_for_line here.ndjson 'job/start'
: >checkout/wait
wait_end $!
ok "what it said is what a build in a terminal says" mci-events diff here.ndjson b/events.ndjson

order o/r/21 1 '{"log":"'"$logs"'"}'
ordered
wait_for_line b/events.ndjson job/start
echo newer | mci-log put -a "$logs" o/r/21@2/a
: >checkout/wait
wait_end "$builder"
is "$status" 125 "the log server's refusal of an older run ends the build"
has build.err 'run: a newer run of build o/r/21 has begun: the build is let go' "... it says"
hasnt b/events.ndjson 'job/executed|job/end' "and the job whose log was refused has not ended"
rm checkout/.mci/build
mv build.yaml checkout/.mci
stop_logs

# ---- what is wrong with it is an end of the build
mv checkout/.mci away
order o/r/12 1 '{}'
ordered
wait_end "$builder"
is "$status" 125 "a checkout without a definition"
is "$(hub_events o/r/12 | jq -r 'select(.type=="build/end")|.status+" "+.reason')" "error definition" "is an end in error, with the reason"
mv away checkout/.mci
order o/r/13 1 '{"secrets":{"TOKEN":"x"}}'
ordered
wait_end "$builder"
is "$(hub_events o/r/13 | jq -r 'select(.type=="build/end")|.status')" error "so is a secret that cannot be masked"

# ---- bad orders
bad() {
	printf '%s\n' "$2" | timeout 20 mci-build --order fd:0 >"$out" 2>"$err"
	is "$?" "${4:-125}" "$1"
	has "$err" "$3" "... it says"
}
bad "no line" '{' 'mci-build: --order fd:0: not JSON'
bad "another version" '{"version":2}' 'version: expected 1'
bad "no build" '{"version":1}' 'build: is missing'
bad "a build that is none" '{"version":1,"build":"x","run":1,"trust":"trusted","dir":"/","folder":"/","events":"/x"}' "build: 'x' is no build"
bad "a run that is none" '{"version":1,"build":"o/r/1","run":0,"trust":"trusted"}' 'run: '
bad "a number for a text" '{"version":1,"build":"o/r/1","run":1,"trust":"trusted","dir":7}' 'dir: expected a string'
bad "a relative folder" '{"version":1,"build":"o/r/1","run":1,"trust":"trusted","dir":"x","folder":"/","events":"/x"}' "dir: 'x' is no absolute path"
bad "a trust that is none" '{"version":1,"build":"o/r/1","run":1,"trust":"some"}' "trust: expected trusted.stranger, found 'some'"
bad "a param that is none" '{"version":1,"build":"o/r/1","run":1,"trust":"trusted","dir":"/","folder":"/","events":"/x","params":{"A B":"x"}}' 'params.A B'
printf '{"version":1' | timeout 20 mci-build --order fd:0 >"$out" 2>"$err"
is "$?" 125 "half a line"
has "$err" 'it ended before its line was whole' "... it says"
exits 2 "a file" sh -c 'mci-build --order fd:0 </dev/null'
has "$err" 'is no pipe' "... it says"
exits 2 "no descriptor" mci-build --order x
exits 2 "with more than that" sh -c 'echo | mci-build --order fd:0 --rev HEAD'
stop_hub
finish
