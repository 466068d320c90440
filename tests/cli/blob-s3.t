#!/bin/sh
# The store of large files in a bucket of a real S3 service.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/s3-lib.sh"
need_s3
need jq python3 pgrep
s3_up || finish
s3_bucket mci
export MCI_BLOB=s3://mci/ci/store

# described FOLDER: all there is to know of it
described() {
	(cd "$1" && find . -type d -printf '%p %y %m %T@\n' -o -printf '%p %y %m %s %T@ %n %l\n' | LC_ALL=C sort &&
		find . -type f -exec sha256sum {} + | LC_ALL=C sort -k 2)
}
mkdir -p tree/sub/empty out out2
cp -R "$ROOT/lib" tree/lib
head -c 20000000 /dev/urandom >tree/large
ln tree/large tree/sub/same
ln -s ../large tree/sub/soft
chmod 750 tree/sub
touch -d '2001-02-03 04:05:06.789 UTC' tree/sub/empty tree/lib/*.c

exits 1 "nothing is restored from a bucket without a store" mci-blob restore one -C out
exits 0 "a tree is saved to a bucket" mci-blob save --json one tree
exits 0 "and restored" mci-blob restore one -C out
is "$(described out/tree)" "$(described tree)" "as it was"
packs() {
	mci-blob-bucket ls --json $MCI_BLOB packs/ | jq -s 'map(.size) | add'
}
before=$(packs)
exits 0 "the same again, under another name" mci-blob save two tree
ok "costs nearly nothing" test $(($(packs) - before)) -lt 200000
echo changed >tree/lib/line.c
exits 0 "a changed tree is saved" mci-blob save two tree
exits 0 "restored over the other one" mci-blob restore two -C out
is "$(described out/tree)" "$(described tree)" "it is that"
exits 0 "a name falls back to the beginning of another" mci-blob restore none tw -C out2
is "$(described out2/tree)" "$(described tree)" "which is restored"
is "$(mci-blob ls --json | jq -r .name | sort | tr '\n' ' ')" "one two " "names are listed"
exits 0 "all is whole" mci-blob verify
exits 0 "a name is removed" mci-blob rm one
exits 0 "what no name stands on is taken out" mci-blob gc
exits 0 "the rest is whole" mci-blob verify
mkdir out3
exits 0 "and restored" mci-blob restore two -C out3
is "$(described out3/tree)" "$(described tree)" "as it was"

# ---- trees made by chance
for seed in 21 22 23; do
	python3 "$ROOT/tests/cli/random-tree.py" $seed chance
	mkdir back
	mci-blob save "chance/$seed" chance && mci-blob restore "chance/$seed" -C back
	python3 "$ROOT/tests/cli/random-tree.py" --describe chance >wanted
	python3 "$ROOT/tests/cli/random-tree.py" --describe back/chance >got
	ok "tree $seed comes back as it was" cmp wanted got
	mci-blob get --tar "chance/$seed" >tree.tar
	mkdir tar
	tar --xattrs --xattrs-include='user.*' -xpf tree.tar -C tar 2>"$T/tar.err"
	python3 "$ROOT/tests/cli/random-tree.py" --describe tar/chance >got
	ok "in an archive too" cmp wanted got
	chmod -R u+rwx chance back tar
	rm -rf chance back tar
done

# ---- the worker dies
mkdir -p half
head -c 30000000 /dev/urandom >half/large
mci-blob save half half &
saving=$! started="$started $!"
wait_until "waited for the worker" pgrep -P $saving -x mci-blob-bucket
kill -KILL "$(pgrep -P $saving -x mci-blob-bucket)"
wait $saving
like "$?" '^[1-9]' "a save whose worker dies is an error"
exits 1 "that has left no name" mci-blob stat half
exits 0 "another time it is saved" mci-blob save half half
mkdir back
exits 0 "and restored" mci-blob restore half -C back
ok "whole" cmp half/large back/half/large

# ---- what is damaged
pack=$(mci-blob-bucket ls --json $MCI_BLOB packs/ | jq -rs 'max_by(.size).name')
mci-blob-bucket get -o pack $MCI_BLOB "$pack"
printf '\377' | dd of=pack bs=1 seek=$(($(stat -c %s pack) / 2)) conv=notrunc 2>"$T/dd"
mci-blob-bucket put -f $MCI_BLOB "$pack" pack
run mci-blob verify
ok "a changed bit is found" test "$status" -ne 0
cat "$out" "$err" >said
has said "${pack#packs/}|damaged" "and its object named"

# ---- a short run of tests/proof/blob-kill
run timeout 300 "$ROOT/tests/proof/blob-kill" -b s3://mci/kill/store 4 "${SEED:-$$}"
is "$status" 0 "killed saves, restores and gcs lose nothing in a bucket that a name stands on"
[ "$status" = 0 ] || cat "$out" "$err" >&2
has "$out" '^[4-9] kills .* 0 wrong' "in 4 kills"

# ---- who may not
AWS_SECRET_ACCESS_KEY=wrong run mci-blob save three tree
is "$status" 1 "a wrong secret is refused"
has "$err" "s3://mci/ci/store/.*403: the key MCIKEY may not, or its secret" "and said to be"
s3_down
AWS_MAX_ATTEMPTS=2 exits 75 "a bucket that is away is an error to try again on" mci-blob restore two -C out
has "$err" "connect to server" "which says so"
finish
