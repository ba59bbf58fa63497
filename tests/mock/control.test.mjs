// The control API, operation by operation. What all of them refuse is in control-refusals.test.mjs.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claimsOf } from '../suite/support/tokens.mjs';
import { isRefused } from './support/check.mjs';
import { ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const mock = await start();

describe('control API: issuers', { concurrency: 8 }, () => {
  test('GET /_mock/issuers: every issuer, with its strictness, its clock and how many requests it had', async (t) => {
    const own = await start({ t });
    const [only] = await own.issuers();
    const { now, ...rest } = only;
    assert.deepEqual(rest, { name: '', issuer: own.issuer, strictness: 'lenient', journal: 0 });
    assert.ok(Math.abs(now - Date.now() / 1000) <= 2);
    await own.at('b').granted();
    await own.at('a').granted();
    await own.at('a').granted();
    const found = await own.issuers();
    assert.deepEqual(found.map(({ name, journal }) => [name, journal]).sort(), [
      ['', 0],
      ['a', 2],
      ['b', 1],
    ]);
  });

  test('GET /_mock/issuer: one entry of that list; without issuer= or with it empty, the default’s', async () => {
    const expected = (await mock.issuers()).find((issuer) => issuer.name === '');
    for (const path of ['/_mock/issuer', '/_mock/issuer?issuer=']) {
      const { name, issuer } = ok(await mock.send(path)).json();
      assert.deepEqual([name, issuer], ['', expected.issuer]);
    }
  });

  test('a control call is not in the journal', async () => {
    const issuer = await mock.fresh().make();
    for (const path of ['/issuer', '/users', '/clock', '/keys', '/journal']) await issuer.set('GET', path);
    assert.equal(await issuer.count(), 0);
  });

  test('PUT: given members replace the template’s, the others stay', async () => {
    const issuer = await mock.fresh().make({ users: [{ sub: 'only' }], access_token_lifetime: 60 });
    assert.deepEqual(
      (await issuer.set('GET', '/users')).users.map((user) => user.sub),
      ['only'],
    );
    assert.ok((await issuer.set('GET', '/clients')).clients.some((client) => client.client_id === 'demo'));
    assert.equal((await issuer.granted()).expires_in, 60);
  });

  test('PUT: auto_login, clock, claims, faults and clients, all in one', async () => {
    const issuer = await mock.fresh().make({
      auto_login: 'bob',
      clock: { set: 1_700_000_000, freeze: true },
      claims: [{ access_token: { tenant: 'x' } }],
      faults: [{ fault: 'slow-1ms', match: { endpoint: 'token' } }],
      clients: [{ client_id: 'c', client_secret: 's' }],
    });
    const tokens = await issuer.tokens({ user: null });
    assert.equal(claimsOf(tokens.id_token).sub, 'bob');
    assert.equal(claimsOf(tokens.access_token).tenant, 'x');
    assert.equal(claimsOf(tokens.access_token).iat, 1_700_000_000);
    assert.equal((await issuer.faults())[0].acted, 1);
    assert.deepEqual(
      (await issuer.set('GET', '/clients')).clients.map((client) => client.client_id),
      ['c'],
    );
  });

  test('PUT: auto_login of a subject that is no user logs that subject in', async () => {
    const issuer = await mock.fresh().make({ auto_login: 'nobody', users: [{ sub: 'x' }] });
    const { id_token } = await issuer.tokens({ user: null });
    assert.equal(claimsOf(id_token).sub, 'nobody');
  });
});

describe('control API: users', { concurrency: 8 }, () => {
  test('POST adds, then replaces; GET lists; DELETE removes, once', async () => {
    const issuer = await mock.fresh().make({ users: [] });
    const dora = {
      sub: 'dora',
      name: 'Dora',
      claims: { email: 'd@x' },
      id_token: { a: 1 },
      access_token: { b: [1] },
      userinfo: { c: null },
    };
    const answer = await issuer.control('POST', '/users', dora);
    assert.deepEqual(ok(answer).json(), dora);
    assert.deepEqual((await issuer.set('GET', '/users')).users, [dora]);
    await issuer.user({ sub: 'dora', name: 'Other' });
    assert.deepEqual((await issuer.set('GET', '/users')).users, [{ sub: 'dora', name: 'Other' }], 'not merged');
    assert.equal((await issuer.control('DELETE', '/users', undefined, { query: { sub: 'dora' } })).status, 204);
    assert.equal((await issuer.control('DELETE', '/users', undefined, { query: { sub: 'dora' } })).status, 404);
    assert.deepEqual((await issuer.set('GET', '/users')).users, []);
  });

  test('a user added over the API logs in with its claims, and without them once it is removed', async () => {
    const issuer = await mock.fresh().make();
    await issuer.user({ sub: 'dora', claims: { email: 'dora@x.example' }, id_token: { roles: ['r'] } });
    const tokens = await issuer.tokens({ user: 'dora', scope: 'openid email' });
    assert.deepEqual(claimsOf(tokens.id_token).roles, ['r']);
    assert.equal((await issuer.userinfo(tokens.access_token)).json().email, 'dora@x.example');
    await issuer.set('DELETE', '/users', undefined, { query: { sub: 'dora' } });
    const { id_token } = await issuer.tokens({ user: 'dora' });
    assert.equal(claimsOf(id_token).sub, 'dora');
    assert.ok(!('roles' in claimsOf(id_token)));
  });

  test('DELETE without sub is refused', async () => {
    const issuer = await mock.fresh().make();
    isRefused(await issuer.control('DELETE', '/users'), /sub/);
    assert.equal((await issuer.set('GET', '/users')).users.length, 3);
  });

  test('a subject may have any letters', async () => {
    const issuer = await mock.fresh().make({ users: [] });
    for (const sub of ['a@b.example', 'über 😀', 'x&y=z', '<b>', 'o\'neil "x"', 'x'.repeat(200)]) {
      await issuer.user({ sub });
      assert.equal((await issuer.control('DELETE', '/users', undefined, { query: { sub } })).status, 204, sub);
    }
  });

  for (const [what, body, pattern] of [
    ['no sub', {}, /sub/],
    ['an empty sub', { sub: '' }, /sub/],
    ['a number', { sub: 1 }, /sub/],
    ['an unknown member', { sub: 'x', subject: 'x' }, /subject/],
    ['claims that are a list', { sub: 'x', claims: [] }, /claims/],
    ['claims that are a text', { sub: 'x', claims: '{}' }, /claims/],
    ['a name that is no text', { sub: 'x', name: {} }, /name/],
    ['claims that are the server’s own', { sub: 'x', claims: { sub: 'y' } }, /claims/],
    ['null', null, /expected an object/],
    ['a list', [], /expected an object/],
    ['a text', '"x"', /expected an object/],
  ]) {
    test(`a user with ${what} is refused`, async () => {
      const issuer = await mock.fresh().make({ users: [] });
      isRefused(await issuer.control('POST', '/users', body), pattern);
      assert.deepEqual((await issuer.set('GET', '/users')).users, []);
    });
  }
});

describe('control API: clients', { concurrency: 8 }, () => {
  test('POST adds, then replaces; GET lists, without secrets; DELETE removes, once', async () => {
    const issuer = await mock.fresh().make({ clients: [] });
    const answer = ok(
      await issuer.control('POST', '/clients', {
        client_id: 'c',
        client_secret: 'top-secret-value',
        scope: 'a b',
        audiences: ['https://api.example'],
      }),
    );
    assert.equal(answer.json().client_id, 'c');
    assert.ok(!answer.text.includes('top-secret-value'));
    const list = await issuer.control('GET', '/clients');
    assert.ok(!list.text.includes('top-secret-value'));
    assert.ok(!/client_secret"/.test(list.text));
    assert.equal(list.json().clients[0].scope, 'a b');
    await issuer.client({ client_id: 'c', client_secret: 'y', scope: 'z' });
    assert.deepEqual(
      (await issuer.set('GET', '/clients')).clients.map(({ client_id, scope }) => [client_id, scope]),
      [['c', 'z']],
    );
    assert.equal((await issuer.control('DELETE', '/clients', undefined, { query: { client_id: 'c' } })).status, 204);
    assert.equal((await issuer.control('DELETE', '/clients', undefined, { query: { client_id: 'c' } })).status, 404);
  });

  test('the mock’s own login application is no client of the list, and cannot be taken', async () => {
    const issuer = await mock.fresh().make();
    const ids = (await issuer.set('GET', '/clients')).clients.map((client) => client.client_id);
    assert.deepEqual(ids, ['demo']);
    assert.equal(
      (await issuer.control('DELETE', '/clients', undefined, { query: { client_id: 'jeton-mock-login' } })).status,
      404,
    );
    const taken = await issuer.control('POST', '/clients', {
      client_id: 'jeton-mock-login',
      client_secret: 'mine',
      login: true,
    });
    assert.equal(taken.status, 400, taken.text);
    await issuer.tokens();
  });

  for (const [what, body, pattern] of [
    ['no client_id', { client_secret: 'x' }, /client_id/],
    ['an empty client_id', { client_id: '' }, /client_id/],
    ['an unknown member', { client_id: 'x', secret: 'y' }, /secret/],
    ['an unknown grant type', { client_id: 'x', client_secret: 's', grant_types: ['magic'] }, /grant_types.*magic/],
    ['a malformed redirect_uri', { client_id: 'x', client_secret: 's', redirect_uris: ['not a uri'] }, /redirect_uris/],
    ['a malformed scope', { client_id: 'x', client_secret: 's', scope: 'a"b' }, /scope/],
    ['a number', { client_id: 7 }, /client_id/],
  ]) {
    test(`a client with ${what} is refused`, async () => {
      const issuer = await mock.fresh().make();
      isRefused(await issuer.control('POST', '/clients', body), pattern);
      assert.deepEqual(
        (await issuer.set('GET', '/clients')).clients.map((client) => client.client_id),
        ['demo'],
      );
    });
  }
});

describe('control API: claims and faults', { concurrency: 8 }, () => {
  test('claims: POST appends, GET lists in order, DELETE clears', async () => {
    const issuer = await mock.fresh().make();
    const rules = [
      { access_token: { a: 1 } },
      {
        match: { client_id: 'x*', parameters: { resource: 'https://*' } },
        id_token: { b: '${subject}' },
        userinfo: {},
        response: { c: null },
        introspection: { d: '${now}' },
        access_token_header: { typ: 'JWT' },
        id_token_header: { kid: null },
        next_login: true,
      },
    ];
    for (const rule of rules) assert.equal((await issuer.control('POST', '/claims', rule)).status, 200);
    const listed = (await issuer.set('GET', '/claims')).claims;
    const { userinfo: nothing, ...rest } = rules[1];
    assert.deepEqual(listed, [
      { id: 1, ...rules[0] },
      { id: 2, ...rest },
    ]);
    assert.equal((await issuer.control('DELETE', '/claims')).status, 204);
    assert.deepEqual((await issuer.set('GET', '/claims')).claims, []);
  });

  test('claims: each rule is read and removed by its id, which no other gets', async () => {
    const issuer = await mock.fresh().make({ claims: [{ access_token: { a: 1 } }] });
    const two = await issuer.set('POST', '/claims', { access_token: { b: 1 } });
    assert.deepEqual(two, { id: 2, access_token: { b: 1 } });
    const of = (id) => ({ query: { id } });
    assert.deepEqual((await issuer.set('GET', '/claims', undefined, of(2))).claims, [two]);
    assert.equal((await issuer.control('DELETE', '/claims', undefined, of(2))).status, 204);
    assert.equal((await issuer.control('DELETE', '/claims', undefined, of(2))).status, 404);
    assert.equal((await issuer.control('GET', '/claims', undefined, of(2))).status, 404);
    isRefused(await issuer.control('DELETE', '/claims', undefined, of('x')), /the id of a rule/);
    assert.deepEqual((await issuer.set('GET', '/claims')).claims, [{ id: 1, access_token: { a: 1 } }]);
    assert.equal((await issuer.set('POST', '/claims', {})).id, 3);
  });

  for (const [what, rule, pattern] of [
    ['an unknown member', { idtoken: {} }, /idtoken/],
    ['an unknown matcher', { match: { clientid: 'x' }, id_token: {} }, /clientid/],
    ['a matcher of a wrong type', { match: { client_id: 1 } }, /client_id/],
    ['a section that is a list', { id_token: [] }, /id_token/],
    ['parameters that are a text', { match: { parameters: 'x' } }, /parameters/],
    ['a parameter pattern that is a number', { match: { parameters: { x: 1 } } }, /match\.parameters\.x/],
    ['a header that is a text', { access_token_header: 'JWT' }, /access_token_header/],
    ['another algorithm', { id_token_header: { alg: 'none' } }, /id_token_header\.alg: expected another name/],
    [
      'an unknown name in a template',
      { userinfo: { a: ['${clientid}'] } },
      /userinfo\.a\[0\]: expected a template of .*no \$\{clientid\}/,
    ],
    ['a template without an end', { response: { a: '${subject' } }, /response\.a: expected a \}/],
    ['a malformed regular expression', { match: { client_id: '/(/' } }, /client_id/],
  ]) {
    test(`a claim rule with ${what} is refused`, async () => {
      const issuer = await mock.fresh().make();
      isRefused(await issuer.control('POST', '/claims', rule), pattern);
      assert.deepEqual((await issuer.set('GET', '/claims')).claims, []);
    });
  }

  test('faults: POST is 201 with an id; GET lists, with what was seen and done; DELETE one, then all', async () => {
    const issuer = await mock.fresh().make();
    const first = await issuer.control('POST', '/faults', { fault: 'slow-1ms', match: { client_id: 'x' } });
    assert.equal(first.status, 201, first.text);
    const { id } = first.json();
    assert.ok(Number.isInteger(id));
    const second = await issuer.fault({ fault: 'drop', nth: 5, times: 2, match: { endpoint: 'jwks' } });
    assert.notEqual(second.id, id);
    await issuer.granted({}, { client: 'x' });
    await issuer.granted({}, { client: 'y' });
    const faults = await issuer.faults();
    assert.deepEqual(
      faults.map(({ id, fault, seen, acted }) => ({ id, fault, seen, acted })),
      [
        { id, fault: 'slow-1ms', seen: 1, acted: 1 },
        { id: second.id, fault: 'drop', seen: 0, acted: 0 },
      ],
    );
    assert.deepEqual(faults[0].match, { client_id: 'x' });
    assert.equal(faults[1].nth, 5);
    assert.equal(faults[1].times, 2);
    assert.equal((await issuer.control('DELETE', '/faults', undefined, { query: { id } })).status, 204);
    assert.equal((await issuer.control('DELETE', '/faults', undefined, { query: { id } })).status, 404);
    assert.equal((await issuer.faults()).length, 1);
    assert.equal((await issuer.control('DELETE', '/faults')).status, 204);
    assert.deepEqual(await issuer.faults(), []);
    assert.notEqual((await issuer.fault('drop')).id, second.id, 'an id is never used again');
  });

  test('DELETE /faults with a malformed id is refused, and deletes nothing', async () => {
    const issuer = await mock.fresh().make();
    await issuer.fault('drop');
    for (const id of ['x', '', '-1', '1.5', '99999999999999999999999']) {
      isRefused(await issuer.control('DELETE', '/faults', undefined, { query: { id } }), /^id: expected/);
    }
    assert.equal((await issuer.faults()).length, 1);
  });

  for (const [what, fault, pattern] of [
    ['an unknown name', { fault: 'slwo' }, /slwo.*expected/],
    ['no fault', {}, /fault/],
    ['an unknown member', { fault: 'drop', time: 1 }, /time/],
    ['an unknown matcher', { fault: 'drop', match: { path: '/x' } }, /path/],
    ['an unknown endpoint', { fault: 'drop', match: { endpoint: 'tokens' } }, /tokens.*expected/],
    ['times 0', { fault: 'drop', times: 0 }, /times/],
    ['nth 0', { fault: 'drop', nth: 0 }, /nth/],
    ['a negative nth', { fault: 'drop', nth: -1 }, /nth/],
    ['nth 1.5', { fault: 'drop', nth: 1.5 }, /nth/],
    ['a text as times', { fault: 'drop', times: '1' }, /times/],
    ['slow-61s', { fault: 'slow-61s' }, /slow-61s/],
    ['slow-60001ms', { fault: 'slow-60001ms' }, /slow-60001ms/],
    ['slow-', { fault: 'slow-' }, /slow-/],
    ['slow-1m', { fault: 'slow-1m' }, /slow-1m/],
    ['slow--1s', { fault: 'slow--1s' }, /slow--1s/],
    ['status-399', { fault: 'status-399' }, /status-399/],
    ['status-600', { fault: 'status-600' }, /status-600/],
    ['status-abc', { fault: 'status-abc' }, /status-abc/],
    ['rate-limit-x', { fault: 'rate-limit-x' }, /rate-limit-x/],
    ['without-', { fault: 'without-' }, /without-/],
    ['missing-', { fault: 'missing-' }, /missing-/],
    ['capitals', { fault: 'Drop' }, /Drop/],
    ['a list', { fault: ['drop'] }, /fault/],
    ['a name and a space', { fault: 'drop ' }, /drop/],
    ['an object with an unknown member', { fault: { statuss: 418 } }, /statuss/],
    ['an object with status 99', { fault: { status: 99 } }, /fault\.status/],
    ['an object with status 1000', { fault: { status: 1000 } }, /fault\.status/],
    ['an empty object', { fault: {} }, /fault/],
    ['a malformed header name', { fault: { status: 418, headers: { 'a b': 'x' } } }, /fault\.headers/],
    ['a header value with a line break', { fault: { status: 418, headers: { a: 'x\r\ny: z' } } }, /fault\.headers/],
    ['an unknown kind of token', { fault: 'expired', tokens: ['refresh_token'] }, /tokens/],
    ['tokens for a fault of no token', { fault: 'drop', tokens: ['id_token'] }, /tokens/],
  ]) {
    test(`a fault with ${what} is refused, not ignored`, async () => {
      const issuer = await mock.fresh().make();
      isRefused(await issuer.control('POST', '/faults', fault), pattern);
      assert.deepEqual(await issuer.faults(), []);
      assert.equal((await issuer.token()).status, 200);
    });
  }

  test('a mistake in one of several faults is named by its position', async () => {
    const response = await mock.fresh().control('PUT', '/issuer', { faults: [{ fault: 'drop' }, { fault: 'slwo' }] });
    isRefused(response, /faults\[1\]\.fault.*slwo.*expected/);
  });
});

describe('control API: clock, mint and reset', { concurrency: 8 }, () => {
  test('clock: set, freeze, advance and reset, alone and together', async () => {
    const issuer = await mock.fresh().make();
    assert.equal((await issuer.clock()).frozen, false);
    assert.equal((await issuer.clock()).offset, 0);
    assert.deepEqual(Object.keys(await issuer.clock()).sort(), ['frozen', 'now', 'offset']);
    const frozen = await issuer.clock({ set: 1_700_000_000, freeze: true });
    assert.equal(frozen.now, 1_700_000_000);
    assert.equal(frozen.frozen, true);
    assert.equal((await issuer.clock({ advance: 60 })).now, 1_700_000_060);
    assert.equal((await issuer.clock({ advance: -120 })).now, 1_699_999_940);
    assert.equal((await issuer.clock({ freeze: false })).frozen, false);
    const back = await issuer.clock({ reset: true });
    assert.ok(Math.abs(back.now - Date.now() / 1000) <= 2);
    assert.equal(back.offset, 0);
  });

  for (const body of [
    { set: 'now' },
    { set: -1 },
    { set: 1.5 },
    { advance: '1h' },
    { advance: 1e300 },
    { freeze: 1 },
    { freeze: 'true' },
    { unfreeze: true },
    { set: 1e18 },
    { advance: 1e15 },
  ]) {
    test(`clock ${JSON.stringify(body)} is refused`, async () => {
      const issuer = await mock.fresh().make();
      isRefused(await issuer.control('POST', '/clock', body), new RegExp(`^${Object.keys(body)[0]}: `));
      assert.equal((await issuer.clock()).offset, 0);
      await issuer.granted();
    });
  }

  test('mint: iss, iat, exp and jti are filled in, the rest is as given', async () => {
    const issuer = await mock.fresh().make();
    const minted = await issuer.mint({ claims: { sub: 'x', aud: 'https://api.example', roles: ['a'] } });
    assert.deepEqual(Object.keys(minted).sort(), ['kid', 'token']);
    const { payload, header } = await issuer.verify(minted.token, { typ: null, audience: 'https://api.example' });
    assert.equal(header.kid, minted.kid);
    assert.equal(payload.exp - payload.iat, 3600);
    assert.ok(payload.jti);
    assert.deepEqual(payload.roles, ['a']);
    assert.deepEqual(Object.keys(payload).sort(), ['aud', 'exp', 'iat', 'iss', 'jti', 'roles', 'sub']);
    assert.notEqual(payload.jti, claimsOf((await issuer.mint({ claims: {} })).token).jti);
  });

  test('mint: given claims win, null leaves out, typ and alg are as asked', async () => {
    const issuer = await mock.fresh().make({ signing_algs: ['ES256', 'RS256', 'EdDSA'] });
    const given = { iss: 'https://other.example', iat: 1, exp: 2, jti: 'j', sub: null };
    assert.deepEqual(claimsOf((await issuer.mint({ claims: given })).token), {
      iss: 'https://other.example',
      iat: 1,
      exp: 2,
      jti: 'j',
    });
    assert.deepEqual(
      claimsOf((await issuer.mint({ claims: { iss: null, iat: null, exp: null, jti: null } })).token),
      {},
    );
    for (const alg of ['ES256', 'RS256', 'EdDSA']) {
      const { header } = await issuer.verify((await issuer.mint({ claims: {}, alg, typ: 'dpop+jwt' })).token, {
        typ: 'dpop+jwt',
      });
      assert.equal(header.alg, alg);
    }
  });

  test('mint: iat and exp are of the issuer’s clock', async () => {
    const issuer = await mock.fresh().make({ clock: { set: 1_000_000_000, freeze: true } });
    const { iat, exp } = claimsOf((await issuer.mint({ claims: {} })).token);
    assert.deepEqual([iat, exp], [1_000_000_000, 1_000_003_600]);
  });

  for (const [body, pattern] of [
    [{ claims: [] }, /^claims: /],
    [{ claims: 'x' }, /^claims: /],
    [{ claim: {} }, /^claim: /],
    [{ claims: {}, alg: 'none' }, /^alg: /],
    [{ claims: {}, alg: 'HS256' }, /^alg: /],
    [{ claims: {}, fault: 'drop' }, /^fault: expected a token fault/],
    [{ claims: {}, fault: 'nonsense' }, /^fault: unknown fault/],
    [{ claims: {}, typ: 1 }, /^typ: /],
  ]) {
    test(`mint ${JSON.stringify(body)} is refused`, async () => {
      const issuer = await mock.fresh().make();
      isRefused(await issuer.control('POST', '/mint', body), pattern);
    });
  }

  test('reset: a query other than all=true and issuer= is refused', async () => {
    const issuer = await mock.fresh().make();
    for (const [query, pattern] of [
      [{ all: 'yes' }, /^all: expected true or false/],
      [{ al: 'true' }, /unknown query parameter "al"/],
    ])
      isRefused(await issuer.control('POST', '/reset', undefined, { query }), pattern);
  });
});
