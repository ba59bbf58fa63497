import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { isError, isToken, jwks } from '../support/check.mjs';
import { clients, ISSUER, OLDER_SECRET } from '../support/fixtures.mjs';
import { challengeOf, codeFor, exchange, loggedIn, now, OFFLINE, random, refreshed, sleep } from '../support/flow.mjs';
import { post, unless } from '../support/target.mjs';
import { bent, claimsOf, halfHash, mint, parse, remint } from '../support/tokens.mjs';

const { web, other, native, noPkce, noRefresh, always, opaque } = clients;
const bare = { code_challenge: undefined, code_challenge_method: undefined, nonce: 'a nonce' };

describe('authorization_code', { concurrency: 8 }, () => {
  test('RFC 6749 §4.1.4: access token, refresh token and ID token', async () => {
    const response = await exchange(web, await codeFor(web, OFFLINE));
    const { body, payload } = await isToken(response, { audience: 'https://api.example' });
    assert.deepEqual(Object.keys(body), [
      'access_token',
      'token_type',
      'expires_in',
      'scope',
      'refresh_token',
      'id_token',
    ]);
    assert.equal(body.scope, OFFLINE.scope);
    assert.match(body.refresh_token, /^jrt_[\w-]{76}$/);
    const { iat, exp, jti, sid, auth_time, ...rest } = payload;
    assert.deepEqual(rest, {
      iss: ISSUER,
      sub: 'alice',
      aud: ['https://api.example', ISSUER],
      client_id: 'web',
      scope: OFFLINE.scope,
    });
    assert.equal(exp, iat + 3600);
    assert.match(jti, /^[\w-]{22}$/);
    assert.match(sid, /^[\w-]{22}$/);
    assert.ok(Math.abs(auth_time - now()) <= 5);
  });

  test('OpenID Connect Core §3.1.3.7: the ID token, verified by jose', async () => {
    const auth_time = now() - 500;
    const login = await codeFor(web, { ...OFFLINE, nonce: 'a "nonce"' }, { answer: { auth_time: String(auth_time) } });
    const body = (await exchange(web, login)).json();
    const { payload, protectedHeader } = await jwtVerify(body.id_token, createLocalJWKSet(await jwks()), {
      issuer: ISSUER,
      audience: 'web',
      typ: 'JWT',
      subject: 'alice',
    });
    assert.equal(protectedHeader.alg, 'ES256');
    const { iat, exp, ...rest } = payload;
    const { sid } = claimsOf(body.access_token);
    assert.deepEqual(rest, {
      iss: ISSUER,
      sub: 'alice',
      aud: 'web',
      auth_time,
      nonce: 'a "nonce"',
      at_hash: halfHash(body.access_token),
      sid,
    });
    assert.ok(Math.abs(iat - now()) <= 5 && exp > iat);
  });

  test('OpenID Connect Core §3.1.2.1: without openid there is no ID token', async () => {
    const body = await loggedIn(web, { scope: 'read' });
    assert.deepEqual(
      Object.keys(body).filter((name) => name !== 'login'),
      ['access_token', 'token_type', 'expires_in', 'scope', 'refresh_token'],
    );
  });

  test('RFC 8707 §2.2: a resource of the authorization request, and one of the token request', async () => {
    const form = { scope: 'read', resource: 'https://other.example' };
    assert.equal(claimsOf((await loggedIn(web, form)).access_token).aud, 'https://other.example');
    const login = await codeFor(web, form);
    isError(await exchange(web, login, { resource: 'https://api.example' }), 400, 'invalid_target');
    isError(await exchange(web, login, { resource: '/api' }), 400, 'invalid_target');
    await isToken(await exchange(web, login, { resource: 'https://other.example' }), {
      audience: 'https://other.example',
    });
  });

  const refreshable = [
    ['a plain OAuth request', web, 'read', true],
    ['an OpenID request without offline_access', web, 'openid read', false],
    ['an OpenID request with offline_access', web, 'openid offline_access', true],
    ['offline_access_required false', always, 'openid read', true],
    ['a client not registered for refresh_token', noRefresh, 'openid offline_access read', false],
  ];

  for (const [name, client, scope, given] of refreshable) {
    test(`OpenID Connect Core §11: ${name}: ${given ? 'a' : 'no'} refresh token`, async () => {
      assert.equal('refresh_token' in (await loggedIn(client, { scope })), given);
    });
  }

  test('OAuth 2.1 §4.1.3: redirect_uri may be left out', async () => {
    await isToken(await exchange(web, await codeFor(web), { redirect_uri: undefined }));
    await isToken(await exchange(web, await codeFor(web, { redirect_uri: undefined })));
  });

  test('RFC 6749 §4.1.3: without PKCE, a redirect_uri that was sent is repeated to the character', async () => {
    for (const form of [
      { ...bare, scope: 'read' },
      { ...bare, scope: 'openid', nonce: 'n' },
    ]) {
      const login = await codeFor(noPkce, form);
      for (const redirect_uri of [undefined, '', 'https://app.example/cb/', 'https://app.example/c']) {
        isError(await exchange(noPkce, login, { redirect_uri }), 400, 'invalid_grant');
      }
      await isToken(await exchange(noPkce, login));
    }
    const login = await codeFor(noPkce, { ...bare, scope: 'read', redirect_uri: undefined });
    isError(await exchange(noPkce, login, { redirect_uri: 'https://app.example/c' }), 400, 'invalid_grant');
    await isToken(await exchange(noPkce, login));
    await isToken(
      await exchange(noPkce, await codeFor(noPkce, { ...bare, scope: 'read', redirect_uri: undefined }), {
        redirect_uri: 'https://app.example/cb',
      }),
    );
    await isToken(await exchange(noPkce, await codeFor(noPkce), { redirect_uri: undefined }));
  });

  test('RFC 8252 §7.3: the redirect_uri with the port it was asked with', async () => {
    const login = await codeFor(native, { redirect_uri: 'http://127.0.0.1:51234/cb' });
    isError(await exchange(native, login, { redirect_uri: 'http://127.0.0.1:51235/cb' }), 400, 'invalid_grant');
    await isToken(await exchange(native, login));
  });

  test('RFC 6749 §2.3.1: client_secret_post', async () => {
    const { client_id, client_secret } = web;
    const { code, verifier } = await codeFor(web);
    await isToken(
      await post('/token', {
        grant_type: 'authorization_code',
        client_id,
        client_secret,
        code,
        code_verifier: verifier,
      }),
    );
  });

  test('access_token_format opaque: a token that only the server can read', async () => {
    const body = await loggedIn(opaque);
    assert.match(body.access_token, /^jat_[\w-]+$/);
    assert.ok(!Buffer.from(body.access_token.slice(4), 'base64url').includes('alice'));
    assert.equal(claimsOf(body.id_token).at_hash, halfHash(body.access_token));
  });

  test('RFC 6749 §4.1.2: a code lives for a minute', { skip: unless.slow }, async () => {
    const login = await codeFor(web);
    await sleep(61_100);
    isError(await exchange(web, login), 400, 'invalid_grant');
  });
});

// Each is invalid_grant, and who holds the code without the rest cannot use it up.
const wrong = [
  ['RFC 7636 §4.6: a wrong code_verifier', () => ({ code_verifier: random() })],
  ['RFC 7636 §4.6: no code_verifier', () => ({ code_verifier: undefined })],
  ['RFC 7636 §4.1: a code_verifier of 42 characters', () => ({ code_verifier: 'a'.repeat(42) })],
  ['RFC 7636 §4.1: a code_verifier of 129 characters', () => ({ code_verifier: 'a'.repeat(129) })],
  ['RFC 7636 §4.1: a code_verifier with a plus', () => ({ code_verifier: `${'a'.repeat(43)}+` })],
  [
    'RFC 9700 §4.8: the code_challenge for a code_verifier',
    ({ verifier }) => ({ code_verifier: challengeOf(verifier) }),
  ],
  ['RFC 6749 §5.2: another redirect_uri', () => ({ redirect_uri: 'https://app.example/other' })],
  ['RFC 6749 §5.2: a redirect_uri with a slash more', () => ({ redirect_uri: 'https://app.example/cb/' })],
  ['RFC 6749 §5.2: a redirect_uri of another case', () => ({ redirect_uri: 'https://App.example/cb' })],
];

describe('authorization_code: what cannot be redeemed', { concurrency: 8 }, () => {
  for (const [name, change] of wrong) {
    test(`${name}: invalid_grant, and the code stays usable`, async () => {
      const login = await codeFor(web, OFFLINE);
      isError(await exchange(web, login, change(login)), 400, 'invalid_grant');
      await isToken(await exchange(web, login));
    });
  }

  for (const thief of [other, native]) {
    test(`RFC 6749 §5.2: the client ${thief.client_id} redeems another's code: invalid_grant, and the code stays usable`, async () => {
      const login = await codeFor(web, OFFLINE);
      isError(await exchange(thief, login), 400, 'invalid_grant');
      await isToken(await exchange(web, login));
    });
  }

  test('RFC 6749 §5.2: wrong client authentication: invalid_client, and the code stays usable', async () => {
    const login = await codeFor(web, OFFLINE);
    isError(await exchange({ ...web, client_secret: 'wrong' }, login), 401, 'invalid_client');
    await isToken(await exchange(web, login));
  });

  test('RFC 9700 §4.8.2: a code_verifier where there was no code_challenge: invalid_grant, and the code stays usable', async () => {
    const login = await codeFor(noPkce, bare);
    isError(await exchange(noPkce, login, { code_verifier: random() }), 400, 'invalid_grant');
    await isToken(await exchange(noPkce, login));
  });

  test('RFC 9700 §4.8.2: a code_challenge that an attacker left out cannot be left out', async () => {
    const login = await codeFor(noPkce);
    isError(await exchange(noPkce, login, { code_verifier: undefined }), 400, 'invalid_grant');
    await isToken(await exchange(noPkce, login));
  });

  test('RFC 6749 §5.2: no code: invalid_request', async () => {
    isError(await exchange(web, {}, {}), 400, 'invalid_request');
    isError(await exchange(web, { code: '' }, {}), 400, 'invalid_request');
  });

  test('a code that is forged, bent or truncated: invalid_grant, and the code stays usable', async () => {
    const login = await codeFor(web, OFFLINE);
    for (const [name, code] of bent(login.code)) {
      const response = await exchange(web, { ...login, code });
      assert.equal(response.status, 400, name);
      isError(response, 400, 'invalid_grant');
    }
    await isToken(await exchange(web, login));
  });

  test('a code of another deployment, kind or client: invalid_grant, and the code stays usable', async () => {
    const login = await codeFor(web, OFFLINE);
    const { grant, redirect } = parse(login.code);
    const own = {
      prefix: 'jac_',
      grant,
      redirect,
      generation: 0,
      client_id: 'web',
      challenge: challengeOf(login.verifier),
    };
    assert.equal(mint(own), login.code, 'made a second time, by node:crypto');
    const foreign = [
      ['of another secret', mint({ ...own, secret: OLDER_SECRET })],
      ['of another issuer', mint({ ...own, issuer: 'https://issuer.example/tenant' })],
      ['of another client', mint({ ...own, client_id: 'other-web' })],
      ['of another grant', mint({ ...own, grant: Buffer.alloc(16, 7) })],
      ['without its redirect_uri', mint({ ...own, redirect: undefined })],
      ['without its code_challenge', mint({ ...own, challenge: undefined })],
      ['a refresh token', mint({ ...own, prefix: 'jrt_', redirect: undefined, challenge: undefined })],
    ];
    for (const [name, code] of foreign) {
      const response = await exchange(web, { ...login, code });
      assert.equal(response.status, 400, name);
      isError(response, 400, 'invalid_grant');
    }
    await isToken(await exchange(web, login));
  });

  test('RFC 6749 §4.1.2: replayed a moment later: invalid_grant, and nothing is revoked', async () => {
    const login = await codeFor(web, OFFLINE);
    const { refresh_token } = (await exchange(web, login)).json();
    for (let n = 0; n < 3; n += 1) isError(await exchange(web, login), 400, 'invalid_grant');
    const next = await refreshed(web, refresh_token);
    isError(await exchange(web, login), 400, 'invalid_grant');
    assert.equal((await refreshed(web, next.refresh_token)).refresh_token, next.refresh_token);
  });

  test('RFC 6749 §4.1.2: a thief without the verifier cannot revoke by replaying', async () => {
    const login = await codeFor(web, OFFLINE);
    const { refresh_token } = (await exchange(web, login)).json();
    isError(await exchange(web, login, { code_verifier: random() }), 400, 'invalid_grant');
    isError(await exchange(other, login), 400, 'invalid_grant');
    await refreshed(web, refresh_token);
  });

  test('an access token or a refresh token is no code', async () => {
    const login = await codeFor(web, OFFLINE);
    const tokens = (await exchange(web, await codeFor(web, OFFLINE))).json();
    for (const code of [
      tokens.access_token,
      tokens.refresh_token,
      tokens.id_token,
      remint(tokens.refresh_token, web, { generation: 0 }),
    ]) {
      isError(await exchange(web, { ...login, code }), 400, 'invalid_grant');
    }
    await isToken(await exchange(web, login));
  });
});
