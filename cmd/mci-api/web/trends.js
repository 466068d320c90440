// trends: how a repository's builds went over time, and its badge.
import { api } from './api.js';
import { commands, how, mci, quote } from './command.js';
import { facts } from './buildhead.js';
import { fill, make } from './dom.js';
import { strip } from './dashboard.js';
import { duration } from './time.js';

function percentile(list, p) {
	const sorted = list.filter((n) => n !== undefined && !Number.isNaN(n)).sort((a, b) => a - b);
	return sorted.length ? sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))] : undefined;
}

const SIZE = { width: 720, height: 120 };

// A line over the builds, oldest first; what is missing leaves a gap.
function chart(values, label) {
	const top = Math.max(1e-9, ...values.filter((v) => v !== undefined));
	const at = (v, i) => `${(i * SIZE.width / Math.max(1, values.length - 1)).toFixed(1)} ${(SIZE.height - v / top * (SIZE.height - 4) - 2).toFixed(1)}`;
	let d = '';
	values.forEach((v, i) => { if (v !== undefined) d += `${d && values[i - 1] !== undefined ? 'L' : 'M'}${at(v, i)}`; });
	return make('div', { class: 'scroll chart' }, make('svg:svg', { viewBox: `0 0 ${SIZE.width} ${SIZE.height}`, width: SIZE.width, height: SIZE.height, role: 'img', 'aria-label': label },
		make('svg:path', { d, fill: 'none', stroke: 'currentColor', 'stroke-width': 1.5 })));
}

async function jobFigures(builds) {
	const took = new Map();
	const answers = await Promise.all(builds.slice(0, 20).map((b) => api.jobs(b.build).catch(() => ({ jobs: [] }))));
	for (const { jobs } of answers)
		for (const job of jobs)
			if (job.elapsed !== undefined)
				(took.get(job.job) ?? took.set(job.job, []).get(job.job)).push(job.elapsed);
	return make('div', { class: 'scroll' }, make('table', {}, make('thead', {}, make('tr', {}, ['Job', 'p50', 'p95', 'Runs'].map((h) => make('th', { scope: 'col' }, h)))),
		make('tbody', {}, [...took].map(([id, list]) => make('tr', {}, make('td', {}, make('code', {}, id)), make('td', {}, duration(percentile(list, 0.5))), make('td', {}, duration(percentile(list, 0.95))), make('td', {}, list.length))))));
}

function badgeMaker(name) {
	const [org, repo] = name.split('/');
	const image = new URL(`/api/v1/orgs/${org}/repos/${repo}/badge.svg`, location.origin);
	const shown = make('img', { alt: 'the badge', src: image.pathname });
	const text = make('pre');
	const branch = make('input', { name: 'branch', placeholder: 'any', oninput: () => draw() });
	const draw = () => {
		image.search = branch.value ? `?branch=${encodeURIComponent(branch.value)}` : '';
		shown.src = image.pathname + image.search;
		text.textContent = `[![build](${image.href})](${location.origin}/${name})`;
	};
	draw();
	return [make('h2', {}, 'Badge'), make('div', { class: 'toolbar' }, make('label', {}, 'Branch ', branch), shown, how('Badge', () => [`curl -o badge.svg ${quote(image.href)}`])), text];
}

export async function open([org, repo], holder) {
	const name = `${org}/${repo}`;
	const { builds } = await api.repoBuilds(name, { limit: 200 });
	const ended = builds.filter((b) => b.elapsed !== undefined);
	const waits = builds.filter((b) => b.started).map((b) => (Date.parse(b.started) - Date.parse(b.created)) / 1000);
	const good = ended.filter((b) => b.status === 'success').length;
	fill(holder, make('h1', {}, `Trends of ${name}`), ended.length ? [
		strip(builds),
		facts([['Builds', `${ended.length} that ended, the last ${builds.length}`], ['Success', `${Math.round(100 * good / ended.length)} %`],
			['Duration', `p50 ${duration(percentile(ended.map((b) => b.elapsed), 0.5))}, p95 ${duration(percentile(ended.map((b) => b.elapsed), 0.95))}`],
			['Waited', `p50 ${duration(percentile(waits, 0.5))}, p95 ${duration(percentile(waits, 0.95))}`]]),
		make('h2', {}, 'Duration'), chart([...builds].reverse().map((b) => b.elapsed), 'duration of each build'),
		make('h2', {}, 'Jobs of the last 20 builds'), await jobFigures(ended),
	] : make('p', { class: 'empty' }, 'No build has ended yet.'), badgeMaker(name), commands(() => [mci('ls', name, '--json')]));
}
