#!/bin/sh
. "${0%/*}/../cli/lib.sh"
ok "rooms include lower floors only, programs nothing of each other" "$ROOT/tests/lint/rooms"
finish
