#!/bin/sh
# The page in a real browser: the whole way from a session to a failure that is found, run again and let go on.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
. "$ROOT/tests/cli/web-lib.sh"

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
{"id":"good","script":["echo '{\"section\":\"Compile\"}' >>$MCI_NOTES; @TAKEN@ $MCI_NOTES","printf '\\033[32mgreen\\033[0m\\n'","for p in 10 50 100; do printf '\\r%s%%' $p; done; echo","for i in 1 2 3 4 5; do echo step $i; done","echo '{\"section\":\"Compile\",\"end\":true}' >>$MCI_NOTES","echo behind","mkdir -p report/sub; echo first >report/a.txt; seq 1000 >report/sub/numbers"],"save-artifacts":[{"id":"report","path":"report"}]}
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
cat >>"$T/steps" <<'STEPS'
link() {
	mci login --browser "http://127.0.0.1:$port"
}
go_on() {
	touch "$T/steps.go"
}
kill_api() {
	kill -KILL "$(pid_of api)"
}
STEPS
echo "$token" | mci login http://127.0.0.1:"$port" >/dev/null
mci trigger acme/app >/dev/null
mci wait -q acme/app/1
browse pages
down
finish
