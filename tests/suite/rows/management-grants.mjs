// What people have granted, by the management interface: listed by subject, and ended.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { clients } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  isActive,
  isEnded,
  loggedIn,
  now,
  OFFLINE,
  postAs,
  random,
  refreshed,
  requestIn,
  sleep,
} from '../support/flow.mjs';
import { formOf } from '../support/html.mjs';
import {
  isChallenged,
  isForbidden,
  isRefused,
  manage,
  management,
  succeeded,
  tokenFor,
} from '../support/management.mjs';
import { clientCredentials, startFor, unless } from '../support/target.mjs';
import { Browser } from '../support/user-agent.mjs';

const { web, native, tv, m2m } = clients;

/** Every grant of a subject, page by page. */
async function grantsOf(by, subject) {
  const pages = [];
  for (let after; pages.length === 0 || after !== undefined; ) {
    const query = new URLSearchParams({ subject, ...(after && { after }) });
    const page = succeeded(await by.ask('GET', `grants?${query}`));
    pages.push(page.items);
    after = page.next;
  }
  return pages;
}

const end = async (by, path) => succeeded(await by.ask('DELETE', `grants${path}`), 204);

/** A device, after a person has decided about it. */
async function decided(decision, subject, on) {
  const device = (await postAs(tv, '/device_authorization', { scope: 'read' }, { on })).json();
  const browser = new Browser({ on });
  const request = requestIn(await browser.get('/device'));
  const page = await browser.get(await answered('accept', { request, ...ALICE, subject }, { on }));
  const { action, fields } = formOf(page.text);
  const shown = await browser.post(action, { ...fields, user_code: device.user_code });
  const confirmation = formOf(shown.text);
  await browser.post(confirmation.action, { ...confirmation.fields, decision });
}

describe('/manage/grants', { skip: unless.startable }, () => {
  test('what people have granted', async (t) => {
    // Cut-offs are read from the store each time, whichever process has set them.
    const on = await startFor(t, { changes: { JETON_REGISTRY_MAX_AGE: '0' } });
    const by = await management({ on });
    const as = (subject) => ({ on, answer: { subject } });

    const rows = {
      'a login is listed, as it was granted': async () => {
        const subject = random();
        const begin = now();
        const tokens = await loggedIn(web, { scope: 'openid read offline_access' }, as(subject));
        const [[grant, ...others], ...more] = await grantsOf(by, subject);
        assert.deepEqual([others, more], [[], []]);
        const { grant_id, scope, created_at, last_used_at, idle_expires_at, expires_at, ...rest } = grant;
        assert.match(grant_id, /^[\w-]{22}$/);
        assert.deepEqual(scope.split(' ').sort(), ['offline_access', 'openid', 'read']);
        assert.deepEqual(Object.keys(rest).sort(), ['audiences', 'client_id']);
        assert.equal(rest.client_id, web.client_id);
        assert.ok(begin <= created_at && created_at <= last_used_at && last_used_at <= now(), JSON.stringify(grant));
        assert.ok(last_used_at < idle_expires_at && idle_expires_at <= expires_at, JSON.stringify(grant));

        await sleep(1100);
        await refreshed(web, tokens.refresh_token, {}, { on });
        const [[used]] = await grantsOf(by, subject);
        assert.ok(used.last_used_at > last_used_at, 'a refresh is a use');
        assert.deepEqual({ ...used, last_used_at, idle_expires_at }, grant);
      },
      'a device is listed once a person has approved it': async () => {
        const [subject, other] = [random(), random()];
        await decided('approve', subject, on);
        await decided('deny', other, on);
        const [[{ client_id, scope, last_used_at }, ...others]] = await grantsOf(by, subject);
        assert.deepEqual([client_id, scope, others], [tv.client_id, 'read', []]);
        assert.equal(last_used_at, undefined, 'it has not asked for its tokens yet');
        assert.deepEqual(await grantsOf(by, other), [[]]);
      },
      'nobody else is listed, and somebody without any has an empty page': async () => {
        await loggedIn(web, OFFLINE, as(random()));
        assert.deepEqual(await grantsOf(by, random()), [[]]);
        assert.deepEqual(await grantsOf(by, '日本 & " \u{1f511}'), [[]]);
      },
      'many are listed by pages, each once': async () => {
        const subject = random();
        for (let n = 0; n < 22; n++) await loggedIn(native, {}, as(subject));
        const pages = await grantsOf(by, subject);
        assert.deepEqual(
          pages.map(({ length }) => length),
          [20, 2],
        );
        assert.equal(new Set(pages.flat().map(({ grant_id }) => grant_id)).size, 22);
      },
      'one is ended, with all its tokens, and no other': async () => {
        const subject = random();
        const tokens = await loggedIn(web, OFFLINE, as(subject));
        const [[{ grant_id }]] = await grantsOf(by, subject);
        const kept = await loggedIn(web, OFFLINE, as(subject));
        await end(by, `/${grant_id}`);
        await isEnded(web, tokens, { on });
        await refreshed(web, kept.refresh_token, {}, { on });
        const [left] = await grantsOf(by, subject);
        assert.equal(left.length, 1);
        assert.notEqual(left[0].grant_id, grant_id);
        await end(by, `/${grant_id}`);
      },
      "all of a subject are ended, and nobody else's": async () => {
        const [subject, other] = [random(), random()];
        const ended = await Promise.all([web, native].map((client) => loggedIn(client, OFFLINE, as(subject))));
        const kept = await loggedIn(web, OFFLINE, as(other));
        await end(by, `?subject=${subject}`);
        await isEnded(web, ended[0], { on });
        await isEnded(native, ended[1], { on });
        assert.deepEqual(await grantsOf(by, subject), [[]]);
        await refreshed(web, kept.refresh_token, {}, { on });
        assert.equal((await grantsOf(by, other)).flat().length, 1);
      },
      "all of a subject at a client are ended, and nobody else's there": async () => {
        const [subject, other] = [random(), random()];
        const ended = await Promise.all([1, 2].map(() => loggedIn(web, OFFLINE, as(subject))));
        const kept = await loggedIn(web, OFFLINE, as(other));
        const elsewhere = await loggedIn(native, OFFLINE, as(subject));
        await end(by, `?subject=${subject}&client_id=${web.client_id}`);
        for (const tokens of ended) await isEnded(web, tokens, { on });
        await refreshed(web, kept.refresh_token, {}, { on });
        await refreshed(native, elsewhere.refresh_token, {}, { on });
        const [left] = await grantsOf(by, subject);
        assert.deepEqual(
          left.map(({ client_id }) => client_id),
          [native.client_id],
        );
        // They may come again.
        await sleep(1100);
        const again = await loggedIn(web, OFFLINE, as(subject));
        await refreshed(web, again.refresh_token, {}, { on });
      },
      'all of a client are ended, and the tokens that it got for itself': async () => {
        const subject = random();
        const ended = await loggedIn(native, OFFLINE, as(subject));
        const kept = await loggedIn(web, OFFLINE, as(subject));
        const own = (await clientCredentials(m2m, {}, { on })).json().access_token;
        await end(by, `?client_id=${native.client_id}`);
        await end(by, `?client_id=${m2m.client_id}`);
        await isEnded(native, ended, { on });
        assert.equal(await isActive(m2m, own, { on }), false);
        await refreshed(web, kept.refresh_token, {}, { on });
        const [left] = await grantsOf(by, subject);
        assert.deepEqual(
          left.map(({ client_id }) => client_id),
          [web.client_id],
        );
      },
    };
    for (const [name, row] of Object.entries(rows)) await t.test(name, row);
  });
});

describe('/manage/grants refuses', () => {
  test('a token without jeton:grants', async () => {
    const token = await tokenFor('jeton:clients jeton:apis jeton:trust');
    for (const [method, path] of [
      ['GET', 'grants?subject=a'],
      ['DELETE', 'grants?subject=a'],
      ['DELETE', 'grants/AAAAAAAAAAAAAAAAAAAAAA'],
    ]) {
      isForbidden(await manage(method, path, { token }), 'jeton:grants');
      isChallenged(await manage(method, path));
    }
  });

  for (const [what, method, path, status, error] of [
    ['a list of nobody', 'GET', 'grants', 400, 'invalid_request'],
    ['a list from no grant on', 'GET', 'grants?subject=a&after=b', 400, 'invalid_request'],
    ['to end those of nobody', 'DELETE', 'grants', 400, 'invalid_request'],
    ['to end those of what is no client id', 'DELETE', 'grants?client_id=%00', 400, 'invalid_request'],
    ['to end those of a subject there', 'DELETE', 'grants?subject=a&client_id=%00', 400, 'invalid_request'],
    ['to end what is no grant', 'DELETE', 'grants/AAAAAAAAAAAAAAAAAAAAAA', 404, 'not_found'],
    ['to end what has no id', 'DELETE', 'grants/x', 404, 'not_found'],
  ]) {
    test(`${what}: ${error}`, async () => {
      const { ask } = await management();
      isRefused(await ask(method, path), status, error);
    });
  }
});
