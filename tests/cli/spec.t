#!/bin/sh
# mci spec: a job from a command line, as the line that a script writes.
. "${0%/*}/lib.sh"
need jq

# writes EXPECTED TEXT OPERAND...: mci spec prints that line, which is one
writes() {
	expected=$1 text=$2
	shift 2
	run mci spec "$@"
	is "$(cat "$out" "$err")" "$expected" "$text"
	is "$(mci-build --plan - <"$out" 2>&1)" "$expected" "and that is a job"
}

writes '{"id":"unit","argv":["make","check"]}' "a command" unit -- make check
writes '{"id":"unit","argv":["printf","%s\\n","two words","\"quoted\"","-k","--"]}' "its words as they are" \
	unit -- printf '%s\n' 'two words' '"quoted"' -k --
writes '{"id":"a","argv":["x"],"env":{"CC":"clang -O2","EMPTY":"","N":"5"}}' "variables" \
	a --env 'CC=clang -O2' --env EMPTY= --env N=5 -- x
writes '{"id":"a","argv":["x"],"timeout":"10m","retry":{"count":2}}' "keys that take a text or a number" \
	a -k timeout=10m -k retry=2 -- x
writes '{"id":"a","script":["echo $((1 + 1)) | cat"],"allow-failure":true,"skip-code":77}' "a script in the place of a command" \
	a -k 'script=echo $((1 + 1)) | cat' -k allow-failure=true -k skip-code=77
writes '{"id":"a","script":["one","[2]"],"finally":["rm x"]}' "a key that comes again is a list" \
	a -k script=one -k 'script=[2]' -k 'finally=rm x'
writes '{"id":"a","script":["one",{"name":"Two","run":"two"}],"finally":["three","[4]"]}' "entries as JSON, names included" \
	a -k 'script=["one",{"name":"Two","run":"two"}]' -k 'finally=["three","[4]"]'
writes '{"id":"a","script":["one",{"name":"Two","run":"two"}]}' "a named one behind another" \
	a -k script=one -k 'script={"name":"Two","run":"two"}'
writes '{"id":"a","argv":["x"],"dir":"5","labels":{"speed":"fast"},"params":["who"],"allow-failure":{"exit":[3]}}' \
	"JSON where a key takes more than a text" \
	a -k dir=5 -k 'labels={"speed":"fast"}' -k params=who -k 'allow-failure={"exit":[3]}' -- x
writes '{"id":"a","argv":["x"],"params":["one","two"],"matrix":{"CC":["gcc"]}}' "lists and objects" \
	a -k 'params=["one","two"]' -k 'matrix={"CC":["gcc"]}' -- x
writes '{"id":"gate","blocked":true}' "no command at all" gate -k blocked=true
is "$({ mci spec a -- true; mci spec b --depends-on a --depends-on c -- true; mci spec c -- true; } | mci-build --plan - | jq -c '[.id, ."depends-on"]' | tr -d '\n')" \
	'["a",null]["b",["a","c"]]["c",null]' "a script of such lines is a build"

# refuses PATTERN TEXT OPERAND...
refuses() {
	pattern=$1 text=$2
	shift 2
	exits 2 "$text" mci spec "$@"
	has "$err" "^mci: $pattern" "which says why"
}
refuses "timeuot: unknown key; did you mean 'timeout'\?" "a key that is none" a -k timeuot=5m -- x
refuses 'timeout: 5 has no unit' "a wrong value" a -k timeout=5 -- x
refuses "id: 'no id' is not a job id" "a wrong id" 'no id' -- x
refuses 'script: missing' "nothing to do" a
refuses "-k 'blocked': expected KEY=VALUE" "no value" a -k blocked -- x
refuses "--env 'A': expected K=V" "no variable" a --env A -- x
refuses 'env.1: not a name of letters' "a name that is none" a --env 1=2 -- x
refuses 'argv: a job has script or argv, not both' "two things to do" a -k script=x -- y
refuses 'expected spec ID -- COMMAND' "a command that is not set apart" a make check
refuses 'a word is not UTF-8' "what JSON cannot carry" a -- "$(printf '\377')"

finish
