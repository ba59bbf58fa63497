// Access tokens that are signed (RFC 9068).

import { compactVerify, decodeProtectedHeader } from 'jose';
import { Refusal } from './error.js';
import { object } from './http.js';

/** RFC 9864 calls EdDSA with this curve Ed25519. */
export const ALGORITHMS = ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256'];

const decoder = new TextDecoder('utf-8', { fatal: true });

/** The type of a JOSE header, as short as RFC 7515 §4.1.9 lets it be. */
export const typeOf = ({ typ }) => typ?.toLowerCase?.().replace(/^application\//, '');

/** The JSON object that was signed; throws where it is none. */
export function payloadOf({ payload }) {
  const claims = object(payload, decoder);
  if (!claims) throw new Refusal('malformed');
  return claims;
}

/** The claims of a token that one of the keys has signed. What its header says of keys besides `kid` counts for nothing. */
export async function signedClaims(token, keys, algorithms) {
  // Base64url without padding (RFC 7515 §2), which jose would let pass.
  if (/[^\w.-]/.test(token)) throw new Refusal('malformed');
  let header;
  try {
    header = decodeProtectedHeader(token);
  } catch {
    throw new Refusal('malformed');
  }
  const { alg, kid = '', crit } = header;
  if (`${alg}`.toLowerCase() === 'none') throw new Refusal('unsigned');
  if (!algorithms.includes(alg)) throw new Refusal('wrong_algorithm');
  if (crit !== undefined || typeof kid !== 'string') throw new Refusal('malformed');
  if (typeOf(header) !== 'at+jwt') throw new Refusal('wrong_type');
  let code = 'unknown_key';
  for (const key of await keys(alg, header.kid)) {
    try {
      return payloadOf(await compactVerify(token, key));
    } catch (error) {
      code = CODES[error.code] ?? code;
    }
  }
  throw new Refusal(code);
}

/** Any other error is of the key, which is not for this: another curve, too short, `key_ops`. */
const CODES = {
  ERR_JWS_SIGNATURE_VERIFICATION_FAILED: 'bad_signature',
  ERR_JWS_INVALID: 'malformed',
  malformed: 'malformed',
};
