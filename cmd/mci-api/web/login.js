// login: makes a session of this browser from a token, or from the link that mci login --browser opened.
import { api } from './api.js';
import { action, curl, mci } from './command.js';
import { fill, make } from './dom.js';

export async function open(place, holder, go) {
	const next = new URLSearchParams(location.search).get('next');
	// only a place on this server
	const target = next?.startsWith('/') && !next.startsWith('//') ? next : '/';
	const enter = async (secret) => {
		await api.login(secret);
		await api.session();
		go(target);
	};
	// what stands behind # is never sent; it works once
	const ticket = /^#ticket=([A-Za-z0-9._-]+)$/.exec(location.hash)?.[1];
	if (ticket) {
		history.replaceState(null, '', location.pathname);
		try {
			await enter(ticket);
			return;
		} catch (e) {
			fill(holder, make('div', { class: 'message bad' }, `This link does not work any more: ${e.message}`));
		}
	}
	const session = await api.session().catch(() => null);
	const form = make('form', { onsubmit: (e) => { e.preventDefault(); form.querySelector('button').click(); } },
		make('div', { class: 'row' }, make('label', {}, 'Token ', make('input', { name: 'token', type: 'password', autocomplete: 'off', size: 40, 'data-search': true }))),
		action({ label: 'Begin a session', kind: 'main', run: () => enter(form.elements.token.value.trim()),
			same: () => [mci('login', location.origin), `${mci('login', '--browser')}   # a link that begins one here`, curl('POST', '/api/v1/session')] }));
	fill(holder, holder.firstChild, make('h1', {}, 'Session'),
		session ? make('p', {}, `This browser is ${session.name}. `, action({ label: 'End the session', run: async () => { await api.logout(); go('/-/login'); }, same: () => [mci('token', 'rm', session.name)] })) : [],
		form, make('p', {}, 'In a terminal, ', make('code', {}, 'mci login --browser'), ' opens this page with a session; ', make('code', {}, 'mci token create'), ' makes a token.'));
}
