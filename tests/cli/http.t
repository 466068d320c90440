#!/bin/sh
# mci-api over HTTP: what the server holds, with a token and a URL.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need jq curl git ssh-keygen

up || exit 1
socket=${MCI_SUPERVISE_LISTEN#unix:}
admin=$(mci token create --scope admin --name admin)
# web PATH [CURL OPTION...]: asks with $token; the body on standard output and in $T/body, its status in $T/code, its
# header in $T/head
web() {
	path=$1
	shift
	curl -s -o "$T/body" -D "$T/head" -w '%{http_code}' --unix-socket "$socket" ${token:+-H "Authorization: Bearer $token"} \
		"$@" "http://localhost$path" >"$T/code"
	cat "$T/body"
}
code() { web "$@" >/dev/null && cat "$T/code"; }
# header NAME: of the last answer
header() { tr -d '\r' <"$T/head" | sed -n "s/^$1: //Ip"; }
# json METHOD PATH BODY [CURL OPTION...]
json() {
	method=$1 where=$2 body=$3
	shift 3
	web "$where" -X "$method" -H 'Content-Type: application/json' -d "$body" "$@"
}
v=/api/v1

# ---- without a token
token=
is "$(web $v/version | jq -r .name),$(cat "$T/code")" "mci,200" "the version needs no token"
is "$(code $v/orgs),$(header WWW-Authenticate)" '401,Bearer realm="mci"' "all else does"
is "$(code $v/nothing/here),$(jq -r .title "$T/body")" "404,Not Found" "what is not there is told as a problem"
is "$(header Content-Type)" "application/problem+json" "... of its own type"
token=wrong
is "$(code $v/orgs)" 401 "a wrong token is told"
token=$admin
is "$(web $v/me | jq -c '[.id,.scopes]')" '["admin",["admin"]]' "who asks is told who that is"

# ---- what is kept
is "$(json POST $v/orgs '{"name":"My Org"}' | jq -c .),$(cat "$T/code")" '{"id":"my-org","created":true},201' "an organisation is made"
is "$(header Location)" "$v/orgs/my-org" "with where it is"
is "$(json POST $v/orgs '{"id":"my-org","name":"My Org"}' | jq .created),$(cat "$T/code"),$(header Location)" "false,200," "not again"
json POST $v/orgs/ '{"id":"put-org"}' >/dev/null
is "$(header Location)" "$v/orgs/put-org" "... once"
code $v/orgs/put-org -X DELETE >/dev/null
is "$(json PUT $v/orgs/put-org '{}' | jq -c .created),$(cat "$T/code")" "true,201" "nor is it made otherwise by PUT"
is "$(web "$v/orgs?name=Y%20O" | jq -c '[.orgs[].id]'),$(web "$v/orgs?name=put" | jq -c '[.orgs[].id]'),$(web "$v/orgs?name=none" | jq -c .orgs)" \
	'["my-org"],["put-org"],[]' "organisations are found by a part of their name, or id"
code $v/orgs/put-org -X DELETE >/dev/null
is "$(json PUT $v/orgs/my-org '{"max-builds":2}' | jq -c .created),$(web $v/orgs/my-org | jq -c '[.name,."max-builds"]')" \
	'false,["My Org",2]' "and changed"
json PUT $v/orgs/my-org/repos/zlib '{"url":"https://example.org/zlib","labels":{"env":"prod"}}' >/dev/null
is "$(web $v/orgs/my-org/repos | jq -c '[.repos[]|[.id,.main]]')" '[["zlib","main"]]' "a repository"
is "$(json PUT $v/orgs/my-org/params '{"params":[{"name":"A","value":"s3cr3t value"},{"name":"B","value":"b","plain":true,"only":[{"env":"test"}]}]}' |
	jq -c .),$(cat "$T/code")" '{"ids":["a","b"],"removed":0},200' "parameters are put as a whole list"
is "$(web $v/orgs/my-org/params | jq -c '[.params[]|[.name,.value]]')" '[["A",null],["B","b"]]' "no secret is told"
is "$(web $v/orgs/my-org/repos/zlib/params | jq -c '[.params[].name]')" '["A"]' "what builds of a repository get is told by its labels"
ssh-keygen -q -t ed25519 -N '' -f key </dev/null
is "$(jq -n --rawfile k key '{keys:[{id:"deploy",private:$k}]}' | json PUT $v/orgs/my-org/keys @- | jq -c .ids)" '["deploy"]' "keys as well"
hasnt "$T/body" PRIVATE "without what is private"
web $v/orgs/my-org/keys/deploy >/dev/null
is "$(grep -c PRIVATE "$T/body")" 0 "that is never told"
is "$(code $v/orgs/my-org/keys/deploy -X DELETE),$(code $v/orgs/my-org/keys/deploy)" "204,404" "one is removed"

# ---- builds
is "$(json POST $v/orgs/my-org/repos/zlib/builds '{"actor":"ann"}' | jq -r .build),$(cat "$T/code"),$(header Location)" \
	"my-org/zlib/1,202,/api/v1/orgs/my-org/repos/zlib/builds/1" "a build is triggered"
json POST $v/orgs/my-org/repos/zlib/builds '{"params":{"X":"1"},"new":"0123456789012345678901234567890123456789"}' >/dev/null
json POST $v/orgs/my-org/repos/zlib/builds '{}' >/dev/null
is "$(web $v/orgs/my-org/repos/zlib/builds/2 | jq -r .rev)" 0123456789012345678901234567890123456789 "... of a revision"
is "$(web "$v/orgs/my-org/repos/zlib/builds?limit=2" | jq -c '[.builds[].number]')" '[3,2]' "builds are listed"
is "$(header Link)" "</api/v1/orgs/my-org/repos/zlib/builds?before=my-org/zlib/2&limit=2>; rel=\"next\"" "with where it goes on"
is "$(web "$(header Link | sed 's/^<\(.*\)>.*/\1/')" | jq -c '[.builds[].number]'),$(header Link)" '[1],' "... to the end"
is "$(web "$v/builds?actor=ann" | jq -c '[.builds[].build]')" '["my-org/zlib/1"]' "builds of all are found by who asked for them"
is "$(web $v/orgs/my-org/builds/latest | jq -c '[.builds[].number]')" '[3]' "the newest of each repository"
is "$(web $v/orgs/my-org/repos/zlib/builds/latest | jq .number)" 3 "... of one"
is "$(code "$v/orgs/my-org/repos/zlib/builds/latest?actor=bob")" 204 "... of none"
is "$(json POST $v/orgs/my-org/repos/zlib/builds/3/cancel '{"reason":"no"}'; cat "$T/code")" 204 "one is canceled"
is "$(web $v/orgs/my-org/repos/zlib/builds/3 | jq -r .status)" canceled "it is"
is "$(json POST $v/orgs/my-org/repos/zlib/builds/3/retry '{}' | jq -r .build)" my-org/zlib/4 "and run again"
is "$(web $v/orgs/my-org/repos/zlib/builds/4 | jq -r .of)" my-org/zlib/3 "as what it was"
is "$(json POST $v/orgs/my-org/repos/zlib/builds/9/retry '{}' | jq -r .status)" 404 "one that is not there is not"
is "$(web $v/orgs/my-org/repos/zlib/builds/1/jobs | jq -c .)" '{"jobs":[],"more":false}' "its jobs"
is "$(code $v/orgs/my-org/repos/zlib/builds/1/jobs/none)" 404 "one that is none"
is "$(web $v/queue | jq .waiting)" 3 "the queue"

# ---- how it is asked
etag=$(web $v/orgs >/dev/null; header ETag)
is "$(code $v/orgs -H "If-None-Match: $etag"),$(header Content-Type)" "304," "what is known is not sent again"
json PUT $v/orgs/other '{}' >/dev/null
is "$(code $v/orgs -H "If-None-Match: $etag")" 200 "but when it has changed"
is "$(code $v/orgs -I),$(header Content-Length)" "200,$(web $v/orgs | wc -c | tr -d ' ')" "HEAD says what GET would"
is "$(code $v/orgs -X OPTIONS),$(header Allow)" "204,GET, HEAD, POST, OPTIONS" "OPTIONS what can be done"
is "$(code $v/orgs -X DELETE),$(header Allow)" "405,GET, HEAD, POST, OPTIONS" "so does what cannot"
is "$(code $v/orgs -X PATCH)" 405 "a method that nothing has too"
is "$(code $v/orgs -H 'Accept: text/html')" 406 "a type that is not here"
is "$(code $v/orgs -H 'Accept: text/html, application/*;q=0.5')" 200 "one of several that is"
is "$(code $v/orgs -d x=1)" 415 "a body of another type"
printf '{"name":"%s"}' "$(head -c 1100000 /dev/zero | tr '\0' x)" >large
is "$(json PUT $v/orgs/other @large | jq .status)" 413 "one that is too large"
is "$(json PUT $v/orgs/other @large -H 'Transfer-Encoding: chunked' | jq .status)" 413 \
	"... that does not say so before"
is "$(json PUT $v/orgs/my-org/params '{"params":[1]}' | jq -c '[.status,.field,.detail]')" '[400,"params","params: element 1: expected an object"]' "an element of a list too"
is "$(json PUT $v/orgs/other '{"name":1}' | jq -c '[.status,.field]')" '[400,"name"]' "a wrong type is told with its field"
is "$(json PUT $v/orgs/other '{"nome":"x"}' | jq -c '[.status,.field]')" '[400,"nome"]' "a member that is none too"
is "$(json PUT $v/orgs/other '{"id":"x"}' | jq -c '[.status,.field]')" '[400,"id"]' "and one that the path has said"
is "$(json PUT $v/orgs/other '[1]' | jq .status),$(json PUT $v/orgs/other '{"a"' | jq .status)" 400,400 "what is no object"
is "$(web "$v/orgs?limit=x" | jq -c '[.status,.field]'),$(web "$v/orgs?limit=0" | jq -c '[.status,.field]')" \
	'[400,"limit"],[400,"limit"]' "a parameter that is wrong"
is "$(web "$v/orgs?limits=1" | jq -c '[.status,.field]'),$(web "$v/orgs?limit=1&limit=2" | jq -c '[.status,.field]')" \
	'[400,"limits"],[400,"limit"]' "... unknown, or there twice"
is "$(code $v/orgs/.. --path-as-is),$(code $v/orgs/%2e%2e/repos),$(code $v/orgs/a%2Fb),$(code $v/orgs/a%00b),$(code $v/orgs/%zz),$(code $v/orgs/%ff)" \
	404,404,404,400,400,400 "no path leads anywhere else"

# ---- tokens
read=$(json POST $v/orgs/my-org/tokens '{"scopes":["read"],"name":"page","repo":"zlib"}' | jq -r .token)
token=$read
is "$(web $v/builds | jq '.builds|length'),$(web $v/repos | jq -c '[.repos[].id]')" '4,["zlib"]' "a token of a repository sees it"
is "$(code $v/orgs/my-org/params),$(code $v/orgs/other)" "404,404" "and nothing else"
is "$(json POST $v/orgs/my-org/repos/zlib/builds '{}' | jq -r .detail)" "this token has not the scope trigger" "nor may it do more"
token=$admin
is "$(web $v/tokens/page | jq -c '[.org,.repo,.scopes,has("used"),has("token")]')" '["my-org","zlib",["read"],true,false]' \
	"when it was shown is known"
is "$(code $v/orgs/other/tokens/page -X DELETE),$(code $v/orgs/my-org/tokens/page -X DELETE)" 404,204 "it is revoked"
token=$read
is "$(code $v/builds)" 401 "and good for nothing at once"
token=$admin

# ---- the document
web $v/openapi.json >document
is "$(jq -r '[.paths[]|keys|length]|add' document)" "$(mci api routes | grep -c .)" "each route is in the document"
mci api openapi >printed
is "$(jq -Sc . printed)" "$(jq -Sc . document)" "which is printed without a server, too"
mci api routes | awk -F '\t' '{ print ".It Cm " $1 " Pa " $2 " Pq " $3 }' >expected
sed -n '/^\.\\" routes/,/^\.\\" end/p' "$ROOT/man/mci-api.1" | grep '^.It' >got
is "$(diff expected got)" "" "and in mci-api(1)"
down

# ---- one request without a port
request() { printf '%s\r\n' "$@" '' | timeout 10 mci-api --stdin; }
request 'GET /api/v1/version HTTP/1.1' 'Host: localhost' >"$T/answer"
has "$T/answer" '^HTTP/1.1 200 OK' "a request on standard input is answered on standard output"
has "$T/answer" '"name":"mci"' "whole"
request 'POST /api/v1/call HTTP/1.1' 'Host: localhost' >"$T/answer"
has "$T/answer" '^HTTP/1.1 501 ' "lines of the kit are for a server alone"

# ---- addresses
python3 -c 'import socket, sys, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen(); print(s.getsockname()[1], flush=True); time.sleep(60)' >"$T/port" &
started="$started $!"
wait_for_line "$T/port" '^[0-9]'
exits 75 "a port that is taken" mci-api -l "$T/x.sock" --http "127.0.0.1:$(cat "$T/port")"
has "$err" "127.0.0.1:[0-9]*: another program listens there already" "... is told"
exits 75 "... by mci up too" mci-supervise --dir "$T/data2" -l "127.0.0.1:$(cat "$T/port")"

finish
