#!/bin/sh
# What jobs have left, over HTTP: the lists, each file, and all as an archive.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/server-lib.sh"
need jq git curl tar zstd python3

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
UP="-l 127.0.0.1:$port"
up || exit 1
agent
# key ORG: a token that reads what is its own
key() { mci call -a "$api" token/create org="$1" 'scopes:=["read"]' | jq -r .token; }
# web PATH [CURL OPTION...]: asks with $token; the body on standard output, its head in $T/head, its status in $T/code
web() {
	path=$1
	shift
	curl -s -D "$T/head" -o "$T/body" -w '%{http_code}' ${token:+-H "Authorization: Bearer $token"} \
		"$@" "http://127.0.0.1:$port$path" >"$T/code"
	cat "$T/body"
}
code() { web "$@" >/dev/null && cat "$T/code"; }
header() { sed -n "s/^$1: //Ip" "$T/head" | tr -d '\r'; }

project app <<'JOBS'
{"id":"make","script":["mkdir -p out/lib && echo hello >out/lib/a.txt && echo '<script>alert(1)</script>' >out/page.html && seq 100000 >out/numbers && ln -s lib/a.txt out/soft && ln out/numbers out/hard && touch \"out/with \\\"quote\\\" é\"","head -c 20000000 /dev/urandom >large"],"save-artifacts":[{"id":"out","path":"out"},{"id":"text","path":"out/lib/a.txt"},{"id":"large","path":"large"}]}
{"id":"bad","script":["echo why >why; exit 1"],"save-artifacts":[{"id":"why","path":"why","when":"always"}],"allow-failure":true}
{"id":"none","script":["true"]}
JOBS
token=$(key acme)
mci trigger acme/app >/dev/null
mci wait -q acme/app/1
build=/api/v1/orgs/acme/repos/app/builds/1
one=$build/jobs/make/artifacts/out

# lists
is "$(web $build/artifacts | jq -c '[.artifacts[] | [.job, .artifact, .files]]')" \
	'[["make","large",1],["make","out",5],["make","text",1],["bad","why",1]]' "what the jobs of a build have left"
is "$(web $build/jobs/make/artifacts | jq -r '.artifacts[].artifact' | tr '\n' ' ')" "large out text " "and one of them"
is "$(web "$build/artifacts?limit=2" | jq -c '[.more, (.artifacts | length)]')" "[true,2]" "a page of them"
like "$(header Link)" "^<$build/artifacts[?]from=2&limit=2>; rel=\"next\"" "says where the next one is"
is "$(web "$build/artifacts?from=2&limit=2" | jq -r '.artifacts[].artifact' | tr '\n' ' ')" "text why " "which is the rest"
is "$(web $build/jobs/none/artifacts)" '{"artifacts":[],"more":false}' "a job that left none"
is "$(web $one | jq -c '[.build, .files, .trust]')" '["acme/app/1",5,"trusted"]' "one alone"
is "$(web "/api/v1/artifacts?name=EX" | jq -r '.artifacts[] | .build + " " + .artifact')" "acme/app/1 text" "a search by a part of their ids"
is "$(web "/api/v1/artifacts?name=%25" | jq '.artifacts | length')" 0 "in which nothing is a pattern"
is "$(web "/api/v1/artifacts?repo=acme/app&limit=1" | jq -c '[.more, .artifacts[0].artifact]')" '[true,"large"]' "of a repository"

is "$(mci call -a "$api" store/rebuild | jq .builds),$(web $build/artifacts | jq '.artifacts | length')" 1,4 "the store makes the list anew from events"

# files
is "$(web $one/files | jq -r '.files[] | .type + " " + .path + " " + (.size // .target // "" | tostring)')" "folder out 
file out/hard 588895
folder out/lib 
file out/lib/a.txt 6
link out/numbers out/hard
file out/page.html 26
symlink out/soft lib/a.txt
file out/with \"quote\" é 0" "the files in it"
is "$(web "$one/files?from=1&limit=1" | jq -c '[.more, .files[].path]')" '[true,"out/hard"]' "a page of them"
like "$(header Link)" "from=2" "and where the next is"
is "$(web $one/files -H 'Accept: application/x-ndjson' | jq -s length)" 8 "or all as lines"
is "$(code $one/files -H 'Accept: text/html')" 406 "and nothing else"
is "$(web $one/files/out/lib/a.txt)" hello "a file"
is "$(header Content-Type),$(header Content-Length),$(header X-Content-Type-Options)" "text/plain; charset=utf-8,6,nosniff" "with its type"
is "$(header Content-Disposition)" "attachment; filename=\"a.txt\"; filename*=UTF-8''a.txt" "to be kept"
etag=$(header ETag)
is "$(code $one/files/out/lib/a.txt -H "If-None-Match: $etag")" 304 "which is not sent to who has it"
is "$(web $one/files/out%2Flib%2Fa.txt)" hello "its slashes may be escaped"
is "$(web $one/files/out/hard | cksum)" "$(seq 100000 | cksum)" "a large one"
is "$(web $one/files/out/numbers | cksum)" "$(seq 100000 | cksum)" "and the same by its other name"
web $one/files/out/page.html >/dev/null
is "$(header Content-Type),$(header Content-Security-Policy)" "application/octet-stream,sandbox; default-src 'none'" \
	"nothing of it is a page of this server"
is "$(code "$one/files/out/with%20%22quote%22%20%C3%A9"),$(header Content-Length)" 200,0 "whatever it is called"
is "$(header Content-Disposition)" "attachment; filename=\"with__quote____\"; filename*=UTF-8''with%20%22quote%22%20%C3%A9" \
	"it is named so that nothing else is said with it"
for path in out out/soft out/none ../out/lib/a.txt %2e%2e/x /etc/passwd out/lib/a.txt/; do
	is "$(code "$one/files/$path" --path-as-is)" 404 "no file is at $path"
done

# ranges
is "$(web $one/files/out/hard -r 100-199)" "$(seq 100000 | tail -c +101 | head -c 100)" "a range of a file"
is "$(cat "$T/code"),$(header Content-Range),$(header Content-Length)" "206,bytes 100-199/588895,100" "is told"
is "$(web $one/files/out/hard -r -7)" 100000 "its end"
is "$(code $one/files/out/hard -r 588890-)" 206 "from somewhere on"
is "$(code $one/files/out/hard -r 600000-),$(header Content-Range)" "416,bytes */588895" "behind its end"
is "$(code $one/files/out/hard -r 5-6 -H 'If-Range: "other"')" 200 "what has changed comes whole"
is "$(code $one/files/out/hard -r 5-6 -H "If-Range: $(header ETag)")" 206 "what has not comes in parts"

# archives
is "$(web $one/archive.tar | tar xOf - out/lib/a.txt)" hello "all of it as a tar archive"
is "$(header Content-Disposition)" "attachment; filename=\"app-1-out.tar\"; filename*=UTF-8''app-1-out.tar" "with a name"
is "$(code $one/archive.tar -H "If-None-Match: $(header ETag)")" 304 "which is not sent twice"
is "$(web $one/archive.tar.zst | zstd -dc | tar tf - | wc -l)" 8 "compressed"
web $one/archive.zip >archive.zip
is "$(head -c 2 archive.zip)" PK "or as a zip archive"
is "$(code $one/archive.tar -I),$(header Content-Type)" "200,application/x-tar" "HEAD tells what would come"

# who may
is "$(token='' && code $one/files)" 401 "nobody without a token"
mci call -a "$api" org/put name=zq7 >/dev/null
other=$(key zq7)
for path in "" /files /files/out/lib/a.txt /archive.tar /archive.zip; do
	is "$(token=$other && code $one$path)" 404 "another's $path is not there"
done
is "$(token=$other && web /api/v1/artifacts)" '{"artifacts":[],"more":false}' "nor found"

# text, and a page without modules
like "$(web /acme/app/1/artifacts)" "^make  *out  *5 files  *588927 bytes  $one/archive.tar.zst$" "a terminal gets a list"
is "$(web /acme/app/1/bad/artifacts | wc -l)" 1 "of a job as well"
is "$(web /acme/app/1/none/artifacts)" "no artifacts" "or that there are none"
like "$(web /acme/app/1)" "^artifact make  *out  *5 files" "a build names them below its jobs"
like "$(web /acme/app/1 -H 'Accept: text/html')" "<a href=\"$one/archive.zip\">zip</a>" "and leads a browser to them"

# by mci, here and from elsewhere
shown() {
	is "$(mci artifact ls acme/app/1 | cut -f 1-4)" "make	large	1	20000000
make	out	5	588927
make	text	1	6
bad	why	1	4" "$1 lists them"
	is "$(mci artifact ls --json acme/app/1/bad | jq -c '[.build, .job, .artifact, .files]')" '["acme/app/1","bad","why",1]' "$1 lists those of a job as JSON"
	(rm -rf got && mkdir got && cd got && mci artifact get acme/app/1/make out)
	is "$(cat got/out/lib/a.txt)" hello "$1 fetches one"
	is "$(mci artifact get --tar -o - acme/app/1 text | tar xOf - a.txt)" hello "$1 fetches an archive of one"
	like "$(mci show acme/app/1)" "^out	make	5	588927$" "$1 shows them with the build"
	is "$(mci show --json acme/app/1 | jq -c 'select(.job == "bad").artifacts[0] | [.artifact, .bytes]')" '["why",4]' "$1 shows them with their job"
	exits 1 "$1 knows none of a job that has none" mci artifact get acme/app/1/none out
}
shown "the socket"
far=$token
saved_api=$MCI_API MCI_API="http://127.0.0.1:$port" MCI_TOKEN=$far
export MCI_TOKEN
shown "a URL with a token of the organisation"
unset MCI_TOKEN
MCI_API=$saved_api
like "$(mci show -f acme/app/1 2>&1)" "^artifact make/out: 5 files, 588927 bytes$" "the tree ends with them"

# what is not there
is "$(code $build/jobs/make/artifacts/nothing/archive.tar)" 404 "no such artifact"
mci-blob rm --blob "unix:$T/run/mci/blob.sock" artifact/acme/app/1/make/text
is "$(code $build/jobs/make/artifacts/text/archive.tar)" 410 "one that is not kept any more"
kill -STOP "$(mci status --json | jq '(.parts? // [.])[] | select(.part == "blob") | .pid')"
web $one/archive.tar -m 1 >/dev/null
is "$(code /api/v1/health)" 200 "a store of files that hangs holds up nobody else"
kill -CONT "$(mci status --json | jq '(.parts? // [.])[] | select(.part == "blob") | .pid')"
is "$(web $one/archive.tar | tar tf - | wc -l)" 8 "and goes on"
# one whose worker is killed: 20 MB are more than what lies on the way to who reads nothing
mkfifo way
curl -s -o way -H "Authorization: Bearer $token" "http://127.0.0.1:$port$build/jobs/make/artifacts/large/archive.tar" & asked=$!
exec 5<way
head -c 1000 <&5 >/dev/null
pkill -KILL -P "$(mci status --json | jq '(.parts? // [.])[] | select(.part == "api") | .pid')" mci-blob
cat <&5 >/dev/null
exec 5<&-
wait $asked
is $? 18 "an archive that could not be made is cut, so that its reader knows"

# those who read slowly, all with one token
slow=''
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16; do
	curl -s -o /dev/null --limit-rate 10k -H "Authorization: Bearer $token" "http://127.0.0.1:$port$build/jobs/make/artifacts/large/archive.tar" & slow="$slow $!"
done
# shellcheck disable=SC2016
wait_until "they are all being served" sh -c '[ "$(pgrep -c -P "$(mci status --json | jq "(.parts? // [.])[] | select(.part == \"api\") | .pid")" mci-blob)" = 16 ]'
is "$(code $one/archive.tar),$(header Retry-After)" 503,1 "hold up one more of theirs, which is told to come again"
is "$(token=$(key acme) && code $one/archive.tar)" 200 "and nobody else"
# shellcheck disable=SC2086
kill $slow
# shellcheck disable=SC2016
wait_until "no worker is left" sh -c '! pgrep -P "$(mci status --json | jq "(.parts? // [.])[] | select(.part == \"api\") | .pid")"'
down

# the same in one process
UP="--single $UP"
up || exit 1
is "$(web $one/files/out/lib/a.txt)" hello "a server of one process has the files"
is "$(web $one/archive.tar | tar tf - | wc -l)" 8 "and the archives"
down

# and with the store in a bucket
mkdir stub
python3 "$ROOT/tests/cli/s3-stub.py" stub 2>"$T/stub.err" &
started="$started $!"
wait_until "waited for the stub" test -e stub/url
AWS_ENDPOINT_URL=$(cat stub/url) AWS_ACCESS_KEY_ID=k AWS_SECRET_ACCESS_KEY=secret
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
wiring | sed 's|^blob: mci-blob serve|& --blob s3://b/p|' >bucket
UP=${UP#--single }
up bucket || exit 1
mci trigger acme/app >/dev/null
mci wait -q acme/app/2
is "$(web /api/v1/orgs/acme/repos/app/builds/2/jobs/make/artifacts/out/files/out/hard -r -7)" 100000 "a store in a bucket has the files"
is "$(web /api/v1/orgs/acme/repos/app/builds/2/jobs/make/artifacts/out/archive.tar.zst | zstd -dc | tar tf - | wc -l)" 8 "and the archives"
is "$(code $one/archive.tar)" 410 "and not those that were elsewhere"
down
finish
