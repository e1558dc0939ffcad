/** Actions: those that a decision task of taskgraph offers, and those of Drover. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { assertClean, checkAccessibility, newContext, newPage, signIn } from '../browser.mjs';
import { claim, claimedTask, definition, resolveRun, slug, upload } from '../drover.mjs';

/** As taskgraph of PyPI writes it for tests/client/taskgraph_repository. */
const ACTIONS = readFileSync(join(import.meta.dirname, '../fixtures/actions.json'), 'utf8');
const LIST = JSON.parse(ACTIONS);
const HOOK = LIST.actions.find((it) => it.name === 'retrigger' && it.context[0]?.retrigger);
const ARTIFACT = 'public/actions.json';

export default async function actions({ browser, drover, shot }) {
  const queue = await hookOfTheList(drover);
  const scopes = [`in-tree:hook-action:${HOOK.hookGroupId}/*`];
  const { id: group, run } = await claimedTask(drover, 'Decision task', { scopes });
  await upload(drover, run, ARTIFACT, ACTIONS, 'application/json');
  await resolveRun(drover, run);
  const task = slug();
  const tags = { kind: 'build', ...HOOK.context[0] };
  await drover.call('PUT', `queue/v1/task/${task}`, definition(group, 'build-one', { tags, workerType: `none-${queue}` }));

  const context = await newContext(browser);
  const page = await newPage(context);
  await signIn(page, drover);
  await ofTheDecisionTask(page, drover, task, queue, shot);
  await ofDrover(page, drover, task);
  await ofTheGroup(page, drover, group);
  assertClean(page);
  await context.close();
  await withoutScopes(browser, drover, task);
  await notAllowed(browser, drover);
}

/** The hook that an administrator creates for the file; here its task only says what it was asked for. */
async function hookOfTheList(drover) {
  const queue = `a${slug().replace(/[-_]/g, 'x').toLowerCase()}`;
  const task = {
    provisionerId: 'ui',
    workerType: queue,
    created: { $fromNow: '' },
    deadline: { $fromNow: '1 hour' },
    expires: { $fromNow: '1 day' },
    payload: { user: { $eval: 'payload.user' }, decision: { $eval: 'payload.decision' } },
    metadata: { name: 'Action: ${payload.decision.action.name}', description: '', owner: 'somebody@example.com', source: 'https://example.com' },
  };
  const metadata = { name: 'in-tree action', description: '', owner: 'somebody@example.com' };
  const path = `${HOOK.hookGroupId}/${encodeURIComponent(HOOK.hookId)}`;
  await drover.call('PUT', `hooks/v1/hooks/${path}`, { metadata, task, triggerSchema: { type: 'object' } });
  const role = encodeURIComponent(`hook-id:${HOOK.hookGroupId}/*`);
  await drover.call('PUT', `auth/v1/roles/${role}`, { description: '', scopes: ['queue:*'] });
  return queue;
}

async function ofTheDecisionTask(page, drover, task, queue, shot) {
  await page.goto(`${drover.rootUrl}/tasks/${task}`);
  await page.getByRole('heading', { name: 'build-one' }).waitFor();
  await page.keyboard.press('a');
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: HOOK.title }).waitFor();
  await checkAccessibility(page);
  await shot(page, 'actions');
  await dialog.getByRole('button', { name: HOOK.title }).click();
  await dialog.getByText('Action: retrigger').waitFor();
  const times = dialog.getByLabel('Times');
  assert.equal(await times.inputValue(), '1', 'the default of the schema');
  await times.fill('1000');
  await dialog.getByRole('alert').getByText('input/times').waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Run' }).getAttribute('aria-disabled'), 'true');
  await times.fill('2');
  await dialog.getByLabel('Payload').getByText('"times": 2').waitFor();
  await shot(page, 'action');
  await checkAccessibility(page);
  await dialog.getByRole('button', { name: 'Run' }).click();
  await page.getByRole('heading', { name: 'Action: retrigger' }).waitFor();
  const [made] = await claim(drover, 1, `ui%2F${queue}`);
  const { user, decision } = made.task.payload;
  assert.deepEqual([user.taskId, user.input.times, decision.action.name], [task, 2, 'retrigger']);
}

async function ofDrover(page, drover, task) {
  await page.goto(`${drover.rootUrl}/tasks/${task}`);
  await page.getByRole('button', { name: 'Actions…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: 'Backfill' }).click();
  await dialog.getByText('drover/backfill').first().waitFor();
  // Its role has no scopes here, and the page says so before anybody tries.
  await dialog.getByText('hook-id:drover/backfill').first().waitFor();
  await dialog.getByRole('button', { name: 'Back', exact: true }).click();
  await dialog.getByRole('button', { name: 'Close' }).click();
}

async function ofTheGroup(page, drover, group) {
  await page.goto(`${drover.rootUrl}/tasks/groups/${group}`);
  await page.getByRole('button', { name: 'Actions…' }).click();
  const dialog = page.getByRole('dialog');
  for (const action of LIST.actions.filter((it) => !it.context.length)) {
    await dialog.getByRole('button', { name: action.title, exact: true }).first().waitFor();
  }
  await dialog.getByRole('button', { name: 'Cancel group' }).waitFor();
  assert.equal(await dialog.getByRole('button', { name: 'Backfill' }).count(), 0, 'it is for tasks');
  await checkAccessibility(page);
}

/** Everybody sees what there is, and which scope it takes. */
async function withoutScopes(browser, drover, task) {
  const context = await newContext(browser);
  const page = await newPage(context);
  await page.goto(`${drover.rootUrl}/tasks/${task}`);
  await page.getByRole('button', { name: 'Actions…' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByRole('button', { name: HOOK.title }).click();
  await dialog.getByText(`hooks:trigger-hook:${HOOK.hookGroupId}/${HOOK.hookId}`).waitFor();
  const run = dialog.getByRole('button', { name: 'Run' });
  await dialog.getByLabel('Payload').waitFor();
  assert.equal(await run.getAttribute('aria-disabled'), 'true');
  assert.match(await run.getAttribute('title'), /^Needs the scope hooks:trigger-hook:/);
  assertClean(page);
  await context.close();
}

/** A list of somebody who may not offer the hook leads nowhere. */
async function notAllowed(browser, drover) {
  const { id, run } = await claimedTask(drover, 'A forged decision task', { tags: HOOK.context[0] });
  // Whoever wrote it may have written anything.
  const schema = { properties: { none: null, b: { type: 'string', enum: 5, title: {} }, list: { type: 'array' } }, required: 3, default: 'x', items: [] };
  const odd = { ...HOOK, name: 'odd', title: '<b>odd</b>', schema };
  await upload(drover, run, ARTIFACT, JSON.stringify({ ...LIST, actions: [...LIST.actions, odd] }), 'application/json');
  const context = await newContext(browser);
  const page = await newPage(context);
  await signIn(page, drover);
  await page.goto(`${drover.rootUrl}/tasks/${id}`);
  await page.getByRole('button', { name: 'Actions…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: '<b>odd</b>' }).click();
  await page.getByRole('alert').waitFor();
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Actions…' }).click();
  await page.getByRole('dialog').getByRole('button', { name: HOOK.title }).click();
  await page.getByRole('alert').getByText(`in-tree:hook-action:${HOOK.hookGroupId}/${HOOK.hookId}`).waitFor();
  assert.equal(await page.getByRole('button', { name: 'Run', exact: true }).getAttribute('aria-disabled'), 'true');
  assertClean(page);
  await context.close();
}
