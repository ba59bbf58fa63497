// Libraries as they are that use the mock’s own grants, register themselves, or are known by an address.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { createServer } from 'node:http';
import { createInterface } from 'node:readline';
import { describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { auth } from '@modelcontextprotocol/sdk/client/auth.js';
import * as openid from 'openid-client';
import { PYTHON } from '../suite/support/check.mjs';
import { claimsOf } from '../suite/support/tokens.mjs';
import { Browser } from './support/browser.mjs';
import { start } from './support/process.mjs';

const CALLBACK = 'https://app.example/cb';
const mock = await start();

/** openid-client for a client that nobody registered. */
const discovered = (issuer, ...more) =>
  openid.discovery(new URL(issuer.id), 'app', 'any', undefined, {
    execute: [openid.allowInsecureRequests, ...more],
  });

/** Where the browser comes back to from `url`. */
async function back(url) {
  const { arrived } = await new Browser(mock).open(url.href, { until: CALLBACK });
  return arrived;
}

describe('openid-client', { concurrency: 4 }, () => {
  const asked = (more = {}) => ({
    redirect_uri: CALLBACK,
    scope: 'openid email',
    nonce: 'a nonce',
    state: 'a state',
    login_hint: 'alice',
    ...more,
  });

  test('implicit: it takes the ID token of the fragment', async () => {
    const config = await discovered(mock.fresh(), openid.useIdTokenResponseType);
    const claims = await openid.implicitAuthentication(
      config,
      await back(openid.buildAuthorizationUrl(config, asked())),
      'a nonce',
      { expectedState: 'a state' },
    );
    assert.deepEqual([claims.sub, claims.email], ['alice', 'alice@example.com']);
  });

  test('hybrid: it takes code and ID token by c_hash, and redeems the code', async () => {
    const config = await discovered(mock.fresh(), openid.useCodeIdTokenResponseType);
    const pkceCodeVerifier = openid.randomPKCECodeVerifier();
    const code_challenge = await openid.calculatePKCECodeChallenge(pkceCodeVerifier);
    const url = openid.buildAuthorizationUrl(config, asked({ code_challenge, code_challenge_method: 'S256' }));
    const checks = { pkceCodeVerifier, expectedState: 'a state', expectedNonce: 'a nonce' };
    const tokens = await openid.authorizationCodeGrant(config, await back(url), checks);
    assert.equal(tokens.claims().sub, 'alice');
  });

  test('password, and the refresh token of it', async () => {
    const config = await discovered(mock.fresh());
    const form = { username: 'alice', password: 'any', scope: 'openid offline_access' };
    const tokens = await openid.genericGrantRequest(config, 'password', form);
    assert.equal(tokens.claims().sub, 'alice');
    const again = await openid.refreshTokenGrant(config, tokens.refresh_token);
    assert.equal((await openid.fetchUserInfo(config, again.access_token, 'alice')).sub, 'alice');
  });
});

test('Authlib and Requests-OAuthlib: password; Requests-OAuthlib: implicit', async () => {
  const script = fileURLToPath(new URL('support/grants.py', import.meta.url));
  const child = spawn(PYTHON, [script, mock.fresh().id, CALLBACK], {
    env: { ...process.env, OAUTHLIB_INSECURE_TRANSPORT: '1' },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const { value: url } = await lines.next();
  assert.ok(url, 'the script ended');
  child.stdin.end(`${(await back(new URL(url))).href}\n`);
  const { value: outcome } = await lines.next();
  assert.deepEqual(JSON.parse(outcome), { authlib: 'alice', rotated: true, oauthlib: 'bob', implicit: 'carol' });
});

describe('the SDK of MCP', { concurrency: 4 }, () => {
  const CLIENT_ID = 'https://tool.example/client.json';

  /** A server that wants tokens of `issuer`: its address. */
  async function resource(t, issuer) {
    const server = createServer((request, response) => {
      const document = { resource: `${origin}/mcp`, authorization_servers: [issuer.id], scopes_supported: ['tools'] };
      const is = request.url.startsWith('/.well-known/oauth-protected-resource');
      response.writeHead(is ? 200 : 404, { 'content-type': 'application/json' });
      response.end(JSON.stringify(is ? document : {}));
    });
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    t.after(() => server.close());
    const origin = `http://127.0.0.1:${server.address().port}`;
    return `${origin}/mcp`;
  }

  /** What the SDK keeps of a client, in memory. */
  function provider(more) {
    const kept = {};
    return {
      kept,
      redirectUrl: CALLBACK,
      clientMetadata: {
        client_name: 'A tool',
        redirect_uris: [CALLBACK],
        grant_types: ['authorization_code', 'refresh_token'],
        token_endpoint_auth_method: 'none',
      },
      clientInformation: () => kept.client,
      saveClientInformation: (client) => Object.assign(kept, { client }),
      tokens: () => kept.tokens,
      saveTokens: (tokens) => Object.assign(kept, { tokens }),
      redirectToAuthorization: (url) => Object.assign(kept, { url }),
      saveCodeVerifier: (verifier) => Object.assign(kept, { verifier }),
      codeVerifier: () => kept.verifier,
      ...more,
    };
  }

  async function loggedIn(t, client) {
    const issuer = mock.fresh();
    const serverUrl = await resource(t, issuer);
    assert.equal(await auth(client, { serverUrl }), 'REDIRECT');
    client.kept.url.searchParams.set('login_hint', 'alice');
    const authorizationCode = (await back(client.kept.url)).searchParams.get('code');
    assert.equal(await auth(client, { serverUrl, authorizationCode }), 'AUTHORIZED');
    const { sub, client_id, aud } = claimsOf(client.kept.tokens.access_token);
    assert.deepEqual([sub, aud], ['alice', serverUrl]);
    return { client_id, issuer };
  }

  test('a client that is known by the address of its metadata', async (t) => {
    const client = provider({ clientMetadataUrl: CLIENT_ID });
    const { client_id, issuer } = await loggedIn(t, client);
    assert.equal(client_id, CLIENT_ID);
    assert.deepEqual(await issuer.journal({ endpoint: 'register' }), []);
  });

  test('a client that registers itself', async (t) => {
    const { client_id, issuer } = await loggedIn(t, provider());
    assert.match(client_id, /^jc_/);
    const [registration] = await issuer.journal({ endpoint: 'register' });
    assert.deepEqual([registration.status, registration.waived], [201, ['initial_access_token']]);
  });
});
