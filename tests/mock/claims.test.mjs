// Claims of users, claims by rule, templates, and a section for each place.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claimsOf } from '../suite/support/tokens.mjs';
import { halfHash } from './support/check.mjs';
import { basic } from './support/http.mjs';
import { header, OFFLINE, ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const mock = await start();
const ALL = 'openid profile email address phone offline_access';

describe('claims of users', { concurrency: 8 }, () => {
  const DORA = {
    sub: 'dora',
    name: 'Dora',
    claims: {
      email: 'dora@x.example',
      email_verified: true,
      name: 'Dora D.',
      phone_number: '+1',
      address: { country: 'NO' },
      tenant: 'blue',
      roles: ['admin'],
    },
    id_token: { acr: 'gold', only_id: [1, { a: null }] },
    access_token: { tenant: 'acme', only_access: true },
    userinfo: { picture: 'https://x.example/p.png', only_userinfo: 7 },
  };
  const make = () => mock.fresh().make({ users: [DORA] });

  test('`claims` of a user are answered by /userinfo, by scope', async () => {
    const issuer = await make();
    const info = async (scope) =>
      ok(await issuer.userinfo((await issuer.tokens({ user: 'dora', scope })).access_token)).json();
    const plain = await info('openid');
    assert.equal(plain.sub, 'dora');
    for (const name of ['email', 'email_verified', 'name', 'phone_number', 'address'])
      assert.ok(!(name in plain), name);
    assert.equal(plain.tenant, 'blue', 'what is of no scope is for everyone');
    assert.deepEqual((await info('openid email')).email, 'dora@x.example');
    const everything = await info(ALL);
    for (const [name, value] of Object.entries(DORA.claims)) assert.deepEqual(everything[name], value, name);
  });

  test('id_token, access_token and userinfo go where their names say, and nowhere else', async () => {
    const issuer = await make();
    const { access_token, id_token } = await issuer.tokens({ user: 'dora', scope: ALL });
    const [access, id, info] = [
      claimsOf(access_token),
      claimsOf(id_token),
      (await issuer.userinfo(access_token)).json(),
    ];
    assert.deepEqual([id.acr, id.only_id], ['gold', [1, { a: null }]]);
    assert.deepEqual([access.tenant, access.only_access], ['acme', true]);
    assert.deepEqual([info.picture, info.only_userinfo], [DORA.userinfo.picture, 7]);
    for (const name of ['acr', 'only_id']) assert.ok(!(name in access) && !(name in info), name);
    for (const name of ['only_access']) assert.ok(!(name in id) && !(name in info), name);
    for (const name of ['picture', 'only_userinfo']) assert.ok(!(name in id) && !(name in access), name);
    await issuer.verify(access_token);
  });

  test('they are in the tokens of a refresh and of a device as well', async () => {
    const issuer = await make();
    const { refresh_token } = await issuer.tokens({ user: 'dora', scope: OFFLINE });
    const again = ok(await issuer.refresh(refresh_token)).json();
    assert.equal(claimsOf(again.access_token).only_access, true);
    assert.equal(claimsOf(again.id_token).acr, 'gold');
    const device = ok(await issuer.device()).json();
    await issuer.approve(device, { user: 'dora' });
    const tokens = ok(await issuer.poll(device.device_code)).json();
    assert.equal(claimsOf(tokens.access_token).only_access, true);
  });

  test('the default users have claims for every scope', async () => {
    const issuer = mock.fresh();
    for (const user of ['alice', 'bob', 'carol']) {
      const { access_token } = await issuer.tokens({ user, scope: ALL });
      const info = ok(await issuer.userinfo(access_token)).json();
      assert.equal(info.sub, user);
      assert.equal(info.email, `${user}@example.com`);
      for (const name of ['name', 'phone_number', 'address']) assert.ok(name in info, name);
    }
  });

  test('a subject who is no configured user logs in, too', async () => {
    const issuer = await make();
    const { id_token } = await issuer.tokens({ user: 'stranger@x.example' });
    assert.equal(claimsOf(id_token).sub, 'stranger@x.example');
  });

  test('a null in a section leaves the claim out', async () => {
    const issuer = await mock
      .fresh()
      .make({ users: [{ sub: 'eve', id_token: { auth_time: null, sid: null }, access_token: { client_id: null } }] });
    const { access_token, id_token } = await issuer.tokens({ user: 'eve' });
    assert.ok(!('auth_time' in claimsOf(id_token)));
    assert.ok(!('client_id' in claimsOf(access_token)));
  });
});

describe('claims by rule', { concurrency: 8 }, () => {
  const ruled = async (...claims) => mock.fresh().make({ claims });

  const matchers = [
    ['everything', {}, {}, undefined],
    ['client_id, which is in Basic', { client_id: 'bill*' }, { client: 'billing' }, { client: 'other' }],
    ['grant_type', { grant_type: 'client_credentials' }, {}, undefined],
    ['scope', { scope: 'read' }, { scope: 'read' }, { scope: 'write' }],
    ['subject', { subject: 'm2m' }, { client: 'm2m' }, { client: 'x' }],
    [
      'a parameter',
      { parameters: { resource: 'https://*' } },
      { resource: 'https://api.example' },
      { resource: 'urn:x' },
    ],
    [
      'a parameter of one’s own',
      { parameters: { someparam: 'somevalue' } },
      { someparam: 'somevalue' },
      { someparam: 'other' },
    ],
    [
      'all of them',
      { client_id: 'a', scope: 's*', parameters: { x: '*' } },
      { client: 'a', scope: 'sc', x: '1' },
      { client: 'a', scope: 'sc' },
    ],
  ];
  for (const [name, match, yes, no] of matchers) {
    test(`a rule with a match of ${name}`, async () => {
      const issuer = await ruled({ match, access_token: { hit: true } });
      const ask = async ({ client, ...form }) => claimsOf((await issuer.granted(form, { client })).access_token);
      assert.equal((await ask(yes)).hit, true);
      if (no) assert.equal((await ask(no)).hit, undefined);
    });
  }

  test('a rule with a match of client_id, which is in the body', async () => {
    const issuer = await ruled({ match: { client_id: 'billing' }, access_token: { hit: true } });
    const tokens = ok(
      await issuer.post('/token', { grant_type: 'client_credentials', client_id: 'billing', client_secret: 's' }),
    ).json();
    assert.equal(claimsOf(tokens.access_token).hit, true);
  });

  test('a rule with a match of an odd client_id, form-encoded in Basic as RFC 6749 §2.3.1 says', async () => {
    const issuer = await ruled({ match: { client_id: 'odd id:%+' }, access_token: { seen: '${client_id}' } });
    const tokens = ok(
      await issuer.post('/token', { grant_type: 'client_credentials' }, { authorization: basic('odd id:%+', 's') }),
    ).json();
    assert.equal(claimsOf(tokens.access_token).seen, 'odd id:%+');
  });

  test('all that match apply, in order; the last word wins', async () => {
    const issuer = await ruled(
      { access_token: { a: 1, b: 1 } },
      { match: { client_id: 'no' }, access_token: { a: 9 } },
      { access_token: { b: 2, c: 2 } },
    );
    const { a, b, c } = claimsOf((await issuer.granted()).access_token);
    assert.deepEqual([a, b, c], [1, 2, 2]);
  });

  test('a rule has the last word over the user’s section', async () => {
    const issuer = await mock.fresh().make({
      users: [{ sub: 'u', id_token: { a: 'user', gone: 1 }, access_token: { b: 'user' } }],
      claims: [{ id_token: { a: 'rule', gone: null } }],
    });
    const tokens = await issuer.tokens({ user: 'u' });
    assert.equal(claimsOf(tokens.id_token).a, 'rule');
    assert.ok(!('gone' in claimsOf(tokens.id_token)));
    assert.equal(claimsOf(tokens.access_token).b, 'user');
  });

  test('null removes, whatever the claim', async () => {
    const issuer = await ruled({ access_token: { jti: null, aud: null }, id_token: { sid: null, at_hash: null } });
    const { access_token, id_token } = await issuer.tokens();
    assert.ok(!('jti' in claimsOf(access_token)) && !('aud' in claimsOf(access_token)));
    assert.ok(!('sid' in claimsOf(id_token)) && !('at_hash' in claimsOf(id_token)));
    await issuer.verify(access_token);
  });

  test('standard claims can be set: aud, sub, exp', async () => {
    const issuer = await ruled({ access_token: { aud: ['audByCode'], sub: 'subByCode', exp: 4_000_000_000 } });
    const { payload } = await issuer.verify((await issuer.granted()).access_token, { audience: 'audByCode' });
    assert.deepEqual([payload.aud, payload.sub, payload.exp], [['audByCode'], 'subByCode', 4_000_000_000]);
  });

  test('access_token_typ: the typ of access tokens, by client', async () => {
    const issuer = await ruled({ match: { client_id: 'old' }, access_token_typ: 'JWT' });
    const { access_token } = await issuer.granted({}, { client: 'old' });
    assert.equal(header(access_token).typ, 'JWT');
    await issuer.verify(access_token, { typ: 'JWT' });
    assert.equal(header((await issuer.granted({}, { client: 'new' })).access_token).typ, 'at+jwt');
  });

  test('response: members of the token response are added, replaced, removed', async () => {
    const issuer = await ruled({
      response: { custom: 'x', nested: { client: '${client_id}' }, expires_in: 5, scope: null },
    });
    const tokens = await issuer.granted({ scope: 'read' });
    assert.equal(tokens.custom, 'x');
    assert.deepEqual(tokens.nested, { client: 'm2m' });
    assert.equal(tokens.expires_in, 5);
    assert.ok(!('scope' in tokens));
    await issuer.verify(tokens.access_token);
    const error = await issuer.token({ grant_type: 'bogus' });
    assert.ok(!('custom' in error.json()), 'errors stay as they are');
  });

  test('userinfo, by the client and the subject of the token', async () => {
    const issuer = await ruled({
      match: { client_id: 'web', subject: 'alice' },
      userinfo: { tenant: '${client_id}', email: null },
    });
    const info = async (asked) =>
      ok(await issuer.userinfo((await issuer.tokens({ scope: 'openid email', ...asked })).access_token)).json();
    const alice = await info({ user: 'alice' });
    assert.equal(alice.tenant, 'web');
    assert.ok(!('email' in alice));
    assert.ok(!('tenant' in (await info({ user: 'bob' }))));
    assert.ok(!('tenant' in (await info({ client: 'other' }))));
  });

  for (const alg of ['ES256', 'RS256', 'EdDSA']) {
    test(`at_hash is right after the access token was changed, ${alg}`, async () => {
      const issuer = await mock.fresh().make({
        signing_algs: [alg],
        claims: [
          { access_token: { tenant: 'x'.repeat(100), jti: null }, access_token_typ: 'JWT', id_token: { more: 1 } },
        ],
      });
      const { access_token, id_token } = await issuer.tokens();
      assert.equal(claimsOf(access_token).tenant.length, 100);
      assert.equal(claimsOf(id_token).at_hash, halfHash(access_token, alg));
      await issuer.verify(id_token, { typ: null, audience: 'web' });
    });
  }

  test('a changed access token is still this server’s: introspection, userinfo, revocation', async () => {
    const issuer = await ruled({ access_token: { tenant: 'x' } });
    const { access_token } = await issuer.tokens();
    assert.equal(await issuer.active(access_token), true);
    assert.equal((await issuer.userinfo(access_token)).status, 200);
    ok(await issuer.as('web', '/revoke', { token: access_token }));
    assert.equal(await issuer.active(access_token), false);
  });

  test('an access token whose typ was changed is still this server’s, too', async () => {
    const issuer = await ruled({ access_token_typ: 'JWT' });
    const { access_token, refresh_token } = await issuer.tokens({ scope: OFFLINE });
    assert.equal(await issuer.active(access_token), true);
    assert.equal((await issuer.userinfo(access_token)).status, 200);
    ok(await issuer.refresh(refresh_token));
    const [head, body] = access_token.split('.');
    assert.equal(
      (await issuer.userinfo(`${head}.${body}.${'A'.repeat(86)}`)).status,
      401,
      'its signature still counts',
    );
    const { id_token } = await issuer.tokens();
    assert.equal((await issuer.userinfo(id_token)).status, 401, 'and an ID token is no access token');
    assert.equal(await issuer.active(id_token), false);
  });

  test('`last`: no rule after it applies', async () => {
    const issuer = await ruled(
      { match: { client_id: 'a' }, access_token: { x: 1 }, last: true },
      { access_token: { x: 2 } },
    );
    const x = async (client) => claimsOf((await issuer.granted({}, { client })).access_token).x;
    assert.deepEqual([await x('a'), await x('b')], [1, 2]);
  });

  test('a pattern between slashes is a regular expression of the whole text', async () => {
    const issuer = await ruled({ match: { client_id: '/\\d{3}|[a-c]+/' }, access_token: { hit: true } });
    const hit = async (client) => claimsOf((await issuer.granted({}, { client })).access_token).hit ?? false;
    assert.deepEqual(await Promise.all(['123', 'abc', '1234', 'x123', 'abd', ''.padEnd(3, '9')].map(hit)), [
      true,
      true,
      false,
      false,
      false,
      true,
    ]);
  });

  test('parameters of the authorization request are known at the code, the refresh and userinfo', async () => {
    const issuer = await ruled({
      match: { parameters: { acr_values: 'gold' } },
      access_token: { acr: '${acr_values}' },
      id_token: { acr: 'gold' },
      userinfo: { acr: 'gold' },
    });
    const tokens = await issuer.tokens({ acr_values: 'gold', scope: OFFLINE });
    assert.equal(claimsOf(tokens.access_token).acr, 'gold');
    assert.equal((await issuer.userinfo(tokens.access_token)).json().acr, 'gold');
    const again = ok(await issuer.refresh(tokens.refresh_token)).json();
    assert.deepEqual([claimsOf(again.access_token).acr, claimsOf(again.id_token).acr], ['gold', 'gold']);
    assert.equal(claimsOf((await issuer.tokens()).access_token).acr, undefined);
  });

  test('rules apply at each grant: code, refresh, device, client credentials', async () => {
    const issuer = await ruled({ access_token: { by: '${grant_type}' } });
    const code = await issuer.tokens({ scope: OFFLINE });
    const refreshed = ok(await issuer.refresh(code.refresh_token)).json();
    const device = ok(await issuer.device()).json();
    await issuer.approve(device);
    const polled = ok(await issuer.poll(device.device_code)).json();
    const own = await issuer.granted();
    assert.deepEqual(
      [code, refreshed, polled, own].map(({ access_token }) => claimsOf(access_token).by),
      ['authorization_code', 'refresh_token', 'urn:ietf:params:oauth:grant-type:device_code', 'client_credentials'],
    );
  });

  test('rules in the file, for every issuer and for one', async (t) => {
    const own = await start({
      t,
      config: `
[[issuer.users]]
sub = "tom"
[issuer.users.id_token]
roles = ["a", "b"]

[[issuer.claims]]
match = { client_id = "bill*", parameters = { resource = "https://*" } }
access_token = { tenant = "\${client_id}", aud = ["\${resource}"] }
access_token_typ = "JWT"

[[issuers.acme.claims]]
id_token = { acme = true }
`,
    });
    const { access_token } = await own.at('any').granted({ resource: 'https://api.example' }, { client: 'billing' });
    assert.deepEqual(
      [claimsOf(access_token).tenant, claimsOf(access_token).aud, header(access_token).typ],
      ['billing', ['https://api.example'], 'JWT'],
    );
    assert.equal(claimsOf((await own.at('acme').tokens()).id_token).acme, true);
    assert.equal(claimsOf((await own.at('any').tokens()).id_token).acme, undefined);
    assert.deepEqual(claimsOf((await own.at('any').tokens({ user: 'tom' })).id_token).roles, ['a', 'b']);
  });
});

describe('templates in claims', { concurrency: 8 }, () => {
  const filled = async (claims, form = {}, client = 'm2m', name) => {
    const issuer = await (name === undefined ? mock.fresh() : mock.at(name)).make({
      claims: [{ access_token: { t: claims } }],
    });
    return { t: claimsOf((await issuer.granted(form, { client })).access_token).t, issuer };
  };

  test('client_id, subject, scope, grant_type, issuer, issuer_name and any parameter', async () => {
    const { t, issuer } = await filled(
      {
        client: '${client_id}',
        subject: '${subject}',
        scope: '${scope}',
        grant: '${grant_type}',
        issuer: '${issuer}',
        name: '${issuer_name}',
        mine: '${someparam}',
        resource: '${resource}',
      },
      { scope: 'a b', someparam: 'v', resource: 'https://api.example' },
    );
    assert.deepEqual(t, {
      client: 'm2m',
      subject: 'm2m',
      scope: 'a b',
      grant: 'client_credentials',
      issuer: issuer.id,
      name: issuer.name,
      mine: 'v',
      resource: 'https://api.example',
    });
  });

  test('placeholders within text, several of them, in lists and objects however deep', async () => {
    const { t } = await filled(['<${client_id}>', 'a${someparam}b${someparam}c', { x: [{ y: '${client_id}' }] }], {
      someparam: '-',
    });
    assert.deepEqual(t, ['<m2m>', 'a-b-c', { x: [{ y: 'm2m' }] }]);
  });

  test('a placeholder of an unknown name is empty', async () => {
    assert.deepEqual((await filled(['${nothing}', 'a${nothing}b', '${}'])).t, ['', 'ab', '']);
  });

  test('what is no placeholder stays: numbers, booleans, lone signs', async () => {
    const values = [
      1,
      1.5,
      true,
      false,
      '$',
      '$$',
      '${',
      '$client_id',
      '{client_id}',
      '${client_id',
      'a$ {x}',
      12345678901234,
    ];
    assert.deepEqual((await filled(values)).t, values);
  });

  test('a value is put in as it is: what looks like a placeholder in it stays', async () => {
    const odd = '${client_id} "\\ </script> \u0000 😀 ${${x}}';
    assert.equal((await filled('${someparam}', { someparam: odd })).t, odd);
  });

  test('${subject} of a login is the person, also at the refresh', async () => {
    const issuer = await mock.fresh().make({
      claims: [
        {
          access_token: { who: '${subject}' },
          id_token: { to: '${client_id}' },
          userinfo: { who: '${subject}' },
          response: { user: '${subject}' },
        },
      ],
    });
    const tokens = await issuer.tokens({ user: 'bob', scope: OFFLINE });
    assert.equal(claimsOf(tokens.access_token).who, 'bob');
    assert.equal(claimsOf(tokens.id_token).to, 'web');
    assert.equal(tokens.user, 'bob');
    assert.equal((await issuer.userinfo(tokens.access_token)).json().who, 'bob');
    const again = ok(await issuer.refresh(tokens.refresh_token)).json();
    assert.equal(claimsOf(again.access_token).who, 'bob');
    assert.equal(again.user, 'bob');
  });

  test('${issuer_name} of the default issuer is empty', async () => {
    const own = mock.at('');
    await own.rule({ match: { client_id: 'default-name' }, access_token: { t: '<${issuer_name}>' } });
    assert.equal(claimsOf((await own.granted({}, { client: 'default-name' })).access_token).t, '<>');
  });
});
