#!/bin/sh
# mci-api over HTTP: what the server holds, with a token and a URL.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need jq curl git

up || exit 1
http=$MCI_SUPERVISE_LISTEN
# web PATH [CURL OPTION...]: the body on standard output, its status in $T/code
web() {
	path=$1
	shift
	curl -s -o "$T/body" -w '%{http_code}' --unix-socket "${http#unix:}" "$@" "http://localhost$path" >"$T/code"
	cat "$T/body"
}
code() { web "$@" >/dev/null && cat "$T/code"; }

is "$(web /api/v1/version | jq -r .name),$(cat "$T/code")" "mci,200" "the version needs no token"
is "$(code /api/v1/orgs)" 401 "all else does"
is "$(code /nothing/here),$(jq -r .title "$T/body")" "404,Not Found" "what is not there is told as a problem"
is "$(code /api/v1/version -X DELETE)" 405 "a method that is not there too"
down

# one request without a port
request() { printf '%s\r\n' "$@" '' | timeout 10 mci-api --stdin; }
request 'GET /api/v1/version HTTP/1.1' 'Host: localhost' >"$T/answer"
has "$T/answer" '^HTTP/1.1 200 OK' "a request on standard input is answered on standard output"
has "$T/answer" '"name":"mci"' "whole"

finish
