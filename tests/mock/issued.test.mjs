// What the mock issued, it knows: whatever rules, faults and `mint` made of a token, every endpoint answers
// for it.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { isError, waivedOf } from './support/check.mjs';
import { encode, send } from './support/http.mjs';
import { claims, header, OFFLINE, ok, random } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const mock = await start();
const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange';
const ACCESS_TOKEN = 'urn:ietf:params:oauth:token-type:access_token';
const AFTER = 'https://app.example/bye';

const look = async (issuer, token, client = 'web') => ok(await issuer.as(client, '/introspect', { token })).json();
const exchange = (issuer, subject_token, client = 'web') =>
  issuer.as(client, '/token', { grant_type: EXCHANGE, subject_token, subject_token_type: ACCESS_TOKEN });
const logout = (issuer, id_token_hint, more) =>
  issuer.get(`/end_session?${encode({ id_token_hint, post_logout_redirect_uri: AFTER, ...more })}`);
const manage = (issuer, token) => issuer.get('/manage/clients', { authorization: `Bearer ${token}` });
const isInactive = async (issuer, token) => {
  assert.deepEqual(await look(issuer, token), { active: false });
  isChallenged(await issuer.userinfo(token), 401, 'invalid_token');
};
function isChallenged(response, status, error, description) {
  assert.equal(response.status, status, response.text);
  assert.match(response.headers['www-authenticate'], new RegExp(`^Bearer realm="jeton", error="${error}"`));
  assert.equal(response.json().error, error);
  if (description) assert.match(response.json().error_description, description);
}

/** Shapes that vendors give access tokens: `[what, rule, { of the token, of its introspection }]`. */
const SHAPES = [
  ['as it is', {}],
  ['without aud, as Cognito’s', { access_token: { aud: null } }, { aud: undefined }],
  [
    'of another audience',
    { access_token: { aud: ['https://graph.example', 'x'] } },
    { aud: ['https://graph.example', 'x'] },
  ],
  [
    'without client_id, with azp, as Keycloak’s',
    { access_token: { client_id: null, azp: '${client_id}', typ: 'Bearer' } },
    { client_id: undefined, azp: 'web', typ: 'Bearer' },
  ],
  ['with another sub, as Auth0’s', { access_token: { sub: 'auth0|${subject}' } }, { sub: 'auth0|alice' }],
  [
    'with scp, a list, as Okta’s',
    { access_token: { scope: null, scp: ['openid', 'email'], cid: '${client_id}' } },
    { scope: undefined, scp: ['openid', 'email'], cid: 'web' },
  ],
  [
    'with scp, a text, as Entra’s',
    { access_token: { scope: null, scp: 'openid email' } },
    { scope: undefined, scp: 'openid email' },
  ],
  ['with scope as a list', { access_token: { scope: ['openid', 'email'] } }, { scope: ['openid', 'email'] }],
  [
    'of another issuer',
    { access_token: { iss: 'https://sts.example/tenant/' } },
    { iss: 'https://sts.example/tenant/' },
  ],
  ['of another type', { access_token_header: { typ: 'JWT' } }, {}],
  ['of another key id', { access_token_header: { kid: 'k1', x5t: 'eA' } }, {}],
  ['without a key id', { access_token_header: { kid: null, typ: null } }, {}],
  ['without sid and jti', { access_token: { sid: null, jti: null } }, { sid: undefined, jti: undefined }],
  [
    'with a sid of its own',
    { access_token: { sid: '0e4a7a0c-7a5b-4b0f-9c36-0e4a7a0c7a5b', jti: 'AT.x' } },
    { jti: 'AT.x' },
  ],
  ['without exp and iat', { access_token: { exp: null, iat: null } }, { exp: undefined, iat: undefined }],
  [
    'with claims whose names mean something else to the server',
    { access_token: { auth_time: 'yesterday', act: 'none', may_act: [1], registration: true, exchanged_from: {} } },
    { auth_time: 'yesterday', act: 'none', may_act: [1], registration: true, exchanged_from: {} },
  ],
  [
    'with hardly anything left',
    {
      access_token: {
        iss: null,
        sub: null,
        aud: null,
        client_id: null,
        iat: null,
        exp: null,
        jti: null,
        scope: null,
        sid: null,
        auth_time: null,
      },
      access_token_header: { typ: 'x' },
    },
    { iss: undefined, sub: undefined, exp: undefined },
  ],
];
const CLIENTS = [
  {
    client_id: 'web',
    client_secret: 'any-secret',
    redirect_uris: ['https://app.example/cb'],
    post_logout_redirect_uris: [AFTER],
    grant_types: ['authorization_code', 'refresh_token', 'client_credentials', EXCHANGE],
    scope: 'openid email offline_access jeton:clients',
  },
];

for (const [strictness, spec] of [
  ['lenient', {}],
  ['strict', { strictness: 'strict', clients: CLIENTS }],
]) {
  describe(`access tokens that a rule has shaped, ${strictness}`, { concurrency: 8 }, () => {
    for (const [what, rule, said = {}] of SHAPES) {
      const made = () => mock.fresh().make({ ...spec, claims: [rule] });

      test(`${what}: userinfo, introspection, exchange, revocation`, async () => {
        const issuer = await made();
        const { access_token } = await issuer.tokens({ scope: 'openid email' });
        for (const [name, value] of Object.entries(said)) assert.deepEqual(claims(access_token)[name], value, name);

        const info = ok(await issuer.userinfo(access_token)).json();
        assert.deepEqual([info.sub, info.email], ['alice', 'alice@example.com']);
        const inForm = ok(await issuer.post('/userinfo', { access_token })).json();
        assert.deepEqual(inForm, info);

        const shown = await look(issuer, access_token);
        assert.equal(shown.active, true);
        assert.deepEqual([shown.token_type, shown.scope, shown.client_id], ['Bearer', 'openid email', 'web']);
        const { scope: _scope, client_id: _client, ...rest } = claims(access_token);
        for (const [name, value] of Object.entries(rest)) assert.deepEqual(shown[name], value, name);
        for (const name of ['iss', 'sub', 'aud', 'exp', 'iat', 'jti', 'sid'])
          assert.equal(name in shown, name in rest, name);

        const exchanged = ok(await exchange(issuer, access_token)).json();
        assert.equal((await look(issuer, exchanged.access_token)).active, true);

        ok(await issuer.as('web', '/revoke', { token: access_token }));
        await isInactive(issuer, access_token);
        isError(await exchange(issuer, access_token), 400, 'invalid_request');
      });

      test(`${what}: the management interface`, async () => {
        const issuer = await made();
        const { access_token } = await issuer.granted(
          { scope: 'jeton:clients', resource: issuer.id },
          { client: 'web' },
        );
        ok(await manage(issuer, access_token));
        ok(await issuer.as('web', '/revoke', { token: access_token }));
        assert.equal((await manage(issuer, access_token)).status, 401);
      });
    }

    test('a refreshed token is known as well, and ends with its grant', async () => {
      const issuer = await mock.fresh().make({ ...spec, claims: [{ access_token: { aud: null, sid: null } }] });
      const scope = 'openid email offline_access';
      const { refresh_token } = await issuer.tokens({ scope });
      const { access_token, refresh_token: next } = ok(await issuer.refresh(refresh_token)).json();
      ok(await issuer.userinfo(access_token));
      ok(await issuer.as('web', '/revoke', { token: next }));
      await isInactive(issuer, access_token);
    });

    test('only its own client ends a token', async () => {
      const issuer = await mock.fresh().make({ ...spec, claims: [{ access_token: { client_id: 'other' } }] });
      const { access_token } = await issuer.tokens();
      await issuer.as('other', '/revoke', { token: access_token });
      ok(await issuer.userinfo(access_token));
    });
  });
}

describe('tokens of vendors, as their profiles shape them', { concurrency: 8 }, () => {
  for (const name of [
    'auth0',
    'cognito/eu-west-1_Abc',
    'entra/11111111-1111-1111-1111-111111111111',
    'okta',
    'okta/oauth2/default',
    'keycloak/realms/acme',
    'google',
    'github',
    'zitadel',
  ]) {
    test(`${name}: every endpoint`, async () => {
      const issuer = mock.at(name);
      const login = await issuer.login({ scope: 'openid email' });
      const tokens = ok(await issuer.redeem(login, {}, { accept: 'application/json' })).json();
      const info = ok(await issuer.userinfo(tokens.access_token)).json();
      if (tokens.id_token) assert.equal(info.sub, claims(tokens.id_token).sub);
      const { active, client_id, scope } = await look(issuer, tokens.access_token);
      assert.deepEqual([active, client_id, scope], [true, 'web', 'openid email']);
      ok(await exchange(issuer, tokens.access_token));
      if (tokens.id_token) assert.equal((await logout(issuer, tokens.id_token)).status, 303);
      else ok(await issuer.as('web', '/revoke', { token: tokens.access_token }));
      await isInactive(issuer, tokens.access_token);
    });
  }
});

describe('what the answers say of tokens that a rule has shaped', { concurrency: 8 }, () => {
  const ruled = (...rules) => mock.fresh().make({ claims: rules });

  test('a token that is no JWT any more stands for the one that the server made', async () => {
    const text = `opaque-${random()}`;
    const issuer = await ruled({ response: { access_token: text } });
    const { access_token } = await issuer.tokens({ scope: 'openid email' });
    assert.equal(access_token, text);
    assert.equal(ok(await issuer.userinfo(text)).json().email, 'alice@example.com');
    const { active, sub, client_id, scope } = await look(issuer, text);
    assert.deepEqual([active, sub, client_id, scope], [true, 'alice', 'web', 'openid email']);
    ok(await issuer.as('web', '/revoke', { token: text }));
    await isInactive(issuer, text);
  });

  test('an actor token is known as well', async () => {
    const issuer = await ruled({
      access_token: { aud: null, client_id: null, sub: 'x|${subject}' },
      access_token_header: { typ: 'JWT' },
    });
    const { access_token } = await issuer.tokens({ scope: 'openid' });
    const actor = await issuer.granted({ resource: issuer.id }, { client: 'web' });
    const form = { grant_type: EXCHANGE, subject_token: access_token, subject_token_type: ACCESS_TOKEN };
    const more = { actor_token: actor.access_token, actor_token_type: ACCESS_TOKEN };
    const exchanged = ok(await issuer.as('web', '/token', { ...form, ...more })).json();
    assert.equal(claims(exchanged.access_token).act.sub, 'web');
    ok(await issuer.as('web', '/revoke', { token: actor.access_token }));
    isError(await issuer.as('web', '/token', { ...form, ...more }), 400, 'invalid_request');
  });

  test('a refresh token that a rule has replaced is one, once', async () => {
    const issuer = await ruled({ match: { grant_type: 'authorization_code' }, response: { refresh_token: '1//0gx' } });
    const tokens = await issuer.tokens({ scope: OFFLINE });
    assert.equal(tokens.refresh_token, '1//0gx');
    assert.equal((await look(issuer, '1//0gx')).active, true);
    const next = ok(await issuer.refresh('1//0gx')).json();
    ok(await issuer.refresh(next.refresh_token));
    assert.equal((await look(issuer, '1//0gx')).active, false);
  });

  test('/userinfo has the subject of the ID token (OpenID Connect Core §5.3.2)', async () => {
    const sub = 'auth0|${subject}';
    const issuer = await ruled({ access_token: { sub }, id_token: { sub } });
    const { access_token, id_token } = await issuer.tokens();
    assert.equal(claims(id_token).sub, 'auth0|alice');
    assert.equal(ok(await issuer.userinfo(access_token)).json().sub, 'auth0|alice');
    const other = await ruled({ id_token: { sub }, userinfo: { sub: 'else' } });
    assert.equal(ok(await other.userinfo((await other.tokens()).access_token)).json().sub, 'else');
  });

  test('rules add to introspection by what the server knows, whatever the token says', async () => {
    const issuer = await ruled({
      match: { client_id: 'web', subject: 'alice', parameters: { acr_values: 'gold' } },
      access_token: { sub: 'x', client_id: null, sid: null },
      introspection: { who: '${subject}', by: '${client_id}', username: '${user.email}', iss: null },
    });
    const { access_token } = await issuer.tokens({ acr_values: 'gold' });
    const { sub, who, by, username, iss } = await look(issuer, access_token);
    assert.deepEqual([sub, who, by, username, iss], ['x', 'alice', 'web', 'alice@example.com', undefined]);
  });

  test('what the client has lost is not said, whatever the token says', async () => {
    const issuer = await mock
      .fresh()
      .make({ strictness: 'strict', clients: CLIENTS, claims: [{ access_token: { tenant: 'x' } }] });
    const { access_token } = await issuer.tokens({ scope: 'openid email' });
    assert.equal((await look(issuer, access_token)).scope, 'openid email');
    await issuer.client({ ...CLIENTS[0], scope: 'openid' });
    const shown = await look(issuer, access_token);
    assert.deepEqual([shown.scope, shown.tenant], ['openid', 'x']);
  });

  test('an audience that a rule took away needs no leniency', async () => {
    const issuer = await ruled({ access_token: { aud: null } });
    await issuer.client(CLIENTS[0]);
    const { access_token } = await issuer.tokens();
    assert.deepEqual(waivedOf(await issuer.userinfo(access_token)), []);
    assert.deepEqual(waivedOf(await issuer.as('web', '/introspect', { token: access_token })), []);
  });

  test('one issuer’s tokens are nothing to another', async () => {
    const rule = { access_token: { iss: 'https://same.example', aud: null }, access_token_header: { typ: 'JWT' } };
    const [one, other] = [await ruled(rule), await ruled(rule)];
    const { access_token } = await one.tokens();
    await isInactive(other, access_token);
    ok(await other.as('web', '/revoke', { token: access_token }));
    ok(await one.userinfo(access_token));
  });

  test('reset forgets them', async () => {
    const issuer = await ruled({ access_token: { aud: null } });
    const { access_token } = await issuer.tokens();
    assert.equal(await issuer.active(access_token), true);
    await issuer.reset();
    await isInactive(issuer, access_token);
  });

  test('a token is known by all of its text', async () => {
    const issuer = await ruled({ access_token: { aud: null } });
    const { access_token } = await issuer.tokens();
    await isInactive(issuer, access_token.slice(0, -1));
    await isInactive(issuer, `${access_token}A`);
  });

  test('it is known by every name of the issuer', async (t) => {
    const many = await start({
      t,
      args: ['--trust-host'],
      config: { issuer: { claims: [{ access_token: { aud: null, sid: null }, access_token_header: { typ: 'JWT' } }] } },
    });
    const [one, other] = ['one', 'other'].map((name) => ({ host: `${name}.example:${many.port}` }));
    const issuer = many.at('same');
    const login = await issuer.login({ from: `http://${one.host}/same` });
    const { access_token } = ok(await issuer.redeem(login, {}, one)).json();
    for (const host of [one, other]) {
      ok(await issuer.get('/userinfo', { authorization: `Bearer ${access_token}`, ...host }));
      assert.equal(ok(await issuer.as('web', '/introspect', { token: access_token }, host)).json().active, true);
    }
  });

  test('keys: switched, it is still known; once its key is retired, no more', async () => {
    const issuer = await ruled({ access_token: { aud: null } });
    const { access_token } = await issuer.tokens();
    const alg = header(access_token).alg;
    await issuer.keys({ action: 'rotate', alg });
    ok(await issuer.userinfo(access_token));
    await issuer.keys({ action: 'retire', alg });
    await isInactive(issuer, access_token);
  });
});

describe('time goes by what the token says', { concurrency: 8 }, () => {
  const NOW = 1_700_000_000;
  const clock = { set: NOW, freeze: true };

  test('a lifetime that a rule has made longer, or shorter', async () => {
    for (const lifetime of [60, 90_000]) {
      const issuer = await mock.fresh().make({ clock, claims: [{ lifetime, access_token: { aud: null } }] });
      const { access_token } = await issuer.granted({}, { client: 'web' });
      await issuer.clock({ advance: lifetime - 1 });
      const { active, exp } = await look(issuer, access_token);
      assert.deepEqual([active, exp], [true, NOW + lifetime]);
      await issuer.clock({ advance: 1 });
      assert.deepEqual(await look(issuer, access_token), { active: false });
    }
  });

  test('expired, and not yet valid', async () => {
    const issuer = await mock.fresh().make({ clock });
    await issuer.fault({ fault: 'expired', times: 1, tokens: ['access_token'] });
    await isInactive(issuer, (await issuer.tokens()).access_token);
    await issuer.fault({ fault: 'not-yet-valid', times: 1, tokens: ['access_token'] });
    const { access_token } = await issuer.tokens();
    await isInactive(issuer, access_token);
    await issuer.clock({ advance: 3600 });
    ok(await issuer.userinfo(access_token));
    await issuer.clock({ advance: 3600 });
    await isInactive(issuer, access_token);
  });

  test('times of other forms: fractions, before 1970, and what is no time', async () => {
    for (const [exp, active] of [
      [NOW + 10.5, true],
      [NOW - 0.5, false],
      [-1, false],
      ['never', true],
    ]) {
      const issuer = await mock.fresh().make({ clock, claims: [{ access_token: { exp } }] });
      const { access_token } = await issuer.granted({}, { client: 'web' });
      assert.equal((await look(issuer, access_token)).active, active, String(exp));
    }
  });

  test('once revoked, whatever the clock', async () => {
    const issuer = await mock
      .fresh()
      .make({ clock, claims: [{ access_token: { jti: null, aud: null, exp: NOW + 1_000_000 } }] });
    const { access_token } = await issuer.granted({}, { client: 'web' });
    ok(await issuer.as('web', '/revoke', { token: access_token }));
    for (const advance of [0, 4000, 500_000]) {
      await issuer.clock({ advance });
      assert.deepEqual(await look(issuer, access_token), { active: false });
    }
    await issuer.keys({ action: 'rotate' });
    assert.deepEqual(await look(issuer, access_token), { active: false });
  });
});

describe('token faults', { concurrency: 8 }, () => {
  /** What is signed by the issuer is its token, however wrong it is for others. */
  const KNOWN = ['wrong-issuer', 'wrong-audience', 'unknown-kid', 'wrong-typ', 'oversized'];
  const WITHOUT = ['iss', 'sub', 'aud', 'client_id', 'jti', 'sid', 'exp', 'iat', 'scope'].map(
    (name) => `without-${name}`,
  );
  for (const fault of [...KNOWN, ...WITHOUT]) {
    test(`${fault}: the issuer knows the token`, async () => {
      const issuer = await mock.fresh().make();
      await issuer.fault({ fault, tokens: ['access_token'] });
      const { access_token } = await issuer.tokens();
      assert.equal((await look(issuer, access_token)).active, true);
      if (fault !== 'oversized') assert.equal(ok(await issuer.userinfo(access_token)).json().sub, 'alice');
      ok(await issuer.as('web', '/revoke', { token: access_token }));
      assert.deepEqual(await look(issuer, access_token), { active: false });
    });
  }

  /** A signature that is not the issuer's is a forgery, also where the issuer has made it itself. */
  for (const fault of ['wrong-key', 'alg-none', 'tampered']) {
    test(`${fault}: a forgery, to the issuer as to anyone`, async () => {
      const issuer = await mock.fresh().make({ claims: [{ access_token: { aud: null }, id_token: { more: 1 } }] });
      await issuer.fault(fault);
      const { access_token, id_token } = await issuer.tokens();
      await isInactive(issuer, access_token);
      isError(await exchange(issuer, access_token), 400, 'invalid_request');
      const asked = await logout(issuer, id_token, { client_id: 'web' });
      assert.equal(asked.status, 200, 'the person is asked');
      const { token } = await issuer.mint({ claims: { sub: 'alice', scope: 'openid' }, fault });
      await isInactive(issuer, token);
    });
  }

  test('a fault of the signature of ID tokens leaves access tokens known', async () => {
    const issuer = await mock.fresh().make({ claims: [{ access_token: { aud: null } }] });
    await issuer.fault({ fault: 'wrong-key', tokens: ['id_token'] });
    ok(await issuer.userinfo((await issuer.tokens()).access_token));
  });
});

describe('ID tokens that a rule has shaped, as hints', { concurrency: 8 }, () => {
  for (const [what, id_token] of [
    ['with another sub', { sub: 'auth0|alice' }],
    ['without sid', { sid: null }],
    ['of another issuer', { iss: 'https://sts.example/' }],
    ['with another aud', { aud: ['api://x', 'y'] }],
    ['without aud, sub, iss and sid', { aud: null, sub: null, iss: null, sid: null }],
  ]) {
    test(`${what}: /end_session ends the login, unasked`, async () => {
      const issuer = await mock.fresh().make({ claims: [{ id_token }] });
      const tokens = await issuer.tokens({ scope: OFFLINE });
      const response = await logout(issuer, tokens.id_token);
      assert.equal(response.status, 303, response.text);
      await isInactive(issuer, tokens.access_token);
      isError(await issuer.refresh(tokens.refresh_token), 400, 'invalid_grant');
    });

    test(`${what}: /end_session by POST`, async () => {
      const issuer = await mock.fresh().make({ claims: [{ id_token }] });
      const { id_token: id_token_hint, access_token } = await issuer.tokens();
      const form = { id_token_hint, post_logout_redirect_uri: AFTER };
      assert.equal((await issuer.post('/end_session', form)).status, 303);
      await isInactive(issuer, access_token);
    });

    test(`${what}: /authorize knows whom it is about`, async () => {
      const issuer = await mock.fresh().make({ claims: [{ id_token }] });
      const { id_token: id_token_hint, login } = await issuer.tokens();
      const asked = { browser: login.browser, prompt: 'none', id_token_hint };
      assert.ok((await issuer.arrive({ ...asked, user: null })).params.code);
      const other = await issuer.tokens({ user: 'bob' });
      const bobs = { browser: other.login.browser, prompt: 'none', id_token_hint };
      assert.equal((await issuer.arrive({ ...bobs, user: null })).params.error, 'login_required');
    });
  }

  test('an ID token is no access token, whatever a rule made of it', async () => {
    const issuer = await mock.fresh().make({ claims: [{ id_token: { scope: 'openid', client_id: 'web' } }] });
    await isInactive(issuer, (await issuer.tokens()).id_token);
  });
});

describe('opaque access tokens', { concurrency: 8 }, () => {
  const API = { identifier: 'https://stock.example', scopes: { read: 'Read' }, access_token_format: 'opaque' };
  const made = (spec) => mock.fresh().make({ apis: [API], ...spec });

  test('lenient: the API looks at them, whoever it says it is', async () => {
    const issuer = await made();
    const asked = { resource: API.identifier, scope: 'read' };
    const { access_token } = await issuer.granted(asked, { client: 'm2m' });
    assert.match(access_token, /^jat_/);
    const response = ok(await issuer.as('the-api', '/introspect', { token: access_token }));
    const { active, client_id, sub, aud, scope } = response.json();
    assert.deepEqual([active, client_id, sub, aud, scope], [true, 'm2m', 'm2m', API.identifier, 'read']);
    const [entry] = await issuer.journal({ endpoint: 'introspect' });
    assert.equal(entry.client_id, 'the-api');
    ok(await issuer.as('m2m', '/revoke', { token: access_token }));
    assert.deepEqual(await look(issuer, access_token, 'the-api'), { active: false });
  });

  test('lenient: those of a login, at introspection, /userinfo and exchange', async () => {
    const issuer = await made();
    const scope = 'openid email read';
    const { access_token } = await issuer.tokens({ scope, resource: API.identifier });
    assert.match(access_token, /^jat_/);
    const { active, sub } = await look(issuer, access_token, 'the-api');
    assert.deepEqual([active, sub], [true, 'alice']);
    assert.equal(ok(await issuer.userinfo(access_token)).json().email, 'alice@example.com');
    ok(await exchange(issuer, access_token));
  });

  test('lenient: registered clients, one of which looks at the other’s', async () => {
    const api = { client_id: 'the-api', client_secret: 'any-secret', grant_types: [] };
    const m2m = {
      client_id: 'm2m',
      client_secret: 'any-secret',
      grant_types: ['client_credentials'],
      apis: [{ identifier: API.identifier, scope: 'read' }],
    };
    const issuer = await made({ clients: [api, m2m] });
    const { access_token } = await issuer.granted({}, { client: 'm2m' });
    const response = ok(await issuer.as('the-api', '/introspect', { token: access_token }));
    assert.equal(response.json().active, true);
    assert.deepEqual(waivedOf(response), ['audience']);
  });

  test('strict: only whom production lets', async () => {
    const api = { client_id: 'the-api', client_secret: 'any-secret', grant_types: [] };
    const m2m = {
      client_id: 'm2m',
      client_secret: 'any-secret',
      grant_types: ['client_credentials'],
      apis: [{ identifier: API.identifier, scope: 'read' }],
    };
    const issuer = await made({ strictness: 'strict', clients: [api, m2m] });
    const { access_token } = await issuer.granted({}, { client: 'm2m' });
    assert.deepEqual(await look(issuer, access_token, 'the-api'), { active: false });
    await issuer.set('POST', '/apis', { ...API, introspection_clients: ['the-api'] });
    assert.equal((await look(issuer, access_token, 'the-api')).active, true);
  });
});

describe('/userinfo says why', { concurrency: 8 }, () => {
  for (const scope of [undefined, 'openid', 'read']) {
    test(`a client’s own token, scope ${scope}: nobody has logged in`, async () => {
      const issuer = await mock.fresh().make();
      const { access_token } = await issuer.granted({ scope });
      isChallenged(await issuer.userinfo(access_token), 403, 'insufficient_scope', /nobody has logged in/);
    });
  }

  test('a login without openid: the scope', async () => {
    const issuer = await mock.fresh().make();
    const { access_token } = await issuer.tokens({ scope: 'read' });
    isChallenged(await issuer.userinfo(access_token), 403, 'insufficient_scope', /has not the scope openid/);
  });
});

describe('minted tokens', { concurrency: 8 }, () => {
  const minted = async (issuer, claims, more) => (await issuer.mint({ claims, ...more })).token;

  test('/userinfo has the claims of whom it is about, by its scope', async () => {
    const issuer = await mock.fresh().make({
      users: [
        {
          sub: 'alice',
          claims: { email: 'a@x.example', name: 'Alice', tenant: 'blue', acr: '2' },
          userinfo: { more: 1 },
        },
      ],
      claims: [{ userinfo: { by: '${client_id}' } }],
    });
    const token = await minted(issuer, { sub: 'alice', scope: 'openid email', client_id: 'web' });
    const info = ok(await issuer.userinfo(token)).json();
    assert.deepEqual(info, { sub: 'alice', email: 'a@x.example', tenant: 'blue', more: 1, by: 'web' });
  });

  for (const [what, body] of [
    ['of an API', { aud: 'https://api.example', client_id: 'web', scope: 'openid' }],
    ['in Okta’s shape', { cid: 'web', scp: ['openid'], uid: '00u1' }],
    [
      'in Entra’s shape',
      { appid: 'web', scp: 'openid', aud: '00000003-0000-0000-c000-000000000000', iss: 'https://sts.windows.net/t/' },
    ],
    [
      'in Keycloak’s shape',
      { azp: 'web', typ: 'Bearer', scope: 'openid', sid: '0e4a7a0c-7a5b-4b0f-9c36-0e4a7a0c7a5b' },
    ],
    ['of no client', { scope: 'openid', exp: null, iat: null, jti: null, iss: null }],
  ]) {
    for (const typ of ['at+jwt', 'JWT']) {
      test(`${what}, of the type ${typ}: every endpoint`, async () => {
        const issuer = await mock.fresh().make();
        const token = await minted(issuer, { sub: 'alice', ...body }, { typ });
        assert.equal(ok(await issuer.userinfo(token)).json().sub, 'alice');
        const shown = await look(issuer, token, 'web');
        const said = claims(token);
        assert.deepEqual([shown.active, shown.sub, shown.scope], [true, 'alice', 'openid']);
        for (const name of ['iss', 'aud', 'exp', 'iat', 'jti', 'cid', 'azp', 'appid', 'scp', 'uid', 'typ', 'sid'])
          assert.deepEqual(shown[name], said[name], name);
        assert.equal(shown.client_id, what === 'of no client' ? undefined : 'web');
        ok(await exchange(issuer, token));
        ok(await issuer.as('web', '/revoke', { token }));
        await isInactive(issuer, token);
      });
    }
  }

  test('strict: looked at by those whom it concerns, whatever grants its client has', async () => {
    const spa = { client_id: 'spa', redirect_uris: ['https://app.example/cb'], token_endpoint_auth_method: 'none' };
    const issuer = await mock.fresh().make({ strictness: 'strict', clients: [...CLIENTS, spa] });
    const token = await minted(issuer, { sub: 'alice', scope: 'openid', azp: 'spa' });
    ok(await issuer.userinfo(token));
    assert.deepEqual(await look(issuer, token, 'web'), { active: false });
    const forWeb = await minted(issuer, { sub: 'alice', scope: 'openid', azp: 'spa', aud: 'web' });
    assert.equal((await look(issuer, forWeb, 'web')).active, true);
    isChallenged(await issuer.userinfo(forWeb), 401, 'invalid_token', /for others/);
    // Whose client nobody registered, its own word stands.
    ok(await issuer.userinfo(await minted(issuer, { sub: 'alice', scope: 'openid', azp: 'nobody' })));
  });

  for (const [what, body, status, error, why] of [
    [
      'without the scope openid',
      { sub: 'alice', client_id: 'web', scope: 'read' },
      403,
      'insufficient_scope',
      /has not the scope openid/,
    ],
    ['without a scope', { sub: 'alice' }, 403, 'insufficient_scope', /has not the scope openid/],
    [
      'of a client',
      { sub: 'web', client_id: 'web', scope: 'openid' },
      403,
      'insufficient_scope',
      /nobody has logged in/,
    ],
    ['of nobody', { scope: 'openid' }, 403, 'insufficient_scope', /nobody has logged in/],
    ['that has expired', { sub: 'alice', scope: 'openid', exp: 1 }, 401, 'invalid_token', /expired/],
    ['that is not yet valid', { sub: 'alice', scope: 'openid', nbf: 4_000_000_000 }, 401, 'invalid_token', /invalid/],
  ]) {
    test(`${what}: ${status} ${error}`, async () => {
      const issuer = await mock.fresh().make();
      isChallenged(await issuer.userinfo(await minted(issuer, body)), status, error, why);
    });
  }

  test('one that manages', async () => {
    const issuer = await mock.fresh().make();
    ok(await manage(issuer, await minted(issuer, { sub: 'web', client_id: 'web', scope: 'jeton:clients' })));
    ok(await manage(issuer, await minted(issuer, { sub: 'web', azp: 'web', scp: ['jeton:clients'] }, { typ: 'JWT' })));
    assert.equal((await manage(issuer, await minted(issuer, { sub: 'web', azp: 'web', scope: 'x' }))).status, 403);
  });

  test('one of a login ends with it, and has what its login has', async () => {
    const issuer = await mock.fresh().make();
    const { access_token, refresh_token } = await issuer.tokens({ scope: OFFLINE, user: 'bob' });
    const { sid } = claims(access_token);
    const body = { sub: 'bob', azp: 'web', scope: 'openid email', sid };
    const token = await minted(issuer, body, { typ: 'JWT' });
    assert.equal(ok(await issuer.userinfo(token)).json().email, 'bob@example.com');
    ok(await issuer.as('web', '/revoke', { token: refresh_token }));
    await isInactive(issuer, token);
  });

  test('the journal has whom it was about', async () => {
    const issuer = await mock.fresh().make();
    ok(await issuer.userinfo(await minted(issuer, { sub: 'alice', scope: 'openid', azp: 'web' })));
    const [{ client_id, subject }] = await issuer.journal({ endpoint: 'userinfo' });
    assert.deepEqual([client_id, subject], ['web', 'alice']);
  });

  test('an ID token, as a hint', async () => {
    const issuer = await mock.fresh().make();
    const hint = await minted(issuer, { sub: 'alice', aud: 'web', nonce: 'n' }, { typ: 'JWT' });
    assert.equal((await logout(issuer, hint)).status, 303);
    await isInactive(issuer, hint);
  });

  test('a subject whom nobody configured has what such a person has who logs in', async () => {
    const issuer = await mock.fresh().make();
    const token = await minted(issuer, { sub: 'zoe', scope: 'openid email' });
    assert.equal(ok(await issuer.userinfo(token)).json().email, 'zoe@example.com');
  });

  test('a subject is ended everywhere, minted tokens included', async () => {
    const issuer = await mock.fresh().make();
    const token = await minted(issuer, { sub: 'alice', scope: 'openid', client_id: 'web' });
    const own = await issuer.granted({ scope: 'jeton:grants', resource: issuer.id }, { client: 'ops' });
    const headers = { authorization: `Bearer ${own.access_token}` };
    const ended = await send(`${issuer.url}/manage/grants?subject=alice`, { method: 'DELETE', headers });
    assert.ok(ended.status < 300, ended.text);
    await isInactive(issuer, token);
  });
});
