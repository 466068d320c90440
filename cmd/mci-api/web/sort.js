// sort: tables whose heads sort them; the choice is part of the page's state.
import { make } from './dom.js';
import { state } from './state.js';

const compare = (a, b) => {
	// what is not known comes last
	if (a === undefined || b === undefined)
		return (a === undefined) - (b === undefined);
	return typeof a === 'number' ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
};

// columns: [head, how an item is looked at, class]; without a way to look at it a column does not sort. changed is called
// when another one is chosen. name tells tables of one page apart.
export class Sorter {
	constructor(columns, changed, name = 'sort') {
		Object.assign(this, { columns, changed, name });
		this.row = make('tr', {}, columns.map(([head, by, kind]) => make('th', { scope: 'col', class: kind },
			by ? make('button', { type: 'button', class: 'sort', onclick: () => this.choose(head) }, head) : head)));
		this.mark();
	}

	// "Took", or "-Took" from the largest on
	get chosen() {
		const text = state.get(this.name) ?? '';
		return { head: text.replace(/^-/, ''), down: text.startsWith('-') };
	}

	choose(head) {
		const now = this.chosen;
		// up, down, as it was
		state.set(this.name, now.head !== head ? head : now.down ? undefined : `-${head}`);
		this.mark();
		this.changed();
	}

	mark() {
		const { head, down } = this.chosen;
		[...this.row.children].forEach((cell, i) => {
			if (this.columns[i][0] === head)
				cell.setAttribute('aria-sort', down ? 'descending' : 'ascending');
			else
				cell.removeAttribute('aria-sort');
		});
	}

	order(items) {
		const { head, down } = this.chosen;
		const by = this.columns.find((c) => c[0] === head)?.[1];
		if (!by)
			return items;
		const sorted = [...items].sort((a, b) => compare(by(a), by(b)));
		return down ? sorted.reverse() : sorted;
	}
}
