#!/bin/sh
# The store's file: copies of it, changes of its version, and what becomes of it when the disk is full, the file is
# locked, damaged or a newer program's: what was accepted is there, and what cannot be done is said.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"
. "$ROOT/tests/cli/queue-lib.sh"
need jq python3 nc
export MCI_STORE="$store"

refused() {
	why=$1
	shift
	exits "$@"
	like "$(cat "$err")" "$why" "... and says why"
}

# serve_refused REGEX STATUS TEXT [OPTION...]: the store does not start
serve_refused() {
	why=$1 expected=$2 text=$3
	shift 3
	refused "$why" "$expected" "$text" timeout 20 mci-store serve -l "$store" --dir "$stored" --events "$hub" "$@"
}

# sql TEXT...: on the store's file
sql() {
	python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
for text in sys.argv[2:]:
	for row in db.execute(text):
		print(*row)
db.commit()' "$stored/store.db" "$@"
}

# ---- copies

start_store || exit 1
mci org put one
exits 0 "a copy while it is served" mci store backup --dir "$stored" copy
is "$(cat "$out" "$err")$(stat -c %a copy)" 600 "... without a word, and for its owner"
is "$(ls copy*)" copy "... is one file"
mci org put two
exits 0 "a copy is whole" mci store check copy
exits 0 "... and so is what is served" mci store check --dir "$stored"
echo text >mine
refused "no copy of a store: it is left alone" 1 "another file is not written over" mci store backup --dir "$stored" mine
is "$(cat mine)" text "... and stays"
refused "another server has this folder" 75 "nothing is restored under a server" mci store restore --dir "$stored" copy
stop_store
exits 0 "a copy is restored" mci store restore --dir "$stored" copy
replaced=$(sed 's/^what was there is //' "$out")
start_store
is "$(mci org ls -q)" one "... with what was there then"
stop_store
exits 0 "what it replaced is a copy as well" mci store restore -q --dir "$stored" "$replaced"
start_store
is "$(mci org ls -q | tr '\n' ' ')" "one two " "... with all that there was"
stop_store
refused "there is no store" 1 "no copy is made of nothing" mci store backup --dir none copy
exits 0 "a copy makes a new store" mci store restore --dir "$T/other" copy
exits 0 "... that is whole" mci store check --dir "$T/other"

# ---- versions

# what the program before the last migrations would have left
migrations=$ROOT/cmd/mci-store/migrations
first=$migrations/0001-entities.sql
rm -r "$stored"
mkdir -m 700 "$stored"
last=$(find "$migrations" -name '*.sql' | wc -l)
python3 -c 'import hashlib, sqlite3, sys
text = open(sys.argv[2]).read()
db = sqlite3.connect(sys.argv[1])
db.executescript(text)
sum = hashlib.sha256(text.encode()).hexdigest()
db.execute("INSERT INTO migration VALUES (1, \"entities\", ?, \"0.0.1\", 1, NULL)", (sum,))
db.execute("INSERT INTO org VALUES (1, \"old\", NULL, NULL, 1)")
db.execute("PRAGMA application_id=%d" % 0x6d636953)
db.execute("PRAGMA user_version=1")
db.commit()' "$stored/store.db" "$first"
refused "has version 1 .*'mci-store serve' brings it forward" 1 "an older file is told of" \
	mci store check --dir "$stored"
start_store
is "$(mci org ls -q)" old "a file of an older version is brought forward"
is "$(mci store status --json | jq .store.version)" "$last" "... to this one"
is "$(find "$stored/backups" -name 'store-v1-*.db' | wc -l)" 1 "... and a copy of it was made before"
before=$(find "$stored/backups" -type f)
stop_store
is "$(sql "SELECT count(*) FROM migration WHERE backup LIKE '%store-v1-%'")" "$((last - 1))" "... which the file names"
sql "UPDATE migration SET sum = 'x' WHERE version = 1"
serve_refused "migration 1 .entities. is not this program" 1 "a history that is another one"
sql "UPDATE migration SET sum = '$(sha256sum <"$first" | cut -d ' ' -f 1)' WHERE version = 1" \
	"INSERT INTO migration VALUES ($((last + 1)), 'more', 'x', '9.9.9', 1, '$before')" \
	"PRAGMA user_version=$((last + 1))"
cp "$stored/store.db" newer
serve_refused "version $((last + 1)) .*mci 9.9.9.*knows version $last.*restore $before" 1 "a newer program's file"
ok "... is not touched" cmp newer "$stored/store.db"
refused "made by mci 9.9.9" 1 "... nor put anywhere" mci store restore --dir "$T/other" newer
exits 0 "the copy that it names" mci store restore -q --dir "$stored" "$before"
start_store
is "$(mci org ls -q)" old "... is what there was before"
stop_store
python3 -c 'import sqlite3; db = sqlite3.connect("foreign"); db.execute("CREATE TABLE t (a)"); db.commit()'
cp foreign "$stored/store.db"
serve_refused "another program's database" 1 "another program's database"

# ---- damage

rm "$stored/store.db"
exits 0 "a copy once more" mci store restore -q --dir "$stored" copy
start_store
for n in $(seq 200); do
	printf '{"jsonrpc":"2.0","id":%d,"method":"org/put","params":{"id":"org-%d","name":"%0500d"}}\n' "$n" "$n" 0
done | timeout 20 nc -NU "$T/store" >"$out"
stop_store
python3 -c 'import sys
with open(sys.argv[1], "r+b") as f:
	size = f.seek(0, 2)
	for at in range(8 * 4096, size - 4096, 4096):
		f.seek(at + 8)
		f.write(b"\xff" * 200)' "$stored/store.db"
exits 125 "a damaged file" mci store check --dir "$stored"
like "$(cat "$out" "$err")" "damaged" "... is told of"
head -c 5000 /dev/urandom >"$stored/store.db"
serve_refused "damaged .*mci-store check.*mci-store restore FILE" 125 "garbage is no store"
exits 0 "... and is put aside for a copy" mci store restore --dir "$stored" copy
like "$(cat "$out")" "what was there is" "... which is said"
exits 0 "... that is whole" mci store check --dir "$stored"

# ---- the master key

start_store
echo s3cr3t value | mci param put one/S
stop_store
mv "$stored/master.key" key
serve_refused "is not the master key that the secrets are sealed with" 1 "without the master key"
ok "... no other one is made" test ! -e "$stored/master.key"
cp key "$stored/master.key"
chmod 644 "$stored/master.key"
serve_refused "others may read it .mode 0644.: chmod 600" 1 "a key that others may read"
chmod 600 "$stored/master.key"
tr 0-9a-f 1-9a-f0 <key >"$stored/master.key"
serve_refused "is not the master key" 1 "another key"
echo short >"$stored/master.key"
serve_refused "64 hexadecimal digits" 2 "what is no key"
rm "$stored/master.key"
start_store --master-key "exec:cat $PWD/key"
is "$(mci store status --json | jq -r '.store."master-key"')" "from exec:cat $PWD/key, in no backup" \
	"a key from a command"
refused "comes from exec:cat" 1 "... is not changed here" mci store rotate
exits 0 "an organisation's is" mci store rotate one
stop_store
start_store --master-key fd:4 4<key
exits 0 "a key from a descriptor" mci store rotate one
stop_store
serve_refused "is not the master key" 1 "the folder has none now"
tr 0-9a-f 1-9a-f0 <key >other
serve_refused "^mci-store: --old-master-key: .*is not the master key" 1 "a new key with a wrong old one" \
	--master-key fd:4 --old-master-key exec:"sed s/^./0/ $PWD/other" 4<other
chmod 600 key
start_store --master-key fd:4 --old-master-key "$PWD/key" 4<other
stop_store
start_store --master-key fd:4 4<other
exits 0 "a key that comes from outside is changed with the one before" mci store rotate one
stop_store
start_store --old-master-key fd:4 4<other
stop_store
start_store
exits 0 "... and is one of the folder's again" mci store rotate one
stop_store
mv "$stored/master.key" key
cp key "$stored/master.key"
start_store
exits 0 "the folder's is changed" mci store rotate
ok "... in its place" sh -c '! cmp -s key "$1" && ! [ -e "$1.new" ]' - "$stored/master.key"
stop_store
# cut off behind the commit: the next key is beside the old one
mv "$stored/master.key" "$stored/master.key.new"
cp key "$stored/master.key"
start_store
ok "a rotation that was cut off is finished" sh -c '! cmp -s key "$1" && ! [ -e "$1.new" ]' - "$stored/master.key"
exits 0 "... and secrets open" mci store rotate one
stop_store
serve_refused "fd:99" 125 "a key from a descriptor that is none" --master-key fd:99
serve_refused "'exec:false' failed" 1 "... from a command that fails" --master-key exec:false

# ---- locked

start_store
mkfifo "$T/unlock"
python3 -c 'import sqlite3, sys
db = sqlite3.connect(sys.argv[1])
db.execute("BEGIN IMMEDIATE")
print("locked", flush=True)
open(sys.argv[2]).read()
db.rollback()' "$stored/store.db" "$T/unlock" >locked &
locker=$!
started="$started $locker"
wait_for_line locked locked
background mci org put late
is "$(timeout 4 mci org ls -q | tr '\n' ' ')" "one " "reads go on while another program writes"
wait_end "$pid"
is "$status" 75 "what is written waits, then is to be tried again"
like "$(cat "$err")" "another program has locked it" "... it says"
echo go >"$T/unlock"
wait_end "$locker"
exits 0 "... and works afterwards" mci org put later
stop_store

# ---- killed

# enter ROUND: puts until the store is gone, and notes what was answered; keys are changed all the while
enter() {
	n=0
	while mci org put "k-$1-$n" && printf 'value %d' "$n" | mci param put "k-$1-$n/S" && mci store rotate; do
		echo "k-$1-$n/s" >>acked
		n=$((n + 1))
	done
}
answered() {
	[ "$(wc -l <acked)" -ge "$1" ]
}
: >acked
round=0 whole=0
while [ "$round" -lt "${KILLS:-8}" ]; do
	start_store
	enter "$round" 2>/dev/null &
	entering=$!
	started="$started $entering"
	wait_until "waited for what is entered" answered $((round * 3 + 3))
	stop_store -KILL
	wait_end "$entering"
	round=$((round + 1))
	start_store
	mci param ls -q | sort >there
	sort acked | comm -23 - there >lost
	! [ -s lost ] && mci store check --dir "$stored" && mci store rotate && mci store rotate "k-0-0" &&
		whole=$((whole + 1))
	stop_store
done
is "$(cat lost)" "" "what was answered is there after a kill"
is "$whole" "$round" "... each time, the file is whole, and secrets open"

# ---- a disk that does not take what is synced

if strace -o "$T/trace" true 2>/dev/null; then
	: >"$T/acked"
	ended='' missing=''
	for n in 1 2 3 4 5 6; do
		mkfifo "$T/synced"
		# leaks cannot be looked for in what is traced
		ASAN_OPTIONS=detect_leaks=0 strace -f -o "$T/trace" -e trace=fdatasync,fsync -e "inject=fdatasync,fsync:error=EIO:when=$n+" \
			mci-store serve -l "$store" --dir "$stored" --events "$hub" --ready-fd 3 \
			3>"$T/synced" 2>"$T/synced.err" &
		tracer=$!
		started="$started $tracer"
		read -r _ <"$T/synced"
		i=0
		while mci org put "s-$n-$i" 2>/dev/null; do
			echo "s-$n-$i" >>"$T/acked"
			i=$((i + 1))
		done
		wait_end "$tracer"
		ended="$ended $status$(grep -c 'Input/output error' "$T/synced.err")"
		rm "$T/synced"
		start_store
		mci org ls -q | sort >there
		missing=$missing$(sort "$T/acked" | comm -23 - there)
		stop_store
	done
	is "$ended" " 1251 1251 1251 1251 1251 1251" "the n-th sync fails: the store ends, and says why"
	is "$missing" "" "... and what was answered before is there"
	ok "... some of it was" test -s "$T/acked"
else
	skip 3 "strace does not work here"
fi

# ---- garbage on the socket

start_store
head -c 300000 /dev/urandom | timeout 20 nc -NU "$T/store" >replies
printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"repo/put","params":{"org":1}}' \
	'{"jsonrpc":"2.0","id":2,"method":"repo/put","params":{"org":"one","labels":{"a":1}}}' \
	'{"jsonrpc":"2.0","id":3,"method":"repo/put","params":{"org":"one","labels":{"a":"b","a":"c"}}}' \
	'{"jsonrpc":"2.0","id":4,"method":"param/put","params":{"org":"one","name":"A","value":"s3cr3t value","only":["a"]}}' \
	'{"jsonrpc":"2.0","id":5,"method":"repo/list","params":{"after":"//"}}' \
	'{"jsonrpc":"2.0","id":6,"method":"org/list","params":{"after":"\u0001"}}' \
	'{"jsonrpc":"2.0","id":7,"method":"org/put","params":{"id":"x","name":"two\nlines"}}' \
	'{"jsonrpc":"2.0","id":8,"method":"token/create","params":{"agent":"../x"}}' \
	'{"jsonrpc":"2.0","id":9,"method":"param/replace","params":{"org":"one","params":[1]}}' |
	timeout 20 nc -NU "$T/store" >replies
is "$(jq -c 'select(.error) | [.id, .error.code]' replies | sort | tr '\n' ' ')" \
	"[1,-32602] [2,-32602] [3,-32602] [4,-32602] [7,-32602] [8,-32602] [9,-32602] " "what is malformed is refused"
is "$(jq -c 'select(.id == 5 or .id == 6) | has("result")' replies | tr '\n' ' ')" "true true " "... and nothing else"
is "$(mci org ls -q | grep -v '^[ks]-' | tr '\n' ' ')" "later one " "the store goes on"
stop_store

# ---- a full disk

cat >full.sh <<'SCRIPT'
mount -t tmpfs -o size=2m none "$1" || exit 99
export MCI_STORE=unix:$2
mkfifo "$1/ready"
serve() {
	mci-store serve -l "unix:$2" --dir "$1/store" --events unix:/nowhere --ready-fd 3 3<>"$1/ready" 2>/dev/null &
	serving=$!
	read -r _ <"$1/ready"
}
serve "$@"
n=0
while [ "$n" -lt 2000 ] && mci org put "org-$n" name="$(printf '%02000d' 0)" 2>"$3"; do
	n=$((n + 1))
done
echo "accepted $n"
echo "listed $(mci org ls -q | wc -l)"
dd if=/dev/zero of="$1/rest" bs=1k 2>/dev/null
echo "read $(mci org ls -q | wc -l)"
rm "$1/rest"
mount -o remount,size=8m "$1"
mci org put after && echo "after"
kill -KILL $serving
wait $serving 2>/dev/null
mci-store check --dir "$1/store" && echo whole
serve "$@"
echo "again $(mci org ls -q | wc -l)"
kill $serving
wait $serving
SCRIPT
if unshare -m true 2>/dev/null; then
	mkdir disk
	timeout 60 unshare -m sh full.sh "$PWD/disk" "$T/full" "$T/full.err" >"$out" 2>"$err"
	accepted=$(sed -n 's/^accepted //p' "$out")
	like "$(cat "$T/full.err")" "No space left on device" "a full disk is said"
	is "$(sed 1d "$out" | tr '\n' ' ')" \
		"listed $accepted read $accepted after whole again $((accepted + 1)) " \
		"what was accepted is there, reads go on, and with room it goes on by itself"
else
	skip 2 "may not mount"
fi
finish
