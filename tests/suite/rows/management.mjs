// The management interface: who may, and how it is spoken to. What it does to each kind of document is in
// the files beside this one.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { TOKEN_EXCHANGE } from '../support/assertion-clients.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import { loggedIn, now, postAs, revoke, sleep } from '../support/flow.mjs';
import { basic, FORM } from '../support/http.mjs';
import {
  etagOf,
  isChallenged,
  isForbidden,
  isRefused,
  kinds,
  machine,
  made,
  manage,
  management,
  SCOPES,
  succeeded,
  tokenFor,
} from '../support/management.mjs';
import { clientCredentials, startFor, unless } from '../support/target.mjs';

const { manager, opaqueManager, briefManager, exchangingManager, managingApp } = clients;

const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';

describe('RFC 6750: who may manage', { concurrency: 8 }, () => {
  for (const { kind } of kinds) {
    const { read, write } = SCOPES[kind];

    test(`§3: ${kind} without a token: the challenge says how to bring one`, async () => {
      isChallenged(await manage('GET', kind));
      isChallenged(await manage('POST', kind, { body: {} }));
      for (const method of ['GET', 'PUT', 'PATCH', 'DELETE']) {
        isChallenged(await manage(method, `${kind}/x`, { body: '{}' }));
      }
    });

    test(`§3.1: ${kind} with a token of another scope: insufficient_scope, with the least that would do`, async () => {
      const others = ['read', ...Object.keys(SCOPES).flatMap((other) => (other === kind ? [] : [SCOPES[other].write]))];
      const token = await tokenFor(others.join(' '));
      isForbidden(await manage('GET', kind, { token }), read);
      isForbidden(await manage('POST', kind, { token, body: {} }), write);
      for (const method of ['PUT', 'PATCH', 'DELETE']) {
        const refused = await manage(method, `${kind}/x`, { token, body: '{}' });
        isForbidden(refused, write);
      }
    });

    test(`${kind} with exactly its scope`, async () => {
      const token = await tokenFor(write);
      assert.equal((await manage('GET', kind, { token })).status, 200);
      isRefused(await manage('GET', `${kind}/nothing`, { token }), 404, 'not_found');
    });
  }

  test('jeton:clients:read reads, and writes nothing', async () => {
    const by = await management({ scope: 'jeton:clients:read' });
    const full = await management();
    const { client_id } = await made(full);
    succeeded(await by.clients.list());
    const etag = etagOf(await by.clients.read(client_id));
    const document = kinds[0].fresh();
    for (const refused of [
      await by.clients.create(document),
      await by.clients.put(document.client_id, document),
      await by.clients.replace(client_id, document, etag),
      await by.clients.patch(client_id, { client_name: 'x' }),
      await by.clients.remove(client_id),
    ]) {
      isForbidden(refused, 'jeton:clients');
    }
    assert.equal(etagOf(await by.clients.read(client_id)), etag);
    isRefused(await full.clients.read(document.client_id), 404, 'not_found');
  });

  test('a token in another format is a token', async () => {
    const token = await tokenFor('jeton:clients', { client: opaqueManager });
    assert.match(token, /^jat_/);
    assert.equal((await manage('GET', 'clients', { token })).status, 200);
  });

  test('RFC 9110 §11.1: the scheme in any letters', async () => {
    const token = await tokenFor('jeton:clients');
    const response = await manage('GET', 'clients', { headers: { authorization: `bEARER ${token}` } });
    assert.equal(response.status, 200, response.text);
  });

  test('RFC 8707: a token for others: invalid_token; one for others besides is good', async () => {
    const scope = 'jeton:clients';
    const token = await tokenFor(scope, { resource: 'https://api.example' });
    isChallenged(await manage('GET', 'clients', { token }), 'invalid_token');
    const form = [
      ['scope', scope],
      ['resource', 'https://api.example'],
      ['resource', ISSUER],
    ];
    const both = (await clientCredentials(manager, form)).json().access_token;
    assert.equal((await manage('GET', 'clients', { token: both })).status, 200);
  });

  /** Tokens that are of somebody else than a client itself: `[name, token]`. */
  const ofOthers = [
    ['of a person', async () => (await loggedIn(managingApp, { scope: 'openid jeton:clients' })).access_token],
    ['of a person, without openid', async () => (await loggedIn(managingApp, { scope: 'jeton:clients' })).access_token],
    [
      'of an exchange of its own token',
      async () => {
        const subject_token = await tokenFor('jeton:clients', { client: exchangingManager });
        const form = { grant_type: TOKEN_EXCHANGE, subject_token, subject_token_type: ACCESS_TOKEN };
        const response = await postAs(exchangingManager, '/token', form);
        assert.equal(response.status, 200, response.text);
        assert.equal(response.json().scope, 'jeton:clients');
        return response.json().access_token;
      },
    ],
  ];
  for (const [name, token] of ofOthers) {
    test(`a token ${name}: insufficient_scope, whatever its scope`, async () => {
      isForbidden(await manage('GET', 'clients', { token: await token() }));
    });
  }

  test('§3.1: what is no access token of ours: invalid_token', async () => {
    const token = await tokenFor('jeton:clients');
    const { id_token, refresh_token } = await loggedIn(managingApp, { scope: 'openid offline_access jeton:clients' });
    const [header, claims, signature] = token.split('.');
    const widened = Buffer.from(claims, 'base64url').toString().replace('jeton:clients', 'jeton:apis');
    for (const wrong of [
      'x',
      id_token,
      refresh_token,
      token.slice(0, -3),
      `${header}.${claims}.`,
      `${header}.${Buffer.from(widened).toString('base64url')}.${signature}`,
      manager.client_secret,
    ]) {
      isChallenged(await manage('GET', 'apis', { token: wrong }), 'invalid_token');
    }
  });

  test('§2: a token is in the header Authorization, and nowhere else', async () => {
    const token = await tokenFor('jeton:clients');
    const by = { authorization: basic(manager.client_id, manager.client_secret) };
    for (const refused of [
      await manage('GET', `clients?access_token=${token}`),
      await manage('GET', 'clients', { headers: by }),
      await manage('GET', 'clients', { headers: { authorization: token } }),
      await manage('GET', 'clients', { headers: { cookie: `access_token=${token}` } }),
      await manage('POST', 'clients', { body: `access_token=${token}`, headers: { 'content-type': FORM } }),
    ]) {
      isChallenged(refused);
    }
  });

  test('a token that has expired: invalid_token', async () => {
    const token = await tokenFor('jeton:clients', { client: briefManager });
    await sleep(1100);
    isChallenged(await manage('GET', 'clients', { token }), 'invalid_token');
  });

  test('a token that was revoked: invalid_token', async () => {
    const token = await tokenFor('jeton:clients');
    assert.equal((await manage('GET', 'clients', { token })).status, 200);
    assert.equal((await revoke(manager, token)).status, 200);
    isChallenged(await manage('GET', 'clients', { token }), 'invalid_token');
  });
});

describe('who may manage, as it is now', { skip: unless.startable }, () => {
  test('rights that have gone since', async (t) => {
    const on = await startFor(t, { changes: { JETON_REGISTRY_MAX_AGE: '0' } });
    const by = await management({ on });
    /** A client that manages clients, and its token. */
    const another = async (more = {}) => {
      const client = await made(by, machine({ scope: 'jeton:clients jeton:apis read', audiences: undefined, ...more }));
      return { client, token: await tokenFor('jeton:clients', { client, on }) };
    };
    const list = (token) => manage('GET', 'clients', { token, on });
    const isGone = async (token) => isChallenged(await list(token), 'invalid_token');
    const rows = {
      'the scope of its client: what is left decides, and it comes back with the registration': async () => {
        const { client } = await another();
        const token = await tokenFor('jeton:clients read', { client, on });
        succeeded(await list(token));
        succeeded(await by.clients.patch(client.client_id, { scope: 'jeton:apis read' }));
        isForbidden(await list(token), 'jeton:clients:read');
        isForbidden(await manage('POST', 'clients', { token, on, body: machine() }), 'jeton:clients');
        succeeded(await by.clients.patch(client.client_id, { scope: 'jeton:clients:read read' }));
        isForbidden(await list(token), 'jeton:clients:read');
        succeeded(await by.clients.patch(client.client_id, { scope: 'jeton:clients read' }));
        succeeded(await list(token));
      },
      'all of its scope: the token says nothing any more': async () => {
        const { client, token } = await another();
        succeeded(await by.clients.patch(client.client_id, { scope: 'read' }));
        await isGone(token);
      },
      'its grant type': async () => {
        const { client, token } = await another();
        succeeded(await by.clients.patch(client.client_id, { grant_types: [] }));
        await isGone(token);
      },
      'a client that is disabled': async () => {
        const { client, token } = await another();
        succeeded(await by.clients.patch(client.client_id, { disabled: true }));
        await isGone(token);
        succeeded(await by.clients.patch(client.client_id, { disabled: false }));
        succeeded(await list(token));
      },
      'a client whose time is over': async () => {
        const { client, token } = await another();
        succeeded(await by.clients.patch(client.client_id, { client_expires_at: now() }));
        await isGone(token);
      },
      'a client that is deleted': async () => {
        const { client, token } = await another();
        succeeded(await by.clients.remove(client.client_id), 204);
        await isGone(token);
      },
      'a client that was cut off': async () => {
        const { client, token } = await another();
        assert.equal((await postAs(clients.login, '/revoke_grants', { client: client.client_id }, { on })).status, 200);
        await isGone(token);
      },
    };
    await Promise.all(Object.entries(rows).map(([name, row]) => t.test(name, row)));
  });
});

describe('how the management interface is spoken to', { concurrency: 8 }, () => {
  const METHODS = {
    '': 'GET, HEAD, POST, OPTIONS',
    '/x': 'GET, HEAD, PUT, PATCH, DELETE, OPTIONS',
  };
  for (const { kind, scope, fresh, idOf } of kinds) {
    for (const [rest, allow] of Object.entries(METHODS)) {
      test(`RFC 9110 §15.5.6: ${kind}${rest}: other methods: 405 with Allow`, async () => {
        const token = await tokenFor(scope);
        for (const method of ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'PROPFIND']) {
          const response = await manage(method, `${kind}${rest}`, { token, body: method === 'GET' ? undefined : '{}' });
          if (allow.split(', ').includes(method)) {
            assert.notEqual(response.status, 405, method);
            continue;
          }
          isRefused(response, 405, 'invalid_request');
          assert.equal(response.headers.allow, allow);
        }
      });
    }

    test(`RFC 9110 §9.3.7: OPTIONS ${kind} needs no token`, async () => {
      for (const [rest, allow] of Object.entries(METHODS)) {
        const response = await manage('OPTIONS', `${kind}${rest}`);
        assert.equal(response.status, 204, response.text);
        assert.equal(response.headers.allow, allow);
      }
    });

    test(`RFC 9110 §9.3.2: HEAD ${kind} is GET without its body`, async () => {
      const by = await management();
      const document = fresh();
      succeeded(await by[kind].create(document), 201);
      for (const path of [kind, `${kind}/${encodeURIComponent(idOf(document))}`]) {
        const [head, whole] = [await by.ask('HEAD', path), await by.ask('GET', path)];
        assert.equal(head.status, 200);
        assert.equal(head.bytes.length, 0);
        assert.equal(head.headers.etag, whole.headers.etag);
        assert.equal(head.headers['content-type'], 'application/json');
      }
    });

    /** Bodies that are no document: `[name, body, headers]`. */
    const bodies = [
      ['nothing', ''],
      ['no JSON', '{'],
      ['a form', 'client_name=x'],
      ['JSON with something after it', '{} {}'],
      ['a list', '[]'],
      ['a text', '"x"'],
      ['a number', '1'],
      ['null', 'null'],
      ['not UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
      ['a surrogate alone', '{"name":"\\ud800"}'],
      ['a member twice', '{"disabled":true,"disabled":false}'],
      ['a member of a member twice', '{"client_claims":{"a":1,"a":2}}'],
      ['objects in objects without end', `${'{"a":'.repeat(5000)}1${'}'.repeat(5000)}`],
    ];
    for (const [name, body] of bodies) {
      test(`RFC 8259: ${kind}: a body that is ${name}: 400, and nothing is written`, async () => {
        const by = await management();
        const document = fresh();
        const etag = etagOf(await by[kind].create(document));
        const id = idOf(document);
        for (const refused of [
          await by[kind].ask('POST', undefined, { body }),
          await by[kind].ask('PUT', id, { body, headers: { 'if-match': etag } }),
          await by[kind].ask('PATCH', id, { body }),
        ]) {
          assert.equal(refused.status, 400, refused.text);
          assert.match(refused.json().error, /^invalid_(request|client_metadata|document)$/);
        }
        assert.equal(etagOf(await by[kind].read(id)), etag);
      });
    }

    test(`RFC 9110 §15.5.16: ${kind}: another content type: 415, and nothing is written`, async () => {
      const by = await management();
      const document = fresh();
      for (const type of [FORM, 'text/plain', 'text/json', 'application/jsonp', 'application/json-seq', '']) {
        const headers = { 'content-type': type };
        isRefused(await by[kind].create(document, headers), 415, 'invalid_request');
      }
      isRefused(await by[kind].read(idOf(document)), 404, 'not_found');
      const headers = { 'content-type': 'Application/JSON; charset=utf-8' };
      succeeded(await by[kind].create(document, headers), 201);
      const patched = await by[kind].ask('PATCH', idOf(document), {
        body: { disabled: true },
        headers: { 'content-type': 'application/merge-patch+json' },
      });
      succeeded(patched);
    });

    test(`${kind}: a body that is longer than 64 kB: 413, and nothing is written`, async () => {
      const by = await management();
      const document = { ...fresh(), padding: 'x'.repeat(65_536) };
      const response = await by[kind].create(document);
      isRefused(response, 413, 'invalid_request');
      isRefused(await by[kind].read(idOf(document)), 404, 'not_found');
    });
  }

  test('RFC 9110 §15.5.5: what is not there: 404', async () => {
    const token = await tokenFor('jeton:clients');
    for (const path of ['', 'client', 'Clients', 'clients/', 'clients/x/y', 'clients/x/secrets/y/z', 'apis/x/y']) {
      isRefused(await manage('GET', path, { token }), 404, 'not_found');
    }
  });

  test('Fetch §3.2: a page that has a token may do as much, and read what it needs for a change', async () => {
    const token = await tokenFor('jeton:clients');
    const origin = 'https://any.example';
    const preflight = await manage('OPTIONS', 'clients/x', {
      headers: {
        origin,
        'access-control-request-method': 'PATCH',
        'access-control-request-headers': 'authorization, content-type, if-match',
      },
    });
    assert.equal(preflight.status, 204);
    assert.match(preflight.headers['access-control-allow-methods'], /\bPATCH\b/);
    assert.match(preflight.headers['access-control-allow-headers'], /\bif-match\b/);
    for (const response of [
      await manage('POST', 'clients', { token, headers: { origin }, body: machine() }),
      await manage('GET', 'clients', { headers: { origin } }),
    ]) {
      assert.equal(response.headers['access-control-allow-origin'], '*');
      assert.equal(response.headers['access-control-allow-credentials'], undefined);
      assert.match(response.headers['access-control-expose-headers'], /\bETag, Location\b/);
    }
  });
});
