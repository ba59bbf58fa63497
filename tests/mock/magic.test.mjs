// Values that need no control call: `client_id=fail.NAME` and `scope=… fault:NAME`.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { claimsOf } from '../suite/support/tokens.mjs';
import { faultsOf, isError, judged, waivedOf } from './support/check.mjs';
import { AUTHORIZE_ERRORS, statusOf, TOKEN_ERRORS, TOKEN_FAULTS } from './support/faults.mjs';
import { send } from './support/http.mjs';
import { header, OFFLINE, ok } from './support/issuer.mjs';
import { start } from './support/process.mjs';

const mock = await start();
const strict = await start({ args: ['--strict'] });
const API = 'https://api.example';
const asApi = (issuer, token) =>
  judged(issuer.verify(token, { audience: API, requiredClaims: ['sub', 'iss', 'aud', 'exp'] }));

/** The two ways in which a token request asks for a fault by name. */
const DOORS = [
  ['scope=fault:', (issuer, name, form) => issuer.token({ scope: `read fault:${name}`, ...form })],
  ['client_id=fail.', (issuer, name, form) => issuer.token(form, { client: `fail.${name}` })],
];

for (const [door, ask] of DOORS) {
  describe(`magic values: ${door}NAME at token`, { concurrency: 8 }, () => {
    for (const error of TOKEN_ERRORS) {
      test(`${door}${error}`, async () => {
        const response = await ask(mock.fresh(), error);
        isError(response, statusOf(error), error);
        assert.deepEqual(faultsOf(response), [error]);
      });
    }

    for (const [fault, { verdict }] of Object.entries(TOKEN_FAULTS)) {
      test(`${door}${fault}`, async () => {
        const issuer = mock.fresh();
        const response = ok(await ask(issuer, fault, { resource: API }));
        assert.equal(await asApi(issuer, response.json().access_token), verdict);
        assert.deepEqual(faultsOf(response), [fault]);
      });
    }

    for (const [name, check] of [
      ['status-503', (response) => assert.equal(response.status, 503)],
      ['status-418', (response) => assert.equal(response.status, 418)],
      ['rate-limit', (response) => assert.deepEqual([response.status, response.headers['retry-after']], [429, '1'])],
      ['rate-limit-9', (response) => assert.deepEqual([response.status, response.headers['retry-after']], [429, '9'])],
      [
        'slow-150ms',
        (response) => assert.ok(response.status === 200 && response.ms >= 148, `${response.status} ${response.ms}`),
      ],
      [
        'slow-1s',
        (response) => assert.ok(response.status === 200 && response.ms >= 998, `${response.status} ${response.ms}`),
      ],
      ['truncate', (response) => assert.throws(() => response.json(), SyntaxError)],
      ['html', (response) => assert.match(response.headers['content-type'], /^text\/html/)],
      ['content-type-text', (response) => assert.match(response.headers['content-type'], /^text\/plain/)],
      ['empty', (response) => assert.deepEqual([response.status, response.text], [200, ''])],
      ['missing-access_token', (response) => assert.ok(!('access_token' in ok(response).json()))],
      ['missing-expires_in', (response) => assert.ok(!('expires_in' in ok(response).json()))],
    ]) {
      test(`${door}${name}`, async () => {
        const issuer = mock.fresh();
        const response = await ask(issuer, name);
        check(response);
        assert.deepEqual(faultsOf(response), [name]);
        assert.deepEqual((await issuer.journal())[0].faults, [name]);
      });
    }

    test(`${door}drop`, async () => {
      const issuer = mock.fresh();
      await assert.rejects(ask(issuer, 'drop'), { code: 'ECONNRESET' });
      assert.deepEqual((await issuer.journal())[0].faults, ['drop']);
    });

    test(`${door} with a name that is no fault is refused: a spelling error must not pass for success`, async () => {
      const issuer = mock.fresh();
      for (const name of ['nonsense', 'slow-61s', 'status-200', 'Drop', 'slwo-2s']) {
        const response = await ask(issuer, name);
        assert.equal(response.status, 400, `${name}: ${response.text}`);
        assert.ok(response.json().error_description.includes(name), response.text);
      }
    });

    test(`${door} leaves the next request alone`, async () => {
      const issuer = mock.fresh();
      await ask(issuer, 'invalid_grant');
      ok(await issuer.token({ scope: 'read' }));
      assert.deepEqual(await issuer.set('GET', '/faults'), { faults: [] });
    });
  });
}

describe('magic values: client_id=fail.NAME', { concurrency: 8 }, () => {
  test('any secret, in Basic and in the body, and the client is known', async () => {
    const issuer = mock.fresh();
    for (const response of [
      await issuer.token({}, { client: ['fail.slow-1ms', 'whatever'] }),
      await issuer.post('/token', {
        grant_type: 'client_credentials',
        client_id: 'fail.slow-1ms',
        client_secret: 'else',
      }),
    ]) {
      ok(response);
      assert.deepEqual(faultsOf(response), ['slow-1ms']);
      assert.deepEqual(waivedOf(response), []);
    }
  });

  for (const error of AUTHORIZE_ERRORS) {
    test(`client_id=fail.${error} at authorize: back to the client, with state and iss`, async () => {
      const issuer = mock.fresh();
      const { params } = await issuer.arrive({ client: `fail.${error}` });
      assert.equal(params.error, error);
      assert.equal(params.state, 'a state');
      assert.equal(params.iss, issuer.id);
    });
  }

  for (const error of TOKEN_ERRORS.filter((error) => !AUTHORIZE_ERRORS.includes(error))) {
    test(`client_id=fail.${error} logs people in, and fails at token`, async () => {
      const issuer = mock.fresh();
      const login = await issuer.login({ client: `fail.${error}` });
      isError(await issuer.redeem(login), statusOf(error), error);
    });
  }

  test('client_id=fail.alg-none: a whole login, with such tokens', async () => {
    const issuer = mock.fresh();
    const { access_token, id_token } = await issuer.tokens({ client: 'fail.alg-none' });
    assert.equal(header(access_token).alg, 'none');
    assert.equal(header(id_token).alg, 'none');
  });

  test('client_id=fail.expired: at the refresh as well', async () => {
    const issuer = mock.fresh();
    const { refresh_token } = await issuer.tokens({ client: 'fail.expired', scope: OFFLINE });
    const again = ok(await issuer.refresh(refresh_token, { client: 'fail.expired' })).json();
    assert.equal(await judged(issuer.verify(again.access_token)), 'ERR_JWT_EXPIRED');
  });

  test('client_id=fail.slow-200ms is late at authorize, too', async () => {
    const issuer = mock.fresh();
    const response = await send(issuer.authorizeUrl(issuer.asking({ client: 'fail.slow-200ms' }).query, issuer.url));
    assert.equal(response.status, 303);
    assert.ok(response.ms >= 198, `${response.ms} ms`);
  });

  test('client_id=fail.invalid_token and insufficient_scope: at userinfo', async () => {
    for (const [error, status] of [
      ['invalid_token', 401],
      ['insufficient_scope', 403],
    ]) {
      const issuer = mock.fresh();
      const { access_token } = await issuer.tokens({ client: `fail.${error}` });
      const response = await issuer.userinfo(access_token);
      assert.equal(response.status, status, response.text);
      assert.match(response.headers['www-authenticate'], new RegExp(error));
    }
  });
});

describe('magic values: scope=… fault:NAME', { concurrency: 8 }, () => {
  for (const error of AUTHORIZE_ERRORS) {
    test(`scope=fault:${error} at authorize: back to the client, with state and iss`, async () => {
      const issuer = mock.fresh();
      const { params } = await issuer.arrive({ scope: `openid fault:${error}` });
      assert.equal(params.error, error);
      assert.equal(params.state, 'a state');
      assert.equal(params.iss, issuer.id);
    });
  }

  for (const [fault, { verdict }] of Object.entries(TOKEN_FAULTS)) {
    test(`scope=fault:${fault} at authorize: kept until the code is redeemed`, async () => {
      const issuer = mock.fresh();
      const login = await issuer.login({ scope: `openid fault:${fault}`, resource: API });
      const response = ok(await issuer.redeem(login));
      assert.equal(await asApi(issuer, response.json().access_token), verdict);
      assert.deepEqual(faultsOf(response), [fault]);
    });
  }

  test('scope=fault:wrong-nonce and fault:without-nonce', async () => {
    const issuer = mock.fresh();
    const wrong = await issuer.tokens({ scope: 'openid fault:wrong-nonce', nonce: 'n' });
    assert.equal(claimsOf(wrong.id_token).nonce, 'wrong-nonce');
    const without = await issuer.tokens({ scope: 'openid fault:without-nonce', nonce: 'n' });
    assert.ok(!('nonce' in claimsOf(without.id_token)));
  });

  test('scope=fault:missing-id_token at authorize', async () => {
    const tokens = await mock.fresh().tokens({ scope: 'openid fault:missing-id_token' });
    assert.ok(!('id_token' in tokens));
  });

  test('a delay acts on the request that carries the scope, and on no other', async () => {
    const issuer = mock.fresh();
    const { query, login } = issuer.asking({ scope: 'openid fault:slow-1s' });
    const response = await send(issuer.authorizeUrl(query, issuer.url));
    assert.ok(response.ms >= 998, `${response.ms} ms`);
    const arrived = await issuer.login({ scope: 'openid fault:slow-1s', client: login.client });
    const redeemed = ok(await issuer.redeem(arrived));
    assert.ok(redeemed.ms < 990, `${redeemed.ms} ms`);
    assert.deepEqual(faultsOf(redeemed), []);
  });

  test('several faults in one scope act together', async () => {
    const issuer = mock.fresh();
    const response = ok(await issuer.token({ scope: 'read fault:slow-100ms fault:expired', resource: API }));
    assert.ok(response.ms >= 98);
    assert.equal(await asApi(issuer, response.json().access_token), 'ERR_JWT_EXPIRED');
    assert.deepEqual(faultsOf(response), ['slow-100ms', 'expired']);
  });

  test('two logins at once, one of them faulty: no mix-up', async () => {
    const issuer = mock.fresh();
    const [bad, good] = await Promise.all([
      issuer.login({ scope: 'openid fault:alg-none' }),
      issuer.login({ scope: 'openid' }),
    ]);
    const [right, wrong] = await Promise.all([issuer.redeem(good), issuer.redeem(bad)]);
    assert.equal(header(right.json().access_token).alg, 'RS256');
    assert.equal(header(wrong.json().access_token).alg, 'none');
  });

  test('fault:NAME in the scope of a refresh acts, though the grant has no such scope', async () => {
    const issuer = mock.fresh();
    const { refresh_token } = await issuer.tokens({ scope: OFFLINE });
    const response = ok(await issuer.refresh(refresh_token, { scope: 'openid fault:expired' }));
    assert.equal(await judged(issuer.verify(response.json().access_token)), 'ERR_JWT_EXPIRED');
    assert.deepEqual(faultsOf(response), ['expired']);
    const again = await issuer.refresh(response.json().refresh_token, { scope: 'openid fault:invalid_grant' });
    isError(again, 400, 'invalid_grant');
  });

  test('a fault that did not act is not named', async () => {
    const issuer = mock.fresh();
    const response = await issuer.token({ grant_type: 'bogus', scope: 'fault:expired' });
    isError(response, 400, 'unsupported_grant_type');
    assert.deepEqual(faultsOf(response), []);
  });

  test('a magic value and a registered fault act together', async () => {
    const issuer = await mock.fresh().make();
    await issuer.fault({ fault: 'slow-100ms' });
    const response = ok(await issuer.token({ scope: 'fault:expired', resource: API }));
    assert.deepEqual(faultsOf(response).sort(), ['expired', 'slow-100ms']);
  });

  test('fault:NAME acts for a registered client as well, in a lenient mock', async () => {
    const response = await mock.fresh().token({ scope: 'read fault:rate-limit' }, { client: ['demo', 'demo-secret'] });
    assert.equal(response.status, 429);
  });

  test('fault:NAME at device_authorization: kept until the device has its tokens', async () => {
    const issuer = mock.fresh();
    const device = ok(await issuer.device({ scope: 'openid fault:expired' })).json();
    await issuer.approve(device);
    const { access_token } = ok(await issuer.poll(device.device_code)).json();
    assert.equal(await judged(issuer.verify(access_token)), 'ERR_JWT_EXPIRED');
  });
});

describe('magic values in a strict mock: there are none', { concurrency: 4 }, () => {
  test('fail.NAME is a client nobody knows', async () => {
    const issuer = strict.fresh();
    for (const name of ['fail.invalid_grant', 'fail.slow-1s', 'fail.drop', 'fail.alg-none']) {
      const response = await issuer.token({}, { client: name });
      isError(response, 401, 'invalid_client');
      assert.equal(response.headers['jeton-mock-fault'], undefined);
    }
  });

  test('fault:NAME is a scope nobody registered', async () => {
    const issuer = strict.fresh();
    for (const scope of ['fault:slow-1s', 'read fault:drop', 'fault:alg-none']) {
      const response = await issuer.token({ scope }, { client: ['demo', 'demo-secret'] });
      isError(response, 400, 'invalid_scope');
      assert.equal(response.headers['jeton-mock-fault'], undefined);
    }
  });
});
