import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createLocalJWKSet, jwtVerify } from 'jose';
import { isError, isToken, jwks } from '../support/check.mjs';
import { clients, ISSUER, OLDER_SECRET, SECRET } from '../support/fixtures.mjs';
import {
  codeFor,
  exchange,
  introspect,
  isEnded,
  loggedIn,
  now,
  OFFLINE,
  postAs,
  refresh,
  refreshed,
  userinfo,
} from '../support/flow.mjs';
import { startFor, unless } from '../support/target.mjs';
import { bent, claimsOf, generationOf, halfHash, remint } from '../support/tokens.mjs';

const { web, other, native, strict, steady, opaque, noRefresh } = clients;

describe('refresh_token', { concurrency: 8 }, () => {
  for (const client of [web, native]) {
    test(`RFC 6749 §6: the ${client.client_id} client gets a new access token and a new refresh token`, async () => {
      const first = await loggedIn(client, OFFLINE);
      const { body, payload } = await isToken(await refresh(client, first.refresh_token), {
        audience: 'https://api.example',
      });
      assert.deepEqual(Object.keys(body), [
        'access_token',
        'token_type',
        'expires_in',
        'scope',
        'refresh_token',
        'id_token',
      ]);
      assert.equal(body.scope, OFFLINE.scope);
      assert.notEqual(body.refresh_token, first.refresh_token);
      assert.notEqual(payload.jti, claimsOf(first.access_token).jti);
      const was = claimsOf(first.access_token);
      for (const claim of ['sub', 'sid', 'auth_time', 'client_id']) assert.equal(payload[claim], was[claim], claim);
    });
  }

  test('OpenID Connect Core §12.2: the ID token of a refresh speaks of the first login', async () => {
    const auth_time = now() - 500;
    const login = await codeFor(web, { ...OFFLINE, nonce: 'once' }, { answer: { auth_time: String(auth_time) } });
    const first = (await exchange(web, login)).json();
    const body = await refreshed(web, first.refresh_token);
    const { payload } = await jwtVerify(body.id_token, createLocalJWKSet(await jwks()), {
      issuer: ISSUER,
      audience: 'web',
    });
    const was = claimsOf(first.id_token);
    for (const claim of ['iss', 'sub', 'aud', 'auth_time', 'sid']) assert.deepEqual(payload[claim], was[claim], claim);
    assert.equal(payload.at_hash, halfHash(body.access_token));
    assert.ok(payload.iat >= was.iat);
    assert.equal(payload.nonce, undefined, 'it SHOULD NOT have a nonce');
  });

  test('the superseded token, within grace: the identical successor, each time', async () => {
    const { refresh_token: first } = await loggedIn(web);
    const { refresh_token: second } = await refreshed(web, first);
    for (let n = 0; n < 5; n += 1) {
      assert.equal((await refreshed(web, first)).refresh_token, second);
      assert.equal((await refreshed(web, second)).refresh_token, second, 'and the standing one stays');
    }
    assert.equal(generationOf(second), 2);
  });

  test('a slow tab, after two others have refreshed: the identical successor', async () => {
    const { refresh_token: first } = await loggedIn(web);
    const { refresh_token: second } = await refreshed(web, first);
    const { refresh_token: third } = await refreshed(web, second);
    const slow = await refreshed(web, first);
    assert.deepEqual([third, slow.refresh_token], [second, second]);
    assert.equal((await userinfo(slow.access_token)).status, 200);
  });

  test('each answer has an access token of its own', async () => {
    const { refresh_token } = await loggedIn(web);
    const tokens = [];
    for (let n = 0; n < 3; n += 1) tokens.push((await refreshed(web, refresh_token)).access_token);
    assert.equal(new Set(tokens).size, 3);
    for (const token of tokens) assert.equal((await userinfo(token)).status, 200);
  });

  for (const stolen of [1, 2, 5, 7]) {
    test(`RFC 9700 §4.14.2: generation ${stolen} of 8 is replayed: everything ends`, async () => {
      const tokens = [await loggedIn(strict)];
      while (tokens.length < 8) tokens.push(await refreshed(strict, tokens.at(-1).refresh_token));
      assert.deepEqual(
        tokens.map((body) => generationOf(body.refresh_token)),
        [1, 2, 3, 4, 5, 6, 7, 8],
      );
      isError(await refresh(strict, tokens[stolen - 1].refresh_token), 400, 'invalid_grant');
      for (const body of tokens) await isEnded(strict, body);
    });
  }

  test('RFC 9700 §4.14.2: tokens of a stolen login introspect inactive', async () => {
    const first = await loggedIn(strict, { scope: 'openid offline_access read' });
    const second = await refreshed(strict, first.refresh_token);
    assert.equal((await introspect(strict, second.access_token)).json().active, true);
    isError(await refresh(strict, first.refresh_token), 400, 'invalid_grant');
    for (const body of [first, second]) {
      assert.deepEqual((await introspect(strict, body.access_token)).json(), { active: false });
      assert.deepEqual((await introspect(strict, body.refresh_token)).json(), { active: false });
    }
  });

  test('refresh_token_grace 0: the superseded token ends everything at once', async () => {
    const first = await loggedIn(strict);
    const second = await refreshed(strict, first.refresh_token);
    isError(await refresh(strict, first.refresh_token), 400, 'invalid_grant');
    await isEnded(strict, second);
  });

  test('refresh_token_rotation false: the same token each time', async () => {
    const { refresh_token } = await loggedIn(steady);
    for (let n = 0; n < 5; n += 1) assert.equal((await refreshed(steady, refresh_token)).refresh_token, refresh_token);
    const answers = await Promise.all(Array.from({ length: 5 }, () => refreshed(steady, refresh_token)));
    assert.deepEqual(new Set(answers.map((body) => body.refresh_token)), new Set([refresh_token]));
  });

  test('the ledger was restored to an earlier time: a newer token goes on from where it stood', async () => {
    const { refresh_token } = await loggedIn(web);
    const ahead = remint(refresh_token, web, { generation: 7 });
    const next = await refreshed(web, ahead);
    assert.equal(generationOf(next.refresh_token), 8);
    assert.equal((await refreshed(web, ahead)).refresh_token, next.refresh_token);
    isError(await refresh(web, refresh_token), 400, 'invalid_grant');
    await isEnded(web, next);
  });
});

describe('refresh_token: part of a grant', { concurrency: 8 }, () => {
  test('RFC 6749 §6: a narrower scope holds for that request only', async () => {
    const first = await loggedIn(web, OFFLINE);
    const narrow = await isToken(await refresh(web, first.refresh_token, { scope: 'read' }));
    assert.equal(narrow.payload.scope, 'read');
    assert.ok(!('id_token' in narrow.body));
    const again = await refreshed(web, first.refresh_token, { scope: 'write openid' });
    assert.equal(again.scope, 'write openid');
    assert.equal(again.refresh_token, narrow.body.refresh_token);
    assert.equal((await refreshed(web, narrow.body.refresh_token)).scope, OFFLINE.scope);
  });

  // Asked of a token that would advance, of the standing one and of the superseded one.
  const refused = [
    ['RFC 6749 §6: a wider scope', { scope: 'read write' }, 'invalid_scope'],
    ['RFC 6749 §6: a scope that is not registered', { scope: 'root' }, 'invalid_scope'],
    ['RFC 6749 §3.3: a malformed scope', { scope: 'read "' }, 'invalid_scope'],
    ['RFC 6749 §3.3: a scope of spaces', { scope: ' ' }, 'invalid_scope'],
    ['RFC 8707 §2.2: a resource that was not granted', { resource: 'https://other.example' }, 'invalid_target'],
    [
      'RFC 8707 §2.2: one of several resources was not granted',
      [
        ['resource', 'https://api.example'],
        ['resource', 'https://evil.example'],
      ],
      'invalid_target',
    ],
    ['RFC 8707 §2: a relative resource', { resource: '/api' }, 'invalid_target'],
    ['an audience that was not granted', { audience: 'https://other.example' }, 'invalid_target'],
  ];

  for (const [name, form, error] of refused) {
    for (const client of [web, steady]) {
      test(`${name}: ${error}, and the token of ${client.client_id} stays usable`, async () => {
        const { refresh_token } = await loggedIn(client, { scope: 'openid offline_access read' });
        isError(await refresh(client, refresh_token, form), 400, error);
        const next = await refreshed(client, refresh_token);
        assert.equal(generationOf(next.refresh_token), client === steady ? 1 : 2, 'nothing had moved');
        for (const token of [refresh_token, next.refresh_token])
          isError(await refresh(client, token, form), 400, error);
        assert.equal((await refreshed(client, refresh_token)).refresh_token, next.refresh_token);
      });
    }
  }

  test('RFC 8707 §2.2: a resource of several that were granted, for that request only', async () => {
    const both = ['https://api.example', 'https://other.example'];
    const first = await loggedIn(web, { ...OFFLINE, resource: both });
    assert.deepEqual(claimsOf(first.access_token).aud, both);
    const one = await refreshed(web, first.refresh_token, { resource: both[1] });
    assert.equal(claimsOf(one.access_token).aud, both[1]);
    const named = await refreshed(web, first.refresh_token, { audience: both[0] });
    assert.equal(claimsOf(named.access_token).aud, both[0]);
    assert.deepEqual(claimsOf((await refreshed(web, one.refresh_token)).access_token).aud, both);
  });

  test('access_token_format opaque: narrowing holds there too', async () => {
    const first = await loggedIn(opaque);
    const { access_token } = await refreshed(opaque, first.refresh_token, { scope: 'read' });
    assert.equal((await introspect(opaque, access_token)).json().scope, 'read');
  });
});

describe('refresh_token: what cannot be refreshed', { concurrency: 8 }, () => {
  test('RFC 6749 §5.2: no refresh token: invalid_request', async () => {
    isError(await postAs(web, '/token', { grant_type: 'refresh_token' }), 400, 'invalid_request');
    isError(await refresh(web, ''), 400, 'invalid_request');
  });

  test('RFC 6749 §5.2: a client not registered for it: unauthorized_client', async () => {
    const { refresh_token } = await loggedIn(web);
    isError(await refresh(noRefresh, refresh_token), 400, 'unauthorized_client');
  });

  for (const [thief, victim] of [
    [other, web],
    [native, web],
    [web, native],
    [other, steady],
  ]) {
    test(`RFC 6749 §10.4: ${thief.client_id} presents the token of ${victim.client_id}: invalid_grant, and the owner goes on`, async () => {
      const { refresh_token } = await loggedIn(victim);
      for (let n = 0; n < 3; n += 1) isError(await refresh(thief, refresh_token), 400, 'invalid_grant');
      await refreshed(victim, refresh_token);
    });
  }

  test('RFC 6749 §5.2: wrong client authentication: invalid_client, and the token stays usable', async () => {
    const { refresh_token } = await loggedIn(web);
    isError(await refresh({ ...web, client_secret: 'wrong' }, refresh_token), 401, 'invalid_client');
    isError(await refresh({ client_id: 'web' }, refresh_token), 401, 'invalid_client');
    await refreshed(web, refresh_token);
  });

  test('a token that is forged, bent, truncated or of another kind: invalid_grant, and the token stays usable', async () => {
    const { refresh_token, access_token, id_token, login } = await loggedIn(web);
    const foreign = [
      ['of another secret', remint(refresh_token, web, { secret: OLDER_SECRET })],
      ['of another issuer', remint(refresh_token, web, { issuer: 'https://issuer.example/tenant' })],
      ['of no grant', remint(refresh_token, web, { grant: Buffer.alloc(16, 7) })],
      ['of the last generation there can be', remint(refresh_token, web, { generation: 0xffffffff })],
      ['an access token', access_token],
      ['an ID token', id_token],
      ['the code', login.code],
    ];
    for (const [name, token] of [...bent(refresh_token), ...foreign]) {
      const response = await refresh(web, token);
      assert.equal(response.status, 400, `${name}: ${response.text}`);
      isError(response, 400, 'invalid_grant');
    }
    assert.equal(generationOf((await refreshed(web, refresh_token)).refresh_token), 2);
  });

  test("a refresh token of generation 0, which is the code's: invalid_grant, and the code stays usable", async () => {
    const login = await codeFor(web);
    isError(await refresh(web, remint(login.code, web, { prefix: 'jrt_', redirect: undefined })), 400, 'invalid_grant');
    await isToken(await exchange(web, login));
  });

  test('JETON_SECRET: while it changes, a token under the older secret is taken and reissued under the first', {
    skip: unless.keys,
  }, async (t) => {
    const on = await startFor(t, { changes: { JETON_SECRET: `${SECRET} ${OLDER_SECRET}` } });
    const { refresh_token, access_token } = await loggedIn(web, OFFLINE, { on });
    const older = remint(refresh_token, web, { secret: OLDER_SECRET });
    assert.notEqual(older, refresh_token);
    const { refresh_token: next } = await refreshed(web, older, {}, { on });
    assert.equal(next, remint(refresh_token, web, { generation: 2 }));
    assert.equal((await refreshed(web, older, {}, { on })).refresh_token, next, 'within grace');
    const elsewhere = remint(refresh_token, web, { secret: 'jsk_semTJFBb0y2g4fhdz14ZoJ2wSB6KFfYsQesyAwSo6ScjU_Y30' });
    isError(await refresh(web, elsewhere, {}, { on }), 400, 'invalid_grant');
    assert.equal((await userinfo(access_token, { on })).status, 200);
  });
});
