// What a person agreed to holds for what they were shown, and for nothing else.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { Application } from '../support/application.mjs';
import { formsTo } from '../support/browser.mjs';
import { agree, asksConsent, be, choose, loggedIn, logIn, offers, toUpstream } from '../support/login.mjs';
import { isOwnPage, isTrouble } from '../support/pages.mjs';
import { application, hashedSubject, open } from '../support/world.mjs';

const NOTES = 'https://notes.example';
const BANK = 'https://bank.example';
const VAULT = 'https://vault.example';
const APIS = [
  { identifier: NOTES, name: 'Notes', scopes: { read: 'Read your notes', write: 'Change your notes' } },
  { identifier: BANK, name: 'The Bank', scopes: { read: 'Read all bank accounts' } },
];
const READER = {
  client_name: 'A Reader',
  apis: [
    { identifier: NOTES, scope: 'read write' },
    { identifier: BANK, scope: 'read' },
  ],
  audiences: [VAULT],
};

/** A deployment with two APIs that have a scope of the same name, and one application for both. */
const withApis = (t, more = {}) =>
  open(t, {
    clients: [application('guest', { ...READER, ...more }), application('shop', { first_party: true })],
    env: { JETON_APIS: JSON.stringify(APIS) },
  });

/** The page of consent that a person gets who is not logged in yet. */
async function consentPage(browser, client, { as = 'alice', form } = {}) {
  const { page, asked } = await toUpstream(browser, client, { form });
  const consent = await be(browser, page, as);
  assert.ok(asksConsent(consent), `${consent.arrived ?? consent.url}`);
  return { page: consent, asked };
}

/** What `prompt=none` comes to: `granted` or the error. */
async function silently(browser, client, form) {
  const asked = client.asks({ ...form, prompt: 'none' });
  const { code, error } = client.answered(await browser.open(asked.url), asked);
  return code ? 'granted' : error;
}

/** Sends the form of consent for a request, whatever page the person was shown. */
async function forced(browser, { issuer }, page, scope = ['openid', 'profile', 'email']) {
  const account = await browser.open(`${issuer}/login/account`);
  const [{ fields: own }] = formsTo(account, '/login/account');
  const [, request] = /name="request" value="([^"]+)"/.exec(page.response.text) ?? [];
  assert.ok(request, page.response.text);
  const form = new URLSearchParams([
    ['request', request],
    ['form_key', own.form_key],
    ['consent', 'allow'],
    ...scope.map((token) => ['scope', token]),
  ]);
  return browser.open(`${issuer}/login/consent`, { form: form.toString() });
}

const audienceOf = ({ access_token }) => JSON.parse(Buffer.from(access_token.split('.')[1], 'base64url')).aud;

/** Registers an application by itself. */
async function register({ issuer }, metadata) {
  const response = await fetch(`${issuer}/register`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(metadata),
  });
  assert.equal(response.status, 201, await response.clone().text());
  return response.json();
}

describe('consent as the way around', () => {
  test('whoever is not on the list of a client does not get in by the form of consent', async (t) => {
    const allow = { emails: ['boss@example.com'] };
    const own = await open(t, { login: { clients: { desk: { allow }, guest: { allow } } } });
    const { shop, desk, guest } = own.applications;
    const browser = own.browser();
    await loggedIn(browser, shop, { as: 'bob' });
    for (const client of [desk, guest]) {
      const asked = client.asks();
      const refused = await browser.open(asked.url);
      await isTrouble(own, refused, 403);
      const end = await forced(browser, own, refused);
      await isTrouble(own, end, 403);
      client.refused(await browser.send(end, '/login/back'), asked, 'access_denied');
    }
  });

  test('prompt=login and max_age are not answered by it', async (t) => {
    const own = await open(t);
    const { shop } = own.applications;
    const browser = own.browser();
    await loggedIn(browser, shop);
    for (const form of [{ prompt: 'login' }, { max_age: '0' }, { prompt: 'select_account' }]) {
      const asked = shop.asks(form);
      const page = await browser.open(asked.url);
      assert.ok(offers(page), `${page.arrived}`);
      const end = await forced(browser, own, page);
      assert.ok(offers(end, 'one'), `${JSON.stringify(form)}: ${end.arrived}`);
      // The person logs in, and goes on.
      const upstream = await choose(browser, end, 'one');
      await shop.tokens(await be(browser, upstream, 'alice'), asked);
    }
  });

  test('another person than the one who was asked for does not answer by it', async (t) => {
    const own = await open(t);
    const { shop } = own.applications;
    const browser = own.browser();
    await loggedIn(browser, shop, { as: 'bob' });
    const claims = JSON.stringify({ id_token: { sub: { value: own.subject('one', 'alice') } } });
    const page = await browser.open(shop.asks({ claims }).url);
    const end = await forced(browser, own, page);
    assert.equal(end.arrived, undefined);
    assert.match(isOwnPage(end), /Somebody else is asked for/);
  });
});

describe('what consent is to', () => {
  test('a scope at one API is not the same word at another', async (t) => {
    const own = await withApis(t);
    const { guest } = own.applications;
    const browser = own.browser();
    const notes = { scope: 'openid read', resource: NOTES };
    const { page, asked } = await consentPage(browser, guest, { form: notes });
    const text = isOwnPage(page);
    assert.match(text, /Read your notes/);
    assert.doesNotMatch(text, /bank/i);
    await guest.tokens(await agree(browser, page), asked);
    assert.equal(await silently(browser, guest, notes), 'granted');
    for (const form of [
      { scope: 'openid read', resource: BANK },
      { scope: 'openid', resource: BANK },
      { scope: 'openid read', resource: [NOTES, BANK] },
      { scope: 'openid', resource: VAULT },
    ]) {
      assert.equal(await silently(browser, guest, form), 'consent_required', JSON.stringify(form));
    }
    // And the person is asked, once.
    const bank = guest.asks({ scope: 'openid read', resource: BANK });
    const more = await browser.open(bank.url);
    assert.match(isOwnPage(more), /Read all bank accounts/);
    await guest.tokens(await agree(browser, more), bank);
    assert.equal(await silently(browser, guest, { scope: 'openid read', resource: [NOTES, BANK] }), 'granted');
  });

  test('each API at which a scope is good is shown, and what it means there', async (t) => {
    const own = await withApis(t);
    const { guest } = own.applications;
    const browser = own.browser();
    const form = { scope: 'openid read write', resource: [NOTES, BANK] };
    const { page, asked } = await consentPage(browser, guest, { form });
    const text = isOwnPage(page);
    for (const part of ['Notes', NOTES, 'Read your notes', 'The Bank', BANK, 'Read all bank accounts']) {
      assert.ok(text.includes(part), `no ${part} in ${text}`);
    }
    const [{ inputs }] = formsTo(page, '/login/consent');
    const boxes = inputs.filter(({ type }) => type === 'checkbox').map(({ value }) => value);
    assert.deepEqual(boxes, ['read', 'write']);
    const tokens = await guest.tokens(await agree(browser, page), asked);
    assert.deepEqual(audienceOf(tokens), [NOTES, BANK]);
  });

  test('an audience without a record is shown by its identifier', async (t) => {
    const own = await withApis(t);
    const { guest } = own.applications;
    const browser = own.browser();
    const form = { scope: 'openid profile', resource: [VAULT, BANK] };
    const { page, asked } = await consentPage(browser, guest, { form });
    const text = isOwnPage(page);
    for (const part of [VAULT, 'The Bank', BANK]) assert.ok(text.includes(part), `no ${part} in ${text}`);
    const tokens = await guest.tokens(await agree(browser, page), asked);
    assert.deepEqual(audienceOf(tokens), [VAULT, BANK]);
    assert.equal(await silently(browser, guest, { scope: 'openid', resource: VAULT }), 'granted');
    assert.equal(await silently(browser, guest, { scope: 'openid', resource: NOTES }), 'consent_required');
  });

  test('what is left off at one API is not had with another', async (t) => {
    const own = await withApis(t);
    const { guest } = own.applications;
    const browser = own.browser();
    const first = await consentPage(browser, guest, { form: { scope: 'openid read', resource: NOTES } });
    await guest.tokens(await agree(browser, first.page), first.asked);
    const bank = guest.asks({ scope: 'openid read', resource: BANK });
    await guest.tokens(await agree(browser, await browser.open(bank.url), { scope: ['openid'] }), bank);
    const both = guest.asks({ scope: 'openid read', resource: [NOTES, BANK], prompt: 'none' });
    assert.equal((await guest.tokens(await browser.open(both.url), both)).scope, 'openid');
  });

  test('a claim that was left off with its scope is not had by its name', async (t) => {
    const own = await open(t);
    const { guest } = own.applications;
    const browser = own.browser();
    const claims = JSON.stringify({ userinfo: { email: null } });
    const both = { scope: 'openid email', claims };
    const { page, asked } = await consentPage(browser, guest, { form: both });
    const tokens = await guest.tokens(await agree(browser, page, { scope: ['openid'] }), asked);
    assert.equal((await guest.userinfo(tokens)).email, undefined);
    assert.equal(await silently(browser, guest, { scope: 'openid', claims }), 'consent_required');
    // The same again is answered as before.
    const again = guest.asks({ ...both, prompt: 'none' });
    const second = await guest.tokens(await browser.open(again.url), again);
    assert.equal((await guest.userinfo(second)).email, undefined);
    // Asked for anew, it can be given.
    const named = guest.asks({ scope: 'openid', claims });
    const third = await guest.tokens(await agree(browser, await browser.open(named.url)), named);
    assert.equal((await guest.userinfo(third)).email, 'alice@example.com');
    // And taken back.
    const anew = guest.asks({ ...both, prompt: 'consent' });
    await guest.tokens(await agree(browser, await browser.open(anew.url), { scope: ['openid'] }), anew);
    assert.equal(await silently(browser, guest, { scope: 'openid', claims }), 'consent_required');
  });

  test('a form with more scopes than a form has parameters can be sent', async (t) => {
    const tokens = Array.from({ length: 250 }, (_, number) => `s${number}`);
    const own = await open(t, { clients: [application('guest', { scope: ['openid', ...tokens].join(' ') })] });
    const { guest } = own.applications;
    const browser = own.browser();
    const form = { scope: ['openid', ...tokens].join(' ') };
    const { page, asked } = await consentPage(browser, guest, { form });
    const { scope } = await guest.tokens(await agree(browser, page), asked);
    assert.equal(scope.split(' ').length, 251);
    assert.equal(await silently(browser, guest, form), 'granted');
  });
});

describe('to whom consent is', () => {
  const NICE = {
    client_name: 'Nice App',
    redirect_uris: ['https://nice.example/cb'],
    post_logout_redirect_uris: ['https://nice.example/bye'],
  };

  test('a client that registered itself and changes its host or its name is another', async (t) => {
    const own = await open(t, { env: { JETON_REGISTRATION: '{}', JETON_REGISTRY_MAX_AGE: '0' } });
    const browser = own.browser();
    let record = await register(own, NICE);
    const change = async (metadata) => {
      const { client_id, registration_client_uri, registration_access_token } = record;
      const response = await fetch(registration_client_uri, {
        method: 'PUT',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${registration_access_token}` },
        body: JSON.stringify({ ...NICE, ...metadata, client_id }),
      });
      assert.equal(response.status, 200, await response.clone().text());
      record = { ...record, ...(await response.json()) };
      return new Application(own, record);
    };
    let client = new Application(own, record);
    const { page, asked } = await consentPage(browser, client);
    await client.tokens(await agree(browser, page), asked);
    assert.equal(await silently(browser, client), 'granted');
    for (const [changed, status] of [
      [{ redirect_uris: ['https://evil.example/cb'] }, 'consent_required'],
      [{ client_name: 'Your Bank' }, 'consent_required'],
      [{ redirect_uris: ['https://nice.example/another'] }, 'granted'],
    ]) {
      client = await change(changed);
      // Whether the change is there yet shows where nobody has agreed to anything.
      assert.equal(await silently(browser, client), status, JSON.stringify(changed));
    }
  });

  test('each host of a client is agreed to by itself', async (t) => {
    const twin = application('twin');
    twin.redirect_uris.push('https://other.example/cb');
    const own = await open(t, { clients: [twin] });
    const client = own.applications.twin;
    const browser = own.browser();
    await loggedIn(browser, client);
    assert.equal(await silently(browser, client), 'granted');
    const elsewhere = { redirect_uri: 'https://other.example/cb' };
    assert.equal(await silently(browser, client, elsewhere), 'consent_required');
    const asked = client.asks(elsewhere);
    await client.tokens(await agree(browser, await browser.open(asked.url)), asked);
    assert.equal(await silently(browser, client, elsewhere), 'granted');
    assert.equal(await silently(browser, client), 'granted');
  });

  test('consent whose login is over is on the account page, and ends there', async (t) => {
    const own = await open(t);
    const { guest, shop } = own.applications;
    const browser = own.browser();
    const tokens = await loggedIn(browser, guest);
    const bye = await browser.open(guest.logout(tokens));
    assert.ok(bye.arrived, `${bye.url}`);
    await loggedIn(browser, shop);
    const account = await browser.open(`${own.issuer}/login/account`);
    const text = isOwnPage(account);
    assert.match(text, /A Guest/);
    assert.match(text, /Consent remembered/);
    const [, id] = /<button[^>]*name="client" value="([^"]*)"/.exec(
      account.response.text.slice(account.response.text.indexOf('A Guest')),
    );
    assert.equal(await silently(browser, guest), 'granted');
    const ended = await browser.send(account, '/login/account', { button: id });
    assert.doesNotMatch(isOwnPage(ended), /Consent remembered/);
    assert.equal(await silently(browser, guest), 'consent_required');
  });

  test('prompt=none tells a site that got nothing yet nothing of who its visitor is', async (t) => {
    const providers = { one: {}, github: { type: 'github', name: 'GitHub' } };
    const own = await open(t, { env: { JETON_REGISTRATION: '{}' }, providers });
    const { shop } = own.applications;
    const browser = own.browser();
    const { page, asked } = await toUpstream(browser, shop, { provider: 'github' });
    await shop.tokens(await be(browser, page, 'octocat'), asked);
    const site = new Application(own, await register(own, NICE));
    const is = (id) => {
      const value = hashedSubject(own.upstreams.github.url, id);
      return { scope: 'openid', claims: JSON.stringify({ id_token: { sub: { value } } }) };
    };
    for (const id of ['583231', '2']) assert.equal(await silently(browser, site, is(id)), 'login_required', id);
    // Of whoever agreed it knows already.
    const { page: consent, asked: first } = await logIn(browser, site, { form: { scope: 'openid' } });
    await site.tokens(consent, first);
    assert.equal(await silently(browser, site, { ...is('583231'), scope: 'openid email' }), 'consent_required');
    assert.equal(await silently(browser, site, is('2')), 'login_required');
  });

  test('the page of a logout says that nobody has checked who sent the person', async (t) => {
    const own = await open(t, { env: { JETON_REGISTRATION: '{}' } });
    const browser = own.browser();
    await loggedIn(browser, own.applications.shop);
    const site = new Application(own, await register(own, { ...NICE, client_name: 'The Shop' }));
    // With a login of somebody else as a hint it is the page of the login, and without one the server's own.
    const other = own.browser();
    const tokens = await loggedIn(other, site, { as: 'bob' });
    for (const url of [site.logout(), site.logout(tokens)]) {
      const text = isOwnPage(await browser.open(url));
      assert.match(text, /The Shop sent you here/);
      assert.match(text, /Nobody has checked/);
    }
    // The operator's own is marked nowhere.
    const shop = isOwnPage(await browser.open(own.applications.shop.logout()));
    assert.match(shop, /The Shop sent you here/);
    assert.doesNotMatch(shop, /Nobody has checked/);
  });
});
