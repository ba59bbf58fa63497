// What only the Lambda host has: three gateways, events that are no requests, execution
// environments. What all hosts share is in tests/suite.
// Run with: node --test tests/hosts/

import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { logged } from '../suite/support/log.mjs';
import { start } from './lambda.mjs';

const secret = `jcs_${randomBytes(32).toString('base64url')}`;
const sha256 = createHash('sha256').update(secret).digest('base64url');
const registered = {
  client_id: 'stored #1+%',
  client_secrets: [{ sha256 }],
  grant_types: ['client_credentials'],
  scope: 'read',
};
const env = {
  JETON_ISSUER: 'https://id.example',
  JETON_SECRET: randomBytes(32).toString('base64url'),
  JETON_CLIENTS: JSON.stringify([
    { client_id: 'configured', client_secret: secret, grant_types: ['client_credentials'] },
  ]),
};

const token = (url, id, form = { grant_type: 'client_credentials' }) =>
  fetch(`${url}/token`, {
    method: 'POST',
    headers: { authorization: `Basic ${btoa(`${encodeURIComponent(id)}:${secret}`)}` },
    body: new URLSearchParams(form),
  });

async function withHost(options, check) {
  const host = await start({ env, ...options });
  try {
    await check(host);
  } finally {
    await host.stop();
  }
}

for (const options of [
  { gateway: 'http-api' },
  { gateway: 'function-url' },
  { gateway: 'alb' },
  { gateway: 'alb', multiValueHeaders: true },
]) {
  test(`a token and an error through ${Object.values(options).join(' with multi-value headers: ')}`, () =>
    withHost(options, async (host) => {
      await host.putClient(registered);
      for (const id of ['configured', registered.client_id]) {
        const granted = await token(host.url, id);
        assert.equal(granted.status, 200, id);
        assert.equal(granted.headers.get('cache-control'), 'no-store');
        assert.equal((await granted.json()).token_type, 'Bearer');
      }
      const refused = await token(host.url, 'nobody');
      assert.equal(refused.status, 401);
      assert.match(refused.headers.get('www-authenticate'), /^Basic /);
      assert.equal((await refused.json()).error, 'invalid_client');

      const keys = await fetch(`${host.url}/.well-known/jwks.json?a=b%20c&a`);
      assert.equal(keys.headers.get('content-type'), 'application/json');
      const same = await fetch(`${host.url}/.well-known/jwks.json`, {
        headers: { 'if-none-match': keys.headers.get('etag') },
      });
      assert.equal(same.status, 304);
    }));
}

test('no event makes the function fail', () =>
  withHost({ instances: 1 }, async (host) => {
    const version2 = (fields, method = 'GET') => ({
      rawPath: '/health',
      requestContext: { http: { method } },
      ...fields,
    });
    const alb = (fields) => ({ httpMethod: 'GET', path: '/health', requestContext: { elb: {} }, ...fields });
    const rows = [
      [version2({}), 200],
      [alb({}), 200],
      // lambda_http makes URLs of these headers.
      [version2({ headers: { host: '[::' } }), 200],
      [version2({ headers: { host: 'a', 'x-forwarded-proto': '1:' } }), 200],
      [alb({ headers: { host: 'a b' } }), 200],
      [alb({ multiValueHeaders: { host: ['', ''], 'x-forwarded-proto': ['/'] } }), 200],
      [alb({ queryStringParameters: { 'a%': '%\u0000"<>#' } }), 200],
      [version2({ rawQueryString: '\u0000 "<>#ü%' }), 200],
      [version2({ rawPath: '/health ' }), 404],
      [version2({ rawPath: '/\u0000"<>#?ü%zz' }), 404],
      [version2({ rawPath: '//health' }), 404],
      [version2({ rawPath: 'health' }), 400],
      [version2({ rawPath: `/${'a'.repeat(100_000)}` }), 400],
      [version2({ rawPath: '/token', body: '%', isBase64Encoded: true }, 'POST'), 400],
      [version2({ rawPath: '/token', body: 'é', isBase64Encoded: true }, 'POST'), 400],
      [version2({ cookies: ['a\n'] }), 400],
      [version2({ headers: { a: 'b\r\nc: d' } }), 400],
      [version2({}, 'GET /'), 400],
      [alb({ path: 'http://x/' }), 400],
      // A REST API's event, other services', none at all.
      [{ httpMethod: 'GET', path: '/health', requestContext: { stage: 'prod' } }, 400],
      [{ Records: [] }, 400],
      [{}, 400],
      [[], 400],
      [null, 400],
      ['"text"', 400],
      ['[[[[[[[[[[', 'failed'],
    ];
    for (const [event, expected] of rows) {
      const { payload, error } = await host.invoke(event);
      assert.equal(
        error ? 'failed' : JSON.parse(payload).statusCode,
        expected,
        JSON.stringify({ event, payload, error }),
      );
    }
    assert.deepEqual(
      host.log().filter((line) => /panic|INIT/.test(line)),
      [],
    );
    assert.equal(JSON.parse(await logged(host, 'not base64')).fault, 'request');
  }));

test('a body arrives as it was sent, in base64 or not', () =>
  withHost({ instances: 1 }, async (host) => {
    for (const [body, type, status, error] of [
      ['grant_type=client_credentials', 'application/x-www-form-urlencoded', 401, 'invalid_client'],
      [Buffer.from('grant_type=\xff', 'latin1'), 'application/x-www-form-urlencoded', 400, 'invalid_request'],
      ['grant_type=client_credentials', 'text/plain', 400, 'invalid_request'],
      ['{}', 'application/json', 400, 'invalid_request'],
      ['x'.repeat(100_000), 'application/x-www-form-urlencoded', 413, 'invalid_request'],
    ]) {
      const answer = await fetch(`${host.url}/token`, { method: 'POST', headers: { 'content-type': type }, body });
      assert.equal(answer.status, status, `${type} ${String(body).slice(0, 40)}`);
      assert.equal((await answer.json()).error, error);
    }
  }));

for (const [store, seconds] of [
  ['broken', 2],
  ['silent', 4],
]) {
  test(`a ${store} store is given up within ${seconds} s`, () =>
    withHost({ store, instances: 1 }, async (host) => {
      const begin = Date.now();
      const answer = await token(host.url, registered.client_id);
      assert.equal(answer.status, 503);
      assert.ok(answer.headers.get('retry-after') > 0);
      assert.equal((await answer.json()).error, 'temporarily_unavailable');
      assert.ok(Date.now() - begin < seconds * 1000, `${Date.now() - begin} ms`);
      assert.equal(JSON.parse(await logged(host, '"status":503')).store, 'dynamodb');
      assert.equal((await token(host.url, 'configured')).status, 200);
    }));
}

test('without a table the configured clients are all there are', () =>
  withHost({ env: { ...env, JETON_TABLE: '' }, store: 'broken' }, async (host) => {
    assert.equal((await token(host.url, 'configured')).status, 200);
    assert.equal((await token(host.url, registered.client_id)).status, 401);
  }));

test('more clients than the variables hold come from a file', async () => {
  const clients = Array.from({ length: 100 }, (_, n) => ({
    client_id: `filed-${n}`,
    client_secrets: [{ sha256 }],
    grant_types: ['client_credentials'],
  }));
  const folder = await mkdtemp(join(tmpdir(), 'jeton-layer-'));
  const file = join(folder, 'clients.json');
  await writeFile(file, JSON.stringify(clients));
  assert.ok((await stat(file)).size > 4096);
  try {
    await withHost({ env: { ...env, JETON_CLIENTS: `@${file}` }, instances: 1 }, async (host) => {
      assert.equal((await token(host.url, 'filed-99')).status, 200);
      assert.equal((await token(host.url, 'configured')).status, 401);
    });
  } finally {
    await rm(folder, { recursive: true });
  }
  const missing = start({ env: { ...env, JETON_CLIENTS: `@${file}` }, instances: 1 });
  await assert.rejects(
    missing.then((host) => host.stop()),
    /JETON_CLIENTS: expected a readable file after @/,
  );
});

test('broken configuration is refused at start, naming the variable', async () => {
  for (const [name, value] of [
    ['JETON_ISSUER', ''],
    ['JETON_SECRET', 'short'],
    ['JETON_CLIENTS', '['],
    ['JETON_SECERT', secret],
  ]) {
    const started = start({ env: { ...env, [name]: value }, instances: 1 });
    await assert.rejects(
      started.then((host) => host.stop()),
      ({ message }) => {
        const line = JSON.parse(message.slice(message.indexOf('{')));
        assert.equal(line.level, 'error');
        assert.ok(line.message.startsWith(name), message);
        return true;
      },
    );
  }
});

test('environments answer at the same time, each one request', () =>
  withHost({ instances: 3 }, async (host) => {
    const answers = await Promise.all(Array.from({ length: 30 }, () => token(host.url, 'configured')));
    assert.deepEqual(new Set(answers.map((answer) => answer.status)), new Set([200]));
  }));
