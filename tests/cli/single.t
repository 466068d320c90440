#!/bin/sh
# The servers of the kit as threads of one process: the same server otherwise.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need git jq strace

# ---- what a wiring becomes
single() { run mci-supervise --dir "$T/data" --single --check wiring; }
cat >wiring <<'END'
mine: cat
	after store
include default
other: mci-events serve --dir $DIR/other --ready-fd $READY
END
single
is "$status,$(cut -f 2 "$out" | tr '\n' ' ')" "0,mine single admin token agent other " \
	"the servers become one part where the first of them stood; a second hub and all others are as they were"
sed -i 's/^include default/api: mci-api/' wiring
printf '\tenv A=1\n' >>wiring
sed -i '/^\tafter/d' wiring
single
is "$(cut -f 2 "$out" | tr '\n' ' ')" "mine single other " "one with an environment of its own is one of the others"
printf '\nsingle # all of them' >>wiring
run mci-supervise --dir "$T/data" --check wiring
is "$(cut -f 2 "$out" | tr '\n' ' ')" "mine single other " "a wiring may say so itself"
printf 'single: cat\napi: mci-api\n' >wiring
single
is "$status,$(cat "$err")" "2,mci-supervise: wiring:1:1: single: there is a part single already" "their name is theirs"
printf 'mine: cat\n' >wiring
single
is "$status,$(cat "$err")" \
	"2,mci-supervise: wiring:1:1: single: no part is a server of the kit that can share a process" "there has to be one"
printf 'mine: cat\n\tafter events\nevents: mci-events serve\nlog: mci-log serve\n\tafter mine\n' >wiring
single
is "$status,$(cat "$err")" "2,mci-supervise: wiring:1:1: mine comes after single, and single after mine" \
	"and nobody between them"

printf 'api: mci-api\nsingle api\n' >wiring
single
is "$status,$(cat "$err")" "2,mci-supervise: wiring:2:8: expected nothing behind 'single'" "it is all or none"

# ---- the command line
exits 2 "a server that is none" mci-single -- mci-log cat
has "$err" "'mci-log cat' is no server that shares a process: expected one of mci-events serve, mci-log serve, " \
	"is told with all that are"
exits 2 "one that is there twice" mci-single -- mci-api -- mci-events serve -- mci-api
has "$err" "mci-api is there twice" "is told"
exits 2 "an option that is none" mci-single -- mci-events serve --keep-sise 1
has "$err" "^mci-events: no option --keep-sise; did you mean --keep-size" "is told by its program"
exits 2 "a folder of one of them alone" mci-single -- mci-events -C / serve
exits 2 "in the place of an option too" mci-single -- mci-api -C /
has "$err" "-C is for the whole process" "is none"
exits 2 "a value that is wrong" mci-single -- mci-events serve --mode 0999
has "$err" "^mci-single: mci-events: --mode: expected an octal mode" "is told before anything starts"
exits 2 "a socket that is handed over for nobody here" \
	sh -c 'LISTEN_PID=$$ LISTEN_FDS=2 LISTEN_FDNAMES=events:hub exec mci-single -- mci-events serve'
has "$err" "the socket at descriptor 4 is for 'hub', which is no service here$" "is told by its name"

# ---- the same builds leave the same events
echo 'include default' >"$T/all"
script() {
	cat <<'END'
{"id":"compile","script":["echo compiling"]}
{"id":"test","script":["wc -l <.mci/specs"],"depends-on":["compile"]}
{"id":"bad","script":["echo said; exit 3"]}
{"id":"behind","script":["true"],"depends-on":["bad"]}
END
}
# builds NAME: two, whose events go to NAME.1 and NAME.2
builds() {
	mci call -a "$api" org/put name=acme >/dev/null
	mci call -a "$api" repo/put org=acme name=zlib url="$PWD/zlib" main=main >/dev/null
	mci trigger --wait acme/zlib
	mci trigger --wait acme/zlib
	for n in 1 2; do
		mci call -a "$api" build/events build="acme/zlib/$n" | grep -v '"type":"eof"' >"$1.$n"
		mci log "acme/zlib/$n/test" "acme/zlib/$n/bad" >"$1.$n.log"
	done
}
parts() { mci status --json | jq -r '.part + " " + .state + " " + (.ready | tostring)' | tr '\n' ','; }
memory() { mci status --json | jq -s '[.[] | select(.part | IN("events", "log", "store", "api", "single")).memory] | add / 1024 | floor'; }
up "$T/all" || exit 1
script | project zlib
builds processes
apart=$(memory)
down
mv "$T/data" "$T/apart"
UP=--single
up "$T/all" || exit 1
is "$(parts)" "single running true,admin done true,token done true,agent running true," "mci status shows one part for all of them"
is "$(mci-supervise --dir "$T/data" --check "$T/all" | sort | tr '\t\n' ' ,')" \
	"start api,start blob,start events,start log,start store,stop single," "--check shows what it would be without"
is "$(mci-supervise --dir "$T/data" --check --single "$T/all")" "" "... and that nothing would change with it"
builds single
for n in 1 2; do
	exits 0 "build $n leaves the same events in one process" mci-events diff "processes.$n" "single.$n"
	ok "... and the same logs" cmp "processes.$n.log" "single.$n.log"
done
is "$(jq -s 'length > 10 and .[-1].type == "build/end"' single.1)" true "... all of them"
ok "... nor is a log of them that differs taken for the same" \
	sh -c 'sed s/compile/complie/ single.1 >other; ! mci-events diff single.1 other'

# ---- what it costs when nobody asks anything
pid=$(mci status --json | jq 'select(.part == "single").pid')
if sanitized mci-single; then
	skip 1 "memory is not measured with a sanitizer"
elif ! cat "/proc/$pid/smaps" >smaps 2>/dev/null; then
	skip 1 "only root may look into it"
else
	# pages of libraries count by how many other processes have them: sqlite, libcrypto and libmicrohttpd with
	# what that needs have 4 to 7 MB (tests/bench/api.sh idle measures them alone), which no bound of ours can hold
	together=$(memory)
	own=$(awk '/^[0-9a-f]+-/ { library = $6 ~ /\.so/ } /^Pss:/ && !library { n += $2 } END { print n }' smaps)
	ok "idle it has less than 3.5 MB but for libraries: $own of $together KiB in one process, $apart KiB in four" \
		test "$own" -gt 0 -a "$own" -lt 3584
fi
is "$(find "/proc/$pid/task" -name comm -exec cat {} + | sort -u | tr '\n' ' ')" \
	"api blob events log mci-single store " "each service has a thread, by its name"
down
is "$(pgrep -f "$T/data")" "" "down leaves nothing"
is "$(find "$T/run/mci" -type s)" "" "... no socket either"

# ---- idle, without an agent
# quiet: two seconds without a system call
quiet() {
	timeout -s INT 2 strace -f -qq -c -o "$T/calls" -p "$pid" >"$T/said" 2>&1
	[ $? = 124 ] || echo "strace ended" >>"$T/said"
	! [ -s "$T/calls" ]
}
if strace -o /dev/null true 2>/dev/null; then
	up
	pid=$(mci status --json | jq 'select(.part == "single").pid')
	# what the start has left to do may be done meanwhile
	for _ in 1 2 3; do quiet && break; done
	is "$(cat "$T/calls" "$T/said")" "" "nobody wakes it up when it has nothing to do"
	down
else
	skip 1 "strace may not trace here"
fi

# ---- killed while a build runs; its jobs talk with this test by files
mci-supervise --print-wiring | sed 's/^agent: mci-agent/& --runner host/' >"$T/host"
echo "{\"id\":\"hold\",\"script\":[\"echo before; : >$T/began; while ! [ -e $T/gate ]; do sleep 0.05; done; echo after\"]}
{\"id\":\"then\",\"script\":[\"true\"],\"depends-on\":[\"hold\"]}" >slow.specs
up "$T/host" || exit 1
project slow <slow.specs
mci trigger acme/slow >/dev/null
wait_until "it runs" test -e "$T/began"
is "$(mci trigger acme/slow)" acme/slow/2 "one more is accepted"
pid=$(mci status --json | jq 'select(.part == "single").pid')
kill -KILL "$pid"
is "$(mci trigger acme/slow)" acme/slow/3 "who asks while it is away waits, and is answered"
touch "$T/gate"
for n in 1 2 3; do
	exits 0 "build $n, accepted before or after it was killed, ends well" mci wait "acme/slow/$n"
	is "$(mci call -a "$api" build/events build="acme/slow/$n" | jq -s '[.[] | select(.type == "build/end")] | length')" 1 \
		"... once"
	is "$(mci log "acme/slow/$n/hold" | tr '\n' ' ')" "before after " "... and its log is whole"
done
is "$(mci status --json | jq 'select(.part == "single").restarts')" 1 "it came back"
is "$(mci status --json | jq 'select(.part == "agent").restarts')" 0 "... and the agent noticed nothing"
down

# ---- one that fails, and the order of their end; the leak checker cannot work below strace
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"
unset MCI_API
mkfifo ready
# all_of OPTION...: all four below strace, with those options; $pid, and $inner is the process
all_of() {
	strace -f -qq -o "$T/trace" "$@" mci-single --ready-fd 4 -- mci-events serve --dir hub -l ./hub.sock \
		-- mci-log serve --dir logs -l ./log.sock -- mci-store serve --dir store -l ./store.sock \
		-- mci-api -l ./mci.sock 4>ready >"$out" 2>"$err" &
	pid=$!
	started="$started $pid"
	read -r _ <ready
	inner=$(pgrep -P "$pid" -x mci-single)
}
if strace -o /dev/null true 2>/dev/null; then
	all_of -Y -e trace=exit
	mci call -a ./mci.sock org/put name=acme >/dev/null
	kill -TERM "$inner"
	wait_end "$pid"
	is "$status" 0 "told to stop it ends well"
	is "$(sed 's/^[0-9]*<\([a-z]*\)>.*/\1/' "$T/trace" | uniq | tr '\n' ' ')" "api store log events " \
		"the door first, and the hub last"
	is "$(ls -- *.sock 2>/dev/null),$(cat "$err")" "," "... with nothing left and nothing said"

	all_of -e trace=fdatasync -e inject=fdatasync:error=EIO
	mci-events pub -a ./hub.sock --sync disk deploy/done >"$T/said" 2>&1
	wait_end "$pid"
	is "$status" 125 "one that fails ends all"
	has "$err" "^mci-events: hub: .*: Input/output error$" "it says why"
	has "$err" "^mci-single: mci-events has ended with [0-9]*, and so do all others$" "and is named"
	rm -f -- *.sock
else
	skip 6 "strace may not trace here"
fi
mkdir -p store && echo 'no database' >store/store.db
run mci-single -- mci-events serve --dir hub -l ./hub.sock -- mci-store serve --dir store -l ./store.sock
is "$status" 125 "one that cannot start ends all"
has "$err" "^mci-store: .*store.db" "it says why"
has "$err" "^mci-single: mci-store has ended with" "and is named"
finish
