#!/bin/sh
# The queue of builds: triggers, claims and their leases, what people ask of builds, and what is known of them.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"
. "$ROOT/tests/cli/queue-lib.sh"
need jq python3

start_hub && start_store && has_org || exit 1
object=0123456789abcdef0123456789abcdef01234567 nothing=0000000000000000000000000000000000000000

# one whose agent is never heard of again, from now on
ask repo/put org=o id=lost "url=$T/r" 'agents:={"only":"lost"}' >"$out"
ask build/trigger repo=o/lost >"$out"
claim lost 'labels:={"only":"lost"}'
is "$build $run" "o/lost/1 1" "an agent gets a build"
lost=$lease

# ---- what is accepted

run ask build/trigger repo=o/r ref=refs/heads/main "old=$nothing" "new=$object" key=one actor=ann
is "$(cat "$out")" '{"build":"o/r/1","number":1,"created":true}' "a trigger says the name of its build"
run ask build/trigger repo=o/r ref=refs/heads/main "old=$nothing" "new=$object" key=one
is "$(cat "$out")" '{"build":"o/r/1","number":1,"created":false}' "the same key is the same build"
is "$(ask build/get build=o/r/1 | jq -c '[.repo,.status,.trust,.event,.ref,.branch,.rev,.base,.actor,.run]')" \
	"[\"o/r\",\"queued\",\"trusted\",\"push\",\"refs/heads/main\",\"main\",\"$object\",null,\"ann\",0]" \
	"what was pushed is what is to be built"

refuses() {
	run ask build/trigger "$@"
	case $status in
	0 | 125) fail "refuses $*" "$out" "$err" ;;
	*) has "$err" ': ' "refuses $*" ;;
	esac
}
refuses repo=o/none
refuses repo=none
refuses repo=o/r ref=main
refuses repo=o/r ref=--orphan
refuses repo=o/r new=HEAD
refuses repo=o/r event=X
refuses repo=o/r priority:=1001
refuses repo=o/r 'params:={"A":1}'
refuses repo=o/r 'params:={"A B":"1"}'
refuses repo=o/r 'params:={"1":"1"}'
refuses repo=o/r 'params:={"":"1"}'
refuses repo=o/r 'rerun:={"of":"o/r/9"}'
refuses repo=o/r 'rerun:={"of":"o/r/1"}'
run ask build/trigger repo=o/r "ref=refs/heads/a
b"
is "$status $(wc -l <"$err")" "2 1" "an error of a name that holds a newline is one line"
exits 0 "a branch may be called as an option is" ask build/trigger repo=o/r ref=refs/heads/--orphan
is "$(ask build/get build=o/r/2 | jq -r .branch)" --orphan "and is that branch"
exits 125 "parameters are bounded" ask build/trigger repo=o/r "params:={\"A\":\"$(printf %66000s x)\"}"

for words in 'message=Mend it [skip ci]' 'options:=["ci.skip"]'; do
	run ask build/trigger repo=o/r "new=$object" "$words"
	is "$(jq -c '[.created,.build,(.skipped|length>0)]' "$out")" '[false,null,true]' "$words makes no build"
done
run ask build/trigger repo=o/r ref=refs/heads/gone "old=$object" "new=$nothing"
is "$(jq -r .skipped "$out")" "the ref was removed" "nor does a ref that is removed"
run ask build/trigger repo=o/r 'message=again [skip ci]'
is "$(jq -r .number "$out")" 3 "whoever asks for a build gets one all the same, with the next number"
wait_until "events of what was decided" sh -c "cat '$log'/*.ndjson | grep -q '\"o/r/3\".*build/queued\|build/queued.*\"o/r/3\"'"
is "$(cat "$log"/*.ndjson | jq -r 'select(.type=="trigger/skipped").reason' | sort -u | wc -l)" 3 \
	"what makes no build says why in an event"
is "$(cat "$log"/*.ndjson | jq -r 'select(.build=="o/r/1")|[.type,.change>0,.rev]|join(" ")')" \
	"build/triggered true $object
build/queued true " "a build is told to the hub, with the numbers of its rows"

# ---- who gets it

ask param/put org=o name=LEVEL value=1 plain:=true >"$out"
ask param/put org=o name=PLAIN value=2 plain:=true >"$out"
ask param/put org=o name=TOKEN value=hidden >"$out"

run ask build/claim token=nobody id=x
like "$status $(cat "$err")" "^1 .*token is nobody's" "who shows no token of an agent gets nothing"
claim first name=a1
is "$build $run" "o/r/1 1" "the oldest comes first"
is "$(printf '%s' "$claimed" | jq -c '.order|[.version,.build,.run,.source,.trust,.repo,.main,.ref,.rev,.event,.branch]')" \
	"[1,\"o/r/1\",1,\"server\",\"trusted\",\"o/r\",\"main\",\"refs/heads/main\",\"$object\",\"push\",\"main\"]" \
	"with the order for mci-build"
held=$lease
claim first name=a1
is "$build $run $lease" "o/r/1 1 $held" "the same claim is answered the same"
run ask build/claim "token=$(ask token/create agent=b | jq -r .token)" id=first
is "$status $(cat "$out")" "1 " "but to its own agent alone"
has "$err" 'another agent' "and another one hears why"
ask build/trigger repo=o/r priority:=5 'params:={"LEVEL":"7"}' 'specs={"id":"x","script":["true"]}' >"$out"
claim second
is "$build $(printf '%s' "$claimed" | jq -cr '.order|(.params,.secrets,.specs)' | tr '\n' ' ')" \
	'o/r/4 {"LEVEL":"7","PLAIN":"2"} {"TOKEN":"hidden"} {"id":"x","script":["true"]} ' "one of higher priority goes before the others, with what it was given"
say build/end status=success >"$out"
is "$(cat "$out")" '{"status":"success"}' "who has it may end it"
claim third && say build/end status=error reason=checkout 'message=no such branch' >"$out"
claim fourth && say build/end status=failure >"$out"
claim fifth
is "$build$claimed" '{}' "where nothing waits nothing is given"
exits 1 "a claim whose build is over is refused" ask build/claim "token=$token" id=second

build=o/r/1 run=1 lease=$held
is "$(say build/renew)" '{"seconds":10}' "a lease is renewed"
lease=other
run say build/renew
like "$status $(cat "$err")" 'not yours any more' "only by its holder"
run say build/end status=success
like "$status $(cat "$err")" 'not yours any more' "who alone may end the build"
run say build/release reason=stopped
like "$status $(cat "$err")" 'not yours any more' "or give it back"

# ---- whose word counts

wait_until "waited for the events of o/r/1" status_is o/r/1 pending
publish_build o/r/1 1 1 build/start '"schema":1,"folder":"/b","logs":"/l","dir":"/d","definition":"-","pid":1'
publish_build o/r/1 1 2 job/pending '"job":"x"'
publish_build o/r/1 1 3 job/end '"job":"x","attempt":1,"status":"success","reason":"exit","exit":0,"elapsed":1.5'
publish_build o/r/1 1 4 build/end '"status":"failure","elapsed":2,"exit":1,"jobs":1,"success":1,"failure":0,"error":0,"skipped":0,"canceled":0'
lease=$held
is "$(say build/end status=error)" '{"status":"failure"}' "what mci-build has said of the end counts, not the agent"
is "$(say build/end status=error)" '{"status":"failure"}' "also when the agent asks twice"
is "$(in_file o/r/1 'select(.type=="build/end").status')" '"failure"' "and there is one end"
is "$(in_file o/r/3 'select(.type=="build/end")|[.status,.run,.reason]' ; in_file o/r/2 'select(.type=="build/end")|[.status,.run,.reason,.message]')" \
	'["failure",1,null]
["error",1,"checkout","no such branch"]' "where it has said nothing the store writes what the agent said"
is "$(ask build/get build=o/r/2 | jq -c '[.status,.reason,.error]')" '["error","checkout","no such branch"]' \
	"and shows it"

# ---- back into the queue

ask build/trigger repo=o/r key=back >"$out"
claim sixth && say build/release reason=drained >"$out"
is "$(say build/release reason=drained)" '{}' "to give it back twice is fine"
claim seventh
is "$build $run" "o/r/5 2" "a build that was given back is another run of it"
wait_until "waited for the claim" sh -c "grep -q '\"run\":2' '$stored/builds/o/r/5.ndjson'"
is "$(in_file o/r/5 '[.type,.run,.reason,.agent]' | tail -n 2)" '["build/queued",1,"drained",null]
["build/pending",2,null,"a"]' "its events say so, and why"
# the end of the run before does not count any more, that of this one does
publish_build o/r/5 1 1 build/end '"status":"success"'
echo '{"type":"build/initializing","time":"2026-11-23T18:00:00.000Z","build":"o/r/5","run":2,"resume":"fresh"}' |
	mci-events pub -a "$hub" --sync disk -q
background mci call -a "$store" build/events build=o/r/5
wait_for_line "$out" build/initializing
pass "a run that has said that it begins finds that in the build's events"
publish_build o/r/5 2 2 build/end '"status":"failure"'
is "$(say build/end status=error)" '{"status":"failure"}' "the end of the last run counts"

# a run that ended, and whose agent could not say so before it gave the build back
ask build/trigger repo=o/r >"$out"
claim eighth
publish_build o/r/6 1 1 build/end '"status":"success"'
say build/release reason=stopped >"$out"
claim ninth
is "$build" '' "a build whose end is known is not run again"
is "$(ask build/get build=o/r/6 | jq -r .status)" success "and is what it was"

# ---- which agents, and how many

ask repo/put org=o id=big url=/x 'agents:={"cpu":"arm"}' max-builds:=1 >"$out"
ask build/trigger repo=o/big >"$out"
ask build/trigger repo=o/big >"$out"
claim l1 && is "$build" '' "an agent without the labels does not get it"
claim l2 'labels:={"cpu":"x86"}' && is "$build" '' "nor with others"
claim l3 'labels:={"cpu":"arm","more":"1"}' && is "$build" o/big/1 "one that has them does"
claim l4 'labels:={"cpu":"arm"}' && is "$build" '' "not more at once than the repository says"
build=o/big/1 run=1
claim l3 'labels:={"cpu":"arm"}' && say build/end status=success >"$out"
wait_until "waited for what is said of o/big/2" grep -q '"reason":"room"' "$stored/builds/o/big/2.ndjson"
pass "its end is told to agents as room for the next"
ask org/put id=o max-builds:=2 >"$out" # with o/lost/1
ask build/trigger repo=o/r >"$out"
claim l5 && is "$build" o/r/7 "the organisation's other builds go on"
claim l6 'labels:={"cpu":"arm"}' && is "$build" '' "not more at once than the organisation says"
ask org/put id=o max-builds:=1000 >"$out"
claim l5 && say build/end status=success >"$out"
claim l7 'labels:={"cpu":"arm"}' && say build/end status=success >"$out"

ask repo/put org=o id=new url=/x supersede:=true >"$out"
for branch in a a b a; do
	ask build/trigger repo=o/new "ref=refs/heads/$branch" >"$out"
done
is "$(ask build/list repo=o/new | jq -c '[.builds[]|[.number,.status]]')" \
	'[[4,"queued"],[3,"queued"],[2,"canceled"],[1,"canceled"]]' "a newer build of a branch cancels those that wait, where the repository says so"
wait_until "waited for the end of o/new/2" status_is o/new/2 canceled
is "$(in_file o/new/2 'select(.type=="build/canceled").reason')" '"superseded by o/new/4"' "and says for which"
claim s1 && say build/end status=success >"$out"
claim s2 && say build/end status=success >"$out"

# ---- what people ask

ask build/trigger repo=o/r >"$out"
is "$(ask build/cancel build=o/r/8 reason=bored)" '{}' "a build that waits is canceled"
is "$(ask build/get build=o/r/8 | jq -r .status)" canceled "at once"
claim c1 && is "$build" '' "and is not given to anybody"
run ask build/cancel build=o/r/8
like "$status $(cat "$err")" '^1 .*has ended: canceled' "one that has ended is not canceled"
exits 1 "nor one that there is not" ask build/cancel build=o/r/99

ask build/trigger repo=o/r >"$out"
claim c2
publish_build "$build" 1 1 job/blocked '"job":"deploy"'
publish_build "$build" 1 2 job/start '"job":"test","attempt":1,"pid":1'
wait_until "waited for the job" sh -c "mci call -a '$store' job/list build=$build | grep -q '\"test\"'"
run ask job/unblock "build=$build" job=test
like "$(cat "$err")" 'not blocked: running' "a job that is not blocked is not unblocked"
exits 1 "nor one that there is not" ask job/unblock "build=$build" job=none
ask job/unblock "build=$build" job=deploy >"$out"
ask build/cancel "build=$build" job=test >"$out"
is "$(say build/renew)" '{"seconds":10,"cancel-jobs":["test"],"unblock":["deploy"]}' "what is asked of a running build is told with its lease"
stop_store && start_store
is "$(say build/renew)" '{"seconds":10,"cancel-jobs":["test"],"unblock":["deploy"]}' "a store that starts has kept it, and the lease"
ask build/cancel "build=$build" reason=late >"$out"
is "$(say build/renew | jq -r .cancel)" late "a running build is canceled by its agent"
is "$(in_file "$build" 'select(.type=="build/asked")|[.unblock,.["cancel-job"],.cancel]' | tr '\n' ' ')" \
	'["deploy",null,null] [null,"test",null] [null,null,"late"] ' "events tell the agent to look"
say build/release reason=stopped >"$out"
is "$(ask build/get "build=$build" | jq -r .status)" canceled "one that is to be canceled is not run again"

# whoever looks at once sees the end too
n=0
while [ "$n" -lt 20 ]; do
	n=$((n + 1))
	canceled=$(ask build/trigger repo=o/new | jq -r .build)
	ask build/cancel "build=$canceled" >"$out"
	ask build/events "build=$canceled" | jq -r .type | tail -n 1
done >ends
is "$(sort -u ends)" build/end "the events of a build that was just canceled have its end, 20 times"

# a build once more
run ask build/trigger repo=o/r 'rerun:={"of":"o/r/4","failed":true}' 'params:={"MORE":"1"}' actor=bob
is "$(jq -r .build "$out")" o/r/10 "a build is run again as a new one"
claim r1
is "$(printf '%s' "$claimed" | jq -c '.order|[.rerun,.params.LEVEL,.params.MORE,.specs,.event,.actor]')" \
	'[{"of":"o/r/4","failed":true},"7","1","{\"id\":\"x\",\"script\":[\"true\"]}","manual","bob"]' "of the same, and what was added"
say build/end status=success >"$out"

# ---- what is known

is "$(ask job/list build=o/r/1)" '{"jobs":[{"job":"x","status":"success","attempt":1,"reason":"exit","exit":0,"elapsed":1.5}],"more":false}' \
	"jobs, with what became of them"
is "$(ask build/get build=o/r/1 | jq -c '[.status,.exit,.elapsed,.jobs,.started,.ended,.run]')" \
	'["failure",1,2,{"success":1},"2026-11-23T18:00:00.000Z","2026-11-23T18:00:00.000Z",1]' "builds, with theirs"
is "$(ask build/list repo=o/r limit:=3 | jq -c '[[.builds[].number],.more]')" '[[10,9,8],true]' "a page of builds, the newest first"
is "$(ask build/list repo=o/r limit:=3 before=o/r/8 | jq -c '[[.builds[].number],.more]')" '[[7,6,5],true]' "and the next"
is "$(ask build/list repo=o/r before=o/r/3 | jq -c '[[.builds[].number],.more]')" '[[2,1],false]' "and the last"
is "$(ask build/list status=canceled limit:=2 | jq -c '[.builds[].build]')" '["o/new/24","o/new/23"]' "by status"
is "$(ask build/list repo=o/r branch=--orphan | jq -c '[.builds[].build]')" '["o/r/2"]' "by branch"
is "$(ask build/list repo=o/r event=push | jq -c '[.builds[].build]')" '["o/r/1"]' "by event"
exits 1 "of no repository that there is not" ask build/list repo=o/none
exits 2 "and by no status that there is not" ask build/list status=good

is "$(ask build/events build=o/r/1 | jq -r .type | tr '\n' ' ')" \
	"build/triggered build/queued build/pending build/start job/pending job/end build/end " "the events of a build, to its end"
is "$(ask build/events build=o/r/1 from:=6 | jq -r .type)" "build/end" "from one on"
run ask build/events build=o/r/1 from:=60
is "$status$(cat "$out")" 0 "and from behind the last"
ask build/trigger repo=o/r >"$out"
wait_until "waited for the events of o/r/11" status_is o/r/11 queued
wait_until "waited for its file" test -s "$stored/builds/o/r/11.ndjson"
run ask build/events build=o/r/11 follow:=false
is "$status $(jq -r .type "$out" | head -n 1)" "0 build/triggered" "of one that has not ended: what is there, when that is wanted"
claim e1
background mci call -a "$store" build/events build=o/r/11
follower=$pid
wait_for_line "$out" build/pending
publish_build o/r/11 1 1 build/start '"schema":1,"folder":"/b","logs":"/l","dir":"/d","definition":"-","pid":1'
wait_for_line "$out" build/start
publish_build o/r/11 1 2 build/end '"status":"success"'
wait_end "$follower"
is "$status $(jq -r .type "$out" | tail -n 1)" "0 build/end" "else as they come, until it has"
say build/end >"$out"

# a long one
ask build/trigger repo=o/r >"$out"
claim long
python3 -c 'import json, sys
for at in range(0, 4000, 500):
    print(json.dumps({"jsonrpc": "2.0", "id": at, "method": "event/publish", "params": {"events": [
        {"type": "job/pending", "build": sys.argv[1], "run": 1, "seq": i + 1, "job": "job%d" % i, "name": "x" * 200,
         "time": "2026-11-23T18:00:00.000Z"} for i in range(at, at + 500)]}}))' "$build" | mci relay "$hub" >"$out"
publish_build "$build" 1 4001 build/end '"status":"success"'
say build/end >"$out"
is "$(ask build/events "build=$build" | jq -r .type | sort | uniq -c | tr -s '\n ' ' ')" \
	" 1 build/end 1 build/pending 1 build/queued 1 build/triggered 4000 job/pending " "all events of a long build are there"
is "$(ask build/events "build=$build" from:=4000 | jq -r '.seq' | tr '\n' ' ')" "3998 3999 4000 4001 " "and can be had from anywhere on"
ask job/list "build=$build" >some
n=$(jq '.jobs|length' some)
ask job/list "build=$build" "from:=$n" >others
is "$(jq -s -c '[([.[].jobs|length]|add),.[0].more,.[1].more,.[1].jobs[-1].job]' some others)" '[4000,true,false,"job3999"]' \
	"and its jobs, those that do not fit into a line behind the others"

# ---- builds of strangers

ask build/trigger repo=o/r >"$out"
stranger=$(jq -r .build "$out")
stop_store
python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("UPDATE build SET trust = ? WHERE name = ?", ("stranger", sys.argv[2]))
db.commit()' "$stored/store.db" "$stranger"
start_store
claim t1
is "$build" '' "a build of a stranger is not given to an agent that does not isolate"
claim t2 isolates:=true
is "$build $(printf '%s' "$claimed" | jq -c '.order|[.trust,.params,.secrets,.keys]')" "$stranger "'["stranger",{},{},[]]' \
	"one that does gets it, with nothing of the organisation's"
say build/end status=success >"$out"

# ---- whoever is not heard of loses what he had

PATIENCE=30 wait_until "waited for the end of the lease" grep -q '"reason":"lease"' "$stored/builds/o/lost/1.ndjson"
is "$(in_file o/lost/1 'select(.type=="build/queued")|[.run,.reason]' | tail -n 1)" '[1,"lease"]' "a lease that is not renewed runs out"
build=o/lost/1 run=1 lease=$lost
run say build/renew
like "$status $(cat "$err")" 'not yours any more' "and cannot be renewed"
claim found 'labels:={"only":"lost"}'
is "$build $run" "o/lost/1 2" "another agent gets the build"
say build/end status=success >"$out"

# ---- made anew

tables() {
	python3 -c 'import sqlite3, sys
db = sqlite3.connect("file:" + sys.argv[1] + "?mode=ro", uri=True)
for table in ("result", "result_job"):
    for row in db.execute("SELECT * FROM " + table + " ORDER BY 1, 2"):
        print(table, row)' "$stored/store.db"
}
tables >before
[ -s before ] || fail "there are rows"
stop_store
python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("DELETE FROM result WHERE build % 2 = 0")
db.execute("UPDATE result SET status = ?, ended = 7", ("error",))
db.execute("DELETE FROM result_job")
db.execute("INSERT INTO result_job (build, position, job, status, attempt, cached, allowed) VALUES (1, 9, ?, ?, 1, 0, 0)", ("z", "error"))
db.commit()' "$stored/store.db"
tables >spoiled
ok "what is projected is spoiled" sh -c "! cmp -s before spoiled"
start_store
is "$(ask store/rebuild | jq -c '.builds')" "$(find "$stored/builds" -name '*.ndjson' | wc -l)" "all builds are read anew"
tables >after
ok "what is projected is made anew from the events, and is the same" cmp before after

# ---- a copy from before is put back: what was given since is not given again

stop_store
cp "$stored/store.db" copy.db
start_store
given=$(ask build/trigger repo=o/r | jq -r .build)
wait_until "waited for the events of $given" test -s "$stored/builds/$given.ndjson"
stop_store
cp copy.db "$stored/store.db"
rm -f "$stored/store.db-wal" "$stored/store.db-shm"
start_store
fresh=$(ask build/trigger repo=o/r | jq -r .build)
ok "a number that was given before an older copy was put back is not given again" [ "$fresh" != "$given" ]
wait_until "waited for its events" status_is "$fresh" queued
claim after && publish_build "$fresh" 1 1 build/end '"status":"success"'
is "$build $(say build/end)" "$fresh {\"status\":\"success\"}" "and the new build goes its way"
is "$(in_file "$fresh" .type | tr '\n' ' ')" '"build/triggered" "build/queued" "build/pending" "build/end" ' "with all its events"

stop_store && is "$status" 0 "a store that is told to ends" && stop_hub
is "$(cat "$T/store.err")" '' "nothing went wrong"
finish
