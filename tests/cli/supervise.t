#!/bin/sh
# What mci-supervise promises of a server's parts: they start in their order, are started again, and end in their
# order; nothing that waits for them is lost.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/supervise-lib.sh"
need jq

# ---- the default wiring: a server from nothing, which leaves nothing
unset MCI_SUPERVISE
background mci up
wait_for_line "$out" '^mci is up in .*/mci/server, in [0-9ms]+; '
is "$(grep -c '^  mci ' "$out")" 3 "mci up says where it is, and three commands to go on with"
has "$out" '^  mci_[A-Za-z0-9_-]{43}$' "... and the first token"
is "$(sed -n 's/^  \(mci_.*\)/\1/p' "$out")" "$(cat "$XDG_STATE_HOME/mci/server/admin.token")" "... which is kept"
is "$(stat -c %a "$XDG_STATE_HOME/mci/server/admin.token")" 600 "... for this user alone"
is "$(mci status | cut -f 1-3 | tr '\t\n' ' ;' | grep -o 'events running true;log running true;')" \
	"events running true;log running true;" "its parts are ready"
is "$(mci status | awk -F '\t' '$3 != "true"')" '' "... all of them"
is "$(mci status --json | jq -s 'map(select(.kind == "server") | .memory > 0 and .pid > 0 and .restarts == 0) | all')" true \
	"status tells memory and process"
exits 75 "there is one server of a user" mci up
has "$err" "another supervisor is up there; 'mci status' shows it" "... it says"
mci post -a "$XDG_RUNTIME_DIR/mci/events.sock" test/one >/dev/null
mci events sub --from start --count 1 test/one >"$T/one"
has "$T/one" '"test/one"' "the hub is where its clients look for it"
is "$(mci call -a "$XDG_RUNTIME_DIR/mci/mci.sock" part/status | jq .ready)" true "one socket leads to all services"
exits 0 "mci down" mci down
wait_end "$pid"
is "$status,$(cat "$err")" "0," "... ends it, and it has nothing to complain of"
is "$(find "$T/run/mci" "$HOME" "$XDG_CONFIG_HOME" -mindepth 1 ! -name .lock; ls "$XDG_STATE_HOME/mci")" server \
	"nothing is left but its data"
exits 1 "mci status without a server" mci status
has "$err" "no server is up; 'mci up' starts one" "... says how to get one"
background mci up
wait_for_line "$out" '^mci is up'
mci events sub --from start --count 60 'part/*' --timeout 1s 2>/dev/null |
	jq -r 'select(.part == "log" or .part == "events") | [.type, .part] | join(" ")' >"$T/seen"
is "$(head -n 6 "$T/seen" | tr '\n' ';')" \
	"part/started events;part/ready events;part/started log;part/ready log;part/exited log;part/stopped log;" \
	"the hub is told what becomes of the parts, the first ones too"
kill -TERM "$pid"
wait_end "$pid"
is "$status" 0 "a signal ends it as well"
export MCI_SUPERVISE="unix:$R/supervise.sock"

finish
