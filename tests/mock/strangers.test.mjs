// Whatever a stranger sends, the mock answers, and never with a 5xx of its own.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { basic, FORM, JSON_TYPE, send } from './support/http.mjs';
import { ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

/** mulberry32: the same strangers in every run. */
function dice(seed) {
  let state = seed;
  return (sides) => {
    state = (state + 0x6d2b79f5) | 0;
    let x = Math.imul(state ^ (state >>> 15), 1 | state);
    x = (x + Math.imul(x ^ (x >>> 7), 61 | x)) ^ x;
    return ((x ^ (x >>> 14)) >>> 0) % sides;
  };
}

const TEXTS = [
  '',
  'x',
  '%',
  '%zz',
  '%ff%fe',
  '%00',
  '&',
  '=',
  'a=b=c',
  '+++',
  '%F0%9F%98%80',
  `jac_${'A'.repeat(119)}`,
  'jrt_',
  `jsr_${'B'.repeat(300)}`,
  'eyJhbGciOiJub25lIn0.e30.',
  '{"a":1}',
  '[[[[',
  '${client_id}',
  'fault:slow-',
  'fault:missing-',
  'fail.',
  'fail.without-',
  '*',
  '..',
  '"',
  "'",
  '<script>',
  '9'.repeat(40),
  '-1',
  '1e9',
  'null',
  'a'.repeat(5000),
  'http://[::1',
  'https://x/%',
  'javascript:alert(1)',
  'urn:x',
  '//x',
  'none',
  'login',
  'S256',
  'openid',
  'code',
  'form_post',
  'authorization_code',
  'refresh_token',
  'client_credentials',
  'urn:ietf:params:oauth:grant-type:device_code',
];
const NAMES = [
  'grant_type',
  'client_id',
  'client_secret',
  'code',
  'redirect_uri',
  'code_verifier',
  'scope',
  'resource',
  'audience',
  'refresh_token',
  'device_code',
  'token',
  'state',
  'nonce',
  'response_type',
  'response_mode',
  'code_challenge',
  'code_challenge_method',
  'prompt',
  'max_age',
  'login_hint',
  'request',
  'ticket',
  'subject',
  'username',
  'claims',
  'error',
  'user_code',
  'decision',
  'id_token_hint',
  'post_logout_redirect_uri',
  'auth_time',
  'issuer',
  'all',
  'id',
  'timeout_ms',
  'after',
  'status',
  'endpoint',
];
const PATHS = [
  ['POST', '/token'],
  ['GET', '/authorize'],
  ['POST', '/authorize'],
  ['POST', '/authorize/request'],
  ['POST', '/authorize/accept'],
  ['POST', '/authorize/reject'],
  ['GET', '/authorize/resume'],
  ['POST', '/device_authorization'],
  ['GET', '/device'],
  ['POST', '/device'],
  ['POST', '/introspect'],
  ['POST', '/revoke'],
  ['POST', '/revoke_grants'],
  ['GET', '/userinfo'],
  ['POST', '/userinfo'],
  ['GET', '/end_session'],
  ['POST', '/end_session'],
  ['GET', '/end_session/resume'],
  ['GET', '/login'],
  ['POST', '/login'],
  ['GET', '/logout'],
  ['GET', '/debugger'],
  ['POST', '/debugger'],
  ['GET', '/debugger/callback'],
  ['GET', '/'],
  ['GET', '/jwks'],
  ['PATCH', '/token'],
  ['OPTIONS', '/token'],
];
const CONTROL = [
  ['POST', '/users'],
  ['POST', '/clients'],
  ['POST', '/claims'],
  ['POST', '/mint'],
  ['POST', '/keys'],
  ['POST', '/clock'],
  ['PUT', '/issuer'],
  ['GET', '/journal'],
  ['GET', '/journal/count'],
  ['POST', '/reset'],
  ['DELETE', '/users'],
  ['GET', '/issuers'],
];
const VALUES = [
  null,
  true,
  -1,
  0,
  1e308,
  '',
  'x',
  'without-',
  [],
  {},
  [[]],
  { a: {} },
  '${x}',
  'expired',
  { status: 200 },
  ['id_token'],
  2 ** 64,
  'a'.repeat(3000),
  [{ sub: 'x' }],
  [{ client_id: 'x', client_secret: 's' }],
];
const KEYS = [
  'match',
  'nth',
  'times',
  'tokens',
  'sub',
  'name',
  'claims',
  'id_token',
  'access_token',
  'userinfo',
  'client_id',
  'client_secret',
  'redirect_uris',
  'scope',
  'audiences',
  'grant_types',
  'login',
  'alg',
  'typ',
  'action',
  'set',
  'freeze',
  'advance',
  'reset',
  'users',
  'clients',
  'signing_algs',
  'access_token_lifetime',
  'auto_login',
  'clock',
  'response',
  'introspection',
  'refresh_token',
  'access_token_header',
  'id_token_header',
  'next_login',
];

for (const [how, args] of [
  ['lenient', []],
  ['strict', ['--strict']],
  ['trusting Host', ['--trust-host']],
]) {
  test(`1,500 requests of nonsense, ${how}: no 5xx, no crash, and it still works`, async (t) => {
    const mock = await start({ t, args });
    const roll = dice(args.length + 7);
    const pick = (list) => list[roll(list.length)];
    const visible = (text) => text.replace(/[^\x21-\x7e]/g, '');
    const pairs = () =>
      Array.from(
        { length: roll(8) },
        () => `${pick(NAMES)}=${roll(3) ? encodeURIComponent(pick(TEXTS)) : visible(pick(TEXTS))}`,
      ).join('&');
    for (let n = 0; n < 1500; n += 1) {
      const control = roll(4) === 0;
      const [method, path] = pick(control ? CONTROL : PATHS);
      const query = roll(2) ? `?${pairs()}` : '';
      const json = () =>
        JSON.stringify(Object.fromEntries(Array.from({ length: roll(4) }, () => [pick(KEYS), pick(VALUES)])));
      const body = method === 'GET' ? undefined : control ? json() : pairs();
      const headers = {
        ...(body === undefined
          ? {}
          : { 'content-type': control ? JSON_TYPE : pick([FORM, FORM, FORM, 'text/plain', 'multipart/form-data']) }),
        ...(roll(4)
          ? {}
          : {
              authorization: pick([
                `Basic ${visible(pick(TEXTS))}`,
                `Bearer ${visible(pick(TEXTS))}`,
                basic('a', 'b'),
                'Basic',
              ]),
            }),
        ...(roll(6) ? {} : { cookie: `jeton-mock-session=${visible(pick(TEXTS))}` }),
        ...(roll(8) ? {} : { 'x-forwarded-host': visible(pick(TEXTS)).slice(0, 500) }),
        ...(roll(8) ? {} : { origin: pick(['null', 'http://a', 'x']) }),
      };
      const address = `${control ? '/_mock' : pick(['', '', '/acme', '/a/b'])}${path}${query}`;
      const response = await send(`${mock.url}${address}`, { method, headers, body, timeout: 10_000 });
      assert.ok(response.status < 500, `${method} ${address} ${body ?? ''}: ${response.status} ${response.text}`);
    }
    assert.ok(!mock.log().some((line) => /panicked/.test(line)));
    const issuer = await mock
      .fresh()
      .make({ clients: [{ client_id: 'm2m', client_secret: 'any-secret', grant_types: ['client_credentials'] }] });
    ok(await issuer.token());
  });
}
