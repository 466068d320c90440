#!/bin/sh
# A private repository behind a real sshd: its key is in memory only, and only its host is spoken to.
. "${0%/*}/lib.sh"
. "$ROOT/tests/cli/ssh-lib.sh"
need git jq

key other
start_sshd

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

stop_sshd
finish
