// trigger: starts a build: of what, with which params, and what would run.
import { api } from './api.js';
import { action, commands, curl, mci } from './command.js';
import { fill, make } from './dom.js';
import { Fold, watchBuild } from './fold.js';

// A field for a declared param: by its type, with its choices and default.
function field(param) {
	const id = `p-${param.name}`;
	const value = param.default ?? '';
	const input = param.choices ? make('select', { id, name: id }, param.choices.map((c) => make('option', { selected: c === value }, c))) :
		param.type === 'bool' ? make('input', { id, name: id, type: 'checkbox', checked: value === true || value === 'true' }) :
			make('input', { id, name: id, value, type: param.type === 'number' ? 'number' : 'text', step: 'any' });
	return make('div', { class: 'row' }, make('label', { for: id }, make('code', {}, param.name), input), make('span', { class: 'crumbs' }, param.about ?? ''));
}

function read(form, declared) {
	const params = {};
	for (const param of declared) {
		const input = form.elements[`p-${param.name}`];
		const value = input.type === 'checkbox' ? String(input.checked) : input.value;
		if (value !== String(param.default ?? ''))
			params[param.name] = value;
	}
	for (const line of form.elements.more.value.split('\n')) {
		const at = line.indexOf('=');
		if (at > 0)
			params[line.slice(0, at).trim()] = line.slice(at + 1);
	}
	const kind = form.elements.kind.value;
	const what = form.elements.ref.value.trim();
	const ref = !what ? {} : kind === 'commit' ? { new: what } : { ref: `refs/${kind === 'tag' ? 'tags' : 'heads'}/${what}` };
	return { ...ref, ...(Object.keys(params).length ? { params } : {}) };
}

export async function open([org, repo], holder, go) {
	const name = `${org}/${repo}`;
	const of = new URLSearchParams(location.search).get('of');
	const known = of ? await api.build(of) : undefined;
	// what the last build declared is what the next one most likely does
	const last = known ?? (await api.repoBuilds(name, { limit: 1 })).builds[0];
	const fold = new Fold();
	if (last)
		(await watchBuild(last.build, fold, () => {}))();
	const [declared, jobs] = [fold.params, [...fold.jobs.values()]];
	const form = make('form', { onsubmit: (e) => { e.preventDefault(); form.querySelector('button.main').click(); } },
		make('div', { class: 'row' },
			make('label', {}, 'What ', make('select', { name: 'kind' }, ['branch', 'tag', 'commit'].map((k) => make('option', { selected: k === (known?.tag ? 'tag' : 'branch') }, k)))),
			make('label', {}, 'Name ', make('input', { name: 'ref', placeholder: 'the main branch', value: known?.branch ?? known?.tag ?? '', 'data-search': true }))),
		declared.map(field),
		make('div', { class: 'row' }, make('label', {}, 'Other params, NAME=VALUE a line', make('textarea', { name: 'more', rows: 3, cols: 40 },
			Object.entries(known?.params ?? {}).map(([k, v]) => `${k}=${v}`).join('\n')))),
		action({ label: 'Start the build', kind: 'main', run: async () => {
			const answer = await api.trigger(name, read(form, declared));
			if (!answer.build)
				throw new Error(`no build: ${answer.skipped}`);
			go(`/${answer.build}`);
		} }));
	fill(holder, make('h1', {}, `Trigger ${name}`), form,
		jobs.length ? [make('h2', {}, `What would run, as in #${last.number}`), make('ul', {}, jobs.map((job) => make('li', {}, make('code', {}, job.id))))] : make('p', { class: 'empty' }, 'What would run is known after the first build.'),
		commands(() => {
			const body = read(form, declared);
			return [mci('trigger', name, body.ref || body.new ? ['--rev', body.ref ?? body.new] : [], Object.entries(body.params ?? {}).flatMap(([k, v]) => ['-p', `${k}=${v}`])),
				curl('POST', `/api/v1/orgs/${org}/repos/${repo}/builds`, body)];
		}));
}
