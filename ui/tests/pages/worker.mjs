/** A real worker: its live log is followed while the task runs, from the worker itself, and then read from where it is stored. */
import assert from 'node:assert/strict';
import { assertClean, newContext, newPage, signIn } from '../browser.mjs';
import { definition, Drover, slug } from '../drover.mjs';

const SCRIPT = 'for i in 1 2 3 4; do echo "line $i of the task"; sleep 1; done; echo "error: the end is bad"; exit 1';

export default async function worker({ browser }) {
  const drover = await Drover.start(['--workers', '1']);
  try {
    const context = await newContext(browser);
    const page = await newPage(context);
    await signIn(page, drover);
    const id = slug();
    const payload = { command: [['sh', '-c', SCRIPT]], maxRunTime: 60 };
    const task = definition(id, 'a real task', { provisionerId: 'local', workerType: 'worker', payload });
    await page.goto(drover.rootUrl);
    await drover.call('PUT', `queue/v1/task/${id}`, task);
    await page.goto(`${drover.rootUrl}/tasks/${id}/log`);
    await page.getByText('line 2 of the task', { exact: true }).waitFor();
    assert.equal(await page.getByText('line 4 of the task', { exact: true }).count(), 0, 'it is read while it grows');
    await page.getByText('error: the end is bad', { exact: true }).waitFor();

    await page.goto(`${drover.rootUrl}/tasks/${id}`);
    await page.locator('.head .state', { hasText: 'failed' }).waitFor();
    await page.getByRole('link', { name: 'Log', exact: true }).click();
    await page.getByText('error: the end is bad', { exact: true }).waitFor();
    assertClean(page);
    await context.close();
  } finally {
    await drover.stop();
  }
}
