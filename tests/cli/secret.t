#!/bin/sh
# Secrets of a build: who gets them, and that nothing that stays, and nothing that others see, tells them.
. "${0%/*}/lib.sh"
need jq python3 nc

value='tok/en+1 "quoted" \x of 3'
line1=first-line-of-the-key line2=second-line-of-the-key
printf '%s\n%s\n' "$line1" "$line2" >"$T/key"

# The forms of what is to be in no file: a pattern a line.
python3 - "$value" "$line1" "$line2" >"$T/patterns" <<'E'
import base64, json, shlex, sys, urllib.parse
for value in sys.argv[1:]:
	b = value.encode()
	print(value)
	print(b.hex())
	print(b.hex().upper())
	print(urllib.parse.quote(value, safe=""))
	print(json.dumps(value)[1:-1])
	print(shlex.quote(value)[1:-1])
	for k in range(3):
		print(base64.b64encode(b"x" * k + b)[[0, 2, 3][k]:-4].decode())
E
# told FOLDER: the files below it that hold a form of a secret
told() {
	grep -rlaF -f "$T/patterns" "$1"
}
mkdir "$T/sample"
printf %s "$value" | base64 >"$T/sample/a"
is "$(told "$T/sample")" "$T/sample/a" 'the search of this test finds what it looks for'

cat >build.sh <<'E'
#!/bin/sh
echo "script: ${TOKEN-no token}" >&2
cat "$KEYFILE" >&2
cat <<'JOBS'
{"id":"has","params":["TOKEN","KEY"],"script":["echo \"$TOKEN\" | tee $SEEN; printf %s \"$TOKEN\" | base64; printf %s \"$TOKEN\" | od -An -tx1 | tr -d ' \\n'; echo","jq -n '$ENV.TOKEN'; echo \"$KEY\"; (set -x; : \"$TOKEN\")","echo \"A=$TOKEN\" >>$MCI_OUTPUT; mci output set \"B=$TOKEN\"","jq -nc '{note:$ENV.TOKEN}' >$MCI_NOTES; echo \"$KEY\" >$MCI_NOTES","jq -nc '{type:\"test/told\",text:$ENV.TOKEN,($ENV.TOKEN):[$ENV.KEY]}' | nc -NU $MCI_BUILD","exit 3"]}
{"id":"other","script":["env; echo ${TOKEN-none}","mci param get TOKEN"]}
{"id":"text","script":["echo 'tok/en+1 \"quoted\" \\x of 3'"]}
{"id":"gone","argv":["/nowhere/second-line-of-the-key"]}
{"id":"after","depends-on":["has"],"when":"always","script":["mci output get has A; mci output get has B"]}
JOBS
E
chmod +x build.sh
TOKEN=$value SEEN=$T/seen KEYFILE=$T/key run mci-build -e SEEN -e KEYFILE --secret TOKEN --secret-file KEY="$T/key" --json ./build.sh
is "$status" 1 'a build with secrets runs to its end'
is "$(cat "$T/seen")" "$value" 'a job that names a secret in params gets it'
folder=$(jq -r 'select(.type == "build/start").folder' "$out")
is "$(told "$folder")" '' 'nothing in the build folder tells it'
is "$(told "$T/out" "$T/err")" '' 'nor do the events on standard output'
is "$(cat "$folder/logs/has.log")" '***
***==
***
"***"
***
+ : ***' 'the log of the job is masked, in every encoding' # sh quotes what it traces
has "$folder/logs/other.log" '^none$' 'another job does not get it'
has "$folder/logs/other.log" "TOKEN is a secret" 'and cannot ask for it'
is "$(cat "$folder/script.log")" 'script: no token
***' 'nor does the script; what it says is masked'
is "$(jq -c 'select(.type == "job/end" and .job == "has") | .outputs' "$out")" '{"A":"***","B":"***"}' 'outputs are masked'
is "$(cat "$folder/logs/after.log")" '***
***' 'also for other jobs'
is "$(jq -c 'select(.type == "log/annotated") | .note // .text' "$out")" '{"note":"***"}
"***"
"***"' 'notes are masked'
is "$(jq -c 'select(.type == "test/told") | [.text, .["***"]]' "$out")" '["***",["***"]]' 'an event that a job posts is masked'
is "$(jq -r 'select(.type == "command/start" and .job == "text").text' "$out")" "echo '***'" 'the text of a command is'
is "$(jq -r 'select(.type == "job/end" and .job == "gone").error' "$out")" '/nowhere/***: No such file or directory' 'and an error'
is "$(jq -r 'select(.id == "text").script[0]' "$folder/plan.ndjson")" "echo '***'" 'and the plan'
is "$(jq -c 'select(.id == "has").params' "$folder/plan.ndjson")" '["TOKEN","KEY"]' 'which has the names'
is "$(jq -s 'map(select(.type == "job/end")) | length' "$folder/events.ndjson")" 5 'every line of the log is JSON still'

# who sees it while the build runs
mkfifo go
cat >specs <<'E'
{"id":"has","params":["TOKEN"],"script":["echo ready; read line <go; echo \"$TOKEN\""]}
{"id":"other","script":["echo ready; read line <go"]}
E
background env TOKEN="$value" sh -c 'exec mci-build -j2 --secret TOKEN --json - <specs'
wait_for_line "$out" '"job":"has".*"command/start"|"command/start".*"job":"has"'
wait_for_line "$out" '"command/start".*"job":"other"'
folder=$(jq -r 'select(.type == "build/start").folder' "$out")
wait_until 'both are ready' sh -c 'test -s "$1/logs/has.log" && test -s "$1/logs/other.log"' - "$folder"
pid_of() {
	jq -r --arg job "$1" 'select(.type == "job/start" and .job == $job).pid' "$out"
}
holds() {
	tr '\0' '\n' <"/proc/$2/$1" | grep -qF "$value"
}
ok 'the job has it in its environment' holds environ "$(pid_of has)"
ok 'another job has not' test -z "$(tr '\0' '\n' <"/proc/$(pid_of other)/environ" | grep -F "$value")"
seen=
for process in "$pid" $(pgrep -P "$pid") $(for child in $(pgrep -P "$pid"); do pgrep -P "$child"; done); do
	holds environ "$process" && [ "$process" != "$(pid_of has)" ] && seen="$seen $process"
done
is "$seen" '' 'no process of mci has'
is "$(cat /proc/[0-9]*/cmdline 2>/dev/null | tr '\0' '\n' | grep -cF -f "$T/patterns")" 0 'no command line holds it'
printf 'now\nnow\n' >go
wait_end "$pid"
is "$status" 0 'that build ends well'
is "$(cat "$folder/logs/has.log")" 'ready
***' 'masked'

# a mask that comes while the build runs
cat >specs <<'E'
{"id":"adds","script":["printf '{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"mask/add\",\"params\":{\"value\":\"late-secret\"}}\\n' | nc -NU $MCI_BUILD","x=late; echo $x-secret; mci post test/x text=$x-secret","mci call mask/add value=true || :; mci call mask/add value=password || :"]}
{"id":"then","depends-on":["adds"],"script":["x=late; echo $x-secret"]}
E
run mci-build --json - <specs
folder=$(jq -r 'select(.type == "build/start").folder' "$out")
is "$(sed -n 2p "$folder/logs/adds.log") $(cat "$folder/logs/then.log")" '*** ***' 'mask/add masks from then on, in all jobs'
is "$(jq -r 'select(.type == "test/x").text' "$out")" '***' 'and in events'
has "$folder/logs/adds.log" 'a secret of less than 6 bytes cannot be masked' 'what is too short is refused'
has "$folder/logs/adds.log" 'a common word' 'and what is too common'

# killed in the middle of a secret
cat >specs <<'E'
{"id":"half","params":["TOKEN"],"script":["echo before; printf %s \"${TOKEN%?}\"; echo up >$SEEN; sleep 60"]}
E
background env TOKEN="$value" SEEN="$T/up" sh -c 'exec mci-build -e SEEN --secret TOKEN --json - <specs'
wait_for_line "$T/up" up
folder=$(jq -r 'select(.type == "build/start").folder' "$out")
wait_for_line "$folder/logs/half.log" before
kill -KILL "$pid"
wait_end "$pid"
# mci-job reads on to the end of what it had started
wait_for_line "$folder/logs/half.log" '[*]'
half=$(printf %s "$value" | cut -c 1-8)
is "$(grep -rlaF "$half" "$folder")" '' 'after a kill -9 not even the beginning of it is stored'
is "$(cat "$folder/logs/half.log")" 'before
***' 'but what was before it'

# a secret in progress plain, and what is held back at the end of a job
printf '%s\n' '{"id":"a","params":["TOKEN"],"script":["echo $TOKEN; printf tok/e"]}' >specs
TOKEN=$value run mci-build --secret TOKEN --progress plain - <specs
is "$(grep '|' "$out")" 'a | ***
a | tok/e' 'lines on standard output are masked; what is no secret after all comes at the end'

# a file named as the secret, and secrets that cannot be
printf 'from-a-file\n' >TOKEN
run mci-build --secret-file TOKEN --json - <specs
is "$(jq -r 'select(.type == "job/end").status' "$out")" success 'a file whose name is the secret'\''s'
exits 2 'a variable that is not set' mci-build --secret NOT_THERE - </dev/null
has "$err" 'mci-build: --secret NOT_THERE: there is no such variable; set it, or use --secret-file NOT_THERE=FILE' 'is named with the way out'
TOKEN=true exits 2 'a value that cannot be masked' mci-build --secret TOKEN - </dev/null
has "$err" 'TOKEN: a secret of less than 6 bytes' 'is refused with a reason'
exits 2 'a value on the command line' mci-build --secret "TOKEN=$value" - </dev/null
hasnt "$err" 'quoted' 'is not repeated'
TOKEN=$value exits 2 'a secret that is a param too' mci-build -p TOKEN=x --secret TOKEN - </dev/null
TOKEN=$value exits 2 'a secret that -e gives to all' mci-build -e TOKEN --secret TOKEN - </dev/null
TOKEN=$value exits 2 'a secret that is given twice' mci-build --secret TOKEN --secret-file TOKEN - </dev/null
exits 2 'a file whose name is none' mci-build --secret-file "$T/1key" - </dev/null
has "$err" "NAME=$T/1key" 'with the way out'
printf 'nul \0 byte' >bad
exits 2 'a NUL byte' mci-build --secret-file BAD=bad - </dev/null
exits 125 'a job id that holds a secret' env TOKEN=secret-id mci-build --secret TOKEN --json - <<'E'
{"id":"a-secret-id","argv":["true"]}
E
is "$(grep -c 'secret-id' "$out" "$err" | tr '\n' ' ')" "$out:0 $err:0 " 'is refused and not told'
exits 125 'a job that names what was not given' mci-build --json - <<'E'
{"id":"a","params":["MISSING"],"argv":["true"]}
E
has "$err" 'or --secret MISSING' 'is told how to give it'

# no job is handed to a mci-job that has not said that it masks
mkdir "$T/fake"
cp "$MCI_BIN/mci-build" "$T/fake"
cat >"$T/fake/mci-job" <<'E'
#!/bin/sh
while read -r line; do
	printf '%s\n' "$line" >>"$HEARD"
	case $line in
	*'"id":"a"'*) exit ;;
	*mask/add*) printf '%s' "${REPLY:+$REPLY$NEWLINE}" ;;
	esac
done
E
chmod +x "$T/fake/mci-job"
echo '{"id":"a","params":["TOKEN"],"argv":["true"]}' >specs
fake() {
	: >"$T/heard"
	background env TOKEN="$value" HEARD="$T/heard" REPLY="$1" NEWLINE="
" sh -c 'exec timeout -k 1 60 "$1" --secret TOKEN --json - <specs' - "$T/fake/mci-build"
	wait_for_line "$T/heard" mask/add
	if [ "$1" = '' ]; then
		wait_for_line "$out" job/queued
		kill "$pid"
	fi
	wait_end "$pid"
	said=$(jq -r '.method // .id' "$T/heard" | sort -u | tr '\n' ' ')
}
fake ''
is "$status $said" '143 mask/add ' 'before mci-job has answered it gets no job'
fake '{"jsonrpc":"2.0","id":1,"error":{"code":-32603,"message":"not today"}}'
is "$status $said" '125 mask/add ' 'nor when it refuses'
has "$err" 'mci-job does not mask a secret: .*not today' 'which is told'
fake '{"jsonrpc":"2.0","id":1,"result":{}}'
is "$said" 'a mask/add ' 'once it has, it does'

# mci-job alone
cat >specs <<'E'
{"jsonrpc":"2.0","id":1,"method":"mask/add","params":{"name":"TOKEN","value":"hunter2!x"}}
{"jsonrpc":"2.0","id":2,"method":"mask/add","params":{"name":"no name","value":"hunter2!x"}}
{"jsonrpc":"2.0","id":3,"method":"mask/add","params":{"name":"TOKEN"}}
{"id":"a","params":["TOKEN"],"split":true,"script":["echo $TOKEN; echo $TOKEN >&2"]}
E
head -c 70000 /dev/zero | tr '\0' x | sed 's/^/y/' | jq -Rc '{jsonrpc:"2.0",id:4,method:"mask/add",params:{value:.}}' >>specs
echo '{"jsonrpc":"2.0","id":5,"method":"mask/add","params":{"value":["hunter2!x"]}}' >>specs
run mci-job --log-dir logs <specs
is "$status $(cat logs/a.log)" '0 ***
***' 'mci-job takes secrets on its own'
is "$(jq -c 'select(.jsonrpc) | [.id, .error.code]' "$out" | tr -d '\n')" '[1,null][2,-32602][3,-32602][4,-32001][5,-32602]' \
	'and answers each'
finish
