// The clients of the rows about logins. Each is an application that somebody could have.

import { createHash } from 'node:crypto';

const APP = 'https://app.example';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';

/** A client's secret, the same in every run. */
export const secretOf = (client_id) => createHash('sha256').update(client_id).digest('base64url');

const application = (client_id, more = {}) => ({
  client_id,
  client_secret: secretOf(client_id),
  redirect_uris: [`${APP}/cb`],
  grant_types: ['authorization_code', 'refresh_token'],
  scope: 'openid profile email address phone offline_access read write',
  audiences: ['https://api.example', 'https://other.example'],
  ...more,
});

const publicly = (client_id, more = {}) =>
  application(client_id, { client_secret: undefined, token_endpoint_auth_method: 'none', ...more });

const device = { redirect_uris: undefined, grant_types: [DEVICE, 'refresh_token'] };

export const ISSUER = 'https://issuer.example';
export const LOGIN_URL = 'https://login.example/login';
export const LOGOUT_URL = 'https://login.example/logout?from=jeton';

export const grantClients = {
  /** The login application, which the suite plays itself. */
  login: application('login-app', { login: true, grant_types: [], redirect_uris: undefined }),
  web: application('web', {
    client_name: 'Web <b>&"shop\'',
    client_uri: `${APP}/start`,
    post_logout_redirect_uris: [`${APP}/bye`, `${APP}/bye?from=jeton`],
  }),
  other: application('other-web'),
  /** Several redirect URIs, so that a request has to name one. */
  many: application('many', {
    redirect_uris: [`${APP}/cb`, `${APP}/cb?keep=1&x=%2F`, 'http://localhost:3000/cb', 'com.example.app:/cb'],
  }),
  native: publicly('native', {
    redirect_uris: ['http://127.0.0.1/cb', 'http://[::1]:7777/cb', 'http://localhost/cb'],
  }),
  /** Its scopes are more than an address holds. */
  wide: application('wide', {
    scope: Array.from({ length: 160 }, (_, n) => `a-scope-of-25-letters-${n}`.padEnd(25, '-')).join(' '),
  }),
  /** Registered for another grant only. */
  noCode: application('no-code', { grant_types: ['client_credentials'] }),
  noPkce: application('no-pkce', { require_pkce: false }),
  noRefresh: application('no-refresh', { grant_types: ['authorization_code'] }),
  /** A refresh token for OpenID requests too, without asking for offline_access. */
  always: application('always', { offline_access_required: false }),
  /** Superseded refresh tokens answer for a second, for two, for five, and not at all. */
  quick: publicly('quick', { refresh_token_grace: 1 }),
  lossy: publicly('lossy', { refresh_token_grace: 2 }),
  patient: publicly('patient', { refresh_token_grace: 5 }),
  strict: application('strict', { refresh_token_grace: 0 }),
  steady: application('steady', { refresh_token_rotation: false }),
  idle: application('idle', { refresh_token_idle_lifetime: 4, refresh_token_grace: 1 }),
  brief: application('brief', { refresh_token_lifetime: 5, refresh_token_grace: 1 }),
  /** Its access tokens expire after a second. */
  mayfly: application('mayfly', { access_token_lifetime: 1 }),
  opaque: application('opaque', {
    access_token_format: 'opaque',
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
  }),
  /** Their tokens say more of the person. */
  members: application('members', { id_token_claims: ['groups', 'email'], access_token_claims: ['roles', 'email'] }),
  opaqueMembers: application('opaque-members', { access_token_format: 'opaque', access_token_claims: ['roles'] }),
  /** /userinfo answers with these alone. */
  listed: application('listed', { userinfo_claims: ['groups', 'email', 'acr'] }),
  /** A device whose ID tokens have groups. */
  board: application('board', { ...device, id_token_claims: ['groups'] }),
  /** A resource server: an audience of the others. */
  api: application('https://api.example', { grant_types: [], redirect_uris: undefined }),
  cookie: publicly('cookie', {
    grant_types: ['authorization_code', 'refresh_token', DEVICE],
    refresh_token_delivery: 'cookie',
    allowed_origins: [APP, 'http://localhost:5173'],
    post_logout_redirect_uris: [`${APP}/bye`],
  }),
  page: publicly('page', { allowed_origins: [APP] }),
  /** An app of a phone: its own scheme has a dot, and its pages an origin of their own. */
  phone: publicly('phone', {
    redirect_uris: ['com.example.app:/cb', 'com.example.app://auth/cb?keep=1'],
    post_logout_redirect_uris: ['com.example.app:/bye'],
    allowed_origins: ['capacitor://localhost', 'ionic://localhost'],
  }),
  /** A program of a desktop, by what it has opted into. */
  editor: publicly('editor', {
    any_private_use_scheme: true,
    localhost_is_loopback: true,
    redirect_uris: [
      'cursor://anysphere.cursor-retrieval/oauth/cb',
      'vscode://publisher.extension/cb',
      'http://localhost/cb',
    ],
    post_logout_redirect_uris: ['cursor://anysphere.cursor-retrieval/bye', 'http://localhost/bye'],
    allowed_origins: [
      'tauri://localhost',
      'chrome-extension://mhjfbmdgcfjbbpaeojofohoefgiehjai',
      'moz-extension://5a6e3a5e-9e0a-4a3f-8a47-0d5b3f1c2e4d',
      'safari-web-extension://E3449EA7-EC25-4696-8E6C-72F0A4B1C2D3',
    ],
  }),
  /** The operator's own; two of its pages are no links. */
  ours: publicly('ours', {
    first_party: true,
    client_uri: 'http://app.example/ours',
    policy_uri: 'https://company.example/privacy',
    tos_uri: 'https://bank.example@app.example/terms',
    redirect_uris: [`${APP}/cb`, 'https://localhost:8443/cb', 'https://app.localhost/cb', 'https://[::1]:8443/cb'],
  }),
  tv: publicly('tv', { ...device, client_name: 'TV <script>alert(1)</script>' }),
  console: application('console', { ...device, refresh_token_grace: 1 }),
};

export const DEVICE_GRANT = DEVICE;
