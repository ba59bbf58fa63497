// The grants that the mock has besides its server’s, and what else it takes a word for where it is lenient.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claimsOf } from '../suite/support/tokens.mjs';
import { Browser } from './support/browser.mjs';
import { isError, waivedOf } from './support/check.mjs';
import { encode, send } from './support/http.mjs';
import { CALLBACK, ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const USERS = [
  { sub: 'alice', name: 'Alice Ashton', password: 'right', claims: { email: 'alice@example.com', acr: '2' } },
  { sub: 'u-2', name: 'bob' },
];
const CLIENT = {
  client_id: 'web',
  client_secret: 'web-secret',
  redirect_uris: [CALLBACK],
  grant_types: ['authorization_code', 'refresh_token'],
  scope: 'openid profile email offline_access read',
  audiences: ['https://api.example'],
};
const M2M = { client_id: 'm2m', client_secret: 's', grant_types: ['client_credentials'] };
const WEB = ['web', 'web-secret'];

const lenient = await start({ config: { issuer: { users: USERS, clients: [CLIENT, M2M] } } });
const strict = await start({
  args: ['--strict'],
  config: { issuer: { users: USERS, clients: [CLIENT, M2M] }, issuers: { password: { grants: ['password'] } } },
});

describe('password', { concurrency: 8 }, () => {
  const ask = (issuer, form = {}, client = WEB) =>
    issuer.as(client, '/token', { grant_type: 'password', username: 'alice', password: 'right', ...form });

  test('the tokens of a login: access, ID and refresh token, which every endpoint knows', async () => {
    const issuer = lenient.fresh();
    const response = ok(await ask(issuer, { scope: 'openid email offline_access' }));
    assert.deepEqual(waivedOf(response), ['grant_type']);
    const tokens = response.json();
    const members = ['access_token', 'expires_in', 'id_token', 'refresh_token', 'scope', 'token_type'];
    assert.deepEqual(Object.keys(tokens).sort(), members);
    const { payload } = await issuer.verify(tokens.access_token, { audience: issuer.id });
    assert.deepEqual([payload.sub, payload.client_id, payload.scope], ['alice', 'web', 'openid email offline_access']);
    const id = await issuer.verify(tokens.id_token, { typ: null, audience: 'web' });
    assert.deepEqual([id.payload.sub, id.payload.acr], ['alice', '2']);
    assert.equal(ok(await issuer.userinfo(tokens.access_token)).json().email, 'alice@example.com');
    assert.equal(await issuer.active(tokens.access_token, WEB), true);
    const again = ok(await issuer.refresh(tokens.refresh_token, { client: WEB })).json();
    assert.equal(claimsOf(again.access_token).sub, 'alice');
    ok(await issuer.as(WEB, '/revoke', { token: again.refresh_token }));
    assert.equal(await issuer.active(tokens.access_token, WEB), false);
  });

  for (const [what, username, sub] of [
    ['subject', 'alice', 'alice'],
    ['name', 'Alice Ashton', 'alice'],
    ['email address', 'alice@example.com', 'alice'],
    ['name of a user whose subject is another', 'bob', 'u-2'],
  ]) {
    test(`a user is known by the ${what}`, async () => {
      const response = ok(await ask(lenient.fresh(), { username }));
      assert.equal(claimsOf(response.json().access_token).sub, sub);
    });
  }

  test('any client, any password, any name: what is waived is named', async () => {
    for (const [form, client, waived] of [
      [{}, WEB, ['grant_type']],
      [{ password: 'wrong' }, WEB, ['password', 'grant_type']],
      [{ username: 'bob', password: 'any' }, WEB, ['grant_type']],
      [{ username: 'dora' }, WEB, ['username', 'grant_type']],
      [{}, ['web', 'wrong'], ['grant_type', 'secret']],
      [{}, 'stranger', ['client', 'grant_type']],
      [{ scope: 'root' }, WEB, ['scope', 'grant_type']],
    ]) {
      const issuer = lenient.fresh();
      const response = ok(await ask(issuer, form, client));
      assert.deepEqual(waivedOf(response), waived);
      const [entry] = (await issuer.journal()).slice(-1);
      assert.deepEqual([entry.waived, entry.grant_type, entry.parameters.password], [waived, 'password', '[redacted]']);
    }
  });

  test('a public client, and one that nobody registered, which refreshes', async () => {
    const issuer = lenient.fresh();
    const client = ['spa', null];
    const { refresh_token } = ok(await ask(issuer, { scope: 'openid read' }, client)).json();
    assert.equal(ok(await issuer.refresh(refresh_token, { client })).json().scope, 'openid read');
  });

  test('a resource is the audience', async () => {
    const tokens = ok(await ask(lenient.fresh(), { resource: 'https://api.example' })).json();
    assert.equal(claimsOf(tokens.access_token).aud, 'https://api.example');
  });

  test('rules match it by its grant type', async () => {
    const issuer = await lenient.fresh().make();
    await issuer.rule({ match: { grant_type: 'password' }, access_token: { from: '${grant_type}' } });
    assert.equal(claimsOf(ok(await ask(issuer)).json().access_token).from, 'password');
    assert.equal(claimsOf((await issuer.tokens({ client: WEB })).access_token).from, undefined);
  });

  test('faults act on it', async () => {
    const issuer = await lenient.fresh().make();
    await issuer.fault({ match: { grant_type: 'password' }, fault: 'invalid_grant' });
    isError(await ask(issuer), 400, 'invalid_grant');
    const magic = ok(await ask(lenient.fresh(), { scope: 'openid fault:wrong-audience' })).json();
    assert.equal(claimsOf(magic.id_token).aud, 'https://wrong-audience.example');
  });

  test('what is missing or malformed is refused where it is lenient, too', async () => {
    const issuer = lenient.fresh();
    isError(await ask(issuer, { username: undefined }), 400, 'invalid_request', /username/);
    isError(await ask(issuer, { password: undefined }), 400, 'invalid_request', /password/);
    isError(await ask(issuer, { scope: '"' }), 400, 'invalid_scope');
    isError(await ask(issuer, {}, ['m2m', 's']), 400, 'unauthorized_client');
    const nobody = await issuer.post('/token', { grant_type: 'password', username: 'alice', password: 'x' });
    isError(nobody, 401, 'invalid_client');
    isError(
      await issuer.post('/token', { grant_type: 'password', client_id: 'web', username: 'a', password: 'x' }),
      401,
      'invalid_client',
    );
  });

  test('where it is strict it is off, and with its name on: the right password, the right client', async () => {
    isError(await ask(strict.fresh()), 400, 'unsupported_grant_type');
    const issuer = strict.at('password');
    const tokens = ok(await ask(issuer, { scope: 'openid' })).json();
    assert.equal(claimsOf(tokens.id_token).sub, 'alice');
    isError(await ask(issuer, { password: 'wrong' }), 400, 'invalid_grant');
    isError(await ask(issuer, { username: 'dora' }), 400, 'invalid_grant');
    isError(await ask(issuer, { username: 'bob', password: 'any' }), 400, 'invalid_grant');
    isError(await ask(issuer, {}, ['web', 'wrong']), 401, 'invalid_client');
    isError(await ask(issuer, { password: 'wrong' }, ['web', 'wrong']), 401, 'invalid_client');
    isError(await ask(issuer, {}, 'stranger'), 401, 'invalid_client');
    isError(await ask(issuer, { scope: 'root' }), 400, 'invalid_scope');
    isError(await ask(issuer, { resource: 'https://other.example' }), 400, 'invalid_target');
  });

  test('a grant that is not named is off where it is lenient, too', async () => {
    isError(await ask(await lenient.fresh().make({ grants: ['implicit'] })), 400, 'unsupported_grant_type');
  });

  test('an unknown grant is refused where it is written', async () => {
    const response = await lenient.fresh().control('PUT', '/issuer', { grants: ['passwort'] });
    isError(response, 400, 'invalid_request', /passwort.*password/);
  });
});

describe('logout without a hint', { concurrency: 8 }, () => {
  const DONE = 'https://app.example/bye?x=1';
  const leave = (issuer, query, browser = new Browser(issuer.mock)) =>
    browser.open(`${issuer.id}/end_session?${encode(query)}`, { until: 'https://app.example/bye' });

  for (const [name, query, waived] of [
    ['nobody’s', {}, ['client', 'id_token_hint']],
    ['a client’s that nobody registered', { client_id: 'stranger' }, ['client', 'id_token_hint']],
    ['a registered client’s', { client_id: 'web' }, ['post_logout_redirect_uri', 'id_token_hint']],
  ]) {
    test(`${name}: at once to any address, with state`, async () => {
      const issuer = lenient.fresh();
      const asked = { ...query, post_logout_redirect_uri: DONE, state: 'a b' };
      const { arrived } = await leave(issuer, asked);
      assert.equal(arrived.href, `${DONE}&state=a+b`);
      assert.deepEqual(waivedOf(await issuer.get(`/end_session?${encode(asked)}`)), waived);
    });
  }

  test('the browser’s session ends', async () => {
    const issuer = lenient.fresh();
    const browser = new Browser(lenient);
    await issuer.login({ client: WEB, browser });
    await issuer.login({ client: WEB, browser, user: null, prompt: 'none' });
    await leave(issuer, { post_logout_redirect_uri: DONE }, browser);
    const { params } = await issuer.arrive({ client: WEB, browser, user: null, prompt: 'none' });
    assert.equal(params.error, 'login_required');
  });

  test('without an address, a page', async () => {
    for (const query of [{}, { client_id: 'web' }, { client_id: 'stranger' }]) {
      const { response } = await leave(lenient.fresh(), query);
      ok(response);
      assert.match(response.text, /Do you want to log out/);
    }
  });

  test('an address that is none is refused, and everything where it is strict', async () => {
    const issuer = lenient.fresh();
    for (const uri of ['javascript:alert(1)', 'nothing']) {
      const response = await issuer.get(`/end_session?${encode({ post_logout_redirect_uri: uri })}`);
      assert.deepEqual([response.status, response.headers.location], [400, undefined]);
    }
    const asked = encode({ client_id: 'web', post_logout_redirect_uri: DONE });
    assert.equal((await strict.fresh().get(`/end_session?${asked}`)).status, 400);
  });
});

describe('clients that are registered, or no more', { concurrency: 8 }, () => {
  const registered = { ...CLIENT, client_id: 'new', client_secret: 'x', scope: 'openid' };

  for (const scope of ['openid', 'openid offline_access read']) {
    test(`one that is registered keeps the refresh token it had before: ${scope}`, async () => {
      const issuer = await lenient.fresh().make();
      const { refresh_token } = await issuer.tokens({ client: ['new', 'x'], scope });
      await issuer.client(registered);
      const response = ok(await issuer.refresh(refresh_token, { client: ['new', 'x'] }));
      assert.equal(response.json().scope, scope);
      assert.deepEqual(waivedOf(response), scope === 'openid' ? ['offline_access'] : []);
      const next = response.json().refresh_token;
      assert.equal(ok(await issuer.refresh(next, { client: ['new', 'x'] })).json().scope, scope);
    });
  }

  test('and the code that it was about to redeem', async () => {
    const issuer = await lenient.fresh().make();
    const login = await issuer.login({ client: ['new', 'x'], scope: 'openid read' });
    await issuer.client(registered);
    assert.equal(ok(await issuer.redeem(login)).json().scope, 'openid read');
  });

  test('what it had before is not its default, nor what it asks for next', async () => {
    const issuer = await lenient.fresh().make();
    await issuer.tokens({ client: ['new', 'x'], scope: 'openid read' });
    await issuer.client(registered);
    const tokens = await issuer.tokens({ client: ['new', 'x'], scope: undefined });
    assert.equal(tokens.scope, 'openid');
    assert.equal(tokens.refresh_token, undefined, 'a registered client asks for offline_access');
  });

  test('one that is removed keeps it, too', async () => {
    const issuer = await lenient.fresh().make();
    const { refresh_token } = await issuer.tokens({ client: WEB, scope: 'openid offline_access read' });
    await issuer.set('DELETE', '/clients', undefined, { query: { client_id: 'web' } });
    const response = ok(await issuer.refresh(refresh_token, { client: WEB }));
    assert.deepEqual([response.json().scope, waivedOf(response)], ['openid offline_access read', ['client']]);
  });

  test('where it is strict, a client that is removed is gone', async () => {
    const issuer = await strict.fresh().make();
    const { refresh_token } = await issuer.tokens({ client: WEB, scope: 'openid offline_access' });
    await issuer.set('DELETE', '/clients', undefined, { query: { client_id: 'web' } });
    isError(await issuer.refresh(refresh_token, { client: WEB }), 401, 'invalid_client');
  });
});

describe('registration', { concurrency: 8 }, () => {
  const register = (issuer, metadata, headers = {}) =>
    send(`${issuer.url}/register`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body: JSON.stringify(metadata),
    });
  const METADATA = {
    redirect_uris: ['http://localhost:3000/callback'],
    client_name: 'A tool',
    token_endpoint_auth_method: 'none',
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid mail.read offline_access',
  };

  test('without an initial access token, which is named; the client is usable at once', async () => {
    const issuer = lenient.fresh();
    assert.equal((await issuer.metadata()).registration_endpoint, `${issuer.id}/register`);
    const response = await register(issuer, METADATA);
    assert.equal(response.status, 201, response.text);
    assert.deepEqual(waivedOf(response), ['initial_access_token']);
    const { client_id, scope, registration_access_token, registration_client_uri } = response.json();
    assert.equal(scope, METADATA.scope);
    const asked = { client: [client_id, null], redirect_uri: METADATA.redirect_uris[0], scope };
    const login = await issuer.login(asked);
    const redeemed = ok(await issuer.redeem(login));
    assert.deepEqual([redeemed.json().scope, waivedOf(redeemed)], [scope, []]);
    ok(await issuer.refresh(redeemed.json().refresh_token, { client: [client_id, null] }));
    const read = await send(registration_client_uri, {
      headers: { authorization: `Bearer ${registration_access_token}` },
    });
    assert.equal(ok(read).json().client_name, 'A tool');
    const listed = (await issuer.set('GET', '/clients')).clients;
    assert.ok(listed.some((client) => client.client_id === client_id));
  });

  test('as many as a suite wants, and none with a right over the server', async () => {
    const issuer = lenient.fresh();
    for (let n = 0; n < 120; n += 1) assert.equal((await register(issuer, METADATA)).status, 201);
    const response = await register(issuer, { ...METADATA, scope: 'openid jeton:clients' });
    assert.deepEqual([response.status, response.json().scope], [201, 'openid']);
  });

  test('metadata that is none, and a token that is none, are refused', async () => {
    const issuer = lenient.fresh();
    isError(
      await register(issuer, { ...METADATA, redirect_uris: ['http://a.example/#x'] }),
      400,
      'invalid_redirect_uri',
    );
    assert.equal((await register(issuer, METADATA, { authorization: 'Bearer x' })).status, 401);
    assert.equal((await register(strict.fresh(), METADATA)).status, 401);
  });
});

describe('client ids that are addresses of metadata documents', { concurrency: 8 }, () => {
  for (const id of ['https://tool.example/oauth/client.json', 'http://localhost:3000/client.json']) {
    test(`${id}: taken at its word, and said so`, async () => {
      const issuer = lenient.fresh();
      const metadata = ok(await issuer.get('/.well-known/oauth-authorization-server')).json();
      assert.equal(metadata.client_id_metadata_document_supported, true);
      const tokens = await issuer.tokens({ client: [id, null], redirect_uri: 'http://127.0.0.1:3000/callback' });
      assert.equal(claimsOf(tokens.id_token).aud, id);
      assert.equal(ok(await issuer.userinfo(tokens.access_token)).json().sub, 'alice');
    });
  }

  test('where it is strict, nothing says so, and nobody is known by one', async () => {
    const issuer = strict.fresh();
    assert.equal((await issuer.metadata()).client_id_metadata_document_supported, undefined);
    const { query } = issuer.asking({ client: 'https://tool.example/client.json' });
    assert.equal((await issuer.get(`/authorize?${encode(query)}`)).status, 400);
  });
});
