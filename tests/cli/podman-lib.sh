# shellcheck shell=sh
# Real containers, of images that the test makes itself and a storage of its own below $T, of which nothing is left.
# Sourced behind lib.sh:
#
#	podman_ready        skips the whole file where podman cannot run a container; sets $PODMAN, the command
#	image NAME          makes the image localhost/NAME of $ROOTFS, with what the test has put there
#	containers          prints the names of the containers there are
#	wait_for_none       passes when there is none any more
#
# $ROOTFS is a folder with a busybox that can be run as it is.

ROOTFS=$T/rootfs
# every mci program of the test takes it from here
PODMAN="podman --root $T/containers/root --runroot $T/containers/run --tmpdir $T/containers/tmp"
PODMAN="$PODMAN --storage-driver vfs --cgroup-manager cgroupfs --log-level error"
export MCI_JOB_PODMAN="$PODMAN" MCI_BUILD_PODMAN="$PODMAN" CONTAINERS_CONF="$T/containers.conf"

podman_end() {
	for file in "$T"/containers/tmp/pause.pid "$T"/containers/run/libpod/tmp/pause.pid; do
		[ -s "$file" ] && kill -KILL "$(cat "$file")" 2>/dev/null
	done
	# shellcheck disable=SC2013
	for mount in $(sed -n 's/^[^ ]* \([^ ]*\) .*/\1/p' /proc/mounts | grep "^$T/" | sort -r); do
		umount -l "$mount" 2>/dev/null
	done
	clean_up
}
trap podman_end EXIT

rootfs() {
	mkdir -p "$ROOTFS/bin" "$ROOTFS/tmp" "$ROOTFS/etc" "$ROOTFS/proc" "$ROOTFS/sys" "$ROOTFS/dev" "$ROOTFS/run"
	chmod 1777 "$ROOTFS/tmp"
	cp "$(command -v busybox)" "$ROOTFS/bin/busybox"
	for name in $(busybox --list); do
		[ "$name" = busybox ] || ln -sf busybox "$ROOTFS/bin/$name"
	done
	printf 'root:x:0:0:root:/root:/bin/sh\nuser:x:1000:1000:user:/:/bin/sh\n' >"$ROOTFS/etc/passwd"
}

image() {
	tar -C "$ROOTFS" --owner 0 --group 0 --numeric-owner -c . | $PODMAN import - "localhost/$1" >/dev/null 2>&1
}

containers() {
	$PODMAN ps --all --format '{{.Names}}'
}

none_left() {
	[ -z "$(containers)" ]
}

wait_for_none() {
	wait_until "$1" none_left && pass "$1"
}

podman_ready() {
	need podman busybox jq
	if [ -n "$(ldd "$(command -v busybox)" 2>/dev/null | grep '=>')" ]; then
		printf '1..0 # SKIP busybox is not static\n'
		exit 0
	fi
	printf '[engine]\nlock_type = "file"\nevents_logger = "none"\n' >"$CONTAINERS_CONF"
	rootfs
	image box
	printf '{"id":"probe","image":"localhost/box","pull":"never","script":"true"}\n' |
		mci-job --log-dir "$T/probe" >"$out" 2>"$err" && return
	printf '1..0 # SKIP no container can be run here: %s\n' "$(tail -n 1 "$T/probe/probe.log" 2>/dev/null)"
	exit 0
}
