// The APIs of the rows about APIs, and their clients. Each client is registered for what its row needs.

import { TOKEN_EXCHANGE } from './assertion-clients.mjs';
import { DEVICE_GRANT, secretOf } from './grant-clients.mjs';

export const SALES = 'https://sales.example';
export const PARCELS = 'https://parcels.example/v1/';
export const SEALED = 'https://sealed.example';
export const CLOSED = 'https://closed.example';
export const URN = 'urn:example:ledger';

/** A form that names several resources (RFC 8707 §2). */
export const several = (...resources) => resources.map((resource) => ['resource', resource]);

/** `JETON_APIS`. */
export const apis = [
  {
    identifier: SALES,
    aliases: ['urn:example:sales', 'https://sales.internal/api'],
    name: 'Sales',
    scopes: { 'sales:read': 'See what was sold', 'sales:write': 'Sell', shared: 'Of several', silent: '' },
    access_token_lifetime: 120,
    client_claims: { tenant: 'of sales', region: { name: 'north' } },
    client_claims_from: {
      customer: 'client_name',
      site: 'client_uri',
      team: 'labels.team',
      release: 'software_version',
    },
    introspection_clients: ['sales-gateway', 'of-nobody'],
  },
  {
    identifier: PARCELS,
    scopes: { 'parcels:track': 'Track parcels', shared: 'Of parcels too' },
    access_token_lifetime: 90,
    client_claims: { tenant: 'of parcels', carrier: 'post' },
  },
  { identifier: SEALED, scopes: { 'sealed:open': 'Open' }, access_token_format: 'opaque' },
  { identifier: CLOSED, scopes: { 'closed:open': 'Open' }, disabled: true },
  { identifier: URN, scopes: { 'ledger:read': 'Read' } },
];

const machine = (client_id, more = {}) => ({
  client_id,
  client_secret: secretOf(client_id),
  grant_types: ['client_credentials'],
  ...more,
});

const of = (identifier, scope) => ({ identifier, scope });
const APIS = [
  of(SALES, 'sales:read sales:write sales:of-nobody shared'),
  of(PARCELS, 'parcels:track parcels:of-nobody'),
  of(SEALED, 'sealed:open'),
  of(CLOSED, 'closed:open'),
  of(URN, 'ledger:read'),
  of('https://unregistered.example', 'unregistered:open'),
];

export const apiClients = {
  /** A machine of several APIs, with a scope that goes with each. */
  seller: machine('seller', {
    scope: 'common',
    apis: APIS,
    client_name: 'Seller',
    client_uri: 'https://seller.example',
    software_version: '2.1',
    labels: { team: 'blue', other: 'x' },
    access_token_lifetime: 200,
  }),
  /** It says itself what its tokens say. */
  outspoken: machine('outspoken', {
    apis: [of(SALES, 'sales:read'), of(PARCELS, 'parcels:track')],
    client_claims: { tenant: 'its own', customer: 'itself' },
    access_token_lifetime: 30,
    access_token_format: 'opaque',
  }),
  /** An audience before its APIs. */
  mixed: machine('mixed', {
    scope: 'read',
    audiences: ['https://api.example/', 'urn:example:third'],
    apis: [of(SALES, 'sales:read')],
  }),
  /** One that is registered for an API and for no scope of it. */
  unscopedSeller: machine('unscoped-seller', { apis: [of(SALES, '')] }),
  /** What it names is not there, or disabled. */
  strandedSeller: machine('stranded-seller', {
    scope: 'common',
    apis: [of(CLOSED, 'closed:open'), of('https://unregistered.example', 'unregistered:open')],
  }),
  /** An application whose people sell. */
  shopFront: {
    client_id: 'shop-front',
    client_secret: secretOf('shop-front'),
    redirect_uris: ['https://app.example/cb'],
    grant_types: ['authorization_code', 'refresh_token', DEVICE_GRANT],
    scope: 'openid offline_access profile',
    apis: APIS,
    refresh_token_grace: 0,
  },
  /** The same, with a scope that has no words. */
  kiosk: {
    client_id: 'kiosk',
    client_secret: secretOf('kiosk'),
    redirect_uris: ['https://app.example/cb'],
    grant_types: ['authorization_code'],
    scope: 'openid',
    apis: [of(SALES, 'silent')],
  },
  /** Named by the API, to look at its tokens; and one that is not. */
  salesGateway: machine('sales-gateway', { grant_types: [] }),
  otherGateway: machine('other-gateway', { grant_types: [] }),
  /** A service that exchanges what it is given for a token of another API. */
  broker: machine('broker', {
    grant_types: [TOKEN_EXCHANGE, 'client_credentials'],
    audiences: ['broker'],
    apis: [of(SALES, 'sales:read shared'), of(PARCELS, 'parcels:track shared')],
  }),
};
