#!/bin/sh
# What mci-build says of broken input: line, field, what was expected; never a hang.
. "${0%/*}/lib.sh"

# bad LINE... then what stderr must say; runs the lines as specs on standard input
bad() {
	pattern=$1 text=$2
	shift 2
	printf '%s\n' "$@" >specs
	run timeout 20 sh -c 'mci-build -q - <specs'
	if [ "$status" = 125 ]; then has "$err" "$pattern" "$text"; else fail "$text (status $status)" "$err"; fi
}

bad 'line 1: not JSON' "not JSON" 'hello'
bad 'line 2: .*byte' "the line is named" '{"id":"a","script":["true"]}' '{"id":'
bad 'expected a job|expected a JSON object' "an array" '[1]'
bad "did you mean 'script'" "an unknown key gets a suggestion" '{"id":"a","scritp":["true"]}'
bad 'timeout: expected more than nothing' "a time that is none" '{"id":"a","script":"true","timeout":"0.0004s"}'
bad 'script\[1\]: expected a string or an object with name and run, found a number' "the path of the field" '{"id":"a","script":["true",1]}'
bad 'id: missing' "an id is needed" '{"script":["true"]}'
bad 'not a job id' "a slash in an id" '{"id":"a/b","script":["true"]}'
bad 'not a job id' "dots alone" '{"id":"..","script":["true"]}'
bad 'not a job id' "a newline in an id" '{"id":"a\nb","script":["true"]}'
bad 'not a job id' "10,000 characters" "{\"id\":\"$(head -c 10000 /dev/zero | tr '\0' a)\",\"script\":[\"true\"]}"
bad 'comes twice' "a doubled key" '{"id":"a","id":"b","script":["true"]}'
bad 'unit' "a number without unit" '{"id":"a","script":["true"],"timeout":5}'
bad 'not a duration' "no duration" '{"id":"a","script":["true"],"timeout":"soon"}'
bad 'leaves the build' "a way out" '{"id":"a","script":["true"],"dir":"x/../../y"}'
bad 'not a path relative' "an absolute folder" '{"id":"a","script":["true"],"dir":"/etc"}'
bad 'earlier job' "an id twice" '{"id":"a","script":["true"]}' '{"id":"a","script":["true"]}'
bad "no job 'bb'.*did you mean 'b'" "an unknown dependency" '{"id":"b","script":["true"]}' \
	'{"id":"a","script":["true"],"depends-on":["bb"]}'
bad 'a cycle: [abc] -> [abc] -> [abc] -> [abc]' "a cycle in full" \
	'{"id":"a","script":["true"],"depends-on":["b"]}' '{"id":"b","script":["true"],"depends-on":["c"]}' \
	'{"id":"c","script":["true"],"depends-on":["a"]}'
bad 'a cycle: a -> a' "a job that waits for itself" '{"id":"a","script":["true"],"depends-on":["a"]}'
bad 'X=a b and X=a/b' "matrix values that clash" '{"id":"m","script":["true"],"matrix":{"X":["a b","a/b"]}}'
bad 'jobs of another kind|script/busy' "an event that is not for scripts" '{"type":"job/end","job":"a"}'
bad 'arch' "an arch without a runner for it" '{"id":"a","arch":"arm64","script":["true"]}'
bad 'expose' "a port that is none" '{"id":"a","expose":[0],"script":["true"]}'
bad "no runner 'moon'" "an unknown runner" '{"id":"a","runner":"moon","script":["true"]}'

printf '{"id":"a","script":["true"]}\n{"id":"b","scr' >specs
run timeout 20 sh -c 'mci-build -q - <specs'
is "$status" 125 "a torn last line is an error"
has "$err" 'newline' "and is called one"

{ printf '{"id":"a","script":["'; head -c 1100000 /dev/zero | tr '\0' x; printf '"]}\n'; } >specs
run timeout 20 sh -c 'mci-build -q - <specs'
is "$status" 125 "a line over 1 MiB"
has "$err" 'longer than' "has its own error"

head -c 300000 /dev/urandom >specs
run timeout 20 sh -c 'mci-build -q - <specs'
is "$status" 125 "random bytes"

{ head -c 5000 /dev/zero | tr '\0' '['; echo; } >specs
run timeout 20 sh -c 'mci-build -q - <specs'
is "$status" 125 "deep nesting"

printf '{"id":"first","script":["touch ran; until [ -s said ]; do sleep 0.01; done; touch ended"]}\nrubbish\n{"id":"late","script":["touch late"]}\n' >specs
run timeout 20 sh -c '(sed -n 1p specs; until [ -e ran ]; do sleep 0.01; done; sed -n "2,3p" specs) |
	mci-build --json - 2>said'
is "$status" 125 "a bad line after a good one"
ok "what runs may finish" test -e ended
ok "nothing more is started" test ! -e late
is "$(jq -r 'select(.type=="build/end").status' "$out")" error "the build ends in error"
is "$(jq -r 'select(.type=="job/end" and .job=="first").status' "$out")" success "the job kept its own result"

# --- nothing at all

exits 125 "not one byte on standard input, as of a generator that could not be started" \
	sh -c './no-such-generator 2>/dev/null | mci-build -q -'
has "$err" '^mci-build: standard input is empty' "is said to be so"
is "$(mci show | grep '^status' | cut -f 2)" error "and in the build's log"
exits 125 "the same in a plan" sh -c 'mci-build --plan - </dev/null'
exits 125 "the same for a file" sh -c ': >nothing && mci-build -q - <nothing'
exits 125 "standard input that cannot be read" sh -c 'mci-build -q - </'
has "$err" 'standard input: Is a directory' "names why"
exits 125 "a closed one" sh -c 'mci-build -q - <&-'
exits 0 "one blank line" sh -c 'echo | mci-build --progress plain -'
is "$(cat "$err")" "mci-build: standard input: no jobs" "says that there are none"
exits 0 "and -q" sh -c 'echo | mci-build -q -'
is "$(cat "$err")" "" "does not"
exits 0 "the plan of no jobs" sh -c 'echo | mci-build --plan - >plan'
exits 0 "is an input again" sh -c 'mci-build -q - <plan'
printf '{"id":"a","script":["true"]}\n' >specs
exits 0 "and so is the plan of a build all of which is skipped" sh -c 'mci-build --plan --skip a - <specs | mci-build -q -'
bad 'line 1: .*found an array' "an empty list is for documents" '[]'
for text in '[]' '{"jobs":[]}'; do
	printf '%s\n' "$text" >none.json
	exits 0 "a document with no job in it: $text" mci-build --json -f ./none.json
	is "$(cat "$err")" "mci-build: ./none.json: no jobs" "says so"
done
printf '#!/bin/sh\n' >none
chmod +x none
exits 0 "a script that writes no job" mci-build --json ./none
is "$(cat "$err")" "mci-build: ./none: no jobs" "is said to"
exits 0 "also in a plan" mci-build --plan ./none
is "$(cat "$err")" "mci-build: ./none: no jobs" "of which it is said as well"
exits 0 "and -q hides it" mci-build -q ./none
is "$(cat "$err")" "" "there too"
exits 2 "a JOB is asked for all the same" mci-build -q ./none a

exits 125 "bad lines without end" timeout 20 sh -c 'yes rubbish | mci-build -q -'
mkdir .mci
printf '#!/bin/sh\nyes rubbish\n' >.mci/build
chmod +x .mci/build
exits 125 "a script that writes them" timeout 20 mci-build -q
exits 125 "and in a plan" timeout 20 mci-build --plan
rm -r .mci

exits 2 "an unknown option" mci-build --wrong
has "$err" 'wrong' "is named"
exits 2 "a number out of range" mci-build -j 0
exits 125 "no definition here" mci-build
has "$err" '\.mci/build' "says what to create"
echo '[{"id":"a","script":["true"]}]' >one.txt && cp one.txt one.json
for file in one.json one.txt missing.yaml; do
	exits 125 "no definition here, but $file is named" mci-build $file
	has "$err" "for the file write \./$file\$" "so it is said how"
done
mkdir .mci && cp one.json .mci/build.json
for file in one.json one.txt missing.yaml; do
	exits 2 "$file is no job" mci-build -q $file
	has "$err" "there is no job '$file'; for the file write \./$file\$" "it is said how to name the file"
done
exits 2 "no job, no file" mci-build -q b
has "$err" "there is no job 'b'$" "says no more"
rm -r .mci
exits 2 "--rev and --staged" mci-build --rev a --staged
exits 2 "a param without a value" mci-build -p X -
finish
