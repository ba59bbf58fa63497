// What the Worker asks of KV and of its Durable Objects, counted: how many clients there are costs no request
// more.

import './production.mjs';

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { after, before, test } from 'node:test';
import { environment } from '../suite/support/fixtures.mjs';
import { basic } from '../suite/support/http.mjs';
import { startCounted } from './worker-counted.mjs';

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
let counted;
let token;

before(async () => {
  ({ miniflare, kv, url, counted } = await startCounted(environment({ clients: [manager], trust: [] })));
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
