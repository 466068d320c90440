#!/bin/sh
# Params and variables of a build: how they are given, who gets them, and what is said of wrong ones.
. "${0%/*}/lib.sh"

need jq od
show() {
	printf '{"id":"a","params":["V"],"script":["printf %%s \\"$V\\""]}\n' >specs
	run mci-build -q "$@" - <specs
	mci log @/a
}

# ---- files of lines
printf 'V=1.2.3\r\nOTHER=x\r\n' >p
is "$(show --param-file p | od -An -c | tr -d ' ')" 1.2.3 "a line of a param file may end in CRLF"
printf '\357\273\277V=one\n' >p
is "$(show --param-file p)" one "and a byte order mark stand before the first"
printf '# V=0\n\nV=first\nV=last' >p
is "$(show --param-file p)" last "of two lines the later one wins, comments are none, the last needs no end"
is "$(show --param-file p -p V=typed)" typed "the command line wins over the file"
is "$(show -p V=one -p V=two)" two "and the later one over the earlier"
printf 'V=ok\r\nNO\r\n' >p
exits 2 "a line that is no param" mci-build -q --param-file p - </dev/null
has "$err" "^mci-build: p:2: 'NO': expected NAME=VALUE" "is named with its file and line, without the CR"
exits 2 "a folder is no file of params" mci-build -q --param-file . - </dev/null
has "$err" '^mci-build: --param-file read \.: Is a directory' "of which it is said"
printf 'V=a\000b\n' >p
exits 2 "a NUL byte in a param" mci-build -q --param-file p - </dev/null
has "$err" '^mci-build: p:1: a NUL byte' "is refused"
head -c 1100000 /dev/zero | tr '\0' x >p
exits 2 "a file without end" mci-build -q --param-file p - </dev/null
has "$err" 'p: longer than 1048576 bytes' "is not read on"

printf '5tr0ng-token\r\n' >token
echo '{"id":"s","params":["token"],"script":["printf %s \"$token\" | wc -c","echo $token"]}' >specs
exits 0 "a secret from a file" mci-build -q --secret-file token - <specs
is "$(mci log @/s | tr '\n' ' ')" '12 *** ' "has no line end, be it LF or CRLF"
echo '{"id":"o","script":["printf \"A=one\\r\\nB=two\\n\" >$MCI_OUTPUT"]}' >specs
exits 0 "outputs" mci-build --json - <specs
is "$(jq -c 'select(.type=="job/end").outputs' "$out")" '{"A":"one","B":"two"}' "may have either end as well"

# ---- operands
mkdir -p p.d/.mci 'a=b'
cat >p.d/.mci/build <<'END'
#!/bin/sh
echo '{"id":"x","params":["V"],"script":["echo \"$V,${CC-unset}\""]}'
echo '{"id":"y","script":["true"]}'
END
chmod +x p.d/.mci/build
cp p.d/.mci/build 'a=b/script'
cp p.d/.mci/build script
cd p.d || exit 1
for words in 'V=1' 'x V=1' 'V=1 x' 'V=0 x V=1' '-p V=0 V=1'; do
	# shellcheck disable=SC2086 # words
	exits 0 "NAME=VALUE is a param: $words" mci run -q $words
	is "$(mci log @/x)" "1,unset" "and no variable of those that do not name it: $words"
done
exits 0 "wherever the script stands" mci run -q V=1 ../script
is "$(mci log @/x)" "1,unset" "among the operands"
exits 0 "a value may have slashes" mci run -q V=/usr/bin/clang x
is "$(mci log @/x)" "/usr/bin/clang,unset" "and is a value then"
exits 0 "what has its slash before its = is the script" mci run -q '../a=b/script' V=2
is "$(mci log @/x)" "2,unset" "when it is the first operand"
exits 2 "an operand with = that is no param" mci run -q 1X=2
has "$err" "^mci-build: param '1X': expected NAME=VALUE, NAME of letters, digits, _ - and \." "is named"

# ---- params that nobody uses
exits 0 "a param that no job names" mci run -q V=1 CC=clang
is "$(grep -c 'param CC: no job names it .* -e CC=' "$err")" 1 "is told once, with what passes a variable"
hasnt "$err" 'param V' "and nothing is said of one that is used"
exits 0 "as a variable" mci run -q V=1 -e CC=clang
is "$(mci log @/x)" "1,clang" "it reaches all jobs"
is "$(cat "$err")" "" "and nothing is to be said"
echo '{"id":"a","script":["mci param get ASKED"]}' >asks
exits 0 "a param that a job asks for" mci-build -q -p ASKED=1 - <asks
is "$(cat "$err")" "" "is used"
echo '{"id":"a","script":["true"]}' >asks
echo SHARED=1 >file
exits 0 "a file of params" mci-build -q --param-file file - <asks
is "$(cat "$err")" "" "may hold those of other builds"
exits 0 "one that only a job names that was not asked for" mci run -q V=1 y
is "$(cat "$err")" "" "counts as used"

# ---- -e
for word in 'A B=c' '' =x 1A A-B; do
	exits 2 "-e '$word' is refused" mci-build -q -e "$word" - <asks
	has "$err" "^mci-build: -e '[^=]*': expected NAME or NAME=VALUE" "by mci-build itself"
done
# --- declared

cat >declared.yaml <<'END'
params:
  - {name: level, choices: [debug, info], default: info, about: how much to say}
  - {name: count, type: number}
  - {name: dry-run, type: boolean, default: no-not-this}
jobs: []
END
exits 1 "a default that does not fit" mci lint ./declared.yaml
is "$(cat "$out")" "./declared.yaml:4:45: params[2].default: 'no-not-this' is not true or false" "is told with its place"
sed -i 's/no-not-this/false/' declared.yaml
cat >>declared.yaml <<'END'
  - {id: say, script: 'echo $level $count $DRY $token', params: [level, count, {name: DRY, from: dry-run}]}
END
sed -i 's/jobs: \[\]/jobs:/' declared.yaml
cat >declares <<'END'
#!/bin/sh
cat <<'JOBS'
{"type":"script/params","params":[{"name":"level","choices":["debug","info"],"default":"info","about":"how much to say"},{"name":"count","type":"number"},{"name":"dry-run","type":"boolean","default":false}]}
{"id":"say","script":["echo $level $count $DRY"],"params":["level","count",{"name":"DRY","from":"dry-run"}]}
JOBS
END
chmod +x declares
for definition in ./declared.yaml ./declares; do
	exits 0 "$definition: what is declared is listed" mci params "$definition"
	is "$(cat "$out")" "$(printf 'level\tdebug|info\tinfo\thow much to say\ncount\tnumber\t\t\ndry-run\tboolean\tfalse\t')" \
		"with types and defaults"
	is "$(mci params --json "$definition" | jq -c .)" \
		'{"name":"level","type":"choice","default":"info","choices":["debug","info"],"about":"how much to say"}
{"name":"count","type":"number"}
{"name":"dry-run","type":"boolean","default":"false"}' "in JSON too"
	exits 0 "values that fit" mci-build -q "$definition" count=3 -p dry-run=true
	is "$(mci log say)" "info 3 true" "reach the jobs, with defaults"
	exits 2 "a missing one" mci-build -q "$definition"
	is "$(cat "$err")" "mci-build: param count is missing: give -p count=VALUE (a number)" "is named"
	exits 2 "a wrong number" mci-build -q "$definition" count=3x
	is "$(cat "$err")" "mci-build: -p count: '3x' is not a number" "is named"
	exits 2 "a wrong choice" mci-build -q "$definition" count=3 level=loud
	is "$(cat "$err")" "mci-build: -p level: 'loud' is none of debug, info" "is named"
	exits 2 "one that is not declared" mci-build -q "$definition" count=3 levle=info
	is "$(cat "$err")" "mci-build: -p levle: the definition takes no such param; did you mean 'level'?" "is named"
	exits 0 "a plan needs no values" mci-build --plan "$definition"
	is "$(jq -r 'select(.type == null).id' "$out")" say "and shows the jobs"
	cp "$out" plan
	is "$(mci-build --plan - <plan)" "$(cat plan)" "behind what is declared, and is the plan of itself"
	exits 0 "it runs as the definition" mci-build -q -p count=3 - <plan
	is "$(mci log say)" "info 3 false" "with the defaults"
	exits 2 "and refuses the same" mci-build -q - <plan
	exits 0 "nor does lint" mci lint "$definition"
done
is "$(mci-build --json ./declares count=1 | jq -r 'select(.type == "script/params").params[1].name')" count \
	"the build's log tells them"
printf '%s\n' '#!/bin/sh' "printf '%s\n' '{\"id\":\"a\",\"script\":\"true\"}' '{\"type\":\"script/params\",\"params\":[]}'" >late
chmod +x late
exits 125 "declared behind a job" mci-build -q ./late
has "$err" '^mci-build: ./late: line 2: script/params comes once, and before the first job' "is an error"
exits 1 "for lint too" mci lint ./late
has "$out" 'line 2 of its output: script/params comes once' "with the line"
# wrong LIST TEXT: a declaration that lint refuses
wrong() {
	printf '{"params":%s,"jobs":[]}\n' "$1" >wrong.json
	run mci lint ./wrong.json
	like "$(cat "$out")" "wrong.json:1:[0-9]+: params$2" "a declaration: $2"
}
wrong '1' ': expected a list'
wrong '[{"nmae":"a"}]' "\\[0\\]\\.nmae: unknown key; did you mean 'name'"
wrong '[{"type":"number"}]' '\[0\]\.name: missing'
wrong '[{"name":"a","type":"numbr"}]' "\\[0\\]\\.type: there is no type 'numbr', did you mean 'number'"
wrong '[{"name":"a b"}]' "\\[0\\]\\.name: 'a b' is not a name"
wrong '[{"name":"a"},{"name":"a"}]' "\\[1\\]\\.name: 'a' is declared before"
wrong '[{"name":"a","type":"choice"}]' '\[0\]\.choices: missing'
wrong '[{"name":"a","type":"number","choices":["1"]}]' '\[0\]\.choices: only a choice'
wrong '[{"name":"a","type":"secret","default":"x"}]' '\[0\]\.default: what stands in a definition'
printf '%s\n' '{"params":[{"name":"key","type":"secret","about":"to sign with"}],' \
	'"jobs":[{"id":"a","script":"test -n \"$K\"","params":[{"name":"K","from":"key"}]}]}' >secret.json
exits 2 "a secret that is missing" mci-build -q -f ./secret.json
is "$(cat "$err")" "mci-build: param key is missing: give --secret key (to sign with)" "is named"
exits 2 "a secret as a param" mci-build -q -f ./secret.json -p key=open
has "$err" "is declared as a secret: give it by --secret key, not -p" "is refused"
echo hidden-value >key
exits 0 "a secret as one" mci-build -q -f ./secret.json --secret-file key

# --- under another name

printf '%s\n' '- {id: a, script: "echo $GH_TOKEN", params: [{name: GH_TOKEN, from: gh-token.v1}]}' >other.yaml
exits 0 "a param under another name" mci-build -q -f ./other.yaml -p gh-token.v1=open
is "$(mci log a)" open "has its value"
is "$(mci-build --plan -f ./other.yaml | mci-build --plan - | jq -c .params)" '[{"name":"GH_TOKEN","from":"gh-token.v1"}]' \
	"a plan keeps it"
exits 125 "a param that no variable can be" sh -c "echo '{\"id\":\"a\",\"script\":\"true\",\"params\":[\"a-b\"]}' | mci-build -q -"
has "$err" "params\\[0\\]: 'a-b' can name no variable: write \\{\"name\":\"NAME\",\"from\":\"a-b\"\\}" "says how it is written"
finish
