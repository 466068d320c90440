#!/bin/sh
. "${0%/*}/../cli/lib.sh"
ok "rooms include lower floors only, programs nothing of each other" "$ROOT/tests/lint/rooms"

# ---- what it finds
mkdir -p tests/lint lib cmd/one cmd/two
cp "$ROOT/tests/lint/rooms" tests/lint
: >lib/low.h
echo '#include "low.h"' >lib/high.c
echo '#include "low.h"' >cmd/one/part.h
echo '#include "part.h"' >cmd/one/main.c
printf 'lib:\nlow\nhigh\none:\npart\nmain\n' >tests/lint/levels
rooms() {
	run tests/lint/rooms "$@"
}
rooms
is "$status,$(cat "$out")" 0, "what is in order is passed over without a word"
rooms --print
is "$(cat "$out")" 'lib 1 low:
lib 2 high: low
one 1 part: low
one 2 main: one/part' "--print shows each room with its floor and what it includes"
# finds MESSAGE TEXT
finds() {
	rooms
	is "$status,$(cat "$out")" "1,$1" "$2"
}
: >cmd/two/main.c
finds 'tests/lint/levels: there are no floors of two' "a program without floors"
rm cmd/two/main.c
: >cmd/one/new.c
finds 'tests/lint/levels: one: no floor for new' "a room without one"
rm cmd/one/new.c
echo '#include "main.h"' >cmd/one/part.c
: >cmd/one/main.h
finds 'cmd/one/part.c: includes main.h of floor 2, its own is 1' "two rooms of a program that include each other"
rm cmd/one/part.c cmd/one/main.h
: >cmd/two/other.h
printf 'two:\nother\n' >>tests/lint/levels
echo '#include "other.h"' >cmd/one/part.c
finds 'cmd/one/part.c: includes other.h, which is not in one nor in lib' "a program that includes another's file"
rm cmd/one/part.c
echo '#include "part.h"' >lib/low.c
finds 'lib/low.c: includes part.h, which is not in lib' "a room of lib that includes a program's"
rm lib/low.c
echo gone >>tests/lint/levels
finds 'tests/lint/levels: two: there is no room gone' "a floor for a room that is not there"
if git -C "$ROOT" rev-parse --git-dir >/dev/null 2>&1; then
	is "$(git -C "$ROOT" ls-files | sed -n '/^\./d; s|/.*||p; t; p' | sort -u | tr '\n' ' ')" \
		"Makefile README.md cmd completions examples lib man tests " "nothing else stands at the top"
else
	skip 1 "this is no git repository"
fi
finish
