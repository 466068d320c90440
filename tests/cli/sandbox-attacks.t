#!/bin/sh
# What a job in the sandbox tries, and does not get: each attack as root and as an ordinary user. An attack is a
# job that prints "escaped" when it got what it is after, else "kept"; where it does no harm it is run on the host
# as well, to see that it is one.
#
# Advisories of other CI systems, and of what they stand on, and the tests that hold their kind off here ("..." is
# one of this file):
#
#   CVE-2024-23897 (Jenkins)            @FILE in an argument is read by the server           http-abuse.t, http.t
#   GHSA-cv2w-q8c3-xjv7 (Jenkins)       jobs read and write folders of the controller       "another workspace",
#                                                                                            "the state of mci"
#   CVE-2026-27100 (Jenkins)            a parameter tells of builds one may not see          http-rights.t
#   CVE-2018-1000861, -2019-1003000     a script of the build runs where its controller does "the script ...", sandbox.t
#   (Jenkins)
#   CVE-2023-42793, -2024-27198         a path that the router reads otherwise is let in     http-abuse.t, http-rights.t
#   (TeamCity)
#   CVE-2024-6385, -6678, -9164 (GitLab) a build runs as somebody else, or of another branch store-queue.t, http-rights.t
#   CVE-2022-1423 (GitLab)              caches of strangers are taken by who is trusted      artifacts.t, blob.t
#   CVE-2022-2251 (GitLab runner),      words of a build become words of a shell or of the   "a name is no option",
#   CVE-2022-39321 (GitHub runner)      container's command line                             "a variable ..."
#   CVE-2022-2417 (GitLab)              a branch is named like a commit                      server.t, agent-checkout.t
#   CVE-2021-22205 (GitLab)             the server runs a parser on what is uploaded         archive.t: a worker does
#   CVE-2024-41121, -41122 (Woodpecker) the workspace's path takes over the host             "dir: ...", view's order
#   CVE-2023-40034, -2026-58370         a hook, or a name of git, says who somebody is       store-queue.t (trust); there
#   (Woodpecker)                                                                             are no hooks of forges
#   CVE-2022-31683, -2020-5415          an id in the body, or that looks alike, is believed  http-rights.t, http-abuse.t
#   (Concourse)
#   GHSA-94jr-7pqp-xhcq and its like    a revision is an option of git; a path leaves the    agent-checkout.t, server.t
#   (Tekton)                            repository; a token goes to another's server         (--orphan, x;rm), relay-http.t
#   CVE-2023-22726, -2026-34042 (act)   names of artifacts are paths; whoever comes in takes artifacts.t, blob.t,
#                                       part in the cache                                    "where other jobs ..."
#   CVE-2020-15228 (GitHub)             what is printed is obeyed                            mask.t, log-notes.t
#   CVE-2023-43741, -43116 (Buildkite)  root mends permissions through a link                "a link in the workspace"
#   CVE-2024-42471 (@actions/artifact)  an archive writes outside of where it is unpacked    archive.t, blob-archive.t
#   CVE-2025-30066 (tj-actions)         secrets are printed to a public log                  "printed ...", mask.t,
#                                                                                            mask-sinks.t
#   CVE-2025-8110, -2026-25921 (Gogs)   a link is written through; an object of a digest is  blob.t, artifacts.t
#                                       overwritten
#   CVE-2024-21626, -2019-5736 (runc)   descriptors of the host leak; its binary is written  "no descriptor ...",
#                                                                                            "the machine's programs"
#   CVE-2019-10063 (flatpak)            a filter of ioctl that looks at 64 bits              "typing on a terminal"
#   CVE-2017-5226 (bubblewrap)          TIOCSTI into the terminal that started it            "typing on a terminal"
#   CVE-2021-41077 (Travis CI)          strangers' builds get secrets                        secret.t, store-queue.t
#   CVE-2022-0492 (cgroups)             release_agent                                        "control groups"
#   CVE-2022-0185, -2023-0386, -32233   a user namespace makes the kernel's surface large    "a user namespace"
#   CVE-2021-3939 and its like          the host's sockets (docker.sock, D-Bus)              "a socket of the host",
#                                                                                            "an abstract socket"
#   denial of service by a job          memory, processes, disk or log are exhausted         "exhausting ...", limits.t
#   secrets in logs (all of them)       secrets are printed in another form                  "printed ...", mask.t
#   secrets elsewhere (all of them)     environment, memory, cores, names, command lines     private.t, mask-sinks.t
#   self-hosted runners (GitHub)        what stays behind for the next job                   "what a job leaves ...",
#                                                                                            "nothing outlives ..."
#   CVE-2024-32002, -2025-48384 (git)   a checkout runs what the repository says             agent-checkout.t
# shellcheck disable=SC2016
. "${0%/*}/lib.sh"
need bwrap python3 jq

# ---- those who are tried: a place each, with the programs, where an ordinary user gets, too

OTHER=4242
place()
{
	P=$(mktemp -d "${PLACES:-/tmp}/mci-attack-XXXXXX") || exit 1
	mkdir "$P/bin" "$P/home" "$P/run" "$P/tmp" "$P/work" "$P/state" "$P/other" "$P/sys"
	chmod 700 "$P/run"
	cp "$MCI_BIN/mci" "$MCI_BIN/mci-job" "$MCI_BIN/mci-build" "$P/bin"
	echo topsecret | tee "$P/home/secret" "$P/state/secret" "$P/other/secret" >/dev/null
	[ "$who" = root ] || { chown -R "$OTHER:$OTHER" "$P" && chmod 755 "$P"; }
	places="$places $P"
}
clean_up_places()
{
	# shellcheck disable=SC2086
	rm -rf $places
	clean_up
}
places=
trap clean_up_places EXIT

# as COMMAND...: as who is tried
as()
{
	set -- env HOME="$P/home" XDG_RUNTIME_DIR="$P/run" XDG_STATE_HOME="$P/state" XDG_CONFIG_HOME="$P/home" TMPDIR="$P/tmp" \
		PATH="$P/bin:/usr/local/bin:/usr/bin:/bin" "$@"
	[ "$who" != user ] || set -- setpriv --reuid "$OTHER" --regid "$OTHER" --clear-groups "$@"
	$before "$@"
}
# the same in the background: $! is the command itself
as_background()
{
	# a shell gives what it starts so nothing to read unless it is told
	{ (before='exec' && as "$@") <&8 & } 8<&0
	started="$started $!"
}
before=

# job RUNNER SCRIPT [KEYS]: runs it; what it printed is in $log
job()
{
	(cd "$P/work" && jq -nc --arg s "$2" '{id: "a", script: [$s], timeout: "20s"} + '"${3:-{\}}" |
		as timeout 60 mci-job --progress json --log-dir "$P/tmp/logs" --runner "$1" >"$out" 2>"$err")
	log=$(tr -d '\r' <"$P/tmp/logs/a.log")
}

# attack TEXT SCRIPT [KEYS]: it is kept
attack()
{
	job sandbox "$2" "${3:-}"
	is "$log" kept "$who: $1"
}
# shown TEXT SCRIPT [KEYS]: the same, and on the host it escapes
shown()
{
	job host "$2" "${3:-}"
	case $log in escaped) ;; *) fail "$who: $1: the attack is none: '$log'" "$err" ;; esac
	attack "$@"
}
# of a command that is not to succeed
seeks='t() { if "$@" >/dev/null 2>&1; then echo escaped; else echo kept; fi; }; t '
# of a call: call NUMBER ARGS: what came of it
calls='python3 - <<"END"
import ctypes, errno, os, platform, socket, sys
libc = ctypes.CDLL(None, use_errno=True)
def call(x86, arm, *a):
    n = x86 if platform.machine() == "x86_64" else arm
    r = libc.syscall(n, *a)
    return 0 if r >= 0 else ctypes.get_errno()
def verdict(good):
    print("kept" if good else "escaped")
'

attacks()
{
	place
	# ---- files
	shown 'a home of the host' "$seeks cat $P/home/secret"
	shown 'another workspace' "$seeks cat $P/other/secret"
	shown 'the state of mci' "$seeks cat $P/state/secret"
	shown 'the folders of homes' '[ -d '"$P"'/home ] && echo escaped || echo kept'
	attack 'the folder that all homes are in' 'case $(ls /root /home 2>&1 | tr "\n" " ") in *root*:*home:\ build\ ) echo kept ;; *) echo escaped ;; esac'
	shown 'where other jobs have their sockets' "$seeks ls $P/run"
	attack "the machine's programs" "$seeks touch /usr/bin/new"
	attack 'settings of the machine' "$seeks touch /etc/new"
	attack 'the root' "$seeks mkdir /new"
	attack 'passwords' "$seeks cat /etc/shadow"
	attack 'settings of the kernel' "$seeks sh -c 'echo x >/proc/sys/kernel/core_pattern'"
	attack 'a key that the kernel obeys' "$seeks sh -c 'echo h >/proc/sysrq-trigger'"
	attack '/sys' "$seeks sh -c 'for f in /sys/*/*; do [ -w \"\$f\" ] && exit 0; done; exit 1'"
	attack 'control groups' "$seeks sh -c 'ls /sys/fs/cgroup/* || mkdir /sys/fs/cgroup/x'"
	attack 'disks and memory' "$seeks sh -c 'ls /dev/mem /dev/kmsg /dev/sda /dev/vda /dev/loop* || mknod d b 254 0'"
	attack "what the host's processes are started with" "$seeks grep -aq $P/home /proc/1/environ"
	attack 'the folders of another process' "$seeks ls /proc/1/root/home/secret"
	shown 'links of /proc' "$seeks cat /proc/self/root$P/home/secret"

	# ---- by way of the workspace
	ln -sfn "$P/home" "$P/work/link"
	attack 'a link in the workspace' "$seeks cat link/secret"
	job sandbox 'echo escaped' '{dir: "link"}'
	unlike "$log" escaped "$who: dir: a link to a home is no folder there"
	rm -f "$P/work/link"
	job sandbox 'rm -f "$MCI_OUTPUT"; ln -s '"$P"'/home/secret "$MCI_OUTPUT"; echo done'
	is "$(grep -c topsecret "$out")" 0 "$who: outputs are read through no link"
	job sandbox 'mkdir "$MCI_OUTPUT"; echo done'
	has "$out" '"reason":"limit:outputs"|MCI_OUTPUT' "$who: outputs that are a folder are an error"
	job sandbox 'chmod 000 .; echo done'
	is "$(as ls -d "$P/work")" "$P/work" "$who: a workspace without rights is removed or kept as any"
	chmod 755 "$P/work"
	attack 'a file that runs as its owner' "cp /bin/sh s && $seeks chmod 4755 s"
	attack 'one that is made so' "$calls
fd = libc.open(b'u', os.O_CREAT | os.O_WRONLY, 0o4755)
verdict(fd < 0 and not os.path.exists('u'))
END"
	is "$(find "$P/work" -perm /6000 | wc -l)" 0 "$who: ... there is none behind it"
	if [ "$who" = root ]; then
		attack 'being root' 'case $(id -u) in 0) echo escaped ;; *) echo kept ;; esac'
		is "$(stat -c %u "$P/work/s")" 0 "$who: what it makes is root's on the disk"
	fi
	attack 'privileges' 'grep -Eq "^CapEff:.*[1-9a-f]|^CapPrm:.*[1-9a-f]|^CapBnd:.*[1-9a-f]|^NoNewPrivs:.*0" /proc/self/status && echo escaped || echo kept'

	# ---- processes
	as_background sleep 600
	victim=$!
	attack 'processes of the host are not seen' '[ "$(ls /proc | grep -c "^[0-9]*$")" -lt 8 ] && echo kept || echo escaped'
	attack 'a signal to one' "$seeks kill -0 $victim"
	attack 'tracing one' "$calls
verdict(call(101, 117, 16, $victim, 0, 0) != 0)
END"
	job sandbox 'kill -9 -1; echo there'
	ok "$who: KILL to all reaches the job alone" kill -0 "$victim"
	job sandbox 'kill -9 1; kill -9 $PPID; echo kept'
	is "$log" kept "$who: the first process of the sandbox is not ended from inside"
	job sandbox 'setsid sh -c "sleep 7654.'$$' & sleep 7654.'$$'" & (trap "" TERM HUP; sleep 7654.'$$') & exit 0'
	is "$(pgrep -fc "sleep 7654.$$")" 0 "$who: nothing outlives the job"
	# seen at the end: it takes its five seconds
	as_background env -C "$P/work" mci-job --progress none --sandbox >"$P/late" 2>&1 <<-END
		{"id":"late","timeout":"300ms","script":["trap '' TERM; setsid sleep 7655.$$ & sleep 7655.$$"]}
	END
	late=$!
	as_background env -C "$P/work" mci-job --progress none --sandbox >"$out" 2>&1 <<-END
		{"id":"a","script":["echo up >up; sleep 7656.$$ & setsid sleep 7656.$$; exit"]}
	END
	runner=$!
	wait_until "$who: it runs" test -s "$P/work/up"
	as pkill -KILL -f "^bwrap .*7656\\.$$"
	wait_end "$runner"
	is "$(pgrep -fc "^sleep 7656.$$")" 0 "$who: nor one whose bwrap was killed"
	rm -f "$P/work/up"

	# ---- namespaces and the kernel
	attack 'a user namespace' "$seeks unshare -U true"
	attack 'a mount namespace' "$seeks unshare -m true"
	attack 'one by clone(2)' "$calls
verdict(call(56, 220, 0x10000000 | 17, 0, 0, 0, 0) in (errno.EPERM, errno.ENOSYS))
END"
	attack 'one by clone3(2), whose flags no filter sees' "$calls
verdict(call(435, 435, 0, 0) == errno.ENOSYS)
END"
	attack 'mounting' "$seeks mount -t tmpfs none /tmp"
	attack 'mounting by the new calls' "$calls
verdict(all(call(n, n, 0, 0, 0, 0, 0) == errno.EPERM for n in (428, 429, 430, 431, 432, 433, 442)))
END"
	attack 'taking mounts away' "$seeks umount /etc"
	attack 'another root' "$seeks chroot / true"
	attack 'keyrings' "$calls
verdict(call(248, 217, b'user', b'k', b'v', 1, -2) == errno.EPERM and call(250, 219, 0, -3, 0) == errno.EPERM)
END"
	attack 'programs in the kernel' "$calls
verdict(call(321, 280, 0, 0, 0) == errno.EPERM and call(298, 241, 0, 0, 0, 0, 0) == errno.EPERM)
END"
	attack 'io_uring and userfaultfd' "$calls
verdict(call(425, 425, 1, 0) == errno.ENOSYS and call(323, 282, 0) == errno.ENOSYS)
END"
	attack 'modules, kexec and reboot' "$calls
verdict(all(call(x, a, 0, 0, 0, 0) == errno.EPERM for x, a in ((175, 105), (246, 104), (169, 142), (313, 273))))
END"
	attack 'the clock' "$calls
verdict(call(227, 112, 0, 0) == errno.EPERM and call(164, 170, 0, 0) == errno.EPERM)
END"
	attack "the kernel's messages" "$calls
verdict(call(103, 116, 3, 0, 0) == errno.EPERM)
END"
	attack 'calls that are newer than the filter' "$calls
verdict(all(call(n, n, 0, 0, 0, 0, 0, 0) == errno.ENOSYS for n in range(452, 480)))
END"
	attack 'files by their handles' "$calls
verdict(call(304, 265, -1, 0, 0) == errno.EPERM)
END"
	attack 'odd kinds of sockets' "$calls
def family(f, p=0):
    try:
        socket.socket(f, socket.SOCK_RAW if f == 16 else socket.SOCK_STREAM, p)
        return False
    except OSError as e:
        return e.errno == errno.EAFNOSUPPORT
verdict(all(family(f) for f in (4, 9, 17, 29, 30, 38, 40, 44)) and family(16, 9) and family(16, 12))
END"
	attack 'typing on a terminal' "$calls
verdict(all(call(16, 29, 0, n, b'x') == errno.EPERM for n in (0x5412, 0x541c, 0x100005412 & 0xffffffffff)))
END" '{pty: true}'
	attack 'the terminal of who started it' "$seeks sh -c ': </dev/tty'"

	# ---- networks and sockets
	as_background python3 - "$P" >"$P/port" 2>/dev/null <<-'END'
		import os, socket, sys
		servers = []
		s = socket.socket(socket.AF_UNIX); s.bind(sys.argv[1] + "/sys/host.sock"); servers.append(s)
		a = socket.socket(socket.AF_UNIX); a.bind("\0mci-attack-%d" % os.getpid()); servers.append(a)
		t = socket.socket(); t.bind(("127.0.0.1", 0)); servers.append(t)
		for x in servers: x.listen(8)
		print(t.getsockname()[1], os.getpid(), flush=True)
		import select
		while True:
		    for x in select.select(servers, [], [])[0]: x.accept()[0].close()
	END
	wait_until "$who: a server is there" test -s "$P/port"
	read -r port name <"$P/port"
	connects='import socket, sys
def try_to(f, a):
    try:
        s = socket.socket(f); s.settimeout(5); s.connect(a); print("escaped")
    except OSError: print("kept")
'
	shown 'a socket of the host' "python3 -c '$connects
try_to(socket.AF_UNIX, \"$P/sys/host.sock\")'"
	shown 'a server of this machine without network' "python3 -c '$connects
try_to(socket.AF_INET, (\"127.0.0.1\", $port))'" '{network: "none"}'
	shown 'an abstract socket without network' "python3 -c '$connects
try_to(socket.AF_UNIX, \"\\0mci-attack-$name\")'" '{network: "none"}'
	if python3 -c 'import ctypes, sys; sys.exit(ctypes.CDLL(None).syscall(444, None, 0, 1) < 6)'; then
		shown 'an abstract socket' "python3 -c '$connects
try_to(socket.AF_UNIX, \"\\0mci-attack-$name\")'"
	else
		skip 1 'the kernel cannot keep jobs from abstract sockets (before Linux 6.12)'
	fi
	job sandbox "python3 -c '$connects
try_to(socket.AF_INET, (\"127.0.0.1\", $port))'" '{network: "host"}'
	is "$log" escaped "$who: with the machine's network it is reached"
	job sandbox "python3 -c 'import socket
s = socket.socket(); s.bind((\"127.0.0.1\", 0)); s.listen(1)
c = socket.create_connection(s.getsockname()); print(\"own\")'" '{network: "none"}'
	is "$log" own "$who: without it a loopback of its own is there"
	attack 'its interface alone' '[ "$(grep -c : /proc/net/dev)" = 1 ] && echo kept || echo escaped' '{network: "none"}'

	# ---- what is handed to it
	job sandbox 'ls /proc/self/fd | tr "\n" " "' 9</etc/passwd
	is "$log" '0 1 19 2 3 ' "$who: no descriptor but the job's (3 is that of ls)"
	job sandbox 'env | grep -c "^XDG\|^SECRET"'
	is "$log" 0 "$who: no variable that says where things are"
	printf '#!/bin/sh\necho out >%s/tmp/escaped\nexit 1\n' "$P" >"$P/work/bwrap"
	chmod 755 "$P/work/bwrap"
	job sandbox 'echo kept' '{env: {PATH: "'"$P"'/work:/usr/bin:/bin"}}'
	is "$log,$(ls "$P/tmp/escaped" 2>/dev/null)" kept, "$who: a variable names no bwrap of the job's"
	job sandbox 'echo kept' '{env: {LD_DEBUG: "files", LD_DEBUG_OUTPUT: "'"$P"'/tmp/loader"}}'
	is "$(echo "$log" | tail -n 1),$(ls "$P"/tmp/loader* 2>/dev/null)" kept, "$who: a variable is obeyed by no program outside"
	job sandbox 'echo kept' '{id: "--bind", script: ["echo kept"]}'
	is "$status,$(grep -c escaped "$out")" "$status,0" "$who: a name is no option"
	job sandbox 'echo x >/tmp/left; echo x >~/left; ls /tmp /run/mci; echo done'
	job sandbox 'ls /tmp | grep -v ^mci-attack- || :'
	is "$log" '' "$who: what a job leaves in /tmp is not there for the next one"
	is "$(find "$P/tmp" -name left)" '' "$who: ... nor anywhere else"

	# ---- the script of the build
	mkdir -p "$P/work/.mci"
	cat >"$P/work/.mci/build" <<-END
		#!/bin/sh
		cat $P/home/secret && echo escaped >&2
		touch written 2>/dev/null && echo escaped >&2
		touch .mci/more 2>/dev/null && echo escaped >&2
		kill -0 $victim 2>/dev/null && echo escaped >&2
		mount -t tmpfs none /tmp 2>/dev/null && echo escaped >&2
		[ -w "\$MCI_BUILD" ] && echo api >&2
		echo '{"id":"a","script":["true"]}'
	END
	printf '#!/bin/sh\ntouch filtered 2>/dev/null && echo escaped >&2\ncat %s/home/secret >&2\nexec cat\n' "$P" >"$P/work/filter"
	chmod 755 "$P/work/.mci/build" "$P/work/filter"
	[ "$who" = root ] || chown -R "$OTHER:$OTHER" "$P/work"
	(cd "$P/work" && as timeout 60 mci-build --json --sandbox --through ./filter >"$out" 2>"$err")
	text=$(cat "$(find "$P/state" -name script.log | head -n 1)")
	is "$(jq -r 'select(.type == "build/end").status' "$out")" success "$who: the script runs"
	is "$(echo "$text" | grep -c '^escaped\|topsecret')" 0 "$who: the script gets at nothing, nor does a filter"
	is "$(echo "$text" | grep -c '^api$')" 1 "$who: the script has the build's API"
	is "$(find "$P/work" -name written -o -name more -o -name filtered)" '' "$who: and has written nothing"
	wait_end "$late"
	is "$(pgrep -fc "sleep 7655.$$")" 0 "$who: nothing outlives the job, nor one whose time is over"

	# ---- secrets: who has one prints it, who has none looks for it
	cat >"$P/work/specs" <<-'END'
		{"id":"bytes","secrets":["S"],"script":["python3 -c 'import os\nfor c in os.environ[\"S\"].encode(): os.write(1, bytes([c]))'; echo"]}
		{"id":"base64","secrets":["S"],"script":["for p in '' x xy; do printf '%s%s' \"$p\" \"$S\" | base64; done"]}
		{"id":"titles","secrets":["S"],"script":["printf '\\033]0;%s\\007\\033]52;c;%s\\007\\033]8;;http://h/%s\\033\\\\l\\n' \"$S\" \"$S\" \"$S\""]}
		{"id":"looks","script":["cat /proc/*/environ /run/mci/* /run/mci/secrets/* 2>/dev/null | grep -ac fo-terces | grep -v 0 || :; mci param get S || :"]}
	END
	(cd "$P/work" && as env S='a-secret-of-this-build' timeout 60 mci-build --json --sandbox --secret S - <specs >"$out" 2>"$err")
	text=$(cat "$(jq -r 'select(.type == "build/start").logs' "$out")"/*.log)
	is "$(jq -r 'select(.type == "build/end").status' "$out")" success "$who: jobs print their secret"
	is "$(echo "$text" | grep -c '[*][*][*]')" 5 "$who: printed byte by byte, in base64 at three places, and in titles and links it is masked"
	unlike "$text" "secret-of-this|$(printf a-secret-of-this-build | base64 | cut -c4-20)|$(printf xa-secret-of-this-build | base64 | cut -c4-20)|$(printf xya-secret-of-this-build | base64 | cut -c4-20)" \
		"$who: and no part of it is left"
	like "$text" 'S is a secret that this job does not name' "$who: who does not name it does not get it"

	# ---- exhausting what there is, while another job goes on
	cat >"$P/work/specs" <<-'END'
		{"id":"processes","limits":{"processes":64},"timeout":"20s","script":["f() { f | f & }; f; sleep 0.2; f"]}
		{"id":"memory","limits":{"memory":"64M"},"script":["python3 -c 'x = b\"x\" * (1 << 28)'"]}
		{"id":"disk","limits":{"disk":"8M"},"script":["dd if=/dev/zero of=big bs=1M count=64 2>/dev/null; sleep 20"]}
		{"id":"tmp","limits":{"disk":"8M"},"script":["dd if=/dev/zero of=/tmp/big bs=1M count=64 2>/dev/null; sleep 20"]}
		{"id":"file","limits":{"file-size":"1M"},"script":["dd if=/dev/zero of=file bs=1M count=4"]}
		{"id":"files","limits":{"files":64},"script":["python3 -c 'x = [open(\"/dev/null\") for i in range(256)]'"]}
		{"id":"log","limits":{"log":"64K"},"script":["yes"]}
		{"id":"time","timeout":"300ms","script":["while :; do :; done"]}
		{"id":"other","script":["sleep 0.3; echo on"]}
	END
	(cd "$P/work" && as timeout 120 mci-job -j9 --progress json --log-dir "$P/tmp/logs" --sandbox <specs >"$out" 2>"$err")
	for kind in memory disk tmp file files log time; do
		is "$(jq -r --arg job "$kind" 'select(.type == "job/executed" and .job == $job) | if .exit == 0 then "goes through" else "ends" end' "$out")" \
			ends "$who: exhausting $kind"
	done
	is "$(jq -r 'select(.type == "job/executed" and .job == "processes").job' "$out")" processes "$who: exhausting processes"
	is "$(jq -r 'select(.type == "job/executed" and .job == "other").exit' "$out")" 0 "$who: and the others go on"
	is "$(find "$P/tmp" -name big)" '' "$who: what filled the disk is gone"
	rm -f "$P/work/big" "$P/work/file"
	kill "$victim" 2>/dev/null
}

if [ "$(id -u)" = 0 ]; then
	need setpriv
	who=root
	attacks
	who=user
	attacks
else
	who=$(id -un)
	attacks
fi
finish
