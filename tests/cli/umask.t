#!/bin/sh
# Where the umask keeps nothing back, nothing that is made may be written by others, and what a job makes is the job's
# own affair.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"
need jq
umask 000

# open_to_others FOLDER...: what others may write there, but for sockets, which are bound by their folder and mode
open_to_others() {
	find "$@" ! -type l -perm /022 | sed "s|^$T/||"
}

start_hub --segment-size 4k
printf '%s\n' '{"id":"a","script":["echo one; echo two >&2; sleep 0.1; echo three","echo K=V >>$MCI_OUTPUT","touch theirs"]}' \
	'{"id":"b","split":true,"script":["echo x"],"depends-on":["a"]}' >specs
exits 0 "a build" mci-build -q --events "$hub" - <specs
mkdir -m 755 logs
exits 0 "and one with logs of its own" mci-build -q --log-dir "$T/work/logs" - <specs
events 100 | mci-events pub -q -a "$hub" --sync disk
events 100 101 | mci-events pub -q -a "$hub" --sync disk
mci-events sub -q -a "$hub" --durable mail --from start --count 1 >/dev/null
stop_hub -KILL
start_hub --segment-size 4k
stop_hub
mci-log serve -l "unix:$T/log.sock" --dir "$T/stored" --ready-fd 3 3>"$T/ready" &
server=$! started="$started $!"
read -r _ <"$T/ready"
seq 1 20000 | mci-log put -q -a "unix:$T/log.sock" o/r/1/j
kill "$server"
wait_end "$server"
ok "there is something to look at" sh -c 'ls "$1"/log/epochs "$1"/log/*.builds "$1"/log/subscribers/mail "$1"/work/logs/a.log \
	"$1"/state/mci/builds/local/*/1/events.ndjson "$1"/stored' - "$T"
is "$(open_to_others "$T/state" "$T/log" "$T/stored" "$T/work/logs")" "" "nothing may be written by others"
is "$(find "$T/log" -type f -perm /077)" "" "what a hub keeps is nobody else's to read"
is "$(stat -c %a theirs)" 666 "a job's files are as its umask says"
finish
