// Logging in from a command line: RFC 8628.

import assert from 'node:assert/strict';
import { authorizationServer } from '../../support/authorization-server.mjs';
import { feature, refused, timed } from '../../support/rows.mjs';
import { failure, page, unheard } from '../../support/stub.mjs';

/** A device that waits for its person. */
async function start(row, { polls = [], lifetime, driver, ...options } = {}) {
  const server = await authorizationServer(row.t);
  Object.assign(server.grants, { polls, ...options });
  if (lifetime) server.grants.deviceLifetime = lifetime;
  const client = await row.client(server.publicClient(), driver);
  const device = await client.device('openid read');
  return { server, client, device, wait: () => client.driver.ask('device_wait', { handle: device.handle }) };
}

const gaps = (requests) => requests.slice(1).map(({ at }, index) => at - requests[index].at);

feature('device', {
  async 'codes, and then a token'(row) {
    const { server, device, wait } = await start(row, { polls: ['authorization_pending'] });
    assert.equal(device.user_code, 'WDJB-MJHT');
    assert.equal(device.verification_uri, `${server.issuer}/device`);
    assert.equal(device.verification_uri_complete, `${server.issuer}/device?user_code=WDJB-MJHT`);
    assert.equal(device.device_code, undefined);
    const { tokens } = await wait();
    assert.match(tokens[0], /^at-/);
    const [asked] = server.asked('/device_authorization');
    assert.equal(asked.form.scope, 'openid read');
    for (const { form } of server.tokenRequests) {
      assert.equal(form.grant_type, 'urn:ietf:params:oauth:grant-type:device_code');
      assert.ok(form.client_id);
    }
  },

  async 'it asks no more often than it was told'(row) {
    const polls = ['authorization_pending', 'authorization_pending'];
    const { server, wait } = await start(row, { polls, interval: 2 });
    await wait();
    assert.equal(server.tokenRequests.length, 3);
    for (const gap of gaps(server.tokenRequests)) assert.ok(gap >= 1_950, `${gap} ms`);
  },

  async 'without an interval: five seconds'(row) {
    const { server, wait } = await start(row, { polls: ['authorization_pending'], interval: undefined });
    await wait();
    for (const gap of gaps(server.tokenRequests)) assert.ok(gap >= 4_950, `${gap} ms`);
  },

  async 'slow_down: five seconds more, for good'(row) {
    const { server, wait } = await start(row, { polls: ['slow_down', 'authorization_pending'] });
    await wait();
    assert.equal(server.tokenRequests.length, 3);
    for (const gap of gaps(server.tokenRequests)) assert.ok(gap >= 5_950, `${gap} ms`);
  },

  async 'a connection that breaks is no answer'(row) {
    const { server, wait } = await start(row);
    server.nextToken(unheard, page(502));
    const { tokens } = await wait();
    assert.match(tokens[0], /^at-/);
  },

  async 'the person says no'(row) {
    const { server, wait } = await start(row, { polls: ['authorization_pending', 'access_denied'] });
    await refused(wait(), 'caller', 'access_denied');
    assert.equal(server.tokenRequests.length, 2);
  },

  async 'the code has expired, says the server'(row) {
    const { wait } = await start(row, { polls: ['expired_token'] });
    await refused(wait(), 'token', 'expired_token');
  },

  async 'the code has expired, and nobody says so'(row) {
    const polls = Array.from({ length: 30 }, () => 'authorization_pending');
    const { wait } = await start(row, { polls, lifetime: 3 });
    const { took } = await timed(() => refused(wait(), 'token', 'expired_token'));
    assert.ok(took < 6_000, `${took} ms`);
  },

  async 'what is our fault ends it'(row) {
    const { server, wait } = await start(row, { polls: [failure('invalid_client', { status: 401 })] });
    await refused(wait(), 'caller', 'invalid_client');
    assert.equal(server.tokenRequests.length, 1);
  },

  async 'a client with a secret authenticates both times'(row) {
    const server = await authorizationServer(row.t);
    const client = await row.client(server.secretClient());
    const { handle } = await client.device('read');
    await client.driver.ask('device_wait', { handle });
    for (const { headers } of [...server.asked('/device_authorization'), ...server.tokenRequests]) {
      assert.match(headers.authorization, /^Basic /);
    }
  },

  async 'a scope that is refused'(row) {
    const server = await authorizationServer(row.t);
    server.next('/device_authorization', failure('invalid_scope'));
    const client = await row.client(server.publicClient());
    await refused(client.device('of-nobody'), 'caller', 'invalid_scope');
  },
});
