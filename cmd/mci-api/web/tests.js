// tests: what tests of jobs reported: what failed first, and which take longest.
import { facts } from './buildhead.js';
import { make } from './dom.js';
import { bad } from './status.js';
import { duration } from './time.js';

const STATUS = { fail: 'failure', error: 'error' };
const ORDER = { fail: 0, error: 0, skip: 2 };
const SHOWN = 2000;

export function testTable(name, tests) {
	if (!tests.length)
		return 'No test results were reported.';
	const sorted = [...tests].sort((a, b) => (ORDER[a.result] ?? 1) - (ORDER[b.result] ?? 1) || (b.elapsed ?? 0) - (a.elapsed ?? 0));
	const failed = tests.filter((t) => STATUS[t.result]).length;
	return [make('p', {}, `${tests.length} ${tests.length === 1 ? 'test' : 'tests'}, ${failed} failed${tests.length > SHOWN ? `; the first ${SHOWN}` : ''}`),
		make('div', { class: 'scroll' }, make('table', {}, make('caption', { class: 'hidden-word' }, 'Test results'),
			make('thead', {}, make('tr', {}, ['Result', 'Test', 'Where', 'Took'].map((h) => make('th', { scope: 'col' }, h)))),
			make('tbody', {}, sorted.slice(0, SHOWN).map((t) => row(name, t)))))];
}

function row(name, t) {
	return make('tr', {}, make('td', { class: bad(STATUS[t.result]) ? 's-failure' : undefined }, t.result),
		make('td', {}, [t.suite, t.text].filter(Boolean).join(' › '), t.message ? make('pre', {}, t.message) : ''),
		make('td', { class: 'mono' }, t.file ? `${t.file}${t.line ? `:${t.line}` : ''}` : make('a', { href: `/${name}/${t.job}/log` }, t.job)),
		make('td', {}, duration(t.elapsed)));
}

// The slowest ones as bars.
export function slowest(tests) {
	const slow = tests.filter((t) => t.elapsed).sort((a, b) => b.elapsed - a.elapsed).slice(0, 10);
	return slow.length ? [make('h2', {}, 'Slowest tests'), facts(slow.map((t) => [duration(t.elapsed),
		[make('progress', { max: slow[0].elapsed, value: t.elapsed, 'aria-hidden': true }), t.text]]), 'bars')] : [];
}
