#!/bin/sh
# Finished logs are compressed, moved on and removed, and read the same meanwhile; open ones are let alone.
. "${0%/*}/lib.sh"
need nc perl jq

perl -e 'for (1 .. 60000) { print "line $_ of a log that is long enough for several frames\n" }' >input
put() {
	mci-log put --dir d "$@"
}
for n in 1 2 3 4; do
	put "o/r/$n/unit" <input
done
put o/other/1/unit <input
exits 0 "nothing is done without a rule" mci-log sweep --dir d
ok "... the logs are plain" cmp input d/o/r/1/logs/unit.log

mkfifo feed
put o/r/2/open <feed &
writer=$!
started="$started $writer"
exec 4>feed
echo "still written" >&4
wait_until "the log is there" test -s d/o/r/2/logs/open.log

exits 0 "sweep --compress-after" mci-log sweep --dir d --compress-after 1ms
ok "a finished log is compressed" test -e d/o/r/1/logs/unit.log.zst
ok "... in place of the plain one" test ! -e d/o/r/1/logs/unit.log
ok "one that is written is not" test -e d/o/r/2/logs/open.log
exits 1 "nothing is added to a compressed log" put --resume o/r/1/unit <input
has "$err" "stored away" "... it says"

exits 0 "sweep --archive" mci-log sweep --dir d --archive file:kept
ok "a log is moved with its index" test -e kept/o/r/1/logs/unit.log.zst -a -e kept/o/r/1/logs/unit.idx
is "$(find d/o/r/1 -type f)" "" "... all of it"
ok "one that is written is not" test -e d/o/r/2/logs/open.log
exits 2 "an archive of another kind" mci-log sweep --dir d --archive s3://bucket

# calls COMMAND...: what it does with names and disks, a letter a call: [f]iles and [d]olders to the disk,
# [r]ename, [u]nlink, [m]kdir
calls() {
	ASAN_OPTIONS=detect_leaks=0 strace -f -o "$T/trace" \
		-e trace=fdatasync,fsync,rename,renameat,renameat2,unlink,unlinkat,mkdir,mkdirat "$@" >"$out" 2>"$err"
	sed -n '/EEXIST\|ENOENT\|ENOTEMPTY/d
		s/^[0-9 ]*fdatasync(.*/f/p; s/^[0-9 ]*fsync(.*/d/p; s/^[0-9 ]*rename.*/r/p
		s/^[0-9 ]*unlink.*/u/p; s/^[0-9 ]*mkdir.*/m/p' "$T/trace" | tr -d '\n'
}
if strace true 2>/dev/null; then
	put o/r/9/unit <input
	is "$(calls mci-log sweep --dir d --compress-after 1ms)" frdu \
		"the plain log goes when the compressed one is on the disk with its name"
	is "$(calls mci-log sweep --dir d --archive file:moved)" mdmdmdmdmdfrdufrdu \
		"a log goes from its folder when it is in the archive, with all names that lead to it"
	rm -r moved d/o/r/9
	printf '{"jsonrpc":"2.0","id":%s,"method":"log/%s","params":{"build":"o/r/1","job":"x"}}\n' 1 open 2 close >requests
	is "$(calls mci-log serve -l - --dir traced <requests | tr -d u)" mdmmmmmdddddff \
		"a log is closed when it is on the disk, with all names that lead to it"
	is "$(jq -c .result.truncated "$out" | tail -n 1)" false "... and that is said then"
	rm -r traced
else
	skip 4 "nothing can be traced here"
fi

mkfifo ready
mci-log serve -l ./s --dir d --archive file:kept --ready-fd 3 3>ready 4>&- &
serving=$!
started="$started $serving"
read -r _ <ready
exits 0 "a server reads what was moved" mci-log cat -a ./s o/r/1/unit
ok "... byte for byte" cmp "$out" input
is "$(mci-log cat -a ./s --bytes 200000-200009 o/r/1/unit)" "$(tail -c +200001 input | head -c 10)" "... from any offset"
is "$(mci call -a ./s log/get build=o/r/1 job=unit | jq -c '[.bytes,.open,.truncated]')" \
	"[$(wc -c <input),false,false]" "... and knows its length"
is "$(mci call -a ./s log/list build=o/r/2 | jq -c '[.logs[].job]')" '["open","unit"]' "... and lists it with the others"
put o/r/1/plain <input
mci-log sweep --dir d --archive file:kept
exits 0 "a server reads what was moved as it was" mci-log follow -a ./s o/r/1/plain
ok "... byte for byte" cmp "$out" input
kill "$serving"
wait_end "$serving"

exits 0 "sweep --keep-count" mci-log sweep --dir d --archive file:kept --keep-count 1
is "$(jq -r '.type + " " + .build' "$out" | tr '\n' ';')" "log/removed o/r/3;log/removed o/r/1;" \
	"the oldest builds of each repo go, and this is said"
ok "... also from the archive" test ! -e kept/o/r/1
ok "the newest stay" test -e kept/o/r/4/logs/unit.log.zst -a -e kept/o/other/1/logs/unit.log.zst
ok "one that is written stays" test -e d/o/r/2/logs/open.log
exec 4>&-
wait_end "$writer"
is "$status" 0 "its writer ends well"
put o/r/5/unit <input
exits 0 "sweep --keep-size" mci-log sweep --dir d --archive file:kept --keep-size 10000000
is "$(jq -r .build "$out")" "" "the newest builds fit"
exits 0 "sweep --keep-size of less" mci-log sweep --dir d --archive file:kept --keep-size 200
is "$(jq -r .build "$out" | sort | tr '\n' ' ')" "o/other/1 o/r/2 o/r/4 o/r/5 " "what does not fit goes"
put o/r/6/unit <input
touch -d '2 days ago' d/o/r/6/logs/unit.idx
put o/r/7/unit <input
exits 0 "sweep --keep-age" mci-log sweep --dir d --keep-age 1d
is "$(jq -r .build "$out")" "o/r/6" "what is older goes"

# a server does it from time to time, and tells the hub
nc -lkU ./hub >events &
hub=$!
started="$started $hub"
wait_until "the hub listens" test -S ./hub
mci-log serve -l ./s --dir d --compress-after 1s --keep-count 1 --events ./hub --ready-fd 3 3>ready &
serving=$!
started="$started $serving"
read -r _ <ready
mci-log put -a ./s o/r/8/late <input
wait_until "the server compresses" test -e d/o/r/8/logs/late.log.zst
wait_for_line events log/removed
is "$(jq -r '[.type,.build,.job,.bytes] | map(tostring) | join(" ")' events | sed 's/ null//g' | sort)" \
	"log/closed o/r/8 late $(wc -c <input)
log/opened o/r/8 late
log/removed o/r/7" "opened, closed and removed are posted"
contract=${MCI_BIN%/bin}/tests/unit/contract
is "$("$contract" --check <events)" "" "... as the contract says"
kill "$hub"
wait_end "$hub"
exits 0 "a hub that is gone is no reason to stop" mci-log put -a ./s o/r/8/more <input
exits 0 "... ever" mci-log put -a ./s o/r/8/most <input
kill "$serving"
wait_end "$serving"
is "$status" 0 "and the server ends well"
# what stands in a folder is known by its files: all of a log, or none
for job in c a b; do
	echo "of $job" | mci-log put --dir known o/r/1/$job
done
rm known/o/r/1/logs/b.log
is "$(mci-log ls --dir known o/r/1 | cut -f 1 | xargs)" "c a" "logs are listed as they began, not an index alone"
is "$(mci-log --dir known o/r/1 | xargs)" "c | of c a | of a" "and shown"
exits 1 "one of which only the index is left is not there" mci-log --dir known o/r/1/b
exits 1 "nor is what a name is only near to" mci-log --dir known o/r/1/aa
has "$err" "there is no log o/r/1/aa; did you mean 'a'?" "which is said"
exits 1 "nor an attempt that never was" mci-log --dir known o/r/1/a@3
has "$err" 'o/r/1/a has no attempt 3; the last is 1' "and that"
mv known/o/r/1/logs/a.idx known/o/r/1/logs/b.idx
is "$(mci-log ls --dir known o/r/1 | cut -f 1)" c "nor is one whose index is gone"
finish
