#!/bin/sh
# The supervisor in its surroundings: logs of parts, terminals, the service manager, containers, and its sudden end.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/supervise-lib.sh"
need jq python3

# ---- what parts say is kept, masked and bounded
printf 'TOKEN=s3cret-value\n' >"$T/secrets"
cat >wiring <<END
says: sh -c 'echo "the token is \$TOKEN"; echo "and on stderr \$TOKEN" >&2; exec sleep 1000'
	env-file $T/secrets
much: sh -c 'yes "0123456789 0123456789 0123456789 0123456789 0123456789 0123456789" \\
	| head -n 140000; echo the end >&2; exec sleep 1000'
END
supervise
said() { mci log --dir "$D" parts/says/1/says >"$T/said" && [ "$(wc -l <"$T/said")" = 2 ]; }
wait_until "it has said all" said
is "$(cat "$T/said")" 'the token is ***
and on stderr ***' "values of an environment file are masked in what a part says"
hasnt "$D/parts/says/1/logs/says.log" s3cret "... before it is stored"
ended() { mci log --dir "$D" parts/much/1/much | tail -n 1 | grep -qx 'the end'; }
wait_until "all was said" ended && pass "the last log has what was said last"
is "$(find "$D/parts/much/1/logs" -name '*.log' | wc -l)" 4 "four logs of a part are kept"
is "$(find "$D/parts/much/1/logs" -name '*.log' -size +1500k)" '' "... of a bounded size"
mci log -f --dir "$D" parts/says/1/says >"$T/followed" &
follower=$!
started="$started $follower"
wait_until "it is followed" test -s "$T/followed"
down
wait_end $follower
is "$status" 0 "mci log -f follows a part until it has ended"

# a disk that is full holds no part up
cat >full.sh <<'END'
mkdir small && mount -t tmpfs -o size=200k tmpfs small || exit 9
mci-supervise --dir small/data --run "$1" wiring 2>"$2" &
head -c 300000 /dev/zero >small/fill 2>/dev/null
touch filled
until [ -e "$3/went-on" ]; do sleep 0.05; done
rm small/fill
until grep -q tick small/data/parts/says/1/logs/says.log; do sleep 0.05; done
grep -c 'bytes are missing here' small/data/parts/says/1/logs/says.log >"$3/is-back"
wait
END
cat >wiring <<END
says: sh -c 'until [ -e $PWD/filled ]; do sleep 0.01; done; yes | head -c 900000; echo >$T/went-on; while sleep 0.1; do echo tick; done'
END
if unshare -rm true 2>/dev/null; then
	unshare -rm sh full.sh "$R" "$T/sup.err" "$T" &
	supervisor=$!
	started="$started $supervisor"
	wait_until "it goes on" test -e "$T/went-on" && pass "a part whose log takes no more goes on"
	is "$(grep -c 'No space left' "$T/sup.err")" 1 "... and that is told, once"
	wait_until "its log goes on" test -s "$T/is-back"
	is "$(cat "$T/is-back")" 1 "when there is room again its log goes on, and says what is missing"
	down
else
	skip 3 "no tmpfs can be mounted here"
fi

# ---- nothing of what parts start is left
cat >wiring <<END
leaves: sh -c 'setsid -f sleep 4242; (sleep 4243 &); exec sleep 4244'
deaf: sh -c 'trap "" TERM; while :; do sleep 0.1; done'
END
supervise
strays() { [ "$(left | wc -l)" -ge 4 ]; }
wait_until "it leaves something behind" strays
mci down &
started="$started $!"
wait_state deaf stopping
kill -TERM "$supervisor"
wait_end "$supervisor"
is "$status,$(left)" "0," "what parts leave behind is gone, and who asks twice does not wait"

# ---- the service manager
cat >wiring <<END
a: sh -c 'env >$T/env; echo >&\$0; exec sleep 1000' \$READY
END
cat >listen.py <<'END'
import socket, sys
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
s.bind(sys.argv[1])
while True:
    print(s.recv(4096).decode().split("\n")[0], flush=True)
END
python3 listen.py "$T/notify" >>"$T/notified" &
listener=$!
started="$started $listener"
wait_until "the manager listens" test -S "$T/notify"
NOTIFY_SOCKET=$T/notify WATCHDOG_USEC=200000 supervise
wait_for_line "$T/notified" READY=1
pass "a service manager is told when all is ready"
hasnt "$T/env" 'NOTIFY|WATCHDOG' "... and the parts are not to"
watched() { [ "$(grep -c WATCHDOG=1 "$T/notified")" -ge 3 ]; }
wait_until "the watchdog" watched && pass "... and that all is well"
: >"$T/notified"
kill -HUP "$supervisor"
wait_for_line "$T/notified" READY=1
is "$(grep -v WATCHDOG "$T/notified" | tr '\n' ' ')" "RELOADING=1 READY=1 " "... that it reloads"
down
wait_for_line "$T/notified" STOPPING=1 && pass "... and stops"
kill "$listener"

# ---- the first process of a container
cat >wiring <<'END'
orphans: sh -c 'for i in 1 2 3 4 5; do sh -c "sleep 0.01 &"; done; sleep 0.3; ps -o stat= -e | grep -c Z; exec sleep 1000'
END
if unshare -rpf --mount-proc true 2>/dev/null; then
	unshare -rpf --mount-proc mci-supervise --dir "$D" --run "$R" wiring >"$T/sup.out" 2>"$T/sup.err" &
	started="$started $!"
	supervisor=$!
	counted() { test -s "$D/parts/orphans/1/logs/orphans.log"; }
	wait_until "it counts" counted
	is "$(cat "$D/parts/orphans/1/logs/orphans.log")" 0 "as process 1 it reaps what others leave behind"
	down
	is "$status" 0 "... and ends"
else
	skip 2 "no pid namespace can be made here"
fi

# ---- killed, and started again at once
unset MCI_SUPERVISE
background mci up
first=$pid
wait_for_line "$out" '^mci is up'
events=$XDG_RUNTIME_DIR/mci/events.sock
mci post -a "$events" test/one >/dev/null
members=$(mci status --json | jq -r '.pid // empty')
kill -KILL "$first"
background mci up
wait_for_line "$out" '^mci is up' && pass "a server whose supervisor was killed is up again at once"
is "$(cat "$err")" '' "... without a word of complaint"
for member in $members; do wait_until "nothing of the one before is left" is_gone "$member"; done
mci events sub -a "$events" --from start --count 1 test/one >"$T/one"
has "$T/one" test/one "... with all that it had"
mci down
wait_end "$pid"

# each part on its own: it comes back, and who was connected goes on
background mci up
wait_for_line "$out" '^mci is up'
server=$pid
mci events sub -q --from now 'test/*' >"$T/heard" 2>/dev/null &
listener=$!
started="$started $listener"
heard() { mci post -a "$events" "test/n$1" >/dev/null 2>&1; sleep 0.01; grep -q "test/n$1\"" "$T/heard"; }
wait_until "it hears" heard 0
for name in $(mci status --json | jq -r 'select(.kind == "server").part'); do
	pid=$(field "$name" pid)
	kill -KILL "$pid"
	back() { is_ready "$name" && [ "$(field "$name" pid)" != "$pid" ]; }
	wait_until "$name is back" back && pass "$name is killed, and is back"
done
wait_until "it hears again" heard 9 && pass "who listened goes on"
kill "$listener"

# ---- a terminal
mci down
wait_end "$server"
if command -v tmux >/dev/null 2>&1; then
	tmux() { timeout "$PATIENCE" tmux -f /dev/null -S "$T/tmux" "$@"; }
	# shellcheck disable=SC2317 # called by wait_until
	screen() { tmux capture-pane -p -t up >"$T/screen"; grep -Eqe "$1" "$T/screen"; }
	tmux new-session -d -s up -x 90 -y 20 "exec env PS1='prompt ' sh -i"
	wait_until "a shell on a terminal" screen prompt
	tmux send-keys -t up 'mci up; echo "status $?"' Enter
	wait_until "mci up on a terminal" screen '^mci is up'
	members=$(mci status --json | jq -r '.pid // empty')
	tmux send-keys -t up C-c
	wait_until "^C" screen '^(\^C)?status [0-9]' && has "$T/screen" 'status 0$' "^C on a terminal ends it"
	left=''
	for member in $members; do is_gone "$member" || left="$left $member"; done
	is "$left" '' "... and leaves nothing"
	# shellcheck disable=SC2317 # called by wait_until
	cleared() { ! screen '^mci is up'; }
	tmux send-keys -t up clear Enter
	wait_until "an empty screen" cleared
	tmux send-keys -t up 'mci up' Enter
	wait_until "mci up on a terminal" screen '^mci is up'
	members=$(mci status --json | jq -r '.pid // empty')
	tmux kill-server
	for member in $members; do wait_until "a part ends" is_gone "$member"; done
	pass "it ends with its terminal"
else
	skip 3 "tmux is not installed"
fi
finish
