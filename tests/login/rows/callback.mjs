// The way back from an upstream: state, cookie, issuer; and whose browser it is (RFC 9700 §4.4, §4.7).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Application } from '../support/application.mjs';
import { formsTo } from '../support/browser.mjs';
import { be, choose, loggedIn, logIn, offers, toUpstream } from '../support/login.mjs';
import { isOwnPage } from '../support/pages.mjs';
import { open, world } from '../support/world.mjs';

/** The address at which an upstream sends a person back, without going there. */
async function wayBack(all, browser, page, sub) {
  const held = browser.another({ cookies: browser.cookies });
  held.reaches = held.reaches.filter((origin) => origin !== all.issuer);
  const { arrived } = await be(held, page, sub);
  assert.ok(arrived?.pathname.startsWith('/login/callback/'), `${arrived}`);
  return arrived;
}

/** Nobody is logged in by a page, and it says what to do. */
function isRefused(page) {
  assert.ok(!page.arrived, `${page.arrived}`);
  assert.ok(page.response.status >= 400, `${page.response.status} at ${page.url}`);
  return isOwnPage(page, page.response.status);
}

/** The login is finished: the page says so, and has a way to the application and to the account. */
function isFinished(all, page) {
  const text = isOwnPage(page);
  assert.match(text, /logged in already/);
  assert.match(text, /Alice/);
  const links = [...page.response.text.matchAll(/<a [^>]*href="([^"]*)"/g)].map(([, to]) => to);
  assert.deepEqual(links, [
    'https://shop.example/',
    `${new URL(all.issuer).pathname.replace(/\/$/, '')}/login/account`,
  ]);
  assert.equal(page.response.headers['set-cookie'], undefined);
}

async function isUnknown(all, browser) {
  const { shop } = all.applications;
  const silent = shop.asks({ prompt: 'none' });
  shop.refused(await browser.open(silent.url), silent, 'login_required');
}

describe('the way back', () => {
  test('of an attacker, in a victim’s browser: the victim is not logged in as the attacker', async () => {
    const all = await world();
    const attacker = all.browser();
    const { page } = await toUpstream(attacker, all.applications.shop);
    const link = await wayBack(all, attacker, page, 'mallory');
    const victim = all.browser();
    const shown = await victim.open(link.href);
    isRefused(shown);
    await isUnknown(all, victim);
    // Not where the victim has a login of their own under way either.
    const second = all.browser();
    const { page: own, asked } = await toUpstream(second, all.applications.shop);
    isRefused(await second.open(link.href));
    const tokens = await all.applications.shop.tokens(await be(second, own, 'alice'), asked);
    assert.equal(tokens.claims.sub, all.subject('one', 'alice'));
  });

  test('of a victim, in an attacker’s browser: the attacker is not logged in as the victim', async () => {
    const all = await world();
    const victim = all.browser();
    const { page } = await toUpstream(victim, all.applications.shop);
    const link = await wayBack(all, victim, page, 'alice');
    const attacker = all.browser();
    isRefused(await attacker.open(link.href));
    await isUnknown(all, attacker);
    // Nor with the code in an answer to a login of their own.
    const { page: own } = await toUpstream(attacker, all.applications.shop);
    const theirs = await wayBack(all, attacker, own, 'mallory');
    theirs.searchParams.set('code', link.searchParams.get('code'));
    isRefused(await attacker.open(theirs.href));
    await isUnknown(all, attacker);
  });

  test('a link with an attacker’s sealed request logs no victim in to the attacker’s login', async () => {
    const all = await world();
    const { shop } = all.applications;
    const attacker = all.browser();
    const chooser = await attacker.open(shop.asks().url);
    const victim = all.browser();
    let page = await victim.open(chooser.url.href);
    if (offers(page, 'one')) {
      page = await choose(victim, page, 'one');
      page = await be(victim, page, 'alice');
    }
    // The browser that asked is not this one: no code for whoever has the request.
    assert.ok(!page.arrived?.searchParams.has('code'), `${page.arrived}`);
  });

  test('a code of another issuer (mix-up): its address is another, and it says who it is', async () => {
    const all = await world();
    const { shop } = all.applications;
    const changes = {
      address: (link) => {
        link.pathname = link.pathname.replace('/one', '/two');
      },
      iss: (link) => link.searchParams.set('iss', all.upstreams.two.url),
    };
    // Each with a login of its own: one that was refused is over.
    for (const [name, change] of Object.entries(changes)) {
      const browser = all.browser();
      const { page } = await toUpstream(browser, shop, { provider: 'one' });
      const link = await wayBack(all, browser, page, 'alice');
      change(link);
      isRefused(await browser.open(link.href), name);
      await isUnknown(all, browser);
    }
  });

  test('without iss, where the upstream announces it', async () => {
    const all = await world();
    const browser = all.browser();
    const { page } = await toUpstream(browser, all.applications.shop);
    const link = await wayBack(all, browser, page, 'alice');
    link.searchParams.delete('iss');
    isRefused(await browser.open(link.href));
    await isUnknown(all, browser);
  });

  test('a state that is foreign, changed, missing, twice', async () => {
    const all = await world();
    const { shop } = all.applications;
    const changes = {
      foreign: (link, other) => link.searchParams.set('state', other.searchParams.get('state')),
      changed: (link) => link.searchParams.set('state', `${link.searchParams.get('state')}x`),
      missing: (link) => link.searchParams.delete('state'),
      empty: (link) => link.searchParams.set('state', ''),
      twice: (link) => link.searchParams.append('state', link.searchParams.get('state')),
      long: (link) => link.searchParams.set('state', 'x'.repeat(5000)),
    };
    for (const [name, change] of Object.entries(changes)) {
      const browser = all.browser();
      const other = all.browser();
      const link = await wayBack(all, browser, (await toUpstream(browser, shop)).page, 'alice');
      const foreign = await wayBack(all, other, (await toUpstream(other, shop)).page, 'bob');
      change(link, foreign);
      isRefused(await browser.open(link.href), name);
      await isUnknown(all, browser);
    }
  });

  test('without a code and without an error; and with both', async () => {
    const all = await world();
    const browser = all.browser();
    const link = await wayBack(all, browser, (await toUpstream(browser, all.applications.shop)).page, 'alice');
    const bare = new URL(link);
    bare.searchParams.delete('code');
    isRefused(await browser.open(bare.href));
    await isUnknown(all, browser);
  });

  test('replayed: the second time gives nobody a login, and the page leads on', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    const { asked, page } = await toUpstream(browser, shop);
    const link = await wayBack(all, browser, page, 'alice');
    const end = await browser.open(link.href);
    await shop.tokens(end, asked);
    isFinished(all, await browser.open(link.href));
    // The upstream’s page once more, where the browser’s Back leads, and another code.
    isFinished(all, await be(browser, page, 'alice'));
    // Whatever comes with it is not read.
    for (const name of ['code', 'iss', 'error']) {
      const changed = new URL(link);
      changed.searchParams.set(name, 'https://evil.example/');
      assert.ok(!(await browser.open(changed.href)).response.text.includes('evil.example'), name);
    }
    // In another browser it is worth nothing at all, and nothing is told by it: neither to nobody, nor to whoever
    // came the same way by a login of their own.
    const thief = all.browser();
    isRefused(await thief.open(link.href));
    await isUnknown(all, thief);
    const bob = all.browser();
    await loggedIn(bob, shop, { as: 'bob' });
    const text = isRefused(await bob.open(link.href));
    assert.doesNotMatch(text, /Alice|The Shop/);
    // Nor once the session has ended.
    await browser.open(shop.logout(await loggedIn(browser, shop)));
    isRefused(await browser.open(link.href));
  });

  test('a login that is finished says so at each of its pages, and changes nothing', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    const asked = shop.asks();
    const chooser = await browser.open(asked.url);
    await shop.tokens(await be(browser, await choose(browser, chooser, 'one'), 'alice'), asked);
    const held = new Map(browser.cookies);
    for (const ask of [
      () => browser.open(chooser.url.href),
      () => choose(browser, chooser, 'one'),
      () => choose(browser, chooser, 'two'),
      () => browser.send(chooser, '/login', { fields: { account: 'other' }, without: ['provider'] }),
    ]) {
      isFinished(all, await ask());
      assert.deepEqual(browser.cookies, held);
    }
    // Whoever asks without a page gets none.
    const silent = shop.asks({ prompt: 'none' });
    const began = browser.visited.length;
    shop.answered(await browser.open(silent.url), silent);
    const own = browser.visited.slice(began).find((url) => url.includes('/login?request='));
    const again = await browser.open(own);
    assert.ok(again.arrived, `a page: ${again.response.text}`);
  });

  test('a login that is finished leads to no page that a stranger chose', async (t) => {
    const own = await open(t, { env: { JETON_REGISTRATION: '{}' } });
    for (const [client_uri, expected] of [
      ['https://phish.example/', 'https://stranger.example/'],
      ['https://stranger.example/home', 'https://stranger.example/home'],
    ]) {
      const record = { client_name: 'The Shop', client_uri, redirect_uris: ['https://stranger.example/cb'] };
      const response = await fetch(`${own.issuer}/register`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify(record),
      });
      assert.equal(response.status, 201, await response.clone().text());
      const stranger = new Application(own, await response.json());
      const browser = own.browser();
      const { asked, page } = await logIn(browser, stranger);
      await stranger.tokens(page, asked);
      const again = await browser.open(browser.visited.findLast((url) => url.includes('/login?request=')));
      assert.match(isOwnPage(again), /logged in already/);
      const [, first] = /<a [^>]*href="([^"]*)"/.exec(again.response.text);
      assert.equal(first, expected);
    }
  });

  test('a login whose answer the application never had is not finished', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    const asked = shop.asks();
    const chooser = await browser.open(asked.url);
    const upstream = await choose(browser, chooser, 'one');
    const link = await wayBack(all, browser, upstream, 'alice');
    const { headers } = (await browser.ask(link.href)).response;
    // Accepted, and the browser never came to the address that it was sent to.
    const accepted = await browser.ask(headers.location);
    assert.match(accepted.response.headers.location, /\/authorize\/resume\?/);
    await shop.tokens(await browser.open(chooser.url.href), asked);
  });

  test('Back and forward again: the chooser still leads to a login', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    const asked = shop.asks();
    const chooser = await browser.open(asked.url);
    await choose(browser, chooser, 'two');
    // Back to the chooser, which the browser has kept, and the other way.
    const upstream = await choose(browser, chooser, 'one');
    await shop.tokens(await be(browser, upstream, 'alice'), asked);
    // Back once more, after it is done: nobody is stranded.
    const stale = await choose(browser, chooser, 'one');
    isFinished(all, stale);
  });

  test('a browser without cookies is told so, and does not go in circles', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    const { page } = await toUpstream(browser, shop);
    for (const own of ['jeton-login-', 'jeton-browser-']) browser.forget(new URL(all.issuer).hostname, own);
    const end = await be(browser, page, 'alice');
    const text = isRefused(end);
    assert.match(text, /cookie/i);
    assert.match(end.response.text, /<a href="[^"]*\/login\/account">/);
  });

  test('an upstream’s answer by POST is not taken', async () => {
    const all = await world();
    const browser = all.browser();
    const link = await wayBack(all, browser, (await toUpstream(browser, all.applications.shop)).page, 'alice');
    const { response } = await browser.ask(`${link.origin}${link.pathname}`, { form: link.searchParams.toString() });
    assert.equal(response.status, 405);
    await isUnknown(all, browser);
  });

  test('an address of a provider that is not there', async () => {
    const all = await world();
    const browser = all.browser();
    for (const path of [
      '/login/callback/three',
      '/login/callback/',
      '/login/callback',
      '/login/callback/one/more',
      '/login/callback/One',
      '/login/callback/..%2fone',
    ]) {
      const { response } = await browser.ask(`${all.issuer}${path}?state=x&code=y`);
      assert.ok(response.status >= 400 && response.status < 500, `${response.status} at ${path}`);
    }
  });

  test('nothing of the way in leads to a stranger’s address', async () => {
    const all = await world();
    const { shop } = all.applications;
    const evil = 'https://evil.example/';
    const browser = all.browser();
    const chooser = await browser.open(shop.asks().url);
    const [form] = formsTo(chooser, '/login');
    const { request } = form.fields;
    for (const name of ['return_to', 'redirect_uri', 'next', 'url', 'continue', 'issuer', 'redirect_to']) {
      const to = await browser.open(`${all.issuer}/login?${new URLSearchParams({ request, [name]: evil })}`);
      assert.ok(!to.arrived, `${name}: ${to.arrived}`);
      assert.ok(!to.response.text.includes('evil.example'), name);
      const begun = await browser.send(chooser, '/login', { button: 'one', fields: { [name]: evil } });
      assert.ok(!begun.arrived, `${name}: ${begun.arrived}`);
    }
    for (const path of [
      '/login//evil.example',
      '/login/\\evil.example',
      '//evil.example/login',
      '/login/callback/one/../../../evil',
    ]) {
      const { response } = await browser.ask(`${all.issuer}${path}`);
      assert.ok(!(response.headers.location ?? '').includes('evil'), `${path}: ${response.headers.location}`);
    }
  });

  test('a sealed request that is damaged, empty, twice or another kind’s ends at a page', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    const chooser = await browser.open(shop.asks().url);
    const request = chooser.url.searchParams.get('request');
    assert.match(request, /^jsr_/);
    const flow = browser.cookiesOf(new URL(all.issuer).hostname, 'jeton-browser-')[0][1];
    for (const query of [
      `request=${request.slice(0, -3)}`,
      `request=${request.slice(0, 60)}${request[60] === 'A' ? 'B' : 'A'}${request.slice(61)}`,
      'request=',
      '',
      `request=${request}&request=${request}`,
      `request=jsr_${flow}`,
      `request=${'x'.repeat(8000)}`,
      'request=%00%ff',
    ]) {
      isRefused(await browser.open(`${all.issuer}/login?${query}`));
    }
  });

  test('a provider that is not there, or none, begins nothing', async () => {
    const all = await world();
    const browser = all.browser();
    const chooser = await browser.open(all.applications.shop.asks().url);
    for (const provider of ['three', '', 'ONE', '__proto__', ['one', 'two']]) {
      isRefused(await browser.send(chooser, '/login', { fields: { provider } }));
    }
  });

  test('forms are forms: another type, or more than fits, is refused', async () => {
    const all = await world();
    const browser = all.browser();
    const big = await browser.ask(`${all.issuer}/login`, { form: `request=${'x'.repeat(70_000)}` });
    assert.ok([400, 413].includes(big.response.status), `${big.response.status}`);
    const json = await browser.ask(`${all.issuer}/login`, {
      form: '{"provider":"one"}',
      headers: { 'content-type': 'application/json' },
    });
    assert.ok(json.response.status >= 400 && json.response.status < 500, `${json.response.status}`);
    for (const [path, method] of [
      ['/login', 'PUT'],
      ['/login', 'DELETE'],
      ['/login/consent', 'GET'],
      ['/login/back', 'GET'],
      ['/login/account', 'PUT'],
      ['/login/logo', 'POST'],
    ]) {
      const { response } = await browser.ask(`${all.issuer}${path}`, { method });
      assert.ok([400, 404, 405].includes(response.status), `${method} ${path}: ${response.status}`);
    }
  });
});
