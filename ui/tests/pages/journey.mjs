/** By keyboard alone: find the failed task of a group, read its log, run it again. */
import assert from 'node:assert/strict';
import { assertClean, newContext, newPage, signIn } from '../browser.mjs';
import { claim, makeGroup, resolveRun, upload } from '../drover.mjs';

export default async function journey({ browser, drover }) {
  const { group, queue } = await makeGroup(drover, 200);
  const [first] = await claim(drover, 1, queue);
  await upload(drover, first, 'public/logs/live.log', 'all is well\nerror: the linker was not found\n');
  await resolveRun(drover, first, 'failed');

  const context = await newContext(browser);
  const page = await newPage(context);
  await signIn(page, drover);
  const press = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  await page.locator('main').waitFor();
  await press('/');
  await page.keyboard.type(group.slice(0, 12));
  await press('Enter');
  await page.locator('.grid .scroll [role=row]').first().waitFor();
  assert.match(page.url(), new RegExp(`/tasks/groups/${group}`));
  await press('f');
  await page.getByText('1 of 200 tasks').waitFor();
  await press('j', 'Enter');
  await page.locator('.head .state', { hasText: 'failed' }).waitFor();
  await press('o');
  await page.getByText('the linker was not found').waitFor();
  await page.goBack();
  await page.getByRole('button', { name: 'Rerun' }).waitFor();
  await press('r');
  await page.locator('.head .state', { hasText: 'pending' }).waitFor();
  await press('u');
  await page.getByText('200 tasks').waitFor();
  await press('?');
  await page.getByRole('dialog').getByText('Keys and settings').waitFor();
  await press('Escape');
  await page.getByRole('dialog').waitFor({ state: 'detached' });
  await press('Control+k');
  await page.keyboard.type('queues');
  await press('Enter');
  await page.getByRole('heading', { name: 'Queues' }).waitFor();
  assertClean(page);
  await context.close();
}
