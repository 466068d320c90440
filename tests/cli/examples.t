#!/bin/sh
# Every example builds, in a copy of its own.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/events-lib.sh"

need jq python3 cc
cp -R "$ROOT/examples" .

# ends EXAMPLE: the ids of its successful jobs
ends() {
	jq -r 'select(.type=="job/end" and .status=="success").job' "$out" | sort | tr '\n' ' '
}

for example in hello react python c jq yaml monkey; do
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
	esac
done

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
	hello | react | python | c | jq | yaml | monkey | notify) ;;
	*) fail "examples/$name is tested" ;;
	esac
done
finish
