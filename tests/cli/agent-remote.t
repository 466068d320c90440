#!/bin/sh
# An agent on another machine: it needs one address, that of ssh with mci relay on the other side.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/ssh-lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need git jq

start_sshd
up || exit 1
project far <<'END'
{"id":"one","script":["seq 20000; echo $MCI_SOURCE"]}
{"id":"two","script":["echo two"],"depends-on":["one"]}
END
project long <<'END'
{"id":"wait","script":["while ! [ -e /nonexistent ]; do sleep 0.1; done"]}
END
token
url=ssh://$(id -un)@127.0.0.1:$port$PWD/far
mci call -a "$api" repo/put org=acme id=far url="$url" >/dev/null
mci call -a "$api" key/put org=acme name=deploy host=127.0.0.1 private="$(cat user)" \
	known-hosts="[127.0.0.1]:$port $(cat host.pub)" >/dev/null

# the agent knows nothing of the server's sockets and folders
env -u MCI_API XDG_RUNTIME_DIR="$T/elsewhere" mci-agent -a "exec:$ssh mci relay $api" --token-file "$T/data/agent.token" \
	--workdir "$T/far" --name far >"$T/agent.out" 2>"$T/agent.err" &
agent=$!
started="$started $agent"

exits 0 "a build runs over there" mci trigger --wait acme/far
is "$(mci call -a "$api" log/get build=acme/far/1 job=one | jq -r '.open, .truncated' | tr '\n' ' ')" "false false " \
	"its logs come here"
is "$(mci log -a "$api" acme/far/1/one | sha256sum)" "$({ seq 20000; echo server; } | sha256sum)" "byte for byte"
is "$(mci show --json acme/far/1 | jq -rs '[.[1:][].status]|join(" ")')" "success success" "and its events"
is "$(grep -rlF "$(sed -n 2p user)" "$T/far" "$T/data/events" "$T/data/logs" | head -n 1)" "" "the key is in no file of either"

mci trigger acme/long >/dev/null
wait_until "another one runs" sh -c 'mci show --json acme/long/1 | jq -se "any(.job==\"wait\" and .status==\"running\")"'
exits 0 "it is canceled from here" mci cancel acme/long/1
exits 143 "and ends" mci wait acme/long/1

mci trigger acme/long >/dev/null
wait_until "the next one runs" sh -c 'mci show --json acme/long/2 | jq -se "any(.job==\"wait\" and .status==\"running\")"'
kill -STOP "$sshd"
build=$(pgrep -P "$agent" -x mci-build)
kill -KILL "$agent"
wait_end "$build"
ok "a build whose agent is killed ends, also while the server cannot be reached" \
	sh -c 'case $(ps -o stat= -p "$1") in "" | Z*) ;; *) exit 1 ;; esac' - "${build:-1}"
kill -CONT "$sshd"
is "$(ps -eo args | grep -F "$T" | grep -v grep | grep -c 'mci-build\|mci-job')" 0 "and leaves nothing"
down
stop_sshd
finish
