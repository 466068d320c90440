#!/bin/sh
# The text of a wiring: what is right in it, what is wrong with it and where, and what another one changes.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/supervise-lib.sh"
need jq python3

check() { run mci-supervise --dir "$D" --run "$R" --check wiring; }
# wrong PLACE TEXT: the wiring on standard input is refused, once, there
wrong() {
	cat >wiring
	check
	is "$status,$(cat "$err")" "2,mci-supervise: wiring:$1: $2" "$2"
}

# ---- what is right
printf '\357\273\277# a comment\r\nA=one\r\nb: sh -c "echo \\$HOME \\"$A\\"" ${A}two \\\r\n more\r\n' >wiring
printf "a: echo 'a # b' c#d # e\n\n	# f\n	once\n	env B='x y' # g\nlast: cat" >>wiring
check
is "$status,$(cut -f 2 "$out" | tr '\n' ' ')$(cat "$err")" "0,b a last " "lines of any system, comments, quotes, variables"

cat >wiring <<'END'
A=one
B="$A and two"
all: sh -c 'printf "%s;" "$@"' - $A "$B" '$A' \$A "a\"b" a\ b ${A}s 'a|b' a#b "\$A" '' "" * ~ \
	x $A$A
	once
END
supervise
wait_state all 'done'
is "$(cat "$D/parts/all/1/logs/all.log")" 'one;one and two;$A;$A;a"b;a b;ones;a|b;a#b;$A;;;*;~;x;oneone;' \
	"words are split as a shell does, and nothing but variables is put in"
down

printf 'include default\nmail: mci-events sub test/mail -- true\n' >wiring
check
is "$status,$(cut -f 2 "$out")" "0,$(mci-supervise --print-wiring | sed -n 's/^\([a-z]*\): .*/\1/p')
mail" "a line of one's own behind the default wiring"

# ---- what is wrong, and where
wrong 1:1 "expected: include default" <<'END'
include other
END
wrong 2:1 "there is a part events already" <<'END'
include default
events: true
END
wrong 1:1 "expected NAME: COMMAND, NAME=VALUE, or blanks and a setting" <<'END'
!
END
wrong 1:1 "there is no part in it" <<'END'
# nothing
END
wrong 1:3 "expected a command" <<'END'
a:
END
wrong 2:10 "expected a command" <<'END'
a: true
b: true |
END
wrong 1:4 "a quote (') is not closed" <<'END'
a: 'true
END
wrong 1:9 "there is no variable \$RUNS; did you mean \$RUN?" <<'END'
a: echo $RUNS
END
wrong 2:2 "there is no variable \$X; a \$ is quoted as \\\$ or in '...'" <<'END'
a: echo \
 $X
END
wrong 1:9 "'&' means nothing here, as no shell is started: quote it, or write sh -c '...'" <<'END'
a: true && b
END
wrong 1:2 "a setting below no part: a part begins at the start of a line" <<'END'
 once
END
wrong 2:2 "there is no setting 'afer'; did you mean after?" <<'END'
a: true
 afer b
END
wrong 2:2 "expected: grace DURATION" <<'END'
a: true
	grace
END
wrong 2:8 "'5' is not a duration: write it with its unit, such as 90s, 5m or 1h30m" <<'END'
a: true
	grace 5
END
wrong 3:2 "once is set twice" <<'END'
a: true
	once
	once
END
wrong 2:1 "there is a part a already" <<'END'
a: true
a: true
END
wrong 1:1 "a comes after bse, which is no part; did you mean base?" <<'END'
a: true
	after bse
base: true
END
wrong 1:1 "a comes after b, and b after a" <<'END'
a: true
	after b
b: true
	after a
END
wrong 1:1 "a comes after itself" <<'END'
a: true
	after a
END
wrong 4:9 "the service events is another's already" <<'END'
a: true
	serves events at $RUN/a
b: true
	serves events at $RUN/b
END
wrong 3:9 "unix:$R/a is another part's already" <<'END'
a: true
	socket $RUN/a
	socket $RUN/a
END
wrong 2:19 "expected unix:/PATH or HOST:PORT, found 'a'" <<'END'
a: true
	serves events at a
END
wrong 2:9 "expected: serves NAME at ADDRESS" <<'END'
a: true
	serves events in it all
END
wrong 2:7 "there is no user 'no-such-user'" <<'END'
a: true
	user no-such-user
END
wrong 2:8 "expected NAME=VALUE with NAME as, core, cpu, data, fsize, memlock, nofile, nproc or stack, found 'files=3'" <<'END'
a: true
	limit files=3
END
wrong 2:8 "expected a signal: HUP, INT, QUIT, TERM, USR1 or USR2" <<'END'
a: true
	drain KILL
END
wrong 2:6 "\$READY stands in a command only" <<'END'
a: true
	dir $READY
END
wrong 1:1 "\$DIR is set already" <<'END'
DIR=/tmp
a: true
END
printf 'a: b\001c\n' >control
wrong 1:5 "a control character" <control
printf 'a: (\n	ocne\nb: &\n' >wiring
check
is "$(grep -c '^mci-supervise: wiring:[123]:[0-9]*: ' "$err")" 3 "all that is wrong is said"
head -c 100000 /dev/urandom >wiring
check
is "$status" 2 "garbage is no wiring"
exits 2 "a wiring that is not right is not run" mci-supervise --dir "$D" --run "$R" wiring
exits 125 "nor one that is not there" mci-supervise --dir "$D" --run "$R" nowhere
has "$err" 'nowhere: No such file' "... it says"
ok "the default wiring is one" sh -c 'mci-supervise --print-wiring >wiring && mci-supervise --check wiring'
is "$(find "$R" -type s)" '' "nothing is left"

# ---- another wiring for one that runs
part=$ROOT/tests/fixtures/part
export ORDER="$T/order"
cat >wiring <<END
kept: $part kept ready=\$READY lifeline echo
	serves kept at \$RUN/kept.sock
other: $part other
gone: $part gone
END
supervise
for name in kept other gone; do wait_ready $name; done
pids() { mci status --json | jq -r '"\(.part) \(.pid)"' | sort; }
pids >"$T/before"
cat >wiring <<END
X=x
new: $part new
kept: $part kept ready=\$READY lifeline echo
	serves kept at \$RUN/kept.sock
other: $part other \$X
END
exits 0 "a wiring is compared with the one that runs" mci-supervise --dir "$D" --run "$R" --check wiring
is "$(tr '\t\n' ' ;' <"$out")" "start new;stop gone;restart other;" "... and what would change is said"
is "$(pids)" "$(cat "$T/before")" "... and does not"
exits 0 "mci reload" mci reload
is "$(tr '\t\n' ' ;' <"$out")" "start new;stop gone;restart other;" "... says the same"
gone() { [ "$(mci status | cut -f 1,2 | tr '\t\n' ' ;')" = "new running;kept running;other running;" ]; }
wait_until "it is so" gone && pass "and does it"
is "$(pids | grep kept)" "$(grep kept "$T/before")" "a part with the same lines goes on"
ok "one with others does not" [ "$(pids | grep other)" != "$(grep other "$T/before")" ]
pids >"$T/before"
echo 'wrong' >>wiring
exits 2 "a wiring with something wrong" mci reload
has "$err" 'wiring:6:6: expected NAME: COMMAND' "... is refused with its place"
kill -HUP "$supervisor"
wait_for_line "$T/sup.err" 'wiring:6:6: expected NAME: COMMAND'
is "$(pids)" "$(cat "$T/before")" "... and changes nothing"

# a socket stays over a restart of its part: nobody is refused meanwhile
sed -i '$d' wiring
python3 - "$R/kept.sock" >"$T/asked" <<'END' &
import socket, sys, os
for i in range(2000):
    s = socket.socket(socket.AF_UNIX)
    s.connect(sys.argv[1])
    s.close()
print("all")
END
asking=$!
started="$started $asking"
sed -i 's/kept ready/kept  more ready/' wiring
exits 0 "a part with a socket is started again" mci reload
wait_end $asking
is "$(cat "$T/asked")" all "... and nobody who connects is refused"
wait_ready kept

is "$(stat -c %a "$R/kept.sock")" 600 "a socket is this user's"
pid=$(field kept pid)
sed -i 's/^\(	serves kept.*\)$/\1 mode 0660/' wiring
exits 0 "a socket with another mode" mci reload
is "$(stat -c %a "$R/kept.sock")" 660 "... has it"
kept_again() { is_ready kept && [ "$(field kept pid)" != "$pid" ]; }
wait_until "its part is started again" kept_again

# one that drains has the time that it wants
cat >drains <<'END'
#!/bin/sh
trap 'until [ -e "$1" ]; do sleep 0.05; done; exit 0' HUP
while :; do sleep 0.05; done
END
chmod +x drains
cat >wiring <<END
work: $PWD/drains $T/work-is-done
	drain HUP
END
exits 0 "another wiring" mci reload
is "$(tr '\t\n' ' ;' <"$out")" "start work;stop new;stop kept;stop other;" "... says what goes"
wait_ready work
pid=$(field work pid)
echo '	env A=1' >>wiring
exits 0 "a part that is drained" mci reload
is "$(tr '\t\n' ' ;' <"$out")" "drain work;" "... is told apart"
wait_state work draining
is "$(field work pid)" "$pid" "it goes on while it has work"
touch "$T/work-is-done"
again() { is_state work running && [ "$(field work pid)" != "$pid" ]; }
wait_until "it is started again" again && pass "and is started again when it is done"
rm "$T/work-is-done"
mci reload work 2>/dev/null &
started="$started $!"
wait_state work draining
down
is "$status" 0 "all can be ended meanwhile"
finish
