// GitHub: OAuth 2.0 alone, with opaque tokens, and errors that are a success to HTTP.

import assert from 'node:assert/strict';
import { createOAuthAppAuth } from '@octokit/auth-oauth-app';
import { createOAuthDeviceAuth } from '@octokit/auth-oauth-device';
import { request } from '@octokit/request';
import express from 'express';
import passport from 'passport';
import { Strategy } from 'passport-github2';
import { Person } from '../../examples/support/person.mjs';
import { approve, codeFor, logIn, serve } from '../support/application.mjs';
import { startPython } from '../support/python.mjs';
import { sdk } from '../support/rows.mjs';

const PATHS = 'its paths are fixed: GitHub has no metadata for logins';
const OPAQUE = 'GitHub’s access tokens are opaque, and it has no ID tokens';
const NO_LOGOUT = 'GitHub has no such address';
const NO_MACHINES = 'GitHub has no such grant: machines are GitHub Apps';
const NO_REFRESH = 'tokens of an OAuth App do not expire';
const NOT = {
  discovery: PATHS,
  verify: OPAQUE,
  refresh: NO_REFRESH,
  'log out': NO_LOGOUT,
  'client credentials': NO_MACHINES,
};

sdk('GitHub', 'passport-github2', 'Node', {
  async begin(mock, cleanup) {
    const issuer = `${mock.http}/github`;
    const app = express();
    const origin = await serve(cleanup, app);
    const strategy = new Strategy(
      {
        ...{ clientID: 'web', clientSecret: 'any', callbackURL: `${origin}/callback` },
        authorizationURL: `${issuer}/login/oauth/authorize`,
        tokenURL: `${issuer}/login/oauth/access_token`,
        userProfileURL: `${issuer}/user`,
        userEmailURL: `${issuer}/user/emails`,
        scope: ['read:user', 'user:email'],
      },
      (accessToken, refreshToken, profile, done) => done(null, { accessToken, refreshToken, profile }),
    );
    const own = new passport.Passport().use(strategy);
    const authenticate = own.authenticate('github', { session: false, failWithError: true });
    app.get('/login', authenticate);
    app.get('/callback', authenticate, ({ user }, response) => response.json(user));
    app.use(({ name, code, message }, _request, response, _next) => response.status(500).json({ name, code, message }));
    return { origin };
  },
  not: NOT,
  steps: {
    async 'log in'(on) {
      on.user = JSON.parse((await logIn(`${on.origin}/login`)).text);
      assert.match(on.user.accessToken, /^gho_/);
    },
    async 'userinfo: /user and /user/emails'({ user }) {
      const { id, username, displayName, emails } = user.profile;
      assert.match(id, /^\d+$/);
      assert.deepEqual([username, displayName, emails], ['alice', 'Alice', [{ value: 'alice@example.com' }]]);
    },
    async error({ origin }) {
      const person = new Person();
      const denied = await person.press(await person.open(`${origin}/login`), 'Deny');
      assert.equal(JSON.parse(denied.text).name, 'AuthenticationError');
      const bogus = JSON.parse((await person.open(`${origin}/callback?code=made-up`)).text);
      // An error of GitHub's is a success to HTTP, and to it: it finds no token there.
      assert.equal(bogus.message, 'Failed to obtain access token');
    },
  },
});

sdk('GitHub', '@octokit/auth-oauth-app', 'Node', {
  async begin(mock, cleanup) {
    const issuer = `${mock.http}/github`;
    // As for GitHub Enterprise Server, where the API has this path.
    const api = request.defaults({ baseUrl: `${issuer}/api/v3` });
    const auth = createOAuthAppAuth({ clientType: 'oauth-app', clientId: 'web', clientSecret: 'any', request: api });
    return { issuer, api, auth, redirect_uri: `${await serve(cleanup)}/callback` };
  },
  not: NOT,
  steps: {
    async 'log in'(on) {
      const { issuer, auth, redirect_uri } = on;
      const query = { client_id: 'web', redirect_uri, state: 's', scope: 'read:user user:email' };
      const { code } = await codeFor(`${issuer}/login/oauth/authorize?${new URLSearchParams(query)}`);
      on.user = await auth({ type: 'oauth-user', code, redirectUrl: redirect_uri });
      assert.match(on.user.token, /^gho_/);
      assert.deepEqual(on.user.scopes.join().split(',').sort(), ['read:user', 'user:email']);
    },
    async userinfo({ api, user }) {
      const { data } = await api('GET /user', { headers: { authorization: `token ${user.token}` } });
      assert.deepEqual([data.login, typeof data.id, data.type], ['alice', 'number', 'User']);
    },
    async 'the token, looked up by the application'({ api, auth, user }) {
      const app = api.defaults({ request: { hook: auth.hook } });
      const asked = { client_id: 'web', access_token: user.token };
      const { data } = await app('POST /applications/{client_id}/token', asked);
      assert.deepEqual([data.user.login, data.app.client_id, data.token], ['alice', 'web', user.token]);
      const unknown = app('POST /applications/{client_id}/token', { ...asked, access_token: 'gho_x' });
      await assert.rejects(unknown, { status: 404 });
    },
    async 'the token, taken back by the application'({ api, auth, user }) {
      const app = api.defaults({ request: { hook: auth.hook } });
      const asked = { client_id: 'web', access_token: user.token };
      assert.equal((await app('DELETE /applications/{client_id}/token', asked)).status, 204);
      await assert.rejects(app('POST /applications/{client_id}/token', asked), { status: 404 });
      await assert.rejects(api('GET /user', { headers: { authorization: `token ${user.token}` } }), { status: 401 });
    },
    async error({ auth }) {
      await assert.rejects(auth({ type: 'oauth-user', code: 'made-up' }), ({ status, message, response }) => {
        assert.deepEqual([status, response.data.error], [400, 'bad_verification_code']);
        assert.match(message, /The code passed is incorrect or expired\. \(bad_verification_code, https?:/);
        return true;
      });
    },
  },
});

sdk('GitHub', '@octokit/auth-oauth-device', 'Node', {
  async begin(mock) {
    const api = request.defaults({ baseUrl: `${mock.http}/github/api/v3` });
    return { api };
  },
  not: NOT,
  steps: {
    async 'log in'(on) {
      const onVerification = ({ verification_uri, user_code }) => void approve(verification_uri, user_code);
      const auth = createOAuthDeviceAuth({
        ...{ clientType: 'oauth-app', clientId: 'cli', scopes: ['read:user'], request: on.api, onVerification },
      });
      on.token = (await auth({ type: 'oauth' })).token;
      assert.match(on.token, /^gho_/);
    },
    async userinfo({ api, token }) {
      const { data } = await api('GET /user', { headers: { authorization: `token ${token}` } });
      assert.equal(data.login, 'alice');
    },
    async error({ api }) {
      const onVerification = ({ verification_uri, user_code }) => void approve(verification_uri, user_code, 'Deny');
      const auth = createOAuthDeviceAuth({ clientType: 'oauth-app', clientId: 'cli', request: api, onVerification });
      await assert.rejects(auth({ type: 'oauth' }), ({ response }) => response.data.error === 'access_denied');
    },
  },
});

sdk('GitHub', 'Authlib', 'Python', {
  async begin(mock, cleanup) {
    const ask = startPython(mock, cleanup, 'github_authlib');
    await ask('begin', { issuer: `${mock.http}/github`, redirect_uri: `${await serve(cleanup)}/callback` });
    return { ask };
  },
  not: NOT,
  steps: {
    async 'log in'({ ask }) {
      const page = await logIn(await ask('url'));
      const { access_token, token_type } = await ask('log_in', { answer: page.url.href });
      assert.match(access_token, /^gho_/);
      assert.equal(token_type, 'bearer');
    },
    async userinfo({ ask }) {
      assert.equal((await ask('user')).login, 'alice');
    },
    async error({ ask }) {
      await assert.rejects(ask('log_in', { answer: 'http://localhost/callback?code=made-up' }), {
        type: 'OAuthError',
        error: 'bad_verification_code',
      });
    },
  },
});
