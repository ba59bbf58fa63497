import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isError, isToken } from '../support/check.mjs';
import { clients } from '../support/fixtures.mjs';
import { loggedIn } from '../support/flow.mjs';
import { basic, rawBasic } from '../support/http.mjs';
import { clientCredentials, post } from '../support/target.mjs';

const { m2m, odd, basicOnly, postOnly, expired, native, tv } = clients;
const GRANT = { grant_type: 'client_credentials' };
const inBody = (client) => ({ ...GRANT, client_id: client.client_id, client_secret: client.client_secret });
const withHeader = (authorization, form = GRANT) => post('/token', form, { headers: { authorization } });

test('RFC 6749 §2.3.1: client_secret_basic', async () => {
  await isToken(await withHeader(basic(m2m.client_id, m2m.client_secret)));
});

test('RFC 6749 §2.3.1: client_secret_post', async () => {
  await isToken(await post('/token', inBody(m2m)));
});

test('RFC 6749 §2.3.1: id and secret are form-encoded inside Basic', async () => {
  const { payload } = await isToken(await withHeader(basic(odd.client_id, odd.client_secret)));
  assert.equal(payload.sub, odd.client_id);
  await isToken(await post('/token', inBody(odd)));
});

test('RFC 9110 §11.1: the scheme is case-insensitive, spaces and padding are forgiven', async () => {
  const encoded = basic(m2m.client_id, m2m.client_secret).slice('Basic '.length);
  await isToken(await withHeader(`bAsIC ${encoded}`));
  await isToken(await withHeader(`Basic  ${encoded}`));
  await isToken(await withHeader(`Basic ${encoded.replace(/=+$/, '')}`));
});

test('RFC 6749 §3.2.1: the body may repeat the client_id', async () => {
  await isToken(await clientCredentials(m2m, { client_id: m2m.client_id }));
});

test('token_endpoint_auth_method: the one registered is the one accepted', async () => {
  await isToken(await clientCredentials(basicOnly));
  isError(await post('/token', inBody(basicOnly)), 401, 'invalid_client');
  await isToken(await post('/token', inBody(postOnly)));
  isError(await clientCredentials(postOnly), 401, 'invalid_client');
});

test('client_secret_expires_at: an expired secret no longer authenticates', async () => {
  isError(await clientCredentials(expired), 401, 'invalid_client');
});

test('RFC 6749 §2.3: two authentications at once: invalid_request', async () => {
  const response = await withHeader(basic(m2m.client_id, m2m.client_secret), inBody(m2m));
  isError(response, 400, 'invalid_request');
});

test('RFC 6749 §2.3: one client in the header, another in the body: invalid_request', async () => {
  isError(await clientCredentials(m2m, { client_id: 'basic-only' }), 400, 'invalid_request');
});

/** How libraries say that a client has no secret; `id` is its `client_id`. */
const withoutSecret = {
  'the client_id in the body': (id) => [{}, { client_id: id }],
  'an empty client_secret in the body': (id) => [{}, { client_id: id, client_secret: '' }],
  'Basic with an empty secret': (id) => [{ authorization: basic(id, '') }, {}],
  'Basic with an empty secret, and the client_id in the body': (id) => [
    { authorization: basic(id, '') },
    { client_id: id },
  ],
  'an empty secret in both': (id) => [{ authorization: basic(id, '') }, { client_id: id, client_secret: '' }],
};

for (const [name, present] of Object.entries(withoutSecret)) {
  const as = (client, path, form) => {
    const [headers, own] = present(client.client_id);
    return post(path, { ...own, ...form }, { headers });
  };

  test(`RFC 6749 §2.3.1: ${name}: a public client, wherever one may be`, async () => {
    const { refresh_token } = await loggedIn(native);
    const refreshed = await as(native, '/token', { grant_type: 'refresh_token', refresh_token });
    assert.equal(refreshed.status, 200, refreshed.text);
    assert.equal((await as(native, '/revoke', { token: refresh_token })).status, 200);
    const device = await as(tv, '/device_authorization', {});
    assert.equal(device.status, 200, device.text);
    const { device_code } = device.json();
    const poll = { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code };
    isError(await as(tv, '/token', poll), 400, 'authorization_pending');
  });

  test(`RFC 6749 §2.3.1: ${name}: no confidential client`, async () => {
    for (const [path, form] of [
      ['/token', GRANT],
      ['/revoke', { token: 'x' }],
      ['/device_authorization', {}],
      ['/introspect', { token: 'x' }],
      ['/revoke_grants', { subject: 'nobody at all' }],
      ['/authorize/request', { request: 'x' }],
    ]) {
      isError(await as(m2m, path, form), 401, 'invalid_client');
    }
    isError(await as(native, '/introspect', { token: 'x' }), 401, 'invalid_client');
  });
}

test('RFC 6749 §2.3: an empty secret beside another client, or beside a secret: invalid_request', async () => {
  const headers = { authorization: basic(native.client_id, '') };
  for (const body of [{ client_id: m2m.client_id }, { client_secret: m2m.client_secret }, inBody(m2m)]) {
    isError(await post('/token', { ...GRANT, ...body }, { headers }), 400, 'invalid_request');
  }
});

const failing = [
  ['no authentication', {}, GRANT],
  ['a client_id without a secret', {}, { ...GRANT, client_id: m2m.client_id }],
  ['a secret without a client_id', {}, { ...GRANT, client_secret: m2m.client_secret }],
  ['Basic with neither id nor secret', { authorization: rawBasic(':') }],
  ['a wrong secret in the body', {}, { ...inBody(m2m), client_secret: 'wrong' }],
  ['a wrong secret', { authorization: basic(m2m.client_id, 'wrong') }],
  ['a secret that is a prefix', { authorization: basic(m2m.client_id, m2m.client_secret.slice(0, -1)) }],
  ['a secret with a letter more', { authorization: basic(m2m.client_id, `${m2m.client_secret}0`) }],
  ["another client's secret", { authorization: basic(m2m.client_id, basicOnly.client_secret) }],
  ['an unknown client', { authorization: basic('nobody', m2m.client_secret) }],
  ['a client_id of another case', { authorization: basic('M2M', m2m.client_secret) }],
  ['a client_id with a control character', { authorization: basic('m2m\n', m2m.client_secret) }],
  ['a client_id of 300 characters', { authorization: basic('m'.repeat(300), 'x') }],
  ['a public client with a secret', { authorization: basic('public', 'x') }],
  ['Basic without credentials', { authorization: 'Basic' }],
  ['Basic that is not base64', { authorization: 'Basic !!!' }],
  ['Basic without a colon', { authorization: rawBasic('m2m') }],
  ['Basic that is not UTF-8', { authorization: `Basic ${Buffer.from([0xff, 0x3a, 0xfe]).toString('base64')}` }],
  ['Basic that decodes to no UTF-8', { authorization: rawBasic('%ff:x') }],
  ['Bearer', { authorization: `Bearer ${m2m.client_secret}` }],
  ['another scheme', { authorization: 'Digest username="m2m"' }],
  [
    'a scheme that only starts like Basic',
    { authorization: basic(m2m.client_id, m2m.client_secret).replace('Basic', 'Basics') },
  ],
  [
    'two Authorization headers',
    { authorization: [basic(m2m.client_id, m2m.client_secret), basic(m2m.client_id, m2m.client_secret)] },
  ],
];

for (const [name, headers, form = GRANT] of failing) {
  test(`RFC 6749 §5.2: ${name}: invalid_client`, async () => {
    isError(await post('/token', form, { headers }), 401, 'invalid_client');
  });
}

test('an unknown client and a wrong secret: the same bytes', async () => {
  const [unknown, wrong] = await Promise.all([
    withHeader(basic('nobody', 'a-secret')),
    withHeader(basic(m2m.client_id, 'a-secret')),
  ]);
  assert.equal(unknown.status, wrong.status);
  assert.equal(unknown.text, wrong.text);
  const stable = ({ date, ...headers }) => headers;
  const names = (response) => Object.keys(stable(response.headers)).sort();
  assert.deepEqual(names(unknown), names(wrong));
  assert.equal(unknown.headers['www-authenticate'], wrong.headers['www-authenticate']);
});
