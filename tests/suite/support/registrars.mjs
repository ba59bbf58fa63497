// The clients whose tokens let others register, and the APIs that these may have.

import { secretOf } from './grant-clients.mjs';

const registrar = (client_id, registration_ceiling, more = {}) => ({
  client_id,
  client_secret: secretOf(client_id),
  grant_types: ['client_credentials'],
  scope: 'jeton:register other',
  registration_ceiling,
  ...more,
});

const EVERYTHING = ['authorization_code', 'refresh_token', 'client_credentials'];

export const registrars = {
  /** Its clients may have much, and as many as they like. */
  registrar: registrar('registrar', {
    scope: 'openid profile email offline_access read write',
    grant_types: EVERYTHING,
  }),
  /** Its tokens say nothing. */
  plainRegistrar: registrar('plain-registrar', undefined),
  /** Three in a day, each for one test. */
  registrarOfThree: registrar('registrar-of-three', { count: 3 }),
  registrarOfThreeAtOnce: registrar('registrar-of-three-at-once', { count: 3 }),
  /** Its clients live for two seconds. */
  registrarOfMayflies: registrar('registrar-of-mayflies', { client_lifetime: 2, grant_types: EVERYTHING }),
  /** It may do other things with its tokens as well. */
  registrarByOpaque: registrar('registrar-by-opaque', { scope: 'read' }, { access_token_format: 'opaque' }),
};

/** An API that admits clients which registered themselves, and one that does not. */
export const ORDERS = {
  identifier: 'https://orders.example',
  scopes: { 'orders:read': 'Read your orders', 'orders:write': 'Change your orders' },
  self_registered_clients: true,
};
export const LEDGER = { identifier: 'https://ledger.example', scopes: { 'ledger:read': 'Read the ledger' } };
