#!/bin/sh
# What a script is made of beside plain entries: entries with names, entries that name what runs them, lists in
# the list; what is run behind it (finally); and the job that says nothing for too long (quiet-timeout).
. "${0%/*}/lib.sh"
need jq python3

# jobs SPEC...: their events in $out, their logs in logs
jobs() {
	printf '%s\n' "$@" >specs
	run timeout 30 mci-job --log-dir logs <specs
}

# events JOB FILTER: of the events of a job, what the filter makes of them
events() {
	jq -rs --arg job "$1" "map(select(.job == \$job)) | $2" "$out"
}

# --- entries

jobs '{"id":"a","script":["x=1; cd /",["echo $x $PWD",[{"name":"two","run":"echo $x"}]]]}' \
	'{"id":"whole","script":{"name":"all of it","run":"true"}}' \
	'{"id":"line","shell-per":"line","script":[{"name":"one","run":"false; x=1"},{"name":"two","run":"echo [$x]"}]}'
is "$(cat logs/a.log)" "1 /
1" "entries of lists in the list run as if they stood in it"
is "$(events a 'map(select(.type == "command/start") | [.command, .name // "-"] | join(" ")) | join(",")')" \
	"0 -,1 -,2 two" "command/start has the name of an entry"
is "$(events whole 'map(select(.type == "command/start").name) | join(",")'),$(events line 'map(select(.type == "command/start").name) | join(",")')" \
	"all of it,one,two" "of one that is alone, and of one with a shell of its own"
is "$(cat logs/line.log)" "[]" "which it has all the same"

# shellcheck disable=SC2016
cat >sections.yaml <<'END'
- id: a
  script:
    - {name: First, run: x=1; echo 1; echo 2}
    - {name: Second, run: echo $x; false || true}
    - echo plain
    - {name: Other, run: "#!/bin/sh\necho 3\n"}
    - {name: Fails, run: echo 4; exit 3}
    - {name: Never, run: echo 5}
  finally: echo 6
END
for shell in sh bash; do
	command -v "$shell" >/dev/null || { skip 1 "no $shell"; continue; }
	sed "s/- id: a/&\n  shell: $shell/" sections.yaml >one.yaml
	mci-build -q -f ./one.yaml 2>/dev/null
	is "$(mci log --sections a | sed 's/, .*)/)/')" "▸ First (2 lines)
▸ Second (1 line)
plain
▸ Other (1 line)
▾ Fails
4
6" "names head sections of the log, whose places are exact, and what failed is not folded ($shell)"
done

# shellcheck disable=SC1003
jobs '{"id":"own","dir":"d","env":{"E":"env"},"script":["x=1; cd /; y=2","#!/usr/bin/env python3\nimport os, sys\nprint(os.environ.get(\"E\"), os.environ.get(\"x\"), os.path.basename(os.getcwd()), len(sys.argv))\n","echo [$x] $(basename $PWD)"]}' \
	'{"id":"one","script":"#!/bin/echo  a  b \nnot a shell;\n"}' \
	'{"id":"blanks","script":"#!  /bin/cat   \n"}' \
	'{"id":"args","script":"#!/usr/bin/env -S sh -eu\necho $0 | sed s,.*/,,\necho $missing\n"}' \
	'{"id":"fails","script":["#!/bin/sh\nexit 4","echo never"]}' \
	'{"id":"ends","script":["exit 0","echo never","#!/bin/sh\necho never"]}' \
	'{"id":"killed","script":["#!/bin/sh\nkill -9 $$"]}' \
	'{"id":"none","script":"#!\ntrue"}' \
	'{"id":"missing","script":["echo first","#!/no/such/program\n"]}'
has "$out" '"job":"own".*"reason":"start"' "the folder has to be there"
mkdir d
jobs "$(head -n 1 specs)"
is "$(cat logs/own.log)" "env None d 1
[] d" "an entry that names its interpreter is a process of its own, from the job's folder"
is "$(events own 'map(select(.type == "command/end").command) | tojson')" '[0,1,2]' "events tell each"
is "$(sed 's, /.*/, ,' logs/one.log; cat logs/blanks.log)" "a  b one@1.script
#!  /bin/cat   " "the interpreter gets what is behind it as one argument, then the file"
is "$(head -n 1 logs/args.log)" "args@1.script" "also behind env"
mci-job --log-dir logs >"$out" 2>"$err" <<'END'
{"id":"fails","script":["#!/bin/sh\nexit 4","echo never"]}
{"id":"ends","script":["exit 0","echo never","#!/bin/sh\necho never"]}
{"id":"killed","script":["#!/bin/sh\nkill -9 $$"]}
{"id":"none","script":"#!\ntrue"}
{"id":"missing","script":["echo first","#!/no/such/program\n"],"finally":"echo last $MCI_STATUS [$MCI_EXIT]"}
END
is "$(events fails 'last | [.reason, .exit] | tojson'),$(events killed 'last | [.reason, .signal] | tojson')" \
	'["exit",4],["signal",9]' "its status is the job's, and what is behind it does not run"
is "$(events ends 'last | [.reason, .exit] | tojson')$(cat logs/ends.log)" '["exit",0]' "a script that leaves early is over"
is "$(events none last.error)" "script: '#!' names no interpreter" "one that names nothing is told"
is "$(events missing 'last | [.reason, .error] | join(": ")')" \
	"start: /no/such/program: No such file or directory" "and one that names what is not there"
is "$(cat logs/missing.log)" "first
last failure []" "of a script that began finally runs then"

# --- finally

ends='echo $MCI_STATUS [$MCI_EXIT]'
jobs "{\"id\":\"ok\",\"script\":\"cd /; x=1\",\"finally\":[\"$ends; basename \$PWD; exit 9\",\"echo [\$x]\"]}" \
	"{\"id\":\"bad\",\"script\":[\"exit 3\",\"true\"],\"finally\":\"$ends\"}" \
	"{\"id\":\"argv\",\"argv\":[\"false\"],\"finally\":{\"name\":\"end\",\"run\":\"$ends\"}}" \
	"{\"id\":\"killed\",\"script\":\"kill -9 \$\$\",\"finally\":\"$ends\"}" \
	"{\"id\":\"late\",\"script\":\"sleep 60\",\"timeout\":\"50ms\",\"finally\":[\"$ends\",\"echo A=1 >\$MCI_OUTPUT\"]}" \
	"{\"id\":\"stray\",\"script\":\"sleep 60 & echo \$! >pid\",\"finally\":\"kill -0 \$(cat pid) 2>/dev/null || echo gone\"}" \
	"{\"id\":\"stdin\",\"stdin\":\"text\",\"script\":\"true\",\"finally\":\"cat; #\"}" \
	"{\"id\":\"python\",\"script\":\"True\",\"shell\":\"python3\",\"finally\":\"import os; print(os.environ['MCI_STATUS'])\"}" \
	"{\"id\":\"unset\",\"script\":\"env | grep -c MCI_STATUS; true\",\"env\":{\"MCI_STATUS\":\"x\"},\"finally\":\"env | grep -c MCI_STATUS\"}" \
	"{\"id\":\"never\",\"argv\":[\"./no-such-program\"],\"finally\":\"touch never\"}"
is "$(cat logs/ok.log)" "success [0]
work
[]" "finally runs behind a script, each entry in a shell of its own, from the job's folder"
is "$(events ok 'last | [.reason, .exit] | tojson')" '["exit",0]' "and its status is nobody's"
is "$(cat logs/bad.log logs/argv.log)" "failure [3]
failure [1]" "behind one that failed, or a program"
is "$(cat logs/killed.log logs/late.log)" "failure []
failure []" "behind one that was killed, or took too long, there is no code"
is "$(events late 'last | [.reason, .outputs.A] | tojson')" '["timeout","1"]' "it may still set outputs"
is "$(cat logs/stray.log)" gone "nothing of the script is left when it begins"
is "$(cat logs/stdin.log)" "" "it has no standard input"
is "$(cat logs/python.log)" success "it is written in what the script is written in"
is "$(cat logs/unset.log)" "0
1" "only finally is told how the script ended"
is "$(events argv 'map(select(.type == "command/start") | [.command, .name] | join(" ")) | join(",")')" "0 end" \
	"its entries are told as those of the script are"
is "$(events bad 'map(select(.type == "command/end").command) | tojson')" '[0,2]' "and count on behind them"
ok "behind what could not be started it does not run" test ! -e never

# --- how long finally may take: at the least five seconds, and no more behind what was ended

wait_started() {
	wait_for_line "$out" "\"job/start\".*\"job\":\"$1\""
}
mkfifo specs.fifo
background sh -c 'exec mci-job -j 9 --log-dir logs <specs.fifo'
exec 3>specs.fifo
cat >&3 <<'END'
{"id":"slow","script":"sleep 60","timeout":"50ms","finally":["echo $MCI_STATUS; sleep 60","echo next"]}
{"id":"good","script":"true","timeout":"50ms","finally":["sleep 60","echo next"]}
{"id":"free","script":"true","timeout":"1h","finally":"until test -e go; do sleep 0.05; done; echo $MCI_STATUS"}
{"id":"stop","script":"sleep 60","finally":"echo $MCI_STATUS [$MCI_EXIT]"}
{"id":"late","script":"true","finally":"touch late; sleep 60"}
END
wait_started stop
echo '{"jsonrpc":"2.0","id":1,"method":"job/cancel","params":{"job":"stop"}}' >&3
wait_for_line "$out" '"job/executed".*"job":"stop"'
is "$(events stop last.reason),$(cat logs/stop.log)" "canceled,canceled []" "behind a job that was canceled it is told so"
wait_until "finally of a third runs" test -e late
echo '{"jsonrpc":"2.0","id":2,"method":"job/cancel","params":{"job":"late"}}' >&3
for job in slow good late; do
	wait_for_line "$out" "\"job/executed\".*\"job\":\"$job\""
done
is "$(cat logs/slow.log)" failure "behind a timeout finally is ended, and goes not on"
is "$(events slow last.reason),$(events good 'last | [.reason, .exit, .error] | tojson'),$(cat logs/good.log)" \
	'timeout,["exit",0,"finally took too long and was killed"],' "the status stays what it was"
ok "that took as long as it may" sh -c 'jq -es "map(select(.type == \"job/executed\" and (.job == \"slow\" or .job == \"good\" or .job == \"late\")).elapsed) |
	length == 3 and all(. >= 4.9)" "$1"' - "$out"
is "$(events late 'last | [.reason, .exit] | tojson')" '["exit",0]' "a job is not canceled any more by then"
hasnt "$out" '"job/executed".*"job":"free"' "with time left finally goes on"
touch go
wait_for_line "$out" '"job/executed".*"job":"free"'
is "$(cat logs/free.log)" success "to its end"
exec 3>&-
wait_end "$pid"

echo '{"id":"a","script":"touch begun; sleep 60","finally":"trap \"\" TERM; touch closing; sleep 60"}' >specs
rm -f begun
background sh -c 'exec mci-job --log-dir logs <specs'
wait_until "it runs" test -e begun
kill "$pid"
wait_until "finally runs behind a signal" test -e closing
kill "$pid"
wait_end "$pid"
is "$status" 143 "a second signal does not wait for it"

cat >cancel.yaml <<'END'
- {id: a, script: sleep 60, finally: "echo $MCI_STATUS; mci output set by=$MCI_STATUS"}
- {id: never, script: "true", finally: touch never, depends-on: a}
- {id: pty, pty: true, script: ["true", "#!/bin/sh\nexit 0"], finally: tty}
END
background mci-build --json -f ./cancel.yaml
wait_started a
wait_for_line "$out" '"job/end".*"job":"pty"'
ok "a build that is canceled" mci cancel
wait_end "$pid"
is "$status,$(mci log a),$(events a 'last | [.status, .outputs.by] | tojson')" '143,canceled,["canceled","canceled"]' \
	"lets finally run and has its outputs"
ok "of what never began there is none to run" test ! -e never
like "$(mci log pty)" '^/dev/' "with a terminal finally has one"

# --- quiet-timeout

jobs '{"id":"quiet","script":"echo begun; sleep 60","quiet-timeout":"200ms","finally":"echo $MCI_STATUS"}' \
	'{"id":"mute","script":"sleep 60","quiet-timeout":"200ms"}' \
	'{"id":"talks","script":"for i in 1 2 3 4 5 6 7 8 9 10; do echo $i; sleep 0.1; done","quiet-timeout":"800ms"}'
is "$(events quiet 'last | [.reason, .error] | tojson'),$(events mute last.reason)" \
	'["timeout","no output for 200ms"],timeout' "a job that prints nothing for so long is ended"
is "$(cat logs/quiet.log)" "begun
failure" "as by a timeout"
is "$(events talks 'last | [.reason, .exit] | tojson')" '["exit",0]' "one that prints goes on"

# --- the same in each form, and what is wrong

cat >all.yaml <<'END'
- id: a
  script:
    - cc -c a.c
    - [make, [make check]]
    - {name: Install, run: no}
  finally: {name: clean, run: make clean}
  quiet-timeout: 10m
- id: b
  argv: [make]
  finally: [one, two]
END
mci-build --plan -f ./all.yaml >plan
is "$(cat plan)" '{"id":"a","script":["cc -c a.c","make","make check",{"name":"Install","run":"no"}],"finally":[{"name":"clean","run":"make clean"}],"quiet-timeout":"10m"}
{"id":"b","argv":["make"],"finally":["one","two"]}' "YAML says it"
jq -s . plan >all.json
is "$(mci-build --plan -f ./all.json; mci-build --plan - <plan)" "$(cat plan plan)" "as do JSON and lines"
cat >bad.yaml <<'END'
- {id: a, script: [{nmae: x, run: y}]}
- {id: b, script: [{run: y, nmae: x}]}
- {id: c, script: [[a, [b, {name: x}]]]}
- {id: d, script: [a, [b, [3]]]}
- {id: e, script: [{name: "two\nlines", run: x}]}
- {id: f, script: x, finally: []}
- {id: g, finally: x, blocked: true}
- {id: h, script: x, quiet-timeout: 10}
- {id: i, script: x, quiet_timeout: 10m}
- {id: j, script: x, final: y}
END
sed -i 's/\[3\]/[[]]/' bad.yaml
run mci-build --lint -f ./bad.yaml
is "$(sed 's/^\.[^ ]*: //' "$out")" "script[0]: expected a string or an object with name and run, found an object (a text that holds ': ' has to be in quotes)
script[0].nmae: unknown key; known are name and run
script[0][1][1].run: missing; it is what the entry runs
script[0].name: expected one line of at most 256 bytes
finally: expected at least one entry
finally: runs behind script or argv, and there is neither
quiet-timeout: 10 has no unit: write it as \"10s\" or \"10m\"
quiet_timeout: unknown key; did you mean 'quiet-timeout'?
final: unknown key; did you mean 'finally'?" "lint explains what is wrong"

finish
