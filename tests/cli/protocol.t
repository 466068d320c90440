#!/bin/sh
# What real builds say is what the contract table and mci-protocol(7) say.
. "${0%/*}/lib.sh"
contract=${MCI_BIN%/bin}/tests/unit/contract transports=${MCI_BIN%/bin}/tests/contract/transports
need jq "$contract" "$transports"

checked() {
	is "$("$contract" --check <"$out")" '' "$1: every event is in the contract"
}

printf '%s\n' '{"type":"job/start","job":"a","attempt":"1","more":1}' '{"type":"job/none"}' '{"type":"a/b","x":1}' >events
is "$("$contract" --check <events)" "line 1: job/start: parameter attempt: expected a number, found a string
line 2: unknown type job/none" "the check finds what is wrong"

cat >specs <<'JOBS'
{"id":"good","script":["echo one","echo K=V >>$MCI_OUTPUT","mci post test/passed name=x"]}
{"id":"bad","script":["exit 3"],"depends-on":["good"]}
{"id":"killed","script":["kill -9 $$"]}
{"id":"late","script":["sleep 60"],"timeout":"100ms"}
{"id":"again","script":["false"],"retry":1}
{"id":"skipped","script":["true"],"depends-on":["bad"]}
{"id":"allowed","argv":["false"],"allow-failure":true}
{"id":"nowhere","argv":["/nowhere/at/all"]}
{"id":"notes","script":["echo '{\"a\":1}' >$MCI_NOTES","echo text >$MCI_NOTES"]}
JOBS
run mci-build --json - <specs
is "$status" 1 "a build in which jobs end in every way"
is "$(jq -r 'select(.type=="job/end").job' "$out" | sort | tr '\n' ' ')" \
	"again allowed bad good killed late notes nowhere skipped " "every job has its end"
checked "jobs"

cat >script <<'SCRIPT'
#!/bin/sh
echo '{"id":"a","script":["true"]}'
while read -r line; do
	case $line in
	*script/idle*) exit 0 ;;
	esac
done
SCRIPT
chmod +x script
exits 0 "a build with a script" mci-build --json ./script
checked "script"
printf '#!/bin/sh\necho garbage\nexit 1\n' >script
exits 125 "a build whose script is broken" mci-build --json ./script
checked "broken script"
printf '#!/bin/sh\necho '\''{"id":"a","script":["sleep 60"]}'\''\n' >script
background mci-build --json ./script
wait_for_line "$out" job/start
kill -TERM "$pid"
wait_end "$pid"
checked "canceled"

# the API of a running build answers what every service on its rows answers
printf '{"id":"ask","script":["%s $MCI_BUILD"]}\n' "$transports" >specs
exits 0 "the contract suite runs against a build" mci-build --json - <specs
finish
