/** The page of a task, and its explanation. */
import assert from 'node:assert/strict';
import { assertClean, checkAccessibility, newContext, newPage, signIn } from '../browser.mjs';
import { claim, claimedTask, definition, resolveRun, slug, upload } from '../drover.mjs';

export default async function task({ browser, drover, shot }) {
  const { id, run } = await claimedTask(drover, 'build-linux64/opt', { tags: { kind: 'build', platform: 'linux64' } });
  await upload(drover, run, 'public/logs/live.log', 'hello\nerror: it broke\n');
  await upload(drover, run, 'public/page.html', '<script>fetch("/api/drover/v1/session")</script>', 'text/html');
  const dependent = slug();
  await drover.call('PUT', `queue/v1/task/${dependent}`, definition(id, 'test-linux64/opt', { dependencies: [id] }));

  const context = await newContext(browser);
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: drover.rootUrl });
  const page = await newPage(context);
  await signIn(page, drover);
  await page.goto(`${drover.rootUrl}/tasks/${id}`);
  await page.getByRole('heading', { name: 'build-linux64/opt' }).waitFor();
  await page.getByText('It runs on').or(page.locator('p.note')).first().waitFor();
  // Something happens to it, and the page follows.
  await resolveRun(drover, run, 'failed');
  await page.locator('.head .state', { hasText: 'failed' }).waitFor();
  for (const wanted of [page.locator('.head .state'), page.getByRole('link', { name: 'Log', exact: true }), page.locator('p.note')]) {
    const box = await wanted.first().boundingBox();
    assert.ok(box.y + box.height < 720, 'state, log and verdict need no scrolling');
  }
  await shot(page, 'task');
  await checkAccessibility(page);
  await page.getByRole('button', { name: 'curl' }).click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), new RegExp(`^curl .*${id}`));

  await page.getByRole('link', { name: 'its graph' }).click();
  const picture = page.getByRole('region', { name: 'Graph of tasks' });
  await picture.getByRole('link', { name: 'test-linux64/opt' }).waitFor();
  assert.equal(await picture.locator('path').count(), await picture.getByRole('link').count() - 1);
  await shot(page, 'graph');
  await page.goBack();
  await page.getByRole('link', { name: 'test-linux64/opt' }).click();
  await page.getByRole('heading', { name: 'test-linux64/opt' }).waitFor();
  await page.keyboard.press('e');
  await page.getByText('0 of 1 are satisfied').waitFor();
  await page.getByText('cannot satisfy any more').first().waitFor();
  await checkAccessibility(page);
  await page.goto(`${drover.rootUrl}/tasks/${id}`);
  await page.getByRole('button', { name: 'Rerun' }).click();
  await page.locator('.head .state', { hasText: 'pending' }).waitFor();
  await page.getByRole('button', { name: 'Cancel', exact: true }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Cancel' }).click();
  await page.locator('.head .state', { hasText: 'canceled' }).waitFor();
  assertClean(page);
  await context.close();
  await anonymous(browser, drover, id);
  await artifact(browser, drover, id);
  await runs(browser, drover);
}

/** Two runs beside each other: what only the log of the failed one says. */
async function runs(browser, drover) {
  const { id, run, queue } = await claimedTask(drover, 'runs twice');
  await upload(drover, run, 'public/logs/live.log', 'step 1 took 3 s\nerror: the disk is full\n');
  await upload(drover, run, 'public/core.bin', 'x'.repeat(2000), 'application/octet-stream');
  await resolveRun(drover, run, 'failed');
  await drover.post(`queue/v1/task/${id}/rerun`);
  const [again] = await claim(drover, 1, encodeURIComponent(queue));
  await upload(drover, again, 'public/logs/live.log', 'step 1 took 5 s\n');
  await resolveRun(drover, again);
  const context = await newContext(browser);
  const page = await newPage(context);
  await signIn(page, drover);
  await page.goto(`${drover.rootUrl}/tasks/${id}`);
  await page.getByRole('link', { name: 'compare two' }).click();
  const table = page.getByRole('table', { name: 'Two runs' });
  assert.match(await table.getByRole('row', { name: /core\.bin/ }).innerText(), /2\.0 kB\s+—/);
  assert.match(await page.getByRole('region', { name: 'Lines of run 0' }).innerText(), /^2 error: the disk is full$/);
  await page.getByText('Nothing, but for numbers').waitFor();
  await checkAccessibility(page);
  assertClean(page);
  await context.close();
}

/** Who may only read sees every action, disabled, with the scope that it needs. */
async function anonymous(browser, drover, id) {
  const context = await newContext(browser);
  const page = await newPage(context);
  await page.goto(`${drover.rootUrl}/tasks/${id}`);
  const rerun = page.getByRole('button', { name: 'Rerun' });
  await rerun.waitFor();
  assert.equal(await rerun.getAttribute('aria-disabled'), 'true');
  assert.match(await rerun.getAttribute('title'), /queue:rerun-task:ui-tests/);
  assertClean(page);
  await context.close();
}

/** HTML that a task stored is no page of this server: it cannot read the session. */
async function artifact(browser, drover, id) {
  const context = await newContext(browser);
  const page = await newPage(context);
  await signIn(page, drover);
  const url = `${drover.rootUrl}/api/queue/v1/task/${id}/runs/0/artifacts/public/page.html`;
  const response = await context.request.get(url);
  assert.match(response.headers()['content-security-policy'], /sandbox/);
  assert.match(response.headers()['content-disposition'], /attachment/);
  await context.close();
}
