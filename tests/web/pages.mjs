// The page in a real browser: the whole way from a session to a failure that is found, run again and let go on, by mouse,
// by keyboard, on a phone and without scripts, while the server is restarted; nothing that a build says runs in it.
import { execFileSync } from 'node:child_process';
import { accessible, open, picture, start } from './browser.mjs';
import { finish, is, ok } from './tap.mjs';

const [, , base, token, steps] = process.argv;
const sh = (command) => execFileSync('sh', ['-c', command], { encoding: 'utf8' });
const browser = await start();
let page = await open(browser, base, { token });
const text = (selector) => page.locator(selector).first().innerText();
const go = async (path) => { await page.goto(base + path); await page.waitForSelector('h1'); };

// A test is a step: what it throws is its failure, and the others go on.
async function step(what, run) {
	try {
		await run();
		ok(true, what);
	} catch (e) {
		ok(false, what, e.message.split('\n').slice(0, 6).join('\n'), page.url());
		await picture(page, 'failed');
	}
}
const must = (condition, why) => { if (!condition) throw new Error(why); };
const status = (page_, word) => page_.waitForFunction((w) => document.querySelector('h1 .status')?.textContent.includes(w), word, { timeout: 30000 });

await step('without a session a page leads to where one begins', async () => {
	const stranger = await open(browser, base);
	await stranger.goto(`${base}/acme/app/1`);
	must(decodeURIComponent(stranger.url()).endsWith('/-/login?next=/acme/app/1'), stranger.url());
	await stranger.waitForSelector('input[name=token]');
	await stranger.fill('input[name=token]', token);
	await stranger.press('input[name=token]', 'Enter');
	await stranger.waitForURL(`${base}/acme/app/1`);
	await stranger.waitForSelector('h1 .status');
	await stranger.context().close();
});
await step('a link of mci login --browser begins one, once', async () => {
	const link = sh(`${steps} link`).trim();
	const ticket = link.split('#ticket=')[1];
	const guest = await open(browser, base);
	await guest.goto(link);
	await guest.waitForURL(`${base}/`);
	await guest.waitForSelector('.figure');
	must(!guest.url().includes(ticket), 'the ticket stays in the address');
	await guest.context().close();
	const again = await open(browser, base);
	await again.goto(link);
	await again.waitForSelector('.message.bad');
	await again.context().close();
});

await step('the dashboard shows a card a repository, with its builds', async () => {
	await go('/');
	await page.waitForSelector('.card .strip a');
	must((await text('.card h2')) === 'acme/app', await text('.card h2'));
	await picture(page, 'dashboard');
});
await step('a build that is triggered elsewhere appears by itself', async () => {
	const before = await page.locator('.card .strip a').count();
	sh(`${steps} trigger`);
	await page.waitForFunction((n) => document.querySelectorAll('.card .strip a').length > n, before, { timeout: 20000 });
});
await step('one is triggered from the form, with params, and followed live to its failure', async () => {
	await go('/acme/app/-/trigger');
	await page.fill('textarea[name=more]', 'GREETING=hi there');
	await picture(page, 'trigger');
	await page.click('button.main');
	await page.waitForURL(/\/acme\/app\/\d+$/);
	await status(page, 'failure');
	await page.waitForSelector('td:has-text("exit status 3")');
	await picture(page, 'build-failed');
});
const failed = new URL(page.url()).pathname;
await step('its graph, waterfall, tests, annotations, plan and events', async () => {
	for (const [tab, selector] of [['Graph', '.graph .box'], ['Waterfall', '.waterfall .bar i'], ['Tests', 'td:has-text("sums two")'],
		['Annotations', '.message.bad:has-text("no such thing")'], ['Plan', '#panel pre'], ['Events', '#panel pre:has-text("build/end")']]) {
		await page.getByRole('tab', { name: tab, exact: true }).click();
		await page.waitForSelector(selector);
		await picture(page, `build-${tab.toLowerCase()}`);
	}
	await page.getByRole('tab', { name: 'Tests', exact: true }).click();
	must((await text('#panel tbody tr td')) === 'fail', 'the failed test is not the first');
});
await step('its log: the first error, a link to lines, a search', async () => {
	await go(`${failed}/bad/log`);
	await page.waitForSelector('.log-row');
	await page.getByRole('button', { name: 'First error' }).click();
	await page.waitForSelector('.log-row.found:has-text("error: it broke")');
	await page.locator('.log-row.found .number').click();
	must(/#L\d+$/.test(page.url()), page.url());
	const line = Number(/#L(\d+)$/.exec(page.url())[1]);
	await page.goto(`${base}${failed}/bad/log#L${line - 1}-L${line}`);
	await page.reload();
	await page.waitForSelector(`#L${line}.marked`);
	must(await page.locator('.log-row.marked').count() === 2, 'two lines are not marked');
	await page.fill('input[name=q]', 'line 777');
	await page.press('input[name=q]', 'Enter');
	await page.waitForSelector('.log-row.found:has-text("line 777")');
	await picture(page, 'log');
	must(await page.locator('.log-row .a-f1').count() >= 0, 'colours');
});
await step('colours, a progress bar as its last state, and a folded section', async () => {
	await go(`${failed}/good/log`);
	await page.waitForSelector('.log-row .a-f2:has-text("green")');
	must(!(await text('.log-window')).includes('50%'), 'an older state of a progress bar is shown');
	must((await text('.log-window')).includes('100%'), 'the last state is missing');
	await page.waitForSelector('button.fold');
	const before = await page.locator('.log-row').count();
	await page.click('button.fold');
	await page.waitForFunction((n) => document.querySelectorAll('.log-row').length < n, before);
});
await step('what failed is run again', async () => {
	await go(failed);
	await page.getByRole('button', { name: 'Run what failed', exact: true }).click();
	await page.waitForURL((url) => url.pathname !== failed);
	await status(page, 'failure');
});
await step('a blocked job is let go on, and a build canceled', async () => {
	const name = sh(`${steps} gate`).trim();
	await go(`/${name}`);
	await page.getByRole('button', { name: 'Continue', exact: true }).first().click({ timeout: 30000 });
	await page.waitForSelector('tr:has-text("after") .s-running', { timeout: 30000 });
	await page.getByRole('button', { name: 'Cancel', exact: true }).click();
	await status(page, 'canceled');
});
await step('a log is followed live, lets go when the reader scrolls up, and survives a restart of the server', async () => {
	const name = sh(`${steps} slow`).trim();
	await page.goto(`${base}/${name}/talk/log`);
	await page.waitForFunction(() => /line 5\d\d/.test(document.querySelector('.log-window')?.innerText ?? ''), null, { timeout: 30000 });
	must(await page.getByRole('button', { name: 'Follow' }).getAttribute('aria-pressed') === 'true', 'it does not follow');
	await page.locator('.log-box').hover();
	await page.mouse.wheel(0, -600);
	await page.waitForFunction(() => [...document.querySelectorAll('button')].find((b) => b.textContent === 'Follow').getAttribute('aria-pressed') === 'false');
	sh(`${steps} kill-api`);
	await page.getByRole('button', { name: 'Follow' }).click();
	sh(`touch ${steps}.go`);
	await page.waitForFunction(() => document.querySelector('.log-window')?.innerText.includes('the end'), null, { timeout: 40000 });
	await page.waitForFunction(() => document.getElementById('banner').hidden, null, { timeout: 20000 });
});
await step('everything has its words for a terminal', async () => {
	for (const [path, words] of [['/acme/app', 'mci ls acme/app'], [failed, `mci show ${failed.slice(1)}`], [`${failed}/bad/log`, `mci log ${failed.slice(1)}/bad`], ['/acme/app/-/trigger', 'mci trigger acme/app']]) {
		await go(path);
		await page.locator('.command summary').first().click();
		await page.waitForSelector(`.command pre:has-text("${words}")`);
		await page.waitForSelector('.command pre:has-text("curl -H")');
	}
	await go(failed);
	await page.getByRole('button', { name: 'Run what failed: the command' }).click();
	await page.waitForSelector(`div.how pre:has-text("mci rerun ${failed.slice(1)} --failed")`);
	await page.waitForSelector(`div.how pre:has-text("curl -H")`);
});
await step('by keyboard alone', async () => {
	await go('/');
	await page.keyboard.press('?');
	await page.waitForSelector('dialog:has-text("next link in the list")');
	await page.keyboard.press('Escape');
	await page.keyboard.press('j');
	await page.keyboard.press('Enter');
	await page.waitForURL(/acme\/\w+$/);
	await page.waitForSelector('td a.first');
	await page.keyboard.press('j');
	await page.keyboard.press('Enter');
	await page.waitForURL(/acme\/\w+\/\d+$/);
	await page.waitForSelector('h1 .status');
	await page.keyboard.press('g');
	await page.keyboard.press('q');
	await page.waitForURL(`${base}/-/queue`);
});

await step('nothing that a build says runs, or leaves the page', async () => {
	const name = sh(`${steps} hostile`).trim();
	for (const path of ['/', '/acme/app', `/${name}`, `/${name}/evil`, `/${name}/evil/log`, '/-/queue', '/-/wallboard', '/acme', '/acme/-/params']) {
		await go(path);
		for (const tab of await page.getByRole('tab').all()) {
			await tab.click();
			await page.waitForTimeout(50);
		}
		must(await page.evaluate(() => !window.evil && !document.querySelector('main script, main iframe, main img[src*="evil"], main style')), `${path}: it got in`);
		for (const href of await page.locator('main a[href]').evaluateAll((links) => links.map((a) => a.href)))
			must(href.startsWith(base), `${path}: ${href}`);
	}
});
await step('serious findings of axe on no page', async () => {
	const pages = ['/', '/acme', '/acme/app', failed, `${failed}/bad`, `${failed}/bad/log`, '/acme/app/-/trigger', '/acme/app/-/trends', '/acme/app/-/settings', '/acme/-/params', '/-/queue', '/-/wallboard', '/-/login'];
	const found = [];
	for (const path of pages) {
		await go(path);
		await page.waitForTimeout(100);
		found.push(...(await accessible(page)).map((f) => `${path}: ${f}`));
		await picture(page, `page${path.replaceAll('/', '-')}`);
	}
	must(!found.length, found.join('\n'));
});
is(page.troubles, [], 'no script failed, no policy was broken, nothing was asked of another host');

for (const [what, options] of [['on a phone', { width: 360, height: 640 }], ['in the dark', { dark: true }]])
	await step(what, async () => {
		page = await open(browser, base, { token, ...options });
		for (const path of ['/', '/acme/app', failed, `${failed}/bad/log`, '/acme/app/-/trigger']) {
			await go(path);
			await page.waitForTimeout(100);
			const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
			must(wide <= 0, `${path} is ${wide} pixels too wide`);
			const found = await accessible(page);
			must(!found.length, `${path}: ${found.join('\n')}`);
			await picture(page, `${what.replaceAll(' ', '-')}${path.replaceAll('/', '-')}`);
		}
		must(!page.troubles.length, page.troubles.join('\n'));
	});
await step('without scripts lists, builds and logs can be read', async () => {
	page = await open(browser, base, { token, script: false });
	await page.goto(`${base}/acme/app`);
	must((await text('main')).includes('failure'), 'no list');
	await page.goto(base + failed);
	must((await text('main')).includes('bad'), 'no build');
	await page.goto(`${base}${failed}/bad/log`);
	must((await text('main')).includes('error: it broke'), 'no log');
});
await browser.close();
finish();
