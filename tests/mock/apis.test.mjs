// APIs of the mock, and its clients and APIs by the management interface, which is production's.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError } from './support/check.mjs';
import { send } from './support/http.mjs';
import { claims, DEVICE_GRANT } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const mock = await start();
const WAIVED = 'jeton-mock-waived';

const ORDERS = {
  identifier: 'https://orders.example',
  aliases: ['urn:orders'],
  scopes: { 'orders:read': 'Read your orders', 'orders:write': 'Order' },
  access_token_lifetime: 60,
  client_claims: { tenant: 'blue' },
  client_claims_from: { team: 'labels.team' },
};
const STOCK = {
  identifier: 'https://stock.example/',
  scopes: { 'stock:read': 'Count' },
  access_token_format: 'opaque',
};
const BILLING = {
  client_id: 'billing',
  client_secret: 'any',
  grant_types: ['client_credentials', DEVICE_GRANT],
  apis: [
    { identifier: ORDERS.identifier, scope: 'orders:read' },
    { identifier: STOCK.identifier, scope: 'stock:read' },
  ],
  labels: { team: 'a' },
};

const made = (spec = {}) => mock.fresh().make({ apis: [ORDERS, STOCK], clients: [BILLING], ...spec });
const as = { client: ['billing', 'any'] };

/** The management interface of an issuer, with a token of a client that nobody registered. */
async function manager(issuer, client = 'anybody') {
  const scope = 'jeton:clients jeton:apis';
  const { access_token } = await issuer.granted({ scope, resource: issuer.id }, { client });
  return (method, path, body, headers) =>
    send(`${issuer.url}/manage/${path}`, {
      method,
      headers: {
        authorization: `Bearer ${access_token}`,
        ...(body && { 'content-type': 'application/json' }),
        ...headers,
      },
      body: body && JSON.stringify(body),
    });
}

describe('APIs of the mock', { concurrency: 8 }, () => {
  test('strict: what client and API both say, as production has it', async () => {
    const issuer = await made({ strictness: 'strict' });
    const { access_token, scope, expires_in } = await issuer.granted({ resource: 'urn:orders' }, as);
    const { aud, tenant, team } = claims(access_token);
    assert.deepEqual([aud, tenant, team, scope, expires_in], [ORDERS.identifier, 'blue', 'a', 'orders:read', 60]);
    assert.match((await issuer.granted({ resource: 'https://stock.example' }, as)).access_token, /^jat_/);
    isError(await issuer.token({ scope: 'orders:write' }, as), 400, 'invalid_scope');
    isError(await issuer.token({ scope: 'stock:read' }, as), 400, 'invalid_scope');
  });

  test('lenient: what the client may is not waived, by whatever name', async () => {
    const issuer = await made();
    for (const resource of [ORDERS.identifier, `${ORDERS.identifier}/`, 'urn:orders']) {
      const response = await issuer.token({ resource, scope: 'orders:read' }, as);
      assert.equal(response.headers[WAIVED], undefined);
      assert.equal(claims(response.json().access_token).aud, ORDERS.identifier);
    }
  });

  /** What a lenient issuer waives: `[what, form, names, claims]`. */
  const waived = [
    ['a scope that the client does not name', { scope: 'orders:write' }, 'scope', { scope: 'orders:write' }],
    ['a scope of another of its APIs', { scope: 'stock:read' }, 'scope', { scope: 'stock:read' }],
    ['a scope that nobody registered', { scope: 'any' }, 'scope', { scope: 'any' }],
    [
      'an audience that nobody registered',
      { resource: 'https://any.example' },
      'audience',
      { aud: 'https://any.example' },
    ],
  ];
  for (const [what, form, names, expected] of waived) {
    test(`lenient: ${what} is waived, for this request`, async () => {
      const issuer = await made();
      const response = await issuer.token(form, as);
      assert.equal(response.headers[WAIVED], names);
      const said = claims(response.json().access_token);
      for (const [name, value] of Object.entries(expected)) assert.equal(said[name], value);
      const next = await issuer.token({}, as);
      assert.equal(next.headers[WAIVED], undefined);
      assert.equal(next.json().scope, 'orders:read');
    });
  }

  test('lenient: a client that nobody registered has tokens of an API as it says', async () => {
    const issuer = await made();
    const response = await issuer.token({ resource: 'urn:orders', scope: 'orders:read any' }, { client: 'anybody' });
    assert.equal(response.headers[WAIVED], 'client');
    const { aud, scope, tenant, team, exp, iat } = claims(response.json().access_token);
    assert.deepEqual([aud, scope, tenant, team], [ORDERS.identifier, 'orders:read any', 'blue', undefined]);
    assert.equal(exp - iat, 60);
  });

  test('lenient: a login is for an API of which its client knows nothing, and is refreshed', async () => {
    const issuer = await made();
    const asked = { client: ['anybody', 'x'], scope: 'openid offline_access orders:read', resource: 'urn:orders' };
    const tokens = await issuer.tokens(asked);
    assert.equal(claims(tokens.access_token).aud, ORDERS.identifier);
    const refreshed = (await issuer.refresh(tokens.refresh_token, { client: ['anybody', 'x'] })).json();
    assert.equal(claims(refreshed.access_token).aud, ORDERS.identifier);
    assert.equal(refreshed.scope, 'openid offline_access orders:read');
  });

  test('APIs are added, replaced, listed and gone, and hold at once', async () => {
    const issuer = await made({ strictness: 'strict', apis: [] });
    isError(await issuer.token({ resource: ORDERS.identifier }, as), 400, 'invalid_target');
    assert.equal((await issuer.control('POST', '/apis', ORDERS)).status, 200);
    assert.equal((await issuer.granted({ resource: ORDERS.identifier }, as)).expires_in, 60);
    assert.equal((await issuer.control('POST', '/apis', { ...ORDERS, access_token_lifetime: 30 })).status, 200);
    assert.equal((await issuer.granted({ resource: ORDERS.identifier }, as)).expires_in, 30);
    const { apis } = (await issuer.control('GET', '/apis')).json();
    assert.deepEqual(apis, [{ ...ORDERS, access_token_lifetime: 30 }]);
    const query = { identifier: ORDERS.identifier };
    assert.equal((await issuer.control('DELETE', '/apis', undefined, { query })).status, 204);
    assert.equal((await issuer.control('DELETE', '/apis', undefined, { query })).status, 404);
    isError(await issuer.token({ resource: ORDERS.identifier }, as), 400, 'invalid_target');
  });

  test('an API that is not sound is refused, with what is wrong', async () => {
    const issuer = await made();
    for (const [wrong, said] of [
      [{ identifier: '' }, 'identifier'],
      [{ ...ORDERS, scopes: { openid: 'x' } }, 'scopes'],
      [{ ...ORDERS, scope: 'x' }, 'scope'],
    ]) {
      const response = await issuer.control('POST', '/apis', wrong);
      assert.equal(response.status, 400);
      assert.ok(response.text.includes(said), response.text);
    }
    const narrow = await mock.fresh().make({ signing_algs: ['ES256'] });
    const response = await narrow.control('POST', '/apis', { ...ORDERS, access_token_signed_response_alg: 'RS256' });
    assert.equal(response.status, 400, response.text);
  });

  test('JETON_APIS is of every issuer that names none itself', async (t) => {
    const env = { JETON_CLIENTS: JSON.stringify([BILLING]), JETON_APIS: JSON.stringify([ORDERS]) };
    const own = await start({ t, args: ['--strict'], env });
    assert.equal((await own.at('any').granted({ resource: ORDERS.identifier }, as)).scope, 'orders:read');
    const other = await own.at('other').make({ apis: [] });
    isError(await other.token({ resource: ORDERS.identifier }, as), 400, 'invalid_target');
  });
});

describe('the management interface of the mock', { concurrency: 8 }, () => {
  test('a lenient issuer lets any client manage it; a strict one asks as production does', async () => {
    const issuer = await made();
    const manage = await manager(issuer);
    assert.equal((await manage('GET', 'clients')).json().items[0].id, 'billing');
    const strict = await made({ strictness: 'strict' });
    isError(await strict.token({ scope: 'jeton:clients' }, as), 400, 'invalid_scope');
  });

  test('what it makes the control API has too, and the other way round', async () => {
    const issuer = await made();
    const manage = await manager(issuer);
    const response = await manage('POST', 'clients', { grant_types: ['client_credentials'], scope: 'read' });
    const { client_id, client_secret } = response.json();
    const shown = (await issuer.control('GET', '/clients')).json().clients.find((it) => it.client_id === client_id);
    assert.equal(shown.scope, 'read');
    assert.ok(!('client_secrets' in shown));
    const own = await issuer.token({}, { client: [client_id, client_secret] });
    assert.equal(own.headers[WAIVED], undefined);
    assert.equal((await issuer.token({}, { client: [client_id, 'wrong'] })).headers[WAIVED], 'secret');
    await issuer.control('POST', '/clients', { ...BILLING, client_id: 'added', scope: 'write' });
    assert.equal((await manage('GET', 'clients/added')).json().scope, 'write');
    assert.equal((await manage('POST', 'apis', { identifier: 'https://new.example' })).status, 201);
    const { apis } = (await issuer.control('GET', '/apis')).json();
    assert.ok(apis.some(({ identifier }) => identifier === 'https://new.example'));
  });

  test('what is changed is no longer what was lent', async () => {
    const issuer = await made();
    const manage = await manager(issuer);
    const asked = { scope: 'admin', resource: issuer.id };
    assert.equal((await issuer.as(as.client, '/device_authorization', asked)).status, 200);
    assert.equal((await manage('PATCH', 'clients/billing', { scope: 'read' })).status, 200);
    assert.equal((await issuer.token({ scope: 'read' }, as)).headers[WAIVED], undefined);
    assert.equal((await issuer.token({ scope: 'admin' }, as)).headers[WAIVED], 'scope');
  });

  test('a client that it has deleted is lent nothing, however lenient the issuer; reset brings it back', async () => {
    const issuer = await made();
    const manage = await manager(issuer);
    assert.equal((await manage('DELETE', 'clients/billing')).status, 204);
    isError(await issuer.token({}, as), 401, 'invalid_client');
    assert.deepEqual((await issuer.control('GET', '/clients')).json().clients, []);
    await issuer.control('POST', '/reset');
    assert.equal((await issuer.token({}, as)).status, 200);
  });
});
