# shellcheck shell=sh
# TAP for shell tests. A test is an executable tests/cli/NAME.t that begins with
#
#	#!/bin/sh
#	. "${0%/*}/lib.sh"
#
# and ends with 'finish'. It starts in an empty folder of its own, $T/work, with HOME, TMPDIR and the XDG
# folders below $T, no MCI_* variable, and the programs under test first on the PATH (those of $MCI_BIN, else
# of build/bin). $ROOT is the source tree. At its end everything below $T goes, and what 'background'
# started is killed.
#
#	run COMMAND...              runs it; then $status is its exit status, the files $out and $err what it wrote
#	ok TEXT COMMAND...          passes when COMMAND succeeds, which is not shown
#	is GOT EXPECTED TEXT        passes when they are the same
#	like GOT ERE TEXT           passes when a line of GOT matches; unlike: when none does
#	exits STATUS TEXT COMMAND   runs it like 'run', passes when it exits with STATUS
#	has FILE ERE TEXT           like, for the lines of a file; hasnt: when none matches
#	skip COUNT REASON           counts COUNT tests as skipped
#	need PROGRAM...             skips the whole file unless all are installed
#	sanitized PROGRAM           whether that one of ours was built with SAN=1: it takes memory and time for it
#	background COMMAND...       starts it with output to $out and $err; $pid is its process
#	wait_until TEXT COMMAND...  tries COMMAND until it succeeds; after $PATIENCE s the test TEXT fails
#	wait_for_line FILE ERE      waits until a line of FILE matches (FILE need not be there yet)
#	wait_end PID                waits until the process is gone; its status in $status if it is our child
#	finish                      prints the plan
#
# Nothing sleeps for a fixed time: wait for what you wait for. Text of failed tests goes to stderr as '# ...'.

ROOT=$(cd "$(dirname "$0")/../.." && pwd)
MCI_BIN=${MCI_BIN:-$ROOT/build/bin}
PATIENCE=${PATIENCE:-20}
T=$(mktemp -d "${TMPDIR:-/tmp}/mci-test-XXXXXX") || exit 1
tests=0 failures=0 status=0 pid='' started='' out=$T/out err=$T/err

for name in $(env | sed -n 's/^\(MCI_[A-Z_]*\)=.*/\1/p'); do
	[ "$name" = MCI_BIN ] || unset "$name"
done
unset NO_COLOR CLICOLOR_FORCE MAKEFLAGS MAKELEVEL MFLAGS COLUMNS LINES
export LC_ALL=C.UTF-8 TERM=dumb PATH="$MCI_BIN:$PATH"
export HOME="$T/home" TMPDIR="$T/tmp" XDG_STATE_HOME="$T/state" XDG_RUNTIME_DIR="$T/run"
export XDG_CONFIG_HOME="$T/config" MCI_SUPERVISE_LISTEN="unix:$T/run/http.sock"
mkdir -m 700 "$T/work" "$T/run" && mkdir "$T/home" "$T/tmp" "$T/state" "$T/config" || exit 1
touch "$out" "$err"
cd "$T/work" || exit 1

clean_up() {
	for pid in $started; do
		kill -KILL "$pid" 2>/dev/null
	done
	cd /
	chmod -R u+rwX "$T" 2>/dev/null
	rm -rf "$T"
}
trap clean_up EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

pass() {
	tests=$((tests + 1))
	printf 'ok %d - %s\n' "$tests" "$1"
}

# fail TEXT [FILE...]: with what the files hold
fail() {
	tests=$((tests + 1)) failures=$((failures + 1))
	printf 'not ok %d - %s\n' "$tests" "$1"
	shift
	for file; do
		printf '# %s:\n' "${file##*/}" >&2
		tail -n 20 "$file" | sed 's/^/#   /' >&2
	done
}

run() {
	"$@" >"$out" 2>"$err"
	status=$?
}

ok() {
	text=$1
	shift
	if "$@" >"$T/ok" 2>&1; then pass "$text"; else fail "$text" "$T/ok"; fi
}

is() {
	if [ "$1" = "$2" ]; then
		pass "$3"
	else
		printf '%s\n' "$1" >"$T/got"
		printf '%s\n' "$2" >"$T/expected"
		fail "$3" "$T/got" "$T/expected"
	fi
}

has() {
	if grep -Eqe "$2" -- "$1"; then pass "$3"; else
		printf '# no line matches %s\n' "$2" >&2
		fail "$3" "$1"
	fi
}

hasnt() {
	if grep -Eqe "$2" -- "$1"; then
		printf '# a line matches %s\n' "$2" >&2
		fail "$3" "$1"
	else
		pass "$3"
	fi
}

like() {
	printf '%s\n' "$1" >"$T/text"
	has "$T/text" "$2" "$3"
}

unlike() {
	printf '%s\n' "$1" >"$T/text"
	hasnt "$T/text" "$2" "$3"
}

exits() {
	expected=$1 text=$2
	shift 2
	run "$@"
	if [ "$status" = "$expected" ]; then
		pass "$text"
	else
		printf '# status %s instead of %s\n' "$status" "$expected" >&2
		fail "$text" "$out" "$err"
	fi
}

skip() {
	count=$1
	while [ "$count" -gt 0 ]; do
		tests=$((tests + 1)) count=$((count - 1))
		printf 'ok %d # SKIP %s\n' "$tests" "$2"
	done
}

need() {
	for program; do
		if ! command -v "$program" >/dev/null 2>&1; then
			printf '1..0 # SKIP %s is not installed\n' "$program"
			exit 0
		fi
	done
}

sanitized() { grep -qa __asan_init "$MCI_BIN/$1"; }

background() {
	# at once: whoever waits for a line is not to find one of the program before
	: >"$out"
	: >"$err"
	"$@" >"$out" 2>"$err" &
	pid=$!
	started="$started $pid"
}

wait_until() {
	text=$1 tries=$((PATIENCE * 20))
	shift
	until "$@" >"$T/wait" 2>&1; do
		tries=$((tries - 1))
		if [ "$tries" -le 0 ]; then
			fail "$text" "$T/wait" "$out" "$err"
			return 1
		fi
		sleep 0.05
	done
}

wait_for_line() {
	wait_until "waited for $2 in ${1##*/}" grep -Eqe "$2" -- "$1"
}

is_gone() {
	! kill -0 "$1" 2>/dev/null || grep -q '^State:.Z' "/proc/$1/status" 2>/dev/null
}

wait_end() {
	wait_until "waited for the end of process $1" is_gone "$1" || return 1
	wait "$1" 2>/dev/null
	status=$?
}

finish() {
	printf '1..%d\n' "$tests"
	[ "$failures" = 0 ]
	exit
}
