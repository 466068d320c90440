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

# names of builds
exits 0 "@ is the latest" mci path @
is "$(mci show --json | jq -r 'select(.build and (.job|not)).status')" success "mci show"
finish
