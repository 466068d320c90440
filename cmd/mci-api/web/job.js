// job: one job: how it ended and why, what it was given and what it left.
import { api, reach } from './api.js';
import { facts, reason, testTable } from './build.js';
import { action, commands, curl, mci } from './command.js';
import { eachFrame, fill, make } from './dom.js';
import { Fold, watchBuild } from './fold.js';
import { setKeys } from './keys.js';
import { badge, bad } from './status.js';
import { duration, elapsed, moment } from './time.js';

function links(name, ids) {
	return ids?.length ? ids.map((id) => [make('a', { href: `/${name}/${id}` }, id), ' ']) : undefined;
}

const bytes = (n) => n === undefined ? undefined : n < 1024 ? `${n} B` : n < 1048576 ? `${(n / 1024).toFixed(1)} KiB` : `${(n / 1048576).toFixed(1)} MiB`;

function header(name, job) {
	return [
		make('h1', {}, `${job.name ?? job.id} `, badge(job.status)),
		bad(job.status) || job.status === 'skipped' ? make('div', { class: 'message bad' }, reason(job) || job.status) : [],
		job.status === 'blocked' ? make('div', { class: 'message warn' }, 'This job waits for somebody to let it go on. ',
			action({ label: 'Continue', key: 'u', kind: 'main', run: () => api.unblock(name, job.id) })) : [],
		facts([
			['Waits for', links(name, job['depends-on'])], ['Started', moment(job.started)], ['Ended', moment(job.ended)],
			['Took', elapsed(job.status === 'running' ? job.started : undefined, job.elapsed)], ['CPU time', job.user !== undefined && duration(job.user + (job.system ?? 0))],
			['Peak memory', bytes(job.maxrss)], ['Log', job.started && make('a', { href: `/${name}/${job.id}/log` }, bytes(job.bytes) ?? 'live')],
			['Attempt', job.attempt > 1 ? job.attempt : undefined], ['Runner', job.runner],
			['Labels', job.labels && Object.entries(job.labels).map(([k, v]) => `${k}=${v} `)],
			['Address', job.address], ['Ports', job.ports && Object.entries(job.ports).map(([k, v]) => `${k} → ${v} `)],
		]),
	];
}

function outputs(job) {
	const list = Object.entries(job.outputs ?? {});
	return list.length ? [make('h2', {}, 'Outputs'), facts(list.map(([k, v]) => [k, make('code', {}, v)]))] : [];
}

// The slowest tests as bars.
function slowest(tests) {
	const slow = tests.filter((t) => t.elapsed).sort((a, b) => b.elapsed - a.elapsed).slice(0, 10);
	return slow.length ? [make('h2', {}, 'Slowest tests'), facts(slow.map((t) => [duration(t.elapsed), [make('progress', { max: slow[0].elapsed, value: t.elapsed, 'aria-hidden': true }), t.text]]))] : [];
}

export async function open([org, repo, number, id], holder) {
	const name = `${org}/${repo}/${number}`;
	const fold = new Fold();
	const top = make('div');
	const bottom = make('div');
	const draw = () => {
		const job = fold.jobs.get(id);
		if (!job)
			return;
		fill(top, header(name, job), outputs(job));
		const tests = fold.of('test').filter((t) => t.job === id);
		const notes = fold.of('summary', 'metric', 'error', 'warning').filter((n) => n.job === id);
		fill(bottom, notes.length ? [make('h2', {}, 'It says'), notes.map((n) => make('p', {}, `${n.kind}: ${n.text} ${n.value ?? ''}${n.unit ?? ''}`))] : [],
			tests.length ? [make('h2', {}, 'Test results'), testTable(name, tests), slowest(tests)] : [],
			make('h2', {}, 'Definition'), make('pre', {}, JSON.stringify(job.spec ?? { id, 'depends-on': job['depends-on'] }, null, 2)),
			make('h2', {}, 'Result'), make('pre', {}, JSON.stringify({ ...job, spec: undefined }, null, 2)));
	};
	const stop = await watchBuild(name, fold, eachFrame(draw), () => reach(false));
	if (!fold.jobs.has(id)) {
		stop();
		throw new Error(`${name} has no job ${id}`);
	}
	draw();
	const blocked = () => fold.jobs.get(id).status === 'blocked';
	fill(holder, top, bottom, commands(() => [mci('log', `${name}/${id}`), mci('why', `${name}/${id}`), mci('rerun', name, '--from', id),
		...(blocked() ? [mci('unblock', `${name}/${id}`)] : []), curl('GET', `/api/v1/orgs/${org}/repos/${repo}/builds/${number}/jobs/${id}`)]));
	setKeys([['u', 'continue', () => top.querySelector('[data-key=u]')?.click()]]);
	return stop;
}
