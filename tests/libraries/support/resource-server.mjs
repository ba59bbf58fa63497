// What the rows of a resource server share: an issuer's tokens, and proofs by whoever has them.

import { AuthorizationServer } from './authorization-server.mjs';
import { keyOf, now, random, sha256 } from './keys.mjs';
import { secret } from './secrets.mjs';

export const AUDIENCE = 'https://api.example/v1';

/** An issuer, and a resource server that trusts it; `options` are of the resource server. */
export async function start(row, { driver, ...options } = {}) {
  const issuer = await new AuthorizationServer().listen(row.t);
  const about = { issuer: issuer.issuer, audience: AUDIENCE, resource: AUDIENCE, ...options };
  const api = await row.resourceServer(about, driver);
  return { issuer, api, about, ...tokens(issuer) };
}

/** The same with a clock that the row moves. */
export async function startWithClock(row, options) {
  const driver = row.process();
  const started = await start(row, { ...options, driver });
  return { ...started, driver, clock: (offset) => driver.ask('clock', { offset }) };
}

/** The claims of an access token (RFC 9068 §2.2); one that is `undefined` is left out. */
export const claimsOf = (issuer, changes = {}) => {
  const claims = {
    iss: issuer,
    sub: 'alice',
    aud: AUDIENCE,
    client_id: 'app',
    scope: 'read profile',
    iat: now(),
    exp: now() + 300,
    jti: random(),
    ...changes,
  };
  return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
};

const tokens = (issuer) => ({
  /** A token: claims and header are changed by these, and signed by the issuer's key or another. */
  token: async (changes = {}, { header = {}, key = issuer.key } = {}) =>
    secret(await key.sign(claimsOf(issuer.issuer, changes), { typ: 'at+jwt', ...header })),
  /** A token of a key, and what sends it: `{ authorization, dpop, method, url }`. */
  bound: async (changes = {}, proof = {}) => {
    const holder = await keyOf('ES256', 'holder');
    const claims = claimsOf(issuer.issuer, { cnf: { jkt: holder.jkt }, ...changes });
    const token = secret(await issuer.key.sign(claims, { typ: 'at+jwt' }));
    return { token, ...(await sentWith(token, proof)) };
  },
});

/** How a bound token is sent with a proof. */
export async function sentWith(token, { method = 'GET', url = `${AUDIENCE}/read`, ...proof } = {}) {
  return { authorization: `DPoP ${token}`, method, url, dpop: [await proofFor(token, { method, url, ...proof })] };
}

/** A proof (RFC 9449 §4.2); claims and header are changed by these. */
export async function proofFor(token, { method = 'GET', url, claims = {}, header = {}, key } = {}) {
  const holder = key ?? (await keyOf('ES256', 'holder'));
  const { alg, kid, ...jwk } = holder.publicJwk;
  const all = { htm: method, htu: bare(url), iat: now(), jti: random(), ath: sha256(token), ...claims };
  const defined = Object.fromEntries(Object.entries(all).filter(([, value]) => value !== undefined));
  return secret(await holder.sign(defined, { typ: 'dpop+jwt', kid: undefined, jwk, ...header }));
}

function bare(url) {
  const { origin, pathname } = new URL(url);
  return `${origin}${pathname}`;
}

/** Challenges as one text. */
export const challengeOf = ({ challenge }) => [challenge ?? []].flat().join(', ');
