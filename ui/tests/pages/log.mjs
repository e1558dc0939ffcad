/** The page of a log. */
import assert from 'node:assert/strict';
import { assertClean, checkAccessibility, newContext, newPage } from '../browser.mjs';
import { claimedTask, resolveRun, upload } from '../drover.mjs';

const LOG = 'public/logs/live.log';
const NUMBER = 1_200_000;

function longLog() {
  const lines = [];
  for (let line = 0; line < NUMBER; line++) lines.push(`[2026-11-27T20:00:00.000Z] line ${line} of a long log, which says what is done here`);
  lines[900_000] = 'error: the one needle';
  return `${lines.join('\n')}\n`;
}

const ODD = [
  'plain',
  '\u001b[31mred\u001b[0m and \u001b[1;38;5;40mgreen\u001b[0m',
  '10 %\r100 %',
  '<img src=x onerror=alert(1)><script>alert(2)</script>',
  'bidi \u202e here',
  '\u001b]8;;https://evil.example\u0007a link\u001b]8;;\u0007',
];

const SECTIONS = ['[taskcluster 1] begin', '[taskcluster 2] run a', ...Array.from({ length: 400 }, (_, line) => `a ${line}`), '[taskcluster 3] run b', `${'long '.repeat(200)}end`, ''];

export default async function log({ browser, drover, shot }) {
  const { id, run } = await claimedTask(drover, 'a task with logs');
  const text = Buffer.from(longLog());
  await upload(drover, run, LOG, text);
  await upload(drover, run, 'public/one-line.log', Buffer.alloc(50_000_000, 'x'));
  await upload(drover, run, 'public/odd.log', Buffer.concat([Buffer.from(`${ODD.join('\n')}\n`), Buffer.from([0xff, 0xfe, 0x41, 10])]));
  await upload(drover, run, 'public/sections.log', SECTIONS.join('\n'));
  await resolveRun(drover, run, 'failed');
  const context = await newContext(browser);
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: drover.rootUrl });
  const page = await newPage(context);
  const lines = page.locator('.log .line');
  const path = `${drover.rootUrl}/tasks/${id}/runs/0/logs`;

  await page.goto(`${path}/public/odd.log`);
  await page.getByText('<img src=x onerror=alert(1)>').waitFor();
  assert.equal(await page.locator('.log img, .log script').count(), 0);
  const shown = (await lines.allInnerTexts()).map((it) => it.replace(/^\d+\s*/, ''));
  assert.deepEqual(shown, ['plain', 'red and green', '100 %', ODD[3], 'bidi [U+202E] here', 'a link', '\ufffd\ufffdA']);
  assert.equal(await page.locator('.a1').innerText(), 'red');
  await checkAccessibility(page);

  const started = Date.now();
  await page.goto(`${path}/${LOG}`);
  await lines.first().waitFor();
  const first = Date.now() - started;
  console.log(`        ${Math.round(text.length / 1e6)} MB: first screen after ${first} ms`);
  await page.getByText('1,200,000 lines').waitFor();
  // A failed task's log is opened at its first error; this one's lies behind what is searched for it.
  assert.ok((await lines.count()) < 120);
  await search(page, lines, shot);
  await permalinks(page, lines, path);

  await sections(page, lines, path);
  await page.goto(`${path}/public/one-line.log`);
  await page.getByText('bytes more in Raw').waitFor();
  await page.goto(`${path}/public/none.log`);
  await page.getByText('This run left no such log').waitFor();
  assertClean(page);
  await context.close();
  await follows(browser, drover);
}

async function search(page, lines, shot) {
  await page.keyboard.press('Control+f');
  const box = page.getByLabel('Search the log');
  assert.ok(await box.evaluate((it) => it === document.activeElement));
  await box.fill('needle');
  await page.getByText('1 of 1 lines, 1 matches').waitFor();
  await lines.filter({ hasText: 'the one needle' }).waitFor();
  await shot(page, 'log', 400);
  const took = await page.evaluate(() => performance.getEntriesByName('log-search').at(-1).duration);
  console.log(`        searched in ${Math.round(took)} ms`);
  await box.fill('line 11\\d\\d\\d\\d of');
  await page.getByRole('button', { name: 'A regular expression' }).or(page.getByTitle('A regular expression')).first().click();
  await page.getByText('10,000 matches').waitFor();
  await page.getByLabel('Next match').click();
  await page.getByText('2 of 10000 lines').waitFor();
  await box.fill('');
}

async function permalinks(page, lines, path) {
  await page.goto(`${path}/${LOG}#L700001`);
  await lines.filter({ hasText: 'line 700000 of' }).waitFor();
  await page.locator('.line.chosen', { hasText: 'line 700000 of' }).waitFor();
  await page.locator('.number', { hasText: /^700005$/ }).click({ modifiers: ['Shift'] });
  assert.match(page.url(), /#L700001-L700005$/);
  await page.getByRole('button', { name: 'Copy 5 lines' }).waitFor();
  await page.getByRole('button', { name: 'Times' }).click();
  assert.match(await page.locator('.line.chosen').first().innerText(), /^700001\s*line 700000 of/);
  await page.getByRole('button', { name: 'Times' }).click();
}

/** What follows a line of the worker is folded away, and comes back when something in it is looked for; long lines wrap. */
async function sections(page, lines, path) {
  await page.goto(`${path}/public/sections.log`);
  await page.getByRole('button', { name: 'Fold' }).click();
  await lines.filter({ hasText: '400 lines' }).waitFor();
  const numbers = async () => (await page.locator('.log .number').allInnerTexts()).map(Number);
  assert.deepEqual(await numbers(), [1, 2, 403]);
  await page.getByLabel('Search the log').fill('a 399');
  await lines.filter({ hasText: 'a 399' }).waitFor();
  await page.getByLabel('Search the log').fill('');
  const long = lines.filter({ hasText: 'long long' });
  await page.getByRole('button', { name: 'Fold' }).click();
  await long.waitFor();
  await page.goto(`${path}/public/sections.log#L404`);
  await long.waitFor();
  const [high, wide] = await long.evaluate((it) => [it.offsetHeight, it.offsetWidth]);
  await page.getByRole('button', { name: 'Wrap' }).click();
  const [wrapped, narrow] = await long.evaluate((it) => [it.offsetHeight, it.offsetWidth]);
  assert.ok(high === 18 && wrapped > 18 && narrow < wide, `${high} pixels high and ${wide} wide, then ${wrapped} and ${narrow}`);
  await checkAccessibility(page);
  await page.getByRole('button', { name: 'Copy link' }).click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /\/public\/sections\.log#L404$/);
  await page.getByRole('button', { name: 'Wrap' }).click();
}

/** A log that does not exist yet is waited for. */
async function follows(browser, drover) {
  const { id, run } = await claimedTask(drover, 'one that runs');
  const context = await newContext(browser);
  const page = await newPage(context);
  await page.goto(`${drover.rootUrl}/tasks/${id}/log`);
  await page.getByText('Waiting for the log').waitFor();
  await upload(drover, run, LOG, 'it has begun\n');
  await page.getByText('it has begun').waitFor();
  assertClean(page);
  await context.close();
}
