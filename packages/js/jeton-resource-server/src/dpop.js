// Proof of possession (RFC 9449).

import { calculateJwkThumbprint, compactVerify, decodeProtectedHeader } from 'jose';
import { listOf } from './claims.js';
import { misconfigured, Refusal } from './error.js';
import { parsed } from './http.js';
import { payloadOf, typeOf } from './jwt.js';
import { bytesOf, encoded, sha256 } from './sha256.js';

export const ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256'];

const LARGEST = 8 * 1024;
const TOLERANCE = 60;
const NONCE_LIFETIME = 120;
const MOST_KEPT = 250_000;
const SMALLEST_SECRET = 32;

const invalid = (detail) => new Refusal('invalid_dpop_proof', { detail });

/** §4.3. `url` is where the public finds the API, which is not what `Host` says. */
export async function check(proofs, { method, url, token, jkt, now, nonces, replay }) {
  const [proof, another] = listOf(proofs);
  if (!proof || another !== undefined || proof.length > LARGEST) {
    throw invalid('not one, or too large');
  }
  const { htm, htu, iat, jti, ath, nonce } = await claimsOf(proof, jkt);
  if (htm !== method) throw invalid('htm');
  if (typeof htu !== 'string' || normal(htu) !== normal(url)) throw invalid('htu');
  if (ath !== (await sha256(token))) throw invalid('ath');
  if (!jti || typeof jti !== 'string') throw invalid('jti');
  if (nonces && nonce !== (await nonces()) && nonce !== (await nonces(1))) throw new Refusal('use_dpop_nonce');
  if (!Number.isFinite(iat) || Math.abs(now - iat) > TOLERANCE) throw invalid('iat: is a clock off?');
  if (!(await replay.use(await sha256(`${jkt} ${jti}`), iat + TOLERANCE))) throw invalid('used before');
}

/** The claims that are signed with the key of this thumbprint. */
async function claimsOf(proof, jkt) {
  try {
    const header = decodeProtectedHeader(proof);
    const { alg, jwk, crit } = header;
    const isProof = typeOf(header) === 'dpop+jwt' && crit === undefined && ALGORITHMS.includes(alg);
    // The thumbprint first: nothing is computed with a key of the sender's choice.
    if (isProof && (await calculateJwkThumbprint(jwk)) === jkt) return payloadOf(await compactVerify(proof, jwk));
  } catch {}
  throw invalid('its signature');
}

/** Scheme, host and path by RFC 3986 §6.2, without query and fragment. */
function normal(url) {
  const { origin, pathname, username, password } = parsed(url);
  if (!pathname || username + password) throw invalid('htu');
  return origin + pathname.replace(/%[\da-f]{2}/gi, unreserved);
}

function unreserved(triplet) {
  const character = String.fromCharCode(Number(`0x${triplet.slice(1)}`));
  return /[\w.~-]/.test(character) ? character : triplet.toUpperCase();
}

/** The nonce of now, or of some slots ago: a MAC of the time, so that nobody keeps any. */
export function noncesOf(secret, clock) {
  const bytes = bytesOf(secret);
  if (!(bytes?.length >= SMALLEST_SECRET)) throw misconfigured('dpopNonceSecret has less than 32 bytes');
  let key;
  return async (ago = 0) => {
    key ??= await crypto.subtle.importKey('raw', bytes, { name: 'HMAC', hash: 'SHA-256' }, false, ['sign']);
    const slot = Math.floor(clock() / NONCE_LIFETIME) - ago;
    return encoded(await crypto.subtle.sign('HMAC', key, bytesOf(`DPoP-Nonce ${slot}`)));
  };
}

/** Which proofs were used, of this process alone. Where there are too many, no other is taken: a forgotten one would be. */
export function replayOf(clock) {
  const used = new Map();
  return {
    use(key, expires_at) {
      // Nearly in their order: each expires within two minutes.
      for (const [oldest, until] of used) {
        if (until >= clock()) break;
        used.delete(oldest);
      }
      if (used.has(key)) return false;
      if (used.size >= MOST_KEPT) throw new Refusal('replay_unavailable');
      used.set(key, expires_at);
      return true;
    },
  };
}
