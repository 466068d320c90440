#!/bin/sh
# The page in a real browser: by keyboard alone, on a phone, without scripts; what people change in it; and what it tells
# when a right, a log or the server is missing.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
. "$ROOT/tests/cli/web-lib.sh"

project app <<'JOBS'
{"id":"good","script":["echo fine"]}
{"id":"bad","script":["echo error: it broke","exit 3"],"depends-on":["good"]}
{"id":"late","script":["true"],"depends-on":["bad"]}
JOBS
project gate <<'JOBS'
{"id":"gate","script":["true"],"blocked":true}
{"id":"after","script":["sleep 60"],"depends-on":["gate"]}
JOBS
project tries <<'JOBS'
{"id":"tries","script":["echo this is attempt $MCI_ATTEMPT","echo VERSION=2 >>$MCI_OUTPUT","echo '{\"test\":\"sums\",\"result\":\"pass\",\"elapsed\":0.5}' >>$MCI_NOTES","test $MCI_ATTEMPT = 2"],"retry":2}
JOBS
project asks <<'JOBS'
#!/bin/sh
echo '{"type":"script/params","params":[{"name":"level","choices":["fast","slow"],"type":"choice","default":"fast"},{"name":"count","type":"number","default":3,"about":"how often"},{"name":"loud","type":"boolean","default":false}]}'
echo '{"id":"says","params":["level","count","loud"],"script":["echo $level $count $loud"]}'
JOBS
project picky <<'JOBS'
{"id":"never","script":["true"]}
JOBS
mci call -a "$api" repo/put org=acme id=picky 'agents:={"os":"plan9"}' >/dev/null
mci call -a "$api" org/put id=empty >/dev/null
mci call -a "$api" org/put id=other >/dev/null
mci call -a "$api" repo/put org=other id=app >/dev/null
cat >>"$T/steps" <<'STEPS'
admin() {
	mci call -a "$api" token/create 'scopes:=["admin"]' | jq -r .token
}
reader() {
	mci call -a "$api" token/create org=acme 'scopes:=["read"]' | jq -r .token
}
repo() {
	mci call -a "$api" repo/get org=acme id="$1"
}
params() {
	mci call -a "$api" param/list org=acme
}
forget() {
	mci call -a "$api" log/remove build="$1"
}
# a newcomer does what is written
guided() {
	git init -q "$T/first" && cd "$T/first" && printf 'test:\n\t@echo tested\n' >Makefile && git add Makefile
	sh -ec "$1" >"$T/guided" 2>&1 || cat "$T/guided" >&2
	mci ls empty/first
}
stop_server() {
	kill -TERM "$(cat "$T/server.pid")"
	while kill -0 "$(cat "$T/server.pid")" 2>/dev/null; do
		sleep 0.05
	done
}
start_server() {
	mci-supervise --dir "$T/data" --ready-fd 3 "$T/wiring" 3>"$T/up" >"$T/server.out" 2>>"$T/server.err" &
	echo $! >"$T/server.pid"
	read -r _ <"$T/up"
}
STEPS
echo "$server" >"$T/server.pid"
trigger() { mci trigger "acme/$1" >/dev/null && mci wait -q "acme/$1/1" >/dev/null; }
trigger asks
browse hands
server=$(cat "$T/server.pid")
down
finish
