// Consent: asked, remembered, narrowed, denied (OpenID Connect Core §3.1.2.4).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Application } from '../support/application.mjs';
import { formsTo, textOf } from '../support/browser.mjs';
import { agree, asksConsent, be, loggedIn, logIn, toUpstream } from '../support/login.mjs';
import { isOwnPage } from '../support/pages.mjs';
import { API, application, clients, open, world } from '../support/world.mjs';

const SCOPE = 'openid profile email offline_access orders:read orders:write';
const FORM = { scope: SCOPE, resource: API };

/** A person whose account nobody else of this run has, so that nothing is remembered of them. */
let people = 0;
async function fresh() {
  const all = await world();
  people += 1;
  const sub = `person-${people}`;
  await all.upstreams.one.addUser({ sub, claims: { name: `Person ${people}`, email: `${sub}@example.com` } });
  return { all, sub, guest: all.applications.guest, browser: all.browser() };
}

/** The page of consent that a person gets. */
async function consentPage({ browser, guest, sub }, form = FORM) {
  const { page, asked } = await toUpstream(browser, guest, { form });
  const isOwn = page.url.origin === new URL(guest.world.issuer).origin;
  const consent = isOwn ? page : await be(browser, page, sub);
  assert.ok(asksConsent(consent), `${consent.arrived ?? textOf(consent.response)}`);
  return { page: consent, asked };
}

describe('consent', () => {
  test('which application, at which host, which API, and which scopes in words', async () => {
    const way = await fresh();
    const { page } = await consentPage(way);
    const text = isOwnPage(page);
    for (const part of ['A Guest', 'guest.example', 'Orders', 'Read orders', 'Change orders', way.sub]) {
      assert.ok(text.toLowerCase().includes(part.toLowerCase()), `no ${part} in ${text}`);
    }
  });

  test('given once it is remembered, in another browser too', async () => {
    const way = await fresh();
    const { page, asked } = await consentPage(way);
    const first = await way.guest.tokens(await agree(way.browser, page), asked);
    assert.equal(first.scope, SCOPE);
    const again = way.guest.asks(FORM);
    const second = await way.guest.tokens(await way.browser.open(again.url), again);
    assert.equal(second.scope, SCOPE);
    const elsewhere = way.all.browser();
    const { page: upstream, asked: third } = await toUpstream(elsewhere, way.guest, { form: FORM });
    const end = await be(elsewhere, upstream, way.sub);
    assert.ok(end.arrived, 'asked once more');
    await way.guest.tokens(end, third);
  });

  test('less than before is not asked for again; more is', async () => {
    const way = await fresh();
    const { page, asked } = await consentPage(way, { scope: 'openid profile orders:read', resource: API });
    await way.guest.tokens(await agree(way.browser, page), asked);
    const less = way.guest.asks({ scope: 'openid profile' });
    await way.guest.tokens(await way.browser.open(less.url), less);
    const more = way.guest.asks(FORM);
    const asksAgain = await way.browser.open(more.url);
    assert.ok(asksConsent(asksAgain));
    assert.equal((await way.guest.tokens(await agree(way.browser, asksAgain), more)).scope, SCOPE);
    // And what was given before is still given.
    const silent = way.guest.asks({ ...FORM, prompt: 'none' });
    await way.guest.tokens(await way.browser.open(silent.url), silent);
  });

  test('one thing and then another: neither is asked for again', async () => {
    const way = await fresh();
    const [read, write] = ['orders:read', 'orders:write'].map((scope) => ({ scope: `openid ${scope}`, resource: API }));
    for (const form of [read, write]) {
      const { page, asked } = await consentPage(way, form);
      await way.guest.tokens(await agree(way.browser, page), asked);
    }
    for (const form of [read, write, { ...read, scope: 'openid orders:read orders:write' }]) {
      const silent = way.guest.asks({ ...form, prompt: 'none' });
      assert.equal((await way.guest.tokens(await way.browser.open(silent.url), silent)).scope, form.scope);
    }
  });

  test('claims that are asked for by name are shown, and asked about', async () => {
    const way = await fresh();
    const { page, asked } = await consentPage(way, { scope: 'openid' });
    const first = await way.guest.tokens(await agree(way.browser, page), asked);
    assert.equal((await way.guest.userinfo(first)).email, undefined);
    const claims = JSON.stringify({ userinfo: { email: { essential: true } } });
    const silent = way.guest.asks({ scope: 'openid', claims, prompt: 'none' });
    way.guest.refused(await way.browser.open(silent.url), silent, 'consent_required');
    const named = way.guest.asks({ scope: 'openid', claims });
    const shown = await way.browser.open(named.url);
    assert.ok(asksConsent(shown));
    assert.match(isOwnPage(shown), /\bemail\b/);
    const second = await way.guest.tokens(await agree(way.browser, shown), named);
    assert.equal((await way.guest.userinfo(second)).email, `${way.sub}@example.com`);
    const again = way.guest.asks({ scope: 'openid', claims });
    await way.guest.tokens(await way.browser.open(again.url), again);
  });

  test('narrowed: the application gets what the person left, and no more later', async () => {
    const way = await fresh();
    const { page, asked } = await consentPage(way);
    const left = ['openid', 'profile', 'offline_access', 'orders:read'];
    const tokens = await way.guest.tokens(await agree(way.browser, page, { scope: left }), asked);
    assert.equal(tokens.scope, 'openid profile offline_access orders:read');
    const wider = await way.guest.post('/token', {
      grant_type: 'refresh_token',
      refresh_token: tokens.refresh_token,
      scope: SCOPE,
    });
    assert.equal(wider.status, 400, wider.text);
    assert.equal(wider.json().error, 'invalid_scope');
  });

  test('narrowed: a rule for a scope that the person declined says nothing', async (t) => {
    const says = (scope) => ({ match: { scope }, claims: { [scope.replace(':', '_')]: 'said' } });
    const own = await open(t, {
      providers: { one: {} },
      login: { claims: ['orders:read', 'orders:write'].map(says) },
    });
    const form = { ...FORM, resource: [API, own.issuer] };
    for (const [as, declined, expected] of [
      ['alice', ['email', 'orders:write'], { orders_read: 'said', orders_write: undefined }],
      ['bob', [], { orders_read: 'said', orders_write: 'said' }],
    ]) {
      const scope = SCOPE.split(' ').filter((token) => !declined.includes(token));
      const { asked, page } = await logIn(own.browser(), own.applications.guest, { as, form, scope });
      const tokens = await own.applications.guest.tokens(page, asked);
      assert.equal(tokens.scope.includes('orders:write'), declined.length === 0);
      const { orders_read, orders_write } = await own.applications.guest.userinfo(tokens);
      assert.deepEqual({ orders_read, orders_write }, expected);
    }
  });

  test('declined once it stays so: off on the page that asks for more, and left out where nothing is asked', async () => {
    const way = await fresh();
    const asking = { scope: 'openid profile orders:read', resource: API };
    const { page, asked } = await consentPage(way, asking);
    const narrowed = await agree(way.browser, page, { scope: ['openid', 'profile'] });
    assert.equal((await way.guest.tokens(narrowed, asked)).scope, 'openid profile');
    // The same again is answered as it was.
    const same = way.guest.asks(asking);
    assert.equal((await way.guest.tokens(await way.browser.open(same.url), same)).scope, 'openid profile');
    // What asks for more asks for it as well, and whoever only goes on has not given it.
    const more = way.guest.asks(FORM);
    const shown = await way.browser.open(more.url);
    assert.match(isOwnPage(shown), /already allowed/);
    const tokens = await way.guest.tokens(await agree(way.browser, shown), more);
    assert.equal(tokens.scope, 'openid profile email offline_access orders:write');
    // By `prompt=consent` they can give it after all.
    const anew = way.guest.asks({ ...FORM, prompt: 'consent' });
    const end = await agree(way.browser, await way.browser.open(anew.url), { scope: SCOPE.split(' ') });
    assert.equal((await way.guest.tokens(end, anew)).scope, SCOPE);
  });

  test('nobody agrees to more than was asked for, whatever the form says', async () => {
    const way = await fresh();
    const { page, asked } = await consentPage(way, { scope: 'openid profile' });
    const end = await agree(way.browser, page, {
      scope: ['openid', 'profile', 'orders:write', 'offline_access', 'email'],
    });
    assert.equal((await way.guest.tokens(end, asked)).scope, 'openid profile');
    const silent = way.guest.asks({ ...FORM, prompt: 'none' });
    way.guest.refused(await way.browser.open(silent.url), silent, 'consent_required');
  });

  test('denied: the application is told, and nothing is remembered', async () => {
    const way = await fresh();
    const { page, asked } = await consentPage(way);
    way.guest.refused(await way.browser.send(page, '/login/back'), asked, 'access_denied');
    const again = way.guest.asks(FORM);
    assert.ok(asksConsent(await way.browser.open(again.url)));
  });

  test('prompt=consent asks though it was given', async () => {
    const way = await fresh();
    const { page, asked } = await consentPage(way);
    await way.guest.tokens(await agree(way.browser, page), asked);
    const again = way.guest.asks({ ...FORM, prompt: 'consent' });
    const shown = await way.browser.open(again.url);
    assert.ok(asksConsent(shown));
    await way.guest.tokens(await agree(way.browser, shown), again);
  });

  test('the operator’s own applications ask nobody', async () => {
    const way = await fresh();
    const { shop } = way.all.applications;
    const { page, asked } = await toUpstream(way.browser, shop);
    await shop.tokens(await be(way.browser, page, way.sub), asked);
  });

  test('one person’s consent is not another’s, nor one client’s another client’s', async (t) => {
    const own = await open(t, { clients: [...clients(), application('other', { client_name: 'Another' })] });
    const { guest, other } = own.applications;
    const browser = own.browser();
    await loggedIn(browser, guest, { as: 'alice' });
    assert.ok(asksConsent(await browser.open(other.asks().url)));
    const bob = own.browser();
    const { page } = await toUpstream(bob, guest);
    assert.ok(asksConsent(await be(bob, page, 'bob')));
  });

  test('a form without its key, or with that of another session, agrees to nothing', async () => {
    const way = await fresh();
    const { page, asked } = await consentPage(way);
    const without = await way.browser.send(page, '/login/consent', { without: ['form_key'] });
    assert.ok(!without.arrived?.searchParams.has('code'), `${without.arrived}`);
    const thief = await fresh();
    const { page: foreign } = await consentPage(thief);
    const [{ fields }] = formsTo(foreign, '/login/consent');
    const forged = await way.browser.send(page, '/login/consent', { fields: { form_key: fields.form_key } });
    assert.ok(!forged.arrived?.searchParams.has('code'), `${forged.arrived}`);
    const elsewhere = await way.browser.send(page, '/login/consent', { headers: { origin: 'https://evil.example' } });
    assert.ok(!elsewhere.arrived?.searchParams.has('code'), `${elsewhere.arrived}`);
    const bare = await way.browser.another().send(page, '/login/consent');
    assert.ok(!bare.arrived?.searchParams.has('code'), `${bare.arrived}`);
    // The person themselves still can, also with a browser that does not say where a form comes from.
    const end = await way.browser.send(page, '/login/consent', { headers: { origin: undefined } });
    await way.guest.tokens(end, asked);
  });

  test('whose page it was counts: a session of somebody else agrees to nothing', async () => {
    const way = await fresh();
    const { page } = await consentPage(way);
    // In another tab somebody else has logged in since.
    await loggedIn(way.browser, way.all.applications.shop, { as: 'bob', form: { prompt: 'login' } });
    const end = await agree(way.browser, page);
    assert.ok(!end.arrived?.searchParams.has('code'), `${end.arrived}`);
  });

  test('a client that registered itself: nobody has checked its name, and its page says so', async (t) => {
    const own = await open(t, { env: { JETON_REGISTRATION: '{}' } });
    const record = {
      client_name: 'The Shop',
      redirect_uris: ['https://stranger.example/callback'],
      post_logout_redirect_uris: ['https://stranger.example/bye'],
    };
    const response = await fetch(`${own.issuer}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(record),
    });
    assert.equal(response.status, 201, await response.clone().text());
    const stranger = new Application(own, await response.json());
    const browser = own.browser();
    await loggedIn(browser, own.applications.shop);
    const asked = stranger.asks();
    const page = await browser.open(asked.url);
    assert.ok(asksConsent(page));
    const text = isOwnPage(page);
    assert.ok(text.includes('stranger.example'), text);
    assert.match(text, /nobody has checked|not been checked|unverified/i);
    await stranger.tokens(await agree(browser, page), asked);
  });

  test('consent by GET is none', async () => {
    const way = await fresh();
    const { page } = await consentPage(way);
    const [form] = formsTo(page, '/login/consent');
    const query = new URLSearchParams({ ...form.fields, scope: 'profile' });
    const { response } = await way.browser.ask(`${way.all.issuer}/login/consent?${query}`);
    assert.ok(response.status >= 400, `${response.status}`);
  });

  test('whoever logs in for consent goes on to it once', async () => {
    const way = await fresh();
    const { page, asked } = await logIn(way.browser, way.guest, { as: way.sub, form: FORM });
    await way.guest.tokens(page, asked);
  });
});
