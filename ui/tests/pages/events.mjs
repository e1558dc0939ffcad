/** The explorer of events. */
import assert from 'node:assert/strict';
import { assertClean, checkAccessibility, newContext, newPage } from '../browser.mjs';
import { claim, makeGroup, resolveRun } from '../drover.mjs';

const rows = (page) => page.locator('.grid .scroll .row');

export default async function events({ browser, drover, shot }) {
  const context = await newContext(browser);
  const page = await newPage(context);
  await page.goto(`${drover.rootUrl}/events?exchanges=task-running,task-completed`);
  await page.getByText('Nothing has happened').waitFor();
  await page.getByText('0 since this page was opened').waitFor();
  const { queue } = await makeGroup(drover, 30);
  const claims = await claim(drover, 20, queue);
  for (const it of claims) await resolveRun(drover, it);
  await page.getByText('40 since this page was opened').waitFor();
  assert.match(await rows(page).first().innerText(), /task-completed/, 'the newest is first');
  await rows(page).first().click();
  await page.getByLabel('Payload').getByText('"completed"').first().waitFor();
  await shot(page, 'events');
  await checkAccessibility(page);

  // Back by id, and what comes waits while it is paused: the same events, none lost and none twice.
  const ids = async () => (await rows(page).allInnerTexts()).map((it) => Number(it.split('\n')[0]));
  const before = await ids();
  await page.getByRole('button', { name: 'Pause' }).click();
  await page.getByLabel('From event id').fill(String(before.at(-1) - 1));
  await page.keyboard.press('Enter');
  await page.getByRole('button', { name: `Go on (${before.length} wait)` }).click();
  await rows(page).first().waitFor();
  assert.deepEqual(await ids(), before);
  assertClean(page);
  await context.close();
}
