// api: what the page asks of the server: routes of mci-api(1), one function each. Errors are problem+json and become
// exceptions that say what to do; what goes wrong with the connection is told to whoever shows it (gone, back).

export class Problem extends Error {
	constructor(status, body) {
		super(body.detail ?? body.title ?? `the server answered ${status}`);
		this.status = status;
		this.field = body.field;
	}
}

export const base = '/api/v1';
const listeners = new Set();
let reachable = true;
let session;   // what is known of this browser's, or will be

// Calls run(true) when the server answers again and run(false) when it does not.
export function onReach(run) {
	listeners.add(run);
	return () => listeners.delete(run);
}

export function reach(now) {
	if (now === reachable)
		return;
	reachable = now;
	listeners.forEach((run) => run(now));
}

export function path(parts, query = {}) {
	const given = Object.entries(query).filter(([, v]) => v !== undefined && v !== null && v !== '');
	const text = new URLSearchParams(given).toString();
	return `${base}/${parts.map(encodeURIComponent).join('/')}${text ? `?${text}` : ''}`;
}

export async function ask(address, { method = 'GET', body, headers = {}, signal } = {}) {
	const options = { method, headers: { Accept: 'application/json', ...headers }, signal, credentials: 'same-origin' };
	if (method !== 'GET')
		options.headers['X-CSRF-Token'] = (await session?.catch(() => null))?.csrf ?? '';
	if (body !== undefined) {
		options.headers['Content-Type'] = 'application/json';
		options.body = JSON.stringify(body);
	}
	let answer;
	try {
		answer = await fetch(address, options);
	} catch (e) {
		if (e.name !== 'AbortError')
			reach(false);
		throw e;
	}
	// a front answers so while what is behind it is away
	reach(![502, 503, 504].includes(answer.status));
	if (!answer.ok)
		throw new Problem(answer.status, await answer.json().catch(() => ({})));
	return answer;
}

const json = async (address, options) => {
	const answer = await ask(address, options);
	return answer.status === 204 ? null : answer.json();
};

// ORG/REPO/N as parts of a path
const build = (name) => {
	const [org, repo, number] = name.split('/');
	return ['orgs', org, 'repos', repo, 'builds', number];
};
const repo = (name) => {
	const [org, id] = name.split('/');
	return ['orgs', org, 'repos', id];
};

// a row of what jobs have left
const artifact = (one) => [...build(one.build), 'jobs', one.job, 'artifacts', one.artifact];

export const api = {
	session: () => session = json(`${base}/session`),
	// a token or a ticket; the browser then has a cookie that no script can read
	login: (secret) => json(`${base}/session`, { method: 'POST', headers: { Authorization: `Bearer ${secret}` } }),
	logout: () => json(`${base}/session`, { method: 'DELETE' }),
	version: () => json(`${base}/version`),
	orgs: () => json(path(['orgs'])),
	repos: (org) => json(path(org ? ['orgs', org, 'repos'] : ['repos'], { limit: 1000 })),
	repo: (name) => json(path(repo(name))),
	putRepo: (name, body) => json(path(repo(name)), { method: 'PUT', body }),
	org: (org) => json(path(['orgs', org])),
	putOrg: (org, body) => json(path(['orgs', org]), { method: 'PUT', body }),
	// the newest of each repository of an organisation
	latest: (org) => json(path(['orgs', org, 'builds', 'latest'], { limit: 1000 })),
	builds: (query) => json(path(['builds'], query)),
	repoBuilds: (name, query) => json(path([...repo(name), 'builds'], query)),
	build: (name) => json(path(build(name))),
	jobs: (name) => json(path([...build(name), 'jobs'])),
	artifacts: (name, job, query) => json(path([...build(name), ...(job ? ['jobs', job] : []), 'artifacts'], query)),
	artifactsAddress: (name, job) => path([...build(name), ...(job ? ['jobs', job] : []), 'artifacts']),
	findArtifacts: (query) => json(path(['artifacts'], query)),
	artifactFiles: (one, query) => json(path([...artifact(one), 'files'], query)),
	artifactAddress: (one, parts) => path([...artifact(one), ...parts]),
	events: (name, query, signal) => ask(path([...build(name), 'events'], query), { headers: { Accept: 'application/x-ndjson' }, signal }),
	trigger: (name, body) => json(path([...repo(name), 'builds']), { method: 'POST', body }),
	cancel: (name, job) => json(path([...build(name), ...(job ? ['jobs', job] : []), 'cancel']), { method: 'POST', body: {} }),
	rerun: (name, body) => json(path([...build(name), 'retry']), { method: 'POST', body }),
	unblock: (name, job) => json(path([...build(name), 'jobs', job, 'unblock']), { method: 'POST', body: {} }),
	removeRepo: (name) => json(path(repo(name)), { method: 'DELETE' }),
	// what an organisation has: kind is params, keys or tokens
	things: (org, kind) => json(path(['orgs', org, kind], { limit: 1000 })),
	makeThing: (org, kind, body) => json(path(['orgs', org, kind]), { method: 'POST', body }),
	putThing: (org, kind, id, body) => json(path(['orgs', org, kind, id]), { method: 'PUT', body }),
	removeThing: (org, kind, id) => json(path(['orgs', org, kind, id]), { method: 'DELETE' }),
	agents: () => json(path(['agents'])),
	queue: () => json(path(['queue'])),
	log: (name, job, part, query, options) =>
		ask(path([...build(name), 'jobs', job, 'log', ...(part ? [part] : [])], query), options),
	logAddress: (name, job, query, part) => path([...build(name), 'jobs', job, 'log', ...(part ? [part] : [])], query),
};

// Everything that happens, filtered; run gets each event. The browser connects again by itself where that stream broke,
// with the last id it had; lost(true) tells that something may have been missed.
export function follow(query, run, lost = () => {}) {
	const source = new EventSource(path(['events'], query));
	let broken = false;
	source.onmessage = (message) => run(JSON.parse(message.data));
	source.addEventListener('gap', () => lost(true));
	source.onopen = () => {
		reach(true);
		if (broken)
			lost(true);
		broken = false;
	};
	source.onerror = () => {
		broken = true;
		reach(false);
	};
	return () => source.close();
}
