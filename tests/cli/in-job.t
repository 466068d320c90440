#!/bin/sh
# The verbs that a job calls: params, outputs, new jobs, events; and those that reach a running build.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"

mkdir -p app/.mci && cd app || exit 1
cat >.mci/build.json <<'JOBS'
[
 {"id":"make","script":["mci param get VERSION","mci output set file=a.tar 'text=two words'","mci output set last=1"]},
 {"id":"read","depends-on":["make"],"script":["mci output get make text","mci output get make","mci output get --json make"]},
 {"id":"more","depends-on":["make"],"script":["mci add extra --after read -- echo 'it  runs' '$HOME'","mci jobs --json"]},
 {"id":"post","script":["mci post deploy/done where=here n:=3","mci call build/get","mci call job/list | head -c 9"]},
 {"id":"wrong","allow-failure":true,"script":["mci param get NOTHING || echo status $?","mci output get nothing || echo status $?","mci output set x || echo status $?","mci output set 1x=2 || echo status $?","mci post job/end || echo status $?","mci call no/such || echo status $?","mci call output/get job:=7 || echo status $?"]}
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
is "$(log wrong | grep -c '^status [^0]')" 7 "what is refused fails"
has "$(mci path @/wrong)" 'NOTHING' "and says what"
exits 2 "outside a job there is no build" mci param get VERSION
has "$err" 'MCI_BUILD is not set' "and that is said"

# --- values of several lines ---
cat >.mci/build.json <<'JOBS'
[
 {"id":"by-hand","script":["cat >>$MCI_OUTPUT <<'EOF'\nA<<STOP\none\n  two=2\n\nSTOP\nB=1\nC<<X\nX\nD=a<<b\nEOF"]},
 {"id":"made","script":["mci output set \"T=$(printf 'x\\nEND\\ny\\n.')\" \"R=$(printf 'x=1\\r')\" L=1"]},
 {"id":"read","depends-on":["by-hand","made"],"script":["mci output get by-hand A","mci output get made","mci output get made >again","cat again >>$MCI_OUTPUT"]},
 {"id":"open","allow-failure":true,"script":["printf 'B=1\\nA<<STOP\\none\\n' >>$MCI_OUTPUT"]},
 {"id":"nothing","allow-failure":true,"script":["echo 'A<<' >>$MCI_OUTPUT"]}
]
JOBS
run mci build --json
cp "$out" events
outputs() { jq -c --arg job "$1" 'select(.type == "job/end" and .job == $job).outputs' events; }
is "$(outputs by-hand)" '{"A":"one\n  two=2\n","B":"1","C":"","D":"a<<b"}' "a value of several lines stands between NAME<<WORD and WORD"
is "$(outputs made)" '{"L":"1","R":"x=1\r","T":"x\nEND\ny\n."}' "output set takes any text"
is "$(outputs read)" "$(outputs made)" "and what output get prints sets the same"
is "$(outputs open),$(jq -r 'select(.type == "job/end" and .job == "open").error' events)" \
	"{\"B\":\"1\"},MCI_OUTPUT line 2: A<<STOP: no line behind it is 'STOP'" "one that does not end is told, and the others stay"
is "$(jq -r 'select(.type == "job/end" and .job == "nothing").reason' events)" limit:outputs "a word is needed"

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

# --- the store and the services that the terminal has ---
mkdir "$T/elsewhere" && cd "$T/elsewhere" || exit 1
cat >specs <<'JOBS'
{"id":"a","script":["echo from a"]}
{"id":"b","depends-on":["a"],"script":["mci log $MCI_BUILD_ID/a","mci path $MCI_BUILD_ID","mci ls -q"]}
{"id":"env","script":["env | grep -E '^(XDG_|MCI_(EVENTS|LOG)=)' | sort; echo end"]}
JOBS
exits 0 "a job's own commands" env XDG_DATA_HOME=/d XDG_CACHE_HOME=/c mci build -q - <specs
is "$(log b)" "from a
$(mci path)
$(mci ls -q)" "find the builds that the terminal's do"
is "$(log env)" "XDG_CACHE_HOME=/c
XDG_CONFIG_HOME=$XDG_CONFIG_HOME
XDG_DATA_HOME=/d
XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR
XDG_STATE_HOME=$XDG_STATE_HOME
end" "in the user's folders"
is "$(sed -n '$p' specs | MCI_SOURCE=server MCI_EVENTS=/e MCI_LOG=/l mci-job --progress plain | sed -n 's/^env | //p')" end \
	"which are nobody else's on a server"

hub="unix:$XDG_RUNTIME_DIR/mci/events.sock"
mkdir -p "$XDG_RUNTIME_DIR/mci" && chmod 700 "$XDG_RUNTIME_DIR/mci"
start_hub
echo '{"id":"p","dir":"sub","script":["mci events pub --timeout 5s deploy/done from=job"]}' >specs
mkdir sub
exits 0 "without an address a job publishes" mci build -q - <specs
is "$(cat "$log"/*.ndjson | jq -r .from)" job "at the hub of the user"
stop_hub
hub="unix:$T/elsewhere/h.sock"
rm -rf "$log"
start_hub
exits 0 "with one" mci build -q --events ./h.sock - <specs
is "$(cat "$log"/*.ndjson | jq -r 'select(.from).from')" job "at that of the build, in whatever folder it runs"
exits 0 "of the environment" env MCI_EVENTS=unix:h.sock mci build -q - <specs
is "$(cat "$log"/*.ndjson | jq -r 'select(.from).from' | wc -l)" 2 "as well"
printf '#!/bin/sh\nmci events pub --timeout 5s deploy/done from=script >&2\n' >script
chmod +x script
exits 0 "as the script does" mci build -q --events ./h.sock ./script
is "$(cat "$log"/*.ndjson | jq -r 'select(.from).from' | tail -n 1)" script "there too"
finish
