#!/bin/sh
# A short run of tests/proof/blob-kill: what is saved outlives any end of saves, restores and gc.
. "${0%/*}/lib.sh"
need python3
run timeout 240 "$ROOT/tests/proof/blob-kill" 20 "${SEED:-$$}"
is "$status" 0 "killed saves, restores and gcs lose nothing that a name stands on, tear no file and leave nothing"
[ "$status" = 0 ] || cat "$out" "$err" >&2
has "$out" '^2[0-9] kills .* 0 wrong' "in 20 kills"

# what a killed restore was about to put into its place goes with the next one
mkdir -p tree/sub into
echo one >tree/sub/file
export MCI_BLOB="file:$T/store"
mci-blob save x tree
mci-blob -C into restore x
for name in "$XDG_STATE_HOME"/mci/stat/*; do
	: >"$name.written"
done
touch into/.mci-restore.1.1 into/tree/sub/.mci-restore.1.2
ln -s nowhere into/tree/.mci-restore.1.3
exits 0 "a restore after one that was killed" mci-blob -C into restore x
is "$(find into -name '.mci-restore*')" '' "removes what that one left"
is "$(find "$XDG_STATE_HOME/mci/stat" -name '*.written' | wc -l)" 1 "and the note that it was there: of two trees one was restored"
is "$(stat -c %Y into/tree/sub)" "$(stat -c %Y tree/sub)" "folders keep their times"
touch into/.mci-restore.1.1
exits 0 "one after a restore that ended" mci-blob -C into restore x
ok "looks for nothing" test -e into/.mci-restore.1.1
finish
