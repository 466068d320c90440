#!/bin/sh
# mci rerun: a build again, as it was asked for; what failed of it, or what is behind a job.
. "${0%/*}/lib.sh"
need jq git

# ends: JOB STATUS, and "cached" where the result was taken over
ends() {
	mci show --json @ | jq -r 'select(.job) | [.job, .status, if .cached then "cached" else empty end] | join(" ")' |
		sort | tr '\n' ,
}

cat >jobs.yaml <<'END'
- {id: compile, script: ["echo x >>compiled", "mci output set file=a.tar"]}
- {id: unit, script: test -e fixed, depends-on: compile}
- {id: docs, script: echo x >>docs, depends-on: compile}
- {id: many, script: echo x >>many, matrix: {N: [1, 2]}, depends-on: docs}
- {id: flaky, script: exit 1, allow-failure: true}
- {id: tell, script: "mci output get compile file >told", depends-on: [unit, many, flaky]}
- {id: never, script: "true", when: {tag: true}, depends-on: compile}
END
runs() { wc -l <"$1" 2>/dev/null | tr -d ' '; }

exits 1 "a build that fails" mci-build -q -f ./jobs.yaml
touch fixed
exits 0 "what failed of it, with today's files" mci rerun -q --failed
is "$(ends)" "compile success cached,docs success cached,flaky failure cached,many.1 success cached,many.2 success cached,never skipped,tell success,unit success," \
	"runs, and what is behind; the rest is taken over"
is "$(runs compiled),$(runs docs),$(runs many)" "1,1,2" "nothing else runs"
is "$(cat told)" a.tar "what was taken over has its outputs"
like "$(mci show | tr '\t' ' ')" '^success compile +cached$' "mci show tells"
exits 1 "its log is with the build that ran it" mci log compile
has "$err" 'compile has no log: its result was taken over' "which is said"
exits 1 "of a build without a failure nothing is to be run" mci rerun --failed
has "$err" 'no job failed' "which is said"
exits 0 "from a job on" mci rerun -q --from docs
is "$(ends)" "compile success cached,docs success,flaky failure cached,many.1 success,many.2 success,never skipped,tell success,unit success cached," \
	"that runs, and what is behind"
exits 0 "from a matrix on" mci rerun -q --from many
is "$(ends)" "compile success cached,docs success cached,flaky failure cached,many.1 success,many.2 success,never skipped,tell success,unit success cached," \
	"all of its jobs"
exits 1 "from a job that is not there" mci rerun --from nothing
has "$err" "has no job 'nothing'" "which is named"
exits 2 "from somewhere and what failed" mci rerun --from docs --failed
exits 0 "all of it" mci rerun -q
is "$(runs compiled),$(runs docs),$(runs many)" "2,3,8" "runs again"

# --- as it was asked for

cat >given.yaml <<'END'
- {id: a, params: [WHO], script: "echo $WHO $E >a.out; test -e d"}
- {id: b, script: echo b >b.out}
- {id: c, script: echo c >c.out, depends-on: a}
END
mkdir sub
(cd sub && mci-build -q -f ../given.yaml -p WHO=you -e E=env --skip b c 2>/dev/null)
rm -f sub/*.out
exits 1 "a build of some jobs, from another folder" mci rerun -q local/sub/1
is "$(cd sub && cat a.out && echo *)" "you env
a.out" "gets the params, variables and jobs of then"
exits 1 "with other params" mci rerun -q -p WHO=me local/sub/2
is "$(cat sub/a.out)" "me env" "those of now win"
exits 1 "and are kept" mci rerun -q local/sub/3
is "$(cat sub/a.out)" "me env" "for the next time"
is "$(mci path @ | xargs -I {} stat -c %a {}/command.json)" 600 "how a build was asked for is nobody else's"

printf '%s\n' '{"id":"one","script":"test -e two"}' '{"id":"two","script":"echo two >>ran"}' | mci-build -q - 2>/dev/null
touch two
exits 0 "a build of standard input" mci rerun -q --failed </dev/null
is "$(ends),$(runs ran)" "one success,two success cached,,1" "has the jobs of then"

# --- secrets

cat >secret.yaml <<'END'
- {id: a, params: [TOKEN], script: 'echo "$TOKEN" | wc -c; false'}
END
TOKEN=5tr0ng-token mci-build -q --secret TOKEN -e X=5tr0ng-token -f ./secret.yaml 2>/dev/null
ok "no value is kept" sh -c '! grep -r 5tr0ng "$XDG_STATE_HOME"'
exits 2 "a secret has to be given again" mci rerun -q
has "$err" 'TOKEN' "which is named"
exits 1 "as a variable" env TOKEN=0th3r-token mci rerun -q
is "$(mci log a)" 12 "of now"

# --- revisions

git init -q . && git config user.email a@b && git config user.name a
mkdir .mci && echo '[{"id":"a","script":"cat version; false"}]' >.mci/build.json
echo one >version && git add .mci version && git commit -qm one
mci-build -q --rev HEAD 2>/dev/null
echo two >version && git commit -qam two
exits 1 "a build of a revision" mci rerun -q
is "$(mci log a)" one "builds what that was then"

# --- what cannot be run again

rm "$(mci path @)/command.json"
exits 1 "a build of which nobody knows how it was asked for" mci rerun
has "$err" 'how it was asked for is not known' "is refused"
exits 1 "a build that is not there" mci rerun 999
exits 2 "--from alone is nothing" mci-build --from a

finish
