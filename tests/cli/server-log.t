#!/bin/sh
# The logs and the events of builds at a server, by the builds' names.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need git jq script

up || exit 1
# jobs go on printing when a file appears in here
gates=$T/gates
mkdir "$gates"
project bytes <<END
{"id":"all","script":["head -c 300000 /dev/zero | tr '\\\\0' x; printf 'a\\\\n\\\\001\\\\377b\\\\r\\\\n'; while [ ! -e $gates/all ]; do sleep 0.02; done; echo end"]}
{"id":"after","script":["echo after"],"depends-on":["all"]}
END
(head -c 300000 /dev/zero | tr '\0' x; printf 'a\n\001\377b\r\nend\n') >"$T/all"

# a build that waits in the queue is followed, and one of its jobs; also when it never begins
mci trigger acme/bytes >/dev/null
background mci log -f --states acme/bytes/1
whole=$pid
wait_until "it is asked for" sh -c 'mci call -a "$MCI_API" server/status | jq -e ".server.connections > 1"'
mci cancel acme/bytes/1
wait_end "$whole"
is "$status" 0 "one that is canceled while it waits is followed to its end"
has "$out" "^acme/bytes/1: canceled" "which is said"
mci trigger acme/bytes >/dev/null
background mci log -f acme/bytes/2/all
job=$pid
mci log -f acme/bytes/2 >"$T/whole" 2>"$T/whole.err" &
whole=$!
started="$started $whole"
agent --runner host || exit 1 # its jobs talk with this test by files
wait_until "what a job prints comes while it runs" sh -c '[ "$(wc -c <"$1")" -gt 300000 ]' sh "$out"
is "$(mci log acme/bytes/2/all | wc -c)" "$(wc -c <"$out")" "so far it is read"

# the log server is killed, and comes back; the door as well
kill -KILL "$(pgrep -P "$server" -f 'mci-log serve')"
kill -KILL "$(pgrep -P "$server" -f 'mci-api')"
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
is "$(grep -c 'lost (' "$T/whole.err")" 1 "that the server was lost is said once, not of each log"

# on a terminal what would steer it is shown, not obeyed
for named in acme/bytes/2/all "-a $api acme/bytes/2/all"; do
	script -qec "mci log $named" /dev/null </dev/null | tr -d 'x\r\n' >"$T/shown"
	is "$(tr -dc '\001' <"$T/shown" | wc -c)" 0 "a terminal gets no control characters"
	has "$T/shown" "end" "but the text"
done

# what else the verbs show
project broken <<'END'
{"id":"ok","script":["echo fine"]}
{"id":"bad","script":["echo said","echo needle; exit 3"]}
{"id":"behind","script":["true"],"depends-on":["bad"]}
END
mci trigger --wait acme/broken >/dev/null
is "$(mci log --failed acme/broken/1)" "bad | said
bad | needle" "the logs of what failed"
is "$(mci log --json acme/broken/1/ok | jq -r '.job+" "+.text')" "ok fine" "lines as JSON"
is "$(mci log --time --tail 1 acme/broken/1/bad | grep -c '^[-0-9T:.]*Z needle$')" 1 "lines with their times"
is "$(mci log acme/broken/1 | sort)" "bad | needle
bad | said
ok | fine" "a whole build"
is "$(mci log -a "$api" acme/broken/1 | sort)" "bad | needle
bad | said
ok | fine" "the same at an address"
is "$(mci log --failed -a "$api" acme/broken/1)" "bad | said
bad | needle" "what failed there"
is "$(mci log -f -a "$api" acme/broken/1 | grep -c ' | ')" 3 "followed there"
is "$(mci log grep needle acme/broken/1)" "acme/broken/1/bad:needle" "lines are found"
is "$(mci log --lines 2- acme/broken/1/bad)" needle "some lines of a log"
is "$(mci log ls acme/broken/1 | cut -f 1,3,5)" "script		server
ok	5	server
bad	12	server" "its logs are listed"
exits 1 "a job that it has not" mci log acme/broken/1/bat
has "$err" "did you mean 'bad'" "is named"
exits 1 "one that did not begin" mci log acme/broken/1/behind
has "$err" "skipped" "too"
exits 1 "a build that is not there" mci log acme/broken/9
has "$err" "acme/broken/9" "is named as well"
exits 1 "nobody follows one" mci log -f acme/broken/9
exits 75 "no server is said to be away" env MCI_API=unix:/nonexistent mci log acme/broken/1
has "$err" "mci up" "and how to start one"
# its events
mci events replay acme/broken/1 >"$T/events"
is "$(jq -r 'select(.type == "job/end") | .job+" "+.status' "$T/events" | sort)" "bad failure
behind skipped
ok success" "its events are printed"
exits 1 "those of a build that is not there" mci events replay acme/broken/9
has "$err" "acme/broken/9" "are named"
mci trigger --wait acme/broken >/dev/null
exits 0 "two builds of the same are equal" mci events diff acme/broken/1 acme/broken/2
exits 0 "one is what was printed of it" mci events diff "$T/events" acme/broken/1
exits 1 "another is not" mci events diff acme/broken/1 acme/bytes/1
(cd broken && mci run -q) >"$out" 2>&1
exits 0 "a build of the same in its folder is equal" sh -c 'cd broken && mci events diff acme/broken/1 @'
mci events replay acme/broken/1 | mci tree >"$out"
has "$out" "1 ok, 1 failed, 1 skipped" "and the tree reads them"

# its tree has the ends of the logs of what failed
exits 0 "its tree" mci tree acme/broken/1
is "$(sed -n '/^-*─* *bad: exit 3/,/^$/p' "$out" | sed 1d)" "said
needle" "has the last lines of what failed"
has "$out" "^mci log acme/broken/1/bad$" "and says how to see the rest"
exits 1 "show -f has them too" mci show -f acme/broken/1
has "$out" "^needle$" "as the tree"
log=$(pgrep -P "$server" -f 'mci-log serve')
kill -STOP "$log"
exits 0 "a log server that does not answer" mci tree acme/broken/1
hasnt "$out" "^needle$" "is not waited for"
is "$(cat "$err")" "" "nor complained of"
kill -CONT "$log"

project script <<'END'
#!/bin/sh
echo 'from the script' >&2
echo '{"id":"x","script":["true"]}'
END
mci trigger --wait acme/script >/dev/null
is "$(mci log acme/script/1)" "script | from the script" "what the script wrote is there"

# an agent that dies with its mci-build: the build goes on in its next run
project again <<END
{"id":"first","script":["echo first"]}
{"id":"second","script":["echo begun; while [ ! -e $gates/second ]; do sleep 0.02; done; echo done"],"depends-on":["first"]}
END
mci trigger acme/again >/dev/null
background mci log -f acme/again/1
whole=$pid
mci log -f acme/again/1/second >"$T/second" 2>"$T/second.err" &
job=$!
started="$started $job"
wait_for_line "$out" "^second \| begun"
kill -KILL "$agent"
wait_end "$agent"
agent --runner host || exit 1 # its jobs talk with this test by files
wait_until "the next attempt runs" sh -c '[ "$(grep -c begun "$1")" = 2 ]' sh "$out"
touch "$gates/second"
wait_end "$whole"
is "$status" 0 "who follows goes on with the build's next run"
sed 's/second@2/second/' "$out" | sort >"$T/lines"
is "$(cat "$T/lines")" "first | first
second | begun
second | begun
second | done" "and has the lines of both attempts"
wait_end "$job"
is "$(cat "$T/second")" "begun
begun
done" "of one job too, the first attempt before the second"
is "$(mci log acme/again/1/second)" "begun
done" "the last one is what the job printed"
is "$(mci log acme/again/1/first)" first "what was kept is there as well"
mci log --attempt 1 acme/again/1/second >"$out" 2>"$err"
is "$(cat "$out")" begun "so is the attempt that was cut off"
has "$err" "truncated" "and that it was"

finish
