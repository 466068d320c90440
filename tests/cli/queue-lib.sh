# shellcheck shell=sh
# For tests of the queue of builds, behind lib.sh and events-lib.sh: a store serves at $store with its data in
# $stored; its hub is start_hub's.

# shellcheck disable=SC2034 # hub is events-lib.sh's
store="unix:$T/store" stored=$T/stored

# start_store OPTION...: returns when it serves; $store_pid
start_store() {
	[ -p "$T/store-ready" ] || mkfifo "$T/store-ready"
	mci-store serve -l "$store" --dir "$stored" --events "$hub" --ready-fd 3 "$@" 3>"$T/store-ready" 5>&- \
		>"$T/store.out" 2>>"$T/store.err" &
	store_pid=$!
	started="$started $store_pid"
	if ! read -r _ <"$T/store-ready"; then
		cat "$T/store.err" >&2
		return 1
	fi
}

# stop_store [SIGNAL]
stop_store() {
	kill "${1:--TERM}" "$store_pid" 2>/dev/null
	wait_end "$store_pid"
}

# ask METHOD K=V...: the result on standard output
ask() {
	mci call -a "$store" "$@"
}

# has_org: an organisation o with a repository r, and the token of an agent in $token
has_org() {
	ask org/put id=o >/dev/null && ask repo/put org=o id=r "url=$T/r" main=main >/dev/null &&
		token=$(ask token/create agent=a | jq -r .token)
}

# claim ID [K=V...]: $build, $run and $lease of what it gave, all empty when it gave none; $claimed: all of it
claim() {
	id=$1
	shift
	claimed=$(ask build/claim "token=$token" "id=$id" "$@") || return 1
	build=$(printf '%s\n' "$claimed" | jq -r '.build // empty')
	run=$(printf '%s\n' "$claimed" | jq -r '.run // empty')
	lease=$(printf '%s\n' "$claimed" | jq -r '.lease // empty')
}

# say METHOD K=V...: by who has $build
say() {
	method=$1
	shift
	ask "$method" "build=$build" "run:=$run" "lease=$lease" "$@"
}

# publish_build NAME RUN SEQ TYPE [MEMBERS]: an event of mci-build; on the hub's disk when it returns
publish_build() {
	printf '{"type":"%s","time":"2026-11-23T18:00:00.000Z","build":"%s","run":%d,"seq":%d%s}\n' "$4" "$1" "$2" "$3" \
		"${5:+,$5}" | mci-events pub -a "$hub" --sync disk -q
}

# status_is BUILD STATUS
status_is() {
	[ "$(ask build/get "build=$1" | jq -r .status)" = "$2" ]
}

# in_file BUILD JQ: of its events in the store
in_file() {
	jq -c "$2" "$stored/builds/$1.ndjson"
}
