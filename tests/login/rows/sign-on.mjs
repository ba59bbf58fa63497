// Single sign-on, and what an application may ask of it (OpenID Connect Core §3.1.2.1).

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { formsTo } from '../support/browser.mjs';
import { asksConsent, be, choose, goBack, loggedIn, logIn, offers, toUpstream } from '../support/login.mjs';
import { isOwnPage, isTrouble } from '../support/pages.mjs';
import { application, open, world } from '../support/world.mjs';

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const isAtUpstream = (all, page) =>
  !page.arrived && Object.values(all.upstreams).some(({ url }) => page.url.href.startsWith(url));

describe('sign-on', () => {
  test('whoever has logged in to one application is known to the next, without a page', async () => {
    const all = await world();
    const { shop, desk } = all.applications;
    const browser = all.browser();
    const first = await loggedIn(browser, shop);
    const asked = desk.asks();
    const page = await browser.open(asked.url);
    const second = await desk.tokens(page, asked);
    assert.equal(second.claims.sub, first.claims.sub);
    assert.equal(second.claims.auth_time, first.claims.auth_time);
    assert.notEqual(second.claims.sid, first.claims.sid);
  });

  test('another browser is asked', async () => {
    const all = await world();
    const page = await all.browser().open(all.applications.shop.asks().url);
    assert.ok(offers(page));
  });

  test('prompt=none: login_required without a session, a code with one, and never a page', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    const silent = shop.asks({ prompt: 'none' });
    shop.refused(await browser.open(silent.url), silent, 'login_required');
    const first = await loggedIn(browser, shop);
    const again = shop.asks({ prompt: 'none' });
    const tokens = await shop.tokens(await browser.open(again.url), again);
    assert.equal(tokens.claims.auth_time, first.claims.auth_time);
  });

  test('prompt=none: consent_required where consent was not given', async () => {
    const all = await world();
    const { shop, guest } = all.applications;
    const browser = all.browser();
    await loggedIn(browser, shop);
    const silent = guest.asks({ prompt: 'none' });
    guest.refused(await browser.open(silent.url), silent, 'consent_required');
  });

  test('prompt=none with the ID token of somebody else: login_required', async () => {
    const all = await world();
    const { shop } = all.applications;
    const alice = await loggedIn(all.browser(), shop);
    const browser = all.browser();
    await loggedIn(browser, shop, { as: 'bob' });
    const silent = shop.asks({ prompt: 'none', id_token_hint: alice.id_token });
    shop.refused(await browser.open(silent.url), silent, 'login_required');
    // And with a page the person is told, not logged in as another.
    const shown = shop.asks({ id_token_hint: alice.id_token });
    const page = await browser.open(shown.url);
    assert.ok(!page.arrived, 'nobody else is logged in silently');
  });

  test('prompt=login: the person proves who they are once more, at the upstream too', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const { shop } = own.applications;
    const browser = own.browser();
    const first = await loggedIn(browser, shop);
    await sleep(1100);
    const { page, asked } = await toUpstream(browser, shop, { form: { prompt: 'login' } });
    assert.ok(isAtUpstream(own, page), 'the upstream’s session does not do');
    const second = await shop.tokens(await be(browser, page, 'alice'), asked);
    assert.equal(second.claims.sub, first.claims.sub);
    assert.ok(second.claims.auth_time > first.claims.auth_time);
  });

  test('prompt=select_account: the chooser, and another account', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    await loggedIn(browser, shop);
    const asked = shop.asks({ prompt: 'select_account' });
    let page = await browser.open(asked.url);
    isOwnPage(page);
    page = await choose(browser, page, 'two');
    if (isAtUpstream(all, page)) page = await be(browser, page, 'bob');
    const tokens = await shop.tokens(page, asked);
    assert.equal(tokens.claims.sub, all.subject('two', 'bob'));
    // The session is the newer one's.
    const next = shop.asks({ prompt: 'none' });
    assert.equal((await shop.tokens(await browser.open(next.url), next)).claims.sub, all.subject('two', 'bob'));
  });

  test('max_age: an older login does not do, a younger one does', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    const first = await loggedIn(browser, shop);
    await sleep(2100);
    const patient = shop.asks({ max_age: '1000' });
    const same = await shop.tokens(await browser.open(patient.url), patient);
    assert.equal(same.claims.auth_time, first.claims.auth_time);
    const silent = shop.asks({ max_age: '1', prompt: 'none' });
    shop.refused(await browser.open(silent.url), silent, 'login_required');
    const { page, asked } = await logIn(browser, shop, { form: { max_age: '1' } });
    const second = await shop.tokens(page, asked);
    assert.ok(second.claims.auth_time > first.claims.auth_time, 'auth_time is the upstream’s, and recent');
  });

  test('max_age=0 asks each time', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    await loggedIn(browser, shop);
    const { page } = await toUpstream(browser, shop, { form: { max_age: '0' } });
    assert.ok(isAtUpstream(all, page), `${page.arrived}`);
  });

  // OpenID Connect Core Unmet Authentication Requirements 1.0: login_required would have the application try again.
  const UNMET = 'unmet_authentication_requirements';
  const recent = [{ prompt: 'login' }, { max_age: '1000' }, { max_age: '0' }];

  for (const form of recent) {
    const [[name, value]] = Object.entries(form);
    test(`${name}=${value} is not asked of GitHub, which does not say when`, async (t) => {
      const own = await open(t, {
        providers: { one: {}, two: {}, github: { type: 'github', name: 'GitHub' } },
      });
      const { shop } = own.applications;
      const github = own.upstreams.github.url;
      const browser = own.browser();
      const asked = shop.asks({ ...form, login_hint: 'github' });
      const page = await browser.open(asked.url);
      assert.ok(offers(page, 'one') && offers(page, 'two') && !offers(page, 'github'), page.response.text);
      // A page that was open before offers it still.
      const [{ fields }] = formsTo(page, '/login');
      const stopped = await browser.open(`${own.issuer}/login`, { form: { ...fields, provider: 'github' } });
      const text = await isTrouble(own, stopped, 400);
      assert.ok(text.includes('GitHub does not say when you logged in'), text);
      const again = await browser.send(stopped, '/login', { button: 'other' });
      assert.ok(offers(again, 'one') && !offers(again, 'github'), again.response.text);
      const end = await be(browser, await choose(browser, again, 'one'), 'alice');
      assert.ok((await shop.tokens(end, asked)).claims.auth_time);
      assert.ok(!browser.visited.some((url) => url.startsWith(github)), browser.visited.join('\n'));
    });
  }

  test('a recent login where GitHub is the only way: nobody goes there, and the application is told', async (t) => {
    const own = await open(t, { providers: { github: { type: 'github', name: 'GitHub' } } });
    const { shop } = own.applications;
    for (const form of recent) {
      const browser = own.browser();
      const asked = shop.asks(form);
      const page = await browser.open(asked.url);
      const text = await isTrouble(own, page, 400);
      assert.ok(text.includes('GitHub does not say when you logged in'), text);
      assert.ok(!offers(page) && formsTo(page, '/login').length === 0, text);
      const answer = shop.refused(await goBack(browser, page), asked, UNMET);
      assert.match(answer.error_description, /does not say when the person logged in/);
      assert.ok(!browser.visited.some((url) => url.startsWith(own.upstreams.github.url)));
    }
    await loggedIn(own.browser(), shop, { provider: 'github', as: 'octocat' });
  });

  test('a recent login at a provider that leaves out auth_time: the page says so', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const { shop } = own.applications;
    const browser = own.browser();
    await own.upstreams.one.addFault({
      match: { endpoint: 'token', grant_type: 'authorization_code' },
      fault: 'without-auth_time',
      tokens: ['id_token'],
    });
    const { page, asked } = await toUpstream(browser, shop, { form: { prompt: 'login' } });
    const end = await be(browser, page, 'alice');
    const text = await isTrouble(own, end, 400);
    assert.ok(text.includes('Provider one does not say when you logged in'), text);
    assert.ok(!text.includes('Try again'), text);
    shop.refused(await goBack(browser, end), asked, UNMET);
    // Whoever does not ask is not concerned.
    await own.upstreams.one.clearFaults();
    await loggedIn(browser, shop);
  });

  test('a recent login at a provider that asks nobody anew: the page says so', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const { shop } = own.applications;
    const browser = own.browser();
    await own.upstreams.one.addClaimRule({ id_token: { auth_time: Math.floor(Date.now() / 1000) - 3600 } });
    const { page, asked } = await toUpstream(browser, shop, { form: { max_age: '60' } });
    const end = await be(browser, page, 'alice');
    const text = await isTrouble(own, end, 400);
    assert.ok(text.includes('Provider one did not ask you to log in again'), text);
    const answer = shop.refused(await goBack(browser, end), asked, UNMET);
    assert.match(answer.error_description, /too long ago/);
  });

  test('a recent login with another account is a recent login', async (t) => {
    const own = await open(t, { providers: { one: {} }, login: { allow: { emails: ['bob@elsewhere.example'] } } });
    const { shop } = own.applications;
    const browser = own.browser();
    const { page, asked } = await toUpstream(browser, shop, { form: { prompt: 'login' } });
    const refused = await be(browser, page, 'alice');
    const again = await browser.send(refused, '/login', { button: 'other' });
    const went = new URL(browser.visited.findLast((url) => url.startsWith(`${own.upstreams.one.url}/authorize?`)));
    assert.equal(went.searchParams.get('prompt'), 'login');
    assert.equal(went.searchParams.get('max_age'), '0');
    await shop.tokens(await be(browser, again, 'bob'), asked);
  });

  test('login_hint: the id of a provider leads there, and means nothing there', async (t) => {
    const own = await open(t, { providers: { one: {}, two: {}, github: { type: 'github', name: 'GitHub' } } });
    const { shop } = own.applications;
    for (const [provider, authorize] of [
      ['two', '/authorize?'],
      ['github', '/login/oauth/authorize?'],
    ]) {
      const browser = own.browser();
      await browser.open(shop.asks({ login_hint: provider }).url);
      const went = browser.visited.findLast((url) => url.startsWith(`${own.upstreams[provider].url}${authorize}`));
      assert.ok(went, browser.visited.join('\n'));
      const { searchParams } = new URL(went);
      assert.equal(searchParams.get('login_hint') ?? searchParams.get('login'), null);
    }
    // Nor at another one that the person chooses.
    const browser = own.browser();
    const page = await browser.open(shop.asks({ login_hint: 'two', prompt: 'select_account' }).url);
    await choose(browser, page, 'one');
    const went = browser.visited.findLast((url) => url.startsWith(`${own.upstreams.one.url}/authorize?`));
    assert.equal(new URL(went).searchParams.get('login_hint'), null);
  });

  test('login_hint: an address of a domain that one way alone admits leads there, and names the person', async (t) => {
    const own = await open(t, {
      providers: { one: {}, two: { allow: { email_domains: ['elsewhere.example'] } } },
    });
    const { shop } = own.applications;
    const browser = own.browser();
    const asked = shop.asks({ login_hint: 'bob@elsewhere.example' });
    const page = await browser.open(asked.url);
    const went = browser.visited.findLast((url) => url.startsWith(`${own.upstreams.two.url}/authorize?`));
    assert.ok(went, `no chooser: ${browser.visited.join('\n')}`);
    assert.equal(new URL(went).searchParams.get('login_hint'), 'bob@elsewhere.example');
    // The mock takes a hint's word for it.
    assert.equal((await shop.tokens(page, asked)).claims.sub, own.subject('two', 'bob'));
  });

  test('login_hint: with select_account the person chooses all the same', async () => {
    const all = await world();
    const { shop } = all.applications;
    const page = await all.browser().open(shop.asks({ login_hint: 'alice', prompt: 'select_account' }).url);
    assert.ok(offers(page, 'one') && offers(page, 'two'));
  });

  test('ui_locales before Accept-Language before English, on each page', async () => {
    const all = await world();
    const { shop, guest } = all.applications;
    const language = (page) => /<html lang="(\w+)"/.exec(page.response.text)?.[1];
    const german = all.browser({ 'accept-language': 'de-AT,de;q=0.9,en;q=0.5' });
    assert.equal(language(await all.browser().open(shop.asks().url)), 'en');
    assert.equal(language(await german.open(shop.asks().url)), 'de');
    assert.equal(language(await german.open(shop.asks({ ui_locales: 'fr en' }).url)), 'en');
    assert.equal(language(await all.browser().open(shop.asks({ ui_locales: 'se de-CH' }).url)), 'de');
    const { page } = await logIn(german, guest, { scope: [] });
    // Whatever became of that, the page of consent was German.
    assert.ok(page.arrived || language(page) === 'de');
    const other = all.browser({ 'accept-language': 'de' });
    const { page: upstream } = await toUpstream(other, guest);
    const consent = await be(other, upstream, 'bob');
    assert.ok(asksConsent(consent));
    assert.equal(language(consent), 'de');
    // Also on a page after the way back, where only the login knows of the application.
    for (const [ui_locales, expected] of [
      ['fr de', 'de'],
      ['en', 'en'],
      ['fr', 'de'],
    ]) {
      const swiss = all.browser({ 'accept-language': expected === 'de' && ui_locales !== 'fr' ? 'en' : 'de' });
      const { page: there } = await toUpstream(swiss, shop, { form: { ui_locales } });
      const refused = await swiss.send(there, '/login', { button: 'access_denied' });
      assert.equal(refused.url.pathname, '/login/callback/one');
      assert.equal(language(refused), expected, ui_locales);
    }
  });

  test('acr and amr are those of the upstream, and acr_values are passed on', async (t) => {
    const people = [{ sub: 'alice', claims: { name: 'Alice', acr: 'urn:example:gold', amr: ['pwd', 'otp'] } }];
    const own = await open(t, { providers: { one: { people } } });
    const { shop } = own.applications;
    const tokens = await loggedIn(own.browser(), shop, { form: { acr_values: 'urn:example:gold urn:example:silver' } });
    assert.equal(tokens.claims.acr, 'urn:example:gold');
    assert.deepEqual(tokens.claims.amr, ['pwd', 'otp']);
    const [entry] = await own.upstreams.one.journal({ endpoint: 'authorize' });
    assert.equal(entry.parameters.acr_values, 'urn:example:gold urn:example:silver');
    // What the upstream does not say, nobody says.
    const other = await open(t, { providers: { one: { people: [{ sub: 'alice', claims: { name: 'Alice' } }] } } });
    const plain = await loggedIn(other.browser(), other.applications.shop);
    assert.equal(plain.claims.acr, undefined);
    assert.equal(plain.claims.amr, undefined);
  });

  test('claims that are too long for a token: the application is told, and the log says why and at which client', async (t) => {
    const people = [{ sub: 'alice', name: 'Alice', claims: { nickname: 'x'.repeat(5000) } }];
    const clients = ['id', 'access'].map((token) =>
      application(token, { first_party: true, [`${token}_token_claims`]: ['nickname'] }),
    );
    const own = await open(t, { providers: { one: { people, userinfo: 'always' } }, clients });
    const expected = { id: 'the claims for the ID token', access: 'the claims for the access token' };
    for (const [id, said] of Object.entries(expected)) {
      const { page, asked } = await logIn(own.browser(), own.applications[id]);
      own.applications[id].refused(page, asked, 'server_error');
      const line = JSON.parse(await own.logged('"endpoint":"login"', said));
      const { status, error, fault, client_id, subject } = line;
      const why = { status: 303, error: 'server_error', fault: 'server', client_id: id };
      assert.deepEqual({ status, error, fault, client_id }, why);
      assert.equal(subject, own.subject('one', 'alice'));
      await own.logged('"endpoint":"authorize_resume"', `"client_id":"${id}"`, '"error":"server_error"', '"detail"');
    }
  });

  test('an acr that is essential and was not reached: unmet_authentication_requirements', async (t) => {
    const people = [{ sub: 'alice', claims: { name: 'Alice', acr: 'urn:example:silver' } }];
    const own = await open(t, { providers: { one: { people } } });
    const { shop } = own.applications;
    const claims = JSON.stringify({ id_token: { acr: { essential: true, values: ['urn:example:gold'] } } });
    const { page, asked } = await logIn(own.browser(), shop, { form: { claims } });
    shop.refused(page, asked, 'unmet_authentication_requirements');
  });

  test('claims are mapped by rules, of a provider and of a client', async (t) => {
    const own = await open(t, {
      providers: {
        one: {
          claims: {
            email: '${upstream.email}',
            name: '${upstream.name}',
            team: '${upstream.groups}',
            all: ['${upstream.groups}', 'jeton', '${upstream.none}'],
          },
        },
      },
      login: { claims: [{ match: { client_id: 'de*' }, claims: { desk_groups: '${upstream.groups}' } }] },
    });
    const { shop, desk } = own.applications;
    const browser = own.browser();
    const info = await shop.userinfo(await loggedIn(browser, shop));
    assert.equal(info.name, 'Alice');
    assert.deepEqual(info.team, ['staff', 'admins']);
    assert.deepEqual(info.all, ['staff', 'admins', 'jeton']);
    assert.equal(info.desk_groups, undefined);
    const atDesk = await desk.userinfo(await loggedIn(browser, desk));
    assert.deepEqual(atDesk.desk_groups, ['staff', 'admins']);
  });

  test('prompt=login is asked of the provider, whichever button leads there', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const { shop } = own.applications;
    const browser = own.browser();
    const first = await loggedIn(browser, shop);
    await sleep(1100);
    const asked = shop.asks({ prompt: 'login' });
    const { response } = await browser.ask(asked.url);
    const request = new URL(response.headers.location).searchParams.get('request');
    const form = new URLSearchParams({ request, account: 'other' }).toString();
    let page = await browser.open(`${own.issuer}/login`, { form });
    const went = new URL(browser.visited.findLast((url) => url.startsWith(`${own.upstreams.one.url}/authorize?`)));
    assert.equal(went.searchParams.get('max_age'), '0');
    if (isAtUpstream(own, page)) page = await be(browser, page, 'alice');
    const second = await shop.tokens(page, asked);
    assert.ok(second.claims.auth_time > first.claims.auth_time);
  });

  test('max_age: a provider that does not say when people logged in has never said it recently', async (t) => {
    const own = await open(t, { providers: { github: { type: 'github', name: 'GitHub' } } });
    const { shop } = own.applications;
    const browser = own.browser();
    await loggedIn(browser, shop, { provider: 'github', as: 'octocat' });
    const silent = shop.asks({ max_age: '1000', prompt: 'none' });
    shop.refused(await browser.open(silent.url), silent, 'login_required');
    const other = shop.asks({ prompt: 'none' });
    await shop.tokens(await browser.open(other.url), other);
  });

  test('more words for how somebody logged in than anybody reads are left out, and keeps nobody out', async (t) => {
    const claims = { name: 'Alice' };
    const amr = ['pwd', 'x'.repeat(60), ...Array.from({ length: 9 }, (_, n) => `method-${n}`)];
    const own = await open(t, { providers: { one: { people: [{ sub: 'alice', claims: { ...claims, amr } }] } } });
    const { shop } = own.applications;
    const tokens = await loggedIn(own.browser(), shop);
    const info = await shop.userinfo(tokens);
    assert.equal(info.name, 'Alice');
    assert.deepEqual(tokens.claims.amr, [amr[0], ...amr.slice(2, 9)]);
  });
});
