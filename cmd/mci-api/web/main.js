// main: which page an address is, the frame around it, and going from one to the next without a new document.
import { api, onReach, Problem } from './api.js';
import { make, fill } from './dom.js';
import { setKeys, startKeys } from './keys.js';
import { startClock } from './time.js';

// Addresses are those that curl is answered with text at; what is not a build's or repository's begins with /-/.
const NAME = '([A-Za-z0-9][A-Za-z0-9._+,-]*)';
const PAGES = [
	['/', 'dashboard'],
	['/-/login', 'login'],
	['/-/queue', 'queue'],
	['/-/wallboard', 'wallboard'],
	[`/${NAME}`, 'org'],
	[`/${NAME}/-/params`, 'given'],
	[`/${NAME}/${NAME}`, 'builds'],
	[`/${NAME}/${NAME}/-/trigger`, 'trigger'],
	[`/${NAME}/${NAME}/-/trends`, 'trends'],
	[`/${NAME}/${NAME}/-/settings`, 'settings'],
	[`/${NAME}/${NAME}/(\\d+)`, 'build'],
	[`/${NAME}/${NAME}/(\\d+)/artifacts`, 'artifacts'],
	[`/${NAME}/${NAME}/(\\d+)/${NAME}/artifacts`, 'artifacts'],
	[`/${NAME}/${NAME}/(\\d+)/${NAME}`, 'job'],
	[`/${NAME}/${NAME}/(\\d+)/${NAME}/log`, 'log'],
].map(([text, page]) => [new RegExp(`^${text}/?$`), page]);

const main = document.querySelector('main');
const banner = document.getElementById('banner');
let leave = () => {};
let turn = 0;

function crumbs(pathname) {
	const parts = pathname.split('/').filter(Boolean);
	if (parts[0] === '-' || !parts.length)
		return [];
	const trail = parts.flatMap((part, i) => part === '-' ? [] : [i ? ' / ' : '', i === parts.length - 1 ?
		make('span', { 'aria-current': 'page' }, decodeURIComponent(part)) :
		make('a', { href: `/${parts.slice(0, i + 1).join('/')}` }, decodeURIComponent(part))]);
	return make('nav', { class: 'crumbs', 'aria-label': 'Where this is' }, trail);
}

function trouble(e) {
	if (e instanceof Problem && e.status === 401) {
		go(`/-/login?next=${encodeURIComponent(location.pathname + location.hash)}`);
		return [];
	}
	const why = { 403: 'You have no right to see this.', 404: 'There is nothing here, or you have no right to see it.' }[e.status];
	return make('div', { class: 'message bad', role: 'alert' }, why ?? `This could not be shown: ${e.message}`,
		make('p', {}, make('a', { href: location.href }, 'Try again'), ' or go to the ', make('a', { href: '/' }, 'dashboard'), '.'));
}

function shown(...what) {
	fill(main, what);
	main.removeAttribute('aria-busy');
}

// A page module exports open(place, frame) and may answer a function that is called when it is left.
async function show() {
	const now = ++turn;
	leave();
	leave = () => {};
	setKeys([]);
	main.setAttribute('aria-busy', 'true');
	for (const [pattern, page] of PAGES) {
		const found = pattern.exec(location.pathname);
		if (!found)
			continue;
		const place = found.slice(1).map(decodeURIComponent);
		try {
			const { open } = await import(`./${page}.js`);
			const holder = make('div');
			const left = await open(place, holder, go);
			if (now !== turn)
				return left?.();
			leave = left ?? leave;
			shown(crumbs(location.pathname), holder);
			document.title = `${main.querySelector('h1')?.textContent ?? 'mci'} · mci`;
		} catch (e) {
			if (now === turn)
				shown(crumbs(location.pathname), trouble(e));
		}
		return undefined;
	}
	shown(make('div', { class: 'message bad' }, 'There is no such page.'));
	return undefined;
}

export function go(address) {
	history.pushState(null, '', address);
	show().then(() => main.focus({ preventScroll: true }));
	scrollTo(0, 0);
}

function follow(event) {
	const link = event.target.closest?.('a[href]');
	if (!link || event.defaultPrevented || event.button || event.metaKey || event.ctrlKey || event.shiftKey || link.target || link.hasAttribute('download'))
		return;
	const url = new URL(link.href);
	if (url.origin !== location.origin || !PAGES.some(([pattern]) => pattern.test(url.pathname)))
		return;
	// within the page the browser does it
	if (url.pathname === location.pathname && url.search === location.search && url.hash)
		return;
	event.preventDefault();
	go(url.pathname + url.search + url.hash);
}

function startBanner() {
	onReach((here) => {
		banner.hidden = here;
		banner.textContent = here ? '' : 'The server does not answer. What is shown may be old; it goes on by itself.';
	});
	// the first that is asked when the server is back makes the banner go
	setInterval(() => { if (!banner.hidden) api.version().catch(() => {}); }, 2000);
}

document.addEventListener('click', follow);
addEventListener('popstate', () => show());
startBanner();
startClock();
startKeys(go);
// whose it is may come later than the page
api.session().then((session) => {
	document.getElementById('who').textContent = session.name ?? '';
}, () => {});
show();
