#!/bin/bash
# containers.sh O: what it costs to run jobs in containers, beside podman with the same options. Part of run.sh.
set -u
O=$(cd "$1" && pwd)
. "${0%/*}/lib.sh"
. "${0%/*}/podman-lib.sh"
runs=${RUNS:-10}
# podman takes no long paths
work=$(mktemp -d /tmp/mci-bench-XXXXXX) || exit 1
trap 'podman_end' EXIT
trap 'exit 130' INT TERM
export PATH="$O/bin:$PATH" LC_ALL=C XDG_RUNTIME_DIR="$work/run"
podman_make "$work"
mkdir -m 700 "$work/run" && cd "$work" || exit 1

heading "containers: $runs jobs, one after another, of 'true' in an image"
if ! have podman || ! have busybox; then
	note 'skipped' 'podman and a static busybox are needed'
	exit 0
fi
mkdir -p rootfs/bin && cp "$(command -v busybox)" rootfs/bin/busybox
ln -s busybox rootfs/bin/true && ln -s busybox rootfs/bin/sh
tar -C rootfs -c . | $podman import - localhost/true >/dev/null 2>&1
for i in $(seq "$runs"); do
	printf '{"id":"j%s","image":"localhost/true","argv":["true"]}\n' "$i"
done >specs
if ! mci-job --podman "$podman" <specs >first 2>&1; then
	note 'skipped' "$(tail -n 1 first)"
	exit 0
fi

seconds() {
	local begin end
	begin=$(date +%s%N)
	"$@" >/dev/null 2>&1
	end=$(date +%s%N)
	echo $(((end - begin) / 1000))
}
# the same container without mci-job
plain() {
	for i in $(seq "$runs"); do
		"${line[@]/#NAME/plain$i}"
	done
}
limits=()
[ "$(id -u)" = 0 ] && limits=(--ulimit "nofile=$(ulimit -Hn):$(ulimit -Hn)" --ulimit nproc=32768:32768)
# shellcheck disable=SC2206
line=("${podman_in[@]}" $podman run --rm --name NAME --network host --runtime crun --cgroups disabled "${limits[@]}"
	--log-driver passthrough --volume "$work:$work" --workdir "$work" --entrypoint true localhost/true)
if ! "${line[@]/#NAME/plain}" 2>first; then
	note 'skipped' "podman: $(tail -n 1 first)"
	exit 0
fi
for _ in 1 2 3; do
	seconds plain >>plain.us
	seconds mci-job -j1 --podman "$podman" <specs >>mci.us
done
median() {
	sort -n "$1" | sed -n 2p | awk -v n="$runs" '{ print $1 / n / 1000 }'
}
row 'a job with an image, beside podman run' "$(median mci.us)" "$(median plain.us)" ms '<' 1.15
