// What pages of other origins may ask and read, judged as a browser does: public documents and refusals,
// any page; tokens, pages of the client's `allowed_origins`; with cookies, pages of a client that has one.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError } from '../support/check.mjs';
import { canRead, exposed, letsThrough } from '../support/fetch-standard.mjs';
import { clients } from '../support/fixtures.mjs';
import { codeFor, exchange, loggedIn, OFFLINE, postAs, refresh, revoke, userinfo } from '../support/flow.mjs';
import { basic, send } from '../support/http.mjs';
import { clientCredentials, get, host, post, startFor, unless } from '../support/target.mjs';
import { Browser } from '../support/user-agent.mjs';

const { m2m, page, cookie: spa, tv, web } = clients;
const OWN = 'https://app.example';
const HOSTILE = 'https://evil.example';
const DOCUMENTS = [
  '/.well-known/oauth-authorization-server',
  '/.well-known/openid-configuration',
  '/.well-known/jwks.json',
];
/** Where the client is known by its `client_id`, or by its token. */
const CLIENT_ENDPOINTS = { '/token': 'POST', '/revoke': 'POST', '/device_authorization': 'POST', '/userinfo': 'GET' };
const FOR_NO_PAGE = {
  '/authorize': 'GET, POST, OPTIONS',
  '/authorize/request': 'POST, OPTIONS',
  '/authorize/accept': 'POST, OPTIONS',
  '/authorize/reject': 'POST, OPTIONS',
  '/authorize/resume': 'GET, OPTIONS',
  '/device': 'GET, POST, OPTIONS',
  '/introspect': 'POST, OPTIONS',
  '/revoke_grants': 'POST, OPTIONS',
  '/end_session': 'GET, POST, OPTIONS',
  '/end_session/resume': 'GET, OPTIONS',
  '/health': 'GET, HEAD, OPTIONS',
};
/** Headers that libraries and monitoring add to a page's requests. */
const NAMES = ['auth0-client', 'authorization', 'content-type', 'dpop', 'traceparent', 'x-requested-with'];
const READABLE = ['etag', 'location', 'retry-after', 'www-authenticate', 'x-request-id'];

async function preflight(path, { origin, method, names = [] }, on) {
  const headers = { origin, 'access-control-request-method': method };
  if (names.length > 0) headers['access-control-request-headers'] = names.join(',');
  return send((await (on ?? host())).url, { method: 'OPTIONS', path, headers });
}

async function isLetThrough(path, asked) {
  const response = await preflight(path, asked);
  assert.equal(response.status, 204, `${path} ${JSON.stringify(asked)}`);
  assert.ok(letsThrough(response, asked), `${path} ${JSON.stringify([asked, response.headers])}`);
  return response;
}

function isOpen(name, response, origin = HOSTILE) {
  assert.ok(canRead(response, origin), `${name} ${response.status} ${JSON.stringify(response.headers)}`);
  assert.deepEqual(exposed(response).sort(), READABLE, name);
}

/** No page may read it, and none may have it sent with cookies. */
function isClosed(name, response) {
  const told = Object.keys(response.headers).filter((header) => header.startsWith('access-control-'));
  assert.deepEqual(told, [], name);
}

const hasNoCredentials = (name, response) =>
  assert.equal(response.headers['access-control-allow-credentials'], undefined, name);

describe('Fetch §3.2: public documents are for every page', { concurrency: 8 }, () => {
  for (const path of DOCUMENTS) {
    test(`${path}: the document, again, its head, and refusals`, async () => {
      const { url } = await host();
      const full = await get(path, { origin: HOSTILE });
      const headers = { origin: HOSTILE };
      const answers = [
        ['the document', 200, full],
        ['again', 304, await get(path, { ...headers, 'if-none-match': full.headers.etag })],
        ['its head', 200, await send(url, { method: 'HEAD', path, headers })],
        ['without Origin', 200, await get(path)],
        ['another method', 405, await post(path, 'x=1', { headers })],
      ];
      for (const [name, status, response] of answers) {
        assert.equal(response.status, status, name);
        assert.equal(response.headers['access-control-allow-origin'], '*', name);
        isOpen(name, response);
        hasNoCredentials(name, response);
        // A cache that kept one for each origin would ask for each.
        assert.equal(response.headers.vary, undefined, name);
      }
    });

    test(`${path}: a preflight with any headers`, async () => {
      for (const method of ['GET', 'HEAD', 'POST', 'DELETE']) {
        for (const names of [[], ['cache-control'], NAMES]) {
          hasNoCredentials(path, await isLetThrough(path, { origin: HOSTILE, method, names }));
        }
      }
    });
  }

  test('where nothing is, a page learns so', async () => {
    for (const path of ['/nowhere', '/.well-known/jwks.json/nowhere', '/tokens']) {
      const response = await get(path, { origin: HOSTILE });
      assert.equal(response.status, 404);
      isOpen(path, response);
      hasNoCredentials(path, response);
      for (const method of ['GET', 'POST', 'DELETE']) {
        await isLetThrough(path, { origin: HOSTILE, method, names: NAMES });
      }
    }
    assert.equal((await send((await host()).url, { method: 'OPTIONS', path: '/nowhere' })).status, 404);
  });

  test('RFC 9110 §5.3: the headers of a preflight may come in several lines', async () => {
    const { url } = await host();
    for (const path of ['/token', '/nowhere', DOCUMENTS[0]]) {
      const headers = {
        origin: HOSTILE,
        'access-control-request-method': 'POST',
        'access-control-request-headers': ['authorization', 'x-one,x-two'],
      };
      const response = await send(url, { method: 'OPTIONS', path, headers });
      const asked = { origin: HOSTILE, method: 'POST', names: ['authorization', 'x-one', 'x-two'] };
      assert.ok(letsThrough(response, asked), JSON.stringify(response.headers));
    }
  });
});

describe('Fetch §3.2: endpoints that pages call', { concurrency: 8 }, () => {
  for (const [path, usual] of Object.entries(CLIENT_ENDPOINTS)) {
    test(`${path}: a preflight with any headers, from any page, without cookies`, async () => {
      for (const method of [usual, 'POST', 'PUT']) {
        for (const names of [[], ['content-type'], NAMES, ['x-of-tomorrow']]) {
          const response = await isLetThrough(path, { origin: HOSTILE, method, names });
          hasNoCredentials(path, response);
          assert.match(response.headers['access-control-max-age'], /^\d+$/);
        }
      }
    });

    test(`${path}: a preflight of a page whose client has a cookie`, { skip: unless.configured }, async () => {
      await isLetThrough(path, { origin: OWN, method: usual, names: NAMES, credentials: true });
    });

    test(`${path}: what is refused before the client is known is for every page`, async () => {
      const { url } = await host();
      const refused = {
        'a method': await send(url, {
          method: path === '/userinfo' ? 'PUT' : 'GET',
          path,
          headers: { origin: HOSTILE },
        }),
        'PUT after its preflight': await send(url, { method: 'PUT', path, headers: { origin: HOSTILE } }),
        'a type': await post(path, '{}', { headers: { origin: HOSTILE, 'content-type': 'application/json' } }),
        'an empty form': await post(path, '', { headers: { origin: HOSTILE } }),
        'a parameter twice': await post(path, 'a=1&a=2', { headers: { origin: HOSTILE } }),
        'a body that is too long': await post(path, 'a'.repeat(65_537), { headers: { origin: HOSTILE } }),
        'an unsupported grant_type': await post(
          path,
          { client_id: page.client_id, grant_type: 'password' },
          { headers: { origin: HOSTILE } },
        ),
        'a mistyped client_id': await post(
          path,
          { client_id: 'paeg', grant_type: 'refresh_token', refresh_token: 'jrt_x', token: 'x' },
          { headers: { origin: HOSTILE } },
        ),
        'a wrong secret': await post(
          path,
          { grant_type: 'client_credentials', token: 'x' },
          { headers: { origin: HOSTILE, authorization: basic(m2m.client_id, 'wrong') } },
        ),
        'two methods of authentication': await post(
          path,
          { client_secret: 'x' },
          { headers: { origin: HOSTILE, authorization: basic(m2m.client_id, m2m.client_secret) } },
        ),
      };
      for (const [name, response] of Object.entries(refused)) {
        assert.ok(response.status >= 400, `${name}: ${response.status}`);
        isOpen(name, response);
        hasNoCredentials(name, response);
      }
    });
  }

  const refusals = {
    'a grant it is not registered for': () => ({ grant_type: 'client_credentials' }),
    'a made-up refresh token': () => ({ grant_type: 'refresh_token', refresh_token: 'jrt_x' }),
    'a made-up code': () => ({ grant_type: 'authorization_code', code: 'jac_x' }),
    'no code': () => ({ grant_type: 'authorization_code' }),
    'a scope it is not registered for': async () => ({
      grant_type: 'refresh_token',
      refresh_token: (await loggedIn(page)).refresh_token,
      scope: 'root',
    }),
  };
  for (const [name, form] of Object.entries(refusals)) {
    test(`/token: ${name} is refused readably to every page`, async () => {
      const body = await form();
      for (const origin of [HOSTILE, OWN, 'null', 'capacitor://localhost']) {
        const response = await postAs(page, '/token', body, { headers: { origin } });
        assert.equal(response.status, 400, response.text);
        isOpen(name, response, origin);
        if (origin !== OWN) hasNoCredentials(name, response);
      }
    });

    test(`/token: ${name}: with the cookie, only to pages of that client`, async () => {
      const body = await form();
      const own = await postAs(spa, '/token', body, { headers: { origin: OWN } });
      assert.ok(canRead(own, OWN, { credentials: true }), own.text);
      assert.deepEqual(exposed(own).sort(), READABLE);
      const hostile = await postAs(spa, '/token', body, { headers: { origin: HOSTILE } });
      assert.ok(!canRead(hostile, HOSTILE, { credentials: true }));
      isOpen(name, hostile);
    });
  }

  test('/revoke, /device_authorization: a refusal of a client that is known', async () => {
    for (const [client, path, form, status] of [
      [page, '/revoke', {}, 400],
      [page, '/device_authorization', {}, 400],
      [tv, '/device_authorization', { scope: 'root' }, 400],
      [spa, '/device_authorization', { scope: 'root' }, 400],
    ]) {
      const response = await postAs(client, path, form, { headers: { origin: HOSTILE } });
      assert.equal(response.status, status, response.text);
      isOpen(path, response);
      hasNoCredentials(path, response);
    }
    const own = await postAs(spa, '/device_authorization', { scope: 'root' }, { headers: { origin: OWN } });
    assert.ok(canRead(own, OWN, { credentials: true }));
  });

  test('a page whose client has a cookie reads also what names no client', { skip: unless.configured }, async () => {
    const { url } = await host();
    const headers = { origin: OWN };
    for (const [status, response] of [
      [405, await send(url, { path: '/token', headers })],
      [413, await post('/token', 'a'.repeat(65_537), { headers })],
      [400, await post('/token', { client_id: 'cokie', grant_type: 'refresh_token' }, { headers })],
      [404, await get('/tokens', headers)],
    ]) {
      assert.equal(response.status, status);
      assert.ok(canRead(response, OWN, { credentials: true }), response.text);
      assert.match(response.headers.vary, /\borigin\b/i);
    }
  });

  test('RFC 6749 §5.2: no challenge where a browser would ask for a password: to a page with cookies, to a form', async () => {
    const asked = { grant_type: 'refresh_token', token: 'x', request: 'x' };
    const nobody = { ...asked, client_id: 'nobody' };
    const page = { origin: HOSTILE, cookie: 'theme=dark' };
    for (const path of ['/token', '/revoke', '/device_authorization', '/introspect', '/authorize/request']) {
      const spared = await post(path, nobody, { headers: page });
      isError(spared, 400, 'invalid_client');
      assert.equal(spared.headers['www-authenticate'], undefined, path);
      for (const headers of [
        { origin: HOSTILE },
        { cookie: 'theme=dark' },
        { ...page, authorization: basic('a', 'b') },
      ]) {
        isError(await post(path, headers.authorization ? asked : nobody, { headers }), 401, 'invalid_client');
      }
    }
    for (const path of ['/token', '/revoke', '/introspect', '/revoke_grants', '/authorize/accept']) {
      for (const origin of [HOSTILE, 'null', undefined]) {
        const headers = { ...(origin && { origin }), 'sec-fetch-mode': 'navigate', 'sec-fetch-site': 'cross-site' };
        const spared = await post(path, asked, { headers });
        isError(spared, 400, 'invalid_client');
        assert.equal(spared.headers['www-authenticate'], undefined, path);
        isError(await post(path, asked, { headers: { ...headers, 'sec-fetch-mode': 'cors' } }), 401, 'invalid_client');
      }
    }
    const bearer = await get('/userinfo', { ...page, authorization: 'Bearer x' });
    assert.equal(bearer.status, 401);
    assert.match(bearer.headers['www-authenticate'], /^Bearer /);
  });

  test('a store that is out of reach: 503, and when to try again', { skip: unless.store }, async (t) => {
    const on = await startFor(t, { store: 'broken' });
    const form = { client_id: 'of-the-store', grant_type: 'refresh_token', refresh_token: 'jrt_x' };
    const response = await post('/token', form, { headers: { origin: HOSTILE }, on });
    assert.equal(response.status, 503, response.text);
    assert.equal(response.headers['retry-after'], '1');
    isOpen('503', response);
  });
});

describe('what a hostile page cannot do', { concurrency: 8 }, () => {
  test('it reads no tokens, and no code of a device', async () => {
    const headers = { origin: HOSTILE };
    const { refresh_token } = await loggedIn(page);
    const answers = {
      client_credentials: await clientCredentials(m2m, {}, { headers }),
      'a code': await exchange(web, await codeFor(web), {}, { headers }),
      'a refresh': await refresh(page, refresh_token, {}, { headers }),
      'a revocation': await revoke(page, refresh_token, { headers }),
      'a device': await postAs(tv, '/device_authorization', {}, { headers }),
    };
    for (const [name, response] of Object.entries(answers)) {
      assert.equal(response.status, 200, `${name}: ${response.text}`);
      isClosed(name, response);
    }
  });

  test('pages of `allowed_origins` read them, a device’s as well', async () => {
    const device = await postAs(spa, '/device_authorization', OFFLINE, { headers: { origin: OWN } });
    assert.equal(device.status, 200, device.text);
    assert.ok(canRead(device, OWN, { credentials: true }));
    const { refresh_token } = await loggedIn(page);
    const revoked = await revoke(page, refresh_token, { headers: { origin: OWN } });
    assert.ok(canRead(revoked, OWN) && !canRead(revoked, OWN, { credentials: true }));
  });

  test('a refusal is the same whether the person is signed in or not', async () => {
    const login = await codeFor(spa, OFFLINE);
    const browser = new Browser();
    const redeemed = { client_id: 'cookie', grant_type: 'authorization_code', code: login.code };
    const form = { ...redeemed, code_verifier: login.verifier, redirect_uri: login.redirect_uri };
    assert.equal((await browser.post('/token', form, { origin: OWN })).status, 200);
    const asked = { client_id: 'cookie', grant_type: 'refresh_token' };
    const [signedIn, stranger] = await Promise.all(
      [browser, new Browser()].map((who) => who.post('/token', asked, { origin: HOSTILE })),
    );
    const told = ({ status, text, headers: { date, 'x-request-id': id, 'cf-ray': ray, ...headers } }) => ({
      status,
      text,
      headers,
    });
    assert.deepEqual(told(signedIn), told(stranger));
    assert.equal(signedIn.status, 403);
  });

  test('/userinfo: whoever has the token may read, without cookies', async () => {
    const { access_token } = await loggedIn(web);
    for (const token of [access_token, 'x']) {
      const response = await get('/userinfo', { origin: HOSTILE, authorization: `Bearer ${token}` });
      isOpen('/userinfo', response);
      hasNoCredentials('/userinfo', response);
    }
    assert.equal((await userinfo(access_token)).status, 200);
  });

  for (const path of Object.keys(FOR_NO_PAGE)) {
    test(`${path} is for no page: neither its preflight nor its answers say otherwise`, async () => {
      const method = path === '/health' ? 'GET' : 'POST';
      for (const origin of [HOSTILE, OWN]) {
        isClosed(path, await preflight(path, { origin, method, names: NAMES }));
        isClosed(path, await get(path, { origin }));
        isClosed(path, await post(path, { token: 'x' }, { headers: { origin } }));
      }
    });
  }
});

describe('RFC 9110 §9.3.7: OPTIONS', { concurrency: 8 }, () => {
  const allowed = {
    ...Object.fromEntries(DOCUMENTS.map((path) => [path, 'GET, HEAD, OPTIONS'])),
    '/token': 'POST, OPTIONS',
    '/revoke': 'POST, OPTIONS',
    '/device_authorization': 'POST, OPTIONS',
    '/userinfo': 'GET, POST, OPTIONS',
    ...FOR_NO_PAGE,
  };
  for (const [path, allow] of Object.entries(allowed)) {
    test(`${path}: 204, and Allow names what it answers`, async () => {
      const { url } = await host();
      for (const headers of [
        {},
        { origin: HOSTILE },
        { 'access-control-request-method': 'POST' },
        { origin: HOSTILE, 'access-control-request-method': 'POST' },
      ]) {
        const response = await send(url, { method: 'OPTIONS', path: `${path}?x=1`, headers });
        assert.equal(response.status, 204, JSON.stringify(headers));
        assert.equal(response.headers.allow, allow);
        assert.equal(response.bytes.length, 0);
        assert.equal(response.headers['set-cookie'], undefined);
        const isPreflight = Object.keys(headers).length === 2 && !(path in FOR_NO_PAGE);
        assert.equal('access-control-allow-methods' in response.headers, isPreflight);
      }
      const refused = await send(url, { method: 'DELETE', path });
      assert.equal(refused.status, 405);
      assert.equal(refused.headers.allow, allow);
    });
  }

  test('where nothing is: 404', async () => {
    for (const path of ['/nowhere', '/', '/.well-known/']) {
      const response = await send((await host()).url, { method: 'OPTIONS', path, headers: { origin: HOSTILE } });
      assert.equal(response.status, 404, path);
    }
  });
});
