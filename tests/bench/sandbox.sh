#!/bin/bash
# sandbox.sh O: what a job in the sandbox costs, beside plain bwrap with the same flags, started by the least that
# runs jobs (limit-spawn), and beside podman run --rootfs. Jobs run one after another; a job of mci-job has its
# log, its events, its folders and its filter of system calls besides. Part of run.sh.
set -u
O=$(cd "$1" && pwd)
here=$(cd "${0%/*}" && pwd)
. "$here/lib.sh"
jobs=${SANDBOX_JOBS:-100}
work=$(mktemp -d "${BENCH_DIR:-$O}/sandbox-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export PATH="$O/bin:$O/tests/bench:$PATH" LC_ALL=C
cd "$work" || exit 1

heading "A sandboxed true, one after another, milliseconds each"
have bwrap || { note "bwrap" "is not installed: skipped"; exit 0; }
mkdir -p build room/run room/tmp home logs limit
cd build || exit 1
for ((i = 0; i < jobs; i++)); do
	echo "{\"id\":\"j$i\",\"argv\":[\"true\"]}"
done >../specs
# what would be started, with folders that are there
mci-job --explain --sandbox -- true | sed -n 's/^command	starts	//p' |
	sed "s|ROOM|$work/room|g; s|HOME /home|$work/home /home|; s|\[--setenv NAME VALUE\]\.\.\.|--setenv PATH /usr/bin|" >../line
read -ra plain <../line
plain[0]=$(command -v bwrap)

printf '#!/bin/sh\nexec mci-job -j1 --progress json --log-dir ../logs --sandbox <../specs\n' >../ours
printf '#!/bin/sh\nexec mci-job -j1 --progress json --log-dir ../logs --runner host <../specs\n' >../host
chmod +x ../ours ../host
measure -n 5 sandbox ../ours --- bwrap limit-spawn "$jobs" 1 ../limit "${plain[@]}" --- host ../host >../times || exit 1
time_of() {
	awk -v name="$1" -v jobs="$jobs" '$1 == name { print $2 / jobs }' ../times
}
row "mci-job --sandbox, plain bwrap" "$(time_of sandbox)" "$(time_of bwrap)" ms "<" 1.3
note "of that, a job on the host" "$(time_of host) ms"

# podman from the same root, where it runs at all here
if have podman && timeout 60 podman run --rm --network none --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 --rootfs /:O true >/dev/null 2>&1; then
	measure -n 5 podman podman run --rm --network none --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 --rootfs /:O true >../podman || exit 1
	row "podman run --rootfs, mci-job --sandbox" "$(awk '{ print $2 }' ../podman)" "$(time_of sandbox)" ms ">" 5
else
	note "podman run --rootfs" "does not run here: skipped"
fi
