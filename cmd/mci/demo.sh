# A repository with builds to look at: what mci up --demo runs, once, in a server that has none yet.
set -e
dir=$1
bare=$dir/hello.git
[ ! -d "$bare" ] || exit 0
export GIT_CONFIG_NOSYSTEM=1 GIT_CONFIG_GLOBAL=/dev/null
export GIT_AUTHOR_NAME=demo GIT_AUTHOR_EMAIL=demo@localhost GIT_COMMITTER_NAME=demo GIT_COMMITTER_EMAIL=demo@localhost
unset GIT_DIR GIT_WORK_TREE GIT_INDEX_FILE

ask() {
	mci call -a "$MCI_API" "$@" >/dev/null
}
commit() {
	git -C "$dir/work" add -A
	git -C "$dir/work" commit -qm "$1"
	git -C "$dir/work" push -q "$bare.new" HEAD:refs/heads/main
}

rm -rf "$dir/work" "$bare.new"
mkdir -p "$dir/work/.mci"
git -c init.defaultBranch=main init -q "$dir/work"
git -c init.defaultBranch=main init -q --bare "$bare.new"
git -C "$bare.new" config receive.advertisePushOptions true

cat >"$dir/work/greet" <<'END'
#!/bin/sh
echo "hello, ${1:-world}"
END
chmod +x "$dir/work/greet"
cat >"$dir/work/.mci/build" <<'END'
#!/bin/sh
# The jobs of this project, one a line: see mci-script(5).
cat <<'JOBS'
{"id":"lint","script":["sh -n greet"]}
{"id":"unit","script":["test \"$(./greet $NAME)\" = \"hello, $NAME\""],"matrix":{"NAME":["you","all"]}}
{"id":"slow","script":[{"name":"count","run":"for i in 1 2 3 4 5; do echo $i; sleep 0.3; done"}],"depends-on":["lint"]}
{"id":"package","script":["tar -cf greet.tar greet","tar -tf greet.tar"],"depends-on":["unit","slow"]}
JOBS
END
chmod +x "$dir/work/.mci/build"
commit 'Greet whoever is there'

ask org/put name=demo
ask repo/put org=demo name=hello url="$bare" main=main
mv "$bare.new" "$bare"
(cd "$bare" && mci hook install post-receive demo/hello >/dev/null)
git -C "$dir/work" remote add origin "$bare"

ask build/trigger repo=demo/hello key=demo-1 event=manual message='The first one' actor=demo
sed -i 's/hello, /hallo, /' "$dir/work/greet"
git -C "$dir/work" commit -qam 'Greet in another language'
git -C "$dir/work" push -q origin HEAD:refs/heads/main
sed -i 's/hallo, /hello, /' "$dir/work/greet"
git -C "$dir/work" commit -qam 'Greet as the tests want it'
git -C "$dir/work" push -q origin HEAD:refs/heads/main
