#!/bin/sh
# A build may run again: each run has logs of its own, only the newest may write, and readers get what they name.
. "${0%/*}/lib.sh"
need jq nc
. "$ROOT/tests/cli/log-lib.sh"

server=$T/run/log.sock
serve() {
	mkfifo "$T/ready"
	mci-log serve -l "unix:$server" --dir d --ready-fd 3 "$@" 3>"$T/ready" 4>&- 2>"$T/served" &
	serving=$!
	started="$started $serving"
	read -r _ <"$T/ready"
	rm "$T/ready"
}
call() {
	mci call -a "$server" "$@"
}

# ---- two runs of one build at a server
serve
echo one | mci-log put -a "$server" o/r/1/unit
echo again | mci-log put -a "$server" --attempt 2 o/r/1/unit
echo other | mci-log put -a "$server" o/r/1/lint
# one that is written by connection, and one whose writer has the files
mkfifo feed1 feed2
mci-log put -a "exec:nc -NU $server" o/r/1/spooled <feed1 2>told1 &
spooled=$!
mci-log put -a "$server" o/r/1/direct <feed2 2>told2 &
direct=$!
started="$started $spooled $direct"
exec 4>feed1 5>feed2
echo begun >&4
echo begun >&5
mci-log follow -a "$server" o/r/1@1/spooled >seen 2>"$T/follow" &
follower=$!
started="$started $follower"
wait_for_line seen begun
wait_until "the other's is there" grep -q begun d/o/r/1/logs/direct.log

echo two | mci-log put -a "$server" o/r/1@2/unit
is "$(cat d/o/r/1/logs/unit.log d/o/r/1/logs/unit@2.log d/o/r/1/logs@2/unit.log | tr '\n' ' ')" "one again two " \
	"each run has a folder of its own"
is "$(mci-log cat -a "$server" o/r/1/unit)" two "who names none reads the newest"
is "$(mci-log cat -a "$server" o/r/1@1/unit)" again "of an older one the last attempt"
is "$(mci-log cat -a "$server" --attempt 1 o/r/1@1/unit)" one "or the one that is named"
is "$(mci-log cat -a "$server" o/r/1@2/unit)" two "and the newest by its number"
exits 1 "no run that is not there" mci-log cat -a "$server" o/r/1@3/unit
has "$err" "there is no log o/r/1@3/unit" "... it says"
is "$(call log/get build=o/r/1 job=unit | jq -c '[.run,.attempt,.bytes]')" '[2,1,4]' "log/get says which it is"
is "$(call log/list build=o/r/1 | jq -c '[.run,[.logs[].job]]')" '[2,["unit"]]' "a list is of the newest run"
is "$(call log/list build=o/r/1 run:=1 | jq -c '[.run,[.logs[]|.job+"@\(.attempt)"]]')" \
	'[1,["direct@1","lint@1","spooled@1","unit@1","unit@2"]]' "or of the one that is named"

# ---- whoever writes in an older run is told to stop
wait_end "$follower"
has "$T/follow" "the log is truncated: 6 bytes were kept" "what the server wrote for it ends where it was"
echo more >&4
exec 4>&-
wait_end "$spooled"
is "$status" 1 "its writer ends"
has told1 "run: a newer run of build o/r/1 has begun" "and knows why"
exec 5>&-
wait_end "$direct"
is "$status" 1 "who has the files hears of it when the log is closed"
has told2 "run: a newer run of build o/r/1 has begun" "and knows why"
exits 1 "no log of an older run is begun" sh -c "echo x | mci-log put -a '$server' o/r/1/late"
has "$err" "run: a newer run of build o/r/1 has begun" "and why"
is "$(printf '%s\n' '{"jsonrpc":"2.0","id":1,"method":"log/open","params":{"build":"o/r/1","job":"a"}}' \
	'{"jsonrpc":"2.0","id":2,"method":"log/close","params":{"build":"o/r/1","run":1,"job":"unit"}}' \
	'{"jsonrpc":"2.0","id":3,"method":"log/open","params":{"build":"o/r/1","run":0,"job":"a"}}' \
	'{"jsonrpc":"2.0","id":4,"method":"log/open","params":{"build":"o/r/1","run":-1,"job":"a"}}' |
	nc -NU "$server" | jq -c '[.id,.error.code]' | tr -d '\n')" '[1,-32006][2,-32006][3,-32006][4,-32602]' \
	"opening and closing are refused"
kill -KILL "$serving"
wait_end "$serving"
serve
exits 1 "also by the next server" sh -c "echo x | mci-log put -a '$server' o/r/1/late"
exits 1 "and without a server" sh -c "echo x | mci-log put --dir d o/r/1@1/late"
echo three | mci-log put --dir d o/r/1/added
ok "which takes the newest where none is named" test -f d/o/r/1/logs@2/added.log
exits 2 "a run that is none" mci-log cat -a "$server" o/r/1@x/unit
has "$err" "o/r/1@x/unit: run: 'x' is not a number" "... it says"

# ---- who waits, and what is shown of a folder
mci-log follow -a "$server" o/r/2/wanted >seen2 2>/dev/null &
follower=$!
started="$started $follower"
waits() { call log/status | jq -e '.followers == 1' >/dev/null; }
wait_until "it waits" waits
echo late | mci-log put -a "$server" o/r/2@4/wanted
wait_end "$follower"
is "$(cat seen2)" late "who waits for a log gets that of whatever run comes"
is "$(mci-log cat --dir d o/r/1/unit; mci-log cat --dir d o/r/1@1/lint)" "two
other" "a folder is read alike"
is "$(mci-log ls --dir d o/r/1 | cut -f 1 | tr '\n' ' ')" "unit added " "and listed"
is "$(mci-log ls --dir d o/r/1@1 | cut -f 1 | sort | tr '\n' ' ')" "direct lint spooled unit unit " "run by run"
is "$(mci-log cat -a "$server" --json o/r/1@1/lint | jq -r .text)" other "also as it is fetched"

# ---- who runs the jobs says which run it is
printf '%s\n' '{"id":"job","script":["echo printed"]}' >specs
exits 0 "mci-job has its run from the environment" env MCI_BUILD_ID=o/r/3 MCI_RUN=2 mci-job --log "unix:$server" <specs
is "$(cat d/o/r/3/logs@2/job.log)" printed "and its logs are of that run"
env MCI_BUILD_ID=o/r/3 mci-job --log "unix:$server" <specs >"$out"
like "$(jq -r 'select(.type=="job/executed").error' "$out")" "a newer run of build o/r/3 has begun" "an older one runs no job"
exits 2 "nor one that is none" env MCI_BUILD_ID=o/r/3 MCI_RUN=x mci-job --log "unix:$server" <specs
has "$err" "MCI_RUN: 'x' is not a number" "... it says"

# ---- put away and removed
mci-log sweep --dir d --archive "file:$T/old" --compress-after 1ms >/dev/null
is "$(find "$T/old" -name 'unit*.zst' | sed "s|$T/old/||" | sort | tr '\n' ' ')" \
	"o/r/1/logs/unit.log.zst o/r/1/logs/unit@2.log.zst o/r/1/logs@2/unit.log.zst " "all runs are put away"
is "$(mci-log cat --dir d --archive "file:$T/old" o/r/1/unit; mci-log cat --dir d --archive "file:$T/old" o/r/1@1/unit)" \
	"two
again" "and found there"
kill "$serving"
wait_end "$serving"
serve --archive "file:$T/old"
exits 1 "the newest run is known by what was put away" sh -c "echo x | mci-log put -a '$server' o/r/1/late"
exits 0 "one run is removed" mci call -a "$server" log/remove build=o/r/1 run:=1
is "$(find d/o/r/1 "$T/old/o/r/1" -name '*.idx' | sed 's|.*/o/r/1/||' | sort | tr '\n' ' ')" "logs@2/added.idx logs@2/unit.idx " \
	"and no other"
exits 0 "all are, without a number" mci call -a "$server" log/remove build=o/r/1
is "$(find d/o/r/1 "$T/old/o/r/1" -name '*.idx')" "" "of all runs"
exits 0 "then any run may begin" sh -c "echo x | mci-log put -a '$server' o/r/1/unit"
echo y | mci-log put -a "$server" o/r/1@2/unit
kill "$serving"
wait_end "$serving"
exits 0 "a folder's logs are removed" mci-log rm --dir d o/r/1@1
is "$(find d/o/r/1 -name '*.log' | sort)" "d/o/r/1/logs@2/unit.log" "of the run that is named"
echo z | mci-log put --dir d o/r/1@3/unit
exits 0 "without a number" mci-log rm --dir d o/r/1
is "$(find d/o/r/1 -name '*.log')" "" "of all"

# ---- a build that ran twice, as its events tell
state=$XDG_STATE_HOME/mci/builds/local/x
mkdir -p "$state"
build "$state/1"
started a 1
printf 'first\n' >"$folder/logs/a.log"
ended a 2 6
started b 3
printf 'cut' >"$folder/logs/b.log"
mkdir "$folder/logs@2"
sed -n 1p "$folder/events.ndjson" | sed 's/"run":1/"run":2/' >>"$folder/events.ndjson"
started b 5
printf 'second\n' >"$folder/logs@2/b.log"
printf 'told\n' >"$folder/script@2.log"
ended b 6 7
build_end 7
sed -i '5,$s/"run":1/"run":2/' "$folder/events.ndjson"
is "$(mci-log cat local/x/1/a; mci-log cat local/x/1/b)" "first
second" "each job is shown from the run that it was in"
is "$(mci path local/x/1/b)" "$folder/logs@2/b.log" "and its file is named"
exits 0 "and all of it" mci-log cat local/x/1
has "$out" "second" "is shown"
mkdir "$T/moved"
cp -r "$folder" "$T/moved/1"
touch "$T/moved/1/logs@2/other"
exits 1 "what mci did not make is not removed" mci rm --force "$T/moved/1"
has "$err" "did not make other" "in any run"
rm "$T/moved/1/logs@2/other"
exits 0 "all else is" mci rm --force "$T/moved/1"

# ---- logs that stand where the command line said
mkdir elsewhere project
cd project || exit 1
printf '%s\n' '{"id":"good","script":["echo fine"]}' '{"id":"bad","script":["echo oops; false"]}' >specs
mci-build --log-dir "$T/work/elsewhere" - <specs >/dev/null
is "$(mci-log cat @/good)" fine "logs in a folder that was chosen are shown"
is "$(mci path @/good)" "$T/work/elsewhere/good.log" "and named"
exits 1 "and in what shows the build" mci tree --exit-status @
has "$out" oops "... with the end of what failed"
exits 1 "they are not removed with the build's own" mci-log rm @/good
has "$err" "the jobs' logs are in $T/work/elsewhere, and left there" "... it says"
ok "... and are" test -f "$T/work/elsewhere/good.log"
finish
