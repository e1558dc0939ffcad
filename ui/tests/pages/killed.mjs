/** The server is killed while it is looked at: the page says so, and is right again by itself. */
import assert from 'node:assert/strict';
import { assertClean, newContext, newPage } from '../browser.mjs';
import { claim, Drover, makeGroup, resolveRun } from '../drover.mjs';

export default async function killed({ browser }) {
  // One of its own: others are not to be disturbed.
  const drover = await Drover.start();
  try {
    const { group, queue } = await makeGroup(drover, 50);
    const context = await newContext(browser);
    const page = await newPage(context);
    await page.goto(`${drover.rootUrl}/tasks/groups/${group}`);
    const [one, other] = await claim(drover, 2, queue);
    await resolveRun(drover, one);
    await page.getByRole('button', { name: /completed 1/ }).waitFor();

    await drover.kill();
    await page.getByText('Drover cannot be reached').waitFor();
    assert.ok(await page.locator('.grid .scroll [role=row]').count(), 'what was there is still shown');
    await drover.run();
    await resolveRun(drover, other, 'failed');
    await page.getByText('Drover cannot be reached').waitFor({ state: 'detached', timeout: 40_000 });
    await page.getByRole('button', { name: /failed 1/ }).waitFor();
    assertClean(page);
    await context.close();
  } finally {
    await drover.stop();
  }
}
