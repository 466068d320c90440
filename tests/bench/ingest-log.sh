#!/bin/bash
# ingest-log.sh O: bytes into a log server, with nobody, one and ten who follow, beside cat doing the same without
# one and the loggers that one would use instead. Part of run.sh's row about output.
set -u
O=$(cd "$1" && pwd)
bytes=${BYTES:-750000000}
slow=$((bytes / 10)) # what those get that take ten times as long
work=$(mktemp -d "$O/ingest-XXXXXX") || exit 1
serving='' followers=''
stop() {
	# shellcheck disable=SC2086
	kill $followers $serving 2>/dev/null
	rm -rf "$work"
}
trap stop EXIT
trap 'exit 130' INT TERM
export PATH="$O/bin:$O/tests/bench:$PATH" LC_ALL=C
cd "$work" || exit 1

# row TEXT NAME BYTES REFERENCE BYTES SIGN WANTED: the ratio of the rates, by the least wall times
row() {
	awk -F'\t' -v text="$1" -v name="$2" -v bytes="$3" -v other="$4" -v others="$5" -v wanted="$6" '
		$1 == name { mine = $3 }
		$1 == other { least = $3 }
		function rate(n, ms) { return ms > 0 ? n / 1000 / ms : 0 }
		END {
			ratio = least > 0 ? rate(bytes, mine) / rate(others, least) : 0
			verdict = ratio >= wanted ? "" : "MISSED"
			printf "  %-46s %10.2f %10.2f %-5s ratio %7.2f  wanted >= %-6s %s\n", text,
				rate(bytes, mine), rate(others, least), "MB/s", ratio, wanted, verdict
		}' figures
}

mkfifo ready
mci-log serve -l ./s --dir d --ready-fd 3 3>ready &
serving=$!
read -r _ <ready

# put.sh FOLLOWERS: a new log each time, followed from its start
cat >put.sh <<'END'
n=$(ls d/o/r/1/logs 2>/dev/null | wc -l)
i=0
while [ $i -lt "$1" ]; do
	mci-log follow -a ./s "o/r/1/j$n" >/dev/null &
	i=$((i + 1))
done
lines "$BYTES" | mci-log put -a ./s "o/r/1/j$n"
END
export BYTES=$bytes
# put answers when the log is on the disk
echo 'lines "$BYTES" | cat >copy && sync -d copy' >cat.sh
echo 'lines "$BYTES" | tee copy >/dev/null' >tee.sh
measure -n 3 -b 'rm -rf copy d/o; sync' put0 sh put.sh 0 --- put1 sh put.sh 1 --- put10 sh put.sh 10 \
	--- cat sh cat.sh --- tee sh tee.sh >figures || exit
row "mci-log put, beside cat >file and fdatasync" put0 "$bytes" cat "$bytes" 0.9
row "... with one follower" put1 "$bytes" cat "$bytes" 0.9
row "... with ten followers" put10 "$bytes" cat "$bytes" 0.7
row "... beside tee" put0 "$bytes" tee "$bytes" 0.8
cp figures ours

export BYTES=$slow
# peer NAME WANTED COMMAND: skipped when its program is not there
peer() {
	command -v "${3%% *}" >/dev/null || { printf '  %-46s %s\n' "$1" 'skipped: not installed'; return; }
	echo "lines \"\$BYTES\" | $3" >peer.sh
	measure -n 1 -b 'rm -rf peer; mkdir peer; sync' peer sh peer.sh >theirs || return
	cat ours theirs >figures
	row "mci-log put, beside $1" put0 "$bytes" peer "$slow" "$2"
}
peer "s6-log T" 10 's6-log -b n4 s100000000 T ./peer'
peer "s6-log" 1 's6-log -b n4 s100000000 ./peer'
peer "multilog t" 10 'multilog t s16777215 n100 ./peer'
peer "svlogd -tt" 10 'svlogd -tt ./peer'
peer "ts" 10 'ts >peer/log'
peer "jq -R" 10 'jq -R . >peer/log'
