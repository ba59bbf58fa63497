// The log: what a line has, and that nothing is in it which a stranger sent. That no line of the whole run
// holds a credential is shown by `../logged.mjs`.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { isError, isToken } from '../support/check.mjs';
import { isSecret } from '../support/credentials.mjs';
import { clients, isMock } from '../support/fixtures.mjs';
import { codeFor, loggedIn, random, sleep } from '../support/flow.mjs';
import { basic, FORM, rawBasic, send } from '../support/http.mjs';
import { clientCredentials, get, host, post, target, unless } from '../support/target.mjs';

const { m2m, web } = clients;

/** What Cloudflare sets itself, whatever a client sends. Elsewhere nobody has to believe it. */
const OF_CLOUDFLARE = { 'cf-connecting-ip': '198.51.100.7', 'cf-ray': '8f0e1d2c3b4a5968-FRA' };

/** Waits until what was asked before is logged: until a later request is, and nothing more comes. */
async function quiet() {
  const { log } = await host();
  const { headers } = await get('/health', { 'cf-ray': random().slice(0, 20) });
  const mark = `"request_id":"${headers['x-request-id']}"`;
  for (let waited = 0; waited < 5000 && !log().some((line) => line.includes(mark)); waited += 20) await sleep(20);
  for (let before = -1; before !== log().length; await sleep(100)) before = log().length;
}

/** What `act` resolves to, and the entries of the log that it brings, once there are so many. */
async function logged(act, count = 1) {
  const { log } = await host();
  const before = log().length;
  const response = await act();
  const entries = () =>
    log()
      .slice(before)
      .filter((line) => line.startsWith('{'))
      .map((line) => JSON.parse(line));
  // Lines come by another way than answers.
  for (let waited = 0; entries().length < count && waited < 5000; waited += 20) await sleep(20);
  assert.equal(entries().length, count, log().slice(before).join('\n'));
  return { response, entries: entries() };
}

describe('the log', { skip: unless.startable }, () => {
  test('a line says when, from where, for whom, what, and how long it took', async () => {
    await quiet();
    const { response, entries } = await logged(() =>
      clientCredentials(m2m, { scope: 'read write', resource: 'https://api.example' }, { headers: OF_CLOUDFLARE }),
    );
    const { payload } = await isToken(response, { audience: 'https://api.example' });
    const { time, duration_ms, client_address, request_id, ...entry } = entries[0];
    assert.deepEqual(entry, {
      level: 'info',
      endpoint: 'token',
      status: 200,
      client_id: 'm2m',
      grant_type: 'client_credentials',
      scope: 'read write',
      audience: 'https://api.example',
      jti: payload.jti,
    });
    assert.match(time, /^20\d\d-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
    assert.ok(Math.abs(Date.parse(time) - Date.now()) < 10_000, time);
    assert.ok(Number.isInteger(duration_ms) && duration_ms >= 0 && duration_ms < 5000, String(duration_ms));
    if (target === 'worker') {
      assert.equal(client_address, OF_CLOUDFLARE['cf-connecting-ip']);
      assert.equal(request_id, OF_CLOUDFLARE['cf-ray']);
    } else {
      assert.equal(client_address, '127.0.0.1');
    }
    assert.equal(response.headers['x-request-id'], request_id);
  });

  test('every request has an id of its own, in its answer and in the log', async () => {
    await quiet();
    const ids = new Set();
    for (const path of ['/health', '/.well-known/jwks.json', '/nothing']) {
      const headers = { 'cf-ray': random().slice(0, 20), 'x-request-id': 'a-strangers' };
      const { response, entries } = await logged(() => get(path, headers));
      assert.equal(response.headers['x-request-id'], entries[0].request_id);
      ids.add(entries[0].request_id);
    }
    assert.equal(ids.size, 3);
    assert.ok(!ids.has('a-strangers') && !ids.has(undefined));
  });

  test('an error page has the id as its reference', async () => {
    await quiet();
    const { response, entries } = await logged(() => get('/authorize?client_id=nobody', OF_CLOUDFLARE));
    assert.equal(response.status, 400);
    const id = entries[0].request_id;
    assert.ok(response.text.includes(`Reference: <code>${id}</code>`), response.text);
  });

  test("an address that a client claims is nobody's word", async () => {
    await quiet();
    const forged = { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9', 'x-real-ip': '203.0.113.9' };
    const { entries } = await logged(() => get('/health', forged));
    assert.notEqual(entries[0].client_address, '203.0.113.9');
  });

  test('a client that nobody knows is told apart by a hash', async () => {
    await quiet();
    const id = 'nobody-whom-we-know';
    const { entries } = await logged(() =>
      post('/token', { grant_type: 'client_credentials' }, { headers: { authorization: basic(id, random()) } }),
    );
    const hash = createHash('sha256').update(id).digest('hex').slice(0, 12);
    assert.equal(entries[0].unknown_client, hash);
    assert.equal(entries[0].client_id, undefined);
  });

  test('a line stays short whatever is sent', async () => {
    await quiet();
    const long = 'x'.repeat(60_000);
    const { response, entries } = await logged(() => post('/token', { grant_type: long }));
    isError(response, 400, 'unsupported_grant_type');
    assert.ok(JSON.stringify(entries[0]).length < 1000);
    assert.ok(!response.text.includes('xxxx'), 'the answer repeats what was sent');
  });

  test('a credential in the wrong place is in no line and in no answer', async () => {
    const { refresh_token, access_token, id_token } = await loggedIn(web);
    const { code } = await codeFor(web);
    await quiet();
    const nobodys = `jcs_${random()}`;
    for (const credential of [refresh_token, access_token, id_token, code, web.client_secret, nobodys]) {
      isSecret(credential, 'in the wrong place');
      for (const [place, act] of misplaced(credential)) {
        const { response, entries } = await logged(act);
        const line = JSON.stringify(entries[0]);
        assert.ok(!line.includes(credential.slice(0, 30)), `${place}: ${line}`);
        // A mock's page repeats a value to developers, unless it is known by its form to be a credential.
        const isKnown = !isMock || credential !== web.client_secret;
        const text = isKnown ? response.text : response.text.replace(/<dt>Value<\/dt><dd>.*?<\/dd>/s, '');
        const repeats = response.status !== 303 && text.includes(credential.slice(0, 30));
        assert.ok(!repeats, `${place}: ${text}`);
      }
    }
  });
});

/** Requests that have `credential` where none belongs, each with the name of that place. */
function misplaced(credential) {
  const own = { authorization: basic(web.client_id, web.client_secret) };
  const login = { authorization: basic(clients.login.client_id, clients.login.client_secret) };
  const encoded = encodeURIComponent(credential);
  const grant = { grant_type: 'client_credentials' };
  const places = {
    grant_type: () => post('/token', { grant_type: credential }),
    'a client id': () => post('/token', { ...grant, client_id: credential, client_secret: 'x' }),
    'the name of Basic': () => post('/token', grant, { headers: { authorization: rawBasic(`${credential}:web`) } }),
    'another scheme': () => post('/token', grant, { headers: { authorization: `Bearer ${credential}` } }),
    'no scheme': () => post('/token', grant, { headers: { authorization: credential } }),
    scope: () => clientCredentials(m2m, { scope: credential }),
    resource: () => clientCredentials(m2m, { resource: credential }),
    'a resource with a fragment': () => clientCredentials(m2m, { resource: `https://a.example/#${credential}` }),
    audience: () => clientCredentials(m2m, { audience: credential }),
    'the name of a parameter, twice': () => post('/token', `${encoded}=1&${encoded}=2`),
    'the query': () => send$('POST', `/token?refresh_token=${encoded}`, own),
    'the path': () => get(`/${encoded}`),
    'a segment of a path': () => get(`/token/${encoded}`),
    'a header': () => get('/health', { 'x-token': credential }),
    'a header of ours': () => get('/.well-known/jwks.json', { 'if-none-match': credential, origin: credential }),
    'the name of a cookie': () => get('/authorize/resume?ticket=x', { cookie: `${credential}=1` }),
    code: () => post('/token', { grant_type: 'authorization_code', code: `x${credential}` }, { headers: own }),
    refresh_token: () =>
      post('/token', { grant_type: 'refresh_token', refresh_token: `x${credential}` }, { headers: own }),
    'scope of a refresh': () =>
      post('/token', { grant_type: 'refresh_token', refresh_token: 'x', scope: credential }, { headers: own }),
    token_type_hint: () => post('/revoke', { token: 'x', token_type_hint: credential }, { headers: own }),
    'a token that is none': () => post('/introspect', { token: `x${credential}` }, { headers: own }),
    'userinfo, in the query': () => get(`/userinfo?access_token=x${encoded}`),
    'userinfo, by Basic': () => get('/userinfo', { authorization: rawBasic(`${credential}:`) }),
    'client_id at /authorize': () => get(`/authorize?response_type=code&client_id=${encoded}`),
    'client_id at /end_session': () => get(`/end_session?client_id=${encoded}`),
    id_token_hint: () => get(`/end_session?id_token_hint=x${encoded}`),
    redirect_uri: () => get(`/authorize?response_type=code&client_id=web&redirect_uri=${encoded}`),
    post_logout_redirect_uri: () => get(`/end_session?client_id=web&post_logout_redirect_uri=${encoded}`),
    'a sealed request': () => post('/authorize/request', { request: `x${credential}` }, { headers: login }),
    'a ticket': () => get(`/authorize/resume?ticket=x${encoded}`),
    error: () => post('/authorize/reject', { request: 'x', error: credential }, { headers: login }),
    'a user code': () => send$('POST', '/device', {}, `user_code=${encoded}`),
    device_code: () =>
      post(
        '/token',
        { grant_type: 'urn:ietf:params:oauth:grant-type:device_code', device_code: `x${credential}` },
        { headers: own },
      ),
  };
  for (const name of [
    'response_type',
    'response_mode',
    'prompt',
    'max_age',
    'code_challenge',
    'code_challenge_method',
    'scope',
    'resource',
    'display',
  ])
    places[`${name} at /authorize`] = () =>
      get(
        `/authorize?client_id=web&redirect_uri=${encodeURIComponent(web.redirect_uris[0])}&response_type=code&${name}=${encoded}`,
      );
  return Object.entries(places);
}

const send$ = async (method, path, headers, body = '') =>
  send((await host()).url, { method, path, headers: { 'content-type': FORM, ...headers }, body });
