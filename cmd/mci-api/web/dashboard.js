// dashboard: what is going on: figures of today, a search box, a card a repository, all of it live.
import { api, follow } from './api.js';
import { ref, title } from './builds.js';
import { commands, curl, mci } from './command.js';
import { eachFrame, fill, make, rows } from './dom.js';
import { guide } from './guide.js';
import { search } from './search.js';
import { badge, known, live } from './status.js';
import { duration, elapsed, moment, progress } from './time.js';

const STRIP = 20;
const PAGES = 5; // of a thousand builds

function median(list) {
	const sorted = list.filter((n) => n !== undefined).sort((a, b) => a - b);
	return sorted.length ? sorted[Math.floor(sorted.length / 2)] : undefined;
}

function figures(builds) {
	const midnight = new Date().setHours(0, 0, 0, 0);
	const today = builds.filter((b) => Date.parse(b.created) >= midnight);
	const ended = today.filter((b) => !live(b.status));
	const good = ended.filter((b) => b.status === 'success').length;
	return [
		[today.length, 'builds today'],
		[ended.length ? `${Math.round(100 * good / ended.length)} %` : '–', 'success'],
		[duration(median(ended.map((b) => b.elapsed))) || '–', 'median time'],
		[ended.filter((b) => ['failure', 'error'].includes(b.status)).length, 'failures'],
	].map(([value, label]) => make('div', { class: 'figure' }, make('b', {}, value), make('span', {}, label)));
}

// The last builds, oldest first, each a bar that leads to it.
export function strip(builds) {
	return make('div', { class: 'strip' }, builds.slice(0, STRIP).reverse().map((b) =>
		make('a', { href: `/${b.build}`, class: `s-${known(b.status)}`, title: `#${b.number} ${b.status} ${duration(b.elapsed)}`,
			'aria-label': `build ${b.number}: ${b.status}` })));
}

function card(repo, builds) {
	const last = builds.find((b) => !live(b.status));
	const running = builds.filter((b) => live(b.status));
	const usual = median(builds.filter((b) => b.status === 'success').map((b) => b.elapsed));
	const waiting = running.filter((b) => ['queued', 'pending'].includes(b.status)).length;
	return [
		make('h2', {}, make('a', { class: 'first', href: `/${repo}` }, repo)),
		last ? make('p', {}, badge(last.status), ' ', make('a', { href: `/${last.build}` }, `#${last.number}`), ' ', ref(last), ' · ', moment(last.ended ?? last.created)) :
			make('p', {}, 'no build has ended yet'),
		last ? make('p', {}, title(last)) : [],
		strip(builds),
		running.slice(0, 3).map((b) => make('p', {}, badge(b.status), ' ', make('a', { href: `/${b.build}` }, `#${b.number}`), ' ', ref(b), ' ', elapsed(b.started), progress(b.started, usual, `${b.build} runs`))),
		waiting ? make('p', {}, `${waiting} waiting`) : [],
	];
}

// The newest builds, and all of today's; some is told of the first of them.
async function recently(some) {
	const builds = [];
	for (let pages = 1; ; pages++) {
		const answer = await api.builds({ limit: 1000, before: builds.at(-1)?.build });
		builds.push(...answer.builds);
		if (!answer.more || pages === PAGES || Date.parse(builds.at(-1).created) < new Date().setHours(0, 0, 0, 0))
			return [builds, answer.more];
		if (pages === 1)
			some?.(builds);
	}
}

export async function open(place, holder, go) {
	let repos = [];
	let builds = [];
	let cut = false;          // there are builds that are older
	const older = new Map();  // of repositories that are quiet
	const load = async (some) => {
		const listed = api.repos().catch(() => ({ repos: [] }));
		const name = async () => { repos = [...new Set([...builds.map((b) => b.repo), ...(await listed).repos.map((r) => `${r.org}/${r.id}`)])]; };
		[builds, cut] = await recently(some && (async (list) => {
			builds = [...list];
			await name();
			some();
		}));
		await name();
	};
	const top = make('div', { class: 'figures' });
	const cards = make('ul', { class: 'cards', 'data-list': true });
	const first = make('div');
	const draw = () => {
		fill(top, figures(builds));
		const of = new Map(repos.map((r) => [r, []]));
		builds.forEach((b) => of.get(b.repo)?.push(b));
		older.forEach((list, name) => of.get(name)?.push(...list.filter((b) => !of.get(name).some((known) => known.build === b.build))));
		rows(cards, [...of], ([name]) => name, ([name]) => make('li', { class: 'card', 'data-repo': name }), (row, [name, list]) => {
			const text = JSON.stringify(list.slice(0, STRIP));
			if (row.text !== text)
				fill(row, card(name, list));
			row.text = text;
		});
		fill(first, repos.length ? [] : guide('ORG'));
	};
	// what was built long ago is asked for when somebody looks at it
	const quiet = new IntersectionObserver((seen) => seen.filter((e) => e.isIntersecting).forEach(async ({ target }) => {
		quiet.unobserve(target);
		const answer = await api.repoBuilds(target.dataset.repo, { limit: STRIP }).catch(() => ({ builds: [] }));
		older.set(target.dataset.repo, answer.builds);
		frame();
	}));
	const watchQuiet = () => cut && repos.filter((name) => builds.filter((b) => b.repo === name).length < STRIP).forEach((name) => quiet.observe(cards.keyed.get(name)));
	let timer;
	// many events make one question
	const later = () => { timer ??= setTimeout(async () => { timer = undefined; await load().catch(() => {}); frame(); }, 300); };
	const frame = eachFrame(draw);
	await new Promise((seen, failed) => {
		const shown = () => { draw(); seen(); };
		load(shown).then(() => { shown(); watchQuiet(); }, failed);
	});
	fill(holder, make('h1', {}, 'Dashboard'), search(() => repos, () => builds, go), top, first, cards, commands(() => [mci('ls'), curl('GET', '/api/v1/builds')]));
	const stop = follow({ type: 'build/*' }, later, later);
	return () => {
		stop();
		quiet.disconnect();
		clearTimeout(timer);
	};
}
