// How a client proves itself by a key of its own (RFC 7523 §2.2).

import { randomBytes } from 'node:crypto';
import { ISSUER } from './grant-clients.mjs';
import { keyOf } from './jws.mjs';

export const JWT_ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer';
export const SPIFFE_ASSERTION = 'urn:ietf:params:oauth:client-assertion-type:jwt-spiffe';

const now = () => Math.floor(Date.now() / 1000);

/** A name that nobody had before. */
export const fresh = () => randomBytes(16).toString('base64url');

/** What a client says of itself for a minute (RFC 7523 §3, RFC 10070 §4). A member that is `undefined` is left out. */
export const claimsOf = (client, changes = {}) => ({
  iss: client.client_id,
  sub: client.client_id,
  aud: ISSUER,
  iat: now(),
  exp: now() + 60,
  jti: fresh(),
  ...changes,
});

/** A client's assertion, signed by one of its own keys, or by `key`. */
export const assertionOf = (client, { claims = {}, header = {}, alg, key } = {}) =>
  (key ?? keyOf(alg ?? client.token_endpoint_auth_signing_alg ?? 'ES256', client.client_id)).sign(
    claimsOf(client, claims),
    header,
  );

/** The parameters by which an assertion is presented (RFC 7521 §4.2). */
export const presented = (client_assertion, client_assertion_type = JWT_ASSERTION) => ({
  client_assertion_type,
  client_assertion,
});
