import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JWT_BEARER, TOKEN_EXCHANGE } from '../support/assertion-clients.mjs';
import { clients, ISSUER, isMock } from '../support/fixtures.mjs';
import { basic, send } from '../support/http.mjs';
import { clientCredentials, get, host, post, startFor, unless } from '../support/target.mjs';
import { claimsOf } from '../support/tokens.mjs';

const OAUTH = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';
const JWKS = '/.well-known/jwks.json';
const OWN_CLAIMS = ['sub', 'iss', 'aud', 'exp', 'iat', 'auth_time', 'acr', 'amr', 'nonce', 'at_hash', 'sid'];
/** OpenID Connect Core §5.1, but for `sub`, by the scopes of §5.4. */
const STANDARD_CLAIMS = [
  'name',
  'family_name',
  'given_name',
  'middle_name',
  'nickname',
  'preferred_username',
  'profile',
  'picture',
  'website',
  'gender',
  'birthdate',
  'zoneinfo',
  'locale',
  'updated_at',
  'email',
  'email_verified',
  'address',
  'phone_number',
  'phone_number_verified',
];
const PROOFS = ['client_secret_basic', 'client_secret_post', 'private_key_jwt', 'federated_jwt', 'spiffe_jwt'];
/** Of assertions. EdDSA has two names (RFC 9864 §2.2). */
const ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256'];

test('RFC 8414 §3.2: authorization server metadata', async () => {
  const response = await get(OAUTH);
  assert.equal(response.status, 200);
  assert.equal(response.headers['content-type'], 'application/json');
  assert.deepEqual(response.json(), {
    issuer: ISSUER,
    token_endpoint: `${ISSUER}/token`,
    jwks_uri: `${ISSUER}${JWKS}`,
    response_types_supported: ['code'],
    grant_types_supported: [
      'authorization_code',
      'client_credentials',
      'refresh_token',
      'urn:ietf:params:oauth:grant-type:device_code',
      JWT_BEARER,
      TOKEN_EXCHANGE,
    ],
    token_endpoint_auth_methods_supported: [...PROOFS, 'none'],
    token_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
    introspection_endpoint: `${ISSUER}/introspect`,
    introspection_endpoint_auth_methods_supported: PROOFS,
    introspection_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
    registration_endpoint: `${ISSUER}/register`,
    revocation_endpoint: `${ISSUER}/revoke`,
    revocation_endpoint_auth_methods_supported: [...PROOFS, 'none'],
    revocation_endpoint_auth_signing_alg_values_supported: ALGORITHMS,
    authorization_endpoint: `${ISSUER}/authorize`,
    device_authorization_endpoint: `${ISSUER}/device_authorization`,
    response_modes_supported: ['query', 'form_post'],
    code_challenge_methods_supported: ['S256'],
    authorization_response_iss_parameter_supported: true,
    scopes_supported: ['openid', 'profile', 'email', 'address', 'phone', 'offline_access'],
  });
});

test('OpenID Connect Discovery §4.2: the same, and what it requires besides', async () => {
  const [oauth, openid] = await Promise.all([get(OAUTH), get(OPENID)]);
  assert.deepEqual(openid.json(), {
    ...oauth.json(),
    subject_types_supported: ['public', 'pairwise'],
    id_token_signing_alg_values_supported: ['ES256'],
    userinfo_endpoint: `${ISSUER}/userinfo`,
    end_session_endpoint: `${ISSUER}/end_session`,
    claims_supported: [...OWN_CLAIMS, ...STANDARD_CLAIMS],
    claim_types_supported: ['normal'],
    prompt_values_supported: ['none', 'login', 'consent', 'select_account'],
    claims_parameter_supported: true,
    request_parameter_supported: false,
    request_uri_parameter_supported: false,
  });
});

test('RFC 8414 §2: without a login application nothing that needs one is listed', {
  skip: unless.loginless,
}, async (t) => {
  const on = await startFor(t, { changes: { JETON_LOGIN_URL: '' } });
  const { json } = await get(OPENID, {}, on);
  const metadata = json();
  assert.deepEqual(metadata.response_types_supported, []);
  assert.deepEqual(metadata.grant_types_supported, ['client_credentials', JWT_BEARER, TOKEN_EXCHANGE]);
  assert.deepEqual(metadata.token_endpoint_auth_methods_supported, PROOFS);
  assert.equal(metadata.introspection_endpoint, `${ISSUER}/introspect`, 'which needs none');
  for (const name of ['authorization', 'device_authorization', 'userinfo', 'end_session']) {
    assert.ok(!(`${name}_endpoint` in metadata), name);
  }
});

for (const path of [OAUTH, OPENID, JWKS]) {
  test(`RFC 9110 §13.1.2: ${path} has an ETag and answers 304`, async () => {
    const first = await get(path);
    assert.match(first.headers['cache-control'], /^public, max-age=\d+$/);
    assert.equal(first.headers['access-control-allow-origin'], '*');
    const { etag } = first.headers;
    assert.match(etag, /^"[\w-]{43}"$/);
    for (const held of [etag, `W/${etag}`, `"x", ${etag}`, '*']) {
      const second = await get(path, { 'if-none-match': held });
      assert.equal(second.status, 304, held);
      assert.equal(second.bytes.length, 0);
      assert.equal(second.headers.etag, etag);
      assert.equal(second.headers['cache-control'], first.headers['cache-control']);
    }
    assert.equal((await get(path, { 'if-none-match': '"x"' })).status, 200);
  });

  test(`RFC 9110 §9.3.2: HEAD ${path} has the headers and no body`, async () => {
    const { url } = await host();
    const [head, full] = await Promise.all([send(url, { method: 'HEAD', path }), get(path)]);
    assert.equal(head.status, 200);
    assert.equal(head.bytes.length, 0);
    assert.equal(head.headers.etag, full.headers.etag);
  });
}

test('the issuer is the configured one, whatever Host says', async () => {
  const response = await get(OAUTH, { host: 'evil.example', 'x-forwarded-host': 'evil.example' });
  assert.equal(response.json().issuer, ISSUER);
});

test('RFC 8414 §3.1: an issuer with a path', { skip: unless.startable }, async (t) => {
  const issuer = `${ISSUER}/tenant/one`;
  const on = await startFor(t, { changes: { JETON_ISSUER: issuer } });
  // §3.1 puts its document in front of the path and §5 that of OpenID Connect, whose own rule (Discovery §4)
  // puts it beneath.
  for (const path of [`${OAUTH}/tenant/one`, `${OPENID}/tenant/one`, `/tenant/one${OPENID}`, `/tenant/one${OAUTH}`]) {
    const response = await get(path, {}, on);
    assert.equal(response.status, 200, path);
    assert.equal(response.headers['access-control-allow-origin'], '*', path);
    assert.equal('userinfo_endpoint' in response.json(), path.includes(OPENID), path);
    assert.equal(response.json().issuer, issuer);
    assert.equal(response.json().token_endpoint, `${issuer}/token`);
    assert.equal(response.json().jwks_uri, `${issuer}${JWKS}`);
  }
  const others = [OAUTH, OPENID].flatMap((path) => [path, `${path}/tenant`, `${path}/tenant/one/`, `${path}/one`]);
  for (const path of [...others, JWKS, `${JWKS}/tenant/one`, '/tenant/onetoken']) {
    assert.equal((await get(path, {}, on)).status, 404, path);
  }
  assert.equal((await clientCredentials(clients.m2m, {}, { on })).status, 404);
  const authorization = basic(clients.m2m.client_id, clients.m2m.client_secret);
  const response = await post(
    '/tenant/one/token',
    { grant_type: 'client_credentials' },
    { headers: { authorization }, on },
  );
  assert.equal(response.status, 200);
  const keys = await get(`/tenant/one${JWKS}`, {}, on);
  assert.equal(keys.json().keys.length, isMock ? 1 : 3);
});

for (const path of ['', '/tenant/one']) {
  // RFC 8414 §3.1, Discovery §4.1: a terminating slash is removed before a document's path is put in or on.
  test(`an issuer that ends in a slash: ${path}/`, { skip: unless.startable }, async (t) => {
    const issuer = `${ISSUER}${path}/`;
    const on = await startFor(t, { changes: { JETON_ISSUER: issuer } });
    for (const document of [`${OAUTH}${path}`, `${OPENID}${path}`, `${path}${OPENID}`, `${path}${OAUTH}`]) {
      const response = await get(document, {}, on);
      assert.equal(response.status, 200, document);
      const metadata = response.json();
      assert.equal(metadata.issuer, issuer, 'to the character');
      assert.equal(metadata.token_endpoint, `${ISSUER}${path}/token`);
      assert.equal(metadata.jwks_uri, `${ISSUER}${path}${JWKS}`);
    }
    const authorization = basic(clients.m2m.client_id, clients.m2m.client_secret);
    const form = { grant_type: 'client_credentials' };
    const response = await post(`${path}/token`, form, { headers: { authorization }, on });
    assert.equal(response.status, 200, response.text);
    assert.equal(claimsOf(response.json().access_token).iss, issuer);
    assert.equal((await post(`${path}//token`, form, { headers: { authorization }, on })).status, 404);
    const described = (await get(`${path}/openapi.json`, {}, on)).json();
    assert.equal(described.servers[0].url, `${ISSUER}${path}`);
  });
}
