// By keyboard alone, by thumb, without scripts; what people change; and what they are told when something is not so.
import { picture } from './browser.mjs';
import { base, browser, fresh, go, must, press, sh, status, step, tab, text, token } from './steps.mjs';
import { finish, is } from './tap.mjs';

const first = sh('ended', 'app');
let page = await fresh();
const troubles = [];
// Another reader begins; what went wrong for the last one is kept.
const reader = async (options) => {
	troubles.push(...page.troubles);
	await page.context().close();
	page = await fresh(options);
};
const keys = async (...list) => { for (const key of list) await page.keyboard.press(key); };
const at = (pattern) => page.waitForURL(pattern).then(() => page.waitForSelector('main:not([aria-busy]) h1'));
const told = (words) => page.waitForSelector(`main >> text=${words}`);

await step('by keyboard alone: from the session to a failure, its first error, run again, and canceled', async () => {
	await reader({ token: '' });
	await page.goto(`${base}/-/login`);
	await page.waitForSelector('input[name=token]');
	await keys('/');
	await page.keyboard.type(token);
	await keys('Enter');
	await at(`${base}/`);
	await keys('?');
	await page.waitForSelector('dialog:has-text("next link in the list")');
	await keys('Escape');
	await page.waitForSelector('dialog', { state: 'detached' });
	while (await page.evaluate(() => document.activeElement.textContent) !== 'acme/app')
		await keys('j');
	await keys('Enter');
	await at(/acme\/app$/);
	await keys('t');
	await at(/-\/trigger$/);
	await keys('/');
	await page.keyboard.type('main');
	await keys('Enter');
	await at(/acme\/app\/\d+$/);
	await status(page, 'failure');
	await page.waitForSelector('tr:has-text("bad") .s-failure');
	while (await page.evaluate(() => document.activeElement.textContent) !== 'bad')
		await keys('j');
	await keys('Enter');
	await at(/\/bad$/);
	await keys('l');
	await at(/\/bad\/log$/);
	await page.waitForSelector('.log-row');
	await keys('e');
	await page.waitForSelector('.log-row.found:has-text("error: it broke")');
	await keys('b');
	await at(/acme\/app\/\d+$/);
	await keys('f');
	await page.waitForFunction((old) => location.pathname !== old, new URL(page.url()).pathname);
	await status(page, 'failure');
	await page.goto(`${base}/${sh('trigger', 'gate')}`);
	await page.waitForSelector('tr:has-text("blocked")', { timeout: 30000 });
	await keys('j', 'Enter');
	await at(/\/gate$/);
	await keys('u');
	await status(page, 'success');
	await keys('b');
	await at(/gate\/\d+$/);
	await page.waitForSelector('tr:has-text("after") .s-running', { timeout: 30000 });
	await keys('c');
	await status(page, 'canceled');
});
await step('each control can be reached by Tab, and shows that it is', async () => {
	await go(page, `/${first}`);
	const seen = new Set();
	for (let i = 0; i < 60; i++) {
		await keys('Tab');
		seen.add(await page.evaluate(() => {
			const e = document.activeElement;
			return e === document.body ? '' : getComputedStyle(e).outlineStyle !== 'none' || e.matches('.skip') ? e.textContent.trim() || e.tagName : `no focus: ${e.outerHTML.slice(0, 80)}`;
		}));
	}
	for (const word of ['To the page', 'Dashboard', 'Run again', 'Run what failed', 'Jobs', 'bad'])
		must(seen.has(word), `${word} is not reached: ${[...seen].join(', ')}`);
	must(![...seen].some((word) => word.startsWith('no focus')), [...seen].join('\n'));
});

await step('a build is run again with another param, or from a job on', async () => {
	await go(page, `/acme/app/-/trigger?of=${sh('ended', 'app', '-p', 'GREETING=hi')}`);
	must((await text(page, 'textarea[name=more]')) === 'GREETING=hi' || await page.inputValue('textarea[name=more]') === 'GREETING=hi', 'the params of the build are not there');
	await page.fill('textarea[name=more]', 'GREETING=ho');
	await page.selectOption('select[name=from]', 'bad');
	await press(page, 'Run it again');
	await page.waitForURL(/acme\/app\/\d+$/);
	await status(page, 'failure');
	must((await text(page, 'dl.facts')).includes('GREETING=ho'), 'its params are not shown');
	await tab(page, 'Plan');
	await page.waitForSelector('#panel pre:has-text("it broke")');
});
await step('declared params have fields of their type, and what would run is shown', async () => {
	await go(page, '/acme/asks/-/trigger');
	must(await page.inputValue('select[name=p-level]') === 'fast', 'no choice');
	must(await page.locator('input[name=p-count]').getAttribute('type') === 'number', 'no number');
	must(!await page.isChecked('input[name=p-loud]'), 'no check box');
	await page.selectOption('select[name=p-level]', 'slow');
	await page.check('input[name=p-loud]');
	await page.waitForSelector('li:has-text("says")');
	await press(page, 'Start the build');
	await page.waitForURL(/acme\/asks\/\d+$/);
	await status(page, 'success');
	await page.goto(`${page.url()}/says/log`);
	await page.waitForSelector('.log-row:has-text("slow 3 true")');
});
await step('each attempt of a job has its time and log; its outputs, slowest tests and definition', async () => {
	const name = sh('ended', 'tries');
	await go(page, `/${name}/tries`);
	await told('attempt 2');
	await told('VERSION');
	await page.waitForSelector('h2:has-text("Slowest tests")');
	await page.waitForSelector('pre:has-text("MCI_ATTEMPT")');
	await page.getByRole('link', { name: 'log of attempt 1' }).click();
	await page.waitForSelector('.log-row:has-text("this is attempt 1")');
	await page.getByRole('link', { name: '2', exact: true }).click();
	await page.waitForSelector('.log-row:has-text("this is attempt 2")');
	await go(page, `/${name}#tab=Waterfall`);
	must(await page.locator('.waterfall .bar').first().locator('i.s-failure, i.s-success').count() === 2, 'no two attempts');
});
await step('how a list is sorted, and which tab is open, survives a reload', async () => {
	await go(page, `/${first}`);
	await press(page, 'Job');
	await press(page, 'Job');
	const names = () => page.locator('tbody a.first').allInnerTexts();
	must(`${await names()}` === 'late,good,bad', `${await names()}`);
	await page.reload();
	await page.waitForSelector('th[aria-sort=descending]');
	must(`${await names()}` === 'late,good,bad', `${await names()} after the reload`);
	await tab(page, 'Graph');
	await page.reload();
	await page.waitForSelector('.graph .box');
});
await step('settings of a repository are changed, and the command is that which does it', async () => {
	await go(page, '/acme/app/-/settings');
	await page.fill('textarea[name=labels]', 'team=core\nlang=c');
	await page.fill('input[name=max-builds]', '7');
	await page.getByRole('button', { name: 'Save: the command' }).click();
	await page.waitForSelector(`div.how pre:has-text("mci repo put acme/app 'labels:={\\"team\\":\\"core\\",\\"lang\\":\\"c\\"}' max-builds:=7")`);
	await keys('Escape');
	await press(page, 'Save');
	await told('Saved.');
	must(sh('repo', 'app').includes('"max-builds":7') && sh('repo', 'app').includes('"team":"core"'), sh('repo', 'app'));
	await page.reload();
	must(await page.inputValue('textarea[name=labels]') === 'lang=c\nteam=core', 'the labels are not there');
	await go(page, '/acme#group=team');
	await page.waitForSelector('h2:has-text("core")');
	await page.waitForSelector('h2:has-text("without team")');
});
await step('params, keys and tokens are made and removed, and no value is shown', async () => {
	await reader({ token: sh('admin') });
	await go(page, '/acme/-/params');
	await page.locator('summary:has-text("Add or change a param")').click();
	await page.fill('section:has-text("Params") input[name=name]', 'PASSWORD');
	await page.fill('textarea[name=value]', 'hidden-value');
	await page.fill('section:has-text("Params") textarea[name=only]', 'team=core, lang=c\nteam=other');
	await press(page, 'Add the param');
	await told('lang is c and team is core, or team is other');
	must(!(await page.content()).includes('hidden-value'), 'the value is in the page');
	must(sh('params').includes('"name":"PASSWORD"'), sh('params'));
	await page.locator('summary:has-text("Add or change a token")').click();
	await page.fill('section:has-text("Tokens") input[name=name]', 'reader');
	await press(page, 'Add the token');
	await told('which is told this once');
	await page.getByTitle('remove PASSWORD').click();
	must(sh('params').includes('PASSWORD'), 'one press removes');
	await page.getByTitle('remove PASSWORD').click();
	await page.waitForSelector('td:has-text("PASSWORD")', { state: 'detached' });
	await picture(page, 'params');
});
await step('why a build waits is told', async () => {
	const name = sh('trigger', 'picky');
	await go(page, '/-/queue');
	await page.waitForSelector(`tr:has-text("${name}"):has-text("no agent that is there has os=plan9")`);
	await picture(page, 'queue');
	await go(page, `/${name}`);
	await press(page, 'Cancel');
	await status(page, 'canceled');
});
await step('an organisation without repositories says what to do', async () => {
	await go(page, '/empty');
	await page.waitForSelector('pre:has-text("mci repo put empty/NAME")');
	await picture(page, 'guide');
	const words = await page.locator('.guide pre code').allInnerTexts();
	must(words.length === 4, `${words.length} steps`);
	must(/empty\/first\/1\s+success/.test(sh('guided', words.join('\n').replaceAll('NAME', 'first'))), 'the steps lead to no build');
	await page.reload();
	await page.waitForSelector('.card:has-text("first") .s-success');
});

await step('who has no right is told so, and sees nothing of others', async () => {
	await reader({ token: sh('reader') });
	await go(page, `/${first}`);
	await press(page, 'Run again');
	await page.waitForSelector('.action .s-failure:has-text("token")');
	await page.goto(`${base}/other/app/1`);
	await told('you have no right to see it');
	await page.goto(`${base}/acme/app/99999`);
	await told('There is nothing here');
	await page.goto(`${base}/${first}/none`);
	await told('has no job none');
});
await step('a log that is not kept any more, or not whole, is told so', async () => {
	await reader();
	await page.route('**/log/index*', async (route) => {
		const answer = await route.fetch();
		await route.fulfill({ response: answer, json: { ...await answer.json(), truncated: true } });
	});
	await go(page, `/${first}/bad/log`);
	await told('bytes are missing at its end');
	await page.unroute('**/log/index*');
	const name = sh('ended', 'app');
	sh('forget', name);
	await page.goto(`${base}/${name}/bad/log`);
	await told('it is not kept any more');
});
await step('while the server is gone the page says so; what was missed comes when it is back', async () => {
	await go(page, '/acme/app');
	const before = await page.locator('tbody tr').count();
	sh('stop_server');
	await page.waitForSelector('#banner:not([hidden])', { timeout: 20000 });
	must((await text(page, '#banner')).includes('does not answer'), await text(page, '#banner'));
	must(await page.locator('tbody tr').count() === before, 'what was shown is gone');
	await picture(page, 'gone');
	sh('start_server');
	sh('ended', 'tries');
	const name = sh('ended', 'app');
	await page.waitForSelector('#banner', { state: 'hidden', timeout: 30000 });
	await page.waitForSelector(`a[href="/${name}"]`, { timeout: 30000 });
});

await step('on a phone: a build is started, its failure read', async () => {
	await reader({ width: 360, height: 640 });
	await go(page, '/');
	await page.getByRole('link', { name: 'acme/app', exact: true }).click();
	await page.getByRole('link', { name: 'Trigger a build' }).click();
	await press(page, 'Start the build');
	await page.waitForURL(/acme\/app\/\d+$/);
	await status(page, 'failure');
	await page.locator('tr:has-text("bad") a:has-text("log")').click();
	await page.waitForSelector('.log-row');
	await press(page, 'First error');
	await page.waitForSelector('.log-row.found');
	await picture(page, 'phone');
});
await step('without scripts one goes from the list to a build, its log, and back', async () => {
	await reader({ script: false });
	await page.goto(`${base}/acme/app`);
	must((await text(page, 'main')).includes('failure'), 'no list');
	await page.getByRole('link', { name: first.split('/')[2], exact: true }).click();
	must((await text(page, 'main')).includes(first), 'no build');
	await page.getByRole('link', { name: 'bad' }).click();
	must((await text(page, 'main')).includes('error: it broke'), 'no log');
	await page.getByRole('link', { name: 'app', exact: true }).click();
	must((await text(page, 'main')).includes('failure'), 'no way back');
});
is([...troubles, ...page.troubles], [], 'no script failed, no policy was broken, nothing was asked of another host');
await browser.close();
finish();
