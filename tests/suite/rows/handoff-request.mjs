// What the login application is told of a request, so that its pages can say who asks, and for what.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { apis, PARCELS, SALES, URN } from '../support/apis.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import { authorize, handoff, requestIn, requestOf } from '../support/flow.mjs';
import { isPage } from '../support/html.mjs';
import { management, succeeded } from '../support/management.mjs';
import { APP, manage, registered, updateOf } from '../support/registration.mjs';
import { inOneProcess } from '../support/target.mjs';
import { Browser } from '../support/user-agent.mjs';

const { web, many, native, page, phone, editor, ours, shopFront, kiosk } = clients;

/** What is told of a request of `client`. */
async function told(client, form) {
  const request = requestIn(await authorize(new Browser(), requestOf(client, form)));
  const response = await handoff('request', { request });
  assert.equal(response.status, 200, response.text);
  return response.json();
}

const wordsOf = (identifier, scope) => {
  const description = apis.find((api) => api.identifier === identifier).scopes[scope];
  return { ...(description && { description }), api: identifier };
};

describe('what a login application is told: for what', { concurrency: 8 }, () => {
  test('each scope in the words of the API that has it, in the order of the scope', async () => {
    const scope = 'sales:write openid sales:read offline_access';
    const info = await told(shopFront, { scope, resource: SALES });
    assert.equal(info.scope, scope);
    assert.deepEqual(info.scopes, [
      { scope: 'sales:write', ...wordsOf(SALES, 'sales:write') },
      { scope: 'openid' },
      { scope: 'sales:read', ...wordsOf(SALES, 'sales:read') },
      { scope: 'offline_access' },
    ]);
    assert.equal(info.scopes[0].description, 'Sell');
    assert.deepEqual(info.audiences, [SALES]);
    assert.deepEqual(info.apis, [{ identifier: SALES, name: 'Sales' }]);
  });

  test('APIs by their identifiers, in the order of the request, and the issuer is none', async () => {
    const info = await told(shopFront, { scope: 'openid ledger:read sales:read', resource: [URN, `${SALES}/`] });
    assert.deepEqual(info.audiences, [URN, SALES]);
    assert.deepEqual(info.apis, [{ identifier: URN }, { identifier: SALES, name: 'Sales' }]);
    assert.deepEqual(info.scopes[1], { scope: 'ledger:read', ...wordsOf(URN, 'ledger:read') });
    const first = await told(shopFront, { scope: 'openid sales:read' });
    assert.deepEqual(first.audiences, [SALES, ISSUER]);
    assert.deepEqual(first.apis, [{ identifier: SALES, name: 'Sales' }]);
  });

  test('a scope without words: the API alone', async () => {
    const { scopes } = await told(kiosk, { scope: 'openid silent', resource: SALES });
    assert.deepEqual(scopes, [{ scope: 'openid' }, { scope: 'silent', api: SALES }]);
  });

  test('a scope of several APIs of the request: in the words of each', async () => {
    const { scopes } = await told(shopFront, { scope: 'shared', resource: [PARCELS, SALES] });
    assert.deepEqual(scopes, [{ scope: 'shared', ...wordsOf(PARCELS, 'shared'), also: [wordsOf(SALES, 'shared')] }]);
    assert.notEqual(scopes[0].description, scopes[0].also[0].description);
    const alone = await told(shopFront, { scope: 'shared', resource: SALES });
    assert.deepEqual(alone.scopes, [{ scope: 'shared', ...wordsOf(SALES, 'shared') }], 'another API is not asked');
  });

  test('audiences that are no APIs: no words', async () => {
    const info = await told(web, { scope: 'openid read' });
    assert.deepEqual(info.scopes, [{ scope: 'openid' }, { scope: 'read' }]);
    assert.equal(info.apis, undefined);
  });
});

describe('what a login application is told: who asks', { concurrency: 8 }, () => {
  test('the pages of the client that people can be sent to', async () => {
    const info = await told(ours);
    assert.equal(info.policy_uri, ours.policy_uri, 'wherever it is');
    assert.equal(info.client_uri, undefined, 'http');
    assert.equal(info.tos_uri, undefined, 'with a user');
    const other = await told(web);
    assert.equal(other.client_uri, web.client_uri);
    assert.equal(other.policy_uri, undefined);
  });

  test('first_party where its record says so', async () => {
    assert.equal((await told(ours)).first_party, true);
    assert.equal((await told(web)).first_party, undefined);
  });

  /** RFC 8252 §8.6, RFC 6749 §10.2: `[what, client, redirect_uri, assured]`. */
  const identities = [
    ['authenticates', web, undefined, true],
    ['authenticates, on this machine', many, 'http://localhost:3000/cb', true],
    ['authenticates, by an app’s scheme', many, 'com.example.app:/cb', true],
    ['is public, at a website', page, undefined, true],
    ['is public, at the operator’s own website', ours, 'https://app.example/cb', true],
    ['is public, at a loopback address', native, 'http://127.0.0.1:51004/cb', false],
    ['is public, at localhost', native, 'http://localhost/cb', false],
    ['is public, at localhost by https', ours, 'https://localhost:8443/cb', false],
    ['is public, at a name beneath localhost', ours, 'https://app.localhost/cb', false],
    ['is public, at a loopback address by https', ours, 'https://[::1]:8443/cb', false],
    ['is public, by an app’s scheme', phone, 'com.example.app:/cb', false],
    ['is public, by any scheme', editor, 'vscode://publisher.extension/cb', false],
  ];
  for (const [what, client, redirect_uri = client.redirect_uris[0], assured] of identities) {
    test(`a client that ${what}: ${assured ? 'assured' : 'not assured'}`, async () => {
      assert.equal((await told(client, { redirect_uri })).identity_assured, assured);
    });
  }
});

describe('what a login application is told: a client that registered itself', { concurrency: 4 }, () => {
  const row = inOneProcess(test);
  const pages = (origin) => ({
    client_uri: `${origin}/`,
    policy_uri: `${origin}/privacy`,
    tos_uri: `${origin}/terms`,
  });
  const CLIENT = { ...APP, scope: 'openid' };
  const shown = ({ client_uri, policy_uri, tos_uri }) => ({ client_uri, policy_uri, tos_uri });
  const none = shown({});

  row('RFC 7591 §5: only pages at the origin of the redirect URI', async () => {
    for (const [origin, expected] of [
      ['https://new.example', pages('https://new.example')],
      ['https://bank.example', none],
      ['https://www.new.example', none],
      ['https://new.example:8443', none],
    ]) {
      const info = await told(await registered({ ...CLIENT, ...pages(origin) }));
      assert.deepEqual(shown(info), expected, origin);
      assert.equal(info.self_registered.redirect_uri, 'https://new.example/cb');
    }
    const app = { ...CLIENT, redirect_uris: ['com.new.app:/cb'], ...pages('https://new.example') };
    const info = await told(await registered(app));
    assert.deepEqual(shown(info), none, 'an app has no website');
    assert.equal(info.identity_assured, false);
  });

  row('pages of ours lead to no other either', async () => {
    for (const [origin, leads] of [
      ['https://new.example', true],
      ['https://phish.example', false],
    ]) {
      const { client_id } = await registered({ ...CLIENT, ...pages(origin) });
      const wrong = new URLSearchParams({ client_id, redirect_uri: 'https://x.example', response_type: 'code' });
      const logout = new URLSearchParams({ client_id, post_logout_redirect_uri: 'https://x.example' });
      for (const address of [`/authorize?${wrong}`, `/end_session?${logout}`]) {
        const page = isPage(await new Browser().get(address), 400);
        assert.equal(page.includes(origin), leads, page);
      }
    }
  });

  row(
    'it does not say of itself that it is first-party; a manager may, and it neither reads nor changes it',
    async () => {
      const client = await registered({ ...CLIENT, first_party: true });
      assert.equal(client.first_party, undefined);
      assert.equal((await told(client)).first_party, undefined);
      const by = await management({ scope: 'jeton:clients' });
      succeeded(await by.clients.patch(client.client_id, { first_party: true }));
      assert.equal((await told(client)).first_party, true);
      assert.equal((await manage('GET', client)).json().first_party, undefined);
      const change = updateOf(client, { first_party: false, client_name: 'Next' });
      assert.equal((await manage('PUT', client, { body: change })).status, 200);
      const info = await told(client);
      assert.deepEqual([info.first_party, info.client_name], [true, 'Next']);
      succeeded(await by.clients.patch(client.client_id, { first_party: null }));
      assert.equal((await told(client)).first_party, undefined);
    },
  );
});
