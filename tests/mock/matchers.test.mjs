// Which requests a fault acts on, how often, and together with which others.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { faultsOf, isError, range } from './support/check.mjs';
import { OFFLINE, ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const mock = await start();

const faulty = async (fault) => {
  const issuer = await mock.fresh().make();
  await issuer.fault(fault);
  return issuer;
};

describe('which requests a fault acts on', { concurrency: 8 }, () => {
  const statuses = async (issuer, count, ask = () => issuer.token()) => {
    const found = [];
    for (let n = 0; n < count; n += 1) found.push((await ask(n)).status);
    return found;
  };

  test('without times a fault acts always', async () => {
    assert.deepEqual(await statuses(await faulty('status-500'), 4), [500, 500, 500, 500]);
  });

  test('times: so often, then never again', async () => {
    const issuer = await faulty({ fault: 'status-500', times: 2 });
    assert.deepEqual(await statuses(issuer, 4), [500, 500, 200, 200]);
    const [{ seen, acted }] = await issuer.faults();
    assert.deepEqual([seen, acted], [4, 2]);
  });

  test('nth: only that one', async () => {
    assert.deepEqual(await statuses(await faulty({ fault: 'status-500', nth: 3 }), 5), [200, 200, 500, 200, 200]);
  });

  test('nth and times: from there on, so often', async () => {
    assert.deepEqual(
      await statuses(await faulty({ fault: 'status-500', nth: 2, times: 2 }), 5),
      [200, 500, 500, 200, 200],
    );
  });

  test('nth counts matching requests only', async () => {
    const issuer = await faulty({ fault: 'status-500', nth: 2, match: { client_id: 'a' } });
    const clients = ['b', 'a', 'b', 'b', 'a', 'a'];
    assert.deepEqual(
      await statuses(issuer, 6, (n) => issuer.token({}, { client: clients[n] })),
      [200, 200, 200, 200, 500, 200],
    );
  });

  test('times is exact under 50 requests at once', async () => {
    const issuer = await faulty({ fault: 'status-500', times: 7 });
    const found = await Promise.all(range(50).map(async () => (await issuer.token()).status));
    assert.equal(found.filter((status) => status === 500).length, 7);
    assert.equal((await issuer.faults())[0].acted, 7);
  });

  const matchers = [
    [
      'client_id, by Basic',
      { client_id: 'billing' },
      (issuer) => issuer.token({}, { client: 'billing' }),
      (issuer) => issuer.token({}, { client: 'other' }),
    ],
    [
      'client_id, in the body',
      { client_id: 'billing' },
      (issuer) => issuer.post('/token', { grant_type: 'client_credentials', client_id: 'billing', client_secret: 's' }),
      (issuer) =>
        issuer.post('/token', { grant_type: 'client_credentials', client_id: 'billing2', client_secret: 's' }),
    ],
    [
      'client_id, by a pattern',
      { client_id: 'bill*' },
      (issuer) => issuer.token({}, { client: 'bill-9' }),
      (issuer) => issuer.token({}, { client: 'a-bill' }),
    ],
    [
      'a pattern in the middle',
      { client_id: 'a*z' },
      (issuer) => issuer.token({}, { client: 'a-z' }),
      (issuer) => issuer.token({}, { client: 'a-zz-y' }),
    ],
    [
      'a star for nothing',
      { client_id: 'a*' },
      (issuer) => issuer.token({}, { client: 'a' }),
      (issuer) => issuer.token({}, { client: 'A' }),
    ],
    [
      'no regular expression',
      { client_id: 'a.c' },
      (issuer) => issuer.token({}, { client: 'a.c' }),
      (issuer) => issuer.token({}, { client: 'abc' }),
    ],
    [
      'grant_type',
      { grant_type: 'client_credentials' },
      (issuer) => issuer.token(),
      (issuer) => issuer.refresh('x'),
      400,
    ],
    [
      'grant_type, by a pattern',
      { grant_type: '*device_code' },
      (issuer) => issuer.poll('x'),
      (issuer) => issuer.token(),
    ],
    ['method', { method: 'POST' }, (issuer) => issuer.token(), (issuer) => issuer.get('/token'), 405],
    [
      'endpoint',
      { endpoint: 'introspect' },
      (issuer) => issuer.as('web', '/introspect', { token: 'x' }),
      (issuer) => issuer.token(),
    ],
    [
      'a parameter',
      { parameters: { resource: 'https://api.example' } },
      (issuer) => issuer.token({ resource: 'https://api.example' }),
      (issuer) => issuer.token({ resource: 'https://api.example/x' }),
    ],
    [
      'a parameter, by a pattern',
      { parameters: { scope: '*write*' } },
      (issuer) => issuer.token({ scope: 'read write' }),
      (issuer) => issuer.token({ scope: 'read' }),
    ],
    [
      'a parameter that must be there',
      { parameters: { audience: '*' } },
      (issuer) => issuer.token({ audience: 'https://a.example' }),
      (issuer) => issuer.token(),
    ],
    [
      'several parameters: all of them',
      { parameters: { scope: 'a', resource: '*' } },
      (issuer) => issuer.token({ scope: 'a', resource: 'https://a.example' }),
      (issuer) => issuer.token({ scope: 'a' }),
    ],
    [
      'all of several matchers',
      { client_id: 'a', grant_type: 'client_credentials', parameters: { scope: 's' } },
      (issuer) => issuer.token({ scope: 's' }, { client: 'a' }),
      (issuer) => issuer.token({ scope: 's' }, { client: 'b' }),
    ],
  ];
  for (const [name, match, yes, no, status = 200] of matchers) {
    test(`match: ${name}`, async () => {
      const issuer = await faulty({ fault: 'status-418', match });
      assert.equal((await yes(issuer)).status, 418);
      assert.equal((await no(issuer)).status, status);
    });
  }

  for (const [name, match] of [
    ['a star', { client_id: '*' }],
    ['nothing', {}],
    ['absent', undefined],
  ]) {
    test(`match: ${name}: every request`, async () => {
      const issuer = await faulty({ fault: 'status-418', match });
      for (const client of ['x', 'y']) assert.equal((await issuer.token({}, { client })).status, 418);
    });
  }

  test('match: a parameter of the query at authorize', async () => {
    const issuer = await faulty({ fault: 'login_required', match: { parameters: { prompt: 'none' } } });
    assert.equal((await issuer.arrive({ prompt: 'none' })).params.error, 'login_required');
    assert.ok((await issuer.arrive()).params.code);
  });

  test('an error that stands in for the answer leaves code and refresh token as they were', async () => {
    const issuer = await mock.fresh().make();
    const login = await issuer.login({ scope: OFFLINE });
    await issuer.fault({ fault: 'status-503', times: 1 });
    assert.equal((await issuer.redeem(login)).status, 503);
    const tokens = ok(await issuer.redeem(login)).json();
    await issuer.fault({ fault: 'temporarily_unavailable', match: { endpoint: 'token' }, times: 1 });
    assert.equal((await issuer.refresh(tokens.refresh_token)).status, 503);
    ok(await issuer.refresh(tokens.refresh_token));
  });

  test('two faults on one request: a delay and an error, both named', async () => {
    const issuer = await faulty('slow-150ms');
    await issuer.fault('invalid_grant');
    const response = await issuer.token();
    isError(response, 400, 'invalid_grant');
    assert.ok(response.ms >= 148, `${response.ms} ms`);
    assert.deepEqual(faultsOf(response), ['slow-150ms', 'invalid_grant']);
    assert.deepEqual((await issuer.journal())[0].faults, ['slow-150ms', 'invalid_grant']);
  });

  test('two that answer: the first acts, the second waits for its turn', async () => {
    const issuer = await faulty({ fault: 'status-503', times: 1 });
    await issuer.fault({ fault: 'invalid_grant', times: 1 });
    assert.deepEqual(await statuses(issuer, 3), [503, 400, 200]);
  });

  test('two faults on one request: a mangled answer and a delay', async () => {
    const issuer = await faulty('truncate');
    await issuer.fault('slow-100ms');
    const response = await issuer.token();
    assert.throws(() => response.json(), SyntaxError);
    assert.ok(response.ms >= 98);
    assert.deepEqual(faultsOf(response).sort(), ['slow-100ms', 'truncate']);
  });

  test('no fault, no header', async () => {
    const issuer = mock.fresh();
    const response = await issuer.token();
    assert.equal((await issuer.journal())[0].faults, undefined);
    assert.equal(response.headers['jeton-mock-fault'], undefined);
  });

  test('a fault does not make the mock’s own calls fail', async () => {
    const issuer = await faulty({ fault: 'status-500', match: { client_id: '*' } });
    await issuer.set('GET', '/journal');
    ok(await mock.send('/health'));
    ok(await mock.send('/isalive'));
  });

  test('faults act in a strict mock as well', async (t) => {
    const strict = await start({ t, args: ['--strict'] });
    await strict.at().fault('invalid_scope');
    isError(await strict.at().token({}, { client: ['demo', 'demo-secret'] }), 400, 'invalid_scope');
  });

  test('faults in the file, for every issuer and for one', async (t) => {
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
