#!/bin/sh
. "${0%/*}/../cli/lib.sh"
need mandoc
cd "$ROOT" || exit 1

# What is quoted inside of a quotation, or never ends: a macro such as .Ql takes the rest of its line, with the
# macros on it, and mandoc's lint says nothing of that.
# shellcheck disable=SC2016 # perl
misquoted() {
	mandoc -T utf8 "$1" | perl -CS -ne '
		s/.\x08//g;
		$depth = 0 unless /\S/;
		for (/([\x{2018}\x{2019}])/g) {
			$depth += $_ eq "\x{2018}" ? 1 : -1;
			if ($depth < 0 || $depth > 1) { $bad = 1; $depth = 0 }
		}
		print "$.: $_" and $any = 1 if $bad;
		$bad = 0;
		END { exit !$any }'
}
printf '.Dd November 23, 2026\n.Dt A 1\n.Os\n.Sh NAME\n.Nm a\n.Nd b\n.Sh DESCRIPTION\n.Ql x Ns Ar y Ns Ql z\n' >"$T/nested.1"
ok "nested quotes are found" misquoted "$T/nested.1"

for page in man/*.[1-9]; do
	[ -f "$page" ] || continue
	ok "mandoc finds nothing in $page" mandoc -T lint -W warning "$page"
	if misquoted "$page" >"$T/misquoted"; then
		fail "nothing is quoted inside of a quotation in $page" "$T/misquoted"
	else
		pass "nothing is quoted inside of a quotation in $page"
	fi
done
# what each page refers to of ours is there, and from mci(1) one comes to all
for page in man/*.[1-9]; do
	name=${page#man/}
	[ "$name" = mci.1 ] || grep -q "^\\.Xr ${name%.*} ${name##*.}" man/mci.1 || echo "mci.1 does not name $name"
	sed -n 's/^\.Xr \(mci[^ ]*\) \([1-9]\).*/\1.\2/p' "$page" | while read -r other; do
		[ -f "man/$other" ] || echo "$page names $other"
	done
done >"$T/references"
is "$(cat "$T/references")" "" "pages refer to pages that there are, and mci(1) to all"
for main in cmd/*/main.c; do
	program=${main%/main.c} program=${program#cmd/}
	[ -f "man/$program.1" ] && grep -qF "| \`$program\` |" README.md || echo "$program"
done >"$T/programs"
is "$(cat "$T/programs")" "" "every program has a page, and its line in README"

finish
