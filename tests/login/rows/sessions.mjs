// Sessions: how long they last, what ends them, and what a person sees of theirs.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formsTo, textOf } from '../support/browser.mjs';
import { be, choose, loggedIn, logIn, offers, toUpstream } from '../support/login.mjs';
import { isOwnPage } from '../support/pages.mjs';
import { application, at, clients, open, target, world } from '../support/world.mjs';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** What has ended is known at once to the process that was asked; Lambda's others remember for a while. */
const oneProcess = target === 'lambda' ? { instances: 1 } : {};

/** Whether a browser is known: a silent login goes through. */
async function isKnown(browser, application) {
  const asked = application.asks({ prompt: 'none' });
  const answer = application.answered(await browser.open(asked.url), asked);
  if (answer.code) return true;
  assert.equal(answer.error, 'login_required');
  return false;
}

const sessionCookies = (own, browser) => browser.cookiesOf(new URL(own.issuer).hostname, 'jeton-session-');

describe('sessions', () => {
  test('a cookie that no page can read and no other site sends, and that says nothing', async () => {
    const all = await world();
    const browser = all.browser();
    const lines = [];
    const ask = browser.ask.bind(browser);
    browser.ask = async (...parameters) => {
      const page = await ask(...parameters);
      for (const line of [page.response.headers['set-cookie'] ?? []].flat()) lines.push(line);
      return page;
    };
    await loggedIn(browser, all.applications.shop);
    const own = lines.filter((line) => /^(__Host-)?jeton-(session|login|browser)-/.test(line));
    assert.ok(own.some((line) => line.includes('jeton-session-')));
    assert.ok(own.some((line) => line.includes('jeton-login-')));
    for (const line of own) {
      assert.match(line, /; HttpOnly/i);
      assert.match(line, /; SameSite=Lax/i);
      assert.match(line, /; Path=\/(;|$)/i);
      assert.doesNotMatch(line, /; Domain=/i);
      assert.ok(line.length < 4096, `${line.length} bytes`);
      const [, value] = /=([^;]*)/.exec(line);
      for (const text of [value, Buffer.from(value, 'base64url').toString('latin1')]) {
        assert.ok(!/alice|example\.com/.test(text), line);
      }
    }
    // The login that was under way leaves nothing behind.
    assert.deepEqual(browser.cookiesOf(new URL(all.issuer).hostname, 'jeton-login-'), []);
  });

  test('each login begins a session of its own: one that was planted is not taken on', async () => {
    const all = await world();
    const { shop } = all.applications;
    const attacker = all.browser();
    await loggedIn(attacker, shop, { as: 'mallory' });
    const planted = sessionCookies(all, attacker)[0];
    const victim = all.browser().another({ cookies: attacker.cookies });
    await loggedIn(victim, shop, { as: 'alice', form: { prompt: 'login' } });
    assert.notEqual(sessionCookies(all, victim)[0][1], planted[1]);
    // Nobody's goes over to the other: that which was planted ends where it is replaced.
    assert.equal(await isKnown(attacker, shop), false);
  });

  test('one that was changed, or is another deployment’s, is none', async (t) => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    await loggedIn(browser, shop);
    const [[name, value]] = sessionCookies(all, browser);
    const host = new URL(all.issuer).hostname;
    const other = await open(t);
    const elsewhere = other.browser();
    await loggedIn(elsewhere, other.applications.shop);
    const [[, foreign]] = sessionCookies(other, elsewhere);
    const middle = value[40] === 'A' ? 'B' : 'A';
    for (const wrong of [`${value.slice(0, 40)}${middle}${value.slice(41)}`, value.slice(0, -4), foreign, 'x', '']) {
      browser.setCookie(host, name, wrong);
      assert.equal(await isKnown(browser, shop), false, wrong.slice(0, 8));
    }
    browser.setCookie(host, name, value);
    assert.equal(await isKnown(browser, shop), true);
  });

  // No host has a clock that can be moved: these wait. `jeton-login` has the same as unit tests, with a clock.
  const slow = process.env.JETON_SUITE_SLOW ? false : 'takes a minute: JETON_SUITE_SLOW=1';

  test('idle: it ends unless it is used', { skip: slow }, async (t) => {
    const own = await open(t, { login: { session: { idle: 70, absolute: 3600 } } });
    const { shop } = own.applications;
    const [used, unused] = [own.browser(), own.browser()];
    for (const browser of [used, unused]) await loggedIn(browser, shop);
    await sleep(62_000);
    assert.equal(await isKnown(used, shop), true);
    await sleep(10_000);
    assert.equal(await isKnown(unused, shop), false);
    assert.equal(await isKnown(used, shop), true);
  });

  test('absolute: it ends however much it is used', { skip: slow }, async (t) => {
    const own = await open(t, { login: { session: { idle: 60, absolute: 62 } } });
    const { shop } = own.applications;
    const browser = own.browser();
    await loggedIn(browser, shop);
    await sleep(30_000);
    assert.equal(await isKnown(browser, shop), true);
    await sleep(33_000);
    assert.equal(await isKnown(browser, shop), false);
  });

  test('a cut-off from elsewhere ends it', async (t) => {
    const manager = application('manager', {
      redirect_uris: undefined,
      post_logout_redirect_uris: undefined,
      grant_types: ['client_credentials'],
      scope: 'jeton:grants',
    });
    const own = await open(t, {
      clients: [...clients(), { ...manager, login: undefined }],
      host: oneProcess,
    });
    const { shop } = own.applications;
    const browser = own.browser();
    const { page, asked } = await logIn(browser, shop, { form: { scope: 'openid offline_access' } });
    const tokens = await shop.tokens(page, asked);
    const bob = own.browser();
    await loggedIn(bob, shop, { as: 'bob' });
    const { access_token } = await own.applications.manager.token({ grant_type: 'client_credentials' });
    const cut = await fetch(`${own.issuer}/manage/grants?subject=${encodeURIComponent(tokens.claims.sub)}`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${access_token}` },
    });
    assert.ok(cut.ok, `${cut.status} ${await cut.text()}`);
    await sleep(1100);
    assert.equal(await isKnown(browser, shop), false);
    assert.equal(await shop.isAlive(tokens), false);
    assert.equal(await isKnown(bob, shop), true, 'somebody else’s goes on');
    // The person may come again.
    await sleep(1100);
    const again = await loggedIn(browser, shop, { form: { prompt: 'login' } });
    assert.equal(again.claims.sub, tokens.claims.sub);
    assert.equal(await isKnown(browser, shop), true);
  });

  test('logging out at an application that has the ID token ends the session, without a question', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    const tokens = await loggedIn(browser, shop);
    const page = await browser.open(shop.logout(tokens, { state: 'bye' }));
    assert.equal(page.arrived?.href, 'https://shop.example/bye?state=bye', textOf(page.response));
    assert.deepEqual(sessionCookies(all, browser), []);
    assert.equal(await isKnown(browser, shop), false);
    assert.ok(offers(await browser.open(shop.asks().url), 'one'));
  });

  test('whose cookie is full is known by the newest logins', async (t) => {
    // As long as what is kept of a person in a cookie may be.
    const claims = {
      name: 'Alice',
      website: 'x'.repeat(1690),
      acr: 'a'.repeat(255),
      amr: Array(8).fill('m'.repeat(31)),
    };
    const own = await open(t, { providers: { one: { people: [{ sub: 'alice', claims }] } } });
    const { shop } = own.applications;
    const browser = own.browser();
    let tokens;
    for (let login = 0; login < 13; login += 1) tokens = await loggedIn(browser, shop);
    const [[, value]] = sessionCookies(own, browser);
    assert.ok(value.length > 3600 && value.length <= 3900, `${value.length} bytes`);
    const page = await browser.open(shop.logout(tokens, { state: 'bye' }));
    assert.equal(page.arrived?.href, 'https://shop.example/bye?state=bye', textOf(page.response));
  });

  test('whoever wants it is logged out at the upstream as well, and comes back', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const { shop } = own.applications;
    const browser = own.browser();
    await loggedIn(browser, shop);
    const asks = await browser.open(`${own.issuer}/login/logout`);
    assert.ok(isOwnPage(asks).includes('Provider one'));
    // The upstream asks as well: nobody has told it which login is meant.
    const there = await browser.send(asks, '/login/logout', { fields: { upstream: 'yes' } });
    assert.ok(there.url.href.startsWith(own.upstreams.one.url), there.url.href);
    const page = await browser.send(there, formsTo(there, '/end_session').length > 0 ? '/end_session' : '/logout');
    assert.ok(browser.visited.some((url) => url.startsWith(`${own.upstreams.one.url}/end_session?`)));
    assert.equal(page.url.href.split('?')[0], `${own.issuer}/login/logged-out`, textOf(page.response));
    isOwnPage(page);
    const { page: upstream } = await toUpstream(browser, shop);
    assert.ok(upstream.url.href.startsWith(own.upstreams.one.url), 'it asks again who it is');
  });

  test('a provider whose session ends as well: by way of it, and on to where the application wants', async (t) => {
    const own = await open(t, { providers: { one: { logout: 'upstream' } } });
    const { shop } = own.applications;
    const browser = own.browser();
    const tokens = await loggedIn(browser, shop);
    const there = await browser.open(shop.logout(tokens, { state: 'bye' }));
    assert.ok(there.url.href.startsWith(own.upstreams.one.url), `${there.arrived ?? there.url}`);
    // Here it has ended, whatever becomes of the way.
    assert.deepEqual(sessionCookies(own, browser), []);
    const end = await browser.send(there, formsTo(there, '/end_session').length > 0 ? '/end_session' : '/logout');
    assert.equal(end.arrived?.href, 'https://shop.example/bye?state=bye', textOf(end.response));
    const { page: upstream } = await toUpstream(browser, shop);
    assert.ok(upstream.url.href.startsWith(own.upstreams.one.url), 'it asks again who it is');
    // Whoever is asked first may say otherwise.
    await be(browser, upstream, 'alice');
    const asks = await browser.open(`${own.issuer}/login/logout`);
    assert.match(asks.response.text, /name="upstream" value="yes" checked/);
    const stays = await browser.send(asks, '/login/logout', { without: ['upstream'] });
    assert.match(isOwnPage(stays), /still be logged in at .*Provider one/s);
  });

  test('a provider whose session ends as well: the longest state fits into the address', async (t) => {
    const own = await open(t, { providers: { one: { logout: 'upstream' } } });
    const { shop } = own.applications;
    const browser = own.browser();
    const tokens = await loggedIn(browser, shop);
    const there = await browser.open(shop.logout(tokens, { state: 'x'.repeat(2048) }));
    assert.ok(there.url.href.startsWith(own.upstreams.one.url), textOf(there.response));
    const longest = Math.max(...browser.visited.map((url) => url.length));
    assert.ok(longest < 8192, `${longest}`);
  });

  test('whoever does not want it stays logged in there', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const { shop } = own.applications;
    const browser = own.browser();
    await loggedIn(browser, shop);
    await browser.send(await browser.open(`${own.issuer}/login/logout`), '/login/logout');
    assert.equal(await isKnown(browser, shop), false);
    const { page, asked } = await toUpstream(browser, shop);
    await shop.tokens(page, asked);
  });

  test('what has been logged out stays so: by a cookie that was kept, or by an answer that was under way', async (t) => {
    const people = [
      { sub: 'alice', claims: { name: 'Alice' } },
      // Claims that no cookie can hold.
      { sub: 'bob', claims: { name: 'Bob', address: { formatted: 'x'.repeat(3000) } } },
    ];
    const own = await open(t, { providers: { one: { people } } });
    const { shop } = own.applications;
    for (const as of ['alice', 'bob']) {
      const browser = own.browser();
      const { id_token } = await loggedIn(browser, shop, { as });
      const kept = browser.another({ cookies: browser.cookies });
      assert.equal(await isKnown(kept, shop), true);
      await browser.open(shop.logout({ id_token }));
      assert.equal(await isKnown(browser, shop), false, as);
      assert.equal(await isKnown(kept, shop), false, as);
      // A login anew is another session.
      await loggedIn(browser, shop, { as, form: { prompt: 'login' } });
      assert.equal(await isKnown(browser, shop), true, as);
    }
  });

  test('a session that another took the place of ends with that, so that no copy outlives the logout', async (t) => {
    const people = [
      { sub: 'alice', claims: { name: 'Alice' } },
      { sub: 'bob', claims: { name: 'Bob', address: { formatted: 'x'.repeat(3000) } } },
    ];
    const fresh = application('fresh', { first_party: true, renew_claims: true });
    const own = await open(t, { providers: { one: { people } }, clients: [...clients(), fresh] });
    const { shop, desk } = own.applications;
    for (const [as, next, form] of [
      ['alice', desk, { prompt: 'login' }],
      ['alice', own.applications.fresh, { scope: 'openid offline_access' }],
      ['bob', desk, { prompt: 'login' }],
    ]) {
      const browser = own.browser();
      await loggedIn(browser, shop, { as });
      const kept = browser.another({ cookies: browser.cookies });
      assert.equal(await isKnown(kept, shop), true);
      const tokens = await loggedIn(browser, next, { as, form });
      assert.equal(await isKnown(kept, shop), false, `${as} at ${next.id}: replaced`);
      assert.equal(await isKnown(browser, shop), true);
      await browser.open(next.logout(tokens));
      assert.equal(await isKnown(browser, shop), false);
      assert.equal(await isKnown(kept, shop), false, `${as} at ${next.id}: logged out`);
    }
  });

  test('a link of a stranger’s logs nobody out: the person is asked', async () => {
    const all = await world();
    const { shop } = all.applications;
    const mallory = await loggedIn(all.browser(), shop, { as: 'mallory' });
    const browser = all.browser();
    await loggedIn(browser, shop);
    for (const url of [
      shop.logout(mallory),
      shop.logout({}),
      `${all.issuer}/login/logout`,
      `${all.issuer}/login/logout?return_to=${encodeURIComponent(`${all.issuer}/end_session/resume`)}`,
    ]) {
      const page = await browser.open(url);
      assert.ok(!page.arrived, `${page.arrived}`);
      assert.equal(await isKnown(browser, shop), true, url);
    }
  });

  test('logging out by GET ends nothing; by POST without the page’s key neither', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    await loggedIn(browser, shop);
    await browser.open(`${all.issuer}/login/logout`);
    await browser.open(`${all.issuer}/login/logout`, { form: '' });
    await browser.open(`${all.issuer}/login/logout`, {
      form: 'form_key=AAAAAAAAAAAAAAAAAAAAAA',
      headers: { origin: 'https://evil.example' },
    });
    assert.equal(await isKnown(browser, shop), true);
    const page = await browser.open(`${all.issuer}/login/logout`);
    await confirm(all, browser, page);
    assert.equal(await isKnown(browser, shop), false);
  });

  test('nobody is sent on to a stranger’s address after a logout', async () => {
    const all = await world();
    const { shop } = all.applications;
    for (const evil of [
      'https://evil.example/',
      '//evil.example/',
      `${all.issuer}.evil.example/`,
      `${all.issuer}@evil.example/`,
      'javascript:alert(1)',
      '/\\evil.example',
    ]) {
      const browser = all.browser();
      await loggedIn(browser, shop);
      let page = await browser.open(`${all.issuer}/login/logout?return_to=${encodeURIComponent(evil)}`);
      if (!page.arrived && formsTo(page, '/login/logout').length > 0) page = await confirm(all, browser, page);
      assert.ok(!page.arrived || page.arrived.origin === all.issuer, `${page.arrived} by ${evil}`);
      assert.ok(!page.response.text.includes('evil.example'), page.response.text);
    }
  });

  test('the account page lists applications and devices, and ends each', async (t) => {
    const own = await open(t, { host: oneProcess });
    const { shop, desk } = own.applications;
    const browser = own.browser();
    const form = { scope: 'openid profile offline_access' };
    const first = await loggedIn(browser, shop, { form });
    const second = await loggedIn(browser, desk, { form });
    // Somebody else’s are not there.
    await loggedIn(own.browser(), own.applications.guest, { as: 'bob', form });
    let page = await browser.open(`${own.issuer}/login/account`);
    const text = isOwnPage(page);
    assert.ok(text.includes('The Shop') && text.includes('The Desk'), text);
    assert.ok(!text.includes('A Guest'), text);
    const forms = formsTo(page, '/login/account');
    assert.ok(forms.length >= 1);
    page = await endAt(browser, page, 'The Shop');
    assert.equal(await shop.isAlive(first), false);
    assert.equal(await desk.isAlive(second), true);
    assert.ok(!isOwnPage(await browser.open(`${own.issuer}/login/account`)).includes('The Shop'));
    // Without the page’s key nothing ends.
    const [{ fields, buttons }] = formsTo(await browser.open(`${own.issuer}/login/account`), '/login/account');
    const everything = { ...fields, end: 'everything' };
    assert.ok(buttons.some(({ value }) => value === 'everything'));
    await browser.open(`${own.issuer}/login/account`, { form: { ...everything, form_key: 'x' } });
    await browser.open(`${own.issuer}/login/account?${new URLSearchParams(everything)}`);
    await browser.open(`${own.issuer}/login/account`, {
      form: everything,
      headers: { origin: 'https://evil.example' },
    });
    assert.equal(await isKnown(browser, desk), true);
    // With it, and everything: all applications, and the sessions of all browsers.
    const elsewhere = own.browser();
    await loggedIn(elsewhere, desk);
    page = await browser.send(await browser.open(`${own.issuer}/login/account`), '/login/account', {
      button: 'everything',
    });
    isOwnPage(page);
    assert.equal(await desk.isAlive(second), false);
    await sleep(1100);
    assert.equal(await isKnown(browser, desk), false);
    assert.equal(await isKnown(elsewhere, desk), false);
  });

  test('an application is one entry, however often somebody logged in, and ends as one', async (t) => {
    const own = await open(t, { host: oneProcess });
    const { guest, desk } = own.applications;
    const form = { scope: 'openid offline_access' };
    const logins = [];
    const browsers = [];
    for (let login = 0; login < 12; login += 1) {
      const browser = own.browser();
      browsers.push(browser);
      logins.push(await loggedIn(browser, guest, { form }));
    }
    const [browser] = browsers;
    const other = await loggedIn(browser, desk, { form });
    let page = await browser.open(`${own.issuer}/login/account`);
    assert.equal(isOwnPage(page).split('A Guest').length - 1, 1, textOf(page.response));
    page = await endAt(browser, page, 'A Guest');
    assert.ok(!isOwnPage(page).includes('A Guest'), textOf(page.response));
    const alive = await Promise.all(logins.map((login) => guest.isAlive(login)));
    assert.ok(!alive.includes(true), `${alive}`);
    assert.equal(await desk.isAlive(other), true);
    // They are asked again.
    const silent = guest.asks({ ...form, prompt: 'none' });
    guest.refused(await browser.open(silent.url), silent, 'consent_required');
  });

  test('what somebody agreed to can be taken back when nothing else is left of it', async (t) => {
    const own = await open(t, { host: oneProcess });
    const { guest } = own.applications;
    const browser = own.browser();
    const { refresh_token } = await loggedIn(browser, guest, { form: { scope: 'openid offline_access' } });
    await guest.post('/revoke', { token: refresh_token });
    // No login is left, and nobody would be asked at the next one.
    const page = await browser.open(`${own.issuer}/login/account`);
    assert.ok(isOwnPage(page).includes('A Guest'), textOf(page.response));
    await endAt(browser, page, 'A Guest');
    const last = guest.asks({ scope: 'openid', prompt: 'none' });
    guest.refused(await browser.open(last.url), last, 'consent_required');
    assert.ok(!isOwnPage(await browser.open(`${own.issuer}/login/account`)).includes('A Guest'));
  });

  test('nobody ends a stranger’s from their own account page', async (t) => {
    const own = await open(t);
    const { shop } = own.applications;
    const form = { scope: 'openid offline_access' };
    const alice = own.browser();
    const hers = await loggedIn(alice, shop, { form });
    const bob = own.browser();
    await loggedIn(bob, shop, { as: 'bob', form });
    const [{ buttons }] = formsTo(await alice.open(`${own.issuer}/login/account`), '/login/account');
    const [{ value }] = buttons.filter((button) => button.name === 'client');
    const page = await bob.open(`${own.issuer}/login/account`);
    await bob.send(page, '/login/account', { button: value });
    assert.equal(await shop.isAlive(hers), true);
  });

  test('whoever has no session is asked who they are before the account page', async () => {
    const all = await world();
    const browser = all.browser();
    let page = await browser.open(`${all.issuer}/login/account`);
    isOwnPage(page, page.response.status);
    assert.ok(offers(page, 'one'), textOf(page.response));
    page = await choose(browser, page, 'one');
    page = await be(browser, page, 'eva');
    assert.equal(page.url.pathname, '/login/account');
    isOwnPage(page);
  });

  test('two tabs: each login ends where it began', async () => {
    const all = await world();
    const { shop, desk } = all.applications;
    const browser = all.browser();
    const first = await toUpstream(browser, shop);
    const second = await toUpstream(browser, desk);
    const { page: third } = await toUpstream(browser, shop, { provider: 'two' });
    await desk.tokens(await be(browser, second.page, 'alice'), second.asked);
    await shop.tokens(await be(browser, first.page, 'alice'), first.asked);
    assert.ok(third.url.href.startsWith(all.upstreams.two.url));
  });

  test('twenty tabs: those that are newest go through, and no cookie jar overflows', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    const tabs = [];
    for (let tab = 0; tab < 20; tab += 1) tabs.push(await toUpstream(browser, shop));
    const under = browser.cookiesOf(new URL(all.issuer).hostname, 'jeton-login-');
    assert.ok(under.length <= 8, `${under.length} logins under way`);
    const sent = under.reduce((sum, [name, value]) => sum + name.length + value.length + 3, 0);
    // What the hosts and the proxies before them take in one line.
    assert.ok(sent < 16_000, `${sent} bytes`);
    const { page, asked } = tabs.at(-1);
    await shop.tokens(await be(browser, page, 'alice'), asked);
    assert.equal(at('shop'), asked.redirect_uri);
  });
});

/** Presses the button of a page that asks whether to log out. */
function confirm(own, browser, page) {
  const [form] = formsTo(page, '/login/logout').concat(formsTo(page, '/end_session')).concat(formsTo(page, '/logout'));
  assert.ok(form, `nothing to press at ${page.url}: ${textOf(page.response)}`);
  const action = new URL(form.action ?? page.url.href, page.url).pathname;
  return browser.send(page, action.replace(new URL(own.issuer).pathname.replace(/\/$/, ''), ''));
}

/** Presses the button beside an application on the account page. */
function endAt(browser, page, name) {
  const { text } = page.response;
  const [, id] = /<button[^>]*name="client" value="([^"]*)"/.exec(text.slice(text.indexOf(name))) ?? [];
  assert.ok(id, text);
  return browser.send(page, '/login/account', { button: id });
}
