// JWTs of others, by node:crypto alone: with any header, any claims and any key, sound or not. No
// library of ours has a part in them, and none would make most of them.

import {
  constants,
  createECDH,
  createHash,
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  sign,
} from 'node:crypto';
import { readFileSync } from 'node:fs';

/** The algorithms of assertions (RFC 7518 §3.1, RFC 8037 §3.1). */
export const ALGORITHMS = ['ES256', 'ES384', 'EdDSA', 'PS256', 'RS256'];

/** The signature of `message` by each `alg`. */
const SIGNATURES = {
  ES256: (message, key) => sign('sha256', message, { key, dsaEncoding: 'ieee-p1363' }),
  ES384: (message, key) => sign('sha384', message, { key, dsaEncoding: 'ieee-p1363' }),
  EdDSA: (message, key) => sign(null, message, key),
  PS256: (message, key) => sign('sha256', message, { key, padding: constants.RSA_PKCS1_PSS_PADDING, saltLength: 32 }),
  RS256: (message, key) => sign('sha256', message, key),
};

const RSA = JSON.parse(
  readFileSync(new URL('../../../crates/jeton-contracts/src/crypto/vectors.json', import.meta.url)),
).sign.keys.find(({ kty }) => kty === 'RSA');

/** Private keys that are the same in every run: a deployment of one's own is configured with their public halves. */
const DERIVED = {
  ES256: (name) => onCurve('prime256v1', 'P-256', createHash('sha256').update(name).digest()),
  ES384: (name) => onCurve('secp384r1', 'P-384', createHash('sha384').update(name).digest()),
  EdDSA: (name) => {
    // RFC 8410 §7.
    const seed = createHash('sha256').update(name).digest();
    const key = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
    return createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  },
  PS256: () => createPrivateKey({ key: RSA, format: 'jwk' }),
  RS256: () => createPrivateKey({ key: RSA, format: 'jwk' }),
};

function onCurve(curve, crv, d) {
  const ecdh = createECDH(curve);
  ecdh.setPrivateKey(d);
  const point = ecdh.getPublicKey().subarray(1);
  const half = point.length / 2;
  const text = (bytes) => bytes.toString('base64url');
  const [x, y] = [text(point.subarray(0, half)), text(point.subarray(half))];
  return createPrivateKey({ key: { kty: 'EC', crv, x, y, d: text(d) }, format: 'jwk' });
}

/** How a fresh key of each `alg` is made. */
const FRESH = {
  ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
  ES384: () => generateKeyPairSync('ec', { namedCurve: 'P-384' }),
  EdDSA: () => generateKeyPairSync('ed25519'),
  PS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
};

/** A private key with its algorithm and its name. */
export class Key {
  constructor(alg, kid, key) {
    this.alg = alg;
    this.kid = kid;
    this.key = key;
  }

  /** The public JWK, with what its owner says of it. */
  get jwk() {
    return { ...createPublicKey(this.key).export({ format: 'jwk' }), kid: this.kid, alg: this.alg, use: 'sig' };
  }

  /** The private JWK, which nobody publishes but by mistake. */
  get privateJwk() {
    return { ...this.key.export({ format: 'jwk' }), kid: this.kid, alg: this.alg, use: 'sig' };
  }

  /** A JWT with these claims, as `jwt` makes it. */
  sign(claims, header = {}) {
    return jwt({ alg: this.alg, kid: this.kid, ...header }, claims, (message) => this.signature(message));
  }

  /** The JWS signature value of `message`. */
  signature(message) {
    return SIGNATURES[this.alg](Buffer.from(message), this.key);
  }
}

/** The key of that name; the RSA algorithms have one. */
export const keyOf = (alg, name) => new Key(alg, `${name}-${alg}`, DERIVED[alg](`${name} ${alg}`));

/** A key that nobody had before. */
export const freshKey = (alg, kid = alg) => new Key(alg, kid, FRESH[alg]().privateKey);

/**
 * A JWT: `header` and `claims` are objects, or the JSON text itself; a member that is `undefined` is left out.
 *
 * @param {(message: string) => Buffer} signature
 */
export function jwt(header, claims, signature) {
  const encoded = [header, claims].map((part) =>
    Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url'),
  );
  const message = encoded.join('.');
  return `${message}.${signature(message).toString('base64url')}`;
}

/** The signature by a secret (RFC 7518 §3.2), where no algorithm of ours has one. */
export const hmac = (secret) => (message) => createHmac('sha256', secret).update(message).digest();

/** No signature at all (RFC 7518 §3.6). */
export const unsigned = () => Buffer.alloc(0);
