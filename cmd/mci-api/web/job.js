// job: one job: how it ended and why, what it was given and what it left.
import { api, follow } from './api.js';
import { facts, reason, testTable } from './build.js';
import { action, commands, curl, mci } from './command.js';
import { fill, make } from './dom.js';
import { badge, bad, live } from './status.js';
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
	return slow.length ? [make('h2', {}, 'Slowest tests'), facts(slow.map((t) => [duration(t.elapsed), [make('progress', { max: slow[0].elapsed, value: t.elapsed, 'aria-hidden': true }), t.name]]))] : [];
}

export async function open([org, repo, number, id], holder) {
	const name = `${org}/${repo}/${number}`;
	const load = async () => {
		const job = (await api.jobs(name)).jobs.find((j) => j.id === id);
		if (!job)
			throw new Error(`${name} has no job ${id}`);
		return job;
	};
	let job = await load();
	const top = make('div');
	const draw = () => fill(top, header(name, job), outputs(job));
	draw();
	const { tests } = await api.tests(name).catch(() => ({ tests: [] }));
	const own = tests.filter((t) => t.job === id);
	fill(holder, top, own.length ? [make('h2', {}, 'Test results'), testTable(name, own), slowest(own)] : [],
		make('h2', {}, 'Definition'), make('pre', {}, JSON.stringify(job.spec ?? {}, null, 2)),
		make('h2', {}, 'Result'), make('pre', {}, JSON.stringify({ ...job, spec: undefined }, null, 2)),
		commands(() => [mci('log', `${name}/${id}`), mci('why', `${name}/${id}`), mci('rerun', name, '--from', id),
			...(job.status === 'blocked' ? [mci('unblock', `${name}/${id}`)] : []), curl('GET', `/api/v1/orgs/${org}/repos/${repo}/builds/${number}/jobs/${id}`)]));
	return live(job.status) ? follow({ build: name }, async () => {
		job = await load();
		draw();
	}) : undefined;
}
