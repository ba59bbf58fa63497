import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isError, isToken, jwks } from '../support/check.mjs';
import { clients } from '../support/fixtures.mjs';
import { clientCredentials, get, startFor, unless } from '../support/target.mjs';

const gateways = [
  ['http-api', false],
  ['function-url', false],
  ['alb', false],
  ['alb', true],
];

for (const [gateway, multiValueHeaders] of gateways) {
  const name = multiValueHeaders ? `${gateway} with multi-value headers` : gateway;
  test(`AWS events: ${name}`, { skip: unless.lambda }, async (t) => {
    const on = await startFor(t, { gateway, multiValueHeaders });
    await isToken(await clientCredentials(clients.m2m, { scope: 'read write' }, { on }), {}, on);
    await isToken(await clientCredentials(clients.odd, {}, { on }), {}, on);
    isError(await clientCredentials({ client_id: 'nobody', client_secret: 'x' }, {}, { on }), 401, 'invalid_client');
    assert.equal((await jwks(on)).keys.length, 3);
    const { etag } = (await get('/.well-known/jwks.json', {}, on)).headers;
    assert.equal((await get('/.well-known/jwks.json', { 'if-none-match': etag }, on)).status, 304);
  });
}

test('AWS events: malformed ones are answered, and the function lives on', { skip: unless.lambda }, async (t) => {
  const on = await startFor(t, { instances: 1 });
  const form = { 'content-type': 'application/x-www-form-urlencoded' };
  const event = (changes = {}) => ({
    version: '2.0',
    routeKey: '$default',
    rawPath: '/token',
    rawQueryString: '',
    headers: { host: 'id.example', ...form },
    requestContext: {
      accountId: '123456789012',
      apiId: 'a',
      domainName: 'id.example',
      domainPrefix: 'id',
      requestId: 'r',
      routeKey: '$default',
      stage: '$default',
      time: '21/Nov/2026:00:00:00 +0000',
      timeEpoch: 1,
      http: { method: 'POST', path: '/token', protocol: 'HTTP/1.1', sourceIp: '127.0.0.1', userAgent: 'x' },
    },
    body: 'grant_type=client_credentials',
    isBase64Encoded: false,
    ...changes,
  });
  const malformed = [
    ['base64 that does not decode', event({ body: '!!!', isBase64Encoded: true }), 400],
    // These are as good as any: only the client's authentication is missing.
    ['a Host that makes no URL', event({ headers: { host: '[::', ...form } }), 401],
    ['a scheme that makes no URL', event({ headers: { host: 'x', 'x-forwarded-proto': '::', ...form } }), 401],
    ['a port that makes no URL', event({ headers: { host: 'x', 'x-forwarded-port': 'x y', ...form } }), 401],
    ['a query that makes no URI', event({ rawQueryString: 'a b\u0000 %' }), 401],
    ['a path that makes no URI', event({ rawPath: '/a b\u0000<>' }), 404],
  ];
  for (const [name, raw, expected] of malformed) {
    const outcome = await on.invoke(raw);
    assert.equal(outcome.error, undefined, `${name}: ${JSON.stringify(outcome)}`);
    assert.equal(JSON.parse(outcome.payload).statusCode, expected, `${name}: ${outcome.payload}`);
  }
  await isToken(await clientCredentials(clients.m2m, {}, { on }), {}, on);
});
