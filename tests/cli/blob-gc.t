#!/bin/sh
# What a store does with what nobody needs, and with what is damaged.
. "${0%/*}/lib.sh"
export MCI_BLOB="file:$T/store"

size() { du -sb "$T/store/packs" | cut -f1; }

mkdir a b
head -c 3000000 /dev/urandom >a/large
head -c 1000 /dev/urandom >a/small
head -c 2000000 /dev/urandom >b/large
cp a/small b/small
mci-blob save cache/o/r/a a
mci-blob save cache/o/r/b b
before=$(size)
exits 0 "gc removes nothing that is needed" mci-blob gc --json
is "$(jq -c '[.names,.packs]' "$out")" "[0,0]" "and says so"
is "$(size)" "$before" "not a byte"
mci-blob rm cache/o/r/a
exits 0 "gc -n says what would go" mci-blob gc -n
is "$(size)" "$before" "and lets it be"
exits 0 "gc removes what stood under a name that is gone" mci-blob gc
ok "from the disk" test "$(size)" -lt 2100000
mkdir back
exits 0 "what is shared with another name stays" mci-blob -C back restore cache/o/r/b
ok "as it was" diff -r b back/b
exits 0 "and all is well" mci-blob verify

# who saves while gc looks: what it refers to stays
mkfifo hold
mci-blob put keep hold &
writer=$!
exec 9>hold
cat a/large >&9 &
drafts() { [ -n "$(find "$T/store/drafts" "$T/store/sessions" -type f)" ]; }
wait_until "a save goes on" drafts
mci-blob rm cache/o/r/b
exits 0 "gc beside a save takes nothing away from it" mci-blob gc --wait 100ms
has "$err" 'may still be needed' "and says what waits"
wait $!
exec 9>&-
wait $writer
ok "which is whole then" sh -c 'mci-blob get keep | cmp - a/large'
mci-blob gc
ok "and stays so" sh -c 'mci-blob get keep | cmp - a/large'
ok "nothing is left behind" sh -c '! [ -n "$(find "$@" -type f)" ]' - "$T/store/drafts" "$T/store/sessions"

# age and quota
mci-blob save cache/o/r/1 a
mci-blob save cache/o/r/2 a
mci-blob save cache/o/other/1 a
mci-blob -C back restore cache/o/r/1
exits 0 "a quota is each repository's" mci-blob gc --quota 5M --json
is "$(jq -r 'select(.name) | .name + " " + .reason' "$out")" "cache/o/r/2 quota" "least recently used goes first"
find "$T/store/names/cache/o/other" -type f -exec touch -d '2020-01-01' {} +
exits 0 "nor what was saved lately goes by age" mci-blob gc --age 1h
is "$(mci-blob ls cache/ | wc -l)" 2 "whatever its last use is"

# many small packs become few
for i in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22 23 24 25 26 27 28 29 30 31 32 33 34 35 36 37 38 39 40; do
	echo "text $i" | mci-blob put "n/$i"
done
mci-blob gc
ok "many small packs become few" test "$(find "$T/store/packs" -type f | wc -l)" -lt 5
is "$(mci-blob get n/17)" "text 17" "in which all is"
is "$(mci-blob ls n/ | wc -l)" 40 "under its name"

# each flipped bit
exits 0 "a sound store is verified" mci-blob verify --json
is "$(jq -r '.objects > 0 and .bytes > 0 and .damaged == 0' "$out")" true "and how much was read is told"
found=0 tried=0
find "$T/store/packs" "$T/store/index" "$T/store/names" -type f >files
while read -r file; do
	bytes=$(stat -c %s "$file")
	for at in 0 $((bytes / 2)) $((bytes - 1)); do
		cp "$file" saved
		chmod u+w "$file"
		tried=$((tried + 1))
		python3 -c 'import sys
f = open(sys.argv[1], "r+b"); f.seek(int(sys.argv[2])); b = f.read(1)[0]
f.seek(int(sys.argv[2])); f.write(bytes([b ^ 4]))' "$file" $at
		mci-blob verify >/dev/null 2>&1 || found=$((found + 1))
		cp saved "$file"
	done
	[ $tried -lt 60 ] || break
done <files
is $found $tried "verify finds each flipped bit"
exits 0 "and none where there is none" mci-blob verify
pack=$(find "$T/store/packs" -type f -size +2M | head -1)
printf X | dd of="$pack" bs=1 seek=1000000 conv=notrunc 2>/dev/null
exits 1 "verify says what is damaged" mci-blob verify --json
is "$(jq .damaged "$out" | tail -1)" 1 "how many"
is "$(jq -r .object "$out" | head -1)" "packs/${pack##*/}" "by its name"
mci-blob verify --repair >/dev/null
exits 0 "--repair leaves a sound store" mci-blob verify
exits 1 "in which what was lost is a miss" mci-blob -C back restore cache/o/r/1
exits 0 "and can be saved again" mci-blob save cache/o/r/1 a
rm -rf back/a
exits 0 "so that" mci-blob -C back restore cache/o/r/1
ok "it is back" diff -r a back/a

exits 2 "a size that is none" mci-blob gc --quota lots
has "$err" "^mci-blob: --quota: 'lots' is not a size such as" "is told with its option"
finish
