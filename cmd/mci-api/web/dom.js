// dom: elements from names, attributes and children. Text always becomes text: there is no way from here to markup.

// Attributes: class, data and aria ones as they are; on... a listener; a function or undefined sets nothing.
export function make(name, attributes = {}, ...children) {
	const e = name.startsWith('svg:') ?
		document.createElementNS('http://www.w3.org/2000/svg', name.slice(4)) : document.createElement(name);
	for (const [key, value] of Object.entries(attributes)) {
		if (value === undefined || value === null || value === false)
			continue;
		if (key.startsWith('on'))
			e.addEventListener(key.slice(2), value);
		else if (key === 'href')
			e.setAttribute('href', safe(value));
		else
			e.setAttribute(key, value === true ? '' : String(value));
	}
	add(e, children);
	return e;
}

export function add(e, children) {
	for (const child of children.flat(Infinity))
		if (child !== undefined && child !== null && child !== false)
			e.append(child instanceof Node ? child : document.createTextNode(String(child)));
	return e;
}

// Puts these in the place of all that is in e, without a moment in between.
export function fill(e, ...children) {
	const holder = document.createDocumentFragment();
	add(holder, children);
	e.replaceChildren(holder);
	return e;
}

// Only addresses of the web lead anywhere: what a build says may be javascript: or worse.
export function safe(address) {
	try {
		const url = new URL(address, location.href);
		return ['http:', 'https:'].includes(url.protocol) ? address : '#';
	} catch {
		return '#';
	}
}

// Brings the children of e in line with items: an element a key is made once and given its item again whenever that
// changes, so that nothing jumps and no focus is lost.
export function rows(e, items, keyOf, makeRow, update) {
	const known = e.keyed ??= new Map();
	const wanted = new Set();
	let before = null;
	for (const item of items) {
		const key = keyOf(item);
		wanted.add(key);
		let row = known.get(key);
		if (!row)
			known.set(key, row = makeRow(item));
		update(row, item);
		const place = before ? before.nextSibling : e.firstChild;
		if (place !== row)
			e.insertBefore(row, place);
		before = row;
	}
	for (const [key, row] of known)
		if (!wanted.has(key)) {
			row.remove();
			known.delete(key);
		}
}

// Once a frame at most, however often it is asked for.
export function eachFrame(run) {
	let asked = false;
	return () => {
		if (asked)
			return;
		asked = true;
		requestAnimationFrame(() => {
			asked = false;
			run();
		});
	};
}
