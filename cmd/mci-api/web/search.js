// search: what is looked for by a key: repositories and builds that the page knows of, artifacts that the server does.
import { api } from './api.js';
import { size } from './artifacts.js';
import { fill, make } from './dom.js';
import { badge } from './status.js';

const MOST = 8; // of each
const PAUSE = 200; // milliseconds without a key before the server is asked

const has = (text, wanted) => text?.toLowerCase().includes(wanted);

function group(title, items) {
	return items.length ? [make('h2', {}, title), make('ul', { class: 'plain', 'data-list': true }, items.slice(0, MOST).map((item) => make('li', {}, item)))] : [];
}

const repoLink = (name) => make('a', { class: 'first', href: `/${name}` }, name);
const buildLink = (b) => [make('a', { class: 'first', href: `/${b.build}` }, b.build), ' ', b.status ? badge(b.status) : '', ` ${b.message?.split('\n')[0] ?? ''}`];
const artifactLink = (a) => [make('a', { class: 'first', href: `/${a.build}#tab=Artifacts` }, a.artifact), ` of ${a.build}/${a.job}, ${size(a.bytes)}`];

// repos() and builds() are what is known now.
export function search(repos, builds, go) {
	const found = make('div', { class: 'found' });
	const said = make('p', { class: 'hidden-word', role: 'status' });
	let artifacts = [];
	let timer;
	let typed = '';
	const draw = () => {
		const wanted = typed.toLowerCase();
		const named = /^[^/\s]+\/[^/\s]+\/\d+$/.test(typed) ? [{ build: typed }] : [];
		const groups = wanted ? [
			['Repositories', repos().filter((name) => has(name, wanted)).map(repoLink)],
			['Builds', [...named, ...builds().filter((b) => b.build !== typed && [b.build, b.message, b.branch, b.tag, b.actor].some((text) => has(text, wanted)))].map(buildLink)],
			['Artifacts', artifacts.map(artifactLink)],
		] : [];
		fill(found, groups.map(([title, items]) => group(title, items)));
		const n = groups.reduce((sum, [, items]) => sum + Math.min(items.length, MOST), 0);
		said.textContent = wanted ? `${n} found` : '';
		return n;
	};
	const ask = async () => {
		const asked = typed;
		const answer = asked.length > 1 ? await api.findArtifacts({ name: asked, limit: MOST }).catch(() => ({ artifacts: [] })) : { artifacts: [] };
		if (asked !== typed)
			return;
		({ artifacts } = answer);
		draw();
	};
	const form = make('form', { role: 'search', class: 'toolbar', onsubmit: async (e) => {
		e.preventDefault();
		clearTimeout(timer);
		await ask();
		const first = found.querySelector('a');
		const there = first?.getAttribute('href') ?? `/${typed}`;
		if (typed)
			go(there);
	} }, make('label', {}, 'Search ', make('input', { name: 'q', type: 'search', 'data-search': true, autocomplete: 'off',
		placeholder: 'repository, build or artifact  ( / )', size: 34, oninput: (e) => {
			typed = e.target.value.trim();
			artifacts = [];
			draw();
			clearTimeout(timer);
			timer = setTimeout(ask, PAUSE);
		} })), said);
	return make('div', {}, form, found);
}
