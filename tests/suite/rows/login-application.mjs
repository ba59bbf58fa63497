// The sample login application, by the duties of one.

import assert from 'node:assert/strict';
import { describe, test as row } from 'node:test';
import { challengeOf, random } from '../support/flow.mjs';
import { deployment } from '../support/front.mjs';
import { secretOf } from '../support/grant-clients.mjs';
import { formOf, policyOf } from '../support/html.mjs';
import { unless } from '../support/target.mjs';
import { claimsOf } from '../support/tokens.mjs';

const CALLBACK = 'http://127.0.0.1:9/callback';
const API = 'https://orders.example';
const ALICE = { username: 'alice', password: 'wonderland' };

const client = (client_id, more = {}) => ({
  client_id,
  client_secret: secretOf(client_id),
  redirect_uris: [CALLBACK, 'https://app.example/cb'],
  grant_types: ['authorization_code'],
  scope: 'openid profile',
  ...more,
});
const app = client('app', { client_name: 'App <b>', apis: [{ identifier: API, scope: 'orders:read' }] });
const own = client('own', { first_party: true });
const open = client('open', { client_secret: undefined, token_endpoint_auth_method: 'none', first_party: true });
const apis = [{ identifier: API, scopes: { 'orders:read': 'See your orders' } }];

/** A browser that goes on until it is shown a page, or is at the client: `{ url, response, text }`. */
class Person {
  cookies = new Map();

  async go(url, { form, cookies = this.cookies } = {}) {
    let next = { url, body: form && new URLSearchParams(form) };
    for (let step = 0; step < 10; step += 1) {
      const cookie = [...cookies].map((pair) => pair.join('=')).join('; ');
      const response = await fetch(next.url, {
        method: next.body ? 'POST' : 'GET',
        body: next.body,
        redirect: 'manual',
        headers: cookie ? { cookie } : {},
      });
      for (const line of response.headers.getSetCookie()) cookies.set(...line.split(';')[0].split(/=(.*)/, 2));
      const location = response.headers.get('location');
      if (!location) return { url: next.url, response, text: await response.text() };
      const to = new URL(location, next.url).href;
      if (to.startsWith(CALLBACK) || to.startsWith('https://app.example/')) return { url: new URL(to), response };
      next = { url: to };
    }
    throw new Error(`no end, at ${next.url}`);
  }

  get session() {
    return this.cookies.get('__Host-login');
  }
}

describe('the sample login application', { concurrency: 4 }, () => {
  const test = (name, check) => row(name, { skip: unless.startable }, async (t) => check(await started(t)));

  async function started(t) {
    const issuer = await deployment(t, [app, own, open], { apis });
    const begin = (who, form = {}) => {
      const verifier = random();
      const query = { response_type: 'code', redirect_uri: CALLBACK, scope: 'openid', client_id: who.client_id };
      const pkce = { code_challenge: challengeOf(verifier), code_challenge_method: 'S256' };
      return { verifier, url: `${issuer}/authorize?${new URLSearchParams({ ...query, ...pkce, ...form })}` };
    };
    const ask = (person, who, form) => person.go(begin(who, form).url);
    /** Whether the person was shown nothing, and has a code. */
    const isQuiet = async (person, who, form) => {
      const { url, text } = await ask(person, who, form);
      return text === undefined && new URL(url).searchParams.has('code');
    };
    const press = (person, shown, form = {}) =>
      person.go(shown.url, { form: { ...formOf(shown.text).fields, ...form } });
    const logIn = async (person, who, form, as = ALICE) => press(person, await ask(person, who, form), as);
    /** The ID token of a login. */
    const idTokenOf = async (person, who) => {
      const { url, verifier } = begin(who);
      let at = await person.go(url);
      if (at.text) at = await press(person, at, ALICE);
      const response = await fetch(`${issuer}/token`, {
        method: 'POST',
        body: new URLSearchParams({
          ...{ grant_type: 'authorization_code', code: at.url.searchParams.get('code'), redirect_uri: CALLBACK },
          ...{ code_verifier: verifier, client_id: who.client_id, client_secret: who.client_secret },
        }),
      });
      return (await response.json()).id_token;
    };
    return { issuer, ask, isQuiet, press, logIn, idTokenOf };
  }
  const codeOf = ({ url }) => new URL(url).searchParams.get('code');
  const errorOf = ({ url }) => new URL(url).searchParams.get('error');

  test('a form is taken with the cookie and the request that it was shown for, and no other', async (on) => {
    const [person, other] = [new Person(), new Person()];
    const shown = await on.ask(person, own);
    const elsewhere = await on.ask(other, own);
    const fields = formOf(shown.text).fields;
    const before = person.session;
    for (const [what, form, cookies] of [
      ['no cookie', fields, new Map()],
      ['another browser’s cookie', fields, new Map(other.cookies)],
      ['another request', { ...fields, request: formOf(elsewhere.text).fields.request }, new Map(person.cookies)],
      ['no key', { ...fields, key: '' }, new Map(person.cookies)],
    ]) {
      const anew = await person.go(shown.url, { form: { ...form, ...ALICE }, cookies });
      assert.match(anew.text ?? '', /name="password"/, `${what}: it is shown anew`);
    }
    const foreign = await fetch(shown.url, {
      method: 'POST',
      body: new URLSearchParams({ ...fields, ...ALICE }),
      redirect: 'manual',
    });
    assert.deepEqual(foreign.headers.getSetCookie(), [], 'a form of another site replaces no session');
    assert.equal(person.session, before);
    assert.ok(codeOf(await on.press(person, shown, ALICE)));
  });

  test('wrong names and passwords are told alike, and nobody is logged in', async (on) => {
    const person = new Person();
    const texts = [];
    for (const as of [
      { username: 'alice', password: 'builder' },
      { username: 'nobody', password: 'wonderland' },
      { username: '__proto__', password: 'wonderland' },
      { username: 'toString', password: 'wonderland' },
    ]) {
      const { response, text } = await on.logIn(person, own, {}, as);
      assert.equal(response.status, 200);
      texts.push(text.replace(/value="[^"]*"/g, ''));
    }
    assert.equal(new Set(texts).size, 1);
    assert.match(texts[0], /Wrong name or password/);
    assert.equal(errorOf(await on.ask(person, own, { prompt: 'none' })), 'login_required');
  });

  test('a cookie of this login alone, and pages that nobody frames', async (on) => {
    const person = new Person();
    const shown = await on.ask(person, own);
    const { headers } = shown.response;
    const policy = policyOf({ headers: Object.fromEntries(headers) });
    assert.deepEqual(policy, { 'default-src': "'none'", 'base-uri': "'none'", 'frame-ancestors': "'none'" });
    assert.equal(headers.get('cache-control'), 'no-store');
    assert.equal(headers.get('x-content-type-options'), 'nosniff');
    const before = person.session;
    assert.match(headers.getSetCookie().join(), /^__Host-login=[\w-]{43}; Path=\/; Secure; HttpOnly; SameSite=Lax$/);
    assert.ok(codeOf(await on.press(person, shown, ALICE)));
    assert.notEqual(person.session, before);
    const old = new Person();
    old.cookies.set('__Host-login', before);
    assert.equal(errorOf(await on.ask(old, own, { prompt: 'none' })), 'login_required');
  });

  test('who is asked for the password again has a new session, and the old one is over', async (on) => {
    const person = new Person();
    await on.logIn(person, own);
    for (const form of [{ prompt: 'login' }, { max_age: '0' }]) {
      const before = new Person();
      before.cookies.set('__Host-login', person.session);
      assert.ok(await on.isQuiet(before, own));
      const shown = await on.ask(person, own, form);
      assert.match(shown.text ?? '', /name="password"/, JSON.stringify(form));
      assert.ok(codeOf(await on.press(person, shown, ALICE)));
      assert.ok(!(await on.isQuiet(before, own)));
      assert.ok(await on.isQuiet(person, own));
    }
  });

  test('consent: who asks, where to and for what; again for more, and not to a first-party client', async (on) => {
    const person = new Person();
    const scope = 'openid orders:read';
    const { text } = await on.ask(person, app, { scope, resource: API, redirect_uri: 'https://app.example/cb' });
    for (const words of ['App &#60;b&#62;', 'at app.example.', 'See your orders (https://orders.example)']) {
      assert.ok(text.includes(words), `${words}: ${text}`);
    }
    assert.match((await on.ask(person, app)).text, /at a program on this machine/);
    assert.ok(codeOf(await on.logIn(person, app)));
    assert.ok(await on.isQuiet(person, own), 'first-party');
    assert.ok(await on.isQuiet(person, app), 'agreed to');
    const more = await on.ask(person, app, { scope: 'openid profile' });
    assert.doesNotMatch(more.text, /name="password"/);
    assert.equal(errorOf(await on.ask(person, app, { scope: 'openid profile', prompt: 'none' })), 'consent_required');
    assert.equal(errorOf(await on.press(person, more, { deny: '' })), 'access_denied');
    assert.ok(codeOf(await on.press(person, more)));
    assert.ok(await on.isQuiet(person, app, { scope: 'openid profile' }));
    assert.ok(!(await on.isQuiet(person, app, { prompt: 'consent' })));
    assert.ok(!(await on.isQuiet(new Person(), own)), 'somebody else');
  });

  test('RFC 8252 §8.6: a client that others can pass for is asked about each time', async (on) => {
    const person = new Person();
    assert.ok(codeOf(await on.logIn(person, open)));
    const shown = await on.ask(person, open);
    assert.ok(codeOf(await on.press(person, shown)));
    assert.ok(!(await on.isQuiet(person, open)));
    assert.ok(await on.isQuiet(person, open, { redirect_uri: 'https://app.example/cb' }), 'at a website');
  });

  test('a logout ends by itself only the session that it names', async (on) => {
    const [person, other] = [new Person(), new Person()];
    const [hint, others] = [await on.idTokenOf(person, own), await on.idTokenOf(other, own)];
    assert.equal(claimsOf(hint).sub, claimsOf(others).sub);
    const isIn = () => on.isQuiet(person, own);
    const end = (id_token_hint) => person.go(`${on.issuer}/end_session?${new URLSearchParams({ id_token_hint })}`);

    const asked = await end(others);
    assert.match(asked.text, /You are alice/);
    assert.ok(await isIn(), 'a GET ends nothing');
    const { key } = formOf(asked.text).fields;
    for (const form of [{ key: '' }, { key: `${key}x` }])
      assert.match((await person.go(asked.url, { form })).text, /alice/);
    assert.ok(await isIn());
    await on.press(person, asked);
    assert.ok(!(await isIn()));

    const own_hint = await on.idTokenOf(person, own);
    assert.ok(await isIn());
    assert.doesNotMatch((await end(own_hint)).text, /You are alice/);
    assert.ok(!(await isIn()));
    assert.ok(await on.isQuiet(other, own), 'somebody else’s goes on');
  });

  test('a logout leads back to the issuer alone', async (on) => {
    const person = new Person();
    const shown = await on.ask(person, own);
    const { origin } = new URL(shown.url);
    for (const back of ['https://evil.example/', `${on.issuer}.evil.example/`, '']) {
      const response = await fetch(`${origin}/logout?${new URLSearchParams({ return_to: back })}`, {
        redirect: 'manual',
      });
      assert.equal(response.status, 400, back);
      assert.equal(response.headers.get('location'), null);
    }
  });
});
