import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clients, ISSUER } from '../support/fixtures.mjs';
import { arrival, authorize, requestOf } from '../support/flow.mjs';
import { isPage } from '../support/html.mjs';
import { Browser } from '../support/user-agent.mjs';

const { web, many, native, noCode, noPkce, tv } = clients;
const visit = (client, form) => authorize(new Browser(), requestOf(client, form));

// Nobody is sent to an address that may be an attacker's.
const pages = [
  ['no client_id', web, { client_id: undefined }],
  ['an unknown client', web, { client_id: 'nobody' }],
  ['a hostile client_id', web, { client_id: '"><script>alert(1)</script>' }],
  ['a client_id of 300 characters', web, { client_id: 'w'.repeat(300) }],
  ['a client_id of another case', web, { client_id: 'WEB' }],
  ['redirect_uri missing, several being registered', many, { redirect_uri: undefined }],
  ['redirect_uri missing, none being registered', tv, { redirect_uri: undefined }],
  ['redirect_uri of another client', web, { redirect_uri: 'com.example.app:/cb' }],
  ...[
    'https://evil.example/cb',
    'https://app.example/cb/',
    'https://app.example/cb?x=1',
    'https://app.example/cb#',
    'https://app.example/cb#fragment',
    'https://app.example/CB',
    'https://APP.example/cb',
    'https://app.example:443/cb',
    'https://app.example@evil.example/cb',
    'https://app.example.evil.example/cb',
    'https://evil.example/https://app.example/cb',
    'https://app.example/cb/../../x',
    'https://app.example/%63b',
    'http://app.example/cb',
    '//app.example/cb',
    '/cb',
    'https:app.example/cb',
    'https:\\\\app.example\\cb',
    'https://app.example/cb\r\nLocation: https://evil.example',
    'https://app.example/cb https://evil.example',
    'javascript:alert(1)',
    'data:text/html,<script>alert(1)</script>',
    '"><script>alert(1)</script>',
  ].map((redirect_uri) => [`redirect_uri ${JSON.stringify(redirect_uri)}`, web, { redirect_uri }]),
  ...[
    'http://localhost:51234/cb',
    'http://127.0.0.1:51234/other',
    'http://127.0.0.1:99999/cb',
    'http://127.0.0.1:1@evil.example/cb',
    'http://127.0.0.1.evil.example/cb',
    'http://127.0.0.2/cb',
    'http://127.1/cb',
    'http://2130706433/cb',
    'http://[::1]evil.example/cb',
    'https://127.0.0.1/cb',
    'http://0.0.0.0/cb',
  ].map((redirect_uri) => [`redirect_uri ${redirect_uri} of a native app`, native, { redirect_uri }]),
];

describe('/authorize: an error for the person', { concurrency: 8 }, () => {
  for (const [name, client, form] of pages) {
    test(`RFC 6749 §4.1.2.1: ${name}: a page, and no redirect`, async () => {
      const response = await visit(client, form);
      const text = isPage(response, 400);
      assert.ok(!/evil|alert/.test(text), text);
      assert.equal(response.headers['set-cookie'], undefined);
    });
  }

  const duplicates = ['client_id', 'redirect_uri', 'response_type', 'state', 'scope', 'code_challenge', 'unknown'];
  for (const name of duplicates) {
    test(`RFC 6749 §3.1: ${name} twice: a page`, async () => {
      const query = new URLSearchParams(requestOf(web, { scope: 'read', unknown: 'x' }));
      query.append(name, query.get(name));
      isPage(await new Browser().get(`/authorize?${query}`), 400);
      isPage(await new Browser().post('/authorize', query.toString()), 400);
    });
  }

  test('RFC 6749 Appendix B: a query that is not UTF-8: a page', async () => {
    isPage(await new Browser().get(`/authorize?${new URLSearchParams(requestOf(web))}&x=%ff`), 400);
  });

  test('a POST that is no form: a page', async () => {
    const response = await new Browser().post('/authorize', JSON.stringify(requestOf(web)), {
      'content-type': 'application/json',
    });
    isPage(response, 400);
  });

  test('no query at all: a page', async () => {
    isPage(await new Browser().get('/authorize'), 400);
  });
});

const without = { code_challenge: undefined, code_challenge_method: undefined };
const OIDC = 'OpenID Connect Core §3.1.2.6';
const toClient = [
  ['RFC 6749 §4.1.2.1: response_type missing', web, { response_type: undefined }, 'invalid_request'],
  ['RFC 6749 §4.1.2.1: response_type empty', web, { response_type: '' }, 'invalid_request'],
  ...['token', 'id_token', 'code id_token', 'code token', 'id_token token', 'none', 'Code', 'code code', 'x'].map(
    (response_type) => [
      `RFC 6749 §4.1.2.1: response_type ${response_type}`,
      web,
      { response_type },
      'unsupported_response_type',
    ],
  ),
  ...['fragment', 'jwt', 'x'].map((response_mode) => [
    `Multiple Response Types §2.1: response_mode ${response_mode}`,
    web,
    { response_mode },
    'invalid_request',
  ]),
  ['RFC 6749 §4.1.2.1: a client not registered for the grant', noCode, {}, 'unauthorized_client'],
  ['RFC 7636 §4.4.1: code_challenge missing, public client', native, without, 'invalid_request'],
  ['RFC 9700 §2.1.1: code_challenge missing, confidential client', web, without, 'invalid_request'],
  [
    'RFC 7636 §4.4.1: code_challenge missing beside its method',
    noPkce,
    { code_challenge: undefined },
    'invalid_request',
  ],
  ['RFC 9700 §2.1.1: code_challenge_method plain', web, { code_challenge_method: 'plain' }, 'invalid_request'],
  [
    'RFC 7636 §4.3: code_challenge_method missing means plain',
    web,
    { code_challenge_method: undefined },
    'invalid_request',
  ],
  [
    'RFC 7636 §4.3: code_challenge_method missing, PKCE optional',
    noPkce,
    { code_challenge_method: undefined },
    'invalid_request',
  ],
  ['RFC 7636 §4.3: code_challenge_method s256', web, { code_challenge_method: 's256' }, 'invalid_request'],
  ['RFC 7636 §4.2: code_challenge of 42 characters', web, { code_challenge: 'a'.repeat(42) }, 'invalid_request'],
  ['RFC 7636 §4.2: code_challenge of 44 characters', web, { code_challenge: 'a'.repeat(44) }, 'invalid_request'],
  ['RFC 7636 §4.2: code_challenge padded', web, { code_challenge: `${'a'.repeat(42)}=` }, 'invalid_request'],
  ['RFC 7636 §4.2: code_challenge in plain base64', web, { code_challenge: `${'a'.repeat(41)}+/` }, 'invalid_request'],
  ['RFC 6749 §4.1.2.1: a scope that is not registered', web, { scope: 'read root' }, 'invalid_scope'],
  ['RFC 6749 §3.3: a malformed scope', web, { scope: 'read "write"' }, 'invalid_scope'],
  ['RFC 6749 §3.3: a scope of spaces', web, { scope: '  ' }, 'invalid_scope'],
  ['RFC 8707 §2: a resource that is not registered', web, { resource: 'https://evil.example' }, 'invalid_target'],
  ['RFC 8707 §2: a relative resource', web, { resource: '/api' }, 'invalid_target'],
  [`${OIDC}: prompt=none beside another`, web, { prompt: 'none login' }, 'invalid_request'],
  [`${OIDC}: an unknown prompt`, web, { prompt: 'create' }, 'invalid_request'],
  ...['-1', '1.5', 'x', '1e3', ' 1', '99999999999999999999999'].map((max_age) => [
    `${OIDC}: max_age ${JSON.stringify(max_age)}`,
    web,
    { max_age },
    'invalid_request',
  ]),
  [`${OIDC}: request`, web, { request: 'eyJhbGciOiJub25lIn0.e30.' }, 'request_not_supported'],
  [`${OIDC}: request_uri`, web, { request_uri: 'https://evil.example/r' }, 'request_uri_not_supported'],
  [`${OIDC}: registration`, web, { registration: '{}' }, 'registration_not_supported'],
  ['a state over 2 kB', web, { state: 'x'.repeat(2049) }, 'invalid_request'],
  [
    'RFC 9700 §2.1.1: an OpenID request with neither PKCE nor nonce',
    clients.noPkce,
    { code_challenge: undefined, code_challenge_method: undefined, scope: 'openid read' },
    'invalid_request',
  ],
  [
    'RFC 9700 §2.1.1: the same by the scope that is registered',
    clients.noPkce,
    { code_challenge: undefined, code_challenge_method: undefined },
    'invalid_request',
  ],
  [
    'RFC 9700 §2.1.1: the same with an empty nonce',
    clients.noPkce,
    { code_challenge: undefined, code_challenge_method: undefined, scope: 'openid', nonce: '' },
    'invalid_request',
  ],
  ['a nonce over 2 kB', web, { nonce: 'x'.repeat(2049) }, 'invalid_request'],
  ['a login_hint over 2 kB', web, { login_hint: 'x'.repeat(2049) }, 'invalid_request'],
];

describe('/authorize: an error for the client', { concurrency: 8 }, () => {
  for (const [name, client, form, error] of toClient) {
    test(`${name}: ${error}, with state and iss`, async () => {
      const state = form.state ?? 'the "state"';
      for (const response_mode of form.response_mode ? [form.response_mode] : ['query', 'form_post']) {
        const response = await visit(client, { state, response_mode, ...form });
        const { uri, params } = arrival(response);
        assert.equal(uri, client.redirect_uris[0]);
        const { error_description, ...rest } = params;
        assert.deepEqual(rest, { error, state, iss: ISSUER }, error_description);
        assert.match(error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/, 'RFC 6749 §4.1.2.1');
        assert.equal(response.headers['set-cookie'], undefined);
      }
    });
  }
});
