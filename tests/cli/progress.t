#!/bin/sh
# What a build shows while it runs: plain lines for people, and how one of the forms is chosen for good.
. "${0%/*}/lib.sh"

need jq script
# the times left out
shown() {
	sed 's/ in [0-9.]*s$//' "$out"
}
cat >specs <<'JOBS'
{"id":"alpha","script":["echo one","echo two"]}
{"id":"beta","script":["printf 'no newline'","exit 3"],"depends-on":["alpha"]}
{"id":"gamma","script":["true"],"depends-on":["beta"]}
{"id":"delta","script":["[ $MCI_ATTEMPT = 2 ]"],"retry":1,"depends-on":["beta"],"when":"always"}
{"id":"epsilon","argv":["./nosuch"],"depends-on":["delta"],"when":"always"}
{"id":"zeta","script":["exit 4"],"allow-failure":true,"depends-on":["epsilon"],"when":"always"}
{"id":"eta","script":["kill -9 $$"],"depends-on":["zeta"],"when":"always"}
JOBS
exits 1 "a build" mci-build --progress plain - <specs
is "$(shown)" "alpha: start
alpha | one
alpha | two
alpha: success
beta: start
beta | no newline
beta: failure: exit 3
beta: again: mci rerun local/work/1 --from beta
gamma: skipped: beta did not succeed
delta: start
delta: tried again after exit 1
delta: start, attempt 2
delta: success
epsilon: error: not started: ./nosuch: No such file or directory
epsilon: again: mci rerun local/work/1 --from epsilon
zeta: start
zeta: failure, allowed: exit 4
eta: start
eta: failure: SIGKILL
eta: again: mci rerun local/work/1 --from eta
local/work/1: failure: 2 ok, 2 failed, 1 failed but allowed, 1 error, 1 skipped" \
	"tells starts, ends and reasons, each behind what the job printed, and the summary"
is "$(cat "$err")" "" "and nothing twice"
shown | sort >live
run mci log follow --states @
is "$(shown | sort)" "$(cat live)" "mci log follow --states shows the same afterwards"
run mci log -f --states @
is "$(shown | sort)" "$(cat live)" "and so does mci log -f --states"
exits 2 "without following there are none" mci-log --states @
has "$err" "states goes with --follow" "which is said"
ok "with times" sh -c 'mci-log follow --states --time @ | grep -Eq "^20[0-9T:.-]*Z alpha: start$"'
is "$(mci-log follow --states @/beta | sed 's/ in .*//')" "beta: start
beta | no newline
beta: failure: exit 3
beta: again: mci rerun local/work/1 --from beta
local/work/1: failure: 2 ok, 2 failed, 1 failed but allowed, 1 error, 1 skipped" "or one job"
exits 2 "--json has events of its own" mci-log follow --states --json @
printf '#!/bin/sh\necho why >&2\necho {}\n' >broken
chmod +x broken
exits 125 "a broken script" mci-build --progress plain ./broken
has "$out" '^script \| why$' "is shown with what it wrote"
has "$out" '^local/work/2: error: no jobs in ' "its summary"
has "$out" '^local/work/2: \./broken: line 1: id: missing' "and the reason"
printf '\033]0;title\007' >evil
echo '{"id":"a","script":["true"],"dir":"evil\u001b[2J"}' >specs
run script -qec "mci-build --progress plain - <specs" /dev/null
unlike "$(cat "$out")" "$(printf '\033\\[2J')" "on a terminal nothing of a reason is obeyed"
has "$out" 'a: error: .*evil' "but shown"

# ---- interrupted
echo '{"id":"a","script":["echo up; sleep 1000"]}' >specs
printf '#!/bin/sh\ncat specs\n' >script.sh
chmod +x script.sh
cat >type.py <<'END'
import os, pty, sys, time
pid, tty = pty.fork()
if pid == 0: os.execvp(sys.argv[1], sys.argv[1:])
shown, typed = b"", 0
while True:
    try: piece = os.read(tty, 4096)
    except OSError: break
    if not piece: break
    shown += piece
    if b"| up" in shown and not typed:
        typed = os.write(tty, b"\x03")
sys.stdout.buffer.write(shown.replace(b"\r", b""))
END
need python3
run timeout 60 python3 type.py mci-build --progress plain ./script.sh
has "$out" '^(\^C)?a: canceled in ' "after ^C the ends are shown"
has "$out" '^local/work/[0-9]*: canceled: 1 canceled in ' "and the summary"

# ---- which form, and for good
echo '{"id":"a","script":["echo hi"]}' >specs
first() {
	head -n 1 "$out" | cut -c 1-8
}
run mci run - <specs
is "$(first)" '{"seq":1' "in a pipe and in a file come the events"
run env MCI_BUILD_PROGRESS=plain mci run - <specs
is "$(first)" 'a: start' "unless the environment says otherwise"
mkdir -p "$XDG_CONFIG_HOME/mci"
echo 'build.progress = plain' >"$XDG_CONFIG_HOME/mci/conf"
run mci run - <specs
is "$(first)" 'a: start' "or the user's settings"
run mci run --json - <specs
is "$(first)" '{"seq":1' "before both goes the command line"
rm "$XDG_CONFIG_HOME/mci/conf"
run script -qec "mci run - <specs 2>/dev/null" /dev/null
is "$(first)" '{"seq":1' "without a terminal on standard error there is no tree"
run script -qec "mci run - <specs" /dev/null
has "$out" '✓ a' "with both there is"
hasnt "$out" '"seq"' "and no events"
finish
