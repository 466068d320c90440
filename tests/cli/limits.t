#!/bin/sh
# What a job may use: each limit ends the job that is over it, and no other; where there are control groups, and,
# as an ordinary user, where there are none. Every attack has a second bound around it.
. "${0%/*}/lib.sh"
need jq

# A line of the events of one job, by jq.
field() {
	jq -r "select(.job == \"$1\") | $2" "$out"
}
verdict() {
	field "$1" 'select(.type == "job/executed") | "\(.reason) \(.exit // .error)"'
}

# as root there may be cgroups; without them the same is promised by rlimits and by looking
who='' grouped=''
[ "$(id -u)" = 0 ] && who=nobody
bound() {
	timeout 60 "$@"
}
plain() {
	if [ -n "$who" ]; then
		chmod 711 "$T"
		chown -R "$who" "$T/work" "$T/run" "$T/tmp" "$T/home" "$T/state"
		bound setpriv --reuid "$who" --clear-groups "$@"
	else
		bound "$@"
	fi
}

# attacks RUN: a job for each limit and two that are none, at once
attacks() {
	rm -rf ./*
	"$1" mci-job -j8 --progress json >"$out" 2>"$err" <<'J'
{"id":"memory","limits":{"memory":"48M"},"script":"head -c 300M /dev/zero | tail; sleep 20"}
{"id":"processes","limits":{"processes":40},"script":"while :; do sleep 20 & done"}
{"id":"file-size","limits":{"file-size":"64k"},"script":"head -c 1M /dev/zero >large"}
{"id":"disk","limits":{"disk":"24M"},"timeout":"30s","script":"mkdir fill; i=0; while :; do i=$((i + 1)); head -c 1M /dev/zero >fill/$i; sleep 0.01; done"}
{"id":"log","limits":{"log":"1M"},"script":"yes"}
{"id":"other","script":["sleep 2","echo fine"]}
{"id":"bounded","limits":{"memory":"64M","processes":20,"files":32,"log":"1k","file-size":"1M","disk":"1G","cpus":1},"script":["sleep 1","test $(ulimit -n) = 32"],"finally":"echo over"}
J
	# where the kernel only refuses memory, and bwrap does not tell how much there was, its job says it itself
	like "$(verdict memory)" "^limit:memory more than 48M of memory\$${2:+|$2}" "a memory hog is ended ($1)"
	is "$(for job in processes file-size disk log other bounded; do verdict "$job"; done)" \
"limit:processes more than 40 processes
limit:file-size more than 64k in one file
limit:disk more than 24M of disk
limit:log more than 1M of output
exit 0
exit 0" "a fork bomb, a large file, a disk filler and an endless printer end, and others go on ($1)"
	is "$(field bounded 'select(.type == "job/start") | .limits | tojson')" \
		'{"cpus":"1","memory":"64M","processes":"20","files":"32","file-size":"1M","disk":"1G","log":"1k"}' \
		"job/start says what a job may use ($1)"
	like "$(field bounded 'select(.type == "job/start") | ."limited-by" | tojson')" \
		'^."cpus":"(cgroup-v[12]|nothing)","memory":"(cgroup-v[12]|rlimit)","processes":"(cgroup-v[12]|rlimit)","files":"rlimit","file-size":"rlimit","disk":"mci-job","log":"mci-job".$' \
		"and what sees to it ($1)"
	is "$(field log 'select(.type == "job/executed") | "\(.bytes) \(.truncated)"')" '1048576 true' \
		"the log that was too long is cut where it was too long ($1)"
	rm -rf fill large
}
sandboxed() {
	bound "$@" --sandbox
}
plain_sandboxed() {
	plain "$@" --sandbox
}
attacks bound
attacks plain
if command -v bwrap >/dev/null && timeout 20 mci-job --sandbox -- true 2>/dev/null; then
	attacks sandboxed
	attacks plain_sandboxed '^exit 1$'
else
	skip 10 'no sandbox here'
fi

# what can be had here is used
own=$(sed -n 's/^[0-9]*:pids://p' /proc/self/cgroup)
if [ -n "$own" ] && [ -w "/sys/fs/cgroup/pids$own/cgroup.procs" ]; then
	printf '%s\n' '{"id":"a","limits":{"memory":"64M","processes":9,"cpus":0.5},"script":"cat /proc/self/cgroup"}' |
		bound mci-job --progress json --log-dir logs >"$out" 2>"$err"
	is "$(field a 'select(.type == "job/start") | [."limited-by"[]] | unique | join(" ")')" cgroup-v1 \
		'version 1 of cgroups is used where it is what there is'
	like "$(cat logs/a.log)" ':pids:/.*mci-[0-9]+/0$' 'a job runs in a group of its own'
	group=$(sed -n 's,.*:pids:/.*\(mci-[0-9]*\)/0$,\1,p' logs/a.log)
	is "$(find /sys/fs/cgroup -maxdepth 4 -name "$group" 2>/dev/null)" '' 'which is gone afterwards'
	# a stray that hides its token is found by its group
	printf '%s\n' '{"id":"b","script":"env -i /bin/sh -c \"(setsid sleep 77 &)\"; echo left"}' '{"id":"c","script":"sleep 1; pgrep -f \"^sleep 77\" -s 0 >/dev/null || pgrep -fx \"sleep 77\" || echo none"}' |
		bound mci-job -j2 --progress json --log-dir logs >"$out" 2>"$err"
	is "$(cat logs/c.log)" none 'a process without the token of its job ends with the job'
else
	skip 4 'no control groups of version 1 to write to'
fi

printf '%s\n' '{"id":"a","limits":{"memory":"2G"},"script":"true"}' '{"id":"b","timeout":"7h","script":"true"}' \
	'{"id":"c","script":"true"}' >specs
run mci-job --progress json --limit memory=1G --limit-most memory=1G --limit-most timeout=6h <specs
is "$(verdict a)" 'start memory: 2G is more than the 1G that a job may have here' 'more than a machine gives is an error'
is "$(verdict b)" 'start timeout: 7h is more than the 6h that a job may have here' 'also for the time'
is "$(field c 'select(.type == "job/start") | .limits | tojson')" '{"memory":"1G","timeout":"6h"}' \
	'who asks for nothing gets what there is'
exits 2 'a limit that does not exist is an error' mci-job --limit memroy=1G
has "$err" "limit: there is no limit 'memroy'; there are cpus, memory" 'which names those that do'
exits 2 'so is a value that is none' mci-job --limit-most memory=2X
has "$err" "limit-most: memory: '2X' is not a size" 'and it says what was expected'

# bad LIMITS ERROR: what the spec says wrongly
bad() {
	printf '%s\n' "{\"id\":\"x\",\"limits\":$1,\"script\":\"true\"}" | timeout 20 mci-job --progress json >"$out" 2>&1
	like "$(jq -r 'select(.type == "error").text' "$out")" "$2" "$3"
}
bad '{"memry":"1G"}' "limits\.memry: unknown key; did you mean 'memory'" 'a limit that does not exist is named'
bad '{"timeout":"1h"}' 'limits\.timeout: it is a key of the job' 'the time has a key of its own'
bad '{"cpus":"many"}' "limits\.cpus: 'many' is not a number of CPUs" 'CPUs are numbers'
bad '{"memory":"1k"}' "limits\.memory: '1k' is too little; at least 4M" 'too little for any program'
bad '{"memory":true}' 'limits\.memory: expected a number or a string, found true' 'not a flag'

# the original's keys, through mci-build
mkdir .monkeyci
cat >.monkeyci/build.yaml <<'Y'
id: one
script: ["true"]
size: 1
Y
run mci-build --progress json --runner host
is "$(jq -c 'select(.type == "job/start").limits' "$out")" '{"cpus":"1","memory":"2G","timeout":"20m"}' \
	"the original's size is so many CPUs and twice as many G"
rm -r .monkeyci
echo '{"id":"one","script":"true"}' >specs
run mci-build --limit processes=77 --limit-most timeout=1h --progress json - <specs
is "$(jq -c 'select(.type == "job/start").limits' "$out")" '{"processes":"77","timeout":"1h"}' \
	'mci-build hands on what its jobs may use'
finish
