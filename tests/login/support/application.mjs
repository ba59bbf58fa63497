// An application as a client of the deployment: it asks for logins, and takes what comes back.

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { encode, submit } from '../../mock/support/http.mjs';
import { basic } from '../../suite/support/http.mjs';
import { collect } from './secrets.mjs';

const random = () => randomBytes(32).toString('base64url');

export class Application {
  constructor(world, record) {
    Object.assign(this, { world, record, id: record.client_id });
  }

  /** An authorization request that the application has made: `{ url, state, nonce, verifier }`. */
  asks(form = {}) {
    const verifier = random();
    const query = {
      response_type: 'code',
      client_id: this.id,
      redirect_uri: this.record.redirect_uris[0],
      scope: 'openid profile email',
      state: random(),
      nonce: random(),
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
      ...form,
    };
    const url = `${this.world.issuer}/authorize?${encode(query)}`;
    return { url, state: query.state, nonce: query.nonce, verifier, redirect_uri: query.redirect_uri };
  }

  /** What a browser brought back, which is an answer to `asked`: its parameters. */
  answered(page, asked) {
    assert.ok(page.arrived, `still at ${page.url}: ${page.response?.status} ${page.response?.text}`);
    assert.ok(page.arrived.href.startsWith(`${asked.redirect_uri}?`), page.arrived.href);
    const answer = Object.fromEntries(page.arrived.searchParams);
    assert.equal(answer.state, asked.state);
    // RFC 9207.
    assert.equal(answer.iss, this.world.issuer);
    return answer;
  }

  /** That the browser brought back this error. */
  refused(page, asked, error) {
    const { code, ...answer } = this.answered(page, asked);
    assert.equal(code, undefined);
    if (error instanceof RegExp) assert.match(answer.error, error);
    else assert.equal(answer.error, error, JSON.stringify(answer));
    return answer;
  }

  /** The tokens of what the browser brought back, the ID token's claims verified. */
  async tokens(page, asked) {
    const { code, ...rest } = this.answered(page, asked);
    assert.ok(code, JSON.stringify(rest));
    const tokens = await this.token({
      grant_type: 'authorization_code',
      code,
      code_verifier: asked.verifier,
      redirect_uri: asked.redirect_uri,
    });
    const claims = await this.world.verified(tokens.id_token, { audience: this.id });
    assert.equal(claims.nonce, asked.nonce);
    return { ...tokens, claims };
  }

  /** A token request that must succeed. */
  async token(form) {
    const response = await this.post('/token', form);
    assert.equal(response.status, 200, response.text);
    return response.json();
  }

  /** A request as this client. */
  async post(path, form) {
    const { client_secret } = this.record;
    const headers = client_secret ? { authorization: basic(this.id, client_secret) } : {};
    const body = encode(client_secret ? form : { ...form, client_id: this.id });
    const response = await submit(`${this.world.issuer}${path}`, body, { headers });
    collect({ path, headers: { ...headers, 'content-type': 'application/x-www-form-urlencoded' }, body }, response);
    return response;
  }

  /** What `/userinfo` says. */
  async userinfo({ access_token }) {
    const response = await fetch(`${this.world.issuer}/userinfo`, {
      headers: { authorization: `Bearer ${access_token}` },
    });
    assert.equal(response.status, 200, await response.clone().text());
    return response.json();
  }

  /** Whether a refresh token still gives tokens. */
  async isAlive({ refresh_token }) {
    const response = await this.post('/token', { grant_type: 'refresh_token', refresh_token });
    if (response.status === 200) return true;
    assert.equal(response.json().error, 'invalid_grant', response.text);
    return false;
  }

  /** The address that logs out with this ID token as a hint. */
  logout({ id_token } = {}, form = {}) {
    const query = {
      id_token_hint: id_token,
      post_logout_redirect_uri: this.record.post_logout_redirect_uris[0],
      ...form,
    };
    return `${this.world.issuer}/end_session?${encode({ client_id: this.id, ...query })}`;
  }
}
