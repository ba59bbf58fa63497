// The OpenID Foundation's modules for providers (basic, config, RP-initiated logout) under their own names, asked of the
// built-in login. What a module is about that a deployment does not offer, it says in its metadata, and the module skips.

import './support/secrets.mjs';
import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { after, before, describe, test } from 'node:test';
import { createRemoteJWKSet, decodeProtectedHeader, jwtVerify, SignJWT } from 'jose';
import { encode, send, submit } from '../mock/support/http.mjs';
import { formsTo } from './support/browser.mjs';
import { agree, asksConsent, be } from './support/login.mjs';
import { application, open } from './support/world.mjs';

const SCOPE = 'openid profile email address phone offline_access';
const ALICE = {
  name: 'Alice Liddell',
  given_name: 'Alice',
  family_name: 'Liddell',
  preferred_username: 'alice',
  email: 'alice@example.com',
  email_verified: true,
  phone_number: '+49 30 123456',
  address: { formatted: 'Berlin' },
};
/** Of each scope. */
const CLAIMS = {
  profile: ['name', 'given_name', 'family_name', 'preferred_username'],
  email: ['email', 'email_verified'],
  address: ['address'],
  phone: ['phone_number'],
};
const NOT_LOGGED_IN = /^(login_required|interaction_required|consent_required|account_selection_required)$/;
const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

let own;
let metadata;
const ending = [];

before(async () => {
  const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey.export({ format: 'jwk' });
  const record = (client_id, more) => ({ ...application(client_id, { scope: SCOPE, ...more }), first_party: true });
  own = await open(
    { after: (end) => ending.push(end) },
    {
      providers: {
        one: {
          scope: 'openid profile email address phone',
          people: [{ sub: 'alice', claims: ALICE }],
        },
      },
      clients: [record('basic'), record('post', { token_endpoint_auth_method: 'client_secret_post' }), record('other')],
      // Discovery §3: RS256 whatever else.
      env: {
        JETON_SIGNING_ALGS: 'RS256 ES256',
        JETON_SIGNING_JWKS: JSON.stringify({ keys: [{ ...rsa, alg: 'RS256' }] }),
      },
    },
  );
  metadata = (await send(`${own.issuer}/.well-known/openid-configuration`)).json();
});
after(async () => {
  for (const end of ending.reverse()) await end();
});

/** From the application to where the browser brings its answer: `{ page, asked, pages }`, and what pages were seen. */
async function visit(form = {}, { client = 'basic', browser = own.browser(), method = 'GET' } = {}) {
  const asked = own.applications[client].asks(form);
  const began = browser.visited.length;
  const [address, query] = asked.url.split('?');
  let page = method === 'GET' ? await browser.open(asked.url) : await browser.open(address, { form: query });
  let pages = 0;
  for (let step = 0; step < 5 && !page.arrived; step += 1) {
    pages += 1;
    if (page.url.href.startsWith(own.upstreams.one.url)) page = await be(browser, page, 'alice');
    else if (asksConsent(page)) page = await agree(browser, page);
    else break;
  }
  return { page, asked, pages, browser, visited: browser.visited.slice(began) };
}

/** A login that succeeds: tokens with their claims, and the browser. */
async function flow(form = {}, options = {}) {
  const { page, asked, pages, browser } = await visit(form, options);
  const client = own.applications[options.client ?? 'basic'];
  assert.ok(page.arrived, `${page.url}: ${page.response.status} ${page.response.text}`);
  const { code } = client.answered(page, asked);
  assert.ok(code, page.arrived.href);
  const request = {
    grant_type: 'authorization_code',
    code,
    code_verifier: asked.verifier,
    redirect_uri: asked.redirect_uri,
  };
  const response = await client.post('/token', request);
  assert.equal(response.status, 200, response.text);
  assert.match(response.headers['cache-control'], /no-store/);
  const tokens = response.json();
  assert.equal(tokens.token_type.toLowerCase(), 'bearer');
  const keys = createRemoteJWKSet(new URL(metadata.jwks_uri));
  const { payload: claims } = await jwtVerify(tokens.id_token, keys, {
    issuer: metadata.issuer,
    audience: client.id,
    requiredClaims: ['sub', 'exp', 'iat'],
  });
  assert.equal(claims.nonce, asked.nonce);
  assert.ok(claims.sub.length <= 255);
  return { tokens, claims, pages, browser, request, client };
}

const userinfo = async (tokens, { method = 'GET', ...more } = {}) => {
  const headers = more.body
    ? { 'content-type': 'application/x-www-form-urlencoded' }
    : { authorization: `Bearer ${tokens.access_token}` };
  return send(metadata.userinfo_endpoint, { method, headers, ...more });
};

/** How a request ends that cannot succeed: an error at the application, or a page. */
async function outcome(form, options) {
  const { page, asked } = await visit(form, options);
  if (!page.arrived) {
    assert.ok(page.response.status >= 400 && page.response.status < 500, `${page.response.status} at ${page.url}`);
    return 'page';
  }
  assert.ok(page.arrived.href.startsWith(own.applications.basic.record.redirect_uris[0]), page.arrived.href);
  assert.equal(page.arrived.searchParams.get('code'), null);
  assert.ok(asked);
  return page.arrived.searchParams.get('error');
}

const succeeds = (form) => async () => void (await flow(form));
const skipped = (reason) => (t) => t.skip(reason);
const unsigned = (claims) =>
  `${Buffer.from('{"alg":"none"}').toString('base64url')}.${Buffer.from(JSON.stringify(claims)).toString('base64url')}.`;

const BASIC = {
  async 'oidcc-server'() {
    const { tokens, claims } = await flow({ scope: 'openid profile email' });
    assert.equal((await userinfo(tokens)).json().sub, claims.sub);
  },
  async 'oidcc-response-type-missing'() {
    assert.match(await outcome({ response_type: undefined }), /^(invalid_request|unsupported_response_type)$/);
  },
  async 'oidcc-idtoken-signature'() {
    const { tokens } = await flow();
    assert.equal(decodeProtectedHeader(tokens.id_token).alg, 'RS256');
  },
  'oidcc-idtoken-unsigned': (t) => {
    assert.ok(!metadata.id_token_signing_alg_values_supported.includes('none'));
    t.skip('ID tokens are signed');
  },
  async 'oidcc-userinfo-get'() {
    const { tokens, claims } = await flow();
    const response = await userinfo(tokens);
    assert.equal(response.status, 200);
    assert.match(response.headers['content-type'], /json/);
    assert.equal(response.json().sub, claims.sub);
  },
  async 'oidcc-userinfo-post-header'() {
    const { tokens, claims } = await flow();
    assert.equal((await userinfo(tokens, { method: 'POST' })).json().sub, claims.sub);
  },
  async 'oidcc-userinfo-post-body'(t) {
    const { tokens, claims } = await flow();
    const response = await userinfo(tokens, { method: 'POST', body: encode({ access_token: tokens.access_token }) });
    // Optional (RFC 6750 §2.2).
    if (response.status !== 200) return t.skip(`${response.status}`);
    assert.equal(response.json().sub, claims.sub);
  },
  'oidcc-ensure-request-without-nonce-succeeds-for-code-flow': succeeds({ nonce: undefined }),
  ...Object.fromEntries(
    Object.entries(CLAIMS).map(([scope, names]) => [
      `oidcc-scope-${scope}`,
      async () => {
        const { tokens } = await flow({ scope: `openid ${scope}` });
        const info = (await userinfo(tokens)).json();
        for (const name of names) assert.deepEqual(info[name], ALICE[name], name);
      },
    ]),
  ),
  async 'oidcc-scope-all'() {
    const { tokens, claims } = await flow({ scope: 'openid profile email address phone' });
    const info = (await userinfo(tokens)).json();
    assert.equal(info.sub, claims.sub);
    for (const name of Object.values(CLAIMS).flat()) assert.deepEqual(info[name], ALICE[name], name);
  },
  'oidcc-alternate-happy-flow': succeeds({ scope: 'email profile openid' }),
  'oidcc-display-page': succeeds({ display: 'page' }),
  'oidcc-display-popup': succeeds({ display: 'popup' }),
  'oidcc-ui-locales': succeeds({ ui_locales: 'se' }),
  'oidcc-claims-locales': succeeds({ claims_locales: 'se' }),
  'oidcc-login-hint': succeeds({ login_hint: 'buffy@example.test', prompt: 'login' }),
  'oidcc-ensure-request-with-unknown-parameter-succeeds': succeeds({ extra: 'foobar' }),
  'oidcc-ensure-request-with-acr-values-succeeds': succeeds({ acr_values: '1 2' }),
  async 'oidcc-prompt-login'() {
    const first = await flow({ max_age: '10000' });
    await sleep(1100);
    const second = await flow({ prompt: 'login', max_age: '10000' }, { browser: first.browser });
    assert.ok(second.pages > 0, 'no page');
    assert.ok(second.claims.auth_time > first.claims.auth_time);
    assert.equal(second.claims.sub, first.claims.sub);
  },
  async 'oidcc-prompt-none-not-logged-in'() {
    assert.match(await outcome({ prompt: 'none' }), NOT_LOGGED_IN);
  },
  async 'oidcc-prompt-none-logged-in'() {
    const first = await flow();
    const second = await flow({ prompt: 'none' }, { browser: first.browser });
    assert.equal(second.pages, 0);
    assert.equal(second.claims.sub, first.claims.sub);
    assert.equal(second.claims.auth_time, first.claims.auth_time);
  },
  async 'oidcc-max-age-1'() {
    const first = await flow();
    await sleep(2100);
    const second = await flow({ max_age: '1' }, { browser: first.browser });
    assert.ok(second.pages > 0, 'no page');
    assert.ok(Math.abs(second.claims.auth_time - Date.now() / 1000) < 10);
  },
  async 'oidcc-max-age-10000'() {
    const first = await flow({ max_age: '15000' });
    const second = await flow({ max_age: '10000' }, { browser: first.browser });
    assert.equal(second.pages, 0);
    assert.equal(second.claims.auth_time, first.claims.auth_time);
  },
  async 'oidcc-id-token-hint'() {
    const first = await flow();
    const hint = { prompt: 'none', id_token_hint: first.tokens.id_token };
    const second = await flow(hint, { browser: first.browser });
    assert.equal(second.claims.sub, first.claims.sub);
  },
  async 'oidcc-codereuse'() {
    const { request, client } = await flow();
    const again = await client.post('/token', request);
    assert.equal(again.status, 400);
    assert.equal(again.json().error, 'invalid_grant');
  },
  'oidcc-codereuse-30seconds': process.env.JETON_SUITE_SLOW
    ? async () => {
        const { request, client, tokens } = await flow();
        await sleep(30_000);
        assert.equal((await client.post('/token', request)).json().error, 'invalid_grant');
        assert.equal((await userinfo(tokens)).status, 401);
      }
    : skipped('takes half a minute: JETON_SUITE_SLOW=1'),
  async 'oidcc-ensure-registered-redirect-uri'() {
    assert.equal(await outcome({ redirect_uri: 'https://evil.example/cb' }), 'page');
  },
  async 'oidcc-ensure-post-request-succeeds'() {
    await flow({}, { method: 'POST' });
  },
  async 'oidcc-server-client-secret-post'() {
    const { page, asked } = await visit({}, { client: 'post' });
    const { client_id, client_secret } = own.applications.post.record;
    const { code } = own.applications.post.answered(page, asked);
    const response = await submit(metadata.token_endpoint, {
      grant_type: 'authorization_code',
      code,
      code_verifier: asked.verifier,
      redirect_uri: asked.redirect_uri,
      client_id,
      client_secret,
    });
    assert.equal(response.status, 200, response.text);
  },
  async 'oidcc-unsigned-request-object-supported-correctly-or-rejected-as-unsupported'() {
    assert.match(
      await outcome({ request: unsigned({ client_id: 'basic', state: 'another' }) }),
      /^(request_not_supported|invalid_request_object|invalid_request)$/,
    );
  },
  async 'oidcc-request-uri-unsigned-supported-correctly-or-rejected-as-unsupported'() {
    assert.match(
      await outcome({ request_uri: 'https://basic.example/none.jwt' }),
      /^(request_uri_not_supported|invalid_request_uri|invalid_request|page)$/,
    );
  },
  async 'oidcc-ensure-request-object-with-redirect-uri'() {
    const { page } = await visit({ request: unsigned({ redirect_uri: 'https://evil.example/cb' }) });
    assert.notEqual(page.arrived?.hostname, 'evil.example');
  },
  async 'oidcc-claims-essential'(t) {
    if (!metadata.claims_parameter_supported) return t.skip('claims_parameter_supported');
    const claims = JSON.stringify({ userinfo: { name: { essential: true } } });
    const { tokens } = await flow({ claims });
    assert.equal((await userinfo(tokens)).json().name, ALICE.name);
  },
  async 'oidcc-refresh-token'() {
    const { tokens, claims, client } = await flow({ scope: 'openid offline_access', prompt: 'consent' });
    const response = await client.post('/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token });
    assert.equal(response.status, 200, response.text);
    const next = response.json();
    assert.notEqual(next.access_token, tokens.access_token);
    if (next.id_token) {
      const again = await own.verified(next.id_token, { audience: client.id });
      for (const name of ['iss', 'sub', 'auth_time']) assert.equal(again[name], claims[name], name);
    }
    const foreign = await own.applications.other.post('/token', {
      grant_type: 'refresh_token',
      refresh_token: next.refresh_token,
    });
    assert.equal(foreign.json().error, 'invalid_grant');
  },
  'oidcc-ensure-request-with-valid-pkce-succeeds': succeeds({}),
};

const CONFIG = {
  'oidcc-discovery-endpoint-verification'() {
    assert.equal(metadata.issuer, own.issuer);
    for (const name of [
      'authorization_endpoint',
      'token_endpoint',
      'jwks_uri',
      'response_types_supported',
      'subject_types_supported',
      'id_token_signing_alg_values_supported',
      'claims_supported',
    ]) {
      assert.ok(metadata[name], name);
    }
    assert.ok(metadata.id_token_signing_alg_values_supported.includes('RS256'));
    assert.ok(metadata.scopes_supported.includes('openid'));
  },
};

const BYE = 'https://basic.example/bye';

/** A login, and a request to log out: where that leads, past pages that ask. */
async function logout({ hint = 'good', post = BYE, state = 'bye' } = {}) {
  const { tokens, claims, browser } = await flow();
  const hints = {
    good: () => tokens.id_token,
    bad: () => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
      return new SignJWT(claims).setProtectedHeader({ alg: 'RS256' }).sign(privateKey);
    },
    modified: () => unsigned(claims),
    none: () => undefined,
  };
  const query = encode({
    id_token_hint: await hints[hint](),
    post_logout_redirect_uri: post ?? undefined,
    state: state ?? undefined,
  });
  let page = await browser.open(`${metadata.end_session_endpoint}?${query}`);
  for (let step = 0; step < 4 && !page.arrived; step += 1) {
    const path = ['/login/logout', '/end_session', '/logout'].find((path) => formsTo(page, path).length > 0);
    if (!path) break;
    page = await browser.send(page, path);
  }
  assert.ok(page.arrived || page.response.status < 500, `${page.response.status}`);
  return { page, browser };
}

const isOut = async (browser) => assert.match(await outcome({ prompt: 'none' }, { browser }), NOT_LOGGED_IN);
/** It leads nowhere, also once the person has said yes to all that they are asked. */
const stays = (options) => async () => {
  const { page } = await logout(options);
  assert.equal(page.arrived, undefined, `${page.arrived}`);
};
const ends = (options) => async () => {
  const { page, browser } = await logout(options);
  assert.equal(page.arrived, undefined, `${page.arrived}`);
  await isOut(browser);
};

const LOGOUT = {
  'oidcc-rp-initiated-logout-discovery-endpoint-verification': () => assert.ok(metadata.end_session_endpoint),
  async 'oidcc-rp-initiated-logout'() {
    const { page, browser } = await logout();
    assert.equal(page.arrived?.href, `${BYE}?state=bye`);
    await isOut(browser);
  },
  'oidcc-rp-initiated-logout-bad-post-logout-redirect-uri': stays({ post: 'https://basic.example/evil' }),
  'oidcc-rp-initiated-logout-query-added-to-post-logout-redirect-uri': stays({ post: `${BYE}?foo=bar` }),
  'oidcc-rp-initiated-logout-bad-id-token-hint': stays({ hint: 'bad' }),
  'oidcc-rp-initiated-logout-modified-id-token-hint': stays({ hint: 'modified' }),
  'oidcc-rp-initiated-logout-no-id-token-hint': stays({ hint: 'none' }),
  'oidcc-rp-initiated-logout-no-params': ends({ hint: 'none', post: null, state: null }),
  'oidcc-rp-initiated-logout-no-post-logout-redirect-uri': ends({ post: null }),
  'oidcc-rp-initiated-logout-only-state': ends({ hint: 'none', post: null }),
  async 'oidcc-rp-initiated-logout-no-state'() {
    const { page, browser } = await logout({ state: null });
    assert.equal(page.arrived?.href, BYE);
    await isOut(browser);
  },
};

for (const [plan, modules] of Object.entries({ basic: BASIC, config: CONFIG, 'rp-initiated-logout': LOGOUT })) {
  describe(plan, () => {
    for (const [name, module] of Object.entries(modules)) test(name, module);
  });
}
