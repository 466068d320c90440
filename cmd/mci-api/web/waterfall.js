// waterfall: when each job waited and ran, one under the other, on the build's time.
import { fill, make } from './dom.js';
import { criticalPath } from './layout.js';
import { known, shape } from './status.js';
import { duration } from './time.js';

const ms = (time) => time ? Date.parse(time) : undefined;

// [class, from, to, title] of each piece of a job's time
function pieces(job, begin, now) {
	const started = ms(job.started);
	const ended = ms(job.ended) ?? (started ? now : undefined);
	const queued = ms(job.queued) ?? begin;
	const list = [];
	if (started && started > queued)
		list.push(['wait', queued, started, `waited ${duration((started - queued) / 1000)}`]);
	if (started && ended)
		list.push([`s-${known(job.status)}`, started, ended, `${job.status}, ${duration((ended - started) / 1000)}${job.attempt > 1 ? `, attempt ${job.attempt}` : ''}`]);
	return list;
}

export class Waterfall {
	constructor(name) {
		this.name = name;
		this.element = make('div', { class: 'waterfall' });
	}

	show(build, jobs) {
		const now = Date.now();
		const begin = ms(build.started) ?? ms(build.created);
		const end = ms(build.ended) ?? now;
		const whole = Math.max(1, end - begin);
		const path = criticalPath(jobs);
		const ran = jobs.filter((job) => job.started);
		fill(this.element, ran.length ? ran.map((job) => {
			const critical = path.has(job.id) ? 'critical' : '';
			return [
				make('a', { href: `/${this.name}/${job.id}`, class: critical, title: critical && 'on the longest way through the build' }, `${shape(job.status)} ${job.id}`),
				make('div', { class: `bar ${critical}` }, pieces(job, begin, now).map(([kind, from, to, title]) => {
					const bar = make('i', { class: kind, title });
					bar.style.left = `${100 * (from - begin) / whole}%`;
					bar.style.width = `${100 * Math.max(0, to - from) / whole}%`;
					return bar;
				})),
			];
		}) : make('p', { class: 'empty' }, 'No job has started yet.'));
	}
}
