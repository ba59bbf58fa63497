import { randomBytes } from 'node:crypto';
import { address, json, send } from './http.js';
import { Issuer } from './issuer.js';

export async function connectMock(url) {
  const mock = new Mock(new URL(url).origin);
  await mock.issuers();
  return mock;
}

export class Mock {
  #stop;

  constructor(url, stop = () => {}) {
    this.url = url;
    this.#stop = stop;
  }

  /** Makes an issuer, or makes it anew. */
  async issuer(name = `test-${randomBytes(6).toString('hex')}`, spec = {}) {
    return this.#at(await this.#control('PUT', '/issuer', { query: { issuer: name }, body: spec }));
  }

  /** An issuer that is there, as it is. */
  async attach(name = '') {
    return this.#at(await this.#control('GET', '/issuer', { query: { issuer: name } }));
  }

  async issuers() {
    return (await this.#control('GET', '/issuers')).issuers;
  }

  /** Every issuer as it was configured; those made since are gone. */
  async reset() {
    await this.#control('POST', '/reset', { query: { all: true } });
  }

  async ca() {
    const answer = await send(`${this.url}/_mock/ca.pem`);
    return answer.status === 200 ? answer.text : json(answer);
  }

  async stop() {
    await this.#stop();
  }

  [Symbol.asyncDispose]() {
    return this.stop();
  }

  #at({ name, issuer }) {
    return new Issuer({
      name,
      url: issuer,
      base: `${this.url}${name && `/${name}`}`,
      control: (method, path, { query, body } = {}) =>
        this.#control(method, path, { query: { issuer: name, ...query }, body }),
    });
  }

  async #control(method, path, { query, body } = {}) {
    const asJson =
      body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
    return json(await send(address(`${this.url}/_mock${path}`, query), { method, ...asJson }));
  }
}
