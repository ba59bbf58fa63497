// Sources of platforms' tokens. Files and GitHub Actions are asked in tests/libraries.

import assert from 'node:assert/strict';
import process from 'node:process';
import { test } from 'node:test';
import { Client, platformToken } from 'jeton-client';
import { aws, githubActions } from 'jeton-client/node';
import { ISSUER, server } from './support.js';

const tokenBy = async (source) => {
  const it = server();
  const client = new Client({
    issuer: ISSUER,
    client_id: 'deployer',
    authentication: platformToken(source),
    fetch: it.fetch,
  });
  await client.token();
  return it.asked[0].form.client_assertion;
};

test("AWS: for the issuer, or another audience, by the application's SDK", async () => {
  const asked = [];
  const sts = {
    async getWebIdentityToken(request) {
      asked.push(request);
      return { WebIdentityToken: `token-${asked.length}` };
    },
  };
  assert.equal(await tokenBy(aws({ sts })), 'token-1');
  assert.equal(await tokenBy(aws({ sts, audience: 'https://other.example', algorithm: 'RS256' })), 'token-2');
  assert.deepEqual(asked, [
    { Audience: [ISSUER], SigningAlgorithm: 'ES384', DurationSeconds: 300 },
    { Audience: ['https://other.example'], SigningAlgorithm: 'RS256', DurationSeconds: 300 },
  ]);
});

test('GitHub is asked by https alone, and for an answer that is small', async (t) => {
  const environment = { ...process.env };
  t.after(() => Object.assign(process.env, environment));
  process.env.ACTIONS_ID_TOKEN_REQUEST_TOKEN = 'secret';
  const expected = { fault: 'caller', code: 'credential_unavailable' };
  const asked = [];
  const answering = (body) => (url) => {
    asked.push(url);
    return new Response(body);
  };
  const ask = (fetch) => githubActions()({ audience: ISSUER, fetch });
  for (const address of ['http://github.example/?a=b', 'github.example']) {
    process.env.ACTIONS_ID_TOKEN_REQUEST_URL = address;
    await assert.rejects(ask(answering('{"value":"token"}')), expected);
  }
  assert.deepEqual(asked, []);
  process.env.ACTIONS_ID_TOKEN_REQUEST_URL = 'https://github.example/?a=b';
  assert.equal(await ask(answering('{"value":"token"}')), 'token');
  const large = JSON.stringify({ value: 'token', padding: 'x'.repeat(256 * 1024) });
  await assert.rejects(ask(answering(large)), expected);
});

test('AWS refuses, or its SDK is not installed', async () => {
  const sts = {
    async getWebIdentityToken() {
      throw Object.assign(new Error('no, not with this secret'), { name: 'AccessDenied' });
    },
  };
  const expected = { fault: 'caller', code: 'credential_unavailable' };
  await assert.rejects(tokenBy(aws({ sts })), { ...expected, message: 'AWS gives no token: AccessDenied' });
  await assert.rejects(tokenBy(aws()), { ...expected, message: 'AWS gives no token: ERR_MODULE_NOT_FOUND' });
});
