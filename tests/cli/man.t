#!/bin/sh
# The pages are right: mandoc finds nothing, options are those of the programs, and examples run.
#
# Examples. In EXAMPLES the lines of a '.Bd -literal' that begin with '$ ' are commands (a line that begins with
# '> ' goes on with the one before), and the lines up to the next command are what it prints on standard output
# and error. Without such lines anything may be printed. '...' in a line stands for any text, a line '...' for
# any lines. Every command must succeed ('; echo $?' where that is not the point). The commands of a page are
# one session of one sh in a copy of tests/fixtures/sample, a git repository in which one build has run already.
# A block after a line '.\" not run: REASON' is skipped. A session that does not end is ended: what hung has failed.
. "${0%/*}/lib.sh"
need mandoc git jq
# of the environment that an example lists; none starts a server
unset MCI_SUPERVISE_LISTEN
bound=$((PATIENCE * 6))

# The options in a page, as they are typed: from its '.It Fl' lines, those about arguments left out.
page_options() {
	sed -n 's/^\.It \(Fl .*\)/\1/p' "$1" | awk '{
		for (i = 1; i < NF; i++) {
			if ($i != "Fl") continue
			name = $(i + 1)
			if (name == "Fl") { name = "-" $(i + 2); i++ }
			print "-" name
		}
	}' | sort -u
}

# The same from the program's own table.
program_options() {
	"$1" --list-options | awk -F'\t' '$5 != "operands" {
		if ($2 != "") print "-" $2
		if ($3 != "") print "--" $3
	}' | sort -u
}

# Writes the commands of the page's examples as a sh script to session, with outputs and statuses to files
# N.got and N.status, and what is expected to N.expected; N.command holds the command.
make_session() {
	awk '
		function put(text) {
			gsub(/\\e/, "\\", text)
			gsub(/\\&/, "", text)
			gsub(/\\-/, "-", text)
			gsub(/\\\(aq/, "\047", text)
			gsub(/\\\(dq/, "\"", text)
			return text
		}
		function end_command() {
			if (command == "") return
			n++
			print command >(n ".command")
			printf "{\n%s\n} >%s/%d.got 2>&1 </dev/null\necho $? >%s/%d.status\n", command, dir, n, dir, n >"session"
			if (wanted) printf "%s", expected >(n ".expected")
			command = expected = ""
			wanted = 0
		}
		/^\.Sh/ { examples = $2 == "EXAMPLES" }
		/^\.\\" not run:/ { skip = 1 }
		!examples { next }
		/^\.Bd -literal/ { inside = !skip; if (skip) print >"skipped"; skip = 0; next }
		/^\.Ed/ { end_command(); inside = 0 }
		!inside { next }
		/^\$ / { end_command(); command = put(substr($0, 3)); next }
		/^> / && !wanted { command = command "\n" put(substr($0, 3)); next }
		{ wanted = 1; expected = expected put($0) "\n" }
	' dir="$PWD" "$1"
}

# Whether the lines of the first file are those of the second, where '...' stands for anything.
same() {
	awk '
		function fits(text, pattern,    n, part, i, at) {
			n = split(pattern, part, /\.\.\./)
			if (n == 1) return text == pattern
			if (substr(text, 1, length(part[1])) != part[1]) return 0
			text = substr(text, length(part[1]) + 1)
			for (i = 2; i < n; i++) {
				at = index(text, part[i])
				if (!at) return 0
				text = substr(text, at + length(part[i]))
			}
			return length(text) >= length(part[n]) && substr(text, length(text) - length(part[n]) + 1) == part[n]
		}
		function match_from(i, j,    k) {
			while (j <= expected) {
				if (want[j] == "...") {
					for (k = i; k <= got + 1; k++)
						if (match_from(k, j + 1)) return 1
					return 0
				}
				if (i > got || !fits(have[i], want[j])) return 0
				i++; j++
			}
			return i > got
		}
		FILENAME == ARGV[1] { have[++got] = $0; next }
		{ want[++expected] = $0 }
		END { exit !match_from(1, 1) }' "$1" "$2"
}

check_examples() {
	name=$1 session=$T/session-${1##*/} project=$T/project/${1##*/}
	mkdir -p "$session" "$T/project"
	cp -R "$ROOT/tests/fixtures/sample" "$project"
	cd "$session" || return
	make_session "$name"
	[ ! -e skipped ] || skip "$(grep -c . skipped)" "examples that need more than a shell"
	[ -s session ] || return
	# shellcheck disable=SC2016
	timeout -k 5 "$bound" sh -c '
		cd "$1" && git init -q && git add -A &&
			git -c user.name=Test -c user.email=test@localhost commit -q -m Sample &&
			mci-build -q && sh "$2/session"' - "$project" "$session" >session.out 2>&1
	n=1
	while [ -e "$n.command" ]; do
		text="${name##*/}: $(head -n 1 $n.command)"
		if [ ! -e $n.status ] && [ -e $n.got ]; then
			fail "$text (did not end; a page has $bound s)" $n.got session.out
		elif [ ! -e $n.status ]; then
			fail "$text (not reached)" session.out
		elif [ "$(cat $n.status)" != 0 ]; then
			fail "$text (status $(cat $n.status))" $n.got
		elif [ -e $n.expected ] && ! same $n.got $n.expected; then
			fail "$text" $n.got $n.expected
		else
			pass "$text"
		fi
		n=$((n + 1))
	done
}

for program in "$MCI_BIN"/*; do
	name=${program##*/}
	ok "$name has a page" test -f "$ROOT/man/$name.1"
	[ -f "$ROOT/man/$name.1" ] || continue
	page_options "$ROOT/man/$name.1" >"$T/page"
	program_options "$name" >"$T/program"
	is "$(comm -13 "$T/page" "$T/program")" '' "every option of $name is in its page"
	is "$(comm -23 "$T/page" "$T/program")" '' "every option in the page is one of $name"
done

# The keys of a job are those of the table that reads them, and what the page says of them together. Lists within an
# item are of what its value holds.
page_keys() {
	awk -v from="$1" -v to="$2" -v items="${3:-}" '
		index($0, from) { inside = 1; next }
		inside && index($0, to) { exit }
		!inside { next }
		/^\.Bl / { depth++ }
		/^\.El/ { depth-- }
		(items == "" || depth == 1) && /^\.It Cm / || (items == "" && /^\.Cm /) {
			sub(/^\.(It )?Cm /, "")
			n = split($0, word, " ")
			for (i = 1; i <= n; i++) if (word[i] ~ /^[a-z]/) print word[i]
		}' "$ROOT/man/mci-script.5" | sort -u
}
mci-build --list-keys >"$T/keys"
is "$(page_keys '.Ss Keys of a job' '.Ss ' items)" "$(cut -f 1 "$T/keys" | sort)" \
	"mci-script(5) has every key of a job and no other"
is "$(page_keys 'What is written without them' 'by the core schema')" \
	"$(awk -F'\t' '$5 == "word" { print $1 }' "$T/keys" | sort)" "and says which take a word of YAML for what it is"
for name in $(cut -f 2,3 "$T/keys"); do
	ok "it knows the spelling $name" grep -q "^\.Cm $name\( ,\)*$" "$ROOT/man/mci-script.5"
done

for page in "$ROOT"/man/*.[1-9]; do
	[ -f "$page" ] || continue
	ok "${page##*/} has its sections in order" sh -c '
		sections=$(sed -n "s/^\.Sh //p" "$1" | grep -xE "NAME|SYNOPSIS|DESCRIPTION|OPTIONS|ENVIRONMENT|FILES|EXIT STATUS|EXAMPLES|SEE ALSO")
		echo "$sections"
		last=0
		echo "$sections" | while read -r one; do
			at=$(printf "%s\n" NAME SYNOPSIS DESCRIPTION OPTIONS ENVIRONMENT FILES "EXIT STATUS" EXAMPLES "SEE ALSO" |
				grep -nxF "$one" | cut -d: -f1)
			[ "$at" -gt "$last" ] || exit 1
			last=$at
		done' - "$page"
	ok "${page##*/} has examples" grep -q '^\.Sh EXAMPLES' "$page"
	check_examples "$page"
done
finish
