# shellcheck shell=sh
# For tests with a supervisor, behind lib.sh. Its data is in $D, its sockets in $R, its wiring in the file wiring.

D=$T/data R=$T/sockets
mkdir -m 700 "$R"
export MCI_SUPERVISE="unix:$R/supervise.sock"

# supervise [OPTION...]: starts it and returns when its socket answers; $supervisor
supervise() {
	mci-supervise --dir "$D" --run "$R" "$@" wiring >"$T/sup.out" 2>"$T/sup.err" &
	supervisor=$!
	started="$started $supervisor"
	wait_until "the supervisor answers" answers
}
answers() { mci call -a "$MCI_SUPERVISE" part/status; }

# field PART NAME: of its first command
field() {
	mci status --json | jq -r "select(.part == \"$1\" and (.member // 1) == ${3:-1}).$2"
}
# shellcheck disable=SC2317 # called by wait_until
is_state() { [ "$(field "$1" state "${3:-1}")" = "$2" ]; }
# shellcheck disable=SC2317
is_ready() { [ "$(field "$1" ready "${2:-1}")" = true ]; }
wait_ready() { wait_until "$1 is ready" is_ready "$@"; }
wait_state() { wait_until "$1 is $2" is_state "$@"; }

# down: ends it; $status
down() {
	mci down
	wait_end "$supervisor"
}

# left: what runs that parts of this test's supervisor have started
left() {
	grep -lzx "MCI_SUPERVISE=unix:$R/supervise.sock" /proc/[0-9]*/environ 2>/dev/null |
		xargs -r grep -lz '^MCI_LIFELINE=' 2>/dev/null
}
