// The way through the login application and back, where what a browser does decides: frames of another site,
// tabs, histories. The page is at 127.0.0.1 and the issuer at localhost, which are two sites to a browser.

import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { startPage } from './support/page-app.mjs';
import { loginPage } from './support/pages.mjs';
import { scene } from './support/scene.mjs';

/** The page, in a browser that may go there; what `act` does then. */
const ofPage = (name, act, options = {}) =>
  scene(name, options, async (on) => {
    const app = await startPage(on.t, { issuer: on.issuer });
    on.mayReach(app.origin);
    await on.page.goto(`${app.origin}/`);
    await act({ ...on, app });
  });

/** Logs in by a redirect of the whole window. */
async function logIn(page) {
  await atLogin(page);
  await loginAs(page, 'alice');
}

async function atLogin(page) {
  await page.evaluate(() => void window.manager.signinRedirect());
  await loginPage(page).heading.waitFor();
}

async function loginAs(page, user) {
  await loginPage(page).user(user).click();
  assert.equal(await outcome(page), `Logged in as ${user}`);
}

async function outcome(page) {
  await page.waitForFunction(() => /^(Logged in|Failed)/.test(document.title));
  return page.title();
}

/** A silent login in a frame: its error or its subject, and how many milliseconds that took. */
const silently = (page, form = {}) =>
  page.evaluate(async (form) => {
    const began = performance.now();
    const outcome = await window.manager.signinSilent(form).then(
      (user) => ({ sub: user.profile.sub }),
      ({ name, error, message }) => ({ name, error, message }),
    );
    return { ...outcome, took: performance.now() - began };
  }, form);

describe('oidc-client-ts in a page of another site', () => {
  ofPage('a silent login in a frame is told login_required, long before it times out', async ({ page }) => {
    const { error, name, took } = await silently(page);
    assert.equal(error, 'login_required', name);
    assert.ok(took < 5000, `${took} ms`);
  });

  ofPage('the same with a session, whose cookies the frame does not have', async ({ page }) => {
    await logIn(page);
    // Else it is renewed by its refresh token, without a frame.
    await page.evaluate(() => window.manager.removeUser());
    const { error, took } = await silently(page);
    assert.equal(error, 'login_required');
    assert.ok(took < 5000, `${took} ms`);
    // The whole window has them.
    await page.evaluate(() => void window.manager.signinRedirect({ prompt: 'none' }));
    assert.equal(await outcome(page), 'Logged in as alice');
  });

  const automatic = { seed: { auto_login: 'alice' } };
  ofPage(
    'a login application that needs no cookie accepts: login_required all the same, and no code',
    async ({ page }) => {
      const { error, sub, took } = await silently(page);
      assert.equal(error, 'login_required', sub);
      assert.ok(took < 5000, `${took} ms`);
    },
    automatic,
  );
});

describe('the answer as a form, in a frame', () => {
  const request = (issuer, app, form = {}) =>
    `${issuer}/authorize?${new URLSearchParams({
      client_id: 'page',
      response_type: 'code',
      response_mode: 'form_post',
      redirect_uri: `${app.origin}/form`,
      scope: 'openid',
      state: 'a state',
      nonce: 'a nonce',
      prompt: 'none',
      code_challenge: 'E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM',
      code_challenge_method: 'S256',
      ...form,
    })}`;
  const framing = (app, address) => `${app.origin}/framing?${new URLSearchParams({ of: address })}`;

  ofPage('reaches the page that frames it', async ({ page, app, issuer }) => {
    await page.goto(framing(app, request(issuer, app)));
    await page.frameLocator('iframe').getByText('Thank you.').waitFor();
    assert.equal(app.posted[0].error, 'login_required');
    assert.equal(app.posted[0].state, 'a state');
  });

  ofPage('reaches it with an error of the request itself', async ({ page, app, issuer }) => {
    await page.goto(framing(app, request(issuer, app, { response_type: 'none' })));
    await page.frameLocator('iframe').getByText('Thank you.').waitFor();
    assert.equal(app.posted[0].error, 'unsupported_response_type');
  });

  ofPage('is shown in no frame of anybody else', async ({ t, page, app, issuer }) => {
    const elsewhere = await startPage(t, { issuer });
    const context = await page.context().browser().newContext();
    const stranger = await context.newPage();
    const refused = stranger.waitForEvent('console', (message) => /frame-ancestors/.test(message.text()));
    await stranger.goto(framing(elsewhere, request(issuer, app)));
    assert.ok((await refused).text().includes(`frame-ancestors ${app.origin}`));
    assert.deepEqual(app.posted, []);
    await context.close();
  });
});

describe('tabs, and links out of the middle of a login', () => {
  ofPage('two tabs at the login at once: both get in', async ({ page, app }) => {
    const second = await page.context().newPage();
    await second.goto(`${app.origin}/`);
    await atLogin(page);
    await atLogin(second);
    await loginAs(second, 'bob');
    await loginAs(page, 'alice');
    await second.close();
  });

  ofPage('a link that is opened in another browser: an error there, and the login in its own', async ({ page }) => {
    await atLogin(page);
    const context = await page.context().browser().newContext();
    const stranger = await context.newPage();
    await stranger.goto(page.url());
    await loginPage(stranger).user('bob').click();
    assert.match(await outcome(stranger), /^Failed/);
    const { searchParams } = new URL(stranger.url());
    assert.equal(searchParams.get('error'), 'login_required');
    assert.equal(searchParams.get('code'), null);
    await context.close();
    await loginAs(page, 'alice');
  });
});
