// HTTPS, CORS, health; and what the mock keeps to itself.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { connect, Socket } from 'node:net';
import { networkInterfaces } from 'node:os';
import { describe, test } from 'node:test';
import { presented } from '../suite/support/assertions.mjs';
import { keyOf } from '../suite/support/jws.mjs';
import { Browser } from './support/browser.mjs';
import { isError } from './support/check.mjs';
import { basic, FORM, send, sleep } from './support/http.mjs';
import { claims, ok } from './support/issuer.mjs';
import { launch, refused, start } from './support/process.mjs';

const mock = await start();
const https = await start({ args: ['--https'] });
const plain = `http://127.0.0.1:${https.port}`;

describe('HTTPS', { concurrency: 4 }, () => {
  const ca = async () => ok(await send(`${plain}/_mock/ca.pem`)).text;
  const WELL_KNOWN = '/.well-known/openid-configuration';

  test('valid for localhost and 127.0.0.1 by the CA that it serves', async () => {
    const tls = { ca: await ca() };
    for (const host of ['localhost', '127.0.0.1']) {
      const response = await send(`https://${host}:${https.port}${WELL_KNOWN}`, { tls });
      assert.equal(response.status, 200, host);
    }
  });

  test('the issuer is https', async () => {
    assert.equal(https.issuer, `https://localhost:${https.port}`);
    const metadata = ok(await send(`https://localhost:${https.port}${WELL_KNOWN}`, { tls: { ca: await ca() } })).json();
    assert.equal(metadata.issuer, https.issuer);
    assert.ok(metadata.token_endpoint.startsWith(`${https.issuer}/`));
  });

  test('without the CA it is not trusted', async () => {
    await assert.rejects(send(`https://localhost:${https.port}/health`), { code: 'UNABLE_TO_VERIFY_LEAF_SIGNATURE' });
  });

  test('for another name it is not valid', async () => {
    await assert.rejects(send(`https://evil.example:${https.port}/health`, { tls: { ca: await ca() } }), {
      code: 'ERR_TLS_CERT_ALTNAME_INVALID',
    });
  });

  test('the file is one CA certificate, and no key', async () => {
    const response = ok(await send(`${plain}/_mock/ca.pem`));
    assert.equal(response.headers['content-type'], 'application/pem-certificate-chain');
    assert.equal([...response.text.matchAll(/-----BEGIN CERTIFICATE-----/g)].length, 1);
    assert.ok(!/PRIVATE/.test(response.text));
    const certificate = new X509Certificate(response.text);
    assert.equal(certificate.ca, true);
    assert.ok(certificate.checkIssued(certificate), 'it is a root');
    assert.ok(
      new Date(certificate.validFrom) < new Date() && new Date(certificate.validTo) > new Date(Date.now() + 86_400_000),
    );
  });

  test('the same port speaks HTTP', async () => {
    ok(await send(`${plain}/health`));
    ok(await send(`${plain}${WELL_KNOWN}`));
  });

  test('a token by HTTPS, from start to end', async () => {
    const tls = { ca: await ca() };
    const response = await send(`https://localhost:${https.port}/token`, {
      tls,
      method: 'POST',
      headers: { 'content-type': FORM, authorization: basic('a', 'b') },
      body: 'grant_type=client_credentials',
    });
    assert.equal(claims(ok(response).json().access_token).iss, https.issuer);
    await https.at().verify(response.json().access_token);
  });

  test('40 TLS connections at once', async () => {
    const tls = { ca: await ca() };
    const responses = await Promise.all(
      Array.from({ length: 40 }, () => send(`https://localhost:${https.port}/.well-known/jwks.json`, { tls })),
    );
    assert.ok(responses.every(({ status }) => status === 200));
  });

  test('neither HTTP nor TLS: the connection ends, the mock goes on', async () => {
    for (const bytes of [
      Buffer.from('\x16\x03\x01\x00\x05hello'),
      Buffer.from([0x16]),
      Buffer.from('SSH-2.0-x\r\n'),
      Buffer.alloc(64, 0xff),
    ]) {
      await new Promise((resolve) => {
        const socket = connect(https.port, '127.0.0.1', () => socket.end(bytes));
        socket.setTimeout(3000, () => socket.destroy());
        socket
          .on('error', () => undefined)
          .on('close', resolve)
          .resume();
      });
    }
    ok(await send(`${plain}/health`));
    ok(await send(`https://localhost:${https.port}/health`, { tls: { ca: await ca() } }));
  });

  test('without --https there is no CA: 404', async () => {
    assert.equal((await mock.send('/_mock/ca.pem')).status, 404);
    const tls = { rejectUnauthorized: false };
    await assert.rejects(send(`https://localhost:${mock.port}/health`, { tls }), { code: 'EPROTO' });
  });

  test('cookies on https are Secure', async () => {
    const issuer = https.at();
    const { query } = issuer.asking();
    const response = await send(issuer.authorizeUrl(query), { tls: { ca: await ca() } });
    const [line, ...others] = response.headers['set-cookie'];
    assert.deepEqual(others, []);
    assert.match(line, /^__Host-.*; Secure(;|$)/);
  });

  test('`https` in the file is what --https is', async (t) => {
    const own = await start({ t, config: 'https = true\n' });
    assert.match(await send(`http://127.0.0.1:${own.port}/_mock/ca.pem`).then(({ text }) => text), /BEGIN CERTIFICATE/);
  });
});

describe('CORS', { concurrency: 4 }, () => {
  const origin = 'http://localhost:5173';
  const preflight = (path, method, headers = 'authorization, content-type') =>
    mock.send(path, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': method, 'access-control-request-headers': headers },
    });

  const isReadable = (response) =>
    assert.equal(response.headers['access-control-allow-origin'], origin, JSON.stringify(response.headers));
  /** Also with cookies, for which `*` does not do (Fetch §3.2.5). */
  const isReadableWithCookies = (response) => {
    isReadable(response);
    assert.equal(response.headers['access-control-allow-credentials'], 'true');
    assert.match(response.headers.vary, /Origin/i);
  };

  for (const [path, method] of [
    ['/token', 'POST'],
    ['/userinfo', 'GET'],
    ['/revoke', 'POST'],
    ['/acme/token', 'POST'],
    ['/a/b/userinfo', 'GET'],
  ]) {
    test(`the preflight of ${method} ${path}`, async () => {
      const response = await preflight(path, method);
      assert.equal(response.status, 204);
      isReadableWithCookies(response);
      assert.ok(response.headers['access-control-allow-methods'].split(/, */).includes(method));
      for (const name of ['authorization', 'content-type'])
        assert.match(response.headers['access-control-allow-headers'].toLowerCase(), new RegExp(name));
    });
  }

  test('a preflight whose headers stand in several lines', async () => {
    const response = await preflight('/token', 'POST', ['auth0-client', 'dpop']);
    assert.equal(response.headers['access-control-allow-headers'], 'auth0-client, dpop');
  });

  test('a page of any origin reads tokens, errors, userinfo, metadata and keys of a lenient mock', async () => {
    const issuer = mock.fresh();
    const page = { origin };
    const { access_token } = await issuer.tokens();
    isReadableWithCookies(ok(await issuer.token({}, { headers: page })));
    isReadableWithCookies(ok(await issuer.get('/userinfo', { ...page, authorization: `Bearer ${access_token}` })));
    for (const path of [
      '/.well-known/openid-configuration',
      '/.well-known/oauth-authorization-server',
      '/.well-known/jwks.json',
      '/jwks',
    ])
      isReadableWithCookies(ok(await issuer.get(path, page)));
    isReadableWithCookies(await issuer.token({ grant_type: 'bogus' }, { headers: page }));
  });

  test('a public client of a page, from code to tokens', async () => {
    const issuer = mock.fresh();
    const login = await issuer.login({ client: ['spa', null] });
    isReadableWithCookies(ok(await issuer.redeem(login, {}, { origin })));
  });

  test('a strict mock has production’s CORS: only the client’s origins', async (t) => {
    const own = await start({ t, args: ['--strict'] });
    const issuer = await own.fresh().make();
    await issuer.client({
      client_id: 'spa',
      token_endpoint_auth_method: 'none',
      redirect_uris: ['https://app.example/cb'],
      grant_types: ['authorization_code'],
      scope: 'openid',
      allowed_origins: [origin],
    });
    const login = () => issuer.login({ client: ['spa', null] });
    isReadable(ok(await issuer.redeem(await login(), {}, { origin })));
    const foreign = ok(await issuer.redeem(await login(), {}, { origin: 'https://evil.example' }));
    assert.equal(foreign.headers['access-control-allow-origin'], undefined);
  });
});

describe('health', { concurrency: 4 }, () => {
  test('GET and HEAD /health', async () => {
    ok(await mock.send('/health'));
    const head = await mock.send('/health', { method: 'HEAD' });
    assert.deepEqual([head.status, head.bytes.length], [200, 0]);
  });

  test('jeton health URL: 0 where all is well', async () => {
    assert.equal((await launch(['health', `${mock.url}/health`])).code, 0);
  });

  test('jeton health without a URL asks the port in PORT', async () => {
    assert.equal((await launch(['health'], { env: { PORT: String(mock.port) } })).code, 0);
  });

  test('jeton health: not 0 where nobody listens, or somebody unwell does', async () => {
    const unwell = createServer((_request, response) => response.writeHead(503).end());
    await new Promise((resolve) => unwell.listen(0, '127.0.0.1', resolve));
    const { port } = unwell.address();
    assert.equal((await launch(['health', `http://127.0.0.1:${port}/health`])).code, 1);
    unwell.closeAllConnections();
    await new Promise((resolve) => unwell.close(resolve));
    assert.equal((await launch(['health', `http://127.0.0.1:${port}/health`])).code, 1);
    assert.equal((await launch(['health', 'nonsense'])).code, 1);
  });

  test('/health makes no issuer; /acme/health is an endpoint of the issuer acme, and makes it', async (t) => {
    const own = await start({ t });
    ok(await own.send('/health'));
    assert.deepEqual(await own.names(), ['']);
    ok(await own.send('/acme/health'));
    assert.deepEqual(await own.names(), ['', 'acme']);
  });

  test('it stops when it is told to, also while somebody waits', async (t) => {
    const own = await start({ t });
    const waiting = own.at().take({ timeout_ms: 20_000 });
    await sleep(200);
    const began = performance.now();
    assert.equal(await own.stop(), 0);
    assert.equal((await waiting).status, 204);
    assert.ok(performance.now() - began < 2500);
  });

  test('it stops when it is told to, with a slow answer under way', async (t) => {
    const own = await start({ t });
    await own.at().fault('slow-30s');
    const slow = own.at().token();
    await sleep(200);
    const began = performance.now();
    assert.equal(await own.stop(), 0);
    ok(await slow);
    assert.ok(performance.now() - began < 2500);
  });
});

describe('what the mock keeps to itself', { concurrency: 4 }, () => {
  const reaches = (host, port) =>
    new Promise((resolve) => {
      const socket = connect({ host, port, timeout: 2000 });
      const done = (answer) => {
        socket.destroy();
        resolve(answer);
      };
      socket
        .once('connect', () => done(true))
        .once('error', () => done(false))
        .once('timeout', () => done(false));
    });
  const others = () => [
    '127.0.0.2',
    ...Object.values(networkInterfaces())
      .flat()
      .filter(({ internal, family }) => !internal && family === 'IPv4')
      .map(({ address }) => address),
  ];

  /** The addresses that somebody listens on at `port`, as the system writes them. */
  const listening = (number) => {
    const port = number.toString(16).toUpperCase().padStart(4, '0');
    const lines = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) =>
      readFileSync(path, 'utf8')
        .split('\n')
        .filter((line) => new RegExp(`:${port} \\S+ 0A `).test(line)),
    );
    return lines.map((line) => line.trim().split(' ')[1].replace(`:${port}`, ''));
  };
  const [IPV4, IPV6] = ['0100007F', '00000000000000000000000001000000'];

  test('it listens on 127.0.0.1 and ::1, and nowhere else', async () => {
    for (const address of ['127.0.0.1', '::1']) assert.equal(await reaches(address, mock.port), true, address);
    for (const address of others()) assert.equal(await reaches(address, mock.port), false, address);
    assert.deepEqual(listening(mock.port), [IPV4, IPV6]);
    assert.ok(mock.log().some((line) => line.trim() === `and on http://[::1]:${mock.port}`));
  });

  test('whichever address a client takes localhost for, it has tokens; by https too', async () => {
    for (const host of ['127.0.0.1', '[::1]']) {
      const headers = { 'content-type': FORM, authorization: basic('a', 'b') };
      const asked = { method: 'POST', headers, body: 'grant_type=client_credentials', fresh: true };
      const { access_token } = ok(await send(`http://${host}:${mock.port}/token`, asked)).json();
      assert.equal(claims(access_token).iss, mock.issuer);
      const tls = { ca: ok(await send(`http://${host}:${https.port}/_mock/ca.pem`)).text };
      ok(await send(`https://${host}:${https.port}/health`, { tls }));
    }
    // As Node.js and curl resolve it here.
    assert.equal((await fetch(`${mock.issuer}/health`)).status, 200);
  });

  for (const [host, expected] of [
    ['localhost', [IPV4, IPV6]],
    ['127.0.0.1', [IPV4]],
    ['::1', [IPV6]],
    ['[::1]', [IPV6]],
  ]) {
    test(`--host ${host}`, async (t) => {
      const own = await start({ t, args: ['--host', host] });
      assert.deepEqual(listening(own.port), expected);
    });
  }

  test('--host :: listens on every address of both families, and warns of it', async (t) => {
    const own = await start({ t, args: ['--host', '::'] });
    for (const address of ['127.0.0.1', '::1', ...others()])
      assert.equal(await reaches(address, own.port), true, address);
    for (let n = 0; n < 100 && !own.log().some((line) => /WARNING/.test(line)); n += 1) await sleep(20);
    assert.ok(own.log().some((line) => line.includes(`listens on [::]:${own.port}`)));
  });

  for (const [address, shown] of [
    ['127.0.0.1', '127.0.0.1'],
    ['::1', '\\[::1\\]'],
  ]) {
    test(`a port that is taken at ${address} alone is an error that says where`, async (t) => {
      const holder = createServer();
      await new Promise((resolve) => holder.listen(0, address, resolve));
      t.after(() => holder.close());
      const { port } = holder.address();
      const { code, text } = await refused({ args: ['--port', String(port)] });
      assert.equal(code, 1);
      assert.match(text, new RegExp(`^jeton: ${shown}:${port}: Address (already )?in use`));
    });
  }

  test('--help says the port of each command', async () => {
    const help = async (command) => (await launch([command, '--help'])).text.replace(/\s+/g, ' ');
    assert.match(await help('mock'), /--port <VALUE> Port to listen on; [^[]*\[default: 9400\] \[env: JETON_PORT\]/);
    assert.match(await help('mock'), /--signing-algs <VALUE> [^[]*\[default: RS256 ES256 EdDSA\]/);
    assert.match(await help('serve'), /--port <VALUE> Port to listen on; [^[]*\[default: 8080\] \[env: JETON_PORT\]/);
    for (const command of ['mock', 'serve'])
      assert.match(await help(command), /--host <VALUE> [^[]*\[default: localhost\] \[env: JETON_HOST\]/);
  });

  test('--host 0.0.0.0 listens on every address', async (t) => {
    const own = await start({ t, args: ['--host', '0.0.0.0'] });
    for (const address of others()) assert.equal(await reaches(address, own.port), true, address);
  });

  for (const path of [
    '/token',
    '/introspect',
    '/authorize',
    '/acme/token',
    '/login',
    '/device',
    '/debugger',
    '/authorize/accept',
  ]) {
    test(`POST ${path}: 64 KiB and a byte: 413`, async () => {
      const body = `x=${'y'.repeat(64 * 1024 - 1)}`;
      const response = await mock.send(path, { method: 'POST', headers: { 'content-type': FORM }, body, fresh: true });
      assert.equal(response.status, 413, response.text.slice(0, 100));
    });
  }

  test('a body without end is cut off, and the mock is as small as before', async () => {
    const outcome = await new Promise((resolve) => {
      const socket = new Socket();
      let sent = 0;
      const head = ['POST /token HTTP/1.1', 'host: x', `content-type: ${FORM}`, 'transfer-encoding: chunked', '', ''];
      socket.connect(mock.port, '127.0.0.1', () => socket.write(head.join('\r\n')));
      const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`;
      const pump = () => {
        if (socket.destroyed || sent > 64 * 1024 * 1024) return socket.destroy();
        sent += 65_536;
        return socket.write(chunk) ? setImmediate(pump) : socket.once('drain', pump);
      };
      socket
        .once('connect', pump)
        .on('data', () => undefined)
        .on('error', () => undefined)
        .on('close', () => resolve(sent));
    });
    assert.ok(outcome <= 64 * 1024 * 1024, `${outcome} bytes were taken`);
    const resident = Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${mock.pid}/status`, 'utf8'))[1]) / 1024;
    assert.ok(resident < 64, `${resident} MB`);
    ok(await mock.send('/health'));
  });

  test('headers without end are cut off', async () => {
    const headers = { 'x-big': 'y'.repeat(1024 * 1024) };
    const response = await mock.send('/token', { method: 'POST', headers, fresh: true });
    assert.equal(response.status, 431);
    ok(await mock.send('/health'));
  });

  test('the debugger and everybody else fetch nothing', async (t) => {
    const asked = [];
    const canary = createServer((request, response) => {
      asked.push(request.url);
      response.end('{}');
    });
    await new Promise((resolve) => canary.listen(0, '127.0.0.1', resolve));
    t.after(() => canary.close());
    const url = `http://127.0.0.1:${canary.address().port}`;
    const jwt = [
      { alg: 'ES256', jku: `${url}/jku`, x5u: `${url}/x5u`, kid: 'x' },
      { iss: url, sub: 'x' },
    ]
      .map((part) => Buffer.from(JSON.stringify(part)).toString('base64url'))
      .join('.');
    const token = `${jwt}.AAAA`;
    const fields = {
      token,
      issuer: url,
      url,
      jwks_uri: `${url}/jwks`,
      token_endpoint: `${url}/token`,
      authorization_endpoint: `${url}/a`,
      redirect_uri: `${url}/cb`,
      request_uri: `${url}/r`,
      sector_identifier_uri: `${url}/s`,
      logo_uri: `${url}/l`,
      code: 'x',
      state: 'x',
    };
    for (const path of [
      '/debugger',
      '/debugger/callback',
      '/',
      '/introspect',
      '/userinfo',
      '/authorize',
      '/token',
      '/login',
      '/end_session',
    ]) {
      await mock.send(`${path}?${new URLSearchParams(fields)}`);
      await mock.at().as('web', path, fields);
    }
    await mock.at().client({ client_id: 'canary', client_secret: 's', logo_uri: `${url}/logo`, client_uri: url });
    const keys = { token_endpoint_auth_method: 'private_key_jwt', jwks_uri: `${url}/jwks` };
    const strict = await mock.fresh().make({
      strictness: 'strict',
      clients: [{ client_id: url, grant_types: ['client_credentials'], ...keys }],
      trust: [{ issuer: url, rules: [{ name: 'a', client_id: url, conditions: [{ claim: 'sub', equals: 'x' }] }] }],
    });
    const times = { iat: Math.floor(Date.now() / 1000), exp: Math.floor(Date.now() / 1000) + 60 };
    for (const sub of ['x', url]) {
      const assertion = keyOf('ES256', 'canary').sign({ iss: url, sub, aud: strict.id, jti: sub, ...times });
      const form = { grant_type: 'client_credentials', ...presented(assertion) };
      isError(await strict.post('/token', form), 401, 'invalid_client');
    }
    const { params } = await mock.at().arrive({ client: 'canary', request_uri: `${url}/r` });
    assert.equal(params.error, 'request_uri_not_supported');
    assert.deepEqual(asked, []);
    await send(`${url}/reached`);
    assert.deepEqual(asked, ['/reached'], 'it would have been noticed');
  });

  test('a page is not framed, sniffed or made to run what a stranger wrote', async () => {
    const evil = '"><script>alert(1)</script><img src=x onerror=alert(1)>';
    for (const [path, query] of [
      ['/', { x: evil }],
      ['/debugger', { token: evil }],
      ['/login', { request: evil }],
      ['/debugger/callback', { error: evil, state: evil, code: evil }],
      ['/device', { user_code: evil }],
    ]) {
      const { response } = await new Browser(mock).open(`${mock.issuer}${path}?${new URLSearchParams(query)}`);
      assert.ok(!response.text.includes('<script>alert') && !response.text.includes('<img src=x'), path);
      assert.equal(response.headers['content-type'], 'text/html; charset=utf-8', path);
      const policy = response.headers['content-security-policy'];
      assert.match(policy, /default-src 'none'/, path);
      assert.match(policy, /frame-ancestors 'none'/, path);
      assert.ok(!/unsafe-inline|unsafe-eval/.test(policy), path);
      assert.equal(response.headers['x-content-type-options'], 'nosniff', path);
    }
  });

  test('what a stranger sent is text on the pages of an issuer', async () => {
    const issuer = mock.fresh('markup');
    const evil = '<script>alert(1)</script>';
    await issuer.token({ evil, scope: 'x' }, { client: [`c${evil}`, 's'] });
    await issuer.user({ sub: evil, name: evil });
    const escaped = '&lt;script&gt;alert(1)&lt;/script&gt;';
    const accept = { accept: 'text/html' };
    for (const page of ['/debugger', '/debugger/journal', '']) {
      const { text } = ok(await issuer.get(page, accept));
      assert.ok(!text.includes(evil));
      assert.ok(text.includes(escaped));
    }
  });
});
