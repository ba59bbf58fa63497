// The keys of the issuer: fetched when they must be, kept when they cannot be.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { ISSUER, Issuer, keyOf, refused, until } from './support.js';

const later = { exp: 9_999_999_999 };

/** The issuer signs with another key from now on. */
async function rotate(issuer) {
  issuer.key = await keyOf('ES256');
  issuer.keys = [issuer.key.jwk];
}

/** An answer that comes when it is let. */
function held(answer) {
  let release;
  const promise = new Promise((resolve) => {
    release = () => resolve(answer());
  });
  return { promise: () => promise, release };
}

const unavailable = {
  'an answer of 500': () => new Response('no', { status: 500 }),
  'a page': () => new Response('<html>'),
  'a list': () => Response.json([]),
  'no keys': () => Response.json({}),
  'keys that are a text': () => Response.json({ keys: 'abc' }),
  'an empty set': () => Response.json({ keys: [] }),
  'private keys alone': () => Response.json({ keys: [{ kty: 'EC', d: 'AA' }] }),
  'secret keys alone': () => Response.json({ keys: [{ kty: 'oct', k: 'AA' }] }),
  'over a hundred keys': () => Response.json({ keys: Array(101).fill({ kty: 'EC' }) }),
  'over 256 kB': () => Response.json({ keys: [{ kty: 'EC' }], padding: 'x'.repeat(256 * 1024) }),
  'a redirect': () => new Response(null, { status: 302, headers: { location: `${ISSUER}/elsewhere` } }),
  'no answer': () => Promise.reject(new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED' } })),
  'no time': () => Promise.reject(new DOMException('timed out', 'TimeoutError')),
};

describe('keys', () => {
  test('are fetched once, by discovery', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    for (let time = 0; time < 3; time += 1) await api.verify(await issuer.bearer());
    assert.deepEqual(
      issuer.requests.map(({ path }) => path),
      ['/.well-known/oauth-authorization-server', '/jwks'],
    );
  });

  test('by OpenID Connect Discovery, where RFC 8414 is not there', async () => {
    for (const answer of [new Response(null, { status: 404 }), new Response('<html>')]) {
      const issuer = await Issuer.start();
      issuer.always['/.well-known/oauth-authorization-server'] = answer;
      issuer.always['/.well-known/openid-configuration'] = Response.json(issuer.metadata);
      assert.ok(await issuer.api().verify(await issuer.bearer()));
    }
  });

  test('the places of an issuer with a path', async () => {
    const issuer = await Issuer.start();
    const place = `${ISSUER}/tenant/`;
    await refused(issuer.api({ issuer: place }).verify(await issuer.bearer()), 'keys_unavailable');
    assert.deepEqual(
      issuer.requests.map(({ path }) => path),
      ['/.well-known/oauth-authorization-server/tenant', '/tenant/.well-known/openid-configuration'],
    );
  });

  test('a thousand at once, cold: one request', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    const token = await issuer.bearer();
    await Promise.all(Array.from({ length: 1000 }, () => api.verify(token)));
    assert.equal(issuer.requests.length, 2);
  });

  test('given: by URI, by metadata, or pasted', async () => {
    const issuer = await Issuer.start();
    const options = [
      [{ jwks_uri: `${ISSUER}/jwks` }, ['/jwks']],
      [{ metadata: issuer.metadata }, ['/jwks']],
      [{ jwks: { keys: issuer.keys } }, []],
    ];
    for (const [option, paths] of options) {
      issuer.requests = [];
      const api = issuer.api(option);
      assert.ok(await api.verify(await issuer.bearer()));
      assert.deepEqual(
        issuer.requests.map(({ path }) => path),
        paths,
      );
    }
    const pasted = issuer.api({ jwks: { keys: issuer.keys } });
    await refused(pasted.verify(await issuer.bearer({}, { kid: 'other' })), 'unknown_key');
    assert.ok(!Object.isFrozen(issuer.keys[0]), 'what was pasted is as it was');
  });

  test('ten minutes old: one renews them, the others use the old', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    const token = await issuer.bearer(later);
    await api.verify(token);
    issuer.offset = 590;
    await api.verify(token);
    assert.equal(issuer.count('/jwks'), 1);
    issuer.offset = 610;
    const { promise, release } = held(() => Response.json({ keys: issuer.keys }));
    issuer.next['/jwks'] = [promise];
    let isRenewed = false;
    const renewing = api.verify(token).then(() => {
      isRenewed = true;
    });
    await Promise.all(Array.from({ length: 50 }, () => api.verify(token)));
    assert.equal(isRenewed, false);
    release();
    await renewing;
    assert.equal(issuer.count('/jwks'), 2);
  });

  test('a renewal that hangs holds up one, and that for a second', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    const token = await issuer.bearer(later);
    await api.verify(token);
    issuer.offset = 610;
    issuer.always['/jwks'] = () => new Promise(() => {});
    const begin = Date.now();
    await api.verify(token);
    assert.ok(Date.now() - begin < 2000);
    for (const [offset, count] of [
      [610, 2],
      [616, 2],
      [621, 3],
    ]) {
      issuer.offset = offset;
      await api.verify(token);
      assert.equal(issuer.count('/jwks'), count, `at ${offset} s`);
    }
  });

  for (const [name, answer] of Object.entries(unavailable)) {
    test(`${name}: the old ones stay`, async () => {
      const issuer = await Issuer.start();
      const api = issuer.api();
      const token = await issuer.bearer(later);
      await api.verify(token);
      issuer.offset = 700;
      issuer.always['/jwks'] = answer;
      assert.ok(await api.verify(token));
      assert.ok(await api.verify(token));
      assert.equal(issuer.count('/jwks'), 2, 'asked again at once');
      issuer.offset = 720;
      assert.ok(await api.verify(token));
      assert.equal(issuer.count('/jwks'), 3, 'not asked again');
    });

    test(`${name}, and none before: keys_unavailable`, async () => {
      const issuer = await Issuer.start();
      const api = issuer.api();
      issuer.always['/jwks'] = answer;
      const error = await refused(api.verify(await issuer.bearer()), 'keys_unavailable');
      assert.equal(error.fault, ['no answer', 'no time'].includes(name) ? 'network' : 'server');
      assert.equal(error.retryAfter, 1);
      await refused(api.verify(await issuer.bearer()), 'keys_unavailable');
      assert.equal(issuer.count('/jwks'), 1, 'asked again at once');
      delete issuer.always['/jwks'];
      issuer.offset = 2;
      assert.ok(await api.verify(await issuer.bearer()));
    });
  }

  test('metadata that is of another issuer, or has no or no safe jwks_uri: keys_unavailable', async () => {
    for (const change of [{ issuer: `${ISSUER}/` }, { jwks_uri: undefined }, { jwks_uri: 'http://keys.example' }]) {
      const issuer = await Issuer.start();
      Object.assign(issuer.metadata, change);
      const error = await refused(issuer.api().verify(await issuer.bearer()), 'keys_unavailable');
      assert.equal(error.fault, 'server');
    }
  });

  test('an issuer that asks for patience is not asked before', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    issuer.always['/jwks'] = () => new Response(null, { status: 429, headers: { 'retry-after': '30' } });
    assert.equal((await refused(api.verify(await issuer.bearer()), 'keys_unavailable')).retryAfter, 30);
    delete issuer.always['/jwks'];
    issuer.offset = 29;
    await refused(api.verify(await issuer.bearer()), 'keys_unavailable');
    issuer.offset = 31;
    assert.ok(await api.verify(await issuer.bearer()));
  });

  test('an unknown kid: they are fetched, and once for all who wait', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    await api.verify(await issuer.bearer());
    await rotate(issuer);
    const { promise, release } = held(() => Response.json({ keys: issuer.keys }));
    issuer.next['/jwks'] = [promise];
    const token = await issuer.bearer();
    const waiting = Promise.all(Array.from({ length: 100 }, () => api.verify(token)));
    await until(() => issuer.count('/jwks') === 2);
    release();
    assert.equal((await waiting).length, 100);
    assert.equal(issuer.count('/jwks'), 2);
  });

  test('unknown kids by the hundred: one request in ten seconds', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    await api.verify(await issuer.bearer());
    const flood = async () => {
      for (let at = 0; at < 100; at += 1)
        await refused(api.verify(await issuer.bearer({}, { kid: `${at}` })), 'unknown_key');
    };
    await flood();
    assert.equal(issuer.count('/jwks'), 2);
    issuer.offset = 11;
    await flood();
    assert.equal(issuer.count('/jwks'), 3);
    assert.ok(await api.verify(await issuer.bearer()));
  });

  test('an unknown kid while they cannot be fetched: keys_unavailable, and the known go on', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    await api.verify(await issuer.bearer());
    issuer.always['/jwks'] = () => new Response(null, { status: 500 });
    const unknown = await issuer.bearer({}, { kid: 'other' });
    for (let time = 0; time < 2; time += 1) await refused(api.verify(unknown), 'keys_unavailable');
    assert.equal(issuer.count('/jwks'), 2);
    assert.ok(await api.verify(await issuer.bearer()));
    delete issuer.always['/jwks'];
    issuer.offset = 11;
    await refused(api.verify(unknown), 'unknown_key');
  });

  test('a thousand who wait do not wake all the time', async (t) => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    const { promise, release } = held(() => Response.json({ keys: issuer.keys }));
    issuer.next['/jwks'] = [promise];
    const token = await issuer.bearer();
    const timers = t.mock.method(globalThis, 'setTimeout');
    const waiting = Promise.all(Array.from({ length: 100 }, () => api.verify(token)));
    await new Promise((resolve) => setImmediate(resolve));
    const begin = Date.now();
    while (Date.now() - begin < 1000) await new Promise((resolve) => setImmediate(resolve));
    release();
    await waiting;
    assert.ok(timers.mock.callCount() < 100 * 15, `${timers.mock.callCount()} timers`);
  });

  test('a flood that is cold asks but once', async () => {
    const issuer = await Issuer.start();
    await refused(issuer.api().verify(await issuer.bearer({}, { kid: 'other' })), 'unknown_key');
    assert.equal(issuer.count('/jwks'), 1);
  });

  test('a key that was withdrawn counts no more', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    const token = await issuer.bearer(later);
    await api.verify(token);
    await rotate(issuer);
    issuer.offset = 610;
    await refused(api.verify(token), 'unknown_key');
  });

  test('a request that is lost with the one that made it is not waited for for ever', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    issuer.next['/jwks'] = [() => new Promise(() => {})];
    api.verify(await issuer.bearer());
    await until(() => issuer.count('/jwks') === 1);
    issuer.offset = 4;
    assert.ok(await api.verify(await issuer.bearer()));
  });

  test('keys that nobody knows are passed over', async () => {
    const issuer = await Issuer.start();
    issuer.keys = [null, 1, 'a', { kty: 'AKP', alg: 'ML-DSA-44', kid: 'first' }, { kty: 'EC' }, ...issuer.keys];
    assert.ok(await issuer.api().verify(await issuer.bearer()));
  });

  test('clocks that differ are told', async () => {
    for (const [difference, message] of [
      [100, /the clock here is 100 s ahead of the server's/],
      [-100, /the clock here is 100 s behind the server's/],
      [5, /^(?!.*the clock here)/],
    ]) {
      const issuer = await Issuer.start();
      issuer.always['/jwks'] = () =>
        Response.json(
          { keys: issuer.keys },
          { headers: { date: new Date(Date.now() - (difference + 60) * 1000).toUTCString(), age: '60' } },
        );
      const api = issuer.api({ leeway: 0 });
      const expired = await refused(api.verify(await issuer.bearer({ exp: 1 })), 'expired');
      const early = await refused(api.verify(await issuer.bearer({ nbf: 9_999_999_999 })), 'not_yet_valid');
      assert.match(expired.message.replace(/\b(99|101)\b/, '100'), message);
      assert.match(early.message.replace(/\b(99|101)\b/, '100'), message);
    }
  });
});
