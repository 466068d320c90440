#!/bin/sh
# What mci-blob-bucket does when the service, or the way to it, is broken.
. "${0%/*}/lib.sh"
need python3 jq
bucket=mci-blob-bucket place=s3://b/p
mkdir stub
python3 "$ROOT/tests/cli/s3-stub.py" stub 2>"$T/stub.err" &
started="$started $!"
wait_until "waited for the stub" test -e stub/url
AWS_ENDPOINT_URL=$(cat stub/url) AWS_ACCESS_KEY_ID=k AWS_SECRET_ACCESS_KEY=secret AWS_MAX_ATTEMPTS=4
export AWS_ENDPOINT_URL AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_MAX_ATTEMPTS

# faults LINE...: what the next requests get
faults() {
	: >stub/log
	printf '%s\n' "$@" >stub/faults
}
asked() {
	grep -c "^$1 " stub/log
}
head -c 300000 /dev/urandom >file
head -c 16000000 /dev/urandom >large
n=0

# ---- putting: tried again, and whole
while read -r fault; do
	n=$((n + 1))
	faults "$fault"
	exits 0 "a file is put behind a fault: $fault" $bucket put $place "file$n" file
	is "$(asked PUT)" 2 "at the second try"
	ok "and whole" sh -c "$bucket get $place file$n | cmp - file"
done <<'END'
PUT reset
PUT status 500
PUT status 503
PUT status 429
PUT etag
PUT wait 1
END
faults "PUT lost"
exits 0 "an answer that was lost is asked for again" $bucket put $place lost file
is "$(asked PUT),$(asked HEAD)" 2,1 "and what had been put is found to be the same"
faults 'PUT status 503' 'PUT status 503' 'PUT status 503' 'PUT status 503'
run $bucket put -q $place never file
is "$status,$(asked PUT)" 125,4 "after so many tries it is given up"
has "$err" 's3://b/p/never: PUT: 503 InternalError: a fault \(tried 4 times\)$' "and said why"
faults 'PUT etag' 'PUT etag' 'PUT etag' 'PUT etag'
run $bucket put -qf $place never file
is "$status" 125 "an ETag of other bytes is an error"
has "$err" 'PUT: the ETag of what arrived is .*, of what was sent' "which says so"
faults 'PUT etag' 'HEAD etag'
exits 1 "also of what is there then" $bucket put $place twice file
faults 'PUT status 403'
exits 1 "what is refused is not tried again" $bucket put $place refused file
is "$(asked PUT)" 1 "not once"

# ---- in parts
while read -r fault; do
	n=$((n + 1))
	faults "$fault"
	exits 0 "a large file is put behind a fault: $fault" $bucket put --part-size 5M $place "large$n" large
	ok "and is whole" sh -c "$bucket get $place large$n | cmp - large"
done <<'END'
POST?uploads reset
POST?uploads status 500
GET?uploads status 503
PUT?partNumber=2 reset
PUT?partNumber=3 status 500
PUT?partNumber=1 etag
POST?uploadId reset
POST?uploadId status 503
POST?uploadId error
POST?uploadId lost
POST?uploads short 5
HEAD reset
END
faults 'PUT?partNumber=3 status 403'
exits 1 "a part that is refused is the end" $bucket put --part-size 5M $place resumed large
faults
exits 0 "another time it goes on" $bucket put --part-size 5M $place resumed large
is "$(grep -o 'partNumber=[0-9]*' stub/log | sort | tr '\n' ' ' | wc -w | tr -d ' ')" \
	"$(grep -c '^PUT' stub/log)" "each request a part"
ok "without those that had arrived" test "$(asked PUT)" -lt 4
ok "and it is whole" sh -c "$bucket get $place resumed | cmp - large"

# ---- getting: gone on with, and right
$bucket put $place file file
while read -r fault; do
	faults "$fault"
	exits 0 "a file is got behind a fault: $fault" $bucket get -o got $place file
	ok "and is right" cmp got file
	is "$(asked GET)" 2 "at the second try"
done <<'END'
GET reset
GET status 500
GET status 429
GET cut 0
GET cut 100000
END
faults 'GET cut 100000'
$bucket get $place file >got
has stub/log ' bytes=1[0-9]*-$|bytes=[0-9]+-$' "what was cut is gone on with where it was"
faults 'GET cut 50000' 'GET cut 50000' 'GET cut 50000'
ok "several times" sh -c "$bucket get -q $place file | cmp - file"
faults 'GET short 1000'
run $bucket get -o none $place file
is "$status" 2 "an answer that is short and says so is damaged"
has "$err" 'damaged: its bytes have the SHA-256' "and said to be"
faults 'GET flip'
run $bucket get -o none $place file
is "$status,$(ls none* 2>/dev/null)" "2," "so is one with another bit, and no file is left"
faults 'GET stall'
exits 0 "a connection that stands still is made again" $bucket get --stall 1s -o got $place file
ok "and all comes" cmp got file

# ---- lists
while read -r fault; do
	faults "$fault"
	exits 0 "a list behind a fault: $fault" $bucket ls $place file
	is "$(wc -l <"$out")" "$($bucket ls $place file | wc -l)" "is whole"
done <<'END'
GET cut 200
GET short 30
GET status 503
GET error
END
faults 'GET short 30' 'GET short 30' 'GET short 30' 'GET short 30'
run $bucket ls -q $place file
ok "one that stays cut is an error" test "$status" -ne 0
has "$err" 'the answer is no ListBucketResult' "which says so"
is "$(cat "$out")" "" "and no list"
hasnt "$T/stub.err" Traceback "the stub has done its part"
finish
