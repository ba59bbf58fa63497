// The ends of a login that does not end with a code. Each is at the client, with the error that says what to
// do next, or on a page of ours where there is no client to go to.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError } from '../support/check.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  arrival,
  authorize,
  exchange,
  handedBack,
  handoff,
  now,
  postAs,
  posted,
  random,
  requestIn,
  requestOf,
} from '../support/flow.mjs';
import { formOf, isPage } from '../support/html.mjs';
import { bent, reseal, unseal } from '../support/tokens.mjs';
import { Browser } from '../support/user-agent.mjs';

const { web, tv } = clients;
const [CB] = web.redirect_uris;
const DAY = 24 * 60 * 60;
/** How long ago things may have expired: a second, and long before the keys that JWKS shows. */
const AGES = [0, 3600, 400 * DAY];

/** What is appended to a call of the login application so that it cannot be read. */
const UNREAD = {
  'more than a body holds': { status: 413, body: `&x=${'x'.repeat(64 * 1024)}` },
  'a parameter twice': { body: '&subject=bob' },
  'more than 200 parameters': { body: '&x'.repeat(200) },
  'what is no UTF-8': { body: '&x=%ff' },
  'no form': { body: '', headers: { 'content-type': 'application/json' } },
};

async function waiting(form = {}, browser = new Browser()) {
  const verifier = random();
  const query = requestOf(web, form, verifier);
  return { browser, verifier, query, request: requestIn(await authorize(browser, query)) };
}

const accept = (request, form = {}) => answered('accept', { request, ...ALICE, ...form });
const reject = (request, form = {}) => answered('reject', { request, error: 'login_required', ...form });
const expired = (text, age = 0) => reseal(text, { expires_at: now() - age });
const ticketIn = (redirect) => new URL(redirect).searchParams.get('ticket');
const withTicket = (ticket) => `/authorize/resume?ticket=${ticket}`;

/** The client gets this error, as it asked to be told, and nothing beside. */
function isTold(response, error, { state = 'a state' } = {}) {
  const { uri, params } = arrival(response);
  assert.equal(uri, CB);
  const { error_description, ...rest } = params;
  assert.deepEqual(rest, { error, state, iss: ISSUER });
  assert.match(error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  assert.equal(response.headers['set-cookie'], undefined, 'nothing of the browser changes');
}

async function isLoggedIn(browser, redirect, { verifier, query }) {
  const { code } = arrival(await browser.get(redirect)).params;
  assert.ok(code);
  const response = await exchange(web, { code, verifier, redirect_uri: query.redirect_uri });
  assert.equal(response.status, 200, response.text);
}

/** A page that ends a way: what happened, the id in the log, and how to go on. */
function isEnd(response, status, link) {
  const text = isPage(response, status);
  const id = response.headers['x-request-id'];
  assert.ok(id && text.includes(`Reference: <code>${id}</code>`), text);
  const links = [...text.matchAll(/<a [^>]*href="([^"]*)"/g)].map(([, href]) => href);
  assert.deepEqual(links, link === undefined ? [] : [link], text);
  return text;
}

for (const response_mode of [undefined, 'form_post']) {
  describe(`the handoff ends at the client, by ${response_mode ?? 'query'}`, { concurrency: 8 }, () => {
    const begin = (form, browser) => waiting({ response_mode, ...form }, browser);

    for (const age of AGES) {
      test(`a request that expired ${age} s ago: request and accept say where to go on, reject goes`, async () => {
        const { browser, request } = await begin();
        const late = expired(request, age);
        for (const call of ['request', 'accept']) {
          const response = await handoff(call, { request: late, ...ALICE });
          isTold(await browser.get(handedBack(response, 'invalid_request')), 'login_required');
        }
        for (const error of ['login_required', 'access_denied']) {
          isTold(await browser.get(await reject(late, { error })), error);
        }
      });

      test(`an acceptance that expired ${age} s ago: login_required`, async () => {
        const { browser, request } = await begin();
        isTold(await browser.get(withTicket(expired(ticketIn(await accept(request)), age))), 'login_required');
      });

      test(`a rejection that expired ${age} s ago: as it was`, async () => {
        const { browser, request } = await begin();
        const redirect = await reject(request, { error: 'consent_required' });
        isTold(await browser.get(withTicket(expired(ticketIn(redirect), age))), 'consent_required');
      });
    }

    test('Back, after the code was redeemed: login_required, and the login stays', async () => {
      const login = await begin();
      const redirect = await accept(login.request);
      await isLoggedIn(login.browser, redirect, login);
      isTold(await login.browser.get(redirect), 'login_required');
      const again = await accept(login.request);
      isTold(await login.browser.get(again), 'login_required');
    });

    test('a second tab: both finish, whichever is first', async () => {
      const browser = new Browser();
      const [one, two] = [await begin({}, browser), await begin({}, browser)];
      const [first, second] = [await accept(one.request), await accept(two.request)];
      await isLoggedIn(browser, second, two);
      await isLoggedIn(browser, first, one);
    });

    test('a link that is opened in another browser: login_required there, and a code in its own', async () => {
      const login = await begin();
      const redirect = await accept(login.request);
      const other = new Browser();
      isTold(await other.get(redirect), 'login_required');
      await begin({}, other);
      isTold(await other.get(redirect), 'login_required');
      await isLoggedIn(login.browser, redirect, login);
    });

    test('prompt=none in a frame of another site, without cookies: what the login application says', async () => {
      for (const error of ['login_required', 'interaction_required']) {
        const { request } = await begin({ prompt: 'none' });
        isTold(await new Browser().get(await reject(request, { error })), error);
      }
      const { request } = await begin({ prompt: 'none' });
      isTold(await new Browser().get(await accept(request)), 'login_required');
    });

    const refusals = [
      ['a login that is too old for max_age', { max_age: '60' }, { auth_time: String(now() - 600) }, 'login_required'],
      ['a login of before for prompt=login', { prompt: 'login' }, { auth_time: String(now() - 600) }, 'login_required'],
      ['no subject', {}, { subject: '' }, 'server_error', 'invalid_request'],
      ['claims that are none', {}, { claims: '[]' }, 'server_error', 'invalid_request'],
      ['a scope beyond the request', { scope: 'read' }, { scope: 'read write' }, 'server_error', 'invalid_scope'],
      ['an auth_time to come', {}, { auth_time: String(now() + 600) }, 'server_error', 'invalid_request'],
    ];
    for (const [name, form, answer, told, said = told] of refusals) {
      test(`the login application says ${name}: ${said} for it, ${told} for the client`, async () => {
        const login = await begin(form);
        const response = await handoff('accept', { request: login.request, ...ALICE, ...answer });
        const redirect = handedBack(response, said);
        isTold(await new Browser().get(redirect), told);
        await isLoggedIn(login.browser, await accept(login.request), login);
      });
    }

    for (const [name, { status = 400, body, headers }] of Object.entries(UNREAD)) {
      test(`the login application sends ${name}: no way on with that, and one by rejecting`, async () => {
        const { browser, request } = await begin();
        for (const call of ['request', 'accept', 'reject']) {
          const form = `${new URLSearchParams({ request, ...ALICE })}${body}`;
          const response = await handoff(call, form, { headers });
          isError(response, status, 'invalid_request');
        }
        isTold(await browser.get(await reject(request, { error: 'server_error' })), 'server_error');
      });
    }

    test('the login application rejects with an error that is none: server_error', async () => {
      const { browser, request } = await begin();
      const response = await handoff('reject', { request, error: 'invalid_grant' });
      isTold(await browser.get(handedBack(response, 'invalid_request')), 'server_error');
    });
  });
}

describe('what ends at the client opens nothing', { concurrency: 8 }, () => {
  test('no error is a code, whoever brings what', async () => {
    const login = await waiting();
    const late = await handoff('accept', { request: expired(login.request), ...ALICE });
    const ticket = unseal(ticketIn(handedBack(late, 'invalid_request')));
    assert.equal(ticket.outcome.accepted, undefined);
    assert.equal(ticket.outcome.rejected.error, 'login_required');
    await isLoggedIn(login.browser, await accept(login.request), login);
  });

  test('an address that was not sealed here leads nowhere', async () => {
    const { browser, request } = await waiting();
    for (const redirect of [await accept(request), await reject(request)]) {
      for (const [, text] of bent(ticketIn(redirect))) {
        isEnd(await browser.get(withTicket(encodeURIComponent(text))), 400);
      }
    }
    isEnd(await browser.get('/authorize/resume'), 400);
  });

  test('whoever is no login application is told nothing of where to go', async () => {
    const { request } = await waiting();
    const response = await handoff('accept', { request: expired(request), ...ALICE }, { login: web });
    assert.deepEqual(Object.keys(response.json()), ['error', 'error_description']);
  });

  test('hints travel to the login application, and not back, but for one language of pages', async () => {
    for (const [ui_locales, expected] of [
      ['fr de-CH en', 'de'],
      ['fr', undefined],
    ]) {
      const hints = { login_hint: 'h'.repeat(900), acr_values: 'gold', ui_locales };
      const { request } = await waiting(hints);
      const { code } = unseal(ticketIn(await accept(request))).request.purpose;
      for (const name of ['login_hint', 'acr_values']) assert.equal(code[name], undefined, name);
      assert.equal(code.ui_locales, expected);
    }
  });
});

describe('a form that another site posts to /authorize', { concurrency: 8 }, () => {
  test('RFC 6265bis §5.2: it comes without the cookie, and goes on as a query, which has it', async () => {
    const browser = new Browser();
    const first = await waiting({}, browser);
    const cookies = new Map(browser.cookies);
    const query = requestOf(web, { state: 'a&b="c" ä' });
    const form = await new Browser().post('/authorize', query);
    assert.equal(form.status, 303);
    assert.equal(form.headers['set-cookie'], undefined, 'the cookie of the other tabs stays');
    const on = new URL(form.headers.location, ISSUER);
    assert.equal(on.pathname, '/authorize');
    assert.deepEqual(Object.fromEntries(on.searchParams), query);
    const request = requestIn(await browser.get(form.headers.location));
    assert.deepEqual(browser.cookies, cookies);
    assert.ok(arrival(await browser.get(await accept(request))).params.code);
    await isLoggedIn(browser, await accept(first.request), first);
  });

  test('one with the cookie, or with an error in it, goes no such way', async () => {
    const { browser } = await waiting();
    requestIn(await browser.post('/authorize', requestOf(web)));
    isTold(await new Browser().post('/authorize', requestOf(web, { scope: 'root' })), 'invalid_scope');
    isPage(await new Browser().post('/authorize', requestOf(web, { client_id: 'nobody' })), 400);
  });

  test('a browser that takes no cookies gets to the login all the same', async () => {
    requestIn(await posted(new Browser(), requestOf(web)));
  });
});

describe('the handoff of a device ends on a page that leads back', { concurrency: 8 }, () => {
  const begin = async (browser = new Browser()) => ({ browser, request: requestIn(await browser.get('/device')) });
  const isLedBack = (response, status, expected) => assert.match(isEnd(response, status, '/device'), expected);

  test('a request that has expired', async () => {
    const { browser, request } = await begin();
    for (const call of ['request', 'accept']) {
      const response = await handoff(call, { request: expired(request), ...ALICE });
      isLedBack(await browser.get(handedBack(response, 'invalid_request')), 200, /not connected/);
    }
    isLedBack(await browser.get(await reject(expired(request, 400 * DAY))), 200, /not connected/);
  });

  test('a rejection, in whatever browser', async () => {
    const { request } = await begin();
    isLedBack(await new Browser().get(await reject(request)), 200, /not connected/);
  });

  test('an acceptance that has expired, is damaged, or is of another browser', async () => {
    const { browser, request } = await begin();
    const redirect = await accept(request);
    const ticket = ticketIn(redirect);
    const late = expired(ticket);
    isLedBack(await browser.get(withTicket(late)), 400, /too long/);
    isLedBack(await new Browser().get(redirect), 400, /another browser/);
    isLedBack(await browser.post('/device', { ticket: late, user_code: 'BBBB-BBBB' }), 400, /too long/);
    isLedBack(await new Browser().post('/device', { ticket, user_code: 'BBBB-BBBB' }), 400, /another browser/);
    isLedBack(await browser.post('/device', { ticket: `${ticket}x` }), 400, /damaged/);
    isLedBack(await browser.post('/device', {}), 400, /damaged/);
    isEnd(await browser.get(withTicket(`${ticket}x`)), 400);
    assert.ok(formOf(isPage(await browser.get(redirect))));
  });

  test('what a person decides, and what was decided already', async () => {
    const device = (await postAs(tv, '/device_authorization')).json();
    const { browser, request } = await begin();
    const { fields } = formOf((await browser.get(await accept(request, { subject: random() }))).text);
    const shown = formOf((await browser.post('/device', { ...fields, user_code: device.user_code })).text).fields;
    // Where all went well there is nothing to refer to.
    assert.doesNotMatch(isPage(await browser.post('/device', { ...shown, decision: 'approve' })), /Reference|<a /);
    isLedBack(await browser.post('/device', { ...shown, decision: 'deny' }), 200, /has expired/);
  });
});

describe('the handoff ends on a page where there is no client to tell', { concurrency: 8 }, () => {
  test('an unknown client: words', async () => {
    const text = isEnd(await new Browser().get('/authorize?client_id=nobody&state=a-strangers-words'), 400);
    assert.match(text, /not known/);
    assert.doesNotMatch(text, /nobody|strangers/);
  });

  test('an address that is not registered: back to the application, if it has one', async () => {
    const wrong = requestOf(web, { redirect_uri: 'https://evil.example/cb' });
    assert.doesNotMatch(isEnd(await authorize(new Browser(), wrong), 400, 'https://app.example/start'), /evil/);
    const bye = 'client_id=web&post_logout_redirect_uri=https://evil.example/bye';
    isEnd(await new Browser().get(`/end_session?${bye}`), 400, 'https://app.example/start');
    const homeless = requestOf(clients.other, { redirect_uri: 'https://evil.example/cb' });
    isEnd(await authorize(new Browser(), homeless), 400);
  });

  test('the page names the parameter, the rule and the code, for whoever made the application', async () => {
    for (const [path, parameter, rule] of [
      ['/authorize?client_id=nobody&response_type=code', 'client_id', 'RFC 6749 §2.2'],
      ['/authorize?client_id=web&redirect_uri=https://evil.example/cb', 'redirect_uri', 'RFC 6749 §3.1.2.3'],
      [
        '/end_session?client_id=web&post_logout_redirect_uri=https://evil.example/',
        'post_logout_redirect_uri',
        'RP-Initiated Logout 1.0 §3',
      ],
      ['/authorize/resume?ticket=x', 'ticket', 'as this service has made it'],
    ]) {
      const response = await new Browser().get(path);
      const text = isPage(response, 400);
      assert.ok(text.includes(`<dt>Parameter</dt><dd><code>${parameter}</code></dd>`), text);
      assert.ok(text.includes(rule), text);
      assert.ok(text.includes('<code>invalid_request</code>'), text);
    }
  });

  test('a credential in the wrong place is on no page', async () => {
    for (const secret of ['jrt_AAAABBBB', 'jcs_AAAABBBB', 'eyJhbGciOiJub25lIn0.e30.'])
      for (const path of [
        `/authorize?client_id=${secret}`,
        `/authorize?client_id=web&redirect_uri=https://x/?a=${secret}`,
      ])
        assert.ok(!(await new Browser().get(path)).text.includes(secret), path);
  });

  test('a logout that is damaged, and one that is done', async () => {
    isEnd(await new Browser().get('/end_session/resume?ticket=x'), 400);
  });
});
