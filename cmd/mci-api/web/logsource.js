// logsource: the bytes of one log by line numbers, however long it is: where every STEP-th line begins comes from the
// server once, the blocks between are asked for when they are looked at, and only some are kept. Of a log that grows
// the stream adds to both.

const STEP = 1000;   // lines a block; as asked of the server
const KEPT = 24;     // blocks that are kept as text
const HEAD = 32768;  // bytes that are shown before it is known how many there are
const NEWLINE = 10;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export class LogSource {
	// ask(path parameters, headers, signal) answers a Response; changed is told when there are more lines
	constructor(ask, changed) {
		this.ask = ask;
		this.changed = changed;
		this.offsets = [0];    // of lines 0, STEP, 2 STEP...
		this.lines = 0;        // whole ones
		this.bytes = 0;
		this.open = false;
		this.truncated = false;
		this.blocks = new Map(); // number -> array of lines, in the order they were used last
		this.waiting = new Map();
		this.abort = new AbortController();
	}

	// Learns where the lines are. What is at the beginning is asked for at the same time, and told when it comes first: the
	// server reads a log once through for its index.
	async start(first = () => {}) {
		let index;
		if (!this.lines)
			this.head().then((lines) => {
				if (index || !lines.length)
					return;
				this.keep(0, lines);
				this.lines = lines.length;
				first();
			}, () => {});
		index = await (await this.ask('index', { every: STEP }, {}, this.abort.signal)).json();
		Object.assign(this, { offsets: index.offsets, lines: index.lines, bytes: index.bytes, open: index.open,
			truncated: index.truncated });
		this.partial = index.partial;   // whether bytes come behind the last line end
		if (this.blocks.has(0))
			await this.load(0, true);
	}

	async head() {
		const answer = await this.ask('bytes', {}, { Range: `bytes=0-${HEAD - 1}` }, this.abort.signal);
		const lines = decoder.decode(await answer.arrayBuffer()).split('\n').slice(0, STEP);
		// the last one may be cut
		return lines.slice(0, -1);
	}

	// How many there are to show: the last may have no end yet.
	get count() {
		return this.lines + (this.partial ? 1 : 0);
	}

	// The lines of a block when they are here, else undefined; whoever asks is told by changed.
	block(number) {
		const found = this.blocks.get(number);
		if (found) {
			this.blocks.delete(number);
			this.blocks.set(number, found);
			return found;
		}
		if (!this.waiting.has(number))
			this.waiting.set(number, this.load(number).then(() => this.changed(), (e) => this.changed(e))
				.finally(() => this.waiting.delete(number)));
		return undefined;
	}

	// The line in which a byte stands.
	async lineAt(offset) {
		let number = this.offsets.length - 1;
		while (number > 0 && this.offsets[number] > offset)
			number--;
		if (!this.blocks.has(number))
			await this.load(number);
		let [at, line] = [this.offsets[number], 0];
		const lines = this.blocks.get(number);
		while (line < lines.length && (at += encoder.encode(lines[line]).length + 1) <= offset)
			line++;
		return number * STEP + line;
	}

	line(number) {
		return this.block(Math.floor(number / STEP))?.[number % STEP];
	}

	async load(number, again = false) {
		const from = this.offsets[number];
		const to = this.offsets[number + 1] ?? this.bytes;
		if (from === undefined || to <= from)
			return this.keep(number, []);
		const answer = await this.ask('bytes', {}, { Range: `bytes=${from}-${to - 1}` }, this.abort.signal);
		const text = decoder.decode(await answer.arrayBuffer());
		const lines = text.split('\n');
		if (text.endsWith('\n'))
			lines.pop();
		// what came by the stream meanwhile is newer
		if (again || !this.blocks.has(number))
			this.keep(number, lines);
		return undefined;
	}

	// The oldest go, but not the one that grows.
	keep(number, lines) {
		this.blocks.set(number, lines);
		const last = Math.floor(this.lines / STEP);
		for (const old of this.blocks.keys()) {
			if (this.blocks.size <= KEPT)
				break;
			if (old !== last && old !== number)
				this.blocks.delete(old);
		}
	}

	// Goes on behind what is known as long as somebody writes it; answers when the log has its end.
	async follow() {
		const last = Math.floor(this.lines / STEP);
		if (!this.blocks.has(last))
			await this.load(last);
		while (!this.abort.signal.aborted) {
			try {
				return await this.stream();
			} catch (e) {
				// it was cut: what is missing comes with the next one
				this.changed(e);
				await new Promise((run) => setTimeout(run, 1000));
			}
		}
		return undefined;
	}

	async stream() {
		const answer = await this.ask('follow', { from: this.bytes }, {}, this.abort.signal);
		const reader = answer.body.getReader();
		// a letter may be split between two pieces
		const letters = new TextDecoder('utf-8', { ignoreBOM: true });
		for (;;) {
			const { value, done } = await reader.read();
			if (done)
				break;
			this.append(value, letters.decode(value, { stream: true }));
			this.changed();
		}
		this.open = false;
		this.changed();
	}

	// A piece of the stream, and the same as letters: as many line ends are in both.
	append(bytes, text) {
		const parts = text.split('\n');
		let at = 0;
		parts.forEach((part, i) => {
			if (part)
				this.grow(part);
			if (i < parts.length - 1) {
				at = bytes.indexOf(NEWLINE, at) + 1;
				this.endLine(this.bytes + at);
			}
		});
		this.bytes += bytes.length;
	}

	grow(part) {
		const block = this.blocks.get(Math.floor(this.lines / STEP));
		if (this.partial)
			block[block.length - 1] += part;
		else
			block.push(part);
		this.partial = true;
	}

	endLine(offset) {
		if (!this.partial)
			this.grow('');
		this.lines++;
		this.partial = false;
		if (this.lines % STEP === 0) {
			this.offsets[this.lines / STEP] = offset;
			this.keep(this.lines / STEP, []);
		}
	}

	stop() {
		this.abort.abort();
	}
}
