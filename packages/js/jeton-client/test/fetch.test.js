// `fetch` with a token, against an API of this test.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Client, clientSecret } from 'jeton-client';
import { clock, ISSUER, listen, server } from './support.js';

/** An API by its paths, and a client whose requests reach it, `asked`. */
async function start(t, paths) {
  const asked = [];
  const origin = await listen(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    const { method, url, headers } = request;
    asked.push({ method, url, body, ...headers });
    const [status = 200, more = {}] = paths[url]?.(request) ?? [];
    response.writeHead(status, more).end(`${method} ${url} ${body}`);
  });
  const it = server();
  const time = clock();
  const client = new Client({
    issuer: ISSUER,
    client_id: 'billing',
    authentication: clientSecret('secret'),
    fetch: (input, init) =>
      String(input.url ?? input).startsWith(ISSUER) ? it.fetch(input, init) : fetch(input, init),
    now: time.now,
  });
  return { asked, origin, it, time, client, api: client.fetch({ scope: 'read' }) };
}

const refused = () => [401, { 'www-authenticate': 'Bearer error="invalid_token"' }];
const to =
  (location, status = 302) =>
  () => [status, { location }];

test('a redirect within the origin has the token, one to another has not', async (t) => {
  const other = await start(t, {});
  const { asked, origin, api } = await start(t, {
    '/near': to('/far'),
    '/far': to(`${other.origin}/there`),
  });
  const response = await api(`${origin}/near`, {
    headers: { cookie: 'a=b', 'x-own': 'c', authorization: 'Basic eDp5' },
  });
  assert.equal(await response.text(), 'GET /there ');
  assert.deepEqual(
    asked.map(({ url, authorization, cookie }) => [url, authorization, cookie]),
    [
      ['/near', 'Bearer token-1', 'a=b'],
      ['/far', 'Bearer token-1', 'a=b'],
    ],
  );
  const [{ authorization, cookie, 'x-own': own }] = other.asked;
  assert.deepEqual([authorization, cookie, own], [undefined, undefined, 'c']);
});

for (const [status, method, expected] of [
  [301, 'POST', 'GET /to '],
  [302, 'PUT', 'PUT /to body'],
  [303, 'PUT', 'GET /to '],
  [307, 'POST', 'POST /to body'],
  [308, 'PATCH', 'PATCH /to body'],
]) {
  test(`${status} after ${method}`, async (t) => {
    const { asked, origin, api } = await start(t, { '/from': to('/to', status) });
    const init = { method, body: 'body', headers: { 'content-type': 'text/x' } };
    assert.equal(await (await api(`${origin}/from`, init)).text(), expected);
    assert.equal(asked[1]['content-type'], expected.endsWith('body') ? 'text/x' : undefined);
  });
}

test('redirects without end, and those that are not to be followed', async (t) => {
  const { asked, origin, api } = await start(t, { '/round': to('/round') });
  await assert.rejects(api(`${origin}/round`), TypeError);
  assert.equal(asked.length, 21);
  assert.equal((await api(`${origin}/round`, { redirect: 'manual' })).status, 302);
  await assert.rejects(api(`${origin}/round`, { redirect: 'error' }), TypeError);
  assert.equal(asked.length, 23);
});

test('a redirect to where there is no http', async (t) => {
  const { origin, api } = await start(t, { '/': to('file:///etc/passwd') });
  await assert.rejects(api(`${origin}/`), TypeError);
});

test('every kind of body is sent again', async (t) => {
  let times = 0;
  const { asked, origin, api } = await start(t, { '/': () => (++times % 2 ? refused() : undefined) });
  const form = new FormData();
  form.set('a', 'b');
  const bodies = ['text', new URLSearchParams({ a: 'b' }), new TextEncoder().encode('bytes'), new Blob(['blob']), form];
  for (const body of bodies) {
    const response = await api(`${origin}/`, { method: 'POST', body });
    assert.equal(response.status, 200);
    const [first, second] = asked.splice(0);
    assert.equal(second.body, first.body);
    assert.equal(second['content-type'], first['content-type']);
    assert.notEqual(second.authorization, first.authorization);
  }
  const request = new Request(`${origin}/`, { method: 'POST', body: 'of a request' });
  assert.equal(await (await api(request)).text(), 'POST / of a request');
});

test('a stream is sent once, and the next request has another token', async (t) => {
  const { asked, origin, api } = await start(t, {
    '/': ({ headers }) => (headers.authorization === 'Bearer token-1' ? refused() : undefined),
  });
  const body = () => new Blob(['stream']).stream();
  assert.equal((await api(`${origin}/`, { method: 'POST', body: body(), duplex: 'half' })).status, 401);
  assert.equal((await api(`${origin}/`, { method: 'POST', body: body(), duplex: 'half' })).status, 200);
  assert.deepEqual(
    asked.map(({ body }) => body),
    ['stream', 'stream'],
  );
});

test('an API that takes no token costs the authorization server one in ten seconds', async (t) => {
  const { asked, it, origin, time, api } = await start(t, { '/': refused });
  assert.equal((await api(`${origin}/`)).status, 401);
  assert.equal(asked.length, 2);
  assert.equal(it.asked.length, 2);
  for (let time = 0; time < 10; time += 1) assert.equal((await api(`${origin}/`)).status, 401);
  assert.equal(asked.length, 12);
  assert.equal(it.asked.length, 2);
  time.advance(11);
  await api(`${origin}/`);
  assert.equal(it.asked.length, 3);
});

test('a hundred requests with a token that was revoked: one other', async (t) => {
  const { it, origin, api } = await start(t, {
    '/': ({ headers }) => (headers.authorization === 'Bearer token-1' ? refused() : undefined),
  });
  const answers = await Promise.all(Array.from({ length: 100 }, () => api(`${origin}/`)));
  assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
  assert.equal(it.asked.length, 2);
});

test('who is cancelled is cancelled at the API as well', async (t) => {
  const { it, origin, api } = await start(t, {});
  await api(`${origin}/`);
  const controller = new AbortController();
  const cancelled = api(`${origin}/`, { signal: controller.signal });
  controller.abort(new Error('enough'));
  await assert.rejects(cancelled, /enough/);
  assert.equal(it.asked.length, 1);
});

test('the faults of the API are its own', async (t) => {
  const { origin, api } = await start(t, { '/': () => [503, { 'www-authenticate': 'Bearer' }] });
  assert.equal((await api(`${origin}/`)).status, 503);
  await assert.rejects(api('http://127.0.0.1:1/'), TypeError);
});
