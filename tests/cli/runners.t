#!/bin/sh
# What every runner keeps: the same job is the same job wherever it runs. One suite for the runners of the kit
# and for a program mci-runner-NAME (mci-runner(7)).
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/runners-lib.sh"

mkdir programs work
cat >programs/mci-runner-plain <<'END'
#!/bin/sh
# the shortest runner there is: it becomes the command
[ "$1" = run ] || exit 2
cp "$2" "${PLAIN_SPEC:-/dev/null}"
shift 2
exec "$@"
END
chmod +x programs/mci-runner-plain
PATH=$PWD/programs:$PATH
runners="host sandbox plain"
cd work || exit 1

for r in $runners; do
	suite "$r"
done

PLAIN_SPEC=$T/spec mci-job -e PLAIN_SPEC --runner plain >"$out" 2>&1 <<'END'
{"id":"a","env":{"LD_PRELOAD":"/nowhere.so"},"script":["echo"]}
END
is "$(jq -c '[.id, .env.LD_PRELOAD, .folder]' "$T/spec")" "[\"a\",\"/nowhere.so\",\"$PWD\"]" \
	"a program is told the spec and the folder"
run mci-job --runner nothere </dev/null
is "$status" 2 "a runner that is not there is a bad command line"
has "$err" "no runner 'nothere', nor a program mci-runner-nothere" "which says what was looked for"
finish
