// job: one job: how it ended and why, what it was given and what it left, and what can be done with it.
import { reach } from './api.js';
import { allArtifacts, artifactList, size } from './artifacts.js';
import { cancel, facts, reason, rerun, unblock } from './buildhead.js';
import { commands, curl, mci } from './command.js';
import { eachFrame, fill, make } from './dom.js';
import { Fold, watchBuild } from './fold.js';
import { setKeys } from './keys.js';
import { badge, bad, live } from './status.js';
import { slowest, testTable } from './tests.js';
import { duration, elapsed, moment } from './time.js';

function links(name, ids) {
	return ids?.length ? ids.map((id) => [make('a', { href: `/${name}/${id}` }, id), ' ']) : undefined;
}

const bytes = (n) => n === undefined ? undefined : size(n);

// Where what it exposes is reached, as long as it runs.
function places(job) {
	return job.status === 'running' && job.ports && Object.entries(job.ports).map(([port, there]) => make('div', { class: 'mono' }, `port ${port}: ${job.address ?? ''}:${there}`));
}

function attempts(name, job) {
	return job.attempts.length > 1 && job.attempts.map((one) => make('div', {}, make('a', { href: `/${name}/${job.id}/log?attempt=${one.attempt}` }, `log of attempt ${one.attempt}`),
		' ', moment(one.started), ' ', one.reason ? reason(one) : ''));
}

function header(name, job) {
	return [
		make('h1', {}, `${job.name ?? job.id} `, badge(job.status)),
		bad(job.status) || job.status === 'skipped' ? make('div', { class: 'message bad' }, reason(job) || job.status) : [],
		job.status === 'blocked' ? make('div', { class: 'message warn' }, 'This job waits for somebody to let it go on. ', unblock(name, job.id, { key: 'u', kind: 'main' })) : [],
		facts([
			['Waits for', links(name, job['depends-on'])], ['Started', moment(job.started)], ['Ended', moment(job.ended)],
			['Took', elapsed(job.status === 'running' ? job.started : undefined, job.elapsed)], ['CPU time', job.user !== undefined && duration(job.user + (job.system ?? 0))],
			['Peak memory', bytes(job.maxrss)], ['Log', job.started && make('a', { href: `/${name}/${job.id}/log` }, bytes(job.bytes) ?? 'live')],
			['Attempts', attempts(name, job)], ['Runner', job.runner], ['Address', job.status === 'running' && job.address], ['Ports', places(job)],
			['Limits', job.limits && Object.entries(job.limits).map(([k, v]) => make('div', { class: 'mono' }, `${k} ${v}`))],
		]),
	];
}

// A live build's job can be canceled, one of a build that has ended be run again.
function buttons(name, job, over, go) {
	return [
		live(job.status) && !over ? cancel(name, job.id, { key: 'c' }) : [],
		over ? rerun(name, 'Run again from here', { from: job.id }, go, { key: 'r' }) : [],
		job.started ? make('a', { href: `/${name}/${job.id}/log` }, 'Log') : [],
	];
}

function outputs(job) {
	const list = Object.entries(job.outputs ?? {});
	return list.length ? [make('h2', {}, 'Outputs'), facts(list.map(([k, v]) => [k, make('code', {}, v)]))] : [];
}

function said(fold, id) {
	const notes = fold.of('summary', 'metric', 'error', 'warning', 'notice').filter((n) => n.job === id);
	return notes.length ? [make('h2', {}, 'It says'), notes.map((n) => make('p', {}, `${n.kind}: ${n.text} ${n.value ?? ''}${n.unit ?? ''}${n.file ? ` (${n.file}${n.line ? `:${n.line}` : ''})` : ''}`))] : [];
}

// What was written, and what became of it.
function texts(job) {
	const { spec, attempts: all, again, ...result } = job;
	return [make('h2', {}, 'Definition'), spec ? make('pre', {}, JSON.stringify(spec, null, 2)) : make('p', { class: 'empty' }, 'It was not kept.'),
		make('h2', {}, 'Result'), make('pre', {}, JSON.stringify({ ...result, attempts: all.length > 1 ? all : undefined }, null, 2))];
}

export async function open([org, repo, number, id], holder, go) {
	const name = `${org}/${repo}/${number}`;
	const fold = new Fold();
	const [top, bar, left, bottom] = [make('div'), make('div', { class: 'toolbar' }), make('div'), make('div')];
	let shown;
	// what it has left is known once it has ended
	const showLeft = async (job) => {
		if (live(job.status) || shown === job.attempt)
			return;
		shown = job.attempt;
		const all = await allArtifacts(name, id).catch(() => []);
		fill(left, all.length ? [make('h2', {}, 'Artifacts'), artifactList(all)] : []);
	};
	const draw = () => {
		const job = fold.jobs.get(id);
		const text = job && JSON.stringify([job, fold.notes.length, Boolean(fold.ended)]);
		if (!job || top.text === text)
			return;
		top.text = text;
		showLeft(job);
		const tests = fold.of('test').filter((t) => t.job === id);
		fill(top, header(name, job));
		fill(bar, buttons(name, job, fold.ended, go));
		fill(bottom, outputs(job), said(fold, id), tests.length ? [make('h2', {}, 'Test results'), testTable(name, tests), slowest(tests)] : [], texts(job));
	};
	const stop = await watchBuild(name, fold, eachFrame(draw), () => reach(false));
	if (!fold.jobs.has(id) && fold.ended) {
		stop();
		throw new Error(`${name} has no job ${id}`);
	}
	draw();
	fill(holder, top, bar, left, bottom, commands(() => [mci('log', `${name}/${id}`), mci('why', `${name}/${id}`), curl('GET', `/api/v1/orgs/${org}/repos/${repo}/builds/${number}/jobs/${id}`)]));
	const press = (key) => () => holder.querySelector(`[data-key=${key}]`)?.click();
	setKeys([['u', 'continue', press('u')], ['c', 'cancel this job', press('c')], ['r', 'run again from here', press('r')],
		['l', 'its log', () => go(`/${name}/${id}/log`)], ['b', 'its build', () => go(`/${name}`)]]);
	return stop;
}
