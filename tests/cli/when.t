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

finish
