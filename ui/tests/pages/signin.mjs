/** Signing in and out. */
import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { assertClean, checkAccessibility, newContext, newPage } from '../browser.mjs';

export default async function signin({ browser, drover }) {
  const context = await newContext(browser);
  const page = await newPage(context);
  const link = await drover.link();
  await page.goto(link);
  await page.getByRole('button', { name: 'Sign out' }).waitFor();
  assert.doesNotMatch(page.url(), /#/, 'the token is in no history');
  const cookies = await context.cookies();
  assert.ok(cookies.length === 1 && cookies[0].httpOnly && cookies[0].sameSite === 'Lax');
  assert.equal(await page.evaluate(() => document.cookie), '');

  await page.getByRole('button', { name: 'Sign out' }).click();
  await page.getByRole('button', { name: 'Sign in' }).waitFor();
  await page.goto(link);
  await page.getByText('The link was used before').or(page.getByText('the link was used before')).waitFor();
  await checkAccessibility(page);

  await page.getByLabel('Client ID').fill(drover.clientId);
  await page.getByLabel('Access token').fill('wrong');
  await page.locator('main').getByRole('button', { name: 'Sign in' }).click();
  await page.getByText('with this access token').waitFor();
  await page.getByLabel('Access token').fill(drover.accessToken);
  await page.locator('main').getByRole('button', { name: 'Sign in' }).click();
  await page.getByRole('button', { name: 'Sign out' }).waitFor();

  await page.goto(`${drover.rootUrl}/login?return_to=//evil.example.com/`);
  await page.getByLabel('Client ID').fill(drover.clientId);
  await page.getByLabel('Access token').fill(drover.accessToken);
  await page.locator('main').getByRole('button', { name: 'Sign in' }).click();
  await page.waitForURL(`${drover.rootUrl}/`);
  await program(page, drover);
  assertClean(page);
  await context.close();
}

/** As `taskcluster signin` does: a program opens a page, and hears of its client on a port of this machine; twice. */
async function program(page, drover) {
  const asked = (callback) => {
    const query = new URLSearchParams({ name: 'cli', description: 'Of a program', expires: '1d', callback_url: callback });
    query.append('scope', 'auth:list-clients');
    query.append('scope', 'queue:*');
    return `${drover.rootUrl}/auth/clients/create?${query}`;
  };
  await page.goto(asked('https://evil.example.com/'));
  await page.getByText('they are sent to http://localhost only').waitFor();
  for (let time = 0; time < 2; time++) {
    const { callback, answer } = await listener();
    await page.goto(asked(callback));
    await page.getByText('auth:list-clients').waitFor();
    await checkAccessibility(page);
    await page.getByRole('button', { name: 'Give it' }).click();
    await page.waitForURL(`${callback}?**`);
    const given = await answer;
    assert.equal(given.get('clientId'), `${drover.clientId.replace('static/', '')}/cli`);
    const known = await drover.get(`auth/v1/clients/${encodeURIComponent(given.get('clientId'))}`);
    assert.deepEqual(known.scopes, ['auth:list-clients', 'queue:*']);
    assert.ok(known.deleteOnExpiration && Date.parse(known.expires) < Date.now() + 86_400_000);
    const signedIn = await drover.send('POST', 'drover/v1/session', { clientId: given.get('clientId'), accessToken: given.get('accessToken') });
    assert.equal(signedIn.status, 200, 'the token is the one that is good now');
  }
}

function listener() {
  return new Promise((ready) => {
    let got;
    const answer = new Promise((resolve) => (got = resolve));
    const server = createServer((request, response) => {
      response.end('You may close this window.');
      if (!request.url.includes('accessToken')) return;
      got(new URL(request.url, 'http://localhost').searchParams);
      server.close();
    }).listen(0, '127.0.0.1', () => ready({ callback: `http://127.0.0.1:${server.address().port}/`, answer }));
  });
}
