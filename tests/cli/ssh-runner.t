#!/bin/sh
# The runner ssh: jobs on another machine, which is this one by its sshd.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/ssh-lib.sh"
. "$ROOT/tests/cli/runners-lib.sh"
need jq pgrep bash

start_sshd
sshd_log=$PWD/sshd_log
mkdir programs work
printf '#!/bin/sh\nexec %s -F %s "$@"\n' "$(command -v ssh)" "$PWD/ssh_config" >programs/ssh
chmod +x programs/ssh
PATH=$PWD/programs:$PATH
cd work || exit 1

nothing_is_left()
{
	! ls -d "$TMPDIR"/mci-ssh.* >/dev/null 2>&1 && ! pgrep -f "sleep 9876.$$" >/dev/null
}

# what is carried counts as well
expire=8s
suite ssh:ci
wait_until "nothing is left there" nothing_is_left

# What a job changes.
mkdir -p keep/deep gone old
echo 1 >keep/deep/a; echo 2 >gone/b; echo 3 >old/c; echo 4 >"odd
name"; ln -s keep link; echo 5 >kind; touch -d 2001-01-01 stays
before=$(stat -c '%i %Z' stays)
job ssh:ci '{"id":"a","script":["rm -r gone; mv old new; mv odd* \"odd too\"; rm kind; mkdir kind; ln -sfn new link; echo x >kind/d; cp -p keep/deep/a keep/deep/e; echo 6 >keep/deep/a; touch -d 2000-01-01 keep/deep/a; chmod 755 keep/deep/a; exit 3"]}'
is "$status,$(executed .exit)" 1,3 "a job that fails"
is "$(find . -path ./logs -prune -o -print | LC_ALL=C sort | grep -v '^./\(below\|made\)' | tr '\n' ' ')" \
	". ./keep ./keep/deep ./keep/deep/a ./keep/deep/e ./kind ./kind/d ./link ./new ./new/c ./odd too ./stays " \
	"brings back what it made, and takes away what it removed"
is "$(cat keep/deep/a new/c kind/d 'odd too' | tr '\n' ' ')$(readlink link) $(stat -c %a keep/deep/a)" "6 3 x 4 new 755" \
	"as it left it"
is "$(stat -c '%i %Z' stays)" "$before" "what it did not change is not touched here"

# ssh's own failure, and a job's 255.
job ssh:ci '{"id":"a","script":["exit 255"]}'
is "$(executed '[.reason,.exit]')" '["exit",255]' "255 of a job is its own"
printf '%s\n' '{"id":"a","script":["true"]}' >"$T/spec"
run mci-job --progress json --runner ssh:nobody@127.0.0.1 <"$T/spec"
is "$(executed .reason)" '"start"' "who cannot log in starts nothing"
like "$(jq -r 'select(.type == "job/executed").error' "$out")" 'ssh:nobody@127.0.0.1.*(denied|refused|verification)' \
	"and is told what ssh says"
run mci-job --progress json --runner ssh <"$T/spec"
like "$(cat "$out" "$err")" 'ssh needs a host, as in ssh:' "a host is needed"
run mci-job --progress json --runner ssh:-oProxyCommand=x <"$T/spec"
like "$(cat "$out" "$err")" 'is no host of ssh' "which is no option"

# A host that is not the one that is known.
key "$T/other"
echo "[127.0.0.1]:$port $(cut -d' ' -f1,2 "$T/other.pub")" >"$T/known-else"
{ sed 's/^Host ci/Host strange/; s/known$/known-else/; s/StrictHostKeyChecking no/StrictHostKeyChecking yes/' ../ssh_config; } >>"$T/strange"
cat "$T/strange" >>../ssh_config
run mci-job --progress json --runner ssh:strange <"$T/spec"
like "$(jq -r 'select(.type == "job/executed") | .reason + " " + .error' "$out")" '^start .*[Hh]ost key' \
	"a host with another key than its own gets no job"

# One login for all, and what is large is carried by what is known there already.
logins() {
	grep -c '^Accepted publickey' "$sshd_log"
}
before=$(logins)
printf '{"id":"j%d","script":["echo \\"$MCI_JOB_ID\\" >made.$MCI_JOB_ID"]}\n' 1 2 3 4 >"$T/specs"
run mci-job --progress json --log-dir logs -j4 --runner ssh:ci <"$T/specs"
is "$status $(cat made.j1 made.j2 made.j3 made.j4 | tr '\n' ' ')" '0 j1 j2 j3 j4 ' "jobs run there at once, and each brings back what it made"
is "$(($(logins) - before))" 1 "by one login"
head -c 3000000 /dev/urandom >large
stored() {
	du -sk "$T/cache-there/mci/ssh" | cut -f1
}
job ssh:ci '{"id":"a","script":["cksum <large; echo more >small"]}'
is "$status" 0 "a larger folder"
first=$(stored)
ok "is carried by mci-blob" test "$first" -gt 2900
sum=$(cksum <large)
job ssh:ci '{"id":"a","script":["cksum <large; cat small"]}'
is "$(cat logs/a.log)" "$sum
more" "with what the job before made"
ok "and only what is new goes" test "$(($(stored) - first))" -lt 400
rm large small made.*

# What bounds it.
job ssh:ci '{"id":"a","limits":{"files":50,"memory":"300M"},"script":["ulimit -n; ulimit -d"]}'
is "$(tr '\n' ' ' <logs/a.log)$(jq -c 'select(.type == "job/start")."limited-by"' "$out")" \
	'50 307200 {"memory":"rlimit","files":"rlimit"}' "its limits hold there"
job ssh:ci '{"id":"a","services":[{"id":"s","script":"true"}],"script":"true"}'
like "$(executed .error)" 'there are none on another machine' "it has no services, and is told so"

# Values are no arguments.
job ssh:ci '{"id":"a","env":{"S":"hid''den-9876"},"script":["grep -la [h]idden-9876 /proc/[0-9]*/cmdline | wc -l; echo $S"]}'
like "$(tr '\n' ' ' <logs/a.log)" '^0 hidden-9876' "its variables are no arguments of a process"

# start_long: a job that runs there, $job its mci-job
start_long()
{
	rm -f "$T/began"
	printf '%s\n' '{"id":"a","script":["touch '"$T/began; setsid sleep 9876.$$ & trap 'echo bye' TERM; sleep 9876.$$"' & wait; exit 5"]}' >"$T/spec"
	background sh -c 'exec mci-job --progress json --runner ssh:ci <"$1"' - "$T/spec"
	job=$pid
	wait_until "a job runs there" test -e "$T/began"
}
start_long
kill -KILL "$job"
wait_until "when mci-job is killed nothing is left there" nothing_is_left
start_long
kill -TERM "$job"
wait_until "nor when it is told to end" nothing_is_left
wait_end "$job"
start_long
pkill -KILL -P "$sshd"
wait_until "nor when the connection breaks" nothing_is_left
wait_end "$job"
is "$(executed .reason)" '"lost"' "a job is lost then"
stop_sshd
finish
