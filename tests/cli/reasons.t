#!/bin/sh
# Why a job did not succeed is told by everything that shows it, as exactly as it is known.
. "${0%/*}/lib.sh"
need jq
echo file >plain && echo 'no words' >noshell

cat >specs <<'END'
{"id":"argv","argv":["./nosuchprog"]}
{"id":"dir","dir":"nodir","script":["pwd"]}
{"id":"file","dir":"plain","script":["pwd"]}
{"id":"shell","shell":"nosuchsh","script":["pwd"]}
{"id":"right","argv":["./noshell"]}
{"id":"outputs","script":["echo before","echo k = v >>$MCI_OUTPUT"]}
{"id":"large","script":["head -c 70000 /dev/zero | tr '\\0' x | sed 's/^/A=/' >>$MCI_OUTPUT"]}
{"id":"exit","script":["seq 30","exit 3"]}
{"id":"signal","script":["kill -TERM $$"]}
{"id":"timeout","script":["exec sleep 100"],"timeout":"10ms"}
{"id":"again","argv":["./nosuchprog"],"retry":1}
END
# what is said of each, an expression
cat >reasons <<'END'
argv	not started: \./nosuchprog: No such file or directory
dir	not started: dir: nodir: No such file or directory
file	not started: dir: plain: is not a folder
shell	not started: nosuchsh: No such file or directory
right	not started: \./noshell: Permission denied
outputs	limit:outputs: MCI_OUTPUT line 1: expected NAME=VALUE or NAME<<WORD, found 'k = v'
large	limit:outputs: MCI_OUTPUT
exit	exit 3
signal	SIGTERM
timeout	timeout
again	not started: \./nosuchprog: No such file or directory
END

# told FILE PATTERN TEXT: each reason is on the line of its job; PATTERN has JOB for the job
told() {
	while IFS='	' read -r job reason; do
		has "$1" "$(printf '%s' "$2" | sed "s/JOB/$job/")$reason" "$3: $job"
	done <reasons
}

exits 1 "they fail" mci-build -q -j 1 - <specs
cp "$err" quiet
told quiet '^mci-build: job JOB: (failure|error): ' "-q"
has quiet '^exit \| 30$' "-q: with the end of what the job printed"
hasnt quiet '^exit \| 10$' "20 lines of it"
has quiet '^mci-build: job exit: all of it: mci log local/work/1/exit$' "and how to see the rest"
has quiet '^outputs \| before$' "a short log is whole"
hasnt quiet 'job outputs: all of it' "and nothing is left"
exits 1 "plain shows them" mci-build --progress plain - <specs
told "$out" '^JOB: (failure|error): ' "--progress plain"
is "$(grep -c nosuchprog "$out"),$(cat "$err")" 2, "once a job"
run mci tree @
told "$out" '^. JOB .*  ' "tree"
run mci show
told "$out" '^(failure|error)	JOB	[^	]*	' "show"
mci show --json @ | jq -r 'select(.error) | .job+" "+.error' >errors
has errors '^argv \./nosuchprog: No such file or directory$' "show --json: why"
has errors '^outputs MCI_OUTPUT line 1' "also of a limit"
exits 1 "log of what was not started fails" mci log argv
has "$err" '^mci-log: local/work/2/argv has no log: error: not started: \./nosuchprog: No such' "and says why"
exits 0 "log of what broke a limit shows it" mci log outputs
is "$(cat "$out")" before "as it is"
has "$err" "^mci-log: outputs: limit:outputs: MCI_OUTPUT line 1" "and says which"
exits 0 "log of a build" mci log
has "$err" '^mci-log: argv: not started: \./nosuchprog' "says it of each"

# mci-job alone, which tries nothing again
sed -i '/^again/d' reasons
run sh -c 'grep -v again specs | mci-job --progress none'
told "$err" '^mci-job: JOB: ' "mci-job"

# only so many failures are shown
seq 8 | jq -c '{id: "j\(.)", script: ["echo said \(.)", "exit 1"]}' >specs
run mci-build -q - <specs
is "$(grep -c '| said' "$err")" 5 "-q shows the ends of the first five logs"
is "$(grep -c 'all of it: mci log' "$err")" 3 "and where those of the others are"

# a pipe breaks, a terminal cuts
if command -v script >/dev/null 2>&1; then
	long=$(printf 'nosuchprogram-%.0s' 1 2 3 4 5 6 7 8)
	printf '{"id":"a","argv":["./%s"]}' "$long" | mci-build -q - 2>/dev/null
	timeout "$PATIENCE" script -qec 'stty cols 60 rows 20; mci tree @' /dev/null </dev/null >screen
	has screen "── a: not started: \./$long: No such file" "a reason that the edge of the terminal cuts is told below"
else
	skip 1 "script is not installed"
fi
finish
