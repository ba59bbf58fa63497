// Rows: what a library promises in a role, asked of each language.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Driver, LibraryError, languages } from './driver.mjs';

/** Rows wait side by side, and so do features: the work in them is little. */
const ROWS_AT_ONCE = 6;
const FEATURES_AT_ONCE = 3;

const shared = new Map();

/** The driver that rows of a language and role share: nothing in it is changed by one for the others. */
function driverOf(language, role) {
  const name = `${language} ${role}`;
  if (!shared.has(name)) shared.set(name, new Driver(language, role));
  return shared.get(name);
}

after(async () => {
  for (const driver of shared.values()) await driver.stop();
});

const features = [];

/**
 * The rows of a feature.
 *
 * @param {string} name
 * @param {Record<string, (row: Row) => Promise<void>>} rows by what they hold
 * @param {{ timeout?: number, skip?: Record<string, string|false> }} options
 */
export function feature(name, rows, { timeout = 180_000, skip = {} } = {}) {
  features.push({ name, rows, timeout, skip });
}

/**
 * Asks all features of a role that are there by now of each language.
 *
 * @param {'client'|'resource-server'} role
 */
export function judge(role) {
  describe(role, () => {
    for (const language of languages) {
      describe(language, { concurrency: FEATURES_AT_ONCE }, () => {
        for (const { name, rows, timeout, skip } of features) {
          describe(name, { concurrency: ROWS_AT_ONCE }, () => {
            for (const [name, run] of Object.entries(rows)) {
              test(name, { timeout, skip: skip[name] }, (t) => run(new Row(t, language, role)));
            }
          });
        }
      });
    }
  });
}

/** What a row is given. */
export class Row {
  constructor(t, language, role) {
    this.t = t;
    this.language = language;
    this.role = role;
  }

  get driver() {
    return driverOf(this.language, this.role);
  }

  /** A process of its own: for a clock that moves, an environment, an end. */
  process(env) {
    const driver = new Driver(this.language, this.role, env);
    this.t.after(() => driver.stop());
    return driver;
  }

  /** A library's client; see the protocol. */
  async client(options, driver = this.driver) {
    const client = new Client(driver, driver.fresh('client'));
    await driver.ask('client', { as: client.name, ...options });
    return client;
  }

  async resourceServer(options, driver = this.driver) {
    const server = new ResourceServer(driver, driver.fresh('resource-server'));
    await driver.ask('resource_server', { as: server.name, ...options });
    return server;
  }
}

class Client {
  constructor(driver, name) {
    this.driver = driver;
    this.name = name;
  }

  /** Where all got the same: `{ access_token, token_type, expires_at, scope }`. */
  async token(options = {}) {
    const { tokens, ...more } = await this.driver.ask('token', { client: this.name, ...options });
    assert.equal(tokens.length, 1, `${tokens.length} tokens`);
    return { access_token: tokens[0], ...more };
  }

  /** The distinct tokens that this many callers got at once. */
  async tokens(times, options = {}) {
    return (await this.driver.ask('token', { client: this.name, times, ...options })).tokens;
  }

  call(url, options = {}) {
    return this.driver.ask('call', { client: this.name, url, ...options });
  }

  device(scope) {
    return this.driver.ask('device', { client: this.name, scope });
  }

  async session(options) {
    const session = new Session(this.driver, this.driver.fresh('session'));
    await this.driver.ask('session', { as: session.name, client: this.name, ...options });
    return session;
  }
}

class Session {
  constructor(driver, name) {
    this.driver = driver;
    this.name = name;
  }

  async login() {
    return (await this.driver.ask('login', { session: this.name })).url;
  }

  async callback(url) {
    return (await this.driver.ask('callback', { session: this.name, url })).claims;
  }

  async token() {
    const [token, ...others] = await this.tokens();
    assert.deepEqual(others, []);
    return token;
  }

  /** The distinct tokens that this many callers got at once. */
  async tokens(times = 1) {
    return (await this.driver.ask('session_token', { session: this.name, times })).tokens;
  }

  async logout() {
    return (await this.driver.ask('logout', { session: this.name })).url;
  }

  forget() {
    return this.driver.ask('forget', { session: this.name });
  }
}

class ResourceServer {
  constructor(driver, name) {
    this.driver = driver;
    this.name = name;
  }

  async verify(token, options = {}) {
    const authorization = token === undefined || /[ ]/.test(token) || Array.isArray(token) ? token : `Bearer ${token}`;
    return (await this.driver.ask('verify', { resource_server: this.name, authorization, ...options })).claims;
  }

  metadata() {
    return this.driver.ask('metadata', { resource_server: this.name });
  }

  serve(framework) {
    return this.driver.ask('serve', { resource_server: this.name, framework, port: 0 });
  }
}

/**
 * The refusal of an operation.
 *
 * @param {Promise<unknown>} operation
 * @param {string} [fault] any without it
 * @param {string} [code] any of that fault without it
 */
export async function refused(operation, fault, code) {
  const error = await operation.then(
    (answer) => assert.fail(`expected ${fault}/${code}, got ${JSON.stringify(answer)?.slice(0, 300)}`),
    (error) => error,
  );
  if (!(error instanceof LibraryError)) throw error;
  assert.equal(`${error.fault}/${error.code}`, `${fault ?? error.fault}/${code ?? error.code}`, error.message);
  return error;
}

/** A scope as a sorted list, whatever it is in the language. */
export const scopeOf = ({ scope }) => (Array.isArray(scope) ? [...scope] : (scope ?? '').split(' ')).sort();

/** Whether it becomes true within this time. */
export async function until(condition, milliseconds = 10_000) {
  for (const deadline = Date.now() + milliseconds; Date.now() < deadline; ) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  assert.fail(`not within ${milliseconds} ms: ${condition}`);
}

/** The answer of an operation and how many milliseconds it took. */
export async function timed(operation) {
  const begin = performance.now();
  const answer = await operation();
  return { answer, took: performance.now() - begin };
}
