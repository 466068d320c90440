#!/bin/sh
# What jobs print, over HTTP: its bytes and ranges of them, its lines, where they begin and when they came, as it grows, and
# a search through it.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need jq curl git zstd

up || exit 1
agent --runner host
socket=${MCI_SUPERVISE_LISTEN#unix:}
token=$(mci call -a "$api" token/create name=reader 'scopes:=["read"]' | jq -r .token)
log=/api/v1/orgs/acme/repos/app/builds/1/jobs/print/log
# ask PATH [CURL OPTION...]: the answer, also in $T/body, its status in $T/code
ask() {
	path=$1
	shift
	curl -gs -D "$T/head" -o "$T/body" -w '%{http_code}' --unix-socket "$socket" -H "Authorization: Bearer $token" "$@" \
		"http://localhost$path" >"$T/code"
	cat "$T/body"
}
code() { cat "$T/code"; }

sed "s|@GO@|$T/go|" <<'JOBS' >specs
{"id":"print","script":["i=0; while [ $i -lt 5000 ]; do i=$((i + 1)); echo \"line $i\"; done; printf 'last \\377'"]}
{"id":"slow","script":["echo first","while [ ! -e @GO@ ]; do sleep 0.05; done","echo second"]}
JOBS
project app <specs
mci trigger acme/app >/dev/null
mci wait -q acme/app/1 & waiting=$!
wait_until "the job has ended" sh -c "mci call -a '$api' job/list build=acme/app/1 | jq -e '.jobs[] | select(.job == \"print\" and .status == \"success\")'"
i=0
while [ $i -lt 5000 ]; do i=$((i + 1)); echo "line $i"; done >expected
printf 'last \377' >>expected

ask $log >/dev/null
ok "the bytes of a log are those that were printed" cmp -s expected "$T/body"
has "$T/head" "^Content-Length: $(wc -c <expected)" "with their number told"
is "$(ask $log -r 5-10)$(code)" "1
line206" "a range of them"
is "$(ask $log -r -6 | od -An -tx1 | tr -d ' \n')" 6c61737420ff "the end of them"
is "$(ask $log -r 99999999- >/dev/null; code)" 416 "none behind the last"
is "$(ask $log -r 5-1 >/dev/null; code),$(ask $log -H 'Range: bytes=a' >/dev/null; code)" 200,200 "what is no range asks for all"
ask $log -H 'Accept: application/x-ndjson' >lines
is "$(jq -r 'select(.line == 17) | .text' lines),$(jq -r 'select(.b64).b64' lines),$(jq -r 'select(.type == "eof").truncated' lines)" \
	"line 17,$(printf 'last \377' | base64),false" "lines as JSON, what is no UTF-8 as base64, and an end"
is "$(jq -s 'length' lines)" 5002 "all of them"
is "$(ask $log/index?every=1000 | jq -c '[.lines, .partial, (.offsets | length)]')" '[5000,true,6]' "where each thousandth line begins"
offset=$(ask $log/index | jq '.offsets[2]')
is "$(ask $log -r "$offset-" | head -n 1)" "line 2001" "is where it is"
is "$(ask $log/times | jq '.times[0][0]')" 0 "when lines came"
is "$(ask "$log/search?q=line+49" | jq -c '[.lines[0], (.lines | length), .more]')" '[48,111,false]' "the lines that have a text"
is "$(ask "$log/search?q=^line+[12]\$&regex=true" | jq -c .lines)" '[0,1]' "or match an expression"
is "$(ask "$log/search?q=LINE&limit=3" | jq -c .lines),$(ask "$log/search?q=LINE&ignore-case=true&limit=3" | jq -c '[.lines, .more]')" '[],[[0,1,2],true]' "in any case, some of them"
is "$(ask "$log/search" >/dev/null; code),$(jq -r .field "$T/body")" 400,q "something has to be looked for"
is "$(ask "$log/search?q=(&regex=true" | jq -c .lines)" '[]' "a broken expression finds nothing"
is "$(ask "$log?attempt=0" | jq -c '[.status,.field]'),$(ask "$log?run=2" >/dev/null; code)" '[400,"attempt"],404' "attempts and runs count from 1"
is "$(ask "${log%/print/log}/none/log" >/dev/null; code)" 404 "a log that is not there"

# ---- compressed
ask $log -H 'Accept-Encoding: gzip, deflate, ZSTD' >/dev/null
has "$T/head" '^Content-Encoding: zstd' "who takes zstd gets it"
hasnt "$T/head" '^Content-Length' "as it is made"
has "$T/head" '^Accept-Ranges: none' "without ranges"
has "$T/head" '^Vary: .*Accept-Encoding' "and what is kept of it is for those alone"
ok "the same bytes are in it" sh -c 'zstd -dqc "$1" | cmp -s - expected' - "$T/body"
ok "which are fewer" test "$(wc -c <"$T/body")" -lt $(($(wc -c <expected) / 2))
for takes in identity zstandard 'zstd;q=0' 'gzip;q=0, zstd; q=0.00, br' '*' ''; do
	ask $log -H "Accept-Encoding: $takes" >/dev/null
	ok "for who takes '$takes' they are as they are" cmp -s expected "$T/body"
done
for takes in 'zstd;q=0.001' 'zstd , gzip' 'br,zstd;q=1.0'; do
	is "$(ask $log -H "Accept-Encoding: $takes" | zstd -dqc | sha256sum)" "$(sha256sum <expected)" "'$takes' takes zstd"
done
for takes in gzip 'gzip, deflate' 'gzip, zstd;q=0' 'zstd;q=0.5, gzip;q=0.8'; do
	is "$(ask $log -H "Accept-Encoding: $takes" | gzip -dc | sha256sum)" "$(sha256sum <expected)" "'$takes' takes gzip"
done
has "$T/head" '^Content-Encoding: gzip' "which is said"
ok "... and smaller" test "$(wc -c <"$T/body")" -lt $(($(wc -c <expected) / 2))
etag() { tr -d '\r' <"$T/head" | sed -n 's/^ETag: //p'; }
ask $log -H 'Accept-Encoding: zstd' >/dev/null
packed=$(etag)
ask $log >/dev/null
ok "what is compressed has another ETag" test "$packed" != "$(etag)"
known=$(etag)
is "$(ask $log -H "If-None-Match: $known" >/dev/null; code),$(etag)" "304,$known" "a log that has its end is not sent again to who has it"
is "$(ask $log -H 'Accept-Encoding: zstd' -H "If-None-Match: $known" >/dev/null; code)" 200 "... in another form it is"
is "$(ask $log -r 5-10 -H "If-Range: $known" >/dev/null; code),$(ask $log -r 5-10 -H "If-Range: $packed" >/dev/null; code)" \
	206,200 "a range is of what the client has, or it gets all"
is "$(ask $log -I >/dev/null; code),$(sed -n 's/^Content-Length: \([0-9]*\).*/\1/p' "$T/head")" "200,$(wc -c <expected)" "HEAD says how long it is"
is "$(ask $log -r 5-10 -H 'Accept-Encoding: zstd')$(code)" "1
line206" "a range is of the bytes as they are"
hasnt "$T/head" '^Content-Encoding' "... and said to be"
is "$(ask $log -H 'Accept-Encoding: zstd' -H 'Accept: application/x-ndjson' | zstd -dqc | head -n 5001 | sha256sum)" "$(head -n 5001 lines | sha256sum)" "lines as JSON too"

slow=/api/v1/orgs/acme/repos/app/builds/1/jobs/slow/log
wait_until "the other has begun" sh -c "curl -sf --unix-socket '$socket' -H 'Authorization: Bearer $token' http://localhost$slow | grep first"
is "$(ask $slow/index | jq .open)" true "a log that is written"
curl -sN --unix-socket "$socket" -H "Authorization: Bearer $token" "http://localhost$slow?follow=true" >live &
live=$!
curl -sN --unix-socket "$socket" -H "Authorization: Bearer $token" -H 'Accept: text/event-stream' "http://localhost$slow?follow=true" >events &
sse=$!
curl -sN --unix-socket "$socket" -H "Authorization: Bearer $token" -H 'Accept-Encoding: zstd' "http://localhost$slow?follow=true" >packed &
packed=$!
curl -sN --unix-socket "$socket" -H "Authorization: Bearer $token" -H 'Accept-Encoding: gzip' "http://localhost$slow?follow=true" >zipped &
zipped=$!
started="$started $live $sse $packed $zipped"
wait_for_line live first
wait_until "a compressed one" sh -c 'zstd -dqc packed 2>/dev/null | grep -q first'
wait_until "by gzip" sh -c 'gzip -dc zipped 2>/dev/null | grep -q first'
pass "what has come so far can be read, compressed too"
wait_for_line events first
touch "$T/go"
wait_end $live
is "$(cat live)" "first
second" "is followed to its end"
wait_end $packed
is "$(zstd -dqc packed)" "first
second" "... and has an end"
wait_end $zipped
is "$(gzip -dc zipped)" "first
second" "... by gzip too"
wait_end $sse
is "$(grep -c '^data: "' events),$(grep '^event' events),$(sed -n 's/^id: //p' events | tail -n 1)" "2,event: eof,13" "as events too, each with the place to go on"
is "$(curl -sN --unix-socket "$socket" -H "Authorization: Bearer $token" -H 'Accept: text/event-stream' -H 'Last-Event-ID: 6' "http://localhost$slow?follow=true" | grep '^data' | head -n 1)" \
	'data: "second"' "from which it goes on"
wait_end $waiting

# ---- as it lies
is "$(mci call -a "$api" log/read build=acme/app/1 job=slow packed:=true 2>&1)" "mci: that log is not compressed" "what lies as it is cannot be had compressed"
down
mci-log sweep --dir "$T/data/logs" --compress-after 1ms >/dev/null
up || exit 1
lies=$(find "$T/data" -name 'print*.log.zst')
ask $log -H 'Accept-Encoding: zstd' >/dev/null
n=$(wc -c <"$T/body")
ok "what lies compressed is sent as it lies" sh -c 'head -c "$3" "$1" | cmp -s - "$2"' - "$lies" "$T/body" "$n"
has "$T/head" "^Content-Length: $n" "... so that its length is known"
is "$(zstd -dqc "$T/body" | sha256sum)" "$(sha256sum <expected)" "and whole"
is "$(ask $log | sha256sum),$(ask $log -H 'Accept-Encoding: gzip' | gzip -dc | sha256sum)" "$(sha256sum <expected),$(sha256sum <expected)" "others get it as they take it"
is "$(ask $log -r 5-10 -H 'Accept-Encoding: zstd')$(code)" "1
line206" "and ranges of it"
is "$(ask $log -H 'Accept-Encoding: zstd' -H 'Accept: application/x-ndjson' | zstd -dqc | head -n 5001 | sha256sum)" "$(head -n 5001 lines | sha256sum)" "lines are made of it"
down
finish
