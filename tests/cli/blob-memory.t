#!/bin/sh
# Whatever the tree, no process of mci-blob takes 64 MB: one of 30,000 names in a folder, two for each file, and
# one file of 150 MB that cannot be compressed, saved and restored, as new and once more.
. "${0%/*}/lib.sh"
need python3
if sanitized mci-blob; then
	skip 1 'memory is not measured with a sanitizer'
	finish
	exit
fi
export MCI_BLOB="file:$T/store"

# within LIMIT TEXT COMMAND...: no process of it has more than so many MB at any time
within() {
	limit=$1 text=$2
	shift 2
	run python3 -c 'import resource, subprocess, sys
status = subprocess.call(sys.argv[2:])
most = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss // 1024
print("%d MB, status %d" % (most, status), file=sys.stderr)
sys.exit(status != 0 or most >= int(sys.argv[1]))' "$limit" "$@"
	if [ "$status" = 0 ]; then
		pass "$text"
	else
		fail "$text" "$err"
	fi
}

mkdir -p tree/many back
python3 -c 'import os
for i in range(15000):
    path = "tree/many/a-name-of-usual-length-%d" % i
    with open(path, "w") as f:
        f.write("content %d" % i)
    os.link(path, path + "-linked")'
head -c 150000000 /dev/urandom >tree/large

within 64 "a first save" mci-blob -q save one tree
within 64 "a second save" mci-blob -q save two tree
within 64 "a restore" mci-blob -q -C back restore one
within 64 "a restore over what is there" mci-blob -q -C back restore two
is "$(find back/tree -type f | wc -l)" 30001 "which is all there"
rm -rf tree/many
within 64 "reading all to check it" mci-blob verify
within 64 "a look for what is not needed" mci-blob gc
within 32 "an archive of it, by two processes" sh -c 'mci-blob get --tar one | tail -c 512 >end'
within 32 "and one that comes in" sh -c 'tar -cf - tree | mci-blob put --tar three'

# another that works for it
background mci-blob serve -l "unix:$T/blob.sock" --blob "$MCI_BLOB"
serve=$pid
wait_until "waited for the socket" test -S "$T/blob.sock"
within 64 "a save to a server" mci-blob -q save four tree --blob "unix:$T/blob.sock" --read-all
ok "which takes no more itself" test "$(awk '/^VmHWM/ { print $2 }' "/proc/$serve/status")" -lt 65536
finish
