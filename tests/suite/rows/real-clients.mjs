// Client libraries as they are, against a deployment as it is.

import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { Browser } from '../support/browser.mjs';
import { PYTHON } from '../support/check.mjs';
import { deployment } from '../support/front.mjs';
import { secretOf } from '../support/grant-clients.mjs';
import { unless } from '../support/target.mjs';

const CALLBACK = 'http://127.0.0.1:9/callback';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const SCOPE = 'openid profile email offline_access';

const app = {
  client_id: 'app',
  client_name: 'App',
  client_secret: secretOf('app'),
  redirect_uris: [CALLBACK],
  post_logout_redirect_uris: ['http://127.0.0.1:9/bye'],
  grant_types: ['authorization_code', 'refresh_token', 'client_credentials', DEVICE],
  scope: `${SCOPE} read`,
};
const spa = {
  ...app,
  client_id: 'spa',
  client_secret: undefined,
  token_endpoint_auth_method: 'none',
  grant_types: ['authorization_code', 'refresh_token'],
};

test('openid-client: code + PKCE, userinfo, refresh, introspection, revocation, logout', {
  skip: unless.startable,
}, async (t) => {
  const issuer = await deployment(t, [app]);
  const config = await openid.discovery(new URL(issuer), app.client_id, app.client_secret, undefined, {
    execute: [openid.allowInsecureRequests],
  });
  const verifier = openid.randomPKCECodeVerifier();
  const [state, nonce] = [openid.randomState(), openid.randomNonce()];
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope: SCOPE,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
    nonce,
  });
  const browser = new Browser();
  const back = await browser.visit(url.href, { end: CALLBACK });
  const tokens = await openid.authorizationCodeGrant(config, back.url, {
    pkceCodeVerifier: verifier,
    expectedState: state,
    expectedNonce: nonce,
    idTokenExpected: true,
  });
  assert.equal(tokens.claims().sub, 'alice');
  const info = await openid.fetchUserInfo(config, tokens.access_token, 'alice');
  assert.equal(info.email, 'alice@example.com');
  const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token);
  assert.notEqual(refreshed.refresh_token, tokens.refresh_token);
  const looked = await openid.tokenIntrospection(config, refreshed.access_token);
  assert.equal(looked.active, true);
  const logout = openid.buildEndSessionUrl(config, {
    id_token_hint: refreshed.id_token,
    post_logout_redirect_uri: 'http://127.0.0.1:9/bye',
    state: 's',
  });
  const bye = await browser.visit(logout.href, { end: 'http://127.0.0.1:9/bye' });
  assert.equal(bye.url.searchParams.get('state'), 's');
  assert.equal((await openid.tokenIntrospection(config, refreshed.access_token)).active, false);
  const again = await openid.clientCredentialsGrant(config, { scope: 'read' });
  await openid.tokenRevocation(config, again.access_token);
  assert.equal((await openid.tokenIntrospection(config, again.access_token)).active, false);
});

test('openid-client: a silent login is told what is missing, and goes through by a session and a hint', {
  skip: unless.startable,
}, async (t) => {
  const issuer = await deployment(t, [app]);
  const config = await openid.discovery(new URL(issuer), app.client_id, app.client_secret, undefined, {
    execute: [openid.allowInsecureRequests],
  });
  const logIn = async (browser, form) => {
    const verifier = openid.randomPKCECodeVerifier();
    const state = openid.randomState();
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope: SCOPE,
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      ...form,
    });
    const back = await browser.visit(url.href, { end: CALLBACK });
    const checks = { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true };
    return openid.authorizationCodeGrant(config, back.url, checks);
  };
  const browser = new Browser();
  const silent = { prompt: 'none' };
  await assert.rejects(logIn(browser, silent), { error: 'login_required' });
  const tokens = await logIn(browser, {});
  const again = await logIn(browser, { ...silent, id_token_hint: tokens.id_token });
  assert.equal(again.claims().sub, 'alice');
  await assert.rejects(logIn(new Browser(), { ...silent, id_token_hint: tokens.id_token }), {
    error: 'login_required',
  });
  await assert.rejects(logIn(browser, { id_token_hint: `${tokens.id_token}x` }), { error: 'invalid_request' });
});

test('openid-client: the device grant', { skip: unless.startable }, async (t) => {
  const issuer = await deployment(t, [app]);
  const config = await openid.discovery(new URL(issuer), app.client_id, app.client_secret, undefined, {
    execute: [openid.allowInsecureRequests],
  });
  const device = await openid.initiateDeviceAuthorization(config, { scope: SCOPE });
  const polling = openid.pollDeviceAuthorizationGrant(config, device);
  const { text } = await new Browser().visit(device.verification_uri_complete, { button: 'approve' });
  assert.match(text, /Device connected/);
  const tokens = await polling;
  assert.equal(tokens.claims().sub, 'alice');
  assert.ok((await openid.refreshTokenGrant(config, tokens.refresh_token)).access_token);
});

test('oauth4webapi: a public client with form_post, JWT access token validated', {
  skip: unless.startable,
}, async (t) => {
  const issuer = new URL(await deployment(t, [{ ...spa, audiences: ['https://api.example'] }]));
  const options = { [oauth.allowInsecureRequests]: true };
  const as = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...options }),
  );
  const client = { client_id: spa.client_id };
  const verifier = oauth.generateRandomCodeVerifier();
  const url = new URL(as.authorization_endpoint);
  url.search = new URLSearchParams({
    client_id: spa.client_id,
    response_type: 'code',
    response_mode: 'form_post',
    redirect_uri: CALLBACK,
    scope: 'read',
    state: 'state',
    code_challenge: await oauth.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  const back = await new Browser().visit(url.href, { end: CALLBACK });
  const parameters = oauth.validateAuthResponse(as, client, back.form, 'state');
  const none = oauth.None();
  const response = await oauth.authorizationCodeGrantRequest(as, client, none, parameters, CALLBACK, verifier, options);
  const tokens = await oauth.processAuthorizationCodeResponse(as, client, response);
  const request = new Request('https://api.example', { headers: { authorization: `Bearer ${tokens.access_token}` } });
  const claims = await oauth.validateJwtAccessToken(as, request, 'https://api.example', options);
  assert.equal(claims.sub, 'alice');
  assert.equal(claims.scope, 'read');
  const refreshed = await oauth.processRefreshTokenResponse(
    as,
    client,
    await oauth.refreshTokenGrantRequest(as, client, none, tokens.refresh_token, options),
  );
  assert.ok(refreshed.refresh_token);
  await oauth.processRevocationResponse(
    await oauth.revocationRequest(as, client, none, refreshed.refresh_token, options),
  );
  const dead = await oauth.refreshTokenGrantRequest(as, client, none, refreshed.refresh_token, options);
  await assert.rejects(oauth.processRefreshTokenResponse(as, client, dead), { error: 'invalid_grant' });
});

test('authlib: code + PKCE, refresh, introspection, revocation', { skip: unless.startable }, async (t) => {
  const issuer = await deployment(t, [app]);
  const script = fileURLToPath(new URL('../support/authlib_client.py', import.meta.url));
  const python = (...args) =>
    promisify(execFile)(PYTHON, [script, issuer, app.client_id, app.client_secret, CALLBACK, ...args], {
      env: { ...process.env, AUTHLIB_INSECURE_TRANSPORT: '1' },
    });
  const { url, verifier, state } = JSON.parse((await python('authorize')).stdout);
  const back = await new Browser().visit(url, { end: CALLBACK });
  const outcome = JSON.parse((await python('exchange', back.url.href, verifier, state)).stdout);
  assert.deepEqual(outcome, { sub: 'alice', rotated: true, active: true, active_after_revocation: false });
});

test('requests-oauthlib: a public client, by Basic with an empty secret', { skip: unless.startable }, async (t) => {
  const issuer = await deployment(t, [spa]);
  const script = fileURLToPath(new URL('../support/requests_oauthlib_client.py', import.meta.url));
  const child = spawn(PYTHON, [script, issuer, spa.client_id, CALLBACK], {
    env: { ...process.env, OAUTHLIB_INSECURE_TRANSPORT: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  t.after(() => child.kill());
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: url } = await lines.next();
  const back = await new Browser().visit(url, { end: CALLBACK });
  child.stdin.end(`${back.url.href}\n`);
  const { value: outcome } = await lines.next();
  assert.deepEqual(JSON.parse(outcome), { sub: 'alice', rotated: true });
});
