// form: fields of forms, and texts that stand for what is more than a text: NAME=VALUE lines, filters.
import { make } from './dom.js';

// A label around its field, and what is to be known beneath.
export function field(label, input, about) {
	return make('div', { class: 'row field' }, make('label', {}, make('span', { class: 'label' }, label), input),
		about ? make('span', { class: 'crumbs' }, about) : []);
}

export const text = (name, value, more = {}) => make('input', { name, value: value ?? '', size: 40, autocomplete: 'off', ...more });
export const area = (name, value, more = {}) => make('textarea', { name, rows: 3, cols: 40, autocomplete: 'off', spellcheck: 'false', ...more }, value ?? '');
export const check = (name, checked) => make('input', { name, type: 'checkbox', checked });
export const choice = (name, list, chosen) => make('select', { name }, list.map((value) => {
	const [id, word] = [].concat(value);
	return make('option', { value: id, selected: id === chosen }, word ?? id);
}));

// Enter in a field presses the form's main button.
export function form(...children) {
	const e = make('form', { onsubmit: (event) => {
		event.preventDefault();
		e.querySelector('button.main').click();
	} }, children);
	return e;
}

// { a: 'b' } as lines "a=b", and back.
export const lines = (pairs) => Object.entries(pairs ?? {}).map(([k, v]) => `${k}=${v}`).join('\n');

export function pairs(written) {
	const all = {};
	for (const line of written.split('\n')) {
		const at = line.indexOf('=');
		if (at > 0)
			all[line.slice(0, at).trim()] = line.slice(at + 1).trim();
		else if (line.trim())
			throw new Error(`'${line.trim()}': expected NAME=VALUE`);
	}
	return all;
}

// A filter, a line for each way to match: "team=core, lang=c" asks for both.
export const filters = (written) => written.split('\n').filter((line) => line.trim())
	.map((line) => pairs(line.replaceAll(',', '\n')));

export function words(only) {
	return !only?.length ? 'every repository' : only.map((all) =>
		Object.entries(all).map(([label, value]) => `${label} is ${value}`).join(' and ')).join(', or ');
}
