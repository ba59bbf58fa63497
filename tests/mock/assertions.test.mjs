// Whose word a lenient mock takes without verifying it, and what it verifies all the same.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { JWT_ASSERTION, presented } from '../suite/support/assertions.mjs';
import { freshKey, keyOf } from '../suite/support/jws.mjs';
import { kubernetes, trust } from '../suite/support/platforms.mjs';
import { claimsOf } from '../suite/support/tokens.mjs';
import { isError, waivedOf } from './support/check.mjs';
import { claims, ok } from './support/issuer.mjs';
import {
  ACCESS_TOKEN,
  assertionOf,
  bear,
  byAssertion,
  CLIENTS,
  clientOf,
  documentOf,
  exchangeOf,
  federated,
  JWT,
  now,
  soon,
} from './support/machines.mjs';
import { start } from './support/process.mjs';

const mock = await start();
const strictly = (spec = {}) => mock.fresh().make({ strictness: 'strict', clients: CLIENTS, ...spec });

describe('lenient: assertions', { concurrency: 8 }, () => {
  const leniently = (spec = {}) => strictly({ strictness: 'lenient', ...spec });
  const anyKey = freshKey('ES256');

  test('an assertion that is verified: nothing is waived', async () => {
    const issuer = await leniently({ trust });
    for (const response of [
      await byAssertion(issuer, assertionOf('signer', issuer, keyOf('ES256', 'signer'))),
      await byAssertion(issuer, kubernetes.token({ aud: issuer.id })),
      await byAssertion(issuer, kubernetes.token({ aud: issuer.id }), { client_id: 'deployer' }),
      await bear(issuer, kubernetes.token({ aud: issuer.id })),
    ]) {
      ok(response);
      assert.deepEqual(waivedOf(response), []);
    }
  });

  const secret = { client_id: 'by-secret', client_secret: 's', grant_types: ['client_credentials'] };
  for (const [name, client_id, assertion, form, expected] of [
    ['of an unknown client', 'who', (issuer) => assertionOf('who', issuer, anyKey), {}, ['client', 'client_assertion']],
    [
      'that names nobody',
      'job:7',
      (issuer) => anyKey.sign({ iss: 'x', sub: 'job:7', aud: issuer.id }),
      {},
      ['client', 'client_assertion'],
    ],
    [
      'of a platform that is not trusted, for a client',
      'deployer',
      (issuer) => anyKey.sign({ iss: 'https://ci.example', sub: 'job', aud: issuer.id, ...soon() }),
      { client_id: 'deployer' },
      ['client_assertion'],
    ],
    ['by another key', 'signer', (issuer) => assertionOf('signer', issuer, anyKey), {}, ['client_assertion']],
    [
      'that has expired',
      'signer',
      (issuer) => assertionOf('signer', issuer, keyOf('ES256', 'signer'), { exp: now() - 60 }),
      {},
      ['client_assertion'],
    ],
    [
      'of a client with a secret',
      'by-secret',
      (issuer) => assertionOf('by-secret', issuer, anyKey),
      {},
      ['client_assertion'],
    ],
    [
      'by another key, for a scope of others',
      'signer',
      (issuer) => assertionOf('signer', issuer, anyKey),
      { scope: 'admin' },
      ['client_assertion', 'scope'],
    ],
  ]) {
    test(`an assertion ${name}: ${expected.join(', ')}`, async () => {
      const issuer = await leniently({ trust, clients: [...CLIENTS, secret] });
      const response = await byAssertion(issuer, assertion(issuer), form);
      assert.equal(clientOf(response), client_id);
      assert.deepEqual(waivedOf(response), expected);
      const [entry] = await issuer.journal();
      assert.deepEqual([entry.client_id, entry.waived], [client_id, expected]);
      const { client_assertion, client_assertion_type } = entry.parameters;
      assert.deepEqual([client_assertion, client_assertion_type], ['[redacted]', JWT_ASSERTION]);
      const strict = await strictly({ trust, clients: [...CLIENTS, secret] });
      isError(await byAssertion(strict, assertion(strict), form), 401, 'invalid_client');
    });
  }

  test('an assertion that was used before, sent again: client_assertion', async () => {
    const issuer = await leniently();
    const assertion = assertionOf('signer', issuer, keyOf('ES256', 'signer'));
    assert.deepEqual(waivedOf(ok(await byAssertion(issuer, assertion))), []);
    assert.deepEqual(waivedOf(ok(await byAssertion(issuer, assertion))), ['client_assertion']);
  });

  test('at other endpoints too', async () => {
    const issuer = await leniently();
    const { access_token } = ok(await byAssertion(issuer, assertionOf('who', issuer, anyKey))).json();
    for (const [path, form] of [
      ['/introspect', { token: access_token }],
      ['/device_authorization', { scope: 'openid' }],
      ['/revoke', { token: access_token }],
    ]) {
      const response = ok(await issuer.post(path, { ...form, ...presented(assertionOf('who', issuer, anyKey)) }));
      assert.deepEqual(waivedOf(response), ['client', 'client_assertion'], path);
      if (path === '/introspect') assert.equal(response.json().active, true);
    }
  });

  for (const [name, form] of [
    ['that is no JWT', () => presented('x.y.z')],
    ['that says of nobody who it is', () => presented(anyKey.sign({ aud: 'a' }))],
    ['of a client that is disabled', (issuer) => presented(assertionOf('off', issuer, anyKey))],
  ]) {
    test(`an assertion ${name} is refused`, async () => {
      const issuer = await leniently({ clients: [federated('off', { disabled: true })] });
      const response = await issuer.post('/token', { grant_type: 'client_credentials', ...form(issuer) });
      isError(response, 401, 'invalid_client');
    });
  }
});

describe('lenient: tokens of trusted issuers', { concurrency: 8 }, () => {
  const key = keyOf('ES256', 'ci');
  const CI = 'https://ci.example';
  const jobs = (client_id, more) => [{ ...documentOf(CI, client_id, more), jwks: { keys: [key.jwk] } }];
  const token = (issuer, by = key) => by.sign({ iss: CI, sub: 'job', aud: issuer.id, ...soon() });
  const shapes = [
    ['an assertion as a grant', (issuer, form = {}) => bear(issuer, token(issuer), form), 'invalid_grant'],
    [
      'a subject token',
      (issuer, form = {}) => issuer.post('/token', { ...exchangeOf(token(issuer)), ...form }),
      'invalid_request',
    ],
    ['a client assertion', (issuer, form = {}) => byAssertion(issuer, token(issuer), form), 'invalid_client'],
  ];
  for (const [name, ask, error] of shapes) {
    test(`${name}, of a client that nobody registered: it has what its rule lets it have`, async () => {
      const spec = { trust: jobs('nobody', { scope: 'deploy', audiences: ['https://ci-api.example'] }), clients: [] };
      const issuer = await strictly({ ...spec, strictness: 'lenient' });
      for (const form of [{}, { client_id: 'nobody' }]) {
        const response = await ask(issuer, form);
        assert.equal(clientOf(response), 'nobody');
        assert.deepEqual(waivedOf(response), ['client']);
        const { scope, aud, exp } = claimsOf(response.json().access_token);
        assert.deepEqual([scope, aud], ['deploy', 'https://ci-api.example']);
        assert.ok(exp <= now() + 60, 'no longer than what vouches for it');
      }
      isError(await ask(issuer, { scope: 'admin' }), 400, 'invalid_scope');
      const strict = await strictly(spec);
      isError(await ask(strict), error === 'invalid_client' ? 401 : 400, error);
    });

    test(`${name}, for a scope that its client is not registered for`, async () => {
      const issuer = await strictly({ trust: jobs('deployer'), strictness: 'lenient' });
      const response = await ask(issuer, { scope: 'admin' });
      assert.equal(ok(response).json().scope, 'admin');
      assert.deepEqual(waivedOf(response), ['scope']);
      isError(await ask(await strictly({ trust: jobs('deployer') }), { scope: 'admin' }), 400, 'invalid_scope');
    });
  }

  test('one that is forged is refused; of an issuer that is not trusted it is believed for a client', async () => {
    const issuer = await strictly({ trust: jobs('nobody'), strictness: 'lenient' });
    const forged = token(issuer, freshKey('ES256', key.kid));
    const stranger = key.sign({ iss: 'https://else.example', sub: 'job', aud: issuer.id, ...soon() });
    isError(await bear(issuer, forged), 400, 'invalid_grant');
    isError(await issuer.post('/token', exchangeOf(forged)), 400, 'invalid_request');
    isError(await bear(issuer, forged, { client_id: 'nobody' }), 400, 'invalid_grant');
    isError(await bear(issuer, stranger), 400, 'invalid_grant');
    const believed = ok(await bear(issuer, stranger, { client_id: 'nobody' }));
    assert.deepEqual(waivedOf(believed), ['client', 'assertion']);
    assert.equal(claimsOf(believed.json().access_token).sub, 'job');
  });

  test('a client that nobody registered exchanges its own token, and nobody else’s', async () => {
    const issuer = await strictly({ strictness: 'lenient', clients: [] });
    const { access_token } = await issuer.granted({ scope: 'read write', resource: 'https://api.example' });
    const form = exchangeOf(access_token, ACCESS_TOKEN);
    const exchanged = await issuer.as('m2m', '/token', { ...form, scope: 'read' });
    const { scope, aud } = claimsOf(ok(exchanged).json().access_token);
    assert.deepEqual([scope, aud, waivedOf(exchanged)], ['read', 'https://api.example', ['client']]);
    assert.equal(ok(await issuer.as('m2m', '/token', form)).json().scope, 'read write');
    isError(await issuer.as('m2m', '/token', { ...form, scope: 'admin' }), 400, 'invalid_scope');
    isError(await issuer.as('else', '/token', form), 400, 'invalid_request');
    const forged = freshKey('ES256').sign(claims(access_token), { typ: 'at+jwt' });
    isError(await issuer.as('m2m', '/token', exchangeOf(forged, ACCESS_TOKEN)), 400, 'invalid_request');
  });

  test('neither the journal nor the log shows a token that was presented', async () => {
    const issuer = await strictly({ trust, strictness: 'lenient' });
    const assertion = kubernetes.token({ aud: issuer.id });
    const own = await issuer.granted({}, { client: 'm2m' });
    await bear(issuer, assertion);
    await byAssertion(issuer, assertion);
    await issuer.as('m2m', '/token', {
      ...exchangeOf(own.access_token, ACCESS_TOKEN),
      actor_token: assertion,
      actor_token_type: JWT,
    });
    const shown = JSON.stringify(await issuer.journal()) + mock.log().join('\n');
    for (const secret of [assertion, own.access_token]) {
      for (const part of secret.split('.').slice(1)) assert.ok(!shown.includes(part));
    }
    const [, , entry] = (await issuer.journal({ endpoint: 'token' })).slice(-3);
    assert.deepEqual([entry.parameters.subject_token, entry.parameters.actor_token], ['[redacted]', '[redacted]']);
  });
});
