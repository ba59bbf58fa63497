// The same through each framework: over HTTP, as a client sees it.

import assert from 'node:assert/strict';
import { send } from '../../support/http.mjs';
import { keyOf, random } from '../../support/keys.mjs';
import { AUDIENCE, sentWith, start } from '../../support/resource-server.mjs';
import { feature, scopeOf } from '../../support/rows.mjs';
import { page } from '../../support/stub.mjs';
import { parameters } from './challenges.mjs';

/** The frameworks of each language. */
const FRAMEWORKS = {
  rust: ['axum'],
  js: ['express', 'fastify', 'hono', 'fetch'],
  python: ['starlette', 'fastapi', 'flask', 'wsgi'],
};

/** A row that is asked of each framework of its language. */
const each =
  (run, { options, clocked } = {}) =>
  async (row) => {
    for (const framework of FRAMEWORKS[row.language]) {
      await row.t.test(framework, async (t) => {
        const inner = Object.create(row, { t: { value: t } });
        const driver = clocked ? inner.process() : undefined;
        const started = await start(inner, { ...options, driver });
        const { url } = await started.api.serve(framework);
        const ask = (path, { token, ...more } = {}) => {
          const headers = { ...(token && { authorization: `Bearer ${token}` }), ...more.headers };
          return send(url, { path, ...more, headers });
        };
        await run({ ...started, url, ask, row: inner });
      });
    }
  };

/** What every refusal has. */
function isRefusal(response, status) {
  assert.equal(response.status, status, response.text);
  assert.match(response.headers['cache-control'] ?? '', /no-store/);
  const exposed = (response.headers['access-control-expose-headers'] ?? '').toLowerCase().split(/, */);
  for (const name of ['www-authenticate', 'dpop-nonce']) assert.ok(exposed.includes(name), `${name} is not exposed`);
}

const challengeOf = ({ headers }) => headers['www-authenticate'] ?? '';

feature('frameworks', {
  'a good token: the claims': each(async ({ ask, token }) => {
    const response = await ask('/read', { token: await token() });
    assert.equal(response.status, 200, response.text);
    const claims = response.json();
    assert.equal(claims.sub, 'alice');
    assert.deepEqual(scopeOf(claims), ['profile', 'read']);
    assert.match((response.headers['access-control-expose-headers'] ?? '').toLowerCase(), /www-authenticate/);
  }),

  'what is open needs no token': each(async ({ ask, issuer }) => {
    assert.equal((await ask('/open')).status, 200);
    assert.equal(issuer.requests.length, 0);
  }),

  'no token: 401 and a bare challenge': each(async ({ ask }) => {
    const response = await ask('/read');
    isRefusal(response, 401);
    const { error, resource_metadata } = parameters(challengeOf(response));
    assert.equal(error, undefined);
    assert.equal(resource_metadata, 'https://api.example/.well-known/oauth-protected-resource/v1');
  }),

  'a bad token: 401 invalid_token': each(async ({ ask, token }) => {
    const response = await ask('/read', { token: await token({ aud: 'https://other.example' }) });
    isRefusal(response, 401);
    assert.equal(parameters(challengeOf(response)).error, 'invalid_token');
  }),

  'too little scope: 403': each(async ({ ask, token }) => {
    const response = await ask('/write', { method: 'POST', token: await token() });
    isRefusal(response, 403);
    const { error, scope } = parameters(challengeOf(response));
    assert.equal(error, 'insufficient_scope');
    assert.equal(scope, 'write');
  }),

  'enough scope: the handler, with the body': each(async ({ ask, token }) => {
    const response = await ask('/write', { method: 'POST', token: await token({ scope: 'write' }), body: 'x=1' });
    assert.equal(response.status, 200, response.text);
  }),

  'a token in the query or in a form is none': each(async ({ ask, token }) => {
    const text = await token({ scope: 'read write' });
    isRefusal(await ask(`/read?access_token=${text}`), 401);
    const headers = { 'content-type': 'application/x-www-form-urlencoded' };
    isRefusal(await ask('/write', { method: 'POST', headers, body: `access_token=${text}` }), 401);
  }),

  'two credentials: 400': each(async ({ ask, url, token }) => {
    const text = await token();
    const { host } = new URL(url);
    const headers = ['host', host, 'authorization', `Bearer ${text}`, 'authorization', `Bearer ${text}`];
    const response = await send(url, { path: '/read', headers });
    isRefusal(response, 400);
    assert.equal((await ask('/read', { token: text })).status, 200);
  }),

  'the issuer is away: 503, and no challenge': each(async ({ ask, issuer, token }) => {
    issuer.always('/jwks', page(500));
    const response = await ask('/read', { token: await token() });
    isRefusal(response, 503);
    assert.match(response.headers['retry-after'] ?? '', /^\d+$/);
    assert.equal(response.headers['www-authenticate'], undefined);
  }),

  'the metadata document, for everybody (RFC 9728)': each(async ({ ask, issuer }) => {
    const response = await ask('/.well-known/oauth-protected-resource/v1');
    assert.equal(response.status, 200, response.text);
    assert.equal(response.headers['access-control-allow-origin'], '*');
    assert.match(response.headers['content-type'], /^application\/json/);
    const document = response.json();
    assert.equal(document.resource, AUDIENCE);
    assert.deepEqual(document.authorization_servers, [issuer.issuer]);
  }),

  'a proof for the configured address, whatever Host says': each(
    async ({ ask, bound }) => {
      const { authorization, dpop } = await bound({}, { url: 'https://api.example/read' });
      const headers = { authorization, dpop: dpop[0], host: 'evil.example' };
      const response = await ask('/read?a=b', { headers });
      assert.equal(response.status, 200, response.text);
      const spoofed = await bound({}, { url: 'http://evil.example/read' });
      const again = { authorization: spoofed.authorization, dpop: spoofed.dpop[0], host: 'evil.example' };
      isRefusal(await ask('/read', { headers: again }), 401);
    },
    { options: { resource: 'https://api.example' } },
  ),

  'a bound token as Bearer: 401': each(async ({ ask, bound }) => {
    const { token } = await bound();
    const response = await ask('/read', { token });
    isRefusal(response, 401);
    assert.match(challengeOf(response), /DPoP/);
  }),

  'two proofs: 401': each(
    async ({ url, bound }) => {
      const about = { url: 'https://api.example/read' };
      const { token, authorization, dpop } = await bound({}, about);
      const other = (await sentWith(token, about)).dpop;
      const { host } = new URL(url);
      const headers = ['host', host, 'authorization', authorization, 'dpop', dpop[0], 'dpop', other[0]];
      isRefusal(await send(url, { path: '/read', headers }), 401);
    },
    { options: { resource: 'https://api.example' } },
  ),

  'a nonce, where they are wanted': each(
    async ({ ask, bound }) => {
      const about = { url: 'https://api.example/read' };
      const first = await bound({}, about);
      const refusal = await ask('/read', { headers: { authorization: first.authorization, dpop: first.dpop[0] } });
      isRefusal(refusal, 401);
      assert.equal(parameters(challengeOf(refusal), 'DPoP').error, 'use_dpop_nonce');
      const nonce = refusal.headers['dpop-nonce'];
      const again = await bound({}, { ...about, claims: { nonce } });
      const headers = { authorization: again.authorization, dpop: again.dpop[0] };
      assert.equal((await ask('/read', { headers })).status, 200);
    },
    { options: { resource: 'https://api.example', dpop_nonce_secret: random(32) } },
  ),

  'an opaque token, by introspection': async (row) => {
    for (const framework of FRAMEWORKS[row.language]) {
      await row.t.test(framework, async (t) => {
        const inner = Object.create(row, { t: { value: t } });
        const { issuer } = await start(inner);
        const { client_id, authentication } = issuer.secretClient();
        const about = { issuer: issuer.issuer, audience: AUDIENCE, resource: AUDIENCE };
        const api = await inner.resourceServer({ ...about, introspection: { client_id, authentication } });
        const { url } = await api.serve(framework);
        const opaque = `opaque-${random(24)}`;
        issuer.introspects(opaque, { active: true, aud: AUDIENCE, sub: 'alice', scope: 'read' });
        const ask = (token) => send(url, { path: '/read', headers: { authorization: `Bearer ${token}` } });
        assert.equal((await ask(opaque)).status, 200);
        isRefusal(await ask(`opaque-${random(24)}`), 401);
      });
    }
  },

  'keys of another curve do no harm': each(async ({ ask, issuer, token }) => {
    issuer.keys = [(await keyOf('ES384', 'large')).publicJwk, ...issuer.keys];
    assert.equal((await ask('/read', { token: await token() })).status, 200);
  }),
});
