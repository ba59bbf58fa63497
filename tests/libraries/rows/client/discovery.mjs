// Where a server's endpoints are, and when they are not believed.

import assert from 'node:assert/strict';
import { authorizationServer } from '../../support/authorization-server.mjs';
import { feature, refused } from '../../support/rows.mjs';
import { after, endless, packed, page, Stub } from '../../support/stub.mjs';

const NOT_FOUND = { status: 404, body: 'Not Found' };
const HUGE = 'x'.repeat(300_000);

/** What is said of a server whose metadata is changed like this. */
const metadata = (change, fault, code) => async (row) => {
  const server = await authorizationServer(row.t);
  change(server);
  const client = await row.client(server.secretClient());
  await refused(client.token(), fault, code);
  assert.equal(server.tokenRequests.length, 0);
};

/** Both places answer so. */
const everywhere = (answer) => (server) => {
  for (const place of Object.values(server.places)) server.always(place, answer);
};

/** An issuer that nobody should be asked for. */
const issuer = (text) => async (row) => {
  const asked = (async () => {
    const options = { client_id: 'a', authentication: { kind: 'secret', secret: 'a secret of ours' } };
    return (await row.client({ issuer: text, ...options })).token();
  })();
  await refused(asked, 'caller', 'invalid_issuer');
};

feature('discovery', {
  async "RFC 8414 first: between host and the issuer's path"(row) {
    const server = await authorizationServer(row.t, { path: '/tenant/a' });
    await (await row.client(server.secretClient())).token();
    assert.equal(server.requests[0].path, '/.well-known/oauth-authorization-server/tenant/a');
    assert.equal(server.discoveries, 1);
  },

  async "then OpenID Connect's: after the path"(row) {
    const server = await authorizationServer(row.t, { path: '/tenant/a' });
    server.always(server.places.oauth, NOT_FOUND);
    await (await row.client(server.secretClient())).token();
    const asked = server.requests.map(({ path }) => path).filter((path) => path.includes('.well-known'));
    assert.deepEqual(asked, [
      '/.well-known/oauth-authorization-server/tenant/a',
      '/tenant/a/.well-known/openid-configuration',
    ]);
  },

  'a server without either': metadata(everywhere(NOT_FOUND), 'server', 'no_metadata'),
  'a page instead of metadata': metadata(everywhere(page(200)), 'server', 'invalid_metadata'),
  'metadata that is a list': metadata(everywhere({ json: [] }), 'server', 'invalid_metadata'),
  'metadata over 256 kB': metadata(
    (server) => everywhere({ json: { ...server.metadata, padding: HUGE } })(server),
    'server',
    'invalid_metadata',
  ),
  'metadata over 256 kB, packed': metadata(
    (server) => everywhere(packed(server.metadata))(server),
    'server',
    'invalid_metadata',
  ),
  async 'metadata without an end'(row) {
    const server = await authorizationServer(row.t);
    const answer = endless();
    everywhere(answer)(server);
    const client = await row.client(server.secretClient());
    await refused(client.token(), 'server', 'invalid_metadata');
    assert.ok(answer.sent < 32e6, `${answer.sent} bytes`);
  },
  'another issuer': metadata(
    (server) => {
      server.metadata.issuer = 'https://other.example';
    },
    'server',
    'issuer_mismatch',
  ),
  'an issuer with one slash more': metadata(
    (server) => {
      server.metadata.issuer += '/';
    },
    'server',
    'issuer_mismatch',
  ),
  'no issuer': metadata(
    (server) => {
      delete server.metadata.issuer;
    },
    'server',
    'issuer_mismatch',
  ),
  'no token endpoint': metadata(
    (server) => {
      delete server.metadata.token_endpoint;
    },
    'server',
    'invalid_metadata',
  ),
  'a token endpoint by http, elsewhere': metadata(
    (server) => {
      server.metadata.token_endpoint = 'http://tokens.example/token';
    },
    'server',
    'invalid_metadata',
  ),
  'a token endpoint that is no URL': metadata(
    (server) => {
      server.metadata.token_endpoint = '/token';
    },
    'server',
    'invalid_metadata',
  ),

  'an issuer by http, elsewhere': issuer('http://tokens.example'),
  'an issuer by http whose name only begins like this machine': issuer('http://127.0.0.1.example'),
  'an issuer with a query': issuer('https://tokens.example/?tenant=a'),
  'an issuer with a fragment': issuer('https://tokens.example/#a'),
  'an issuer that is no URL': issuer('tokens.example'),
  'an issuer of another scheme': issuer('ftp://tokens.example'),

  async 'an issuer by http on this machine, by name'(row) {
    const server = await authorizationServer(row.t, { host: 'localhost' });
    await (await row.client(server.secretClient())).token();
  },

  async 'another name of this machine: 127.0.0.0/8'(row) {
    const server = await authorizationServer(row.t, { host: '127.1.2.3' });
    await (await row.client(server.secretClient())).token();
  },

  async 'metadata is kept for an hour'(row) {
    const driver = row.process();
    const server = await authorizationServer(row.t);
    const client = await row.client(server.secretClient(), driver);
    await client.token();
    await driver.ask('clock', { offset: 3_500 });
    await client.token();
    assert.equal(server.discoveries, 1);
    await driver.ask('clock', { offset: 3_700 });
    await client.token({ scope: 'other' });
    assert.equal(server.discoveries, 2);
  },

  async 'one request for all who wait'(row) {
    const server = await authorizationServer(row.t);
    server.next(server.places.oauth, after(200));
    const client = await row.client(server.secretClient());
    await Promise.all(Array.from({ length: 50 }, (_, at) => client.token({ scope: `s${at}` })));
    assert.equal(server.discoveries, 1);
  },

  async 'old metadata is used while there is no new'(row) {
    const driver = row.process();
    const server = await authorizationServer(row.t);
    const client = await row.client(server.secretClient(), driver);
    await client.token();
    everywhere(page(500))(server);
    await driver.ask('clock', { offset: 3_700 });
    await client.token();
    assert.equal(server.tokenRequests.length, 2);
  },

  async 'a server that was without metadata, and has it now'(row) {
    const server = await authorizationServer(row.t);
    everywhere(NOT_FOUND)(server);
    const client = await row.client(server.secretClient());
    await refused(client.token(), 'server', 'no_metadata');
    everywhere(undefined)(server);
    await client.token();
  },

  async 'metadata that is given'(row) {
    const server = await authorizationServer(row.t);
    const client = await row.client({ ...server.secretClient(), metadata: server.metadata });
    await client.token();
    assert.equal(server.discoveries, 0);
  },

  async 'metadata that is given, of another issuer'(row) {
    const server = await authorizationServer(row.t);
    const given = { ...server.metadata, issuer: 'https://other.example' };
    const asked = (async () => (await row.client({ ...server.secretClient(), metadata: given })).token())();
    const error = await asked.then(
      () => assert.fail('it was believed'),
      (error) => error,
    );
    assert.equal(error.code, 'issuer_mismatch', error.message);
  },

  async 'a redirect of the token endpoint is not followed'(row) {
    const server = await authorizationServer(row.t);
    const other = await new Stub(async () => ({ json: {} })).listen(row.t);
    for (const status of [302, 307]) server.nextToken({ status, headers: { location: `${other.origin}/token` } });
    const client = await row.client(server.secretClient());
    await refused(client.token(), 'server', 'invalid_response');
    await refused(client.token(), 'server', 'invalid_response');
    assert.equal(other.requests.length, 0);
  },
});
