#!/bin/sh
# Every example builds, in a copy of its own.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"

need jq python3 cc git
cp -R "$ROOT/examples" .

# ends EXAMPLE: the ids of its successful jobs
ends() {
	jq -r 'select(.type=="job/end" and .status=="success").job' "$out" | sort | tr '\n' ' '
}

for example in hello react python c jq yaml monkey cross monorepo release parts cached service; do
	exits 0 "$example is clean" timeout 60 mci lint -C "examples/$example"
	is "$(cat "$out" "$err")" "" "without a warning"
	exits 0 "$example builds" timeout 60 mci-build --json -C "examples/$example"
	case $example in
	react) is "$(ends)" "careful other report " "react answered the failure" ;;
	python) is "$(cat "$(jq -r 'select(.type=="build/start").folder' "$out")/logs/slowest.log")" clock "python found the slowest" ;;
	c) is "$(ends)" "step-1 step-2 step-3 step-4 step-5 " "c made a chain" ;;
	jq) is "$(ends | wc -w)" 5 "jq made five jobs" ;;
	yaml) is "$(ends)" "lint pack unit.clang.0 unit.clang.2 unit.gcc.0 unit.gcc.2 " "yaml expanded its matrix" ;;
	monkey) is "$(ends)" "compile test " "the original's file ran" ;;
	cross)
		is "$(ends)" "build.c11.0 build.c11.2 build.c17.s build.c99.0 done size.c11 size.c17 " "cross built all in folders of their own"
		is "$(ls -A examples/cross)" "$(ls -A "$ROOT/examples/cross")" "and left its own clean"
		;;
	monorepo) is "$(ends)" "api spelling together web " "monorepo built everything, as nothing says what changed" ;;
	cached) is "$(ends)" "compile package page test " "cached built without taking results, as nobody asked for it" ;;
	service)
		is "$(ends)" "count " "service started its database, and the job found it"
		logs=$(jq -r 'select(.type=="build/start").folder' "$out")/logs
		is "$(tail -n 1 "$logs/count.log") $(cat "$logs/count+store.log")" "visits store: ready" "which was there for finally, too"
		if mci-job --sandbox -- true >"$out" 2>&1; then
			exits 0 "service builds in sandboxes" timeout 60 mci-build --json --sandbox -C examples/service
		else
			skip 1 "no sandbox here"
		fi
		is "$(mci-build --plan -q -e STORE_IMAGE=python:3 -C examples/service | jq -r '.services[].image')" python:3 \
			"and has the database in a container when it is asked to"
		;;
	release) is "$(ends)" "test.1 test.2 " "release packs nothing without a tag" ;;
	parts)
		is "$(ends)" "goodbye hello unit " "parts were put together"
		is "$(mci log -C examples/parts hello) $(mci log -C examples/parts goodbye)" "Hello, world. Goodbye, everybody." \
			"with values"
		is "$(jq -r 'select(.note.test).note | .test + "=" + .result' "$out" | tr '\n' ' ')" "sum.small=pass sum.large=skip " \
			"and its test report was read"
		like "$(mci show -C examples/parts | tr '\t' ' ')" '^success unit .*2 tests, 1 skipped$' "which mci show tells"
		;;
	esac
done

# the jobs of the example of that name whose results were taken over
cached() {
	mci-build --json --unsealed -C examples/cached 2>"$err" | jq -r 'select(.type=="job/end" and .cached).job' | sort | tr '\n' ' '
}
is "$(cached)" "" "cached: the first build that takes results runs all"
is "$(cached)" "compile package page test " "the second none"
echo '# More' >>examples/cached/doc/sum.md
is "$(cached)" "compile test " "a change of its page leaves alone what has nothing to do with it"
mkdir package && (cd package && mci artifact get -C . "$(mci ls -C ../examples/cached -q | head -n 1)/package")
is "$(cd package && ls sum)" "doc
include
lib" "what came of it is fetched"

# ids OPTION...: the jobs that a plan of the example has with these facts
ids() {
	mci-build --plan -q "$@" | jq -r '.id // empty' | tr '\n' ' '
}
is "$(ids -C examples/monorepo --changed api/main.c)" "api together " "monorepo: a change of one part is built with what joins them"
is "$(ids -C examples/monorepo --changed lib/README.md)" "api web together spelling " "one of what they share is built in both"
is "$(ids -C examples/monorepo --changed other)" "" "and one that is of no part in none"
is "$(ids -C examples/release --event push --branch main)" "test tell " "release: a push is tested, and a failure told"
is "$(ids -C examples/release --event tag --tag v1-rc1)" "test pack " "a candidate is packed"
is "$(ids -C examples/release --event tag --tag v1)" "test pack publish " "and a release published"
is "$(mci params -C examples/release | cut -f 1-3)" "$(printf 'channel\tstable|beta\tbeta')" "with a param that it declares"
git init -q examples/release
(cd examples/release && git add . && git -c user.name=t -c user.email=t@localhost commit -qm one && git tag v1)
exits 0 "a release that nobody lets go is no failure" timeout 60 mci-build --json -C examples/release
is "$(jq -r 'select(.type == "job/end") | .job + "=" + .status' "$out" | sort | tr '\n' ' ')" \
	"pack=success publish=skipped tell=skipped test.1=success test.2=success " "only what waits for a person is left out"

# filters leave alone what they wrote
filters=$PWD/examples/parts/.mci/filters
(cd examples/parts && for filter in part junit policy; do
	mci-build --plan | jq -c '. + {"part/use":"greet","part/with":{"WHO":"me"},"junit/path":"*.xml"} | del(.script)' |
		"$filters/$filter" >once && "$filters/$filter" <once >twice && cmp once twice || echo "$filter"
	done) >changed 2>&1
is "$(cat changed)" "" "what has passed a filter passes it unchanged"
exits 0 "a plan of filtered jobs builds" timeout 60 sh -c 'cd examples/parts && mci-build --plan | mci-build -q -'
echo '{"id":"get","script":["curl -s https://localhost/x | sh"]}' >download
exits 125 "policy refuses to run a download" mci-build -q --through "$filters/policy" - <download
has "$err" "job get: a download is run unseen" "and says so"
exits 125 "a part that is not there" mci-build -q --through "$filters/part" - <<END
{"id":"x","part/use":"nowhere"}
END
has "$err" "job x: part/use: nowhere: .*No such file" "is named"

# failed jobs become mail: the example's script, told of each by the hub
start_hub
mkdir bin
cat >bin/mail <<'END'
#!/bin/sh
[ -e tried ] || { touch tried; exit 1; }
{ echo "to: $3, subject: $2"; cat; } >>mails
END
chmod +x bin/mail
exits 1 "notify builds, and one job fails" timeout 60 mci-build -q --events "$hub" -C examples/notify
background env PATH="$PWD/bin:$PATH" NOTIFY=dev@localhost mci-events sub -a "$hub" --durable notify job/end \
	--from start --where status=failure -- examples/notify/notify
wait_for_line mails 'all is lost'
has mails '^to: dev@localhost, subject: local/notify/1: bad failed \(exit 3\)$' "notify mails the job that failed"
is "$(grep -c '^to:' mails)" 1 "and no other, though the first try failed"
kill "$pid"
wait_end "$pid"

for folder in "$ROOT"/examples/*/; do
	name=$(basename "$folder")
	case $name in
	front) ;; # nginx.conf by http-front.t; a Caddyfile needs Caddy
	hello | react | python | c | jq | yaml | monkey | cross | monorepo | release | parts | cached | service | notify) ;;
	*) fail "examples/$name is tested" ;;
	esac
done
finish
