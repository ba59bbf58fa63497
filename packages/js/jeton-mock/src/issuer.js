import { encode, json, MockError, named, send } from './http.js';
import { logIn } from './login.js';

/** The mock's limit for one wait. */
const LONGEST_WAIT = 30_000;

export class Issuer {
  /** Where this process reaches it, which `url` need not be: in a container, behind a proxy. */
  #base;
  #control;

  constructor({ name, url, base, control }) {
    this.name = name;
    this.url = url;
    this.clock = new Clock(control);
    this.keys = new Keys(control);
    this.#base = base;
    this.#control = control;
  }

  /** What the endpoints lie beneath: the issuer, which may end in a slash. */
  get #beneath() {
    return this.url.replace(/\/$/, '');
  }
  get authorizationEndpoint() {
    return `${this.#beneath}/authorize`;
  }
  get tokenEndpoint() {
    return `${this.#beneath}/token`;
  }
  get deviceAuthorizationEndpoint() {
    return `${this.#beneath}/device_authorization`;
  }
  get introspectionEndpoint() {
    return `${this.#beneath}/introspect`;
  }
  get revocationEndpoint() {
    return `${this.#beneath}/revoke`;
  }
  get userinfoEndpoint() {
    return `${this.#beneath}/userinfo`;
  }
  get endSessionEndpoint() {
    return `${this.#beneath}/end_session`;
  }
  get jwksUri() {
    return `${this.#beneath}/.well-known/jwks.json`;
  }
  get discoveryUrl() {
    return `${this.#beneath}/.well-known/openid-configuration`;
  }

  // Tokens.

  /** RFC 6749 §4.4; with another `grant_type`, that one. */
  async token({ client_id = 'demo', client_secret = 'demo-secret', ...parameters } = {}) {
    const hasSecret = client_id !== null && client_secret !== null;
    const form = encode({
      grant_type: 'client_credentials',
      ...(hasSecret ? {} : { client_id }),
      ...named(parameters),
    });
    const headers = hasSecret ? { authorization: basic(client_id, client_secret) } : {};
    return json(await send(`${this.#base}/token`, { method: 'POST', headers, body: form }));
  }

  login(parameters) {
    return logIn(this, this.#base, parameters);
  }

  async mint(claims = {}, { typ, alg, fault } = {}) {
    return (await this.#control('POST', '/mint', { body: { claims, typ, alg, fault } })).token;
  }

  // What goes wrong.

  async addFault(fault) {
    const { id } = await this.#control('POST', '/faults', { body: typeof fault === 'string' ? { fault } : fault });
    return new Fault(id, this.#control);
  }

  async faults() {
    return (await this.#control('GET', '/faults')).faults;
  }

  async clearFaults() {
    await this.#control('DELETE', '/faults');
  }

  // Who is known, and what is said of them.

  addUser(user) {
    return this.#control('POST', '/users', { body: typeof user === 'string' ? { sub: user } : user });
  }

  async users() {
    return (await this.#control('GET', '/users')).users;
  }

  async removeUser(sub) {
    await this.#control('DELETE', '/users', { query: { sub } });
  }

  addClient(client) {
    return this.#control('POST', '/clients', { body: client });
  }

  async clients() {
    return (await this.#control('GET', '/clients')).clients;
  }

  async removeClient(client_id) {
    await this.#control('DELETE', '/clients', { query: { client_id } });
  }

  addApi(api) {
    return this.#control('POST', '/apis', { body: api });
  }

  async apis() {
    return (await this.#control('GET', '/apis')).apis;
  }

  async removeApi(identifier) {
    await this.#control('DELETE', '/apis', { query: { identifier } });
  }

  addTrustedIssuer(document) {
    return this.#control('POST', '/trust', { body: document });
  }

  async trustedIssuers() {
    return (await this.#control('GET', '/trust')).trust;
  }

  async removeTrustedIssuer(iss) {
    await this.#control('DELETE', '/trust', { query: { iss } });
  }

  addClaimRule(rule) {
    return this.#control('POST', '/claims', { body: rule });
  }

  async claimRules() {
    return (await this.#control('GET', '/claims')).claims;
  }

  environment({ audience } = {}) {
    return this.#control('GET', '/environment', { query: named({ audience }) });
  }

  async removeClaimRule(id) {
    await this.#control('DELETE', '/claims', { query: { id } });
  }

  async clearClaimRules() {
    await this.#control('DELETE', '/claims');
  }

  // What was asked.

  async journal(filter) {
    return (await this.#control('GET', '/journal', { query: filter })).entries;
  }

  async count(filter) {
    return (await this.#control('GET', '/journal/count', { query: filter })).count;
  }

  async take(filter = {}, { timeout = 5000 } = {}) {
    for (let left = timeout; ; left -= LONGEST_WAIT) {
      const timeout_ms = Math.min(left, LONGEST_WAIT);
      const entry = await this.#control('POST', '/journal/take', { query: { ...filter, timeout_ms } });
      if (entry) return entry;
      if (left <= LONGEST_WAIT) throw await this.#nothing(filter, timeout);
    }
  }

  async clearJournal() {
    await this.#control('DELETE', '/journal');
  }

  /** What was asked for, beside what there is. */
  async #nothing(filter, timeout) {
    const came = await this.journal();
    const last = came.slice(-20).map(describe);
    const wanted = Object.entries(filter)
      .map(([name, value]) => `${name}=${value}`)
      .join(' ');
    const shown = came.length > last.length ? `, the last ${last.length}` : '';
    const got = came.length === 0 ? 'none at all' : `${came.length}${shown}:`;
    return new MockError(
      [`nothing to take within ${timeout} ms: no request ${wanted}`.trimEnd(), `${this.url} got ${got}`, ...last].join(
        '\n  ',
      ),
    );
  }

  // Itself.

  info() {
    return this.#control('GET', '/issuer');
  }

  async reset() {
    await this.#control('POST', '/reset');
  }

  async delete() {
    await this.#control('DELETE', '/issuer');
  }

  [Symbol.asyncDispose]() {
    return this.delete();
  }
}

class Fault {
  #control;

  constructor(id, control) {
    this.id = id;
    this.#control = control;
  }

  async acted() {
    const { faults } = await this.#control('GET', '/faults');
    const state = faults.find(({ id }) => id === this.id);
    if (!state) throw new MockError(`fault ${this.id} is no longer there`);
    return state.acted;
  }

  async remove() {
    await this.#control('DELETE', '/faults', { query: { id: this.id } });
  }

  [Symbol.asyncDispose]() {
    return this.remove();
  }
}

class Clock {
  #move;

  constructor(control) {
    this.#move = (body) => control(body ? 'POST' : 'GET', '/clock', { body });
  }

  async now() {
    return (await this.#move()).now;
  }
  state() {
    return this.#move();
  }
  advance(seconds) {
    return this.#move({ advance: seconds });
  }
  set(time) {
    return this.#move({ set: seconds(time) });
  }
  freeze(time) {
    return this.#move({ set: seconds(time), freeze: true });
  }
  resume() {
    return this.#move({ freeze: false });
  }
  reset() {
    return this.#move({ reset: true });
  }
}

class Keys {
  #change;

  constructor(control) {
    this.#change = async (body) => (await control(body ? 'POST' : 'GET', '/keys', { body })).keys;
  }

  list() {
    return this.#change();
  }
  publish(alg) {
    return this.#change({ action: 'publish', alg });
  }
  switch(alg) {
    return this.#change({ action: 'switch', alg });
  }
  rotate(alg) {
    return this.#change({ action: 'rotate', alg });
  }
  switchUnpublished(alg) {
    return this.#change({ action: 'switch-unpublished', alg });
  }
  retire(alg) {
    return this.#change({ action: 'retire', alg });
  }
}

const seconds = (time) => (time instanceof Date ? Math.floor(time.getTime() / 1000) : time);

/** RFC 6749 §2.3.1: both are form-encoded first. */
const basic = (...parts) =>
  `Basic ${Buffer.from(parts.map((part) => encode({ '': part }).toString().slice(1)).join(':')).toString('base64')}`;

function describe({ id, method, endpoint, status, error, client_id, grant_type, subject, faults = [] }) {
  const about = Object.entries({ client_id, grant_type, subject }).filter(([, value]) => value !== undefined);
  return [
    `#${id} ${method} ${endpoint}`,
    status ?? 'dropped',
    error,
    ...about.map(([name, value]) => `${name}=${value}`),
    faults.length ? `faults: ${faults.join(', ')}` : '',
  ]
    .filter(Boolean)
    .join(' ');
}
