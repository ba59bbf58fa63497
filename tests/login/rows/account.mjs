// What ends at the account page, and what it shows, however much an application has.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { textOf } from '../support/browser.mjs';
import { agree, asksConsent, loggedIn } from '../support/login.mjs';
import { isOwnPage } from '../support/pages.mjs';
import { open, target } from '../support/world.mjs';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What has ended is known at once to the process that was asked; Lambda's others remember for a while. */
const oneProcess = target === 'lambda' ? { instances: 1 } : {};

const form = { scope: 'openid offline_access' };

/** Logs in silently so often, by sixes, and answers with the tokens of each. */
async function manyLogins(browser, application, often) {
  const all = [];
  const one = async () => {
    const asked = application.asks({ ...form, prompt: 'none' });
    all.push(await application.tokens(await browser.open(asked.url), asked));
  };
  await one();
  while (all.length < often) await Promise.all(Array.from({ length: 6 }, one));
  return all;
}

const account = (own, browser) => browser.open(`${own.issuer}/login/account`);

/** Ends what a client has. */
const endOf = (browser, page, button) => browser.send(page, '/login/account', { button });

describe('the account page', () => {
  test('ends all that an application has, however often somebody logged in there', async (t) => {
    const own = await open(t, { host: oneProcess });
    const { guest, shop } = own.applications;
    const browser = own.browser();
    await loggedIn(browser, guest, { form });
    const other = await loggedIn(browser, shop, { form });
    // More than can be read in one request.
    const logins = await manyLogins(browser, guest, 420);
    const page = await endOf(browser, await account(own, browser), 'guest');
    assert.match(isOwnPage(page), /Access has ended/);
    for (const tokens of logins) assert.equal(await guest.isAlive(tokens), false);
    assert.equal(await shop.isAlive(other), true, 'another application goes on');
    // So does the session, and the person may agree anew.
    await sleep(1100);
    const again = await loggedIn(browser, guest, { form });
    assert.equal(await guest.isAlive(again), true);
  });

  test('ends a login that is on its way back', async (t) => {
    const own = await open(t, { host: oneProcess });
    const { guest } = own.applications;
    const browser = own.browser();
    await loggedIn(browser, guest, { form });
    const asked = guest.asks({ ...form, prompt: 'consent' });
    const asks = await browser.open(asked.url);
    assert.ok(asksConsent(asks), textOf(asks.response));
    let held;
    const ask = browser.ask.bind(browser);
    browser.ask = async (url, ...rest) => {
      if (!String(url).includes('/authorize/resume')) return ask(url, ...rest);
      held = url;
      return { url: new URL(url), response: { status: 200, headers: {}, text: '' } };
    };
    await agree(browser, asks);
    browser.ask = ask;
    assert.ok(held, 'the person has agreed');
    await endOf(browser, await account(own, browser), 'guest');
    guest.refused(await browser.open(held), asked, 'login_required');
  });
});
