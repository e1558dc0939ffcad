/** Twelve tabs on twelve groups share one stream; another tab leads when the leading one is closed. */
import assert from 'node:assert/strict';
import { assertClean, newContext, newPage } from '../browser.mjs';
import { claim, makeGroup, resolveRun } from '../drover.mjs';

const TABS = 12;

export default async function tabs({ browser, drover }) {
  const workerType = `tabs${Date.now()}`;
  const groups = [];
  for (let tab = 0; tab < TABS; tab++) groups.push((await makeGroup(drover, 3, () => ({ workerType }))).group);
  const context = await newContext(browser);
  const pages = [];
  let streams = 0;
  context.on('request', (request) => {
    if (request.url().includes('/api/events/')) streams++;
  });
  let took = 0;
  for (const group of groups) {
    const page = await newPage(context);
    const started = Date.now();
    await page.goto(`${drover.rootUrl}/tasks/groups/${group}`);
    await page.locator('.grid .scroll [role=row]').first().waitFor();
    took = Date.now() - started;
    pages.push(page);
  }
  console.log(`        the twelfth tab has rows after ${took} ms`);
  assert.ok(took < 3000, `the twelfth tab takes ${took} ms`);
  const open = await pages.at(-1).evaluate(async () => {
    const { held } = await navigator.locks.query();
    return held.filter((it) => it.name === 'drover-events').length;
  });
  assert.equal(open, 1, 'one tab leads');
  // Every tab hears of its own group.
  await completeAll(drover, workerType);
  for (const page of pages) await page.getByRole('button', { name: /completed 1/ }).waitFor();
  // The leader goes: another one goes on where it was.
  await pages[0].close();
  await completeAll(drover, workerType);
  for (const page of pages.slice(1)) {
    await page.getByRole('button', { name: /completed 2/ }).waitFor();
    assertClean(page);
  }
  console.log(`        ${streams} connections were opened for ${TABS} tabs`);
  await context.close();
}

/** One task more of each group; what is claimed besides waits for the next call. */
async function completeAll(drover, workerType) {
  waiting.push(...(await claim(drover, waiting.length ? 0 : 3 * TABS, `ui%2F${workerType}`)));
  const groups = new Map(waiting.map((it) => [it.status.taskGroupId, it]));
  for (const it of groups.values()) {
    waiting.splice(waiting.indexOf(it), 1);
    await resolveRun(drover, it);
  }
}

const waiting = [];
