#!/bin/sh
# Others hold all inotify instances or watches of the user: what is followed is followed all the same.
. "${0%/*}/lib.sh"
need unshare jq perl

# limited NAME N COMMAND...: with that limit, in a user namespace
cat >limited <<'LIMITED'
#!/bin/sh
exec unshare -Ur sh -c 'echo "$2" >"/proc/sys/user/max_inotify_$1" && shift 2 && exec "$@"' sh "$@"
LIMITED
chmod +x limited
./limited instances 0 true 2>/dev/null || {
	echo '1..0 # SKIP no user namespace can be made here'
	exit 0
}

# a build that goes on until the file go is there
echo '{"id":"a","script":["echo begins; until [ -e go ]; do sleep 0.05; done; echo ends; exit 3"]}' >spec
build() {
	rm -f go
	mci-build -q - <spec >/dev/null 2>&1 &
	builder=$!
	started="$started $builder"
	wait_until "the build runs" mci log @/a
}

for limit in 'instances 0' 'watches 0'; do
	build
	# shellcheck disable=SC2086
	./limited $limit mci wait @ >waited 2>&1 &
	waiter=$!
	# shellcheck disable=SC2086
	./limited $limit mci tree @ >tree 2>&1 &
	tree=$!
	# shellcheck disable=SC2086
	./limited $limit mci log -f @/a >log 2>log.err &
	log=$!
	# shellcheck disable=SC2086
	./limited $limit mci log -f @ >all 2>all.err &
	all=$!
	started="$started $waiter $tree $log $all"
	wait_for_line log '^begins$'
	wait_for_line all '^a \| begins$'
	touch go
	for pid in $waiter $tree $log $all; do
		wait_end "$pid"
		statuses="${statuses:-}$status "
	done
	is "$statuses" "1 0 0 0 " "$limit: wait, tree and log end with the build"
	statuses=''
	is "$(cat log)" "$(printf 'begins\nends\n')" "... with all that it printed"
	has tree '^failure: 1 failed' "... and how it ended"
	is "$(grep -c 'inotify: .* (see fs.inotify.max_user_'"${limit% *}"'): files are looked at' log.err all.err)" \
		"$(printf 'log.err:1\nall.err:1\n')" "... and the limit is named once"
	wait_end "$builder"

	# shellcheck disable=SC2086
	exits 1 "$limit: wait of a build that failed" ./limited $limit mci wait @
	is "$(cat "$err")" "" "... without a word of limits"
	# shellcheck disable=SC2086
	exits 0 "$limit: tree of a build that ended" ./limited $limit mci tree @
	# shellcheck disable=SC2086
	exits 0 "$limit: following a job that ended" ./limited $limit mci log -f @/a
	is "$(cat "$out" "$err")" "$(printf 'begins\nends\n')" "... shows it, without a word of limits"
	# shellcheck disable=SC2086
	exits 1 "$limit: a build that is shown as it runs" ./limited $limit mci-build --progress plain - <spec
	has "$out" '^a \| ends$' "... is shown"
done

# a server looks at the files of those who write and read there
for limit in 'instances 0' 'watches 1'; do
	mkfifo ready feed
	# shellcheck disable=SC2086
	./limited $limit mci-log serve -l ./s --dir "d-${limit% *}" --ready-fd 3 3>ready 2>served &
	serving=$!
	started="$started $serving"
	read -r _ <ready
	mci-log put -a ./s o/r/1/j <feed &
	writer=$!
	mci-log follow -a ./s o/r/1/j >seen 2>said &
	follower=$!
	mci-log follow -a ./s o/r/1/j >seen2 2>said2 &
	second=$!
	started="$started $writer $follower $second"
	exec 4>feed
	echo one >&4
	wait_for_line seen one
	echo two >&4
	wait_for_line seen two
	kill -KILL "$writer"
	wait_end "$follower"
	wait_end "$second"
	exec 4>&-
	is "$(cat seen seen2)" "$(printf 'one\ntwo\none\ntwo\n')" "a server with $limit: who follows has all"
	has said "the log is truncated: 8 bytes" "... and hears that the writer was killed"
	is "$(grep -c 'mci-log: inotify: .* (see fs.inotify.max_user_'"${limit% *}"')' served)" 1 "... it says so once"
	kill "$serving"
	wait_end "$serving"
	rm ready feed
done
finish
