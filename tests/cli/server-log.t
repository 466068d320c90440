#!/bin/sh
# The logs and the events of builds at a server, by the builds' names.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need git jq

up || exit 1
# jobs go on printing when a file appears in here
gates=$T/gates
mkdir "$gates"
project bytes <<END
{"id":"all","script":["head -c 300000 /dev/zero | tr '\\\\0' x; printf 'a\\\\n\\\\001\\\\377b\\\\r\\\\n'; while [ ! -e $gates/all ]; do sleep 0.02; done; echo end"]}
{"id":"after","script":["echo after"],"depends-on":["all"]}
END
(head -c 300000 /dev/zero | tr '\0' x; printf 'a\n\001\377b\r\nend\n') >"$T/all"

# a build that waits in the queue is followed, and one of its jobs
mci trigger acme/bytes >/dev/null
background mci log -f acme/bytes/1/all
job=$pid
mci log -f acme/bytes/1 >"$T/whole" 2>"$T/whole.err" &
whole=$!
started="$started $whole"
agent || exit 1
wait_until "what a job prints comes while it runs" sh -c '[ "$(wc -c <"$1")" -gt 300000 ]' sh "$out"
is "$(mci log acme/bytes/1/all | wc -c)" "$(wc -c <"$out")" "so far it is read"

# the log server is killed, and comes back
kill -KILL "$(pgrep -P "$server" -f 'mci-log serve')"
wait_for_line "$err" "lost"
touch "$gates/all"
wait_end "$job"
is "$status" 0 "a followed job ends, its log server was killed meanwhile"
ok "and is what the job printed, byte for byte" cmp "$T/all" "$out"
wait_end "$whole"
is "$status" 0 "the followed build too"
sed -n 's/^all *| //p' "$T/whole" >"$T/lines"
ok "and its lines are all there" cmp "$T/all" "$T/lines"
has "$T/whole" "^after *\| after$" "those of jobs that had not begun as well"

finish
