// Keycloak.

import assert from 'node:assert/strict';
import { codeFor, serve } from '../support/application.mjs';
import { openPage } from '../support/page.mjs';
import { startPython } from '../support/python.mjs';
import { IN_A_PAGE, sdk } from '../support/rows.mjs';
import { claimsOf } from '../support/tokens.mjs';

const REALM = 'acme';

/** Where a hidden frame comes back to, as its documentation has it. */
const SILENT = '<!doctype html><script>parent.postMessage(location.href, location.origin)</script>';

sdk('Keycloak', 'keycloak-js', 'Chromium', {
  async begin(mock, cleanup) {
    const pages = { '/silent': SILENT };
    const app = await openPage(mock, cleanup, { module: 'keycloak-js/lib/keycloak.js', global: 'Keycloak', pages });
    /** Makes an adapter of the page, and says whether somebody is logged in. */
    const init = (options = {}, config = {}) =>
      app.run(
        async ([config, options]) => {
          window.keycloak = new window.Keycloak(config);
          try {
            return await window.keycloak.init(options);
          } catch (error) {
            return { error: error?.error ?? error?.message ?? String(error), more: error?.error_description };
          }
        },
        [
          { url: `${mock.http}/keycloak`, realm: REALM, clientId: 'spa', ...config },
          { redirectUri: `${app.origin}/callback`, ...options },
        ],
      );
    return { app, init, issuer: `${mock.http}/keycloak/realms/${REALM}` };
  },
  not: { 'client credentials': IN_A_PAGE },
  steps: {
    async 'discovery: from the issuer alone, which is a generic adapter’s way'({ app, init, issuer }) {
      await app.open();
      const found = await init({}, { oidcProvider: issuer, url: undefined, realm: undefined });
      assert.equal(found, false);
    },
    async 'log in: the answer in the fragment, as it does unless told otherwise'({ app, init, issuer }) {
      await app.open();
      assert.equal(await init(), false);
      await app.logIn(() => window.keycloak.login());
      assert.match(app.page.url(), /#.*code=/, 'in the fragment');
      assert.equal(await init(), true);
      const { iss, azp, typ, realm_access, preferred_username } = await app.run(() => window.keycloak.tokenParsed);
      assert.deepEqual(
        { iss, azp, typ, preferred_username },
        { iss: issuer, azp: 'spa', typ: 'Bearer', preferred_username: 'alice' },
      );
      assert.ok(realm_access.roles);
    },
    async 'log in: the answer in the query'({ app, init }) {
      await app.open();
      await init({ responseMode: 'query' });
      await app.round(() => window.keycloak.login());
      assert.match(app.page.url(), /\?.*code=/);
      assert.equal(await init({ responseMode: 'query' }), true);
    },
    async 'log in: check-sso in a hidden frame'({ app, init }) {
      await app.open();
      const silentCheckSsoRedirectUri = `${app.origin}/silent`;
      assert.equal(await init({ onLoad: 'check-sso', silentCheckSsoRedirectUri }), true);
    },
    async verify({ app }) {
      const { nonce, typ } = await app.run(() => window.keycloak.idTokenParsed);
      assert.ok(nonce, 'it holds the nonce against its own');
      assert.equal(typ, 'ID');
      assert.equal(await app.run(() => window.keycloak.hasRealmRole('offline_access')), true);
      assert.equal(await app.run(() => window.keycloak.hasResourceRole('view-profile', 'account')), true);
    },
    async userinfo({ app }) {
      assert.equal((await app.run(() => window.keycloak.loadUserInfo())).email, 'alice@example.com');
    },
    async refresh({ app }) {
      const [before, refreshed, after] = await app.run(async () => {
        const before = window.keycloak.token;
        return [before, await window.keycloak.updateToken(-1), window.keycloak.token];
      });
      assert.equal(refreshed, true);
      assert.notEqual(after, before);
    },
    async 'log out'({ app, init }) {
      await app.round((to) => window.keycloak.logout({ redirectUri: to }), `${app.origin}/bye`);
      assert.equal(app.page.url(), `${app.origin}/bye`);
      const silentCheckSsoRedirectUri = `${app.origin}/silent`;
      assert.equal(await init({ onLoad: 'check-sso', silentCheckSsoRedirectUri }), false);
    },
    async error({ app, init }) {
      await app.open();
      await init();
      await app.deny(() => window.keycloak.login());
      assert.equal((await init()).error, 'access_denied');
      app.behaved();
    },
  },
});

sdk('Keycloak', 'python-keycloak', 'Python', {
  async begin(mock, cleanup) {
    const ask = startPython(mock, cleanup, 'keycloak_python');
    const server_url = `${mock.http}/keycloak/`;
    await ask('begin', { server_url, realm_name: REALM });
    const redirect_uri = `${await serve(cleanup)}/callback`;
    return { ask, redirect_uri, issuer: `${mock.http}/keycloak/realms/${REALM}` };
  },
  steps: {
    async discovery({ ask, issuer }) {
      const { issuer: found, token_endpoint } = await ask('well_known');
      assert.deepEqual([found, token_endpoint], [issuer, `${issuer}/protocol/openid-connect/token`]);
    },
    async 'log in'(on) {
      const url = await on.ask('auth_url', { redirect_uri: on.redirect_uri, scope: 'openid email', state: 's' });
      const { code } = await codeFor(url);
      on.tokens = await on.ask('log_in', { code, redirect_uri: on.redirect_uri });
      assert.equal(on.tokens.token_type, 'Bearer');
    },
    async 'log in: with a name and a password'({ ask }) {
      const { access_token } = await ask('password', { username: 'bob', password: 'any' });
      assert.equal(claimsOf(access_token).preferred_username, 'bob');
    },
    async verify({ ask, tokens, issuer }) {
      const { iss, azp, preferred_username } = await ask('verify', { token: tokens.access_token });
      assert.deepEqual({ iss, azp, preferred_username }, { iss: issuer, azp: 'web', preferred_username: 'alice' });
    },
    async 'verify: by introspection'({ ask, tokens }) {
      const { active, username } = await ask('introspect', { token: tokens.access_token });
      assert.deepEqual([active, username], [true, 'alice']);
    },
    async userinfo({ ask, tokens }) {
      assert.equal((await ask('userinfo', { token: tokens.access_token })).email, 'alice@example.com');
    },
    async refresh(on) {
      const refreshed = await on.ask('refresh', { refresh_token: on.tokens.refresh_token });
      assert.notEqual(refreshed.access_token, on.tokens.access_token);
      on.tokens = refreshed;
    },
    async 'log out: by the refresh token, without a browser'({ ask, tokens }) {
      const { refresh_token, access_token } = tokens;
      await ask('log_out', { refresh_token });
      assert.equal((await ask('introspect', { token: access_token })).active, false);
      await assert.rejects(ask('refresh', { refresh_token }), { type: 'KeycloakPostError' });
      await assert.rejects(ask('log_out', { refresh_token }), ({ said }) => /Invalid refresh token/.test(said));
    },
    async 'client credentials'({ ask }) {
      const { azp, preferred_username } = claimsOf((await ask('client_credentials')).access_token);
      assert.deepEqual([azp, preferred_username], ['web', 'service-account-web']);
    },
    async 'device code'({ ask }) {
      const { verification_uri_complete } = await ask('device');
      assert.ok(verification_uri_complete);
    },
    async error({ ask }) {
      await assert.rejects(ask('client_credentials', { client_id: 'fail.invalid_client' }), (error) => {
        assert.deepEqual([error.type, error.response_code], ['KeycloakAuthenticationError', 401]);
        assert.match(error.said, /Invalid client or Invalid client credentials/);
        return true;
      });
    },
  },
});
