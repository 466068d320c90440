# shellcheck shell=sh
# For tests against a real bucket, behind lib.sh: a radosgw with its monitor and a store in memory on free ports of
# the loopback. Nothing of another S3 server will do: this one checks signatures, body hashes and clocks.
#
#	need_s3                     skips the whole file where its programs are not installed
#	s3_up                       starts it; $s3 is its URL, and AWS_* are set for it and the user who may use it
#	s3_down                     ends it; also done at the end of the test
#	s3_bucket NAME              makes a bucket
#	s3_curl METHOD PATH [ARG...]  asks it with another client than ours, PATH encoded and its query sorted

s3_folder=$T/s3 s3='' s3_started=''

need_s3() {
	need radosgw radosgw-admin ceph ceph-mon ceph-osd ceph-authtool monmaptool python3 curl
}

free_ports() {
	python3 -c 'import socket, sys
held = [socket.socket() for _ in range(int(sys.argv[1]))]
for s in held: s.bind(("127.0.0.1", 0))
print(*[s.getsockname()[1] for s in held])' "$1"
}

s3_config() {
	cat >"$CEPH_CONF" <<END
[global]
fsid = $(cat /proc/sys/kernel/random/uuid)
mon_initial_members = a
mon_host = v2:127.0.0.1:$1/0
public_addr = 127.0.0.1
cluster_addr = 127.0.0.1
auth_cluster_required = cephx
auth_service_required = cephx
auth_client_required = cephx
osd_pool_default_size = 1
osd_pool_default_min_size = 1
osd_pool_default_pg_num = 1
osd_pool_default_pgp_num = 1
osd_pool_default_pg_autoscale_mode = off
mon_allow_pool_size_one = true
mon_warn_on_pool_no_redundancy = false
mon_max_pg_per_osd = 1000
mon_data_avail_warn = 0
mon_data_avail_crit = 0
osd_crush_chooseleaf_type = 0
osd_objectstore = memstore
memstore_device_bytes = 1073741824
osd_data = $s3_folder/osd
mon_data = $s3_folder/mon
rgw_data = $s3_folder/rgw
rgw_frontends = beast endpoint=127.0.0.1:$2
rgw_enable_apis = s3
rgw_thread_pool_size = 16
rgw_enable_gc_threads = false
rgw_enable_lc_threads = false
rgw_enable_quota_threads = false
rgw_run_sync_thread = false
run_dir = $s3_folder/run
admin_socket = $s3_folder/run/\$name.asok
log_file = $s3_folder/log/\$name.log
pid_file = $s3_folder/run/\$name.pid
keyring = $s3_folder/keyring
END
}

# s3_start COMMAND...: one of its programs
s3_start() {
	"$@" >"$s3_folder/log/$1.out" 2>&1 &
	s3_started="$! $s3_started" started="$started $!"
}

s3_answers() {
	curl -s -o /dev/null "$s3/"
}

s3_up() {
	CEPH_CONF=$s3_folder/ceph.conf
	mkdir -p "$s3_folder/mon" "$s3_folder/osd" "$s3_folder/rgw" "$s3_folder/run" "$s3_folder/log"
	# shellcheck disable=SC2046
	set -- $(free_ports 2)
	s3=http://127.0.0.1:$2
	export CEPH_CONF
	s3_config "$1" "$2"
	{
		ceph-authtool -C "$s3_folder/keyring" --gen-key -n mon. --cap mon 'allow *' &&
		ceph-authtool "$s3_folder/keyring" --gen-key -n client.admin --cap mon 'allow *' --cap osd 'allow *' &&
		ceph-authtool "$s3_folder/keyring" --gen-key -n osd.0 --cap mon 'allow profile osd' --cap osd 'allow *' &&
		monmaptool --create --addv a "[v2:127.0.0.1:$1/0]" --fsid "$(sed -n 's/^fsid = //p' "$CEPH_CONF")" \
			"$s3_folder/monmap" &&
		ceph-mon -i a --mkfs --monmap "$s3_folder/monmap" \
			--keyring "$s3_folder/keyring"
	} >"$s3_folder/made" 2>&1 || { fail "a monitor is made" "$s3_folder/made"; return 1; }
	s3_start ceph-mon -i a -f
	osd=$(cat /proc/sys/kernel/random/uuid)
	{
		timeout 60 ceph osd new "$osd" && ceph-osd -i 0 --mkfs --osd-uuid "$osd"
	} >"$s3_folder/made" 2>&1 || { fail "a store is made" "$s3_folder/made"; return 1; }
	s3_start ceph-osd -i 0 -f
	s3_start radosgw -n client.admin -f
	PATIENCE=60 wait_until "waited for radosgw" s3_answers || return 1
	export AWS_ACCESS_KEY_ID=MCIKEY AWS_SECRET_ACCESS_KEY=MCISECRET AWS_REGION=us-east-1 AWS_ENDPOINT_URL=$s3
	timeout 60 radosgw-admin user create --uid=mci --display-name=mci --access-key="$AWS_ACCESS_KEY_ID" \
		--secret-key="$AWS_SECRET_ACCESS_KEY" >"$s3_folder/made" 2>&1 ||
		{ fail "a user is made" "$s3_folder/made"; return 1; }
}

s3_down() {
	for s3_pid in $s3_started; do
		kill -KILL "$s3_pid" 2>/dev/null
		wait "$s3_pid" 2>/dev/null
	done
	s3_started=''
}

s3_curl() {
	s3_method=$1 s3_path=$2
	shift 2
	curl -s --path-as-is --aws-sigv4 "aws:amz:us-east-1:s3" --user MCIKEY:MCISECRET -X "$s3_method" \
		-H "x-amz-content-sha256: e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855" "$@" "$s3/$s3_path"
}

s3_bucket() {
	ok "the bucket $1 is made" s3_curl PUT "$1" --fail
}
