// Claims that are fresh at a refresh: what the provider says of the person then (OpenID Connect Core §12).

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, test } from 'node:test';
import { calculateJwkThumbprint } from 'jose';
import { basic } from '../../suite/support/http.mjs';
import { be, loggedIn, logIn, toUpstream } from '../support/login.mjs';
import { isSecret } from '../support/secrets.mjs';
import { application, open } from '../support/world.mjs';

const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const FORM = { scope: 'openid profile email offline_access' };

/** What an application says of itself that is to see the groups of people. Each of its refreshes moves its grant. */
const SEES_GROUPS = {
  first_party: true,
  refresh_token_grace: 0,
  id_token_claims: ['email', 'groups'],
  access_token_claims: ['groups'],
};

/** Two applications that want fresh claims, one that does not, and a device; `more` is metadata of the first. */
const clients = (more) => [
  application('fresh', { ...SEES_GROUPS, renew_claims: true, ...more }),
  application('other', { ...SEES_GROUPS, renew_claims: true }),
  application('plain', SEES_GROUPS),
  {
    client_id: 'tv',
    client_name: 'TV',
    token_endpoint_auth_method: 'none',
    grant_types: [DEVICE, 'refresh_token'],
    scope: FORM.scope,
    renew_claims: true,
    refresh_token_grace: 0,
  },
];

const ALICE = { email: 'alice@example.com', groups: ['staff'] };
const PEOPLE = [{ sub: 'alice', name: 'Alice', claims: { name: 'Alice', email_verified: true, ...ALICE } }];

/** From now on the provider says this of Alice. What a login said of her there it would go on to say. */
async function says(upstream, claims = ALICE) {
  await upstream.clearClaimRules();
  await upstream.addClaimRule({ userinfo: claims });
}

const REFRESHES = { endpoint: 'token', grant_type: 'refresh_token' };
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** A deployment with one provider, where Alice is one of the staff. */
const deployment = (t, { login, provider = {}, graceful } = {}) =>
  open(t, {
    login,
    providers: { one: { claims: { groups: '${upstream.groups}' }, people: PEOPLE, ...provider } },
    clients: clients(graceful),
  });

const refresh = (client, { refresh_token }) => client.post('/token', { grant_type: 'refresh_token', refresh_token });

/** The tokens of a refresh that must succeed, with the claims of the ID token. */
async function refreshed(client, tokens, answered) {
  const response = answered ?? (await refresh(client, tokens));
  assert.equal(response.status, 200, response.text);
  const answer = response.json();
  return { ...answer, claims: await client.world.verified(answer.id_token, { audience: client.id }) };
}

/** The same by a client that waits as long as it is told to, while another refresh is asking the provider. */
async function patiently(client, tokens) {
  const response = await refresh(client, tokens);
  if (response.status !== 503) return refreshed(client, tokens, response);
  assert.equal(response.headers['retry-after'], '1');
  await sleep(1000);
  return patiently(client, tokens);
}

/** That a refresh is refused, and that the answer does not say why. */
async function refused(client, tokens) {
  const response = await refresh(client, tokens);
  assert.equal(response.status, 400, response.text);
  assert.equal(response.json().error, 'invalid_grant');
  assert.doesNotMatch(response.text, /list|upstream|provider/);
}

/** What introspection says of an access token. */
async function introspected(client, { access_token }) {
  const response = await fetch(`${client.world.issuer}/introspect`, {
    method: 'POST',
    headers: { authorization: basic(client.id, client.record.client_secret) },
    body: new URLSearchParams({ token: access_token }),
  });
  return response.json();
}

describe('renewed claims', () => {
  test('what has changed at the provider is in the ID token, the access token and at /userinfo', async (t) => {
    const own = await deployment(t);
    const { fresh } = own.applications;
    let tokens = await loggedIn(own.browser(), fresh, { form: FORM });
    assert.deepEqual(tokens.claims.groups, ['staff']);
    for (const groups of [['staff', 'admins'], ['guests'], []]) {
      const email = `${groups.join('-')}@example.com`;
      await says(own.upstreams.one, { email, groups });
      const { auth_time } = tokens.claims;
      tokens = await refreshed(fresh, tokens);
      assert.deepEqual(tokens.claims.groups, groups);
      assert.equal(tokens.claims.email, email);
      assert.equal(tokens.claims.auth_time, auth_time, 'nobody has logged in');
      const info = await fresh.userinfo(tokens);
      assert.deepEqual([info.groups, info.email], [groups, email]);
      assert.deepEqual((await introspected(fresh, tokens)).groups, groups);
    }
    await own.logged('"claims_renewal":"renewed"');
    tokens = await refreshed(fresh, tokens);
    await own.logged('"claims_renewal":"the same"');
    assert.deepEqual(tokens.claims.groups, []);
  });

  test('a client that does not want it never asks, and is asked for nothing', async (t) => {
    const own = await deployment(t);
    const { plain, fresh } = own.applications;
    const { one } = own.upstreams;
    const browser = own.browser();
    const tokens = await loggedIn(browser, plain, { form: FORM });
    const [asked] = await one.journal({ endpoint: 'authorize' });
    assert.equal(asked.parameters.scope, 'openid profile email');
    await says(one, { groups: ['guests'] });
    const again = await refreshed(plain, tokens);
    assert.deepEqual(again.claims.groups, ['staff']);
    assert.equal(await one.count(REFRESHES), 0);
    // Whoever goes on to one that does is sent to the provider once more, and no third time.
    await one.clearJournal();
    const second = await loggedIn(browser, fresh, { form: FORM });
    assert.deepEqual(second.claims.groups, ['guests']);
    const [once] = await one.journal({ endpoint: 'authorize' });
    assert.equal(once.parameters.scope, 'openid profile email offline_access');
    const { other } = own.applications;
    const silent = other.asks(FORM);
    await other.tokens(await browser.open(silent.url), silent);
    assert.equal(await one.count({ endpoint: 'authorize' }), 1);
  });

  test('prompt=none stays silent, and claims then stay as they are', async (t) => {
    const own = await deployment(t);
    const { plain, fresh } = own.applications;
    const browser = own.browser();
    await loggedIn(browser, plain, { form: FORM });
    const silent = fresh.asks({ ...FORM, prompt: 'none' });
    const tokens = await fresh.tokens(await browser.open(silent.url), silent);
    await says(own.upstreams.one, { groups: ['guests'] });
    assert.deepEqual((await refreshed(fresh, tokens)).claims.groups, ['staff']);
    await own.logged('"claims_renewal":"the provider gave no refresh token"');
  });

  test('whoever is taken off the list is refused, at every application, until they are on it and log in', async (t) => {
    const own = await deployment(t, { login: { allow: { claims: { groups: ['staff'] } } } });
    const { fresh, other } = own.applications;
    const { one } = own.upstreams;
    const browser = own.browser();
    const first = await loggedIn(browser, fresh, { form: FORM });
    const second = await loggedIn(browser, other, { form: FORM });
    await says(one, { groups: ['guests'] });
    await refused(fresh, first);
    await own.logged(
      '"detail":"the person may no longer be logged in: the person is not in the allow of the deployment"',
    );
    await refused(other, second);
    await own.logged('"detail":"the person may no longer be logged in: their login at the provider ended"');
    assert.equal(await one.count(REFRESHES), 1, 'the token is forgotten');
    await says(one);
    await refused(other, second);
    const { asked, page } = await toUpstream(browser, fresh, { form: FORM });
    const end = page.arrived ? page : await be(browser, page, 'alice');
    await refreshed(fresh, await fresh.tokens(end, asked));
  });

  test('whoever is taken off the list of one application is refused there alone', async (t) => {
    const own = await deployment(t, { login: { clients: { fresh: { allow: { claims: { groups: ['staff'] } } } } } });
    const { fresh, other } = own.applications;
    const { one } = own.upstreams;
    const browser = own.browser();
    const first = await loggedIn(browser, fresh, { form: FORM });
    const second = await loggedIn(browser, other, { form: FORM });
    await says(one, { groups: ['guests'] });
    await refused(fresh, first);
    const again = await refreshed(other, second);
    assert.deepEqual(again.claims.groups, ['guests']);
    await says(one);
    assert.deepEqual((await refreshed(fresh, first)).claims.groups, ['staff'], 'rights come back with the list');
  });

  test('a login that the provider has ended is ended here', async (t) => {
    const own = await deployment(t);
    const { fresh, plain } = own.applications;
    const { one } = own.upstreams;
    const browser = own.browser();
    const tokens = await loggedIn(browser, fresh, { form: FORM });
    const others = await loggedIn(browser, plain, { form: FORM });
    await one.addFault({ match: REFRESHES, fault: 'invalid_grant' });
    await refused(fresh, tokens);
    await own.logged('"detail":"the person may no longer be logged in: the provider', 'answered invalid_grant"');
    await one.clearFaults();
    await refused(fresh, tokens);
    await refreshed(plain, others);
    const { asked, page } = await toUpstream(browser, fresh, { form: FORM });
    const end = page.arrived ? page : await be(browser, page, 'alice');
    await refreshed(fresh, await fresh.tokens(end, asked));
  });

  const unwell = {
    'answers 503': [REFRESHES, 'status-503'],
    'says slow down': [REFRESHES, 'rate-limit-5'],
    'closes the connection': [REFRESHES, 'drop'],
    'answers HTML': [REFRESHES, 'html'],
    'is slow': [REFRESHES, 'slow-25s'],
    'answers invalid_client': [REFRESHES, 'invalid_client'],
    'does not say who it is': [{ endpoint: 'userinfo' }, 'status-500'],
    'says who it is, slowly': [{ endpoint: 'userinfo' }, 'slow-25s'],
  };
  for (const [name, [match, fault]] of Object.entries(unwell)) {
    test(`a provider that ${name} changes nothing, and holds nobody up`, async (t) => {
      const own = await deployment(t);
      const { fresh } = own.applications;
      const tokens = await loggedIn(own.browser(), fresh, { form: FORM });
      await says(own.upstreams.one, { groups: ['guests'] });
      await own.upstreams.one.addFault({ match, fault });
      const began = performance.now();
      const again = await refreshed(fresh, tokens);
      const ms = performance.now() - began;
      assert.ok(ms < 4000, `${ms} ms`);
      assert.deepEqual(again.claims.groups, ['staff']);
      assert.equal(again.refresh_token, tokens.refresh_token, 'a grant moves with what is known alone');
      const line = JSON.parse(await own.logged('"claims_renewal"'));
      assert.match(line.claims_renewal, /^(token|userinfo|the provider|not usable)/);
    });
  }

  test('a provider that is well again is asked again', async (t) => {
    const own = await deployment(t);
    const { fresh } = own.applications;
    const { one } = own.upstreams;
    const tokens = await loggedIn(own.browser(), fresh, { form: FORM });
    await says(one, { groups: ['guests'] });
    await one.addFault({ match: REFRESHES, fault: 'status-503' });
    const first = await refreshed(fresh, tokens);
    await one.clearFaults();
    assert.deepEqual((await refreshed(fresh, first)).claims.groups, ['guests']);
  });

  test('many refreshes of one person at once: all succeed soon, and no token is spent twice', async (t) => {
    const own = await deployment(t);
    const { fresh, other } = own.applications;
    const { one } = own.upstreams;
    const browser = own.browser();
    let held = [await loggedIn(browser, fresh, { form: FORM }), await loggedIn(browser, other, { form: FORM })];
    for (let round = 0; round < 4; round += 1) {
      held = await Promise.all([patiently(fresh, held[0]), patiently(other, held[1])]);
    }
    await says(one, { groups: ['guests'] });
    assert.deepEqual((await refreshed(fresh, held[0])).claims.groups, ['guests']);
    assert.deepEqual((await refreshed(other, held[1])).claims.groups, ['guests']);
    const asked = await one.journal(REFRESHES);
    assert.equal(asked.length, 10);
    assert.deepEqual(
      asked.filter(({ status }) => status !== 200),
      [],
    );
  });

  test('two refreshes by one token at once: neither has what is true no more, and one that waits a second is told the same', async (t) => {
    const own = await deployment(t, { graceful: { refresh_token_grace: 10 } });
    const { fresh } = own.applications;
    const tokens = await loggedIn(own.browser(), fresh, { form: FORM });
    await says(own.upstreams.one, { groups: ['guests'] });
    const both = await Promise.all([patiently(fresh, tokens), patiently(fresh, tokens)]);
    for (const { claims } of both) assert.deepEqual(claims.groups, ['guests']);
    assert.equal(both[0].refresh_token, both[1].refresh_token);
    const renewed = own.host.log().filter((line) => line.includes('"claims_renewal":"renewed"'));
    assert.equal(renewed.length, 1);
  });

  const lists = {
    'the deployment': { allow: { claims: { groups: ['staff'] } } },
    'the client': { clients: { fresh: { allow: { claims: { groups: ['staff'] } } } } },
  };
  for (const [whose, login] of Object.entries(lists)) {
    test(`whoever is taken off the list of ${whose} gets nothing by two refreshes at once`, async (t) => {
      const own = await deployment(t, { login });
      const { fresh } = own.applications;
      const tokens = await loggedIn(own.browser(), fresh, { form: FORM });
      await says(own.upstreams.one, { groups: ['guests'] });
      for (let round = 0; round < 3; round += 1) {
        const both = await Promise.all([refresh(fresh, tokens), refresh(fresh, tokens)]);
        assert.ok(both.some(({ status }) => status === 400));
        for (const { status, text } of both) assert.ok([400, 503].includes(status), text);
      }
      await refused(fresh, tokens);
    });

    test(`one failure of the provider holds off nothing: the list of ${whose}`, async (t) => {
      const own = await deployment(t, { login });
      const { fresh } = own.applications;
      const { one } = own.upstreams;
      const tokens = await loggedIn(own.browser(), fresh, { form: FORM });
      await says(one, { groups: ['guests'] });
      await one.addFault({ match: REFRESHES, fault: 'status-503', times: 1 });
      await refused(fresh, await refreshed(fresh, tokens));
      // Who was refused is known not to have been staff: what they had is not given while the provider is unwell.
      await one.addFault({ match: REFRESHES, fault: 'status-503' });
      const again = await refresh(fresh, tokens);
      assert.ok([400, 503].includes(again.status), again.text);
    });
  }

  test('a claim that not everyone reads the same is left out, at a login and at a refresh', async (t) => {
    const claims = { groups: '${upstream.groups}', odd: '${upstream.odd}' };
    const own = await deployment(t, { provider: { userinfo: 'always', claims } });
    const { fresh } = own.applications;
    const deep = '['.repeat(32) + ']'.repeat(32);
    for (const value of ['-0', '1e300', '12345678901234567890123', deep]) {
      await own.upstreams.one.clearFaults();
      const headers = { 'content-type': 'application/json' };
      const body = `{"sub":"alice","nickname":"Al","groups":["staff"],"updated_at":${value},"odd":${value}}`;
      await own.upstreams.one.addFault({ match: { endpoint: 'userinfo' }, fault: { status: 200, headers, body } });
      const tokens = await loggedIn(own.browser(), fresh, { form: FORM });
      const again = await refreshed(fresh, tokens);
      assert.deepEqual(again.claims.groups, ['staff']);
      const { nickname, updated_at, odd } = await fresh.userinfo(again);
      assert.deepEqual([nickname, updated_at, odd], ['Al', undefined, undefined]);
    }
    const line = JSON.parse(await own.logged('"endpoint":"login"', 'claims were left out'));
    assert.match(line.detail, /could not be given: odd, updated_at$/);
    assert.equal(line.error, undefined);
  });

  test('claims that a login would be refused with are refused', async (t) => {
    const own = await deployment(t);
    const { fresh } = own.applications;
    const { one } = own.upstreams;
    const tokens = await loggedIn(own.browser(), fresh, { form: FORM });
    await says(one, { ...ALICE, groups: ['guests', 'x'.repeat(5000)] });
    await refused(fresh, tokens);
    await own.logged('the claims are too long for a token');
    await says(one, { groups: ['guests'] });
    assert.deepEqual((await refreshed(fresh, tokens)).claims.groups, ['guests']);
  });

  const ends = {
    'by the list of the deployment': [lists['the deployment']],
    'by the list of the client': [lists['the client']],
    'because the provider has ended their login': [{}, 'invalid_grant'],
  };
  for (const [how, [login, fault]] of Object.entries(ends)) {
    test(`whoever is refused ${how} gets nothing by the session that they have`, async (t) => {
      const own = await deployment(t, { login });
      const { fresh, plain } = own.applications;
      const { one } = own.upstreams;
      const [browser, elsewhere] = [own.browser(), own.browser()];
      const tokens = await loggedIn(browser, fresh, { form: FORM });
      await loggedIn(elsewhere, plain, { form: FORM });
      await says(one, { groups: ['guests'] });
      if (fault) await one.addFault({ match: REFRESHES, fault });
      await refused(fresh, tokens);
      await one.clearFaults();
      for (const scope of [FORM.scope, 'openid profile']) {
        for (const had of [browser, elsewhere]) {
          const silent = fresh.asks({ scope, prompt: 'none' });
          fresh.refused(await had.open(silent.url), silent, 'login_required');
        }
      }
      // Nor by a device, whose browser is sent to the provider anew.
      await one.clearJournal();
      const { tv } = own.applications;
      const asked = (await tv.post('/device_authorization', { scope: 'openid offline_access' })).json();
      await elsewhere.open(asked.verification_uri_complete);
      assert.equal(await one.count({ endpoint: 'authorize' }), 1);
      // And so is one that asks.
      await one.clearJournal();
      const { page: end, asked: again } = await logIn(browser, fresh, { form: FORM });
      assert.equal(await one.count({ endpoint: 'authorize' }), 1);
      if (!fault) return assert.ok(!end.arrived, 'they are on no list');
      const anew = await fresh.tokens(end, again);
      assert.deepEqual(anew.claims.groups, ['guests']);
      assert.deepEqual((await refreshed(fresh, anew)).claims.groups, ['guests']);
    });
  }

  test('a device that is approved by a session of before the refusal is refused, and one of after goes on', async (t) => {
    const own = await deployment(t);
    const { fresh, tv } = own.applications;
    const { one } = own.upstreams;
    const browser = own.browser();
    const begin = async () => (await tv.post('/device_authorization', { scope: 'openid offline_access' })).json();
    const tokens = await loggedIn(browser, fresh, { form: FORM });
    // The page that shows the code waits while the person is refused.
    const first = await begin();
    const waiting = await browser.send(await browser.open(first.verification_uri_complete), '/device');
    await one.addFault({ match: REFRESHES, fault: 'invalid_grant' });
    await refused(fresh, tokens);
    await one.clearFaults();
    await browser.send(waiting, '/device', { button: 'approve' });
    const pending = await tv.post('/token', { grant_type: DEVICE, device_code: first.device_code });
    assert.equal(pending.json().error, 'authorization_pending', pending.text);
    await own.logged('they were refused since they logged in');

    await sleep(1100);
    const second = await begin();
    let page = await browser.send(await browser.open(second.verification_uri_complete), '/device');
    if (page.url.href.startsWith(one.url)) page = await be(browser, page, 'alice');
    await browser.send(page, '/device', { button: 'approve' });
    const got = await tv.post('/token', { grant_type: DEVICE, device_code: second.device_code });
    assert.equal(got.status, 200, got.text);
    assert.equal((await refresh(tv, got.json())).status, 200);
    await refused(fresh, tokens);
  });

  test('a provider to which this deployment proves itself by a key is asked like any other', async (t) => {
    const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const private_key = privateKey.export({ format: 'jwk' });
    isSecret(private_key.d, 'private key');
    const jwk = publicKey.export({ format: 'jwk' });
    const provider = { client_secret: undefined, private_key, account: 'by-key' };
    const own = await deployment(t, { provider });
    const { fresh } = own.applications;
    const { one } = own.upstreams;
    await one.addClient({
      client_id: 'by-key',
      token_endpoint_auth_method: 'private_key_jwt',
      jwks: { keys: [{ ...jwk, kid: await calculateJwkThumbprint(jwk) }] },
      redirect_uris: [`${own.issuer}/login/callback/one`],
      grant_types: ['authorization_code', 'refresh_token'],
      scope: FORM.scope,
    });
    const tokens = await loggedIn(own.browser(), fresh, { form: FORM });
    await says(one, { groups: ['guests'] });
    assert.deepEqual((await refreshed(fresh, tokens)).claims.groups, ['guests']);
    assert.equal(await one.count(REFRESHES), 1);
  });

  test('what gives no refresh token is asked nothing: GitHub', async (t) => {
    const own = await open(t, { providers: { github: { type: 'github' } }, clients: clients() });
    const { fresh } = own.applications;
    const tokens = await loggedIn(own.browser(), fresh, { provider: 'github', as: 'octocat', form: FORM });
    const again = await refreshed(fresh, tokens);
    assert.equal(again.claims.email, tokens.claims.email);
    await own.logged('"claims_renewal":"the provider gave no refresh token"');
  });

  test('whoever ends everything is forgotten with their login at the provider', async (t) => {
    const own = await deployment(t);
    const { fresh, plain } = own.applications;
    const { one } = own.upstreams;
    const browser = own.browser();
    await loggedIn(browser, fresh, { form: FORM });
    const account = await browser.open(`${own.issuer}/login/account`);
    await browser.send(account, '/login/account', { button: 'everything' });
    await sleep(1100);
    await loggedIn(browser, plain, { form: FORM });
    await one.clearJournal();
    const tokens = await loggedIn(browser, fresh, { form: FORM });
    assert.equal(await one.count({ endpoint: 'authorize' }), 1, 'the provider is asked for another');
    await refreshed(fresh, tokens);
  });
});
