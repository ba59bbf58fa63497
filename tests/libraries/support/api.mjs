// An API that a row scripts: it takes the tokens that it is told to, all where it is told nothing.

import { checkedProof } from './proofs.mjs';
import { Stub } from './stub.mjs';

export class Api extends Stub {
  /** Tokens that it refuses. */
  refused = new Set();
  /** The nonce that proofs must have, if any. */
  nonce;

  constructor() {
    super((asked) => this.#usual(asked));
  }

  /** The tokens that it was sent, in order; nothing where a request had none. */
  get tokens() {
    return this.requests.map(({ headers }) => headers.authorization?.split(' ')[1]);
  }

  async #usual(asked) {
    const [scheme, token] = (asked.headers.authorization ?? '').split(' ');
    if (token === undefined || this.refused.has(token)) {
      const challenge = token === undefined ? scheme || 'Bearer' : `${scheme} error="invalid_token"`;
      return { status: 401, headers: { 'www-authenticate': challenge }, json: { error: 'invalid_token' } };
    }
    if (scheme.toLowerCase() === 'dpop') {
      const { origin, pathname } = new URL(asked.url);
      const proof = await checkedProof(asked, { url: `${origin}${pathname}`, token });
      if (proof.fault) return refusal('invalid_dpop_proof', proof.fault);
      if (this.nonce && proof.payload.nonce !== this.nonce) {
        return refusal('use_dpop_nonce', 'nonce', { 'dpop-nonce': this.nonce });
      }
    }
    return {
      headers: { 'x-api': 'yes', ...(this.nonce && { 'dpop-nonce': this.nonce }) },
      json: { method: asked.method, path: asked.path, body: asked.body },
    };
  }
}

const refusal = (error, why, headers = {}) => ({
  status: 401,
  headers: { 'www-authenticate': `DPoP error="${error}", error_description="${why}"`, ...headers },
});

/** One that listens until the test ends. */
export const api = (t) => new Api().listen(t);
