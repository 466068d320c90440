#!/bin/sh
# What the page's modules make of bytes, without a browser: tests/web/*.mjs.
. "${0%/*}/lib.sh"
need node
modules=${MCI_BIN%/bin}/web/node_modules
# count: the results that a program wrote are this test's
count() {
	cat "$T/why" >&2
	grep '^\(not \)\?ok ' "$T/results" | sed "s/^\(ok\|not ok\) [0-9]*/\1/"
	tests=$((tests + $(grep -c '^\(not \)\?ok ' "$T/results")))
	failures=$((failures + $(grep -c '^not ok ' "$T/results")))
	ok "all of them were looked at" grep -q '^1\.\.' "$T/results"
}
node "$ROOT/tests/web/modules.mjs" "$ROOT/cmd/mci-api/web" >"$T/results" 2>"$T/why"
count
if [ -d "$modules/anser" ]; then
	node "$ROOT/tests/web/ansi.mjs" "$ROOT/cmd/mci-api/web" "$modules" >"$T/results" 2>"$T/why"
	count
else
	skip 1 "anser is not installed: make tests installs it"
fi
ok "no module of the page is longer than 300 lines" sh -c '! wc -l "$1"/*.js | awk "\$2 != \"total\" && \$1 > 300" | grep .' - "$ROOT/cmd/mci-api/web"
ok "none makes markup of text" sh -c '! grep -nE "innerHTML|outerHTML|insertAdjacentHTML|document\.write|eval\(|new Function" "$1"/*.js' - "$ROOT/cmd/mci-api/web"
finish
