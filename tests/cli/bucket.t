#!/bin/sh
# mci-blob-bucket against a real S3 service, which checks signatures, digests and clocks.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/s3-lib.sh"
need_s3
need jq cc
bucket=mci-blob-bucket place=s3://mci/some/where

# ---- what is wrong before anybody is asked
exits 2 "no key is an error" $bucket ls $place
has "$err" 'no key to sign with: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, or write' "which says how to give one"
AWS_ACCESS_KEY_ID=x exits 2 "half a key is an error" $bucket ls $place
has "$err" 'AWS_SECRET_ACCESS_KEY is missing' "which says what is missing"
AWS_PROFILE=no exits 2 "a profile that is not there is an error" $bucket ls $place
has "$err" "no profile 'no'" "which names it"
mkdir "$HOME/.aws"
printf '[default]\naws_access_key_id = A\nwhat is this\n' >"$HOME/.aws/credentials"
exits 2 "a broken file of credentials is an error" $bucket ls $place
has "$err" '\.aws/credentials:3: expected KEY = VALUE$' "which names the line and shows nothing of it"
rm "$HOME/.aws/credentials"

# ---- the clock, the bytes and the end of the program, by what stands between the program and the system
cat >shim.c <<'END'
#define _GNU_SOURCE
#include <dlfcn.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/types.h>
#include <time.h>
int clock_gettime(clockid_t c, struct timespec *t)
{
	int (*real)(clockid_t, struct timespec *) = dlsym(RTLD_NEXT, "clock_gettime");
	int done = real(c, t);
	if (c == CLOCK_REALTIME && getenv("SHIM_CLOCK"))
		t->tv_sec += atol(getenv("SHIM_CLOCK"));
	return done;
}
ssize_t pread64(int fd, void *p, size_t n, off_t at)
{
	static int calls;
	ssize_t (*real)(int, void *, size_t, off_t) = dlsym(RTLD_NEXT, "pread64");
	ssize_t got = real(fd, p, n, at);
	calls++;
	if (got > 0 && getenv("SHIM_BYTES") && calls == atoi(getenv("SHIM_BYTES")))
		((char *)p)[0] ^= 1;
	if (getenv("SHIM_KILL") && calls == atoi(getenv("SHIM_KILL")))
		raise(SIGKILL);
	return got;
}
ssize_t pread(int fd, void *p, size_t n, off_t at)
{
	return pread64(fd, p, n, at);
}
END
ok "a shim is built" cc -shared -fPIC -o shim.so shim.c -ldl
shim() {
	ASAN_OPTIONS=verify_asan_link_order=0 LD_PRELOAD=$PWD/shim.so "$@"
}

s3_up || finish
s3_bucket mci

# ---- one object
echo hello >hello
exits 0 "a file is put" $bucket put $place a/b hello
is "$(cat "$out" "$err")" "" "without a word"
is "$($bucket get $place a/b)" hello "and is got again"
is "$(s3_curl GET mci/some/where/a/b)" hello "by another client too"
is "$(printf 'piped\n' | $bucket put $place piped && $bucket get $place piped)" piped "so is standard input"
exits 0 "the same bytes under the same name are fine" $bucket put $place a/b hello
exits 1 "others are refused" $bucket put $place a/b "$ROOT/README.md"
has "$err" "s3://mci/some/where/a/b: another object has that name: it is not replaced" "and the object named"
is "$($bucket get $place a/b)" hello "and what was there stays"
echo other >other
exits 0 "unless they are to take its place" $bucket put -f $place a/b other
is "$($bucket get $place a/b)" other "and do"
is "$($bucket get --range 1-2 $place a/b),$($bucket get --range 3- $place a/b)" "th,er" "ranges"
$bucket stat --json $place a/b >told
is "$(jq -r '.name, .size, .sha256' told | tr '\n' ' ')" "a/b 6 $(sha256sum <other | cut -d' ' -f1) " \
	"an object is described"
: >empty
exits 0 "an empty one is put" $bucket put $place empty empty
is "$($bucket get $place empty | wc -c)" 0 "and got"
exits 1 "one that is not there is an error" $bucket get $place none
has "$err" 's3://mci/some/where/none: GET: 404' "which names it"
exits 0 "a file is written" $bucket get -o copy $place a/b
ok "as it is" cmp copy other
exits 1 "of what is not there none is left" $bucket get -o nothing $place none
is "$(ls nothing* 2>/dev/null)" "" "not even a beginning of one"

# ---- names
while read -r name; do
	echo "$name" | $bucket put $place "names/$name"
	is "$($bucket get $place "names/$name")" "$name" "an object may be called $name"
done <<'END'
a b+c%20&d=e?f#g
é/ü "quoted" <tag> 'x'
~-._!*();:@$,[]\|^`{}
END
is "$($bucket ls --json $place names/ | jq -r .name | sort)" "$($bucket ls $place names/ | cut -f 3 | sort)" \
	"they are listed alike"
is "$($bucket ls $place names/ | wc -l)" 3 "all of them"
while IFS='|' read -r what name; do
	# shellcheck disable=SC2059 # escapes
	exits 2 "no object has a name $what" $bucket stat $place "$(printf "$name")"
done <<END
that is empty|
that begins with a slash|/a
that ends in one|a/
with two slashes|a//b
that is a dot|.
that is two dots|..
with two dots between slashes|a/../b
that goes up|../x
of two lines|a\nb
that is not UTF-8|a\377
that is too long|$(printf '%01100d' 1)
END

# ---- many, and what is below another prefix
i=0
while [ $i -lt 900 ]; do
	i=$((i + 1))
	printf '{"jsonrpc":"2.0","id":%d,"method":"object/put","params":{"name":"many/%04d","data":4}}\nabcd' $i $i
done >requests
exits 0 "many are put by requests on a pipe" $bucket serve $place <requests
is "$(jq -s 'map(select(.result.size == 4).id) | unique | length' "$out")" 900 "each is answered"
is "$($bucket ls $place many/ | cut -f 3 | sed -n '1p;450p;$p' | tr '\n' ' ')" "many/0001 many/0450 many/0900 " \
	"and they are listed to the last page, in order"
is "$($bucket ls s3://mci/some/wher | wc -l)" 0 "a prefix ends at a slash"
exits 1 "an empty list is a status" $bucket ls $place nothing
i=0
while [ $i -lt 900 ]; do
	i=$((i + 1))
	printf '{"jsonrpc":"2.0","id":%d,"method":"object/remove","params":{"name":"many/%04d"}}\n' $i $i
done | $bucket serve $place >removed
is "$(grep -c '"result"' removed),$($bucket ls $place many/)" "900," "and removed"
exits 0 "one that is not there may be removed" $bucket rm $place many/0001

# ---- large ones, in parts
head -c 26000000 /dev/urandom >large
exits 0 "a large file goes in parts" $bucket put --part-size 5M $place large large
ok "and comes whole" sh -c "$bucket get $place large | cmp - large"
is "$(s3_curl HEAD mci/some/where/large -I | tr -d '\r' | sed -n 's/^ETag: //p' | grep -c -- '-5"$')" 1 "it has five"
exits 0 "the same again is fine" $bucket put --part-size 5M $place large large
exits 0 "no upload is left open" $bucket sweep --age 1ms $place
is "$(cat "$out")" "" "and nothing to take back"

# cut, and gone on with
id() {
	s3_curl GET "mci?prefix=some%2Fwhere%2Fcut&uploads=" | sed -n 's/.*<UploadId>\([^<]*\)<.*/\1/p'
}
SHIM_KILL=330 run shim $bucket put --parallel 1 --part-size 5M $place cut large
is "$status" 137 "a program that dies while it sends"
exits 1 "leaves nothing that others see" $bucket stat $place cut
arrived=$(s3_curl GET "mci/some/where/cut?uploadId=$(id)" | grep -o '<PartNumber>' | wc -l)
like "$arrived" '^[1-4]$' "but some parts"
exits 0 "it is put again" $bucket put --part-size 5M $place cut large
is "$(id)" "" "by the upload that was cut"
ok "and is whole" sh -c "$bucket get $place cut | cmp - large"
$bucket rm $place cut
SHIM_KILL=330 run shim $bucket put --parallel 1 --part-size 5M $place cut large
head -c 26000000 /dev/urandom >large2
exits 0 "what was cut is no part of other bytes" $bucket put --part-size 5M $place cut large2
ok "which are whole" sh -c "$bucket get $place cut | cmp - large2"
$bucket rm $place cut
SHIM_KILL=330 run shim $bucket put --parallel 1 --part-size 5M $place cut large2
printf x >>large2
exits 0 "nor of others that begin alike" $bucket put --part-size 5M $place cut large2
ok "which are whole too" sh -c "$bucket get $place cut | cmp - large2"
exits 0 "what is left of uploads is taken back" $bucket sweep --age 1ms $place
is "$(cat "$out"),$(id)" "1 uploads taken back," "and gone"

# ---- keys
keys() {
	mkdir -p "$HOME/.aws"
	cat >"$HOME/.aws/credentials"
}
without() (
	unset AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_REGION AWS_ENDPOINT_URL
	"$@"
)
keys <<END
; a comment
[default]
aws_access_key_id=nobody
aws_secret_access_key = nothing
[ mci ]
aws_access_key_id = MCIKEY
aws_secret_access_key=MCISECRET
END
cat >"$HOME/.aws/config" <<END
[default]
region = nowhere
[profile mci]
region = us-east-1
services = here
[services here]
s3 =
  endpoint_url = $s3
other =
  endpoint_url = http://nowhere.invalid
END
exits 0 "a profile has key, region and endpoint" without env AWS_PROFILE=mci $bucket stat $place a/b
exits 1 "the default one is another" without env AWS_ENDPOINT_URL=$s3 $bucket stat $place a/b
exits 0 "a variable goes before the files" env AWS_PROFILE=default $bucket stat $place a/b

# ---- what a server that checks nothing would let through
AWS_SECRET_ACCESS_KEY=MCISECREU exits 1 "a wrong secret is refused" $bucket get $place a/b
has "$err" "SignatureDoesNotMatch: the secret is not that of the access key MCIKEY" "and said to be wrong"
hasnt "$err" MCISECRE "and not shown"
AWS_ACCESS_KEY_ID=OTHER exits 1 "a key that nobody has is refused" $bucket get $place a/b
has "$err" "does not know the access key OTHER" "and named"
exits 1 "a bucket that is not there is refused" $bucket ls s3://none
has "$err" "there is no bucket none: make it first" "and named"
for off in 3600 -3600; do
	SHIM_CLOCK=$off exits 1 "a clock that is off by $off s is refused" shim $bucket put $place clock hello
	has "$err" "RequestTimeTooSkewed: this machine's clock is 3[56][0-9][0-9] seconds .* the server's" "and said to be off"
done
SHIM_CLOCK=100 exits 0 "a little off is fine" shim $bucket put $place clock hello
SHIM_BYTES=2 exits 2 "bytes that are not those that were hashed are refused" shim $bucket put $place changed hello
has "$err" "XAmzContentSHA256Mismatch: other bytes came there than were signed" "and said to be others"
exits 1 "and not kept" $bucket stat $place changed

# ---- what was stored is not what is there
s3_curl PUT mci/some/where/damaged -H "Content-Length: 0" -H "x-amz-meta-sha256: $(sha256sum <hello | cut -d' ' -f1)"
exits 2 "an object whose bytes are not those of its digest is an error" $bucket get $place damaged
has "$err" "s3://mci/some/where/damaged: damaged: its bytes have the SHA-256 e3b0c442" "which names it"
s3_down
AWS_MAX_ATTEMPTS=2 exits 75 "a service that is away is tried again" $bucket ls $place
has "$err" "connect to server \(tried 2 times\)" "and said to be away"
finish
