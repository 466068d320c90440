#!/bin/sh
# mci log --failed: the logs of what made a build fail.
. "${0%/*}/lib.sh"

cat >jobs.yaml <<'END'
- {id: good, script: echo good}
- {id: bad, script: echo bad; exit 1}
- {id: again, script: echo attempt $MCI_ATTEMPT; exit 1, retry: 1}
- {id: late, script: echo late; sleep 60, timeout: 100ms}
- {id: allowed, script: echo allowed; exit 1, allow-failure: true}
- {id: skipped, script: echo skipped, depends-on: bad}
END
mci-build -q -f ./jobs.yaml 2>"$err"
is "$(mci log --failed 2>/dev/null | sort)" "again | attempt 1
again@2 | attempt 2
bad | bad
late | late" "the logs of the jobs that failed, and no other"
is "$(mci log --failed @/bad)" bad "of one job its bytes"
exits 1 "a job that did not fail has none to show" mci log --failed @/good
has "$err" '^mci-log: local/work/1: no job failed$' "which is said"
is "$(mci log --failed --json @ 2>/dev/null | jq -r .job | sort -u | tr '\n' ' ')" "again bad late " "as JSON as well"
printf '#!/bin/sh\nprintf "%%s\\n" "{\\"id\\":\\"a\\",\\"script\\":\\"echo a\\"}"\necho broken >&2\nexit 3\n' >script
chmod +x script
mci-build -q ./script 2>/dev/null
is "$(mci log --failed)" "script | broken" "a script that failed is shown with them"
echo '{"id":"a","script":"true"}' | mci-build -q -
exits 1 "of a build without a failure there is nothing" mci log --failed
is "$(mci log --failed @failed)" "script | broken" "another build can be named"
echo '{"id":"mute","script":"exit 5"}' | mci-build -q - 2>/dev/null
exits 0 "one that printed nothing is shown too" mci log --failed
is "$(cat "$out" "$err")" "mci-log: mute: exit 5, and it printed nothing" "by why it failed"
exits 2 "what goes on has not failed yet" mci log --failed -f
exits 75 "who failed a server is asked" mci log --failed -a ./log.sock local/work/1

finish
