// What the log page makes of escape sequences: by tables, beside another library for colours, and of random bytes.
import { createRequire } from 'node:module';
import { finish, is, ok, random } from './tap.mjs';

const [, , web, modules] = process.argv;
const { parseLine, plainText } = await import(`${web}/ansi.js`);
const Anser = createRequire(`${modules}/`)('anser');
const E = '\x1b';

const text = (line) => parseLine(line).pieces.map((p) => p.text).join('');

// What is shown of each.
const SHOWN = [
	['nothing', '', ''], ['plain text', 'a b', 'a b'], ['a tab', 'a\tb', 'a\tb'], ['a bell', 'a\x07b', 'ab'], ['a null', 'a\0b', 'ab'],
	['a colour', `${E}[31mred${E}[0m`, 'red'], ['a sequence of eight bits', '\x9b31mred', 'red'],
	['a link (OSC 8)', `${E}]8;;http://x/${E}\\here${E}]8;;${E}\\`, 'here'], ['a title', `${E}]0;title\x07text`, 'text'],
	['a title without an end', `a${E}]0;title`, 'a'], ['a string that another sequence cuts', `${E}]0;t${E}[1mb`, 'b'],
	['a device string', `${E}Pq#0${E}\\b`, 'b'], ['a privacy message', `${E}^secret${E}\\b`, 'b'], ['an application command', `${E}_x${E}\\b`, 'b'],
	['a character set', `${E}(0q`, 'q'], ['a reset', `${E}cb`, 'b'], ['half a sequence', `a${E}[3`, 'a'], ['an escape at the end', `a${E}`, 'a'],
	['a private mode', `${E}[?25la${E}[?25h`, 'a'], ['a cursor that goes up', `a${E}[2Ab`, 'ab'], ['a cleared screen', `a${E}[2Jb`, 'ab'],
	['a question to the terminal', `${E}[6na`, 'a'], ['a window that is resized', `${E}[8;1;1ta`, 'a'], ['a mouse mode', `${E}[?1000ha`, 'a'],
	['a progress bar', '10%\r50%\r100%', '100%'], ['a shorter one', 'downloading\rdone', 'doneloading'], ['one that is erased', `downloading\r${E}[Kdone`, 'done'],
	['a carriage return at the end', 'a\r', 'a'], ['two', 'abc\r\rd', 'dbc'], ['backspaces', 'ab\b\bc', 'cb'], ['a spinner', '|\b/\b-\b\\', '\\'],
	['a line erased up to here', `abc${E}[1Kd`, '   d'], ['a whole line erased', `abc${E}[2Kd`, '   d'], ['a column', `abc${E}[1Gx`, 'xbc'],
	['steps back', `abc${E}[2Dx`, 'axc'], ['steps on', `a${E}[2Cb`, 'a  b'], ['letters of two halves', '🔑\r🔒', '🔒'], ['markup', '<b>&amp;</b>', '<b>&amp;</b>'],
	['a script', `${E}[31m<script>x</script>`, '<script>x</script>'],
];
for (const [what, line, expected] of SHOWN)
	is(text(line), expected, `shown of ${what}`);

const STYLES = [
	['1', { bold: true }], ['2', { dim: true }], ['3', { italic: true }], ['4', { underline: true }], ['7', { inverse: true }], ['8', { hidden: true }], ['9', { strike: true }],
	['31', { fg: 1 }], ['97', { fg: 15 }], ['41', { bg: 1 }], ['107', { bg: 15 }], ['38;5;200', { fg: 200 }], ['48;2;1;2;3', { bg: [1, 2, 3] }],
	['38:2::1:2:3', { fg: [1, 2, 3] }], ['38:5:9', { fg: 9 }], ['1;31;0', {}], ['', {}], ['1;22', {}], ['31;39', {}], ['38;5', { fg: 0 }], ['38;2;999;1;1', { fg: [255, 1, 1] }],
	['5', {}], ['999', {}], ['38;7;1', { bold: true }],
];
for (const [params, style] of STYLES)
	is(parseLine(`${E}[${params}mx`).pieces[0].style, style, `style of ${params || 'no number'}`);
is(parseLine('x', parseLine(`${E}[31ma`).style).pieces[0].style, { fg: 1 }, 'a colour goes on in the next line');

// Beside another library: the text and the colours of lines with only SGR in them.
const PARAMS = ['0', '1', '3', '4', '22', '23', '24', '39', '49', ...[0, 1, 2, 3, 4, 5, 6, 7].flatMap((n) => [`${30 + n}`, `${40 + n}`, `${90 + n}`, `${100 + n}`])];
const NAMES = ['black', 'red', 'green', 'yellow', 'blue', 'magenta', 'cyan', 'white'];
const name = (n) => n === undefined ? null : `ansi-${n > 7 ? 'bright-' : ''}${NAMES[n % 8]}`;
const r = random(7);
const pick = (list) => list[Math.floor(r() * list.length)];
let different = 0;
for (let i = 0; i < 300; i++) {
	let line = '';
	for (let n = 1 + r() * 6; n > 0; n--)
		line += `${E}[${pick(PARAMS)}m${pick(['a', 'bc', 'def '])}`;
	const ours = parseLine(line).pieces.flatMap((p) => [...p.text].map((c) => [c, name(p.style.fg), name(p.style.bg)]));
	const theirs = Anser.ansiToJson(line, { use_classes: true, remove_empty: true }).flatMap((p) => [...p.content].map((c) => [c, p.fg, p.bg]));
	if (JSON.stringify(ours) !== JSON.stringify(theirs) && different++ < 3)
		console.error('#', JSON.stringify(line), JSON.stringify(ours), JSON.stringify(theirs));
}
is(different, 0, '300 lines of colours have those that another library sees');

// Each of these is dropped, whole and alone.
const range = (from, to) => Array.from({ length: to - from + 1 }, (_, i) => String.fromCharCode(from + i));
const OURS = 'mKGCD'; // that change what is shown
const finals = range(0x40, 0x7e).filter((c) => !OURS.includes(c));
const DROPPED = [
	...finals.flatMap((c) => ['', '1', '1;2', '?25', '>0', '=3'].map((args) => `${E}[${args}${c}`)),
	...finals.flatMap((c) => [`${E}[1 ${c}`, `\x9b4${c}`]),
	...range(0x30, 0x7e).filter((c) => !'[]PX^_'.includes(c)).map((c) => E + c),
	...[' ', '#', '%', '(', ')', '*', '+', '-', '.', '/'].flatMap((c) => ['0', 'A', 'B', '8', 'G', '@'].map((f) => E + c + f)),
	...['0;t', '1;t', '2;t', '4;1;rgb:1/2/3', '7;file:///x', '8;;http://x/', '9;x', '10;?', '52;c;eA==', '104', '133;A', '777;notify;x', '1337;File=:x'].flatMap((s) => [`${E}]${s}\x07`, `${E}]${s}${E}\\`, `\x9d${s}\x9c`]),
	...['P', 'X', '^', '_'].flatMap((c) => [`${E}${c}q#0;x${E}\\`, `${E}${c}${E}\\`]),
	'\x90$qm\x9c', '\x98x\x9c', '\x9ex\x9c', '\x9fx\x9c',
];
const shown = DROPPED.filter((s) => text(`a${s}b`) !== 'ab');
is(shown, [], `${DROPPED.length} sequences for screens are dropped`);
ok(DROPPED.length > 300, 'which are more than 300');
// and beside the other library where that knows them
const unlike = DROPPED.filter((s) => /^\x1b\[[\d;]*[A-Za-z]$/.test(s)).filter((s) => Anser.ansiToJson(`a${s}b`, { remove_empty: true }).map((p) => p.content).join('') !== text(`a${s}b`));
is(unlike, [], 'as it does');

// Of any bytes no control is left, in bounded time.
let left = 0;
const began = performance.now();
for (let i = 0; i < 20000; i++) {
	let line = '';
	for (let n = r() * 30; n > 0; n--)
		line += r() < 0.4 ? pick([E, '[', ']', ';', '38', '5', 'm', 'K', '\r', '\b', '\x9b', '\x9d', '?', '\x07', 'P', '\\', '(']) : String.fromCharCode(r() * 300);
	if (/[\x00-\x08\x0a-\x1f\x7f-\x9f]/.test(plainText(line.replaceAll('\n', ''))))
		left++;
}
is(left, 0, 'no control character is left of 20,000 random lines');
ok(performance.now() - began < 10000, 'and they take no time');
ok(text(`${E}[999999999Cx`).length < 3000, 'a cursor sent far away makes no long row');
const long = `${E}[31m${'x'.repeat(1000000)}${E}[0m`;
is(text(long).length, 1000000, 'a line of a megabyte is shown whole');
finish();
