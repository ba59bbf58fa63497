import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError } from '../support/check.mjs';
import { clients, ISSUER, OLDER_SECRET } from '../support/fixtures.mjs';
import { codeFor, introspect, loggedIn, postAs, refreshed, revoke } from '../support/flow.mjs';
import { basic, send } from '../support/http.mjs';
import { clientCredentials, host, post } from '../support/target.mjs';
import { bent, claimsOf, remint } from '../support/tokens.mjs';

const { web, other, native, opaque, api, m2m } = clients;
const SCOPE = { scope: 'openid offline_access read' };

/** RFC 7662 §2.2: the answer says `active: false` and nothing else. */
async function isInactive(client, token, name) {
  const response = await introspect(client, token);
  assert.equal(response.status, 200, name);
  assert.equal(response.text, '{"active":false}', name);
}

async function active(client, token) {
  const response = await introspect(client, token);
  assert.equal(response.status, 200, response.text);
  assert.equal(response.headers['content-type'], 'application/json');
  assert.equal(response.headers['cache-control'], 'no-store');
  return response.json();
}

describe('/introspect', { concurrency: 8 }, () => {
  for (const client of [web, opaque]) {
    test(`RFC 7662 §2.2: an access token of ${client.client_id}`, async () => {
      const { access_token, id_token, expires_in } = await loggedIn(client, SCOPE);
      const { iat, exp, jti, sid, auth_time, ...rest } = await active(client, access_token);
      assert.deepEqual(rest, {
        active: true,
        token_type: 'Bearer',
        iss: ISSUER,
        sub: 'alice',
        client_id: client.client_id,
        scope: SCOPE.scope,
        aud: ['https://api.example', ISSUER],
      });
      assert.equal(exp, iat + expires_in);
      assert.match(jti, /^[\w-]{22}$/);
      const login = claimsOf(id_token);
      assert.deepEqual([sid, auth_time], [login.sid, login.auth_time]);
    });
  }

  test('RFC 7662 §2.2: what it says of an access token is what the token says', async () => {
    const { access_token } = await loggedIn(web, SCOPE);
    const { active: _, token_type, ...said } = await active(web, access_token);
    assert.deepEqual(said, claimsOf(access_token));
  });

  for (const machine of [m2m, opaque]) {
    test(`RFC 7662 §2.2: a machine's access token, of ${machine.client_id}`, async () => {
      const { access_token } = (await clientCredentials(machine, { scope: 'read' })).json();
      const answer = await active(machine, access_token);
      assert.equal(answer.sub, machine.client_id);
      assert.equal(answer.scope, 'read');
      assert.ok(!('sid' in answer) && !('auth_time' in answer));
    });
  }

  test('RFC 7662 §2.2: a refresh token, for its owner', async () => {
    const { refresh_token, access_token } = await loggedIn(web, SCOPE);
    const { iat, exp, auth_time, ...rest } = await active(web, refresh_token);
    assert.deepEqual(rest, {
      active: true,
      iss: ISSUER,
      sub: 'alice',
      client_id: 'web',
      scope: SCOPE.scope,
      sid: claimsOf(access_token).sid,
    });
    assert.ok(exp > iat && auth_time);
    await isInactive(other, refresh_token, 'and for nobody else');
    await isInactive(api, refresh_token, 'not for the audience either');
  });

  for (const client of [web, opaque]) {
    test(`RFC 7662 §4: an access token of ${client.client_id} is for its client and for whom it names as audience`, async () => {
      const { access_token } = await loggedIn(client, SCOPE);
      assert.equal((await active(api, access_token)).sub, 'alice');
      await isInactive(other, access_token);
      const elsewhere = await loggedIn(client, { ...SCOPE, resource: 'https://other.example' });
      await isInactive(api, elsewhere.access_token);
      const both = await loggedIn(client, { ...SCOPE, resource: ['https://other.example', 'https://api.example'] });
      assert.deepEqual((await active(api, both.access_token)).aud, ['https://other.example', 'https://api.example']);
    });
  }

  test('RFC 7662 §2.1: token_type_hint is a hint', async () => {
    const { access_token, refresh_token } = await loggedIn(web, SCOPE);
    for (const token_type_hint of ['access_token', 'refresh_token', 'nonsense']) {
      for (const token of [access_token, refresh_token]) {
        assert.equal((await postAs(web, '/introspect', { token, token_type_hint })).json().active, true);
      }
    }
  });

  test('what is no token of ours is inactive, and says nothing but that', async () => {
    const { access_token, refresh_token, id_token } = await loggedIn(web, SCOPE);
    const login = await codeFor(web);
    const [header, claims, signature] = access_token.split('.');
    const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
    const changed = Buffer.from(JSON.stringify({ ...claimsOf(access_token), scope: 'root' })).toString('base64url');
    const foreign = [
      ['garbage', 'x'],
      ['dots', '..'],
      ['a code', login.code],
      ['an ID token', id_token],
      ['alg none', `${none}.${claims}.`],
      ['no signature', `${header}.${claims}.`],
      ['a signature cut short', `${header}.${claims}.${signature.slice(0, -2)}`],
      ['claims changed', `${header}.${changed}.${signature}`],
      ['a refresh token of another secret', remint(refresh_token, web, { secret: OLDER_SECRET })],
      ['a refresh token of a generation to come', remint(refresh_token, web, { generation: 2 })],
      ['16 kB', 'x'.repeat(16_000)],
      ...bent(refresh_token),
    ];
    for (const [name, token] of foreign) await isInactive(web, token, name);
    const sealed = (await loggedIn(opaque, SCOPE)).access_token;
    for (const [name, token] of bent(sealed)) await isInactive(opaque, token, name);
  });

  test('a code is inactive, before and after it is redeemed', async () => {
    const { login } = await loggedIn(web);
    await isInactive(web, login.code);
    const fresh = await codeFor(web);
    await isInactive(web, fresh.code);
  });

  test('a superseded refresh token is inactive, and looking at it is not using it', async () => {
    const first = await loggedIn(clients.strict, SCOPE);
    const second = await refreshed(clients.strict, first.refresh_token);
    for (let n = 0; n < 3; n += 1) await isInactive(clients.strict, first.refresh_token);
    assert.equal((await active(clients.strict, second.refresh_token)).active, true);
    assert.equal((await active(clients.strict, first.access_token)).active, true);
    await refreshed(clients.strict, second.refresh_token);
  });

  test('a login without a refresh token has none to look at', async () => {
    const { access_token } = await loggedIn(web, { scope: 'openid read' });
    assert.equal((await active(web, access_token)).active, true);
  });

  for (const client of [web, opaque]) {
    test(`RFC 7662 §2.2: tokens of a login of ${client.client_id} that was revoked are inactive`, async () => {
      const tokens = await loggedIn(client, SCOPE);
      await revoke(client, tokens.refresh_token);
      for (const caller of [client, api]) await isInactive(caller, tokens.access_token);
      await isInactive(client, tokens.refresh_token);
    });
  }

  test('RFC 7662 §2.1: a public client cannot ask: invalid_client', async () => {
    const { access_token } = await loggedIn(native);
    isError(await introspect(native, access_token), 401, 'invalid_client');
  });

  test('RFC 7662 §2.3: wrong client authentication: invalid_client', async () => {
    const { access_token } = await loggedIn(web);
    isError(await introspect({ ...web, client_secret: 'wrong' }, access_token), 401, 'invalid_client');
    isError(await post('/introspect', { token: access_token }), 401, 'invalid_client');
    isError(
      await post('/introspect', { token: access_token }, { headers: { authorization: `Bearer ${access_token}` } }),
      401,
      'invalid_client',
    );
  });

  test('RFC 7662 §2.1: client_secret_post', async () => {
    const { access_token } = await loggedIn(web);
    const { client_id, client_secret } = web;
    assert.equal((await post('/introspect', { token: access_token, client_id, client_secret })).json().active, true);
  });

  test('RFC 7662 §2.1: no token: invalid_request', async () => {
    isError(await postAs(web, '/introspect', {}), 400, 'invalid_request');
    isError(await postAs(web, '/introspect', { token: '' }), 400, 'invalid_request');
    isError(await postAs(web, '/introspect', 'token=a&token=b'), 400, 'invalid_request');
  });

  test('RFC 7662 §2.1: GET: 405 with Allow', async () => {
    const headers = { authorization: basic(web.client_id, web.client_secret) };
    const response = await send((await host()).url, { path: '/introspect?token=x', headers });
    isError(response, 405, 'invalid_request');
    assert.equal(response.headers.allow, 'POST, OPTIONS');
  });
});
