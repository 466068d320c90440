#!/bin/sh
# mci-blob-archive: archives become entries and back, and hostile ones become an error.
. "${0%/*}/lib.sh"
need python3 jq tar zstd gzip setfattr
archive=mci-blob-archive

# ---- there and back
mkdir -p tree/folder/empty tree/.hidden
echo one >tree/a
printf '\000\377bytes' >tree/folder/binary
: >tree/empty
ln tree/a tree/folder/hard
ln -s ../a tree/folder/soft
ln -s nowhere tree/dangling
echo exec >tree/run
chmod 755 tree/run
chmod 600 tree/a
echo é >"tree/é \"x\" \\"
echo raw >"$(printf 'tree/raw\377')"
chmod 750 tree/folder/empty
truncate -s 3M tree/sparse
printf end >>tree/sparse
head -c 3000000 /dev/urandom >tree/large
setfattr -n user.note -v "a value" tree/run || no_attributes=1
long=tree/$(printf '%0200d/%0200d' 1 2)
mkdir -p "$long"
echo long >"$long/$(printf '%0200d' 3)"
touch -d '2001-02-03 04:05:06.789012345 UTC' tree/a tree/folder tree/run
touch -hd '1999-01-02 03:04:05 UTC' tree/dangling

# described FOLDER: all of its metadata but of hard links, which is that of one file
described() {
	(cd "$1" && find . -printf '%p %y %m %s %T@ %l\n' | LC_ALL=C sort &&
		find . -type f -exec sha256sum {} + | LC_ALL=C sort -k 2 &&
		getfattr -R -d -h . 2>/dev/null | grep -v '^$')
}
tar --xattrs --format=pax -cf tree.tar tree
cp tree.tar plain
gzip -c tree.tar >zipped
zstd -q -c tree.tar >packed
for form in plain zipped packed; do
	exits 0 "a $form tar archive becomes entries" $archive unpack <$form
	cp "$out" entries
	exits 0 "and an archive again" $archive pack --tar <entries
	mkdir $form.out
	tar --xattrs -xpf "$out" -C $form.out 2>tar.err
	is "$(described $form.out/tree)" "$(described tree)" "which holds the same, with all that belongs to it"
	# GNU tar does not know what pax says of the name that is not UTF-8
	is "$(grep -v "'hdrcharset'" tar.err)" "" "and of which tar has nothing to say"
	ok "hard links too" test $form.out/tree/a -ef $form.out/tree/folder/hard
done
exits 0 "a list" $archive ls <tree.tar
has "$out" "^file	755	5	tree/run$" "has files"
has "$out" "^symlink	777	0	tree/folder/soft	../a$" "links"
has "$out" "^folder	750	0	tree/folder/empty$" "and folders"
is "$(tail -n 1 entries)" '{"type":"eof"}' "the end of entries is a record"
tar -C tree -cf - a run folder/binary | $archive unpack >entries
exits 0 "entries become a zip archive" $archive pack --zip <entries
cp "$out" tree.zip
is "$(python3 -c 'import zipfile
z = zipfile.ZipFile("tree.zip")
assert z.testzip() is None
print(*sorted(i.filename for i in z.infolist()))')" "a folder/binary run" "that others read"
{ echo '{"path":"s","type":"file","mode":"644","mtime":0,"size":6}'
	printf '{"at":1,"data":1}\nX{"at":4,"data":1}\nY{"type":"eof"}\n'; } >entries
is "$($archive pack --tar <entries | tar xO | od -An -c | tr -d ' \n')" '\0X\0\0Y\0' "what no piece covers is zero"

# ---- memory does not grow
head -c 300000000 /dev/zero | tr '\0' x >big
tar cf - big | $archive unpack | $archive pack --tar | tar xO | cmp - big
is "$?" 0 "a large file goes through"
if /usr/bin/time -f %M true 2>/dev/null; then
	tar cf big.tar big
	/usr/bin/time -o used -f %M $archive unpack <big.tar >/dev/null
	ok "in 32 MB: $(cat used) kB" test "$(cat used)" -lt 32768
else
	python3 - $archive big <<'END' >used
import resource, subprocess, sys
tar = subprocess.Popen(["tar", "cf", "-", sys.argv[2]], stdout=subprocess.PIPE)
subprocess.run([sys.argv[1], "unpack"], stdin=tar.stdout, stdout=subprocess.DEVNULL, check=True)
tar.stdout.close()
tar.wait()
print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)
END
	case $MCI_BIN in
	*/san/*) skip 1 "the sanitizers need more memory" ;;
	*) ok "in 32 MB: $(cat used) kB" test "$(cat used)" -lt 32768 ;;
	esac
fi
rm -f big big.tar

# ---- hostile archives
mkdir attacks outside
echo secret >outside/secret
python3 "$ROOT/tests/cli/archive-attacks.py" "$PWD/attacks" "$PWD/outside" >list
while IFS='	' read -r file says options; do
	name=${file##*/} status=taken
	# shellcheck disable=SC2086 # words
	$archive unpack $options <"$file" >"$out" 2>"$err"
	[ $? -ne 0 ] && status=refused
	is "$status,$(tail -n 1 "$out" | grep -ac '"type":"eof"'),$(wc -l <"$err")" refused,0,1 \
		"$name is refused, with one line and no end of the entries"
	has "$err" "^mci-blob-archive: .*($says)" "which says why: $says"
done <list
is "$(ls outside),$(cat outside/secret)" "secret,secret" "nothing was reached"
is "$(find . -name 'evil*')" "" "and nothing made"
ok "there were many" test "$(wc -l <list)" -gt 45
exits 0 "a link that leads out is taken when that is asked for" $archive ls --outside-links <attacks/symlink-kept.tar
exits 1 "nothing is taken through it" $archive ls --outside-links <attacks/symlink-through.tar
has "$err" "below 'a', which is a symbolic link" "all the same"

# ---- entries that are wrong
while IFS='	' read -r lines says; do
	printf '%b' "$lines" >entries
	run $archive pack --tar <entries
	like "$status" '^(1|2)$' "wrong entries are refused"
	has "$err" "$says" "which says why: $says"
done <<'END'
	standard input ends without
{"path":"a","type":"folder"}\n	standard input ends without
{"path":"a"}\n	line 1: expected an entry with path and type
nonsense\n	line 1: 
{"path":"a","type":"what"}\n	line 1: type: expected file, folder
{"path":"../a","type":"file","size":0}\n{"type":"eof"}\n	'\.\./a': '\.\.' in its name
{"path":"a/","type":"folder"}\n{"type":"eof"}\n	is no path of an entry
{"path":"a","type":"symlink"}\n{"type":"eof"}\n	a link without a target
{"at":0,"data":1}\nx	a piece that is not of the file before it
{"path":"a","type":"file","size":1}\n{"at":0,"data":2}\nxx	a piece that is not of the file before it
{"path":"a","type":"file","size":9}\n{"at":0,"data":9}\nxx	standard input ends in 'a'
{"path":"a","type":"file","size":9,"mode":"rw"}\n	line 1: mode: 
{"path64":"%%","type":"file"}\n	line 1: path64: not base64
{"path64":"AAAA","type":"file"}\n	line 1: path64: holds a NUL
END
exits 2 "either of the formats is to be named" $archive pack
exits 2 "zip has no hard links" sh -c 'printf "%s\n" "$1" "$2" | "$3" pack --zip' - \
	'{"path":"a","type":"file","size":0}' '{"path":"b","type":"link","target":"a"}' $archive
has "$err" "zip knows no hard links" "and is not said to have"
finish
