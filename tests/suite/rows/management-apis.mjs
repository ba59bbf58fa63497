// APIs, by the management interface: what they may have, and what becomes of it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError, isToken } from '../support/check.mjs';
import { ISSUER } from '../support/fixtures.mjs';
import { etagOf, isRefused, machine, made, management, newId, succeeded } from '../support/management.mjs';
import { clientCredentials, startFor, unless } from '../support/target.mjs';

const identifierOf = () => `https://${newId('api')}.example`;
const api = (more = {}) => ({ identifier: identifierOf(), scopes: { read: 'Read', write: 'Write' }, ...more });

/** What no API may be: `[member, document]`. */
const INVALID = [
  ['identifier', { identifier: undefined }],
  ['identifier', { identifier: '' }],
  ['identifier', { identifier: 7 }],
  ['identifier', { identifier: 'ä' }],
  ['identifier', { identifier: 'x'.repeat(256) }],
  ['identifier', { identifier: ISSUER }],
  ['identifier', { identifier: `${ISSUER}/` }],
  ['aliases', { aliases: 'https://a.example' }],
  ['aliases', { aliases: [''] }],
  ['aliases', { aliases: [7] }],
  ['identifier, aliases', { aliases: [ISSUER] }],
  ['identifier, aliases', { aliases: [`${ISSUER}/`] }],
  ['name', { name: 7 }],
  ['scopes', { scopes: ['read'] }],
  ['scopes', { scopes: { read: 7 } }],
  ['scopes', { scopes: { 're ad': 'Read' } }],
  ['scopes', { scopes: { '': 'Read' } }],
  ['scopes', { scopes: { 'a"b': 'Read' } }],
  ['scopes', { scopes: { 'jeton:clients': 'Manage' } }],
  ['scopes', { scopes: { 'jeton:': 'Manage' } }],
  ['scopes', { scopes: { openid: 'Log in' } }],
  ['scopes', { scopes: { offline_access: 'Stay' } }],
  ['access_token_lifetime', { access_token_lifetime: 0 }],
  ['access_token_lifetime', { access_token_lifetime: 30 * 24 * 3600 }],
  ['access_token_lifetime', { access_token_lifetime: '60' }],
  ['access_token_format', { access_token_format: 'paseto' }],
  ['access_token_signed_response_alg', { access_token_signed_response_alg: 'HS256' }],
  ['access_token_signed_response_alg', { access_token_signed_response_alg: 'RS256' }],
  ['client_claims', { client_claims: { sub: 'x' } }],
  ['client_claims', { client_claims: ['x'] }],
  ['client_claims', { client_claims: { big: 'x'.repeat(5000) } }],
  ['client_claims_from', { client_claims_from: { name: 'client_secret' } }],
  ['client_claims_from', { client_claims_from: { name: 'labels' } }],
  ['client_claims_from', { client_claims_from: { name: 'labels.' } }],
  ['client_claims_from', { client_claims_from: { iss: 'client_name' } }],
  ['client_claims_from', { client_claims_from: ['client_name'] }],
  ['introspection_clients', { introspection_clients: 'x' }],
  ['introspection_clients', { introspection_clients: ['ä'] }],
  ['introspection_clients', { introspection_clients: [''] }],
  ['self_registered_clients', { self_registered_clients: 'yes' }],
  ['disabled', { disabled: 'no' }],
  ['scope: no such member', { scope: 'read' }],
  ['audience: no such member', { audience: 'x' }],
];

describe('what no API may be', { concurrency: 8 }, () => {
  for (const [member, more] of INVALID) {
    test(`${JSON.stringify(more).slice(0, 90)}: invalid_document, and it says which member`, async () => {
      const by = await management();
      isRefused(await by.apis.create(api(more)), 400, 'invalid_document', member);
      if ('identifier' in more) return;
      const document = api();
      const etag = etagOf(await by.apis.create(document));
      const [{ id }] = await by.apis.all({ identifier: document.identifier });
      isRefused(await by.apis.replace(id, { ...document, ...more }, etag), 400, 'invalid_document', member);
      isRefused(await by.apis.patch(id, more), 400, 'invalid_document', member);
      assert.equal(etagOf(await by.apis.read(id)), etag);
    });
  }
});

describe('an API', { concurrency: 8 }, () => {
  test('what it is made with is what it has', async () => {
    const by = await management();
    const document = api({
      aliases: ['urn:example:orders', 'https://orders.internal'],
      name: 'Orders',
      access_token_lifetime: 600,
      access_token_format: 'opaque',
      access_token_signed_response_alg: 'ES256',
      client_claims: { tenant: 'blue', deep: { a: [1] } },
      client_claims_from: { client_name: 'client_name', team: 'labels.team' },
      introspection_clients: ['jc_somebody'],
      self_registered_clients: true,
      disabled: false,
    });
    document.aliases = document.aliases.map((alias) => `${alias}${newId('/')}`);
    assert.deepEqual(succeeded(await by.apis.create(document), 201), document);
    const [item, ...others] = await by.apis.all({ identifier: document.identifier });
    assert.deepEqual(others, []);
    assert.deepEqual(item.document, document);
  });

  test('it is found by its identifier, and by no other', async () => {
    const by = await management();
    const document = api({ aliases: [`urn:${newId('alias')}`] });
    const etag = etagOf(await by.apis.create(document));
    const [item] = await by.apis.all({ identifier: document.identifier });
    assert.deepEqual([item.etag, item.document.identifier], [etag, document.identifier]);
    assert.deepEqual(await by.apis.all({ identifier: `${document.identifier}.other` }), []);
  });

  test('its scopes and aliases are patched one by one, and as a whole', async () => {
    const by = await management();
    const document = api({ aliases: [`urn:${newId('a')}`, `urn:${newId('b')}`] });
    succeeded(await by.apis.create(document), 201);
    const [{ id }] = await by.apis.all({ identifier: document.identifier });
    const aliases = [`urn:${newId('c')}`];
    const patched = succeeded(await by.apis.patch(id, { aliases, scopes: { write: null, admin: 'Everything' } }));
    assert.deepEqual(patched, { ...document, aliases, scopes: { read: 'Read', admin: 'Everything' } });
  });

  test('with and without a final slash it is one', async () => {
    const by = await management();
    const document = api();
    succeeded(await by.apis.create(document), 201);
    const slash = { ...document, identifier: `${document.identifier}/` };
    isRefused(await by.apis.create(slash), 409, 'already_exists');
  });
});

describe('an API as it is now', { skip: unless.startable }, () => {
  test('what holds of it', async (t) => {
    const on = await startFor(t, { changes: { JETON_REGISTRY_MAX_AGE: '0' } });
    const by = await management({ on });
    const withClient = async (more = {}) => {
      const document = api(more);
      const { identifier } = document;
      succeeded(await by.apis.create(document), 201);
      const [{ id }] = await by.apis.all({ identifier });
      const client = await made(
        by,
        machine({ apis: [{ identifier, scope: 'read write' }], scope: undefined, audiences: undefined }),
      );
      const token = (form = {}) => clientCredentials(client, { resource: identifier, ...form }, { on });
      return { id, document, client, token };
    };
    const rows = {
      'made and named by a client, it is granted at once': async () => {
        const { token, document } = await withClient();
        const { payload } = await isToken(await token(), { audience: document.identifier }, on);
        assert.equal(payload.scope, 'read write');
      },
      'a scope that is gone from it is granted to nobody, and comes back with it': async () => {
        const { id, token } = await withClient();
        succeeded(await by.apis.patch(id, { scopes: { write: null } }));
        assert.equal((await isToken(await token(), {}, on)).payload.scope, 'read');
        isError(await token({ scope: 'write' }), 400, 'invalid_scope');
        succeeded(await by.apis.patch(id, { scopes: { write: 'Write' } }));
        assert.equal((await isToken(await token(), {}, on)).payload.scope, 'read write');
      },
      'one that is disabled is no target, until it is enabled': async () => {
        const { id, token } = await withClient();
        succeeded(await by.apis.patch(id, { disabled: true }));
        isError(await token(), 400, 'invalid_target');
        succeeded(await by.apis.patch(id, { disabled: null }));
        await isToken(await token(), {}, on);
      },
      'one that is removed is no target, and may be made again': async () => {
        const { id, document, token } = await withClient();
        succeeded(await by.apis.remove(id), 204);
        isError(await token(), 400, 'invalid_target');
        succeeded(await by.apis.create(document), 201);
        await isToken(await token(), {}, on);
      },
      'its tokens are as it says': async () => {
        const { id, token } = await withClient();
        succeeded(await by.apis.patch(id, { access_token_lifetime: 77, client_claims: { tenant: 'green' } }));
        const { body, payload } = await isToken(await token(), {}, on);
        assert.deepEqual([body.expires_in, payload.tenant], [77, 'green']);
        succeeded(await by.apis.patch(id, { access_token_format: 'opaque' }));
        assert.match((await token()).json().access_token, /^jat_/);
      },
    };
    await Promise.all(Object.entries(rows).map(([name, row]) => t.test(name, row)));
  });
});
