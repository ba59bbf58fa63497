import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clients, ISSUER } from '../support/fixtures.mjs';
import { isEnded, loggedIn, now, refreshed, returnTo, userinfo } from '../support/flow.mjs';
import { formOf, isPage } from '../support/html.mjs';
import { send } from '../support/http.mjs';
import { host, startFor, unless } from '../support/target.mjs';
import { bent, claimsOf, reseal } from '../support/tokens.mjs';
import { Browser } from '../support/user-agent.mjs';

const { web, other, many } = clients;
const BYE = 'https://app.example/bye';

const endSession = (form, browser = new Browser()) => browser.get(`/end_session?${new URLSearchParams(form)}`);

/** The logout goes by the login application, and from there on to `expected`. */
async function isSentTo(response, expected) {
  const back = await new Browser().get(returnTo(response));
  assert.equal(back.status, 303, back.text);
  assert.equal(back.headers.location, expected);
  assert.equal(back.headers['cache-control'], 'no-store');
}

async function isSignedOut(response) {
  assert.match(isPage(await new Browser().get(returnTo(response))), /signed out/i);
}

describe('/end_session', { concurrency: 8 }, () => {
  test('RP-Initiated Logout §2: the session that the hint names ends', async () => {
    const [tokens, kept] = [await loggedIn(web), await loggedIn(web)];
    await isSignedOut(await endSession({ id_token_hint: tokens.id_token }));
    await isEnded(web, tokens);
    assert.equal((await userinfo(kept.access_token)).status, 200, 'and no other');
  });

  test('RP-Initiated Logout §2: POST works like GET', async () => {
    const tokens = await loggedIn(web);
    const form = { id_token_hint: tokens.id_token, post_logout_redirect_uri: BYE, client_id: 'web' };
    await isSentTo(await new Browser().post('/end_session', form), BYE);
    await isEnded(web, tokens);
  });

  test('the ID token of a refresh is as good a hint', async () => {
    const tokens = await refreshed(web, (await loggedIn(web)).refresh_token);
    await isSignedOut(await endSession({ id_token_hint: tokens.id_token }));
    await isEnded(web, tokens);
    await isSignedOut(await endSession({ id_token_hint: tokens.id_token }));
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

  test('RP-Initiated Logout §4: a hint that is not of here ends nothing: a page', async () => {
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
      isPage(await endSession({ id_token_hint, post_logout_redirect_uri: BYE }), 400);
      isPage(await new Browser().post('/end_session', { id_token_hint, confirmed: 'yes' }), 400);
    }
    assert.equal((await userinfo(access_token)).status, 200);
  });

  test('RP-Initiated Logout §2: client_id and the hint disagree: a page, and nothing ends', async () => {
    const tokens = await loggedIn(web);
    for (const client_id of [other.client_id, 'nobody', '\u0000']) {
      isPage(await endSession({ id_token_hint: tokens.id_token, client_id }), 400);
    }
    assert.equal((await userinfo(tokens.access_token)).status, 200);
    await isSignedOut(await endSession({ id_token_hint: tokens.id_token, client_id: 'web' }));
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
    await isSentTo(
      await browser.post(action, { ...fields, confirmed: 'yes' }),
      `${BYE}?${new URLSearchParams({ state: asked.state })}`,
    );
  });

  test('without anything the person is asked, and told', async () => {
    const browser = new Browser();
    const { action } = formOf(isPage(await endSession({}, browser)));
    await isSignedOut(await browser.post(action, { confirmed: 'yes' }));
    for (const form of [{ confirmed: 'yes' }, { confirmed: 'no' }])
      assert.ok(formOf(isPage(await endSession(form))), 'a link does not confirm');
  });

  for (const headers of [{ origin: 'https://evil.example' }, { origin: 'null' }]) {
    test(`a form on a page of ${headers.origin} does not confirm for the person`, async () => {
      const response = await new Browser().post('/end_session', { client_id: 'cookie', confirmed: 'yes' }, headers);
      assert.deepEqual(formOf(isPage(response)).buttons, [{ name: 'confirmed', value: 'yes' }], 'it asks again');
      assert.equal(response.headers['set-cookie'], undefined);
    });
  }

  test('a form on our own page confirms', async () => {
    const form = { client_id: 'cookie', confirmed: 'yes' };
    await isSignedOut(await new Browser().post('/end_session', form, { origin: ISSUER }));
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
    assert.equal(response.headers.allow, 'GET, POST');
    assert.equal((await userinfo(tokens.access_token)).status, 200);
  });

  test('the way back from the login application is sealed, and ends', async () => {
    const { id_token } = await loggedIn(web);
    const back = returnTo(await endSession({ id_token_hint: id_token, post_logout_redirect_uri: BYE }));
    const [address, ticket] = back.split('ticket=');
    const browser = new Browser();
    isPage(await browser.get(`${address}ticket=${reseal(ticket, { expires_at: now() })}`), 400);
    for (const [, text] of bent(ticket)) isPage(await browser.get(`${address}ticket=${encodeURIComponent(text)}`), 400);
    isPage(await browser.get('/end_session/resume'), 400);
    assert.equal((await browser.get(back)).headers.location, BYE);
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
    assert.match(isPage(await browser.post('/end_session', { confirmed: 'yes' })), /signed out/i);
  });
});
