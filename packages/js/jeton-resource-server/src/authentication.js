// How this resource server authenticates where it introspects: what each way adds to the request.

import { SignJWT } from 'jose';

/** RFC 6749 §2.3.1: Basic; in the form, where the server's metadata has no Basic. */
export function clientSecret(client_secret) {
  return ({ client_id, methods = ['client_secret_basic'] }) =>
    methods.includes('client_secret_basic') || !methods.includes('client_secret_post')
      ? { headers: { Authorization: `Basic ${btoa(`${formEncoded(client_id)}:${formEncoded(client_secret)}`)}` } }
      : { form: { client_id, client_secret } };
}

const formEncoded = (text) => new URLSearchParams({ '': text }).toString().slice(1);

const ALGORITHMS = { 'P-256': 'ES256', 'P-384': 'ES384', Ed25519: 'EdDSA' };

/** RFC 7523 §2.2, RFC 10070: the audience is the issuer alone. The key is a private JWK. */
export function privateKeyJwt(key) {
  return async ({ client_id, issuer, now }) => ({
    form: {
      client_id,
      client_assertion_type: 'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      client_assertion: await new SignJWT({
        iss: client_id,
        sub: client_id,
        aud: issuer,
        jti: crypto.randomUUID(),
        iat: now,
        exp: now + 60,
      })
        .setProtectedHeader({
          alg: key.alg ?? ALGORITHMS[key.crv] ?? 'RS256',
          kid: key.kid,
          typ: 'client-authentication+jwt',
        })
        .sign(key),
    },
  });
}
