// What the stub's authorization server gives tokens for: machines, logins, devices.

import assert from 'node:assert/strict';
import { now, random, sha256 } from './keys.mjs';
import { secret } from './secrets.mjs';
import { failure } from './stub.mjs';

export class Grants {
  /** How a superseded refresh token is taken for this many milliseconds: answered with the same successor. */
  grace = 10_000;
  /** Claims that an ID token has instead; one that is `undefined` is left out. */
  idClaims = {};
  /** Whether logins get a refresh token. */
  refreshes = true;
  /** Grants that ended because a refresh token was used again. */
  stolen = 0;
  /** What the polls of a device are answered, in turn: an error, `ok`, or an answer; at last `ok`. */
  polls = [];
  deviceLifetime = 600;
  interval = 1;
  #codes = new Map();
  #devices = new Map();
  /** Refresh token → its grant. */
  #refreshTokens = new Map();

  constructor(server) {
    this.server = server;
  }

  /** A browser's visit to the authorization endpoint by somebody who agrees: where it is sent. */
  authorize(address, changes = {}) {
    const url = new URL(address);
    assert.equal(`${url.origin}${url.pathname}`, this.server.metadata.authorization_endpoint);
    const query = Object.fromEntries(url.searchParams);
    assert.equal(query.response_type, 'code');
    assert.equal(query.code_challenge_method, 'S256');
    assert.match(query.code_challenge, /^[\w-]{43}$/);
    assert.ok(query.state.length >= 16, 'a state that cannot be guessed');
    const code = secret(`code-${random(24)}`);
    this.#codes.set(code, query);
    const answer = { code, state: query.state, iss: this.server.issuer, ...changes };
    const back = new URL(query.redirect_uri);
    for (const [name, value] of Object.entries(answer)) if (value !== undefined) back.searchParams.append(name, value);
    return back.href;
  }

  /** An answer of the token endpoint, without `token_type`. */
  token(form, client_id) {
    switch (form.grant_type) {
      case 'client_credentials':
        return this.#answer({ scope: form.scope });
      case 'authorization_code':
        return this.#code(form, client_id);
      case 'refresh_token':
        return this.#refresh(form, client_id);
      case 'urn:ietf:params:oauth:grant-type:device_code':
        return this.#device(form);
      default:
        return failure('unsupported_grant_type');
    }
  }

  device(form, client_id) {
    const device_code = secret(`device-${random(24)}`);
    this.#devices.set(device_code, { ...form, client_id });
    const verification_uri = `${this.server.issuer}/device`;
    return {
      json: {
        device_code,
        user_code: 'WDJB-MJHT',
        verification_uri,
        verification_uri_complete: `${verification_uri}?user_code=WDJB-MJHT`,
        expires_in: this.deviceLifetime,
        interval: this.interval,
      },
    };
  }

  revoke(token) {
    const grant = this.#refreshTokens.get(token);
    if (grant) grant.ended = true;
    return { json: {} };
  }

  /** Every grant has ended, as when an administrator ends all sessions. */
  endAll() {
    for (const grant of this.#refreshTokens.values()) grant.ended = true;
  }

  #answer(more = {}) {
    const { scope, ...rest } = more;
    const { lifetime } = this.server;
    return {
      json: {
        access_token: this.server.accessToken(),
        ...(lifetime !== undefined && { expires_in: lifetime }),
        ...(scope && { scope }),
        ...rest,
      },
    };
  }

  #code({ code, code_verifier = '', redirect_uri }, client_id) {
    const asked = this.#codes.get(code);
    this.#codes.delete(code);
    const fits =
      asked &&
      asked.client_id === client_id &&
      asked.redirect_uri === redirect_uri &&
      asked.code_challenge === sha256(code_verifier) &&
      /^[\w.~-]{43,128}$/.test(code_verifier);
    if (!fits) return failure('invalid_grant');
    const grant = { client_id, scope: asked.scope, at: 0 };
    const answer = this.#answer({ scope: asked.scope, ...(this.refreshes && { refresh_token: this.#made(grant) }) });
    if (asked.scope?.split(' ').includes('openid')) answer.idClaims = this.#claims(client_id, asked.nonce);
    return answer;
  }

  #claims(client_id, nonce) {
    const time = now() + this.server.clockOffset;
    const usual = { iss: this.server.issuer, sub: 'alice', aud: client_id, iat: time, exp: time + 300, nonce };
    const claims = { ...usual, name: 'Alice', ...this.idClaims };
    return Object.fromEntries(Object.entries(claims).filter(([, value]) => value !== undefined));
  }

  /** The standing refresh token rotates; the one before gets the same successor for a while; others end the grant. */
  #refresh({ refresh_token, scope }, client_id) {
    const grant = this.#refreshTokens.get(refresh_token);
    if (!grant || grant.ended || grant.client_id !== client_id) return failure('invalid_grant');
    if (refresh_token === grant.standing) {
      grant.before = refresh_token;
      this.#made(grant);
      grant.at = Date.now();
    } else if (refresh_token !== grant.before || Date.now() > grant.at + this.grace) {
      grant.ended = true;
      this.stolen += 1;
      return failure('invalid_grant');
    }
    return this.#answer({ scope: scope ?? grant.scope, refresh_token: grant.standing });
  }

  #made(grant) {
    grant.standing = secret(`refresh-${random(24)}`);
    this.#refreshTokens.set(grant.standing, grant);
    return grant.standing;
  }

  #device({ device_code }) {
    const device = this.#devices.get(device_code);
    if (!device) return failure('invalid_grant');
    const answer = this.polls.shift() ?? 'ok';
    if (answer !== 'ok') return typeof answer === 'string' ? failure(answer) : answer;
    this.#devices.delete(device_code);
    return this.#answer({ scope: device.scope });
  }
}
