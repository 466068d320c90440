#!/bin/sh
# A server from a trigger to a stored result, and the verbs of local builds on its builds.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need git jq flock pgrep

up || exit 1
project zlib <<'END'
{"id":"compile","script":["echo compiling; env | sort | grep ^MCI_"]}
{"id":"test","script":["cat .mci/specs | wc -l"],"depends-on":["compile"]}
END
project slow <<'END'
{"id":"hold","script":["while ! [ -e $GATE ]; do sleep 0.05; done"],"env":{"GATE":"/nonexistent"}}
{"id":"ask","script":["echo let"],"blocked":true}
END
project broken <<'END'
{"id":"ok","script":["true"]}
{"id":"bad","script":["echo said; exit 3"]}
{"id":"behind","script":["true"],"depends-on":["bad"]}
END

# before there is an agent
exits 0 "a build is triggered" mci trigger acme/zlib
is "$(cat "$out")" acme/zlib/1 "its name is printed"
is "$(mci ls acme/zlib | cut -f 1,2)" "acme/zlib/1	queued" "and it waits"
is "$(mci trigger acme/zlib --key k)" acme/zlib/2 "another one has the next number"
is "$(mci trigger acme/zlib --key k)" acme/zlib/2 "one that has the same key is the same"
exits 0 "what waits can be canceled" mci cancel acme/zlib/2
exits 143 "and has ended then" mci wait acme/zlib/2
wait_until "which the list knows in a moment" test "$(mci ls -q acme/zlib --status canceled)" = acme/zlib/2
exits 1 "words in the message of a push make no build" mci trigger acme/zlib --event push --message 'docs [skip ci]'
has "$err" "no build: .*skip" "which is said"
exits 1 "a push option too" mci trigger acme/zlib --event push -o ci.skip
exits 1 "a repository that is not there is named" mci trigger acme/none
has "$err" "acme/none" "by its name"
exits 2 "which one has to be said" mci trigger

agent || exit 1
exits 0 "an agent takes what waits, and wait exits as it ended" mci wait acme/zlib/1
is "$(mci ls acme/zlib --status success | cut -f 1,2,5)" "acme/zlib/1	success	2" "it is listed with its jobs"
mci show acme/zlib/1 >"$out"
has "$out" "^success	compile" "show has the jobs"
is "$(mci show --json acme/zlib/1 | jq -rs '.[0].status, (.[1:][]|.job+" "+.status)' | tr '\n' ' ')" \
	"success compile success test success " "--json too"
exits 1 "what a job is not is said" mci show acme/zlib/1/none
exits 0 "wait for one that has ended" mci wait acme/zlib/1
exits 0 "its tree is shown" mci tree acme/zlib/1
exits 0 "followed to its end" mci show -f acme/zlib/1
is "$(mci log acme/zlib/1/test)" 2 "what a job printed is read"
mci log acme/zlib/1/compile >"$out"
has "$out" "^MCI_SOURCE=server$" "jobs know that they are on a server"
has "$out" "^MCI_BRANCH=main$" "and what is built"
has "$out" "^MCI_COMMIT=$(git -C zlib rev-parse HEAD)$" "which commit"
hasnt "$out" "^MCI_(EVENTS|STORE|LOG|API|SUPERVISE)=" "and no address of a service"
exits 1 "there are no files of it here" mci path acme/zlib/1
exits 1 "nor can they be removed here" mci rm acme/zlib/1
is "$(mci call -a "$api" build/events build=acme/zlib/1 | jq -r 'select(.seq).seq' | tr '\n' ' ')" \
	"$(mci call -a "$api" build/events build=acme/zlib/1 | jq -r 'select(.seq).seq' | sort -n | uniq | tr '\n' ' ')" \
	"its events have no gap and no double"

# how a build ends
exits 1 "a build that fails" mci trigger --wait acme/broken
is "$(mci show --json acme/broken/1 | jq -rs '[.[1:][]|.job+" "+.status]|join(" ")')" \
	"ok success bad failure behind skipped" "and what became of each job"
is "$(mci show --json acme/broken/1 | jq -r '.reproduce // empty' | sed 's/ --runner=[a-z]*//')" \
	"mci run --rev=$(git -C broken rev-parse HEAD) bad" "... how one that failed is had in a clone of its repository"
# the same commit in a terminal
git clone -q broken here
(cd here && mci-build --sandbox --json) | jq -c 'del(.limits, ."limited-by")' >here.ndjson
mci call -a "$api" build/events build=acme/broken/1 | jq -c 'select(.seq) | del(.limits, ."limited-by")' >there.ndjson
exits 0 "a build in a terminal has the same log" mci-events diff here.ndjson there.ndjson

exits 125 "no definition" sh -c 'cd zlib && git rm -rq .mci && git commit -qm gone && mci trigger --wait acme/zlib'
is "$(mci call -a "$api" build/get build=acme/zlib/3 | jq -r '.status+" "+.reason')" "error definition" "is an error that says so"
git -C zlib revert --no-edit HEAD >/dev/null 2>&1
exits 125 "a branch that is not there" mci trigger --wait --rev nowhere acme/zlib
is "$(mci call -a "$api" build/get build=acme/zlib/4 | jq -r '.status+" "+.reason')" "error checkout" "is one as well"

# the jobs on standard input
echo '{"id":"x","script":["ls -A"]}' >given.ndjson
exits 0 "jobs that are given run instead of a definition" mci trigger --wait acme/zlib - <given.ndjson
mci log acme/zlib/5/x >"$out"
has "$out" "^.mci$" "in a checkout"

# canceled and unblocked while it runs
mci trigger acme/slow >/dev/null
wait_until "it runs" sh -c 'mci show --json acme/slow/1 | jq -se "any(.job==\"hold\" and .status==\"running\")"'
exits 0 "a blocked job is let go" mci unblock acme/slow/1/ask
wait_until "and runs" sh -c 'mci show --json acme/slow/1 | jq -se "any(.job==\"ask\" and .status==\"success\")"'
exits 0 "one job is canceled" mci cancel acme/slow/1/hold
mci wait acme/slow/1
is "$(status_of acme/slow/1)" failure "and the build ends"
mci trigger acme/slow >/dev/null
wait_until "the next one runs" sh -c 'mci show --json acme/slow/2 | jq -se "any(.job==\"hold\" and .status==\"running\")"'
exits 0 "a whole build is canceled" mci cancel acme/slow/2
exits 143 "and ends as one by request" mci wait acme/slow/2

# again
is "$(mci rerun acme/broken/1)" acme/broken/2 "a build is run again"
mci wait acme/broken/2
is "$(mci rerun --failed acme/broken/1)" acme/broken/3 "or what failed of it"
mci wait acme/broken/3

# git hooks
git init -q --bare bare
git -C zlib push -q ../bare main
mci call -a "$api" repo/put org=acme name=bare url="$PWD/bare" main=main >/dev/null
(cd bare && mci hook install post-receive acme/bare) >"$out"
is "$(cat "$out")" ./hooks/post-receive "a hook is put into a repository"
exits 75 "one that is there stays" sh -c 'cd bare && mci hook install post-receive acme/bare'
has "$err" "is there already: add 'mci hook run post-receive acme/bare' to it" "and what to do is said"
git -C bare config receive.advertisePushOptions true
(cd zlib && echo x >x && git add x && git commit -qm 'add x' && git push -o ci.wait ../bare main) >"$out" 2>&1
has "$out" "build acme/bare/1: mci show -f acme/bare/1" "a push says its build"
has "$out" "acme/bare/1 ended with 0" "and may wait for it"
is "$(mci call -a "$api" build/get build=acme/bare/1 | jq -r '.event, .branch, .rev, .message' | tr '\n' ' ')" \
	"push main $(git -C zlib rev-parse HEAD) add x " "which is of what was pushed"
(cd zlib && git commit -q --allow-empty -m 'words [ci skip]' && git push ../bare main) >"$out" 2>&1
has "$out" "no build of refs/heads/main: " "a push that asks for none"
(cd zlib && git push ../bare main:refs/heads/--orphan 'main:refs/heads/x;rm' 'main:refs/tags/v1' && git push ../bare :'x;rm') >"$out" 2>&1
is "$(grep -c 'mci show -f' "$out")" 0 "names do not matter where the message says none"
(cd zlib && git commit -q --allow-empty -m 'more' && git push ../bare main:refs/heads/--orphan 'main:refs/heads/x;rm' main:refs/tags/v2) >"$out" 2>&1
is "$(grep -c 'mci show -f' "$out")" 3 "each branch and tag that was moved has a build"
for n in 2 3 4; do
	exits 0 "whatever it is called" mci wait acme/bare/$n
done
is "$(mci call -a "$api" build/list repo=acme/bare event=tag | jq -r '.builds[].tag')" v2 "a tag is one"

# secrets
project sealed <<'JOBS'
{"id":"s","script":["echo $TOKEN","echo $TOKEN | tr a-z A-Z","echo v$(mci param get V)"],"params":["TOKEN"]}
JOBS
mci repo put acme/sealed labels=env=prod
word=superhidden
echo "$word" | mci param put acme/TOKEN --only env=prod
echo 1.2 | mci param put --plain acme/V
exits 0 "a build gets the parameters of its organisation" mci trigger --wait acme/sealed
is "$(mci log acme/sealed/1/s | tr '\n' ' ')" "*** SUPERHIDDEN v1.2 " "its job what it asks for, and the log no secret"
is "$(grep -rlF "$word" "$T" 2>/dev/null)" "" "... nor is it anywhere on the disk"
printf '%s\n' '{"type":"script/params","params":[{"name":"V"},{"name":"N","default":"3"}]}' \
	'{"id":"d","script":["echo v$V n$N"],"params":["V","N"]}' >declares
exits 0 "a definition that declares its params needs no others of the organisation" mci trigger --wait acme/sealed - <declares
is "$(mci log acme/sealed/2/d)" "v1.2 n3" "... and gets those"

# an agent that is killed, and a checkout of it that was stopped
project late <<'JOBS'
{"id":"a","script":["true"]}
JOBS
mirror=$T/agent/mirrors/acme/late.git
mkdir -p "$mirror"
exec 9>"$mirror/mci.lock"
flock 9
mci trigger acme/late >"$out"
wait_until "its checkout waits for the mirror" pgrep -P "$agent" -f -- --checkout
checkout=$(pgrep -P "$agent" -f -- --checkout)
kill -STOP "$checkout"
kill -KILL "$agent"
wait_end "$agent"
exec 9>&-
agent
exits 0 "the next agent is not kept waiting" timeout 30 mci wait acme/late/1
wait_end "$checkout"
is "$(mci call -a "$api" build/get build=acme/late/1 | jq -r .run)" 2 "and does the build in a run of its own"

down
is "$status" 0 "the server stops"
ok "and its agent waits for the next one" kill -0 "$agent"
kill -TERM "$agent"
wait_end "$agent"
is "$status" 0 "or is told to stop, which it does without a server"

finish
