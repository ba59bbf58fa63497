// The secrets of a client: several at once while it changes from one to the next.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test as row } from 'node:test';
import { isError, isToken } from '../support/check.mjs';
import { clients } from '../support/fixtures.mjs';
import { introspect, now, sleep } from '../support/flow.mjs';
import {
  etagOf,
  isChallenged,
  isForbidden,
  isRefused,
  machine,
  made,
  management,
  newId,
  succeeded,
} from '../support/management.mjs';
import { clientCredentials, inOneProcess, post, startFor, unless } from '../support/target.mjs';

const test = inOneProcess(row);

let managing;
/** The management interface. */
const managed = () => {
  managing ??= management();
  return managing;
};

const hash = (text) => createHash('sha256').update(text).digest('base64url');
const idOf = (secret) => hash(secret).slice(0, 12);
const today = () => new Date().toISOString().slice(0, 10);

/** The secrets of one client, as whoever manages them has them. */
const secretsOf = (by, { client_id }) => {
  const at = `clients/${encodeURIComponent(client_id)}/secrets`;
  return {
    list: () => by.ask('GET', at),
    all: async () => succeeded(await by.ask('GET', at)).secrets,
    add: (body, headers) => by.ask('POST', at, { body, headers }),
    change: (id, body, headers) => by.ask('PATCH', `${at}/${id}`, { body, headers }),
    remove: (id, headers) => by.ask('DELETE', `${at}/${id}`, { headers }),
  };
};

const tokensOf = (client, client_secret = client.client_secret) => clientCredentials({ ...client, client_secret });
const works = async (client, client_secret) => isToken(await tokensOf(client, client_secret));
const fails = async (client, client_secret) => isError(await tokensOf(client, client_secret), 401, 'invalid_client');

describe('secrets of a client', { concurrency: 8 }, () => {
  test('one is added beside the other: both work, each is shown once', async () => {
    const by = await managed();
    const client = await made(by);
    const secrets = secretsOf(by, client);
    const before = now();
    const answer = await secrets.add({});
    const added = succeeded(answer, 201);
    assert.deepEqual(Object.keys(added).sort(), ['client_secret', 'created_at', 'secret_id']);
    assert.equal(added.secret_id, idOf(added.client_secret));
    assert.ok(added.created_at >= before - 1 && added.created_at <= now() + 1);
    assert.ok(answer.headers.location.endsWith(`/manage/clients/${client.client_id}/secrets/${added.secret_id}`));
    await works(client, client.client_secret);
    await works(client, added.client_secret);

    const listed = await secrets.list();
    assert.deepEqual(
      succeeded(listed).secrets.map(({ secret_id }) => secret_id),
      [client.client_secret, added.client_secret].map(idOf),
    );
    const document = await by.clients.read(client.client_id);
    for (const { text } of [listed, document])
      for (const secret of [client.client_secret, added.client_secret]) {
        assert.ok(!text.includes(secret));
        assert.ok(!text.includes(hash(secret)), 'nor its hash');
      }
    assert.equal(etagOf(listed), etagOf(document), 'they are a part of the client');
  });

  test('a scanner knows one: prefix, 32 random bytes, checksum', async () => {
    const by = await managed();
    const client = await made(by);
    const added = succeeded(await secretsOf(by, client).add(), 201);
    for (const secret of [client.client_secret, added.client_secret]) {
      assert.match(secret, /^jcs_[A-Za-z0-9_-]{49}$/);
      assert.equal(hash(secret.slice(0, 47)).slice(0, 6), secret.slice(47));
    }
  });

  test('a secret of ours with a wrong checksum gets the same bytes as any wrong secret', async () => {
    const by = await managed();
    const client = await made(by);
    const right = client.client_secret;
    const mistyped = `${right.slice(0, 20)}${right[20] === 'x' ? 'y' : 'x'}${right.slice(21)}`;
    const refusals = [];
    for (const client_secret of [mistyped, right.slice(0, 50), 'something else entirely, and as long']) {
      const { text, status, headers } = await tokensOf(client, client_secret);
      refusals.push({ text, status, challenge: headers['www-authenticate'] });
    }
    assert.equal(refusals[0].status, 401);
    for (const refusal of refusals) assert.deepEqual(refusal, refusals[0]);
  });

  test('others_expire_at: the overlap of a change, by the same call', async () => {
    const by = await managed();
    const client = await made(by);
    const secrets = secretsOf(by, client);
    const end = now() + 2;
    const added = succeeded(await secrets.add({ others_expire_at: end }), 201);
    assert.equal(added.expires_at, undefined);
    await works(client, client.client_secret);
    await works(client, added.client_secret);
    const [old, fresh] = await secrets.all();
    assert.equal(old.expires_at, end);
    assert.equal(fresh.expires_at, undefined);
    await sleep(2500);
    await fails(client, client.client_secret);
    await works(client, added.client_secret);
  });

  test('others_expire_at moves no end to a later time', async () => {
    const by = await managed();
    const client = await made(by);
    const secrets = secretsOf(by, client);
    const soon = now() + 600;
    succeeded(await secrets.add({ expires_at: soon }), 201);
    succeeded(await secrets.add({ others_expire_at: now() + 6000 }), 201);
    assert.equal((await secrets.all())[1].expires_at, soon);
  });

  test('expires_at: of a new one, and changed, and taken away', async () => {
    const by = await managed();
    const client = await made(by);
    const secrets = secretsOf(by, client);
    const end = now() + 3600;
    const added = succeeded(await secrets.add({ expires_at: end }), 201);
    assert.equal(added.expires_at, end);
    const changed = await secrets.change(added.secret_id, { expires_at: now() - 1 });
    assert.equal(succeeded(changed).secret_id, added.secret_id);
    assert.equal(etagOf(changed), etagOf(await secrets.list()));
    await fails(client, added.client_secret);
    for (const never of [0, null]) {
      assert.equal(succeeded(await secrets.change(added.secret_id, { expires_at: never })).expires_at, undefined);
      await works(client, added.client_secret);
    }
  });

  test('one that is removed fails at once, and cannot be removed again', async () => {
    const by = await managed();
    const client = await made(by);
    const secrets = secretsOf(by, client);
    const added = succeeded(await secrets.add({}), 201);
    await works(client, client.client_secret);
    succeeded(await secrets.remove(idOf(client.client_secret)), 204);
    await fails(client, client.client_secret);
    await works(client, added.client_secret);
    assert.deepEqual(
      (await secrets.all()).map(({ secret_id }) => secret_id),
      [added.secret_id],
    );
    isRefused(await secrets.remove(idOf(client.client_secret)), 404, 'not_found');
  });

  test('the last one that authenticates is neither removed nor made to expire: 409', async () => {
    const by = await managed();
    const client = await made(by);
    const secrets = secretsOf(by, client);
    const id = idOf(client.client_secret);
    const added = succeeded(await secrets.add({}), 201);
    succeeded(await secrets.change(added.secret_id, { expires_at: 1 }));
    isRefused(await secrets.remove(id), 409, 'last_secret');
    isRefused(await secrets.change(id, { expires_at: now() }), 409, 'last_secret');
    await works(client, client.client_secret);
    // What has expired may go, and an end that is to come may be set.
    succeeded(await secrets.remove(added.secret_id), 204);
    succeeded(await secrets.change(id, { expires_at: now() + 3600 }));
  });

  test('a client has at most 10 secrets that have not expired', async () => {
    const by = await managed();
    const client = await made(by);
    const secrets = secretsOf(by, client);
    for (let n = 1; n < 10; n += 1) succeeded(await secrets.add({}), 201);
    isRefused(await secrets.add({}), 400, 'invalid_client_metadata');
    const [oldest] = await secrets.all();
    succeeded(await secrets.change(oldest.secret_id, { expires_at: now() }));
    // One that has expired makes room.
    succeeded(await secrets.add({}), 201);
    const left = await secrets.all();
    assert.equal(left.length, 10);
    assert.ok(!left.some(({ secret_id }) => secret_id === oldest.secret_id));
  });

  test('RFC 9110 §13.1.1: If-Match is the version of the client', async () => {
    const by = await managed();
    const client = await made(by);
    const secrets = secretsOf(by, client);
    const old = etagOf(await secrets.list());
    const answer = await secrets.add({}, { 'if-match': old });
    const { secret_id } = succeeded(answer, 201);
    for (const raced of [
      await secrets.add({}, { 'if-match': old }),
      await secrets.change(secret_id, { expires_at: now() + 60 }, { 'if-match': old }),
      await secrets.remove(secret_id, { 'if-match': old }),
    ])
      isRefused(raced, 412, 'precondition_failed');
    // Whoever lost the answer may ask again.
    const end = { expires_at: now() + 60 };
    const before = { 'if-match': etagOf(await secrets.list()) };
    const changed = await secrets.change(secret_id, end, before);
    for (const again of [changed, await secrets.change(secret_id, end, before)])
      assert.equal(succeeded(again).expires_at, end.expires_at);
    succeeded(await secrets.remove(secret_id, { 'if-match': etagOf(changed) }), 204);
  });

  test('without If-Match none is lost, however many change the client', async () => {
    const by = await managed();
    const client = await made(by);
    const secrets = secretsOf(by, client);
    const adding = Array.from({ length: 4 }, () => secrets.add({}));
    const [named, ...answers] = await Promise.all([
      by.clients.patch(client.client_id, { client_name: 'N' }),
      ...adding,
    ]);
    assert.equal(succeeded(named).client_name, 'N');
    for (const answer of answers) await works(client, succeeded(answer, 201).client_secret);
    assert.equal((await secrets.all()).length, 5);
    assert.equal(succeeded(await by.clients.read(client.client_id)).client_name, 'N');
  });

  test('a change of the client leaves its secrets', async () => {
    const by = await managed();
    const client = await made(by);
    const added = succeeded(await secretsOf(by, client).add({}), 201);
    const { client_secret, client_secret_expires_at, ...document } = client;
    succeeded(await by.ask('PUT', `clients/${client.client_id}`, { body: document, headers: { 'if-match': '*' } }));
    await works(client, client_secret);
    await works(client, added.client_secret);
    assert.equal(client_secret_expires_at, 0);
  });

  test('what is refused, by the name of the member', async () => {
    const by = await managed();
    const client = await made(by);
    const secrets = secretsOf(by, client);
    const id = idOf(client.client_secret);
    for (const [body, member] of [
      [{ expires_at: now() - 1 }, 'expires_at'],
      [{ expires_at: 'soon' }, 'expires_at'],
      [{ expires_at: 1.5 }, 'expires_at'],
      [{ expires_at: -1 }, 'expires_at'],
      [{ others_expire_at: true }, 'others_expire_at'],
      [{ client_secret: 'one of my own' }, 'client_secret'],
      [{ sha256: hash('x') }, 'sha256'],
    ])
      isRefused(await secrets.add(body), 400, 'invalid_client_metadata', member);
    isRefused(await secrets.change(id, {}), 400, 'invalid_client_metadata', 'expires_at');
    isRefused(await secrets.change(id, { expires_at: 0, created_at: 1 }), 400, 'invalid_client_metadata', 'created_at');
    for (const text of ['', '[]', '{', '{"expires_at":0,"expires_at":1}'])
      isRefused(await secrets.change(id, text), 400, 'invalid_request');
    isRefused(await secrets.add('expires_at=1', { 'content-type': 'text/plain' }), 415, 'invalid_request');
    assert.equal((await secrets.all()).length, 1);
  });

  test('a client that has no secrets gets none', async () => {
    const by = await managed();
    const document = machine({ token_endpoint_auth_method: 'federated_jwt' });
    const client = succeeded(await by.clients.create(document), 201);
    const secrets = secretsOf(by, client);
    assert.deepEqual(await secrets.all(), []);
    isRefused(await secrets.add({}), 400, 'invalid_client_metadata', 'token_endpoint_auth_method');
  });

  test('a client that is unknown or deleted has none here', async () => {
    const by = await managed();
    const gone = await made(by);
    succeeded(await by.clients.remove(gone.client_id), 204);
    for (const client_id of [newId(), gone.client_id]) {
      const secrets = secretsOf(by, { client_id });
      isRefused(await secrets.list(), 404, 'not_found');
      isRefused(await secrets.add({}), 404, 'not_found');
      isRefused(await secrets.remove('xxxxxxxxxxxx'), 404, 'not_found');
    }
  });

  test('of a configured client: 409, its configuration has them', { skip: unless.configured }, async () => {
    const by = await managed();
    isRefused(await secretsOf(by, clients.m2m).add({}), 409, 'already_exists');
  });

  test('RFC 6750 §3.1: who reads clients lists secrets, and who writes them changes some', async () => {
    const all = await managed();
    const client = await made(all);
    const id = idOf(client.client_secret);
    const reading = secretsOf(await management({ scope: 'jeton:clients:read' }), client);
    succeeded(await reading.list());
    for (const refused of [
      await reading.add({}),
      await reading.change(id, { expires_at: 0 }),
      await reading.remove(id),
    ])
      isForbidden(refused, 'jeton:clients');
    const other = secretsOf(await management({ scope: 'jeton:apis' }), client);
    isForbidden(await other.list(), 'jeton:clients:read');
    isChallenged(await secretsOf({ ask: anonymous }, client).list());
  });

  test('nobody gives what they do not have: a secret of a client with more rights', async () => {
    const all = await managed();
    const client = await made(all, machine({ scope: 'jeton:trust', audiences: undefined }));
    const secrets = secretsOf(await management({ scope: 'jeton:clients' }), client);
    isForbidden(await secrets.add({}), 'jeton:trust');
    succeeded(await secretsOf(all, client).add({}), 201);
  });
});

const anonymous = async (method, path, options) => (await management({ token: '' })).ask(method, path, options);

describe('the day on which a secret was last used', { concurrency: 8 }, () => {
  /** The days of the client's secrets, once one is there: they are noted after the answer. */
  async function daysOf(secrets) {
    for (let n = 0; ; n += 1) {
      const days = (await secrets.all()).map(({ last_used_on }) => last_used_on);
      if (days.some(Boolean) || n === 40) return days;
      await sleep(50);
    }
  }

  test('it is of the secret that was used, by whichever method', async () => {
    const by = await managed();
    for (const method of ['client_secret_basic', 'client_secret_post']) {
      const client = await made(by, machine({ token_endpoint_auth_method: method }));
      const secrets = secretsOf(by, client);
      const { client_secret } = succeeded(await secrets.add({}), 201);
      assert.deepEqual(
        (await secrets.all()).map(({ last_used_on }) => last_used_on),
        [undefined, undefined],
      );
      const before = today();
      const inBody = { client_id: client.client_id, client_secret };
      const answer =
        method === 'client_secret_post'
          ? await post('/token', { grant_type: 'client_credentials', ...inBody })
          : await tokensOf(client, client_secret);
      await isToken(answer);
      const [unused, used] = await daysOf(secrets);
      assert.equal(unused, undefined);
      assert.ok([before, today()].includes(used), used);
    }
  });

  test('a secret that is refused was not used', async () => {
    const by = await managed();
    const client = await made(by);
    await fails(client, `${client.client_secret}x`);
    await sleep(300);
    assert.deepEqual(
      (await secretsOf(by, client).all()).map(({ last_used_on }) => last_used_on),
      [undefined],
    );
  });

  test('at any endpoint that a client authenticates at', async () => {
    const by = await managed();
    const client = await made(by);
    assert.equal((await introspect(client, 'x')).status, 200);
    assert.ok((await daysOf(secretsOf(by, client)))[0]);
  });
});

describe('under load', () => {
  /** Gets tokens by `ask` without a break, several at a time, until it is told to stop or the test ends. */
  function load(t, ask) {
    const answers = [];
    let stopped = false;
    const one = async () => {
      while (!stopped) {
        const began = performance.now();
        const { status } = await ask();
        answers.push({ began, ended: performance.now(), status });
      }
    };
    const running = Promise.all(Array.from({ length: 4 }, one));
    const stop = async () => {
      stopped = true;
      await running;
    };
    t.after(stop);
    return { answers, stop };
  }

  test('secrets change with overlap, and no request is refused', async (t) => {
    const by = await managed();
    const client = await made(by);
    const secrets = secretsOf(by, client);
    let current = client.client_secret;
    const tokens = load(t, () => tokensOf(client, current));
    for (let n = 0; n < 3; n += 1) {
      const added = succeeded(await secrets.add({ others_expire_at: now() + 2 }), 201);
      await sleep(300);
      const old = current;
      current = added.client_secret;
      // Requests that began with the old one end.
      await sleep(1700);
      await fails(client, old);
    }
    await tokens.stop();
    const refused = tokens.answers.filter(({ status }) => status !== 200);
    assert.deepEqual(refused, [], `of ${tokens.answers.length}`);
    assert.ok(tokens.answers.length > 30, `${tokens.answers.length} requests`);
  });

  test('a client is removed: from the answer on nothing is issued where it was removed', async (t) => {
    const by = await managed();
    const client = await made(by);
    const issued = [];
    const tokens = load(t, async () => {
      const answer = await tokensOf(client);
      if (answer.status === 200) issued.push(answer.json().access_token);
      return answer;
    });
    await sleep(500);
    succeeded(await by.clients.remove(client.client_id), 204);
    const removed = performance.now();
    await sleep(700);
    await tokens.stop();
    const after = tokens.answers.filter(({ began }) => began > removed);
    assert.ok(tokens.answers.some(({ status }) => status === 200));
    assert.ok(after.length > 10, `${after.length} requests`);
    assert.deepEqual(
      after.filter(({ status }) => status !== 401),
      [],
    );
    // Nor is anything good that was issued before.
    const api = clients.api;
    for (const token of [issued[0], issued.at(-1)]) assert.equal((await introspect(api, token)).json().active, false);
  });

  test('removed elsewhere: nothing is issued after JETON_REGISTRY_MAX_AGE', { skip: unless.store }, async (t) => {
    const on = await startFor(t, { changes: { JETON_REGISTRY_MAX_AGE: '2' } });
    const client_secret = 'of a client that goes';
    const client = { client_id: 'going', client_secret };
    await on.putClient({
      client_id: 'going',
      client_secrets: [{ sha256: hash(client_secret) }],
      grant_types: ['client_credentials'],
    });
    const tokens = load(t, () => clientCredentials(client, {}, { on }));
    await sleep(500);
    await on.putClient({ client_id: 'going', deleted_at: now() });
    const removed = performance.now();
    // Times are whole seconds.
    await sleep(3500);
    await tokens.stop();
    assert.ok(tokens.answers.some(({ ended, status }) => ended < removed && status === 200));
    const late = tokens.answers.filter(({ began }) => began > removed + 3000);
    assert.ok(late.length > 10, `${late.length} requests`);
    assert.deepEqual(
      late.filter(({ status }) => status !== 401),
      [],
    );
  });
});
