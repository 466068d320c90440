#!/bin/bash
# mask.sh O: what masking costs where nothing matches: 50 secrets, with all their encodings, and a log of 500 MB
# as compilers and test programs write them, beside cat and beside what one would take instead, which knows the
# secrets as they are and no encoding. Part of run.sh.
set -u
O=$(cd "$1" && pwd)
bytes=${BYTES:-500000000}
work=$(mktemp -d "$O/mask-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export PATH="$O/bin:$O/tests/bench:$PATH" LC_ALL=C
cd "$work" || exit 1

awk 'BEGIN {
	srand(7)
	letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=-_.!$"
	for (i = 0; i < 50; i++) {
		text = ""
		for (n = 12 + int(rand() * 28); n > 0; n--) text = text substr(letters, 1 + int(rand() * 70), 1)
		print text
	}
}' >secrets
awk 'BEGIN {
	srand(3)
	n = split("compiling linking src/main.c error warning note: in function foo -O2 -Wall cc INFO DEBUG " \
		"2026-11-24T18:22:07.120Z GET /api/v1/items HTTP/1.1 200 test passed in 0.12s deps/libfoo.a ok", word, " ")
	for (i = 0; i < 20000; i++) {
		line = ""
		for (k = 4 + int(rand() * 10); k > 0; k--) line = line word[1 + int(rand() * n)] " "
		printf "%ssha256:%08x%08x\n", line, rand() * 4294967295, rand() * 4294967295
	}
}' >block
while cat block; do :; done 2>/dev/null | head -c "$bytes" >log

number=0
while IFS= read -r secret; do
	number=$((number + 1))
	printf '%s\n' "$secret" >"secret.$number"
	set -- "$@" --secret-file "secret.$number"
done <secrets
shift
sed 's/[][\/.*^$]/\\&/g; s/.*/s\/&\/***\/g/' secrets >sed.script
perl -ne 'chomp; push @all, quotemeta; END { print "s/", join("|", @all), "/***/g;\n" }' secrets >perl.script
cat >mask.script <<END
mci-log mask $* | cat >/dev/null
END
echo 'cat | cat >/dev/null' >cat.script
echo 'sed -f sed.script | cat >/dev/null' >by-sed.script
echo 'perl -p perl.script | cat >/dev/null' >by-perl.script
echo 'grep -avFf secrets | cat >/dev/null' >by-grep.script

# row TEXT NAME WANTED: the rate of mask beside that of another, by the least wall times
row() {
	awk -F'\t' -v text="$1" -v other="$2" -v wanted="$3" -v bytes="$bytes" '
		$1 == "mask" { mine = $3 }
		$1 == other { least = $3 }
		function rate(ms) { return ms > 0 ? bytes / 1000 / ms : 0 }
		END {
			ratio = mine > 0 ? least / mine : 0
			printf "  %-46s %10.2f %10.2f %-5s ratio %7.2f  wanted >= %-6s %s\n", text, rate(mine), rate(least),
				"MB/s", ratio, wanted, (ratio >= wanted ? "" : "MISSED")
		}' figures
}

printf '\nMasking 50 secrets in a log in which they are not (MB/s)\n'
measure -n 3 -i log mask sh mask.script --- cat sh cat.script --- grep sh by-grep.script >figures || exit
row "mci-log mask, beside cat" cat 0.7
row "  beside grep -vF of the bare secrets" grep 1
measure -n 1 -i log mask sh mask.script --- perl sh by-perl.script --- sed sh by-sed.script >figures || exit
row "  beside perl s/A|B|.../***/" perl 3
row "  beside sed with 50 times s/A/***/" sed 10
mci-log mask "$@" <log | cmp - log || echo '  the bytes DIFFER'
measure -n 3 -i log mask mci-log mask "$@" >figures || exit
awk -F'\t' -v bytes="$bytes" '{
	rate = bytes / 1000 / $3
	printf "  %-46s %10.2f %10s %-5s               wanted >= %-6s %s\n", "  from a file to /dev/null", rate, "", "MB/s", 1000,
		(rate >= 1000 ? "" : "MISSED")
	printf "  %-46s %10d %10s %-5s               wanted <= %-6s %s\n", "  memory", $5, "", "KiB", 6000,
		($5 <= 6000 ? "" : "MISSED")
}' figures
