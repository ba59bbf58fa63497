// Machines with the client libraries that they have, as these are, against a deployment as it is.

import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { webcrypto } from 'node:crypto';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { auth } from '@modelcontextprotocol/sdk/client/auth.js';
import {
  ClientCredentialsProvider,
  PrivateKeyJwtProvider,
  StaticPrivateKeyJwtProvider,
} from '@modelcontextprotocol/sdk/client/auth-extensions.js';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import * as openid from 'openid-client';
import { JWT_BEARER, TOKEN_EXCHANGE } from '../support/assertion-clients.mjs';
import { assertionOf } from '../support/assertions.mjs';
import { PYTHON } from '../support/check.mjs';
import { deployment } from '../support/front.mjs';
import { secretOf } from '../support/grant-clients.mjs';
import { ALGORITHMS, keyOf } from '../support/jws.mjs';
import { ofCase, trust } from '../support/platforms.mjs';
import { protectedResource } from '../support/protected-resource.mjs';
import { unless } from '../support/target.mjs';

const IMPORT = {
  ES256: { name: 'ECDSA', namedCurve: 'P-256' },
  ES384: { name: 'ECDSA', namedCurve: 'P-384' },
  EdDSA: { name: 'Ed25519' },
  PS256: { name: 'RSA-PSS', hash: 'SHA-256' },
  RS256: { name: 'RSASSA-PKCS1-v1_5', hash: 'SHA-256' },
};

/** How Google calls what a workload's tokens are exchanged at. */
const POOL = '//iam.googleapis.com/projects/7/locations/global/workloadIdentityPools/pool/providers/jeton';

const machine = {
  client_id: 'machine',
  token_endpoint_auth_method: 'private_key_jwt',
  jwks: { keys: ALGORITHMS.map((alg) => keyOf(alg, 'machine').jwk) },
  grant_types: ['client_credentials'],
  scope: 'read write',
};

/** One without a secret and without keys: platforms vouch for it. */
const deployer = {
  client_id: 'deployer',
  token_endpoint_auth_method: 'federated_jwt',
  grant_types: ['client_credentials', JWT_BEARER, TOKEN_EXCHANGE],
  scope: 'deploy read write',
  audiences: ['https://api.example', POOL],
};

/** The private key of the machine as a `CryptoKey`. */
async function cryptoKey(alg) {
  const { key, kid } = keyOf(alg, 'machine');
  const jwk = key.export({ format: 'jwk' });
  return { key: await webcrypto.subtle.importKey('jwk', jwk, IMPORT[alg], false, ['sign']), kid };
}

const pem = (alg) => keyOf(alg, 'machine').key.export({ format: 'pem', type: 'pkcs8' });

/** What a Python program prints, which is given `input`. */
async function python(script, args, input) {
  const path = fileURLToPath(new URL(`../support/${script}`, import.meta.url));
  const run = promisify(execFile)(PYTHON, [path, ...args], {
    env: { ...process.env, AUTHLIB_INSECURE_TRANSPORT: '1' },
  });
  run.child.stdin.end(input);
  return JSON.parse((await run).stdout);
}

test('openid-client: client credentials, introspection and revocation by private_key_jwt', {
  skip: unless.startable,
}, async (t) => {
  const issuer = await deployment(t, [machine]);
  for (const alg of ALGORITHMS) {
    const metadata = { token_endpoint_auth_signing_alg: alg };
    const proof = openid.PrivateKeyJwt(await cryptoKey(alg));
    const config = await openid.discovery(new URL(issuer), machine.client_id, metadata, proof, {
      execute: [openid.allowInsecureRequests],
    });
    const { access_token, scope } = await openid.clientCredentialsGrant(config, { scope: 'read' });
    assert.equal(scope, 'read', alg);
    assert.equal((await openid.tokenIntrospection(config, access_token)).active, true);
    await openid.tokenRevocation(config, access_token);
    assert.equal((await openid.tokenIntrospection(config, access_token)).active, false);
  }
});

test('openid-client: an assertion of a platform as a grant', { skip: unless.startable }, async (t) => {
  const issuer = await deployment(t, [deployer], { trust });
  const config = await openid.discovery(new URL(issuer), deployer.client_id, undefined, openid.None(), {
    execute: [openid.allowInsecureRequests],
  });
  const assertion = ofCase('plain', { aud: issuer });
  const tokens = await openid.genericGrantRequest(config, JWT_BEARER, { assertion, scope: 'read' });
  assert.equal(tokens.scope, 'read');
  const bad = openid.genericGrantRequest(config, JWT_BEARER, { assertion: ofCase('plain', { aud: 'x' }) });
  await assert.rejects(bad, { error: 'invalid_grant' });
});

test('openid-client: token exchange', { skip: unless.startable }, async (t) => {
  const issuer = await deployment(t, [deployer], { trust });
  const config = await openid.discovery(new URL(issuer), deployer.client_id, undefined, openid.None(), {
    execute: [openid.allowInsecureRequests],
  });
  const subject_token_type = 'urn:ietf:params:oauth:token-type:jwt';
  const tokens = await openid.genericGrantRequest(config, TOKEN_EXCHANGE, {
    subject_token: ofCase('plain', { aud: issuer }),
    subject_token_type,
    resource: 'https://api.example',
  });
  assert.equal(tokens.issued_token_type, 'urn:ietf:params:oauth:token-type:access_token');
  const subject_token = ofCase('plain', { aud: 'x' });
  const bad = openid.genericGrantRequest(config, TOKEN_EXCHANGE, { subject_token, subject_token_type });
  await assert.rejects(bad, { error: 'invalid_request' });
});

test('google-auth: its STS client, and credentials of a workload identity pool', {
  skip: unless.startable,
}, async (t) => {
  const issuer = await deployment(t, [deployer], { trust });
  const tokens = [0, 1].map(() => ofCase('once', { aud: issuer }));
  const outcome = await python('google_sts.py', [`${issuer}/token`, POOL], tokens.join('\n'));
  assert.equal(outcome.exchanged.issued_token_type, 'urn:ietf:params:oauth:token-type:access_token');
  const keys = createRemoteJWKSet(new URL(`${issuer}/.well-known/jwks.json`));
  for (const token of [outcome.exchanged.access_token, outcome.credentials]) {
    const { payload } = await jwtVerify(token, keys, { issuer, audience: POOL, typ: 'at+jwt' });
    assert.equal(payload.sub, 'deployer');
    assert.equal(payload.scope, 'read');
  }
});

test('oauth4webapi: client credentials by private_key_jwt', { skip: unless.startable }, async (t) => {
  const issuer = new URL(await deployment(t, [{ ...machine, audiences: ['https://api.example'] }]));
  const options = { [oauth.allowInsecureRequests]: true };
  const as = await oauth.processDiscoveryResponse(
    issuer,
    await oauth.discoveryRequest(issuer, { algorithm: 'oauth2', ...options }),
  );
  const client = { client_id: machine.client_id };
  for (const alg of ALGORITHMS) {
    const proof = oauth.PrivateKeyJwt(await cryptoKey(alg));
    const response = await oauth.clientCredentialsGrantRequest(as, client, proof, { scope: 'read' }, options);
    const { access_token } = await oauth.processClientCredentialsResponse(as, client, response);
    const request = new Request('https://api.example', { headers: { authorization: `Bearer ${access_token}` } });
    const claims = await oauth.validateJwtAccessToken(as, request, 'https://api.example', options);
    assert.equal(claims.sub, 'machine', alg);
  }
});

test('authlib: a token, introspection and revocation by assertions for an hour, for the token endpoint', {
  skip: unless.startable,
}, async (t) => {
  const record = { ...machine, token_endpoint_is_audience: true, client_assertion_lifetime: 3600 };
  const issuer = await deployment(t, [record]);
  for (const alg of ['ES256', 'RS256', 'PS256']) {
    const outcome = await python('authlib_machine.py', [issuer, 'machine', alg], pem(alg));
    assert.deepEqual(outcome, { scope: 'read', active: true, active_after_revocation: false }, alg);
  }
});

/** A deployment with these clients, and a server that takes its tokens. */
async function withResource(t, clients, more) {
  const resource = await protectedResource(t);
  const issuer = await deployment(
    t,
    clients.map((client) => ({ ...client, audiences: [resource.url] })),
    more,
  );
  resource.trust(issuer);
  return { issuer, resource };
}

/** A client with a secret. */
const keeper = { ...machine, client_id: 'keeper', client_secret: secretOf('keeper'), scope: 'read' };
for (const name of ['token_endpoint_auth_method', 'jwks']) delete keeper[name];

test('@modelcontextprotocol/sdk: its providers of client credentials', { skip: unless.startable }, async (t) => {
  const { issuer, resource } = await withResource(t, [machine, keeper, deployer], { trust });
  const common = { clientId: 'machine', expectedIssuer: issuer, scope: 'read' };
  const providers = {
    keeper: new ClientCredentialsProvider({ ...common, clientId: 'keeper', clientSecret: keeper.client_secret }),
    machine: new PrivateKeyJwtProvider({ ...common, privateKey: pem('ES256'), algorithm: 'ES256' }),
    'machine, by RS256': new PrivateKeyJwtProvider({ ...common, privateKey: pem('RS256'), algorithm: 'RS256' }),
    'machine, by what was signed before': new StaticPrivateKeyJwtProvider({
      ...common,
      jwtBearerAssertion: assertionOf(machine, { claims: { aud: issuer } }),
    }),
    'deployer, by its platform': new StaticPrivateKeyJwtProvider({
      ...common,
      clientId: 'deployer',
      jwtBearerAssertion: ofCase('plain', { aud: issuer }),
    }),
  };
  for (const [name, provider] of Object.entries(providers)) {
    assert.equal(await auth(provider, { serverUrl: resource.url }), 'AUTHORIZED', name);
    const { access_token } = provider.tokens();
    const answer = await fetch(resource.url, { headers: { authorization: `Bearer ${access_token}` } });
    assert.deepEqual(await answer.json(), { sub: name.split(',')[0], scope: 'read' });
  }
});

test('mcp (Python): its providers of client credentials', { skip: unless.startable }, async (t) => {
  const { issuer, resource } = await withResource(t, [machine, keeper, deployer], { trust });
  for (const [client_id, way, proof] of [
    ['keeper', 'secret', () => keeper.client_secret],
    ['machine', 'ES256', () => pem('ES256')],
    ['machine', 'RS256', () => pem('RS256')],
    // Made when its turn comes: it is good for a minute, and each Python before it takes a second to start.
    ['machine', 'static', () => assertionOf(machine, { claims: { aud: issuer } })],
    ['deployer', 'static', () => ofCase('plain', { aud: issuer })],
  ]) {
    const outcome = await python('mcp_machine.py', [resource.url, issuer, client_id, way], proof());
    assert.deepEqual(outcome, { status: 200, sub: client_id, scope: 'read' }, way);
  }
});
