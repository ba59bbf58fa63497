// One person's login, kept in a store that tabs and processes share.

import { device } from './device.js';
import { bearing } from './fetch.js';
import { logins } from './login.js';
import { isOpenId, parametersOf, withParameters } from './parameters.js';
import { records } from './records.js';
import { notLoggedIn, refreshed, revoked } from './refresh.js';
import { renewal } from './renewal.js';
import { AccessToken, isValid } from './token.js';

/** Seconds after which the store is read again, whatever is remembered: somebody may have logged out elsewhere. */
const REMEMBERED = 10;

export function session(connection, options) {
  const { client, identity, metadata, now } = connection;
  const { name: own = 'session', store } = options;
  const name = `session/${own}`;
  const parameters = parametersOf(options);
  const kept = records(options, connection.bytes);
  const { begin, complete } = logins(connection, kept, `logins/${own}`, options);
  let tokens;
  /** Keeps what the store could not take when it came. */
  let unkept;
  const forget = () => {
    unkept = undefined;
    tokens = renewal(connection, standing);
  };
  forget();

  async function record() {
    const { value, version } = await kept.read(name);
    return value ?? notLoggedIn(version ? 'the record is damaged, or of another key' : 'there is no record');
  }

  async function keep(granted) {
    await kept.update(name, () => granted);
    forget();
    return granted.claims;
  }

  /**
   * @param refused an access token that an API did not take
   * @param stand is told what serves until there is another
   */
  async function standing(refused, stand) {
    const isUsable = (record) => record.access_token !== refused && isValid(record, now());
    const isGood = (record) => isUsable(record) && now() < (record.refresh_token ? record.refresh_at : Infinity);
    const remembered = (record) => {
      const refresh_at = Math.max(now() + 0.5, Math.min(record.refresh_at, now() + REMEMBERED));
      return { ...record, refresh_at, token: new AccessToken(record) };
    };
    await unkept?.();
    unkept = undefined;
    const found = await record();
    if (isGood(found)) return remembered(found);
    if (!found.refresh_token) notLoggedIn('there is no refresh token');
    if (isUsable(found)) stand(remembered(found));
    // By one tab at a time, where there are tabs.
    const { locks } = globalThis.navigator ?? {};
    const isAlone = locks && store.isOfTabs;
    const later = (keep) => {
      unkept = keep;
    };
    const how = { isGood, isUsable, isAlone, later };
    const refresh = async () => remembered(await refreshed(connection, kept, name, options, how));
    return locks ? locks.request(`${identity} ${name}`, refresh) : refresh();
  }

  return {
    /** Where to send the browser. What the callback needs is kept in the store; or given, sealed, for a cookie. */
    login: begin,

    /** With the address that the browser came back to; the claims of the ID token. */
    callback: async (...answer) => keep(await complete(...answer)),

    /** The one that stands, refreshed when it is due. */
    accessToken: ({ signal } = {}) => tokens.get(signal),

    /** What the ID token said, where there is one. */
    idClaims: async () => (await record()).claims,

    /** `fetch` with the person's access token. */
    fetch: () => bearing(connection, () => tokens),

    /** A login on another device (RFC 8628), which `wait()` keeps here. */
    device: () => device(connection, parameters, keep),

    /** Ends it here and at the server. The address is the one that ends the login there too, where there is one. */
    async logout({ post_logout_redirect_uri } = {}) {
      const { id_token: id_token_hint, refresh_token } = (await kept.update(name, () => undefined)) ?? {};
      forget();
      const isRevoked = await revoked(connection, refresh_token);
      const { end_session_endpoint } = await metadata(isOpenId(options.scope)).catch(() => ({}));
      const about = { client_id: client.client_id, id_token_hint, post_logout_redirect_uri };
      return { revoked: isRevoked, url: end_session_endpoint && withParameters(end_session_endpoint, about) };
    },
  };
}
