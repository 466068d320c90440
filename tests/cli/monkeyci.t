#!/bin/sh
# The original's files in .monkeyci run as they are, and where a definition is looked for.
. "${0%/*}/lib.sh"
need git jq

mkdir .monkeyci
cat >.monkeyci/build.yaml <<'END'
- id: test
  image: docker.io/maven:latest
  script:
    - cd /tmp
    - pwd
  save-artifacts:
    - id: target
      path: target/
- script: [echo two]
  dependencies:
    - test
  restoreArtifacts: [{id: target, path: target/}]
  work_dir: sub
  timeout: 5000
END
cat >.monkeyci/build.json <<'END'
{"script": ["echo json"], "dependsOn": ["job-2"], "allow_failure": true, "caches": [{"id": "m2", "path": ".m2"}]}
END
run mci-build --plan
is "$(cat "$out")" '{"id":"test","script":["cd /tmp","pwd"],"shell-per":"line","timeout":"20m","image":"docker.io/maven:latest","save-artifacts":[{"id":"target","path":"target/"}]}
{"id":"job-2","script":["echo two"],"shell-per":"line","dir":"sub","timeout":"5s","depends-on":["test"],"restore-artifacts":[{"id":"target","path":"target/"}]}
{"id":"job-3","script":["echo json"],"shell-per":"line","timeout":"20m","depends-on":["job-2"],"allow-failure":true,"caches":[{"id":"m2","path":".m2"}]}' \
	"YAML and JSON are joined; keys in any case; ids, shells and times are written out"
run mci-build --plan
cp "$out" plan
is "$(mci-build --plan - <plan)" "$(cat plan)" "the plan is an input again"

# --- the original's spellings

cat >.monkeyci/build.yaml <<'END'
- id: Unit tests (é)
  container/image: docker.io/debian
  container/env:
    TEST_VAR: test value
  containerEnv: {}
END
rm .monkeyci/build.json
exits 125 "a key that there is not" mci-build --plan
has "$err" '\.monkeyci/build\.yaml:5:3: containerEnv: unknown key' "is one"
cat >.monkeyci/build.yaml <<'END'
- id: Unit tests (é)
  container/image: docker.io/debian
  container/env:
    TEST_VAR: test value
    NUMBER: 1.20
  container/memory: 2
  script: ['echo "Value is $TEST_VAR"']
- id: deploy
  name: To the world
  image: docker.io/deployer
  dependencies: [Unit tests (é)]
END
run mci-build --plan
is "$(cat "$out")" '{"id":"Unit_tests","name":"Unit tests (é)","script":["echo \"Value is $TEST_VAR\""],"shell-per":"line","env":{"TEST_VAR":"test value","NUMBER":"1.20"},"timeout":"20m","image":"docker.io/debian","memory":2}
{"id":"deploy","name":"To the world","shell-per":"line","timeout":"20m","image":"docker.io/deployer","depends-on":["Unit_tests"]}' \
	"container/KEY is KEY; an id is made from any text, which becomes the name; an image alone is a job"
cp "$out" plan
is "$(mci-build --plan - <plan)" "$(cat plan)" "and the plan is an input again"
exits 125 "what an image runs by itself is not run" mci-build --runner host -q
has "$err" '\.monkeyci/build\.yaml:10:3: image: what it runs without a script' "and is no success"
sed -i '/^- id: deploy/,$d' .monkeyci/build.yaml
exits 0 "the rest runs on the host" mci-build --runner host -q
is "$(mci log @/Unit_tests)" "Value is test value" "with its variables"
is "$(mci show --json @ | jq -r 'select(.job).name')" "Unit tests (é)" "show knows the name"
printf -- '- {id: a b, script: x}\n- {id: a_b, script: x}\n' >.monkeyci/build.yaml
exits 125 "two ids that become one" mci-build --plan
has "$err" "build.yaml:2:8: id: 'a_b' is the id of an earlier job" "are an error"
printf -- '- {id: "--", script: x}\n' >.monkeyci/build.yaml
exits 125 "an id of which nothing is left" mci-build --plan
has "$err" "build.yaml:1:8: id: '--' is not a job id" "is one"
printf -- '- id: a\n  script: x\n  container/env: {A: 1}\n  env: {B: 1}\n' >.monkeyci/build.yaml
exits 125 "one key in two spellings" mci-build --plan
has "$err" "build.yaml:4:3: env: the key comes twice" "comes twice"
printf -- '- id: a\n  script: x\n  container/env: {A: [1]}\n' >.monkeyci/build.yaml
exits 125 "a bad value" mci-build --plan
has "$err" "build.yaml:3:22: env.A: expected a string" "is found below its spelling"

# --- run on the host, lines in shells of their own

cat >.monkeyci/build.yaml <<'END'
id: lines
script:
  - cd /
  - pwd
  - x=1
  - echo "x is '$x'"
END
exits 0 "one mapping is one job" mci-build --progress plain
has "$out" "lines \| $PWD\$" "each line begins in the job's folder"
has "$out" "lines \| x is ''" "and with a shell of its own"
printf 'id: fails\nscript: ["false", "echo not reached"]\n' >.monkeyci/build.yml
rm .monkeyci/build.yaml
exits 1 "a line that fails ends the job" mci-build --progress plain
hasnt "$out" 'not reached' "lines behind it are not run"

# --- what cannot be run says so

printf 'id: a\nscript: [x]\ntimeout: soon\n' >.monkeyci/build.yml
exits 125 "a bad field" mci-build --plan
has "$err" '\.monkeyci/build\.yml:3:10: timeout' "has its place"
printf -- '- id: a\n  dependencies: [b, -.]\n  script: [x]\n' >.monkeyci/build.yml
exits 125 "a bad dependency" mci-build --plan
has "$err" "\.monkeyci/build\.yml:2:21: depends-on\[1\]" "is found under the name it was written with"
printf '[]' >.monkeyci/build.edn
exits 125 "EDN" mci-build --plan
has "$err" 'build\.edn: .*not run here' "names the file"
mv .monkeyci/build.edn .monkeyci/build.clj
exits 125 "Clojure" mci-build --plan
has "$err" 'build\.clj: .*not run here' "names the file"
rm .monkeyci/build.*
exits 125 "an empty .monkeyci" mci-build --plan
has "$err" '\.monkeyci: no build\.yaml' "says what it looked for"

# --- .mci beats it, and what the folder is

printf 'id: old\nscript: [x]\n' >.monkeyci/build.yaml
mkdir .mci
echo 'build.jobs = 1' >.mci/conf
is "$(mci-build --plan | jq -r .id)" old ".mci without a build does not hide .monkeyci"
printf '#!/bin/sh\necho '\''{"id":"new","script":["pwd"]}'\''\n' >.mci/build
exits 125 "a script that is not executable" mci-build --plan
has "$err" '\.mci/build: not executable \(chmod \+x' "says how to fix it"
chmod +x .mci/build
is "$(mci-build --plan | jq -r .id)" new ".mci beats .monkeyci"
mkdir -p deep/er
is "$(cd deep/er && mci-build --progress plain 2>/dev/null | grep '|')" "new | $PWD" "the folder is found upward and built"
cp .mci/build .mci/build.sh
cp .mci/build .mci/build.py
exits 125 "several definitions" mci-build --plan
has "$err" '\.mci/build, \.mci/build\.py and \.mci/build\.sh' "are all named"
is "$(mci-build --plan -f .mci/build.sh | jq -r .id)" new "-f chooses"
rm .mci/build.*
chmod -x .mci/build
exits 125 "-f with a file that cannot be run" mci-build --plan -f .mci/build
has "$err" 'not executable \(chmod \+x .*\.yaml, \.yml or \.json' "says both ways out"
git init -q inner
exits 125 "the search stops at the top of the git work tree" mci-build -C inner --plan
has "$err" 'nothing to build: no \.mci folder in .*/inner' "says where it looked"
has "$err" '#!/bin/sh' "and shows what to write"
cp .mci/build inner/x && chmod +x inner/x
is "$(cd inner && mci-build --progress plain ./x 2>/dev/null | grep '|')" "new | $PWD/inner" \
	"a script by its path builds the current folder"

finish
