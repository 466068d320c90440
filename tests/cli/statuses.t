#!/bin/sh
# What a job says by how it ends: codes that are allowed, codes that mean there was nothing to do, warnings.
. "${0%/*}/lib.sh"
need jq

# ends: JOB STATUS of every job, with what else its job/end says of that
ends() {
	jq -r 'select(.type == "job/end") | [.job, .status, (.reason, .exit // empty | tostring),
		if .allowed then "allowed" else empty end] | join(" ")' "$out" | sort
}

verdict() {
	jq -r 'select(.type == "build/end").status' "$out"
}

# --- allow-failure with codes

cat >allow.yaml <<'END'
- {id: flaky, script: exit 3, allow-failure: {exit: [3, 0x4]}}
- {id: behind, script: "true", depends-on: flaky}
END
run mci-build --json -f ./allow.yaml
is "$status,$(verdict)" 0,success "a code that is allowed fails nothing"
is "$(ends)" "behind success exit 0
flaky failure exit 3 allowed" "and what is behind takes it for a success"
like "$(mci show | tr '\t' ' ')" '^failure flaky .*exit 3, allowed$' "mci show tells both"
cat >other.yaml <<'END'
- {id: code, script: exit 5, allow-failure: {exit: [3]}}
- {id: signal, script: kill -9 $$, allow-failure: {exit: [3, 137]}}
- {id: time, script: sleep 60, timeout: 10ms, allow-failure: {exit: [3, 143, 137]}}
- {id: again, script: exit $((MCI_ATTEMPT + 2)), retry: 1, allow-failure: {exit: [3]}}
END
run mci-build --json -f ./other.yaml
is "$status,$(verdict)" 1,failure "another one is a failure"
is "$(ends)" "again failure exit 4
code failure exit 5
signal failure signal
time failure timeout" "as are signals, timeouts, and a later attempt that fails otherwise"

# --- skip-code

cat >skip.yaml <<'END'
- {id: nothing, script: exit 77, skip-code: 77, retry: 2}
- {id: behind, script: "true", depends-on: nothing}
- {id: on-failure, script: "true", depends-on: nothing, when: failure}
- {id: without, script: exit 77, allow-failure: true}
- {id: other, script: exit 1, skip-code: 77, allow-failure: true}
END
run mci-build --json -f ./skip.yaml
is "$status,$(verdict)" 0,success "a job that says there was nothing to do fails nothing"
is "$(ends)" "behind success exit 0
nothing skipped exit 77
on-failure skipped when: nothing failed
other failure exit 1 allowed
without failure exit 77 allowed" "it is skipped, nobody else's code means that, and what depends on it runs"
is "$(jq -r 'select(.job == "nothing" and .type == "job/start").attempt' "$out")" 1 "it is not tried again"
is "$(jq -r 'select(.type == "build/end").skipped' "$out")" 2 "the summary counts it"
like "$(mci show | tr '\t' ' ')" '^skipped nothing .*exit 77$' "mci show knows the code"

# --- warnings

cat >warn.yaml <<'END'
- id: warns
  script: |
    for i in 1 2; do echo "{\"warning\":\"line $i is long\",\"file\":\"a.c\",\"line\":$i}" >$MCI_NOTES; done
    echo '{"error":"none"}' >$MCI_NOTES; echo warning >$MCI_NOTES
- {id: fails, script: 'echo "{\"warning\":\"w\"}" >$MCI_NOTES; exit 1', allow-failure: true}
- {id: again, script: 'test $MCI_ATTEMPT = 2 || { echo "{\"warning\":\"w\"}" >$MCI_NOTES; exit 1; }', retry: 1}
END
run mci-build --json -f ./warn.yaml
is "$(jq -r 'select(.type == "job/end") | [.job, .status, .warnings] | map(tostring) | join(" ")' "$out" | sort)" \
	"again success null
fails failure 1
warns success 2" "the notes that warn are counted, and change no status"
like "$(mci show | tr '\t' ' ')" '^success warns .* 2 warnings$' "mci show tells how many"
like "$(mci show | tr '\t' ' ')" '^failure fails .*exit 1, allowed, 1 warning$' "beside what else there is"
like "$(mci tree @)" 'warns .* 2 warnings$' "the tree as well"
is "$(mci show --json @/warns | jq .warnings)" 2 "and JSON"

# --- the same in each form, and what is wrong

for file in allow skip; do
	mci-build --plan -f ./$file.yaml >plan.ndjson
	mci-build --plan - <plan.ndjson >again.ndjson
	jq -s . plan.ndjson >plan.json
	mci-build --plan -f ./plan.json >json.ndjson
	ok "the plan of $file.yaml is an input again, also as JSON" cmp plan.ndjson again.ndjson
	ok "as JSON" cmp plan.ndjson json.ndjson
done
cat >bad.yaml <<'END'
- {id: a, script: x, allow-failure: {exit: [0]}}
- {id: b, script: x, allow-failure: {exits: [3]}}
- {id: c, script: x, allow-failure: {exit: []}}
- {id: d, script: x, allow-failure: 3}
- {id: e, script: x, skip-code: 256}
- {id: f, script: x, skip-code: none}
- {id: g, script: x, skip_code: 77}
END
run mci-build --lint -f ./bad.yaml
is "$(sed 's/^[^ ]*: //' "$out")" "allow-failure.exit[0]: '0' is not a number from 1 to 255
allow-failure.exits: unknown key; known is exit
allow-failure.exit: expected at least one exit code
allow-failure: expected true, false or an object with exit, found a number
skip-code: '256' is not a number from 1 to 255
skip-code: expected a number, found a string
skip_code: unknown key; did you mean 'skip-code'?" "lint explains wrong values"
exits 125 "mci-job knows no such statuses" sh -c 'echo "{\"id\":\"a\",\"script\":\"x\",\"skip-code\":77}" | mci-job'
has "$out" "skip-code: mci-job knows no graph; give the jobs to 'mci-build -'" "and says who does"

finish
