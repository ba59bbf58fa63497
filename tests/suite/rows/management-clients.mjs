// Clients, by the management interface: what they may have, what becomes of it, and when.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError, isToken } from '../support/check.mjs';
import { clients } from '../support/fixtures.mjs';
import {
  authorize,
  codeFor,
  exchange,
  introspect,
  loggedIn,
  now,
  OFFLINE,
  postAs,
  refresh,
  requestOf,
  sleep,
  userinfo,
} from '../support/flow.mjs';
import { DEVICE_GRANT } from '../support/grant-clients.mjs';
import { keyOf } from '../support/jws.mjs';
import { etagOf, isForbidden, isRefused, machine, made, management, newId, succeeded } from '../support/management.mjs';
import { clientCredentials, startFor, unless } from '../support/target.mjs';
import { Browser } from '../support/user-agent.mjs';

const { api } = clients;
const jwks = { keys: [keyOf('ES256', 'managed').jwk] };
const application = (more = {}) => ({
  redirect_uris: ['https://app.example/cb'],
  grant_types: ['authorization_code', 'refresh_token', 'client_credentials', DEVICE_GRANT],
  scope: OFFLINE.scope,
  audiences: ['https://api.example'],
  ...more,
});

describe('a client that is made', { concurrency: 8 }, () => {
  test('its id and its secret are made by the server, each once', async () => {
    const by = await management();
    const [one, other] = [await made(by), await made(by)];
    for (const { client_id, client_secret } of [one, other]) {
      assert.match(client_id, /^jc_[\w-]{40}$/);
      assert.match(client_secret, /^jcs_[\w-]{49}$/);
    }
    assert.notEqual(one.client_id, other.client_id);
    assert.notEqual(one.client_secret, other.client_secret);
  });

  test('it works at once, again and again', async () => {
    const by = await management();
    const client = await made(by);
    for (let n = 0; n < 4; n += 1) {
      const { payload } = await isToken(await clientCredentials(client), { audience: 'https://api.example' });
      assert.equal(payload.sub, client.client_id);
      assert.equal(payload.scope, 'read write');
    }
    isError(await clientCredentials({ ...client, client_secret: `${client.client_secret}x` }), 401, 'invalid_client');
  });

  test('it logs people in, connects devices and introspects', async () => {
    const by = await management();
    const client = await made(by, application());
    const tokens = await loggedIn(client);
    assert.equal((await userinfo(tokens.access_token)).status, 200);
    assert.equal((await introspect(client, tokens.access_token)).json().active, true);
    assert.equal((await postAs(client, '/device_authorization', {})).status, 200);
  });

  const METHODS = [
    [{}, true],
    [{ token_endpoint_auth_method: 'client_secret_basic' }, true],
    [{ token_endpoint_auth_method: 'client_secret_post' }, true],
    [{ token_endpoint_auth_method: 'none', redirect_uris: ['https://a.example/cb'], grant_types: undefined }, false],
    [{ token_endpoint_auth_method: 'private_key_jwt', jwks }, false],
    [{ token_endpoint_auth_method: 'federated_jwt' }, false],
    [{ token_endpoint_auth_method: 'spiffe_jwt' }, false],
  ];
  for (const [more, hasSecret] of METHODS) {
    const method = more.token_endpoint_auth_method ?? 'none named';
    test(`token_endpoint_auth_method ${method}: ${hasSecret ? 'a secret, shown once' : 'no secret'}`, async () => {
      const by = await management();
      const made = await by.clients.create(machine(more));
      const { client_id, client_secret } = succeeded(made, 201);
      assert.equal(client_secret !== undefined, hasSecret);
      const answers = [
        await by.clients.read(client_id),
        await by.clients.patch(client_id, { client_name: 'x' }),
        await by.clients.replace(client_id, { ...machine(more), client_id }, '*'),
        await by.clients.list({ after: client_id.slice(0, -1) }),
      ];
      for (const response of answers) {
        assert.equal(response.status, 200, response.text);
        assert.doesNotMatch(response.text, /secret"|sha256|jcs_/);
      }
      if (hasSecret && method !== 'client_secret_post') {
        await isToken(await clientCredentials({ client_id, client_secret }));
      }
    });
  }

  test('what it is made with is what it has', async () => {
    const by = await management();
    const document = application({
      client_name: 'Everything',
      'client_name#de': 'Alles',
      client_uri: 'https://app.example',
      token_endpoint_auth_method: 'client_secret_basic',
      contacts: ['ops@app.example'],
      logo_uri: 'https://app.example/logo',
      tos_uri: 'https://app.example/tos',
      policy_uri: 'https://app.example/policy',
      software_id: '4711',
      software_version: '1.2',
      apis: [{ identifier: 'https://somewhere.example', scope: 'a b' }],
      access_token_lifetime: 300,
      access_token_format: 'opaque',
      access_token_signed_response_alg: 'ES256',
      id_token_signed_response_alg: 'ES256',
      post_logout_redirect_uris: ['https://app.example/bye'],
      any_private_use_scheme: true,
      localhost_is_loopback: true,
      require_pkce: false,
      refresh_token_rotation: false,
      refresh_token_grace: 0,
      refresh_token_idle_lifetime: 60,
      refresh_token_lifetime: 120,
      offline_access_required: false,
      renew_claims: false,
      allowed_origins: ['https://app.example'],
      refresh_token_delivery: 'body',
      id_token_claims: ['email'],
      access_token_claims: ['roles'],
      userinfo_claims: ['name'],
      client_claims: { tenant: 'blue', deep: { a: [1, null, true] } },
      labels: { team: 'a', 'cost-center': '7', longest: `${'ä'.repeat(127)}a` },
      client_expires_at: now() + 3600,
      first_party: true,
      disabled: false,
    });
    const { client_id, client_secret, client_secret_expires_at, ...answer } = await made(by, document);
    const { client_id_issued_at, ...record } = answer;
    assert.deepEqual(record, document);
    assert.equal(client_secret_expires_at, 0, 'RFC 7591 §3.2.1: never');
    assert.ok(Math.abs(client_id_issued_at - now()) < 10);
    assert.deepEqual(succeeded(await by.clients.read(client_id)), { ...document, client_id, client_id_issued_at });
  });
});

/** What no client may be: `[member, document, error]`. */
const INVALID = [
  ['client_id', { client_id: '' }],
  ['client_id', { client_id: 'ä' }],
  ['client_id', { client_id: 'x'.repeat(256) }],
  ['client_id', { client_id: 7 }],
  ['client_id', { client_id: '.' }],
  ['client_id', { client_id: '..' }],
  ['client_name', { client_name: 7 }],
  ['client_uri', { client_uri: ['https://a.example'] }],
  ['client_secret', { client_secret: 'k3s9QhT2mVx8ZpL5wRb7NcD4fGj6Hy1A' }],
  ['client_secret_expires_at', { client_secret_expires_at: 0 }],
  ['client_secrets', { client_secrets: [{ sha256: 'lo9H2tHmb1HI0bcuRKLMXtLUaZuu3ClUDR0Ysk9wxzM' }] }],
  ['token_endpoint_auth_method', { token_endpoint_auth_method: 'client_secret_jwt' }],
  ['token_endpoint_auth_method', { token_endpoint_auth_method: 'tls_client_auth' }],
  ['token_endpoint_auth_method', { token_endpoint_auth_method: 7 }],
  ['jwks', { token_endpoint_auth_method: 'private_key_jwt' }],
  ['jwks', { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [] } }],
  ['jwks', { token_endpoint_auth_method: 'private_key_jwt', jwks: { keys: [{ kty: 'oct', k: 'AAAA' }] } }],
  ['jwks', { token_endpoint_auth_method: 'private_key_jwt', jwks: [] }],
  ['jwks_uri', { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: 'http://a.example/jwks' }],
  [
    'token_endpoint_auth_signing_alg',
    { token_endpoint_auth_method: 'private_key_jwt', jwks, token_endpoint_auth_signing_alg: 'none' },
  ],
  [
    'client_assertion_lifetime',
    { token_endpoint_auth_method: 'private_key_jwt', jwks, client_assertion_lifetime: 9999 },
  ],
  ['grant_types', { grant_types: ['password'] }],
  ['grant_types', { grant_types: 'client_credentials' }],
  ['grant_types', { grant_types: [null] }],
  ['grant_types', { grant_types: Array(1001).fill('client_credentials') }],
  ['scope', { scope: 'read "write"' }],
  ['scope', { scope: ['read'] }],
  ['audiences', { audiences: [''] }],
  ['audiences', { audiences: 'https://api.example' }],
  ['audiences', { audiences: [['https://api.example']] }],
  ['apis', { apis: { identifier: 'https://a.example' } }],
  ['apis', { apis: [{ scope: 'a' }] }],
  ['apis', { apis: [{ identifier: '', scope: 'a' }] }],
  ['apis', { apis: [{ identifier: 'https://a.example', scope: '"' }] }],
  ['apis', { apis: [{ identifier: 'https://a.example', scope: 'a', scopes: 'b' }] }],
  [
    'apis',
    {
      apis: [
        { identifier: 'https://a.example', scope: 'a' },
        { identifier: 'https://a.example', scope: 'b' },
      ],
    },
  ],
  ['access_token_lifetime', { access_token_lifetime: 0 }],
  ['access_token_lifetime', { access_token_lifetime: 30 * 24 * 3600 }],
  ['access_token_lifetime', { access_token_lifetime: '60' }],
  ['access_token_lifetime', { access_token_lifetime: 1.5 }],
  ['access_token_lifetime', { access_token_lifetime: -1 }],
  ['access_token_format', { access_token_format: 'paseto' }],
  ['access_token_signed_response_alg', { access_token_signed_response_alg: 'HS256' }],
  ['access_token_signed_response_alg', { access_token_signed_response_alg: 'RS256' }],
  ['id_token_signed_response_alg', { id_token_signed_response_alg: 'none' }],
  ['id_token_signed_response_alg', { id_token_signed_response_alg: 'EdDSA' }],
  ['require_pkce', { token_endpoint_auth_method: 'none', grant_types: [], require_pkce: false }],
  ['require_pkce', { require_pkce: 'true' }],
  ['refresh_token_rotation', { token_endpoint_auth_method: 'none', grant_types: [], refresh_token_rotation: false }],
  ['refresh_token_lifetime', { refresh_token_lifetime: 0 }],
  ['refresh_token_idle_lifetime', { refresh_token_idle_lifetime: 1e12 }],
  ['refresh_token_grace', { refresh_token_grace: 301 }],
  ['refresh_token_delivery', { refresh_token_delivery: 'header' }],
  ['refresh_token_delivery', { refresh_token_delivery: 'cookie' }],
  ['renew_claims', { renew_claims: 'yes' }],
  ['renew_claims', { renew_claims: true, refresh_token_rotation: false }],
  ['allowed_origins', { allowed_origins: ['https://*.example'] }],
  ['allowed_origins', { allowed_origins: ['https://a.example/'] }],
  ['allowed_origins', { allowed_origins: ['capacitor://localhost'], refresh_token_delivery: 'cookie' }],
  ['id_token_claims', { id_token_claims: ['iss'] }],
  ['access_token_claims', { access_token_claims: [7] }],
  ['userinfo_claims', { userinfo_claims: 'name' }],
  ['client_claims', { client_claims: { sub: 'x' } }],
  ['client_claims', { client_claims: ['x'] }],
  ['client_claims', { client_claims: { big: 'x'.repeat(5000) } }],
  ['labels', { labels: ['a'] }],
  ['labels', { labels: { team: 7 } }],
  ['labels', { labels: { team: null } }],
  ['labels', { labels: { team: 'ä'.repeat(128) } }],
  ['client_expires_at', { client_expires_at: 'tomorrow' }],
  ['client_expires_at', { client_expires_at: -1 }],
  ['login', { login: true }],
  ['disabled', { disabled: 'no' }],
  ['first_party', { first_party: 'yes' }],
  ['registration', { registration: { tokens: [] } }],
  ['dpop_bound_access_tokens', { dpop_bound_access_tokens: true }],
  ['require_pushed_authorization_requests', { require_pushed_authorization_requests: true }],
  ['subject_type', { subject_type: 'ppid' }],
  ['sector_identifier_uri', { subject_type: 'pairwise' }],
  ['sector_identifier_uri', { sector_identifier_uri: 'https://app.example/sector' }],
  ['default_max_age', { default_max_age: 60 }],
  ["'audience'", { audience: 'https://api.example' }],
  ["'Scope'", { Scope: 'read' }],
  ['deleted_at', { deleted_at: 1 }],
];

/** What no redirect URI may be. */
const REDIRECTS = [
  'here',
  '/cb',
  'http://app.example/cb',
  'https://app.example/cb#part',
  'https://APP.example/cb',
  'https://user@app.example/cb',
  'https://app.example\\cb',
  'javascript:alert(1)',
  'data:text/html,x',
  'cursor://app/cb',
  '',
];

describe('what no client may be', { concurrency: 8 }, () => {
  for (const [member, more] of INVALID) {
    test(`${JSON.stringify(more).slice(0, 90)}: invalid_client_metadata, and it says which member`, async () => {
      const by = await management();
      const client_id = newId();
      isRefused(await by.clients.create({ ...machine(), client_id, ...more }), 400, 'invalid_client_metadata', member);
      if ('client_id' in more) return;
      isRefused(
        await by.clients.put(client_id, { ...machine(), client_id, ...more }),
        400,
        'invalid_client_metadata',
        member,
      );
      isRefused(await by.clients.read(client_id), 404, 'not_found');
    });
  }

  for (const uri of REDIRECTS) {
    test(`a redirect URI ${JSON.stringify(uri)}: invalid_redirect_uri`, async () => {
      const by = await management();
      const refused = await by.clients.create(application({ redirect_uris: ['https://app.example/cb', uri] }));
      isRefused(refused, 400, 'invalid_redirect_uri', 'redirect_uris');
      const after = await by.clients.create(application({ post_logout_redirect_uris: [uri] }));
      isRefused(after, 400, 'invalid_redirect_uri', 'post_logout_redirect_uris');
    });
  }

  test('a client of the grant authorization_code without a redirect URI: invalid_redirect_uri', async () => {
    const by = await management();
    for (const redirect_uris of [undefined, []]) {
      const refused = await by.clients.create(application({ redirect_uris }));
      isRefused(refused, 400, 'invalid_redirect_uri', 'redirect_uris');
    }
  });

  test('a patch is judged by what it leaves', async () => {
    const by = await management();
    const { client_id } = await made(by, application());
    const etag = etagOf(await by.clients.read(client_id));
    for (const [changes, member, error = 'invalid_client_metadata'] of [
      [{ redirect_uris: null }, 'redirect_uris', 'invalid_redirect_uri'],
      [{ redirect_uris: ['http://a.example/'] }, 'redirect_uris', 'invalid_redirect_uri'],
      [{ token_endpoint_auth_method: 'private_key_jwt' }, 'jwks'],
      [{ refresh_token_delivery: 'cookie' }, 'refresh_token_delivery'],
      [{ client_secrets: [] }, 'client_secrets'],
      [{ client_secret: 'k3s9QhT2mVx8ZpL5wRb7NcD4fGj6Hy1A' }, 'client_secret'],
      [{ login: true }, 'login'],
      [{ labels: { a: 1 } }, 'labels'],
    ]) {
      isRefused(await by.clients.patch(client_id, changes), 400, error, member);
    }
    assert.equal(etagOf(await by.clients.read(client_id)), etag);
  });
});

/** RFC 7396, Appendix A: the original, the patch, and what comes of it. A member that is gone is `undefined`. */
const MERGES = [
  [{ a: 'b' }, { a: 'c' }, { a: 'c' }],
  [{ a: 'b' }, { b: 'c' }, { a: 'b', b: 'c' }],
  [{ a: 'b' }, { a: null }, {}],
  [{ a: 'b', b: 'c' }, { a: null }, { b: 'c' }],
  [{ a: ['b'] }, { a: 'c' }, { a: 'c' }],
  [{ a: 'c' }, { a: ['b'] }, { a: ['b'] }],
  [{ a: { b: 'c' } }, { a: { b: 'd', c: null } }, { a: { b: 'd' } }],
  [{ a: [{ b: 'c' }] }, { a: [1] }, { a: [1] }],
  [
    ['a', 'b'],
    ['c', 'd'],
    ['c', 'd'],
  ],
  [{ a: 'b' }, ['c'], ['c']],
  [{ a: 'foo' }, null, undefined],
  [{ a: 'foo' }, 'bar', 'bar'],
  [{ e: null }, { a: 1 }, { e: null, a: 1 }],
  [[1, 2], { a: 'b', c: null }, { a: 'b' }],
  [{}, { a: { bb: { ccc: null } } }, { a: { bb: {} } }],
];

describe('a client that is patched', { concurrency: 8 }, () => {
  for (const [original, patch, result] of MERGES) {
    const name = `${JSON.stringify(original)} and ${JSON.stringify(patch)}`;
    test(`RFC 7396, Appendix A: ${name}: ${JSON.stringify(result) ?? 'nothing'}`, async () => {
      const by = await management();
      const { client_id } = await made(by, machine({ client_claims: { v: original, kept: 1 } }));
      const patched = succeeded(await by.clients.patch(client_id, { client_claims: { v: patch } }));
      const expected = { ...(result !== undefined && { v: result }), kept: 1 };
      assert.deepEqual(patched.client_claims, expected);
      assert.deepEqual(succeeded(await by.clients.read(client_id)).client_claims, expected);
    });
  }

  test('RFC 7396 §2: null removes, objects merge, lists and texts are replaced', async () => {
    const by = await management();
    const document = machine({ labels: { a: '1', b: '2' }, client_name: 'Here' });
    const { client_id, client_secret, client_id_issued_at } = await made(by, document);
    const patched = await by.clients.patch(client_id, {
      client_name: null,
      labels: { a: null, c: '3' },
      audiences: ['https://other.example'],
      scope: 'write',
    });
    assert.deepEqual(succeeded(patched), {
      client_id,
      client_id_issued_at,
      grant_types: ['client_credentials'],
      scope: 'write',
      audiences: ['https://other.example'],
      labels: { b: '2', c: '3' },
    });
    const { payload } = await isToken(await clientCredentials({ client_id, client_secret }));
    assert.equal(payload.scope, 'write', 'and it has its secret still');
    assert.equal(succeeded(await by.clients.patch(client_id, { labels: null })).labels, undefined);
  });

  test('PUT and PATCH leave its secrets as they are', async () => {
    const by = await management();
    const client = await made(by);
    const { client_id } = client;
    succeeded(await by.clients.replace(client_id, { ...machine({ scope: 'read' }), client_id }, '*'));
    await isToken(await clientCredentials(client));
    succeeded(await by.clients.patch(client_id, { scope: 'read write' }));
    await isToken(await clientCredentials(client));
  });

  test('a hundred increments of a label by two who read and write: none is lost', async () => {
    const by = await management();
    const { client_id } = await made(by, machine({ labels: { count: '0' } }));
    let refusals = 0;
    // Each leaves its name: two who write the very same have both written it.
    const writer = async (name) => {
      for (let written = 0; written < 50; ) {
        const response = await by.clients.read(client_id);
        const document = succeeded(response);
        document.labels = { count: String(Number(document.labels.count) + 1), by: name };
        const answer = await by.clients.replace(client_id, document, etagOf(response));
        if (answer.status === 200) written += 1;
        else {
          isRefused(answer, 412, 'precondition_failed');
          refusals += 1;
        }
      }
    };
    await Promise.all([writer('one'), writer('other')]);
    assert.equal(succeeded(await by.clients.read(client_id)).labels.count, '100');
    assert.ok(refusals > 0, 'they never met');
  });

  test('forty patches of different members at once: each is there', async () => {
    const by = await management();
    const { client_id } = await made(by);
    const names = Array.from({ length: 40 }, (_, n) => `l${n}`);
    for (let n = 0; n < names.length; n += 4) {
      const some = names.slice(n, n + 4).map((name) => by.clients.patch(client_id, { labels: { [name]: 'x' } }));
      for (const response of await Promise.all(some)) succeeded(response);
    }
    const { labels } = succeeded(await by.clients.read(client_id));
    assert.deepEqual(Object.keys(labels).sort(), names.sort());
  });
});

describe('clients of the configuration', { skip: unless.configured }, () => {
  test('they are neither listed nor changed: 409 already_exists', async () => {
    const by = await management();
    for (const { client_id } of [clients.m2m, clients.manager, clients.odd, clients.disabledClient]) {
      const document = machine({ client_id });
      isRefused(await by.clients.create(document), 409, 'already_exists');
      isRefused(await by.clients.put(client_id, document), 409, 'already_exists');
      isRefused(await by.clients.replace(client_id, document, '*'), 409, 'already_exists');
      isRefused(await by.clients.patch(client_id, { scope: 'read' }), 409, 'already_exists');
      isRefused(await by.clients.remove(client_id), 409, 'already_exists');
    }
    await isToken(await clientCredentials(clients.m2m));
  });
});

describe('nobody gives what they do not have', { concurrency: 8 }, () => {
  /** Whoever may write clients, and read nothing else. */
  const limited = () => management({ scope: 'jeton:clients read' });

  for (const scope of ['jeton:apis', 'jeton:trust', 'jeton:grants', 'jeton:register', 'jeton:clients:read', 'jeton:']) {
    test(`${scope}: not to a client that is made`, async () => {
      const by = await limited();
      const client_id = newId();
      const document = machine({ client_id, scope: `read ${scope}` });
      isForbidden(await by.clients.create(document), scope);
      isForbidden(await by.clients.put(client_id, document), scope);
      isRefused(await by.clients.read(client_id), 404, 'not_found');
    });
  }

  test('not to one that is changed, however', async () => {
    const [by, full] = [await limited(), await management()];
    const { client_id } = await made(full);
    const etag = etagOf(await full.clients.read(client_id));
    isForbidden(await by.clients.patch(client_id, { scope: 'read jeton:apis' }), 'jeton:apis');
    const document = machine({ client_id, scope: 'jeton:apis' });
    isForbidden(await by.clients.replace(client_id, document, etag), 'jeton:apis');
    assert.equal(etagOf(await full.clients.read(client_id)), etag);
  });

  test('nor does anybody write a client that has it, or enable or remove it', async () => {
    const [by, full] = [await limited(), await management()];
    const powerful = machine({ scope: 'jeton:apis read', audiences: undefined });
    const { client_id } = await made(full, powerful);
    const needed = 'jeton:apis';
    isForbidden(await by.clients.patch(client_id, { client_name: 'Renamed' }), needed);
    isForbidden(await by.clients.patch(client_id, { token_endpoint_auth_method: 'private_key_jwt', jwks }), needed);
    succeeded(await full.clients.patch(client_id, { disabled: true }));
    isForbidden(await by.clients.patch(client_id, { disabled: false }), needed);
    isForbidden(await by.clients.patch(client_id, { disabled: null }), needed);
    isForbidden(await by.clients.replace(client_id, { ...powerful, client_id }, '*'), needed);
    isForbidden(await by.clients.patch(client_id, { scope: 'read' }), needed);
    isForbidden(await by.clients.remove(client_id), needed);
  });

  test('APIs give no right over this server, whatever a client names', async () => {
    const [by, full] = [await limited(), await management()];
    const identifier = `https://${newId('api')}.example`;
    succeeded(await full.apis.create({ identifier, scopes: { orders: 'Order' } }), 201);
    const client = await made(by, machine({ apis: [{ identifier, scope: 'orders jeton:apis' }] }));
    isError(await clientCredentials(client, { resource: identifier, scope: 'jeton:apis' }), 400, 'invalid_scope');
    assert.equal((await clientCredentials(client, { resource: identifier })).json().scope, 'read write orders');
    const ceiling = machine({ registration_ceiling: { scope: 'jeton:apis' } });
    isRefused(await by.clients.create(ceiling), 400, 'invalid_client_metadata', 'registration_ceiling');
  });

  test('who has it gives it', async () => {
    const by = await management({ scope: 'jeton:clients jeton:apis' });
    const client = await made(by, machine({ scope: 'jeton:apis', audiences: undefined }));
    const token = (await clientCredentials(client)).json().access_token;
    assert.equal((await management({ token })).token, token);
    succeeded(await (await management({ token })).apis.list());
  });

  test('jeton:clients is more than jeton:clients:read', async () => {
    const by = await management({ scope: 'jeton:clients' });
    await made(by, machine({ scope: 'jeton:clients' }));
  });
});

describe('a client that is removed or changed', { skip: unless.startable }, () => {
  test('what holds of it', async (t) => {
    const on = await startFor(t, { changes: { JETON_REGISTRY_MAX_AGE: '0' } });
    const by = await management({ on });
    const rows = {
      'it is dead at once, with its logins and its tokens': async () => {
        const client = await made(by, application());
        const tokens = await loggedIn(client, OFFLINE, { on });
        const login = await codeFor(client, OFFLINE, { on });
        const own = (await clientCredentials(client, {}, { on })).json().access_token;
        assert.equal((await introspect(api, own, { on })).json().active, true);
        succeeded(await by.clients.remove(client.client_id), 204);
        isError(await clientCredentials(client, {}, { on }), 401, 'invalid_client');
        isError(await refresh(client, tokens.refresh_token, {}, { on }), 401, 'invalid_client');
        isError(await exchange(client, login, {}, { on }), 401, 'invalid_client');
        assert.equal((await userinfo(tokens.access_token, { on })).status, 401);
        for (const token of [own, tokens.access_token]) {
          assert.equal((await introspect(api, token, { on })).text, '{"active":false}');
        }
        assert.equal((await authorize(new Browser({ on }), requestOf(client))).status, 400);
      },
      'its id is taken for good: another process may still issue for it': async () => {
        const client = await made(by, application({ client_id: newId() }));
        const { client_id } = client;
        succeeded(await by.clients.remove(client_id), 204);
        succeeded(await by.clients.remove(client_id), 204);
        const document = application({ client_id });
        isRefused(await by.clients.create(document), 409, 'already_exists');
        isRefused(await by.clients.put(client_id, document), 409, 'already_exists');
        isRefused(await by.clients.replace(client_id, document, '*'), 409, 'already_exists');
        isRefused(await by.clients.patch(client_id, { scope: 'read' }), 404, 'not_found');
        isError(await clientCredentials(client, {}, { on }), 401, 'invalid_client');
      },
      'what it is changed to holds for the next token, and for what was granted': async () => {
        const client = await made(by, application());
        const { refresh_token } = await loggedIn(client, { scope: 'offline_access read write' }, { on });
        succeeded(
          await by.clients.patch(client.client_id, { scope: 'offline_access read', access_token_lifetime: 77 }),
        );
        const { body } = await isToken(await clientCredentials(client, {}, { on }), {}, on);
        assert.deepEqual([body.scope, body.expires_in], ['offline_access read', 77]);
        const refreshed = (await refresh(client, refresh_token, {}, { on })).json();
        assert.deepEqual([refreshed.scope, refreshed.expires_in], ['offline_access read', 77]);
      },
      'one whose time is over is as one that is disabled': async () => {
        const client = await made(by, machine({ client_expires_at: now() + 2 }));
        const token = (await clientCredentials(client, {}, { on })).json().access_token;
        assert.equal((await introspect(api, token, { on })).json().active, true);
        await sleep(2100);
        isError(await clientCredentials(client, {}, { on }), 401, 'invalid_client');
        assert.equal((await introspect(api, token, { on })).text, '{"active":false}');
        succeeded(await by.clients.patch(client.client_id, { client_expires_at: null }));
        await isToken(await clientCredentials(client, {}, { on }), {}, on);
      },
    };
    await Promise.all(Object.entries(rows).map(([name, row]) => t.test(name, row)));
  });

  test('one that is made works where the store shows writes late, by what its id says', {
    skip: unless.late,
  }, async (t) => {
    const on = await startFor(t, { store: 'slow' });
    const by = await management({ on });
    await on.slow({ hiding: true });
    const client = await made(by);
    await isToken(await clientCredentials(client, {}, { on }), {}, on);
    // A process that has not written it knows no more than its id.
    await on.crash();
    await on.slow({ hiding: true });
    await isToken(await clientCredentials(client, {}, { on }), {}, on);
    const { client_id } = client;
    for (const other of [client_id.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')), newId()]) {
      isError(await clientCredentials({ ...client, client_id: other }, {}, { on }), 401, 'invalid_client');
    }
  });
});
