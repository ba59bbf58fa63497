// Which host the rows are asked of, and how to start one.

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

let shared;

/** The host most rows share. */
export function host() {
  shared ??= isUrl
    ? Promise.resolve({ name: target, url: target, log: () => [], stop() {} })
    : module.start({ env: environment() }).then((host) => {
        started.push(host);
        return host;
      });
  return shared;
}

after(async () => {
  await (await shared?.catch(() => undefined))?.stop();
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
