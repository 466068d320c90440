#!/bin/sh
# workspace: own: a job in a copy of what is built, as that was before the first job.
. "${0%/*}/lib.sh"
need git jq

# ends: JOB STATUS of every job, and why of what could not be run
ends() {
	jq -r 'select(.type == "job/end") | [.job, .status, .error // empty] | join(" ")' "$out" | sort
}
own() { find "$XDG_STATE_HOME" -path '*/own*' | grep -c .; }

git init -q . && git config user.email a@b && git config user.name a
printf 'ignored\n' >.gitignore
mkdir -p src/deep .mci
echo old >tracked && echo gone >deleted && echo z >'src/deep/a name' && ln -s tracked link
printf '#!/bin/sh\n' >run && chmod +x run
git add -A && git commit -qm one
echo new >tracked && rm deleted && echo u >untracked && echo i >ignored
cat >own.yaml <<'END'
- id: look
  workspace: own
  script:
    - find . -name .git -prune -o -type f -print -o -type l -print | sort
    - cat tracked link; test -x run; git status --short; git log --format=%s
    - stat -c '%h %i' tracked; echo mine >tracked; touch made
  finally: test -e made && echo finally
- {id: behind, workspace: own, script: "cat tracked; test ! -e made", depends-on: look}
- {id: below, workspace: own, dir: src/deep, script: "pwd; ls", env: {A: b}}
- {id: argv, workspace: own, dir: src, argv: [cat, deep/a name]}
- {id: again, workspace: own, script: "test ! -e was; touch was; test $MCI_ATTEMPT = 2", retry: 1}
- {id: in-place, script: "echo mine >in-place; test -e ignored", depends-on: [look, behind, below, argv, again]}
END
run mci-build --json -f ./own.yaml
is "$status $(ends)" "0 again success
argv success
behind success
below success
in-place success
look success" "jobs with a workspace of their own run"
mci log look | sed '/^1 /d' >look
is "$(cat look)" "./.gitignore
./link
./own.yaml
./run
./src/deep/a name
./tracked
./untracked
new
new
 D deleted
 M tracked
?? own.yaml
?? untracked
one
finally" "what git does not ignore is there, as it is on the disk, and a repository"
is "$(mci log look | grep '^1 ' | cut -d ' ' -f 1)" 1 "no file has a hard link elsewhere"
is "$(cat tracked),$(ls made 2>/dev/null)" "new," "what it writes stays there"
is "$(mci log behind)" new "the next one has nothing of it"
like "$(mci log below | head -n 1)" '/src/deep$' "dir is a folder of the copy"
is "$(mci log argv)" z "also for a program"
is "$(own)" 0 "and nothing stays behind"
is "$(mci-build --plan -f ./own.yaml | jq -r 'select(.id == "argv").workspace')" own "the plan says it"

exits 0 "of a revision the checkout is copied" mci-build -q --rev HEAD -f ./own.yaml look
like "$(mci log look)" '^old$' "as it was then"
cp tracked keep && (cd src && mkdir .mci && echo '{"id":"a","workspace":"own","script":"pwd; cat ../tracked"}' >.mci/build.json && mci-build -q && mci log a) >below
like "$(head -n 1 below)" '/own/a@1/src$' "a project below the top runs below the copy's top"
is "$(tail -n 1 below)" new "with all around it"

git init -q lib && (cd lib && echo l >file && echo "/o" >.gitignore && touch o && git add -A && git -c user.email=a@b -c user.name=a commit -qm l)
git add lib 2>/dev/null
echo '{"id":"a","workspace":"own","script":"cat lib/file; ls lib"}' >sub.json
exits 0 "a work tree inside" mci-build -q -f ./sub.json
is "$(mci log a)" "l
file" "is copied without what it ignores"

mkdir -p "$T/plain/.mci" && cd "$T/plain" || exit 1
echo '[{"id":"a","workspace":"own","script":"cat x; rm x"},{"id":"b","workspace":"own","script":"cat x","depends-on":"a"}]' >.mci/build.json
echo plain >x
exits 0 "a folder without git" mci-build -q
is "$(mci log b)" plain "is copied whole"

# --- whose turn it is

cat >long.yaml <<'END'
- {id: a, workspace: own, script: "until test -e '../../../go'; do sleep 0.05; done"}
END
sed -i "s,'../../../go',$T/go," long.yaml
background mci-build --json -f ./long.yaml
first=$pid
wait_for_line "$out" '"job/start"'
exits 0 "while all jobs have workspaces of their own another build has the folder" timeout 20 mci-build -q --no-wait
echo '- {id: b, script: "true", depends-on: a}' >>long.yaml
touch "$T/go"
wait_end "$first"
rm "$T/go"
background mci-build --json -f ./long.yaml
first=$pid
wait_for_line "$out" '"job/start"'
exits 75 "with one that has not it waits" mci-build -q --no-wait
touch "$T/go"
wait_end "$first"

# --- what goes wrong

mkdir "$T/bin"
cat >"$T/bin/cp" <<END
#!/bin/sh
for to; do :; done
case \$to in
*/own/fails@1) echo no room >&2; exit 1 ;;
*/own/slow@1) touch $T/slow; exec sleep 60 ;;
esac
exec $(command -v cp) "\$@"
END
chmod +x "$T/bin/cp"
cat >bad.yaml <<'END'
- {id: fails, workspace: own, script: touch $HOME/ran, finally: touch $HOME/ran}
- {id: good, workspace: own, script: "true"}
END
run env PATH="$T/bin:$PATH" mci-build --json -f ./bad.yaml
is "$status $(ends)" "125 fails error workspace: what is built could not be copied
good success" "a job whose copy fails could not be run"
is "$(mci log fails 2>/dev/null)" "no room" "its log says why"
ok "and nothing of it runs" test ! -e "$HOME/ran"
echo '[{"id":"slow","workspace":"own","script":"true"}]' >slow.json
background env PATH="$T/bin:$PATH" mci-build --json -f ./slow.json
wait_until "a copy takes long" test -e "$T/slow"
ok "it can be canceled" mci cancel @/slow
wait_end "$pid"
is "$(ends)" "slow canceled" "as the job"
is "$(own)" 0 "and nothing stays behind"

cat >wrong.yaml <<'END'
- {id: a, script: x, workspace: shared}
- {id: b, script: x, workspce: own}
END
run mci-build --lint -f ./wrong.yaml
is "$(sed 's/^\.[^ ]*: //' "$out")" "workspace: expected \"own\"
workspce: unknown key; did you mean 'workspace'?" "lint explains what is wrong"
exits 125 "mci-job alone" sh -c 'echo "{\"id\":\"a\",\"script\":\"x\",\"workspace\":\"own\"}" | mci-job'
has "$out" "workspace: mci-job has nothing to copy; give the jobs to 'mci-build -'" "has nothing to copy"

finish
