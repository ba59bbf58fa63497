// One token that is renewed ahead of its expiry, for as many callers as want it.

import { isTheirs } from './error.js';
import { flights, isWithin } from './time.js';
import { isValid } from './token.js';

/** Seconds: what an API that refuses every token costs the authorization server is one in so many. */
const REFUSED_ONCE_IN = 10;

/**
 * @param obtain resolves to `{ token, since, expires_at, refresh_at }`, times in seconds; it is given the token that
 *   is not to be it, if any, and a function to say what stands until then
 */
export function renewal({ now, fraction }, obtain) {
  // All attempts together take less.
  const flight = flights(45_000);
  let standing;
  let failures = 0;
  /** Seconds for which no attempt is made while a token stands, and since when. */
  let pause = 0;
  let failed = 0;
  /** The token that an API refused last, and when. */
  let refused;
  let refusedAt = 0;

  const stand = (other) => {
    standing = other;
  };
  const valid = () => (standing && isValid(standing, now()) ? standing.token : undefined);

  async function renew() {
    try {
      stand(await obtain(refused, stand));
      failures = 0;
      return standing.token;
    } catch (error) {
      failed = now();
      pause = error.retry_after ?? Math.min(30, 2 ** failures++) * (0.5 + fraction() / 2);
      throw error;
    }
  }

  return {
    /** One caller renews and waits; all others have the token that stands, or wait for the same. */
    async get(signal) {
      signal?.throwIfAborted();
      const token = valid();
      if (token && (flight.busy() || now() < standing.refresh_at || isWithin(pause, failed, now()))) return token;
      try {
        return await flight.join(renew, signal);
      } catch (error) {
        const token = isTheirs(error) && valid();
        if (token) return token;
        throw error;
      }
    },

    /** After an API refused the token: whether another may be had. */
    refuse({ access_token }) {
      if (standing?.token.access_token !== access_token) return true;
      if (isWithin(REFUSED_ONCE_IN, refusedAt, now())) return false;
      refused = access_token;
      refusedAt = now();
      standing = undefined;
      return true;
    },

    /** After an API took the token. */
    accept() {
      refusedAt = 0;
    },
  };
}
