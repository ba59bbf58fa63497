import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError } from '../support/check.mjs';
import { clients, SECRET } from '../support/fixtures.mjs';
import { postAs, requestOf } from '../support/flow.mjs';
import { DEVICE_GRANT } from '../support/grant-clients.mjs';
import { isPage } from '../support/html.mjs';
import { refusal, startFor, unless } from '../support/target.mjs';
import { Browser } from '../support/user-agent.mjs';

const { web, native, login, cookie, tv } = clients;

const broken = [
  ['a malformed login URL', { JETON_LOGIN_URL: 'login' }, 'JETON_LOGIN_URL', 'https URL'],
  ['a login URL over http', { JETON_LOGIN_URL: 'http://login.example/login' }, 'JETON_LOGIN_URL', 'https URL'],
  ['a login URL with a fragment', { JETON_LOGIN_URL: 'https://login.example/#login' }, 'JETON_LOGIN_URL', 'https URL'],
  ['a login URL that is a script', { JETON_LOGIN_URL: 'javascript:alert(1)' }, 'JETON_LOGIN_URL', 'https URL'],
  ['a logout URL over http', { JETON_LOGOUT_URL: 'http://login.example/logout' }, 'JETON_LOGOUT_URL', 'https URL'],
  ['a malformed time', { JETON_GRANTS_NOT_BEFORE: 'yesterday' }, 'JETON_GRANTS_NOT_BEFORE', 'whole number'],
  ...[
    ['no redirect URI', web, { redirect_uris: undefined }, 'redirect_uris'],
    ['a redirect URI over http', web, { redirect_uris: ['http://app.example/cb'] }, 'redirect_uris'],
    ['a redirect URI with a fragment', web, { redirect_uris: ['https://app.example/cb#x'] }, 'redirect_uris'],
    ['a redirect URI that is a script', web, { redirect_uris: ['javascript:alert(1)'] }, 'redirect_uris'],
    ['a post-logout URI over http', web, { post_logout_redirect_uris: ['http://app.example/'] }, 'redirect_uris'],
    ['no PKCE, although public (RFC 9700 §2.1.1)', native, { require_pkce: false }, 'require_pkce'],
    [
      'no rotation, although public (RFC 9700 §2.2.2)',
      native,
      { refresh_token_rotation: false },
      'refresh_token_rotation',
    ],
    ['fresh claims without rotation', web, { renew_claims: true, refresh_token_rotation: false }, 'renew_claims'],
    ['a grace of five minutes and a second', web, { refresh_token_grace: 301 }, 'refresh_token_grace'],
    ['a lifetime of no time', web, { refresh_token_lifetime: 0 }, 'refresh_token_lifetime'],
    ['a cookie for no origin', cookie, { allowed_origins: [] }, 'refresh_token_delivery'],
    ['an origin with a path', cookie, { allowed_origins: ['https://app.example/'] }, 'allowed_origins'],
    ['every origin', cookie, { allowed_origins: ['*'] }, 'allowed_origins'],
    ['an unknown delivery', web, { refresh_token_delivery: 'pigeon' }, 'refresh_token_delivery'],
    ['an unknown format', web, { access_token_format: 'paper' }, 'JETON_CLIENTS'],
    ['a public login application', native, { login: true }, 'login'],
  ].map(([name, client, changes, member]) => [
    `a client with ${name}`,
    { clients: [{ ...client, ...changes }] },
    'JETON_CLIENTS',
    member,
  ]),
];

describe('configuration of logins', { skip: unless.startable, concurrency: 4 }, () => {
  for (const [name, changes, variable, expected] of broken) {
    test(`${name} is refused at start, naming ${variable}`, async () => {
      const said = await refusal({ JETON_DEVELOPMENT: 'false', ...changes });
      assert.ok(said.includes(variable), said);
      assert.ok(said.includes(expected), said);
      assert.ok(!said.includes(SECRET) && !said.includes(login.client_secret), 'a secret is printed');
    });
  }

  test('without JETON_LOGIN_URL what needs it says so', { skip: unless.loginless }, async (t) => {
    const on = await startFor(t, { changes: { JETON_LOGIN_URL: '' } });
    const browser = new Browser({ on });
    const visit = await browser.get(`/authorize?${new URLSearchParams(requestOf(web))}`);
    assert.match(isPage(visit, 501), /JETON_LOGIN_URL/);
    assert.match(isPage(await browser.get('/device'), 501), /JETON_LOGIN_URL/);
    const device = await postAs(tv, '/device_authorization', {}, { on });
    isError(device, 501, 'server_error');
    assert.match(device.json().error_description, /JETON_LOGIN_URL/);
    for (const [client, form] of [
      [web, { grant_type: 'authorization_code', code: 'x' }],
      [web, { grant_type: 'refresh_token', refresh_token: 'x' }],
      [tv, { grant_type: DEVICE_GRANT, device_code: 'x' }],
    ]) {
      isError(await postAs(client, '/token', form, { on }), 400, 'unsupported_grant_type');
    }
  });
});
