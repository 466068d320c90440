// state: how a page is looked at (which tab, sorted by what, grouped by what) stands behind the # of its address: it survives
// a reload and can be sent on, and the server is never asked for it.
const read = () => new URLSearchParams(location.hash.slice(1));

export const state = {
	get: (name) => read().get(name) ?? undefined,
	set(name, value) {
		const all = read();
		if (value === undefined || value === '')
			all.delete(name);
		else
			all.set(name, value);
		history.replaceState(null, '', `${location.pathname}${location.search}${all.size ? `#${all}` : ''}`);
	},
};
