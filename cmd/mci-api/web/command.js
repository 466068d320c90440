// command: what is done here can be done in a terminal: the words for it beside each button, to copy.
import { make } from './dom.js';

// A word as a shell reads it.
export function quote(word) {
	return /^[A-Za-z0-9_@%+=:,./~-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

export const mci = (...words) => ['mci', ...words.flat().filter((w) => w !== undefined && w !== '')].map(quote).join(' ');

// The request that does the same, for curl.
export function curl(method, address, body) {
	const words = ['curl', '-H', '"Authorization: Bearer $MCI_TOKEN"'];
	if (method !== 'GET')
		words.push('-X', method);
	if (body !== undefined)
		words.push('-H', quote('Content-Type: application/json'), '-d', quote(JSON.stringify(body)));
	return [...words, quote(new URL(address, location.origin).href)].join(' ');
}

function copyButton(text) {
	const button = make('button', { type: 'button', onclick: async () => {
		await navigator.clipboard.writeText(text);
		button.textContent = 'copied';
	} }, 'copy');
	return button;
}

// A fold with the command and the request; get is asked for them when it is opened, so that they are of that moment.
export function commands(get, summary = 'same in a terminal') {
	const lines = make('div');
	const fold = make('details', { class: 'command', ontoggle: () => {
		if (fold.open)
			lines.replaceChildren(...get().map((text) => make('pre', {}, make('code', {}, text), copyButton(text))));
	} }, make('summary', {}, summary), lines);
	return fold;
}

// A button that does one thing: it cannot be pressed twice, and says what went wrong beside it.
export function action({ label, title, run, key, kind }) {
	const said = make('span', { role: 'status', class: 's-failure' });
	const button = make('button', { type: 'button', title, class: kind, 'data-key': key, onclick: async () => {
		button.disabled = true;
		said.textContent = '';
		try {
			await run();
		} catch (e) {
			said.textContent = ` ${e.message}`;
		}
		button.disabled = false;
	} }, label);
	return make('span', { class: 'action' }, button, said);
}
