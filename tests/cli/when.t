#!/bin/sh
# Conditions of jobs in real builds: branch, tag, event, changed paths, and the results before them.
. "${0%/*}/lib.sh"
need git jq

git_() {
	git -c user.name=t -c user.email=t@example.org -c init.defaultBranch=main "$@"
}

# builds TEXT EXPECTED [OPTION...]: builds build.yaml and compares "JOB STATUS [REASON]" of each job
builds() {
	text=$1 expected=$2
	shift 2
	run mci-build --json -f ./build.yaml "$@"
	is "$(jq -r 'select(.type == "job/end") |
		[.job, .status, if .status == "skipped" then .reason else empty end] | join(" ")' \
		"$out" | sort)" "$expected" "$text"
}

git_ init -q .
mkdir src doc
touch src/main.c doc/a.md
git_ add . && git_ commit -qm one && git_ branch -q other

# --- branch, tag, event

cat >build.yaml <<'END'
- {id: always, script: "true", when: always}
- {id: event, script: "true", when: {event: manual}}
- {id: feature, script: "true", when: {branch: "feature/**"}}
- {id: main, script: "true", when: {branch: [main, "release/*"]}}
- {id: not-main, script: "true", when: {branch: "!main"}}
- {id: tagged, script: "true", when: {tag: "v*"}}
- {id: untagged, script: "true", when: {tag: false}}
END
builds "on a branch without a tag" 'always success
event success
feature skipped when: branch
main success
not-main skipped when: branch
tagged skipped when: tag
untagged success'
is "$status" 0 "skipped jobs fail nothing"
git_ tag v1.0
git_ checkout -q -b feature/a/b
builds "on another branch with a tag" 'always success
event success
feature success
main skipped when: branch
not-main success
tagged success
untagged skipped when: tag'

# --- changed paths

cat >build.yaml <<'END'
- {id: all, script: "true", when: {path: "**"}}
- {id: code, script: "true", when: {path: ["src/", "Makefile"]}}
- {id: docs, script: "true", when: {path: doc/**}}
- {id: not-docs, script: "true", when: {path: "!**/*.md"}}
- {id: plain, script: "true"}
END
git_ add . && git_ commit -qm two
everything='all success
code success
docs success
not-docs success
plain success'
builds "without a base everything counts as changed" "$everything"
echo x >>doc/a.md
git_ commit -qam three
builds "what was committed since" 'all success
code skipped when: path
docs success
not-docs skipped when: path
plain success' --since HEAD~1
echo x >src/new.c
builds "and what is not committed yet" 'all success
code success
docs skipped when: path
not-docs success
plain success' --since HEAD
rm src/new.c
builds "nothing changed" 'all skipped when: path
code skipped when: path
docs skipped when: path
not-docs skipped when: path
plain success' --since HEAD
exits 125 "a revision that is not there" mci-build -f ./build.yaml --since nowhere
has "$err" 'nowhere' "is named"

# --- the results before it

cat >build.yaml <<'END'
- {id: bad, script: "false"}
- {id: good, script: "true"}
- {id: after, script: "true", depends-on: bad}
- {id: clean-up, script: "true", depends-on: [bad, good], when: always}
- {id: report, script: "true", depends-on: [bad, good], when: failure}
- {id: never, script: "true", depends-on: good, when: failure}
- {id: main-report, script: "true", depends-on: bad, when: {status: failure, branch: nowhere}}
END
builds "a job is skipped when one before it failed, unless its when says otherwise" 'after skipped bad did not succeed
bad failure
clean-up success
good success
main-report skipped when: branch
never skipped when: nothing failed
report success'
is "$status" 1 "the build failed"

# --- a condition that does not hold takes a job out, and neither the order nor what failed before it

cat >build.yaml <<'END'
- {id: build, script: "sleep 0.3"}
- {id: docs, script: "true", depends-on: build, when: {tag: "v[2-9]*"}}
- {id: deploy, script: "true", depends-on: docs}
END
builds "a job behind one whose condition does not hold" 'build success
deploy success
docs skipped when: tag'
is "$(jq -r 'select(.type == "job/end" or .type == "job/start") | .job' "$out" | tr '\n' ' ')" \
	'build build docs deploy deploy ' "waits for what comes before that one"
sed 's/sleep 0.3/exit 1/' build.yaml >failing.yaml && mv failing.yaml build.yaml
builds "and does not run when it failed" 'build failure
deploy skipped build did not succeed
docs skipped when: tag'
cat >build.yaml <<'END'
- {id: build, script: "false"}
- {id: clean-up, script: "true", depends-on: build, when: always}
- {id: deploy, script: "true", depends-on: clean-up}
- {id: last, script: "true", depends-on: deploy, when: always}
- {id: behind, script: "true", depends-on: last}
- {id: report, script: "true", depends-on: last, when: failure}
END
builds "a job that always runs hides nothing from those behind it" 'behind skipped build did not succeed
build failure
clean-up success
deploy skipped build did not succeed
last success
report success'
sed 's/false/true/' build.yaml >good.yaml && mv good.yaml build.yaml
builds "where nothing failed all run, but for what is there for failures" 'behind success
build success
clean-up success
deploy success
last success
report skipped when: nothing failed'
cat >build.yaml <<'END'
- {id: build, script: "false", allow-failure: true}
- {id: deploy, script: "true", depends-on: build}
- {id: report, script: "true", depends-on: deploy, when: failure}
END
builds "an allowed failure counts as success" 'build failure
deploy success
report skipped when: nothing failed'
cat >build.yaml <<'END'
- {id: build, script: "sleep 60"}
- {id: clean-up, script: "true", depends-on: build, when: always}
- {id: report, script: "true", depends-on: build, when: failure}
END
run mci-build --json -f ./build.yaml --timeout 300ms
is "$(jq -r 'select(.type == "job/end") | .job + " " + .status' "$out" | sort | tr '\n' ' ')" \
	"build canceled clean-up canceled report canceled " "a canceled build starts nothing more"

# --- a script's specs, and bad conditions

printf '%s\n' '{"id":"a","script":["true"],"when":{"branch":"x"}}' '{"id":"b","script":["true"],"depends-on":["a"]}' >specs
mci-build --json - <specs >"$out"
is "$(jq -r 'select(.type == "job/end") | .job + " " + .status' "$out" | sort)" 'a skipped
b success' "specs on a stream have conditions too; what waits for such a job goes on"
echo '{"id":"a","script":["true"],"when":{"branches":"x"}}' >specs
run sh -c 'mci-build - <specs'
is "$status" 125 "an unknown key of a condition"
has "$err" 'when\.branches: unknown key; known are branch' "is named"

# --- lists of conditions, each with its status

cat >build.yaml <<'END'
- {id: bad, script: "false", allow-failure: false}
- {id: either, script: "true", when: [{branch: nowhere}, {event: manual}]}
- {id: neither, script: "true", when: [{branch: nowhere}, {event: push}, {branch: elsewhere}]}
- {id: mend, script: "true", depends-on: bad, when: [{branch: nowhere}, {event: manual, status: failure}]}
- {id: ends, script: "true", depends-on: bad, when: [{}, {event: manual, status: failure}]}
- {id: other, script: "true", depends-on: bad, when: [{}, {event: push, status: failure}]}
END
builds "one condition of a list is enough, and its status counts" 'bad failure
either success
ends success
mend success
neither skipped when: branch, event
other skipped bad did not succeed'

# --- trying conditions

cat >try.yaml <<'END'
- {id: build, script: "true"}
- {id: merge, script: "true", when: {event: pull-request, target: main}, depends-on: build}
- {id: tagged, script: "true", when: {tag: "v*"}, depends-on: merge}
- {id: docs, script: "true", when: {path: doc/}, depends-on: tagged}
END
# tries OPTION...: the ids of the plan with these facts, and what is said of the others
tries() {
	run mci-build --plan -f ./try.yaml "$@"
	jq -r '[.id] + (.["depends-on"] // []) | join("<")' "$out" | tr '\n' ' '
	sed 's/^mci-build: /| /' "$err" | tr '\n' ' '
}
is "$(tries)" 'build merge<build tagged<merge docs<tagged ' "a plan has what does not hold"
is "$(mci-build --plan -f ./try.yaml | jq -c 'select(.id == "merge").when')" '{"event":"pull-request","target":"main"}' \
	"with its condition"
is "$(tries --event pull-request --target main --changed src/main.c)" \
	'build merge<build | tagged is left out: when: tag | docs is left out: when: path ' "facts that are given decide"
is "$(tries --event push --tag x1 --tag v1 --changed a --changed doc/b/c)" \
	'build tagged<build docs<tagged | merge is left out: when: event ' "and the order stays"
is "$(tries --branch x -q | grep -c '|')" 0 "-q says nothing of what is left out"
exits 2 "a build that runs has the facts of what is built" mci-build --event push -f ./try.yaml
has "$err" 'with --plan, --lint or --why' "which is said"
is "$(mci why -f ./try.yaml --event push --branch main --tag v1 --changed doc/a)" \
	"build: runs: at once
merge: is skipped: when: event (event push, branch main, tag v1, 1 changed file)
tagged: runs: behind merge, when all that came before succeeded
docs: runs: behind tagged, when all that came before succeeded" "mci why says which jobs run"
is "$(mci why --json -f ./try.yaml --event pull-request --target main 'm*')" \
	'{"job":"merge","runs":true,"why":"behind build, when all that came before succeeded"}' "in JSON, and of some of them"
exits 2 "a job that is not there" mci why -f ./try.yaml mergee
has "$err" "there is no job 'mergee'; did you mean 'merge'" "is named"
cat >facts <<'END'
#!/bin/sh
printf '{"id":"j","script":["echo %s"]}\n' "$MCI_EVENT $MCI_BRANCH ${MCI_TAG-none} $MCI_TARGET"
END
chmod +x facts
is "$(mci-build --plan --event e --branch b --target t --tag g ./facts | jq -r '.script[0]')" "echo e b g t" \
	"a script finds them"
exits 0 "lint takes them" mci lint --event push ./facts

# --- the facts of what is built

cat >say.yaml <<'END'
- {id: say, script: 'echo "$MCI_EVENT $MCI_BRANCH ${MCI_TAG-none} ${MCI_TARGET-none} $MCI_COMMIT $MCI_REPO"'}
END
git_ init -q said && cp say.yaml said
(cd said && git_ add . && git_ commit -qm one)
# says TEXT EXPECTED [OPTION...]
says() {
	text=$1 expected=$2
	shift 2
	run mci-build -q -C said -f ./say.yaml "$@"
	is "$(mci log -C said say)" "$expected local/said" "$text"
}
one=$(git -C said rev-parse HEAD)
says "a job is told what is built" "manual main none none $one"
git_ -C said tag -a -m two v2 && git_ -C said tag v1
says "of tags the first" "manual main v1 none $one"
git_ -C said pack-refs --all
says "also when they are packed" "manual main v1 none $one"
(cd said && git_ commit -q --allow-empty -m two)
says "another commit has none" "manual main none none $(git -C said rev-parse HEAD)"
git_ -C said tag -a -m three v3 && git_ -C said pack-refs --all
says "a packed tag with a message" "manual main v3 none $(git -C said rev-parse HEAD)"
git_ -C said worktree add -q -b side ../side 2>/dev/null
is "$(mci-build -q -C side -f ./say.yaml && mci log -C side say)" \
	"manual side v3 none $(git -C said rev-parse HEAD) local/side" "in another work tree"
git_ -C said reset -q --hard v1
git_ -C said checkout -q --detach
says "without a branch there is none" "manual  v1 none $one"
says "a clean checkout is of its revision" "manual main v1 none $one" --rev main
mkdir "$T/plain" && mv say.yaml "$T/plain/say.yaml" && cd "$T/plain" || exit 1
run env MCI_BRANCH=ours MCI_COMMIT=ours mci-build -q -f ./say.yaml
is "$(mci log say)" "manual  none none  local/plain" "where there is no git nothing is said, nor what is around us"
git_ init -q . && run mci-build -q -f ./say.yaml
is "$(mci log say)" "manual main none none  local/plain" "before the first commit there is a branch and nothing else"
finish
