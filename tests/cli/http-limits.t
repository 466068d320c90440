#!/bin/sh
# mci-api over HTTP: how much one client may ask, how long it waits for a service that is away, and that an answer that
# lasts ends with the right to it.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need jq curl git

wiring | sed 's/^api: mci-api /&--rate 10 /' >"$T/wiring"
up "$T/wiring" || exit 1
socket=${MCI_SUPERVISE_LISTEN#unix:}
far="unix:$XDG_RUNTIME_DIR/mci/mci.sock"
v=/api/v1
# made NAME=VALUE...: a token
made() { mci call -a "$api" token/create "$@" | jq -r .token; }
# ask TOKEN PATH [CURL OPTION...]
ask() {
	with=$1 path=$2
	shift 2
	curl -gs --unix-socket "$socket" ${with:+-H "Authorization: Bearer $with"} "$@" "http://localhost$path"
}
# statuses TOKEN PATH: of 200 requests, how many of which; the last answer is in last
statuses() {
	curl -s --unix-socket "$socket" ${1:+-H "Authorization: Bearer $1"} -o last -D heads -w '%{http_code}\n' \
		"http://localhost$2#[1-200]" | sort | uniq -c | awk '{ printf "%s%s:%d", (NR > 1 ? " " : ""), $2, $1 }'
}

# ---- how much is asked
one=$(made name=one scopes:='["admin"]') two=$(made name=two scopes:='["read"]') agents=$(made agent=far)
mci call -a "$api" org/put name=acme >/dev/null
mci call -a "$api" repo/put org=acme name=seen public:=true >/dev/null
like "$(statuses "$one" $v/orgs)" '^200:[56][0-9] 429:1[345][0-9]$' "a token may ask a while as fast as it likes, and then so much a second"
like "$(tr -d '\r' <heads | sed -n 's/^Retry-After: //p' | tail -n 1),$(jq -c '[.status,.detail]' last)" \
	'^1,\[429,"more than 10 requests a second came from this token"\]$' "it is told why, and when to come again"
is "$(ask "$two" $v/orgs -o /dev/null -w '%{http_code}')" 200 "another one is none the worse for it"
is "$(statuses "$agents" $v/me)" "200:200" "and what builds are run with is never held up"
like "$(statuses "" $v/orgs/acme/repos/seen/builds)" '^200:[56][0-9] 429:1[345][0-9]$' "who has none is counted by the address"
like "$(statuses "" /health),$(ask "$two" $v/orgs -o /dev/null -w '%{http_code}')" '^200:[1-9]?[0-9] 429:1[0-9][0-9],200$' "... for all paths"
wait_until "time goes by" sh -c '[ "$(curl -s -o /dev/null -w "%{http_code}" --unix-socket "$1" http://localhost/health)" = 200 ]' - "$socket"
pass "it can ask again later"

# ---- what it does when nobody asks anything
# quiet: two seconds without a system call of any part
quiet() {
	# shellcheck disable=SC2086 # an option for each
	timeout -s INT 2 strace -f -qq -c -o "$T/calls" $parts >"$T/said" 2>&1
	[ $? = 124 ] || echo "strace ended" >>"$T/said"
	! [ -s "$T/calls" ]
}
if strace -o /dev/null true 2>/dev/null; then
	parts=$(mci status --json | jq -r 'select(.pid) | "-p \(.pid)"' | tr '\n' ' ')
	like "$parts" '^(-p [0-9]+ ){4,}$' "all parts are looked at"
	for _ in 1 2 3 4 5; do quiet && break; done
	is "$(cat "$T/calls" "$T/said")" "" "nobody is woken up when nobody asks"
else
	skip 2 "strace may not trace here"
fi
down

# ---- answers that last
up || exit 1
agent --runner host
sed "s|@GO@|$T/go|" <<'JOBS' >specs
{"id":"slow","script":["echo first","while [ ! -e @GO@ ]; do sleep 0.05; done"]}
JOBS
project open <specs
mci call -a "$api" repo/put org=acme id=open public:=true >/dev/null
mci trigger acme/open >/dev/null
log="$v/orgs/acme/repos/open/builds/1/jobs/slow/log?follow=true"
token=$(made name=watcher scopes:='["read"]')
wait_until "the job prints" sh -c 'curl -sf --unix-socket "$1" -H "Authorization: Bearer $2" "http://localhost${3%\?*}" | grep first' - "$socket" "$token" "$log"
# follow NAME TOKEN PATH: in the background, until it ends; its status in NAME.end
follow() {
	name=$1 with=$2 path=$3
	(
		ask "$with" "$path" -N >"$name"
		echo $? >"$name.end"
	) &
	started="$started $!"
	wait_until "$name has begun" test -s "$name"
}
kept=$(made name=kept scopes:='["read"]')
follow events "$token" "$v/events?from=start"
follow kept "$kept" "$v/events?from=start"
follow built "$token" "$v/orgs/acme/repos/open/builds/1/events?follow=true"
follow log "$token" "$log"
follow anybody "" "$log"
short=$(mci token create --name short --expires 2s --scope read)
follow short "$short" "$v/events?from=start"
mci call -a "$far" token/remove id=watcher >/dev/null
mci call -a "$far" repo/put org=acme id=open public:=false >/dev/null
# ends NAME TEXT
ends() {
	wait_until "$1 ends" test -s "$1.end"
	is "$(cat "$1.end")" 18 "$2"
}
ends events "the events of a token that is revoked are cut"
ends built "those of a build"
ends log "a log"
ends anybody "that of anybody where the repository is not public any more"
ends short "what is for a token that has expired"
ok "and no other one" test ! -e kept.end
seconds=$(date +%s)
again=$(made name=again scopes:='["read"]') admin=$(made name=boss scopes:='["admin"]')
follow again "$again" "$v/events?from=start"
ask "$admin" $v/tokens/again -X DELETE
wait_until "it ends" test -s again.end
ok "at once where it is revoked over HTTP" test $(($(date +%s) - seconds)) -le 3
touch "$T/go"
down

# ---- a service that is away
background mci-api -l "$T/x.sock" --http "unix:$T/http" --store "unix:$T/nobody"
wait_until "it listens" test -S "$T/http"
socket=$T/http
is "$(ask any $v/orgs -m 10 -D heads | jq -c '[.status,.detail]'),$(tr -d '\r' <heads | sed -n 's/^Retry-After: //p')" \
	'[503,"a service behind this is away"],1' "a store that is away is told soon, with when to come again"
is "$(ask "" $v/ready -m 10 | jq -c '[.ready,.away[0]]')" '[false,"store"]' "which is not ready"
finish
