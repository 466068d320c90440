#!/bin/sh
# mci-build --lint: everything that is wrong with a definition. No job of it runs.
. "${0%/*}/lib.sh"
need jq

lint() {
	run mci-build --lint -f "./$1"
}

cat >good.yaml <<'END'
- {id: a, script: x}
- {id: m, script: x, matrix: {A: [1, 2]}, depends-on: a}
- {id: b, script: x, depends-on: [m, m.1]}
END
lint good.yaml
is "$status$(cat "$out" "$err")" 0 "a good definition is clean"

cat >bad.yaml <<'END'
- {id: a, script: x, depends-on: [c]}
- {id: b, script: x, depends-on: [a, compil]}
- id: c
  script: x
  depends-on:
    - b
- {id: compile, script: x}
- {id: compile, script: x}
- {id: m, script: x, matrix: {A: [1, 2]}}
- {id: m.2, script: x}
- {id: bad, scirpt: x}
- {id: d, script: x, depends-on: [bad, m, m.2, m.3]}
- {id: e, script: x, when: failure}
- {id: f, script: x, timeout: 5, when: {branch: [[]]}}
- nothing
END
lint bad.yaml
is "$status" 1 "problems are status 1"
is "$(cat "$out")" "./bad.yaml:11:13: scirpt: unknown key; did you mean 'script'?
./bad.yaml:13:28: when: \"failure\" looks at the jobs in depends-on, and there are none
./bad.yaml:14:31: timeout: 5 has no unit: write it as \"5s\" or \"5m\"
./bad.yaml:14:50: when.branch[0]: expected a glob, found an array
./bad.yaml:15:3: expected a job: keys with their values
./bad.yaml:8:8: id: the id 'compile' is taken by the job at ./bad.yaml:7:3
./bad.yaml:10:8: id: the id 'm.2' is taken by the job at ./bad.yaml:9:3
./bad.yaml:2:38: depends-on[1]: there is no job 'compil'; did you mean 'compile'?
./bad.yaml:12:48: depends-on[3]: there is no job 'm.3'; did you mean 'm.1'?
./bad.yaml:1:35: depends-on[0]: a cycle: a -> c -> b -> a" "all are told, each with its place"
run mci-build --lint --json -f ./bad.yaml
is "$status $(jq -r 'select(.job == "b") | [.file, .row, .column, .problem] | @tsv' "$out" | tr '\t' ' ')" \
	"1 ./bad.yaml 2 38 depends-on[1]: there is no job 'compil'; did you mean 'compile'?" "as records with --json"
printf '[{"id":"a",\n' >broken.json
lint broken.json
is "$status $(cat "$out")" '1 ./broken.json:2:1: not JSON: a key in quotes was expected' "broken JSON is a problem, with its place"

printf -- '- id: a\n  script: x\n  expose:\n    - 0\n- {id: b, script: x, image: debian, runner: moon}\n' >wishes.yaml
lint wishes.yaml
is "$status $(sed 's/; there is host.*//' "$out")" "1 ./wishes.yaml:4:7: expose[0]: '0' is not a number from 1 to 65535
./wishes.yaml:5:45: runner: there is no runner 'moon', nor a program mci-runner-moon" "what nothing serves, wherever it runs, is a problem"

# --- which files

for file in nothing.yaml ./nothing.yaml nothing; do
	exits 125 "a file that is not there: $file" mci lint "$file"
	has "$err" 'nothing.*No such file' "is an error"
done
exits 1 "a file needs no slash" mci lint bad.yaml
has "$out" '^bad\.yaml:1:35: depends-on\[0\]: a cycle' "and is called as it was"
exits 0 "a clean one" mci lint good.yaml
exits 1 "of several all are checked" mci lint good.yaml bad.yaml broken.json
has "$out" '^bad\.yaml:' "the second"
has "$out" '^broken\.json:' "and the third"
exits 125 "what cannot be read outranks problems" mci lint bad.yaml nothing.yaml
has "$out" '^bad\.yaml:' "which are told all the same"
printf '[]' >none.json
exits 0 "a document without jobs" mci lint none.json
is "$(cat "$err")" "mci-build: none.json: no jobs" "is said to have none"
exits 125 "a folder" mci lint .
echo 'echo' >plain
exits 125 "a file that cannot be run" mci lint plain
has "$err" 'not executable' "is said to be one"
mkdir .mci
exits 125 "nothing to lint" mci lint
has "$err" 'no build, build\.yaml' "is said"
cp bad.yaml .mci/build.yaml
exits 1 "without operands the folder's own definition" mci lint
has "$out" '^\.mci/build\.yaml:1:35' "is checked"
rm -r .mci

# --- a chain that runs through a job that always runs

cat >chains.yaml <<'END'
- {id: build, script: x}
- {id: lint, script: x}
- {id: clean, script: x, depends-on: [build, lint], when: always}
- {id: deploy, script: x, depends-on: [lint, clean]}
- {id: knows, script: x, depends-on: [build, clean, lint]}
- {id: asks, script: x, depends-on: clean, when: always}
- {id: report, script: x, depends-on: clean, when: failure}
- {id: first, script: x, when: always}
- {id: second, script: x, depends-on: first}
- {id: many, script: x, depends-on: build, when: always, matrix: {A: [1, 2]}}
- {id: all, script: x, depends-on: many, matrix: {B: [1, 2]}}
END
lint chains.yaml
is "$status" 0 "warnings are no problems"
is "$(cut -d ' ' -f 1-11 "$out")" "./chains.yaml:4:46: warning: depends-on[1]: 'clean' always runs and hides nothing: this job
./chains.yaml:11:36: warning: depends-on[0]: 'many' always runs and hides nothing: this job" "a chain through a job that always runs is one"
has "$out" "skipped when 'build' fails; name that here as well, or say when: always" "which says what happens and what to do"
is "$(mci lint --json chains.yaml | jq -r 'select(.job == "deploy") | "\(.severity) \(.row) \(.column)"')" "warning 4 46" "also as a record"
is "$(mci lint --json bad.yaml | jq -r .severity | uniq)" "error" "where problems are errors"

# --- scripts

script() {
	printf "$1" >script
	chmod +x script
	lint script
}

script '#!/bin/sh\necho x\nif true; then\ntouch witness\n'
like "$status $(cat "$out")" '^1 \./script:[345]:1: [Ss]yntax error' "a script that sh cannot read, by line"
ok "does not run" test ! -e witness
if command -v bash >/dev/null; then
	script '#!/usr/bin/env -S bash -e\nf() {\n'
	like "$status $(cat "$out")" '^1 \./script:3:1: syntax error' "the same for bash behind env"
else
	skip 1 "no bash"
fi
script '#!/no/such/program\n'
is "$status $(cat "$out")" "1 ./script:1:1: bad interpreter: there is no /no/such/program" "a missing interpreter"
script '#!/usr/bin/env no-such-program\n'
is "$status $(cat "$out")" "1 ./script:1:1: bad interpreter: there is no no-such-program" "and behind env"
script '#!/bin/sh\r\ntrue\r\n'
like "$status $(cat "$out")" "^1 \./script:1:1: bad interpreter: '/bin/sh.r': .*carriage return" "a carriage return"
script 'true\n'
like "$status $(cat "$out")" '^1 \./script:1:1: no #! line' "no first line"
script ''
like "$status $(cat "$out")" '^1 \./script:1:1: no #! line' "an empty script"

script '#!/bin/sh\nread -r line\necho "{\"id\":\"a\",\"script\":[\"touch witness\"],\"env\":{\"P\":\"$MCI_PLAN$line\"}}" | tee job\n'
is "$status$(cat "$out" "$err")" 0 "a good script is run as for a plan"
is "$(jq -r .env.P job)" 1 "which it is told, without input"
ok "its jobs are not" test ! -e witness
cat >script <<'END'
#!/bin/sh
cat <<'JOBS'
{"id":"a","script":["x"],"depends-on":["c"]}

{"type":"script/busy","for":"1s"}
{"id":"b","scirpt":["x"]}
this is no JSON
{"id":"a","script":["x"]}
{"id":"m","script":["x"],"matrix":{"A":[[]]}}
{"id":"c","script":["x"],"depends-on":["a","compil"]}
{"id":"w","script":["x"],"when":"failure"}
{"id":"compile","script":["x"]}
JOBS
printf '{"id":"torn'
END
lint script
is "$status $(cat "$out")" "1 ./script: line 4 of its output: scirpt: unknown key; did you mean 'script'?
./script: line 5 of its output: not JSON: an object was expected at byte 1
./script: line 7 of its output: matrix.A[0]: expected a text or a number, found an array
./script: line 9 of its output: when: \"failure\" looks at the jobs in depends-on, and there are none
$(grep 'line 11' "$out")
./script: line 6 of its output: id: the id 'a' is taken by the job in line 1
./script: line 8 of its output: depends-on[1]: there is no job 'compil'; did you mean 'compile'?
./script: line 1 of its output: depends-on[0]: a cycle: a -> c -> a" "what a script writes is checked, all of it"
has "$out" 'line 11 of its output: not JSON' "a torn line as well"
is "$(mci lint --json script | jq -r 'select(.line == 8) | "\(.file) \(.job) \(.row)"')" "script c null" "as records with --json"
script '#!/bin/sh\necho oops >&2\nexit 3\n'
is "$status $(cat "$out")" "1 ./script: the script ended with status 3" "a script that fails"
has "$err" '^oops$' "says why itself"
script '#!/bin/sh\nkill -9 $$\n'
like "$status $(cat "$out")" '^1 \./script: the script was killed by signal 9' "or is killed"
script '#!/bin/sh\ntrap "" PIPE\nyes rubbish\nwhile :; do :; done\n'
is "$status $(tail -n 1 "$out")" "1 ./script: no more of it is read" "one that writes for ever"
script '#!/bin/sh\n:\n'
is "$status $(cat "$out" "$err")" "0 mci-build: ./script: no jobs" "one that writes no job is said to"
cp "$(command -v cat)" program
exits 0 "a program is run as well" mci lint ./program

exits 1 "lines on standard input" sh -c 'echo "{\"id\":\"a\"}" | mci lint -'
has "$out" '^-: line 1: ' "are checked too"
exits 0 "good ones" sh -c 'mci-build --plan -f ./good.yaml | mci lint -'
exits 125 "nothing at all" sh -c 'mci lint - </dev/null'
has "$err" 'nothing was checked' "is not"

# --- words in a wrong place, and those of other systems

# advice WORD TEXT: what lint says of a job that has it
advice() {
	printf '%s\n' "- {id: a, script: x, $1: 1}" >word.yaml
	run mci lint ./word.yaml
	is "$(cat "$out")" "./word.yaml:1:22: $1: unknown key; $2" "lint knows where $1 belongs"
}
advice same "it is a member of depends-on"
advice max "it is a member of matrix"
advice branch "it is a member of when"
advice through "it stands beside the jobs of a document"
advice needs "here it is depends-on"
advice after_script "here it is finally"
advice continue-on-error "here it is allow-failure"
advice matrx "did you mean 'matrix'?"
printf '%s\n' 'trough: x' 'jobs: []' >word.yaml
run mci lint ./word.yaml
is "$(cat "$out")" "./word.yaml:1:1: trough: unknown key beside jobs; did you mean 'through'?" "and what may stand beside jobs"
printf '%s\n' 'defaults: {id: x, retrry: 1}' 'jobs: []' >word.yaml
run mci lint ./word.yaml
is "$(cat "$out")" "./word.yaml:1:19: defaults.retrry: unknown key; did you mean 'retry'?" "and in defaults"
for key in 'id: x' 'depends-on: x' 'matrix: {A: [1]}'; do
	printf '%s\n' "defaults: {$key}" 'jobs: []' >word.yaml
	run mci lint ./word.yaml
	is "$(cat "$out")" "./word.yaml:1:$((12 + ${#key} - $(printf %s "${key#*: }" | wc -c))): defaults.${key%%:*}: no default: it is of one job" \
		"where ${key%%:*} is none"
done
finish
