/** Index, secrets, clients, roles and scopes, and creating a task. */
import assert from 'node:assert/strict';
import { assertClean, checkAccessibility, newContext, newPage, signIn } from '../browser.mjs';
import { claimedTask } from '../drover.mjs';

export default async function manage({ browser, drover, shot }) {
  const context = await newContext(browser);
  await context.grantPermissions(['clipboard-read', 'clipboard-write'], { origin: drover.rootUrl });
  const page = await newPage(context);
  await signIn(page, drover);
  const at = (path) => page.goto(drover.rootUrl + path);
  await index(page, drover, at);
  await secrets(page, at);
  await roles(page, at, shot);
  await create(page, drover, at);
  assertClean(page);
  await context.close();
}

async function index(page, drover, at) {
  const { id } = await claimedTask(drover, 'indexed');
  const body = { taskId: id, rank: 3, data: {}, expires: new Date(Date.now() + 86_400_000).toISOString() };
  await drover.call('PUT', 'index/v1/task/project.example.latest.linux64', body);
  await at('/tasks/index');
  for (const name of ['project', 'example', 'latest', 'linux64']) await page.locator('main td').getByRole('link', { name, exact: true }).click();
  await page.getByText('This path leads to').waitFor();
  await checkAccessibility(page);
  await page.locator('main .note').getByRole('link', { name: id }).click();
  await page.getByRole('heading', { name: 'indexed' }).waitFor();
}

async function secrets(page, at) {
  await at('/secrets');
  await page.getByLabel('Name of a secret').fill('project/example/key');
  await page.getByRole('button', { name: 'Open or create' }).click();
  await page.getByRole('button', { name: 'Show value' }).click();
  await page.getByRole('button', { name: 'Create it' }).click();
  await page.getByLabel('Value').fill('{"key": "HUSH-1234"}');
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('The value is not on this page').waitFor();
  assert.ok(!(await page.content()).includes('HUSH'), 'after saving it is gone');
  await page.getByRole('button', { name: 'Copy without showing' }).click();
  await page.getByText('in the clipboard').waitFor();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /HUSH-1234/);
  assert.ok(!(await page.content()).includes('HUSH'));
  await page.getByRole('button', { name: 'Show value' }).click();
  assert.match(await page.getByLabel('Value').inputValue(), /HUSH-1234/);
  assert.ok(!`${page.url()} ${await page.title()}`.includes('HUSH'));
  await checkAccessibility(page);
  await page.getByRole('button', { name: 'Hide value' }).click();
  assert.equal(await page.locator('textarea').count(), 0);
}

async function roles(page, at, shot) {
  await at('/auth/roles/repo:github.com%2Fexample%2F*');
  await page.getByText('saving creates it').waitFor();
  await page.getByLabel('Scopes, one a line').fill('queue:create-task:low:local/*\nqueue:scheduler-id:example');
  await page.getByLabel('Changes').getByText('queue:scheduler-id:example').waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByRole('button', { name: 'Delete' }).waitFor();
  await page.getByLabel('Scopes, one a line').fill('queue:create-task:low:local/*\nassume:another');
  await page.locator('.scopes .s4', { hasText: 'queue:scheduler-id:example' }).waitFor();
  await shot(page, 'role');
  await checkAccessibility(page);
  await at('/auth/roles');
  await page.getByRole('link', { name: 'repo:github.com/example/*' }).waitFor();
  await checkAccessibility(page);

  await at('/auth/clients');
  await page.getByLabel('New client id').fill('people/somebody');
  await page.getByRole('button', { name: 'Create', exact: true }).click();
  await page.getByRole('dialog').getByText('shown this once').waitFor();
  await page.getByRole('dialog').getByRole('button', { name: 'Done' }).click();
  await page.getByLabel('Scopes, one a line').fill('assume:repo:github.com/example/one');
  await page.locator('.scopes', { hasText: 'queue:create-task:low:local/*' }).waitFor();
  await page.getByRole('button', { name: 'Save' }).click();
  await page.getByText('It is saved.').waitFor();
  await checkAccessibility(page);
  await at('/auth/scopes?scope=queue:create-task:low:local/worker&expand=assume:repo:github.com/example/x');
  await page.getByRole('table', { name: 'Holders' }).getByText('people/somebody').waitFor();
  await page.locator('.scopes', { hasText: 'queue:scheduler-id:example' }).waitFor();
  await checkAccessibility(page);
}

/** What is typed survives the end of the session. */
async function create(page, drover, at) {
  await at('/tasks/create');
  const editor = page.getByLabel('Definition');
  const text = JSON.parse(await editor.inputValue());
  text.metadata.name = 'typed here';
  await editor.fill(JSON.stringify(text, null, 2));
  await page.getByText('You hold all of its scopes').waitFor();
  await page.evaluate(() => fetch('/api/drover/v1/session/end', { method: 'POST', headers: { 'x-drover-ui': '1' } }));
  await page.locator('main').getByRole('button', { name: 'Create' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.or(page.getByText('not signed')).first().waitFor();
  assert.match(await editor.inputValue(), /typed here/);
  await page.goto(await drover.link());
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  await at('/tasks/create');
  assert.match(await page.getByLabel('Definition').inputValue(), /typed here/);
  await page.getByLabel('Definition').fill(JSON.stringify({ ...text, retries: 500 }, null, 2));
  await page.locator('main').getByRole('button', { name: 'Create' }).click();
  await page.getByText(/\/retries/).first().waitFor();
  await checkAccessibility(page);
  await page.getByLabel('Definition').fill(JSON.stringify(text, null, 2));
  await page.locator('main').getByRole('button', { name: 'Create' }).click();
  await page.getByRole('heading', { name: 'typed here' }).waitFor();
}
