// What the page's modules make of data, without a browser: by tables.
import { finish, is, ok } from './tap.mjs';

const [, , web] = process.argv;
globalThis.location = { origin: 'http://ci.example', hash: '', pathname: '/', search: '', href: 'http://ci.example/' };
const { whyWaiting } = await import(`${web}/waiting.js`);
const { Fold } = await import(`${web}/fold.js`);
const { collapse, criticalPath, layout } = await import(`${web}/layout.js`);
const { Folds } = await import(`${web}/logview.js`);
const { curl, mci } = await import(`${web}/command.js`);
const { filters, pairs, words } = await import(`${web}/form.js`);
const { duration, relative } = await import(`${web}/time.js`);
const { safe } = await import(`${web}/dom.js`);

// why a build waits
const now = new Date().toISOString();
const agent = (more) => ({ id: 'a', seen: now, labels: {}, ...more });
const run = (repo) => ({ build: `${repo}/1`, repo });
for (const [agents, running, build, more, expected] of [
	[[], [], {}, {}, 'no agent has ever asked for builds'],
	[[agent({ seen: '2020-01-01T00:00:00Z' })], [], {}, {}, 'no agent is there'],
	[[agent()], [], { trust: 'stranger' }, {}, 'it is a stranger\'s, and no agent that is there keeps jobs from its machine'],
	[[agent({ isolates: true })], [], { trust: 'stranger' }, {}, 'every agent for it has enough to do'],
	[[agent()], [], {}, { repo: { agents: { os: 'plan9', cpu: 'mips' } } }, 'no agent that is there has os=plan9, cpu=mips'],
	[[agent({ labels: { os: 'plan9' } })], [], {}, { repo: { agents: { os: 'plan9' } } }, 'every agent for it has enough to do'],
	[[agent()], [run('o/r'), run('o/s')], {}, { repo: { 'max-builds': 1 } }, '1 of its repository run, which is as many as may'],
	[[agent()], [run('o/r'), run('o/s')], {}, { org: { 'max-builds': 2 } }, '2 of its organisation run, which is as many as may'],
	[[agent()], [run('p/r')], {}, { org: { 'max-builds': 1 } }, 'every agent for it has enough to do'],
])
	is(whyWaiting({ repo: 'o/r', ...build }, { agents, running, ...more }), expected, `a build waits: ${expected}`);

// what events say of a job
const fold = new Fold();
const event = (type, more = {}) => fold.event({ type, time: `2026-01-01T00:00:0${fold.events % 10}Z`, run: 1, ...more });
event('build/pending', { agent: 'box' });
event('job/pending', { job: 'a', name: 'A', 'depends-on': ['b'], plan: { id: 'a' } });
event('job/queued', { job: 'a' });
event('job/start', { job: 'a', attempt: 1, address: '127.0.0.1', ports: { 80: 4711 } });
event('log/annotated', { job: 'a', attempt: 1, at: 0, note: { test: 'old' } });
event('job/executed', { job: 'a', attempt: 1, reason: 'exit', exit: 1 });
event('job/queued', { job: 'a', attempt: 2 });
event('job/start', { job: 'a', attempt: 2 });
event('log/annotated', { job: 'a', attempt: 2, at: 0, note: { section: 'One' } });
event('log/annotated', { job: 'a', attempt: 2, at: 10, note: { section: 'Two' } });
event('log/annotated', { job: 'a', attempt: 2, at: 20, note: { section: 'Two', end: true } });
event('log/annotated', { job: 'a', attempt: 2, at: 30, note: { test: 'new', result: 'pass' } });
event('log/annotated', { job: 'a', attempt: 2, at: 30, text: 'no JSON' });
const job = fold.jobs.get('a');
is([fold.agent, job.name, job.spec, job['depends-on']], ['box', 'A', { id: 'a' }, ['b']], 'a job has its name, definition and what it waits for');
is(job.attempts.map((one) => [one.attempt, one.queued, one.started, one.ended]), [[1, '2026-01-01T00:00:02Z', '2026-01-01T00:00:03Z', '2026-01-01T00:00:05Z'], [2, '2026-01-01T00:00:06Z', '2026-01-01T00:00:07Z', undefined]], 'and each of its attempts when it waited and ran');
is(fold.sections('a').map(({ title, from, to }) => [title, from, to]), [['One', 0, 10], ['Two', 10, 20]], 'a section ends where the next begins');
is(fold.of('test').map((t) => t.text), ['new'], 'notes are those of the last attempt');
event('job/end', { job: 'a', attempt: 2, status: 'success', elapsed: 1 });
event('build/end', { status: 'success' });
is([fold.jobs.get('a').status, fold.ended.status, fold.jobs.get('a').elapsed], ['success', 'success', 1], 'the end says how it went');

// the graph
const jobs = Array.from({ length: 200 }, (_, i) => ({ id: `j${i}`, 'depends-on': i < 20 ? [] : [`j${i - 20}`, `j${i - 20 + i % 3}`] }));
const places = layout(collapse(jobs, new Set()));
is(new Set([...places.nodes.values()].map(({ layer, row }) => `${layer} ${row}`)).size, 200, 'each of 200 jobs has a place of its own');
ok(places.edges.every(([a, b]) => places.nodes.get(a).layer < places.nodes.get(b).layer), 'and each stands behind what it waits for');
const matrix = ['t.1', 't.2', 't.3', 't.4'].map((id) => ({ id }));
is(collapse([...matrix, { id: 'z', 'depends-on': ['t'] }], new Set()).map((n) => [n.id, n.jobs.length, n.after]), [['t', 4, []], ['z', 1, ['t']]], 'a matrix is one box');
is(collapse(matrix, new Set(['t'])).length, 4, 'until it is opened');
const ended = (id, at, ...on) => ({ id, ended: `2026-01-01T00:00:0${at}Z`, 'depends-on': on });
is([...criticalPath([ended('a', 1), ended('b', 3), ended('c', 5, 'a', 'b'), ended('d', 4)])], ['c', 'b'], 'the longest way goes back along what was waited for longest');
ok(layout([{ id: 'a', after: ['b'] }, { id: 'b', after: ['a'] }]).nodes.size === 2, 'a circle ends');

// folded lines
const folds = new Folds();
folds.set([[2, 5], [4, 8], [10, 11]]);
is([folds.rows(12), [0, 1, 2, 3, 4].map((row) => folds.line(row)), [0, 1, 8, 9, 11].map((line) => folds.row(line))], [5, [0, 1, 8, 9, 11], [0, 1, 2, 3, 4]], 'lines and rows are found from each other');

// words to copy
is(mci('trigger', 'o/r', ['-p', 'A=it\'s b'], undefined, ''), "mci trigger o/r -p 'A=it'\\''s b'", 'words are quoted for a shell');
is(curl('POST', '/api/v1/x', { a: '$(id)' }), `curl -H "Authorization: Bearer $MCI_TOKEN" -X POST -H 'Content-Type: application/json' -d '{"a":"$(id)"}' http://ci.example/api/v1/x`, 'and requests');
is(pairs('a=1\n b = x=y \n\n'), { a: '1', b: 'x=y' }, 'NAME=VALUE lines');
let why = '';
try { pairs('nothing'); } catch (e) { why = e.message; }
is(why, "'nothing': expected NAME=VALUE", 'a line that is none is an error that names it');
is(filters('team=core, lang=c\nteam=x'), [{ team: 'core', lang: 'c' }, { team: 'x' }], 'filters');
is([words([]), words([{ a: '1', b: '2' }, { c: '3' }])], ['every repository', 'a is 1 and b is 2, or c is 3'], 'in words');

is([0.04, 9.96, 59, 60, 3599.6, 7260].map(duration), ['0.0 s', '10.0 s', '59 s', '1 min', '1 h 0 min', '2 h 1 min'], 'durations');
is([relative('2026-01-01T00:00:00Z', Date.parse('2026-01-01T00:00:02Z')), relative('2026-01-01T00:00:00Z', Date.parse('2026-01-01T02:00:00Z'))], ['now', '2 hours ago'], 'moments');
is(['javascript:x', 'data:text/html,x', '/a', 'https://h/', ' javascript:x', 'vbscript:x'].map(safe), ['#', '#', '/a', 'https://h/', '#', '#'], 'addresses lead to the web or nowhere');
finish();
