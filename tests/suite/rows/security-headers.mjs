// What every answer says to a browser, whoever asked and whatever came of it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clients } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  authorize,
  codeFor,
  exchange,
  handoff,
  loggedIn,
  logoutIn,
  postAs,
  refresh,
  requestIn,
  requestOf,
  revoke,
  userinfo,
} from '../support/flow.mjs';
import { policyOf } from '../support/html.mjs';
import { send } from '../support/http.mjs';
import { clientCredentials, get, host, post, startFor, target, unless } from '../support/target.mjs';
import { Browser } from '../support/user-agent.mjs';

const { m2m, web, tv, cookie: spa } = clients;
/** A form takes an answer to the client, whose own pages may have it in a frame. */
const BY_FORM = { framedBy: 'https://app.example' };
const STRICT = 'max-age=63072000';
const PUBLIC = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/.well-known/jwks.json',
];

/** No content type is guessed at, the host is https alone, and no cache keeps what is not public. */
function isGuarded(name, response, { cacheable = false, framedBy = "'none'" } = {}) {
  assert.equal(response.headers['x-content-type-options'], 'nosniff', name);
  // A mock is for development, on hosts that are other things as well.
  assert.equal(response.headers['strict-transport-security'], target === 'mock' ? undefined : STRICT, name);
  assert.equal(response.headers['cache-control'], cacheable ? 'public, max-age=300' : 'no-store', name);
  const type = response.headers['content-type'];
  if (response.bytes.length > 0) assert.match(type, /^(application\/json|text\/html; charset=utf-8)$/, name);
  if (type?.startsWith('text/html')) {
    assert.equal(policyOf(response)['frame-ancestors'], framedBy, name);
    assert.equal(response.headers['referrer-policy'], 'same-origin', name);
  }
  if (response.headers.location) assert.equal(response.headers['referrer-policy'], 'no-referrer', name);
}

describe('headers of every answer', { concurrency: 8 }, () => {
  test('the good answers of every endpoint', async () => {
    for (const path of PUBLIC) {
      const response = await get(path);
      assert.equal(response.status, 200);
      isGuarded(path, response, { cacheable: true });
      const again = await get(path, { 'if-none-match': response.headers.etag });
      assert.equal(again.status, 304);
      isGuarded(`${path} again`, again, { cacheable: true });
      isGuarded(`HEAD ${path}`, await send((await host()).url, { method: 'HEAD', path }), { cacheable: true });
    }
    const browser = new Browser();
    const redirect = await authorize(browser, requestOf(web));
    const request = requestIn(redirect);
    const device = await browser.get('/device');
    const login = await codeFor(web);
    const tokens = await loggedIn(web);
    const signedOut = await new Browser().get(`/end_session?id_token_hint=${tokens.id_token}`);
    const atForm = await answered('accept', { request: requestIn(device), ...ALICE });
    const formPost = requestIn(await authorize(browser, requestOf(web, { response_mode: 'form_post' })));
    for (const [name, response, status] of [
      ['/health', await get('/health'), 200],
      ['/token', await clientCredentials(m2m), 200],
      ['/token for a code', await exchange(web, login), 200],
      [
        '/token for a cookie',
        await exchange(spa, await codeFor(spa), {}, { headers: { origin: 'https://app.example' } }),
        200,
      ],
      ['/authorize', redirect, 303],
      ['/authorize/request', await handoff('request', { request }), 200],
      ['/authorize/reject', await handoff('reject', { request }), 200],
      ['/authorize/accept', await handoff('accept', { request, ...ALICE }), 200],
      ['/authorize/resume', await browser.get(await answered('accept', { request, ...ALICE })), 303],
      ['/authorize/resume by form', await browser.get(await answered('accept', { request: formPost, ...ALICE })), 200],
      ['/device', device, 303],
      ['/device, the form', await browser.get(atForm), 200],
      ['/device_authorization', await postAs(tv, '/device_authorization'), 200],
      ['/introspect', await postAs(web, '/introspect', { token: tokens.access_token }), 200],
      ['/userinfo', await userinfo((await loggedIn(web)).access_token), 200],
      ['/revoke', await revoke(web, tokens.refresh_token), 200],
      ['/revoke_grants', await postAs(clients.login, '/revoke_grants', { subject: 'nobody at all' }), 200],
      ['/end_session', signedOut, 303],
      ['/end_session, the form', await new Browser().get('/end_session'), 200],
      ['/end_session/resume', await new Browser().get(logoutIn(signedOut).back), 200],
    ]) {
      assert.equal(response.status, status, `${name}: ${response.text}`);
      isGuarded(name, response, name.endsWith('by form') ? BY_FORM : {});
    }
  });

  const ENDPOINTS = [
    '/token',
    '/authorize',
    '/authorize/request',
    '/authorize/accept',
    '/authorize/reject',
    '/authorize/resume',
    '/device_authorization',
    '/device',
    '/introspect',
    '/revoke',
    '/revoke_grants',
    '/userinfo',
    '/end_session/resume',
    ...PUBLIC,
    '/health',
    '/nowhere',
  ];
  for (const path of ENDPOINTS) {
    test(`the refusals of ${path}`, async () => {
      const { url } = await host();
      const big = 'a'.repeat(64 * 1024 + 1);
      const refusals = {
        DELETE: await send(url, { method: 'DELETE', path }),
        'an empty form': await post(path, ''),
        'another type': await post(path, '{}', { headers: { 'content-type': 'application/json' } }),
        'too large a body': await post(path, big),
        'a parameter twice': await post(path, 'a=1&a=2'),
        'no client': await post(path, { grant_type: 'client_credentials' }),
        'no such client': await post(path, { client_id: 'nobody', redirect_uri: 'https://a.example' }),
        ...(ENDPOINTS.slice(0, -5).includes(path) && { 'nothing asked': await get(path) }),
      };
      for (const [name, response] of Object.entries(refusals)) {
        // A browser that comes to `/device` is sent to log in.
        if (path === '/device' && response.status === 303) continue;
        assert.ok(response.status >= 400, `${name}: ${response.status}`);
        isGuarded(name, response);
      }
    });
  }

  test('what goes back to the client as an error', async () => {
    isGuarded('by redirect', await authorize(new Browser(), requestOf(web, { scope: 'root' })));
    const byForm = requestOf(web, { scope: 'root', response_mode: 'form_post' });
    isGuarded('by form', await authorize(new Browser(), byForm), BY_FORM);
    isGuarded('a wrong token', await refresh(web, 'jrt_x'));
    isGuarded('a wrong bearer', await userinfo('x'));
  });

  test('a preflight', async () => {
    const headers = { origin: 'https://app.example', 'access-control-request-method': 'POST' };
    const response = await send((await host()).url, { method: 'OPTIONS', path: '/token', headers });
    assert.equal(response.status, 204);
    assert.equal(response.headers['x-content-type-options'], 'nosniff');
  });

  test('RFC 6797 §7.2: an issuer for development pins no host to https', { skip: unless.loginless }, async (t) => {
    for (const changes of [
      { JETON_ISSUER: 'http://localhost:1234', JETON_DEVELOPMENT: 'true' },
      { JETON_ISSUER: 'https://localhost:1234' },
    ]) {
      const on = await startFor(t, { changes });
      const response = await get('/health', {}, on);
      assert.equal(response.headers['strict-transport-security'], undefined);
      assert.equal(response.headers['x-content-type-options'], 'nosniff');
    }
  });
});

describe('RFC 6750 §3: /userinfo says how to bring a token', { concurrency: 8 }, () => {
  const INVALID = 'Bearer realm="jeton", error="invalid_request"';
  const bearer = { authorization: 'Bearer x' };
  const requests = {
    'a token in header and body': () => post('/userinfo', { access_token: 'x' }, { headers: bearer }),
    'two tokens in the body': () => post('/userinfo', 'access_token=x&access_token=y'),
    'a body of another type': () => post('/userinfo', '{}', { headers: { 'content-type': 'application/json' } }),
    'a body that is not UTF-8': () => post('/userinfo', 'access_token=%ff'),
  };
  for (const [name, request] of Object.entries(requests)) {
    test(`${name}: 400 with a challenge`, async () => {
      const response = await request();
      assert.equal(response.status, 400, response.text);
      assert.equal(response.json().error, 'invalid_request');
      assert.equal(response.headers['www-authenticate'], INVALID);
    });
  }
});
