#!/bin/sh
# Jobs in containers and services beside them as an ordinary user, of each kind one. podman.t and services.t have
# the rest, as whoever runs them.
here=$(cd "${0%/*}" && pwd)
if [ "$(id -u)" = 0 ]; then
	bin=${MCI_BIN:-$here/../../build/bin}
	# where an ordinary user gets, too
	place=$(mktemp -d "${TMPDIR:-/tmp}/mci-user-XXXXXX") || exit 1
	trap 'rm -rf "$place"' EXIT
	mkdir -p "$place/bin" "$place/tests/cli"
	cp "$bin/mci" "$bin/mci-job" "$bin/mci-build" "$bin/mci-log" "$place/bin"
	cp "$here/lib.sh" "$here/podman-lib.sh" "$here/rootless.t" "$place/tests/cli"
	chown -R 4242:4242 "$place" && chmod 755 "$place"
	# podman takes no long paths: the folder of the test itself is beside this one
	MCI_BIN=$place/bin setpriv --reuid 4242 --regid 4242 --clear-groups \
		"$place/tests/cli/rootless.t"
	exit
fi
# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/podman-lib.sh"
podman_ready

field() {
	jq -rs "$1" "$out"
}
job() {
	printf '%s\n' "$1" >spec
	run timeout 60 mci-job --log-dir logs <spec
}
ended() {
	field 'last | [.reason, .exit // .signal // empty, .error // empty] | map(tostring) | join(" ")'
}

job '{"id":"script","image":"localhost/box","script":["id -u","echo two >made; echo n=1 >>$MCI_OUTPUT","pwd"]}'
is "$status $(cat logs/script.log)" "$(printf '0 0\n%s' "$PWD")" 'a script runs, as root in there'
is "$(stat -c %u made) $(field last.outputs.n)" "$(id -u) 1" 'what it makes is ours, and its outputs come back'
is "$(field 'map(.type | select(test("^container/"))) | join(" ")')" 'container/pending container/start container/end' \
	'events tell of its container'
job '{"id":"argv","image":"localhost/box","argv":["sh","-c","exit 3"]}'
is "$status $(ended)" '1 exit 3' 'a command has its status'
mkdir data && echo in >data/file
job '{"id":"entry","image":"localhost/box","entrypoint":["env","E=1"],"mounts":["data:/srv:ro"],"script":["echo $E","cat /srv/file"]}'
is "$(cat logs/entry.log)" "$(printf '1\nin')" 'an entry point and a mount'
job '{"id":"folder","image":"'"$ROOTFS"'","script":"echo x >/new; cat /new"}'
is "$(cat logs/folder.log) $(ls "$ROOTFS/new" 2>/dev/null)" 'x ' 'a folder is an image, and stays as it was'
job '{"id":"serve","image":"localhost/box","services":[{"id":"s","script":"while :; do echo hello | nc -l -p 8000; done","expose":8000}],"script":"nc $MCI_SERVICE_S_HOST $MCI_SERVICE_S_PORT"}'
is "$status $(cat logs/serve.log)" '0 hello' 'a service is there for its job'
job '{"id":"slow","image":"localhost/box","timeout":"1s","script":"echo begun; sleep 1000"}'
is "$(field last.reason)" timeout 'what takes too long is ended'
wait_for_none 'and no container is left'
finish
