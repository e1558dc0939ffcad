/** The page of a group. */
import assert from 'node:assert/strict';
import { assertClean, checkAccessibility, newContext, newPage, signIn } from '../browser.mjs';
import { claim, definition, makeGroup, resolveRun, slug } from '../drover.mjs';

const counts = async (page) => (await page.getByRole('group', { name: 'States' }).innerText()).replace(/\s+/g, ' ');
const rows = (page) => page.locator('.grid .scroll [role=row]');

export default async function group({ browser, drover, shot }) {
  const { group, ids, queue } = await makeGroup(drover, 300);
  const failed = (await claim(drover, 4, queue)).slice(0, 2);
  for (const it of failed) await resolveRun(drover, it, 'failed');
  const context = await newContext(browser);
  const page = await newPage(context);
  await signIn(page, drover);

  await page.goto(`${drover.rootUrl}/tasks/groups/${group}`);
  await rows(page).first().waitFor();
  assert.equal(await page.locator('h1').innerText(), 'Decision task for push 3f2a');
  assert.ok((await rows(page).count()) < 100, 'only rows in view exist');
  assert.match(await rows(page).first().innerText(), /failed/, 'failed ones come first');
  assert.match(await counts(page), /failed 2/);
  await shot(page, 'group', 560);
  await checkAccessibility(page);

  await live(page, drover, { group, ids, queue });
  await filter(page, drover);
  await parts(page);
  await timeline(page);
  await graph(page);
  await selection(page);
  await downloads(page);
  assertClean(page);
  await context.close();
  await hostile(browser, drover);
}

/** Events reach their rows, and the order does not move under the pointer. */
async function live(page, drover, { group, ids, queue }) {
  const before = await rows(page).first().innerText();
  const running = (await claim(drover, 4, queue))[0];
  const started = Date.now();
  await resolveRun(drover, running);
  await page.getByRole('button', { name: /completed 1/ }).waitFor();
  const took = Date.now() - started;
  assert.ok(took < 1500, `an event reaches its row after ${took} ms`);
  assert.equal((await rows(page).first().innerText()).split('\n')[1], before.split('\n')[1]);
  await page.getByRole('button', { name: /changed/ }).click();
  await page.getByRole('button', { name: /changed/ }).waitFor({ state: 'detached' });

  const added = slug();
  await drover.call('PUT', `queue/v1/task/${added}`, definition(group, 'added-later'));
  await page.getByText(`${ids.length + 1} tasks`).waitFor();
  await page.getByLabel('Filter tasks').fill('added-later');
  await page.getByRole('link', { name: 'added-later' }).waitFor();
  await page.getByLabel('Filter tasks').fill('');
}

async function filter(page, drover) {
  await page.getByLabel('Filter tasks').fill('kind:build platform:linux64');
  await page.getByText(/^\d+ of 301 tasks$/).waitFor();
  assert.match(page.url(), /q=kind%3Abuild/);
  // The address holds it all: another browser shows the same.
  const shown = await page.getByText(/^\d+ of 301 tasks$/).innerText();
  const other = await newContext(page.context().browser());
  const copy = await newPage(other);
  await copy.goto(page.url());
  await copy.getByText(shown).waitFor();
  await other.close();
  await page.getByLabel('Filter tasks').fill('/^build.*0001\\d/');
  await page.getByText(/^[1-9] of 301 tasks$/).waitFor();
  await page.getByLabel('Filter tasks').fill('/(/');
  await page.getByText('This is no valid expression yet.').waitFor();
  await page.getByLabel('Filter tasks').fill('no such task');
  await page.getByText('No task fits the filter.').waitFor();
  await page.getByLabel('Filter tasks').fill('');
}

async function parts(page) {
  await page.getByLabel('Group by').selectOption('kind');
  await page.locator('.row.part').nth(1).click();
  await page.locator('.row.part', { hasText: '▸' }).first().waitFor();
  await page.getByLabel('Group by').selectOption('');
}

async function timeline(page) {
  await page.keyboard.press('t');
  await page.getByRole('heading', { name: 'Slowest tasks' }).waitFor();
  await page.getByRole('heading', { name: /What the end had to wait for: / }).waitFor();
  assert.match(page.url(), /view=timeline/);
  await checkAccessibility(page);
  await page.getByRole('button', { name: 'Timeline' }).click();
  await rows(page).first().waitFor();
}

/** What needs what: too many for a picture, those of a filter, and those around one task. */
async function graph(page) {
  await page.keyboard.press('d');
  await page.getByText('301 tasks are too many for a picture').waitFor();
  await page.getByLabel('Filter tasks').fill('platform:linux64');
  const picture = page.getByRole('region', { name: 'Graph of tasks' });
  await picture.getByRole('link').first().waitFor();
  assert.ok((await picture.getByRole('link').count()) > 20, 'each task of the filter is drawn');
  await checkAccessibility(page);
  await page.getByLabel('Filter tasks').fill('');
  await page.keyboard.press('Escape');
  await page.getByRole('button', { name: 'Graph', exact: true }).click();
  await rows(page).first().waitFor();
}

/** j, x and a bulk action with the number in its question. */
async function selection(page) {
  await page.locator('.grid .scroll').focus();
  for (const key of ['j', 'x', 'j', 'x']) await page.keyboard.press(key);
  await page.getByRole('button', { name: 'Rerun selected…' }).click();
  await page.getByRole('dialog').getByText('Rerun 2 selected tasks?').waitFor();
  assert.equal(await page.getByRole('dialog').getByRole('listitem').count(), 2, 'it says which');
  await page.getByRole('button', { name: 'Rerun 2' }).click();
  await page.getByText('2 of 2 done.').waitFor();
  await page.getByRole('button', { name: /^failed 0/ }).waitFor();
}

async function downloads(page) {
  const [csv] = await Promise.all([page.waitForEvent('download'), page.getByRole('button', { name: 'CSV' }).click()]);
  assert.match(csv.suggestedFilename(), /\.csv$/);
}

/** Names from anybody are text, whatever they look like; a group that is not there says so. */
async function hostile(browser, drover) {
  const context = await newContext(browser);
  const page = await newPage(context);
  const name = '<img src=x onerror=alert(1)>\u202egnp.exe';
  const { group } = await makeGroup(drover, 3, (index) => (index === 1 ? { metadata: { ...definition('', '').metadata, name } } : {}));
  await page.goto(`${drover.rootUrl}/tasks/groups/${group}`);
  await page.getByRole('link', { name: '<img src=x' }).waitFor();
  assert.equal(await page.locator('main img').count(), 0);
  await page.goto(`${drover.rootUrl}/tasks/groups/${slug()}`);
  await page.getByRole('heading', { name: 'Not found' }).waitFor();
  await page.goto(`${drover.rootUrl}/tasks/groups/nonsense`);
  await page.getByText('This could not be done.').waitFor();
  await page.goto(`${drover.rootUrl}/nowhere/at/all`);
  await page.getByRole('heading', { name: 'There is nothing here' }).waitFor();
  assertClean(page);
  await context.close();
}
