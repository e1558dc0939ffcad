/** A real Chromium, in which every violation of the security policy and every error of the page is a failure. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import assert from 'node:assert/strict';
import { chromium } from 'playwright-core';

const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';

export async function launch() {
  return chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-dev-shm-usage'] });
}

/** Errors that tests make on purpose: the browser reports refused and failed requests by itself. */
const EXPECTED = /Failed to load resource|net::ERR_/;

export const newPage = async (context) => watched(await context.newPage());

/** Also a page that another one has opened. */
export function watched(page) {
  page.problems = [];
  page.on('pageerror', (error) => page.problems.push(`page error: ${error.stack ?? error}`));
  page.on('console', (message) => {
    if (message.type() === 'error' && !EXPECTED.test(message.text())) page.problems.push(message.text());
  });
  return page;
}

export async function newContext(browser, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 720 }, reducedMotion: 'reduce', ...options });
  await context.addInitScript(() => {
    addEventListener('securitypolicyviolation', (event) => console.error(`policy: ${event.violatedDirective} ${event.blockedURI}`));
  });
  context.setDefaultTimeout(15_000);
  return context;
}

export function assertClean(page) {
  assert.deepEqual(page.problems, [], `problems on ${page.url()}`);
}

/** No violation in light and in dark. */
export async function checkAccessibility(page) {
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    await page.evaluate(axe);
    const found = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ['violations'] }));
    const violations = found.violations.map((it) => `${it.id}: ${it.help}\n  ${it.nodes.slice(0, 3).map((node) => `${node.html}\n  ${node.failureSummary}`).join('\n  ')}`);
    assert.deepEqual(violations, [], `accessibility of ${page.url()} in ${colorScheme}`);
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

export async function signIn(page, drover) {
  await page.goto(await drover.link());
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
}
