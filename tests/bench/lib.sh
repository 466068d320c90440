# shellcheck shell=bash
# What the benches print with, all of it in columns: a value, what it is held against, and what is wanted.

have() {
	command -v "$1" >/dev/null 2>&1
}

heading() {
	printf '\n%s\n' "$1"
}

note() {
	printf '  %-46s %s\n' "$1" "$2"
}

# row TEXT VALUE REFERENCE UNIT SIGN WANTED: the ratio VALUE/REFERENCE and whether it is as wanted
row() {
	awk -v text="$1" -v value="$2" -v other="$3" -v unit="$4" -v sign="$5" -v wanted="$6" 'BEGIN {
		ratio = other > 0 ? value / other : 0
		good = sign == "<" ? ratio <= wanted : ratio >= wanted
		printf "  %-46s %10.2f %10.2f %-5s ratio %7.2f  wanted %s %-6s %s\n", text, value, other, unit, ratio,
			sign == "<" ? "<=" : ">=", wanted, good ? "" : "MISSED"
	}'
}

# bound TEXT VALUE UNIT WANTED: a value that is to be at most WANTED
bound() {
	awk -v text="$1" -v value="$2" -v unit="$3" -v wanted="$4" 'BEGIN {
		printf "  %-46s %10.2f %10s %-5s               wanted <= %-6s %s\n", text, value, "", unit, wanted,
			value <= wanted ? "" : "MISSED"
	}'
}
