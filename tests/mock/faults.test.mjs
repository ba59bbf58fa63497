// Row 9: answers that go wrong on purpose. Tokens that do are in token-faults.test.mjs.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import { Browser } from './support/browser.mjs';
import { faultsOf, isError, range } from './support/check.mjs';
import { AUTHORIZE_ERRORS, BEARER_ERRORS, OAUTH_ERRORS, TOKEN_ERRORS, statusOf } from './support/faults.mjs';
import { send } from './support/http.mjs';
import { OFFLINE, ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const mock = await start();

const faulty = async (fault) => {
  const issuer = await mock.fresh().make();
  await issuer.fault(fault);
  return issuer;
};

/** The answer was `name`’s doing: the header says so, and so does the journal. */
async function isNamed(issuer, response, name, query = {}) {
  assert.deepEqual(faultsOf(response), [name]);
  const [entry] = (await issuer.journal(query)).slice(-1);
  assert.deepEqual(entry.faults, [name]);
  assert.equal(entry.status, response.status);
}

describe('errors of OAuth', { concurrency: 8 }, () => {
  for (const error of TOKEN_ERRORS) {
    test(`row 9: ${error} without an endpoint acts at token, in its form`, async () => {
      const issuer = await faulty(error);
      const response = await issuer.token();
      isError(response, statusOf(error), error);
      assert.equal(response.headers['cache-control'], 'no-store');
      await isNamed(issuer, response, error);
      assert.equal((await issuer.journal())[0].error, error);
    });
  }

  for (const error of OAUTH_ERRORS) {
    test(`row 9: ${error} at any endpoint that answers with JSON, where the matcher names it`, async () => {
      for (const [endpoint, ask] of [
        ['token', (issuer) => issuer.token()],
        ['introspect', (issuer) => issuer.as('web', '/introspect', { token: 'x' })],
        ['revoke', (issuer) => issuer.as('web', '/revoke', { token: 'x' })],
        ['device_authorization', (issuer) => issuer.device()],
      ]) {
        const issuer = await faulty({ fault: error, match: { endpoint } });
        isError(await ask(issuer), statusOf(error), error);
      }
    });
  }

  for (const error of AUTHORIZE_ERRORS) {
    test(`row 9: ${error} without an endpoint acts at authorize: to the client, with state and iss`, async () => {
      const issuer = await faulty(error);
      const { params } = await issuer.arrive({ state: 'st&te' });
      assert.equal(params.error, error);
      assert.equal(params.state, 'st&te');
      assert.equal(params.iss, issuer.id);
      assert.equal(params.code, undefined);
      assert.deepEqual((await issuer.journal({ endpoint: 'authorize' }))[0].faults, [error]);
    });
  }

  for (const response_mode of ['form_post', 'query']) {
    test(`row 9: access_denied at authorize by ${response_mode}`, async () => {
      const issuer = await faulty('access_denied');
      const { query } = issuer.asking({ response_mode });
      const response = await send(issuer.authorizeUrl(query, issuer.url));
      assert.deepEqual(faultsOf(response), ['access_denied']);
      if (response_mode === 'form_post') assert.match(response.text, /name="error"[^>]*value="access_denied"/);
      else assert.equal(new URL(response.headers.location).searchParams.get('error'), 'access_denied');
    });
  }

  for (const error of AUTHORIZE_ERRORS.filter((error) => !TOKEN_ERRORS.includes(error))) {
    test(`row 9: ${error} without an endpoint leaves token alone`, async () => {
      const issuer = await faulty(error);
      assert.equal((await issuer.token()).status, 200);
    });
  }

  for (const error of TOKEN_ERRORS.filter((error) => !AUTHORIZE_ERRORS.includes(error))) {
    test(`row 9: ${error} without an endpoint leaves authorize alone`, async () => {
      const issuer = await faulty({ fault: error });
      assert.ok((await issuer.arrive()).params.code);
    });
  }

  for (const error of BEARER_ERRORS) {
    test(`row 9: ${error} acts at userinfo, as RFC 6750 §3 has it`, async () => {
      const issuer = await mock.fresh().make();
      const { access_token } = await issuer.tokens();
      await issuer.fault(error);
      const response = await issuer.userinfo(access_token);
      assert.equal(response.status, error === 'insufficient_scope' ? 403 : 401);
      assert.match(response.headers['www-authenticate'], new RegExp(`^Bearer .*error="${error}"`));
      await isNamed(issuer, response, error);
      assert.equal((await issuer.token()).status, 200, 'and nowhere else');
    });
  }

  test('row 9: an error at authorize never sends the browser where the client may not', async (t) => {
    const strict = await start({ t, args: ['--strict'] });
    await strict.at().fault('access_denied');
    const { query } = strict.at().asking({ client: 'demo', redirect_uri: 'https://evil.example/' });
    const response = await send(strict.at().authorizeUrl(query, strict.url));
    assert.equal(response.headers.location, undefined);
  });

  test('row 9: a client library sees the error as an error', async () => {
    const issuer = await faulty({ fault: 'invalid_grant', match: { grant_type: 'refresh_token' } });
    const insecure = { [oauth.allowInsecureRequests]: true };
    const as = { issuer: issuer.id, token_endpoint: `${issuer.url}/token` };
    const response = await oauth.refreshTokenGrantRequest(as, { client_id: 'web' }, oauth.ClientSecretPost('s'), 'any', insecure);
    await assert.rejects(oauth.processRefreshTokenResponse(as, { client_id: 'web' }, response), (error) => error.error === 'invalid_grant' && error.status === 400);
  });

  test('row 9: errors without an endpoint that are RFC 8628’s act while a device polls', async () => {
    const issuer = await mock.fresh().make();
    const device = ok(await issuer.device()).json();
    await issuer.fault({ fault: 'slow_down', times: 1 });
    await issuer.fault({ fault: 'expired_token', times: 1 });
    isError(await issuer.poll(device.device_code), 400, 'slow_down');
    isError(await issuer.poll(device.device_code), 400, 'expired_token');
    isError(await issuer.poll(device.device_code), 400, 'authorization_pending');
  });
});

describe('statuses and rates', { concurrency: 8 }, () => {
  for (const status of [400, 401, 403, 404, 408, 418, 429, 451, 499, 500, 502, 503, 504, 599]) {
    test(`row 9: status-${status} at token`, async () => {
      const issuer = await faulty(`status-${status}`);
      const response = await issuer.token();
      assert.equal(response.status, status);
      assert.equal(response.json().error, status >= 500 ? 'server_error' : 'invalid_request');
      await isNamed(issuer, response, `status-${status}`);
    });
  }

  test('row 9: status-503 without an endpoint acts at authorize as well', async () => {
    const issuer = await faulty('status-503');
    const response = await send(issuer.authorizeUrl(issuer.asking().query, issuer.url));
    assert.equal(response.status, 503);
    assert.equal(response.headers.location, undefined);
  });

  test('row 9: and nowhere else', async () => {
    const issuer = await faulty('status-503');
    ok(await issuer.get('/.well-known/openid-configuration'));
    ok(await issuer.get('/.well-known/jwks.json'));
    ok(await issuer.as('web', '/introspect', { token: 'x' }));
    assert.equal((await issuer.userinfo('x')).status, 401);
  });

  for (const [name, after] of [['rate-limit', '1'], ['rate-limit-1', '1'], ['rate-limit-120', '120'], ['rate-limit-0', '0']]) {
    test(`row 9: ${name}: 429 with Retry-After: ${after}`, async () => {
      const issuer = await faulty(name);
      const response = await issuer.token();
      assert.equal(response.status, 429);
      assert.equal(response.headers['retry-after'], after);
      assert.ok(response.json().error);
      await isNamed(issuer, response, name);
    });
  }

  test('row 9: rate-limit with times: the third try goes through', async () => {
    const issuer = await faulty({ fault: 'rate-limit', times: 2 });
    const statuses = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await issuer.token()).status);
    assert.deepEqual(statuses, [429, 429, 200, 200]);
  });

  test('row 9: an object: any status, error, headers and body', async () => {
    const issuer = await faulty({ fault: { status: 418, error: 'teapot', error_description: 'short and stout', headers: { 'x-a': 'b', 'retry-after': '7' } } });
    const response = await issuer.token();
    assert.equal(response.status, 418);
    assert.deepEqual(response.json(), { error: 'teapot', error_description: 'short and stout' });
    assert.equal(response.headers['x-a'], 'b');
    assert.equal(response.headers['retry-after'], '7');
    assert.equal(faultsOf(response).length, 1);
  });

  test('row 9: an object with a raw body and a content type', async () => {
    const issuer = await faulty({ fault: { status: 200, body: '<xml/>', headers: { 'content-type': 'application/xml' } } });
    const response = await issuer.token();
    assert.equal(response.status, 200);
    assert.equal(response.text, '<xml/>');
    assert.equal(response.headers['content-type'], 'application/xml');
  });

  test('row 9: an object at authorize', async () => {
    const issuer = await faulty({ match: { endpoint: 'authorize' }, fault: { status: 451, body: 'no' } });
    const response = await send(issuer.authorizeUrl(issuer.asking().query, issuer.url));
    assert.equal(response.status, 451);
    assert.equal(response.text, 'no');
  });
});

describe('late, broken off, mangled', { concurrency: 8 }, () => {
  for (const [name, ms] of [['slow-200ms', 200], ['slow-1s', 1000]]) {
    test(`row 9: ${name}: the right answer, late`, async () => {
      const issuer = await faulty({ fault: name, times: 1 });
      const response = ok(await issuer.token());
      assert.ok(response.ms >= ms - 2, `${response.ms} ms`);
      await issuer.verify(response.json().access_token);
      await isNamed(issuer, response, name);
      assert.ok((await issuer.token()).ms < ms);
    });
  }

  test('row 9: a slow answer holds up nobody else, not even of the same issuer', async () => {
    const issuer = await faulty({ fault: 'slow-2s', match: { client_id: 'slow' } });
    const slow = issuer.token({}, { client: 'slow' });
    const quick = await Promise.all(range(20).map(() => issuer.token({}, { client: 'quick' })));
    for (const { status, ms } of quick) assert.ok(status === 200 && ms < 1900, `${status} after ${ms} ms`);
    assert.ok(ok(await slow).ms >= 1998);
  });

  test('row 9: slow-0ms is at once', async () => {
    const response = ok(await (await faulty('slow-0ms')).token());
    assert.deepEqual(faultsOf(response), ['slow-0ms']);
  });

  test('row 9: who hangs up during a slow answer harms nothing', async () => {
    const issuer = await faulty({ fault: 'slow-1s', match: { client_id: 'slow' } });
    await Promise.all(range(10).map(() => assert.rejects(issuer.post('/token', { grant_type: 'client_credentials', client_id: 'slow', client_secret: 's' }, {}, { signal: AbortSignal.timeout(100), fresh: true }))));
    ok(await issuer.token());
  });

  test('row 9: drop: the connection closes without an answer', async () => {
    const issuer = await faulty({ fault: 'drop', times: 3 });
    for (const fresh of [true, false, true]) {
      const error = await issuer.post('/token', { grant_type: 'client_credentials', client_id: 'x', client_secret: 'y' }, {}, { fresh }).then(assert.fail, (thrown) => thrown);
      assert.ok(['ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'].includes(error.code), error.stack);
    }
    ok(await issuer.token());
    const entries = await issuer.journal();
    assert.deepEqual(entries.map((entry) => [entry.status, entry.faults]).slice(0, 3), Array(3).fill([undefined, ['drop']]));
    assert.ok(entries.slice(0, 3).every((entry) => !('status' in entry)));
    assert.equal(entries[3].status, 200);
  });

  test('row 9: drop at authorize, as a browser sees it', async () => {
    const issuer = await faulty({ fault: 'drop', match: { endpoint: 'authorize' } });
    await assert.rejects(new Browser(mock).open(issuer.authorizeUrl(issuer.asking().query)), { code: 'ECONNRESET' });
  });

  test('row 9: truncate cuts the JSON, and HTTP stays valid', async () => {
    const issuer = await faulty('truncate');
    const response = await issuer.token();
    assert.equal(response.status, 200);
    assert.match(response.headers['content-type'], /^application\/json/);
    assert.equal(Number(response.headers['content-length'] ?? response.bytes.length), response.bytes.length);
    assert.ok(response.text.startsWith('{') && response.bytes.length > 10);
    assert.throws(() => response.json(), SyntaxError);
    await isNamed(issuer, response, 'truncate');
  });

  test('row 9: html: the right status, but a page', async () => {
    const issuer = await faulty('html');
    const response = await issuer.token();
    assert.equal(response.status, 200);
    assert.match(response.headers['content-type'], /^text\/html/);
    assert.match(response.text, /<html|<!doctype html/i);
    assert.ok(!response.text.includes('access_token'));
    await isNamed(issuer, response, 'html');
  });

  test('row 9: html of an error keeps the error’s status', async (t) => {
    const strict = await start({ t, args: ['--strict'] });
    await strict.at().fault('html');
    const response = await strict.at().token();
    assert.equal(response.status, 401);
    assert.match(response.headers['content-type'], /^text\/html/);
  });

  test('row 9: content-type-text: the right body, text/plain', async () => {
    const issuer = await faulty('content-type-text');
    const response = await issuer.token();
    assert.equal(response.status, 200);
    assert.match(response.headers['content-type'], /^text\/plain/);
    await issuer.verify(response.json().access_token);
    await isNamed(issuer, response, 'content-type-text');
  });

  test('row 9: a client library refuses html and text/plain', async () => {
    for (const fault of ['html', 'content-type-text', 'empty', 'truncate', 'missing-token_type', 'missing-access_token']) {
      const issuer = await faulty(fault);
      const as = { issuer: issuer.id, token_endpoint: `${issuer.url}/token` };
      const client = { client_id: 'm2m' };
      const response = await oauth.clientCredentialsGrantRequest(as, client, oauth.ClientSecretPost('s'), {}, { [oauth.allowInsecureRequests]: true });
      await assert.rejects(oauth.processClientCredentialsResponse(as, client, response), fault);
    }
  });

  test('row 9: empty: the right status, no body', async () => {
    const issuer = await faulty('empty');
    const response = await issuer.token();
    assert.equal(response.status, 200);
    assert.equal(response.bytes.length, 0);
    await isNamed(issuer, response, 'empty');
  });

  for (const field of ['access_token', 'token_type', 'expires_in', 'scope']) {
    test(`row 9: missing-${field}: left out, all else right`, async () => {
      const issuer = await faulty({ fault: `missing-${field}`, times: 1 });
      const broken = ok(await issuer.token({ scope: 'read' }));
      const whole = await issuer.granted({ scope: 'read' });
      assert.deepEqual(Object.keys(broken.json()), Object.keys(whole).filter((name) => name !== field));
      assert.deepEqual(faultsOf(broken), [`missing-${field}`]);
    });
  }

  for (const field of ['id_token', 'refresh_token']) {
    test(`row 9: missing-${field} of a login`, async () => {
      const issuer = await faulty(`missing-${field}`);
      const tokens = await issuer.tokens({ scope: OFFLINE });
      assert.ok(!(field in tokens));
      assert.ok(tokens.access_token);
    });
  }

  test('row 9: missing-FIELD in discovery and JWKS, where the matcher names them', async () => {
    const issuer = await faulty({ fault: 'missing-jwks_uri', match: { endpoint: 'openid_configuration' } });
    await issuer.fault({ fault: 'missing-keys', match: { endpoint: 'jwks' } });
    assert.ok(!('jwks_uri' in (await issuer.metadata())));
    assert.deepEqual(await issuer.jwks(), {});
    ok(await issuer.get('/.well-known/oauth-authorization-server'));
  });

  test('row 9: missing-sub at userinfo', async () => {
    const issuer = await mock.fresh().make();
    const { access_token } = await issuer.tokens({ scope: 'openid email' });
    await issuer.fault({ fault: 'missing-sub', match: { endpoint: 'userinfo' } });
    const info = ok(await issuer.userinfo(access_token)).json();
    assert.ok(!('sub' in info) && info.email);
  });

  for (const [endpoint, path] of [
    ['jwks', '/.well-known/jwks.json'], ['jwks', '/jwks'], ['openid_configuration', '/.well-known/openid-configuration'], ['authorization_server_metadata', '/.well-known/oauth-authorization-server'],
  ]) {
    test(`row 9: ${path}: each way to fail`, async () => {
      const issuer = await mock.fresh().make();
      const about = async (fault) => {
        await issuer.set('DELETE', '/faults');
        await issuer.fault({ fault, match: { endpoint } });
        return issuer.get(path);
      };
      assert.equal((await about('status-503')).status, 503);
      assert.equal((await about('html')).status, 200);
      assert.match((await about('html')).headers['content-type'], /^text\/html/);
      assert.equal((await about('empty')).bytes.length, 0);
      const cut = await about('truncate');
      assert.throws(() => cut.json(), SyntaxError);
      await assert.rejects(about('drop'), { code: 'ECONNRESET' });
      // A copy that a client holds must not hide the fault.
      await issuer.set('DELETE', '/faults');
      const { etag } = ok(await issuer.get(path)).headers;
      await issuer.fault({ fault: 'status-500', match: { endpoint } });
      assert.equal((await issuer.get(path, { 'if-none-match': etag })).status, 500);
    });
  }

  test('row 9: JWKS outage: a verifier fails, and recovers', async () => {
    const issuer = await mock.fresh().make();
    const { access_token } = await issuer.granted();
    const { id } = await issuer.fault({ fault: 'status-503', match: { endpoint: 'jwks' } });
    const verify = () => jwtVerify(access_token, createRemoteJWKSet(new URL(`${issuer.url}/.well-known/jwks.json`), { cooldownDuration: 0 }), { issuer: issuer.id });
    await assert.rejects(verify());
    await issuer.set('DELETE', '/faults', undefined, { query: { id } });
    await verify();
  });

  test('row 9: faults at every endpoint there is', async () => {
    const paths = {
      token: ['POST', '/token'], authorize: ['GET', '/authorize'], introspect: ['POST', '/introspect'], revoke: ['POST', '/revoke'], revoke_grants: ['POST', '/revoke_grants'],
      userinfo: ['GET', '/userinfo'], device_authorization: ['POST', '/device_authorization'], device: ['GET', '/device'], end_session: ['GET', '/end_session'],
      authorize_request: ['POST', '/authorize/request'], authorize_accept: ['POST', '/authorize/accept'], authorize_reject: ['POST', '/authorize/reject'], authorize_resume: ['GET', '/authorize/resume'],
      end_session_resume: ['GET', '/end_session/resume'], jwks: ['GET', '/.well-known/jwks.json'], openid_configuration: ['GET', '/.well-known/openid-configuration'], authorization_server_metadata: ['GET', '/.well-known/oauth-authorization-server'],
    };
    for (const [endpoint, [method, path]] of Object.entries(paths)) {
      const issuer = await faulty({ fault: 'status-418', match: { endpoint } });
      const response = await send(`${issuer.url}${path}`, { method, headers: { 'content-type': 'application/x-www-form-urlencoded' }, body: method === 'POST' ? 'x=y' : undefined });
      assert.equal(response.status, 418, `${endpoint}: ${response.text}`);
      assert.equal((await issuer.journal())[0].endpoint, endpoint);
    }
  });
});

describe('which requests', { concurrency: 8 }, () => {
  const statuses = async (issuer, count, ask = () => issuer.token()) => {
    const found = [];
    for (let n = 0; n < count; n += 1) found.push((await ask(n)).status);
    return found;
  };

  test('row 9: no times: always', async () => {
    assert.deepEqual(await statuses(await faulty('status-500'), 4), [500, 500, 500, 500]);
  });

  test('row 9: times: so often, then never again', async () => {
    const issuer = await faulty({ fault: 'status-500', times: 2 });
    assert.deepEqual(await statuses(issuer, 4), [500, 500, 200, 200]);
    const [{ seen, acted }] = await issuer.faults();
    assert.deepEqual([seen, acted], [4, 2]);
  });

  test('row 9: nth: only that one', async () => {
    assert.deepEqual(await statuses(await faulty({ fault: 'status-500', nth: 3 }), 5), [200, 200, 500, 200, 200]);
  });

  test('row 9: nth and times: from there on, so often', async () => {
    assert.deepEqual(await statuses(await faulty({ fault: 'status-500', nth: 2, times: 2 }), 5), [200, 500, 500, 200, 200]);
  });

  test('row 9: nth counts matching requests only', async () => {
    const issuer = await faulty({ fault: 'status-500', nth: 2, match: { client_id: 'a' } });
    const clients = ['b', 'a', 'b', 'b', 'a', 'a'];
    assert.deepEqual(await statuses(issuer, 6, (n) => issuer.token({}, { client: clients[n] })), [200, 200, 200, 200, 500, 200]);
  });

  test('row 9: times is exact under 50 requests at once', async () => {
    const issuer = await faulty({ fault: 'status-500', times: 7 });
    const found = await Promise.all(range(50).map(async () => (await issuer.token()).status));
    assert.equal(found.filter((status) => status === 500).length, 7);
    assert.equal((await issuer.faults())[0].acted, 7);
  });

  const matchers = [
    ['client_id, by Basic', { client_id: 'billing' }, (issuer) => issuer.token({}, { client: 'billing' }), (issuer) => issuer.token({}, { client: 'other' })],
    ['client_id, in the body', { client_id: 'billing' }, (issuer) => issuer.post('/token', { grant_type: 'client_credentials', client_id: 'billing', client_secret: 's' }), (issuer) => issuer.post('/token', { grant_type: 'client_credentials', client_id: 'billing2', client_secret: 's' })],
    ['client_id, by a pattern', { client_id: 'bill*' }, (issuer) => issuer.token({}, { client: 'bill-9' }), (issuer) => issuer.token({}, { client: 'a-bill' })],
    ['client_id, everything', { client_id: '*' }, (issuer) => issuer.token({}, { client: 'x' }), undefined],
    ['a pattern in the middle', { client_id: 'a*z' }, (issuer) => issuer.token({}, { client: 'a-z' }), (issuer) => issuer.token({}, { client: 'a-zz-y' })],
    ['a star for nothing', { client_id: 'a*' }, (issuer) => issuer.token({}, { client: 'a' }), (issuer) => issuer.token({}, { client: 'A' })],
    ['no regular expression', { client_id: 'a.c' }, (issuer) => issuer.token({}, { client: 'a.c' }), (issuer) => issuer.token({}, { client: 'abc' })],
    ['grant_type', { grant_type: 'client_credentials' }, (issuer) => issuer.token(), (issuer) => issuer.refresh('x')],
    ['grant_type, by a pattern', { grant_type: '*device_code' }, (issuer) => issuer.poll('x'), (issuer) => issuer.token()],
    ['method', { method: 'POST' }, (issuer) => issuer.token(), (issuer) => issuer.get('/token')],
    ['endpoint', { endpoint: 'introspect' }, (issuer) => issuer.as('web', '/introspect', { token: 'x' }), (issuer) => issuer.token()],
    ['a parameter', { parameters: { resource: 'https://api.example' } }, (issuer) => issuer.token({ resource: 'https://api.example' }), (issuer) => issuer.token({ resource: 'https://api.example/x' })],
    ['a parameter, by a pattern', { parameters: { scope: '*write*' } }, (issuer) => issuer.token({ scope: 'read write' }), (issuer) => issuer.token({ scope: 'read' })],
    ['a parameter that must be there', { parameters: { audience: '*' } }, (issuer) => issuer.token({ audience: 'https://a.example' }), (issuer) => issuer.token()],
    ['several parameters: all of them', { parameters: { scope: 'a', resource: '*' } }, (issuer) => issuer.token({ scope: 'a', resource: 'https://a.example' }), (issuer) => issuer.token({ scope: 'a' })],
    ['all of several matchers', { client_id: 'a', grant_type: 'client_credentials', parameters: { scope: 's' } }, (issuer) => issuer.token({ scope: 's' }, { client: 'a' }), (issuer) => issuer.token({ scope: 's' }, { client: 'b' })],
    ['an empty matcher', {}, (issuer) => issuer.token(), undefined],
  ];
  for (const [name, match, yes, no] of matchers) {
    test(`row 9: by ${name}`, async () => {
      const issuer = await faulty({ fault: 'status-418', match });
      assert.equal((await yes(issuer)).status, 418);
      if (no) assert.notEqual((await no(issuer)).status, 418);
    });
  }

  test('row 9: by a parameter of the query at authorize', async () => {
    const issuer = await faulty({ fault: 'login_required', match: { parameters: { prompt: 'none' } } });
    assert.equal((await issuer.arrive({ prompt: 'none' })).params.error, 'login_required');
    assert.ok((await issuer.arrive()).params.code);
  });

  test('row 9: by subject: of a code, of a refresh token, of a client', async () => {
    const issuer = await mock.fresh().make();
    const [alice, bob] = [await issuer.tokens({ user: 'alice', scope: OFFLINE }), await issuer.tokens({ user: 'bob', scope: OFFLINE })];
    await issuer.fault({ fault: 'status-418', match: { subject: 'alice' } });
    assert.equal((await issuer.refresh(alice.refresh_token)).status, 418);
    assert.equal((await issuer.refresh(bob.refresh_token)).status, 200);
    assert.equal((await issuer.redeem(await issuer.login({ user: 'bob' }))).status, 200);
    assert.equal((await issuer.redeem(await issuer.login({ user: 'alice' }))).status, 418);
    await issuer.set('DELETE', '/faults');
    await issuer.fault({ fault: 'status-418', match: { subject: 'm2m' } });
    assert.equal((await issuer.token({}, { client: 'm2m' })).status, 418);
    assert.equal((await issuer.token({}, { client: 'other' })).status, 200);
  });

  test('row 9: an error that stands in for the answer leaves code and refresh token as they were', async () => {
    const issuer = await mock.fresh().make();
    const login = await issuer.login({ scope: OFFLINE });
    await issuer.fault({ fault: 'status-503', times: 1 });
    assert.equal((await issuer.redeem(login)).status, 503);
    const tokens = ok(await issuer.redeem(login)).json();
    await issuer.fault({ fault: 'temporarily_unavailable', match: { endpoint: 'token' }, times: 1 });
    assert.equal((await issuer.refresh(tokens.refresh_token)).status, 503);
    ok(await issuer.refresh(tokens.refresh_token));
  });

  test('row 9: two faults on one request: a delay and an error, both named', async () => {
    const issuer = await faulty('slow-150ms');
    await issuer.fault('invalid_grant');
    const response = await issuer.token();
    isError(response, 400, 'invalid_grant');
    assert.ok(response.ms >= 148, `${response.ms} ms`);
    assert.deepEqual(faultsOf(response), ['slow-150ms', 'invalid_grant']);
    assert.deepEqual((await issuer.journal())[0].faults, ['slow-150ms', 'invalid_grant']);
  });

  test('row 9: two that answer: the first acts, the second waits for its turn', async () => {
    const issuer = await faulty({ fault: 'status-503', times: 1 });
    await issuer.fault({ fault: 'invalid_grant', times: 1 });
    assert.deepEqual(await statuses(issuer, 3), [503, 400, 200]);
  });

  test('row 9: a mangled answer and a delay', async () => {
    const issuer = await faulty('truncate');
    await issuer.fault('slow-100ms');
    const response = await issuer.token();
    assert.throws(() => response.json());
    assert.ok(response.ms >= 98);
    assert.deepEqual(faultsOf(response).sort(), ['slow-100ms', 'truncate']);
  });

  test('row 9: no fault, no header', async () => {
    const issuer = mock.fresh();
    const response = await issuer.token();
    assert.equal((await issuer.journal())[0].faults, undefined);
    assert.equal(response.headers['jeton-mock-fault'], undefined);
  });

  test('row 9: a fault does not make the mock’s own calls fail', async () => {
    const issuer = await faulty({ fault: 'status-500', match: { client_id: '*' } });
    await issuer.set('GET', '/journal');
    ok(await mock.send('/health'));
    ok(await mock.send('/isalive'));
  });

  test('row 9: faults act in a strict mock as well', async (t) => {
    const strict = await start({ t, args: ['--strict'] });
    await strict.at().fault('invalid_scope');
    isError(await strict.at().token({}, { client: ['demo', 'demo-secret'] }), 400, 'invalid_scope');
  });

  test('row 9: faults in the file, for every issuer and for one', async (t) => {
    const own = await start({
      t,
      config: {
        issuer: { faults: [{ fault: 'status-503', match: { client_id: 'x' } }] },
        issuers: { acme: { faults: [{ fault: { status: 418, error: 'tea' }, nth: 2 }] } },
      },
    });
    assert.equal((await own.at('any').token({}, { client: 'x' })).status, 503);
    assert.equal((await own.at('acme').token({}, { client: 'x' })).status, 200);
    assert.equal((await own.at('acme').token({}, { client: 'x' })).status, 418);
    assert.equal((await own.at('any').token({}, { client: 'y' })).status, 200);
  });
});
