// org: an organisation: its repositories with their latest results, grouped by a label of theirs, and what it gives to builds.
import { api, follow } from './api.js';
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
	return [...sets].sort(([a], [b]) => a.localeCompare(b));
}

function card(org, repo, builds) {
	const last = builds[0];
	return make('li', { class: 'card' }, make('h2', {}, make('a', { class: 'first', href: `/${org}/${repo.id}` }, repo.name ?? repo.id)),
		make('p', {}, repo.url ?? ''), last ? make('p', {}, badge(last.status), ' ', make('a', { href: `/${last.build}` }, `#${last.number}`), ' ', moment(last.ended ?? last.created)) :
			make('p', {}, 'no builds yet'), strip(builds));
}

export async function open([org], holder) {
	const { repos } = await api.repos(org);
	const labels = [...new Set(repos.flatMap((r) => Object.keys(r.labels ?? {})))].sort();
	const lists = make('div');
	let of = new Map();
	// the last ones as strips; of what is quiet, the newest
	const load = async () => {
		const [recent, latest] = await Promise.all([api.builds({ org, limit: 1000 }), api.latest(org)]);
		of = new Map(latest.builds.map((b) => [b.repo, []]));
		recent.builds.forEach((b) => of.get(b.repo)?.push(b));
		latest.builds.forEach((b) => { if (!of.get(b.repo).length) of.set(b.repo, [b]); });
		draw();
	};
	const form = make('form', { class: 'toolbar', role: 'search', onsubmit: (e) => e.preventDefault(), oninput: () => {
		state.set('group', form.elements.label?.value);
		draw();
	} }, make('label', {}, 'Name ', make('input', { name: 'part', type: 'search', 'data-search': true })),
	labels.length ? make('label', {}, 'Group by ', make('select', { name: 'label' }, ['', ...labels].map((l) => make('option', { value: l, selected: l === state.get('group') }, l || 'nothing')))) : []);
	const draw = () => fill(lists, groups(repos.filter((r) => r.id.includes(form.elements.part.value)), form.elements.label?.value).map(([value, list]) => [value ? make('h2', {}, value) : [],
		make('ul', { class: 'cards', 'data-list': true }, list.map((r) => card(org, r, of.get(`${org}/${r.id}`) ?? [])))]));
	await load();
	fill(holder, make('h1', {}, org), make('div', { class: 'toolbar' }, make('a', { href: `/${org}/-/params` }, 'Params, keys, tokens and settings')),
		repos.length ? [form, lists] : guide(org),
		commands(() => [mci('repo', 'ls', org), curl('GET', `/api/v1/orgs/${org}/repos`), curl('GET', `/api/v1/orgs/${org}/builds/latest`)]));
	let timer;
	const later = () => { timer ??= setTimeout(() => { timer = undefined; load().catch(() => {}); }, 500); };
	const stop = follow({ org, type: 'build/*' }, later, later);
	return () => {
		stop();
		clearTimeout(timer);
	};
}
