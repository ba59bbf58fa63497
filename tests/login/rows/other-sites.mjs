// What other sites, and other applications on the same host, can do to a browser's login: nothing.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { be, loggedIn, offers, toUpstream } from '../support/login.mjs';
import { open } from '../support/world.mjs';

describe('other sites', () => {
  test('a cookie of another application that is no text hides none of ours', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const { shop } = own.applications;
    const browser = own.browser();
    // é in Latin-1, as old applications write it.
    browser.setCookie(new URL(own.issuer).hostname, 'name', 'Jos\u00e9');
    const first = await loggedIn(browser, shop);
    const silent = shop.asks({ prompt: 'none' });
    const again = await shop.tokens(await browser.open(silent.url), silent);
    assert.equal(again.claims.auth_time, first.claims.auth_time);
  });

  test('a form of another site begins no login: the person is asked', async (t) => {
    const own = await open(t);
    const { shop } = own.applications;
    const browser = own.browser();
    await loggedIn(browser, shop);
    // At that provider somebody else is logged in, who would be let in without a page.
    const other = await toUpstream(browser, shop, { provider: 'two', form: { prompt: 'select_account' } });
    await be(browser, other.page, 'bob');
    await loggedIn(browser, shop, { form: { prompt: 'select_account' } });
    const asked = async () => {
      const silent = shop.asks({ prompt: 'none' });
      return (await shop.tokens(await browser.open(silent.url), silent)).claims.sub;
    };
    const before = await asked();
    for (const origin of ['https://evil.example', 'null', own.upstreams.two.url]) {
      const page = await browser.open(`${own.issuer}/login`, { form: 'provider=two', headers: { origin } });
      assert.ok(offers(page, 'two'), `${origin}: ${page.url} ${page.response.status}`);
      assert.equal(await asked(), before, origin);
    }
    const page = await browser.open(`${own.issuer}/login`, { form: 'provider=two' });
    assert.ok(!offers(page), 'the page’s own form goes on');
  });
});
