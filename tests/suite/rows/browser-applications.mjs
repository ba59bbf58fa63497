// Applications that run in a page: their refresh token is in a cookie no script can read, or in the
// body for pages of origins that are registered.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError } from '../support/check.mjs';
import { clients } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  codeFor,
  exchange,
  loggedIn,
  OFFLINE,
  postAs,
  refresh,
  requestIn,
  returnTo,
  userinfo,
} from '../support/flow.mjs';
import { DEVICE_GRANT } from '../support/grant-clients.mjs';
import { formOf, isPage } from '../support/html.mjs';
import { generationOf } from '../support/tokens.mjs';
import { Browser } from '../support/user-agent.mjs';

const { cookie: spa, page, web, native } = clients;
const ORIGIN = 'https://app.example';
const OTHERS = [
  'https://evil.example',
  'https://app.example.evil.example',
  'http://app.example',
  'https://app.example:8443',
  'https://APP.example',
  'https://app.example/',
  'null',
  '',
];
const NAME = /^__Host-jeton-refresh-[\w-]{16}$/;

const form = (more) => ({ client_id: spa.client_id, grant_type: 'refresh_token', ...more });

/** The application's page asks for new tokens; the browser adds the cookie. */
const refreshIn = (browser, headers = { origin: ORIGIN }, more = {}) => browser.post('/token', form(more), headers);

/** A login of the application: `{ browser, body, cookie }`. */
async function signedIn(origin = ORIGIN) {
  const login = await codeFor(spa, OFFLINE);
  const browser = new Browser();
  const { code, verifier, redirect_uri } = login;
  const redemption = {
    client_id: 'cookie',
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri,
  };
  const response = await browser.post('/token', redemption, { origin });
  assert.equal(response.status, 200, response.text);
  return { browser, response, body: response.json(), login };
}

const cookieOf = (browser) => [...browser.cookies].find(([name]) => NAME.test(name))?.[1];

function isReadable(response, { credentials }, origin = ORIGIN) {
  assert.equal(response.headers['access-control-allow-origin'], origin);
  assert.equal(response.headers['access-control-allow-credentials'], credentials ? 'true' : undefined);
  assert.match(response.headers.vary, /\borigin\b/i);
}

function isUnreadable(response) {
  assert.equal(response.headers['access-control-allow-origin'], undefined);
  assert.equal(response.headers['access-control-allow-credentials'], undefined);
}

/** A refusal that any page may read, if the browser sent no cookies with its request. */
function isReadableWithoutCookies(response) {
  assert.equal(response.headers['access-control-allow-origin'], '*');
  assert.equal(response.headers['access-control-allow-credentials'], undefined);
}

describe('refresh_token_delivery cookie', { concurrency: 8 }, () => {
  test('the body has no refresh token; the cookie is for this host, https and no script', async () => {
    const { browser, response, body } = await signedIn();
    assert.deepEqual(Object.keys(body), ['access_token', 'token_type', 'expires_in', 'scope', 'id_token']);
    const [line, ...others] = response.headers['set-cookie'];
    assert.deepEqual(others, []);
    assert.match(
      line,
      /^__Host-jeton-refresh-[\w-]{16}=jrt_[\w-]{76}; Path=\/; Max-Age=2592000; HttpOnly; Secure; SameSite=Strict$/,
    );
    assert.ok(!response.text.includes(cookieOf(browser)));
    isReadable(response, { credentials: true });
  });

  for (const origin of spa.allowed_origins) {
    test(`a page of ${origin} refreshes by the cookie`, async () => {
      const { browser } = await signedIn(origin);
      const first = cookieOf(browser);
      const response = await refreshIn(browser, { origin });
      assert.equal(response.status, 200, response.text);
      isReadable(response, { credentials: true }, origin);
      assert.ok(!('refresh_token' in response.json()));
      assert.notEqual(cookieOf(browser), first);
      assert.equal(generationOf(cookieOf(browser)), 2);
      assert.equal((await userinfo(response.json().access_token)).status, 200);
    });
  }

  test('ten tabs at once end with the identical cookie', async () => {
    const { browser } = await signedIn();
    const responses = await Promise.all(Array.from({ length: 10 }, () => refreshIn(browser)));
    assert.deepEqual(new Set(responses.map(({ status }) => status)), new Set([200]));
    const cookies = responses.map((response) => response.headers['set-cookie'].join());
    assert.equal(new Set(cookies).size, 1);
    assert.equal(generationOf(cookieOf(browser)), 2);
  });

  test('without an Origin, or from another one: 403, unreadable with the cookie, and nothing moves', async () => {
    const { browser } = await signedIn();
    const before = cookieOf(browser);
    for (const headers of [{}, ...OTHERS.map((origin) => ({ origin }))]) {
      const response = await refreshIn(browser, headers);
      assert.equal(response.status, 403, JSON.stringify(headers));
      isError(response, 403, 'invalid_request');
      isReadableWithoutCookies(response);
      assert.equal(response.headers['set-cookie'], undefined);
    }
    assert.equal(cookieOf(browser), before);
    assert.equal((await refreshIn(browser)).status, 200);
    assert.equal(generationOf(cookieOf(browser)), 2);
  });

  test('a code is redeemed from an allowed Origin only, and stays usable', async () => {
    const login = await codeFor(spa, OFFLINE);
    for (const headers of [{}, { origin: 'https://evil.example' }]) {
      isError(await exchange(spa, login, {}, { headers }), 403, 'invalid_request');
    }
    assert.equal((await exchange(spa, login, {}, { headers: { origin: ORIGIN } })).status, 200);
  });

  test('a device code is redeemed from an allowed Origin only, and stays usable: no page plants a cookie', async () => {
    const { device_code, user_code } = (await postAs(spa, '/device_authorization', OFFLINE)).json();
    const person = new Browser();
    const request = requestIn(await person.get('/device'));
    const { action, fields } = formOf(isPage(await person.get(await answered('accept', { request, ...ALICE }))));
    const confirmation = formOf(isPage(await person.post(action, { ...fields, user_code })));
    isPage(await person.post(confirmation.action, { ...confirmation.fields, decision: 'approve' }));
    const victim = new Browser();
    const poll = (headers) => victim.post('/token', { ...form({ grant_type: DEVICE_GRANT }), device_code }, headers);
    for (const headers of [{}, ...OTHERS.map((origin) => ({ origin }))]) {
      const response = await poll(headers);
      isError(response, 403, 'invalid_request');
      isReadableWithoutCookies(response);
      assert.equal(response.headers['set-cookie'], undefined);
    }
    const response = await poll({ origin: ORIGIN });
    assert.equal(response.status, 200, response.text);
    assert.ok(!('refresh_token' in response.json()));
    assert.equal(generationOf(cookieOf(victim)), 1);
    assert.equal((await refreshIn(victim)).status, 200);
  });

  test('a cookie and a token in the body: invalid_request', async () => {
    const { browser } = await signedIn();
    isError(await refreshIn(browser, { origin: ORIGIN }, { refresh_token: cookieOf(browser) }), 400, 'invalid_request');
    assert.equal((await refreshIn(browser)).status, 200);
  });

  test('no cookie: invalid_request', async () => {
    isError(await refreshIn(new Browser()), 400, 'invalid_request');
  });

  test('the cookie twice: one of the two was planted, so neither is taken', async () => {
    const { browser } = await signedIn();
    const [name] = browser.cookies.keys();
    const cookie = `${name}=${cookieOf(browser)}; ${name}=planted`;
    isError(await refreshIn(new Browser(), { origin: ORIGIN, cookie }), 400, 'invalid_request');
  });

  test("the cookie's name is the client's: another client does not see it", async () => {
    const { browser } = await signedIn();
    const response = await browser.post(
      '/token',
      { client_id: 'page', grant_type: 'refresh_token' },
      { origin: ORIGIN },
    );
    isError(response, 400, 'invalid_request');
  });

  test('invalid_grant clears the cookie, another error does not', async () => {
    const { browser } = await signedIn();
    const [name] = browser.cookies.keys();
    const wider = await refreshIn(browser, { origin: ORIGIN }, { scope: 'root' });
    isError(wider, 400, 'invalid_scope');
    assert.equal(wider.headers['set-cookie'], undefined);
    const good = cookieOf(browser);
    browser.cookies.set(name, `${good.slice(0, -8)}AAAAAAAA`);
    const response = await refreshIn(browser);
    isError(response, 400, 'invalid_grant');
    assert.deepEqual(response.headers['set-cookie'], [
      `${name}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict`,
    ]);
    isReadable(response, { credentials: true });
    assert.equal(cookieOf(browser), undefined);
  });

  test('/end_session clears the cookie and ends the login', async () => {
    const { browser, body } = await signedIn();
    const [name] = browser.cookies.keys();
    const kept = cookieOf(browser);
    const response = await browser.get(`/end_session?id_token_hint=${body.id_token}`);
    returnTo(response);
    assert.deepEqual(response.headers['set-cookie'], [
      `${name}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict`,
    ]);
    browser.cookies.set(name, kept);
    isError(await refreshIn(browser), 400, 'invalid_grant');
  });

  test('a superseded cookie, later replayed by a thief, is judged like any refresh token', async () => {
    const { browser } = await signedIn();
    const [name] = browser.cookies.keys();
    const old = cookieOf(browser);
    await refreshIn(browser);
    const thief = new Browser();
    thief.cookies.set(name, old);
    assert.equal((await refreshIn(thief)).status, 200, 'within grace');
    assert.equal(cookieOf(thief), cookieOf(browser), 'the identical successor');
  });
});

describe('browser applications: cross-origin', { concurrency: 8 }, () => {
  test('a client with allowed_origins: a page of theirs may read, without credentials', async () => {
    const login = await codeFor(page, OFFLINE);
    const response = await exchange(page, login, {}, { headers: { origin: ORIGIN } });
    assert.equal(response.status, 200, response.text);
    assert.equal(response.headers['set-cookie'], undefined);
    isReadable(response, { credentials: false });
    isReadable(await refresh(page, response.json().refresh_token, {}, { headers: { origin: ORIGIN } }), {
      credentials: false,
    });
    isReadable(await exchange(page, login, {}, { headers: { origin: ORIGIN } }), { credentials: false });
  });

  test('a page of another origin may not, and a request without Origin is a native one', async () => {
    const { refresh_token } = await loggedIn(page);
    for (const origin of OTHERS) {
      const response = await refresh(page, refresh_token, {}, { headers: { origin } });
      assert.equal(response.status, 200, 'whoever has the token has it');
      isUnreadable(response);
    }
    isUnreadable(await refresh(page, refresh_token));
  });

  for (const client of [web, native]) {
    test(`the client ${client.client_id} without allowed_origins: no page may read`, async () => {
      const { refresh_token } = await loggedIn(client);
      isUnreadable(await refresh(client, refresh_token, {}, { headers: { origin: ORIGIN } }));
    });
  }
});
