// 200 tests at once in one mock, each with its own issuer, users, clock and faults.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { claimsOf } from '../suite/support/tokens.mjs';
import { eachAtOnce, faultsOf, isError, judged, range } from './support/check.mjs';
import { header, OFFLINE, ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const mock = await start();
const TESTS = 200;
const AT_ONCE = 20;

/** The fault of the n-th test is the n-th of these, and over again. */
const FAULTS = [
  { fault: 'invalid_grant', check: (response) => isError(response, 400, 'invalid_grant') },
  { fault: 'status-503', check: (response) => assert.equal(response.status, 503) },
  { fault: 'rate-limit-7', check: (response) => assert.equal(response.headers['retry-after'], '7') },
  { fault: 'truncate', check: (response) => assert.throws(() => response.json(), SyntaxError) },
  { fault: 'slow-30ms', check: (response) => assert.ok(ok(response).ms >= 28) },
  {
    fault: 'expired',
    check: async (response, issuer, at) =>
      assert.equal(await judged(issuer.verify(response.json().access_token, { at })), 'ERR_JWT_EXPIRED'),
  },
  { fault: 'alg-none', check: (response) => assert.equal(header(response.json().access_token).alg, 'none') },
  { fault: 'missing-token_type', check: (response) => assert.ok(!('token_type' in ok(response).json())) },
];

/** A test as users write them, about an issuer of its own. */
async function script(n) {
  const issuer = mock.at(`test-${n}`);
  const then = 1_600_000_000 + n * 100_000;
  const person = { sub: `person-${n}`, claims: { email: `p${n}@x.example` }, id_token: { number: n } };
  await issuer.make({
    users: [person],
    clock: { set: then, freeze: true },
    claims: [{ access_token: { tenant: `tenant-${n}` } }],
  });

  const first = await issuer.tokens({ client: `web-${n}`, user: person.sub, scope: OFFLINE });
  const access = (await issuer.verify(first.access_token, { at: then })).payload;
  assert.deepEqual(
    [access.tenant, access.iat, access.sub, access.client_id],
    [`tenant-${n}`, then, person.sub, `web-${n}`],
  );
  assert.equal(claimsOf(first.id_token).number, n);
  assert.equal(ok(await issuer.userinfo(first.access_token)).json().email, `p${n}@x.example`);

  const { fault, check } = FAULTS[n % FAULTS.length];
  await issuer.fault({ fault, match: { grant_type: 'client_credentials' }, times: 1 });
  const faulty = await issuer.token();
  assert.deepEqual(faultsOf(faulty), [fault]);
  await check(faulty, issuer, then);
  assert.deepEqual(faultsOf(await issuer.token()), []);

  const { now } = await issuer.clock({ advance: 600 + n });
  assert.equal(now, then + 600 + n);
  const second = ok(await issuer.refresh(first.refresh_token, { client: `web-${n}` })).json();
  assert.equal(claimsOf(second.access_token).iat, now);
  await issuer.clock({ advance: 4000 });
  assert.equal(await issuer.active(second.access_token), false);

  const kid = header(second.access_token).kid;
  await issuer.keys({ action: 'rotate' });
  assert.notEqual(header((await issuer.granted()).access_token).kid, kid);

  assert.equal(await issuer.count({ endpoint: 'token' }), 5);
  assert.equal(await issuer.count({ endpoint: 'token', client_id: `web-${n}` }), 2);
  assert.equal((await issuer.take({ endpoint: 'token', timeout_ms: 0 })).json().client_id, `web-${n}`);
  const [{ seen, acted }] = await issuer.faults();
  assert.deepEqual([seen, acted], [3, 1]);
  // A third of the tests delete their issuer at the end, a third reset it while others run.
  if (n % 3 === 0) await issuer.set('DELETE', '/issuer');
  if (n % 3 === 1) {
    await issuer.reset();
    assert.equal((await issuer.clock()).now, then);
    assert.equal(await issuer.count(), 0);
  }
  return kid;
}

test(`isolation: ${TESTS} tests, ${AT_ONCE} at once, none disturbs another`, async () => {
  const kids = await eachAtOnce(range(TESTS), AT_ONCE, script);
  assert.equal(new Set(kids).size, TESTS);
  const names = (await mock.names()).filter((name) => name.startsWith('test-'));
  assert.equal(names.length, range(TESTS).filter((n) => n % 3 !== 0).length);
});

test('isolation: the default issuer noticed nothing', async () => {
  assert.equal(await mock.at().count(), 0);
  assert.deepEqual(await mock.at().faults(), []);
  assert.ok(Math.abs((await mock.at().clock()).now - Date.now() / 1000) <= 2);
});

test('at most 10,000 issuers; then 503, and those there are go on', { timeout: 60_000 }, async (t) => {
  const own = await start({ t });
  const there = (await own.names()).length;
  await eachAtOnce(range(10_000 - there), 50, async (n) => {
    const response = await own.send(`/n${n}/.well-known/openid-configuration`);
    assert.equal(response.status, 200, response.text);
  });
  for (const path of ['/one-too-many/.well-known/openid-configuration', '/one-too-many/.well-known/jwks.json']) {
    const response = await own.send(path);
    assert.equal(response.status, 503, response.text.slice(0, 200));
  }
  const put = await own.at('one-too-many').control('PUT', '/issuer', {});
  assert.equal(put.status, 503, put.text);
  ok(await own.at('n17').token());
  await own.at('n18').set('DELETE', '/issuer');
  ok(await own.at('one-too-many').token());
});
