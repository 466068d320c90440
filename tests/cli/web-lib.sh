# shellcheck shell=sh
# For tests in a real browser, behind lib.sh and server-lib.sh: a server at $port with an agent, and a person's $token.
# What the test asks for outside of the browser are functions of a program $T/steps, which it appends to.

need jq curl git node npm python3
modules=${MCI_BIN%/bin}/web/node_modules
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || { skip 1 "chromium is not installed"; finish; exit; }
[ -d "$modules/playwright-core" ] || { skip 1 "playwright-core is not installed: make tests installs it"; finish; exit; }

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export MCI_SUPERVISE_LISTEN="127.0.0.1:$port"
# shellcheck disable=SC2119 # the wiring as it is
up || exit 1
agent --runner host -j 4
token=$(mci call -a "$api" token/create name=person 'scopes:=["write"]' | jq -r .token)

cat >"$T/steps" <<STEPS
#!/bin/sh
# steps FUNCTION [ARGUMENT...]
T='$T' api='$api' port=$port
export MCI_API='$api' MCI_SUPERVISE_LISTEN='$MCI_SUPERVISE_LISTEN' PATH='$PATH' HOME='$HOME'
# trigger REPO [OPTION...]: the build's name
trigger() {
	mci trigger "acme/\$@" | sed -n 1p
}
# ended REPO [OPTION...]: the same, when it has
ended() {
	name=\$(trigger "\$@")
	mci wait -q "\$name" >/dev/null 2>&1
	echo "\$name"
}
pid_of() {
	mci call -a "unix:$T/run/mci/supervise.sock" part/status | jq ".parts[] | select(.part == \"\$1\") | .pid"
}
STEPS
chmod +x "$T/steps"

# browse TEST: runs tests/web/TEST.mjs; its results are this test's. Pictures are left beside the results of make check
browse() {
	# shellcheck disable=SC2016 # for the program
	echo '"$@"' >>"$T/steps"
	MODULES=$modules PICTURES=${CHECK_RESULTS:-$T}/pictures/$1 timeout 240 \
		node "$ROOT/tests/web/$1.mjs" "http://127.0.0.1:$port" "$token" "$T/steps" >"$T/results" 2>"$T/why"
	cat "$T/why" >&2
	grep '^\(not \)\?ok ' "$T/results"
	# shellcheck disable=SC2034 # finish's
	tests=$(grep -c '^\(not \)\?ok ' "$T/results")
	# shellcheck disable=SC2034
	failures=$(grep -c '^not ok ' "$T/results")
	ok "the browser came to its end" grep -q '^1\.\.' "$T/results"
}
