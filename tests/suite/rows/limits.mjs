// What a stranger can make a request cost, before anybody is authenticated: the rows of README's table
// of limits that show over HTTP. A body that is as costly as it can be is refused, and exactly at the
// limit it is not.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError, isToken } from '../support/check.mjs';
import { clients } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  arrival,
  authorize,
  codeFor,
  exchange,
  handedBack,
  handoff,
  loggedIn,
  OFFLINE,
  postAs,
  posted,
  refresh,
  refreshed,
  requestIn,
  requestOf,
} from '../support/flow.mjs';
import { isPage } from '../support/html.mjs';
import { clientCredentials, post } from '../support/target.mjs';
import { unseal } from '../support/tokens.mjs';
import { Browser } from '../support/user-agent.mjs';

const { m2m, web, wide, tv } = clients;
const BODY_LIMIT = 64 * 1024;
const MOST_PARAMETERS = 200;
const MOST_SCOPE_TOKENS = 1000;
const MOST_AUDIENCES = 100;

const times = (count, text) => Array.from({ length: count }, () => text);
const distinct = (count) => Array.from({ length: count }, (_, index) => index.toString(36));

/** Scopes that are too long: of distinct tokens, of repeats, and of both as many as a body holds. */
const SCOPES = {
  'a thousand distinct tokens and one': distinct(MOST_SCOPE_TOKENS + 1).join(' '),
  'one token a thousand times and once': times(MOST_SCOPE_TOKENS + 1, 'read').join(' '),
  'a thousand distinct tokens and 13,000 repeats': [...distinct(MOST_SCOPE_TOKENS), ...times(13_000, 'rr')].join(' '),
};

describe('limits: parameters', { concurrency: 8 }, () => {
  const JSON_ERRORS = [
    '/token',
    '/introspect',
    '/revoke',
    '/revoke_grants',
    '/device_authorization',
    '/authorize/request',
    '/authorize/accept',
    '/authorize/reject',
    '/userinfo',
  ];
  const PAGES = ['/authorize', '/device', '/end_session'];
  const BODIES = {
    'distinct ones': distinct(MOST_PARAMETERS + 1)
      .map((name) => `p${name}=1`)
      .join('&'),
    'one that may be repeated': times(MOST_PARAMETERS + 1, 'resource=https://a.example').join('&'),
    'empty ones': '&'.repeat(MOST_PARAMETERS),
    'as many as a body holds': '&'.repeat(BODY_LIMIT),
    'as many with names as a body holds': times(BODY_LIMIT / 4, 'a=b').join('&'),
  };

  for (const [name, body] of Object.entries(BODIES)) {
    test(`more than 200, ${name}: invalid_request, before anybody is authenticated`, async () => {
      assert.ok(body.length <= BODY_LIMIT);
      for (const path of JSON_ERRORS) {
        const response = await post(path, body);
        assert.equal(response.status, 400, `${path}: ${response.text}`);
        assert.equal(response.json().error, 'invalid_request', path);
        assert.match(response.json().error_description, /200 parameters/, path);
      }
      for (const path of PAGES) isPage(await post(path, body), 400);
    });
  }

  test('in a query: the same', async () => {
    const query = times(MOST_PARAMETERS + 1, 'x').join('&');
    for (const path of [...PAGES, '/authorize/resume', '/end_session/resume']) {
      isPage(await new Browser().get(`${path}?${query}`), 400);
    }
  });

  test('exactly 200 are read', async () => {
    const more = distinct(MOST_PARAMETERS - 1).map((name) => [`p${name}`, '']);
    await isToken(await clientCredentials(m2m, more));
  });
});

describe('limits: scope tokens, repeats counted', { concurrency: 8 }, () => {
  for (const [name, scope] of Object.entries(SCOPES)) {
    test(`${name}: invalid_scope wherever a scope is named`, async () => {
      isError(await clientCredentials(m2m, { scope }), 400, 'invalid_scope');
      isError(await postAs(tv, '/device_authorization', { scope }), 400, 'invalid_scope');
      const { refresh_token } = await loggedIn(web);
      isError(await refresh(web, refresh_token, { scope }), 400, 'invalid_scope');
      await refreshed(web, refresh_token);
      const request = requestIn(await authorize(new Browser(), requestOf(web)));
      handedBack(await handoff('accept', { request, ...ALICE, scope }), 'invalid_scope');
      const { params } = arrival(await new Browser().post('/authorize', requestOf(web, { scope })));
      assert.equal(params.error, 'invalid_scope');
    });
  }

  test('a thousand are read', async () => {
    const scope = [...times(MOST_SCOPE_TOKENS - 1, 'read'), 'write'].join(' ');
    const { body } = await isToken(await clientCredentials(m2m, { scope }));
    assert.equal(body.scope, 'read write');
    isError(await clientCredentials(m2m, { scope: distinct(MOST_SCOPE_TOKENS).join(' ') }), 400, 'invalid_scope');
  });
});

describe('limits: resources and audiences, repeats counted', { concurrency: 8 }, () => {
  const [own] = m2m.audiences;
  const both = (count) => [...times(count - 1, ['resource', own]), ['audience', own]];

  test('more than 100: invalid_target wherever they are named', async () => {
    const many = both(MOST_AUDIENCES + 1);
    isError(await clientCredentials(m2m, many), 400, 'invalid_target');
    isError(await postAs(tv, '/device_authorization', many), 400, 'invalid_target');
    const { refresh_token } = await loggedIn(web);
    isError(await refresh(web, refresh_token, many), 400, 'invalid_target');
    await refreshed(web, refresh_token);
    const login = await codeFor(web, OFFLINE);
    const { code, verifier, redirect_uri } = login;
    const redemption = { grant_type: 'authorization_code', code, code_verifier: verifier, redirect_uri };
    isError(await postAs(web, '/token', [...Object.entries(redemption), ...many]), 400, 'invalid_target');
    assert.equal((await exchange(web, login)).status, 200);
    const query = requestOf(web, { resource: times(MOST_AUDIENCES + 1, own) });
    assert.equal(arrival(await authorize(new Browser(), query)).params.error, 'invalid_target');
  });

  test('a hundred are read', async () => {
    await isToken(await clientCredentials(m2m, both(MOST_AUDIENCES)), { audience: own });
  });
});

describe('limits: other lists', { concurrency: 8 }, () => {
  test('prompt: as many values as there are, repeats counted', async () => {
    for (const prompt of [times(5, 'login').join(' '), times(8_000, 'consent').join(' '), distinct(8_000).join(' ')]) {
      const { params } = arrival(await new Browser().post('/authorize', requestOf(web, { prompt })));
      assert.equal(params.error, 'invalid_request');
    }
    requestIn(await authorize(new Browser(), requestOf(web, { prompt: 'login login consent' })));
  });

  for (const name of ['acr_values', 'ui_locales', 'claims_locales', 'login_hint', 'nonce']) {
    test(`${name}: at most 2,048 bytes, whatever is in it`, async () => {
      const value = 'x '.repeat(1025);
      const { params } = arrival(await new Browser().post('/authorize', requestOf(web, { [name]: value })));
      assert.equal(params.error, 'invalid_request');
      requestIn(await posted(new Browser(), requestOf(web, { [name]: value.slice(0, 2048) })));
    });
  }

  test('state: at most 2,048 bytes, and of more than 4,096 it does not come back', async () => {
    const of = async (length) => {
      const state = '='.repeat(length);
      const { params } = arrival(await new Browser().post('/authorize', requestOf(web, { state, scope: 'root' })));
      return [params.error, params.state === state, params.state === undefined];
    };
    assert.deepEqual(await of(2048), ['invalid_scope', true, false]);
    assert.deepEqual(await of(4096), ['invalid_scope', true, false]);
    assert.deepEqual(await of(4097), ['invalid_scope', false, true]);
    const state = 'x'.repeat(20_000);
    for (const response_mode of ['query', 'fragment']) {
      const response = await new Browser().post('/authorize', requestOf(web, { state, response_mode }));
      assert.equal(arrival(response).params.error, 'invalid_request');
      assert.ok(response.headers.location.length < 1024, response.headers.location);
    }
  });

  test('an authorization request: at most 4,096 bytes travel on, and its addresses stay below 8 kB', async () => {
    const browser = new Browser();
    const form = { scope: 'openid read', nonce: 'n'.repeat(1700), state: '' };
    const sizeOf = (response) => JSON.stringify(unseal(requestIn(response))).length;
    const room = 4096 - sizeOf(await authorize(browser, requestOf(web, { ...form, state: 's' }))) + 1;
    const full = await authorize(browser, requestOf(web, { ...form, state: 'q'.repeat(room) }));
    assert.equal(sizeOf(full), 4096);
    assert.ok(full.headers.location.length < 8192, `the login's address: ${full.headers.location.length}`);
    const claims = JSON.stringify({ x: 'x'.repeat(1492) });
    assert.equal(claims.length, 1500);
    const answer = { request: requestIn(full), ...ALICE, subject: '"'.repeat(127), claims, scope: 'openid' };
    const redirect = await answered('accept', answer);
    assert.ok(redirect.length < 8192, `the way back: ${redirect.length}`);
    assert.ok(arrival(await browser.get(redirect)).params.code);

    const state = 'q'.repeat(room + 1);
    const { params } = arrival(await authorize(browser, requestOf(web, { ...form, state })));
    assert.equal(params.error, 'invalid_request');
    assert.match(params.error_description, /at most 4096 bytes/);
    assert.equal(params.state, state);
    const many = arrival(await authorize(browser, requestOf(wide, { scope: wide.scope }))).params;
    assert.equal(many.error, 'invalid_request');
    assert.match(many.error_description, /at most 4096 bytes/);
  });

  test('a form without a cookie: at most 8,000 bytes go on as a query', async () => {
    const form = requestOf(web, { unread: '' });
    const room = 8000 - new URLSearchParams(form).toString().length;
    const most = { ...form, unread: 'x'.repeat(room) };
    const response = await new Browser().post('/authorize', most);
    assert.equal(response.headers.location.length, '/authorize?'.length + 8000);
    const more = { ...form, unread: 'x'.repeat(room + 1) };
    const { params } = arrival(await new Browser().post('/authorize', more));
    assert.equal(params.error, 'invalid_request');
    assert.match(params.error_description, /at most 8000 bytes/);
    const browser = new Browser();
    await authorize(browser, requestOf(web));
    requestIn(await browser.post('/authorize', { ...form, unread: 'x'.repeat(40_000) }));
  });

  test('claims: at most 2,048 bytes, whatever is in it', async () => {
    const asked = (length) => ({ scope: 'openid', claims: `{"userinfo":null}${' '.repeat(length - 17)}` });
    const { params } = arrival(await new Browser().post('/authorize', requestOf(web, asked(2049))));
    assert.equal(params.error, 'invalid_request');
    requestIn(await posted(new Browser(), requestOf(web, asked(2048))));
  });
});
