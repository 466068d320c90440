// trigger: starts a build: of what, with which params, and what would run; or runs one again with others.
import { api } from './api.js';
import { again } from './buildhead.js';
import { action, commands, curl, mci } from './command.js';
import { fill, make } from './dom.js';
import { Fold, watchBuild } from './fold.js';
import { area, choice, field, form, lines, pairs, text } from './form.js';

// A field for a declared param: by its type, with its choices and what it is without being given.
function paramField(param, given) {
	const name = `p-${param.name}`;
	const value = given ?? param.default ?? '';
	const input = param.choices ? choice(name, param.choices.map(String), String(value)) :
		param.type === 'bool' || param.type === 'boolean' ? make('input', { name, type: 'checkbox', checked: String(value) === 'true' }) :
			text(name, value, param.type === 'number' || param.type === 'integer' ? { type: 'number', step: param.type === 'number' ? 'any' : 1 } : {});
	return field(make('code', {}, param.name), input, [param.about ?? '', param.default !== undefined ? ` (${param.default} by default)` : ''].join(''));
}

// What is asked for in params: what differs from what holds anyhow.
function params(elements, declared, before) {
	const all = pairs(elements.more.value);
	for (const param of declared) {
		const input = elements[`p-${param.name}`];
		const value = input.type === 'checkbox' ? String(input.checked) : input.value;
		if (value !== String(before[param.name] ?? param.default ?? ''))
			all[param.name] = value;
	}
	for (const [name, value] of Object.entries(before))
		if (all[name] === value)
			delete all[name];
	return all;
}

const kindOf = (build) => build?.tag ? 'tag' : 'branch';

class Trigger {
	constructor(name, of, last, fold) {
		const declared = fold.params;
		const before = of?.params ?? {};
		const others = Object.entries(before).filter(([k]) => !declared.some((p) => p.name === k));
		Object.assign(this, { name, of, declared, before, jobs: [...fold.jobs.values()] });
		const kinds = ['branch', 'tag', 'commit'];
		this.form = form(
			field('What', choice('kind', of ? [['same', `the same as ${of.build}`], ...kinds] : kinds, of ? 'same' : kindOf(last))),
			field('Name', text('ref', of ? '' : last?.branch ?? last?.tag ?? '', { placeholder: 'the main branch', 'data-search': true })),
			of ? field('Run', choice('from', [['', 'everything'], ...this.jobs.map((job) => [job.id, `${job.id}, and what is behind it`])], '')) : [],
			declared.map((param) => paramField(param, before[param.name])),
			field('Other params, NAME=VALUE a line', area('more', lines(Object.fromEntries(others)))));
	}

	// The request: [whether it runs a build again, its body]
	asked() {
		const { elements } = this.form;
		const given = params(elements, this.declared, elements.kind.value === 'same' ? this.before : {});
		const body = Object.keys(given).length ? { params: given } : {};
		const what = elements.ref.value.trim();
		if (elements.kind.value === 'same')
			return [true, { ...body, ...(elements.from.value ? { from: elements.from.value } : {}) }];
		if (what)
			Object.assign(body, elements.kind.value === 'commit' ? { new: what } : { ref: `refs/${elements.kind.value === 'tag' ? 'tags' : 'heads'}/${what}` });
		return [false, body];
	}

	async start(go) {
		const [same, body] = this.asked();
		const answer = await (same ? api.rerun(this.of.build, body) : api.trigger(this.name, body));
		if (!answer.build)
			throw new Error(`no build: ${answer.skipped}`);
		go(`/${answer.build}`);
	}

	words() {
		const [same, body] = this.asked();
		if (same)
			return again(this.of.build, body);
		const [org, repo] = this.name.split('/');
		const rev = body.new ?? body.ref?.replace(/^refs\/(heads|tags)\//, '');
		return [mci('trigger', this.name, rev ? ['--rev', rev] : [], Object.entries(body.params ?? {}).flatMap(([k, v]) => ['-p', `${k}=${v}`])),
			curl('POST', `/api/v1/orgs/${org}/repos/${repo}/builds`, body)];
	}

	// What would run: what the last build of it had.
	plan(last) {
		return this.jobs.length ? [make('h2', {}, `What would run, as in #${last.number}`),
			make('ul', {}, this.jobs.map((job) => make('li', {}, make('code', {}, job.id), job['depends-on']?.length ? ` after ${job['depends-on'].join(', ')}` : '', job.status === 'skipped' ? ` (was skipped: ${job.reason ?? ''})` : '')))] :
			make('p', { class: 'empty' }, 'What would run is known after the first build.');
	}
}

export async function open([org, repo], holder, go) {
	const name = `${org}/${repo}`;
	const wanted = new URLSearchParams(location.search).get('of');
	const of = wanted ? await api.build(wanted) : undefined;
	// what the last build declared is what the next one most likely does
	const last = of ?? (await api.repoBuilds(name, { limit: 1 })).builds[0];
	const fold = new Fold();
	if (last)
		(await watchBuild(last.build, fold, () => {}))();
	const trigger = new Trigger(name, of, last, fold);
	trigger.form.append(action({ label: of ? 'Run it again' : 'Start the build', kind: 'main', run: () => trigger.start(go), same: () => trigger.words() }));
	fill(holder, make('h1', {}, of ? `Run ${of.build} again` : `Trigger ${name}`), trigger.form, trigger.plan(last), commands(() => trigger.words()));
}
