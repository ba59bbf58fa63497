// Our cookies among those of other applications of the same host, as browsers and proxies send them.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isToken } from '../support/check.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  arrival,
  authorize,
  codeFor,
  exchange,
  OFFLINE,
  requestIn,
  requestOf,
} from '../support/flow.mjs';
import { basic, FORM, send } from '../support/http.mjs';
import { get, host } from '../support/target.mjs';
import { Browser, pathOf } from '../support/user-agent.mjs';

const { m2m, web, cookie: spa } = clients;
const ORIGIN = 'https://app.example';

/** Bytes in a header, as node:http writes them. */
const raw = (text) => Buffer.from(text).toString('latin1');

/** The browser's own cookie among others: the value of each `Cookie` line. */
const AMONG = {
  'beside name=José': (own) => [`name=${raw('José')}; ${own}`],
  'before name=José': (own) => [`${own}; name=${raw('José')}`],
  'beside bytes that are not UTF-8': (own) => [`name=Jos\xe9; x=\xff\xfe; ${own}`],
  'beside values with commas and quotes': (own) => [`a=1, 2; b="c, d"; ${own}; e=f, g`],
  'beside what is no cookie': (own) => [`; =; a; =b;${own};;`],
  'in a line of its own, the last': (own) => ['a=1', `name=${raw('José')}`, own],
  'in a line of its own, the first': (own) => [own, 'a=1; b=2', 'c=3, 4'],
  'in a line among others': (own) => ['a=1, 2', `${own}; b=3`, 'c=4'],
};

/** A request with these header lines, in this order. */
async function sendLines(method, path, lines, body) {
  const { url } = await host();
  const length = body === undefined ? [] : ['content-length', String(body.length)];
  return send(url, { method, path, headers: ['host', new URL(url).host, ...lines, ...length], body });
}

const cookieLines = (lines) => lines.flatMap((line) => ['cookie', line]);
const pairOf = (browser) => [...browser.cookies].map((pair) => pair.join('=')).join('; ');

/** A login of `web` up to the address at which its browser goes on. */
async function accepted() {
  const browser = new Browser();
  const request = requestIn(await authorize(browser, requestOf(web)));
  return { browser, redirect: await answered('accept', { request, ...ALICE }) };
}

/** A browser in which the application's page has its refresh token. */
async function signedIn() {
  const browser = new Browser();
  const { code, verifier, redirect_uri } = await codeFor(spa, OFFLINE);
  const form = {
    client_id: spa.client_id,
    grant_type: 'authorization_code',
    code,
    code_verifier: verifier,
    redirect_uri,
  };
  const response = await browser.post('/token', form, { origin: ORIGIN });
  assert.equal(response.status, 200, response.text);
  return browser;
}

const refreshWith = (lines) => {
  const body = `grant_type=refresh_token&client_id=${spa.client_id}`;
  return sendLines('POST', '/token', ['content-type', FORM, 'origin', ORIGIN, ...cookieLines(lines)], body);
};

describe('RFC 6265 §5.4: our cookies among those of others', { concurrency: 8 }, () => {
  for (const [name, lines] of Object.entries(AMONG)) {
    test(`the cookie of a login ${name}`, async () => {
      const { browser, redirect } = await accepted();
      const response = await sendLines('GET', pathOf(redirect), cookieLines(lines(pairOf(browser))));
      assert.ok(arrival(response).params.code, response.text);
    });

    test(`the cookie of a refresh token ${name}`, async () => {
      const browser = await signedIn();
      const response = await refreshWith(lines(pairOf(browser)));
      assert.equal(response.status, 200, response.text);
      assert.match(response.headers['set-cookie'].join(), /^__Host-jeton-refresh-/);
    });

    test(`/authorize keeps the browser's cookie ${name}`, async () => {
      const browser = new Browser();
      await authorize(browser, requestOf(web));
      const known = pairOf(browser);
      const path = `/authorize?${new URLSearchParams(requestOf(web))}`;
      const response = await sendLines('GET', path, cookieLines(lines(known)));
      assert.ok(requestIn(response));
      assert.ok(response.headers['set-cookie'].join().startsWith(`${known};`), response.headers['set-cookie']);
    });
  }

  test('ours twice, in one line or in two: one of the two was planted, so neither is taken', async () => {
    const { browser, redirect } = await accepted();
    const own = pairOf(browser);
    const [name] = browser.cookies.keys();
    for (const lines of [
      [`${own}; ${name}=planted`],
      [`${name}=planted`, own],
      [own, `a=1; ${name}=planted`],
      [`a=1, ${name}=planted; ${own}`, own],
    ]) {
      const response = await sendLines('GET', pathOf(redirect), cookieLines(lines));
      assert.equal(arrival(response).params.error, 'login_required');
    }
    const refresher = await signedIn();
    const [refresh] = refresher.cookies.keys();
    const response = await refreshWith([pairOf(refresher), `${refresh}=planted`]);
    assert.equal(response.status, 400, response.text);
    assert.ok(arrival(await browser.get(redirect)).params.code, 'nothing was used up');
  });
});

describe('header lines that are not ASCII', { concurrency: 8 }, () => {
  const JOSE = [raw('José'), 'Jos\xe9', '\xff'];

  test('of headers that are not read, or that say nothing: as if they were not there', async () => {
    for (const value of JOSE) {
      for (const header of [
        'user-agent',
        'referer',
        'accept-language',
        'x-anything',
        'if-none-match',
        'origin',
        'cookie',
      ]) {
        const response = await get('/.well-known/jwks.json', { [header]: value });
        assert.equal(response.status, 200, `${header}: ${response.text}`);
        const form = { grant_type: 'client_credentials' };
        const authorization = basic(m2m.client_id, m2m.client_secret);
        const headers = { 'content-type': FORM, authorization, [header]: value };
        const body = new URLSearchParams(form).toString();
        await isToken(await send((await host()).url, { method: 'POST', path: '/token', headers, body }));
      }
    }
  });

  test('Authorization: the same 401 as for other malformed credentials', async () => {
    for (const value of JOSE) {
      for (const authorization of [value, `Basic ${value}`, `Bearer ${value}`]) {
        const headers = { 'content-type': FORM, authorization };
        const body = 'grant_type=client_credentials';
        const response = await send((await host()).url, { method: 'POST', path: '/token', headers, body });
        assert.equal(response.status, 401, response.text);
        assert.match(response.headers['www-authenticate'], /^Basic /);
        const userinfo = await get('/userinfo', { authorization });
        assert.equal(userinfo.status, 401, userinfo.text);
        assert.match(userinfo.headers['www-authenticate'], /^Bearer /);
      }
    }
  });

  test('Content-Type: no form, 400', async () => {
    const headers = { 'content-type': raw('application/é') };
    const response = await send((await host()).url, { method: 'POST', path: '/token', headers, body: 'a=b' });
    assert.equal(response.status, 400, response.text);
  });

  test('Origin: another one than those allowed', async () => {
    const login = await codeFor(spa, OFFLINE);
    for (const origin of JOSE) {
      assert.equal((await exchange(spa, login, {}, { headers: { origin } })).status, 403);
    }
    // Two of them are none.
    const { code, verifier, redirect_uri } = login;
    const form = {
      grant_type: 'authorization_code',
      client_id: spa.client_id,
      code,
      code_verifier: verifier,
      redirect_uri,
    };
    const body = new URLSearchParams(form).toString();
    const lines = ['content-type', FORM, 'origin', ORIGIN, 'origin', ISSUER];
    assert.equal((await sendLines('POST', '/token', lines, body)).status, 403);
    assert.equal((await exchange(spa, login, {}, { headers: { origin: ORIGIN } })).status, 200);
  });
});
