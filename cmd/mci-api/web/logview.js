// logview: a list of any length of which only what can be seen is in the page. The place of the scroll bar says which
// row is first; rows may be higher than one line (wrapped), they follow each other as in any text.
import { make, eachFrame } from './dom.js';

const ROW = 18;             // pixels of a row that is not wrapped, as in the style sheet
const TALLEST = 15000000;   // browsers have a limit for heights
const MORE = 20;            // rows in front and behind that are made beforehand

export class LogView {
	// total() rows; makeRow(number) answers an element; moved(atEnd) is told when the reader scrolls
	constructor({ total, makeRow, moved, label }) {
		Object.assign(this, { total, makeRow, moved });
		this.window = make('div', { class: 'log-window' });
		this.space = make('div', { class: 'log-space' }, this.window);
		this.box = make('div', { class: 'log-box', tabindex: 0, role: 'log', 'aria-live': 'off', 'aria-label': label }, this.space);
		this.draw = eachFrame(() => this.drawNow());
		this.box.addEventListener('scroll', () => this.scrolled());
		new ResizeObserver(() => this.draw()).observe(this.box);
	}

	get height() {
		return Math.min(TALLEST, this.total() * ROW);
	}

	// rows a pixel, where the list is too long for one to one
	get scale() {
		return this.total() * ROW / Math.max(1, this.height);
	}

	get atEnd() {
		return this.box.scrollTop + this.box.clientHeight >= this.box.scrollHeight - ROW;
	}

	scrolled() {
		// what this file did itself is not the reader's
		const asked = this.asked;
		this.asked = undefined;
		if (asked === undefined || Math.abs(asked - this.box.scrollTop) > 2)
			this.moved(this.atEnd);
		this.draw();
	}

	scrollTo(top) {
		this.asked = Math.max(0, Math.min(top, this.box.scrollHeight - this.box.clientHeight));
		this.box.scrollTop = top;
		this.draw();
	}

	// Brings a row into the upper third, unless it can be seen already.
	show(row, always = true) {
		this.setHeight();
		const visible = this.box.clientHeight / ROW;
		const first = this.first();
		if (always || row < first || row >= first + visible - 1)
			this.scrollTo((row - visible / 3) * ROW / this.scale);
	}

	end() {
		this.setHeight();
		this.scrollTo(this.height);
	}

	first() {
		return Math.max(0, Math.floor(this.box.scrollTop * this.scale / ROW));
	}

	setHeight() {
		const height = `${this.height}px`;
		if (this.space.style.height !== height)
			this.space.style.height = height;
	}

	drawNow() {
		this.setHeight();
		const visible = Math.ceil(this.box.clientHeight / ROW);
		const first = this.first();
		const from = Math.max(0, first - MORE);
		const to = Math.min(this.total(), first + visible + MORE);
		const made = [];
		for (let row = from; row < to; row++)
			made.push(this.makeRow(row));
		this.window.replaceChildren(...made);
		this.place(made[first - from], to === this.total());
	}

	// The first row stands at the upper edge; at the end of the list the last one at the lower.
	place(firstRow, last) {
		const above = firstRow ? firstRow.offsetTop : 0;
		let top = this.box.scrollTop - above - this.box.scrollTop * this.scale % ROW;
		if (last && this.atEnd)
			top = this.box.scrollHeight - this.window.offsetHeight;
		if (this.box.scrollHeight <= this.box.clientHeight)
			top = 0;
		this.window.style.transform = `translateY(${Math.max(0, Math.round(top))}px)`;
	}
}

// Rows of which some are folded away: which line a row is, and back.
export class Folds {
	constructor() {
		this.hidden = [];   // [from, to) of lines, in order, apart from each other
	}

	set(ranges) {
		this.hidden = [];
		for (const [from, to] of [...ranges].sort((a, b) => a[0] - b[0])) {
			const last = this.hidden[this.hidden.length - 1];
			if (last && from <= last[1])
				last[1] = Math.max(last[1], to);
			else if (to > from)
				this.hidden.push([from, to]);
		}
	}

	rows(lines) {
		return this.hidden.reduce((n, [from, to]) => n - Math.max(0, Math.min(to, lines) - from), lines);
	}

	line(row) {
		for (const [from, to] of this.hidden) {
			if (from > row)
				break;
			row += to - from;
		}
		return row;
	}

	row(line) {
		let row = line;
		for (const [from, to] of this.hidden) {
			if (from > line)
				break;
			row -= Math.min(to, line + 1) - from;
		}
		return Math.max(0, row);
	}
}
