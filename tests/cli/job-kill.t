#!/bin/sh
# Nothing that a job started outlives it, however it or mci-job ends.
. "${0%/*}/lib.sh"
need jq pgrep setsid

field() {
	jq -rs "$1" "$out"
}
# What this test alone starts is known by its name.
sleeper=sleep-$$
cp "$(command -v sleep)" "$T/$sleeper"
PATH=$T:$PATH
count() {
	[ "$(pgrep -cx "$sleeper")" = "$1" ]
}
gone() {
	count 0
}
# Two leave the session, one of them orphaned.
leave="$sleeper 300 & setsid $sleeper 300 & (setsid $sleeper 300 &)"

echo "{\"id\":\"left\",\"script\":\"$leave\"}" >specs
run mci-job --log-dir logs <specs
is "$(field 'last | [.reason, .exit] | join(" ")')" 'exit 0' 'a job that leaves processes behind ends'
ok 'and they are gone' gone
printf '%s\n' "{\"id\":\"left\",\"script\":\"$leave\"}" \
	"{\"id\":\"other\",\"script\":\"until grep -q job/execute[d] '$out'; do sleep 0.01; done\"}" >specs
run mci-job -j2 --log-dir logs <specs
is "$(field 'map(select(.type == "job/executed")) | map(.job) | join(" ")')" 'left other' \
	'also while another job runs: they are known by their token'
ok 'and gone' gone
echo "{\"id\":\"lines\",\"shell-per\":\"line\",\"script\":[\"$sleeper 300 &\",\"pgrep -cx $sleeper\"]}" >specs
run mci-job --log-dir logs <specs
is "$(cat logs/lines.log)" 1 'what an entry leaves behind lives for the next entry'
ok 'and is gone at the end' gone

# times_out SCRIPT: runs it with a timeout that it reaches with its traps set, which a busy machine may take longer
# for: it says "ready" then
times_out() {
	echo "{\"id\":\"t\",\"script\":\"$1\"}" >specs
	for limit in 300ms 3s 30s; do
		run mci-job --log-dir logs --timeout "$limit" <specs
		! grep -qx ready logs/t.log || break
	done
}
times_out "trap : TERM; $leave; echo ready; $sleeper 300 || echo \$?"
is "$status $(field 'last | .reason')" '1 timeout' 'a timeout'
ok 'ends all of it' gone
is "$(tail -n 1 logs/t.log)" 143 'by TERM, at once'
times_out "trap 'echo cleaning; exit 0' TERM; echo ready; while :; do sleep 0.05; done"
is "$(tail -n 1 logs/t.log) $(field 'last | .reason')" 'cleaning timeout' 'a job may clean up; it stays a timeout'
times_out "trap '' TERM; echo ready; setsid $sleeper 300 & $sleeper 300"
is "$(field 'last | [.reason, .elapsed > 4.9] | map(tostring) | join(" ")')" 'timeout true' \
	'what ignores TERM is killed, and not before 5 s'
ok 'also what left the session' gone

mkfifo to
start() {
	mci-job -j2 --log-dir logs <to >"$out" 2>"$err" &
	pid=$!
	started="$started $pid"
	exec 8>to
	printf '%s\n' "{\"id\":\"a\",\"script\":\"$leave; $sleeper 300\"}" \
		"{\"id\":\"b\",\"argv\":[\"$sleeper\",\"300\"]}" >&8
	wait_until 'five sleep' count 5
	worker=$(pgrep -P "$pid")
}
end() {
	wait_end "$pid"
	exec 8>&-
}

start
kill -KILL "$worker"
wait_until 'kill -9 of the worker leaves nothing' gone && pass 'kill -9 of the worker leaves nothing'
end
is "$status" 125 'the keeper says 125'
has "$err" 'killed by signal 9' 'and why'

start
kill -KILL "$pid"
wait_until 'kill -9 of the keeper leaves nothing' gone && pass 'kill -9 of the keeper leaves nothing'
wait_until 'the worker ends too' is_gone "$worker" && pass 'the worker ends too'
end

# cancels SIGNAL STATUS
cancels() {
	start
	kill "-$1" "$pid"
	end
	is "$status" "$2" "$1 cancels: $2"
	ok "$1 leaves nothing" gone
	is "$(field 'map(select(.type == "job/executed")) | map(.job + " " + .reason) | sort | join(",")')" \
		'a canceled,b canceled' "$1: the jobs are canceled"
}
cancels TERM 143
cancels HUP 129

start
echo '{"jsonrpc":"2.0","id":"c1","method":"job/cancel","params":{"job":"b"}}' >&8
wait_for_line "$out" '"job":"b".*"canceled"'
has "$out" '^\{"jsonrpc":"2.0","id":"c1","result":\{\}\}$' 'job/cancel is answered'
ok 'the other job goes on' count 4
echo '{"jsonrpc":"2.0","id":2,"method":"job/cancel","params":{"job":"zz"}}' >&8
wait_for_line "$out" '"id":2,"error":\{"code":-32000,.*zz'
echo '{"jsonrpc":"2.0","id":3,"method":"job/cancel","params":{"jobs":1}}' >&8
wait_for_line "$out" '"id":3,"error":\{"code":-32602,.*jobs'
echo '{"jsonrpc":"2.0","id":4,"method":"job/dance"}' >&8
wait_for_line "$out" '"id":4,"error":\{"code":-32601'
echo '{"jsonrpc":"2.0","id":5,"method":"job/cancel","params":{"job":"a"}}' >&8
exec 8>&-
wait_end "$pid"
is "$status" 1 'canceled by request alone is a failure'
ok 'and leaves nothing' gone

printf '%s\n' "{\"id\":\"run\",\"argv\":[\"$sleeper\",\"300\"]}" '{"id":"wait","script":"true"}' \
	'{"jsonrpc":"2.0","id":1,"method":"job/cancel","params":{"job":"wait"}}' \
	'{"jsonrpc":"2.0","id":2,"method":"job/cancel","params":{"job":"run"}}' >specs
run mci-job -j1 --log-dir logs <specs
is "$(field 'map(select(.type == "job/executed")) | map(.job + " " + .reason) | sort | join(",")')" \
	'run canceled,wait canceled' 'a job that waits can be canceled'

# the reader of the events leaves
echo "{\"id\":\"a\",\"script\":\"$leave; $sleeper 300\"}" >specs
{
	mci-job --log-dir logs <specs 2>"$err"
	echo "$?" >code
} | head -n 1 >"$out"
is "$(cat code)" 141 'a caller that closes standard output cancels all: 141'
ok 'and nothing is left' gone

# ^Z
is_stopped() {
	grep -q '^State:.T' "/proc/$1/status"
}
all_stopped() {
	for p in $(pgrep -x "$sleeper"); do
		is_stopped "$p" || return 1
	done
}
runs_again() {
	! is_stopped "$worker" && ! all_stopped
}
start
kill -TSTP "$pid"
wait_until 'the worker stops' is_stopped "$worker"
ok 'TSTP stops the jobs, also what left their session' all_stopped
kill -CONT "$pid"
kill -CONT "$worker"
wait_until 'CONT continues them' runs_again && pass 'CONT continues them'
kill -TERM "$pid"
end
ok 'nothing is left' gone
# a process that became another user's
if [ "$(id -u)" = 0 ] && command -v setpriv >/dev/null; then
	nobody() {
		setpriv --reuid=65534 --regid=65534 --clear-groups env XDG_RUNTIME_DIR="$T/nobody" "$@"
	}
	cp "$(command -v setpriv)" become
	chmod 4755 become
	chmod 755 "$T"
	mkdir -m 700 "$T/nobody"
	chown 65534 "$T/nobody" .
	root='./become --reuid=0 --clear-groups'
	printf '%s\n' "{\"id\":\"s\",\"script\":[\"$root setsid $sleeper 300 & while ! pgrep -x $sleeper; do :; done\"]}" \
		"{\"id\":\"other\",\"script\":[\"until grep -q job/execute[d] '$out'; do sleep 0.01; done\"]}" \
		'{"id":"last","argv":["true"]}' >specs
	if nobody ./become --reuid=0 --clear-groups true 2>/dev/null; then
		nobody mci-job -j2 <specs >"$out" 2>"$err"
		is "$(field 'map(select(.type == "job/executed") | .job) | [.[0], length] | tojson') $(pgrep -cx "$sleeper")" \
			'["s",3] 1' 'what may not be killed holds no job up'
		has "$err" "process [0-9]+ .$sleeper. could not be killed" 'and is named at the end'
		pkill -x "$sleeper"
		echo "{\"id\":\"s\",\"timeout\":\"100ms\",\"script\":\"exec $root $sleeper 300\"}" >specs
		nobody mci-job <specs >"$out" 2>"$err"
		is "$(field 'last | .reason')" timeout 'nor is it waited for after a timeout'
		like "$(field 'last | .error')" "process [0-9]+ .$sleeper. could not be killed" 'the event says so'
		pkill -x "$sleeper"
		wait_until 'it is gone' gone
	else
		skip 4 'setuid programs do not work here'
	fi
else
	skip 4 'needs root and setpriv'
fi
ok "nor among the sockets" sh -c '! ls "$XDG_RUNTIME_DIR"/mci/job-* 2>/dev/null'
finish
