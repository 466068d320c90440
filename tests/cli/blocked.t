#!/bin/sh
# Jobs that wait for a person, where there is one and where there is none (--blocked).
. "${0%/*}/lib.sh"
need jq

# ends: JOB STATUS of every job, and the reasons of those that were skipped
ends() {
	jq -r 'select(.type == "job/end") |
		[.job, .status, if .status == "skipped" then .reason else empty end] | join(" ")' "$out" | sort
}

cat >build.yaml <<'END'
- {id: build, script: "true"}
- {id: gate, blocked: true, depends-on: build}
- {id: deploy, script: touch deployed, depends-on: gate}
- {id: clean-up, script: touch cleaned, depends-on: deploy, when: always}
- {id: report, script: touch reported, depends-on: gate, when: failure}
- {id: behind, blocked: true, depends-on: clean-up}
- {id: beside, script: "true", depends-on: build}
END
skipped='behind skipped gate was not let go
beside success
build success
clean-up skipped gate was not let go
deploy skipped gate was not let go
gate skipped blocked
report skipped gate was not let go'

run mci-build --json -f ./build.yaml
is "$status,$(jq -r 'select(.type == "build/end").status' "$out")" 0,success "without a terminal a build waits for nobody"
is "$(ends)" "$skipped" "the blocked job is skipped, and all behind it, whatever their when"
ok "nothing of that ran" test ! -e deployed -a ! -e cleaned -a ! -e reported
has "$err" 'gate is blocked and nobody is asked: skipped.*\(to run it: mci run -f \./build\.yaml gate\)$' "it is named, with what runs it"
like "$(mci show | tr '\t' ' ')" '^skipped gate  blocked$' "mci show knows why"

run mci-build --json --blocked fail -f ./build.yaml
is "$status,$(jq -r 'select(.type == "build/end").status' "$out")" 1,failure "--blocked fail makes the build fail"
is "$(ends)" "$skipped" "and lets nothing through either"
exits 0 "MCI_BUILD_BLOCKED is the same" env MCI_BUILD_BLOCKED=skip mci-build -q -f ./build.yaml
has "$err" 'mci run -f \./build\.yaml gate' "which -q does not hide"
exits 2 "another word" mci-build --blocked never -f ./build.yaml

# --- somebody lets it go

background mci-build --json --blocked wait -f ./build.yaml
wait_for_line "$out" '"job/blocked".*"gate"'
wait_for_line "$out" '"job/end".*"beside"'
ok "--blocked wait waits" kill -0 "$pid"
has "$err" 'mci unblock local/work/[0-9]+/gate .*mci cancel local/work/[0-9]+/gate' "and says how to answer"
ok "until somebody lets the job go" mci unblock @/gate
wait_for_line "$out" '"job/blocked".*"behind"'
ok "what is behind runs then" test -e deployed -a -e cleaned
ok "and a second one waits for its own" mci unblock @/behind
wait_end "$pid"
is "$status" 0 "to the end"
rm -f deployed cleaned

cat >self.yaml <<'END'
- {id: gate, blocked: true}
- {id: deploy, script: touch deployed, depends-on: gate}
- {id: approve, script: 'until mci unblock "$MCI_BUILD_ID/gate"; do sleep 0.05; done'}
END
run timeout 20 mci-build --json -e XDG_STATE_HOME -f ./self.yaml
is "$(ends | grep deploy)" "deploy success" "while other jobs run a blocked one waits in any case"
rm -f deployed

cat >matrix.yaml <<'END'
- {id: gate, script: "true", blocked: true, matrix: {A: [1, 2]}}
END
background mci-build --json --blocked wait -f ./matrix.yaml
wait_for_line "$out" '"job/blocked".*"gate.2"'
ok "the id of a matrix lets all its jobs go" mci unblock @/gate
wait_end "$pid"
is "$(ends | tr '\n' ' ')" "gate.1 success gate.2 success " "each of them"

# --- a manual job that holds nothing

cat >manual.yaml <<'END'
- {id: build, script: "true"}
- {id: deploy, script: touch deployed, blocked: true, allow-failure: true, depends-on: build}
- {id: tell, script: touch told, depends-on: deploy, when: always}
END
for blocked in wait fail skip; do
	run timeout 20 mci-build --json --blocked $blocked -f ./manual.yaml
	is "$status,$(ends | tr '\n' ' ')" "0,build success deploy skipped blocked tell skipped deploy was not let go " \
		"with allow-failure a build waits for nobody, whatever --blocked is ($blocked)"
	hasnt "$err" 'nobody is asked' "and makes no words of it"
done
ok "nothing of that ran" test ! -e deployed -a ! -e told
cat >beside.yaml <<'END'
- {id: deploy, script: touch deployed, blocked: true, allow-failure: true}
- {id: gate, blocked: true}
END
background mci-build --json --blocked wait -f ./beside.yaml
wait_for_line "$out" '"job/blocked".*"gate"'
wait_for_line "$out" '"job/blocked".*"deploy"'
ok "beside a job that holds the build it may be let go" mci unblock @/deploy
wait_for_line "$out" '"job/end".*"deploy"'
ok "and runs" test -e deployed
ok "once that one goes on" mci unblock @/gate
wait_end "$pid"
is "$status,$(ends | tr '\n' ' ')" "0,deploy success gate success " "the build ends"
rm -f deployed

# --- a script that reads events

cat >script <<'END'
#!/bin/sh
echo '{"id":"gate","blocked":true}'
while read -r e; do
	case $e in
	*'"job/end"'*'"job":"gate"'*'"skipped"'*) echo '{"id":"told","script":["true"]}' ;;
	esac
done
END
chmod +x script
exits 0 "a script whose only job is blocked" timeout 20 mci-build --json ./script
is "$(ends)" "gate skipped blocked
told success" "hears that it was skipped, and may answer"
cat >script <<'END'
#!/bin/sh
echo '{"id":"gate","blocked":true}'
until mci unblock "$MCI_BUILD_ID/gate"; do sleep 0.01; done
END
exits 0 "one that lets its own job go" timeout 20 mci-build --json -e XDG_STATE_HOME ./script
is "$(ends)" "gate success" "has the time to"

# --- at a terminal

if command -v script >/dev/null; then
	cat >self2.yaml <<'END'
- {id: gate, blocked: true}
- {id: deploy, script: touch deployed, depends-on: gate}
END
	mkfifo "$T/fifo"
	background sh -c "exec 3<>'$T/fifo'; exec script -qec 'mci-build --json -f ./self2.yaml >$T/events' /dev/null <&3"
	wait_for_line "$T/events" '"job/blocked"'
	ok "with a terminal a build waits" kill -0 "$pid"
	echo y >"$T/fifo"
	wait_end "$pid"
	cp "$T/events" "$out"
	is "$(ends | tr '\n' ' ')" "deploy success gate success " "and an answer typed there lets the job go"
	: >"$T/events"
	background sh -c "exec 3<>'$T/fifo'; exec script -qec 'mci-build --json -f ./self2.yaml >$T/events' /dev/null <&3"
	wait_for_line "$T/events" '"job/blocked"'
	echo n >"$T/fifo"
	wait_end "$pid"
	cp "$T/events" "$out"
	is "$(ends | tr '\n' ' ')" "deploy skipped gate did not succeed gate canceled " "or declines it"
	is "$(jq -r 'select(.type == "build/end").status' "$out")" failure "which is a failure"
	: >"$T/events"
	background script -qec "mci-build --json --blocked skip -f ./self2.yaml >$T/events 2>/dev/null" /dev/null
	wait_end "$pid"
	cp "$T/events" "$out"
	is "$(ends | head -n 1)" "deploy skipped gate was not let go" "--blocked skip does not wait at a terminal either"
else
	skip 5 "no script(1)"
fi

finish
