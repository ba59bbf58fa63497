import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isToken, verifyWithPyJwt } from '../support/check.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import { clientCredentials, host, post, unless } from '../support/target.mjs';
import { claimsOf } from '../support/tokens.mjs';

test('RFC 6749 §4.4: a confidential client gets a token for itself', async () => {
  await host();
  const before = Math.floor(Date.now() / 1000);
  const response = await clientCredentials(clients.m2m);
  const { body, payload, header } = await isToken(response, { audience: 'https://api.example' });
  assert.deepEqual(Object.keys(body), ['access_token', 'token_type', 'expires_in', 'scope']);
  assert.equal(body.expires_in, 3600);
  assert.equal(header.typ, 'at+jwt', 'RFC 9068 §2.1');
  assert.equal(header.alg, 'ES256');
  const { iat, exp, jti, ...rest } = payload;
  assert.deepEqual(rest, {
    iss: ISSUER,
    sub: 'm2m',
    aud: 'https://api.example',
    client_id: 'm2m',
    scope: 'read write admin',
  });
  assert.ok(Math.abs(iat - before) <= 2, `iat ${iat}, sent at ${before}`);
  assert.equal(exp, iat + 3600);
  assert.match(jti, /^[\w-]{22}$/, '128 random bits');
});

test('RFC 9068 §2.2: every token has its own jti', async () => {
  const tokens = await Promise.all(Array.from({ length: 20 }, () => clientCredentials(clients.m2m)));
  const ids = tokens.map((response) => claimsOf(response.json().access_token).jti);
  assert.equal(new Set(ids).size, 20);
});

test('RFC 7519: PyJWT verifies what jose verifies', async () => {
  const token = (await clientCredentials(clients.m2m)).json().access_token;
  const claims = await verifyWithPyJwt(token, 'https://api.example');
  assert.equal(claims.client_id, 'm2m');
});

test('access_token_lifetime: a client has its own', async () => {
  const { body } = await isToken(await clientCredentials(clients.shortLived));
  assert.equal(body.expires_in, 60);
});

test('RFC 7591 §2: metadata that only describes the client is accepted', async () => {
  await isToken(await clientCredentials(clients.descriptive));
});

test('RFC 6749 §3.2: parameters it does not know, and empty ones, are ignored', async () => {
  await isToken(await clientCredentials(clients.m2m, { unknown: 'x', scope: '', redirect_uri: '' }));
});

test('RFC 6749 §3.2: a content type with a charset is still a form', async () => {
  const headers = { 'content-type': 'Application/X-WWW-Form-URLencoded; charset=UTF-8' };
  await isToken(await clientCredentials(clients.m2m, {}, { headers }));
});

test('the log tells who got what, and neither secrets nor tokens', { skip: unless.startable }, async () => {
  const { log } = await host();
  const issued = (await clientCredentials(clients.m2m)).json().access_token;
  const wrong = 'a-wrong-secret-that-must-not-be-logged';
  await post('/token', { grant_type: 'client_credentials', client_id: 'm2m', client_secret: wrong });
  await new Promise((resolve) => setTimeout(resolve, 200));
  const lines = log();
  const text = lines.join('\n');
  const entries = lines.filter((line) => line.includes('"endpoint"')).map((line) => JSON.parse(line));
  assert.ok(entries.some((entry) => entry.client_id === 'm2m' && entry.status === 200 && entry.jti));
  assert.ok(entries.some((entry) => entry.error === 'invalid_client' && entry.detail));
  for (const secret of [issued, issued.split('.')[2], wrong, clients.m2m.client_secret]) {
    assert.ok(!text.includes(secret), 'the log holds a secret');
  }
});
