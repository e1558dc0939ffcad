/**
 * A real worker that comes because a task waits: its live log is followed while the task runs, from the worker itself, and then
 * read from where it is stored; and the page of its pool says why it came.
 */
import assert from 'node:assert/strict';
import { assertClean, checkAccessibility, newContext, newPage, signIn } from '../browser.mjs';
import { definition, Drover, slug } from '../drover.mjs';

const SCRIPT = 'for i in 1 2 3 4; do echo "line $i of the task"; sleep 1; done; echo "error: the end is bad"; exit 1';

export default async function worker({ browser, shot }) {
  const drover = await Drover.start(['--workers', 'auto']);
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
    await whyItCame(page, drover, shot);
    assertClean(page);
    await context.close();
  } finally {
    await drover.stop();
  }
}

async function whyItCame(page, drover, shot) {
  await page.goto(`${drover.rootUrl}/worker-manager/local%2Fworker`);
  const decisions = page.getByRole('table', { name: 'Decisions' });
  await decisions.getByText('1 machine for 1 pending tasks').first().click();
  await decisions.getByText('chosen').first().waitFor();
  await checkAccessibility(page);
  await shot(page, 'pool');
  await page.getByRole('button', { name: 'Pause for an hour' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Pause for an hour' }).click();
  await page.getByText('paused on the page').waitFor();
  await page.getByRole('button', { name: 'Resume' }).click();
  await page.getByRole('button', { name: 'Pause for an hour' }).waitFor();
}
