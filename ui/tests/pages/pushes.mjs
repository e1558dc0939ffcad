/** Pushes of a repository: the list of all, and the tasks of some beside each other. */
import assert from 'node:assert/strict';
import { assertClean, checkAccessibility, newContext, newPage, signIn } from '../browser.mjs';
import { claim, Drover, resolveRun } from '../drover.mjs';
import { deliverPush, Github } from '../github.mjs';

const SHAS = ['1', '2', '3'].map((digit) => digit.repeat(40));
/** The second push has a task less. */
const NAMES = [['build', 'lint', 'test'], ['build', 'test'], ['build', 'lint', 'test']];

function file(names, queue) {
  const tasks = names.map(
    (name) =>
      `  - {taskId: {$eval: 'as_slugid("${name}")'}, taskQueueId: ui/${queue}, deadline: {$fromNow: 1 hour}, payload: {}, ` +
      `metadata: {name: ${name}, description: d, owner: ada@example.com, source: 'https://example.com'}}\n`,
  );
  return `version: 1\nreporting: checks-v1\ntasks:\n${tasks.join('')}`;
}

export default async function pushes({ browser, shot }) {
  const files = Object.fromEntries(SHAS.map((sha, push) => [sha, file(NAMES[push], `push${push}`)]));
  const github = await Github.start(files);
  const { flags, variables } = github.settings();
  const drover = await Drover.start(['--workers', '0', ...flags], variables);
  try {
    const scopes = ['queue:create-task:*', 'queue:scheduler-id:*', 'queue:route:*'];
    await drover.call('PUT', 'auth/v1/roles/repo:github.com%2Fexample%2Fbal.rog:branch:main', { description: '', scopes });
    const context = await newContext(browser);
    const page = await newPage(context);
    await signIn(page, drover);
    for (const [push, sha] of SHAS.entries()) await deliver(drover, sha, SHAS[push - 1] ?? '0'.repeat(40), push + 1);
    await listed(page, drover, shot);
    await grid(page, drover, shot);
    assertClean(page);
    await context.close();
  } finally {
    await drover.stop();
    github.stop();
  }
}

/** Until its tasks are there: the order of pushes is that in which they came. */
async function deliver(drover, sha, before, count) {
  await deliverPush(drover, 'example/bal.rog', sha, before);
  for (const until = Date.now() + 15_000; ; ) {
    const { builds } = await drover.get('github/v1/builds');
    if (builds.length === count) return;
    assert.ok(Date.now() < until, 'the push makes no tasks');
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

async function listed(page, drover, shot) {
  await page.goto(`${drover.rootUrl}/pushes`);
  const table = page.getByRole('table', { name: 'Pushes' });
  await table.getByRole('cell', { name: 'ada@example.com' }).first().waitFor();
  const commits = await table.locator('td.mono').allInnerTexts();
  assert.deepEqual(commits, SHAS.map((sha) => sha.slice(0, 12)).reverse());
  await checkAccessibility(page);
  await shot(page, 'pushes');
  await page.getByLabel('Commit').fill(SHAS[1]);
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('td.mono').length === 1);
  await page.getByRole('link', { name: 'example/bal.rog' }).click();
}

async function grid(page, drover, shot) {
  const tasks = page.getByRole('grid', { name: 'Tasks by push' });
  const row = (name) => tasks.getByRole('row').filter({ hasText: name });
  await row('test').getByRole('link', { name: 'pending' }).nth(2).waitFor();
  assert.equal(await row('lint').getByRole('link').count(), 2, 'one push has no such task');
  await page.getByRole('table', { name: 'Pushes' }).getByRole('cell', { name: 'ada@example.com' }).nth(2).waitFor();
  const { height } = await page.getByRole('table', { name: 'Pushes' }).boundingBox();
  assert.ok(height < 120, `three pushes take three lines, not ${height} pixels`);
  // The newest two pushes come to different ends, and the page follows.
  for (const [push, verb] of [[2, 'failed'], [1, 'completed']]) {
    for (const one of await claim(drover, NAMES[push].length, `ui%2Fpush${push}`)) await resolveRun(drover, one, verb);
  }
  await row('test').getByRole('link', { name: 'failed' }).waitFor();
  await row('test').getByRole('link', { name: 'completed' }).waitFor();
  await page.getByRole('button', { name: 'Not the same in all' }).click();
  await page.getByText('2 of 3 names').waitFor();
  await page.getByRole('button', { name: 'Failed in some push' }).click();
  await page.getByLabel('Filter names').fill('bui');
  await page.getByText('1 of 3 names').waitFor();
  assert.match(page.url(), /q=bui/);
  await page.reload();
  await page.getByText('1 of 3 names').waitFor();
  await checkAccessibility(page);
  await shot(page, 'push-grid');
  await row('build').getByRole('link', { name: 'failed' }).click();
  await page.locator('.head .state', { hasText: 'failed' }).waitFor();
}
