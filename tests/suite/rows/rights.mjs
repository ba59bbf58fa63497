// Rights are judged as they are now: what a client has lost after something was granted is not issued
// again, and not shown as held. These rows have a host of their own that reads its clients from its
// store each time: how long a host may answer from memory is JETON_REGISTRY_MAX_AGE.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { isError } from '../support/check.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  arrival,
  authorize,
  codeFor,
  exchange,
  handedBack,
  handoff,
  introspect,
  loggedIn,
  postAs,
  random,
  refresh,
  refreshed,
  requestIn,
  requestOf,
  sleep,
  userinfo,
} from '../support/flow.mjs';
import { DEVICE_GRANT } from '../support/grant-clients.mjs';
import { formOf, isPage } from '../support/html.mjs';
import { clientCredentials, startFor, unless } from '../support/target.mjs';
import { claimsOf, generationOf } from '../support/tokens.mjs';
import { Browser } from '../support/user-agent.mjs';

const { api } = clients;
const API = 'https://api.example';
const OTHER = 'https://other.example';
const ALL = 'openid profile offline_access read admin';
const GRANTS = ['authorization_code', 'refresh_token', 'client_credentials', DEVICE_GRANT];

/** A client in the store of `on`: `change` replaces members of its record, `remove` the client. */
async function registered(on, members = {}) {
  const client_id = `app-${random().slice(0, 12).toLowerCase()}`;
  const client_secret = random();
  const record = {
    client_id,
    client_secrets: [{ sha256: createHash('sha256').update(client_secret).digest('base64url') }],
    redirect_uris: ['https://app.example/cb', 'https://app.example/other'],
    grant_types: GRANTS,
    scope: ALL,
    audiences: [API, OTHER],
    ...members,
  };
  const change = (members = {}) => on.putClient({ ...record, ...members });
  await change();
  return {
    client_id,
    client_secret,
    redirect_uris: record.redirect_uris,
    change,
    remove: () => on.removeClient(client_id),
  };
}

const without = (...lost) => GRANTS.filter((name) => !lost.includes(name));

async function isInactive(caller, token, on) {
  const response = await introspect(caller, token, { on });
  assert.equal(response.text, '{"active":false}');
}

const shown = async (caller, token, on) => (await introspect(caller, token, { on })).json();

/** A login that waits at the login application. */
async function waiting(on, client, form = {}) {
  const browser = new Browser({ on });
  const query = requestOf(client, { scope: ALL, ...form });
  return { browser, request: requestIn(await authorize(browser, query)) };
}

const accepted = (on, request, form = {}) => answered('accept', { request, ...ALICE, ...form }, { on });

async function isSentBack(response, error) {
  const { uri, params } = arrival(response);
  assert.equal(uri, 'https://app.example/cb');
  assert.equal(params.error, error);
  assert.equal(params.state, 'a state');
  assert.equal(params.iss, ISSUER);
}

const rows = {
  'RFC 6749 §6: a scope that was withdrawn is not issued again, and comes back with the registration': async (on) => {
    const client = await registered(on);
    const { refresh_token } = await loggedIn(client, { scope: ALL }, { on });
    await client.change({ scope: 'openid profile offline_access read' });
    const less = await refreshed(client, refresh_token, {}, { on });
    assert.equal(less.scope, 'openid profile offline_access read');
    assert.equal(claimsOf(less.access_token).scope, less.scope);
    isError(await refresh(client, refresh_token, { scope: 'read admin' }, { on }), 400, 'invalid_scope');
    await client.change();
    assert.equal((await refreshed(client, less.refresh_token, {}, { on })).scope, ALL);
  },
  'RFC 6749 §6: asking for a withdrawn scope moves nothing': async (on) => {
    const client = await registered(on);
    const { refresh_token } = await loggedIn(client, { scope: ALL }, { on });
    await client.change({ scope: 'openid offline_access read' });
    isError(await refresh(client, refresh_token, { scope: 'admin' }, { on }), 400, 'invalid_scope');
    assert.equal(generationOf((await refreshed(client, refresh_token, {}, { on })).refresh_token), 2);
  },
  'RFC 6749 §5.2: nothing of the scope is left: invalid_scope': async (on) => {
    const client = await registered(on, { scope: 'read admin' });
    const { refresh_token } = await loggedIn(client, { scope: 'admin' }, { on });
    const login = await codeFor(client, { scope: 'admin' }, { on });
    await client.change({ scope: 'read' });
    isError(await refresh(client, refresh_token, {}, { on }), 400, 'invalid_scope');
    await isInactive(client, refresh_token, on);
    isError(await exchange(client, login, {}, { on }), 400, 'invalid_scope');
    await client.change({ scope: 'read admin' });
    assert.equal((await refreshed(client, refresh_token, {}, { on })).scope, 'admin');
  },
  'RFC 8707 §2: an audience that was withdrawn is not issued again': async (on) => {
    const client = await registered(on);
    const { refresh_token } = await loggedIn(client, { scope: 'read', resource: [API, OTHER] }, { on });
    await client.change({ audiences: [OTHER] });
    const less = await refreshed(client, refresh_token, {}, { on });
    assert.equal(claimsOf(less.access_token).aud, OTHER);
    isError(await refresh(client, refresh_token, { resource: API }, { on }), 400, 'invalid_target');
    await client.change({ audiences: ['urn:else'] });
    isError(await refresh(client, refresh_token, {}, { on }), 400, 'invalid_target');
    await isInactive(client, refresh_token, on);
    await client.change();
    assert.deepEqual(claimsOf((await refreshed(client, refresh_token, {}, { on })).access_token).aud, [API, OTHER]);
  },
  'RFC 6749 §5.2: a grant type that was withdrawn: unauthorized_client, and no refresh token is given': async (on) => {
    const client = await registered(on);
    const { refresh_token } = await loggedIn(client, { scope: ALL }, { on });
    const login = await codeFor(client, { scope: ALL }, { on });
    const later = await codeFor(client, { scope: ALL }, { on });
    await client.change({ grant_types: without('refresh_token') });
    isError(await refresh(client, refresh_token, {}, { on }), 400, 'unauthorized_client');
    await isInactive(client, refresh_token, on);
    const tokens = (await exchange(client, login, {}, { on })).json();
    assert.ok(tokens.access_token && !('refresh_token' in tokens));
    await client.change({ grant_types: without('authorization_code') });
    isError(await exchange(client, later, {}, { on }), 400, 'unauthorized_client');
  },
  'OpenID Connect Core §11: offline_access that was withdrawn: no refresh token is given or taken': async (on) => {
    const client = await registered(on);
    const { refresh_token } = await loggedIn(client, { scope: ALL }, { on });
    const login = await codeFor(client, { scope: ALL }, { on });
    await client.change({ scope: 'openid read' });
    isError(await refresh(client, refresh_token, {}, { on }), 400, 'invalid_scope');
    await isInactive(client, refresh_token, on);
    assert.ok(!('refresh_token' in (await exchange(client, login, {}, { on })).json()));
  },
  'a refresh is answered in the format and for the time of now': async (on) => {
    const client = await registered(on);
    const { refresh_token } = await loggedIn(client, { scope: ALL }, { on });
    await client.change({ access_token_format: 'opaque', access_token_lifetime: 77 });
    const tokens = await refreshed(client, refresh_token, {}, { on });
    assert.match(tokens.access_token, /^jat_/);
    assert.equal(tokens.expires_in, 77);
  },
  'a client that is gone: its tokens are inactive and refused, its codes too': async (on) => {
    const client = await registered(on);
    const tokens = await loggedIn(client, { scope: ALL }, { on });
    const machine = (await clientCredentials(client, {}, { on })).json().access_token;
    const login = await codeFor(client, { scope: ALL }, { on });
    for (const token of [tokens.access_token, machine]) assert.equal((await shown(api, token, on)).active, true);
    await client.remove();
    for (const token of [tokens.access_token, machine]) await isInactive(api, token, on);
    assert.equal((await userinfo(tokens.access_token, { on })).status, 401);
    isError(await refresh(client, tokens.refresh_token, {}, { on }), 401, 'invalid_client');
    isError(await exchange(client, login, {}, { on }), 401, 'invalid_client');
    await client.change();
    assert.equal((await userinfo(tokens.access_token, { on })).status, 200);
  },
  'a client that is disabled: as one that is gone, at every endpoint': async (on) => {
    const client = await registered(on);
    const tokens = await loggedIn(client, { scope: ALL }, { on });
    const machine = (await clientCredentials(client, {}, { on })).json().access_token;
    const opaque = await registered(on, { access_token_format: 'opaque' });
    const sealed = (await clientCredentials(opaque, {}, { on })).json().access_token;
    const login = await codeFor(client, { scope: ALL }, { on });
    const device = (await postAs(client, '/device_authorization', { scope: 'read' }, { on })).json();
    const person = await atDevice(on, { subject: random() });
    for (const one of [client, opaque]) await one.change({ disabled: true });
    for (const token of [tokens.access_token, machine, sealed]) await isInactive(api, token, on);
    assert.equal((await userinfo(tokens.access_token, { on })).status, 401);
    for (const [path, form] of [
      ['/token', { grant_type: 'client_credentials' }],
      ['/token', { grant_type: 'refresh_token', refresh_token: tokens.refresh_token }],
      ['/token', { grant_type: DEVICE_GRANT, device_code: device.device_code }],
      ['/introspect', { token: machine }],
      ['/revoke', { token: tokens.refresh_token }],
      ['/device_authorization', { scope: 'read' }],
    ]) {
      isError(await postAs(client, path, form, { on }), 401, 'invalid_client');
    }
    isError(await exchange(client, login, {}, { on }), 401, 'invalid_client');
    isPage(await authorize(new Browser({ on }), requestOf(client, { scope: ALL })), 400);
    assert.match(isPage(await person.submit({ user_code: device.user_code })), /not known/);
    await client.change();
    assert.equal((await userinfo(tokens.access_token, { on })).status, 200);
    assert.equal((await refresh(client, tokens.refresh_token, {}, { on })).status, 200, 'nothing was revoked');
  },
  'RFC 9700 §4.15: the id of a client that is disabled is taken': async (on) => {
    const client = await registered(on);
    const { client_id } = await registered(on, { disabled: true });
    const { request } = await waiting(on, client);
    const refused = await handoff('accept', { request, subject: client_id }, { on });
    handedBack(refused, 'invalid_request');
  },
  'RFC 7662 §2.2: introspection shows what is left of scope and audiences': async (on) => {
    const client = await registered(on);
    const resource = [API, OTHER];
    const { access_token, refresh_token } = await loggedIn(client, { scope: 'read admin', resource }, { on });
    await client.change({ scope: 'read', audiences: [API] });
    for (const caller of [client, api]) {
      const { active, scope, aud } = await shown(caller, access_token, on);
      assert.deepEqual({ active, scope, aud }, { active: true, scope: 'read', aud: API });
    }
    assert.equal((await shown(client, refresh_token, on)).scope, 'read');
    await client.change({ scope: 'read', audiences: [OTHER] });
    await isInactive(api, access_token, on);
    assert.equal((await shown(client, access_token, on)).aud, OTHER);
    await client.change({ scope: 'openid' });
    await isInactive(client, access_token, on);
    await client.change({ audiences: ['urn:else'] });
    await isInactive(client, access_token, on);
    await client.change({ grant_types: ['client_credentials'] });
    await isInactive(client, access_token, on);
    await client.change();
    assert.equal((await shown(api, access_token, on)).active, true);
  },
  "RFC 7662 §2.2: a machine's token without its grant type, scope or audience is inactive": async (on) => {
    const client = await registered(on);
    const { access_token } = (await clientCredentials(client, { scope: 'admin' }, { on })).json();
    for (const lost of [
      { grant_types: without('client_credentials') },
      { scope: 'read' },
      { audiences: [OTHER] },
      { token_endpoint_auth_method: 'none', client_secrets: [], grant_types: without('client_credentials') },
    ]) {
      await client.change(lost);
      await isInactive(api, access_token, on);
      await client.change();
      assert.equal((await shown(api, access_token, on)).active, true);
    }
  },
  'OpenID Connect Core §5.3: /userinfo shows what the scope of now allows': async (on) => {
    const client = await registered(on);
    const { access_token } = await loggedIn(client, { scope: ALL }, { on });
    const ask = async () => (await userinfo(access_token, { on })).json();
    assert.equal((await ask()).name, 'Alice');
    await client.change({ scope: 'openid read' });
    assert.deepEqual(await ask(), { sub: 'alice', tenant: 'blue' });
    await client.change({ scope: 'profile read' });
    const refused = await userinfo(access_token, { on });
    assert.equal(refused.status, 403);
    assert.match(refused.headers['www-authenticate'], /insufficient_scope/);
    await client.change({ grant_types: ['client_credentials'] });
    assert.equal((await userinfo(access_token, { on })).status, 401);
  },
  'a login that waits: a scope that was withdrawn is neither shown nor granted': async (on) => {
    const client = await registered(on);
    const { browser, request } = await waiting(on, client);
    await client.change({ scope: 'openid read' });
    const info = (await handoff('request', { request }, { on })).json();
    assert.equal(info.scope, 'openid read');
    const { params } = arrival(await browser.get(await accepted(on, request)));
    await client.change();
    const form = { grant_type: 'authorization_code', code: params.code };
    isError(await postAs(client, '/token', form, { on }), 400, 'invalid_grant');
  },
  'a login that waits: what the client lost meanwhile it is told': async (on) => {
    for (const [lost, error] of [
      [{ scope: 'write' }, 'invalid_scope'],
      [{ grant_types: without('authorization_code') }, 'unauthorized_client'],
    ]) {
      const client = await registered(on);
      const { browser, request } = await waiting(on, client);
      const late = await waiting(on, client);
      const redirect = await accepted(on, request);
      await client.change(lost);
      await isSentBack(await browser.get(redirect), error);
      await isSentBack(await late.browser.get(await accepted(on, late.request)), error);
      await client.change();
      assert.ok(arrival(await browser.get(redirect)).params.code, 'nothing was used up');
    }
    const client = await registered(on);
    const { browser, request } = await waiting(on, client, { scope: 'read', resource: OTHER });
    await client.change({ audiences: [API] });
    await isSentBack(await browser.get(await accepted(on, request)), 'invalid_target');
  },
  'a login that waits without PKCE, which the client must have now: invalid_request': async (on) => {
    const bare = { code_challenge: undefined, code_challenge_method: undefined, nonce: 'n' };
    const client = await registered(on, { require_pkce: false });
    const { browser, request } = await waiting(on, client, bare);
    await client.change({ require_pkce: true });
    await isSentBack(await browser.get(await accepted(on, request)), 'invalid_request');
  },
  'a login that waits: a redirect URI that was withdrawn, or a client that is gone: a page, always': async (on) => {
    for (const lose of [
      (client) => client.change({ redirect_uris: ['https://app.example/other'] }),
      (client) => client.remove(),
      (client) => client.change({ disabled: true }),
    ]) {
      const client = await registered(on);
      const [first, second, third] = [await waiting(on, client), await waiting(on, client), await waiting(on, client)];
      const redirect = await accepted(on, first.request);
      const rejected = await answered('reject', { request: second.request }, { on });
      await lose(client);
      isPage(await first.browser.get(redirect), 400);
      isPage(await second.browser.get(rejected), 400);
      for (const call of ['request', 'accept']) {
        const refused = await handoff(call, { request: third.request, ...ALICE }, { on });
        isPage(await third.browser.get(handedBack(refused, 'invalid_request')), 400);
      }
      isPage(await third.browser.get(await answered('reject', { request: third.request }, { on })), 400);
    }
  },
  'a device that waits: its client is as it is now': async (on) => {
    const client = await registered(on);
    const device = (await postAs(client, '/device_authorization', { scope: 'read admin' }, { on })).json();
    const person = await atDevice(on, { subject: random() });
    const ask = async () => isPage(await person.submit({ user_code: device.user_code }));
    assert.match(await ask(), /<code>read<.*<code>admin</s);
    const confirmation = await person.confirmation(device.user_code);
    await client.change({ scope: 'read' });
    assert.doesNotMatch(await ask(), /admin/);
    await client.change({ grant_types: without(DEVICE_GRANT) });
    assert.match(await ask(), /not known/);
    assert.match(isPage(await confirmation.approve()), /Device not connected/);
    await client.remove();
    assert.match(await ask(), /not known/);
    assert.match(isPage(await confirmation.approve()), /Device not connected/);
    await client.change({ scope: 'read' });
    assert.match(isPage(await confirmation.approve()), /Device connected/);
    const form = { grant_type: DEVICE_GRANT, device_code: device.device_code };
    assert.equal((await postAs(client, '/token', form, { on })).json().scope, 'read');
  },
  'RFC 9700 §4.15: a client is registered with the id of a person: the person has nothing more': async (on) => {
    const client = await registered(on);
    const subject = `person-${random().slice(0, 12).toLowerCase()}`;
    const as = { on, answer: { subject } };
    const { access_token, refresh_token } = await loggedIn(client, { scope: ALL }, as);
    const login = await codeFor(client, { scope: ALL }, as);
    const { browser, request } = await waiting(on, client);
    const redirect = await accepted(on, request, { subject });
    const person = await atDevice(on, { subject });
    await registered(on, { client_id: subject });
    isError(await refresh(client, refresh_token, {}, { on }), 400, 'invalid_grant');
    isError(await exchange(client, login, {}, { on }), 400, 'invalid_grant');
    assert.equal((await userinfo(access_token, { on })).status, 401);
    for (const caller of [client, api]) await isInactive(caller, access_token, on);
    await isInactive(client, refresh_token, on);
    await isSentBack(await browser.get(redirect), 'access_denied');
    isPage(await person.submit({ user_code: 'BBBB-BBBB' }), 400);
    const late = await waiting(on, client);
    for (const name of [subject, subject.toUpperCase()]) {
      const answer = { request: late.request, ...ALICE, subject: name };
      handedBack(await handoff('accept', answer, { on }), 'invalid_request');
    }
  },
};

/** A person who has logged in at /device. */
async function atDevice(on, answer) {
  const browser = new Browser({ on });
  const request = requestIn(await browser.get('/device'));
  const page = await browser.get(await accepted(on, request, answer));
  isPage(page);
  const { action, fields } = formOf(page.text);
  const submit = (more) => browser.post(action, { ...fields, ...more });
  /** The page that shows the code, from which the device is approved. */
  const confirmation = async (user_code) => {
    const shown = formOf((await submit({ user_code })).text);
    return { approve: () => browser.post(shown.action, { ...shown.fields, decision: 'approve' }) };
  };
  return { submit, confirmation };
}

describe('rights that were withdrawn', { skip: unless.startable }, () => {
  test('judged as they are now', async (t) => {
    const on = await startFor(t, { changes: { JETON_REGISTRY_MAX_AGE: '0' } });
    await Promise.all(Object.entries(rows).map(([name, row]) => t.test(name, () => row(on))));
  });

  test('a login application that is disabled: invalid_client, whatever it asks for', async (t) => {
    const login = { ...clients.login, disabled: true };
    const on = await startFor(t, { changes: { clients: [clients.web, login] } });
    const { request } = await waiting(on, clients.web, { scope: undefined });
    for (const call of ['request', 'accept', 'reject']) {
      isError(await handoff(call, { request, ...ALICE }, { on }), 401, 'invalid_client');
    }
    isError(await postAs(login, '/revoke_grants', { subject: ALICE.subject }, { on }), 401, 'invalid_client');
  });

  test('a client that was tried before it was stored is known within seconds', async (t) => {
    const on = await startFor(t);
    const client = { client_id: 'late', client_secret: random() };
    isError(await clientCredentials(client, {}, { on }), 401, 'invalid_client');
    await on.putClient({
      client_id: 'late',
      client_secrets: [{ sha256: createHash('sha256').update(client.client_secret).digest('base64url') }],
      grant_types: ['client_credentials'],
    });
    await sleep(6100);
    assert.equal((await clientCredentials(client, {}, { on })).status, 200);
  });
});
