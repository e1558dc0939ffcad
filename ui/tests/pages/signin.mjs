/** Signing in and out. */
import assert from 'node:assert/strict';
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
  assertClean(page);
  await context.close();
}
