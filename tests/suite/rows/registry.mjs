import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';
import { isError, isToken } from '../support/check.mjs';
import { clients } from '../support/fixtures.mjs';
import { logged } from '../support/log.mjs';
import { clientCredentials, get, startFor, target, unless } from '../support/target.mjs';

const hash = (secret) => createHash('sha256').update(secret).digest('base64url');

const registered = (client_id, ...secrets) => ({
  client_id,
  client_secrets: secrets.map(({ secret, ...times }) => ({ sha256: hash(secret), ...times })),
  grant_types: ['client_credentials'],
  scope: 'stored',
});

test('a registered client gets a token', { skip: unless.store }, async (t) => {
  const on = await startFor(t);
  await on.putClient(registered('stored', { secret: 'a', created_at: 1 }));
  const { payload } = await isToken(
    await clientCredentials({ client_id: 'stored', client_secret: 'a' }, {}, { on }),
    {},
    on,
  );
  assert.equal(payload.sub, 'stored');
  assert.equal(payload.scope, 'stored');
  isError(await clientCredentials({ client_id: 'stored', client_secret: 'b' }, {}, { on }), 401, 'invalid_client');
});

test('two secrets at once, so that a change overlaps', { skip: unless.store }, async (t) => {
  const on = await startFor(t);
  const later = Math.floor(Date.now() / 1000) + 3600;
  await on.putClient(
    registered(
      'two',
      { secret: 'old', expires_at: later },
      { secret: 'new', expires_at: 0 },
      { secret: 'gone', expires_at: 1000 },
    ),
  );
  for (const client_secret of ['old', 'new']) {
    await isToken(await clientCredentials({ client_id: 'two', client_secret }, {}, { on }), {}, on);
  }
  isError(await clientCredentials({ client_id: 'two', client_secret: 'gone' }, {}, { on }), 401, 'invalid_client');
});

test('the configured client stands before a registered one of the same id', { skip: unless.store }, async (t) => {
  const on = await startFor(t);
  await on.putClient(registered('m2m', { secret: 'usurper' }));
  isError(await clientCredentials({ client_id: 'm2m', client_secret: 'usurper' }, {}, { on }), 401, 'invalid_client');
  await isToken(await clientCredentials(clients.m2m, {}, { on }), {}, on);
});

test('a hostile client_id is only ever a key', { skip: unless.store }, async (t) => {
  const on = await startFor(t);
  const client_id = "x'; DROP TABLE client; -- #:/../ %00";
  isError(await clientCredentials({ client_id, client_secret: 'a' }, {}, { on }), 401, 'invalid_client');
  const other = "y'; DROP TABLE client; -- #:/../ %00";
  await on.putClient(registered(other, { secret: 'a' }));
  await isToken(await clientCredentials({ client_id: other, client_secret: 'a' }, {}, { on }), {}, on);
});

test('a store out of reach: 503, Retry-After, a log line that names it, and no token', {
  skip: unless.store,
}, async (t) => {
  const on = await startFor(t, { store: 'broken' });
  const response = await clientCredentials({ client_id: 'stored', client_secret: 'a' }, {}, { on });
  isError(response, 503, 'temporarily_unavailable');
  assert.match(response.headers['retry-after'], /^\d+$/);
  const entry = JSON.parse(await logged(on, 'temporarily_unavailable'));
  assert.equal(entry.store, { serve: 'sqlite', worker: 'kv', lambda: 'dynamodb' }[target]);
  assert.equal(entry.fault, 'store');
  assert.ok(entry.detail);
  assert.equal(entry.level, 'error');
  // Clients of the configuration need no store.
  await isToken(await clientCredentials(clients.m2m, {}, { on }), {}, on);
  assert.equal((await get('/health', {}, on)).status, 200);
});

/** What a client may not have in a store: `[member, value]`. */
const REFUSED = [
  ['client_secret', 'a'],
  ['dpop_bound_access_tokens', true],
  ['tls_client_certificate_bound_access_tokens', true],
  ['require_pushed_authorization_requests', true],
  ['require_signed_request_object', true],
  ['id_token_encrypted_response_alg', 'ECDH-ES'],
  ['subject_type', 'ppid'],
  ['default_max_age', 60],
  ['backchannel_logout_uri', 'https://app.example/out'],
  ['token_endpoint_auth_method', 'client_secret_jwt'],
];

test('a stored plain secret, or metadata that asks for a protection which is not there: 503, named in the log', {
  skip: unless.store,
}, async (t) => {
  const on = await startFor(t);
  for (const [member, value] of REFUSED) {
    const client_id = `with-${member}`;
    const record = { ...registered(client_id, { secret: 'a' }), [member]: value };
    await on.putClient(record);
    isError(await clientCredentials({ client_id, client_secret: 'a' }, {}, { on }), 503, 'temporarily_unavailable');
    const line = await logged(on, 'temporarily_unavailable', `${member}: `);
    assert.ok(!line.includes('"a"'), 'no secret in the log');
  }
});

test('stored metadata that asks for nothing, or that this release does not know, is kept and does nothing', {
  skip: unless.store,
}, async (t) => {
  const on = await startFor(t);
  await on.putClient({
    ...registered('kept', { secret: 'a' }),
    dpop_bound_access_tokens: false,
    subject_type: 'public',
    of_another_release: true,
  });
  await isToken(await clientCredentials({ client_id: 'kept', client_secret: 'a' }, {}, { on }), {}, on);
});
