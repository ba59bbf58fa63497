// RFC 7592: what a client that registered itself may do with its registration.

import assert from 'node:assert/strict';
import { describe, test as row } from 'node:test';
import { isError, isToken } from '../support/check.mjs';
import { canRead, letsThrough } from '../support/fetch-standard.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import { authorize, introspect, loggedIn, now, refresh, requestOf, sleep } from '../support/flow.mjs';
import { isPage } from '../support/html.mjs';
import { send } from '../support/http.mjs';
import { isRefused as isNotMade, management, succeeded } from '../support/management.mjs';
import { registrars } from '../support/registrars.mjs';
import {
  APP,
  INVALID,
  initialToken,
  isChallenged,
  isRefused,
  MACHINE,
  MISSING,
  manage,
  registered,
  updateOf,
} from '../support/registration.mjs';
import { clientCredentials, host, inOneProcess, json, post } from '../support/target.mjs';
import { Browser } from '../support/user-agent.mjs';

const test = inOneProcess(row);

const LOGIN = { ...APP, grant_types: ['authorization_code', 'refresh_token'], scope: 'openid offline_access read' };

/** The scope of the ceiling. */
const ALL_SCOPE = registrars.registrar.registration_ceiling.scope;

/** What a good update is answered with. */
async function updated(client, changes, options = {}) {
  const response = await manage('PUT', client, { body: updateOf(client, changes), ...options });
  assert.equal(response.status, 200, response.text);
  assert.equal(response.headers['cache-control'], 'no-store');
  return response.json();
}

/** What is registered, without what is only told. */
const metadataOf = (client) => {
  const { client_secret: _, ...metadata } = updateOf(client);
  return metadata;
};

describe('RFC 7592: a client manages its registration', { concurrency: 4 }, () => {
  test('§2.1: GET: all that is registered, and the token, which stays', async () => {
    const client = await registered({ ...LOGIN, client_name: 'New', 'client_name#de': 'Neu' });
    for (let n = 0; n < 2; n++) {
      const response = await manage('GET', client);
      assert.equal(response.status, 200, response.text);
      assert.equal(response.headers['content-type'], 'application/json');
      assert.equal(response.headers['cache-control'], 'no-store');
      assert.deepEqual(response.json(), client);
    }
    const machine = await registered(MACHINE);
    const { client_secret: _, ...told } = machine;
    assert.deepEqual((await manage('GET', machine)).json(), told, 'a secret is told once');
  });

  test('§2.1: an unknown client, and a token that is not its: 401, and nobody can tell them apart', async () => {
    const client = await registered();
    const other = await registered();
    const token = client.registration_access_token;
    const unknown = (client_id) => ({ registration_client_uri: `${ISSUER}/register/${client_id}` });
    const refused = [
      await manage('GET', client, { token: other.registration_access_token }),
      await manage('GET', client, { token: 'x' }),
      await manage('GET', client, { token: await initialToken() }),
      await manage('GET', unknown(`${client.client_id.slice(0, -1)}${client.client_id.endsWith('A') ? 'B' : 'A'}`), {
        token,
      }),
      await manage('GET', unknown('nobody'), { token }),
      await manage('GET', unknown('%ff'), { token }),
      await manage('GET', unknown(clients.m2m.client_id), { token }),
      await manage('PUT', client, { token: 'x', body: updateOf(client) }),
      await manage('DELETE', client, { token: 'x' }),
    ];
    for (const response of refused) {
      isChallenged(response, 401, INVALID);
      assert.equal(response.text, refused[0].text);
    }
  });

  test('no token: 401, and the challenge says no error', async () => {
    const { client_id } = await registered();
    for (const method of ['GET', 'DELETE']) isChallenged(await json(method, `/register/${client_id}`), 401, MISSING);
    const basic = { authorization: 'Basic eDp5' };
    isChallenged(await json('GET', `/register/${client_id}`, { headers: basic }), 401, MISSING);
  });

  test('other methods: 405', async () => {
    const client = await registered();
    for (const method of ['POST', 'PATCH']) {
      const response = await manage(method, client, { body: updateOf(client) });
      assert.equal(response.status, 405, response.text);
      assert.equal(response.headers.allow, 'GET, HEAD, PUT, DELETE, OPTIONS');
    }
  });

  describe('§2.2: PUT', { concurrency: 4 }, () => {
    test('replaces all: what is left out is gone, or is the default', async () => {
      const client = await registered({
        ...LOGIN,
        client_name: 'New',
        'client_name#de': 'Neu',
        contacts: ['a@new.example'],
      });
      const redirect_uris = ['https://new.example/other'];
      const response = await manage('PUT', client, {
        body: {
          client_id: client.client_id,
          token_endpoint_auth_method: 'none',
          redirect_uris,
          client_uri: 'https://new.example',
        },
      });
      assert.equal(response.status, 200, response.text);
      const next = response.json();
      assert.deepEqual(metadataOf(next), {
        client_id: client.client_id,
        client_uri: 'https://new.example',
        token_endpoint_auth_method: 'none',
        redirect_uris,
        grant_types: ['authorization_code'],
        response_types: ['code'],
        scope: 'openid profile email offline_access read write',
        allowed_origins: ['https://new.example'],
        id_token_signed_response_alg: 'ES256',
      });
      assert.equal(next.client_id_issued_at, client.client_id_issued_at);
      assert.deepEqual((await manage('GET', next)).json(), next);
      // It holds at once.
      await isPage(await authorize(new Browser(), requestOf(client, { redirect_uri: LOGIN.redirect_uris[0] })), 400);
      assert.equal((await authorize(new Browser(), requestOf(next))).status, 303);
    });

    test('what was told can be sent back as it is', async () => {
      const client = await registered({ ...LOGIN, client_name: 'New', jwks: { keys: [] } });
      assert.deepEqual(metadataOf(await updated(client, {})), metadataOf(client));
    });

    test('also of who named no method: it is told Basic, and may still use either', async () => {
      const client = await registered(MACHINE);
      const { client_id, client_secret } = client;
      const next = await updated(client, {});
      for (const told of [client, next]) assert.equal(told.token_endpoint_auth_method, 'client_secret_basic');
      await isToken(await clientCredentials(client));
      await isToken(await post('/token', { grant_type: 'client_credentials', client_id, client_secret }));
    });

    test('null and empty members are as if they had been left out', async () => {
      const client = await registered({ ...LOGIN, client_name: 'New', client_uri: 'https://new.example' });
      const next = await updated(client, { client_name: null, client_uri: '', contacts: [] });
      for (const name of ['client_name', 'client_uri', 'contacts']) assert.equal(next[name], undefined, name);
    });

    const told = [
      'registration_access_token',
      'registration_client_uri',
      'client_secret_expires_at',
      'client_id_issued_at',
    ];
    for (const member of told) {
      test(`must not have ${member}`, async () => {
        const client = await registered(MACHINE);
        const body = { ...updateOf(client), [member]: client[member] };
        isRefused(await manage('PUT', client, { body }), 'invalid_client_metadata', member);
      });
    }

    test("client_id must be there, and the client's own", async () => {
      const client = await registered();
      for (const client_id of [undefined, null, 'other', 7, clients.m2m.client_id]) {
        const body = { ...updateOf(client), client_id };
        isRefused(await manage('PUT', client, { body }), 'invalid_client_metadata', 'client_id');
      }
    });

    test("client_secret, if it is sent, must be the client's own, and stays", async () => {
      const client = await registered(MACHINE);
      for (const client_secret of ['chosen-by-the-client-itself', `${client.client_secret}x`, 7]) {
        const body = { ...updateOf(client), client_secret };
        isRefused(await manage('PUT', client, { body }), 'invalid_client_metadata', 'client_secret');
      }
      let next = await updated(client, {});
      assert.equal(next.client_secret, undefined);
      next = await updated({ ...next, client_secret: undefined }, { scope: 'read' });
      assert.equal(next.client_secret_expires_at, 0);
      const { payload } = await isToken(await clientCredentials(client));
      assert.equal(payload.scope, 'read');
      const open = await registered();
      const body = { ...updateOf(open), client_secret: 'chosen-by-the-client-itself' };
      isRefused(await manage('PUT', open, { body }), 'invalid_client_metadata', 'client_secret');
    });

    test('metadata is judged as at registration, and what is refused changes nothing', async () => {
      const client = await registered(LOGIN);
      const rows = [
        [{ redirect_uris: ['javascript:alert(1)'] }, 'invalid_redirect_uri', 'redirect_uris'],
        [{ redirect_uris: [] }, 'invalid_redirect_uri', 'redirect_uris'],
        [{ logo_uri: 'http://new.example' }, 'invalid_client_metadata', 'logo_uri'],
        [{ grant_types: ['implicit'] }, 'invalid_client_metadata', 'grant_types'],
        [{ software_statement: 'x' }, 'invalid_software_statement', 'software_statement'],
        [{ dpop_bound_access_tokens: true }, 'invalid_client_metadata', 'dpop_bound_access_tokens'],
      ];
      for (const [changes, error, member] of rows) {
        isRefused(await manage('PUT', client, { body: updateOf(client, changes) }), error, member);
      }
      assert.deepEqual((await manage('GET', client)).json(), client);
    });

    test('gives no more than the ceiling of the registration', async () => {
      const token = await initialToken(registrars.plainRegistrar);
      const client = await registered(LOGIN, { token });
      const next = await updated(client, {
        scope: 'openid read write admin jeton:clients',
        apis: [{ identifier: 'https://orders.example', scope: 'orders:read' }],
        audiences: ['https://bank.example'],
        registration: { tokens: [], ceiling: {} },
        client_expires_at: 9_999_999_999,
        login: true,
        labels: { team: 'admins' },
        access_token_lifetime: 1_000_000,
      });
      assert.deepEqual(metadataOf(next), { ...metadataOf(client), scope: 'openid' });
      const machine = await manage('PUT', next, {
        body: updateOf(next, { ...MACHINE, token_endpoint_auth_method: null }),
      });
      isRefused(machine, 'invalid_client_metadata', 'grant_types');
    });

    test('does not make a client live longer', async () => {
      const token = await initialToken(registrars.registrarOfMayflies);
      const client = await registered(MACHINE, { token });
      const next = await updated(client, { client_expires_at: 0, client_name: 'Later' });
      assert.equal(next.client_expires_at, client.client_expires_at);
      assert.equal(next.client_secret_expires_at, client.client_expires_at);
      await sleep((client.client_expires_at - now()) * 1000 + 100);
      isChallenged(await manage('GET', next), 401, INVALID);
    });

    test('another method: a secret is made where it needs one, and taken where it does not', async () => {
      const open = await registered({ ...APP, grant_types: ['authorization_code'] });
      const closed = await updated(open, { token_endpoint_auth_method: 'client_secret_post' });
      assert.match(closed.client_secret, /^jcs_/);
      assert.equal(closed.client_secret_expires_at, 0);
      assert.equal(closed.allowed_origins, undefined);
      const { client_secret, ...rest } = closed;
      const basic = await updated(rest, { token_endpoint_auth_method: 'client_secret_basic' });
      assert.equal(basic.client_secret, undefined, 'the secret stays');
      const machine = await updated(basic, { ...MACHINE, response_types: null });
      await isToken(await clientCredentials({ ...machine, client_secret }));
      const again = await updated(machine, { ...APP, grant_types: null, response_types: null });
      assert.equal(again.client_secret_expires_at, undefined);
      isError(await clientCredentials({ ...machine, client_secret }), 401, 'invalid_client');
    });
  });

  describe('§3: the token changes with each PUT', { concurrency: 4 }, () => {
    test('the one before is good until the new one is used', async () => {
      const client = await registered();
      const next = await updated(client, { client_name: 'Next' });
      assert.notEqual(next.registration_access_token, client.registration_access_token);
      const before = await manage('GET', client);
      assert.equal(before.status, 200);
      assert.equal(before.json().registration_access_token, client.registration_access_token);
      assert.equal(before.json().client_name, 'Next');
      assert.equal((await manage('GET', next)).status, 200);
      isChallenged(await manage('GET', client), 401, INVALID);
      assert.equal((await manage('GET', next)).status, 200);
    });

    test('whoever lost the answer repeats it, and is told the same token', async () => {
      const client = await registered();
      const first = await updated(client, { client_name: 'Next' });
      const second = await updated(client, { client_name: 'Next' });
      assert.equal(second.registration_access_token, first.registration_access_token);
      const third = await updated(second, { client_name: 'Third' });
      isChallenged(await manage('GET', client), 401, INVALID);
      assert.equal((await manage('GET', third)).json().client_name, 'Third');
      isChallenged(await manage('GET', second), 401, INVALID);
    });

    // Also where several processes are asked.
    row('many at once: each is kept or made again, and nobody is left with a token that is unknown', async () => {
      const client = await registered();
      const names = Array.from({ length: 20 }, (_, n) => `Name ${n}`);
      const all = await Promise.all(
        names.map((client_name) => manage('PUT', client, { body: updateOf(client, { client_name }) })),
      );
      const done = all.filter(({ status }) => status === 200).map((response) => response.json());
      // Who was overtaken again and again is told to come back.
      for (const { status, text } of all) assert.ok([200, 503].includes(status), text);
      assert.ok(done.length > 0);
      assert.equal(new Set(done.map((told) => told.registration_access_token)).size, 1);
      const last = (await manage('GET', done[0])).json();
      assert.ok(done.some((told) => told.client_name === last.client_name));
    });
  });

  describe('§2.3: DELETE', { concurrency: 4 }, () => {
    test('204, and the client is gone: for tokens, for logins, and for itself', async () => {
      const client = await registered({ ...LOGIN, scope: 'openid offline_access read' });
      const tokens = await loggedIn(client, { scope: 'openid offline_access read' });
      const machine = await registered(MACHINE);
      const { access_token } = (await clientCredentials(machine)).json();
      for (const one of [client, machine]) {
        const response = await manage('DELETE', one);
        assert.equal(response.status, 204, response.text);
        assert.equal(response.text, '');
        assert.equal(response.headers['cache-control'], 'no-store');
      }
      isError(await clientCredentials(machine), 401, 'invalid_client');
      isError(await refresh(client, tokens.refresh_token), 401, 'invalid_client');
      await isPage(await authorize(new Browser(), requestOf(client)), 400);
      for (const token of [access_token, tokens.access_token]) {
        const looked = await introspect(clients.m2m, token);
        assert.deepEqual(looked.json(), { active: false });
      }
      for (const method of ['GET', 'DELETE']) isChallenged(await manage(method, machine), 401, INVALID);
      isChallenged(await manage('PUT', machine, { body: updateOf(machine) }), 401, INVALID);
    });

    test("its id is nobody's again", async () => {
      const client = await registered();
      const { client_id } = client;
      assert.equal((await manage('DELETE', client)).status, 204);
      const next = await registered({ ...APP, client_id });
      assert.notEqual(next.client_id, client_id);
      const by = await management({ scope: 'jeton:clients' });
      isNotMade(await by.clients.create({ ...APP, client_id }), 409, 'already_exists');
    });
  });

  test('what an operator decides stands: a right beyond the ceiling is none, and who is disabled manages nothing', async () => {
    const by = await management({ scope: 'jeton:clients' });
    const client = await registered({ ...MACHINE, scope: 'read' });
    const { client_id } = client;
    const { registration, client_secrets } = succeeded(await by.clients.read(client_id));
    assert.deepEqual([registration, client_secrets], [undefined, undefined]);
    succeeded(await by.clients.patch(client_id, { scope: 'read admin', labels: { team: 'blue' } }));
    const { payload } = await isToken(await clientCredentials(client));
    assert.equal(payload.scope, 'read');
    const told = (await manage('GET', client)).json();
    assert.equal(told.labels, undefined);
    await updated({ ...client, client_secret: undefined }, { client_name: 'Next' });
    assert.deepEqual(
      succeeded(await by.clients.read(client_id)).labels,
      { team: 'blue' },
      'what an operator added stays',
    );
    succeeded(await by.clients.patch(client_id, { disabled: true }));
    isChallenged(await manage('GET', client), 401, INVALID);
    isError(await clientCredentials(client), 401, 'invalid_client');
    succeeded(await by.clients.patch(client_id, { disabled: null }));
    assert.equal((await manage('GET', client)).status, 200);
  });

  test('what an operator takes away the client does not take back', async () => {
    const by = await management({ scope: 'jeton:clients' });
    const metadata = { ...MACHINE, scope: 'openid read write', grant_types: ['client_credentials', 'refresh_token'] };
    const client = await registered(metadata);
    const { client_id, client_secret } = client;
    succeeded(await by.clients.patch(client_id, { scope: 'read', grant_types: ['client_credentials'] }));
    const all = await manage('PUT', client, { body: updateOf(client) });
    isRefused(all, 'invalid_client_metadata', 'grant_types');
    let told = await updated(client, { grant_types: ['client_credentials'] });
    assert.equal(told.scope, 'read');
    told = await updated({ ...told, client_secret }, { scope: undefined });
    assert.equal(told.scope, 'read', 'also who asks for all');
    const { payload } = await isToken(await clientCredentials(client));
    assert.equal(payload.scope, 'read');
    isError(await clientCredentials(client, { scope: 'write' }), 400, 'invalid_scope');

    const [other, third] = [await registered(metadata), await registered(metadata)];
    succeeded(await by.clients.patch(other.client_id, { client_name: 'Other', scope: 'openid read write email' }));
    assert.equal(
      (await updated(other, { scope: undefined })).scope,
      ALL_SCOPE,
      'what takes nothing changes no ceiling',
    );
    const document = succeeded(await by.clients.read(third.client_id));
    succeeded(await by.clients.replace(third.client_id, { ...document, scope: 'write' }, '*'));
    assert.equal((await updated(third, {})).scope, 'write');
    const none = await by.clients.patch(third.client_id, {
      grant_types: ['urn:ietf:params:oauth:grant-type:device_code'],
    });
    isRefused(none, 'invalid_client_metadata', 'grant_types');
  });

  test('an operator takes the registration access tokens away, and the client stays as it is', async () => {
    const by = await management({ scope: 'jeton:clients' });
    const client = await registered({ ...MACHINE, scope: 'read' });
    const next = await updated(client, { client_name: 'Next' });
    const { client_id } = client;
    isRefused(
      await by.clients.patch(client_id, { registration: { tokens: [] } }),
      'invalid_client_metadata',
      'registration',
    );
    assert.equal((await manage('GET', client)).status, 200);
    succeeded(await by.clients.patch(client_id, { registration: null }));
    for (const one of [client, next]) {
      isChallenged(await manage('GET', one), 401, INVALID);
      isChallenged(await manage('PUT', one, { body: updateOf(one) }), 401, INVALID);
      isChallenged(await manage('DELETE', one), 401, INVALID);
    }
    succeeded(await by.clients.patch(client_id, { scope: 'read admin' }));
    const { payload } = await isToken(await clientCredentials(client));
    assert.equal(payload.scope, 'read', 'its ceiling stays');
    const made = succeeded(await by.clients.create({ ...MACHINE, scope: 'read' }), 201);
    isRefused(
      await by.clients.patch(made.client_id, { registration: null }),
      'invalid_client_metadata',
      'registration',
    );
  });

  test('a page of another origin may manage the registration that it made', async () => {
    const { url } = await host();
    const origin = 'https://any.example';
    const client = await registered();
    const path = `/register/${client.client_id}`;
    for (const method of ['GET', 'PUT', 'DELETE']) {
      const headers = {
        origin,
        'access-control-request-method': method,
        'access-control-request-headers': 'authorization,content-type',
      };
      const preflight = await send(url, { method: 'OPTIONS', path, headers });
      assert.ok(letsThrough(preflight, { origin, method, names: ['authorization', 'content-type'] }), method);
    }
    assert.ok(canRead(await manage('GET', client, { headers: { origin } }), origin));
    assert.ok(canRead(await manage('GET', client, { token: 'x', headers: { origin } }), origin));
  });
});
