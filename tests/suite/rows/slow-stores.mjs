// A store that is slow: nobody waits for more than four seconds, and whoever tries again as told is
// not logged out. Times are what a store takes for one call; what it is told to do, it does, late.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { isError, isToken } from '../support/check.mjs';
import { clients } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  arrival,
  authorize,
  isActive,
  loggedIn,
  OFFLINE,
  refresh,
  refreshed,
  requestIn,
  requestOf,
  sleep,
} from '../support/flow.mjs';
import { formOf, isPage } from '../support/html.mjs';
import { patiently, timely } from '../support/patience.mjs';
import { clientCredentials, startFor, unless } from '../support/target.mjs';
import { generationOf } from '../support/tokens.mjs';
import { Browser } from '../support/user-agent.mjs';

const { web, patient, m2m } = clients;

describe('a slow store', { concurrency: 3, skip: unless.store }, () => {
  test('nothing is taken for ten seconds, longer than grace: the grant is as it was, and moves on', async (t) => {
    const on = await startFor(t, { store: 'slow' });
    const { refresh_token } = await loggedIn(patient, OFFLINE, { on });
    await on.slow({ taking: 4_500 });
    const recovered = sleep(9_500).then(() => on.slow({}));
    const asked = patiently(() => refresh(patient, refresh_token, {}, { on }));

    // Who needs no store does not wait.
    await sleep(500);
    const { response: other, took } = await timely(() => clientCredentials(m2m, {}, { on }));
    await isToken(other, {}, on);
    assert.ok(took < 1_000, `a token without a store took ${took} ms`);

    const { response, tries } = await asked;
    await recovered;
    assert.equal(response.status, 200, response.text);
    assert.ok(tries > 2, `${tries} tries`);
    const tokens = response.json();
    assert.equal(generationOf(tokens.refresh_token), 2);
    assert.equal((await refreshed(patient, refresh_token, {}, { on })).refresh_token, tokens.refresh_token);
    assert.equal((await refreshed(patient, tokens.refresh_token, {}, { on })).refresh_token, tokens.refresh_token);
  });

  test('the step is taken and its answer is late: the retry gets what the first try made', {
    skip: unless.network,
  }, async (t) => {
    const on = await startFor(t, { store: 'slow' });
    const { refresh_token, access_token } = await loggedIn(web, OFFLINE, { on });
    await on.slow({ answering: 6_000 });
    const { response: lost } = await timely(() => refresh(web, refresh_token, {}, { on }));
    isError(lost, 503, 'temporarily_unavailable');
    assert.equal(lost.headers['retry-after'], '1');
    await on.slow({});
    await sleep(1_000);
    const retried = await refreshed(web, refresh_token, {}, { on });
    assert.equal(generationOf(retried.refresh_token), 2);
    assert.equal((await refreshed(web, retried.refresh_token, {}, { on })).refresh_token, retried.refresh_token);
    assert.equal(await isActive(web, access_token, { on }), true);
  });

  test('several calls that are slow one after the other have four seconds in all', {
    skip: unless.network,
  }, async (t) => {
    const on = await startFor(t, { store: 'slow', changes: { JETON_REGISTRY_MAX_AGE: '0' } });
    const { client_secret, ...record } = web;
    const sha256 = createHash('sha256').update(client_secret).digest('base64url');
    const stored = { ...record, client_id: 'stored-web', client_secrets: [{ sha256, created_at: 1 }] };
    await on.putClient(stored);
    const client = { ...stored, client_secret };
    const { refresh_token } = await loggedIn(client, OFFLINE, { on });
    await on.slow({ taking: 1_400 });
    const { response: given } = await timely(() => refresh(client, refresh_token, {}, { on }));
    isError(given, 503, 'temporarily_unavailable');
    await on.slow({});
    await sleep(1_000);
    assert.equal(generationOf((await refreshed(client, refresh_token, {}, { on })).refresh_token), 2);
  });

  /** A person who comes back from the login, as often as they want. */
  const atReturn = async (on, form) => {
    const browser = new Browser({ on });
    const request = requestIn(await authorize(browser, requestOf(web, form)));
    const redirect = await answered('accept', { request, ...ALICE }, { on });
    return () => browser.get(redirect);
  };

  test('a person who comes back from the login: a page with a reference, to try again from', async (t) => {
    const on = await startFor(t, { store: 'slow' });
    const come = await atReturn(on, {});
    await on.slow({ taking: 4_500 });
    const page = await come();
    await on.slow({});
    const text = isPage(page, 503);
    assert.equal(page.headers['retry-after'], '1');
    assert.match(text, /<a class="button" href="">Try again<\/a>/);
    assert.ok(text.includes(`Reference: <code>${page.headers['x-request-id']}</code>`), text);
    await sleep(1_000);
    assert.ok(arrival(await come()).params.code, 'nothing is lost');
  });

  test('a person who sends a form: a page that says how to try again, because no link can', async (t) => {
    const on = await startFor(t, { store: 'slow' });
    const browser = new Browser({ on });
    const request = requestIn(await browser.get('/device'));
    const { fields } = formOf((await browser.get(await answered('accept', { request, ...ALICE }, { on }))).text);
    await on.slow({ taking: 4_500 });
    const text = isPage(await browser.post('/device', { ...fields, user_code: 'BBBB-BBBB' }), 503);
    await on.slow({});
    assert.match(text, /go back to the page that you came from, and send it once more/);
    assert.doesNotMatch(text, /<a /);
  });

  test('coming back where the client wants no page to be shown: it is told, once a store gives up', {
    skip: unless.network,
  }, async (t) => {
    const on = await startFor(t, { store: 'slow' });
    const come = await atReturn(on, { prompt: 'none' });
    await on.slow({ taking: 4_500 });
    assert.equal(arrival(await come()).params.error, 'temporarily_unavailable');
    await on.slow({});
    await sleep(1_000);
    assert.ok(arrival(await come()).params.code, 'nothing is lost');
  });
});
