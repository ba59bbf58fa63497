// Tokens that are signed: RFC 9068 §4, and what RFC 8725 warns of.

import assert from 'node:assert/strict';
import { createHmac, createPublicKey, generateKeyPairSync, sign } from 'node:crypto';
import { describe, test } from 'node:test';
import { AUDIENCE, encode, ISSUER, Issuer, keyOf, now, refused } from './support.js';

/** Rows of `[claims, header, options]` and the code that they are refused with; `true`: taken. */
const ROWS = {
  'typ at+jwt': [{}, {}, {}, true],
  'typ application/at+jwt': [{}, { typ: 'application/at+jwt' }, {}, true],
  'typ in capitals': [{}, { typ: 'AT+JWT' }, {}, true],
  'typ JWT': [{}, { typ: 'JWT' }, {}, 'wrong_type'],
  'no typ': [{}, { typ: undefined }, {}, 'wrong_type'],
  'typ of a proof': [{}, { typ: 'dpop+jwt' }, {}, 'wrong_type'],
  'typ no text': [{}, { typ: ['at+jwt'] }, {}, 'wrong_type'],
  'kid no text': [{}, { kid: 1 }, {}, 'malformed'],
  'kid null': [{}, { kid: null }, {}, 'malformed'],
  crit: [{}, { crit: ['of-nobody'], 'of-nobody': 1 }, {}, 'malformed'],
  'crit that jose knows': [{}, { crit: ['b64'], b64: true }, {}, 'malformed'],
  'unknown kid': [{}, { kid: 'of-nobody' }, {}, 'unknown_key'],

  'iss another': [{ iss: 'https://other.example' }, {}, {}, 'wrong_issuer'],
  'iss with a slash': [{ iss: `${ISSUER}/` }, {}, {}, 'wrong_issuer'],
  'no iss': [{ iss: undefined }, {}, {}, 'wrong_issuer'],
  'iss no text': [{ iss: [ISSUER] }, {}, {}, 'malformed'],
  'aud another': [{ aud: 'https://other.example' }, {}, {}, 'wrong_audience'],
  'aud ours with more': [{ aud: `${AUDIENCE}/more` }, {}, {}, 'wrong_audience'],
  'no aud': [{ aud: undefined }, {}, {}, 'wrong_audience'],
  'aud empty': [{ aud: [] }, {}, {}, 'wrong_audience'],
  'aud a number': [{ aud: 1 }, {}, {}, 'malformed'],
  'aud ours among others': [{ aud: ['https://other.example', AUDIENCE] }, {}, {}, true],
  'aud one of our names': [{ aud: 'urn:api' }, {}, { audience: [AUDIENCE, 'urn:api'] }, true],

  'exp within the leeway': [() => ({ exp: now() - 5 }), {}, {}, true],
  'exp past': [() => ({ exp: now() - 60 }), {}, {}, 'expired', /expired: (60|61) s ago/],
  'exp past, without leeway': [() => ({ exp: now() - 5 }), {}, { leeway: 0 }, 'expired'],
  'exp past, with more leeway': [() => ({ exp: now() - 60 }), {}, { leeway: 90 }, true],
  'no exp': [{ exp: undefined }, {}, {}, 'malformed', /exp is missing/],
  'exp a text': [{ exp: '9999999999' }, {}, {}, 'malformed'],
  'exp null': [{ exp: null }, {}, {}, 'malformed'],
  'nbf within the leeway': [() => ({ nbf: now() + 5 }), {}, {}, true],
  'nbf ahead': [() => ({ nbf: now() + 3600 }), {}, {}, 'not_yet_valid', /by (3600|3599) s: is a clock off\?/],
  'iat ahead': [() => ({ iat: now() + 60 }), {}, {}, 'not_yet_valid'],

  'scope no text': [{ scope: ['read'] }, {}, {}, 'malformed'],
  'sub no text': [{ sub: 1 }, {}, {}, 'malformed'],
  'client_id no text': [{ client_id: {} }, {}, {}, 'malformed'],
  'auth_time a text': [{ auth_time: '1' }, {}, {}, 'malformed'],
  'acr no text': [{ acr: 1 }, {}, {}, 'malformed'],
};

describe('JWT', () => {
  for (const [name, [changes, header, options, expected, message]] of Object.entries(ROWS)) {
    test(`${name}: ${expected === true ? 'taken' : expected}`, async () => {
      const issuer = await Issuer.start();
      const authorization = await issuer.bearer(typeof changes === 'function' ? changes() : changes, header);
      const verification = issuer.api(options).verify(authorization);
      if (expected === true) assert.equal((await verification).sub, 'alice');
      else assert.match((await refused(verification, expected)).message, message ?? /./);
    });
  }

  test('its claims', async () => {
    const issuer = await Issuer.start();
    const claims = issuer.claims({ scope: 'read  write', auth_time: 17, acr: 'gold', tenant: { name: 'blue' } });
    const token = await issuer.key.sign(claims, { typ: 'at+jwt' });
    const found = await issuer.api().verify(`Bearer ${token}`);
    assert.deepEqual(found, { ...claims, aud: [AUDIENCE], scope: new Set(['read', 'write']) });
  });

  test('without a scope it has none', async () => {
    const issuer = await Issuer.start();
    assert.deepEqual((await issuer.api().verify(await issuer.bearer({ scope: undefined }))).scope, new Set());
  });
});

describe('Authorization', () => {
  const rows = {
    missing_token: [
      undefined,
      null,
      '',
      ' ',
      [],
      'Basic dXNlcjpwYXNz',
      'Bearerx',
      'Digest a="b", c="d"',
      'eyJ.eyJ.AAA',
    ],
    invalid_request: [
      ['Bearer a.b.c', 'Bearer a.b.c'],
      ['Basic dXNlcjpwYXNz', 'Bearer a.b.c'],
      'Bearer a.b.c, Bearer a.b.c',
      'Bearer a.b.c,Basic dXNlcjpwYXNz',
    ],
    malformed: [
      'Bearer',
      'Bearer ',
      'DPoP',
      'Bearer a b',
      'Bearer "a"',
      'Bearer opaque',
      'Bearer a.b',
      'Bearer a.b.c.d.e',
      'Bearer é',
    ],
    too_large: [`Bearer ${'a'.repeat(16_385)}`, `Bearer a.b.${'c'.repeat(1_000_000)}`],
  };
  for (const [code, headers] of Object.entries(rows)) {
    for (const authorization of headers) {
      test(`${JSON.stringify(authorization)?.slice(0, 60)}: ${code}`, async () => {
        const issuer = await Issuer.start();
        await refused(issuer.api().verify(authorization), code);
        assert.equal(issuer.requests.length, 0);
      });
    }
  }

  test('the scheme in any case, with more spaces', async () => {
    const issuer = await Issuer.start();
    const token = await issuer.token();
    for (const scheme of ['bearer', 'BEARER ', ' Bearer']) {
      assert.equal((await issuer.api().verify(`${scheme} ${token}`)).sub, 'alice');
    }
  });
});

/** A token of a second key, as it is published. */
async function byKey(alg, change = {}, { options, header, ...about } = {}) {
  const issuer = await Issuer.start();
  const key = await keyOf(alg, 'second', about);
  issuer.keys = [issuer.key.jwk, { ...key.jwk, ...change }];
  issuer.key = key;
  return issuer.api(options).verify(await issuer.bearer({}, header));
}

describe('algorithms and keys', () => {
  for (const alg of ['ES256', 'EdDSA', 'Ed25519', 'RS256', 'PS256']) {
    test(`${alg}: taken`, async () => assert.equal((await byKey(alg)).sub, 'alice'));
  }
  test('EdDSA and Ed25519 are one algorithm, whichever the key says: taken', async () => {
    assert.equal((await byKey('Ed25519', { alg: 'EdDSA' })).sub, 'alice');
    assert.equal((await byKey('EdDSA', { alg: 'Ed25519' })).sub, 'alice');
  });
  test('another than those: wrong_algorithm', async () => refused(byKey('ES384'), 'wrong_algorithm'));
  test('another that is listed: taken', async () => {
    assert.equal((await byKey('ES384', {}, { options: { algorithms: ['ES384'] } })).sub, 'alice');
  });
  test('one that is not listed: wrong_algorithm', async () => {
    await refused(byKey('ES256', {}, { options: { algorithms: ['RS256'] } }), 'wrong_algorithm');
  });

  const changes = {
    'alg of the key is another': [{ alg: 'PS256' }, 'wrong_algorithm'],
    'use of the key is enc': [{ use: 'enc' }, 'wrong_algorithm'],
    'key_ops of the key are others': [{ key_ops: ['encrypt'] }, 'unknown_key'],
    'kty of the key is another': [{ kty: 'EC' }, 'wrong_algorithm'],
    'the key is private': [{ d: 'AAAA' }, 'unknown_key'],
  };
  for (const [name, [change, code]] of Object.entries(changes)) {
    test(`${name}: ${code}`, async () => refused(byKey('RS256', change), code));
  }
  test('the curve of the key is another: unknown_key', async () => {
    await refused(byKey('ES256', { crv: 'P-384' }), 'unknown_key');
  });
  test('a key that says nothing of its use: taken', async () => {
    assert.equal((await byKey('RS256', { alg: undefined })).sub, 'alice');
    assert.equal((await byKey('RS256', { alg: undefined, use: 'sig', key_ops: ['verify'] })).sub, 'alice');
  });

  test('an RSA key of 1024 bits: unknown_key', async () => {
    const issuer = await Issuer.start();
    const { privateKey, publicKey } = generateKeyPairSync('rsa', { modulusLength: 1024 });
    issuer.keys = [{ ...publicKey.export({ format: 'jwk' }), kid: 'small' }];
    const message = `${encode({ alg: 'RS256', typ: 'at+jwt', kid: 'small' })}.${encode(issuer.claims())}`;
    const signature = sign('sha256', Buffer.from(message), privateKey).toString('base64url');
    await refused(issuer.api().verify(`Bearer ${message}.${signature}`), 'unknown_key');
  });

  test('without kid, four keys of its algorithm are tried', async () => {
    const issuer = await Issuer.start();
    const others = await Promise.all(['a', 'b', 'c', 'd'].map((kid) => keyOf('ES256', kid)));
    const rsa = await keyOf('RS256', 'rsa');
    const token = await issuer.bearer({}, { kid: undefined });
    const jwks = others.map(({ jwk }) => jwk);
    issuer.keys = [rsa.jwk, ...jwks.slice(1), issuer.key.jwk];
    assert.equal((await issuer.api().verify(token)).sub, 'alice');
    issuer.keys = [...jwks, issuer.key.jwk];
    await refused(issuer.api().verify(token), 'bad_signature');
  });

  test('two keys of one kid', async () => {
    const issuer = await Issuer.start();
    issuer.keys = [(await keyOf('ES256', issuer.key.kid)).jwk, issuer.key.jwk];
    assert.equal((await issuer.api().verify(await issuer.bearer())).sub, 'alice');
  });
});

describe('signatures', () => {
  const changes = {
    'alg none': ([, payload], { key }) => [
      `${encode({ alg: 'none', typ: 'at+jwt', kid: key.kid })}.${payload}.`,
      'unsigned',
    ],
    'alg NONE': ([, payload, signature]) => [
      `${encode({ alg: 'NONE', typ: 'at+jwt' })}.${payload}.${signature}`,
      'unsigned',
    ],
    'no alg': ([, payload, signature]) => [`${encode({ typ: 'at+jwt' })}.${payload}.${signature}`, 'wrong_algorithm'],
    'alg a list': ([, payload, signature]) => [
      `${encode({ alg: ['ES256'], typ: 'at+jwt' })}.${payload}.${signature}`,
      'wrong_algorithm',
    ],
    'an empty signature': ([header, payload]) => [`${header}.${payload}.`, 'bad_signature'],
    'a signature that was cut': ([header, payload, signature]) => [
      `${header}.${payload}.${signature.slice(0, -8)}`,
      'bad_signature',
    ],
    'a signature of zeros': ([header, payload]) => [`${header}.${payload}.${'A'.repeat(86)}`, 'bad_signature'],
    'claims that were changed': ([header, , signature], issuer) => [
      `${header}.${encode(issuer.claims({ sub: 'mallory' }))}.${signature}`,
      'bad_signature',
    ],
    'a header that is no JSON': ([, payload, signature]) => [`AAAA.${payload}.${signature}`, 'malformed'],
    'a header that is a list': ([, payload, signature]) => [`${encode([])}.${payload}.${signature}`, 'malformed'],
    'no header': ([, payload, signature]) => [`.${payload}.${signature}`, 'malformed'],
    'a signature that is no base64url': ([header, payload]) => [`${header}.${payload}.~~~~`, 'malformed'],
  };
  for (const [name, change] of Object.entries(changes)) {
    test(name, async () => {
      const issuer = await Issuer.start();
      const [token, code] = change((await issuer.token()).split('.'), issuer);
      await refused(issuer.api().verify(`Bearer ${token}`), code);
    });
  }

  test('another key of the same kid: bad_signature', async () => {
    const issuer = await Issuer.start();
    issuer.key = await keyOf('ES256', issuer.key.kid);
    await refused(issuer.api().verify(await issuer.bearer()), 'bad_signature');
  });

  test('what is signed is no object: malformed', async () => {
    const issuer = await Issuer.start();
    for (const payload of ['["alice"]', '"alice"', 'null', 'alice', '', '1']) {
      const token = await issuer.key.sign(payload, { typ: 'at+jwt' });
      await refused(issuer.api().verify(`Bearer ${token}`), 'malformed');
    }
  });

  test('HS256 by the public key: wrong_algorithm', async () => {
    const issuer = await Issuer.start();
    const { jwk } = await keyOf('RS256', 'public');
    issuer.keys = [jwk];
    const message = `${encode({ alg: 'HS256', typ: 'at+jwt', kid: 'public' })}.${encode(issuer.claims())}`;
    const pem = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'spki', format: 'pem' });
    const signature = createHmac('sha256', pem).update(message).digest('base64url');
    await refused(issuer.api().verify(`Bearer ${message}.${signature}`), 'wrong_algorithm');
  });

  test('keys in the header count for nothing', async () => {
    const issuer = await Issuer.start();
    const thief = await keyOf('ES256', 'thief');
    issuer.key = thief;
    for (const header of [
      { jwk: thief.jwk },
      { jku: `${ISSUER}/evil` },
      { x5u: `${ISSUER}/evil` },
      { x5c: ['AAAA'] },
    ]) {
      await refused(issuer.api().verify(await issuer.bearer({}, header)), 'unknown_key');
      await refused(issuer.api().verify(await issuer.bearer({}, { ...header, kid: undefined })), 'bad_signature');
    }
    assert.equal(issuer.count('/evil'), 0);
  });
});
