// Machines that prove who they are without a secret, and the ways in which they do.

import { JWT_BEARER, TOKEN_EXCHANGE } from '../../suite/support/assertion-clients.mjs';
import { presented } from '../../suite/support/assertions.mjs';
import { keyOf } from '../../suite/support/jws.mjs';
import { claimsOf } from '../../suite/support/tokens.mjs';
import { ok } from './issuer.mjs';

export const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
export const JWT = 'urn:ietf:params:oauth:token-type:jwt';

export const federated = (client_id, more = {}) => ({
  client_id,
  token_endpoint_auth_method: 'federated_jwt',
  grant_types: ['client_credentials', JWT_BEARER, TOKEN_EXCHANGE],
  scope: 'deploy read',
  audiences: ['https://api.example'],
  ...more,
});
const signer = {
  client_id: 'signer',
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: [keyOf('ES256', 'signer').jwk] },
  grant_types: ['client_credentials'],
  scope: 'read',
};
export const CLIENTS = [federated('deployer'), federated('checker'), federated('workload'), signer];

export const now = () => Math.floor(Date.now() / 1000);
export const soon = () => ({ iat: now(), exp: now() + 60 });

/** A client's assertion of itself, by `key`. */
export const assertionOf = (client_id, issuer, key, more = {}) =>
  key.sign({ iss: client_id, sub: client_id, aud: issuer.id, jti: `${Math.random()}`, ...soon(), ...more });

export const byAssertion = (issuer, assertion, form = {}) =>
  issuer.post('/token', { grant_type: 'client_credentials', ...presented(assertion), ...form });
export const bear = (issuer, assertion, form = {}) =>
  issuer.post('/token', { grant_type: JWT_BEARER, assertion, ...form });
export const exchangeOf = (subject_token, subject_token_type = JWT) => ({
  grant_type: TOKEN_EXCHANGE,
  subject_token,
  subject_token_type,
});

/** Whose access token an answer has. */
export const clientOf = (response) => claimsOf(ok(response).json().access_token).client_id;

/** A document that trusts `issuer` for the client of that name, by its subject `job`. */
export const documentOf = (issuer, client_id, more = {}) => ({
  issuer,
  rules: [{ name: 'job', client_id, conditions: [{ claim: 'sub', equals: 'job' }], ...more }],
});
