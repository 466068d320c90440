#!/bin/sh
# A private repository behind a real sshd: its key is in memory only, and only its host is spoken to.
. "${0%/*}/lib.sh"
PATH=$PATH:/usr/sbin
need git jq ssh sshd ssh-keygen python3

for key in host user other; do
	ssh-keygen -q -t ed25519 -N '' -f $key || exit 1
done
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
END
made=''
[ "$(id -u)" != 0 ] || [ -d /run/sshd ] || { mkdir -m 755 /run/sshd && made=1; }
background "$(command -v sshd)" -D -e -f "$PWD/sshd_config"
server=$pid
wait_until "sshd listens or gives up" sh -c '! kill -0 "$1" 2>/dev/null || grep -q "^Server listening" "$2"' - "$server" "$err"
if ! ssh -F /dev/null -i user -o IdentitiesOnly=yes -o BatchMode=yes -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -p "$port" 127.0.0.1 true >said 2>&1; then
	skip 1 "sshd cannot be used here: $(tail -n 1 said | tr -d '\r')"
	[ -z "$made" ] || rmdir /run/sshd 2>/dev/null
	finish
fi

git config --global user.name t
git config --global user.email t@example.org
git init -q "$T/lib" && echo l >"$T/lib/l" && git -C "$T/lib" add l && git -C "$T/lib" commit -qm l
git init -q -b main "$T/origin" && echo a >"$T/origin/a" && git -C "$T/origin" add a
url=ssh://$(id -un)@127.0.0.1:$port$T/origin
GIT_SSH_COMMAND="ssh -F /dev/null -i $PWD/user -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null" \
	git -C "$T/origin" submodule --quiet add "${url%/origin}/lib" lib 2>/dev/null
git -C "$T/origin" commit -qm a

# order KEYS-FILTER: with private (the user's key), other, and known (the host's key)
order() {
	jq -cn --arg url "$url" --rawfile private user --rawfile other other \
		--arg known "[127.0.0.1]:$port $(cat host.pub)" --arg wrong "[127.0.0.1]:$port $(cat other.pub)" \
		'{build:"o/r/1",ref:"refs/heads/main",url:$url,keys:'"$1"'}' >"$T/order"
	rm -rf "$T/b" "$T/agent"
	run mci-agent --checkout "$T/b/1/src" --workdir "$T/agent" <"$T/order"
}

order '[{name:"k",host:"127.0.0.1",private:$private,"known-hosts":$known}]'
is "$status" 0 "a private repository is checked out with its key"
is "$(cat "$T/b/1/src/a" "$T/b/1/src/lib/l" | tr '\n' ' ')" "a l " "its submodule with the same one"
is "$(grep -rlF "$(sed -n 2p user)" "$T/b" "$T/agent" "$TMPDIR" | head -n 1)" "" "and the key is in no file"

order '[{name:"k",private:$private,"known-hosts":$wrong}]'
is "$status" 1 "a host with another key is not spoken to"
order '[{name:"k",private:$other,"known-hosts":$known}]'
is "$status" 1 "a key that the host does not know opens nothing"
order '[{name:"k",host:"example.org",private:$private,"known-hosts":$known}]'
is "$status" 1 "a key for another host is not offered to this one"

kill "$server"
[ -z "$made" ] || rmdir /run/sshd 2>/dev/null
finish
