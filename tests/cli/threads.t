#!/bin/sh
# The services in one process (tests/contract/together.c) and the rooms that threads share, built with
# -fsanitize=thread: what two threads touch without an order between them is found, whether or not it goes wrong.
. "${0%/*}/lib.sh"

built=$MCI_BIN/../tsan
[ -d "$built" ] || built=$MCI_BIN/../../tsan
export TSAN_OPTIONS="exitcode=66 log_path=$T/races" CK_DEFAULT_TIMEOUT=200
# the sanitizer wants its memory where a kernel that shuffles much does not leave it
fixed=
setarch "$(uname -m)" -R true 2>/dev/null && fixed="setarch $(uname -m) -R"

races() { # PROGRAM TEXT
	if ! [ -x "$built/tests/$1" ]; then
		skip 1 "$(head -n 1 "$built/why" 2>/dev/null || echo 'make threads was not run')"
		return
	fi
	rm -f "$T"/races*
	# shellcheck disable=SC2086
	run $fixed "$built/tests/$1"
	cat "$T"/races* "$out" "$err" >"$T/said" 2>/dev/null
	if grep -q 'FATAL: ThreadSanitizer' "$T/said"; then
		skip 1 "$(grep -m 1 'FATAL: ThreadSanitizer' "$T/said")"
	else
		ok "$2" sh -c 'cat "$2"; exit "$1"' - "$status" "$T/said"
	fi
}

races contract/together "the services share a process, and no two threads race"
races unit/children "nor do those who start children and reap them"
races unit/offload "nor a loop and its helper thread"
races unit/store "nor do the loop and the thread that writes to the store"
finish
