// The rules of production, and how much of them a lenient mock waives.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, test } from 'node:test';
import { launch as launchHost } from '../hosts/native.mjs';
import { bent, claimsOf } from '../suite/support/tokens.mjs';
import { isError, waivedOf } from './support/check.mjs';
import { basic, FORM, send, submit } from './support/http.mjs';
import { CALLBACK, challengeOf, OFFLINE, ok, random } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const CLIENTS = [
  {
    client_id: 'web',
    client_secret: 'web-secret',
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid profile offline_access',
    audiences: ['https://api.example'],
  },
  {
    client_id: 'm2m',
    client_secret: 'm2m-secret',
    grant_types: ['client_credentials'],
    scope: 'read write',
    audiences: ['https://api.example'],
  },
  {
    client_id: 'spa',
    token_endpoint_auth_method: 'none',
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid offline_access',
  },
];

const sha256 = (text) => createHash('sha256').update(text).digest('base64url');

const lenient = await start({ config: { issuer: { clients: CLIENTS } } });
const strict = await start({ args: ['--strict'], config: { issuer: { clients: CLIENTS } } });
const WEB = ['web', 'web-secret'];
const M2M = ['m2m', 'm2m-secret'];

describe('lenient: what is waived is named', { concurrency: 8 }, () => {
  const rows = [
    ['a registered client, as it is registered', M2M, { scope: 'read' }, []],
    ['an unknown client', ['stranger', 'x'], {}, ['client']],
    ['a wrong secret', ['m2m', 'wrong'], {}, ['secret']],
    ['a scope', M2M, { scope: 'read admin' }, ['scope']],
    ['an audience', M2M, { resource: 'https://elsewhere.example' }, ['audience']],
    ['a secret and a scope', ['m2m', 'wrong'], { scope: 'admin' }, ['secret', 'scope']],
  ];
  for (const [name, client, form, expected] of rows) {
    test(`${name}: ${expected.join(', ') || 'no header'}, in the header and the journal`, async () => {
      const issuer = lenient.fresh();
      // Twice: what was waived for one request is waived, and named, for the next again.
      for (let n = 0; n < 2; n += 1) {
        const response = ok(await issuer.token(form, { client }));
        assert.deepEqual(waivedOf(response), expected);
        const [entry] = (await issuer.journal()).slice(-1);
        assert.deepEqual(entry.waived ?? [], expected);
      }
    });
  }

  const authorizations = [
    ['everything as it is registered', { client: WEB, scope: 'openid' }, []],
    ['an unknown client', { client: 'stranger' }, ['client']],
    ['a redirect_uri', { client: WEB, redirect_uri: 'https://elsewhere.example/cb' }, ['redirect_uri']],
    ['a scope', { client: WEB, scope: 'openid root' }, ['scope']],
    ['no PKCE', { client: WEB, code_challenge: undefined, code_challenge_method: undefined }, ['pkce']],
  ];
  for (const [name, asked, expected] of authorizations) {
    test(`/authorize with ${name}: ${expected.join(', ') || 'no header'}`, async () => {
      const issuer = lenient.fresh();
      const { query } = issuer.asking(asked);
      const response = await send(issuer.authorizeUrl(query, issuer.url));
      assert.equal(response.status, 303, response.text);
      assert.deepEqual(waivedOf(response), expected);
      const [entry] = await issuer.journal({ endpoint: 'authorize' });
      assert.deepEqual(entry.waived ?? [], expected);
      const login = await issuer.login(asked);
      const verifier = 'code_challenge' in asked ? undefined : login.verifier;
      ok(await issuer.redeem({ ...login, verifier }));
    });
  }

  for (const [name, secret] of [
    ['a secret', 'a secret'],
    ['a secret of one letter', 'y'],
    ['no secret', null],
  ]) {
    test(`an unknown client with ${name} logs people in, refreshes and revokes`, async () => {
      const issuer = lenient.fresh();
      const client = ['who', secret];
      const { access_token, refresh_token } = await issuer.tokens({ client, scope: OFFLINE });
      await issuer.verify(access_token);
      const again = ok(await issuer.refresh(refresh_token, { client })).json();
      ok(await issuer.as(client, '/revoke', { token: again.refresh_token }));
      isError(await issuer.refresh(again.refresh_token, { client }), 400, 'invalid_grant');
    });
  }

  test('a client that is disabled is refused, and nothing is waived', async () => {
    const issuer = await lenient.fresh().make();
    await issuer.client({
      client_id: 'c',
      client_secret: 'the-right-secret',
      grant_types: ['client_credentials'],
      disabled: true,
    });
    const response = await issuer.token({ scope: 'admin' }, { client: ['c', 'the-right-secret'] });
    isError(response, 401, 'invalid_client');
    assert.deepEqual(waivedOf(response), []);
    const { query } = issuer.asking({ client: ['c', 'the-right-secret'] });
    assert.equal((await send(issuer.authorizeUrl(query, issuer.url))).status, 400);
  });

  const secret = { client_secret: 'the-right-secret', grant_types: ['client_credentials'] };
  const byPost = { ...secret, token_endpoint_auth_method: 'client_secret_post' };
  const expired = {
    grant_types: ['client_credentials'],
    client_secrets: [{ sha256: sha256('the-right-secret'), expires_at: 1_700_000_000 }],
  };
  const publicClient = { token_endpoint_auth_method: 'none', grant_types: ['refresh_token'] };
  const token = ['/token', { grant_type: 'client_credentials' }];
  const revocation = ['/revoke', { token: 'x' }];
  for (const [name, metadata, [path, form], how, presented, expected] of [
    ['its secret by Basic', secret, token, 'Basic', 'the-right-secret', []],
    ['its secret in the body', secret, token, 'body', 'the-right-secret', []],
    ['a wrong secret in the body', secret, token, 'body', 'wrong', ['secret']],
    [
      'its secret by Basic, not in the body',
      byPost,
      token,
      'Basic',
      'the-right-secret',
      ['token_endpoint_auth_method'],
    ],
    ['its secret in the body, as registered', byPost, token, 'body', 'the-right-secret', []],
    ['a wrong secret by Basic, not in the body', byPost, token, 'Basic', 'wrong', ['secret']],
    ['a wrong secret in the body, as registered', byPost, token, 'body', 'wrong', ['secret']],
    ['its secret that has expired', expired, token, 'Basic', 'the-right-secret', ['secret']],
    ['another secret than the one that has expired', expired, token, 'Basic', 'wrong', ['secret']],
    ['a secret though it is public', publicClient, revocation, 'Basic', 'any', ['secret']],
    ['no secret, being public', publicClient, revocation, 'body', undefined, []],
  ]) {
    test(`a registered client with ${name}: ${expected.join(', ') || 'nothing is waived'}`, async () => {
      const issuer = await lenient.fresh().make();
      await issuer.client({ client_id: 'c', ...metadata });
      const body = how === 'body' ? { ...form, client_id: 'c', client_secret: presented } : form;
      const headers = how === 'Basic' ? { authorization: basic('c', presented) } : {};
      const response = ok(await issuer.post(path, body, headers));
      assert.deepEqual(waivedOf(response), expected);
    });
  }

  test('a registered client that must authenticate and sends no secret is refused', async () => {
    const issuer = await lenient.fresh().make();
    await issuer.client({ client_id: 'c', ...secret });
    const response = await issuer.post('/token', { grant_type: 'client_credentials', client_id: 'c' });
    isError(response, 401, 'invalid_client');
    assert.deepEqual(waivedOf(response), []);
  });

  test('a refresh is held to its grant: a scope beyond the registered one is refused, not waived', async () => {
    const issuer = lenient.fresh();
    const { refresh_token } = await issuer.tokens({ client: WEB, scope: 'openid offline_access' });
    const response = await issuer.refresh(refresh_token, { client: WEB, scope: 'openid root' });
    isError(response, 400, 'invalid_scope');
    assert.deepEqual(waivedOf(response), []);
  });

  test('a registered client looks at a token of another: audience; the journal names who asked', async () => {
    const issuer = lenient.fresh();
    const { access_token } = await issuer.granted({}, { client: ['svc', 'one'] });
    const response = ok(await issuer.as(WEB, '/introspect', { token: access_token }));
    assert.equal(response.json().client_id, 'svc');
    assert.deepEqual(waivedOf(response), ['audience']);
    const [entry] = await issuer.journal({ endpoint: 'introspect' });
    assert.equal(entry.client_id, 'web');
    await issuer.as(['svc', 'one'], '/revoke', { token: access_token });
    const revoked = ok(await issuer.as(WEB, '/introspect', { token: access_token }));
    assert.deepEqual(revoked.json(), { active: false });
    assert.deepEqual(waivedOf(revoked), []);
  });

  for (const redirect_uri of [
    'http://app:8080/login/oauth2/code/mock',
    'http://host.docker.internal:3000/cb',
    'http://192.168.1.5/cb',
    'https://app.example/cb?keep=1',
    'com.example.app:/cb',
    'myapp://callback',
    'exp://127.0.0.1:19000/--/cb',
  ]) {
    test(`any redirect_uri: ${redirect_uri}`, async () => {
      const issuer = lenient.fresh();
      const { access_token } = await issuer.tokens({ redirect_uri });
      await issuer.verify(access_token);
    });
  }

  test('an unknown client with another secret each time, 100 times', async () => {
    const issuer = lenient.fresh();
    for (let n = 0; n < 100; n += 1)
      assert.equal((await issuer.token({}, { client: ['many', `secret-${n}`] })).status, 200);
    assert.equal((await issuer.token({}, { client: ['many', 'secret-0'] })).status, 200);
  });

  test('any secret at introspection and revocation, too', async () => {
    const issuer = lenient.fresh();
    const { access_token } = await issuer.granted({}, { client: ['svc', 'one'] });
    const response = ok(await issuer.as(['resource-server', 'whatever'], '/introspect', { token: access_token }));
    assert.equal(response.json().active, true);
    assert.deepEqual(waivedOf(response), ['client']);
    assert.equal((await issuer.as(['svc', 'other'], '/revoke', { token: access_token })).status, 200);
  });

  test('a device of an unknown client', async () => {
    const issuer = lenient.fresh();
    const response = ok(await issuer.device({ scope: OFFLINE }, ['unknown-tv', null]));
    assert.deepEqual(waivedOf(response), ['client']);
    isError(await issuer.poll(response.json().device_code, ['unknown-tv', null]), 400, 'authorization_pending');
  });

  test('Basic, body and ids of odd letters are the same client', async () => {
    const issuer = lenient.fresh();
    for (const id of ['odd id:%+&=', 'https://client.example/', "o'neil", '~']) {
      const form = { grant_type: 'client_credentials' };
      const first = ok(await issuer.as([id, 'se:cret%20'], '/token', form)).json();
      const second = ok(await issuer.post('/token', { ...form, client_id: id, client_secret: 'se:cret%20' })).json();
      assert.equal(claimsOf(first.access_token).client_id, id);
      assert.equal(claimsOf(second.access_token).client_id, id);
    }
  });
});

for (const [how, mock, clientFor] of [
  ['lenient', lenient, (id) => [id, 'anything']],
  ['strict', strict, () => WEB],
]) {
  describe(`${how}: what is never waived`, { concurrency: 8 }, () => {
    const client = clientFor('someone');

    for (const [name, bend, error = 'invalid_grant'] of [
      ['made up', () => 'nonsense'],
      ['empty', () => '', 'invalid_request'],
      ['of the right form', () => `jac_${'A'.repeat(119)}`],
      ['with a letter changed', (code) => bent(code)[0][1]],
      ['with its MAC changed', (code) => bent(code).find(([what]) => what === 'the last byte flipped')[1]],
      ['cut', (code) => code.slice(0, -1)],
    ]) {
      test(`a code ${name}: ${error}`, async () => {
        const issuer = mock.fresh();
        const login = await issuer.login({ client });
        isError(await issuer.redeem({ ...login, code: bend(login.code) }), 400, error);
        ok(await issuer.redeem(login));
      });
    }

    test(`a code twice: invalid_grant`, async () => {
      const issuer = mock.fresh();
      const login = await issuer.login({ client });
      ok(await issuer.redeem(login));
      isError(await issuer.redeem(login), 400, 'invalid_grant');
    });

    test(`a code of another redirect_uri: invalid_grant`, async () => {
      const issuer = mock.fresh();
      const login = await issuer.login({ client });
      isError(await issuer.redeem(login, { redirect_uri: 'https://app.example/other' }), 400, 'invalid_grant');
    });

    for (const [name, verifier] of [
      ['wrong', random()],
      ['missing', undefined],
      ['the challenge itself', null],
    ]) {
      test(`a PKCE verifier that is ${name}: invalid_grant, and the code is still good`, async () => {
        const issuer = mock.fresh();
        const login = await issuer.login({ client });
        const sent = verifier === null ? challengeOf(login.verifier) : verifier;
        isError(await issuer.redeem(login, { code_verifier: sent }), 400, 'invalid_grant');
        ok(await issuer.redeem(login));
      });
    }

    test(`code_challenge_method=plain is refused, as the metadata says`, async () => {
      const issuer = mock.fresh();
      assert.deepEqual((await issuer.metadata()).code_challenge_methods_supported, ['S256']);
      const { params } = await issuer.arrive({ client, code_challenge: random(), code_challenge_method: 'plain' });
      assert.equal(params.error, 'invalid_request');
    });

    for (const [name, token, error = 'invalid_grant'] of [
      ['made up', 'nonsense'],
      ['empty', '', 'invalid_request'],
      ['of the right form', `jrt_${'A'.repeat(76)}`],
      ['a JWT', 'eyJhbGciOiJub25lIn0.e30.'],
    ]) {
      test(`a refresh token ${name}: ${error}`, async () => {
        isError(await mock.fresh().refresh(token, { client }), 400, error);
      });
    }

    test(`every way to bend a refresh token: invalid_grant`, async () => {
      const issuer = mock.fresh();
      const { refresh_token } = await issuer.tokens({ client, scope: 'openid offline_access' });
      for (const [what, token] of bent(refresh_token)) {
        const response = await issuer.refresh(token, { client });
        assert.equal(response.status, 400, `${what}: ${response.text}`);
        isError(response, 400, 'invalid_grant');
      }
      ok(await issuer.refresh(refresh_token, { client }));
    });

    test(`introspection of garbage and of a tampered token: active false`, async () => {
      const issuer = mock.fresh();
      const { access_token } = await issuer.tokens({ client });
      const [head, body, signature] = access_token.split('.');
      const none = `${Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url')}.${body}.`;
      for (const token of [
        'garbage',
        'a.b.c',
        `${head}.${body}.${signature.slice(0, -4)}AAAA`,
        `${head}.${body}.`,
        none,
        `${head}.${body}`,
      ]) {
        assert.equal(await issuer.active(token, client), false, token.slice(0, 30));
        assert.equal((await issuer.userinfo(token)).status, 401);
      }
      assert.equal(await issuer.active(access_token, client), true);
    });

    test(`an unknown grant type: unsupported_grant_type`, async () => {
      isError(await mock.fresh().as(client, '/token', { grant_type: 'bogus' }), 400, 'unsupported_grant_type');
    });

    test(`malformed requests are as malformed as in production`, async () => {
      const issuer = mock.fresh();
      isError(await issuer.as(client, '/token', {}), 400, 'invalid_request');
      isError(
        await issuer.post('/token', 'grant_type=client_credentials&grant_type=client_credentials', {
          authorization: basic(...client),
        }),
        400,
        'invalid_request',
      );
      isError(
        await issuer.as(client, '/token', { grant_type: 'client_credentials', scope: 'a"b' }),
        400,
        how === 'lenient' ? 'invalid_scope' : 'unauthorized_client',
      );
      isError(await issuer.get('/token'), 405, 'invalid_request');
      const json = await submit(`${issuer.url}/token`, '{}', { headers: { 'content-type': 'application/json' } });
      isError(json, 400, 'invalid_request');
    });
  });
}

describe('lenient: tokens stay their client’s', { concurrency: 4 }, () => {
  test('the code of one client in the hands of another: invalid_grant', async () => {
    const issuer = lenient.fresh();
    const login = await issuer.login({ client: 'one' });
    isError(await issuer.redeem({ ...login, client: 'other' }), 400, 'invalid_grant');
    ok(await issuer.redeem(login));
  });

  test('the refresh token of one client in the hands of another: invalid_grant', async () => {
    const issuer = lenient.fresh();
    const { refresh_token } = await issuer.tokens({ client: 'one', scope: OFFLINE });
    isError(await issuer.refresh(refresh_token, { client: 'other' }), 400, 'invalid_grant');
    ok(await issuer.refresh(refresh_token, { client: 'one' }));
  });

  test('a verifier where there was no challenge: invalid_grant', async () => {
    const issuer = lenient.fresh();
    const login = await issuer.login({ code_challenge: undefined, code_challenge_method: undefined });
    isError(await issuer.redeem(login), 400, 'invalid_grant');
  });

  test('a refresh cannot widen the scope that was granted', async () => {
    const issuer = lenient.fresh();
    const { refresh_token } = await issuer.tokens({ client: 'one', scope: 'openid offline_access' });
    isError(
      await issuer.refresh(refresh_token, { client: 'one', scope: 'openid offline_access admin' }),
      400,
      'invalid_scope',
    );
  });
});

describe('strict', { concurrency: 8 }, () => {
  test('nothing is waived, and no header says so', async () => {
    const issuer = strict.fresh();
    assert.equal(ok(await issuer.token({}, { client: M2M })).headers['jeton-mock-waived'], undefined);
    isError(await issuer.token({}, { client: 'stranger' }), 401, 'invalid_client');
    isError(await issuer.token({}, { client: ['m2m', 'wrong'] }), 401, 'invalid_client');
    isError(await issuer.token({ scope: 'admin' }, { client: M2M }), 400, 'invalid_scope');
    isError(await issuer.token({ resource: 'https://elsewhere.example' }, { client: M2M }), 400, 'invalid_target');
    isError(await issuer.token({}, { client: WEB }), 400, 'unauthorized_client');
  });

  for (const [name, asked] of [
    ['an unknown client', { client: 'stranger' }],
    ['an unregistered redirect_uri', { client: WEB, redirect_uri: 'https://elsewhere.example/cb' }],
  ]) {
    test(`/authorize of ${name}: a page, and no redirect`, async () => {
      const issuer = strict.fresh();
      const response = await send(issuer.authorizeUrl(issuer.asking(asked).query, issuer.url));
      assert.equal(response.status, 400);
      assert.equal(response.headers.location, undefined);
    });
  }

  test('without PKCE: invalid_request to the client', async () => {
    const { params } = await strict
      .fresh()
      .arrive({ client: WEB, code_challenge: undefined, code_challenge_method: undefined });
    assert.equal(params.error, 'invalid_request');
  });

  test('a client made over the API is one production would know', async () => {
    const issuer = await strict.fresh().make();
    await issuer.client({
      client_id: 'new',
      client_secret: 'new-secret',
      grant_types: ['client_credentials'],
      scope: 'x',
    });
    ok(await issuer.token({ scope: 'x' }, { client: ['new', 'new-secret'] }));
    isError(await issuer.token({ scope: 'x' }, { client: ['new', 'other'] }), 401, 'invalid_client');
    await issuer.set('DELETE', '/clients', undefined, { query: { client_id: 'new' } });
    isError(await issuer.token({ scope: 'x' }, { client: ['new', 'new-secret'] }), 401, 'invalid_client');
  });

  test('a hint is in a header and leaves the words of production alone', async () => {
    const there = strict.at('oauth');
    const body = 'grant_type=authorization_code&client_id=web&code=x';
    const headers = { 'content-type': FORM };
    const answer = await send(`${there.url}/token`, { method: 'POST', headers, body });
    assert.equal(answer.status, 401);
    assert.match(answer.headers['jeton-mock-hint'], /auth0 has its token endpoint/);
    assert.doesNotMatch(answer.text, /auth0/);
  });

  test('`strictness` in the file is what --strict is', async (t) => {
    const own = await start({ t, config: 'strictness = "strict"\n' });
    isError(await own.at().token(), 401, 'invalid_client');
    assert.equal((await own.issuers())[0].strictness, 'strict');
  });
});

const ISSUER = 'http://localhost:9400';
const folder = mkdtempSync(join(tmpdir(), 'jeton-strict-'));
const serve = await launchHost('serve', ['serve', '--data', join(folder, 'jeton.db')], {
  JETON_ISSUER: ISSUER,
  JETON_SECRET: 'jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj',
  // The mock has one of its own, and so pairwise subjects.
  JETON_PAIRWISE_SALT: 'jsk_b9sBmAPmAAxzX9Cr7XO1UsMCKoLsbvBhyQijc45d3jMLT_dUC',
  JETON_DEVELOPMENT: 'true',
  JETON_LOGIN_URL: `${ISSUER}/login`,
  JETON_LOGOUT_URL: `${ISSUER}/logout`,
  JETON_CLIENTS: JSON.stringify(CLIENTS),
});
const twin = await start({
  args: ['--strict', '--issuer', ISSUER],
  config: { issuer: { clients: CLIENTS, signing_algs: ['ES256'] } },
});
after(async () => {
  await serve.stop();
  rmSync(folder, { recursive: true });
});

describe('the strict mock answers as production does', { concurrency: 4 }, () => {
  const form = (text, headers = {}) => ({ method: 'POST', headers: { 'content-type': FORM, ...headers }, body: text });
  const as = (client, text) => form(text, { authorization: basic(...client) });
  const preflight = (names) => ({
    method: 'OPTIONS',
    headers: {
      origin: 'https://a.example',
      'access-control-request-method': 'POST',
      'access-control-request-headers': names,
    },
  });
  const right = {
    response_type: 'code',
    client_id: 'web',
    redirect_uri: CALLBACK,
    scope: 'openid',
    state: 's',
    code_challenge: challengeOf('x'),
    code_challenge_method: 'S256',
  };
  const authorization = (changes) => `/authorize?${new URLSearchParams({ ...right, ...changes })}`;

  const requests = [
    ['a path that is no endpoint', '/nothing', {}],
    ['GET /token', '/token', {}],
    ['/token: an empty form', '/token', form('')],
    ['/token: no authentication', '/token', form('grant_type=client_credentials')],
    ['/token: a wrong secret', '/token', as(['web', 'wrong'], 'grant_type=client_credentials')],
    ['/token: an unknown client', '/token', as(['nobody', 'x'], 'grant_type=client_credentials')],
    ['/token: an unknown grant type', '/token', as(M2M, 'grant_type=bogus')],
    ['/token: a scope that is not registered', '/token', as(M2M, 'grant_type=client_credentials&scope=root')],
    ['/token: a malformed scope', '/token', as(M2M, 'grant_type=client_credentials&scope=%22')],
    ['/token: a relative resource', '/token', as(M2M, 'grant_type=client_credentials&resource=x')],
    ['/token: a made-up code', '/token', as(WEB, 'grant_type=authorization_code&code=jac_x')],
    ['/token: a made-up refresh token', '/token', as(WEB, 'grant_type=refresh_token&refresh_token=jrt_x')],
    ['/token: a body over 64 KiB', '/token', as(M2M, `grant_type=client_credentials&x=${'y'.repeat(70_000)}`)],
    ['PUT /token', '/token', { method: 'PUT' }],
    ['the preflight of /token', '/token', preflight('x-a, authorization')],
    ['the preflight of /introspect', '/introspect', preflight('x-a')],
    ['OPTIONS /token', '/token', { method: 'OPTIONS' }],
    ['/token: a page of an unknown client', '/token', form('client_id=nobody', { origin: 'https://a.example' })],
    ['/introspect: a made-up token', '/introspect', as(WEB, 'token=x')],
    ['/introspect: no authentication', '/introspect', form('token=x')],
    ['/revoke: a made-up token', '/revoke', as(WEB, 'token=x')],
    ['/revoke: an empty form', '/revoke', form('')],
    ['/userinfo: no token', '/userinfo', {}],
    ['/userinfo: a made-up token', '/userinfo', { headers: { authorization: 'Bearer x' } }],
    ['/userinfo: another scheme', '/userinfo', { headers: { authorization: 'Basic x' } }],
    ['/device_authorization: a client not registered for it', '/device_authorization', as(WEB, '')],
    ['/health', '/health', {}],
    ['/.well-known/openid-configuration', '/.well-known/openid-configuration', {}],
    ['/.well-known/oauth-authorization-server', '/.well-known/oauth-authorization-server', {}],
    ['/authorize: an unknown client', authorization({ client_id: 'nobody' }), {}],
    ['/authorize: a redirect_uri that is not registered', authorization({ redirect_uri: 'https://evil.example' }), {}],
    ['/authorize: a scope that is not registered', authorization({ scope: 'root' }), {}],
    ['/authorize: another response type', authorization({ response_type: 'token' }), {}],
    ['/authorize: no code_challenge', authorization({ code_challenge: '' }), {}],
    ['/authorize: an unknown response_mode', authorization({ response_mode: 'fragment' }), {}],
    ['/authorize/accept: no authentication', '/authorize/accept', form('request=x')],
    ['/authorize/resume: a made-up ticket', '/authorize/resume?ticket=x', {}],
    ['/end_session: a made-up hint', '/end_session?id_token_hint=x', {}],
    ['/end_session/resume: a made-up ticket', '/end_session/resume?ticket=x', {}],
  ];

  for (const [name, path, options] of requests) {
    test(name, async () => {
      const [production, mocked] = await Promise.all([serve, twin].map(({ url }) => send(`${url}${path}`, options)));
      assert.equal(mocked.status, production.status);
      const relevant = ({ headers }) => {
        const {
          date,
          connection,
          'keep-alive': alive,
          'content-length': length,
          etag,
          'set-cookie': cookie,
          'x-request-id': id,
          ...rest
        } = headers;
        assert.ok(id);
        // A page has the styles of what stands on it, and around it.
        const policy = rest['content-security-policy'];
        if (policy)
          rest['content-security-policy'] = policy.replace(/style-src 'sha256-[^']+'/, "style-src 'sha256-…'");
        return { ...rest, cookies: [cookie ?? []].flat().map((line) => line.replace(/=[^;]*/, '')) };
      };
      assert.deepEqual(relevant(mocked), relevant(production));
      // What stands around a page is each one's own, and a mock's repeats what was sent.
      const text = ({ headers, text }) =>
        text
          .replaceAll(headers['x-request-id'], 'ID')
          .replace(/ · [^<]*<\/title>/, '</title>')
          .replace(/<header>.*?<\/header>/s, '')
          .replace(/<style>.*?<\/style>/s, '')
          .replace(/<dt>Value<\/dt><dd>.*?<\/dd>/, '')
          .replace(/<br><a href="[^"]*\/debugger\/journal\/ID">.*?<\/a>/, '');
      assert.equal(text(mocked), text(production));
    });
  }
});
