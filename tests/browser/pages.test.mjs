// Every page, in the light and in the dark, on a desk and in a hand. What it looked like is in
// target/screenshots/.

import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { describe } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fits, isAccessible, isWellFormed, tabThrough } from './support/accessibility.mjs';
import { consentPage, devicePage, loginPage } from './support/pages.mjs';
import { deviceOf, loggedIn, scene } from './support/scene.mjs';

const SCREENSHOTS = fileURLToPath(new URL('../../target/screenshots/', import.meta.url));
mkdirSync(SCREENSHOTS, { recursive: true });

const WINDOWS = { desktop: { width: 1280, height: 800 }, phone: { width: 390, height: 844 } };

const login = (page, app, parameters = {}) => page.goto(`${app}/login?${new URLSearchParams(parameters)}`);

/** The device page after alice has logged in. */
async function device({ page, issuer }) {
  const started = await deviceOf(issuer);
  await page.goto(started.verification_uri);
  await loginPage(page).user('alice').click();
  return { ...started, ...devicePage(page) };
}

/** Name of a screenshot → how to get to that page. */
const PAGES = {
  login: ({ page, app }) => login(page, app),
  'login-claims-wrong': async ({ page, app }) => {
    await login(page, app);
    const form = loginPage(page);
    await form.subject.fill('dora');
    await form.claims.fill('{ "email": ');
    await form.logIn.click();
    await form.alert.waitFor();
  },
  'login-errors': async ({ page, app }) => {
    await login(page, app);
    await page.locator('summary').click();
  },
  'login-many-users': async ({ page, app, control }) => {
    for (let n = 0; n < 30; n += 1)
      await control('POST', 'users', {
        sub: `u${n}`,
        name: n % 7 ? `User ${n}` : `${'Wolfeschlegelstein'.repeat(3)}hausenbergerdorff ${n}`,
      });
    await login(page, app, {
      scope: `openid ${Array.from({ length: 20 }, (_, n) => `https://api.example.com/scope/${n}`).join(' ')}`,
      client_id: 'a-client-with-a-name-that-is-quite-long-'.repeat(3),
    });
  },
  consent: async ({ page, app, control }) => {
    await control('POST', 'clients', {
      client_id: 'shop',
      client_name: 'The Corner Shop',
      redirect_uris: [`${app}/callback`],
      token_endpoint_auth_method: 'none',
    });
    await control('POST', 'apis', {
      identifier: 'https://orders.example',
      name: 'Orders',
      scopes: { 'orders:read': 'Read your orders', 'orders:write': 'Place and cancel orders' },
    });
    await login(page, app, {
      client_id: 'shop',
      prompt: 'consent',
      resource: 'https://orders.example',
      scope:
        'openid profile offline_access orders:read orders:write https://api.example.com/a-long-scope/that/goes/on/and/on.readonly',
    });
    await loginPage(page).user('alice').click();
    await consentPage(page).allow.waitFor();
  },
  'device-code': async (on) => {
    await (await device(on)).code.waitFor();
  },
  'device-code-wrong': async (on) => {
    const { code, next, alert } = await device(on);
    await code.fill('BCDF-GHJK');
    await next.click();
    await alert.waitFor();
  },
  'device-confirm': async (on) => {
    const { code, next, approve, user_code } = await device(on);
    await code.fill(user_code);
    await next.click();
    await approve.waitFor();
  },
  'device-connected': async (on) => {
    const { code, next, approve, user_code } = await device(on);
    await code.fill(user_code);
    await next.click();
    await approve.click();
    await on.page.getByRole('heading', { name: /connected/i }).waitFor();
  },
  'log-out': ({ page, issuer }) => page.goto(`${issuer}/end_session`),
  'logged-out': async ({ page, issuer }) => {
    await page.goto(`${issuer}/end_session`);
    await page.getByRole('button', { name: 'Log out', exact: true }).click();
    await page.getByRole('heading', { level: 1, name: 'Logged out', exact: true }).waitFor();
  },
  'request-refused': ({ page, issuer }) =>
    page.goto(`${issuer}/authorize?response_type=code&client_id=app&redirect_uri=nowhere`),
  'request-refused-at-home': async ({ page, issuer, control }) => {
    await control('PUT', 'issuer', { strictness: 'strict' });
    await control('POST', 'clients', {
      client_id: 'shop',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['https://shop.example/cb'],
      client_uri: 'https://shop.example/',
    });
    await page.goto(`${issuer}/authorize?response_type=code&client_id=shop&redirect_uri=https://shop.example/other`);
    await page.getByRole('link', { name: 'Back to the application' }).waitFor();
  },
  'link-damaged': ({ page, issuer }) => page.goto(`${issuer}/authorize/resume?ticket=jst_x`),
  'device-denied': async (on) => {
    const { code, next, deny, user_code } = await device(on);
    await code.fill(user_code);
    await next.click();
    await deny.click();
    await on.page.getByRole('link', { name: 'Begin again' }).waitFor();
  },
  'login-without-request': ({ page, issuer }) => page.goto(`${issuer}/login`),
  'form-post': async ({ page, app }) => {
    // 204: the browser stays where it is, although the form has been sent.
    await page.route(`${app}/callback`, (route) => route.fulfill({ status: 204 }));
    await page.goto(`${app}/login?response_mode=form_post&login_hint=alice`, { waitUntil: 'commit' });
    await page.getByRole('button', { name: 'Continue' }).waitFor();
  },
  'login-refused': ({ page, issuer }) => page.goto(`${issuer}/login?request=jsr_x`),
  home: ({ page, mock }) => page.goto(`${mock}/`),
  issuer: async ({ page, issuer, control }) => {
    await control('PUT', 'issuer', KNOWN);
    await page.goto(issuer);
    await page.getByRole('heading', { level: 1, name: /^Issuer scene-/ }).waitFor();
  },
  'issuer-opened': async ({ page, issuer, control }) => {
    await control('PUT', 'issuer', KNOWN);
    await page.goto(issuer);
    for (const closed of await page.locator('summary').all()) await closed.click();
  },
  debugger: ({ page, issuer }) => page.goto(`${issuer}/debugger`),
  'debugger-exchange': ({ page, issuer }) => page.goto(`${issuer}/debugger?grant=token_exchange`),
  'debugger-device': async ({ page, issuer }) => {
    await page.goto(`${issuer}/debugger?grant=device`);
    await page.getByRole('button', { name: 'Begin', exact: true }).click();
    await page.getByRole('button', { name: 'Ask for the tokens' }).click();
    await page.getByText('authorization_pending').first().waitFor();
  },
  'debugger-token': async ({ page, issuer, control }) => {
    const { token } = await control('POST', 'mint', { claims: { sub: 'dora', roles: ['a', 'b'] }, fault: 'tampered' });
    await page.goto(`${issuer}/debugger`);
    await page.getByLabel('Token', { exact: true }).fill(token);
    await page.getByRole('button', { name: 'Read' }).click();
  },
  'debugger-waits': async ({ page, issuer }) => {
    await page.goto(`${issuer}/debugger`);
    await page.getByRole('button', { name: 'Show the request first' }).click();
    await page.getByRole('link', { name: 'Go to the login' }).waitFor();
  },
  'debugger-login': async ({ page, issuer }) => {
    await page.goto(`${issuer}/debugger`);
    await page.getByLabel('Login hint').fill('alice');
    await page.getByLabel('Scope').fill('openid profile email fault:expired');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('button', { name: 'Redeem the code' }).click();
    await page.getByRole('region', { name: 'ID token' }).waitFor();
  },
  'debugger-login-failed': async ({ page, issuer }) => {
    await page.goto(`${issuer}/debugger`);
    await page.getByLabel('Prompt').selectOption('none');
    await page.getByRole('button', { name: 'Log in' }).click();
    await page.getByRole('alert').waitFor();
  },
  'debugger-fragment': ({ page, issuer }) => page.goto(`${issuer}/debugger/callback`),
  'debugger-over': ({ page, issuer }) => page.goto(`${issuer}/debugger/run/none`),
  'journal-empty': ({ page, issuer }) => page.goto(`${issuer}/debugger/journal`),
  journal: async ({ page, app, issuer }) => {
    await requests({ page, app, issuer });
    await page.goto(`${issuer}/debugger/journal`);
    await page.getByRole('row').nth(5).waitFor();
  },
  'journal-request': async ({ page, app, issuer }) => {
    await requests({ page, app, issuer });
    await page.goto(`${issuer}/debugger/journal?endpoint=token`);
    await page.getByRole('row').nth(1).getByRole('link').click();
  },
  'journal-nothing': ({ page, issuer }) => page.goto(`${issuer}/debugger/journal/999`),
  faults: ({ page, issuer }) => page.goto(`${issuer}/debugger/faults`),
  'faults-set': async ({ page, issuer, control }) => {
    await control('POST', 'faults', {
      fault: 'slow-2s',
      times: 2,
      match: { endpoint: 'token', client_id: 'shop*', parameters: { resource: 'https://orders.example/*' } },
    });
    await page.goto(`${issuer}/debugger/faults`);
    await page.getByRole('button', { name: 'Set expired', exact: true }).click();
    await page.getByLabel('Fault', { exact: true }).fill('no-such');
    await page.getByRole('button', { name: 'Set', exact: true }).click();
    await page.getByRole('alert').waitFor();
  },
};

/** An issuer that knows something of each kind. */
const KNOWN = {
  strictness: 'strict',
  users: [
    { sub: 'u1', name: 'Zoë <Admin>', claims: { email: 'zoe@example.com', roles: ['admin'] } },
    { sub: 'auth0|5f7c8ec7c33c6c004bbafe82' },
  ],
  clients: [
    {
      client_id: 'shop',
      client_name: 'Shop',
      redirect_uris: ['https://shop.example/cb'],
      token_endpoint_auth_method: 'none',
    },
    { client_id: 'billing', client_secret: 'any-secret', grant_types: ['client_credentials'] },
  ],
  apis: [{ identifier: 'https://orders.example', name: 'Orders', scopes: { 'orders:read': 'Read your orders' } }],
  claims: [{ match: { client_id: 'bill*' }, access_token: { tenant: 'acme' } }],
  faults: [{ fault: 'slow-2s' }],
};

/** Requests of many kinds. */
async function requests({ page, app, issuer }) {
  await login(page, app, { login_hint: 'alice' });
  await loggedIn(page, app);
  const token = (form) => fetch(`${issuer}/token`, { method: 'POST', body: new URLSearchParams(form) });
  await token({ grant_type: 'client_credentials', client_id: 'fail.slow-300ms', client_secret: 'x', scope: 'read' });
  await token({ grant_type: 'refresh_token', client_id: 'web', refresh_token: 'wrong' });
  await token({ grant_type: 'client_credentials', client_id: 'fail.drop' }).catch(() => {});
  await fetch(`${issuer}/authorize?client_id=web&redirect_uri=nowhere&response_type=code`);
}

describe('pages', () => {
  for (const [name, go] of Object.entries(PAGES)) {
    scene(name, { seed: {}, browser: { viewport: WINDOWS.desktop } }, async (on) => {
      const { page } = on;
      await go(on);
      await isWellFormed(page);
      // First everything is photographed, so that a failure can be looked at.
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        for (const [window, size] of Object.entries(WINDOWS)) {
          await page.setViewportSize(size);
          await page.screenshot({ path: `${SCREENSHOTS}${name}-${window}-${colorScheme}.png`, fullPage: true });
        }
      }
      for (const colorScheme of ['light', 'dark']) await isAccessible(page, colorScheme);
      await fits(page, 'phone');
      await page.setViewportSize(WINDOWS.desktop);
      await fits(page, 'desktop');
      await tabThrough(page);
    });
  }
});

scene('a login by the keyboard alone', {}, async ({ page, app }) => {
  await login(page, app, { prompt: 'consent' });
  await press(page, loginPage(page).user('bob'), 'Enter');
  const form = consentPage(page);
  await press(page, form.scope('email'), 'Space');
  await press(page, form.allow, 'Enter');
  const { claims, scope } = await loggedIn(page, app);
  assert.equal(claims.sub, 'bob');
  assert.equal(scope, 'openid profile');

  await login(page, app, { prompt: 'login' });
  await press(page, loginPage(page).subject);
  await page.keyboard.type('dora');
  await page.keyboard.press('Enter');
  assert.equal((await loggedIn(page, app)).claims.sub, 'dora');
});

/** Tabs until `control` has the focus, and presses the key. */
async function press(page, control, key) {
  await control.waitFor();
  for (let step = 0; step < 60; step += 1) {
    if (await control.evaluate((element) => element === document.activeElement)) return key && page.keyboard.press(key);
    await page.keyboard.press('Tab');
  }
  assert.fail('not reached in 60 steps');
}
