// A device without a browser: the person logs in on another (RFC 8628).

import * as oauth from 'oauth4webapi';
import { fail, passes } from './error.js';
import { sleep } from './time.js';
import { checkSecure, withoutNulls } from './wire.js';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';
/** Seconds between two questions at most, when the network is away. */
const SELDOM = 60;

/** @param keep makes what `wait()` resolves to of the answer of the token endpoint */
export async function device(connection, parameters, keep) {
  const since = connection.now();
  const begun = await connection.exchange(
    (metadata, client, authentication, options) =>
      oauth.deviceAuthorizationRequest(metadata, client, authentication, parameters, options),
    async (metadata, client, response) =>
      oauth.processDeviceAuthorizationResponse(metadata, client, await withoutNulls(response)),
  );
  const { device_code, user_code, verification_uri, verification_uri_complete, expires_in } = begun;
  // A terminal may open them.
  checkSecure(verification_uri, 'server', 'invalid_response', 'verification_uri');
  if (verification_uri_complete)
    checkSecure(verification_uri_complete, 'server', 'invalid_response', 'verification_uri');
  const expires_at = since + expires_in;
  let { interval = 5 } = begun;

  async function asked(signal) {
    for (let pause = interval; ; ) {
      await sleep(pause * 1000, signal);
      if (connection.now() >= expires_at) fail('token', 'expired_token', 'nobody entered the code');
      try {
        return await keep(await connection.grant(GRANT, { device_code }, { scope: parameters.get('scope') }));
      } catch (error) {
        const { code, retry_after = 0 } = error;
        const slower = code === 'slow_down';
        if (slower) interval += 5;
        const answered = slower || code === 'authorization_pending';
        if (!answered && !passes(error)) throw error;
        pause = Math.max(interval, retry_after, answered ? 0 : Math.min(pause * 2, SELDOM));
      }
    }
  }

  return {
    user_code,
    verification_uri,
    verification_uri_complete,
    expires_at,
    /** Asks until the person has decided. */
    wait: ({ signal } = {}) => asked(signal),
  };
}
