// The login page as curl drives it. What a browser shows is tests/browser’s.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claimsOf } from '../suite/support/tokens.mjs';
import { Browser, formsOf } from './support/browser.mjs';
import { isError } from './support/check.mjs';
import { CALLBACK, OFFLINE, ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const mock = await start();

/** The login page of a request, and the person in front of it. */
async function page(issuer, asked = {}) {
  const browser = new Browser(mock);
  const { query, login } = issuer.asking({ user: null, ...asked });
  const opened = await browser.open(issuer.authorizeUrl(query), { until: CALLBACK });
  return { ...opened, browser, login };
}

const buttons = ({ response }) => formsOf(response.text).flatMap((form) => form.buttons);
const arrivedBy = async (issuer, shown, arrived) => {
  assert.ok(arrived, 'back at the client');
  return ok(await issuer.redeem({ ...shown.login, code: arrived.searchParams.get('code') })).json();
};

describe('the login page', { concurrency: 8 }, () => {
  test('a button for each user; one click, and that is who it is', async () => {
    const issuer = await mock.fresh().make({ users: [{ sub: 'a-1', name: 'Ann <b>' }, { sub: 'b-2' }] });
    const shown = await page(issuer);
    assert.equal(shown.response.status, 200);
    const texts = buttons(shown).map((button) => button.text);
    assert.ok(
      texts.some((text) => text.includes('Ann <b>')),
      texts.join(),
    );
    assert.ok(!shown.response.text.includes('Ann <b>'));
    const { arrived } = await shown.browser.press(shown, { label: 'a-1', until: CALLBACK });
    const { id_token } = await arrivedBy(issuer, shown, arrived);
    assert.equal(claimsOf(id_token).sub, 'a-1');
  });

  test('any subject, with any claims', async () => {
    const issuer = mock.fresh();
    const shown = await page(issuer, { scope: 'openid email' });
    const form = formsOf(shown.response.text).find(({ inputs }) => inputs.some((input) => input.name === 'username'));
    const { arrived } = await shown.browser.press(shown, {
      form,
      fields: { username: 'somebody else', claims: '{"email":"e@x.example","tenant":"t"}' },
      until: CALLBACK,
    });
    const tokens = await arrivedBy(issuer, shown, arrived);
    assert.equal(claimsOf(tokens.id_token).sub, 'somebody else');
    const info = ok(await issuer.userinfo(tokens.access_token)).json();
    assert.deepEqual([info.email, info.tenant], ['e@x.example', 't']);
  });

  test('claims that are no JSON object: the page again, saying so, and what was typed is still there', async () => {
    const issuer = mock.fresh();
    for (const typed of ['{', '[]', '"x"', 'email=x']) {
      const shown = await page(issuer);
      const form = formsOf(shown.response.text).find(({ areas }) => areas.some((area) => area.name === 'claims'));
      const again = await shown.browser.press(shown, {
        form,
        fields: { username: 'me', claims: typed },
        until: CALLBACK,
      });
      assert.ok(!again.arrived, typed);
      assert.match(again.response.text, /role="alert"[^>]*>[^<]*JSON/, 'it says so');
      const kept = formsOf(again.response.text).find(({ areas }) => areas.some((area) => area.name === 'claims'));
      assert.equal(kept.fields.claims.trim(), typed);
      assert.equal(kept.fields.username, 'me');
    }
  });

  test('Deny: access_denied', async () => {
    const issuer = mock.fresh();
    const shown = await page(issuer);
    const { arrived } = await shown.browser.press(shown, { label: 'Deny', until: CALLBACK });
    assert.equal(arrived.searchParams.get('error'), 'access_denied');
    assert.equal(arrived.searchParams.get('state'), 'a state');
    assert.equal(arrived.searchParams.get('iss'), issuer.id);
  });

  test('a button for each error that a login may end with', async () => {
    const issuer = mock.fresh();
    const shown = await page(issuer);
    const errors = [
      'access_denied',
      'login_required',
      'consent_required',
      'interaction_required',
      'account_selection_required',
      'server_error',
      'temporarily_unavailable',
    ];
    const offered = buttons(shown).filter((button) => button.name === 'error');
    assert.deepEqual(
      offered.map((button) => button.value),
      errors,
    );
    for (const error of errors) {
      const next = await page(issuer);
      const { arrived } = await next.browser.press(next, { label: error, until: CALLBACK });
      assert.equal(arrived.searchParams.get('error'), error);
    }
  });

  test('login_hint logs straight in, known or not', async () => {
    const issuer = mock.fresh();
    for (const user of ['bob', 'nobody@x.example']) {
      const { id_token } = await issuer.tokens({ user });
      assert.equal(claimsOf(id_token).sub, user);
    }
  });

  test('prompt=login asks in spite of login_hint', async () => {
    const shown = await page(mock.fresh(), { user: 'bob', prompt: 'login' });
    assert.equal(shown.response.status, 200);
    assert.ok(buttons(shown).some((button) => button.value === 'alice'));
  });

  test('prompt=none: login_required, then straight through for who is logged in', async () => {
    const issuer = mock.fresh();
    const nobody = await issuer.arrive({ user: null, prompt: 'none' });
    assert.equal(nobody.params.error, 'login_required');
    const { browser } = await issuer.login({ user: 'carol' });
    const again = await issuer.login({ browser, user: null, prompt: 'none' });
    assert.equal(claimsOf(ok(await issuer.redeem(again)).json().id_token).sub, 'carol');
  });

  test('who is logged in is not asked again; auth_time stays', async () => {
    const issuer = await mock.fresh().make({ clock: { set: 1_700_000_000, freeze: true } });
    const first = await issuer.login({ user: 'carol' });
    await issuer.clock({ advance: 100 });
    const again = await issuer.login({ browser: first.browser, user: null });
    assert.equal(claimsOf(ok(await issuer.redeem(again)).json().id_token).auth_time, 1_700_000_000);
  });

  test('auto_login: nobody is asked, whatever the prompt, prompt=none included', async () => {
    const issuer = await mock.fresh().make({ auto_login: 'bob' });
    for (const asked of [{}, { prompt: 'none' }]) {
      const { id_token } = await issuer.tokens({ user: null, ...asked });
      assert.equal(claimsOf(id_token).sub, 'bob');
    }
  });

  test('logout ends the session of the login page', async () => {
    const issuer = mock.fresh();
    const { browser, ...login } = await issuer.login({ user: 'carol', scope: OFFLINE });
    const tokens = ok(await issuer.redeem(login)).json();
    const { response } = await browser.open(
      `${issuer.id}/end_session?${new URLSearchParams({ id_token_hint: tokens.id_token })}`,
    );
    assert.equal(response.status, 200);
    assert.equal((await issuer.arrive({ browser, user: null, prompt: 'none' })).params.error, 'login_required');
    isError(await issuer.refresh(tokens.refresh_token), 400, 'invalid_grant');
  });

  test('a lenient mock goes back after logout to wherever the client says', async () => {
    const issuer = mock.fresh();
    const { browser, id_token } = await issuer
      .tokens()
      .then(({ login, ...tokens }) => ({ ...tokens, browser: login.browser }));
    const back = 'https://app.example/bye';
    const query = new URLSearchParams({ id_token_hint: id_token, post_logout_redirect_uri: back, state: 's' });
    const { arrived } = await browser.open(`${issuer.id}/end_session?${query}`, { until: back });
    assert.equal(arrived?.searchParams.get('state'), 's');
  });

  test('the page says who asks and for what, in text', async () => {
    const shown = await page(mock.fresh(), { client: 'the <app>', scope: 'openid a<b>' });
    assert.ok(shown.response.text.includes('the &lt;app&gt;'));
    assert.ok(shown.response.text.includes('a&lt;b&gt;'));
  });

  test('it works without JavaScript, and every field has a label', async () => {
    const { response } = await page(mock.fresh());
    assert.ok(!/\son\w+="|<script/i.test(response.text));
    assert.match(response.headers['content-type'], /^text\/html/);
    assert.match(response.text, /<html[^>]*\slang="/);
    assert.match(response.text, /<title>[^<]+<\/title>/);
    const forms = formsOf(response.text);
    const fields = forms.flatMap((form) => [...form.inputs, ...form.areas]).filter(({ type }) => type !== 'hidden');
    assert.deepEqual(
      fields.map((field) => field.name),
      ['username', 'claims'],
    );
    for (const { id } of fields) assert.match(response.text, new RegExp(`<label for="${id}">[^<]+</label>`));
    for (const button of forms.flatMap((form) => form.buttons)) assert.notEqual(button.text, '');
  });

  test('a request that was answered cannot be answered again: the client is told', async () => {
    const issuer = mock.fresh();
    const shown = await page(issuer);
    assert.ok((await shown.browser.press(shown, { label: 'alice', until: CALLBACK })).arrived);
    const again = await shown.browser.press(shown, { label: 'bob', until: CALLBACK });
    assert.equal(again.arrived.searchParams.get('error'), 'login_required');
    assert.equal(again.arrived.searchParams.get('code'), null);
  });

  test('nobody logs somebody in from another browser', async () => {
    const issuer = mock.fresh();
    const shown = await page(issuer);
    const other = await new Browser(mock).press(shown, { label: 'alice', until: CALLBACK });
    assert.equal(other.arrived.searchParams.get('error'), 'login_required');
    assert.equal(other.arrived.searchParams.get('code'), null);
  });

  for (const [query, reason] of [
    ['', 'The parameter request is missing.'],
    ['?request=', 'The parameter request is missing.'],
    ['?request=x', 'The request is not one of ours.'],
    ['?request=jsr_AAAA', 'The request is not one of ours.'],
  ]) {
    test(`/login${query}: a page that says what is wrong, for people`, async () => {
      const response = await mock.send(`/login${query}`);
      assert.equal(response.status, 400);
      assert.match(response.headers['content-type'], /^text\/html/);
      assert.ok(response.text.includes(`<p role="alert">${reason}</p>`), response.text);
    });
  }
});

describe('the device page', { concurrency: 4 }, () => {
  for (const [decision, check] of [
    ['approve', (response) => assert.equal(claimsOf(ok(response).json().access_token).sub, 'alice')],
    ['deny', (response) => isError(response, 400, 'access_denied')],
  ]) {
    test(`the device page: ${decision}`, async () => {
      const issuer = await mock.fresh().make();
      const device = ok(await issuer.device()).json();
      const done = await issuer.approve(device, { decision });
      assert.equal(done.response.status, 200);
      check(await issuer.poll(device.device_code));
    });
  }

  test('/device without a code asks for it', async () => {
    const issuer = mock.fresh();
    const device = ok(await issuer.device()).json();
    const browser = new Browser(mock);
    let shown = await browser.open(`${issuer.id}/device`);
    shown = await browser.press(shown, { label: 'alice' });
    const form = formsOf(shown.response.text).find(({ inputs }) => inputs.some(({ name }) => name === 'user_code'));
    shown = await browser.press(shown, { form, fields: { user_code: device.user_code.toLowerCase() } });
    shown = await browser.press(shown, { label: 'approve' });
    assert.equal(shown.response.status, 200);
    ok(await issuer.poll(device.device_code));
  });
});
