// The authorization server, as its metadata says (RFC 8414, OpenID Connect Discovery 1.0).

import { misconfigured } from './error.js';
import { Failure, isSafe } from './http.js';
import { remote } from './remote.js';

const LIFETIME = 3600;

/** Its metadata, given or fetched; a function that yields it. */
export function metadataOf(server, { issuer, metadata }, clock) {
  if (typeof issuer !== 'string' || !isSafe(issuer) || /[?#]/.test(issuer))
    throw misconfigured('not https, or with a query', 'invalid_issuer');
  if (metadata && metadata.issuer !== issuer) throw misconfigured('metadata is of another issuer');
  return metadata ? async () => metadata : remote(() => discovered(server, issuer), LIFETIME, clock).get;
}

/** The document whose `issuer` is this one, to the byte. */
async function discovered(server, issuer) {
  const { origin, pathname } = new URL(issuer);
  const path = pathname.replace(/\/$/, '');
  let failure;
  for (const url of [
    `${origin}/.well-known/oauth-authorization-server${path}`,
    `${origin}${path}/.well-known/openid-configuration`,
  ]) {
    try {
      const metadata = await server.json(url);
      if (metadata.issuer === issuer) return metadata;
      failure = new Failure('its metadata is of another issuer');
    } catch (error) {
      if (error.about?.fault !== 'server') throw error;
      failure ??= error;
    }
  }
  throw failure;
}
