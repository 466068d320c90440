#!/bin/sh
# Files that outlive their jobs: artifacts and caches of a clean checkout, by spec and by hand.
. "${0%/*}/lib.sh"
need git jq mci-blob

git init -q repo && cd repo || exit 1
git config user.name a && git config user.email a@b
commit() {
	git add -A && git commit -qm more
}
# of HEAD; the events are in $out
build() {
	run timeout 60 mci-build --json --rev HEAD
}
# ends JOB: status and reason
ends() {
	jq -r --arg j "$1" 'select(.type=="job/end" and .job==$j) | .status + " " + (.reason // "") + (if .error then ": " + .error else "" end)' "$out"
}

mkdir .mci
cat >.mci/build.yaml <<'JOBS'
- id: compile
  script:
    - mkdir -p build/out && echo app >build/out/app && ln -s app build/out/link && echo junk >build/out/x.o
    - test -e vendor/dep && echo cached || { mkdir -p vendor && echo dep >vendor/dep; }
  save-artifacts: [{id: app, path: build/out, exclude: "*.o"}]
  caches: [{id: vendor, path: vendor, key: "v-{{ hash lock }}-{{ branch }}", fallback: v-}]
- id: same
  depends-on: [compile]
  script: [ls build/out, "test -L build/out/link"]
  restore-artifacts: [{id: app}]
- id: own
  depends-on: [compile]
  workspace: own
  script: ["test ! -e build/out/app", cat lib/out/app elsewhere/out/app, "ls elsewhere/out"]
  restore-artifacts: [{id: app, path: lib/out}, {id: app, path: elsewhere/out, job: compile}]
- id: into
  depends-on: [same]
  workspace: own
  script: [cat dist/out/app]
  restore-artifacts: [{id: app, path: dist}]
JOBS
echo 1 >lock
commit
build
is "$status" 0 "artifacts go from job to job"
is "$(jq -r 'select(.type=="artifact/saved") | .job + " " + .artifact + " " + (.name | sub("^artifact/local/repo[^/]*/"; ""))' "$out")" \
	"compile app 1/compile/app" "what is saved is an event"
is "$(jq -r 'select(.type=="artifact/restored") | .job + " " + .from' "$out" | sort -u)" "into compile
own compile
same compile" "and what is restored"
is "$(mci log @/own)" "app
app
app
link" "an artifact comes back to another place, without what was excluded"
is "$(mci log @/into)" app "or into a folder"
is "$(jq -c 'select(.type=="cache/restored" or .type=="cache/saved") | [.type, .hit]' "$out")" '["cache/restored",false]
["cache/saved",null]' "a cache that is not there is no error"
is "$(jq -r 'select(.type=="artifact/saved" or .type=="cache/saved" or .type=="job/executed" or .type=="job/end") | select(.job=="compile").type' "$out" | tr '\n' ' ')" \
	"job/executed artifact/saved cache/saved job/end " "files are kept between job/executed and job/end"

build
is "$(mci log @/compile)" cached "the next build has the cache"
is "$(jq -c 'select(.type=="cache/restored").hit' "$out")" true "by its key"
echo 2 >lock
commit
build
is "$(jq -c 'select(.type=="cache/restored") | [.hit, (.name | test("/v-"))]' "$out")" '[false,true]' \
	"else the newest that begins as its fallback"
is "$(mci log @/compile)" cached "comes back"

# by hand
is "$(mci artifact ls @ | cut -f 1,2)" "compile	app" "a build's artifacts are listed"
is "$(mci artifact ls @/compile --json | jq -r '.name | sub(".*/repo[^/]*/"; "")')" 3/compile/app "and as JSON"
mkdir ../fetched && here=$(git rev-parse --show-toplevel)
name=$(mci ls -q | head -n 1)
(cd ../fetched && mci artifact get "$name/compile" app)
is "$(cat ../fetched/out/app)" app "one is fetched into the current folder"
tar=true
mci-blob get --help | grep -q -- --tar || tar=false
if $tar; then
	is "$(mci artifact get @/compile app --tar -o - | tar tf - | grep -c 'out/app$')" 1 "or as an archive, in a pipe"
else
	skip 1 "mci-blob makes no archives"
fi
exits 1 "one that is not there" mci artifact get @/compile other
has "$err" "has no artifact other" "is named"
cd "$here" || exit 1

cat >.mci/build.yaml <<JOBS
- id: hand
  script:
    - mkdir d && echo one >x && echo two >d/y
    - mci artifact save both x d
    - mci artifact save single x
    - mci cache restore key || echo "exit \$?"
    - mci cache save key-1 d
- id: take
  depends-on: [hand]
  workspace: own
  script:
    - mci artifact get both && cat x d/y
    - mci artifact get single -o -
    - if $tar; then mci artifact get both --tar | tar tf - | grep -c d/y; else echo 1; fi
    - mci artifact ls | cut -f 1,2
    - rm -r d && mci cache restore nothing --fallback key && cat d/y
    - mci cache ls | cut -f 1 | grep key
    - (cd / && mci artifact save outside etc/hostname) || echo "exit \$?"
    - mci artifact get none || echo "exit \$?"
JOBS
commit
build
is "$status" 0 "artifacts and caches by hand"
like "$(mci log @/hand)" '^exit 1$' "a cache that is not there is 1"
is "$(mci log @/take | grep -v '^mci:')" "one
two
one
1
hand	both
hand	single
two
key-1
exit 2
exit 1" "in a job"
like "$(mci log @/take)" "mci: dir: / is not in what the job works in" "a job keeps what is its own, and nothing else"
is "$(jq -r 'select(.type=="artifact/saved").artifact' "$out" | tr '\n' ' ')" "both single " "and it is an event as well"

# what is built, for those who run elsewhere
cat >.mci/build.yaml <<'JOBS'
- {id: early, script: ['mci call workspace/restore dir="$PWD" || echo "exit $?"']}
- {id: send, depends-on: [early], script: [mci call workspace/save, mci call workspace/save]}
- {id: away, depends-on: [send], script: ['mkdir -p there && mci call workspace/restore dir="$PWD/there" job=away >/dev/null && ls there']}
JOBS
commit
build
is "$(mci log @/early | tail -n 1)" "exit 1" "a workspace that nobody saved is not there"
is "$(mci log @/send | jq -r .name | uniq -c | sed 's/ *2 workspace.*/twice the same/')" "twice the same" "it is saved once"
is "$(mci log @/away | tr '\n' ' ')" "lock " "and comes back elsewhere"
is "$(jq -r 'select(.type | startswith("workspace/")).type' "$out" | tr '\n' ' ')" "workspace/saved workspace/restored " "which are events"

# what does not work
cat >.mci/build.yaml <<'JOBS'
- {id: lost, script: ["true"], save-artifacts: [{id: x, path: nowhere}]}
- {id: unknown, script: ["true"], restore-artifacts: [{id: y}]}
- {id: may, script: ["true"], restore-artifacts: [{id: y, optional: true}]}
- {id: behind, depends-on: [lost], script: ["true"]}
- {id: bad, script: ["echo log >log; exit 3"], save-artifacts: [{id: log, path: log, when: always}, {id: no, path: log}]}
- {id: uncached, script: ["true"], caches: [{id: c, path: nowhere}]}
JOBS
commit
build
like "$(ends lost)" "^error artifact: artifact x: .*nowhere" "an artifact that cannot be kept is an error of the job"
is "$(ends behind)" "skipped lost did not succeed" "and nothing runs behind it"
is "$(ends unknown)" "error artifact: artifact y: no job before this one saves it" "so is one that nobody saves"
is "$(ends may)" "success exit" "unless it is optional"
is "$(ends bad)" "failure exit" "when: always keeps what a failure left"
is "$(mci artifact ls @ | cut -f 1,2)" "bad	log" "and nothing else does"
is "$(ends uncached)" "success exit" "a cache that cannot be kept is no failure"
has "$err" "uncached: cache c: .*nowhere" "and said"

# what is wrong is said before anything runs
for wrong in 'save-artifacts: [{id: x}]' 'save-artifacts: [{id: x, path: ../y}]' 'save-artifacts: [{id: x, path: /y}]' \
	'save-artifacts: [{id: a/b, path: y}]' 'save-artifacts: [{id: x, path: y}, {id: x, path: z}]' \
	'restore-artifacts: [{id: x, pth: y}]' 'caches: [{id: c, path: p, key: "{{ nope }}"}]' \
	'caches: [{id: c, path: p, key: "{{ hash x"}]'; do
	printf -- '- {id: a, script: ["true"], %s}\n' "$wrong" >.mci/build.yaml
	exits 125 "wrong: $wrong" mci-build -q
	has "$err" "${wrong%%:*}" "is named"
done

# a path that leads out while files come back
cat >.mci/build.yaml <<'JOBS'
- {id: make, script: ["mkdir -p out a/b && echo x >out/f && echo x >a/b/f"], save-artifacts: [{id: o, path: out}, {id: f, path: a/b/f}]}
- {id: trap, depends-on: [make], script: ["rm -rf out a && ln -s $HOME out && ln -s $HOME a"]}
- {id: fall, depends-on: [trap], script: ["true"], restore-artifacts: [{id: o}]}
- {id: deep, depends-on: [trap], script: ["true"], restore-artifacts: [{id: f}]}
- {id: take, depends-on: [trap], script: ["true"], save-artifacts: [{id: t, path: a/private}]}
JOBS
commit
mkdir "$HOME/b" && echo private >"$HOME/private"
build
is "$(ends deep | cut -c 1-23) $(ends take | cut -c 1-23)" "error artifact: artifac error artifact: artifac" \
	"a folder that a job has made a link is not gone through"
is "$(mci-blob ls --json artifact/ | jq -r .name | grep -c /t$)" 0 "and nothing is taken from behind it"
ok "nothing comes back to where a link in the workspace leads" test ! -e "$HOME/f" -a ! -e "$HOME/b/f"
finish
