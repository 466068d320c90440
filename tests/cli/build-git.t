#!/bin/sh
# What is built is what is asked about: conditions, checkouts and --watch with what git can bring up: several
# tags, moves, hooks, worktrees, submodules, shallow and bare repositories; a git that fails is said.
. "${0%/*}/lib.sh"
need git jq

cat >"$HOME/.gitconfig" <<'END'
[user]
	name = t
	email = t@example.org
[init]
	defaultBranch = main
[protocol "file"]
	allow = always
END
# ends: "JOB=STATUS ..." of the last build
ends() {
	jq -r 'select(.type == "job/end") | .job + "=" + .status' "$out" | sort | tr '\n' ' '
}
# builds EXPECTED TEXT [OPTION...]: builds .mci and compares
builds() {
	expected=$1 text=$2
	shift 2
	run timeout 60 mci-build --json "$@"
	is "$(ends)" "$expected" "$text"
}
repository() {
	cd "$T/work" && git init -q "$1" && cd "$1" && mkdir .mci src doc || exit
	echo 1 >src/f
	echo 1 >doc/f
	cat >.mci/build.yaml
	git add . && git commit -qm one
}

# --- tags
repository tags <<'END'
- {id: any, script: "true", when: {tag: true}}
- {id: rc, script: "true", when: {tag: "v*-rc*"}}
- {id: rel, script: "true", when: {tag: ["v*", "!*-rc*"]}}
END
builds 'any=skipped rc=skipped rel=skipped ' 'a commit without a tag'
git tag v1.0 && git tag v1.0-rc1 && git tag -a -m x nightly
builds 'any=success rc=success rel=success ' 'all tags of a commit are seen'
git tag -d v1.0 >/dev/null
builds 'any=success rc=success rel=skipped ' 'each for itself'

# --- changed files
repository paths <<'END'
- {id: doc, script: "true", when: {path: "doc/"}}
- {id: new, script: "true", when: {path: "new/"}}
- {id: src, script: "true", when: {path: "src/"}}
END
git mv doc/f src/g
builds 'doc=success new=skipped src=success ' 'a moved file counts where it was and where it is' --since HEAD
git commit -qm moved && mkdir -p new && echo x >new/f && echo x >src/f && git add src
builds 'doc=skipped new=success src=success ' 'in place all that is there counts' --since HEAD
builds 'doc=skipped new=skipped src=success ' '--staged counts what is staged' --since HEAD --staged
builds 'doc=success new=skipped src=success ' '--rev counts what is in the revision' --since HEAD~1 --rev HEAD
builds 'doc=skipped new=skipped src=skipped ' 'and nothing else' --since HEAD~1 --rev HEAD~1
git clone -q --depth 1 "file://$PWD" ../shallow && cd ../shallow || exit
exits 125 'a base that a shallow clone has not' mci-build -q --since HEAD~1
has "$err" 'no such revision in this shallow clone: git fetch --unshallow' 'is said, with the way out'

# --- the branch and the tags of a revision
repository named <<'END'
- {id: dev, script: "true", when: {branch: dev}}
- {id: main, script: "true", when: {branch: main}}
- {id: tagged, script: "true", when: {tag: v1}}
END
git tag v1 && git checkout -qb dev && echo 2 >src/f && git commit -qam two
builds 'dev=success main=skipped tagged=skipped ' '--rev HEAD is the branch that is checked out' --rev HEAD
builds 'dev=skipped main=success tagged=success ' '--rev BRANCH is that branch' --rev main
builds 'dev=skipped main=skipped tagged=success ' '--rev TAG is that tag, and no branch' --rev v1
git worktree add -q ../linked main && cd ../linked || exit
builds 'dev=skipped main=success tagged=success ' 'a linked worktree has a branch of its own'
builds 'dev=skipped main=success tagged=success ' 'also for a clean checkout' --rev HEAD
git checkout -q --detach
builds 'dev=skipped main=skipped tagged=success ' 'a detached head has no branch'

# --- a git that fails
cd ../named || exit
cp .git/HEAD "$T/head" && echo garbage >.git/HEAD
exits 125 'a damaged HEAD is an error' mci-build -q
has "$err" 'git: not a git repository' 'in the words of git'
cp "$T/head" .git/HEAD
echo garbage >.git/refs/heads/dev
exits 125 'a damaged branch too' mci-build -q
has "$err" 'git: (No such ref: HEAD|your current branch appears to be broken)' 'in the words of git'
git -C ../linked rev-parse v1 >.git/refs/heads/dev
mkdir "$T/few" && ln -s "$(command -v sh)" "$(command -v true)" "$(command -v mci-build)" "$(command -v mci-job)" "$T/few"
PATH=$T/few exits 125 'no git on the PATH' mci-build -q
has "$err" 'git is not on the PATH' 'is said'
if [ "$(id -u)" = 0 ]; then
	chown -R 12345 .
	if git status >/dev/null 2>&1; then
		skip 2 'git trusts any owner here'
	else
		exits 125 'a repository of another user is an error' mci-build -q
		has "$err" 'dubious ownership.*; git config --global --add safe.directory' 'with the way out'
	fi
	chown -R 0 .
else
	skip 2 'needs root'
fi
cd "$T/work" && mkdir -p plain/.mci && cd plain || exit
cp ../named/.mci/build.yaml .mci
builds 'dev=skipped main=skipped tagged=skipped ' 'outside of git there is no branch and no tag'

# --- submodules
repository inner </dev/null
repository middle </dev/null
git submodule --quiet add ../inner deep && git commit -qm sub
repository outer <<'END'
- {id: a, script: "cat src/f sub/src/f sub/deep/src/f"}
END
git submodule --quiet add ../middle sub && git submodule --quiet update --init --recursive
echo 2 >"sub/src/f" && git -C sub commit -qam two && git add . && git commit -qm 'with submodules'
echo 3 >"sub/src/f" && git -C sub commit -qam three
builds 'a=success ' 'a clean checkout has its submodules' --rev HEAD
is "$(mci log @/a | tr '\n' ' ')" '1 2 1 ' 'at the commits that are recorded'
git add sub
builds 'a=success ' 'the index has its own' --staged
is "$(mci log @/a | tr '\n' ' ')" '1 3 1 ' 'as they are staged'
git -C sub push -q "$T/work/middle" HEAD:refs/heads/kept
git reset -q && git submodule --quiet deinit -f sub
builds 'a=failure ' 'one that is not there stays empty' --rev HEAD
has "$err" 'submodule sub is empty: git submodule update --init sub' 'and is named'
git clone -q --bare . "$T/outer.git"
git -C "$T/outer.git" config remote.origin.url "$T/work/outer"
cd "$T/outer.git" || exit
builds 'a=success ' 'a bare repository fetches them' --rev HEAD

# --- hooks
cd "$T/work" && git init -q --bare hub.git && git -C named remote add hub "$T/work/hub.git" || exit
cat >hub.git/hooks/post-receive <<'END'
#!/bin/sh
while read -r old new ref; do mci-build --json --rev "$new"; done >"$HOME/hook.out" 2>"$HOME/hook.err"
END
chmod +x hub.git/hooks/post-receive
git -C named push -q hub dev
cp "$HOME/hook.out" "$out"
is "$(ends)" 'dev=skipped main=skipped tagged=skipped ' 'a hook of a bare repository builds what was pushed'
has "$out" '"type":"build/end".*"status":"success"' 'from the definition in it'
cd named || exit
cat >.git/hooks/pre-commit <<'END'
#!/bin/sh
cd src && mci-build --json --staged --since HEAD >"$HOME/hook.out" 2>"$HOME/hook.err"
END
chmod +x .git/hooks/pre-commit
cat >.mci/build.yaml <<'END'
- {id: doc, script: "cat doc/f", when: {path: "doc/"}}
- {id: src, script: "cat src/f", when: {path: "src/"}}
END
git add .mci && git commit -q -n -m paths && echo 7 >doc/f && echo 8 >src/f && git add doc
git commit -q -m docs
cp "$HOME/hook.out" "$out"
is "$(ends)" 'doc=success src=skipped ' 'a pre-commit hook builds what is staged, from any folder'
git commit -q -m source src/f
cp "$HOME/hook.out" "$out"
is "$(ends)" 'doc=skipped src=success ' "also when the commit has an index of its own"
is "$(mci log @/src)" 8 'with the files in it'

# --- nothing that the repository's configuration names is run
rm .git/hooks/pre-commit
printf '#!/bin/sh\necho "$0" >>%s\n' "$T/ran" >"$T/program" && chmod +x "$T/program"
mkdir "$T/hooks"
for hook in post-checkout post-index-change reference-transaction; do ln -s "$T/program" "$T/hooks/$hook"; done
git config core.fsmonitor "$T/program" && git config core.hooksPath "$T/hooks"
git config diff.external "$T/program" && git config core.pager "$T/program"
echo 9 >src/f && git -c core.fsmonitor=false -c core.hooksPath=/dev/null add src
rm -f "$T/ran"
builds 'doc=skipped src=success ' '--staged in a repository with programs in its configuration' --staged --since HEAD
builds 'doc=success src=success ' '--rev in it' --rev HEAD
builds 'doc=skipped src=success ' 'and in place' --since HEAD
ok 'runs none of them' test ! -e "$T/ran"
finish
