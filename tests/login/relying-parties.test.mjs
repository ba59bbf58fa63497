// Relying parties as people use them, end to end: openid-client, Auth.js, Authlib, mod_auth_openidc. oidc-client-ts is
// a library of pages: browser.test.mjs has it.

import './support/secrets.mjs';
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Auth } from '@auth/core';
import * as openid from 'openid-client';
import { freePort } from '../hosts/native.mjs';
import { PYTHON } from '../suite/support/check.mjs';
import { formsTo, textOf } from './support/browser.mjs';
import { be, choose, offers } from './support/login.mjs';
import { application, open, random } from './support/world.mjs';

const CALLBACK = 'http://127.0.0.1:9/callback';
const BYE = 'http://127.0.0.1:9/bye';

/** A deployment with one application of the operator's own, and its two ways in. */
async function deployment(t, record = {}) {
  const app = { ...application('app', { redirect_uris: [CALLBACK], post_logout_redirect_uris: [BYE] }), ...record };
  return open(t, { clients: [{ client_name: 'App', first_party: true, ...app }] });
}

/** Alice, from an application's address to wherever she is sent in the end. */
async function visit(own, browser, url) {
  let page = await browser.open(url);
  if (offers(page, 'one')) page = await choose(browser, page, 'one');
  if (!page.arrived && page.url.href.startsWith(own.upstreams.one.url)) page = await be(browser, page, 'alice');
  return page;
}

test('openid-client: code + PKCE, userinfo, refresh, silent login, logout', async (t) => {
  const own = await deployment(t);
  const { client_id, client_secret } = own.applications.app.record;
  const config = await openid.discovery(new URL(own.issuer), client_id, client_secret, undefined, {
    execute: [openid.allowInsecureRequests, openid.enableNonRepudiationChecks],
  });
  const browser = own.browser();
  const logIn = async (form = {}) => {
    const verifier = openid.randomPKCECodeVerifier();
    const [state, nonce] = [openid.randomState(), openid.randomNonce()];
    const url = openid.buildAuthorizationUrl(config, {
      redirect_uri: CALLBACK,
      scope: 'openid profile email offline_access',
      code_challenge: await openid.calculatePKCECodeChallenge(verifier),
      code_challenge_method: 'S256',
      state,
      nonce,
      ...form,
    });
    const page = await visit(own, browser, url.href);
    assert.ok(page.arrived, `${page.url}: ${textOf(page.response)}`);
    return openid.authorizationCodeGrant(config, page.arrived, {
      pkceCodeVerifier: verifier,
      expectedState: state,
      expectedNonce: nonce,
      idTokenExpected: true,
    });
  };
  await assert.rejects(logIn({ prompt: 'none' }), { error: 'login_required' });
  const tokens = await logIn();
  const sub = own.subject('one', 'alice');
  assert.equal(tokens.claims().sub, sub);
  assert.equal((await openid.fetchUserInfo(config, tokens.access_token, sub)).email, 'alice@example.com');
  const silent = await logIn({ prompt: 'none', id_token_hint: tokens.id_token });
  assert.equal(silent.claims().auth_time, tokens.claims().auth_time);
  const refreshed = await openid.refreshTokenGrant(config, silent.refresh_token);
  assert.equal(refreshed.claims().sub, sub);
  const logout = openid.buildEndSessionUrl(config, {
    id_token_hint: refreshed.id_token,
    post_logout_redirect_uri: BYE,
    state: 's',
  });
  const page = await goOn(own, browser, await browser.open(logout.href));
  assert.equal(page.arrived?.href, `${BYE}?state=s`);
  await assert.rejects(logIn({ prompt: 'none' }), { error: 'login_required' });
});

test('Auth.js: signs in, has a session, signs out', async (t) => {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const own = await deployment(t, {
    redirect_uris: [`${origin}/auth/callback/jeton`],
    // It reads the ID token, and asks no further.
    id_token_claims: ['name', 'email'],
  });
  const { client_id: clientId, client_secret: clientSecret } = own.applications.app.record;
  const errors = [];
  const config = {
    basePath: '/auth',
    trustHost: true,
    secret: random(),
    logger: { error: (error) => errors.push(error), warn() {}, debug() {} },
    providers: [
      {
        id: 'jeton',
        name: 'Jeton',
        type: 'oidc',
        issuer: own.issuer,
        clientId,
        clientSecret,
        checks: ['pkce', 'state', 'nonce'],
      },
    ],
    callbacks: {
      jwt: ({ token, profile }) => (profile ? { ...token, sub: profile.sub } : token),
      session: ({ session, token }) => ({ ...session, sub: token.sub }),
    },
  };
  const server = createServer(async (incoming, outgoing) => {
    if (!incoming.url.startsWith('/auth/')) return outgoing.end('The application’s own page');
    const chunks = [];
    for await (const chunk of incoming) chunks.push(chunk);
    const body = chunks.length > 0 ? Buffer.concat(chunks) : undefined;
    const { method, headers } = incoming;
    const response = await Auth(new Request(new URL(incoming.url, origin), { method, headers, body }), config);
    for (const line of response.headers.getSetCookie()) outgoing.appendHeader('set-cookie', line);
    for (const [name, value] of response.headers) if (name !== 'set-cookie') outgoing.setHeader(name, value);
    outgoing.writeHead(response.status).end(await response.text());
  });
  server.listen(port, 'localhost');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const browser = own.browser();
  browser.reaches.push(origin);
  const session = async () => (await browser.ask(`${origin}/auth/session`)).response.json();
  assert.equal(await session(), null);
  const post = async (path, form) => {
    const { csrfToken } = (await browser.ask(`${origin}/auth/csrf`)).response.json();
    return browser.open(`${origin}/auth/${path}`, { form: { csrfToken, ...form } });
  };
  let page = await post('signin/jeton', { callbackUrl: `${origin}/inside` });
  if (offers(page, 'one')) page = await choose(browser, page, 'one');
  if (!page.arrived && page.url.href.startsWith(own.upstreams.one.url)) page = await be(browser, page, 'alice');
  assert.deepEqual(errors, []);
  assert.equal(page.url.href, `${origin}/inside`);
  const known = await session();
  assert.equal(known.sub, own.subject('one', 'alice'));
  assert.equal(known.user.name, 'Alice');
  assert.equal(known.user.email, 'alice@example.com');
  await post('signout', {});
  assert.equal(await session(), null);
});

test('Authlib: code + PKCE, refresh, introspection, revocation', async (t) => {
  const own = await deployment(t);
  const { client_id, client_secret } = own.applications.app.record;
  const script = fileURLToPath(new URL('../suite/support/authlib_client.py', import.meta.url));
  const python = (...args) =>
    promisify(execFile)(PYTHON, [script, own.issuer, client_id, client_secret, CALLBACK, ...args], {
      env: { ...process.env, AUTHLIB_INSECURE_TRANSPORT: '1' },
    });
  const { url, verifier, state } = JSON.parse((await python('authorize')).stdout);
  const page = await visit(own, own.browser(), url);
  assert.ok(page.arrived, `${page.url}: ${textOf(page.response)}`);
  const outcome = JSON.parse((await python('exchange', page.arrived.href, verifier, state)).stdout);
  const sub = own.subject('one', 'alice');
  assert.deepEqual(outcome, { sub, rotated: true, active: true, active_after_revocation: false });
});

const APACHE = ['/usr/sbin/apache2', '/usr/lib/apache2/modules/mod_auth_openidc.so'];

test('mod_auth_openidc: what lies behind it is reached by whoever has logged in', {
  skip: APACHE.every(existsSync) ? false : 'no Apache with mod_auth_openidc (Debian: libapache2-mod-auth-openidc)',
}, async (t) => {
  const port = await freePort();
  const origin = `http://localhost:${port}`;
  const own = await deployment(t, {
    redirect_uris: [`${origin}/inside/callback`],
    post_logout_redirect_uris: [`${origin}/bye`],
  });
  const { client_id, client_secret } = own.applications.app.record;
  await apache(t, port, {
    OIDCProviderMetadataURL: `${own.issuer}/.well-known/openid-configuration`,
    OIDCClientID: client_id,
    OIDCClientSecret: client_secret,
    OIDCRedirectURI: `${origin}/inside/callback`,
    OIDCCryptoPassphrase: random(),
    OIDCPKCEMethod: 'S256',
    OIDCScope: '"openid profile email"',
    OIDCRemoteUserClaim: 'sub',
  });
  const browser = own.browser();
  browser.reaches.push(origin);
  assert.equal((await browser.ask(`${origin}/`)).response.status, 404);
  const page = await visit(own, browser, `${origin}/inside/`);
  assert.equal(page.response.status, 200, page.response.text);
  assert.equal(page.url.href, `${origin}/inside/`);
  assert.equal(page.response.headers['x-user'], own.subject('one', 'alice'));
  assert.equal(page.response.headers['x-email'], 'alice@example.com');
  // Its own session goes on without us; after it, ours does.
  assert.equal((await browser.ask(`${origin}/inside/`)).response.status, 200);
  const out = await browser.open(`${origin}/inside/callback?logout=${encodeURIComponent(`${origin}/bye`)}`);
  const end = await goOn(own, browser, out);
  assert.equal(end.url.href.split('?')[0], `${origin}/bye`);
  const again = await browser.open(`${origin}/inside/`);
  assert.ok(offers(again, 'one'), `${again.url}: ${textOf(again.response)}`);
});

/** Presses what a page asks whose person wants to log out. */
async function goOn(_own, browser, page) {
  for (let step = 0; step < 4 && !page.arrived; step += 1) {
    const path = ['/login/logout', '/end_session', '/logout'].find((path) => formsTo(page, path).length > 0);
    if (!path) return page;
    page = await browser.send(page, path);
  }
  return page;
}

/** Apache with these directives, in a folder of its own, until the test ends. */
async function apache(t, port, directives) {
  const folder = mkdtempSync(join(tmpdir(), 'jeton-apache-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  mkdirSync(join(folder, 'files/inside'), { recursive: true });
  writeFileSync(join(folder, 'files/inside/index.html'), '<!doctype html><title>Inside</title>');
  const modules = 'mpm_event authz_core authn_core authz_user dir alias headers mime env auth_openidc'.split(' ');
  const user = process.getuid() === 0 ? ['User www-data', 'Group www-data'] : [];
  const lines = [
    ...modules.map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`),
    `ServerRoot ${folder}`,
    `ServerName localhost`,
    `Listen 127.0.0.1:${port}`,
    `PidFile ${folder}/pid`,
    `Mutex posixsem`,
    `ErrorLog ${folder}/log`,
    'LogLevel warn',
    `DocumentRoot ${folder}/files`,
    'TypesConfig /etc/mime.types',
    'DirectoryIndex index.html',
    ...user,
    ...Object.entries(directives).map(([name, value]) => `${name} ${value}`),
    '<Location /inside/>',
    '  AuthType openid-connect',
    '  Require valid-user',
    '  Header always set X-User "expr=%{REMOTE_USER}"',
    '  Header always set X-Email "%{OIDC_CLAIM_email}e"',
    '</Location>',
  ];
  writeFileSync(join(folder, 'httpd.conf'), lines.join('\n'));
  if (process.getuid() === 0) await promisify(execFile)('chmod', ['-R', 'a+rX', folder]);
  const child = spawn(APACHE[0], ['-f', join(folder, 'httpd.conf'), '-DFOREGROUND'], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env.PATH },
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (chunk) => (said += chunk));
  const closed = once(child, 'close');
  t.after(async () => {
    child.kill('SIGTERM');
    await closed;
  });
  for (const deadline = Date.now() + 10_000; Date.now() < deadline; ) {
    if (child.exitCode !== null) throw new Error(`Apache ended with ${child.exitCode}: ${said}`);
    const answers = await fetch(`http://127.0.0.1:${port}/`).catch(() => undefined);
    if (answers) return;
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  throw new Error(`Apache does not answer: ${said}`);
}
