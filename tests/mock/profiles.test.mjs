// Vendors' profiles: each fact a row.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { describe, test } from 'node:test';
import { claimsOf } from '../suite/support/tokens.mjs';
import { Browser, formsOf } from './support/browser.mjs';
import { halfHash } from './support/check.mjs';
import { basic, encode, FORM, JSON_TYPE, send } from './support/http.mjs';
import { CALLBACK, challengeOf, header as headerOf, random } from './support/issuer.mjs';
import { refused, start } from './support/process.mjs';

const OPENID = '/.well-known/openid-configuration';
const OAUTH = '/.well-known/oauth-authorization-server';
const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const TENANT = '11111111-0000-4000-8000-000000000000';

const mock = await start();
const url = (path) => `${mock.issuer}${path}`;
const get = (path, headers = {}) => send(url(path), { headers });
const post = (path, form, headers = {}) =>
  send(url(path), { method: 'POST', headers: { 'content-type': FORM, ...headers }, body: encode(form) });
const MACHINE = { grant_type: 'client_credentials', client_id: 'app', client_secret: 'x' };

/** A login at the vendor’s own endpoints: the token response. */
async function login(name, { user, scope = 'openid profile email', browser = new Browser(mock), ...more } = {}) {
  const metadata = (await get(`/${name}${OPENID}`)).json();
  const verifier = random();
  const query = {
    response_type: 'code',
    client_id: 'app',
    redirect_uri: CALLBACK,
    scope,
    login_hint: user,
    code_challenge: challengeOf(verifier),
    code_challenge_method: 'S256',
    ...more,
  };
  const { arrived, response } = await browser.open(`${metadata.authorization_endpoint}?${encode(query)}`, {
    until: CALLBACK,
  });
  assert.ok(arrived, response?.text);
  assert.ok(arrived.searchParams.has('code'), arrived.href);
  const tokens = await send(metadata.token_endpoint, {
    method: 'POST',
    headers: { 'content-type': FORM, accept: JSON_TYPE },
    body: encode({
      grant_type: 'authorization_code',
      client_id: 'app',
      client_secret: 'x',
      code: arrived.searchParams.get('code'),
      redirect_uri: CALLBACK,
      code_verifier: verifier,
    }),
  });
  assert.equal(tokens.status, 200, tokens.text);
  return { metadata, browser, ...tokens.json() };
}

/** A member is as expected: absent where `undefined`, as a pattern or a predicate says, else equal. */
function are(actual, expected, what) {
  for (const [name, value] of Object.entries(expected)) {
    const found = actual[name];
    if (value instanceof RegExp) assert.match(String(found), value, `${what}: ${name}`);
    else assert.deepEqual(found, value, `${what}: ${name}`);
  }
}

const VENDORS = {
  auth0: {
    issuer: '/auth0/',
    paths: {
      authorization_endpoint: '/authorize',
      token_endpoint: '/oauth/token',
      userinfo_endpoint: '/userinfo',
      device_authorization_endpoint: '/oauth/device/code',
      revocation_endpoint: '/oauth/revoke',
      registration_endpoint: '/oidc/register',
      end_session_endpoint: '/oidc/logout',
      jwks_uri: '/.well-known/jwks.json',
    },
  },
  'cognito/eu-west-1_Abc': {
    paths: {
      authorization_endpoint: '/oauth2/authorize',
      token_endpoint: '/oauth2/token',
      userinfo_endpoint: '/oauth2/userInfo',
      revocation_endpoint: '/oauth2/revoke',
      end_session_endpoint: '/logout',
      jwks_uri: '/.well-known/jwks.json',
    },
    absent: ['introspection_endpoint', 'device_authorization_endpoint', 'registration_endpoint'],
  },
  [`entra/${TENANT}`]: {
    issuer: `/entra/${TENANT}/v2.0`,
    paths: {
      authorization_endpoint: '/oauth2/v2.0/authorize',
      token_endpoint: '/oauth2/v2.0/token',
      device_authorization_endpoint: '/oauth2/v2.0/devicecode',
      end_session_endpoint: '/oauth2/v2.0/logout',
      jwks_uri: '/discovery/v2.0/keys',
    },
    metadata: { subject_types_supported: ['pairwise'], msgraph_host: 'graph.microsoft.com' },
    absent: ['introspection_endpoint', 'revocation_endpoint'],
  },
  'okta/oauth2/default': {
    paths: {
      authorization_endpoint: '/v1/authorize',
      token_endpoint: '/v1/token',
      userinfo_endpoint: '/v1/userinfo',
      jwks_uri: '/v1/keys',
      introspection_endpoint: '/v1/introspect',
      revocation_endpoint: '/v1/revoke',
      end_session_endpoint: '/v1/logout',
    },
  },
  okta: { paths: { token_endpoint: '/oauth2/v1/token', jwks_uri: '/oauth2/v1/keys' } },
  'keycloak/realms/acme': {
    paths: {
      authorization_endpoint: '/protocol/openid-connect/auth',
      token_endpoint: '/protocol/openid-connect/token',
      userinfo_endpoint: '/protocol/openid-connect/userinfo',
      jwks_uri: '/protocol/openid-connect/certs',
      end_session_endpoint: '/protocol/openid-connect/logout',
      introspection_endpoint: '/protocol/openid-connect/token/introspect',
      revocation_endpoint: '/protocol/openid-connect/revoke',
      device_authorization_endpoint: '/protocol/openid-connect/auth/device',
      check_session_iframe: '/protocol/openid-connect/login-status-iframe.html',
    },
  },
  google: {
    paths: {
      authorization_endpoint: '/o/oauth2/v2/auth',
      token_endpoint: '/token',
      userinfo_endpoint: '/v1/userinfo',
      revocation_endpoint: '/revoke',
      device_authorization_endpoint: '/device/code',
      jwks_uri: '/oauth2/v3/certs',
    },
    absent: ['end_session_endpoint', 'introspection_endpoint'],
  },
  github: {
    paths: {
      authorization_endpoint: '/login/oauth/authorize',
      token_endpoint: '/login/oauth/access_token',
      device_authorization_endpoint: '/login/device/code',
    },
    absent: ['userinfo_endpoint', 'end_session_endpoint'],
    opaque: true,
  },
  zitadel: {
    paths: {
      authorization_endpoint: '/oauth/v2/authorize',
      token_endpoint: '/oauth/v2/token',
      introspection_endpoint: '/oauth/v2/introspect',
      revocation_endpoint: '/oauth/v2/revoke',
      device_authorization_endpoint: '/oauth/v2/device_authorization',
      userinfo_endpoint: '/oidc/v1/userinfo',
      end_session_endpoint: '/oidc/v1/end_session',
      jwks_uri: '/oauth/v2/keys',
    },
  },
};

describe('where a vendor’s issuers and endpoints are', { concurrency: 4 }, () => {
  for (const [name, { issuer = `/${name}`, paths, metadata: more = {}, absent = [], opaque }] of Object.entries(
    VENDORS,
  ))
    test(name, async () => {
      // OpenID Connect Discovery §4: behind the identifier, without its final slash.
      const discovery = await get(`${issuer.replace(/\/$/, '')}${OPENID}`);
      assert.equal(discovery.status, 200, discovery.text);
      const metadata = discovery.json();
      assert.equal(metadata.issuer, url(issuer));
      for (const [member, path] of Object.entries(paths))
        assert.equal(metadata[member], url(`/${name}${path}`), member);
      are(metadata, more, 'metadata');
      for (const member of absent) assert.ok(!(member in metadata), member);
      const tokens = await post(`/${name}${paths.token_endpoint}`, MACHINE, { accept: JSON_TYPE });
      assert.equal(tokens.status, 200, tokens.text);
      if (!opaque && name !== 'google') {
        assert.equal(claimsOf(tokens.json().access_token).iss, url(issuer));
        assert.equal((await send(metadata.jwks_uri)).json().keys[0].alg, 'RS256');
      }
      // The server's own paths go on answering, and the documents in front of the issuer's path.
      assert.equal((await post(`/${name}/token`, MACHINE)).status, 200);
      const path = issuer.replace(/\/$/, '');
      for (const document of [`${OPENID}${path}`, `${OAUTH}${path}`, `${path}${OAUTH}`]) {
        assert.equal((await get(document)).json().issuer, url(issuer), document);
      }
    });
});

describe('which issuer has which profile', { concurrency: 4 }, () => {
  test('one that is made with it', async () => {
    const issuer = mock.fresh();
    await issuer.make({ profile: 'auth0' });
    const response = await post(`/${issuer.name}/oauth/token`, MACHINE);
    assert.equal(claimsOf(response.json().access_token).iss, url(`/${issuer.name}/`));
  });

  test('of its name, unless it is told otherwise', async () => {
    const none = mock.at('auth0/none');
    await none.make({ profile: 'none' });
    assert.equal((await get(`/auth0/none${OPENID}`)).json().issuer, url('/auth0/none'));
    const other = mock.at('keycloak/realms/other');
    await other.make({ profile: 'auth0' });
    assert.equal((await get(`/keycloak/realms/other${OPENID}`)).json().issuer, url('/keycloak/realms/other/'));
  });

  test('entra: a UUID that names an issuer is its tenant, and no other name is', async () => {
    for (const [name, tid] of [
      [TENANT, TENANT],
      ['contoso', '72f988bf-0000-4000-8000-2d7cd011db47'],
    ]) {
      await mock.at(name).make({ profile: 'entra' });
      const { access_token } = (await post(`/${name}/oauth2/v2.0/token`, MACHINE)).json();
      are(claimsOf(access_token), { tid, iss: url(`/${name}/v2.0`) }, name);
    }
  });

  test('a profile that there is not is refused', async () => {
    const response = await mock.fresh().control('PUT', '/issuer', { profile: 'ouath0' });
    assert.equal(response.status, 400);
    assert.match(response.json().error_description, /profile: expected none, or one of auth0, cognito/);
  });

  test('--profile: the default issuer, and every other that has none of its name', async (t) => {
    const own = await start({ t, args: ['--profile', 'auth0'] });
    for (const [path, issuer] of [
      ['/oauth/token', '/'],
      ['/acme/oauth/token', '/acme/'],
      ['/okta/oauth2/default/v1/token', '/okta/oauth2/default'],
    ]) {
      const response = await send(`${own.url}${path}`, {
        method: 'POST',
        headers: { 'content-type': FORM },
        body: encode(MACHINE),
      });
      assert.equal(claimsOf(response.json().access_token).iss, `${own.issuer}${issuer}`, path);
    }
    assert.deepEqual((await own.names()).sort(), ['', 'acme', 'okta/oauth2/default']);
  });

  test('--profile: no issuer that stands in for a platform', async (t) => {
    const own = await start({ t, args: ['--profile', 'auth0'] });
    for (const name of ['github-actions', 'kubernetes'])
      assert.equal((await send(`${own.url}/${name}${OPENID}`)).json().issuer, `${own.issuer}/${name}`);
    const ci = own.at('ci');
    await ci.make({ platform: { gitlab: {} } });
    assert.equal((await send(`${own.url}/ci${OPENID}`)).json().issuer, `${own.issuer}/ci`);
    await ci.make({ platform: { gitlab: {} }, profile: 'auth0' });
    assert.equal((await send(`${own.url}/ci${OPENID}`)).json().issuer, `${own.issuer}/ci/`);
  });

  test('issuer_url with a final slash is the identifier, to the character', async (t) => {
    const own = await start({ t, config: 'issuer_url = "http://localhost:9400/"' });
    const metadata = (await send(`${own.url}${OPENID}`)).json();
    assert.equal(metadata.issuer, 'http://localhost:9400/');
    assert.equal(metadata.token_endpoint, 'http://localhost:9400/token');
    assert.equal((await send(`${own.url}/acme${OPENID}`)).json().issuer, 'http://localhost:9400/acme');
  });
});

const PROJECTS = ['1', '2'].map((id) => `urn:zitadel:iam:org:project:id:${id}:aud`);

describe('what a machine’s access token says', { concurrency: 4 }, () => {
  const PLAIN = { alg: 'RS256', typ: 'JWT' };
  const BARE = { alg: 'RS256', typ: undefined };
  for (const [name, path, more, header, claims] of [
    [
      'auth0',
      '/auth0/oauth/token',
      { audience: 'https://api.example' },
      PLAIN,
      { sub: 'app@clients', azp: 'app', gty: 'client-credentials', aud: 'https://api.example', client_id: undefined },
    ],
    [
      'cognito',
      '/cognito/eu-west-1_Abc/oauth2/token',
      { scope: 'orders/read' },
      BARE,
      {
        sub: 'app',
        client_id: 'app',
        token_use: 'access',
        scope: 'orders/read',
        version: 2,
        aud: undefined,
        username: undefined,
      },
    ],
    [
      'entra',
      `/entra/${TENANT}/oauth2/v2.0/token`,
      { scope: 'api://orders/.default' },
      PLAIN,
      {
        aud: 'api://orders',
        azp: 'app',
        azpacr: '1',
        idtyp: 'app',
        tid: TENANT,
        oid: UUID,
        sub: UUID,
        roles: ['Orders.Read.All'],
        ver: '2.0',
        scp: undefined,
        uti: /./,
        scope: undefined,
      },
    ],
    [
      'okta',
      '/okta/oauth2/default/v1/token',
      { scope: 'orders' },
      BARE,
      {
        ver: 1,
        jti: /^AT\./,
        aud: 'api://default',
        cid: 'app',
        sub: 'app',
        scp: ['orders'],
        uid: undefined,
        scope: undefined,
      },
    ],
    [
      'keycloak',
      '/keycloak/realms/acme/protocol/openid-connect/token',
      {},
      PLAIN,
      {
        typ: 'Bearer',
        azp: 'app',
        sub: UUID,
        aud: 'account',
        preferred_username: 'service-account-app',
        realm_access: { roles: ['default-roles-acme', 'offline_access', 'uma_authorization'] },
      },
    ],
    ['zitadel', '/zitadel/oauth/v2/token', {}, PLAIN, { azp: 'app', client_id: 'app' }],
    [
      'zitadel, of projects',
      '/zitadel/oauth/v2/token',
      { scope: `openid ${PROJECTS.join(' ')}` },
      PLAIN,
      { aud: ['app', '1', '2'] },
    ],
    ['entra, by the name of no tenant', '/entra/common/oauth2/v2.0/token', {}, PLAIN, { tid: UUID }],
  ])
    test(name, async () => {
      const response = await post(path, { ...MACHINE, ...more });
      assert.equal(response.status, 200, response.text);
      const token = response.json().access_token;
      are(headerOf(token), header, 'header');
      are(claimsOf(token), claims, 'claims');
    });
});

describe('what a person’s tokens say, and /userinfo', { concurrency: 4 }, () => {
  for (const [name, asked, { access, id, info, answer = {} }] of [
    [
      'auth0',
      { user: 'auth0|alice', audience: 'https://api.example' },
      {
        access: {
          sub: 'auth0|alice',
          aud: ['https://api.example', url('/auth0/userinfo')],
          azp: 'app',
          permissions: ['read:orders'],
        },
        id: { sub: 'auth0|alice', aud: 'app' },
        info: { sub: 'auth0|alice', nickname: 'alice' },
      },
    ],
    [
      'auth0',
      { user: 'auth0|alice', scope: 'openid offline_access' },
      { id: { sub: 'auth0|alice' }, info: { sub: 'auth0|alice' }, answer: { access_token: /^[\w-]+$/ } },
    ],
    [
      'cognito/eu-west-1_Abc',
      { user: 'alice' },
      {
        access: {
          token_use: 'access',
          client_id: 'app',
          username: 'alice',
          'cognito:groups': ['admins'],
          aud: undefined,
          sub: UUID,
        },
        id: { token_use: 'id', aud: 'app', 'cognito:username': 'alice', 'cognito:groups': ['admins'], sub: UUID },
        info: { sub: UUID, username: 'alice', email: 'alice@example.com' },
      },
    ],
    [
      `entra/${TENANT}`,
      { user: 'alice', scope: 'openid profile offline_access api://orders/Orders.Read', client_info: '1' },
      {
        access: {
          aud: 'api://orders',
          scp: 'Orders.Read',
          tid: TENANT,
          oid: UUID,
          roles: ['Admin'],
          wids: ['62e90394-69f5-4237-9190-012177145e10'],
          preferred_username: 'alice@contoso.example',
          idtyp: undefined,
        },
        id: { tid: TENANT, oid: UUID, ver: '2.0', preferred_username: 'alice@contoso.example', aud: 'app' },
        answer: { ext_expires_in: 3599, client_info: /^[\w-]+$/ },
      },
    ],
    [
      'okta/oauth2/default',
      { user: 'alice' },
      {
        access: {
          cid: 'app',
          uid: '00ualice',
          sub: 'alice@example.com',
          scp: ['openid', 'profile', 'email'],
          groups: ['Everyone', 'Admins'],
        },
        id: { sub: '00ualice', aud: 'app', idp: '00oexample', amr: ['pwd'], jti: /^ID\./ },
        info: { sub: '00ualice', preferred_username: 'alice@example.com' },
      },
    ],
    [
      'keycloak/realms/acme',
      { user: 'alice' },
      {
        access: { typ: 'Bearer', azp: 'app', sub: UUID, sid: /./, preferred_username: 'alice' },
        id: { typ: 'ID', azp: 'app', sub: UUID, aud: 'app', preferred_username: 'alice' },
        info: { sub: UUID, preferred_username: 'alice' },
        answer: { 'not-before-policy': 0, refresh_expires_in: 1800, session_state: /./ },
      },
    ],
    [
      'google',
      { user: 'alice@example.com' },
      {
        id: { sub: '110169484474386276334', azp: 'app', aud: 'app', hd: 'example.com', email: 'alice@example.com' },
        info: { sub: '110169484474386276334', hd: 'example.com' },
        answer: { access_token: /^ya29\./, refresh_token: undefined },
      },
    ],
    ['google', { user: 'alice@example.com', access_type: 'offline' }, { answer: { refresh_token: /./ } }],
    [
      'zitadel',
      { user: 'alice@example.com', scope: `openid ${PROJECTS[0]}` },
      {
        access: { aud: ['app', '1'] },
        id: {
          aud: ['app', '1'],
          'urn:zitadel:iam:user:resourceowner:name': 'ACME',
          'urn:zitadel:iam:org:project:roles': { admin: { '163840776801878273': 'acme.example' } },
        },
      },
    ],
  ])
    test(`${name}: ${Object.values(asked).join(', ')}`, async () => {
      const { access_token, id_token, metadata, ...rest } = await login(name, asked);
      if (access) are(claimsOf(access_token), access, 'access token');
      if (id) are(claimsOf(id_token), id, 'ID token');
      are({ access_token, ...rest }, answer, 'answer');
      if (!info) return;
      const response = await send(metadata.userinfo_endpoint, { headers: { authorization: `Bearer ${access_token}` } });
      assert.equal(response.status, 200, response.text);
      are(response.json(), info, 'userinfo');
      if (id?.sub) assert.equal(response.json().sub, claimsOf(id_token).sub, 'OpenID Connect Core §5.3.2');
    });

  for (const name of ['auth0', 'google', 'okta', 'keycloak', `entra/${TENANT}`, 'cognito', 'zitadel'])
    test(`${name}: at_hash is of the access token that is sent`, async () => {
      const { access_token, id_token } = await login(name, { user: 'alice' });
      const { at_hash } = claimsOf(id_token);
      if (at_hash !== undefined) assert.equal(at_hash, halfHash(access_token, headerOf(id_token).alg));
      assert.ok(at_hash !== undefined || name.startsWith('entra'), 'the claim is there to be looked at');
    });

  test('entra: client_info names the account', async () => {
    const { client_info, id_token } = await login(`entra/${TENANT}`, { user: 'alice', client_info: '1' });
    const { uid, utid } = JSON.parse(Buffer.from(client_info, 'base64url'));
    assert.deepEqual([uid, utid], [claimsOf(id_token).oid, TENANT]);
  });
});

describe('errors as a vendor says them', { concurrency: 4 }, () => {
  const CODE = {
    grant_type: 'authorization_code',
    client_id: 'app',
    client_secret: 'x',
    code: 'x',
    redirect_uri: CALLBACK,
  };
  for (const [name, path, form, status, body] of [
    ['auth0', '/auth0/oauth/token', CODE, 403, { error: 'invalid_grant', error_description: /./ }],
    [
      'cognito: its name and nothing more',
      '/cognito/eu-west-1_Abc/oauth2/token',
      CODE,
      400,
      { error: 'invalid_grant', error_description: undefined },
    ],
    [
      'entra: codes and texts of AADSTS',
      `/entra/${TENANT}/oauth2/v2.0/token`,
      { ...CODE, 'client-request-id': '22222222-0000-4000-8000-000000000000' },
      400,
      {
        error: 'invalid_grant',
        error_description: /^AADSTS70008: .* Correlation ID: 22222222-0000-4000-8000-000000000000 Timestamp: 20\d\d-/,
        error_codes: [70008],
        correlation_id: '22222222-0000-4000-8000-000000000000',
        trace_id: UUID,
        timestamp: /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ$/,
      },
    ],
    [
      'okta',
      '/okta/oauth2/default/v1/token',
      CODE,
      400,
      { error: 'invalid_grant', error_description: 'The authorization code is invalid or has expired.' },
    ],
    [
      'keycloak',
      '/keycloak/realms/acme/protocol/openid-connect/token',
      CODE,
      400,
      { error: 'invalid_grant', error_description: 'Code not valid' },
    ],
    ['google', '/google/token', CODE, 400, { error: 'invalid_grant', error_description: 'Bad Request' }],
    [
      'github: with 200',
      '/github/login/oauth/access_token',
      { client_id: 'app', client_secret: 'x', code: 'x' },
      200,
      {
        error: 'bad_verification_code',
        error_description: 'The code passed is incorrect or expired.',
        error_uri: /^https/,
      },
    ],
    [
      'one that a fault makes, too',
      '/okta/oauth2/default/v1/token',
      { ...MACHINE, client_id: 'fail.invalid_client' },
      401,
      {
        error: 'invalid_client',
        error_description: 'The client secret supplied for a confidential client is invalid.',
      },
    ],
  ])
    test(name, async () => {
      const response = await post(path, form, { accept: JSON_TYPE });
      assert.equal(response.status, status, response.text);
      are(response.json(), body, 'body');
    });
});

test('an error that repeats what was sent has no templates in it', async () => {
  const sent = '${now}${parameters.q}${uuid:x}${error}';
  const config = '[profiles.x]\n[[profiles.x.errors]]\nbody = { message = "${error}: ${error_description}" }\n';
  const own = await start({ config: `${config}[issuers.acme]\nprofile = "x"\n` });
  const body = encode({ ...MACHINE, scope: `fault:${sent}`, q: 'q'.repeat(1000) });
  const response = await send(`${own.issuer}/acme/token`, { method: 'POST', headers: { 'content-type': FORM }, body });
  assert.ok(response.json().message.startsWith(`invalid_scope: unknown fault "${sent}"`), response.text);
});

describe('what else is at a vendor’s', { concurrency: 4 }, () => {
  test('keycloak: the realm, and the pages that its library frames', async () => {
    const realm = (await get('/keycloak/realms/acme')).json();
    are(
      realm,
      { realm: 'acme', 'token-service': url('/keycloak/realms/acme/protocol/openid-connect'), 'tokens-not-before': 0 },
      'realm',
    );
    const { createPublicKey } = await import('node:crypto');
    const key = createPublicKey({ key: Buffer.from(realm.public_key, 'base64'), format: 'der', type: 'spki' });
    const jwk = (await get('/keycloak/realms/acme/protocol/openid-connect/certs')).json().keys[0];
    assert.equal(key.export({ format: 'jwk' }).n, jwk.n);
    for (const page of ['3p-cookies/step1.html', 'login-status-iframe.html']) {
      const response = await get(`/keycloak/realms/acme/protocol/openid-connect/${page}`);
      assert.equal(response.headers['content-type'], 'text/html', page);
      assert.match(response.text, /postMessage/, page);
    }
  });

  test('google: keys in PEM by their kid, and what a token is', async () => {
    const pems = (await get('/google/oauth2/v1/certs')).json();
    const [key] = (await get('/google/oauth2/v3/certs')).json().keys;
    const { createPublicKey } = await import('node:crypto');
    assert.equal(createPublicKey(pems[key.kid]).export({ format: 'jwk' }).n, key.n);
    const { access_token } = await login('google', { user: 'alice@example.com' });
    const info = (await get(`/google/tokeninfo?access_token=${access_token}`)).json();
    are(info, { aud: 'app', azp: 'app', sub: '110169484474386276334', email: 'alice@example.com' }, 'tokeninfo');
    assert.equal((await get('/google/tokeninfo?access_token=x')).status, 400);
  });

  const OFFLINE = { user: 'alice@example.com', access_type: 'offline' };
  /** What comes of a refresh token. */
  const refreshed = async (name, path, refresh_token) =>
    (await post(`/${name}${path}`, { ...MACHINE, grant_type: 'refresh_token', refresh_token })).status;

  test('google: what an ID token says, if it is good', async () => {
    const { id_token, access_token } = await login('google', { user: 'alice@example.com', nonce: 'n' });
    const said = (await get(`/google/tokeninfo?id_token=${id_token}`)).json();
    are(said, { ...claimsOf(id_token), ...headerOf(id_token), sid: undefined, auth_time: undefined }, 'tokeninfo');
    const other = await login('keycloak/realms/acme', { user: 'alice' });
    const minted = await mock.at('google').mint({ claims: { sub: 'a', aud: 'app', scope: 'openid' } });
    const [head, claims] = id_token.split('.');
    const past = await mock.at('google').mint({ claims: { sub: 'a', aud: 'app', exp: 1 } });
    for (const token of [other.id_token, minted.token, past.token, access_token, `${head}.${claims}.AAAA`, 'x'])
      assert.equal((await get(`/google/tokeninfo?id_token=${token}`)).status, 400, token);
  });

  test('google: revocation by a query, of either token, by nobody in particular', async () => {
    for (const kind of ['access_token', 'refresh_token']) {
      const tokens = await login('google', OFFLINE);
      const revoked = await send(url(`/google/revoke?token=${encodeURIComponent(tokens[kind])}`), { method: 'POST' });
      assert.deepEqual([revoked.status, revoked.headers['jeton-mock-waived']], [200, 'client'], kind);
      assert.equal(await refreshed('google', '/token', tokens.refresh_token), 400, kind);
      assert.equal((await get(`/google/tokeninfo?access_token=${tokens.access_token}`)).status, 400, kind);
    }
    // Elsewhere a query is no form.
    const elsewhere = await send(url('/plain/revoke?token=x'), { method: 'POST' });
    assert.equal(elsewhere.status, 400);
  });

  test('keycloak: a refresh token logs out without a browser, of clients with and without a secret', async () => {
    const [realm, logout] = ['keycloak/realms/acme', '/protocol/openid-connect/logout'];
    for (const client of [{ client_id: 'app', client_secret: 'x' }, { client_id: 'app' }, {}]) {
      const { refresh_token, access_token } = await login(realm, { user: 'alice' });
      const headers = client.client_id ? {} : { authorization: basic('app', 'x') };
      const ended = await post(`/${realm}${logout}`, { ...client, refresh_token }, headers);
      assert.deepEqual([ended.status, ended.text], [204, '']);
      assert.equal(await refreshed(realm, '/protocol/openid-connect/token', refresh_token), 400);
      const looked = await post(`/${realm}/protocol/openid-connect/token/introspect`, {
        ...MACHINE,
        token: access_token,
      });
      assert.equal(looked.json().active, false);
      const again = await post(`/${realm}${logout}`, { ...client, refresh_token }, headers);
      assert.equal(again.status, 400);
      are(again.json(), { error: 'invalid_grant', error_description: 'Invalid refresh token' }, 'again');
    }
    const { refresh_token } = await login(realm, { user: 'alice' });
    assert.equal((await post(`/${realm}${logout}`, { client_id: 'other', refresh_token })).status, 400);
    assert.equal(await refreshed(realm, '/protocol/openid-connect/token', refresh_token), 200);
    const [entry] = (await mock.at(realm).journal()).filter(({ endpoint }) => endpoint === 'document').slice(-1);
    assert.ok(!JSON.stringify(entry).includes(refresh_token), 'the journal has no token');
  });

  test('keycloak: with the refresh token ends the session, for other clients and in its browser', async () => {
    const realm = 'keycloak/realms/sessions';
    const ours = await login(realm, { user: 'alice' });
    const elsewhere = await login(realm, { user: 'alice' });
    const others = {};
    for (const [name, more] of Object.entries({ online: {}, offline: { scope: 'openid offline_access' } }))
      others[name] = await login(realm, { user: undefined, browser: ours.browser, ...more });
    const ask = () => login(realm, { user: undefined, browser: ours.browser, prompt: 'none' });
    assert.ok(await ask());
    const { refresh_token } = ours;
    assert.equal(
      (await post(`/${realm}/protocol/openid-connect/logout`, { client_id: 'app', refresh_token })).status,
      204,
    );
    await assert.rejects(ask, /login_required/);
    assert.ok(
      await login(realm, { user: undefined, browser: elsewhere.browser, prompt: 'none' }),
      'of that browser alone',
    );
    const token = '/protocol/openid-connect/token';
    assert.equal(await refreshed(realm, token, others.online.refresh_token), 400);
    assert.equal(await refreshed(realm, token, others.offline.refresh_token), 200);
  });

  test('entra: the instance of an authority', async () => {
    const instance = (await get('/entra/common/discovery/instance?api-version=1.1')).json();
    assert.equal(instance.tenant_discovery_endpoint, url(`/entra/common/v2.0${OPENID}`));
    assert.deepEqual(instance.metadata[0].aliases, [new URL(mock.issuer).host]);
  });

  test('github: opaque tokens in a form, unless JSON is asked for; the user by them', async () => {
    const browser = new Browser(mock);
    const query = { client_id: 'app', redirect_uri: CALLBACK, scope: 'read:user,user:email', login_hint: 'octocat' };
    const { arrived } = await browser.open(url(`/github/login/oauth/authorize?${encode(query)}`), { until: CALLBACK });
    const code = arrived.searchParams.get('code');
    const response = await post('/github/login/oauth/access_token', { client_id: 'app', client_secret: 'x', code });
    assert.match(response.headers['content-type'], /^application\/x-www-form-urlencoded/);
    const answer = Object.fromEntries(new URLSearchParams(response.text));
    are(
      answer,
      { access_token: /^gho_/, token_type: 'bearer', scope: 'read:user,user:email', id_token: undefined },
      'answer',
    );
    for (const scheme of ['Bearer', 'token'])
      for (const path of ['/user', '/api/v3/user']) {
        const user = await get(`/github${path}`, { authorization: `${scheme} ${answer.access_token}` });
        are(user.json(), { login: 'octocat', id: 583231, name: 'The Octocat', type: 'User' }, `${scheme} ${path}`);
        assert.equal(user.headers['x-oauth-scopes'], 'read:user user:email');
      }
    const emails = await get('/github/user/emails', { authorization: `Bearer ${answer.access_token}` });
    are(emails.json()[0], { email: 'octocat@github.com', primary: true, verified: true }, 'emails');
    const bad = await get('/github/user', { authorization: 'Bearer gho_x' });
    assert.equal(bad.status, 401);
    assert.equal(bad.json().message, 'Bad credentials');
    const check = (token) =>
      send(url('/github/applications/app/token'), {
        method: 'POST',
        headers: { authorization: basic('app', 'x'), 'content-type': JSON_TYPE },
        body: JSON.stringify({ access_token: token }),
      });
    const checked = await check(answer.access_token);
    assert.equal(checked.status, 200, checked.text);
    are(checked.json(), { token: answer.access_token, scopes: ['read:user', 'user:email'] }, 'check');
    assert.equal((await check('gho_x')).status, 404);
    assert.equal((await send(url('/github/applications/app/token'))).status, 405);
    const end = (token) =>
      send(url('/github/applications/app/token'), {
        method: 'DELETE',
        headers: { authorization: basic('app', 'x'), 'content-type': JSON_TYPE },
        body: JSON.stringify({ access_token: token }),
      });
    assert.equal((await end('gho_x')).status, 404);
    const ended = await end(answer.access_token);
    assert.deepEqual([ended.status, ended.text], [204, '']);
    assert.equal((await get('/github/user', { authorization: `Bearer ${answer.access_token}` })).status, 401);
    assert.equal((await end(answer.access_token)).status, 404);
  });

  test('github: a code needs no redirect_uri, whichever way it came', async () => {
    for (const response_mode of ['query', 'fragment', 'form_post']) {
      const query = { client_id: 'app', redirect_uri: CALLBACK, login_hint: 'octocat', response_mode };
      const asked = url(`/github/login/oauth/authorize?${encode(query)}`);
      const { arrived, response } = await new Browser(mock).open(asked, { until: CALLBACK });
      const code = arrived
        ? (arrived.searchParams.get('code') ?? new URLSearchParams(arrived.hash.slice(1)).get('code'))
        : formsOf(response.text)[0].fields.code;
      const redeemed = { client_id: 'app', client_secret: 'x', code };
      const answer = await post('/github/login/oauth/access_token', redeemed, { accept: JSON_TYPE });
      assert.match(answer.json().access_token ?? answer.text, /^gho_/, response_mode);
    }
  });

  test('auth0 and cognito: logout by parameters of their own', async () => {
    for (const [name, path, user, more] of [
      ['auth0', '/v2/logout', 'auth0|alice', { returnTo: 'https://app.example/bye' }],
      ['cognito/eu-west-1_Abc', '/logout', 'alice', { logout_uri: 'https://app.example/bye' }],
    ]) {
      const { browser } = await login(name, { user });
      const { arrived, response } = await browser.open(
        url(`/${name}${path}?${encode({ client_id: 'app', ...more })}`),
        {
          until: 'https://app.example/bye',
        },
      );
      assert.ok(arrived, `${name}: ${response?.text}`);
    }
  });
});

describe('whoever asks another issuer than they mean', { concurrency: 4 }, () => {
  const HINT = 'jeton-mock-hint';

  test('a vendor’s path at an issuer that has not its profile', async () => {
    const hint = new RegExp(
      `^the issuer that was asked is ${mock.issuer}/oauth; /oauth/token is where the profile auth0 has its token endpoint, and the issuer ${mock.issuer} has not that profile: start with --profile auth0`,
    );
    // Twice: the first request has made that issuer.
    for (const _ of [1, 2]) assert.match((await post('/oauth/token', MACHINE)).headers[HINT], hint);
    const refusal = await post('/oauth/token', { grant_type: 'authorization_code', client_id: 'app', code: 'x' });
    assert.equal(refusal.status, 400);
    assert.match(refusal.json().error_description, /; the issuer that was asked is .*\/oauth; /);
    const [entry] = await mock.at('oauth').journal();
    assert.match(entry.hint, hint);
    const none = await get('/realm/acme/protocol/openid-connect/certs');
    assert.equal(none.status, 404);
    const certs =
      /\/protocol\/openid-connect\/certs is where the profile keycloak has its jwks endpoint, and the issuer .*\/realm\/acme has not that profile/;
    assert.match(none.json().error_description, certs);
    assert.ok(!(await mock.names()).includes('realm/acme'));
  });

  test('no issuer that somebody described', async () => {
    await mock.at('oauth2').make({});
    assert.equal((await post('/oauth2/token', MACHINE)).headers[HINT], undefined);
    for (const path of ['/token', '/acme/token', '/auth0/oauth/token', '/cognito/oauth2/token'])
      assert.equal((await post(path, MACHINE)).headers[HINT], undefined, path);
  });

  test('a token of one issuer at another', async () => {
    const { access_token } = (await post('/one/token', MACHINE)).json();
    const expected = `the token is of the issuer ${url('/one')}, and the one that was asked is ${url('/two')}`;
    const info = await get('/two/userinfo', { authorization: `Bearer ${access_token}` });
    assert.equal(info.status, 401);
    assert.equal(info.headers[HINT], expected);
    const looked = await post('/two/introspect', { token: access_token, client_id: 'app', client_secret: 'x' });
    assert.deepEqual([looked.json().active, looked.headers[HINT]], [false, expected]);
    const gho = await post('/github/token', MACHINE, { accept: JSON_TYPE });
    const opaque = await get('/two/userinfo', { authorization: `Bearer ${gho.json().access_token}` });
    assert.equal(opaque.headers[HINT], expected.replace('/one', '/github'));
    const own = await get('/one/userinfo', { authorization: 'Bearer x' });
    assert.equal(own.headers[HINT], undefined);
  });
});

describe('a profile of one’s own', { concurrency: 4 }, () => {
  const CONFIG = `
[profiles.acme]
issuer = "\${base}/idp"
names = ["acme/{region}"]
[profiles.acme.paths]
token = ["/idp/v7/token"]
[profiles.acme.metadata]
region = "\${region}"
acme_endpoint = "\${base}/acme"
token_endpoint_auth_methods_supported = "\${null}"
[[profiles.acme.rules]]
access_token = { region = "\${region}", who = "\${client_id}" }
[[profiles.acme.documents]]
paths = ["/acme"]
body = { region = "\${region}", issuer = "\${issuer}" }
[[profiles.acme.documents]]
paths = ["/echo"]
body = { token = "\${token}" }
[profiles.auth0]
issuer = "\${base}/mine"
`;

  test('it is had by its names, and takes the place of a bundled one', async (t) => {
    const own = await start({ t, config: CONFIG });
    const metadata = (await send(`${own.url}/acme/eu/idp${OPENID}`)).json();
    const base = `${own.issuer}/acme/eu`;
    are(
      metadata,
      {
        issuer: `${base}/idp`,
        token_endpoint: `${base}/idp/v7/token`,
        region: 'eu',
        acme_endpoint: `${base}/acme`,
        token_endpoint_auth_methods_supported: undefined,
      },
      'metadata',
    );
    const tokens = await send(`${own.url}/acme/eu/idp/v7/token`, {
      method: 'POST',
      headers: { 'content-type': FORM },
      body: encode(MACHINE),
    });
    are(claimsOf(tokens.json().access_token), { region: 'eu', who: 'app', iss: `${base}/idp` }, 'token');
    const document = await send(`${own.url}/acme/eu/acme`);
    assert.deepEqual(document.json(), { region: 'eu', issuer: `${base}/idp` });
    const token = '${base} ${now}';
    const echo = await send(`${own.url}/acme/eu/echo?${encode({ access_token: token })}`);
    assert.deepEqual(echo.json(), { token }, 'nothing that a stranger sends is a template');
    await own.at('x').make({ profile: 'auth0' });
    assert.equal((await send(`${own.url}/x${OPENID}`)).json().issuer, `${own.issuer}/x/mine`);
  });

  for (const [name, config, said] of [
    [
      'an unknown member',
      '[profiles.x]\nisuer = "${base}"',
      /:2:1: .*unknown field `isuer`, expected one of .*`issuer`/,
    ],
    [
      'an endpoint that there is not',
      '[profiles.x.paths]\ntokens = ["/t"]',
      /:2:1: .*unknown endpoint "tokens", expected one of/,
    ],
    ['a path that is none', '[profiles.x.paths]\ntoken = ["t"]', /:2:10: profiles.x.paths.token\[0\]: expected a path/],
    [
      'an issuer that is none',
      '[profiles.x]\nissuer = "${bsae}"',
      /:2:10: profiles.x.issuer: expected an issuer identifier/,
    ],
    [
      'a name that no issuer has',
      '[profiles.x]\nnames = ["a//b"]',
      /:2:\d+: profiles.x.names\[0\]: expected the name of an issuer/,
    ],
    [
      'a name in metadata that is none',
      '[profiles.x.metadata]\na = "${client_id}"',
      /:2:\d+: profiles.x.metadata.a: expected no other name in braces than base, issuer, host and those of values/,
    ],
    [
      'a template that is none',
      '[[profiles.x.rules]]\naccess_token = { a = "${usr.name}" }',
      /:2:\d+: profiles.x.rules\[0\].access_token.a: expected a template of/,
    ],
    [
      'one of a document',
      '[[profiles.x.documents]]\npaths = ["/a"]\nbody = { a = "${b}" }',
      /:3:\d+: profiles.x.documents\[0\].body.a: expected a template of/,
    ],
    [
      'one of an error',
      '[[profiles.x.errors]]\nbody = { a = "${b}" }',
      /:2:\d+: profiles.x.errors\[0\].body.a: expected a template of/,
    ],
    [
      'a document without a path',
      '[[profiles.x.documents]]\nbody = {}',
      /:1:\d+: profiles.x.documents\[0\].paths: expected paths such as/,
    ],
    [
      'a document that ends what nobody presents',
      '[[profiles.x.documents]]\npaths = ["/a"]\nends = "grant"',
      /:3:\d+: profiles.x.documents\[0\].ends: expected presented = "client" beside it/,
    ],
    [
      'a form that values have not',
      '[profiles.x]\nasked_names = ["{a:guid}"]',
      /:2:\d+: profiles.x.asked_names\[0\]: expected the name of an issuer/,
    ],
    [
      'a pattern of scopes that is none',
      '[[profiles.x.rules]]\naccess_token = { a = "${scopes.a}" }',
      /:2:\d+: profiles.x.rules\[0\].access_token.a: expected a template of/,
    ],
    [
      'a name that is taken',
      '[profiles.none]\nissuer = "${base}"',
      /profiles.none: expected a name of .*, other than none/,
    ],
    [
      'of an issuer, one that there is not',
      '[issuers.a]\nprofile = "x"',
      /:2:11: issuers.a.profile: expected none, or one of auth0,.* there is no "x"/,
    ],
  ])
    test(`${name} is refused, with file, line and what was expected`, async () => {
      const { text } = await refused({ config });
      assert.match(text, said);
    });
});

describe('the profile in the README', () => {
  const readme = readFileSync(new URL('../../crates/jeton-mock/README.md', import.meta.url), 'utf8');
  const [, config] = /```toml\n(\[profiles\.kiosk\]\n.*?)```/s.exec(readme);

  test('is as it says', async (t) => {
    const own = await start({ t, config });
    const at = (path, options) => send(`${own.url}/kiosk/north${path}`, options);
    const ask = (form, headers) =>
      at('/oauth/access_token', {
        method: 'POST',
        headers: { 'content-type': FORM, ...headers },
        body: encode({ client_id: 'app', client_secret: 'x', ...form }),
      });
    const metadata = (await at(OPENID)).json();
    const base = `${own.issuer}/kiosk/north`;
    are(
      metadata,
      {
        issuer: `${base}/`,
        token_endpoint: `${base}/oauth/access_token`,
        store: 'north',
        registration_endpoint: undefined,
      },
      'metadata',
    );
    await own.at('kiosk/north').user({ sub: 'alice', claims: { till: 7 } });
    const query = {
      client_id: 'app',
      redirect_uri: CALLBACK,
      scope: 'openid,sales',
      login_hint: 'alice',
      store_api: 'https://sales.example',
    };
    const { arrived } = await new Browser(own).open(`${metadata.authorization_endpoint}?${encode(query)}`, {
      until: CALLBACK,
    });
    const code = { grant_type: 'authorization_code', code: arrived.searchParams.get('code'), redirect_uri: CALLBACK };
    const answer = await ask(code);
    assert.match(answer.headers['content-type'], /^application\/x-www-form-urlencoded/);
    const { access_token, account, scope } = Object.fromEntries(new URLSearchParams(answer.text));
    are(
      claimsOf(access_token),
      { till: 7, shop: 'north', aud: 'https://sales.example', client_id: undefined },
      'claims',
    );
    are(headerOf(access_token), { alg: 'RS256', typ: 'JWT' }, 'header');
    assert.deepEqual(JSON.parse(Buffer.from(account, 'base64url')), { id: 'alice' });
    assert.equal(scope, 'openid,sales');
    for (const path of ['/me', '/v1/me']) {
      const me = (await at(path, { headers: { authorization: `Bearer ${access_token}` } })).json();
      are(me, { till: 7, id: 'alice' }, path);
      assert.match(Object.values(me.keys)[0], /^-----BEGIN PUBLIC KEY-----\n/);
      assert.equal((await at(path)).status, 401);
    }
    const card = (form) =>
      at('/oauth/token', {
        method: 'DELETE',
        headers: { 'content-type': FORM },
        body: encode({ client_id: 'app', ...form }),
      });
    assert.equal((await card({ client_secret: 'x', card: access_token })).status, 204);
    assert.equal((await at('/me', { headers: { authorization: `Bearer ${access_token}` } })).status, 401);
    const again = await ask({ ...code, code: 'x' }, { accept: JSON_TYPE });
    assert.equal(again.status, 401);
    are(again.json(), { error: 'invalid_grant', code: 17, message: /./, at: /Z$/ }, 'error');
    assert.equal((await send(`${own.url}/kiosk/a/b${OPENID}`)).json().issuer, `${own.issuer}/kiosk/a/b`);
  });
});
