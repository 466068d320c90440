// Nothing that a build, a person or a repository says runs, or leaves the page; and each page at each size, in the light,
// in the dark and from right to left: accessible, not too wide, still while it loads.
import { accessible, picture } from './browser.mjs';
import { base, browser, fresh, must, sh, step } from './steps.mjs';
import { finish, is } from './tap.mjs';

const [failed, evil] = [sh('ended', 'app'), sh('hostile')];
const PAGES = ['/', '/acme', `/${failed}#tab=Artifacts`, '/acme/app', `/${failed}`, `/${failed}/bad`, `/${failed}/bad/log`, '/acme/app/-/trigger', '/acme/app/-/trends',
	'/acme/app/-/settings', '/acme/-/params', '/-/queue', '/-/wallboard', '/-/login', '/acme/app/99999', '/empty'];
const EVIL = ['/', '/acme', '/acme/evil', `/${evil}`, `/${evil}/evil`, `/${evil}/evil/log`, `/acme/evil/-/trigger?of=${evil}`, '/acme/evil/-/trends', '/acme/evil/-/settings',
	'/acme/-/params', '/-/queue', '/-/wallboard', '/-/login?next=//evil.example', '/-/login?next=javascript:window.evil=1', `/${evil}#tab=<img src=x onerror=window.evil=1>`, '/-/queue', `/${evil}#tab=Artifacts`];

// What is in the page that only markup could have brought.
const FOREIGN = 'main :is(script, style, iframe, object, embed, base, meta, link, form[action], svg foreignObject, img:not([src^="/api/v1/orgs/"]), a[href^="javascript"])';

// A page is there when its module has put it in the place of what the server wrote.
async function visit(page, path) {
	await page.goto(base + path);
	await page.waitForSelector('main > div');
	if (path.endsWith('#tab=Artifacts')) {
		await page.waitForSelector('.artifact');
		await page.evaluate(() => document.querySelectorAll('.artifact details').forEach((e) => { e.open = true; }));
		await page.waitForSelector('.artifact td');
	}
}

await step('of builds, people and repositories nothing runs, and nothing leaves the page', async () => {
	const page = await fresh();
	for (const path of EVIL) {
		await visit(page, path);
		for (const one of path.endsWith('Artifacts') ? [] : await page.getByRole('tab').all())
			await one.click();
		await page.evaluate(() => document.querySelectorAll('details').forEach((e) => { e.open = true; }));
		const found = await page.evaluate((foreign) => [window.evil && 'it ran', ...[...document.querySelectorAll(foreign)].map((e) => e.outerHTML),
			...[...document.querySelectorAll('main *')].flatMap((e) => [...e.attributes]).filter((a) => a.name.startsWith('on') || a.name === 'srcdoc').map((a) => a.name)].filter(Boolean), FOREIGN);
		must(!found.length, `${path}: ${found.join('\n')}`);
		for (const href of await page.locator('main a[href]').evaluateAll((links) => links.map((a) => a.href)))
			must(href.startsWith(`${base}/`), `${path} leads to ${href}`);
		must(new URL(page.url()).origin === base, `${path} led to ${page.url()}`);
	}
	is(page.troubles, [], 'no script failed, no policy was broken, nothing was asked of another host');
	await page.context().close();
});
await step('what is hostile is shown as text', async () => {
	const page = await fresh();
	await visit(page, `/${evil}/evil/log`);
	await page.waitForSelector('.log-row:has-text("<script>window.evil")');
	await visit(page, `/${evil}`);
	must((await page.locator('main').innerText()).includes('<script>window.evil'), 'the message is not there');
	await visit(page, '/');
	await visit(page, `/${evil}#tab=Artifacts`);
	must((await page.locator('.artifact').innerText()).includes('<img src=x onerror=window.evil=1>'), 'the name of a file is not there');
	await page.context().close();
});

for (const [what, options, way] of [['wide and light', {}], ['wide and dark', { dark: true }], ['360 pixels, from right to left', { width: 360, height: 720 }, 'rtl'], ['360 pixels, in the dark', { width: 360, height: 720, dark: true }]])
	await step(`each page ${what}: no serious finding of axe, not too wide, and still`, async () => {
		const page = await fresh(options);
		await page.addInitScript(() => {
			window.shift = 0;
			new PerformanceObserver((list) => list.getEntries().forEach((e) => { window.shift += e.value; })).observe({ type: 'layout-shift', buffered: true });
		});
		if (way)
			await page.addInitScript((dir) => document.addEventListener('DOMContentLoaded', () => { document.documentElement.dir = dir; }), way);
		const wrong = [];
		for (const path of PAGES) {
			await visit(page, path);
			const [wide, shift] = await page.evaluate(() => [document.documentElement.scrollWidth - innerWidth, window.shift]);
			if (wide > 0)
				wrong.push(`${path} is ${wide} pixels too wide`);
			if (shift > 0.1)
				wrong.push(`${path} shifts by ${shift}`);
			// what differs by size or colour is found in two of the four
			if (!way === !options.dark)
				wrong.push(...(await accessible(page)).map((f) => `${path}: ${f}`));
			await picture(page, `${what.replaceAll(/\W+/g, '-')}${path.replaceAll(/\W+/g, '-')}`);
		}
		must(!wrong.length, wrong.join('\n'));
		is(page.troubles, [], `and nothing goes wrong ${what}`);
		await page.context().close();
	});
await step('whoever wants less motion has none', async () => {
	const page = await fresh();
	await visit(page, '/');
	must(await page.evaluate(() => matchMedia('(prefers-reduced-motion: reduce)').matches && !document.getAnimations().length), 'something moves');
});
await browser.close();
finish();
