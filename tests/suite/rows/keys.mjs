import assert from 'node:assert/strict';
import { createECDH, createHash, createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto';
import { test } from 'node:test';
import { calculateJwkThumbprint } from 'jose';
import { isToken, jwks, verifyWithPyJwt } from '../support/check.mjs';
import { clients, ISSUER, OLDER_SECRET, rsaJwk, SECRET } from '../support/fixtures.mjs';
import { clientCredentials, startFor, unless } from '../support/target.mjs';

const EPOCH = 30 * 24 * 60 * 60;

/** The derivation ARCHITECTURE.md describes, written a second time. */
function derived(secret, algorithm, epoch, { serial = 0, counter = 0 } = {}) {
  const u32 = (n) => {
    const b = Buffer.alloc(4);
    b.writeUInt32BE(n);
    return b;
  };
  const u64 = (n) => {
    const b = Buffer.alloc(8);
    b.writeBigUInt64BE(BigInt(n));
    return b;
  };
  const parts = ['jeton/v1', 'signing', algorithm, ISSUER].map(Buffer.from);
  parts.push(u32(serial), u64(epoch), u32(counter));
  const info = Buffer.concat(parts.flatMap((part) => [u64(part.length), part]));
  return Buffer.from(hkdfSync('sha256', secret, '', info, 32));
}

function p256(scalar) {
  const ecdh = createECDH('prime256v1');
  ecdh.setPrivateKey(scalar);
  const point = ecdh.getPublicKey();
  return {
    kty: 'EC',
    crv: 'P-256',
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  };
}

function ed25519(seed) {
  const pkcs8 = Buffer.concat([Buffer.from('302e020100300506032b657004220420', 'hex'), seed]);
  return createPublicKey(createPrivateKey({ key: pkcs8, format: 'der', type: 'pkcs8' })).export({ format: 'jwk' });
}

const epochNow = () => Math.floor(Date.now() / 1000 / EPOCH);
const kids = async (keys) => Promise.all(keys.map((key) => calculateJwkThumbprint(key)));

test('the JWKS holds the keys of the previous, the current and the next epoch', { skip: unless.derived }, async () => {
  const { keys } = await jwks();
  const epoch = epochNow();
  const expected = await kids([-1, 0, 1].map((n) => p256(derived(SECRET, 'ES256', epoch + n))));
  assert.deepEqual(
    keys.map((key) => key.kid),
    expected,
    'derived a second time, by node:crypto',
  );
  for (const key of keys) {
    assert.deepEqual(
      Object.keys(key).sort(),
      ['alg', 'crv', 'kid', 'kty', 'use', 'x', 'y'],
      'RFC 7517: nothing private',
    );
    assert.equal(key.use, 'sig');
    assert.equal(key.alg, 'ES256');
    assert.equal(key.kid, await calculateJwkThumbprint(key), 'RFC 7638');
  }
});

test("tokens are signed by the current epoch's key", { skip: unless.derived }, async () => {
  const { header } = await isToken(await clientCredentials(clients.m2m));
  const [kid] = await kids([p256(derived(SECRET, 'ES256', epochNow()))]);
  assert.equal(header.kid, kid);
});

test('JETON_SECRET: while it changes the first signs and all are published', { skip: unless.keys }, async (t) => {
  const on = await startFor(t, { changes: { JETON_SECRET: `${OLDER_SECRET} ${SECRET}` } });
  const { keys } = await jwks(on);
  assert.equal(keys.length, 6);
  const epoch = epochNow();
  const [older, newer] = await kids([
    p256(derived(OLDER_SECRET, 'ES256', epoch)),
    p256(derived(SECRET, 'ES256', epoch)),
  ]);
  assert.ok(keys.some((key) => key.kid === newer));
  const { header } = await isToken(await clientCredentials(clients.m2m, {}, { on }), {}, on);
  assert.equal(header.kid, older);
});

test('JETON_KEY_SERIAL: raising it retires every derived key', { skip: unless.keys }, async (t) => {
  const on = await startFor(t, { changes: { JETON_KEY_SERIAL: '1' } });
  const { keys } = await jwks(on);
  const epoch = epochNow();
  const expected = await kids([-1, 0, 1].map((n) => p256(derived(SECRET, 'ES256', epoch + n, { serial: 1 }))));
  assert.deepEqual(
    keys.map((key) => key.kid),
    expected,
  );
});

test('JETON_SIGNING_ALGS: ES256, EdDSA and RS256 at once', { skip: unless.keys }, async (t) => {
  const rsa = rsaJwk();
  const algorithm = (alg) => ({ ...clients.m2m, client_id: `m2m-${alg}`, access_token_signed_response_alg: alg });
  const list = [clients.m2m, ...['ES256', 'EdDSA', 'RS256'].map(algorithm)];
  const on = await startFor(t, {
    changes: {
      clients: list,
      JETON_SIGNING_ALGS: 'EdDSA ES256 RS256',
      JETON_SIGNING_JWKS: JSON.stringify({ keys: [rsa] }),
    },
  });
  const { keys } = await jwks(on);
  const epoch = epochNow();
  assert.deepEqual(
    keys.map((key) => key.kid),
    await kids([
      ...[-1, 0, 1].map((n) => ed25519(derived(SECRET, 'EdDSA', epoch + n))),
      ...[-1, 0, 1].map((n) => p256(derived(SECRET, 'ES256', epoch + n))),
      { kty: 'RSA', n: rsa.n, e: rsa.e },
    ]),
  );
  assert.ok(!JSON.stringify(keys).includes(rsa.d), 'nothing private');
  for (const [client, alg] of list.map((client) => [client, client.access_token_signed_response_alg ?? 'EdDSA'])) {
    const response = await clientCredentials(client, {}, { on });
    const { header } = await isToken(response, {}, on);
    assert.equal(header.alg, alg);
    const claims = await verifyWithPyJwt(response.json().access_token, 'https://api.example', on);
    assert.equal(claims.sub, client.client_id);
  }
});

test('JETON_SIGNING_JWKS: own keys replace derived ones', { skip: unless.keys }, async (t) => {
  const scalar = createHash('sha256').update('own key').digest();
  const own = { ...p256(scalar), d: scalar.toString('base64url') };
  const on = await startFor(t, { changes: { JETON_SIGNING_JWKS: JSON.stringify({ keys: [own] }) } });
  const { keys } = await jwks(on);
  assert.deepEqual(
    keys.map((key) => key.kid),
    await kids([own]),
  );
  await isToken(await clientCredentials(clients.m2m, {}, { on }), {}, on);
});

test('JETON_SIGNING_JWKS: a key keeps the kid that it has', { skip: unless.keys }, async (t) => {
  const [first, next] = [{ ...rsaJwk(), kid: '2026-11' }, rsaJwk()];
  const on = await startFor(t, {
    changes: { JETON_SIGNING_ALGS: 'RS256', JETON_SIGNING_JWKS: JSON.stringify({ keys: [first, next] }) },
  });
  const { keys } = await jwks(on);
  assert.deepEqual(
    keys.map((key) => key.kid),
    ['2026-11', await calculateJwkThumbprint(next)],
  );
  const { header } = await isToken(await clientCredentials(clients.m2m, {}, { on }), {}, on);
  assert.equal(header.kid, '2026-11');
});
