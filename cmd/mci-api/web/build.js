// build: one build: how it stands, its jobs as list, graph and waterfall, what they left.
import { api, reach } from './api.js';
import { allArtifacts, artifactList } from './artifacts.js';
import { buttons, header, reason, unblock } from './buildhead.js';
import { commands, curl, mci } from './command.js';
import { eachFrame, fill, make, rows } from './dom.js';
import { Fold, watchBuild } from './fold.js';
import { Graph } from './graph.js';
import { setKeys } from './keys.js';
import { Sorter } from './sort.js';
import { state } from './state.js';
import { badge, bad, live, order } from './status.js';
import { testTable } from './tests.js';
import { elapsed } from './time.js';
import { Waterfall } from './waterfall.js';

function jobRow(name, job) {
	return [
		make('td', {}, badge(job.status)),
		make('td', {}, make('a', { class: 'first', href: `/${name}/${job.id}` }, job.name ?? job.id),
			job.attempt > 1 ? ` (attempt ${job.attempt})` : '', job.cached ? ' from the store' : ''),
		make('td', {}, bad(job.status) || job.status === 'skipped' ? reason(job) : '', job.allowed ? ' (may fail)' : ''),
		make('td', {}, elapsed(job.status === 'running' ? job.started : undefined, job.elapsed)),
		make('td', {}, job.started ? make('a', { href: `/${name}/${job.id}/log` }, 'log') : '',
			job.status === 'blocked' ? unblock(name, job.id) : ''),
	];
}

const COLUMNS = [['Status', (job) => order(job.status)], ['Job', (job) => job.name ?? job.id], ['Why'], ['Took', (job) => job.elapsed], ['']];

class Jobs {
	constructor(name) {
		this.name = name;
		this.body = make('tbody', { 'data-list': true });
		this.sorter = new Sorter(COLUMNS, () => this.draw());
		this.element = make('div', { class: 'scroll' }, make('table', {}, make('caption', { class: 'hidden-word' }, 'Jobs'),
			make('thead', {}, this.sorter.row), this.body));
	}

	show(build, jobs) {
		this.jobs = jobs;
		this.draw();
	}

	draw() {
		rows(this.body, this.sorter.order(this.jobs), (job) => job.id, () => make('tr'), (row, job) => {
			const { spec, ...seen } = job;
			const text = JSON.stringify(seen);
			if (row.text !== text)
				fill(row, jobRow(this.name, job));
			row.text = text;
		});
	}
}

// What is made when somebody looks.
const LATER = {
	Annotations: (name, fold) => {
		const list = fold.of('error', 'warning', 'notice', 'summary', 'metric');
		return list.length ? list.map((n) => make('div', { class: `message ${n.kind === 'error' ? 'bad' : n.kind === 'warning' ? 'warn' : ''}` },
			make('a', { href: `/${name}/${n.job}/log` }, n.job), ` ${n.kind}: ${n.text} ${n.value ?? ''}${n.unit ?? ''}`,
			n.file ? make('div', { class: 'mono' }, `${n.file}${n.line ? `:${n.line}` : ''}`) : '')) : 'There are none.';
	},
	Tests: (name, fold) => testTable(name, fold.of('test')),
	Artifacts: async (name) => {
		const all = await allArtifacts(name);
		return all.length ? artifactList(all) : 'There are none.';
	},
	Plan: (name, fold) => {
		const specs = [...fold.jobs.values()].map((job) => JSON.stringify(job.spec ?? { id: job.id, name: job.name, 'depends-on': job['depends-on'] }));
		return specs.length ? [make('p', { class: 'crumbs' }, 'The jobs as they were written, a line each: what mci-build takes.'), make('pre', { class: 'lines' }, specs.join('\n'))] : 'No job has come yet.';
	},
	Events: async (name) => make('pre', {}, (await (await api.events(name, { follow: false })).text()).slice(-500000)),
};

export function tabs(names, select) {
	const list = make('div', { class: 'tabs', role: 'tablist' });
	const panel = make('div', { role: 'tabpanel', tabindex: 0, id: 'panel' });
	const choose = (name) => {
		for (const tab of list.children) {
			const chosen = tab.textContent === name;
			if (chosen)
				panel.setAttribute('aria-labelledby', tab.id);
			tab.setAttribute('aria-selected', chosen);
			tab.tabIndex = chosen ? 0 : -1;
		}
		select(name, panel);
	};
	list.append(...names.map((name) => make('button', { type: 'button', role: 'tab', id: `tab-${name.toLowerCase()}`, 'aria-controls': 'panel', onclick: () => choose(name) }, name)));
	list.addEventListener('keydown', (e) => {
		const by = { ArrowRight: 1, ArrowLeft: -1 }[e.key];
		if (!by)
			return;
		const all = [...list.children];
		const next = all[(all.indexOf(document.activeElement) + by + all.length) % all.length];
		next.focus();
		next.click();
	});
	return { element: make('div', {}, list, panel), choose };
}

export async function open([org, repo, number], holder, go) {
	const name = `${org}/${repo}/${number}`;
	const views = { Jobs: new Jobs(name), Graph: new Graph(name), Waterfall: new Waterfall(name) };
	const fold = new Fold();
	let build;
	let tab;
	const top = make('div');
	const bar = make('div', { class: 'toolbar' });
	const said = make('p', { class: 'hidden-word', role: 'status' });
	const show = () => {
		if (!build)
			return;
		const head = JSON.stringify([build, fold.agent]);
		if (top.text !== head) {
			fill(top, header(build, fold.agent));
			fill(bar, buttons(name, build, go));
			said.textContent = `${name} is ${build.status}`;
		}
		top.text = head;
		views[tab]?.show(build, [...fold.jobs.values()]);
	};
	const names = [...Object.keys(views), ...Object.keys(LATER)];
	const chooser = tabs(names, async (chosen, panel) => {
		tab = chosen;
		state.set('tab', chosen === names[0] ? undefined : chosen);
		if (views[chosen]) {
			fill(panel, views[chosen].element);
			return show();
		}
		fill(panel, make('p', { class: 'empty' }, '…'));
		try {
			fill(panel, await LATER[chosen](name, fold));
		} catch (e) {
			fill(panel, make('div', { class: 'message bad' }, e.message));
		}
		return undefined;
	});
	fill(holder, top, bar, said, chooser.element, commands(() => [mci('show', name), mci('log', name),
		mci('artifact', 'ls', name), curl('GET', `/api/v1/orgs/${org}/repos/${repo}/builds/${number}`), curl('GET', `/api/v1/orgs/${org}/repos/${repo}/builds/${number}/events`)]));
	const press = (key) => () => bar.querySelector(`[data-key=${key}]`)?.click();
	setKeys([['c', 'cancel', press('c')], ['r', 'run again', press('r')], ['f', 'run what failed', press('f')],
		...names.map((n, i) => [String(i + 1), n.toLowerCase(), () => chooser.choose(n)])]);
	// what the store says of it follows what happened
	let asked;
	const later = () => { asked ??= setTimeout(async () => {
		asked = undefined;
		build = await api.build(name).catch((e) => e.status === 404 ? { ...build, status: 'canceled', error: 'This build was removed.' } : build);
		show();
		if (fold.ended && live(build.status))
			later();
	}, 250); };
	const frame = eachFrame(show);
	const watched = watchBuild(name, fold, () => {
		frame();
		if (build)
			later();
	}, () => reach(false));
	let stop;
	[build, stop] = await Promise.all([api.build(name), watched]);
	show();
	const wanted = state.get('tab');
	chooser.choose(names.includes(wanted) ? wanted : names[0]);
	return () => {
		stop();
		clearTimeout(asked);
	};
}
