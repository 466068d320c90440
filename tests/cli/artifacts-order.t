#!/bin/sh
# Files and results of builds that a server orders: whose store, whose names, and runs on other machines.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"
. "$ROOT/tests/cli/order-lib.sh"
contract=${MCI_BIN%/bin}/tests/unit/contract
need jq python3 mci-blob "$contract"

start_hub
store=$T/store blob=file:$T/blobs
python3 "$ROOT/tests/cli/store-stub.py" "$store" "$log" >"$T/store.out" 2>"$T/store.err" &
started="$started $!"
wait_for_line "$T/store.out" ready
start_logs

mkdir -p checkout/.mci checkout/src
# build BUILD [MEMBERS]: runs it to its end
build() {
	rm -rf checkout/kept checkout/out checkout/o
	order "$1" 1 "$(jq -nc --arg blob "$blob" --arg store "$store" '{blob:$blob,store:$store,jobs:2}' | jq -c ". + ${2:-{\}}")"
	ordered
	wait_end "$builder"
	let_go
}
# of the build before: FILTER
events() {
	jq -r "$1" b/events.ndjson
}

cat >checkout/.mci/build.yaml <<'JOBS'
- {id: make, script: ["cat kept/by 2>/dev/null || true; mkdir -p kept out && echo $MCI_BUILD_ID >kept/by; echo made >out/f"],
   save-artifacts: [{id: out, path: out}], caches: [{id: kept, path: kept}]}
- {id: use, depends-on: [make], workspace: own, script: [cat in/out/f], restore-artifacts: [{id: out, path: in}]}
JOBS
build o/r/1
is "$status $(events 'select(.type=="artifact/saved").name')" "0 artifact/o/r/1/make/out" "a server's build keeps files in the store that it is told"
is "$(events 'select(.type=="cache/saved").name')" cache/o/r/kept "under the names of its repository"
unlike "$(cat build.err)" "left alone" "nothing is left alone"
is "$("$contract" --check <b/events.ndjson)" "" "every event is in the contract"
build o/r/2
is "$(cat b/logs/make.log)" o/r/1 "the next build of the repository has the cache"
build o/other/1
is "$(cat b/logs/make.log)" "" "another repository has not"

# strangers
build o/r/3 '{"trust":"stranger","runner":"sandbox"}'
if [ "$status" = 0 ]; then
	is "$(cat b/logs/make.log)" o/r/2 "a stranger's build reads what trusted ones keep"
	build o/r/4 '{"trust":"stranger","runner":"sandbox"}'
	is "$(cat b/logs/make.log)" o/r/3 "and its own"
	build o/r/5
	is "$(cat b/logs/make.log)" o/r/2 "which no trusted build ever sees"
	is "$(mci-blob ls --blob "$blob" --json artifact/o/r/3/ | wc -l)" 0 "nor anybody who is trusted"
else
	skip 4 "there is no sandbox here: $(tail -n 1 build.err)"
fi

# on another machine
cat >checkout/.mci/build.yaml <<'JOBS'
- {id: make, script: ["echo x >>../ran.make; mkdir -p out; echo made >out/f"], save-artifacts: [{id: out, path: out}]}
- {id: bare, script: ["echo x >>../ran.bare"]}
- {id: use, depends-on: [make], script: ["echo x >>../ran.use; until [ -e ../go ]; do sleep 0.02; done; cat out/f >../got"],
   restore-artifacts: [{id: out}]}
- {id: near, depends-on: [bare], script: ["echo x >>../ran.near; until [ -e ../go ]; do sleep 0.02; done"]}
JOBS
order o/r/6 1 "{\"store\":\"$store\",\"blob\":\"$blob\",\"jobs\":4,\"runner\":\"host\"}"
ordered
wait_until "two run and wait" sh -c '[ "$(cat ran.use ran.near 2>/dev/null | wc -l)" = 2 ]'
wait_until "the others have ended" sh -c '[ "$(grep -c job/end b/events.ndjson)" = 2 ]'
kill -KILL "$builder"
wait_end "$builder"
let_go
rm -rf b checkout/out
touch go
order o/r/6 2 "{\"store\":\"$store\",\"blob\":\"$blob\",\"resume\":\"fresh\",\"jobs\":4,\"runner\":\"host\"}"
ordered
wait_end "$builder"
let_go
is "$status $(cat got)" "0 made" "a build goes on with the artifacts of its run elsewhere"
is "$(for job in make bare use near; do printf '%s=%s ' "$job" "$(wc -l <"ran.$job")"; done)" "make=1 bare=2 use=2 near=2 " \
	"whose job does not run again; one that only left files in the folder does"

# results, whose logs a server keeps
cat >checkout/.mci/build.yaml <<'JOBS'
- {id: result, inputs: [src], script: ["cat src/*; echo K=V >>$MCI_OUTPUT; mkdir o; cp src/a o"], save-artifacts: [{id: o, path: o}]}
JOBS
echo one >checkout/src/a
for n in 7 8; do
	build "o/r/$n" "$(jq -nc --arg log "unix:$logs" '{log:$log,runner:"sandbox"}')"
	[ "$n" = 7 ] && [ "$status" != 0 ] && break
done
if [ "$status" = 0 ]; then
	is "$(events 'select(.type=="job/end") | [.cached, .origin, .outputs.K] | tojson')" '[true,"o/r/7","V"]' "a result is taken on a server"
	is "$(mci log -a "unix:$logs" o/r/8/result)" one "its log is that of the run, and kept by the log server"
	is "$(mci-blob ls --blob "$blob" --json artifact/o/r/8/ | jq -r .name)" artifact/o/r/8/result/o "its artifacts are this build's"
	build o/r/9 "$(jq -nc --arg log "unix:$logs" '{log:$log,runner:"sandbox",trust:"stranger"}')"
	is "$(events 'select(.type=="job/end").cached')" true "a stranger takes a trusted result"
	echo two >checkout/src/a
	build o/r/10 "$(jq -nc --arg log "unix:$logs" '{log:$log,runner:"sandbox",trust:"stranger"}')"
	build o/r/11 "$(jq -nc --arg log "unix:$logs" '{log:$log,runner:"sandbox"}')"
	is "$(events 'select(.type=="job/end").cached')" null "and a trusted build none of strangers"
else
	skip 5 "there is no sandbox here: $(tail -n 1 build.err)"
fi
finish
