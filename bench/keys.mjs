// Keys of clients, and the assertions that they make of them.

import { generateKeyPairSync, randomBytes, sign } from 'node:crypto';

const encoded = (part) => Buffer.from(JSON.stringify(part)).toString('base64url');
const HEADER = encoded({ alg: 'ES256', kid: 'bench' });
const common = { kid: 'bench', alg: 'ES256', use: 'sig' };

/** A fresh ES256 key: its JWKs, and an assertion of a client (RFC 7523 §2.2) for half an hour. */
export function signingKey() {
  const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  return {
    jwk: { ...publicKey.export({ format: 'jwk' }), ...common },
    privateJwk: { ...privateKey.export({ format: 'jwk' }), ...common },
    assertion(client, aud) {
      const iat = Math.floor(Date.now() / 1000);
      const jti = randomBytes(16).toString('base64url');
      const message = `${HEADER}.${encoded({ iss: client, sub: client, aud, iat, exp: iat + 1800, jti })}`;
      const signature = sign('sha256', Buffer.from(message), { key: privateKey, dsaEncoding: 'ieee-p1363' });
      return `${message}.${signature.toString('base64url')}`;
    },
  };
}
