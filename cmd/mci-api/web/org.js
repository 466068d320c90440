// org: an organisation: its repositories, grouped by a label of theirs, and what it gives to builds.
import { api } from './api.js';
import { commands, curl, mci } from './command.js';
import { strip } from './dashboard.js';
import { fill, make } from './dom.js';
import { guide } from './guide.js';
import { state } from './state.js';
import { badge } from './status.js';
import { moment } from './time.js';

function groups(repos, label) {
	const sets = new Map();
	for (const repo of repos) {
		const value = label ? repo.labels?.[label] ?? `without ${label}` : '';
		(sets.get(value) ?? sets.set(value, []).get(value)).push(repo);
	}
	return [...sets].sort();
}

function card(org, repo, builds) {
	const last = builds[0];
	return make('li', { class: 'card' }, make('h2', {}, make('a', { class: 'first', href: `/${org}/${repo.id}` }, repo.name ?? repo.id)),
		make('p', {}, repo.url), last ? make('p', {}, badge(last.status), ' ', moment(last.created)) : make('p', {}, 'no builds yet'), strip(builds));
}

export async function open([org], holder) {
	const [{ repos }, { builds }] = await Promise.all([api.repos(org), api.builds({ org, limit: 1000 })]);
	const labels = [...new Set(repos.flatMap((r) => Object.keys(r.labels ?? {})))];
	const lists = make('div');
	const draw = (label, part = '') => fill(lists, groups(repos.filter((r) => r.id.includes(part)), label).map(([value, list]) => [value ? make('h2', {}, value) : [],
		make('ul', { class: 'cards', 'data-list': true }, list.map((r) => card(org, r, builds.filter((b) => b.repo === `${org}/${r.id}`))))]));
	const form = make('form', { class: 'toolbar', role: 'search', onsubmit: (e) => e.preventDefault(), oninput: () => {
		state.set('group', form.elements.label?.value);
		draw(form.elements.label?.value, form.elements.part.value);
	} },
		make('label', {}, 'Name ', make('input', { name: 'part', type: 'search', 'data-search': true })),
		labels.length ? make('label', {}, 'Group by ', make('select', { name: 'label' }, ['', ...labels].map((l) => make('option', { value: l, selected: l === state.get('group') }, l || 'nothing')))) : []);
	draw(state.get('group'));
	fill(holder, make('h1', {}, org), make('div', { class: 'toolbar' }, make('a', { href: `/${org}/-/params` }, 'Params, keys and tokens')),
		repos.length ? [form, lists] : guide(org),
		commands(() => [mci('repo', 'ls', org), curl('GET', `/api/v1/orgs/${org}/repos`)]));
}
