#!/bin/bash
# sandbox.sh O: what a job in the sandbox costs, beside plain bwrap with the same flags, started by the least that
# runs jobs (limit-spawn), and beside podman run --rootfs. Jobs run one after another; a job of mci-job has its
# log, its events, its folders and its filter of system calls besides. Part of run.sh.
set -u
O=$(cd "$1" && pwd)
here=$(cd "${0%/*}" && pwd)
. "$here/lib.sh"
. "$here/podman-lib.sh"
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

# limits: what a job with some costs more than one without, where they are a cgroup's and where not
for ((i = 0; i < jobs; i++)); do
	echo "{\"id\":\"j$i\",\"argv\":[\"true\"],\"limits\":{\"memory\":\"1G\",\"processes\":100,\"files\":512}}"
done >../limited
printf '#!/bin/sh\nexec mci-job -j1 --progress json --log-dir ../logs --runner host <../limited\n' >../bounded
chmod +x ../bounded
measure -n 5 bounded ../bounded --- host ../host >../times || exit 1
row "a job with three limits, with none" "$(time_of bounded)" "$(time_of host)" ms "<" 2

# podman from the same root, with what it takes by itself and with what it is fastest with
have podman || { note "podman run --rootfs" "is not installed: skipped"; exit 0; }
podman_make "$(mktemp -d /tmp/mci-bench-XXXXXX)"
trap 'podman_end; rm -rf "$work"' EXIT
times_faster() {
	# shellcheck disable=SC2206
	local line=("${podman_in[@]}" $podman run --rm --network none --ulimit nofile=1024:1024 --ulimit nproc=4096:4096 "${@:2}"
		--rootfs /:O true)

	if ! timeout 60 "${line[@]}" >/dev/null 2>../said; then
		note "$1" "does not run here: $(tail -n 1 ../said)"
		return
	fi
	measure -n 5 podman "${line[@]}" >../podman || exit 1
	row "$1, mci-job --sandbox" "$(awk '{ print $2 }' ../podman)" "$ours" ms ">" 5
}
ours=$(measure -n 5 sandbox ../ours | awk -v jobs="$jobs" '{ print $2 / jobs }')
times_faster "podman run --rootfs"
times_faster "podman run --runtime crun" --runtime crun --cgroups disabled
