// Keys and JWTs, by jose.

import { createHash, createPrivateKey, randomBytes } from 'node:crypto';
import { CompactSign, calculateJwkThumbprint, exportJWK, generateKeyPair, importJWK, SignJWT } from 'jose';

export const now = () => Math.floor(Date.now() / 1000);
export const random = (bytes = 16) => randomBytes(bytes).toString('base64url');
export const sha256 = (text) => createHash('sha256').update(text).digest('base64url');

const made = new Map();

/**
 * A key of this algorithm, the same for the same name.
 *
 * @returns {Promise<{ alg: string, kid: string, jwk: object, publicJwk: object, jkt: string,
 *   sign: (claims: object, header?: object) => Promise<string> }>}
 */
export function keyOf(alg, name = '', options = {}) {
  const id = JSON.stringify([alg, name, options]);
  if (!made.has(id)) made.set(id, generate(alg, name, options));
  return made.get(id);
}

async function generate(alg, name, options) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true, ...options });
  const bare = await exportJWK(privateKey);
  const jkt = await calculateJwkThumbprint(bare);
  const jwk = { ...bare, alg, kid: name || jkt };
  const { d, p, q, dp, dq, qi, ...publicJwk } = jwk;
  return {
    alg,
    kid: jwk.kid,
    jwk,
    publicJwk,
    jkt,
    privateKey,
    sign: (claims, header = {}) =>
      new SignJWT(claims).setProtectedHeader(defined({ alg, kid: jwk.kid, ...header })).sign(privateKey),
    /** Any payload at all. */
    signText: (text, header = {}) =>
      new CompactSign(new TextEncoder().encode(text))
        .setProtectedHeader(defined({ alg, kid: jwk.kid, ...header }))
        .sign(privateKey),
  };
}

/** A member that is `undefined` is left out. */
const defined = (object) => Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined));

export const base64url = (value) =>
  Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

/** The parts of a JWT, unverified. */
export function decoded(jwt) {
  const [header, payload] = jwt.split('.', 2).map((part) => JSON.parse(Buffer.from(part, 'base64url')));
  return { header, payload };
}

/** The public key of a JWK, for jose. */
export const verifier = (jwk, alg) => importJWK(jwk, alg);

/** A private JWK as PEM (PKCS#8). */
export const pem = (jwk) => createPrivateKey({ key: jwk, format: 'jwk' }).export({ type: 'pkcs8', format: 'pem' });
