// In workerd, as Cloudflare runs it: nothing but what the web has.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { listen, mock, toolOf } from './support.js';

const { build } = toolOf('esbuild');
const { Miniflare } = toolOf('miniflare');

const WORKER = `
  import { Client, clientSecret, dpopKey, memoryStore, privateKeyJwt } from 'jeton-client';
  let client;
  export default {
    async fetch(request, { API, ISSUER, KEY }) {
      client ??= new Client({ issuer: ISSUER, client_id: 'worker', authentication: clientSecret('any') });
      switch (new URL(request.url).pathname) {
        case '/token':
          return Response.json(await client.token({ scope: 'read' }));
        case '/key': {
          const authentication = privateKeyJwt(KEY);
          const dpop = await dpopKey();
          return Response.json(await new Client({ issuer: ISSUER, client_id: 'signer', authentication, dpop }).token());
        }
        case '/fetch':
          return client.fetch()(API, { method: 'POST', body: 'x' });
        case '/session': {
          const session = client.session({ store: memoryStore(), redirect_uri: 'https://app.example/', scope: 'openid' });
          const { url, transaction } = await session.login({ keep: false });
          return session.callback('https://app.example/?code=x&iss=' + encodeURIComponent(ISSUER) + '&state=' +
            new URL(url).searchParams.get('state'), { transaction }).catch(({ code }) => new Response(code));
        }
      }
    },
  };`;

test('a token, a signed assertion, a request, a login', { timeout: 60_000 }, async (t) => {
  const running = await mock();
  t.after(() => running.stop());
  const { privateKey, publicKey } = await crypto.subtle.generateKey({ name: 'Ed25519' }, true, ['sign', 'verify']);
  const jwkOf = async (key) => ({ ...(await crypto.subtle.exportKey('jwk', key)), alg: 'EdDSA', kid: 'k' });
  const issuer = await running.issuer();
  await issuer.addClient({
    client_id: 'signer',
    token_endpoint_auth_method: 'private_key_jwt',
    jwks: { keys: [await jwkOf(publicKey)] },
    grant_types: ['client_credentials'],
  });
  const api = await listen(t, async (request, response) => {
    let body = '';
    for await (const chunk of request) body += chunk;
    if (request.url === '/') response.writeHead(307, { location: '/there' });
    response.end(`${request.method} ${request.url} ${request.headers.authorization} ${body}`);
  });
  const { outputFiles } = await build({
    stdin: { contents: WORKER, resolveDir: fileURLToPath(new URL('.', import.meta.url)) },
    bundle: true,
    format: 'esm',
    write: false,
  });
  const worker = new Miniflare({
    modules: true,
    script: outputFiles[0].text,
    compatibilityDate: '2025-01-01',
    bindings: { API: api, ISSUER: issuer.url, KEY: await jwkOf(privateKey) },
  });
  t.after(() => worker.dispose());
  const url = await worker.ready;
  const get = async (path) => {
    const response = await fetch(new URL(path, url));
    const text = await response.text();
    return { status: response.status, text };
  };
  // Requests of one isolate share the client, and what one of them waits for.
  const answers = await Promise.all(Array.from({ length: 8 }, () => get('/token')));
  for (const { status, text } of answers) {
    assert.equal(status, 200, text);
    assert.equal(JSON.parse(text).scope, 'read');
  }
  assert.equal(await issuer.count({ endpoint: 'token' }), 1);
  const { status, text } = await get('/key');
  assert.equal(status, 200, text);
  assert.match((await get('/fetch')).text, /^POST \/there Bearer ey\S+ x$/);
  assert.equal((await get('/session')).text, 'invalid_grant');
});
