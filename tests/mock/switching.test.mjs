// Coming from another mock: what navikt/mock-oauth2-server and axa-group/oauth2-mock-server document, as their users
// have it. Configurations and requests are of the form of their documentation, in words of our own.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import { claimsOf } from '../suite/support/tokens.mjs';
import { Browser, formsOf } from './support/browser.mjs';
import { waivedOf } from './support/check.mjs';
import { basic, submit } from './support/http.mjs';
import { CALLBACK, header, OFFLINE, ok } from './support/issuer.mjs';
import { file, launch, start } from './support/process.mjs';

describe('mock-oauth2-server: its documented configurations', { concurrency: 8 }, () => {
  const from = (t, config, env = {}) => start({ t, env: { JSON_CONFIG: JSON.stringify(config), ...env } });
  /** A mapping, as most of its examples have one. */
  const callback = (issuerId, requestParam, match, claims, more = {}) => ({
    issuerId,
    requestMappings: [{ requestParam, match, claims }],
    ...more,
  });
  /** A login on the page, with what is typed there. */
  const typed = async (mock, issuer, fields, asked = {}) => {
    const { query, login } = issuer.asking({ user: null, ...asked });
    const browser = new Browser(mock);
    const page = await browser.open(issuer.authorizeUrl(query, `${mock.url}/${issuer.name}`));
    const form = formsOf(page.response.text).find(({ inputs }) => inputs.some(({ name }) => name === 'username'));
    const { arrived } = await browser.press(page, { form, fields, until: CALLBACK });
    assert.ok(arrived?.searchParams.get('code'));
    return ok(await issuer.redeem({ ...login, code: arrived.searchParams.get('code') })).json();
  };

  const CALLBACKS = {
    interactiveLogin: true,
    httpServer: 'NettyWrapper',
    tokenCallbacks: [
      callback('orders', 'code', '*', { sub: 'byCode', aud: ['orders-api'] }, { tokenExpiry: 120 }),
      callback('billing', 'tenant', 'blue', { sub: 'byTenant', aud: ['billing-api'] }),
    ],
  };

  test('tokenCallbacks: by any code, for 120 seconds', async (t) => {
    const mock = await from(t, CALLBACKS);
    const orders = mock.at('orders');
    const { access_token, id_token, expires_in } = await typed(mock, orders, { username: 'mira' });
    const [access, id] = [claimsOf(access_token), claimsOf(id_token)];
    assert.deepEqual([access.sub, access.aud, id.sub, id.aud], ['byCode', ['orders-api'], 'byCode', ['orders-api']]);
    assert.deepEqual([access.iss, expires_in], [`${mock.url}/orders`, 120]);
    assert.deepEqual([access.exp - access.iat, id.exp - id.iat, access.nbf, id.nbf], [120, 120, access.iat, id.iat]);
    assert.deepEqual([header(access_token).typ, header(id_token).typ], ['JWT', 'JWT']);
  });

  test('tokenCallbacks: by a parameter of the request, at another issuer', async (t) => {
    const mock = await from(t, CALLBACKS);
    const { access_token } = await mock.at('billing').granted({ tenant: 'blue' });
    const { sub, aud, exp, iat } = claimsOf(access_token);
    assert.deepEqual([sub, aud, exp - iat], ['byTenant', ['billing-api'], 3600]);
  });

  test('templates: the client by both names, whoever logged in, and any parameter', async (t) => {
    const claims = {
      client: '${clientId}',
      same: '${client_id}',
      who: '${subject}',
      scope: '${scope}',
      list: ['a-${tenant}'],
    };
    const mock = await from(t, { interactiveLogin: true, tokenCallbacks: [callback('default', 'code', '.*', claims)] });
    const issuer = mock.at('default');
    const { query, login } = issuer.asking({ user: 'mira' });
    const { arrived } = await new Browser(mock).open(issuer.authorizeUrl(query, `${mock.url}/default`), {
      until: CALLBACK,
    });
    const form = { scope: 'openid', tenant: 'blue' };
    const tokens = ok(await issuer.redeem({ ...login, code: arrived.searchParams.get('code') }, form)).json();
    const { client, same, who, scope, list } = claimsOf(tokens.access_token);
    assert.deepEqual([client, same, who, scope, list], ['web', 'web', 'mira', 'openid', ['a-blue']]);
  });

  test('interactive login: mappings by who logs in; what is typed adds to them and takes nothing over', async (t) => {
    const admin = { role: 'admin', preferred_username: '${subject}' };
    const mappings = [
      { requestParam: 'subject', match: 'ada', claims: admin },
      { requestParam: 'subject', match: '.*', claims: { role: 'user', preferred_username: '${subject}' } },
    ];
    const mock = await from(t, {
      interactiveLogin: true,
      tokenCallbacks: [{ issuerId: 'default', requestMappings: mappings }],
    });
    const issuer = mock.at('default');
    const claims = JSON.stringify({ role: 'typed', groups: ['a', 'b'] });
    for (const [username, role] of [
      ['ada', 'admin'],
      ['bea', 'user'],
    ]) {
      const { access_token, id_token } = await typed(mock, issuer, { username, claims });
      for (const token of [access_token, id_token]) {
        const { sub, role: said, preferred_username, groups } = claimsOf(token);
        assert.deepEqual([sub, said, preferred_username, groups], [username, role, username, ['a', 'b']]);
      }
      const info = ok(await issuer.userinfo(access_token)).json();
      assert.deepEqual([info.role, info.groups], [role, ['a', 'b']]);
    }
  });

  test('without a callback: tid, azp of a login, and an audience by scopes or a name of its own', async (t) => {
    const mock = await from(t, {});
    const issuer = mock.at('default');
    const own = async (form) => claimsOf((await issuer.granted(form)).access_token);
    assert.deepEqual((await own()).aud, ['default']);
    const { aud, tid, azp, sub, nbf, iat } = await own({ scope: 'api://a/.default read' });
    assert.deepEqual([aud, tid, azp, sub, nbf], [['api://a/.default', 'read'], 'default', undefined, 'm2m', iat]);
    const login = await issuer.tokens({ from: `${mock.url}/default`, nonce: 'n' });
    for (const token of [login.access_token, login.id_token]) {
      const claims = claimsOf(token);
      assert.deepEqual([claims.tid, claims.azp, claims.nonce], ['default', 'web', 'n']);
    }
    assert.deepEqual(claimsOf(login.access_token).aud, ['default']);
    assert.equal(claimsOf(login.id_token).aud, 'web');
  });

  test('a match that is no regular expression is its very text, and said at start', async (t) => {
    const mock = await from(t, { tokenCallbacks: [callback('default', 'scope', 'a(b', { hit: true })] });
    const hit = async (scope) => claimsOf((await mock.at('default').granted({ scope })).access_token).hit;
    assert.deepEqual([await hit('a(b'), await hit('ab')], [true, undefined]);
    assert.ok(mock.log().some((line) => /requestMappings\[0\]\.match: only this very text matches/.test(line)));
  });

  test('a compose file: variables, a mounted file, and what watches it', async (t) => {
    const env = { LOG_LEVEL: 'debug', SERVER_PORT: '0', JSON_CONFIG_PATH: file(CALLBACKS, 'json') };
    const mock = await start({ t, port: null, env });
    for (const method of ['GET', 'HEAD']) assert.equal((await mock.send('/isalive', { method })).status, 200);
    const { keys } = ok(await mock.send('/default/jwks')).json();
    assert.ok(keys.some((key) => key.kty === 'RSA'));
    const host = { host: 'mock-oauth2-server:8080' };
    const metadata = ok(await mock.at('default').get('/.well-known/openid-configuration', host)).json();
    assert.equal(metadata.issuer, 'http://mock-oauth2-server:8080/default');
  });

  test('HTTPS: a certificate of the mock’s own, where one is generated and where one is brought', async (t) => {
    for (const ssl of [{}, { keystoreFile: 'localhost.p12', keystoreType: 'PKCS12', keystorePassword: '' }]) {
      const mock = await from(t, { httpServer: { type: 'NettyWrapper', ssl } });
      assert.match(mock.issuer, /^https:/);
      assert.match((await mock.send('/_mock/ca.pem')).text, /BEGIN CERTIFICATE/);
      const said = mock.log().some((line) => /httpServer\.ssl\.keystoreFile: .*ca\.pem/.test(line));
      assert.equal(said, 'keystoreFile' in ssl);
    }
  });

  describe('config.json in the directory it runs in', { concurrency: 4 }, () => {
    const folder = (t, text) => {
      const path = mkdtempSync(join(tmpdir(), 'jeton-config-'));
      t.after(() => rmSync(path, { recursive: true }));
      writeFileSync(join(path, 'config.json'), typeof text === 'string' ? text : JSON.stringify(text));
      return path;
    };

    test('is read, and said', async (t) => {
      const mock = await start({ t, cwd: folder(t, CALLBACKS) });
      assert.deepEqual(claimsOf((await mock.at('billing').granted({ tenant: 'blue' })).access_token).sub, 'byTenant');
      assert.ok(mock.log().some((line) => /as config\.json in this directory says/.test(line)));
    });

    test('is not read where a variable or --config says what counts', async (t) => {
      const cwd = folder(t, CALLBACKS);
      for (const options of [{ env: { JSON_CONFIG: '{}' } }, { config: { seed: 'x' } }]) {
        const mock = await start({ t, cwd, ...options });
        assert.equal(claimsOf((await mock.at('billing').granted({ tenant: 'blue' })).access_token).sub, 'm2m');
      }
    });

    test('of another program is left alone', async (t) => {
      for (const text of [{ port: 1, name: 'another' }, ['tokenCallbacks'], '{ not JSON']) {
        const mock = await start({ t, cwd: folder(t, text) });
        assert.ok(!mock.log().some((line) => /config\.json/.test(line)));
      }
    });

    test('that cannot be read is refused where the environment is its own', async (t) => {
      const env = { SERVER_PORT: '0' };
      const { code, text } = await launch(['mock'], { env, cwd: folder(t, '{ "tokenCallbacks": [ }') });
      assert.equal(code, 1);
      assert.match(text, /^jeton: config\.json:1:\d+: /);
    });
  });

  test('its other grants: password, on behalf of', async (t) => {
    const mock = await from(t, {
      tokenCallbacks: [callback('mapped', 'grant_type', 'password', { sub: '${username}', roles: ['${scope}'] })],
    });
    const issuer = mock.at('default');
    const password = { grant_type: 'password', username: 'foo', password: 'bar', scope: 'openid' };
    const mapped = ok(await mock.at('mapped').token(password)).json();
    for (const token of [mapped.access_token, mapped.id_token])
      assert.deepEqual([claimsOf(token).sub, claimsOf(token).roles], ['foo', ['openid']]);
    const own = ok(await issuer.token(password)).json();
    assert.deepEqual([claimsOf(own.access_token).sub, claimsOf(own.access_token).tid], ['foo', 'default']);

    const { access_token } = await issuer.tokens({ from: `${mock.url}/default`, user: null });
    const assertion = {
      grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
      requested_token_use: 'on_behalf_of',
      assertion: access_token,
      scope: 'api://other/.default',
    };
    const behalf = claimsOf(ok(await issuer.token(assertion, { client: 'web' })).json().access_token);
    assert.deepEqual([behalf.sub, behalf.aud], ['alice', ['api://other/.default']]);
  });

  test('logging out: back to the client without a hint, with its state', async (t) => {
    const mock = await from(t, {});
    const to = 'http://app.example/out';
    const { arrived } = await new Browser(mock).open(
      `${mock.url}/default/endsession?${new URLSearchParams({ post_logout_redirect_uri: to, state: 's' })}`,
      { until: to },
    );
    assert.equal(arrived.href, `${to}?state=s`);
  });

  test('enqueueCallback, takeRequest, issueToken and anyToken have their counterparts', async (t) => {
    const mock = await from(t, {});
    const issuer = mock.at('default');
    const login = () => issuer.tokens({ from: `${mock.url}/default`, user: null });
    await login();
    await issuer.rule({ next_login: true, id_token: { acr: 'Level4' } });
    assert.equal(claimsOf((await login()).id_token).acr, 'Level4');
    assert.equal(claimsOf((await login()).id_token).acr, undefined);
    const taken = ok(await issuer.take({ endpoint: 'token' })).json();
    assert.equal(taken.path, '/default/token');
    const claims = { iss: 'https://idp.example', sub: 'user123', aud: 'my-api', roles: ['admin'] };
    const { token } = await issuer.mint({ claims, typ: 'JWT' });
    const { payload } = await issuer.verify(token, { typ: 'JWT', issuer: 'https://idp.example', audience: 'my-api' });
    assert.deepEqual(payload.roles, ['admin']);
  });
});

// What it answers without being asked: one user, no page, any client or none.
const OAUTH2_MOCK_SERVER = {
  issuer: {
    signing_algs: ['RS256'],
    auto_login: 'johndoe',
    users: [{ sub: 'johndoe', claims: {} }],
    claims: [
      {
        access_token: { nbf: '${claims.iat}', aud: '${parameters.aud|claims.aud}' },
        access_token_header: { typ: 'JWT' },
        id_token: { nbf: '${claims.iat}' },
      },
    ],
  },
};

describe('oauth2-mock-server: its endpoints', { concurrency: 8 }, async () => {
  const mock = await start({ config: OAUTH2_MOCK_SERVER });
  const issuer = mock.at();
  const POST = (path, form, headers) => submit(`${mock.url}${path}`, form, { headers });

  test('discovery and keys, at the root and at its paths', async () => {
    const metadata = ok(await mock.send('/.well-known/openid-configuration')).json();
    assert.equal(metadata.issuer, mock.issuer);
    for (const name of [
      'token_endpoint',
      'authorization_endpoint',
      'userinfo_endpoint',
      'jwks_uri',
      'revocation_endpoint',
      'end_session_endpoint',
      'introspection_endpoint',
    ])
      assert.match(metadata[name], new RegExp(`^${mock.issuer}/`), name);
    assert.equal(metadata.id_token_signing_alg_values_supported[0], 'RS256');
    assert.deepEqual(ok(await mock.send('/jwks')).json(), await issuer.jwks());
  });

  test('client credentials without a client: a token of the scope and audience asked for', async () => {
    const response = ok(
      await POST('/token', { grant_type: 'client_credentials', scope: 'urn:a urn:b', aud: 'my-api' }),
    );
    assert.deepEqual(waivedOf(response), ['client']);
    const { access_token, token_type, expires_in, scope } = response.json();
    assert.deepEqual([token_type, expires_in, scope], ['Bearer', 3600, 'urn:a urn:b']);
    const { payload } = await issuer.verify(access_token, { typ: 'JWT', audience: 'my-api' });
    assert.deepEqual([payload.scope, payload.nbf, payload.exp], ['urn:a urn:b', payload.iat, payload.iat + 3600]);
    assert.equal(header(access_token).alg, 'RS256');
  });

  test('a login without a page: code with PKCE, ID token with the nonce, refresh', async () => {
    const tokens = await issuer.tokens({ user: null, client: 'abc', nonce: 'n', scope: OFFLINE });
    const id = claimsOf(tokens.id_token);
    assert.deepEqual([id.sub, id.aud, id.nonce], ['johndoe', 'abc', 'n']);
    assert.equal(claimsOf(tokens.access_token).sub, 'johndoe');
    const again = ok(await issuer.refresh(tokens.refresh_token, { client: 'abc' })).json();
    assert.equal(claimsOf(again.access_token).sub, 'johndoe');
    assert.equal((await issuer.userinfo(tokens.access_token)).json().sub, 'johndoe');
  });

  test('a password: of the user that it names', async () => {
    const form = { grant_type: 'password', username: 'mira', password: 'any', scope: 'openid' };
    const { access_token } = ok(await issuer.token(form)).json();
    assert.equal(claimsOf(access_token).sub, 'mira');
  });

  test('logging out: at once to where it is asked to, with the state', async () => {
    const to = 'http://app.example/out';
    const query = new URLSearchParams({ post_logout_redirect_uri: to, state: 's' });
    const { arrived } = await new Browser(mock).open(`${mock.url}/endsession?${query}`, { until: to });
    assert.equal(arrived.href, `${to}?state=s`);
  });

  test('introspection and revocation without a client, of what it issued', async () => {
    const { access_token } = ok(await POST('/token', { grant_type: 'client_credentials' })).json();
    const about = async () => ok(await POST('/introspect', { token: access_token })).json();
    assert.equal((await about()).active, true);
    assert.equal((await POST('/revoke', { token: access_token })).status, 200);
    assert.deepEqual(ok(await POST('/introspect', { token: 'made up' })).json(), { active: false });
  });

  test('pages of other origins may read what it answers', async () => {
    const response = await mock.send('/.well-known/openid-configuration', {
      headers: { origin: 'http://app.example' },
    });
    assert.ok(['*', 'http://app.example'].includes(response.headers['access-control-allow-origin']));
  });

  test('a client that must be named is one where it is strict', async (t) => {
    const strict = await start({ t, args: ['--strict'] });
    for (const [path, form] of [
      ['/token', { grant_type: 'client_credentials' }],
      ['/introspect', { token: 'x' }],
      ['/revoke', { token: 'x' }],
    ])
      assert.equal((await submit(`${strict.url}${path}`, form)).status, 401, path);
  });
});

describe('oauth2-mock-server: what its hooks are for', { concurrency: 8 }, async () => {
  const mock = await start({ config: OAUTH2_MOCK_SERVER });
  const make = () => mock.fresh().make();

  test('beforeTokenSigning: the next token lives otherwise, and says who its client is', async () => {
    const issuer = await make();
    await issuer.rule({ next_login: true, lifetime: 400, access_token: { client: '${client_id}' } });
    const said = async () => claimsOf((await issuer.tokens({ user: null })).access_token);
    const [first, second] = [await said(), await said()];
    assert.deepEqual([first.exp - first.iat, first.client], [400, 'web']);
    assert.deepEqual([second.exp - second.iat, second.client], [3600, undefined]);
    // Of clients' own tokens: until the rule is removed.
    const { id } = await issuer.rule({ access_token: { client: '${client_id}' } });
    const basicAuth = await issuer.post(
      '/token',
      { grant_type: 'client_credentials' },
      { authorization: basic('billing', 's') },
    );
    assert.equal(claimsOf(ok(basicAuth).json().access_token).client, 'billing');
    await issuer.set('DELETE', '/claims', undefined, { query: { id } });
    assert.equal(claimsOf((await issuer.granted()).access_token).client, undefined);
  });

  for (const [hook, fault, ask, status, body] of [
    [
      'beforeResponse: invalid_grant',
      { fault: 'invalid_grant', match: { endpoint: 'token' } },
      (issuer) => issuer.token(),
      400,
      { error: 'invalid_grant' },
    ],
    [
      'beforeUserinfo: an error of one’s own',
      {
        fault: { status: 401, body: '{"error":"invalid_token","error_message":"token is expired"}' },
        match: { endpoint: 'userinfo' },
      },
      async (issuer) => issuer.userinfo((await issuer.tokens({ user: null })).access_token),
      401,
      { error: 'invalid_token', error_message: 'token is expired' },
    ],
    [
      'beforeRevoke: another status',
      { fault: 'status-418', match: { endpoint: 'revoke' } },
      (issuer) => issuer.as('web', '/revoke', { token: 'x' }),
      418,
    ],
    [
      'beforeIntrospect: an answer of one’s own',
      {
        fault: { status: 200, body: '{"active":true,"scope":"read write email","username":"dummy","exp":1643712575}' },
        match: { endpoint: 'introspect' },
      },
      (issuer) => issuer.as('web', '/introspect', { token: 'x' }),
      200,
      { active: true, scope: 'read write email', username: 'dummy', exp: 1643712575 },
    ],
  ]) {
    test(`${hook}, once`, async () => {
      const issuer = await make();
      await issuer.fault({ ...fault, times: 1 });
      const first = await ask(issuer);
      assert.equal(first.status, status, first.text);
      for (const [name, value] of Object.entries(body ?? {})) assert.deepEqual(first.json()[name], value, name);
      assert.equal((await ask(issuer)).status, 200);
    });
  }

  test('buildToken and keys.add: any claims, by a key that JWKS has', async () => {
    const issuer = await make();
    const { token, kid } = await issuer.mint({ claims: { scope: 'a b', sub: 'x' }, typ: 'JWT' });
    assert.ok((await issuer.kids()).includes(kid));
    assert.equal((await issuer.verify(token, { typ: 'JWT' })).payload.scope, 'a b');
  });
});
