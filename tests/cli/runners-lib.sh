# shellcheck shell=sh
# What every runner keeps: the same job is the same job wherever it runs.

# job RUNNER SPEC: its events are in $out.
job()
{
	run mci-job --progress json --log-dir logs --runner "$1" <<-END
		$2
	END
}
executed()
{
	jq -c "select(.type == \"job/executed\") | $1" "$out"
}

# suite RUNNER: in a folder that is built. $expire is how long a job may take that is to run out of time.
suite()
{
	r=$1
	job "$r" '{"id":"a","script":["echo out; echo err >&2"]}'
	is "$status,$(cat logs/a.log)" "0,$(printf 'out\nerr')" "$r: what it prints is its log"
	is "$(jq -r 'select(.type == "job/start").runner' "$out")" "$r" "$r: job/start names it"
	job "$r" '{"id":"a","script":["exit 7"]}'
	is "$status,$(executed '[.reason,.exit]')" '1,["exit",7]' "$r: its exit status is kept"
	job "$r" '{"id":"a","argv":["no-such-command-here"]}'
	ok "$r: what is not there is no success" test "$status" -ne 0
	like "$(cat "$out" logs/a.log)" 'no-such-command-here' "$r: and is named"
	job "$r" '{"id":"a","argv":["printf","%s,","a b","","$HOME"]}'
	is "$(cat logs/a.log)" 'a b,,$HOME,' "$r: words stay words"
	job "$r" '{"id":"a","env":{"A":"b c\n"},"script":["env"]}'
	like "$(tr '\n' ' ' <logs/a.log)" 'A=b c .*CI=true|CI=true .*A=b c' "$r: it has its environment"
	mkdir -p below
	job "$r" '{"id":"a","dir":"below","script":["pwd"]}'
	is "$(sed 's|^/.*/mci-ssh\.[^/]*/work/|'"$PWD"'/|' logs/a.log)" "$PWD/below" "$r: it begins in its folder"
	rm -f made
	job "$r" '{"id":"a","script":["echo x >made"]}'
	is "$(cat made)" x "$r: what it makes in the workspace stays"
	job "$r" '{"id":"a","stdin":"text","script":["cat"]}'
	is "$(cat logs/a.log)" text "$r: standard input is as the spec says"
	job "$r" '{"id":"a","script":["echo \"V=1\" >>\"$MCI_OUTPUT\""],"finally":["echo W=2 >>$MCI_OUTPUT"]}'
	is "$(executed .outputs)" '{"V":"1","W":"2"}' "$r: outputs come back"
	job "$r" '{"id":"a","script":["echo {\\\"warning\\\":\\\"w\\\"} >>\"$MCI_NOTES\""]}'
	is "$(jq -c 'select(.type == "log/annotated").note' "$out")" '{"warning":"w"}' "$r: notes come back"
	job "$r" '{"id":"a","script":[{"name":"one","run":"echo 1"},{"name":"two","run":"echo 2; exit 4"}]}'
	is "$(jq -c 'select(.type == "command/end") | [.command, .exit]' "$out" | tr '\n' ' ')" '[0,0] [1,4] ' \
		"$r: entries are told apart"
	job "$r" '{"id":"a","shell-per":"line","script":["echo a >$TMPDIR/x || echo a >/tmp/x.$$","exit 3"],"finally":["echo $MCI_EXIT"]}'
	is "$(cat logs/a.log)" 3 "$r: finally knows how the script ended"
	job "$r" '{"id":"a","pty":true,"script":["test -t 1 && test -t 0 && echo tty"]}'
	is "$(tr -d '\r' <logs/a.log)" tty "$r: a pty is one"
	job "$r" '{"id":"a","timeout":"'"${expire:-300ms}"'","script":["trap \"echo bye; exit 3\" TERM; sleep 20 & wait"]}'
	is "$(executed .reason),$(cat logs/a.log)" '"timeout",bye' "$r: it may clean up when its time is over"
	job "$r" '{"id":"a","script":["'"sleep 4321.$$ & setsid sleep 4321.$$ &"' exit 0"]}'
	is "$status,$(pgrep -fc "sleep 4321.$$")" 0,0 "$r: nothing that it starts outlives it"
	big=$(printf '%0200000d' 0)
	job "$r" '{"id":"a","script":["x='"$big"'; echo ${#x}"]}'
	is "$(cat logs/a.log)" 200000 "$r: a script may be long"
}
