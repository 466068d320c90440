# shellcheck shell=bash
# podman with a storage of its own in the folder $1 (short: podman takes no long paths), of which nothing is left:
#
#	podman_make DIR   sets $podman, the command and its options, and $podman_in, what stands in front of it on a
#	                  machine that has both versions of cgroups
#	podman_end        ends what it has left running, and what it has mounted

podman_make() {
	podman_dir=$1
	export CONTAINERS_CONF=$podman_dir/conf
	printf '[engine]\nlock_type = "file"\nevents_logger = "none"\n' >"$CONTAINERS_CONF"
	podman="podman --root $podman_dir/root --runroot $podman_dir/runroot --tmpdir $podman_dir/tmp --storage-driver vfs"
	podman="$podman --cgroup-manager cgroupfs --log-level error"
	podman_in=()
	if [ "$(id -u)" = 0 ] && [ -n "$(cat /sys/fs/cgroup/unified/cgroup.controllers 2>/dev/null)" ]; then
		# shellcheck disable=SC2034
		podman_in=(unshare -m sh -c 'umount /sys/fs/cgroup/unified && exec "$@"' podman)
	fi
}

podman_end() {
	local file mount
	# the process that holds an ordinary user's namespaces
	for file in "$podman_dir/tmp/pause.pid" "$podman_dir/runroot/libpod/tmp/pause.pid"; do
		[ -s "$file" ] && kill -KILL "$(cat "$file")" 2>/dev/null
	done
	while read -r _ mount _; do
		case $mount in "$podman_dir"/*) umount -l "$mount" 2>/dev/null ;; esac
	done </proc/mounts
	# what belongs to other users of an ordinary user's namespace goes by podman alone
	[ "$(id -u)" = 0 ] || $podman unshare rm -rf "$podman_dir/root" 2>/dev/null
	rm -rf "$podman_dir"
}
