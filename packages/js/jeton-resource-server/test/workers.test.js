// In Cloudflare's runtime.

import assert from 'node:assert/strict';
import { after, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { Miniflare } from 'miniflare';
import { AUDIENCE, ISSUER, Issuer, keyOf, PLACE, until } from './support.js';

const worker = `
import { ResourceServer } from 'jeton-resource-server';
import { clientSecret, introspection } from 'jeton-resource-server/introspection';

const api = new ResourceServer({
  issuer: '${ISSUER}',
  audience: '${AUDIENCE}',
  introspection: introspection({ client_id: 'api', authentication: clientSecret('secret') }),
  dpopNonceSecret: 'x'.repeat(32),
});
const answer = (request, claims, env) => Response.json([claims.sub, [...claims.scope], env.NAME]);
const read = api.protect(answer, { scope: 'read' });

export default { fetch: (request, env, context) => read(request, env, context) };
`;

const resolveDir = fileURLToPath(new URL('.', import.meta.url));
const { outputFiles } = await build({
  stdin: { contents: worker, resolveDir },
  bundle: true,
  format: 'esm',
  write: false,
});
const script = outputFiles[0].text;

const issuer = await Issuer.start();
const workers = [];
after(() => Promise.all(workers.map((miniflare) => miniflare.dispose())));

/** One isolate with this compatibility date, and how it is asked. */
function start(compatibilityDate) {
  const miniflare = new Miniflare({
    modules: true,
    script,
    compatibilityDate,
    bindings: { NAME: 'name' },
    outboundService: async ({ url, method, headers, body }) => {
      const form = body && new URLSearchParams(await new Response(body).text());
      return new Response((await issuer.fetch(url, { method, headers, body: form, redirect: 'manual' })).body);
    },
  });
  workers.push(miniflare);
  return (headers, path = '/v1/read', init = {}) =>
    miniflare.dispatchFetch(`https://api.example${path}`, { headers, ...init });
}

// The oldest that has what is needed of the platform, and one of today.
for (const compatibilityDate of ['2023-03-01', '2026-04-01']) {
  describe(`Workers of ${compatibilityDate}`, () => {
    const ask = start(compatibilityDate);

    test('a token, the binding of the Worker, and the metadata', async () => {
      const response = await ask({ authorization: await issuer.bearer() });
      assert.equal(response.status, 200, await response.clone().text());
      assert.deepEqual(await response.json(), ['alice', ['read'], 'name']);
      assert.equal((await (await ask({}, new URL(PLACE).pathname)).json()).resource, AUDIENCE);
    });

    test('by each algorithm', async () => {
      const first = issuer.key;
      for (const alg of ['EdDSA', 'RS256', 'PS256', 'ES256']) {
        const key = await keyOf(alg);
        const other = start(compatibilityDate);
        issuer.keys = [first.jwk, key.jwk];
        const token = await key.sign(issuer.claims(), { typ: 'at+jwt' });
        const response = await other({ authorization: `Bearer ${token}` });
        assert.equal(response.status, 200, `${alg}: ${await response.text()}`);
      }
    });

    test('a refusal', async () => {
      const response = await ask({ authorization: await issuer.bearer({ exp: 1 }) });
      assert.equal(response.status, 401);
      assert.match(
        response.headers.get('www-authenticate'),
        /^Bearer error="invalid_token", error_description="expired"/,
      );
      await response.text();
    });

    test('an opaque token', async () => {
      issuer.introspected.set('opaque', { active: true, ...issuer.claims() });
      assert.equal((await ask({ authorization: 'Bearer opaque' })).status, 200);
      assert.equal((await ask({ authorization: 'Bearer other' })).status, 401);
    });

    test('a bound token, with the nonce that it is given', async () => {
      const send = async (proof) => {
        const [authorization, { dpop }] = await issuer.bound({ proof });
        return ask({ authorization, dpop });
      };
      const nonce = (await send()).headers.get('dpop-nonce');
      assert.match(nonce, /^[\w-]{43}$/);
      assert.equal((await send({ nonce })).status, 200);
    });

    test('many at once, cold: those who wait for another’s request are answered', async () => {
      const other = start(compatibilityDate);
      const authorization = await issuer.bearer();
      const before = issuer.count('/jwks');
      issuer.next['/jwks'] = [
        () => new Promise((resolve) => setTimeout(resolve, 200)).then(() => Response.json({ keys: issuer.keys })),
      ];
      const answers = await Promise.all(Array.from({ length: 20 }, () => other({ authorization })));
      assert.deepEqual([...new Set(answers.map(({ status }) => status))], [200]);
      assert.equal(issuer.count('/jwks') - before, 1);
      await Promise.all(answers.map((answer) => answer.text()));
    });

    test('who waits for a request that has gone with its client is answered', async () => {
      const other = start(compatibilityDate);
      const authorization = await issuer.bearer();
      let release;
      issuer.next['/jwks'] = [
        () =>
          new Promise((resolve) => {
            release = resolve;
          }),
      ];
      const before = issuer.count('/jwks');
      const gone = new AbortController();
      const first = other({ authorization }, '/v1/read', { signal: gone.signal }).catch(() => undefined);
      await until(() => issuer.count('/jwks') > before);
      const second = other({ authorization });
      gone.abort();
      await first;
      const response = await second;
      assert.equal(response.status, 200);
      release(Response.json({ keys: issuer.keys }));
      await response.text();
    });
  });
}
