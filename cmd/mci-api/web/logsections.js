// logsections: parts of a log that its job gave a title: each can be folded to its first line.
import { make } from './dom.js';
import { Folds } from './logview.js';

export class Sections {
	constructor(changed) {
		Object.assign(this, { changed, list: [], closed: new Set(), folds: new Folds() });
	}

	// Those that the events tell, in bytes, as lines.
	async read(list, source) {
		for (const s of list)
			[s.from, s.to] = [await source.lineAt(s.from), s.to === undefined ? source.count : await source.lineAt(s.to)];
		this.list = list.filter((s) => s.to > s.from + 1);
		this.fold();
	}

	at(line) {
		return this.list.find((s) => s.from === line);
	}

	button(section) {
		const closed = this.closed.has(section);
		return make('button', { type: 'button', class: 'fold', 'aria-expanded': !closed, onclick: () => {
			if (closed)
				this.closed.delete(section);
			else
				this.closed.add(section);
			this.fold();
		} }, closed ? `▸ ${section.title} (${section.to - section.from - 1} more)` : `▾ ${section.title}`);
	}

	closeAll(on) {
		this.closed = new Set(on ? this.list : []);
		this.fold();
	}

	// Opens what a line is in.
	reveal(line) {
		for (const section of this.closed)
			if (line > section.from && line < section.to)
				this.closed.delete(section);
		this.fold();
	}

	fold() {
		this.folds.set([...this.closed].map((s) => [s.from + 1, s.to]));
		this.changed();
	}
}
