// What a login asks of the Worker's stores, counted: KV, the objects of the ledger, the authority.

import './support/secrets.mjs';
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { startCounted } from '../hosts/worker-counted.mjs';
import { agree, asksConsent, be, choose, loggedIn } from './support/login.mjs';
import { open } from './support/world.mjs';

test('storage operations of a login', async (t) => {
  let worker;
  const own = await open(t, {
    async start({ env }) {
      worker = await startCounted(env);
      return { url: worker.url, log: worker.log, stop: () => worker.miniflare.dispose() };
    },
  });
  const { shop, guest } = own.applications;
  // What is looked up once in a while is known then: metadata, keys.
  await loggedIn(own.browser(), shop, { as: 'bob' });

  const counted = {};
  const count = async (name, act) => {
    await worker.count();
    const result = await act();
    counted[name] = await worker.count();
    return result;
  };
  const browser = own.browser();
  const asked = shop.asks({ scope: 'openid profile email offline_access' });
  let page = await count('the page that asks who', () => browser.open(asked.url));
  page = await count('to the upstream', () => choose(browser, page, 'one'));
  page = await count('the way back, to the code', () => be(browser, page, 'alice'));
  const tokens = await count('tokens', () => shop.tokens(page, asked));
  await count('a refresh', () => shop.isAlive(tokens));
  const silent = shop.asks({ prompt: 'none' });
  page = await count('with a session, to the code', () => browser.open(silent.url));
  assert.ok(page.arrived.searchParams.has('code'));

  const third = guest.asks();
  page = await count('the page of consent', () => browser.open(third.url));
  assert.ok(asksConsent(page));
  page = await count('consent given, to the code', () => agree(browser, page));
  assert.ok(page.arrived.searchParams.has('code'));
  const again = guest.asks();
  page = await count('consent remembered, to the code', () => browser.open(again.url));
  assert.ok(page.arrived.searchParams.has('code'));
  await count('the account page', () => browser.open(`${own.issuer}/login/account`));

  assert.deepEqual(counted, {
    // Nothing is stored of somebody who may never come back.
    'the page that asks who': {},
    'to the upstream': {},
    // Of a person who is new to this process: whether they have been cut off, and whether they are a client. Then the
    // grant is opened, and stands in their index.
    'the way back, to the code': { 'KV reads': 3, ledger: 3 },
    tokens: { ledger: 1 },
    'a refresh': { ledger: 1 },
    'with a session, to the code': { ledger: 3 },
    // Whether the session was logged out is read each time, and what they agreed to as it stands: for the decision to
    // ask, and for what the page marks.
    'the page of consent': { ledger: 3 },
    'consent given, to the code': { 'KV reads': 1, ledger: 5 },
    'consent remembered, to the code': { ledger: 4 },
    // Their index, each of the four grants, and what they agreed to.
    'the account page': { ledger: 7 },
  });
});
