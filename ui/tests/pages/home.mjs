/** The start, the queues, and one of them. */
import assert from 'node:assert/strict';
import { assertClean, checkAccessibility, newContext, newPage, signIn } from '../browser.mjs';
import { claimedTask, makeGroup } from '../drover.mjs';

export default async function home({ browser, drover, shot }) {
  await makeGroup(drover, 40);
  const { queue } = await claimedTask(drover, 'it runs');
  const context = await newContext(browser);
  const page = await newPage(context);
  await page.goto(drover.rootUrl);
  // Names and counts, before any click.
  await page.getByRole('link', { name: 'Decision task for push 3f2a' }).first().waitFor();
  await page.getByText(/\d+ pending/).first().waitFor();
  await shot(page, 'home');
  await checkAccessibility(page);

  await page.keyboard.press('g');
  await page.keyboard.press('q');
  await page.getByRole('heading', { name: 'Queues' }).waitFor();
  const row = page.getByRole('row').filter({ hasText: queue });
  await row.waitFor();
  const { pendingTasks, claimedTasks } = await drover.get(`queue/v1/task-queues/${encodeURIComponent(queue)}/counts`);
  // Each waits for its cell: rows are made anew when the order of queues changes.
  const cell = (place) => row.getByRole('cell').nth(place).innerText();
  assert.deepEqual([await cell(1), await cell(3)], [String(pendingTasks), String(claimedTasks)]);
  await checkAccessibility(page);

  await row.getByRole('link').click();
  await page.getByText('tests/worker-1').first().waitFor();
  await page.getByRole('link', { name: 'it runs' }).waitFor();
  await checkAccessibility(page);
  assert.equal(await page.getByRole('button', { name: 'Quarantine' }).getAttribute('aria-disabled'), 'true');
  await signIn(page, drover);
  await page.goto(`${drover.rootUrl}/queues/${encodeURIComponent(queue)}`);
  await page.getByRole('button', { name: 'Quarantine' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Quarantine' }).click();
  await page.getByRole('button', { name: 'Release' }).click();
  await page.getByRole('button', { name: 'Quarantine' }).waitFor();
  await narrow(page, drover);
  assertClean(page);
  await context.close();
}

/** 320 pixels, which is also 200 % of 640: nothing is scrolled sideways. */
async function narrow(page, drover) {
  await page.setViewportSize({ width: 320, height: 640 });
  for (const path of ['/', '/queues', '/tasks/create', '/login', '/auth/scopes']) {
    await page.goto(drover.rootUrl + path);
    await page.locator('main h1').waitFor({ state: 'attached' });
    const [width, view] = await page.evaluate(() => [document.documentElement.scrollWidth, innerWidth]);
    assert.ok(width <= view, `${path} is ${width} wide in ${view}`);
  }
}
