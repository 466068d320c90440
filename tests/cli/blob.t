#!/bin/sh
# mci-blob on a folder: what was saved comes back as it was, only what differs is read and written, and nothing is
# restored outside of the folder.
. "${0%/*}/lib.sh"
export MCI_BLOB="file:$T/store"

mkdir -p tree/sub/empty tree/bin
printf 'one\n' >tree/a
printf 'two\n' >tree/sub/b
: >tree/nothing
head -c 3000000 /dev/urandom >tree/large
cp tree/a tree/sub/again
ln -s ../a tree/sub/link
ln tree/sub/b tree/sub/hard
printf '#!/bin/sh\n' >tree/bin/run
chmod 755 tree/bin/run
chmod 600 tree/a
truncate -s 10M tree/sparse
printf x | dd of=tree/sparse bs=1 seek=5000000 conv=notrunc 2>/dev/null
name=$(printf 'not\377utf8')
printf 'n\n' >"tree/$name"
touch -d '2020-02-03 04:05:06.789' tree/a tree/sub/empty tree/sub
setfattr -n user.color -v blue tree/bin/run 2>/dev/null && attributes=1

# all there is to know of a tree
picture() {
	(cd "$1" && find . -printf '%P\t%y\t%m\t%l\t%n\t%s\t%T@\0' | LC_ALL=C sort -z | tr '\0' '\n' | cat -v &&
		find . -type f -exec sha256sum {} + | cat -v | LC_ALL=C sort)
}

exits 0 "a tree is saved" mci-blob save cache/local/p/k1 tree --json
is "$(jq -r '.name + " " + (.files|tostring)' "$out")" "cache/local/p/k1 9" "--json says what was saved"
mkdir new
exits 0 "and restored elsewhere" mci-blob -C new restore cache/local/p/k1 --json
is "$(jq -r .hit "$out")" true "as it was asked for"
is "$(picture new/tree)" "$(picture tree)" "modes, times, links, holes, empty folders and odd names come back"
is "$(stat -c %i new/tree/sub/b)" "$(stat -c %i new/tree/sub/hard)" "a hard link is one"
ok "holes are not filled" test "$(stat -c %b new/tree/sparse)" -lt 200
if [ -n "$attributes" ]; then
	is "$(getfattr --only-values -n user.color new/tree/bin/run)" blue "extended attributes come back"
else
	skip 1 "no extended attributes here"
fi

packs() { find "$T/store/packs" -type f | wc -l; }
before=$(packs)
mci-blob save other tree
is "$(mci-blob stat other --json | jq -r .digest)" "$(mci-blob stat cache/local/p/k1 --json | jq -r .digest)" \
	"the same tree is the same manifest"
is "$(packs)" "$before" "and nothing is stored twice"

mci-blob -C new restore cache/local/p/k1 --json >"$out"
is "$(jq .written "$out")" 0 "a restore over the same tree writes nothing"
printf 'other\n' >new/tree/a
rm new/tree/sub/again
mci-blob -C new restore cache/local/p/k1 --json >"$out"
is "$(jq .written "$out")" 2 "over a changed one what differs"
is "$(picture new/tree)" "$(picture tree)" "and then all is as it was"
: >new/tree/extra
mci-blob -C new restore cache/local/p/k1
ok "what was there besides stays" test -e new/tree/extra

# changes that only the clock of the inode tells
printf 'ONE\n' >tree/a
touch -d '2020-02-03 04:05:06.789' tree/a
mci-blob save cache/local/p/k1 tree
is "$(mci-blob get cache/local/p/k1 tree/a)" ONE "a change is seen whose size and mtime are as before"
i=0
while [ $i -lt 20 ]; do
	i=$((i + 1))
	printf '%04d' $i >tree/a
	mci-blob save racy tree
	[ "$(mci-blob get racy tree/a)" = "$(printf '%04d' $i)" ] || break
done
is $i 20 "and one right after a save"

# names
printf 'text' | mci-blob put notes/x
is "$(mci-blob get notes/x)" text "put and get carry a stream"
mci-blob put notes/y tree/large
ok "and a file" sh -c 'mci-blob get notes/y | cmp - tree/large'
exits 0 "get writes a file" mci-blob get notes/y -o got
ok "whole" cmp got tree/large
is "$(mci-blob ls notes/ --json | jq -r .name | tr '\n' ' ')" "notes/x notes/y " "ls lists what begins so"
mkdir fall
exits 0 "a prefix is a fallback" mci-blob -C fall restore cache/local/p/none cache/local/p/k --json
is "$(jq -r '"\(.hit) \(.name)"' "$out")" "false cache/local/p/k1" "and is told as such"
exits 1 "a name that is not there is not found" mci-blob -C fall restore cache/local/q/none
exits 0 "rm removes it" mci-blob rm notes/x
exits 1 "and from then on it is a miss" mci-blob get notes/x
exits 2 "a name leaves no folder" mci-blob put ../../x a
exits 2 "neither does a path" mci-blob save x ../tree
exits 1 "a path that is not there is said" mci-blob save x nowhere
has "$err" 'nowhere: there is no such file' "by its name"

# a large file is written by several threads
mkdir -p great/folder parts
head -c 9000000 /dev/urandom >great/folder/file
truncate -s 30M great/folder/file
head -c 7000000 /dev/urandom | dd of=great/folder/file bs=1M seek=14 conv=notrunc 2>/dev/null
chmod 640 great/folder/file
touch -d '2001-02-03 04:05:06.789 UTC' great/folder/file great/folder
mci-blob save great great --blob "file:$T/parts"
exits 0 "a large file is restored" mci-blob -C parts restore great --blob "file:$T/parts"
ok "whole" cmp great/folder/file parts/great/folder/file
ok "without what is not on the disk" test "$(stat -c %b parts/great/folder/file)" -lt 35000
is "$(stat -c '%a %Y' parts/great/folder/file parts/great/folder)" "$(stat -c '%a %Y' great/folder/file great/folder)" \
	"with its mode and times"
exits 0 "and once more" mci-blob -C parts restore great --json --blob "file:$T/parts"
is "$(jq .written "$out")" 0 "which writes nothing"
rm -rf parts/great
for pack in "$T"/parts/packs/*; do
	printf 'damage' | dd of="$pack" bs=1 seek=$(($(stat -c %s "$pack") * 2 / 3)) conv=notrunc 2>/dev/null
done
exits 2 "one that is damaged is not" mci-blob -C parts restore great --blob "file:$T/parts"
has "$err" 'great/folder/file: pack [0-9a-f]* is damaged' "and named"
is "$(find parts -type f)" '' "and no part of it is left"

# what is chosen
mci-blob save chosen 'tree/**/b' tree/bin --exclude 'r*'
is "$(mci-blob stat chosen --files | jq -r .path | tr '\n' ' ')" "tree/bin tree/sub/b " "globs choose, and exclusions leave out"
exits 1 "a glob that fits nothing is an error" mci-blob save chosen 'tree/*.none'

# trust
mci-blob save --scope stranger cache/local/p/evil tree/bin
exits 1 "who is trusted is not shown what strangers wrote" mci-blob restore cache/local/p/evil
is "$(mci-blob ls cache/local/p/evil | wc -l)" 0 "nor its name"
mkdir s
exits 0 "strangers see it" mci-blob -C s restore --scope stranger cache/local/p/evil
exits 0 "and what is trusted" mci-blob -C s restore --scope stranger cache/local/p/k1
exits 1 "which they do not remove" mci-blob rm --scope stranger cache/local/p/k1

# runs
mci-blob save artifact/o/r/1/j/x tree/bin --build o/r/1 --run 2
exits 1 "an older run is refused" mci-blob save artifact/o/r/1/j/y tree/bin --build o/r/1 --run 1
has "$err" 'run 2 of o/r/1 has begun' "and told why"
exits 0 "the same one is not" mci-blob save artifact/o/r/1/j/y tree/bin --build o/r/1 --run 2

# files that change while they are saved
need python3
mkdir busy
head -c 100000 /dev/urandom >busy/calm
head -c 1500000 /dev/urandom >busy/large
mci-blob save busy busy
for changing in large small; do
	background python3 -c 'import sys
f = open(sys.argv[1], "r+b" if sys.argv[1] == "busy/large" else "wb", buffering=0)
n = 0
while True:
    f.seek(0)
    f.write(b"%d" % n)
    n += 1
    open("written", "w").close()' "busy/$changing"
	wait_until "it is written" test -e written
	# where nothing was written just then it is saved, and rightly
	for _ in $(seq 100); do
		before=$(mci-blob stat busy --json | jq -r .digest)
		run mci-blob save busy busy
		[ "$status" = 0 ] || break
	done
	is "$status" 75 "a $changing file that changes while it is saved fails the save"
	has "$err" "busy/$changing: changed while it was saved" "and is named"
	is "$(mci-blob stat busy --json | jq -r .digest)" "$before" "what stood under the name still does"
	kill $pid
	wait_end $pid
	rm -f written busy/small
done
exits 0 "once it is let be it is saved" mci-blob save busy busy

# no way out of the folder
mkdir -p way/tree "$T/outside"
ln -s "$T/outside" way/tree/sub
exits 0 "a symbolic link where a folder is to be is replaced" mci-blob -C way restore other
is "$(find "$T/outside" -mindepth 1 | wc -l)" 0 "and not followed"
mkdir way2
ln -s "$T/outside" way2/tree
exits 1 "one in a path that was not saved itself is refused" sh -c 'mci-blob save deep tree/sub && mci-blob -C way2 restore deep'
is "$(find "$T/outside" -mindepth 1 | wc -l)" 0 "and not followed either"
chmod 6755 tree/bin/run
mci-blob save setuid tree/bin
mkdir plain
mci-blob -C plain restore setuid
is "$(stat -c %a plain/tree/bin/run)" 755 "nothing becomes setuid"
exits 125 "a tree of too many files is refused" mci-blob -C plain restore other --max-files 3
exits 125 "or of too many bytes" mci-blob -C plain restore other --max-size 1k
mkdir -p clash/tree/a/full
exits 1 "a folder that is not empty is not removed for a file" mci-blob -C clash restore other
has "$err" 'tree/a: is a folder, and not empty' "and named"

# a damaged store is told, and nothing of it restored
pack=$(find "$T/store/packs" -type f -size +2M | head -1)
chmod u+w "$pack"
printf 'XXXX' | dd of="$pack" bs=1 seek=100000 conv=notrunc 2>/dev/null
mkdir bad
exits 2 "a flipped byte is found when it is read" mci-blob -C bad restore other
is "$(find bad -name '.mci-restore*' | wc -l)" 0 "and no half of a file is left"
mv "$pack" kept
exits 2 "what a name stands on and is lost is no miss" mci-blob -C bad restore other
has "$err" '^mci-blob: (chunk|pack) [0-9a-f]{64} is lost: mci-blob verify' "and is named"
mv kept "$pack"

# a name whose record is damaged is told, and the others are listed
echo one | mci-blob put listed/one
echo two | mci-blob put listed/two
record=$(find "$T/store/names/listed" -name 'one=')
chmod u+w "$record"
echo '{' >"$record"
exits 2 "ls of a damaged name fails" mci-blob ls listed/
has "$out" '^listed/two' "after it has listed the others"
has "$err" 'listed/one' "and named that one"

# a name of a file obeys nothing
mkdir odd
mkfifo "$(printf 'odd/\033]0;gone\007\nend')"
exits 0 "a pipe with an odd name is left out" mci-blob save odd odd
is "$(cat "$err")" 'mci-blob: odd/^[]0;gone^G^Jend: is left out: no file, folder or symbolic link' \
	"and told without its control characters, on one line"

# what could not be restored to its end
mkdir -p wide/open full
chmod 755 wide wide/open
head -c 3000000 /dev/urandom >wide/open/file
mci-blob save wide wide
if [ "$(id -u)" = 0 ] && mount -t tmpfs -o size=1m,mode=755 none full 2>/dev/null; then
	exits 125 "a restore onto a full disk fails" mci-blob -C full restore wide
	has "$err" 'No space left' "and says why"
	is "$(stat -c %a full/wide full/wide/open | tr '\n' ' ')" '755 755 ' "its folders have the mode that they had"
	umount full
else
	skip "needs root, who may mount a small tmpfs"
fi
finish
