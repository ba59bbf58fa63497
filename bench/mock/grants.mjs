// What is asked of a provider, the same of each, as a client that believes nothing.

import { createHash, createPublicKey, verify } from 'node:crypto';

const FORM = 'content-type: application/x-www-form-urlencoded\r\n';
/** The client `jeton mock` has from the start; the peers take any. */
const CLIENT = `authorization: Basic ${btoa('demo:demo-secret')}\r\n`;
const REDIRECT_URI = 'http://localhost:3000/callback';
const VERIFIER = 'bench-verifier-0123456789012345678901234567';

const encoded = (parameters) => new URLSearchParams(parameters).toString();
const AUTHORIZATION = encoded({
  response_type: 'code',
  client_id: 'demo',
  redirect_uri: REDIRECT_URI,
  scope: 'openid',
  state: 'state',
  nonce: 'nonce',
  login_hint: 'alice',
  code_challenge: createHash('sha256').update(VERIFIER).digest('base64url'),
  code_challenge_method: 'S256',
});

/** Every grant answers with the JWT it got. */
export const grants = {
  async client_credentials(connection, { token }) {
    const answer = await connection.request('POST', token, FORM + CLIENT, 'grant_type=client_credentials');
    return jwt(answer, 'access_token');
  },

  /** From the authorization request, through whatever redirects, to the ID token. */
  async authorization_code(connection, { token, authorize, login }) {
    let answer = login
      ? await connection.request('POST', `${authorize}?${AUTHORIZATION}`, FORM, login)
      : await connection.request('GET', `${authorize}?${AUTHORIZATION}`, '');
    let cookies = '';
    for (let redirects = 0; redirects < 5; redirects += 1) {
      const location = /\r\nlocation: *(\S+)/i.exec(answer.head)?.[1];
      if (!location || (answer.status !== 302 && answer.status !== 303)) break;
      const url = new URL(location, `http://${connection.host}`);
      if (location.startsWith(REDIRECT_URI)) {
        const code = url.searchParams.get('code');
        if (!code) break;
        const body = encoded({
          grant_type: 'authorization_code',
          code,
          redirect_uri: REDIRECT_URI,
          code_verifier: VERIFIER,
        });
        return jwt(await connection.request('POST', token, FORM + CLIENT, body), 'id_token');
      }
      for (const [, cookie] of answer.head.matchAll(/\r\nset-cookie: *([^;\r]+)/gi))
        cookies += `${cookies && '; '}${cookie}`;
      answer = await connection.request('GET', url.pathname + url.search, cookies && `cookie: ${cookies}\r\n`);
    }
    throw new Error(`expected a redirect with a code, got\n${answer.head}\n\n${answer.body}`);
  },
};

function jwt({ status, head, body }, member) {
  if (status === 200) {
    const answer = JSON.parse(body);
    const token = answer[member];
    if (!answer.error && answer.access_token && /^eyJ[\w-]+\.[\w-]+\.[\w-]+$/.test(token)) return token;
  }
  throw new Error(`expected 200 with a JWT as ${member}, got\n${head}\n\n${body}`);
}

/** The key of `jwks` the token is signed with, e.g. `RS256, 2048 bits`; throws if it is not. */
export function verified(token, jwks, alg) {
  const [header, payload, signature] = token.split('.');
  const { alg: named, kid } = JSON.parse(Buffer.from(header, 'base64url'));
  if (named !== alg) throw new Error(`expected a token signed with ${alg}, got ${named}`);
  const kty = alg === 'RS256' ? 'RSA' : 'EC';
  const jwk = jwks.keys.find((key) => (kid ? key.kid === kid : key.kty === kty));
  const key = createPublicKey({ key: jwk, format: 'jwk' });
  const signed = verify(
    'sha256',
    Buffer.from(`${header}.${payload}`),
    { key, dsaEncoding: 'ieee-p1363' },
    Buffer.from(signature, 'base64url'),
  );
  if (!signed) throw new Error(`expected a signature by ${JSON.stringify(jwk)} in ${token}`);
  const { modulusLength } = key.asymmetricKeyDetails;
  return modulusLength ? `${alg}, ${modulusLength} bits` : alg;
}
