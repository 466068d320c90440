#!/bin/sh
# The standard streams as they come: closed, and made non-blocking by somebody else.
. "${0%/*}/lib.sh"
need jq python3

printf '%s\n' '{"id":"unit","script":["seq 1 20000"]}' >specs
printf 'hunter22' >secret
seq 1 20000 >lines
mci-build -q - <specs || exit 1
mci-log cat 1/unit >"$T/cat" || exit 1

# Each with 0, 1 and 2 closed in every combination: never a crash, and never in silence about what it could not
# do. What reads standard input is marked with '<', what prints something with '>'.
cat >table <<'E'
< mci-build -
<>mci-build --plan -
<>mci-build --json -
< mci-job
<>mci-job --explain
 >mci-job --progress plain -- echo x
<>mci-log mask --secret-file secret
< mci-log annotate --github
< mci-log put --dir d o/r/1/j
 >mci-log 1
 >mci-log --json 1/unit
 >mci-log follow 1/unit
 >mci-log grep 7 1
 >mci-log ls 1
  mci-log rm -n 1
 >mci-log --help
<>mci-events replay -
 >mci-events replay 1
 >mci-events diff specs secret
< mci-events pub -a ./none
  mci-events sub -a ./none --timeout 1s
  mci-events serve -l - --dir e
 >mci-events --help
< mci-relay ./none
<>mci-relay exec:cat
<>mci tree
 >mci tree 1
 >mci ls
 >mci show 1
 >mci show --json 1
 >mci path 1/unit
  mci wait 1
 >mci run --plan -
  mci run ./none
 >mci lint ./none
  mci nothing
  mci config
  mci call a/b
  mci post a/b
  mci param get X
 >mci --version
E
closed() {
	while IFS= read -r row; do
		reads=$(printf %s "$row" | cut -c 1) prints=$(printf %s "$row" | cut -c 2) command=${row#??}
		for close in '<&-' '>&-' '2>&-' '<&- >&-' '<&- 2>&-' '>&- 2>&-' '<&- >&- 2>&-'; do
			: >"$T/o" && : >"$T/e"
			input=lines output=$T/o errors=$T/e
			case $command in mci-build* | mci-job* | 'mci run'*) input=specs ;; esac
			# shellcheck disable=SC2016 # the inner shell's
			timeout -k 1 60 sh -c 'eval "exec $1" <"$2" >"$3" 2>"$4" '"$close" - "$command" "$input" "$output" \
				"$errors"
			got=$?
			[ $got -lt 124 ] || [ $got = 125 ] || echo "$command $close: $got"
			case "$reads $close" in
			'< <&-'*) [ $got != 0 ] || echo "$command $close: success without its input" ;;
			esac
			case "$prints $close" in
			'> '*'>&-'*) [ "$close" = '2>&-' ] || [ "$close" = '<&- 2>&-' ] || [ $got != 0 ] ||
				echo "$command $close: success without its output" ;;
			esac
			case "$got $close" in
			0*) ;;
			*'2>&-'*) ;;
			*) [ -s "$T/e" ] || [ -s "$T/o" ] || echo "$command $close: $got and says nothing" ;;
			esac
		done
	done <table
}
closed >"$T/bad" 2>"$T/noise"
is "$(cat "$T/bad")" '' 'with closed standard streams no program crashes, nor claims to have done what it could not'
is "$(mci-log cat 1/unit | cmp - "$T/cat" && jq -s 'length' <"$(mci path 1)/events.ndjson" | grep -c .)" 1 \
	'and no file of ours took their numbers'

# A pipe that is not blocking, with the little room of one page, which is emptied only when it is full; and
# one that is filled only when it is empty.
cat >nonblocking.py <<'E'
import fcntl, os, re, select, signal, struct, subprocess, sys, tempfile, termios, threading, time

signal.signal(signal.SIGPIPE, signal.SIG_IGN)

def pipe(end):
	ends = os.pipe()
	fcntl.fcntl(ends[end], fcntl.F_SETFL, fcntl.fcntl(ends[end], fcntl.F_GETFL) | os.O_NONBLOCK)
	fcntl.fcntl(ends[1], 1031, 4096)  # F_SETPIPE_SZ
	return ends

def unread(fd):
	return struct.unpack('i', fcntl.ioctl(fd, termios.FIONREAD, b'\0' * 4))[0]

# a little at a time, the next when it is read
def feed(fd, text, process):
	for at in range(0, len(text), 3000):
		os.write(fd, text[at:at + 3000])
		while unread(fd) > 0 and process.poll() is None:
			time.sleep(0.0005)
	os.close(fd)

# only when the writer has run into the end of the room
def take(ends, process):
	text, room = b'', select.poll()
	room.register(ends[1], select.POLLOUT)
	while process.poll() is None:
		if room.poll(0):
			time.sleep(0.0005)
		else:
			text += os.read(ends[0], 65536)
	os.close(ends[1])
	return text + rest(ends[0])

def rest(fd):
	return b''.join(iter(lambda: os.read(fd, 65536), b''))

def run(command, text, which):
	reading = pipe(0) if which == 'in' else os.pipe()
	writing = pipe(1) if which == 'out' else os.pipe()
	with tempfile.TemporaryFile() as errors:
		p = subprocess.Popen(command, stdin=reading[0], stdout=writing[1], stderr=errors)
		os.close(reading[0])
		feeder = threading.Thread(target=feed, args=(reading[1], text, p))
		feeder.start()
		if which == 'out':
			got = take(writing, p)
		else:
			os.close(writing[1])
			got = rest(writing[0])
		feeder.join()
		p.wait()
		os.close(writing[0])
		errors.seek(0)
		return p.returncode, got, errors.read()

# the times that jobs took are no part of it
def timeless(text):
	return re.sub(rb'( in)? [0-9.]+s\b', b'', text)

def check(command, text=b'', modes=('in', 'out')):
	plain = subprocess.run(command.split(), input=text, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
	for which in modes:
		status, got, errors = run(command.replace('/plain', '/' + which).split(), text, which)
		if status != plain.returncode or len(timeless(got)) != len(timeless(plain.stdout)):
			print(f'{command}: {which}: status {status} for {plain.returncode}, {len(got)} bytes for '
				f'{len(plain.stdout)}: {errors[-200:].decode()}')

lines = open('lines', 'rb').read()
jobs = b''.join(b'{"id":"j%d","argv":["true"],"env":{"X":"%s"}}\n' % (i, b'x' * 300) for i in range(100))
events = open(sys.argv[1], 'rb').read() * 20
check('mci-log mask --secret-file secret', lines)
check('mci-log annotate --github', b'::notice::%s\n' % (b'n' * 500) * 100)
check('mci-log put --dir d o/r/2/plain', lines, ('in',))
check('mci-job --explain', jobs)
check('mci-job --progress plain', b'{"id":"a","script":["cat lines"]}\n')
check('mci-build --plan -', jobs)
check('mci-build --progress plain -', b'{"id":"a","script":["cat lines"]}\n')
check('mci-events replay -', events)
check('mci tree', events, ('in',))
for command in ('mci-log 1/unit', 'mci-log --json 1/unit', 'mci-log grep .', 'mci-log follow 1/unit', 'mci-log 1',
		'mci-events replay 1', 'mci show --json 1'):
	check(command, b'', ('out',))
E
python3 nonblocking.py "$(mci path 1)/events.ndjson" >"$T/bad" 2>&1
is "$(cat "$T/bad")" '' 'a standard stream that somebody made non-blocking is waited for'

# what a program shares with its neighbours stays as they have it
cat >shared.py <<'E'
import fcntl, os, socket, subprocess, sys
for command in sys.argv[1:]:
	for ends in (os.pipe(), [s.detach() for s in socket.socketpair()]):
		out = [s.detach() for s in socket.socketpair()] if command.startswith('s:') else list(os.pipe())
		p = subprocess.Popen(command.split(':', 1)[1].split(), stdin=ends[0], stdout=out[1], stderr=subprocess.DEVNULL)
		os.close(ends[1])
		p.wait()
		for fd in (ends[0], out[1]):
			if not os.get_blocking(fd):
				print(command, 'made it non-blocking')
		for fd in (ends[0], *out):
			os.close(fd)
E
is "$(timeout 60 python3 shared.py 's:mci-job' 'p:mci-job' 'p:mci-events pub -a ./none' \
	'p:mci-log mask --secret-file secret'; echo $?)" '0' \
	'and none of ours makes one non-blocking that it shares'
finish
