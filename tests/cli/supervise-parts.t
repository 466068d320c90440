#!/bin/sh
# Parts of a wiring: how each is started, kept, and ended, what is held for it, and what becomes of what waits.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/supervise-lib.sh"
need jq python3 nc
part=$ROOT/tests/fixtures/part
export ORDER="$T/order"
# begun COUNT: so many have begun since the file was emptied
begun() { [ "$(grep -c begins "$ORDER")" = "$1" ]; }
order() { tr '\n' ';' <"$ORDER"; }

# ---- order, and what each finds
cat >wiring <<END
FIXTURE=$part
base: \$FIXTURE base ready=\$READY lifeline echo
	serves base at \$RUN/base.sock
	pause 50ms
middle: \$FIXTURE middle ready=\$READY lifeline
	after base
first: sh -c 'echo first >>"\$ORDER"; env >"$T/env"; cat /proc/self/limits >"$T/limits"; pwd >"$T/pwd"'
	once
	after middle
	env A=1 'B=two words'
	env-file $T/secrets
	limit nofile=77 core=0
	dir $T
own: $part own
END
printf '# secrets\nTOKEN=s3cretvalue\n' >"$T/secrets"
umask 027
supervise --ready-fd 9 9>"$T/up"
wait_until "all are ready" test -s "$T/up"
wait_until "all have begun" begun 3
is "$(head -n 1 "$ORDER"),$(grep -v own "$ORDER" | tr '\n' ';')" "base begins,base begins;middle begins;first;" \
	"parts start when those are ready that they come after, one with nothing said behind the services"
is "$(mci status | cut -f 1-3 | tr '\t\n' ' ;')" \
	"base running true;middle running true;first done true;own running true;" "status, in the order of the wiring"
is "$(mci status --json | jq -r .kind | tr '\n' ' ')" "server server once filter " "and what kind each is of"
is "$(grep -E '^(A|B|TOKEN|MCI_BASE|MCI_SUPERVISE)=' "$T/env" | sort | tr '\n' ';')" \
	"A=1;B=two words;MCI_BASE=unix:$R/base.sock;MCI_SUPERVISE=unix:$R/supervise.sock;TOKEN=s3cretvalue;" \
	"a part has its environment, and where the services are"
has "$T/limits" '^Max open files +77 ' "... its limits"
is "$(cat "$T/pwd")" "$T" "... its folder"
is "$(stat -c %a "$T/pwd")" 640 "... and the umask of who started all"

# ---- what waits is not lost
pid=$(field base pid)
asked() { echo "$1" | timeout "$PATIENCE" nc -NU "$R/base.sock"; }
is "$(asked hello)" "$pid hello" "it serves the socket that is held for it"
kill -KILL "$pid"
is "$(asked again | cut -d ' ' -f 2)" again "who connects while it is away waits, and is served"
is "$(field base restarts)" 1 "it was started again"
is "$(field middle restarts)" 0 "... and nothing else was"

# ---- its own end
: >"$ORDER"
down
is "$status" 0 "down"
is "$(sed -n '3p' "$ORDER")" "base ends" "parts end in the opposite order"
is "$(find "$R" -type s)" '' "... and their sockets are gone"

# ---- the same when the supervisor is killed
supervise
wait_until "all have begun" begun 3
wait_for_line "$ORDER" '^first'
: >"$ORDER"
kill -KILL "$supervisor"
wait_end "$supervisor"
three() { [ "$(grep -c ends "$ORDER")" = 3 ]; }
wait_until "all have ended" three
is "$(sed -n '3p' "$ORDER")" "base ends" "the same when the supervisor is killed"
rm -f "$T/up"
supervise --ready-fd 9 9>"$T/up"
wait_until "a new one goes on where it was" test -s "$T/up"
is "$(asked hello | cut -d ' ' -f 2)" hello "a new supervisor binds the sockets anew"
: >"$ORDER"

# one that is stopped (^Z) ends all the same, and one that does not listen is killed
sed -i 's/own$/own deaf/; s/^own:/own: nice -n 0/' wiring
echo '	grace 300ms' >>wiring
: >"$ORDER"
is "$(mci reload)" "restart	own" "a part with other lines is started again on reload"
wait_until "it has begun" begun 1
wait_ready own
kill -STOP "$(field middle pid)"
: >"$ORDER"
down
is "$(order)" "middle ends;base ends;" "a stopped part ends as well, and one that does not listen is killed"
is "$status,$(left)" "0," "nothing is left"

# ---- a pipeline: what was written waits while its reader is away
cat >counter <<'END'
#!/bin/sh
# writes numbers, one for each line of the FIFO; then waits
exec 3<>"$1"
while read -r n <&3; do echo "$n"; done
END
cat >keeper <<'END'
#!/bin/sh
# appends what it reads to a file; ends with an error at each "die"
while read -r n; do
	case $n in
	die) exit 3 ;;
	*) echo "$n" >>"$1" ;;
	esac
done
END
chmod +x counter keeper
cat >wiring <<END
line: $PWD/counter \$RUN/numbers | $PWD/keeper $T/kept
	fifo \$RUN/numbers
	pause 1500ms
END
supervise
wait_ready line 2
printf '1\n2\ndie\n3\n' >"$R/numbers"
wait_state line pausing 2
is "$(field line reason 2)" "exit 3" "status says why one is away"
printf '4\n5\n' >"$R/numbers"
waits() { [ "$(field line pipe 2)" -ge 3 ]; } # one who was just stopped may have had one
wait_until "bytes wait" waits && pass "what is written meanwhile waits in the pipe, and status says how much"
wait_ready line 2
kept() { [ "$(tail -n 1 "$T/kept")" = "$1" ]; }
wait_until "it goes on" kept 5
is "$(tr '\n' ' ' <"$T/kept")" "1 2 3 4 5 " "... and is read when its reader is back"
pid1=$(field line pid 1)
kill -KILL "$pid1"
wait_ready line 1
is "$(field line restarts 2)" 1 "its reader does not notice that the writer was started again"
# what waits at the end is read before the end
kill -STOP "$(field line pid 2)"
printf '6\n7\n' >"$R/numbers"
wait_until "bytes wait" waits
kill -CONT "$(field line pid 2)"
down
is "$(tail -n 2 "$T/kept" | tr '\n' ' ')" "6 7 " "what waits in a pipe is read before its reader ends"

# and also when the supervisor is killed
supervise
wait_ready line 2
reader=$(field line pid 2)
kill -STOP "$reader"
printf '8\n9\n' >"$R/numbers"
wait_until "bytes wait" waits
kill -KILL "$supervisor"
wait_end "$supervisor"
kill -CONT "$reader"
wait_until "the reader ends" is_gone "$reader"
is "$(tail -n 2 "$T/kept" | tr '\n' ' ')" "8 9 " "... and when the supervisor is killed"

# ---- as another user
if [ "$(id -u)" = 0 ] && id nobody >/dev/null 2>&1; then
	printf '%s\n' "who: sh -c 'echo \"\$(id -un) \$(id -G) \$HOME\"; exec sleep 1000'" '	user nobody' >wiring
	supervise
	told_who() { test -s "$D/parts/who/1/logs/who.log"; }
	wait_until "it says who it is" told_who
	is "$(cat "$D/parts/who/1/logs/who.log")" "nobody $(id -G nobody) $(getent passwd nobody | cut -d : -f 6)" \
		"a part runs as the user that it names, with its groups alone"
	down
	is "$(left)" '' "... and is ended"
else
	skip 2 "this is not root"
fi

# ---- one that never is ready, and those that wait for it
cat >wiring <<END
slow: sleep 1000 \$READY
	grace 100ms
behind: sleep 1000
	after slow
END
supervise
wait_state slow starting
wait_for_line "$T/sup.err" '^mci-supervise: not ready yet: slow behind; .mci status. says why$' &&
	pass "whoever waits for all to be ready is told what is not"
is "$(field behind state),$(field behind reason)" "waiting,waits for slow" "what comes after one that is not ready waits"
run mci status
is "$status" 75 "mci status says that not all is ready"
down
is "$status" 0 "... and all can be ended"

# ---- one that ends again and again
cat >wiring <<END
loop: sh -c 'echo it said this >&2; echo and this; exit 5'
	pause 10ms
	retries 2
once: sh -c 'test -e $T/may && echo done at last'
	once
	pause 10ms
	retries forever
nobody: $PWD/is-not-there
	retries 0
never: sh -c 'exit 4' sh \$READY
	retries 0
END
supervise
wait_state loop failed
is "$(field loop reason),$(field loop restarts)" "exit 5,2" "one that ends again and again has failed, after so many"
has "$T/sup.err" '^mci-supervise: loop: exit 5; again in 10ms$' "each end is told"
is "$(grep -A 1 'loop: exit 5; again' "$T/sup.err" | tail -n 1)" 'mci-supervise: loop: | and this' "... with its last word"
has "$T/sup.err" '^mci-supervise: loop: failed: exit 5, 3 times in a row; its last lines, as in mci log --dir .*/data parts/loop/1:$' \
	"... and that it is given up"
has "$T/sup.err" '^mci-supervise: loop: \| it said this$' "... with what it said"
is "$(mci log --dir "$D" parts/loop/1/loop | sort | uniq -c | sed 's/^ *//' | tr '\n' ';')" "3 and this;3 it said this;" \
	"mci log shows what a part has said"
is "$(mci status --json | jq -c 'select(.part == "loop").lines[-2:]')" '["it said this","and this"]' \
	"status has it as well"
wait_state nobody failed
has "$T/sup.err" 'nobody: \| mci-supervise: /.*/is-not-there: No such file or directory$' "a command that is not there is told"
touch "$T/may"
wait_state once 'done'
exits 125 "mci reload PART of one that fails again" mci reload never
has "$err" 'never has failed' "... says so"
exits 1 "a part that is not there" mci reload lop
has "$err" "there is no part 'lop'; did you mean loop\\?" "... is told with the nearest one"
down
finish
