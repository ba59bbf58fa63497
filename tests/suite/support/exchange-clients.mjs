// The clients of the rows about token exchange: an application with a login, a machine, and services that
// are each other's audiences.

import { secretOf } from './grant-clients.mjs';

export const EXCHANGE_GRANT = 'urn:ietf:params:oauth:grant-type:token-exchange';

const API = 'https://api.example';
const idOf = (name) => `https://${name}.example`;
const SERVICES = ['gateway', 'orders', 'stock', 'books', 'mail'].map(idOf);

const service = (name, more = {}) => ({
  client_id: idOf(name),
  client_secret: secretOf(name),
  grant_types: [EXCHANGE_GRANT, 'client_credentials'],
  scope: 'openid profile read admin',
  audiences: [API, ...SERVICES],
  access_token_claims: ['roles', 'may_act'],
  ...more,
});

export const exchangeClients = {
  gateway: service('gateway'),
  orders: service('orders'),
  stock: service('stock'),
  books: service('books'),
  mail: service('mail'),
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
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials', EXCHANGE_GRANT],
    scope: 'openid profile email offline_access read write',
    audiences: [API, ...SERVICES, ...['sealing', 'unexchanging', 'public-service', 'elsewhere', 'unscoped'].map(idOf)],
    access_token_claims: ['roles', 'groups', 'may_act'],
    client_claims: { tenant: 'blue' },
  },
  /** Its own tokens say that orders alone may act with them. */
  careful: service('careful', { client_claims: { may_act: { sub: idOf('orders') }, tenant: 'red' } }),
};
