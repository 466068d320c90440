// ansi: what a terminal would show of bytes that a job printed, as pieces of text with a style each. Sequences that
// only a screen could follow (cursor movement, titles, links, modes, strings for devices) are dropped; nothing in
// here makes markup: whoever shows a piece gives its text to textContent.
// Sources: ECMA-48 (5th edition) 5.4 and 8.3; the colours 38;5 and 38;2 and OSC as xterm has them.

// One sequence: a control sequence, a string that goes on to its end or that of the text, a designation of a
// character set, or two bytes.
const SEQUENCE = new RegExp([
	'(?:\\x1b\\[|\\x9b)([\\x30-\\x3f]*)[\\x20-\\x2f]*([\\x40-\\x7e])',
	'(?:\\x1b[\\]PX^_]|[\\x9d\\x90\\x98\\x9e\\x9f])[^\\x07\\x1b\\x9c]*(?:\\x07|\\x1b\\\\|\\x9c|$|(?=\\x1b))',
	'\\x1b[\\x20-\\x2f]+[\\x30-\\x7e]',
	'(?:\\x1b\\[|\\x9b)[\\x20-\\x3f]*',
	'\\x1b[\\x30-\\x7e]?',
].join('|'), 'y');

// Other controls are not shown; tab stays, as do line feeds where there are several lines.
const CONTROLS = /[\x00-\x08\x0b-\x0c\x0e-\x1f\x7f-\x9f]/g;
const SPECIAL = /[\x00-\x08\x0b-\x1f\x7f-\x9f]/;

export const PLAIN = Object.freeze({});

const FLAGS = { 1: 'bold', 2: 'dim', 3: 'italic', 4: 'underline', 7: 'inverse', 8: 'hidden', 9: 'strike', 21: 'underline' };
const ENDS = { 22: ['bold', 'dim'], 23: ['italic'], 24: ['underline'], 27: ['inverse'], 28: ['hidden'], 29: ['strike'],
	39: ['fg'], 49: ['bg'] };

const byte = (n) => Math.min(255, Math.max(0, n | 0));

// The colour that begins at args[at + 1]: 5;N or 2;R;G;B. Answers it with how many numbers it took.
function extended(args, at) {
	if (args[at + 1] === 5)
		return [byte(args[at + 2]), 2];
	if (args[at + 1] === 2)
		return [[2, 3, 4].map((i) => byte(args[at + i])), 4];
	return [undefined, 1];
}

// A style with what SGR's parameters say: a new object, or the same where nothing changes.
function graphic(style, params) {
	// the parts of a colour may be joined by colons, with an empty one for the colour space
	const args = params.replace(/([34]8):2:(?:\d*):(\d+:\d+:\d+)/g, '$1:2:$2').split(/[;:]/).map((n) => parseInt(n || '0', 10));
	let next = { ...style };
	for (let i = 0; i < args.length; i++) {
		const n = args[i];
		if (n === 0)
			next = {};
		else if (FLAGS[n])
			next[FLAGS[n]] = true;
		else if (ENDS[n])
			ENDS[n].forEach((name) => delete next[name]);
		else if (n === 38 || n === 48) {
			const [colour, took] = extended(args, i);
			i += took;
			if (colour !== undefined)
				next[n === 38 ? 'fg' : 'bg'] = colour;
		} else if (n >= 30 && n <= 37 || n >= 90 && n <= 97)
			next.fg = n % 10 + (n >= 90 ? 8 : 0);
		else if (n >= 40 && n <= 47 || n >= 100 && n <= 107)
			next.bg = n % 10 + (n >= 100 ? 8 : 0);
	}
	return Object.keys(next).length ? next : PLAIN;
}

// A line as a row of cells, for lines in which something is written over.
class Row {
	constructor() {
		this.cells = [];
		this.column = 0;
	}

	put(text, style) {
		for (const letter of text)
			this.cells[this.column++] = [letter, style];
	}

	// EL: from the cursor on, up to it, or all
	erase(which) {
		if (which === 0)
			this.cells.length = Math.min(this.cells.length, this.column);
		else
			for (let i = 0; i < (which === 1 ? this.column + 1 : this.cells.length); i++)
				this.cells[i] = [' ', PLAIN];
	}

	pieces() {
		const out = [];
		for (let i = 0; i < this.cells.length; i++) {
			const [letter, style] = this.cells[i] ?? [' ', PLAIN];
			const last = out[out.length - 1];
			if (last && last.style === style)
				last.text += letter;
			else
				out.push({ text: letter, style });
		}
		return out;
	}
}

// So many cells a line at most: a cursor that was sent far away makes no row of that length.
const COLUMNS = 2000;

function move(row, final, n) {
	if (final === 'G')
		row.column = Math.max(0, n - 1);
	else if (final === 'C')
		row.column += Math.max(1, n);
	else
		row.column = Math.max(0, row.column - Math.max(1, n));
	row.column = Math.min(COLUMNS, row.column);
}

// The pieces of one line (without its end), and the style that the next one begins with.
export function parseLine(line, style = PLAIN) {
	if (!SPECIAL.test(line))
		return { pieces: line ? [{ text: line, style }] : [], style };
	const row = new Row();
	let at = 0;
	const text = (end) => row.put(line.slice(at, end).replace(CONTROLS, ''), style);
	for (let i = 0; i < line.length;) {
		const c = line.charCodeAt(i);
		if (c === 13 || c === 8) {
			text(i);
			row.column = c === 13 ? 0 : Math.max(0, row.column - 1);
			at = ++i;
			continue;
		}
		if (c !== 0x1b && (c < 0x90 || c > 0x9f)) {
			i++;
			continue;
		}
		SEQUENCE.lastIndex = i;
		const found = SEQUENCE.exec(line);
		if (!found) {
			i++;
			continue;
		}
		text(i);
		const [whole, params, final] = found;
		if (final === 'm' && /^[\d;:]*$/.test(params))
			style = graphic(style, params);
		else if (final === 'K' && /^[0-2]?$/.test(params))
			row.erase(Number(params));
		else if (final && 'GCD'.includes(final) && /^\d*$/.test(params))
			move(row, final, Number(params));
		at = i += whole.length || 1;
	}
	text(line.length);
	return { pieces: row.pieces(), style };
}

// What is left of a line as plain text, for copies and searches.
export function plainText(line) {
	return parseLine(line).pieces.map((piece) => piece.text).join('');
}

// Where a letter stands in the cube and the ramp of the 256 colours.
function cube(n) {
	if (n >= 232)
		return Array(3).fill(8 + (n - 232) * 10);
	const level = (v) => v ? 55 + v * 40 : 0;
	return [level(Math.floor((n - 16) / 36)), level(Math.floor((n - 16) / 6) % 6), level((n - 16) % 6)];
}

// Shows a piece: sixteen colours are classes, so that they follow the page's light and dark; others are as they are.
export function element(piece) {
	const e = document.createElement('span');
	e.textContent = piece.text;
	let { fg, bg } = piece.style;
	for (const name of ['bold', 'dim', 'italic', 'underline', 'inverse', 'hidden', 'strike'])
		if (piece.style[name])
			e.classList.add(`a-${name}`);
	for (const [side, colour] of [['f', fg], ['b', bg]]) {
		if (colour === undefined)
			continue;
		if (typeof colour === 'number' && colour < 16)
			e.classList.add(`a-${side}${colour}`);
		else
			e.style.setProperty(side === 'f' ? 'color' : 'background-color',
				`rgb(${(typeof colour === 'number' ? cube(colour) : colour).join(' ')})`);
	}
	return e;
}
