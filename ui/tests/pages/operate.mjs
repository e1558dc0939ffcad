/** Hooks, worker pools, the denylist, purge requests and the audit. */
import assert from 'node:assert/strict';
import { assertClean, checkAccessibility, newContext, newPage, signIn } from '../browser.mjs';

export default async function operate({ browser, drover, shot }) {
  const context = await newContext(browser);
  const page = await newPage(context);
  await signIn(page, drover);
  const at = (path) => page.goto(drover.rootUrl + path);
  await hooks(page, drover, at, shot);
  await pools(page, drover, at, shot);
  await others(page, at);
  await page.setViewportSize({ width: 320, height: 640 });
  for (const path of ['/hooks', '/worker-manager', '/audit?type=hook&id=project%2Fnightly']) {
    await at(path);
    await page.locator('main h1').waitFor();
    const over = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    assert.ok(over <= 0, `${path} needs no sideways scrolling on a narrow screen: ${over} px`);
  }
  assertClean(page);
  await context.close();
}

async function hooks(page, drover, at, shot) {
  await drover.call('PUT', 'auth/v1/roles/hook-id:project%2Fnightly', { description: '', scopes: ['queue:*', 'assume:worker-type:*'] });
  await at('/hooks');
  await page.getByLabel('Group and id of a hook').fill('project/nightly');
  await page.getByRole('button', { name: 'Open or create' }).click();
  await page.getByText('saving creates it').waitFor();
  const editor = page.getByLabel('Definition');
  const definition = JSON.parse(await editor.inputValue());
  definition.metadata = { name: 'Nightly builds', description: 'Builds **all**', owner: 'somebody@example.com' };
  definition.schedule = ['0 0 3 * * *'];
  definition.task.metadata = { name: 'nightly of ${payload.branch}', description: '', owner: 'somebody@example.com', source: 'https://example.com' };
  definition.triggerSchema = {
    type: 'object',
    properties: { branch: { type: 'string', title: 'Branch' }, fast: { type: 'boolean', default: true } },
    required: ['branch'],
    additionalProperties: false,
  };
  await editor.fill(JSON.stringify({ ...definition, schedule: ['never'] }, null, 2));
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('alert').getByText('never').first().waitFor();
  await editor.fill(JSON.stringify(definition, null, 2));
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('It has not fired yet.').waitFor();
  await checkAccessibility(page);

  await page.getByLabel('Branch *').fill('main');
  await page.getByRole('button', { name: 'Trigger' }).click();
  await page.getByRole('heading', { name: 'nightly of main' }).waitFor();
  await at('/hooks/project/nightly');
  await page.getByRole('table', { name: 'Last fires' }).getByText('triggerHook').waitFor();
  await page.getByRole('table', { name: 'Last fires' }).getByText('pending').waitFor();
  await shot(page, 'hook');
  await checkAccessibility(page);
  await at('/hooks');
  const row = page.getByRole('table', { name: 'Hooks of project' }).getByRole('row', { name: /nightly/ });
  await row.getByText('ago').or(row.getByText('now', { exact: true })).first().waitFor();
  await row.getByText(/^in /).waitFor();
  await checkAccessibility(page);
}

async function pools(page, drover, at, shot) {
  await at('/worker-manager/ui%2Fmachines');
  await page.getByText('saving creates it').waitFor();
  const editor = page.getByLabel('Definition');
  const definition = JSON.parse(await editor.inputValue());
  await editor.fill(JSON.stringify({ ...definition, description: 'By hand', owner: 'somebody@example.com' }));
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Delete' }).waitFor();
  const worker = { expires: new Date(Date.now() + 86_400_000).toISOString(), providerInfo: { staticSecret: 'x'.repeat(44) } };
  await drover.call('PUT', 'worker-manager/v1/workers/ui%2Fmachines/lab/one', worker);
  for (let i = 0; i < 2; i++) {
    const error = { kind: 'boot', title: 'No disk', description: 'The disk was not found', workerGroup: 'lab', workerId: 'one', extra: {} };
    await drover.call('POST', 'worker-manager/v1/worker-pool-errors/ui%2Fmachines', error);
  }
  await at('/worker-manager');
  await page.getByRole('link', { name: 'ui/machines' }).click();
  await page.getByText('2 ×').waitFor();
  await page.getByRole('table', { name: 'Errors' }).getByText('No disk').first().click();
  await page.getByText('The disk was not found').first().waitFor();
  await page.getByRole('table', { name: 'Workers' }).getByText('lab/one').waitFor();
  await checkAccessibility(page);
  await page.getByLabel('State of workers').selectOption('requested');
  await page.getByText('There is no such worker.').waitFor();
  await page.getByLabel('State of workers').selectOption('running');
  await page.getByRole('button', { name: 'Remove' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Remove' }).click();
  await page.getByText('It is being stopped.').waitFor();
}

async function others(page, at) {
  await at('/');
  await page.getByText('More', { exact: true }).click();
  await page.getByRole('link', { name: 'Denylist' }).click();
  await page.getByLabel('Address').fill('nobody@example.com');
  await page.getByRole('button', { name: 'Deny' }).click();
  await page.getByRole('cell', { name: 'nobody@example.com' }).waitFor();
  await checkAccessibility(page);
  await page.getByRole('button', { name: 'Allow again' }).click();
  await page.getByText('Everybody gets what is sent.').waitFor();

  await at('/purge-cache');
  await page.getByLabel('Worker pool').fill('local/worker');
  await page.getByLabel('Cache').fill('checkouts');
  await page.getByRole('button', { name: 'Purge' }).click();
  await page.getByRole('dialog').getByRole('button', { name: 'Purge' }).click();
  await page.getByRole('cell', { name: 'checkouts' }).waitFor();
  await checkAccessibility(page);

  await at('/hooks/project/nightly');
  await page.getByRole('link', { name: 'Changes' }).click();
  await page.getByRole('cell', { name: 'created' }).waitFor();
  await checkAccessibility(page);
}
