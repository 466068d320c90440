#!/bin/sh
# mci-build --lint: everything that is wrong with a definition, without running any of it.
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
./bad.yaml:1:34: depends-on: a cycle: a -> c -> b -> a" "all are told, each with its place"
run mci-build --lint --json -f ./bad.yaml
is "$status $(jq -r 'select(.job == "b") | [.file, .row, .column, .problem] | @tsv' "$out" | tr '\t' ' ')" \
	"1 ./bad.yaml 2 38 depends-on[1]: there is no job 'compil'; did you mean 'compile'?" "as records with --json"
printf '[{"id":"a",\n' >broken.json
lint broken.json
is "$status $(cat "$out")" '1 ./broken.json:2:1: not JSON: a key in quotes was expected' "broken JSON is a problem, with its place"

# --- scripts

script() {
	printf "$1" >script
	chmod +x script
	lint script
}

script '#!/bin/sh\ntouch witness\necho x\n'
is "$status$(cat "$out" "$err")" 0 "a good script"
ok "is not run" test ! -e witness
script '#!/bin/sh\necho x\nif true; then\n'
like "$status $(cat "$out")" '^1 \./script:[34]:1: [Ss]yntax error' "a script that sh cannot read, by line"
if command -v bash >/dev/null; then
	script '#!/usr/bin/env -S bash -e\nf() {\n'
	like "$status $(cat "$out")" '^1 \./script:3:1: syntax error' "the same for bash behind env"
else
	skip 1 "no bash"
fi
script '#!/no/such/program\n'
is "$status $(cat "$out")" "1 ./script:1:1: there is no program '/no/such/program' to run this script" "a missing interpreter"
script '#!/bin/sh\r\ntrue\r\n'
like "$status $(cat "$out")" '^1 \./script:1:1: the line ends with a carriage return' "a carriage return"
script 'true\n'
like "$status $(cat "$out")" '^1 \./script:1:1: no #! line' "no first line"
script ''
like "$status $(cat "$out")" '^1 \./script:1:1: no #! line' "an empty script"
cp "$(command -v env)" script
lint script
is "$status$(cat "$out" "$err")" 0 "a program"

exits 125 "standard input is not looked at" mci-build --lint -
mkdir .mci
exits 125 "nothing to lint" mci-build --lint
has "$err" 'no build, build\.yaml' "is said"

finish
