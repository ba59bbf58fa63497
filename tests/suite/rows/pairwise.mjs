// Pairwise subjects (OpenID Connect Core §8): clients of different sectors cannot tell that they know the same person.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { JWT_BEARER, TOKEN_EXCHANGE } from '../support/assertion-clients.mjs';
import { isError } from '../support/check.mjs';
import { clients, PAIRWISE_SALT, SECRET } from '../support/fixtures.mjs';
import {
  ALICE,
  answered,
  arrival,
  authorize,
  handedBack,
  handoff,
  introspect,
  isEnded,
  loggedIn,
  logoutIn,
  OFFLINE,
  postAs,
  random,
  refresh,
  refreshed,
  requestIn,
  requestOf,
  revoke,
  userinfo,
} from '../support/flow.mjs';
import { DEVICE_GRANT } from '../support/grant-clients.mjs';
import { formOf } from '../support/html.mjs';
import { logged } from '../support/log.mjs';
import { etagOf, isRefused, management, newId, succeeded } from '../support/management.mjs';
import { NORTH, PIER, SOUTH, subjectIn } from '../support/pairwise-clients.mjs';
import { ofCase } from '../support/platforms.mjs';
import {
  initialToken,
  isRefused as isNotRegistered,
  manage,
  registered,
  tryToRegister,
  updateOf,
} from '../support/registration.mjs';
import { get, host, inOneProcess, post, refusal, startFor, unless } from '../support/target.mjs';
import { claimsOf, reseal, unseal } from '../support/tokens.mjs';
import { Browser } from '../support/user-agent.mjs';

const { north, northSealed, northApp, northTv, south, pier, api, web, login } = clients;
const API = 'https://api.example';
const OPENID = '/.well-known/openid-configuration';

const of = (sector, person) => subjectIn(sector, person, PAIRWISE_SALT);
const as = (subject, on) => ({ answer: { subject }, on });

/** What a client gets by a login of that person, and everything that it can ask about that. */
async function gotBy(client, person, { on } = {}) {
  const first = await loggedIn(client, OFFLINE, as(person, on));
  const tokens = await refreshed(client, first.refresh_token, {}, { on });
  const looks = client.client_secret === undefined ? [] : [client];
  const introspected = [];
  for (const caller of [...looks, api, pier]) {
    introspected.push((await introspect(caller, tokens.access_token, { on })).json());
  }
  for (const caller of looks) introspected.push((await introspect(caller, tokens.refresh_token, { on })).json());
  const told = (await userinfo(first.access_token, { on })).json();
  return { first, tokens, introspected, told };
}

/** Each `sub` in it. */
function subjectsOf({ first, tokens, introspected, told }) {
  const jwts = [first, tokens].flatMap(({ access_token, id_token }) => [access_token, id_token]);
  const claims = jwts.filter((token) => token.startsWith('eyJ')).map(claimsOf);
  return [...claims, ...introspected.filter(({ active }) => active), told].map(({ sub }) => sub);
}

/** A person who connects a device: its tokens. */
async function connected(client, subject) {
  const device = (await postAs(client, '/device_authorization', OFFLINE)).json();
  const browser = new Browser();
  const request = requestIn(await browser.get('/device'));
  const form = formOf((await browser.get(await answered('accept', { request, ...ALICE, subject }))).text);
  const shown = await browser.post(form.action, { ...form.fields, user_code: device.user_code });
  const confirmation = formOf(shown.text);
  await browser.post(confirmation.action, { ...confirmation.fields, decision: 'approve' });
  const { device_code } = device;
  const response = await postAs(client, '/token', { grant_type: DEVICE_GRANT, device_code });
  assert.equal(response.status, 200, response.text);
  return response.json();
}

const exchangedBy = (client, subject_token, form = {}, options = {}) => {
  const subject_token_type = 'urn:ietf:params:oauth:token-type:access_token';
  const whole = { grant_type: TOKEN_EXCHANGE, subject_token, subject_token_type, ...form };
  return postAs(client, '/token', whole, options);
};

async function waiting(client, form) {
  const browser = new Browser();
  const request = requestIn(await authorize(browser, requestOf(client, { scope: 'openid', ...form })));
  return { browser, request };
}

describe('OpenID Connect Core §8.1: pairwise subjects', { concurrency: 8 }, () => {
  for (const [client, sector] of [
    [north, NORTH],
    [northSealed, NORTH],
    [northApp, NORTH],
    [south, SOUTH],
  ]) {
    test(`${client.client_id} knows people by the subjects of its sector, wherever it looks`, async () => {
      const person = random();
      const got = await gotBy(client, person);
      const subjects = subjectsOf(got);
      assert.ok(subjects.length >= 6, `${subjects.length}`);
      assert.deepEqual([...new Set(subjects)], [of(sector, person)]);
      const again = await loggedIn(client, OFFLINE, as(person));
      assert.equal(claimsOf(again.id_token).sub, of(sector, person), 'at each login');
    });
  }

  test('§8.1: sectors and people each have subjects of their own', () => {
    const subjects = [NORTH, SOUTH].flatMap((sector) => ['alice', 'bob'].map((person) => of(sector, person)));
    assert.equal(new Set([...subjects, 'alice', 'bob']).size, 6);
  });

  test('a device, which is of the sector that its record names', async () => {
    const person = random();
    const { access_token, id_token } = await connected(northTv, person);
    for (const token of [access_token, id_token]) assert.equal(claimsOf(token).sub, of(NORTH, person));
  });

  test('an API sees what the token says, and makes nothing else of it by an exchange', async () => {
    const person = random();
    for (const [client, sector] of [
      [north, NORTH],
      [south, SOUTH],
    ]) {
      const { access_token } = await loggedIn(client, { scope: 'openid read', resource: [PIER, API] }, as(person));
      assert.equal((await introspect(pier, access_token)).json().sub, of(sector, person));
      const response = await exchangedBy(pier, access_token, { scope: 'read', resource: API });
      assert.equal(response.status, 200, response.text);
      const exchanged = response.json().access_token;
      const { sub, act } = claimsOf(exchanged);
      assert.deepEqual({ sub, act }, { sub: of(sector, person), act: { sub: PIER } });
      assert.equal((await introspect(pier, exchanged)).json().sub, of(sector, person));
    }
  });

  test('nothing that such a client or its APIs get has the subject by which the person is known inside', async () => {
    const person = `inside-${random()}`;
    const seen = [];
    /** All that a text says: as it is, and in each part of it that is base64url. */
    const note = (text) => {
      seen.push(text);
      for (const part of text.match(/[\w-]{8,}/g) ?? []) seen.push(Buffer.from(part, 'base64url').toString('latin1'));
    };
    const noteAll = (response) => note(`${response.text} ${JSON.stringify(response.headers)}`);
    for (const client of [north, northSealed, south]) {
      const start = await authorize(new Browser(), requestOf(client, OFFLINE));
      noteAll(start);
      const { first, tokens, introspected, told } = await gotBy(client, person);
      note(JSON.stringify([first, tokens, introspected, told]));
      const silent = await waiting(client, { id_token_hint: first.id_token, prompt: 'none' });
      const address = await answered('accept', { request: silent.request, ...ALICE, subject: person });
      noteAll(await silent.browser.get(address));
      const { access_token } = await loggedIn(client, { scope: 'openid read', resource: [PIER, API] }, as(person));
      const exchanged = await exchangedBy(pier, access_token, { scope: 'read', resource: API });
      assert.equal(exchanged.status, 200, exchanged.text);
      noteAll(exchanged);
      for (const token of [tokens.access_token, access_token]) {
        noteAll(await introspect(pier, token));
        noteAll(await introspect(api, token));
        noteAll(await revoke(client, token));
        noteAll(await userinfo(token));
      }
      noteAll(await refresh(client, first.refresh_token));
      noteAll(await new Browser().get(`/end_session?id_token_hint=${tokens.id_token}`));
    }
    note(JSON.stringify(await connected(northTv, person)));
    assert.ok(
      seen.some((text) => text.includes(of(NORTH, person))),
      'what is looked for would be found',
    );
    assert.deepEqual(
      seen.filter((text) => text.includes(person)),
      [],
    );
  });

  test('claims that are asked for by name go by the record and the scope, as for every client', async () => {
    const { access_token } = await loggedIn(north, { scope: 'openid email' }, as('alice'));
    assert.deepEqual((await userinfo(access_token)).json(), {
      sub: of(NORTH, 'alice'),
      email: 'alice@example.com',
      email_verified: true,
      tenant: 'blue',
    });
  });
});

/** No login application knows anybody by this: no subject has white space around it. */
const isNobody = (sub, message) =>
  assert.ok(typeof sub === 'string' && sub.trim() !== '' && sub.trim() !== sub, message);

describe('whom a client with pairwise subjects asks for', { concurrency: 8 }, () => {
  // What was sent as a claim is looked for in the log, where the subject stands that a login application names: so
  // claims ask for somebody whom no other row names by what is shown of them.
  const rows = [
    ['id_token_hint', 'alice', async () => ({ id_token_hint: (await loggedIn(north)).id_token })],
    [
      'a sub in claims',
      'dora',
      () => ({ claims: JSON.stringify({ id_token: { sub: { value: of(NORTH, 'dora') } } }) }),
    ],
    [
      'several in claims',
      'dora',
      () => ({ claims: JSON.stringify({ userinfo: { sub: { values: ['alice', of(NORTH, 'dora')] } } }) }),
    ],
  ];
  for (const [name, person, formOfRow] of rows) {
    for (const prompt of [undefined, 'none']) {
      test(`${name}, prompt ${prompt}: the login of that person, and of nobody else`, async () => {
        const { browser, request } = await waiting(north, { ...(await formOfRow()), prompt });
        for (const subject of ['bob', of(NORTH, 'alice'), of(NORTH, 'bob'), 'Alice']) {
          const response = await handoff('accept', { request, ...ALICE, subject });
          const { params } = arrival(await browser.get(handedBack(response, 'login_required')));
          assert.equal(params.error, 'login_required', subject);
        }
        const { params } = arrival(await browser.get(await answered('accept', { request, ...ALICE, subject: person })));
        assert.ok(params.code);
      });
    }
  }

  test('a login application that names whom it knows is told whether it is they', async () => {
    const { id_token } = await loggedIn(north);
    const { request } = await waiting(north, { id_token_hint: id_token });
    const told = async (form) => (await handoff('request', { request, ...form })).json().sub;
    assert.equal(await told({ subject: 'alice' }), 'alice');
    for (const form of [{}, { subject: 'bob' }, { subject: of(NORTH, 'alice') }, { subject: '' }]) {
      isNobody(await told(form), JSON.stringify(form));
    }
    const nobody = await waiting(north, {});
    const answer = (await handoff('request', { request: nobody.request, subject: 'alice' })).json();
    assert.equal(answer.sub, undefined, 'nobody is asked for');
  });

  test('of a client whose subjects are public it is told so either way', async () => {
    const { id_token } = await loggedIn(web);
    const { request } = await waiting(web, { id_token_hint: id_token });
    for (const form of [{}, { subject: 'alice' }, { subject: 'bob' }]) {
      assert.equal((await handoff('request', { request, ...form })).json().sub, 'alice');
    }
  });

  test('the subject by which a person is known inside is nobody', async () => {
    const claims = JSON.stringify({ id_token: { sub: { value: 'alice' } } });
    const { request } = await waiting(north, { claims });
    for (const form of [{ subject: 'alice' }, { subject: 'bob' }, {}]) {
      isNobody((await handoff('request', { request, ...form })).json().sub, JSON.stringify(form));
    }
    handedBack(await handoff('accept', { request, ...ALICE }), 'login_required');
  });

  test('it is asked for once more when the browser comes back', async () => {
    const { id_token } = await loggedIn(north);
    const { browser, request } = await waiting(north, { id_token_hint: id_token });
    const [address, ticket] = (await answered('accept', { request, ...ALICE })).split('ticket=');
    const { accepted } = unseal(ticket).outcome;
    for (const subject of ['bob', of(NORTH, 'alice')]) {
      const other = reseal(ticket, { outcome: { accepted: { ...accepted, subject } } });
      assert.equal(arrival(await browser.get(`${address}ticket=${other}`)).params.error, 'login_required');
    }
    assert.ok(arrival(await browser.get(`${address}ticket=${ticket}`)).params.code);
  });

  test('a hint of another client of the sector is none of this client: invalid_request', async () => {
    const { id_token } = await loggedIn(northSealed);
    const response = await authorize(new Browser(), requestOf(north, { scope: 'openid', id_token_hint: id_token }));
    assert.equal(arrival(response).params.error, 'invalid_request');
  });
});

describe('what ends at a client with pairwise subjects', { concurrency: 8 }, () => {
  test('RP-Initiated Logout §2: the login of the hint, and the login application is told whose it is', async () => {
    const person = random();
    const [tokens, kept] = [await loggedIn(north, OFFLINE, as(person)), await loggedIn(south, OFFLINE, as(person))];
    const form = new URLSearchParams({
      id_token_hint: tokens.id_token,
      post_logout_redirect_uri: `https://${NORTH}/bye`,
    });
    const { back, request } = logoutIn(await new Browser().get(`/end_session?${form}`));
    await isEnded(north, tokens);
    const told = (await handoff('request', { request })).json();
    assert.deepEqual({ sub: told.sub, sid: told.sid }, { sub: person, sid: claimsOf(tokens.id_token).sid });
    const gone = await new Browser().get(back);
    assert.equal(gone.headers.location, `https://${NORTH}/bye`);
    assert.equal((await userinfo(kept.access_token)).status, 200);
  });

  test('a person who is logged out everywhere is so in all sectors', { skip: unless.startable }, async (t) => {
    const on = await startFor(t, { changes: { JETON_REGISTRY_MAX_AGE: '0' } });
    const person = random();
    const ended = [];
    for (const client of [north, northSealed, south])
      ended.push([client, await loggedIn(client, OFFLINE, as(person, on))]);
    const others = await loggedIn(north, OFFLINE, as(random(), on));
    const asked = { scope: 'openid read', resource: [PIER, API] };
    const { access_token } = await loggedIn(north, asked, as(person, on));
    const exchanged = await exchangedBy(pier, access_token, { scope: 'read', resource: API }, { on });
    const { access_token: exchangedToken } = exchanged.json();
    assert.equal((await introspect(pier, exchangedToken, { on })).json().active, true, exchanged.text);
    const answer = await postAs(login, '/revoke_grants', { subject: person }, { on });
    assert.equal(answer.status, 200, answer.text);
    for (const [client, tokens] of ended) {
      assert.equal((await introspect(client, tokens.access_token, { on })).json().active, false);
      await isEnded(client, tokens, { on });
    }
    assert.equal((await introspect(pier, exchangedToken, { on })).json().active, false);
    assert.equal((await userinfo(others.access_token, { on })).status, 200);
    await logged(on, '"grant_type":"urn:ietf:params:oauth:grant-type:token-exchange"', `"subject":"${person}"`);
    for (const line of on.log()) assert.ok(!line.includes(of(NORTH, person)), line);
    await logged(on, '"endpoint":"token"', `"subject":"${person}"`);
  });

  test('the management interface lists what the person gave in every sector', async () => {
    const person = random();
    for (const client of [north, south]) await loggedIn(client, OFFLINE, as(person));
    const by = await management({ scope: 'jeton:grants' });
    const { items } = succeeded(await by.ask('GET', `grants?subject=${person}`));
    assert.deepEqual(items.map((it) => it.client_id).sort(), ['north', 'south']);
    const turned = succeeded(await by.ask('GET', `grants?subject=${of(NORTH, person)}`));
    assert.deepEqual(turned.items, []);
  });
});

describe('tokens of trusted issuers', () => {
  test('a rule whose subject is a person is for no client with pairwise subjects', async () => {
    const on = await host();
    const form = { grant_type: JWT_BEARER, assertion: ofCase('pairwise') };
    const response = await postAs(north, '/token', form);
    isError(response, 400, 'invalid_grant');
    await logged(on, '"trust_rule":"rule: pairwise"', 'of whom its client has pairwise subjects');
    const client = await post('/token', { grant_type: JWT_BEARER, assertion: ofCase('pairwise client') });
    assert.equal(claimsOf(client.json().access_token).sub, 'north', 'one whose subject is the client is');
  });
});

describe('the members by which clients have pairwise subjects', { skip: unless.startable }, () => {
  const one = { ...north, client_id: 'one' };
  const refusals = [
    ['a salt that is missing', { JETON_PAIRWISE_SALT: undefined }, 'JETON_PAIRWISE_SALT'],
    ['a salt that is JETON_SECRET', { JETON_PAIRWISE_SALT: SECRET }, 'JETON_PAIRWISE_SALT'],
    ['a salt that could be guessed', { JETON_PAIRWISE_SALT: 'a'.repeat(50) }, 'JETON_PAIRWISE_SALT'],
    ['two salts', { JETON_PAIRWISE_SALT: `${PAIRWISE_SALT} ${PAIRWISE_SALT}` }, 'JETON_PAIRWISE_SALT'],
  ];
  for (const [name, changes, part] of refusals) {
    test(`${name}: refused at start`, { skip: unless.keys }, async () => {
      const said = await refusal({ clients: [one], ...changes });
      assert.ok(said.includes(part), said);
      assert.ok(!said.includes(PAIRWISE_SALT) && !said.includes(SECRET), said);
    });
  }

  const records = [
    ['another subject_type', { subject_type: 'ppid' }, 'subject_type'],
    [
      'several hosts and no sector',
      { redirect_uris: [`https://${NORTH}/cb`, `https://${SOUTH}/cb`] },
      'sector_identifier_uri',
    ],
    ['an app of its own scheme and no sector', { redirect_uris: ['com.example.app:/cb'] }, 'sector_identifier_uri'],
    ['this machine for a sector', { redirect_uris: ['http://127.0.0.1/cb'] }, 'sector_identifier_uri'],
    ['a sector by http', { sector_identifier_uri: `http://${NORTH}/` }, 'sector_identifier_uri'],
    [
      'a sector of public subjects',
      { subject_type: 'public', sector_identifier_uri: `https://${NORTH}/` },
      'sector_identifier_uri',
    ],
  ];
  for (const [name, members, member] of records) {
    test(`${name}: refused at start`, async () => {
      const said = await refusal({ clients: [{ ...one, ...members }] });
      assert.ok(said.includes(member), said);
    });
  }

  test('without a salt there are public subjects alone, and no client gets others', {
    skip: unless.store,
  }, async (t) => {
    const own = Object.values(clients).filter(({ subject_type }) => subject_type === undefined);
    const on = await startFor(t, { changes: { clients: own, JETON_PAIRWISE_SALT: undefined } });
    assert.deepEqual((await get(OPENID, {}, on)).json().subject_types_supported, ['public']);
    const by = await management({ on });
    const { client_secret, ...record } = north;
    isRefused(await by.clients.create(record), 400, 'invalid_client_metadata', 'subject_type');
    // One that is there all the same, as from before the salt was lost.
    await on.putClient({ ...record, client_id: 'stored', token_endpoint_auth_method: 'none' });
    const stored = { ...record, client_id: 'stored', token_endpoint_auth_method: 'none' };
    const browser = new Browser({ on });
    const request = requestIn(await authorize(browser, requestOf(stored, { scope: 'openid' })));
    const response = await handoff('accept', { request, ...ALICE }, { on });
    const { params } = arrival(await browser.get(handedBack(response, 'server_error', 501)));
    assert.equal(params.error, 'server_error');
    // Nothing is looked at, so that what it has is good once the salt is back.
    const form = { grant_type: 'refresh_token', refresh_token: 'x' };
    isError(await postAs({ ...stored, client_secret: undefined }, '/token', form, { on }), 501, 'server_error');
  });
});

describe('/manage: subject_type', () => {
  inOneProcess(test)('a client is made, and becomes another with other people', async () => {
    const by = await management();
    const [client_id, person, website] = [newId('sector'), random(), `${newId('website')}.example`];
    const redirect_uris = [`https://${website}/cb`];
    const document = { ...north, client_id, client_secret: undefined, redirect_uris };
    const created = await by.clients.create(document);
    const client = { ...document, client_secret: succeeded(created, 201).client_secret };
    const first = await loggedIn(client, OFFLINE, as(person));
    assert.equal(claimsOf(first.id_token).sub, of(website, person));
    const sector = { sector_identifier_uri: `https://${NORTH}/sector.json` };
    const patched = await by.clients.patch(client_id, sector, etagOf(created));
    succeeded(patched);
    const next = await refreshed(client, first.refresh_token);
    assert.equal(claimsOf(next.id_token).sub, of(NORTH, person));
    const publicly = { subject_type: 'public', sector_identifier_uri: null };
    succeeded(await by.clients.patch(client_id, publicly, etagOf(patched)));
    const last = await refreshed(client, next.refresh_token);
    assert.equal(claimsOf(last.id_token).sub, person);
    // Whose hint it was, is another now: nothing ends by it unasked.
    formOf((await new Browser().get(`/end_session?id_token_hint=${first.id_token}`)).text);
    await refreshed(client, last.refresh_token);
  });
});

describe('RFC 7591: subject_type', { concurrency: 4 }, () => {
  const ONE = {
    token_endpoint_auth_method: 'none',
    redirect_uris: ['https://new.example/cb', 'https://new.example/b'],
  };

  test('a client of one website registers it, is told so, and keeps it', async () => {
    const client = await registered({ ...ONE, subject_type: 'pairwise' });
    assert.equal(client.subject_type, 'pairwise');
    const person = random();
    const { id_token } = await loggedIn(client, { scope: 'openid' }, as(person));
    assert.equal(claimsOf(id_token).sub, of('new.example', person));
    const again = succeeded(await manage('PUT', client, { body: updateOf(client) }));
    assert.equal(again.subject_type, 'pairwise');
    const changes = { redirect_uris: ['https://new.example/cb', `https://${NORTH}/cb`] };
    isNotRegistered(
      await manage('PUT', again, { body: updateOf(again, changes) }),
      'invalid_client_metadata',
      'subject_type',
    );
  });

  inOneProcess(test)('a client cannot take its people along to another website, or to public subjects', async () => {
    const refreshing = { ...ONE, grant_types: ['authorization_code', 'refresh_token'] };
    const pairwise = await registered({ ...refreshing, subject_type: 'pairwise' });
    const publicly = await registered(refreshing);
    const elsewhere = { redirect_uris: [`https://${NORTH}/cb`] };
    const rows = [
      [pairwise, elsewhere],
      [pairwise, { ...elsewhere, subject_type: 'public' }],
      [pairwise, { subject_type: 'public' }],
      [pairwise, { subject_type: undefined }],
      [publicly, { subject_type: 'pairwise' }],
      [publicly, { ...elsewhere, subject_type: 'pairwise' }],
    ];
    const person = random();
    const had = new Map();
    for (const client of [pairwise, publicly]) had.set(client, await loggedIn(client, OFFLINE, as(person)));
    for (const [client, changes] of rows) {
      const response = await manage('PUT', client, { body: updateOf(client, changes) });
      isNotRegistered(response, 'invalid_client_metadata', 'subject_type');
    }
    for (const [client, sub] of [
      [pairwise, of('new.example', person)],
      [publicly, person],
    ]) {
      const { id_token } = await refreshed(client, had.get(client).refresh_token);
      assert.equal(claimsOf(id_token).sub, sub);
    }
    // Another page of the same website is no other, and a client with public subjects moves as it likes.
    const moved = await manage('PUT', pairwise, {
      body: updateOf(pairwise, { redirect_uris: ONE.redirect_uris.slice(1) }),
    });
    assert.equal(succeeded(moved).subject_type, 'pairwise');
    succeeded(await manage('PUT', publicly, { body: updateOf(publicly, { ...elsewhere, subject_type: 'public' }) }));
  });

  const others = [
    ['of two websites', { redirect_uris: ['https://new.example/cb', `https://${NORTH}/cb`] }, 'subject_type'],
    ['of this machine', { redirect_uris: ['http://127.0.0.1/cb'] }, 'subject_type'],
    ['of an app', { redirect_uris: ['com.example.app:/cb'] }, 'subject_type'],
    [
      'that brings itself into a sector',
      { sector_identifier_uri: `https://${NORTH}/sector.json` },
      'sector_identifier_uri',
    ],
  ];
  for (const [name, members, member] of others) {
    test(`a client ${name}: invalid_client_metadata`, async () => {
      const metadata = { ...ONE, subject_type: 'pairwise', ...members };
      const response = await tryToRegister(metadata, { token: await initialToken() });
      isNotRegistered(response, 'invalid_client_metadata', member);
    });
  }

  test('a client whose subjects are public may name a sector, which it does not get', async () => {
    const client = await registered({ ...ONE, sector_identifier_uri: `https://${NORTH}/sector.json` });
    assert.equal(client.sector_identifier_uri, undefined);
    assert.equal(client.subject_type, undefined);
  });
});
