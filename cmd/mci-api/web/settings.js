// settings: of a repository: where it is, how it is built, the labels by which params and keys find it.
import { api } from './api.js';
import { action, commands, curl, mci } from './command.js';
import { fill, make } from './dom.js';
import { area, check, field, form, lines, pairs, text } from './form.js';

// [member, label, element of its value, value of its element, what is to be known]
const FIELDS = [
	['name', 'Name', (v) => text('name', v), (e) => e.value],
	['url', 'Where git fetches it', (v) => text('url', v), (e) => e.value],
	['main', 'Main branch', (v) => text('main', v, { size: 20 }), (e) => e.value],
	['labels', 'Labels, NAME=VALUE a line', (v) => area('labels', lines(v)), (e) => pairs(e.value), 'Params and keys are given to repositories by them.'],
	['agents', 'Labels an agent must have', (v) => area('agents', lines(v), { rows: 2 }), (e) => pairs(e.value)],
	['max-builds', 'Builds at once', (v) => text('max-builds', v || '', { type: 'number', min: 0, size: 6 }), (e) => Number(e.value), 'Empty: as many as there are agents.'],
	['supersede', 'A newer build of a branch cancels those that wait', (v) => check('supersede', v), (e) => e.checked],
	['public', 'Everybody may look at its builds', (v) => check('public', v), (e) => e.checked],
];

// What differs from how it is now.
function changes(repo, elements) {
	const body = {};
	for (const [key, , , read] of FIELDS) {
		const value = read(elements[key]);
		if (JSON.stringify(value) !== JSON.stringify(repo[key] ?? empty(value)))
			body[key] = value;
	}
	return body;
}

const empty = (value) => ({ string: '', number: 0, boolean: false, object: {} })[typeof value];

const words = (body) => Object.entries(body).map(([k, v]) => typeof v === 'string' ? `${k}=${v}` : `${k}:=${JSON.stringify(v)}`);

export async function open([org, id], holder, go) {
	const name = `${org}/${id}`;
	const address = `/api/v1/orgs/${org}/repos/${id}`;
	const repo = await api.repo(name);
	const said = make('p', { role: 'status' });
	const save = async () => {
		const body = changes(repo, edit.elements);
		await api.putRepo(name, body);
		Object.assign(repo, body);
		said.textContent = 'Saved.';
	};
	const same = () => {
		const body = changes(repo, edit.elements);
		return [mci('repo', 'put', name, words(body)), curl('PUT', address, body)];
	};
	const edit = form(FIELDS.map(([key, label, element, , about]) => field(label, element(repo[key]), about)),
		action({ label: 'Save', kind: 'main', run: save, same }), said);
	fill(holder, make('h1', {}, `Settings of ${name}`), edit,
		make('h2', {}, 'Remove it'), make('p', {}, 'One that has builds cannot be removed.'),
		action({ label: 'Remove', kind: 'danger', sure: `Remove ${name}: press again`, run: async () => { await api.removeRepo(name); go(`/${org}`); },
			same: () => [mci('repo', 'rm', name), curl('DELETE', address)] }),
		commands(same));
}
