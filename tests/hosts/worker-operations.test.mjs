// What the Worker asks of KV and of its Durable Objects, counted: how many clients there are costs no request
// more.

import './production.mjs';

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { environment } from '../suite/support/fixtures.mjs';
import { basic } from '../suite/support/http.mjs';
import { built, Miniflare } from './worker-miniflare.mjs';

/** The Worker and its authority, whose calls are counted; at `/counted` the numbers since it was last asked. */
const MAIN = `
  import * as built from './index.js';
  export * from './index.js';
  let counts = {};
  const COUNTED = { get: 'reads', put: 'writes', delete: 'writes', list: 'lists' };
  const watched = (count, target) =>
    new Proxy(target, {
      get(object, name) {
        const member = Reflect.get(object, name);
        if (typeof member !== 'function' || name === 'constructor') return member;
        return (...parameters) => {
          const word = count(name);
          if (word) counts[word] = (counts[word] ?? 0) + 1;
          return member.apply(object, parameters);
        };
      },
    });
  const kv = (name) => COUNTED[name] && 'KV ' + COUNTED[name];
  const objects = (word) => (name) => (name === 'get' || name === 'getByName') && word;
  const around = (env) => ({
    ...env,
    JETON_REGISTRY: watched(kv, env.JETON_REGISTRY),
    JETON_AUTHORITY: watched(objects('authority'), env.JETON_AUTHORITY),
    JETON_LEDGER: watched(objects('ledger'), env.JETON_LEDGER),
  });
  export class RegistryObject extends built.RegistryObject {
    constructor(state, env) {
      super(state, around(env));
    }
  }
  export default {
    fetch(request, env, context) {
      if (new URL(request.url).pathname === '/counted') {
        const answer = Response.json(counts);
        counts = {};
        return answer;
      }
      return new built.default(context, around(env)).fetch(request);
    },
  };
`;

const SECRET = 'jcs_Jh5vQ0aTn3XkZ8mR2wLcYd7pB4sGqE9uF1oKiVxWtMy';
/** Each has its own, whose last use is noted. */
const secretOf = (client_id) => (client_id === 'manager' ? SECRET : `${SECRET}-${client_id}`);
const manager = {
  client_id: 'manager',
  client_secret: SECRET,
  grant_types: ['client_credentials'],
  scope: 'jeton:clients jeton:grants',
};
const machine = (client_id) => ({
  client_id,
  client_secrets: [{ sha256: createHash('sha256').update(secretOf(client_id)).digest('base64url') }],
  grant_types: ['client_credentials'],
});

let miniflare;
let kv;
let url;
let token;

before(async () => {
  const { worker, registry } = built();
  const root = worker.modulesRoot;
  miniflare = new Miniflare({
    handleStructuredLogs() {},
    workers: [
      {
        name: 'worker',
        ...worker,
        modules: [{ type: 'ESModule', path: `${root}/main.js`, contents: MAIN }, ...worker.modules],
        kvNamespaces: [registry],
        bindings: environment({ clients: [manager], trust: [] }),
        unsafeDirectSockets: [{ host: '127.0.0.1' }],
      },
    ],
  });
  url = (await miniflare.unsafeGetDirectURL('worker')).origin;
  kv = await miniflare.getKVNamespace(registry, 'worker');
  token = (await (await machineToken('manager')).json()).access_token;
});

after(() => miniflare?.dispose());

const machineToken = (client_id, secret = secretOf(client_id)) =>
  fetch(`${url}/token`, {
    method: 'POST',
    headers: { authorization: basic(client_id, secret) },
    body: new URLSearchParams({ grant_type: 'client_credentials' }),
  });

const manage = (method, path, body) =>
  fetch(`${url}/manage/${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, ...(body && { 'content-type': 'application/json' }) },
    body: body && JSON.stringify(body),
  });

/** What was asked of the stores for an answer of this status. */
async function counted(request, status = 200) {
  await (await fetch(`${url}/counted`)).text();
  const response = await request();
  assert.equal(response.status, status, await response.clone().text());
  await response.text();
  // What is done after the answer too.
  await new Promise((resolve) => setTimeout(resolve, 100));
  return (await fetch(`${url}/counted`)).json();
}

/** Puts clients into KV as `wrangler kv bulk put` does, and has the authority take them over. */
async function fill(from, to) {
  for (let number = from; number < to; number++) {
    const record = machine(`m-${String(number).padStart(6, '0')}`);
    await kv.put(`client:${record.client_id}`, JSON.stringify(record));
  }
  for (let query = '', page; query !== undefined; query = page.next && `?after=${encodeURIComponent(page.next)}`) {
    page = await (await manage('GET', `clients${query}`)).json();
  }
}

test('what is asked of the stores does not grow with the number of clients', async () => {
  let stored = 0;
  for (const clients of [3, 300]) {
    await fill(stored, clients);
    stored = clients;
    const id = (number) => `m-${String(number).padStart(6, '0')}`;
    const cold = clients - 1;
    // Whether the manager's token was revoked; and, after the answer, the day of a secret's last use.
    const [known, used] = [{ ledger: 1 }, { ledger: 1 }];

    assert.deepEqual(await counted(() => machineToken(id(cold))), { ...used, 'KV reads': 1 }, 'a token, cold');
    assert.deepEqual(await counted(() => machineToken(id(cold))), {}, 'a token, warm');
    assert.deepEqual(await counted(() => machineToken(`nobody-${clients}`), 401), { 'KV reads': 1 }, 'nobody');
    assert.deepEqual(
      await counted(() => manage('GET', 'clients')),
      { ...known, authority: 1, 'KV lists': 1 },
      'a page of clients',
    );
    assert.deepEqual(await counted(() => manage('GET', `clients/${id(0)}`)), { ...known, authority: 1 }, 'one client');
    assert.deepEqual(
      await counted(() => manage('PATCH', `clients/${id(0)}`, { client_name: `${clients}` })),
      { ...known, authority: 2, 'KV writes': 1 },
      'a change: what stands, and the write',
    );
    let made;
    const create = async () => {
      const response = await manage('POST', 'clients', { grant_types: ['client_credentials'] });
      made = await response.clone().json();
      return response;
    };
    assert.deepEqual(
      await counted(create, 201),
      { ...known, authority: 2, 'KV reads': 2, 'KV writes': 1 },
      'a new one, which might stand in KV alone',
    );
    assert.deepEqual(
      await counted(() => machineToken(made.client_id, made.client_secret)),
      { ...used, 'KV reads': 1 },
      'its token, where KV shows it; the authority is asked besides where it does not yet',
    );
  }
});
