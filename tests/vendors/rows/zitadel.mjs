// Zitadel, which leaves most to generic libraries: its own are a thin layer over one for pages, and service accounts.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { ServiceAccount } from '@zitadel/node/dist/credentials/index.js';
import * as openid from 'openid-client';
import { Person } from '../../examples/support/person.mjs';
import { approve, logIn, serve } from '../support/application.mjs';
import { openPage } from '../support/page.mjs';
import { IN_A_PAGE, sdk } from '../support/rows.mjs';
import { claimsOf } from '../support/tokens.mjs';

const PROJECT = '163840776835432705';
const AUDIENCE = `urn:zitadel:iam:org:project:id:${PROJECT}:aud`;
const ROLES = 'urn:zitadel:iam:org:project:roles';

sdk('Zitadel', 'openid-client', 'Node', {
  async begin(mock, cleanup) {
    const issuer = `${mock.http}/zitadel`;
    const execute = [openid.allowInsecureRequests];
    const client = (id) => openid.discovery(new URL(issuer), id, 'any', undefined, { execute });
    return { issuer, client, config: await client('web'), redirect_uri: `${await serve(cleanup)}/callback` };
  },
  steps: {
    async discovery({ config, issuer }) {
      const { token_endpoint, userinfo_endpoint, end_session_endpoint, jwks_uri } = config.serverMetadata();
      assert.deepEqual(
        [token_endpoint, userinfo_endpoint, end_session_endpoint, jwks_uri],
        [
          `${issuer}/oauth/v2/token`,
          `${issuer}/oidc/v1/userinfo`,
          `${issuer}/oidc/v1/end_session`,
          `${issuer}/oauth/v2/keys`,
        ],
      );
    },
    async 'log in'(on) {
      const { config, redirect_uri } = on;
      const verifier = openid.randomPKCECodeVerifier();
      const url = openid.buildAuthorizationUrl(config, {
        redirect_uri,
        scope: `openid profile email offline_access ${AUDIENCE} ${ROLES}`,
        code_challenge: await openid.calculatePKCECodeChallenge(verifier),
        code_challenge_method: 'S256',
      });
      const page = await logIn(url);
      on.tokens = await openid.authorizationCodeGrant(config, page.url, { pkceCodeVerifier: verifier });
      assert.ok(on.tokens.refresh_token);
    },
    async verify({ tokens, issuer }) {
      const { iss, aud, azp } = tokens.claims();
      assert.deepEqual({ iss, aud: [aud].flat(), azp }, { iss: issuer, aud: ['web', PROJECT], azp: 'web' });
      assert.deepEqual(claimsOf(tokens.access_token).aud, ['web', PROJECT], 'what the API of the project wants');
      assert.ok(tokens.claims()[ROLES], 'the roles of the project');
    },
    async userinfo({ config, tokens }) {
      const person = await openid.fetchUserInfo(config, tokens.access_token, tokens.claims().sub);
      assert.equal(person.email, 'alice@example.com');
    },
    async refresh({ config, tokens }) {
      const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token);
      assert.notEqual(refreshed.access_token, tokens.access_token);
    },
    async 'log out'({ config, tokens, redirect_uri }) {
      const url = openid.buildEndSessionUrl(config, {
        post_logout_redirect_uri: redirect_uri,
        id_token_hint: tokens.id_token,
      });
      assert.equal((await new Person().open(url)).url.href, redirect_uri);
    },
    async 'client credentials'({ config }) {
      const { access_token } = await openid.clientCredentialsGrant(config, { scope: `openid ${AUDIENCE}` });
      const { active, client_id } = await openid.tokenIntrospection(config, access_token);
      assert.deepEqual([active, client_id], [true, 'web']);
    },
    async 'device code'({ config }) {
      const device = await openid.initiateDeviceAuthorization(config, { scope: 'openid' });
      await approve(device.verification_uri, device.user_code);
      const { access_token } = await openid.pollDeviceAuthorizationGrant(config, { ...device, interval: 1 });
      assert.ok(access_token);
    },
    async error({ client }) {
      const refused = openid.clientCredentialsGrant(await client('fail.invalid_client'));
      await assert.rejects(refused, ({ error, status }) => {
        assert.deepEqual([error, status], ['invalid_client', 401]);
        return true;
      });
    },
  },
});

sdk('Zitadel', '@zitadel/react', 'Chromium', {
  async begin(mock, cleanup) {
    const app = await openPage(mock, cleanup, { built: '@zitadel/react', global: 'zitadel' });
    const authority = `${mock.http}/zitadel`;
    const start = () =>
      app.run(
        (config) => {
          window.zitadelAuth = window.zitadel.createZitadelAuth(config);
        },
        {
          ...{ authority, client_id: 'spa', redirect_uri: `${app.origin}/callback`, project_resource_id: PROJECT },
          post_logout_redirect_uri: `${app.origin}/bye`,
        },
      );
    return { app, authority, start };
  },
  not: { 'client credentials': IN_A_PAGE },
  steps: {
    async discovery({ app, authority, start }) {
      await app.open();
      await start();
      const found = app.run(() => window.zitadelAuth.userManager.metadataService.getAuthorizationEndpoint());
      assert.equal(await found, `${authority}/oauth/v2/authorize`);
    },
    async 'log in'(on) {
      const { app, start } = on;
      await app.logIn(() => window.zitadelAuth.authorize());
      await start();
      on.user = await app.run(async () => {
        const { profile, access_token } = await window.zitadelAuth.userManager.signinRedirectCallback();
        return { profile, access_token };
      });
      assert.equal(on.user.profile.sub, claimsOf(on.user.access_token).sub);
    },
    async verify({ user, authority }) {
      assert.deepEqual([user.profile.iss, [user.profile.aud].flat()], [authority, ['spa', PROJECT]]);
      assert.ok(user.profile[ROLES], 'the roles of the project');
    },
    async userinfo({ user }) {
      assert.equal(user.profile.email, 'alice@example.com', 'it loads that');
    },
    async 'refresh: in a hidden frame'({ app, user }) {
      const renewed = app.run(async () => (await window.zitadelAuth.userManager.signinSilent())?.access_token);
      assert.notEqual(await renewed, user.access_token);
    },
    async 'log out'({ app, start }) {
      await app.round(() => window.zitadelAuth.signout());
      assert.equal(app.page.url().split('?')[0], `${app.origin}/bye`);
      await start();
      await app.asksAgain(() => window.zitadelAuth.authorize());
    },
    async error({ app, start }) {
      await app.open();
      await start();
      await app.deny(() => window.zitadelAuth.authorize());
      await start();
      const said = app.run(() => window.zitadelAuth.userManager.signinRedirectCallback().catch(({ error }) => error));
      assert.equal(await said, 'access_denied');
      app.behaved();
    },
  },
});

const SERVICE = 'it is for machines: the SDK is a client of Zitadel’s management API';

sdk('Zitadel', '@zitadel/node', 'Node', {
  async begin(mock) {
    const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
    const key = privateKey.export({ type: 'pkcs1', format: 'pem' });
    const account = ServiceAccount.fromJson({ type: 'serviceaccount', userId: '170079991923474689', keyId: '1', key });
    return { account, issuer: `${mock.http}/zitadel` };
  },
  not: { 'log in': SERVICE, verify: SERVICE, userinfo: SERVICE, refresh: SERVICE, 'log out': SERVICE },
  steps: {
    async discovery({ account, issuer }) {
      assert.ok(await account.authenticate(issuer), 'it finds the token endpoint by it');
    },
    async 'client credentials: by a service account’s key'({ account, issuer }) {
      const token = await account.authenticate(issuer, { projectAudiences: [PROJECT] });
      const { sub, aud } = claimsOf(token);
      assert.equal(sub, '170079991923474689');
      assert.ok(aud.includes(PROJECT), 'the project that it asks for');
    },
    async error({ account, issuer }) {
      const refused = account.authenticate(issuer, { additionalScopes: ['fault:invalid_grant'] });
      await assert.rejects(refused, ({ response }) => response.data.error === 'invalid_grant');
    },
  },
});
