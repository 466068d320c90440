#!/bin/sh
# Programs that hold secrets are looked into by nobody of the same user, and leave no core. Root may look into
# every process, so this is tried by an ordinary user.
# shellcheck disable=SC2119,SC3045
here=$(cd "${0%/*}" && pwd)
if [ "$(id -u)" = 0 ]; then
	bin=${MCI_BIN:-$here/../../build/bin}
	# where an ordinary user gets, too
	place=$(mktemp -d "${TMPDIR:-/tmp}/mci-private-XXXXXX") || exit 1
	trap 'rm -rf "$place"' EXIT
	mkdir -p "$place/bin" "$place/tests/cli"
	cp "$bin"/mci* "$place/bin"
	cp "$here/lib.sh" "$here/server-lib.sh" "$here/private.t" "$place/tests/cli"
	chown -R 4242:4242 "$place" && chmod 755 "$place"
	TMPDIR=$place MCI_BIN=$place/bin setpriv --reuid 4242 --regid 4242 --clear-groups "$place/tests/cli/private.t"
	exit
fi
. "${0%/*}/lib.sh"
need jq python3 git
. "$ROOT/tests/cli/server-lib.sh"

value='s3cr3t-of-the-build'

# What a job of the same user can try: it prints a line for each process that it got at, but for its own.
cat >"$T/look.py" <<'E'
import ctypes, os, re, sys
wanted = "dliub-eht-fo-t3rc3s"[::-1].encode()
libc = ctypes.CDLL(None, use_errno=True)
def environment(pid):
    return wanted in open(f"/proc/{pid}/environ", "rb").read()
def memory(pid):
    with open(f"/proc/{pid}/maps") as maps, open(f"/proc/{pid}/mem", "rb", 0) as mem:
        for line in maps:
            at = re.match("([0-9a-f]+)-([0-9a-f]+) rw", line)
            if not at:
                continue
            try:
                mem.seek(int(at[1], 16))
                if wanted in mem.read(min(int(at[2], 16) - int(at[1], 16), 1 << 24)):
                    return True
            except (OSError, ValueError):
                pass
    return False
def descriptors(pid):
    return len(os.listdir(f"/proc/{pid}/fd")) > 0
def trace(pid):
    if libc.ptrace(16, int(pid), 0, 0) != 0:
        return False
    os.waitpid(int(pid), 0)
    libc.ptrace(17, int(pid), 0, 0)
    return True
for pid in sys.argv[2:] or [p for p in os.listdir("/proc") if p.isdigit()]:
    try:
        name = open(f"/proc/{pid}/comm").read().strip()
        if int(pid) == os.getpid():
            continue
        for way in {"secret": (environment, memory), "any": (descriptors, trace)}[sys.argv[1]]:
            try:
                if way(pid):
                    print(name, way.__name__)
            except OSError:
                pass
    except OSError:
        pass
E

# ---- a build
ulimit -c unlimited
mkfifo go
cat >specs <<E
{"id":"has","secrets":["TOKEN"],"script":["read line <go"]}
{"id":"looks","script":["until [ -s pids ]; do sleep 0.02; done","python3 $T/look.py secret | grep ^mci || :"]}
{"id":"tries","script":["until [ -s pids ]; do sleep 0.02; done","python3 $T/look.py any \$(cat pids)"]}
E
start() {
	rm -f pids
	background env "TOKEN=$value" sh -c 'exec mci-build -j3 --secret TOKEN --json - <specs'
	builder=$pid
	wait_for_line "$out" '"type":"job/start".*"job":"has"|"job":"has".*"type":"job/start"'
	keeper=$(pgrep -P "$builder" -x mci-job)
	worker=$(pgrep -P "$keeper" -x mci-job)
	echo "$builder $worker" >pids.new && mv pids.new pids
	folder=$(jq -r 'select(.type == "build/start").folder' "$out")
	wait_for_line "$out" '"job":"looks".*"type":"job/end"|"type":"job/end".*"job":"looks"'
	wait_for_line "$out" '"job":"tries".*"type":"job/end"|"type":"job/end".*"job":"tries"'
}
start
is "$(cat "$folder/logs/looks.log")" '' 'a job finds the secret of another in no program of mci'
is "$(cat "$folder/logs/tries.log")" '' 'and neither traces those that hold it nor sees their descriptors'
like "$(python3 "$T/look.py" any "$keeper")" '^mci-job descriptors$' 'as it does of one that holds none, so this is a test'
# a core would be here, or where the job was
cores() {
	find . "$T/state" "$T/run" "$T/tmp" -name '*core*' -type f | head -n 1
}
kill -SEGV "$worker"
wait_end "$builder"
is "$(cores)" '' 'mci-job that crashes leaves no core'
start
kill -SEGV "$builder"
wait_end "$builder"
# the sanitizers take that signal for themselves
is "$status $(cores)" "$(sanitized mci-build && echo 1 || echo 139) " 'nor does mci-build'
case $(cat /proc/sys/kernel/core_pattern) in
	*[/\|]*) core=elsewhere ;;
	*) core=here ;;
esac
if [ $core = here ] && ! sanitized mci-build; then
	echo '{"id":"a","script":["read line <go"]}' >specs
	background sh -c 'exec mci-build --json - <specs'
	wait_for_line "$out" '"type":"job/start"'
	kill -SEGV "$pid"
	wait_end "$pid"
	ok 'one without secrets does, so this is a test' test -n "$(cores)"
	find . -name '*core*' -type f -exec rm {} +
else
	skip 1 'cores do not land in the folder of who crashed here'
fi

# ---- a server: its parts hold keys, tokens and what passes
up && agent || exit 1
parts=$(mci status --json | jq -r '.. | .pid? // empty' | sort -u | tr '\n' ' ')
is "$(echo "$parts" | wc -w | awk '{ print ($1 >= 4) }')" 1 'a server has parts'
# shellcheck disable=SC2086
is "$(python3 "$T/look.py" any $parts "$server" "$agent")" '' 'nobody looks into them'
kill "$agent"
wait_end "$agent"
down
finish
