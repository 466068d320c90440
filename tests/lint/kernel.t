#!/bin/sh
# The clock, files, sync, connections, waiting and new processes are reached through lib/kernel.c alone, so that
# tests can hold time still and let the n-th call fail.
. "${0%/*}/../cli/lib.sh"
cd "$ROOT" || exit 1

names='open|openat|creat|write|writev|pwrite|fsync|fdatasync|clock_gettime|time|gettimeofday|getrandom'
names="$names|rename|renameat2?|unlink|unlinkat|remove|rmdir|syncfs|sync|sync_file_range"
names="$names|posix_spawn|posix_spawnp|vfork|system|popen|waitid|waitpid|wait|wait3|wait4|epoll_wait|epoll_pwait2?|connect|accept4?"

# Comments and strings are no calls; kernel.open( and x->open( are fields.
for file in lib/*.c cmd/*/*.c; do
	[ "$file" = lib/kernel.c ] && continue
	sed -e 's/"\(\\.\|[^"\\]\)*"/""/g' -e 's|//.*||' -e 's|/\*.*\*/||' "$file" |
		grep -nE "(^|[^A-Za-z0-9_.>])($names)\(" | grep -vE '^[0-9]+: ?\*|^[0-9]+:	? \*' |
		sed "s|^|$file:|"
done >"$T/calls"

# the out-of-memory line is written when nothing else can be
grep -vE '^lib/memory.c:[0-9]+:.*write\(STDERR_FILENO' "$T/calls" >"$T/forbidden"
ok "nothing but lib/kernel.c calls the kernel's clock, files and processes" \
	sh -c 'cat "$1"; ! [ -s "$1" ]' - "$T/forbidden"

# what a power cut leaves of a change of names depends on the order of syncs: one room knows it
is "$(grep -nE 'kernel\.(rename|exchange|unlink|sync_names)|\<nftw\(' lib/*.c cmd/*/*.c | grep -v '^lib/names.c:')" "" \
	"nothing but lib/names.c changes names and syncs folders"

# whoever reaps a child of another's takes its end from it, and a number that was reaped is soon another process's
is "$(grep -nE 'kernel\.waitid|[^_]\<process_spawn\(|\<fork\(\)' lib/*.c cmd/*/*.c | grep -vE '^lib/(children|childsetup).c:')" "" \
	"nothing but lib/children.c starts processes and waits for them"
is "$(grep -nE '\<(kill|killpg|pidfd_send_signal)\(' lib/*.c cmd/*/*.c | grep -v 'kill(getpid(), ' |
	grep -vE '^lib/(children|process).c:')" "" \
	"nothing but lib/children.c and lib/process.c signals other processes"

# a child of another thread, started in between, would inherit what is made so only later
is "$(grep -nE '\<(pipe|dup|mkstemp|epoll_create)\(|F_DUPFD\>' lib/*.c cmd/*/*.c
	grep -nE '\<(pipe2|socket|socketpair|signalfd|eventfd|inotify_init1|memfd_create|epoll_create1|mkostemp)\([^2)]' \
		lib/*.c cmd/*/*.c | grep -v CLOEXEC)" "" "every descriptor is born close-on-exec"

# a program that forgets it dies of ulimit -f, and writes into whatever got the number of a closed descriptor 2
is "$(grep -LE '^	standard_begin\(\);$' cmd/*/main.c)" "" "every program begins with standard_begin"
# what a terminal would obey, and what a non-blocking descriptor would cut; what jobs print is made safe before
is "$(grep -nE '(kernel_write_all|kernel\.write)\(STD(OUT|ERR)_FILENO' lib/*.c cmd/*/*.c |
	grep -v '^cmd/mci-job/display.c:')" "" "nothing but lib/standard.c writes to a standard stream"
finish
