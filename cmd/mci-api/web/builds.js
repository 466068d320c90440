// builds: the builds of a repository, filtered, as far back as one scrolls, and live.
import { api, follow } from './api.js';
import { commands, curl, how, mci } from './command.js';
import { fill, make, rows } from './dom.js';
import { setKeys } from './keys.js';
import { badge, counts } from './status.js';
import { elapsed, moment } from './time.js';

const PAGE = 50;
const STATUSES = ['', 'queued', 'running', 'success', 'failure', 'error', 'canceled'];
const FILTERS = ['status', 'branch', 'event', 'actor'];

export const title = (build) => (build.message ?? '').split('\n')[0];
export const ref = (build) => build.branch ?? build.tag ?? build.ref ?? '';

// One build as a row; also the dashboard's and the queue's.
export function buildRow(build, { repo = false, note } = {}) {
	return make('tr', {},
		make('td', {}, badge(build.status)),
		make('td', {}, make('a', { class: 'first', href: `/${build.build}` }, repo ? build.build : `#${build.number}`)),
		make('td', {}, make('span', { class: 'mono' }, ref(build)), make('div', { class: 'crumbs' }, title(build))),
		make('td', { class: 'wide' }, build.event, build.actor ? ` by ${build.actor}` : ''),
		make('td', note ? {} : { class: 'wide' }, note ? note(build) : counts(build.jobs)),
		make('td', {}, elapsed(build.status === 'running' ? build.started : undefined, build.elapsed)),
		make('td', {}, moment(build.created)));
}

const HEADS = ['Status', 'Build', 'What', ['Trigger', 'wide'], ['Jobs', 'wide'], 'Took', 'When'];

// note: a column of that head in the place of the jobs', filled by what show is given.
export function buildTable(caption, note) {
	const body = make('tbody', { 'data-list': true });
	const table = make('div', { class: 'scroll' }, make('table', {}, make('caption', { class: 'hidden-word' }, caption),
		make('thead', {}, make('tr', {}, HEADS.map((h) => note && h[0] === 'Jobs' ? note : h).map((h) => make('th', { scope: 'col', class: Array.isArray(h) ? h[1] : undefined }, Array.isArray(h) ? h[0] : h)))),
		body));
	return { table, show: (builds, options) => rows(body, builds, (b) => b.build, () => make('tr'), (row, build) => {
		const text = JSON.stringify([build, options?.note?.(build)]);
		// only what changed is made again: the focus stays where it is
		if (row.text !== text)
			row.replaceChildren(...buildRow(build, options).childNodes);
		row.text = text;
	}) };
}

class List {
	constructor(name, query, show) {
		Object.assign(this, { name, query, show, builds: new Map(), more: true, loading: false });
	}

	get sorted() {
		return [...this.builds.values()].sort((a, b) => b.number - a.number);
	}

	put(list) {
		list.forEach((build) => this.builds.set(build.build, build));
		this.show(this.sorted);
	}

	async older() {
		if (this.loading || !this.more)
			return;
		this.loading = true;
		try {
			const answer = await api.repoBuilds(this.name, { ...this.query, limit: PAGE, before: this.sorted.at(-1)?.build });
			this.more = answer.more;
			this.put(answer.builds);
		} finally {
			this.loading = false;
		}
	}

	// What may have changed: the first page again.
	async newest() {
		this.put((await api.repoBuilds(this.name, { ...this.query, limit: PAGE })).builds);
	}
}

// same: the commands for what is filtered
function filterForm(query, changed, same) {
	const field = (name) => name === 'status' ?
		make('select', { name }, STATUSES.map((s) => make('option', { value: s, selected: query.status === s }, s || 'any'))) :
		make('input', { name, value: query[name] ?? '', size: 10 });
	const form = make('form', { class: 'toolbar', role: 'search', onsubmit: (e) => e.preventDefault(), onchange: () =>
		changed(Object.fromEntries([...new FormData(form)].filter(([, v]) => v))) },
	FILTERS.map((name) => make('label', {}, name, field(name))), how('Filters', () => same(query)));
	form.querySelector('[name=branch]').setAttribute('data-search', '');
	return form;
}

export async function open([org, repo], holder, go) {
	const name = `${org}/${repo}`;
	const query = Object.fromEntries([...new URLSearchParams(location.search)].filter(([key]) => FILTERS.includes(key)));
	// mci ls knows no other filter
	const same = (asked) => [Object.keys(asked).every((key) => key === 'status') && mci('ls', asked.status ? ['--status', asked.status] : [], name),
		curl('GET', `/api/v1/orgs/${org}/repos/${repo}/builds?${new URLSearchParams(asked)}`)];
	const { table, show } = buildTable(`Builds of ${name}`);
	const none = make('p', { class: 'empty' });
	const list = new List(name, query, (builds) => {
		show(builds);
		none.textContent = builds.length ? '' : 'No builds yet that are so.';
	});
	await list.older();
	const end = make('div');
	const seen = new IntersectionObserver((found) => { if (found[0].isIntersecting) list.older(); }, { rootMargin: '600px' });
	seen.observe(end);
	fill(holder, make('h1', {}, name),
		make('div', { class: 'toolbar' }, make('a', { href: `/${name}/-/trigger` }, 'Trigger a build'),
			make('a', { href: `/${name}/-/trends` }, 'Trends and badge'), make('a', { href: `/${name}/-/settings` }, 'Settings')),
		filterForm(query, (next) => go(`/${name}?${new URLSearchParams(next)}`), same),
		table, none, end,
		commands(() => same(query)));
	setKeys([['t', 'trigger a build', () => go(`/${name}/-/trigger`)], ['y', 'trends and badge', () => go(`/${name}/-/trends`)], ['s', 'settings', () => go(`/${name}/-/settings`)]]);
	const stop = follow({ repo: name, type: 'build/*' }, () => list.newest(), () => list.newest());
	return () => {
		stop();
		seen.disconnect();
	};
}
