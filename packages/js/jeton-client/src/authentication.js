// How a client proves who it is: functions of `{ metadata, id, fetch }` to the `ClientAuth` of one request.

import * as oauth from 'oauth4webapi';
import { ClientError, fail } from './error.js';

/** The client's secret: in the header, form-encoded (RFC 6749 §2.3.1), or in the body where the server has only that. */
export function clientSecret(secret) {
  if (!secret) fail('caller', 'invalid_configuration', 'there is no client secret');
  return ({ metadata: { token_endpoint_auth_methods_supported: methods } }) =>
    methods && !methods.includes('client_secret_basic')
      ? oauth.ClientSecretPost(secret)
      : (_, { client_id }, __, headers) =>
          headers.set(
            'authorization',
            `Basic ${btoa(`${encodeURIComponent(client_id)}:${encodeURIComponent(secret)}`)}`,
          );
}

/** Nothing: a public client. */
export const none = () => oauth.None;

/** The client's own key (RFC 7523 §2.2, RFC 10070): a private JWK, a CryptoKey, or `{ key, kid }`. */
export function privateKeyJwt(key) {
  let imported;
  return async ({ id }) => {
    imported ??= importKey(key);
    const signer = await imported;
    return oauth.PrivateKeyJwt(signer, {
      [oauth.modifyAssertion](header, payload) {
        header.typ = 'client-authentication+jwt';
        // Which of two names Ed25519 has, whoever registered the key knows.
        header.alg = signer.alg ?? header.alg;
        payload.jti = id();
        // The server's clock may be behind ours, and `exp` says enough.
        delete payload.nbf;
      },
    });
  };
}

const NAMES = { EC: 'ECDSA', RS: 'RSASSA-PKCS1-v1_5', PS: 'RSA-PSS' };

async function importKey(given) {
  const { kty, kid, alg, ...jwk } = given;
  if (!kty) return given;
  const { crv = alg } = jwk;
  const name = NAMES[kty] ?? NAMES[crv.slice(0, 2)] ?? crv;
  const algorithm = { name, namedCurve: crv, hash: `SHA-${crv.slice(2)}` };
  return { kid, alg, key: await crypto.subtle.importKey('jwk', { kty, ...jwk }, algorithm, false, ['sign']) };
}

const bearerOf = (kind) => `urn:ietf:params:oauth:${kind}-type:jwt-bearer`;

/** What a platform says of who runs there, asked for anew for each request: a client assertion, or itself the grant. */
export const platformToken =
  (source, { as } = {}) =>
  async ({ metadata: { issuer }, fetch }) => {
    let token;
    try {
      token = (await source({ audience: issuer, fetch })).trim();
    } catch (error) {
      if (error instanceof ClientError) throw error;
    }
    if (!/^[\x21-\x7e]+$/.test(token ?? '')) {
      fail('caller', 'credential_unavailable', 'the platform gives no token');
    }
    return (_, { client_id }, body) => {
      const isGrant = as === 'grant';
      body.set('client_id', client_id);
      body.set(isGrant ? 'grant_type' : 'client_assertion_type', bearerOf(isGrant ? 'grant' : 'client-assertion'));
      body.set(isGrant ? 'assertion' : 'client_assertion', token);
    };
  };

/** A key for proofs of possession (RFC 9449), whose private half nobody can read. */
export const dpopKey = () => oauth.generateKeyPair('ES256');
