// Requests to an API, by each way in which people make them.

import assert from 'node:assert/strict';
import { api } from '../../support/api.mjs';
import { authorizationServer } from '../../support/authorization-server.mjs';
import { feature, refused } from '../../support/rows.mjs';
import { after, failure } from '../../support/stub.mjs';

/** The ways of each language. */
const WAYS = {
  rust: ['reqwest', 'tower'],
  js: ['fetch'],
  python: ['httpx', 'httpx-async', 'requests'],
};

const UNAUTHORIZED = { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } };

async function start(row) {
  const server = await authorizationServer(row.t);
  const client = await row.client(server.secretClient());
  return { server, client, api: await api(row.t), requests: () => server.tokenRequests.length };
}

/** A row that is asked of each way of its language. */
const each = (run) => async (row) => {
  for (const via of WAYS[row.language]) {
    await row.t.test(via, async (t) => {
      const inner = Object.create(row, { t: { value: t } });
      await run(inner, { via, ...(await start(inner)) });
    });
  }
};

feature('api calls', {
  'the token is sent, and asked for once': each(async (_, { client, api, requests, via }) => {
    const { status, headers, body } = await client.call(`${api.origin}/a?b=c`, { via });
    assert.equal(status, 200, body);
    assert.equal(lowered(headers)['x-api'], 'yes');
    assert.deepEqual(JSON.parse(body), { method: 'GET', path: '/a', body: '' });
    await client.call(`${api.origin}/a`, { via });
    assert.equal(requests(), 1);
    const [one, two] = api.requests.map(({ headers }) => headers.authorization);
    assert.match(one, /^Bearer at-/);
    assert.equal(one, two);
    assert.equal(api.requests[0].url, `${api.origin}/a?b=c`);
  }),

  'a token for the scope and resource of the request': each(async (_, { server, client, api, via }) => {
    await client.call(api.origin, { via, scope: 'write', resource: ['https://a.example'] });
    const [{ form }] = server.tokenRequests;
    assert.equal(form.scope, 'write');
    assert.equal(form.resource, 'https://a.example');
  }),

  'a body goes as it is': each(async (_, { client, api, via }) => {
    const { body } = await client.call(`${api.origin}/a`, { method: 'POST', body: '{"ä":1}', via });
    assert.deepEqual(JSON.parse(body), { method: 'POST', path: '/a', body: '{"ä":1}' });
  }),

  '401: another token, and once more': each(async (_, { client, api, requests, via }) => {
    const { access_token } = await client.token();
    api.refused.add(access_token);
    const { status, body } = await client.call(`${api.origin}/a`, { method: 'POST', body: 'x=1', via });
    assert.equal(status, 200);
    assert.equal(JSON.parse(body).body, 'x=1');
    assert.equal(requests(), 2);
    assert.equal(api.tokens.length, 2);
    assert.notEqual(api.tokens[1], access_token);
    assert.equal((await client.token()).access_token, api.tokens[1]);
  }),

  '401 again: the answer, and no third try': each(async (_, { client, api, requests, via }) => {
    api.always('/a', UNAUTHORIZED);
    const { status, headers } = await client.call(`${api.origin}/a`, { via });
    assert.equal(status, 401);
    assert.match(lowered(headers)['www-authenticate'], /invalid_token/);
    assert.equal(api.requests.length, 2);
    assert.equal(requests(), 2);
  }),

  'many that are refused the same token: one new': each(async (_, { client, api, requests, via }) => {
    const { access_token } = await client.token();
    api.refused.add(access_token);
    // All have the old one before the first is refused.
    api.always('/a', async (_, act) => {
      await new Promise((resolve) => setTimeout(resolve, 200));
      return act();
    });
    const answers = await Promise.all(Array.from({ length: 12 }, () => client.call(`${api.origin}/a`, { via })));
    assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
    assert.equal(requests(), 2);
  }),

  '403 is an answer': each(async (_, { client, api, requests, via }) => {
    api.always('/a', { status: 403, headers: { 'www-authenticate': 'Bearer error="insufficient_scope"' } });
    assert.equal((await client.call(`${api.origin}/a`, { via })).status, 403);
    assert.equal(api.requests.length, 1);
    assert.equal(requests(), 1);
  }),

  'a redirect to another origin goes without the token': each(async (row, { client, api: first, via }) => {
    const other = await api(row.t);
    first.always('/a', { status: 307, headers: { location: `${other.origin}/stolen` } });
    await client.call(`${first.origin}/a`, { via });
    for (const { headers } of other.requests) {
      assert.equal(headers.authorization, undefined);
      assert.equal(headers.dpop, undefined);
    }
  }),

  'no token, no request': each(async (_, { server, client, api, via }) => {
    server.alwaysToken(failure('invalid_scope'));
    await refused(client.call(`${api.origin}/a`, { via }), 'caller', 'invalid_scope');
    assert.equal(api.requests.length, 0);
  }),

  'calls that begin together have one token': each(async (_, { server, client, api, requests, via }) => {
    server.nextToken(after(200));
    await Promise.all(Array.from({ length: 12 }, () => client.call(`${api.origin}/a`, { via })));
    assert.equal(requests(), 1);
    assert.equal(new Set(api.tokens).size, 1);
  }),
});

const lowered = (headers) =>
  Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), String(value)]));
