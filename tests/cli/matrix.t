#!/bin/sh
# One spec becomes several jobs, and others wait for some of them: matrix, parallel, and depends-on in full.
. "${0%/*}/lib.sh"
need jq

# pending: the jobs that the build had, each with what it waits for
pending() {
	jq -r 'select(.type == "job/pending") | [.job] + (.["depends-on"] // []) | join("<")' "$out" | sort |
		tr '\n' ' '
}
# ends: how each ended
ends() {
	jq -r 'select(.type == "job/end") | .job + "=" + .status' "$out" | sort | tr '\n' ' '
}
# builds TEXT EXPECTED: builds build.yaml, a success with these jobs; so does its plan
builds() {
	exits 0 "$1" timeout 60 mci-build --json -f ./build.yaml
	is "$(pending)" "$2" "has these jobs, in this order"
	mci-build --plan -f ./build.yaml >plan
	exits 0 "a plan of it builds" timeout 60 mci-build --json - <plan
	is "$(pending)" "$2" "and has the same"
	exits 0 "lint has nothing against it" mci lint ./build.yaml
	is "$(cat "$out")" "" "and says nothing"
}
# wrong EXPECTED: build.yaml is wrong; build and lint say so in one way, with the place
wrong() {
	exits 125 "a build is refused" timeout 60 mci-build -q -f ./build.yaml
	is "$(sed -n 's/^mci-build: \.\/build.yaml://p' "$err")" "$1" "and says why"
	exits 1 "lint finds it" mci lint ./build.yaml
	is "$(sed -n 's/^\.\/build.yaml://p' "$out")" "$1" "and says the same"
}

# --- matrices

cat >build.yaml <<'END'
- id: cc
  script: test "$CC$OPT$FLAGS" = "$WANT"
  env: {WANT: gcc0}
  matrix:
    CC: [gcc, clang]
    OPT: [0, 2]
    exclude: [{CC: clang}, {OPT: 2}]
    include:
      - {CC: gcc, OPT: 0, FLAGS: -m32, WANT: gcc0-m32}
      - {OPT: 3, CC: tcc, FLAGS: -b, WANT: tcc3-b}
- id: list
  script: test "$B$A$C" = "$W"
  matrix: [{B: no, A: 1, W: no1}, {A: [1.0, 2], C: x, W: 1.0x}]
  allow-failure: true
- {id: n, script: 'test "$MCI_PARALLEL_INDEX" -le "$MCI_PARALLEL_TOTAL"; test -z "$MCI_MATRIX"', parallel: 2}
- id: both
  script: 'test "$MCI_MATRIX.$MCI_PARALLEL_INDEX" = "${MCI_JOB_ID#both.}"'
  matrix: {A: [x]}
  parallel: 2
END
builds "matrices with what is included, lists and numbers" \
	"both.x.1 both.x.2 cc.gcc.0 cc.tcc.3 list.1.0.x.1.0x list.2.x.1.0x list.no.1.no1 n.1 n.2 "

cat >build.yaml <<'END'
- id: a
  script: "true"
  matrix: {max: [1, 2]}
END
wrong "3:17: matrix.max: is how many of the jobs run at once, a number; \
a variable with these values needs another name than max, include and exclude"
cat >build.yaml <<'END'
- {id: a, script: "true", matrix: {A: [1], include: [{B: 1}]}}
END
wrong "1:54: matrix.include[0]: gives A no value"
cat >build.yaml <<'END'
- {id: a, script: "true", parallel: 257}
END
wrong "1:37: parallel: '257' is not a number from 1 to 256"
cat >build.yaml <<'END'
- {id: a, script: "true", parallel: 2, paralel: 2}
END
wrong "1:40: paralel: unknown key; did you mean 'parallel'?"

# each job looks several times at how many run beside it
cat >build.yaml <<'END'
- id: m
  script:
    - mkdir "at/$A"
    - for i in 1 2 3 4 5 6 7 8 9; do ls at | wc -l >>counts; sleep 0.01; done
    - rmdir "at/$A"
  matrix: {A: [1, 2, 3, 4, 5, 6], max: 2}
END
mkdir at
exits 0 "a matrix with a maximum" timeout 60 mci-build -q -j 6 -f ./build.yaml
is "$(sort -n counts | tail -n 1)" 2 "runs no more at once"
cat >build.yaml <<'END'
- id: m
  script: 'test "$A" != 2 || exit 1'
  retry: 1
  matrix: {A: [1, 2, 3, 4], max: 1}
END
exits 1 "one of a matrix with a maximum fails, and is tried again" timeout 60 mci-build --json -j 4 -f ./build.yaml
is "$(ends)" "m.1=success m.2=failure m.3=success m.4=success " "the others still have their turn"
exits 1 "--fail-fast" timeout 60 mci-build --json --fail-fast -j 4 -f ./build.yaml
like "$(ends)" "m.2=failure .*m.4=canceled " "ends those that still wait"

# --- dependencies

cat >build.yaml <<'END'
- {id: test, script: "true", matrix: {CC: [gcc, clang], N: [1]}, depends-on: {id: make, same: CC}}
- {id: make, script: "true", matrix: {CC: [gcc, clang], OPT: [0, 2]}}
- id: one
  script: "true"
  env: {CC: gcc, OPT: 2}
  depends-on: [{id: make, same: [OPT, CC]}, {id: none, optional: true}]
- {id: no, script: "true", depends-on: [{id: "x*", optional: true}]}
- {id: ends, script: "true", depends-on: ["*", one]}
END
builds "same values, what need not be there, and globs" "ends<one<test<make<no make.clang.0 make.clang.2 \
make.gcc.0 make.gcc.2 no one<make.gcc.2 test.clang.1<make.clang.0<make.clang.2 test.gcc.1<make.gcc.0<make.gcc.2 "
# of a matrix that is not printed whole the single jobs are named
mci-build --plan --skip make.gcc.0 -f ./build.yaml >plan
exits 0 "a plan of a part" timeout 60 mci-build --json - <plan
like "$(pending)" 'test\.gcc\.1<make\.gcc\.2 ' "waits for what is left"
is "$(mci-build --plan -f ./build.yaml one | jq -r .id | tr '\n' ' ')" "make.gcc.2 one " "a selection follows them"

cat >script <<'END'
#!/bin/sh
echo '{"id":"first","script":["true"]}'
echo '{"id":"behind","script":["true"],"depends-on":"late-*"}'
echo '{"id":"fast","script":["true"],"depends-on":{"id":"second","same":"A"},"env":{"A":2}}'
while read -r event; do
	case $event in
	*'"job/end"'*'"first"'*) echo '{"id":"second","script":"true","matrix":{"A":[1,2]}}' ;;
	*'"job/end"'*'"fast"'*) echo '{"id":"late-1","script":["true"]}' ;;
	esac
done
END
chmod +x script
exits 0 "a script that answers" timeout 60 mci-build --json ./script
is "$(pending)" "behind<late-1 fast<second.2 first late-1 second.1 second.2 " \
	"finds a matrix' values when it comes, and globs at its end"
printf '%s\n' '{"id":"bad","script":"false"}' '{"id":"waits","script":"true","depends-on":"b*"}' >specs
exits 1 "a glob's job fails" timeout 60 mci-build --json - <specs
is "$(ends)" "bad=failure waits=skipped " "and what waits for it is skipped"
printf '%s\n' '{"id":"waits","script":"true","depends-on":"b*"}' nonsense >specs
exits 125 "a script that breaks" timeout 60 mci-build --json - <specs
is "$(ends)" "waits=canceled " "ends also what was not decided"

cat >build.yaml <<'END'
- {id: make, script: "true", matrix: {CC: [gcc]}}
- {id: flat, script: "true"}
- id: a
  script: "true"
  depends-on: [flat, {id: make, same: [LD]}]
END
wrong "5:40: depends-on[1].same[0]: 'LD' has no value in this job: it is no name of its matrix or env"
sed -i 's/- id: a/- id: a\n  env: {LD: x, CC: tcc}/' build.yaml
wrong "6:40: depends-on[1].same[0]: the matrix of 'make' has no 'LD'; it has CC"
sed -i 's/same: \[LD\]/same: CC/' build.yaml
wrong "6:39: depends-on[1].same: no job of the matrix of 'make' has CC=tcc"
sed -i 's/id: make, same/id: flat, same/' build.yaml
wrong "6:39: depends-on[1].same: the job 'flat' has no matrix"
sed -i 's/same: CC/sane: CC/' build.yaml
wrong "6:33: depends-on[1].sane: unknown key; did you mean 'same'?"
sed -i 's/{id: flat, sane: CC}/"f?at-*"/' build.yaml
wrong "6:22: depends-on[1]: no job's id fits 'f?at-*'; where that is right say {\"id\":\"f?at-*\",\"optional\":true}"
sed -i 's/"f?at-\*"/{id: "f*", same: CC}/' build.yaml
wrong "6:39: depends-on[1].same: asks for the matrix of one job, and 'f*' may be several"
cat >build.yaml <<'END'
- {id: a, script: "true", depends-on: "*"}
- {id: b, script: "true", depends-on: "*"}
END
exits 125 "globs that make a cycle" mci-build -q -f ./build.yaml
has "$err" 'a cycle: a -> b -> a' "are named"

# --- added by a job

cat >adds <<'END'
#!/bin/sh
echo '{"id":"make","script":"true","matrix":{"A":[1,2]}}'
cat <<'JOBS'
{"id":"adds","script":["mci add two --depends-on x 2>&1 || :", "mci call job/add spec:='{\"id\":\"late\",\"script\":\"true\",\"depends-on\":[\"ma*\",{\"id\":\"make\",\"same\":\"A\"}],\"env\":{\"A\":2}}'", "! mci call job/add spec:='{\"id\":\"never\",\"script\":\"true\",\"depends-on\":\"z*\"}'", "mci call job/add spec:='{\"id\":\"never\",\"script\":\"true\"}'"]}
JOBS
END
chmod +x adds
exits 0 "a job that is added says what it waits for" timeout 60 mci-build --json ./adds
is "$(pending)" "adds late<make<make.2 make.1 make.2 never " "in full, and one that cannot be leaves nothing behind"
finish
