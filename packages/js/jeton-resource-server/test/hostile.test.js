// What the author of a hostile token would try.

import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign } from 'node:crypto';
import { describe, test } from 'node:test';
import { CompactSign, calculateJwkThumbprint } from 'jose';
import { replayOf } from '../src/dpop.js';
import { AUDIENCE, encode, holder, ISSUER, Issuer, keyOf, now, refused, sha256 } from './support.js';

const deep = (levels) => '['.repeat(levels) + ']'.repeat(levels);

describe('members that stand twice', () => {
  // JSON.parse takes the last, here as in jose: nothing is checked by one and used by the other.
  test('in the header: the last counts', async () => {
    const issuer = await Issuer.start();
    const [, payload, signature] = (await issuer.token()).split('.');
    const header = (text) => Buffer.from(text).toString('base64url');
    for (const [text, code] of [
      [`{"alg":"ES256","typ":"at+jwt","kid":"first","alg":"none"}`, 'unsigned'],
      [`{"alg":"none","typ":"at+jwt","kid":"first","alg":"ES256"}`, 'bad_signature'],
      [`{"alg":"ES256","typ":"at+jwt","kid":"first","alg":"HS256"}`, 'wrong_algorithm'],
      [`{"alg":"ES256","typ":"at+jwt","typ":"JWT","kid":"first"}`, 'wrong_type'],
    ]) {
      await refused(issuer.api().verify(`Bearer ${header(text)}.${payload}.${signature}`), code);
    }
  });

  test('in the claims: the last counts, and is checked', async () => {
    const issuer = await Issuer.start();
    const twice = (name, value) =>
      JSON.stringify(issuer.claims()).replace(/\}$/, `,"${name}":${JSON.stringify(value)}}`);
    for (const [name, value, code] of [
      ['aud', 'urn:other', 'wrong_audience'],
      ['iss', 'urn:other', 'wrong_issuer'],
      ['exp', 1, 'expired'],
      ['cnf', { jkt: 'x' }, 'bound_token'],
    ]) {
      const token = await issuer.key.sign(twice(name, value), { typ: 'at+jwt' });
      await refused(issuer.api().verify(`Bearer ${token}`), code);
    }
  });
});

describe('names that every object has', () => {
  const names = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

  test('as claims: they are data', async () => {
    const issuer = await Issuer.start();
    const own = names.map((name) => `"${name}":{"scope":"write","polluted":true,"cnf":{}}`).join();
    const token = await issuer.key.sign(JSON.stringify(issuer.claims()).replace('{', `{${own},`), { typ: 'at+jwt' });
    const claims = await issuer.api().verify(`Bearer ${token}`);
    assert.deepEqual(claims.scope, new Set(['read']));
    assert.equal({}.polluted, undefined);
    assert.equal(claims.polluted, undefined);
    assert.equal(Object.getPrototypeOf(claims), Object.prototype);
    for (const name of names) assert.ok(Object.hasOwn(claims, name), name);
  });

  test('a __proto__ does not stand for claims that are missing', async () => {
    const issuer = await Issuer.start();
    const hidden = JSON.stringify(issuer.claims());
    const token = await issuer.key.sign(`{"__proto__":${hidden}}`, { typ: 'at+jwt' });
    await refused(issuer.api().verify(`Bearer ${token}`), 'wrong_issuer');
    const bound = `{"__proto__":{"jkt":"x"}}`;
    const unbound = await issuer.key.sign(JSON.stringify(issuer.claims()).replace('{', `{"cnf":${bound},`), {
      typ: 'at+jwt',
    });
    await refused(issuer.api().verify(`Bearer ${unbound}`), 'bound_token');
  });

  test('as alg, kid, typ, scope', async () => {
    const issuer = await Issuer.start();
    const [, payload, signature] = (await issuer.token()).split('.');
    for (const name of names) {
      const alg = `${encode({ alg: name, typ: 'at+jwt', kid: 'first' })}.${payload}.${signature}`;
      await refused(issuer.api().verify(`Bearer ${alg}`), 'wrong_algorithm');
      await refused(issuer.api().verify(await issuer.bearer({}, { kid: name })), 'unknown_key');
      await refused(issuer.api().verify(await issuer.bearer({}, { typ: name })), 'wrong_type');
      await refused(issuer.api().verify(await issuer.bearer(), {}, { scope: name }), 'insufficient_scope');
    }
  });
});

describe('what is large or deep', () => {
  test('nested as far as 16 kB go: an answer, and soon', async () => {
    const issuer = await Issuer.start();
    const claims = JSON.stringify(issuer.claims()).replace('{', `{"deep":${deep(5000)},`);
    assert.ok(await issuer.api().verify(`Bearer ${await issuer.key.sign(claims, { typ: 'at+jwt' })}`));
    const header = Buffer.from(`{"alg":"ES256","typ":"at+jwt","x":${deep(5000)}}`).toString('base64url');
    await refused(issuer.api().verify(`Bearer ${header}.e30.AAAA`), 'bad_signature');
    const broken = Buffer.from('['.repeat(6000)).toString('base64url');
    await refused(issuer.api().verify(`Bearer ${broken}.e30.AAAA`), 'malformed');
  });

  test('megabytes of anything: an answer, and soon', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    const megabyte = 1_000_000;
    const begin = Date.now();
    for (const [authorization, code] of [
      [`Bearer ${'='.repeat(megabyte)}`, 'too_large'],
      [`Bearer ${'.'.repeat(megabyte)}`, 'too_large'],
      [`Bearer ${', '.repeat(megabyte)}`, 'invalid_request'],
      [`Bearer${' '.repeat(megabyte)}`, 'malformed'],
      [`Bearer${' '.repeat(megabyte)}x`, 'malformed'],
      [' '.repeat(megabyte), 'missing_token'],
      ['Bearer'.repeat(megabyte), 'missing_token'],
      [`Bearer ${'a'.repeat(16_384)}`, 'malformed'],
      [`Bearer ${'='.repeat(16_384)}`, 'malformed'],
      [`Bearer ${'.'.repeat(16_384)}`, 'malformed'],
      [Array(megabyte).fill('Bearer x'), 'invalid_request'],
    ]) {
      await refused(api.verify(authorization), code);
    }
    assert.ok(Date.now() - begin < 1000, `${Date.now() - begin} ms`);
    assert.equal(issuer.requests.length, 0);
  });

  test('a proof of megabytes is not looked at', async () => {
    const issuer = await Issuer.start();
    const [authorization, request] = await issuer.bound();
    for (const dpop of ['a'.repeat(1_000_000), `${request.dpop}, ${'a'.repeat(1_000_000)}`, [deep(1_000_000)]]) {
      await refused(issuer.api().verify(authorization, { ...request, dpop }), 'invalid_dpop_proof');
    }
  });

  test('times that are no times', async () => {
    const issuer = await Issuer.start();
    for (const [claims, code] of [
      ['"exp":1e999', 'malformed'],
      ['"exp":-1', 'expired'],
      ['"exp":true', 'malformed'],
      ['"exp":[9999999999]', 'malformed'],
      ['"exp":9999999999,"nbf":-1e999', 'malformed'],
      ['"exp":9999999999,"iat":1e300', 'not_yet_valid'],
    ]) {
      const rest = JSON.stringify(issuer.claims({ exp: undefined, iat: undefined }));
      const token = await issuer.key.sign(rest.replace('{', `{${claims},`), { typ: 'at+jwt' });
      await refused(issuer.api().verify(`Bearer ${token}`), code);
    }
  });
});

describe('confusion', () => {
  test('of algorithms: each other one than the key’s', async () => {
    const issuer = await Issuer.start();
    const [, payload, signature] = (await issuer.token()).split('.');
    for (const alg of ['RS256', 'PS256', 'EdDSA', 'Ed25519']) {
      const token = `${encode({ alg, typ: 'at+jwt', kid: 'first' })}.${payload}.${signature}`;
      await refused(issuer.api().verify(`Bearer ${token}`), 'wrong_algorithm');
    }
    assert.equal(issuer.count('/jwks'), 4, 'a kid that is known has nothing fetched');
  });

  test('of HMAC by anything that is public', async () => {
    const issuer = await Issuer.start();
    for (const alg of ['HS256', 'HS384', 'HS512']) {
      for (const secret of [issuer.key.jwk.x, JSON.stringify(issuer.key.jwk), '', ISSUER]) {
        const message = `${encode({ alg, typ: 'at+jwt', kid: 'first' })}.${encode(issuer.claims())}`;
        const signature = createHmac(alg.replace('HS', 'sha'), secret).update(message).digest('base64url');
        await refused(issuer.api().verify(`Bearer ${message}.${signature}`), 'wrong_algorithm');
      }
    }
  });

  test('of serializations', async () => {
    const issuer = await Issuer.start();
    const [protectedHeader, payload, signature] = (await issuer.token()).split('.');
    for (const [text, code] of [
      [JSON.stringify({ protected: protectedHeader, payload, signature }), 'invalid_request'],
      [`${protectedHeader}..${signature}`, 'bad_signature'],
      [`${protectedHeader}.${payload}.${signature}.`, 'malformed'],
      [`${protectedHeader}.${payload}.${signature}.x.y`, 'malformed'],
      [`.${protectedHeader}.${payload}.${signature}`, 'malformed'],
      [`${protectedHeader}.${payload}`, 'malformed'],
      [`${protectedHeader}=.${payload}.${signature}`, 'malformed'],
      [`${protectedHeader}.${payload}.${signature}==`, 'malformed'],
      [`${protectedHeader}.${payload}.${signature}~`, 'malformed'],
    ]) {
      await refused(issuer.api().verify(`Bearer ${text}`), code);
    }
  });

  test('of letters: claims that are no UTF-8', async () => {
    const issuer = await Issuer.start();
    const text = JSON.stringify(issuer.claims({ sub: '\u00ff' }));
    const { privateKey } = issuer.key;
    const token = await new CompactSign(Buffer.from(text, 'latin1'))
      .setProtectedHeader({ alg: 'ES256', typ: 'at+jwt', kid: 'first' })
      .sign(privateKey);
    await refused(issuer.api().verify(`Bearer ${token}`), 'malformed');
  });

  test('of kinds: a proof, an assertion or an ID token is no access token', async () => {
    const issuer = await Issuer.start();
    for (const typ of [
      'dpop+jwt',
      'client-authentication+jwt',
      'oauth-id-jag+jwt',
      'JWT',
      'logout+jwt',
      'at+jwt+x',
      'application/application/at+jwt',
      'x/at+jwt',
      '',
    ]) {
      await refused(issuer.api().verify(await issuer.bearer({}, { typ })), 'wrong_type');
    }
  });

  test('of proofs: an access token of the holder’s making is no proof', async () => {
    const issuer = await Issuer.start();
    await refused(issuer.api().verify(...(await issuer.bound({ header: { typ: 'at+jwt' } }))), 'invalid_dpop_proof');
  });

  test('of keys in proofs: what is secret, remote, or another kind', async () => {
    const issuer = await Issuer.start();
    const own = await holder;
    const { alg, kid, ...jwk } = own.jwk;
    for (const header of [
      { jwk: { ...jwk, kty: 'oct', k: 'AAAA' } },
      { jwk: { ...jwk, d: '' } },
      { jwk: { ...jwk, use: 'enc' } },
      { jwk: { ...jwk, key_ops: ['sign'] } },
      { jwk: { ...jwk, alg: 'ES384' } },
      { jwk: { ...jwk, crv: 'P-384' } },
      { jwk: { ...jwk, y: jwk.x } },
      { jwk: [jwk] },
      { jwk: JSON.stringify(jwk) },
      { jwk: null },
      { jwk: undefined, jku: `${ISSUER}/evil` },
      { jwk: undefined, kid: 'first' },
    ]) {
      await refused(issuer.api().verify(...(await issuer.bound({ header }))), 'invalid_dpop_proof');
    }
    assert.equal(issuer.count('/evil'), 0);
  });

  test('of a key that is tiny: RSA of 1024 bits in a proof', async () => {
    const issuer = await Issuer.start();
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    const jwk = publicKey.export({ format: 'jwk' });
    const token = await issuer.token({ cnf: { jkt: await calculateJwkThumbprint(jwk) } });
    const claims = { htm: 'GET', htu: `${AUDIENCE}/read`, iat: now(), jti: 'x', ath: sha256(token) };
    const message = `${encode({ alg: 'RS256', typ: 'dpop+jwt', jwk })}.${encode(claims)}`;
    const dpop = `${message}.${sign('sha256', Buffer.from(message), privateKey).toString('base64url')}`;
    const request = { method: 'GET', url: `${AUDIENCE}/read`, dpop };
    await refused(issuer.api().verify(`DPoP ${token}`, request), 'invalid_dpop_proof');
  });
});

describe('floods', () => {
  test('of kids, of issuers that do not exist, of types: one request besides', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    const thief = await keyOf('ES256', 'thief');
    const tokens = await Promise.all(
      Array.from({ length: 300 }, (_, at) => thief.sign(issuer.claims(), { typ: 'at+jwt', kid: `${at}` })),
    );
    await Promise.all(tokens.map((token) => refused(api.verify(`Bearer ${token}`), 'unknown_key')));
    assert.ok(issuer.count('/jwks') <= 2, `${issuer.count('/jwks')} requests`);
    assert.ok(await api.verify(await issuer.bearer()));
  });

  test('of proofs: memory has an end, and a good request goes on', async () => {
    let time = 0;
    const replay = replayOf(() => time);
    for (let at = 0; at < 250_000; at += 1) assert.ok(replay.use(`${at}`, 60));
    assert.throws(() => replay.use('new', 60), { code: 'replay_unavailable' });
    for (const used of ['0', '249999']) assert.equal(replay.use(used, 60), false, 'none is forgotten');
    time = 61;
    assert.ok(replay.use('new', 121));
    assert.ok(replay.use('0', 121), 'what is past is forgotten');
  });

  test('of proofs: 503 to whoever comes then', async () => {
    const issuer = await Issuer.start();
    const replay = replayOf(() => now());
    for (let at = 0; at < 250_000; at += 1) replay.use(`${at}`, now() + 60);
    await refused(issuer.api({ replay }).verify(...(await issuer.bound())), 'replay_unavailable');
  });
});
