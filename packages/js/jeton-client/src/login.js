// From `login()` to `callback()`: code and PKCE (RFC 7636), state, nonce, and `iss` (RFC 9207).

import * as oauth from 'oauth4webapi';
import { bytesOf, hex } from './encoding.js';
import { fail } from './error.js';
import { isOpenId, parametersOf, scopesOf, withParameters } from './parameters.js';
import { printable, refusalOf } from './wire.js';

/** Seconds that somebody may take to log in. */
const PATIENCE = 1800;
/** Logins that may be under way at once. */
const MOST = 8;

/** The logins of a session: each is known by its state until its answer comes. */
export function logins({ client, grant, id, metadata, now }, kept, name, { redirect_uri, scope, resource }) {
  /** Serves once. */
  async function transactionOf(state, sealed) {
    const isIt = (login) => login?.state === state;
    const transaction = sealed ? await kept.open(name, bytesOf(sealed)) : (await kept.read(name)).value?.find(isIt);
    if (!state || !isIt(transaction)) fail('caller', 'state_mismatch', 'no such login was begun here');
    if (!sealed) await kept.update(name, (all) => all?.filter((login) => !isIt(login)));
    return transaction;
  }

  return {
    /** Where to send the browser; with the transaction, sealed, where it is not to be kept. */
    async begin({ parameters, keep = true } = {}) {
      const { authorization_endpoint } = await metadata();
      if (!authorization_endpoint) fail('server', 'invalid_metadata', 'there is no authorization_endpoint');
      const nonce = isOpenId(scope) ? id() : undefined;
      const transaction = { state: id(), nonce, verifier: id(), at: now() };
      const url = withParameters(authorization_endpoint, {
        ...parameters,
        scope: parametersOf({ scope }).getAll('scope'),
        resource,
        response_type: 'code',
        client_id: client.client_id,
        redirect_uri,
        state: transaction.state,
        nonce,
        code_challenge: await oauth.calculatePKCECodeChallenge(transaction.verifier),
        code_challenge_method: 'S256',
      });
      if (!keep) return { url, transaction: hex(await kept.seal(name, transaction)) };
      await kept.update(name, (all = []) => [...all, transaction].slice(-MOST));
      return { url };
    },

    /** What the token endpoint gives for the code in the address that the browser came back to. */
    async complete(url, { transaction: sealed } = {}) {
      // Before the login is used up: the server may be away.
      const as = await metadata(isOpenId(scope));
      const answer = new URL(url, redirect_uri).searchParams;
      const { state, nonce, verifier, at } = await transactionOf(answer.get('state'), sealed);
      try {
        oauth.validateAuthResponse(as, client, answer, state);
      } catch ({ error, error_description }) {
        if (!error) fail('server', 'issuer_mismatch', 'the answer is not of this issuer');
        // OpenID Connect Core §3.1.2.6: the person would have had to do something.
        throw refusalOf(/_required$/.test(error) ? 'access_denied' : error, {
          description: printable(error_description, [state, verifier]),
        });
      }
      if (Math.abs(now() - at) > PATIENCE) fail('caller', 'login_expired', 'it took too long');
      const code = answer.get('code');
      if (!code) fail('server', 'invalid_response', 'there is no code');
      const parameters = Object.entries({ code, redirect_uri, code_verifier: verifier });
      return grant('authorization_code', [...parameters, ...parametersOf({ resource })], {
        nonce,
        scope: scopesOf(scope).join(' '),
      });
    },
  };
}
