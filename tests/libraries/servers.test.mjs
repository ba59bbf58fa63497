// The libraries against real servers: Jeton on the host of `JETON_TARGET`, or npm's `oidc-provider` where that is
// named there.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { Driver, languages } from './support/driver.mjs';
import { decoded, random } from './support/keys.mjs';
import { Row, refused, scopeOf } from './support/rows.mjs';
import { secret } from './support/secrets.mjs';
import {
  API,
  CALLBACK,
  LIFETIME,
  OPAQUE_API,
  person,
  SCOPE,
  secrets,
  signingKey,
  start,
  target,
  visit,
} from './support/servers.mjs';
import { Stub } from './support/stub.mjs';

const isProvider = target === 'oidc-provider';

const ending = [];
let started;
/** The server that all rows share. */
const issuerOf = () => {
  started ??= start({ after: (end) => ending.push(end) });
  return started;
};
after(async () => {
  for (const end of ending.reverse()) await end();
});

const BY_SECRET = { client_id: 'machine', authentication: { kind: 'secret', secret: secrets.machine } };
const BY_KEY = { client_id: 'signer', authentication: { kind: 'private_key_jwt', jwk: signingKey.jwk } };
const machine = async (row, more = {}) => row.client({ issuer: await issuerOf(), ...BY_SECRET, ...more });
const about = { scope: 'read', resource: [API] };

/** A session of Alice, who has logged in at a browser. */
async function session(row, driver = row.driver) {
  const client = await row.client(
    { issuer: await issuerOf(), client_id: 'app', authentication: { kind: 'none' } },
    driver,
  );
  const options = { redirect_uri: CALLBACK, scope: SCOPE, store: {}, key: secret(random(32)) };
  const session = await client.session(options);
  const browser = person();
  const claims = await session.callback(await visit(browser, await session.login(), CALLBACK));
  return { session, claims, browser };
}

const CLIENT = {
  async secret(row) {
    const { access_token, token_type } = await (await machine(row)).token(about);
    assert.equal(token_type.toLowerCase(), 'bearer');
    assert.equal(decoded(access_token).payload.client_id, 'machine');
  },

  async private_key_jwt(row) {
    const { access_token } = await (await machine(row, BY_KEY)).token(about);
    assert.equal(decoded(access_token).payload.client_id, 'signer');
  },

  async 'a wrong secret'(row) {
    const client = await machine(row, { authentication: { kind: 'secret', secret: secret(random(32)) } });
    await refused(client.token(about), 'caller', 'invalid_client');
  },

  // oidc-provider leaves out what it does not know.
  ...(!isProvider && {
    async 'a scope of nobody'(row) {
      await refused((await machine(row)).token({ ...about, scope: 'of-nobody' }), 'caller', 'invalid_scope');
    },
  }),

  async 'cached, for ten thousand'(row) {
    const client = await machine(row);
    assert.equal((await client.tokens(10_000, about)).length, 1);
  },

  async 'login, refresh, logout'(row) {
    const driver = row.process();
    const { session: own, claims, browser } = await session(row, driver);
    assert.equal(claims.sub, 'alice');
    const token = await own.token();
    await driver.ask('clock', { offset: LIFETIME + 1 });
    const tokens = await own.tokens(100);
    assert.equal(tokens.length, 1);
    assert.notEqual(tokens[0], token);
    const url = await own.logout();
    assert.ok(url, 'an address to log out at');
    await visit(browser, url);
    await refused(own.token(), 'caller', 'not_logged_in');
  },

  async device(row) {
    const client = await row.client({
      issuer: await issuerOf(),
      client_id: 'device',
      authentication: { kind: 'none' },
    });
    const { handle, verification_uri_complete } = await client.device(SCOPE);
    const waiting = client.driver.ask('device_wait', { handle });
    await visit(person(), verification_uri_complete);
    assert.equal((await waiting).tokens.length, 1);
  },

  ...(isProvider && {
    async dpop(row) {
      const { access_token, token_type } = await (await machine(row, { dpop: true })).token(about);
      assert.equal(token_type.toLowerCase(), 'dpop');
      assert.match(decoded(access_token).payload.cnf.jkt, /^[\w-]{43}$/);
    },

    async 'dpop with private_key_jwt'(row) {
      const { access_token } = await (await machine(row, { ...BY_KEY, dpop: true })).token(about);
      assert.match(decoded(access_token).payload.cnf.jkt, /^[\w-]{43}$/);
    },
  }),
};

/** A token by the JavaScript client's driver would judge two at once: the suite asks by itself. */
async function tokenFor(resource) {
  const issuer = await issuerOf();
  const metadata = await (await fetch(`${issuer}/.well-known/openid-configuration`)).json();
  const response = await fetch(metadata.token_endpoint, {
    method: 'POST',
    headers: { authorization: `Basic ${Buffer.from(`machine:${secrets.machine}`).toString('base64')}` },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'read', resource }),
  });
  const { access_token, ...rest } = await response.json();
  assert.ok(access_token, JSON.stringify(rest));
  return secret(access_token);
}

const resourceServer = async (row, audience, more = {}) =>
  row.resourceServer({ issuer: await issuerOf(), audience, resource: audience, ...more });

const RESOURCE_SERVER = {
  async 'a JWT'(row) {
    const claims = await (await resourceServer(row, API)).verify(await tokenFor(API), { scope_all: ['read'] });
    assert.equal(claims.client_id, 'machine');
    assert.deepEqual(scopeOf(claims), ['read']);
  },

  async 'a JWT for another'(row) {
    await refused(
      (await resourceServer(row, 'https://other.example')).verify(await tokenFor(API)),
      'token',
      'wrong_audience',
    );
  },

  async 'too little scope'(row) {
    const api = await resourceServer(row, API);
    await refused(api.verify(await tokenFor(API), { scope_all: ['write'] }), 'token', 'insufficient_scope');
  },

  async 'an opaque token, by introspection'(row) {
    const authentication = { kind: 'secret', secret: secrets.gateway };
    const api = await resourceServer(row, OPAQUE_API, { introspection: { client_id: 'gateway', authentication } });
    const claims = await api.verify(await tokenFor(OPAQUE_API));
    assert.equal(claims.client_id, 'machine');
    await refused(api.verify(`of-nobody-${random(24)}`), 'token', 'inactive');
  },

  ...(isProvider && {
    async 'dpop, both ends of it'(row) {
      const driver = new Driver(row.language, 'client');
      row.t.after(() => driver.stop());
      const client = await row.client({ issuer: await issuerOf(), ...BY_SECRET, dpop: true }, driver);
      const stub = await new Stub(async () => ({ json: {} })).listen(row.t);
      await client.call(`${stub.origin}/read`, about);
      const [{ headers }] = stub.requests;
      const api = await resourceServer(row, API, { resource: stub.origin });
      const sent = { method: 'GET', url: `${stub.origin}/read`, dpop: [headers.dpop] };
      const claims = await api.verify(headers.authorization, sent);
      assert.equal(claims.client_id, 'machine');
      const [, token] = headers.authorization.split(' ');
      await refused(api.verify(token), 'token', 'bound_token');
    },
  }),
};

describe('servers', () => {
  describe(target, () => {
    for (const language of languages) {
      describe(language, { concurrency: 4 }, () => {
        for (const [role, rows] of [
          ['client', CLIENT],
          ['resource-server', RESOURCE_SERVER],
        ]) {
          for (const [name, run] of Object.entries(rows)) {
            test(`${role}: ${name}`, { timeout: 180_000 }, (t) => run(new Row(t, language, role)));
          }
        }
      });
    }
  });
});
