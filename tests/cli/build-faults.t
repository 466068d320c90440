#!/bin/sh
# Full disks, no descriptors, no processes, readers that stop: errors that say so, logs that stay whole.
. "${0%/*}/lib.sh"

need jq strace
printf '%s\n' '{"id":"big","script":["head -c 2000000 /dev/zero"]}' \
	'{"id":"next","script":["true"],"depends-on":["big"]}' >specs

mkdir "$T/small"
if mount -t tmpfs -o size=256k tmpfs "$T/small" 2>/dev/null; then
	run env XDG_STATE_HOME="$T/small" sh -c 'timeout 20 mci-build --json - <specs'
	is "$status" 1 "a log that does not fit fails its job"
	is "$(jq -r 'select(.type=="job/end" and .job=="big") | "\(.status) \(.reason) \(.truncated)"' "$out")" \
		"failure limit:log true" "and its end says why"
	is "$(jq -r 'select(.type=="job/end" and .job=="next").status' "$out")" skipped "the rest goes on"
	ok "the event log is whole" jq -e . "$T/small/mci/builds/local/work/1/events.ndjson"
	dd if=/dev/zero of="$T/small/fill" 2>/dev/null
	run env XDG_STATE_HOME="$T/small" sh -c 'timeout 20 mci-build --json - <specs'
	is "$status" 125 "no room at all is an error"
	has "$err" 'No space left on device' "that says so"
	rm "$T/small/fill" && rm -rf "$T/small/mci"
	printf '{"id":"a","script":["true"]}\n' >one
	run env XDG_STATE_HOME="$T/small" sh -c 'timeout 20 mci-build -q - <one'
	is "$status" 0 "with room again all is well"
	umount "$T/small"
else
	skip 7 "a tmpfs cannot be mounted here"
fi

printf '{"id":"a","script":["true"]}\n' >one
bad=''
for n in $(seq 4 20); do
	run sh -c "timeout 20 prlimit --nofile=$n mci-build --json - <one"
	case $status in
	0) ;;
	1 | 125) [ -s "$err" ] || grep -qE '"(error|message)":' "$out" || bad="$bad $n: silent;" ;;
	*) bad="$bad $n: status $status;" ;;
	esac
done
is "$bad" "" "few descriptors: an error that is told, or success"
is "$status" 0 "20 descriptors are enough"

# the leak checker cannot work below strace
export ASAN_OPTIONS="${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0"

# every system call that can fail at a start, failed once; the program must end by itself and say why
inject() {
	run timeout 20 strace -f -qq -o "$T/trace" -e "trace=$1" -e "inject=$1:error=$2:when=$3" \
		mci-build --json ./script
}
printf '#!/bin/sh\ncat one\n' >script
chmod +x script
for fault in clone3:EAGAIN clone:EAGAIN epoll_create1:EMFILE pipe2:EMFILE socket:EMFILE bind:EACCES mkdir:EACCES \
	execve:ENOMEM; do
	call=${fault%:*} code=${fault#*:} bad='' fired=0
	for when in 1 2 3 4 5 6; do
		inject "$call" "$code" "$when"
		grep -q INJECTED "$T/trace" || break
		fired=$((fired + 1))
		case $status in
		0 | 1 | 125 | 126 | 127) ;;
		*) bad="$bad call $when: status $status;" ;;
		esac
		pgrep -f "$T/work/script" >/dev/null && bad="$bad call $when: something is left;"
	done
	is "$bad" "" "$call failing with $code at each of its $fired calls"
done

# a failing sync stops the log; nothing is reported as kept that is not
run timeout 20 strace -f -qq -o "$T/trace" -e trace=fdatasync -e inject=fdatasync:error=EIO mci-build --json ./script
is "$status" 125 "a sync that fails is an error"
has "$err" 'Input/output error' "that is told"

exits 125 "stdout is full" sh -c 'mci-build --plan ./script >/dev/full'
has "$err" 'No space left' "and said"

# a reader that stops
seq 1 300 | sed 's/.*/{"id":"n&","argv":["true"]}/' >specs
run env XDG_STATE_HOME="$T/slow" timeout 60 sh -c 'mci-build --json - <specs |
	(until cat "$1"/mci/builds/*/*/*/events.ndjson | grep -q build/end; do sleep 0.01; done; cat)' - "$T/slow"
is "$status" 0 "a reader that sleeps until the build has ended keeps it from nothing"
is "$(jq -s 'length > 1500 and (map(.seq)==[range(1;length+1)])' "$out")" true "and gets everything"
finish
