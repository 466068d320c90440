#!/bin/sh
# mci's own verbs: lists and views of stored builds, and the programs that it runs.
. "${0%/*}/lib.sh"

# stored N: build N of this folder with the log on standard input
stored() {
	mkdir -p "$builds/local/zlib/$1/logs"
	cat >"$builds/local/zlib/$1/events.ndjson"
	ln -sfn "$1" "$builds/local/zlib/latest"
}

# log STATUS MINUTE: a build of two jobs that ended so
log() {
	cat <<-EVENTS
	{"seq":1,"build":"local/zlib/7","run":1,"type":"build/start","time":"2026-11-23T18:0$2:00.000Z","schema":1,"folder":"/nowhere","dir":"$PWD","definition":".mci/build","pid":1}
	{"seq":2,"build":"local/zlib/7","run":1,"type":"job/start","time":"2026-11-23T18:0$2:01.000Z","job":"unit","attempt":1,"pid":2}
	{"seq":3,"build":"local/zlib/7","run":1,"type":"job/end","time":"2026-11-23T18:0$2:02.000Z","job":"unit","attempt":1,"status":"$1","reason":"exit","exit":2,"elapsed":1.25}
	{"seq":4,"build":"local/zlib/7","run":1,"type":"job/end","time":"2026-11-23T18:0$2:02.000Z","job":"docs","attempt":1,"status":"skipped","reason":"unit failed"}
	{"seq":5,"build":"local/zlib/7","run":1,"type":"build/end","time":"2026-11-23T18:0$2:03.000Z","status":"$1","elapsed":3.02,"exit":$3,"jobs":2,"success":0,"failure":1,"error":0,"skipped":1,"canceled":0}
	EVENTS
}

# hold N: build N runs until the file goN is there
hold() {
	background flock "$builds/local/zlib/$1" sh -c "while [ ! -e go$1 ]; do sleep 0.05; done"
	holders="$holders $pid"
	wait_until "the lock is held" is_held "$builds/local/zlib/$1"
}
holders=''

# shellcheck disable=SC2317 # called by wait_until
is_held() {
	! flock -n "$1" true
}

builds=$XDG_STATE_HOME/mci/builds
mkdir -p zlib/.mci zlib/src && cd zlib || exit 1

exits 1 "ls finds nothing at first" mci ls
exits 1 "nor does show" mci show
has "$err" '^mci: there is no build of /' "it says where it looked"

log success 1 0 | stored 1
log failure 2 1 | stored 2
log success 3 0 | stored 3
log success 4 0 | head -n 2 | stored 4
ln -s "$PWD" "$builds/local/zlib/project"
echo words >"$builds/local/zlib/2/logs/unit.log"

# --- ls ---
run mci ls
is "$(cut -f 1 "$out" | tr '\n' ' ')" "local/zlib/4 local/zlib/3 local/zlib/2 local/zlib/1 " "ls: newest first"
is "$(sed -n 2p "$out")" "$(printf 'local/zlib/3\tsuccess\t2026-11-23T18:03:00.000Z\t3.0s\t2')" "tabs between"
is "$(cut -f 2 "$out" | head -n 1)" error "a build that was killed is an error"
is "$(cd src && mci ls -q | wc -l)" 4 "the same from a folder below; -q gives names"
is "$(mci ls -q --status failure)" local/zlib/2 "--status"
is "$(mci ls -q --status failure --status error | wc -l)" 2 "again"
is "$(mci ls -q --limit 2 | wc -l)" 2 "--limit"
is "$(mci ls -q --since 2026-11-23T18:03:00Z | wc -l)" 2 "--since a time"
is "$(mci ls -q local/zlib | wc -l)" 4 "ORG/REPO"
is "$(cd / && mci ls -aq | wc -l)" 4 "-a: those of all folders"
mkdir ../empty && cd ../empty || exit 1
exits 1 "a folder without builds has none" mci ls -q
is "$(cat "$out")" '' "and nothing is listed"
has "$err" "^mci: there is no build of $PWD; -a lists those of all folders$" "it says so"
cd ../zlib || exit 1
exits 75 "another name is a server's" mci ls no/thing
has "$err" "^mci: no server \('mci up' starts one\)" "and where there is none it says so"
exits 2 "a folder is no ORG/REPO" mci ls ../zlib
exits 2 "nor is -a a choice" mci ls -a local/zlib
is "$(mci ls --json --status failure | jq -r '[.build,.status,.exit,.elapsed,.jobs]|join(" ")')" \
	"local/zlib/2 failure 1 3.02 2" "--json"
exits 1 "nothing found is 1" mci ls --status canceled
exits 2 "an unknown status is a wrong command line" mci ls --status failed
is "$(mci ls -q --since '2026-11-23 18:02:30' | wc -l)" 2 "a local one"
is "$(TZ=EST5 mci ls -q --since '2026-11-23T13:02:30' | wc -l)" 2 "which goes by the zone"
is "$(mci ls -q --since 2026-11-22 | wc -l)" 4 "a day"
is "$(mci ls -q --since 500w | wc -l)" 4 "so many weeks ago"
run mci ls -q --since yesterday
is "$(cat "$err")" '' "--since yesterday"
exits 2 "a time that is none is a wrong command line" mci ls --since soon
has "$err" "--since: 'soon' is no time such as 2h, 1w, yesterday, 2026-11-23" "which says what is one"

# --- show, path ---
run mci show 2
has "$out" "^status	failure$" "show: the build's facts"
has "$out" "^failure	unit	1.2s	exit 2$" "and its jobs"
has "$out" "^skipped	docs		unit failed$" "with reasons"
is "$(mci show --json @failed | jq -r '[.build // .job,.status]|join(" ")')" "local/zlib/4 error
unit running" "--json gives the build, then its jobs"
is "$(mci show --json 2/unit | jq -c '[.job,.exit,.elapsed]')" '["unit",2,1.25]' "one job"
exits 1 "no such job" mci show 2/nothing
is "$(mci path 2)" "$builds/local/zlib/2" "path of a build"
is "$(cat "$(mci path 2/unit)")" words "path of a log"
exits 1 "a job without log has no path" mci path 2/docs
has "$err" "has no log" "and says so"

# --- one word ---
echo words >"$builds/local/zlib/4/logs/unit.log"
is "$(mci path unit)" "$builds/local/zlib/4/logs/unit.log" "one word is a job of the latest build"
like "$(mci show unit)" '^running	unit' "show it"
is "$(mci log unit 2>/dev/null)" words "what it printed"
exits 1 "cancel it" mci cancel unit
has "$err" "local/zlib/. is not running" "which needs one that runs"
mkdir unit
is "$(mci path unit)" "$builds/local/zlib/4/logs/unit.log" "a folder of this name is none"
exits 1 "no job, no build" mci show unti
has "$err" "^mci: the latest build here has no job 'unti', and 'unti' is no build: expected" "are both named"

# --- wait ---
exits 0 "wait: success" mci wait 1
exits 1 "failure" mci wait 2
exits 125 "killed" mci wait 4
has "$err" "was killed before it ended" "and says so"
log success 5 0 | head -n 1 | stored 5
hold 5
exits 124 "--timeout" mci wait --timeout 100ms 5
exits 75 "a running build is not removed" mci rm 5
background mci wait 5
log failure 5 1 | tail -n +2 >>"$builds/local/zlib/5/events.ndjson"
wait_end "$pid"
is "$status" 1 "it ends with the build"
log success 6 0 | head -n 2 | stored 6
hold 6
background mci wait 6
touch go5 go6
wait_end "$pid"
is "$status" 125 "and when the build is killed"
for pid in $holders; do wait_end "$pid"; done
exits 1 "cancel needs a build that runs" mci cancel 5
has "$err" "local/zlib/5 is not running" "and says so"
exits 2 "unblock needs a job" mci unblock 5

# --- rm ---
mkdir -p project/src && cp "$builds/local/zlib/2/events.ndjson" project && echo code >project/src/main.c
exits 1 "rm removes no folder that only holds some events" mci rm project
has "$err" "project is not where builds are kept; --force" "it says so, and the way out"
exits 1 "with --force neither when anything else is in it" mci rm --force project
has "$err" "mci did not make src in it" "which is named"
ok "all of it is there" test -f project/src/main.c -a -f project/events.ndjson
mkdir -p app/logs && echo precious >app/logs/server.log
exits 1 "nor are logs of others removed" mci log rm app
exits 125 "with --force neither" mci log rm --force app
ok "they are there" test -f app/logs/server.log
cp -R "$builds/local/zlib/2" copy
exits 1 "rm -n asks the same" mci rm -n copy
exits 0 "a copy of a build can be removed" mci rm --force copy
ok "it is gone" test ! -e copy
exits 0 "rm -n removes nothing" mci rm -n 6 5
ok "both are there" test -d "$builds/local/zlib/6"
exits 1 "rm removes what it can" mci rm 6 99 5
ok "they are gone" test ! -e "$builds/local/zlib/5" -a ! -e "$builds/local/zlib/6"
is "$(mci ls -q | wc -l)" 4 "the others are not"

mv "$builds" "$builds.away" && echo >"$builds"
for verb in ls 'ls -a' show wait 'log ls'; do
	# shellcheck disable=SC2086 # two words
	exits 125 "$verb: a state folder that cannot be read is no empty one" mci $verb
	has "$err" "$builds.*: Not a directory" "it is named"
done
rm "$builds" && mv "$builds.away" "$builds"

# --- what is not as it should be ---
mkdir gone
for verb in ls 'ls -q' show 'log a' 'rm @' 'config check' 'run -q'; do
	# shellcheck disable=SC2016 # the other shell expands them
	run sh -c 'cd gone && rmdir ../gone && exec timeout 20 mci $1' sh "$verb"
	ok "$verb: a current folder that is no more is no crash" test "$status" -lt 126 -a "$status" -ne 124
	mkdir gone
done
# shellcheck disable=SC2016 # the other shell expands them
exits 125 "ls of a current folder that is no more" sh -c 'cd gone && rmdir ../gone && exec mci ls'
has "$err" "the current folder: No such file" "which is said"

# what is neither file nor folder would hold up for ever whoever reads it
for kind in events.ndjson logs/unit.log logs/unit.idx control; do
	for what in 'mkfifo' 'ln -s /dev/zero'; do
		rm -rf "$builds/local/zlib/98"
		cp -R "$builds/local/zlib/2" "$builds/local/zlib/98"
		rm -f "$builds/local/zlib/98/$kind"
		$what "$builds/local/zlib/98/$kind"
		slow=
		for verb in ls 'show @failed' 'show 98' 'tree 98' 'log 98' 'log 98/unit' 'log ls 98' 'log grep x 98' \
			'log -f 98' 'path 98/unit' 'wait 98' 'cancel 98' 'events replay 98'; do
			# shellcheck disable=SC2086 # words
			run timeout 30 mci $verb
			[ "$status" -lt 124 ] || [ "$status" -eq 125 ] || slow="$slow$verb, "
		done
		is "$slow" "" "$kind made by $what: every reader comes to an end"
	done
done
exits 125 "a log that is a device" sh -c 'rm "$1" && ln -s /dev/zero "$1" && mci log 98/unit' sh \
	"$builds/local/zlib/98/logs/unit.log"
has "$err" 'unit.log: Operation not supported' "is refused by name"
rm -rf "$builds/local/zlib/98"

# --- names of programs ---
mkdir bin && printf '#!/bin/sh\necho hello "$@"\n' >bin/mci-hello && chmod +x bin/mci-hello
is "$(PATH=$PATH:$PWD/bin mci hello a b)" "hello a b" "mci NAME runs mci-NAME"
is "$(PATH=$PATH:$PWD/bin mci -C src hello a)" "hello -C src a" "and hands its options on"
exits 2 "a typo is not run" mci bild
has "$err" "did you mean 'build'" "but answered"
exits 2 "no verb" mci
exits 0 "--help" mci --help
has "$out" '^  tree  ' "lists the verbs"
is "$(mci run --version)" "$(mci-build --version)" "run is mci-build"

finish
