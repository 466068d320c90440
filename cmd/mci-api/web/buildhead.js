// buildhead: what stands above a build's jobs: how it stands and why, what it was made of, what can be done with it.
import { api } from './api.js';
import { ref, title } from './builds.js';
import { action, curl, mci } from './command.js';
import { make } from './dom.js';
import { badge, bad, counts, live } from './status.js';
import { duration, elapsed, moment } from './time.js';

export function facts(pairs, kind = '') {
	return make('dl', { class: `facts ${kind}` }, pairs.filter(([, value]) => value !== undefined && value !== '' && value !== null && value !== false)
		.map(([name, value]) => make('div', { class: 'fact' }, make('dt', {}, name), make('dd', {}, value))));
}

// Why a job or build ended as it did, in words.
export function reason(thing) {
	const { reason: word, exit, signal, error, message } = thing;
	const what = word === 'exit' || (!word && exit) ? `exit status ${exit}` : word === 'signal' ? `ended by ${signal}` : word;
	return [what, error ?? message].filter(Boolean).join(': ');
}

export function header(build, agent) {
	const waited = build.started && (Date.parse(build.started) - Date.parse(build.created)) / 1000;
	const params = Object.entries(build.params ?? {});
	return [
		make('h1', {}, `${title(build) || build.build} `, badge(build.status)),
		build.error || build.reason || build.cancel ? make('div', { class: `message ${bad(build.status) ? 'bad' : ''}` }, reason(build) || build.cancel) : [],
		facts([
			['Commit', build.rev && make('code', {}, build.rev.slice(0, 12))], ['Ref', ref(build)],
			['Message', build.message?.includes('\n') && make('pre', {}, build.message)], ['By', build.actor],
			['Trigger', `${build.event}${build.trust === 'stranger' ? ', by a stranger: no secrets, isolated' : ''}`],
			['Again of', build.of && make('a', { href: `/${build.of}` }, build.of)],
			['Params', params.length > 0 && params.map(([k, v]) => make('div', { class: 'mono' }, `${k}=${v}`))],
			['Run', build.run > 1 && `${build.run}: it was taken up again`], ['Agent', build.agent ?? agent],
			['Accepted', moment(build.created)], ['Waited', waited !== undefined && duration(waited)],
			['Took', elapsed(live(build.status) ? build.started : undefined, build.elapsed)], ['Jobs', build.jobs && counts(build.jobs)],
		]),
	];
}

// The words and the request that run a build again.
export function again(name, body) {
	const [org, repo, number] = name.split('/');
	return [mci('rerun', name, body.failed ? '--failed' : [], body.from ? ['--from', body.from] : [], Object.entries(body.params ?? {}).flatMap(([k, v]) => ['-p', `${k}=${v}`])),
		curl('POST', `/api/v1/orgs/${org}/repos/${repo}/builds/${number}/retry`, body)];
}

export function rerun(name, label, body, go, more = {}) {
	return action({ label, run: async () => go(`/${(await api.rerun(name, body)).build}`), same: () => again(name, body), ...more });
}

// Cancels a build, or one job of it.
export function cancel(name, job, more = {}) {
	const [org, repo, number] = name.split('/');
	return action({ label: job ? 'Cancel this job' : 'Cancel', kind: 'danger', run: () => api.cancel(name, job), ...more,
		same: () => [mci('cancel', job ? `${name}/${job}` : name), curl('POST', `/api/v1/orgs/${org}/repos/${repo}/builds/${number}${job ? `/jobs/${job}` : ''}/cancel`, {})] });
}

// Lets a blocked job go on.
export function unblock(name, job, more = {}) {
	const [org, repo, number] = name.split('/');
	return action({ label: 'Continue', title: `let ${job} go on`, run: () => api.unblock(name, job), ...more,
		same: () => [mci('unblock', `${name}/${job}`), curl('POST', `/api/v1/orgs/${org}/repos/${repo}/builds/${number}/jobs/${job}/unblock`, {})] });
}

export function buttons(name, build, go) {
	if (live(build.status))
		return [cancel(name, undefined, { key: 'c' })];
	return [
		rerun(name, 'Run again', {}, go, { key: 'r', kind: 'main' }),
		bad(build.status) ? rerun(name, 'Run what failed', { failed: true }, go, { key: 'f' }) : [],
		make('a', { href: `/${build.repo}/-/trigger?of=${encodeURIComponent(name)}` }, 'with other params, or from a job'),
	];
}
