#!/bin/sh
# mci shell: a shell where a job of a build ran, at a terminal.
. "${0%/*}/lib.sh"
need jq tmux

cat >specs <<'J'
{"id":"host","runner":"host","env":{"WORD":"from-the-spec"},"dir":"below","secrets":["TOKEN"],"script":["touch made","false"]}
{"id":"boxed","runner":"sandbox","env":{"WORD":"in-the-box"},"script":"false"}
J
mkdir below
printf '#!/bin/sh\nexec cat chain\n' >chain.sh
chmod +x chain.sh
opened=0
TOKEN=s3cr3t-value run mci-build --json --secret TOKEN - <specs
is "$(jq -r 'select(.type == "job/end" and .job == "host").reason' "$out")" exit 'a job failed'

# type TEXT: at the terminal
terminal() {
	tmux -L "mci-$$-$opened" -f /dev/null "$@"
}
type_in() {
	terminal send-keys -t shell "$1" Enter
}
screen() {
	terminal capture-pane -p -J -t shell
}
shows() {
	screen | grep -Eq -e "$1"
}
# sees TEXT ERE: a line of the screen, when it is there
sees() {
	wait_until "$1" shows "$2" && pass "$1"
}
# opened COMMAND: at a terminal of its own, which then tells how it ended
opened() {
	terminal kill-server 2>/dev/null
	opened=$((opened + 1))
	terminal new-session -d -s shell -x 120 -y 30 "$1; echo ended with \$?; exec sleep 60"
	wait_until "the shell of $1 opens" shows '[$#] *$'
}
trap 'terminal kill-server 2>/dev/null; clean_up' EXIT

opened 'mci shell @/host'
type_in 'echo "<$WORD $MCI_JOB_ID ${TOKEN-no secret}>"; basename "$PWD"; ls; stty size'
sees 'it has the environment of the job, and no secrets' '^<from-the-spec host no secret>$'
sees 'works in its folder, with what it left' '^made$'
sees 'at a terminal of the same size' '^30 120$'
type_in 'sleep 100'
wait_until 'the command runs' shows 'sleep 100'
terminal send-keys -t shell C-c
type_in 'echo still "here"'
sees '^C ends the command in it, and not the shell' '^still here$'
type_in 'exit 7'
sees 'it ends as the shell does' '^ended with 7$'
opened 'TOKEN=asked-for mci shell -e TOKEN @/host'
type_in 'echo "<$TOKEN>"'
sees 'a secret comes only by -e' '^<asked-for>$'

if command -v bwrap >/dev/null && timeout 20 mci-job --sandbox -- true 2>/dev/null; then
	opened 'mci shell @/boxed'
	type_in 'echo "<$WORD $HOME>"; ls -d /root /home/build'
	sees 'the shell of a sandboxed job is in the same sandbox' '^<in-the-box /home/build>$'
	type_in 'exit'
	sees 'and ends' '^ended with [02]$'
else
	skip 2 'no sandbox here'
fi
# --break
cat >chain <<'J'
{"id":"first","script":"echo one >made-by-first"}
{"id":"second","depends-on":["first"],"env":{"WORD":"second"},"script":"exit 3"}
{"id":"third","depends-on":["first"],"script":"touch never"}
J
opened 'mci-build --runner host --break second -f ./chain.sh'
type_in 'echo "<$WORD>"; ls'
sees 'a build stops behind a job and opens its shell' '^<second>$'
sees 'where it worked' 'made-by-first'
ok 'and nothing that was not asked for has run' test ! -e never
type_in 'exit'
sees 'its end is that of the build' '^ended with 1$'
terminal kill-server 2>/dev/null

exits 2 'without a terminal there is nothing to type at' mci shell @/host </dev/null
has "$err" 'standard input is no terminal' 'which it says'
echo '{"id":"one","script":"false"}' | mci-build --json - >events 2>/dev/null
run mci tree events
has "$out" 'mci log .*/one; mci shell .*/one$' 'at the end of a failed job stands how to look into it'
has "$out" '^mci rerun local/work/[0-9]+ --from one$' 'and how to have it again'
mkdir -p again/.mci
printf '#!/bin/sh\necho %s\n' "'{\"id\":\"one\",\"params\":[\"P\"],\"script\":[\"echo \$P; exit 3\"]}'" >again/.mci/build
chmod +x again/.mci/build
(
	cd again || exit
	mci run --json -p "P=it's \$HOME" >events
	jq -r 'select(.type == "job/end").reproduce' events >again.sh
	sh -c "$(cat again.sh)" >events 2>/dev/null
)
is "$(cat again/again.sh)" "mci run '--param=P=it'\\''s \$HOME' one" 'the command is one that a shell takes'
is "$(jq -r 'select(.type == "job/end") | .job + " " + .status' again/events)" 'one failure' 'and does what it says'
mci-build --runner host --json --break failed ./chain.sh >events 2>"$err" </dev/null
has "$err" 'stopped at second: mci shell local/work/[0-9]+/second$' 'without a terminal --break says how to get there'
ok 'and has started nothing behind a failure' test "$(jq -r 'select(.type == "job/start" and .job == "second").job' events)" = second
exits 2 'it is a job, or what was asked for' mci-build --break second ./chain.sh first
finish
