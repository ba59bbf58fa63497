// A person who logs in, as HTTP: code + PKCE (RFC 7636), whoever `login_hint` names.

import { createHash, randomBytes } from 'node:crypto';
import { encode, excerpt, MockError, named, send } from './http.js';

const random = () => randomBytes(32).toString('base64url');

/** Over `base`, where the issuer is reached. */
export async function logIn(
  issuer,
  base,
  { client_id, client_secret, redirect_uri = 'https://app.example/callback', subject = 'alice', ...parameters } = {},
) {
  const client = { client_id: client_id ?? 'demo', client_secret };
  const code_verifier = random();
  const asked = {
    response_type: 'code',
    client_id: client.client_id,
    redirect_uri,
    scope: 'openid',
    state: random(),
    nonce: random(),
    code_challenge: createHash('sha256').update(code_verifier).digest('base64url'),
    code_challenge_method: 'S256',
    login_hint: subject,
    ...named(parameters),
  };
  const answer = await follow(`${base}/authorize?${encode(asked)}`, redirect_uri);
  const { code, state, error, error_description } = Object.fromEntries(answer);
  if (error !== undefined) {
    throw new MockError(`login: ${[error, error_description].filter(Boolean).join(': ')}`, {
      error,
      error_description,
    });
  }
  if (state !== asked.state) throw new MockError(`login: state ${state} came back for ${asked.state}`);
  return issuer.token({ ...client, grant_type: 'authorization_code', code, code_verifier, redirect_uri });
}

/** From redirect to redirect until one leads to the client; its query. */
async function follow(url, redirect_uri) {
  const { origin } = new URL(url);
  const cookies = new Map();
  for (let step = 0; step < 10; step += 1) {
    const cookie = [...cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    const { what, status, headers, text } = await send(url, { headers: cookie ? { cookie } : {} });
    for (const line of headers.getSetCookie()) {
      const [, name, value] = /^([^=]*)=([^;]*)/.exec(line) ?? [];
      cookies.set(name, value);
    }
    const location = headers.get('location');
    if (!location)
      throw new MockError(`login: ${what.split('?')[0]}: ${status} in place of a redirect: ${excerpt(headers, text)}`, {
        status,
      });
    if (leadsTo(location, redirect_uri)) return new URL(location).searchParams;
    // The mock may know itself by an address that leads elsewhere from here, as in a container.
    const { pathname, search } = new URL(location, url);
    url = `${origin}${pathname}${search}`;
  }
  throw new MockError(`login: ten redirects, and none leads to ${redirect_uri}`);
}

const leadsTo = (location, uri) => location.startsWith(uri) && /^[?&#]|^$/.test(location.slice(uri.length));
