// An issuer with a path behind a proxy that takes it off: requests come without it, and everything that a
// browser or a client is told has it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as openid from 'openid-client';
import { Browser as Person } from '../support/browser.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import { deployment } from '../support/front.mjs';
import { secretOf } from '../support/grant-clients.mjs';
import { formOf } from '../support/html.mjs';
import { clientCredentials, get, refusal, startFor, unless } from '../support/target.mjs';

const CALLBACK = 'http://127.0.0.1:9/callback';
const BYE = 'http://127.0.0.1:9/bye';
const PAGE = 'http://localhost:5173';
const DEVICE = 'urn:ietf:params:oauth:grant-type:device_code';
const SCOPE = 'openid profile email offline_access';
const PATH = '/auth';
const OAUTH = '/.well-known/oauth-authorization-server';
const OPENID = '/.well-known/openid-configuration';

const app = {
  client_id: 'app',
  client_secret: secretOf('app'),
  redirect_uris: [CALLBACK],
  post_logout_redirect_uris: [BYE],
  grant_types: ['authorization_code', 'refresh_token', DEVICE],
  scope: SCOPE,
};
const spa = {
  ...app,
  client_id: 'spa',
  client_secret: undefined,
  token_endpoint_auth_method: 'none',
  refresh_token_delivery: 'cookie',
  allowed_origins: [PAGE],
};

const discovered = (issuer, { client_id, client_secret }) =>
  openid.discovery(new URL(issuer), client_id, client_secret, client_secret ? undefined : openid.None(), {
    execute: [openid.allowInsecureRequests],
  });

/** A person logs in: where the browser came back to, and the verifier. */
async function loggedIn(config, person) {
  const verifier = openid.randomPKCECodeVerifier();
  const url = openid.buildAuthorizationUrl(config, {
    redirect_uri: CALLBACK,
    scope: SCOPE,
    code_challenge: await openid.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
  });
  return { back: await person.visit(url.href, { end: CALLBACK }), verifier };
}

describe('JETON_PROXY_STRIPS: behind a proxy that takes the path off', { concurrency: 4 }, () => {
  test('everything that is told is beneath the whole path', { skip: unless.startable }, async (t) => {
    const issuer = await deployment(t, [app], {}, { strips: PATH });
    const origin = issuer.slice(0, -PATH.length);
    for (const path of [`${PATH}${OPENID}`, `${PATH}${OAUTH}`, `${OPENID}${PATH}`, `${OAUTH}${PATH}`]) {
      const response = await fetch(`${origin}${path}`);
      assert.equal(response.status, 200, path);
      const { issuer: own, ...metadata } = await response.json();
      assert.equal(own, issuer);
      const urls = Object.entries(metadata).filter(([name]) => /_endpoint$|_uri$/.test(name));
      assert.ok(urls.length >= 6);
      for (const [name, url] of urls) assert.ok(url.startsWith(`${issuer}/`), `${name} ${url}`);
    }
  });

  test('openid-client: login, userinfo, refresh, logout', { skip: unless.startable }, async (t) => {
    const issuer = await deployment(t, [app], {}, { strips: PATH });
    const config = await discovered(issuer, app);
    const person = new Person();
    const { back, verifier } = await loggedIn(config, person);
    assert.equal(back.url.searchParams.get('iss'), issuer);
    const tokens = await openid.authorizationCodeGrant(config, back.url, { pkceCodeVerifier: verifier });
    const claims = tokens.claims();
    assert.deepEqual([claims.iss, claims.sub], [issuer, 'alice']);
    const refreshed = await openid.refreshTokenGrant(config, tokens.refresh_token);
    const metadata = await (await fetch(`${issuer}${OPENID}`)).json();
    const info = await fetch(metadata.userinfo_endpoint, {
      headers: { authorization: `Bearer ${refreshed.access_token}` },
    });
    assert.equal((await info.json()).email, 'alice@example.com');
    const logout = new URL(metadata.end_session_endpoint);
    logout.search = new URLSearchParams({ id_token_hint: refreshed.id_token, post_logout_redirect_uri: BYE });
    assert.equal((await person.visit(logout.href, { end: BYE })).url.href, BYE);
    await assert.rejects(openid.refreshTokenGrant(config, refreshed.refresh_token), { error: 'invalid_grant' });
  });

  test('a device: the address for the person, and the forms there', { skip: unless.startable }, async (t) => {
    const issuer = await deployment(t, [app], {}, { strips: PATH });
    const config = await discovered(issuer, app);
    const device = await openid.initiateDeviceAuthorization(config, { scope: SCOPE });
    assert.equal(device.verification_uri, `${issuer}/device`);
    const polling = openid.pollDeviceAuthorizationGrant(config, device);
    const { text } = await new Person().visit(device.verification_uri_complete, { button: 'approve' });
    assert.match(text, /Device connected/);
    assert.equal((await polling).claims().sub, 'alice');
  });

  test('a refresh token in a cookie, and a logout that the person confirms', { skip: unless.startable }, async (t) => {
    const issuer = await deployment(t, [spa], {}, { strips: PATH });
    const { back, verifier } = await loggedIn(await discovered(issuer, spa), new Person());
    const headers = { origin: PAGE, 'content-type': 'application/x-www-form-urlencoded' };
    const token = (form, cookie = {}) =>
      fetch(`${issuer}/token`, {
        method: 'POST',
        headers: { ...headers, ...cookie },
        body: new URLSearchParams({ client_id: spa.client_id, ...form }),
      });
    const redeemed = await token({
      grant_type: 'authorization_code',
      code: back.url.searchParams.get('code'),
      code_verifier: verifier,
      redirect_uri: CALLBACK,
    });
    assert.equal(redeemed.status, 200);
    const [line] = redeemed.headers.getSetCookie();
    // For the host, whatever its path: a browser sends it to the whole path, and the proxy hands it on.
    assert.match(line, /; Path=\/; /);
    const cookie = { cookie: line.split(';')[0] };
    const refreshed = await token({ grant_type: 'refresh_token' }, cookie);
    assert.equal(refreshed.status, 200, await refreshed.clone().text());

    const asked = await fetch(`${issuer}/end_session?client_id=${spa.client_id}`, { headers: cookie });
    const { action, fields } = formOf(await asked.text());
    assert.equal(action, `${PATH}/end_session`);
    const confirmed = await fetch(new URL(action, issuer), {
      method: 'POST',
      redirect: 'manual',
      headers: { ...cookie, origin: new URL(issuer).origin, 'content-type': headers['content-type'] },
      body: new URLSearchParams({ ...fields, confirmed: 'yes' }),
    });
    assert.equal(confirmed.status, 303);
    const returnTo = new URL(confirmed.headers.get('location')).searchParams.get('return_to');
    assert.ok(returnTo.startsWith(`${issuer}/end_session/resume?`), returnTo);
    assert.match(confirmed.headers.getSetCookie()[0], /Max-Age=0/);
    assert.equal((await fetch(returnTo)).status, 200);
    assert.equal((await token({ grant_type: 'refresh_token' }, cookie)).status, 400);
  });

  test('only a part of the path', { skip: unless.startable }, async (t) => {
    const issuer = `${ISSUER}/outer/inner`;
    const on = await startFor(t, { changes: { JETON_ISSUER: issuer, JETON_PROXY_STRIPS: '/outer' } });
    for (const path of [`/inner${OPENID}`, `/inner${OAUTH}`, `${OPENID}/outer/inner`, `${OAUTH}/outer/inner`]) {
      const response = await get(path, {}, on);
      assert.equal(response.status, 200, path);
      assert.equal(response.json().token_endpoint, `${issuer}/token`);
    }
    for (const path of [OPENID, `/outer/inner${OPENID}`, `${OPENID}/inner`, '/health']) {
      // The mock answers those who watch its process at any path.
      if (path === '/health' && on.name === 'mock') continue;
      assert.equal((await get(path, {}, on)).status, 404, path);
    }
    assert.equal((await get('/inner/health', {}, on)).status, 200);
  });

  test('without it nothing changes: the whole path is asked for', { skip: unless.startable }, async (t) => {
    const on = await startFor(t, { changes: { JETON_ISSUER: `${ISSUER}${PATH}` } });
    assert.equal((await clientCredentials(clients.m2m, {}, { on })).status, 404);
    assert.equal((await get(`${PATH}/health`, {}, on)).status, 200);
  });

  for (const stripped of ['/other', 'auth', '/auth/', '/au', '/']) {
    test(`${stripped} is refused at start for an issuer at ${PATH}`, { skip: unless.startable }, async () => {
      const said = await refusal({ JETON_ISSUER: `${ISSUER}${PATH}`, JETON_PROXY_STRIPS: stripped });
      assert.ok(said.includes('JETON_PROXY_STRIPS') && said.includes('without a final slash'), said);
    });
  }
});
