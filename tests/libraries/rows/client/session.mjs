// A person's session, from the login to its end.

import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { authorizationServer } from '../../support/authorization-server.mjs';
import { keyOf, now, random } from '../../support/keys.mjs';
import { feature, refused } from '../../support/rows.mjs';
import { secret } from '../../support/secrets.mjs';
import { failure } from '../../support/stub.mjs';

const REDIRECT = 'http://127.0.0.1:4711/callback';

/** A session that nobody has logged into. */
async function start(row, { driver, lifetime = 300, scope = 'openid profile offline_access', key, folder } = {}) {
  const server = await authorizationServer(row.t);
  server.lifetime = lifetime;
  const options = server.publicClient();
  const client = await row.client(options, driver);
  const store = folder ? { folder } : {};
  const about = { redirect_uri: REDIRECT, scope, store, key: key ?? secret(random(32)) };
  const session = await client.session(about);
  return { server, options, client, session, about };
}

/** The same after a login. */
async function loggedIn(row, options) {
  const started = await start(row, options);
  const claims = await started.session.callback(started.server.grants.authorize(await started.session.login()));
  return { ...started, claims, refreshes: () => refreshesOf(started.server) };
}

const refreshesOf = (server) => server.tokenRequests.filter(({ form }) => form.grant_type === 'refresh_token').length;

/** The answer to a refresh, with an ID token that says this. */
const refreshed = (server, claims) => async (_, act) => {
  const { json } = await act();
  const usual = { iss: server.issuer, sub: 'alice', aud: server.tokenRequests[0].form.client_id };
  const said = { ...usual, iat: now(), exp: now() + 1_000, ...claims };
  return { json: { ...json, id_token: secret(await server.key.sign(said, { typ: 'JWT' })) } };
};

async function folderOf(t) {
  const path = await mkdtemp(join(tmpdir(), 'jeton-libraries-'));
  t.after(() => rm(path, { recursive: true, force: true }));
  return path;
}

/** RFC 8414's document has what RFC 8414 knows: the rest stands in OpenID's. */
function apart(server) {
  const { end_session_endpoint, id_token_signing_alg_values_supported, ...oauth } = server.metadata;
  server.always(server.places.oauth, { json: oauth });
}

/** A callback that is refused before anybody is asked for a token; `change` is of its parameters. */
const callback =
  (change, fault, code, prepare = () => undefined) =>
  async (row) => {
    const { server, session } = await start(row);
    prepare(server);
    await refused(session.callback(server.grants.authorize(await session.login(), change)), fault, code);
    assert.equal(server.tokenRequests.length, 0);
  };

/** A login whose ID token says something else. */
const idToken = (claims, fault, code) => async (row) => {
  const { server, session } = await start(row);
  server.grants.idClaims = typeof claims === 'function' ? claims() : claims;
  await refused(session.callback(server.grants.authorize(await session.login())), fault, code);
  await refused(session.token(), 'caller', 'not_logged_in');
};

feature('login', {
  async 'the address: code, PKCE by S256, state, nonce'(row) {
    const { server, options, session } = await start(row);
    const url = new URL(await session.login());
    assert.equal(`${url.origin}${url.pathname}`, server.metadata.authorization_endpoint);
    const query = Object.fromEntries(url.searchParams);
    assert.equal(query.response_type, 'code');
    assert.equal(query.client_id, options.client_id);
    assert.equal(query.redirect_uri, REDIRECT);
    assert.equal(query.scope, 'openid profile offline_access');
    assert.equal(query.code_challenge_method, 'S256');
    for (const name of ['state', 'nonce']) assert.ok(query[name].length >= 20, name);
    const again = new URL(await session.login()).searchParams;
    for (const name of ['state', 'nonce', 'code_challenge']) assert.notEqual(again.get(name), query[name]);
  },

  async 'who it is, and a token'(row) {
    const { server, session, claims } = await loggedIn(row);
    assert.equal(claims.sub, 'alice');
    assert.equal(claims.name, 'Alice');
    assert.match(await session.token(), /^at-/);
    assert.equal(server.tokenRequests.length, 1);
    assert.equal(server.tokenRequests[0].form.redirect_uri, REDIRECT);
  },

  async 'resources of a session are asked for at both endpoints, and at each refresh (RFC 8707)'(row) {
    const driver = row.process();
    const { server, client, about } = await start(row, { driver });
    const resource = ['https://a.example', 'https://b.example'];
    const session = await client.session({ ...about, resource });
    const url = await session.login();
    assert.deepEqual(new URL(url).searchParams.getAll('resource'), resource);
    await session.callback(server.grants.authorize(url));
    await driver.ask('clock', { offset: 301 });
    await session.token();
    const sent = server.tokenRequests.map(({ body }) => new URLSearchParams(body).getAll('resource'));
    assert.deepEqual(sent, [resource, resource]);
  },

  async 'without openid: a token, and nobody is known'(row) {
    const { session } = await loggedIn(row, { scope: 'read' });
    assert.match(await session.token(), /^at-/);
  },

  async "what is OpenID's stands in OpenID's metadata alone: the algorithms of ID tokens"(row) {
    const { server, session } = await start(row);
    apart(server);
    assert.equal((await session.callback(server.grants.authorize(await session.login()))).sub, 'alice');
  },

  async 'nobody has logged in'(row) {
    const { session } = await start(row);
    await refused(session.token(), 'caller', 'not_logged_in');
  },

  'another state': callback({ state: random() }, 'caller', 'state_mismatch'),
  'no state': callback({ state: undefined }, 'caller', 'state_mismatch'),
  'another iss (RFC 9207)': callback({ iss: 'https://other.example' }, 'server', 'issuer_mismatch'),
  'no iss where metadata promises it': callback({ iss: undefined }, 'server', 'issuer_mismatch'),
  'another iss where metadata promises none': callback(
    { iss: 'https://other.example' },
    'server',
    'issuer_mismatch',
    (server) => {
      delete server.metadata.authorization_response_iss_parameter_supported;
    },
  ),
  'the person says no': callback({ code: undefined, error: 'access_denied' }, 'caller', 'access_denied'),
  'an error by somebody else': callback(
    { code: undefined, error: 'access_denied', state: random() },
    'caller',
    'state_mismatch',
  ),

  async 'no iss where metadata promises none'(row) {
    const { server, session } = await start(row);
    delete server.metadata.authorization_response_iss_parameter_supported;
    await session.callback(server.grants.authorize(await session.login(), { iss: undefined }));
    assert.match(await session.token(), /^at-/);
  },

  async "a callback of another browser's login"(row) {
    const one = await start(row);
    const two = await one.client.session({ ...one.about, key: secret(random(32)) });
    await two.login();
    await refused(two.callback(one.server.grants.authorize(await one.session.login())), 'caller', 'state_mismatch');
    assert.equal(one.server.tokenRequests.length, 0);
  },

  async 'a callback counts once'(row) {
    const { server, session } = await start(row);
    const url = server.grants.authorize(await session.login());
    await session.callback(url);
    await refused(session.callback(url), 'caller', 'state_mismatch');
    assert.equal(server.tokenRequests.length, 1);
    assert.match(await session.token(), /^at-/);
  },

  async 'two logins at once, as in two tabs: either comes back'(row) {
    const { server, session } = await start(row);
    const first = await session.login();
    await session.login();
    await session.callback(server.grants.authorize(first));
    assert.match(await session.token(), /^at-/);
  },

  async 'a login that took too long'(row) {
    const driver = row.process();
    const { server, session } = await start(row, { driver });
    const url = server.grants.authorize(await session.login());
    await driver.ask('clock', { offset: 86_400 });
    await refused(session.callback(url), 'caller', 'login_expired');
  },

  async 'a code that the server does not know any more'(row) {
    const { server, session } = await start(row);
    const url = server.grants.authorize(await session.login());
    server.nextToken(failure('invalid_grant'));
    await refused(session.callback(url), 'token', 'invalid_grant');
    await refused(session.token(), 'caller', 'not_logged_in');
  },

  'an ID token with another nonce': idToken({ nonce: 'of another login' }, 'server', 'nonce_mismatch'),
  'an ID token without a nonce': idToken({ nonce: undefined }, 'server', 'nonce_mismatch'),
  'an ID token of another issuer': idToken({ iss: 'https://other.example' }, 'server', 'invalid_response'),
  'an ID token for another client': idToken({ aud: 'other' }, 'server', 'invalid_response'),
  'an ID token for several, and another azp': idToken({ aud: ['other'], azp: 'other' }, 'server', 'invalid_response'),
  'an ID token that has expired': idToken(() => ({ exp: now() - 120 }), 'server', 'invalid_response'),
  'an ID token without a subject': idToken({ sub: undefined }, 'server', 'invalid_response'),

  async 'an ID token that another key has signed'(row) {
    const { server, session } = await start(row);
    server.key = await keyOf('ES256', 'of nobody');
    await refused(session.callback(server.grants.authorize(await session.login())), 'server', 'invalid_response');
  },

  async 'no ID token though it was asked for'(row) {
    const { server, session } = await start(row);
    const url = server.grants.authorize(await session.login());
    server.nextToken(async (_, act) => {
      const { idClaims, json, ...answer } = await act();
      return { ...answer, json: { ...json, id_token: undefined } };
    });
    await refused(session.callback(url), 'server', 'invalid_response');
  },
});

feature('session', {
  async 'the token is kept while it is fresh'(row) {
    const { session, refreshes } = await loggedIn(row);
    const token = await session.token();
    assert.deepEqual(await session.tokens(1_000), [token]);
    assert.equal(refreshes(), 0);
  },

  async 'a thousand callers at expiry: one refresh'(row) {
    const driver = row.process();
    const { session, refreshes } = await loggedIn(row, { driver });
    const token = await session.token();
    await driver.ask('clock', { offset: 301 });
    const tokens = await session.tokens(1_000);
    assert.equal(tokens.length, 1);
    assert.notEqual(tokens[0], token);
    assert.equal(refreshes(), 1);
  },

  async 'each refresh by the newest refresh token'(row) {
    const driver = row.process();
    const { server, session, refreshes } = await loggedIn(row, { driver });
    for (const offset of [301, 602, 903]) {
      await driver.ask('clock', { offset });
      await session.token();
    }
    assert.equal(refreshes(), 3);
    const sent = server.tokenRequests.map(({ form }) => form.refresh_token).filter(Boolean);
    assert.equal(new Set(sent).size, 3);
    assert.equal(server.grants.stolen, 0);
  },

  async 'an ID token of a refresh that is of no use: the tokens count'(row) {
    const driver = row.process();
    const { server, session } = await loggedIn(row, { driver });
    for (const [offset, claims] of [
      [301, { aud: 'other' }],
      [602, { iss: 'https://other.example' }],
    ]) {
      server.nextToken(refreshed(server, claims));
      await driver.ask('clock', { offset });
      assert.match(await session.token(), /^at-/);
    }
    assert.equal(server.grants.stolen, 0);
  },

  async 'an ID token of somebody else with a refresh: logged out'(row) {
    const driver = row.process();
    const { server, session } = await loggedIn(row, { driver });
    server.nextToken(refreshed(server, { sub: 'mallory' }));
    await driver.ask('clock', { offset: 301 });
    await refused(session.token(), 'caller', 'not_logged_in');
    assert.ok(server.asked('/revoke').length >= 1);
    await refused(session.token(), 'caller', 'not_logged_in');
  },

  async 'members of an answer that are null are not there'(row) {
    const driver = row.process();
    const { server, session } = await loggedIn(row, { driver });
    server.nextToken(async (_, act) => {
      const { json } = await act();
      return { json: { ...json, scope: null, expires_in: null, id_token: null } };
    });
    await driver.ask('clock', { offset: 301 });
    assert.match(await session.token(), /^at-/);
  },

  async 'a server that does not rotate'(row) {
    const driver = row.process();
    const { server, session } = await loggedIn(row, { driver });
    server.alwaysToken(async (_, act) => {
      const { json } = await act();
      return { json: { ...json, refresh_token: undefined } };
    });
    server.grants.grace = 60_000;
    await driver.ask('clock', { offset: 301 });
    await session.token();
    await driver.ask('clock', { offset: 602 });
    await session.token();
    const sent = server.tokenRequests.map(({ form }) => form.refresh_token).filter(Boolean);
    assert.equal(new Set(sent).size, 1);
  },

  async 'without a refresh token: until the token expires'(row) {
    const driver = row.process();
    const server = await authorizationServer(row.t);
    server.grants.refreshes = false;
    const client = await row.client(server.publicClient(), driver);
    const about = { redirect_uri: REDIRECT, scope: 'openid', store: {}, key: secret(random(32)) };
    const session = await client.session(about);
    await session.callback(server.grants.authorize(await session.login()));
    await session.token();
    await driver.ask('clock', { offset: 301 });
    await refused(session.token(), 'caller', 'not_logged_in');
  },

  async 'the server ends it: logged out, and nothing is kept'(row) {
    const driver = row.process();
    const { server, session, refreshes } = await loggedIn(row, { driver });
    server.grants.endAll();
    await driver.ask('clock', { offset: 301 });
    await refused(session.token(), 'caller', 'not_logged_in');
    await refused(session.token(), 'caller', 'not_logged_in');
    assert.equal(refreshes(), 1);
  },

  async 'the service is away: the standing token, and nobody is logged out'(row) {
    const driver = row.process();
    const { server, session } = await loggedIn(row, { driver });
    const token = await session.token();
    await driver.ask('clock', { offset: 280 });
    server.alwaysToken({ status: 503 });
    assert.equal(await session.token(), token);
    server.alwaysToken();
    await driver.ask('clock', { offset: 340 });
    assert.notEqual(await session.token(), token);
  },

  async 'logging out: revoked, forgotten, and where to go on'(row) {
    const { server, session } = await loggedIn(row);
    const url = new URL(await session.logout());
    assert.equal(`${url.origin}${url.pathname}`, server.metadata.end_session_endpoint);
    assert.ok(url.searchParams.get('id_token_hint'));
    const [{ form }] = server.asked('/revoke');
    assert.match(form.token, /^refresh-/);
    await refused(session.token(), 'caller', 'not_logged_in');
  },

  async "what is OpenID's stands in OpenID's metadata alone: where to log out"(row) {
    const { server, session } = await start(row);
    apart(server);
    await session.callback(server.grants.authorize(await session.login()));
    const { origin, pathname } = new URL(await session.logout());
    assert.equal(`${origin}${pathname}`, server.metadata.end_session_endpoint);
  },

  async 'logging out where the server has nothing for it'(row) {
    const { server, session } = await loggedIn(row);
    assert.equal(server.asked('/revoke').length, 0);
    const bare = await start(row);
    delete bare.server.metadata.revocation_endpoint;
    delete bare.server.metadata.end_session_endpoint;
    await bare.session.callback(bare.server.grants.authorize(await bare.session.login()));
    assert.equal((await bare.session.logout()) ?? undefined, undefined);
    await refused(bare.session.token(), 'caller', 'not_logged_in');
    assert.match(await session.token(), /^at-/);
  },

  async 'logging out while the service is away'(row) {
    const { server, session } = await loggedIn(row);
    await server.close();
    await session.logout();
    await refused(session.token(), 'caller', 'not_logged_in');
  },
});

feature('store', {
  async 'a session outlives its process'(row) {
    const folder = await folderOf(row.t);
    const { server, session, options, about } = await loggedIn(row, { folder });
    const token = await session.token();
    await session.forget();
    assert.equal(await session.token(), token);
    const other = await row.client(options, row.process());
    assert.equal(await (await other.session(about)).token(), token);
    assert.equal(server.tokenRequests.length, 1);
  },

  async 'a login that ends in another process'(row) {
    const folder = await folderOf(row.t);
    const { server, session, options, about } = await start(row, { folder });
    const url = server.grants.authorize(await session.login());
    const other = await (await row.client(options, row.process())).session(about);
    await other.callback(url);
    assert.match(await session.token(), /^at-/);
  },

  async 'nothing in it can be read'(row) {
    const folder = await folderOf(row.t);
    const { server, session } = await loggedIn(row, { folder });
    const token = await session.token();
    const texts = await contents(folder);
    assert.ok(texts.length > 0, 'it is kept in the folder');
    for (const text of texts) {
      for (const value of [token, 'alice', 'refresh', server.issuer]) {
        assert.ok(!text.includes(value), `a file has ${value.slice(0, 8)}`);
      }
    }
  },

  async 'another key: nobody is logged in, and reading changes nothing'(row) {
    const folder = await folderOf(row.t);
    const { client, session, about } = await loggedIn(row, { folder });
    const token = await session.token();
    const before = await contents(folder);
    const stranger = await client.session({ ...about, key: secret(random(32)) });
    await refused(stranger.token(), 'caller', 'not_logged_in');
    assert.deepEqual(await contents(folder), before);
    await session.forget();
    assert.equal(await session.token(), token);
  },

  async 'a logout is one for all processes'(row) {
    const folder = await folderOf(row.t);
    const { session, options, about } = await loggedIn(row, { folder });
    const other = await (await row.client(options, row.process())).session(about);
    assert.equal(await other.token(), await session.token());
    await session.logout();
    await other.forget();
    await refused(other.token(), 'caller', 'not_logged_in');
  },
});

async function contents(folder) {
  const names = (await readdir(folder, { recursive: true })).sort();
  const texts = [];
  for (const name of names) texts.push(await readFile(join(folder, name), 'latin1').catch(() => ''));
  return texts.filter((text) => text !== '');
}
