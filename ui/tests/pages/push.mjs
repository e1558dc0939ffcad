/** A push as Treeherder shows it. */
import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { assertClean, checkAccessibility, newContext, newPage, signIn } from '../browser.mjs';
import { claim, makeGroup, resolveRun } from '../drover.mjs';

const PLATFORMS = ['linux64', 'win64', 'macos'];

function treeherder(index) {
  const [groupSymbol, symbol] = index % 3 ? ['T', `t${index}`] : ['?', `B${index}`];
  return { machine: { platform: PLATFORMS[index % 3] }, collection: { opt: true }, groupSymbol, symbol, tier: 1, jobKind: 'build' };
}

export default async function push({ browser, drover, shot }) {
  const revision = randomBytes(20).toString('hex');
  const more = (index) => ({ routes: [`tc-treeherder.v2.example.${revision}.1`], extra: { treeherder: treeherder(index) } });
  const { queue } = await makeGroup(drover, 30, more);
  const [one, other, third] = await claim(drover, 3, queue);
  await resolveRun(drover, one, 'failed');
  await resolveRun(drover, other);

  const context = await newContext(browser);
  const page = await newPage(context);
  await signIn(page, drover);
  await page.goto(`${drover.rootUrl}/push/example/${revision}`);
  const failed = page.getByRole('button', { name: /testfailed 1|busted 1/ });
  await failed.waitFor();
  assert.equal(await page.getByRole('rowheader').count(), 3);
  await shot(page, 'push');
  await checkAccessibility(page);
  await page.keyboard.press('j');
  await page.locator('.note').getByText(/testfailed|busted/).waitFor();
  await resolveRun(drover, third);
  await page.getByRole('button', { name: 'success 2' }).waitFor();
  await failed.click();
  assert.equal(await page.locator('button.job').count(), 1);
  await page.keyboard.press('Enter');
  await page.locator('.head .state', { hasText: 'failed' }).waitFor();
  assertClean(page);
  await context.close();
}
