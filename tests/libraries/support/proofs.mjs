// Proofs of possession as a server checks them: RFC 9449 §4.3.

import { calculateJwkThumbprint, importJWK, jwtVerify } from 'jose';
import { decoded, now, sha256 } from './keys.mjs';

const used = new Set();

/**
 * The proof of a request: `{ header, payload, jkt }`, or `{ fault }`.
 *
 * @param {import('./stub.mjs').Asked} asked
 * @param {{ url: string, offset?: number, token?: string }} expected
 */
export async function checkedProof(asked, { url, offset = 0, token }) {
  try {
    const proof = asked.headers.dpop;
    if (proof.includes(',')) return { fault: 'two proofs' };
    const { header, payload } = decoded(proof);
    if (header.typ !== 'dpop+jwt') return { fault: 'typ' };
    if (!/^(ES|RS|PS|Ed)/.test(header.alg)) return { fault: 'alg' };
    if (!header.jwk || header.jwk.d !== undefined) return { fault: 'jwk' };
    await jwtVerify(proof, await importJWK(header.jwk, header.alg), {
      currentDate: new Date(Date.now() + offset * 1000),
    });
    if (payload.htm !== asked.method) return { fault: 'htm' };
    if (payload.htu !== url) return { fault: `htu is ${payload.htu}, not ${url}` };
    if (!(Math.abs(payload.iat - now() - offset) <= 60)) return { fault: 'iat' };
    if (typeof payload.jti !== 'string' || payload.jti.length < 8 || used.has(payload.jti)) return { fault: 'jti' };
    if (token !== undefined && payload.ath !== sha256(token)) return { fault: 'ath' };
    if (token === undefined && payload.ath !== undefined) return { fault: 'ath where there is no token' };
    used.add(payload.jti);
    return { header, payload, jkt: await calculateJwkThumbprint(header.jwk) };
  } catch (error) {
    return { fault: error.message };
  }
}
