#!/bin/sh
# mci-from(7): what other systems say, written for mci, runs as it stands there: keys of a job among others, all jobs
# of a file, or a command. A comment says with which status when that is not 0.
. "${0%/*}/lib.sh"
need jq git awk python3 bash
python3 -c "import yaml" 2>/dev/null || need python3-yaml

# Each block of the page becomes a file N.text; N.name is the item, N.exits the status.
awk '
	function put(text) {
		gsub(/\\e/, "\\", text)
		gsub(/\\&/, "", text)
		gsub(/\\\(dq/, "\"", text)
		return text
	}
	/^\.Ss / { system_ = substr($0, 5) }
	/^\.Sh EXAMPLES/ { exit }
	/^\.It / { item = put(substr($0, 5)) }
	/^\.\\" exits / { exits = $3 }
	/^\.Bd -literal/ {
		inside = 1
		printf "%s: %s\n", system_, item >(++n ".name")
		printf "%d\n", exits >(n ".exits")
		exits = 0
		next
	}
	/^\.Ed/ { inside = 0 }
	inside { print put($0) >(n ".text") }' "$ROOT/man/mci-from.7"

mkdir -p src docs .mci same
printf '#!/bin/sh\necho hello\n' >hello.sh
printf -- '- {id: one, script: echo one}\n- {id: two, script: echo two, depends-on: one}\n' >jobs.yaml
printf '#!/bin/sh\necho %s\n' "'{\"id\":\"mine\",\"script\":\"true\"}'" >.mci/build
touch src/file docs/file
chmod +x hello.sh .mci/build
git init -q . && git add src docs .mci hello.sh jobs.yaml
git -c user.name=t -c user.email=t@localhost commit -qm one
mci-build -q
printf 'not-so-secret\n' >secret

# builds N: whole files as they are, keys in a job among others
builds() {
	case $(head -n 1 "$1.text") in
	-* | jobs: | params: | defaults:* | x-*) cp "$1.text" row.yaml ;;
	*)
		{
			printf -- '- {id: build, script: "true"}\n- {id: test, script: "true"}\n- id: job\n'
			grep -q '^script:' "$1.text" || echo '  script: echo it runs'
			sed 's/^/  /' "$1.text"
		} >row.yaml
		;;
	esac
	set --
	for secret in docker-password access-token ssh-key; do
		! grep -q "from: $secret" row.yaml || set -- "$@" --secret-file "$secret=secret"
	done
	run timeout 60 mci-build -q --runner host --blocked skip -f ./row.yaml "$@"
}

n=1
while [ -e "$n.text" ]; do
	name=$(cat "$n.name") expected=$(cat "$n.exits")
	case $(head -c 2 "$n.text") in
	'$ ') run timeout 60 sh -e -c "$(sed 's/^\$ //' "$n.text")" ;;
	*) builds "$n" ;;
	esac
	if [ "$status" = "$expected" ]; then
		pass "$name"
	else
		fail "$name (status $status, not $expected)" "$n.text" "$out" "$err"
	fi
	[ ! -e row.yaml ] || [ "$expected" = 125 ] || ok "$name: lint has nothing against it" mci lint ./row.yaml
	[ ! -e row.yaml ] || [ "$expected" = 125 ] || cp row.yaml "same/$n.yaml"
	rm -f row.yaml made.txt artifact.txt service.pid
	n=$((n + 1))
done
# each of them as JSON, and its plan as lines, has the same plan; numbers and booleans are the texts that they are
# in a matrix
python3 -c 'import glob, json, yaml
for path in glob.glob("same/*.yaml"):
	json.dump(yaml.safe_load(open(path)), open(path[:-5] + ".json", "w"))'
for file in same/*.yaml; do
	row=${file%.yaml}
	mci-build --plan -q "./$file" >"$row.plan"
	mci-build --plan -q "./$row.json" >"$row.json.plan"
	mci-build --plan -q - <"$row.plan" >"$row.lines.plan"
done
is "$(python3 -c 'import glob, json
def texts(v):
	if isinstance(v, dict):
		return {k: texts(w) for k, w in v.items()}
	return [texts(w) for w in v] if isinstance(v, list) else json.dumps(v).strip("\"")
def plan(path):
	return [texts(json.loads(line)) for line in open(path)]
for path in glob.glob("same/*.yaml"):
	plans = [plan(path[:-5] + end) for end in (".plan", ".json.plan", ".lines.plan")]
	if not plans[0] or plans[1] != plans[0] or plans[2] != plans[0]:
		print(open(path).read(), plans)')" "" "YAML, JSON and lines say each of them in the same way"
is "$((n > 100))" 1 "the page has its rows"
finish
