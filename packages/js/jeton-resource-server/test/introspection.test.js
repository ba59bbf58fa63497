// Tokens that are no JWTs: RFC 7662.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clientSecret, introspection, privateKeyJwt } from 'jeton-resource-server/introspection';
import { decodeJwt, decodeProtectedHeader, jwtVerify } from 'jose';
import { AUDIENCE, holder, ISSUER, Issuer, keyOf, now, refused } from './support.js';

const bySecret = introspection({ client_id: 'a:pi', authentication: clientSecret('s%ecret é') });

async function start(options = {}) {
  const issuer = await Issuer.start();
  const api = issuer.api({ introspection: bySecret, ...options });
  const says = (token, changes) => issuer.introspected.set(token, { active: true, ...issuer.claims(changes) });
  says('opaque');
  const verify = (token = 'opaque') => api.verify(`Bearer ${token}`);
  return { issuer, api, says, verify, asked: () => issuer.requests.filter(({ path }) => path === '/introspect') };
}

describe('introspection', () => {
  test('an active token: its claims, asked for by a secret', async () => {
    const { issuer, verify, asked } = await start();
    const claims = await verify();
    assert.deepEqual([claims.sub, claims.aud, claims.scope], ['alice', [AUDIENCE], new Set(['read'])]);
    const [{ method, headers, form }] = asked();
    assert.equal(method, 'POST');
    assert.deepEqual(Object.fromEntries(form), { token: 'opaque', token_type_hint: 'access_token' });
    // RFC 6749 §2.3.1: form-encoded before it is Basic.
    const credentials = 'a%3Api:s%25ecret+%C3%A9';
    assert.equal(headers.get('authorization'), `Basic ${Buffer.from(credentials).toString('base64')}`);
    assert.equal(issuer.count('/jwks'), 0);
  });

  test('the secret goes in the form where the issuer takes no Basic', async () => {
    for (const [methods, isForm] of [
      [['client_secret_post', 'private_key_jwt'], true],
      [['client_secret_post', 'client_secret_basic'], false],
      [['private_key_jwt'], false],
      ['client_secret_post', true],
    ]) {
      const { issuer, verify, asked } = await start();
      issuer.metadata.introspection_endpoint_auth_methods_supported = methods;
      await verify();
      const [{ headers, form }] = asked();
      assert.equal(headers.has('authorization'), !isForm);
      assert.equal(form.get('client_secret'), isForm ? 's%ecret é' : null);
      assert.equal(form.get('client_id'), isForm ? 'a:pi' : null);
    }
  });

  test('by a key: RFC 10070’s assertion, another each time', async () => {
    for (const [alg, change, written] of [
      ['ES256', {}, 'ES256'],
      ['ES256', { alg: undefined }, 'ES256'],
      ['ES384', { alg: undefined }, 'ES384'],
      ['EdDSA', { alg: undefined }, 'EdDSA'],
      ['RS256', { alg: undefined }, 'RS256'],
      ['PS256', {}, 'PS256'],
    ]) {
      const key = await keyOf(alg, 'mine');
      const authentication = privateKeyJwt({ ...key.private, ...change });
      const { verify, says, asked } = await start({
        introspection: introspection({ client_id: 'api', authentication }),
      });
      says('other');
      await verify();
      await verify('other');
      const [first, second] = asked().map(({ form }) => form.get('client_assertion'));
      const { payload, protectedHeader } = await jwtVerify(first, key.jwk, { requiredClaims: ['iat', 'jti'] });
      assert.deepEqual(protectedHeader, { alg: written, kid: 'mine', typ: 'client-authentication+jwt' });
      assert.deepEqual([payload.iss, payload.sub, payload.aud], ['api', 'api', ISSUER]);
      assert.equal(payload.exp - payload.iat, 60);
      assert.notEqual(payload.jti, decodeJwt(second).jti);
      assert.equal(decodeProtectedHeader(second).alg, written);
      assert.equal(
        asked()[0].form.get('client_assertion_type'),
        'urn:ietf:params:oauth:client-assertion-type:jwt-bearer',
      );
    }
  });

  const rows = {
    'not active': [{ active: false }, 'inactive'],
    'iss another': [{ iss: 'https://other.example' }, 'wrong_issuer'],
    'no iss': [{ iss: undefined }, true],
    'aud another': [{ aud: 'https://other.example' }, 'wrong_audience'],
    'no aud': [{ aud: undefined }, 'wrong_audience'],
    'exp past': [{ exp: 1 }, 'expired'],
    'no exp': [{ exp: undefined }, true],
    'nbf ahead': [{ nbf: 9_999_999_999 }, 'not_yet_valid'],
    'a refresh token': [{ token_type: 'refresh_token' }, 'wrong_type'],
    'an ID token': [{ token_type: 'N_A' }, 'wrong_type'],
    'token_type no text': [{ token_type: 1 }, 'wrong_type'],
    'token_type bearer': [{ token_type: 'bearer' }, true],
    'token_type DPoP': [{ token_type: 'DPoP' }, true],
    'exp a text': [{ exp: '9999999999' }, 'introspection_unavailable'],
    'aud an object': [{ aud: { a: 1 } }, 'introspection_unavailable'],
    'bound, as Bearer': [{ cnf: { jkt: 'x' } }, 'bound_token'],
  };
  for (const [name, [changes, expected]] of Object.entries(rows)) {
    test(`${name}: ${expected === true ? 'taken' : expected}`, async () => {
      const { verify, says } = await start();
      says('opaque', changes);
      if (expected === true) assert.equal((await verify()).sub, 'alice');
      else await refused(verify(), expected);
    });
  }

  test('bound, with its proof: taken', async () => {
    const { issuer, api, says } = await start();
    says('opaque', { cnf: { jkt: (await holder).jkt } });
    assert.equal((await api.verify(...(await issuer.bound({ token: 'opaque' })))).sub, 'alice');
  });

  test('an answer counts for half a minute', async () => {
    const { issuer, verify, asked } = await start();
    for (const [offset, count] of [
      [0, 1],
      [29, 1],
      [31, 2],
    ]) {
      issuer.offset = offset;
      await verify();
      assert.equal(asked().length, count, `after ${offset} s`);
    }
  });

  test('what is changed of the claims is not what the next one gets', async () => {
    const { verify, says } = await start();
    says('opaque', { aud: [AUDIENCE], tenant: { name: 'blue' } });
    const claims = await verify();
    claims.aud.length = 0;
    claims.tenant.name = 'red';
    assert.deepEqual((await verify()).tenant, { name: 'blue' });
  });

  test('and never past its exp', async () => {
    const { issuer, verify, says } = await start();
    says('opaque', { exp: now() + 5 });
    await verify();
    issuer.offset = 20;
    await refused(verify(), 'expired');
  });

  test('that it is not active counts for ten seconds', async () => {
    const { issuer, verify, says, asked } = await start();
    for (const [offset, count] of [
      [0, 1],
      [9, 1],
      [11, 2],
    ]) {
      issuer.offset = offset;
      await refused(verify('other'), 'inactive');
      assert.equal(asked().length, count, `after ${offset} s`);
    }
    says('other');
    issuer.offset = 22;
    await verify('other');
  });

  test('a hundred with one token: one request', async () => {
    const { verify, asked } = await start();
    await Promise.all(Array.from({ length: 100 }, () => verify()));
    assert.equal(asked().length, 1);
  });

  test('10,000 answers are kept, and the oldest goes', async () => {
    const { verify, asked } = await start();
    await verify();
    for (let at = 0; at < 9_999; at += 1) await refusedQuietly(verify(`token-${at}`));
    await verify();
    assert.equal(asked().length, 10_000);
    await refusedQuietly(verify('one-more'));
    await verify();
    assert.equal(asked().length, 10_002);
  });

  test('a JWT is not asked about', async () => {
    const { issuer, api, asked } = await start();
    await api.verify(await issuer.bearer());
    assert.equal(asked().length, 0);
  });

  const away = {
    'an answer of 500': ['server', () => new Response('no', { status: 500 })],
    'our credentials are refused': ['server', () => Response.json({ error: 'invalid_client' }, { status: 401 })],
    'a page': ['server', () => new Response('<html>')],
    'neither active nor not': ['server', () => Response.json({ sub: 'alice' })],
    'active as a text': ['server', () => Response.json({ active: 'true', aud: AUDIENCE })],
    'over 256 kB': ['server', () => Response.json({ active: true, padding: 'x'.repeat(256 * 1024) })],
    'no answer': ['network', () => Promise.reject(new TypeError('fetch failed'))],
  };
  for (const [name, [fault, answer]] of Object.entries(away)) {
    test(`${name}: introspection_unavailable, and asked again the next time`, async () => {
      const { issuer, verify } = await start();
      issuer.next['/introspect'] = [() => new Promise((resolve) => setTimeout(resolve, 50)).then(answer)];
      const results = await Promise.allSettled([verify(), verify()]);
      for (const { reason } of results) {
        const error = await refused(Promise.reject(reason), 'introspection_unavailable');
        assert.equal(error.fault, fault);
        assert.ok(!JSON.stringify(error).includes('opaque'));
      }
      // Where nobody answers it is a second later.
      if (fault === 'network') issuer.offset = 2;
      assert.equal((await verify()).sub, 'alice');
    });
  }

  test('a key that is none: the caller’s fault, and nothing of the key', async () => {
    for (const key of [
      { kty: 'EC', d: 'hush' },
      { kty: 'EC', crv: 'P-256', x: 'hush', y: 'hush', d: 'hush' },
    ]) {
      const asking = introspection({ client_id: 'api', authentication: privateKeyJwt(key) });
      const { verify } = await start({ introspection: asking });
      const error = await refused(verify(), 'introspection_unavailable');
      assert.equal(error.fault, 'caller');
      assert.match(error.message, /its authentication threw \w+$/);
      assert.doesNotMatch(error.stack, /hush/);
    }
  });

  test('how long to wait is passed on', async () => {
    const { issuer, verify } = await start();
    issuer.next['/introspect'] = [() => new Response(null, { status: 429, headers: { 'retry-after': '7' } })];
    assert.equal((await refused(verify(), 'introspection_unavailable')).retryAfter, 7);
  });

  test('an issuer that wants patience, or does not answer, is left alone, for half a minute at most', async () => {
    const later = (seconds) => () => new Response(null, { status: 503, headers: { 'retry-after': seconds } });
    for (const [answer, left, again] of [
      [later('7'), 6, 8],
      [later('900'), 29, 31],
      [() => Promise.reject(new TypeError('fetch failed')), 0.5, 1.5],
    ]) {
      const { issuer, verify, asked } = await start();
      issuer.next['/introspect'] = [answer];
      await refused(verify(), 'introspection_unavailable');
      issuer.offset = left;
      for (const token of ['opaque', 'other']) await refused(verify(token), 'introspection_unavailable');
      assert.equal(asked().length, 1);
      issuer.offset = again;
      assert.equal((await verify()).sub, 'alice');
    }
  });

  test('an issuer without introspection: introspection_unavailable', async () => {
    const { issuer, verify } = await start();
    delete issuer.metadata.introspection_endpoint;
    await refused(verify(), 'introspection_unavailable');
  });

  test('an endpoint that is not https is not asked', async () => {
    const { issuer, verify, asked } = await start();
    issuer.metadata.introspection_endpoint = 'http://tokens.example/introspect';
    await refused(verify(), 'introspection_unavailable');
    assert.equal(asked().length, 0);
  });
});

const refusedQuietly = (verification) =>
  verification.then(
    () => assert.fail('taken'),
    ({ code }) => assert.equal(code, 'inactive'),
  );
