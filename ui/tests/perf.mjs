/**
 * The performance of the group page on 20,000 tasks, against its bars; medians of five runs, with and without a processor
 * that is four times slower. Bars grow with the time of a loop that is measured first, as machines differ. Times in which a debug
 * build of the server plays a part are printed, and fail nothing.
 */
import { launch, newContext, newPage } from './browser.mjs';
import { binary, claim, Drover, makeGroup, resolveRun } from './drover.mjs';

const TASKS = Number(process.env.TASKS ?? 20_000);
const RUNS = Number(process.env.RUNS ?? 5);
/** What the loop takes on the machine that the bars were set on, in milliseconds. */
const LOOP = 60;
const isRelease = binary.includes('release');
// Name, bar without throttling, bar at a quarter of the speed, whether the server plays a part.
const BARS = {
  'first paint, ms': [500, 1000, true],
  'rows on screen, ms': [1000, 2000, true],
  'snapshot on the server, ms': [150, 150, true],
  'rows after the snapshot, ms': [300, 1000, false],
  'scroll frame p95, ms': [50, 200, false],
  'filter to paint, ms': [100, 250, false],
  '100 changes, frame p95, ms': [33, 80, false],
  'heap, MB': [40, 40, false],
};

const median = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length / 2)];
const p95 = (list) => list.toSorted((a, b) => a - b)[Math.floor(list.length * 0.95)];

const drover = await Drover.start();
const browser = await launch();
const { group, queue } = await makeGroup(drover, TASKS);
const loop = await calibrate();
const factor = Math.max(1, loop / LOOP);
console.log(`${TASKS} tasks, ${isRelease ? 'release' : 'debug'} build; the loop took ${loop.toFixed(0)} ms, so bars are ${factor.toFixed(1)} times as high`);
let failed = false;
for (const rate of [1, 4]) {
  const found = {};
  for (let run = 0; run < RUNS; run++) {
    for (const [name, value] of Object.entries(await measure(rate))) (found[name] ??= []).push(value);
  }
  for (const [name, values] of Object.entries(found)) {
    const [plain, slow, server] = BARS[name];
    const bar = (rate === 1 ? plain : slow) * (name.startsWith('heap') ? 1 : factor);
    const over = median(values) > bar;
    failed ||= over && (isRelease || !server);
    console.log(`${over ? (isRelease || !server ? 'OVER' : 'over') : 'ok  '} ${rate === 1 ? '   ' : '4 × '}${name}: ${median(values).toFixed(1)} (bar ${bar.toFixed(0)})`);
  }
}
await browser.close();
await drover.stop();
process.exit(failed ? 1 : 0);

async function calibrate() {
  const page = await browser.newPage();
  const times = await page.evaluate(() =>
    Array.from({ length: 7 }, () => {
      const started = performance.now();
      let sum = 0;
      for (let i = 0; i < 2e7; i++) sum = (sum * 31 + i) | 0;
      return performance.now() - started + (sum & 0);
    }),
  );
  await page.close();
  return Math.min(...times);
}

async function measure(rate) {
  const context = await newContext(browser, { viewport: { width: 1280, height: 900 } });
  const page = await newPage(context);
  const cdp = await context.newCDPSession(page);
  await cdp.send('Emulation.setCPUThrottlingRate', { rate });
  await page.goto(`${drover.rootUrl}/tasks/groups/${group}`);
  await page.locator('.grid .scroll [role=row]').first().waitFor();
  const found = await page.evaluate(loaded);
  found['scroll frame p95, ms'] = p95(await page.evaluate(scroll));
  found['filter to paint, ms'] = median(await page.evaluate(filter));
  found['100 changes, frame p95, ms'] = p95(await changes(page));
  await cdp.send('Emulation.setCPUThrottlingRate', { rate: 1 });
  await cdp.send('HeapProfiler.collectGarbage');
  found['heap, MB'] = (await page.evaluate(() => performance.memory.usedJSHeapSize)) / 1e6;
  await context.close();
  return found;
}

function loaded() {
  const now = performance.now();
  const snapshot = performance.getEntriesByType('resource').find((it) => it.name.includes('/snapshot'));
  const here = performance.getEntriesByName('snapshot-here')[0].startTime;
  const rows = performance.getEntriesByName('rows-shown')[0]?.startTime ?? now;
  return {
    'first paint, ms': performance.getEntriesByName('first-contentful-paint')[0]?.startTime ?? now,
    'rows on screen, ms': rows,
    'snapshot on the server, ms': snapshot.responseStart - snapshot.requestStart,
    'rows after the snapshot, ms': rows - here,
  };
}

/** Durations of frames, each of which scrolls by 700 pixels. */
async function scroll() {
  const element = document.querySelector('.grid .scroll');
  const frames = [];
  let before = await new Promise(requestAnimationFrame);
  for (let i = 0; i < 60; i++) {
    element.scrollTop += 700;
    const now = await new Promise(requestAnimationFrame);
    frames.push(now - before);
    before = now;
  }
  element.scrollTop = 0;
  return frames;
}

/** From an input event to the frame that shows what it left. */
async function filter() {
  const input = document.querySelector('input[aria-label="Filter tasks"]');
  const times = [];
  for (const text of ['b', 'bu', 'bui', 'build', 'build lin', 'build linux64', '']) {
    const started = performance.now();
    input.value = text;
    input.dispatchEvent(new InputEvent('input', { bubbles: true }));
    await new Promise(requestAnimationFrame);
    await new Promise((resolve) => setTimeout(resolve));
    times.push(performance.now() - started);
  }
  return times;
}

/** Frames while the events of a hundred claimed and resolved tasks arrive. */
async function changes(page) {
  const watching = page.evaluate(async () => {
    const frames = [];
    const counts = () => document.querySelector('[aria-label="States"]').innerText;
    const first = counts();
    let before = await new Promise(requestAnimationFrame);
    for (let changed = 0, waited = 0; changed < 40 && waited < 3000; waited++) {
      const now = await new Promise(requestAnimationFrame);
      frames.push(now - before);
      before = now;
      if (counts() !== first) changed++;
      else frames.length = Math.max(0, frames.length - 1);
    }
    return frames;
  });
  const claims = await claim(drover, 50, queue);
  await Promise.all(claims.map((it) => resolveRun(drover, it)));
  return watching;
}
