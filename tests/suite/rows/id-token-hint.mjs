// `id_token_hint`: whom a client asks for, by an ID token of ours, however long ago that was made.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clients, ISSUER, OLDER_SECRET } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  arrival,
  authorize,
  handedBack,
  handoff,
  isEnded,
  loggedIn,
  logoutIn,
  now,
  OFFLINE,
  requestIn,
  requestOf,
  sleep,
  userinfo,
} from '../support/flow.mjs';
import { formOf, isPage } from '../support/html.mjs';
import { unless } from '../support/target.mjs';
import { claimsOf, idTokenBy, reseal, signingKeyAt, unseal } from '../support/tokens.mjs';
import { Browser } from '../support/user-agent.mjs';

const { web, other, mayfly } = clients;
const DAY = 24 * 60 * 60;
/** As long as a grant may live, and a token that was made at its end. */
const LONGEST = (3650 + 29) * DAY;

async function waiting(form, client = web) {
  const browser = new Browser();
  const request = requestIn(await authorize(browser, requestOf(client, { scope: 'openid', ...form })));
  return { browser, request };
}

const errorOf = async (form, client = web) =>
  arrival(await authorize(new Browser(), requestOf(client, { scope: 'openid', ...form }))).params.error;

const endSession = (form, browser = new Browser()) => browser.get(`/end_session?${new URLSearchParams(form)}`);

/** Tokens of a login, with an ID token as it would have been made for it that many seconds ago. */
async function ofLongAgo(age, { claims = {}, key = {}, signedAt = now() - age } = {}) {
  const tokens = await loggedIn(web, OFFLINE);
  const iat = now() - age;
  const made = { ...claimsOf(tokens.id_token), iat, exp: iat + 600, auth_time: iat, ...claims };
  return { ...tokens, hint: await idTokenBy(signingKeyAt(signedAt, key), made) };
}

describe('OpenID Connect Core §3.1.2.1: id_token_hint at /authorize', { concurrency: 8 }, () => {
  test('the login application is told whom the client asks for, and only who that is travels', async () => {
    const { id_token } = await loggedIn(web);
    const { request } = await waiting({ id_token_hint: id_token });
    const told = (await handoff('request', { request })).json();
    assert.equal(told.sub, 'alice');
    assert.ok(!JSON.stringify(unseal(request)).includes(id_token.split('.')[2]));
    const plain = await waiting({});
    assert.equal((await handoff('request', { request: plain.request })).json().sub, undefined);
  });

  for (const form of [{}, { prompt: 'none' }, { prompt: 'login' }]) {
    test(`the login of another person is login_required, with ${JSON.stringify(form)}`, async () => {
      const { id_token } = await loggedIn(web);
      const { browser, request } = await waiting({ id_token_hint: id_token, ...form });
      for (const subject of ['bob', 'Alice', 'alice2']) {
        const response = await handoff('accept', { request, ...ALICE, subject });
        const { params } = arrival(await browser.get(handedBack(response, 'login_required')));
        assert.equal(params.error, 'login_required');
        assert.equal(params.code, undefined);
      }
      const redirect = await answered('accept', { request, ...ALICE });
      assert.ok(arrival(await browser.get(redirect)).params.code, 'and of that person it is not');
    });
  }

  test('it is asked for once more when the browser comes back', async () => {
    const { id_token } = await loggedIn(web);
    const { browser, request } = await waiting({ id_token_hint: id_token });
    const [address, ticket] = (await answered('accept', { request, ...ALICE })).split('ticket=');
    const { accepted } = unseal(ticket).outcome;
    const bob = reseal(ticket, { outcome: { accepted: { ...accepted, subject: 'bob' } } });
    const { params } = arrival(await browser.get(`${address}ticket=${bob}`));
    assert.equal(params.error, 'login_required');
  });

  test('one that has expired is as good', async () => {
    const { id_token } = await loggedIn(mayfly);
    await sleep(2100);
    assert.ok(claimsOf(id_token).exp < now());
    const { request } = await waiting({ id_token_hint: id_token }, mayfly);
    assert.equal((await handoff('request', { request })).json().sub, 'alice');
  });

  test('one of another client, or that is none of ours: invalid_request, to the client', async () => {
    const { id_token, access_token, refresh_token } = await loggedIn(web);
    const [header, payload, signature] = id_token.split('.');
    const bob = Buffer.from(JSON.stringify({ ...claimsOf(id_token), sub: 'bob' })).toString('base64url');
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    for (const id_token_hint of [
      'x',
      access_token,
      refresh_token,
      `${header}.${bob}.${signature}`,
      `${header}.${payload}.AAAA`,
      `${none}.${payload}.`,
    ]) {
      assert.equal(await errorOf({ id_token_hint }), 'invalid_request');
    }
    assert.equal(await errorOf({ id_token_hint: id_token }, other), 'invalid_request');
    assert.ok(await waiting({ id_token_hint: id_token }));
  });
});

describe('id_token_hint of long ago', { concurrency: 8, skip: unless.derived }, () => {
  for (const days of [0, 31, 61, 89, 1000, 3650]) {
    test(`${days} days: it names the person at /authorize, and ends the login at /end_session`, async () => {
      const tokens = await ofLongAgo(days * DAY);
      const { request } = await waiting({ id_token_hint: tokens.hint });
      assert.equal((await handoff('request', { request })).json().sub, 'alice');
      const { request: logout } = logoutIn(await endSession({ id_token_hint: tokens.hint }));
      const told = (await handoff('request', { request: logout })).json();
      assert.equal(told.sub, 'alice');
      assert.equal(told.sid, claimsOf(tokens.id_token).sid);
      await isEnded(web, tokens);
    });
  }

  const strangers = {
    'of before any grant that can live': () => ofLongAgo(LONGEST + DAY),
    'by the key of another time than it says': () => ofLongAgo(100 * DAY, { signedAt: now() - 200 * DAY }),
    'by a key that is to come': () => ofLongAgo(-100 * DAY),
    'without iat': () => ofLongAgo(100 * DAY, { claims: { iat: undefined } }),
    'with an iat that is no time': () => ofLongAgo(100 * DAY, { claims: { iat: -1 } }),
    'by the key of another secret': () => ofLongAgo(100 * DAY, { key: { secret: OLDER_SECRET } }),
    'by a key of another serial': () => ofLongAgo(100 * DAY, { key: { serial: 1 } }),
    'of another issuer': () => ofLongAgo(100 * DAY, { claims: { iss: 'https://other.example' } }),
    'of another issuer, today': () => ofLongAgo(0, { claims: { iss: 'https://other.example' } }),
  };
  for (const [name, make] of Object.entries(strangers)) {
    test(`one ${name}: invalid_request at /authorize; at /end_session the person is asked, and nothing ends`, async () => {
      const { hint, access_token } = await make();
      assert.equal(await errorOf({ id_token_hint: hint }), 'invalid_request');
      const browser = new Browser();
      const { fields } = formOf(isPage(await endSession({ id_token_hint: hint }, browser)));
      assert.deepEqual(fields, {});
      const confirmed = await browser.post('/end_session', { ...fields, confirmed: 'yes' }, { origin: ISSUER });
      const told = (await handoff('request', { request: logoutIn(confirmed).request })).json();
      assert.equal(told.sub ?? told.sid, undefined);
      assert.equal((await userinfo(access_token)).status, 200);
    });
  }

  test('one whose person is not the one of its login ends nothing', async () => {
    const { hint, access_token } = await ofLongAgo(0, { claims: { sub: 'bob' } });
    formOf(isPage(await endSession({ id_token_hint: hint })));
    assert.equal((await userinfo(access_token)).status, 200);
  });
});
