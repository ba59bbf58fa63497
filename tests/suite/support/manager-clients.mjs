// The clients of the rows about the management interface. Without audiences their tokens are for the issuer.

import { TOKEN_EXCHANGE } from './assertion-clients.mjs';
import { ISSUER, secretOf } from './grant-clients.mjs';

const machine = (client_id, more) => ({
  client_id,
  client_secret: secretOf(client_id),
  grant_types: ['client_credentials'],
  ...more,
});

export const managerClients = {
  /** It may do everything that the management interface has. */
  manager: machine('manager', {
    scope: 'jeton:clients jeton:clients:read jeton:apis jeton:trust jeton:grants jeton:register read write',
    audiences: [ISSUER, 'https://api.example'],
  }),
  opaqueManager: machine('opaque-manager', { scope: 'jeton:clients', access_token_format: 'opaque' }),
  /** Its tokens are good for a second. */
  briefManager: machine('brief-manager', { scope: 'jeton:clients', access_token_lifetime: 1 }),
  exchangingManager: machine('exchanging-manager', {
    scope: 'jeton:clients',
    grant_types: ['client_credentials', TOKEN_EXCHANGE],
  }),
  /** An application whose people have the scope. */
  managingApp: machine('managing-app', {
    redirect_uris: ['https://app.example/cb'],
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid offline_access jeton:clients',
  }),
};
