// fold: a build's events as what a page shows: its jobs with what they wait for, and what they noted. The stream is the
// truth: the same events give the same picture, however they came.
import { api } from './api.js';

const STATUS = { 'job/pending': 'pending', 'job/queued': 'queued', 'job/initializing': 'initializing', 'job/start': 'running',
	'job/blocked': 'blocked', 'job/unblocked': 'queued', 'job/skipped': 'skipped', 'job/canceled': 'canceled' };
// What an end repeats, and what else is no property of the job.
const ENVELOPE = new Set(['offset', 'received', 'seq', 'build', 'run', 'type', 'time', 'job', 'status']);

export class Fold {
	constructor() {
		this.jobs = new Map();
		this.notes = [];      // { job, attempt, at, note }
		this.params = [];     // declared
		this.events = 0;
		this.ended = undefined;
		this.run = 0;
		this.agent = undefined; // that had it last
	}

	job(id) {
		return this.jobs.get(id) ?? this.jobs.set(id, { id, status: 'pending', attempts: [] }).get(id);
	}

	event(e) {
		this.events++;
		if (e.run > this.run)
			this.run = e.run;
		if (e.type === 'build/end')
			this.ended = e;
		else if (e.type === 'build/pending')
			this.agent = e.agent ?? this.agent;
		else if (e.type === 'script/params')
			this.params = e.params;
		else if (e.type === 'log/annotated')
			this.notes.push({ job: e.job, attempt: e.attempt, at: e.at, note: e.note });
		else if (e.job && e.type.startsWith('job/'))
			this.jobEvent(this.job(e.job), e);
	}

	jobEvent(job, e) {
		const status = STATUS[e.type];
		if (e.type === 'job/pending')
			Object.assign(job, { name: e.name, 'depends-on': e['depends-on'], spec: e.plan });
		if (e.type === 'job/queued') {
			job.queued ??= e.time;
			job.again = e.time;
		}
		if (e.type === 'job/start') {
			Object.assign(job, { started: job.started ?? e.time, attempt: e.attempt, runner: e.runner, limits: e.limits,
				address: e.address, ports: e.ports });
			job.attempts.push({ attempt: e.attempt, queued: job.again, started: e.time });
		}
		if (e.type === 'job/executed')
			Object.assign(job.attempts.at(-1) ?? {}, { ended: e.time, reason: e.reason, exit: e.exit });
		if (status)
			job.status = status;
		if (e.type === 'job/end') {
			for (const [key, value] of Object.entries(e))
				if (!ENVELOPE.has(key))
					job[key] = value;
			Object.assign(job, { status: e.status, ended: e.time });
		} else if (e.reason)
			job.reason = e.reason;
	}

	// Notes of one kind, as "error" or "test", each with its job: of the last attempt.
	of(...kinds) {
		return this.notes.flatMap(({ job, attempt, at, note }) => {
			const last = (this.jobs.get(job)?.attempt ?? attempt) === attempt;
			const kind = last && kinds.find((k) => note?.[k] !== undefined);
			return kind ? [{ ...note, kind, text: note[kind], job, at }] : [];
		});
	}

	// Sections of a job's log as { title, from, to } in bytes; one that has no end goes on to the next, or to the end.
	sections(id, which = this.jobs.get(id)?.attempt) {
		const list = [];
		let open;
		for (const { job, attempt, at, note } of this.notes) {
			if (job !== id || Number(attempt) !== Number(which) || note?.section === undefined)
				continue;
			if (open && open.to === undefined)
				open.to = at;
			if (note.end)
				open = undefined;
			else
				list.push(open = { title: note.title ?? note.section, from: at, keep: note.open });
		}
		return list;
	}
}

// Reads a build's events and goes on with those that come; changed is told after each piece, over at the end of the
// build. Where the stream breaks it goes on behind what it has. Answers when what was there is read, and how to stop.
export async function watchBuild(name, fold, changed, lost = () => {}) {
	const abort = new AbortController();
	const read = async (follow) => {
		const answer = await api.events(name, { from: fold.events, follow }, abort.signal);
		const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
		let rest = '';
		for (;;) {
			const { value, done } = await reader.read();
			if (done)
				return false;
			const lines = (rest + value).split('\n');
			rest = lines.pop();
			let over = false;
			for (const line of lines) {
				const e = JSON.parse(line);
				if (e.type === 'eof')
					over = true;
				else
					fold.event(e);
			}
			changed();
			if (over)
				return true;
		}
	};
	await read(false);
	const goOn = async () => {
		while (!fold.ended && !abort.signal.aborted) {
			try {
				if (await read(true))
					break;
			} catch (e) {
				if (abort.signal.aborted)
					return;
				lost(e);
			}
			await new Promise((run) => setTimeout(run, 1000));
		}
	};
	if (!fold.ended)
		goOn();
	return () => abort.abort();
}
