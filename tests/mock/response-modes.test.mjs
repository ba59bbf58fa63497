// Implicit and hybrid requests, and where their answers go: the mock’s own, which its server does not have.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claimsOf } from '../suite/support/tokens.mjs';
import { Browser, formsOf } from './support/browser.mjs';
import { halfHash, waivedOf } from './support/check.mjs';
import { encode } from './support/http.mjs';
import { CALLBACK, header, ok, random } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const CLIENT = {
  client_id: 'web',
  client_secret: 'web-secret',
  redirect_uris: [CALLBACK],
  grant_types: ['authorization_code', 'refresh_token'],
  scope: 'openid profile email',
};
const WEB = ['web', 'web-secret'];

const lenient = await start({ config: { issuer: { clients: [CLIENT] } } });
const strict = await start({
  args: ['--strict'],
  config: {
    issuer: { clients: [CLIENT] },
    issuers: { implicit: { grants: ['implicit'] }, hybrid: { grants: ['hybrid'] } },
  },
});

/** What came back to the client: `{ at, params }`, `at` being query, fragment or form. */
async function answered(issuer, asked, { browser = new Browser(issuer.mock) } = {}) {
  const { query, login } = issuer.asking(asked);
  const { arrived, response } = await browser.open(issuer.authorizeUrl(query), { until: login.redirect_uri });
  if (arrived?.hash)
    return { ...login, at: 'fragment', params: Object.fromEntries(new URLSearchParams(arrived.hash.slice(1))) };
  if (arrived) return { ...login, at: 'query', params: Object.fromEntries(arrived.searchParams) };
  const [form] = formsOf(response.text);
  assert.equal(form?.action, login.redirect_uri, `${response.status} ${response.text}`);
  return { ...login, at: 'form', params: form.fields };
}

const implicit = (response_type, more = {}) => ({
  response_type,
  client: WEB,
  scope: 'openid profile email',
  nonce: 'a nonce',
  code_challenge: undefined,
  code_challenge_method: undefined,
  ...more,
});

const TYPES = {
  token: ['access_token', 'token_type', 'expires_in', 'scope', 'state', 'iss'],
  id_token: ['id_token', 'state', 'iss'],
  'id_token token': ['access_token', 'token_type', 'expires_in', 'scope', 'id_token', 'state', 'iss'],
  'code id_token': ['code', 'id_token', 'state', 'iss'],
  'code token': ['code', 'access_token', 'token_type', 'expires_in', 'scope', 'state', 'iss'],
  'code id_token token': ['code', 'access_token', 'token_type', 'expires_in', 'scope', 'id_token', 'state', 'iss'],
};

describe('what comes back, and where', { concurrency: 8 }, () => {
  for (const [type, members] of Object.entries(TYPES)) {
    for (const mode of [undefined, 'fragment', 'form_post']) {
      test(`response_type=${type}, response_mode ${mode ?? 'left out'}`, async () => {
        const issuer = lenient.fresh();
        const { at, params } = await answered(issuer, implicit(type, { response_mode: mode }));
        assert.equal(at, mode === 'form_post' ? 'form' : 'fragment');
        assert.deepEqual(Object.keys(params), members);
        assert.deepEqual([params.state, params.iss], ['a state', issuer.id]);
        if (params.access_token) assert.deepEqual([params.token_type, params.expires_in], ['Bearer', '3600']);
      });
    }
  }

  test('words in another order are the same', async () => {
    const { params } = await answered(lenient.fresh(), implicit('token id_token code'));
    assert.deepEqual(Object.keys(params), TYPES['code id_token token']);
  });

  for (const [mode, expected] of [
    ['query', 'query'],
    ['fragment', 'fragment'],
    ['form_post', 'form'],
  ]) {
    test(`response_type=code, response_mode=${mode}: the code, which is redeemed as any`, async () => {
      const issuer = lenient.fresh();
      const login = await answered(issuer, { client: WEB, response_mode: mode });
      assert.equal(login.at, expected);
      assert.deepEqual(Object.keys(login.params), ['code', 'state', 'iss']);
      const tokens = ok(await issuer.redeem({ ...login, code: login.params.code })).json();
      assert.equal(claimsOf(tokens.id_token).sub, 'alice');
    });
  }

  for (const name of ['auth0', 'keycloak/realms/acme', 'entra/tenant']) {
    test(`at a vendor’s addresses: ${name}`, async () => {
      const issuer = lenient.at(name);
      const { authorization_endpoint } = await issuer.metadata();
      const { query, login } = issuer.asking(implicit('code id_token token', { client: 'spa' }));
      const { arrived } = await new Browser(lenient).open(`${authorization_endpoint}?${encode(query)}`, {
        until: login.redirect_uri,
      });
      const members = [...new URLSearchParams(arrived.hash.slice(1)).keys()];
      assert.deepEqual(members, TYPES['code id_token token']);
    });
  }

  for (const [mode, parametersOf] of [
    ['web_message', ({ type, response }) => type === 'authorization_response' && response],
    ['okta_post_message', (message) => message],
  ]) {
    for (const [more, members] of [
      [{}, ['code', 'state', 'iss']],
      [{ prompt: 'none', user: null }, ['error', 'error_description', 'state', 'iss']],
    ]) {
      test(`response_mode=${mode}: a page that posts ${members[0]} to the client’s window`, async () => {
        const issuer = lenient.fresh();
        const state = '</script><script>alert(1)</script>';
        const { query } = issuer.asking({ client: WEB, response_mode: mode, state, ...more });
        const { response } = await new Browser(lenient).open(issuer.authorizeUrl(query));
        const [, data] = /<script type="application\/json">(.*?)<\/script>/s.exec(response.text);
        const { message, origin } = JSON.parse(data);
        assert.equal(origin, new URL(CALLBACK).origin);
        assert.deepEqual(Object.keys(parametersOf(message)).sort(), [...members].sort());
        assert.equal(parametersOf(message).state, state);
        const { 'content-security-policy': policy, 'x-frame-options': options } = response.headers;
        assert.match(policy, new RegExp(`frame-ancestors ${origin}$`));
        assert.equal(options, undefined);
      });
    }
  }

  test('a redirect URI that is left out is the only one there is', async () => {
    const issuer = lenient.fresh();
    const { query } = issuer.asking(implicit('token'));
    const { redirect_uri, ...rest } = query;
    const { arrived } = await new Browser(lenient).open(issuer.authorizeUrl(rest), { until: redirect_uri });
    assert.ok(new URLSearchParams(arrived.hash.slice(1)).get('access_token'));
  });

  test('a request that is posted, by a browser that has no cookie yet', async () => {
    const issuer = lenient.fresh();
    const { query, login } = issuer.asking(implicit('id_token'));
    const browser = new Browser(lenient);
    const { arrived } = await browser.open(`${issuer.id}/authorize`, { form: query, until: login.redirect_uri });
    assert.deepEqual([...new URLSearchParams(arrived.hash.slice(1)).keys()], TYPES.id_token);
  });

  test('an app’s own scheme gets no form', async () => {
    const issuer = lenient.fresh();
    const redirect_uri = 'com.example.app:/cb';
    const asked = implicit('token', { client: 'app', redirect_uri, response_mode: 'form_post' });
    const { at, params } = await answered(issuer, asked);
    assert.deepEqual([at, params.error], ['query', 'invalid_request']);
  });
});

describe('the tokens', { concurrency: 8 }, () => {
  test('an access token of implicit is the server’s own', async () => {
    const issuer = lenient.fresh();
    const { params } = await answered(issuer, implicit('id_token token'));
    const { payload } = await issuer.verify(params.access_token, { audience: issuer.id });
    assert.deepEqual([payload.sub, payload.client_id, payload.scope], ['alice', 'web', 'openid profile email']);
    assert.equal(ok(await issuer.userinfo(params.access_token)).json().email, 'alice@example.com');
    assert.equal(await issuer.active(params.access_token, WEB), true);
    ok(await issuer.as(WEB, '/revoke', { token: params.access_token }));
    assert.equal(await issuer.active(params.access_token, WEB), false);
  });

  for (const [type, hashes] of [
    ['id_token', []],
    ['id_token token', ['at_hash']],
    ['code id_token', ['c_hash']],
    ['code id_token token', ['at_hash', 'c_hash']],
  ]) {
    test(`the ID token of ${type}: nonce, ${hashes.join(', ') || 'no hash'}`, async () => {
      for (const alg of ['ES256', 'RS256', 'EdDSA']) {
        const issuer = await lenient.fresh().make({ signing_algs: [alg] });
        const { params } = await answered(issuer, implicit(type));
        const { payload } = await issuer.verify(params.id_token, { typ: null, audience: 'web' });
        assert.equal(header(params.id_token).alg, alg);
        assert.deepEqual([payload.sub, payload.nonce], ['alice', 'a nonce']);
        assert.equal(payload.at_hash, hashes.includes('at_hash') ? halfHash(params.access_token, alg) : undefined);
        assert.equal(payload.c_hash, hashes.includes('c_hash') ? halfHash(params.code, alg) : undefined);
      }
    });
  }

  test('response_type=id_token: the claims of the scope, which no access token gets', async () => {
    const issuer = lenient.fresh();
    const { params } = await answered(issuer, implicit('id_token'));
    const { params: both } = await answered(issuer, implicit('id_token token'));
    assert.equal(claimsOf(params.id_token).email, 'alice@example.com');
    assert.equal(claimsOf(params.id_token).phone_number, undefined);
    assert.equal(claimsOf(both.id_token).sub, 'alice');
  });

  test('hybrid: the code is the client’s to redeem, once, and says of the login what the first ID token did', async () => {
    const issuer = lenient.fresh();
    const verifier = random();
    const login = await answered(issuer, {
      ...issuer.asking({ verifier }).query,
      ...implicit('code id_token token'),
      verifier,
    });
    const first = claimsOf(login.params.id_token);
    const redeemed = { client: WEB, redirect_uri: CALLBACK, verifier: undefined, code: login.params.code };
    const tokens = ok(await issuer.redeem(redeemed)).json();
    const second = claimsOf(tokens.id_token);
    for (const claim of ['iss', 'sub', 'aud', 'nonce', 'auth_time', 'sid'])
      assert.equal(second[claim], first[claim], claim);
    assert.equal(second.c_hash, undefined);
    assert.equal((await issuer.redeem(redeemed)).status, 400);
    ok(await issuer.userinfo(login.params.access_token));
  });

  test('hybrid with PKCE: the verifier is checked', async () => {
    const issuer = lenient.fresh();
    const asked = { client: WEB, response_type: 'code token', nonce: 'n' };
    const login = await answered(issuer, asked);
    assert.equal((await issuer.redeem({ ...login, code: login.params.code, verifier: random() })).status, 400);
    ok(await issuer.redeem({ ...login, code: login.params.code }));
  });

  test('what a user’s claims say holds in both', async () => {
    const issuer = await lenient
      .fresh()
      .make({ users: [{ sub: 'dora', claims: { email: 'd@example.com', acr: '2' } }] });
    const { params } = await answered(issuer, implicit('code id_token token', { user: 'dora' }));
    assert.equal(claimsOf(params.id_token).acr, '2');
    assert.equal(ok(await issuer.userinfo(params.access_token)).json().email, 'd@example.com');
  });

  test('rules and faults change what the fragment has', async () => {
    const issuer = await lenient.fresh().make();
    await issuer.rule({ match: { grant_type: 'implicit' }, access_token: { roles: ['a'] }, id_token: { tenant: 't' } });
    const { params } = await answered(issuer, implicit('id_token token'));
    assert.deepEqual(claimsOf(params.access_token).roles, ['a']);
    const id = claimsOf(params.id_token);
    assert.deepEqual([id.tenant, id.at_hash], ['t', halfHash(params.access_token, header(params.id_token).alg)]);
    ok(await issuer.userinfo(params.access_token));
    const wrong = await answered(issuer, implicit('id_token', { scope: 'openid fault:wrong-nonce' }));
    assert.equal(claimsOf(wrong.params.id_token).nonce, 'wrong-nonce');
  });
});

describe('what is refused', { concurrency: 8 }, () => {
  for (const [name, asked, error, description] of [
    ['an ID token without nonce', implicit('id_token', { nonce: undefined }), 'invalid_request', /nonce/],
    ['the same of hybrid', implicit('code id_token', { nonce: undefined }), 'invalid_request', /nonce/],
    ['an ID token without openid', implicit('id_token', { scope: 'profile' }), 'invalid_request', /openid/],
    ['tokens in a query', implicit('token', { response_mode: 'query' }), 'invalid_request', /response_mode/],
    ['prompt=none without a session', implicit('id_token', { user: null, prompt: 'none' }), 'login_required', /./],
    ['a malformed parameter', implicit('token', { max_age: 'x' }), 'invalid_request', /max_age/],
  ]) {
    test(`${name}: ${error}, in the fragment`, async () => {
      const issuer = lenient.fresh();
      const { at, params } = await answered(issuer, asked);
      assert.equal(at, 'fragment');
      assert.equal(params.error, error);
      assert.match(params.error_description, description);
      assert.deepEqual([params.state, params.iss], ['a state', issuer.id]);
    });
  }

  test('a fault of /authorize comes back in the fragment', async () => {
    const issuer = await lenient.fresh().make();
    await issuer.fault({ fault: 'access_denied' });
    const { at, params } = await answered(issuer, implicit('token'));
    assert.deepEqual([at, params.error], ['fragment', 'access_denied']);
  });

  test('a redirect URI that is none gets nothing, and a stranger no redirect where it is strict', async () => {
    for (const asked of [
      implicit('token', { redirect_uri: 'https://elsewhere.example/cb' }),
      implicit('token', { client: 'stranger' }),
    ]) {
      const issuer = strict.at('implicit');
      const { query } = issuer.asking(asked);
      const response = await issuer.get(`/authorize?${encode(query)}`);
      assert.deepEqual([response.status, response.headers.location], [400, undefined]);
    }
  });
});

describe('what is on', { concurrency: 8 }, () => {
  const METADATA = ['response_types_supported', 'response_modes_supported', 'grant_types_supported'];
  const IMPLICIT = ['id_token', 'id_token token', 'token'];
  const HYBRID = ['code id_token', 'code token', 'code id_token token'];
  for (const [name, spec, types, modes, grants] of [
    ['lenient: everything', {}, [...IMPLICIT, ...HYBRID], ['fragment'], ['implicit', 'password']],
    ['lenient, none named: nothing but fragments', { grants: [] }, [], ['fragment'], []],
    ['strict: nothing', { strictness: 'strict' }, [], [], []],
    ['strict, implicit', { strictness: 'strict', grants: ['implicit'] }, IMPLICIT, ['fragment'], ['implicit']],
    ['strict, hybrid', { strictness: 'strict', grants: ['hybrid'] }, HYBRID, ['fragment'], ['implicit']],
    ['strict, password', { strictness: 'strict', grants: ['password'] }, [], [], ['password']],
  ]) {
    test(`metadata of ${name}`, async () => {
      const issuer = await lenient.fresh().make(spec);
      const ofServer = await strict.fresh().metadata();
      for (const document of ['openid-configuration', 'oauth-authorization-server']) {
        const metadata = ok(await issuer.get(`/.well-known/${document}`)).json();
        const own = [types, modes, grants];
        METADATA.forEach((member, n) => {
          assert.deepEqual(metadata[member], [...ofServer[member], ...own[n]], member);
        });
      }
    });
  }

  test('what is off is refused as production does', async () => {
    for (const [issuer, asked, error] of [
      [strict.fresh(), implicit('token'), 'unsupported_response_type'],
      [strict.fresh(), implicit('code', { response_mode: 'fragment' }), 'invalid_request'],
      [strict.at('implicit'), implicit('code token'), 'unsupported_response_type'],
      [strict.at('hybrid'), implicit('token'), 'unsupported_response_type'],
      [await lenient.fresh().make({ clients: [CLIENT], grants: [] }), implicit('token'), 'unsupported_response_type'],
    ]) {
      const { at, params } = await answered(issuer, asked);
      assert.deepEqual([at, params.error], ['query', error]);
    }
  });

  test('where it is strict, what is named is on, and the rest of production’s rules hold', async () => {
    const issuer = strict.at('implicit');
    const { at, params } = await answered(issuer, implicit('id_token token'));
    assert.equal(at, 'fragment');
    assert.equal(claimsOf(params.id_token).sub, 'alice');
    const wider = await answered(issuer, implicit('token', { scope: 'openid admin' }));
    assert.deepEqual([wider.at, wider.params.error], ['fragment', 'invalid_scope']);
    const hybrid = strict.at('hybrid');
    const unprotected = await answered(hybrid, implicit('code id_token'));
    assert.deepEqual([unprotected.at, unprotected.params.error], ['fragment', 'invalid_request'], 'PKCE is needed');
    const challenged = await answered(hybrid, { client: WEB, response_type: 'code id_token', nonce: 'n' });
    ok(await hybrid.redeem({ ...challenged, code: challenged.params.code }));
  });

  test('what production would have refused is named', async () => {
    for (const [asked, expected] of [
      [implicit('token'), ['response_type']],
      [implicit('id_token', { client: 'stranger' }), ['client', 'response_type']],
      [implicit('code token'), ['pkce', 'response_type']],
      [{ client: WEB, response_mode: 'fragment' }, ['response_mode']],
      [{ client: WEB, response_mode: 'form_post' }, []],
    ]) {
      const issuer = lenient.fresh();
      const { query } = issuer.asking(asked);
      assert.deepEqual(waivedOf(await issuer.get(`/authorize?${encode(query)}`)), expected);
    }
  });
});
