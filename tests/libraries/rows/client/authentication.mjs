// How a client proves who it is.

import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorizationServer, JWT_BEARER } from '../../support/authorization-server.mjs';
import { decoded, keyOf, now, random } from '../../support/keys.mjs';
import { feature, refused } from '../../support/rows.mjs';
import { secret } from '../../support/secrets.mjs';
import { page, Stub } from '../../support/stub.mjs';

async function folder(t) {
  const path = await mkdtemp(join(tmpdir(), 'jeton-libraries-'));
  t.after(() => rm(path, { recursive: true }));
  return path;
}

const ODD = { id: 'odd id:%+&=', secret: `odd:%20+&='"~^ äö€ ${random()}` };

/** What stands for GitHub's service: `{ url, token, requests }`. */
async function github(t) {
  const jwt = secret(await (await keyOf('RS256', 'github')).sign({ sub: 'repo:octo-org/octo-repo' }));
  const stub = await new Stub(async () => ({ json: { count: 1, value: jwt } })).listen(t);
  return { stub, jwt, url: `${stub.origin}/token?api-version=2.0`, token: secret(random(24)) };
}

/** Rows of a key: `private_key_jwt` by this algorithm. */
const byKey = (alg) => async (row) => {
  const server = await authorizationServer(row.t);
  const options = await server.keyClient(alg);
  await (await row.client(options)).token();
  const { form, headers } = server.tokenRequests[0];
  assert.equal(headers.authorization, undefined);
  assert.equal(form.client_secret, undefined);
  assert.equal(form.client_assertion_type, JWT_BEARER);
  const { header, payload } = decoded(form.client_assertion);
  const { iss, sub, aud, exp, jti } = payload;
  assert.equal(header.alg.replace('Ed25519', 'EdDSA'), alg);
  assert.equal(header.kid, options.authentication.jwk.kid);
  assert.equal(header.typ, 'client-authentication+jwt');
  assert.equal(iss, options.client_id);
  assert.equal(sub, options.client_id);
  assert.equal(aud, server.issuer);
  assert.ok(exp > now() + 20 && exp <= now() + 61, String(exp - now()));
  assert.ok(jti.length >= 16, jti);
};

feature('authentication', {
  async 'a secret by Basic, form-encoded (RFC 6749 §2.3.1)'(row) {
    const server = await authorizationServer(row.t);
    const client = await row.client(server.secretClient(ODD.id, ODD.secret));
    await client.token();
    const [{ headers, form }] = server.tokenRequests;
    assert.match(headers.authorization, /^Basic /);
    assert.equal(form.client_id, undefined);
    assert.equal(form.client_secret, undefined);
  },

  async 'a secret by Basic where metadata says nothing'(row) {
    const server = await authorizationServer(row.t);
    delete server.metadata.token_endpoint_auth_methods_supported;
    await (await row.client(server.secretClient())).token();
    assert.match(server.tokenRequests[0].headers.authorization, /^Basic /);
  },

  async 'a secret in the body where there is no Basic'(row) {
    const server = await authorizationServer(row.t);
    server.metadata.token_endpoint_auth_methods_supported = ['client_secret_post'];
    await (await row.client(server.secretClient(ODD.id, ODD.secret))).token();
    const [{ headers, form }] = server.tokenRequests;
    assert.equal(headers.authorization, undefined);
    assert.equal(form.client_id, ODD.id);
  },

  'private_key_jwt: ES256': byKey('ES256'),
  'private_key_jwt: RS256': byKey('RS256'),
  'private_key_jwt: PS256': byKey('PS256'),
  'private_key_jwt: EdDSA': byKey('EdDSA'),

  async 'an assertion counts once: each request has its own'(row) {
    const server = await authorizationServer(row.t);
    const client = await row.client(await server.keyClient());
    server.nextToken(page(500), page(503));
    await client.token();
    await client.token({ scope: 'other' });
    const jtis = server.tokenRequests.map(({ form }) => decoded(form.client_assertion).payload.jti);
    assert.equal(new Set(jtis).size, 4);
  },

  async 'an issuer with a path is the audience as it is written'(row) {
    const server = await authorizationServer(row.t, { path: '/tenant' });
    await (await row.client(await server.keyClient())).token();
    assert.equal(decoded(server.tokenRequests[0].form.client_assertion).payload.aud, server.issuer);
  },

  async 'a key that is none'(row) {
    const server = await authorizationServer(row.t);
    const options = { issuer: server.issuer, client_id: 'signer' };
    const { publicJwk } = await keyOf('ES256');
    const asked = (async () => {
      const authentication = { kind: 'private_key_jwt', jwk: publicJwk };
      return (await row.client({ ...options, authentication })).token();
    })();
    await refused(asked, 'caller', 'invalid_configuration');
  },

  async 'none: by its id alone'(row) {
    const server = await authorizationServer(row.t);
    const options = server.publicClient();
    await (await row.client(options)).token();
    const [{ headers, form }] = server.tokenRequests;
    assert.equal(headers.authorization, undefined);
    assert.equal(form.client_id, options.client_id);
    assert.equal(form.client_assertion, undefined);
  },

  async "a platform's token of a file"(row) {
    const server = await authorizationServer(row.t);
    const path = join(await folder(row.t), 'token');
    const [first, second] = [secret(`first.${random(24)}.x`), secret(`second.${random(24)}.x`)];
    await writeFile(path, `${first}\n`);
    const client = await row.client(server.platformClient({ kind: 'file', path }));
    await client.token();
    // As the kubelet renews it.
    await writeFile(path, second);
    await client.token({ scope: 'other' });
    const [one, two] = server.tokenRequests.map(({ form }) => form);
    assert.equal(one.client_assertion_type, JWT_BEARER);
    assert.equal(one.client_assertion, first);
    assert.equal(two.client_assertion, second);
  },

  async 'a file that is not there'(row) {
    const server = await authorizationServer(row.t);
    const path = join(await folder(row.t), 'not-there');
    const client = await row.client(server.platformClient({ kind: 'file', path }));
    const error = await refused(client.token(), 'caller', 'credential_unavailable');
    assert.ok(error.said.includes('not-there'), `it names the file: ${error.said}`);
    assert.equal(server.tokenRequests.length, 0);
  },

  async 'a file that is empty, as one that is being written'(row) {
    const server = await authorizationServer(row.t);
    const path = join(await folder(row.t), 'token');
    await writeFile(path, '\n');
    const client = await row.client(server.platformClient({ kind: 'file', path }));
    await refused(client.token(), 'caller', 'credential_unavailable');
    assert.equal(server.tokenRequests.length, 0);
  },

  async "GitHub's token, by its request URL"(row) {
    const server = await authorizationServer(row.t);
    const { stub, jwt, url, token } = await github(row.t);
    const driver = row.process({ ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token });
    const options = server.platformClient({ kind: 'github', audience: server.issuer });
    const client = await row.client(options, driver);
    await client.token();
    await client.token({ scope: 'other' });
    const [{ method, headers, query }] = stub.requests;
    assert.equal(method, 'GET');
    assert.equal(headers.authorization?.toLowerCase(), `bearer ${token}`.toLowerCase());
    assert.equal(query.get('audience'), server.issuer);
    assert.equal(query.get('api-version'), '2.0');
    for (const { form } of server.tokenRequests) assert.equal(form.client_assertion, jwt);
  },

  async 'GitHub outside of a job'(row) {
    const server = await authorizationServer(row.t);
    const driver = row.process({ ACTIONS_ID_TOKEN_REQUEST_URL: '', ACTIONS_ID_TOKEN_REQUEST_TOKEN: '' });
    const client = await row.client(server.platformClient({ kind: 'github', audience: server.issuer }), driver);
    await refused(client.token(), 'caller', 'credential_unavailable');
  },

  async 'GitHub refuses, or answers something else'(row) {
    const server = await authorizationServer(row.t);
    const { stub, url, token } = await github(row.t);
    const driver = row.process({ ACTIONS_ID_TOKEN_REQUEST_URL: url, ACTIONS_ID_TOKEN_REQUEST_TOKEN: token });
    const client = await row.client(server.platformClient({ kind: 'github', audience: server.issuer }), driver);
    stub.always('/token', page(403));
    await refused(client.token(), 'caller', 'credential_unavailable');
    stub.always('/token', { json: { message: 'no' } });
    await refused(client.token(), 'caller', 'credential_unavailable');
    assert.equal(server.tokenRequests.length, 0);
  },
});
