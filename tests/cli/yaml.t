#!/bin/sh
# YAML and JSON files of jobs: what they mean, what is said about bad ones, and that none costs much.
. "${0%/*}/lib.sh"
need git python3

plan() {
	run mci-build --plan -f "./$1"
}

# says FILE PATTERN TEXT: the file is refused, and standard error has the pattern behind its name
says() {
	plan "$1"
	if [ "$status" = 125 ]; then has "$err" "^mci-build: \./$1$2" "$3"; else fail "$3 (status $status)" "$err"; fi
}

# --- what plain scalars become

cat >scalars.yaml <<'END'
- id: 1.20
  script:
    - yes
    - 0x10
    - |
      two
      lines
    - >-
      one
      line
    - 'it''s'
    - "a\tb\u00e9"
  env: {VERSION: 1.20, COUNTRY: no, NOTHING: , NULL_TEXT: null, OCTAL: 0755}
  labels:
    on: off
  timeout: 1h30m
  allow-failure: True
  retry: {count: 0x2, exit: [1, +2], delay: 5s}
- id: two
  script: make
  depends-on: [1.20]
  split: false
END
plan scalars.yaml
is "$status" 0 "a YAML file is planned"
is "$(cat "$out")" '{"id":"1.20","script":["yes","0x10","two\nlines\n","one line","it'\''s","a\tbé"],"env":{"VERSION":"1.20","COUNTRY":"no","NOTHING":"","NULL_TEXT":"null","OCTAL":"0755"},"timeout":"1h30m","labels":{"on":"off"},"retry":{"count":2,"exit":[1,2],"delay":"5s"},"allow-failure":true}
{"id":"two","script":["make"],"depends-on":["1.20"]}' "text stays text, numbers and booleans are read where they belong"

# --- aliases and merge keys

cat >merge.yaml <<'END'
x-base: &base
  timeout: 5m
  env: &env {CC: gcc, OPT: 2}
.more: &more
  <<: *base
  dir: sub
jobs:
  - id: a
    <<: *base
    script: [x]
  - {<<: [*more, {timeout: 9m}], id: b, script: *words, timeout: 1m}
END
says merge.yaml ':11:50: \*words: there is no anchor' "an alias without its anchor"
sed 's/\*words/y/' merge.yaml >merged.yaml
plan merged.yaml
is "$(cat "$out")" '{"id":"a","script":["x"],"env":{"CC":"gcc","OPT":"2"},"timeout":"5m"}
{"id":"b","script":["y"],"env":{"CC":"gcc","OPT":"2"},"dir":"sub","timeout":"1m"}' \
	"<< merges; a job's own keys win"

# --- forms of a file

echo '{"id":"one","script":"true"}' >one.json
plan one.json
is "$(cat "$out")" '{"id":"one","script":["true"]}' "one mapping is one job"
printf '{"jobs":[\n {"id":"a","script":["\\ud83d\\ude00\\/"],"env":{"N":1.50}}\n],"x-note":1}' >jobs.json
plan jobs.json
is "$(cat "$out")" '{"id":"a","script":["😀/"],"env":{"N":"1.50"}}' "an object with jobs"
printf '\357\273\277- {id: a, script: x}\r\n' >bom.yaml
plan bom.yaml
is "$(cat "$out")" '{"id":"a","script":["x"]}' "a byte order mark and CRLF"
printf '%%YAML 1.1\n---\n- {id: y, script: [no]}\n...\n' >directive.yml
plan directive.yml
is "$(cat "$out")" '{"id":"y","script":["no"]}' "%YAML 1.1 does not change what no means"
mkdir -p .mci && cp merged.yaml .mci/build.yaml
run mci-build --plan
is "$(wc -l <"$out")" 2 ".mci/build.yaml is found"
cp one.json .mci/build.json
exits 125 "two definitions are an error" mci-build --plan
has "$err" '\.mci/build\.json and \.mci/build\.yaml' "that names both"
mv .mci/build.json .mci/build.json~
exits 0 "what an editor leaves behind does not count" mci-build --plan
rm -r .mci

# --- texts of several lines (tests/unit/yaml.c holds random ones against another parser)

# means TEXT EXPECTED YAML: the plan of a file that holds it, as jq shows it
means() {
	printf -- "$3" >texts.yaml
	plan texts.yaml
	if [ "$status" = 0 ]; then is "$(jq -ac . "$out")" "$2" "$1"; else fail "$1 (status $status)" "$err"; fi
}
means "an empty block text leaves its neighbours alone" '{"id":"a","script":["x"],"env":{"A":"","B":"b","C":"\n"},"stdin":""}' \
	'- id: a\n  env:\n    A: |\n\n    B: b\n    C: |+\n\n  stdin: |-\n  script: x\n'
means "many of them, one behind the other" '{"id":"a","script":["x"],"env":{"A":"","B":"","C":"\n\n","D":"d"}}' \
	'- id: a\n  env:\n    A: |\n    B: >-\n          \n    C: |+ # note\n\n\n    D: d\n  script: x\n'
for end in '' '\n' '\n\n' '\n  # note\n'; do
	means "one at the end of the file" '{"id":"a","script":["x"],"env":{"A":""}}' \
		"- id: a\n  script: x\n  env:\n    A: |$end"
done
means "an anchor or a tag in front, on a line of its own" '{"id":"a","script":["x\n"],"env":{"A":"x\n"}}' \
	'- id: a\n  script:\n    &t |\n     x\n  env:\n    A:\n      !!str |\n       x\n'
means "a last line without its end" '{"id":"a","script":["x\n"]}' '- id: a\n  script: |\n    x'
means "a blank line at the end of a text in quotes" '{"id":"a","script":["a b "],"env":{"A":"b\\cd"}}' \
	'- id: a\n  script: "a\n   b\n   "\n  env:\n    A: "b\\\\\\\n     cd"\n'
means "each escape" '{"id":"a","script":["\u0007\b\t\n\u000b\f\r\u001b \"/\\\u2026\u00a0\u2028\ud83d\ude00\u00e9"]}' \
	'- {id: a, script: "\\a\\b\\t\\n\\v\\f\\r\\e\\ \\"\\/\\\\\\u2026\\_\\L\\U0001f600\\xe9"}\n'

# --- places and fixes

cat >bad.yaml <<'END'
- id: a
  script:
    - true
    - echo: x
END
says bad.yaml ":4:7: script\[1\]: expected a string or an object with name and run, found an object \(a text that holds ': ' has to be" \
	"the place of a field, and the trap"
printf -- '- id: a\n  scirpt: x\n' >bad.yaml
says bad.yaml ":2:3: scirpt: unknown key; did you mean 'script'\?" "an unknown key"
printf -- '- id: a\n  script: x\n  pty: yes\n' >bad.yaml
says bad.yaml ':3:8: pty: expected true or false, found a string \(YAML knows only true and false' "yes is no boolean"
printf -- '- id: a\n  script: x\n  enviroment:\n    A: b\n' >bad.yaml
says bad.yaml ":3:3: enviroment: unknown key" "one whose value is a map"
printf -- '- id: a\n  script: x\n  when:\n    brunch:\n      - a\n' >bad.yaml
says bad.yaml ":4:5: when.brunch: unknown key" "one inside another"
printf -- '- id: a\n  script: x\n  env:\n    A: b\n    "B C":\n      d\n' >bad.yaml
says bad.yaml ":5:5: env.B C: not a name" "a variable that cannot be one"
printf -- '- id: a\n  script: x\n  expose:\n    - 0\n' >bad.yaml
says bad.yaml ":[34]:[0-9]: expose.0.: " "a port that is none"
printf -- '- id: a\n  script: x\n  arch:\n    arm64\n' >bad.yaml
exits 125 "an arch without its runner" mci-build -q -f ./bad.yaml
has "$err" "^mci-build: \./bad.yaml:3:3: arch: needs a runner" "the same of one that a runner is needed for"
printf -- '- id: a\n  script: x\n  runner:\n    moon\n' >bad.yaml
says bad.yaml ":4:5: runner: there is no runner 'moon'" "a value that is none here"
printf -- '- {id: a, script: x}\n- {id: b, script: x, depends-on: [a,\n  c]}\n' >bad.yaml
says bad.yaml ":3:3: depends-on\[1\]: there is no job 'c'" "an unknown dependency"
printf -- '- {id: a, script: x, depends-on: [d, b]}\n- {id: b, script: x, depends-on: a}\n- {id: d, script: x}\n' >bad.yaml
says bad.yaml ":1:38: depends-on\[1\]: a cycle: a -> b -> a" "a cycle"
printf -- '- {id: a, script: x, depends-on: m}\n- {id: m, script: x, matrix: {X: [1, 2]}, depends-on: a}\n' >bad.yaml
says bad.yaml ":[12]:[0-9]+: depends-on\[0\]: a cycle: " "one through a matrix"
printf -- '- {id: m, script: x, matrix: {X: [1, 2]}}\n- {id: m.2, script: x}\n' >bad.yaml
says bad.yaml ":2:8: id: 'm.2' is the id of an earlier job" "an id that a matrix has made"
printf -- '- {id: a, script: x, params: [A,\n  B]}\n' >bad.yaml
exits 125 "a param that was not given" mci-build -q -p A=1 -f ./bad.yaml
has "$err" "^mci-build: \./bad.yaml:2:3: params\[1\]: 'B' was not given" "has its place"
printf -- '- id: a\n  script:\n' >bad.yaml
says bad.yaml ':2:3: script: expected a list of strings, found null' "nothing where a list belongs"
printf -- '- id: a\n  script: x\n  timeout: 90\n' >bad.yaml
says bad.yaml ':3:12: timeout: 90 has no unit' "a number without unit"
printf -- '- id: a\n  script: x\n  when: {branch: [x, [y]]}\n' >bad.yaml
says bad.yaml ':3:22: when\.branch\[1\]: expected a glob' "inside when"
printf -- '- id: a\n  script: x\n  matrix: {A: [a b, a_b]}\n' >bad.yaml
says bad.yaml ':3:11: matrix: A=a b and A=a_b both give a job whose id ends in .a_b' "a clash of matrix values names both"
printf -- '- id: a\n  id: b\n  script: x\n' >bad.yaml
says bad.yaml ':2:3: id: the key comes twice' "a key twice"
printf -- '- id: a\n\tscript: x\n' >bad.yaml
says bad.yaml ':2:2: not YAML: .*tab' "a tab as indentation"
printf -- '- a\n\t- b\n' >bad.yaml
says bad.yaml ':1:3: a tab as indentation' "a tab that YAML itself takes for text"
printf -- '- id: "caf\351"\n' >bad.yaml
says bad.yaml ':1:11: not YAML: a byte that is not UTF-8' "bad UTF-8"
printf -- '- {id: a, script: x}\n---\n- {id: b, script: x}\n' >bad.yaml
says bad.yaml ':2:1: a second document' "a second document"
printf -- '- x\n' >bad.yaml
says bad.yaml ':1:3: expected a job' "no job"
printf -- '%%YAML 9.9\n---\n- {id: a, script: x}\n' >bad.yaml
says bad.yaml ':1:1: %YAML 9\.9: a version that is not read' "a version of YAML that there is not"
is "$(wc -l <"$err")" 1 "with nothing beside it"
printf -- '%%FOO 1\n---\n- {id: a, script: x}\n' >bad.yaml
says bad.yaml ':1:1: an unknown directive' "an unknown directive"
printf -- '- id: a\n  script: x\n%%env: {}\n' >bad.yaml
says bad.yaml ":3:1: not YAML: a text that begins with '%'" "a line that would end the document"
printf -- '- id: a\n  script: |0\n    x\n' >bad.yaml
says bad.yaml ':2:3: not YAML: ' "a wrong header of a block text"
is "$(wc -l <"$err")" 1 "and the library that reads YAML says nothing itself"
printf -- '- id: a\n  script:\n  make\n' >bad.yaml
says bad.yaml ':3:3: not YAML: what belongs to a key has to stand deeper' "a value below its key"
printf -- '- id: a\n  script: "a\n  b"\n' >bad.yaml
says bad.yaml ':2:11: not YAML: ' "a text whose second line is not deeper than its key"
printf -- '- id: a\n  script: && x\n' >bad.yaml
says bad.yaml ":2:12: &&: .*has to be in quotes" "what would be an anchor"
printf -- '- id: a\n  : x\n' >bad.yaml
says bad.yaml ":2:3: expected a key" "a key that is empty"
printf -- '# nothing\n' >bad.yaml
says bad.yaml ':1:1: expected a list of jobs' "a file of comments"
: >bad.yaml
says bad.yaml ':1:1: expected a list of jobs' "an empty file"
: >bad.json
says bad.json ':1:1: not JSON: nothing there' "an empty JSON file"
printf '{"id":"a","script":["x"],"retry":{"count":1,\n"foo":{"c":1}}}' >bad.json
says bad.json ':2:1: retry.foo: unknown key' "the key of an object in JSON"
printf '[{"id":"a","script":["x"],\n"depends-on":["b"]}]' >bad.json
says bad.json ":2:15: depends-on\[0\]: there is no job 'b'" "an unknown dependency in JSON"
printf -- '- id: !!binary aGk=\n  script: x\n' >bad.yaml
says bad.yaml ':1:7: .*a tag that means nothing' "a tag"
printf -- '- &a [*a]\n' >bad.yaml
says bad.yaml ':1:8: \*a: an alias inside its own anchor' "an alias that holds itself"
printf '[{"id":"a",\n "script":["x" "y"]}]' >bad.json
says bad.json ":2:16: not JSON: ',' was expected" "broken JSON"
printf '[{"id":"a","script":["x"],"env":{"A":"1","A":"2"}}]' >bad.json
says bad.json ':1:42: A: the key comes twice' "a key twice in JSON"
printf "{'id': 'a'}" >bad.json
says bad.json ':1:2: not JSON' "YAML is not JSON"
printf '[{"id":"a","script":["\\u0000"]}]' >bad.json
says bad.json ':1:22: a string may not hold U\+0000' "U+0000"
mkdir folder.yaml
says folder.yaml ': cannot be read: not a file' "a folder"
exits 125 "a file that is not there" mci-build --plan -f ./absent.yaml
has "$err" 'absent.yaml: No such file' "is named"

# --- nothing hostile takes long or much memory

cat >hostile.py <<'END'
deep = '[' * 31
files = {
    'brackets.yaml': '[' * 200000,
    'lines.yaml': '[\n' * 200000,
    'maps.yaml': '{a: ' * 60000,
    'dashes.yaml': '- ' * 120000,
    'questions.yaml': '? ' * 120000,
    'aliases.yaml': 'a: &a [' + 'x,' * 9 + ']\n' + ''.join(
        '%c: &%c [%s]\n' % (98 + i, 98 + i, ','.join(['*%c' % (97 + i)] * 9)) for i in range(9)),
    'copies.yaml': '- &a\n  id: a\n  script: [x]\n  env: {A: "' + 'y' * 200000 + '"}\n' + '- *a\n' * 100000,
    'merges.yaml': '- &a\n' + ''.join('  k%d: x\n' % i for i in range(900)) + '- {<<: *a}\n' * 100000,
    'chain.yaml': ''.join('- &a%d\n  k%d: x\n%s' % (i, i, i and '  <<: [*a%d, *a%d]\n' % (i - 1, i - 1) or '')
        for i in range(900)),
    'anchors.yaml': ''.join('- &a%d x\n' % i for i in range(100000)),
    'keys.yaml': '- ' + ''.join('k%d: x\n  ' % i for i in range(200000)) + '\n',
    'documents.yaml': '---\n' * 1000000,
    'newlines.yaml': '\n' * 16000000,
    'long.yaml': '- ' + 'a' * 10000000,
    'empties.yaml': '- id: a\n' + ''.join('  k%d: |\n' % i for i in range(400000)),
    'blanks.yaml': '- id: a\n' + ''.join('  k%d: |\n%s' % (i, ' ' * 4000 + '\n') for i in range(4000)),
    'large.yaml': '# comment\n' * 2000000,
    'brackets.json': '[' * 200000,
    'deep.json': deep + '1' + ']' * 31,
    'keys.json': '[{' + ','.join('"k%d":1' % i for i in range(500000)) + '}]',
    'strings.json': '["' + '\\n' * 7000000 + '"]',
}
for name, text in files.items():
    open(name, 'w').write(text)
END
mkdir hostile && (cd hostile && python3 ../hostile.py)
cat >bounded.py <<'END'
import os, resource, subprocess, sys
done = subprocess.run(['mci-build', '--plan', '-f', sys.argv[1]], stdout=subprocess.DEVNULL,
    stderr=subprocess.PIPE, timeout=60)
used = resource.getrusage(resource.RUSAGE_CHILDREN)
seconds = used.ru_utime + used.ru_stime
megabytes = used.ru_maxrss // 1024
lines = done.stderr.decode().splitlines()
print(done.returncode, len(lines), '%.2f s, %d MB' % (seconds, megabytes), lines[:1])
sanitized = os.environ.get('ASAN_OPTIONS') or b'__asan' in open(sys.argv[2], 'rb').read()
sys.exit(not (done.returncode == 125 and len(lines) == 1 and (sanitized or seconds < 3 and megabytes < 160)))
END
for file in hostile/*; do
	ok "${file#*/} is refused in bounded time and memory" python3 bounded.py "./$file" "$(command -v mci-build)"
done

# --- ten thousand jobs

python3 -c '
for i in range(10000):
    print("- id: j%d\n  script: [make check]\n  env: {CC: clang}%s" % (i, i and "\n  depends-on: j%d" % (i - 1) or ""))
' >many.yaml
plan many.yaml
is "$status $(wc -l <"$out")" "0 10000" "10,000 jobs are planned"

finish
