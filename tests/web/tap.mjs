// tap: results of tests in the Test Anything Protocol, as tests/cli/lib.sh prints them.
let tests = 0;
let failures = 0;

export function ok(good, text, ...why) {
	tests++;
	if (!good)
		failures++;
	console.log(`${good ? 'ok' : 'not ok'} ${tests} - ${text}`);
	if (!good)
		why.forEach((line) => console.error(`# ${typeof line === 'string' ? line : JSON.stringify(line)}`.replaceAll('\n', '\n# ')));
}

export function is(got, expected, text) {
	const [a, b] = [JSON.stringify(got), JSON.stringify(expected)];
	ok(a === b, text, `expected ${b}`, `     got ${a}`);
}

export function finish() {
	console.log(`1..${tests}`);
	process.exitCode = failures ? 1 : 0;
}

// Numbers that are the same in every run, from a seed (mulberry32).
export function random(seed) {
	return () => {
		seed = seed + 0x6d2b79f5 | 0;
		let t = Math.imul(seed ^ seed >>> 15, 1 | seed);
		t = t + Math.imul(t ^ t >>> 7, 61 | t) ^ t;
		return ((t ^ t >>> 14) >>> 0) / 4294967296;
	};
}
