// browser: Debian's Chromium, driven for the tests of the page; everything that goes wrong in it is kept, so that a
// test can say that nothing did.
import { createRequire } from 'node:module';
import { mkdirSync } from 'node:fs';

export const modules = process.env.MODULES;
const require = createRequire(`${modules}/`);
const { chromium } = require('playwright-core');
export const axeSource = require('axe-core').source;

// As root there is no sandbox; the others keep it from asking anybody outside.
const OPTIONS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking',
	'--disable-component-update', '--disable-sync', '--disable-dev-shm-usage'];

export async function start() {
	return chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: OPTIONS });
}

// A page with a session of its own. troubles: errors of scripts and of the policy, and requests to other hosts.
export async function open(browser, base, { token, width = 1280, height = 800, dark = false, script = true } = {}) {
	const context = await browser.newContext({ viewport: { width, height }, colorScheme: dark ? 'dark' : 'light', javaScriptEnabled: script, reducedMotion: 'reduce' });
	if (token) {
		const answer = await context.request.post(`${base}/api/v1/session`, { headers: { Authorization: `Bearer ${token}` } });
		if (!answer.ok())
			throw new Error(`no session: ${answer.status()} ${await answer.text()}`);
	}
	const page = await context.newPage();
	page.setDefaultTimeout(15000);
	page.troubles = [];
	page.on('pageerror', (e) => page.troubles.push(`script: ${e.message}`));
	page.on('dialog', (d) => { page.troubles.push(`dialog: ${d.message()}`); d.dismiss(); });
	page.on('console', (m) => { if (/Content Security Policy|Refused/.test(m.text())) page.troubles.push(`policy: ${m.text()}`); });
	page.on('request', (r) => { if (!r.url().startsWith(base) && !r.url().startsWith('data:')) page.troubles.push(`elsewhere: ${r.url()}`); });
	return page;
}

// What axe finds that is serious or worse, in a line each.
export async function accessible(page) {
	// by the debugger, as the page's policy lets no other script in
	await page.evaluate(axeSource);
	const { violations } = await page.evaluate(() => window.axe.run(document, { resultTypes: ['violations'] }));
	return violations.filter((v) => ['serious', 'critical'].includes(v.impact))
		.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.html.slice(0, 120)).join(' | ')}`);
}

let shots = 0;
export async function picture(page, name) {
	const folder = process.env.PICTURES;
	if (!folder)
		return;
	mkdirSync(folder, { recursive: true });
	await page.screenshot({ path: `${folder}/${String(++shots).padStart(2, '0')}-${name}.png` });
}
