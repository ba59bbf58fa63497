// The tokens of a service. What is promised in every language is asked in tests/libraries; here is what is this one's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { AccessToken, Client, ClientError, clientSecret, platformToken, privateKeyJwt } from 'jeton-client';
import { clock, ISSUER, refusal, server } from './support.js';

const SECRET = 'the secret of ours';

function start(options, more) {
  const it = server(options);
  const time = clock();
  const client = new Client({
    issuer: ISSUER,
    client_id: 'billing',
    authentication: clientSecret(SECRET),
    fetch: it.fetch,
    now: time.now,
    ...more,
  });
  return { it, time, client };
}

test('who is cancelled leaves the others waiting, and nothing unheard', async () => {
  const { it, client } = start();
  let answer;
  it.answers.push(() => new Promise((resolve) => (answer = () => resolve(it.usual()))));
  const [one, other] = [new AbortController(), new AbortController()];
  const cancelled = client.token({ signal: one.signal });
  const waiting = client.token({ signal: other.signal });
  while (!answer) await new Promise(setImmediate);
  one.abort(new Error('enough'));
  await assert.rejects(cancelled, /enough/);
  assert.equal(it.asked[0].signal.aborted, false);
  answer();
  assert.equal((await waiting).access_token, 'token-1');
  await assert.rejects(client.token({ signal: AbortSignal.abort(new Error('before')) }), /before/);
  assert.equal(it.asked.length, 1);
});

test('all who waited are cancelled, and it fails: nobody is told', async () => {
  const { it, client } = start();
  const unheard = [];
  const hear = (error) => unheard.push(error);
  process.on('unhandledRejection', hear);
  it.answers.push(async () => refusal(400, 'invalid_scope'));
  const controller = new AbortController();
  const cancelled = client.token({ signal: controller.signal });
  controller.abort();
  await assert.rejects(cancelled, { name: 'AbortError' });
  await new Promise((resolve) => setTimeout(resolve, 50));
  process.off('unhandledRejection', hear);
  assert.deepEqual(unheard, []);
});

test('the clock is set back: what it said of a token no longer counts', async () => {
  const { time, client } = start();
  assert.equal((await client.token()).access_token, 'token-1');
  time.advance(-30);
  assert.equal((await client.token()).access_token, 'token-1');
  time.advance(-86_400);
  assert.equal((await client.token()).access_token, 'token-2');
});

test('the clock is set back after a Retry-After: that is not waited for again', async () => {
  const { it, time, client } = start();
  it.answers.push(async () => new Response('', { status: 429, headers: { 'retry-after': '60' } }));
  await assert.rejects(client.token(), { code: 'rate_limited', retry_after: 60 });
  time.advance(10);
  await assert.rejects(client.token(), { code: 'rate_limited', retry_after: 50 });
  time.advance(-3600);
  assert.equal((await client.token()).access_token, 'token-1');
});

test('a Retry-After of years is one of an hour', async () => {
  const it = server();
  const time = clock();
  const client = new Client({ issuer: ISSUER, client_id: 'machine', fetch: it.fetch, now: time.now });
  it.answers.push(async () => new Response('', { status: 429, headers: { 'retry-after': '99999999' } }));
  await assert.rejects(client.token(), { code: 'rate_limited', retry_after: 3600 });
  time.advance(3601);
  assert.ok(await client.token());
});

test('whatever the server does wrong, the token that is valid serves', async () => {
  const it = server();
  const time = clock();
  const client = new Client({ issuer: ISSUER, client_id: 'machine', fetch: it.fetch, now: time.now });
  await client.token();
  time.advance(280);
  it.answers.push(async () => new Response('<html>', { headers: { 'content-type': 'text/html' } }));
  assert.equal((await client.token()).access_token, 'token-1');
  assert.equal(it.asked.length, 2);
  time.advance(5);
  assert.equal((await client.token()).access_token, 'token-2');
});

test('metadata that is wrong does not take the place of what was right', async () => {
  const it = server();
  const time = clock();
  const client = new Client({ issuer: ISSUER, client_id: 'machine', fetch: it.fetch, now: time.now });
  await client.token();
  time.advance(3601);
  it.metadata = { issuer: 'https://other.example' };
  assert.equal((await client.token()).access_token, 'token-2');
});

test('a description that is a number is none', async () => {
  const it = server();
  const client = new Client({
    issuer: ISSUER,
    client_id: 'machine',
    authentication: clientSecret('a secret'),
    fetch: it.fetch,
  });
  it.answers.push(async () => refusal(400, 'invalid_scope', { error_description: 5 }));
  await assert.rejects(client.token(), { fault: 'caller', code: 'invalid_scope', description: undefined });
});

test('a slow answer lives no longer for it', async () => {
  const { it, time, client } = start();
  it.answers.push(() => {
    time.advance(100);
    return it.usual();
  });
  assert.equal((await client.token()).expires_at, time.now() / 1000 + 200);
});

test('neither a client nor a token nor an error is printed with its secret', async () => {
  const { it, client } = start();
  const token = await client.token();
  assert.ok(token instanceof AccessToken);
  it.answers.push(async () =>
    refusal(401, 'invalid_client', { error_description: `${SECRET} is wrong`, secret: SECRET, token: 'token-1' }),
  );
  const error = await client.token({ scope: 'other' }).catch((error) => error);
  assert.ok(error instanceof ClientError);
  for (const thing of [client, token, error, client.session, { token }]) {
    const printed = `${inspect(thing, { depth: 9, showHidden: true })} ${JSON.stringify(thing)} ${thing}`;
    assert.doesNotMatch(printed, /token-1|the secret of ours|dGhlIHNlY3Jl/);
  }
  assert.equal(JSON.parse(JSON.stringify(token)).expires_at, token.expires_at);
  assert.equal(error.description, undefined);
});

for (const [what, echo] of [
  ['as it is', (form, basic) => `${form} ${basic}`],
  ['encoded', (form) => encodeURIComponent(form)],
  ['of the header', (_, basic) => basic],
]) {
  test(`a description that has the secret ${what} is left out, another stays`, async () => {
    const { it, client } = start({}, { authentication: clientSecret('a secret/ä') });
    const say = (text) => it.answers.push(async () => refusal(400, 'invalid_scope', { error_description: text }));
    say(echo('a secret/ä', it.asked[0]?.headers.get('authorization') ?? btoa('billing:a%20secret%2F%C3%A4')));
    const silent = await client.token({ scope: 'orders' }).catch((error) => error);
    assert.equal(silent.description, undefined);
    say('orders is not for billing');
    const said = await client.token({ scope: 'orders' }).catch((error) => error);
    assert.equal(said.description, 'orders is not for billing');
    assert.match(said.message, /orders is not for billing$/);
  });
}

test('an access token that is no header is refused, and is in no error', async () => {
  const { it, client } = start();
  it.answers.push(async () => Response.json({ access_token: 'abc\ndef', token_type: 'Bearer' }));
  const error = await client.token().catch((error) => error);
  assert.equal(`${error.fault} ${error.code}`, 'server invalid_response');
  assert.doesNotMatch(inspect(error), /abc/);
});

test('what comes out of a foreign fetch is in no error', async () => {
  const { it, client } = start();
  it.answers.push(...Array(3).fill(async () => new Error(`POST with ${SECRET}`, { cause: { code: SECRET } })));
  const error = await client.token().catch((error) => error);
  assert.equal(`${error.fault} ${error.code}`, 'network unreachable');
  assert.doesNotMatch(inspect(error, { showHidden: true }), /the secret/);
});

test('a source that fails in its own words is a credential that cannot be had', async () => {
  const failing = platformToken(async () => {
    throw new Error(`not with ${SECRET}`);
  });
  for (const authentication of [failing, platformToken(() => ''), platformToken(() => undefined)]) {
    const error = await start({}, { authentication })
      .client.token()
      .catch((error) => error);
    assert.equal(`${error.fault} ${error.code}`, 'caller credential_unavailable');
    assert.doesNotMatch(inspect(error), /the secret/);
  }
});

test('a platform may want its token to be the grant', async () => {
  const { it, client } = start(
    {},
    { authentication: platformToken(({ audience }) => `for ${audience}`.slice(4), { as: 'grant' }) },
  );
  await client.token({ scope: 'read' });
  assert.deepEqual(it.asked[0].form, {
    grant_type: 'urn:ietf:params:oauth:grant-type:jwt-bearer',
    assertion: ISSUER,
    client_id: 'billing',
    scope: 'read',
  });
});

test('a CryptoKey, with and without its kid', async () => {
  const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-384' }, false, ['sign']);
  for (const [key, expected] of [
    [privateKey, { alg: 'ES384', typ: 'client-authentication+jwt' }],
    [
      { key: privateKey, kid: 'k1' },
      { alg: 'ES384', kid: 'k1', typ: 'client-authentication+jwt' },
    ],
  ]) {
    const { it, client } = start({}, { authentication: privateKeyJwt(key) });
    await client.token();
    const [header] = it.asked[0].form.client_assertion.split('.');
    assert.deepEqual(JSON.parse(Buffer.from(header, 'base64url')), expected);
  }
});

test('what is missing is said by the constructor', () => {
  const thrown = (options) => {
    try {
      new Client({ issuer: ISSUER, client_id: 'billing', ...options });
      return undefined;
    } catch ({ fault, code }) {
      return `${fault} ${code}`;
    }
  };
  assert.equal(thrown({}), undefined);
  assert.equal(thrown({ client_id: undefined }), 'caller invalid_configuration');
  assert.equal(thrown({ issuer: undefined }), 'caller invalid_issuer');
  assert.equal(thrown({ issuer: 'https://user@tokens.example' }), 'caller invalid_issuer');
  assert.equal(thrown({ metadata: { issuer: `${ISSUER}/` } }), 'server issuer_mismatch');
  assert.throws(() => clientSecret(process.env.NO_SUCH_SECRET), { code: 'invalid_configuration' });
});

test('random numbers are those that are injected', async () => {
  const { it, client } = start({}, { random: (bytes) => bytes.fill(128) });
  const { expires_at } = await client.token();
  assert.ok(expires_at);
  const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, false, ['sign']);
  const signer = start({}, { random: (bytes) => bytes.fill(1), authentication: privateKeyJwt(privateKey) });
  await signer.client.token();
  const [, claims] = signer.it.asked[0].form.client_assertion.split('.');
  assert.equal(JSON.parse(Buffer.from(claims, 'base64url')).jti, '01'.repeat(32));
  assert.equal(it.asked.length, 1);
});
