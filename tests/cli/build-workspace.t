#!/bin/sh
# Where a build runs: in place, a revision, the index; what has changed; building again on changes.
. "${0%/*}/lib.sh"

need git jq
git init -q . && git config user.email t@example.org && git config user.name t
mkdir .mci src docs
printf '[{"id":"show","script":["cat src/f; git rev-parse --is-inside-work-tree"]},{"id":"docs","script":["true"],"when":{"path":"docs/**"}},{"id":"main","script":["true"],"when":{"branch":"main"}},{"id":"rel","script":["true"],"when":{"tag":"v*"}}]' >.mci/build.json
echo one >src/f
git checkout -q -b main && git add . && git commit -qm one
echo two >src/f && git commit -qam two
echo staged >src/f && git add src/f
echo edited >src/f

shown() {
	head -n 1 "$(jq -r 'select(.type=="build/start").folder' "$out")/logs/show.log"
}
end() {
	jq -r --arg j "$1" 'select(.type=="job/end" and .job==$j) | .status' "$out"
}
exits 0 "in place" timeout 30 mci-build --json
is "$(shown)" edited "sees what is there"
is "$(end docs),$(end main),$(end rel)" success,success,skipped "no base: everything counts as changed; branch and tag hold"
exits 0 "--rev" timeout 30 mci-build --json --rev HEAD~1
is "$(shown)" one "builds that revision"
exits 0 "--staged" timeout 30 mci-build --json --staged
is "$(shown)" staged "builds the index"
is "$(cat src/f)" edited "and leaves the work tree alone"
ok "no checkout is left" sh -c '! ls -d "$XDG_STATE_HOME"/mci/builds/local/*/*/work 2>/dev/null'
exits 125 "a revision that is not there" timeout 30 mci-build -q --rev nope
has "$err" "no such revision" "is named"
exits 0 "--since" timeout 30 mci-build --json --since HEAD
is "$(end docs)" skipped "nothing changed in docs"
echo x >docs/new
exits 0 "--since sees new files" timeout 30 mci-build --json --since HEAD
is "$(end docs)" success "that git does not know yet"
exits 125 "--since needs a revision" timeout 30 mci-build -q --since nope
git tag v1
exits 0 "on a tag" timeout 30 mci-build --json --rev HEAD
is "$(end rel)" success "when: tag holds"

# artifacts and caches of jobs
mkdir places && cd places || exit 1
cat >places.jobs <<'END'
{"id":"a","script":["echo made >out"],"save-artifacts":[{"id":"x","path":"out"},{"id":"y","path":"nowhere"}],"caches":[{"id":"c","path":"~/.cache"}]}
{"id":"b","script":["cat out"],"restore-artifacts":[{"id":"x","path":"out"}],"depends-on":["a"]}
END
exits 0 "artifacts and caches" timeout 30 mci-build -q - <places.jobs
is "$(cat "$err")" "mci-build: caches and artifacts are left alone: nothing is saved, restored or looked for" \
	"are left alone, which is said once"
is "$(mci log @/b)" made "and found in the folder"
for place in '{"id":"x"}' '{"path":"x"}' '{"id":"x","path":1}' '"x"'; do
	exits 125 "a place that is none: $place" sh -c 'printf "{\"id\":\"a\",\"script\":\"true\",\"save-artifacts\":[%s]}\n" "$1" | mci-build -q -' - "$place"
	has "$err" 'save-artifacts\[0\]' "is named"
done
cd ..

# --watch
printf '[{"id":"w","script":["cat src/f >>seen"]}]' >.mci/build.json
echo seen >.gitignore
background mci-build --watch -q
wait_for_line seen edited
echo again >src/f
wait_for_line seen again
printf '[{"id":"w","script":["echo start >>seen; sleep 3561; echo end >>seen"]}]' >.mci/build.json
wait_for_line seen start
echo '[{"id":"w","script":["echo after >>seen"]}]' >.mci/build.json
wait_for_line seen after
ok "the old build was canceled" sh -c '! pgrep -f "[s]leep 3561" && ! grep -q end seen'
kill -TERM "$pid"
wait_end "$pid"
is "$status" 143 "TERM ends the watch"

# many folders and files cost git no process each
mkdir -p "$T/bin" $(seq -f many/d%g/x 200)
printf '#!/bin/sh\necho x >>%s\nPATH=%s exec git "$@"\n' "$T/gits" "'$PATH'" >"$T/bin/git" && chmod +x "$T/bin/git"
echo '[{"id":"w","script":["ls many/new | wc -l >>seen"]}]' >.mci/build.json
: >seen
PATH=$T/bin:$PATH
background mci-build --watch -q
wait_for_line seen 0
mkdir many/new && (cd many/new && seq 2000 | xargs touch && echo x >last)
wait_for_line seen 2001
ok "a thousand folders and files need a few processes of git" [ "$(wc -l <"$T/gits")" -lt 10 ]
ln -s nowhere many/new/link
wait_for_line seen 2002
ok "a link is seen" true
git init -q many/inner && echo ignored >many/inner/.gitignore
kill -TERM "$pid"
wait_end "$pid"
: >seen
background mci-build --watch -q
wait_for_line seen 2002
echo x >many/inner/ignored && echo x >many/new/more
wait_for_line seen 2003
is "$(grep -c 2002 seen)" 1 "what a repository inside ignores is ignored"
kill -TERM "$pid"
wait_end "$pid"

# what the build writes
echo '[{"id":"w","script":["echo run >>seen; date +%N >report"]}]' >.mci/build.json
: >seen
background mci-build --watch -q
wait_for_line "$err" 'report changed during each of 3 builds'
echo x >src/f
four() {
	[ "$(grep -c run seen)" -ge 4 ]
}
wait_until "a change by hand is seen" four
ok "a build that writes into its project starts itself three times and says so" [ "$(grep -c run seen)" -le 5 ]
kill -TERM "$pid"
wait_end "$pid"

# the limits of inotify
if strace -o /dev/null true 2>/dev/null; then
	: >seen
	echo '[{"id":"w","script":["cat src/f >>seen"]}]' >.mci/build.json
	background strace -f -o /dev/null -e trace=inotify_init1 -e inject=inotify_init1:error=EMFILE \
		mci-build --watch -q
	wait_for_line seen x
	has "$err" 'the limit fs.inotify.max_user_instances is reached' "a limit of inotify is said"
	echo polled >src/f
	wait_for_line seen polled
	ok "and changes are seen all the same" true
	pkill -TERM -P "$pid" -x mci-build
	wait_end "$pid"
else
	skip 2 "strace may not trace here"
fi

# names of builds
exits 0 "@ is the latest" mci path @
is "$(mci show --json | jq -r 'select(.build and (.job|not)).status')" success "mci show"
finish
