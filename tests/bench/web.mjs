// What web.sh measures, in the browser: web.mjs BASE TOKEN WHAT [PLACE] prints names and values.
import { readFileSync } from 'node:fs';
import { open, start } from '../web/browser.mjs';

const [, , base, token, what, place] = process.argv;
const ROUNDS = 5;
const browser = await start();
const tell = (name, value) => console.log(name, Math.round(value * 10) / 10);
const median = (list) => list.sort((a, b) => a - b)[list.length >> 1];

// The median of visits by browsers that have seen nothing, in milliseconds from the start of each navigation: until ready
// is true in the page, and until the largest paint.
async function visits(path, ready) {
	const [shown, paints] = [[], []];
	for (let i = 0; i < ROUNDS; i++) {
		const page = await open(browser, base, { token });
		await page.addInitScript(`(() => {
			const look = () => document.body && (${ready})() ? requestAnimationFrame(() => { window.shown = performance.now(); }) : setTimeout(look, 1);
			look();
			new PerformanceObserver((list) => { window.paint = list.getEntries().at(-1).startTime; }).observe({ type: 'largest-contentful-paint', buffered: true });
		})();`);
		await page.goto(base + path);
		await page.waitForFunction(() => window.shown && window.paint);
		shown.push(await page.evaluate(() => window.shown));
		await page.waitForTimeout(300);
		paints.push(await page.evaluate(() => window.paint));
		await page.context().close();
	}
	return { shown: median(shown), paint: median(paints) };
}

// Milliseconds until something is so, watched in the page.
const until = (page, run, ready) => page.evaluate(`(async () => {
	const began = performance.now();
	(${run})();
	while (!(${ready})() && performance.now() - began < 30000)
		await new Promise((next) => setTimeout(next, 1));
	return performance.now() - began;
})()`);

// Milliseconds a frame takes while something is scrolled.
const frame = (page, selector, side) => page.evaluate(async ([target, way]) => {
	const box = target ? document.querySelector(target) : document.scrollingElement;
	const began = performance.now();
	let n = 0;
	for (; performance.now() - began < 2000; n++) {
		box[way] += 60;
		await new Promise(requestAnimationFrame);
	}
	return (performance.now() - began) / n;
}, [selector, side]);

async function memory() {
	const { processInfo } = await (await browser.newBrowserCDPSession()).send('SystemInfo.getProcessInfo');
	const sizes = processInfo.filter((p) => p.type === 'renderer')
		.map((p) => Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${p.id}/smaps_rollup`, 'utf8'))[1]));
	return Math.max(...sizes) / 1000;
}

async function dashboard() {
	const { shown, paint } = await visits('/', () => document.querySelectorAll('.card .strip a').length >= 100);
	tell('paint', paint);
	tell('cards', shown);
}

async function jobs() {
	tell('list', (await visits(`/${place}`, () => document.querySelectorAll('tbody tr').length >= 1000)).shown);
	const page = await open(browser, base, { token });
	await page.goto(`${base}/${place}`);
	await page.waitForSelector('tbody tr');
	tell('list-frame', await frame(page, '', 'scrollTop'));
	tell('graph', await until(page, () => [...document.querySelectorAll('[role=tab]')].find((t) => t.textContent === 'Graph').click(),
		() => document.querySelectorAll('.graph .box').length >= 1000));
	tell('graph-frame', await frame(page, '.graph', 'scrollLeft'));
}

const seen = (text) => `() => document.querySelector('.log-window')?.textContent.includes(${JSON.stringify(text)})`;

async function log() {
	tell('first', (await visits(`/${place}/log`, seen('line 0000000003'))).shown);
	const page = await open(browser, base, { token });
	await page.goto(`${base}/${place}/log`);
	await page.waitForFunction(() => document.querySelector('.log-window')?.textContent.includes('line 0000000003'));
	await page.waitForFunction(() => /lines/.test(document.querySelector('main .crumbs[role=status]').textContent));
	tell('megabytes', Number((/([\d,]+) bytes/.exec(await page.locator('main').innerText()))[1].replaceAll(',', '')) / 1e6);
	tell('end', await until(page, () => document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'G', bubbles: true })), seen('error: at last')));
	await page.fill('input[name=q]', 'line 0000777777');
	tell('search', await until(page, () => document.querySelector('form').requestSubmit(),
		() => document.querySelector('.log-row.found')));
	for (let i = 0; i < 100; i++)
		await page.locator('.log-box').evaluate((box, at) => { box.scrollTop = at * box.scrollHeight; }, (i * 37 % 100) / 100);
	await page.waitForTimeout(500);
	tell('memory', await memory());
}

async function live() {
	const page = await open(browser, base, { token });
	await page.goto(`${base}/${place}/log`);
	await page.waitForFunction(() => document.querySelectorAll('.log-row').length > 20);
	// meanwhile somebody types
	const watch = page.evaluate(async () => {
		let [behind, frames] = [0, 0];
		const began = performance.now();
		while (performance.now() - began < 12000) {
			await new Promise(requestAnimationFrame);
			frames++;
			const last = Number(/^\d+/.exec(document.querySelector('.log-row:last-child .text')?.textContent));
			if (performance.now() - began > 2000 && last)
				behind = Math.max(behind, Date.now() - last);
		}
		return { behind, frames: frames / 12 };
	});
	await page.evaluate(() => {
		window.slowest = 0;
		new PerformanceObserver((list) => list.getEntries().forEach((e) => { window.slowest = Math.max(window.slowest, e.duration); }))
			.observe({ type: 'event', durationThreshold: 16 });
	});
	for (let i = 0; i < 40; i++)
		await page.locator('input[name=q]').press('x', { delay: 10 });
	const { behind, frames } = await watch;
	tell('behind', behind);
	tell('frames', frames);
	tell('key', await page.evaluate(() => window.slowest));
}

await { dashboard, jobs, log, live }[what]();
await browser.close();
