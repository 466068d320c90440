#!/bin/sh
# Saved trees as archives and back, and trees made by chance through all the ways there are.
. "${0%/*}/lib.sh"
need python3 jq tar
export MCI_BLOB="file:$T/blobs"
tree="python3 $ROOT/tests/cli/random-tree.py"

# through WHAT SEED: whether what came to out is tree
same() {
	$tree --describe tree >wanted
	$tree --describe "$1" >got
	cmp -s wanted got || { diff wanted got | head -n 10 >&2; return 1; }
}

seed=${SEED:-1}
last=$((seed + ${TREES:-6}))
while [ "$seed" -lt "$last" ]; do
	$tree $seed tree
	mkdir out
	mci-blob save "tree/$seed" tree && mci-blob restore "tree/$seed" -C out
	ok "tree $seed is restored as it was saved" same out/tree
	mci-blob get --tar "tree/$seed" >tree.tar && mkdir tar && tar --xattrs --xattrs-include='user.*' -xpf tree.tar -C tar 2>err
	ok "and in a tar archive" same tar/tree
	chmod -R u+rwx tree out tar
	rm -rf tree out tar
	$tree $seed tree plain
	mkdir out
	tar --xattrs --format=pax --sparse -cf - tree | mci-blob put --tar "tar/$seed" && mci-blob restore "tar/$seed" -C out
	ok "tree $seed is taken from a tar archive" same out/tree
	mci-blob get --tar "tar/$seed" | mci-blob put --tar "again/$seed" && mkdir again && mci-blob restore "again/$seed" -C again
	ok "and from one of ours" same again/tree
	mci-blob get --zip "tar/$seed" >tree.zip
	is "$(python3 -c 'import zipfile; print(zipfile.ZipFile("tree.zip").testzip())')" None "and stands in a zip archive"
	chmod -R u+rwx tree out again
	rm -rf tree out again
	seed=$((seed + 1))
done

# ---- what is asked for wrongly
echo one >one
mci-blob put one one
exits 2 "one kind of archive at a time" mci-blob get --tar --zip one
exits 2 "an archive is of all" mci-blob get --tar one one
exits 1 "of what is stored" mci-blob get --tar none
run sh -c 'mci-blob get --tar one | head -c 1 >/dev/null'
is "$status,$(cat "$err")" 0, "a reader may leave"
exits 2 "an archive that is none is refused" mci-blob put --tar junk one

# ---- hostile archives: nothing is outside, nothing has a name
mkdir attacks outside
echo secret >outside/secret
python3 "$ROOT/tests/cli/archive-attacks.py" "$PWD/attacks" "$PWD/outside" | grep -v -- '	--' >list
refused=0
while IFS='	' read -r file says; do
	if mci-blob put --tar attack "$file" >"$out" 2>"$err" || ! grep -Eq "$says" "$err"; then
		fail "${file##*/} is refused: $says" "$err"
	else
		refused=$((refused + 1))
	fi
done <list
is "$refused" "$(wc -l <list)" "every hostile archive is refused, with its reason"
exits 1 "none of them has left a name" mci-blob restore attack
is "$(ls outside),$(cat outside/secret)" "secret,secret" "nor anything outside"
is "$(find "$T" -name 'evil*')" "" "anywhere"
exits 0 "the store is whole" mci-blob verify
finish
