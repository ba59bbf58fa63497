// Auth0. Its SDKs know a tenant by its host name alone, and go to paths from the root of it: so the mock's default
// issuer has the profile; what a path beneath it serves as well is asked there.

import assert from 'node:assert/strict';
import { AuthClient } from '@auth0/auth0-auth-js';
import { TokenProvider } from 'auth0/management';
import express from 'express';
import { auth as protect, requiredScopes } from 'express-oauth2-jwt-bearer';
import openid from 'express-openid-connect';
import { Person } from '../../examples/support/person.mjs';
import { codeFor, logIn, serve, submitted } from '../support/application.mjs';
import { openPage } from '../support/page.mjs';
import { startPython } from '../support/python.mjs';
import { IN_A_PAGE, sdk, VERIFIER } from '../support/rows.mjs';
import { anotherSecond, claimsOf, machineToken } from '../support/tokens.mjs';

const API = 'https://orders.example';
const PATHS = 'its paths are fixed: it asks for no metadata';

sdk('Auth0', 'auth0-spa-js', 'Chromium', {
  async begin(mock, cleanup) {
    const bundle = '@auth0/auth0-spa-js/dist/auth0-spa-js.production.js';
    const app = await openPage(mock, cleanup, { bundle });
    const options = (more = {}) => ({
      domain: mock.http,
      clientId: 'spa',
      authorizeTimeoutInSeconds: 5,
      ...more,
      authorizationParams: { redirect_uri: `${app.origin}/callback`, audience: API, scope: 'openid profile email' },
    });
    const start = (more) =>
      app.run((options) => {
        window.client = new window.auth0.Auth0Client(options);
      }, options(more));
    return { mock, app, start };
  },
  not: { discovery: PATHS, userinfo: 'it has the ID token alone', 'client credentials': IN_A_PAGE },
  steps: {
    async 'log in'({ app, start }) {
      await app.open();
      await start();
      await app.logIn(() => window.client.loginWithRedirect({ appState: { target: '/orders' } }));
      await start();
      const { appState } = await app.run(() => window.client.handleRedirectCallback());
      assert.deepEqual(appState, { target: '/orders' });
      assert.equal((await app.run(() => window.client.getUser())).email, 'alice@example.com');
    },
    async verify({ app, mock }) {
      const { iss, sub, aud, nonce } = await app.run(() => window.client.getIdTokenClaims());
      assert.deepEqual([iss, aud], [`${mock.http}/`, 'spa']);
      assert.ok(sub && nonce);
      const token = claimsOf(await app.run(() => window.client.getTokenSilently()));
      assert.deepEqual(token.aud, [API, `${mock.http}/userinfo`]);
      assert.equal(token.azp, 'spa');
    },
    async 'refresh: in a hidden frame (web_message)'({ app, start }) {
      await app.open('/again');
      await start();
      await app.run(() => window.client.checkSession());
      assert.equal((await app.run(() => window.client.getUser()))?.email, 'alice@example.com');
    },
    async 'refresh: by a refresh token, in its worker'({ app, start }) {
      await app.open();
      await start({ useRefreshTokens: true });
      await app.round(() => window.client.loginWithRedirect());
      await start({ useRefreshTokens: true });
      await app.run(() => window.client.handleRedirectCallback());
      const first = await app.run(() => window.client.getTokenSilently());
      await anotherSecond();
      const second = await app.run(() => window.client.getTokenSilently({ cacheMode: 'off' }));
      assert.notEqual(first, second);
    },
    async 'log in: in a popup'({ app, start }) {
      await app.open();
      await start();
      await app.run(() => window.client.loginWithPopup());
      assert.equal((await app.run(() => window.client.getUser())).email, 'alice@example.com');
    },
    async 'log out'({ app, start }) {
      const away = `${app.origin}/bye`;
      await app.round((returnTo) => window.client.logout({ logoutParams: { returnTo } }), away);
      assert.equal(app.page.url(), away);
      await start();
      const ended = app.run(() => window.client.getTokenSilently().catch(({ error }) => error));
      assert.equal(await ended, 'login_required');
    },
    async error({ app, start }) {
      await app.open();
      await start();
      await app.deny(() => window.client.loginWithRedirect());
      await start();
      const said = await app.run(() =>
        window.client.handleRedirectCallback().catch(({ name, error, error_description }) => ({
          ...{ name, error, error_description },
        })),
      );
      assert.equal(said.error, 'access_denied');
      assert.ok(said.error_description);
      app.behaved();
    },
    async 'log in: beneath a path'({ app, mock }) {
      const domain = `${mock.http}/auth0`;
      const start = () =>
        app.run(
          ([domain, redirect_uri]) => {
            window.client = new window.auth0.Auth0Client({
              ...{ domain, clientId: 'spa', authorizationParams: { redirect_uri } },
            });
          },
          [domain, `${app.origin}/callback`],
        );
      await app.open();
      await start();
      await app.logIn(() => window.client.loginWithRedirect());
      await start();
      await app.run(() => window.client.handleRedirectCallback());
      assert.equal((await app.run(() => window.client.getIdTokenClaims())).iss, `${domain}/`);
    },
  },
});

sdk('Auth0', 'express-openid-connect', 'Node', {
  async begin(mock, cleanup) {
    const start = async (more) => {
      const app = express();
      const origin = await serve(cleanup, (request, response) => app(request, response));
      const secret = 'a long secret of the application';
      const issuerBaseURL = `${mock.http}/`;
      app.use(
        openid.auth({
          authRequired: false,
          auth0Logout: true,
          baseURL: origin,
          issuerBaseURL,
          clientID: 'web',
          secret,
          ...more,
        }),
      );
      app.get('/', ({ oidc }, response) =>
        response.json({ user: oidc.user ?? null, claims: oidc.idTokenClaims ?? null }),
      );
      app.get('/userinfo', async ({ oidc }, response) => response.json(await oidc.fetchUserInfo()));
      app.get('/refresh', async ({ oidc }, response) => {
        const before = oidc.accessToken.access_token;
        const { access_token } = await oidc.accessToken.refresh();
        response.json({ before, after: access_token });
      });
      app.use(({ message, error, error_description, status }, _request, response, _next) =>
        response.status(status ?? 500).json({ message, error, error_description }),
      );
      return origin;
    };
    const authorizationParams = { response_type: 'code', scope: 'openid profile email offline_access', audience: API };
    const origin = await start({ clientSecret: 'any', authorizationParams });
    const person = new Person();
    const told = async (path) => JSON.parse((await person.open(`${origin}${path}`)).text);
    return { mock, start, origin, person, told };
  },
  not: { 'client credentials': 'it logs people in, and no machines' },
  steps: {
    async discovery({ mock, origin }) {
      const { headers } = await fetch(`${origin}/login`, { redirect: 'manual' });
      assert.equal(headers.get('location').split('?')[0], `${mock.http}/authorize`);
    },
    async 'log in'({ origin, person }) {
      const page = await logIn(`${origin}/login`, { person });
      assert.equal(JSON.parse(page.text).user.email, 'alice@example.com');
    },
    async 'log in: as it does unless told otherwise, by an ID token in a form'({ start }) {
      const person = new Person();
      const own = await start({});
      const page = await person.press(await person.open(`${own}/login`), 'alice');
      assert.equal(JSON.parse((await submitted(person, page)).text).user.email, 'alice@example.com');
    },
    async verify({ mock, told }) {
      const { claims } = await told('/');
      assert.deepEqual([claims.iss, claims.aud], [`${mock.http}/`, 'web']);
    },
    async userinfo({ told }) {
      assert.equal((await told('/userinfo')).email, 'alice@example.com');
    },
    async refresh({ told }) {
      await anotherSecond();
      const { before, after } = await told('/refresh');
      assert.notEqual(before, after);
    },
    async 'log out'({ origin, person, told }) {
      const page = await person.open(`${origin}/logout`);
      assert.deepEqual([page.url.href, JSON.parse(page.text).user], [`${origin}/`, null]);
      assert.match((await person.open(`${origin}/login`)).text, /alice/, 'asked again who it is');
      assert.equal((await told('/')).user, null);
    },
    async error({ origin, person }) {
      const page = await person.press(await person.open(`${origin}/login`), 'Deny');
      assert.deepEqual([page.status, JSON.parse(page.text).error], [400, 'access_denied']);
    },
  },
});

sdk('Auth0', '@auth0/auth0-auth-js', 'Node', {
  async begin(mock, cleanup) {
    const origin = await serve(cleanup);
    // Its tenants are https.
    const [issuer, domain] = [mock.https, new URL(mock.https).host];
    const client = (clientId) =>
      new AuthClient({
        ...{ domain, clientId, clientSecret: 'any' },
        authorizationParams: { redirect_uri: `${origin}/callback`, scope: 'openid profile email offline_access' },
      });
    return { issuer, origin, client, auth: client('web') };
  },
  steps: {
    async discovery({ auth, issuer }) {
      const metadata = await auth.getServerMetadata();
      assert.deepEqual([metadata.issuer, metadata.token_endpoint], [`${issuer}/`, `${issuer}/oauth/token`]);
    },
    async 'log in'(on) {
      const { authorizationUrl, codeVerifier } = await on.auth.buildAuthorizationUrl();
      const page = await logIn(authorizationUrl);
      on.tokens = await on.auth.getTokenByCode(page.url, { codeVerifier });
      assert.ok(on.tokens.refreshToken);
    },
    async verify({ tokens, issuer }) {
      assert.deepEqual([tokens.claims.iss, tokens.claims.aud], [`${issuer}/`, 'web']);
      assert.match(tokens.accessToken, /^[\w-]+$/, 'opaque, as the login names no API');
    },
    async userinfo({ auth, tokens }) {
      assert.equal((await auth.getUserInfo({ accessToken: tokens.accessToken })).email, 'alice@example.com');
    },
    async refresh({ auth, tokens }) {
      await anotherSecond();
      const refreshed = await auth.getTokenByRefreshToken({ refreshToken: tokens.refreshToken });
      assert.notEqual(refreshed.accessToken, tokens.accessToken);
    },
    async 'log out'({ auth, origin }) {
      const { href } = await auth.buildLogoutUrl({ returnTo: `${origin}/bye` });
      assert.equal((await new Person().open(href)).url.href, `${origin}/bye`);
    },
    async 'client credentials'({ auth }) {
      const { accessToken } = await auth.getTokenByClientCredentials({ audience: API });
      const { aud, azp, gty, sub } = claimsOf(accessToken);
      assert.deepEqual({ aud, azp, gty, sub }, { aud: API, azp: 'web', gty: 'client-credentials', sub: 'web@clients' });
    },
    async error({ client }) {
      const refused = client('fail.invalid_client').getTokenByClientCredentials({ audience: API });
      await assert.rejects(refused, ({ code, cause }) => {
        assert.deepEqual([code, cause.error], ['token_by_client_credentials_error', 'access_denied']);
        return true;
      });
    },
  },
});

const MANAGEMENT = 'since its version 7 it manages tenants; people log in by @auth0/auth0-auth-js';

sdk('Auth0', 'auth0', 'Node', {
  async begin(mock) {
    const domain = new URL(mock.https).host;
    const provider = (clientId) =>
      new TokenProvider({ domain, clientId, clientSecret: 'any', audience: `${mock.https}/api/v2/` });
    return { mock, provider };
  },
  not: {
    discovery: PATHS,
    'log in': MANAGEMENT,
    verify: MANAGEMENT,
    userinfo: MANAGEMENT,
    refresh: MANAGEMENT,
    'log out': MANAGEMENT,
  },
  steps: {
    async 'client credentials'({ mock, provider }) {
      const { aud, sub } = claimsOf(await provider('management').getAccessToken());
      assert.deepEqual([aud, sub], [`${mock.https}/api/v2/`, 'management@clients']);
    },
    async error({ provider }) {
      await assert.rejects(provider('fail.invalid_client').getAccessToken(), ({ statusCode, body }) => {
        assert.deepEqual([statusCode, body.error], [401, 'access_denied']);
        return true;
      });
    },
  },
});

sdk('Auth0', 'auth0-python', 'Python', {
  async begin(mock, cleanup) {
    const origin = await serve(cleanup);
    const ask = startPython(mock, cleanup, 'auth0_python');
    await ask('begin', { domain: `${new URL(mock.http).host}/auth0`, protocol: 'http' });
    return { issuer: `${mock.http}/auth0`, origin, ask };
  },
  not: { discovery: PATHS, 'log out': 'it has no such function' },
  steps: {
    async 'log in'(on) {
      const redirect_uri = `${on.origin}/callback`;
      // It leaves the address of the login to its users.
      const query = {
        response_type: 'code',
        client_id: 'web',
        redirect_uri,
        state: 's',
        scope: 'openid email offline_access',
      };
      const { code } = await codeFor(`${on.issuer}/authorize?${new URLSearchParams(query)}`);
      on.tokens = await on.ask('log_in', { code, redirect_uri });
      assert.equal(on.tokens.token_type, 'Bearer');
    },
    async verify({ ask, tokens, issuer }) {
      const claims = await ask('verify', { id_token: tokens.id_token, issuer: `${issuer}/` });
      assert.deepEqual([claims.iss, claims.aud], [`${issuer}/`, 'web']);
    },
    async userinfo({ ask, tokens }) {
      assert.equal((await ask('userinfo', { access_token: tokens.access_token })).email, 'alice@example.com');
    },
    async refresh({ ask, tokens }) {
      await anotherSecond();
      const { access_token } = await ask('refresh', { refresh_token: tokens.refresh_token });
      assert.notEqual(access_token, tokens.access_token);
    },
    async 'client credentials'({ ask }) {
      const { access_token } = await ask('client_credentials', { audience: API });
      assert.equal(claimsOf(access_token).aud, API);
    },
    async error({ ask }) {
      const refused = ask('client_credentials', { audience: API, client_id: 'fail.invalid_client' });
      await assert.rejects(refused, ({ type, status_code, error_code }) => {
        assert.deepEqual([type, status_code, error_code], ['Auth0Error', 401, 'access_denied']);
        return true;
      });
    },
  },
});

sdk('Auth0', 'express-oauth2-jwt-bearer', 'Node', {
  async begin(mock, cleanup) {
    const app = express();
    const issuerBaseURL = `${mock.http}/auth0/`;
    app.get('/orders', protect({ issuerBaseURL, audience: API }), requiredScopes('read:orders'), ({ auth }, response) =>
      response.json(auth.payload),
    );
    app.use(({ status, headers }, _request, response, _next) => response.status(status).set(headers).end());
    const origin = await serve(cleanup, app);
    const token = (more) =>
      machineToken(`${mock.http}/auth0/oauth/token`, { audience: API, scope: 'read:orders', ...more });
    const call = async (token) => fetch(`${origin}/orders`, { headers: { authorization: `Bearer ${token}` } });
    return { issuerBaseURL, token, call };
  },
  not: {
    'log in': VERIFIER,
    userinfo: VERIFIER,
    refresh: VERIFIER,
    'log out': VERIFIER,
    'client credentials': VERIFIER,
  },
  steps: {
    async discovery({ token, call }) {
      assert.equal((await call(await token())).status, 200, 'it has its keys by discovery');
    },
    async verify({ issuerBaseURL, token, call }) {
      const { iss, aud, azp, scope } = await (await call(await token())).json();
      assert.deepEqual(
        { iss, aud, azp, scope },
        { iss: issuerBaseURL, aud: API, azp: 'machine', scope: 'read:orders' },
      );
    },
    async error({ token, call }) {
      for (const [more, status, expected] of [
        [{ audience: 'https://else.example' }, 401, /invalid_token.*Unexpected 'aud' value/],
        [{ scope: 'read:orders fault:expired' }, 401, /invalid_token.*'exp' claim timestamp check failed/],
        [{ scope: 'write:orders' }, 403, /insufficient_scope/],
      ]) {
        const answer = await call(await token(more));
        assert.equal(answer.status, status);
        assert.match(answer.headers.get('www-authenticate'), expected);
      }
    },
  },
});
