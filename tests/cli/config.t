#!/bin/sh
# Settings: which there are, where they come from, what a project's own file may say, and what is said of a
# wrong one. The tables of the options are what decides: of each it is known whether a project may set it.
. "${0%/*}/lib.sh"
need jq
# it lists what is in the environment, and starts no server
unset MCI_SUPERVISE_LISTEN

mkdir project "$XDG_CONFIG_HOME/mci"
cd project || exit 1
mkdir .mci
echo '[{"id":"a","script":["echo got $TOKEN $HIDDEN"],"params":["HIDDEN"]}]' >.mci/build.json
conf=$PWD/.mci/conf own=$XDG_CONFIG_HOME/mci/conf
settings() {
	mci config "$@" 2>/dev/null
}

# --- what is no file ---
mkfifo .mci/conf
for program in 'mci config' 'mci ls' 'mci-build -q' 'mci-log grep x'; do
	# shellcheck disable=SC2086 # words
	exits 2 "$program: a project's FIFO is no configuration" timeout 20 $program
	has "$err" "$conf: Operation not supported" "it is named, and not waited for"
done
rm .mci/conf && ln -s /dev/null "$own"
exits 0 "one's own may be /dev/null" mci config
rm "$own"

# --- what counts, and from where ---
printf 'build.jobs = 3\nbuild.fail-fast = true\n' >.mci/conf
is "$(MCI_BUILD_FAIL_FAST=false settings)" "$(printf 'build.jobs\t3\t%s\nbuild.fail-fast\tfalse\tenvironment' \
	"$conf:1")" "config says what counts and where it stands"
is "$(MCI_JOB_ID=x settings --json | jq -r '.key+"="+.value' | sort | tr '\n' ' ')" \
	"build.fail-fast=true build.jobs=3 " "--json; a job's own variables are no settings"
printf 'build.param = A=1\nbuild.param = B=2\nbuild.jobs = 1\nbuild.jobs = 2\nlog.dir = /l\nls.limit = 5\n' >.mci/conf
mv .mci/conf "$own"
is "$(settings | cut -f 1,2 | tr '\t\n' '= ')" "build.jobs=2 build.param=A=1 build.param=B=2 log.dir=/l ls.limit=5 " \
	"of a list all lines, of others the last; those of all programs"
echo 'build.param = C=3' >.mci/conf
is "$(settings | grep param)" "$(printf 'build.param\tC=3\t%s' "$conf:1")" "a file below does not add to a list"
rm .mci/conf "$own"
is "$(settings -a | awk -F'\t' '$1 == "build.timeout" || $1 == "build.env"')" \
	"$(printf 'build.env\t\t\tNAME[=VALUE]\tno\nbuild.timeout\t\t\tDURATION\tyes')" \
	"-a: each setting that there is, what it takes, and whether a project may set it"
settings -a --json >"$T/all"
ok "the page's list of what a project may set is that of the tables" sh -c '
	sed -n "/may: the tests/,/^\.El/s/^\.Cm //p" "$1" | sort >"$2/page"
	jq -r "select(.project).key" "$2/all" | sort | diff - "$2/page"' - "$ROOT/man/mci.conf.5" "$T"

# --- what a project may not set ---
# Every one of them, in the project's file, is refused by the program that has it; nothing is done.
refused=$(jq -r 'select(.project | not).key' "$T/all" | grep -E '^(build|job|log|events|ls|show)\.')
for key in $refused; do
	printf '\n%s = 1\n' "$key" >.mci/conf
	case $key in
	log.* | events.*) command="mci-${key%%.*} ls" ;;
	ls.* | show.*) command="mci ${key%%.*}" ;;
	*) command=mci-${key%%.*} ;;
	esac
	$command </dev/null >"$out" 2>"$err"
	status=$?
	grep -qF "$conf:2: a project may not set $key: put it into $own, or give --${key#*.}" "$err" &&
		[ "$status" = 2 ] && [ ! -s "$out" ] || echo "$key ($status)"
done >"$T/taken"
is "$(cat "$T/taken")" '' "what is not harmless is refused from a project's file, with its line and the way out"
ok "among it what passes variables and files, or says where data goes" sh -c '
	for key in build.env build.secret build.param-file build.secret-file build.log-dir build.log build.events \
		build.watch build.plan build.lint build.file build.runner job.env job.log-dir job.runner log.dir \
		log.address events.dir events.mode events.read-only events.build-only events.listen; do
		echo "$1" | grep -qx "$key" || { echo "$key"; exit 1; }
	done' - "$refused"
is "$(ls -A "$XDG_STATE_HOME")" '' "and no build was begun"
echo 'build.env = TOKEN' >.mci/conf
exits 2 "mci config fails" mci config
has "$err" "^mci-build: $conf:1: a project may not set build.env" "and says which line"
exits 2 "a flag does not help over it" mci-build -q -e X=1
mv .mci/conf "$own"
ok "the user's own file may" sh -c 'TOKEN=mine mci-build -q HIDDEN=x && [ "$(mci log @/a)" = "got mine x" ]'
rm "$own"

# Each that it may set does no harm to one who builds.
for key in $(jq -r 'select(.project).key' "$T/all"); do
	case $key in
	*.jobs | *.limit) value=1 ;;
	*.timeout) value=1m ;;
	*.progress) value=plain ;;
	build.blocked) value=skip ;;
	build.skip) value=other ;;
	build.label) value=a=b ;;
	build.param) value=HIDDEN=x ;;
	build.since) value=HEAD ;;
	log.markers) value=github ;;
	*) value=true ;;
	esac
	echo "$key = $value"
done >.mci/conf
exits 0 "all of the others together are right" mci config
is "$(cut -f 3 "$out" | sed "s,$conf:,," | sort -n | tr '\n' ' ')" "$(seq -s ' ' "$(wc -l <.mci/conf)") " \
	"and all come from the project"
rm .mci/conf

# --- what is misspelt ---
cat >"$own" <<'END'
biuld.jobs = 3
build.jbos = 3
build.jobs = many
run.jobs = 3
ls.limt = 3
log.tial = 3
log.tail = 3
build.timeout = 1m
END
exits 2 "a misspelt key fails the check" mci config
sed "s,$own:,," "$err" >"$T/said"
has "$T/said" '^mci: 1: no setting biuld.jobs: there is no program mci-biuld; did you mean build.jobs\?' \
	"a beginning that is no program"
has "$T/said" '^mci-build: 2: no setting build.jbos; did you mean build.jobs\?' "an option that is none"
has "$T/said" "^mci-build: 3: build.jobs: 'many' is not a number" "a value that does not fit"
has "$T/said" "^mci: 4: no setting run.jobs: 'mci run' is mci-build: build.jobs" "a verb that is another program"
has "$T/said" '^mci: 5: no setting ls.limt; did you mean ls.limit\?' "one of mci itself"
has "$T/said" '^mci-log: 6: no setting log.tial; did you mean log.tail\?' "one of a program with verbs"
is "$(wc -l <"$T/said")" 6 "and nothing else is wrong"
is "$(cut -f 1 "$out" | grep -v jobs | tr '\n' ' ')" 'build.timeout log.tail ' "what is right is shown"
for command in mci-build 'mci-log ls' 'mci ls'; do
	exits 2 "$command does nothing with a misspelt key of its own" $command
	has "$err" "$own:[0-9]: no setting" "and names it"
done
exits 0 "it does not disturb other verbs" mci path -h
exits 0 "nor other programs" mci-events diff "$own" -h
MCI_BUILD_JOBS=x run mci config
has "$err" "^mci-build: MCI_BUILD_JOBS: 'x' is not a number" "a variable that does not fit is said too"
echo 'build jobs 3' >"$own"
exits 2 "a line that is none fails" mci config
is "$(grep -c "$own:1: expected 'program.option = value'" "$err")" 1 "and is said once"
rm "$own"

# a value of its kind for the variable of each setting there is, and all are taken
mci config -a | awk -F'\t' '$1 !~ /^config[.]/ {
	name = "MCI_" toupper($1)
	gsub(/[.-]/, "_", name)
	sub(/[|].*/, "", $4)
	print name "=" \
		($4 == "DURATION" || $4 == "TIME" ? "1m" : $4 == "SIZE" ? "64M" : $4 == "BYTES" ? 9999999 : $4 == "N" ? 3 : $4)
}' >variables
# shellcheck disable=SC2046 # words
exits 0 "each setting can be set by its variable" env $(cat variables) mci config
is "$(grep -c 'environment$' "$out")" "$(wc -l <variables)" "and is shown with it"
is "$(cat "$err")" "" "by programs that have nothing to say"

# --- settings and the programs that programs start ---
# A setting is for the one that a person calls: mci-job below mci-build is told what to do.
for setting in MCI_JOB_PROGRESS=plain MCI_JOB_EXPLAIN=true MCI_JOB_RUNNER=nowhere MCI_LOG_JSON=true MCI_LOG_BYTES=9-9; do
	is "$(env "$setting" timeout -k 5 60 mci-build --progress plain HIDDEN=x | grep '|')" 'a | got x' \
		"$setting does not change what a build does"
done
# --watch by whatever way starts builds that do not watch, and hands the other words on as they are
echo '[{"id":"a","script":["echo $P $A >>../ran"],"params":["P","A"]},{"id":"b","script":["echo b >>../ran"]}]' \
	>.mci/build.json
for how in --watch --watch=true MCI_BUILD_WATCH=true build.watch=true; do
	rm -f ../ran
	case $how in
	build.*) set -- mci-build && echo "$how" >"$own" ;;
	MCI_*) set -- env "$how" mci-build ;;
	*) set -- mci-build "$how" ;;
	esac
	background "$@" -q -p P=--watch -p A=-- -- a
	wait_for_line ../ran --
	kill -TERM "$pid"
	wait_end "$pid"
	is "$(cat ../ran)" '--watch --' "$how: a build, with the same words"
done
finish
