#!/bin/sh
# mci-build as its user meets it: results, exit statuses, order, selection, retries, conditions.
. "${0%/*}/lib.sh"

# build ARGUMENTS: runs the jobs of the file jobs through standard input, events to $out
build() {
	run sh -c 'mci-build --json - "$@" <specs' sh "$@"
}

# end JOB FIELD: a field of the job's end
end() {
	jq -r --arg j "$1" "select(.type==\"job/end\" and .job==\$j).$2" "$out"
}

cat >specs <<'JOBS'
{"id":"a","script":["echo one","echo two"]}
{"id":"b","script":["exit 7"]}
{"id":"c","script":["true"],"depends-on":["b"]}
{"id":"d","argv":["echo","$HOME"],"depends-on":["a"]}
JOBS
build
is "$status" 1 "a failed job makes the build fail"
is "$(end a status)" success "a job that works is a success"
is "$(end b status),$(end b exit),$(end b reason)" failure,7,exit "a failed one tells its status"
is "$(end c status)" skipped "what depends on it is skipped"
like "$(end c reason)" "b" "and says because of whom"
ok "every line is an event with a place" jq -e '.seq and .build and .run==1 and .time and .type' "$out"
is "$(jq -s 'map(.seq)==[range(1;length+1)]' "$out")" true "places have no gaps"
is "$(jq -r 'select(.type=="job/end").job' "$out" | sort | uniq -d)" "" "each job ends once"
folder=$(jq -r 'select(.type=="build/start").folder' "$out")
ok "the log on disk is what was seen" cmp "$out" "$folder/events.ndjson"
is "$(cat "$folder/logs/d.log")" "\$HOME" "argv knows no shell"
is "$(cat "$folder/logs/a.log")" "one
two" "logs are what was printed"

echo '{"id":"x","script":["exit 0"]}' >specs
build
is "$status" 0 "success is 0"

printf '%s\n' '{"id":"x","argv":["/nowhere/at/all"]}' >specs
build
is "$status" 125 "a job that cannot be started is an error"
is "$(end x status),$(end x reason)" error,start "and says so"

printf '%s\n' '{"id":"x","script":["exit 3"],"allow-failure":true}' \
	'{"id":"y","script":["true"],"depends-on":"x"}' >specs
build
is "$status,$(end y status)" 0,success "allow-failure holds nothing up"

printf '%s\n' '{"id":"x","script":["false"]}' \
	'{"id":"f","script":["true"],"depends-on":["x"],"when":"failure"}' \
	'{"id":"w","script":["true"],"depends-on":["x"],"when":"always"}' \
	'{"id":"g","script":["true"],"depends-on":["w"],"when":"failure"}' >specs
build
is "$(end f status),$(end w status),$(end g status)" success,success,success "when: failure and always, behind which the failure is still one"

cat >specs <<'JOBS'
{"id":"x","script":["test $MCI_ATTEMPT = 3"],"retry":{"count":2,"delay":"10ms"}}
{"id":"y","script":["exit 4"],"retry":{"count":3,"exit":[5]}}
JOBS
build
is "$(end x status),$(end x attempt)" success,3 "retried until it worked"
is "$(end y attempt)" 1 "only the named exit codes are retried"
is "$(end x status | wc -l)" 1 "attempts end once together"
ok "the second attempt has a log of its own" test -e "$(jq -r 'select(.type=="build/start").folder' "$out")/logs/x@2.log"

cat >specs <<'JOBS'
{"id":"m","script":["echo $A-$B"],"matrix":{"A":["1","2"],"B":["x","y z"]}}
{"id":"after","script":["true"],"depends-on":["m"]}
JOBS
build
is "$status" 0 "a matrix runs"
is "$(jq -r 'select(.type=="job/end").job' "$out" | sort | tr '\n' ' ')" "after m.1.x m.1.y_z m.2.x m.2.y_z " "one job a combination"
is "$(jq -r 'select(.type=="job/end").job' "$out" | tail -1)" after "depending on the id means all of them"

printf '{"id":"%s","script":["true"]%s}\n' a '' b ',"depends-on":["a"]' c ',"depends-on":["b"]' d '' >specs
build b
is "$(jq -r 'select(.type=="job/end").job' "$out" | tr '\n' ' ')" "a b " "a JOB runs with what it depends on"
build --no-deps c
is "$(jq -r 'select(.type=="job/end").job' "$out" | tr '\n' ' ')" "c " "--no-deps runs it alone"
build --no-deps a c
is "$(jq -r 'select(.type=="job/start" or .type=="job/end") | .type + " " + .job' "$out" | tr '\n' ' ')" \
	"job/start a job/end a job/start c job/end c " "and keeps the order of what was asked for"
build --skip b
is "$(end b status),$(end c status)" skipped,success "--skip leaves the work out"
is "$(jq -r 'select(.type=="job/start" or .type=="job/end") | .type + " " + .job' "$out" | grep '[abc]$' | tr '\n' ' ')" \
	"job/start a job/end a job/end b job/start c job/end c " "and not the order"
build --skip b c
is "$(jq -r 'select(.type=="job/start").job' "$out" | tr '\n' ' ')" "a c " "a JOB behind it waits for what is before it"
sed 's/"true"/"false"/;q' specs >failing
sed 1d specs >>failing
mv failing specs
build --skip b
is "$(end b status),$(end c status),$(end c reason)" "skipped,skipped,a did not succeed" "nor what failed before it"
sed 's/"false"/"true"/' specs >working && mv working specs
build '?'
is "$status,$(jq -r 'select(.type=="build/end").success' "$out")" 0,4 "globs select"
build nope
is "$status" 2 "a JOB that is not there is a wrong command line"
has "$err" "no job 'nope'" "and is named"

printf '%s\n' '{"id":"p","script":["echo $V $W"],"params":["V","W"]}' >specs
echo 'W=file' >params
build -p V=one --param-file params
is "$(cat "$(jq -r 'select(.type=="build/start").folder' "$out")/logs/p.log")" "one file" "params reach the jobs that name them"
build
is "$status" 125 "a missing param is an error"
has "$err" "'V' was not given" "that names it"

printf '%s\n' '{"id":"s","script":["sleep 30"],"timeout":"200ms"}' >specs
build
is "$status,$(end s status),$(end s reason)" 1,failure,timeout "a job's timeout is a failure"
printf '%s\n' '{"id":"s","script":["sleep 30"]}' '{"id":"t","script":["true"],"depends-on":["s"]}' >specs
build --timeout 300ms
is "$status,$(end s status),$(end t status)" 124,canceled,canceled "the build's timeout is 124"

printf '%s\n' '{"id":"a","script":["false"]}' '{"id":"b","script":["true"],"depends-on":["c"]}' \
	"{\"id\":\"c\",\"script\":[\"until grep -q job/en[d] '$out'; do sleep 0.01; done\"]}" \
	'{"id":"clean","script":["true"],"depends-on":["b"],"when":"always"}' >specs
build --fail-fast -j 2
is "$status,$(end b status),$(end clean status)" 1,canceled,success "--fail-fast starts only cleaning up"
cat >late <<'EOS'
#!/bin/sh
echo '{"id":"a","script":["false"]}'
while read -r e; do
	case $e in *'"job/end"'*'"job":"a"'*) echo '{"id":"late","script":["true"]}' ;; esac
done
EOS
chmod +x late
run mci-build --json --fail-fast ./late
is "$status,$(end late status),$(end late reason)" "1,canceled,another job failed (--fail-fast)" "nor does a job that comes later start"
printf '%s\n' '{"id":"a","script":["until mci jobs | grep -q failure.*b; do sleep 0.05; done; exit 1"],"retry":5}' '{"id":"b","script":["exit 1"]}' >specs
build --fail-fast -j 2
is "$(end a status),$(end a attempt)" failure,1 "or another attempt"

# --- one job is canceled, the build is not

# canceled JOB SPEC...: builds the specs, cancels JOB once it runs, and waits for the end
canceled() {
	job=$1
	shift
	printf '%s\n' "$@" >specs
	background sh -c 'exec mci-build --json $options - <specs'
	wait_for_line "$out" "\"job/(start|blocked)\".*\"$job\""
	ok "canceling $job" mci cancel "@/$job"
	touch was-canceled
	wait_end "$pid"
	rm was-canceled
}
options=
export options
canceled a '{"id":"a","script":["sleep 60"]}' '{"id":"b","script":["true"],"depends-on":"a"}' \
	'{"id":"f","script":["true"],"depends-on":"a","when":"failure"}' \
	'{"id":"w","script":["true"],"depends-on":"a","when":"always"}'
is "$status,$(jq -r 'select(.type=="build/end").status' "$out")" 1,failure "a required job that was canceled makes the build fail"
is "$(end a status),$(end b status),$(end f status),$(end w status)" canceled,skipped,success,success \
	"and counts as one that failed for those behind it"
is "$(end b reason)" "a did not succeed" "which name it"
ok "show says so" sh -c 'mci show @ | grep -q "^status.*failure"'
exits 1 "and mci wait" mci wait @
is "$(mci tree @ | tail -n 1)" "mci log @/a; mci shell @/a" "and the tree names the log of what was canceled"
canceled a '{"id":"a","script":["sleep 60"],"allow-failure":true}' '{"id":"b","script":["true"],"depends-on":"a"}'
is "$status,$(end a status),$(end a allowed),$(end b status)" 0,canceled,true,success "unless it was allowed to fail"
canceled m.1 '{"id":"m","script":["sleep 60"],"matrix":{"A":[1]}}' '{"id":"b","script":["true"],"depends-on":"m"}'
is "$status,$(end b status)" 1,skipped "one of a matrix is a job like others"
options='--blocked wait'
canceled gate '{"id":"gate","blocked":true}' '{"id":"b","script":["true"],"depends-on":"gate"}' \
	'{"id":"f","script":["true"],"depends-on":"gate","when":"failure"}'
is "$status,$(end gate status),$(end b status),$(end f status)" 1,canceled,skipped,success "declining a blocked job counts the same"
canceled gate '{"id":"gate","blocked":true,"allow-failure":true}' '{"id":"b","script":["true"],"depends-on":"gate"}' \
	'{"id":"slow","script":["until test -e was-canceled; do sleep 0.05; done"]}'
is "$status,$(end b status)" 0,skipped "what was declined is no approval, even where the build may do without"
options=--fail-fast
canceled a '{"id":"a","script":["sleep 60"]}' '{"id":"b","script":["true"],"depends-on":"slow"}' \
	'{"id":"slow","script":["until test -e was-canceled; do sleep 0.05; done"]}'
is "$status,$(end b status),$(end b reason)" "1,canceled,another job failed (--fail-fast)" "--fail-fast reacts to it"
printf '%s\n' '{"id":"m","script":["sleep 60"],"matrix":{"A":[1,2]}}' '{"id":"x","script":["sleep 60"]}' >specs
background sh -c 'exec mci-build --json -j 3 - x m <specs'
wait_until "three jobs run" sh -c "[ \"\$(grep -c job/start '$out')\" = 3 ]"
ok "a matrix can be canceled by its id" mci cancel @/m
wait_until "both have ended" sh -c "[ \"\$(grep -c job/end '$out')\" = 2 ]"
ok "what has ended cannot be" sh -c '! mci cancel @/m'
ok "the last one" mci cancel @/x
wait_end "$pid"
is "$(end m.1 status),$(end m.2 status),$(end x status)" canceled,canceled,canceled "as all its jobs"

printf '%s\n' '{"id":"o","script":["echo K=v >>$MCI_OUTPUT"]}' >specs
build
is "$(end o outputs.K)" v "outputs are in the end"

cat >specs <<'JOBS'
{"id":"env","script":["env"],"env":{"MINE":"1"}}
JOBS
run env SECRETISH=1 GIVEN=2 sh -c 'mci-build --json -e GIVEN -e SET=3 - <specs'
log=$(jq -r 'select(.type=="build/start").folder' "$out")/logs/env.log
hasnt "$log" SECRETISH "nothing else of the caller's environment"
has "$log" '^MINE=1' "the spec's environment"
has "$log" '^GIVEN=2' "-e NAME"
has "$log" '^SET=3' "-e NAME=VALUE"
has "$log" '^CI=true' "CI=true"
hasnt "$log" '^OLDPWD' "no leftovers of shells"
finish
