#!/bin/sh
# Completions are those of the option tables, and complete.
. "${0%/*}/lib.sh"
need bash

mkdir new
ok "completions can be generated" "$ROOT/completions/generate" "$MCI_BIN" new
for file in mci.bash _mci mci.fish; do
	ok "completions/$file is what the option tables give (make completions)" \
		cmp "new/$file" "$ROOT/completions/$file"
done

# offer WORD...: what bash offers for the last word, a candidate a line
cat >complete.bash <<'END'
source "$1"
shift
compopt() { :; }
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_mci
printf '%s\n' "${COMPREPLY[@]}"
END
offer() {
	bash complete.bash "$ROOT/completions/mci.bash" "$@" 2>&1
}

is "$(offer mci-build --pr)" --progress "mci-build --pr"
is "$(offer mci-build --progress pl)" plain "mci-build --progress pl"
is "$(offer mci-build --progress = pl)" plain "mci-build --progress=pl"
is "$(offer mci unbl)" unblock "mci unbl"
is "$(offer mci run --fail)" --fail-fast "mci run stands for mci-build"
is "$(offer mci -C / run --fail)" --fail-fast "mci -C DIR run"
is "$(offer mci ls --lim)" --limit "mci ls --lim"
like "$(offer mci-build -)" '^-j$' "mci-build -"
touch a-file
is "$(offer mci-build -f a-)" a-file "mci-build -f completes files"

cp -R "$ROOT/tests/fixtures/sample" project
cd project || exit 1
mv ../complete.bash .
is "$(offer mci-build p)" pack "mci-build completes the ids of the definition"
is "$(offer mci-build --skip un)" unit "and so does --skip"
mci-build -q >/dev/null 2>&1
is "$(offer mci show l)" local/project/1 "mci show completes builds"
is "$(offer mci show @f)" @failed "and their short names"
is "$(offer mci log @/un)" @/unit "mci log completes jobs of a build"
is "$(offer mci log local/project/1/st)" local/project/1/style "also with its whole name"

if command -v zsh >/dev/null 2>&1; then
	ok "zsh reads its completions" zsh -fc '
		autoload -U compinit && compinit -D -u
		fpath=("$1" $fpath) && autoload -U _mci && autoload +X _mci' - "$ROOT/completions"
else
	skip 1 "zsh is not installed"
fi
if command -v fish >/dev/null 2>&1; then
	is "$(fish -N -c "source $ROOT/completions/mci.fish; complete -C 'mci-build --pr'" | cut -f 1)" --progress \
		"fish completes mci-build --pr"
	is "$(fish -N -c "source $ROOT/completions/mci.fish; complete -C 'mci show @f'" | cut -f 1)" @failed \
		"fish completes builds"
else
	skip 2 "fish is not installed"
fi
finish
