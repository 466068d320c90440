// log: what a job printed: any length, live, with colours, folded sections, links to lines, times and a search that
// the server does.
import { element, parseLine, plainText } from './ansi.js';
import { api } from './api.js';
import { action, commands, curl, mci } from './command.js';
import { fill, make } from './dom.js';
import { Fold, watchBuild } from './fold.js';
import { setKeys } from './keys.js';
import { LogSource } from './logsource.js';
import { Folds, LogView } from './logview.js';
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
	constructor(name, job) {
		Object.assign(this, { name, job, marked: range(location.hash), found: [], at: -1, following: false, times: null });
		const question = (part, query, headers, signal) => this.ask(part, query, headers, signal);
		this.source = new LogSource(question, (e) => this.changed(e));
		this.folds = new Folds();
		this.closed = new Set();
		this.sections = [];
		this.view = new LogView({ total: () => this.folds.rows(this.source.count), makeRow: (row) => this.row(row),
			moved: (atEnd) => this.follow(atEnd && this.source.open), label: `Log of ${name}/${job}` });
		this.state = make('p', { role: 'status', class: 'crumbs' });
	}

	ask(part, query, headers, signal) {
		const where = part === 'bytes' ? undefined : part === 'follow' ? undefined : part;
		return api.log(this.name, this.job, where, part === 'follow' ? { ...query, follow: true } : query,
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
		this.state.textContent = `${count.toLocaleString()} lines, ${bytes.toLocaleString()} bytes` +
			`${open ? this.following ? ', following' : ', still growing' : ''}${truncated ? '; bytes are missing at its end' : ''}` +
			`${this.found.length ? `; ${this.at + 1} of ${this.found.length}${this.foundMore ? '+' : ''} found` : ''}`;
	}

	row(row) {
		const line = this.folds.line(row);
		const text = this.source.line(line);
		const e = make('div', { class: 'log-row', id: `L${line + 1}` });
		if (this.marked && line >= this.marked[0] && line <= this.marked[1])
			e.classList.add('marked');
		if (this.found[this.at] === line)
			e.classList.add('found');
		const number = make('a', { class: 'number', href: `#L${line + 1}`, 'aria-label': `line ${line + 1}` }, line + 1);
		number.addEventListener('click', (event) => this.mark(event, line));
		e.append(number);
		if (this.times)
			e.append(make('span', { class: 'time' }, this.time(line)));
		const section = this.sections.find((s) => s.from === line);
		if (section)
			e.append(this.foldButton(section));
		const content = make('span', { class: 'text' });
		if (text !== undefined)
			content.append(...parseLine(text).pieces.map(element));
		e.append(content);
		return e;
	}

	foldButton(section) {
		const closed = this.closed.has(section);
		return make('button', { type: 'button', class: 'fold', 'aria-expanded': !closed, title: section.title, onclick: () => {
			if (closed)
				this.closed.delete(section);
			else
				this.closed.add(section);
			this.fold();
		} }, closed ? '▸' : '▾');
	}

	fold() {
		this.folds.set([...this.closed].map((s) => [s.from + 1, s.to]));
		this.view.draw();
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
		for (const section of this.closed)
			if (line > section.from && line < section.to)
				this.closed.delete(section);
		this.fold();
		this.view.show(this.folds.row(line));
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

	// When each line came: asked for by blocks of time marks.
	async showTimes(on) {
		this.times = on ? (await (await this.ask('times', {})).json()).times : null;
		this.view.draw();
	}

	time(line) {
		// the last mark at or in front of the line
		let [low, high] = [0, this.times.length];
		while (low < high) {
			const middle = (low + high) >> 1;
			if (this.times[middle][0] <= line)
				low = middle + 1;
			else
				high = middle;
		}
		const found = this.times[low - 1];
		return found ? new Date(found[1]).toLocaleTimeString(undefined, { hour12: false }) : '';
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
		} }, make('label', {}, 'Search ', make('input', { name: 'q', type: 'search', 'data-search': true, size: 18 })));
		return make('div', { class: 'toolbar' }, form,
			make('button', { type: 'button', 'data-key': 'n', onclick: () => this.next(1) }, 'Next'),
			make('button', { type: 'button', 'data-key': 'N', onclick: () => this.next(-1) }, 'Previous'),
			action({ label: 'First error', key: 'e', run: () => this.firstError() }),
			this.followButton,
			this.toggle('Wrap', 'w', (on) => { this.view.box.classList.toggle('wrapped', on); this.view.draw(); }),
			this.toggle('Times', 't', (on) => this.showTimes(on)),
			action({ label: 'Copy lines', key: 'y', run: () => this.copy() }),
			make('a', { href: api.logAddress(this.name, this.job) }, 'Raw'),
			make('a', { href: api.logAddress(this.name, this.job), download: `${this.name.replaceAll('/', '-')}-${this.job}.log` }, 'Download'));
	}

	// Whether there is a log; of a build that goes on there may be one later. first is told when there is something to see.
	async start(first = () => {}) {
		try {
			await this.source.start(this.marked ? undefined : () => { this.view.draw(); first(); });
			return true;
		} catch (e) {
			if (e.status !== 404 || !live((await api.build(this.name)).status))
				throw e;
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
		this.readSections().then(() => this.view.draw(), () => {});
		if (this.source.open)
			this.source.follow().catch((e) => this.changed(e));
	}

	async readSections() {
		const fold = new Fold();
		(await watchBuild(this.name, fold, () => {}))();
		const list = fold.sections(this.job);
		for (const s of list)
			[s.from, s.to] = [await this.source.lineAt(s.from), s.to === undefined ? undefined : await this.source.lineAt(s.to)];
		this.sections = list.filter((s) => s.to > s.from + 1);
	}
}

export async function open([org, repo, number, job], holder) {
	const name = `${org}/${repo}/${number}`;
	const page = new Page(name, job);
	fill(holder, make('h1', {}, `${name}/${job}`), page.toolbar(), page.state, page.view.box,
		commands(() => [mci('log', `${name}/${job}`, page.marked ? ['--lines', `${page.marked[0] + 1}-${page.marked[1] + 1}`] : []),
			mci('log', '-f', `${name}/${job}`), curl('GET', api.logAddress(name, job))]));
	const press = (key) => () => holder.querySelector(`[data-key=${key}]`)?.click();
	setKeys([['n', 'next match', press('n')], ['N', 'previous match', press('N')], ['e', 'first error', press('e')], ['f', 'follow', press('F')],
		['w', 'wrap', press('w')], ['t', 'times', press('t')], ['y', 'copy the marked lines', press('y')],
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
