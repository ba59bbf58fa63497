// Amazon Cognito. Its verifier knows pools by their id alone, and one issuer for each: a rule of the mock's has tokens
// say that issuer.

import assert from 'node:assert/strict';
import { CognitoJwtVerifier, JwtVerifier } from 'aws-jwt-verify';
import { SimpleJwksCache } from 'aws-jwt-verify/jwk';
import { codeFor, serve } from '../support/application.mjs';
import { openPage } from '../support/page.mjs';
import { IN_A_PAGE, sdk, VERIFIER } from '../support/rows.mjs';
import { claimsOf, form, machineToken } from '../support/tokens.mjs';

const POOL = 'eu-west-1_Abc123';
const ISSUER = `https://cognito-idp.eu-west-1.amazonaws.com/${POOL}`;

sdk('Cognito', 'aws-jwt-verify', 'Node', {
  async begin(mock, cleanup) {
    const rule = { match: { client_id: 'web' }, access_token: { iss: ISSUER }, id_token: { iss: ISSUER } };
    await mock.issuer(`cognito/${POOL}`).make({ claims: [rule] });
    const issuer = `${mock.http}/cognito/${POOL}`;
    const redirect_uri = `${await serve(cleanup)}/callback`;
    const query = { response_type: 'code', client_id: 'web', redirect_uri, state: 's', scope: 'openid email' };
    const { code } = await codeFor(`${issuer}/oauth2/authorize?${new URLSearchParams(query)}`);
    const login = { grant_type: 'authorization_code', client_id: 'web', code, redirect_uri };
    const tokens = await form(`${issuer}/oauth2/token`, login);
    const asked = [];
    // What it offers to those who have its keys from elsewhere.
    const fetcher = {
      async fetch(uri) {
        asked.push(uri);
        return (await fetch(uri.replace(ISSUER, issuer))).arrayBuffer();
      },
    };
    const verifier = (tokenUse, more) =>
      CognitoJwtVerifier.create(
        { userPoolId: POOL, tokenUse, clientId: 'web', ...more },
        { jwksCache: new SimpleJwksCache({ fetcher }) },
      );
    return { mock, issuer, tokens, verifier, asked };
  },
  not: {
    'log in': VERIFIER,
    userinfo: VERIFIER,
    refresh: VERIFIER,
    'log out': VERIFIER,
    'client credentials': VERIFIER,
  },
  steps: {
    async discovery({ tokens, verifier, asked }) {
      await verifier('access').verify(tokens.access_token);
      assert.deepEqual(asked, [`${ISSUER}/.well-known/jwks.json`]);
    },
    async 'verify: an ID token'({ tokens, verifier }) {
      const claims = await verifier('id').verify(tokens.id_token);
      assert.equal(claims['cognito:username'], 'alice');
    },
    async 'verify: an access token'({ tokens, verifier }) {
      const claims = await verifier('access', { scope: 'email' }).verify(tokens.access_token);
      assert.deepEqual([claims.client_id, claims.username, claims.aud], ['web', 'alice', undefined]);
    },
    async 'verify: a machine’s, by the generic verifier over http'({ issuer }) {
      const token = await machineToken(`${issuer}/oauth2/token`, { scope: 'orders/read' });
      const jwksUri = `${issuer}/.well-known/jwks.json`.replace('http:', 'https:');
      const verifier = JwtVerifier.create({ issuer, jwksUri, audience: null, scope: 'orders/read' });
      assert.equal((await verifier.verify(token)).token_use, 'access');
    },
    async error({ tokens, verifier }) {
      for (const [refused, name] of [
        [verifier('id').verify(tokens.access_token), 'CognitoJwtInvalidTokenUseError'],
        [verifier('access', { clientId: 'other' }).verify(tokens.access_token), 'CognitoJwtInvalidClientIdError'],
        [verifier('access', { groups: 'nobody' }).verify(tokens.access_token), 'CognitoJwtInvalidGroupError'],
      ]) {
        await assert.rejects(refused, (error) => error.constructor.name === name);
      }
    },
  },
});

sdk('Cognito', 'oidc-client-ts', 'Chromium', {
  async begin(mock, cleanup) {
    const app = await openPage(mock, cleanup, { bundle: 'oidc-client-ts/dist/browser/oidc-client-ts.min.js' });
    const authority = `${mock.http}/cognito/${POOL}`;
    const settings = {
      authority,
      client_id: 'spa',
      redirect_uri: `${app.origin}/callback`,
      scope: 'openid email phone',
      loadUserInfo: true,
      automaticSilentRenew: false,
    };
    const start = () =>
      app.run((settings) => {
        window.manager = new window.oidc.UserManager(settings);
      }, settings);
    return { app, authority, start };
  },
  not: { 'client credentials': IN_A_PAGE },
  steps: {
    async discovery({ app, authority, start }) {
      await app.open();
      await start();
      const metadata = await app.run(() => window.manager.metadataService.getMetadata());
      assert.deepEqual(
        [metadata.issuer, metadata.authorization_endpoint, metadata.userinfo_endpoint],
        [authority, `${authority}/oauth2/authorize`, `${authority}/oauth2/userInfo`],
      );
    },
    async 'log in'(on) {
      const { app, start } = on;
      await app.logIn(() => window.manager.signinRedirect());
      await start();
      on.user = await app.run(async () => {
        const { profile, access_token, id_token, refresh_token } = await window.manager.signinCallback();
        return { profile, access_token, id_token, refresh_token };
      });
      assert.equal(on.user.profile.email, 'alice@example.com');
    },
    async verify({ user, authority }) {
      const { iss, aud, token_use } = user.profile;
      assert.deepEqual({ iss, aud, token_use }, { iss: authority, aud: 'spa', token_use: 'id' });
      assert.equal(claimsOf(user.access_token).token_use, 'access');
    },
    async userinfo({ user }) {
      assert.equal(user.profile.username, 'alice', 'userinfo alone says `username`');
    },
    async refresh({ app, user }) {
      const renewed = await app.run(async () => (await window.manager.signinSilent()).access_token);
      assert.notEqual(renewed, user.access_token);
    },
    async 'log out: the hosted flow’s /logout, as AWS shows it'({ app, authority, start }) {
      const leave = async ([authority, logout_uri]) => {
        await window.manager.removeUser();
        window.location.href = `${authority}/logout?${new URLSearchParams({ client_id: 'spa', logout_uri })}`;
      };
      await app.round(leave, [authority, `${app.origin}/bye`]);
      assert.equal(app.page.url(), `${app.origin}/bye`);
      await start();
      await app.asksAgain(() => window.manager.signinRedirect());
    },
    async error({ app, start }) {
      await app.open();
      await start();
      await app.deny(() => window.manager.signinRedirect());
      await start();
      const said = await app.run(() => window.manager.signinCallback().catch(({ error }) => error));
      assert.equal(said, 'access_denied');
      app.behaved();
    },
  },
});
