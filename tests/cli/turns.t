#!/bin/sh
# Builds in one folder take turns; each says for whom it waits, and can be told not to.
. "${0%/*}/lib.sh"

need jq setsid
state() {
	mci ls --json 2>/dev/null | jq -r --arg b "local/work/$1" 'select(.build==$b).status'
}
is_state() {
	[ "$(state "$1")" = "$2" ]
}
log_of() {
	printf '%s\n' "$XDG_STATE_HOME/mci/builds/local/${2:-work}/$1/events.ndjson"
}
# a job that has the place for itself until somebody writes to the pipe; one that finds another there fails
cat >hold.sh <<'END'
mkdir place || exit 9
read -r _ <hold
rmdir place
END
mkfifo hold
exec 9<>hold
free() {
	echo >&9
}
echo '{"id":"a","script":["sh hold.sh"]}' >hold.job
echo '{"id":"b","script":["mkdir place && rmdir place"]}' >quick.job
hold() {
	mci-build -q - <hold.job 2>"$T/first" &
	first=$!
	started="$started $first"
	wait_until "a build works in the folder" test -d place
}
# behind JOB OPTION...: starts a build of that file in the background
behind() {
	: >"$err"
	background env --default-signal=INT sh -c 'job=$1; shift; exec mci-build "$@" - <"$job"' - "$@"
}

hold
behind quick.job --json
second=$pid
wait_for_line "$err" '^mci-build: local/work/2 waits for local/work/1, which works in this folder$'
pass "a second build says for whom it waits"
is "$(jq -c '[.seq,.type,.for]' "$out")" '[1,"build/pending","local/work/1"]' "has its number, and is pending"
is "$(state 2)" pending "as mci ls shows"
like "$(mci show 2)" '^message	waits for local/work/1' "and why"
free
wait_end "$first"
is "$status" 0 "the first is not disturbed"
wait_end "$second"
is "$status" 0 "and the second has its turn"
is "$(jq -r .type "$out" | sed -n 2p)" build/start "which begins then"
ok "its events are as the contract says" sh -c '"$1" --check <"$2" | cmp - /dev/null' - "${MCI_BIN%/bin}/tests/unit/contract" "$out"

# ---- ways not to wait, or no longer
hold
exits 75 "--no-wait" mci-build -q --no-wait - <quick.job
is "$(cat "$err")" "mci-build: local/work/3 works in this folder" "says who works there"
is "$(mci ls -q | head -n 1)" local/work/3 "and makes no build"
behind quick.job -q
wait_for_line "$err" 'waits for local/work/3'
kill -INT "$pid"
wait_end "$pid"
is "$status" 130 "SIGINT ends one that waits"
is "$(tail -n 1 "$(log_of 4)" | jq -c '[.type,.status,.jobs]')" '["build/end","canceled",0]' "as its log says"
is "$(mci tree 4)" "canceled: no jobs in 0.0s" "and mci tree"
behind quick.job -q
wait_for_line "$err" 'waits for local/work/3'
exits 0 "mci cancel reaches it" mci cancel 5
wait_end "$pid"
is "$status" 143 "and ends it"
behind quick.job --json
wait_for_line "$err" 'waits for local/work/3'
kill -KILL "$pid"
wait_end "$pid"
is "$(state 6)" error "one that was killed is an error"
like "$(mci show 6)" '^message	it was killed before it ended' "and not said to wait"
free
wait_end "$first"
is "$status" 0 "all of which is nothing to the first"

hold
behind quick.job --json --timeout 1s
wait_for_line "$err" waits
sleep 1.1
free
wait_end "$pid"
# on a machine that others use even this job may take a second
ok "--timeout counts from build/start, however long it waited" jq -es '
	def at: .time | (.[0:19] + "Z" | fromdate) + (.[20:23] | tonumber / 1000);
	(map(select(.type=="build/start"))[0] | at) as $start |
	all(.[] | select(.type=="build/canceled"); at - $start > 0.99)' "$out"
wait_end "$first"

# ---- what is the same folder, and what is not
hold
ln -s "$PWD" "$T/link"
exits 75 "another path" mci-build -q -C "$T/link" --no-wait - <quick.job
exits 75 "another store" env XDG_STATE_HOME="$T/other" mci-build -q --no-wait - <quick.job
has "$err" "^mci-build: a build of process $first works in this folder" "where its process is all that is known"
mkdir sub
exits 0 "a folder below is another one" mci-build -q -C sub --no-wait - <quick.job
if command -v git >/dev/null; then
	git init -q . && git -c user.name=t -c user.email=t@example.org commit -q --allow-empty -m one
	exits 0 "a clean checkout is nobody else's" mci-build -q --no-wait --rev HEAD - <quick.job
	exits 0 "nor is what is staged" mci-build -q --no-wait --staged - <quick.job
else
	skip 2 "git is not installed"
fi
exits 0 "a plan runs nothing and waits for nobody" mci-build --no-wait --plan - <quick.job
echo '{"id":"c","script":["rmdir place"]}' >after.job
kill -KILL "$first"
exits 0 "a build that is killed lets the folder go with its jobs" mci-build -q - <after.job

# ---- builds inside of builds
cat >inner.job <<'END'
{"id":"i","script":["mkdir inner && rmdir inner","[ -n \"$DEEP\" ] || mci-build -q --no-wait -e DEEP=1 - <inner.job"]}
END
cat >outer.job <<'END'
{"id":"o","script":["mci-build -q --no-wait - <inner.job","env -i PATH=\"$PATH\" HOME=\"$HOME\" mci-build -q --no-wait - <inner.job","(setsid mci-build -q --no-wait -e DEEP=1 - <inner.job; echo $? >code) & wait"]}
END
exits 0 "a build that a job of the folder's build starts there" timeout 60 mci-build -q - <outer.job
is "$(mci ls -q --status success | head -n 5 | wc -l),$(cat code)" 5,0 "does not wait, nor do those that it starts"
behind hold.job -q
wait_until "a build works in the folder" test -d place
exits 0 "elsewhere a job's build" mci-build -q -C sub - <<END
{"id":"x","script":["mci-build -q -C .. --no-wait - <../quick.job || test \$? = 75"]}
END
free
wait_end "$pid"

# ---- blocked builds
echo '{"id":"gate","blocked":true,"script":["sh hold.sh"]}' >blocked.job
behind blocked.job --json --blocked wait
blocked=$pid
wait_for_line "$out" '"job/blocked"'
name=$(mci ls -q | head -n 1)
exits 0 "while all that is open in a build is blocked" mci-build -q - <quick.job
is "$(cat "$err")" "" "others work in the folder"
hold
holder=$(mci ls -q | head -n 1) log=$(mci path "$name")/events.ndjson
exits 0 "one that is let go" mci unblock "$name/gate"
wait_for_line "$log" '"build/pending"'
is "$(jq -r 'select(.type=="build/pending").for' "$log")" "$holder" "waits for who is there"
is "$(mci ls --json | jq -r --arg b "$name" 'select(.build==$b).status')" pending "and is pending"
is "$(jq -c 'select(.type=="job/initializing")' "$log")" "" "and its job with it"
free
wait_end "$first"
wait_for_line "$log" '"job/start"'
is "$(jq -r 'select(.type=="build/pending" or .type=="build/updated" or .type=="job/start").type' "$log" | tr '\n' ' ')" \
	"build/pending build/updated job/start " "and goes on when it is its turn"
is "$(mci ls --json | jq -r --arg b "$name" 'select(.build==$b).status')" running "running"
exits 75 "in a folder that it has again" mci-build -q --no-wait - <quick.job
free
wait_end "$blocked"
is "$status" 0 "to its end"
ok "whose log is as the contract says" sh -c '"$1" --check <"$2" | cmp - /dev/null' - "${MCI_BIN%/bin}/tests/unit/contract" "$log"
finish
