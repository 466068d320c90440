#!/bin/sh
# mci-blob serve: the same as in a folder, for clients that share nothing but its socket.
. "${0%/*}/lib.sh"

serve() {
	background mci-blob serve --dir "$T/data" -l "unix:$T/s" --ready-fd 3 "$@" 3>"$T/ready"
	server=$pid
	wait_for_line "$T/ready" '^$'
}
background mci-events serve --dir "$T/hub" -l "unix:$T/e" --ready-fd 3 3>"$T/up"
wait_for_line "$T/up" '^$'
serve --events "unix:$T/e"
export MCI_BLOB="unix:$T/s"

mkdir -p tree/sub
printf 'text\n' >tree/sub/a
head -c 9000000 /dev/urandom >tree/large
ln tree/large tree/same
exits 0 "a tree is saved at a server" mci-blob save artifact/o/r/1/j/x tree --build o/r/1 --run 2 --json
digest=$(jq -r .digest "$out")
mkdir back
exits 0 "and restored from there" mci-blob -C back restore artifact/o/r/1/j/x --json
ok "as it was" diff -r tree back/tree
mci-blob -C back restore artifact/o/r/1/j/x --json >"$out"
is "$(jq .written "$out")" 0 "a second time nothing is written"
mci-blob save artifact/o/r/1/j/y tree --json >"$out"
is "$(jq .stored "$out")" 0 "nor stored when it is saved again"
is "$(mci-blob ls --json artifact/ | jq -r .name | tr '\n' ' ')" "artifact/o/r/1/j/x artifact/o/r/1/j/y " "names are listed"
is "$(mci-blob stat artifact/o/r/1/j/x --json | jq -r .digest)" "$digest" "and one is shown"
is "$(mci-blob get artifact/o/r/1/j/x tree/sub/a)" text "a file of it is printed"
exits 1 "an older run is refused" mci-blob save artifact/o/r/1/j/z tree --build o/r/1 --run 1
exits 0 "a prefix is a fallback" mci-blob -C back restore artifact/o/none artifact/o/r/
i=0
while [ $i -lt 1205 ]; do
	i=$((i + 1))
	printf '{"jsonrpc":"2.0","id":%d,"method":"blob/commit","params":{"name":"many/%04d","digest":"%s","bytes":1,"files":1}}\n' \
		$i $i "$digest"
done >requests
timeout 60 mci relay "$MCI_BLOB" <requests >replies
is "$(grep -c '"result"' replies)" 1205 "many names are committed"
is "$(mci-blob ls many/ | wc -l)" 1205 "and listed, a page at a time"
exits 0 "and removed" mci-blob rm many/
is "$(mci-blob ls many/ | wc -l)" 0 "all of them"

# trust
mci-blob save --scope stranger cache/o/r/evil tree/sub
exits 1 "who is trusted is not shown what strangers wrote" mci-blob restore cache/o/r/evil
mkdir s
exits 0 "a stranger is" mci-blob -C s restore --scope stranger cache/o/r/evil
is "$(find "$T/data/store/stranger/names" -type f | wc -l)" 1 "it stands apart"

# what is no pack
hex=$(printf x | sha256sum | cut -c1-64)
other=$(printf y | sha256sum | cut -c1-64)
request() { printf '{"jsonrpc":"2.0","id":1,"method":"%s","params":%s}\n' "$1" "$2"; }
ask() { { request "$1" "$2" && printf '%s' "${3:-}"; } | timeout 20 mci relay "$MCI_BLOB"; }
like "$(ask blob/put "{\"pack\":\"$other\",\"size\":1,\"data\":1}" x)" 'not those of its name' "a pack has the bytes of its name"
like "$(ask blob/put "{\"pack\":\"$hex\",\"size\":1,\"data\":1}" x)" 'is no pack' "and is one"
is "$(find "$T/data/store/packs" -name "$hex" -o -name "$other" | wc -l)" 0 "or it is not kept"
like "$(ask blob/put "{\"pack\":\"$hex\",\"size\":1,\"data\":2}" xx)" 'more bytes than its size' "it is no longer than it says"
like "$(ask blob/put "{\"pack\":\"../../x\",\"size\":1,\"data\":1}" x)" 'no digest' "its name is a digest"
like "$(ask blob/commit "{\"name\":\"a\",\"digest\":\"$hex\",\"bytes\":1,\"files\":1}")" 'is not stored' \
	"a name stands only for what is stored"
like "$(ask blob/commit "{\"name\":\"../a\",\"digest\":\"$digest\",\"bytes\":1,\"files\":1}")" 'no part of a name' "and is one"
like "$(ask blob/locate '{"digests":["x"]}')" 'is none' "digests are digests"
like "$(ask blob/open "{\"pack\":\"$hex\"}")" 'not-found|No such file' "a pack that is not there is not opened"

# events
mci-events sub -a "unix:$T/e" --from start --count 3 'blob/*' >events
is "$(jq -r .type events | head -2 | tr '\n' ' ')" "blob/saved blob/restored " "events tell of it"
is "$(jq -r '.name + " " + .scope + " " + .build + " " + (.run|tostring)' events | head -1)" \
	"artifact/o/r/1/j/x trusted o/r/1 2" "and of what"

# a client that is killed, and a server
mkfifo hold
mci-blob put killed hold &
client=$!
exec 9>hold
head -c 5000000 tree/large >&9
kill -KILL $client
exec 9>&-
wait $client 2>/dev/null
exits 1 "what a client did not finish is not there" mci-blob get killed
mci-blob status -a "$MCI_BLOB" --json >"$out"
ok "hits and misses are counted" jq -e '.. | objects | select(has("hits")) | .hits > 0 and .misses > 0' "$out"
kill -KILL $server
wait $server 2>/dev/null
exits 75 "without its server a client says to try again" mci-blob ls

# a server that is killed under a save: what is begun anew is the same
serve --gc-every 1h
head -c 200000000 /dev/urandom >big
mci-blob save cache/o/r/big big >saved 2>&1 &
client=$!
drafted() { [ "$(du -sb "$T/data/store/drafts" | cut -f1)" -gt 1000000 ]; }
wait_until "a pack is on its way" drafted
kill -KILL $server
wait $server 2>/dev/null
serve --gc-every 1h
wait $client
is "$?,$(cat saved)" "0," "a save under which the server is started anew is begun again"
exits 0 "and whole" mci-blob get cache/o/r/big -o big.back
ok "byte for byte" cmp big big.back
mci-blob rm cache/o/r/big
kill -KILL $server
wait $server 2>/dev/null
serve --gc-every 50ms --age 1h
rm -rf back/tree
exits 0 "a killed server comes back with all" mci-blob -C back restore artifact/o/r/1/j/x
ok "that was saved" diff -r tree back/tree
mci-blob rm artifact/
small() { [ "$(du -sb "$T/data/store/packs" | cut -f1)" -lt 100000 ]; }
wait_until "it removes by itself what no name stands on" small
kill -TERM $server
wait_end $server
is "$status" 0 "it stops when it is told to"
exits 0 "and leaves a sound store" mci-blob verify --blob "file:$T/data/store"
finish
