// Devices: the person logs in before it is known whose device it is, so that is asked when they approve.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formsTo, textOf } from '../support/browser.mjs';
import { be, choose, offers } from '../support/login.mjs';
import { isOwnPage } from '../support/pages.mjs';
import { open } from '../support/world.mjs';

const GRANT = 'urn:ietf:params:oauth:grant-type:device_code';

/** A device that waits, and the page that asks `as` whether it may: `{ device_code, page }`. */
async function shown(own, browser, as) {
  const response = await own.applications.tv.post('/device_authorization', { scope: 'openid profile' });
  assert.equal(response.status, 200, response.text);
  const { device_code, verification_uri_complete } = response.json();
  let page = await browser.open(verification_uri_complete);
  if (offers(page)) page = await choose(browser, page, 'one');
  if (page.url.href.startsWith(own.upstreams.one.url)) page = await be(browser, page, as);
  page = await browser.send(page, '/device');
  assert.ok(formsTo(page, '/device')[0].buttons.some(({ value }) => value === 'approve'));
  return { device_code, page };
}

const approve = (browser, page) => browser.send(page, '/device', { button: 'approve' });

describe('devices', () => {
  test('the list of the device’s client counts', async (t) => {
    const own = await open(t, {
      providers: { one: {} },
      login: { clients: { tv: { allow: { emails: ['alice@example.com'] } } } },
    });
    const { tv } = own.applications;
    const [alice, bob] = [own.browser(), own.browser()];
    const refused = await shown(own, bob, 'bob');
    const page = await approve(bob, refused.page);
    isOwnPage(page, 400);
    assert.match(textOf(page.response), /This account may not connect this device/);
    await own.logged('the person is not in the allow of the client');
    const pending = await tv.post('/token', { grant_type: GRANT, device_code: refused.device_code });
    assert.equal(pending.json().error, 'authorization_pending');
    // Neither is their login used up: another account can approve the same device.
    const admitted = await shown(own, alice, 'alice');
    await approve(alice, admitted.page);
    const tokens = await tv.token({ grant_type: GRANT, device_code: admitted.device_code });
    assert.equal((await own.verified(tokens.id_token, { audience: 'tv' })).sub, own.subject('one', 'alice'));
  });

  test('rules for the device’s client say what they say', async (t) => {
    const own = await open(t, {
      providers: { one: {} },
      login: { claims: [{ match: { client_id: 'tv' }, claims: { team: '${upstream.groups}' } }] },
    });
    const browser = own.browser();
    const { device_code, page } = await shown(own, browser, 'alice');
    await approve(browser, page);
    const { tv } = own.applications;
    const info = await tv.userinfo(await tv.token({ grant_type: GRANT, device_code }));
    assert.deepEqual(info.team, ['staff', 'admins']);
  });

  test('the page says as whom, and leads to another account', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const browser = own.browser();
    const { device_code, page } = await shown(own, browser, 'alice');
    assert.match(isOwnPage(page), /You are logged in as .*alice@example\.com/);
    const [, other] = /<a href="([^"]*)">Use another account/.exec(page.response.text);
    let next = await browser.open(new URL(other.replaceAll('&amp;', '&'), own.issuer).href);
    if (offers(next)) next = await choose(browser, next, 'one');
    // Though alice has a session, here and at the provider.
    next = await browser.send(await be(browser, next, 'bob'), '/device');
    assert.match(isOwnPage(next), /You are logged in as Bob\b/);
    await approve(browser, next);
    const tokens = await own.applications.tv.token({ grant_type: GRANT, device_code });
    assert.equal((await own.verified(tokens.id_token, { audience: 'tv' })).sub, own.subject('one', 'bob'));
  });

  test('whoever has logged out since connects nothing', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const browser = own.browser();
    const { device_code, page } = await shown(own, browser, 'alice');
    browser.forget(new URL(own.issuer).hostname, 'jeton-session-');
    isOwnPage(await approve(browser, page), 400);
    const pending = await own.applications.tv.post('/token', { grant_type: GRANT, device_code });
    assert.equal(pending.json().error, 'authorization_pending');
  });
});
