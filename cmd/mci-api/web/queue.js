// queue: what waits and why, what runs where, and what each agent can.
import { api, follow } from './api.js';
import { buildTable } from './builds.js';
import { commands, curl, mci } from './command.js';
import { fill, make } from './dom.js';
import { Sorter } from './sort.js';
import { live } from './status.js';
import { moment } from './time.js';
import { whyWaiting } from './waiting.js';

const waits = (build) => ['queued', 'pending'].includes(build.status) && !build.agent;

class Agents {
	constructor() {
		this.list = [];
		this.body = make('tbody');
		this.sorter = new Sorter([['Agent', (a) => a.name ?? a.id], ['Can'], ['Seen', (a) => a.seen && -Date.parse(a.seen)], ['Has']], () => this.draw(), 'agents');
		this.none = make('p', { class: 'empty' });
		this.element = make('div', {}, make('div', { class: 'scroll' }, make('table', {}, make('caption', { class: 'hidden-word' }, 'Agents'), make('thead', {}, this.sorter.row), this.body)), this.none);
	}

	show(list, running) {
		Object.assign(this, { list, running });
		this.none.textContent = list.length ? '' : 'None has asked for builds yet; on the machine that is to run jobs: mci-agent.';
		this.draw();
	}

	draw() {
		fill(this.body, this.sorter.order(this.list).map((a) => make('tr', {}, make('td', {}, a.name ?? a.id),
			make('td', {}, Object.entries(a.labels ?? {}).map(([k, v]) => make('code', {}, `${k}=${v} `)), a.isolates ? 'isolates' : ''), make('td', {}, moment(a.seen)),
			make('td', {}, this.running.filter((b) => b.agent === (a.name ?? a.id)).map((b) => [make('a', { href: `/${b.build}` }, b.build), ' '])))));
	}
}

// What is kept of the repositories and organisations of these builds; what may not be seen is not told.
async function owners(builds, known) {
	const ask = (name, question) => known.get(name) ?? known.set(name, question().catch(() => undefined)).get(name);
	const of = new Map();
	for (const build of builds.slice(0, 50)) {
		const org = build.repo.split('/')[0];
		of.set(build.repo, { repo: await ask(build.repo, () => api.repo(build.repo)), org: await ask(org, () => api.org(org)) });
	}
	return of;
}

export async function open(place, holder) {
	const [waiting, running, who] = [buildTable('Waiting', 'Why it waits'), buildTable('Running', 'Agent'), new Agents()];
	const state = make('p', { role: 'status' });
	const parts = [['Waiting', waiting], ['Running', running]].map(([head, { table }]) => make('section', {}, make('h2', {}, head), table));
	const load = async () => {
		// the newest are asked for as well: what has just been accepted is found by its status a little later
		const [queue, { agents }, ...lists] = await Promise.all([api.queue().catch(() => undefined), api.agents().catch(() => ({ agents: [] })),
			...['queued', 'pending', 'running', undefined].map((status) => api.builds({ status, limit: 200 }))]);
		const all = [...new Map(lists.flatMap((l) => l.builds).map((b) => [b.build, b])).values()].filter((b) => live(b.status));
		// a new question, as settings change
		const known = await owners(all.filter(waits), new Map());
		const run = all.filter((b) => !waits(b));
		waiting.show(all.filter(waits), { repo: true, note: (b) => whyWaiting(b, { agents, running: run, ...known.get(b.repo) }) });
		running.show(run, { repo: true, note: (b) => b.agent });
		state.textContent = queue ? `${queue.waiting} waiting, ${queue.held} running` : `${all.filter(waits).length} waiting, ${run.length} running`;
		who.show(agents, run);
		parts[0].hidden = run.length === all.length;
		parts[1].hidden = !run.length;
	};
	let timer;
	const later = () => { timer ??= setTimeout(() => { timer = undefined; load().catch(() => {}); }, 300); };
	const stop = follow({ type: 'build/*' }, later, later);
	await load().catch((e) => { stop(); throw e; });
	fill(holder, make('h1', {}, 'Queue and agents'), state, parts, make('h2', {}, 'Agents'), who.element,
		commands(() => [mci('ls', '--status', 'queued'), mci('status'), curl('GET', '/api/v1/queue'), curl('GET', '/api/v1/agents')]));
	return () => {
		stop();
		clearTimeout(timer);
	};
}
