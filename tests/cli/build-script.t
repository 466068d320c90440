#!/bin/sh
# The build script as a coprocess, and how scripts end, well and badly.
. "${0%/*}/lib.sh"

mkdir .mci
script() {
	cat >.mci/build
	chmod +x .mci/build
}

# the last end of a build in $out
result() {
	jq -r 'select(.type=="build/end").status' "$out"
}

script <<'EOS'
#!/bin/sh
echo '{"id":"a","script":["exit 1"],"allow-failure":true}'
while read -r e; do
	case $e in *'"type":"job/end"'*'"job":"a"'*) echo '{"id":"b","script":["true"]}' ;; esac
done
EOS
exits 0 "a read loop reacts and ends" timeout 20 mci-build --json
is "$(jq -r 'select(.type=="job/end").job' "$out" | tr '\n' ' ')" "a b " "its answer ran"
is "$(jq -r 'select(.type=="script/end").exit' "$out")" 0 "the script ended by itself"
ok "it was told that it is idle" grep -q script/idle "$out"

# how often one sleeps for 100 ms between script/idle and the end of its input, which takes longer on a machine
# that others use; the best of five
script <<'EOS'
#!/bin/sh
echo '{"id":"a","script":["true"]}'
while read -r e; do
	case $e in *script/idle*) break ;; esac
done
(while sleep 0.1; do echo; done) >>"$SLEPT" &
cat >/dev/null
kill $!
EOS
for i in 1 2 3 4 5; do
	mci-build -q -e SLEPT="$PWD/slept.$i"
done
slept=$(for i in 1 2 3 4 5; do wc -l <"slept.$i"; done | sort -n | head -n 1)
ok "one that has read that it is idle is not waited for a second" [ "$slept" -lt 9 ]

script <<'EOS'
#!/usr/bin/env python3
import sys, json
print('{"id":"a","script":["true"]}', flush=True)
ends = sum('"job/end"' in line for line in sys.stdin)
print(json.dumps({"id": "n%d" % ends, "script": ["true"]}))
EOS
exits 0 "one that reads to the end of its input" timeout 20 mci-build --json
is "$(jq -r 'select(.type=="job/end").job' "$out" | tr '\n' ' ')" "a n1 " "still writes specs afterwards"

script <<'EOS'
#!/bin/sh
echo '{"id":"a","script":["true"]}'
echo oops >&2
exit 3
EOS
exits 125 "a script that dies" timeout 20 mci-build --json
is "$(result)" error "makes the build an error"
has "$err" 'status 3' "and its status is told"
has "$err" '^script \| oops$' "with the last lines that it wrote to standard error"
for view in -q '--progress plain'; do
	# shellcheck disable=SC2086 # an option and its value
	mci-build $view >"$T/shown" 2>&1
	has "$T/shown" '^script \| oops$' "also with $view"
done
mci tree @ >"$T/shown"
has "$T/shown" '^── \.mci/build: exit 3 ──$' "the tree shows them as it does those of a job"
has "$T/shown" '^oops$' "line by line"
has "$T/shown" 'status 3' "with the reason"
is "$(tail -n 1 "$T/shown")" "mci log @" "and names the command"
is "$(mci log @)" "script | oops" "which shows all of them"
mci-build --plan >"$T/shown" 2>&1
has "$T/shown" '^oops$' "a plan lets them through"
has "$(jq -r 'select(.type=="build/start").folder' "$out")/script.log" oops "its stderr is kept"

script <<'EOS'
#!/bin/sh
kill -9 $$
EOS
exits 125 "a script that is killed" timeout 20 mci-build -q
has "$err" 'signal 9' "names the signal"

script <<'EOS'
#!/bin/sh
echo garbage
sleep 0.1
EOS
exits 125 "a script that writes garbage" timeout 20 mci-build -q
has "$err" '\.mci/build: line 1' "is told by name and line"

script <<'EOS'
#!/bin/sh
echo '{"type":"script/busy","for":"3s"}'
echo '{"id":"a","script":["true"]}'
sleep 1.6
echo '{"id":"late","script":["true"]}'
EOS
exits 0 "script/busy asks for time" timeout 20 mci-build --json
has "$out" '"job/end".*"job":"late".*success' "what it wrote late ran"

script <<'EOS'
#!/bin/sh
echo '{"id":"a","script":["true"]}'
exec sleep 100
EOS
exits 125 "a script that hangs is killed" timeout 30 mci-build --json
has "$err" 'neither wrote nor ended' "and called so"

# refuses LINE MESSAGE: a script that begins with LINE (for printf) cannot be started, and why
refuses() {
	printf "$1" >.mci/build
	exits 125 "$1 cannot be started" timeout 20 mci-build -q
	has "$err" "^mci-build: \.mci/build: $2" "which says why"
}
chmod +x .mci/build
refuses '{"id":"a","script":["true"]}\n' 'no #! line says which program runs it'
refuses '#!/usr/bin/no-such-program -x\necho\n' 'bad interpreter: there is no /usr/bin/no-such-program$'
refuses '#!/bin/sh\r\necho\r\n' "bad interpreter: '/bin/sh.r': .*carriage return.*CRLF"
refuses '\357\273\277#!/bin/sh\necho\n' 'bad interpreter: a byte order mark'
refuses '#!\n' 'bad interpreter: #! names no program'
printf '#!/no/such\n' >tool
chmod +x tool
echo '{"id":"a","argv":["./tool"]}' >specs
run sh -c 'mci-build -q - <specs'
has "$err" 'bad interpreter: there is no /no/such' "nor can a job's program, for the same reason"
rm tool specs

rm -f .mci/build
printf '#!/bin/sh\ntouch "$MCI_PLAN"ran\necho "{\\"id\\":\\"a\\",\\"script\\":[\\"touch job\\"]}"\n' >.mci/build
chmod +x .mci/build
exits 0 "--plan" mci-build --plan
is "$(cat "$out")" '{"id":"a","script":["touch job"]}' "prints the specs"
ok "tells the script" test -e 1ran
ok "runs nothing" test ! -e job

script <<'EOS'
#!/bin/sh
for i in 1 2 3; do echo "{\"id\":\"j$i\",\"script\":[\"echo $i\"],\"labels\":{\"k\":\"$i\"},\"matrix\":{\"A\":[\"x\"]}}"; done
echo '{"id":"all","script":["true"],"depends-on":["j1","j2","j3"],"when":{"branch":"!nope"},"retry":2,"timeout":"1m30s","caches":[{"id":"c","path":"p"}]}'
EOS
mci-build --plan >plan1
mci-build --plan - <plan1 >plan2
ok "a plan is an input again and stays the same" cmp plan1 plan2
is "$(mci-build --plan --label k=2 | jq -r .id)" j2 "labels select"
is "$(mci-build --plan all | jq -r .id | tr '\n' ' ')" "j1 j2 j3 all " "selection with dependencies"
exits 0 "the plan runs" sh -c 'mci-build -q - <plan1'

mkdir -p sub/dir
exits 0 "found from below" mci-build -C sub/dir -q
printf '[{"id":"a","script":"true"}]' >.mci/build.json
exits 125 "two definitions" mci-build -q
has "$err" 'build.json' "are named"
rm .mci/build.json
cp .mci/build other
exits 0 "-f" mci-build -q -f other
exits 0 "an operand with a slash" mci-build -q ./other j1
finish
