// What a real browser lets pages of other origins do to `jeton serve`, as `tests/suite/support/fetch-standard.mjs`
// says it would; and to a lenient mock.

import '../hosts/production.mjs';

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer } from 'node:http';
import { describe, test } from 'node:test';
import { clients } from '../suite/support/fixtures.mjs';
import { codeFor, loggedIn, OFFLINE } from '../suite/support/flow.mjs';
import { startFor } from '../suite/support/target.mjs';
import { newPage, unless } from './support/chromium.mjs';
import { theMock } from './support/scene.mjs';

const CUSTOM = { 'x-of-a-library': '1', traceparent: '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01' };

/** A site with one empty page: its origin, by this name of this machine. */
async function site(t, name) {
  const server = createServer((_, response) => response.setHeader('content-type', 'text/html').end('<!doctype html>'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return `http://${name}:${server.address().port}`;
}

/** `jeton serve`, an application's own site, and a hostile one that is another site to browsers. */
async function scene(t) {
  const [own, hostile] = [await site(t, '127.0.0.1'), await site(t, 'localhost')];
  const page = { ...clients.page, allowed_origins: [own] };
  const cookie = { ...clients.cookie, allowed_origins: [own] };
  const on = await startFor(t, { changes: { clients: [clients.login, clients.m2m, page, cookie] } });
  const { page: tab, close } = await newPage({ origins: [] });
  t.after(close);
  const told = (origin, path, init) => toldIn(tab, origin, `${on.url}${path}`, init);
  return { on, own, hostile, page, cookie, told };
}

/** What a script of a page of `origin` is told. */
async function toldIn(tab, origin, url, init) {
  await tab.goto(origin);
  return tab.evaluate(
    async ([url, { form, ...init }]) => {
      const body = form && new URLSearchParams(form);
      try {
        const response = await fetch(url, { ...init, body });
        const headers = Object.fromEntries(response.headers);
        return { status: response.status, headers, body: await response.json().catch(() => undefined) };
      } catch (error) {
        return { failed: error.message };
      }
    },
    [url, init],
  );
}

const post = (form, more = {}) => ({ method: 'POST', form, ...more });
const FAILED = { failed: 'Failed to fetch' };

describe('pages of other origins, in Chromium', unless, () => {
  test('discovery and keys, with headers of a library, Authorization among them', async (t) => {
    const { hostile, told } = await scene(t);
    for (const path of ['openid-configuration', 'oauth-authorization-server', 'jwks.json']) {
      const headers = { ...CUSTOM, authorization: 'Bearer x', 'cache-control': 'no-cache' };
      const answer = await told(hostile, `/.well-known/${path}`, { headers });
      assert.equal(answer.status, 200, JSON.stringify(answer));
      assert.ok(answer.body.token_endpoint ?? answer.body.keys);
      assert.ok(answer.headers['x-request-id']);
    }
  });

  test('a page reads what is wrong with its request', async (t) => {
    const { hostile, told } = await scene(t);
    const code = { grant_type: 'authorization_code', code: 'jac_x' };
    for (const [path, init, status, error] of [
      ['/token', post({ ...code, client_id: 'paeg' }), 401, 'invalid_client'],
      ['/token', post({ ...code, client_id: 'paeg' }, { headers: CUSTOM }), 401, 'invalid_client'],
      ['/token', post({ ...code, client_id: 'page' }, { headers: CUSTOM }), 400, 'invalid_grant'],
      ['/token', post({ client_id: 'page', grant_type: 'password' }), 400, 'unsupported_grant_type'],
      ['/token', {}, 405, 'invalid_request'],
      ['/token', { method: 'PUT', form: code }, 405, 'invalid_request'],
      ['/token', { method: 'POST', headers: { 'content-type': 'application/json' } }, 400, 'invalid_request'],
      ['/token', post({ x: 'a'.repeat(65_537) }), 413, 'invalid_request'],
      ['/revoke', post({ client_id: 'paeg', token: 'x' }, { headers: CUSTOM }), 401, 'invalid_client'],
      ['/device_authorization', post({ client_id: 'paeg' }, { headers: CUSTOM }), 401, 'invalid_client'],
      ['/userinfo', { headers: { ...CUSTOM, authorization: 'Bearer x' } }, 401, 'invalid_token'],
      ['/tokens', post(code), 404, 'not_found'],
    ]) {
      const answer = await told(hostile, path, init);
      assert.deepEqual([answer.status, answer.body?.error], [status, error], `${path} ${JSON.stringify(answer)}`);
      assert.ok(answer.headers['x-request-id']);
      assert.equal('www-authenticate' in answer.headers, status === 401);
    }
  });

  test('tokens are for pages of `allowed_origins`, with any headers', async (t) => {
    const { on, own, hostile, page, told } = await scene(t);
    const { refresh_token } = await loggedIn(page, OFFLINE, { on });
    const asked = post({ client_id: 'page', grant_type: 'refresh_token', refresh_token }, { headers: CUSTOM });
    assert.deepEqual(await told(hostile, '/token', asked), FAILED);
    const answer = await told(own, '/token', asked);
    assert.equal(answer.status, 200, JSON.stringify(answer));
    assert.ok(answer.body.access_token);
    const { client_id, client_secret } = clients.m2m;
    const machine = post({ client_id, client_secret, grant_type: 'client_credentials' });
    for (const origin of [own, hostile]) assert.deepEqual(await told(origin, '/token', machine), FAILED);
  });

  test('with the cookie: pages of its client, their refusals too, and no other page', async (t) => {
    const { on, own, hostile, cookie, told } = await scene(t);
    const { code, verifier, redirect_uri } = await codeFor(cookie, OFFLINE, { on });
    const credentials = 'include';
    const form = { client_id: 'cookie', grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri };
    const redeemed = await told(own, '/token', post(form, { credentials, headers: CUSTOM }));
    assert.equal(redeemed.status, 200, JSON.stringify(redeemed));
    assert.equal('refresh_token' in redeemed.body, false);
    const refresh = { client_id: 'cookie', grant_type: 'refresh_token' };
    const refreshed = await told(own, '/token', post(refresh, { credentials, headers: CUSTOM }));
    assert.equal(refreshed.status, 200, JSON.stringify(refreshed));
    const wider = await told(own, '/token', post({ ...refresh, scope: 'root' }, { credentials }));
    assert.deepEqual([wider.status, wider.body.error], [400, 'invalid_scope']);
    const without = await told(own, '/token', post(refresh));
    assert.deepEqual([without.status, without.body.error], [400, 'invalid_request'], 'the cookie was not sent');
    const mistyped = await told(own, '/token', post({ ...refresh, client_id: 'cokie' }, { credentials }));
    assert.deepEqual([mistyped.status, mistyped.body.error], [400, 'invalid_client'], 'and nobody asks for a password');
    for (const headers of [{}, CUSTOM]) {
      assert.deepEqual(await told(hostile, '/token', post(refresh, { credentials, headers })), FAILED);
      const refused = await told(hostile, '/token', post(refresh, { headers }));
      assert.deepEqual([refused.status, refused.body.error], [403, 'invalid_request']);
    }
    const still = await told(own, '/token', post(refresh, { credentials }));
    assert.equal(still.status, 200, 'nothing of the cookie was lost to the other page');
  });

  test('endpoints that are for no page stay shut', async (t) => {
    const { own, told } = await scene(t);
    for (const path of [
      '/introspect',
      '/revoke_grants',
      '/authorize/accept',
      '/authorize',
      '/end_session',
      '/health',
    ]) {
      assert.deepEqual(await told(own, path, post({ token: 'x' })), FAILED, path);
      assert.deepEqual(await told(own, path, { headers: CUSTOM }), FAILED, path);
    }
  });
});

describe('pages of other origins and a lenient mock, in Chromium', unless, () => {
  test('all is readable to all, also where a library sends cookies along', async (t) => {
    const [{ origin }, page] = [await theMock(), await site(t, '127.0.0.1')];
    const { page: tab, close } = await newPage({ origins: [] });
    t.after(close);
    const machine = { grant_type: 'client_credentials', client_id: 'any', client_secret: 'any' };
    for (const credentials of ['omit', 'include']) {
      for (const [path, init, status] of [
        ['/.well-known/openid-configuration', {}, 200],
        ['/.well-known/jwks.json', { headers: CUSTOM }, 200],
        ['/token', post(machine), 200],
        ['/token', post(machine, { headers: { ...CUSTOM, 'auth0-client': 'e30=' } }), 200],
        ['/token', post({ grant_type: 'refresh_token', refresh_token: 'x' }, { headers: CUSTOM }), 401],
        ['/token', post({ ...machine, client_id: 'fail.status-503' }), 503],
        ['/userinfo', { headers: { authorization: 'Bearer x' } }, 401],
      ]) {
        const answer = await toldIn(tab, page, `${origin}${path}`, { ...init, credentials });
        assert.equal(answer.status, status, `${credentials} ${path} ${JSON.stringify(answer)}`);
      }
    }
  });
});
