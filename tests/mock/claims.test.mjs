// Claims of users, claims by rule, templates, and a section for each place.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claimsOf } from '../suite/support/tokens.mjs';
import { Browser, formsOf } from './support/browser.mjs';
import { halfHash, isError, isRefused } from './support/check.mjs';
import { basic } from './support/http.mjs';
import { CALLBACK, header, OFFLINE, ok } from './support/issuer.mjs';
import { refused, start } from './support/process.mjs';

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

describe('claims of users, wherever they are looked for', { concurrency: 8 }, () => {
  const CLAIMS = { email: 'm@x.example', name: 'Mira', roles: ['admin'], acr: 'gold' };
  const SCOPES = 'openid email offline_access';
  /** What the places say of the person, of the claims above. */
  const told = async (issuer, { access_token, id_token }, client = 'web') => {
    const said = (claims) => Object.fromEntries(Object.entries(claims).filter(([name]) => name in CLAIMS));
    return {
      id_token: said(claimsOf(id_token)),
      access_token: said(claimsOf(access_token)),
      userinfo: said(ok(await issuer.userinfo(access_token)).json()),
      introspection: said(ok(await issuer.as(client, '/introspect', { token: access_token })).json()),
    };
  };
  const { name: _, ...HERS } = CLAIMS;
  const { acr: __, ...ABOUT_HER } = HERS;
  const ACR = { acr: 'gold' };
  const EVERYWHERE = { id_token: HERS, access_token: ACR, userinfo: ABOUT_HER, introspection: HERS };
  const mira = { sub: 'mira', claims: CLAIMS };
  const typed = async (issuer, asked = {}) => {
    const browser = new Browser(mock);
    const { query, login } = issuer.asking({ user: null, scope: SCOPES, ...asked });
    const page = await browser.open(issuer.authorizeUrl(query));
    const form = formsOf(page.response.text).find(({ inputs }) => inputs.some(({ name }) => name === 'username'));
    const until = login.redirect_uri;
    const fields = { username: 'mira', claims: JSON.stringify(CLAIMS) };
    const { arrived } = await browser.press(page, { form, fields, until });
    const tokens = ok(await issuer.redeem({ ...login, code: arrived.searchParams.get('code') })).json();
    return { ...tokens, browser };
  };

  test('of a user: ID token, userinfo, introspection, and not the access token; standard ones by scope', async () => {
    const issuer = await mock.fresh().make({ users: [mira] });
    const tokens = await issuer.tokens({ user: 'mira', scope: SCOPES });
    assert.deepEqual(await told(issuer, tokens), EVERYWHERE);
    assert.equal(claimsOf(tokens.id_token).at_hash, halfHash(tokens.access_token, header(tokens.id_token).alg));
    await issuer.verify(tokens.id_token, { typ: null, audience: 'web' });
    const again = ok(await issuer.refresh(tokens.refresh_token)).json();
    assert.deepEqual(await told(issuer, again), EVERYWHERE);
  });

  test('typed on the login page: the same', async () => {
    const issuer = await mock.fresh().make();
    const tokens = await typed(issuer);
    assert.deepEqual(await told(issuer, tokens), EVERYWHERE);
    assert.deepEqual(await told(issuer, ok(await issuer.refresh(tokens.refresh_token)).json()), EVERYWHERE);
  });

  test('of a device: the same', async () => {
    const issuer = await mock.fresh().make({ users: [mira] });
    const device = ok(await issuer.device({ scope: SCOPES })).json();
    await issuer.approve(device, { user: 'mira' });
    assert.deepEqual(await told(issuer, ok(await issuer.poll(device.device_code)).json(), 'tv'), EVERYWHERE);
  });

  test('longer than a token of production may have them, and kept beside the grant', async () => {
    const long = 'x'.repeat(6000);
    const issuer = await mock.fresh().make({ users: [{ sub: 'mira', claims: { long, ...ACR } }] });
    const { access_token, id_token } = await issuer.tokens({ user: 'mira' });
    assert.equal(claimsOf(id_token).long, long);
    assert.equal((await issuer.as('web', '/introspect', { token: access_token })).json().long, long);
  });

  test('user_claims says where else, and where not', async () => {
    const of = async (user_claims) => {
      const issuer = await mock.fresh().make({ users: [mira], user_claims });
      return told(issuer, await issuer.tokens({ user: 'mira', scope: SCOPES }));
    };
    assert.deepEqual(await of(['access_token']), {
      id_token: ACR,
      access_token: HERS,
      userinfo: ABOUT_HER,
      introspection: HERS,
    });
    assert.deepEqual(await of([]), { id_token: ACR, access_token: ACR, userinfo: ABOUT_HER, introspection: ACR });
    const wrong = await mock.fresh().control('PUT', '/issuer', { user_claims: ['userinfo'] });
    isRefused(wrong, /user_claims\[0\].*userinfo.*id_token/);
  });

  test('a client whose record lists claims gets those', async () => {
    const issuer = await mock.fresh().make({
      users: [mira],
      clients: [{ client_id: 'web', client_secret: 's', access_token_claims: ['roles'] }],
    });
    assert.deepEqual(await told(issuer, await issuer.tokens({ user: 'mira', scope: SCOPES })), {
      id_token: ACR,
      access_token: { roles: ['admin'], ...ACR },
      userinfo: ABOUT_HER,
      introspection: { roles: ['admin'], ...ACR },
    });
  });

  test('strict, they are where production has them', async () => {
    const issuer = await mock.fresh().make({
      strictness: 'strict',
      users: [mira],
      clients: [
        { client_id: 'web', client_secret: 'any-secret', scope: SCOPES, redirect_uris: [CALLBACK], audiences: [] },
      ],
    });
    const tokens = await issuer.tokens({ user: 'mira', scope: SCOPES });
    const said = { id_token: ACR, access_token: ACR, userinfo: ABOUT_HER, introspection: ACR };
    assert.deepEqual(await told(issuer, tokens), said);
    await issuer.user({ sub: 'mira', claims: { roles: ['none'] } });
    assert.deepEqual(await told(issuer, tokens), said, 'a grant keeps what its login said');
  });

  test('a user who is replaced is only what they are now: at once, in grants, sessions and later logins', async () => {
    const issuer = await mock.fresh().make({
      users: [mira],
      user_claims: ['id_token', 'access_token', 'introspection'],
      claims: [{ access_token: { now: '${user.roles}' } }],
    });
    const browser = new Browser(mock);
    const before = await issuer.tokens({ user: 'mira', scope: SCOPES, browser });
    await issuer.user({ sub: 'mira', claims: { email: 'new@x.example', name: 'New', acr: 'lead' } });
    const now = { email: 'new@x.example', acr: 'lead' };
    const { acr, ...about } = now;
    const expected = { id_token: now, access_token: now, userinfo: about, introspection: now };
    const { id_token: old, access_token: older, ...live } = await told(issuer, before);
    assert.deepEqual([old, older], [HERS, HERS], 'what was issued is issued');
    assert.deepEqual(live, {
      userinfo: about,
      // It says what the token says, which cannot be taken back, but for what the user is now.
      introspection: now,
    });
    const refreshed = ok(await issuer.refresh(before.refresh_token)).json();
    assert.deepEqual(await told(issuer, refreshed), expected);
    assert.equal(claimsOf(refreshed.access_token).now, undefined);
    const session = await issuer.tokens({ user: null, prompt: 'none', scope: SCOPES, browser });
    assert.deepEqual(await told(issuer, session), expected);
    assert.deepEqual(await told(issuer, await issuer.tokens({ user: 'mira', scope: SCOPES })), expected);
  });

  test('a user who is removed is a stranger at once; one who is added is no longer one', async () => {
    const issuer = await mock.fresh().make({ users: [mira] });
    const { access_token } = await issuer.tokens({ user: 'mira', scope: SCOPES });
    await issuer.set('DELETE', '/users', undefined, { query: { sub: 'mira' } });
    assert.equal((await issuer.userinfo(access_token)).json().email, 'mira@example.com');
    await issuer.user({ sub: 'mira', claims: { roles: ['again'] } });
    const info = (await issuer.userinfo(access_token)).json();
    assert.deepEqual([info.email, info.roles], [undefined, ['again']]);
  });

  test('what was typed at a login stays with its grant', async () => {
    const issuer = await mock.fresh().make({ users: [{ sub: 'mira', claims: { roles: ['user'] } }] });
    const tokens = await typed(issuer);
    await issuer.user({ sub: 'mira', claims: { roles: ['replaced'] } });
    assert.deepEqual(await told(issuer, tokens), EVERYWHERE);
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

  test('refresh_token: a JWT with those claims, which is redeemed as any, and once', async () => {
    const issuer = await ruled({ refresh_token: { typ: 'Refresh', azp: '${client_id}', jti: null } });
    const { refresh_token, access_token } = await issuer.tokens({ scope: OFFLINE });
    const { iss, sub, typ, azp, ...more } = claimsOf(refresh_token);
    assert.deepEqual([iss, sub, typ, azp], [issuer.id, 'alice', 'Refresh', 'web']);
    assert.deepEqual(Object.keys(more), ['iat']);
    assert.equal(header(refresh_token).kid, header(access_token).kid);
    const next = ok(await issuer.refresh(refresh_token)).json();
    assert.equal(claimsOf(next.refresh_token).typ, 'Refresh');
    ok(await issuer.as('web', '/revoke', { token: next.refresh_token }));
    isError(await issuer.refresh(next.refresh_token), 400, 'invalid_grant');
    assert.equal((await issuer.granted()).refresh_token, undefined);
  });

  test('access_token_header: the typ of access tokens, by client', async () => {
    const issuer = await ruled({ match: { client_id: 'old' }, access_token_header: { typ: 'JWT' } });
    const { access_token } = await issuer.granted({}, { client: 'old' });
    assert.equal(header(access_token).typ, 'JWT');
    await issuer.verify(access_token, { typ: 'JWT' });
    assert.equal(header((await issuer.granted({}, { client: 'new' })).access_token).typ, 'at+jwt');
  });

  test('headers: members of each token’s JOSE header, and null takes away', async () => {
    const issuer = await ruled({
      access_token_header: { x5t: 'a', jku: '${issuer}/jwks', typ: null },
      id_token_header: { kid: 'other', 'x5t#S256': '${subject}' },
    });
    const { access_token, id_token } = await issuer.tokens();
    const { x5t, jku, kid, ...access } = header(access_token);
    assert.deepEqual([x5t, jku, 'typ' in access], ['a', `${issuer.id}/jwks`, false]);
    assert.deepEqual([header(id_token).kid, header(id_token)['x5t#S256']], ['other', 'alice']);
    assert.equal(claimsOf(id_token).at_hash, halfHash(access_token, header(id_token).alg));
    assert.equal(
      (await issuer.keys()).some((key) => key.kid === kid),
      true,
    );
  });

  test('introspection: what is said of an active token, and of no other', async () => {
    const issuer = await ruled({
      match: { client_id: 'web', scope: 'openid' },
      introspection: { tenant: '${client_id}', plan: '${user.plan|claims.sub}', jti: null },
    });
    const { access_token } = await issuer.tokens();
    const said = (await issuer.as('web', '/introspect', { token: access_token })).json();
    assert.deepEqual([said.active, said.tenant, said.plan, 'jti' in said], [true, 'web', 'alice', false]);
    const none = (await issuer.as('web', '/introspect', { token: 'x' })).json();
    assert.deepEqual(none, { active: false });
    const other = (await issuer.granted({}, { client: 'web' })).access_token;
    assert.ok(!('tenant' in (await issuer.as('web', '/introspect', { token: other })).json()));
  });

  test('next_login: of one login only, with all that comes of its grant', async () => {
    const issuer = await ruled({ access_token: { always: 1 } });
    const before = await issuer.tokens({ scope: OFFLINE });
    const { id } = await issuer.set('POST', '/claims', {
      match: { subject: 'alice' },
      access_token: { once: 1 },
      userinfo: { once: 2 },
      introspection: { once: 3 },
      next_login: true,
    });
    const once = ({ access_token }) => claimsOf(access_token).once;
    assert.equal(once(await issuer.granted()), undefined, 'a client that logs nobody in');
    assert.equal(once(ok(await issuer.refresh(before.refresh_token)).json()), undefined, 'a login of before');
    assert.equal(once(await issuer.tokens({ user: 'bob' })), undefined, 'somebody else');
    assert.equal((await issuer.set('GET', '/claims', undefined, { query: { id } })).claims[0].next_login, true);
    const tokens = await issuer.tokens({ scope: OFFLINE });
    assert.equal(once(tokens), 1);
    assert.deepEqual(
      (await issuer.set('GET', '/claims')).claims.map((rule) => rule.id),
      [1],
    );
    assert.equal((await issuer.userinfo(tokens.access_token)).json().once, 2);
    assert.equal((await issuer.as('web', '/introspect', { token: tokens.access_token })).json().once, 3);
    assert.equal(once(ok(await issuer.refresh(tokens.refresh_token)).json()), 1);
    assert.equal(once(await issuer.tokens()), undefined);
  });

  test('next_login takes part in the order of the rules, and in `last`', async () => {
    const issuer = await ruled({ access_token: { x: 1, y: 1 } });
    await issuer.set('POST', '/claims', { access_token: { x: 2, z: 2 }, next_login: true, last: true });
    await issuer.set('POST', '/claims', { access_token: { y: 3 } });
    const seen = async () => {
      const { x, y, z } = claimsOf((await issuer.tokens()).access_token);
      return [x, y, z];
    };
    assert.deepEqual(await seen(), [2, 1, 2]);
    assert.deepEqual(await seen(), [1, 3, undefined]);
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
          {
            access_token: { tenant: 'x'.repeat(100), jti: null },
            access_token_header: { typ: 'JWT' },
            id_token: { more: 1 },
          },
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
    const issuer = await ruled({ access_token_header: { typ: 'JWT' } });
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
access_token_header = { typ = "JWT" }

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
        mine: '${parameters.someparam}',
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
    const { t } = await filled(
      ['<${client_id}>', 'a${parameters.someparam}b${parameters.someparam}c', { x: [{ y: '${client_id}' }] }],
      {
        someparam: '-',
      },
    );
    assert.deepEqual(t, ['<m2m>', 'a-b-c', { x: [{ y: 'm2m' }] }]);
  });

  test('alone, a placeholder is the JSON value; what is not there is left out, and within a text empty', async () => {
    const { t } = await filled(
      { list: ['${parameters.nothing}', '${scopes}', '${now}'], none: '${nonce}', text: 'a${nonce}b ${scopes}' },
      { scope: 'a b' },
    );
    const [scopes, now] = t.list;
    assert.deepEqual([scopes, typeof now, t.text, 'none' in t], [['a', 'b'], 'number', 'ab ["a","b"]', false]);
    assert.equal((await filled('${parameters.nothing}')).t, undefined);
  });

  test('of several names, the first that is there', async () => {
    const names = '${parameters.a|parameters.b|client_id}';
    assert.equal((await filled(names, { a: '1', b: '2' })).t, '1');
    assert.equal((await filled(names, { a: '', b: '2' })).t, '2', 'a parameter without a value is none');
    assert.equal((await filled(names)).t, 'm2m');
  });

  test('claims.NAME, uuid:NAME and base', async () => {
    const own = { jti: '${claims.jti}', id: '${uuid:oid}', other: '${uuid:other}', base: '${base}' };
    const { t, issuer } = await filled(own);
    const token = claimsOf((await issuer.granted()).access_token);
    const { t: again } = token;
    assert.equal(again.jti, token.jti);
    assert.notEqual(again.jti, t.jti);
    assert.match(t.id, /^[0-9a-f]{8}-[0-9a-f]{4}-5[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    assert.deepEqual([again.id, again.base], [t.id, issuer.id]);
    assert.notEqual(t.other, t.id);
    const tenant = claimsOf((await issuer.granted({}, { client: 'another' })).access_token).t.id;
    assert.notEqual(tenant, t.id, 'each subject has its own');
    assert.notEqual((await filled(own)).t.id, t.id, 'each issuer has its own');
  });

  test('user.NAME: a claim of the user', async () => {
    const issuer = await mock.fresh().make({
      users: [{ sub: 'mira', claims: { groups: ['a', 'b'], plan: null } }],
      claims: [{ access_token: { groups: '${user.groups}', plan: '${user.plan|parameters.plan}' } }],
    });
    const { groups, plan } = claimsOf((await issuer.tokens({ user: 'mira' })).access_token);
    assert.deepEqual([groups, plan], [['a', 'b'], undefined]);
    assert.equal(claimsOf((await issuer.granted()).access_token).groups, undefined);
  });

  for (const [template, unknown] of [
    ['${nothing}', '${nothing}'],
    ['a${someparam}b', '${someparam}'],
    ['${}', '${}'],
    ['${client_id|clientId}', '${clientId}'],
  ]) {
    test(`${template} is refused, in the file with its place`, async () => {
      const answer = await mock.fresh().control('PUT', '/issuer', { claims: [{ userinfo: { t: [template] } }] });
      isRefused(answer, /^claims\[0\]\.userinfo\.t\[0\]: expected a template of client_id, /);
      assert.ok(answer.json().error_description.endsWith(`there is no ${unknown}`));
      const { text } = await refused({ config: `[[issuer.users]]\nsub = "x"\nid_token = { a = "${template}" }\n` });
      assert.match(text, /\.toml:3:\d+: issuer\.users\[0\]\.id_token\.a: expected a template of /);
    });
  }

  test('what is no placeholder stays: numbers, booleans, lone signs', async () => {
    const values = [1, 1.5, true, false, '$', '$$', '$client_id', '{client_id}', 'a$ {x}', 12345678901234];
    assert.deepEqual((await filled(values)).t, values);
  });

  test('a value is put in as it is: what looks like a placeholder in it stays', async () => {
    const odd = '${client_id} "\\ </script> \u0000 😀 ${${x}}';
    assert.equal((await filled('${parameters.someparam}', { someparam: odd })).t, odd);
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
