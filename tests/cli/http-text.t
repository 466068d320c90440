#!/bin/sh
# What a terminal gets from a server by curl, what a page shows as a badge, and what a watcher reads.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need jq curl git

up || exit 1
socket=${MCI_SUPERVISE_LISTEN#unix:}
token=$(mci token create --scope admin --name admin)
# web PATH [CURL OPTION...]: asks with $token; the body on standard output and in $T/body, its status in $T/code
web() {
	path=$1
	shift
	: >"$T/body"
	curl -s -o "$T/body" -D "$T/head" -w '%{http_code}' --unix-socket "$socket" ${token:+-H "Authorization: Bearer $token"} \
		"$@" "http://localhost$path" >"$T/code"
	cat "$T/body"
}
code() { web "$@" >/dev/null && cat "$T/code"; }
header() { tr -d '\r' <"$T/head" | sed -n "s/^$1: //Ip"; }

project zlib <<'END'
{"id":"compile","script":["echo compiling"]}
{"id":"notes","script":["printf '{\"test\":\"sum.%s\",\"result\":\"%s\"}\\n' a pass b fail c pass >>$MCI_NOTES; echo '{\"level\":\"warning\",\"message\":\"look\"}' >>$MCI_NOTES; echo v=1 >>$MCI_OUTPUT"]}
{"id":"test","script":["exit 3"],"depends-on":["compile"]}
END
is "$(web /acme/zlib)" "no builds yet" "a repository without builds"
is "$(web /api/v1/orgs/acme/repos/zlib/badge.json | jq -r .message)" "no builds" "its badge"
agent --runner host || exit 1
mci trigger --wait acme/zlib >/dev/null 2>&1

like "$(web /)" 'curl .*localhost/ORG/REPO/N' "the way in says how to go on"
like "$(web /acme)" '^acme/zlib/1 +failure +main +2' "an organisation: the newest build of each repository"
like "$(web /acme/zlib)" '^1 +failure +main +2.* first of zlib$|^1 +failure +main +2' "a repository: its builds"
web /acme/zlib/1 >/dev/null
is "$(header Content-Type)" "text/plain; charset=utf-8" "as text"
has "$T/body" '^acme/zlib/1  failure in [0-9ms.]+  main' "a build"
has "$T/body" '^├─ compile +success +[0-9.]+m?s$' "as a tree, in which a success needs no reason"
has "$T/body" '^└─ test +failure +[0-9ms.]+ +exit 3$' "of its jobs"
is "$(code /acme/zlib/2),$(cat "$T/body")" "404,404 Not Found: nothing of that name is here for this token" "one that is not there is told as text"
web /acme/zlib/1 -H 'Accept: text/html,*/*' >/dev/null
is "$(header Content-Type),$(grep -c '<pre>acme/zlib/1  failure' "$T/body")" "text/html; charset=utf-8,1" "a browser gets the same as a page"
like "$(header Content-Security-Policy)" "default-src 'none'" "in which nothing inline runs"
v=/api/v1/orgs/acme/repos/zlib/builds/1/jobs
is "$(web $v/notes/outputs | jq -c .)" '{"outputs":{"v":"1"}}' "a job's outputs"
is "$(web $v/compile/outputs | jq -c .)" '{"outputs":{}}' "... of one that has none"
is "$(web $v/notes/tests | jq -c '[[.tests[].test], .counts, .more]')" '[["sum.a","sum.b","sum.c"],{"pass":2,"fail":1},false]' "its tests"
is "$(web "$v/notes/tests?limit=2" | jq -c '[.tests[].test]'),$(header Link)" \
	"[\"sum.a\",\"sum.b\"],<$v/notes/tests?from=2&limit=2>; rel=\"next\"" "... a page of them"
is "$(web "$v/notes/annotations?from=3" | jq -c '[.annotations[].note.message]')" '["look"]' "its notes"
is "$(code $v/none/tests)" 404 "of a job that is not there"
token=
is "$(code /acme/zlib)" 401 "who has no token gets none of it"
is "$(code /api/v1/orgs/acme/repos/zlib/badge.svg)" 401 "nor a badge"
mci repo put acme/zlib public=true
is "$(code /acme/zlib)" 200 "but of what is public"
web '/api/v1/orgs/acme/repos/zlib/badge.svg?branch=main' >/dev/null
is "$(header Content-Type),$(grep -c '>failing</text>' "$T/body")" "image/svg+xml,1" "with a badge"
is "$(web /api/v1/orgs/acme/repos/zlib/badge.json | jq -c .)" '{"schemaVersion":1,"label":"build","message":"failing","color":"red"}' \
	"and what shields asks for"

# ---- for who watches it
is "$(web /health | jq -r .status),$(web /api/v1/ready | jq -c '[.ready,.away]')" 'ok,[true,[]]' "it is well, and ready"
is "$(code /metrics)" 401 "figures are not for everybody"
token=$(mci token create --scope read --for acme)
is "$(code /metrics)" 403 "nor for who has one organisation"
token=$(mci token create --scope read)
web /metrics >/dev/null
is "$(header Content-Type)" "application/openmetrics-text; version=1.0.0; charset=utf-8" "OpenMetrics"
is "$(tail -n 1 "$T/body")" "# EOF" "... to the end"
for line in 'mci_up{service="store"} 1' 'mci_queue_builds 0' 'mci_builds{status="failure"} 1' 'mci_agents 1' \
	'mci_http_requests_total{method="GET",route="/acme"' ; do
	case $line in
	*'route="/acme"') is "$(grep -c acme "$T/body")" 0 "no name of anybody's is in a label" ;;
	*) is "$(grep -cFx "$line" "$T/body")" 1 "$line" ;;
	esac
done
has "$T/body" '^mci_http_request_duration_seconds_bucket\{method="GET",route="/\{org\}/\{repo\}/\{number\}",le="\+Inf"\} [0-9]' "latencies by route"
is "$(awk '/^# TYPE/ { if (seen[$3]++) print $3 }' "$T/body")" "" "each family is said once"
kill -TERM "$agent"
wait_end "$agent"
down
finish
