// given: what an organisation gives to builds and people: params and ssh keys by name and filter (values go in, and are
// never shown), tokens, and its own settings.
import { api } from './api.js';
import { action, commands, copyButton, curl, mci } from './command.js';
import { fill, make } from './dom.js';
import { area, check, choice, field, filters, form, text, words } from './form.js';
import { moment } from './time.js';

// The words of mci for a filter.
const only = (list) => list.flatMap((all) => ['--only', Object.entries(all).map(([k, v]) => `${k}=${v}`).join(',')]);

const SCOPES = [['read', 'read'], ['trigger', 'trigger builds'], ['write', 'change what there is'], ['admin', 'everything']];

// Each kind: its title, the heads of its table and a row of it, the fields to make one, the body they make, and the words
// of mci for the same.
const KINDS = {
	params: {
		title: 'Params', noun: 'param', none: 'There are none.',
		heads: ['Name', 'For', 'About'], row: (p) => [make('code', {}, p.name), words(p.only), p.description ?? ''],
		fields: () => [['Name', text('name', '', { size: 24, required: true })], ['Value', area('value'), 'Nobody is shown it again.'], ['It is no secret', check('plain')],
			['Only for', area('only', '', { rows: 2, placeholder: 'team=core, lang=c' }), 'Labels a repository must have; another line: or these. Empty: every one.'], ['About', text('description')]],
		body: (e) => ({ name: e.name.value.trim(), value: e.value.value, plain: e.plain.checked, only: filters(e.only.value), description: e.description.value }),
		put: (org, b) => mci('param', 'put', `${org}/${b.name}`, '-f', 'FILE', b.plain ? '--plain' : [], only(b.only), b.description ? `description=${b.description}` : []),
	},
	keys: {
		title: 'SSH keys', noun: 'key', none: 'There are none.',
		heads: ['Name', 'Host', 'For', 'Public part'], row: (k) => [k.name ?? k.id, k.host ?? 'any', words(k.only), make('code', {}, (k.public ?? '').slice(0, 60))],
		fields: () => [['Name', text('name', '', { size: 24, required: true })], ['Private key', area('private'), 'Nobody is shown it again.'], ['Host', text('host', '', { size: 24 }), 'Empty: any.'],
			['Its host key, as in known_hosts', area('known', '', { rows: 2 })], ['Only for', area('only', '', { rows: 2, placeholder: 'team=core, lang=c' })]],
		body: (e) => ({ name: e.name.value.trim(), private: e.private.value, only: filters(e.only.value), ...(e.host.value ? { host: e.host.value } : {}), ...(e.known.value ? { 'known-hosts': e.known.value } : {}) }),
		put: (org, b) => mci('key', 'put', `${org}/${b.name}`, '-f', 'FILE', b['known-hosts'] ? ['--known-hosts', 'FILE'] : [], only(b.only), b.host ? `host=${b.host}` : []),
	},
	tokens: {
		title: 'Tokens', noun: 'token', none: 'There are none that you may see.',
		heads: ['Name', 'May', 'Repository', 'Last used', 'Until'], row: (t) => [t.name ?? t.id, (t.scopes ?? []).join(', '), t.repo ?? 'all', t.used ? moment(t.used) : 'never', t.expires ? moment(t.expires) : 'for ever'],
		fields: () => [['Name', text('name', '', { size: 24 })], ['May', choice('scope', SCOPES, 'read')], ['Repository', text('repo', '', { size: 24 }), 'Empty: all of the organisation.'], ['Until', text('expires', '', { type: 'date' }), 'Empty: for ever.']],
		body: (e) => ({ scopes: [e.scope.value], ...(e.name.value ? { name: e.name.value } : {}), ...(e.repo.value ? { repo: e.repo.value } : {}), ...(e.expires.value ? { expires: `${e.expires.value}T00:00:00Z` } : {}) }),
		put: (org, b) => mci('token', 'create', '--for', b.repo ? `${org}/${b.repo}` : org, '--scope', b.scopes[0], b.name ? ['--name', b.name] : []),
		made: (answer) => make('div', { class: 'message' }, 'The token, which is told this once: ', make('pre', {}, make('code', {}, answer.token), copyButton(answer.token))),
	},
};

// A secret stands in no command that is shown, and in no history of a shell.
const hidden = (body) => Object.fromEntries(Object.entries(body).map(([k, v]) => [k, ['value', 'private'].includes(k) && v ? '…' : v]));

class Kind {
	constructor(org, name) {
		Object.assign(this, { org, name, kind: KINDS[name], address: `/api/v1/orgs/${org}/${name}` });
		this.list = make('div');
		this.said = make('div', { role: 'status' });
		this.element = make('section', {}, make('h2', {}, this.kind.title), this.list, this.said, this.maker());
	}

	maker() {
		const { noun, fields, body, put } = this.kind;
		const edit = form(fields().map(([label, input, about]) => field(label, input, about)), action({ label: `Add the ${noun}`, kind: 'main',
			run: async () => {
				const answer = await api.makeThing(this.org, this.name, body(edit.elements));
				edit.reset();
				fill(this.said, this.kind.made?.(answer) ?? `${answer.created ? 'Added.' : 'Changed.'}`);
				await this.load();
			},
			same: () => [put(this.org, body(edit.elements)), curl('POST', this.address, hidden(body(edit.elements)))] }));
		return make('details', {}, make('summary', {}, `Add or change a ${noun}`), edit);
	}

	remover(thing) {
		const { noun } = this.kind;
		return action({ label: 'Remove', kind: 'danger', sure: 'Press again', title: `remove ${thing.name ?? thing.id}`,
			run: async () => {
				await api.removeThing(this.org, this.name, thing.id);
				await this.load();
			},
			same: () => [mci(noun, 'rm', noun === 'token' ? thing.id : `${this.org}/${thing.id}`), curl('DELETE', `${this.address}/${thing.id}`)] });
	}

	async load() {
		let things;
		try {
			things = (await api.things(this.org, this.name))[this.name];
		} catch (e) {
			fill(this.list, make('p', { class: 'empty' }, e.status === 403 ? 'You have no right to see them.' : e.message));
			return;
		}
		const { heads, row, none } = this.kind;
		fill(this.list, things.length ? make('div', { class: 'scroll' }, make('table', {}, make('caption', { class: 'hidden-word' }, this.kind.title),
			make('thead', {}, make('tr', {}, [...heads, ''].map((h) => make('th', { scope: 'col' }, h)))),
			make('tbody', {}, things.map((t) => make('tr', {}, [...row(t), this.remover(t)].map((cell) => make('td', {}, cell))))))) :
			make('p', { class: 'empty' }, none));
	}
}

function settings(org, about) {
	const body = () => ({ name: edit.elements.name.value, 'max-builds': Number(edit.elements.max.value) });
	const said = make('span', { role: 'status' });
	const edit = form(field('Name', text('name', about.name)), field('Builds at once', text('max', about['max-builds'] || '', { type: 'number', min: 0, size: 6 }), 'Empty: as many as there are agents.'),
		action({ label: 'Save', kind: 'main', run: async () => { await api.putOrg(org, body()); said.textContent = 'Saved.'; },
			same: () => [mci('org', 'put', org, `name=${body().name}`, `max-builds:=${body()['max-builds']}`), curl('PUT', `/api/v1/orgs/${org}`, body())] }), said);
	return [make('h2', {}, 'Settings'), edit];
}

export async function open([org], holder) {
	const kinds = Object.keys(KINDS).map((name) => new Kind(org, name));
	const [about] = await Promise.all([api.org(org), ...kinds.map((kind) => kind.load())]);
	fill(holder, make('h1', {}, `What builds of ${org} get`), kinds.map((kind) => kind.element), settings(org, about),
		commands(() => [mci('param', 'ls', org), mci('key', 'ls', org), mci('token', 'ls', `org=${org}`), curl('GET', `/api/v1/orgs/${org}/params`)]));
}
