// RFC 7591: clients that register themselves. What each member of the metadata may be, crates/jeton's unit tests of
// `registration` have in full; here is one of each kind, as it shows over HTTP.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { assertionOf } from '../support/assertions.mjs';
import { isError, isToken } from '../support/check.mjs';
import { canRead, letsThrough } from '../support/fetch-standard.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import {
  authorize,
  codeFor,
  exchange,
  handoff,
  loggedIn,
  now,
  postAs,
  random,
  refreshed,
  requestIn,
  requestOf,
  sleep,
} from '../support/flow.mjs';
import { send } from '../support/http.mjs';
import { keyOf } from '../support/jws.mjs';
import { LEDGER, ORDERS, registrars } from '../support/registrars.mjs';
import {
  APP,
  INVALID,
  initialToken,
  isChallenged,
  isRefused,
  MACHINE,
  MISSING,
  registered,
  tryToRegister,
} from '../support/registration.mjs';
import { clientAssertion } from '../support/shapes.mjs';
import { clientCredentials, get, host, json, post, refusal, startFor, unless } from '../support/target.mjs';
import { claimsOf } from '../support/tokens.mjs';
import { Browser } from '../support/user-agent.mjs';

const { registrar, plainRegistrar, registrarOfMayflies, registrarByOpaque } = registrars;
const { registrarOfThree, registrarOfThreeAtOnce } = registrars;
/** What Cloudflare sets itself, and a Worker knows the address by. Elsewhere nobody has to believe it. */
const OF_CLOUDFLARE = { 'cf-connecting-ip': '198.51.100.7' };
const SCOPE = 'openid profile email offline_access read write';
const WORDS = {
  client_name: 'New',
  'client_name#de': 'Neu',
  client_uri: 'https://new.example',
  logo_uri: 'https://new.example/logo.png',
  policy_uri: 'https://new.example/policy',
  tos_uri: 'https://new.example/tos',
  contacts: ['ops@new.example'],
  software_id: '4NRB1-0XZABZI9E6-5SM3R',
  software_version: '2.1',
};

const registerBy = (token) => tryToRegister(APP, { token });

/** What was registered, without what the server made. */
function chosen(client) {
  const made = [
    'client_id',
    'client_id_issued_at',
    'client_secret',
    'client_secret_expires_at',
    'registration_access_token',
    'registration_client_uri',
  ];
  return Object.fromEntries(Object.entries(client).filter(([name]) => !made.includes(name)));
}

describe('RFC 7591: registration', { concurrency: 4 }, () => {
  test('§3.2.1: 201 with what was made: an id, a secret that is told once, when both were, and how to manage it', async () => {
    const response = await tryToRegister(MACHINE, { token: await initialToken() });
    assert.equal(response.status, 201, response.text);
    assert.equal(response.headers['content-type'], 'application/json');
    assert.equal(response.headers['cache-control'], 'no-store');
    assert.equal(response.headers.pragma, 'no-cache');
    const client = response.json();
    assert.match(client.client_id, /^jc_[\w-]{40}$/);
    assert.match(client.client_secret, /^jcs_[\w-]{49}$/);
    assert.equal(client.client_secret_expires_at, 0);
    assert.ok(Math.abs(client.client_id_issued_at - now()) < 10);
    assert.equal(client.registration_client_uri, `${ISSUER}/register/${client.client_id}`);
    assert.match(client.registration_access_token, /^jra_[\w-]{43}$/);
    const another = await registered(MACHINE);
    assert.notEqual(another.client_id, client.client_id);
  });

  test('§2: defaults are filled in, and all that is registered is told', async () => {
    assert.deepEqual(chosen(await registered({ redirect_uris: APP.redirect_uris })), {
      redirect_uris: APP.redirect_uris,
      token_endpoint_auth_method: 'client_secret_basic',
      grant_types: ['authorization_code'],
      response_types: ['code'],
      scope: SCOPE,
      id_token_signed_response_alg: 'ES256',
    });
    const all = {
      ...WORDS,
      ...APP,
      grant_types: ['authorization_code', 'refresh_token'],
      response_types: ['code'],
      scope: 'openid read',
      application_type: 'web',
      post_logout_redirect_uris: ['https://new.example/bye'],
      id_token_signed_response_alg: 'ES256',
      require_auth_time: true,
      jwks: { keys: [keyOf('ES256', 'registered').jwk] },
    };
    assert.deepEqual(chosen(await registered(all)), {
      ...all,
      allowed_origins: ['https://new.example'],
    });
  });

  test('§2.1: a machine has no response types, and its token is good at once', async () => {
    const client = await registered(MACHINE);
    assert.deepEqual(client.response_types, []);
    const { payload } = await isToken(await clientCredentials(client, { scope: 'read' }));
    assert.equal(payload.sub, client.client_id);
    assert.equal(payload.scope, 'read');
    const wrong = { ...client, client_secret: `${client.client_secret}x` };
    isError(await clientCredentials(wrong), 401, 'invalid_client');
  });

  test('§2: a client that names no method is told Basic, and may send its secret in the body as well', async () => {
    const client = await registered(MACHINE);
    assert.equal(client.token_endpoint_auth_method, 'client_secret_basic');
    await isToken(await clientCredentials(client));
    const { client_id, client_secret } = client;
    const form = { grant_type: 'client_credentials', client_id, client_secret };
    await isToken(await post('/token', form));
    const one = await registered({ ...MACHINE, token_endpoint_auth_method: 'client_secret_basic' });
    const other = { ...form, client_id: one.client_id, client_secret: one.client_secret };
    isError(await post('/token', other), 401, 'invalid_client');
  });

  test('a public client logs people in and stays logged in; a page at its redirect URI may read its tokens', async () => {
    const metadata = {
      ...APP,
      grant_types: ['authorization_code', 'refresh_token'],
      scope: 'openid offline_access read',
    };
    const client = await registered(metadata);
    assert.equal(client.client_secret, undefined);
    assert.equal(client.client_secret_expires_at, undefined);
    const tokens = await loggedIn(client, { scope: 'openid offline_access read' });
    await refreshed(client, tokens.refresh_token);
    const headers = { origin: 'https://new.example' };
    const code = await codeFor(client, { scope: 'openid' });
    const response = await exchange(client, code, {}, { headers });
    assert.ok(canRead(response, headers.origin));
    const other = await exchange(
      client,
      await codeFor(client, { scope: 'openid' }),
      {},
      { headers: { origin: 'https://evil.example' } },
    );
    assert.equal(other.status, 200, other.text);
    assert.ok(!canRead(other, 'https://evil.example'));
  });

  test('the login application is told that nobody has checked the client', async () => {
    const client = await registered({ ...APP, client_name: 'Your bank' });
    const told = async (one) => {
      const request = requestIn(await authorize(new Browser(), requestOf(one, { scope: 'openid' })));
      return (await handoff('request', { request })).json();
    };
    const { client_name, self_registered } = await told(client);
    assert.equal(client_name, 'Your bank');
    assert.deepEqual(self_registered, { redirect_uri: APP.redirect_uris[0] });
    assert.equal((await told(clients.web)).self_registered, undefined);
  });

  test('a client with a key of its own signs its assertions', async () => {
    const key = keyOf('ES256', 'registered');
    const client = await registered({
      ...MACHINE,
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [key.jwk] },
    });
    assert.equal(client.client_secret, undefined);
    assert.deepEqual(client.jwks, { keys: [key.jwk] });
    await isToken(await clientAssertion.ask(assertionOf(client, { key })));
    const another = keyOf('ES256', 'another');
    clientAssertion.isRefused(await clientAssertion.ask(assertionOf(client, { key: another })));
  });

  describe('§3.1: who may register', () => {
    test('no token: 401, and the challenge says no error', async () => {
      isChallenged(await tryToRegister(APP), 401, MISSING);
    });
    const refused = {
      'a made-up token': 'x',
      'a token that ends in the middle': async () => (await initialToken()).slice(0, -10),
      'a token for another audience': async () => {
        const response = await clientCredentials(clients.m2m, { resource: 'https://api.example' });
        return response.json().access_token;
      },
      'a revoked token': async () => {
        const token = await initialToken();
        await postAs(registrar, '/revoke', { token });
        return token;
      },
      'the registration access token of a client': async () => (await registered()).registration_access_token,
    };
    for (const [what, token] of Object.entries(refused)) {
      test(`${what}: 401 invalid_token`, async () => {
        const held = typeof token === 'function' ? await token() : token;
        isChallenged(await tryToRegister(APP, { token: held }), 401, INVALID);
      });
    }
    test('a token without the scope: 403, with the scope that would do', async () => {
      const response = await clientCredentials(registrar, { scope: 'other' });
      const refused = await tryToRegister(APP, { token: response.json().access_token });
      isChallenged(refused, 403, `${MISSING}, error="insufficient_scope", scope="jeton:register"`);
    });
    test("a token of a person's grant, whatever its scope: 403", { skip: unless.startable }, async (t) => {
      const app = { ...clients.web, scope: 'openid jeton:register' };
      const on = await startFor(t, { changes: { clients: [app, clients.login] } });
      const { access_token } = await loggedIn(app, { scope: 'openid jeton:register' }, { on });
      const refused = await tryToRegister(APP, { token: access_token, on });
      assert.equal(refused.status, 403, refused.text);
      assert.equal(refused.json().error, 'insufficient_scope');
    });
    test('a token in the query is none', async () => {
      const token = await initialToken();
      isChallenged(await json('POST', `/register?access_token=${token}`, { body: APP }), 401, MISSING);
    });
    test('an opaque token is as good', async () => {
      const client = await registered(APP, { token: await initialToken(registrarByOpaque) });
      assert.equal(client.scope, 'read');
    });
    test('§3: POST alone', async () => {
      const response = await json('GET', '/register', { token: await initialToken() });
      assert.equal(response.status, 405, response.text);
      assert.equal(response.headers.allow, 'POST, OPTIONS');
    });
  });

  describe('§3.1: what is no request', () => {
    const bodies = {
      'no JSON': '{',
      'an array': '[]',
      nothing: '',
      'a member twice': '{"client_name":"a","client_name":"b"}',
      'a member of a member twice': '{"jwks":{"keys":[],"keys":[]}}',
      'no UTF-8': Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d]),
    };
    for (const [what, body] of Object.entries(bodies)) {
      test(`${what}: 400 invalid_request`, async () => {
        isRefused(await tryToRegister(body, { token: await initialToken() }), 'invalid_request');
      });
    }
    test('a form: 415', async () => {
      const headers = { 'content-type': 'application/x-www-form-urlencoded' };
      const response = await tryToRegister('client_name=a', { token: await initialToken(), headers });
      assert.equal(response.status, 415, response.text);
    });
    test('metadata of more than 16 kB: 400 invalid_client_metadata', async () => {
      const token = await initialToken();
      const frame = JSON.stringify({ ...APP, ignored: '' });
      const sized = (bytes) => frame.replace('""', `"${'x'.repeat(bytes - frame.length)}"`);
      assert.equal((await tryToRegister(sized(16384), { token })).status, 201);
      isRefused(await tryToRegister(sized(16385), { token }), 'invalid_client_metadata');
    });
  });

  describe('§3.2.2: a refusal names the member', () => {
    const METADATA = 'invalid_client_metadata';
    const REDIRECT = 'invalid_redirect_uri';
    const statement = (claims) =>
      `${Buffer.from('{"alg":"ES256"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.c2ln`;
    const { d: _, ...publicJwk } = keyOf('ES256', 'registered').jwk;
    const rows = [
      [{ redirect_uris: undefined }, REDIRECT, 'redirect_uris'],
      [{ redirect_uris: 'https://new.example/cb' }, REDIRECT, 'redirect_uris'],
      [{ redirect_uris: [null] }, REDIRECT, 'redirect_uris'],
      [{ redirect_uris: { 0: 'https://new.example/cb' } }, REDIRECT, 'redirect_uris'],
      [{ redirect_uris: ['https://new.example/cb', 'https://new.example/cb'] }, REDIRECT, 'redirect_uris'],
      [{ redirect_uris: ['https://new.example/cb#x'] }, REDIRECT, 'redirect_uris'],
      [{ redirect_uris: ['http://new.example/cb'] }, REDIRECT, 'redirect_uris'],
      [{ redirect_uris: ['javascript:alert(1)'] }, REDIRECT, 'redirect_uris'],
      [{ redirect_uris: ['com.example.app:/cb'], application_type: 'web' }, REDIRECT, 'redirect_uris'],
      [{ redirect_uris: ['http://app.localhost/cb'], application_type: 'native' }, REDIRECT, 'redirect_uris'],
      [{ application_type: 'service' }, METADATA, 'application_type'],
      [{ token_endpoint_auth_method: 'client_secret_jwt' }, METADATA, 'token_endpoint_auth_method'],
      [{ token_endpoint_auth_method: 'private_key_jwt' }, METADATA, 'token_endpoint_auth_method'],
      [{ token_endpoint_auth_method: 'federated_jwt' }, METADATA, 'token_endpoint_auth_method'],
      [{ grant_types: ['implicit'] }, METADATA, 'grant_types'],
      [{ grant_types: ['urn:ietf:params:oauth:grant-type:device_code'] }, METADATA, 'grant_types'],
      [{ grant_types: ['client_credentials'] }, METADATA, 'token_endpoint_auth_method'],
      [{ response_types: ['token'] }, METADATA, 'response_types'],
      [{ response_types: ['code', 'id_token'] }, METADATA, 'response_types'],
      [{ grant_types: ['refresh_token'], response_types: ['code'] }, METADATA, 'response_types'],
      [{ scope: 'admin jeton:clients' }, METADATA, 'scope'],
      [{ scope: 'a"b' }, METADATA, 'scope'],
      [{ scope: ['openid'] }, METADATA, 'scope'],
      [{ client_name: 'a\u202eb' }, METADATA, 'client_name'],
      [{ client_name: '\u200b\u2060\ufeff' }, METADATA, 'client_name'],
      [{ 'client_name#ko': '\u3164' }, METADATA, 'client_name'],
      [{ 'client_name#de': 7 }, METADATA, 'client_name'],
      [{ client_uri: 'http://new.example' }, METADATA, 'client_uri'],
      [{ logo_uri: 'data:image/svg+xml,x' }, METADATA, 'logo_uri'],
      [{ 'logo_uri#de': 'http://new.example/logo.png' }, METADATA, 'logo_uri'],
      [{ policy_uri: 'javascript:alert(1)' }, METADATA, 'policy_uri'],
      [{ tos_uri: 'https://user@new.example' }, METADATA, 'tos_uri'],
      [{ contacts: ['a', 7] }, METADATA, 'contacts'],
      [{ jwks_uri: 'http://new.example/jwks' }, METADATA, 'jwks_uri'],
      [{ jwks_uri: `${ISSUER}/.well-known/jwks.json` }, METADATA, 'jwks_uri'],
      [{ jwks: { keys: [] }, jwks_uri: 'https://new.example/jwks' }, METADATA, 'jwks'],
      [{ jwks: { keys: [{ ...publicJwk, d: 'jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI' }] } }, METADATA, 'jwks'],
      [{ id_token_signed_response_alg: 'none' }, METADATA, 'id_token_signed_response_alg'],
      [{ post_logout_redirect_uris: ['javascript:alert(1)'] }, METADATA, 'post_logout_redirect_uris'],
      [{ dpop_bound_access_tokens: true }, METADATA, 'dpop_bound_access_tokens'],
      [{ subject_type: 'ppid' }, METADATA, 'subject_type'],
      [{ software_statement: 'x' }, 'invalid_software_statement', 'software_statement'],
      [{ software_statement: statement({ iss: 'https://a' }) }, 'unapproved_software_statement', 'software_statement'],
    ];
    for (const [members, error, member] of rows) {
      // The mock reaches nobody, so that any address of keys will do.
      const skip = members.jwks_uri && !members.jwks && unless.fetching;
      test(`${JSON.stringify(members)}: ${error}`, { skip }, async () => {
        const response = await tryToRegister({ ...APP, ...members }, { token: await initialToken() });
        isRefused(response, error, member);
      });
    }
    test('nothing is registered of what is refused, and it does not count', async () => {
      const token = await initialToken(registrarOfThree);
      for (let n = 0; n < 5; n++) isRefused(await tryToRegister({}, { token }), REDIRECT);
      for (let n = 0; n < 3; n++) await registered(APP, { token });
    });
  });

  test('OpenID RP Metadata Choices: a method that is supported, in the place of one that is not', async () => {
    const client = await registered({
      ...APP,
      token_endpoint_auth_method: 'tls_client_auth',
      token_endpoint_auth_methods_supported: ['client_secret_jwt', 'none', 'client_secret_basic'],
    });
    assert.equal(client.token_endpoint_auth_method, 'none');
    assert.equal(client.token_endpoint_auth_methods_supported, undefined);
  });

  describe('§5: no privilege by metadata', () => {
    const members = {
      client_id: 'm2m',
      client_secret: 'chosen',
      client_secrets: [{ sha256: 'lo9H2tHmb1HI0bcuRKLMXtLUaZuu3ClUDR0Ysk9wxzM' }],
      client_secret_expires_at: 1,
      client_id_issued_at: 1,
      client_expires_at: 9_999_999_999,
      registration: { tokens: [], ceiling: { scope: 'admin' } },
      registration_ceiling: { scope: 'admin' },
      registration_access_token: 'chosen',
      registration_client_uri: 'https://evil.example',
      login: true,
      first_party: true,
      disabled: true,
      labels: { team: 'admins' },
      audiences: ['https://bank.example'],
      apis: [{ identifier: 'https://bank.example', scope: 'pay' }],
      client_claims: { role: 'admin' },
      access_token_claims: ['groups'],
      id_token_claims: ['groups'],
      userinfo_claims: ['groups'],
      access_token_lifetime: 1_000_000,
      access_token_format: 'opaque',
      access_token_signed_response_alg: 'EdDSA',
      refresh_token_lifetime: 300_000_000,
      refresh_token_rotation: false,
      refresh_token_delivery: 'cookie',
      offline_access_required: false,
      renew_claims: true,
      require_pkce: false,
      allowed_origins: ['https://evil.example'],
      any_private_use_scheme: true,
      localhost_is_loopback: true,
      token_endpoint_is_audience: true,
      from_the_future: 1,
      'scope#de': 'admin',
    };
    test("members that are not the client's to decide, and unknown ones, do nothing and are not told", async () => {
      const [plain, greedy] = [await registered(MACHINE), await registered({ ...MACHINE, ...members })];
      assert.deepEqual(chosen(greedy), chosen(plain));
      assert.notEqual(greedy.client_id, 'm2m');
      assert.notEqual(greedy.client_secret, 'chosen');
      const { payload } = await isToken(await clientCredentials(greedy));
      assert.equal(payload.exp - payload.iat, 3600);
      assert.equal(payload.role, undefined);
      assert.equal(payload.scope, SCOPE);
      isError(await clientCredentials(greedy, { resource: 'https://bank.example' }), 400, 'invalid_target');
      isError(await clientCredentials(greedy, { scope: 'admin' }), 400, 'invalid_scope');
      for (const path of ['/authorize/request', '/revoke_grants']) {
        const response = await postAs(greedy, path, { request: 'x', subject: 'alice' });
        isError(response, 403, 'unauthorized_client');
      }
    });
    test('the scope is narrowed to the ceiling, and told', async () => {
      const scope = 'openid read admin jeton:clients jeton:register';
      const client = await registered({ ...MACHINE, scope });
      assert.equal(client.scope, 'openid read');
      isError(await clientCredentials(client, { scope: 'jeton:register' }), 400, 'invalid_scope');
    });
    test('a client that registered itself registers nobody', async () => {
      const client = await registered({ ...MACHINE, scope: 'read' });
      const token = (await clientCredentials(client)).json().access_token;
      assert.equal((await tryToRegister(APP, { token })).status, 403);
    });
    test('without a ceiling: logins and their scopes, and no more', async () => {
      const token = await initialToken(plainRegistrar);
      const client = await registered({ ...APP, grant_types: ['authorization_code', 'refresh_token'] }, { token });
      assert.equal(client.scope, 'openid profile email offline_access');
      assert.equal(client.apis, undefined);
      isRefused(await tryToRegister(MACHINE, { token }), 'invalid_client_metadata', 'grant_types');
    });
  });

  test('many at once, by whatever tokens, never register more than the client may in a day', async () => {
    const tokens = await Promise.all(Array.from({ length: 5 }, () => initialToken(registrarOfThreeAtOnce)));
    const all = await Promise.all(tokens.flatMap((token) => Array(10).fill(token)).map(registerBy));
    const made = all.filter(({ status }) => status === 201);
    assert.equal(made.length, 3, all.map(({ status }) => status).join());
    const refused = all.filter(({ status }) => status !== 201);
    for (const response of [...refused, await registerBy(await initialToken(registrarOfThreeAtOnce))]) {
      assert.equal(response.status, 429, response.text);
      assert.equal(response.json().error, 'temporarily_unavailable');
      assert.equal(response.headers['retry-after'], '3600');
    }
  });

  test('a client lives as long as the ceiling says, and is then as if it did not exist', async () => {
    const client = await registered(MACHINE, { token: await initialToken(registrarOfMayflies) });
    assert.ok(client.client_expires_at - now() <= 2);
    assert.equal(client.client_secret_expires_at, client.client_expires_at);
    await isToken(await clientCredentials(client));
    await sleep(2100);
    isError(await clientCredentials(client), 401, 'invalid_client');
    isChallenged(
      await json('GET', `/register/${client.client_id}`, { token: client.registration_access_token }),
      401,
      INVALID,
    );
  });

  test('the token says its ceiling, and a ceiling that was lowered since holds', {
    skip: unless.startable,
  }, async (t) => {
    const token = await initialToken();
    const claims = claimsOf(token);
    assert.deepEqual(claims.registration.scope, SCOPE);
    const other = (await clientCredentials(registrar, { scope: 'other' })).json().access_token;
    assert.equal(claimsOf(other).registration, undefined);
    const lowered = { ...registrar, registration_ceiling: { scope: 'openid', grant_types: ['authorization_code'] } };
    const on = await startFor(t, { changes: { clients: [lowered] } });
    const client = await registered(APP, { token, on });
    assert.equal(client.scope, 'openid');
    isRefused(await tryToRegister(MACHINE, { token, on }), 'invalid_client_metadata', 'grant_types');
  });

  test('a page of another origin may register, and read what it is told', async () => {
    const { url } = await host();
    const origin = 'https://any.example';
    const headers = {
      origin,
      'access-control-request-method': 'POST',
      'access-control-request-headers': 'authorization,content-type',
    };
    const preflight = await send(url, { method: 'OPTIONS', path: '/register', headers });
    assert.ok(letsThrough(preflight, { origin, method: 'POST', names: ['authorization', 'content-type'] }));
    const token = await initialToken();
    for (const body of [APP, {}]) {
      const response = await tryToRegister(body, { token, headers: { origin } });
      assert.ok(canRead(response, origin), `${response.status}`);
    }
  });

  test('the metadata names the endpoint', async () => {
    for (const path of ['/.well-known/oauth-authorization-server', '/.well-known/openid-configuration']) {
      assert.equal((await get(path)).json().registration_endpoint, `${ISSUER}/register`);
    }
  });
});

describe('open registration', { skip: unless.startable }, () => {
  test('only where it is configured, with its ceiling and an end', async (t) => {
    const ceiling = { scope: 'openid read', client_lifetime: 3600, count: 5 };
    const on = await startFor(t, { changes: { JETON_REGISTRATION: JSON.stringify(ceiling) } });
    const client = await registered(APP, { token: null, on });
    assert.equal(client.scope, 'openid read');
    assert.ok(Math.abs(client.client_expires_at - now() - 3600) < 10);
    const tokens = await loggedIn(client, { scope: 'openid read' }, { on });
    assert.equal(tokens.scope, 'openid read');
    isRefused(await tryToRegister(MACHINE, { on }), 'invalid_client_metadata', 'grant_types');
    // Whoever sends a token means it.
    isChallenged(await tryToRegister(APP, { token: random(), on }), 401, INVALID);
    const more = await registered(APP, { token: await initialToken(registrar, { on }), on });
    assert.equal(more.scope, SCOPE);
    assert.equal(more.client_expires_at, undefined);
  });

  test('as many clients as one network may register in a day, and then 429', async (t) => {
    const on = await startFor(t, { changes: { JETON_REGISTRATION: '{"count":3}' } });
    const all = await Promise.all(Array.from({ length: 20 }, () => tryToRegister(APP, { on, headers: OF_CLOUDFLARE })));
    const made = all.filter(({ status }) => status === 201).length;
    assert.equal(made, 3);
    for (const refused of all.filter(({ status }) => status !== 201)) {
      assert.equal(refused.status, 429, refused.text);
      assert.equal(refused.json().error, 'temporarily_unavailable');
      assert.equal(refused.headers['retry-after'], '3600');
    }
  });

  test('a mistake in the ceiling is named at the start', async () => {
    const check = async (value, part) => assert.match(await refusal({ JETON_REGISTRATION: value }), part);
    await check('true', /JETON_REGISTRATION/);
    await check('{"scope":"jeton:clients"}', /JETON_REGISTRATION.*jeton:/s);
  });
});

describe('APIs of clients that registered themselves', { skip: unless.startable }, () => {
  test('what is in the ceiling, of APIs that admit such clients', async (t) => {
    const both = [ORDERS, LEDGER].map(({ identifier }) => ({ identifier, scope: 'orders:read ledger:read' }));
    const own = {
      ...registrar,
      registration_ceiling: { scope: 'read', apis: both, grant_types: ['client_credentials'] },
    };
    const on = await startFor(t, { changes: { clients: [own], JETON_APIS: JSON.stringify([ORDERS, LEDGER]) } });
    const client = await registered(MACHINE, { on });
    assert.equal(client.scope, 'read orders:read ledger:read');
    assert.deepEqual(client.apis, both);
    const narrow = await registered({ ...MACHINE, scope: 'orders:read' }, { on });
    assert.equal(narrow.scope, 'orders:read');
    const { payload: said } = await isToken(
      await clientCredentials(narrow, {}, { on }),
      { audience: ORDERS.identifier },
      on,
    );
    assert.equal(said.scope, 'orders:read');
    const asked = (form) => clientCredentials(client, form, { on });
    const audience = ORDERS.identifier;
    const { payload } = await isToken(await asked({ resource: audience, scope: 'orders:read' }), { audience }, on);
    assert.equal(payload.scope, 'orders:read');
    isError(await asked({ resource: LEDGER.identifier }), 400, 'invalid_target');
    isError(await asked({ resource: audience, scope: 'orders:write' }), 400, 'invalid_scope');
  });
});

describe('the log of registration', { skip: unless.startable }, () => {
  test('says who registered which client by which token, and nothing of what was sent', async (t) => {
    const on = await startFor(t);
    const token = await initialToken(registrar, { on });
    const mark = `mark-${random()}`;
    const metadata = { ...APP, client_name: mark, client_uri: `https://${mark.toLowerCase()}.example`, [mark]: mark };
    const client = await registered(metadata, { token, on });
    await tryToRegister({ ...metadata, scope: `${mark}"` }, { token, on });
    await tryToRegister({ ...metadata, redirect_uris: [mark] }, { token, on });
    await json('GET', `/register/${mark}`, { token: mark, on });
    const lines = () => on.log().filter((line) => line.includes('"endpoint":"register'));
    for (let waited = 0; lines().length < 4 && waited < 5000; waited += 20) await sleep(20);
    const [made, ...refused] = lines().map((line) => JSON.parse(line));
    const { jti } = claimsOf(token);
    const { client_id, managed, status } = made;
    assert.deepEqual(
      { client_id, managed, status, jti: made.jti },
      { client_id: 'registrar', managed: `client "${client.client_id}"`, status: 201, jti },
    );
    assert.deepEqual(
      refused.map((line) => [line.status, line.error]),
      [
        [400, 'invalid_client_metadata'],
        [400, 'invalid_redirect_uri'],
        [401, 'invalid_token'],
      ],
    );
    const all = on.log().join('\n').toLowerCase();
    assert.ok(!all.includes(mark.toLowerCase()), all);
  });
});
