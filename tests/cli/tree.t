#!/bin/sh
# The tree: one picture of a build, from a stream, a file or its name; live on a terminal.
. "${0%/*}/lib.sh"

build=$XDG_STATE_HOME/mci/builds/local/zlib/7
mkdir -p zlib/.mci "$build/logs"
cd zlib || exit 1
ln -s "$PWD" "${build%/*}/project"
ln -s 7 "${build%/*}/latest"

# event TYPE [MEMBERS]: one event, a second after the one before
second=0
event() {
	second=$((second + 1))
	printf '{"seq":%d,"build":"local/zlib/7","run":1,"type":"%s","time":"2026-11-23T18:00:%02d.000Z"%s}\n' \
		"$second" "$1" "$second" "${2:+,$2}"
}

start() {
	event build/start "\"schema\":1,\"folder\":\"$build\",\"dir\":\"$PWD\",\"definition\":\".mci/build\",\"pid\":1"
}

# job ID STATUS REASON [MEMBERS]: all that happens to it
job() {
	event job/initializing "\"job\":\"$1\",\"attempt\":1"
	event job/start "\"job\":\"$1\",\"attempt\":1,\"pid\":2"
	event job/end "\"job\":\"$1\",\"attempt\":1,\"status\":\"$2\",\"reason\":\"$3\",\"elapsed\":1.5${4:+,$4}"
}

{
	start
	for id in compile unit docs; do event job/pending "\"job\":\"$id\",\"depends-on\":[]"; done
	job compile success exit '"exit":0'
	job unit failure exit '"exit":2'
	event job/end '"job":"docs","attempt":1,"status":"skipped","reason":"unit failed"'
	event build/end '"status":"failure","elapsed":12.5,"exit":1'
} >"$build/events.ndjson"
seq 1 30 | sed 's/^/line /' >"$build/logs/unit.log"
printf 'evil \033[2J\007 \033[31mred\n' >>"$build/logs/unit.log"

# --- the picture ---
run mci tree <"$build/events.ndjson"
is "$status,$(cat "$err")" 1, "a whole stream is shown, and ends as the build did"
has "$out" '^✓ compile +1\.5s$' "a success has its mark and time"
has "$out" '^✗ unit +1\.5s +exit 2$' "a failure has its reason"
has "$out" '^– docs +unit failed$' "what was skipped says why"
has "$out" '^line 12$' "the end of the failed log is shown"
hasnt "$out" '^line 11$' "at most 20 lines of it"
has "$out" '^evil \^\[\[2J\^G red$' "the terminal obeys nothing of it"
is "$(tail -n 2 "$out")" "failure: 1 ok, 1 failed, 1 skipped in 12s
mci log @/unit; mci shell @/unit" "summary and the command for the rest come last"
hasnt "$out" "$(printf '\033')" "a pipe gets no colour"
cp "$out" "$T/picture"
mci tree @ >"$T/named"; ok "a build's name gives the same" cmp "$T/picture" "$T/named"
mci tree "$build/events.ndjson" >"$T/file"; ok "its file too" cmp "$T/picture" "$T/file"
# shellcheck disable=SC2002 # a pipe is what is tested
cat "$build/events.ndjson" | mci tree >"$T/piped"; ok "a pipe too" cmp "$T/picture" "$T/piped"
mci show -f @ >"$T/followed"; ok "and mci show -f" cmp "$T/picture" "$T/followed"
run mci tree --color always @
has "$out" "$(printf '\033')\[31m✗" "--color always colours"
LC_ALL=C run mci tree @
has "$out" '^x unit' "ASCII marks where the locale has no others"
hasnt "$out" '[✓✗–─]' "and nothing else"

sed "s|$build|/nowhere|" "$build/events.ndjson" >moved
exits 0 "without logs it does without" mci tree moved
hasnt "$out" 'line' "no tail then"

# --- what is not whole ---
head -n 6 "$build/events.ndjson" >part
exits 125 "a cut stream is an error" mci tree part
has "$err" "stop before the build's end" "said on stderr"
has "$out" 'compile' "what is there is shown"
exits 125 "an empty one too" mci tree /dev/null
{ head -n 3 "$build/events.ndjson"; echo '{"type":'; echo nonsense; tail -n +4 "$build/events.ndjson"; } >bad
exits 125 "broken lines are an error" mci tree bad
has "$err" '2 lines are no events; the first: line 4: ' "that counts them and names the first"
has "$out" '^failure: 1 ok, 1 failed, 1 skipped' "the stream goes on behind them"

second=0
{ start; job only success exit '"exit":0'; event build/end '"status":"success","elapsed":1.5,"exit":0'; } >one
run mci tree one
is "$(cat "$out")" "✓ only   1.5s" "one job that worked is one line"
second=0
{ job a success exit '"exit":0'; job b failure timeout; } >alone
exits 0 "mci-job's own events are shown too" mci tree alone
is "$(tail -n 1 "$out")" "1 ok, 1 failed" "with a summary without a build"
second=0
{
	start
	job a failure exit '"exit":1,"allowed":true'
	job b error start
	job c failure signal '"signal":9'
	job d success exit '"exit":0,"cached":true'
	event build/end '"status":"error","elapsed":3,"exit":125,"message":"the script died"'
} >many
run mci tree many
has "$out" '^✗ a .*exit 1, allowed$' "an allowed failure says so"
has "$out" '^! b .*not started$' "an error has its own mark"
has "$out" '^✗ c .*SIGKILL$' "signals have names"
has "$out" '^✓ d .*cached$' "so has what was taken from the store"
has "$out" '^error: 1 ok, 1 failed, 1 failed but allowed, 1 error in 3\.0s$' "all are counted"
has "$out" '^the script died$' "and the build's message is shown"

# --- long names ---
if command -v script >/dev/null 2>&1; then
	# on COLUMNS COMMAND: what a terminal of this width gets of it, without colours
	on() {
		timeout "$PATIENCE" script -qec "stty cols $1 rows 40; env TERM=xterm NO_COLOR=1 $2" /dev/null </dev/null |
			sed 's/\r//; s/\x1b\[[0-9]*[AKJ]//g' | sort -u >screen
	}
	long=integration-tests.debian-12-bookworm.clang-16-with-sanitizers
	second=0
	{ start; job "$long.first" success exit; job "$long.other" success exit; job fail failure exit '"exit":7'
		event build/end '"status":"failure","elapsed":3,"exit":1'; } >"$build/long"
	cp "$build/events.ndjson" whole && cp "$build/long" "$build/events.ndjson"
	for what in 'tree @' 'show @'; do
		on 80 "mci $what"
		has screen 'fail .*exit 7$' "mci $what: a long name leaves the other columns on the screen"
		is "$(grep -oE ' integration-t.*….*(first|other) ' screen | sort -u | wc -l)" 2 "mci $what: it keeps both ends"
		is "$(awk 'length($0) > 80' screen)" '' "mci $what: nothing is wider than the terminal"
		LC_ALL=C on 80 "env LC_ALL=C mci $what"
		has screen ' integration-t.*\.\..*first ' "mci $what: with dots where the locale has no ellipsis"
	done
	run mci tree "$build/long"
	has "$out" "^. $long.first " "where there is no edge it is whole"
	cp whole "$build/events.ndjson"
else
	skip 9 "script is not installed"
fi

# --- how it ends ---
# build NAME STATUS EXIT: a build of one job
build() {
	second=0
	{ start; job only "$2" exit; event build/end "\"status\":\"$2\",\"elapsed\":1,\"exit\":$3"; } |
		sed "s|local/zlib/7|$1|"
}
for pair in success,0 failure,1 error,125 canceled,130 failure,124; do
	build local/zlib/7 "${pair%,*}" "${pair#*,}" >one
	exits "${pair#*,}" "standard input: as the build did, $pair" sh -c 'mci tree <one'
	exits "${pair#*,}" "a file with --exit-status: $pair" mci tree --exit-status one
	exits 0 "a file without is shown: $pair" mci tree one
done
{ build a success 0; build b error 125; build c failure 1; build d success 0; } >four
exits 125 "of several builds it is the first that was no success" sh -c 'mci tree <four'
is "$(grep -c " only " "$out")" 4 "each has its own picture"
{ build a success 0; build b success 0; } >two
exits 0 "all well" sh -c 'mci tree <two'
{ build a success 0; build b success 0 | head -n 2; } >two
exits 125 "one that does not end is an error" sh -c 'mci tree <two'
{ build a failure 1; build b success 0 | head -n 2; } >two
exits 1 "unless one before it failed" sh -c 'mci tree <two'
build a success 0 | head -n 4 >part
exits 125 "a stream without the build's end is none of success" sh -c 'mci tree <part'
echo '{"seq":1,"build":"a","run":1,"type":"build/pending","time":"2026-11-23T18:00:00.000Z"}' >part
exits 125 "nor one that never began" sh -c 'mci tree <part'
exits 125 "nor is nothing" sh -c 'false | mci tree'
{ build a success 0; echo nonsense; } >bad
exits 125 "nor one with broken lines" sh -c 'mci tree <bad'
exits 1 "mci-job's own events end as its jobs did" sh -c 'mci tree <alone'
exits 1 "show -f as the build" mci show -f @
exits 1 "also as JSON" mci show -f --json @
is "$(jq -r 'select(.build).status' "$out")" failure "which it shows"
exits 0 "show without -f shows it" mci show @
exits 1 "with --exit-status as the build" mci show --exit-status @
exits 1 "or as a job" mci show --exit-status @/unit
exits 0 "of which another went well" mci show --exit-status @/compile
exits 2 "-f of a job is another command" mci show -f @/unit
has "$err" "mci log -f local/zlib/7/unit" "which is named"
mv "$build/events.ndjson" whole && head -n 6 whole >"$build/events.ndjson"
: >held
background flock "$build" sh -c 'echo held >held; while [ -e held ]; do sleep 0.05; done'
wait_for_line held held
exits 75 "a build that runs is no success yet" mci show --exit-status @
rm held
wait_end "$pid"
exits 125 "one that was killed is an error" mci show --exit-status @
exits 125 "when it is followed too" mci show -f @
mv whole "$build/events.ndjson"

# --- live ---
if command -v tmux >/dev/null 2>&1; then
	server=0
	# a server for each terminal: one that ends must not meet the next one on its socket
	tmux() { timeout "$PATIENCE" tmux -f /dev/null -S "$T/tmux.$server" "$@"; }
	# shellcheck disable=SC2317 # called by wait_until
	screen() { tmux capture-pane -p -t tree >"$T/screen"; grep -Eqe "$1" "$T/screen"; }
	shows() { wait_until "$2" screen "$1" && pass "$2"; }
	live() { # COLUMNS ROWS: a tree that reads the pipe events
		rm -f events && mkfifo events && second=0 server=$((server + 1))
		tmux new-session -d -s tree -x "$1" -y "$2" \
			"exec env -u NO_COLOR PS1='prompt ' TERM=screen PATH='$PATH' sh -i"
		wait_until "a shell on a terminal" screen 'prompt'
		tmux send-keys -t tree 'clear; mci tree <events' Enter
		exec 3<>events
	}
	# what was typed is the shell's, whose terminal is as it was
	over() {
		exec 3>&-
		shows "$1" "$2"
		tmux send-keys -t tree 'stty -a' Enter
		shows '[^-]echo ' "the terminal shows what is typed again"
		tmux kill-server
	}
	printf 'one\nlast words\n' >"$build/logs/a.log"

	live 80 24
	start >&3
	for id in a b c; do event job/queued "\"job\":\"$id\"" >&3; done
	event job/start '"job":"a","attempt":1,"pid":1' >&3
	shows '^● a .* last words' "a running job shows the last line that it printed"
	shows '^○ c +waiting' "what waits is there"
	shows '1 running, 2 waiting' "and counted"
	printf 'newer words\n' >>"$build/logs/a.log"
	shows '^● a .* newer words' "the line is kept up to date"
	tmux resize-window -t tree -x 20 -y 24
	shows '^● a' "a narrow terminal shows it"
	is "$(grep -c '^○ c' "$T/screen")" 1 "once"
	tmux resize-window -t tree -x 80 -y 24
	shows 'newer words' "a wide one again"
	tmux send-keys -t tree C-z
	shows 'topped' "it stops at ^Z"
	tmux send-keys -t tree 'fg' Enter
	wait_until "back" screen 'fg'
	event job/end '"job":"a","attempt":1,"status":"success","elapsed":2' >&3
	shows '^✓ a +2\.0s' "and goes on with fg"
	tmux send-keys -t tree C-c
	event job/end '"job":"b","attempt":1,"status":"canceled","reason":"canceled"' >&3
	shows '^■ b' "^C ends what writes the events, not the tree"
	tmux send-keys -t tree Enter x Enter
	event job/start '"job":"c","attempt":1,"pid":3' >&3
	shows '^● c' "what is typed meanwhile is not shown"
	is "$(grep -c '^✓ a' "$T/screen")" 1 "and leaves no rows behind"
	event build/end '"status":"canceled","elapsed":5,"exit":130' >&3
	over '^canceled: 1 ok, 1 canceled, 1 running in 5\.0s' "the summary stays"

	live 60 10
	start >&3
	i=0
	while [ $((i += 1)) -le 30 ]; do event job/queued "\"job\":\"j$i\""; done >&3
	second=0
	i=0
	while [ $((i += 1)) -le 12 ]; do job "j$i" success exit '"exit":0'; done >&3
	second=40
	job j13 failure exit '"exit":1' >&3
	event job/start '"job":"j14","attempt":1,"pid":1' >&3
	shows '12 ok, 1 failed, 1 running, 16 waiting' "more jobs than rows: what waits is a number"
	is "$(grep -c '^✓' "$T/screen")" 6 "what is done goes up"
	ok "what failed stays with what runs" grep -q '^✗ j13' "$T/screen"
	event build/end '"status":"failure","elapsed":5,"exit":1' >&3
	over '^failure: 12 ok' "then the end"

	# the processes of the terminal's shell
	on_terminal() { pgrep -P "$(tmux display -p -t tree '#{pane_pid}')"; }
	for signal in TERM,143 HUP,129 QUIT,131; do
		live 60 11
		start >&3
		event job/start '"job":"a","attempt":1,"pid":1' >&3
		shows '^● a' "it is live"
		tmux send-keys -t tree C-z
		shows 'topped' "stopped"
		tmux send-keys -t tree 'clear; stty -a; fg; echo status $?' Enter
		shows '[^-]echo ' "while it is stopped the terminal is as it was"
		shows '^● a' "it goes on"
		kill -s "${signal%,*}" "$(on_terminal)"
		over "^status ${signal#*,}" "it dies of SIG${signal%,*}"
	done
else
	skip 24 "tmux is not installed"
fi
# --- what people call a job

cd .. && mkdir -p names && cd names || exit 1
cat >names.yaml <<'END'
- {id: unit, name: "Tests für alle", script: "exit 3"}
- {id: b, script: "true", depends-on: unit, when: always}
END
mci-build --json -f ./names.yaml >events
run mci tree events
is "$(sed 's/ [0-9.]*s / /' "$out" | sed -n '1,2s/  */ /gp')" "✗ Tests für alle exit 3
✓ b 0.0s" "the tree shows a job's name in the place of its id"
has "$out" '^mci log @/unit; mci shell @/unit$' "and the id where it is needed"
is "$(mci show | cut -f 2,4,5 | tail -n 2 | tr '\t' ,)" "unit,exit 3,Tests für alle
b,," "mci show has both"
is "$(mci show --json | jq -r 'select(.job == "unit").name')" "Tests für alle" "also as JSON"

second=0
{
	start
	event job/initializing '"job":"unit","attempt":1'
	event job/start '"job":"unit","attempt":1,"pid":2'
	event command/start '"job":"unit","attempt":1,"command":0,"name":"Compile all","text":"make"'
} >steps
like "$(mci tree steps 2>/dev/null)" 'unit +[0-9]+s +Compile all$' "a running job tells the name of its entry"
event command/start '"job":"unit","attempt":1,"command":1,"text":"make check"' >>steps
like "$(mci tree steps 2>/dev/null)" 'unit +[0-9]+s +\$ make check$' "or its text, when it has none"

finish
