// The keys of the issuer (RFC 7517).

import { listOf } from './claims.js';
import { misconfigured, Refusal } from './error.js';
import { Failure, isSafe } from './http.js';
import { remote } from './remote.js';

const LIFETIME = 600;
const UNKNOWN_PAUSE = 10;
const MOST_KEYS = 100;
const MOST_TRIED = 4;

const TYPES = { ES: 'EC', Ed: 'OKP', RS: 'RSA', PS: 'RSA' };

/** A function that yields the keys that may have signed, by `alg` and `kid`. */
export function keysOf(server, metadata, { jwks, jwks_uri }, clock) {
  async function loaded() {
    const keys = usable(jwks ?? (await server.json(jwks_uri ?? (await metadata()).jwks_uri)));
    if (!keys) throw new Failure('its JWK Set has no keys, or too many');
    return keys;
  }
  const known = remote(loaded, LIFETIME, clock);
  let unknownAt;
  if (jwks && !usable(jwks)) throw misconfigured('jwks has no keys, or too many');
  if (jwks_uri && !isSafe(jwks_uri)) throw misconfigured('jwks_uri is not https');

  /** An unknown `kid` has them fetched, once in ten seconds at most. */
  async function renew() {
    const now = clock();
    if (known.isFlying() || !(now - unknownAt < UNKNOWN_PAUSE)) {
      unknownAt = now;
      await known.renew();
    }
    // Whether there is such a key is not known then.
    if (known.failure) throw known.failure;
  }

  return async (alg, kid) => {
    const before = known.value;
    const meantNow = () => known.value.filter((key) => isMeant(key, alg, kid));
    try {
      if ((await known.get()) === before && !meantNow()[0]) await renew();
    } catch (error) {
      throw new Refusal('keys_unavailable', error.about);
    }
    const meant = meantNow();
    const found = meant.filter((key) => fits(key, alg)).slice(0, MOST_TRIED);
    if (!found[0]) throw new Refusal(meant[0] ? 'wrong_algorithm' : 'unknown_key');
    return found;
  };
}

/** By its `kid`; without one, by what it is for. */
const isMeant = (key, alg, kid) => (kid === undefined ? fits(key, alg) : key.kid === kid);

/** jose looks at the curve, the size and `key_ops` besides. */
const fits = ({ kty, alg, use }, wanted) =>
  kty === TYPES[wanted.slice(0, 2)] && (alg ?? wanted) === wanted && (use ?? 'sig') === 'sig';

/** The public keys of a set; one without any takes no other's place. */
function usable({ keys }) {
  const found = listOf(keys)
    .filter((key) => Object.values(TYPES).includes(key?.kty) && !key.d)
    // RFC 9864: two names of one algorithm.
    .map((key) => ({ ...key, alg: /^Ed/.test(key.alg) ? undefined : key.alg }));
  return found[0] && keys.length <= MOST_KEYS ? found : undefined;
}
