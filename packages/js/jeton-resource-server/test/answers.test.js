// What a request is told: RFC 6750 §3, RFC 9470, RFC 9728; and a handler of Requests.

import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { inspect } from 'node:util';
import { ResourceServer, ResourceServerError } from 'jeton-resource-server';
import { clientSecret, introspection, privateKeyJwt } from 'jeton-resource-server/introspection';
import { AUDIENCE, ISSUER, Issuer, keyOf, now, PLACE, refused } from './support.js';

describe('challenges', () => {
  test('no token: bare, for both schemes', async () => {
    const issuer = await Issuer.start();
    const error = await refused(issuer.api().verify(undefined), 'missing_token');
    assert.equal(
      error.challenge,
      `Bearer resource_metadata="${PLACE}", DPoP algs="ES256 ES384 EdDSA Ed25519 RS256 PS256"`,
    );
  });

  test('a credential that is none: of the scheme that was sent', async () => {
    const issuer = await Issuer.start();
    for (const [authorization, code, scheme] of [
      ['DPoP !!!', 'malformed', 'DPoP'],
      ['DPoP', 'malformed', 'DPoP'],
      [`dpop ${'a'.repeat(20_000)}`, 'too_large', 'DPoP'],
      ['Bearer !!!', 'malformed', 'Bearer'],
      ['Bearer', 'malformed', 'Bearer'],
    ]) {
      const { challenge } = await refused(issuer.api().verify(authorization), code);
      assert.match(challenge, new RegExp(`^${scheme} `));
      assert.equal(challenge.match(/Bearer|DPoP/g).length, 1, challenge);
    }
  });

  test('no token, where scope is needed: which', async () => {
    const issuer = await Issuer.start();
    for (const need of [{ scope: 'read write' }, { scope: ['read', 'write'] }, { scope: 'read', anyScope: 'write' }]) {
      const error = await refused(issuer.api().verify(undefined, {}, need), 'missing_token');
      assert.match(error.challenge, /^Bearer scope="read write", resource_metadata=/);
    }
  });

  test('a bad token: of its scheme alone', async () => {
    const issuer = await Issuer.start();
    const bearer = await refused(issuer.api().verify(await issuer.bearer({ exp: 1 })), 'expired');
    assert.equal(
      bearer.challenge,
      `Bearer error="invalid_token", error_description="expired", resource_metadata="${PLACE}"`,
    );
    const dpop = await refused(issuer.api().verify(...(await issuer.bound({ claims: { exp: 1 } }))), 'expired');
    assert.match(
      dpop.challenge,
      /^DPoP algs="[\w ]+", error="invalid_token", error_description="expired", resource_metadata=/,
    );
  });

  test('without a resource that is a URL: none', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api({ audience: 'urn:api' });
    assert.equal(
      (await refused(api.verify(await issuer.bearer()), 'wrong_audience')).challenge,
      'Bearer error="invalid_token", error_description="wrong audience"',
    );
    assert.equal(api.metadata(), undefined);
    assert.equal(
      api.metadataResponse(new Request('https://api.example/.well-known/oauth-protected-resource')),
      undefined,
    );
  });

  test('nothing of a token is repeated', async () => {
    const issuer = await Issuer.start();
    for (const [claims, header] of [
      [{ iss: 'evil"\r\nx: y' }],
      [{ aud: 'evil' }],
      [{ sub: 'evil', exp: 1 }],
      [{ scope: 'evil' }],
      [{}, { kid: 'evil' }],
      [{}, { typ: 'evil' }],
    ]) {
      const authorization = await issuer.bearer(claims, header);
      const error = await issuer
        .api()
        .verify(authorization, {}, { scope: 'read' })
        .catch((error) => error);
      assert.ok(error instanceof ResourceServerError);
      const all = inspect(error, { depth: 9, showHidden: true }) + JSON.stringify(error) + error.stack;
      for (const part of ['evil', ...authorization.slice(7).split('.')]) assert.ok(!all.includes(part), part);
      assert.equal(error.cause, undefined);
    }
  });
});

describe('needs', () => {
  const rows = [
    [{ scope: 'read' }, { scope: 'read' }, true],
    [{ scope: 'read write' }, { scope: ['write', 'read'] }, true],
    [
      { scope: 'read' },
      { scope: 'read write' },
      'insufficient_scope',
      /^Bearer error="insufficient_scope".*, scope="read write"/,
    ],
    [{ scope: 'readwrite' }, { scope: 'read' }, 'insufficient_scope'],
    [{ scope: undefined }, { scope: 'read' }, 'insufficient_scope'],
    [{ scope: 'READ' }, { scope: 'read' }, 'insufficient_scope'],
    [{ scope: 'read' }, { anyScope: 'write read' }, true],
    [{ scope: 'read' }, { anyScope: ['write', 'admin'] }, 'insufficient_scope', /scope="write admin"/],
    [{ scope: 'a c' }, { scope: 'a', anyScope: 'b c' }, true],
    [{ scope: 'a' }, { scope: 'a', anyScope: 'b c' }, 'insufficient_scope', /scope="a b c"/],
    [{ acr: 'gold' }, { acr_values: 'silver gold' }, true],
    [
      { acr: 'bronze' },
      { acr_values: ['silver', 'gold'] },
      'insufficient_user_authentication',
      /acr_values="silver gold"/,
    ],
    [{}, { acr_values: 'gold' }, 'insufficient_user_authentication'],
    [{ auth_time: now() - 30 }, { max_age: 60 }, true],
    [{ auth_time: now() - 90 }, { max_age: 60 }, 'insufficient_user_authentication', /max_age="60"/],
    [{ auth_time: now() - 5 }, { max_age: 0 }, 'insufficient_user_authentication', /max_age="0"/],
    [{}, { max_age: 60 }, 'insufficient_user_authentication'],
    [{ scope: 'a' }, { scope: 'read', max_age: 60, acr_values: 'gold' }, 'insufficient_scope', /^(?!.*(max_age|acr))/],
  ];
  for (const [claims, need, expected, challenge = /./] of rows) {
    test(`${JSON.stringify(claims)} for ${JSON.stringify(need)}: ${expected === true ? 'taken' : expected}`, async () => {
      const issuer = await Issuer.start();
      const api = issuer.api();
      const authorization = await issuer.bearer(claims);
      const known = await api.verify(authorization);
      const required = async () => api.require(known, need);
      if (expected === true) {
        assert.equal((await api.verify(authorization, {}, need)).sub, 'alice');
        await required();
      } else {
        for (const verify of [() => api.verify(authorization, {}, need), required]) {
          assert.match((await refused(verify(), expected)).challenge, challenge);
        }
      }
    });
  }

  test('of a bound token: a challenge of DPoP', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    const claims = await api.verify(...(await issuer.bound()));
    const error = await refused((async () => api.require(claims, { scope: 'write' }))(), 'insufficient_scope');
    assert.match(error.challenge, /^DPoP algs="[\w ]+", error="insufficient_scope"/);
  });

  test('what cannot be written in a challenge, or nobody can have, is refused where it is given', async () => {
    const api = (await Issuer.start()).api();
    for (const need of [
      { scope: 'lesen schön' },
      { scope: ['read write'] },
      { scope: ['read\r\nX-Evil: 1'] },
      { scope: [''] },
      { anyScope: 'a"b' },
      { anyScope: [] },
      { anyScope: '' },
      { acr_values: '' },
      { acr_values: [] },
      { acr_values: ['gold\n'] },
      { max_age: '60' },
      { max_age: Number.NaN },
    ]) {
      assert.throws(() => api.protect(() => new Response(), need), { code: 'invalid_configuration' }, String(need));
    }
    for (const scope of ['', [], undefined]) assert.ok(api.protect(() => new Response(), { scope }));
  });

  test('a name that is misspelt is refused where it is given', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    assert.throws(() => api.protect(() => new Response(), { scopes: 'read' }), {
      code: 'invalid_configuration',
      message: /no scopes/,
    });
    assert.throws(() => api.require({ scope: new Set() }, { any_scope: 'read' }), { code: 'invalid_configuration' });
    await refused(api.verify(await issuer.bearer(), {}, { scope_all: 'read' }), 'invalid_configuration');
  });
});

describe('metadata', () => {
  const rows = [
    [{ resource: 'https://api.example' }, '/.well-known/oauth-protected-resource', ''],
    [{ resource: 'https://api.example/' }, '/.well-known/oauth-protected-resource', ''],
    [{ resource: 'https://api.example/v1/' }, '/.well-known/oauth-protected-resource/v1/', ''],
    [{ resource: 'https://api.example/v1?a=b' }, '/.well-known/oauth-protected-resource/v1', '?a=b'],
    [
      { audience: ['https://other.example/x', AUDIENCE] },
      '/.well-known/oauth-protected-resource/x',
      '',
      'https://other.example',
    ],
  ];
  for (const [options, path, query, origin = 'https://api.example'] of rows) {
    test(`of ${JSON.stringify(options)}`, async () => {
      const found = (await Issuer.start()).api(options).metadata();
      assert.deepEqual([found.path, found.url], [path, origin + path + query]);
      assert.equal(found.document.resource, options.resource ?? options.audience[0]);
    });
  }

  test('the document', async () => {
    const more = { scopes_supported: ['read'], resource_name: 'Orders' };
    const { document } = (await Issuer.start()).api({ resource_metadata: more }).metadata();
    assert.deepEqual(document, {
      resource: AUDIENCE,
      authorization_servers: [ISSUER],
      bearer_methods_supported: ['header'],
      dpop_signing_alg_values_supported: ['ES256', 'ES384', 'EdDSA', 'Ed25519', 'RS256', 'PS256'],
      ...more,
    });
  });
});

describe('protect', () => {
  const start = async (options) => {
    const issuer = await Issuer.start();
    const api = issuer.api(options);
    const handler = api.protect(
      (request, claims, env) => Response.json([new URL(request.url).pathname, claims.sub, env]),
      { scope: 'read' },
    );
    const ask = (path, headers, init) => handler(new Request(`http://inner:8080${path}`, { headers, ...init }), 'env');
    return { issuer, api, ask };
  };

  test('a good token: the handler, with its claims and whatever came besides', async () => {
    const { issuer, ask } = await start();
    const response = await ask('/read', { authorization: await issuer.bearer() });
    assert.deepEqual(await response.json(), ['/read', 'alice', 'env']);
    assert.equal(response.headers.get('access-control-expose-headers'), 'WWW-Authenticate, DPoP-Nonce');
  });

  test('an answer whose headers cannot be changed', async () => {
    const { issuer, api } = await start();
    const handler = api.protect(() => Response.redirect('https://api.example/there', 303));
    const response = await handler(
      new Request('https://api.example/', { headers: { authorization: await issuer.bearer() } }),
    );
    assert.deepEqual([response.status, response.headers.get('location')], [303, 'https://api.example/there']);
    assert.match(response.headers.get('access-control-expose-headers'), /DPoP-Nonce/);
  });

  test('an answer that is an error of the network stays one', async () => {
    const { issuer, api } = await start();
    const handler = api.protect(() => Response.error());
    const response = await handler(
      new Request('https://api.example/', { headers: { authorization: await issuer.bearer() } }),
    );
    assert.equal(response.type, 'error');
  });

  test('what the handler throws is its own', async () => {
    const { issuer, api } = await start();
    const handler = api.protect(() => {
      throw new RangeError('mine');
    });
    const request = new Request('https://api.example/', { headers: { authorization: await issuer.bearer() } });
    await assert.rejects(handler(request), { name: 'RangeError', message: 'mine' });
  });

  test('a refusal is an answer', async () => {
    const { issuer, ask } = await start();
    for (const [headers, status, error] of [
      [{}, 401, undefined],
      [{ authorization: await issuer.bearer({ exp: 1 }) }, 401, 'invalid_token'],
      [{ authorization: await issuer.bearer({ scope: 'x' }) }, 403, 'insufficient_scope'],
      [
        [
          ['authorization', await issuer.bearer()],
          ['authorization', await issuer.bearer()],
        ],
        400,
        'invalid_request',
      ],
    ]) {
      const response = await ask('/read', headers);
      assert.equal(response.status, status);
      assert.equal((await response.json()).error, error);
      assert.equal(response.headers.get('cache-control'), 'no-store');
    }
  });

  test('a token in the query, or in a form, is none', async () => {
    const { issuer, ask } = await start();
    const body = new URLSearchParams({ access_token: await issuer.token() });
    assert.equal((await ask(`/read?${body}`)).status, 401);
    assert.equal((await ask('/read', {}, { method: 'POST', body })).status, 401);
  });

  test('a bound token, for the configured origin', async () => {
    const { issuer, ask } = await start();
    const send = async (url) => {
      const [authorization, { dpop }] = await issuer.bound({ url });
      return (await ask('/v1/read?a=b', { authorization, dpop })).status;
    };
    assert.equal(await send(`${AUDIENCE}/read`), 200);
    assert.equal(await send('http://inner:8080/v1/read'), 401);
  });

  test('a certificate, where it is said how it is found', async () => {
    const certificate = async (request) => request.headers.get('x-thumbprint') ?? undefined;
    const { issuer, ask } = await start({ certificate });
    const authorization = await issuer.bearer({ cnf: { 'x5t#S256': 'abc' } });
    assert.equal((await ask('/', { authorization, 'x-thumbprint': 'abc' })).status, 200);
    assert.equal((await ask('/', { authorization, 'x-thumbprint': 'def' })).status, 401);
    assert.equal((await ask('/', { authorization })).status, 401);
  });

  test('the metadata, for whoever asks', async () => {
    const { ask } = await start();
    for (const method of ['GET', 'HEAD', 'OPTIONS']) {
      const response = await ask('/.well-known/oauth-protected-resource/v1', {}, { method });
      assert.equal(response.status, 200);
      assert.equal(response.headers.get('access-control-allow-origin'), '*');
      assert.equal(response.headers.get('access-control-allow-headers'), '*');
      assert.equal((await response.json()).resource, AUDIENCE);
    }
    assert.equal((await ask('/.well-known/oauth-protected-resource/v1', {}, { method: 'POST' })).status, 401);
    assert.equal((await ask('/.well-known/oauth-protected-resource')).status, 401);
  });
});

describe('options', () => {
  const rows = {
    invalid_issuer: [
      ...[
        undefined,
        '',
        'tokens.example',
        'http://tokens.example',
        'https://tokens.example?',
        'https://tokens.example/#a',
      ],
      ...[
        'https://tokens.example/?a=b',
        'ftp://tokens.example',
        'http://127.0.0.1.evil.example',
        'http://localhost.evil.example',
        1,
      ],
    ].map((issuer) => ({ issuer })),
    invalid_configuration: [
      { audience: undefined },
      { audience: [] },
      { audience: '' },
      { algorithms: ['HS256'] },
      { algorithms: ['none'] },
      { algorithms: ['ES256', 'HS512'] },
      { algorithms: ['xES256'] },
      { resource: 'urn:api' },
      { resource: 'https://api.example/#a' },
      { leeway: '5' },
      { leeway: Number.NaN },
      { leeway: Infinity },
      { leeway: -1 },
      { leeway: null },
      { dpopNonceSecret: '' },
      { dpopNonceSecret: 'x'.repeat(31) },
      { dpopNonceSecret: new Uint8Array(31) },
      { jwks_uri: 'http://keys.example' },
      { jwks: {} },
      { jwks: { keys: [] } },
      { metadata: { issuer: 'https://other.example' } },
      { audiences: 'x' },
      { dpop_nonce_secret: 'x' },
    ],
  };
  for (const [code, all] of Object.entries(rows)) {
    for (const options of all) {
      test(`${JSON.stringify(options)}: ${code}`, () => {
        const usual = { issuer: ISSUER, audience: AUDIENCE };
        assert.throws(() => new ResourceServer({ ...usual, ...options }), {
          name: 'ResourceServerError',
          code,
          fault: 'caller',
        });
      });
    }
  }

  test('http is for this machine', () => {
    for (const issuer of ['http://localhost:9400/a', 'http://127.0.0.1:1', 'http://127.9.9.9', 'http://[::1]:1']) {
      assert.ok(new ResourceServer({ issuer, audience: AUDIENCE }));
    }
  });

  test('of an introspection', () => {
    for (const options of [
      {},
      { client_id: 'a' },
      { authentication: clientSecret('x') },
      { client_id: 'a', client_secret: 'x' },
    ]) {
      assert.throws(() => introspection(options), { code: 'invalid_configuration' });
    }
  });

  test('what is secret is not shown', async () => {
    const key = await keyOf('ES256');
    for (const authentication of [clientSecret('hush'), privateKeyJwt(key.private)]) {
      const asking = introspection({ client_id: 'a', authentication });
      const api = new ResourceServer({
        issuer: ISSUER,
        audience: AUDIENCE,
        introspection: asking,
        dpopNonceSecret: 'hush'.repeat(8),
      });
      const shown = inspect([api, asking], { depth: 9, showHidden: true }) + JSON.stringify([api, asking]);
      assert.ok(!shown.includes('hush') && !shown.includes(key.private.d), shown);
    }
  });

  test('the global fetch and clock, where there are no others', async (t) => {
    const issuer = await Issuer.start();
    t.mock.method(globalThis, 'fetch', issuer.fetch);
    const api = new ResourceServer({ issuer: ISSUER, audience: AUDIENCE });
    const bearer = await issuer.bearer();
    assert.equal((await api.verify(bearer)).sub, 'alice');
    t.mock.method(Date, 'now', () => 9e12);
    await refused(api.verify(bearer), 'expired');
  });
});
