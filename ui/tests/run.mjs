/**
 * The browser tests: one file a page, against one real Drover. `node tests/run.mjs [NAME...]` runs some of them.
 * Screenshots of pages go to `shots/`, and with UPDATE=1 those that the README shows into its folder.
 */
import { mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { launch } from './browser.mjs';
import { Drover } from './drover.mjs';

const here = import.meta.dirname;
const shots = join(here, '../shots');
const readme = join(here, '../screenshots');
const folder = join(here, 'pages');
const wanted = process.argv.slice(2);
const names = readdirSync(folder).filter((it) => it.endsWith('.mjs')).map((it) => it.slice(0, -4));
const unknown = wanted.filter((it) => !names.includes(it));
if (unknown.length) throw new Error(`there is no test ${unknown}; there are ${names}`);
mkdirSync(shots, { recursive: true });

/** What README.md shows. */
const README = ['home', 'group', 'task', 'log'];

async function shot(page, name, height = 720) {
  const pictured = process.env.UPDATE === '1' && README.includes(name) ? readme : shots;
  mkdirSync(pictured, { recursive: true });
  for (const colorScheme of ['light', 'dark']) {
    await page.emulateMedia({ colorScheme });
    const folder = colorScheme === 'light' ? pictured : shots;
    await page.screenshot({ clip: { x: 0, y: 0, width: 1280, height }, path: join(folder, colorScheme === 'light' ? `${name}.png` : `${name}-dark.png`) });
  }
  await page.emulateMedia({ colorScheme: 'light' });
}

const drover = await Drover.start();
const browser = await launch();
let passed = 0;
let failed = 0;
try {
  for (const name of wanted.length ? wanted : names) {
    const test = (await import(join(folder, `${name}.mjs`))).default;
    const started = Date.now();
    try {
      await test({ browser, drover, shot });
      passed++;
      console.log(`ok      ${name} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    } catch (error) {
      failed++;
      console.log(`FAILED  ${name}\n${error.stack ?? error}`);
      await pictureOfFailure(name);
    }
    for (const context of browser.contexts()) await context.close();
  }
} finally {
  await browser.close();
  await drover.stop();
}
console.log(`test result: ${failed ? 'FAILED' : 'ok'}. ${passed} passed; ${failed} failed`);
process.exit(failed ? 1 : 0);

async function pictureOfFailure(name) {
  let number = 0;
  for (const page of browser.contexts().flatMap((it) => it.pages())) {
    const path = join(shots, `failed-${name}-${number++}.png`);
    await page.screenshot({ path }).then(() => console.log(`        ${page.url()}: ${path}`), () => {});
    if (page.problems?.length) console.log(page.problems.join('\n'));
  }
}
