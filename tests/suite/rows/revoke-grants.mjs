// Log out everywhere. These rows have a host of their own which reads cut-offs from its store each
// time: how long another process may answer from memory is JETON_REGISTRY_MAX_AGE.

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
  introspect,
  isActive,
  isEnded,
  loggedIn,
  OFFLINE,
  postAs,
  random,
  refresh,
  refreshed,
  requestIn,
  requestOf,
  sleep,
  userinfo,
} from '../support/flow.mjs';
import { DEVICE_GRANT } from '../support/grant-clients.mjs';
import { formOf, isPage } from '../support/html.mjs';
import { clientCredentials, post, startFor, unless } from '../support/target.mjs';
import { Browser } from '../support/user-agent.mjs';

const { login, web, other, native, steady, opaque, m2m, api } = clients;

const revokeGrants = (form, options = {}, caller = login) => postAs(caller, '/revoke_grants', form, options);

/** Waits for the second after a cut-off: what is opened in the same one ends as well. */
const nextSecond = () => sleep(1050);

async function cut(form, options) {
  const response = await revokeGrants(form, options);
  assert.equal(response.status, 200, response.text);
  assert.equal(response.text, '');
  assert.equal(response.headers['cache-control'], 'no-store');
}

describe('/revoke_grants', { skip: unless.startable }, () => {
  test('log out everywhere', async (t) => {
    const on = await startFor(t, { changes: { JETON_REGISTRY_MAX_AGE: '0' } });
    const as = (subject) => ({ on, answer: { subject } });

    const rows = {
      "a subject: every login of theirs has ended, at every client, and nobody else's": async () => {
        const [alice, bob] = [random(), random()];
        const logins = [];
        for (const client of [web, native, steady, opaque])
          logins.push([client, await loggedIn(client, OFFLINE, as(alice))]);
        const kept = await loggedIn(web, OFFLINE, as(bob));
        await cut({ subject: alice }, { on });
        for (const [client, tokens] of logins) {
          await isEnded(client, tokens, { on });
          if (client.client_secret) assert.equal(await isActive(client, tokens.access_token, { on }), false);
        }
        assert.equal((await userinfo(kept.access_token, { on })).status, 200);
        await refreshed(web, kept.refresh_token, {}, { on });
      },
      'a subject: a code that was not redeemed yet is worth nothing': async () => {
        const subject = random();
        const pending = await codeFor(web, OFFLINE, as(subject));
        await cut({ subject }, { on });
        isError(await exchange(web, pending, {}, { on }), 400, 'invalid_grant');
      },
      'a subject: a login that was accepted before has ended, however late the browser comes back': async () => {
        const subject = random();
        const browser = new Browser({ on });
        const request = requestIn(await authorize(browser, requestOf(web, OFFLINE)));
        const redirect = await answered('accept', { request, ...ALICE, subject }, { on });
        const another = requestIn(await authorize(browser, requestOf(web, OFFLINE)));
        const later = await answered('accept', { request: another, ...ALICE, subject: random() }, { on });
        await cut({ subject }, { on });
        const { params } = arrival(await browser.get(redirect));
        assert.equal(params.error, 'login_required');
        assert.equal(params.state, 'a state');
        assert.ok(arrival(await browser.get(later)).params.code, "and nobody else's");
      },
      'a client: a login that was accepted before has ended': async () => {
        const browser = new Browser({ on });
        const request = requestIn(await authorize(browser, requestOf(clients.quick, OFFLINE)));
        const redirect = await answered('accept', { request, ...ALICE, subject: random() }, { on });
        await cut({ client: 'quick' }, { on });
        assert.equal(arrival(await browser.get(redirect)).params.error, 'login_required');
      },
      'a subject or a client: a login that was accepted before connects no device': async () => {
        const subject = random();
        for (const whose of [{ subject }, { client: 'console' }]) {
          const box = clients.console;
          const device = (await postAs(box, '/device_authorization', {}, { on })).json();
          const browser = new Browser({ on });
          const request = requestIn(await browser.get('/device'));
          const redirect = await answered('accept', { request, ...ALICE, subject }, { on });
          const { action, fields } = formOf((await browser.get(redirect)).text);
          const typed = { ...fields, user_code: device.user_code };
          const confirmation = formOf((await browser.post(action, typed)).text).fields;
          await cut(whose, { on });
          isPage(await browser.post(action, { ...confirmation, decision: 'approve' }), 400);
          isPage(await browser.post(action, typed), 400);
          if (whose.subject) isPage(await browser.get(redirect), 400);
          const poll = { grant_type: DEVICE_GRANT, device_code: device.device_code };
          isError(await postAs(box, '/token', poll, { on }), 400, 'authorization_pending');
          await nextSecond();
        }
      },
      'a device that waits lives where the person logs in after the cut-off, and ends with the next': async () => {
        const subject = random();
        const box = clients.tv;
        const device = (await postAs(box, '/device_authorization', {}, { on })).json();
        await nextSecond();
        await cut({ subject }, { on });
        const browser = new Browser({ on });
        const request = requestIn(await browser.get('/device'));
        const redirect = await answered('accept', { request, ...ALICE, subject }, { on });
        const { action, fields } = formOf((await browser.get(redirect)).text);
        const shown = await browser.post(action, { ...fields, user_code: device.user_code });
        isPage(await browser.post(action, { ...formOf(shown.text).fields, decision: 'approve' }));
        const poll = { grant_type: DEVICE_GRANT, device_code: device.device_code };
        const tokens = (await postAs(box, '/token', poll, { on })).json();
        assert.ok(tokens.refresh_token, JSON.stringify(tokens));
        await cut({ subject }, { on });
        isError(await refresh(box, tokens.refresh_token, {}, { on }), 400, 'invalid_grant');
      },
      'a subject: who logs in again in the same second is logged in, until the next cut-off in it': async () => {
        for (let n = 0; n < 3; n += 1) {
          const subject = random();
          const early = await loggedIn(web, OFFLINE, as(subject));
          await cut({ subject }, { on });
          const tokens = await loggedIn(web, OFFLINE, as(subject));
          assert.equal((await userinfo(tokens.access_token, { on })).status, 200);
          await refreshed(web, tokens.refresh_token, {}, { on });
          await isEnded(web, early, { on });
          await cut({ subject }, { on });
          await isEnded(web, tokens, { on });
        }
      },
      'a subject: later logins live': async () => {
        const subject = random();
        const early = await loggedIn(web, OFFLINE, as(subject));
        await cut({ subject }, { on });
        await nextSecond();
        const tokens = await loggedIn(web, OFFLINE, as(subject));
        assert.equal((await userinfo(tokens.access_token, { on })).status, 200);
        assert.equal(
          await isActive(web, (await refreshed(web, tokens.refresh_token, {}, { on })).access_token, { on }),
          true,
        );
        await isEnded(web, early, { on });
      },
      "a client: every login at it and every token of its own has ended, and no other client's": async () => {
        const ended = await loggedIn(other, OFFLINE, as(random()));
        const kept = await loggedIn(web, OFFLINE, as(random()));
        const machine = (await clientCredentials(m2m, {}, { on })).json().access_token;
        await cut({ client: 'other-web' }, { on });
        await cut({ client: 'm2m' }, { on });
        await isEnded(other, ended, { on });
        assert.deepEqual((await introspect(api, machine, { on })).json(), { active: false });
        assert.equal((await userinfo(kept.access_token, { on })).status, 200);
        await nextSecond();
        const later = await loggedIn(other, OFFLINE, as(random()));
        assert.equal((await userinfo(later.access_token, { on })).status, 200);
        const newer = (await clientCredentials(m2m, {}, { on })).json().access_token;
        assert.equal(await isActive(m2m, newer, { on }), true);
      },
      'a subject and a client at once': async () => {
        const subject = random();
        const theirs = await loggedIn(web, OFFLINE, as(subject));
        const another = await loggedIn(steady, OFFLINE, as(random()));
        await cut({ subject, client: 'steady' }, { on });
        await isEnded(web, theirs, { on });
        await isEnded(steady, another, { on });
      },
      'a hostile subject is only ever a key': async () => {
        for (const subject of ["'; DROP TABLE cut_off; --", 'subject:x#y/../z', 'ü'.repeat(127), '*', '%']) {
          const [tokens, kept] = [
            await loggedIn(web, OFFLINE, as(subject)),
            await loggedIn(web, OFFLINE, as(random())),
          ];
          await cut({ subject }, { on });
          await isEnded(web, tokens, { on });
          assert.equal((await userinfo(kept.access_token, { on })).status, 200, subject);
        }
      },
      'a token of a subject that was cut off cannot be told from any other that has ended': async () => {
        const subject = random();
        const tokens = await loggedIn(web, OFFLINE, as(subject));
        await cut({ subject }, { on });
        const cutOff = await refresh(web, tokens.refresh_token, {}, { on });
        const forged = await refresh(web, 'x', {}, { on });
        assert.equal(cutOff.text, forged.text);
      },
    };
    await Promise.all(Object.entries(rows).map(([name, row]) => t.test(name, row)));
  });

  // Cloudflare's KV takes one write a second of a key. A cut-off is whole seconds, so that two are two
  // writes where a second ends between them.
  test('the same subject twice within a second', { skip: unless.store }, async (t) => {
    const on = await startFor(t, { store: 'slow', changes: { JETON_REGISTRY_MAX_AGE: '0' } });
    const subject = random();
    const tokens = await loggedIn(web, OFFLINE, { on, answer: { subject } });
    await sleep((1850 - (Date.now() % 1000)) % 1000);
    await cut({ subject }, { on });
    await sleep(200);
    await cut({ subject }, { on });
    await isEnded(web, tokens, { on });
  });

  const refused = [
    ['a client that is no login application: 403', { subject: 'nobody-at-all' }, 403, 'unauthorized_client', web],
    ['a public client: 403', { subject: 'nobody-at-all' }, 403, 'unauthorized_client', native],
    [
      'wrong authentication: 401',
      { subject: 'nobody-at-all' },
      401,
      'invalid_client',
      { ...login, client_secret: 'x' },
    ],
    ['neither subject nor client: invalid_request', {}, 400, 'invalid_request', login],
    ['a malformed client: invalid_request', { client: 'ä' }, 400, 'invalid_request', login],
  ];
  for (const [name, form, status, error, caller] of refused) {
    test(name, async () => {
      isError(await revokeGrants(form, {}, caller), status, error);
    });
  }

  test('no authentication: 401', async () => {
    isError(await post('/revoke_grants', { subject: 'nobody-at-all' }), 401, 'invalid_client');
  });
});
