// Token exchange (RFC 8693): what a service may make of a token that it was given, and nothing else.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { JWT_BEARER, TOKEN_EXCHANGE } from '../support/assertion-clients.mjs';
import { assertionOf, presented } from '../support/assertions.mjs';
import { isError, isToken } from '../support/check.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import {
  introspect,
  isActive,
  loggedIn,
  now,
  postAs,
  random,
  refreshed,
  revoke,
  sleep,
  userinfo,
} from '../support/flow.mjs';
import { basic } from '../support/http.mjs';
import { ci, ofCase } from '../support/platforms.mjs';
import { clientCredentials, post, startFor, unless } from '../support/target.mjs';
import { claimsOf, reseal, unseal } from '../support/tokens.mjs';

const { api, shop, gateway, orders, stock, books, mail, ruled, careful, sealing, login } = clients;
const { unexchanging, publicService, elsewhere, unscoped } = clients;

const TYPE = 'urn:ietf:params:oauth:token-type';
const ACCESS_TOKEN = `${TYPE}:access_token`;
const API = 'https://api.example';
const id = (client) => client.client_id;

const list = (form) => {
  const pairs = Array.isArray(form) ? form : Object.entries(form);
  return pairs
    .flatMap(([name, values]) => [values].flat().map((value) => [name, value]))
    .filter(([, it]) => it !== undefined);
};

/** A token exchange by `client`; a member of `form` that is `undefined` takes the one before it away. */
function ask(client, subject_token, form = {}, options = {}) {
  const more = list(form);
  const named = Array.isArray(form) ? [] : Object.keys(form);
  const usual = Object.entries({
    grant_type: TOKEN_EXCHANGE,
    subject_token,
    subject_token_type: ACCESS_TOKEN,
  });
  return postAs(client, '/token', [...usual.filter(([name]) => !named.includes(name)), ...more], options);
}

/** The access token that an exchange answers with. */
async function exchanged(client, subject_token, form, options) {
  const response = await ask(client, subject_token, form, options);
  assert.equal(response.status, 200, response.text);
  return response.json().access_token;
}

/** What makes a token of another client one of the gateway's own. */
const asGateway = { client_id: id(gateway), sub: id(gateway) };

const ALL = [gateway, orders, stock, books, mail, sealing, unexchanging, publicService, elsewhere, unscoped, shop].map(
  id,
);
/** A person's token at these audiences; the login application says `claims` of her. */
async function personal({ audiences = [...ALL.slice(0, -1), API], claims, client = shop, ...form } = {}, options = {}) {
  const answer = { ...options.answer, ...(claims && { claims: JSON.stringify(claims) }) };
  const asked = { scope: 'openid profile offline_access read write', resource: audiences, ...form };
  return loggedIn(client, asked, { ...options, answer });
}

/** A machine's own token for these audiences. */
const machine = async (client, audiences = [id(gateway), id(orders)], options = {}) =>
  (
    await clientCredentials(
      client,
      audiences.map((audience) => ['audience', audience]),
      options,
    )
  ).json().access_token;

/** RFC 8693 §2.2.2: the same bytes for every token that is not acceptable. */
function isUnacceptable(response, what) {
  isError(response, 400, 'invalid_request');
  assert.equal(response.json().error_description, 'the subject_token or actor_token is not acceptable', what);
}

const shown = async (caller, token, options) => (await introspect(caller, token, options)).json();

describe('token exchange', { concurrency: 8 }, () => {
  test('RFC 8693 §2.2.1: the answer: an access token, its type, and no refresh token', async () => {
    const { access_token } = await personal();
    const { body, payload } = await isToken(await ask(gateway, access_token, { resource: API }), { audience: API });
    assert.deepEqual(
      { ...body, access_token: undefined, expires_in: undefined },
      {
        access_token: undefined,
        expires_in: undefined,
        issued_token_type: ACCESS_TOKEN,
        token_type: 'Bearer',
        scope: 'openid profile read',
      },
    );
    const subject = claimsOf(access_token);
    const { iat, exp, jti, ...rest } = payload;
    assert.deepEqual(rest, {
      iss: ISSUER,
      sub: 'alice',
      aud: API,
      client_id: id(gateway),
      scope: 'openid profile read',
      sid: subject.sid,
      auth_time: subject.auth_time,
      act: { sub: id(gateway) },
      exchanged_from: [{ client_id: 'shop', iat: subject.iat, jti: subject.jti }],
    });
    assert.notEqual(jti, subject.jti);
    assert.ok(exp <= subject.exp && iat <= exp);
  });

  test('RFC 8693 §4.1: what introspection says of it is what it says', async () => {
    const { access_token } = await personal({ claims: { roles: ['buyer'], may_act: { sub: id(gateway) } } });
    const token = await exchanged(gateway, access_token, { resource: [API] });
    for (const caller of [gateway, api]) {
      const { active, token_type, ...said } = await shown(caller, token);
      assert.deepEqual([active, token_type], [true, 'Bearer']);
      assert.deepEqual(said, claimsOf(token));
    }
    const { may_act, act } = claimsOf(token);
    assert.deepEqual([may_act, act], [{ sub: id(gateway) }, { sub: id(gateway) }], 'and both are there');
    assert.equal(await isActive(shop, token), false, 'whose token it was learns nothing of it');
  });

  test('RFC 8693 §4.1: each client that acts stands around those before it', async () => {
    const { access_token } = await personal();
    const first = await exchanged(gateway, access_token, { resource: id(orders) });
    const second = await exchanged(orders, first, { resource: id(orders) });
    assert.deepEqual(claimsOf(second).act, { sub: id(orders), act: { sub: id(gateway) } });
    const again = await exchanged(orders, second);
    assert.deepEqual(claimsOf(again).act, claimsOf(second).act, 'its own token: nobody else acts');
    const [given, ...before] = claimsOf(second).exchanged_from;
    assert.equal(given.jti, claimsOf(first).jti);
    assert.deepEqual(before, claimsOf(first).exchanged_from, 'what the chain began with');
  });

  test('RFC 8693 §4.1: a fifth actor: invalid_request', async () => {
    const services = [gateway, orders, stock, books, mail];
    let token = (await personal()).access_token;
    for (const service of services.slice(0, 4)) token = await exchanged(service, token, { resource: services.map(id) });
    let depth = 0;
    for (let { act } = claimsOf(token); act; act = act.act) depth += 1;
    assert.equal(depth, 4);
    isUnacceptable(await ask(mail, token, { resource: id(mail) }));
    assert.equal((await ask(books, token)).status, 200, 'who acts already may');
  });

  test('a token comes of five exchanges at most', async () => {
    let token = (await personal()).access_token;
    for (let n = 0; n < 5; n += 1) token = await exchanged(shop, token, {});
    isUnacceptable(await ask(shop, token));
  });

  for (const [service, audience] of [
    [gateway, [id(gateway), API]],
    [sealing, API],
  ]) {
    test(`RFC 8693 §1.1: a machine's token, by ${id(service)}: the machine stays the subject`, async () => {
      const token = await exchanged(service, await machine(shop, [id(service), API]));
      const { active, sub, client_id, act, aud, tenant, exchanged_from } = await shown(service, token);
      assert.deepEqual(
        { active, sub, client_id, act, aud, tenant, from: exchanged_from[0].client_id },
        {
          active: true,
          sub: 'shop',
          client_id: id(service),
          act: { sub: id(service) },
          aud: audience,
          tenant: 'blue',
          from: 'shop',
        },
      );
    });
  }

  test('RFC 8693 §2.1: a client narrows its own token, and no actor is named', async () => {
    const { access_token } = await personal();
    const token = await exchanged(shop, access_token, { scope: 'read', resource: API });
    const { scope, aud, act, client_id, sub } = claimsOf(token);
    assert.deepEqual(
      { scope, aud, act, client_id, sub },
      { scope: 'read', aud: API, act: undefined, client_id: 'shop', sub: 'alice' },
    );
    assert.equal(await isActive(shop, token), true);
  });

  test('an opaque token is exchanged like any other, and one is issued to who is registered for it', async () => {
    const { access_token } = await personal();
    const sealed = await exchanged(sealing, access_token, { resource: id(gateway) });
    assert.match(sealed, /^jat_/);
    const token = await exchanged(gateway, sealed, { resource: id(gateway) });
    assert.deepEqual(claimsOf(token).act, { sub: id(gateway), act: { sub: id(sealing) } });
  });

  describe('scope, audience and lifetime are only ever narrower', () => {
    for (const [name, form, expected] of [
      ['the default is what both have', {}, 'openid profile read'],
      ['a part of it', { scope: 'read' }, 'read'],
      ['in the order asked for', { scope: 'read openid' }, 'read openid'],
    ]) {
      test(`RFC 8693 §2.1: scope: ${name}`, async () => {
        const { access_token } = await personal();
        assert.equal(claimsOf(await exchanged(gateway, access_token, { resource: API, ...form })).scope, expected);
      });
    }

    for (const [name, form] of [
      ["the subject token's, which the client is not registered for", { scope: 'write' }],
      ["the client's, which the subject token has not", { scope: 'admin' }],
      ['one of several is too much', { scope: 'read admin' }],
      ['malformed', { scope: 'read "' }],
      ['of spaces', { scope: ' ' }],
    ]) {
      test(`RFC 6749 §5.2: scope: ${name}: invalid_scope`, async () => {
        const { access_token } = await personal();
        isError(await ask(gateway, access_token, { resource: API, ...form }), 400, 'invalid_scope');
      });
    }

    test('RFC 6749 §5.2: scope: nothing in common: invalid_scope', async () => {
      const { access_token } = await personal();
      isError(await ask(unscoped, access_token), 400, 'invalid_scope');
    });

    test('a subject token that was narrowed has not its grant’s scope again', async () => {
      const { refresh_token } = await personal();
      const { access_token } = await refreshed(shop, refresh_token, [
        ['scope', 'read'],
        ['resource', id(gateway)],
      ]);
      isError(await ask(gateway, access_token, { scope: 'openid' }), 400, 'invalid_scope');
      const token = await exchanged(gateway, access_token);
      assert.equal(claimsOf(token).scope, 'read');
      isError(await ask(shop, access_token, { scope: 'write' }), 400, 'invalid_scope');
    });

    for (const [name, form, expected] of [
      ['the default is what both have', {}, [id(gateway), API]],
      ['resource', { resource: API }, API],
      ['audience', { audience: API }, API],
      [
        'several of both (RFC 8693 §2.1)',
        [
          ['audience', API],
          ['resource', id(gateway)],
          ['resource', id(gateway)],
        ],
        [id(gateway), API],
      ],
    ]) {
      test(`RFC 8693 §2.1: audience: ${name}`, async () => {
        const { access_token } = await personal({ audiences: [id(gateway), API], scope: 'read' });
        assert.deepEqual(claimsOf(await exchanged(gateway, access_token, form)).aud, expected);
      });
    }

    for (const [name, form] of [
      ["registered for the client, and not the subject token's", { resource: id(mail) }],
      ['registered for nobody', { resource: 'https://evil.example' }],
      ["the subject token's, and not registered for the client", { audience: id(unscoped) }],
      ['the issuer without openid', { scope: 'read', resource: ISSUER }],
      ['a relative resource (RFC 8707 §2)', { resource: '/api' }],
      ['a resource with a fragment (RFC 8707 §2)', { resource: `${API}#a` }],
      [
        'one of several is too much',
        [
          ['resource', API],
          ['audience', id(mail)],
        ],
      ],
    ]) {
      test(`RFC 8693 §2.2.2: audience: ${name}: invalid_target`, async () => {
        const { access_token } = await personal({ audiences: [id(gateway), id(unscoped), API] });
        isError(await ask(gateway, access_token, form), 400, 'invalid_target');
      });
    }

    test('RFC 8693 §2.2.2: audience: nothing in common: invalid_target', async () => {
      const { access_token } = await personal({ scope: 'read' });
      isError(await ask(elsewhere, access_token), 400, 'invalid_target');
      isError(await ask(elsewhere, access_token, { resource: API }), 400, 'invalid_target');
    });

    test('RFC 8693 §2.1: the lifetime is the shortest of subject, client and actor', async () => {
      const short = await exchanged(sealing, (await personal()).access_token, { resource: id(gateway) });
      const { exp } = await shown(sealing, short);
      const { iat, exp: end } = claimsOf(await exchanged(gateway, short, { resource: id(gateway) }));
      assert.equal(end, exp, "never beyond the subject's");
      assert.ok(end - iat <= 60);
      const actor_token = await exchanged(gateway, short, { resource: id(gateway) });
      const subject = (await personal()).access_token;
      const own = await machine(gateway, [API]);
      const by = { resource: API, actor_token: own, actor_token_type: ACCESS_TOKEN };
      assert.ok(claimsOf(await exchanged(gateway, subject, by)).exp > end);
      isUnacceptable(await ask(gateway, subject, { ...by, actor_token }), 'an actor that acts for another');
      const brief = reseal(await machine(sealing, [API]), { exp: now() + 20 });
      const { body } = await isToken(await ask(gateway, subject, { ...by, actor_token: reseal(brief, asGateway) }));
      assert.ok(body.expires_in <= 20, `${body.expires_in} s`);
    });

    test("claims of the person: what the subject token says and the client's record lists", async () => {
      const claims = { roles: ['buyer'], groups: ['a'], email: 'alice@example.com' };
      const { access_token } = await personal({ claims });
      assert.deepEqual(claimsOf(access_token).groups, ['a']);
      const token = claimsOf(await exchanged(gateway, access_token, { resource: API }));
      assert.deepEqual([token.roles, token.groups, token.email], [['buyer'], undefined, undefined]);
    });
  });

  describe('who may exchange', () => {
    test('RFC 8693 §2.1: a client for which the token is not: invalid_request', async () => {
      const { access_token } = await personal({ audiences: [id(orders), API] });
      isUnacceptable(await ask(gateway, access_token, { resource: API }));
    });

    test('RFC 6749 §5.2: a client that is not registered for it: unauthorized_client', async () => {
      const { access_token } = await personal();
      isError(await ask(unexchanging, access_token, { resource: API }), 400, 'unauthorized_client');
      isError(await ask(api, access_token), 400, 'unauthorized_client');
    });

    test('RFC 8693 §5: a public client: unauthorized_client', async () => {
      const { access_token } = await personal();
      isError(await ask(publicService, access_token, { resource: API }), 400, 'unauthorized_client');
    });

    test('RFC 8693 §2.1: client authentication that fails or is missing: invalid_client', async () => {
      const { access_token } = await personal();
      isError(await ask({ ...gateway, client_secret: 'wrong' }, access_token), 401, 'invalid_client');
      isError(await ask({ client_id: id(gateway) }, access_token), 401, 'invalid_client');
      const form = { grant_type: TOKEN_EXCHANGE, subject_token: access_token, subject_token_type: ACCESS_TOKEN };
      isError(await post('/token', form), 401, 'invalid_client');
    });

    test('RFC 8693 §4.4: may_act names who may: anybody else: invalid_request', async () => {
      for (const may_act of [{ sub: id(orders) }, { client_id: id(orders) }, { sub: id(orders), iss: ISSUER }]) {
        const { access_token } = await personal({ claims: { may_act } });
        assert.deepEqual(claimsOf(access_token).may_act, may_act);
        isUnacceptable(await ask(gateway, access_token, { resource: API }));
        const token = await exchanged(orders, access_token, { resource: id(gateway) });
        isUnacceptable(await ask(gateway, token), 'nor with what came of it');
      }
      const { access_token } = await personal({ claims: { may_act: { sub: id(orders), iss: 'https://x.example' } } });
      isUnacceptable(await ask(orders, access_token, { resource: API }), 'orders of another issuer');
    });

    test("RFC 8693 §4.4: may_act that the client's record does not list is in no token of it", async () => {
      const { access_token } = await personal({
        client: clients.web,
        scope: 'openid read',
        audiences: [API],
        claims: { may_act: { sub: 'x' } },
      });
      assert.ok(!('may_act' in claimsOf(access_token)));
    });

    test('RFC 8693 §4.4: may_act of a machine, by its record', async () => {
      const token = await machine(careful);
      assert.deepEqual(claimsOf(token).may_act, { sub: id(orders) });
      isUnacceptable(await ask(gateway, token));
      const { may_act, tenant } = await shown(orders, await exchanged(orders, token, { resource: id(orders) }));
      assert.deepEqual([may_act, tenant], [{ sub: id(orders) }, 'red']);
      assert.equal((await ask(careful, token)).status, 200, 'a client narrows its own token: nobody acts');
    });
  });

  describe('the actor token', () => {
    const by = (actor_token, more = {}) => ({
      resource: API,
      actor_token,
      actor_token_type: ACCESS_TOKEN,
      ...more,
    });

    test("RFC 8693 §2.1: its subject acts, in the client's place", async () => {
      const { access_token } = await personal();
      const bob = await personal({ audiences: [API] }, { answer: { subject: 'bob' } });
      const token = await exchanged(shop, access_token, by(bob.access_token));
      assert.deepEqual([claimsOf(token).sub, claimsOf(token).act], ['alice', { sub: 'bob' }]);
      const own = await machine(gateway, [API]);
      assert.deepEqual(claimsOf(await exchanged(gateway, access_token, by(own))).act, { sub: id(gateway) });
    });

    test("RFC 8693 §4.4: may_act is about the actor token's subject", async () => {
      const { access_token } = await personal({ claims: { may_act: { sub: 'bob' } } });
      const bob = (await personal({ audiences: [API] }, { answer: { subject: 'bob' } })).access_token;
      const eve = (await personal({ audiences: [API] }, { answer: { subject: 'eve' } })).access_token;
      assert.deepEqual(claimsOf(await exchanged(shop, access_token, by(bob))).act, { sub: 'bob' });
      isUnacceptable(await ask(shop, access_token, by(eve)));
    });

    test("RFC 8693 §2.2.2: another client's, one that has ended, or none: invalid_request", async () => {
      const { access_token } = await personal();
      isUnacceptable(
        await ask(gateway, access_token, by(await machine(orders, [id(gateway)]))),
        'for it, and not its own',
      );
      isUnacceptable(await ask(gateway, access_token, by('x')));
      const revoked = await machine(gateway, [API]);
      await revoke(gateway, revoked);
      isUnacceptable(await ask(gateway, access_token, by(revoked)));
      const bob = await personal({ audiences: [API] }, { answer: { subject: 'bob' } });
      await revoke(shop, bob.refresh_token);
      isUnacceptable(await ask(shop, access_token, by(bob.access_token)));
    });

    test('RFC 8693 §2.1: actor_token and actor_token_type go together: invalid_request', async () => {
      const { access_token } = await personal();
      const own = await machine(gateway, [API]);
      isError(await ask(gateway, access_token, by(own, { actor_token_type: undefined })), 400, 'invalid_request');
      isError(await ask(gateway, access_token, by(undefined)), 400, 'invalid_request');
      isError(await ask(gateway, access_token, by(own, { actor_token_type: `${TYPE}:saml2` })), 400, 'invalid_request');
    });
  });

  describe('what is no subject token', () => {
    for (const name of ['subject_token', 'subject_token_type']) {
      test(`RFC 8693 §2.1: no ${name}: invalid_request`, async () => {
        const { access_token } = await personal();
        isError(await ask(gateway, access_token, { resource: API, [name]: undefined }), 400, 'invalid_request');
        isError(await ask(gateway, access_token, { resource: API, [name]: '' }), 400, 'invalid_request');
      });
    }

    for (const name of ['subject_token', 'subject_token_type', 'actor_token', 'requested_token_type', 'scope']) {
      test(`RFC 6749 §3.2: ${name} twice: invalid_request`, async () => {
        const { access_token } = await personal();
        const usual = [
          ['resource', API],
          ['actor_token', await machine(gateway, [API])],
          ['actor_token_type', ACCESS_TOKEN],
          ['requested_token_type', ACCESS_TOKEN],
          ['scope', 'read'],
        ];
        assert.equal((await ask(gateway, access_token, usual)).status, 200);
        const value = usual.find(([own]) => own === name)?.[1] ?? { subject_token: access_token }[name] ?? ACCESS_TOKEN;
        isError(await ask(gateway, access_token, [...usual, [name, value]]), 400, 'invalid_request');
      });
    }

    test('RFC 8693 §2.1: a requested_token_type that is not issued: invalid_request', async () => {
      const { access_token } = await personal();
      for (const name of ['refresh_token', 'id_token', 'jwt', 'saml1', 'saml2', 'id-jag', 'Access_Token']) {
        const form = { resource: API, requested_token_type: `${TYPE}:${name}` };
        isError(await ask(gateway, access_token, form), 400, 'invalid_request');
      }
      isError(await ask(gateway, access_token, { requested_token_type: 'access_token' }), 400, 'invalid_request');
      const { issued_token_type } = (
        await ask(gateway, access_token, { resource: API, requested_token_type: ACCESS_TOKEN })
      ).json();
      assert.equal(issued_token_type, ACCESS_TOKEN);
    });

    test('RFC 8693 §3: an access token under another type: invalid_request', async () => {
      const { access_token } = await personal();
      for (const name of ['refresh_token', 'id_token', 'jwt', 'saml1', 'saml2', 'access-token', '']) {
        const form = { resource: API, subject_token_type: `${TYPE}:${name}` };
        isError(await ask(gateway, access_token, form), 400, 'invalid_request');
      }
    });

    test('RFC 8693 §2.2.2: tokens of other kinds, under any type: invalid_request', async () => {
      const { access_token, refresh_token, id_token, login: session } = await personal();
      const [header, , signature] = access_token.split('.');
      const forged = Buffer.from(JSON.stringify({ ...claimsOf(access_token), sub: 'root' })).toString('base64url');
      const none = Buffer.from('{"alg":"none","typ":"at+jwt"}').toString('base64url');
      for (const [name, token] of [
        ['a refresh token', refresh_token],
        ['an ID token', id_token],
        ['a code', session.code],
        ['garbage', 'x'],
        ['claims that were changed', `${header}.${forged}.${signature}`],
        ['alg none', `${none}.${access_token.split('.')[1]}.`],
        ['64 kB', 'x'.repeat(60_000)],
      ]) {
        isUnacceptable(await ask(shop, token, { resource: API }), name);
        for (const type of ['id_token', 'jwt', 'refresh_token']) {
          const form = { resource: API, subject_token_type: `${TYPE}:${type}` };
          isError(await ask(shop, token, form), 400, 'invalid_request');
        }
      }
    });

    test('RFC 8693 §2.2.2: a token whose login has ended: invalid_request', async () => {
      const { access_token, refresh_token } = await personal();
      const token = await exchanged(gateway, access_token, { resource: id(orders) });
      await revoke(shop, refresh_token);
      isUnacceptable(await ask(gateway, access_token, { resource: API }));
      isUnacceptable(await ask(orders, token), 'nor one that came of it');
    });

    test("RFC 8693 §2.2.2: a machine's token that was revoked: invalid_request", async () => {
      const token = await machine(shop);
      assert.equal((await ask(gateway, token)).status, 200);
      await revoke(shop, token);
      isUnacceptable(await ask(gateway, token));
    });

    test('RFC 8693 §2.2.2: an expired token: invalid_request', async () => {
      const token = await machine(sealing);
      const { iat } = unseal(token);
      const at = (end) => reseal(token, { iat: end - 60, exp: end });
      assert.equal((await ask(gateway, at(iat + 60), { resource: id(gateway) })).status, 200);
      isUnacceptable(await ask(gateway, at(iat - 1), { resource: id(gateway) }));
    });

    for (const name of ['cnf', 'authorization_details']) {
      test(`RFC 7800 §3, RFC 9396 §2: a token with ${name}, which would be lost: invalid_request`, async () => {
        const token = await machine(sealing);
        assert.equal((await ask(gateway, token, { resource: id(gateway) })).status, 200);
        const bound = { [name]: { jkt: 'x' } };
        isUnacceptable(await ask(gateway, reseal(token, bound), { resource: id(gateway) }));
        const by = (changes) => {
          const actor_token = reseal(token, { ...asGateway, ...changes });
          return { resource: id(gateway), actor_token, actor_token_type: ACCESS_TOKEN };
        };
        assert.equal((await ask(gateway, token, by({}))).status, 200);
        isUnacceptable(await ask(gateway, token, by(bound)));
      });
    }
  });

  describe('rules about own tokens', () => {
    const grouped = (...groups) => personal({ claims: { groups } }).then(({ access_token }) => access_token);
    const further = { resource: 'https://further.example' };

    test('RFC 8693 §2.1: a rule opens an audience that the subject token has not, to who names it', async () => {
      const token = await exchanged(gateway, await grouped('further'), further);
      const { aud, act } = claimsOf(token);
      assert.deepEqual([aud, act], ['https://further.example', { sub: id(gateway) }]);
      assert.equal((await shown(gateway, token)).aud, 'https://further.example');
      const usual = claimsOf(await exchanged(gateway, await grouped('further')));
      assert.ok(!usual.aud.includes('https://further.example'), 'and to nobody else');
      isError(await ask(gateway, await grouped(), further), 400, 'invalid_target');
      isError(await ask(orders, await grouped('further'), further), 400, 'invalid_target');
      const unregistered = { resource: 'https://unregistered.example' };
      isError(await ask(gateway, await grouped('further'), unregistered), 400, 'invalid_target');
    });

    test('RFC 8693 §1.1: impersonation, by rule alone', async () => {
      for (const [groups, act] of [
        [['impersonated'], undefined],
        [[], { sub: id(gateway) }],
        [['disabled'], { sub: id(gateway) }],
        [['others'], { sub: id(gateway) }],
        [['for orders'], undefined],
      ]) {
        const token = claimsOf(await exchanged(gateway, await grouped(...groups), { resource: API }));
        assert.deepEqual([token.act, token.client_id, token.sub], [act, id(gateway), 'alice'], groups.join());
      }
      const { access_token } = await personal({ claims: { groups: ['for orders'] }, audiences: [id(gateway), API] });
      const token = await exchanged(gateway, access_token, { resource: API });
      assert.deepEqual(claimsOf(token).act, { sub: id(gateway) }, 'a rule for tokens of another audience');
    });

    test('RFC 8693 §1.1: who impersonates must be one who may act, and hides nobody who acted before', async () => {
      const claims = { groups: ['impersonated'], may_act: { sub: id(orders) } };
      isUnacceptable(await ask(gateway, (await personal({ claims })).access_token, { resource: API }));
      const first = await exchanged(shop, await grouped('impersonated'), {
        actor_token: (await personal({ audiences: [API] }, { answer: { subject: 'bob' } })).access_token,
        actor_token_type: ACCESS_TOKEN,
        resource: [id(gateway), API],
      });
      assert.deepEqual(claimsOf(await exchanged(gateway, first, { resource: API })).act, { sub: 'bob' });
      const by = { resource: API, actor_token: await machine(gateway, [API]), actor_token_type: ACCESS_TOKEN };
      const named = await exchanged(gateway, await grouped('impersonated'), by);
      assert.deepEqual(claimsOf(named).act, { sub: id(gateway) }, 'an actor token is for being named');
    });

    test('whose rules are not met exchanges nothing: no more by missing a condition than by meeting it', async () => {
      const to = (...groups) => personal({ claims: { groups }, audiences: [id(ruled), API] });
      isUnacceptable(await ask(ruled, (await to()).access_token, { resource: API }));
      isUnacceptable(await ask(ruled, (await to('further')).access_token, { resource: API }));
      const token = await exchanged(ruled, (await to('ruled')).access_token, { resource: API });
      assert.equal(claimsOf(token).act, undefined);
    });

    test('no more scope and time than a rule has; of two that are met the first', async () => {
      const brief = await isToken(await ask(gateway, await grouped('brief'), { resource: API }));
      assert.deepEqual([brief.payload.scope, brief.body.expires_in], ['read', 30]);
      isError(await ask(gateway, await grouped('brief'), { resource: API, scope: 'profile' }), 400, 'invalid_scope');
      const twice = await isToken(await ask(gateway, await grouped('twice'), { resource: API }));
      assert.equal(twice.body.expires_in, 40);
    });

    test('single use: a token is exchanged once, by fifty at once too; what is refused uses nothing up', async () => {
      const token = await grouped('once');
      isError(await ask(gateway, token, { resource: id(elsewhere) }), 400, 'invalid_target');
      isError(await ask(gateway, token, { resource: API, scope: 'admin' }), 400, 'invalid_scope');
      const answers = await Promise.all(Array.from({ length: 50 }, () => ask(gateway, token, { resource: API })));
      assert.equal(answers.filter(({ status }) => status === 200).length, 1);
      isError(await ask(gateway, token, { resource: API }), 400, 'invalid_request');
      assert.equal((await ask(orders, token, { resource: API })).status, 200, 'by whom the rule is not for');
    });
  });

  describe('tokens of trusted issuers', () => {
    /** An exchange of a platform's token, by nobody in particular. */
    const foreign = (subject_token, form = {}, options = {}) =>
      post(
        '/token',
        list({ grant_type: TOKEN_EXCHANGE, subject_token, subject_token_type: `${TYPE}:jwt`, ...form }),
        options,
      );
    const issued = async (token, form) => (await isToken(await foreign(token, form))).payload;
    const deployer = { client_id: 'deployer' };
    const mover = { headers: { authorization: basic(clients.mover.client_id, clients.mover.client_secret) } };

    test('RFC 8693 §2.2.1: the answer', async () => {
      const { body, payload } = await isToken(await foreign(ofCase('plain'), { scope: 'read' }));
      assert.deepEqual(Object.keys(body).sort(), [
        'access_token',
        'expires_in',
        'issued_token_type',
        'scope',
        'token_type',
      ]);
      const { sub, client_id, act, exchanged_from } = payload;
      assert.deepEqual({ sub, client_id, act }, { ...deployer, sub: 'deployer', act: undefined });
      assert.deepEqual(exchanged_from, [{ ...deployer, iat: payload.iat }]);
      assert.equal(await isActive(api, body.access_token), true);
    });

    for (const [type, typs] of [
      ['jwt', [undefined, 'JWT']],
      ['id_token', [undefined, 'JWT']],
      ['access_token', [undefined, 'JWT', 'at+jwt', 'application/at+jwt']],
    ]) {
      test(`RFC 8693 §3: a token of type ${type}`, async () => {
        const subject_token_type = `${TYPE}:${type}`;
        for (const typ of [undefined, 'JWT', 'at+jwt', 'application/at+jwt', 'dpop+jwt']) {
          const answer = await foreign(ofCase('plain', {}, { header: { typ } }), { subject_token_type });
          if (typs.includes(typ)) assert.equal(answer.status, 200, `${typ}: ${answer.text}`);
          else isError(answer, 400, 'invalid_request');
        }
      });
    }

    test('RFC 8693 §3: a token of no type that is exchanged: invalid_request', async () => {
      for (const type of ['refresh_token', 'saml1', 'saml2']) {
        isError(await foreign(ofCase('plain'), { subject_token_type: `${TYPE}:${type}` }), 400, 'invalid_request');
      }
    });

    test('RFC 8693 §1.1: whose subject is another than the client: it acts, unless the rule lets it go unnamed', async () => {
      const hashed = await issued(ofCase('hashed'));
      assert.match(hashed.sub, /^jfs_/);
      assert.deepEqual(hashed.act, { sub: 'deployer' });
      const unnamed = await issued(ofCase('impersonating'));
      assert.equal(unnamed.sub, hashed.sub);
      assert.ok(!('act' in unnamed));
    });

    test("RFC 8693 §4.1: who acted before, in the names of the token's issuer", async () => {
      const act = { sub: 'step:2', act: { sub: 'step:1', iss: 'https://elsewhere.example' } };
      const before = { ...act, iss: ci.issuer };
      assert.deepEqual((await issued(ofCase('plain', { act }))).act, before);
      assert.deepEqual((await issued(ofCase('impersonating', { act }))).act, before);
      assert.deepEqual((await issued(ofCase('hashed', { act }))).act, { sub: 'deployer', act: before });
      const deep = { sub: 'a', act: { sub: 'b', act: { sub: 'c', act: { sub: 'd' } } } };
      assert.equal((await foreign(ofCase('plain', { act: deep }))).status, 200);
      for (const refused of [
        ['of this server', { sub: 'root', iss: ISSUER }],
        ['of this server, before', { sub: 'a', act: { sub: 'root', iss: ISSUER } }],
        ['no object', 'deployer'],
        ['an array', ['deployer', ci.issuer]],
        ['an array, before', { sub: 'a', act: ['deployer', ci.issuer] }],
        ['of nobody', { sub: '' }],
        ['without sub', { iss: ci.issuer }],
        ['five', { sub: 'e', act: deep }],
        ['of long names', { sub: 'a'.repeat(5000) }],
      ]) {
        isError(await foreign(ofCase('plain', { act: refused[1] })), 400, 'invalid_request');
      }
      isError(await foreign(ofCase('hashed', { act: deep })), 400, 'invalid_request');
    });

    test('RFC 8693 §4.4: may_act in it, in the names of its issuer', async () => {
      const ours = { sub: 'deployer', iss: ISSUER };
      for (const name of ['plain', 'hashed', 'impersonating']) {
        assert.deepEqual((await issued(ofCase(name, { may_act: ours }))).may_act, ours);
        for (const may_act of [
          { sub: 'deployer' },
          { sub: 'deployer', iss: ci.issuer },
          { client_id: 'deployer', iss: ISSUER },
          { sub: 'checker', iss: ISSUER },
          {},
          'deployer',
        ]) {
          isError(await foreign(ofCase(name, { may_act })), 400, 'invalid_request');
        }
      }
    });

    test('RFC 7521 §4.1: a client that authenticates, or is named, must be the one of the rule', async () => {
      const token = () => ofCase('of a client with a secret');
      assert.equal((await foreign(token(), {}, mover)).status, 200);
      assert.equal((await foreign(token(), { client_id: 'mover' })).status, 200);
      isError(await foreign(ofCase('plain'), {}, mover), 400, 'invalid_request');
      isError(await foreign(token(), deployer), 400, 'invalid_request');
      const wrong = { headers: { authorization: basic('mover', 'wrong') } };
      isError(await foreign(token(), {}, wrong), 401, 'invalid_client');
      const own = presented(assertionOf(clients.movingSigner));
      assert.equal((await foreign(ofCase('of a client with a key'), own)).status, 200);
    });

    test('a token of this server is never exchanged without its client’s authentication', async () => {
      const { body } = await isToken(await foreign(ofCase('of a client with a secret')));
      const own = { subject_token_type: ACCESS_TOKEN };
      isError(await foreign(body.access_token, own), 401, 'invalid_client');
      isError(await foreign(body.access_token, { ...own, client_id: 'mover' }), 401, 'invalid_client');
      assert.equal((await foreign(body.access_token, own, mover)).status, 200);
      for (const type of ['jwt', 'id_token']) {
        isError(
          await foreign(body.access_token, { subject_token_type: `${TYPE}:${type}` }, mover),
          400,
          'invalid_request',
        );
      }
    });

    describe('as actor token', () => {
      const by = (actor_token, type = 'jwt') => ({ actor_token, actor_token_type: `${TYPE}:${type}` });
      const secretive = (claims, more) => ofCase('of a client with a secret', claims, more);

      test('RFC 8693 §4.1: its issuer is named beside its subject; the token lives no longer', async () => {
        const { body } = await isToken(await foreign(secretive(), {}, mover));
        const form = { subject_token_type: ACCESS_TOKEN, ...by(secretive({ sub: 'job:9', exp: now() + 20 })) };
        const { payload, body: short } = await isToken(await foreign(body.access_token, form, mover));
        assert.deepEqual(payload.act, { sub: 'job:9', iss: ci.issuer });
        assert.equal(payload.sub, 'mover');
        assert.ok(short.expires_in <= 20);
      });

      test('RFC 8693 §2.1: of both kinds at once', async () => {
        const own = (await isToken(await foreign(secretive(), {}, mover))).body.access_token;
        const acting = { sub: 'job:9', iss: ci.issuer };
        const both = await isToken(await foreign(secretive(), by(secretive({ sub: 'job:9' }))));
        assert.deepEqual([both.payload.sub, both.payload.act], ['mover', acting]);
        const ofOurs = await isToken(await foreign(secretive(), by(own, 'access_token'), mover));
        assert.deepEqual(ofOurs.payload.act, { sub: 'mover' });
        isError(await foreign(secretive(), by(own, 'access_token')), 401, 'invalid_client');
        const named = { ...by(own, 'access_token'), client_id: 'mover' };
        isError(await foreign(secretive(), named), 401, 'invalid_client');
      });

      test("RFC 8693 §2.2.2: another client's, or one that is not good: invalid_request", async () => {
        for (const token of [
          ofCase('plain'),
          secretive({ exp: now() - 60 }),
          secretive({ cnf: { jkt: 'x' } }),
          secretive({ act: { sub: 'x' } }),
          secretive({ iss: 'https://nobody.example' }),
          secretive({ sub: 'x'.repeat(5000) }),
          'x',
        ]) {
          isError(await foreign(secretive(), by(token), mover), 400, 'invalid_request');
        }
      });

      test('RFC 8693 §4.4: may_act in a token of ours names the issuer of who may', async () => {
        const subject = (may_act) =>
          personal({
            claims: { may_act },
            client: clients.acting,
            audiences: [],
            audience: ['mover', API],
            scope: 'read',
          });
        const form = (sub) => ({ subject_token_type: ACCESS_TOKEN, resource: API, ...by(secretive({ sub })) });
        const good = await subject({ sub: 'job:9', iss: ci.issuer });
        assert.equal((await foreign(good.access_token, form('job:9'), mover)).status, 200);
        isUnacceptable(await foreign(good.access_token, form('job:8'), mover));
        const nameless = await subject({ sub: 'job:9' });
        isUnacceptable(await foreign(nameless.access_token, form('job:9'), mover), 'job:9 of this server is another');
      });

      test('single use: of subject and actor tokens, each once, and only where all is good', async () => {
        const form = (actor) => ({ ...by(actor), scope: 'read' });
        const [subject, actor] = [ofCase('once'), ofCase('once', { sub: 'job:9' })];
        isError(await foreign(subject, { ...form(actor), scope: 'root' }), 400, 'invalid_scope');
        isError(await foreign(subject, { ...form(actor), resource: 'https://evil.example' }), 400, 'invalid_target');
        assert.deepEqual((await issued(subject, form(actor))).act, { sub: 'job:9', iss: ci.issuer });
        isError(await foreign(ofCase('once'), form(actor)), 400, 'invalid_request');
        isError(await foreign(subject, form(ofCase('once'))), 400, 'invalid_request');
      });
    });
  });

  describe('the token afterwards', () => {
    test('it ends with the login that it stems from', async () => {
      const { access_token, refresh_token } = await personal();
      const token = await exchanged(gateway, access_token, { resource: [API, id(orders)] });
      const next = await exchanged(orders, token, { resource: API });
      const kept = await refreshed(shop, refresh_token);
      for (const live of [token, next]) assert.equal(await isActive(api, live), true, 'a refresh ends nothing');
      await revoke(shop, kept.refresh_token);
      for (const ended of [token, next]) assert.equal(await isActive(api, ended), false);
      assert.equal((await userinfo(token)).status, 401);
    });

    for (const subject of ['a person', 'a machine']) {
      test(`RFC 7009 §2.1: its client revokes it, the token of ${subject}: it alone has ended`, async () => {
        const first =
          subject === 'a person' ? (await personal()).access_token : await machine(shop, [id(gateway), API]);
        const [token, kept] = [await exchanged(gateway, first, { resource: API }), await exchanged(gateway, first)];
        for (const other of [shop, orders, api]) await revoke(other, token);
        assert.equal(await isActive(api, token), true, "nobody else's revocation counts");
        assert.equal((await revoke(gateway, token)).status, 200);
        assert.equal(await isActive(api, token), false);
        assert.equal(await isActive(gateway, token), false);
        isUnacceptable(await ask(gateway, token));
        assert.equal(await isActive(gateway, kept), true, 'nor what the person gave');
        assert.equal(await isActive(shop, first), true);
      });
    }

    test('OpenID Connect Core §5.3: /userinfo: what both clients may know', async () => {
      const claims = { name: 'Alice', email: 'alice@example.com', groups: ['a'] };
      const { access_token } = await personal({
        claims,
        audiences: [id(gateway), ISSUER],
        scope: 'openid profile email',
      });
      const token = await exchanged(gateway, access_token, { resource: ISSUER });
      assert.deepEqual((await userinfo(token)).json(), { sub: 'alice', name: 'Alice', groups: ['a'] });
      await revoke(gateway, token);
      assert.equal((await userinfo(token)).status, 401, 'revoked by itself');
      assert.equal((await userinfo(access_token)).status, 200);
      const sparing = await personal({
        claims,
        client: clients.acting,
        audiences: [id(gateway), ISSUER],
        scope: 'openid profile email',
      });
      const less = await exchanged(gateway, sparing.access_token, { resource: ISSUER });
      assert.deepEqual((await userinfo(less)).json(), { sub: 'alice', name: 'Alice' }, 'as much as the first client');
      const other = await exchanged(gateway, access_token, { resource: id(gateway) });
      assert.equal((await userinfo(other)).status, 401, 'not for the issuer');
    });
  });
});

describe('token exchange: rights as they are now', { skip: unless.startable }, () => {
  /** A client in the store of `on`. */
  async function registered(on, members) {
    const [client_id, client_secret] = [`https://${random().slice(0, 12).toLowerCase()}.example`, random()];
    const sha256 = createHash('sha256').update(client_secret).digest('base64url');
    const record = {
      client_id,
      client_secrets: [{ sha256 }],
      grant_types: [TOKEN_EXCHANGE, 'client_credentials'],
      scope: 'openid profile read',
      audiences: [API],
      ...members,
    };
    const change = (changes = {}) => on.putClient({ ...record, ...changes });
    await change();
    const remove = () => on.removeClient(client_id);
    return { client_id, client_secret, redirect_uris: record.redirect_uris, change, remove };
  }

  const application = (on, audiences, members = {}) =>
    registered(on, {
      redirect_uris: ['https://app.example/cb'],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      scope: 'openid profile offline_access read write',
      audiences,
      ...members,
    });

  const rows = {
    'a machine: its exchanged tokens end when it is gone, and when it loses its rights': async (on) => {
      const service = await registered(on);
      const robot = await application(on, [service.client_id, API]);
      const subject = await machine(robot, [service.client_id, API], { on });
      const token = await exchanged(service, subject, {}, { on });
      assert.equal(await isActive(api, token, { on }), true);
      for (const lost of [{ grant_types: ['authorization_code'] }, { scope: 'openid profile' }]) {
        await robot.change(lost);
        assert.equal(await isActive(api, token, { on }), lost.scope !== undefined, JSON.stringify(lost));
        await robot.change();
      }
      await robot.change({ scope: 'openid profile' });
      assert.equal((await shown(api, token, { on })).scope, 'openid profile');
      await robot.remove();
      assert.equal(await isActive(api, token, { on }), false);
      isUnacceptable(await ask(service, subject, {}, { on }));
    },
    'the client of the login: gone, or without a right': async (on) => {
      const service = await registered(on);
      const app = await application(on, [service.client_id, API]);
      const { access_token } = await personal({ client: app, audiences: [service.client_id, API] }, { on });
      const token = await exchanged(service, access_token, {}, { on });
      assert.equal(await isActive(api, token, { on }), true);
      await app.change({ scope: 'profile' });
      assert.equal((await shown(api, token, { on })).scope, 'profile', "what the person's client lost");
      await app.change({ grant_types: ['client_credentials'] });
      assert.equal(await isActive(api, token, { on }), false);
      await app.change();
      assert.equal(await isActive(api, token, { on }), true);
      await app.remove();
      assert.equal(await isActive(api, token, { on }), false);
      assert.equal((await userinfo(token, { on })).status, 401);
      isUnacceptable(await ask(service, access_token, {}, { on }));
    },
    'what was exchanged on the way: its client gone, disabled, without the right or cut off, or itself revoked': async (
      on,
    ) => {
      const second = await registered(on);
      const first = await registered(on, { audiences: [second.client_id, API] });
      const app = await application(on, [first.client_id, second.client_id, API]);
      const audiences = [first.client_id, second.client_id, API];
      const { access_token } = await personal({ client: app, audiences }, { on });
      const between = await exchanged(first, access_token, { resource: [second.client_id, API] }, { on });
      const token = await exchanged(second, between, {}, { on });
      assert.equal(await isActive(api, token, { on }), true);
      for (const lost of [{ disabled: true }, { grant_types: ['client_credentials'] }]) {
        await first.change(lost);
        assert.equal(await isActive(api, token, { on }), false, JSON.stringify(lost));
        isUnacceptable(await ask(second, between, {}, { on }));
        await first.change();
        assert.equal(await isActive(api, token, { on }), true);
      }
      assert.equal((await postAs(first, '/revoke', { token: between }, { on })).status, 200);
      assert.equal(await isActive(api, token, { on }), false);
      const anew = await exchanged(first, access_token, { resource: [second.client_id, API] }, { on });
      const other = await exchanged(second, anew, {}, { on });
      assert.equal(await isActive(api, other, { on }), true, 'nothing before it has ended');
      assert.equal((await postAs(login, '/revoke_grants', { client: first.client_id }, { on })).status, 200);
      assert.equal(await isActive(api, other, { on }), false);
    },
    "a machine's token that is revoked takes along what came of it": async (on) => {
      const service = await registered(on);
      const robot = await application(on, [service.client_id, API]);
      const subject = await machine(robot, [service.client_id, API], { on });
      const token = await exchanged(service, subject, {}, { on });
      assert.equal(await isActive(api, token, { on }), true);
      assert.equal((await postAs(robot, '/revoke', { token: subject }, { on })).status, 200);
      assert.equal(await isActive(api, token, { on }), false);
    },
    'the client that exchanged: gone, or without a right': async (on) => {
      const service = await registered(on, { audiences: [API, 'https://other.example'] });
      const app = await application(on, [service.client_id, API, 'https://other.example']);
      const audiences = [service.client_id, API, 'https://other.example'];
      const { access_token } = await personal({ client: app, audiences }, { on });
      const token = await exchanged(service, access_token, {}, { on });
      for (const lost of [
        { grant_types: ['client_credentials'] },
        { audiences: ['https://other.example'] },
        { scope: 'email' },
        { token_endpoint_auth_method: 'none', client_secrets: [] },
      ]) {
        await service.change(lost);
        assert.equal(await isActive(api, token, { on }), false, JSON.stringify(lost));
        await service.change();
        assert.equal(await isActive(api, token, { on }), true);
      }
      await service.remove();
      assert.equal(await isActive(api, token, { on }), false);
    },
    'logging out everywhere: the person, the client of the login, the client that exchanged': async (on) => {
      for (const whose of ['subject', 'app', 'service']) {
        const subject = random();
        const service = await registered(on);
        const app = await application(on, [service.client_id, API]);
        const as = { on, answer: { subject } };
        const { access_token } = await personal({ client: app, audiences: [service.client_id, API] }, as);
        const token = await exchanged(service, access_token, {}, { on });
        const form = { subject: { subject }, app: { client: app.client_id }, service: { client: service.client_id } };
        assert.equal((await postAs(login, '/revoke_grants', form[whose], { on })).status, 200);
        assert.equal(await isActive(api, token, { on }), false, whose);
        const answer = await ask(service, access_token, {}, { on });
        if (whose !== 'service') isUnacceptable(answer);
      }
    },
    "a machine's cut-off ends what came of its tokens, also where that is younger": async (on) => {
      const service = await registered(on, { access_token_format: 'opaque' });
      const robot = await application(on, [service.client_id, API]);
      const subject = await machine(robot, [service.client_id, API], { on });
      const token = await exchanged(service, subject, {}, { on });
      assert.equal(await isActive(api, token, { on }), true);
      assert.equal((await postAs(login, '/revoke_grants', { client: robot.client_id }, { on })).status, 200);
      await sleep(1050);
      assert.equal(await isActive(api, token, { on }), false);
      isUnacceptable(await ask(service, subject, {}, { on }));
      // As another process makes one that has not heard of the cut-off yet.
      const { exchanged_from } = unseal(token);
      const late = reseal(token, { iat: now() });
      assert.equal(await isActive(api, late, { on }), false);
      const since = reseal(token, { iat: now(), exchanged_from: [{ ...exchanged_from[0], iat: now() }] });
      assert.equal(await isActive(api, since, { on }), true);
    },
    'RFC 9700 §4.15: a person whose subject is a client’s id now': async (on) => {
      const subject = `person-${random().slice(0, 12).toLowerCase()}`;
      const service = await registered(on);
      const app = await application(on, [service.client_id, API]);
      const as = { on, answer: { subject } };
      const { access_token } = await personal({ client: app, audiences: [service.client_id, API] }, as);
      const token = await exchanged(service, access_token, {}, { on });
      await registered(on, { client_id: subject });
      assert.equal(await isActive(api, token, { on }), false);
      isUnacceptable(await ask(service, access_token, {}, { on }));
    },
    'RFC 8693 §4.4: may_act in a token holds, whatever the record lists by now': async (on) => {
      const service = await registered(on);
      const listed = { access_token_claims: ['may_act'] };
      const app = await application(on, [service.client_id, API], listed);
      const claims = { may_act: { sub: 'somebody-else' } };
      const { access_token } = await personal({ client: app, audiences: [service.client_id, API], claims }, { on });
      await app.change({ access_token_claims: [] });
      isUnacceptable(await ask(service, access_token, {}, { on }));
    },
  };

  test('judged as they are now', async (t) => {
    const on = await startFor(t, { changes: { JETON_REGISTRY_MAX_AGE: '0' } });
    await Promise.all(Object.entries(rows).map(([name, row]) => t.test(name, () => row(on))));
  });

  test('a token that a platform’s word got stands by its grant type, and ends with its subject', async (t) => {
    const { deployer, ...others } = clients;
    const changes = { clients: Object.values(others), JETON_REGISTRY_MAX_AGE: '0' };
    const on = await startFor(t, { changes });
    const change = (grant_types) => on.putClient({ ...deployer, grant_types });
    const ways = {
      [JWT_BEARER]: (assertion) => ({ grant_type: JWT_BEARER, assertion }),
      [TOKEN_EXCHANGE]: (subject_token) => ({
        grant_type: TOKEN_EXCHANGE,
        subject_token,
        subject_token_type: `${TYPE}:jwt`,
      }),
    };
    for (const [way, form] of Object.entries(ways)) {
      await change(deployer.grant_types);
      const issued = async (name) => {
        const token = ofCase(name, { sub: random() });
        return (await isToken(await post('/token', form(token), { on }), {}, on)).body.access_token;
      };
      const [own, hashed] = [await issued('plain'), await issued('hashed')];
      await change([way]);
      for (const token of [own, hashed]) assert.equal(await isActive(api, token, { on }), true, way);
      await change(Object.keys(ways).filter((other) => other !== way));
      for (const token of [own, hashed]) assert.equal(await isActive(api, token, { on }), false, `not by ${way}`);
      await change(deployer.grant_types);
      const subject = claimsOf(hashed).sub;
      assert.equal((await postAs(login, '/revoke_grants', { subject }, { on })).status, 200);
      assert.equal(await isActive(api, hashed, { on }), false, 'its subject was logged out everywhere');
      assert.equal(await isActive(api, own, { on }), true, 'and nobody else');
    }
  });

  test('RFC 6749 §3.3: JETON_UNREGISTERED_SCOPES=ignore leaves out what is not registered, and widens nothing', async (t) => {
    const on = await startFor(t, { changes: { JETON_UNREGISTERED_SCOPES: 'ignore' } });
    const { access_token } = await personal({}, { on });
    const token = await exchanged(gateway, access_token, { scope: 'read write', resource: API }, { on });
    assert.equal(claimsOf(token).scope, 'read');
    isError(await ask(gateway, access_token, { scope: 'read admin', resource: API }, { on }), 400, 'invalid_scope');
    isError(await ask(gateway, access_token, { scope: 'write', resource: API }, { on }), 400, 'invalid_scope');
  });
});
