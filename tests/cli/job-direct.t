#!/bin/sh
# mci-job -- COMMAND: as timeout(1), with the environment and the tidiness of a job.
. "${0%/*}/lib.sh"

run mci-job -- sh -c 'echo out; echo err >&2; exit 5'
is "$status" 5 "the exit status is the command's"
is "$(cat "$out")" out 'standard output is passed through'
is "$(cat "$err")" err 'standard error too'
exits 124 'a timeout makes 124' mci-job --timeout 100ms -- sleep 30
exits 124 'also for a command that cleans up' mci-job --timeout 100ms -- \
	sh -c 'trap "exit 0" TERM; while :; do sleep 0.05; done'
exits 127 'a command that is not there makes 127' mci-job -- no-such-command-here
has "$err" 'no-such-command-here: No such file' 'and is named'
echo data >file
exits 126 'one that cannot be run makes 126' mci-job -- ./file
# shellcheck disable=SC2016
exits 139 'a signal makes 128 and its number' mci-job -- sh -c 'kill -SEGV $$'
exits 2 'an unknown option makes 2' mci-job --no-such-option -- true
exits 2 'a time without unit makes 2' mci-job --timeout 5 -- true
is "$(echo input | mci-job -- cat)" input 'standard input is passed through'
# shellcheck disable=SC2016
is "$(SECRET=1 mci-job -e KEPT=2 -- sh -c 'echo "$SECRET-$KEPT-$CI"')" -2-true "the environment is a job's"
mkdir there
is "$(mci-job -C there -- pwd)" "$PWD/there" '-C goes there first'
run mci-job -- ls /proc/self/fd
is "$(tr '\n' ' ' <"$out")" '0 1 2 3 ' 'no descriptor but 0 to 2 (3 is that of ls)'
run mci-job --log-dir logs -- sh -c 'echo out; sleep 0.1; echo err >&2'
is "$(cat "$out") $(cat "$err")" 'out err' 'with --log-dir the output is passed through too'
is "$(cat logs/command.log)" "$(printf 'out\nerr')" 'and kept'
is "$(mci-job -- head -c 3000000 /dev/zero | wc -c | tr -d ' ')" 3000000 'nothing is lost'
finish
