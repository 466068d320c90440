// steps: what the tests in a browser have in common: node TEST.mjs BASE TOKEN STEPS, where STEPS is a program that does what
// is done outside of the browser.
import { execFileSync } from 'node:child_process';
import { open, picture, start } from './browser.mjs';
import { ok } from './tap.mjs';

export const [, , base, token, program] = process.argv;
export const sh = (...words) => execFileSync(program, words, { encoding: 'utf8' }).trim();
export const browser = await start();
export const must = (condition, why) => { if (!condition) throw new Error(why); };

// The page that step's pictures are of.
let shown;

export async function fresh(options = {}) {
	shown = await open(browser, base, { token, ...options });
	return shown;
}

export async function go(page, path) {
	await page.goto(base + path);
	await page.waitForSelector('h1');
}

export const text = (page, selector) => page.locator(selector).first().innerText();
export const press = (page, name) => page.getByRole('button', { name, exact: true }).first().click();
export const tab = (page, name) => page.getByRole('tab', { name, exact: true }).click();

// A build's, or job's, status as its page tells it.
export const status = (page, word) =>
	page.waitForFunction((w) => document.querySelector('h1 .status')?.textContent.includes(w), word, { timeout: 30000 });

// What it throws is its failure, and the others go on.
export async function step(what, run) {
	try {
		await run();
		ok(true, what);
	} catch (e) {
		ok(false, what, e.message.split('\n').slice(0, 6).join('\n'), shown?.url());
		if (shown && !shown.isClosed())
			await picture(shown, 'failed');
	}
}
