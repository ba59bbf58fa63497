// What whoever manages some of a deployment could take over of the rest, and does not.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { PARCELS, SALES, several } from '../support/apis.mjs';
import { clients } from '../support/fixtures.mjs';
import { introspect, now } from '../support/flow.mjs';
import { ISSUER } from '../support/grant-clients.mjs';
import {
  isChallenged,
  isForbidden,
  isRefused,
  machine,
  made,
  manage,
  management,
  newId,
  succeeded,
  tokenFor,
} from '../support/management.mjs';
import { clientCredentials, startFor, unless } from '../support/target.mjs';
import { claimsOf } from '../support/tokens.mjs';

const INVALID = 'invalid_client_metadata';
const { api, seller } = clients;

describe('names', { concurrency: 4 }, () => {
  test('RFC 7662 §2.1: no client is made that has the name of the issuer or of an API', async () => {
    const by = await management();
    const identifier = `https://${newId('api')}.example`;
    succeeded(await by.apis.create({ identifier }), 201);
    // Aliases are known of APIs that are configured.
    const configured = unless.configured ? [] : ['urn:example:sales'];
    for (const client_id of [ISSUER, `${ISSUER}/`, SALES, `${SALES}/`, ...configured, identifier, `${identifier}/`]) {
      isRefused(await by.clients.create(machine({ client_id })), 400, INVALID, 'client_id: ');
      isRefused(await by.clients.put(client_id, machine({ client_id })), 400, INVALID, 'client_id: ');
    }
  });

  test('no client is made that has an id like those of the server, with a code that is none', async () => {
    const by = await management();
    const { client_id } = await made(by);
    const last = client_id.endsWith('A') ? 'B' : 'A';
    const forged = client_id.slice(0, -1) + last;
    isRefused(await by.clients.create(machine({ client_id: forged })), 400, INVALID, 'client_id: ');
  });

  test('no client has the id of the one that is built in, in whatever letters', async () => {
    const by = await management();
    for (const client_id of ['jeton-cli', 'JETON-CLI', 'Jeton-Cli']) {
      isRefused(await by.clients.create(machine({ client_id })), 400, INVALID, 'client_id: ');
    }
  });

  test('no API takes the name of a configured one for an alias', { skip: unless.configured }, async () => {
    const by = await management();
    const identifier = `https://${newId('api')}.example`;
    const { headers } = await by.apis.create({ identifier });
    const id = headers.location.split('/').at(-1);
    isRefused(await by.apis.patch(id, { aliases: [SALES] }), 409, 'already_exists');
    isRefused(await by.apis.replace(id, { identifier, aliases: [PARCELS] }, '*'), 409, 'already_exists');
  });

  test('a client has at most 20 APIs, whose documents are read with it', async () => {
    const by = await management();
    const apis = (count) => Array.from({ length: count }, (_, number) => ({ identifier: `urn:example:${number}` }));
    succeeded(await by.clients.create(machine({ apis: apis(20) })), 201);
    isRefused(await by.clients.create(machine({ apis: apis(21) })), 400, INVALID, 'apis: ');
  });
});

describe('rules', { concurrency: 4 }, () => {
  const issuer = () => `https://${newId('ci')}.example`;
  const rule = (more) => ({ name: 'main', conditions: [{ claim: 'sub', equals: 'a' }], ...more });

  test('none stands for the client that is built in', async () => {
    const by = await management();
    const document = { issuer: issuer(), rules: [rule({ client_id: 'jeton-cli' })] };
    isRefused(await by.trust.create(document), 400, 'invalid_document', 'rules: ');
  });

  test('who may not write a rule may not remove it', async () => {
    const all = await management();
    const document = { issuer: issuer(), rules: [rule({ client_id: 'manager', scope: 'jeton:clients' })] };
    const response = await all.trust.create(document);
    succeeded(response, 201);
    const id = response.headers.location.split('/').at(-1);
    const some = await management({ scope: 'jeton:trust' });
    isForbidden(await some.trust.remove(id), 'jeton:clients');
    isForbidden(await some.trust.patch(id, { disabled: true }), 'jeton:clients');
    succeeded(await all.trust.remove(id), 204);
  });
});

describe('claims', { concurrency: 4 }, () => {
  test('what an API says of its clients is in tokens for it alone', async () => {
    const claims = async (form) => claimsOf((await clientCredentials(seller, form)).json().access_token);
    assert.equal((await claims({ resource: SALES })).tenant, 'of sales');
    const both = await claims(several(SALES, PARCELS));
    assert.deepEqual(both.aud.toSorted(), [SALES, PARCELS].toSorted());
    for (const name of ['tenant', 'carrier', 'customer', 'team']) assert.equal(name in both, false, name);
  });

  test('no token outlives its client', async () => {
    const by = await management();
    const end = now() + 100;
    const client = await made(by, machine({ client_expires_at: end }));
    const token = (await clientCredentials(client)).json();
    assert.ok(token.expires_in <= 100, token.expires_in);
    assert.equal(claimsOf(token.access_token).exp, end);
  });
});

describe('documents', { concurrency: 4 }, () => {
  test('however often it is patched, none grows beyond what a request may have', async () => {
    const by = await management();
    const { client_id } = await made(by);
    const grow = (part) => {
      const labels = Array.from({ length: 120 }, (_, number) => [`${part}-${number}`, 'x'.repeat(240)]);
      return by.clients.patch(client_id, { labels: Object.fromEntries(labels) });
    };
    succeeded(await grow(1));
    succeeded(await grow(2));
    isRefused(await grow(3), 400, 'invalid_request');
  });

  test('pages and pictures of a client are https', async () => {
    const by = await management();
    for (const member of ['client_uri', 'logo_uri', 'policy_uri', 'tos_uri']) {
      for (const value of [
        'javascript:alert(1)',
        'data:text/html,x',
        'http://app.example',
        5,
        ['https://app.example'],
      ]) {
        isRefused(await by.clients.create(machine({ [member]: value })), 400, INVALID, `${member}: `);
      }
    }
  });

  test('a secret that somebody wrote into a store by hand is not shown', { skip: unless.store }, async (t) => {
    const on = await startFor(t);
    const by = await management({ on });
    const client_id = newId();
    const [client_secret, d] = ['plain-secret-of-old', 'private-part-of-a-key'];
    const jwks = { keys: [{ kty: 'OKP', crv: 'Ed25519', x: 'AA', d }] };
    await on.putClient({ client_id, client_secret, jwks });
    for (const response of [await by.clients.read(client_id), await by.clients.list()]) {
      assert.equal(response.status, 200);
      assert.ok(response.text.includes(client_id));
      for (const secret of [client_secret, d]) assert.equal(response.text.includes(secret), false);
    }
  });
});

describe('one access token', { concurrency: 4 }, () => {
  const end = (jti, token) => manage('DELETE', `tokens/${jti}`, { token });

  test('that stems from no grant is ended alone, by its jti', async () => {
    const token = await tokenFor('jeton:grants');
    const client = await made(await management());
    const [one, other] = [
      (await clientCredentials(client)).json().access_token,
      (await clientCredentials(client)).json().access_token,
    ];
    succeeded(await end(claimsOf(one).jti, token), 204);
    succeeded(await end(claimsOf(one).jti, token), 204);
    assert.equal((await introspect(api, one)).text, '{"active":false}');
    assert.equal((await introspect(api, other)).json().active, true);
  });

  test('of a manager opens nothing any more', async () => {
    const token = await tokenFor('jeton:grants');
    const going = await tokenFor('jeton:clients');
    succeeded(await end(claimsOf(going).jti, token), 204);
    isChallenged(await manage('GET', 'clients', { token: going }), 'invalid_token');
  });

  test('is ended by whoever has the scope, and by no other', async () => {
    isForbidden(await end('any', await tokenFor('jeton:clients')), 'jeton:grants');
    isRefused(await end('x'.repeat(65), await tokenFor('jeton:grants')), 404, 'not_found');
  });
});
