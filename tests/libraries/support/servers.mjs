// Real servers, each with the clients that the rows of servers.test.mjs are about.

import { Browser } from '../../suite/support/browser.mjs';
import { keyOf, random } from './keys.mjs';
import { secret } from './secrets.mjs';

export const API = 'https://api.example';
export const OPAQUE_API = 'https://opaque.example';
export const CALLBACK = 'http://127.0.0.1:9/callback';
export const BYE = 'http://127.0.0.1:9/bye';

/** Seconds that a person's access token lives. ID tokens live longer, so that a clock can be moved to its end. */
export const LIFETIME = 120;

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const PUBLIC = { token_endpoint_auth_method: 'none' };
const PERSON = { redirect_uris: [CALLBACK], post_logout_redirect_uris: [BYE] };

export const signingKey = await keyOf('ES256', 'of the signer');

/** The clients, as every server has them. */
export const secrets = { machine: secret(random(32)), gateway: secret(random(32)) };
const machine = { client_id: 'machine', client_secret: secrets.machine, grant_types: ['client_credentials'] };
const signer = {
  client_id: 'signer',
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [signingKey.publicJwk] },
  grant_types: ['client_credentials'],
};
const app = { client_id: 'app', ...PUBLIC, ...PERSON, grant_types: ['authorization_code', 'refresh_token'] };
const device = { client_id: 'device', ...PUBLIC, grant_types: [DEVICE, 'refresh_token'] };
const gateway = { client_id: 'gateway', client_secret: secrets.gateway, grant_types: [] };

export const SCOPE = 'openid profile offline_access';

/** Jeton on the host of `JETON_TARGET`: the issuer. */
async function jeton(t) {
  const { deployment } = await import('../../suite/support/front.mjs');
  const apis = [
    { identifier: API, scope: 'read write' },
    { identifier: OPAQUE_API, scope: 'read' },
  ];
  const clients = [
    { ...machine, apis },
    { ...signer, apis },
    { ...app, scope: SCOPE, access_token_lifetime: LIFETIME },
    { ...device, scope: SCOPE },
    gateway,
  ];
  const scopes = { read: 'Read', write: 'Write' };
  return deployment(t, clients, {
    apis: [
      { identifier: API, scopes },
      { identifier: OPAQUE_API, scopes, access_token_format: 'opaque', introspection_clients: ['gateway'] },
    ],
  });
}

/** npm's oidc-provider: the issuer. */
async function oidcProvider(t) {
  const { oidcProvider } = await import('./oidc-provider.mjs');
  const machines = { redirect_uris: [], response_types: [] };
  const native = { application_type: 'native' };
  return oidcProvider(t, {
    apis: { [API]: 'jwt', [OPAQUE_API]: 'opaque' },
    lifetime: LIFETIME,
    clients: [
      { ...machine, ...machines },
      { ...signer, ...machines },
      { ...app, ...native },
      { ...device, ...machines, ...native },
      { ...gateway, ...machines },
    ],
  });
}

export const target = process.env.JETON_TARGET ?? 'mock';
export const start = target === 'oidc-provider' ? oidcProvider : jeton;

/** Alice at a browser: where the address leads her in the end. */
export async function visit(browser, url, end) {
  const answers = { username: 'alice', login: 'alice', password: 'wonderland' };
  return (await browser.visit(url, { end, answers, button: 'approve' })).url.href;
}

export const person = () => new Browser();
