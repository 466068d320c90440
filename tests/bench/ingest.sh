#!/bin/bash
# ingest.sh O: what a log costs without a build around it, and reading it back: mci-job alone and mci-log,
# each beside cat doing the same with the same bytes. Part of run.sh's row about output.
set -u
O=$(cd "$1" && pwd)
bytes=${BYTES:-750000000}
work=$(mktemp -d "$O/ingest-XXXXXX") || exit 1
trap 'rm -rf "$work"' EXIT
trap 'exit 130' INT TERM
export PATH="$O/bin:$O/tests/bench:$PATH" LC_ALL=C
cd "$work" || exit 1

# row TEXT NAME REFERENCE WANTED: the ratio of the rates, by the least wall times
row() {
	awk -F'\t' -v text="$1" -v name="$2" -v other="$3" -v wanted="$4" -v bytes="$bytes" '
		$1 == name { mine = $3 }
		$1 == other { least = $3 }
		function rate(ms) { return ms > 0 ? bytes / 1000 / ms : 0 }
		END {
			ratio = mine > 0 ? least / mine : 0
			verdict = ratio >= wanted ? "" : "MISSED"
			printf "  %-46s %10.2f %10.2f %-5s ratio %7.2f  wanted >= %-6s %s\n", text,
				rate(mine), rate(least), "MB/s", ratio, wanted, verdict
		}' figures
}

printf '{"id":"much","argv":["lines","%s"],"env":{"PATH":"%s"}}\n' "$bytes" "$PATH" >spec
echo "lines $bytes | cat >copy" >copy.sh
measure -n 3 -i spec -b 'rm -rf logs copy; sync' \
	job mci-job --log-dir logs --- cat sh copy.sh >figures || exit
row "mci-job with log and index, beside cat >file" job cat 0.8

mkdir -p build/logs
lines "$bytes" >build/logs/much.log
event='"time":"2026-11-23T18:00:00.000Z"'
cat >build/events.ndjson <<END
{"type":"build/start",$event,"schema":1}
{"type":"job/start",$event,"job":"much","attempt":1}
{"type":"job/executed",$event,"job":"much","attempt":1,"reason":"exit","exit":0,"bytes":$bytes}
{"type":"build/end",$event,"status":"success"}
END
echo 'mci-log ./build/much | cat >/dev/null' >raw.sh
echo 'mci-log ./build | cat >/dev/null' >merged.sh
echo 'cat build/logs/much.log | cat >/dev/null' >plain.sh
# shellcheck disable=SC2016
echo 'sed "s/^/much | /" build/logs/much.log | cat >/dev/null' >sed.sh
measure -n 3 raw sh raw.sh --- plain sh plain.sh --- merged sh merged.sh --- sed sh sed.sh >figures || exit
row "mci-log of a job into a pipe, beside cat" raw plain 1.0
row "mci-log of a build, beside sed 's/^/job | /'" merged sed 1.0
