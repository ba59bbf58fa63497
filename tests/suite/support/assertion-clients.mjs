// Clients without a secret: they prove themselves by a key of their own, which `keyOf` makes of their id, or by
// the word of a platform, of which platforms.mjs has the rules.

import { DEVICE_GRANT, secretOf } from './grant-clients.mjs';
import { ALGORITHMS, keyOf } from './jws.mjs';

export const JWT_BEARER = 'urn:ietf:params:oauth:grant-type:jwt-bearer';
export const TOKEN_EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';

const byKey = (client_id, { algorithms = ['ES256'], ...more } = {}) => ({
  client_id,
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: algorithms.map((alg) => keyOf(alg, client_id).jwk) },
  grant_types: ['client_credentials'],
  scope: 'openid profile email offline_access read write',
  audiences: ['https://api.example', 'https://other.example'],
  ...more,
});

/** The keys of a client, with these members left out of their JWKs. */
const without = (client, ...names) => ({
  ...client,
  jwks: {
    keys: client.jwks.keys.map((jwk) =>
      Object.fromEntries(Object.entries(jwk).filter(([name]) => !names.includes(name))),
    ),
  },
});

const federated = (client_id, more = {}) => ({
  client_id,
  token_endpoint_auth_method: 'federated_jwt',
  grant_types: ['client_credentials', JWT_BEARER, TOKEN_EXCHANGE],
  scope: 'deploy read write',
  audiences: ['https://api.example', 'https://other.example'],
  ...more,
});

export const assertionClients = {
  /** It has a key of each algorithm, and may do everything. */
  signer: byKey('signer', {
    algorithms: ALGORITHMS,
    redirect_uris: ['https://app.example/cb'],
    grant_types: ['client_credentials', 'authorization_code', 'refresh_token', DEVICE_GRANT],
  }),
  otherSigner: byKey('other-signer'),
  /** It has a key of another client's. */
  twin: { ...byKey('twin'), jwks: { keys: [keyOf('ES256', 'signer').jwk] } },
  /** A login application. */
  signingLogin: byKey('signing-login', { login: true, grant_types: [], scope: undefined, audiences: undefined }),
  /** Its RSA key would do for RS256 as well, and its record wants PS256 alone. */
  psOnly: without(byKey('ps-only', { algorithms: ['PS256'], token_endpoint_auth_signing_alg: 'PS256' }), 'alg'),
  /** Its keys have no names. */
  unnamed: without(byKey('unnamed', { algorithms: ALGORITHMS }), 'kid', 'use'),
  /** Its assertions are good until they expire. */
  reuser: byKey('reuser', { client_assertion_single_use: false }),
  /** A library that makes assertions for an hour, for the token endpoint. */
  hourly: byKey('hourly', { token_endpoint_is_audience: true, client_assertion_lifetime: 3600 }),
  /** What platforms vouch for. */
  deployer: federated('deployer'),
  checker: federated('checker'),
  workload: federated('workload', { token_endpoint_auth_method: 'spiffe_jwt' }),
  /** It has a secret still, and moves to its platform. */
  mover: federated('mover', {
    token_endpoint_auth_method: undefined,
    client_secret: secretOf('mover'),
  }),
  /** A rule names it too. */
  movingSigner: federated('moving-signer', {
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [keyOf('ES256', 'moving-signer').jwk] },
  }),
  /** Registered for no grant in which a platform's token is any use. */
  grantless: federated('grantless', { grant_types: ['authorization_code'], redirect_uris: ['https://app.example/cb'] }),
  disabledClient: federated('disabled-client', { disabled: true }),
  disabledSigner: byKey('disabled-signer', { disabled: true }),
};
