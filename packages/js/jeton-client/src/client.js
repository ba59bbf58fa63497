import { connect } from './connection.js';
import { device } from './device.js';
import { bearing } from './fetch.js';
import { parametersOf, scopesOf } from './parameters.js';
import { renewal } from './renewal.js';
import { session } from './session.js';
import { AccessToken } from './token.js';

/** Tokens for so many scopes and resources are remembered. */
const MOST = 1000;

/** A client of one authorization server. */
export class Client {
  constructor(options) {
    const connection = connect(options);
    const renewals = new Map();

    function renewalOf({ scope, resource } = {}) {
      const key = String(parametersOf({ scope: scopesOf(scope).sort(), resource }));
      if (!renewals.has(key)) {
        const parameters = parametersOf({ scope, resource });
        const obtain = async () => {
          const granted = await connection.grantAgain('client_credentials', parameters);
          return { ...granted, token: new AccessToken(granted) };
        };
        if (renewals.size === MOST) renewals.delete(renewals.keys().next().value);
        renewals.set(key, renewal(connection, obtain));
      }
      return renewals.get(key);
    }

    /** Discovered, or as given. */
    this.metadata = connection.metadata;
    /** A token of the client's own (RFC 6749 §4.4): the one that stands, or a new one. */
    this.token = async ({ signal, ...wanted } = {}) => renewalOf(wanted).get(signal);
    /** `fetch` with such tokens. */
    this.fetch = (wanted) => bearing(connection, () => renewalOf(wanted));
    /** Begins to connect a device without a browser (RFC 8628). */
    this.device = async (wanted) => device(connection, parametersOf(wanted), (granted) => new AccessToken(granted));
    /** What is kept of one person's login. */
    this.session = (options) => session(connection, options);
  }
}
