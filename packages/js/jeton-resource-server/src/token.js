// Which tokens are taken: the issuer's, for this API, and in time.

import { inTime, listOf, typed } from './claims.js';
import { checkForm } from './credentials.js';
import { misconfigured, Refusal } from './error.js';
import { serverOf } from './http.js';
import { metadataOf } from './issuer.js';
import { ALGORITHMS, signedClaims } from './jwt.js';
import { keysOf } from './keys.js';

/** A function that yields the claims of a token, or throws. */
export function claimsOf(options, clock) {
  const { issuer, audience, algorithms = ALGORITHMS, leeway = 10, introspection } = options;
  const { fetch = (...request) => globalThis.fetch(...request) } = options;
  const audiences = listOf(audience);
  if (!audiences[0]) throw misconfigured('there is no audience');
  if (!Number.isFinite(leeway) || leeway < 0) throw misconfigured('leeway is no number');
  if (!algorithms.every((alg) => /^([ERP]S(256|384|512)|EdDSA|Ed25519)$/.test(alg))) {
    throw misconfigured('an algorithm is unknown');
  }
  const server = serverOf(fetch, clock);
  const metadata = metadataOf(server, options, clock);
  const keys = keysOf(server, metadata, options, clock);
  const introspected = introspection?.({ server, metadata, issuer, clock });

  return async (token) => {
    checkForm(token);
    const isJwt = token.split('.').length === 3;
    if (!isJwt && !introspected) throw new Refusal('malformed');
    const claims = typed(isJwt ? await signedClaims(token, keys, algorithms) : await introspected(token));
    const { iss, aud, exp } = claims;
    // RFC 7662 §2.2: an introspection need not name its issuer, nor an end.
    if (iss !== issuer && (isJwt || iss !== undefined)) throw new Refusal('wrong_issuer');
    if (!aud.some((one) => audiences.includes(one))) throw new Refusal('wrong_audience');
    if (isJwt && exp === undefined) throw new Refusal('malformed', { detail: 'exp is missing' });
    inTime(claims, clock(), leeway, server.clocks);
    return claims;
  };
}
