# shellcheck shell=sh
# For tests with a whole server, behind lib.sh: mci-supervise with its services, an organisation acme, and
# repositories that are folders here. $api is its one address, as MCI_API.

api="unix:$T/run/mci/mci.sock" MCI_API="unix:$T/run/mci/mci.sock"
# every answer over HTTP is held against its shape
export MCI_API MCI_API_CHECK_ANSWERS=true

git config --global user.name t
git config --global user.email t@example.org
git config --global init.defaultBranch main

# wiring: that of mci up without its agent; what is behind it in the same file are more parts
wiring() {
	mci-supervise --print-wiring | sed '/^# What the store knows/,$d'
}

# up [FILE]: starts the services, or those of a wiring; returns when all are ready. $server is its process, which
# has the options $UP
up() {
	[ -n "$1" ] || wiring >"$T/wiring"
	[ -p "$T/up" ] || mkfifo "$T/up"
	# shellcheck disable=SC2086
	mci-supervise --dir "$T/data" --ready-fd 3 ${UP-} "${1:-$T/wiring}" 3>"$T/up" >"$T/server.out" 2>>"$T/server.err" &
	server=$!
	started="$started $server"
	read -r _ <"$T/up" || { cat "$T/server.err" >&2; return 1; }
}

down() {
	kill -TERM "$server" 2>/dev/null
	wait_end "$server"
}

# token: makes the agent's
token() {
	(umask 077 && mkdir -p "$T/data" && mci call -a "$api" token/create agent=local | jq -r .token >"$T/data/agent.token")
}

# agent OPTION...: one beside the server; returns when it has asked for builds. $agent is its process
agent() {
	[ -s "$T/data/agent.token" ] || token
	[ -p "$T/agent.up" ] || mkfifo "$T/agent.up"
	mci-agent -a "$api" --token-file "$T/data/agent.token" --workdir "$T/agent" --ready-fd 3 "$@" \
		3>"$T/agent.up" >"$T/agent.out" 2>>"$T/agent.err" &
	agent=$!
	started="$started $agent"
	read -r _ <"$T/agent.up" || { cat "$T/agent.err" >&2; return 1; }
}

# project NAME: a repository acme/NAME in folder NAME whose definition is standard input (specs, or with #! a
# script)
project() {
	git init -q "$1"
	mkdir "$1/.mci"
	cat >"$1/definition"
	if head -n 1 "$1/definition" | grep -q '^#!'; then
		mv "$1/definition" "$1/.mci/build"
	else
		printf '#!/bin/sh\ncat "${0%%/*}/specs"\n' >"$1/.mci/build"
		mv "$1/definition" "$1/.mci/specs"
	fi
	chmod +x "$1/.mci/build"
	git -C "$1" add -A && git -C "$1" commit -qm "first of $1"
	mci call -a "$api" org/list | jq -e '.orgs[] | select(.id == "acme")' >/dev/null ||
		mci call -a "$api" org/put name=acme >/dev/null
	mci call -a "$api" repo/put org=acme name="$1" url="$PWD/$1" main=main >/dev/null
}

# status_of BUILD
status_of() {
	mci call -a "$api" build/get build="$1" | jq -r .status
}
