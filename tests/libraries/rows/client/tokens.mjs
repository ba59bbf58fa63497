// One token for as many as want it, for as long as it is good.

import assert from 'node:assert/strict';
import { setTimeout as sleep } from 'node:timers/promises';
import { authorizationServer } from '../../support/authorization-server.mjs';
import { now } from '../../support/keys.mjs';
import { feature, refused, timed, until } from '../../support/rows.mjs';
import { after, failure, lost, page, unheard } from '../../support/stub.mjs';

const FAILING = page(500);

/** A server, and a client of it with a secret. */
async function start(row, { driver, ...options } = {}) {
  const server = await authorizationServer(row.t);
  Object.assign(server, options);
  const client = await row.client(server.secretClient(), driver);
  return { server, client, requests: () => server.tokenRequests.length };
}

/** The same with a clock that the row moves, after a first token. */
async function begun(row, options) {
  const driver = row.process();
  const started = await start(row, { ...options, driver });
  const begin = now();
  const first = await started.client.token();
  return { ...started, begin, first, driver, clock: (offset) => driver.ask('clock', { offset }) };
}

feature('tokens', {
  async 'client_credentials: what the server granted'(row) {
    const { server, client } = await start(row);
    server.nextToken(async (_, act) => {
      const { json, ...answer } = await act();
      return { ...answer, json: { ...json, scope: 'read' } };
    });
    const before = now();
    const token = await client.token({ scope: 'read write' });
    assert.match(token.access_token, /^at-/);
    assert.equal(token.token_type.toLowerCase(), 'bearer');
    assert.equal(scopeOf(token), 'read');
    isWithin(token.expires_at, before + 300, now() + 300);
    const [{ method, headers, form }] = server.tokenRequests;
    assert.equal(method, 'POST');
    assert.match(headers['content-type'], /^application\/x-www-form-urlencoded/);
    assert.equal(form.grant_type, 'client_credentials');
    assert.equal(form.scope, 'read write');
  },

  async 'no scope in the answer: what was asked for (RFC 6749 §5.1)'(row) {
    const { server, client } = await start(row);
    server.nextToken(async (_, act) => {
      const { json, ...answer } = await act();
      return { ...answer, json: { ...json, scope: undefined } };
    });
    assert.equal(scopeOf(await client.token({ scope: 'read write' })), 'read write');
  },

  async 'the second caller asks nobody'(row) {
    const { client, requests } = await start(row);
    const { access_token } = await client.token();
    assert.equal((await client.token()).access_token, access_token);
    assert.equal(requests(), 1);
  },

  async 'a scope is a set'(row) {
    const { client, requests } = await start(row);
    const { access_token } = await client.token({ scope: 'write read' });
    assert.equal((await client.token({ scope: 'read write' })).access_token, access_token);
    assert.equal((await client.token({ scope: 'read  write read' })).access_token, access_token);
    assert.equal(requests(), 1);
    assert.notEqual((await client.token({ scope: 'read' })).access_token, access_token);
    assert.equal(requests(), 2);
  },

  async 'resources have tokens of their own (RFC 8707)'(row) {
    const { server, client, requests } = await start(row);
    const one = await client.token({ resource: ['https://a.example'] });
    const two = await client.token({ resource: ['https://b.example'] });
    const both = await client.token({ resource: ['https://a.example', 'https://b.example'] });
    const none = await client.token();
    assert.equal(new Set([one, two, both, none].map(({ access_token }) => access_token)).size, 4);
    assert.equal((await client.token({ resource: ['https://a.example'] })).access_token, one.access_token);
    assert.equal(requests(), 4);
    const sent = server.tokenRequests.map(({ body }) => new URLSearchParams(body).getAll('resource'));
    assert.deepEqual(sent, [
      ['https://a.example'],
      ['https://b.example'],
      ['https://a.example', 'https://b.example'],
      [],
    ]);
  },

  async 'clients share nothing'(row) {
    const { server, client } = await start(row);
    const other = await row.client(server.secretClient());
    assert.notEqual((await client.token()).access_token, (await other.token()).access_token);
  },

  async 'ten thousand callers: one request'(row) {
    const { server, client, requests } = await start(row);
    server.nextToken(after(300));
    assert.equal((await client.tokens(10_000)).length, 1);
    assert.equal(requests(), 1);
  },

  async 'ten thousand callers at expiry: one request'(row) {
    const { server, client, requests, first, clock } = await begun(row);
    await clock(301);
    server.nextToken(after(300));
    const tokens = await client.tokens(10_000);
    assert.equal(tokens.length, 1);
    assert.notEqual(tokens[0], first.access_token);
    assert.equal(requests(), 2);
  },

  async 'ahead of expiry one caller refreshes, all others have the standing token at once'(row) {
    const { server, client, requests, first, clock } = await begun(row);
    await clock(280);
    server.nextToken(after(1_500));
    const refreshing = client.token();
    await until(() => requests() === 2);
    const { answer, took } = await timed(() => client.tokens(100));
    assert.deepEqual(answer, [first.access_token]);
    assert.ok(took < 1_000, `${took} ms`);
    const { access_token } = await refreshing;
    assert.notEqual(access_token, first.access_token);
    assert.deepEqual(await client.tokens(100), [access_token]);
    assert.equal(requests(), 2);
  },

  async 'a token is fresh for four fifths of its life'(row) {
    const { client, requests, first, clock } = await begun(row);
    await clock(235);
    assert.equal((await client.token()).access_token, first.access_token);
    assert.equal(requests(), 1);
    await clock(275);
    assert.notEqual((await client.token()).access_token, first.access_token);
    assert.equal(requests(), 2);
  },

  async 'clients that began together do not refresh together'(row) {
    const driver = row.process();
    const server = await authorizationServer(row.t);
    server.lifetime = 1_000;
    const clients = [];
    for (let one = 0; one < 24; one += 1) clients.push(await row.client(server.secretClient(), driver));
    for (const client of clients) await client.token();
    await driver.ask('clock', { offset: 850 });
    for (const client of clients) await client.token();
    const refreshed = server.tokenRequests.length - clients.length;
    assert.ok(refreshed > 0 && refreshed < clients.length, `${refreshed} of ${clients.length}`);
  },

  async 'five seconds ahead of expiry at least'(row) {
    const { client, requests, first, clock } = await begun(row, { lifetime: 20 });
    await clock(6);
    assert.equal((await client.token()).access_token, first.access_token);
    assert.equal(requests(), 1);
    await clock(15.1);
    await client.token();
    assert.equal(requests(), 2);
  },

  async 'no expires_in: a minute'(row) {
    const { client, requests, begin, first, clock } = await begun(row, { lifetime: undefined });
    isWithin(first.expires_at, begin + 60, now() + 60);
    await clock(40);
    await client.token();
    assert.equal(requests(), 1);
    await clock(61);
    await client.token();
    assert.equal(requests(), 2);
  },

  async 'the service is away: the standing token, while it is valid'(row) {
    const { server, client, first, clock } = await begun(row);
    await clock(280);
    await server.close();
    assert.equal((await client.token()).access_token, first.access_token);
    await clock(301);
    await refused(client.token(), 'network', 'unreachable');
  },

  async 'the service fails: the standing token, and no storm'(row) {
    const { server, client, requests, first, clock } = await begun(row);
    await clock(275);
    server.alwaysToken(FAILING);
    assert.equal((await client.token()).access_token, first.access_token);
    const asked = requests();
    assert.equal(asked, 4);
    for (let time = 0; time < 20; time += 1) assert.deepEqual(await client.tokens(50), [first.access_token]);
    assert.ok(requests() - asked <= 3, `${requests() - asked} more requests`);
  },

  async 'after a failure it is tried again'(row) {
    const { server, client, first, clock } = await begun(row, { lifetime: 3_000 });
    await clock(2_750);
    server.alwaysToken(FAILING);
    assert.equal((await client.token()).access_token, first.access_token);
    server.alwaysToken();
    await clock(2_790);
    assert.notEqual((await client.token()).access_token, first.access_token);
  },

  async 'Retry-After ahead of expiry: not before'(row) {
    const { server, client, requests, first, clock } = await begun(row, { lifetime: 3_000 });
    await clock(2_750);
    server.nextToken({ ...page(503, { 'retry-after': '60' }) });
    assert.equal((await client.token()).access_token, first.access_token);
    assert.equal(requests(), 2);
    await clock(2_800);
    assert.equal((await client.token()).access_token, first.access_token);
    assert.equal(requests(), 2);
    await clock(2_815);
    assert.notEqual((await client.token()).access_token, first.access_token);
  },

  async 'what is our fault is said at once, whatever token stands'(row) {
    const { server, client, clock } = await begun(row);
    await clock(280);
    server.nextToken(failure('invalid_client', { status: 401 }));
    await refused(client.token(), 'caller', 'invalid_client');
  },

  async 'the cache is bounded'(row) {
    const { client, requests } = await start(row);
    const ask = (from, to) =>
      Promise.all(Array.from({ length: to - from }, (_, at) => client.token({ scope: `s${from + at}` })));
    await client.token({ scope: 'first' });
    for (let from = 0; from < 1_000; from += 50) await ask(from, from + 50);
    assert.equal(requests(), 1_001);
    await client.token({ scope: 's999' });
    assert.equal(requests(), 1_001);
    await client.token({ scope: 'first' });
    assert.equal(requests(), 1_002);
  },
});

feature('retries', {
  async 'a server error: twice more'(row) {
    const { server, client, requests } = await start(row);
    server.nextToken(FAILING, FAILING);
    const { took } = await timed(() => client.token());
    assert.equal(requests(), 3);
    assert.ok(took > 300, `${took} ms`);
  },

  async 'a connection that breaks: twice more'(row) {
    const { server, client, requests } = await start(row);
    server.nextToken(unheard, lost);
    await client.token();
    assert.equal(requests(), 3);
  },

  async 'then the error, for all who waited'(row) {
    const { server, client, requests } = await start(row);
    server.alwaysToken(failure('server_error', { status: 500 }));
    const error = await refused(client.tokens(100), 'server', 'server_error');
    assert.equal(error.status, 500);
    assert.equal(requests(), 3);
  },

  async 'an error of ours is not repeated'(row) {
    const { server, client, requests } = await start(row);
    server.alwaysToken(failure('invalid_scope'));
    await refused(client.token(), 'caller', 'invalid_scope');
    assert.equal(requests(), 1);
  },

  async 'a failure is not remembered as an answer'(row) {
    const { server, client } = await start(row);
    server.nextToken(failure('invalid_scope'));
    await refused(client.token(), 'caller', 'invalid_scope');
    await client.token();
  },

  async '429 with a short Retry-After is waited for'(row) {
    const { server, client, requests } = await start(row);
    server.nextToken(failure('slow_down', { status: 429, headers: { 'retry-after': '2' } }));
    const { took } = await timed(() => client.token());
    assert.equal(requests(), 2);
    assert.ok(took >= 1_900, `${took} ms`);
  },

  async '429 with a long one: the error, and no request before then'(row) {
    const driver = row.process();
    const { server, client, requests } = await start(row, { driver });
    server.nextToken(page(429, { 'retry-after': '30' }));
    const error = await refused(client.token(), 'server', 'rate_limited');
    assert.equal(error.status, 429);
    assert.ok(error.retry_after > 28 && error.retry_after <= 30, String(error.retry_after));
    const again = await refused(client.token(), 'server', 'rate_limited');
    assert.ok(again.retry_after <= 30, String(again.retry_after));
    assert.equal(requests(), 1);
    await driver.ask('clock', { offset: 31 });
    await client.token();
    assert.equal(requests(), 2);
  },

  async '503 with Retry-After as a date'(row) {
    const { server, client, requests } = await start(row);
    const date = new Date(Date.now() + 40_000).toUTCString();
    server.nextToken(failure('temporarily_unavailable', { status: 503, headers: { 'retry-after': date } }));
    const error = await refused(client.token(), 'server', 'temporarily_unavailable');
    assert.ok(error.retry_after > 35 && error.retry_after <= 41, String(error.retry_after));
    assert.equal(requests(), 1);
  },

  async 'a cold start while the service is away'(row) {
    const { server, client } = await start(row);
    await server.close();
    await refused(client.token(), 'network', 'unreachable');
    await server.listen(row.t);
    await sleep(50);
    await client.token();
  },
});

/** A scope as text, whatever the order of a set. */
const scopeOf = ({ scope }) => (Array.isArray(scope) ? scope.slice().sort().join(' ') : scope);

/** A time between these, give or take how seconds are rounded. */
const isWithin = (time, from, to) => assert.ok(time >= from - 1 && time <= to + 1, `${time}, not ${from} to ${to}`);
