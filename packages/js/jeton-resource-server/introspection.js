// Opaque tokens, of which the authorization server is asked (RFC 7662). An entry of its own, so that who verifies JWTs
// alone does not ship it.

export { clientSecret, privateKeyJwt } from './src/authentication.js';
export { introspection } from './src/introspection.js';
