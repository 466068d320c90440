#!/bin/sh
# mci show: what a job left beside what it printed: outputs, notes, results of tests.
. "${0%/*}/lib.sh"
need jq

cat >jobs.yaml <<'END'
- id: says
  script:
    - mci output set A=1 "LINES=$(printf 'one\n  two')"
    - |
      cat >$MCI_NOTES <<'EOF'
      {"section":"unit"}
      {"test":"adds","result":"pass"}
      {"test":"divides","result":"fail","message":"by zero","file":"calc.c","line":12}
      {"test":"slow","result":"skip"}
      {"warning":"too long","file":"a.c","line":3}
      {"notice":"it rains"}
      {"summary":"as\nexpected"}
      a text
      EOF
- {id: quiet, script: "true", depends-on: says}
- id: again
  retry: 1
  script: |
    echo '{"test":"flaky","result":"'$([ $MCI_ATTEMPT = 2 ] && echo pass || echo fail)'"}' >$MCI_NOTES
    test $MCI_ATTEMPT = 2
END
exits 0 "a build" mci-build -q -f ./jobs.yaml
mci show | tr '\t' '|' >"$out"
has "$out" '^success\|says\|[0-9.]+s\|1 warning; 3 tests, 1 failed, 1 skipped$' "the build's list tells how many tests there were"
has "$out" '^success\|again\|[0-9.]+s\|attempt 2; 1 test$' "those of the last attempt"
is "$(mci show says | tail -n +2)" "
A	1
LINES	one
	  two

test	calc.c:12: divides: fail: by zero
test	slow: skip
warning	a.c:3: too long
notice	it rains
summary	as
	expected
text	a text" "a job's own page tells its outputs and what it noted"
is "$(mci show quiet | wc -l)" 1 "and nothing of a job that left nothing"
is "$(mci show --json says | jq -c '[.outputs, .tests, (.annotations | length), .annotations[4].note.summary, .annotations[-1].text]')" \
	'[{"A":"1","LINES":"one\n  two"},{"pass":1,"fail":1,"skip":1,"error":0},7,null,"a text"]' "as does JSON"
is "$(mci show --json says | jq -c '.annotations | map(.note.summary // empty)')" '["as\nexpected"]' "with each note as it was written"
is "$(mci show --json | jq -c 'select(.job) | [.job, .outputs.A, .tests.pass, .annotations]' | sort)" '["again",null,1,null]
["quiet",null,null,null]
["says","1",1,null]' "of a whole build the notes are counted alone"
is "$(mci why @)" "says: ran; it names no inputs
quiet: ran behind says; it names no inputs
again: ran; it names no inputs" "mci why says of a build what ran or skipped each job"
name=$(mci ls | cut -f 1)
for build in 1 @~0 "$name"; do
	is "$(mci why "$build/quiet")" "quiet: ran behind says; it names no inputs" "... of one that is named $build"
done
is "$(mci why --json 1 | jq -r .job | tr '\n' ' ')" "says quiet again " "... with an object a job"
exits 1 "a build that is not there" mci why 7
has "$err" "there is no build $(echo "$name" | sed 's,1$,7,')" "is named"
printf '%s\n' '{"id":"a","script":"printf \"{\\\"notice\\\":\\\"\\\\033[2Jx\\\"}\\n\" >$MCI_NOTES; mci output set \"E=$(printf \"\\033[2Jx\")\""}' | mci-build -q -
if command -v script >/dev/null; then
	script -qc 'mci show a' "$T/typescript" >/dev/null </dev/null
	hasnt "$T/typescript" "$(printf '\033')\[2J" "a terminal obeys nothing of it"
else
	skip 1 "no script(1)"
fi

finish
