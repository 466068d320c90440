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

mkdir -p src docs .mci
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

# plan_of FILE: its plan, with numbers and booleans as the texts that they are in a matrix
plan_of() {
	mci-build --plan -q "$1" |
		jq -c 'def t: if type == "object" then map_values(t) elif type == "array" then map(t) else tostring end; t'
}
# says_the_same TEXT: row.yaml as JSON, as lines and as the plan of it means the same
says_the_same() {
	python3 -c 'import json, yaml; print(json.dumps(yaml.safe_load(open("row.yaml"))))' >row.json
	plan_of ./row.yaml >plan
	plan_of ./row.json >json.plan
	mci-build --plan -q ./row.yaml | plan_of - >plan.plan
	if cmp plan json.plan && cmp plan plan.plan; then
		pass "$1: JSON and lines say it in the same way"
	else
		fail "$1: JSON and lines say it in the same way" plan json.plan plan.plan
	fi >same.out 2>&1
	cat same.out
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
	[ ! -e row.yaml ] || [ "$expected" = 125 ] || says_the_same "$name"
	rm -f row.yaml made.txt artifact.txt service.pid
	n=$((n + 1))
done
is "$((n > 100))" 1 "the page has its rows"
finish
