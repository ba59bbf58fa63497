// The deployment every host is started with. To run the suite against a deployment of your own
// (JETON_TARGET=https://…), configure it like this.

import { generateKeyPairSync } from 'node:crypto';
import { apiClients, apis as usualApis } from './apis.mjs';
import { assertionClients } from './assertion-clients.mjs';
import { exchangeClients, ownTrust } from './exchange-clients.mjs';
import { grantClients, ISSUER, LOGIN_URL, LOGOUT_URL, secretOf } from './grant-clients.mjs';
import { managerClients } from './manager-clients.mjs';
import { pairwiseClients } from './pairwise-clients.mjs';
import { trust } from './platforms.mjs';
import { registrars } from './registrars.mjs';

export { ISSUER };

/** The mock takes no secret: it has its own, which everyone knows. */
export const isMock = (process.env.JETON_TARGET ?? 'mock') === 'mock';
export const SECRET = isMock
  ? 'jeton-mock-secret-that-everyone-knows-and-nobody-trusts'
  : 'jsk_-OvUPb7x8Cm_STDGXJt8XMdq9HaSfO6GH_GPzHO_xKsMo0jrj';
export const OLDER_SECRET = 'jsk_UjsNMrZSzxRU_XjN6-SGsuC2Rc0n6hITsF9kktTEgpYdIyu1V';
/** What pairwise subjects are made of. The mock's, too, everyone knows. */
export const PAIRWISE_SALT = isMock ? SECRET : 'jsk_b9sBmAPmAAxzX9Cr7XO1UsMCKoLsbvBhyQijc45d3jMLT_dUC';
/** What codes, refresh tokens and seals are bound to. */
export const KEY_CONTEXT = isMock ? 'mock/' : ISSUER;

const m2m = (client_id, more = {}) => ({
  client_id,
  client_secret: secretOf(client_id),
  grant_types: ['client_credentials'],
  scope: 'read write admin',
  audiences: ['https://api.example', 'https://other.example', 'urn:example:third'],
  ...more,
});

export const clients = {
  m2m: m2m('m2m'),
  odd: m2m('odd id:%+&=', { client_secret: `odd:%20+&='"~^ äö€${secretOf('odd')}` }),
  basicOnly: m2m('basic-only', { token_endpoint_auth_method: 'client_secret_basic' }),
  postOnly: m2m('post-only', { token_endpoint_auth_method: 'client_secret_post' }),
  publicClient: {
    client_id: 'public',
    token_endpoint_auth_method: 'none',
    grant_types: ['client_credentials'],
  },
  otherGrant: m2m('other-grant', { grant_types: undefined }),
  shortLived: m2m('short-lived', { access_token_lifetime: 60 }),
  plain: m2m('plain', { scope: undefined, audiences: undefined }),
  tenant: m2m('tenant', { client_claims: { tenant: 'blue', level: 3, rights: { a: ['x'] } } }),
  opaqueTenant: m2m('opaque-tenant', { access_token_format: 'opaque', client_claims: { tenant: 'red' } }),
  expired: m2m('expired', { client_secret_expires_at: 1 }),
  descriptive: m2m('descriptive', {
    client_name: 'Described',
    'client_name#de': 'Beschrieben',
    client_uri: 'https://client.example',
    contacts: ['ops@client.example'],
    software_id: '4711',
  }),
  ...grantClients,
  ...assertionClients,
  ...exchangeClients,
  ...registrars,
  ...managerClients,
  ...apiClients,
  ...pairwiseClients,
};

/** Two secrets at once, by their hashes: the SHA-256 of `first-…` and `second-…`. */
export const overlapping = {
  client_id: 'overlapping',
  client_secrets: [{ sha256: 'lo9H2tHmb1HI0bcuRKLMXtLUaZuu3ClUDR0Ysk9wxzM', created_at: 1700000000 }],
  grant_types: ['client_credentials'],
};

export function environment(changes = {}) {
  // The document about tokens of the deployment itself has its name.
  const usual = changes.JETON_ISSUER === undefined ? [...trust, ownTrust] : trust;
  const { clients: list = Object.values(clients), trust: documents = usual, apis = usualApis, ...variables } = changes;
  return {
    JETON_ISSUER: ISSUER,
    ...(isMock ? { JETON_SIGNING_ALGS: 'ES256' } : { JETON_SECRET: SECRET, JETON_PAIRWISE_SALT: PAIRWISE_SALT }),
    JETON_LOGIN_URL: LOGIN_URL,
    JETON_LOGOUT_URL: LOGOUT_URL,
    JETON_CLIENTS: JSON.stringify(list),
    JETON_TRUST: JSON.stringify(documents),
    JETON_APIS: JSON.stringify(apis),
    ...variables,
  };
}

/** A private JWK of a fresh RSA key. */
export const rsaJwk = () => generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
