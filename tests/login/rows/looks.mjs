// How the pages look and what stands in them, and what the configuration says.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { textOf } from '../support/browser.mjs';
import { loggedIn, offers } from '../support/login.mjs';
import { isOwnPage } from '../support/pages.mjs';
import { application, clients, open, refusal, world } from '../support/world.mjs';

const SVG = '<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script><rect width="9" height="9"/></svg>';
const provider = {
  id: 'one',
  type: 'openid',
  name: 'One',
  issuer: 'http://127.0.0.1:9',
  client_id: 'a',
  client_secret: 'a-secret-that-is-told-nobody',
};

describe('looks', () => {
  test('name and colours are the deployment’s, the logo runs nothing', async (t) => {
    const own = await open(t, {
      login: {
        name: 'Müller & Söhne <GmbH>',
        logo: `data:image/svg+xml;base64,${Buffer.from(SVG).toString('base64')}`,
        colors: { accent: '#0a6d4a', accent_dark: '#3ddba5' },
      },
    });
    const browser = own.browser();
    const page = await browser.open(own.applications.shop.asks().url);
    const text = isOwnPage(page);
    assert.ok(text.includes('Müller &amp; Söhne &lt;GmbH&gt;'), text);
    assert.ok(page.response.text.includes('#0a6d4a'));
    assert.match(page.response.text, /\/login\/logo/);
    const { response } = await browser.ask(`${own.issuer}/login/logo`);
    assert.equal(response.status, 200);
    assert.equal(response.headers['content-type'], 'image/svg+xml');
    assert.equal(response.headers['x-content-type-options'], 'nosniff');
    assert.match(response.headers['content-security-policy'], /default-src 'none'/);
    assert.match(response.headers['content-security-policy'], /sandbox/);
    assert.equal(response.text, SVG);
  });

  test('without a logo there is none', async () => {
    const all = await world();
    const browser = all.browser();
    assert.equal((await browser.ask(`${all.issuer}/login/logo`)).response.status, 404);
    assert.doesNotMatch((await browser.open(all.applications.shop.asks().url)).response.text, /\/login\/logo/);
  });

  test('the pages of the server itself have the same name', async () => {
    const all = await world();
    for (const path of ['/device', '/end_session', '/authorize?client_id=nobody']) {
      const page = await all.browser().open(`${all.issuer}${path}`);
      assert.ok(textOf(page.response).includes('Example Inc'), `${path}: ${textOf(page.response)}`);
    }
  });

  test('names of applications are text', async (t) => {
    const name = `<img src=x onerror=alert(1)>"'&`;
    const own = await open(t, {
      clients: [...clients(), application('odd', { client_name: name })],
      providers: { one: { name: '<b>One</b>' }, two: {} },
    });
    const browser = own.browser();
    await loggedIn(browser, own.applications.shop);
    for (const form of [
      {},
      { prompt: 'select_account' },
      { login_hint: '"><script>alert(1)</script>', prompt: 'login' },
    ]) {
      const page = await browser
        .another({ cookies: form.prompt ? new Map() : browser.cookies })
        .open(own.applications.odd.asks(form).url);
      if (page.url.origin === new URL(own.issuer).origin) isOwnPage(page);
      assert.doesNotMatch(page.response.text, /<img|<b>One|<script/);
    }
  });

  test('a page in German has no English left', async () => {
    const all = await world();
    const browser = all.browser({ 'accept-language': 'de' });
    const page = await browser.open(all.applications.shop.asks().url);
    assert.ok(offers(page));
    const text = isOwnPage(page).replaceAll('The Shop', '');
    assert.match(text, /Anmelden/);
    assert.doesNotMatch(text, /\b(the|with|log in|sign in|cancel|continue|choose)\b/i);
  });

  test('without JETON_LOGIN there is nothing at its addresses', async (t) => {
    const own = await open(t, { env: { JETON_LOGIN: undefined } });
    const browser = own.browser();
    for (const path of ['/login', '/login/account', '/login/callback/one', '/login/logo']) {
      assert.equal((await browser.ask(`${own.issuer}${path}`)).response.status, 404, path);
    }
    const metadata = await (await fetch(`${own.issuer}/.well-known/openid-configuration`)).json();
    assert.equal(metadata.authorization_endpoint, undefined);
  });

  test('with it the metadata has the endpoints of people', async () => {
    const all = await world();
    const metadata = await (await fetch(`${all.issuer}/.well-known/openid-configuration`)).json();
    for (const name of [
      'authorization_endpoint',
      'userinfo_endpoint',
      'end_session_endpoint',
      'device_authorization_endpoint',
    ]) {
      assert.ok(metadata[name], name);
    }
    assert.deepEqual(metadata.ui_locales_supported, ['en', 'de']);
  });

  const wrong = {
    'is no JSON': ['{', /JETON_LOGIN/],
    'has no providers': [{ providers: [] }, /providers/],
    'has a member that nobody knows': [{ providers: [provider], provider: [] }, /JETON_LOGIN.*provider\b/s],
    'has a list of people that is misspelt': [
      { providers: [provider, { ...provider, id: 'two', allow: { domains: ['example.com'] } }] },
      /providers\[1\]\.allow\.domains: no such member/,
    ],
    'has several mistakes': [
      { providers: [{ ...provider, scope: 'email' }], session: { idle: 1 } },
      /providers\[0\]\.scope.*session\.idle/s,
    ],
    'has a provider of an unknown type': [{ providers: [{ ...provider, type: 'saml' }] }, /type|saml/],
    'has two providers of one id': [{ providers: [provider, provider] }, /id/],
    'has an id that is no path': [{ providers: [{ ...provider, id: '../one' }] }, /id/],
    'has a provider without an issuer': [
      { providers: [{ ...provider, issuer: undefined }] },
      /providers\[0\]\.issuer: a value/,
    ],
    'has an issuer that is no URL': [{ providers: [{ ...provider, issuer: 'google' }] }, /issuer/],
    'has an issuer inside the network': [{ providers: [{ ...provider, issuer: 'https://10.0.0.1' }] }, /issuer/],
    'has a colour that nobody can read on': [{ providers: [provider], colors: { accent: '#ffff00' } }, /accent/],
    'has a colour that is none': [{ providers: [provider], colors: { accent: 'red;}body{display:none' } }, /accent/],
    'has a logo elsewhere': [{ providers: [provider], logo: 'https://evil.example/logo.png' }, /logo/],
    'has a page for a logo': [{ providers: [provider], logo: 'data:text/html;base64,PGI+' }, /logo/],
    'has sessions without an end': [{ providers: [provider], session: { idle: 0, absolute: 0 } }, /session/],
    'has a template that stands for nothing': [
      { providers: [{ ...provider, claims: { email: '${upstram.email}' } }] },
      /claims/,
    ],
  };
  for (const [name, [login, words]] of Object.entries(wrong)) {
    test(`a JETON_LOGIN that ${name} is refused, by name and without its secrets`, async (t) => {
      const said = await refusal(t, login);
      assert.match(said, /JETON_LOGIN/);
      assert.match(said, words);
      assert.ok(!said.includes(provider.client_secret), said);
      assert.ok(!said.includes('evil.example'), said);
    });
  }

  test('JETON_LOGIN beside JETON_LOGIN_URL: one of them', async (t) => {
    const said = await refusal(t, { providers: [provider] }, { JETON_LOGIN_URL: 'http://localhost:8090/login' });
    assert.match(said, /JETON_LOGIN: expected nothing beside JETON_LOGIN_URL: /);
  });
});
