#!/bin/sh
# The page in a real browser: tests/web/pages.mjs, against a server with repositories for each of its steps. Pictures of
# all pages are left in build/check/pictures.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need jq curl git node npm python3
modules=${MCI_BIN%/bin}/web/node_modules
[ -x "${CHROMIUM:-/usr/bin/chromium}" ] || { skip 1 "chromium is not installed"; finish; exit; }
[ -d "$modules/playwright-core" ] || { skip 1 "playwright-core is not installed: make tests installs it"; finish; exit; }

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
export MCI_SUPERVISE_LISTEN="127.0.0.1:$port"
up || exit 1
agent --runner host -j 4
token=$(mci call -a "$api" token/create name=person 'scopes:=["write"]' | jq -r .token)
evil='<img src=x onerror=window.evil=1><script>window.evil=1</script>'
# taken FILE: waits until what was written to the pipe has been read, so that what follows comes behind it
cat >"$T/taken" <<'END'
#!/usr/bin/env python3
import fcntl, os, sys, termios
pipe = os.open(sys.argv[1], os.O_WRONLY)
while any(fcntl.ioctl(pipe, termios.FIONREAD, bytes(4))):
    pass
END
chmod +x "$T/taken"
sed "s|@TAKEN@|$T/taken|" >specs <<'JOBS'
{"id":"good","script":["echo '{\"section\":\"Compile\"}' >>$MCI_NOTES; @TAKEN@ $MCI_NOTES","printf '\\033[32mgreen\\033[0m\\n'","for p in 10 50 100; do printf '\\r%s%%' $p; done; echo","for i in 1 2 3 4 5; do echo step $i; done","echo '{\"section\":\"Compile\",\"end\":true}' >>$MCI_NOTES","echo behind"]}
{"id":"bad","script":["i=0; while [ $i -lt 3000 ]; do i=$((i + 1)); echo line $i; done","echo error: it broke","echo '{\"test\":\"sums two\",\"result\":\"fail\",\"file\":\"sum.c\",\"line\":3}' >>$MCI_NOTES","echo '{\"test\":\"sums one\",\"result\":\"pass\"}' >>$MCI_NOTES","echo '{\"error\":\"no such thing\",\"file\":\"a.c\",\"line\":7}' >>$MCI_NOTES","exit 3"],"depends-on":["good"]}
{"id":"late","script":["true"],"depends-on":["bad"]}
JOBS
project app <specs
project gate <<'JOBS'
{"id":"gate","script":["true"],"blocked":true}
{"id":"after","script":["sleep 60"],"depends-on":["gate"]}
JOBS
sed "s|@GO@|$T/steps.go|" >specs <<'JOBS'
{"id":"talk","script":["i=0; while [ $i -lt 600 ]; do i=$((i + 1)); echo line $i; done; while [ ! -e @GO@ ]; do sleep 0.1; done; echo the end"]}
JOBS
project slow <specs
jq -cn --arg evil "$evil" '{id: "evil", name: $evil, script: ["echo \"$EVIL\"; printf \"\\033]8;;javascript:window.evil=1\\033\\\\link\\033]8;;\\033\\\\\"; jq -cn \"{error: env.EVIL, file: env.EVIL}\" >>$MCI_NOTES; jq -cn \"{test: env.EVIL, result: \\\"fail\\\", message: env.EVIL}\" >>$MCI_NOTES; jq -cn \"{section: env.EVIL}\" >>$MCI_NOTES; exit 1"], env: {EVIL: $evil}}' >specs
project hostile <specs

# what the steps ask for
cat >"$T/steps" <<STEPS
#!/bin/sh
export MCI_API='$api' PATH='$PATH' HOME='$HOME'
case \$1 in
link) mci login --browser http://127.0.0.1:$port ;;
trigger) mci trigger acme/app >/dev/null ;;
gate | slow) mci trigger acme/\$1 | sed -n '1p' ;;
hostile) mci call -a '$api' build/trigger repo=acme/hostile actor='$evil' message='$evil' params:='{"NAME":"$evil"}' | jq -r .build >'$T/name'
	mci wait -q "\$(cat '$T/name')" >/dev/null 2>&1; cat '$T/name' ;;
kill-api) kill -KILL "\$(mci call -a 'unix:$T/run/mci/supervise.sock' part/status | jq '.parts[] | select(.part == "api") | .pid')" ;;
esac
STEPS
chmod +x "$T/steps"
echo "$token" | mci login http://127.0.0.1:"$port" >/dev/null
mci trigger acme/app >/dev/null
mci wait -q acme/app/1
MODULES=$modules PICTURES=${CHECK_RESULTS:-$T}/pictures timeout 240 \
	node "$ROOT/tests/web/pages.mjs" "http://127.0.0.1:$port" "$token" "$T/steps" >"$T/results" 2>"$T/why"
cat "$T/why" >&2
# its results are this test's
tests=$(grep -c '^\(not \)\?ok ' "$T/results")
failures=$(grep -c '^not ok ' "$T/results")
grep '^\(not \)\?ok ' "$T/results"
ok "the browser came to its end" grep -q '^1\.\.' "$T/results"
down
finish
