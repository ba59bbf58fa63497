// Okta, by its default custom authorization server.

import assert from 'node:assert/strict';
import OktaJwtVerifier from '@okta/jwt-verifier';
import { codeFor, serve } from '../support/application.mjs';
import { openPage } from '../support/page.mjs';
import { startPython } from '../support/python.mjs';
import { IN_A_PAGE, sdk, VERIFIER } from '../support/rows.mjs';
import { claimsOf, form, machineToken } from '../support/tokens.mjs';

const ONLY_VERIFIES = {
  'log in': VERIFIER,
  userinfo: VERIFIER,
  refresh: VERIFIER,
  'log out': VERIFIER,
  'client credentials': VERIFIER,
};

/** Tokens of a login, for what only verifies them. */
async function loggedIn(issuer, cleanup) {
  const redirect_uri = `${await serve(cleanup)}/callback`;
  const query = {
    response_type: 'code',
    client_id: 'web',
    redirect_uri,
    state: 's',
    nonce: 'n',
    scope: 'openid email',
  };
  const { code } = await codeFor(`${issuer}/v1/authorize?${new URLSearchParams(query)}`);
  return form(`${issuer}/v1/token`, { grant_type: 'authorization_code', client_id: 'web', code, redirect_uri });
}

sdk('Okta', '@okta/okta-auth-js', 'Chromium', {
  async begin(mock, cleanup) {
    const app = await openPage(mock, cleanup, { bundle: '@okta/okta-auth-js/dist/okta-auth-js.min.js' });
    // It holds the origin of messages against what stands before the issuer's `/oauth2/`.
    await mock.issuer('oauth2/default').make({ profile: 'okta' });
    const issuer = `${mock.http}/oauth2/default`;
    const start = (more) =>
      app.run(
        (options) => {
          window.client = new window.OktaAuth(options);
        },
        {
          ...{ issuer, clientId: 'spa', redirectUri: `${app.origin}/callback` },
          ...{ scopes: ['openid', 'profile', 'email', 'offline_access'], ...more },
        },
      );
    /** What it makes of the page's address; it says with a code what went wrong. */
    const back = () =>
      app.run(async () => {
        try {
          const { tokens } = await window.client.token.parseFromUrl();
          window.client.tokenManager.setTokens(tokens);
          return tokens;
        } catch ({ name, errorCode, errorSummary }) {
          return { error: { name, errorCode, errorSummary } };
        }
      });
    return { app, issuer, start, back };
  },
  not: { 'client credentials': IN_A_PAGE },
  steps: {
    async discovery({ app, issuer, start }) {
      await app.open();
      await start();
      const { authorization_endpoint } = await app.run(
        () =>
          window.client.getWellKnown?.() ??
          fetch(`${window.client.options.issuer}/.well-known/openid-configuration`).then((it) => it.json()),
      );
      assert.equal(authorization_endpoint, `${issuer}/v1/authorize`);
    },
    async 'log in'(on) {
      const { app, start, back } = on;
      await app.logIn(() => window.client.signInWithRedirect({ originalUri: '/orders' }));
      await start();
      on.tokens = await back();
      assert.equal(on.tokens.idToken?.claims.email, 'alice@example.com', JSON.stringify(on.tokens));
    },
    async 'verify: the ID token by the keys of /v1/keys'({ app, tokens, issuer }) {
      const verified = await app.run(
        (expected) => window.client.token.verify(window.client.tokenManager.getTokensSync().idToken, expected),
        { clientId: 'spa', issuer, ignoreSignature: false },
      );
      assert.equal(verified.claims.sub, tokens.idToken.claims.sub);
      const { ver, amr, idp, jti } = tokens.idToken.claims;
      assert.equal(ver, 1);
      assert.ok(amr && idp && jti.startsWith('ID.'));
    },
    async 'verify: an access token of the default server'({ tokens }) {
      const { aud, cid, uid, scp, ver } = claimsOf(tokens.accessToken.accessToken);
      assert.deepEqual({ aud, cid, ver }, { aud: 'api://default', cid: 'spa', ver: 1 });
      assert.ok(uid);
      assert.deepEqual([...scp].sort(), ['email', 'offline_access', 'openid', 'profile']);
    },
    async userinfo({ app }) {
      assert.equal((await app.run(() => window.client.token.getUserInfo())).email, 'alice@example.com');
    },
    async refresh({ app, tokens }) {
      const renewed = app.run(async () => (await window.client.token.renewTokens()).accessToken.accessToken);
      assert.notEqual(await renewed, tokens.accessToken.accessToken);
    },
    async 'refresh: in a hidden frame (okta_post_message)'({ app, tokens }) {
      const found = app.run(async () => (await window.client.token.getWithoutPrompt()).tokens.idToken.claims.sub);
      assert.equal(await found, tokens.idToken.claims.sub);
    },
    async 'log out'({ app, start }) {
      await app.round((to) => window.client.signOut({ postLogoutRedirectUri: to }), `${app.origin}/bye`);
      assert.equal(app.page.url(), `${app.origin}/bye`);
      await start();
      await app.asksAgain(() => window.client.signInWithRedirect());
    },
    async error({ app, start, back }) {
      await app.open();
      await start();
      await app.deny(() => window.client.signInWithRedirect());
      await start();
      const { error } = await back();
      assert.deepEqual([error.name, error.errorCode], ['OAuthError', 'access_denied']);
      app.behaved();
    },
  },
});

sdk('Okta', '@okta/jwt-verifier', 'Node', {
  async begin(mock, cleanup) {
    const issuer = `${mock.http}/okta/oauth2/default`;
    const verifier = new OktaJwtVerifier({ issuer, clientId: 'web', testing: { disableHttpsCheck: true } });
    return { issuer, verifier, tokens: await loggedIn(issuer, cleanup) };
  },
  not: { discovery: 'it takes the keys from /v1/keys beneath the issuer', ...ONLY_VERIFIES },
  steps: {
    async 'verify: an access token'({ verifier, tokens }) {
      const { claims } = await verifier.verifyAccessToken(tokens.access_token, 'api://default');
      assert.equal(claims.cid, 'web');
    },
    async 'verify: an ID token'({ verifier, tokens }) {
      const { claims } = await verifier.verifyIdToken(tokens.id_token, 'web', 'n');
      assert.equal(claims.email, 'alice@example.com');
    },
    async 'verify: a machine’s'({ verifier, issuer }) {
      const token = await machineToken(`${issuer}/v1/token`, { scope: 'orders.read' });
      const { claims } = await verifier.verifyAccessToken(token, 'api://default');
      assert.deepEqual([claims.sub, claims.cid, claims.scp], ['machine', 'machine', ['orders.read']]);
    },
    async error({ verifier, issuer, tokens }) {
      const expired = await machineToken(`${issuer}/v1/token`, { scope: 'orders.read fault:expired' });
      await assert.rejects(verifier.verifyAccessToken(expired, 'api://default'), /Jwt is expired/);
      await assert.rejects(verifier.verifyIdToken(tokens.id_token, 'web', 'x'), /nonce claim n does not match/);
    },
  },
});

sdk('Okta', 'okta-jwt-verifier', 'Python', {
  async begin(mock, cleanup) {
    // It takes https alone.
    const issuer = `${mock.https}/okta/oauth2/default`;
    const ask = startPython(mock, cleanup, 'okta_verifier');
    return { issuer, ask, tokens: await loggedIn(issuer, cleanup) };
  },
  not: { discovery: 'it takes the keys from /v1/keys beneath the issuer', ...ONLY_VERIFIES },
  steps: {
    async 'verify: an access token'({ ask, issuer, tokens }) {
      await ask('access_token', { issuer, token: tokens.access_token });
    },
    async 'verify: an ID token'({ ask, issuer, tokens }) {
      await ask('id_token', { issuer, token: tokens.id_token, nonce: 'n' });
    },
    async error({ ask, issuer, tokens }) {
      const expired = await machineToken(`${issuer}/v1/token`, { scope: 'orders.read fault:expired' });
      await assert.rejects(ask('access_token', { issuer, token: expired }), {
        type: 'JWTValidationException',
        said: /expired/,
      });
      await assert.rejects(ask('id_token', { issuer, token: tokens.id_token, nonce: 'x' }), {
        type: 'JWTValidationException',
        said: 'Claim "nonce" is invalid.',
      });
    },
  },
});
