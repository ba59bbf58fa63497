// What every operation of the control API refuses.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError, isRefused, range } from './support/check.mjs';
import { FORM, send } from './support/http.mjs';
import { OF_ALL, ok } from './support/issuer.mjs';
import { OPERATIONS } from './support/operations.mjs';
import { start } from './support/process.mjs';

const mock = await start();
const LIMIT = 64 * 1024;

describe('control API: what every operation refuses', { concurrency: 8 }, () => {
  const wrongMethods = (path) => {
    const allowed = OPERATIONS.filter((one) => one.path === path).map((one) => one.method);
    return { allowed, wrong: ['GET', 'POST', 'PUT', 'DELETE', 'PATCH'].filter((method) => !allowed.includes(method)) };
  };

  for (const path of new Set(OPERATIONS.map((one) => one.path))) {
    test(`${path}: another method: 405 and Allow`, async () => {
      const issuer = await mock.fresh().make();
      const { allowed, wrong } = wrongMethods(path);
      for (const method of wrong) {
        const response = await issuer.control(method, path, method === 'GET' ? undefined : {});
        assert.equal(response.status, 405, `${method} ${path}: ${response.text}`);
        const allow = response.headers.allow.split(/, */).filter((name) => !['HEAD', 'OPTIONS'].includes(name));
        assert.deepEqual(allow.sort(), allowed.toSorted());
        isError(response, 405, 'invalid_request');
      }
    });
  }

  const withBody = OPERATIONS.filter((one) => one.body);
  for (const { method, path, body, status } of withBody) {
    const name = `${method} ${path}`;

    test(`${name}: without JSON’s content type: 415`, async () => {
      const issuer = await mock.fresh().make();
      for (const type of ['text/plain', FORM, 'application/jsonp', '']) {
        const response = await issuer.control(method, path, body, { headers: { 'content-type': type } });
        assert.equal(response.status, 415, `${type}: ${response.text}`);
        assert.ok(response.json().error_description.includes('application/json'));
      }
      const bare = await send(`${mock.url}/_mock${path}?issuer=${issuer.name}`, { method, body: JSON.stringify(body) });
      assert.equal(bare.status, 415);
    });

    test(`${name}: application/json with a charset is JSON`, async () => {
      const issuer = await mock.fresh().make();
      const response = await issuer.control(method, path, body, {
        headers: { 'content-type': 'Application/JSON; charset=utf-8' },
      });
      assert.equal(response.status, status, response.text);
    });

    test(`${name}: 64 KiB are taken, one byte more is 413`, async () => {
      const issuer = await mock.fresh().make();
      const text = JSON.stringify(body);
      const full = await issuer.control(method, path, text + ' '.repeat(LIMIT - Buffer.byteLength(text)));
      assert.equal(full.status, status, full.text);
      const over = await issuer.control(method, path, text + ' '.repeat(LIMIT + 1 - Buffer.byteLength(text)), {
        fresh: true,
      });
      isError(over, 413, 'invalid_request');
    });

    test(`${name}: what is no JSON object, or has a member that nobody knows, is refused`, async () => {
      const issuer = await mock.fresh().make();
      for (const text of [
        '',
        '{',
        'null',
        '[]',
        '"x"',
        '1',
        `${JSON.stringify(body)}x`,
        '{"a":1,}',
        Buffer.from([0x7b, 0xff, 0x7d]),
        '['.repeat(10_000),
        `${'{"claims":'.repeat(5000)}1${'}'.repeat(5000)}`,
      ]) {
        const response = await issuer.control(method, path, text);
        assert.equal(response.status, 400, `${text.slice(0, 20)}: ${response.status} ${response.text.slice(0, 200)}`);
        assert.equal(response.json().error, 'invalid_request');
      }
      isRefused(await issuer.control(method, path, { ...body, a_typing_error: 1 }), /a_typing_error/);
    });

    test(`${name}: a member twice is refused`, async () => {
      const issuer = await mock.fresh().make();
      const [[member, value]] = Object.entries(body);
      const pair = `${JSON.stringify(member)}:${JSON.stringify(value)}`;
      isRefused(await issuer.control(method, path, `{${pair},${pair}}`), new RegExp(`duplicate field .${member}.`));
    });
  }

  for (const { method, path, body, query, status } of OPERATIONS) {
    test(`${method} ${path}: 403 for a page of a foreign origin, ${status} for one of the mock’s own`, async () => {
      for (const origin of [
        'https://evil.example',
        'null',
        `http://localhost:${mock.port + 1}`,
        `http://localhost.evil.example:${mock.port}`,
        `http://evil.example:${mock.port}`,
      ]) {
        const issuer = await mock.fresh().make();
        const response = await issuer.control(method, path, body, { query, headers: { origin } });
        assert.equal(response.status, 403, `${origin}: ${response.text}`);
        assert.equal(response.headers['access-control-allow-origin'], undefined);
      }
      for (const origin of [`http://localhost:${mock.port}`, `http://127.0.0.1:${mock.port}`]) {
        const issuer = await mock.fresh().make();
        const response = await issuer.control(method, path, body, { query, headers: { origin } });
        assert.equal(response.status, status, `${origin}: ${response.text}`);
      }
    });

    test(`${method} ${path}: a query parameter that nobody knows is refused`, async () => {
      const issuer = await mock.fresh().make();
      const response = await issuer.control(method, path, body, { query: { ...query, isuer: 'x' } });
      isRefused(response, /unknown query parameter "isuer"/);
    });
  }

  for (const { method, path, body, query } of OPERATIONS.filter((one) => !OF_ALL.includes(one.path))) {
    test(`${method} ${path}: issuer= twice is refused`, async () => {
      const issuer = await mock.fresh().make();
      const response = await issuer.control(method, path, body, { query: { ...query, issuer: [issuer.name, ''] } });
      isRefused(response, /issuer is given more than once/);
    });
  }

  test('a foreign Origin changes nothing', async () => {
    const issuer = await mock.fresh().make();
    await issuer.control('POST', '/faults', { fault: 'drop' }, { headers: { origin: 'https://evil.example' } });
    await issuer.control('DELETE', '/issuer', undefined, { headers: { origin: 'https://evil.example' } });
    assert.deepEqual(await issuer.faults(), []);
  });

  test('a name of somebody else’s that leads here (DNS rebinding) is foreign', async () => {
    for (const host of [
      'evil.example',
      `evil.example:${mock.port}`,
      `mock:${mock.port}`,
      'mock.internal',
      'mock.local',
      'mock.test',
    ]) {
      const response = await mock
        .at()
        .control('POST', '/clock', { advance: 0 }, { headers: { host, origin: `http://${host}` } });
      assert.equal(response.status, 403, `${host}: ${response.text}`);
    }
  });

  test('the name of a service is its own where it was told', async (t) => {
    const told = await start({ t, args: ['--backend-url', 'http://mock:8080'] });
    const host = 'mock:8080';
    const asks = (mock, origin) => mock.at().control('POST', '/clock', { advance: 0 }, { headers: { host, origin } });
    assert.equal((await asks(told, `http://${host}`)).status, 200);
    assert.equal((await asks(told, 'http://mock:9000')).status, 403);
    assert.equal((await asks(mock, `http://${host}`)).status, 403);
  });

  test('the preflight of a foreign page: 403', async () => {
    const response = await mock.send('/_mock/faults', {
      method: 'OPTIONS',
      headers: {
        origin: 'https://evil.example',
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    isError(response, 403, 'access_denied');
    assert.equal(response.headers['access-control-allow-origin'], undefined);
  });

  for (const path of [
    '/_mock',
    '/_mock/',
    '/_mock/nothing',
    '/_mock/faults/1',
    '/_mock/faults/',
    '/_mock/users/alice',
    '/_mock/token',
    '/_mock/.well-known/openid-configuration',
    '/_mock/journal/',
    '/_mock/Issuers',
    '/acme/_mock/faults',
  ]) {
    test(`${path}: 404, and no issuer of that name`, async () => {
      const response = await mock.send(path);
      assert.equal(response.status, 404, `${response.status} ${response.text.slice(0, 100)}`);
      assert.deepEqual(
        (await mock.names()).filter((name) => name.includes('_mock')),
        [],
      );
    });
  }

  test('errors are JSON, not stored, and show nothing of the inside', async () => {
    const response = await mock.at().control('POST', '/faults', { fault: 'slwo' });
    assert.equal(response.headers['cache-control'], 'no-store');
    assert.equal(response.headers['content-type'], 'application/json');
    assert.ok(!/src\/|\.rs|serde|Error\(/.test(response.text), response.text);
  });

  test('300 faults, 300 users and 300 rules in one issuer', async () => {
    const issuer = await mock.fresh().make();
    await Promise.all(range(300).map((n) => issuer.fault({ fault: 'drop', match: { client_id: `c-${n}` } })));
    await Promise.all(range(300).map((n) => issuer.user({ sub: `u-${n}` })));
    await Promise.all(range(300).map((n) => issuer.rule({ match: { client_id: `c-${n}` }, access_token: { n } })));
    assert.equal(new Set((await issuer.faults()).map((fault) => fault.id)).size, 300);
    assert.equal((await issuer.set('GET', '/users')).users.length, 303, 'beside alice, bob and carol');
    assert.equal((await issuer.set('GET', '/claims')).claims.length, 300);
    await issuer.granted();
  });

  test('a pattern made to be slow is matched in time', async () => {
    const issuer = await mock.fresh().make();
    await issuer.fault({ fault: 'drop', match: { parameters: { scope: `${'*a'.repeat(40)}*b` } } });
    const response = ok(await issuer.token({ scope: 'a'.repeat(2000) }));
    assert.ok(response.ms < 2000, `${response.ms} ms`);
  });
});
