// waterfall: when each job waited and ran, one under the other, on the build's time.
import { fill, make } from './dom.js';
import { criticalPath } from './layout.js';
import { known, shape } from './status.js';
import { duration } from './time.js';

const ms = (time) => time ? Date.parse(time) : undefined;

// [class, from, to, title] of each piece of a job's time: of each attempt how long it waited and ran.
function pieces(job, begin, now) {
	const list = [];
	job.attempts.forEach((one, i) => {
		const last = i === job.attempts.length - 1;
		const [queued, started] = [ms(one.queued) ?? begin, ms(one.started)];
		const ended = ms(one.ended) ?? (last ? ms(job.ended) : undefined) ?? now;
		const status = last ? job.status : 'failure';
		if (started > queued)
			list.push(['wait', queued, started, `waited ${duration((started - queued) / 1000)}`]);
		list.push([`s-${known(status)}`, started, ended, `${status}, ${duration((ended - started) / 1000)}${job.attempts.length > 1 ? `, attempt ${one.attempt}` : ''}`]);
	});
	return list;
}

export class Waterfall {
	constructor(name) {
		this.name = name;
		this.element = make('div', {}, make('p', { class: 'crumbs' }, 'Striped: it waited. Outlined: the longest way through the build.'),
			this.grid = make('div', { class: 'waterfall' }));
	}

	show(build, jobs) {
		const now = Date.now();
		const begin = ms(build.started) ?? ms(build.created);
		const end = ms(build.ended) ?? now;
		const whole = Math.max(1, end - begin);
		const path = criticalPath(jobs);
		const ran = jobs.filter((job) => job.attempts.length);
		fill(this.grid, ran.length ? ran.map((job) => {
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
