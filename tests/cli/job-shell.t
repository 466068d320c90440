#!/bin/sh
# What is executed: entries in one shell, a shell an entry, no shell, another interpreter.
# Texts in single quotes are for the shells of jobs.
# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
need jq

job() {
	mci-job --log-dir logs "$@"
}
field() {
	jq -rs "$1" "$out"
}
# script ENTRY...: runs them as one job; its log is in $log
script() {
	jq -nc --args '{id: "j", script: $ARGS.positional}' "$@" >spec
	run job <spec
	log=$(cat logs/j.log)
}

script 'x=1; f() { echo "f $x"; }' 'cd /; x=2' 'f; pwd'
is "$log" "$(printf 'f 2\n/')" 'variables, functions and the folder go on from entry to entry'
script 'false' 'echo never'
is "$log $(field 'last | .exit')" ' 1' 'a failing entry ends the script'
script 'test -f /no && echo no' 'echo "status $?"'
is "$log" 'status 1' 'where -e lets a status pass, the next entry sees it'
script 'set +e' 'sh -c "exit 4"' 'echo "status $?"'
is "$log" 'status 4' 'set +e lasts'
is "$(field 'map(select(.type == "command/end")) | map(.exit) | tojson')" '[0,4,0]' 'each entry has its status'
script 'echo a; exit 0' 'echo never'
is "$log $status" 'a 0' 'exit ends all of it'
script 'cat <<X
heredoc
X' 'echo next'
is "$log" "$(printf 'heredoc\nnext')" 'a heredoc ends with its entry'
script "echo 'it'\\''s' \"\$(echo quoted)\"" 'echo a\' 'echo b # comment' 'echo c'
is "$log" "$(printf "it's quoted\na\nb\nc")" 'quotes, a last backslash and a comment stay in their entry'
script 'echo one' 'echo "unclosed' 'echo "never'
like "$log" 'Syntax error|syntax error|unexpected EOF|[Uu]nterminated' \
	"a text that is not complete is the shell's error"
unlike "$log" 'never' 'and does not reach into the next entry'
is "$(field 'map(select(.type == "command/start")) | map(.command) | tojson')" '[0,1]' \
	'the events say which entry it was'
script 'set -x' 'echo traced' 'echo more'
is "$log" "$(printf '+ echo traced\ntraced\n+ echo more\nmore')" 'set -x shows nothing of ours'
script 'set -x; set +e' 'sh -c "exit 4"' 'echo "status $?"'
like "$log" '^status 4' 'nor loses it the status'
script 'echo x >file; exec 3<file' 'cat <&3; exec 3<&-'
is "$log" x "descriptors are the script's own"

jq -nc '{id: "j", "shell-per": "line",
	script: ["x=1; false; echo \"go on\"", "echo \"x=$x\"", "exit 3", "echo never"]}' >spec
run job <spec
is "$(cat logs/j.log)" "$(printf 'go on\nx=')" 'shell-per line: each entry has its own shell, without -e'
is "$(field 'last | .exit')" 3 'and the first entry that fails is the last'
is "$(field 'map(select(.type == "command/end")) | map(.exit) | tojson')" '[0,0,3]' 'with events for each'

if command -v bash >/dev/null; then
	jq -nc '{id: "j", shell: "bash", script: ["a=(1 2)", "echo ${#a[@]}", "false", "echo never"]}' >spec
	run job <spec
	is "$(cat logs/j.log) $(field 'last | .exit')" '2 1' 'shell bash runs all entries as one file, with -e'
else
	skip 1 'bash is not installed'
fi
jq -nc '{id: "j", shell: "awk -f", script: ["BEGIN {", "print 6 * 7", "}"]}' >spec
run job <spec
is "$(cat logs/j.log)" 42 'any interpreter that takes a file will do'
jq -nc '{id: "j", script: [("x" * 200000) as $long | "echo " + $long + " | wc -c", "echo end"]}' >spec
run job <spec
is "$(cat logs/j.log)" "$(printf '200001\nend')" 'a script longer than an argument may be'

# explain ENTRY...: how they would be run
explain() {
	jq -nc --args '{id: "j", script: $ARGS.positional}' "$@" | mci-job --explain
}
shell() {
	is "$(explain "$1" | cut -f2)" shell "a shell for: $(echo "$1" | tr '\n#' '/%')"
}
alone() {
	is "$(explain "$1" | cut -f2,4)" "$(printf 'no shell\t%s' "$2")" "no shell for: $1"
}
printf '#!/bin/sh\necho "ran $*"\n' >"$T/tool"
chmod +x "$T/tool"
PATH=$T:$PATH
alone 'tool a -b --c=d e/f.g:h,i@j+k%l' "$T/tool a -b --c=d e/f.g:h,i@j+k%l"
alone "  tool	'a  b' \"c d\"e  " "$T/tool 'a  b' 'c de'"
alone 'tool' "$T/tool"
alone './x' ./x
is "$(explain true | cut -f2)" 'no shell' 'no shell for: true'
for text in 'tool $x' 'tool "$x"' 'tool | cat' 'tool >f' 'tool; tool' 'tool &' 'tool *.c' 'tool a?' 'tool [a]' 'tool ~' \
	'tool {a,b}' 'tool \a' 'tool `x`' 'tool #c' 'x=1 tool' 'x=1' 'cd /' 'echo a' 'true --help' 'exit 1' '. ./f' \
	'! tool' 'if true; then tool; fi' 'not-on-the-path a' '' 'tool "a' "tool 'a" 'tool
tool' '(tool)' 'while' 'exec tool' '[ -f x ]'; do
	shell "$text"
done
is "$(explain 'tool' 'tool' | cut -f2)" shell 'a shell for several entries'
ok 'explain runs nothing' test ! -e f
is "$(explain 'echo a' | cut -f4)" "sh -e -c -- 'echo a'" 'explain prints the command line'
run job <<'E'
{"id":"j","script":"tool 'a  b'"}
E
is "$(cat logs/j.log)" 'ran a  b' 'what runs without a shell does the same'
printf 'echo "no interpreter line $1"\n' >"$T/bare"
chmod +x "$T/bare"
run job <<'E'
{"id":"j","script":"bare x"}
E
is "$(cat logs/j.log)" 'no interpreter line x' 'a script without #! runs as it does in a shell'
run job <<'E'
{"id":"j","script":"not-on-the-path x"}
E
like "$(cat logs/j.log) $(field 'last | .exit')" '^sh: .*not-on-the-path.*not found 127$' \
	"127 and the message are the shell's"
run job <<'E'
{"id":"j","script":"./logs x"}
E
is "$(field 'last | .exit')" 126 'and 126'
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
	# a leak checker cannot work below strace
	echo '{"id":"j","script":"tool x"}' | ASAN_OPTIONS=detect_leaks=0 strace -f -e trace=execve -o trace mci-job --log-dir logs >"$out"
	is "$(grep -c 'execve("/bin/sh"' trace) $(grep -c 'execve(' trace)" '0 2' \
		'nothing but mci-job and the tool is executed'
else
	skip 1 'strace cannot trace here'
fi
finish
