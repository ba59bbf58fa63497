import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clients, ISSUER } from '../support/fixtures.mjs';
import { loggedIn, revoke, userinfo } from '../support/flow.mjs';
import { FORM, send } from '../support/http.mjs';
import { clientCredentials, host } from '../support/target.mjs';
import { bent, claimsOf } from '../support/tokens.mjs';

const { web, opaque, m2m } = clients;

const CLAIMS = {
  name: 'Alice Ä',
  given_name: 'Alice',
  family_name: 'Ä',
  middle_name: 'M',
  nickname: 'al',
  preferred_username: 'alice',
  profile: 'https://alice.example',
  picture: 'https://alice.example/p',
  website: 'https://alice.example/w',
  gender: 'f',
  birthdate: '2000-01-01',
  zoneinfo: 'Europe/Berlin',
  locale: 'de',
  updated_at: 1700000000,
  email: 'alice@example.com',
  email_verified: true,
  address: { country: 'DE' },
  phone_number: '+49 30 1',
  phone_number_verified: false,
  tenant: 'blue',
  roles: ['a', 'b'],
};
const OWN = { tenant: 'blue', roles: ['a', 'b'] };
const pick = (...names) => Object.fromEntries(names.map((name) => [name, CLAIMS[name]]));
const PROFILE = Object.keys(CLAIMS).slice(0, 14);

const withClaims = (client, scope) => loggedIn(client, { scope }, { answer: { claims: JSON.stringify(CLAIMS) } });

const ask = async (options) => send((await host()).url, { path: '/userinfo', ...options });
const bearer = (token) => ({ authorization: `Bearer ${token}` });

function isRefused(response, status, challenge) {
  assert.equal(response.status, status, response.text);
  assert.equal(response.headers['www-authenticate'], challenge);
  assert.equal(response.headers['cache-control'], 'no-store');
}

const MISSING = 'Bearer realm="jeton"';
const INVALID = 'Bearer realm="jeton", error="invalid_token"';
const SCOPE = 'Bearer realm="jeton", error="insufficient_scope", scope="openid"';

describe('/userinfo', { concurrency: 8 }, () => {
  const scopes = [
    ['openid', {}],
    ['openid profile', pick(...PROFILE)],
    ['openid email', pick('email', 'email_verified')],
    ['openid address', pick('address')],
    ['openid phone', pick('phone_number', 'phone_number_verified')],
    ['openid email phone', pick('email', 'email_verified', 'phone_number', 'phone_number_verified')],
    ['openid profile email address phone', pick(...Object.keys(CLAIMS))],
  ];

  for (const [scope, expected] of scopes) {
    test(`OpenID Connect Core §5.4: ${scope}`, async () => {
      const { access_token, id_token } = await withClaims(web, scope);
      const response = await userinfo(access_token);
      assert.equal(response.status, 200, response.text);
      assert.equal(response.headers['content-type'], 'application/json');
      assert.equal(response.headers['cache-control'], 'no-store');
      assert.deepEqual(response.json(), { ...expected, ...OWN, sub: 'alice' });
      assert.equal(claimsOf(id_token).sub, 'alice', '§5.3.2: the same sub');
    });
  }

  for (const client of [web, opaque]) {
    test(`OpenID Connect Core §5.3.1: GET and POST with a header, POST with a form, of ${client.client_id}`, async () => {
      const { access_token } = await loggedIn(client);
      const ways = [
        { headers: bearer(access_token) },
        { headers: { authorization: `bearer ${access_token}` } },
        { method: 'POST', headers: bearer(access_token) },
        { method: 'POST', headers: bearer(access_token), body: '' },
        { method: 'POST', headers: { 'content-type': FORM, ...bearer(access_token) }, body: 'x=1' },
        { method: 'POST', headers: { 'content-type': FORM }, body: `access_token=${access_token}` },
        {
          method: 'POST',
          headers: { 'content-type': `${FORM}; charset=UTF-8` },
          body: `x=1&access_token=${access_token}`,
        },
      ];
      for (const way of ways) {
        const response = await ask(way);
        assert.equal(response.status, 200, `${JSON.stringify(way)}: ${response.text}`);
        assert.equal(response.json().sub, 'alice');
      }
    });
  }

  test('RFC 6750 §3: no token: the challenge says only what would be taken', async () => {
    const { access_token } = await loggedIn(web);
    isRefused(await ask({}), 401, MISSING);
    isRefused(await ask({ method: 'POST' }), 401, MISSING);
    isRefused(await ask({ headers: { authorization: 'Basic eDp5' } }), 401, MISSING);
    isRefused(await ask({ headers: { authorization: 'Bearer' } }), 401, MISSING);
    isRefused(await ask({ headers: { cookie: `access_token=${access_token}` } }), 401, MISSING);
  });

  test('RFC 9700 §4.3.2: a token in the query is not looked at', async () => {
    const { access_token } = await loggedIn(web);
    const path = `/userinfo?access_token=${access_token}`;
    isRefused(await ask({ path }), 401, MISSING);
    isRefused(await ask({ path, method: 'POST' }), 401, MISSING);
    assert.equal((await ask({ path: `${path}x`, headers: bearer(access_token) })).status, 200);
  });

  test('RFC 6750 §3.1: an invalid token: invalid_token', async () => {
    const { access_token, refresh_token, id_token, login } = await loggedIn(web);
    const sealed = (await loggedIn(opaque)).access_token;
    const foreign = [
      ['garbage', 'x'],
      ['an ID token', id_token],
      ['a refresh token', refresh_token],
      ['a code', login.code],
      ['cut short', access_token.slice(0, -3)],
      ['without its signature', access_token.split('.').slice(0, 2).join('.')],
      ...bent(sealed).filter(([name]) => name !== 'a space before it'),
    ];
    for (const [name, token] of foreign) {
      const response = await ask({ headers: bearer(token) });
      assert.equal(response.status, 401, name);
      isRefused(response, 401, INVALID);
    }
  });

  test('RFC 6750 §3.1: a token without the scope openid: insufficient_scope', async () => {
    isRefused(await userinfo((await loggedIn(web, { scope: 'read profile' })).access_token), 403, SCOPE);
  });

  test("a machine's token: insufficient_scope", async () => {
    isRefused(await userinfo((await clientCredentials(m2m)).json().access_token), 403, SCOPE);
  });

  test('RFC 6750 §2: a token in two ways: invalid_request', async () => {
    const { access_token } = await loggedIn(web);
    const response = await ask({
      method: 'POST',
      headers: { 'content-type': FORM, ...bearer(access_token) },
      body: `access_token=${access_token}`,
    });
    assert.equal(response.status, 400, response.text);
    assert.equal(response.json().error, 'invalid_request');
  });

  test('RFC 9068 §4: a token for other APIs only: invalid_token', async () => {
    for (const client of [web, opaque]) {
      const scope = 'openid read';
      for (const form of [
        { scope, resource: 'https://api.example' },
        { scope, audience: 'https://other.example' },
        { scope, resource: ['https://api.example', 'https://other.example'] },
      ]) {
        isRefused(await userinfo((await loggedIn(client, form)).access_token), 401, INVALID);
      }
      for (const [form, aud] of [
        [{ scope }, ['https://api.example', ISSUER]],
        [{ scope, resource: ISSUER }, ISSUER],
        [{ scope, resource: ['https://other.example', ISSUER] }, ['https://other.example', ISSUER]],
      ]) {
        const { access_token } = await loggedIn(client, form);
        if (client === web) assert.deepEqual(claimsOf(access_token).aud, aud);
        assert.equal((await userinfo(access_token)).status, 200);
      }
    }
  });

  test('a token of a login that has ended: invalid_token', async () => {
    const { access_token, refresh_token } = await loggedIn(web);
    await revoke(web, refresh_token);
    isRefused(await userinfo(access_token), 401, INVALID);
  });

  test('Fetch §3.2: a page that has the token may read the answer, and what went wrong', async () => {
    const { access_token } = await loggedIn(web);
    const headers = { ...bearer(access_token), origin: 'https://any.example' };
    const { headers: answer } = await ask({ headers });
    assert.equal(answer['access-control-allow-origin'], '*');
    assert.equal(answer['access-control-allow-credentials'], undefined);
    const refused = await ask({ headers: { ...bearer('x'), origin: 'https://any.example' } });
    assert.equal(refused.headers['access-control-allow-origin'], '*', 'RFC 6750 §3: the challenge is for it');
    const preflight = await ask({
      method: 'OPTIONS',
      headers: {
        origin: 'https://any.example',
        'access-control-request-method': 'GET',
        'access-control-request-headers': 'authorization',
      },
    });
    assert.equal(preflight.status, 204);
    assert.equal(preflight.headers['access-control-allow-origin'], '*');
    assert.match(preflight.headers['access-control-allow-methods'], /\bGET\b/);
    assert.match(preflight.headers['access-control-allow-headers'], /\bauthorization\b/);
  });

  test('RFC 9110 §15.5.6: HEAD and PUT: 405 with Allow', async () => {
    for (const method of ['HEAD', 'PUT']) {
      const response = await ask({ method });
      assert.equal(response.status, 405);
      assert.equal(response.headers.allow, 'GET, POST, OPTIONS');
    }
  });
});
