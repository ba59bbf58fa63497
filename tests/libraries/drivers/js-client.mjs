// The client in JavaScript as the suite asks it: a line of JSON for each request and each answer.

import { createHash } from 'node:crypto';
import { createInterface } from 'node:readline';
import {
  Client,
  ClientError,
  clientSecret,
  dpopKey,
  memoryStore,
  none,
  platformToken,
  privateKeyJwt,
} from '../../../packages/js/jeton-client/index.js';
import { aws, file, folderStore, githubActions } from '../../../packages/js/jeton-client/node.js';

const clients = new Map();
const sessions = new Map();
const devices = new Map();
let offset = 0;
const now = () => Date.now() + offset * 1000;

const AUTHENTICATION = {
  secret: ({ secret }) => clientSecret(secret),
  private_key_jwt: ({ jwk }) => privateKeyJwt(jwk),
  platform: ({ source: { kind, path, audience } }) =>
    platformToken(
      { file: () => file(path), github: () => githubActions({ audience }), aws: () => aws({ audience }) }[kind](),
    ),
  none: () => none(),
};

const OPERATIONS = {
  async client({ as, issuer, client_id, authentication, dpop, metadata }) {
    const proof = AUTHENTICATION[authentication.kind](authentication);
    const key = dpop ? await dpopKey() : undefined;
    clients.set(as, new Client({ issuer, client_id, authentication: proof, dpop: key, metadata, now }));
    return {};
  },

  token: ({ client, scope, resource, times }) => tokens(() => clients.get(client).token({ scope, resource }), times),

  async call({ client, url, method, body, scope, resource }) {
    const response = await clients.get(client).fetch({ scope, resource })(url, { method, body });
    return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
  },

  clock(request) {
    offset = request.offset;
    return {};
  },

  async device({ client, scope }) {
    const device = await clients.get(client).device({ scope });
    const handle = String(devices.size);
    devices.set(handle, device);
    const { user_code, verification_uri, verification_uri_complete } = device;
    return { user_code, verification_uri, verification_uri_complete, handle };
  },

  device_wait: ({ handle }) => tokens(() => devices.get(handle).wait()),

  session({ as, client, redirect_uri, scope, resource, store, key }) {
    const options = {
      store: store?.folder === undefined ? memoryStore() : folderStore(store.folder),
      key: createHash('sha256').update(key).digest(),
      redirect_uri,
      scope,
      resource,
    };
    const open = () => clients.get(client).session(options);
    sessions.set(as, { open, session: open() });
    return {};
  },

  login: async ({ session }) => ({ url: (await of(session).login()).url }),
  callback: async ({ session, url }) => ({ claims: await of(session).callback(url) }),
  session_token: ({ session, times }) => tokens(() => of(session).accessToken(), times),
  logout: async ({ session }) => ({ url: (await of(session).logout()).url }),

  forget({ session }) {
    const { open } = sessions.get(session);
    sessions.set(session, { open, session: open() });
    return {};
  },
};

const of = (name) => sessions.get(name).session;

async function tokens(ask, times = 1) {
  const all = await Promise.all(Array.from({ length: times }, ask));
  const { token_type, expires_at, scope } = all[0];
  return { tokens: [...new Set(all.map(({ access_token }) => access_token))], token_type, expires_at, scope };
}

async function answer({ id, op, ...request }) {
  if (!Object.hasOwn(OPERATIONS, op)) {
    return { id, error: { fault: 'driver', code: 'unsupported', message: `no operation ${op}` } };
  }
  try {
    return { id, ok: await OPERATIONS[op](request) };
  } catch (error) {
    if (!(error instanceof ClientError))
      return { id, error: { fault: 'driver', code: 'failed', message: error.stack } };
    const { fault, code, message, status, retry_after } = error;
    return { id, error: { fault, code, message, status, retry_after } };
  }
}

for await (const line of createInterface({ input: process.stdin })) {
  answer(JSON.parse(line)).then((answer) => process.stdout.write(`${JSON.stringify(answer)}\n`));
}
