// A clock for each issuer, which everything follows.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { claimsOf } from '../suite/support/tokens.mjs';
import { isError, judged } from './support/check.mjs';
import { sleep } from './support/http.mjs';
import { DEVICE_GRANT, OFFLINE, ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const mock = await start();
const THEN = 1_700_000_000;
const DAY = 86_400;

/** An issuer whose clock is frozen at `THEN`. */
const frozen = (spec) => mock.fresh().make({ clock: { set: THEN, freeze: true }, ...spec });
const real = () => Date.now() / 1000;

describe('the clock of an issuer', { concurrency: 8 }, () => {
  test('as long as it is not set it is the real time', async () => {
    const issuer = await mock.fresh().make();
    assert.ok(Math.abs((await issuer.clock()).now - real()) <= 2);
    assert.ok(Math.abs(claimsOf((await issuer.granted()).access_token).iat - real()) <= 2);
  });

  test('set: it goes on from there', async () => {
    const issuer = await mock.fresh().make();
    await issuer.clock({ set: THEN });
    const first = (await issuer.clock()).now;
    assert.ok(first >= THEN && first <= THEN + 2, String(first));
    await sleep(2100);
    const { now, frozen } = await issuer.clock();
    assert.equal(frozen, false);
    assert.ok(now >= THEN + 2 && now <= THEN + 6, String(now));
  });

  test('freeze: it stands, and goes on when it is let go', async () => {
    const issuer = await frozen();
    await sleep(1100);
    assert.equal((await issuer.clock()).now, THEN);
    assert.equal(claimsOf((await issuer.granted()).access_token).iat, THEN);
    await issuer.clock({ freeze: false });
    const { now } = await issuer.clock();
    assert.ok(now >= THEN && now <= THEN + 2, `no jump: ${now}`);
    await sleep(1100);
    assert.ok((await issuer.clock()).now > THEN);
  });

  test('freeze without set: it stands at the present', async () => {
    const issuer = await mock.fresh().make();
    const { now } = await issuer.clock({ freeze: true });
    assert.ok(Math.abs(now - real()) <= 2);
    await sleep(1100);
    assert.equal((await issuer.clock()).now, now);
  });

  test('advance: forwards, backwards, again and again, frozen or not', async () => {
    const issuer = await frozen();
    for (let n = 1; n <= 10; n += 1) assert.equal((await issuer.clock({ advance: 10 })).now, THEN + 10 * n);
    assert.equal((await issuer.clock({ advance: -100 })).now, THEN);
    await issuer.clock({ reset: true });
    const { now } = await issuer.clock({ advance: 3600 });
    assert.ok(Math.abs(now - real() - 3600) <= 2);
    assert.ok(Math.abs((await issuer.clock()).offset - 3600) <= 1);
  });

  test('20 advances at once are 20 advances', async () => {
    const issuer = await frozen();
    await Promise.all(Array.from({ length: 20 }, () => issuer.clock({ advance: 7 })));
    assert.equal((await issuer.clock()).now, THEN + 140);
  });

  test('reset returns to the real time and runs', async () => {
    const issuer = await frozen();
    const { now, frozen: stands, offset } = await issuer.clock({ reset: true });
    assert.ok(Math.abs(now - real()) <= 2);
    assert.equal(stands, false);
    assert.equal(offset, 0);
  });

  test('iat, exp and auth_time are read from it', async () => {
    const issuer = await frozen();
    const { access_token, id_token } = await issuer.tokens();
    const [access, id] = [claimsOf(access_token), claimsOf(id_token)];
    assert.deepEqual([access.iat, access.exp], [THEN, THEN + 3600]);
    assert.deepEqual([id.iat, id.auth_time], [THEN, THEN]);
    assert.equal(await judged(issuer.verify(access_token)), 'ERR_JWT_EXPIRED', 'to whoever has the real time');
    assert.equal(await judged(issuer.verify(access_token, { at: THEN })), 'valid');
  });

  test('the journal and the list of issuers have the time it shows', async () => {
    const issuer = await frozen();
    await issuer.token();
    assert.equal((await issuer.journal())[0].at, THEN);
    assert.equal((await mock.issuers()).find(({ name }) => name === issuer.name).now, THEN);
    assert.equal((await issuer.set('GET', '/issuer')).now, THEN);
  });

  test('two issuers, two clocks', async () => {
    const [early, late] = [await frozen(), await frozen({ clock: { set: 2_000_000_000, freeze: true } })];
    await early.clock({ advance: 5 });
    const [a, b] = await Promise.all([early.granted(), late.granted()]);
    assert.equal(claimsOf(a.access_token).iat, THEN + 5);
    assert.equal(claimsOf(b.access_token).iat, 2_000_000_000);
    const other = await mock.fresh().make();
    assert.ok(Math.abs((await other.clock()).now - real()) <= 2);
  });

  for (const set of [0, 1, 2 ** 31 - 1, 2 ** 31, 2 ** 32, 4_102_444_800]) {
    test(`a login, introspection and a refresh work at ${set}`, async () => {
      const issuer = await frozen({ clock: { set, freeze: true } });
      const { access_token, refresh_token } = await issuer.tokens({ scope: OFFLINE });
      await issuer.verify(access_token, { at: set });
      assert.equal(await issuer.active(access_token), true);
      ok(await issuer.refresh(refresh_token));
    });
  }

  test('from the file: set, freeze and advance together', async (t) => {
    const own = await start({
      t,
      config: {
        issuer: { clock: { set: THEN, freeze: true, advance: 10 } },
        issuers: { late: { clock: { advance: 3600 } }, still: { clock: { freeze: true } } },
      },
    });
    assert.equal((await own.at().clock()).now, THEN + 10);
    assert.equal((await own.at().clock()).frozen, true);
    assert.ok(Math.abs((await own.at('late').clock()).now - real() - 3600) <= 2);
    assert.equal((await own.at('still').clock()).frozen, true);
  });
});

describe('what follows the clock of an issuer', { concurrency: 8 }, () => {
  test('a code is good for 60 seconds', async () => {
    const issuer = await frozen();
    const [young, old] = [await issuer.login(), await issuer.login()];
    await issuer.clock({ advance: 59 });
    ok(await issuer.redeem(young));
    await issuer.clock({ advance: 2 });
    isError(await issuer.redeem(old), 400, 'invalid_grant');
  });

  test('a code that has expired is good again when the clock goes back', async () => {
    const issuer = await frozen();
    const login = await issuer.login();
    // Stores keep it for forty minutes more.
    await issuer.clock({ advance: 600 });
    isError(await issuer.redeem(login), 400, 'invalid_grant');
    await issuer.clock({ set: THEN, freeze: true });
    ok(await issuer.redeem(login));
  });

  test('access tokens expire: introspection and userinfo', async () => {
    const issuer = await frozen();
    const { access_token } = await issuer.tokens();
    await issuer.clock({ advance: 3590 });
    assert.equal(await issuer.active(access_token), true);
    ok(await issuer.userinfo(access_token));
    await issuer.clock({ advance: 20 });
    assert.equal(await issuer.active(access_token), false);
    assert.equal((await issuer.userinfo(access_token)).status, 401);
  });

  test('access_token_lifetime of the issuer and of the client', async () => {
    const issuer = await frozen({ access_token_lifetime: 120 });
    await issuer.client({
      client_id: 'short',
      client_secret: 's',
      grant_types: ['client_credentials'],
      access_token_lifetime: 30,
    });
    const [own, short] = [await issuer.granted(), await issuer.granted({}, { client: ['short', 's'] })];
    assert.deepEqual([own.expires_in, short.expires_in], [120, 30]);
    await issuer.clock({ advance: 31 });
    assert.deepEqual(
      [await issuer.active(own.access_token, 'm2m'), await issuer.active(short.access_token, ['short', 's'])],
      [true, false],
    );
  });

  test('refresh tokens: 30 days without use', async () => {
    const issuer = await frozen();
    const [used, idle] = [await issuer.tokens({ scope: OFFLINE }), await issuer.tokens({ scope: OFFLINE })];
    await issuer.clock({ advance: 29 * DAY });
    const next = ok(await issuer.refresh(used.refresh_token)).json();
    await issuer.clock({ advance: 2 * DAY });
    isError(await issuer.refresh(idle.refresh_token), 400, 'invalid_grant');
    ok(await issuer.refresh(next.refresh_token));
  });

  test('refresh tokens: 90 days in all', async () => {
    const issuer = await frozen();
    let { refresh_token } = await issuer.tokens({ scope: OFFLINE });
    for (let n = 0; n < 4; n += 1) {
      await issuer.clock({ advance: 20 * DAY });
      ({ refresh_token } = ok(await issuer.refresh(refresh_token)).json());
    }
    await issuer.clock({ advance: 11 * DAY });
    isError(await issuer.refresh(refresh_token), 400, 'invalid_grant');
  });

  test('a superseded refresh token answers for ten seconds', async () => {
    const issuer = await frozen();
    const { refresh_token } = await issuer.tokens({ scope: OFFLINE });
    const first = ok(await issuer.refresh(refresh_token)).json();
    await issuer.clock({ advance: 5 });
    assert.equal(ok(await issuer.refresh(refresh_token)).json().refresh_token, first.refresh_token);
    await issuer.clock({ advance: 30 });
    isError(await issuer.refresh(refresh_token), 400, 'invalid_grant');
    isError(await issuer.refresh(first.refresh_token), 400, 'invalid_grant');
  });

  test('device polling: slow_down within the interval, pending after it, expired_token in the end', async () => {
    const issuer = await frozen();
    const device = ok(await issuer.device()).json();
    isError(await issuer.poll(device.device_code), 400, 'authorization_pending');
    isError(await issuer.poll(device.device_code), 400, 'slow_down');
    for (let n = 0; n < 5; n += 1) {
      await issuer.clock({ advance: device.interval + 1 });
      isError(await issuer.poll(device.device_code), 400, 'authorization_pending');
    }
    await issuer.clock({ advance: device.expires_in });
    isError(await issuer.poll(device.device_code), 400, 'expired_token');
  });

  test('a device is approved, and polls after its interval', async () => {
    const issuer = await frozen();
    const device = ok(await issuer.device()).json();
    isError(await issuer.poll(device.device_code), 400, 'authorization_pending');
    await issuer.approve(device);
    await issuer.clock({ advance: 6 });
    const tokens = ok(await issuer.poll(device.device_code)).json();
    assert.equal(claimsOf(tokens.access_token).iat, THEN + 6);
    await issuer.verify(tokens.access_token, { at: THEN + 6 });
  });

  test('one issuer’s device expires while the other’s goes on', async () => {
    const [one, other] = [await frozen(), await frozen()];
    const [first, second] = [ok(await one.device()).json(), ok(await other.device()).json()];
    await one.clock({ advance: 700 });
    isError(await one.poll(first.device_code), 400, 'expired_token');
    isError(await other.poll(second.device_code), 400, 'authorization_pending');
    assert.equal(
      (await other.as('tv', '/token', { grant_type: DEVICE_GRANT, device_code: first.device_code })).json().error,
      'invalid_grant',
    );
  });

  test('max_age asks for a login when the clock says that the last is long ago', async () => {
    const issuer = await frozen();
    const { browser } = await issuer.login({ user: 'alice' });
    const again = { browser, user: null, prompt: 'none', max_age: '600' };
    assert.ok((await issuer.arrive(again)).params.code);
    await issuer.clock({ advance: 601 });
    assert.equal((await issuer.arrive(again)).params.error, 'login_required');
  });

  test('a revoked token stays revoked whatever the time', async () => {
    const issuer = await frozen();
    const tokens = await issuer.tokens({ scope: OFFLINE });
    ok(await issuer.as('web', '/revoke', { token: tokens.refresh_token }));
    for (const advance of [10, -3600, 3600]) {
      await issuer.clock({ advance });
      isError(await issuer.refresh(tokens.refresh_token), 400, 'invalid_grant');
      assert.equal(await issuer.active(tokens.access_token), false);
    }
  });

  const sha256 = createHash('sha256').update('s').digest('base64url');
  for (const [name, members] of Object.entries({
    'a client secret': { client_secret: 's', client_secret_expires_at: THEN + 60 },
    'a hash': { client_secrets: [{ sha256, expires_at: THEN + 60 }] },
    'a hash by the time of its client': { client_secrets: [{ sha256 }], client_secret_expires_at: THEN + 60 },
    'a hash by its own time, which is before': {
      client_secrets: [{ sha256, expires_at: THEN + 60 }],
      client_secret_expires_at: THEN + 600,
    },
    'a hash by the time of its client, which is before': {
      client_secrets: [{ sha256, expires_at: THEN + 600 }],
      client_secret_expires_at: THEN + 60,
    },
  })) {
    test(`${name} expires`, async () => {
      const client = { client_id: 'c', grant_types: ['client_credentials'], ...members };
      const issuer = await frozen({ strictness: 'strict', clients: [client] });
      ok(await issuer.token({}, { client: ['c', 's'] }));
      await issuer.clock({ advance: 61 });
      isError(await issuer.token({}, { client: ['c', 's'] }), 401, 'invalid_client');
    });
  }
});
