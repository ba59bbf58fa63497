import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError } from '../support/check.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  arrival,
  authorize,
  codeFor,
  exchange,
  handedBack,
  handoff,
  now,
  OFFLINE,
  random,
  refreshed,
  requestIn,
  requestOf,
  sleep,
} from '../support/flow.mjs';
import { isPage } from '../support/html.mjs';
import { send } from '../support/http.mjs';
import { host, post } from '../support/target.mjs';
import { bent, claimsOf, unseal } from '../support/tokens.mjs';
import { Browser, pathOf } from '../support/user-agent.mjs';

const { login, web } = clients;
const CALLS = ['request', 'accept', 'reject'];

/** A login that waits for the login application: `{ browser, request, query }`. */
async function waiting(form = {}, browser = new Browser()) {
  const query = requestOf(web, form);
  return { browser, query, request: requestIn(await authorize(browser, query)) };
}

/** The client is told to ask for the login again, with nothing else in it. */
function isLoginRequired(response) {
  const { uri, params } = arrival(response);
  assert.equal(uri, web.redirect_uris[0]);
  const { error_description, ...rest } = params;
  assert.deepEqual(rest, { error: 'login_required', state: 'a state', iss: ISSUER });
  assert.match(error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
}

const accept = (request, form = {}) => answered('accept', { request, ...ALICE, ...form });

describe('the login handoff: who may call', { concurrency: 8 }, () => {
  for (const call of CALLS) {
    test(`/authorize/${call}: a client that is no login application: 403`, async () => {
      const { request } = await waiting();
      isError(await handoff(call, { request, ...ALICE }, { login: web }), 403, 'unauthorized_client');
      isError(await handoff(call, { request, ...ALICE }, { login: clients.native }), 403, 'unauthorized_client');
    });

    test(`/authorize/${call}: wrong authentication: 401`, async () => {
      const { request } = await waiting();
      const impostor = { ...login, client_secret: 'wrong' };
      isError(await handoff(call, { request, ...ALICE }, { login: impostor }), 401, 'invalid_client');
      isError(await post(`/authorize/${call}`, { request, ...ALICE }), 401, 'invalid_client');
      isError(
        await post(`/authorize/${call}`, { request, ...ALICE, client_id: login.client_id }),
        401,
        'invalid_client',
      );
    });

    test(`/authorize/${call}: no request: invalid_request`, async () => {
      isError(await handoff(call, ALICE), 400, 'invalid_request');
    });

    test(`/authorize/${call}: a request that is forged, truncated or of another kind: invalid_request`, async () => {
      const { request } = await waiting();
      const ticket = (await accept(request)).split('ticket=')[1];
      for (const [name, text] of [...bent(request), ['a ticket', ticket], ['nothing like one', 'x']]) {
        const response = await handoff(call, { request: text, ...ALICE });
        assert.equal(response.status, 400, `${name}: ${response.text}`);
        isError(response, 400, 'invalid_request');
      }
    });
  }
});

const badAnswers = [
  ['no subject', { subject: undefined }],
  ['an empty subject', { subject: '' }],
  ['a subject of 256 bytes', { subject: 's'.repeat(256) }],
  ['a subject of 128 letters in 256 bytes', { subject: 'ä'.repeat(128) }],
  ['a subject of 128 quotes, 256 bytes of JSON', { subject: '"'.repeat(128) }],
  ['a subject like a generated client_id (RFC 9700 §4.15)', { subject: 'jc_QDBH-nrm7DMl8alHefMEkA' }],
  ['a subject that is a client_id (RFC 9700 §4.15)', { subject: 'm2m' }],
  ["the client's own id as subject (RFC 9700 §4.15)", { subject: 'web' }],
  ['a client_id in other letters', { subject: 'M2m' }],
  ['a client_id with a space after it', { subject: 'm2m ' }],
  ['white space before a subject', { subject: '\u00a0alice' }],
  ['a line break after a subject', { subject: 'alice\n' }],
  ['a subject of white space', { subject: ' ' }],
  ['a control character in a subject', { subject: 'al\u0000ice' }],
  ['a tab in a subject', { subject: 'al\tice' }],
  ['a subject like a generated client_id, in capitals', { subject: 'JC_QDBH-nrm7DMl8alHefMEkA' }],
  ['claims that are no JSON', { claims: '{name}' }],
  ['claims that are an array', { claims: '[]' }],
  ['claims that are a string', { claims: '"x"' }],
  ['claims that are null', { claims: 'null' }],
  ['claims over 32 kB', { claims: JSON.stringify({ x: 'x'.repeat(32_761) }) }],
  ['claims that are kept as more than 32 kB', { claims: `{"x":[${Array(6000).fill('1e15')}]}` }],
  ['a number of more than 64 bits', { claims: '{"x":12345678901234567890123}' }],
  ['a number that is -0', { claims: '{"x":[-0]}' }],
  ...[
    'iss',
    'sub',
    'aud',
    'exp',
    'iat',
    'nbf',
    'jti',
    'nonce',
    'auth_time',
    'at_hash',
    'c_hash',
    's_hash',
    'azp',
    'sid',
    'cnf',
    'act',
    'exchanged_from',
    'registration',
    'client_id',
    'scope',
    'authorization_details',
    'events',
    'typ',
    'token_type',
    'active',
    'SUB',
    'Client_Id',
    'i\u017fs',
    'Acr',
    'May_Act',
  ].map((name) => [`the reserved claim ${name}`, { claims: JSON.stringify({ ok: 1, [name]: 'x' }) }]),
  ['may_act that is no object (RFC 8693 §4.4)', { claims: '{"may_act":"shop"}' }],
  ['may_act of more than is understood', { claims: '{"may_act":{"sub":"shop","email":"a@x"}}' }],
  ['a scope wider than asked', { scope: 'openid read write' }, 'invalid_scope'],
  ['a malformed scope', { scope: 'read "' }, 'invalid_scope'],
  ['consent to nothing, an empty scope', { scope: '' }, 'invalid_scope'],
  ['consent to nothing, a scope of spaces', { scope: ' ' }, 'invalid_scope'],
  ['an empty auth_time', { auth_time: '' }],
  ['empty claims', { claims: '' }],
  ['auth_time far in the future', { auth_time: String(now() + 600) }],
  ['auth_time that is no number', { auth_time: 'yesterday' }],
  ['auth_time before all time', { auth_time: '-1' }],
  ['an auth_time with a fraction', { auth_time: `${now()}.5` }],
];

describe('the login handoff: accept', { concurrency: 8 }, () => {
  for (const [name, form, error = 'invalid_request'] of badAnswers) {
    test(`${name}: ${error}, and the request can still be accepted`, async () => {
      const { browser, request } = await waiting({ scope: 'openid read' });
      const answer = { request, ...ALICE, ...form };
      for (const [member, value] of Object.entries(answer)) if (value === undefined) delete answer[member];
      handedBack(await handoff('accept', answer), error);
      assert.ok(arrival(await browser.get(await accept(request))).params.code);
    });
  }

  test('a subject of 255 bytes and claims of 32 kB are taken', async () => {
    const { browser, request } = await waiting({ scope: 'openid read' });
    const claims = JSON.stringify({ x: 'x'.repeat(32_760) });
    assert.equal(claims.length, 32_768);
    const { params } = arrival(await browser.get(await accept(request, { subject: 's'.repeat(255), claims })));
    assert.ok(params.code);
  });

  test('RFC 6749 §3.3: a scope narrower than asked is what is granted', async () => {
    const narrowed = await codeFor(web, { scope: 'openid read write' }, { answer: { scope: 'read' } });
    const body = (await exchange(web, narrowed)).json();
    assert.equal(body.scope, 'read');
    assert.equal(claimsOf(body.access_token).scope, 'read');
    assert.equal(body.id_token, undefined, 'openid was not granted');
  });

  const ages = [
    ['max_age kept', { max_age: '60' }, 30, true],
    ['max_age exceeded', { max_age: '60' }, 120, false],
    ['max_age by a clock five seconds behind', { max_age: '60' }, 65, true],
    ['max_age=0 and an old login', { max_age: '0' }, 30, false],
    ['max_age=0 by a clock five seconds behind', { max_age: '0' }, 5, true],
    ['max_age=0 and a new login', { max_age: '0' }, 0, true],
    ['prompt=login and an old login', { prompt: 'login' }, 30, false],
    ['prompt=login by a clock five seconds behind', { prompt: 'login' }, 5, true],
    ['prompt=login and a new login', { prompt: 'login' }, 0, true],
    ['prompt=login with max_age and an old login', { prompt: 'login', max_age: '600' }, 30, false],
    ['neither, and an old login', {}, 100_000, true],
  ];

  test("OpenID Connect Core §2: auth_time by a clock that is ahead is no later than the server's own", async () => {
    const ahead = await codeFor(web, { scope: 'openid' }, { answer: { auth_time: String(now() + 5) } });
    const { auth_time, iat } = claimsOf((await exchange(web, ahead)).json().id_token);
    assert.ok(auth_time <= iat, `${auth_time} is after ${iat}`);
  });

  for (const [name, form, age, taken] of ages) {
    test(`OpenID Connect Core §3.1.2.1: ${name}: ${taken ? 'accepted' : 'login_required'}`, async () => {
      const { browser, request } = await waiting(form);
      const auth_time = String(now() - age);
      const response = await handoff('accept', { request, ...ALICE, auth_time });
      if (taken) return assert.equal(response.status, 200, response.text);
      handedBack(response, 'login_required');
      assert.ok(arrival(await browser.get(await accept(request))).params.code, 'after logging in again');
    });
  }

  test('a request accepted twice: the first to come back gets a code, the other login_required', async () => {
    const { browser, request } = await waiting();
    const [first, second] = [await accept(request), await accept(request, { subject: 'bob' })];
    assert.notEqual(first, second);
    const { code } = arrival(await browser.get(second)).params;
    isLoginRequired(await browser.get(first));
    assert.equal(arrival(await browser.get(second)).params.code, code);
    isLoginRequired(await browser.get(first));
  });

  test('ten resumes at once: one code', async () => {
    const { browser, request } = await waiting();
    const redirect = await accept(request);
    const responses = await Promise.all(Array.from({ length: 10 }, () => browser.get(redirect)));
    const codes = new Set(responses.map((response) => arrival(response).params.code));
    assert.equal(codes.size, 1);
  });

  test('a way back that is taken again: the same code, until it is redeemed', async () => {
    const verifier = random();
    const browser = new Browser();
    const query = requestOf(web, { ...OFFLINE, nonce: 'n' }, verifier);
    const redirect = await accept(requestIn(await authorize(browser, query)), { scope: 'openid offline_access' });
    const first = arrival(await browser.get(redirect)).params;
    await sleep(1100);
    assert.deepEqual(arrival(await browser.get(redirect)).params, first, 'a second later');
    isLoginRequired(await new Browser().get(redirect));

    const login = { ...first, verifier, redirect_uri: query.redirect_uri };
    isError(await exchange(web, { ...login, verifier: random() }), 400, 'invalid_grant');
    assert.deepEqual(arrival(await browser.get(redirect)).params, first, 'nothing was redeemed');
    const response = await exchange(web, login);
    assert.equal(response.status, 200, response.text);
    isLoginRequired(await browser.get(redirect));
    await refreshed(web, response.json().refresh_token);
    isLoginRequired(await browser.get(redirect));
  });
});

describe('the login handoff: reject', { concurrency: 8 }, () => {
  const codes = [
    'access_denied',
    'login_required',
    'consent_required',
    'interaction_required',
    'account_selection_required',
    'unmet_authentication_requirements',
    'temporarily_unavailable',
    'server_error',
    'invalid_request',
    'unauthorized_client',
    'unsupported_response_type',
    'invalid_scope',
    'invalid_target',
  ];
  for (const error of codes) {
    test(`${error} reaches the client, with state and iss`, async () => {
      for (const response_mode of ['query', 'form_post']) {
        const { browser, request } = await waiting({ state: '"s"', response_mode });
        const redirect = await answered('reject', { request, error, error_description: 'Not "today", <b>sorry</b>\n' });
        const { uri, params } = arrival(await browser.get(redirect));
        assert.equal(uri, web.redirect_uris[0]);
        assert.deepEqual(params, { error, error_description: 'Not today, <b>sorry</b>', state: '"s"', iss: ISSUER });
      }
    });
  }

  test('no error named: access_denied', async () => {
    const { browser, request } = await waiting();
    const { params } = arrival(await browser.get(await answered('reject', { request })));
    assert.equal(params.error, 'access_denied');
    assert.match(params.error_description, /^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/);
  });

  for (const error of ['invalid_token', 'Access_Denied', 'x&code=evil', 'invalid_grant']) {
    test(`the error ${error}, which is not one to end a login with: invalid_request`, async () => {
      const { request } = await waiting();
      handedBack(await handoff('reject', { request, error }), 'invalid_request');
    });
  }
});

describe('the login handoff: the way back', { concurrency: 8 }, () => {
  test('RFC 9700 §4.7: another browser gets login_required, and the rightful one its code', async () => {
    const { browser, request } = await waiting();
    const redirect = await accept(request);
    const stranger = new Browser();
    isLoginRequired(await stranger.get(redirect));
    await authorize(stranger, requestOf(web));
    assert.notDeepEqual(stranger.cookies, browser.cookies);
    isLoginRequired(await stranger.get(redirect));
    const [[name, value]] = browser.cookies;
    for (const cookie of [
      `${name}=`,
      `${name}=${value}x`,
      `x${name}=${value}`,
      `${name}=${value}; ${name}=${value}`,
      'a; ; =',
    ]) {
      isLoginRequired(await new Browser().get(redirect, { cookie }));
    }
    assert.ok(arrival(await browser.get(redirect)).params.code);
  });

  test('the cookie is found among others', async () => {
    const { browser, request } = await waiting();
    const [[name, value]] = browser.cookies;
    const response = await new Browser().get(await accept(request), { cookie: `a=b; ${name}=${value}; c="d"` });
    assert.ok(arrival(response).params.code);
  });

  test('a ticket that is forged, truncated or of another kind: a page', async () => {
    const { browser, request } = await waiting();
    const redirect = await accept(request);
    const ticket = redirect.split('ticket=')[1];
    const device = (await browser.get('/device')).headers.location.split('request=')[1];
    const others = [...bent(ticket), ['the request itself', request], ['a request of another kind', device]];
    for (const [name, text] of others) {
      const response = await browser.get(`/authorize/resume?ticket=${encodeURIComponent(text)}`);
      assert.equal(response.status, 400, name);
      isPage(response, 400);
    }
    isPage(await browser.get('/authorize/resume'), 400);
    isPage(await browser.get(`${redirect}&ticket=${ticket}`), 400);
    isPage(await browser.post('/device', { ticket, user_code: 'BBBB-BBBB' }), 400);
    assert.ok(arrival(await browser.get(redirect)).params.code, 'and it is still good');
  });

  test('two tabs at once: each gets its own code, whichever is first', async () => {
    const browser = new Browser();
    const [one, two] = [await waiting({ state: 'one' }, browser), await waiting({ state: 'two' }, browser)];
    const [first, second] = [await accept(one.request), await accept(two.request, { subject: 'bob' })];
    const bob = arrival(await browser.get(second)).params;
    const alice = arrival(await browser.get(first)).params;
    assert.equal(alice.state, 'one');
    assert.equal(bob.state, 'two');
    assert.notEqual(alice.code, bob.code);
  });

  test('a tab opened later does not unbind an earlier one', async () => {
    const { browser, request } = await waiting();
    await authorize(browser, requestOf(web));
    await browser.get('/device');
    assert.ok(arrival(await browser.get(await accept(request))).params.code);
  });

  test('HEAD and POST on the way back: 405', async () => {
    const { browser, request } = await waiting();
    const redirect = await accept(request);
    assert.equal((await browser.post(redirect, {})).status, 405);
    const cookie = [...browser.cookies].map((pair) => pair.join('=')).join('; ');
    const head = await send((await host()).url, { method: 'HEAD', path: pathOf(redirect), headers: { cookie } });
    assert.equal(head.status, 405);
    assert.ok(arrival(await browser.get(redirect)).params.code);
  });

  test('what the login application says travels sealed', async () => {
    const { request } = await waiting();
    const ticket = (await accept(request)).split('ticket=')[1];
    assert.ok(!Buffer.from(ticket.slice(4), 'base64url').includes('alice'));
    assert.equal(unseal(ticket).outcome.accepted.subject, 'alice');
  });
});
