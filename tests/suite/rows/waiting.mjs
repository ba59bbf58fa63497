// Rows that wait: for a window to close, for a token to expire. All at once, so that the suite
// waits for the longest only. Times have a grain of a second: each wait is a little over one more
// second than the row needs.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError } from '../support/check.mjs';
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
  introspect,
  isEnded,
  loggedIn,
  now,
  OFFLINE,
  refresh,
  refreshed,
  requestIn,
  requestOf,
  returnTo,
  sleep,
  userinfo,
} from '../support/flow.mjs';
import { isPage } from '../support/html.mjs';
import { post, startFor, unless } from '../support/target.mjs';
import { claimsOf, generationOf, reseal } from '../support/tokens.mjs';
import { Browser } from '../support/user-agent.mjs';

const { web, quick, lossy, patient, steady, idle, brief, mayfly } = clients;
const past = (seconds) => sleep(seconds * 1000 + 1100);
const atOnce = (count, make) => Promise.all(Array.from({ length: count }, (_, n) => make(n)));

/** Waits until the clock stands at `fraction` of a second. */
const untilFraction = (ms) => sleep((1000 + ms - (Date.now() % 1000)) % 1000);

describe('in time', { concurrency: 100 }, () => {
  test('RFC 6749 §4.1.2: a code replayed later than grace: everything ends', async () => {
    const login = await codeFor(quick, OFFLINE);
    const tokens = (await exchange(quick, login)).json();
    await past(1);
    isError(await exchange(quick, login), 400, 'invalid_grant');
    await isEnded(quick, tokens);
  });

  test('after its window the standing token moves on, one generation for each window', async () => {
    const first = await loggedIn(quick);
    const second = await refreshed(quick, first.refresh_token);
    await past(1);
    const third = await refreshed(quick, second.refresh_token);
    assert.equal(generationOf(third.refresh_token), 3);
    await past(1);
    assert.equal(generationOf((await refreshed(quick, third.refresh_token)).refresh_token), 4);
  });

  test('RFC 9700 §4.14.2: the superseded token, later than grace: everything ends', async () => {
    const first = await loggedIn(quick);
    const second = await refreshed(quick, first.refresh_token);
    await past(1);
    isError(await refresh(quick, first.refresh_token), 400, 'invalid_grant');
    await isEnded(quick, second);
  });

  test('RFC 9700 §4.14.2: an older token while the window of a later one is open: everything ends', async () => {
    const first = await loggedIn(quick);
    const second = await refreshed(quick, first.refresh_token);
    await past(1);
    const third = await refreshed(quick, second.refresh_token);
    isError(await refresh(quick, first.refresh_token), 400, 'invalid_grant');
    await isEnded(quick, third);
  });

  test('refresh_token_grace 1: a retry 0.2 s later is within it, also where a second ends between', async () => {
    const first = await loggedIn(quick);
    await untilFraction(880);
    const { refresh_token: second } = await refreshed(quick, first.refresh_token);
    await untilFraction(80);
    const retry = await refresh(quick, first.refresh_token);
    assert.equal(retry.status, 200, `a lost response logged its client out: ${retry.text}`);
    assert.equal(retry.json().refresh_token, second);
  });

  test('a token that came into being by 10 racing refreshes moves on once after its window', async () => {
    const { refresh_token: first } = await loggedIn(patient);
    const seconds = await atOnce(10, () => refreshed(patient, first));
    const [second] = new Set(seconds.map((body) => body.refresh_token));
    await past(5);
    const thirds = await atOnce(10, () => refreshed(patient, second));
    const [third, ...others] = new Set(thirds.map((body) => body.refresh_token));
    assert.deepEqual(others, []);
    assert.equal(generationOf(third), 3);
    assert.equal((await refreshed(patient, second)).refresh_token, third);
    assert.equal((await refreshed(patient, third)).refresh_token, third);
  });

  test('every third response is lost: 32 rotations, and nobody is logged out', async () => {
    const rotations = await atOnce(8, async (phase) => {
      let { refresh_token: held } = await loggedIn(lossy);
      let sent = phase;
      for (let rotation = 1; rotation <= 4; rotation += 1) {
        if (rotation > 1) await past(2);
        let answer;
        do {
          answer = await refreshed(lossy, held);
          sent += 1;
        } while (sent % 3 === 0);
        assert.equal(generationOf(answer.refresh_token), rotation + 1);
        held = answer.refresh_token;
      }
      return 4;
    });
    assert.equal(
      rotations.reduce((sum, count) => sum + count),
      32,
    );
  });

  test('refresh_token_rotation false: the same token, however late', async () => {
    const { refresh_token } = await loggedIn(steady);
    for (let n = 0; n < 2; n += 1) {
      assert.equal((await refreshed(steady, refresh_token)).refresh_token, refresh_token);
      await past(1);
    }
  });

  test('refresh_token_idle_lifetime: each use begins it anew, and without use it ends', async () => {
    let tokens = await loggedIn(idle, OFFLINE);
    for (let n = 0; n < 2; n += 1) {
      await past(1);
      tokens = await refreshed(idle, tokens.refresh_token);
    }
    assert.equal(generationOf(tokens.refresh_token), 3, 'past the first idle lifetime');
    assert.equal((await introspect(idle, tokens.refresh_token)).json().active, true);
    await past(4);
    assert.deepEqual((await introspect(idle, tokens.refresh_token)).json(), { active: false });
    isError(await refresh(idle, tokens.refresh_token), 400, 'invalid_grant');
    assert.equal((await userinfo(tokens.access_token)).status, 200, 'the access token was issued in time');
  });

  test('refresh_token_lifetime: from login to the end of everything, and no token outlives it', async () => {
    const login = await codeFor(brief, OFFLINE);
    const end = now() + 5;
    let tokens = (await exchange(brief, login)).json();
    assert.ok(claimsOf(tokens.access_token).exp <= end, `expires_in ${tokens.expires_in} of 5`);
    assert.ok(claimsOf(tokens.id_token).exp <= end);
    await past(1);
    tokens = await refreshed(brief, tokens.refresh_token);
    assert.ok(claimsOf(tokens.access_token).exp <= end, `expires_in ${tokens.expires_in} of what is left`);
    await past(3);
    isError(await refresh(brief, tokens.refresh_token), 400, 'invalid_grant');
    assert.deepEqual((await introspect(brief, tokens.refresh_token)).json(), { active: false });
    assert.equal((await userinfo(tokens.access_token)).status, 401);
  });

  test('access_token_lifetime: an expired access token is invalid everywhere', async () => {
    const { access_token } = await loggedIn(mayfly);
    await past(1);
    assert.equal((await userinfo(access_token)).status, 401);
    assert.deepEqual((await introspect(mayfly, access_token)).json(), { active: false });
  });

  test('RP-Initiated Logout §2: an ID token that has expired is still a hint', async () => {
    const tokens = await loggedIn(mayfly);
    await past(1);
    const response = await new Browser().get(`/end_session?id_token_hint=${tokens.id_token}`);
    returnTo(response);
    isError(await refresh(mayfly, tokens.refresh_token), 400, 'invalid_grant');
  });

  // A stranger may hold a body back for as long as the host lets them. What counts is when it is there.

  test('a body held back: a refresh token that is superseded meanwhile, later than grace: everything ends', async () => {
    const first = await loggedIn(quick);
    const second = await refreshed(quick, first.refresh_token);
    await past(1);
    const [held, third] = await Promise.all([
      refresh(quick, second.refresh_token, {}, { until: past(2) }),
      sleep(300).then(() => refreshed(quick, second.refresh_token)),
    ]);
    isError(held, 400, 'invalid_grant');
    await isEnded(quick, third);
  });

  test('a body held back: a refresh token that idles meanwhile', async () => {
    const { refresh_token } = await loggedIn(idle, OFFLINE);
    isError(await refresh(idle, refresh_token, {}, { until: past(4) }), 400, 'invalid_grant');
  });

  test('a body held back: a code that expires meanwhile', { skip: unless.slow }, async () => {
    const login = await codeFor(web, OFFLINE);
    await sleep(55_000);
    isError(await exchange(web, login, {}, { until: past(6) }), 400, 'invalid_grant');
  });

  test('a body held back: a sealed request that expires meanwhile', async () => {
    const request = requestIn(await authorize(new Browser(), requestOf(web)));
    const brief = reseal(request, { expires_at: now() + 2 });
    handedBack(await handoff('accept', { request: brief, ...ALICE }, { until: past(2) }), 'invalid_request');
  });

  test('a body held back: a ticket that expires meanwhile', async () => {
    const browser = new Browser();
    const redirect = await answered('accept', { request: requestIn(await browser.get('/device')), ...ALICE });
    const ticket = reseal(new URL(redirect).searchParams.get('ticket'), { expires_at: now() + 2 });
    isPage(await browser.post('/device', { ticket }, {}, { until: past(2) }), 400);
  });

  test('a body held back: an access token that expires meanwhile', async () => {
    const { access_token } = await loggedIn(mayfly);
    const response = await introspect(mayfly, access_token, { until: past(1) });
    assert.deepEqual(response.json(), { active: false });
  });

  test('RFC 9110 §15.5.9: a body that does not come within ten seconds: 408', { skip: unless.bodies }, async () => {
    const begin = Date.now();
    const headers = { origin: 'https://evil.example' };
    const response = await post('/token', 'grant_type=client_credentials', { headers, until: sleep(15_000) });
    isError(response, 408, 'invalid_request');
    assert.equal(response.headers['access-control-allow-origin'], '*', 'a page may read it');
    const waited = Date.now() - begin;
    assert.ok(waited > 9_500 && waited < 14_000, `${waited} ms`);
  });

  test('JETON_GRANTS_NOT_BEFORE: older logins open no grants, younger ones do', {
    skip: unless.startable,
  }, async (t) => {
    const notBefore = now() + 6;
    const on = await startFor(t, { changes: { JETON_GRANTS_NOT_BEFORE: String(notBefore) } });
    const browser = new Browser({ on });
    const request = requestIn(await authorize(browser, requestOf(web, OFFLINE)));
    const redirect = await answered('accept', { request, ...ALICE }, { on });
    assert.ok(now() < notBefore, 'the host took too long to start');
    const resume = async () => arrival(await browser.get(redirect)).params.error;
    assert.equal(await resume(), 'login_required');
    await sleep(notBefore * 1000 - Date.now() + 100);
    assert.equal(await resume(), 'login_required', 'however late the browser comes back');
    const { access_token, refresh_token } = await loggedIn(web, OFFLINE, { on });
    assert.equal((await userinfo(access_token, { on })).status, 200);
    await refreshed(web, refresh_token, {}, { on });
  });
});
