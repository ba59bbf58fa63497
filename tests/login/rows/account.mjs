// What ends at the account page, and what it shows, however much an application has.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formsTo, textOf } from '../support/browser.mjs';
import { agree, asksConsent, loggedIn } from '../support/login.mjs';
import { isOwnPage } from '../support/pages.mjs';
import { application, clients, open, target } from '../support/world.mjs';

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

/** The clients that a page can end. */
const shownOn = (page) =>
  formsTo(page, '/login/account')
    .flatMap(({ buttons }) => buttons.filter(({ name }) => name === 'client').map(({ value }) => value))
    .sort();

const FURTHER = /something may be missing/;

/** Ends what a client has. */
const endOf = (browser, page, button) => browser.send(page, '/login/account', { button });

describe('the account page', () => {
  test('shows each application and ends all that one has, however often somebody logged in there', async (t) => {
    const firsts = Array.from({ length: 5 }, (_, n) => application(`first-${n}`, { first_party: true }));
    const own = await open(t, { host: oneProcess, clients: [...clients(), ...firsts] });
    const { guest, shop } = own.applications;
    const browser = own.browser();
    await loggedIn(browser, guest, { form });
    const other = await loggedIn(browser, shop, { form });
    for (const { client_id } of firsts) await loggedIn(browser, own.applications[client_id], { form });
    // More than can be read in one request.
    const logins = await manyLogins(browser, guest, 420);
    const others = ['shop', ...firsts.map(({ client_id }) => client_id)].sort();
    let page = await account(own, browser);
    assert.deepEqual(shownOn(page), ['guest', ...others].sort());
    assert.doesNotMatch(isOwnPage(page), FURTHER);
    page = await endOf(browser, page, 'guest');
    assert.match(isOwnPage(page), /Access has ended/);
    assert.deepEqual(shownOn(page), others);
    // Of what has ended not all could be read: that is said, and whoever wants to sees to the end of it.
    let steps = 0;
    for (; FURTHER.test(isOwnPage(page)); steps += 1) {
      assert.ok(steps < 5, 'each step makes progress');
      const [, from] = /href="[^"]*\?from=([\w-]{22})"/.exec(page.response.text);
      page = await browser.open(`${own.issuer}/login/account?from=${from}`);
      assert.ok(!shownOn(page).includes('guest'));
    }
    assert.ok(steps > 0);
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
