// Any path is an issuer: a provider of its own.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claimsOf } from '../suite/support/tokens.mjs';
import { isError, range } from './support/check.mjs';
import { OFFLINE, ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const mock = await start();
const WELL_KNOWN = '/.well-known/openid-configuration';
const OAUTH = '/.well-known/oauth-authorization-server';

describe('issuers', { concurrency: 8 }, () => {
  test('nothing to configure: /token, /{anything}/token and /any/path/token work at once', async () => {
    for (const name of ['', 'anything', 'any/path', 'a/b/c/d/e', 'A.b_c~d-0']) {
      const { access_token } = await mock.at(name).granted();
      const { payload } = await mock.at(name).verify(access_token);
      assert.equal(payload.iss, name ? `${mock.issuer}/${name}` : mock.issuer);
    }
  });

  test('the default issuer is http://localhost:PORT, on 127.0.0.1', async () => {
    assert.equal(mock.issuer, `http://localhost:${mock.port}`);
    assert.equal(mock.url, `http://127.0.0.1:${mock.port}`);
    assert.equal((await mock.at().metadata()).issuer, mock.issuer);
  });

  test('discovery of a nested issuer names its own endpoints', async () => {
    const issuer = mock.fresh('nested/one');
    const metadata = await issuer.metadata();
    assert.equal(metadata.issuer, issuer.id);
    const addresses = Object.entries(metadata).filter(([name]) => /_endpoint$|_uri$/.test(name));
    assert.equal(addresses.length, 9);
    for (const [name, value] of addresses) assert.ok(value.startsWith(`${issuer.id}/`), `${name}: ${value}`);
  });

  test('RFC 8414 §3.1: metadata in front of the name as well as beneath it', async () => {
    const issuer = mock.fresh('rfc8414/deep');
    const front = ok(await mock.send(`${OAUTH}/${issuer.name}`)).json();
    assert.equal(front.issuer, issuer.id);
    assert.deepEqual(ok(await issuer.get(OAUTH)).json(), front);
    assert.equal(ok(await mock.send(OAUTH)).json().issuer, mock.issuer);
  });

  test('the path of RFC 8414 makes the issuer it names, and none called .well-known', async () => {
    const issuer = mock.fresh('made-by-8414');
    ok(await mock.send(`${OAUTH}/${issuer.name}`));
    const names = await mock.names();
    assert.ok(names.includes(issuer.name));
    assert.ok(!names.some((name) => name.includes('.well-known')), names.join());
  });

  test('a path that is no endpoint makes nothing: 404', async () => {
    const paths = [
      '/nobody',
      '/nobody/',
      '/nobody/foo',
      '/nobody/tokens',
      '/nobody/token/',
      '/nobody/token/x',
      '/nobody/.well-known',
      '/nobody//',
      '/nobody/TOKEN',
    ];
    for (const path of paths) {
      for (const method of ['GET', 'POST']) {
        const response = await mock.send(path, { method });
        assert.equal(response.status, 404, `${method} ${path}: ${response.status}`);
      }
    }
    assert.deepEqual(
      (await mock.names()).filter((name) => name.startsWith('nobody')),
      [],
    );
  });

  const misnamed = [
    ['129 letters', 'x'.repeat(129)],
    ['a space', 'a%20b'],
    ['a percent sign', 'a%25b'],
    ['a NUL', 'a%00b'],
    ['a quote', 'a"b'],
    ['an angle bracket', 'a%3Cscript%3E'],
    ['a semicolon', 'a;b'],
    ['beyond ASCII', 'caf%C3%A9'],
    ['a star', 'a*b'],
    ['an at sign', 'a@b'],
  ];
  for (const [what, name] of misnamed) {
    test(`a name with ${what} is no issuer's`, async () => {
      const response = await mock.send(`/${name}${WELL_KNOWN}`);
      isError(response, 404, 'not_found');
      const made = await mock.names();
      assert.ok(!made.includes(name) && !made.includes(decodeURIComponent(name)));
    });
  }

  test('128 letters are a name', async () => {
    const name = 'y'.repeat(128);
    assert.equal((await mock.at(name).metadata()).issuer, `${mock.issuer}/${name}`);
  });

  test('two names that a careless join would mix up are two issuers', async () => {
    const issuers = ['mix/up', 'mixup', 'mix', 'up', 'mix/u/p', 'mix-up'].map((name) => mock.at(name));
    const kids = await Promise.all(issuers.map(async (issuer) => (await issuer.kids()).join()));
    assert.equal(new Set(kids).size, issuers.length);
  });

  test('a control call on an unknown issuer is 404 and creates nothing', async () => {
    const ghost = mock.fresh('ghost');
    const calls = [
      ['GET', '/issuer'],
      ['DELETE', '/issuer'],
      ['GET', '/users'],
      ['POST', '/users', { sub: 'x' }],
      ['DELETE', '/users', undefined, { sub: 'alice' }],
      ['GET', '/clients'],
      ['POST', '/clients', { client_id: 'x' }],
      ['DELETE', '/clients', undefined, { client_id: 'demo' }],
      ['GET', '/claims'],
      ['POST', '/claims', { id_token: {} }],
      ['DELETE', '/claims'],
      ['GET', '/faults'],
      ['POST', '/faults', { fault: 'drop' }],
      ['DELETE', '/faults'],
      ['GET', '/clock'],
      ['POST', '/clock', { advance: 1 }],
      ['GET', '/keys'],
      ['POST', '/keys', { action: 'rotate' }],
      ['GET', '/journal'],
      ['GET', '/journal/count'],
      ['POST', '/journal/take', undefined, { timeout_ms: 0 }],
      ['DELETE', '/journal'],
      ['POST', '/reset'],
      ['POST', '/mint', { claims: {} }],
    ];
    for (const [method, path, body, query] of calls) {
      const response = await ghost.control(method, path, body, { query });
      assert.equal(response.status, 404, `${method} ${path}: ${response.status} ${response.text}`);
      assert.ok(response.json().error, `${method} ${path}`);
      assert.match(response.json().error_description, new RegExp(ghost.name), 'which one is unknown');
    }
    assert.ok(!(await mock.names()).includes(ghost.name));
  });

  test('keys are separate: no issuer verifies the token of another', async () => {
    const [one, other] = [mock.fresh(), mock.fresh()];
    const { access_token } = await one.granted();
    await assert.rejects(other.verify(access_token, { issuer: one.id }), { code: 'ERR_JWKS_NO_MATCHING_KEY' });
    const [its, others] = [await one.kids(), await other.kids()];
    assert.ok(its.length > 0 && others.length > 0);
    assert.deepEqual(
      its.filter((kid) => others.includes(kid)),
      [],
    );
  });

  test('tokens are separate: introspection, userinfo, refresh and codes of another issuer', async () => {
    const [one, other] = [mock.fresh(), mock.fresh()];
    const tokens = await one.tokens({ scope: OFFLINE });
    await other.metadata();
    assert.equal(await one.active(tokens.access_token), true);
    assert.equal(await other.active(tokens.access_token), false);
    assert.equal((await other.userinfo(tokens.access_token)).status, 401);
    isError(await other.refresh(tokens.refresh_token), 400, 'invalid_grant');
    isError(await other.redeem(await one.login()), 400, 'invalid_grant');
    assert.equal((await one.refresh(tokens.refresh_token)).status, 200, 'and is none the worse for it');
  });

  test('a device code and a user code are of their issuer only', async () => {
    const [one, other] = [mock.fresh(), mock.fresh()];
    const device = ok(await one.device()).json();
    await other.metadata();
    isError(await other.poll(device.device_code), 400, 'invalid_grant');
    assert.ok(device.verification_uri.startsWith(`${one.id}/`));
  });

  test('users and clients are separate', async () => {
    const [one, other] = [await mock.fresh().make(), await mock.fresh().make()];
    await one.user({ sub: 'dora', name: 'Dora' });
    await one.client({ client_id: 'own', client_secret: 'x' });
    const subs = async (issuer) => (await issuer.set('GET', '/users')).users.map((user) => user.sub);
    const ids = async (issuer) => (await issuer.set('GET', '/clients')).clients.map((client) => client.client_id);
    assert.deepEqual(await subs(one), ['alice', 'bob', 'carol', 'dora']);
    assert.deepEqual(await subs(other), ['alice', 'bob', 'carol']);
    assert.ok((await ids(one)).includes('own'));
    assert.ok(!(await ids(other)).includes('own'));
  });

  test('faults, claims, clock and journal are separate', async () => {
    const [one, other] = [await mock.fresh().make(), await mock.fresh().make()];
    const clock = await other.clock();
    await one.fault({ fault: 'status-503' });
    await one.rule({ access_token: { tenant: 'one' } });
    await one.clock({ set: 1_000_000_000, freeze: true });
    assert.equal((await one.token()).status, 503);
    const { access_token } = await other.granted();
    assert.equal(claimsOf(access_token).tenant, undefined);
    assert.ok(claimsOf(access_token).iat >= clock.now);
    assert.equal(await one.count({ endpoint: 'token' }), 1);
    assert.equal(await other.count({ endpoint: 'token' }), 1);
    assert.deepEqual(await other.faults(), []);
  });

  test('a login at one issuer is none at another, in the same browser', async () => {
    const [one, other] = [mock.fresh(), mock.fresh()];
    const { browser } = await one.login({ user: 'alice' });
    const { params } = await other.arrive({ browser, user: null, prompt: 'none' });
    assert.equal(params.error, 'login_required');
  });

  test('strictness is separate', async () => {
    const [strict, lenient] = [await mock.fresh().make({ strictness: 'strict' }), mock.fresh()];
    isError(await strict.token(), 401, 'invalid_client');
    assert.equal((await lenient.token()).status, 200);
    assert.equal((await strict.set('GET', '/issuer')).strictness, 'strict');
  });

  test('PUT makes an issuer (201), and makes it anew (200)', async () => {
    const issuer = mock.fresh('put/nested');
    const made = await issuer.control('PUT', '/issuer', { users: [{ sub: 'zoe' }] });
    assert.equal(made.status, 201, made.text);
    assert.equal(made.json().name, issuer.name);
    assert.equal(made.json().issuer, issuer.id);
    await issuer.fault('drop');
    const again = await issuer.control('PUT', '/issuer', { users: [{ sub: 'yan' }] });
    assert.equal(again.status, 200, again.text);
    assert.deepEqual(again.json().journal, 0);
    assert.deepEqual(await issuer.faults(), []);
    const { users } = await issuer.set('GET', '/users');
    assert.deepEqual(
      users.map((user) => user.sub),
      ['yan'],
    );
  });

  test('an issuer that is put anew keeps its keys and forgets its grants', async () => {
    const issuer = await mock.fresh().make();
    const kids = await issuer.kids();
    const tokens = await issuer.tokens({ scope: OFFLINE });
    await issuer.make();
    assert.deepEqual(await issuer.kids(), kids, 'they come from the seed and the name');
    isError(await issuer.refresh(tokens.refresh_token), 400, 'invalid_grant');
  });

  test('PUT with a mistake makes nothing, and leaves what there is', async () => {
    const issuer = mock.fresh();
    const bad = await issuer.control('PUT', '/issuer', { users: [{ sub: 'ok' }, { subject: 'oops' }] });
    assert.equal(bad.status, 400, bad.text);
    assert.match(bad.json().error_description, /users\[1\]/);
    assert.ok(!(await mock.names()).includes(issuer.name));
    await issuer.make({ users: [{ sub: 'first' }] });
    assert.equal((await issuer.control('PUT', '/issuer', { strictness: 'very' })).status, 400);
    assert.deepEqual(
      (await issuer.set('GET', '/users')).users.map((user) => user.sub),
      ['first'],
    );
  });

  test('PUT with a malformed name: 400', async () => {
    for (const name of ['a b', 'x'.repeat(129), 'a?b', 'a#b', '<script>', 'é', 'a%20b', '\0', 'a"b']) {
      const response = await mock.at().control('PUT', '/issuer', {}, { query: { issuer: name } });
      assert.equal(response.status, 400, `${name}: ${response.status} ${response.text}`);
      assert.match(response.json().error_description, /issuer/);
    }
  });

  test('PUT with a name that no URL path leads to: 400', async () => {
    for (const name of ['_mock', '_mock/x', '..', 'a/../b', './a', '/a', 'a/', 'a//b', '/']) {
      const response = await mock.at().control('PUT', '/issuer', {}, { query: { issuer: name } });
      assert.equal(response.status, 400, `${name}: ${response.status} ${response.text}`);
    }
  });

  test('DELETE ends an issuer; the next request makes it from the template', async () => {
    const issuer = await mock.fresh().make({ users: [{ sub: 'gone' }] });
    const { refresh_token } = await issuer.tokens({ scope: OFFLINE, user: 'gone' });
    assert.equal((await issuer.control('DELETE', '/issuer')).status, 204);
    assert.ok(!(await mock.names()).includes(issuer.name));
    assert.equal((await issuer.control('DELETE', '/issuer')).status, 404);
    isError(await issuer.refresh(refresh_token), 400, 'invalid_grant');
    assert.ok((await mock.names()).includes(issuer.name));
    assert.deepEqual(
      (await issuer.set('GET', '/users')).users.map((user) => user.sub),
      ['alice', 'bob', 'carol'],
    );
  });

  test('the default issuer stays: DELETE is 400', async () => {
    const response = await mock.at().control('DELETE', '/issuer');
    isError(response, 400, 'invalid_request');
  });

  test('64 first requests at once make one issuer, and one set of keys', async () => {
    const issuer = mock.fresh('race');
    const tokens = await Promise.all(range(64).map(() => issuer.granted()));
    assert.equal((await mock.names()).filter((name) => name === issuer.name).length, 1);
    assert.equal(await issuer.count({ endpoint: 'token' }), 64);
    for (const { access_token } of tokens) await issuer.verify(access_token);
    assert.equal(new Set(tokens.map(({ access_token }) => claimsOf(access_token).jti)).size, 64);
  });

  test('100 issuers at once are 100 issuers', async () => {
    const issuers = range(100).map(() => mock.fresh('many'));
    const signers = await Promise.all(issuers.map(async (issuer) => (await issuer.granted()).access_token));
    const names = await mock.names();
    for (const issuer of issuers) assert.ok(names.includes(issuer.name));
    assert.equal(
      new Set(signers.map((token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid)).size,
      100,
    );
  });
});

describe('reset of issuers', () => {
  /** Everything of an issuer that a reset restores, its clock aside. */
  const snapshot = async (issuer) => {
    const [one, users, clients, claims, faults, keys, jwks] = await Promise.all(
      ['/issuer', '/users', '/clients', '/claims', '/faults', '/keys']
        .map((path) => issuer.set('GET', path))
        .concat(issuer.jwks()),
    );
    const { journal: counted, now, ...rest } = one;
    return { one: rest, users, clients, claims, faults, keys, jwks };
  };

  async function disturb(issuer) {
    await issuer.user({ sub: 'alice', name: 'Not Alice', claims: { email: 'x@x' } });
    await issuer.user({ sub: 'more' });
    await issuer.set('DELETE', '/users', undefined, { query: { sub: 'bob' } });
    await issuer.client({ client_id: 'more', client_secret: 'x' });
    await issuer.set('DELETE', '/clients', undefined, { query: { client_id: 'demo' } });
    await issuer.rule({ access_token: { x: 1 } });
    await issuer.fault('expired');
    await issuer.clock({ advance: 86_400 * 40 });
    await issuer.keys({ action: 'rotate', alg: 'ES256' });
    await issuer.keys({ action: 'switch-unpublished', alg: 'ES256' });
    await issuer.keys({ action: 'retire' });
    await issuer.granted();
  }

  const SPEC = {
    users: [{ sub: 'alice', name: 'A' }, { sub: 'bob' }],
    clients: [{ client_id: 'demo', client_secret: 'seeded' }],
    claims: [{ access_token: { seeded: '${client_id}' } }],
    faults: [{ fault: 'slow-1ms', nth: 2 }],
    clock: { set: 1_700_000_000, freeze: true },
  };

  for (const [name, make] of [
    ['made by a request', async (issuer) => issuer.metadata()],
    ['made by PUT', async (issuer) => issuer.make(SPEC)],
  ]) {
    test(`reset of an issuer ${name} restores its seed exactly`, async () => {
      const [issuer, neighbour] = [mock.fresh(), mock.fresh()];
      await make(issuer);
      await neighbour.make();
      await neighbour.fault('drop');
      const before = await snapshot(issuer);
      const clock = await issuer.clock();
      await disturb(issuer);
      assert.notDeepEqual(await snapshot(issuer), before);
      assert.equal((await issuer.control('POST', '/reset')).status, 204);
      assert.equal(await issuer.count(), 0, 'the journal is empty');
      assert.deepEqual(await snapshot(issuer), before);
      const restored = await issuer.clock();
      assert.deepEqual({ ...restored, now: 0 }, { ...clock, now: 0 });
      assert.ok(Math.abs(restored.now - clock.now) <= 10, `${restored.now} after ${clock.now}`);
      assert.equal((await neighbour.faults()).length, 1, 'nobody else is touched');
    });
  }

  test('reset forgets codes, refresh tokens, device codes and sessions', async () => {
    const issuer = mock.fresh();
    const tokens = await issuer.tokens({ scope: OFFLINE });
    const login = await issuer.login();
    const device = ok(await issuer.device()).json();
    await issuer.reset();
    isError(await issuer.refresh(tokens.refresh_token), 400, 'invalid_grant');
    isError(await issuer.redeem(login), 400, 'invalid_grant');
    isError(await issuer.poll(device.device_code), 400, 'invalid_grant');
    assert.equal(await issuer.active(tokens.access_token), false);
    const { params } = await issuer.arrive({ browser: login.browser, user: null, prompt: 'none' });
    assert.equal(params.error, 'login_required');
  });

  test('what leniency accepted before a reset is waived, and named, again', async () => {
    const issuer = mock.fresh();
    const first = await issuer.token({ scope: 'anything' });
    await issuer.reset();
    const second = await issuer.token({ scope: 'anything' });
    for (const response of [first, second]) assert.equal(response.headers['jeton-mock-waived'], 'client');
  });

  test('reset?all=true restores every issuer, and those made since are gone', async (t) => {
    const own = await start({
      t,
      config: { issuer: { users: [{ sub: 'template' }] }, issuers: { acme: { users: [{ sub: 'acme-user' }] } } },
    });
    assert.deepEqual((await own.names()).sort(), ['', 'acme'].sort());
    await own.at().user({ sub: 'x' });
    await own.at('acme').fault('drop');
    await own.at('later').make({ users: [{ sub: 'l' }] });
    await own.at('by-request').granted();
    await own.at().reset({ all: 'true' });
    assert.deepEqual((await own.names()).sort(), ['', 'acme'].sort());
    assert.deepEqual(
      (await own.at().set('GET', '/users')).users.map((user) => user.sub),
      ['template'],
    );
    assert.deepEqual(
      (await own.at('acme').set('GET', '/users')).users.map((user) => user.sub),
      ['acme-user'],
    );
    assert.deepEqual(await own.at('acme').faults(), []);
  });

  test('reset in the middle of 50 requests breaks none', async () => {
    const issuer = mock.fresh();
    await issuer.metadata();
    const resets = (n) => n % 10 === 5;
    const answers = await Promise.all(
      range(50).map((n) => (resets(n) ? issuer.control('POST', '/reset') : issuer.token())),
    );
    for (const [n, { status, text }] of answers.entries()) assert.equal(status, resets(n) ? 204 : 200, text);
  });
});
