import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError } from '../support/check.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  authorize,
  codeFor,
  handedBack,
  handoff,
  isEnded,
  loggedIn,
  logoutIn,
  now,
  OFFLINE,
  refreshed,
  requestIn,
  requestOf,
  returnTo,
  userinfo,
} from '../support/flow.mjs';
import { formOf, isPage } from '../support/html.mjs';
import { send } from '../support/http.mjs';
import { host, startFor, unless } from '../support/target.mjs';
import { bent, claimsOf, parse, reseal } from '../support/tokens.mjs';
import { Browser } from '../support/user-agent.mjs';

const { web, other, many, cookie: spa } = clients;
const BYE = 'https://app.example/bye';

const endSession = (form, browser = new Browser()) => browser.get(`/end_session?${new URLSearchParams(form)}`);

/** Sends the form of our own page: the browser says by `Origin` that it is. */
const confirm = (browser, fields = {}, action = '/end_session') =>
  browser.post(action, { ...fields, confirmed: 'yes' }, { origin: ISSUER });

/** The logout goes by the login application, and from there on to `expected`. */
async function isSentTo(response, expected) {
  const back = await new Browser().get(returnTo(response));
  assert.equal(back.status, 303, back.text);
  assert.equal(back.headers.location, expected);
  assert.equal(back.headers['cache-control'], 'no-store');
}

async function isLoggedOut(response) {
  assert.match(isPage(await new Browser().get(returnTo(response))), /logged out/i);
}

describe('/end_session', { concurrency: 8 }, () => {
  test('RP-Initiated Logout §2: the session that the hint names ends', async () => {
    const [tokens, kept] = [await loggedIn(web), await loggedIn(web)];
    await isLoggedOut(await endSession({ id_token_hint: tokens.id_token }));
    await isEnded(web, tokens);
    assert.equal((await userinfo(kept.access_token)).status, 200, 'and no other');
  });

  test('the page that ends a logout leads back to the application, if that has a home', async () => {
    const home = '<a class="button" href="https://app.example/start">Back to the application</a>';
    const { id_token } = await loggedIn(web);
    const page = isPage(await new Browser().get(returnTo(await endSession({ id_token_hint: id_token }))));
    assert.ok(page.includes(home), page);
    const [confirmed, browser] = [{ client_id: other.client_id }, new Browser()];
    const homeless = isPage(await new Browser().get(returnTo(await confirm(browser, confirmed))));
    assert.doesNotMatch(homeless, /<a /);
  });

  test('RP-Initiated Logout §2: POST works like GET', async () => {
    const tokens = await loggedIn(web);
    const form = { id_token_hint: tokens.id_token, post_logout_redirect_uri: BYE, client_id: 'web' };
    await isSentTo(await new Browser().post('/end_session', form), BYE);
    await isEnded(web, tokens);
  });

  test('the ID token of a refresh is as good a hint', async () => {
    const tokens = await refreshed(web, (await loggedIn(web)).refresh_token);
    await isLoggedOut(await endSession({ id_token_hint: tokens.id_token }));
    await isEnded(web, tokens);
    await isLoggedOut(await endSession({ id_token_hint: tokens.id_token }));
  });

  const destinations = [
    ['as registered', { post_logout_redirect_uri: BYE }, BYE],
    ['with state', { post_logout_redirect_uri: BYE, state: 'a b&c=d"' }, `${BYE}?state=a+b%26c%3Dd%22`],
    [
      'with a query of its own',
      { post_logout_redirect_uri: `${BYE}?from=jeton`, state: 'x' },
      `${BYE}?from=jeton&state=x`,
    ],
  ];

  for (const [name, form, expected] of destinations) {
    test(`RP-Initiated Logout §3: post_logout_redirect_uri ${name}`, async () => {
      const { id_token } = await loggedIn(web);
      await isSentTo(await endSession({ id_token_hint: id_token, ...form }), expected);
    });
  }

  const unregistered = [
    'https://evil.example/bye',
    `${BYE}/`,
    `${BYE}?x=1`,
    `${BYE}#x`,
    'https://app.example/cb',
    'https://app.example@evil.example/bye',
    'javascript:alert(1)',
    '/bye',
    '//app.example/bye',
  ];
  for (const post_logout_redirect_uri of unregistered) {
    test(`RP-Initiated Logout §3: post_logout_redirect_uri ${post_logout_redirect_uri}: a page, and no redirect`, async () => {
      const { id_token } = await loggedIn(web);
      const text = isPage(await endSession({ id_token_hint: id_token, post_logout_redirect_uri }), 400);
      assert.ok(!/evil|alert/.test(text));
      isPage(await endSession({ client_id: 'web', post_logout_redirect_uri }), 400);
    });
  }

  test('RP-Initiated Logout §3: registered for another client, or for none: a page', async () => {
    const { id_token } = await loggedIn(many);
    isPage(await endSession({ id_token_hint: id_token, post_logout_redirect_uri: BYE }), 400);
    isPage(await endSession({ client_id: 'many', post_logout_redirect_uri: BYE }), 400);
    isPage(await endSession({ post_logout_redirect_uri: BYE }), 400);
  });

  test('RP-Initiated Logout §4: a hint that is not of here ends nothing, and the person is asked', async () => {
    const { id_token, access_token, refresh_token } = await loggedIn(web);
    const [header, , signature] = id_token.split('.');
    const changed = Buffer.from(JSON.stringify({ ...claimsOf(id_token), sub: 'bob' })).toString('base64url');
    const none = Buffer.from('{"alg":"none","typ":"JWT"}').toString('base64url');
    const foreign = [
      'x',
      '..',
      access_token,
      refresh_token,
      `${header}.${changed}.${signature}`,
      id_token.slice(0, -2),
      `${none}.${id_token.split('.')[1]}.`,
    ];
    for (const id_token_hint of foreign) {
      const browser = new Browser();
      const asked = await endSession({ id_token_hint, client_id: 'web', post_logout_redirect_uri: BYE }, browser);
      const { action, fields } = formOf(isPage(asked));
      assert.deepEqual(fields, { client_id: 'web', post_logout_redirect_uri: BYE });
      await isSentTo(await confirm(browser, fields, action), BYE);
      formOf(isPage(await new Browser().post('/end_session', { id_token_hint, confirmed: 'yes' })));
      const { request } = logoutIn(await confirm(browser, { id_token_hint, client_id: 'web' }));
      const told = (await handoff('request', { request })).json();
      assert.equal(told.sub ?? told.sid, undefined, 'the login application is told nobody');
    }
    assert.equal((await userinfo(access_token)).status, 200);
  });

  test('RP-Initiated Logout §4: a hint that cannot be verified names no client: the person is asked, and led nowhere', async () => {
    const { id_token, access_token } = await loggedIn(web);
    const [header, payload] = id_token.split('.');
    for (const id_token_hint of ['x', 'a.b.c', `${header}.${payload}.AAAA`]) {
      for (const post_logout_redirect_uri of [BYE, 'https://evil.example/bye']) {
        const browser = new Browser();
        const asked = await endSession({ id_token_hint, post_logout_redirect_uri, state: 's' }, browser);
        const { action, fields } = formOf(isPage(asked));
        assert.deepEqual(fields, { state: 's' });
        await isLoggedOut(await confirm(browser, fields, action));
      }
    }
    assert.equal((await userinfo(access_token)).status, 200);
  });

  test('RP-Initiated Logout §2: client_id and the hint disagree: the person is asked, and nothing ends', async () => {
    const tokens = await loggedIn(web);
    for (const client_id of ['nobody', '\u0000']) {
      isPage(await endSession({ id_token_hint: tokens.id_token, client_id }), 400);
    }
    const browser = new Browser();
    const asked = await endSession({ id_token_hint: tokens.id_token, client_id: other.client_id }, browser);
    const { action, fields } = formOf(isPage(asked));
    assert.deepEqual(fields, { client_id: other.client_id });
    const { request } = logoutIn(await confirm(browser, { ...fields, id_token_hint: tokens.id_token }, action));
    const told = (await handoff('request', { request })).json();
    assert.equal(told.sub ?? told.sid, undefined);
    assert.equal((await userinfo(tokens.access_token)).status, 200);
    await isLoggedOut(await endSession({ id_token_hint: tokens.id_token, client_id: 'web' }));
    await isEnded(web, tokens);
  });

  test('RP-Initiated Logout §2: without a hint the person is asked, and then sent on', async () => {
    const asked = { client_id: 'web', post_logout_redirect_uri: BYE, state: '"><script>alert(1)</script>' };
    const browser = new Browser();
    const response = await endSession(asked, browser);
    const text = isPage(response);
    assert.ok(!text.includes('<script'), text);
    const { action, method, fields, buttons } = formOf(text);
    assert.equal(method, 'post');
    assert.deepEqual(fields, asked);
    assert.deepEqual(buttons, [{ name: 'confirmed', value: 'yes' }]);
    await isSentTo(await confirm(browser, fields, action), `${BYE}?${new URLSearchParams({ state: asked.state })}`);
  });

  test('without anything the person is asked, and told', async () => {
    const browser = new Browser();
    const { action } = formOf(isPage(await endSession({}, browser)));
    await isLoggedOut(await confirm(browser, {}, action));
    for (const form of [{ confirmed: 'yes' }, { confirmed: 'no' }])
      assert.ok(formOf(isPage(await endSession(form))), 'a link does not confirm');
  });

  for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }, {}]) {
    test(`a form on a page of ${headers.origin ?? 'no origin'} does not confirm for the person`, async () => {
      const response = await new Browser().post('/end_session', { client_id: 'cookie', confirmed: 'yes' }, headers);
      assert.deepEqual(formOf(isPage(response)).buttons, [{ name: 'confirmed', value: 'yes' }], 'it asks again');
      assert.equal(response.headers['set-cookie'], undefined);
    });
  }

  test('a form on our own page confirms', async () => {
    const form = { client_id: 'cookie', confirmed: 'yes' };
    await isLoggedOut(await new Browser().post('/end_session', form, { origin: ISSUER }));
  });

  test('an unknown client, a parameter twice: a page', async () => {
    isPage(await endSession({ client_id: 'nobody' }), 400);
    isPage(await new Browser().get('/end_session?state=a&state=b'), 400);
  });

  test('RFC 9110 §15.5.6: HEAD: 405, and nothing ends', async () => {
    const tokens = await loggedIn(web);
    const response = await send((await host()).url, {
      method: 'HEAD',
      path: `/end_session?id_token_hint=${tokens.id_token}`,
    });
    assert.equal(response.status, 405);
    assert.equal(response.headers.allow, 'GET, POST, OPTIONS');
    assert.equal((await userinfo(tokens.access_token)).status, 200);
  });

  test('the way back from the login application is sealed, and ends', async () => {
    const { id_token } = await loggedIn(web);
    const back = returnTo(await endSession({ id_token_hint: id_token, post_logout_redirect_uri: BYE }));
    const [address, ticket] = back.split('ticket=');
    const browser = new Browser();
    for (const [, text] of bent(ticket)) isPage(await browser.get(`${address}ticket=${encodeURIComponent(text)}`), 400);
    isPage(await browser.get('/end_session/resume'), 400);
    assert.equal((await browser.get(back)).headers.location, BYE);
  });

  test('a logout that the login application took long over goes on where it was going', async () => {
    const { id_token } = await loggedIn(web);
    const asked = { id_token_hint: id_token, post_logout_redirect_uri: BYE, state: 's' };
    const { back, request } = logoutIn(await endSession(asked));
    const [address, ticket] = back.split('ticket=');
    const expired = reseal(ticket, { expires_at: now() - 1_000_000 });
    const on = await new Browser().get(`${address}ticket=${expired}`);
    assert.equal(on.headers.location, `${BYE}?state=s`);
    const moved = reseal(ticket, { uri: 'https://app.example/gone' });
    assert.match(isPage(await new Browser().get(`${address}ticket=${moved}`)), /logged out/);
    const refused = await handoff('request', { request: reseal(request, { expires_at: now() }) });
    const redirect = handedBack(refused, 'invalid_request');
    assert.equal((await new Browser().get(redirect)).headers.location, `${BYE}?state=s`);
  });

  test('a state of 2,048 bytes travels on, and of more: a page', async () => {
    const { id_token } = await loggedIn(web);
    const ask = (state) => endSession({ id_token_hint: id_token, post_logout_redirect_uri: BYE, state });
    const response = await ask('q'.repeat(2048));
    assert.ok(response.headers.location.length < 8192, String(response.headers.location.length));
    await isSentTo(response, `${BYE}?state=${'q'.repeat(2048)}`);
    isPage(await ask('q'.repeat(2049)), 400);
  });

  test('without JETON_LOGOUT_URL the person is sent on at once', { skip: unless.loginless }, async (t) => {
    const on = await startFor(t, { changes: { JETON_LOGOUT_URL: '' } });
    const browser = new Browser({ on });
    const tokens = await loggedIn(web, undefined, { on });
    const response = await endSession(
      { id_token_hint: tokens.id_token, post_logout_redirect_uri: BYE, state: 's' },
      browser,
    );
    assert.equal(response.status, 303, response.text);
    assert.equal(response.headers.location, `${BYE}?state=s`);
    await isEnded(web, tokens, { on });
    assert.match(isPage(await confirm(browser)), /logged out/i);
  });
});

describe('/end_session and the login application', { concurrency: 8 }, () => {
  test('it is told whom the hint names, and by which login', async () => {
    const { id_token } = await loggedIn(web);
    const { request } = logoutIn(await endSession({ id_token_hint: id_token }));
    assert.match(request, /^jsl_/);
    const { expires_at, ...told } = (await handoff('request', { request })).json();
    assert.ok(Math.abs(expires_at - now() - 600) < 5);
    assert.deepEqual(told, {
      kind: 'logout',
      client_id: 'web',
      client_name: web.client_name,
      sub: 'alice',
      sid: claimsOf(id_token).sid,
    });
  });

  test('the sid of a logout is the one that it was told at the login', async () => {
    const browser = new Browser();
    const query = requestOf(web, OFFLINE);
    const request = requestIn(await authorize(browser, query));
    const { sid } = (await handoff('request', { request })).json();
    const redirect = await answered('accept', { request, ...ALICE });
    const code = new URL((await browser.get(redirect)).headers.location).searchParams.get('code');
    assert.equal(parse(code).grant.toString('base64url'), sid);
  });

  test('without a hint it is told nobody', async () => {
    for (const [fields, expected] of [
      [{}, {}],
      [{ client_id: 'cookie' }, { client_id: 'cookie' }],
    ]) {
      const { request } = logoutIn(await confirm(new Browser(), fields));
      const { expires_at, ...told } = (await handoff('request', { request })).json();
      assert.equal(typeof expires_at, 'number');
      assert.deepEqual(told, { kind: 'logout', ...expected });
    }
  });

  test('only a login application is told, and only of what is sealed here and has not expired', async () => {
    const { id_token } = await loggedIn(web);
    const { request } = logoutIn(await endSession({ id_token_hint: id_token }));
    isError(await handoff('request', { request }, { login: web }), 403, 'unauthorized_client');
    for (const [, text] of bent(request)) {
      isError(await handoff('request', { request: text }), 400, 'invalid_request');
    }
  });

  test('a logout is no login, and a login no logout', async () => {
    const { id_token } = await loggedIn(web);
    const { request } = logoutIn(await endSession({ id_token_hint: id_token }));
    for (const call of ['accept', 'reject']) {
      isError(await handoff(call, { request, ...ALICE }), 400, 'invalid_request');
    }
    const login = requestIn(await authorize(new Browser(), requestOf(web)));
    isPage(await new Browser().get(`/end_session/resume?ticket=${login}`), 400);
  });
});

describe('/end_session and the cookie of a refresh token', { concurrency: 8 }, () => {
  const NAME = /^__Host-jeton-refresh-/;
  const ORIGIN = 'https://app.example';
  const refreshIn = (browser) =>
    browser.post('/token', { grant_type: 'refresh_token', client_id: 'cookie' }, { origin: ORIGIN });

  /** A browser in which the application's page is logged in: `{ browser, id_token, name, held }`. */
  async function loggedInPage() {
    const { code, verifier, redirect_uri } = await codeFor(spa, OFFLINE);
    const form = { client_id: 'cookie', code, code_verifier: verifier, redirect_uri };
    const browser = new Browser();
    const response = await browser.post('/token', { grant_type: 'authorization_code', ...form }, { origin: ORIGIN });
    assert.equal(response.status, 200, response.text);
    const [name, held] = [...browser.cookies].find(([name]) => NAME.test(name));
    return { browser, name, held, id_token: response.json().id_token };
  }

  const isCleared = (response, name) =>
    assert.deepEqual(response.headers['set-cookie'], [
      `${name}=; Path=/; Max-Age=0; HttpOnly; Secure; SameSite=Strict`,
    ]);

  /** The grant has ended: whoever kept the cookie has nothing. */
  async function isWorthless({ name, held }) {
    const browser = new Browser();
    browser.cookies.set(name, held);
    isError(await refreshIn(browser), 400, 'invalid_grant');
  }

  test('by a hint of its login it is removed, and its grant has ended', async () => {
    const person = await loggedInPage();
    isCleared(await endSession({ id_token_hint: person.id_token }, person.browser), person.name);
    await isWorthless(person);
  });

  test("by another login's hint, as in a link that somebody made: nothing happens to it", async () => {
    const [person, stranger] = [await loggedInPage(), await loggedInPage()];
    for (const ask of [
      () => endSession({ id_token_hint: stranger.id_token }, person.browser),
      () => endSession({ id_token_hint: stranger.id_token, client_id: 'cookie', confirmed: 'yes' }, person.browser),
      () =>
        person.browser.post('/end_session', { id_token_hint: stranger.id_token }, { origin: 'https://evil.example' }),
    ]) {
      const response = await ask();
      returnTo(response);
      assert.equal(response.headers['set-cookie'], undefined);
    }
    assert.equal((await refreshIn(person.browser)).status, 200);
    await isWorthless(stranger);
  });

  test('from another site it is not sent: by its hint it stays, and is worth nothing', async () => {
    const person = await loggedInPage();
    const response = await endSession({ id_token_hint: person.id_token });
    assert.equal(response.headers['set-cookie'], undefined);
    await isWorthless(person);
  });

  test('once the person has confirmed it is removed, and its grant has ended', async () => {
    const [person, another] = [await loggedInPage(), await loggedInPage()];
    const response = await confirm(person.browser, { client_id: 'cookie' });
    isCleared(response, person.name);
    await isLoggedOut(response);
    await isWorthless(person);
    assert.equal((await refreshIn(another.browser)).status, 200, 'and no other');
  });

  test('one that was superseded is as good to log out by', async () => {
    const person = await loggedInPage();
    assert.equal((await refreshIn(person.browser)).status, 200);
    const [, current] = [...person.browser.cookies].find(([name]) => NAME.test(name));
    person.browser.cookies.set(person.name, person.held);
    isCleared(await confirm(person.browser, { client_id: 'cookie' }), person.name);
    await isWorthless({ ...person, held: current });
  });

  test('one that is not of here, or of another client, ends nothing', async () => {
    const [person, page] = [await loggedInPage(), await loggedIn(clients.page)];
    for (const text of ['x', page.refresh_token, ...bent(person.held).map(([, text]) => text)]) {
      const browser = new Browser();
      browser.cookies.set(person.name, text.trim());
      if (text.trim() === person.held) continue;
      isCleared(await confirm(browser, { client_id: 'cookie' }), person.name);
    }
    assert.equal((await refreshIn(person.browser)).status, 200);
    await refreshed(clients.page, page.refresh_token);
  });

  test('until the person has confirmed, and for another client, it stays', async () => {
    const person = await loggedInPage();
    for (const response of [
      await endSession({ client_id: 'cookie' }, person.browser),
      await endSession({ client_id: 'cookie', confirmed: 'yes' }, person.browser),
      await person.browser.post('/end_session', { client_id: 'cookie' }, { origin: ISSUER }),
      await confirm(person.browser, { client_id: 'web' }),
      await confirm(person.browser),
    ]) {
      assert.equal(response.headers['set-cookie'], undefined);
    }
    assert.equal((await refreshIn(person.browser)).status, 200);
  });
});
