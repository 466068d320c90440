// build: one build: how it stands and why, its jobs as list, graph and waterfall, what they left, what can be done.
import { api, reach } from './api.js';
import { ref, title } from './builds.js';
import { action, commands, curl, mci } from './command.js';
import { eachFrame, fill, make, rows } from './dom.js';
import { Fold, watchBuild } from './fold.js';
import { Graph } from './graph.js';
import { setKeys } from './keys.js';
import { badge, bad, counts, live } from './status.js';
import { duration, elapsed, moment } from './time.js';
import { Waterfall } from './waterfall.js';

export function facts(pairs) {
	return make('dl', { class: 'facts' }, pairs.filter(([, value]) => value !== undefined && value !== '' && value !== null)
		.map(([name, value]) => [make('dt', {}, name), make('dd', {}, value)]));
}

// Why a job or build ended as it did, in words.
export function reason(thing) {
	const { reason: word, exit, signal, error, message } = thing;
	const what = word === 'exit' || (!word && exit) ? `exit status ${exit}` : word === 'signal' ? `ended by ${signal}` : word;
	return [what, error ?? message].filter(Boolean).join(': ');
}

function header(build) {
	return [
		make('h1', {}, `${title(build) || build.build} `, badge(build.status)),
		build.error || build.reason || build.cancel ? make('div', { class: `message ${bad(build.status) ? 'bad' : ''}` }, reason(build) || build.cancel) : [],
		facts([
			['Commit', build.rev && make('code', {}, build.rev.slice(0, 12))], ['Ref', ref(build)],
			['Message', build.message && make('pre', {}, build.message)], ['By', build.actor],
			['Trigger', `${build.event}${build.trust === 'stranger' ? ', by a stranger: no secrets, isolated' : ''}`],
			['Again of', build.of && make('a', { href: `/${build.of}` }, build.of)],
			['Params', build.params && Object.entries(build.params).map(([k, v]) => make('div', { class: 'mono' }, `${k}=${v}`))],
			['Run', build.run > 1 ? `${build.run}: it was taken up again` : undefined], ['Agent', build.agent],
			['Accepted', moment(build.created)], ['Waited', build.started && duration((Date.parse(build.started) - Date.parse(build.created)) / 1000)],
			['Took', elapsed(live(build.status) ? build.started : undefined, build.elapsed)], ['Jobs', counts(build.jobs)],
		]),
	];
}

function buttons(name, build, go) {
	const again = (body) => async () => go(`/${(await api.rerun(name, body)).build}`);
	return live(build.status) ? [
		action({ label: 'Cancel', key: 'c', run: () => api.cancel(name), kind: 'danger' }),
	] : [
		action({ label: 'Run again', key: 'r', run: again({}), kind: 'main' }),
		bad(build.status) ? action({ label: 'Run what failed', key: 'f', run: again({ failed: true }) }) : [],
		make('a', { href: `/${build.repo}/-/trigger?of=${encodeURIComponent(name)}` }, 'with other params'),
	];
}

function jobRow(name, job) {
	return [
		make('td', {}, badge(job.status)),
		make('td', {}, make('a', { class: 'first', href: `/${name}/${job.id}` }, job.name ?? job.id),
			job.attempt > 1 ? ` (attempt ${job.attempt})` : '', job.cached ? ' from the store' : ''),
		make('td', {}, bad(job.status) || job.status === 'skipped' ? reason(job) : '', job.allowed ? ' (may fail)' : ''),
		make('td', {}, elapsed(job.status === 'running' ? job.started : undefined, job.elapsed)),
		make('td', {}, job.started ? make('a', { href: `/${name}/${job.id}/log` }, 'log') : '',
			job.status === 'blocked' ? action({ label: 'Continue', run: () => api.unblock(name, job.id) }) : ''),
	];
}

function jobTable(name) {
	const body = make('tbody', { 'data-list': true });
	return { element: make('div', { class: 'scroll' }, make('table', {}, make('caption', { class: 'hidden-word' }, 'Jobs'),
		make('thead', {}, make('tr', {}, ['Status', 'Job', 'Why', 'Took', ''].map((h) => make('th', { scope: 'col' }, h)))), body)),
	show: (build, jobs) => rows(body, jobs, (job) => job.id, () => make('tr'), (row, job) => {
		const text = JSON.stringify(job);
		if (row.text !== text)
			fill(row, jobRow(name, job));
		row.text = text;
	}) };
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
	Plan: (name, fold) => make('pre', {}, [...fold.jobs.values()].map((job) => JSON.stringify(job.spec ?? { id: job.id, 'depends-on': job['depends-on'] })).join('\n')),
	Events: async (name) => make('pre', {}, (await (await api.events(name, { follow: false })).text()).slice(-500000)),
};

const TEST = { fail: 'failure', error: 'error' };

// Failed ones first, then the slowest.
export function testTable(name, tests) {
	if (!tests.length)
		return 'No test results were reported.';
	const order = { fail: 0, error: 0, skip: 2 };
	const sorted = [...tests].sort((a, b) => (order[a.result] ?? 1) - (order[b.result] ?? 1) || (b.elapsed ?? 0) - (a.elapsed ?? 0));
	return make('div', { class: 'scroll' }, make('table', {}, make('thead', {}, make('tr', {}, ['Result', 'Test', 'Where', 'Took'].map((h) => make('th', { scope: 'col' }, h)))),
		make('tbody', {}, sorted.slice(0, 2000).map((t) => make('tr', {}, make('td', { class: bad(TEST[t.result]) ? 's-failure' : undefined }, t.result),
			make('td', {}, [t.suite, t.text].filter(Boolean).join(' › '), t.message ? make('pre', {}, t.message) : ''),
			make('td', { class: 'mono' }, t.file ? `${t.file}${t.line ? `:${t.line}` : ''}` : make('a', { href: `/${name}/${t.job}/log` }, t.job)),
			make('td', {}, duration(t.elapsed)))))));
}

export function tabs(names, select) {
	const list = make('div', { class: 'tabs', role: 'tablist' });
	const panel = make('div', { role: 'tabpanel', tabindex: 0, id: 'panel' });
	const choose = (name) => {
		for (const tab of list.children) {
			const chosen = tab.textContent === name;
			tab.setAttribute('aria-selected', chosen);
			tab.tabIndex = chosen ? 0 : -1;
		}
		select(name, panel);
	};
	list.append(...names.map((name) => make('button', { type: 'button', role: 'tab', 'aria-controls': 'panel', onclick: () => choose(name) }, name)));
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
	const views = { Jobs: jobTable(name), Graph: new Graph(name), Waterfall: new Waterfall(name) };
	const fold = new Fold();
	let build = await api.build(name);
	let tab = 'Jobs';
	const top = make('div');
	const bar = make('div', { class: 'toolbar' });
	const state = make('p', { class: 'hidden-word', role: 'status' });
	const show = () => {
		const head = JSON.stringify(build);
		if (top.text !== head) {
			fill(top, header(build));
			fill(bar, buttons(name, build, go));
			state.textContent = `${name} is ${build.status}`;
		}
		top.text = head;
		views[tab]?.show(build, [...fold.jobs.values()]);
	};
	const chooser = tabs([...Object.keys(views), ...Object.keys(LATER)], async (chosen, panel) => {
		tab = chosen;
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
	fill(holder, top, bar, state, chooser.element, commands(() => [mci('show', name), mci('log', name),
		...(live(build.status) ? [mci('cancel', name)] : [mci('rerun', name), mci('rerun', name, '--failed')]), curl('GET', `/api/v1/orgs/${org}/repos/${repo}/builds/${number}`)]));
	const press = (key) => () => bar.querySelector(`[data-key=${key}]`)?.click();
	setKeys([['c', 'cancel', press('c')], ['r', 'run again', press('r')], ['f', 'run what failed', press('f')]]);
	// what the store says of it follows what happened
	let asked;
	const later = () => { asked ??= setTimeout(async () => {
		asked = undefined;
		build = await api.build(name).catch(() => build);
		show();
		if (fold.ended && live(build.status))
			later();
	}, 250); };
	const frame = eachFrame(show);
	const stop = await watchBuild(name, fold, () => {
		frame();
		later();
	}, () => reach(false));
	show();
	chooser.choose('Jobs');
	return () => {
		stop();
		clearTimeout(asked);
	};
}
