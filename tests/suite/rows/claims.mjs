// Which claims about a person, or a client, go where; how many there may be; and what a request may ask
// for by name.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, test } from 'node:test';
import { isToken } from '../support/check.mjs';
import { clients, ISSUER } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  arrival,
  authorize,
  exchange,
  handedBack,
  handoff,
  introspect,
  loggedIn,
  now,
  postAs,
  random,
  refresh,
  refreshed,
  requestIn,
  requestOf,
  userinfo,
} from '../support/flow.mjs';
import { DEVICE_GRANT } from '../support/grant-clients.mjs';
import { formOf, isPage, withoutReference } from '../support/html.mjs';
import { clientCredentials, startFor, unless } from '../support/target.mjs';
import { claimsOf } from '../support/tokens.mjs';
import { Browser } from '../support/user-agent.mjs';

const { web, members, opaqueMembers, listed, board, tenant, opaqueTenant, m2m } = clients;

const OFFLINE = 'openid profile email offline_access';
const GROUPS = Array.from({ length: 1000 }, (_, index) => `group-${index}/${'x'.repeat(16)}`);
const PERSON = {
  acr: 'urn:example:loa:2',
  amr: ['pwd', 'otp'],
  groups: ['a', 'b'],
  roles: ['admin'],
  email: 'alice@example.com',
  name: 'Alice',
};

const given = (claims) => ({ claims: JSON.stringify(claims) });
/** A login of a person with these claims. */
const of = (client, claims = PERSON, form = {}, options = {}) =>
  loggedIn(client, { scope: OFFLINE, ...form }, { ...options, answer: { ...given(claims), ...options.answer } });
const shown = async (client, token, options) => (await introspect(client, token, options)).json();
const info = async (token, options) => (await userinfo(token, options)).json();
const pick = (from, ...names) => Object.fromEntries(names.filter((n) => n in from).map((n) => [n, from[n]]));

/** A login that waits for the login application. */
async function waiting(client, form = {}) {
  const browser = new Browser();
  return { browser, request: requestIn(await authorize(browser, requestOf(client, { scope: OFFLINE, ...form }))) };
}

/** An acceptance that is refused, and the error at the client where the login application leaves it at that. */
async function refusal(request, answer, error = 'invalid_request', at_client = 'server_error') {
  const response = await handoff('accept', { request, ...ALICE, ...answer });
  const redirect = handedBack(response, error);
  assert.equal(arrival(await new Browser().get(redirect)).params.error, at_client);
  return response.json().error_description;
}

/** The names of claims in a token that are not the server's own. */
const OWN = ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'client_id', 'scope', 'sid', 'nonce', 'at_hash', 'auth_time'];
const others = (token) => {
  const claims = Object.entries(claimsOf(token));
  return Object.fromEntries(claims.filter(([name]) => !OWN.includes(name)));
};

describe('claims: what is wrong with them is named', { concurrency: 8 }, () => {
  const nested = (depth) => `{"a":${'['.repeat(depth - 1)}${']'.repeat(depth - 1)}}`;
  const wrong = [
    ['no JSON', '{hunter2}', /not JSON/],
    ['JSON and something after it', '{} hunter2', /not JSON/],
    ['half a surrogate pair', '{"hunter2":"\\ud800"}', /not JSON/],
    ['an array', '["hunter2"]', /no JSON object/],
    ['a string', '"hunter2"', /no JSON object/],
    ['more than 32 kB', `{"hunter2":"${'x'.repeat(32_768)}"}`, /more than 32768 bytes/],
    ['a member twice', '{"hunter2":1,"hunter2":2}', /member twice/],
    ['a member twice, spelled differently', '{"hunter2":1,"\\u0068unter2":2}', /member twice/],
    ['a member twice within another', '{"a":{"b":[{"hunter2":1,"hunter2":2}]}}', /member twice/],
    ['nested 33 deep', nested(33), /more than 32 .* deep/],
    ['nested 10,000 deep', nested(10_000), /more than 32 .* deep/],
    ['a reserved name', '{"hunter2":1,"client_id":"x"}', /have client_id/],
    ['a reserved name in other letters', '{"hunter2":1,"ISS":"x"}', /have iss/],
    ['acr that is a number', '{"acr":2,"hunter2":1}', /^acr is no string/],
    ['acr that is empty', '{"acr":""}', /^acr is no string/],
    ['acr of 256 bytes', `{"acr":"${'x'.repeat(256)}"}`, /^acr is no string of 1 to 255 bytes/],
    ['amr that is a string', '{"amr":"hunter2"}', /^amr is no array of strings/],
    ['amr with a number', '{"amr":["hunter2",1]}', /^amr is no array of strings/],
    ['amr of a kilobyte', `{"amr":["${'x'.repeat(1024)}"]}`, /^amr .* more than 512 bytes/],
  ];

  for (const [name, claims, expected] of wrong) {
    test(`${name}: invalid_request that says so and quotes nothing, and the request can still be accepted`, async () => {
      const { browser, request } = await waiting(web);
      const description = await refusal(request, { claims });
      assert.match(description, expected);
      assert.doesNotMatch(description, /hunter2/);
      assert.ok(arrival(await browser.get(await answered('accept', { request, ...ALICE }))).params.code);
    });
  }

  test('nested 32 deep, and names that are nearly reserved, are taken', async () => {
    const claims = { ...JSON.parse(nested(32)), issuer: 1, subject: 2, scopes: 3, acrs: 4, toString: 5, '': 6 };
    const { access_token } = await of(web, claims);
    assert.deepEqual(await info(access_token), { ...claims, sub: 'alice' });
  });
});

describe('claims: as many as they may be', { concurrency: 8 }, () => {
  const filler = (bytes) => 'x'.repeat(bytes - '{"groups":[],"note":""}'.length);

  test('32 kB of claims: out of every address, and at /userinfo also after refreshes', async () => {
    const claims = { groups: GROUPS, note: '' };
    claims.note = 'x'.repeat(32_768 - JSON.stringify(claims).length);
    assert.equal(JSON.stringify(claims).length, 32_768);
    const { browser, request } = await waiting(web);
    const redirect = await answered('accept', { request, ...ALICE, ...given(claims) });
    assert.ok(redirect.length < 2048, `an address of ${redirect.length} bytes`);
    assert.ok(arrival(await browser.get(redirect)).params.code);

    let tokens = await of(web, claims);
    for (let generation = 1; generation < 4; generation += 1) {
      assert.deepEqual(others(tokens.id_token), {});
      assert.deepEqual(others(tokens.access_token), {});
      assert.deepEqual(await info(tokens.access_token), { ...claims, sub: 'alice' });
      tokens = await refreshed(web, tokens.refresh_token);
    }
  });

  for (const bytes of [1499, 1500, 1501, 1502]) {
    test(`claims of ${bytes} bytes, which a ticket holds or does not`, async () => {
      const claims = { groups: [], note: filler(bytes) };
      assert.equal(JSON.stringify(claims).length, bytes);
      const { access_token } = await of(web, claims);
      assert.deepEqual(await info(access_token), { ...claims, sub: 'alice' });
    });
  }

  test('claims of 18 kB that a form makes three times as long', async () => {
    const claims = { note: 'ä'.repeat(9000), '%&+= ': '%&+=' };
    const { access_token } = await of(web, claims);
    assert.deepEqual(await info(access_token), { ...claims, sub: 'alice' });
  });

  test('RFC 9110 §15.5.14: claims that a form makes longer than a body: 413', async () => {
    const { request } = await waiting(web);
    const response = await handoff('accept', { request, ...ALICE, ...given({ note: 'ä'.repeat(16_000) }) });
    assert.equal(response.status, 413, response.text);
  });

  test('acr and amr beside many other claims: in every token', async () => {
    const { id_token, access_token, refresh_token } = await of(web, { ...PERSON, groups: GROUPS });
    const expected = pick(PERSON, 'acr', 'amr');
    assert.deepEqual(others(id_token), expected);
    assert.deepEqual(others(access_token), expected);
    const later = await refreshed(web, refresh_token);
    assert.deepEqual(others(later.id_token), expected);
    assert.deepEqual(others(later.access_token), expected);
  });

  test('a token has its claims from among many', async () => {
    const many = { ...PERSON, unlisted: GROUPS };
    let tokens = await of(members, many);
    for (let generation = 1; generation < 3; generation += 1) {
      assert.deepEqual(others(tokens.id_token), pick(PERSON, 'acr', 'amr', 'groups', 'email'));
      assert.deepEqual(others(tokens.access_token), pick(PERSON, 'acr', 'amr', 'roles', 'email'));
      tokens = await refreshed(members, tokens.refresh_token);
    }
  });

  test('more than 4 kB for the ID token or for the access token: invalid_request that says which', async () => {
    const { browser, request } = await waiting(members);
    const id = await refusal(request, given({ groups: GROUPS }));
    assert.match(id, /ID token .*4096 bytes/);
    const access = await refusal(request, given({ roles: GROUPS }));
    assert.match(access, /access token .*4096 bytes/);
    const { params } = arrival(await browser.get(await answered('accept', { request, ...ALICE })));
    assert.ok(params.code);
    assert.equal(
      (await of(web, { groups: GROUPS.slice(0, 500), roles: GROUPS.slice(500) })).token_type,
      'Bearer',
      'no list has them',
    );
  });

  test('4 kB in a token, to the byte', async () => {
    const bare = { roles: [] };
    const fits = { roles: ['x'.repeat(4096 - JSON.stringify(bare).length - 2)] };
    const { access_token } = await of(members, fits);
    assert.deepEqual(others(access_token), fits);
    const { request } = await waiting(members);
    await refusal(request, given({ roles: [`${fits.roles[0]}x`] }));
  });

  test('a scope that the person did not agree to makes a token shorter', async () => {
    const { browser, request } = await waiting(members);
    const claims = { email: 'x'.repeat(5000) };
    await refusal(request, given(claims));
    const { params } = arrival(
      await browser.get(await answered('accept', { request, ...ALICE, ...given(claims), scope: 'openid' })),
    );
    assert.ok(params.code);
  });
});

describe('claims: which go where', { concurrency: 8 }, () => {
  test('OpenID Connect Core §2, RFC 9068 §2.2.1: acr, amr and auth_time, in both tokens and introspected', async () => {
    const auth_time = now() - 30;
    const tokens = await of(web, PERSON, {}, { answer: { auth_time: String(auth_time) } });
    const expected = { ...pick(PERSON, 'acr', 'amr'), auth_time };
    for (const token of [tokens.id_token, tokens.access_token]) {
      assert.deepEqual(pick(claimsOf(token), 'acr', 'amr', 'auth_time'), expected);
      assert.deepEqual(others(token), pick(PERSON, 'acr', 'amr'));
    }
    assert.deepEqual(pick(await shown(web, tokens.access_token), 'acr', 'amr', 'auth_time'), expected);
    const { acr: _, amr: __, ...rest } = PERSON;
    assert.deepEqual(await info(tokens.access_token), { ...rest, sub: 'alice' }, '/userinfo is about the person');
    const later = await refreshed(web, tokens.refresh_token);
    assert.deepEqual(pick(claimsOf(later.id_token), 'acr', 'amr', 'auth_time'), expected, '§12.2');
    assert.deepEqual(pick(claimsOf(later.access_token), 'acr', 'amr', 'auth_time'), expected);
  });

  test('the record lists claims for ID tokens and access tokens', async () => {
    const tokens = await of(members);
    assert.deepEqual(others(tokens.id_token), pick(PERSON, 'acr', 'amr', 'groups', 'email'));
    const inToken = pick(PERSON, 'acr', 'amr', 'roles', 'email');
    assert.deepEqual(others(tokens.access_token), inToken);
    const introspected = await shown(members, tokens.access_token);
    assert.deepEqual(pick(introspected, 'acr', 'amr', 'roles', 'email', 'groups', 'name'), inToken);
    const later = await refreshed(members, tokens.refresh_token);
    assert.deepEqual(others(later.id_token), others(tokens.id_token));
    assert.deepEqual(others(later.access_token), inToken);
  });

  test('OpenID Connect Core §5.4: a standard claim needs its scope in a token too', async () => {
    const without = await of(members, PERSON, { scope: 'openid' });
    assert.deepEqual(others(without.id_token), pick(PERSON, 'acr', 'amr', 'groups'));
    assert.deepEqual(others(without.access_token), pick(PERSON, 'acr', 'amr', 'roles'));
    const { refresh_token } = await of(members);
    const narrowed = await refreshed(members, refresh_token, { scope: 'openid' });
    assert.deepEqual(others(narrowed.id_token), pick(PERSON, 'acr', 'amr', 'groups'));
    assert.deepEqual(others(narrowed.access_token), pick(PERSON, 'acr', 'amr', 'roles'));
  });

  test('an opaque access token has them sealed, and introspection shows them', async () => {
    const { access_token } = await of(opaqueMembers);
    assert.match(access_token, /^jat_/);
    assert.deepEqual(
      pick(await shown(opaqueMembers, access_token), ...Object.keys(PERSON)),
      pick(PERSON, 'acr', 'amr', 'roles'),
    );
  });

  test('the record lists claims for /userinfo: these alone, the standard ones by scope', async () => {
    const { access_token } = await of(listed);
    assert.deepEqual(await info(access_token), { ...pick(PERSON, 'groups', 'email', 'acr'), sub: 'alice' });
    const without = await of(listed, PERSON, { scope: 'openid' });
    assert.deepEqual(await info(without.access_token), { ...pick(PERSON, 'groups', 'acr'), sub: 'alice' });
  });

  test('a request that is none of OpenID: its access token says how the person was authenticated', async () => {
    const { access_token, id_token } = await of(members, PERSON, { scope: 'read' });
    assert.equal(id_token, undefined);
    assert.deepEqual(others(access_token), pick(PERSON, 'acr', 'amr', 'roles'));
  });

  test('RFC 9068 §2.2.3: claims of a client in its own tokens, introspected as well', async () => {
    const { payload } = await isToken(await clientCredentials(tenant), { audience: 'https://api.example' });
    const expected = tenant.client_claims;
    assert.deepEqual(pick(payload, 'tenant', 'level', 'rights'), expected);
    const { access_token } = (await clientCredentials(tenant)).json();
    assert.deepEqual(pick(await shown(tenant, access_token), 'tenant', 'level', 'rights'), expected);
    const sealed = (await clientCredentials(opaqueTenant)).json().access_token;
    assert.equal((await shown(opaqueTenant, sealed)).tenant, 'red');
    const plain = claimsOf((await clientCredentials(m2m)).json().access_token);
    assert.deepEqual(Object.keys(plain), ['iss', 'sub', 'aud', 'client_id', 'iat', 'exp', 'jti', 'scope']);
  });
});

describe('claims: what a request asks for by name', { concurrency: 8 }, () => {
  const asked = (claims) => ({ claims: JSON.stringify(claims) });
  const voluntary = (...names) => Object.fromEntries(names.map((name) => [name, null]));

  const refusals = [
    ['no JSON', '{'],
    ['an array', '[]'],
    ['a string', '"email"'],
    ['a member twice', '{"userinfo":{"email":null},"userinfo":{}}'],
    ['userinfo that is a list', '{"userinfo":["email"]}'],
    ['id_token that is a string', '{"id_token":"email"}'],
    ['a claim that is a string', '{"id_token":{"email":"yes"}}'],
    ['a claim that is a list', '{"id_token":{"email":[true]}}'],
    ['essential that is a string', '{"id_token":{"email":{"essential":"yes"}}}'],
    ['values that are a string', '{"id_token":{"acr":{"values":"1"}}}'],
    [
      'more than a hundred claims',
      JSON.stringify({ userinfo: voluntary(...Array.from({ length: 101 }, (_, i) => `c${i}`)) }),
    ],
    ['nested 33 deep', `{"x":${'['.repeat(32)}${']'.repeat(32)}}`],
    ['two persons', '{"id_token":{"sub":{"value":"alice"}},"userinfo":{"sub":{"value":"bob"}}}'],
    ['value and values that are two', '{"id_token":{"sub":{"value":"alice","values":["bob","carol"]}}}'],
    [
      'sets without a person in common',
      '{"id_token":{"sub":{"values":["a","b"]}},"userinfo":{"sub":{"values":["c"]}}}',
    ],
    ['a person that is no string', '{"id_token":{"sub":{"value":1}}}'],
    ['a person that is a list', '{"userinfo":{"sub":{"values":[["alice"]]}}}'],
    ['more than 2 kB', JSON.stringify({ userinfo: voluntary('x'.repeat(2048)) })],
  ];

  for (const [name, claims] of refusals) {
    test(`OpenID Connect Core §5.5: ${name}: invalid_request at the client`, async () => {
      const { uri, params } = arrival(await authorize(new Browser(), requestOf(web, { scope: 'openid', claims })));
      assert.equal(uri, web.redirect_uris[0]);
      assert.deepEqual(pick(params, 'error', 'state', 'iss'), {
        error: 'invalid_request',
        state: 'a state',
        iss: ISSUER,
      });
    });
  }

  test('OpenID Connect Core §5.5: what OpenID does not define is ignored, and a request that is none of its own', async () => {
    for (const form of [
      { scope: 'openid', claims: '{"userinfo":null,"verified_claims":{"x":[1]},"id_token":{"email":{"max":3}}}' },
      { scope: 'read', claims: '{' },
    ]) {
      requestIn(await authorize(new Browser(), requestOf(web, form)));
    }
  });

  test('OpenID Connect Core §5.5: standard claims without their scope, where they were asked for', async () => {
    const claims = { userinfo: voluntary('email'), id_token: { name: { essential: true } } };
    const tokens = await of(web, PERSON, { scope: 'openid offline_access', ...asked(claims) });
    assert.deepEqual(others(tokens.id_token), pick(PERSON, 'acr', 'amr', 'name'));
    assert.deepEqual(others(tokens.access_token), pick(PERSON, 'acr', 'amr'));
    assert.deepEqual(await info(tokens.access_token), { ...pick(PERSON, 'email', 'groups', 'roles'), sub: 'alice' });
    const later = await refreshed(web, tokens.refresh_token);
    assert.deepEqual(others(later.id_token), others(tokens.id_token));
    assert.equal((await info(later.access_token)).email, PERSON.email);
  });

  test('OpenID Connect Core §5.5: many claims, of which the request names one', async () => {
    const claims = { id_token: voluntary('email') };
    const tokens = await of(web, { ...PERSON, groups: GROUPS }, { scope: 'openid offline_access', ...asked(claims) });
    assert.deepEqual(others(tokens.id_token), pick(PERSON, 'acr', 'amr', 'email'));
    assert.deepEqual(others((await refreshed(web, tokens.refresh_token)).id_token), others(tokens.id_token));
  });

  test('a claim that the record lists in one place may be asked for in another, and no other claim', async () => {
    const claims = { id_token: voluntary('roles', 'secret', 'iss', 'scope', 'name'), userinfo: voluntary('acr') };
    const person = { ...PERSON, secret: 'x' };
    const tokens = await of(members, person, { scope: 'openid', ...asked(claims) });
    assert.deepEqual(others(tokens.id_token), pick(PERSON, 'acr', 'amr', 'groups', 'roles', 'name'));
    const { acr, amr } = await info(tokens.access_token);
    assert.deepEqual([acr, amr], [PERSON.acr, undefined]);
  });

  test('a claim whose scope was asked for and declined is not given for having been named', async () => {
    const form = {
      scope: 'openid email',
      ...asked({ id_token: voluntary('email', 'name'), userinfo: voluntary('email') }),
    };
    const declined = await of(web, PERSON, form, { answer: { scope: 'openid' } });
    assert.deepEqual(others(declined.id_token), pick(PERSON, 'acr', 'amr', 'name'));
    assert.equal((await info(declined.access_token)).email, undefined);
  });

  test('the login application is told what was asked for, as far as the client may have it', async () => {
    const claims = {
      userinfo: { ...voluntary('email', 'groups'), phone_number: { essential: true, x: 1 }, iss: null },
      id_token: { acr: { values: ['1', '2'], essential: true }, auth_time: { essential: true }, foreign: null },
      other: {},
    };
    const form = { ...asked(claims), claims_locales: 'de-AT en', acr_values: '2 1' };
    const { request } = await waiting(web, form);
    const response = (await handoff('request', { request })).json();
    assert.deepEqual(response.claims, {
      userinfo: { ...voluntary('email', 'groups'), phone_number: { essential: true } },
      id_token: { acr: { essential: true, values: ['1', '2'] }, auth_time: { essential: true } },
    });
    assert.equal(response.claims_locales, 'de-AT en');
    assert.equal(response.acr_values, '2 1');
    const plain = (await handoff('request', { request: (await waiting(web)).request })).json();
    assert.equal(plain.claims, undefined);
  });

  const required = { id_token: { acr: { essential: true, values: ['urn:example:loa:3', 'urn:example:loa:2'] } } };

  for (const [name, claims, acr, fits] of [
    ['one of the values', required, 'urn:example:loa:2', true],
    ['another value', required, 'urn:example:loa:1', false],
    ['none', required, undefined, false],
    ['another value, where it is voluntary', { id_token: { acr: { values: ['x'] } } }, '1', true],
    ['none, where any will do', { id_token: { acr: { essential: true } } }, undefined, true],
    ['another value, where /userinfo was asked', { userinfo: { acr: { essential: true, value: 'x' } } }, '1', true],
  ]) {
    test(`OpenID Connect Core §5.5.1.1: an acr that is essential, and a login with ${name}`, async () => {
      const { browser, request } = await waiting(web, asked(claims));
      const answer = given(acr === undefined ? {} : { acr });
      if (fits) {
        const { params } = arrival(await browser.get(await answered('accept', { request, ...ALICE, ...answer })));
        return assert.ok(params.code);
      }
      const error = 'unmet_authentication_requirements';
      await refusal(request, answer, error, error);
      const again = { request, ...ALICE, ...given({ acr: 'urn:example:loa:3' }) };
      assert.ok(arrival(await browser.get(await answered('accept', again))).params.code, 'after a stronger login');
    });
  }

  for (const [name, claims] of [
    ['the ID token', { id_token: { sub: { value: 'bob' } } }],
    ['/userinfo', { userinfo: { sub: { value: 'bob' } } }],
    ['one of several', { id_token: { sub: { values: ['carol', 'bob'] } } }],
  ]) {
    test(`OpenID Connect Core §3.1.2.2: the person whom ${name} asks for, and nobody else`, async () => {
      const { browser, request } = await waiting(web, asked(claims));
      const told = (await handoff('request', { request })).json();
      assert.equal(told.sub, name === 'one of several' ? undefined : 'bob');
      await refusal(request, { subject: 'alice' }, 'login_required', 'login_required');
      const redirect = await answered('accept', { request, ...ALICE, subject: 'bob' });
      assert.ok(arrival(await browser.get(redirect)).params.code);
    });
  }

  test('a person by id_token_hint and another by claims: invalid_request', async () => {
    const { id_token } = await of(web);
    const request = (subject) => {
      const claims = { id_token: { sub: { value: subject } } };
      return requestOf(web, { scope: 'openid', id_token_hint: id_token, ...asked(claims) });
    };
    requestIn(await authorize(new Browser(), request('alice')));
    assert.equal(arrival(await authorize(new Browser(), request('bob'))).params.error, 'invalid_request');
  });
});

describe('claims: a device', { concurrency: 8 }, () => {
  /** A person with these claims, before the page that asks whether to approve. */
  async function atConfirmation(device, claims) {
    const browser = new Browser();
    const request = requestIn(await browser.get('/device'));
    const answer = { request, ...ALICE, subject: random(), ...given(claims) };
    const first = formOf(isPage(await browser.get(await answered('accept', answer))));
    const page = await browser.post(first.action, { ...first.fields, user_code: device.user_code });
    return { browser, form: formOf(isPage(page)) };
  }

  const approve = ({ browser, form }) => browser.post(form.action, { ...form.fields, decision: 'approve' });
  const poll = ({ device_code }) => postAs(board, '/token', { grant_type: DEVICE_GRANT, device_code });

  test('many claims go from the login to the device, also when the person asks again', async () => {
    const device = (await postAs(board, '/device_authorization', { scope: OFFLINE })).json();
    const person = await atConfirmation(device, { ...PERSON, many: GROUPS });
    const page = withoutReference(isPage(await approve(person)));
    assert.equal(withoutReference(isPage(await approve(person))), page);
    const response = await poll(device);
    assert.equal(response.status, 200, response.text);
    let tokens = response.json();
    for (let generation = 1; generation < 3; generation += 1) {
      assert.deepEqual(others(tokens.id_token), pick(PERSON, 'acr', 'amr', 'groups'));
      const { many, name } = await info(tokens.access_token);
      assert.deepEqual([many, name], [GROUPS, PERSON.name]);
      tokens = await refreshed(board, tokens.refresh_token);
    }
  });

  test('claims that its tokens cannot hold: a page that says so, and another device can still be approved', async () => {
    const device = (await postAs(board, '/device_authorization', { scope: OFFLINE })).json();
    const person = await atConfirmation(device, { groups: GROUPS });
    isPage(await approve(person), 400);
    assert.equal((await poll(device)).json().error, 'authorization_pending');
    const allowed = await atConfirmation(device, PERSON);
    isPage(await approve(allowed));
  });
});

describe('claims: by the record as it is now', { skip: unless.store, concurrency: 4 }, () => {
  test('lists that change, for tokens of now and tokens that are looked at', async (t) => {
    const on = await startFor(t, { changes: { JETON_REGISTRY_MAX_AGE: '0' } });
    const client_id = `app-${random().slice(0, 12).toLowerCase()}`;
    const client_secret = random();
    const record = (members) => ({
      client_id,
      client_secrets: [{ sha256: createHash('sha256').update(client_secret).digest('base64url') }],
      redirect_uris: ['https://app.example/cb'],
      grant_types: ['authorization_code', 'refresh_token', 'client_credentials'],
      scope: `${OFFLINE} read`,
      audiences: ['https://api.example'],
      ...members,
    });
    const client = { client_id, client_secret, redirect_uris: ['https://app.example/cb'] };
    const names = ['acr', 'roles', 'email', 'groups'];
    await on.putClient(
      record({ access_token_claims: ['roles', 'email'], client_claims: { tenant: 'blue', level: 1 } }),
    );
    const many = { ...PERSON, groups: GROUPS };
    let tokens = await of(client, many, {}, { on });
    const machine = (await clientCredentials(client, {}, { on })).json().access_token;
    assert.deepEqual(
      pick(await shown(client, tokens.access_token, { on }), ...names),
      pick(PERSON, 'acr', 'roles', 'email'),
    );

    await on.putClient(
      record({
        access_token_claims: ['email'],
        id_token_claims: ['roles'],
        client_claims: { tenant: 'blue', level: 2 },
      }),
    );
    assert.deepEqual(pick(await shown(client, tokens.access_token, { on }), ...names), pick(PERSON, 'acr', 'email'));
    assert.deepEqual(pick(await shown(client, machine, { on }), 'tenant', 'level'), { tenant: 'blue' });
    tokens = await refreshed(client, tokens.refresh_token, {}, { on });
    assert.deepEqual(others(tokens.id_token), pick(PERSON, 'acr', 'amr', 'roles'));
    assert.deepEqual(others(tokens.access_token), pick(PERSON, 'acr', 'amr', 'email'));

    await on.putClient(record({ access_token_claims: ['email'], scope: 'openid offline_access read' }));
    assert.deepEqual(pick(await shown(client, tokens.access_token, { on }), ...names), pick(PERSON, 'acr'));

    await on.putClient(record({ id_token_claims: ['groups'] }));
    const refused = await refresh(client, tokens.refresh_token, {}, { on });
    assert.equal(refused.status, 400, refused.text);
    assert.equal(refused.json().error, 'invalid_grant');
    assert.match(refused.json().error_description, /too long for a token/);
    await on.putClient(record({}));
    assert.deepEqual(
      others((await refreshed(client, tokens.refresh_token, {}, { on })).id_token),
      pick(PERSON, 'acr', 'amr'),
    );
  });

  test('a life that was made longer while a person logged in has the claims as long', async (t) => {
    const on = await startFor(t, { changes: { JETON_REGISTRY_MAX_AGE: '0' } });
    const client_id = `app-${random().slice(0, 12).toLowerCase()}`;
    const record = (refresh_token_lifetime) => ({
      client_id,
      token_endpoint_auth_method: 'none',
      redirect_uris: ['https://app.example/cb'],
      grant_types: ['authorization_code', 'refresh_token'],
      scope: OFFLINE,
      access_token_lifetime: 2_000_000,
      refresh_token_lifetime,
    });
    const client = { client_id, redirect_uris: ['https://app.example/cb'] };
    await on.putClient(record(1000));
    const verifier = random();
    const query = requestOf(client, { scope: OFFLINE }, verifier);
    const browser = new Browser({ on });
    const request = requestIn(await authorize(browser, query));
    const redirect = await answered('accept', { request, ...ALICE, ...given({ groups: GROUPS }) }, { on });
    await on.putClient(record(3_000_000));
    const { code } = arrival(await browser.get(redirect)).params;
    const tokens = (await exchange(client, { code, verifier, redirect_uri: query.redirect_uri }, {}, { on })).json();
    const { exp, iat } = claimsOf(tokens.access_token);
    assert.equal(exp - iat, 2_000_000);
    assert.deepEqual((await userinfo(tokens.access_token, { on })).json().groups, GROUPS);
  });
});
