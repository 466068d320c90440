// log: what a job printed: any length, live, with colours, folded sections, links to lines, times and a search that
// the server does.
import { element, parseLine, plainText } from './ansi.js';
import { api } from './api.js';
import { action, commands, curl, how, mci } from './command.js';
import { fill, make } from './dom.js';
import { Fold, watchBuild } from './fold.js';
import { setKeys } from './keys.js';
import { LogSource } from './logsource.js';
import { Sections } from './logsections.js';
import { LogView } from './logview.js';
import { Times } from './logtimes.js';
import { live } from './status.js';

const ERRORS = '(^|[^a-z])(error|failed|failure|fatal|panic|exception|traceback)([^a-z]|$)';

// "#L120-L140" as [119, 139], or null
function range(hash) {
	const found = /^#L(\d+)(?:-L?(\d+))?$/.exec(hash);
	if (!found)
		return null;
	const [a, b] = [Number(found[1]) - 1, Number(found[2] ?? found[1]) - 1];
	return [Math.min(a, b), Math.max(a, b)];
}

class Page {
	constructor(name, job, attempt) {
		Object.assign(this, { name, job, attempt, marked: range(location.hash), found: [], at: -1, following: false, times: null });
		const question = (part, query, headers, signal) => this.ask(part, query, headers, signal);
		this.source = new LogSource(question, (e) => this.changed(e));
		this.sections = new Sections(() => this.view.draw());
		this.view = new LogView({ total: () => this.sections.folds.rows(this.source.count), makeRow: (row) => this.row(row),
			moved: (atEnd) => this.follow(atEnd && this.source.open), label: `Log of ${name}/${job}` });
		this.state = make('p', { role: 'status', class: 'crumbs state' });
		this.others = make('p', { class: 'attempts' });
	}

	ask(part, query, headers, signal) {
		const where = part === 'bytes' ? undefined : part === 'follow' ? undefined : part;
		return api.log(this.name, this.job, where, { ...query, follow: part === 'follow' || undefined, attempt: this.attempt },
			{ headers: { Accept: part === 'bytes' || part === 'follow' ? 'text/plain' : 'application/json', ...headers }, signal });
	}

	changed(e) {
		if (e && e.name !== 'AbortError')
			this.state.textContent = `A part of the log could not be read: ${e.message}`;
		this.view.draw();
		if (this.following)
			this.view.end();
		else if (!e)
			this.say();
	}

	say() {
		const { count, bytes, open, truncated } = this.source;
		this.state.textContent = `${count.toLocaleString()} ${count === 1 ? 'line' : 'lines'}, ${bytes.toLocaleString()} bytes` +
			`${open ? this.following ? ', following' : ', still growing' : ''}${truncated ? '; bytes are missing at its end' : ''}` +
			`${this.found.length ? `; ${this.at + 1} of ${this.found.length}${this.foundMore ? '+' : ''} found` : ''}`;
	}

	row(row) {
		const line = this.sections.folds.line(row);
		const text = this.source.line(line);
		const e = make('div', { class: 'log-row', id: `L${line + 1}` });
		// it comes in a moment, and is made then
		if (text === undefined)
			return e;
		if (this.marked && line >= this.marked[0] && line <= this.marked[1])
			e.classList.add('marked');
		if (this.found[this.at] === line)
			e.classList.add('found');
		const number = make('a', { class: 'number', href: `#L${line + 1}`, 'aria-label': `line ${line + 1}` }, line + 1);
		number.addEventListener('click', (event) => this.mark(event, line));
		e.append(number);
		if (this.times)
			e.append(make('span', { class: 'time' }, this.times.at(line)));
		const section = this.sections.at(line);
		if (section)
			e.append(this.sections.button(section));
		const content = make('span', { class: 'text' });
		if (section)
			e.classList.add('section');
		content.append(...parseLine(text).pieces.map(element));
		e.append(content);
		return e;
	}

	mark(event, line) {
		event.preventDefault();
		const from = event.shiftKey && this.marked ? this.marked[0] : line;
		this.marked = [Math.min(from, line), Math.max(from, line)];
		history.replaceState(null, '', `#L${this.marked[0] + 1}${this.marked[1] > this.marked[0] ? `-L${this.marked[1] + 1}` : ''}`);
		this.view.draw();
	}

	jump(line) {
		this.follow(false);
		this.sections.reveal(line);
		this.view.show(this.sections.folds.row(line));
		this.say();
	}

	follow(on) {
		if (on === this.following)
			return;
		this.following = on;
		this.followButton?.setAttribute('aria-pressed', on);
		if (on)
			this.view.end();
		this.say();
	}

	// One question to the server; the numbers of the lines that match.
	async search(text, { ignoreCase = true, pattern = false, limit = 10000 } = {}) {
		this.found = [];
		this.at = -1;
		if (text) {
			const answer = await (await this.ask('search', { q: text, 'ignore-case': ignoreCase, regex: pattern, limit })).json();
			this.found = answer.lines;
			this.foundMore = answer.more;
		}
		if (this.found.length)
			this.next(1);
		else
			this.state.textContent = text ? 'nothing found' : '';
		this.view.draw();
	}

	next(by) {
		if (!this.found.length)
			return;
		this.at = (this.at + by + this.found.length) % this.found.length;
		this.jump(this.found[this.at]);
	}

	async firstError() {
		await this.search(ERRORS, { pattern: true, limit: 1 });
	}

	async showTimes(on) {
		this.times = on ? new Times((await (await this.ask('times', {})).json()).times) : null;
		this.view.draw();
	}

	async copy() {
		if (!this.marked)
			return;
		const lines = [];
		for (let line = this.marked[0]; line <= Math.min(this.marked[1], this.marked[0] + 10000); line++)
			lines.push(plainText(this.source.line(line) ?? ''));
		await navigator.clipboard.writeText(`${lines.join('\n')}\n`);
	}

	toggle(label, key, run, pressed = false) {
		const button = make('button', { type: 'button', 'aria-pressed': pressed, 'data-key': key, onclick: () => {
			const on = button.getAttribute('aria-pressed') !== 'true';
			button.setAttribute('aria-pressed', on);
			run(on);
		} }, label);
		return button;
	}

	toolbar() {
		this.followButton = this.toggle('Follow', 'F', (on) => this.follow(on));
		const form = make('form', { role: 'search', onsubmit: (e) => {
			e.preventDefault();
			const text = form.elements.q.value;
			if (text === this.asked)
				this.next(1);
			else
				this.search(this.asked = text);
		} }, make('label', {}, 'Search ', make('input', { name: 'q', type: 'search', 'data-search': true, size: 18 })),
		how('Search', () => this.grep(form.elements.q.value || 'TEXT', false)));
		this.foldsButton = this.toggle('Fold sections', 'z', (on) => this.sections.closeAll(on));
		// there may be none
		this.foldsButton.hidden = true;
		return make('div', { class: 'toolbar' }, form,
			make('button', { type: 'button', 'data-key': 'n', onclick: () => this.next(1) }, 'Next'),
			make('button', { type: 'button', 'data-key': 'N', onclick: () => this.next(-1) }, 'Previous'),
			action({ label: 'First error', key: 'e', run: () => this.firstError(), same: () => this.grep(ERRORS, true) }),
			this.followButton, how('Follow', () => [mci('log', '-f', this.log), curl('GET', api.logAddress(this.name, this.job, { follow: true }))]),
			this.toggle('Wrap', 'w', (on) => { this.view.box.classList.toggle('wrapped', on); this.view.draw(); }),
			this.toggle('Times', 't', (on) => this.showTimes(on)), how('Times', () => [mci('log', '--time', this.log), curl('GET', api.logAddress(this.name, this.job, {}, 'times'))]),
			this.foldsButton,
			action({ label: 'Copy lines', key: 'y', run: () => this.copy(), same: () => [mci('log', this.lines(), this.log)] }),
			make('a', { href: this.address }, 'Raw'),
			make('a', { href: this.address, download: `${this.name.replaceAll('/', '-')}-${this.job}.log` }, 'Download'));
	}

	get log() {
		return `${this.name}/${this.job}`;
	}

	// The marked lines, for mci.
	lines() {
		return this.marked ? ['--lines', `${this.marked[0] + 1}-${this.marked[1] + 1}`] : [];
	}

	// What looks for the same.
	grep(text, regex) {
		return [mci('log', 'grep', '-n', '-i', regex ? [] : '-F', this.attempt ? ['--attempt', this.attempt] : [], text, this.log),
			curl('GET', api.logAddress(this.name, this.job, { q: text, 'ignore-case': true, regex, attempt: this.attempt }, 'search'))];
	}

	get address() {
		return api.logAddress(this.name, this.job, { attempt: this.attempt });
	}

	// Whether there is a log; of a build that goes on there may be one later. first is told when there is something to see.
	async start(first = () => {}) {
		try {
			await this.source.start(this.marked ? undefined : () => { this.view.draw(); first(); });
			return true;
		} catch (e) {
			if (e.status !== 404)
				throw e;
			if (!live((await api.build(this.name)).status))
				throw new Error('there is no such log, or it is not kept any more');
			this.state.textContent = 'Nothing has been printed yet.';
			return false;
		}
	}

	async wait() {
		while (!this.source.abort.signal.aborted) {
			await new Promise((run) => setTimeout(run, 500));
			if (await this.start().catch(() => true))
				return this.begin();
		}
		return undefined;
	}

	begin() {
		requestAnimationFrame(() => {
			if (this.marked)
				this.jump(this.marked[0]);
			else if (this.source.open)
				this.follow(true);
			this.say();
			this.view.draw();
		});
		this.readNotes().catch(() => {});
		if (this.source.open)
			this.source.follow().catch((e) => this.changed(e));
	}

	// What the build's events say of it.
	async readNotes() {
		const fold = new Fold();
		(await watchBuild(this.name, fold, () => {}))();
		await this.sections.read(fold.sections(this.job, this.attempt), this.source);
		this.foldsButton.hidden = !this.sections.list.length;
		this.showAttempts(fold.jobs.get(this.job)?.attempts ?? []);
	}

	// The logs of the other attempts.
	showAttempts(list) {
		const shown = this.attempt ?? list.at(-1)?.attempt;
		fill(this.others, list.length > 1 ? ['Attempts: ', list.map(({ attempt }) => [Number(attempt) === Number(shown) ? make('b', {}, attempt) :
			make('a', { href: `/${this.name}/${this.job}/log?attempt=${attempt}` }, attempt), ' '])] : []);
	}
}

export async function open([org, repo, number, job], holder, go) {
	const name = `${org}/${repo}/${number}`;
	const page = new Page(name, job, new URLSearchParams(location.search).get('attempt') ?? undefined);
	fill(holder, make('h1', {}, `${name}/${job}`), page.others, page.toolbar(), page.state, page.view.box,
		commands(() => [mci('log', page.attempt ? ['--attempt', page.attempt] : [], page.lines(), page.log), curl('GET', page.address)]));
	const press = (key) => () => holder.querySelector(`[data-key=${key}]`)?.click();
	setKeys([['b', 'its build', () => go(`/${name}`)], ['n', 'next match', press('n')], ['N', 'previous match', press('N')], ['e', 'first error', press('e')], ['f', 'follow', press('F')],
		['w', 'wrap', press('w')], ['t', 'times', press('t')], ['z', 'fold sections', press('z')], ['y', 'copy the marked lines', press('y')],
		['g g', 'beginning', () => { page.follow(false); page.view.scrollTo(0); }], ['G', 'end', () => started.then(() => page.view.end())]]);
	let started;
	await new Promise((seen, failed) => {
		started = page.start(seen);
		started.then((there) => {
			seen();
			if (there)
				page.begin();
			else
				page.wait();
		}, failed);
	});
	const moved = () => {
		page.marked = range(location.hash);
		if (page.marked)
			page.jump(page.marked[0]);
	};
	addEventListener('hashchange', moved);
	return () => {
		removeEventListener('hashchange', moved);
		page.source.stop();
	};
}
