#!/bin/bash
# reading.sh O: what it costs to read logs back: whole, as JSON, one line, merged and searched, plain and
# compressed, each beside what a user would do with the file itself. Part of run.sh; BYTES says how much.
set -u
O=$(cd "$1" && pwd)
bytes=${BYTES:-1000000000}
work=$(mktemp -d "${BENCH_DIR:-$O}/reading-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export PATH="$O/bin:$O/tests/bench:$PATH" LC_ALL=C
cd "$work" || exit 1

# row TEXT NAME REFERENCE SIGN WANTED: the ratio of the least wall times; < for NAME's over the other's, > for
# that of the rates
row() {
	awk -F'\t' -v text="$1" -v name="$2" -v other="$3" -v sign="$4" -v wanted="$5" '
		$1 == name { mine = $3 }
		$1 == other { least = $3 }
		END {
			ratio = mine > 0 && least > 0 ? (sign == "<" ? mine / least : least / mine) : 0
			good = sign == "<" ? ratio <= wanted && ratio > 0 : ratio >= wanted
			printf "  %-46s %10.2f %10.2f %-5s ratio %7.2f  wanted %s= %-6s %s\n", text, mine, least,
				"ms", ratio, sign, wanted, good ? "" : "MISSED"
		}' figures
}

# build NAME: a build of one job that printed the log
build() {
	event='"time":"2026-11-23T18:00:00.000Z"'
	mkdir -p "$1/logs"
	cat >"$1/events.ndjson" <<END
{"type":"build/start",$event,"schema":1}
{"type":"job/start",$event,"job":"much","attempt":1}
{"type":"job/executed",$event,"job":"much","attempt":1,"reason":"exit","exit":0,"bytes":$bytes}
{"type":"build/end",$event,"status":"success"}
END
}

# lines of a compiler's kind, 80 bytes on average and all different within 64 MB
perl -e 'srand 1; my @words = map { join "", map { chr 97 + int rand 26 } 1 .. 3 + int rand 9 } 1 .. 5000;
	my $n = 0;
	while ($n < 64_000_000) {
		my $line = sprintf "[%6d] cc -O2 -c", int rand 1e6;
		$line .= " " . $words[rand @words] while length $line < 60 + rand 30;
		$n += 1 + length $line;
		print "$line\n";
	}' >part
build plain
build packed
while cat part; do :; done 2>/dev/null | head -c "$bytes" >plain/logs/much.log
cp plain/logs/much.log packed/logs/much.log
pack packed/logs much.log || exit
log=plain/logs/much.log
printf '  a log of %d MB, compressed %d MB\n' $((bytes / 1000000)) \
	$(($(stat -c %s packed/logs/much.log.zst) / 1000000))

# script NAME COMMAND: what measure runs
script() {
	echo "$2" >"$1.sh"
}
script raw 'mci-log ./plain/much | cat >/dev/null'
script cat "cat $log | cat >/dev/null"
script rawfile 'mci-log ./plain/much >copy'
script catfile "cat $log >copy"
measure -n 3 raw sh raw.sh --- cat sh cat.sh >figures || exit
row "mci-log into a pipe, beside cat" raw cat '>' 0.8
measure -n 3 -b 'rm -f copy; sync' rawfile sh rawfile.sh --- catfile sh catfile.sh >figures || exit
row "mci-log into a file, beside cat" rawfile catfile '>' 0.8
rm -f copy

script unpack 'mci-log ./packed/much | cat >/dev/null'
script zstdcat 'zstdcat packed/logs/much.log.zst | cat >/dev/null'
measure -n 3 unpack sh unpack.sh --- zstdcat sh zstdcat.sh >figures || exit
row "mci-log of a compressed log, beside zstdcat" unpack zstdcat '>' 0.8

script json 'mci-log --json ./plain/much >/dev/null'
script jsonpacked 'mci-log --json ./packed/much >/dev/null'
script jq "head -c $((bytes / 20)) $log | jq -cR . >/dev/null"
measure -n 3 json sh json.sh --- jsonpacked sh jsonpacked.sh --- jq sh jq.sh >figures || exit
rate() {
	awk -F'\t' -v text="$1" -v name="$2" -v bytes="$3" '$1 == name {
		rate = bytes / 1000 / $3
		printf "  %-46s %10.2f %10s MB/s                wanted >= 300    %s\n", text, rate, "", (rate >= 300 ? "" : "MISSED")
	}' figures
}
rate "mci-log --json" json "$bytes"
rate "mci-log --json of a compressed log" jsonpacked "$bytes"
awk -F'\t' -v bytes="$bytes" '$1 == "jq" { printf "  %-46s %10.2f %10s MB/s\n", "  jq -cR", bytes / 20000 / $3, "" }' figures

middle=$((bytes / 160))
measure -n 9 line mci-log --lines $middle ./packed/much --- tail mci-log --tail 10 ./packed/much \
	--- nothing mci-log --lines 1 ./packed/much >figures || exit
within() {
	awk -F'\t' -v text="$1" -v name="$2" '$1 == name {
		printf "  %-46s %10.2f %10s ms                  wanted <= 20     %s\n", text, $3, "", ($3 <= 20 ? "" : "MISSED")
	}' figures
}
within "compressed, a line in the middle" line
within "compressed, the last ten lines" tail
within "compressed, the first line" nothing

script merged 'mci-log ./plain | cat >/dev/null'
script sed "sed 's/^/much | /' $log | cat >/dev/null"
measure -n 3 merged sh merged.sh --- sed sh sed.sh >figures || exit
row "a merged build, beside sed 's/^/job | /'" merged sed '>' 1.0

# patterns that grep skips to, that it runs its automaton for, and that match every line
for pattern in 'zzqzz' '(ab|ba)[0-9x]+z' 'cc -O2'; do
	script search "mci-log grep -c '$pattern' ./plain/much | cat"
	script grep "grep -Ec '$pattern' $log | cat"
	script searchpacked "mci-log grep -c '$pattern' ./packed/much | cat"
	script greppacked "zstdcat packed/logs/much.log.zst | grep -Ec '$pattern' | cat"
	measure -n 3 search sh search.sh --- grep sh grep.sh --- searchpacked sh searchpacked.sh \
		--- greppacked sh greppacked.sh >figures || exit
	row "mci-log grep -c '$pattern', beside grep" search grep '<' 1.3
	row "  compressed, beside zstdcat | grep" searchpacked greppacked '<' 1.3
done
