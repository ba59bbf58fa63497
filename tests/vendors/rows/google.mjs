// Google.

import assert from 'node:assert/strict';
import { OAuth2Client } from 'google-auth-library';
import { codeFor, serve } from '../support/application.mjs';
import { startPython } from '../support/python.mjs';
import { sdk } from '../support/rows.mjs';
import { form } from '../support/tokens.mjs';

const NO_MACHINES = 'machines sign with a service account’s key, for an address that it has of its own accord';

/** Where Google's clients find it, beneath the mock's issuer. */
const endpointsOf = (issuer) => ({
  oauth2AuthBaseUrl: `${issuer}/o/oauth2/v2/auth`,
  oauth2TokenUrl: `${issuer}/token`,
  oauth2RevokeUrl: `${issuer}/revoke`,
  tokenInfoUrl: `${issuer}/tokeninfo`,
  oauth2FederatedSignonPemCertsUrl: `${issuer}/oauth2/v1/certs`,
  oauth2FederatedSignonJwkCertsUrl: `${issuer}/oauth2/v3/certs`,
});

sdk('Google', 'google-auth-library', 'Node', {
  async begin(mock, cleanup) {
    const issuer = `${mock.http}/google`;
    const redirectUri = `${await serve(cleanup)}/callback`;
    const client = (clientId = 'web') =>
      new OAuth2Client({
        ...{ clientId, clientSecret: 'any', redirectUri },
        ...{ endpoints: endpointsOf(issuer), issuers: [issuer] },
      });
    return { issuer, client: client(), other: client };
  },
  not: {
    discovery: 'its addresses are options (`endpoints`)',
    'client credentials': NO_MACHINES,
  },
  steps: {
    async 'log in'(on) {
      const { client } = on;
      const { codeVerifier, codeChallenge } = await client.generateCodeVerifierAsync();
      const url = client.generateAuthUrl({
        ...{ access_type: 'offline', scope: ['openid', 'email', 'profile'] },
        ...{ code_challenge_method: 'S256', code_challenge: codeChallenge },
      });
      const { code } = await codeFor(url);
      on.tokens = (await client.getToken({ code, codeVerifier })).tokens;
      client.setCredentials(on.tokens);
      assert.ok(on.tokens.refresh_token && on.tokens.expiry_date > Date.now());
    },
    async 'verify: by certificates'({ client, tokens, issuer }) {
      const ticket = await client.verifyIdToken({ idToken: tokens.id_token, audience: 'web' });
      const { iss, azp, email, email_verified } = ticket.getPayload();
      assert.deepEqual(
        { iss, azp, email, email_verified },
        { iss: issuer, azp: 'web', email: 'alice@example.com', email_verified: true },
      );
    },
    async userinfo({ client, tokens }) {
      const { aud, scopes, email } = await client.getTokenInfo(tokens.access_token);
      assert.deepEqual([aud, email], ['web', 'alice@example.com']);
      assert.ok(scopes.includes('openid'));
    },
    async refresh({ client, tokens }) {
      const { credentials } = await client.refreshAccessToken();
      assert.notEqual(credentials.access_token, tokens.access_token);
    },
    async 'log out: it revokes, by a query'({ client, tokens }) {
      client.setCredentials(tokens);
      await client.revokeCredentials();
      await assert.rejects(client.getTokenInfo(tokens.access_token), { status: 400 });
      client.setCredentials({ refresh_token: tokens.refresh_token });
      await assert.rejects(client.refreshAccessToken(), ({ response }) => response.data.error === 'invalid_grant');
    },
    async error({ other }) {
      const refused = other('fail.invalid_client').getToken('a code');
      await assert.rejects(refused, ({ status, response }) => {
        assert.deepEqual([status, response.data.error], [401, 'invalid_client']);
        return true;
      });
      await assert.rejects(other().verifyIdToken({ idToken: 'a.b.c', audience: 'web' }), /Can't parse token envelope/);
    },
  },
});

sdk('Google', 'google-auth', 'Python', {
  async begin(mock, cleanup) {
    const issuer = `${mock.http}/google`;
    const redirect_uri = `${await serve(cleanup)}/callback`;
    const query = {
      response_type: 'code',
      client_id: 'web',
      redirect_uri,
      state: 's',
      scope: 'openid email',
      access_type: 'offline',
    };
    const { code } = await codeFor(`${issuer}/o/oauth2/v2/auth?${new URLSearchParams(query)}`);
    const login = { grant_type: 'authorization_code', client_id: 'web', client_secret: 'any', code, redirect_uri };
    const tokens = await form(`${issuer}/token`, login);
    return { issuer, tokens, ask: startPython(mock, cleanup, 'google_auth') };
  },
  not: {
    discovery: 'its addresses are arguments',
    'log in': 'google-auth-oauthlib does that, by requests-oauthlib',
    userinfo: 'it has none',
    'log out': 'Google has no such address',
  },
  steps: {
    async 'verify: by certificates'({ ask, tokens, issuer }) {
      const { iss, email } = await ask('verify', { id_token: tokens.id_token, certs_url: `${issuer}/oauth2/v1/certs` });
      assert.deepEqual([iss, email], [issuer, 'alice@example.com']);
    },
    async 'verify: by JWKs'({ ask, tokens, issuer }) {
      const { iss } = await ask('verify', { id_token: tokens.id_token, certs_url: `${issuer}/oauth2/v3/certs` });
      assert.equal(iss, issuer);
    },
    async refresh({ ask, tokens, issuer }) {
      const { token } = await ask('refresh', { refresh_token: tokens.refresh_token, token_uri: `${issuer}/token` });
      assert.notEqual(token, tokens.access_token);
    },
    async 'client credentials: by a service account’s key'({ ask, issuer }) {
      const { token } = await ask('service_account', { token_uri: `${issuer}/token` });
      assert.ok(token);
    },
    async error({ ask, tokens, issuer }) {
      const certs_url = `${issuer}/oauth2/v1/certs`;
      await assert.rejects(ask('verify', { id_token: tokens.id_token, certs_url, audience: 'other' }), {
        type: 'InvalidValue',
        said: /wrong audience/,
      });
      await assert.rejects(ask('refresh', { refresh_token: 'made-up', token_uri: `${issuer}/token` }), {
        type: 'RefreshError',
        said: /invalid_grant/,
      });
    },
  },
});
