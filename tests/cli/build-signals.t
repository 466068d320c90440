#!/bin/sh
# Canceling and killing: nothing stays behind, and what happened is written.
. "${0%/*}/lib.sh"

need jq setsid python3 bash
# a job that hides well: double fork, a session of its own, no terminal. Others may run this test as well
cat >specs <<JOBS
{"id":"stray","script":["setsid sh -c '(sleep 3571.$$ &) ; sleep 3572.$$' </dev/null >/dev/null 2>&1 &","sleep 3573.$$"]}
{"id":"deaf","script":["trap '' TERM; sleep 3574.$$; sleep 3575.$$"],"timeout":"1h"}
{"id":"waits","script":["true"],"depends-on":["stray"]}
JOBS

printf '#!/bin/sh\ncat specs\n' >script
chmod +x script

# what of our sleeps is alive
sleepers() {
	pgrep -f "sleep 357[1-5]\.$$( |\$)" || true
}
no_sleepers() {
	[ -z "$(sleepers)" ]
}
all_sleepers() {
	[ "$(sleepers | wc -l)" -ge 4 ]
}
start() {
	: >"$out"
	# a shell starts background commands with SIGINT ignored and no standard input
	background env --default-signal=INT mci-build --json -j 4 ./script
	wait_until "the jobs start" all_sleepers
	folder=$(jq -r 'select(.type=="build/start").folder' "$out")
}

for signal in INT:2 TERM:15 HUP:1; do
	number=${signal#*:} signal=${signal%:*}
	start
	kill -"$signal" "$pid"
	wait_end "$pid"
	is "$status" "$((128 + number))" "SIG$signal cancels"
	ok "SIG$signal leaves nothing running" no_sleepers
	is "$(jq -r 'select(.type=="build/end").status' "$folder/events.ndjson")" canceled "SIG$signal is in the log"
	is "$(jq -r 'select(.type=="job/end").status' "$folder/events.ndjson" | sort | uniq -c | tr -s ' ')" " 3 canceled" \
		"SIG$signal ends every job once"
done

start
kill -INT "$pid"
wait_for_line "$folder/events.ndjson" build/canceled
kill -INT "$pid"
wait_until "gone at once" is_gone "$pid"
wait_until "with all" no_sleepers
pass "a second SIGINT stops at once"

# the caller leaves
run sh -c 'mci-build --json -j 4 - <specs | head -n 3 >/dev/null; echo "${PIPESTATUS:-}"'
wait_until "a closed stdout ends all" no_sleepers
pass "a closed standard output cancels the build"

worker_of() {
	pgrep -P "$1" -x mci-job | head -n 1
}
for victim in build keeper worker; do
	start
	keeper=$(worker_of "$pid")
	worker=$(worker_of "$keeper")
	case $victim in
	build) kill -9 "$pid" ;;
	keeper) kill -9 "$keeper" ;;
	worker) kill -9 "$worker" ;;
	esac
	wait_end "$pid"
	wait_until "nothing is left after kill -9 of $victim" no_sleepers &&
		pass "kill -9 of $victim leaves nothing running"
	if [ "$victim" != build ]; then
		is "$status" 125 "kill -9 of $victim is an error of the build"
		is "$(jq -r 'select(.type=="job/end" and .reason=="lost").job' "$folder/events.ndjson" | sort | tr '\n' ' ')" \
			"deaf stray " "kill -9 of $victim: its jobs are said to be lost"
	fi
done

# by request
printf '%s\n' '{"id":"gate","script":["echo through"],"blocked":true}' '{"id":"no","script":["true"],"blocked":true}' >specs
background mci-build --json --blocked wait ./script
wait_for_line "$out" '"job/blocked".*"no"'
name=$(jq -r 'select(.type=="build/start").build' "$out")
log=$(jq -r 'select(.type=="build/start").folder' "$out")/events.ndjson
exits 0 "mci unblock" mci unblock "$name/gate"
wait_for_line "$log" '"job/end".*"gate"'
exits 1 "a job that is not blocked cannot be unblocked" mci unblock "$name/gate"
exits 0 "mci cancel" mci cancel "$name"
wait_end "$pid"
is "$status" 143 "canceled by request is 143"
is "$(jq -r 'select(.type=="job/end" and .job=="gate").status' "$log")" success "the unblocked job ran"
is "$(jq -r 'select(.type=="job/end" and .job=="no").status' "$log")" canceled "the other was canceled"

# ---- a program that was interrupted ends by the signal, so that a shell's loop stops
cat >interrupt.py <<'END'
import os, signal, subprocess, sys, time
name, *words = sys.argv[1:]
def begin():
    for s in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP): signal.signal(s, signal.SIG_DFL)
p = subprocess.Popen(words, start_new_session=True, preexec_fn=begin)
end = time.time() + 20
while not os.path.exists("started") and p.poll() is None and time.time() < end: time.sleep(0.02)
os.killpg(p.pid, getattr(signal, "SIG" + name))
print(-p.wait(20), end="")
os.path.exists("started") and os.unlink("started")
END
echo "{\"id\":\"a\",\"script\":[\"echo >>started; sleep 3573.$$\"]}" >specs
for name in INT:2 TERM:15 HUP:1; do
	is "$(python3 interrupt.py "${name%:*}" mci run -q ./script)" "${name#*:}" "mci-build ends by SIG${name%:*}"
done
is "$(jq -r 'select(.type=="build/end").exit' "$(mci path @~2)/events.ndjson")" 130 "and its log has the status of that"
is "$(python3 interrupt.py INT mci-job -- sh -c "echo >started; sleep 3573.$$")" 2 "so does mci-job --"
is "$(python3 interrupt.py INT sh -c 'mci-job -q <specs 2>/dev/null')" 2 "and one that reads specs"
is "$(python3 interrupt.py INT sh -c 'exec 2>/dev/null; mci-build --json ./script | mci tree >tree')" 2 \
	"and mci tree behind a build"
has tree canceled "which shows it to its end"
is "$(python3 interrupt.py INT bash -c 'for i in 1 2 3; do echo >>rounds; mci run -q ./script; done; echo >>rounds')" 2 \
	"a shell's loop stops"
is "$(wc -l <rounds)" 1 "at once"
wait_until "nothing is left" no_sleepers
printf '#!/bin/sh\ntrap "" INT\nexec mci run -q ./script\n' >deaf
chmod +x deaf
echo '{"id":"a","script":["echo >started; sleep 0.1"]}' >specs
is "$(python3 interrupt.py INT ./deaf)" 0 "where it is ignored it stays so"
# ---- what a killed build leaves in the runtime folder goes with the next one
echo '{"id":"a","script":["echo x >started; sleep 60"]}' >specs
for i in 1 2 3; do
	rm -f started
	mci-build -q - <specs 2>"$err" &
	build=$!
	started="$started $build"
	wait_until "its job runs" test -s started
	kill -KILL "$build"
	wait_end "$build"
done
wait_until "mci-job ends with its build" sh -c '! ls "$1"/run/mci | grep -q ^job-' - "$T"
is "$(find "$T/run/mci" -name 'build-*' | grep -c .)" 1 "a killed build leaves its sockets, but not those of the one before"
mkdir "$T/run/mci/build-somebodys" "$T/run/mci/job-AAAAAA"
: >"$T/run/mci/job-AAAAAA/file"
echo '{"id":"a","script":["ls $XDG_RUNTIME_DIR/mci >entries"]}' >specs
exits 0 "the next build" mci-build -q - <specs
is "$(grep -c "^build-......$" entries) $(grep -c ^job- entries)" "1 1" "has a folder of its own alone"
is "$(ls "$T/run/mci")" "build-somebodys" "and leaves none; names that are no such folder's are left alone"
rmdir "$T/run/mci/build-somebodys"

finish
