/** An application of another origin asks for credentials, as Treeherder does: its script speaks OAuth 2 from the browser. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { assertClean, checkAccessibility, newContext, newPage } from '../browser.mjs';
import { Drover } from '../drover.mjs';

const SCOPES = ['hooks:trigger-hook:*', 'queue:rerun-task:*'];

export default async function thirdparty({ browser }) {
  const application = await start();
  const common = { scopes: SCOPES, redirect_uris: [`${application.url}back`], max_expires: '1 day' };
  const thirdParties = [{ client_id: 'board', ...common }, { client_id: 'trusted', skip_consent: true, ...common }];
  const drover = await Drover.start(['--workers', '0', '--set', `sign_in.third_parties=${JSON.stringify(thirdParties)}`]);
  const context = await newContext(browser);
  try {
    application.rootUrl = drover.rootUrl;
    const page = await newPage(context);
    await page.goto(`${application.url}?client_id=board`);
    await page.getByText('Sign in to see what it would get').waitFor();
    await page.locator('main').getByRole('button', { name: 'Sign in' }).click();
    await page.getByLabel('Client ID').fill(drover.clientId);
    await page.getByLabel('Access token').fill(drover.accessToken);
    await page.getByRole('dialog').getByRole('button', { name: 'Sign in' }).click();
    await page.getByText('hooks:trigger-hook:*').waitFor();
    await checkAccessibility(page);
    await page.getByRole('button', { name: 'Refuse' }).click();
    await page.getByText('refused: access_denied').waitFor();

    await page.goto(`${application.url}?client_id=board`);
    await page.getByRole('button', { name: 'Allow' }).click();
    await page.getByText('I have credentials').waitFor();
    const [clientId, accessToken] = (await page.locator('pre').textContent()).split('\n');
    assert.match(clientId, new RegExp(`^${drover.clientId.replace('static/', '')}/board-[A-Za-z0-9]{6}$`));
    assert.equal((await drover.send('POST', 'drover/v1/session', { clientId, accessToken })).status, 200, 'they are good');
    const made = await drover.get(`auth/v1/clients/${encodeURIComponent(clientId)}`);
    assert.deepEqual(made.scopes, SCOPES);
    assert.ok(made.deleteOnExpiration && Date.parse(made.expires) < Date.now() + 86_400_000);

    await page.goto(`${application.url}?client_id=trusted`);
    await page.getByText('I have credentials').waitFor();

    await page.goto(`${drover.rootUrl}/login/oauth/authorize?client_id=board&redirect_uri=https%3A%2F%2Fevil.example.com%2F&response_type=code&scope=a`);
    await page.getByText('is not to be sent back to').waitFor();
    assert.equal(await page.getByRole('link', { name: /Back to/ }).count(), 0);
    await checkAccessibility(page);
    assertClean(page);
  } finally {
    await context.close();
    await drover.stop();
    application.server.close();
  }
}

/** Its page: sends the browser away, and uses what it comes back with. */
function start() {
  const application = {};
  application.server = createServer((request, response) => {
    response.setHeader('content-type', 'text/html');
    const { pathname } = new URL(request.url, 'http://localhost');
    const script = pathname === '/back' ? back : pathname === '/' ? away : undefined;
    response.end(script ? `<!doctype html><title>Board</title><pre></pre><p></p><script>(${script})(${JSON.stringify(application.rootUrl)})</script>` : '');
  });
  return new Promise((ready) => {
    application.server.listen(0, '127.0.0.1', () => {
      application.url = `http://127.0.0.1:${application.server.address().port}/`;
      ready(application);
    });
  });
}

function away(rootUrl) {
  const clientId = new URLSearchParams(location.search).get('client_id');
  sessionStorage.setItem('client', clientId);
  const query = { client_id: clientId, redirect_uri: `${location.origin}/back`, response_type: 'code', state: '99', expires: '1 week' };
  location.assign(`${rootUrl}/login/oauth/authorize?${new URLSearchParams({ ...query, scope: 'queue:rerun-task:* hooks:trigger-hook:*' })}`);
}

async function back(rootUrl) {
  const say = (text) => (document.querySelector('p').textContent = text);
  const answer = new URLSearchParams(location.search);
  if (answer.get('state') !== '99') return say('not mine');
  if (answer.get('error')) return say(`refused: ${answer.get('error')}`);
  const form = { grant_type: 'authorization_code', code: answer.get('code'), redirect_uri: `${location.origin}/back`, client_id: sessionStorage.getItem('client') };
  const headers = { 'content-type': 'application/x-www-form-urlencoded' };
  const token = await (await fetch(`${rootUrl}/login/oauth/token`, { method: 'POST', headers, body: new URLSearchParams(form).toString() })).json();
  const bearer = { authorization: `Bearer ${token.access_token}`, 'content-type': 'application/json' };
  const { credentials } = await (await fetch(`${rootUrl}/login/oauth/credentials`, { headers: bearer })).json();
  document.querySelector('pre').textContent = `${credentials.clientId}\n${credentials.accessToken}`;
  say('I have credentials');
}
