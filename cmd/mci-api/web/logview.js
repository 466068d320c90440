// logview: a list of any length of which only what can be seen is in the page. Browsers have a limit for heights: a list
// that would be higher is shown in a space of that height, in which the scroll bar stands in proportion; a wheel or an
// arrow still moves by as many pixels as anywhere. Rows may be higher than one line (wrapped).
import { make, eachFrame } from './dom.js';

const ROW = 18;             // pixels of a row that is not wrapped, as in the style sheet
const TALLEST = 15000000;   // pixels
const MORE = 8;             // rows in front and behind that are made beforehand

export class LogView {
	// total() rows; makeRow(number) answers an element; moved(atEnd) is told when the reader scrolls
	constructor({ total, makeRow, moved, label }) {
		Object.assign(this, { total, makeRow, moved, top: 0, scrollTop: 0 });
		this.window = make('div', { class: 'log-window' });
		this.space = make('div', { class: 'log-space' }, this.window);
		this.box = make('div', { class: 'log-box', tabindex: 0, role: 'log', 'aria-live': 'off', 'aria-label': label }, this.space);
		this.made = new Map();   // rows that stand in the window
		this.frame = eachFrame(() => this.drawNow());
		this.box.addEventListener('scroll', () => this.scrolled());
		this.box.addEventListener('scrollend', () => this.settle());
		new ResizeObserver(() => this.frame()).observe(this.box);
	}

	// Draws anew, as rows may look other than before.
	draw() {
		this.stale = true;
		this.frame();
	}

	// of the whole list, and of the space that stands for it
	get length() {
		return this.total() * ROW;
	}

	get height() {
		return Math.min(TALLEST, this.length);
	}

	// pixels of the list a pixel of the scroll bar's way
	get scale() {
		const way = Math.max(1, this.height - this.box.clientHeight);
		return Math.max(1, (this.length - this.box.clientHeight) / way);
	}

	get atEnd() {
		return this.box.scrollTop + this.box.clientHeight >= this.box.scrollHeight - ROW;
	}

	scrolled() {
		const { scrollTop, scrollHeight, clientHeight } = this.box;
		// what this file did itself is not the reader's
		const asked = this.asked;
		this.asked = undefined;
		if (asked === undefined || Math.abs(asked - scrollTop) > 2) {
			const by = scrollTop - this.scrollTop;
			const edge = scrollTop <= 0 || scrollTop >= scrollHeight - clientHeight - 1;
			// a short way is that of a wheel or a key, a long one that of the bar
			this.top = this.scale > 1 && !edge && Math.abs(by) < 2 * clientHeight ? this.top + by : scrollTop * this.scale;
			this.moved(this.atEnd);
		}
		this.scrollTop = scrollTop;
		this.frame();
	}

	// After short ways the bar stands a little beside where it should.
	settle() {
		if (Math.abs(this.top / this.scale - this.box.scrollTop) > 1)
			this.scrollTo(this.top);
	}

	// Goes to a place in the list, in pixels of it.
	scrollTo(top) {
		this.top = Math.max(0, Math.min(top, this.length - this.box.clientHeight));
		this.scrollTop = this.asked = this.top / this.scale;
		this.box.scrollTop = this.scrollTop;
		this.frame();
	}

	// Brings a row into the upper third, unless it can be seen already.
	show(row, always = true) {
		this.setHeight();
		const visible = this.box.clientHeight / ROW;
		const first = this.first();
		if (always || row < first || row >= first + visible - 1)
			this.scrollTo((row - visible / 3) * ROW);
	}

	end() {
		this.setHeight();
		this.scrollTo(this.length);
	}

	first() {
		return Math.max(0, Math.floor(Math.min(this.top, this.length - this.box.clientHeight) / ROW));
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
		const made = new Map();
		for (let row = from; row < to; row++)
			made.set(row, (!this.stale && this.made.get(row)) || this.makeRow(row));
		if (this.stale || from !== this.from || to !== this.to)
			this.window.replaceChildren(...made.values());
		Object.assign(this, { made, from, to, stale: false });
		this.place(made.get(first), to === this.total());
	}

	// The first row stands at the upper edge; at the end of the list the last one at the lower.
	place(firstRow, last) {
		const above = firstRow ? firstRow.offsetTop : 0;
		let top = this.box.scrollTop - above - this.top % ROW;
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
