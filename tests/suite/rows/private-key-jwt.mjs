import assert from 'node:assert/strict';
import { createHash, createPublicKey, sign } from 'node:crypto';
import { test } from 'node:test';
import { assertionOf, claimsOf, fresh, JWT_ASSERTION, presented, SPIFFE_ASSERTION } from '../support/assertions.mjs';
import { isError, isToken } from '../support/check.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  arrival,
  authorize,
  codeFor,
  exchange,
  handoff,
  introspect,
  loggedIn,
  now,
  postAs,
  refreshed,
  requestIn,
  requestOf,
  revoke,
} from '../support/flow.mjs';
import { DEVICE_GRANT } from '../support/grant-clients.mjs';
import { basic } from '../support/http.mjs';
import { ALGORITHMS, freshKey, hmac, jwt, keyOf, unsigned } from '../support/jws.mjs';
import { get, post } from '../support/target.mjs';
import { Browser } from '../support/user-agent.mjs';

const { signer, otherSigner, signingLogin, psOnly, unnamed, reuser, hourly, m2m, native } = clients;
const GRANT = { grant_type: 'client_credentials' };

/** A client_credentials request with this assertion. */
const asked = (client_assertion, form = {}, headers = {}) =>
  post('/token', { ...GRANT, ...presented(client_assertion), ...form }, { headers });

for (const alg of ALGORITHMS) {
  test(`RFC 7523 §2.2: an assertion by ${alg}`, async () => {
    const { payload } = await isToken(await asked(assertionOf(signer, { alg }), { scope: 'read' }));
    assert.equal(payload.sub, 'signer');
    assert.equal(payload.client_id, 'signer');
    assert.equal(payload.scope, 'read');
  });

  test(`RFC 7515 §4.1.4: an assertion by ${alg} without a kid, verified by the keys that fit`, async () => {
    await isToken(await asked(assertionOf(unnamed, { alg, header: { kid: undefined } })));
  });
}

test('RFC 9864 §2.2: an assertion by EdDSA under the name that says its curve', async () => {
  await isToken(await asked(assertionOf(signer, { alg: 'EdDSA', header: { alg: 'Ed25519' } })));
});

test('RFC 7521 §4.2: the client_id may stand beside the assertion', async () => {
  await isToken(await asked(assertionOf(signer), { client_id: 'signer' }));
});

/** Assertions that are good, however they look: `[name, changes]`. */
const good = [
  ['without iat', { claims: { iat: undefined } }],
  ['with nbf', () => ({ claims: { nbf: now() - 60 } })],
  ['iat and nbf a few seconds ahead, as a clock that is ahead writes them', () => ahead(5)],
  ['that expired a few seconds ago by a clock of ours that is ahead', () => ({ claims: { exp: now() - 4 } })],
  ['that expires in five minutes', () => ({ claims: { exp: now() + 300 } })],
  ['with an exp that has a fraction', () => ({ claims: { exp: now() + 60.5 } })],
  ['with a jti of 255 characters', () => ({ claims: { jti: fresh().padEnd(255, '-') } })],
  ['with claims that nobody asked for', { claims: { scope: 'admin', role: ['root'] } }],
  ['without a typ', { header: { typ: undefined } }],
  ['of typ JWT', { header: { typ: 'JWT' } }],
  ['of typ jwt', { header: { typ: 'jwt' } }],
  ['of typ client-authentication+jwt (RFC 10070)', { header: { typ: 'client-authentication+jwt' } }],
  ['of that typ in capitals', { header: { typ: 'Client-Authentication+JWT' } }],
  ['of that typ as a media type', { header: { typ: 'application/client-authentication+jwt' } }],
  ['with a certificate beside its kid', { header: { x5t: 'abc', x5c: ['MIIB'] } }],
];

const ahead = (seconds) => ({ claims: { iat: now() + seconds, nbf: now() + seconds } });
const changesOf = (changes) => (typeof changes === 'function' ? changes() : changes);

for (const [name, changes] of good) {
  test(`RFC 7523 §3: an assertion ${name}`, async () => {
    await isToken(await asked(assertionOf(signer, changesOf(changes))));
  });
}

const stranger = freshKey('ES256', 'signer-ES256');
const es256 = keyOf('ES256', 'signer');
const rsa = keyOf('RS256', 'signer');
const pem = (key) => createPublicKey(key.key).export({ format: 'pem', type: 'spki' });

/** HS256 by what everybody knows of a key (RFC 8725 §2.1). */
const confused = (secret, kid) => jwt({ alg: 'HS256', kid }, claimsOf(signer), hmac(secret));

/** A JWT whose parts are what they should be, but for a turn: `(parts) => parts`. */
const bent = (turn) => turn(assertionOf(signer).split('.')).join('.');

/** A signature of ECDSA in DER, as X.509 has it. */
const inDer = () => {
  const [header, claims] = assertionOf(signer).split('.');
  const signature = sign('sha256', `${header}.${claims}`, es256.key);
  return [header, claims, signature.toString('base64url')].join('.');
};

/** The claims as text, in which `iss` stands twice. */
const twice = () => JSON.stringify(claimsOf(signer)).replace('{', '{"iss":"other-signer",');

/** Assertions that authenticate nobody: `[name, assertion]`. */
const refused = [
  // RFC 7523 §3, item 4, 5, 6.
  ['that has expired', () => assertionOf(signer, { claims: { exp: now() - 15 } })],
  ['without exp', () => assertionOf(signer, { claims: { exp: undefined } })],
  ['whose exp is a string', () => assertionOf(signer, { claims: { exp: `${now() + 60}` } })],
  ['whose exp is negative', () => assertionOf(signer, { claims: { exp: -1 } })],
  ['that expires in more than five minutes', () => assertionOf(signer, { claims: { exp: now() + 330 } })],
  ['that expires in an hour', () => assertionOf(signer, { claims: { exp: now() + 3600 } })],
  ['that never expires', () => assertionOf(signer, { claims: { exp: 1e300 } })],
  ['issued later', () => assertionOf(signer, { claims: { iat: now() + 30 } })],
  ['whose iat is a string', () => assertionOf(signer, { claims: { iat: 'now' } })],
  ['that is early', () => assertionOf(signer, { claims: { nbf: now() + 30 } })],
  // RFC 10070 §4.
  ['without aud', () => assertionOf(signer, { claims: { aud: undefined } })],
  ['for another server', () => assertionOf(signer, { claims: { aud: 'https://other.example' } })],
  ['for the issuer with a slash', () => assertionOf(signer, { claims: { aud: `${ISSUER}/` } })],
  ['for the issuer in capitals', () => assertionOf(signer, { claims: { aud: ISSUER.toUpperCase() } })],
  ['for the token endpoint', () => assertionOf(signer, { claims: { aud: `${ISSUER}/token` } })],
  ['for the metadata', () => assertionOf(signer, { claims: { aud: `${ISSUER}/.well-known/openid-configuration` } })],
  ['for an array of the issuer', () => assertionOf(signer, { claims: { aud: [ISSUER] } })],
  ['for several', () => assertionOf(signer, { claims: { aud: [ISSUER, 'https://other.example'] } })],
  ['for an empty array', () => assertionOf(signer, { claims: { aud: [] } })],
  // RFC 7523 §3, item 1 and 2.
  ['without iss', () => assertionOf(signer, { claims: { iss: undefined } })],
  ['without sub', () => assertionOf(signer, { claims: { sub: undefined } })],
  ['about another client', () => assertionOf(signer, { claims: { sub: 'other-signer' } })],
  ['of another issuer', () => assertionOf(signer, { claims: { iss: 'other-signer' } })],
  [
    'that says it is another client',
    () => assertionOf(signer, { claims: { iss: 'other-signer', sub: 'other-signer' } }),
  ],
  ['whose iss and sub are arrays', () => assertionOf(signer, { claims: { iss: ['signer'], sub: ['signer'] } })],
  ['of a client that is not there', () => assertionOf(signer, { claims: { iss: 'nobody', sub: 'nobody' } })],
  ['of a client that is disabled', () => assertionOf(clients.disabledSigner)],
  ['of a client that has a secret', () => assertionOf(m2m)],
  ['of a public client', () => assertionOf(native)],
  ['of the server', () => assertionOf(signer, { claims: { iss: ISSUER, sub: ISSUER } })],
  // RFC 7523 §3, item 7.
  ['without jti', () => assertionOf(signer, { claims: { jti: undefined } })],
  ['with an empty jti', () => assertionOf(signer, { claims: { jti: '' } })],
  ['whose jti is a number', () => assertionOf(signer, { claims: { jti: 5 } })],
  ['with a jti of 256 characters', () => assertionOf(signer, { claims: { jti: 'x'.repeat(256) } })],
  // RFC 8725 §3.1, RFC 7515 §4.1.
  ['by alg none', () => jwt({ alg: 'none' }, claimsOf(signer), unsigned)],
  ['by alg NONE', () => jwt({ alg: 'NONE' }, claimsOf(signer), unsigned)],
  ['by alg none, with a kid', () => jwt({ alg: 'none', kid: es256.kid }, claimsOf(signer), unsigned)],
  ['without a signature', () => bent(([header, claims]) => [header, claims, ''])],
  ['without alg', () => es256.sign(claimsOf(signer), { alg: undefined })],
  ['by Ed448', () => keyOf('EdDSA', 'signer').sign(claimsOf(signer), { alg: 'Ed448' })],
  ['by an unknown alg', () => es256.sign(claimsOf(signer), { alg: 'ES256K' })],
  ['by HS256 with the PEM of the public key', () => confused(pem(rsa), rsa.kid)],
  ['by HS256 with the PEM without its last line', () => confused(pem(rsa).trim(), rsa.kid)],
  ['by HS256 with the JWK', () => confused(JSON.stringify(rsa.jwk), rsa.kid)],
  ['by HS256 with the modulus', () => confused(Buffer.from(rsa.jwk.n, 'base64url'), rsa.kid)],
  ['by HS256 with the client_id', () => confused('signer')],
  ['by HS256 without a secret', () => confused('')],
  ['by RS512', () => rsa.sign(claimsOf(signer), { alg: 'RS512' })],
  ['by RS256 under the name of a PS256 key', () => rsa.sign(claimsOf(signer), { kid: 'signer-PS256' })],
  ['by PS256 that says RS256', () => keyOf('PS256', 'signer').sign(claimsOf(signer), { alg: 'RS256', kid: rsa.kid })],
  ['by ES256 that says ES384', () => es256.sign(claimsOf(signer), { alg: 'ES384', kid: 'signer-ES384' })],
  ['by a key of nobody', () => stranger.sign(claimsOf(signer))],
  ["by another client's key", () => keyOf('ES256', 'other-signer').sign(claimsOf(signer))],
  [
    "by another client's key, under our name",
    () => keyOf('ES256', 'other-signer').sign(claimsOf(signer), { kid: es256.kid }),
  ],
  ['of an unknown kid', () => assertionOf(signer, { header: { kid: 'unknown' } })],
  ['whose kid is a number', () => assertionOf(signer, { header: { kid: 5 } })],
  ['with crit', () => assertionOf(signer, { header: { crit: ['exp'], exp: 5 } })],
  ['with an empty crit', () => assertionOf(signer, { header: { crit: [] } })],
  ['with b64', () => assertionOf(signer, { header: { b64: true } })],
  ['with b64 and crit (RFC 7797)', () => assertionOf(signer, { header: { b64: false, crit: ['b64'] } })],
  ['that brings its key', () => stranger.sign(claimsOf(signer), { jwk: stranger.jwk, kid: undefined })],
  ['that brings our own key', () => assertionOf(signer, { header: { jwk: es256.jwk } })],
  ['that says where its key is', () => assertionOf(signer, { header: { jku: 'https://evil.example/jwks' } })],
  ['that says where its certificate is', () => assertionOf(signer, { header: { x5u: 'https://evil.example/x5u' } })],
  // RFC 8725 §3.11.
  ['of typ at+jwt', () => assertionOf(signer, { header: { typ: 'at+jwt' } })],
  ['of typ dpop+jwt', () => assertionOf(signer, { header: { typ: 'dpop+jwt' } })],
  ['of typ dpop+jwt that brings its key', () => assertionOf(signer, { header: { typ: 'dpop+jwt', jwk: es256.jwk } })],
  ['of typ oauth-authz-req+jwt', () => assertionOf(signer, { header: { typ: 'oauth-authz-req+jwt' } })],
  ['of typ oauth-id-jag+jwt', () => assertionOf(signer, { header: { typ: 'oauth-id-jag+jwt' } })],
  ['of typ logout+jwt', () => assertionOf(signer, { header: { typ: 'logout+jwt' } })],
  ['of typ token-introspection+jwt', () => assertionOf(signer, { header: { typ: 'token-introspection+jwt' } })],
  ['of an empty typ', () => assertionOf(signer, { header: { typ: '' } })],
  ['whose typ is a list', () => assertionOf(signer, { header: { typ: ['JWT'] } })],
  // RFC 7519 §7.2.
  ['whose claims were changed', () => bent(([header, , signature]) => [header, encoded(claimsOf(signer)), signature])],
  ['whose header was changed', () => bent(([, claims, signature]) => [encoded({ alg: 'ES256' }), claims, signature])],
  ['with a bit of its signature changed', () => bent(([header, claims, s]) => [header, claims, flipped(s)])],
  ['whose signature is in DER', inDer],
  ['in which iss stands twice', () => es256.sign(twice())],
  ['whose claims are an array', () => es256.sign('[]')],
  ['whose claims are no JSON', () => es256.sign('{')],
  ['of two parts', () => bent(([header, claims]) => [header, claims])],
  ['of five parts, as a JWE has', () => bent((parts) => [...parts, 'a', 'b'])],
  ['with padding', () => bent(([header, claims, signature]) => [header, claims, `${signature}==`])],
  ['that is no JWT', () => 'assertion'],
];

const encoded = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');

function flipped(text) {
  const bytes = Buffer.from(text, 'base64url');
  bytes[40] ^= 1;
  return bytes.toString('base64url');
}

for (const [name, make] of refused) {
  test(`RFC 7523 §3: an assertion ${name}: invalid_client`, async () => {
    isError(await asked(make()), 401, 'invalid_client');
  });
}

test('RFC 7523 §3.2: whatever is wrong with an assertion, the answer has the same bytes', async () => {
  const answers = await Promise.all(refused.map(([, make]) => asked(make())));
  const unknown = await asked(assertionOf({ client_id: 'nobody' }));
  for (const [at, answer] of answers.entries()) assert.equal(answer.text, unknown.text, refused[at][0]);
});

test('RFC 7523 §3: an assertion that was accepted is accepted once: invalid_client', async () => {
  const assertion = assertionOf(signer);
  await isToken(await asked(assertion));
  isError(await asked(assertion), 401, 'invalid_client');
  isError(await postWith('/introspect', assertion, { token: 'x' }), 401, 'invalid_client');
});

test('RFC 7519 §4.1.7: a jti is one of its issuer: another assertion with it is refused, another client’s is not', async () => {
  const claims = { jti: fresh() };
  await isToken(await asked(assertionOf(signer, { claims, alg: 'ES384' })));
  isError(await asked(assertionOf(signer, { claims, alg: 'EdDSA' })), 401, 'invalid_client');
  await isToken(await asked(assertionOf(otherSigner, { claims })));
});

test('RFC 7523 §3: an assertion that was refused for something else is not used up by that', async () => {
  const claims = claimsOf(signer);
  isError(await asked(stranger.sign(claims)), 401, 'invalid_client');
  isError(await asked(es256.sign(claims, { typ: 'dpop+jwt' })), 401, 'invalid_client');
  isError(await asked(es256.sign({ ...claims, aud: [ISSUER] })), 401, 'invalid_client');
  await isToken(await asked(es256.sign(claims)));
});

test('RFC 7523 §3: of fifty requests at once with one assertion, one is answered', async () => {
  const assertion = assertionOf(signer);
  const answers = await Promise.all(Array.from({ length: 50 }, () => asked(assertion)));
  const good = answers.filter(({ status }) => status === 200);
  assert.equal(good.length, 1);
  await isToken(good[0]);
  for (const answer of answers) if (answer !== good[0]) isError(answer, 401, 'invalid_client');
});

test('client_assertion_single_use: without it an assertion is good until it expires, and needs no jti', async () => {
  const assertion = assertionOf(reuser, { claims: { jti: undefined } });
  for (let time = 0; time < 3; time += 1) await isToken(await asked(assertion));
  const named = assertionOf(reuser);
  const answers = await Promise.all(Array.from({ length: 5 }, () => asked(named)));
  for (const answer of answers) await isToken(answer);
  isError(await asked(assertionOf(reuser, { claims: { exp: now() - 15 } })), 401, 'invalid_client');
});

test('token_endpoint_is_audience: the token endpoint is an audience besides the issuer, and no other is', async () => {
  for (const aud of [ISSUER, `${ISSUER}/token`]) await isToken(await asked(assertionOf(hourly, { claims: { aud } })));
  for (const aud of [`${ISSUER}/token/`, `${ISSUER}/introspect`, [`${ISSUER}/token`], `${ISSUER}/`]) {
    isError(await asked(assertionOf(hourly, { claims: { aud } })), 401, 'invalid_client');
  }
  const assertion = assertionOf(hourly, { claims: { aud: `${ISSUER}/token` } });
  const response = await postWith('/introspect', assertion, { token: 'x' });
  assert.equal(response.text, '{"active":false}', 'libraries have one audience for every endpoint');
});

test('client_assertion_lifetime: an assertion may live for as long, and no longer', async () => {
  await isToken(await asked(assertionOf(hourly, { claims: { exp: now() + 3600 } })));
  isError(await asked(assertionOf(hourly, { claims: { exp: now() + 3630 } })), 401, 'invalid_client');
});

test('token_endpoint_auth_signing_alg: the algorithm registered is the one accepted', async () => {
  await isToken(await asked(assertionOf(psOnly)));
  const key = keyOf('RS256', 'ps-only');
  isError(await asked(key.sign(claimsOf(psOnly), { kid: 'ps-only-PS256' })), 401, 'invalid_client');
  isError(await asked(key.sign(claimsOf(psOnly), { kid: undefined })), 401, 'invalid_client');
});

test('token_endpoint_auth_method: a client that signs has no secret, and one with a secret does not sign', async () => {
  const signed = presented(assertionOf(m2m));
  isError(await post('/token', { ...GRANT, ...signed }), 401, 'invalid_client');
  for (const secret of ['', 'x', createHash('sha256').update('signer').digest('base64url')]) {
    const inBody = { ...GRANT, client_id: 'signer', client_secret: secret };
    isError(await post('/token', inBody), 401, 'invalid_client');
    const authorization = basic('signer', secret);
    isError(await post('/token', GRANT, { headers: { authorization } }), 401, 'invalid_client');
  }
  isError(await post('/token', { ...GRANT, client_id: 'signer' }), 401, 'invalid_client');
});

/** Requests with an assertion that is good, and more than that: `[name, form, headers]`. */
const several = [
  ['a secret in the body', { client_id: 'm2m', client_secret: m2m.client_secret }],
  ['Basic', {}, { authorization: basic(m2m.client_id, m2m.client_secret) }],
  ['Basic of the same client', {}, { authorization: basic('signer', 'x') }],
  ['Bearer', {}, { authorization: 'Bearer x' }],
];

for (const [name, form, headers] of several) {
  test(`RFC 6749 §2.3: an assertion and ${name}: invalid_request`, async () => {
    isError(await asked(assertionOf(signer), form, headers), 400, 'invalid_request');
  });
}

test('RFC 7521 §4.2.1: a client_id that is not the client of the assertion: invalid_client', async () => {
  for (const client_id of ['other-signer', 'twin', 'm2m', 'nobody', 'Signer']) {
    isError(await asked(assertionOf(signer), { client_id }), 401, 'invalid_client');
  }
});

test('RFC 7521 §4.2: an assertion without its type, and a type without an assertion: invalid_request', async () => {
  const { client_assertion, client_assertion_type } = presented(assertionOf(signer));
  for (const form of [{ client_assertion }, { client_assertion_type }, { client_id: 'signer', client_assertion }]) {
    isError(await post('/token', { ...GRANT, ...form }), 400, 'invalid_request');
  }
});

test('RFC 7521 §4.2: an assertion of another type: invalid_client', async () => {
  for (const type of [
    'urn:ietf:params:oauth:client-assertion-type:saml2-bearer',
    'urn:ietf:params:oauth:client-assertion-type:jwt-client-attestation',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    JWT_ASSERTION.toUpperCase(),
    SPIFFE_ASSERTION,
  ]) {
    isError(await post('/token', { ...GRANT, ...presented(assertionOf(signer), type) }), 401, 'invalid_client');
  }
});

test('RFC 6749 §3.2: an assertion, or its type, that stands there twice: invalid_request', async () => {
  const pairs = [...Object.entries(GRANT), ...Object.entries(presented(assertionOf(signer)))];
  for (const extra of [
    ['client_assertion', assertionOf(signer)],
    ['client_assertion_type', JWT_ASSERTION],
  ]) {
    isError(await post('/token', [...pairs, extra]), 400, 'invalid_request');
  }
});

test('RFC 9068 §4: an ID token or an access token of ours authenticates nobody: invalid_client', async () => {
  const { id_token, access_token } = await loggedIn(signer);
  for (const token of [id_token, access_token]) {
    isError(await asked(token), 401, 'invalid_client');
    isError(await asked(token, { client_id: 'signer' }), 401, 'invalid_client');
  }
});

/** `POST path` with this assertion. */
const postWith = (path, assertion, form) => post(path, { ...presented(assertion), ...form });

/** Every endpoint where a client authenticates: `[name, path, form]`, what it is asked being nothing. */
const endpoints = [
  ['/token, client_credentials', '/token', GRANT],
  ['/token, authorization_code', '/token', { grant_type: 'authorization_code', code: 'x', code_verifier: 'x' }],
  ['/token, refresh_token', '/token', { grant_type: 'refresh_token', refresh_token: 'x' }],
  ['/token, device_code', '/token', { grant_type: DEVICE_GRANT, device_code: 'x' }],
  ['/introspect', '/introspect', { token: 'x' }],
  ['/revoke', '/revoke', { token: 'x' }],
  ['/device_authorization', '/device_authorization', {}],
  ['/authorize/request', '/authorize/request', { request: 'x' }],
  ['/authorize/accept', '/authorize/accept', { request: 'x', subject: 'alice' }],
  ['/authorize/reject', '/authorize/reject', { request: 'x', error: 'access_denied' }],
  ['/revoke_grants', '/revoke_grants', { subject: 'nobody at all' }],
];

for (const [name, path, form] of endpoints) {
  test(`RFC 7523 §2.2: ${name}: an assertion that is good once, and is checked`, async () => {
    const client = path.startsWith('/authorize/') || path === '/revoke_grants' ? signingLogin : signer;
    const assertion = assertionOf(client);
    const response = await postWith(path, assertion, form);
    assert.notEqual(response.status, 401, response.text);
    isError(await postWith(path, assertion, form), 401, 'invalid_client');
    for (const changes of [
      { key: freshKey('ES256', `${client.client_id}-ES256`) },
      { claims: { aud: `${ISSUER}${path}` } },
      { claims: { exp: now() - 15 } },
      { header: { typ: 'at+jwt' } },
    ]) {
      isError(await postWith(path, assertionOf(client, changes), form), 401, 'invalid_client');
    }
  });
}

test('RFC 7523 §2.2: a login, a refresh, introspection and revocation, each by an assertion', async () => {
  const login = await codeFor(signer, { scope: 'openid offline_access read' });
  const response = await exchange(signer, login);
  assert.equal(response.status, 200, response.text);
  const next = await refreshed(signer, response.json().refresh_token);
  assert.equal((await introspect(signer, next.access_token)).json().active, true);
  assert.equal((await revoke(signer, next.refresh_token)).status, 200);
  assert.equal((await introspect(signer, next.access_token)).json().active, false);
});

test('RFC 7523 §2.2: a code that an assertion of another client redeems is not burnt', async () => {
  const login = await codeFor(signer);
  const other = { ...otherSigner, redirect_uris: signer.redirect_uris };
  assert.notEqual((await exchange(other, login)).status, 200);
  assert.equal((await exchange(signer, login)).status, 200);
});

test('RFC 8628 §3.1: a device that signs', async () => {
  const begun = await postAs(signer, '/device_authorization', { scope: 'read' });
  assert.equal(begun.status, 200, begun.text);
  const poll = { grant_type: DEVICE_GRANT, device_code: begun.json().device_code };
  isError(await postAs(signer, '/token', poll), 400, 'authorization_pending');
});

test('RFC 7523 §2.2: a login application that signs: it asks, accepts, rejects and ends logins', async () => {
  const options = { login: signingLogin };
  const waiting = async () => {
    const browser = new Browser({});
    return { browser, request: requestIn(await authorize(browser, requestOf(clients.web, { scope: 'openid' }))) };
  };
  const { browser, request } = await waiting();
  const shown = await handoff('request', { request }, options);
  assert.equal(shown.status, 200, shown.text);
  assert.equal(shown.json().client_id, 'web');
  const { params } = arrival(await browser.get(await answered('accept', { request, ...ALICE }, options)));
  assert.ok(params.code);
  const second = await waiting();
  const rejected = await answered('reject', { request: second.request, error: 'access_denied' }, options);
  assert.equal(arrival(await second.browser.get(rejected)).params.error, 'access_denied');
  const ended = await postAs(signingLogin, '/revoke_grants', { subject: 'nobody at all' });
  assert.equal(ended.status, 200, ended.text);
});

test('RFC 8414 §2: metadata names private_key_jwt and the algorithms of assertions', async () => {
  const metadata = (await get('/.well-known/oauth-authorization-server')).json();
  for (const endpoint of ['token', 'introspection', 'revocation']) {
    assert.ok(metadata[`${endpoint}_endpoint_auth_methods_supported`].includes('private_key_jwt'), endpoint);
    const algorithms = metadata[`${endpoint}_endpoint_auth_signing_alg_values_supported`];
    assert.deepEqual([...algorithms].sort(), [...ALGORITHMS, 'Ed25519'].sort());
  }
});
