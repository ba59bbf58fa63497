// What the authorization server says of a token (RFC 7662), kept for a moment.

import { refuseUnknown, typed } from './claims.js';
import { misconfigured, Refusal } from './error.js';
import { Failure } from './http.js';
import { flight, shared } from './remote.js';
import { sha256 } from './sha256.js';

const ACTIVE_LIFETIME = 30;
const INACTIVE_LIFETIME = 10;
const MOST_KEPT = 10_000;
const NETWORK_PAUSE = 1;
const LONGEST_PAUSE = 30;

/** The option `introspection`: what a resource server makes of it is a function that yields the claims of an active token. */
export function introspection({ client_id, authentication, ...unknown }) {
  refuseUnknown(unknown);
  if (!client_id || !authentication) throw misconfigured('introspection needs client_id and authentication');
  return (context) => introspected(client_id, authentication, context);
}

function introspected(client_id, authentication, { server, metadata, issuer, clock }) {
  /** By the hash of the token: what came of the last request, or comes of the one under way. */
  const flights = new Map();
  let failure;
  let askAgainAt = 0;

  async function ask(token) {
    const { introspection_endpoint, introspection_endpoint_auth_methods_supported: methods } = await metadata();
    const { headers, form } = await authentication({ client_id, issuer, methods, now: Math.floor(clock()) });
    const answer = await server.json(introspection_endpoint, {
      method: 'POST',
      headers: { Accept: 'application/json', ...headers },
      body: new URLSearchParams({ token, token_type_hint: 'access_token', ...form }),
    });
    if (typeof answer.active !== 'boolean') throw new Failure('it does not say whether the token is active');
    // Of a bad answer the token is not to blame: what is thrown makes the introspection unavailable.
    if (answer.active) typed(answer);
    return answer;
  }

  /** One try a token; while the issuer wants patience, or is out of reach, none. */
  async function patientlyAsk(token) {
    if (clock() < askAgainAt) throw failure;
    try {
      return await ask(token);
    } catch (error) {
      const { fault, retryAfter = fault === 'network' ? NETWORK_PAUSE : 0 } = error.about ?? {};
      failure = error;
      askAgainAt = clock() + Math.min(retryAfter, LONGEST_PAUSE);
      throw error;
    }
  }

  async function asked(token) {
    const key = await sha256(token);
    const now = clock();
    const kept = flights.get(key);
    if (kept?.until > now) return kept;

    function start() {
      const flying = flight(() => patientlyAsk(token), now);
      flights.delete(key);
      flights.set(key, flying);
      if (flights.size > MOST_KEPT) flights.delete(flights.keys().next().value);
      return flying;
    }

    const flown = await shared(() => flights.get(key), start, now);
    flown.until ??= freshUntil(flown.value, now);
    return flown;
  }

  return async (token) => {
    const { value, error } = await asked(token);
    if (!value) throw new Refusal('introspection_unavailable', why(error));
    if (!value.active) throw new Refusal('inactive');
    // RFC 7662 §2.2: a refresh token is active too.
    if (!/^(bearer|dpop)$/i.test(value.token_type ?? 'bearer')) throw new Refusal('wrong_type');
    // What an application changes of its claims is not what the next one gets.
    return structuredClone(value);
  };
}

/** A failure is not kept. */
function freshUntil(answer, now) {
  if (!answer) return 0;
  return answer.active ? Math.min(now + ACTIVE_LIFETIME, answer.exp ?? Infinity) : now + INACTIVE_LIFETIME;
}

/** What is no failure of the server was thrown by the authentication, as by a key that is none. */
function why(error) {
  if (!error) return { fault: 'network', detail: 'no answer' };
  return error.about ?? { fault: 'caller', detail: `its authentication threw ${error.name}` };
}
