// Tokens that are no JWTs: RFC 7662.

import assert from 'node:assert/strict';
import { AuthorizationServer } from '../../support/authorization-server.mjs';
import { decoded, keyOf, random } from '../../support/keys.mjs';
import { AUDIENCE, claimsOf, sentWith, start } from '../../support/resource-server.mjs';
import { feature, refused, scopeOf } from '../../support/rows.mjs';
import { secret } from '../../support/secrets.mjs';
import { after, failure, page } from '../../support/stub.mjs';

const INTROSPECT = '/introspect';

/** An issuer of opaque tokens, and an API that asks it about them. */
async function asking(row, { clocked, byKey } = {}) {
  const issuer = await new AuthorizationServer().listen(row.t);
  const { client_id, authentication } = byKey ? await issuer.keyClient() : issuer.secretClient();
  const driver = clocked ? row.process() : undefined;
  const about = { issuer: issuer.issuer, audience: AUDIENCE, resource: AUDIENCE };
  const api = await row.resourceServer({ ...about, introspection: { client_id, authentication } }, driver);
  const opaque = (changes) => {
    const token = secret(`opaque-${random(24)}`);
    issuer.introspects(token, { active: true, token_type: 'Bearer', ...claimsOf(issuer.issuer, changes) });
    return token;
  };
  const asked = () => issuer.count(INTROSPECT);
  return { issuer, api, opaque, asked, clock: (offset) => driver.ask('clock', { offset }) };
}

/** What is said of a token of which the issuer says so. */
const refusedAs = (code, claims) => async (row) => {
  const { api, opaque } = await asking(row);
  const error = await refused(api.verify(opaque(claims)), 'token', code);
  assert.equal(error.status, 401);
};

/** The issuer does not answer as it should. */
const away = (answer) => async (row) => {
  const { issuer, api, opaque } = await asking(row);
  const token = opaque();
  issuer.always(INTROSPECT, answer);
  const error = await api.verify(token).then(
    () => assert.fail('it was taken'),
    (error) => error,
  );
  assert.equal(error.code, 'introspection_unavailable', error.message);
  assert.ok(['server', 'network', 'caller'].includes(error.fault), error.fault);
  assert.equal(error.status, 503);
  issuer.always(INTROSPECT);
  assert.equal((await api.verify(token)).sub, 'alice');
};

feature('introspection', {
  async 'without it an opaque token is none'(row) {
    const { api } = await start(row);
    await refused(api.verify(`opaque-${random(24)}`), 'token', 'malformed');
  },

  async 'active: its claims, asked for by a secret'(row) {
    const { issuer, api, opaque } = await asking(row);
    const token = opaque();
    const claims = await api.verify(token);
    assert.equal(claims.sub, 'alice');
    assert.deepEqual(scopeOf(claims), ['profile', 'read']);
    const [{ method, form, headers }] = issuer.asked(INTROSPECT);
    assert.equal(method, 'POST');
    assert.equal(form.token, token);
    assert.match(headers.authorization, /^Basic /);
  },

  async 'asked for by a key'(row) {
    const { issuer, api, opaque } = await asking(row, { byKey: true });
    await api.verify(opaque());
    await api.verify(opaque());
    const jtis = issuer.asked(INTROSPECT).map(({ form }) => decoded(form.client_assertion).payload.jti);
    assert.equal(new Set(jtis).size, 2);
  },

  async 'not active'(row) {
    const { api } = await asking(row);
    const error = await refused(api.verify(`opaque-${random(24)}`), 'token', 'inactive');
    assert.equal(error.status, 401);
  },

  async 'an answer counts for half a minute'(row) {
    const { api, opaque, asked, clock } = await asking(row, { clocked: true });
    const token = opaque();
    await api.verify(token);
    await clock(25);
    await api.verify(token);
    assert.equal(asked(), 1);
    await clock(31);
    await api.verify(token);
    assert.equal(asked(), 2);
  },

  async 'but never past its exp'(row) {
    const { api, opaque, clock } = await asking(row, { clocked: true });
    const token = opaque({ exp: Math.floor(Date.now() / 1000) + 5 });
    await api.verify(token);
    await clock(20);
    await refused(api.verify(token), 'token', 'expired');
  },

  async 'that it is not active counts for ten seconds'(row) {
    const { issuer, api, asked, clock } = await asking(row, { clocked: true });
    const token = secret(`opaque-${random(24)}`);
    await refused(api.verify(token), 'token', 'inactive');
    await refused(api.verify(token), 'token', 'inactive');
    assert.equal(asked(), 1);
    issuer.introspects(token, { active: true, ...claimsOf(issuer.issuer) });
    await clock(11);
    assert.equal((await api.verify(token)).sub, 'alice');
  },

  async 'what cannot be a token is not asked about (RFC 6750 §2.1)'(row) {
    const { api, asked } = await asking(row);
    for (const text of ['opaque"token', 'opaque\u00e4token', 'opaque token']) {
      const error = await refused(api.verify(`Bearer ${text}`));
      assert.ok(error.status === 400 || error.status === 401, String(error.status));
    }
    assert.equal(asked(), 0);
  },

  async 'many with one token: one request'(row) {
    const { issuer, api, opaque, asked } = await asking(row);
    issuer.next(INTROSPECT, after(200));
    await api.verify(opaque(), { times: 100 });
    assert.equal(asked(), 1);
  },

  async 'a JWT is not asked about'(row) {
    const { issuer, api, asked } = await asking(row);
    const token = await issuer.key.sign(claimsOf(issuer.issuer), { typ: 'at+jwt' });
    await api.verify(secret(token));
    assert.equal(asked(), 0);
  },

  'a refresh token, which is active': refusedAs('wrong_type', { token_type: 'refresh_token' }),
  'an ID token, which is active': refusedAs('wrong_type', { token_type: 'N_A' }),
  'iss: another': refusedAs('wrong_issuer', { iss: 'https://other.example' }),
  'aud: another': refusedAs('wrong_audience', { aud: 'https://other.example' }),
  'aud: none': refusedAs('wrong_audience', { aud: undefined }),
  'exp: past': refusedAs('expired', { exp: Math.floor(Date.now() / 1000) - 60 }),

  async 'no iss, as RFC 7662 allows'(row) {
    const { api, opaque } = await asking(row);
    assert.equal((await api.verify(opaque({ iss: undefined, aud: ['urn:x', AUDIENCE] }))).sub, 'alice');
  },

  async 'a bound one as Bearer'(row) {
    const { api, opaque } = await asking(row);
    const { jkt } = await keyOf('ES256', 'holder');
    await refused(api.verify(opaque({ cnf: { jkt } })), 'token', 'bound_token');
  },

  async 'a bound one with its proof'(row) {
    const { api, opaque } = await asking(row);
    const { jkt } = await keyOf('ES256', 'holder');
    const { authorization, ...sent } = await sentWith(opaque({ cnf: { jkt } }));
    assert.equal((await api.verify(authorization, sent)).sub, 'alice');
  },

  'the issuer fails': away(page(500)),
  'the issuer knows us no more': away(failure('invalid_client', { status: 401 })),
  'the issuer answers a page': away(page(200)),
  'the issuer says neither': away({ json: { sub: 'alice' } }),
  'the issuer says so as a text': away({ json: { active: 'true', sub: 'alice', aud: AUDIENCE } }),
  'the issuer answers 300 kB': away({ json: { active: true, aud: AUDIENCE, padding: 'x'.repeat(300_000) } }),

  async 'the issuer is away'(row) {
    const { issuer, api, opaque } = await asking(row);
    const token = opaque();
    await api.verify(opaque());
    await issuer.close();
    const error = await refused(api.verify(token), 'network', 'introspection_unavailable');
    assert.equal(error.status, 503);
    assert.ok(error.retry_after >= 1);
  },
});
