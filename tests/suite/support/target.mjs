// Which host the rows are asked of, and how to start one.

import { AsyncLocalStorage } from 'node:async_hooks';
import { after } from 'node:test';
import { environment } from './fixtures.mjs';
import { basic, encode, FORM, send } from './http.mjs';

const TARGETS = ['mock', 'serve', 'worker', 'lambda'];
export const target = process.env.JETON_TARGET ?? 'mock';
export const isUrl = /^https?:\/\//.test(target);
if (!isUrl && !TARGETS.includes(target)) {
  throw new Error(`JETON_TARGET=${target}: one of ${TARGETS.join(', ')}, or a URL`);
}

const module = isUrl ? undefined : await import(`../../hosts/${target}.mjs`);

/** Why a row cannot be asked of this target; false where it can. */
export const unless = {
  /** Rows that start a host of their own. */
  startable: isUrl ? 'a deployment that is running already is not reconfigured' : false,
  /** Rows about the store of registered clients. */
  store: isUrl
    ? 'a deployment that is running already is not reconfigured'
    : target === 'mock'
      ? 'the mock keeps its clients in memory: no store to write to or to lose'
      : false,
  /** Rows about what is known of a client before a request names it. */
  configured:
    target === 'mock' ? 'the mock has its clients where they can be changed, not in its configuration' : false,
  /** Rows about what is lost on the way to a store and back. */
  network: target === 'serve' ? 'nothing lies between the process and its file' : false,
  /** Rows about a store that does not yet show what was written to it. */
  late: isUrl
    ? 'a deployment that is running already is not reconfigured'
    : target === 'worker'
      ? false
      : 'only KV shows writes late',
  /** Rows about a deployment without a login application. */
  loginless: isUrl
    ? 'a deployment that is running already is not reconfigured'
    : target === 'mock'
      ? 'the mock has a login application of its own'
      : false,
  /** Rows about the keys that a deployment is given. */
  keys: isUrl
    ? 'a deployment that is running already is not reconfigured'
    : target === 'mock'
      ? 'the mock takes no keys of a deployment: tests/mock/keys.test.mjs has its own'
      : false,
  /** Rows that derive a deployment's keys a second time. */
  derived: target === 'mock' ? 'the mock derives its keys from its seed: tests/mock/keys.test.mjs' : false,
  /** Rows in which a deployment fetches the keys of somebody else. */
  fetching: isUrl
    ? 'a deployment that is running already is not reconfigured'
    : target === 'mock'
      ? 'the mock reaches nobody: its clients and issuers have their keys pasted'
      : false,
  /** Rows about the environment of a process. */
  native: isUrl
    ? 'a deployment that is running already is not reconfigured'
    : target === 'worker'
      ? 'a Worker has bindings and no environment'
      : false,
  /** Rows about a body that does not come. */
  bodies: isUrl
    ? 'what stands before a deployment may wait for longer'
    : target === 'lambda'
      ? 'a gateway hands over whole events'
      : false,
  /** Rows that wait for a minute. */
  slow: process.env.JETON_SUITE_SLOW ? false : 'takes a minute: JETON_SUITE_SLOW=1',
  /** Rows about the events of AWS. */
  lambda: target === 'lambda' ? false : 'only AWS has gateway events',
};

/** Starts a host with the suite's configuration, changed by `changes`; stops it after the test. */
export async function startFor(t, { changes, ...options } = {}) {
  const host = await module.start({ ...options, env: environment(changes) });
  t.after(() => host.stop());
  started.push(host);
  return host;
}

const started = [];

/** The lines that every host has logged so far. */
export const logs = () => started.flatMap((host) => host.log());

const alone = new AsyncLocalStorage();

/**
 * `test` for rows that change a client, an API or a rule and expect the change at once: that is promised of the process
 * that made it, while each of Lambda's others may remember for a minute what it has read.
 */
export const inOneProcess = (test) => (name, options, row) =>
  typeof options === 'function'
    ? test(name, (t) => alone.run(true, () => options(t)))
    : test(name, options, (t) => alone.run(true, () => row(t)));

/** The hosts that rows share, by how many processes they have; nothing where that is the host's own choice. */
const shared = new Map();

/** The host most rows share; one of a single process for those that are `inOneProcess`. */
export function host() {
  const instances = target === 'lambda' && alone.getStore() ? 1 : undefined;
  if (!shared.has(instances)) shared.set(instances, startShared(instances));
  return shared.get(instances);
}

async function startShared(instances) {
  if (isUrl) return { name: target, url: target, log: () => [], stop() {} };
  const host = await module.start({ instances, env: environment() });
  started.push(host);
  return host;
}

after(async () => {
  for (const host of shared.values()) await (await host.catch(() => undefined))?.stop();
});

/** Starts a host that is expected to refuse; what it said. */
export async function refusal(changes) {
  const env = environment(changes);
  for (const [name, value] of Object.entries(env)) if (value === undefined) delete env[name];
  let started;
  try {
    started = await module.start({ env });
  } catch (error) {
    return error.message;
  }
  await started.stop();
  throw new Error('the host started');
}

export const get = async (path, headers, on) => send((await (on ?? host())).url, { path, headers });

/** `POST path` with a form, held back as `send` does; `form` is an object, a list of pairs, or the body itself. */
export async function post(path, form, { headers = {}, on, until } = {}) {
  const body = typeof form === 'string' || Buffer.isBuffer(form) ? form : formEncode(form);
  return send((await (on ?? host())).url, {
    method: 'POST',
    path,
    headers: { 'content-type': FORM, ...headers },
    body,
    until,
  });
}

/**
 * A request with JSON, and with an access token where there is one; a body that is a text or bytes is sent as it is.
 */
export async function json(method, path, { token, body, headers = {}, on } = {}) {
  const isRaw = body === undefined || typeof body === 'string' || Buffer.isBuffer(body);
  return send((await (on ?? host())).url, {
    method,
    path,
    headers: {
      ...(token && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && { 'content-type': 'application/json' }),
      ...headers,
    },
    body: isRaw ? body : JSON.stringify(body),
  });
}

const formEncode = (form) =>
  (Array.isArray(form) ? form : Object.entries(form))
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .join('&');

/** A client_credentials request by `client`, authenticated by Basic. */
export const clientCredentials = (client, form = {}, { headers = {}, on } = {}) =>
  post('/token', withGrant(form), {
    headers: { authorization: basic(client.client_id, client.client_secret), ...headers },
    on,
  });

const withGrant = (form) =>
  Array.isArray(form) ? [['grant_type', 'client_credentials'], ...form] : { grant_type: 'client_credentials', ...form };
