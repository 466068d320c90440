// graph: the jobs of a build as boxes in layers and lines between them; a matrix or group of jobs is one box until it
// is opened.
import { fill, make } from './dom.js';
import { collapse, criticalPath, layout } from './layout.js';
import { known, shape, worst } from './status.js';
import { duration } from './time.js';

const BOX = { width: 176, height: 30, across: 46, down: 10, edge: 12 };

const x = (at) => BOX.edge + at.layer * (BOX.width + BOX.across);
const y = (at) => BOX.edge + at.row * (BOX.height + BOX.down);

function line(from, to, critical) {
	const [x1, y1, x2, y2] = [x(from) + BOX.width, y(from) + BOX.height / 2, x(to), y(to) + BOX.height / 2];
	const half = (x2 - x1) / 2;
	return make('svg:path', { class: critical ? 'edge critical' : 'edge',
		d: `M${x1} ${y1}C${x1 + half} ${y1} ${x2 - half} ${y2} ${x2} ${y2}` });
}

function short(text, letters) {
	return text.length > letters ? `${text.slice(0, letters - 1)}…` : text;
}

function box(node, at, { critical, name, toggle }) {
	const status = worst(node.jobs.map((job) => job.status));
	const several = node.jobs.length > 1;
	const label = several ? `${node.id} × ${node.jobs.length}` : node.jobs[0].name ?? node.id;
	const took = several ? '' : duration(node.jobs[0].elapsed);
	const shapes = [
		make('svg:title', {}, several ? `${node.jobs.length} jobs; opens` : `${node.id}: ${status} ${took}`),
		make('svg:rect', { width: BOX.width, height: BOX.height, rx: 4 }),
		make('svg:text', { x: 8, y: 19 }, `${shape(status)} ${short(label, took ? 14 : 21)}`),
		make('svg:text', { x: BOX.width - 8, y: 19, 'text-anchor': 'end' }, took),
	];
	const group = make('svg:g', { class: `box s-${known(status)}${critical ? ' critical' : ''}`, transform: `translate(${x(at)} ${y(at)})` });
	if (several)
		return groupButton(group, shapes, `${label}: ${status}`, () => toggle(node.id));
	const link = make('svg:a', { href: `/${name}/${node.id}`, 'aria-label': `${node.id}: ${status}` }, shapes);
	group.append(link);
	return group;
}

function groupButton(group, shapes, label, run) {
	group.append(...shapes);
	group.setAttribute('role', 'button');
	group.setAttribute('tabindex', '0');
	group.setAttribute('aria-label', label);
	group.addEventListener('click', run);
	group.addEventListener('keydown', (e) => { if (['Enter', ' '].includes(e.key)) { e.preventDefault(); run(); } });
	return group;
}

export class Graph {
	constructor(name) {
		this.name = name;
		this.opened = new Set();
		this.element = make('div', { class: 'graph', tabindex: 0, role: 'group', 'aria-label': 'What waits for what' });
	}

	show(build, jobs) {
		this.jobs = jobs;
		const nodes = collapse(jobs, this.opened);
		const shaped = JSON.stringify(nodes.map((n) => [n.id, n.after]));
		// while only statuses change the places stay
		if (shaped !== this.shaped)
			this.placed = layout(nodes);
		this.shaped = shaped;
		const { nodes: places, edges, layers, rows } = this.placed;
		const path = criticalPath(jobs);
		const critical = new Set(nodes.filter((n) => n.jobs.some((job) => path.has(job.id))).map((n) => n.id));
		const toggle = (id) => {
			this.opened.add(id);
			this.show(null, this.jobs);
		};
		const size = [2 * BOX.edge + layers * (BOX.width + BOX.across) - BOX.across, 2 * BOX.edge + rows * (BOX.height + BOX.down) - BOX.down];
		fill(this.element, make('svg:svg', { width: size[0], height: size[1], viewBox: `0 0 ${size.join(' ')}` },
			edges.map(([a, b]) => line(places.get(a), places.get(b), critical.has(a) && critical.has(b))),
			nodes.map((node) => box(node, places.get(node.id), { critical: critical.has(node.id), name: this.name, toggle }))));
	}

	closeGroups() {
		this.opened.clear();
		this.show(null, this.jobs);
	}
}
