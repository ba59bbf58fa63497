// The issuer's keys: fetched when they must be, and kept when they cannot be.

import assert from 'node:assert/strict';
import { keyOf } from '../../support/keys.mjs';
import { start, startWithClock } from '../../support/resource-server.mjs';
import { feature, refused, timed, until } from '../../support/rows.mjs';
import { after, endless, packed, page, unheard } from '../../support/stub.mjs';

const JWKS = '/jwks';

/** The issuer signs with another key from now on, and publishes it alone. */
async function rotate(issuer, name = 'next') {
  issuer.key = await keyOf('ES256', name);
  issuer.keys = [issuer.key.publicJwk];
}

/** The keys cannot be had, and never could; whose fault that is. */
const cold = (fault, prepare) => async (row) => {
  const { issuer, api, token } = await start(row);
  const text = await token();
  await prepare(issuer);
  const error = await api.verify(text).then(
    () => assert.fail('it was taken'),
    (error) => error,
  );
  assert.equal(error.code, 'keys_unavailable', error.message);
  assert.equal(error.fault, fault, error.message);
  assert.equal(error.status, 503);
  assert.ok(error.retry_after >= 1, String(error.retry_after));
};

/** The keys cannot be had any more: the old ones go on. */
const stale = (answer) => async (row) => {
  const { issuer, api, token, clock } = await startWithClock(row);
  await api.verify(await token());
  await clock(700);
  issuer.always(JWKS, answer);
  const text = await token({ exp: Math.floor(Date.now() / 1000) + 2_000 });
  assert.equal((await api.verify(text)).sub, 'alice');
  await until(() => issuer.count(JWKS) >= 2);
  assert.equal((await api.verify(text)).sub, 'alice');
};

const later = { exp: Math.floor(Date.now() / 1000) + 100_000 };

feature('keys', {
  async 'by discovery, once'(row) {
    const { issuer, api, token } = await start(row);
    for (let time = 0; time < 5; time += 1) await api.verify(await token());
    assert.equal(issuer.discoveries, 1);
    assert.equal(issuer.count(JWKS), 1);
  },

  async 'a thousand at once, cold: one request'(row) {
    const { issuer, api, token } = await start(row);
    issuer.next(JWKS, after(200));
    await api.verify(await token(), { times: 1_000 });
    assert.equal(issuer.discoveries, 1);
    assert.equal(issuer.count(JWKS), 1);
  },

  async 'known keys need nobody'(row) {
    const { issuer, api, token } = await start(row);
    await api.verify(await token());
    await issuer.close();
    assert.equal((await api.verify(await token())).sub, 'alice');
  },

  async 'pasted keys need nobody'(row) {
    const key = await keyOf('ES256', 'stub');
    const { issuer, api, token } = await start(row, { jwks: { keys: [key.publicJwk] } });
    assert.equal((await api.verify(await token())).sub, 'alice');
    const stranger = await keyOf('ES256', 'stranger');
    await refused(api.verify(await token({}, { key: stranger })), 'token', 'unknown_key');
    assert.equal(issuer.requests.length, 0);
  },

  async 'they are kept for ten minutes'(row) {
    const { issuer, api, token, clock } = await startWithClock(row);
    await api.verify(await token(later));
    await clock(550);
    await api.verify(await token(later));
    assert.equal(issuer.count(JWKS), 1);
    await clock(650);
    await api.verify(await token(later), { times: 50 });
    await until(() => issuer.count(JWKS) === 2);
  },

  async 'nobody waits for a renewal'(row) {
    const { issuer, api, token, clock } = await startWithClock(row);
    await api.verify(await token(later));
    await clock(650);
    issuer.next(JWKS, after(2_000));
    const renewing = api.verify(await token(later));
    await until(() => issuer.count(JWKS) === 2);
    const { took } = await timed(async () => api.verify(await token(later), { times: 50 }));
    assert.ok(took < 1_500, `${took} ms`);
    await renewing;
    assert.equal(issuer.count(JWKS), 2);
  },

  async 'a new key: fetched when it is first seen'(row) {
    const { issuer, api, token } = await start(row);
    await api.verify(await token());
    await rotate(issuer);
    assert.equal((await api.verify(await token())).sub, 'alice');
    assert.equal(issuer.count(JWKS), 2);
  },

  async 'a new key that cannot be had for now: no fault of the token'(row) {
    const { issuer, api, token, clock } = await startWithClock(row);
    await api.verify(await token(later));
    await rotate(issuer);
    issuer.always(JWKS, page(500));
    const text = await token(later);
    const error = await api.verify(text).then(
      () => assert.fail('it was taken'),
      (error) => error,
    );
    assert.equal(error.code, 'keys_unavailable', error.message);
    assert.equal(error.status, 503);
    issuer.always(JWKS);
    await clock(11);
    assert.equal((await api.verify(text)).sub, 'alice');
  },

  async 'a new key, seen by many at once: they wait for one request'(row) {
    const { issuer, api, token } = await start(row);
    await api.verify(await token());
    await rotate(issuer);
    issuer.next(JWKS, after(300));
    const text = await token();
    await Promise.all(Array.from({ length: 100 }, () => api.verify(text)));
    assert.equal(issuer.count(JWKS), 2);
  },

  async 'keys that nobody has, by the thousand: one request in ten seconds'(row) {
    const { issuer, api, token, clock } = await startWithClock(row);
    await api.verify(await token());
    const flood = async (from) => {
      for (let at = from; at < from + 200; at += 1) {
        await refused(api.verify(await token({}, { header: { kid: `kid-${at}` } })), 'token', 'unknown_key');
      }
    };
    await flood(0);
    assert.equal(issuer.count(JWKS), 2);
    await clock(11);
    await flood(200);
    assert.equal(issuer.count(JWKS), 3);
  },

  async 'a key that was withdrawn is none any more'(row) {
    const { issuer, api, token, clock } = await startWithClock(row);
    const old = await token(later);
    await api.verify(old);
    await rotate(issuer);
    await clock(650);
    await api.verify(await token(later));
    await clock(700);
    await refused(api.verify(old), 'token', 'unknown_key');
  },

  'an issuer that fails: the old keys': stale(page(500)),
  'an issuer that is away: the old keys': stale(unheard),
  'an empty set: the old keys': stale({ json: { keys: [] } }),
  'what is no set: the old keys': stale({ json: ['keys'] }),
  'what is no JSON: the old keys': stale(page(200)),

  'no keys yet, and the issuer is away': cold('network', (issuer) => issuer.close()),
  'no keys yet, and the issuer fails': cold('server', (issuer) => issuer.always(JWKS, page(500))),
  'no keys yet, and an empty set': cold('server', (issuer) => issuer.always(JWKS, { json: { keys: [] } })),
  'no keys yet, and no metadata': cold('server', (issuer) => {
    for (const place of Object.values(issuer.places)) issuer.always(place, page(404));
  }),
  'no keys yet, and metadata of another issuer': cold('server', (issuer) => {
    issuer.metadata.issuer = 'https://other.example';
  }),
  'no keys yet, and they are to be had by http elsewhere': cold('server', (issuer) => {
    issuer.metadata.jwks_uri = 'http://keys.example/jwks';
  }),
  'no keys yet, and 300 kB': cold('server', (issuer) =>
    issuer.always(JWKS, { json: { keys: issuer.keys, padding: 'x'.repeat(300_000) } }),
  ),
  'no keys yet, and over a hundred of them': cold('server', (issuer) => {
    issuer.keys = Array.from({ length: 101 }, (_, at) => ({ ...issuer.key.publicJwk, kid: `kid-${at}` }));
  }),

  'no keys yet, and 64 MB of them, packed': cold('server', (issuer) =>
    issuer.always(JWKS, packed({ keys: issuer.keys })),
  ),
  'no keys yet, and a set without an end': cold('server', (issuer) => issuer.always(JWKS, endless())),
  'no keys yet, and a redirect to another origin': cold('server', (issuer) =>
    issuer.always(JWKS, { status: 302, headers: { location: 'http://127.0.0.1:9/jwks' } }),
  ),

  async 'a key that is looked for keeps nobody waiting whose key is known'(row) {
    const { issuer, api, token } = await start(row);
    await api.verify(await token());
    issuer.next(JWKS, after(2_000));
    const looking = api.verify(await token({}, { header: { kid: 'of nobody' } })).catch((error) => error);
    await until(() => issuer.count(JWKS) === 2);
    const { took } = await timed(async () => api.verify(await token(), { times: 50 }));
    assert.ok(took < 1_500, `${took} ms`);
    assert.equal((await looking).code, 'unknown_key');
  },

  async 'an issuer that is back'(row) {
    const { issuer, api, token, clock } = await startWithClock(row);
    issuer.always(JWKS, page(500));
    const text = await token();
    assert.equal((await api.verify(text).catch((error) => error)).code, 'keys_unavailable');
    issuer.always(JWKS);
    await clock(11);
    assert.equal((await api.verify(text)).sub, 'alice');
  },

  async 'keys of kinds that nobody knows are passed over'(row) {
    const { issuer, api, token } = await start(row);
    issuer.keys = [{ kty: 'AKP', alg: 'ML-DSA-44', kid: 'a', pub: 'AAAA' }, { kty: 'EC' }, ...issuer.keys];
    assert.equal((await api.verify(await token())).sub, 'alice');
  },

  async 'metadata that is given'(row) {
    const { issuer, token } = await start(row);
    const about = { issuer: issuer.issuer, audience: 'https://api.example/v1', metadata: issuer.metadata };
    const api = await row.resourceServer(about);
    assert.equal((await api.verify(await token())).sub, 'alice');
    assert.equal(issuer.discoveries, 0);
  },

  async 'metadata that is given, of another issuer'(row) {
    const { issuer, token } = await start(row);
    const metadata = { ...issuer.metadata, issuer: 'https://other.example' };
    const asked = (async () => {
      const api = await row.resourceServer({ issuer: issuer.issuer, audience: 'https://api.example/v1', metadata });
      return api.verify(await token());
    })();
    await asked.then(
      () => assert.fail('it was believed'),
      (error) => assert.notEqual(error.fault, 'token', error.message),
    );
    assert.equal(issuer.requests.length, 0);
  },

  async 'no audience'(row) {
    // In Rust none cannot be said.
    for (const audience of row.language === 'rust' ? [''] : ['', []]) {
      const asked = (async () => {
        const api = await row.resourceServer({ issuer: 'https://tokens.example', audience });
        return api.verify('eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.AAAA');
      })();
      await refused(asked, 'caller', 'invalid_configuration');
    }
  },

  async 'an issuer by http, elsewhere'(row) {
    const asked = (async () => {
      const api = await row.resourceServer({ issuer: 'http://tokens.example', audience: 'https://api.example' });
      return api.verify('eyJhbGciOiJFUzI1NiIsInR5cCI6ImF0K2p3dCJ9.e30.AAAA');
    })();
    await refused(asked, 'caller', 'invalid_issuer');
  },
});
