#!/bin/bash
# remote.sh O: the store of files of a server over HTTP on loopback, beside the same over its Unix socket, which hands
# packs over as descriptors: 200 MB that nothing compresses, and a tree of small files; and archives of them. A ratio is of processor time
# of all that takes part where it says so, else of the least time of three rounds.
set -u
O=$(cd "$1" && pwd)
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${BENCH_DIR:-$O}/remote-XXXXXX") || exit 1
run=$(mktemp -d /dev/shm/mci-remote-XXXXXX 2>/dev/null) || run=$work/run
export PATH="$O/bin:$PATH" LC_ALL=C HOME="$work" XDG_RUNTIME_DIR="$run" XDG_STATE_HOME="$work/state"
mkdir -p "$run" && chmod 700 "$run"
export MCI_API_RATE=0
unset MCI_API MCI_EVENTS MCI_STORE MCI_LOG MCI_BLOB
server=''
trap '[ -z "$server" ] || kill $server; wait; cd /; rm -rf "$work" "$run"' EXIT
trap 'exit 130' INT TERM
# shellcheck source=tests/bench/lib.sh
. "$here/lib.sh"
cd "$work" || exit 1

port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
mkfifo ready
mci-supervise --print-wiring | sed '/^agent:/,$d' >wiring
mci-supervise -l "127.0.0.1:$port" --ready-fd 3 wiring 3>ready >server.out 2>server.err &
server=$!
read -r _ <ready
local="unix:$run/mci/mci.sock" far="http://127.0.0.1:$port"
MCI_TOKEN=$(mci call -a "$local" token/create scopes:='["agent"]' agent=far | jq -r .token)
export MCI_TOKEN

# least COMMAND...: the least seconds of three rounds
least() {
	for _ in 1 2 3; do
		rm -rf back && mkdir back
		/usr/bin/env TIMEFORMAT=%R bash -c 'time "$@" >/dev/null' - "$@" 2>&1 | tail -n 1
	done | sort -n | head -n 1
}

pair() {
	heading "$1"
	mci-blob save --blob "$local" "cache/b/r/$2-unix" "$2" || return
	mci-blob save --blob "$far" --read-all "cache/b/r/$2" "$2" || return
	row "restore over HTTP, over the Unix socket" "$(least mci-blob -C back restore --blob "$far" "cache/b/r/$2")" \
		"$(least mci-blob -C back restore --blob "$local" "cache/b/r/$2")" s "<" 5
	diff -r --no-dereference "$2" "back/$2" >/dev/null || note "restore" "FAILED: it is not the same"
	row "save of what is stored, over both" "$(least mci-blob save --read-all --blob "$far" "cache/b/r/$2" "$2")" \
		"$(least mci-blob save --read-all --blob "$local" "cache/b/r/$2" "$2")" s "<" 3
}

# archives: as a browser has them, beside mci-blob alone; of a build that has only said what it has left
archives() {
	heading "$1 as an archive"
	mci-blob save --blob "$local" --build b/r/1 --run 1 "artifact/b/r/1/make/$2" "$2" || return
	mci call -a "$local" event/publish events:="$(mci-blob stat --json --blob "$local" "artifact/b/r/1/make/$2" |
		jq -c --arg id "$2" --argjson seq "$3" '[{type: "artifact/saved", build: "b/r/1", run: 1, seq: $seq, job: "make", attempt: 1, artifact: $id} + {name, digest, files, bytes}]')" >/dev/null
	one=$far/api/v1/orgs/b/repos/r/builds/1/jobs/make/artifacts/$2
	for _ in $(seq 100); do
		curl -sf -H "Authorization: Bearer $token" "$one" >/dev/null && break
		sleep 0.1
	done
	row "tar over HTTP, mci-blob get --tar" "$(least curl -sf -H "Authorization: Bearer $token" "$one/archive.tar")" \
		"$(least mci-blob get --tar --blob "$local" "artifact/b/r/1/make/$2")" s "<" 2
	row "tar.zst over HTTP, mci-blob get --tar --zstd" "$(least curl -sf -H "Authorization: Bearer $token" "$one/archive.tar.zst")" \
		"$(least mci-blob get --tar --zstd --blob "$local" "artifact/b/r/1/make/$2")" s "<" 2
	curl -sf -H "Authorization: Bearer $token" "$one/archive.tar" | tar tf - >/dev/null || note "archive" "FAILED: it is none"
}

token=$(mci call -a "$local" token/create scopes:='["read"]' | jq -r .token)
mci call -a "$local" org/put id=b >/dev/null
mci call -a "$local" repo/put org=b id=r url="$work/r" >/dev/null
mci call -a "$local" build/trigger repo=b/r >/dev/null
mkdir large small
head -c 200000000 /dev/urandom >large/file
cp -r /usr/include small/ 2>/dev/null
pair "200 MB in one file" large
pair "small files: /usr/include" small
archives "200 MB in one file" large 1
archives "small files: /usr/include" small 2
note "memory of mci-api and mci-blob, peak" "$(for p in mci-api mci-blob; do
	pgrep -P "$server" -x "$p" | while read -r pid; do awk '/VmHWM/ { printf "%d KiB ", $2 }' "/proc/$pid/status"; done
done)"
