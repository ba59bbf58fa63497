// Split addresses: one issuer, the addresses browsers reach it by, the addresses backends reach it by.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import * as oauth from 'oauth4webapi';
import { claimsOf } from '../suite/support/tokens.mjs';
import { Browser, formsOf } from './support/browser.mjs';
import { send } from './support/http.mjs';
import { CALLBACK, OFFLINE, ok } from './support/issuer.mjs';
import { launch, refused, start } from './support/process.mjs';

/** What a browser opens; everything else a backend calls. */
const BROWSER = ['authorization_endpoint', 'end_session_endpoint'];
const BACKEND = [
  'token_endpoint',
  'jwks_uri',
  'userinfo_endpoint',
  'introspection_endpoint',
  'revocation_endpoint',
  'device_authorization_endpoint',
];

const origin = (url) => new URL(url).origin;

/** What RFC 8414's document does not have. */
const OF_OPENID = ['end_session_endpoint', 'userinfo_endpoint'];

/** Each endpoint is where browsers, or backends, reach it. */
function isSplit(metadata, { issuer, browser, backend, base = '' }, leftOut = []) {
  assert.equal(metadata.issuer, `${issuer}${base}`);
  for (const [origin, names] of [
    [browser, BROWSER],
    [backend, BACKEND],
  ]) {
    for (const name of names.filter((name) => !leftOut.includes(name)))
      assert.ok(metadata[name].startsWith(`${origin}${base}/`), `${name}: ${metadata[name]}`);
  }
  for (const name of leftOut) assert.ok(!(name in metadata), name);
}

const WELL_KNOWN = '/.well-known/openid-configuration';

describe('split addresses: pinned', { concurrency: 4 }, () => {
  const issuer = 'https://id.example.com';
  const browser = 'http://browser.example:1111';
  const backend = 'http://jeton:9400';

  test('--issuer, --browser-url and --backend-url in both metadata documents, for every issuer', async (t) => {
    const mock = await start({ t, args: ['--issuer', issuer, '--browser-url', browser, '--backend-url', backend] });
    assert.equal(mock.issuer, issuer);
    for (const base of ['', '/acme', '/a/b']) {
      const expected = { issuer, browser, backend, base };
      isSplit((await mock.send(`${base}${WELL_KNOWN}`)).json(), expected);
      isSplit((await mock.send(`/.well-known/oauth-authorization-server${base}`)).json(), expected, OF_OPENID);
    }
    assert.equal(claimsOf((await mock.at('acme').granted()).access_token).iss, `${issuer}/acme`);
  });

  test('issuer_url, browser_url and backend_url in the file do the same', async (t) => {
    const mock = await start({ t, config: { issuer_url: issuer, browser_url: browser, backend_url: backend } });
    isSplit(await mock.at('acme').metadata(), { issuer, browser, backend, base: '/acme' });
  });

  test('a flag takes precedence over the file', async (t) => {
    const mock = await start({ t, args: ['--issuer', 'https://flag.example'], config: { issuer_url: issuer } });
    assert.equal((await mock.at().metadata()).issuer, 'https://flag.example');
  });

  test('with --issuer alone every endpoint is beneath it', async (t) => {
    const mock = await start({ t, args: ['--issuer', issuer] });
    isSplit(await mock.at('x').metadata(), { issuer, browser: issuer, backend: issuer, base: '/x' });
  });

  test('with --backend-url alone only what backends call moves', async (t) => {
    const mock = await start({ t, args: ['--backend-url', backend] });
    const own = `http://localhost:${mock.port}`;
    isSplit(await mock.at().metadata(), { issuer: own, browser: own, backend });
  });

  test('an issuer with a path: everything is beneath it, and health is found without it', async (t) => {
    const mock = await start({ t, args: ['--issuer', 'http://idp.example/auth/v1'] });
    const issuer = 'http://idp.example';
    for (const base of ['/auth/v1', '/auth/v1/acme']) {
      const expected = { issuer, browser: issuer, backend: issuer, base };
      isSplit(ok(await mock.send(`${base}${WELL_KNOWN}`)).json(), expected);
      isSplit(ok(await mock.send(`/.well-known/oauth-authorization-server${base}`)).json(), expected, OF_OPENID);
    }
    for (const path of [WELL_KNOWN, `/acme${WELL_KNOWN}`, '/token', '/auth/token', '/auth/v1token'])
      assert.equal((await mock.send(path)).status, 404, path);
    ok(await mock.send('/auth/v1/_mock/issuers'));
    for (const path of ['/health', '/isalive', '/auth/v1/health']) ok(await mock.send(path));
    assert.equal((await launch(['health', `${mock.url}/health`])).code, 0);
  });

  test('without trust_host neither Host nor X-Forwarded-* changes a word', async (t) => {
    const mock = await start({ t });
    const plain = await mock.at('a').metadata();
    const lies = {
      host: 'evil.example',
      'x-forwarded-host': 'evil.example',
      'x-forwarded-proto': 'https',
      'x-forwarded-port': '444',
      forwarded: 'host=evil.example;proto=https',
    };
    assert.deepEqual(ok(await mock.at('a').get(WELL_KNOWN, lies)).json(), plain);
    const { access_token } = (await mock.at('a').token({}, { headers: lies })).json();
    assert.equal(claimsOf(access_token).iss, `http://localhost:${mock.port}/a`);
  });

  for (const [flag, value, setting] of [
    ['--issuer', 'nonsense', 'JETON_ISSUER'],
    ['--issuer', 'ftp://x.example', 'JETON_ISSUER'],
    ['--issuer', 'http://x.example/?q', 'JETON_ISSUER'],
    ['--issuer', 'http://x.example/#f', 'JETON_ISSUER'],
    ['--browser-url', 'x.example', 'browser_url'],
    ['--backend-url', 'javascript:alert(1)', 'backend_url'],
    ['--backend-url', 'http://user:pass@x.example', 'backend_url'],
  ]) {
    test(`${flag} ${value} is refused at start`, async () => {
      const { code, text } = await refused({ args: ['--port', '0', flag, value] });
      assert.equal(code, 1);
      assert.match(text, new RegExp(`^jeton: ${setting}: expected `));
    });
  }
});

describe('split addresses: a browser and a backend on different origins', () => {
  // To a browser 127.0.0.1 and localhost are two hosts, with cookies of their own.
  async function split(t, more = {}) {
    const { port } = await (async () => {
      const probe = await start({ t });
      await probe.stop();
      return probe;
    })();
    const [browser, backend] = [`http://localhost:${port}`, `http://127.0.0.1:${port}`];
    const mock = await start({
      t,
      port,
      config: { issuer_url: 'https://id.example.com', browser_url: browser, backend_url: backend, ...more },
    });
    return { mock, browser, backend };
  }

  for (const name of ['', 'acme']) {
    test(`a whole code flow at issuer "${name}": login page, cookies, code, tokens, userinfo, refresh`, async (t) => {
      const { mock, browser, backend } = await split(t);
      const issuer = mock.at(name);
      const metadata = await issuer.metadata();
      assert.equal(metadata.issuer, issuer.id);
      const person = new Browser(mock);
      const { query, login } = issuer.asking({ user: null, scope: OFFLINE });
      const page = await person.open(
        `${metadata.authorization_endpoint}?${new URLSearchParams(Object.entries(query).filter(([, value]) => value))}`,
        { until: CALLBACK },
      );
      assert.equal(page.url.origin, browser, 'the login page is where the browser is');
      const { arrived } = await person.press(page, { label: 'alice', until: CALLBACK });
      assert.ok(arrived, 'the login goes through');
      assert.equal(arrived.searchParams.get('iss'), issuer.id, 'RFC 9207');
      for (const visited of person.visited) assert.equal(origin(visited), browser);
      const tokens = ok(
        await send(metadata.token_endpoint, {
          method: 'POST',
          headers: { 'content-type': 'application/x-www-form-urlencoded' },
          body: new URLSearchParams({
            grant_type: 'authorization_code',
            client_id: 'web',
            client_secret: 's',
            code: arrived.searchParams.get('code'),
            code_verifier: login.verifier,
            redirect_uri: CALLBACK,
          }).toString(),
        }),
      ).json();
      assert.equal(origin(metadata.token_endpoint), backend);
      assert.equal(claimsOf(tokens.id_token).iss, issuer.id);
      await issuer.verify(tokens.access_token);
      assert.equal(
        ok(
          await send(metadata.userinfo_endpoint, { headers: { authorization: `Bearer ${tokens.access_token}` } }),
        ).json().sub,
        'alice',
      );
      assert.equal((await issuer.refresh(tokens.refresh_token, { client: ['web', 's'] })).status, 200);
    });
  }

  test('every form and link of the login page leads to where the browser is', async (t) => {
    const { mock, browser } = await split(t);
    const issuer = mock.at('acme');
    const person = new Browser(mock);
    const { query } = issuer.asking({ user: null });
    const { url, response } = await person.open(
      issuer.authorizeUrl(Object.fromEntries(Object.entries(query).filter(([, value]) => value)), `${browser}/acme`),
    );
    assert.equal(url.origin, browser);
    const actions = formsOf(response.text).map((form) => form.action);
    const links = [...response.text.matchAll(/(?:href|src)="([^"]*)"/g)].map(([, href]) => href);
    assert.deepEqual([actions.length, links.length], [3, 5]);
    for (const address of [...actions, ...links]) assert.equal(new URL(address, url).origin, browser);
  });

  test('the device page and logout are where the browser is', async (t) => {
    const { mock, browser } = await split(t);
    const issuer = mock.at('acme');
    const device = ok(await issuer.device()).json();
    assert.equal(origin(device.verification_uri), browser);
    assert.equal(origin(device.verification_uri_complete), browser);
    const tokens = await issuer.tokens({ from: `${browser}/acme`, scope: OFFLINE });
    const person = new Browser(mock);
    const metadata = await issuer.metadata();
    const page = await person.open(
      `${metadata.end_session_endpoint}?${new URLSearchParams({ id_token_hint: tokens.id_token })}`,
    );
    for (const visited of person.visited) assert.equal(origin(visited), browser);
    assert.equal(page.response.status, 200);
    assert.equal(await issuer.active(tokens.access_token), false);
  });

  test('an unmodified client library (oauth4webapi) takes the split discovery', async (t) => {
    const { port } = await start({ t });
    const { mock, backend } = await split(t, { issuer_url: undefined });
    assert.notEqual(port, mock.port);
    const issuer = mock.at('lib');
    const found = await oauth.processDiscoveryResponse(
      new URL(issuer.id),
      await oauth.discoveryRequest(new URL(issuer.id), { [oauth.allowInsecureRequests]: true }),
    );
    const client = { client_id: 'svc' };
    const response = await oauth.clientCredentialsGrantRequest(
      found,
      client,
      oauth.ClientSecretBasic('x'),
      { scope: 'read' },
      { [oauth.allowInsecureRequests]: true },
    );
    const tokens = await oauth.processClientCredentialsResponse(found, client, response);
    assert.equal(tokens.token_type, 'bearer');
    assert.equal(origin(found.token_endpoint), backend);
  });
});

describe('split addresses: trust_host', { concurrency: 4 }, () => {
  const asked = async (mock, headers, name = '') => ok(await mock.at(name).get(WELL_KNOWN, headers)).json();

  test('Host decides which address the issuer has', async (t) => {
    const mock = await start({ t, args: ['--trust-host'] });
    for (const host of ['localhost:1234', '127.0.0.1:9', 'idp.internal', 'jeton:9400', '[::1]:8080']) {
      const at = `http://${host}`;
      isSplit(await asked(mock, { host }, 'acme'), { issuer: at, browser: at, backend: at, base: '/acme' });
    }
  });

  test('X-Forwarded-Proto, -Host and -Port go before Host', async (t) => {
    const mock = await start({ t, config: { trust_host: true } });
    const rows = [
      [{ 'x-forwarded-host': 'id.example.com' }, 'http://id.example.com'],
      [{ 'x-forwarded-host': 'id.example.com', 'x-forwarded-proto': 'https' }, 'https://id.example.com'],
      [
        { 'x-forwarded-host': 'id.example.com', 'x-forwarded-proto': 'https', 'x-forwarded-port': '8443' },
        'https://id.example.com:8443',
      ],
      [
        { 'x-forwarded-host': 'id.example.com', 'x-forwarded-proto': 'https', 'x-forwarded-port': '443' },
        'https://id.example.com',
      ],
      [{ 'x-forwarded-host': 'id.example.com', 'x-forwarded-port': '80' }, 'http://id.example.com'],
      [{ 'x-forwarded-host': 'id.example.com:444', 'x-forwarded-proto': 'https' }, 'https://id.example.com:444'],
      [{ host: 'inner:9400', 'x-forwarded-proto': 'https' }, 'https://inner:9400'],
    ];
    for (const [headers, expected] of rows) {
      assert.equal((await asked(mock, { host: 'inner:9400', ...headers })).issuer, expected, JSON.stringify(headers));
    }
  });

  test('an issuer known by many names is one issuer: one set of grants, keys and users', async (t) => {
    const mock = await start({ t, args: ['--trust-host'] });
    const one = { host: `one.example:${mock.port}` };
    const other = { host: `other.example:${mock.port}` };
    const issuer = mock.at('same');
    const first = (await issuer.token({}, { headers: one })).json().access_token;
    const second = (await issuer.token({}, { headers: other })).json().access_token;
    assert.equal(claimsOf(first).iss, `http://${one.host}/same`);
    assert.equal(claimsOf(second).iss, `http://${other.host}/same`);
    await issuer.verify(first, { issuer: `http://${one.host}/same` });
    await issuer.verify(second, { issuer: `http://${other.host}/same` });
    assert.equal((await mock.names()).filter((name) => name === 'same').length, 1);
    assert.equal(await issuer.count({ endpoint: 'token' }), 2);
  });

  test('an access token that was issued under one name is exchanged under another', async (t) => {
    const mock = await start({ t, args: ['--trust-host'] });
    const [one, other] = ['one', 'other'].map((name) => ({ host: `${name}.example:${mock.port}` }));
    const issuer = mock.at('same');
    const { access_token } = await issuer.granted({ scope: 'read' }, { headers: one });
    const form = {
      grant_type: 'urn:ietf:params:oauth:grant-type:token-exchange',
      subject_token: access_token,
      subject_token_type: 'urn:ietf:params:oauth:token-type:access_token',
    };
    const exchanged = ok(await issuer.as('m2m', '/token', form, other)).json();
    assert.equal(claimsOf(exchanged.access_token).iss, `http://${other.host}/same`);
    assert.equal(exchanged.scope, 'read');
  });

  test('a whole code flow under whatever name Host has', async (t) => {
    const mock = await start({ t, args: ['--trust-host'] });
    const issuer = mock.at('acme');
    const base = `http://idp.test:${mock.port}`;
    const login = await issuer.login({ from: `${base}/acme` });
    for (const visited of login.browser.visited) assert.equal(origin(visited), base);
    assert.equal(login.params.iss, `${base}/acme`);
    const tokens = ok(await issuer.redeem(login, {}, { host: `idp.test:${mock.port}` })).json();
    assert.equal(claimsOf(tokens.id_token).iss, `${base}/acme`);
  });

  const malformed = [
    { host: 'a b' },
    { host: ' ' },
    { host: 'x/../y' },
    { host: 'a@b' },
    { host: 'a"b' },
    { host: 'a<b>' },
    { host: 'x:99999' },
    { host: 'x?y' },
    { 'x-forwarded-host': 'evil"><script>' },
    { 'x-forwarded-port': '-1' },
    { 'x-forwarded-port': 'x' },
  ];
  test('with a malformed Host, X-Forwarded-Host or -Port the issuer is where the mock listens', async (t) => {
    const mock = await start({ t, args: ['--trust-host'] });
    for (const headers of malformed)
      assert.equal((await asked(mock, headers)).issuer, `http://localhost:${mock.port}`, JSON.stringify(headers));
  });

  test('an X-Forwarded-Proto other than http and https is as if it were not there', async (t) => {
    const mock = await start({ t, args: ['--trust-host'] });
    const headers = { host: 'idp.internal', 'x-forwarded-proto': 'javascript' };
    assert.equal((await asked(mock, headers)).issuer, 'http://idp.internal');
  });
});
