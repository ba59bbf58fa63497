// APIs (resource servers): what of them a client is granted, and what their tokens are like.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apis, CLOSED, PARCELS, SALES, SEALED, several, URN } from '../support/apis.mjs';
import { TOKEN_EXCHANGE } from '../support/assertion-clients.mjs';
import { isError, isToken } from '../support/check.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import { arrival, authorize, introspect, loggedIn, postAs, refresh, refreshed, requestOf } from '../support/flow.mjs';
import { logged } from '../support/log.mjs';
import { isRefused, machine, made, management, newId, succeeded } from '../support/management.mjs';
import { clientCredentials, refusal, startFor, unless } from '../support/target.mjs';
import { claimsOf, generationOf } from '../support/tokens.mjs';
import { Browser } from '../support/user-agent.mjs';

const { seller, outspoken, mixed, unscopedSeller, strandedSeller, shopFront, salesGateway, otherGateway, broker, m2m } =
  clients;

const OF_SALES = 'common sales:read sales:write shared';

describe('RFC 8707: what a client is granted of its APIs', { concurrency: 8 }, () => {
  /** What a machine asks for and gets: `[what, client, form, { scope, aud }]`. */
  const granted = [
    ['nothing named: the first of its APIs, with all that stands in both', seller, {}, { aud: SALES, scope: OF_SALES }],
    ['an API', seller, { resource: PARCELS }, { aud: PARCELS, scope: 'common parcels:track' }],
    ['an API that is no URL', seller, { resource: URN }, { aud: URN, scope: 'common ledger:read' }],
    ['by audience', seller, { audience: URN }, { aud: URN, scope: 'common ledger:read' }],
    ['a part of its scope', seller, { resource: SALES, scope: 'sales:write' }, { aud: SALES, scope: 'sales:write' }],
    ['the client’s own scope alone', seller, { resource: SALES, scope: 'common' }, { aud: SALES, scope: 'common' }],
    [
      'several, with the scopes of all',
      seller,
      several(PARCELS, SALES),
      { aud: [PARCELS, SALES], scope: 'common sales:read sales:write shared parcels:track' },
    ],
    [
      'several, with a scope of each',
      seller,
      [...several(SALES, PARCELS), ['scope', 'parcels:track sales:read']],
      { aud: [SALES, PARCELS], scope: 'parcels:track sales:read' },
    ],
    ['an alias: the identifier as registered', seller, { resource: 'urn:example:sales' }, { aud: SALES }],
    ['another alias', seller, { audience: 'https://sales.internal/api' }, { aud: SALES }],
    ['a slash more', seller, { resource: `${SALES}/` }, { aud: SALES }],
    ['a slash less', seller, { resource: PARCELS.slice(0, -1) }, { aud: PARCELS }],
    ['an alias with a slash more', seller, { resource: 'https://sales.internal/api/' }, { aud: SALES }],
    ['one API by all its names: it is one', seller, several(SALES, `${SALES}/`, 'urn:example:sales'), { aud: SALES }],
    ['an audience goes before APIs', mixed, {}, { aud: 'https://api.example/', scope: 'read' }],
    ['a plain audience with a slash less', mixed, { resource: 'https://api.example' }, { aud: 'https://api.example/' }],
    [
      'a plain audience with a slash more',
      m2m,
      { resource: 'https://other.example/' },
      { aud: 'https://other.example' },
    ],
    ['an API beside audiences', mixed, { resource: SALES }, { aud: SALES, scope: 'read sales:read' }],
    [
      'an API and an audience',
      mixed,
      several('urn:example:third', SALES),
      { aud: ['urn:example:third', SALES], scope: 'read sales:read' },
    ],
    ['no scope of it', unscopedSeller, {}, { aud: SALES, scope: undefined }],
  ];
  for (const [what, client, form, { aud, scope }] of granted) {
    test(what, async () => {
      const { payload } = await isToken(await clientCredentials(client, form), { audience: [aud].flat()[0] });
      assert.deepEqual(payload.aud, aud);
      if (scope !== undefined || client === unscopedSeller) assert.equal(payload.scope, scope);
    });
  }

  /** What a machine asks for and does not get: `[what, client, form, error]`. */
  const refused = [
    ['a scope that the API does not have', seller, { scope: 'sales:of-nobody' }, 'invalid_scope'],
    ['a scope that the client does not name', outspoken, { scope: 'sales:write' }, 'invalid_scope'],
    ['a scope of another API of its own', seller, { resource: SALES, scope: 'parcels:track' }, 'invalid_scope'],
    ['one of several of another API', seller, { resource: SALES, scope: 'sales:read parcels:track' }, 'invalid_scope'],
    ['a scope of another API, with nothing named', seller, { scope: 'parcels:track' }, 'invalid_scope'],
    ['a scope of an API at an audience', mixed, { scope: 'sales:read' }, 'invalid_scope'],
    ['a scope that it names at one API, of another', seller, { resource: PARCELS, scope: 'shared' }, 'invalid_scope'],
    ['an API that is disabled', seller, { resource: CLOSED }, 'invalid_target'],
    ['an API that nobody registered', seller, { resource: 'https://unregistered.example' }, 'invalid_target'],
    ['an API that it does not name', mixed, { resource: PARCELS }, 'invalid_target'],
    ['one of several that it does not name', mixed, several(SALES, PARCELS), 'invalid_target'],
    ['an alias of an API that it does not name', m2m, { resource: 'urn:example:sales' }, 'invalid_target'],
    ['two slashes more', seller, { resource: `${SALES}//` }, 'invalid_target'],
    ['the host in capitals', seller, { resource: 'https://SALES.example' }, 'invalid_target'],
    ['the port that is meant', seller, { resource: 'https://sales.example:443' }, 'invalid_target'],
    ['a path beneath it', seller, { resource: `${SALES}/orders` }, 'invalid_target'],
    ['what begins like it', seller, { resource: `${SALES}.evil.example` }, 'invalid_target'],
    ['a slash after what is no URL', seller, { resource: `${URN}/` }, 'invalid_target'],
    ['a slash after a plain audience that is no URL', m2m, { resource: 'urn:example:third/' }, 'invalid_target'],
    ['the issuer', seller, { resource: ISSUER }, 'invalid_target'],
    ['nothing named, and no API is there', strandedSeller, {}, 'invalid_target'],
    ['its own scope, and no API is there', strandedSeller, { scope: 'common' }, 'invalid_target'],
  ];
  for (const [what, client, form, error] of refused) {
    test(`${what}: ${error}`, async () => {
      isError(await clientCredentials(client, form), 400, error);
    });
  }

  test('a login and a device are for the same, and are told the same', async () => {
    const tokens = await loggedIn(shopFront, { scope: 'openid offline_access sales:read', resource: SALES });
    assert.equal(tokens.scope, 'openid offline_access sales:read');
    assert.deepEqual(claimsOf(tokens.access_token).aud, SALES);
    const plain = await loggedIn(shopFront, { scope: 'openid offline_access shared' });
    assert.deepEqual(claimsOf(plain.access_token).aud, [SALES, ISSUER]);
    const aliased = await loggedIn(shopFront, { scope: 'openid parcels:track', resource: PARCELS.slice(0, -1) });
    assert.equal(claimsOf(aliased.access_token).aud, PARCELS);
    for (const [form, error] of [
      [{ scope: 'openid parcels:track', resource: SALES }, 'invalid_scope'],
      [{ scope: 'openid sales:of-nobody', resource: SALES }, 'invalid_scope'],
      [{ scope: 'openid', resource: CLOSED }, 'invalid_target'],
      [{ scope: 'openid', resource: 'https://sales.example//' }, 'invalid_target'],
    ]) {
      const { params } = arrival(await authorize(new Browser(), requestOf(shopFront, form)));
      assert.equal(params.error, error, JSON.stringify(form));
      isError(await postAs(shopFront, '/device_authorization', form), 400, error);
    }
    assert.equal(
      (await postAs(shopFront, '/device_authorization', { scope: 'parcels:track', resource: PARCELS })).status,
      200,
    );
  });

  test('RFC 6749 §6, RFC 8707 §2.2: a refresh narrows to an API and its scope, by any of its names', async () => {
    const { refresh_token } = await loggedIn(shopFront, {
      scope: 'openid offline_access sales:read sales:write parcels:track',
      resource: [SALES, PARCELS],
    });
    const sales = await refreshed(shopFront, refresh_token, { resource: `${SALES}/` });
    assert.equal(claimsOf(sales.access_token).aud, SALES);
    assert.equal(sales.scope, 'openid offline_access sales:read sales:write');
    assert.equal(claimsOf(sales.access_token).scope, sales.scope);
    const form = { resource: PARCELS, scope: 'parcels:track' };
    const parcels = await refreshed(shopFront, sales.refresh_token, form);
    assert.deepEqual([claimsOf(parcels.access_token).aud, parcels.scope], [PARCELS, 'parcels:track']);
    const all = await refreshed(shopFront, parcels.refresh_token);
    assert.deepEqual(claimsOf(all.access_token).aud, [SALES, PARCELS], 'a narrower token narrows no grant');
    assert.equal(all.scope, 'openid offline_access sales:read sales:write parcels:track');
  });

  test('RFC 6749 §6: what a refresh may not ask for moves nothing', async () => {
    const { refresh_token } = await loggedIn(shopFront, {
      scope: 'offline_access sales:read parcels:track',
      resource: [SALES, PARCELS],
    });
    for (const [form, error] of [
      [{ resource: SALES, scope: 'parcels:track' }, 'invalid_scope'],
      [{ resource: PARCELS, scope: 'sales:read' }, 'invalid_scope'],
      [{ scope: 'sales:write' }, 'invalid_scope'],
      [{ resource: SEALED }, 'invalid_target'],
      [{ resource: CLOSED }, 'invalid_target'],
    ]) {
      isError(await refresh(shopFront, refresh_token, form), 400, error);
    }
    const next = await refreshed(shopFront, refresh_token);
    assert.equal(generationOf(next.refresh_token), 2);
  });

  test('RFC 8693: a token of one API is exchanged for that API’s scope, and for no other', async () => {
    const given = (await clientCredentials(broker, several(SALES, PARCELS))).json();
    const exchange = (form) =>
      postAs(broker, '/token', {
        grant_type: TOKEN_EXCHANGE,
        subject_token: given.access_token,
        subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
        ...form,
      });
    const { payload } = await isToken(await exchange({ resource: `${SALES}/` }), { audience: SALES });
    assert.equal(payload.scope, 'sales:read shared');
    isError(await exchange({ resource: SALES, scope: 'parcels:track' }), 400, 'invalid_scope');
    const narrow = (await clientCredentials(broker, { resource: SALES })).json().access_token;
    isError(await exchange({ subject_token: narrow, resource: PARCELS }), 400, 'invalid_target');
  });
});

describe('what a token of an API is like', { concurrency: 8 }, () => {
  test('its lifetime is the least of what its APIs and its client say', async () => {
    for (const [client, form, lifetime] of [
      [seller, { resource: SALES }, 120],
      [seller, { resource: PARCELS }, 90],
      [seller, several(SALES, PARCELS), 90],
      [seller, { resource: URN }, 200],
      [mixed, {}, undefined],
      [mixed, { resource: SALES }, 120],
    ]) {
      const { body } = await isToken(await clientCredentials(client, form));
      if (lifetime !== undefined) assert.equal(body.expires_in, lifetime, JSON.stringify(form));
      else assert.ok(body.expires_in > 200);
    }
    const own = (await clientCredentials(outspoken, { resource: SALES })).json();
    assert.equal(own.expires_in, 30);
    const { access_token } = await loggedIn(shopFront, { scope: 'openid parcels:track', resource: PARCELS });
    const { exp, iat } = claimsOf(access_token);
    assert.equal(exp - iat, 90, 'of a person too');
  });

  test('its format is the API’s: opaque where one of several wants it so', async () => {
    for (const [client, form, format] of [
      [seller, { resource: SEALED }, /^jat_/],
      [seller, several(SALES, SEALED), /^jat_/],
      [seller, { resource: SALES }, /^eyJ/],
      [outspoken, { resource: SALES }, /^jat_/],
    ]) {
      const response = await clientCredentials(client, form);
      assert.equal(response.status, 200, response.text);
      assert.match(response.json().access_token, format, JSON.stringify(form));
    }
    const { access_token } = await loggedIn(shopFront, { scope: 'openid sealed:open', resource: [SEALED, ISSUER] });
    assert.match(access_token, /^jat_/);
  });

  test('an API’s format goes before its client’s, and its algorithm too', { skip: unless.startable }, async (t) => {
    const of = (identifier, more) => ({ identifier, scopes: {}, ...more });
    const JWT = 'https://jwt.example';
    const EDDSA = 'https://eddsa.example';
    const client = {
      ...outspoken,
      apis: [JWT, EDDSA, PARCELS].map((identifier) => ({ identifier, scope: '' })),
      access_token_signed_response_alg: 'ES256',
    };
    const changes = {
      JETON_SIGNING_ALGS: 'ES256 EdDSA',
      clients: [client],
      apis: [
        of(JWT, { access_token_format: 'jwt' }),
        of(EDDSA, { access_token_format: 'jwt', access_token_signed_response_alg: 'EdDSA' }),
        of(PARCELS),
      ],
    };
    const on = await startFor(t, { changes });
    for (const [resource, alg] of [
      [JWT, 'ES256'],
      [EDDSA, 'EdDSA'],
    ]) {
      const { header } = await isToken(await clientCredentials(client, { resource }, { on }), {}, on);
      assert.equal(header.alg, alg);
    }
    assert.match((await clientCredentials(client, { resource: PARCELS }, { on })).json().access_token, /^jat_/);
  });

  const SAID = { customer: 'Seller', site: 'https://seller.example', team: 'blue', release: '2.1' };
  test('a machine’s token says what its API says, and of its client what the API asks for', async () => {
    const says = async (client, form) => {
      const { payload } = await isToken(await clientCredentials(client, form));
      const { iss, sub, aud, client_id, iat, exp, jti, scope, ...rest } = payload;
      assert.deepEqual([iss, sub, client_id], [ISSUER, client.client_id, client.client_id]);
      return rest;
    };
    assert.deepEqual(await says(seller, { resource: SALES }), {
      tenant: 'of sales',
      region: { name: 'north' },
      ...SAID,
    });
    assert.deepEqual(await says(seller, { resource: PARCELS }), { tenant: 'of parcels', carrier: 'post' });
    assert.deepEqual(await says(seller, { resource: URN }), {});
    const both = await says(seller, several(PARCELS, SALES));
    assert.deepEqual(both, {}, 'one for several says nothing that one of them could take for its own');
    assert.deepEqual(await says(mixed, { resource: SALES }), { tenant: 'of sales', region: { name: 'north' } });
    assert.deepEqual(await says(mixed, {}), {});
  });

  test('what its client says of itself goes before that', async () => {
    const { access_token } = (await clientCredentials(outspoken, { resource: SALES })).json();
    const said = (await introspect(outspoken, access_token)).json();
    assert.deepEqual([said.tenant, said.customer, said.region], ['its own', 'itself', { name: 'north' }]);
  });

  test('a person’s token says none of it', async () => {
    const { access_token } = await loggedIn(shopFront, { scope: 'openid sales:read', resource: SALES });
    for (const name of ['tenant', 'region', ...Object.keys(SAID)]) assert.ok(!(name in claimsOf(access_token)), name);
  });
});

describe('RFC 7662: who may look at a token of an API', { concurrency: 8 }, () => {
  const look = async (caller, token, on) => (await introspect(caller, token, { on })).json();

  test('§2.1: its client, and whom the API names: one that is no audience itself', async () => {
    const { access_token } = (await clientCredentials(seller, { resource: SALES })).json();
    assert.deepEqual(await look(salesGateway, access_token), await look(seller, access_token));
    assert.equal((await look(salesGateway, access_token)).scope, OF_SALES);
    assert.deepEqual(await look(otherGateway, access_token), { active: false });
    const both = (await clientCredentials(seller, several(SALES, PARCELS))).json().access_token;
    assert.equal((await look(salesGateway, both)).active, true);
    const person = await loggedIn(shopFront, { scope: 'openid sales:read', resource: SALES });
    assert.equal((await look(salesGateway, person.access_token)).sub, 'alice');
  });

  test('§4: a token of another API it may not', async () => {
    const { access_token } = (await clientCredentials(seller, { resource: PARCELS })).json();
    assert.deepEqual(await look(salesGateway, access_token), { active: false });
    const { refresh_token } = await loggedIn(shopFront, { scope: 'offline_access sales:read', resource: SALES });
    assert.deepEqual(await look(salesGateway, refresh_token), { active: false }, 'nor anybody’s refresh token');
  });

  test('the log says why a look was refused, and the answer does not', { skip: unless.startable }, async (t) => {
    const on = await startFor(t);
    const { access_token } = (await clientCredentials(seller, { resource: SALES }, { on })).json();
    const refused = await introspect(otherGateway, access_token, { on });
    assert.equal(refused.text, '{"active":false}');
    const line = await logged(on, '"introspect"', 'other-gateway');
    assert.match(JSON.parse(line).detail ?? '', /may introspect for its API/, line);
  });
});

describe('rights at an API, as they are now', { skip: unless.startable }, () => {
  test('rights that have gone since', async (t) => {
    const on = await startFor(t, { changes: { JETON_REGISTRY_MAX_AGE: '0' } });
    const by = await management({ on });
    const scopes = { read: 'Read', write: 'Write' };
    /** Two APIs, an application of both, and what it was granted. */
    const standing = async ({ form = {}, ...more } = {}) => {
      const [first, second] = [`https://${newId('a')}.example`, `https://${newId('b')}.example`];
      const ids = [];
      for (const identifier of [first, second]) {
        succeeded(await by.apis.create({ identifier, scopes, introspection_clients: ['sales-gateway'] }), 201);
        ids.push((await by.apis.all({ identifier }))[0].id);
      }
      const client = await made(by, {
        redirect_uris: ['https://app.example/cb'],
        grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
        scope: 'offline_access',
        apis: [first, second].map((identifier) => ({ identifier, scope: 'read write' })),
        ...more,
      });
      const granted = { scope: 'offline_access read write', resource: [first, second], ...form };
      return { first, second, ids, client, ...(await loggedIn(client, granted, { on })) };
    };
    const shown = async (client, token) => (await introspect(client, token, { on })).json();
    const rows = {
      'a scope that went from the API': async () => {
        const { ids, client, refresh_token, access_token } = await standing();
        for (const id of ids) succeeded(await by.apis.patch(id, { scopes: { write: null } }));
        assert.equal((await shown(client, access_token)).scope, 'offline_access read');
        isError(await refresh(client, refresh_token, { scope: 'write' }, { on }), 400, 'invalid_scope');
        const less = await refreshed(client, refresh_token, {}, { on });
        assert.equal(less.scope, 'offline_access read');
        for (const id of ids) succeeded(await by.apis.patch(id, { scopes }));
        assert.equal((await refreshed(client, less.refresh_token, {}, { on })).scope, 'offline_access read write');
        assert.equal((await shown(client, access_token)).scope, 'offline_access read write');
      },
      'a scope that went from the client': async () => {
        const { first, second, client, refresh_token, access_token } = await standing();
        const only = [first, second].map((identifier) => ({ identifier, scope: 'read' }));
        succeeded(await by.clients.patch(client.client_id, { apis: only }));
        assert.equal((await shown(client, access_token)).scope, 'offline_access read');
        assert.equal((await refreshed(client, refresh_token, {}, { on })).scope, 'offline_access read');
      },
      'an API that went from the client': async () => {
        const { first, second, client, refresh_token, access_token } = await standing();
        succeeded(await by.clients.patch(client.client_id, { apis: [{ identifier: second, scope: 'read' }] }));
        const { aud, scope } = await shown(client, access_token);
        assert.deepEqual([aud, scope], [second, 'offline_access read']);
        isError(await refresh(client, refresh_token, { resource: first }, { on }), 400, 'invalid_target');
        const less = await refreshed(client, refresh_token, {}, { on });
        assert.deepEqual([claimsOf(less.access_token).aud, less.scope], [second, 'offline_access read']);
      },
      'an API that was disabled, or removed': async () => {
        for (const end of [(id) => by.apis.patch(id, { disabled: true }), (id) => by.apis.remove(id)]) {
          const { first, second, ids, client, refresh_token, access_token } = await standing();
          const gone = (await clientCredentials(client, { resource: first }, { on })).json().access_token;
          assert.equal((await shown(salesGateway, gone)).active, true);
          assert.ok((await end(ids[0])).status < 300);
          assert.equal((await shown(client, access_token)).aud, second);
          for (const caller of [client, salesGateway]) assert.deepEqual(await shown(caller, gone), { active: false });
          const less = await refreshed(client, refresh_token, {}, { on });
          assert.equal(claimsOf(less.access_token).aud, second);
          isError(await clientCredentials(client, { resource: first }, { on }), 400, 'invalid_target');
          assert.ok((await end(ids[1])).status < 300);
          assert.deepEqual(await shown(client, access_token), { active: false });
          isError(await refresh(client, less.refresh_token, {}, { on }), 400, 'invalid_target');
        }
      },
      'who may introspect': async () => {
        const { first, ids, client } = await standing();
        const token = (await clientCredentials(client, { resource: first }, { on })).json().access_token;
        assert.equal((await shown(salesGateway, token)).active, true);
        succeeded(await by.apis.patch(ids[0], { introspection_clients: null }));
        assert.deepEqual(await shown(salesGateway, token), { active: false });
      },
      'what its tokens said of its client': async () => {
        const { first, ids, client } = await standing({ labels: { team: 'a' } });
        succeeded(
          await by.apis.patch(ids[0], { client_claims: { tenant: 'x' }, client_claims_from: { team: 'labels.team' } }),
        );
        const token = (await clientCredentials(client, { resource: first }, { on })).json().access_token;
        assert.deepEqual([claimsOf(token).tenant, claimsOf(token).team], ['x', 'a']);
        succeeded(await by.clients.patch(client.client_id, { labels: { team: 'b' } }));
        const after = await shown(client, token);
        assert.deepEqual([after.tenant, after.team], ['x', undefined], 'what is not true any more is not shown');
        const next = (await clientCredentials(client, { resource: first }, { on })).json().access_token;
        assert.equal(claimsOf(next).team, 'b');
      },
      'a registered API beside one of the configuration': async () => {
        const identifier = `https://${newId('a')}.example`;
        succeeded(await by.apis.create({ identifier, scopes }), 201);
        const client = await made(
          by,
          machine({
            scope: undefined,
            audiences: undefined,
            apis: [
              { identifier: SALES, scope: 'sales:read' },
              { identifier, scope: 'read' },
            ],
          }),
        );
        const { payload } = await isToken(await clientCredentials(client, several(SALES, identifier), { on }), {}, on);
        assert.deepEqual([payload.aud, payload.scope], [[SALES, identifier], 'sales:read read']);
      },
      'a configured client of a registered API': async () => {
        const identifier = 'https://unregistered.example';
        succeeded(await by.apis.create({ identifier, scopes: { 'unregistered:open': 'Open' } }), 201);
        const { payload } = await isToken(await clientCredentials(seller, { resource: identifier }, { on }), {}, on);
        assert.deepEqual([payload.aud, payload.scope], [identifier, 'common unregistered:open']);
      },
    };
    await Promise.all(Object.entries(rows).map(([name, row]) => t.test(name, row)));
  });
});

test('APIs of the configuration are neither listed nor changed: 409 already_exists', {
  skip: unless.configured,
}, async () => {
  const by = await management();
  for (const { identifier, aliases = [], scopes } of apis) {
    assert.deepEqual(await by.apis.all({ identifier }), []);
    for (const name of [identifier, `${SALES}/`, ...aliases]) {
      isRefused(await by.apis.create({ identifier: name, scopes }), 409, 'already_exists');
    }
    const other = { identifier: `https://${newId('api')}.example`, aliases: [identifier], scopes };
    isRefused(await by.apis.create(other), 409, 'already_exists');
  }
});

describe('JETON_APIS', { skip: unless.startable }, () => {
  for (const [what, value, said] of [
    ['no JSON', '{', 'JETON_APIS'],
    ['no list', '{}', 'JETON_APIS'],
    ['an API without a name', [{ scopes: {} }], '[0].identifier: expected a value'],
    ['the issuer', [{ identifier: ISSUER }], 'identifier'],
    ['a scope of the server’s own', [{ identifier: SALES, scopes: { 'jeton:clients': 'Manage' } }], 'scopes'],
    ['a member that nobody knows', [{ identifier: SALES, scope: 'a' }], '[0].scope: no such member'],
    ['the same twice', [{ identifier: SALES }, { identifier: `${SALES}/` }], SALES],
    ['an alias of another', [{ identifier: SALES }, { identifier: URN, aliases: [SALES] }], SALES],
    [
      'an algorithm that it does not sign by',
      [{ identifier: SALES, access_token_signed_response_alg: 'RS256' }],
      'RS256',
    ],
  ]) {
    test(`${what} is refused at start`, async () => {
      const changes = typeof value === 'string' ? { JETON_APIS: value } : { apis: value };
      const text = await refusal(changes);
      assert.ok(text.includes(said), text);
    });
  }
});
