// wallboard: every repository's last result, big enough to be read across a room.
import { api, follow } from './api.js';
import { commands, curl, mci } from './command.js';
import { fill, make } from './dom.js';
import { known, shape } from './status.js';
import { moment } from './time.js';

export async function open(place, holder) {
	const tiles = make('div', { class: 'wallboard' });
	const load = async () => {
		const { orgs } = await api.orgs();
		const last = (await Promise.all(orgs.map(({ id }) => api.latest(id).catch(() => ({ builds: [] }))))).flatMap((answer) => answer.builds);
		const order = ['failure', 'error', 'running', 'blocked'];
		const rank = (b) => (order.indexOf(b.status) + 1) || 9;
		fill(tiles, last.sort((a, b) => rank(a) - rank(b) || a.repo.localeCompare(b.repo, undefined, { numeric: true })).map((b) =>
			make('div', { class: `tile s-${known(b.status)}` }, make('span', { class: 'shape', 'aria-hidden': true }, shape(b.status)), ' ',
				make('a', { href: `/${b.build}` }, b.repo), make('div', {}, b.status, ' · ', moment(b.ended ?? b.created)))));
	};
	await load();
	fill(holder, make('h1', {}, 'Wallboard'), tiles, make('button', { type: 'button', onclick: () => document.documentElement.requestFullscreen() }, 'Full screen'),
		commands(() => [mci('ls'), curl('GET', '/api/v1/orgs/ORG/builds/latest')]));
	let timer;
	const later = () => { timer ??= setTimeout(() => { timer = undefined; load().catch(() => {}); }, 500); };
	const stop = follow({ type: 'build/*' }, later, later);
	return () => {
		stop();
		clearTimeout(timer);
	};
}
