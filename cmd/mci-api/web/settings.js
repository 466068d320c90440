// settings: of a repository, or of an organisation: what builds get from it (names and filters, never values).
import { api } from './api.js';
import { action, commands, curl, mci } from './command.js';
import { fill, make } from './dom.js';

// A filter in words: any of the lines, each with all of its labels; none means every build.
function words(filters) {
	return !filters?.length ? 'every build' : filters.map((all) =>
		Object.entries(all).map(([label, value]) => `${label} is ${value}`).join(' and ')).join(', or ');
}

function table(heads, lines, none) {
	return lines.length ? make('div', { class: 'scroll' }, make('table', {}, make('thead', {}, make('tr', {}, heads.map((h) => make('th', { scope: 'col' }, h)))),
		make('tbody', {}, lines.map((line) => make('tr', {}, line.map((cell) => make('td', {}, cell))))))) : make('p', { class: 'empty' }, none);
}

async function organisation(org, holder) {
	const [{ params }, { keys }, { tokens }] = await Promise.all([api.params(org), api.keys(org), api.tokens(org).catch(() => ({ tokens: [] }))]);
	fill(holder, make('h1', {}, `What builds of ${org} get`),
		make('h2', {}, 'Params'), table(['Name', 'For', 'About'], params.map((p) => [make('code', {}, p.name), words(p.only), p.description ?? '']), 'There are none.'),
		make('h2', {}, 'SSH keys'), table(['Name', 'For', 'Public part'], keys.map((k) => [k.name ?? k.id, words(k.only), make('code', {}, (k.public ?? '').slice(0, 60))]), 'There are none.'),
		make('h2', {}, 'Tokens'), table(['Name', 'May', 'Last used'], tokens.map((t) => [t.name ?? t.id, (t.scopes ?? []).join(', '), t.used ?? 'never']), 'There are none that you may see.'),
		commands(() => [mci('param', 'ls', org), mci('param', 'put', org, '--name', 'NAME', '--secret-file', 'FILE'), mci('key', 'ls', org), mci('token', 'ls'), curl('GET', `/api/v1/orgs/${org}/params`)], 'read and change them in a terminal'));
}

const FIELDS = [['name', 'Name'], ['url', 'Where its sources are'], ['main', 'Main branch']];

async function repository(org, id, holder) {
	const repo = await api.repo(`${org}/${id}`);
	const form = make('form', { onsubmit: (e) => { e.preventDefault(); form.querySelector('button').click(); } },
		FIELDS.map(([key, label]) => make('div', { class: 'row' }, make('label', {}, `${label} `, make('input', { name: key, value: repo[key] ?? '', size: 40 })))),
		action({ label: 'Save', kind: 'main', run: () => api.putRepo(`${org}/${id}`, body()) }));
	const body = () => Object.fromEntries(FIELDS.map(([key]) => [key, form.elements[key].value]).filter(([, v]) => v));
	fill(holder, make('h1', {}, `Settings of ${org}/${id}`), form,
		commands(() => [mci('repo', 'put', `${org}/${id}`, Object.entries(body()).flatMap(([k, v]) => [`--${k}`, v])), curl('PUT', `/api/v1/orgs/${org}/repos/${id}`, body())]));
}

export const open = ([org, repo], holder) => repo ? repository(org, repo, holder) : organisation(org, holder);
