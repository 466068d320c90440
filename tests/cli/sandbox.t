#!/bin/sh
# The sandbox as its users meet it: what --explain says, what is told where it cannot be made, and who gets it.
# What jobs do not get is in sandbox-attacks.t, what they get as everywhere in runners.t.
# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
need bwrap jq git

# explain KEYS OPTION...: of a job with these keys
explain() {
	keys=$1
	shift
	jq -nc '{id: "a", script: ["make"]} + '"$keys" | mci-job --explain --sandbox "$@" >"$out" 2>"$err"
}
explain '{}'
has "$out" "^a	writes	$PWD\$" "explain says what would be written"
has "$out" '^a	reads	/usr$' "and read"
has "$out" '^a	network	host$' "and which network there is"
has "$out" '^a	starts	bwrap --unshare-user .* -- /usr/bin/make$' "and what is started"
hasnt "$out" '--setenv (HOME|PATH) ' "but no values of variables"
explain '{network: "none"}'
has "$out" '^a	network	none$' "a job may have none"
has "$out" 'bwrap .*--unshare-net' "and gets a namespace for it"
explain '{}' --network none
has "$out" '^a	network	none$' "which may be the default"
explain '{}' --visible "$HOME"
has "$out" "^a	reads	$HOME\$" "--visible shows more"
explain '{network: "some"}'
has "$err" 'network: expected "none" or "host"' "another network is an error"
mci-job --explain -- true >"$out"
hasnt "$out" 'bwrap' "the host has nothing of it"

echo there >"$HOME/file"
is "$(mci-job --sandbox --visible "$HOME" -- cat "$HOME/file")" there "what --visible names can be read"
exits 1 "and nothing else of a home" mci-job --sandbox -- cat "$HOME/file"
is "$(echo in | mci-job --sandbox -- cat)" in "standard input is passed through"
exits 7 "and the exit status" mci-job --sandbox -- sh -c 'exit 7'
exits 127 "a program that is not there" mci-job --sandbox -- no-such-program
is "$(mci-job --sandbox -- sh -c 'echo x >~/f; cat ~/f; echo $HOME')" "$(printf 'x\n/home/build')" "a home of its own"
exits 1 "a script may not write what is built" mci-job --sandbox --script -- touch file
is "$(mci-job --sandbox --script -- sh -c 'echo "$MCI_JOB_ID"')" '' "and is no job"
jq -nc '{id: "a", script: ["echo x >~/f"]}, {id: "b", script: ["sleep 0; cat ~/f"]}' |
	mci-job -j1 --progress none --log-dir logs --sandbox
is "$(cat logs/b.log)" x "the home is the build's: its jobs share it"
# where the programs lie in /tmp themselves their folder is seen there
kit=$(echo "$MCI_BIN" | cut -d/ -f3)
jq -nc --arg own "^mci-test-|^$kit\$" '("ls -A /tmp | grep -Ev \($own | @sh) || :") as $ls | {id: "open", script: ["chmod 777 /run/mci /tmp; ls -A /tmp /run/mci"]}, {id: "next", script: ["stat -c %a /run/mci /tmp; \($ls); echo x >/tmp/x"]},
	{id: "last", script: ["\($ls); stat -c %a /run/mci"]}' | mci-job -j1 --progress none --log-dir logs --sandbox
is "$(cat logs/next.log logs/last.log | tr '\n' ' ')" '700 1777 700 ' "what one changes of its folders is not so for the next one"
is "$(find "$TMPDIR" -mindepth 1)" '' "nothing of all that is left"

# ---- a copy is shown where the build is
mkdir -p own/.mci
echo '[{"id":"a","workspace":"own","script":["pwd; echo x >made; ls -d made"]}]' >own/.mci/build.json
(cd own && mci-build --json --sandbox >"$out" 2>"$err")
is "$(cat "$XDG_STATE_HOME"/mci/builds/local/own/1/logs/a.log)" "$(printf '%s/own\nmade' "$PWD")" "a copy is seen at the build's own path"
ok "and what is written there stays there" test ! -e own/made

# ---- where it cannot be made
mkdir few
for program in sh true env cat; do ln -s "$(command -v $program)" few; done
run env PATH="$PWD/few" "$MCI_BIN/mci-job" --sandbox -- true
is "$status" 125 "without bwrap nothing is run"
has "$err" 'bwrap is not on the PATH: install bubblewrap, or choose another runner' "and the way out is told"
# where who jobs are gets, too
broken=$(mktemp -d /tmp/mci-broken-XXXXXX)
trap 'rm -rf "$broken"; clean_up' EXIT
chmod 755 "$broken"
printf '#!/bin/sh\necho "bwrap: No permissions to create new namespace" >&2\nexit 1\n' >"$broken/bwrap"
chmod 755 "$broken/bwrap"
run env PATH="$broken:$PATH" mci-job --sandbox -- touch escaped
is "$status,$(ls escaped 2>/dev/null)" 125, "where namespaces are forbidden nothing is run"
has "$err" 'No permissions to create new namespace' "what bwrap says is shown"
has "$err" 'user namespaces.*choose another runner' "and the way out"
mkdir .mci
echo '[{"id":"a","script":["true"]}]' >.mci/build.json
run env PATH="$broken:$PATH" mci-build --json --sandbox
is "$status,$(jq -r 'select(.type == "job/end") | .status + " " + .reason' "$out")" '125,error start' \
	"a build says that its jobs could not be run"

# ---- sockets: each job and the script have their own, by which it is known who asks
cat >.mci/build <<'END'
#!/bin/sh
try() {
	if answer=$("$@" 2>&1); then echo "$1 $2 $3: done${answer:+ $answer}"; else echo "$1 $2 $3: $answer"; fi >&2
}
echo '{"id":"a","secrets":["KEY"],"script":["read x <wait","mci call output/set job=b name=X value=1 || :","MCI_JOB_ID=b mci artifact save x made || :","mci post note/said job=b || :","mci post note/said job=a","mci artifact save mine made"]}'
try mci param get WORD
try mci param get KEY
try mci call output/set job=a name=X value=1
try mci artifact save x .mci
try mci cache save k .mci
try mci call cache/restore key=k dir="$PWD"
try mci call workspace/restore dir="$PWD"
try mci add more -- true
try mci post note/scripted count:=1
mci jobs | grep -qw a && echo jobs >&2
END
chmod +x .mci/build
rm .mci/build.json
mkfifo wait
(exec 3<>./wait; echo >&3; echo >made; KEY=s3cr3t-key timeout 60 mci-build --json --sandbox -p WORD=word --secret KEY >"$out" 2>"$err")
folder=$(jq -r 'select(.type == "build/start").folder' "$out")
is "$(jq -r 'select(.type == "build/end").status' "$out")" success "script and jobs have what is theirs"
is "$(cat "$folder/script.log")" "$(cat <<-'END'
	mci param get: done word
	mci param get: mci: KEY is a secret: a job that the script writes may name it, the script has none
	mci call output/set: mci: output/set is for jobs: the script only reads what is built
	mci artifact save: mci: artifact/save is for jobs: the script only reads what is built
	mci cache save: mci: cache/save is for jobs: the script only reads what is built
	mci call cache/restore: mci: cache/restore is for jobs: the script only reads what is built
	mci call workspace/restore: mci: workspace/restore is for jobs: the script only reads what is built
	mci add more: done more
	mci post note/scripted: done
	jobs
END
)" "the script's own socket gives it params and jobs, no secrets, and nothing that writes what is built"
is "$(grep -c "job: it is 'a' that .* here, not 'b'" "$folder/logs/a.log")" 3 "a job speaks for no other"
is "$(jq -r 'select(.type == "note/said").job' "$out")" a "and for itself"
is "$(jq -r 'select(.type == "artifact/saved") | .job + " " + .artifact' "$out")" "a mine" "whose its artifacts are is known"
rm wait made

# ---- builds of strangers
printf '#!/bin/sh\ncat "${0%%/*}/specs"\n' >.mci/build
git init -q . && git add .mci && git -c user.name=x -c user.email=x@x commit -qm x
# order KEYS: what a server would order
order() {
	rm -rf "$T/order" && mkdir "$T/order"
	jq -nc '{version: 1, source: "server", build: "acme/x/1", run: 1, trust: "stranger", dir: "'"$PWD"'", folder: "'"$T/order"'",
		events: "unix:'"$T"'/none"} + '"$1" >"$T/line"
	mkfifo "$T/pipe" 2>/dev/null
	(exec 3<>"$T/pipe"; cat "$T/line" >&3; timeout 20 mci-build --order fd:3 >"$out" 2>"$err")
	status=$?
}
echo '{"id":"a","script":["true"]}' >.mci/specs
order '{}'
is "$status" 125 "a build of a stranger is not run where nothing isolates it"
has "$err" "stranger's: it runs only where a runner isolates it" "which is told"
order '{runner: "host"}'
is "$status" 125 "nor on the host"
has "$err" "host does not" "which is told, too"
printf '#!/bin/sh\nexit 1\n' >few/mci-runner-vm
chmod +x few/mci-runner-vm
PATH="$PWD/few:$PATH" && export PATH
order '{runner: "vm"}'
has "$err" "stranger's.*vm does not" "nor by a program that does not say that it isolates"
finish
