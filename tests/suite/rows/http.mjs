import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isError } from '../support/check.mjs';
import { clients } from '../support/fixtures.mjs';
import { basic, send } from '../support/http.mjs';
import { get, host } from '../support/target.mjs';

const PUBLIC = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/.well-known/jwks.json',
  '/health',
];

test('/health answers and touches no store', async () => {
  const response = await get('/health');
  assert.equal(response.status, 200);
  assert.deepEqual(response.json(), { status: 'ok' });
  assert.equal(response.headers['cache-control'], 'no-store');
});

for (const method of ['GET', 'PUT', 'DELETE', 'PATCH']) {
  test(`RFC 9110 §15.5.6: ${method} /token: 405 with Allow`, async () => {
    const response = await send((await host()).url, { method, path: '/token?grant_type=client_credentials' });
    isError(response, 405, 'invalid_request');
    assert.equal(response.headers.allow, 'POST, OPTIONS');
  });
}

test('RFC 9110 §15.5.6: HEAD /token: 405 with Allow, no body', async () => {
  const response = await send((await host()).url, { method: 'HEAD', path: '/token' });
  assert.equal(response.status, 405);
  assert.equal(response.headers.allow, 'POST, OPTIONS');
  assert.equal(response.bytes.length, 0);
});

for (const path of PUBLIC) {
  test(`RFC 9110 §15.5.6: POST ${path}: 405 with Allow`, async () => {
    const response = await send((await host()).url, { method: 'POST', path, body: 'x=1' });
    isError(response, 405, 'invalid_request');
    assert.equal(response.headers.allow, 'GET, HEAD, OPTIONS');
  });
}

test('credentials in the query are not read', async () => {
  const { client_id, client_secret } = clients.m2m;
  const query = new URLSearchParams({ grant_type: 'client_credentials', client_id, client_secret });
  const response = await send((await host()).url, {
    method: 'POST',
    path: `/token?${query}`,
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
    body: '',
  });
  isError(response, 400, 'invalid_request');
});

for (const path of [
  '/',
  '/Token',
  '/token/',
  '/token/x',
  '/authorise',
  '/.well-known/',
  '/%74oken',
  '/favicon.ico',
  '/token%00',
  '/..%2ftoken',
  '/%ff',
]) {
  test(`RFC 9110 §15.5.5: ${path}: 404`, async () => {
    const authorization = basic(clients.m2m.client_id, clients.m2m.client_secret);
    const response = await send((await host()).url, {
      method: 'POST',
      path,
      headers: { authorization, 'content-type': 'application/x-www-form-urlencoded' },
      body: 'grant_type=client_credentials',
    });
    isError(response, 404, 'not_found');
  });
}

test('hostile header values are data', async () => {
  for (const headers of [
    { host: '[::', authorization: 'Basic x' },
    { 'x-forwarded-proto': 'javascript', 'x-forwarded-host': '\\\\', 'x-forwarded-port': 'x' },
    { 'if-none-match': '"\\'.repeat(500) },
    { cookie: 'a=b; c; =d; "', referer: 'x'.repeat(4000) },
  ]) {
    const response = await get('/.well-known/jwks.json', headers);
    assert.equal(response.status, 200, `${JSON.stringify(headers)}: ${response.text}`);
  }
});
