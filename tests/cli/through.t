#!/bin/sh
# Filters: every spec of a build passes them, wherever it comes from, and what comes out is the build's.
. "${0%/*}/lib.sh"
need jq python3 git

# adds a label to what passes: "by" grows by NAME, unless it is there already
cat >by <<'END'
#!/bin/sh
exec jq --unbuffered -c --arg by "$1" '.labels.by |= (if . == null then $by
	elif (split("+") | index($by)) then . else . + "+" + $by end)'
END
# turns {"part/use":N} into N jobs
cat >parts <<'END'
#!/usr/bin/env python3
import json, sys
for line in sys.stdin:
    job = json.loads(line)
    n = int(job.pop("part/use", "0"))
    for i in range(n):
        print(json.dumps(dict(job, id="%s-%d" % (job["id"], i), script=["true"])), flush=True)
    if n == 0:
        print(json.dumps(job), flush=True)
END
chmod +x by parts
cat >jobs.yaml <<'END'
- {id: a, script: "true"}
- {id: b, script: "true", matrix: {X: [1, 2]}, depends-on: a}
END
cat >script <<'END'
#!/bin/sh
echo '{"id":"one","script":"true"}'
while read -r event; do
	case $event in
	*'"job/end"'*'"one"'*) echo '{"type":"script/busy","for":"1s"}'; echo '{"id":"two","script":"true"}' ;;
	esac
done
END
chmod +x script
# plan: each job of a plan with its label
plan() {
	run timeout 60 mci-build --plan "$@"
	jq -r '.id + ":" + .labels.by' "$out" | tr '\n' ' '
}
ends() {
	jq -r 'select(.type == "job/end") | .job + "=" + .status' "$out" | sort | tr '\n' ' '
}

is "$(plan --through './by f' --through './by g' -f ./jobs.yaml)" 'a:f+g b:f+g ' "a document's jobs pass in order"
is "$(mci-build --plan --through './by f' -f ./jobs.yaml | jq -c 'select(.id == "b").matrix')" '{"X":["1","2"]}' \
	"before their matrices are expanded"
exits 0 "and are built" timeout 60 mci-build --json --through './by f' -f ./jobs.yaml
is "$(ends)" "a=success b.1=success b.2=success " "as what came out"
is "$(jq -r '.labels.by' "$(jq -r 'select(.type == "build/start").folder' "$out")/plan.ndjson" | sort -u)" f \
	"which the build keeps"
printf '{"id":"x","script":"true"}\n' >in
is "$(plan --through './by f' - <in)" 'x:f ' "so do those of standard input"
exits 0 "and those of a script that answers" timeout 60 mci-build --json --through './by f' --through ./parts ./script
is "$(ends)" "one=success two=success " "which is told of what came of them"

# where they come from
cat >all.yaml <<'END'
through: [./by doc, ./by doc2]
jobs:
  - {id: a, script: "true"}
END
mkdir -p .mci "$XDG_CONFIG_HOME/mci"
echo 'build.through = ./by project' >.mci/conf
printf '%s\n' 'build.through = ./by user' 'build.through = ./by user2' >"$XDG_CONFIG_HOME/mci/conf"
is "$(plan --through './by flag' --through './by flag2' -f ./all.yaml)" 'a:doc+doc2+project+flag+flag2+user+user2 ' \
	"document, project, flag, user: one behind the other"
is "$(MCI_BUILD_THROUGH='./by env' plan -f ./all.yaml)" 'a:doc+doc2+project+env+user+user2 ' "a variable is as a flag"
is "$(mci config | grep -c '^build.through')" 3 "mci config shows all"
is "$(mci lint ./all.yaml)" "" "lint takes them too"
rm -r .mci "$XDG_CONFIG_HOME/mci"

# keys of filters
cat >use.yaml <<'END'
- {id: many, part/use: 3}
- {id: last, script: "true", depends-on: "many-*"}
END
exits 0 "a filter makes jobs of its keys" timeout 60 mci-build --json --through ./parts -f ./use.yaml
is "$(ends)" "last=success many-0=success many-1=success many-2=success " "of one several"
exits 125 "without one the key is an error" mci-build -q -f ./use.yaml
has "$err" '^mci-build: ./use.yaml:1:14: part/use: unknown key: no filter has taken it' "with its place"
exits 1 "for lint too" mci lint ./use.yaml
has "$out" '^./use.yaml:1:14: part/use: unknown key: no filter has taken it' "with the same"
exits 125 "one that is left at the end is an error" mci-build -q --through './by x' -f ./use.yaml
has "$err" "^mci-build: through './by x': line 1 of its output: .*part/use: unknown key: no filter" "of the filter's line"
exits 1 "lint says it" mci-build --lint --through './by x' ./use.yaml
has "$out" "^through './by x': line 1 of its output: part/use: unknown key" "of the filter's line"
printf '%s\n' '- {id: a, script: x, timeuot: 1m, part/use: 1}' >wrong.yaml
exits 125 "what is wrong before any filter" mci-build -q --through ./parts -f ./wrong.yaml
has "$err" "^mci-build: ./wrong.yaml:1:22: timeuot: unknown key; did you mean 'timeout'" "is told with its place"
printf '%s\n' '- {id: a, script: x, container/image: y}' >wrong.yaml
exits 125 "container/... is no filter's" mci-build -q --through ./parts -f ./wrong.yaml
has "$err" "container/image: unknown key" "but the original's"

# jobs that a job adds
cat >adds <<'END'
#!/bin/sh
cat <<'JOBS'
{"id":"adds","script":["mci add plain -- true", "mci call job/add spec:='{\"id\":\"some\",\"part/use\":\"2\"}'", "! mci call job/add spec:='{\"id\":\"bad\",\"other/key\":1,\"script\":\"true\"}' 2>why", "! mci call job/add spec:='{\"id\":\"none\",\"part/use\":\"-1\"}' 2>>why || :"]}
JOBS
END
chmod +x adds
exits 0 "jobs that are added pass the filters" timeout 60 mci-build --json --through './by x' --through ./parts ./adds
is "$(ends)" "adds=success plain=success some-0=success some-1=success " "and what comes out is built"
has why 'other/key: unknown key: no filter' "what is wrong then is told to whoever added it"
is "$(jq -r '.labels.by' "$(jq -r 'select(.type == "build/start").folder' "$out")/plan.ndjson" | sort -u)" x "all of them"

# one that takes its time, behind others that made more jobs than they were
cat >slow <<'END'
#!/usr/bin/env python3
import sys, time
for line in sys.stdin:
    if '"bad"' in line:
        time.sleep(0.1)
    print(line, end="", flush=True)
END
chmod +x slow
exits 0 "a filter that is slow" timeout 60 mci-build --json --through ./slow --through ./parts ./adds
like "$(sed -n 1p why)" 'other/key: unknown key: no filter' "is waited for before it is said that it made no job"

# failures
exits 125 "a filter that fails" timeout 60 mci-build -q --through "sh -c 'echo not today >&2; exit 3'" -f ./jobs.yaml
has "$err" "^mci-build: through 'sh -c 'echo not today >&2; exit 3'': the filter ended with status 3$" "breaks the build"
has "$err" 'not today$' "and what it said is shown"
exits 125 "one that is not there" timeout 60 mci-build -q --through ./nowhere -f ./jobs.yaml
has "$err" "^mci-build: through './nowhere': .*nowhere: No such file" "is named"
exits 125 "a command that is none" timeout 60 mci-build -q --through "a 'b" -f ./jobs.yaml
has "$err" "^mci-build: through 'a 'b': " "is named"
exits 125 "one that ends before its time" timeout 60 mci-build -q --through true ./script
has "$err" "^mci-build: through 'true': the filter ended before it had all jobs$" "is an error"
exits 125 "one that writes no jobs" timeout 60 mci-build --json --through "sed -u s/id/di/" -f ./jobs.yaml
has "$err" "^mci-build: through 'sed -u s/id/di/': line 1 of its output: di: unknown key; did you mean 'id'" "is named"
is "$(jq -r 'select(.type == "job/start").job' "$out")" "" "before any job of a document starts"
exits 125 "events are not for filters to write" timeout 60 mci-build -q --through "jq -c --unbuffered '.type=\"x/y\"'" -f ./jobs.yaml
has "$err" "line 1 of its output: type: unknown key" "which is said"
exits 1 "lint tells that a filter failed" mci-build --lint --through false ./jobs.yaml
has "$out" "through 'false': the filter ended with status 1" "too"

exits 125 "one that never ends" timeout 60 mci-build -q --through "sh -c 'cat; exec sleep 1000'" -f ./jobs.yaml
has "$err" "the filter neither wrote nor ended for 10 seconds after its input was closed; killed" "is killed, and named"
background mci-build --json --through "sh -c 'echo \$\$ >&2; exec sleep 1000'" -f ./jobs.yaml
wait_for_line "$out" '"build/start"'
kill -TERM "$pid"
wait_end "$pid"
is "$status" 143 "a build that is canceled waits for no filter"

# a filter that is slow to answer holds up the end, and nothing is lost
cat >slow <<'END'
#!/bin/sh
while read -r line; do printf '%s\n' "$line" >>held; done
cat held
END
printf '#!/bin/sh\nprintf "{\\"id\\":\\"%%s\\",\\"script\\":\\"true\\"}\\n" x y\n' >fast
chmod +x slow fast
exits 0 "a filter that keeps all until the end" timeout 60 mci-build --json --through ./slow ./fast
is "$(ends)" "x=success y=success " "loses nothing"

# many lines, more than any pipe takes, from a script and a document
python3 -c 'for i in range(20000): print("{\"id\":\"j%d\",\"script\":\"true\",\"env\":{\"A\":\"%s\"}}" % (i, "x" * 100))' >many
is "$(timeout 60 mci-build --plan --through cat --through cat - <many | wc -l)" 20000 "many jobs pass"
is "$(sed 's/^/- /' many >many.yaml; timeout 60 mci-build --plan --through cat -f ./many.yaml | wc -l)" 20000 \
	"those of a document too"
finish
