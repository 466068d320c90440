#!/bin/bash
# ssh.sh O: what it costs to run jobs on another machine, which is this one by its sshd, beside a plain ssh to it. Part of
# run.sh.
set -u
O=$(cd "$1" && pwd)
here=$(cd "${0%/*}" && pwd)
. "$here/lib.sh"
runs=${RUNS:-10}
T=$(mktemp -d /tmp/mci-bench-XXXXXX) || exit 1
trap 'stop_sshd; rm -rf "$T"' EXIT
trap 'exit 130' INT TERM
export PATH="$O/bin:$O/tests/bench:$PATH" LC_ALL=C XDG_RUNTIME_DIR="$T/run" TMPDIR="$T/tmp"
export XDG_STATE_HOME="$T/state"
mkdir -m 700 "$T/run" "$T/tmp" "$T/work" "$T/bin" && cd "$T" || exit 1
heading "ssh: $runs jobs, one after another, of 'true' on this machine by its sshd, milliseconds each"

# what the tests' ssh-lib.sh asks of theirs
need() {
	for name; do
		have "$name" || { note "skipped" "$name is not installed"; exit 0; }
	done
}
skip() {
	note "skipped" "$2"
}
finish() {
	exit 0
}
background() {
	"$@" 2>/dev/null &
	pid=$!
}
wait_until() {
	until "${@:2}"; do sleep 0.05; done
}
sshd=
. "$here/../cli/ssh-lib.sh"
start_sshd
printf '#!/bin/sh\nexec %s -F %s "$@"\n' "$(command -v ssh)" "$T/ssh_config" >bin/ssh
chmod +x bin/ssh
PATH=$T/bin:$PATH
cd work || exit 1
for ((i = 0; i < runs; i++)); do
	echo "{\"id\":\"j$i\",\"argv\":[\"true\"]}"
done >../specs
printf '#!/bin/sh\nexec mci-job -j1 --log-dir ../logs --runner ssh:ci <../specs\n' >../ours
# shellcheck disable=SC2016
printf '#!/bin/sh\nfor i in $(seq %s); do ssh ci true; done\n' "$runs" >../plain
chmod +x ../ours ../plain
times() {
	measure -n 3 ours ../ours --- plain ../plain >../times || exit 1
	row "$1" "$(awk -v n="$runs" '$1 == "ours" { print $2 / n }' ../times)" \
		"$(awk -v n="$runs" '$1 == "plain" { print $2 / n }' ../times)" ms '<' "$2"
}
times "a small folder, beside ssh host true" 2
head -c 20000000 /dev/urandom >large
times "20 MB that are known there, beside the same" 4
