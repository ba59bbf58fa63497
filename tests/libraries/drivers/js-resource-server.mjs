// jeton-resource-server of JavaScript, as the suite asks it: ../README.md has the protocol.

import { createRequire } from 'node:module';
import { createInterface } from 'node:readline';

const FOLDER = new URL('../../../packages/js/jeton-resource-server/', import.meta.url);
const { ResourceServer, ResourceServerError } = await import(new URL('index.js', FOLDER));
const { clientSecret, introspection, privateKeyJwt } = await import(new URL('introspection.js', FOLDER));
const { resolve } = createRequire(new URL('package.json', FOLDER));

const apis = new Map();
let offset = 0;

const AUTHENTICATION = {
  secret: ({ secret }) => clientSecret(secret),
  private_key_jwt: ({ jwk }) => privateKeyJwt(jwk),
};

const operations = {
  resource_server({ as, introspection: asking, dpop_nonce_secret, ...options }) {
    const { client_id, authentication } = asking ?? {};
    const api = new ResourceServer({
      ...options,
      ...(asking && {
        introspection: introspection({
          client_id,
          authentication: AUTHENTICATION[authentication.kind](authentication),
        }),
      }),
      ...(dpop_nonce_secret && { dpopNonceSecret: dpop_nonce_secret }),
      clock: () => Date.now() + offset * 1000,
    });
    apis.set(as, api);
  },

  async verify({ resource_server, authorization, certificate, times = 1, method, url, dpop, ...wanted }) {
    const api = apis.get(resource_server);
    const request = { method, url, dpop, certificate: certificate && Buffer.from(certificate, 'base64') };
    const { scope_all: scope, scope_any: anyScope, acr_values, max_age } = wanted;
    const need = { scope, anyScope, acr_values, max_age };
    const asked = Array.from({ length: times }, () => api.verify(authorization, request, need));
    return { claims: plain((await Promise.all(asked))[0]) };
  },

  metadata({ resource_server }) {
    const { path, document } = apis.get(resource_server).metadata();
    return { path, document };
  },

  clock(asked) {
    offset = asked.offset;
  },

  async serve({ resource_server, framework, port }) {
    const listening = await SERVERS[framework](apis.get(resource_server), port);
    return { url: `http://127.0.0.1:${listening}` };
  },
};

const plain = (claims) => ({ ...claims, scope: [...claims.scope] });
const integration = (name) => import(new URL(`${name}.js`, FOLDER));
const library = (name) => import(resolve(name));

/** Each yields the port that it listens at. */
const SERVERS = {
  async express(api, port) {
    const { metadata, protect } = await integration('express');
    const { default: express } = await library('express');
    const app = express();
    app.use(metadata(api));
    app.get('/open', (_, response) => response.json({}));
    app.get('/read', protect(api, { scope: 'read' }), ({ claims }, response) => response.json(plain(claims)));
    app.post('/write', protect(api, { scope: 'write' }), ({ claims }, response) => response.json(plain(claims)));
    return new Promise((resolve) => {
      const server = app.listen(port, '127.0.0.1', () => resolve(server.address().port));
    });
  },

  async fastify(api, port) {
    const { metadata, protect } = await integration('fastify');
    const { default: fastify } = await library('fastify');
    const app = fastify();
    app.addContentTypeParser('*', (_, body, done) => {
      body.resume();
      done();
    });
    await app.register(metadata(api));
    app.get('/open', () => ({}));
    app.get('/read', { onRequest: protect(api, { scope: 'read' }) }, ({ claims }) => plain(claims));
    app.post('/write', { onRequest: protect(api, { scope: 'write' }) }, ({ claims }) => plain(claims));
    await app.listen({ port, host: '127.0.0.1' });
    return app.server.address().port;
  },

  async hono(api, port) {
    const { metadata, protect } = await integration('hono');
    const { Hono } = await library('hono');
    const app = new Hono();
    app.use(metadata(api));
    app.get('/open', (c) => c.json({}));
    app.get('/read', protect(api, { scope: 'read' }), (c) => c.json(plain(c.get('claims'))));
    app.post('/write', protect(api, { scope: 'write' }), (c) => c.json(plain(c.get('claims'))));
    return listen(app.fetch, port);
  },

  fetch(api, port) {
    const answer = (_, claims) => Response.json(plain(claims));
    const routes = {
      'GET /open': () => Response.json({}),
      'GET /read': api.protect(answer, { scope: 'read' }),
      'POST /write': api.protect(answer, { scope: 'write' }),
    };
    return listen((request) => {
      const route = routes[`${request.method} ${new URL(request.url).pathname}`];
      return route?.(request) ?? api.metadataResponse(request) ?? new Response(null, { status: 404 });
    }, port);
  },
};

async function listen(fetch, port) {
  const { serve } = await library('@hono/node-server');
  return new Promise((resolve) => {
    serve({ fetch, port, hostname: '127.0.0.1' }, (address) => resolve(address.port));
  });
}

function said(error) {
  if (!(error instanceof ResourceServerError)) {
    return { fault: 'driver', code: 'unforeseen', message: String(error?.stack ?? error) };
  }
  const { fault, code, message, status, retryAfter, challenge } = error;
  const headers = Object.fromEntries(Object.entries(error.headers).map(([name, value]) => [name.toLowerCase(), value]));
  return { fault, code, message, status, retry_after: retryAfter, challenge, headers };
}

async function answer({ id, op, ...asked }) {
  if (!Object.hasOwn(operations, op)) return { id, error: { fault: 'driver', code: 'unsupported', message: op } };
  try {
    return { id, ok: (await operations[op](asked)) ?? {} };
  } catch (error) {
    return { id, error: said(error) };
  }
}

const running = new Set();

async function run(line) {
  process.stdout.write(`${JSON.stringify(await answer(JSON.parse(line)))}\n`);
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const one = run(line).finally(() => running.delete(one));
    running.add(one);
  })
  .on('close', async () => {
    // The input may end before what it asked for is answered; what listens would never end.
    await Promise.all(running);
    process.exit();
  });
