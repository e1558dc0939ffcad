/** A shell in a task that runs on a real worker: typed in, resized, and ended. */
import assert from 'node:assert/strict';
import { assertClean, checkAccessibility, newContext, newPage, signIn, watched } from '../browser.mjs';
import { definition, Drover, slug } from '../drover.mjs';

export default async function shell({ browser, shot }) {
  const drover = await Drover.start(['--workers', '1']);
  try {
    const context = await newContext(browser);
    const page = await newPage(context);
    await signIn(page, drover);
    const id = slug();
    const payload = { command: [['sh', '-c', 'until test -e done; do sleep 0.1; done']], maxRunTime: 120, features: { interactive: true } };
    await drover.call('PUT', `queue/v1/task/${id}`, definition(id, 'an interactive task', { provisionerId: 'local', workerType: 'worker', payload }));
    await page.goto(`${drover.rootUrl}/tasks/${id}`);
    await page.locator('.head .state', { hasText: 'running' }).waitFor();
    const opened = context.waitForEvent('page');
    await page.getByRole('link', { name: 'Shell', exact: true }).click();
    const terminal = watched(await opened);
    await types(terminal, drover, id, shot);
    await anotherByItsLink(context, drover, id);
    await strangers(browser, drover, id);
    assertClean(page);
    assertClean(terminal);
    await context.close();
  } finally {
    await drover.stop();
  }
}

const rows = (page) => page.locator('.xterm-rows');
const columns = (text, word) => Number(new RegExp(`${word} \\d+ (\\d+)`).exec(text)[1]);

async function types(page, drover, id, shot) {
  await page.getByText('Connected.').waitFor();
  await page.keyboard.type('echo to$((6*7)); echo size $(stty size)\n');
  await rows(page).getByText('to42').first().waitFor();
  await rows(page).getByText(/size \d+ \d+/).first().waitFor();
  const wide = columns(await rows(page).innerText(), 'size');
  await shot(page, 'shell');
  await checkAccessibility(page);
  await page.setViewportSize({ width: 700, height: 500 });
  // The shell knows of its new size once it is there.
  await page.keyboard.type(`until test "$(stty size | cut -d' ' -f2)" != ${wide}; do sleep 0.05; done; echo now $(stty size)\n`);
  await rows(page).getByText(/now \d+ \d+/).first().waitFor();
  const narrow = columns(await rows(page).innerText(), 'now');
  assert.ok(narrow < wide && narrow > 40, `${wide} columns, then ${narrow}`);
  await page.keyboard.type('exit 3\n');
  await page.getByText('The shell ended: exit code 3').waitFor();
  await page.getByRole('button', { name: 'Open another' }).click();
  await page.getByText('Connected.').waitFor();
  await page.keyboard.type('exit\n');
  await page.getByText('The shell ended: exit code 0').waitFor();
}

/** The address that the worker has stored; and what becomes of a shell when its task ends. */
async function anotherByItsLink(context, drover, id) {
  const { url } = await drover.get(`queue/v1/task/${id}/artifact-content/private%2Fgeneric-worker%2Fshell.html`);
  assert.ok(url.startsWith(`${drover.rootUrl}/shell/?`), url);
  const page = await newPage(context);
  // Its socket is the one that the task has stored, whatever an address says.
  await page.goto(url.replace(/socketUrl=[^&]*/, `socketUrl=${encodeURIComponent('ws://127.0.0.1:9/shell/x')}`));
  await page.getByText('Connected.').waitFor();
  await page.keyboard.type('touch done\n');
  await page.getByText('The shell ended: the task has ended').waitFor();
  await page.locator('.head .state', { hasText: 'completed' }).waitFor();
  await page.getByRole('button', { name: 'Open another' }).click();
  await page.getByText('The task is over').waitFor();
  assertClean(page);
}

/** Who may not read the artifact learns which scope that takes. */
async function strangers(browser, drover, id) {
  const context = await newContext(browser);
  const page = await newPage(context);
  await page.goto(`${drover.rootUrl}/shell/${id}`);
  await page.getByText('queue:get-artifact:private/generic-worker/shell.html').waitFor();
  const policy = (await context.request.get(`${drover.rootUrl}/shell/${id}`, { headers: { accept: 'text/html' } })).headers()['content-security-policy'];
  assert.match(policy, /connect-src 'self'[^;]* ws: wss:;/);
  assertClean(page);
  await context.close();
}
