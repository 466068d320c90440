# shellcheck shell=sh
# For tests with a real sshd on this machine, behind lib.sh. The keys host and user (and more, by key) are in the
# current folder; start_sshd skips the rest of the test where sshd cannot be used.

PATH=$PATH:/usr/sbin
need ssh sshd ssh-keygen python3 flock

# key NAME...
key() {
	for name; do
		ssh-keygen -q -t ed25519 -N '' -f "$name" || exit 1
	done
}

# Root's sshd wants a folder that the system's service makes. Whichever of these tests is the last one to use one of
# ours removes it: descriptor 6 locks the folder above it.
take_run_sshd() {
	[ "$(id -u)" = 0 ] || return 0
	exec 6</run
	flock -x 6
	[ -d /run/sshd ] || { mkdir -m 755 /run/sshd && : >/run/sshd/mci-tests; }
	flock -s 6
}

# start_sshd: $port, $sshd its process, $ssh a command that logs in as the host ci. What logs in has an
# environment of its own, with our programs.
start_sshd() {
	key host user
	cp user.pub authorized && chmod 600 authorized
	port=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
	cat >sshd_config <<END
ListenAddress 127.0.0.1:$port
HostKey $PWD/host
PidFile none
AuthorizedKeysFile $PWD/authorized
PasswordAuthentication no
PermitRootLogin yes
StrictModes no
UsePAM no
MaxStartups 100
LogLevel VERBOSE
SetEnv "PATH=$PATH" "XDG_RUNTIME_DIR=$XDG_RUNTIME_DIR" "LC_ALL=C.UTF-8" "TMPDIR=$TMPDIR" "XDG_CACHE_HOME=$T/cache-there" "$(env | grep '^ASAN_OPTIONS=' || echo CI=true)"
END
	cat >ssh_config <<END
Host ci
	HostName 127.0.0.1
	Port $port
	User $(id -un)
	IdentityFile $PWD/user
	IdentitiesOnly yes
	IdentityAgent none
	BatchMode yes
	UserKnownHostsFile $PWD/known
	StrictHostKeyChecking no
	LogLevel ERROR
END
	ssh="ssh -F $PWD/ssh_config ci"
	take_run_sshd
	background "$(command -v sshd)" -D -E "$PWD/sshd_log" -f "$PWD/sshd_config"
	sshd=$pid
	wait_until "sshd listens or gives up" sh -c 'is_gone() { ! kill -0 "$1" 2>/dev/null; }
		is_gone "$1" || grep -qs "^Server listening" "$2"' - "$sshd" "$PWD/sshd_log"
	if ! $ssh true >said 2>&1; then
		skip 1 "sshd cannot be used here: $(tail -n 1 said | tr -d '\r')"
		stop_sshd
		finish
	fi
}

stop_sshd() {
	kill "$sshd" 2>/dev/null
	[ "$(id -u)" != 0 ] || ! flock -n -x 6 || [ ! -e /run/sshd/mci-tests ] || rm -r /run/sshd
}
