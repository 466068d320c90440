// The whole way: from a session over a failure to its log, run again, let go on, canceled, while the server is restarted.
import { readFileSync } from 'node:fs';
import { picture } from './browser.mjs';
import { base, browser, fresh, go as goTo, must, press, sh, status, step, tab, text as textOf, token } from './steps.mjs';
import { finish, is } from './tap.mjs';

const page = await fresh();
const go = (path) => goTo(page, path);
const text = (selector) => textOf(page, selector);

await step('without a session a page leads to where one begins', async () => {
	const stranger = await fresh({ token: '' });
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
	const link = sh('link');
	const ticket = link.split('#ticket=')[1];
	const guest = await fresh({ token: '' });
	await guest.goto(link);
	await guest.waitForURL(`${base}/`);
	await guest.waitForSelector('.figure');
	must(!guest.url().includes(ticket), 'the ticket stays in the address');
	await guest.context().close();
	const again = await fresh({ token: '' });
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
	sh('trigger', 'app');
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
	for (const [name, selector] of [['Graph', '.graph .box'], ['Waterfall', '.waterfall .bar i'], ['Tests', 'td:has-text("sums two")'],
		['Annotations', '.message.bad:has-text("no such thing")'], ['Plan', '#panel pre'], ['Events', '#panel pre:has-text("build/end")']]) {
		await tab(page, name);
		await page.waitForSelector(selector);
		await picture(page, `build-${name.toLowerCase()}`);
	}
	await tab(page, 'Tests');
	must((await text('#panel tbody tr td')) === 'fail', 'the failed test is not the first');
});
await step('its log: the first error, a link to lines, a search', async () => {
	await go(`${failed}/bad/log`);
	await page.waitForSelector('.log-row');
	await press(page, 'First error');
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
await step('what jobs have left: their files, each of them, and archives', async () => {
	await go(`${failed}#tab=Artifacts`);
	await page.waitForSelector('.artifact:has-text("report")');
	await page.locator('.artifact summary').click();
	await page.waitForSelector('.artifact td a:has-text("report/sub/numbers")');
	await picture(page, 'build-artifacts');
	const [file] = await Promise.all([page.waitForEvent('download'), page.locator('.artifact td a:has-text("report/a.txt")').click()]);
	must(file.suggestedFilename() === 'a.txt' && readFileSync(await file.path(), 'utf8') === 'first\n', file.suggestedFilename());
	const [archive] = await Promise.all([page.waitForEvent('download'), page.getByRole('link', { name: 'report of good as zip' }).click()]);
	must(/^app-\d+-report\.zip$/.test(archive.suggestedFilename()) && readFileSync(await archive.path()).subarray(0, 2).toString() === 'PK', archive.suggestedFilename());
	await page.getByRole('button', { name: 'report: the command' }).click();
	await page.waitForSelector(`div.how pre:has-text("mci artifact get ${failed.slice(1)}/good report")`);
	await page.waitForSelector('div.how pre:has-text("curl -OJ -H")');
	await go(`${failed}/good`);
	await page.waitForSelector('h2:has-text("Artifacts")');
	await go(`${failed}/artifacts`);
	await page.waitForSelector('h1:has-text("Artifacts of acme/app")');
	await page.waitForSelector('.artifact:has-text("report")');
	await go(`${failed}/late`);
	must(await page.locator('.artifact').count() === 0, 'a job that left nothing shows something');
});
await step('a key finds repositories, builds and artifacts', async () => {
	await go('/');
	await page.keyboard.press('/');
	await page.keyboard.type('rePort');
	await page.waitForSelector('.found a:has-text("report")');
	await picture(page, 'search');
	await page.keyboard.press('Enter');
	await page.waitForSelector('.artifact:has-text("report")');
	await go('/');
	await page.fill('input[name=q]', 'gat');
	await page.waitForSelector('.found a:has-text("acme/gate")');
	await page.fill('input[name=q]', failed.slice(1));
	await page.press('input[name=q]', 'Enter');
	await page.waitForURL(`${base}${failed}`);
});
await step('what failed is run again', async () => {
	await go(failed);
	await press(page, 'Run what failed');
	await page.waitForURL((url) => url.pathname !== failed);
	await status(page, 'failure');
});
await step('a blocked job is let go on, and a build canceled', async () => {
	const name = sh('trigger', 'gate');
	await go(`/${name}`);
	await page.getByRole('button', { name: 'Continue', exact: true }).first().click({ timeout: 30000 });
	await page.waitForSelector('tr:has-text("after") .s-running', { timeout: 30000 });
	await press(page, 'Cancel');
	await status(page, 'canceled');
});
await step('a log is followed live, lets go when the reader scrolls up, and survives a restart of the server', async () => {
	const name = sh('trigger', 'slow');
	await page.goto(`${base}/${name}/talk/log`);
	await page.waitForFunction(() => /line 5\d\d/.test(document.querySelector('.log-window')?.innerText ?? ''), null, { timeout: 30000 });
	must(await page.getByRole('button', { name: 'Follow', exact: true }).getAttribute('aria-pressed') === 'true', 'it does not follow');
	await page.locator('.log-box').hover();
	await page.mouse.wheel(0, -600);
	await page.waitForFunction(() => [...document.querySelectorAll('button')].find((b) => b.textContent === 'Follow').getAttribute('aria-pressed') === 'false');
	sh('kill_api');
	await press(page, 'Follow');
	sh('go_on');
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
is(page.troubles, [], 'no script failed, no policy was broken, nothing was asked of another host');
await browser.close();
finish();
