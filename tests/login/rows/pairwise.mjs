// Applications that know people by pairwise subjects (OpenID Connect Core §8), beside one session.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, test } from 'node:test';
import { loggedIn, offers } from '../support/login.mjs';
import { isOwnPage } from '../support/pages.mjs';
import { isSecret } from '../support/secrets.mjs';
import { application, clients, open, random, target } from '../support/world.mjs';

const OFFLINE = { form: { scope: 'openid profile offline_access' } };

/** What has ended is known at once to the process that was asked; Lambda's others remember for a while. */
const oneProcess = target === 'lambda' ? { instances: 1 } : {};

/** A deployment with two applications at one host, one at another, and one whose subjects are public. */
async function deployment(t) {
  const salt = random(48);
  isSecret(salt, 'pairwise salt');
  const pairwise = { first_party: true, subject_type: 'pairwise' };
  const own = await open(t, {
    clients: [
      ...clients(),
      { ...application('north', pairwise), client_name: 'The North' },
      { ...application('annex', pairwise), client_name: 'The Annex', redirect_uris: ['https://north.example/annex'] },
      { ...application('south', pairwise), client_name: 'The South' },
    ],
    env: { JETON_PAIRWISE_SALT: salt },
    host: oneProcess,
  });
  const subjectAt = (host, sub) =>
    createHmac('sha256', salt)
      .update(`${host}\0${own.subject('one', sub)}`)
      .digest('base64url');
  return { own, subjectAt, ...own.applications };
}

/** A silent login with this hint: the tokens, or the error. */
async function silently(browser, application, { id_token }) {
  const asked = application.asks({ ...OFFLINE.form, prompt: 'none', id_token_hint: id_token });
  const page = await browser.open(asked.url);
  const { error } = application.answered(page, asked);
  return error ?? application.tokens(page, asked);
}

describe('pairwise subjects', () => {
  test('one session, and each sector has a subject of its own', async (t) => {
    const { own, subjectAt, north, annex, south, shop } = await deployment(t);
    const browser = own.browser();
    const subs = {};
    for (const it of [north, annex, south, shop]) {
      const tokens = await loggedIn(browser, it, OFFLINE);
      subs[it.id] = tokens.claims.sub;
      assert.equal((await it.userinfo(tokens)).sub, tokens.claims.sub);
    }
    const [ofNorth, ofSouth] = ['north', 'south'].map((name) => subjectAt(`${name}.example`, 'alice'));
    assert.deepEqual(subs, { north: ofNorth, annex: ofNorth, south: ofSouth, shop: own.subject('one', 'alice') });
  });

  test('a hint is renewed in silence where it is who is logged in, and asks for its person where not', async (t) => {
    const { own, subjectAt, north } = await deployment(t);
    const browser = own.browser();
    const first = await loggedIn(browser, north, OFFLINE);
    const renewed = await silently(browser, north, first);
    assert.equal(renewed.claims.sub, first.claims.sub);
    const bob = own.browser();
    await loggedIn(bob, north, { ...OFFLINE, as: 'bob' });
    assert.equal(await silently(bob, north, first), 'login_required');
    assert.equal(await silently(own.browser(), north, first), 'login_required', 'without a session');
    const shown = await bob.open(north.asks({ id_token_hint: first.id_token }).url);
    assert.ok(!shown.arrived, 'nobody else is logged in silently');
    // Whoever logs in for it, and is that person, is known when they come back from there.
    const form = { ...OFFLINE.form, id_token_hint: first.id_token };
    const again = await loggedIn(own.browser(), north, { form });
    assert.equal(again.claims.sub, subjectAt('north.example', 'alice'));
  });

  test('a client cannot find out whether somebody is the person of a public subject', async (t) => {
    const { own, north, shop } = await deployment(t);
    const [alice, bob] = [own.browser(), own.browser()];
    for (const application of [north, shop]) {
      await loggedIn(alice, application, OFFLINE);
      await loggedIn(bob, application, { ...OFFLINE, as: 'bob' });
    }
    const claims = JSON.stringify({ id_token: { sub: { value: own.subject('one', 'alice') } } });
    for (const prompt of ['none', undefined]) {
      const told = async (browser) => {
        const asked = north.asks({ ...OFFLINE.form, claims, ...(prompt && { prompt }) });
        const page = await browser.open(asked.url);
        if (!page.arrived) return /<h1>(.+?)<\/h1>/.exec(page.response.text)[1];
        const { error, error_description } = north.answered(page, asked);
        return { error, error_description };
      };
      assert.deepEqual(await told(alice), await told(bob));
    }
    // Whom it can ask for as it knows them, it is told of.
    const asked = shop.asks({ ...OFFLINE.form, claims, prompt: 'none' });
    assert.ok(shop.answered(await alice.open(asked.url), asked).code, 'of a public client it is the subject');
  });

  test('a logout by its ID token ends the session without a question, and so only its own', async (t) => {
    const { own, north } = await deployment(t);
    const [browser, bob] = [own.browser(), own.browser()];
    const tokens = await loggedIn(browser, north, OFFLINE);
    await loggedIn(bob, north, { ...OFFLINE, as: 'bob' });
    assert.ok(!(await bob.open(north.logout(tokens))).arrived, 'bob is asked');
    const kept = await loggedIn(browser, north, OFFLINE);
    const page = await browser.open(north.logout(kept, { state: 'bye' }));
    assert.equal(page.arrived?.href, 'https://north.example/bye?state=bye');
    assert.equal(await north.isAlive(kept), false);
    assert.ok(offers(await browser.open(north.asks().url)));
  });

  test('the account page shows all that a person gave, and ends all of it', async (t) => {
    const { own, north, south } = await deployment(t);
    const browser = own.browser();
    const given = [];
    for (const it of [north, south]) given.push([it, await loggedIn(browser, it, OFFLINE)]);
    const page = await browser.open(`${own.issuer}/login/account`);
    const text = isOwnPage(page);
    assert.ok(text.includes('The North') && text.includes('The South'), text);
    isOwnPage(await browser.send(page, '/login/account', { button: 'everything' }));
    for (const [it, tokens] of given) assert.equal(await it.isAlive(tokens), false, it.id);
  });
});
