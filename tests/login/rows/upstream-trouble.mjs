// Upstreams that are unwell, wrong, or somebody else.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { textOf } from '../support/browser.mjs';
import { be, choose, loggedIn, toUpstream } from '../support/login.mjs';
import { isOwnPage, isTrouble } from '../support/pages.mjs';
import { stranger } from '../support/stranger.mjs';
import { open } from '../support/world.mjs';

/** A login of Alice's while something goes wrong at the upstream: `{ page, asked, ms }`. */
async function through(own, fault, { browser = own.browser() } = {}) {
  const { shop } = own.applications;
  const { page, asked } = await toUpstream(browser, shop);
  for (const one of [fault].flat()) await own.upstreams.one.addFault(one);
  const began = performance.now();
  const end = await be(browser, page, 'alice');
  return { page: end, asked, browser, ms: performance.now() - began };
}

/** It ended at a page that says so, with a way back, and no session began. */
async function isStopped(own, { page, asked, browser }, { status, error, words }) {
  const text = await isTrouble(own, page, status);
  if (words) assert.match(text, words);
  const { shop } = own.applications;
  const silent = shop.asks({ prompt: 'none' });
  shop.refused(await browser.open(silent.url), silent, 'login_required');
  const answer = shop.refused(await browser.send(page, '/login/back'), asked, error);
  // What the upstream said goes no further.
  assert.doesNotMatch(JSON.stringify(answer), /<|upstream\.|fault/);
  // And what happened is not all the same.
  assert.notEqual(answer.error_description, 'the login was refused');
  return text;
}

const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
const AT_TOKEN = { endpoint: 'token', grant_type: 'authorization_code' };

describe('upstream trouble', () => {
  const NOT_THERE = { status: 503, named: true, error: 'temporarily_unavailable' };
  const NOT_OURS = { status: 400, error: 'login_required' };
  const NOT_SET_UP = { status: 500, error: 'server_error' };
  const unwell = {
    'answers 500': ['status-500', NOT_THERE],
    'answers 503': ['status-503', NOT_THERE],
    'says slow down': ['rate-limit-5', NOT_THERE],
    'closes the connection': ['drop', NOT_THERE],
    'answers half of its JSON': ['truncate', NOT_THERE],
    'answers HTML': ['html', NOT_THERE],
    'answers nothing': ['empty', NOT_THERE],
    'leaves out the ID token': ['missing-id_token', NOT_THERE],
    'sends the server elsewhere': [{ status: 302, headers: { location: 'http://127.0.0.1:9/' } }, NOT_THERE],
    'answers invalid_client: the operator has to look': ['invalid_client', NOT_SET_UP],
    'answers unauthorized_client: the operator has to look': ['unauthorized_client', NOT_SET_UP],
    'answers invalid_grant': ['invalid_grant', NOT_OURS],
    'answers with words of its own': [
      {
        status: 400,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ error: '<script>alert(1)</script>', error_description: 'fault <b>evil</b>' }),
      },
      NOT_SET_UP,
    ],
  };
  for (const [name, [fault, { status, named, error }]] of Object.entries(unwell)) {
    test(`its token endpoint ${name}`, async (t) => {
      const own = await open(t, { providers: { one: {} } });
      const end = await through(own, { match: AT_TOKEN, fault });
      const text = await isStopped(own, end, { status, error });
      assert.doesNotMatch(end.page.response.text, /<script|<b>evil|alert\(1\)/);
      if (named) assert.ok(text.includes('Provider one'), text);
    });
  }

  test('its token endpoint is slow: a page comes before anybody gives up, and says so', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const end = await through(own, { match: AT_TOKEN, fault: 'slow-25s' });
    assert.ok(end.ms < 15_000, `${end.ms} ms`);
    await isStopped(own, end, {
      status: end.page.response.status,
      error: /^(temporarily_unavailable|server_error|access_denied)$/,
    });
  });

  test('it is not there: before the person goes, and the page has another way', async (t) => {
    const own = await open(t);
    await own.upstreams.one.addFault({ match: { endpoint: 'openid_configuration' }, fault: 'drop' });
    const browser = own.browser();
    const { shop } = own.applications;
    const asked = shop.asks();
    const page = await choose(browser, await browser.open(asked.url), 'one');
    await isTrouble(own, page, page.response.status);
    assert.ok(page.response.status >= 500);
    shop.refused(
      await browser.send(page, '/login/back'),
      asked,
      /^(temporarily_unavailable|server_error|access_denied)$/,
    );
    // The other way is not affected.
    await loggedIn(browser, shop, { provider: 'two' });
    // Once it is there again it is asked again, ten seconds later: what failed is not kept.
    await own.upstreams.one.clearFaults();
    await sleep(10_500);
    await loggedIn(own.browser(), shop);
  });

  test('its keys are not there', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const end = await through(own, { match: { endpoint: 'jwks' }, fault: 'status-500' });
    await isStopped(own, end, { status: end.page.response.status, error: /./ });
    await own.upstreams.one.clearFaults();
    await sleep(10_500);
    await loggedIn(own.browser(), own.applications.shop);
  });

  test('its userinfo endpoint speaks of somebody else', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const end = await through(own, {
      match: { endpoint: 'userinfo' },
      fault: {
        status: 200,
        headers: { 'content-type': 'application/json' },
        body: JSON.stringify({ sub: 'bob', email: 'bob@elsewhere.example', email_verified: true }),
      },
    });
    await isStopped(own, end, { status: end.page.response.status, error: /./ });
  });

  const forged = {
    'alg-none': 'is not signed',
    'wrong-key': 'is signed by another key',
    tampered: 'was changed',
    'wrong-issuer': 'is another issuer’s',
    'wrong-audience': 'is for another client',
    'wrong-nonce': 'was made for another login',
    'without-nonce': 'has no nonce',
    'without-sub': 'names nobody',
    'without-exp': 'has no end',
    'without-iat': 'has no time',
    'without-aud': 'is for nobody',
    'without-iss': 'is of nobody',
    expired: 'is out of time',
    'unknown-kid': 'names a key that is not there',
  };
  for (const [fault, what] of Object.entries(forged)) {
    test(`an ID token that ${what} (${fault})`, async (t) => {
      const own = await open(t, { providers: { one: {} } });
      const end = await through(own, { match: AT_TOKEN, fault, tokens: ['id_token'] });
      await isStopped(own, end, { status: end.page.response.status, error: /./ });
      if (fault === 'expired') await own.logged('the ID token has expired: ', ' s off; is this machine');
    });
  }

  // Keys are fetched once a minute at most, whatever strangers send; hosts have no clock that could be moved.
  const slow = process.env.JETON_SUITE_SLOW ? false : 'takes a minute: JETON_SUITE_SLOW=1';

  test('keys that are rotated while the person is at the upstream', { skip: slow }, async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const { shop } = own.applications;
    const { one } = own.upstreams;
    await loggedIn(own.browser(), shop);
    await sleep(61_000);
    const browser = own.browser();
    const { page, asked } = await toUpstream(browser, shop);
    await one.keys.rotate();
    await one.keys.retire();
    await shop.tokens(await be(browser, page, 'alice'), asked);
    await loggedIn(own.browser(), shop);
  });

  test('keys that are rotated twice within a minute: the person is told, and nobody is let in', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const { shop } = own.applications;
    await loggedIn(own.browser(), shop);
    const browser = own.browser();
    const { page, asked } = await toUpstream(browser, shop);
    await own.upstreams.one.keys.rotate();
    await own.upstreams.one.keys.retire();
    const end = await be(browser, page, 'alice');
    const told = { status: 503, error: 'temporarily_unavailable', words: /Wait a minute/ };
    assert.equal(end.response.headers['retry-after'], '60');
    await isStopped(own, { page: end, asked, browser }, told);
  });

  test('a key that it uses and does not show', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const { shop } = own.applications;
    await loggedIn(own.browser(), shop);
    const browser = own.browser();
    const { page, asked } = await toUpstream(browser, shop);
    await own.upstreams.one.keys.switchUnpublished();
    const end = await be(browser, page, 'alice');
    await isStopped(own, { page: end, asked, browser }, { status: end.response.status, error: /./ });
  });

  test('metadata of another issuer', async (t) => {
    const other = await stranger(t, {
      '*': ({ url }) => ({
        json: {
          issuer: `${url}/other`,
          authorization_endpoint: `${url}/authorize`,
          token_endpoint: `${url}/token`,
          jwks_uri: `${url}/jwks`,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        },
      }),
    });
    const own = await open(t, { providers: { one: { issuer: other.url } } });
    const browser = own.browser();
    const { page, asked } = await toUpstream(browser, own.applications.shop);
    await isStopped(own, { page, asked, browser }, { ...NOT_SET_UP, words: /not set up correctly/ });
    await own.logged('the issuer in the metadata has another path than the one that is configured');
    assert.ok(!browser.visited.some((url) => url.startsWith(other.url)));
  });

  test('an issuer with a slash too many or too few: the operator has to look', async (t) => {
    const metadata = (slash) => ({
      '*': ({ url }) => ({
        json: {
          issuer: `${url}${slash}`,
          authorization_endpoint: `${url}/authorize`,
          token_endpoint: `${url}/token`,
          jwks_uri: `${url}/jwks`,
        },
      }),
    });
    const cases = [
      ['/', '', 'the issuer in the metadata ends in a slash, the one that is configured does not'],
      ['', '/', 'the issuer that is configured ends in a slash, the one in the metadata does not'],
    ];
    for (const [there, here, difference] of cases) {
      const other = await stranger(t, metadata(there));
      const own = await open(t, { providers: { one: { issuer: `${other.url}${here}` } } });
      const browser = own.browser();
      const { page, asked } = await toUpstream(browser, own.applications.shop);
      await isStopped(own, { page, asked, browser }, { ...NOT_SET_UP, words: /not set up correctly/ });
      const line = JSON.parse(await own.logged(difference));
      assert.equal(line.error, 'server_error');
      assert.ok(!JSON.stringify(line).includes(other.url));
    }
  });

  test('metadata that leads into the network: nothing there is asked', async (t) => {
    // Logto's CVE-2026-56739: endpoints that an upstream names are somebody else's word.
    const inside = await stranger(t, { '*': () => ({ json: {} }) });
    const named = `http://169.254.169.254/latest/meta-data`;
    const other = await stranger(t, {
      '*': ({ url }) => ({
        json: {
          issuer: url,
          authorization_endpoint: `${url}/authorize`,
          token_endpoint: named,
          userinfo_endpoint: named,
          jwks_uri: named,
          response_types_supported: ['code'],
          subject_types_supported: ['public'],
          id_token_signing_alg_values_supported: ['RS256'],
        },
      }),
    });
    const own = await open(t, { providers: { one: { issuer: other.url } } });
    const browser = own.browser();
    const { page } = await toUpstream(browser, own.applications.shop);
    if (page.arrived) {
      // The person goes to the upstream's own page; nothing of what comes back leads in.
      const state = page.arrived.searchParams.get('state');
      const back = await browser.open(`${own.issuer}/login/callback/one?${new URLSearchParams({ state, code: 'x' })}`);
      await isTrouble(own, back, back.response.status);
    } else if (page.url.href.startsWith(own.issuer)) await isTrouble(own, page, page.response.status);
    assert.deepEqual(inside.requests, []);
  });

  test('it says error at the callback: its words are shown to nobody', async (t) => {
    const own = await open(t, { providers: { one: {} } });
    const { shop } = own.applications;
    for (const error of [
      'access_denied',
      'server_error',
      'temporarily_unavailable',
      'login_required',
      'interaction_required',
      '<script>alert(1)</script>',
      'x'.repeat(3000),
    ]) {
      const browser = own.browser();
      const { page, asked } = await toUpstream(browser, shop);
      const state = stateOf(browser, own);
      const query = new URLSearchParams({
        state,
        error,
        error_description: 'fault <script>alert(2)</script>',
        iss: own.upstreams.one.url,
      });
      const end = await browser.open(`${own.issuer}/login/callback/one?${query}`);
      await isStopped(own, { page: end, asked, browser }, { status: end.response.status, error: /./ });
      assert.doesNotMatch(end.response.text, /alert\(|fault/, textOf(end.response));
      assert.ok(page);
    }
  });

  test('what it says of a person is text, whatever it is', async (t) => {
    const name = `"><script>alert(1)</script>'&amp;<img src=x onerror=alert(2)>`;
    const people = [
      {
        sub: 'alice',
        claims: { name, email: 'alice@example.com', email_verified: true, picture: 'javascript:alert(1)' },
      },
    ];
    const own = await open(t, { providers: { one: { people } } });
    const browser = own.browser();
    const { guest } = own.applications;
    const { page: upstream } = await toUpstream(browser, guest);
    const consent = await be(browser, upstream, 'alice');
    isOwnPage(consent);
    assert.doesNotMatch(consent.response.text, /<script|<img/);
    const account = await browser.open(`${own.issuer}/login/account`);
    isOwnPage(account);
    assert.doesNotMatch(account.response.text, /<script|<img/);
  });
});

/** The state of the login that a browser has just gone to the upstream with. */
export function stateOf(browser, own, id = 'one') {
  const url = browser.visited.findLast((url) => url.startsWith(`${own.upstreams[id].url}/authorize?`));
  return new URL(url).searchParams.get('state');
}
