// What a compose file for navikt/mock-oauth2-server expects, from outside. The
// configurations are written after its documentation.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { JWT_BEARER, TOKEN_EXCHANGE } from '../suite/support/assertion-clients.mjs';
import { claimsOf } from '../suite/support/tokens.mjs';
import { Browser } from './support/browser.mjs';
import { send } from './support/http.mjs';
import { CALLBACK, header, ok } from './support/issuer.mjs';
import { file, refused, start } from './support/process.mjs';

const MAPPINGS = {
  interactiveLogin: true,
  httpServer: 'NettyWrapper',
  tokenCallbacks: [
    {
      issuerId: 'issuer1',
      tokenExpiry: 120,
      requestMappings: [{ requestParam: 'scope', match: 'scope1', claims: { sub: 'subByScope', aud: ['audByScope'] } }],
    },
    {
      issuerId: 'issuer2',
      requestMappings: [
        { requestParam: 'someparam', match: 'somevalue', claims: { sub: 'subBySomeParam', aud: ['audBySomeParam'] } },
      ],
    },
  ],
};

const from = (t, config, env = {}) => start({ t, env: { JSON_CONFIG: JSON.stringify(config), ...env } });

describe('navikt/mock-oauth2-server’s environment', { concurrency: 8 }, () => {
  test('JSON_CONFIG: requestMappings by parameter, tokenExpiry by issuer', async (t) => {
    const mock = await from(t, MAPPINGS);
    const one = await mock.at('issuer1').granted({ scope: 'scope1' });
    const claims = claimsOf(one.access_token);
    assert.equal(claims.sub, 'subByScope');
    assert.deepEqual(claims.aud, ['audByScope']);
    assert.equal(claims.exp - claims.iat, 120);
    assert.equal(claims.iss, `${mock.url}/issuer1`, 'the issuer is where it was asked');
    const two = claimsOf((await mock.at('issuer2').granted({ someparam: 'somevalue' })).access_token);
    assert.deepEqual([two.sub, two.aud], ['subBySomeParam', ['audBySomeParam']]);
    assert.equal(two.exp - two.iat, 3600);
    const other = claimsOf((await mock.at('issuer2').granted({ someparam: 'else' })).access_token);
    assert.deepEqual([other.sub, other.aud], ['m2m', `${mock.url}/issuer2`]);
    const elsewhere = claimsOf((await mock.at('issuer3').granted({ someparam: 'somevalue' })).access_token);
    assert.deepEqual([elsewhere.sub, elsewhere.aud, elsewhere.tid], ['m2m', ['default'], 'issuer3'], 'its defaults');
  });

  test('${clientId} in claims, and a match of anything', async (t) => {
    const mock = await from(t, {
      tokenCallbacks: [
        {
          issuerId: 'default',
          requestMappings: [
            {
              requestParam: 'grant_type',
              match: 'client_credentials',
              claims: { sub: '${clientId}', aud: ['a'], groups: ['g1', 'g2'] },
            },
          ],
        },
      ],
    });
    const claims = claimsOf((await mock.at('default').granted({}, { client: 'myClientId' })).access_token);
    assert.equal(claims.sub, 'myClientId');
    assert.deepEqual(claims.groups, ['g1', 'g2']);
  });

  test('the issuer is the host that a container is known by', async (t) => {
    const mock = await from(t, MAPPINGS);
    const metadata = ok(
      await mock.at('default').get('/.well-known/openid-configuration', { host: 'mock-oauth2-server:8080' }),
    ).json();
    assert.equal(metadata.issuer, 'http://mock-oauth2-server:8080/default');
    assert.equal(metadata.token_endpoint, 'http://mock-oauth2-server:8080/default/token');
  });

  test('JSON_CONFIG_PATH names the file', async (t) => {
    const mock = await start({ t, env: { JSON_CONFIG_PATH: file(MAPPINGS, 'json') } });
    assert.equal(claimsOf((await mock.at('issuer1').granted({ scope: 'scope1' })).access_token).sub, 'subByScope');
  });

  test('JSON_CONFIG takes precedence over JSON_CONFIG_PATH', async (t) => {
    const mock = await from(t, MAPPINGS, { JSON_CONFIG_PATH: file({ tokenCallbacks: [] }, 'json') });
    assert.equal(claimsOf((await mock.at('issuer1').granted({ scope: 'scope1' })).access_token).sub, 'subByScope');
  });

  for (const name of ['SERVER_PORT', 'PORT']) {
    test(`${name} is the port it listens on`, async (t) => {
      const probe = await start({ t });
      await probe.stop();
      const mock = await start({ t, port: null, env: { [name]: String(probe.port) } });
      assert.equal(mock.port, probe.port);
      assert.equal((await send(`http://127.0.0.1:${probe.port}/isalive`)).status, 200);
    });
  }

  test('SERVER_PORT takes precedence over PORT', async (t) => {
    const [probe, other] = [await start({ t }), await start({ t })];
    await probe.stop();
    const mock = await start({ t, port: null, env: { SERVER_PORT: String(probe.port), PORT: String(other.port) } });
    assert.equal(mock.port, probe.port);
  });

  test('SERVER_HOSTNAME is what it binds to', async (t) => {
    const mock = await start({ t, env: { SERVER_HOSTNAME: '0.0.0.0' } });
    assert.match(
      mock.log().find((line) => / on /.test(line) && !/WARNING/.test(line)),
      / on http:\/\/0\.0\.0\.0:\d+$/,
    );
  });

  test('tokenProvider: algorithm and systemTime', async (t) => {
    const mock = await from(t, {
      tokenProvider: { keyProvider: { algorithm: 'ES256' }, systemTime: '2020-01-21T00:00:00Z' },
    });
    const { access_token } = await mock.at('default').granted();
    assert.equal(header(access_token).alg, 'ES256');
    assert.equal(claimsOf(access_token).iat, Date.parse('2020-01-21T00:00:00Z') / 1000);
  });

  test('without an algorithm: RS256, as there', async (t) => {
    const mock = await from(t, {});
    assert.equal(header((await mock.at('default').granted()).access_token).alg, 'RS256');
  });

  test('interactiveLogin true asks; false does not', async (t) => {
    const asks = await from(t, { interactiveLogin: true });
    const open = async (mock) => {
      const issuer = mock.at('default');
      return new Browser(mock).open(issuer.authorizeUrl(issuer.asking({ user: null }).query), { until: CALLBACK });
    };
    const page = await open(asks);
    assert.equal(page.response.status, 200);
    assert.match(page.response.text, /<h1>Log in<\/h1>/);
    const straight = await open(await from(t, { interactiveLogin: false }));
    assert.ok(straight.arrived.searchParams.get('code'));
  });

  test('a login: access token of typ JWT, a refresh token without asking, and userinfo that knows it', async (t) => {
    const mock = await from(t, {});
    const issuer = mock.at('default');
    const tokens = await issuer.tokens({ from: `${mock.url}/default` }, {}, undefined);
    assert.equal(header(tokens.access_token).typ, 'JWT');
    assert.equal(ok(await issuer.userinfo(tokens.access_token)).json().sub, 'alice');
    ok(await issuer.refresh(tokens.refresh_token));
  });

  test('rotateRefreshToken is accepted', async (t) => {
    const mock = await from(t, { rotateRefreshToken: true });
    await mock.at('default').granted();
  });

  test('httpServer with ssl: HTTPS', async (t) => {
    const mock = await from(t, { httpServer: { type: 'NettyWrapper', ssl: {} } });
    assert.equal((await send(`${mock.url.replace(/^https/, 'http')}/_mock/ca.pem`)).status, 200);
  });

  test('--config takes precedence over JSON_CONFIG', async (t) => {
    const config = '[issuer]\nsigning_algs = ["EdDSA"]\n';
    const mock = await start({ t, config, env: { JSON_CONFIG: JSON.stringify(MAPPINGS) } });
    const { access_token } = await mock.at('issuer1').granted({ scope: 'scope1' });
    assert.equal(header(access_token).alg, 'EdDSA');
    assert.equal(claimsOf(access_token).sub, 'm2m');
  });

  for (const [name, text] of [
    ['that is no JSON', '{"tokenCallbacks": ['],
    ['with a list for a text', '{"tokenCallbacks": [{"issuerId": []}]}'],
    ['with an unknown algorithm', '{"tokenProvider": {"keyProvider": {"algorithm": "XX"}}}'],
    ['with a malformed time', '{"tokenProvider": {"systemTime": "yesterday"}}'],
  ]) {
    test(`JSON_CONFIG ${name}: refused, by name`, async () => {
      const { code, text: said } = await refused({ args: ['--port', '0'], env: { JSON_CONFIG: text } });
      assert.equal(code, 1);
      assert.match(said, /^jeton: JSON_CONFIG:1:\d+: /);
    });
  }

  test('JSON_CONFIG_PATH of a file that is not there: refused, naming it', async () => {
    const { code, text } = await refused({ args: ['--port', '0'], env: { JSON_CONFIG_PATH: '/nowhere/config.json' } });
    assert.equal(code, 1);
    assert.match(text, /^jeton: JSON_CONFIG_PATH: \/nowhere\/config\.json: No such file/);
  });
});

describe('navikt/mock-oauth2-server’s paths', { concurrency: 8 }, () => {
  test('/isalive, /{issuer}/jwks, /{issuer}/endsession and the rest', async (t) => {
    const mock = await start({ t });
    ok(await mock.send('/isalive'));
    const issuer = mock.at('default');
    const metadata = await issuer.metadata();
    assert.equal(metadata.issuer, `${mock.issuer}/default`);
    assert.deepEqual(ok(await issuer.get('/jwks')).json(), await issuer.jwks());
    const { id_token } = await issuer.tokens();
    const page = await new Browser(mock).open(
      `${issuer.id}/endsession?${new URLSearchParams({ id_token_hint: id_token })}`,
    );
    assert.equal(page.response.status, 200);
    assert.equal((await issuer.journal({ endpoint: 'end_session' }))[0].path, '/default/endsession');
    for (const path of ['/.well-known/oauth-authorization-server', '/debugger'])
      assert.equal((await issuer.get(path)).status, 200, path);
    assert.deepEqual(await mock.names(), ['', 'default']);
  });

  test('/isalive makes no issuer', async (t) => {
    const mock = await start({ t });
    ok(await mock.send('/isalive'));
    assert.deepEqual(await mock.names(), ['']);
  });
});

describe('its grants', { concurrency: 8 }, () => {
  test('password, jwt-bearer and token exchange, as its documentation has them', async (t) => {
    const mock = await from(t, {
      tokenCallbacks: [
        {
          issuerId: 'i',
          requestMappings: [{ requestParam: 'grant_type', match: 'password', claims: { aud: ['by-password'] } }],
        },
      ],
    });
    const issuer = mock.at('i');
    const form = { grant_type: 'password', username: 'foo', password: 'bar', scope: 'openid offline_access' };
    const tokens = ok(await issuer.as('app', '/token', form)).json();
    const { sub, aud } = claimsOf(tokens.access_token);
    assert.deepEqual([sub, aud], ['foo', ['by-password']]);
    assert.equal(claimsOf(tokens.id_token).sub, 'foo');
    ok(await issuer.refresh(tokens.refresh_token, { client: 'app' }));
    const other = await mock.at('other').make();
    const assertion = (await other.mint({ claims: { sub: 'person', aud: 'app', acr: 'Level4' } })).token;
    for (const asked of [
      { grant_type: JWT_BEARER, assertion, requested_token_use: 'on_behalf_of', scope: 'api' },
      {
        grant_type: TOKEN_EXCHANGE,
        subject_token: assertion,
        subject_token_type: 'urn:ietf:params:oauth:token-type:jwt',
        audience: 'api',
      },
    ]) {
      const claims = claimsOf(ok(await issuer.as('app', '/token', asked)).json().access_token);
      assert.deepEqual([claims.sub, claims.acr], ['person', 'Level4']);
    }
  });
});
