// What an authorization server says of itself (RFC 8414, OpenID Connect Discovery 1.0).

import * as oauth from 'oauth4webapi';
import { ClientError, fail, passes } from './error.js';
import { flights, isWithin } from './time.js';
import { checkSecure, refusal, withoutNulls } from './wire.js';

/** Seconds for which it is good, and until the next attempt where there is none anew. */
const FRESH = 3600;
const AGAIN = 60;

/**
 * Reads metadata that is kept for an hour, and longer while there is none anew. `openid` is whether a person logs
 * in: what only OpenID Connect has may stand in its own document alone.
 *
 * @param unproven how oauth4webapi is to send requests
 */
export function metadataOf(issuer, given, now, unproven) {
  checkSecure(/[?#@]/.test(issuer) || issuer, 'caller', 'invalid_issuer', 'the issuer (scheme, host and path alone)');
  const flight = flights(25_000);
  let standing = given && checked(given);
  let good = Infinity;
  let renewed = 0;
  let complete = given;

  return async (openid) => {
    if (!standing || !isWithin(good, renewed, now())) await flight.join(renew);
    if (openid && !complete) await flight.join(completed);
    return standing;
  };

  async function renew() {
    good = FRESH;
    try {
      standing = await discovered();
      complete = standing.id_token_signing_alg_values_supported;
    } catch (error) {
      if (!standing) throw error;
      good = AGAIN;
    }
    renewed = now();
  }

  async function completed() {
    const openid = await document('oidc').catch((error) => passes(error) && Promise.reject(error));
    standing = { ...openid, ...standing };
    complete = true;
  }

  async function discovered() {
    try {
      return await document('oauth2');
    } catch (error) {
      if (error.fault !== 'server') throw error;
      return document('oidc').catch((other) => {
        throw error.code === 'no_metadata' ? other : error;
      });
    }
  }

  async function document(algorithm) {
    const response = await oauth.discoveryRequest(new URL(issuer), { ...unproven, algorithm }).catch((error) => {
      throw error.fault === 'server' ? new ClientError('server', 'invalid_metadata', error.message) : error;
    });
    const { status } = response;
    if (status === 429 || status > 499) throw await refusal(response, [], now());
    if (status !== 200) fail('server', 'no_metadata', 'there is no metadata');
    return checked(
      await withoutNulls(response).then(
        (said) => said.json(),
        () => {},
      ),
    );
  }

  function checked(metadata) {
    if (!metadata || typeof metadata !== 'object' || Array.isArray(metadata)) {
      fail('server', 'invalid_metadata', 'the metadata is no object');
    }
    // To the character, RFC 8414 §3.3.
    if (metadata.issuer !== issuer) fail('server', 'issuer_mismatch', 'the metadata is of another issuer');
    for (const [name, address] of Object.entries(metadata)) {
      if (/_endpoint$|^jwks_uri$/.test(name)) checkSecure(address, 'server', 'invalid_metadata', name);
    }
    return metadata;
  }
}
