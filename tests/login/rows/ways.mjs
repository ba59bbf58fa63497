// The ways in: OpenID providers and GitHub (OpenID Connect Core §3.1, RFC 6749, RFC 7636, RFC 9207).

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { calculateJwkThumbprint } from 'jose';
import { formsTo, textOf } from '../support/browser.mjs';
import { be, choose, loggedIn, logIn, offers, toUpstream } from '../support/login.mjs';
import { isOwnPage } from '../support/pages.mjs';
import { isSecret } from '../support/secrets.mjs';
import { hashedSubject, open, world } from '../support/world.mjs';

describe('ways in', () => {
  test('a person chooses a provider, logs in there, and the application knows them', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    const asked = shop.asks();
    let page = await browser.open(asked.url);
    const text = isOwnPage(page);
    // Which application, at which host, and of whose deployment.
    for (const part of ['The Shop', 'shop.example', 'Provider one', 'Provider two', 'GitHub']) {
      assert.ok(text.includes(part), `no ${part} in ${text}`);
    }
    page = await choose(browser, page, 'one');
    assert.ok(page.url.href.startsWith(all.upstreams.one.url), page.url.href);
    page = await be(browser, page, 'alice');
    const tokens = await shop.tokens(page, asked);
    assert.equal(tokens.claims.sub, all.subject('one', 'alice'));
    assert.ok(Math.abs(tokens.claims.auth_time - Date.now() / 1000) < 20);
    const info = await shop.userinfo(tokens);
    assert.equal(info.sub, tokens.claims.sub);
    assert.equal(info.name, 'Alice');
    assert.equal(info.email, 'alice@example.com');
    assert.equal(info.email_verified, true);
  });

  test('PKCE, state and nonce each time, and an address of its own to come back at', async (t) => {
    const own = await open(t);
    const seen = [];
    for (const [id, upstream] of Object.entries(own.upstreams)) {
      const browser = own.browser();
      await loggedIn(browser, own.applications.shop, { provider: id });
      const query = new URL(browser.visited.find((url) => url.startsWith(`${upstream.url}/authorize?`))).searchParams;
      assert.equal(query.get('response_type'), 'code');
      assert.equal(query.get('redirect_uri'), `${own.issuer}/login/callback/${id}`);
      assert.equal(query.get('code_challenge_method'), 'S256');
      assert.ok(query.get('scope').split(' ').includes('openid'));
      for (const name of ['code_challenge', 'state', 'nonce']) {
        assert.ok(query.get(name)?.length >= 22, `${name}: ${query.get(name)}`);
        seen.push(query.get(name));
      }
      const [token] = await upstream.journal({ endpoint: 'token' });
      assert.equal(token.status, 200);
      assert.ok(token.parameters.code_verifier);
    }
    assert.equal(new Set(seen).size, seen.length);
  });

  test('the same account is the same person, at each login and for each application', async () => {
    const all = await world();
    const { shop, desk } = all.applications;
    const subjects = [
      await loggedIn(all.browser(), shop),
      await loggedIn(all.browser(), shop),
      await loggedIn(all.browser(), desk),
    ].map(({ claims }) => claims.sub);
    assert.deepEqual(subjects, Array(3).fill(all.subject('one', 'alice')));
  });

  test('nobody is the same person by an e-mail address', async () => {
    const all = await world();
    const { shop } = all.applications;
    const one = await loggedIn(all.browser(), shop, { provider: 'one', as: 'alice' });
    // Another provider where somebody has the same name and address, and one who only says so.
    const two = await loggedIn(all.browser(), shop, { provider: 'two', as: 'alice' });
    const mallory = await loggedIn(all.browser(), shop, { provider: 'one', as: 'mallory' });
    assert.equal(new Set([one, two, mallory].map(({ claims }) => claims.sub)).size, 3);
    assert.equal((await shop.userinfo(two)).email, 'alice@example.com');
    assert.notEqual((await shop.userinfo(mallory)).email_verified, true);
  });

  test('GitHub: the numeric id, and the address that is primary and verified', async () => {
    const all = await world();
    const { shop } = all.applications;
    const tokens = await loggedIn(all.browser(), shop, { provider: 'github', as: 'octocat' });
    const { url } = all.upstreams.github;
    assert.equal(tokens.claims.sub, hashedSubject(url, '583231'));
    const info = await shop.userinfo(tokens);
    assert.equal(info.email, 'octocat@example.com');
    assert.equal(info.email_verified, true);
    assert.equal(info.preferred_username, 'octocat');
    assert.equal(info.name, 'The Octocat');
  });

  test('GitHub: who renames themselves stays who they are, and who takes the name is somebody else', async (t) => {
    const own = await open(t, { providers: { github: { type: 'github', name: 'GitHub' } } });
    const { shop } = own.applications;
    const github = own.upstreams.github;
    const first = await loggedIn(own.browser(), shop, { as: 'octocat' });
    const renamed = { id: 583231, preferred_username: 'hexacat', name: 'The Hexacat', email: 'octocat@example.com' };
    await github.addUser({ sub: 'octocat', claims: renamed });
    const second = await loggedIn(own.browser(), shop, { as: 'octocat' });
    assert.equal(second.claims.sub, first.claims.sub);
    assert.equal((await shop.userinfo(second)).preferred_username, 'hexacat');
    await github.addUser({
      sub: 'newcomer',
      claims: { id: 99, preferred_username: 'octocat', name: 'New', email: 'new@example.com' },
    });
    const third = await loggedIn(own.browser(), shop, { as: 'newcomer' });
    assert.notEqual(third.claims.sub, first.claims.sub);
  });

  test('where there is one way only, nobody is asked which', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const browser = own.browser();
    const { page, asked } = await toUpstream(browser, own.applications.shop);
    assert.ok(page.url.href.startsWith(own.upstreams.one.url), page.url.href);
    // No page of the deployment's lay between.
    assert.ok(!browser.visited.some((url) => url.startsWith(own.issuer) && url.endsWith('/login')));
    await own.applications.shop.tokens(await be(browser, page, 'bob'), asked);
  });

  test('a public client of the upstream, and one by client_secret_post', async (t) => {
    const CALLBACK = { grant_types: ['authorization_code'], scope: 'openid profile email' };
    for (const [method, secret] of [
      ['none', undefined],
      ['client_secret_post', 'a-secret-of-the-upstream-that-is-long-enough'],
    ]) {
      const own = await open(t, {
        providers: {
          one: { token_endpoint_auth_method: method, client_secret: secret, account: `by-${method}` },
        },
      });
      await own.upstreams.one.addClient({
        client_id: `by-${method}`,
        ...(secret && { client_secret: secret }),
        token_endpoint_auth_method: method,
        redirect_uris: [`${own.issuer}/login/callback/one`],
        ...CALLBACK,
      });
      const tokens = await loggedIn(own.browser(), own.applications.shop);
      assert.equal(tokens.claims.sub, own.subject('one', 'alice'));
    }
  });

  test('a client of the upstream that proves itself by its key', async (t) => {
    const keys = {
      'ES256, by its name': ['ec', { namedCurve: 'P-256' }, { kid: 'ours', 'x5t#S256': 'AAAA' }, {}],
      'RS256, by its thumbprint': ['rsa', { modulusLength: 2048 }, {}, { token_endpoint_is_audience: true }],
    };
    for (const [name, [type, options, more, audience]] of Object.entries(keys)) {
      const { privateKey, publicKey } = generateKeyPairSync(type, options);
      const private_key = { ...privateKey.export({ format: 'jwk' }), ...more };
      isSecret(private_key.d, 'private key');
      const kid = more.kid ?? (await calculateJwkThumbprint(publicKey.export({ format: 'jwk' })));
      const one = { client_secret: undefined, private_key, account: 'by-key', ...audience };
      const own = await open(t, { providers: { one } });
      await own.upstreams.one.addClient({
        client_id: 'by-key',
        token_endpoint_auth_method: 'private_key_jwt',
        jwks: { keys: [{ ...publicKey.export({ format: 'jwk' }), kid }] },
        redirect_uris: [`${own.issuer}/login/callback/one`],
        grant_types: ['authorization_code'],
        scope: 'openid profile email',
        ...audience,
      });
      const browsers = [own.browser(), own.browser()];
      const subs = await Promise.all(
        browsers.map((browser) => loggedIn(browser, own.applications.shop).then(({ claims }) => claims.sub)),
      );
      assert.deepEqual(subs, Array(2).fill(own.subject('one', 'alice')), name);
    }
  });

  test('whoever says no at the upstream is told so, may choose another way, and may go back', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    const { page, asked } = await toUpstream(browser, shop, { provider: 'two' });
    const denied = await browser.send(page, '/login', { button: 'access_denied' });
    isOwnPage(denied, denied.response.status);
    assert.ok(offers(denied) || formsTo(denied, '/login/back').length === 1, textOf(denied.response));
    const back = await browser.send(denied, '/login/back');
    shop.refused(back, asked, 'access_denied');
  });

  test('a device is connected by the same pages', async () => {
    const all = await world();
    const { tv } = all.applications;
    const response = await tv.post('/device_authorization', { scope: 'openid profile' });
    assert.equal(response.status, 200, response.text);
    const { device_code, verification_uri_complete } = response.json();
    const browser = all.browser();
    let page = await browser.open(verification_uri_complete);
    // The page that shows the code; then who it is, and whether they agree.
    for (let step = 0; step < 6; step += 1) {
      const upstream = all.upstreams.one.url;
      if (offers(page, 'one')) page = await choose(browser, page, 'one');
      else if (page.url.href.startsWith(upstream)) page = await be(browser, page, 'alice');
      else if (formsTo(page, '/device').length > 0) {
        const [form] = formsTo(page, '/device');
        const approves = form.buttons.some(({ value }) => value === 'approve');
        page = await browser.send(page, '/device', approves ? { button: 'approve' } : {});
      } else break;
    }
    const tokens = await tv.token({ grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code });
    const claims = await all.verified(tokens.id_token, { audience: 'tv' });
    assert.equal(claims.sub, all.subject('one', 'alice'));
  });

  test('several at once, each for themselves', async () => {
    const all = await world();
    const { shop } = all.applications;
    const people = ['alice', 'bob', 'mallory', 'eve', 'eva'];
    const logins = await Promise.all(people.map((as) => loggedIn(all.browser(), shop, { as })));
    assert.deepEqual(
      logins.map(({ claims }) => claims.sub),
      people.map((sub) => all.subject('one', sub)),
    );
  });

  test('twenty at once, the first of a process: each for themselves', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const { shop } = own.applications;
    const people = ['alice', 'bob', 'eva', 'mallory'];
    const begun = await Promise.all(
      Array.from({ length: 20 }, async (_, number) => {
        const browser = own.browser();
        return { browser, sub: people[number % people.length], ...(await toUpstream(browser, shop)) };
      }),
    );
    await Promise.all(
      begun.map(async ({ browser, sub, page, asked }) => {
        const { claims } = await shop.tokens(await be(browser, page, sub), asked);
        assert.equal(claims.sub, own.subject('one', sub));
      }),
    );
  });

  test('a login may be denied on the page that asks who it is', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    const asked = shop.asks();
    const page = await browser.open(asked.url);
    shop.refused(await browser.send(page, '/login/back'), asked, 'access_denied');
  });

  test('what the browser brings back twice gives no second code, and costs nobody a login', async () => {
    const all = await world();
    const { shop } = all.applications;
    const browser = all.browser();
    const { page, asked } = await logIn(browser, shop);
    const resume = browser.visited.findLast((url) => url.includes('/authorize/resume?'));
    const again = await browser.open(resume);
    assert.equal(again.arrived.href, page.arrived.href);
    await shop.tokens(page, asked);
  });
});
