// Client libraries that register themselves, as they are, against a deployment as it is.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { auth, registerClient } from '@modelcontextprotocol/sdk/client/auth.js';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { Browser } from '../support/browser.mjs';
import { PYTHON } from '../support/check.mjs';
import { deployment } from '../support/front.mjs';
import { basic } from '../support/http.mjs';
import { protectedResource } from '../support/protected-resource.mjs';
import { registrars } from '../support/registrars.mjs';
import { unless } from '../support/target.mjs';

const CALLBACK = 'http://127.0.0.1:9/callback';
const { registrar } = registrars;
const insecure = { execute: [openid.allowInsecureRequests] };

/** An access token that lets clients register. */
async function initialToken(issuer) {
  const response = await fetch(`${issuer}/token`, {
    method: 'POST',
    headers: { authorization: basic(registrar.client_id, registrar.client_secret) },
    body: new URLSearchParams({ grant_type: 'client_credentials', scope: 'jeton:register' }),
  });
  const { access_token } = await response.json();
  return access_token;
}

/** A login by openid-client. */
async function logIn(config, scope) {
  const verifier = openid.randomPKCECodeVerifier();
  const state = openid.randomState();
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    state,
  });
  const back = await new Browser().visit(url.href, { end: CALLBACK });
  const checks = { pkceCodeVerifier: verifier, expectedState: state, idTokenExpected: true };
  return openid.authorizationCodeGrant(config, back.url, checks);
}

test('openid-client: registers by an initial access token, logs in, refreshes', {
  skip: unless.startable,
}, async (t) => {
  const issuer = await deployment(t, [registrar]);
  const metadata = {
    redirect_uris: [CALLBACK],
    client_name: 'openid-client',
    grant_types: ['authorization_code', 'refresh_token'],
  };
  const initialAccessToken = await initialToken(issuer);
  const config = await openid.dynamicClientRegistration(new URL(issuer), metadata, undefined, {
    initialAccessToken,
    ...insecure,
  });
  const client = config.clientMetadata();
  assert.equal(client.client_name, 'openid-client');
  assert.equal(client.token_endpoint_auth_method, 'client_secret_basic');
  const tokens = await logIn(config, 'openid offline_access');
  assert.equal(tokens.claims().sub, 'alice');
  assert.ok((await openid.refreshTokenGrant(config, tokens.refresh_token)).access_token);
  const refused = openid.dynamicClientRegistration(new URL(issuer), metadata, undefined, insecure);
  await assert.rejects(refused, { status: 401 });
});

test('openid-client: a public client, where everybody may register', { skip: unless.startable }, async (t) => {
  const issuer = await deployment(t, [], { JETON_REGISTRATION: '{}' });
  const metadata = { redirect_uris: [CALLBACK], token_endpoint_auth_method: 'none' };
  const config = await openid.dynamicClientRegistration(new URL(issuer), metadata, openid.None(), insecure);
  assert.equal((await logIn(config, 'openid')).claims().sub, 'alice');
  const wrong = { ...metadata, redirect_uris: ['http://app.example/cb'] };
  await assert.rejects(openid.dynamicClientRegistration(new URL(issuer), wrong, openid.None(), insecure), {
    error: 'invalid_redirect_uri',
  });
});

test('oauth4webapi: reads what was registered by its registration access token', {
  skip: unless.startable,
}, async (t) => {
  const issuer = new URL(await deployment(t, [registrar]));
  const options = { [oauth.allowInsecureRequests]: true };
  const as = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...options }),
  );
  const response = await oauth.dynamicClientRegistrationRequest(
    as,
    { redirect_uris: [CALLBACK] },
    { initialAccessToken: await initialToken(issuer.href.slice(0, -1)), ...options },
  );
  const client = await oauth.processDynamicClientRegistrationResponse(response);
  const read = await oauth.protectedResourceRequest(
    client.registration_access_token,
    'GET',
    new URL(client.registration_client_uri),
    undefined,
    undefined,
    options,
  );
  const { client_secret: _, ...told } = client;
  assert.deepEqual(await read.json(), told);
});

/** What the MCP SDK asks of an application: where it keeps what it was given. */
class Provider {
  redirectUrl = CALLBACK;
  clientMetadata = {
    client_name: 'An MCP client',
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token'],
    response_types: ['code'],
    token_endpoint_auth_method: 'none',
  };

  clientInformation() {
    return this.client;
  }
  saveClientInformation(client) {
    this.client = client;
  }
  tokens() {
    return this.held;
  }
  saveTokens(tokens) {
    this.held = tokens;
  }
  redirectToAuthorization(url) {
    this.to = url;
  }
  saveCodeVerifier(verifier) {
    this.verifier = verifier;
  }
  codeVerifier() {
    return this.verifier;
  }
}

test('@modelcontextprotocol/sdk: registers itself, logs in for a protected server, refreshes', {
  skip: unless.startable,
}, async (t) => {
  const resource = await protectedResource(t);
  const api = { identifier: resource.url, scopes: { read: 'Read' }, self_registered_clients: true };
  const issuer = await deployment(t, [], {
    JETON_REGISTRATION: JSON.stringify({ apis: [{ identifier: resource.url, scope: 'read' }] }),
    JETON_APIS: JSON.stringify([api]),
  });
  resource.trust(issuer);
  const provider = new Provider();
  assert.equal(await auth(provider, { serverUrl: resource.url }), 'REDIRECT');
  assert.match(provider.client.client_id, /^jc_/);
  assert.equal(provider.client.scope, 'read');
  const back = await new Browser().visit(provider.to.href, { end: CALLBACK });
  const authorizationCode = back.url.searchParams.get('code');
  assert.equal(await auth(provider, { serverUrl: resource.url, authorizationCode }), 'AUTHORIZED');
  const ask = () => fetch(resource.url, { headers: { authorization: `Bearer ${provider.held.access_token}` } });
  assert.deepEqual(await (await ask()).json(), { sub: 'alice', scope: 'read' });
  assert.equal(await auth(provider, { serverUrl: resource.url }), 'AUTHORIZED', 'by the refresh token');
  assert.deepEqual(await (await ask()).json(), { sub: 'alice', scope: 'read' });
});

test('@modelcontextprotocol/sdk: registerClient, and what it says where nobody may', {
  skip: unless.startable,
}, async (t) => {
  const clientMetadata = new Provider().clientMetadata;
  const open = await deployment(t, [], { JETON_REGISTRATION: '{}' });
  const metadata = await (await fetch(`${open}/.well-known/oauth-authorization-server`)).json();
  const client = await registerClient(open, { metadata, clientMetadata });
  assert.equal(client.client_name, 'An MCP client');
  assert.equal(client.client_secret, undefined);
  const wrong = { ...clientMetadata, client_uri: 'http://app.example' };
  await assert.rejects(registerClient(open, { metadata, clientMetadata: wrong }), /client_uri: an https URL/);
  const closed = await deployment(t, []);
  await assert.rejects(registerClient(closed, { clientMetadata }), /no access token in the request/);
});

test('authlib: registers, reads, changes and removes', { skip: unless.startable }, async (t) => {
  const issuer = await deployment(t, [registrar]);
  const script = fileURLToPath(new URL('../support/authlib_registration.py', import.meta.url));
  const python = async (token, command, document) => {
    const args = [script, issuer, token, command, JSON.stringify(document)];
    const env = { ...process.env, AUTHLIB_INSECURE_TRANSPORT: '1' };
    return JSON.parse((await promisify(execFile)(PYTHON, args, { env })).stdout);
  };
  const metadata = {
    client_name: 'Authlib',
    redirect_uris: [CALLBACK],
    grant_types: ['authorization_code', 'refresh_token'],
    scope: 'openid offline_access',
    contacts: ['ops@app.example'],
    jwks_uri: 'https://app.example/jwks',
  };
  const client = await python(await initialToken(issuer), 'register', metadata);
  const config = await openid.discovery(new URL(issuer), client.client_id, client.client_secret, undefined, insecure);
  assert.equal((await logIn(config, 'openid')).claims().sub, 'alice');
  assert.deepEqual(await python(client.registration_access_token, 'manage', client), {
    read: 'Authlib',
    changed: 'Changed',
    removed: 204,
  });
});
