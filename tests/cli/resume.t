#!/bin/sh
# A build goes on where a run of it was cut off: what has ended is kept, what ran is tried again.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"
. "$ROOT/tests/cli/order-lib.sh"
contract=${MCI_BIN%/bin}/tests/unit/contract
need jq nc python3 "$contract"

start_hub
store=$T/store
python3 "$ROOT/tests/cli/store-stub.py" "$store" "$log" >"$T/store.out" 2>"$T/store.err" &
started="$started $!"
wait_for_line "$T/store.out" ready

mkdir -p checkout/.mci
# each job says how often it ran; those that are told to wait for a gate
cat >checkout/.mci/build.yaml <<'JOBS'
- {id: first, script: ["echo x >>../ran.first", "echo K=one >>$MCI_OUTPUT"]}
- {id: adder, script: ["echo x >>../ran.adder", "mci add added -- sh -c 'echo x >>../ran.added; until [ -e ../go.added ]; do sleep 0.02; done'"]}
- {id: fails, script: ["echo x >>../ran.fails", "exit 3"], allow-failure: true}
- {id: second, script: ["echo x >>../ran.second", "until [ -e ../go.second ]; do sleep 0.02; done"], depends-on: [first]}
- {id: last, script: ["echo x >>../ran.last", "mci output get first K >../got"], depends-on: [second, fails]}
JOBS
ran() { cat ran.* 2>/dev/null | wc -l; }
runs() { for job in first adder added fails second last; do printf '%s=%s ' "$job" "$(cat "ran.$job" 2>/dev/null | wc -l)"; done; }
# in_order BUILD: "whole" when the hub has every seq of the build once, in order
in_order() {
	hub_events "$1" | jq -n -c '[inputs | select(.seq) | .seq] | if . == [range(1; length + 1)] then "whole" else . end' -r
}
ended_once() {
	hub_events "$1" | jq -r 'select(.type == "job/end") | .job' | sort | uniq -d
}

# ---- on the same workspace
order o/r/1 1 "{\"store\":\"$store\",\"jobs\":4}"
ordered
wait_until "two run and wait" sh -c '[ "$(cat ran.second ran.added 2>/dev/null | wc -l)" = 2 ]'
wait_until "the others have ended" sh -c '[ "$(grep -c job/end b/events.ndjson)" = 3 ]'
kill -KILL "$builder"
wait_end "$builder"
let_go
order o/r/1 2 "{\"store\":\"$store\",\"resume\":\"workspace\",\"jobs\":4}"
ordered
wait_until "both run again" sh -c '[ "$(cat ran.second ran.added | wc -l)" = 4 ]'
touch go.second go.added
wait_end "$builder"
is "$status" 0 "a build that was killed goes on"
is "$(runs)" "first=1 adder=1 added=2 fails=1 second=2 last=1 " "what had ended does not run again, what ran does"
is "$(cat got)" one "outputs are kept"
has build.err 'o/r/1 goes on in run 2: of the jobs that have ended 3 are kept, 0 run again' "it says so"
is "$(in_order o/r/1)" whole "seq goes on"
is "$(ended_once o/r/1)" "" "every job ends once"
is "$(hub_events o/r/1 | jq -r 'select(.type=="job/end")|"\(.job) \(.run) \(.attempt)"' | sort | tr '\n' ';')" \
	"added 2 2;adder 1 1;fails 1 1;first 1 1;last 2 1;second 2 2;" "events keep their run, attempts are counted on"
is "$(hub_events o/r/1 | jq -r 'select(.type=="build/end")|"\(.status) \(.run) \(.success) \(.failure) \(.jobs)"')" "success 2 5 1 6" \
	"all count at the end"
is "$(jq -c 'select(.seq)|[.run,.seq,.type]' b/events.ndjson)" "$(hub_events o/r/1 | jq -c 'select(.seq)|[.run,.seq,.type]')" \
	"the log here is the one of the hub"
is "$(jq -r 'select(.type=="job/pending").job' b/events.ndjson | sort | uniq -d)" "" "nothing is said twice"
is "$("$contract" --check <b/events.ndjson)" "" "every event is in the contract"

# ---- what the hub had not heard of is not lost
rm -f ran.* go*
order o/r/2 1 "{\"store\":\"$store\",\"jobs\":4}"
ordered
wait_until "two run and wait" sh -c '[ "$(cat ran.second ran.added 2>/dev/null | wc -l)" = 2 ]'
wait_until "the others have ended" sh -c '[ "$(grep -c job/end b/events.ndjson)" = 3 ]'
kill -STOP "$hub_pid"
touch go.second
wait_until "one ends" sh -c '[ "$(grep -c job/end b/events.ndjson)" -ge 4 ]'
kill -KILL "$builder"
wait_end "$builder"
kill -CONT "$hub_pid"
let_go
order o/r/2 2 "{\"store\":\"$store\",\"resume\":\"workspace\",\"jobs\":4}"
ordered
wait_until "the other one runs again" sh -c '[ "$(cat ran.second ran.added | wc -l)" = 3 ]'
touch go.added
wait_end "$builder"
is "$status" 0 "a build whose hub was away when it was killed"
is "$(cat ran.second ran.added | wc -l)" 3 "does not run again what had ended meanwhile"
is "$(in_order o/r/2)" whole "seq goes on"
is "$(ended_once o/r/2)" "" "every job ends once"

# ---- on another workspace
rm -f ran.* go*
order o/r/3 1 "{\"store\":\"$store\",\"jobs\":4}"
ordered
wait_until "two run and wait" sh -c '[ "$(cat ran.second ran.added 2>/dev/null | wc -l)" = 2 ]'
wait_until "the hub knows that three have ended" sh -c '[ "$(cat "$1"/*.ndjson | grep o/r/3 | grep -c job/end)" = 3 ]' - "$log"
kill -KILL "$builder"
wait_end "$builder"
let_go
rm -rf b
order o/r/3 2 "{\"store\":\"$store\",\"resume\":\"fresh\",\"jobs\":4}"
ordered
wait_until "both run again" sh -c '[ "$(cat ran.second ran.added | wc -l)" = 4 ]'
touch go.second go.added
wait_end "$builder"
is "$status" 0 "a build that goes on elsewhere"
is "$(runs)" "first=2 adder=1 added=2 fails=2 second=2 last=1 " "runs again what unfinished jobs need"
has build.err 'of the jobs that have ended 1 are kept, 2 run again as this is another workspace' "it says so"
is "$(hub_events o/r/3 | jq -c 'select(.type=="build/start" and .run==2)|[.kept,.again]')" "[1,2]" "in its first event as well"
is "$(in_order o/r/3)" whole "seq goes on"

# ---- the run before was stopped, and does not hear that its agent is gone
rm -f ran.* go*
order o/r/90 1 "{\"store\":\"$store\",\"specs\":\"{\\\"id\\\":\\\"a\\\",\\\"script\\\":[\\\"echo x >>../ran.a; until [ -e ../go.a ]; do sleep 0.02; done\\\"]}\"}"
ordered
wait_for_line ran.a x
wait_until "the hub knows that it runs" sh -c 'cat "$1"/*.ndjson | grep o/r/90 | grep -q job/start' - "$log"
kill -STOP "$builder"
# as the kernel does to who is stopped when the agent dies
kill -HUP "$builder"
stopped=$builder
let_go
order o/r/90 2 "{\"resume\":\"workspace\",\"store\":\"$store\",\"specs\":\"{\\\"id\\\":\\\"a\\\",\\\"script\\\":[\\\"echo x >>../ran.a; until [ -e ../go.a ]; do sleep 0.02; done\\\"]}\"}"
ordered
touch go.a
wait_end "$builder"
is "$status $(cat ran.a | tr '\n' ' ')" "0 x x " "the next run has the folder all the same"
wait_end "$stopped"
is "$status" 125 "as the one before has gone on to its end"
is "$(hub_events o/r/90 | jq -r 'select(.type=="build/canceled").reason')" "" "and nobody has canceled the build"

# ---- a build that had ended, and nobody heard of it
rm -f ran.* go*
order o/r/4 1 "{\"store\":\"$store\",\"specs\":\"{\\\"id\\\":\\\"a\\\",\\\"script\\\":[\\\"echo x >>../ran.a; until [ -e ../go.a ]; do sleep 0.02; done; exit 7\\\"]}\"}"
ordered
wait_for_line ran.a x
wait_until "the hub knows that it runs" sh -c 'cat "$1"/*.ndjson | grep o/r/4 | grep -q job/start' - "$log"
kill -STOP "$hub_pid"
touch go.a
wait_for_line b/events.ndjson build/end
kill -KILL "$builder"
wait_end "$builder"
kill -CONT "$hub_pid"
let_go
order o/r/4 2 "{\"store\":\"$store\",\"resume\":\"workspace\",\"specs\":\"{\\\"id\\\":\\\"a\\\",\\\"script\\\":[\\\"echo x >>../ran.a\\\"]}\"}"
ordered
wait_end "$builder"
is "$status $(cat ran.a)" "1 x" "is told by the next run, which runs nothing"
is "$(hub_events o/r/4 | jq -r 'select(.type=="build/end")|"\(.status) \(.run) \(.failure)"')" "failure 1 1
failure 2 1" "with its end"
is "$(in_order o/r/4)" whole "seq goes on"

# ---- canceled
rm -f ran.*
order o/r/5 1 "{\"store\":\"$store\",\"specs\":\"{\\\"id\\\":\\\"a\\\",\\\"script\\\":[\\\"trap '' TERM; echo x >>../ran.a; while :; do sleep 1; done\\\"]}\n{\\\"id\\\":\\\"b\\\",\\\"script\\\":[\\\"true\\\"],\\\"depends-on\\\":[\\\"a\\\"]}\"}"
ordered
wait_for_line ran.a x
mci call -a "$(cat b/control)" build/cancel >/dev/null
wait_until "the hub knows that it is canceled" sh -c 'cat "$1"/*.ndjson | grep o/r/5 | grep -q build/canceled' - "$log"
kill -KILL "$builder"
wait_end "$builder"
let_go
order o/r/5 2 "$(printf '%s' "$order" | jq -c '{store,specs,resume:"workspace"}')"
ordered
wait_end "$builder"
is "$status $(cat ran.a)" "143 x" "a build that was being canceled is canceled"
is "$(hub_events o/r/5 | jq -r 'select(.type=="job/end")|.job+" "+.status' | sort | tr '\n' ';')" "a canceled;b canceled;" "with all its jobs"
is "$(hub_events o/r/5 | jq -r 'select(.type=="build/end")|.status')" canceled "once"

# ---- what waits for a person, what is tried again, and a matrix
rm -f ran.* go*
cat >checkout/.mci/build.yaml <<'JOBS'
- {id: ask, blocked: true, script: ["echo x >>../ran.ask", "until [ -e ../go.ask ]; do sleep 0.02; done"]}
- {id: again, retry: 1, script: ["echo x >>../ran.again", "until [ -e ../go.again ]; do sleep 0.02; done", "[ $(wc -l <../ran.again) = 3 ]"]}
- {id: m, matrix: {V: [1, 2]}, script: ["echo x >>../ran.m$V"]}
- {id: behind, script: ["echo x >>../ran.behind"], depends-on: [m, ask]}
JOBS
order o/r/20 1 "{\"store\":\"$store\",\"jobs\":4}"
ordered
wait_for_line ran.again x
wait_until "the hub knows how it stands" sh -c '[ "$(cat "$1"/*.ndjson | grep o/r/20 | grep -cE "job/end|job/blocked|job/start.*again")" = 4 ]' - "$log"
kill -KILL "$builder"
wait_end "$builder"
let_go
order o/r/20 2 "{\"store\":\"$store\",\"resume\":\"workspace\",\"jobs\":4}"
ordered
wait_until "it goes on" sh -c '[ "$(wc -l <ran.again)" = 2 ]'
wait_until "it can be unblocked" mci call -a "$(cat b/control)" job/unblock job=ask
wait_for_line ran.ask x
wait_until "the hub knows" sh -c 'cat "$1"/*.ndjson | grep o/r/20 | grep -q "job/start.*\"ask\""' - "$log"
kill -KILL "$builder"
wait_end "$builder"
let_go
touch go.ask go.again
echo x >ran.again
order o/r/20 3 "{\"store\":\"$store\",\"resume\":\"fresh\",\"jobs\":4}"
ordered
wait_end "$builder"
is "$status" 0 "blocked jobs, retries and matrices go on"
is "$(hub_events o/r/20 | jq -r 'select(.type=="job/blocked" or .type=="job/unblocked")|.type' | tr '\n' ' ')" "job/blocked job/unblocked " \
	"who was let go is not asked about again"
is "$(wc -l <ran.again)" 3 "an attempt that was lost is none of the retries"
is "$(cat ran.m1 ran.m2 | wc -l)" 4 "the jobs of a matrix that is needed run again elsewhere"

# ---- an attempt that was over, of which nothing was said yet; and a job that is no more
rm -f ran.*
cat >checkout/.mci/build.yaml <<'JOBS'
- {id: good, script: ["echo x >>../ran.good"]}
- {id: bad, retry: 1, script: ["echo x >>../ran.bad"]}
- {id: worse, script: ["echo x >>../ran.worse"]}
JOBS
said() {
	seq=$((seq + 1))
	printf '{"seq":%d,"build":"o/r/21","run":1,"type":"%s","time":"2026-11-26T18:00:00.000Z"%s}\n' "$seq" "$1" "$2"
}
{
	seq=0
	for job in good bad worse gone; do
		said job/pending ",\"job\":\"$job\""
		said job/queued ",\"job\":\"$job\""
	done
	for job in good bad worse; do
		said job/initializing ",\"job\":\"$job\",\"attempt\":1"
	done
	said job/executed ',"job":"good","attempt":1,"reason":"exit","exit":0,"outputs":{"K":"V"}'
	said job/executed ',"job":"bad","attempt":1,"reason":"exit","exit":2'
	said job/executed ',"job":"worse","attempt":1,"reason":"exit","exit":2'
} | mci-events pub -a "$hub" --sync disk
order o/r/21 2 "{\"store\":\"$store\",\"resume\":\"fresh\"}"
ordered
wait_end "$builder"
is "$(ls ran.*)" "ran.bad" "what had run does not run again, unless it is to be tried again"
is "$(hub_events o/r/21 | jq -r 'select(.type=="job/end")|"\(.job) \(.status) \(.attempt) \(.reason)"' | sort | tr '\n' ';')" \
	"bad success 2 exit;gone error null lost;good success 1 exit;worse failure 1 exit;" "and a job without a spec has its end too"
is "$(hub_events o/r/21 | jq -c 'select(.type=="job/end" and .job=="good").outputs')" '{"K":"V"}' "with what it put out"

# ---- a build that runs another one again
rm -f ran.*
cat >checkout/.mci/build.yaml <<'JOBS'
- {id: base, script: ["echo x >>../ran.base"]}
- {id: alone, script: ["echo x >>../ran.alone", "echo K=kept >>$MCI_OUTPUT"]}
- {id: fails, script: ["echo x >>../ran.fails", "test -e ../mended"], depends-on: [base]}
- {id: behind, script: ["echo x >>../ran.behind", "mci output get alone K >../got"], depends-on: [fails, alone]}
JOBS
order o/r/6 1 "{}"
ordered
wait_end "$builder"
touch mended
order o/r/7 1 "{\"store\":\"$store\",\"rerun\":{\"of\":\"o/r/6\",\"failed\":true}}"
ordered
wait_end "$builder"
is "$status $(cat ran.base ran.fails ran.behind ran.alone | wc -l)" "0 7" "only what failed and what it needs runs again"
order o/r/8 1 "{\"store\":\"$store\",\"rerun\":{\"of\":\"o/r/7\",\"from\":\"fails\"}}"
rm ran.*
ordered
wait_end "$builder"
is "$status $(ls ran.* | tr '\n' ' ')" "0 ran.alone ran.base ran.behind ran.fails " "from a job on, with what that needs"
order o/r/9 1 "{\"store\":\"$store\",\"rerun\":{\"of\":\"o/r/8\",\"from\":\"base\"}}"
rm ran.*
ordered
wait_end "$builder"
is "$status $(ls ran.* | tr '\n' ' ')" "0 ran.alone ran.base ran.behind ran.fails " "all that is behind it"
cat >checkout/.mci/build.yaml <<'JOBS'
- {id: base, script: ["echo x >>../ran.base"]}
- {id: other, script: ["echo x >>../ran.other", "echo K=kept >>$MCI_OUTPUT"]}
- {id: late, script: ["echo x >>../ran.late"], depends-on: [base]}
JOBS
order o/r/10 1 "{}"
ordered
wait_end "$builder"
rm ran.*
order o/r/11 1 "{\"store\":\"$store\",\"rerun\":{\"of\":\"o/r/10\",\"from\":\"late\"}}"
ordered
wait_end "$builder"
is "$status $(ls ran.* | tr '\n' ' ')" "0 ran.base ran.late " "not what stands beside it"
is "$(hub_events o/r/11 | jq -c 'select(.type=="job/end" and .cached)|[.job,.status,.outputs.K]')" '["other","success","kept"]' \
	"whose result is taken over"
is "$("$contract" --check <b/events.ndjson)" "" "every event is in the contract"

# ---- the same in a terminal
unset MCI_EVENTS
rm -f ran.* go*
mkdir -p here/.mci
cat >here/.mci/build.yaml <<'JOBS'
- {id: first, script: ["echo x >>../ran.first", "echo K=one >>$MCI_OUTPUT"]}
- {id: second, params: [COLOR], script: ["echo $COLOR >>../ran.second", "until [ -e ../go.second ]; do sleep 0.02; done"], depends-on: [first]}
- {id: last, script: ["echo x >>../ran.last", "mci output get first K >../got"], depends-on: [second]}
- {id: unasked, script: ["echo x >>../ran.unasked"]}
JOBS
cd here || exit 1
background mci-build --json --events "$hub" -p COLOR=blue last
wait_for_line ../ran.second blue
wait_until "the log says so" grep -q '"job/start".*"second"' "$out"
build=$(mci path @)
kill -KILL "$pid"
wait_end "$pid"
exits 2 "operands" mci-build --resume @ first
background mci-build --resume @ --json --events "$hub"
wait_until "it runs again" sh -c '[ "$(wc -l <../ran.second)" = 2 ]'
touch ../go.second
wait_end "$pid"
is "$status" 0 "a killed build goes on"
is "$(cat ../ran.* | tr '\n' ' ')" "x x blue blue " "with what was asked for, and what had ended is kept"
is "$(cat ../got)" one "with its outputs"
is "$(mci path @)" "$build" "as the same build"
is "$(jq .seq "$build/events.ndjson" | tr '\n' ' ')" "$(seq "$(wc -l <"$build/events.ndjson")" | tr '\n' ' ')" "seq goes on"
is "$(jq -r 'select(.type=="build/initializing")|"\(.run) \(.resume)"' "$build/events.ndjson")" "2 workspace" "in a second run"
is "$(jq -r .seq "$out" | tr '\n' ' ')" "$(jq -r .seq "$build/events.ndjson" | tr '\n' ' ')" "whoever reads it gets all of it"
name=$(jq -r .build "$build/events.ndjson" | head -n 1)
is "$(hub_events "$name" | jq -r .seq | tr '\n' ' ')" "$(jq -r .seq "$build/events.ndjson" | tr '\n' ' ')" "and so does the hub"
unlike "$(cat "$err")" 'had .* before' "which has had the beginning, and that is nobody's news"
run mci log @/second
is "$status $(cat "$err")" "0 " "a log that was cut off with its run is whole as far as it goes"
exits 2 "a build that has ended" mci-build --resume @
has "$err" 'has ended; to run it again: mci rerun' "... it says"
exits 2 "a build that is none" mci-build --resume 99

rm -f ../ran.* ../go*
printf '%s\n' '{"id":"a","script":["echo x >>../ran.a"]}' '{"id":"b","script":["echo x >>../ran.b; until [ -e ../go.b ]; do sleep 0.02; done"],"depends-on":["a"]}' >../specs
background sh -c 'exec mci-build -q - <../specs'
wait_for_line ../ran.b x
wait_until "its start is in the log" sh -c 'grep -q "job/start.*\"b\"" "$(mci path @)/events.ndjson"'
kill -KILL "$pid"
wait_end "$pid"
touch ../go.b
exits 0 "specs that came on standard input" mci-build -q --resume @
is "$(cat ../ran.a ../ran.b | wc -l)" 3 "are those that came"
cd ..
stop_hub
finish
