#!/bin/sh
# Cases that went wrong once, or nearly: each is a promise of its own.
. "${0%/*}/lib.sh"

need jq git
printf '#!/bin/sh\ncat specs\n' >script
chmod +x script
end() {
	jq -r --arg j "$1" "select(.type==\"job/end\" and .job==\$j).$2" "$out"
}

printf '%s\n' '{"id":"a","argv":["false"],"retry":1}' '{"id":"b","argv":["true"]}' \
	'{"id":"1-x","argv":["false"],"retry":1}' '{"id":"2-x","argv":["true"]}' >specs
exits 1 "a second attempt is nobody else's first" timeout 20 mci-build --json ./script
is "$(end b status),$(end 2-x status),$(end a attempt)" success,success,2 "and all end as they should"

big=$(head -c 900000 /dev/zero | tr '\0' x)
for i in 1 2 3 4 5 6 7 8; do
	printf '{"id":"b%d","script":["wc -c"],"stdin":"%s"}\n' "$i" "$big"
done >specs
exits 0 "specs of a megabyte each" timeout 30 mci-build --json -j 2 ./script
is "$(jq -r 'select(.type=="job/end" and .status=="success").job' "$out" | wc -l)" 8 "all run"

line='{"type":"x/y","text":"'$(head -c 400 /dev/zero | tr '\0' y)'"}'
{
	printf '{"id":"s","script":["sleep 0.3"]}\n'
	for i in 1 2 3; do
		printf '{"id":"n%d","argv":["sh","-c","yes \\"$0\\" | head -c 6000000 >$MCI_NOTES",%s]}\n' "$i" "$(printf %s "$line" | jq -R .)"
		printf '{"id":"b%d","script":["wc -c"],"stdin":"%s","depends-on":["s"]}\n' "$i" "$big"
	done
} >specs
exits 0 "floods both ways do not wait for each other" timeout 60 mci-build --json -j 8 ./script

printf '%s\n' '{"id":"o","script":["mci call output/set job=o name=K value=one","mci call output/set job=o name=K value=two","echo K=file >>$MCI_OUTPUT","test $MCI_ATTEMPT = 2 || { mci call output/set job=o name=OLD value=1; exit 1; }"],"retry":1}' >specs
exits 0 "outputs set twice" timeout 20 mci-build --json ./script
is "$(jq -c 'select(.type=="job/end").outputs' "$out")" '{"K":"two"}' "the last one counts, of the last attempt"

printf '[{"id":"a","script":["mci add x --after nosuch -- true || mci add y --after a -- true"]}]' >doc.json
exits 0 "a job that is added late" timeout 20 mci-build --json ./doc.json
is "$(jq -r 'select(.type=="job/pending").job' "$out" | tr '\n' ' ')" "a y " "may not wait for what is not there"

printf '%s\n' '{"id":"p","script":["for f in time build seq; do mci call event/post type=my/event $f= || :; done; mci call event/post type=my/event ok=1"]}' >specs
exits 0 "posted envelopes" timeout 20 mci-build --json ./script
is "$(jq -c 'select(.type=="my/event").ok' "$out")" '"1"' "are refused, whatever they hold"
ok "and the log stays readable" mci show

printf '#!/bin/sh\nseq 200 | sed '\''s/.*/{"id":"n&","argv":["true"]}/'\''\nexec sleep 1000\n' >deaf
chmod +x deaf
exits 125 "a script that reads nothing of many events and hangs" timeout 40 mci-build -q ./deaf

printf '%s\n' '{"id":"a","script":["true"]}' >specs
exits 0 "SIGCHLD ignored by the caller" timeout 20 python3 -c 'import os,signal,sys
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
os.execvp("mci-build", ["mci-build", "-q", "./script"])'
run timeout 20 sh -c 'mci-build -q ./script <&- >&- 2>&-'
is "$status" 0 "no standard descriptors"
run timeout 20 sh -c 'mci-build --json ./script >&-'
is "$status" 125 "events into a closed standard output are an error"
run timeout 20 sh -c 'mci-build --json ./script >/dev/full'
is "$status" 125 "and into a full one"
has "$err" 'No space left' "that is named"

head -c 900000 /dev/zero | tr '\0' x >value
printf '{"id":"a","script":["true"],"params":["V"],"stdin":"%s"}\n' "$(head -c 200000 value)" >specs
printf 'V=%s\n' "$(cat value)" >params
exits 125 "params that make a job too long" timeout 20 mci-build -q --param-file params ./script
has "$err" "job 'a'" "name the job"

seq 1 200 | sed 's/.*/{"id":"n&","argv":["true"]}/' >specs
run timeout 20 sh -c 'ulimit -f 8; mci-build -q ./script'
is "$status" 125 "a file size limit is an error"
has "$err" 'too large' "that says so"

{ printf '{"id":"r","script":["exit 3"]}\n'; seq 1 30 | sed 's/.*/{"id":"n&","script":["sleep 0.05"]}/'; } >specs
exits 1 "--fail-fast" timeout 20 mci-build --json --fail-fast -j 1 ./script
is "$(jq -r 'select(.type=="job/start").job' "$out")" r "starts nothing after the failure"

printf '%s\n' '{"id":"a","script":["echo x; exit 1"]}' >specs
exits 1 "a job that fails" timeout 20 mci-build --progress plain ./script
has "$out" '^a: failure: exit 1' "is said with its reason"
printf '%s\n' '{"id":"a","script":["echo x"]}' >specs
run timeout 20 sh -c 'mci-build --progress plain ./script >/dev/full'
is "$status" 125 "plain lines that cannot be written are an error"
exits 2 "labels that no job has" timeout 20 mci-build -q --label a=b ./script
printf '{"id":"a","script":["true"]}' >specs
exits 0 "a last line without its newline, but whole" timeout 20 mci-build -q ./script

# from inside a git hook
git init -q repo && cd repo && git config user.email t@example.org && git config user.name t
printf '[{"id":"a","script":["cat f"]}]' >b.json
mkdir .mci && mv b.json .mci/build.json
echo one >f && git add . && git commit -qm one && echo two >f && git commit -qam two
before=$(git symbolic-ref HEAD)
run env GIT_DIR="$PWD/.git" timeout 20 mci-build --json --rev HEAD~1
is "$status,$(git symbolic-ref HEAD),$(git status --porcelain)" "0,$before," "--rev with GIT_DIR set leaves the repository alone"
finish
