#!/bin/sh
# mci-job: specs in, events out.
. "${0%/*}/lib.sh"
need jq

job() {
	mci-job --log-dir logs "$@"
}
# field JQ: of the events in $out
field() {
	jq -rs "$1" "$out"
}

printf '%s\n' '{"id":"a","script":["echo one","echo two >&2"]}' >specs
run job <specs
is "$status" 0 'success exits 0'
is "$(field 'map(.type) | join(" ")')" \
	'job/initializing job/start command/start command/end command/start command/end job/executed' \
	'the events of a job with two entries, in order'
is "$(cat logs/a.log)" "$(printf 'one\ntwo')" 'stdout and stderr are in the log in their order'
is "$(field 'last | [.job, .attempt, .reason, .exit, .bytes] | join(" ")')" 'a 1 exit 0 8' \
	'job/executed says how it ended and how long the log is'
is "$(field 'map(select(.type == "command/start")) | map(.text) | join("|")')" \
	'echo one|echo two >&2' 'command/start shows the entry'
is "$(field 'last | has("maxrss") and has("user") and has("system") and has("elapsed") and has("first-output")')" \
	true 'and what it used'
is "$(field 'map(select(.type == "job/end")) | length')" 0 'without a job/end: mci-build says that'

exits 1 'a failed job makes 1' job <<'E'
{"id":"f","script":"exit 7"}
E
is "$(field 'last | .exit')" 7 'with its exit status'
run job <<'E'
{"id":"s","argv":["sh","-c","kill -SEGV $$"]}
E
is "$(field 'last | [.reason, .signal] | join(" ")')" 'signal 11' 'a signal is told as one'
run job <<'E'
{"id":"again","script":"echo x","attempt":3}
E
ok 'the log of attempt 3 has its number' test -s logs/again@3.log

exits 125 'a job that cannot be started makes 125' job <<'E'
{"id":"n","argv":["no-such-program-here"]}
E
is "$(field 'last | [.reason, .error] | join(": ")')" \
	'start: no-such-program-here: No such file or directory' 'and says why'
start_error() {
	printf '%s\n' "$1" >specs
	run job <specs
	like "$(field 'last | [.type, .reason, .error] | join(" ")')" "^job/executed start $2" "$3"
}
start_error '{"id":"x","dir":"no/where","script":"true"}' 'dir: no/where: No such file' 'a missing dir'
start_error '{"id":"x","mounts":["a:/b"],"script":"true"}' 'mounts: .*--runner host' 'a mount without an image'
start_error '{"id":"x","runner":"moon","script":"true"}' "runner: .*'moon'.* host" \
	'an unknown runner names those that exist'
start_error '{"id":"x","params":["TOKEN"],"script":"true"}' 'params.0.: TOKEN has no value' \
	'a param without value'

run job --runner host <<'E'
{"id":"h1","image":"debian","arch":"amd","script":"true"}
{"id":"h2","image":"debian","arch":"amd","script":"true"}
E
is "$status" 0 '--runner host runs jobs with image and arch'
is "$(sort "$err")" "$(printf '%s\n' 'mci-job: arch: the machine is what it is' \
	'mci-job: image: no container is used')" 'and says so, once each'
exits 2 'a runner that does not exist makes 2 on the command line' job --runner nowhere
has "$err" 'there is host' 'and the error says which do'

# bad_line LINE EXPECTED TEXT
bad_line() {
	printf '%s\n' '{"id":"first","script":"true"}' "$1" '{"id":"last","script":"true"}' >specs
	run job <specs
	is "$status" 125 "$3 makes 125"
	like "$(field 'map(select(.type == "error"))[0] | [.line, .error, .text] | map(tostring) | join(" ")')" \
		"^2 $2" "$3 is told with its line"
	is "$(field 'map(select(.type == "job/start" and .job == "last")) | length')" 0 \
		"$3: nothing more is started"
}
bad_line '{"id":' 'not-json' 'a cut line'
bad_line '[1]' 'not-json .*object' 'an array'
bad_line '{"id":"x","script":["a",3]}' 'invalid-request script.1.: expected a string or an object with name and run, found a number' \
	'a field of the wrong type'
bad_line '{"id":"x","script":"a","depends-on":["y"]}' 'invalid-request depends-on: .*mci-build -' \
	'a key of the graph'
bad_line '{"id":"x","scrip":"a"}' "invalid-request scrip: unknown key; did you mean 'script'" 'an unknown key'
bad_line '{"id":"../x","script":"a"}' 'invalid-request id: ' 'an id that leaves the folder'
bad_line '{"id":"first","script":"a"}' "invalid-request id: attempt 1 of 'first' was given before" \
	'a job given twice'
bad_line '{"type":"script/busy","for":"1s"}' 'invalid-request .*an event' 'an event'
{ head -c 1100000 /dev/zero | tr '\0' x; echo; } >specs
exits 125 'a line over 1 MiB makes 125' job <specs
is "$(field '.[0].error')" not-json 'and is an error event'
printf '{"id":"nonl","script":"true"}' >specs
exits 0 'the last line may lack its newline' job <specs

i=0
while [ "$i" -lt 200 ]; do
	i=$((i + 1))
	echo "{\"id\":\"n$i\",\"script\":\"echo out of $i\"}"
done >specs
run job -j4 <specs
is "$status $(field 'map(select(.type == "job/executed" and .exit == 0)) | length')" '0 200' '200 jobs at -j4'
is "$(cat logs/n1.log logs/n200.log)" "$(printf 'out of 1\nout of 200')" 'each with its own log'
is "$(field 'reduce .[] as $e ({now: 0, max: 0};
	if $e.type == "job/start" then .now += 1 elif $e.type == "job/executed" then .now -= 1 else . end
	| .max = ([.max, .now] | max)) | .max')" 4 'never more than 4 at once'
# shellcheck disable=SC2002
cat specs | mci-job -j4 --log-dir logs >"$out"
is "$(field 'map(select(.type == "job/executed")) | length')" 200 'the same from a pipe'

exits 0 '--progress plain prints lines' mci-job --progress plain <<'E'
{"id":"p","script":"echo one; printf two"}
E
is "$(cat "$out")" "$(printf 'p | one\np | two')" 'with the job in front'
run mci-job <<'E'
{"id":"p","script":"echo one"}
E
is "$(cat "$err")" 'p | one' 'without --log-dir the output goes to stderr'
exits 1 '--progress none says only what failed' mci-job --progress none <<'E'
{"id":"g","script":"echo fine"}
{"id":"b","script":"exit 3"}
E
is "$(cat "$out" "$err")" 'mci-job: b: exit 3' 'with its status'
ok 'nothing is left among the sockets' sh -c '! ls "$XDG_RUNTIME_DIR"/mci/job-* 2>/dev/null'

i=0
while [ "$i" -lt 30 ]; do
	i=$((i + 1))
	echo "{\"id\":\"q$i\",\"argv\":[\"sleep\",\"0.1\"]}"
done >specs
(
	# every sh has it
	# shellcheck disable=SC3045
	ulimit -n 40
	mci-job -j30 --log-dir logs <specs >"$out"
)
is "$? $(field 'map(select(.type == "job/executed" and .exit == 0)) | length')" '0 30' \
	'too few descriptors for -j mean fewer at once'
is "$(field 'map(select(.type == "job/initializing")) | length')" 30 'and no job is told twice'

i=0
while [ "$i" -lt 300 ]; do
	i=$((i + 1))
	echo "{\"id\":\"n$i\",\"argv\":[\"true\"],\"dir\":\"nowhere\"}"
done >specs
exits 125 'many specs of which none can be started' mci-job -j2 <specs
is "$(field 'map(select(.type == "job/executed" and .reason == "start")) | length')" 300 'end, each with the reason'

ln -s /dev/full logs/full.log
run job <<'E'
{"id":"full","script":"echo x; sleep 30"}
E
is "$(field 'last | [.reason, .truncated, .error] | map(tostring) | join(" ")')" \
	'limit:log true write full.log: No space left on device' 'a log that cannot be written ends its job'
echo '{"id":"e","script":"true"}' >specs
mci-job --log-dir logs <specs >/dev/full 2>"$err"
is "$?" 125 'events that cannot be written make 125'
has "$err" 'standard output: No space' 'and the error is named'

exits 125 'not one byte of input' sh -c './no-such-generator 2>/dev/null | mci-job --log-dir logs'
has "$out" '"type":"error".*standard input is empty' 'is an error'
exits 125 'with --explain as well' sh -c 'mci-job --explain </dev/null'
has "$err" 'standard input is empty' 'which says so'
exits 0 'a blank line says that there is nothing to do' sh -c 'echo | mci-job --log-dir logs'
is "$(cat "$out" "$err")" '' 'and nothing is done'
finish
