#!/bin/sh
# Sessions of browsers: begun from a token or a ticket, of use to nobody without the word that only the page can read,
# and over with the token that they came from. And the files of the page.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need jq curl git gzip

up || exit 1
socket=${MCI_SUPERVISE_LISTEN#unix:}
# ask PATH [CURL OPTION...]: its status; the answer in $T/body and $T/head
ask() {
	path=$1
	shift
	curl -s -D "$T/head" -o "$T/body" -w '%{http_code}' --unix-socket "$socket" "$@" "http://localhost$path"
}
body() { jq -r "$1" "$T/body"; }
bearer() { printf 'Authorization: Bearer %s' "$1"; }
create() { mci call -a "$api" token/create "$@" | jq -r .token; }

token=$(create name=person 'scopes:=["write"]')
is "$(ask /api/v1/session -X POST -H "$(bearer "$token")" -c jar)" 200 "a token begins a session"
has "$T/head" '^Set-Cookie: mci-session=mci_[^;]*; Path=/; HttpOnly; SameSite=Strict; Max-Age=43200' "whose cookie no script and no other site gets"
hasnt "$T/head" "$token" "and which is another token"
is "$(body '.scopes[0]')" write "that is as good as the first"
word=$(body .csrf)
is "$(ask /api/v1/session -b jar),$(body .csrf)" "200,$word" "the page is told the word for changes"
is "$(ask /api/v1/orgs -b jar)" 200 "the cookie alone reads"
is "$(ask /api/v1/orgs/acme -b jar -X PUT -H 'Content-Type: application/json' -d '{}')" 403 "and changes nothing without the word"
is "$(ask /api/v1/session -b jar -X DELETE -H 'X-CSRF-Token: 0000000000000000')" 403 "nor with another one"
is "$(ask /api/v1/session -b jar -X DELETE -H "X-CSRF-Token: $word")" 204 "with it the session is ended"
has "$T/head" '^Set-Cookie: mci-session=; .*Max-Age=0' "and its cookie taken away"
is "$(ask /api/v1/session -b jar)" 401 "it is over at once"
is "$(ask /api/v1/session -X DELETE -H "$(bearer "$token")")" 401 "a token is no session"

ask /api/v1/session/ticket -X POST -H "$(bearer "$token")" >/dev/null
ticket=$(body .ticket)
is "$(ask /api/v1/orgs -H "$(bearer "$ticket")")" 403 "a ticket reads nothing"
is "$(ask /api/v1/session/ticket -X POST -H "$(bearer "$ticket")")" 200 "a ticket may be changed for another one"
next=$(body .ticket)
is "$(ask /api/v1/session -X POST -H "$(bearer "$ticket")")" 401 "and is gone then"
ticket=$next
is "$(ask /api/v1/session -X POST -H "$(bearer "$ticket")" -c jar)" 200 "a ticket begins a session"
is "$(ask /api/v1/session -X POST -H "$(bearer "$ticket")")" 401 "once"
is "$(mci call -a "$api" token/list | jq -r '[.tokens[] | select(.id | startswith("session"))] | length')" 1 "no ticket is kept"
left=$(($(date -d "$(mci call -a "$api" token/list | jq -r '.tokens[] | select(.id | startswith("session")).expires')" +%s) - $(date +%s)))
ok "and the session does not end with it" test "$left" -gt 40000
mci call -a "$api" token/remove id=person >/dev/null
is "$(ask /api/v1/session -b jar)" 401 "without the token there is no session"

short=$(create name=short 'scopes:=["read"]' expires="$(date -u -d '+1 hour' +%FT%TZ)")
ask /api/v1/session -X POST -H "$(bearer "$short")" -c jar >/dev/null
ok "a session ends with its token" test "$(($(date -d "$(body .expires)" +%s) - $(date +%s)))" -le 3600
run mci call -a "$api" session/end token="$short"
like "$(cat "$err")" 'no session' "a token is not ended as a session"

is "$(ask /-/queue)" 200 "a page for browsers"
has "$T/head" "^Content-Security-Policy: default-src 'none'" "takes nothing from elsewhere"
hasnt "$T/body" '<script>|style=|onclick|<style' "and has nothing inline"
main=$(sed -n 's/.*src="\([^"]*\)".*/\1/p' "$T/body")
is "$(ask "$main"),$(cat "$T/body")" "200,$(cat "$ROOT/cmd/mci-api/web/main.js")" "its files come as they are"
has "$T/head" '^Cache-Control: public, max-age=31536000, immutable' "for ever, as their address changes with them"
tag=$(sed -n 's/^ETag: \([^\r]*\).*/\1/p' "$T/head")
is "$(ask "$main" -H "If-None-Match: $tag")" 304 "and are not sent again"
ask "$main" -H 'Accept-Encoding: gzip' >/dev/null
is "$(gzip -dc "$T/body")" "$(cat "$ROOT/cmd/mci-api/web/main.js")" "compressed where the browser takes that"
is "$(ask "/-/web/old/style.css"),$(grep -c immutable "$T/head")" "200,0" "an older address has what is there now, and not for ever"
is "$(ask /-/web/x/index.html),$(ask /-/web/x/none.js),$(ask /-/web/x/..%2fmain.c)" "404,404,404" "nothing else is there"
first=$(cat "$ROOT"/cmd/mci-api/web/* | gzip -9 | wc -c)
ok "all of it is under 100 kB compressed" test "$first" -lt 100000
down
finish
