import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { clients, ISSUER } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  arrival,
  authorize,
  codeFor,
  exchange,
  handoff,
  posted,
  requestIn,
  requestOf,
} from '../support/flow.mjs';
import { policyOf } from '../support/html.mjs';
import { send } from '../support/http.mjs';
import { host } from '../support/target.mjs';
import { Browser } from '../support/user-agent.mjs';

const { web, many, native, noPkce } = clients;

/** What the client gets for a request that the login application accepts. */
async function accepted(client, form) {
  const browser = new Browser();
  const request = requestIn(await authorize(browser, requestOf(client, form)));
  const response = await browser.get(await answered('accept', { request, ...ALICE }));
  return { response, ...arrival(response) };
}

describe('/authorize', { concurrency: 8 }, () => {
  test('RFC 6749 §4.1.2, RFC 9207 §2: a code, the state and iss, in the query', async () => {
    const { response, uri, params } = await accepted(web, { state: 'xyz' });
    assert.equal(response.status, 303, 'RFC 9700 §4.12');
    assert.equal(response.headers['referrer-policy'], 'no-referrer');
    assert.equal(uri, 'https://app.example/cb');
    assert.deepEqual(Object.keys(params), ['code', 'state', 'iss']);
    assert.match(params.code, /^jac_[\w-]{120}$/);
    assert.equal(params.state, 'xyz');
    assert.equal(params.iss, ISSUER);
  });

  test('Form Post Response Mode §2: the same, in a form that submits itself', async () => {
    const { response, uri, params } = await accepted(web, { response_mode: 'form_post', state: 'xyz' });
    assert.equal(uri, 'https://app.example/cb');
    assert.deepEqual(Object.keys(params), ['code', 'state', 'iss']);
    assert.equal(params.state, 'xyz');
    const [, script] = response.text.match(/<script>(.*?)<\/script>/s);
    const hash = createHash('sha256').update(script).digest('base64');
    const policy = policyOf(response);
    assert.equal(policy['script-src'], `'sha256-${hash}'`, 'the one script, and no other');
    assert.equal(policy['form-action'], undefined, 'the form goes to the client');
  });

  test('RFC 6749 §3.1: POST works like GET', async () => {
    const browser = new Browser();
    const request = requestIn(await posted(browser, requestOf(web)));
    requestIn(await browser.post('/authorize', requestOf(web)));
    const { params } = arrival(await browser.get(await answered('accept', { request, ...ALICE })));
    assert.ok(params.code);
  });

  for (const method of ['HEAD', 'PUT', 'DELETE']) {
    test(`RFC 9110 §15.5.6: ${method} /authorize: 405 with Allow`, async () => {
      const path = `/authorize?${new URLSearchParams(requestOf(web))}`;
      const response = await send((await host()).url, { method, path });
      assert.equal(response.status, 405);
      assert.equal(response.headers.allow, 'GET, POST, OPTIONS');
      assert.equal(response.headers['set-cookie'], undefined);
    });
  }

  test('the browser is bound by a __Host- cookie, the same for all its tabs', async () => {
    const browser = new Browser();
    const first = await authorize(browser, requestOf(web));
    assert.match(
      first.headers['set-cookie'].join('\n'),
      /^__Host-jeton-browser-[\w-]{16}=[\w-]{22}; Path=\/; Max-Age=2100; HttpOnly; Secure; SameSite=Lax$/,
    );
    const cookies = new Map(browser.cookies);
    await authorize(browser, requestOf(web));
    assert.deepEqual(browser.cookies, cookies);
    const [name] = cookies.keys();
    browser.cookies.set(name, 'planted-by-someone-else');
    await authorize(browser, requestOf(web));
    assert.match(browser.cookies.get(name), /^[\w-]{22}$/, 'what is no value of ours is replaced');
  });

  test('RFC 6749 §4.1.1: nothing of the request can be read or changed on its way', async () => {
    const state = 'a-state-to-look-for';
    const { headers } = await authorize(new Browser(), requestOf(web, { state }));
    const location = new URL(headers.location);
    assert.deepEqual([...location.searchParams.keys()], ['request']);
    const sealed = location.searchParams.get('request');
    assert.match(sealed, /^jsr_[\w-]+$/);
    assert.ok(!Buffer.from(sealed.slice(4), 'base64url').includes(state));
  });

  const states = [
    ['quotes and brackets', `"'<>&\\\`{}[]()`],
    ['a script', `"><script>alert(1)</script>`],
    ['spaces, plus and percent signs', ' a  b+c%20%2B%zz '],
    ['what separates parameters', 'a&code=evil&iss=evil#x?y=z;'],
    ['lines', 'a\r\nLocation: https://evil.example\r\n\r\n\tb'],
    ['control characters', '\u0000\u0001\u007f'],
    ['more than ASCII', 'ä€😀\u202e\u2028'],
    ['JSON', JSON.stringify({ a: ['"', '\\'] })],
    ['2 kB', 'x'.repeat(2048)],
    ['2 kB of what must be encoded', '&'.repeat(2048)],
  ];

  for (const [name, state] of states) {
    test(`RFC 6749 §4.1.2: a state of ${name} comes back to the byte`, async () => {
      for (const response_mode of ['query', 'form_post']) {
        const { response, params } = await accepted(web, { state, response_mode });
        assert.equal(params.state, state, response_mode);
        assert.ok(!response.text.includes('<script>alert'));
        const error = arrival(await authorize(new Browser(), requestOf(web, { state, response_mode, scope: 'root' })));
        assert.equal(error.params.state, state, `${response_mode}, with an error`);
      }
    });
  }

  test('RFC 6749 §4.1.1: no state asked, none given', async () => {
    const { params } = await accepted(web, { state: undefined });
    assert.deepEqual(Object.keys(params), ['code', 'iss']);
  });

  const redirects = [
    ['omitted, one being registered', web, undefined, 'https://app.example/cb'],
    ['of several', many, 'https://app.example/cb', 'https://app.example/cb'],
    ['with a query, which stays', many, 'https://app.example/cb?keep=1&x=%2F', 'https://app.example/cb?keep=1&x=%2F'],
    ["an app's own scheme", many, 'com.example.app:/cb', 'com.example.app:/cb'],
    ['localhost with its port', many, 'http://localhost:3000/cb', 'http://localhost:3000/cb'],
    ['127.0.0.1 without a port', native, 'http://127.0.0.1/cb', 'http://127.0.0.1/cb'],
    ['127.0.0.1 with any port (RFC 8252 §7.3)', native, 'http://127.0.0.1:51234/cb', 'http://127.0.0.1:51234/cb'],
    ['[::1] with another port', native, 'http://[::1]:51234/cb', 'http://[::1]:51234/cb'],
    ['[::1] without a port', native, 'http://[::1]/cb', 'http://[::1]/cb'],
  ];

  for (const [name, client, redirect_uri, expected] of redirects) {
    test(`RFC 6749 §3.1.2: redirect_uri ${name}`, async () => {
      const { uri, params } = await accepted(client, { redirect_uri });
      assert.equal(uri, expected);
      assert.ok(params.code);
    });
  }

  test('RFC 7636 §4.4: a client registered so may do without PKCE, or use it', async () => {
    const without = { code_challenge: undefined, code_challenge_method: undefined, nonce: 'a nonce' };
    assert.equal((await exchange(noPkce, await codeFor(noPkce, without))).status, 200);
    const plain = { ...without, nonce: undefined, scope: 'read' };
    assert.equal(
      (await exchange(noPkce, await codeFor(noPkce, plain))).status,
      200,
      'without openid there is no nonce',
    );
    assert.equal((await exchange(noPkce, await codeFor(noPkce))).status, 200);
  });

  test('OpenID Connect Core §3.1.2.1: prompt, max_age and hints reach the login application', async () => {
    const asked = {
      prompt: 'consent login',
      max_age: '600',
      login_hint: 'alice@example.com',
      ui_locales: 'de en',
      acr_values: 'gold',
    };
    const request = requestIn(await authorize(new Browser(), requestOf(web, { ...asked, scope: 'openid read' })));
    const shown = (await handoff('request', { request })).json();
    const { expires_at, sid, ...rest } = shown;
    assert.ok(Math.abs(expires_at - Date.now() / 1000 - 1800) < 5);
    assert.match(sid, /^[\w-]{22}$/);
    assert.deepEqual(rest, {
      kind: 'code',
      client_id: 'web',
      client_name: web.client_name,
      client_uri: web.client_uri,
      redirect_uri: web.redirect_uris[0],
      identity_assured: true,
      scope: 'openid read',
      scopes: [{ scope: 'openid' }, { scope: 'read' }],
      audiences: ['https://api.example', ISSUER],
      prompt: 'consent login',
      max_age: 600,
      login_hint: 'alice@example.com',
      ui_locales: 'de en',
      acr_values: 'gold',
    });
  });

  test('OpenID Connect Core §3.1.2.1: prompt=none reaches the login application, which says login_required', async () => {
    const browser = new Browser();
    const request = requestIn(await authorize(browser, requestOf(web, { prompt: 'none' })));
    assert.equal((await handoff('request', { request })).json().prompt, 'none');
    const redirect = await answered('reject', { request, error: 'login_required' });
    const { params } = arrival(await browser.get(redirect));
    assert.equal(params.error, 'login_required');
  });

  test('OpenID Connect Core §3.1.2.1: parameters that are not understood are ignored', async () => {
    const { params } = await accepted(web, { display: 'touch', claims_locales: 'de', unknown: 'x' });
    assert.ok(params.code);
  });
});
