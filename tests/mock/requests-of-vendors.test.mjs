// Requests as vendors’ own libraries send them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError } from './support/check.mjs';
import { JSON_TYPE, send } from './support/http.mjs';
import { ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const mock = await start();
const MACHINE = { grant_type: 'client_credentials', client_id: 'app', client_secret: 'x' };

describe('requests as libraries send them', { concurrency: 4 }, () => {
  const json = (path, body, type = JSON_TYPE) =>
    send(`${mock.issuer}${path}`, { method: 'POST', headers: { 'content-type': type }, body: JSON.stringify(body) });

  test('JSON in the place of a form, where a profile takes it', async () => {
    const asked = { ...MACHINE, audience: 'https://orders.example', organization: null };
    const response = ok(await json('/auth0/oauth/token', asked, 'Application/JSON; charset=utf-8'));
    assert.equal(response.json().token_type, 'Bearer');
    const [entry] = (await mock.at('auth0').set('GET', '/journal')).entries;
    assert.deepEqual([entry.client_id, entry.grant_type], ['app', 'client_credentials']);
  });

  test('and nowhere else', async () => {
    isError(await json('/token', MACHINE), 400, 'invalid_request');
    isError(await json('/auth0/oauth/token', 'text'), 400, 'invalid_request');
    const device = { client_id: 'app' };
    isError(await json('/keycloak/realms/acme/protocol/openid-connect/auth/device', device), 400, 'invalid_request');
  });

  test('Basic credentials of a public client that end without a colon', async () => {
    const issuer = mock.fresh();
    const authorization = `Basic ${Buffer.from('spa').toString('base64')}`;
    ok(await issuer.post('/revoke', { token: 'x' }, { authorization }));
    const [entry] = await issuer.journal();
    assert.equal(entry.client_id, 'spa');
    const strict = await mock.fresh().make({ strictness: 'strict' });
    isError(await strict.post('/revoke', { token: 'x' }, { authorization }), 401, 'invalid_client');
  });

  test('an assertion that a machine made for itself names the client', async () => {
    const issuer = mock.fresh();
    const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
    const assertion = (claims) => `${part({ alg: 'RS256' })}.${part(claims)}.AAAA`;
    const bear = (claims) =>
      issuer.post('/token', {
        grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
        assertion: assertion({ aud: issuer.id, exp: 4_000_000_000, ...claims }),
      });
    ok(await bear({ iss: 'robot', sub: 'robot' }));
    const [entry] = await issuer.journal();
    assert.deepEqual([entry.waived.includes('assertion'), entry.status], [true, 200]);
    isError(await bear({ iss: 'https://ci.example', sub: 'robot' }), 400, 'invalid_grant');
  });
});
