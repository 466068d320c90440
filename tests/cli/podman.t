#!/bin/sh
# Jobs with an image: mci-job runs them in containers, with real podman.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/podman-lib.sh"
podman_ready
need python3

field() {
	jq -rs "$1" "$out"
}
# job JSON: runs one and says how it ended
job() {
	printf '%s\n' "$1" >spec
	run timeout 60 mci-job --log-dir logs <spec
}
ended() {
	field 'last | [.reason, .exit // .signal // empty, .error // empty] | map(tostring) | join(" ")'
}

job '{"id":"a","image":"localhost/box","script":["cat /etc/passwd","echo two >&2","pwd; echo n=1 >>$MCI_OUTPUT"],"env":{"LINE":"x","LINES2":"y\nz"}}'
is "$status $(ended)" '0 exit 0' 'a script runs in its image'
is "$(cat logs/a.log)" "$(cat "$ROOTFS/etc/passwd"; echo two; pwd)" 'and sees its files, in the folder of the build'
is "$(field 'last.outputs.n')" 1 'its outputs come back'
is "$(field 'map(select(.type == "command/start").text) | join("|")')" \
	'cat /etc/passwd|echo two >&2|pwd; echo n=1 >>$MCI_OUTPUT' 'each entry is told as it begins'
is "$(field '.[1].runner')" podman 'job/start names the runner'
is "$(field 'map(.type | select(test("^(job|container)/"))) | join(" ")')" \
	'job/initializing job/start container/pending container/start container/end job/executed' \
	'events tell that its container is made, runs and is gone'
is "$(field '.[] | select(.type == "container/pending").image')" localhost/box 'of what it is made'

export FROM_HERE=host
job '{"id":"env","image":"localhost/box","script":"env","env":{"A":"1","B":"two\nlines","HOME":"/tmp","LD_PRELOAD":"x"}}'
has logs/env.log '^A=1$' 'variables of the job'
is "$(grep -A1 '^B=' logs/env.log)" "$(printf 'B=two\nlines')" 'also with several lines'
has logs/env.log '^HOME=/tmp$' "also HOME, which is the image's otherwise"
has logs/env.log '^LD_PRELOAD=x$' 'what means something to podman reaches the job alone'
hasnt logs/env.log '^(FROM_HERE|XDG_|USER)' 'nothing of this machine'
has logs/env.log '^PATH=.*:/bin$' "the image's PATH"
job '{"id":"secret","image":"localhost/box","script":"tr \"\\0\" \" \" </proc/1/cmdline","env":{"TOKEN":"of-the-job"}}'
hasnt logs/secret.log 'of-the-job' 'and no value in an argument'

mkdir -p sub
job '{"id":"dir","image":"localhost/box","dir":"sub","script":"pwd; echo made >file"}'
is "$(cat logs/dir.log) $(cat sub/file)" "$PWD/sub made" 'dir is below the folder of the build, which it may write'
job '{"id":"user","image":"localhost/box","user":"1000","script":["id -u","echo o=1 >>$MCI_OUTPUT","id -u"]}'
if [ "$(id -u)" = 0 ]; then
	is "$(cat logs/user.log) $(field 'last.outputs.o')" "$(printf '1000\n1000') 1" 'user, who has outputs and entries too'
else
	skip 1 'one user alone without root'
fi
job '{"id":"code","image":"localhost/box","argv":["sh","-c","exit 3"]}'
is "$status $(ended)" '1 exit 3' 'an exit status'
job '{"id":"signal","image":"localhost/box","argv":["sh","-c","sh -c \"kill -9 \\$\\$; :\"; exit $?"]}'
is "$status $(ended)" '1 signal 9' 'a signal'
job '{"id":"stdin","image":"localhost/box","stdin":"given\n","argv":["cat"]}'
is "$(cat logs/stdin.log)" given 'stdin'
job '{"id":"pty","image":"localhost/box","pty":true,"argv":["sh","-c","test -t 0 && test -t 1 && echo tty"]}'
like "$(tr -d '\r' <logs/pty.log)" '^tty$' 'a terminal'
job '{"id":"py","image":"localhost/box","shell":"busybox sh","script":"echo $0"}'
like "$(cat logs/py.log)" 'script$' 'another shell has the script as a file'
job '{"id":"interp","image":"localhost/box","script":"#!/bin/tail -n1\necho"}'
is "$(cat logs/interp.log)" echo 'and what its first line names'
job '{"id":"fin","image":"localhost/box","script":"exit 4","finally":["echo $MCI_STATUS $MCI_EXIT"]}'
is "$(cat logs/fin.log) $(ended)" 'failure 4 exit 4' 'finally runs in a container, too'
job '{"id":"note","image":"localhost/box","script":"echo \"{\\\"warning\\\":\\\"w\\\"}\" >$MCI_NOTES"}'
is "$(field 'map(select(.type == "log/annotated").note.warning) | join(" ")')" w 'annotations'

job '{"id":"none","image":"localhost/no-such","pull":"never","script":"true"}'
is "$status" 125 'an image that is not there is an error'
like "$(ended)" '^start image: localhost/no-such: podman could not run it .*log' 'that says where podman says why'
is "$(field 'map(.type | select(test("^container/"))) | join(" ")')" 'container/pending container/end' \
	'such a container never starts'
has logs/none.log 'no-such.*not known' 'in the log'
job '{"id":"prog","image":"localhost/box","argv":["no-such-program"]}'
like "$status $(ended)" '^125 start image: localhost/box: what was to be run there' 'a program that is not in it'
job '{"id":"bad","image":"localhost/box","pull":"perhaps","script":"true"}'
like "$(field last.text)" "pull: 'perhaps' is none of" 'an unknown pull policy'
job '{"id":"no","runner":"podman","script":"true"}'
like "$(ended)" 'runner: podman needs an image' 'the runner without an image'
MCI_JOB_PODMAN=/no/podman job '{"id":"away","image":"localhost/box","script":"true"}'
like "$(ended)" "runner: podman runs .* there is no '/no/podman'; install it" 'without podman'
job '{"id":"arch","image":"localhost/box","pull":"never","arch":"'"$(uname -m | sed 's/x86_64/amd64/; s/aarch64/arm/')"'","script":"true"}'
is "$(ended)" 'exit 0' "this machine's arch"

job '{"id":"cmd","image":"localhost/box","cmd":["echo","one"],"args":["two"]}'
is "$(cat logs/cmd.log)" 'one two' 'cmd and args, without a script'
job '{"id":"entry","image":"localhost/box","entrypoint":["/bin/echo","at"],"cmd":"one"}'
is "$(cat logs/entry.log)" 'at one' 'an entry point gets them'
job '{"id":"entry2","image":"localhost/box","entrypoint":["env","E=1"],"script":["echo $E","echo b"]}'
is "$(cat logs/entry2.log)" "$(printf '1\nb')" 'or the script'
mkdir -p data && echo in >data/file && ln -sf / way-out
job '{"id":"mount","image":"localhost/box","mounts":["data:/srv/data:ro",["sub","/srv/sub"]],"script":"cat /srv/data/file /srv/sub/file; echo x >/srv/data/new || echo read-only"}'
is "$(grep -v 'can.t create' logs/mount.log)" "$(printf 'in\nmade\nread-only')" 'mounts of the folder'
job '{"id":"mount2","image":"localhost/box","mounts":["../x:/srv/data"],"script":"true"}'
like "$(field 'map(.text // .error // empty) | join(" ")')" "mounts.0.: '../x' is not a path below the build's folder" 'of nothing outside'
job '{"id":"mount3","image":"localhost/box","mounts":["way-out/etc:/srv"],"script":"cat /srv/passwd"}'
like "$(ended)" "mounts.0.: way-out/etc leads out of the build's folder" 'also by no symbolic link'
job '{"id":"folder","image":"'"$ROOTFS"'","script":"echo x >/new; cat /new"}'
is "$(cat logs/folder.log)" x 'a folder is an image'
ok 'and stays as it was' test ! -e "$ROOTFS/new"

job '{"id":"host","image":"localhost/box","runner":"host","script":"echo here"}'
is "$(cat logs/host.log)" here 'host runs it without'
job '{"id":"ports","runner":"host","expose":[80,81],"script":"true"}'
is "$(field '.[1] | [.address, .ports["80"], .ports["81"]] | join(" ")')" '127.0.0.1 80 81' "ports without a container are this machine's"
if [ "$(id -u)" = 0 ] && command -v slirp4netns >/dev/null && [ -c /dev/net/tun ]; then
	mkdir .mci
	cat >.mci/build.yaml <<-'E'
	- id: open
	  image: localhost/box
	  expose: 8000
	  script: echo from the container | nc -l -p 8000
	- id: ask
	  script: |
	    at() { mci jobs --json | jq -r 'select(.id == "open" and .ports != null) | .address + " " + (.ports["8000"] | tostring)'; }
	    until [ -n "$(at)" ]; do sleep 0.05; done
	    until busybox nc $(at) 2>/dev/null | grep container; do sleep 0.05; done
	E
	exits 0 'another job reaches the port that a running one exposes' timeout 60 mci-build --json -j2
	is "$(mci log @/ask)" 'from the container' 'by what mci jobs says'
	is "$(jq -c 'select(.type == "container/start") | [.job, .address, (.ports | keys)]' "$out")" \
		'["open","127.0.0.1",["8000"]]' 'and the event of its container'
	is "$(jq -s 'map(.seq) | length > 9 and . == [range(.[0]; .[0] + length)]' "$out")" true \
		'which is numbered as the others are'
	rm -r .mci
else
	skip 4 'no slirp4netns, or no /dev/net/tun for us'
fi
# limits
cat >spec <<'J'
{"id":"memory","image":"localhost/box","limits":{"memory":"200M"},"script":"x=hog; while :; do x=$x$x; done"}
{"id":"processes","image":"localhost/box","limits":{"processes":60},"script":"while :; do sleep 20 & done"}
{"id":"disk","image":"localhost/box","limits":{"disk":"24M"},"timeout":"30s","script":"mkdir fill; i=0; while :; do i=$((i + 1)); head -c 1000000 /dev/zero >fill/$i; done"}
{"id":"log","image":"localhost/box","limits":{"log":"1M"},"script":"yes"}
{"id":"other","image":"localhost/box","limits":{"files":64},"script":["sleep 2","test $(ulimit -n) = 64","echo fine"]}
J
run timeout 100 mci-job -j6 --log-dir logs <spec
is "$(field 'map(select(.type == "job/executed")) | sort_by(.job) | map(.job + " " + .reason) | join(",")')" \
	'disk limit:disk,log limit:log,memory limit:memory,other exit,processes limit:processes' \
	'a memory hog, a fork bomb, a disk filler and an endless printer end in containers, too'
is "$(field 'map(select(.type == "job/executed" and .job == "other"))[0].exit') $(cat logs/other.log)" '0 fine' 'and others go on'
wait_for_none 'and no container is left of them'
rm -rf fill
# a registry
python3 "$ROOT/tests/cli/registry.py" "$ROOTFS" team/image >port 2>asked &
started="$started $!"
wait_for_line port '^[0-9]+$'
registry=127.0.0.1:$(cat port)
export CONTAINERS_REGISTRIES_CONF="$T/registries.conf"
printf '[[registry]]\nlocation = "%s"\ninsecure = true\n' "$registry" >"$CONTAINERS_REGISTRIES_CONF"
job '{"id":"pull","image":"'"$registry"'/team/image","script":"echo $FROM"}'
is "$status $(tail -n 1 logs/pull.log)" '0 registry' 'an image comes from a registry'
: >asked
job '{"id":"itself","image":"'"$registry"'/team/image"}'
is "$(cat logs/itself.log asked)" 'by itself' 'once, and runs what it says itself'
job '{"id":"again","image":"'"$registry"'/team/image","pull":"always","script":"true"}'
is "$status $(grep -c manifests asked | grep -vc '^0$')" '0 1' 'pull: always asks again'
wait_for_none 'podman has no container of ours any more'

job '{"id":"slow","image":"localhost/box","timeout":"4s","script":"trap \"echo ended; exit 1\" TERM; while :; do sleep 0.1; done"}'
is "$(grep -v Terminated logs/slow.log) $(field last.reason)" 'ended timeout' 'what takes too long is asked to end'
wait_for_none 'and is gone'
job '{"id":"deaf","image":"localhost/box","timeout":"4s","script":"trap \"\" TERM; echo deaf; while :; do sleep 0.1; done"}'
is "$(grep -v Killed logs/deaf.log) $(field last.reason)" 'deaf timeout' 'then it has to'
wait_for_none 'and is gone as well'
for time in 20ms 100ms 200ms; do
	job '{"id":"early","image":"localhost/box","timeout":"'$time'","script":"sleep 1000"}'
	is "$(field last.reason)" timeout "what is ended $time after its begin"
	wait_for_none 'leaves no container, whether or not it ran'
done

# cancel, and the death of either of mci-job's two processes
started() {
	[ -p in ] || mkfifo in
	rm -f logs/run*.log
	background sh -c 'exec mci-job --log-dir logs <in'
	exec 8>in
	printf '{"id":"run%s","image":"localhost/box","script":"echo started; sleep 1000"}\n' 1 2 >&8
	wait_until 'two containers run' test -s logs/run1.log -a -s logs/run2.log
}
started
printf '{"jsonrpc":"2.0","id":1,"method":"job/cancel","params":{"job":"run1"}}\n' >&8
wait_for_line "$out" '"job/executed".*"run1"'
is "$(containers | grep -c run)" 1 'one of two jobs is canceled, and its container alone is gone'
kill -TERM "$pid"
exec 8>&-
wait_end "$pid"
wait_for_none 'a request to end removes the other'
started
exec 8>&-
kill -KILL "$pid"
wait_for_none 'when the keeper is killed the worker removes them'
started
exec 8>&-
kill -KILL "$(pgrep -P "$pid")"
wait_end "$pid"
wait_for_none 'when the worker is killed the keeper does'

started
exec 8>&-
kill -KILL "$pid" "$(pgrep -P "$pid")"
wait_end "$pid"
is "$(containers | grep -c run)" 2 'when both are killed nobody does'
job '{"id":"next","script":"true"}'
is "$status $(containers)" '0 ' 'but the next one'

# the build's own folder of definitions
mkdir .mci
cat >.mci/build.yaml <<'E'
- id: one
  image: localhost/box
  script: echo from $MCI_BUILD_ID >made
- id: two
  depends-on: one
  image: localhost/box
  cmd: [cat, made]
E
exits 0 'mci-build runs a build of containers' timeout 100 mci-build --json
like "$(cat made)" '^from local/' 'that see what the others made'
is "$(jq -r 'select(.type | startswith("container/")) | .job + " " + .type' "$out")" \
	"$(printf '%s container/%s\n' one pending one start one end two pending two start two end)" \
	'and tell of their containers'
printf -- '- {id: api, image: localhost/box, script: "test -S $MCI_BUILD && echo socket $MCI_BUILD"}\n' >.mci/build.yaml
run timeout 100 mci-build -q
is "$(mci log @/api)" 'socket /run/mci/build.sock' "the build's API is there for its jobs"
finish
