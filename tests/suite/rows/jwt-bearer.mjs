import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JWT_BEARER } from '../support/assertion-clients.mjs';
import { assertionOf, presented } from '../support/assertions.mjs';
import { isError, isToken } from '../support/check.mjs';
import { clients } from '../support/fixtures.mjs';
import { loggedIn } from '../support/flow.mjs';
import { basic } from '../support/http.mjs';
import { kubernetes, ofCase } from '../support/platforms.mjs';
import { jwtBearer } from '../support/shapes.mjs';
import { get, post } from '../support/target.mjs';

const { mover, movingSigner, signer } = clients;

test('RFC 7523 §2.1: an assertion is a grant, without client authentication', async () => {
  const response = await jwtBearer.ask(ofCase('plain'), { scope: 'read' });
  const { payload, body } = await isToken(response);
  assert.equal(payload.sub, 'deployer');
  assert.equal(payload.scope, 'read');
  assert.deepEqual(Object.keys(body).sort(), ['access_token', 'expires_in', 'scope', 'token_type']);
});

test('RFC 7521 §4.1: no refresh token, also for a scope that would have one', async () => {
  const { body } = await isToken(await jwtBearer.ask(kubernetes.token()));
  assert.ok(!('refresh_token' in body) && !('id_token' in body));
});

test('RFC 7521 §4.1: an authenticated client must be the one of the rule', async () => {
  const authorization = basic(mover.client_id, mover.client_secret);
  const { payload } = await isToken(
    await jwtBearer.ask(ofCase('of a client with a secret'), {}, { headers: { authorization } }),
  );
  assert.equal(payload.client_id, 'mover');
  jwtBearer.isRefused(await jwtBearer.ask(ofCase('plain'), {}, { headers: { authorization } }));
  const own = presented(assertionOf(movingSigner));
  await isToken(await jwtBearer.ask(ofCase('of a client with a key'), own));
  jwtBearer.isRefused(await jwtBearer.ask(ofCase('plain'), presented(assertionOf(movingSigner))));
});

test('RFC 7521 §4.1: client authentication that fails: invalid_client, though none is needed', async () => {
  const assertion = ofCase('of a client with a secret');
  const authorization = basic(mover.client_id, 'wrong');
  isError(await jwtBearer.ask(assertion, {}, { headers: { authorization } }), 401, 'invalid_client');
  const expired = presented(assertionOf(movingSigner, { claims: { exp: 1 } }));
  isError(await jwtBearer.ask(ofCase('of a client with a key'), expired), 401, 'invalid_client');
});

test('RFC 6749 §5.2: a client that is not registered for the grant: unauthorized_client', async () => {
  isError(await jwtBearer.ask(ofCase('of a client without the grant')), 400, 'unauthorized_client');
});

test('RFC 6749 §5.2: without an assertion, with an empty one, or with two: invalid_request', async () => {
  isError(await post('/token', { grant_type: JWT_BEARER }), 400, 'invalid_request');
  isError(await post('/token', { grant_type: JWT_BEARER, assertion: '' }), 400, 'invalid_request');
  const twice = [
    ['grant_type', JWT_BEARER],
    ['assertion', ofCase('plain')],
    ['assertion', ofCase('plain')],
  ];
  isError(await post('/token', twice), 400, 'invalid_request');
});

test("RFC 7523 §3: the server's own tokens are no assertions: invalid_grant", async () => {
  const { access_token, id_token } = await loggedIn(signer);
  const { body } = await isToken(await jwtBearer.ask(ofCase('plain')));
  for (const token of [access_token, id_token, body.access_token]) {
    isError(await jwtBearer.ask(token), 400, 'invalid_grant');
    isError(await jwtBearer.ask(token, { client_id: 'deployer' }), 400, 'invalid_grant');
  }
});

test('RFC 7523 §2: a client’s own assertion authenticates it, and is no grant: invalid_grant', async () => {
  isError(await jwtBearer.ask(assertionOf(movingSigner)), 400, 'invalid_grant');
  isError(await jwtBearer.ask(assertionOf(signer)), 400, 'invalid_grant');
});

test('RFC 6749 §5.2: a scope or a target that the client does not have: invalid_scope, invalid_target', async () => {
  isError(await jwtBearer.ask(ofCase('plain'), { scope: 'root' }), 400, 'invalid_scope');
  isError(await jwtBearer.ask(ofCase('plain'), { scope: 'openid' }), 400, 'invalid_scope');
  isError(await jwtBearer.ask(ofCase('plain'), { resource: 'https://evil.example' }), 400, 'invalid_target');
});

test('RFC 7522 §2.1: an assertion of another format: unsupported_grant_type', async () => {
  const saml = 'urn:ietf:params:oauth:grant-type:saml2-bearer';
  isError(await post('/token', { grant_type: saml, assertion: 'x' }), 400, 'unsupported_grant_type');
});

test('RFC 8414 §2: metadata names the grant', async () => {
  const metadata = (await get('/.well-known/oauth-authorization-server')).json();
  assert.ok(metadata.grant_types_supported.includes(JWT_BEARER));
});
