// Assertions and tokens whose word a lenient mock takes: as grants, to be exchanged, and for clients.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { JWT_BEARER, TOKEN_EXCHANGE } from '../suite/support/assertion-clients.mjs';
import { JWT_ASSERTION } from '../suite/support/assertions.mjs';
import { freshKey } from '../suite/support/jws.mjs';
import { claimsOf } from '../suite/support/tokens.mjs';
import { isError, waivedOf } from './support/check.mjs';
import { ok } from './support/issuer.mjs';
import { ACCESS_TOKEN, JWT, now, soon } from './support/machines.mjs';
import { start } from './support/process.mjs';

const ID_TOKEN = 'urn:ietf:params:oauth:token-type:id_token';

const MIDDLE = {
  client_id: 'middle',
  client_secret: 's',
  grant_types: ['client_credentials', JWT_BEARER, TOKEN_EXCHANGE],
  scope: 'read',
  audiences: ['https://downstream.example'],
};
const M2M = { client_id: 'm2m', client_secret: 's', grant_types: ['client_credentials'] };
const CLIENTS = { clients: [MIDDLE, M2M] };

const lenient = await start({ config: { issuer: CLIENTS } });
const strict = await start({ args: ['--strict'], config: { issuer: CLIENTS } });
const key = freshKey('ES256');

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
const unsigned = (claims) => `${part({ alg: 'none' })}.${part(claims)}.`;
const PERSON = {
  iss: 'https://login.elsewhere.example',
  sub: 'user-7',
  aud: 'api://middle',
  oid: '0000-7',
  roles: ['admin'],
  acr: 'Level4',
  azp: 'spa',
  scp: 'access_as_user',
  sid: 'elsewhere',
  nonce: 'n',
};
const person = (more = {}) => ({ ...PERSON, ...soon(), ...more });

const behalf = (issuer, assertion, form = {}, client = ['middle', 's']) =>
  issuer.as(client, '/token', {
    grant_type: JWT_BEARER,
    assertion,
    requested_token_use: 'on_behalf_of',
    scope: 'read',
    ...form,
  });
const exchange = (issuer, subject_token, form = {}, client = ['middle', 's']) =>
  issuer.as(client, '/token', { grant_type: TOKEN_EXCHANGE, subject_token, subject_token_type: JWT, ...form });

describe('jwt-bearer, on behalf of', { concurrency: 8 }, () => {
  test('any assertion: subject and claims are passed on, and not what is about the assertion', async () => {
    for (const assertion of [key.sign(person()), unsigned(person())]) {
      const issuer = lenient.fresh();
      const response = ok(await behalf(issuer, assertion));
      assert.deepEqual(waivedOf(response), ['assertion']);
      const body = response.json();
      assert.deepEqual(Object.keys(body).sort(), ['access_token', 'expires_in', 'scope', 'token_type']);
      const { payload } = await issuer.verify(body.access_token, { audience: 'https://downstream.example' });
      const { iss, sub, client_id, scope, oid, roles, acr, azp, scp, sid, nonce } = payload;
      assert.deepEqual([iss, sub, client_id, scope], [issuer.id, 'user-7', 'middle', 'read']);
      assert.deepEqual([oid, roles, acr], ['0000-7', ['admin'], 'Level4']);
      assert.deepEqual([azp, scp, sid, nonce], [undefined, undefined, undefined, undefined]);
      assert.ok(payload.exp <= now() + 60, 'no longer than the assertion');
    }
  });

  test('the token is known: introspection, userinfo, revocation', async () => {
    const issuer = lenient.fresh();
    const { access_token } = ok(await behalf(issuer, key.sign(person()), { scope: 'openid' })).json();
    const shown = ok(await issuer.as(['middle', 's'], '/introspect', { token: access_token })).json();
    assert.deepEqual([shown.active, shown.sub, shown.client_id], [true, 'user-7', 'middle']);
    assert.equal(ok(await issuer.userinfo(access_token)).json().sub, 'user-7');
    ok(await issuer.as(['middle', 's'], '/revoke', { token: access_token }));
    assert.equal(await issuer.active(access_token, ['middle', 's']), false);
  });

  test('with openid there is an ID token of the subject, for the client', async () => {
    const issuer = lenient.fresh();
    const { id_token } = ok(await behalf(issuer, key.sign(person()), { scope: 'openid profile' })).json();
    const { payload } = await issuer.verify(id_token, { typ: null, audience: 'middle' });
    assert.deepEqual([payload.sub, payload.oid], ['user-7', '0000-7']);
  });

  test('the token that a login of this issuer gave, at a client that nobody registered', async () => {
    const issuer = lenient.fresh();
    const { access_token } = await issuer.tokens({ client: 'spa', resource: 'api://middle', scope: 'openid' });
    const response = ok(await behalf(issuer, access_token, { resource: 'https://graph.example' }, 'middle-tier'));
    assert.deepEqual(waivedOf(response), ['client', 'assertion']);
    const { sub, aud, client_id } = claimsOf(response.json().access_token);
    assert.deepEqual([sub, aud, client_id], ['alice', 'https://graph.example', 'middle-tier']);
  });

  test('a client that says nothing of itself is the one that the assertion is of', async () => {
    const issuer = lenient.fresh();
    const response = ok(await issuer.post('/token', { grant_type: JWT_BEARER, assertion: key.sign(person()) }));
    const { sub, client_id } = claimsOf(response.json().access_token);
    assert.deepEqual([sub, client_id], ['user-7', 'spa']);
  });

  test('rules see the subject, and what they make of the token is known, too', async () => {
    const issuer = await lenient.fresh().make();
    await issuer.rule({
      match: { grant_type: JWT_BEARER, subject: 'user-*' },
      access_token: { aud: 'api://else', tid: '${subject}' },
    });
    const { access_token } = ok(await behalf(issuer, key.sign(person()))).json();
    const { aud, tid } = claimsOf(access_token);
    assert.deepEqual([aud, tid], ['api://else', 'user-7']);
    assert.equal(await issuer.active(access_token, ['middle', 's']), true);
  });

  test('what this issuer made is verified, what has expired says so, and what is no token says nothing', async () => {
    const issuer = lenient.fresh();
    const { access_token } = await issuer.tokens({ client: 'spa', scope: 'openid' });
    const forged = freshKey('ES256').sign(claimsOf(access_token), { typ: 'at+jwt' });
    const tokens = await issuer.tokens({ client: 'spa', scope: 'openid' });
    ok(await issuer.as('spa', '/revoke', { token: tokens.access_token }));
    for (const assertion of [
      forged,
      tokens.access_token,
      key.sign(person({ exp: now() - 1 })),
      key.sign(person({ nbf: now() + 600 })),
      key.sign(person({ sub: undefined })),
      'x.y.z',
      'opaque',
    ]) {
      isError(await behalf(issuer, assertion), 400, 'invalid_grant');
    }
    ok(await behalf(issuer, access_token));
    isError(await behalf(issuer, undefined), 400, 'invalid_request', /assertion/);
  });

  test('what was revoked by itself is believed no more, whatever it is presented as', async () => {
    const issuer = await lenient.fresh().make();
    const own = async () => ok(await issuer.token({}, { client: ['m2m', 's'] })).json().access_token;
    const minted = async () =>
      (await issuer.set('POST', '/mint', { claims: { sub: 'user-7', client_id: 'm2m' } })).token;
    const believed = async () => ok(await behalf(issuer, key.sign(person()))).json().access_token;
    for (const [make, client] of [
      [own, 'm2m'],
      [minted, 'm2m'],
      [believed, 'middle'],
    ]) {
      const [token, other] = [await make(), await make()];
      ok(await issuer.as([client, 's'], '/revoke', { token }));
      isError(await behalf(issuer, token), 400, 'invalid_grant');
      for (const type of [ACCESS_TOKEN, JWT, ID_TOKEN])
        isError(await exchange(issuer, token, { subject_token_type: type }), 400, 'invalid_request');
      const actor = { actor_token: token, actor_token_type: JWT };
      isError(await exchange(issuer, key.sign(person()), actor), 400, 'invalid_request');
      ok(await behalf(issuer, other));
    }
  });

  test('the rest of the request is judged as ever', async () => {
    const issuer = lenient.fresh();
    const assertion = key.sign(person());
    isError(await behalf(issuer, assertion, { scope: '"' }), 400, 'invalid_scope');
    isError(await behalf(issuer, assertion, {}, ['m2m', 's']), 400, 'unauthorized_client');
    assert.deepEqual(waivedOf(await behalf(issuer, assertion, { scope: 'admin' })), ['scope', 'assertion']);
    const [entry] = (await issuer.journal()).slice(-1);
    assert.deepEqual([entry.subject, entry.parameters.assertion], ['user-7', '[redacted]']);
    isError(await behalf(strict.fresh(), assertion), 400, 'invalid_grant');
  });
});

describe('token exchange', { concurrency: 8 }, () => {
  test('a subject token of elsewhere: subject, claims, who acts, and the type of what is issued', async () => {
    for (const subject of [key.sign(person()), unsigned(person())]) {
      for (const type of [JWT, ACCESS_TOKEN, ID_TOKEN]) {
        const issuer = lenient.fresh();
        const response = ok(
          await exchange(issuer, subject, { subject_token_type: type, audience: 'https://a.example' }),
        );
        assert.deepEqual(waivedOf(response), ['audience', 'subject_token']);
        const body = response.json();
        assert.deepEqual([body.issued_token_type, body.token_type], [ACCESS_TOKEN, 'Bearer']);
        const { payload } = await issuer.verify(body.access_token, { audience: 'https://a.example' });
        assert.deepEqual([payload.sub, payload.acr, payload.act], ['user-7', 'Level4', { sub: 'middle' }]);
        assert.equal(await issuer.active(body.access_token, ['middle', 's']), true);
      }
    }
  });

  test('an actor token, and who acted before', async () => {
    const issuer = lenient.fresh();
    const subject = key.sign(person({ act: { sub: 'first' } }));
    const actor = key.sign({ iss: 'https://ci.example', sub: 'job', ...soon() });
    const response = ok(await exchange(issuer, subject, { actor_token: actor, actor_token_type: JWT }));
    assert.deepEqual(waivedOf(response), ['subject_token', 'actor_token']);
    assert.deepEqual(claimsOf(response.json().access_token).act, {
      sub: 'job',
      iss: 'https://ci.example',
      act: { sub: 'first' },
    });
    const half = await exchange(issuer, subject, { actor_token: actor });
    isError(half, 400, 'invalid_request');
    const bound = key.sign(person({ may_act: { sub: 'somebody else' } }));
    isError(await exchange(issuer, bound), 400, 'invalid_request');
  });

  test('an ID token or a JWT, where one is asked for', async () => {
    const issuer = lenient.fresh();
    const jwt = ok(await exchange(issuer, key.sign(person()), { requested_token_type: JWT })).json();
    assert.deepEqual([jwt.issued_token_type, jwt.token_type], [JWT, 'Bearer']);
    const id = ok(await exchange(issuer, key.sign(person()), { requested_token_type: ID_TOKEN })).json();
    assert.deepEqual([id.issued_token_type, id.token_type], [ID_TOKEN, 'N_A']);
    const { payload } = await issuer.verify(id.access_token, { typ: null, audience: 'middle' });
    assert.equal(payload.sub, 'user-7');
    isError(await exchange(issuer, key.sign(person()), { requested_token_type: 'urn:x' }), 400, 'invalid_request');
  });

  test('an ID token of this issuer is verified, and its access tokens are the server’s affair', async () => {
    const issuer = lenient.fresh();
    const { access_token, id_token } = await issuer.tokens({ client: 'spa', scope: 'openid' });
    const { sub } = claimsOf(
      ok(await exchange(issuer, id_token, { subject_token_type: ID_TOKEN })).json().access_token,
    );
    assert.equal(sub, 'alice');
    const forged = freshKey('ES256').sign(claimsOf(id_token));
    isError(await exchange(issuer, forged, { subject_token_type: ID_TOKEN }), 400, 'invalid_request');
    isError(await exchange(issuer, access_token, { subject_token_type: ACCESS_TOKEN }), 400, 'invalid_request');
    isError(await exchange(issuer, key.sign(person({ exp: now() - 1 }))), 400, 'invalid_request');
    isError(await exchange(strict.fresh(), key.sign(person())), 400, 'invalid_request');
  });
});

describe('client assertions', { concurrency: 8 }, () => {
  const by = (issuer, client_assertion, form = {}, client_assertion_type = JWT_ASSERTION) =>
    issuer.post('/token', { grant_type: 'client_credentials', client_assertion, client_assertion_type, ...form });
  const of = (client) => ({ iss: client, sub: client, aud: 'https://other.example', jti: '1', ...soon() });

  for (const [name, ask] of [
    ['by any key, for another audience', (issuer) => by(issuer, key.sign(of('svc')))],
    ['unsigned', (issuer) => by(issuer, unsigned(of('svc')))],
    ['of an unknown type', (issuer) => by(issuer, key.sign(of('svc')), {}, 'urn:example:else')],
    ['that is no JWT, of a client that is named', (issuer) => by(issuer, 'anything', { client_id: 'svc' })],
    ['that only says by whom it is', (issuer) => by(issuer, key.sign({ iss: 'svc' }))],
    [
      'without a type that a client has, with its id',
      (issuer) => by(issuer, unsigned({ sub: 'else' }), { client_id: 'svc' }),
    ],
  ]) {
    test(`${name}: taken at its word, and named`, async () => {
      const issuer = lenient.fresh();
      const response = ok(await ask(issuer));
      assert.equal(claimsOf(response.json().access_token).client_id, 'svc');
      assert.deepEqual(waivedOf(response), ['client', 'client_assertion']);
      isError(await ask(strict.fresh()), 401, 'invalid_client');
    });
  }

  test('of a client that is registered with a secret', async () => {
    const response = ok(await by(lenient.fresh(), unsigned(of('m2m'))));
    assert.deepEqual(waivedOf(response), ['client_assertion']);
  });

  test('with every grant', async () => {
    const issuer = lenient.fresh();
    const assertion = { client_assertion: unsigned(of('svc')), client_assertion_type: JWT_ASSERTION };
    const login = await issuer.login({ client: ['svc', null], scope: 'openid' });
    const { refresh_token } = ok(await issuer.redeem({ ...login, client: ['svc', null] }, assertion)).json();
    ok(await issuer.post('/token', { grant_type: 'refresh_token', refresh_token, ...assertion }));
    ok(await issuer.post('/token', { grant_type: 'password', username: 'alice', password: 'x', ...assertion }));
    ok(await issuer.post('/token', { grant_type: JWT_BEARER, assertion: key.sign(person()), ...assertion }));
    ok(
      await issuer.post('/token', {
        grant_type: TOKEN_EXCHANGE,
        subject_token: key.sign(person()),
        subject_token_type: JWT,
        ...assertion,
      }),
    );
  });
});
