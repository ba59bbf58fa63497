// The built-in login in a real Chromium: by clicks, with and without scripts, each page in every state, and
// oidc-client-ts with silent renewal in a frame. Screenshots go to target/login-screenshots, for people to look at.

import './support/secrets.mjs';
import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { fits, isAccessible, isWellFormed, tabThrough } from '../browser/support/accessibility.mjs';
import { newPage, unless } from '../browser/support/chromium.mjs';
import { startPage } from '../browser/support/page-app.mjs';
import { application, clients, open, target } from './support/world.mjs';

const SHOTS = fileURLToPath(new URL(`../../target/login-screenshots/${target}/`, import.meta.url));
const APPLICATION = 'https://shop.example';

/** A window, in which an application's address shows what came back. */
async function window_(t, own, options = {}) {
  const applications = Object.keys(own.applications).map((id) => `https://${id}.example`);
  const upstreams = Object.values(own.upstreams).map(({ url }) => new URL(url).origin);
  const origins = [own.issuer, ...upstreams, ...applications];
  const { page, behaved, close } = await newPage({ origins, ...options });
  t.after(close);
  const context = page.context();
  // Nobody listens at https://….example: the way ends here, whatever the application would do.
  await context.route(/^https:\/\/\w+\.example\//, (route) =>
    route.fulfill({ contentType: 'text/html', body: '<!doctype html><title>Back</title><h1>Back</h1>' }),
  );
  return { page, behaved };
}

const form = (page, path) => page.locator(`form[action$="${path}"]`);
const press = {
  way: (page, id) => page.locator(`button[name="provider"][value="${id}"]`).click(),
  /** At the mock's own page. */
  person: (page, sub) => page.locator(`button[name="subject"][value="${sub}"]`).click(),
  allow: (page) => page.locator('button[name="consent"]').click(),
  back: (page) => page.locator('button[formaction$="/login/back"]').click(),
};
/** Goes to an address that leads to an application's at once. What a redirect leads to is no page here. */
async function leave(page, url) {
  const before = page.url();
  await page.goto(url).catch(() => undefined);
  await page.waitForURL((to) => to.origin === APPLICATION && to.href !== before);
}
const arrived = async (page, origin = APPLICATION) => {
  await page.waitForURL((url) => url.origin === origin);
  return Object.fromEntries(new URL(page.url()).searchParams);
};

describe('by clicks', unless, () => {
  for (const javaScriptEnabled of [true, false]) {
    test(`a login, ${javaScriptEnabled ? 'with' : 'without'} scripts`, async (t) => {
      const own = await open(t);
      const { shop, guest } = own.applications;
      const { page, behaved } = await window_(t, own, { javaScriptEnabled });
      const asked = shop.asks();
      await page.goto(asked.url);
      await press.way(page, 'one');
      await press.person(page, 'alice');
      const answer = await arrived(page);
      assert.equal(answer.state, asked.state);
      const tokens = await shop.tokens({ arrived: new URL(page.url()) }, asked);
      assert.equal(tokens.claims.sub, own.subject('one', 'alice'));
      // Somebody else's application asks for consent, and is told no, then yes.
      const refused = guest.asks();
      await page.goto(refused.url);
      await press.back(page);
      assert.equal((await arrived(page, 'https://guest.example')).error, 'access_denied');
      const agreed = guest.asks();
      await page.goto(agreed.url);
      await press.allow(page);
      assert.ok((await arrived(page, 'https://guest.example')).code);
      await leave(page, shop.logout(tokens));
      assert.equal(new URL(page.url()).pathname, '/bye');
      await leave(page, shop.asks({ prompt: 'none' }).url);
      assert.equal((await arrived(page)).error, 'login_required');
      if (javaScriptEnabled) behaved();
    });
  }

  test('the browser’s Back button strands nobody', async (t) => {
    const own = await open(t);
    const { page } = await window_(t, own);
    const asked = own.applications.shop.asks();
    await page.goto(asked.url);
    await press.way(page, 'two');
    await page.locator('button[name="subject"]').first().waitFor();
    await page.goBack();
    await press.way(page, 'one');
    await press.person(page, 'alice');
    assert.ok((await arrived(page)).code);
    await page.goBack();
    // Wherever that is, it says what happened and leads on: at the provider's page once more, too.
    await page.waitForLoadState();
    if (page.url().startsWith(own.upstreams.one.url)) await press.person(page, 'alice');
    await page.getByRole('heading', { level: 1, name: 'You are logged in already' }).waitFor();
    assert.ok(page.url().startsWith(own.issuer), page.url());
    await page.getByRole('link', { name: 'Go to The Shop' }).click();
    await page.waitForURL('https://shop.example/');
  });
});

/** Each page that a person may be shown: how to get there. */
const STATES = {
  async chooser(page, own, more) {
    await page.goto(own.applications.shop.asks(more).url);
  },
  async consent(page, own, more) {
    const scope = 'openid profile email offline_access orders:read orders:write';
    await page.goto(own.applications.guest.asks({ scope, resource: 'https://orders.example', ...more }).url);
    await press.way(page, 'one');
    await press.person(page, 'alice');
  },
  async account(page, own, more) {
    const { shop } = own.applications;
    const asked = shop.asks({ scope: 'openid profile offline_access', ...more });
    await page.goto(asked.url);
    await press.way(page, 'one');
    await press.person(page, 'alice');
    await arrived(page);
    await shop.tokens({ arrived: new URL(page.url()) }, asked);
    await page.goto(`${own.issuer}/login/account`);
  },
  async 'log out'(page, own, more) {
    await page.goto(own.applications.shop.asks(more).url);
    await press.way(page, 'one');
    await press.person(page, 'alice');
    await arrived(page);
    await page.goto(`${own.issuer}/login/logout`);
  },
  async 'logged out'(page, own) {
    await page.goto(`${own.issuer}/login/logged-out`);
  },
  async 'logged in already'(page, own, more) {
    await page.goto(own.applications.shop.asks(more).url);
    const chooser = page.url();
    await press.way(page, 'one');
    await press.person(page, 'alice');
    await arrived(page);
    await page.goto(chooser);
  },
  async 'said no at the upstream'(page, own, more) {
    await page.goto(own.applications.shop.asks(more).url);
    await press.way(page, 'one');
    await page.locator('button[name="error"][value="access_denied"]').click();
  },
  async 'not allowed'(page, own, more) {
    await page.goto(own.applications.staff.asks(more).url);
    await press.way(page, 'one');
    await press.person(page, 'bob');
  },
  async 'an upstream that is unwell'(page, own, more) {
    await page.goto(own.applications.shop.asks(more).url);
    await own.upstreams.one.addFault({ match: { endpoint: 'token' }, fault: 'status-500' });
    await press.way(page, 'one');
    await press.person(page, 'alice');
    await own.upstreams.one.clearFaults();
  },
  async 'begun in another browser'(page, own, more) {
    await page.goto(own.applications.shop.asks(more).url);
    await press.way(page, 'one');
    await page.locator('button[name="subject"]').first().waitFor();
    await page.context().clearCookies({ name: /jeton-login/ });
    await press.person(page, 'alice');
  },
  async 'another person than asked for'(page, own, more) {
    const { shop } = own.applications;
    const asked = shop.asks(more);
    await page.goto(asked.url);
    await press.way(page, 'one');
    await press.person(page, 'alice');
    await arrived(page);
    const { id_token } = await shop.tokens({ arrived: new URL(page.url()) }, asked);
    await page.goto(shop.asks({ prompt: 'select_account', ...more }).url);
    await press.way(page, 'two');
    await press.person(page, 'bob');
    await arrived(page);
    await page.goto(shop.asks({ id_token_hint: id_token, ...more }).url);
  },
  async 'a damaged request'(page, own) {
    await page.goto(`${own.issuer}/login?request=jsr_damaged`);
  },
  async 'a device'(page, own) {
    await page.goto(`${own.issuer}/device`);
  },
};

/**
 * Why a page is not looked at on this host. `jeton-login` makes them all, by the same code on each host: one host has
 * every state, and on the others one page shows that it arrives as it was made.
 */
const unlooked = (name) =>
  target !== 'serve' && name !== 'consent' && 'looked at on serve: the pages are not the hosts’';

describe('each page in every state', unless, () => {
  for (const [name, reach] of Object.entries(STATES)) {
    for (const [language, more] of [
      ['en', {}],
      ['de', { ui_locales: 'de' }],
    ]) {
      test(`${name}, ${language}`, { skip: unlooked(name) }, async (t) => {
        const own = await open(t, {
          providers: { one: {}, two: {}, github: { type: 'github', name: 'GitHub' } },
          clients: [...clients(), { ...application('staff', { client_name: 'Staff' }), first_party: true }],
          login: { clients: { staff: { allow: { claims: { groups: ['staff'] } } } } },
        });
        const { page, behaved } = await window_(t, own, { locale: language === 'de' ? 'de-DE' : 'en-GB' });
        await reach(page, own, more);
        await page.getByRole('heading', { level: 1 }).waitFor();
        assert.ok(page.url().startsWith(own.issuer), page.url());
        assert.equal(await page.locator('html').getAttribute('lang'), language);
        await isWellFormed(page, language);
        mkdirSync(SHOTS, { recursive: true });
        const shot = (kind) =>
          page.screenshot({ path: `${SHOTS}${name.replaceAll(' ', '-')}-${language}-${kind}.png`, fullPage: true });
        await isAccessible(page, 'light');
        await shot('light');
        await isAccessible(page, 'dark');
        await shot('dark');
        await page.emulateMedia({ colorScheme: 'light' });
        await tabThrough(page);
        for (const width of [390, 320]) {
          await page.setViewportSize({ width, height: 844 });
          await fits(page, `${width} px`);
          if (width === 390) await shot('390');
        }
        behaved();
      });
    }
  }
});

describe('oidc-client-ts', unless, () => {
  const silently = (page) =>
    page.evaluate(() =>
      window.manager.signinSilent().then(
        (user) => ({ sub: user.profile.sub, auth_time: user.profile.auth_time }),
        ({ name, error, message }) => ({ name, error, message }),
      ),
    );

  /** A deployment, and a page that is its application: at this name of this machine. */
  async function scene(t, host) {
    // The page is told its issuer before it listens, and the deployment its page's address before it starts.
    const place = {};
    const app = await startPage(t, { host, issuer: { toJSON: () => place.issuer } });
    const own = await open(t, {
      clients: [
        {
          client_id: 'page',
          client_name: 'A Page',
          token_endpoint_auth_method: 'none',
          redirect_uris: [`${app.origin}/callback`],
          post_logout_redirect_uris: [`${app.origin}/`],
          grant_types: ['authorization_code'],
          allowed_origins: [app.origin],
          scope: 'openid profile',
          first_party: true,
        },
      ],
    });
    place.issuer = own.issuer;
    const { page } = await window_(t, own);
    await page.goto(`${app.origin}/`);
    return { own, app, page };
  }

  const title = async (page) => {
    await page.waitForFunction(() => /^(Logged in as|Failed)/.test(document.title));
    return page.title();
  };

  test('logs in by the whole window, and renews silently in a frame', async (t) => {
    const { own, app, page } = await scene(t, 'localhost');
    assert.equal((await silently(page)).error, 'login_required');
    await page.evaluate(() => void window.manager.signinRedirect());
    await press.way(page, 'one');
    await press.person(page, 'alice');
    const sub = own.subject('one', 'alice');
    assert.equal(await title(page), `Logged in as ${sub}`);
    await page.goto(`${app.origin}/`);
    const renewed = await silently(page);
    assert.equal(renewed.sub, sub, JSON.stringify(renewed));
    // Once the session has ended, so has that.
    await page.goto(`${own.issuer}/login/logout`);
    await form(page, '/login/logout').locator('button').first().click();
    await page.waitForLoadState();
    await page.goto(`${app.origin}/`);
    assert.equal((await silently(page)).error, 'login_required');
  });

  test('in a frame of another site there are no cookies: login_required, at once', async (t) => {
    const { own, app, page } = await scene(t, '127.0.0.1');
    await page.evaluate(() => void window.manager.signinRedirect());
    await press.way(page, 'one');
    await press.person(page, 'alice');
    assert.equal(await title(page), `Logged in as ${own.subject('one', 'alice')}`);
    await page.goto(`${app.origin}/`);
    const began = performance.now();
    assert.equal((await silently(page)).error, 'login_required');
    assert.ok(performance.now() - began < 5000);
  });

  test('nobody frames the pages of the login', async (t) => {
    const { own, app, page } = await scene(t, 'localhost');
    const refused = page.waitForEvent('console', (message) => /frame-ancestors/.test(message.text()));
    await page.goto(`${app.origin}/framing?${new URLSearchParams({ of: `${own.issuer}/login/logged-out` })}`);
    assert.ok((await refused).text().includes("frame-ancestors 'none'"));
  });
});
