// Whether whoever sends a token has the key that it is bound to (RFC 9449 §7.1, RFC 8705 §3).

import { check, replayOf } from './dpop.js';
import { Refusal } from './error.js';
import { pathOf } from './resource.js';
import { sha256 } from './sha256.js';

/** A function that throws where it is not so. */
export function bindingOf(clock, { replay = replayOf(clock) }, resource, nonces) {
  return async ({ cnf }, { scheme, token }, { method, url, dpop, certificate }) => {
    const { jkt, 'x5t#S256': x5t } = cnf ?? {};
    const isUnknown = cnf && (jkt ?? x5t) === undefined;
    if (isUnknown || (scheme === 'dpop') !== (jkt !== undefined)) throw new Refusal('bound_token');
    if (x5t !== undefined) {
      const thumbprint = certificate instanceof Uint8Array ? await sha256(certificate) : certificate;
      if (!x5t || x5t !== thumbprint) throw new Refusal('wrong_certificate');
    }
    if (jkt === undefined) return;
    if (!resource || !method || !url) {
      throw new Refusal('invalid_configuration', { detail: 'DPoP needs resource, method and url' });
    }
    const path = pathOf(`${url}`);
    if (!path) throw new Refusal('invalid_dpop_proof', { detail: 'the target is no URL' });
    await check(dpop, { method, url: resource.origin + path, token, jkt, now: clock(), nonces, replay });
  };
}
