#!/bin/sh
# What jobs of a server keep and hand on, with the wiring of mci up: its store of files is a part like the others.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need jq git

up || exit 1
agent
project app <<'JOBS'
{"id":"make","script":["mkdir -p out && echo hello >out/x"],"save-artifacts":[{"id":"out","path":"out"}]}
{"id":"use","script":["cat out/x"],"depends-on":["make"],"restore-artifacts":[{"id":"out","path":"out"}]}
{"id":"once","script":["wc -l <.mci/specs"],"inputs":[".mci"]}
JOBS
mci trigger acme/app >/dev/null
run mci wait -q acme/app/1
is "$status" 0 "a build that keeps files"
is "$(mci log acme/app/1/use)" hello "a job gets the files of the one before"
is "$(mci artifact get -o - acme/app/1/make out --tar | tar -xOf - out/x)" hello "they can be had from outside"
ok "they are in the server's store" sh -c 'mci-blob ls --blob "$1" | grep -q "^artifact/acme/app/1/make/out"' - "unix:$T/run/mci/blob.sock"
ok "which verifies" mci-blob verify --blob "file:$T/data/blobs/store"
mci trigger acme/app >/dev/null
mci wait -q acme/app/2
is "$(mci show --json acme/app/2 | jq -r 'select(.job == "once") | .cached')" true "a job with the same inputs is taken from it"
# a build is over in the store when its agent has said so, a moment after its end was told
wait_until "mci rerun --no-cache runs a server's build again" mci rerun --no-cache acme/app/2
mci wait -q acme/app/3
is "$(mci show --json acme/app/3 | jq -r 'select(.job == "once") | .cached')" null "takes none"
like "$(mci why acme/app/3/once)" "no-cache" "which mci why says"
wait_until "or one job of it" mci rerun --no-cache acme/app/3/once
mci wait -q acme/app/4
is "$(mci show --json acme/app/4 | jq -rc 'select(.job != null) | [.job, .cached]' | tr '\n' ' ')" \
	'["make",true] ["use",true] ["once",null] ' "the others are taken over"
mci trigger acme/app >/dev/null
mci wait -q acme/app/5
is "$(mci show --json acme/app/5 | jq -r 'select(.job == "once") | .cached')" true "the next one takes what that has made"
kill -KILL "$(mci status --json | jq '(.parts? // [.])[] | select(.part == "blob") | .pid')"
mci trigger acme/app >/dev/null
run mci wait -q acme/app/6
is "$status,$(mci log acme/app/6/use)" 0,hello "its server may be killed: builds go on"
down
finish
