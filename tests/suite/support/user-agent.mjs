// A browser, one request at a time: keeps cookies and goes where it is told, which here means: to
// the host that stands for the issuer. `__Host-` cookies are for https; they are kept and sent by
// hand.

import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { ISSUER } from './fixtures.mjs';
import { get, post } from './target.mjs';

/** What Cloudflare adds to a request, and a Worker knows it by. Elsewhere nobody has to believe it. */
const ofFront = () => ({ 'cf-ray': `${randomBytes(8).toString('hex')}-FRA` });

export class Browser {
  cookies = new Map();

  constructor({ on } = {}) {
    this.on = on;
  }

  async get(address, headers = {}) {
    return this.#keep(await get(pathOf(address), this.#send(headers), this.on));
  }

  async post(address, form, headers = {}, options = {}) {
    return this.#keep(await post(pathOf(address), form, { headers: this.#send(headers), on: this.on, ...options }));
  }

  #send(headers) {
    const cookie = [...this.cookies].map(([name, value]) => `${name}=${value}`).join('; ');
    return { ...ofFront(), ...(cookie && { cookie }), ...headers };
  }

  #keep(response) {
    for (const line of response.headers['set-cookie'] ?? []) {
      const [, name, value] = line.match(/^([^=]+)=([^;]*)/);
      if (/; *max-age=0(;|$)/i.test(line)) this.cookies.delete(name);
      else this.cookies.set(name, value);
    }
    return response;
  }
}

/** The path and query of an address of the issuer's. */
export function pathOf(address) {
  if (address.startsWith('/')) return address;
  assert.ok(address.startsWith(`${ISSUER}/`), `${address} is not the issuer's`);
  return address.slice(ISSUER.length);
}
