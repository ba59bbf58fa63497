// Whose fault it is. That no error has a secret is asked of every error of every row.

import assert from 'node:assert/strict';
import { authorizationServer } from '../../support/authorization-server.mjs';
import { feature, refused, timed } from '../../support/rows.mjs';
import { endless, failure, packed, page, silent } from '../../support/stub.mjs';

async function start(row) {
  const server = await authorizationServer(row.t);
  const options = server.secretClient();
  return { server, secret: options.authentication.secret, client: await row.client(options) };
}

/** An answer of the token endpoint, and what is said of it; each time it comes. */
const answer = (given, fault, code) => async (row) => {
  const { server, client } = await start(row);
  server.alwaysToken(given);
  const error = await refused(client.token(), fault, code);
  if (given.status) assert.equal(error.status, given.status);
};

const token = (changes) => ({
  json: { access_token: 'at-of-nobody', token_type: 'Bearer', expires_in: 60, ...changes },
});

feature('errors', {
  invalid_client: answer(failure('invalid_client', { status: 401 }), 'caller', 'invalid_client'),
  unauthorized_client: answer(failure('unauthorized_client'), 'caller', 'unauthorized_client'),
  invalid_scope: answer(failure('invalid_scope'), 'caller', 'invalid_scope'),
  invalid_target: answer(failure('invalid_target'), 'caller', 'invalid_target'),
  invalid_request: answer(failure('invalid_request'), 'caller', 'invalid_request'),
  unsupported_grant_type: answer(failure('unsupported_grant_type'), 'caller', 'unsupported_grant_type'),
  access_denied: answer(failure('access_denied', { status: 403 }), 'caller', 'access_denied'),
  server_error: answer(failure('server_error', { status: 500 }), 'server', 'server_error'),
  'a page with 500': answer(page(500), 'server', 'server_error'),
  'a page with 503': answer(page(503), 'server', 'temporarily_unavailable'),
  'a page with 200': answer(page(200), 'server', 'invalid_response'),
  'a page with 404': answer(page(404), 'server', 'invalid_response'),
  'an answer that is a list': answer({ json: ['at-of-nobody'] }, 'server', 'invalid_response'),
  'an answer without a token': answer(token({ access_token: undefined }), 'server', 'invalid_response'),
  'an answer with an empty token': answer(token({ access_token: '' }), 'server', 'invalid_response'),
  'an answer with a number for a token': answer(token({ access_token: 7 }), 'server', 'invalid_response'),
  'an answer without token_type': answer(token({ token_type: undefined }), 'server', 'invalid_response'),
  'an answer with a type that nobody knows': answer(token({ token_type: 'mac' }), 'server', 'invalid_response'),
  'an answer over 256 kB': answer(token({ padding: 'x'.repeat(300_000) }), 'server', 'invalid_response'),

  'an answer over 256 kB, packed': answer(
    packed({ access_token: 'at-of-nobody', token_type: 'Bearer' }),
    'server',
    'invalid_response',
  ),
  'an answer without an end': answer(endless('{"access_token":"'), 'server', 'invalid_response'),
  'an answer that is no UTF-8': answer({ body: Buffer.from('7b22ff223a317d', 'hex') }, 'server', 'invalid_response'),
  'an answer nested a hundred thousand deep': answer({ body: '['.repeat(100_000) }, 'server', 'invalid_response'),

  async 'what the server said of it'(row) {
    const { server, client } = await start(row);
    server.nextToken(failure('invalid_scope', { error_description: "The scope 'of-nobody' is unknown." }));
    const error = await refused(client.token({ scope: 'of-nobody' }), 'caller', 'invalid_scope');
    assert.ok(error.said.includes("The scope 'of-nobody' is unknown."), error.said);
  },

  async 'but not what RFC 6749 does not allow it to say'(row) {
    const { server, client } = await start(row);
    server.nextToken(failure('invalid_scope', { error_description: 'a\u001b[31m"red"\n\u202Etext' }));
    const { said } = await refused(client.token(), 'caller', 'invalid_scope');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what is looked for
    assert.doesNotMatch(said, /[\u0000-\u001f\u202e]/);
  },

  async 'nor what we have sent'(row) {
    const { server, client, secret } = await start(row);
    server.nextToken(failure('invalid_client', { status: 401, error_description: `wrong secret ${secret}` }));
    const { said } = await refused(client.token(), 'caller', 'invalid_client');
    assert.ok(!said.includes(secret), said);
  },

  async 'nor what we have sent, in its last attempt by another error'(row) {
    const server = await authorizationServer(row.t);
    const client = await row.client(await server.keyClient());
    server.nextToken(async ({ form }) =>
      failure('invalid_request', { error_description: `assertion ${form.client_assertion}` }),
    );
    await refused(client.token(), 'caller', 'invalid_request');
  },

  async 'nobody listens'(row) {
    const { server, client } = await start(row);
    await server.close();
    await refused(client.token(), 'network', 'unreachable');
  },

  async 'a host that is not there'(row) {
    const options = { client_id: 'a', authentication: { kind: 'secret', secret: 'a secret of ours' } };
    const client = await row.client({ issuer: 'https://tokens.invalid', ...options });
    await refused(client.token(), 'network', 'unreachable');
  },

  async 'a clock that is behind is said to be'(row) {
    const { server, client } = await start(row);
    server.clockOffset = 100;
    server.nextToken(failure('invalid_client', { status: 401 }));
    const { said } = await refused(client.token(), 'caller', 'invalid_client');
    assert.match(said, /the clock here is (9[5-9]|10[0-5]) s behind the server's/);
  },

  async 'a clock that is ahead is said to be'(row) {
    const { server, client } = await start(row);
    server.clockOffset = -7_200;
    server.nextToken(failure('invalid_client', { status: 401 }));
    const { said } = await refused(client.token(), 'caller', 'invalid_client');
    assert.match(said, /the clock here is (719[5-9]|720[0-5]) s ahead of the server's/);
  },

  async 'a clock that is right is not talked about'(row) {
    const { server, client } = await start(row);
    server.clockOffset = 10;
    server.nextToken(failure('invalid_client', { status: 401 }));
    const { said } = await refused(client.token(), 'caller', 'invalid_client');
    assert.doesNotMatch(said, /clock/);
  },

  async 'an unknown operation is no skip'(row) {
    const error = await row.driver.ask('of nobody').catch((error) => error);
    assert.equal(`${error.fault}/${error.code}`, 'driver/unsupported');
  },
});

const SLOW = process.env.JETON_SUITE_SLOW ? false : 'takes half a minute: JETON_SUITE_SLOW=1';

feature(
  'patience',
  {
    async 'a server that never answers'(row) {
      const { server, client } = await start(row);
      server.alwaysToken(silent(60_000));
      const { took } = await timed(() => refused(client.token(), 'network', 'timeout'));
      assert.ok(took > 9_000 && took < 45_000, `${took} ms`);
    },
  },
  { skip: { 'a server that never answers': SLOW } },
);
