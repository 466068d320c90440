// queue: what waits and why, what runs where, and what each agent can.
import { api, follow } from './api.js';
import { buildTable } from './builds.js';
import { commands, mci } from './command.js';
import { fill, make } from './dom.js';
import { live } from './status.js';
import { moment } from './time.js';

function agents(list) {
	return make('div', { class: 'scroll' }, make('table', {}, make('thead', {}, make('tr', {}, ['Agent', 'Can', 'Seen', 'Has'].map((h) => make('th', { scope: 'col' }, h)))),
		make('tbody', {}, list.map((a) => make('tr', {}, make('td', {}, a.name ?? a.id),
			make('td', {}, Object.entries(a.labels ?? {}).map(([k, v]) => `${k}=${v} `), a.isolates ? 'isolates' : ''), make('td', {}, moment(a.seen)),
			make('td', {}, (a.builds ?? []).map((b) => make('a', { href: `/${b}` }, b))))))));
}

export async function open(place, holder) {
	const [waiting, running] = [buildTable('Waiting'), buildTable('Running')];
	const state = make('p', { role: 'status' });
	const who = make('div');
	const load = async () => {
		const [{ builds }, queue, known] = await Promise.all([api.builds({ limit: 200 }), api.queue().catch(() => ({})), api.agents().catch(() => ({ agents: [] }))]);
		const held = builds.filter((b) => live(b.status));
		waiting.show(held.filter((b) => ['queued', 'pending'].includes(b.status)), { repo: true });
		running.show(held.filter((b) => !['queued', 'pending'].includes(b.status)), { repo: true });
		state.textContent = `${queue.waiting ?? 0} waiting, ${queue.held ?? 0} running${queue.waiting && !known.agents.length ? ': no agent is there to take them' : ''}`;
		fill(who, agents(known.agents));
	};
	await load();
	fill(holder, make('h1', {}, 'Queue and agents'), state, make('h2', {}, 'Waiting'), waiting.table, make('h2', {}, 'Running'), running.table, make('h2', {}, 'Agents'), who,
		commands(() => [mci('ls', '--status', 'queued'), mci('status')]));
	let timer;
	const later = () => { timer ??= setTimeout(() => { timer = undefined; load().catch(() => {}); }, 300); };
	const stop = follow({ type: 'build/*' }, later, later);
	return () => {
		stop();
		clearTimeout(timer);
	};
}
