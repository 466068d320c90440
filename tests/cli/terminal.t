#!/bin/sh
# What a program prints on a terminal is not obeyed by it, wherever the text came from: each of 50 sequences is
# sent through every message that quotes, and through all that passes others' text on.
. "${0%/*}/lib.sh"
need python3

cat >drive.py <<'E'
import json, os, pty, re, socket, threading
from concurrent.futures import ThreadPoolExecutor

ESC, ST = b'\033', b'\033\\'
sequences = [ESC + s for s in (
	b'[2J', b'[H', b'[1;1H', b'[999A', b'[K', b'[1K', b'[?25l', b'[?1049h', b'[?1000h', b'[6n', b'[c', b'[>c', b'[0q', b'[21t',
	b'[5i', b'[4i', b'[r', b'[s', b'[u', b'[8m', b'[30;40m', b'[1;31m', b'[!p', b'["q', b'[?7l', b'[20h', b'[3;J', b'[;', b'[',
	b']0;title\a', b']2;title' + ST, b']52;c;ZXZpbA==\a', b']8;;http://evil' + ST, b']4;1;?\a', b']1337;File=:\a',
	b'P$qm' + ST, b'_apc' + ST, b'^pm' + ST, b'Xsos' + ST, b'c', b'7', b'D', b'#8', b'(0', b'Z')] + [
	b'\b\b\b', b'\a', b'\016', b'\177', b'\u009b2J'.decode('unicode_escape').encode()]
assert len(sequences) == 50

# Several at once, as many as a message shows that cuts what it quotes.
groups = [b'']
for one in sequences:
	if len(groups[-1]) + len(one) > 36:
		groups.append(b'')
	groups[-1] += one

# what may be left: text, newlines and tabs; not even colour, since the terminal has none
bad = re.compile('[\0-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f]|\r(?!\n)')

def shown(argv, env, dir, given):
	"""What the program writes on a terminal that is its stdout, its stderr and, unless bytes are given, its stdin."""
	ours, theirs = pty.openpty()
	stdin = os.pipe() if given is not None else (None, theirs)
	pid = os.fork()
	if pid == 0:
		try:
			os.setsid()
			os.chdir(dir)
			for i, fd in enumerate((theirs if given is None else stdin[0], theirs, theirs)):
				os.dup2(fd, i)
			os.closerange(3, 1024)
			os.execvpe(argv[0], argv, env)
		finally:
			os._exit(99)
	os.close(theirs)
	if given is not None:
		os.close(stdin[0])
		threading.Thread(target=feed, args=(stdin[1], given)).start()
	else:
		os.write(ours, b'\4')
	text = b''
	while True:
		try:
			piece = os.read(ours, 65536)
		except OSError:
			break
		if not piece:
			break
		text += piece
	os.close(ours)
	status = os.waitpid(pid, 0)[1]
	return text, status

def feed(fd, text):
	try:
		os.write(fd, text)
	except BrokenPipeError:
		pass
	os.close(fd)

def esc(x):
	"""As JSON writes it, and as it may: with nothing escaped that need not be."""
	return json.dumps(x.decode()).encode()[1:-1]

def raw(x):
	return re.sub(rb'[\0-\037]', lambda m: b'\\u%04x' % m[0][0], x)

def spec(*members):
	return lambda x: b'{' + b','.join(m.replace(b'X', esc(x)) for m in members) + b'}\n'

def event(member):
	return lambda x: (b'{"type":"build/start","time":"2026-01-01T00:00:00.000Z","build":"a/b/1","run":1,"seq":1,' +
		member.replace(b'X', raw(x)) + b'}\n')

def failed(x):
	return (b'{"type":"job/end","time":"2026-01-01T00:00:00.000Z","build":"a/b/1","run":1,"seq":1,"job":"aX","attempt":1,'
		b'"status":"error","reason":"start","error":"X"}\n').replace(b'X', raw(x))

def plain(x):
	return b'a' + x + b'b\n'

# a command, X in it being the sequence; files to write; what is on standard input
table = [
	('mci X',), ('mci ls --X',), ('mci-build --jobs=X -',), ('mci-build --progress X -',),
	('mci-build --timeout X -',), ('mci-build -f ./aXb',), ('mci-build ./a/Xb',), ('mci-build -e X=1 -',), ('mci-build -p X -',),
	('mci-build --secret X -',), ('mci-build --secret-file X -',), ('mci-build -C aXb -',),
	('mci-build --runner X -',), ('mci-build --label X -',),
	('mci-build X Y',),
	('mci-build -q -', {}, spec(b'"id":"aX"')), ('mci-build -q -', {}, spec(b'"id":"a"', b'"runner":"X"', b'"script":"true"')),
	('mci-build -', {}, spec(b'"id":"a"', b'"X":1')), ('mci-build -', {}, spec(b'"id":"a"', b'"depends-on":["X"]')),
	('mci-build --progress plain -', {}, spec(b'"id":"a"', b'"argv":["/no/X"]')),
	('mci-build -', {}, spec(b'"id":"a"', b'"script":"true"', b'"params":["X"]')),
	('mci-build -', {}, spec(b'"id":"a"', b'"script":"true"', b'"timeout":"X"')),
	('mci-build --plan -', {}, spec(b'"id":"a"', b'"script":["echo X"]')),
	('mci-build --progress plain -', {}, spec(b'"id":"a"', b'"argv":["echo","X"]')),
	('mci-build --json -', {}, spec(b'"id":"a"', b'"env":{"V":"X"}', b'"script":["mci post test/x \\"text=$V\\""]')),
	('mci lint', {'.mci/build.yaml': b'- id: "aX"\n  script: "true"\n'}), ('mci run', {'.mci/build.yaml': b'- id: a\n  "X": 1\n'}),
	('mci run', {'.mci/build.yaml': b'- id: a\n  script: "true"\n  timeout: "X"\n'}),
	('mci lint', {'.mci/build.json': b'{"id":"aX"}\n'}), ('mci run', {'.mci/build.aX': b'', '.mci/build.bX': b''}),
	('mci run', {'.mci/conf': b'build.jobs = X\n', '.mci/build.json': b'[]'}), ('mci run', {'.mci/conf': b'build.X = 1\n', '.mci/build.json': b'[]'}),
	('mci config', {'.mci/conf': b'build.since = X\nlog.X = X\n'}), ('mci config', {'.mci/conf': b'X\n'}),
	('MCI_BUILD_JOBS=X mci-build -',),
	('mci-job', {}, spec(b'"id":"a"', b'"argv":["/no/X"]')), ('mci-job --progress json', {}, spec(b'"id":"aX"')),
	('mci-job --progress json', {}, lambda x: b'{"id":"a","argv":["/no/' + raw(x) + b'"]}\n'),
	('mci-job --explain', {}, spec(b'"id":"a"', b'"argv":["echo","X"]')), ('mci-job -e X',), ('mci-job --runner X',),
	('mci-job -- /no/X',),
	('mci-log X',), ('mci-log @/X',), ('mci-log ./aXb',), ('mci-log grep (X',), ('mci-log grep X X',), ('mci-log cat --since X',),
	('mci-log cat --bytes X',), ('mci-log mask --secret-file X',), ('mci-log mask --secret-file secret', {'secret': b'hunter22'}, plain),
	('mci-log put --dir d/X o/r/1/a', {'d': b''}, b''), ('mci-log put --dir d X', {}, b''), ('mci-log ls X',), ('mci-log rm X',),
	('mci-log -a /no/X x/y/1/a',), ('mci-log annotate --github', {}, lambda x: b'::error file=aX::X\n'.replace(b'X', x)),
	('mci-events pub X',), ('mci-events pub -a /no/X a/b',), ('mci-events sub -a ./X',), ('mci-events sub --where X -a ./none',),
	('mci-events sub --from X -a ./none',), ('mci-events replay aXb',), ('mci-events replay f', {'f': event(b'"text":"X"')}),
	('mci-events replay f', {'f': b'X\n'}), ('mci-events diff f g', {'f': event(b'"text":"X"'), 'g': event(b'"text":"y"')}),
	('mci-events verify aXb',), ('mci-events ls aXb',), ('mci-events status -a /no/X',),
	('mci tree aXb',),
	('mci tree f', {'f': lambda x: failed(x)}), ('mci show X',), ('mci path @/X',), ('mci wait X',),
	('mci cancel X',), ('mci unblock @/X',), ('mci call -a ./X a/b',), ('mci call -a ./none a/b X',),
	('mci post X',), ('mci post a/b X',), ('MCI_BUILD=./X mci param get Y',), ('MCI_OUTPUT=./X/ mci output set A=B',),
	('mci ls --status X',), ('mci ls --since X',), ('mci rm X',), ('mci-relay X',), ('mci-relay ./X',),
	('mci call -a SERVER a/b', {'server.py': 'error'}), ('mci call -a SERVER a/b', {'server.py': 'result'}),
	('mci-events status -a SERVER', {'server.py': 'error'}),
	('mci-log -a SERVER x/y/1/a', {'server.py': 'error'}), ('mci-events sub -a SERVER', {'server.py': 'error'}),
	('mci-relay ./socket', {'socket': plain}, b''), ('mci-events replay -', {}, event(b'"text":"X"')),
]

answers = {
	'error': '{"jsonrpc":"2.0","id":%s,"error":{"code":-32000,"message":"a%sb"}}',
	'result': '{"jsonrpc":"2.0","id":%s,"result":{"a":"%s"}}',
}

def server_text(kind, x):
	line = answers[kind].replace('%s', '@ID@', 1).replace('%s', raw(x).decode())
	return ('import json, sys\nid = json.loads(sys.stdin.readline())["id"]\nprint(%r.replace("@ID@", json.dumps(id)), flush=True)\n'
		% line).encode()

def say(listener, text):
	peer = listener.accept()[0]
	peer.sendall(text)
	peer.close()
	listener.close()

def put(dir, x, files):
	for name, text in files.items():
		path = os.path.join(os.fsencode(dir), name.encode().replace(b'X', x.replace(b'/', b'')))
		os.makedirs(os.path.dirname(path), exist_ok=True)
		if name == 'socket':
			listener = socket.socket(socket.AF_UNIX)
			listener.bind(path)
			listener.listen()
			threading.Thread(target=say, args=(listener, text(x))).start()
			continue
		if name == 'server.py':
			text = server_text(text, x)
		with open(path, 'wb') as f:
			f.write(text(x) if callable(text) else text.replace(b'X', x))
		if name.startswith('.mci/build.a') or name.startswith('.mci/build.b'):
			os.chmod(path, 0o755)

def attempt(number, which):
	command, files, given = (table[number] + ({}, None)[len(table[number]) - 1:])
	x = groups[which]
	dir = os.path.abspath(f'd/{number}-{which}')
	os.makedirs(dir)
	put(dir, x, files)
	words = [w.encode().replace(b'SERVER', b'exec:python3 server.py').replace(b'X', x) for w in command.split(' ')]
	env = dict(os.environb)
	while b'=' in words[0]:
		name, value = words.pop(0).split(b'=', 1)
		env[name] = value
	if callable(given):
		given = given(x)
	elif given is None and words[-1] == b'-':
		given = b''
	text, status = shown(words, env, dir, given)
	try:
		found = bad.search(text.decode())
	except UnicodeDecodeError:
		found = True
	if found or os.WIFSIGNALED(status):
		return f'{command}: {x!r}: {text[:300]!r} {status}'
	# one that quotes nothing would prove nothing
	return None if b'^' in text or b'\xef\xbf\xbd' in text or b'\\u' in text else text

quiet = {}
with ThreadPoolExecutor(4) as pool:
	jobs = {(n, w): pool.submit(attempt, n, w) for n in range(len(table)) for w in range(len(groups))}
	for (n, w), job in jobs.items():
		got = job.result()
		if isinstance(got, str):
			print(got)
		elif got is not None:
			quiet.setdefault(n, []).append(got)
for n, got in quiet.items():
	if len(got) == len(groups):
		print(f'{table[n][0]}: quotes nothing: {got[0]!r}')
E
timeout -k 5 300 python3 drive.py >"$T/bad" 2>"$T/noise"
is "$? $(head -n 20 "$T/bad")" '0 ' 'no message, and nothing that is passed on, moves, asks or sets a terminal'
finish
