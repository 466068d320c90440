// keys: one table of what keys do on the page that is shown; ? shows it. Nothing happens while something is typed.
import { make } from './dom.js';

let table = [];

const ALWAYS = [
	['?', 'show the keys', () => show()],
	['g d', 'dashboard', () => go('/')],
	['g q', 'queue and agents', () => go('/-/queue')],
	['g w', 'wallboard', () => go('/-/wallboard')],
	['/', 'search', () => {
		const field = document.querySelector('[data-search]');
		field?.focus();
		field?.select();
	}],
	['j', 'next link in the list', () => step(1)],
	['k', 'previous link in the list', () => step(-1)],
];
let go = () => {};

// Keys of a page: [key, what it does, run]; those that are always there come behind them.
export function setKeys(list) {
	table = list;
}

function step(by) {
	const links = [...document.querySelectorAll('[data-list] a.first')];
	const at = links.indexOf(document.activeElement);
	links[Math.max(0, Math.min(links.length - 1, at < 0 ? 0 : at + by))]?.focus();
}

function show() {
	const dialog = make('dialog', { 'aria-label': 'Keys', onclose: () => dialog.remove() },
		make('h2', {}, 'Keys'),
		make('table', {}, [...table, ...ALWAYS].map(([key, what]) =>
			make('tr', {}, make('td', {}, key.split(' ').map((k) => [make('kbd', {}, k), ' '])), make('td', {}, what)))),
		make('form', { method: 'dialog' }, make('button', {}, 'Close')));
	document.body.append(dialog);
	dialog.showModal();
}

export function startKeys(navigate) {
	go = navigate;
	let first = '';
	document.addEventListener('keydown', (event) => {
		if (event.ctrlKey || event.metaKey || event.altKey)
			return;
		if (event.target.closest('input, textarea, select, dialog')) {
			if (event.key === 'Escape')
				event.target.blur();
			return;
		}
		const typed = first ? `${first} ${event.key}` : event.key;
		first = '';
		const row = [...table, ...ALWAYS].find(([key]) => key === typed);
		if (row) {
			event.preventDefault();
			row[2]();
		} else if ([...table, ...ALWAYS].some(([key]) => key.startsWith(`${event.key} `)))
			first = event.key;
	});
}
