#!/bin/sh
# A job puts its secret wherever something can be put: each row is a place, and what a job does to have it there.
# Then it is looked for in all that a build leaves, tells and starts.
# shellcheck disable=SC2016,SC2119
. "${0%/*}/lib.sh"
need jq python3 nc git curl

# one that may be a name of anything
value=s3cr3t_value_of_42

# What is started is written down: a command line can be seen by others while it runs. Who jobs are in a sandbox
# gets there, too.
kit=$(mktemp -d /tmp/mci-kit-XXXXXX) || exit 1
trap 'rm -rf "$kit"; clean_up' EXIT
chmod 755 "$kit"
wrap() {
	# behind -- of bwrap is the job's own command line
	printf '#!/bin/sh\nfor word in "$0" "$@"; do\n\t[ "${0##*/}:$word" != bwrap:-- ] || break\n\techo "$word"\ndone >>%s/started\nexec %s "$@"\n' \
		"$kit" "$2" >"$kit/$1"
	chmod 755 "$kit/$1"
}
cp "$MCI_BIN"/mci* "$kit"
for program in mci-blob mci-blob-hash mci-job; do
	mv "$kit/$program" "$kit/$program-itself"
	wrap "$program" "$kit/$program-itself"
done
! command -v bwrap >/dev/null || wrap bwrap "$(command -v bwrap)"
PATH=$kit:$PATH

# PLACE<tab>SCRIPT, in which $S is the secret; a job each
rows() {
	cat <<-'ROWS'
		output	echo "$S"; echo "<$S>" >&2; printf 'x%s' "$S" | base64; printf 'xy%s' "$S" | base64
		one-byte	printf %s "$S" | python3 -c 'import os, sys; [os.write(1, bytes([c])) for c in sys.stdin.buffer.read()]'; echo
		title	printf '\033]0;%s\007\033]8;;http://h/%s\033\\link\033]8;;\033\\\n' "$S" "$S"
		colour	printf '%s\033[1m%s\033[0m\n' "${S%????}" "${S#${S%????}}"
		note	echo "{\"warning\":\"$S\",\"$S\":1}" >$MCI_NOTES; echo "$S" >$MCI_NOTES
		group	echo "{\"section\":\"$S\"}" >$MCI_NOTES; echo "{\"section\":\"$S\",\"end\":true}" >$MCI_NOTES
		test	echo "{\"test\":\"$S\",\"status\":\"failure\",\"message\":\"$S\",\"file\":\"$S.c\"}" >$MCI_NOTES
		metric	echo "{\"metric\":\"$S\",\"value\":1,\"unit\":\"$S\"}" >$MCI_NOTES
		summary	echo "{\"summary\":\"# $S\"}" >$MCI_NOTES
		output-value	echo "A=$S" >>$MCI_OUTPUT; mci output set B="$S"
		output-name	echo "$S=1" >>$MCI_OUTPUT
		output-name-by-call	mci output set "$S=1"
		output-unreadable	echo "$S" >>$MCI_OUTPUT
		event	mci post note/said text="$S" "$S=1" nested:="{\"$S\":[\"$S\"]}"
		event-type	mci post "note/$S"
		event-by-nc	echo "{\"type\":\"note/$S\",\"job\":\"$S\"}" | nc -NU $MCI_BUILD
		artifact	echo x >f; mci artifact save "$S" f
		artifact-path	echo x >"$S"; mci artifact save path "$S"
		artifact-file	mkdir -p files/in; echo x >"files/in/$S"; mci artifact save file files
		artifact-link	mkdir -p links; ln -sfn "/nowhere/$S" links/l; mci artifact save link links
		artifact-exclude	mkdir -p some; mci artifact save exclude some --exclude "$S"
		artifact-missing	mci artifact save missing "no/$S"; mci artifact restore "$S"; mci artifact get "$S" -o f; mci artifact ls "$S"
		cache	echo x >f; mci cache save "$S" f; mci cache restore "$S" "x-$S"
		cache-file	mkdir -p files/in; echo x >"files/in/$S"; mci cache save file files
		job	mci add "$S" -- true
		job-argv	mci add argv -- echo "$S"
		job-program	mci add program -- "/nowhere/$S"
		job-spec	mci call job/add "spec:={\"id\":\"spec\",\"script\":[{\"name\":\"$S\",\"run\":\"echo $S; : $S\"}],\"env\":{\"E\":\"$S\"},\"finally\":\": $S\"}"
		job-name	mci call job/add "spec:={\"id\":\"named\",\"name\":\"$S\",\"script\":\"true\"}"
		job-dir	mci call job/add "spec:={\"id\":\"dir\",\"dir\":\"no/$S\",\"script\":\"true\"}"
		job-needs	mci call job/add "spec:={\"id\":\"needs\",\"depends-on\":[\"$S\"],\"script\":\"true\"}"
		job-artifact	mci call job/add "spec:={\"id\":\"keeps\",\"save-artifacts\":[{\"id\":\"$S\",\"path\":\"f\"}],\"script\":\"true\"}"
		job-path	mci call job/add "spec:={\"id\":\"paths\",\"save-artifacts\":[{\"id\":\"p\",\"path\":\"$S\"}],\"script\":\"true\"}"
		job-cache	mci call job/add "spec:={\"id\":\"caches\",\"caches\":[{\"id\":\"c\",\"key\":\"$S\",\"path\":\"f\"}],\"script\":\"true\"}"
		job-matrix	mci call job/add "spec:={\"id\":\"matrix\",\"matrix\":{\"V\":[\"$S\"]},\"script\":\"true\"}"
		job-inputs	echo x >"$S"; mci call job/add "spec:={\"id\":\"inputs\",\"inputs\":[\"s3cr3t*\"],\"script\":\"true\"}"
		job-image	mci call job/add "spec:={\"id\":\"image\",\"runner\":\"podman\",\"image\":\"localhost/$S\",\"script\":\"true\"}"
		job-runner	mci call job/add "spec:={\"id\":\"runner\",\"runner\":\"$S\",\"script\":\"true\"}"
		job-when	mci call job/add "spec:={\"id\":\"when\",\"when\":{\"branch\":\"$S\"},\"script\":\"true\"}"
		job-wrong	mci call job/add "spec:={\"id\":\"wrong\",\"$S\":1,\"script\":\"$S\"}"; mci call job/add "spec:={\"id\":\"wrong\",\"timeout\":\"$S\",\"script\":\"true\"}"
		job-secrets	mci call job/add "spec:={\"id\":\"others\",\"secrets\":[\"$S\"],\"script\":\"true\"}"
		call	mci call "no/$S"; mci call param/get name="$S"; mci call output/get job="$S"
	ROWS
}
rows | jq -Rc 'split("\t") | {id: .[0], secrets: [{name: "S", from: "TOKEN"}], "allow-failure": true, script: [.[1]]}' >specs
# and what its spec has mci keep of its files, where that is done
spec_rows() {
	jq -nc '{id: "kept", "save-artifacts": [{id: "plain", path: "made"}], script: ["mkdir made; echo x >made/a"]},
		{id: "kept-file", "save-artifacts": [{id: "file", path: "made"}], script: ["mkdir made; echo x >made/$S"]},
		{id: "kept-link", "save-artifacts": [{id: "link", path: "made"}], script: ["mkdir made; ln -s /nowhere/$S made/l"]},
		{id: "kept-glob", "save-artifacts": [{id: "glob", path: "s3cr3t*"}], script: ["echo x >$S"]},
		{id: "kept-cache", caches: [{id: "c", key: "k-{{ hash f }}", path: "made"}], script: ["mkdir made; echo x >made/$S; echo y >f"]},
		{id: "kept-none", "save-artifacts": [{id: "none", path: "made/none"}], script: ["mkdir made; echo x >made/$S"]} |
		. + {workspace: "own", secrets: [{name: "S", from: "TOKEN"}], "allow-failure": true}'
}
mkdir project
mv specs project
cd project || exit 1

# found WHAT FILE...: in which of them it is, in one of its forms
printf '%s\n' "$value" "$(printf %s "$value" | base64 | cut -c4-20)" "$(printf 'x%s' "$value" | base64 | cut -c4-20)" >"$T/patterns"
found() {
	grep -rlaF -f "$T/patterns" "$@" 2>/dev/null | sed "s|^$T/||"
}
build() {
	rm -rf "$XDG_STATE_HOME" && mkdir "$XDG_STATE_HOME"
	: >"$kit/started" && chmod 666 "$kit/started"
	TOKEN=$value run timeout 120 mci-build --json --secret TOKEN "$@"
	name=$(jq -r 'select(.type == "build/start").build' "$out")
	folder=$(jq -r 'select(.type == "build/start").folder' "$out")
	# what looks at it later
	for command in 'show @' 'tree' 'log @' 'log --merge @' 'why @' 'artifact ls' 'ls' 'show --json @' 'path @'; do
		# shellcheck disable=SC2086
		timeout 20 mci $command </dev/null
	done >"$T/shown" 2>&1
	{
		mci-blob-itself ls
		mci-blob-itself ls --json
		for kept in $(mci-blob-itself ls | cut -f1); do
			mci-blob-itself get --tar "$kept" | tar -tvf -
		done
	} >>"$T/shown" 2>&1
}
told() {
	is "$(jq -r 'select(.type == "build/end").exit' "$out")" "$status" "a build whose jobs try to tell their secret runs to its end ($1)"
	is "$(jq -r 'select(.type == "job/executed").job' "$out" | sort | comm -23 "$T/tried" -)" '' "all of them are tried ($1)"
	is "$(found "$out" "$err")" '' "no event and no message tells it ($1)"
	is "$(found "$folder")" '' "nor the log store, the plan and whatever is in the build's folder ($1)"
	is "$(found "$XDG_STATE_HOME")" '' "nor the store of files, with its names and what is known of files ($1)"
	is "$(found "$XDG_RUNTIME_DIR" "$TMPDIR")" '' "nor what is left elsewhere ($1)"
	is "$(find "$XDG_STATE_HOME" "$XDG_RUNTIME_DIR" "$TMPDIR" -name "*$value*")" '' "no file of theirs is called so ($1)"
	is "$(found "$kit/started")" '' "no program of mci is started with it ($1)"
	is "$(found "$T/shown")" '' "no command shows it ($1)"
	is "$(jq -r 'select(.type == "job/end").job' "$out" | grep -c .)" "$(grep -c '"type":"job/pending"' "$out")" "and every job has its end ($1)"
}
rows | cut -f1 | sort >"$T/tried"
build --runner host -j4 - <specs
told host
has "$folder/logs/artifact.log" 'a secret stands in a name' 'a name with a secret is refused'
has "$folder/logs/artifact-file.log" 'files/in/\*\*\*: a secret stands in its name' 'and that of a file'
if command -v bwrap >/dev/null && timeout 20 mci-job --sandbox -- true 2>/dev/null; then
	build --sandbox -j4 - <specs
	told sandbox
else
	skip 10 'no sandbox here'
fi
spec_rows >kept
jq -r .id kept | sort >"$T/tried"
git init -q . && git add kept && git -c user.name=x -c user.email=x@x commit -qm x
build --runner host --rev HEAD -j4 - <kept
told kept
has "$err" '\*\*\*' 'what is not kept is told'
is "$(jq -r 'select(.type == "artifact/saved").job' "$out")" kept 'and kept is what has no secret in its names'

# ---- on a server: what a third party can ask it, and what its disk has
cd ..
rm -rf project state && mkdir project state
# shellcheck source=tests/cli/server-lib.sh
. "$ROOT/tests/cli/server-lib.sh"
export MCI_API_RATE=0
up && agent --runner host || exit 1
{ rows | jq -Rc 'split("\t") | {id: .[0], secrets: [{name: "S", from: "TOKEN"}], "allow-failure": true, script: [.[1]]}'; spec_rows; } | project sinks
echo "$value" | mci param put acme/TOKEN
run timeout 120 mci trigger --wait acme/sinks
is "$(mci call -a "$api" build/get build=acme/sinks/1 | jq -r '.status | select(. == "success" or . == "error")' | wc -l)" 1 'a build on a server ends'
is "$(found "$T/data" "$T/agent" "$T/server.out" "$T/server.err" "$T/agent.out" "$T/agent.err" "$out" "$err")" '' \
	'nothing on the disk of a server tells the secret, in events, logs, database and files'
is "$(find "$T/data" "$T/agent" "$T/run" "$T/state" -name "*$value*" ! -path '*/src/*')" '' 'and no file is called so'
ADMIN=$(mci token create --scope admin --name admin)
jobs=$(mci call -a "$api" job/list build=acme/sinks/1 | jq -r '.jobs[].job')
is "$(echo "$jobs" | grep -c .)" "$(echo "$jobs" | sort -u | wc -l)" 'its jobs are known'
mci-api routes | awk '$1 == "GET" { print $2 }' | sed 's|{org}|acme|; s|{repo}|sinks|; s|{number}|1|; s|{param}|TOKEN|; s|{page}|builds|' |
	grep -v '^/api/v1/events$\|{tag}' | while read -r route; do
	case $route in
	*"{job}"*) for job in $jobs; do echo "$route" | sed "s|{job}|$job|"; done ;;
	*) echo "$route" ;;
	esac
done >"$T/routes"
sed "s|.*|url = \"http://mci&\"|" "$T/routes" >"$T/curl"
curl -s --unix-socket "${MCI_SUPERVISE_LISTEN#unix:}" -H "Authorization: Bearer $ADMIN" -K "$T/curl" >"$T/answers"
is "$(grep -c . "$T/answers" | awk '{ print ($1 > 100) }')" 1 'it answers'
is "$(found "$T/answers")" '' 'no answer tells it'
kill "$agent"
wait_end "$agent"
down
finish
