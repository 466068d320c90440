#!/bin/sh
# Results by content: a job is not run whose inputs are those of a run before.
. "${0%/*}/lib.sh"
need jq mci-blob

mkdir -p project/src project/.mci && cd project || exit 1
cat >.mci/build.yaml <<'JOBS'
- id: compile
  inputs: {paths: [src, "*.mk"], exclude: ["*.o"], env: [FLAVOUR], params: [LEVEL]}
  toolchain: cc 1
  env: {CC: cc}
  script:
    - echo "compiling $FLAVOUR at $(mci param get LEVEL)" && ls && mkdir out && cat src/* | tr a-z A-Z >out/app
    - echo SIZE=$(wc -c <out/app) >>$MCI_OUTPUT
  save-artifacts: [{id: app, path: out}]
- id: test
  depends-on: [compile]
  inputs: {paths: [tests]}
  restore-artifacts: [{id: app}]
  script: [cat out/app tests/*, 'test -n "$MCI_COMMIT" || echo "no commit"']
JOBS
mkdir tests
echo one >src/a && echo two >src/b && echo rules >rules.mk && echo junk >src/x.o && echo other >other && echo t >tests/t
build() {
	run timeout 60 mci-build --json --unsealed -p LEVEL=1 -e FLAVOUR=plain "$@"
}
# cached: the jobs that were taken over
cached() {
	jq -r 'select(.type=="job/end" and .cached).job' "$out" | sort | tr '\n' ' '
}
# changed JOB: what was other for it
changed() {
	jq -c --arg j "$1" 'select(.type=="result/missed" and .job==$j).changed' "$out"
}

build
is "$status $(cached)" "0 " "the first build runs all"
is "$(mci log @/compile | tr '\n' ' ')" "compiling plain at 1 rules.mk src " "a job finds its inputs, and nothing else"
like "$(mci log @/test)" '^no commit$' "nor what git knows of the commit"
is "$(cat out/app)" "ONE
TWO" "in place its artifacts come back to the folder"
like "$(mci why @/compile)" "compile: ran: the store had no result of its inputs; it is the first" "mci why says so"
log=$(mci log @/compile)
rm -r out
build
is "$(cached)" "compile test " "the second runs none"
is "$(jq -c 'select(.type=="job/end" and .job=="compile") | [.status, .exit, .outputs, .unsealed, (.origin | sub(".*/"; ""))]' "$out")" \
	'["success",0,{"SIZE":"8"},true,"1"]' "its end says where the result comes from, with the outputs"
is "$(mci log @/compile)" "$log" "its log is that of the run"
is "$(cat out/app)" "ONE
TWO" "and its artifacts are there"
is "$(mci artifact ls @ | cut -f 1,2)" "compile	app" "as those of this build"
is "$(jq -r 'select(.type=="result/found").job' "$out" | tr '\n' ' ')" "compile test " "a hit is an event"
like "$(mci why @/test)" "did not run: the result is that of local/project[^ ]*/1, whose inputs were the same" "mci why names it"
is "$(mci why --json @/test | jq -c '[.cached, (.key | length)]')" '[true,64]' "as JSON too"
like "$(mci tree @)" "cached" "the tree shows it"

# what makes no difference
touch src/a other && echo more >>other && echo junk >>src/x.o && chmod 600 src/b
build
is "$(cached)" "compile test " "times, other files and excluded ones make no difference"
build --timeout 50s -j 1
is "$(cached)" "compile test " "nor how the build is run"

# what does
echo three >src/c
build
is "$(cached)" "" "another file runs the job, and what takes its artifacts"
is "$(changed compile)" '["src/c (new)"]' "the events say which"
is "$(changed test)" '["out/app"]' "and which of the artifacts"
like "$(mci why @/compile)" "other than for its last result: src/c [(]new" "mci why too"
echo ONE >src/a
build
is "$(cached)" "test " "one that ran again and made the same is a hit for those behind it"
chmod +x src/a
build
is "$(cached) $(changed compile)" 'test  ["src/a"]' "a file becomes a program"
build -p LEVEL=2
is "$(changed compile)" '["param LEVEL"]' "a param that it asks for"
build
build -e FLAVOUR=rich
is "$(changed compile | jq -c 'map(sub(" .*"; "")) | unique')" '["env"]' "a variable"
for other in 's/cc 1/cc 2/ toolchain' 's/CC:.cc/CC: clang/ env.CC' 's/"compiling/"making/ script'; do
	cp .mci/build.yaml kept
	sed "${other% *}" kept >.mci/build.yaml
	build
	like "$(changed compile | tr ' ' .)" "\"${other##* }\"" "another ${other##* }"
	cp kept .mci/build.yaml
done
build
is "$(cached)" "compile test " "and what was before is known still"

# whatever is known
exits 0 "mci rerun --no-cache" timeout 60 mci rerun --no-cache @
is "$(cached)" "" "runs all"
like "$(mci why @/test)" "no result was looked for" "and says so"

# a failure is not kept
echo '{"id":"bad","inputs":["src"],"script":["echo tried >>/dev/stderr; false"]}' >bad
for time in first second; do
	run timeout 60 mci-build --json --unsealed - <bad
	is "$status $(cached)" "1 " "a failure is never taken over ($time)"
done

# what its result would not do again
cat >acts <<'JOBS'
{"id":"adds","inputs":["src"],"script":["mci add more -- true"]}
{"id":"keeps","inputs":["src"],"script":["mci artifact save mine src/a"]}
JOBS
for time in first second; do
	run timeout 60 mci-build --json --unsealed - <acts
	is "$status $(cached)" "0 " "a job that adds jobs or keeps files by hand is always run ($time)"
done
has "$err" "adds: its result is not kept" "which is said"

# notes
cat >notes <<'JOBS'
{"id":"notes","inputs":["src"],"script":["echo first","echo '{\"level\":\"warning\",\"text\":\"look\"}' >>$MCI_NOTES","echo '{\"test\":\"sum\",\"result\":\"pass\"}' >>$MCI_NOTES; echo text >>$MCI_NOTES"]}
JOBS
notes() {
	run timeout 60 mci-build --json --unsealed - <notes
	jq -c 'select(.type=="log/annotated") | [.note, .text]' "$out" | sort
	jq -c 'select(.type=="job/end").warnings' "$out"
}
first=$(notes)
is "$(notes)" "$first" "a job that is taken over has its notes"
is "$(printf '%s\n' "$first" | wc -l)" 4 "all of them"
run mci-build --json --unsealed - <notes
is "$(cached)" "notes " "and does not run for that"

# nobody asked
run timeout 60 mci-build --json -p LEVEL=1 -e FLAVOUR=plain --runner host
is "$(cached)" "" "on host nothing is taken unless that is asked for"
has "$err" "inputs are left alone" "which is said"

# secrets
# shellcheck disable=SC2016 # the job's
echo '{"id":"s","inputs":["src"],"params":["TOKEN"],"script":["echo token of ${#TOKEN}"]}' >secret
TOKEN=correct-horse run timeout 60 mci-build --json --unsealed --secret TOKEN - <secret
TOKEN=correct-horse run timeout 60 mci-build --json --unsealed --secret TOKEN - <secret
is "$(cached)" "s " "a job with the same secret is a hit"
TOKEN=battery-staple run timeout 60 mci-build --json --unsealed --secret TOKEN - <secret
is "$(cached) $(changed s)" ' ["secret TOKEN"]' "with another one it runs"
plain=$(printf correct-horse | sha256sum | cut -c 1-64)
# shellcheck disable=SC2016 # sh
ok "no digest in the store tells a secret" sh -c '! grep -rq -e "$1" -e correct-horse "$XDG_STATE_HOME"' - "$plain"
cat >says <<'JOBS'
{"id":"says","inputs":["src"],"script":["echo it is open-sesame","echo WORD=open-sesame >>$MCI_OUTPUT","echo '{\"word\":\"open-sesame\"}' >>$MCI_NOTES"]}
JOBS
run timeout 60 mci-build --json --unsealed - <says
WORD=open-sesame run timeout 60 mci-build --json --unsealed --secret WORD - <says
is "$(cached) $(mci log @/says)" "says  it is ***" "the log of a hit is masked as any is"
# shellcheck disable=SC2016 # sh
ok "and so are its outputs and notes" sh -c '! grep -q open-sesame "$1" && grep -q "WORD...\*\*\*" "$1"' - "$out"

# two machines, one store
export MCI_BLOB="file:$T/shared"
build
home=$XDG_STATE_HOME
cp -a ../project ../elsewhere && cd ../elsewhere && rm -rf out || exit 1
export XDG_STATE_HOME="$T/state2"
build
is "$(cached)" "compile test " "another machine takes what the first has done"
is "$(cat out/app | wc -l)" 3 "with its files"
MCI_BLOB="file:$T/nothing" build
is "$(cached)" "" "and of another store nothing"
export XDG_STATE_HOME="$home"
unset MCI_BLOB
cd ../project || exit 1

# what is removed is a miss
key=$(mci-blob ls --json result/ | jq -r .name | head -n 1)
[ -n "$key" ] && mci-blob ls --json result/ | jq -r .name | while read -r name; do mci-blob rm "$name"; done >/dev/null
build
is "$(cached)" "" "what was removed from the store is run"

# sealed
if mci-build -q --sandbox - >/dev/null 2>&1 <<'JOB'
{"id":"try","script":["true"]}
JOB
then
	here=$(pwd)
	printf '{"id":"seal","inputs":["src"],"script":["cat %s/other other || ls"],"allow-failure":true}\n' "$here" >seal
	run timeout 60 mci-build --json --sandbox - <seal
	is "$(mci log @/seal | tail -n 1)" src "in the sandbox a job sees its inputs alone"
	unlike "$(mci log @/seal)" '^(other|more)$' "and not the rest, by no path"
	like "$(mci why @/seal)" "it asked for what its inputs do not name: other$" "mci why names what it asked for"
	run timeout 60 mci-build --json --sandbox -p LEVEL=1 -e FLAVOUR=plain
	is "$(cached)" "" "what is not sealed is not taken for what is"
	run timeout 60 mci-build --json --sandbox -p LEVEL=1 -e FLAVOUR=plain
	is "$(cached) $(jq -r 'select(.type=="job/end").unsealed' "$out" | sort -u)" "compile test  null" "and what is, is"
	cat >hand <<'JOBS'
{"id":"save","inputs":["src"],"script":["mkdir sub; cp src/a sub","cd sub && mci artifact save hand a"],"save-artifacts":[{"id":"sub","path":"sub"}]}
{"id":"own","workspace":"own","depends-on":["save"],"script":["mci artifact get hand && cat a"]}
JOBS
	run timeout 60 mci-build --json --sandbox - <hand
	is "$(jq -r 'select(.type=="artifact/saved").artifact' "$out" | sort | tr '\n' ' ') $(mci log @/own)" "hand sub  $(cat src/a)" \
		"artifacts by hand are those of the copy that a job works in"
	ok "12 changes: hits are what real runs give" "$ROOT/tests/proof/results-mutation" 12 sealed 7
else
	skip 7 "there is no sandbox here"
fi
ok "with the seal off some are not" "$ROOT/tests/proof/results-mutation" 8 unsealed 7

# what is wrong
for wrong in '{"paths":["/etc"]}' '["../x"]' '{"path":["x"]}' '7'; do
	printf '{"id":"a","script":["true"],"inputs":%s}\n' "$wrong" >wrong
	exits 125 "wrong: inputs: $wrong" mci-build -q - <wrong
	has "$err" "inputs" "is named"
done
finish
