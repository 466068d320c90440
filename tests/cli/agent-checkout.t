#!/bin/sh
# What mci-agent --checkout makes of an order, and what of a repository is never run.
. "${0%/*}/lib.sh"
need git jq

git config --global user.name t
git config --global user.email t@example.org
git config --global init.defaultBranch main
git config --global protocol.file.allow always

origin=$T/origin work=$T/agent
git init -q "$origin"
commit() {
	git -C "$origin" add -A && git -C "$origin" commit -qm "$1" && git -C "$origin" rev-parse HEAD
}
echo one >"$origin/a"
first=$(commit one)
echo two >"$origin/a"
second=$(commit two)

# checkout N [MEMBER=VALUE...]: of build o/r/N; the answer in $out
checkout() {
	n=$1
	shift
	jq -cn --arg build "o/r/$n" --arg url "$origin" --args \
		'{build:$build,url:$url} + ($ARGS.positional | map(capture("^(?<key>[a-z]*)=(?<value>(.|\n)*)$")) | from_entries)' \
		-- "$@" >"$T/order"
	run mci-agent --checkout "$T/b/$n/src" --workdir "$work" <"$T/order"
}

checkout 1 ref=refs/heads/main
is "$(jq -r .rev "$out")" "$second" "the newest commit of a branch"
is "$(cat "$T/b/1/src/a")" two "with its files"
is "$(jq -r .fresh "$out")" true "the folder is new"

checkout 1 ref=refs/heads/main
is "$(jq -r .fresh "$out")" false "a folder that has the commit stays"

checkout 2 ref=refs/heads/main rev="$first"
is "$(cat "$T/b/2/src/a")" one "an older commit by its name"

checkout 3 ref=refs/heads/main rev="$second" base="$first"
is "$(jq -r .base "$out")" "$first" "what was there before can be compared with"
ok "and is in the checkout" git -C "$T/b/3/src" cat-file -e "$first"
is "$(git -C "$T/b/3/src" config remote.origin.url)" "$origin" "the checkout knows where it comes from"

checkout 4
is "$(jq -r .rev "$out")" "$second" "without a ref it is what the repository shows"

checkout 5 ref=refs/heads/main base=0123456789012345678901234567890123456789
is "$(jq -r '.base // "none"' "$out")" none "a base that is gone is none"

# a second checkout moves only what is new
mv "$origin" "$origin.away"
checkout 6 ref=refs/heads/main rev="$second"
is "$(cat "$T/b/6/src/a")" two "a commit that was fetched before needs no repository"
checkout 7 ref=refs/heads/main
is "$status" 1 "one that is away is an error"
like "$(jq -r .error "$out")" "origin" "which names it"
mv "$origin.away" "$origin"

checkout 8 url=
is "$status" 1 "without a repository there is nothing to check out"

# names that somebody pushed
for name in --orphan 'x;touch pwned' '-u' '$(touch pwned)' "$(printf '%0200d' 7)"; do
	git -C "$origin" update-ref "refs/heads/$name" "$first" 2>/dev/null || continue
	checkout 9 ref="refs/heads/$name"
	is "$(jq -r .rev "$out")" "$first" "a branch called '$(printf %.20s "$name")' is built as any other"
done
checkout 10 ref='refs/heads/a
b'
like "$(jq -r .error "$out" | tr '\n' ' ')" "ref:.*is not the name of a branch or tag" "one with a newline is an error"
checkout 10 ref=--upload-pack=touch
like "$(jq -r .error "$out")" "ref:" "an option is no ref"
checkout 10 ref=refs/heads/main rev=HEAD
like "$(jq -r .error "$out")" "rev: 'HEAD' is not the name of a commit" "a rev is an object's name"
checkout 10 ref=refs/heads/main rev=0123456789012345678901234567890123456789
like "$(jq -r .error "$out")" "commit 012345678901" "a commit that is not there is named"

# urls
for url in "ext::sh -c 'touch $T/pwned'" -u "--upload-pack=touch $T/pwned" "file://$origin" ./origin "fd::7" "https://-oProxyCommand=x/y" "-x:y"; do
	checkout 11 url="$url"
	like "$(jq -r .error "$out")" "url '.*' is none of" "url '$(printf %.24s "$url")' is refused"
done
is "$(find "$T" -name pwned)" "" "and nothing of it ran"

# what a repository brings along
evil=$T/evil
git init -q "$evil"
mkdir "$evil/sub" && echo x >"$evil/sub/f"
printf '%s\n' '* filter=evil diff=evil' >"$evil/.gitattributes"
printf '[core]\n\tfsmonitor = touch %s\n\thooksPath = hooks\n' "$T/pwned" >"$evil/.gitconfig"
mkdir "$evil/hooks" && printf '#!/bin/sh\ntouch %s\n' "$T/pwned" >"$evil/hooks/post-checkout" && chmod +x "$evil/hooks/post-checkout"
cp "$evil/hooks/post-checkout" "$evil/.git/hooks/post-checkout"
cp "$evil/hooks/post-checkout" "$evil/.git/hooks/pre-receive"
git -C "$evil" config core.fsmonitor "touch $T/pwned"
git -C "$evil" config uploadpack.packObjectsHook "touch $T/pwned"
git -C "$evil" config filter.evil.smudge "touch $T/pwned"
git -C "$evil" -c core.fsmonitor=false add -A 2>/dev/null
git -C "$evil" -c core.fsmonitor=false -c core.hooksPath=/dev/null commit -qm evil
rm -f "$T/pwned"
checkout 12 url="$evil"
is "$status" 0 "a repository full of traps is checked out"
ok "none of its hooks, filters and monitors ran" test ! -e "$T/pwned"

# a global configuration of the agent's user counts for nothing
git config --global core.hooksPath "$evil/hooks"
git config --global filter.evil.smudge "touch $T/pwned"
checkout 13 url="$evil"
ok "nor what the user's own configuration names" test ! -e "$T/pwned"
git config --global --unset core.hooksPath
git config --global --unset filter.evil.smudge

# submodules
out_of_here=$T/inside
git init -q "$out_of_here" && echo s >"$out_of_here/s" && git -C "$out_of_here" add s && git -C "$out_of_here" commit -qm s
super=$T/super
git init -q "$super"
git -C "$super" submodule --quiet add "$out_of_here" lib 2>/dev/null
git -C "$super" commit -qm super
checkout 14 url="$super"
is "$status" 1 "a submodule that is a folder of this machine is an error"
like "$(jq -r .error "$out")" "submodules: .*file" "which says why"
git -C "$super" config -f .gitmodules submodule.lib.url "ext::sh -c touch% $T/pwned"
git -C "$super" add -A && git -C "$super" commit -qm ext
checkout 15 url="$super"
is "$status" 1 "one that is a command too"
ok "which does not run" test ! -e "$T/pwned"
git -C "$super" config -f .gitmodules submodule.lib.url "$out_of_here"
git -C "$super" config -f .gitmodules submodule.lib.update "!touch $T/pwned"
git -C "$super" add -A && git -C "$super" commit -qm update
checkout 16 url="$super"
ok "nor does what .gitmodules says to run" test ! -e "$T/pwned"

# large files
if command -v git-lfs >/dev/null; then
	large=$T/large
	git init -q "$large.work" && git init -q --bare "$large"
	(cd "$large.work" && git lfs install --local >/dev/null 2>&1 && git lfs track '*.bin' >/dev/null &&
		head -c 100000 /dev/urandom >a.bin && git add -A && git commit -qm large &&
		git remote add origin "file://$large" && git push -q origin main) 2>"$err"
	checkout 17 url="$large" ref=refs/heads/main
	is "$status" 0 "a repository with large files is checked out"
	ok "and has them" cmp "$large.work/a.bin" "$T/b/17/src/a.bin"
else
	skip 2 "git-lfs is not installed"
fi

# garbage
echo 'no json' >"$T/order"
run mci-agent --checkout "$T/b/20/src" --workdir "$work" <"$T/order"
is "$status" 1 "an order that is none is an error"
like "$(jq -r .error "$out")" "not JSON" "which says so"
echo '{"build":"../../x/1","url":""}' >"$T/order"
run mci-agent --checkout "$T/b/20/src" --workdir "$work" <"$T/order"
like "$(jq -r .error "$out")" "build: " "a build's name that leads elsewhere is refused"
run mci-agent --checkout "$T/b/20/src" --workdir "$work" </dev/null
is "$status" 1 "as is none at all"

# the branch that is meant where nobody says one
git -C "$origin" branch -m main trunk
checkout 90 ref=refs/heads/main
has "$out" "no branch main \('mci repo put ORG/REPO main=NAME' names the one that is\): " "a missing main branch is told with what to do"

finish
