// Answers that go wrong on purpose. Tokens that do are in token-faults.test.mjs.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createRemoteJWKSet, jwtVerify } from 'jose';
import * as oauth from 'oauth4webapi';
import { Browser, formsOf } from './support/browser.mjs';
import { faultsOf, isError, range } from './support/check.mjs';
import { AUTHORIZE_ERRORS, BEARER_ERRORS, OAUTH_ERRORS, statusOf, TOKEN_ERRORS } from './support/faults.mjs';
import { send } from './support/http.mjs';
import { OFFLINE, ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const mock = await start();

const faulty = async (fault) => {
  const issuer = await mock.fresh().make();
  await issuer.fault(fault);
  return issuer;
};

/** The header of the answer and the journal name the fault `name`. */
async function isNamed(issuer, response, name, query = { endpoint: 'token' }) {
  assert.deepEqual(faultsOf(response), [name]);
  const [entry] = (await issuer.journal(query)).slice(-1);
  assert.deepEqual(entry.faults, [name]);
  assert.equal(entry.status, response.status);
}

describe('faults: errors of OAuth', { concurrency: 8 }, () => {
  for (const error of TOKEN_ERRORS) {
    test(`${error} without an endpoint acts at token, in its form`, async () => {
      const issuer = await faulty(error);
      const response = await issuer.token();
      isError(response, statusOf(error), error);
      assert.equal(response.headers['cache-control'], 'no-store');
      await isNamed(issuer, response, error);
      assert.equal((await issuer.journal())[0].error, error);
    });
  }

  for (const error of OAUTH_ERRORS.filter((error) => !BEARER_ERRORS.includes(error))) {
    test(`${error} at any endpoint that answers with JSON, where the matcher names it`, async () => {
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
    test(`${error} without an endpoint acts at authorize: to the client, with state and iss`, async () => {
      const issuer = await faulty(error);
      const { params } = await issuer.arrive({ state: 'st&te' });
      assert.equal(params.error, error);
      assert.equal(params.state, 'st&te');
      assert.equal(params.iss, issuer.id);
      assert.equal(params.code, undefined);
      assert.deepEqual((await issuer.journal({ endpoint: 'authorize' }))[0].faults, [error]);
    });
  }

  test('access_denied at authorize by form_post: a form to the client', async () => {
    const issuer = await faulty('access_denied');
    const { query, login } = issuer.asking({ response_mode: 'form_post' });
    const { response } = await new Browser(mock).open(issuer.authorizeUrl(query), { until: login.redirect_uri });
    const [form] = formsOf(response.text);
    assert.equal(form.action, login.redirect_uri);
    assert.deepEqual([form.fields.error, form.fields.state, form.fields.iss], ['access_denied', 'a state', issuer.id]);
  });

  test('access_denied at authorize by response_mode=query: a redirect to the client', async () => {
    const issuer = await faulty('access_denied');
    const { query, login } = issuer.asking({ response_mode: 'query' });
    const { arrived } = await new Browser(mock).open(issuer.authorizeUrl(query), { until: login.redirect_uri });
    assert.equal(arrived.searchParams.get('error'), 'access_denied');
  });

  for (const error of AUTHORIZE_ERRORS.filter((error) => !TOKEN_ERRORS.includes(error))) {
    test(`${error} without an endpoint leaves token alone`, async () => {
      const issuer = await faulty(error);
      assert.equal((await issuer.token()).status, 200);
    });
  }

  for (const error of TOKEN_ERRORS.filter((error) => !AUTHORIZE_ERRORS.includes(error))) {
    test(`${error} without an endpoint leaves authorize alone`, async () => {
      const issuer = await faulty({ fault: error });
      assert.ok((await issuer.arrive()).params.code);
    });
  }

  for (const error of BEARER_ERRORS) {
    test(`${error} acts at userinfo, as RFC 6750 §3 has it`, async () => {
      const issuer = await mock.fresh().make();
      const { access_token } = await issuer.tokens();
      await issuer.fault(error);
      const response = await issuer.userinfo(access_token);
      assert.equal(response.status, error === 'insufficient_scope' ? 403 : 401);
      assert.match(response.headers['www-authenticate'], new RegExp(`^Bearer .*error="${error}"`));
      await isNamed(issuer, response, error, { endpoint: 'userinfo' });
      assert.equal((await issuer.token()).status, 200, 'and nowhere else');
    });
  }

  test('an error at authorize never sends the browser where the client may not', async (t) => {
    const strict = await start({ t, args: ['--strict'] });
    await strict.at().fault('access_denied');
    const { query } = strict.at().asking({ client: 'demo', redirect_uri: 'https://evil.example/' });
    const response = await send(strict.at().authorizeUrl(query, strict.url));
    assert.equal(response.status, 400);
    assert.equal(response.headers.location, undefined);
  });

  test('a client library sees the error as an error', async () => {
    const issuer = await faulty({ fault: 'invalid_grant', match: { grant_type: 'refresh_token' } });
    const insecure = { [oauth.allowInsecureRequests]: true };
    const as = { issuer: issuer.id, token_endpoint: `${issuer.url}/token` };
    const response = await oauth.refreshTokenGrantRequest(
      as,
      { client_id: 'web' },
      oauth.ClientSecretPost('s'),
      'any',
      insecure,
    );
    await assert.rejects(
      oauth.processRefreshTokenResponse(as, { client_id: 'web' }, response),
      (error) => error.error === 'invalid_grant' && error.status === 400,
    );
  });

  test('errors without an endpoint that are RFC 8628’s act while a device polls', async () => {
    const issuer = await mock.fresh().make();
    const device = ok(await issuer.device()).json();
    await issuer.fault({ fault: 'slow_down', times: 1 });
    await issuer.fault({ fault: 'expired_token', times: 1 });
    isError(await issuer.poll(device.device_code), 400, 'slow_down');
    isError(await issuer.poll(device.device_code), 400, 'expired_token');
    isError(await issuer.poll(device.device_code), 400, 'authorization_pending');
  });
});

describe('faults: statuses and rates', { concurrency: 8 }, () => {
  for (const status of [400, 401, 403, 404, 408, 418, 429, 451, 499, 500, 502, 503, 504, 599]) {
    test(`status-${status} at token`, async () => {
      const issuer = await faulty(`status-${status}`);
      const response = await issuer.token();
      assert.equal(response.status, status);
      assert.equal(response.json().error, status >= 500 ? 'server_error' : 'invalid_request');
      await isNamed(issuer, response, `status-${status}`);
    });
  }

  test('status-503 without an endpoint acts at authorize as well', async () => {
    const issuer = await faulty('status-503');
    const response = await send(issuer.authorizeUrl(issuer.asking().query, issuer.url));
    assert.equal(response.status, 503);
    assert.equal(response.headers.location, undefined);
  });

  test('status-503 without an endpoint leaves the other endpoints alone', async () => {
    const issuer = await faulty('status-503');
    ok(await issuer.get('/.well-known/openid-configuration'));
    ok(await issuer.get('/.well-known/jwks.json'));
    ok(await issuer.as('web', '/introspect', { token: 'x' }));
    assert.equal((await issuer.userinfo('x')).status, 401);
  });

  for (const [name, after] of [
    ['rate-limit', '1'],
    ['rate-limit-1', '1'],
    ['rate-limit-120', '120'],
    ['rate-limit-0', '0'],
  ]) {
    test(`${name}: 429 with Retry-After: ${after}`, async () => {
      const issuer = await faulty(name);
      const response = await issuer.token();
      assert.equal(response.status, 429);
      assert.equal(response.headers['retry-after'], after);
      assert.equal(response.json().error, 'temporarily_unavailable');
      await isNamed(issuer, response, name);
    });
  }

  test('rate-limit with times: the third try goes through', async () => {
    const issuer = await faulty({ fault: 'rate-limit', times: 2 });
    const statuses = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await issuer.token()).status);
    assert.deepEqual(statuses, [429, 429, 200, 200]);
  });

  test('a response of one’s own: any status, error, headers and body', async () => {
    const issuer = await faulty({
      fault: {
        status: 418,
        error: 'teapot',
        error_description: 'short and stout',
        headers: { 'x-a': 'b', 'retry-after': '7' },
      },
    });
    const response = await issuer.token();
    assert.equal(response.status, 418);
    assert.deepEqual(response.json(), { error: 'teapot', error_description: 'short and stout' });
    assert.equal(response.headers['x-a'], 'b');
    assert.equal(response.headers['retry-after'], '7');
    assert.deepEqual(faultsOf(response), ['custom']);
  });

  test('a response of one’s own with a raw body and a content type', async () => {
    const issuer = await faulty({
      fault: { status: 200, body: '<xml/>', headers: { 'content-type': 'application/xml' } },
    });
    const response = await issuer.token();
    assert.equal(response.status, 200);
    assert.equal(response.text, '<xml/>');
    assert.equal(response.headers['content-type'], 'application/xml');
  });

  test('a response of one’s own at authorize', async () => {
    const issuer = await faulty({ match: { endpoint: 'authorize' }, fault: { status: 451, body: 'no' } });
    const response = await send(issuer.authorizeUrl(issuer.asking().query, issuer.url));
    assert.equal(response.status, 451);
    assert.equal(response.text, 'no');
  });
});

describe('faults: answers that are late, broken off or mangled', { concurrency: 8 }, () => {
  for (const [name, ms] of [
    ['slow-200ms', 200],
    ['slow-1s', 1000],
  ]) {
    test(`${name}: the right answer, late`, async () => {
      const issuer = await faulty({ fault: name, times: 1 });
      const response = ok(await issuer.token());
      assert.ok(response.ms >= ms - 2, `${response.ms} ms`);
      await issuer.verify(response.json().access_token);
      await isNamed(issuer, response, name);
      assert.deepEqual(faultsOf(await issuer.token()), []);
    });
  }

  test('a slow answer holds up nobody else, not even of the same issuer', async () => {
    const issuer = await faulty({ fault: 'slow-2s', match: { client_id: 'slow' } });
    const slow = issuer.token({}, { client: 'slow' });
    const quick = await Promise.all(range(20).map(() => issuer.token({}, { client: 'quick' })));
    for (const { status, ms } of quick) assert.ok(status === 200 && ms < 1900, `${status} after ${ms} ms`);
    assert.ok(ok(await slow).ms >= 1998);
  });

  test('slow-0ms is at once', async () => {
    const response = ok(await (await faulty('slow-0ms')).token());
    assert.deepEqual(faultsOf(response), ['slow-0ms']);
    assert.ok(response.ms < 1000, `${response.ms} ms`);
  });

  test('who hangs up during a slow answer harms nothing', async () => {
    const issuer = await faulty({ fault: 'slow-1s', match: { client_id: 'slow' } });
    await Promise.all(
      range(10).map(() =>
        assert.rejects(
          issuer.post(
            '/token',
            { grant_type: 'client_credentials', client_id: 'slow', client_secret: 's' },
            {},
            { signal: AbortSignal.timeout(100), fresh: true },
          ),
          { code: 'ABORT_ERR' },
        ),
      ),
    );
    ok(await issuer.token());
  });

  test('drop: the connection closes without an answer', async () => {
    const issuer = await faulty({ fault: 'drop', times: 3 });
    for (const fresh of [true, false, true]) {
      const form = { grant_type: 'client_credentials', client_id: 'x', client_secret: 'y' };
      await assert.rejects(issuer.post('/token', form, {}, { fresh }), { code: 'ECONNRESET' });
    }
    ok(await issuer.token());
    const dropped = await issuer.journal();
    assert.equal(dropped.pop().status, 200);
    assert.deepEqual(
      dropped.map((entry) => ['status' in entry, entry.faults]),
      Array(3).fill([false, ['drop']]),
    );
  });

  test('drop at authorize, as a browser sees it', async () => {
    const issuer = await faulty({ fault: 'drop', match: { endpoint: 'authorize' } });
    await assert.rejects(new Browser(mock).open(issuer.authorizeUrl(issuer.asking().query)), { code: 'ECONNRESET' });
  });

  test('truncate cuts the JSON, and HTTP stays valid', async () => {
    const issuer = await faulty('truncate');
    const response = await issuer.token();
    assert.equal(response.status, 200);
    assert.match(response.headers['content-type'], /^application\/json/);
    assert.equal(Number(response.headers['content-length']), response.bytes.length);
    assert.match(response.text, /^\{"access_token":"ey/);
    assert.throws(() => response.json(), SyntaxError);
    await isNamed(issuer, response, 'truncate');
  });

  test('html: the right status, but a page', async () => {
    const issuer = await faulty('html');
    const response = await issuer.token();
    assert.equal(response.status, 200);
    assert.match(response.headers['content-type'], /^text\/html/);
    assert.equal(response.text, '<!doctype html><title>Not JSON</title><p>A fault of the mock.');
    await isNamed(issuer, response, 'html');
  });

  test('html of an error keeps the error’s status', async (t) => {
    const strict = await start({ t, args: ['--strict'] });
    await strict.at().fault('html');
    const response = await strict.at().token();
    assert.equal(response.status, 401);
    assert.match(response.headers['content-type'], /^text\/html/);
  });

  test('content-type-text: the right body, text/plain', async () => {
    const issuer = await faulty('content-type-text');
    const response = await issuer.token();
    assert.equal(response.status, 200);
    assert.match(response.headers['content-type'], /^text\/plain/);
    await issuer.verify(response.json().access_token);
    await isNamed(issuer, response, 'content-type-text');
  });

  test('a client library refuses what is no token response', async () => {
    for (const [fault, code] of [
      ['html', 'OAUTH_RESPONSE_IS_NOT_JSON'],
      ['empty', 'OAUTH_PARSE_ERROR'],
      ['truncate', 'OAUTH_PARSE_ERROR'],
      ['missing-token_type', 'OAUTH_INVALID_RESPONSE'],
      ['missing-access_token', 'OAUTH_INVALID_RESPONSE'],
    ]) {
      const issuer = await faulty(fault);
      const as = { issuer: issuer.id, token_endpoint: `${issuer.url}/token` };
      const client = { client_id: 'm2m' };
      const response = await oauth.clientCredentialsGrantRequest(
        as,
        client,
        oauth.ClientSecretPost('s'),
        {},
        { [oauth.allowInsecureRequests]: true },
      );
      await assert.rejects(oauth.processClientCredentialsResponse(as, client, response), { code }, fault);
    }
  });

  test('empty: the right status, no body', async () => {
    const issuer = await faulty('empty');
    const response = await issuer.token();
    assert.equal(response.status, 200);
    assert.equal(response.bytes.length, 0);
    await isNamed(issuer, response, 'empty');
  });

  for (const field of ['access_token', 'token_type', 'expires_in', 'scope']) {
    test(`missing-${field}: left out, all else right`, async () => {
      const issuer = await faulty({ fault: `missing-${field}`, times: 1 });
      const broken = ok(await issuer.token({ scope: 'read' }));
      const whole = await issuer.granted({ scope: 'read' });
      assert.deepEqual(
        Object.keys(broken.json()).sort(),
        Object.keys(whole)
          .filter((name) => name !== field)
          .sort(),
      );
      assert.deepEqual(faultsOf(broken), [`missing-${field}`]);
    });
  }

  for (const field of ['id_token', 'refresh_token']) {
    test(`missing-${field} of a login`, async () => {
      const issuer = await faulty(`missing-${field}`);
      const tokens = await issuer.tokens({ scope: OFFLINE });
      const all = ['access_token', 'expires_in', 'id_token', 'login', 'refresh_token', 'scope', 'token_type'];
      assert.deepEqual(
        Object.keys(tokens).sort(),
        all.filter((name) => name !== field),
      );
    });
  }

  test('missing-FIELD in discovery and JWKS, where the matcher names them', async () => {
    const issuer = await faulty({ fault: 'missing-jwks_uri', match: { endpoint: 'openid_configuration' } });
    await issuer.fault({ fault: 'missing-keys', match: { endpoint: 'jwks' } });
    assert.ok(!('jwks_uri' in (await issuer.metadata())));
    assert.deepEqual(await issuer.jwks(), { jeton_mock: true });
    ok(await issuer.get('/.well-known/oauth-authorization-server'));
  });

  test('missing-sub at userinfo', async () => {
    const issuer = await mock.fresh().make();
    const { access_token } = await issuer.tokens({ scope: 'openid email' });
    await issuer.fault({ fault: 'missing-sub', match: { endpoint: 'userinfo' } });
    const info = ok(await issuer.userinfo(access_token)).json();
    assert.deepEqual(Object.keys(info).sort(), ['email', 'email_verified']);
  });

  for (const [endpoint, path] of [
    ['jwks', '/.well-known/jwks.json'],
    ['jwks', '/jwks'],
    ['openid_configuration', '/.well-known/openid-configuration'],
    ['authorization_server_metadata', '/.well-known/oauth-authorization-server'],
  ]) {
    test(`${path}: a status, html, empty, truncate and drop, and no 304 that hides them`, async () => {
      const issuer = await mock.fresh().make();
      const about = async (fault) => {
        await issuer.set('DELETE', '/faults');
        await issuer.fault({ fault, match: { endpoint } });
        return issuer.get(path);
      };
      assert.equal((await about('status-503')).status, 503);
      const page = ok(await about('html'));
      assert.match(page.headers['content-type'], /^text\/html/);
      assert.equal(ok(await about('empty')).bytes.length, 0);
      const cut = ok(await about('truncate'));
      assert.throws(() => cut.json(), SyntaxError);
      await assert.rejects(about('drop'), { code: 'ECONNRESET' });
      // A copy that a client holds must not hide the fault.
      await issuer.set('DELETE', '/faults');
      const { etag } = ok(await issuer.get(path)).headers;
      await issuer.fault({ fault: 'status-500', match: { endpoint } });
      assert.equal((await issuer.get(path, { 'if-none-match': etag })).status, 500);
    });
  }

  test('JWKS outage: a verifier fails, and recovers', async () => {
    const issuer = await mock.fresh().make();
    const { access_token } = await issuer.granted();
    const { id } = await issuer.fault({ fault: 'status-503', match: { endpoint: 'jwks' } });
    const verify = () =>
      jwtVerify(
        access_token,
        createRemoteJWKSet(new URL(`${issuer.url}/.well-known/jwks.json`), { cooldownDuration: 0 }),
        { issuer: issuer.id },
      );
    await assert.rejects(verify(), { code: 'ERR_JOSE_GENERIC', message: /Expected 200 OK/ });
    await issuer.set('DELETE', '/faults', undefined, { query: { id } });
    await verify();
  });

  test('faults at every endpoint there is', async () => {
    const paths = {
      token: ['POST', '/token'],
      authorize: ['GET', '/authorize'],
      introspect: ['POST', '/introspect'],
      revoke: ['POST', '/revoke'],
      revoke_grants: ['POST', '/revoke_grants'],
      userinfo: ['GET', '/userinfo'],
      device_authorization: ['POST', '/device_authorization'],
      device: ['GET', '/device'],
      end_session: ['GET', '/end_session'],
      authorize_request: ['POST', '/authorize/request'],
      authorize_accept: ['POST', '/authorize/accept'],
      authorize_reject: ['POST', '/authorize/reject'],
      authorize_resume: ['GET', '/authorize/resume'],
      end_session_resume: ['GET', '/end_session/resume'],
      jwks: ['GET', '/.well-known/jwks.json'],
      openid_configuration: ['GET', '/.well-known/openid-configuration'],
      authorization_server_metadata: ['GET', '/.well-known/oauth-authorization-server'],
    };
    for (const [endpoint, [method, path]] of Object.entries(paths)) {
      const issuer = await faulty({ fault: 'status-418', match: { endpoint } });
      const response = await send(`${issuer.url}${path}`, {
        method,
        headers: { 'content-type': 'application/x-www-form-urlencoded' },
        body: method === 'POST' ? 'x=y' : undefined,
      });
      assert.equal(response.status, 418, `${endpoint}: ${response.text}`);
      assert.equal((await issuer.journal())[0].endpoint, endpoint);
    }
  });
});
