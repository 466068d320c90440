// layout: where the boxes of a graph of jobs stand: in layers by what they wait for, ordered so that few lines cross
// (the barycenter method: Sugiyama, Tagawa, Toda, "Methods for visual understanding of hierarchical system
// structures", 1981).

// Longest way from a job that waits for nothing; a circle (no plan has one, but a matrix that is one box may) ends where it
// began.
function layersOf(nodes, byId) {
	const depth = new Map();
	const visit = (node, path) => {
		if (depth.has(node.id))
			return depth.get(node.id);
		if (path.has(node.id))
			return 0;
		path.add(node.id);
		let d = 0;
		for (const id of node.after)
			if (byId.has(id))
				d = Math.max(d, visit(byId.get(id), path) + 1);
		path.delete(node.id);
		depth.set(node.id, d);
		return d;
	};
	nodes.forEach((node) => visit(node, new Set()));
	const layers = [];
	for (const node of nodes)
		(layers[depth.get(node.id)] ??= []).push(node);
	// a circle may leave one out
	return layers.filter((layer) => layer);
}

// Orders a layer by the middle of where its neighbours of the other one stand; equal ones keep their order.
function sortBy(layer, neighbours, position) {
	const middle = new Map(layer.map((node, i) => {
		const at = neighbours(node).map((id) => position.get(id)).filter((p) => p !== undefined);
		return [node, at.length ? at.reduce((a, b) => a + b, 0) / at.length : i];
	}));
	layer.sort((a, b) => middle.get(a) - middle.get(b));
}

// Nodes have an id and after (ids); answers { nodes: id -> { layer, row }, edges: [from, to], layers, rows }.
export function layout(nodes) {
	const byId = new Map(nodes.map((node) => [node.id, node]));
	const layers = layersOf(nodes, byId);
	const children = new Map(nodes.map((node) => [node.id, []]));
	const edges = [];
	for (const node of nodes)
		for (const id of node.after)
			if (byId.has(id)) {
				children.get(id).push(node.id);
				edges.push([id, node.id]);
			}
	const position = new Map();
	const number = () => layers.forEach((layer) => layer.forEach((node, i) => position.set(node.id, i)));
	number();
	for (let pass = 0; pass < 4; pass++) {
		for (let i = 1; i < layers.length; i++) {
			sortBy(layers[i], (node) => node.after, position);
			number();
		}
		for (let i = layers.length - 2; i >= 0; i--) {
			sortBy(layers[i], (node) => children.get(node.id), position);
			number();
		}
	}
	const placed = new Map();
	layers.forEach((layer, l) => layer.forEach((node, row) => placed.set(node.id, { layer: l, row })));
	return { nodes: placed, edges, layers: layers.length, rows: Math.max(0, ...layers.map((layer) => layer.length)) };
}

// The jobs of one matrix or group are one node as long as nobody opens it: ID.VALUE.VALUE belongs to ID. groups tells
// which are open. Answers nodes for layout, each with its jobs.
export function collapse(jobs, opened, least = 4) {
	const sets = new Map();
	for (const job of jobs) {
		const base = job.id.split('.')[0];
		(sets.get(base) ?? sets.set(base, []).get(base)).push(job);
	}
	const home = new Map();
	for (const [base, members] of sets)
		for (const job of members)
			home.set(job.id, members.length >= least && !opened.has(base) ? base : job.id);
	const nodes = new Map();
	for (const job of jobs) {
		const id = home.get(job.id);
		const node = nodes.get(id) ?? nodes.set(id, { id, jobs: [], after: new Set() }).get(id);
		node.jobs.push(job);
		for (const one of job['depends-on'] ?? [])
			for (const target of home.has(one) ? [home.get(one)] : (sets.get(one) ?? []).map((j) => home.get(j.id)))
				if (target !== id)
					node.after.add(target);
	}
	return [...nodes.values()].map((node) => ({ ...node, after: [...node.after] }));
}

// The jobs that decided how long the build took: from the one that ended last, back along what it waited for longest.
export function criticalPath(jobs) {
	const byId = new Map(jobs.map((job) => [job.id, job]));
	const ended = jobs.filter((job) => job.ended);
	let job = ended.reduce((a, b) => !a || b.ended > a.ended ? b : a, undefined);
	const path = new Set();
	while (job && !path.has(job.id)) {
		path.add(job.id);
		job = (job['depends-on'] ?? []).map((id) => byId.get(id)).filter((j) => j?.ended)
			.reduce((a, b) => !a || b.ended > a.ended ? b : a, undefined);
	}
	return path;
}
