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

# offer LINE: what bash makes of the last word of the line, a candidate a line: readline splits the line at some
# characters and puts what is offered in the place of the last piece, with a @ in front of it.
cat >"$T/complete.bash" <<'END'
source "$1"
compopt() { :; }
COMP_LINE=$2 COMP_POINT=${#2}
[[ -z $3 ]] || COMP_WORDBREAKS=$3
mapfile -t COMP_WORDS < <(sed "s/[${COMP_WORDBREAKS//[[:space:]]/}]/ & /g; s/  */\n/g" <<<"$COMP_LINE")
COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
_mci
front=${COMP_LINE%"${COMP_LINE##*["$COMP_WORDBREAKS"]}"}
[[ $COMP_WORDBREAKS != *@* ]] || front=${front%@}
[[ ${#COMPREPLY[@]} -eq 0 ]] || printf "$front%s\n" "${COMPREPLY[@]}" | sed 's/.* //'
END
offer() {
	bash "$T/complete.bash" "$ROOT/completions/mci.bash" "$1" "${breaks:-}" 2>&1
}

is "$(offer 'mci-build --pr')" --progress "mci-build --pr"
is "$(offer 'mci-build --progress pl')" plain "mci-build --progress pl"
is "$(offer 'mci-build --progress=pl')" --progress=plain "mci-build --progress=pl"
is "$(offer 'mci ls --status=fa')" --status=failure "mci ls --status=fa"
is "$(offer 'mci unbl')" unblock "mci unbl"
is "$(offer 'mci help unbl')" unblock "mci help unbl"
is "$(offer 'mci run --fail')" --fail-fast "mci run stands for mci-build"
is "$(offer 'mci lint --fail')" '' "mci lint has options of its own"
is "$(offer 'mci lint --js')" --json "which are offered"
is "$(offer 'mci -C / run --fail')" --fail-fast "mci -C DIR run"
is "$(offer 'mci ls --lim')" --limit "mci ls --lim"
like "$(offer 'mci-build -')" '^-j$' "mci-build -"
is "$(offer 'mci spec a -k allow')" allow-failure= "mci spec -k completes the keys of a job"
touch a-file
is "$(offer 'mci-build -f a-')" a-file "mci-build -f completes files"
is "$(offer 'mci tree a-')" a-file "so does mci tree"
is "$(offer 'mci run ./a-')" ./a-file "and a path of a definition"

cp -R "$ROOT/tests/fixtures/sample" project
cd project || exit 1
is "$(offer 'mci-build p')" pack "mci-build completes the ids of the definition"
is "$(offer 'mci-build --skip un')" unit "and so does --skip"
echo '{"id":"other","script":["true"]}' >one.json
is "$(offer 'mci run ./one.json ')" other "those of another definition"
is "$(offer 'mci run -f one.json o')" other "also behind -f"
mci-build -q >/dev/null 2>&1

here=$PWD
# bash splits words at @ and :, unless hostname completion is off, as bash-completion has it
for breaks in "$(printf ' \t\n"\047@><=;|&(:')" "$(printf ' \t\n"\047><=;|&(:')" "$(printf ' \t\n"\047><;|&(')"; do
	is "$(offer 'mci show l')" local/project/1 "mci show completes builds"
	is "$(offer 'mci rm @f')" @failed "and their short names"
	is "$(offer 'mci log @/un')" @/unit "mci log completes jobs of a build"
	is "$(offer 'mci show @/un')" @/unit "so does mci show"
	is "$(offer 'mci show @/' | tr '\n' ' ')" '@/compile @/unit @/style @/pack ' "all of them behind the slash"
	is "$(offer 'mci log local/project/1/st')" local/project/1/style "also with its whole name"
	is "$(offer 'mci cancel st')" style "a job of the latest build needs none"
	is "$(offer 'mci log st')" "$(printf 'status\nstyle')" "not even where there are verbs"
	is "$(cd / && offer "mci -C $here show @/un")" @/unit "-C DIR is gone to"
	is "$(cd / && offer "mci show -C $here @/un")" @/unit "behind the verb too"
	is "$(cd / && offer "mci-build --chdir=$here p")" pack "for mci-build as well"
	is "$(cd / && offer "mci -C $here tree one")" one.json "and for files"
	is "$(cd / && offer "mci log grep -C 3 x @/un")" '' "the -C of grep is another"
done
breaks=''

# the real thing: a terminal, and Tab
if command -v tmux >/dev/null 2>&1; then
	# a server for each terminal: one that is being killed still has its socket
	terminals=0
	tmux() { timeout "$PATIENCE" tmux -f /dev/null -S "$T/tmux$terminals" "$@"; }
	# shellcheck disable=SC2317 # called by wait_until
	screen() { tmux capture-pane -p -t tab >"$T/screen"; grep -Eqe "$1" "$T/screen"; }
	tab() { # FILE TEXT: bash with the completions, after it has read FILE
		terminals=$((terminals + 1))
		tmux new-session -d -s tab -x 80 -y 24 "exec env PS1='prompt ' TERM=screen PATH='$PATH' bash --norc -i"
		wait_until "a shell on a terminal" screen 'prompt'
		tmux send-keys -t tab "clear; . $1; . '$ROOT/completions/mci.bash'; echo ready" Enter
		wait_until "the completions are read" screen '^ready'
		tmux send-keys -t tab 'mci show @/un' Tab 'X'
		wait_until "$2" screen 'mci show @/unit X' && pass "$2"
		tmux kill-server
	}
	tab /dev/null "Tab completes a job of the latest build"
	if [ -e /usr/share/bash-completion/bash_completion ]; then
		tab /usr/share/bash-completion/bash_completion "with bash-completion too"
	else
		skip 1 "bash-completion is not installed"
	fi
else
	skip 2 "tmux is not installed"
fi

if command -v zsh >/dev/null 2>&1; then
	ok "zsh reads its completions" zsh -fc '
		autoload -U compinit && compinit -D -u
		fpath=("$1" $fpath) && autoload -U _mci && autoload +X _mci' - "$ROOT/completions"
else
	skip 1 "zsh is not installed"
fi
if command -v fish >/dev/null 2>&1; then
	# fish_offers LINE
	fish_offers() { fish -N -c "source $ROOT/completions/mci.fish; complete -C '$1'" | cut -f 1; }
	is "$(fish_offers 'mci-build --pr')" --progress "fish completes mci-build --pr"
	is "$(fish_offers 'mci rm @f')" @failed "fish completes builds"
	is "$(fish_offers 'mci show @/un')" @/unit "and their jobs"
	is "$(cd / && fish_offers "mci -C $here show @/un")" @/unit "and goes where -C says"
else
	skip 4 "fish is not installed"
fi
finish
