#!/bin/sh
# The verbs that a job calls: params, outputs, new jobs, events; and those that reach a running build.
. "${0%/*}/lib.sh"

mkdir -p app/.mci && cd app || exit 1
cat >.mci/build.json <<'JOBS'
[
 {"id":"make","script":["mci param get VERSION","mci output set file=a.tar 'text=two words'","mci output set last=1"]},
 {"id":"read","depends-on":["make"],"script":["mci output get make text","mci output get make","mci output get --json make"]},
 {"id":"more","depends-on":["make"],"script":["mci add extra --after read -- echo 'it  runs' '$HOME'","mci jobs --json"]},
 {"id":"post","script":["mci post deploy/done where=here n:=3","mci call build/get","mci call job/list | head -c 9"]},
 {"id":"wrong","allow-failure":true,"script":["mci param get NOTHING || echo status $?","mci output get nothing || echo status $?","mci output set x || echo status $?","mci post job/end || echo status $?","mci call no/such || echo status $?","mci call output/get job:=7 || echo status $?"]}
]
JOBS
run mci build --json -p VERSION=1.2.13
is "$status" 0 "a build whose jobs talk to it"
cp "$out" events
log() { cat "$(mci path "@/$1")"; }
is "$(log make)" 1.2.13 "param get"
is "$(log read)" 'two words
file=a.tar
last=1
text=two words
{"file":"a.tar","last":"1","text":"two words"}' "output get: one, all, as JSON"
is "$(log extra)" "it  runs \$HOME" "add runs words as they are"
is "$(jq -r 'select(.type=="job/pending" and .job=="extra")["depends-on"][]' events)" read "after what it waits for"
is "$(log more | head -n 1)" extra "add prints the id"
is "$(log more | tail -n +2 | jq -r 'select(.id=="make").status')" success "jobs lists all"
is "$(jq -c 'select(.type=="deploy/done")|[.where,.n]' events)" '["here",3]' "post is in the stream"
has "$(mci path @/post)" '"status":"running"' "call prints a result"
is "$(log wrong | grep -c '^status [^0]')" 6 "what is refused fails"
has "$(mci path @/wrong)" 'NOTHING' "and says what"
exits 2 "outside a job there is no build" mci param get VERSION
has "$err" 'MCI_BUILD is not set' "and that is said"

# --- a build that runs, from outside ---
cat >.mci/build.json <<'JOBS'
[
 {"id":"gate","blocked":true,"script":["echo open"]},
 {"id":"long","script":["sleep 100"]},
 {"id":"longer","script":["sleep 100"]}
]
JOBS
background mci build --json -j 3
wait_for_line "$out" '"job/start".*"longer"'
wait_for_line "$out" '"job/blocked".*"gate"'
cp "$out" "$T/seen"
ok "unblock" mci unblock @/gate
wait_for_line "$out" '"job/end".*"gate".*"success"'
is "$(mci ls -q --status running)" "$(mci ls -q --limit 1)" "ls shows that it runs"
ok "cancel one job" mci cancel @/long
wait_for_line "$out" '"job/end".*"long".*"canceled"'
build=$pid
exits 1 "a job that is not there" mci cancel @/nothing
ok "cancel the build" mci cancel
wait_end "$build"
is "$status" 143 "it ends as canceled by request"
exits 143 "wait says the same" mci wait
is "$(mci show --json | jq -r 'select(.job=="longer").status')" canceled "its jobs too"
finish
