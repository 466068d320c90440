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

export function copyButton(text) {
	const button = make('button', { type: 'button', onclick: async () => {
		try {
			await navigator.clipboard.writeText(text);
			button.textContent = 'copied';
		} catch {
			// browsers let no page without TLS do it: then it is marked, for the keys that copy
			getSelection().selectAllChildren(button.previousSibling);
			button.textContent = 'marked';
		}
	} }, 'copy');
	return button;
}

const lines = (list) => list.filter(Boolean).map((text) => make('pre', {}, make('code', {}, text), copyButton(text)));

// A fold with the command and the request; get is asked for them when it is opened, so that they are of that moment.
export function commands(get, summary = 'same in a terminal') {
	const inner = make('div');
	const fold = make('details', { class: 'command', ontoggle: () => {
		if (fold.open)
			inner.replaceChildren(...lines(get()));
	} }, make('summary', {}, summary), inner);
	return fold;
}

// The same for one button or field: a small button beside it, which opens them over the page.
export function how(label, get) {
	const over = make('div', { class: 'how command', popover: 'auto', onbeforetoggle: (e) => {
		if (e.newState === 'open')
			over.replaceChildren(make('p', {}, `${label}, in a terminal:`), ...lines(get()));
	} });
	const button = make('button', { type: 'button', class: 'how', title: 'the command that does the same', 'aria-label': `${label}: the command that does the same` }, '$');
	button.popoverTargetElement = over;
	return [button, over];
}

const SURE = 5000; // milliseconds in which a second press counts

// A button that does one thing: it cannot be pressed twice, and says what went wrong beside it. same answers the commands
// that do the same; what cannot be undone asks for a second press.
export function action({ label, title, run, key, kind, same, sure }) {
	const said = make('span', { role: 'status', class: 's-failure' });
	let asked = 0;
	const button = make('button', { type: 'button', title, class: kind, 'data-key': key, onclick: async () => {
		if (sure && Date.now() - asked > SURE) {
			asked = Date.now();
			button.textContent = sure;
			setTimeout(() => { button.textContent = label; }, SURE);
			return;
		}
		button.disabled = true;
		said.textContent = '';
		try {
			await run();
		} catch (e) {
			said.textContent = ` ${e.message}`;
		}
		button.disabled = false;
	} }, label);
	return make('span', { class: 'action' }, button, same ? how(label, same) : [], said);
}
