// A client's side of all requests to its authorization server: proof, nonce, retries, and what answers mean.

import * as oauth from 'oauth4webapi';
import { none } from './authentication.js';
import { hex } from './encoding.js';
import { ClientError, fail, passes } from './error.js';
import { metadataOf } from './metadata.js';
import { isOpenId } from './parameters.js';
import { isWithin, sleep } from './time.js';
import { refusal, secretsOf, send, withClock, withoutNulls } from './wire.js';

/** Milliseconds before the second and the third attempt. */
const PAUSES = [200, 1000];
/** Seconds that a caller is kept waiting because the server says so. */
const PATIENCE = 5;

/** What a client, its sessions and its devices have in common. */
export function connect({ issuer, client_id, authentication = none(), dpop: keys, metadata: given, ...injected }) {
  if (!client_id) fail('caller', 'invalid_configuration', 'there is no client_id');
  const { now: milliseconds = Date.now, random = (bytes) => crypto.getRandomValues(bytes) } = injected;
  /** Seconds since 1970. */
  const now = () => milliseconds() / 1000;
  // Whatever stands there when it is called, and without a receiver, which browsers refuse.
  const fetch = (...request) => (injected.fetch ?? globalThis.fetch)(...request);
  const bytes = (length) => random(new Uint8Array(length));
  /** 256 random bits, as a text for anywhere. */
  const id = () => hex(bytes(32));
  /** A random number from 0 up to 1. */
  const fraction = () => bytes(1)[0] / 256;
  const unproven = {
    [oauth.allowInsecureRequests]: true,
    [oauth.customFetch]: (url, init) => send(fetch, url, init),
  };
  const metadata = metadataOf(issuer, given, now, unproven);
  const client = {
    client_id,
    // oauth4webapi knows one clock, and a distance from it.
    get [oauth.clockSkew]() {
      return Math.round((milliseconds() - Date.now()) / 1000);
    },
  };
  const dpop =
    keys &&
    oauth.DPoP({}, keys, {
      [oauth.modifyAssertion](_, payload) {
        Object.assign(payload, { iat: Math.floor(now()), jti: id() });
      },
    });
  /** The last error that said when to come back, and when it came. */
  let closed = {};
  let closedAt;

  async function untilOpen() {
    const { fault, code, message, status, retry_after } = closed;
    if (!isWithin(retry_after, closedAt, now())) return;
    const left = closedAt + retry_after - now();
    if (left > PATIENCE) fail(fault, code, message, { status, retry_after: Math.ceil(left) });
    await sleep(left * 1000);
  }

  /**
   * One request that the client authenticates, and what `process` makes of its answer and of when it was sent.
   * Repeated once where the server wants a nonce in the proof.
   */
  async function exchange(request, process, { scope, timeout } = {}) {
    await untilOpen();
    const as = await metadata(isOpenId(scope));
    for (let nonces = 0; ; nonces += 1) {
      const since = now();
      let sent;
      const response = await guarded('caller', 'invalid_configuration', async () =>
        request(as, client, await authentication({ metadata: as, id, fetch }), {
          ...unproven,
          DPoP: dpop,
          [oauth.customFetch](url, init) {
            sent = secretsOf(init);
            return send(fetch, url, init, timeout?.());
          },
        }),
      );
      const { status, headers } = response;
      try {
        if (status === 200) {
          return await guarded('server', 'invalid_response', () => process(as, client, response, since), { status });
        }
        const error = await refusal(response, sent, now());
        if (error.code !== 'use_dpop_nonce' || nonces > 0) throw error;
      } catch (error) {
        if (error.retry_after) {
          closed = error;
          closedAt = now();
        }
        throw withClock(error, headers, now());
      }
    }
  }

  /** An answer of the token endpoint and the claims of its ID token. */
  async function vouched(as, client, response) {
    const answer = await oauth.processGenericTokenEndpointResponse(as, client, response);
    const claims = oauth.getValidatedIdTokenClaims(answer);
    // Over TLS the token endpoint has vouched for it already (OpenID Connect Core §3.1.3.7).
    if (claims && !as.token_endpoint.startsWith('https:')) {
      // Of a copy no keys are remembered: logins are rare, and keys change.
      await oauth.validateApplicationLevelSignature({ ...as }, response, unproven);
    }
    return { answer, claims };
  }

  /**
   * One request to the token endpoint, and what it granted, times in seconds: from when on the token is to be
   * renewed, and when it expires, both by when it was asked for. `claims` are those of the ID token.
   *
   * @param {{ scope?: string | null, nonce?: string, timeout?: () => number }} options
   *   what was asked for, the nonce that the ID token must have, milliseconds when it is sent
   */
  const grant = (grant_type, parameters, { nonce, ...options }) =>
    exchange(
      (metadata, client, authentication, options) =>
        oauth.genericTokenEndpointRequest(metadata, client, authentication, grant_type, parameters, options),
      async (as, client, response, since) => {
        const said = await withoutNulls(response);
        const isRefresh = grant_type === 'refresh_token';
        // That our clock is off does not matter then.
        const tolerant = { ...client, [oauth.clockTolerance]: isRefresh ? 1e9 : 30 };
        const { answer, claims } = await vouched(as, tolerant, said.clone()).catch(async (error) => {
          if (!isRefresh) throw error;
          // What a refresh brought is not lost with its ID token: who it is was known before.
          const { id_token, ...rest } = await said.json();
          return vouched(as, tolerant, Response.json(rest, said));
        });
        const { access_token, token_type, expires_in = 60, refresh_token, id_token } = answer;
        // It is to be a header.
        if (/[^\x21-\x7e]/.test(access_token)) fail('server', 'invalid_response', 'the access token is no token');
        if (nonce && !claims) fail('server', 'invalid_response', 'there is no ID token');
        if (nonce && claims.nonce !== nonce) fail('server', 'nonce_mismatch', 'the ID token is of another login');
        const expires_at = since + expires_in;
        return {
          access_token,
          token_type: token_type === 'dpop' ? 'DPoP' : 'Bearer',
          scope: answer.scope ?? options.scope,
          since,
          expires_at,
          refresh_at: expires_at - Math.max(5, expires_in * (0.1 + fraction() / 10)),
          refresh_token,
          id_token,
          claims,
        };
      },
      options,
    );

  /** A grant, tried again where nothing can be lost by that. */
  async function grantAgain(grant_type, parameters) {
    for (let attempt = 0; ; attempt += 1) {
      try {
        return await grant(grant_type, parameters, { scope: parameters.get('scope') });
      } catch (error) {
        const { status, retry_after } = error;
        if (attempt === PAUSES.length || !passes(error) || (status === 429 && !retry_after)) throw error;
        // Where the server said when to come back, the next attempt waits for that itself.
        if (!retry_after) await sleep(PAUSES[attempt] * (0.5 + fraction()));
      }
    }
  }

  return {
    identity: `${issuer} ${client_id}`,
    client,
    now,
    fetch,
    bytes,
    id,
    fraction,
    metadata,
    dpop,
    exchange,
    grant,
    grantAgain,
  };
}

/** Foreign errors have what they found wrong, tokens and all: of these only names go on. */
async function guarded(fault, code, task, about) {
  try {
    return await task();
  } catch (error) {
    if (error instanceof ClientError) throw error;
    const why = `not as specified: ${error?.cause?.claim ?? error?.name}`;
    if (/SERVER_METADATA$/.test(error?.code)) fail('server', 'invalid_metadata', why);
    return fail(fault, code, why, about);
  }
}
