// A person's session. What is promised in every language is asked in tests/libraries; here is what is this one's.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { Client, memoryStore } from 'jeton-client';
import { clock, ISSUER, refusal, server } from './support.js';

const REDIRECT = 'https://app.example/callback';
const KEY = 'sixteen random bytes, or more';

function start({ lifetime = 300, store = memoryStore(), ...about } = {}) {
  const it = server({
    authorization_endpoint: `${ISSUER}/authorize?tenant=a`,
    revocation_endpoint: `${ISSUER}/revoke`,
    end_session_endpoint: `${ISSUER}/end?tenant=a`,
  });
  it.usual = async () => {
    it.tokens += 1;
    const [access_token, refresh_token] = [`token-${it.tokens}`, `refresh-${it.tokens}`];
    return Response.json({ access_token, refresh_token, token_type: 'Bearer', expires_in: lifetime });
  };
  const time = clock();
  const client = new Client({ issuer: ISSUER, client_id: 'app', fetch: it.fetch, now: time.now });
  const options = { store, key: KEY, scope: 'orders', redirect_uri: REDIRECT, ...about };
  return { it, time, client, store, options, session: client.session(options) };
}

/** The answer to a login, as the browser brings it. */
const answerTo = (url, more = {}) => {
  const state = new URL(url).searchParams.get('state');
  return `${REDIRECT}?${new URLSearchParams({ code: 'a code', state, ...more })}`;
};

async function loggedIn(options) {
  const started = start(options);
  const { url } = await started.session.login();
  await started.session.callback(answerTo(url));
  return started;
}

/** No answer, until the test is over. */
const nothing = (t) => new Promise((resolve) => t.after(() => resolve(new Error('over'))));

const refreshes = (it) => it.asked.filter(({ form }) => form.grant_type === 'refresh_token');

test('an address with a query keeps it, at both ends', async () => {
  const { session } = await loggedIn();
  const { url } = await session.login({ parameters: { prompt: 'login' } });
  const { searchParams } = new URL(url);
  assert.deepEqual([searchParams.get('tenant'), searchParams.get('prompt')], ['a', 'login']);
  const end = await session.logout({ post_logout_redirect_uri: 'https://app.example/' });
  assert.equal(end.revoked, true);
  assert.equal(end.url, `${ISSUER}/end?tenant=a&client_id=app&post_logout_redirect_uri=https%3A%2F%2Fapp.example%2F`);
});

test('a transaction in a cookie: nothing is put into the store until the callback', async () => {
  const { it, store, session, client, options } = start();
  const { url, transaction } = await session.login({ keep: false });
  assert.match(transaction, /^[0-9a-f]{200,800}$/);
  assert.equal(await store.get('logins/session'), undefined);
  const elsewhere = client.session(options);
  for (const wrong of ['', 'no such text', transaction.slice(2), `${transaction.slice(0, -2)}00`]) {
    await assert.rejects(elsewhere.callback(answerTo(url), { transaction: wrong }), { code: 'state_mismatch' });
  }
  await assert.rejects(elsewhere.callback(answerTo(url, { state: 'other' }), { transaction }), {
    code: 'state_mismatch',
  });
  await elsewhere.callback(answerTo(url), { transaction });
  assert.match(it.asked[0].form.code_verifier, /^[0-9a-f]{64}$/);
  assert.equal((await session.accessToken()).access_token, 'token-1');
});

test('a login serves once, and a store of eight forgets the first', async () => {
  const { it, session } = start();
  const logins = [];
  for (let time = 0; time < 9; time += 1) logins.push((await session.login()).url);
  await assert.rejects(session.callback(answerTo(logins[0])), { code: 'state_mismatch' });
  await session.callback(answerTo(logins[1]));
  await assert.rejects(session.callback(answerTo(logins[1])), { code: 'state_mismatch' });
  await session.callback(answerTo(logins[8]));
  assert.equal(it.asked.length, 2);
});

test('a login that took more than half an hour', async () => {
  const { it, session, time } = start();
  const { url } = await session.login();
  time.advance(1801);
  await assert.rejects(session.callback(answerTo(url)), { fault: 'caller', code: 'login_expired' });
  assert.equal(it.asked.length, 0);
});

test('a callback with another key changes nothing', async () => {
  const { client, options, session, store } = start();
  const { url } = await session.login();
  const before = await store.get('logins/session');
  const stranger = client.session({ ...options, key: 'another key of sixteen bytes' });
  await assert.rejects(stranger.callback(answerTo(url)), { code: 'state_mismatch' });
  assert.deepEqual(await store.get('logins/session'), before);
  await session.callback(answerTo(url));
});

test('a record of another name, and a damaged one, are none', async () => {
  const { client, options, store } = await loggedIn();
  const { value } = await store.get('session/session');
  await store.set('session/other', value, undefined);
  await assert.rejects(client.session({ ...options, name: 'other' }).accessToken(), /damaged, or of another key/);
  await store.set('session/cut', value.slice(0, 5), undefined);
  await assert.rejects(client.session({ ...options, name: 'cut' }).accessToken(), /damaged, or of another key/);
  await assert.rejects(client.session({ ...options, name: 'none' }).accessToken(), /there is no record/);
});

test('without a key, or with a short one', async () => {
  const { key, ...bare } = memoryStore();
  for (const options of [{ store: bare, key: undefined }, { key: 'short' }, { key: new Uint8Array(15) }]) {
    const { session } = start(options);
    await assert.rejects(session.login(), { fault: 'caller', code: 'invalid_configuration' });
  }
  await start({ key: undefined }).session.login();
});

test('who logs out elsewhere is logged out here within ten seconds', async () => {
  const { client, options, session, time } = await loggedIn();
  await session.accessToken();
  await client.session(options).logout();
  time.advance(11);
  await assert.rejects(session.accessToken(), { fault: 'caller', code: 'not_logged_in' });
});

test('who logs out while a refresh is under way is logged out, and so is what it brought', async () => {
  const { it, client, options, session, time } = await loggedIn();
  time.advance(301);
  it.answers.push(async () => {
    await client.session(options).logout();
    return it.usual();
  });
  await assert.rejects(session.accessToken(), { code: 'not_logged_in' });
  const revoked = it.asked.filter(({ pathname }) => pathname === '/revoke').map(({ form }) => form.token);
  assert.deepEqual(revoked, ['refresh-1', 'refresh-2']);
});

test('a process that died with the lease is waited for, no longer than it lasts', async (t) => {
  const { it, client, options, session, time } = await loggedIn();
  time.advance(301);
  it.answers.push(() => nothing(t));
  const dead = client.session(options);
  dead.accessToken().catch(() => {});
  while (refreshes(it).length === 0) await new Promise(setImmediate);
  const waiting = session.accessToken();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(refreshes(it).length, 1);
  time.advance(9);
  assert.equal((await waiting).access_token, 'token-2');
  assert.deepEqual(
    refreshes(it).map(({ form }) => form.refresh_token),
    ['refresh-1', 'refresh-1'],
  );
});

test('a lease from a clock that was ahead holds up nobody', async (t) => {
  const { it, client, options, session, time } = await loggedIn();
  time.advance(301);
  it.answers.push(() => nothing(t));
  client
    .session(options)
    .accessToken()
    .catch(() => {});
  while (refreshes(it).length === 0) await new Promise(setImmediate);
  time.advance(-301);
  time.advance(-86_400);
  assert.equal((await session.accessToken()).access_token, 'token-2');
});

test('a fresh process serves the token that stands while the server is away', async () => {
  const { it, client, options, time } = await loggedIn();
  time.advance(290);
  it.answers.push(...Array(3).fill(async () => new Error('away')));
  const session = client.session(options);
  assert.equal((await session.accessToken()).access_token, 'token-1');
  assert.equal((await session.accessToken()).access_token, 'token-1');
  assert.equal(refreshes(it).length, 3);
  time.advance(2);
  assert.equal((await session.accessToken()).access_token, 'token-2');
});

test('an answer about somebody else, and one that is none', async () => {
  const { it, session, time } = await loggedIn();
  time.advance(301);
  it.answers.push(async () => Response.json({ access_token: 'secret token', refresh_token: 'secret refresh' }));
  const error = await session.accessToken().catch((error) => error);
  assert.equal(`${error.fault} ${error.code}`, 'server invalid_response');
  assert.doesNotMatch(inspect(error, { depth: 9 }), /secret/);
  assert.equal((await session.accessToken()).access_token, 'token-2');
});

test('a server that does not rotate: the refresh token stays', async () => {
  const { it, session, time } = await loggedIn();
  for (const expected of ['token-a', 'token-b']) {
    time.advance(301);
    it.answers.push(async () => Response.json({ access_token: expected, token_type: 'bearer', expires_in: 300 }));
    assert.equal((await session.accessToken()).access_token, expected);
  }
  assert.deepEqual(
    refreshes(it).map(({ form }) => form.refresh_token),
    ['refresh-1', 'refresh-1'],
  );
});

test('401 at an API: another token by the refresh token, though the record is fresh', async () => {
  const { it, client, options } = await loggedIn();
  const fetching = [];
  const api = new Client({
    issuer: ISSUER,
    client_id: 'app',
    now: () => 1_800_000_000_000,
    async fetch(input, init) {
      if (!(input instanceof Request)) return it.fetch(input, init);
      fetching.push(input.headers.get('authorization'));
      return new Response('', { status: fetching.length === 1 ? 401 : 200 });
    },
  }).session(options);
  assert.equal((await api.fetch()('https://api.example/')).status, 200);
  assert.deepEqual(fetching, ['Bearer token-1', 'Bearer token-2']);
  assert.equal((await client.session(options).accessToken()).access_token, 'token-2');
});

test('a lease counts though the clock here is a little behind that of who has it', async (t) => {
  const { it, client, options, time } = await loggedIn();
  time.advance(301);
  it.answers.push(() => nothing(t));
  client
    .session(options)
    .accessToken()
    .catch(() => {});
  while (refreshes(it).length === 0) await new Promise(setImmediate);
  time.advance(-0.5);
  const waiting = client.session(options).accessToken();
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(refreshes(it).length, 1);
  time.advance(10);
  assert.equal((await waiting).access_token, 'token-2');
});

test('an answer that comes when another has the lease is kept, and that one takes it', async (t) => {
  const { it, client, options, session, time } = await loggedIn();
  time.advance(301);
  let release;
  const released = new Promise((resolve) => {
    release = resolve;
  });
  it.answers.push(
    () => released.then(it.usual),
    () => nothing(t),
  );
  const late = session.accessToken();
  while (refreshes(it).length === 0) await new Promise(setImmediate);
  time.advance(9);
  client
    .session(options)
    .accessToken()
    .catch(() => {});
  while (refreshes(it).length === 1) await new Promise(setImmediate);
  release();
  assert.equal((await late).access_token, 'token-2');
  assert.equal((await client.session(options).accessToken()).access_token, 'token-2');
});

test('a store that takes nothing after a refresh: what came is kept here, and written before anything else', async () => {
  for (const times of [2, 9]) {
    const store = memoryStore();
    const { set } = store;
    const { it, client, options, session, time } = await loggedIn({ store });
    time.advance(301);
    let left = 0;
    store.set = async (...change) => {
      if (left-- > 0) throw new Error('the disk is full');
      return set(...change);
    };
    it.answers.push(async () => {
      left = times;
      return it.usual();
    });
    assert.equal((await session.accessToken()).access_token, 'token-2');
    left = 0;
    time.advance(11);
    assert.equal((await session.accessToken()).access_token, 'token-2');
    assert.equal((await client.session(options).accessToken()).access_token, 'token-2');
    assert.equal(refreshes(it).length, 1);
  }
});

test('a store that is away: the token that stands serves', async () => {
  const store = memoryStore();
  const { get } = store;
  const { session, time } = await loggedIn({ store });
  await session.accessToken();
  time.advance(11);
  store.get = async () => {
    throw new Error('the disk is full');
  };
  assert.equal((await session.accessToken()).access_token, 'token-1');
  store.get = get;
});

test('a store that never takes anything is no loop without end', { timeout: 10_000 }, async () => {
  const store = memoryStore();
  const { session, time } = await loggedIn({ store });
  time.advance(301);
  store.set = async () => false;
  await assert.rejects(session.login(), { fault: 'network', code: 'unreachable' });
  await assert.rejects(session.accessToken(), { fault: 'network', code: 'unreachable' });
});

test('who has the Web Lock of a store of tabs waits for no lease that a closed one left', async (t) => {
  const before = Object.getOwnPropertyDescriptor(globalThis, 'navigator');
  const locks = { request: (_, task) => task() };
  Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { locks } });
  t.after(() => {
    delete globalThis.navigator;
    if (before) Object.defineProperty(globalThis, 'navigator', before);
  });
  const { it, client, options, session, time } = await loggedIn({ store: { ...memoryStore(), isOfTabs: true } });
  time.advance(301);
  it.answers.push(() => nothing(t));
  client
    .session(options)
    .accessToken()
    .catch(() => {});
  while (refreshes(it).length === 0) await new Promise(setImmediate);
  assert.equal((await session.accessToken()).access_token, 'token-2');
});

test('a callback while the server is away leaves the login', async () => {
  const { it, options, session, time } = start();
  const { url } = await session.login();
  // Another process, which knows no metadata yet.
  const fresh = new Client({ issuer: ISSUER, client_id: 'app', fetch: it.fetch, now: time.now }).session(options);
  it.hold = async () => {
    throw new TypeError('away');
  };
  await assert.rejects(fresh.callback(answerTo(url)), { fault: 'network', code: 'unreachable' });
  it.hold = undefined;
  await fresh.callback(answerTo(url));
});

test('a session is not the logins of another', async () => {
  const { client, options } = start({ name: 'bob' });
  const bob = client.session(options);
  const { url } = await bob.login();
  const odd = client.session({ ...options, name: 'bob.login' });
  const other = await odd.login();
  await odd.callback(answerTo(other.url));
  await bob.callback(answerTo(url));
  assert.ok(await odd.accessToken());
  assert.ok(await bob.accessToken());
});

test('who would have had to log in first was denied access', async () => {
  const { session } = start();
  for (const error of ['login_required', 'interaction_required', 'consent_required']) {
    const { url } = await session.login();
    const answer = new URL(answerTo(url, { error }));
    answer.searchParams.delete('code');
    await assert.rejects(session.callback(answer), { fault: 'caller', code: 'access_denied' });
  }
});

test('members that are null are absent', async () => {
  const { it, session, time } = await loggedIn();
  time.advance(301);
  const answer = { access_token: 'token-2', token_type: 'Bearer', expires_in: null, refresh_token: null, scope: null };
  it.answers.push(async () => Response.json({ ...answer, id_token: null }));
  assert.equal((await session.accessToken()).access_token, 'token-2');
  it.metadata.introspection_endpoint = null;
  const fresh = new Client({ issuer: ISSUER, client_id: 'app', fetch: it.fetch, now: time.now });
  assert.ok(await fresh.token());
});

test('a store that fails says so in its own words, and the session goes on', async () => {
  const store = memoryStore();
  const { get } = store;
  const { session, time } = await loggedIn({ store });
  await session.accessToken();
  time.advance(301);
  store.get = async () => {
    throw new Error('the disk is full');
  };
  await assert.rejects(session.accessToken(), /the disk is full/);
  store.get = get;
  assert.equal((await session.accessToken()).access_token, 'token-2');
});

test('a refresh whose ID token has expired by our clock is kept', async () => {
  const { privateKey } = await crypto.subtle.generateKey({ name: 'ECDSA', namedCurve: 'P-256' }, true, [
    'sign',
    'verify',
  ]);
  const base64url = (value) => Buffer.from(value).toString('base64url');
  const signed = async (claims) => {
    const text = [{ alg: 'ES256' }, claims].map((part) => base64url(JSON.stringify(part))).join('.');
    const algorithm = { name: 'ECDSA', hash: 'SHA-256' };
    return `${text}.${base64url(await crypto.subtle.sign(algorithm, privateKey, Buffer.from(text)))}`;
  };
  const store = memoryStore();
  const { set } = store;
  const { it, session, time } = start({ scope: 'openid', store });
  it.metadata.id_token_signing_alg_values_supported = ['ES256'];
  const now = time.now() / 1000;
  const answer = (claims, expected) => async () => {
    const about = { iss: ISSUER, aud: 'app', sub: 'alice', iat: now, exp: now + 300, ...claims };
    return Response.json({
      access_token: expected,
      refresh_token: `of ${expected}`,
      id_token: await signed(about),
      token_type: 'Bearer',
      expires_in: 300,
    });
  };
  const { url } = await session.login();
  it.answers.push(answer({ nonce: new URL(url).searchParams.get('nonce') }, 'token-1'));
  assert.equal((await session.callback(answerTo(url))).sub, 'alice');
  time.advance(3600);
  it.answers.push(answer({}, 'token-2'));
  assert.equal((await session.accessToken()).access_token, 'token-2');
  for (const odd of [{ aud: 'other' }, { iss: 'https://other.example' }, { sub: 5 }]) {
    time.advance(3600);
    it.answers.push(answer(odd, 'token-odd'));
    assert.equal((await session.accessToken()).access_token, 'token-odd');
    assert.equal((await session.idClaims()).sub, 'alice');
    assert.equal(refreshes(it).at(-1).form.refresh_token.slice(0, 3), 'of ');
  }
  time.advance(3600);
  const ofAnother = answer({ sub: 'bob' }, 'token-3');
  it.answers.push(async () => {
    store.set = async () => {
      throw new Error('the disk is full');
    };
    return ofAnother();
  });
  await assert.rejects(session.accessToken(), { code: 'unreachable' });
  store.set = set;
  time.advance(60);
  it.answers.push(ofAnother);
  await assert.rejects(session.accessToken(), { code: 'not_logged_in', message: /another person/ });
  await assert.rejects(session.accessToken(), { code: 'not_logged_in' });
  const revoked = it.asked.filter(({ pathname }) => pathname === '/revoke').map(({ form }) => form.token);
  assert.deepEqual(revoked, ['of token-3']);
});

test('a refresh that was held up is not sent once the lease is over', async () => {
  const { it, session, time } = await loggedIn();
  // The metadata is due as well.
  time.advance(3601);
  it.hold = () => time.advance(20);
  await assert.rejects(session.accessToken(), { fault: 'network', code: 'timeout' });
  assert.equal(refreshes(it).length, 0);
  it.hold = undefined;
  assert.equal((await session.accessToken()).access_token, 'token-2');
});

test('an address without its origin, as servers have it, is taken, and is in no error', async () => {
  const { session } = start();
  const { url } = await session.login();
  await session.callback(answerTo(url).slice('https://app.example'.length));
  const error = await session.callback('/callback?code=secret&state=secret').catch((error) => error);
  assert.equal(error.code, 'state_mismatch');
  assert.doesNotMatch(inspect(error), /secret/);
});

test('a key that cannot be had once can be had the next time', async () => {
  const store = memoryStore();
  const { key } = store;
  let times = 0;
  store.key = async () => {
    times += 1;
    if (times === 1) throw new Error('the database is blocked');
    return key();
  };
  const { session } = start({ store, key: undefined });
  await assert.rejects(session.login(), /blocked/);
  await session.login();
});

test('a session is printed without what it keeps', async () => {
  const { session } = await loggedIn();
  await session.accessToken();
  const printed = inspect(session, { depth: 9, showHidden: true });
  assert.doesNotMatch(printed, /token-1|refresh-1|sixteen random/);
});

test('a device that was connected: its session is kept, and its codes are in no error', async () => {
  const { it, options, session, time } = start();
  const devices = new Client({
    issuer: ISSUER,
    client_id: 'app',
    metadata: {
      issuer: ISSUER,
      token_endpoint: `${ISSUER}/token`,
      device_authorization_endpoint: `${ISSUER}/device`,
    },
    fetch: it.fetch,
    now: time.now,
  }).session(options);
  const begun = { device_code: 'device secret', user_code: 'ABCD', verification_uri: `${ISSUER}/d`, expires_in: 60 };
  it.answers.push(async () => Response.json({ ...begun, interval: 0.01 }));
  const device = await devices.device();
  assert.doesNotMatch(inspect(device, { showHidden: true }), /device secret/);
  it.answers.push(
    async () => refusal(400, 'authorization_pending'),
    async () => new Error('away'),
  );
  await device.wait();
  assert.equal((await session.accessToken()).access_token, 'token-1');
  it.answers.push(async () => Response.json({ ...begun, verification_uri: 'javascript:alert(1)' }));
  await assert.rejects(devices.device(), { fault: 'server', code: 'invalid_response' });
  it.answers.push(async () => Response.json({ ...begun, interval: 60 }));
  const other = await devices.device();
  await assert.rejects(other.wait({ signal: AbortSignal.timeout(20) }), { name: 'TimeoutError' });
});
