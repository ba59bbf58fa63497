// The clients of the rows about token exchange: an application with a login, a machine, and services that
// are each other's audiences; and the rules about tokens of the deployment itself.

import { TOKEN_EXCHANGE } from './assertion-clients.mjs';
import { ISSUER, secretOf } from './grant-clients.mjs';

const API = 'https://api.example';
const idOf = (name) => `https://${name}.example`;
const SERVICES = ['gateway', 'orders', 'stock', 'books', 'mail'].map(idOf);

const service = (name, more = {}) => ({
  client_id: idOf(name),
  client_secret: secretOf(name),
  grant_types: [TOKEN_EXCHANGE, 'client_credentials'],
  scope: 'openid profile read admin',
  audiences: [API, ...SERVICES, 'https://further.example'],
  access_token_claims: ['roles', 'may_act'],
  ...more,
});

export const exchangeClients = {
  gateway: service('gateway'),
  orders: service('orders'),
  stock: service('stock'),
  books: service('books'),
  mail: service('mail'),
  /** Exchanges by one rule, and no other token. */
  ruled: service('ruled'),
  /** Reached by the same tokens, but of other kinds. */
  sealing: service('sealing', { access_token_format: 'opaque', access_token_lifetime: 60 }),
  unexchanging: service('unexchanging', { grant_types: ['client_credentials'] }),
  publicService: service('public-service', { client_secret: undefined, token_endpoint_auth_method: 'none' }),
  elsewhere: service('elsewhere', { audiences: ['https://elsewhere.example/api'] }),
  unscoped: service('unscoped', { scope: undefined, audiences: undefined }),
  shop: {
    client_id: 'shop',
    client_secret: secretOf('shop'),
    redirect_uris: ['https://shop.example/cb'],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials', TOKEN_EXCHANGE],
    scope: 'openid profile email offline_access read write',
    audiences: [
      API,
      ...SERVICES,
      ...['sealing', 'ruled', 'unexchanging', 'public-service', 'elsewhere', 'unscoped'].map(idOf),
    ],
    access_token_claims: ['roles', 'groups', 'may_act'],
    client_claims: { tenant: 'blue' },
  },
  /** Its tokens are for a client that a platform vouches for, and it asks /userinfo for little. */
  acting: {
    client_id: 'acting',
    client_secret: secretOf('acting'),
    redirect_uris: ['https://acting.example/cb'],
    scope: 'openid profile email read',
    audiences: ['mover', API, idOf('gateway')],
    access_token_claims: ['may_act'],
    userinfo_claims: ['name'],
  },
  /** Its own tokens say that orders alone may act with them. */
  careful: service('careful', { client_claims: { may_act: { sub: idOf('orders') }, tenant: 'red' } }),
};

const ofGroup = (group, more = {}) => ({
  name: group,
  client_id: idOf('gateway'),
  conditions: [
    { claim: 'groups', contains: group },
    { claim: 'client_id', equals: 'shop' },
  ],
  ...more,
});

/** The document about tokens of the deployment itself. A person's groups are in the tokens of the shop. */
export const ownTrust = {
  issuer: ISSUER,
  rules: [
    ofGroup('disabled', { disabled: true, impersonation: true }),
    ofGroup('further', { audiences: ['https://further.example', 'https://unregistered.example'] }),
    ofGroup('impersonated', { impersonation: true }),
    ofGroup('brief', { scope: 'read', access_token_lifetime: 30 }),
    ofGroup('once', { single_use: true }),
    ofGroup('for orders', { audience: idOf('orders'), impersonation: true }),
    ofGroup('twice', { access_token_lifetime: 40 }),
    { ...ofGroup('twice', { access_token_lifetime: 20 }), name: 'twice, the second' },
    { ...ofGroup('others', { impersonation: true }), client_id: idOf('stock') },
    { ...ofGroup('ruled', { impersonation: true }), client_id: idOf('ruled') },
    ...['gateway', 'stock'].map((name) => ({
      name: `every other, by ${name}`,
      client_id: idOf(name),
      conditions: [{ claim: 'iss', equals: ISSUER }],
      accepted_dangers: ['every_workload'],
    })),
  ],
};
