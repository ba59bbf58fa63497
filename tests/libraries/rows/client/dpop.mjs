// Tokens that are bound to a key: RFC 9449.

import assert from 'node:assert/strict';
import { calculateJwkThumbprint } from 'jose';
import { api } from '../../support/api.mjs';
import { authorizationServer } from '../../support/authorization-server.mjs';
import { decoded, random, sha256 } from '../../support/keys.mjs';
import { feature, refused } from '../../support/rows.mjs';
import { failure, page } from '../../support/stub.mjs';

async function start(row) {
  const server = await authorizationServer(row.t);
  const client = await row.client({ ...server.secretClient(), dpop: true });
  return { server, client, api: await api(row.t) };
}

const proofs = (requests) => requests.map(({ headers }) => decoded(headers.dpop));

feature('dpop', {
  async 'a proof for the token endpoint'(row) {
    const { server, client } = await start(row);
    const { token_type } = await client.token();
    assert.equal(token_type.toLowerCase(), 'dpop');
    const [{ header, payload }] = proofs(server.tokenRequests);
    assert.equal(header.typ, 'dpop+jwt');
    assert.equal(payload.htm, 'POST');
    assert.equal(payload.htu, server.metadata.token_endpoint);
    assert.equal(header.jwk.d, undefined);
  },

  async 'without dpop there is none'(row) {
    const server = await authorizationServer(row.t);
    await (await row.client(server.secretClient())).token();
    assert.equal(server.tokenRequests[0].headers.dpop, undefined);
  },

  async 'a nonce of the token endpoint: once more with it'(row) {
    const { server, client } = await start(row);
    server.nonce = random();
    await client.token();
    const nonces = proofs(server.tokenRequests).map(({ payload }) => payload.nonce);
    assert.deepEqual(nonces, [undefined, server.nonce]);
  },

  async 'and from then on'(row) {
    const { server, client } = await start(row);
    server.nonce = random();
    await client.token();
    await client.token({ scope: 'other' });
    assert.equal(server.tokenRequests.length, 3);
    assert.equal(proofs(server.tokenRequests)[2].payload.nonce, server.nonce);
  },

  async 'a nonce that comes with a token is the next'(row) {
    const { server, client } = await start(row);
    server.nonce = random();
    await client.token();
    const next = random();
    server.nextToken(async (_, act) => {
      const answer = await act();
      server.nonce = next;
      return { ...answer, headers: { ...answer.headers, 'dpop-nonce': next } };
    });
    await client.token({ scope: 'other' });
    await client.token({ scope: 'third' });
    assert.equal(server.tokenRequests.length, 4);
    assert.equal(proofs(server.tokenRequests)[3].payload.nonce, next);
  },

  async 'a server that wants another nonce each time'(row) {
    const { server, client } = await start(row);
    server.alwaysToken(async () => failure('use_dpop_nonce', { headers: { 'dpop-nonce': random() } }));
    const error = await client.token().then(
      () => assert.fail('a token'),
      (error) => error,
    );
    assert.equal(error.fault, 'server', error.message);
    assert.equal(server.tokenRequests.length, 2);
  },

  async 'a new nonce asks for no second assertion of the same jti'(row) {
    const server = await authorizationServer(row.t);
    server.nonce = random();
    const client = await row.client({ ...(await server.keyClient()), dpop: true });
    await client.token();
    const jtis = server.tokenRequests.map(({ form }) => decoded(form.client_assertion).payload.jti);
    assert.equal(new Set(jtis).size, jtis.length);
  },

  async 'each attempt has a proof of its own'(row) {
    const { server, client } = await start(row);
    server.nextToken(page(500), page(500));
    await client.token();
    const jtis = proofs(server.tokenRequests).map(({ payload }) => payload.jti);
    assert.equal(new Set(jtis).size, 3);
  },

  async 'a proof for the API: of this token, by the same key'(row) {
    const { server, client, api } = await start(row);
    const { status, body } = await client.call(`${api.origin}/a/b?c=d`, { method: 'POST', body: 'x' });
    assert.equal(status, 200, body);
    const [{ headers }] = api.requests;
    const [scheme, token] = headers.authorization.split(' ');
    assert.equal(scheme, 'DPoP');
    const { header, payload } = decoded(headers.dpop);
    assert.equal(payload.htm, 'POST');
    assert.equal(payload.htu, `${api.origin}/a/b`);
    assert.equal(payload.ath, sha256(token));
    const thumbprint = await calculateJwkThumbprint(proofs(server.tokenRequests)[0].header.jwk);
    assert.equal(await calculateJwkThumbprint(header.jwk), thumbprint);
  },

  async 'a nonce of the API: once more with it, by the same token'(row) {
    const { server, client, api } = await start(row);
    api.nonce = random();
    const { status } = await client.call(`${api.origin}/a`, { method: 'POST', body: 'x=1' });
    assert.equal(status, 200);
    assert.equal(api.requests.length, 2);
    assert.equal(api.requests[1].body, 'x=1');
    assert.equal(new Set(api.tokens).size, 1);
    assert.equal(server.tokenRequests.length, 1);
  },

  async 'nonces are remembered, each for its origin'(row) {
    const { client, api: first } = await start(row);
    const second = await api(row.t);
    [first.nonce, second.nonce] = [random(), random()];
    for (const { origin } of [first, second, first, second]) {
      assert.equal((await client.call(`${origin}/a`)).status, 200);
    }
    assert.equal(first.requests.length, 3);
    assert.equal(second.requests.length, 3);
  },

  async 'a nonce that comes with an answer is the next'(row) {
    const { client, api } = await start(row);
    api.nonce = random();
    await client.call(`${api.origin}/a`);
    const next = random();
    api.next('/a', async (_, act) => {
      const answer = await act();
      api.nonce = next;
      return { ...answer, headers: { ...answer.headers, 'dpop-nonce': next } };
    });
    await client.call(`${api.origin}/a`);
    await client.call(`${api.origin}/a`);
    assert.equal(api.requests.length, 4);
  },

  async '401 for the token itself: another token, once'(row) {
    const { server, client, api } = await start(row);
    const { access_token } = await client.token();
    api.refused.add(access_token);
    assert.equal((await client.call(`${api.origin}/a`)).status, 200);
    assert.equal(server.tokenRequests.length, 2);
  },

  async 'a redirect to another origin has neither token nor proof'(row) {
    const { client, api: first } = await start(row);
    const other = await api(row.t);
    first.always('/a', { status: 302, headers: { location: `${other.origin}/stolen` } });
    await client.call(`${first.origin}/a`);
    for (const { headers } of other.requests) assert.equal(headers.authorization ?? headers.dpop, undefined);
  },

  async 'an error of the proof is said'(row) {
    const { server, client } = await start(row);
    server.alwaysToken(failure('invalid_dpop_proof'));
    const error = await client.token().then(
      () => assert.fail('a token'),
      (error) => error,
    );
    assert.ok(['caller', 'server'].includes(error.fault), error.message);
    assert.equal(server.tokenRequests.length, 1);
  },
});

feature('dpop of clients with a key', {
  async 'the two keys are two'(row) {
    const server = await authorizationServer(row.t);
    const options = await server.keyClient();
    const client = await row.client({ ...options, dpop: true });
    await client.token();
    const [{ header }] = proofs(server.tokenRequests);
    assert.notEqual(header.jwk.x, options.authentication.jwk.x);
  },

  async 'an unknown client is told so, proof or not'(row) {
    const server = await authorizationServer(row.t);
    const options = await server.keyClient();
    server.clients.delete(options.client_id);
    const client = await row.client({ ...options, dpop: true });
    await refused(client.token(), 'caller', 'invalid_client');
  },
});
