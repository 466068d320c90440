#!/bin/sh
# Secrets that a job names: as a variable, as a file, by asking; who does not get them, and where they are not.
. "${0%/*}/lib.sh"
need jq python3

value='s3cr3t/value+of-the-build'
wanted=$(printf %s "$value" | sha256sum | cut -d' ' -f1)
sum="printf %s \\\"\$V\\\" | sha256sum | cut -d' ' -f1"
cat >specs <<J
{"id":"env","secrets":["TOKEN"],"script":"V=\$TOKEN; $sum"}
{"id":"renamed","secrets":[{"name":"KEY","from":"TOKEN"}],"script":"V=\$KEY; $sum; echo \${TOKEN-no TOKEN}"}
{"id":"file","secrets":[{"name":"KEYFILE","from":"TOKEN","as":"file"}],"script":["V=\$(cat \$KEYFILE); $sum","stat -c %a \$KEYFILE | grep -c '[46]00'","df --output=fstype \$KEYFILE | tail -1","echo \$KEYFILE","ulimit -c"],"finally":"V=\$(cat \$KEYFILE); $sum"}
{"id":"ask","secrets":[{"name":"T","from":"TOKEN","as":"request"}],"script":"echo \${TOKEN-no TOKEN} \${T-no T}; V=\$(mci param get TOKEN); $sum"}
{"id":"other","script":"echo \${TOKEN-none}; mci param get TOKEN || :; mci call output/set job=env name=X value=1 || :; cat /proc/[0-9]*/environ 2>/dev/null | tr '\\\\0' '\\\\n' | grep -c s3cr[3]t"}
J
build() {
	TOKEN=$value run mci-build --json --secret TOKEN "$@" - <specs
	folder=$(jq -r 'select(.type == "build/start").folder' "$out")
}
log() {
	cat "$folder/logs/$1.log"
}
# what a build is and has: no form of the value is anywhere in it
nowhere() {
	! grep -rlF -e "$value" -e "$(printf %s "$value" | base64)" "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR" "$out" "$err" .
}

build --runner host
is "$(log env)" "$wanted" 'a job that names a secret has it as a variable'
is "$(log renamed)" "$wanted
no TOKEN" 'under another name, and then not under its own'
is "$(log file | sed 3,4d)" "$wanted
1
0
$wanted" 'or in a file that only it may read, also in finally; and there are no core dumps'
ok 'the file is gone with the job' test ! -e "$(log file | sed -n 4p)"
is "$(log ask | sed 2d)" 'no TOKEN no T' 'named for asking, it is no variable'
has "$folder/logs/ask.log" 'TOKEN is a secret: a job that names it in secrets' \
	'on host, where nobody can tell who asks, it is given to none'
has "$folder/logs/other.log" '^none$' 'who does not name it does not have it'
echo '{"id":"unknown","secrets":["NOTHING"],"script":"true"}' >one
run mci-build --json - <one
has "$err" "secrets.0.: 'NOTHING' was not given; add --secret NOTHING" 'one that does not exist is named'
ok 'nothing of it is left in the state, the runtime folder, the plan, events or messages' nowhere

if command -v bwrap >/dev/null && timeout 20 mci-job --sandbox -- true 2>/dev/null; then
	build --sandbox
	is "$(log env)" "$wanted" 'in a sandbox a job has its secret as a variable'
	is "$(log file)" "$wanted
1
tmpfs
/run/mci/secrets/KEYFILE
0
$wanted" 'or in a file in memory of its own'
	is "$(log ask)" "no TOKEN no T
$wanted" 'or asks for it at its own socket'
	has "$folder/logs/other.log" 'TOKEN is a secret that this job does not name' 'which gives none to who did not name it'
	is "$(log other | tail -1)" 0 'and it is in the environment of no process that another job sees'
	has "$folder/logs/other.log" "job: it is 'other' that asks here, not 'env'" \
		'nor lets a job set the outputs of another'
	ok 'nothing of it is left' nowhere
else
	skip 7 'no sandbox here'
fi

# who has a secret and wants it in the log, an event, an output or a file that stays
cat >print <<'J'
{"id":"print","secrets":["TOKEN"],"script":["python3 -c 'import os\nfor c in os.environ[\"TOKEN\"].encode(): os.write(1, bytes([c]))'; echo","for p in '' x xy; do printf '%s%s' \"$p\" \"$TOKEN\" | base64; done","printf '\\033]0;%s\\007\\033]8;;http://h/%s\\033\\\\link\\n' \"$TOKEN\" \"$TOKEN\"","echo \"A=$TOKEN\" >>$MCI_OUTPUT","printf '{\"warning\":\"%s\"}\\n' \"$TOKEN\" >$MCI_NOTES","ulimit -c"]}
J
for runner in host sandbox; do
	if [ $runner = sandbox ] && ! timeout 20 mci-job --sandbox -- true 2>/dev/null; then
		skip 5 'no sandbox here'
		continue
	fi
	TOKEN=$value run mci-build --json --runner $runner --secret TOKEN - <print
	folder=$(jq -r 'select(.type == "build/start").folder' "$out")
	is "$(sed -n 1p "$folder/logs/print.log")" '***' "printed one byte a write a secret is masked ($runner)"
	hasnt "$folder/logs/print.log" "$(printf %s "$value" | cut -c4-12)|$(printf 'xy%s' "$value" | base64 | cut -c8-24)|$(printf 'x%s' "$value" | base64 | cut -c8-24)|$(printf %s "$value" | base64 | cut -c4-20)" \
		"and in base64 wherever it begins, and in titles and links of a terminal ($runner)"
	is "$(jq -c 'select(.type == "log/annotated").note' "$out")" '{"warning":"***"}' "so it is in a note ($runner)"
	is "$(tail -1 "$folder/logs/print.log")" 0 "there is no core dump to have ($runner)"
	ok "and it is in no file ($runner)" nowhere
done

# a plan and what is written of the command line hold names alone
TOKEN=$value run mci-build --plan --secret TOKEN - <specs
is "$(jq -c 'select(.id == "file").secrets' "$out")" '[{"name":"KEYFILE","from":"TOKEN","as":"file"}]' 'a plan names it'
hasnt "$out" 's3cr3t' 'and does not tell it'

bad() {
	printf '%s\n' "{\"id\":\"x\",\"secrets\":$1,\"script\":\"true\"}" | timeout 20 mci-job --progress json >"$out" 2>&1
	like "$(jq -r 'select(.type == "error").text' "$out")" "$2" "$3"
}
bad '[{"name":"A","as":"argument"}]' 'secrets.0..as: expected "env", "file" or "request"' 'there are three ways'
bad '[{"nam":"A"}]' "secrets.0..nam: unknown key; did you mean 'name'" 'a wrong key is named'
bad '["a b"]' "secrets.0.: 'a b' is not a name" 'and a wrong name'
finish
