// The integrations, in servers that are asked over HTTP.

import assert from 'node:assert/strict';
import { X509Certificate } from 'node:crypto';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import https from 'node:https';
import { after, describe, test } from 'node:test';
import { serve } from '@hono/node-server';
import express from 'express';
import express4 from 'express4';
import fastify from 'fastify';
import { Hono } from 'hono';
import * as forExpress from 'jeton-resource-server/express';
import * as forFastify from 'jeton-resource-server/fastify';
import * as forHono from 'jeton-resource-server/hono';
import { AUDIENCE, Issuer, PLACE, proofOf, refused, sha256 } from './support.js';

const read = (name) => readFileSync(new URL(`tls/${name}.pem`, import.meta.url));
const tls = { key: read('key'), cert: read('certificate') };
const serverTls = { ...tls, requestCert: true, rejectUnauthorized: false };

const running = [];
after(() => {
  for (const server of running) {
    server.closeAllConnections();
    server.close();
  }
});

const listening = (server) =>
  new Promise((resolve) => {
    running.push(server);
    server.listen(0, '127.0.0.1', () => resolve(server.address().port));
  });

const plain = (claims) => ({ ...claims, scope: [...claims.scope] });

function expressServer(library) {
  return (api, options) => {
    const app = library();
    app.use(forExpress.metadata(api));
    app.get('/open', (_, response) => response.json({}));
    app.get('/exposing', (_, response, next) => next(response.set('Access-Control-Expose-Headers', 'X-Own')));
    const routes = library.Router();
    routes.get('/read', forExpress.protect(api, { scope: 'read' }), ({ claims }, response) =>
      response.json(plain(claims)),
    );
    routes.get('/fails', forExpress.protect(api), () => {
      throw new RangeError('mine');
    });
    app.use('/v1', routes);
    // Express knows a handler of errors by its four parameters.
    app.use((error, _request, response, _next) => response.status(500).json({ caught: error.message }));
    return options ? https.createServer(options, app) : http.createServer(app);
  };
}

async function fastifyServer(api, options) {
  let server;
  const app = fastify({
    serverFactory: (handler) => {
      server = options ? https.createServer(options, handler) : http.createServer(handler);
      return server;
    },
  });
  await app.register(forFastify.metadata(api));
  app.setErrorHandler((error, _, reply) => reply.code(500).send({ caught: error.message }));
  app.get('/open', () => ({}));
  app.get('/v1/read', { onRequest: forFastify.protect(api, { scope: 'read' }) }, ({ claims }) => plain(claims));
  app.get('/v1/fails', { onRequest: forFastify.protect(api) }, () => {
    throw new RangeError('mine');
  });
  await app.ready();
  return server;
}

function honoServer(api) {
  const app = new Hono();
  app.use(forHono.metadata(api));
  app.onError((error, c) => c.json({ caught: error.message }, 500));
  app.get('/open', (c) => c.json({}));
  app.get('/v1/read', forHono.protect(api, { scope: 'read' }), (c) => c.json(plain(c.get('claims'))));
  app.get('/v1/fails', forHono.protect(api), () => {
    throw new RangeError('mine');
  });
  return fetchServer(app.fetch);
}

function protectedServer(api) {
  const routes = {
    '/open': () => Response.json({}),
    '/v1/read': api.protect((_, claims) => Response.json(plain(claims)), { scope: 'read' }),
    '/v1/fails': api.protect(() => {
      throw new RangeError('mine');
    }),
  };
  return fetchServer(async (request) => {
    try {
      const { pathname } = new URL(request.url);
      return (await routes[pathname]?.(request)) ?? api.metadataResponse(request);
    } catch (error) {
      return Response.json({ caught: error.message }, { status: 500 });
    }
  });
}

const fetchServer = (fetch) =>
  new Promise((resolve) => {
    // Taken over by `listening`, which wants one that does not listen yet.
    const server = serve({ fetch, port: 0, hostname: '127.0.0.1' }, () => server.close(() => resolve(server)));
  });

const SERVERS = {
  'Express 5': expressServer(express),
  'Express 4': expressServer(express4),
  Fastify: fastifyServer,
  Hono: honoServer,
  'a fetch handler': protectedServer,
};

/** Headers are a list of names and values, so that a name may come twice. */
function send(port, path, headers = [], { method = 'GET', ...options } = {}) {
  const { request } = options.secure ? https : http;
  return new Promise((resolve, reject) => {
    const all = ['host', `127.0.0.1:${port}`, ...headers];
    request(
      { port, host: '127.0.0.1', path, method, headers: all, agent: false, rejectUnauthorized: false, ...options },
      async (response) => {
        let text = '';
        for await (const part of response) text += part;
        resolve({ status: response.statusCode, headers: response.headers, json: isJson(response) && JSON.parse(text) });
      },
    )
      .on('error', reject)
      .end();
  });
}

const isJson = ({ headers }) => /^application\/json/.test(headers['content-type']);

for (const [name, make] of Object.entries(SERVERS)) {
  describe(name, () => {
    const start = async (options, ...more) => {
      const issuer = await Issuer.start();
      const port = await listening(await make(issuer.api(options), ...more));
      return { issuer, ask: (path, headers, about) => send(port, path, headers, about) };
    };

    test('a good token', async () => {
      const { issuer, ask } = await start();
      const { status, headers, json } = await ask('/v1/read', ['Authorization', await issuer.bearer()]);
      assert.deepEqual([status, json.sub, json.scope], [200, 'alice', ['read']]);
      assert.equal(headers['access-control-expose-headers'], 'WWW-Authenticate, DPoP-Nonce');
    });

    test('what is open', async () => {
      const { issuer, ask } = await start();
      assert.equal((await ask('/open')).status, 200);
      assert.equal(issuer.requests.length, 0);
    });

    test('refusals are those of verify', async () => {
      const { issuer, ask } = await start();
      const down = new Response(null, { status: 500 });
      for (const [headers, code, prepare] of [
        [[], 'missing_token'],
        [['authorization', 'Basic dXNlcjpwYXNz'], 'missing_token'],
        [
          ['authorization', await issuer.bearer()],
          'keys_unavailable',
          () => {
            issuer.next['/jwks'] = [down];
          },
        ],
        [
          ['authorization', await issuer.bearer({ aud: 'urn:other' })],
          'wrong_audience',
          () => {
            issuer.offset = 2;
          },
        ],
        [['authorization', await issuer.bearer({ scope: 'other' })], 'insufficient_scope'],
        [['authorization', await issuer.bearer(), 'Authorization', await issuer.bearer()], 'invalid_request'],
        [['authorization', await issuer.bearer(), 'authorization', 'Basic dXNlcjpwYXNz'], 'invalid_request'],
      ]) {
        prepare?.();
        const said = await ask('/v1/read', headers);
        const authorization = headers.filter((_, at) => at % 2 === 1);
        const api = issuer.api();
        if (code === 'keys_unavailable') issuer.next['/jwks'] = [down];
        const error = await refused(api.verify(authorization, {}, { scope: 'read' }), code);
        assert.equal(said.status, error.status);
        for (const [header, value] of Object.entries(error.headers))
          assert.equal(said.headers[header.toLowerCase()], value);
        assert.equal('www-authenticate' in said.headers, error.status < 500);
        assert.deepEqual(said.json, error.body);
      }
    });

    test('a bound token: its proof counts once, for the configured origin, and there is one', async () => {
      const { issuer, ask } = await start();
      const sent = async (options) => {
        const [authorization, { dpop }] = await issuer.bound(options);
        return ['authorization', authorization, 'dpop', dpop];
      };
      const good = await sent();
      assert.equal((await ask('/v1/read?a=b', good)).status, 200);
      const again = await ask('/v1/read?a=b', good);
      assert.deepEqual([again.status, again.json.error], [401, 'invalid_dpop_proof']);
      const spoofed = await sent({ url: 'http://evil.example/v1/read' });
      assert.equal((await ask('/v1/read', ['X-Forwarded-Host', 'evil.example', ...spoofed])).status, 401);
      const two = await sent();
      const other = await proofOf(two[1].slice(5), { url: `${AUDIENCE}/read` });
      assert.equal((await ask('/v1/read', [...two, 'DPoP', other])).status, 401);
      assert.equal((await ask('/v1/read', [...two, 'DPoP', two[3]])).status, 401);
      assert.equal((await ask('/v1/read', two)).status, 200);
      const [, authorization] = await sent();
      assert.equal((await ask('/v1/read', ['authorization', authorization.replace('DPoP', 'Bearer')])).status, 401);
    });

    test('nonces', async () => {
      const { issuer, ask } = await start({ dpopNonceSecret: 'x'.repeat(32) });
      const send = async (proof) => {
        const [authorization, { dpop }] = await issuer.bound({ proof });
        return ask('/v1/read', ['authorization', authorization, 'dpop', dpop]);
      };
      const refusal = await send();
      assert.equal(refusal.json.error, 'use_dpop_nonce');
      const nonce = refusal.headers['dpop-nonce'];
      const taken = await send({ nonce });
      assert.deepEqual([taken.status, taken.headers['dpop-nonce']], [200, nonce]);
      const bearer = await ask('/v1/read', ['authorization', await issuer.bearer()]);
      assert.deepEqual([bearer.status, bearer.headers['dpop-nonce']], [200, undefined]);
    });

    test('a certificate that a proxy passes on', async () => {
      const header = (request) => request.headers['x-thumbprint'] ?? request.headers.get?.('x-thumbprint') ?? undefined;
      const { issuer, ask } = await start({ certificate: header });
      const bound = ['authorization', await issuer.bearer({ cnf: { 'x5t#S256': 'abc' } })];
      assert.equal((await ask('/v1/read', [...bound, 'x-thumbprint', 'abc'])).status, 200);
      assert.equal((await ask('/v1/read', [...bound, 'x-thumbprint', 'def'])).status, 401);
      assert.equal((await ask('/v1/read', bound)).status, 401);
    });

    test('the metadata', async () => {
      const { ask } = await start();
      const { status, headers, json } = await ask(new URL(PLACE).pathname);
      assert.deepEqual([status, json.resource], [200, AUDIENCE]);
      assert.equal(headers['access-control-allow-origin'], '*');
      assert.match(headers['content-type'], /^application\/json/);
      const preflight = await ask(new URL(PLACE).pathname, ['origin', 'https://app.example'], { method: 'OPTIONS' });
      assert.deepEqual([preflight.status, preflight.headers['access-control-allow-headers']], [200, '*']);
    });

    test('an error of the application, or of a store, is not a refusal', async () => {
      const { issuer, ask } = await start({
        replay: {
          use: async () => {
            throw new RangeError('store');
          },
        },
      });
      const mine = await ask('/v1/fails', ['authorization', await issuer.bearer()]);
      assert.deepEqual([mine.status, mine.json], [500, { caught: 'mine' }]);
      const [authorization, { dpop }] = await issuer.bound();
      const store = await ask('/v1/read', ['authorization', authorization, 'dpop', dpop]);
      assert.deepEqual([store.status, store.json], [500, { caught: 'store' }]);
    });

    if (make === honoServer || make === protectedServer) return;

    test('the certificate of the TLS connection', async () => {
      const { issuer, ask } = await start({}, serverTls);
      const { raw } = new X509Certificate(tls.cert);
      const bound = ['authorization', await issuer.bearer({ cnf: { 'x5t#S256': sha256(raw) } })];
      assert.equal((await ask('/v1/read', bound, { secure: true, ...tls })).status, 200);
      const other = await start({ certificate: () => undefined }, serverTls);
      const ignored = await other.ask('/v1/read', bound, { secure: true, ...tls });
      assert.deepEqual([ignored.status, ignored.json.error_description], [401, 'wrong certificate']);
      const without = await ask('/v1/read', bound, { secure: true });
      assert.deepEqual([without.status, without.json.error_description], [401, 'wrong certificate']);
    });
  });
}

describe('beside other middleware', () => {
  test('headers that others expose stay exposed', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    const exposed = ['Access-Control-Expose-Headers', 'X-Own'];
    const inExpress = express();
    inExpress.get(
      '/',
      (_, response, next) => next(void response.set(...exposed)),
      forExpress.protect(api),
      (_, response) => response.json({}),
    );
    const inFastify = fastify();
    inFastify.addHook('onRequest', async (_, reply) => void reply.header(...exposed));
    inFastify.get('/', { onRequest: forFastify.protect(api) }, () => ({}));
    await inFastify.ready();
    const inHono = new Hono();
    inHono.get('/', forHono.protect(api), (c) => c.json({}, 200, { [exposed[0]]: exposed[1] }));
    for (const server of [http.createServer(inExpress), inFastify.server, await fetchServer(inHono.fetch)]) {
      const { headers } = await send(await listening(server), '/', ['authorization', await issuer.bearer()]);
      assert.equal(headers['access-control-expose-headers'], 'X-Own, WWW-Authenticate, DPoP-Nonce');
    }
    inFastify.close();
  });

  test('a proof counts once, and its request passes several checks of one API', async () => {
    const issuer = await Issuer.start();
    const api = issuer.api();
    const other = issuer.api();
    const first = [api, {}];
    const second = [api, { scope: 'read' }];
    const third = [api, { scope: 'write' }];
    const checks = { '/v1/both': [first, second], '/v1/less': [first, third], '/v1/twice': [first, [other, {}]] };
    const inExpress = express();
    const inFastify = fastify();
    const inHono = new Hono();
    for (const [path, all] of Object.entries(checks)) {
      inExpress.get(path, ...all.map((one) => forExpress.protect(...one)), (_, response) => response.json({}));
      inFastify.get(path, { onRequest: all.map((one) => forFastify.protect(...one)) }, () => ({}));
      inHono.get(path, ...all.map((one) => forHono.protect(...one)), (c) => c.json({}));
    }
    await inFastify.ready();
    for (const server of [http.createServer(inExpress), inFastify.server, await fetchServer(inHono.fetch)]) {
      const port = await listening(server);
      for (const [path, status] of [
        ['/v1/both', 200],
        ['/v1/less', 403],
        ['/v1/twice', 200],
      ]) {
        const [authorization, { dpop }] = await issuer.bound({ url: `https://api.example${path}` });
        const headers = ['authorization', authorization, 'dpop', dpop];
        assert.equal((await send(port, path, headers)).status, status, path);
        assert.equal((await send(port, path, headers)).status, 401, 'in another request it was used');
      }
    }
    inFastify.close();
  });

  test('misspelt needs are refused when routes are made', async () => {
    const api = (await Issuer.start()).api();
    for (const { protect } of [forExpress, forFastify, forHono]) {
      assert.throws(() => protect(api, { scopes: 'read' }), { code: 'invalid_configuration' });
    }
  });

  test('an API that is no URL has no metadata', async () => {
    const api = (await Issuer.start()).api({ audience: 'urn:api' });
    for (const server of [expressServer(express)(api), await fastifyServer(api), await honoServer(api)]) {
      const port = await listening(server);
      assert.equal((await send(port, '/.well-known/oauth-protected-resource')).status, 404);
      assert.ok((await send(port, '*', [], { method: 'OPTIONS' })).status < 500);
      assert.equal((await send(port, '/open')).status, 200);
    }
  });
});
