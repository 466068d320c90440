// artifacts: what jobs have left: names and sizes, the files in each when somebody looks, and how it is fetched.
import { api } from './api.js';
import { commands, curl, how, mci } from './command.js';
import { fill, make } from './dom.js';
import { moment } from './time.js';

const FILES = 1000;

export const size = (n) => n === undefined ? '' : n < 1024 ? `${n} B` : n < 1048576 ? `${(n / 1024).toFixed(1)} KiB` :
	n < 1073741824 ? `${(n / 1048576).toFixed(1)} MiB` : `${(n / 1073741824).toFixed(2)} GiB`;

// All of a build or of one job, page after page.
export async function allArtifacts(name, job) {
	const all = [];
	for (let more = true; more;) {
		const answer = await api.artifacts(name, job, { from: all.length, limit: 1000 });
		all.push(...answer.artifacts);
		({ more } = answer);
	}
	return all;
}

const download = (address) => curl('GET', address).replace(/^curl/, 'curl -OJ');

function fileRow(one, file) {
	// a name that is no text of this page's encoding is in base64, and only an archive has it
	const path = file.path ?? `${file.path64} (base64)`;
	const there = file.path && ['file', 'link'].includes(file.type) ? api.artifactAddress(one, ['files', ...file.path.split('/')]) : undefined;
	return make('tr', {}, make('td', { class: 'mono' }, there ? make('a', { href: there, download: true }, path) : path,
		file.type === 'folder' ? '/' : '', file.target ? ` → ${file.target}` : ''),
	make('td', {}, size(file.size)), make('td', {}, file.mode ?? ''), make('td', {}, there ? how(path, () => [download(there)]) : ''));
}

// The files of one, a page at a time.
function files(one) {
	const body = make('tbody');
	const more = make('p');
	const table = make('div', { class: 'scroll' }, make('table', {}, make('caption', { class: 'hidden-word' }, `Files of ${one.job}/${one.artifact}`),
		make('thead', {}, make('tr', {}, ['File', 'Size', 'Mode', ''].map((text) => make('th', { scope: 'col' }, text)))), body));
	const load = async () => {
		fill(more, '…');
		try {
			const answer = await api.artifactFiles(one, { from: body.children.length, limit: FILES });
			body.append(...answer.files.map((file) => fileRow(one, file)));
			fill(more, answer.more ? make('button', { type: 'button', onclick: load }, 'More files') : '');
		} catch (e) {
			fill(more, make('span', { class: 'message bad' }, e.status === 410 ? 'It is not kept any more.' : e.message));
		}
	};
	const inner = make('div');
	const fold = make('details', { ontoggle: () => {
		if (fold.open && !inner.firstChild) {
			fill(inner, table, more);
			load();
		}
	} }, make('summary', {}, `${one.files} ${one.files === 1 ? 'file' : 'files'}`), inner);
	return fold;
}

function artifact(one) {
	const archives = ['tar.zst', 'tar', 'zip'].map((end) => [make('a', { href: api.artifactAddress(one, [`archive.${end}`]), download: true,
		'aria-label': `${one.artifact} of ${one.job} as ${end}` }, end), ' ']);
	return make('li', { class: 'artifact' }, make('b', {}, one.artifact), ' of ', make('a', { href: `/${one.build}/${one.job}` }, one.job),
		` · ${size(one.bytes)} · `, moment(one.saved), ' · ', archives,
		how(one.artifact, () => [mci('artifact', 'get', `${one.build}/${one.job}`, one.artifact), download(api.artifactAddress(one, ['archive.tar.zst']))]),
		files(one));
}

export const artifactList = (all) => make('ul', { class: 'artifacts' }, all.map(artifact));

// A page of them alone, of a build or of a job.
export async function open([org, repo, number, job], holder) {
	const name = `${org}/${repo}/${number}`;
	const all = await allArtifacts(name, job);
	fill(holder, make('h1', {}, `Artifacts of ${name}${job ? `/${job}` : ''}`), all.length ? artifactList(all) : make('p', { class: 'empty' }, 'There are none.'),
		commands(() => [mci('artifact', 'ls', job ? `${name}/${job}` : name), curl('GET', api.artifactsAddress(name, job))]));
}
