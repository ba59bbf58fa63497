// Logging in to an application by the mock's pages, with scripts and without.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import * as openid from 'openid-client';
import { runApplication } from './support/app.mjs';
import { consentPage, devicePage, loginPage } from './support/pages.mjs';
import { deviceOf, failed, loggedIn, scene } from './support/scene.mjs';

/** What the login page offers besides Deny. */
const ERRORS = [
  'login_required',
  'consent_required',
  'interaction_required',
  'account_selection_required',
  'server_error',
  'temporarily_unavailable',
];

const login = async (page, app, parameters = {}) => page.goto(`${app}/login?${new URLSearchParams(parameters)}`);

/** Clicks that user on the login page; what the application then shows. */
async function loginAs(page, app, user, parameters) {
  await login(page, app, parameters);
  await loginPage(page).user(user).click();
  return loggedIn(page, app);
}

for (const javaScriptEnabled of [true, false]) {
  const browser = { javaScriptEnabled };
  describe(javaScriptEnabled ? 'with scripts' : 'without scripts', () => {
    scene('one click logs a user in', { browser }, async ({ page, app, issuer }) => {
      const { claims, userinfo, scope } = await loginAs(page, app, 'alice');
      assert.equal(claims.iss, issuer);
      assert.equal(claims.sub, 'alice');
      assert.equal(userinfo.email, 'alice@example.com');
      assert.equal(scope, 'openid profile email');
    });

    const users = [
      { sub: 'u1', name: 'Zoë <Admin>', claims: { email: 'zoe@example.com' }, id_token: { roles: ['admin'] } },
    ];
    scene('the users are the configured ones, by their names', { browser, seed: { users } }, async ({ page, app }) => {
      const { claims, userinfo } = await loginAs(page, app, 'Zoë <Admin>');
      assert.equal(claims.sub, 'u1');
      assert.deepEqual(claims.roles, ['admin']);
      assert.equal(userinfo.email, 'zoe@example.com');
    });

    scene('anyone with any claims', { browser }, async ({ page, app }) => {
      await login(page, app);
      const form = loginPage(page);
      await form.subject.fill('dora|"42"');
      await form.claims.fill('{ "email": "dora@example.com", "name": "Dora", "roles": ["a", "b"] }');
      await form.logIn.click();
      const { claims, userinfo } = await loggedIn(page, app);
      assert.equal(claims.sub, 'dora|"42"');
      assert.equal(userinfo.email, 'dora@example.com');
      assert.deepEqual(userinfo.roles, ['a', 'b'], 'a claim outside every scope is asked for by being typed');
    });

    scene('claims that are no JSON are said to be so, and what was typed stays', { browser }, async ({ page, app }) => {
      await login(page, app);
      const form = loginPage(page);
      for (const typed of ['{ "email": ', '["no object"]', '"text"']) {
        await form.subject.fill('dora');
        await form.claims.fill(typed);
        await form.logIn.click();
        await form.alert.waitFor();
        assert.match(await form.alert.innerText(), /JSON/);
        assert.equal(await form.claims.inputValue(), typed);
        assert.equal(await form.subject.inputValue(), 'dora');
      }
      await form.claims.fill('');
      await form.logIn.click();
      assert.equal((await loggedIn(page, app)).claims.sub, 'dora');
    });

    scene('a session spares the second question, and prompt=login asks it', { browser }, async ({ page, app }) => {
      const first = await loginAs(page, app, 'bob');
      await login(page, app);
      const second = await loggedIn(page, app);
      assert.equal(second.claims.sub, 'bob');
      assert.equal(second.claims.auth_time, first.claims.auth_time);
      for (const prompt of ['login', 'select_account']) {
        await login(page, app, { prompt });
        await loginPage(page).heading.waitFor();
      }
      await loginPage(page).user('carol').click();
      assert.equal((await loggedIn(page, app)).claims.sub, 'carol');
    });

    scene('max_age asks again when that time has passed', { browser }, async ({ page, app, control }) => {
      await loginAs(page, app, 'bob');
      await login(page, app, { max_age: '600' });
      await loggedIn(page, app);
      await control('POST', 'clock', { advance: 601 });
      await login(page, app, { max_age: '600' });
      await loginPage(page).heading.waitFor();
    });

    scene('Deny is access_denied', { browser }, async ({ page, app }) => {
      await login(page, app);
      await loginPage(page).deny.click();
      const { code, error } = await failed(page, app);
      assert.equal(code, 'OAUTH_AUTHORIZATION_RESPONSE_ERROR');
      assert.equal(error, 'access_denied');
    });

    // One stands for all where there are no scripts that could treat them differently.
    for (const code of javaScriptEnabled ? ERRORS : ERRORS.slice(0, 1)) {
      scene(`the button ${code} is that error`, { browser }, async ({ page, app }) => {
        await login(page, app);
        await page.locator('summary').click();
        await loginPage(page).error(code).click();
        assert.equal((await failed(page, app)).error, code);
      });
    }

    scene('login_hint is straight in, a user or not', { browser }, async ({ page, app }) => {
      for (const hint of ['alice', 'nobody@example.com']) {
        await login(page, app, { login_hint: hint });
        assert.equal((await loggedIn(page, app)).claims.sub, hint);
      }
    });

    scene('prompt=none is login_required, and with a session through', { browser }, async ({ page, app }) => {
      await login(page, app, { prompt: 'none' });
      assert.equal((await failed(page, app)).error, 'login_required');
      await loginAs(page, app, 'alice');
      await login(page, app, { prompt: 'none' });
      assert.equal((await loggedIn(page, app)).claims.sub, 'alice');
    });

    scene('prompt=consent asks for scopes, and grants those left on', { browser }, async ({ page, app }) => {
      await login(page, app, { prompt: 'consent' });
      await loginPage(page).user('alice').click();
      const form = consentPage(page);
      for (const scope of ['profile', 'email']) assert.ok(await form.scope(scope).isChecked(), scope);
      await form.scope('email').uncheck();
      await form.allow.click();
      const { claims, userinfo, scope } = await loggedIn(page, app);
      assert.equal(scope, 'openid profile');
      assert.equal(claims.sub, 'alice');
      assert.equal(userinfo.email, undefined);
      assert.equal(userinfo.given_name, 'alice');
    });

    scene('no consent is access_denied', { browser }, async ({ page, app }) => {
      await login(page, app, { prompt: 'consent' });
      await loginPage(page).user('alice').click();
      await consentPage(page).deny.click();
      assert.equal((await failed(page, app)).error, 'access_denied');
    });

    scene('auto_login never asks', { browser, seed: { auto_login: 'carol' } }, async ({ page, app }) => {
      await login(page, app);
      assert.equal((await loggedIn(page, app)).claims.sub, 'carol');
    });

    scene('the answer as a form', { browser }, async ({ page, app }) => {
      await login(page, app, { response_mode: 'form_post' });
      await loginPage(page).user('alice').click();
      if (!javaScriptEnabled) await page.getByRole('button', { name: 'Continue' }).click();
      assert.equal((await loggedIn(page, app)).claims.sub, 'alice');
    });

    scene('logging out ends the session and comes back', { browser }, async ({ page, app }) => {
      await loginAs(page, app, 'alice');
      await page.getByRole('link', { name: 'Log out' }).click();
      await page.getByRole('heading', { name: 'Not logged in' }).waitFor();
      assert.equal(new URL(page.url()).origin, app);
      await login(page, app, { prompt: 'none' });
      assert.equal((await failed(page, app)).error, 'login_required');
    });

    scene('logging out without a hint asks the person', { browser }, async ({ page, issuer }) => {
      await page.goto(`${issuer}/end_session`);
      await page.getByRole('button', { name: 'Log out', exact: true }).click();
      await page.getByRole('heading', { level: 1, name: 'Logged out', exact: true }).waitFor();
    });

    scene('a device is approved', { browser }, async ({ page, issuer, mock }) => {
      const device = await deviceOf(issuer);
      await page.goto(device.verification_uri);
      await loginPage(page).user('alice').click();
      const form = devicePage(page);
      await form.code.fill('BCDF-GHJK');
      await form.next.click();
      await form.alert.waitFor();
      await form.code.fill(device.user_code.toLowerCase().replace('-', ' '));
      await form.next.click();
      assert.ok((await page.getByRole('main').innerText()).includes(device.user_code));
      await form.approve.click();
      await page.getByRole('heading', { level: 1, name: /connected/i }).waitFor();
      assert.equal(new URL(page.url()).origin, mock);
      const tokens = await openid.pollDeviceAuthorizationGrant(device.config, device);
      assert.equal(tokens.claims().sub, 'alice');
    });

    scene('a device is denied', { browser }, async ({ page, issuer }) => {
      const device = await deviceOf(issuer);
      await page.goto(device.verification_uri_complete);
      await loginPage(page).user('alice').click();
      const form = devicePage(page);
      assert.equal(await form.code.inputValue(), device.user_code);
      await form.next.click();
      await form.deny.click();
      await page.getByRole('heading', { level: 1, name: /not connected/i }).waitFor();
      await assert.rejects(openid.pollDeviceAuthorizationGrant(device.config, device), { error: 'access_denied' });
    });
  });
}

scene('what a request and a user say is text on the page, not markup', { seed: {} }, async ({ page, app, control }) => {
  const nasty = '"><img/src=x/onerror=alert(1)><b>';
  await control('POST', 'users', { sub: `sub${nasty}`, name: `User ${nasty}` });
  // A scope may hold all of it but the quotation mark (RFC 6749 §3.3).
  await login(page, app, { scope: `openid profile ${nasty.slice(1)}`, client_id: `client${nasty}`, prompt: 'consent' });
  const form = loginPage(page);
  assert.equal(await page.locator('b, img').count(), 0);
  const text = await page.getByRole('main').innerText();
  assert.ok(text.includes(`client${nasty}`), text);
  await form.user(`User ${nasty}`).click();
  assert.equal(await page.locator('b, img').count(), 0);
});

scene('two issuers do not share a session, not even one beneath the other', {}, async ({ page, app, issuer }) => {
  await loginAs(page, app, 'alice');
  const query = new URLSearchParams({
    response_type: 'code',
    client_id: 'app',
    redirect_uri: `${app}/callback`,
    scope: 'openid',
    state: 's',
    prompt: 'none',
  });
  for (const [other, expected] of [
    [`${issuer}-other`, 'login_required'],
    [`${issuer}/beneath`, 'login_required'],
    [issuer, null],
  ]) {
    const answered = page.waitForRequest((request) => request.url().startsWith(`${app}/callback`));
    await page.goto(`${other}/authorize?${query}`);
    assert.equal(new URL((await answered).url()).searchParams.get('error'), expected, other);
  }
});

scene('a login page that no application asked for is a refusal', {}, async ({ page, issuer }) => {
  for (const query of ['', '?request=x']) {
    const response = await page.goto(`${issuer}/login${query}`);
    assert.equal(response.status(), 400);
    assert.equal(await page.getByRole('button').count(), 0);
  }
});

scene('the example runs as it says', {}, async ({ t, page, issuer, mayReach }) => {
  const app = await runApplication(t, issuer);
  mayReach(app);
  await page.goto(app);
  await page.getByRole('link', { name: 'Log in' }).click();
  await loginPage(page).user('alice').click();
  assert.equal((await loggedIn(page, app)).claims.sub, 'alice');
});

scene('a double click is a click', {}, async ({ page, app }) => {
  await login(page, app);
  await loginPage(page).user('alice').dblclick();
  assert.equal((await loggedIn(page, app)).claims.sub, 'alice');
});

scene('going back after a login leads to the application, which has it still', {}, async ({ page, app }) => {
  await loginAs(page, app, 'alice');
  await page.goBack();
  assert.equal((await loggedIn(page, app)).claims.sub, 'alice');
});
