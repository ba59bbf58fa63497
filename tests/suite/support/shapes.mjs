// The three ways in which a token of somebody else is presented. One rule serves all.

import { JWT_BEARER, TOKEN_EXCHANGE } from './assertion-clients.mjs';
import { JWT_ASSERTION, presented, SPIFFE_ASSERTION } from './assertions.mjs';
import { isError } from './check.mjs';
import { post } from './target.mjs';

const JWT = 'urn:ietf:params:oauth:token-type:jwt';

/** A shape: `ask` presents a token, and `isRefused` is how it is refused. */
const shape = (name, formOf, status, error) => ({
  name,
  ask: (token, form = {}, options = {}) => post('/token', { ...formOf(token), ...form }, options),
  isRefused: (response) => isError(response, status, error),
});

const assertion = (name, type) =>
  shape(name, (token) => ({ grant_type: 'client_credentials', ...presented(token, type) }), 401, 'invalid_client');

export const clientAssertion = assertion('a client assertion (RFC 7523 §2.2)', JWT_ASSERTION);

export const jwtBearer = shape(
  'an assertion as a grant (RFC 7523 §2.1)',
  (token) => ({ grant_type: JWT_BEARER, assertion: token }),
  400,
  'invalid_grant',
);

export const tokenExchange = shape(
  'a token to exchange (RFC 8693)',
  (token) => ({ grant_type: TOKEN_EXCHANGE, subject_token: token, subject_token_type: JWT }),
  400,
  'invalid_request',
);

/** The ways of a token that says who issued it. */
export const shapes = [clientAssertion, jwtBearer, tokenExchange];

/** A JWT-SVID as a client assertion of its own type. */
export const jwtSvid = assertion('a JWT-SVID as client assertion', SPIFFE_ASSERTION);
